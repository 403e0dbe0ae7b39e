"""`ecr policy`: who may use a repository, or the registry: shown, set and removed."""

import json

import pytest

from support_manage import ACCOUNT, API, HOST, NONE_THERE, OTHER, asked, done, error_of, on_terminal


def policy_of(*statements, **members):
    return json.dumps({"Version": "2012-10-17", **members, "Statement": list(statements)}, indent=1, ensure_ascii=False)


PULL = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": ["ecr:BatchGetImage"]}
POLICY = policy_of({"Sid": "é\x1b", **PULL})
LOCKS_OUT = policy_of({"Effect": "Deny", "Principal": "*", "Action": "ecr:*"})


@pytest.fixture
def app(lab):
    lab.create_repositories(["app"])
    return "app"


def policy(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr("policy", *arguments, **{"env": {"AWS_REGION": "us-east-1"}, **options})


def stored(lab):
    return lab.api().get_repository_policy(repositoryName="app")["policyText"]


def put(lab, place):
    if place == "--registry":
        lab.api().put_registry_policy(policyText=POLICY)
    else:
        lab.api().set_repository_policy(repositoryName=place, policyText=POLICY)


# The two places: the operand, what it is called, and the operations and the members that name it in the body.
PLACES = [("app", "app", ("GetRepositoryPolicy", "SetRepositoryPolicy", "DeleteRepositoryPolicy"), {"repositoryName": "app"}),
          ("--registry", "the registry", ("GetRegistryPolicy", "PutRegistryPolicy", "DeleteRegistryPolicy"), {})]
both = pytest.mark.parametrize("place, name, operations, members", PLACES, ids=["repository", "registry"])


# ---- show, set, rm

@both
def test_show(lab, app, place, name, operations, members):
    put(lab, place)
    result = policy(lab, "show", place)
    assert (result.code, result.stderr) == (0, "") and json.loads(result.stdout) == json.loads(POLICY), result
    assert result.lines[:4] == ["{", '  "Version": "2012-10-17",', '  "Statement": [', "    {"] and "\x1b" not in result.stdout
    assert asked(lab) == [(operations[0], members)]
    assert policy(lab, "show", "--json", place).json == [{"registryId": ACCOUNT, **members, "policyText": POLICY}]


@both
def test_show_what_is_not_set(lab, app, place, name, operations, members):
    line = error_of(policy(lab, "show", place), 1, name, "PolicyNotFoundException")
    assert line.endswith(f"; 'ecr policy set{' --registry' if place == '--registry' else ''}' sets one")
    assert asked(lab) == [(operations[0], members)]
    result = policy(lab, "show", "--json", place)
    assert result.code == 1 and result.json[0]["error"]["reason"] == "not-set" and len(result.json) == 1, result


@both
def test_set(lab, app, tmp_path, place, name, operations, members):
    """The text is sent as it is; once more is as good."""
    path = tmp_path / "policy.json"
    path.write_text(POLICY)
    for source, stdin in ((str(path), None), ("-", POLICY), (str(path), None)):
        done(policy(lab, "set", place, source, stdin=stdin), "", f"Policy set: {name}")
        assert asked(lab) == [(operations[1], {**members, "policyText": POLICY})]
    assert policy(lab, "set", "--json", place, source).json == [{"registryId": ACCOUNT, **members, "policyText": POLICY}]
    done(policy(lab, "-q", "set", place, source))
    assert json.loads(policy(lab, "show", place).stdout) == json.loads(POLICY)


@both
def test_rm(lab, app, place, name, operations, members):
    put(lab, place)
    done(policy(lab, "rm", "--yes", place), "", f"Policy removed: {name}")
    assert asked(lab) == [(operations[2], members)]
    error_of(policy(lab, "show", place), 1, name)
    for options in ([], ["--json"]):
        done(policy(lab, "rm", "--yes", *options, place), "", f"There was no policy: {name}")
        assert asked(lab) == [(operations[2], members)]
    put(lab, place)
    gone = policy(lab, "rm", "-q", "--yes", "--json", place)
    assert gone.json == [{"registryId": ACCOUNT, **members, "policyText": POLICY}] and gone.stderr == ""


@both
def test_rm_asks(lab, app, place, name, operations, members):
    put(lab, place)
    error_of(policy(lab, "rm", place, stdin="y\n", key=None), 2, "policy", f"remove the policy of {name}", "--yes")
    lab.clear_log()
    code, out, said = on_terminal(lab, "policy", "rm", place, answer="n\n")
    assert (code, out) == (5, "") and lab.requests() == [], said
    assert said.startswith(f"Do you want to remove the policy of {name}, in us-east-1? [y/N] ") and "nothing was done" in said
    code, out, said = on_terminal(lab, "policy", "rm", place, "--region", "eu-west-1", answer="n\n")
    assert said.startswith(f"Do you want to remove the policy of {name}, in eu-west-1? [y/N] ") and lab.requests() == []
    code, out, said = on_terminal(lab, "policy", "rm", place, answer="y\n")
    assert (code, out, said.partition("[y/N] ")[2]) == (0, "", f"Policy removed: {name}\n")
    assert asked(lab) == [(operations[2], members)]


@both
def test_denied(lab, app, place, name, operations, members):
    for verb, operation in zip((["show", place], ["set", place, "-"], ["rm", "--yes", place]), operations):
        line = error_of(policy(lab, *verb, key="pull", stdin=POLICY), 3, name, "AccessDeniedException")
        assert line.endswith(f"lacks the IAM action ecr:{operation}")
        error_of(policy(lab, *verb, key=None, stdin=POLICY), 3, "AWS", "no credentials")


@both
@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("cut", 4), ("garble_json", 5)])
def test_faults(lab, app, place, name, operations, members, fault, code):
    put(lab, place)
    lab.fault(fault, service="api")
    for verb in (["show", place], ["set", place, "-"], ["rm", "--yes", place]):
        result = policy(lab, "--max-attempts", "1", *verb, stdin=POLICY)
        assert (result.code, result.stdout, len(result.stderr.splitlines())) == (code, "", 1), result
        assert result.stderr.startswith("ecr: ")


