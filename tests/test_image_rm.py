"""`ecr image rm`: tags and images of any repositories and registries at once, 100 a call, children of an index after it."""

import itertools
import json
import os
import pty
import select
import subprocess

import pytest

from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
ENV = {"AWS_REGION": "us-east-1"}
OTHER, WEST = "210987654321.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ZEROS, ONES = ("sha256:" + digit * 64 for digit in "01")
LAST_TAG = "An image that had no other tag is gone with its last one"
NOT_LOOKED_AT = "An image that an index refers to stays as long as the index: that was not looked at"


@pytest.fixture
def app(lab):
    lab.create_repositories(["team/app", "other"])
    return f"{lab.host}/team/app"


def remove(lab, *arguments, env=None, **options):
    lab.clear_log()
    return lab.ecr("image", "rm", "--yes", *arguments, env={**ENV, **(env or {})}, **options)


def bodies(lab, operation="BatchDeleteImage"):
    return [json.loads(r["body"]) for r in lab.requests(operation=operation)]


def calls(lab):
    """(host, account, repository, ids) of each deletion."""
    return [(r["host"], body.get("registryId"), body["repositoryName"], body["imageIds"])
            for r in lab.requests(operation="BatchDeleteImage") for body in [json.loads(r["body"])]]


def left(lab, name="team/app", service="ecr", **where):
    """Digest -> tags of what is there."""
    more = {"filter": {"imageStatus": "ANY"}} if service == "ecr" else {}
    pages = lab.api(service=service, **where).get_paginator("describe_images").paginate(repositoryName=name, **more)
    return {i["imageDigest"]: i.get("imageTags", []) for page in pages for i in page["imageDetails"]}


def errors_of(result, *wanted, note=None):
    """A line of stderr for each tuple of parts, in their order, then the note, and no other."""
    lines = result.stderr.splitlines()
    assert lines[len(wanted):] == ([note] if note else []) and len(lines) >= len(wanted), result
    for line, parts in zip(lines, wanted):
        assert line.startswith("ecr: " + parts[0]) and all(part in line for part in parts), (line, parts)


# ---- tags and digests

def test_by_tag_and_by_digest(lab, app):
    two, one, none, stays = lab.add_images(app, [{"tags": ["a", "b"]}, {"tags": ["c", "d"]}, {}, {"tags": ["e"]}])
    result = remove(lab, "team/app:a", f"team/app@{one}", f"team/app@{none}", "team/app:never")
    assert result.code == 0 and result.stderr == LAST_TAG + "\n", result
    assert result.stdout == (f"untagged  team/app:a  {two}\ndeleted  team/app@{one}  {one}\n"
                             f"deleted  team/app@{none}  {none}\ngone  team/app:never\n")
    assert bodies(lab) == [{"repositoryName": "team/app", "imageIds": [
        {"imageTag": "a"}, {"imageDigest": one}, {"imageDigest": none}, {"imageTag": "never"}]}]
    assert len(lab.requests()) == 1 and left(lab) == {two: ["b"], stays: ["e"]}


def test_the_last_tag_takes_the_image_along(lab, app):
    """What is gone already is success."""
    digest, = lab.add_images(app, [{"tags": ["a", "b", "c"]}])
    assert remove(lab, "team/app:a").stderr == LAST_TAG + "\n" and left(lab) == {digest: ["b", "c"]}
    result = remove(lab, "-q", "team/app:c")
    assert (result.code, result.stderr) == (0, "") and left(lab) == {digest: ["b"]}
    assert remove(lab, "team/app:b").stdout == f"untagged  team/app:b  {digest}\n" and left(lab) == {}
    result = remove(lab, "team/app:b", f"team/app@{digest}")
    assert (result.code, result.stdout, result.stderr) == (0, f"gone  team/app:b\ngone  team/app@{digest}\n", "")


def test_json(lab, app):
    one, two, child = lab.add_images(app, [{"tags": ["a"]}, {}, {}])
    index, = lab.add_images(app, [{"children": [child]}])
    result = remove(lab, "--json", "team/app:a", f"team/app@{two}", "team/app:no", f"team/app@{child}")
    assert result.code == 5 and result.json == [
        {"image": "team/app:a", "state": "untagged", "imageTag": "a", "imageDigest": one},
        {"image": f"team/app@{two}", "state": "deleted", "imageDigest": two},
        {"image": "team/app:no", "state": "gone", "imageTag": "no"},
        {"image": f"team/app@{child}", "state": "failed", "imageDigest": child,
         "failure": f"ImageReferencedByManifestList: Requested image referenced by manifest list: [{index}]; "
                    "remove the index that refers to it, too"}]
    errors_of(result, (f"team/app@{child}: it was not removed: ImageReferencedByManifestList: ",), note=LAST_TAG)


