"""`ecr lifecycle`: policies checked before they are sent, made from options, shown, removed, and tried on what is there."""

import json
import re

import pytest

from support_manage import API, HOST, asked, done, error_of, iso
from support_tables import run

DAY = 86400
GET, PUT, DELETE = "GetLifecyclePolicy", "PutLifecyclePolicy", "DeleteLifecyclePolicy"
START, LOOK = "StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview"
APP = {"repositoryName": "team/app"}
REGISTRY = {"registryId": "123456789012"}
IS_SET = "Lifecycle policy set: team/app"


def rule(priority, status, kind, number, words=None, **more):
    """A rule that expires; with `words` as the options' rules have it."""
    selection = {"tagStatus": status, **more, "countType": kind, **({"countUnit": "days"} if kind.startswith("since") else {}),
                 "countNumber": number}
    return {"rulePriority": priority, **({"description": words} if words else {}), "selection": selection,
            "action": {"type": "expire"}}


def policy(*rules, **dumping):
    return json.dumps({"rules": list(rules)}, **dumping)


KEEP_ONE = policy(rule(1, "any", "imageCountMoreThan", 1))
STAY, GO = "the newest images stay", "untagged images go"


def go(days):
    return rule(1, "untagged", "sinceImagePushed", days, GO)


def stay(priority, number, prefix=None):
    more = {"tagPrefixList": [prefix]} if prefix else {}
    return rule(priority, "tagged" if prefix else "any", "imageCountMoreThan", number, STAY, **more)


OPTIONS = [
    (["--keep", "10"], [stay(1, 10)]), (["--untagged-days", "7"], [go(7)]),
    (["--keep=1", "--untagged-days=1"], [go(1), stay(2, 1)]),
    (["--keep", "3", "--prefix", "prod-"], [stay(1, 3, "prod-")]), (["--keep", "1000000"], [stay(1, 1000000)]),
    (["--prefix", "b", "--untagged-days", "9", "--prefix", "_A.1-z", "--keep", "2"],
     [go(9), stay(2, 2, "b"), stay(3, 2, "_A.1-z")])]


@pytest.fixture
def app(lab):
    lab.create_repositories(["team/app"])
    return f"{lab.host}/team/app"


def lifecycle(lab, *arguments, env=None, **options):
    return lab.ecr("lifecycle", *arguments, env={"AWS_REGION": "us-east-1", **(env or {})}, **options)


def set_up(lab, text=KEEP_ONE):
    lab.api().put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=text)
    lab.clear_log()


def is_set(lab):
    api = lab.api()
    try:
        return api.get_lifecycle_policy(repositoryName="team/app")["lifecyclePolicyText"]
    except api.exceptions.LifecyclePolicyNotFoundException:
        return None


# ---- show

