"""The lab as a peer for commands that manage repositories, images, policies, scans, caches: what ECR promises, it keeps."""

import json

import boto3
import botocore.config
import botocore.exceptions
import pytest

DAY = 86400
OTHER = {"region": "eu-west-1", "registryId": "123456789012"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "pull", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
     "Action": ["ecr:BatchGetImage"]}]})


class refused:
    """The call within must be answered with this error code, and words."""

    def __init__(self, code, *words):
        self.code, self.words = code, words

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert kind is not None, f"no error, {self.code} was to come"
        if not isinstance(error, botocore.exceptions.ClientError):
            return False
        assert error.response["Error"]["Code"] == self.code, error
        assert all(word in str(error) for word in self.words), error
        return True


@pytest.fixture
def api(lab):
    return lab.api()


@pytest.fixture
def app(lab):
    lab.create_repositories(["app"])
    return f"{lab.host}/app"


@pytest.fixture
def public(lab):
    return lab.api(service="ecr-public")


def loose(lab, role="full", service="ecr"):
    """A client that leaves all checks of parameters to the service."""
    key = lab.keys[role]
    return boto3.client(service, region_name="us-east-1", verify=lab.ca, aws_access_key_id=key["access_key_id"],
                        aws_secret_access_key=key["secret_access_key"],
                        config=botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}))


def lifecycle(*rules):
    """A policy of (tagStatus, count type, number, more members of the selection) by priority."""
    made = []
    for priority, (status, count, number, *more) in enumerate(rules, 1):
        selection = {"tagStatus": status, "countType": count, "countNumber": number, **(more[0] if more else {})}
        if count.startswith("since"):
            selection["countUnit"] = "days"
        made.append({"rulePriority": priority, "description": "made by a test", "selection": selection,
                     "action": {"type": "expire"}})
    return json.dumps({"rules": made}, indent=2)


KEEP_ONE = lifecycle(("any", "imageCountMoreThan", 1))


# ---- repositories

@pytest.mark.parametrize("encryption, shown", [
    (None, {"encryptionType": "AES256"}), ({"encryptionType": "AES256"}, {"encryptionType": "AES256"}),
    ({"encryptionType": "KMS"}, ":key/"), ({"encryptionType": "KMS_DSSE"}, ":key/"),
    ({"encryptionType": "KMS", "kmsKey": "alias/mine"}, {"encryptionType": "KMS", "kmsKey": "alias/mine"})])
def test_a_repository_is_shown_as_it_was_made(api, encryption, shown):
    given = {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageScanningConfiguration": {"scanOnPush": True},
             "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}]}
    made = api.create_repository(repositoryName="a/b__c--d", **given, tags=[{"Key": "team", "Value": ""}],
                                 **({"encryptionConfiguration": encryption} if encryption else {}))["repository"]
    found, = api.describe_repositories(repositoryNames=["a/b__c--d"])["repositories"]
    assert found == made and {name: made[name] for name in given} == given
    assert made["repositoryArn"] == "arn:aws:ecr:us-east-1:123456789012:repository/a/b__c--d"
    if isinstance(shown, str):
        assert shown in made["encryptionConfiguration"]["kmsKey"]
        assert made["encryptionConfiguration"]["encryptionType"] == encryption["encryptionType"]
    else:
        assert made["encryptionConfiguration"] == shown
    assert api.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "team", "Value": ""}]
    with refused("RepositoryAlreadyExistsException", "'a/b__c--d'", "123456789012"):
        api.create_repository(repositoryName="a/b__c--d")


def test_settings_of_a_repository(api, app):
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    put = api.put_image_tag_mutability(repositoryName="app", imageTagMutability="MUTABLE_WITH_EXCLUSION",
                                       imageTagMutabilityExclusionFilters=filters)
    assert put["imageTagMutabilityExclusionFilters"] == filters
    api.put_image_scanning_configuration(repositoryName="app", imageScanningConfiguration={"scanOnPush": True})
    found, = api.describe_repositories()["repositories"]
    assert found["imageTagMutabilityExclusionFilters"] == filters
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    api.put_image_tag_mutability(repositoryName="app", imageTagMutability="IMMUTABLE")
    found, = api.describe_repositories()["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE" and "imageTagMutabilityExclusionFilters" not in found


@pytest.mark.parametrize("parameters", [
    {"imageTagMutability": "MUTABLE_WITH_EXCLUSION"},
    {"imageTagMutability": "IMMUTABLE", "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}]},
    {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [
        {"filterType": "WILDCARD", "filter": "a*b*c*"}]},
    {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [
        {"filterType": "WILDCARD", "filter": f"a{n}"} for n in range(6)]},
    {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [
        {"filterType": "WILDCARD", "filter": "a?"}]}])
def test_filters_that_do_not_fit(api, app, parameters):
    for ask, name in ((api.create_repository, "new"), (api.put_image_tag_mutability, "app")):
        with refused("InvalidParameterException"):
            ask(repositoryName=name, **parameters)


@pytest.mark.parametrize("service", ["ecr", "ecr-public"])
def test_resource_tags(lab, service):
    client = lab.api(service=service)
    arn = client.create_repository(repositoryName="tagged")["repository"]["repositoryArn"]
    client.tag_resource(resourceArn=arn, tags=[{"Key": f"k{n}", "Value": "v"} for n in range(50)])
    with refused("TooManyTagsException"):
        client.tag_resource(resourceArn=arn, tags=[{"Key": "k50", "Value": "v"}])
    client.tag_resource(resourceArn=arn, tags=[{"Key": "k1", "Value": "other"}])
    client.untag_resource(resourceArn=arn, tagKeys=[f"k{n}" for n in range(2, 50)])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "k0", "Value": "v"},
                                                                      {"Key": "k1", "Value": "other"}]
    for tag in ({"Key": "aws:x", "Value": ""}, {"Key": "a$", "Value": ""}):
        with refused("InvalidTagParameterException"):
            client.tag_resource(resourceArn=arn, tags=[tag])
        with refused("InvalidTagParameterException"):
            client.create_repository(repositoryName="other", tags=[tag])
    with refused("RepositoryNotFoundException"):
        client.list_tags_for_resource(resourceArn=arn.replace("tagged", "none"))
    with refused("InvalidParameterException"):
        client.list_tags_for_resource(resourceArn="arn:aws:s3:::bucket")
    with refused("AccessDeniedException", "resource-based"):
        client.list_tags_for_resource(resourceArn=arn.replace("123456789012", "210987654321"))


