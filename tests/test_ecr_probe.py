"""The `ecr` probe: what ECR's API is asked, and what its answers mean."""

import json
import math
import os
import re

import pytest
import support_net as net

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ZERO = "sha256:" + "0" * 64


def ask(lab, *images, key="full", options=(), **rest):
    """`ecr check --via ecr --json`, with the log cleared before: (exit status, [object])."""
    lab.control("clear_log")
    result = lab.ecr("check", "--via", "ecr", "--json", "--max-attempts", "1", *options, *images, key=key, **rest)
    return result.code, result.json


def operations(lab):
    return [r["operation"] for r in lab.requests(service="api")]


def verdict(shown):
    return shown["state"], shown["reason"]


def details(shown):
    return " | ".join(step.get("detail", "") for step in shown["trail"])


def answer(lab, operation, value, **rest):
    """The API answers an operation with this object."""
    lab.fault("body", operation=operation, text=json.dumps(value), content_type="application/x-amz-json-1.1", **rest)


@pytest.fixture
def app(lab):
    """A repository with one image, v1."""
    repository = lab.create_repository("team/app")
    lab.image = lab.push_image(f"{repository}:v1")
    return repository


# ---- one image

@pytest.mark.parametrize("form", [":v1", "@{digest}", ":v1@{digest}", ":other@{digest}"])
def test_present(lab, app, form):
    code, (shown,) = ask(lab, app + form.format(digest=lab.image.digest))
    assert code == 0 and shown["digest"] == lab.image.digest
    request, = lab.requests()
    asked, = json.loads(request["body"])["imageIds"]
    # NAME:TAG@DIGEST is asked by digest, as docker does.
    assert asked == ({"imageTag": "v1"} if form == ":v1" else {"imageDigest": lab.image.digest})


@pytest.mark.parametrize("image, reason", [("{app}:v2", "no-image"), ("{app}@" + ZERO, "no-image"),
                                           ("{app}:v1@" + ZERO, "no-image"), ("{host}/none:v1", "no-repository"),
                                           ("{host}/none@" + ZERO, "no-repository")])
def test_absent(lab, app, image, reason):
    code, (shown,) = ask(lab, image.format(app=app, host=HOST))
    assert code == 1 and verdict(shown) == ("absent", reason)
    assert "digest" not in shown
    # Absence is said only after the archive (for an image) and the cache rules have been looked at.
    assert operations(lab)[0] == "DescribeImages" and operations(lab)[-1] == "DescribePullThroughCacheRules"
    assert ('"ARCHIVED"' in "".join(r["body"] for r in lab.requests())) == (reason == "no-image")


def test_an_untagged_image_by_digest(lab):
    repository = lab.create_repository("app")
    old = lab.push_image(f"{repository}:v1", content="old")
    new = lab.push_image(f"{repository}:v1", content="new")
    code, shown = ask(lab, f"{repository}@{old.digest}", f"{repository}:v1", f"{repository}:v1@{old.digest}")
    assert code == 0 and [s["digest"] for s in shown] == [old.digest, new.digest, old.digest]


def test_index_and_children(lab):
    repository = lab.create_repository("app")
    index = lab.push_image(f"{repository}:v1", ["linux/amd64", "linux/arm64"])
    code, shown = ask(lab, f"{repository}:v1", *(f"{repository}@{child.digest}" for child in index.children))
    assert code == 0
    assert [s["mediaType"] for s in shown] == [index.media_type, *(child.media_type for child in index.children)]


# ---- halving