def test_a_repository_that_is_not_there(lab):
    for verb in (["show", "none"], ["set", "none", "-"], ["rm", "--yes", "none"]):
        for name in ("none", f"{HOST}/none"):
            arguments = [name if word == "none" else word for word in verb]
            error_of(policy(lab, *arguments, stdin=POLICY), 1, name, "RepositoryNotFoundException", f"; {NONE_THERE}")


def test_where_the_name_says(lab):
    lab.create_repository("app", region="eu-west-1", role="other")
    lab.share(OTHER, ACCOUNT)
    host, api = HOST.replace(ACCOUNT, OTHER).replace("us-east-1", "eu-west-1"), API.replace("us-east-1", "eu-west-1")
    members = {"registryId": OTHER, "repositoryName": "app"}
    done(policy(lab, "set", f"{host}/app", "-", stdin=POLICY), "", f"Policy set: {host}/app")
    assert asked(lab, api) == [("SetRepositoryPolicy", {**members, "policyText": POLICY})]
    assert policy(lab, "show", "--json", f"{host}/app").json == [{**members, "policyText": POLICY}]
    assert asked(lab, api) == [("GetRepositoryPolicy", members)]
    lab.clear_log()
    said = on_terminal(lab, "policy", "rm", f"{host}/app", answer="n\n")[2]
    assert said.startswith(f"Do you want to remove the policy of {host}/app, in eu-west-1 of {OTHER}? [y/N] "), said
    assert lab.requests() == []
    for note in ("Policy removed", "There was no policy"):
        done(policy(lab, "rm", "--yes", f"{host}/app"), "", f"{note}: {host}/app")
        assert asked(lab, api) == [("DeleteRepositoryPolicy", members)]


def test_the_registry_of_a_region(lab):
    put(lab, "--registry")
    error_of(policy(lab, "show", "--registry", "--region", "eu-west-1"), 1, "the registry", "RegistryPolicyNotFoundException")
    assert asked(lab, API.replace("us-east-1", "eu-west-1")) == [("GetRegistryPolicy", {})]
    error_of(policy(lab, "show", "--registry", env={}), 2, "region", "--region")
    assert lab.requests() == []


def test_a_policy_that_locks_out(lab, app):
    """The service's own reason; --force is handed to it."""
    lab.api().set_repository_policy(repositoryName="app", policyText=POLICY)
    error_of(policy(lab, "set", "app", "-", stdin=LOCKS_OUT), 5, "app", "InvalidParameterException", "force")
    assert asked(lab) == [("SetRepositoryPolicy", {"repositoryName": "app", "policyText": LOCKS_OUT})]
    assert stored(lab) == POLICY
    done(policy(lab, "set", "--force", "app", "-", stdin=LOCKS_OUT), "", "Policy set: app")
    assert asked(lab) == [("SetRepositoryPolicy", {"repositoryName": "app", "policyText": LOCKS_OUT, "force": True})]
    assert stored(lab) == LOCKS_OUT


@pytest.mark.parametrize("text", ["{}", '{"policyText": 5}', '{"policyText": "none"}'])
def test_answers_without_a_policy(lab, app, text):
    lab.fault("body", service="api", text=text)
    error_of(policy(lab, "show", "app"), 5, API, "GetRepositoryPolicy")


