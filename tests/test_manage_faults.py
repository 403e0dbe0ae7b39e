"""Commands that manage a registry, while the service fails: each call of each verb, with each kind of failure."""

import concurrent.futures
import json
import time

import pytest

from lab import model

API, PUBLIC_API = "api.ecr.us-east-1.amazonaws.com", "api.ecr-public.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/cache"
OTHERS = {"AWS": "arn:aws:iam::210987654321:root"}


def policy(action, **more):
    statement = {"Effect": "Allow", "Principal": OTHERS, "Action": [action], **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


PULL, PUBLIC_PULL = policy("ecr:BatchGetImage"), policy("ecr-public:BatchCheckLayerAvailability")
REGISTRY_POLICY = policy("ecr:CreateRepository", Sid="create", Resource="*")
LIFECYCLE = json.dumps({"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {
    "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}}]})


class Verb:
    """A command line, the calls that it makes, in their order, and how many of the last of these are no matter of life."""

    def __init__(self, line, *calls, optional=0, stdin=None, exit_status=0):
        self.line, self.calls, self.optional, self.stdin, self.exit_status = line, list(calls), optional, stdin, exit_status
        self.is_public = "--public" in line

    @property
    def service(self):
        return "ecr-public" if self.is_public else "ecr"

    @property
    def needed(self):
        return self.calls[:len(self.calls) - self.optional]


DESCRIBE, FINDINGS = "DescribeRepositories", "DescribeImageScanFindings"
VERBS = [
    Verb("repo ls", DESCRIBE), Verb("repo ls --public", DESCRIBE),
    Verb("repo create new", "CreateRepository"), Verb("repo create --public new", "CreateRepository"),
    Verb("repo create app", "CreateRepository", DESCRIBE),
    Verb("repo create --tag team=a app", "CreateRepository", DESCRIBE, "ListTagsForResource", exit_status=5),
    Verb("repo show app", DESCRIBE, "ListTagsForResource", optional=1),
    Verb("repo show --public app", DESCRIBE, "ListTagsForResource", optional=1),
    Verb("repo set --immutable --scan-on-push app", "PutImageTagMutability", "PutImageScanningConfiguration"),
    Verb("repo rm --yes --force app", "DeleteRepository"), Verb("repo rm --yes --force --public app", "DeleteRepository"),
    Verb("policy show app", "GetRepositoryPolicy"), Verb("policy show --public app", "GetRepositoryPolicy"),
    Verb("policy show --registry", "GetRegistryPolicy"), Verb("policy set app -", "SetRepositoryPolicy", stdin=PULL),
    Verb("policy set --public app -", "SetRepositoryPolicy", stdin=PUBLIC_PULL),
    Verb("policy set --registry -", "PutRegistryPolicy", stdin=REGISTRY_POLICY),
    Verb("policy rm --yes app", "DeleteRepositoryPolicy"), Verb("policy rm --yes --public app", "DeleteRepositoryPolicy"),
    Verb("policy rm --yes --registry", "DeleteRegistryPolicy"),
    Verb("image ls app", "DescribeImages"), Verb("image ls --public app", "DescribeImages"),
    Verb("image show app:v1", "DescribeImages", "BatchGetImage", "ListImageReferrers", "DescribeImages", FINDINGS, optional=4),
    Verb("image rm --yes app:v1", "BatchDeleteImage"), Verb("image rm --yes --public app:v1", "BatchDeleteImage"),
    Verb("image rm --dry-run app:v1", "DescribeImages"), Verb("image restore app:old", "UpdateImageStorageClass"),
    Verb("tag app:v1 v2", "BatchGetImage", "PutImage"),
    Verb("lifecycle show app", "GetLifecyclePolicy"), Verb("lifecycle set --keep 5 app", "PutLifecyclePolicy"),
    Verb("lifecycle rm --yes app", "DeleteLifecyclePolicy"),
    Verb("lifecycle preview --keep 5 app", "StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview"),
    Verb("cache ls", "DescribePullThroughCacheRules", "ValidatePullThroughCacheRule", optional=1),
    Verb("cache add new quay", "CreatePullThroughCacheRule", "ValidatePullThroughCacheRule"),
    Verb(f"cache set --role-arn {ROLE} mirror", "UpdatePullThroughCacheRule", "ValidatePullThroughCacheRule"),
    Verb("cache rm --yes mirror", "DeletePullThroughCacheRule"), Verb("cache test mirror", "ValidatePullThroughCacheRule"),
    Verb("replication show", "DescribeRegistry"), Verb("replication status app:v1", "DescribeImageReplicationStatus"),
    Verb("replication set --yes --to us-west-2", "DescribeRegistry", "PutReplicationConfiguration"),
    Verb("replication set --yes --to us-west-2/210987654321", "PutReplicationConfiguration"),
    Verb("replication rm --yes", "DescribeRegistry", "PutReplicationConfiguration"),
    Verb("scan start app:v1", "StartImageScan", FINDINGS, FINDINGS), Verb("scan start --no-wait app:v1", "StartImageScan"),
    Verb("scan show app:v1", FINDINGS, FINDINGS), Verb("scan config", "GetRegistryScanningConfiguration"),
    Verb("scan config --type basic", "GetRegistryScanningConfiguration", "PutRegistryScanningConfiguration"),
    Verb("scan config --yes --type basic", "PutRegistryScanningConfiguration")]
DRY_RUN = "An image that an index refers to stays as long as the index: that was not looked at"  # said last, come what may
FIRST_CALLS = [(verb, 0) for verb in VERBS]
LATER_CALLS = [(verb, n) for verb in VERBS for n in range(1, len(verb.needed))]
VALIDATIONS = [(verb, 1) for verb in VERBS if verb.line.split()[:2] in (["cache", "add"], ["cache", "set"])]
SIDE_CALLS = [(verb, n) for verb in VERBS for n in range(len(verb.needed), len(verb.calls))]


def named(pairs):
    return pytest.mark.parametrize("verb, number", pairs, ids=[f"{v.line}: {n + 1} {v.calls[n]}" for v, n in pairs])


@pytest.fixture
def scene(lab):
    """What each of the verbs needs to succeed."""
    key = {"AWS_REGION": "us-east-1", **lab.key_environment("full")}
    lab.create_repositories(["app"])
    lab.add_images(f"{lab.host}/app", [{"tags": ["v1"]}, {"tags": ["old"], "status": "ARCHIVED"}])
    lab.set_scan(f"{lab.host}/app", "v1", findings=[["CVE-1", "HIGH"]])
    lab.cache_rule("mirror", "quay.io")
    for line, stdin in (("repo create --public app", ""), ("replication set --to eu-west-1", ""),
                        ("policy set app -", PULL), ("policy set --public app -", PUBLIC_PULL),
                        ("policy set --registry -", REGISTRY_POLICY), ("lifecycle set app -", LIFECYCLE)):
        made = lab.ecr(*line.split(), stdin=stdin, key=None, env=key)
        assert made.code == 0, made
    lab.add_images("public.ecr.aws/lab/app", [{"tags": ["v1"]}])
    return lab


def run(lab, verb, *options, **more):
    return lab.ecr(*options, *verb.line.split(), stdin=verb.stdin, **{"env": {"AWS_REGION": "us-east-1"}, **more})


def spoil(lab, verb, number, fault, **parameters):
    """From its call of this number on, the service of the verb fails: before that the scene is needed."""
    lab.clear()
    lab.clear_log()
    if number and verb.line.startswith("scan "):
        lab.set_scan(f"{lab.host}/app", "v1", findings=[["CVE-1", "HIGH"]])  # no start of today is in the way
    operation, skip = verb.calls[number], verb.calls[:number].count(verb.calls[number])
    lab.fault(fault, service="api-public" if verb.is_public else "api", operation=operation, skip=skip, **parameters)


def operations(lab):
    return [r["operation"] for r in lab.requests()]


def is_about_images(result):
    """Whether each operand has a line of its own, that of a failure too."""
    return "rm" in result.arguments and "image" in result.arguments


def notes_and_error(result):
    """([note], error), without what a dry run says after all else."""
    lines = result.stderr.splitlines()
    if "--dry-run" in result.arguments:
        assert lines and lines.pop() == DRY_RUN, result
    *notes, line = lines or [""]
    return notes, line


def failed(result, codes, *parts):
    """One line of error, the last; nothing on stdout that was not found out."""
    notes, line = notes_and_error(result)
    assert result.code in (codes if isinstance(codes, tuple) else (codes,)), result
    assert line.startswith("ecr: ") and all(part in line for part in parts), result
    assert not [note for note in notes if note.startswith("ecr: ")], result
    assert result.stdout == ("failed  app:v1\n" if is_about_images(result) else ""), result


# ---- in health, so that the rest means something

def test_the_calls_of_each_verb(scene):
    """What removes comes last, repositories at the end."""
    different = []
    for verb in sorted(VERBS, key=lambda v: (" rm " in v.line, v.line.startswith("repo rm"))):
        if verb.calls[-1] in (FINDINGS, "StartImageScan"):
            scene.set_scan(f"{scene.host}/app", "v1", findings=[["CVE-1", "HIGH"]])
        scene.clear_log()
        result = run(scene, verb)
        assert {r["host"] for r in scene.requests()} == {PUBLIC_API if verb.is_public else API}
        if (result.code, operations(scene)) != (verb.exit_status, verb.calls):
            different.append((verb.line, result.code, operations(scene), result.stderr))
        if verb.line == "image rm --yes app:v1":
            scene.add_images(f"{scene.host}/app", [{"tags": ["v1"]}])
    assert different == []


# ---- failures of the service and of the way to it

FAILURES = [
    ("throttle", {}, 4, ["ThrottlingException"]), ("server_error", {}, 4, ["HTTP 500"]), ("html", {}, 5, ["HTTP 200"]),
    ("html", {"status": 403}, 3, ["HTTP 403"]), ("cut", {}, 4, []),
    ("raw", {"text": "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"repos"}, (4, 5), [])]
RARER = [
    ("expire", {}, 3, ["ExpiredTokenException"]), ("empty", {}, 5, ["HTTP 200"]), ("not_a_registry", {}, 5, ["HTTP 404"]),
    ("server_error", {"status": 503, "html": True}, 4, ["HTTP 503"]), ("huge_header", {}, 5, []),
    ("refuse", {"code": "SomeNewException", "message": "its words"}, 5, ["SomeNewException", "its words"]),
    ("refuse", {"code": "ServerException", "message": "broken", "status": 500}, 4, ["ServerException", "broken"])]


def check_failures(lab, verb, number, failures):
    for fault, parameters, codes, parts in failures:
        spoil(lab, verb, number, fault, **parameters)
        failed(run(lab, verb, "--max-attempts", "1"), codes, *parts)
        assert operations(lab)[-1] == verb.calls[number] and len(operations(lab)) >= number + 1, fault


def check_denied(lab, verb, number):
    spoil(lab, verb, number, "deny")
    failed(run(lab, verb), 3, f"the caller lacks the IAM action {verb.service}:{verb.calls[number]}")
    assert operations(lab)[-1] == verb.calls[number]


@named(FIRST_CALLS)
def test_failures(lab, verb, number):
    check_failures(lab, verb, number, FAILURES)
    check_denied(lab, verb, number)
    assert len(lab.requests()) == 1


@named([(verb, 0) for verb in VERBS[::6]])
def test_rarer_failures(lab, verb, number):
    check_failures(lab, verb, number, RARER)


def test_the_error_as_json(lab):
    for verb in VERBS:
        spoil(lab, verb, 0, "throttle")
        result = run(lab, verb, "--json", "--max-attempts", "1")
        *rows, last = result.json[::-1] if "image rm" in verb.line else result.json
        assert result.code == 4 and last["error"]["reason"] == "throttled" and set(last) == {"error"}, result
        assert [row["state"] for row in rows] == (["failed"] if "image rm" in verb.line else [])


# ---- replies that are none

def wrong(shape):
    return "x" if shape.type_name in ("integer", "long", "timestamp") else 7


def junk(shape):
    """A value of the right type, made of what is none of it."""
    if shape.type_name == "list":
        return [7, None, "x", [], {}]
    if shape.type_name == "structure":
        return {name: wrong(member) for name, member in shape.members.items()}
    return {"HIGH": "x"} if shape.type_name == "map" else wrong(shape)


def replies(verb, number):
    members = model.MODELS[verb.service].operation_model(verb.calls[number]).output_shape.members
    values = [{}, [], {name: None for name in members}, {name: wrong(shape) for name, shape in members.items()},
              {name: junk(shape) for name, shape in members.items()}]
    return [json.dumps(value) for value in values]


def check_replies(lab, verb, number):
    accepted = []
    for text in replies(verb, number):
        spoil(lab, verb, number, "body", text=text)
        result = run(lab, verb, "--timeout", "3s")
        _, last = notes_and_error(result)
        shown = "failed  app:v1\n" if is_about_images(result) else ""
        good = result.code == 5 and last.startswith("ecr: ") and result.stdout == shown
        accepted += [] if good else [(text, result.code, result.stdout, result.stderr)]
    assert accepted == []


@named(FIRST_CALLS)
def test_replies_about_nothing(lab, verb, number):
    """Whatever was asked for, an answer that does not say so is no success."""
    check_replies(lab, verb, number)


@named(LATER_CALLS)
def test_later_calls(scene, verb, number):
    is_validation = (verb, number) in VALIDATIONS
    check_failures(scene, verb, number, FAILURES[:3] if is_validation else FAILURES[:4])
    if not is_validation:
        check_denied(scene, verb, number)
    check_replies(scene, verb, number)


@named(VALIDATIONS)
def test_only_the_validation_is_denied(scene, verb, number):
    """What was asked for is done then, and that it was not tried is told."""
    for fault, parameters, part in (("deny", {}, f"the caller lacks the IAM action ecr:{verb.calls[number]}"),
                                    ("html", {"status": 403}, "HTTP 403")):
        spoil(scene, verb, number, fault, **parameters)
        result = run(scene, verb)
        notes = [note for note in result.stderr.splitlines() if not note.startswith("Cache rule ")]
        assert (result.code, result.stdout, len(notes)) == (0, "", 1) and len(result.stderr.splitlines()) == 2, result
        assert notes[0].startswith("Whether it works could not be asked: ") and part in notes[0], result
        assert operations(scene)[-1] == verb.calls[number]


REFUSALS = ["InvalidParameterException", "InvalidTagParameterException", "TooManyTagsException", "ValidationException",
            "UnsupportedUpstreamRegistryException"]


@pytest.mark.parametrize("code", REFUSALS)
def test_what_the_service_refuses_is_no_wrong_use(lab, code):
    """It was asked, so exit status 2 would not do."""
    for verb in VERBS:
        spoil(lab, verb, 0, "refuse", code=code, message="its words")
        failed(run(lab, verb), 5, verb.calls[0], code, "its words")


NAMES = {"ecrRepositoryPrefix": "mirror", "repositoryName": "app", "registryId": "123456789012"}
STARTED = {"imageId": {"imageTag": "v1", "imageDigest": "sha256:" + "1" * 64}, "imageScanStatus": {"status": "PENDING"}}
COPIED = [{"region": "eu-west-1", "registryId": "210987654321", "status": "COMPLETE"}]
ABOUT = [
    ("policy show {}/app", {"policyText": PULL}), ("policy rm --yes {}/app", {"policyText": PULL}),
    ("lifecycle show {}/app", {"lifecyclePolicyText": LIFECYCLE}),
    ("lifecycle rm --yes {}/app", {"lifecyclePolicyText": LIFECYCLE}),
    ("repo rm --yes {}/app", {"repository": {}}), ("scan start --no-wait {}/app:v1", STARTED),
    ("replication status {}/app:v1", {"replicationStatuses": COPIED}), ("cache rm --yes {}/mirror", {})]


@pytest.mark.parametrize("line, answer", ABOUT)
def test_replies_about_others(lab, line, answer):
    """What a request names is the same in its answer, or in the object that it is about."""
    names = [name for name in NAMES if name != ("repositoryName" if "mirror" in line else "ecrRepositoryPrefix")]
    place = answer.get("repository", answer)
    wrongs = [{name: value} for name in names for value in ("other", 7, {}, NAMES[name] + "x")]
    for number, members in enumerate([{}, *wrongs]):
        said = {**place, **{name: NAMES[name] for name in names}, **members}
        lab.clear()
        lab.clear_log()
        lab.fault("body", service="api", text=json.dumps({"repository": said} if "repository" in answer else said))
        result = lab.ecr(*line.format(lab.host).split(), env={"AWS_REGION": "us-east-1"})
        if number:
            failed(result, 5, operations(lab)[0])
        assert result.code == (5 if number else 0) and len(operations(lab)) == 1, (members, result)


@pytest.mark.parametrize("name, value", [("repositoryName", "other"), ("registryId", "210987654321")])
def test_pages_about_others(lab, name, value):
    """As it is for replies that come at once."""
    lab.create_repositories(["app"])
    said = {"repositoryName": "app", "registryId": "123456789012", "lifecyclePolicyText": LIFECYCLE, "previewResults": []}
    line = f"lifecycle preview {lab.host}/app -"
    for number, members in enumerate(({}, {name: value})):
        lab.clear()
        lab.fault("body", service="api", operation="StartLifecyclePolicyPreview",
                  text=json.dumps({**said, "status": "IN_PROGRESS"}))
        lab.fault("body", service="api", operation="GetLifecyclePolicyPreview",
                  text=json.dumps({**said, "status": "COMPLETE", **members}))
        result = lab.ecr(*line.split(), stdin=LIFECYCLE, env={"AWS_REGION": "us-east-1"})
        assert result.code == (5 if number else 0), result


@pytest.mark.parametrize("token", [7, {}, [], True, ["a"]])
def test_tokens_that_are_none(scene, token):
    """There are more pages, but which? What is there is not all."""
    for line, number, member in (("repo ls", 0, "repositories"), ("repo ls --public", 0, "repositories"),
                                 ("image ls app", 0, "imageDetails"), ("image ls --public app", 0, "imageDetails"),
                                 ("cache ls", 0, "pullThroughCacheRules"),
                                 ("lifecycle preview --keep 5 app", 1, "previewResults"),
                                 ("scan show app:v1", 1, "imageScanFindings")):
        verb, = [v for v in VERBS if v.line == line]
        spoil(scene, verb, number, "body", text=json.dumps({member: [], "status": "COMPLETE", "nextToken": token}))
        failed(run(scene, verb), 5, verb.calls[number])


@named(SIDE_CALLS)
def test_what_is_left_out(scene, verb, number):
    """What adds to the picture alone is left out, with a word about it."""
    faults = [(name, {}) for name in ("deny", "throttle", "html", "server_error")]
    accepted = []
    for fault, parameters in faults + [("body", {"text": text}) for text in replies(verb, number)]:
        spoil(scene, verb, number, fault, **parameters)
        result = run(scene, verb, "--max-attempts", "1")
        notes = result.stderr.splitlines()
        good = result.code == 0 and len(notes) == 1 and "not known: " in notes[0] and not notes[0].startswith("ecr: ")
        rows = 1 if "cache" in verb.line else 6
        accepted += [] if good and len(result.lines) >= rows else [(fault, parameters, result)]
    assert accepted == []


ONE_ROW = [("repo show app", 0, "repositories"), ("repo show --public app", 0, "repositories"),
           ("repo create app", 1, "repositories"), ("image show app:v1", 0, "imageDetails"),
           ("image rm --dry-run app:v1", 0, "imageDetails"), ("tag app:v1 v2", 0, "images")]
NO_DIGEST = "sha256:" + "0" * 64
OTHER_ROW = {"repositories": {"repositoryName": "other", "repositoryUri": f"{API}/other", "repositoryArn": "arn:aws:ecr:x"},
             "imageDetails": {"repositoryName": "app", "imageTags": ["v9"], "imageDigest": NO_DIGEST},
             "images": {"imageManifest": "{}", "imageId": {"imageTag": "v9", "imageDigest": NO_DIGEST}}}


@pytest.mark.parametrize("line, number, member", ONE_ROW)
def test_one_row_must_be_there(lab, line, number, member):
    """None, one that is none, and one of something else."""
    lab.create_repositories(["app"])
    verb, = [v for v in VERBS if v.line == line]
    for rows in ([], [None], [{}], [OTHER_ROW[member]]):
        spoil(lab, verb, number, "body", text=json.dumps({member: rows, "failures": []}))
        failed(run(lab, verb), 5, verb.calls[number])


@pytest.mark.parametrize("line, number, member", [
    ("repo ls", 0, "repositories"), ("repo ls --public", 0, "repositories"), ("image ls app", 0, "imageDetails"),
    ("image ls --public app", 0, "imageDetails"), ("cache ls", 0, "pullThroughCacheRules"),
    ("lifecycle preview --keep 5 app", 1, "previewResults"), ("replication status app:v1", 0, "replicationStatuses")])
def test_lists_may_be_empty_but_not_of_rows_that_are_none(lab, line, number, member):
    lab.create_repositories(["app"])
    verb, = [v for v in VERBS if v.line == line]
    spoil(lab, verb, number, "body", text=json.dumps({member: [], "status": "COMPLETE"}))
    result = run(lab, verb)
    assert (result.code, result.stdout) == (1 if line.startswith("replication") else 0, ""), result
    assert len(result.stderr.splitlines()) == 1, result
    for row in (7, None, "x", [], {}):
        spoil(lab, verb, number, "body", text=json.dumps({member: [row], "status": "COMPLETE"}))
        failed(run(lab, verb), 5, verb.calls[number])


def test_a_reply_that_ends_in_its_middle(scene):
    """With a length that agrees, one that does not, and as no JSON."""
    for fault in ("truncate_json", "garble_json", "cut_body"):
        for verb in VERBS:
            if verb.line.split()[1] in ("show", "ls", "config", "test", "status"):
                spoil(scene, verb, 0, fault)
                failed(run(scene, verb, "--max-attempts", "1"), 5 if fault != "cut_body" else (4, 5))


# ---- another attempt

NOT_BESIDE_OTHERS = (["scan", "start"], ["cache", "add"])  # the answers to others depend on what these do

def test_a_failure_that_passes(scene):
    """All verbs that leave the scene as it is for the others, at the same time, each with a key of its own."""
    verbs = [verb for verb in VERBS if " rm --yes" not in verb.line and verb.line.split()[:2] not in NOT_BESIDE_OTHERS]
    places = []
    for number, verb in enumerate(verbs):
        key = scene.new_key(f"key{number}", allow=["*"])["access_key_id"]
        places.append({"AWS_REGION": "us-east-1", **scene.key_environment(f"key{number}")})
        scene.fault("throttle", key=key, count=1)
    scene.set_scan(f"{scene.host}/app", "v1")
    scene.clear_log()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda verb, place: run(scene, verb, key=None, env=place), verbs, places))
    different = []
    for verb, place, result in zip(verbs, places, results):
        made = [(r["operation"], r["fault"]) for r in scene.requests(key=place["AWS_ACCESS_KEY_ID"])]
        if result.code != verb.exit_status or made != [(verb.calls[0], "throttle"), *[(call, None) for call in verb.calls]]:
            different.append((result, made))
    assert different == []


# ---- nobody is there

def at_once(lab, *options, key="full", env=None):
    """All verbs at the same time: [(verb, result)]."""
    place = {"AWS_REGION": "us-east-1", **lab.key_environment(key), **(env or {})}
    with concurrent.futures.ThreadPoolExecutor(len(VERBS)) as pool:
        return list(zip(VERBS, pool.map(lambda verb: run(lab, verb, *options, key=None, env=place), VERBS)))


def test_an_api_that_hangs(lab):
    lab.fault("stall", service="api")
    lab.fault("stall", service="api-public")
    began = time.monotonic()
    for verb, result in at_once(lab, "--timeout", "1s"):
        failed(result, 4, "--timeout", PUBLIC_API if verb.is_public else API)
        assert 0.9 < result.seconds < 15
    assert time.monotonic() - began < 30 and len(lab.requests()) == len(VERBS)


def test_an_api_that_cannot_be_reached(lab):
    for host, option in ((lab.refusing, "--max-attempts=1"), (lab.blackhole, "--timeout=300ms")):
        for _, result in at_once(lab, option, "--endpoint-url", f"https://{host}"):
            failed(result, 4, f"ecr: {host}: ")
    assert lab.requests() == []


def test_no_credentials(lab):
    for _, result in at_once(lab, key=None):
        failed(result, 3, "no credentials", "AWS_ACCESS_KEY_ID")
    assert lab.requests() == []


def test_no_region(lab):
    """ECR Public has one alone: there it is no question."""
    for verb, result in at_once(lab, env={"AWS_REGION": ""}):
        if not verb.is_public:
            failed(result, 2, "region", "--region")
    assert {r["host"] for r in lab.requests()} == {PUBLIC_API}
