"""`ecr tag`: further tags for an image without a pull; the manifest stays the same to the last byte."""

import json

import pytest

from lab import synth

ENV = {"AWS_REGION": "us-east-1"}
OTHER, WEST = "210987654321.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ZEROS = "sha256:" + "0" * 64
TYPES = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
         "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
         "application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.docker.distribution.manifest.v1+json",
         "application/vnd.oci.artifact.manifest.v1+json"]
NOTE = "'latest' alone does not say later what was run: tag the commit as well, as in 'ecr tag IMAGE $COMMIT latest'\n"


@pytest.fixture
def app(lab):
    lab.create_repositories(["team/app"])
    return f"{lab.host}/team/app"


@pytest.fixture
def two(lab, app):
    """Digests of images with the tags v1 and v2, made up: they have no content that could be pulled."""
    return lab.add_images(app, [{"tags": ["v1"], "age": 99}, {"tags": ["v2"]}])


def tag(lab, *arguments, env=None, **options):
    lab.clear_log()
    return lab.ecr("tag", *arguments, env={**ENV, **(env or {})}, **options)


def asked(lab):
    """(operation, body) of each call; nothing but the API has been asked."""
    assert {r["service"] for r in lab.requests()} <= {"api"}
    return [(r["operation"], json.loads(r["body"])) for r in lab.requests()]


def tags(lab, role="full", region="us-east-1"):
    """Digest -> its tags."""
    found = lab.api(role, region).describe_images(repositoryName="team/app")["imageDetails"]
    return {i["imageDigest"]: i.get("imageTags", []) for i in found}


def pulled(lab, reference, name="team/app"):
    """(manifest, digest, media type) as the registry hands it out."""
    accept = {"Accept": ", ".join(TYPES)}
    answer, data = lab._pusher(lab.host, name).ask("GET", f"/v2/{name}/manifests/{reference}", headers=accept)
    return data, answer.getheader("Docker-Content-Digest"), answer.getheader("Content-Type")


def error_of(result, code, start, *parts, out=""):
    assert result.code == code and result.stdout == out, result
    line, = result.stderr.splitlines()
    assert line.startswith("ecr: " + start) and all(part in line for part in parts), line


# ---- tags