@pytest.mark.parametrize("there, missing", [(99, 1), (98, 2), (1, 99), (90, 10), (50, 50), (0, 8), (100, 0), (1, 1)])
def test_halving(lab, there, missing):
    repository = lab.create_repository("app")
    tags = [f"t{n}" for n in range(there)]
    image = lab.push_tags(repository, tags) if tags else None
    count = there + missing
    step = max(1, count // missing) if missing else count + 1
    # The missing ones are spread evenly among those that are there.
    left, images = list(tags), []
    for n in range(count):
        if (n % step == 0 and n // step < missing) or not left:
            images.append(f"{repository}:gone{n}")
        else:
            images.append(f"{repository}:{left.pop()}")
    images += [f"{repository}:{t}" for t in left]
    code, shown = ask(lab, *images)
    assert code == (1 if missing else 0)
    assert [s["image"] for s in shown] == images
    for s in shown:
        if ":gone" in s["image"]:
            assert verdict(s) == ("absent", "no-image") and f"'{s['image'].rpartition(':')[2]}'" in details(s)
        else:
            assert verdict(s) == ("present", "ok") and s["digest"] == image.digest
    described = [r for r in lab.requests(operation="DescribeImages") if "imageIds" in json.loads(r["body"])]
    # Each missing id costs at most two calls on each level of the tree, and the tree has fewer than two nodes an id.
    assert len(described) <= min(1 + 2 * missing * math.ceil(math.log2(count)), 2 * count)
    assert len({r["connection"] for r in lab.requests()}) == 1
    assert operations(lab).count("DescribePullThroughCacheRules") == (1 if missing else 0)


def test_a_failure_in_one_half_leaves_the_other(lab, app):
    """The calls go: both (fails, one is missing), the first half, the second; only the second is throttled."""
    lab.fault("throttle", operation="DescribeImages", skip=2, count=1)
    code, shown = ask(lab, f"{app}:v1", f"{app}:gone")
    assert code == 4 and [verdict(s) for s in shown] == [("present", "ok"), ("unknown", "throttled")]


def test_repositories_are_asked_apart(lab, app):
    other = lab.create_repository("other")
    image = lab.push_image(f"{other}:v1", content="other")
    code, shown = ask(lab, f"{app}:v1", f"{other}:v1", f"{app}:v1@{lab.image.digest}")
    assert code == 0 and [s["digest"] for s in shown] == [lab.image.digest, image.digest, lab.image.digest]
    bodies = [json.loads(r["body"]) for r in lab.requests()]
    assert sorted((b["repositoryName"], len(b["imageIds"])) for b in bodies) == [("other", 1), ("team/app", 2)]


# ---- the archive

@pytest.mark.parametrize("by_id", ["hidden", "shown"])
@pytest.mark.parametrize("status", ["ARCHIVED", "ACTIVATING"])
@pytest.mark.parametrize("form", [":v1", "@{digest}"])
def test_archived(lab, app, by_id, status, form):
    lab.archive(f"{app}:v1", status)
    lab.setting(archived_by_id=by_id)
    code, (shown,) = ask(lab, app + form.format(digest=lab.image.digest))
    assert code == 6 and verdict(shown) == ("unfit", "archived")
    assert shown["digest"] == lab.image.digest
    assert ("20 minutes" in details(shown)) == (status == "ACTIVATING")
    assert (len(lab.requests()) == 1) == (by_id == "shown")


def test_active_again(lab, app):
    lab.archive(f"{app}:v1")
    lab.archive(f"{app}:v1", "ACTIVE")
    assert ask(lab, f"{app}:v1")[0] == 0


def test_archived_among_others(lab, app):
    old = lab.push_image(f"{app}:old", content="old")
    lab.archive(f"{app}:old")
    code, shown = ask(lab, f"{app}:v1", f"{app}:gone", f"{app}:old", f"{app}@{old.digest}")
    assert code == 6
    assert [verdict(s) for s in shown] == [("present", "ok"), ("absent", "no-image"), ("unfit", "archived"),
                                           ("unfit", "archived")]


@pytest.mark.parametrize("settings", [{"page_limit": 3}, {"empty_pages": True}, {"page_limit": 2, "empty_pages": True}])
def test_archived_on_a_later_page(lab, settings):
    repository = lab.create_repository("app")
    for n in range(8):
        lab.push_image(f"{repository}:t{n}", content=str(n))
        lab.archive(f"{repository}:t{n}")
    lab.setting(**settings)
    code, shown = ask(lab, *(f"{repository}:t{n}" for n in (7, 0, 4)), f"{repository}:gone")
    assert code == 6 and [verdict(s)[1] for s in shown] == ["archived"] * 3 + ["no-image"]


@pytest.mark.parametrize("fault, parameters, reason", [
    ("throttle", {}, "throttled"), ("server_error", {}, "server-error"), ("html", {}, "bad-reply"),
    ("truncate_json", {}, "bad-reply"), ("body", {"text": "{}"}, "bad-reply"), ("expire", {}, "expired-credentials"),
    ("body", {"text": '{"imageDetails":{}}'}, "bad-reply")])
def test_a_failed_look_into_the_archive_is_no_absence(lab, app, fault, parameters, reason):
    lab.fault(fault, operation="DescribeImages", skip=1, **parameters)
    code, (shown,) = ask(lab, f"{app}:gone")
    assert verdict(shown) == ("unknown", reason), shown


def test_a_listing_that_never_ends(lab, app):
    answer(lab, "DescribeImages", {"imageDetails": [], "nextToken": "again"}, skip=1)
    code, (shown,) = ask(lab, f"{app}:gone")
    assert verdict(shown) == ("unknown", "bad-reply") and code == 5
    assert len(lab.requests()) < 300


# ---- denied

def test_describe_denied(lab, app):
    code, (shown,) = ask(lab, f"{app}:v1", key="pull")
    assert code == 0 and shown["digest"] == lab.image.digest and shown["mediaType"] == lab.image.media_type
    assert operations(lab) == ["DescribeImages", "BatchGetImage"]
    assert "counts as a pull" in details(shown) and "ecr:DescribeImages" in details(shown)
    # Without the whole list ECR would convert the manifest, and the digest would be another.
    accepted = json.loads(lab.requests()[1]["body"])["acceptedMediaTypes"]
    assert {"application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json"} <= set(accepted)


def test_describe_denied_by_digest(lab, app):
    code, (shown,) = ask(lab, f"{app}:v1@{lab.image.digest}", key="pull")
    assert code == 0 and shown["digest"] == lab.image.digest
    code, (shown,) = ask(lab, f"{app}@{ZERO}", key="pull")
    assert code == 1 and verdict(shown) == ("absent", "no-image")


@pytest.mark.parametrize("image, reason", [("{app}:gone", "no-image"), ("{host}/none:v1", "no-repository")])
def test_describe_denied_and_absent(lab, app, image, reason):
    """The rules cannot be read by this key either: an absence, with a note that says so."""
    code, (shown,) = ask(lab, image.format(app=app, host=HOST), key="pull")
    assert code == 1 and verdict(shown) == ("absent", reason)
    assert "ecr:DescribePullThroughCacheRules" in details(shown)


def test_describe_denied_for_many(lab):
    repository = lab.create_repository("app")
    tags = [f"t{n}" for n in range(60)]
    image = lab.push_tags(repository, tags)
    images = [f"{repository}:{t}" for t in tags] + [f"{repository}:gone{n}" for n in range(60)]
    code, shown = ask(lab, *images, key="pull")
    assert code == 1
    assert [s.get("digest") for s in shown] == [image.digest] * 60 + [None] * 60
    assert [verdict(s)[1] for s in shown] == ["ok"] * 60 + ["no-image"] * 60
    assert operations(lab).count("DescribeImages") == 2  # one denial is enough for each hundred
    assert operations(lab).count("BatchGetImage") == 10 + 2  # ten manifests a call
    assert operations(lab).count("DescribePullThroughCacheRules") == 1
    assert set(operations(lab)) == {"DescribeImages", "BatchGetImage", "DescribePullThroughCacheRules"}


@pytest.mark.parametrize("key", ["nothing", "other"])
def test_both_denied(lab, app, key):
    code, (shown,) = ask(lab, f"{app}:v1", key=key)
    assert code == 3 and verdict(shown) == ("unknown", "denied")
    assert "AccessDeniedException" in details(shown) and "ecr:DescribeImages" in details(shown)
    assert "arn:aws:ecr:us-east-1:123456789012:repository/team/app" in details(shown)


def test_no_batch_get_image_for_other_refusals(lab, app):
    """It counts as a pull: only a denial of DescribeImages justifies it."""
    for code in ("UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException", "OptInRequired",
                 "KmsException", "ThrottlingException", "SomethingNewException"):
        lab.clear()
        lab.fault("refuse", operation="DescribeImages", code=code)
        _, (shown,) = ask(lab, f"{app}:v1")
        assert shown["state"] == "unknown" and set(operations(lab)) == {"DescribeImages"}, code


# ---- what BatchGetImage says

FAILURES = [("ImageNotFound", "absent", "no-image", 1), ("UpstreamAccessDenied", "unknown", "upstream-error", 4),
            ("UpstreamTooManyRequests", "unknown", "upstream-error", 4),
            ("UpstreamUnavailable", "unknown", "upstream-error", 4), ("KmsError", "unknown", None, None),
            ("ImageInaccessible", "unknown", None, None), ("InvalidImageTag", "unknown", None, None),
            ("ImageTagDoesNotMatchDigest", "unknown", None, None), ("NewFailure", "unknown", None, 5)]


@pytest.mark.parametrize("failure, state, reason, status", FAILURES)
def test_failure_codes(lab, app, failure, state, reason, status):
    answer(lab, "BatchGetImage", {"images": [], "failures": [
        {"imageId": {"imageTag": "v1"}, "failureCode": failure, "failureReason": "for a reason"}]})
    code, (shown,) = ask(lab, f"{app}:v1", key="pull")
    assert shown["state"] == state and failure in details(shown)
    assert reason is None or shown["reason"] == reason
    assert code == status if status else code in (3, 4, 5)


def manifest_answer(lab, **changes):
    image = {"registryId": lab.account, "repositoryName": "team/app",
             "imageId": {"imageDigest": lab.image.digest, "imageTag": "v1"}, "imageManifest": lab.image.manifest.decode(),
             "imageManifestMediaType": lab.image.media_type}
    return {k: v for k, v in {**image, **changes}.items() if v is not None}


@pytest.mark.parametrize("change", [
    {"imageId": {"imageDigest": "sha256:" + "1" * 64, "imageTag": "v2"}}, {"imageId": {"imageTag": "v1"}}, {"imageId": None},
    {"imageManifest": None}, {"imageManifest": 7}, {"repositoryName": "team/other"}, {"registryId": "210987654321"},
    {"imageId": {"imageTag": "v1", "imageDigest": "nonsense"}}, {"imageId": []}], ids=str)
def test_batch_get_image_about_something_else(lab, app, change):
    answer(lab, "BatchGetImage", {"images": [manifest_answer(lab, **change)], "failures": []})
    code, (shown,) = ask(lab, f"{app}:v1", key="pull")
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply"))


def test_batch_get_image_as_it_should_be(lab, app):
    """The table above changes this one."""
    answer(lab, "BatchGetImage", {"images": [manifest_answer(lab)], "failures": []})
    assert ask(lab, f"{app}:v1", key="pull")[0] == 0


def test_batch_get_image_that_contradicts_itself(lab, app):
    """Of an id with two digests, or found and missed, or missed for two reasons, nobody knows what it is."""
    second = lab.push_image(f"{app}:v2")
    rows = [manifest_answer(lab), manifest_answer(lab, imageId={"imageDigest": second.digest, "imageTag": "v1"},
                                                  imageManifest=second.manifest.decode())]
    gone, later = ({"imageId": {"imageTag": "v1"}, "failureCode": code} for code in ("ImageNotFound", "UpstreamUnavailable"))
    for images, failures in ((rows, []), (rows[::-1], []), (rows[:1], [gone]), ([], [gone, later]), ([], [later, gone])):
        lab.clear()
        answer(lab, "BatchGetImage", {"images": images, "failures": failures})
        code, (shown,) = ask(lab, f"{app}:v1", key="pull")
        assert (code, verdict(shown)) == (5, ("unknown", "bad-reply")), (images, failures, shown)
        assert "digest" not in shown and operations(lab) == ["DescribeImages", "BatchGetImage"]


def test_batch_get_image_that_repeats_itself(lab, app):
    """The same twice is no contradiction."""
    answer(lab, "BatchGetImage", {"images": [manifest_answer(lab)] * 2, "failures": []})
    code, (shown,) = ask(lab, f"{app}:v1", key="pull")
    assert code == 0 and shown["digest"] == lab.image.digest
    lab.clear()
    gone = {"imageId": {"imageTag": "v1"}, "failureCode": "ImageNotFound"}
    answer(lab, "BatchGetImage", {"images": [], "failures": [gone, gone]})
    code, (shown,) = ask(lab, f"{app}:v1", key="pull")
    assert (code, verdict(shown)) == (1, ("absent", "no-image"))


@pytest.mark.parametrize("manifest", ["not a manifest", "{}", ""])
@pytest.mark.parametrize("form", [":v1", "@{digest}"])
def test_batch_get_image_of_another_manifest(lab, app, manifest, form):
    """What it gives must have the digest that it names."""
    image_id = {"imageDigest": lab.image.digest, **({"imageTag": "v1"} if form == ":v1" else {})}
    answer(lab, "BatchGetImage", {"images": [manifest_answer(lab, imageId=image_id, imageManifest=manifest)], "failures": []})
    code, (shown,) = ask(lab, app + form.format(digest=lab.image.digest), key="pull")
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply"))


@pytest.mark.parametrize("value", [{}, {"images": []}, {"images": {}, "failures": []}, {"failures": [{}]},
                                   {"images": [], "failures": [{"imageId": {"imageTag": "v2"}, "failureCode": "ImageNotFound"}]},
                                   {"images": [], "failures": [{"imageId": {"imageTag": "v1"}}]}], ids=str)
def test_batch_get_image_that_says_nothing(lab, app, value):
    answer(lab, "BatchGetImage", value)
    code, (shown,) = ask(lab, f"{app}:v1", key="pull")
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply"))


# ---- what DescribeImages says

def detail_answer(lab, **changes):
    detail = {"registryId": lab.account, "repositoryName": "team/app", "imageDigest": lab.image.digest, "imageTags": ["v1"],
              "imageSizeInBytes": 7, "imagePushedAt": 1795132800.5, "imageManifestMediaType": lab.image.media_type,
              "imageStatus": "ACTIVE"}
    return {"imageDetails": [{k: v for k, v in {**detail, **changes}.items() if v is not None}]}


@pytest.mark.parametrize("change", [
    {"imageTags": ["v2"]}, {"imageTags": []}, {"imageTags": None}, {"imageTags": "v1"}, {"imageDigest": None},
    {"imageDigest": 7}, {"imageDigest": "nonsense"}, {"repositoryName": "team/other"}, {"repositoryName": 7},
    {"registryId": "210987654321"}, {"imageTags": ["V1"]}], ids=str)
def test_describe_images_about_something_else(lab, app, change):
    answer(lab, "DescribeImages", detail_answer(lab, **change))
    code, (shown,) = ask(lab, f"{app}:v1")
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply"))


def test_describe_images_about_another_digest(lab, app):
    answer(lab, "DescribeImages", detail_answer(lab))
    code, (shown,) = ask(lab, f"{app}@{ZERO}")
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply"))


@pytest.mark.parametrize("value", [{}, {"imageDetails": []}, {"imageDetails": {}}, {"imageDetails": None},
                                   {"imageDetails": [None]}, {"imageDetails": [[]]}], ids=str)
def test_describe_images_that_says_nothing(lab, app, value):
    answer(lab, "DescribeImages", value)
    code, (shown,) = ask(lab, f"{app}:v1")
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply"))


@pytest.mark.parametrize("change, absent, present", [
    ({}, [], {"sizeBytes": 7, "pushedAt": "2026-11-20T00:00:00Z"}),
    ({"imageStatus": None}, [], {}),  # before there was an archive
    ({"imageSizeInBytes": None}, ["sizeBytes"], {}), ({"imagePushedAt": None}, ["pushedAt"], {}),
    ({"imagePushedAt": 1795132800}, [], {"pushedAt": "2026-11-20T00:00:00Z"}),
    ({"imagePushedAt": 1.795132800123e9}, [], {"pushedAt": "2026-11-20T00:00:00Z"}),
    ({"imageManifestMediaType": None}, ["mediaType"], {}),
    ({"imageTags": ["a", "v1", "b"]}, [], {}), ({"unknownMember": {"a": [1, {}]}}, [], {})], ids=str)
def test_members_of_the_details(lab, app, change, absent, present):
    answer(lab, "DescribeImages", detail_answer(lab, **change))
    code, (shown,) = ask(lab, f"{app}:v1")
    assert code == 0 and not [name for name in absent if name in shown]
    assert {name: shown[name] for name in present} == present


def test_an_unknown_status_is_not_presence(lab, app):
    answer(lab, "DescribeImages", detail_answer(lab, imageStatus="QUARANTINED"))
    code, (shown,) = ask(lab, f"{app}:v1")
    assert (code, verdict(shown)) == (5, ("unknown", "unsupported")) and "QUARANTINED" in details(shown)


def test_the_order_of_the_details_does_not_matter(lab, app):
    other = lab.push_image(f"{app}:v2", content="other")
    rows = [detail_answer(lab, imageDigest=other.digest, imageTags=["v2"]), detail_answer(lab)]
    answer(lab, "DescribeImages", {"imageDetails": [row["imageDetails"][0] for row in rows]})
    _, shown = ask(lab, f"{app}:v1", f"{app}:v2")
    assert [s["digest"] for s in shown] == [lab.image.digest, other.digest]


# ---- pull-through cache rules

@pytest.mark.parametrize("rules, repository, prefix", [
    (["hub"], "hub/library/alpine", "hub"), (["hub"], "hub/x", "hub"), (["hub"], "hubx/y", None), (["hub"], "hub", None),
    (["hub"], "a/hub/x", None), (["hub", "hub/team"], "hub/team/x", "hub/team"), (["hub/team", "hub"], "hub/team/x", "hub/team"),
    (["hub", "hub/team"], "hub/teams/x", "hub"), (["hub/team"], "hub/x", None), (["ROOT"], "anything", "ROOT"),
    (["ROOT"], "any/thing", "ROOT"), (["ROOT", "hub"], "hub/x", "hub"), (["ROOT", "hub"], "hubs/x", "ROOT"),
    (["hub/"], "hub/x", "hub/"), ([], "hub/x", None)], ids=str)
@pytest.mark.parametrize("repository_there", [False, True], ids=["no repository", "a repository"])
def test_cache_rules(lab, rules, repository, prefix, repository_there):
    if repository_there:
        lab.create_repository(repository)
    for n, rule in enumerate(rules):
        lab.cache_rule(rule, f"upstream-of-{rule.strip('/').replace('/', '-').lower()}.test")
    code, (shown,) = ask(lab, f"{HOST}/{repository}:v1")
    if prefix is None:
        assert code == 1 and verdict(shown) == ("absent", "no-image" if repository_there else "no-repository")
        return
    assert code == 5 and verdict(shown) == ("unknown", "not-cached")
    upstream = f"upstream-of-{prefix.strip('/').replace('/', '-').lower()}.test"
    assert f"'{prefix}'" in details(shown) and upstream in details(shown)


def test_rules_of_an_image_that_is_there_are_not_read(lab, app):
    lab.cache_rule("team", "quay.io")
    assert ask(lab, f"{app}:v1")[0] == 0
    assert operations(lab) == ["DescribeImages"]


def test_rules_on_a_later_page(lab):
    for n in range(30):
        lab.cache_rule(f"p{n}", "quay.io")
    lab.setting(page_limit=4, empty_pages=True)
    assert ask(lab, f"{HOST}/p29/x:v1")[0] == 5
    assert ask(lab, f"{HOST}/p30/x:v1")[0] == 1


def test_not_cached_by_digest_says_that_a_tag_is_needed(lab):
    lab.cache_rule("hub", "registry-1.docker.io")
    _, (by_tag,) = ask(lab, f"{HOST}/hub/x:v1")
    _, (by_digest,) = ask(lab, f"{HOST}/hub/x@{ZERO}")
    assert "a first pull by digest does not import it: pull it once by tag" in details(by_digest)
    assert "a pull by tag (or --pull-through) imports it, if the upstream has it" in details(by_tag)
    for shown in (by_digest, by_tag):
        assert "without ecr:BatchImportUpstreamImage and ecr:CreateRepository that looks like a 404" in details(shown)
        assert "rule 'hub' covers it and would fetch it from registry-1.docker.io" in details(shown)


def test_not_cached_does_not_go_on(lab, dockerd, tmp_path):
    """The daemon would ask the registry, and that would import the image."""
    lab.push_image("public.ecr.aws/lab/app:v1")
    lab.cache_rule("pub", "public.ecr.aws")
    lab.docker_login(tmp_path)
    lab.control("clear_log")
    result = lab.ecr("check", "--json", f"{HOST}/pub/lab/app:v1", docker=True, home=tmp_path)
    assert result.code == 5 and verdict(result.json[0]) == ("unknown", "not-cached")
    assert [step["source"] for step in result.json[0]["trail"]] == ["ecr"]
    assert lab.requests(service="registry") == [] and lab.requests(service="public") == []
    assert set(operations(lab)) <= {"DescribeImages", "DescribePullThroughCacheRules"}
    # Once a pull has imported it, it is there.
    lab.api().batch_get_image(repositoryName="pub/lab/app", imageIds=[{"imageTag": "v1"}])
    assert lab.ecr("check", f"{HOST}/pub/lab/app:v1").code == 0


def test_rules_denied(lab, app):
    lab.fault("deny", operation="DescribePullThroughCacheRules")
    lab.cache_rule("team", "quay.io")
    code, (shown,) = ask(lab, f"{app}:gone")
    assert code == 1 and verdict(shown) == ("absent", "no-image")
    assert "ecr:DescribePullThroughCacheRules" in details(shown)


@pytest.mark.parametrize("fault, parameters, reason", [
    ("throttle", {}, "throttled"), ("server_error", {}, "server-error"), ("html", {}, "bad-reply"),
    ("truncate_json", {}, "bad-reply"), ("garble_json", {}, "bad-reply"), ("body", {"text": "{}"}, "bad-reply"),
    ("body", {"text": '{"pullThroughCacheRules":7}'}, "bad-reply"), ("other_shape", {}, "bad-reply"),
    ("expire", {}, "expired-credentials"), ("not_a_registry", {}, "bad-reply"),
    ("body", {"text": '{"pullThroughCacheRules":[],"nextToken":"again"}'}, "bad-reply")])
@pytest.mark.parametrize("image", ["{app}:gone", "{host}/none:v1"])
def test_a_failed_look_at_the_rules_is_no_absence(lab, app, image, fault, parameters, reason):
    lab.fault(fault, operation="DescribePullThroughCacheRules", **parameters)
    _, (shown,) = ask(lab, image.format(app=app, host=HOST))
    assert verdict(shown) == ("unknown", reason)


# ---- which endpoint is asked, and how

ENDPOINTS = [
    ("{a}.dkr.ecr.us-east-1.amazonaws.com", "us-east-1", "api.ecr.us-east-1.amazonaws.com"),
    ("{a}.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", "api.ecr-fips.us-east-1.amazonaws.com"),
    ("{a}.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "ecr.eu-west-1.api.aws"),
    ("{a}.dkr-ecr-fips.us-west-2.on.aws", "us-west-2", "ecr-fips.us-west-2.api.aws"),
    ("{a}.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "api.ecr.us-gov-west-1.amazonaws.com"),
    ("{a}.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "api.ecr-fips.us-gov-west-1.amazonaws.com"),
    ("{a}.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn"),
    ("{a}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", "ecr.cn-north-1.api.amazonwebservices.com.cn"),
    ("{a}.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "api.ecr.eusc-de-east-1.amazonaws.eu"),
    ("{a}.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "api.ecr.us-iso-east-1.c2s.ic.gov"),
    ("{a}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "api.ecr.us-isob-east-1.sc2s.sgov.gov"),
]


@pytest.mark.parametrize("host, region, endpoint", ENDPOINTS, ids=[row[0] for row in ENDPOINTS])
def test_endpoints(lab, host, region, endpoint):
    """The lab checks each signature, its region included, so that an answer proves the credential scope."""
    answer(lab, "DescribeImages", {"imageDetails": [{"imageDigest": ZERO, "imageTags": ["v1"]}]})
    code, _ = ask(lab, f"{host.format(a=lab.account)}/app:v1")
    assert code == 0
    request, = lab.requests()
    assert (request["host"], request["operation"]) == (endpoint, "DescribeImages")
    lab.clear()
    code, (shown,) = ask(lab, f"{host.format(a=lab.account)}/app:v1")
    assert (code, shown["reason"]) == (1, "no-repository"), shown


def test_region_of_the_host_wins(lab):
    """The caller's own region is for what has no host; the image is where its host says."""
    repository = lab.create_repository("app", region="eu-west-1")
    lab.push_image(f"{repository}:v1")
    code, _ = ask(lab, f"{repository}:v1", options=["--region", "us-west-2"], env={"AWS_REGION": "us-east-2"})
    assert code == 0 and lab.requests()[0]["host"] == "api.ecr.eu-west-1.amazonaws.com"


def test_registry_id_is_the_account_of_the_host(lab):
    """Another account's registry is asked for by registryId; its policy lets the caller in."""
    repository = lab.create_repository("app", role="other")
    lab.push_image(f"{repository}:v1")
    lab.create_repository("app")  # the caller's own has the same name, and no image
    assert ask(lab, f"{repository}:v1")[0] == 3
    lab.share(lab.other_account, lab.account)
    code, _ = ask(lab, f"{repository}:v1")
    assert code == 0
    assert json.loads(lab.requests()[0]["body"])["registryId"] == lab.other_account
    assert ask(lab, f"{HOST}/app:v1")[0] == 1


def test_request_id_and_service_code_are_shown(lab, app):
    lab.fault("body", service="api", status=400, text='{"__type":"InvalidParameterException","message":"because"}',
              headers={"x-amzn-RequestId": "11111111-2222-3333-4444-555555555555"})
    code, (shown,) = ask(lab, f"{app}:v1")
    assert code == 5
    for word in ("InvalidParameterException", "because", "11111111-2222-3333-4444-555555555555", "400", lab.api_host):
        assert word in details(shown)


@pytest.mark.parametrize("type_, header", [
    ("com.amazonaws.ecr#RepositoryNotFoundException", None), (None, "RepositoryNotFoundException"),
    ("RepositoryNotFoundException:http://internal.amazon.com/coral/", None),
    (None, "RepositoryNotFoundException:http://internal.amazon.com/coral/")])
def test_shapes_of_the_error_code(lab, app, type_, header):
    body = {"message": "no", **({"__type": type_} if type_ else {})}
    lab.fault("body", operation="DescribeImages", status=400, text=json.dumps(body),
              headers={"x-amzn-ErrorType": header} if header else {})
    code, (shown,) = ask(lab, f"{app}:v1")
    assert code == 1 and verdict(shown) == ("absent", "no-repository")


def test_hostile_message_of_the_service(lab, app):
    lab.fault("body", service="api", status=400, text=json.dumps(
        {"__type": "InvalidParameterException", "message": "\x1b[31mred\r\n::error::x\u202e##[error]y"}))
    for options in (["--json"], ["-v"], []):
        result = lab.ecr("check", "--via", "ecr", *options, f"{app}:v1")
        assert result.code == 5
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", result.stdout + result.stderr)
        assert "##[" not in result.stderr and "\u202e" not in result.stderr
        assert not any(line.startswith("::") for line in (result.stdout + result.stderr).splitlines())


def test_not_an_ecr_image(lab):
    code, (shown,) = ask(lab, "registry.lab.test/app:v1")
    assert (code, verdict(shown)) == (5, ("unknown", "unsupported"))
    assert shown["trail"][0]["state"] == "skipped" and lab.requests() == []
    code, (shown,) = ask(lab, "public.ecr.aws/lab/app:v1")
    assert (code, verdict(shown)) == (5, ("unknown", "unsupported")) and lab.requests() == []


def test_clock_skew_is_corrected(lab, app):
    for clock in (3600, -3600, 86400 * 400):
        lab.setting(clock=clock)
        code, _ = ask(lab, f"{app}:v1")
        assert code == 0 and len(lab.requests()) == 2
    lab.setting(clock=60)
    assert ask(lab, f"{app}:v1")[0] == 0 and len(lab.requests()) == 1


# ---- a scripted service: what the lab's own would never say

OTHER = "sha256:" + "2" * 64


def played(lab, *images, describe=net.missing(), archived=(), activating=(), rules=(), options=(), **rest):
    """A run over images of a service with these replies; of a listing, a list of pages, named by number in nextToken.

    `describe` may be a function of the request's value."""
    pages = {"ARCHIVED": archived, "ACTIVATING": activating, "rules": rules}
    empty = {"imageDetails": [], "pullThroughCacheRules": []}

    def said(request, peer):
        value = json.loads(request.body)
        if request.operation == "DescribeImages" and "filter" not in value:
            return describe(value) if callable(describe) else describe
        if request.operation not in ("DescribeImages", "DescribePullThroughCacheRules"):
            return net.aws_error("AccessDeniedException")
        kind = value["filter"]["imageStatus"] if "filter" in value else "rules"
        page = [*pages[kind], empty][min(int(value.get("nextToken", 0)), len(pages[kind]))]
        return page if isinstance(page, bytes) else net.reply(page)
    with net.scripted(said) as server:
        result = net.ask(lab, server, "--json", *options, ref=list(images) or [net.REF], **rest)
        result.requests = server.requests
    return result


def one(result):
    shown, = result.json
    return result.code, *verdict(shown)


def listed(*tags, token=None, **more):
    return {**net.described(*tags, **more), **({} if token is None else {"nextToken": token})}


REFUSED = net.aws_error("InvalidParameterException", message="no such value")


def test_a_match_in_the_archive_outlives_a_refused_filter(lab):
    assert one(played(lab, archived=[listed(imageStatus="ARCHIVED")], activating=[REFUSED])) == (6, "unfit", "archived")


def test_a_service_without_an_archive_refuses_the_first_filter(lab):
    assert one(played(lab, archived=[REFUSED], activating=[REFUSED])) == (1, "absent", "no-image")


@pytest.mark.parametrize("pages", [{"archived": [listed("x", token="1", imageStatus="ARCHIVED"), REFUSED]},
                                   {"archived": [listed("x", imageStatus="ARCHIVED")], "activating": [REFUSED]},
                                   {"activating": [listed("x", token="1", imageStatus="ACTIVATING"), REFUSED]}])
def test_a_later_page_of_the_archive_that_is_refused_is_no_absence(lab, pages):
    assert one(played(lab, **pages)) == (5, "unknown", "refused")


@pytest.mark.parametrize("kind", ["archived", "activating"])
def test_what_is_listed_as_archived_is_so_without_a_status(lab, kind):
    assert one(played(lab, **{kind: [listed()]})) == (6, "unfit", "archived")


@pytest.mark.parametrize("token", [7, True, [], {}, "a\0b"])
@pytest.mark.parametrize("kind", ["archived", "activating", "rules"])
def test_a_next_token_that_is_none_is_no_end(lab, kind, token):
    page = {"pullThroughCacheRules": []} if kind == "rules" else {"imageDetails": []}
    assert one(played(lab, **{kind: [{**page, "nextToken": token}]})) == (5, "unknown", "bad-reply")


def test_an_empty_next_token_is_the_end(lab):
    result = played(lab, archived=[{"imageDetails": [], "nextToken": ""}], activating=[{"imageDetails": [], "nextToken": ""}],
                    rules=[{"pullThroughCacheRules": [], "nextToken": ""}])
    assert one(result) == (1, "absent", "no-image") and len(result.requests) == 4


@pytest.mark.parametrize("row", [{"prefix": "team"}, 5, {"ecrRepositoryPrefix": 7}, {"ecrRepositoryPrefix": "a\0b"}, None, []])
def test_rules_that_cannot_be_read_are_no_absence(lab, row):
    whole = {"ecrRepositoryPrefix": "other", "upstreamRegistryUrl": "quay.io"}
    assert one(played(lab, rules=[{"pullThroughCacheRules": [whole, row]}])) == (5, "unknown", "bad-reply")


@pytest.mark.parametrize("status", [7, True, ["ACTIVE"], {}, "ARCH\0", "A" * 1000])
@pytest.mark.parametrize("where", ["by id", "in the archive"])
def test_a_status_that_cannot_be_read(lab, where, status):
    page = listed(imageStatus=status)
    result = played(lab, describe=net.reply(page)) if where == "by id" else played(lab, archived=[page])
    assert one(result)[1] == "unknown", result


@pytest.mark.parametrize("order", [1, -1])
def test_two_details_of_one_tag(lab, order):
    both = [listed(imageStatus="ACTIVE")["imageDetails"][0], listed(imageStatus="ARCHIVED", digest=OTHER)["imageDetails"][0]]
    assert one(played(lab, describe=net.reply({"imageDetails": both[::order]}))) == (5, "unknown", "bad-reply")
    assert one(played(lab, archived=[{"imageDetails": both[::order]}])) == (5, "unknown", "bad-reply")


@pytest.mark.parametrize("code", ["ImageNotFoundException", "RepositoryNotFoundException"])
@pytest.mark.parametrize("status", [401, 403, 408, 429, 499, 500])
def test_absence_with_a_status_that_says_something_else(lab, status, code):
    assert one(played(lab, describe=net.aws_error(code, status)))[1] == "unknown"


def without_length(text):
    return f"HTTP/1.1 400 X\r\nConnection: close\r\nx-amzn-errortype: ImageNotFoundException\r\n\r\n{text}".encode()


NAMED = [("x-amzn-errortype", "ImageNotFoundException")]


@pytest.mark.parametrize("data", [
    net.reply("<html>blocked</html>", 404, NAMED, "text/html"), net.reply("<html>blocked</html>", 400, NAMED),
    net.reply('{"mess', 400, NAMED), net.reply("", 400, NAMED), net.reply("[]", 400, NAMED), net.reply("null", 400, NAMED),
    net.reply('{"code": "RepositoryNotFoundException"', 400), net.reply('x{"code": "RepositoryNotFoundException"}', 404),
    net.reply({"__type": "ImageNotFoundException"}, 400, [("x-amzn-errortype", "ThrottlingException")]),
    net.reply({"__type": "AccessDeniedException"}, 400, NAMED)], ids=lambda data: data.decode()[:200])
def test_absence_of_a_reply_that_is_none(lab, data):
    assert one(played(lab, describe=data))[1] == "unknown"


def test_absence_of_a_cut_reply(lab):
    def handler(peer):
        peer.read_request()
        peer.send(without_length('{"mess'))
    with net.Server(handler) as server:
        assert one(net.ask(lab, server, "--json")) == (5, "unknown", "bad-reply")


def test_one_odd_digest_among_good_ones(lab):
    """ECR's own pattern refuses what a reference may hold: that must not spoil the call for the others."""
    def describe(value):
        ids = value["imageIds"]
        if any(not i.get("imageDigest", "sha256:").startswith("sha256:") for i in ids):
            return REFUSED
        return net.reply(listed(*(i["imageTag"] for i in ids)))
    result = played(lab, f"{net.ECR}/team/app:v1", f"{net.ECR}/team/app@foo:A_b=", f"{net.ECR}/team/app:v2", describe=describe)
    assert result.code == 5
    assert [verdict(s) for s in result.json] == [("present", "ok"), ("unknown", "refused"), ("present", "ok")]


@pytest.mark.skipif("san/" in os.environ.get("ECR_BIN", ""), reason="sanitizers want terabytes of addresses")
@pytest.mark.parametrize("kind", ["archive", "rules"])
def test_memory_does_not_grow_with_the_pages(lab, kind):
    """60 pages of 2 MB each, in an address space that holds a few of them."""
    padding = {"padding": "y" * 2_000_000}
    if kind == "archive":
        pages = {"archived": [net.reply({**listed("x", token=str(n + 1), imageStatus="ARCHIVED"), **padding}) for n in range(60)]}
    else:
        rows = {"pullThroughCacheRules": [{"ecrRepositoryPrefix": "other"}], **padding}
        pages = {"rules": [net.reply({**rows, "nextToken": str(n + 1)}) for n in range(60)]}
    result = played(lab, **pages, timeout="30s", prefix=["prlimit", f"--as={64 << 20}"])
    assert one(result) == (1, "absent", "no-image") and len(result.requests) > 60


@pytest.mark.parametrize("digest", [7, None, "", "nonsense", "sha256:1"])
def test_an_archived_image_whose_digest_cannot_be_read(lab, digest):
    assert one(played(lab, archived=[listed(imageStatus="ARCHIVED", digest=digest)]))[1] == "unknown"


@pytest.mark.parametrize("row", [5, None, [], {}, {"imageTags": 7, "imageDigest": ZERO}, {"imageTags": [7], "imageDigest": ZERO}])
def test_rows_of_the_archive_that_are_none(lab, row):
    assert one(played(lab, archived=[{"imageDetails": [row]}])) == (5, "unknown", "bad-reply")


def test_a_status_of_the_archive_from_the_future(lab):
    assert one(played(lab, archived=[listed(imageStatus="EVAPORATED")])) == (5, "unknown", "unsupported")