def test_lengths_of_resource_tags(api):
    arn = api.create_repository(repositoryName="app")["repository"]["repositoryArn"]
    api.tag_resource(resourceArn=arn, tags=[{"Key": "k" * 128, "Value": "v" * 256}])
    for key, value in (("k" * 129, ""), ("k", "v" * 257), ("", "v")):
        with refused("InvalidTagParameterException"):
            api.tag_resource(resourceArn=arn, tags=[{"Key": key, "Value": value}])


def test_tags_need_a_permission_of_their_own(lab):
    lab.new_key("maker", allow=["CreateRepository"])
    for service in ("ecr", "ecr-public"):
        client = lab.api("maker", service=service)
        client.create_repository(repositoryName="plain")
        with refused("AccessDeniedException", f"{service}:TagResource"):
            client.create_repository(repositoryName="tagged", tags=[{"Key": "a", "Value": "b"}])


def test_deletion_of_a_repository(lab, api, app):
    lab.add_images(app, 1)
    with refused("RepositoryNotEmptyException", "'app'"):
        api.delete_repository(repositoryName="app")
    assert api.delete_repository(repositoryName="app", force=True)["repository"]["repositoryName"] == "app"
    with refused("RepositoryNotFoundException"):
        api.delete_repository(repositoryName="app")
    api.create_repository(repositoryName="app")
    assert api.describe_images(repositoryName="app")["imageDetails"] == []


def test_thousands_of_repositories(lab, api):
    lab.create_repositories(f"team/app{n}" for n in range(2500))
    pages = list(api.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 1000}))
    assert [len(page["repositories"]) for page in pages] == [1000, 1000, 500]


def test_any_error_can_be_made(lab, api):
    lab.fault("refuse", service="api", operation="CreateRepository", code="LimitExceededException", message="too many",
              count=1)
    with refused("LimitExceededException", "too many"):
        api.create_repository(repositoryName="app")
    lab.fault("refuse", service="api", code="KmsException", members={"kmsError": "KMSAccessDenied"}, count=1)
    with pytest.raises(api.exceptions.KmsException) as caught:
        api.create_repository(repositoryName="app")
    assert caught.value.response["kmsError"] == "KMSAccessDenied"
    api.create_repository(repositoryName="app")


# ---- permission policies

@pytest.mark.parametrize("service", ["ecr", "ecr-public"])
def test_repository_policies(lab, service):
    client, text = lab.api(service=service), POLICY.replace("ecr:", f"{service}:")
    client.create_repository(repositoryName="app")
    for ask in (client.get_repository_policy, client.delete_repository_policy):
        with refused("RepositoryPolicyNotFoundException", "'app'"):
            ask(repositoryName="app")
    assert client.set_repository_policy(repositoryName="app", policyText=text)["policyText"] == text
    assert client.get_repository_policy(repositoryName="app")["policyText"] == text
    for wrong in ("", "no JSON", "[]", '{"Version": "2012-10-17"}', text.replace("Allow", "Maybe"),
                  text.replace("2012", "2013"), text.replace(f"{service}:Batch", "s3:Get"),
                  text.replace("Principal", "Resource")):
        with refused("InvalidParameterException", "PolicyText"):
            client.set_repository_policy(repositoryName="app", policyText=wrong)
    deny = json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": f"{service}:*"}})
    with refused("InvalidParameterException", "force"):
        client.set_repository_policy(repositoryName="app", policyText=deny)
    client.set_repository_policy(repositoryName="app", policyText=deny, force=True)
    assert client.delete_repository_policy(repositoryName="app")["policyText"] == deny
    with refused("RepositoryPolicyNotFoundException"):
        client.get_repository_policy(repositoryName="app")


def test_registry_policy(api):
    for ask in (api.get_registry_policy, api.delete_registry_policy):
        with refused("RegistryPolicyNotFoundException"):
            ask()
    text = POLICY.replace("BatchGetImage", "ReplicateImage")
    assert api.put_registry_policy(policyText=text)["policyText"] == text
    assert api.get_registry_policy()["policyText"] == text
    with refused("InvalidParameterException", "registry policy"):
        api.put_registry_policy(policyText="{}")
    assert api.delete_registry_policy()["policyText"] == text


# ---- images

def ids(answer):
    return [f["failureCode"] for f in answer["failures"]], sorted(i.get("imageTag", "-") for i in answer["imageIds"])