def test_archived_images(lab, app):
    one, two = lab.add_images(app, [{"tags": ["old"], "status": "ARCHIVED"}, {"status": "ARCHIVED"}])
    result = remove(lab, "team/app:old", f"team/app@{two}")
    assert result.stdout == f"untagged  team/app:old  {one}\ndeleted  team/app@{two}  {two}\n" and left(lab) == {}


# ---- many

@pytest.mark.parametrize("count, sizes", [(100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_hundred_a_call(lab, app, count, sizes):
    digests = lab.add_images(app, count + 1)
    result = remove(lab, *(f"team/app@{d}" for d in digests[1:]))
    assert result.code == 0 and result.lines == [f"deleted  team/app@{d}  {d}" for d in digests[1:]]
    assert [len(body["imageIds"]) for body in bodies(lab)] == sizes and len(lab.connections()) == 1
    assert [i["imageDigest"] for body in bodies(lab) for i in body["imageIds"]] == digests[1:]
    assert list(left(lab)) == digests[:1]


def test_several_repositories(lab, app):
    """Whatever their order, the images of one repository go together; what is printed keeps the order."""
    ours, others = (lab.add_images(f"{lab.host}/{name}", 130) for name in ("team/app", "other"))
    images = [f"{name}@{d}" for pair in zip(ours, others) for name, d in zip(("team/app", "other"), pair)]
    result = remove(lab, *images)
    assert result.code == 0 and result.lines == [f"deleted  {image}  {image.partition('@')[2]}" for image in images]
    assert sorted((c[2], len(c[3])) for c in calls(lab)) == [("other", 30), ("other", 100), ("team/app", 30),
                                                             ("team/app", 100)]
    assert left(lab) == left(lab, "other") == {}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_several_registries(lab, app, order):
    """The same name and tag in each of them: only what was named goes, with its own account, region and API."""
    lab.share(lab.other_account, lab.account)
    places = [(f"{lab.host}/team/app", lab.api_host, lab.account), (f"{OTHER}/team/app", lab.api_host, lab.other_account),
              (f"{WEST}/team/app", "api.ecr.eu-west-1.amazonaws.com", lab.account)]
    lab.create_repositories(["team/app"], account=lab.other_account)
    lab.create_repositories(["team/app"], region="eu-west-1")
    digests = [lab.add_images(where, [{"tags": ["v1", "v2"]}])[0] for where, _, _ in places]
    result = remove(lab, *(f"{places[i][0]}:v1" for i in order))
    assert result.code == 0 and result.lines == [f"untagged  {places[i][0]}:v1  {digests[i]}" for i in order]
    assert calls(lab) == [(places[i][1], places[i][2], "team/app", [{"imageTag": "v1"}]) for i in order]
    assert left(lab, region="eu-west-1") == {digests[2]: ["v2"]} and left(lab, role="other") == {digests[1]: ["v2"]}


@pytest.fixture
def both(lab, app):
    """Repositories of one name, here and in ECR Public, with images of the same tag."""
    lab.create_public_repository("team/app")
    return [lab.add_images(where, [{"tags": ["v1", "v2"]}])[0] for where in (app, "public.ecr.aws/lab/team/app")]


@pytest.mark.parametrize("arguments, private, public", [
    (["--public", "team/app:v1"], ["v1", "v2"], ["v2"]),
    (["public.ecr.aws/lab/team/app:v1"], ["v1", "v2"], ["v2"]),
    (["team/app:v1", "public.ecr.aws/lab/team/app:v2"], ["v2"], ["v1"]),
    (["public.ecr.aws/lab/team/app:v2", "team/app:v1"], ["v2"], ["v1"]),
    (["{host}/team/app:v1", "public.ecr.aws/q1w2e3r4/team/app:v2"], ["v2"], ["v1"]),
    (["public.ecr.aws/lab/team/app:v2", "{host}/team/app:v1"], ["v2"], ["v1"])])
def test_public_and_private(lab, both, arguments, private, public):
    """A name without a host is one of the private registry, whatever stands beside it."""
    result = remove(lab, *(a.format(host=lab.host) for a in arguments))
    assert result.code == 0 and result.stderr == LAST_TAG + "\n", result
    assert left(lab) == {both[0]: private} and left(lab, service="ecr-public") == {both[1]: public}


def test_public_calls(lab, both):
    result = remove(lab, "--public", "team/app:v1", f"team/app@{both[1]}", env={"AWS_REGION": "eu-west-1"})
    assert result.stdout == f"untagged  team/app:v1  {both[1]}\ndeleted  team/app@{both[1]}  {both[1]}\n"
    assert calls(lab) == [("api.ecr-public.us-east-1.amazonaws.com", None, "team/app",
                           [{"imageTag": "v1"}, {"imageDigest": both[1]}])]


def test_no_credentials_for_one_registry(lab, app):
    """What is meant for a registry that cannot be opened is sent to no other."""
    digests = [lab.add_images(f"{lab.host}/{name}", [{"tags": ["v1"]}])[0] for name in ("team/app", "other")]
    result = remove(lab, "team/app:v1", f"{OTHER}/first:v1", f"{OTHER}/other:v1", f"{OTHER}/team/app:v1",
                    env={"ECR_REGISTRY_MAP": f"{lab.other_account}=nobody"})
    assert result.code == 3 and result.lines == [f"untagged  team/app:v1  {digests[0]}", f"failed  {OTHER}/first:v1",
                                                 f"failed  {OTHER}/other:v1", f"failed  {OTHER}/team/app:v1"]
    errors_of(result, *[("", "no profile 'nobody'", lab.other_account)] * 3, note=LAST_TAG)
    assert len(bodies(lab)) == 1 and left(lab, "other") == {digests[1]: ["v1"]}


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_registry_that_cannot_be_opened(lab, app, options, place):
    """Wherever it stands it fails by itself, and the others are done."""
    digest, = lab.add_images(app, [{"tags": ["v1", "v2", "v3"]}])
    images = ["team/app:v1", "team/app:v2"]
    images.insert(place, f"{OTHER}/team/app:v1")
    result = remove(lab, *options, *images, env={"ECR_REGISTRY_MAP": f"{lab.other_account}=nobody"})
    done = "would-untag" if options else "untagged"
    wanted = [f"failed  {i}" if i.startswith(OTHER) else f"{done}  {i}  {digest}" for i in images]
    assert result.code == 3 and result.lines == wanted, result
    errors_of(result, ("", "no profile 'nobody'", lab.other_account), note=NOT_LOOKED_AT if options else LAST_TAG)
    assert left(lab) == {digest: ["v1", "v2", "v3"] if options else ["v3"]}


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_public_registry_of_a_stranger(lab, both, options, place):
    strange = ["public.ecr.aws/other/first:v1", "public.ecr.aws/other/team/app:v1"]
    images = [*strange[:place], "public.ecr.aws/lab/team/app:v2", *strange[place:]]
    result = remove(lab, *options, *images)
    assert result.code == 3 and [line.split()[1] for line in result.lines] == images, result
    assert result.lines.pop(place).split()[0] == ("would-untag" if options else "untagged")
    assert [line for line in result.lines if "/other/" in line] == [f"failed  {image}" for image in strange]
    errors_of(result, *((f"{i}: ", "alias other") for i in strange), note=NOT_LOOKED_AT if options else LAST_TAG)
    assert left(lab, service="ecr-public") == {both[1]: ["v1", "v2"] if options else ["v1"]}


# ---- an index and its children

@pytest.fixture
def family(lab, app):
    """Three children, an index of them, and an index of that."""
    children = lab.add_images(app, [{}, {}, {"tags": ["child"]}])
    index, = lab.add_images(app, [{"children": children, "tags": ["index"]}])
    top, = lab.add_images(app, [{"children": [index], "tags": ["top"]}])
    return [*children, index, top]


@pytest.mark.parametrize("order, rounds", [((4, 3, 0, 1, 2), 1), ((0, 1, 2, 3, 4), 3), ((0, 3, 4, 1, 2), 3),
                                           ((3, 0, 4, 1, 2), 2), ((0, 4, 1, 3, 2), 2)])
def test_children_in_any_order(lab, family, order, rounds):
    digests = [family[i] for i in order]
    result = remove(lab, *(f"team/app@{d}" for d in digests))
    assert result.code == 0 and result.stderr == "" and left(lab) == {}
    assert result.lines == [f"deleted  team/app@{d}  {d}" for d in digests] and len(bodies(lab)) == rounds
    sent = [[i["imageDigest"] for i in body["imageIds"]] for body in bodies(lab)]
    assert sent[0] == digests and all(set(b) < set(a) for a, b in zip(sent, sent[1:]))  # what has gone is not asked for again


@pytest.mark.parametrize("order, code, stays", [(("top", "index"), 0, [1, 2]), (("index", "top"), 5, [0, 1, 2, 3])])
def test_indexes_by_their_tags(lab, family, order, code, stays):
    """The tag of an index that another lists goes alone."""
    result = remove(lab, f"team/app@{family[0]}", *(f"team/app:{tag}" for tag in order))
    assert result.code == code and set(left(lab)) == {family[i] for i in stays}, result
    assert [line.split()[0] for line in result.lines] == ["failed" if code else "deleted", "untagged", "untagged"]


@pytest.mark.parametrize("first, sizes", [(True, [100, 51]), (False, [100, 51, 100, 50])])
def test_children_over_several_calls(lab, app, first, sizes):
    children = lab.add_images(app, 150)
    index, = lab.add_images(app, [{"children": children}])
    digests = [index, *children] if first else [*children, index]
    result = remove(lab, *(f"team/app@{d}" for d in digests))
    assert result.code == 0 and result.lines == [f"deleted  team/app@{d}  {d}" for d in digests] and left(lab) == {}
    assert [len(body["imageIds"]) for body in bodies(lab)] == sizes


def test_a_child_whose_index_stays(lab, family):
    for beside, count in (([], 1), (["team/app:top", "team/app:none"], 2)):
        result = remove(lab, f"team/app@{family[0]}", *beside)
        assert result.code == 5 and result.lines[0] == f"failed  team/app@{family[0]}", result
        assert [line.split()[0] for line in result.lines[1:]] == ["untagged", "gone"][:len(beside)]
        errors_of(result, (f"team/app@{family[0]}: ", "ImageReferencedByManifestList", family[3],
                           "; remove the index that refers to it, too"), note=LAST_TAG if beside else None)
        assert len(bodies(lab)) == count and family[0] in left(lab)


@pytest.mark.parametrize("with_index", [False, True])
def test_a_child_by_tag_and_by_digest(lab, family, with_index):
    """That its tag went does not say that it went."""
    child = family[2]
    more = [f"team/app@{family[3]}", "team/app:top"] if with_index else []
    result = remove(lab, "team/app:child", f"team/app@{child}", *more)
    assert (child in left(lab)) == (not with_index), result
    assert (result.code, result.lines[1].split()[0]) == ((0, "deleted") if with_index else (5, "failed"))
    assert result.lines[0] == f"untagged  team/app:child  {child}"


# ---- the same one twice

def test_duplicates(lab, app):
    one, two = lab.add_images(app, [{"tags": ["a"]}, {"tags": ["b", "c"]}])
    images = ["team/app:a", "team/app:a", f"team/app@{two}", "team/app:b", f"team/app@{two}", f"{app}:a", f"{app}@{two}"]
    result = remove(lab, *images)
    assert result.code == 0 and result.stderr == LAST_TAG + "\n" and left(lab) == {}
    assert [line.split()[1] for line in result.lines] == images
    assert {line.split()[0] for line in result.lines} <= {"untagged", "deleted", "gone"}
    assert result.lines[0] == f"untagged  team/app:a  {one}" and result.lines[2] == f"deleted  team/app@{two}  {two}"


def test_tag_with_its_digest(lab, app):
    one, two = lab.add_images(app, [{"tags": ["a", "b"]}, {"tags": ["c"]}])
    result = remove(lab, f"team/app:a@{one}")
    assert result.stdout == f"untagged  team/app:a@{one}  {one}\n" and left(lab) == {one: ["b"], two: ["c"]}
    assert bodies(lab)[0]["imageIds"] == [{"imageDigest": one, "imageTag": "a"}]
    result = remove(lab, f"team/app:b@{two}")
    assert result.code == 5 and left(lab) == {one: ["b"], two: ["c"]}
    errors_of(result, (f"team/app:b@{two}: ", "ImageTagDoesNotMatchDigest"))


def test_tag_with_another_digest_beside_the_tag(lab, app):
    """One and the same tag: what becomes of the one operand says nothing of the other."""
    one, two = lab.add_images(app, [{"tags": ["a", "b"]}, {"tags": ["c"]}])
    result = remove(lab, f"team/app:a@{two}", "team/app:a")
    assert result.lines == [f"failed  team/app:a@{two}", f"untagged  team/app:a  {one}"] and result.code == 5
    errors_of(result, (f"team/app:a@{two}: ", "ImageTagDoesNotMatchDigest"), note=LAST_TAG)


# ---- failures

@pytest.mark.parametrize("code, reason, parts", [
    ("KmsError", "the key is disabled", ["KmsError: the key is disabled"]), ("New", None, ["New"]),
    (None, "words alone", ["words alone"]), (None, None, []), ("Evil", "\x1b[2J\nsecond\u202e line", ["second"])])
def test_what_the_service_says_of_one(lab, app, code, reason, parts):
    failure = {"imageId": {"imageTag": "a"}, "failureCode": code, "failureReason": reason}
    answer = {"imageIds": [{"imageTag": "b", "imageDigest": ONES}],
              "failures": [{name: value for name, value in failure.items() if value}]}
    lab.fault("body", service="api", operation="BatchDeleteImage", text=json.dumps(answer))
    result = remove(lab, "team/app:a", "team/app:b")
    assert result.code == 5 and result.stdout == f"failed  team/app:a\nuntagged  team/app:b  {ONES}\n", result
    assert len(lab.requests()) == 1
    errors_of(result, ("team/app:a: ", *parts), note=LAST_TAG)
    assert "\x1b" not in result.stderr and "\u202e" not in result.stderr


def test_what_the_service_says_nothing_of(lab, app):
    """It is asked once more, and has failed then: silence is no success."""
    answer = {"imageIds": [{"imageTag": "b", "imageDigest": ONES}], "failures": []}
    lab.fault("body", service="api", operation="BatchDeleteImage", text=json.dumps(answer))
    result = remove(lab, "team/app:a", "team/app:b")
    assert result.code == 5 and result.stdout == f"failed  team/app:a\nuntagged  team/app:b  {ONES}\n", result
    errors_of(result, ("team/app:a: ", "nothing was said about it"), note=LAST_TAG)
    assert [body["imageIds"] for body in bodies(lab)] == [[{"imageTag": "a"}, {"imageTag": "b"}], [{"imageTag": "a"}]]


@pytest.mark.parametrize("digest", [{}, {"imageDigest": None}, {"imageDigest": 7}, {"imageDigest": ""},
                                    {"imageDigest": "sha256:12"}, {"imageDigest": ONES + "0"}, {"imageDigest": ONES + "\n"},
                                    {"imageDigest": "x"}])
def test_a_row_without_a_good_digest(lab, app, digest):
    """It is no removal."""
    answer = {"imageIds": [{"imageTag": "b", **digest}], "failures": []}
    lab.fault("body", service="api", operation="BatchDeleteImage", text=json.dumps(answer))
    result = remove(lab, "team/app:b", f"team/app@{ONES}")
    assert result.code == 5 and result.stdout == f"failed  team/app:b\nfailed  team/app@{ONES}\n", result
    errors_of(result, *((f"{name}: ", "nothing was said about it") for name in ("team/app:b", f"team/app@{ONES}")))
    assert len(bodies(lab)) == 1


def test_a_row_about_another_image(lab, app):
    answer = {"imageIds": [{"imageTag": "a", "imageDigest": ZEROS}, {"imageTag": "b", "imageDigest": ZEROS}], "failures": []}
    lab.fault("body", service="api", operation="BatchDeleteImage", text=json.dumps(answer))
    result = remove(lab, f"team/app@{ONES}", f"team/app:b@{ONES}", "team/app:c")
    assert result.code == 5 and [line.split()[0] for line in result.lines] == ["failed"] * 3, result
    assert result.stderr.count("nothing was said about it") == len(result.stderr.splitlines()) == 3


@pytest.mark.parametrize("name, value", [("repositoryName", "other"), ("registryId", "210987654321")])
def test_a_reply_about_another_repository(lab, app, name, value):
    answer = {"imageIds": [{"imageTag": "a", "imageDigest": ONES}], "failures": [], name: value}
    lab.fault("body", service="api", operation="BatchDeleteImage", text=json.dumps(answer))
    result = remove(lab, f"{app}:a")
    assert result.code == 5 and result.stdout == f"failed  {app}:a\n" and len(bodies(lab)) == 1, result
    errors_of(result, ("", "BatchDeleteImage"))


def test_denied(lab, app):
    digest, = lab.add_images(app, [{"tags": ["a"]}])
    result = remove(lab, "team/app:a", f"team/app@{digest}", "other:b", key="describe")
    assert result.code == 3 and result.stdout == f"failed  team/app:a\nfailed  team/app@{digest}\nfailed  other:b\n"
    errors_of(result, ("team/app:a: ", "ecr:BatchDeleteImage"), ("other:b: ", "ecr:BatchDeleteImage"))
    errors_of(remove(lab, f"{app}:a", key="describe"), (f"{app}:a: ", "ecr:BatchDeleteImage"))
    assert left(lab) == {digest: ["a"]}


def test_denied_in_public(lab, both):
    lab.new_key("looker", allow=["ecr-public:Describe*"])
    errors_of(remove(lab, "--public", "team/app:v1", key="looker"), ("team/app:v1: ", "ecr-public:BatchDeleteImage"))


def test_one_call_is_denied(lab, app):
    for name in ("team/app", "other"):
        lab.add_images(f"{lab.host}/{name}", [{"tags": ["a", "b"]}])
    lab.fault("deny", service="api", count=1)
    result = remove(lab, "--json", "team/app:a", "other:b", "other:c")
    error, *rows = result.json
    assert result.code == 3 and (error["error"]["reason"], error["error"]["subject"]) == ("denied", "team/app:a"), result
    assert [(r["image"], r["state"]) for r in rows] == [("team/app:a", "failed"), ("other:b", "untagged"), ("other:c", "gone")]
    errors_of(result, ("team/app:a: ", "ecr:BatchDeleteImage"), note=LAST_TAG)


def test_repository_that_is_not_there(lab, app):
    digest, = lab.add_images(app, [{"tags": ["a"]}])
    result = remove(lab, "none:a", "team/app:a")
    assert result.code == 1 and result.stdout == f"failed  none:a\nuntagged  team/app:a  {digest}\n"
    hint = "; 'ecr repo ls' lists what there is in us-east-1; is it the right account and region?"
    errors_of(result, ("none:a: ", "RepositoryNotFoundException", hint), note=LAST_TAG)
    result = remove(lab, "--public", "none:a")
    assert result.code == 1 and result.stdout == "failed  none:a\n"
    errors_of(result, ("none:a: ", "RepositoryNotFoundException", "; 'ecr repo ls --public' lists what there is"))
    assert "region" not in result.stderr


def test_the_worst_counts(lab, family):
    lab.fault("throttle", service="api", count=1)
    result = remove(lab, "--max-attempts", "1", "none:a", "other:a", f"team/app@{family[0]}")
    assert result.code == 5 and [line.split()[0] for line in result.lines] == ["failed", "gone", "failed"]
    errors_of(result, ("none:a: ",), (f"team/app@{family[0]}: ",))


@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("cut", 4), ("html", 5), ("garble_json", 5),
                                         ("other_shape", 5)])
def test_faults(lab, app, fault, code):
    lab.fault(fault, service="api")
    result = remove(lab, "--max-attempts", "1", "team/app:a", "team/app:b")
    assert result.code == code and result.stdout == "failed  team/app:a\nfailed  team/app:b\n", result
    assert len(result.stderr.splitlines()) == 1 and len(lab.requests()) == 1


def test_a_later_round_fails(lab, family):
    """What the first round removed stays told."""
    lab.fault("server_error", service="api", operation="BatchDeleteImage", skip=1)
    index, top = (f"team/app@{family[i]}" for i in (3, 4))
    result = remove(lab, "--max-attempts", "1", index, top)
    assert result.code == 4 and result.lines == [f"failed  {index}", f"deleted  {top}  {family[4]}"]
    errors_of(result, (f"{index}: ",))


# ---- dry run

def test_dry_run(lab, family):
    two, = lab.add_images(f"{lab.host}/team/app", [{"tags": ["a", "b"]}])
    before = left(lab)
    lab.clear_log()
    images = ["team/app:top", f"team/app@{family[3]}", "team/app:none", "other:x", "team/app:a"]
    result = lab.ecr("image", "rm", "--dry-run", *images, env=ENV)
    assert result.code == 0 and result.stderr == NOT_LOOKED_AT + "\n", result
    assert result.stdout == (f"would-delete  team/app:top  {family[4]}\nwould-delete  team/app@{family[3]}  {family[3]}\n"
                             f"gone  team/app:none\ngone  other:x\nwould-untag  team/app:a  {two}\n")
    assert {r["operation"] for r in lab.requests()} == {"DescribeImages"}
    by_id = [body for body in bodies(lab, "DescribeImages") if "imageIds" in body]
    assert by_id == [{"repositoryName": name, "imageIds": [image]} for name, image in (
        ("team/app", {"imageTag": "top"}), ("team/app", {"imageDigest": family[3]}), ("team/app", {"imageTag": "none"}),
        ("other", {"imageTag": "x"}), ("team/app", {"imageTag": "a"}))]
    assert left(lab) == before


@pytest.mark.parametrize("images, words", [
    (["{app}:a"], "untag"), (["{app}:a", "{app}:b"], "delete delete"),
    (["{app}:b", "{app}:c", "{app}:a"], "delete delete delete"), (["{app}:a", "{app}:a"], "untag untag"),
    (["{app}:a", "{app}@{one}"], "delete delete"),
    (["{app}@{one}", "{app}:b"], "delete delete"), (["{app}:a", "{app}@{two}"], "untag delete"),
    (["{app}:a@{one}"], "untag"), (["{app}:a@{one}", "{app}:b"], "delete delete"),
    (["{app}:a@{one}", "{app}:a"], "untag untag"), (["{app}:c"], "delete"), (["{app}:a", "other:b"], "untag untag"),
    (["other:a", "{app}:b", "{app}:a", "other:c"], "untag delete delete gone")])
@pytest.mark.parametrize("host", ["", "{host}/"])
def test_dry_run_judges_all_together(lab, app, host, images, words):
    """An image goes with its digest, and when none of its tags is left."""
    one, two = lab.add_images(app, [{"tags": ["a", "b"]}, {"tags": ["c"]}])
    lab.add_images(f"{lab.host}/other", [{"tags": ["a", "b"]}])
    images = [i.format(app=host.format(host=lab.host) + "team/app", one=one, two=two) for i in images]
    result = remove(lab, "--dry-run", *images)
    said = ["gone" if word == "gone" else f"would-{word}" for word in words.split()]
    assert result.code == 0 and [line.split()[:2] for line in result.lines] == [[*p] for p in zip(said, images)], result
    assert result.stderr == NOT_LOOKED_AT + "\n" and left(lab) == {one: ["a", "b"], two: ["c"]}
    remove(lab, *images)  # and so it is
    there = left(lab)
    for image, word in zip(images, said):
        digest = two if image.endswith((":c", two)) else one
        if "team/app" in image:
            assert (digest in there) == (word == "would-untag"), image


def test_dry_run_of_a_tag_with_its_digest(lab, app):
    """It is asked by the digest; that the tag points elsewhere is a failure, as without --dry-run."""
    one, two = lab.add_images(app, [{"tags": ["a", "b"]}, {"tags": ["c"]}])
    images = [f"team/app:a@{two}", f"team/app:none@{one}", f"team/app:a@{ZEROS}", "team/app:c"]
    result = remove(lab, "--dry-run", *images)
    assert result.code == 5 and result.lines[2:] == [f"gone  {images[2]}", f"would-delete  {images[3]}  {two}"], result
    assert [line.split()[:2] for line in result.lines[:2]] == [["failed", images[0]], ["failed", images[1]]]
    errors_of(result, *((image + ": ", "the tag does not point to this digest") for image in images[:2]), note=NOT_LOOKED_AT)
    asked_for = [body["imageIds"] for body in bodies(lab, "DescribeImages") if "imageIds" in body]
    assert asked_for == [[{"imageDigest": two}], [{"imageDigest": one}], [{"imageDigest": ZEROS}], [{"imageTag": "c"}]]
    assert bodies(lab) == [] and left(lab) == {one: ["a", "b"], two: ["c"]}
    failed, = remove(lab, "--dry-run", "--json", images[0]).json
    assert failed == {"image": images[0], "state": "failed", "imageTag": "a", "imageDigest": two,
                      "failure": "the tag does not point to this digest"}


def test_dry_run_of_an_archived_image(lab, app):
    """It would go, though it is hidden where it is asked for by its name."""
    digest, = lab.add_images(app, [{"tags": ["old"], "status": "ARCHIVED"}])
    for name in ("team/app:old", f"team/app@{digest}", f"team/app:old@{digest}"):
        result = remove(lab, "--dry-run", name)
        assert (result.code, result.stdout) == (0, f"would-delete  {name}  {digest}\n"), result
        assert result.stderr == NOT_LOOKED_AT + "\n"


def test_dry_run_of_an_archived_image_by_another_tag(lab, app):
    digest, _ = lab.add_images(app, [{"tags": ["old"], "status": "ARCHIVED"}, {"tags": ["a"]}])
    for options in (["--dry-run"], []):  # as it is foretold, so it is
        result = remove(lab, *options, f"team/app:a@{digest}")
        assert result.code == 5 and result.stdout.startswith(f"failed  team/app:a@{digest}"), result
    assert digest in left(lab)


def test_dry_run_of_some_tags_of_an_archived_image(lab, app):
    digest, = lab.add_images(app, [{"tags": ["old", "older"], "status": "ARCHIVED"}])
    assert remove(lab, "--dry-run", "team/app:old").stdout == f"would-untag  team/app:old  {digest}\n"
    result = remove(lab, "--dry-run", "team/app:old", "team/app:older")
    assert result.lines == [f"would-delete  team/app:{name}  {digest}" for name in ("old", "older")]


def test_dry_run_as_json_and_in_the_dark(lab, app):
    digest, = lab.add_images(app, [{"tags": ["a"]}])
    assert remove(lab, "--dry-run", "--json", "team/app:a", f"team/app@{ZEROS}").json == [
        {"image": "team/app:a", "state": "would-delete", "imageTag": "a", "imageDigest": digest},
        {"image": f"team/app@{ZEROS}", "state": "gone", "imageDigest": ZEROS}]
    result = remove(lab, "--dry-run", "none:a", "team/app:a")
    assert result.code == 1 and result.stdout == f"failed  none:a\nwould-delete  team/app:a  {digest}\n"
    errors_of(result, ("none:a: ", "RepositoryNotFoundException"), note=NOT_LOOKED_AT)
    denied = remove(lab, "--dry-run", "team/app:a", key="nothing")
    assert denied.code == 3 and denied.stdout == "failed  team/app:a\n"
    errors_of(denied, ("team/app:a: ", "ecr:DescribeImages"), note=NOT_LOOKED_AT)
    assert remove(lab, "-q", "--dry-run", "team/app:a").stderr == ""


# ---- the question

def asked(lab, answer, *images):
    """(exit status, stderr, stdout) on a terminal."""
    ours, theirs = pty.openpty()
    env = {"SSL_CERT_FILE": lab.ca, "AWS_EC2_METADATA_DISABLED": "true", "TERM": "dumb", **ENV, **lab.key_environment("full")}
    process = subprocess.Popen([BINARY, "image", "rm", *images], env=env, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    said = b""
    while select.select([ours], [], [], 20)[0]:
        try:
            said += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if answer is not None and said.endswith(b"[y/N] "):
            os.write(ours, answer)
            answer = None
    os.close(ours)
    with process.stdout:
        out = process.stdout.read().decode()
    return process.wait(20), said.decode().replace("\r\n", "\n"), out


@pytest.mark.parametrize("answer", [b"y\n", b"Y\n", b"yes\n", b" yes \n"])
def test_yes(lab, app, answer):
    digest, = lab.add_images(app, [{"tags": ["a"]}])
    code, said, out = asked(lab, answer, "team/app:a")
    assert (code, out) == (0, f"untagged  team/app:a  {digest}\n") and left(lab) == {}
    assert said.startswith("Do you want to remove team/app:a (an image goes with its last tag), in us-east-1? [y/N] ")
    assert said.endswith("\n" + LAST_TAG + "\n") and len(said.splitlines()) == 2


@pytest.mark.parametrize("images, place, calls", [
    (["{host}/team/app:v1", "{host}/other:v2"], "us-east-1 of 123456789012", []), (["team/app:v1"], "us-east-1", []),
    (["{host}/team/app:v1", "team/app:v2"], None, []), (["public.ecr.aws/lab/team/app:v1", "team/app:v2"], None, []),
    (["--region", "eu-west-1", "team/app:v1"], "eu-west-1", []), ([f"{WEST}/team/app:v1"], "eu-west-1 of 123456789012", []),
    (["--public", "team/app:v1"], "ECR Public", []),
    (["public.ecr.aws/lab/team/app:v1"], "ECR Public", ["DescribeRegistries"])])
def test_the_question_names_the_place(lab, both, images, place, calls):
    """Nothing of what is asked about is called yet."""
    images = [i.format(host=lab.host) for i in images]
    lab.clear_log()
    code, said, out = asked(lab, b"n\n", *images)
    names = [i for i in images if ":v" in i]
    where = f", in {place}" if place else ""  # none for several registries
    assert (code, out, [r["operation"] for r in lab.requests()]) == (5, "", calls)
    assert said.startswith(f"Do you want to remove {', '.join(names)} (an image goes with its last tag){where}? [y/N] ")


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"yeah\n", b"\x04", b"no y\n", b"y" * 100 + b"\n"])
def test_no(lab, app, answer):
    lab.add_images(app, [{"tags": ["a"]}])
    lab.clear_log()
    code, said, out = asked(lab, answer, "team/app:a", "other:b", f"other@{ZEROS}")
    assert (code, out, lab.requests()) == (5, "", [])
    question = f"Do you want to remove team/app:a, other:b, other@{ZEROS} (an image goes with its last tag), in us-east-1? [y/N] "
    assert said.startswith(question) and said.splitlines()[-1].endswith(
        "ecr: image: nothing was done, as the answer was not yes")