@pytest.mark.parametrize("changes, bare", [({"repositoryName": "b"}, 5), ({"registryId": OTHER}, 0)])
def test_answers_about_another(lab, app, changes, bare):
    """A reply repeats what was sent: the account is, where the operand has it."""
    text = json.dumps({"registryId": ACCOUNT, "repositoryName": "app", "policyText": POLICY, **changes})
    lab.fault("body", service="api", text=text)
    for verb, operation in zip((["show"], ["set"], ["rm", "--yes"]), PLACES[0][2]):
        rest = ["-"] * (verb == ["set"])
        error_of(policy(lab, *verb, f"{HOST}/app", *rest, stdin=POLICY), 5, API, operation)
        assert policy(lab, *verb, "app", *rest, stdin=POLICY).code == bare


# ---- what is no policy

def one(**changes):
    statement = {**PULL, **changes}
    return policy_of({name: value for name, value in statement.items() if value is not None})


ROOM = 10240 - len(policy_of(PULL, Id=""))


@pytest.mark.parametrize("text, rule", [
    ("", "not JSON"), ("{", "not JSON"), (POLICY + "}", "not JSON"), (POLICY[:-1], "not JSON"), ("\x00", "not JSON"),
    (POLICY.encode("latin-1"), "not UTF-8"), ("[]", "no JSON object"), ('"x"', "no JSON object"), ("null", "no JSON object"),
    ("{}", "Statement"), (policy_of(), "Statement"), ('{"Statement": "x"}', "Statement"), ('{"Statement": null}', "Statement"),
    (policy_of(PULL, 1), "Statement[1]"), (policy_of(PULL, PULL, {}), "Statement[2].Effect"),
    (one(Effect=None), "Statement[0].Effect"), (one(Effect="allow"), "Statement[0].Effect"),
    (one(Effect=True), "Statement[0].Effect"),
    (one(Principal=None), "Statement[0].Principal"), (one(Action=None), "Statement[0].Action"),
    (json.dumps({"Statement": {**PULL, "Effect": 1}}), "Statement.Effect"),
    (policy_of(PULL, Id="x" * (ROOM + 1)), "10240"), (" " * 20000, "10240")])
def test_what_is_no_policy(lab, app, tmp_path, text, rule):
    """It is told before anything is sent, and before credentials are looked for."""
    path = tmp_path / "policy.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for place in ("app", "--registry"):
        error_of(policy(lab, "set", place, str(path), key=None), 2, str(path), rule)
        result = policy(lab, "set", place, "-", stdin=text, key=None)
        assert result.code == 2 and result.stdout == "" and rule in result.stderr, result
        assert result.stderr.startswith("ecr: ") and len(result.stderr.splitlines()) == 1
    assert lab.requests() == []


@pytest.mark.parametrize("text", [
    json.dumps({"Statement": PULL}), one(Effect="Deny", Principal=None, NotPrincipal="*"),
    one(Action=None, NotAction="ecr:Put*"), policy_of(PULL, Id="a" * ROOM), policy_of(PULL, Id="é" * ROOM),
    "\n" + POLICY + "\n"])
def test_what_is_a_policy(lab, app, text):
    done(policy(lab, "set", "app", "-", stdin=text), "", "Policy set: app")
    assert stored(lab) == text


# ---- what is wrong with the command line

@pytest.mark.parametrize("arguments, words", [
    ([], ["what is to be done", "show, set, rm"]), (["add", "app"], ["add"]),
    (["show"], ["which repository, or --registry", "usage: ecr policy show"]),
    (["rm", "--yes"], ["which repository", "usage: ecr policy rm"]),
    (["set", "app"], ["usage: ecr policy set"]), (["set", "--registry"], ["usage: ecr policy set"]),
    (["show", "--registry", "app"], ["no room for a repository"]),
    (["rm", "--yes", "--registry", HOST], ["no room for a repository"]),
    (["set", "--registry", "app", "-"], ["no room for a repository"]),
    (["show", "app", "more"], ["more", "one operand too many"]),
    (["set", "--registry", "--force", "-"], ["--force"]), (["rm", "--force", "app"], ["--force", "unknown option"]),
    (["set", "app", "/nowhere/policy"], ["/nowhere/policy", "No such file"]), (["set", "app", "/"], ["/: ", "cannot read it"]),
    (["show", "--registry", "--public"], ["--public"]), (["set", "--public", "--registry", "-"], ["--public"]),
    (["rm", "--yes", "--public", "--registry"], ["--public"]),
    (["show", "App"], ["App: ", "capital"]), (["set", "a//b", "-"], ["a//b: ", "begins and ends"]),
    (["rm", "--yes", "app:v1"], ["app:v1: "]),
    (["show", HOST], [HOST, "at least 2"])])
def test_wrong_usage(lab, arguments, words):
    for stdin in (POLICY, ""):
        result = policy(lab, *arguments, stdin=stdin, key=None)
        assert result.code == 2 and result.stdout == "" and all(word in result.stderr for word in words), result
        assert result.stderr.startswith("ecr: ") and len(result.stderr.splitlines()) == 1
    assert lab.requests() == []