@pytest.mark.parametrize("service", ["ecr", "ecr-public"])
def test_deletion_by_tag_and_by_digest(lab, service):
    client = lab.api(service=service)
    where = client.create_repository(repositoryName="app")["repository"]["repositoryUri"]
    two, one, none = lab.add_images(where, [{"tags": ["a", "b"]}, {"tags": ["c", "d"]}, {}])
    delete = lambda *wanted: ids(client.batch_delete_image(repositoryName="app", imageIds=list(wanted)))
    shown = lambda: {i["imageDigest"]: i.get("imageTags")
                     for i in client.describe_images(repositoryName="app")["imageDetails"]}
    assert delete({"imageTag": "a"}) == ([], ["a"]) and shown()[two] == ["b"]
    assert delete({"imageTag": "b"}, {"imageTag": "b"}) == (["ImageNotFound"], ["b"]) and two not in shown()
    assert delete({"imageDigest": one}) == ([], ["c", "d"]) and shown() == {none: None}
    failures, gone = delete({}, {"imageTag": "c"}, {"imageDigest": "sha256:1"}, {"imageTag": "-"}, {"imageDigest": none})
    assert failures == ["MissingDigestAndTag", "ImageNotFound", "InvalidImageDigest", "InvalidImageTag"] and gone == ["-"]


def test_a_child_stays_with_its_index(lab, api, app):
    child, alone = lab.add_images(app, [{"tags": ["child"]}, {"tags": ["alone"]}])
    index, _ = lab.add_images(app, [{"tags": ["index"], "children": [child]}, {"subject": alone, "artifact": "text/sbom"}])
    delete = lambda *wanted: ids(api.batch_delete_image(repositoryName="app", imageIds=list(wanted)))
    assert delete({"imageDigest": child}) == (["ImageReferencedByManifestList"], [])
    assert delete({"imageTag": "child"}) == ([], ["child"])  # the tag goes, the image does not
    assert delete({"imageDigest": child}, {"imageDigest": index}) == (["ImageReferencedByManifestList"], ["index"])
    assert delete({"imageDigest": child}, {"imageDigest": alone}) == ([], ["-", "alone"])  # a subject is no child
    with refused("ImageNotFoundException"):
        api.describe_images(repositoryName="app", imageIds=[{"imageDigest": child}])


def test_tag_and_digest_that_do_not_agree(lab, api, app):
    one, two = lab.add_images(app, [{"tags": ["a"]}, {"tags": ["b"]}])
    answer = api.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "a", "imageDigest": two}])
    assert ids(answer) == (["ImageTagDoesNotMatchDigest"], [])
    assert api.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "a", "imageDigest": one}])["images"]
    lab.archive(f"{app}:a")
    failure, = api.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "a", "imageDigest": one}])["failures"]
    assert failure["failureCode"] == "ImageNotFound"


def test_another_tag_for_an_image_made_up(lab, api, app):
    digest, = lab.add_images(app, [{"tags": ["a"]}])
    image, = api.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "a"}])["images"]
    api.put_image(repositoryName="app", imageManifest=image["imageManifest"], imageTag="b",
                  imageManifestMediaType=image["imageManifestMediaType"])
    found, = api.describe_images(repositoryName="app", imageIds=[{"imageTag": "b"}])["imageDetails"]
    assert (found["imageDigest"], found["imageTags"]) == (digest, ["a", "b"])


def test_storage_classes(lab, api, app):
    lab.add_images(app, [{"tags": ["v1"]}])
    change = lambda to: api.update_image_storage_class(repositoryName="app", imageId={"imageTag": "v1"},
                                                       targetStorageClass=to)["imageStatus"]
    look = lambda: api.describe_images(repositoryName="app", filter={"imageStatus": "ANY"})["imageDetails"][0]
    with refused("ImageStorageClassUpdateNotSupportedException"):
        change("STANDARD")
    assert change("ARCHIVE") == "ARCHIVED" and look()["imageStatus"] == "ARCHIVED" and look()["lastArchivedAt"]
    with refused("ImageStorageClassUpdateNotSupportedException"):
        change("ARCHIVE")
    lab.setting(restore_polls=2)
    assert change("STANDARD") == "ACTIVATING"
    with refused("ImageStorageClassUpdateNotSupportedException"):
        change("ARCHIVE")
    assert [look()["imageStatus"] for _ in range(3)] == ["ACTIVATING", "ACTIVATING", "ACTIVE"]
    assert look()["lastActivatedAt"] and change("ARCHIVE") == "ARCHIVED"
    with refused("ImageNotFoundException"):
        api.update_image_storage_class(repositoryName="app", imageId={"imageTag": "v9"}, targetStorageClass="ARCHIVE")


@pytest.fixture
def pushed(lab, app):
    """Two images of app, with the tags v1 and v2."""
    return [lab.push_image(f"{app}:v{n}", content=str(n), annotations={"text": 'ünïcode "q" \\ / 𝄞'}) for n in (1, 2)]


@pytest.mark.parametrize("mode, pattern, tag, moves", [
    ("MUTABLE", None, "v1", True), ("IMMUTABLE", None, "v1", False),
    ("IMMUTABLE_WITH_EXCLUSION", "v*", "v1", True), ("IMMUTABLE_WITH_EXCLUSION", "latest", "v1", False),
    ("MUTABLE_WITH_EXCLUSION", "v*", "v1", False), ("MUTABLE_WITH_EXCLUSION", "dev-*-x", "v1", True)])