def test_show(lab, app):
    value = {"rules": [rule(1, "tagged", "imageCountMoreThan", 3, "é \"q\" \\ ünï", tagPatternList=["a*", "b"])]}
    set_up(lab, json.dumps(value, indent=7, ensure_ascii=False))
    done(lifecycle(lab, "show", "team/app"), json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    assert asked(lab) == [(GET, APP)]
    result = lifecycle(lab, "--json", "show", "team/app")
    text, = result.json
    assert result.stderr == "" and text.pop("lastEvaluatedAt") > 1e9
    assert text == {**REGISTRY, **APP, "lifecyclePolicyText": json.dumps(value, indent=7, ensure_ascii=False)}


def test_what_is_shown_can_be_set(lab, app):
    set_up(lab)
    shown = lifecycle(lab, "show", "team/app").stdout
    done(lifecycle(lab, "set", "team/app", "-", stdin=shown), "", IS_SET)
    assert is_set(lab) == shown


@pytest.mark.parametrize("reply, words", [
    ("{}", GET), ("[]", "no JSON object"), ('{"lifecyclePolicyText": 5}', GET), ('{"lifecyclePolicyText": "no JSON"}', GET),
    ('{"lifecyclePolicyText": null}', GET)])
def test_show_of_what_is_no_policy(lab, app, reply, words):
    lab.fault("body", service="api", operation=GET, text=reply)
    error_of(lifecycle(lab, "show", "team/app"), 5, API, words)


# ---- set

STRANGE = policy(rule(7, "untagged", "sinceImagePushed", 3, "é ##[error] \u2028 \x7f \u202e \\ \t 𝄞"), indent=1,
                 ensure_ascii=False) + "\n\n"


def test_set_a_file(lab, app, tmp_path):
    """The service gets the very text."""
    path = tmp_path / "policy.json"
    for place in ("file", "stdin"):
        for text in (KEEP_ONE, STRANGE):
            path.write_text(text)
            lab.clear_log()
            done(lifecycle(lab, "set", "team/app", str(path) if place == "file" else "-", stdin=text), "", IS_SET)
            assert asked(lab) == [(PUT, {**APP, "lifecyclePolicyText": text})] and is_set(lab) == text
    result = lifecycle(lab, "--json", "set", "team/app", str(path))
    assert result.json == [{**REGISTRY, **APP, "lifecyclePolicyText": STRANGE}]
    done(lifecycle(lab, "-q", "set", "team/app", str(path)))


@pytest.mark.parametrize("options, rules", OPTIONS)
def test_policies_from_options(lab, app, options, rules):
    done(lifecycle(lab, "set", "team/app", *options), "", IS_SET)
    (operation, body), = asked(lab)
    text = body.pop("lifecyclePolicyText")
    assert (operation, body, json.loads(text)) == (PUT, APP, {"rules": rules}) and is_set(lab) == text
    lab.clear_log()
    assert lifecycle(lab, "preview", *options, "team/app").code == 0
    assert asked(lab)[0] == (START, {**APP, "lifecyclePolicyText": text})


def test_set_counts_characters(lab, app, tmp_path):
    text = policy(rule(1, "any", "imageCountMoreThan", 1, "é"), ensure_ascii=False)
    path = tmp_path / "policy.json"
    text = text.replace("é", "é" * (30721 - len(text)))
    path.write_text(text)
    assert len(text) == 30720 and len(text.encode()) > 60000
    done(lifecycle(lab, "set", "team/app", str(path)), "", IS_SET)
    assert is_set(lab) == text


@pytest.mark.parametrize("arguments, parts", [
    (["set"], ["lifecycle", "something is missing", "usage: ecr lifecycle set REPO FILE"]),
    (["set", "team/app"], ["team/app", "which policy", "--keep"]), (["set", "team/app", "-", "more"],
    ["more", "one operand too many"]),
    (["set", "team/app", "/none/policy.json"], ["/none/policy.json", "cannot read it", "No such file"]),
    (["set", "team/app", "/"], ["/", "cannot read it"]), (["set", "team/app", ""], ["''"]),
    (["set", "team/app", "-", "--keep", "5"], ["-", "either a file, or --keep"]),
    (["preview", "team/app", "-", "--untagged-days", "5"], ["-", "either a file, or --keep"]),
    (["set", "team/app", "-", "--prefix", "a"], ["-", "either a file, or --keep"]),
    (["set", "team/app", "--prefix", "a"], ["--prefix", "--keep"]),
    (["set", "team/app", "--untagged-days", "1", "--prefix", "a"], ["--prefix", "--keep"]),
    (["preview", "team/app", "--prefix", "a"], ["--prefix", "--keep"]), (["set", "team/app", "--keep", "1", "--prefix", ""],
    ["--prefix", "empty"]),
    *[(["set", "team/app", "--keep", "1", "--prefix", "ok", f"--prefix={bad}"],
       [bad, "no tag begins so: it has letters, digits, '_', '.' and '-'"])
      for bad in ("a*", "a/b", "a b", "a:b", 'a"', "é", "-a", ".a", "a" * 129)],
    (["preview", "team/app", "--keep", "1", "--prefix", "*"], ["*", "no tag begins so"]),
    (["set", "team/app", "--keep", "0"], ["--keep", "from 1"]), (["set", "team/app", "--keep", "-1"], ["--keep", "from 1"]),
    (["set", "team/app", "--keep", "ten"], ["--keep", "'ten'"]), (["set", "team/app", "--keep"], ["--keep", "needs a value"]),
    (["preview", "team/app", "--keep", "0"], ["--keep", "from 1"]), (["set", "team/app", "--untagged-days", "0"],
    ["--untagged-days", "from 1"]),
    (["set", "team/app", "--untagged-days", "1d"], ["--untagged-days", "'1d'"]),
    (["set", "team/app", "--keep", "1"] + [f"--prefix=p{n}" for n in range(51)],
     ["the policy of these options", "rules: there are 1 to 50"]),
    (["set", "team/app", "--kep", "1"], ["--kep", "did you mean --keep?"]), (["show"], ["lifecycle", "something is missing"]),
    (["show", "team/app", "x"], ["x", "one operand too many"]), (["rm", "--yes"], ["lifecycle", "something is missing"]),
    (["rm", "--yes", "team/app", "x"], ["x", "one operand too many"]), (["preview"], ["lifecycle", "something is missing"]),
    (["show", "--keep", "1", "team/app"], ["--keep", "unknown option"]), (["preview", "--yes", "team/app"],
    ["--yes", "unknown option"]),
    (["put", "team/app"], ["put", "does no such thing"]), (["shwo", "team/app"],
    ["shwo", "one of show, set, rm, preview"]),
    ([], ["lifecycle", "what is to be done"])])
def test_wrong_usage(lab, arguments, parts):
    lab.clear_log()
    error_of(lifecycle(lab, *arguments, stdin=KEEP_ONE, key=None), 2, *parts)
    assert lab.requests() == []


@pytest.mark.parametrize("verb", ["show", "set", "rm", "preview"])
@pytest.mark.parametrize("name, words", [
    ("Team/app", "no capital letters"), ("a", "at least 2 characters"), ("a" * 257, "at most 256"),
    ("team//app", "begins and ends"),
    ("team/app:v1", "without tag and digest"), ("team/app@sha256:" + "0" * 64, "without tag and digest"), ("", "empty"),
    ("https://team/app", "no scheme"), (HOST, "at least 2 characters"),
    ("12345.dkr.ecr.us-east-1.amazonaws.com/a", "no registry of Amazon ECR"),
    ("public.ecr.aws/me/app", "ECR Public has nothing of this kind")])
def test_names_that_are_none(lab, verb, name, words):
    lab.clear_log()
    more = {"set": ["--keep", "1"], "rm": ["--yes"]}.get(verb, [])
    error_of(lifecycle(lab, verb, name, *more, key=None), 2, name or "''", words)
    assert lab.requests() == []


ONE = rule(1, "any", "imageCountMoreThan", 1)
WRONG = {
    "nothing": (b"", "it is not JSON"), "no JSON": (b"x" * 200, "it is not JSON"),
    "a comma": (KEEP_ONE[:-2] + ",]}", "it is not JSON"),
    "a list": (f"[{KEEP_ONE}]", "rules: a lifecycle policy is an object"),
    "no rules": ('{"rules": []}', "rules: there are 1 to 50"),
    "too many": (policy(*[rule(n, "tagged", "imageCountMoreThan", 1, tagPrefixList=["a"]) for n in range(1, 52)]),
                 "rules: there are 1 to 50"),
    "a member": (KEEP_ONE[:-1] + ',"rule": []}', "rule: there is no such member"),
    "a member of a rule": (policy({**ONE, "extra": 1}), "rules[0].extra: there is no such member"),
    "a NUL": (KEEP_ONE[:-1] + ',"\\u0000": []}', "there is no such member"),
    "priority": (policy({**ONE, "rulePriority": 0}), "rules[0].rulePriority: it is a whole number"),
    "the same": (policy(rule(3, "untagged", "imageCountMoreThan", 1), rule(3, "any", "imageCountMoreThan", 1)),
                 "rules[0].rulePriority: another"),
    "status": (policy(rule(1, "ANY", "imageCountMoreThan", 1)), "rules[0].selection.tagStatus: it is \"tagged\""),
    "no list": (policy(rule(1, "tagged", "imageCountMoreThan", 1)), "rules[0].selection: tagStatus \"tagged\" needs"),
    "stars": (policy(rule(1, "tagged", "imageCountMoreThan", 1, tagPatternList=["a", "*****"])),
              "rules[0].selection.tagPatternList[1]: a pattern"),
    "both lists": (policy(rule(1, "tagged", "imageCountMoreThan", 1, tagPatternList=["a"], tagPrefixList=["b"])),
                   "selection.tagPrefixList: either"),
    "any is not last": (policy(ONE, rule(2, "untagged", "imageCountMoreThan", 1)),
                        "rules[0].rulePriority: the rule for \"any\""),
    "two of untagged": (policy(rule(1, "untagged", "imageCountMoreThan", 1), rule(2, "untagged", "imageCountMoreThan", 2)),
                        "rules[0].selection.tagStatus: one rule for \"untagged\""),
    "unit": (KEEP_ONE.replace('"countType"', '"countUnit": "days", "countType"'),
             "rules[0].selection.countUnit: imageCountMoreThan"),
    "number": (policy(rule(1, "any", "imageCountMoreThan", 0)), "rules[0].selection.countNumber: it is a whole number"),
    "pulled": (policy(ONE | {"rulePriority": 9}, rule(2, "untagged", "sinceImagePulled", 3)),
               "rules[1].selection.countType: sinceImagePulled"),
    "transitioned": (policy(rule(1, "any", "sinceImageTransitioned", 89, storageClass="archive")),
                     "countNumber: archived images stay"),
    "action": (KEEP_ONE.replace('"expire"', '"EXPIRE"'), "rules[0].action.type: it is \"expire\""),
    "no UTF-8": (policy(rule(1, "any", "imageCountMoreThan", 1, "caf?")).encode().replace(b"?", b"\xe9"), ""),
    "long": (KEEP_ONE + " " * (30721 - len(KEEP_ONE)), ""), "very long": (KEEP_ONE + " " * 1000000, ""),
    "endless": (b"[" * 30000, "it is not JSON")}


@pytest.mark.parametrize("name", WRONG)
def test_policies_that_are_none(lab, tmp_path, name):
    text, words = WRONG[name]
    path = tmp_path / "policy.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    lab.clear_log()
    for verb in ("set", "preview"):
        error_of(lifecycle(lab, verb, "team/app", str(path), key=None), 2, str(path), words)
        result = lifecycle(lab, verb, "team/app", "-", stdin=path.read_bytes(), key=None)
        assert (result.code, result.stdout) == (2, "") and words in result.stderr, result
        assert result.stderr.startswith(("ecr: -: ", "ecr: standard input: ")) and len(result.stderr.splitlines()) == 1, result
    assert lab.requests() == []


# ---- where

@pytest.mark.parametrize("host, api_host, more", [
    ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com", REGISTRY),
    ("210987654321.dkr.ecr.us-east-1.amazonaws.com", API, {"registryId": "210987654321"})])
def test_another_registry(lab, host, api_host, more):
    account, region = host[:12], host.split(".")[3]
    lab.create_repositories(["team/app"], account=account, region=region)
    lab.share("210987654321", "123456789012")
    named, where = f"{host}/team/app", {**more, **APP}
    for arguments, requests in ((["set", "--keep", "1"], 1), (["show"], 1), (["preview"], 2), (["rm", "--yes"], 1)):
        lab.clear_log()
        assert lifecycle(lab, *arguments, named).code == 0
        sent = asked(lab, api_host)
        assert len(sent) == requests and all(where.items() <= body.items() for _, body in sent)
    assert [sent] == [[(DELETE, where)]]


def test_the_region_of_an_option(lab):
    lab.create_repositories(["team/app"], region="eu-west-1")
    done(lifecycle(lab, "--region", "eu-west-1", "set", "--keep", "1", "team/app"), "", IS_SET)
    assert [operation for operation, _ in asked(lab, "api.ecr.eu-west-1.amazonaws.com")] == [PUT]


# ---- what the service refuses

EACH = [(["show"], GET), (["set", "--keep", "1"], PUT), (["rm", "--yes"], DELETE), (["preview", "--keep", "1"], START)]


@pytest.mark.parametrize("arguments, operation", EACH)
def test_denied(lab, app, arguments, operation):
    set_up(lab)
    error_of(lifecycle(lab, *arguments, "team/app", key="nothing"), 3, "team/app", f"lacks the IAM action ecr:{operation}")
    assert [o for o, _ in asked(lab)] == [operation] and is_set(lab) == KEEP_ONE


def test_denied_while_it_waits(lab, app):
    lab.new_key("starter", allow=[START])
    result = lifecycle(lab, "preview", "team/app", "--keep", "1", key="starter")
    error_of(result, 3, "team/app", f"lacks the IAM action ecr:{LOOK}")
    assert [o for o, _ in asked(lab)] == [START, LOOK]


@pytest.mark.parametrize("arguments, operation", EACH)
def test_no_repository(lab, arguments, operation):
    lab.clear_log()
    error_of(lifecycle(lab, *arguments, "none"), 1, "none", "RepositoryNotFoundException",
             "; 'ecr repo ls' lists what there is in us-east-1; is it the right account and region?")
    assert [o for o, _ in asked(lab)] == [operation]


@pytest.mark.parametrize("arguments, operation", EACH)
@pytest.mark.parametrize("code, status", [("LimitExceededException", 5), ("InvalidParameterException", 5),
("ValidationException", 5)])
def test_refused(lab, app, arguments, operation, code, status):
    lab.fault("refuse", service="api", operation=operation, code=code, message="as it is")
    error_of(lifecycle(lab, *arguments, "team/app"), status, "team/app", code, "as it is")


def test_without_a_policy(lab, app):
    for verb in ("show", "preview"):
        line = error_of(lifecycle(lab, verb, "team/app"), 1, "team/app", "LifecyclePolicyNotFoundException")
        assert line.endswith("; 'ecr lifecycle set' sets one, --keep N says which")
    assert asked(lab) == [(GET, APP), (START, APP)]


# ---- rm

def test_rm(lab, app):
    set_up(lab)
    done(lifecycle(lab, "rm", "--yes", "team/app"), "", "Lifecycle policy removed: team/app")
    assert asked(lab) == [(DELETE, APP)] and is_set(lab) is None
    done(lifecycle(lab, "rm", "--yes", "team/app"), "", "There was no lifecycle policy: team/app")
    set_up(lab)
    removed, = lifecycle(lab, "--json", "rm", "--yes", "team/app").json
    assert {**REGISTRY, **APP, "lifecyclePolicyText": KEEP_ONE}.items() <= removed.items()
    done(lifecycle(lab, "--json", "rm", "--yes", "team/app"), "", "There was no lifecycle policy: team/app")


def test_rm_asks(lab, app):
    set_up(lab)
    error_of(lifecycle(lab, "rm", "team/app", stdin="y\n"), 2, "lifecycle", "remove the lifecycle policy of team/app", "--yes")
    for typed, code in ((b"n\n", 5), (b"\n", 5), (b"yess\n", 5), (b"y\n", 0)):
        assert lab.requests() == []
        ran = run(lab, "lifecycle", "rm", "team/app", console="both", typed=typed)
        assert (ran.code, ran.out) == (code, ""), ran
        assert ran.err.startswith("Do you want to remove the lifecycle policy of team/app, in us-east-1? [y/N] "), ran
    assert asked(lab) == [(DELETE, APP)] and is_set(lab) is None


def test_rm_asks_with_the_host(lab, app):
    set_up(lab)
    for typed, code in ((b"n\n", 5), (b"y\n", 0)):
        assert lab.requests() == []
        ran = run(lab, "lifecycle", "rm", f"{HOST}/team/app", console="both", typed=typed)
        what = f"remove the lifecycle policy of {HOST}/team/app, in us-east-1 of 123456789012? [y/N] "
        assert (ran.code, ran.out) == (code, "") and ran.err.startswith(f"Do you want to {what}"), ran
    assert asked(lab) == [(DELETE, {**REGISTRY, **APP})] and is_set(lab) is None


def test_rm_without_credentials_asks_nothing(lab, app):
    """The session is opened before the question."""
    set_up(lab)
    ran = run(lab, "lifecycle", "rm", "team/app", console="both", typed=b"y\n",
              env=dict.fromkeys(lab.key_environment("full"), ""))
    assert (ran.code, ran.out) == (3, "") and "Do you want" not in ran.err and is_set(lab) == KEEP_ONE, ran


# ---- preview

def test_preview(lab, app):
    new, other, old = lab.add_images(app, [{"tags": ["v3"], "age": 5}, {"tags": ["v2", "b"], "age": 50}, {"age": 2 * DAY}])
    images = lab.api().describe_images(repositoryName="team/app")["imageDetails"]
    at = {image["imageDigest"]: iso(image["imagePushedAt"].timestamp()) for image in images}
    lab.clear_log()
    result = lifecycle(lab, "preview", "team/app", "--keep", "1", "--untagged-days", "1")
    rows = f"-\t{old}\t{at[old]}\tEXPIRE\t1\nv2,b\t{other}\t{at[other]}\tEXPIRE\t2\n"
    done(result, rows, "2 images of team/app would go")
    text = policy(go(1), stay(2, 1), separators=(",", ":"))
    assert asked(lab) == [(START, {**APP, "lifecyclePolicyText": text}), (LOOK, {**APP, "maxResults": 100})]
    assert is_set(lab) is None
    shown = lifecycle(lab, "--json", "preview", "team/app", "--keep", "2")
    service = lab.api().get_lifecycle_policy_preview(repositoryName="team/app")["previewResults"]
    assert shown.json == [{**r, "imagePushedAt": shown.json[0]["imagePushedAt"]} for r in service] and len(service) == 1
    assert shown.stderr == "1 image of team/app would go\n"
    done(lifecycle(lab, "preview", "team/app", "--keep", "9"), "", "0 images of team/app would go")


def test_preview_of_the_policy_that_is_set(lab, app):
    lab.add_images(app, [{"tags": ["a"], "age": 9}, {"tags": ["b"]}])
    set_up(lab)
    assert lifecycle(lab, "preview", "team/app").stdout.startswith("a\tsha256:")
    assert asked(lab) == [(START, APP), (LOOK, {**APP, "maxResults": 100})] and is_set(lab) == KEEP_ONE


def test_preview_of_a_transition(lab, app):
    digest, = lab.add_images(app, [{"tags": ["a"], "age": 3 * DAY}])
    text = policy(rule(5, "any", "sinceImagePulled", 1)).replace('"expire"', '"transition", "targetStorageClass": "archive"')
    result = lifecycle(lab, "preview", "team/app", "-", stdin=text)
    row, = result.lines
    assert re.fullmatch(f"a\t{digest}\t[0-9-]+T[0-9:]+Z\tTRANSITION\t5", row) and result.code == 0
    assert result.stderr == "0 images of team/app would go\n1 would be archived\n"


def answered(lab, *pages, **members):
    """What the service says of previews, page by page."""
    for number, page in enumerate(pages):
        more = {"nextToken": f"t{number}"} if number + 1 < len(pages) else {}
        text = json.dumps({"status": "COMPLETE", "previewResults": [], **page, **more, **members})
        lab.fault("body", service="api", operation=LOOK, count=1, text=text)


def test_preview_counts_each_kind_by_itself(lab, app):
    rows = [{"imageDigest": "sha256:" + f"{n:02x}" * 32, "action": {"type": kind}, "appliedRulePriority": 1}
            for n, kind in enumerate(["TRANSITION", "EXPIRE", "TRANSITION", "SOMETHING", "EXPIRE", "TRANSITION"])]
    answered(lab, {"previewResults": rows[:4]}, {"previewResults": rows[4:]})
    result = lifecycle(lab, "preview", "team/app", "--keep", "1")
    assert (result.code, result.stderr) == (0, "2 images of team/app would go\n3 would be archived\n"), result
    assert [line.split("\t")[3] for line in result.lines] == [row["action"]["type"] for row in rows]


MEANWHILE = "another policy was tried meanwhile, in place of this one; begin again"


@pytest.mark.parametrize("text", [policy(rule(1, "any", "imageCountMoreThan", 2)), policy(ONE, ONE), "{}", "no JSON", ""])
def test_another_policy_was_tried(lab, app, text):
    answered(lab, {"lifecyclePolicyText": text})
    error_of(lifecycle(lab, "preview", "team/app", "-", stdin=KEEP_ONE), 5, "team/app", MEANWHILE)
    assert [o for o, _ in asked(lab)] == [START, LOOK]


def test_another_policy_was_tried_between_two_pages(lab, app):
    other = policy(rule(1, "any", "imageCountMoreThan", 2))
    answered(lab, {"lifecyclePolicyText": KEEP_ONE}, {"lifecyclePolicyText": other})
    error_of(lifecycle(lab, "preview", "team/app", "-", stdin=KEEP_ONE), 5, "team/app", MEANWHILE)


@pytest.mark.parametrize("text", [
    None, KEEP_ONE, json.dumps(json.loads(KEEP_ONE), indent=3, sort_keys=True), KEEP_ONE.replace("any", "\\u0061ny")])
def test_the_same_policy_in_other_words(lab, app, text):
    answered(lab, {"lifecyclePolicyText": text} if text else {})
    done(lifecycle(lab, "preview", "team/app", "-", stdin=KEEP_ONE), "", "0 images of team/app would go")


def test_a_preview_without_a_policy_takes_any(lab, app):
    set_up(lab)
    answered(lab, {"lifecyclePolicyText": policy(rule(1, "any", "imageCountMoreThan", 2))})
    done(lifecycle(lab, "preview", "team/app"), "", "0 images of team/app would go")


def test_preview_of_many(lab, app):
    digests = lab.add_images(app, [{"tags": [f"v{n}"], "age": 300 - n} for n in range(251)])
    lab.clear_log()
    result = lifecycle(lab, "preview", "team/app", "--keep", "1")
    assert result.code == 0 and sorted(line.split("\t")[1] for line in result.lines) == sorted(digests[:250])
    assert result.stderr == "250 images of team/app would go\n"
    pages = [{**body, "nextToken": bool(body.get("nextToken"))} for _, body in asked(lab)[1:]]
    assert pages == [{**APP, "maxResults": 100, "nextToken": n > 0} for n in range(3)]


def test_preview_is_awaited(lab, app):
    lab.add_images(app, [{"tags": ["a"], "age": 9}, {"tags": ["b"]}])
    lab.setting(preview_polls=1)
    result = lifecycle(lab, "preview", "team/app", "--keep", "1")
    assert (result.code, len(result.lines), result.stderr) == (0, 1, "1 image of team/app would go\n")
    assert [o for o, _ in asked(lab)] == [START, LOOK, LOOK] and 0.4 < result.seconds < 5
    ran = run(lab, "lifecycle", "preview", "team/app", "--keep", "1", console="stderr")
    progress = "\r\x1b[KWaiting for the preview of team/app: IN_PROGRESS, 0 s\r\x1b[K1 image of team/app would go"
    assert ran.code == 0 and progress in ran.err, ran
    lab.setting(preview_polls=100)
    result = lifecycle(lab, "--timeout", "600ms", "preview", "team/app", "--keep", "1")
    error_of(result, 4, "the preview of team/app", "IN_PROGRESS", "--timeout")


def test_another_preview_is_running(lab, app):
    lab.add_images(app, [{"tags": ["a"], "age": 9}, {"tags": ["b"]}])
    lab.fault("refuse", service="api", operation=START, code="LifecyclePolicyPreviewInProgressException", count=1)
    assert lifecycle(lab, "preview", "team/app", "--keep", "1").stdout.startswith("a\t")
    sent = asked(lab)
    assert [o for o, _ in sent] == [START, START, LOOK] and sent[0] == sent[1]
    lab.clear()
    lab.fault("refuse", service="api", operation=START, code="LifecyclePolicyPreviewInProgressException")
    result = lifecycle(lab, "--timeout=300ms", "preview", "team/app", "--keep", "1")
    error_of(result, 4, "the preview of team/app", "another one is running")


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_previews_that_end_otherwise(lab, app, status):
    lab.add_images(app, 2)
    lab.setting(preview_status=status)
    error_of(lifecycle(lab, "preview", "team/app", "--keep", "1"), 5, "team/app", f"the preview ended as {status}")


@pytest.mark.parametrize("reply", [{}, {"status": 5}, {"status": "COMPLETE"}, {"status": "COMPLETE", "previewResults": {}},
                                   {"status": "COMPLETE", "previewResults": ["x"]},
                                   *[{"status": "COMPLETE", "previewResults": [], **more} for more in (
                                       {"nextToken": 5}, {"nextToken": ["t"]}, {"nextToken": True},
                                       {"repositoryName": "team/other"}, {"repositoryName": 5})]])
def test_previews_that_are_none(lab, app, reply):
    lab.fault("body", service="api", operation=LOOK, text=json.dumps(reply))
    error_of(lifecycle(lab, "preview", "team/app", "--keep", "1"), 5, API, LOOK)


def test_a_preview_that_begins_anew(lab, app):
    """Somebody starts another one between two pages of ours: half of it is no answer."""
    lab.add_images(app, [{"tags": [f"v{n}"], "age": 300 - n} for n in range(151)])
    running = {"status": "IN_PROGRESS", "previewResults": [], "summary": {}}
    lab.fault("body", service="api", operation=LOOK, skip=1, count=1, text=json.dumps(running))
    result = lifecycle(lab, "preview", "team/app", "--keep", "1")
    assert result.code == 0 and len(result.lines) == 150 and len(asked(lab)) == 5, result


@pytest.mark.parametrize("arguments, operation", EACH)
@pytest.mark.parametrize("wrong", [{"repositoryName": "team/other"}, {"registryId": "210987654321"}, {"registryId": 5}])
def test_replies_about_something_else(lab, app, arguments, operation, wrong):
    same = {**REGISTRY, **APP, "lifecyclePolicyText": KEEP_ONE, "status": "COMPLETE", "previewResults": []}
    lab.fault("body", service="api", operation=operation, text=json.dumps({**same, **wrong}))
    error_of(lifecycle(lab, *arguments, f"{HOST}/team/app"), 5, API, operation)
    assert [o for o, _ in asked(lab)] == [operation]
    lab.clear()
    lab.fault("body", service="api", operation=operation, text=json.dumps(same))
    answered(lab, APP)
    assert lifecycle(lab, *arguments, f"{HOST}/team/app").code == 0


# ---- operands as they were typed

def test_errors_name_the_operand_as_it_was_typed(lab, app):
    named = f"{HOST}/team/app"
    for verb in ("show", "preview"):
        error_of(lifecycle(lab, verb, named), 1, named, "LifecyclePolicyNotFoundException")
    for arguments, operation in EACH:
        error_of(lifecycle(lab, *arguments, named, key="nothing"), 3, named, f"lacks the IAM action ecr:{operation}")


def test_notes_name_the_operand_as_it_was_typed(lab, app):
    named = f"{HOST}/team/app"
    done(lifecycle(lab, "set", "--keep", "1", named), "", f"Lifecycle policy set: {named}")
    done(lifecycle(lab, "preview", named), "", f"0 images of {named} would go")
    done(lifecycle(lab, "rm", "--yes", named), "", f"Lifecycle policy removed: {named}")
    done(lifecycle(lab, "rm", "--yes", named), "", f"There was no lifecycle policy: {named}")


def test_errors_of_a_preview_name_the_operand_as_it_was_typed(lab, app):
    named = f"{HOST}/team/app"
    answered(lab, {"status": "FAILED"})
    error_of(lifecycle(lab, "preview", "--keep", "1", named), 5, named, "the preview ended as FAILED")
    lab.setting(preview_polls=100)
    result = lifecycle(lab, "--timeout", "400ms", "preview", named, "--keep", "1")
    error_of(result, 4, f"the preview of {named}", "IN_PROGRESS")


@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("html", 5), ("cut", 4)])
def test_faults(lab, app, fault, code):
    set_up(lab)
    lab.fault(fault, service="api")
    for arguments, _ in EACH:
        result = lifecycle(lab, "--max-attempts", "1", *arguments, "team/app")
        assert (result.code, result.stdout) == (code, "") and result.stderr.startswith("ecr: "), result