def test_nobody_to_be_asked(lab, app):
    lab.clear_log()
    result = lab.ecr("image", "rm", "team/app:a", "team/app:b", env=ENV, key=None, stdin="y\n")
    assert result.code == 2 and result.stdout == "" and lab.requests() == []
    errors_of(result, ("", "team/app:a, team/app:b (an", "--yes"))


# ---- bad input

@pytest.mark.parametrize("bad, parts", [
    ("team/app", ["tag or a digest"]), ("", ["empty"]), ("team/app:", ["tag"]), ("team/app:-a", ["tag"]),
    ("team/app:" + "a" * 129, ["128"]), ("team/app@sha256:123", ["sha256"]), ("team/app@" + ZEROS.upper(), ["sha256"]),
    ("Team/app:a", ["capital"]), ("a:b", ["2 characters"]), ("a" * 257 + ":b", ["256"]), ("team//app:b", ["part"]),
    ("team/a...b:c", ["."]), ("te am/app:a", ["letters"]), ("team/app:ä", ["tag"]), ("https://{host}/team/app:a", ["scheme"]),
    ("registry.example.com:5000/app:a", ["no registry"]), ("12345.dkr.ecr.us-east-1.amazonaws.com/app:a", ["no registry"]),
    ("{host}:a", ["no registry"]), ("{host}/:a", ["2 characters"])])
def test_bad_images(lab, bad, parts):
    bad = bad.format(host=lab.host)
    lab.clear_log()
    for images in ([bad], [bad, "team/app:a"], ["team/app:a", bad]):
        result = lab.ecr("image", "rm", "--yes", *images, env=ENV, key=None)
        assert result.code == 2 and result.stdout == "", result
        errors_of(result, (bad or "''", *parts))
    assert lab.requests() == []


@pytest.mark.parametrize("arguments, parts", [([], ["IMAGE"]), (["--force", "team/app:a"], ["--force"]),
                                              (["--public", "{host}/team/app:a"], ["ECR Public"]),
                                              (["--public", "team__app:a"], ["ECR Public"])])
def test_bad_usage(lab, arguments, parts):
    result = remove(lab, *(a.format(host=lab.host) for a in arguments), key=None)
    assert result.code == 2 and result.stdout == "" and lab.requests() == [], result
    errors_of(result, ("", *parts))