def test_moving_a_tag(api, pushed, mode, pattern, tag, moves):
    more = {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": pattern}]} if pattern else {}
    api.put_image_tag_mutability(repositoryName="app", imageTagMutability=mode, **more)
    move = lambda: api.put_image(repositoryName="app", imageManifest=pushed[1].manifest.decode(), imageTag=tag)
    if not moves:
        with refused("ImageTagAlreadyExistsException", "'v1'"):
            move()
    else:
        assert move()["image"]["imageId"] == {"imageDigest": pushed[1].digest, "imageTag": "v1"}
        with refused("ImageAlreadyExistsException"):
            move()
        first, = [i for i in api.describe_images(repositoryName="app")["imageDetails"] if i["imageDigest"] == pushed[0].digest]
        assert "imageTags" not in first
    assert api.put_image(repositoryName="app", imageManifest=pushed[1].manifest.decode(), imageTag="new")


def test_bytes_and_media_type_are_kept(api, pushed):
    api.batch_delete_image(repositoryName="app", imageIds=[{"imageDigest": pushed[0].digest}])
    text, kind = pushed[0].manifest.decode(), pushed[0].media_type
    put = {"repositoryName": "app", "imageManifest": text, "imageManifestMediaType": kind, "imageTag": "again"}
    with refused("ImageDigestDoesNotMatchException"):
        api.put_image(**put, imageDigest=pushed[1].digest)
    with refused("InvalidParameterException", "media type"):
        api.put_image(**{**put, "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    with refused("InvalidParameterException", "imageTag"):
        api.put_image(**{**put, "imageTag": "a" * 129})
    api.put_image(**put, imageDigest=pushed[0].digest)
    bare = json.dumps({k: v for k, v in json.loads(text).items() if k != "mediaType"})
    with refused("InvalidParameterException", "media type"):
        api.put_image(repositoryName="app", imageManifest=bare, imageTag="bare")
    api.put_image(**{**put, "imageManifest": bare, "imageTag": "bare"})
    for tag, wanted in (("again", text), ("bare", bare)):
        image, = api.batch_get_image(repositoryName="app", imageIds=[{"imageTag": tag}])["images"]
        assert (image["imageManifest"], image["imageManifestMediaType"]) == (wanted, kind)
    with refused("LayersNotFoundException"):
        api.put_image(**{**put, "imageManifest": text.replace(pushed[0].layers[0], "sha256:" + "0" * 64)})


# ---- lifecycle policies

def preview(api, text=None, **more):
    api.start_lifecycle_policy_preview(repositoryName="app", **({"lifecyclePolicyText": text} if text else {}))
    return api.get_lifecycle_policy_preview(repositoryName="app", **more)


def test_lifecycle_policies(api, app):
    for ask in (api.get_lifecycle_policy, api.delete_lifecycle_policy, api.start_lifecycle_policy_preview):
        with refused("LifecyclePolicyNotFoundException", "'app'"):
            ask(repositoryName="app")
    assert api.put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=KEEP_ONE)["lifecyclePolicyText"] == KEEP_ONE
    assert api.get_lifecycle_policy(repositoryName="app")["lifecyclePolicyText"] == KEEP_ONE
    assert preview(api)["lifecyclePolicyText"] == KEEP_ONE
    assert api.delete_lifecycle_policy(repositoryName="app")["lifecyclePolicyText"] == KEEP_ONE
    with refused("LifecyclePolicyNotFoundException"):
        api.get_lifecycle_policy(repositoryName="app")


WRONG = {
    "short": '{"rules": []}', "long": KEEP_ONE + " " * 30720, "no JSON": "x" * 200, "no rules": '{"rule": []}' + " " * 100,
    "any is not last": lifecycle(("any", "imageCountMoreThan", 1), ("untagged", "imageCountMoreThan", 1)),
    "two of untagged": lifecycle(("untagged", "imageCountMoreThan", 1), ("untagged", "imageCountMoreThan", 1)),
    "no prefix": lifecycle(("tagged", "imageCountMoreThan", 1)),
    "a prefix too much": lifecycle(("any", "imageCountMoreThan", 1, {"tagPrefixList": ["a"]})),
    "both lists": lifecycle(("tagged", "imageCountMoreThan", 1, {"tagPrefixList": ["a"], "tagPatternList": ["a"]})),
    "wildcards": lifecycle(("tagged", "imageCountMoreThan", 1, {"tagPatternList": ["*a*b*c*d*"]})),
    "zero": lifecycle(("any", "imageCountMoreThan", 0)),
    "unit": KEEP_ONE.replace('"countType"', '"countUnit": "days", "countType"'),
    "unknown member": KEEP_ONE.replace('"action"', '"actions": {}, "action"'), "status": KEEP_ONE.replace('"any"', '"ANY"'),
    "pulled expires": lifecycle(("any", "sinceImagePulled", 1)), "action": KEEP_ONE.replace('"expire"', '"EXPIRE"'),
    "same priority": lifecycle(("untagged", "imageCountMoreThan", 1), ("any", "imageCountMoreThan", 1)).replace(
        '"rulePriority": 2', '"rulePriority": 1'),
    "transitioned": lifecycle(("any", "sinceImageTransitioned", 89, {"storageClass": "archive"}))}


@pytest.mark.parametrize("name", WRONG)
def test_lifecycle_texts_that_are_none(lab, app, name):
    client = loose(lab)
    for ask in (client.put_lifecycle_policy, client.start_lifecycle_policy_preview):
        with refused("InvalidParameterException", "LifecyclePolicyText" if name not in ("short", "long") else "length"):
            ask(repositoryName="app", lifecyclePolicyText=WRONG[name])


@pytest.mark.parametrize("rules, expired", [
    ([("any", "imageCountMoreThan", 2)], ["dev-2", "dev-1", "prod-1", None]),
    ([("any", "sinceImagePushed", 15)], ["dev-1", "prod-1", None]),
    ([("untagged", "sinceImagePushed", 1)], [None]),
    ([("tagged", "imageCountMoreThan", 1, {"tagPrefixList": ["prod-"]})], ["prod-1"]),
    ([("tagged", "imageCountMoreThan", 1, {"tagPatternList": ["*-1"]})], ["prod-1"]),
    ([("tagged", "imageCountMoreThan", 1, {"tagPrefixList": ["prod-", "stable"]})], []),  # an image must fit them all
    # An image that rule 1 speaks of is none of rule 2's business.
    ([("tagged", "imageCountMoreThan", 1, {"tagPrefixList": ["prod-"]}), ("any", "imageCountMoreThan", 1)],
     ["prod-1", "dev-2", "dev-1", None])])
def test_what_a_preview_finds(lab, api, app, rules, expired):
    lab.add_images(app, [{"tags": ["prod-1"], "age": 40 * DAY}, {"tags": ["dev-1"], "age": 20 * DAY}, {"age": 50 * DAY},
                         {"tags": ["prod-2", "stable"], "age": 5 * DAY}, {"tags": ["dev-2"], "age": 10 * DAY},
                         {"tags": ["dev-3"], "age": 1}, {"tags": ["old"], "age": 90 * DAY, "status": "ARCHIVED"}])
    found = preview(api, lifecycle(*rules))
    assert [r.get("imageTags", [None])[0] for r in found["previewResults"]] == expired
    assert found["status"] == "COMPLETE" and found["summary"] == {"expiringImageTotalCount": len(expired)}
    assert all(r["action"] == {"type": "EXPIRE"} and r["storageClass"] == "STANDARD" for r in found["previewResults"])


def test_previews_of_transitions_and_children(lab, api, app):
    child, fresh = lab.add_images(app, [{"age": 90 * DAY}, {"tags": ["fresh"], "age": 90 * DAY, "pulled": 5}])
    old, = lab.add_images(app, [{"tags": ["old"], "age": 90 * DAY, "children": [child]}])
    text = lifecycle(("any", "sinceImagePulled", 30)).replace('"expire"', '"transition", "targetStorageClass": "archive"')
    found = preview(api, text)
    assert [(r["imageDigest"], r["action"]) for r in found["previewResults"]] == [
        (old, {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"})]
    assert found["summary"] == {"expiringImageTotalCount": 0,
                                "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 1}]}


def test_states_of_a_preview(lab, api, app):
    with refused("LifecyclePolicyPreviewNotFoundException"):
        api.get_lifecycle_policy_preview(repositoryName="app")
    lab.setting(preview_polls=2)
    states = [preview(api, KEEP_ONE)["status"]]
    with refused("LifecyclePolicyPreviewInProgressException"):
        api.start_lifecycle_policy_preview(repositoryName="app", lifecyclePolicyText=KEEP_ONE)
    for _ in range(2):
        states.append(api.get_lifecycle_policy_preview(repositoryName="app")["status"])
    assert states == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]
    for status in ("FAILED", "EXPIRED"):
        lab.setting(preview_polls=0, preview_status=status)
        assert preview(api, KEEP_ONE)["status"] == status


def test_pages_and_filters_of_a_preview(lab, api, app):
    digests = lab.add_images(app, [{"tags": [f"v{n}"] if n % 2 else [], "age": 300 - n} for n in range(251)])
    assert preview(api, KEEP_ONE)["summary"]["expiringImageTotalCount"] == 250
    pages = list(api.get_paginator("get_lifecycle_policy_preview").paginate(repositoryName="app"))
    assert [len(page["previewResults"]) for page in pages] == [100, 100, 50]
    get = lambda **more: api.get_lifecycle_policy_preview(repositoryName="app", **more)["previewResults"]
    assert len(get(filter={"tagStatus": "TAGGED"}, maxResults=100)) == 100
    assert [r["imageDigest"] for r in get(imageIds=[{"imageTag": "v1"}, {"imageDigest": digests[250]}])] == [digests[1]]
    with refused("InvalidParameterException"):
        get(imageIds=[{"imageTag": "v1"}], maxResults=5)


# ---- scans

FINDINGS = [[f"CVE-2026-{n}", severity] for n, severity in enumerate(["HIGH", "LOW", "HIGH", "CRITICAL", "UNDEFINED"])]


def scan_of(api, tag="v1", **more):
    return api.describe_image_scan_findings(repositoryName="app", imageId={"imageTag": tag}, **more)


def start_scan(api, tag="v1"):
    return api.start_image_scan(repositoryName="app", imageId={"imageTag": tag})["imageScanStatus"]["status"]


def test_a_scan_from_beginning_to_end(lab, api, app):
    digest, = lab.add_images(app, [{"tags": ["v1"]}])
    lab.set_scan(app, "v1", findings=FINDINGS, polls=2, pending="PENDING", started=False)
    with refused("ScanNotFoundException", "imageTag:'v1'"):
        scan_of(api)
    assert start_scan(api) == "PENDING"
    answers = [scan_of(api) for _ in range(3)]
    assert [a["imageScanStatus"]["status"] for a in answers] == ["PENDING", "PENDING", "COMPLETE"]
    assert "imageScanFindings" not in answers[1] and answers[2]["imageId"] == {"imageDigest": digest, "imageTag": "v1"}
    found = answers[2]["imageScanFindings"]
    assert found["findingSeverityCounts"] == {"HIGH": 2, "LOW": 1, "CRITICAL": 1, "UNDEFINED": 1}
    first = found["findings"][0]
    assert first["name"] == "CVE-2026-0" and {"key": "package_name", "value": "openssl"} in first["attributes"]
    with refused("LimitExceededException"):
        start_scan(api)
    lab.setting(clock=DAY + 60)
    with refused("InvalidSignatureException"):  # the clock is that of signatures too
        start_scan(api)
    lab.setting(clock=0)
    lab.set_scan(app, digest, age=DAY + 60)
    assert start_scan(api) == "IN_PROGRESS" and scan_of(api)["imageScanFindings"]["findings"] == []


def test_pages_of_findings(lab, api, app):
    lab.add_images(app, [{"tags": ["v1"]}])
    lab.set_scan(app, "v1", findings=FINDINGS)
    pages = list(api.get_paginator("describe_image_scan_findings").paginate(
        repositoryName="app", imageId={"imageTag": "v1"}, PaginationConfig={"PageSize": 2}))
    assert [len(page["imageScanFindings"]["findings"]) for page in pages] == [2, 2, 1]
    assert all(sum(page["imageScanFindings"]["findingSeverityCounts"].values()) == 5 for page in pages)


def test_enhanced_scans(lab, api, app):
    lab.add_images(app, [{"tags": ["v1"]}])
    lab.set_scan(app, "v1", status="ACTIVE", enhanced=True, findings=[
        {"name": "CVE-2026-1", "severity": "UNTRIAGED", "package": "zlib", "version": "1.2", "fixed": "1.3"}])
    found = scan_of(api)["imageScanFindings"]
    assert found["findingSeverityCounts"] == {"UNTRIAGED": 1} and "findings" not in found
    details = found["enhancedFindings"][0]["packageVulnerabilityDetails"]
    assert details["vulnerabilityId"] == "CVE-2026-1" and details["vulnerablePackages"][0]["fixedInVersion"] == "1.3"
    rules = [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]
    api.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    with refused("ValidationException"):
        start_scan(api)


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE", "SCAN_ELIGIBILITY_EXPIRED"])
def test_scans_that_end_otherwise(lab, api, app, status):
    lab.add_images(app, [{"tags": ["v1"]}])
    lab.set_scan(app, "v1", status=status, findings=FINDINGS)
    answer = scan_of(api)
    assert answer["imageScanStatus"]["status"] == status and "imageScanFindings" not in answer


def test_what_cannot_be_scanned(lab, api, app):
    child, _ = lab.add_images(app, [{"tags": ["v1"]}, {"tags": ["old"], "status": "ARCHIVED"}])
    lab.add_images(app, [{"tags": ["index"], "children": [child]}])
    for tag, code in (("index", "UnsupportedImageTypeException"), ("old", "ImageArchivedException"),
                      ("none", "ImageNotFoundException")):
        with refused(code):
            start_scan(api, tag)
    lab.set_scan(app, "old")
    assert scan_of(api, "old")["imageScanStatus"]["status"] == "IMAGE_ARCHIVED"


def test_registry_scanning_configuration(lab, api):
    assert api.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}
    rule = lambda frequency, text: {"scanFrequency": frequency,
                                    "repositoryFilters": [{"filter": text, "filterType": "WILDCARD"}]}
    put = lambda kind, *rules: api.put_registry_scanning_configuration(scanType=kind, rules=list(rules))
    wanted = {"scanType": "ENHANCED", "rules": [rule("SCAN_ON_PUSH", "app"), rule("CONTINUOUS_SCAN", "prod-*")]}
    assert put("ENHANCED", *wanted["rules"])["registryScanningConfiguration"] == wanted
    assert api.get_registry_scanning_configuration()["scanningConfiguration"] == wanted
    for client in (lab.api(region="eu-west-1"), lab.api("other")):
        assert client.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "BASIC"
    lab.create_repositories(["prod-app", "my-app-1", "none"])
    answer = api.batch_get_repository_scanning_configuration(repositoryNames=["prod-app", "my-app-1", "none", "absent"])
    assert [(c["scanFrequency"], c["scanOnPush"]) for c in answer["scanningConfigurations"]] == [
        ("CONTINUOUS_SCAN", True), ("SCAN_ON_PUSH", True), ("MANUAL", False)]
    assert [f["failureCode"] for f in answer["failures"]] == ["REPOSITORY_NOT_FOUND"]
    with refused("ValidationException"):
        put("BASIC", rule("CONTINUOUS_SCAN", "*"))
    with refused("ValidationException"):
        put("ENHANCED", rule("SCAN_ON_PUSH", "a"), rule("SCAN_ON_PUSH", "b"))
    with refused("InvalidParameterException"):
        put("ENHANCED", *[rule("SCAN_ON_PUSH", "a")] * 3)


# ---- replication

def test_replication(lab, api, app):
    lab.add_images(app, [{"tags": ["v1"]}])
    status = lambda: [(s["region"], s["status"], s.get("failureCode")) for s in api.describe_image_replication_status(
        repositoryName="app", imageId={"imageTag": "v1"})["replicationStatuses"]]
    assert api.describe_registry()["replicationConfiguration"] == {"rules": []} and status() == []
    rules = [{"destinations": [OTHER]}, {"destinations": [{"region": "us-west-2", "registryId": "210987654321"}],
                                         "repositoryFilters": [{"filter": "prod", "filterType": "PREFIX_MATCH"}]}]
    put = lambda *rules: api.put_replication_configuration(replicationConfiguration={"rules": list(rules)})
    assert put(*rules)["replicationConfiguration"] == {"rules": rules}
    assert api.describe_registry()["replicationConfiguration"] == {"rules": rules}
    assert status() == [("eu-west-1", "COMPLETE", None)]
    lab.set_replication(f"{app}:v1", [{"region": "eu-west-1"}, {"region": "us-west-2", "status": "FAILED",
                                                                "failureCode": "AccessDenied"}], polls=2)
    progress = [("eu-west-1", "IN_PROGRESS", None), ("us-west-2", "IN_PROGRESS", None)]
    assert [status(), status(), status()] == [progress, progress, [("eu-west-1", "COMPLETE", None),
                                                                   ("us-west-2", "FAILED", "AccessDenied")]]
    with refused("ImageNotFoundException"):
        api.describe_image_replication_status(repositoryName="app", imageId={"imageTag": "v9"})
    many = [{"region": f"eu-west-{n}", "registryId": "210987654321"} for n in range(26)]
    for wrong in ([{"destinations": [{"region": "us-east-1", "registryId": "123456789012"}]}], [rules[0]] * 11,
                  [{"destinations": many}], [{"destinations": []}]):
        with refused("ValidationException"):
            put(*wrong)
    put()
    assert api.describe_registry()["replicationConfiguration"] == {"rules": []}


# ---- pull-through cache rules

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
HUB = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}


def test_rules_of_the_cache(lab, api):
    with refused("UnsupportedUpstreamRegistryException"):
        api.create_pull_through_cache_rule(ecrRepositoryPrefix="mine", upstreamRegistryUrl="registry.example.com")
    with refused("ValidationException", "credentialArn"):
        api.create_pull_through_cache_rule(**HUB)
    for status, code in (("missing", "SecretNotFoundException"), ("unreadable", "UnableToAccessSecretException"),
                         ("undecryptable", "UnableToDecryptSecretValueException")):
        lab.set_secret("*hub-*", status)
        with refused(code):
            api.create_pull_through_cache_rule(**HUB, credentialArn=SECRET)
    lab.set_secret("*hub-*", "there")
    made = api.create_pull_through_cache_rule(**HUB, credentialArn=SECRET, upstreamRepositoryPrefix="library")
    assert (made["upstreamRegistry"], made["upstreamRepositoryPrefix"]) == ("docker-hub", "library")
    with refused("PullThroughCacheRuleAlreadyExistsException"):
        api.create_pull_through_cache_rule(**HUB, credentialArn=SECRET)
    role = "arn:aws:iam::123456789012:role/cache"
    api.create_pull_through_cache_rule(ecrRepositoryPrefix="ROOT", customRoleArn=role,
                                       upstreamRegistryUrl="210987654321.dkr.ecr.us-east-1.amazonaws.com")
    shown = {r["ecrRepositoryPrefix"]: r for r in api.describe_pull_through_cache_rules()["pullThroughCacheRules"]}
    assert shown["ROOT"]["customRoleArn"] == role and shown["ROOT"]["upstreamRepositoryPrefix"] == "ROOT"
    assert shown["hub"]["credentialArn"] == SECRET
    lab.set_validity("hub", False, "the secret has no username")
    answer = api.validate_pull_through_cache_rule(ecrRepositoryPrefix="hub")
    assert (answer["isValid"], answer["failure"]) == (False, "the secret has no username")
    changed = api.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=SECRET + "x")
    assert changed["credentialArn"] == SECRET + "x"
    assert api.delete_pull_through_cache_rule(ecrRepositoryPrefix="hub")["upstreamRegistryUrl"] == HUB["upstreamRegistryUrl"]
    for ask in (api.delete_pull_through_cache_rule, api.validate_pull_through_cache_rule):
        with refused("PullThroughCacheRuleNotFoundException", "'hub'"):
            ask(ecrRepositoryPrefix="hub")


def test_number_of_cache_rules(lab, api):
    for n in range(50):
        lab.cache_rule(f"p{n:02}", "quay.io")
    with refused("LimitExceededException", "50"):
        api.create_pull_through_cache_rule(ecrRepositoryPrefix="p50", upstreamRegistryUrl="quay.io")
    with refused("InvalidParameterException"):
        api.create_pull_through_cache_rule(ecrRepositoryPrefix="ROOT", upstreamRegistryUrl="quay.io",
                                           upstreamRepositoryPrefix="some")


# ---- ECR Public

def test_public_repositories(lab, public):
    texts = {"description": "text", "architectures": ["x86-64"], "operatingSystems": ["Linux"], "aboutText": "# a",
             "usageText": "b"}
    made = public.create_repository(repositoryName="team/app", catalogData={**texts, "logoImageBlob": b"png"},
                                    tags=[{"Key": "a", "Value": "b"}])
    assert made["repository"]["repositoryUri"] == "public.ecr.aws/lab/team/app"
    assert made["catalogData"].pop("logoUrl").endswith(".png")
    assert made["catalogData"] == {**texts, "marketplaceCertified": False}
    assert public.describe_repositories(repositoryNames=["team/app"])["repositories"] == [made["repository"]]
    with refused("RepositoryAlreadyExistsException"):
        public.create_repository(repositoryName="team/app")
    assert lab.api("other", service="ecr-public").describe_repositories()["repositories"] == []
    for n in range(4):
        lab.create_public_repository(f"r{n}")
    pages = public.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["repositories"]) for page in pages] == [2, 2, 1]
    with refused("RepositoryNotFoundException"):
        public.describe_repositories(repositoryNames=["r1", "none"])
    with refused("InvalidParameterException"):
        public.describe_repositories(repositoryNames=["r1"], maxResults=5)
    with refused("AccessDeniedException"):
        public.describe_repositories(registryId="210987654321")
    with refused("RegistryNotFoundException"):
        public.batch_delete_image(registryId="nobody", repositoryName="r1", imageIds=[{"imageTag": "a"}])