def test_one_tag(lab, two):
    text = lab.api().batch_get_image(repositoryName="team/app", imageIds=[{"imageTag": "v1"}])["images"][0]["imageManifest"]
    result = tag(lab, "team/app:v1", "stable")
    assert (result.code, result.stdout, result.stderr) == (0, f"stable  {two[0]}\n", ""), result
    assert asked(lab) == [
        ("BatchGetImage", {"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}], "acceptedMediaTypes": TYPES}),
        ("PutImage", {"repositoryName": "team/app", "imageManifest": text, "imageManifestMediaType": TYPES[2],
                      "imageTag": "stable", "imageDigest": two[0]})]
    assert tags(lab) == {two[0]: ["v1", "stable"], two[1]: ["v2"]}


def test_many_tags(lab, two):
    names = ["1", "1.2", "1.2.3", "a" * 128, "_x", "A.b-C_d"]
    result = tag(lab, "team/app:v2", *names)
    assert result.code == 0 and result.stdout == "".join(f"{name}  {two[1]}\n" for name in names)
    operations = [operation for operation, _ in asked(lab)]
    assert operations == ["BatchGetImage"] + ["PutImage"] * 6 and len(lab.connections()) == 1
    assert [body["imageTag"] for _, body in asked(lab)[1:]] == names and tags(lab)[two[1]] == ["v2", *names]


@pytest.mark.parametrize("source", ["@{digest}", ":v1@{digest}"])
def test_source_by_digest(lab, two, source):
    result = tag(lab, "team/app" + source.format(digest=two[0]), "new")
    assert result.stdout == f"new  {two[0]}\n" and asked(lab)[0][1]["imageIds"] == [{"imageDigest": two[0]}]


@pytest.mark.parametrize("place, account, api", [
    ("{host}", "123456789012", "api.ecr.us-east-1.amazonaws.com"), (WEST, "123456789012", "api.ecr.eu-west-1.amazonaws.com"),
    (OTHER, "210987654321", "api.ecr.us-east-1.amazonaws.com")])
@pytest.mark.parametrize("form", ["new", "team/app:new", "{place}/team/app:new"])
def test_registries(lab, app, place, account, api, form):
    """The new tag may be written as a whole name."""
    lab.share(lab.other_account, lab.account)
    place = place.format(host=lab.host)
    lab.create_repositories(["team/app"], account=account, region=place.split(".")[3])
    digest, = lab.add_images(f"{place}/team/app", [{"tags": ["v1"]}])
    assert tag(lab, f"{place}/team/app:v1", form.format(place=place)).stdout == f"new  {digest}\n"
    assert [(r["host"], json.loads(r["body"])["registryId"]) for r in lab.requests()] == [(api, account)] * 2
    assert tags(lab, lab.role_of(account), place.split(".")[3]) == {digest: ["v1", "new"]}


def test_json(lab, two):
    for place, more in (("", {}), (f"{lab.host}/", {"registryId": "123456789012"})):
        result = tag(lab, "--json", f"{place}team/app:v1", "a", "b")
        assert result.code == 0 and result.json == [
            {**more, "repositoryName": "team/app", "imageId": {"imageDigest": two[0], "imageTag": name},
             "imageManifestMediaType": TYPES[2]} for name in ("a", "b")]


def test_once_more_is_success(lab, two):
    for _ in range(2):
        result = tag(lab, "team/app:v1", "a", "v1", "a")
        assert (result.code, result.stdout, result.stderr) == (0, f"a  {two[0]}\nv1  {two[0]}\na  {two[0]}\n", "")
    assert tags(lab)[two[0]] == ["v1", "a"]


def test_a_tag_moves(lab, two):
    assert tag(lab, "team/app:v2", "v1").stdout == f"v1  {two[1]}\n"
    assert tags(lab) == {two[0]: [], two[1]: ["v2", "v1"]}


def test_the_commit_and_latest(lab, app):
    """As the README has it: each build is tagged with its commit and pushed, and what is good becomes latest."""
    old, new = (lab.push_image(f"{app}:{commit}") for commit in ("4f2e1aa", "9d8c7bb"))
    for commit, made in (("4f2e1aa", old), ("9d8c7bb", new), ("4f2e1aa", old)):  # the last is the way back
        result = tag(lab, f"team/app:{commit}", "latest")
        assert (result.code, result.stdout, result.stderr) == (0, f"latest  {made.digest}\n", "")
        assert pulled(lab, "latest") == (made.manifest, made.digest, made.media_type)
    assert tags(lab) == {old.digest: ["4f2e1aa", "latest"], new.digest: ["9d8c7bb"]}


@pytest.mark.parametrize("source, names, told", [
    ("@{digest}", ["latest"], True), ("@{digest}", ["latest", "latest"], True), (":latest", ["latest"], True),
    (":latest@{digest}", ["team/app:latest"], True), (":v1", ["latest"], False), ("@{digest}", ["latest", "v9"], False),
    (":latest", ["v9"], False), ("@{digest}", ["v9"], False), ("@{digest}", ["Latest"], False),
    ("@{digest}", ["latest-1"], False)])
def test_latest_alone(lab, two, source, names, told):
    """Where no other name of the image is known the note comes, and all is done nevertheless."""
    assert tag(lab, "team/app:v1", "latest").code == 0
    image = "team/app" + source.format(digest=two[0])
    result = tag(lab, image, *names)
    assert (result.code, result.stderr) == (0, NOTE if told else ""), result
    assert len(result.lines) == len(names) and tag(lab, "-q", image, *names).stderr == ""


# ---- the manifest

def layered(**members):
    """What a manifest of one layer has, and its blobs."""
    made = synth.image(content="exact")
    return {**json.loads(made.manifest), **members}, made.blobs


TEXTS = {
    "compact": lambda value: json.dumps(value, separators=(",", ":")),
    "spaces": lambda value: " \n\t " + json.dumps(value, indent="\t", separators=(" ,", "  :  ")) + "\r\n\n ",
    "CRLF": lambda value: json.dumps(value, indent=2).replace("\n", "\r\n"),
    "raw characters": lambda value: json.dumps(value, ensure_ascii=False),
    "escapes": lambda value: json.dumps(value),
    "capital escapes": lambda value: json.dumps(value).replace("\\u00fc", "\\u00FC").replace("/", "\\/"),
    "members twice": lambda value: json.dumps(value).replace('"layers"', '"annotations": {"a": "1"}, "layers"', 1),
    "order": lambda value: json.dumps(dict(sorted(value.items(), reverse=True)), indent=4),
    "numbers": lambda value: json.dumps(value)[:-1] + ', "x": [1E+2, -0.0, 1.50, 12345678901234567890123, 1e-9]}'}
ODD = {"a": 'ünï "q" \\ / \b\f\n\r\t', "\x7f\x00\x1f": "\u0085\u061c\u200e\u2028\u2029\u202e\u2066\ufeff",
       "b": "##[x] ##vso[y] ###", "𝄞\U000e0041": "\ufffd\uffff\U0010ffff 日本 é", "c": "\\u0041\\\\\"\\/",
       "": "</script>&amp;%41%%s{}"}


@pytest.mark.parametrize("name", TEXTS)
def test_exact_bytes(lab, app, name):
    value, blobs = layered(annotations=ODD)
    made = synth.Image(TEXTS[name](value).encode(), TYPES[2], blobs)
    lab.push(f"{app}:v1", made)
    assert tag(lab, "team/app:v1", "new").stdout == f"new  {made.digest}\n"
    assert asked(lab)[1][1]["imageManifest"].encode() == made.manifest
    assert pulled(lab, "new") == (made.manifest, made.digest, made.media_type) and tags(lab) == {made.digest: ["v1", "new"]}


def test_lone_surrogate(lab, app):
    """Half of a pair can be written as an escape only: a text within a text keeps the backslash."""
    value, blobs = layered(annotations={"a": "HALF"})
    made = synth.Image(json.dumps(value).replace("HALF", "\\ud834 \\udd1e").encode(), TYPES[2], blobs)
    lab.push(f"{app}:v1", made)
    assert tag(lab, "team/app:v1", "new").code == 0 and pulled(lab, "new")[0] == made.manifest


@pytest.mark.parametrize("filling", ['\\"', "\u2028"])
def test_largest_manifest(lab, app, filling):
    """4 MiB is the service's limit; as JSON within JSON it is up to twice that, and more for what is sent as an escape."""
    value, blobs = layered(annotations={"a": "FILLING"})
    text = json.dumps(value)
    room = (4 << 20) - len(text) + len("FILLING")
    size = len(filling.encode())
    text = text.replace("FILLING", filling * (room // size) + "x" * (room % size))
    made = synth.Image(text.encode(), TYPES[2], blobs)
    assert len(made.manifest) == 4 << 20
    lab.push(f"{app}:v1", made)
    result = tag(lab, "team/app:v1", "new")
    assert (result.code, result.stdout, result.stderr) == (0, f"new  {made.digest}\n", "")
    assert pulled(lab, "new") == (made.manifest, made.digest, made.media_type)


@pytest.mark.parametrize("platform, docker, kind", [("linux/amd64", False, TYPES[2]), ("linux/amd64", True, TYPES[3]),
                                                    (["linux/amd64", "linux/arm64"], False, TYPES[0]),
                                                    (["linux/amd64", "linux/arm64"], True, TYPES[1])])
def test_media_types(lab, app, platform, docker, kind):
    made = lab.push_image(f"{app}:v1", platform, docker=docker)
    assert tag(lab, "team/app:v1", "new").stdout == f"new  {made.digest}\n"
    assert asked(lab)[1][1]["imageManifestMediaType"] == kind and pulled(lab, "new") == (made.manifest, made.digest, kind)


@pytest.mark.parametrize("index", [False, True])
def test_media_type_that_the_manifest_does_not_say(lab, app, index):
    """OCI lets it out; the service knows it from the push."""
    made = synth.index(["linux/amd64"]) if index else synth.image()
    value = json.loads(made.manifest)
    del value["mediaType"]
    bare = synth.Image(json.dumps(value).encode(), made.media_type, made.blobs, made.children)
    lab.push(f"{app}:v1", bare)
    assert tag(lab, "team/app:v1", "new").stdout == f"new  {bare.digest}\n"
    assert pulled(lab, "new") == (bare.manifest, bare.digest, made.media_type)


def test_an_artifact(lab, app):
    subject = lab.push_image(f"{app}:v1")
    made = lab.push_image(f"{app}:sbom", artifactType="application/vnd.example.sbom", subject=subject.descriptor())
    assert tag(lab, f"team/app@{made.digest}", "keep").code == 0
    assert pulled(lab, "keep") == (made.manifest, made.digest, made.media_type)


@pytest.mark.parametrize("change", [{"imageManifest": "{}"}, {"imageManifest": None}, {"imageId": {"imageTag": "v1"}},
                                    {"imageId": {"imageTag": "other", "imageDigest": ZEROS}}, {"repositoryName": "other/app"}])
def test_a_manifest_that_is_not_what_was_asked_for(lab, two, change):
    """What does not have its own digest, or is of something else, is put nowhere."""
    question = json.dumps({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]})
    image = lab.ecr("api", "--json", "BatchGetImage", question, env=ENV).json[0]["images"][0]
    answer = json.dumps({"images": [{**image, **change}], "failures": []})
    lab.fault("body", service="api", operation="BatchGetImage", text=answer)
    result = tag(lab, "team/app:v1", "new")
    assert result.code == 5 and result.stdout == "" and [operation for operation, _ in asked(lab)] == ["BatchGetImage"]
    assert result.stderr.startswith("ecr: ") and len(result.stderr.splitlines()) == 1


# ---- immutable tags

def mutability(lab, mode, *filters):
    entries = [{"filterType": "WILDCARD", "filter": text} for text in filters]
    lab.api().put_image_tag_mutability(repositoryName="team/app", imageTagMutability=mode,
                                       **({"imageTagMutabilityExclusionFilters": entries} if entries else {}))


@pytest.mark.parametrize("mode, filters, moves", [
    ("IMMUTABLE", [], False), ("IMMUTABLE_WITH_EXCLUSION", ["latest", "v*"], True),
    ("IMMUTABLE_WITH_EXCLUSION", ["latest"], False), ("MUTABLE_WITH_EXCLUSION", ["v*"], False),
    ("MUTABLE_WITH_EXCLUSION", ["release-*"], True)])
def test_immutable_tags(lab, two, mode, filters, moves):
    mutability(lab, mode, *filters)
    result = tag(lab, "team/app:v2", "v1")
    if moves:
        assert (result.code, result.stdout, result.stderr) == (0, f"v1  {two[1]}\n", "")
        return
    error_of(result, 5, "team/app:v1: ", "immutable", two[0], two[1], "'ecr repo set --immutable --except FILTER'")
    assert [operation for operation, _ in asked(lab)] == ["BatchGetImage", "PutImage", "DescribeImages"]
    assert asked(lab)[2][1] == {"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]}
    assert tags(lab) == {two[0]: ["v1"], two[1]: ["v2"]}


def test_new_and_same_tags_of_an_immutable_repository(lab, two):
    mutability(lab, "IMMUTABLE")
    for _ in range(2):
        result = tag(lab, "team/app:v1", "v1", "new")
        assert (result.code, result.stdout, result.stderr) == (0, f"v1  {two[0]}\nnew  {two[0]}\n", "")


def test_latest_moves_where_all_else_is_immutable(lab, two):
    mutability(lab, "IMMUTABLE_WITH_EXCLUSION", "latest")
    for version in ("v1", "v2", "v1"):
        assert tag(lab, f"team/app:{version}", "latest").code == 0
    assert tags(lab) == {two[0]: ["v1", "latest"], two[1]: ["v2"]}


def test_the_service_calls_the_same_digest_a_conflict(lab, two):
    """The tag is looked up: it points to the image already."""
    lab.fault("refuse", service="api", operation="PutImage", code="ImageTagAlreadyExistsException", message="immutable")
    result = tag(lab, "team/app:v1", "v1")
    assert (result.code, result.stdout, result.stderr) == (0, f"v1  {two[0]}\n", "")
    assert [operation for operation, _ in asked(lab)] == ["BatchGetImage", "PutImage", "DescribeImages"]


def test_a_conflict_that_cannot_be_looked_up(lab, two):
    mutability(lab, "IMMUTABLE")
    lab.new_key("tagger", allow=["BatchGetImage", "PutImage"])
    said = f"team/app:v1: the tag is immutable and points elsewhere than to {two[1]}; where to could not be asked"
    error_of(tag(lab, "team/app:v2", "v1", key="tagger"), 5, said)


def test_it_stops_at_the_first_that_fails(lab, two):
    mutability(lab, "IMMUTABLE")
    error_of(tag(lab, "team/app:v2", "new", "v1", "latest"), 5, "team/app:v1: ", two[0], out=f"new  {two[1]}\n")
    assert [body["imageTag"] for operation, body in asked(lab) if operation == "PutImage"] == ["new", "v1"]
    assert tags(lab) == {two[0]: ["v1"], two[1]: ["v2", "new"]}
    done, error = tag(lab, "--json", "team/app:v2", "new", "v1", "latest").json
    assert done["imageId"]["imageTag"] == "new" and error["error"]["subject"] == "team/app:v1"


# ---- what is refused

@pytest.mark.parametrize("source, new", [
    ("team/app:v1", "team/other:v1"), ("team/app:v1", "app:v1"), ("{host}/team/app:v1", "public.ecr.aws/lab/team/app:v1"),
    ("team/app:v1", "{host}/team/other:v1"), ("{host}/team/app:v1", "team/other:v1"),
    ("{host}/team/app:v1", f"{WEST}/team/app:v1"), ("{host}/team/app:v1", f"{OTHER}/team/app:v1"),
    ("{host}/team/app:v1", "{host}/team/app2:v1"), ("team/app:v1", "team/app/more:v1")])
def test_another_repository(lab, source, new):
    source, new = source.format(host=lab.host), new.format(host=lab.host)
    for names in ([new], ["fine", new]):
        error_of(tag(lab, source, *names, key=None), 2,
                 f"{new}: that is another repository than {source}: 'ecr copy' copies an image there")
        assert lab.requests() == []


@pytest.mark.parametrize("new", ["{host}/team/app:new", f"{WEST}/team/app:new", "public.ecr.aws/lab/team/app:new"])
def test_a_registry_that_the_source_does_not_say(lab, new):
    """It may be another than that of the environment."""
    new = new.format(host=lab.host)
    for names in ([new], ["fine", new]):
        error_of(tag(lab, "team/app:v1", *names, key=None), 2,
                 f"{new}: team/app:v1 does not say its registry, so it may be another: name it there, too")
        assert lab.requests() == []


@pytest.mark.parametrize("arguments, parts", [
    ([], ["tag"]), (["team/app:v1"], ["tag", "NEWTAG"]), (["team/app", "x"], ["team/app", "a tag or a digest"]),
    (["team/app:v1", ""], ["''", "128"]), (["team/app:v1", "-a"], ["-a"]), (["team/app:v1", ".a"], [".a", "128"]),
    (["team/app:v1", "a" * 129], ["128"]), (["team/app:v1", "a b"], ["a b", "128"]), (["team/app:v1", "ä"], ["128"]),
    (["team/app:v1", "fine", "a+b"], ["a+b", "128"]), (["team/app:v1", "team/app:.x"], ["128"]),
    (["team/app:v1", "team/app"], ["team/app"]), (["team/app:v1", f"team/app@{ZEROS}"], ["without a digest"]),
    (["team/app:v1", f"team/app:x@{ZEROS}"], ["without a digest"]),
    (["team/app@sha256:12", "x"], ["sha256"]), (["Team/app:v1", "x"], ["capital"]), (["a:v1", "x"], ["2 characters"]),
    (["registry.example.com:5000/app:v1", "x"], ["no registry"]), (["public.ecr.aws/lab/app:v1", "x"], ["ECR Public"]),
    (["--public", "team/app:v1", "x"], ["--public"])])
def test_bad_usage(lab, arguments, parts):
    error_of(tag(lab, *arguments, key=None), 2, "", *parts)
    assert lab.requests() == []


@pytest.mark.parametrize("allow, action, thing", [(["PutImage"], "BatchGetImage", "team/app:v1: "),
                                                  (["BatchGetImage"], "PutImage", "team/app:new: ")])
def test_denied(lab, two, allow, action, thing):
    lab.new_key("half", allow=allow)
    error_of(tag(lab, "team/app:v1", "new", "newer", key="half"), 3, thing, f"IAM action ecr:{action}")
    assert [operation for operation, _ in asked(lab)][-1] == action and len(asked(lab)) == (2 if action == "PutImage" else 1)


def test_denied_with_a_host(lab, two, app):
    lab.new_key("half", allow=["BatchGetImage"])
    for new in ("new", f"{app}:new"):
        error_of(tag(lab, f"{app}:v1", new, key="half"), 3, f"{app}:new: ", "IAM action ecr:PutImage")


@pytest.mark.parametrize("source, parts", [("team/app:no", ["ImageNotFound", "'ecr image ls'"]),
                                           (f"team/app@{ZEROS}", ["ImageNotFound"]),
                                           ("none:v1", ["RepositoryNotFoundException", "'ecr repo ls'"])])
def test_not_there(lab, two, source, parts):
    for name in (source, f"{lab.host}/{source}"):
        error_of(tag(lab, name, "new"), 1, name + ": ", *parts)
        looks = [body["filter"] for operation, body in asked(lab)[1:] if operation == "DescribeImages" and "filter" in body]
        assert {operation for operation, _ in asked(lab)[1:]} <= {"DescribeImages"}  # it may be archived
        assert asked(lab)[0][0] == "BatchGetImage" and bool(looks) == ("team/app" in source)


def test_archived_ones_may_not_be_asked_for(lab, two):
    """Then it is said what is known."""
    lab.new_key("half", allow=["BatchGetImage", "PutImage"])
    error_of(tag(lab, "team/app:no", "new", key="half"), 1, "team/app:no: ", "ImageNotFound", "'ecr image ls'")


@pytest.mark.parametrize("name, value", [("repositoryName", "team/other"), ("registryId", "210987654321")])
def test_a_reply_about_another_repository(lab, two, name, value):
    made = {"registryId": "123456789012", "repositoryName": "team/app", "imageId": {"imageDigest": two[0], "imageTag": "new"}}
    lab.fault("body", service="api", operation="PutImage", text=json.dumps({"image": {**made, name: value}}))
    error_of(tag(lab, f"{lab.host}/team/app:v1", "new"), 5, "", "PutImage")


@pytest.mark.parametrize("code, status, parts", [
    ("LimitExceededException", 5, ["Service Quotas"]), ("LayersNotFoundException", 5, ["push"]), ("KmsException", 3, ["KMS"]),
    ("ReferencedImagesNotFoundException", 5, ["index"]), ("ImageDigestDoesNotMatchException", 5, []),
    ("ServerException", 4, []), ("RepositoryNotFoundException", 1, ["'ecr repo ls'"]), ("ThrottlingException", 4, []),
    ("NewException", 5, [])])
def test_what_the_service_refuses(lab, two, code, status, parts):
    http = 500 if code == "ServerException" else 400
    lab.fault("refuse", service="api", operation="PutImage", code=code, message="its own reason", status=http, skip=1)
    result = tag(lab, "--max-attempts", "1", "team/app:v1", "a", "b", "c")
    error_of(result, status, "team/app:b: ", code, "its own reason", *parts, out=f"a  {two[0]}\n")
    assert len(asked(lab)) == 3


@pytest.mark.parametrize("fault", ["throttle", "cut_head"])
def test_a_second_attempt(lab, two, fault):
    """Whether the first one arrived or not, the tag is there in the end."""
    lab.fault(fault, service="api", operation="PutImage", count=1)
    result = tag(lab, "team/app:v1", "new")
    assert (result.code, result.stdout, result.stderr) == (0, f"new  {two[0]}\n", "")
    assert [operation for operation, _ in asked(lab)] == ["BatchGetImage", "PutImage", "PutImage"]
    assert tags(lab)[two[0]] == ["v1", "new"]


@pytest.mark.parametrize("code, status", [("ImageNotFound", 1), ("KmsError", 5), ("UpstreamUnavailable", 4), ("New", 5)])
def test_a_source_that_cannot_be_read(lab, two, code, status):
    failure = {"imageId": {"imageTag": "v1"}, "failureCode": code, "failureReason": "some reason"}
    answer = json.dumps({"images": [], "failures": [failure]})
    lab.fault("body", service="api", operation="BatchGetImage", text=answer)
    error_of(tag(lab, "team/app:v1", "new"), status, "team/app:v1: ", code)
    assert asked(lab)[0][0] == "BatchGetImage"
    assert all(operation == "DescribeImages" and code == "ImageNotFound" for operation, _ in asked(lab)[1:])
    assert len(asked(lab)) > 1 or code != "ImageNotFound"


def test_an_archived_source(lab, app):
    """It is there, which is another answer than that there is none."""
    digest, _ = lab.add_images(app, [{"tags": ["old"], "status": "ARCHIVED"}, {"tags": ["way"], "status": "ACTIVATING"}])
    for name, status in ((":old", "ARCHIVED"), (f"@{digest}", "ARCHIVED"), (":way", "ACTIVATING")):
        for place in ("team/app", app):
            hint = "'ecr image restore' makes it usable again"
            error_of(tag(lab, place + name, "new"), 6, f"{place}{name}: it is there, but {status}; {hint}")
            assert lab.requests(operation="PutImage") == []