def test_public_catalog(public):
    public.create_repository(repositoryName="app")
    with refused("RepositoryCatalogDataNotFoundException"):
        public.get_repository_catalog_data(repositoryName="app")
    put = public.put_repository_catalog_data(repositoryName="app", catalogData={"description": "new"})["catalogData"]
    assert public.get_repository_catalog_data(repositoryName="app")["catalogData"] == put
    assert put["description"] == "new"
    with refused("InvalidParameterException"):
        public.put_repository_catalog_data(repositoryName="app", catalogData={"logoImageBlob": b"x" * 512001})
    with refused("RepositoryNotFoundException"):
        public.put_repository_catalog_data(repositoryName="none", catalogData={})
    assert public.get_registry_catalog_data()["registryCatalogData"] == {}
    assert public.put_registry_catalog_data(displayName="The lab")["registryCatalogData"] == {"displayName": "The lab"}
    assert public.get_registry_catalog_data()["registryCatalogData"] == {"displayName": "The lab"}
    registry, = public.describe_registries()["registries"]
    assert registry["registryUri"] == "public.ecr.aws/lab" and registry["registryId"] == "123456789012"
    assert [(a["name"], a["primaryRegistryAlias"]) for a in registry["aliases"]] == [("lab", True), ("q1w2e3r4", False)]


def test_public_images(lab, public):
    where = lab.create_public_repository("app")
    index = lab.push_image(f"{where}:v1", ["linux/amd64", "linux/arm64"])
    image = lab.push_image(f"{where}:v2")
    lab.push(f"{where}:latest", image)
    shown = {i["imageDigest"]: i for i in public.describe_images(repositoryName="app")["imageDetails"]}
    assert set(shown) == {index.digest, image.digest, *(child.digest for child in index.children)}
    assert shown[image.digest]["imageTags"] == ["v2", "latest"] and "imageStatus" not in shown[image.digest]
    tags = {t["imageTag"]: t["imageDetail"]["imageDigest"]
            for t in public.describe_image_tags(repositoryName="app", maxResults=10)["imageTagDetails"]}
    assert tags == {"v1": index.digest, "v2": image.digest, "latest": image.digest}
    found, = public.describe_images(repositoryName="app", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert found["imageDigest"] == index.digest
    with refused("ImageNotFoundException"):
        public.describe_images(repositoryName="app", imageIds=[{"imageTag": "v1"}, {"imageTag": "v9"}])
    pusher = lab._pusher("public.ecr.aws", "lab/app")
    status = lambda reference: pusher.ask("GET", f"/v2/lab/app/manifests/{reference}", headers={
        "Accept": image.media_type}, wanted=None)[0].status
    assert status("v2") == 200
    answer = public.batch_delete_image(repositoryName="app", imageIds=[
        {"imageTag": "v2"}, {"imageDigest": index.children[0].digest}])
    assert ids(answer) == (["ImageReferencedByManifestList"], ["v2"])
    assert (status("v2"), status("latest")) == (404, 200)
    with refused("RepositoryNotEmptyException"):
        public.delete_repository(repositoryName="app")
    public.delete_repository(repositoryName="app", force=True)
    assert status("latest") == 404
    with refused("RepositoryNotFoundException"):
        public.describe_image_tags(repositoryName="app")


def test_thousands_of_public_images(lab, public):
    where = lab.create_public_repository("app")
    lab.add_images(where, [{"tags": [f"t{n}"], "size": 1000 + n, "age": n} for n in range(1500)])
    for name, key in (("describe_images", "imageDetails"), ("describe_image_tags", "imageTagDetails")):
        pages = public.get_paginator(name).paginate(repositoryName="app", PaginationConfig={"PageSize": 1000})
        assert [len(page[key]) for page in pages] == [1000, 500]


# ---- permissions

PUBLIC_LEFT_OUT = {"BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"}
PRIVATE_LEFT_OUT = {"DeleteSigningConfiguration", "DeregisterPullTimeUpdateExclusion", "DescribeImageSigningStatus",
                    "GetSigningConfiguration", "ListPullTimeUpdateExclusions", "ListReplicationBackfills",
                    "PutSigningConfiguration",
                    "RegisterPullTimeUpdateExclusion", "UpdateRepositoryCreationTemplate"}


def outcomes(client, names):
    """The error code of each operation, called without parameters."""
    found = {}
    for name in names:
        try:
            getattr(client, botocore.xform_name(name))()
            found[name] = None
        except botocore.exceptions.ClientError as error:
            found[name] = error.response["Error"]["Code"]
    return found


@pytest.mark.parametrize("service, left_out", [("ecr", PRIVATE_LEFT_OUT), ("ecr-public", PUBLIC_LEFT_OUT)])
def test_every_operation_is_there_and_needs_its_permission(lab, service, left_out):
    nobody, everybody = loose(lab, "nothing", service), loose(lab, "full", service)
    names = nobody.meta.service_model.operation_names
    assert set(outcomes(nobody, names).values()) == {"AccessDeniedException"}
    assert {n for n, code in outcomes(everybody, names).items() if code == "UnknownOperationException"} <= left_out
