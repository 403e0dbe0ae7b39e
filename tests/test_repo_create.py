"""`ecr repo create`: a repository is made, or is there already as it was asked for, or differs."""

import json

import pytest

from support_manage import (ACCOUNT, API, ARN, EXCEPT, HOST, IMMUTABLE, OTHER, SCANNED, asked, done, encrypted, error_of,
                            filters, made, tagged)

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
OTHER_KEY = KEY.replace("1234abcd", "9999abcd")
ALIAS = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/mine"


def repo(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr("repo", *arguments, **{"env": {"AWS_REGION": "us-east-1"}, **options})


@pytest.mark.parametrize("options, members", [
    ([], {}),
    (["--immutable"], IMMUTABLE),
    (["--mutable"], {"imageTagMutability": "MUTABLE"}),
    (["--immutable", "--except", "latest", "--except=dev-*"], {**EXCEPT, **filters("latest", "dev-*")}),
    (["--except", "*-rc*", "--mutable"], {"imageTagMutability": "MUTABLE_WITH_EXCLUSION", **filters("*-rc*")}),
    (["--immutable", *[f"--except=V_{n}." for n in range(5)]], {**EXCEPT, **filters(*[f"V_{n}." for n in range(5)])}),
    (["--scan-on-push"], SCANNED), (["--no-scan-on-push"], {"imageScanningConfiguration": {"scanOnPush": False}}),
    (["--kms"], encrypted("KMS")),
    (["--kms", KEY], encrypted("KMS", KEY)), ([f"--kms={KEY_ID}"], encrypted("KMS", KEY_ID)),
    (["--kms", KEY_ID], encrypted("KMS", KEY_ID)), (["--kms", "alias/mine"], encrypted("KMS", "alias/mine")),
    (["--kms", ALIAS, "--scan-on-push"], {**SCANNED, **encrypted("KMS", ALIAS)}),
    (["--encryption", "AES256"], encrypted("AES256")), (["--encryption=KMS"], encrypted("KMS")),
    (["--encryption", "KMS_DSSE"], encrypted("KMS_DSSE")),
    (["--kms", KEY, "--encryption", "KMS_DSSE"], encrypted("KMS_DSSE", KEY)),
    (["--tag", "a=b", "--tag=c=", "--tag", "d e=x=y"], tagged(**{"a": "b", "c": "", "d e": "x=y"})),
    (["--must-not-exist"], {})])
def test_create(lab, options, members):
    for arguments in ((*options, "team/app"), ("team/app", *options)):
        lab.reset()
        done(repo(lab, "create", *arguments), f"{HOST}/team/app\n")
        assert asked(lab) == [("CreateRepository", {"repositoryName": "team/app", **members})]


@pytest.mark.parametrize("host, api, account, arguments", [
    (HOST, API, ACCOUNT, []), (HOST.replace("us-east-1", "eu-west-1"), API.replace("us-east-1", "eu-west-1"), ACCOUNT, []),
    (HOST.replace("us-east-1", "cn-north-1") + ".cn", API.replace("us-east-1", "cn-north-1") + ".cn", ACCOUNT, []),
    (HOST.replace(ACCOUNT, OTHER), API, OTHER, ["--tag", "a=b", "--immutable"])])
def test_create_where_the_name_says(lab, host, api, account, arguments):
    lab.share(OTHER, ACCOUNT)
    for again in ([], [f"Repository exists already: {host}/team/app"]):
        result = repo(lab, "create", *arguments, f"{host}/team/app", env={"AWS_REGION": "ap-south-1"})
        done(result, f"{host}/team/app\n", *again)
        sent = asked(lab, api)
        assert {body["registryId"] for name, body in sent if name != "ListTagsForResource"} == {account}
        assert sent[0][1]["repositoryName"] == "team/app" and len(sent) == 1 + bool(again) * (2 if arguments else 1)


@pytest.mark.parametrize("env, options", [({"AWS_REGION": "eu-west-1"}, []), ({"AWS_DEFAULT_REGION": "eu-west-1"}, []),
                                          ({"AWS_REGION": "us-east-1"}, ["--region", "eu-west-1"])])
def test_create_in_the_region_of_the_caller(lab, env, options):
    done(repo(lab, *options, "create", "team/app", env=env), f"{HOST.replace('us-east-1', 'eu-west-1')}/team/app\n")
    assert asked(lab, API.replace("us-east-1", "eu-west-1")) == [("CreateRepository", {"repositoryName": "team/app"})]


def test_a_region_is_needed(lab):
    error_of(repo(lab, "create", "team/app", env={}), 2, "region", "--region", "AWS_REGION")
    assert lab.requests() == []


@pytest.mark.parametrize("name", ["ab", "a" * 256, "a__b", "a--b---c", "a.b_c-d/e/0", "0/1", "k" * 40])
def test_names_that_are_good(lab, name):
    """After --kms too, where a name could be taken for a key."""
    for options in ([], ["--kms"]):
        done(repo(lab, "create", *options, name), f"{HOST}/{name}\n")
        assert asked(lab) == [("CreateRepository", {"repositoryName": name, **(encrypted("KMS") if options else {})})]
        lab.api().delete_repository(repositoryName=name)


@pytest.mark.parametrize("there, options, calls", [
    ({}, [], 2),
    ({**IMMUTABLE, **SCANNED, **encrypted("KMS", KEY), **tagged(a="b")}, [], 2),  # nothing was asked for: all is well
    (IMMUTABLE, ["--immutable"], 2),
    ({**EXCEPT, **filters("latest", "dev-*")}, ["--immutable", "--except", "dev-*", "--except", "latest"], 2),
    (SCANNED, ["--scan-on-push"], 2), ({}, ["--no-scan-on-push"], 2), (encrypted("KMS", KEY), ["--kms", KEY], 2),
    (encrypted("KMS", KEY), ["--kms", KEY_ID], 2), (encrypted("KMS", KEY), ["--encryption", "KMS"], 2),
    ({}, ["--encryption", "AES256", "--mutable"], 2),
    (tagged(a="b", c="d"), ["--tag", "c=d", "--tag", "a=b"], 3), (tagged(a=""), ["--tag", "a="], 3)])
def test_create_what_is_there(lab, there, options, calls):
    lab.create_repository("team/app", **there)
    before = made(lab)
    done(repo(lab, "create", *options, "team/app"), f"{HOST}/team/app\n", "Repository exists already: team/app")
    sent = asked(lab)
    assert [name for name, _ in sent] == ["CreateRepository", "DescribeRepositories", "ListTagsForResource"][:calls]
    bodies = [{"repositoryNames": ["team/app"]}, {"resourceArn": f"{ARN}/team/app"}]
    assert [body for _, body in sent[1:]] == bodies[:calls - 1]
    assert made(lab) == before
    assert repo(lab, "--quiet", "create", *options, "team/app").stderr == ""
    assert repo(lab, "--json", "create", *options, "team/app").json == [before]


@pytest.mark.parametrize("options, asked_for", [
    (["--kms"], "the service's own"), (["--kms", "--encryption", "KMS"], "the service's own"),
    (["--kms", "alias/mine"], "alias/mine"), (["--kms", ALIAS], ALIAS)])
def test_create_with_a_key_that_cannot_be_compared(lab, options, asked_for):
    """Which key it is, of which there is no more to be seen; it counts as the same."""
    lab.create_repository("team/app", **encrypted("KMS", KEY))
    note = f"Its KMS key is {KEY}: whether that is {asked_for} cannot be seen here"
    done(repo(lab, "create", "team/app", *options), f"{HOST}/team/app\n", note, "Repository exists already: team/app")
    assert [name for name, _ in asked(lab)] == ["CreateRepository", "DescribeRepositories"]
    done(repo(lab, "-q", "create", "team/app", *options), f"{HOST}/team/app\n")
    result = repo(lab, "create", "--json", "team/app", *options)
    assert result.json == [made(lab)] and result.stderr.splitlines()[0] == note


@pytest.mark.parametrize("there, options, words", [
    ({}, ["--immutable"], ["mutability is MUTABLE, not IMMUTABLE"]),
    (IMMUTABLE, ["--mutable"], ["mutability is IMMUTABLE, not MUTABLE"]),
    ({**EXCEPT, **filters("dev-*")}, ["--immutable"], ["mutability is IMMUTABLE_WITH_EXCLUSION, not IMMUTABLE"]),
    ({**EXCEPT, **filters("dev-*")}, ["--immutable", "--except", "latest"], ["dev-*", "latest"]),
    ({**EXCEPT, **filters("a", "b")}, ["--immutable", "--except", "a"], ["except"]),
    ({**EXCEPT, **filters("a")}, ["--immutable", "--except", "a", "--except", "b"], ["except"]),
    ({**EXCEPT, **filters("a", "b")}, ["--immutable", "--except", "a", "--except", "a"], ["except"]),
    ({}, ["--scan-on-push"], ["scan-on-push is off, not on"]),
    (SCANNED, ["--no-scan-on-push"], ["scan-on-push is on, not off"]),
    ({}, ["--kms"], ["encryption is AES256, not KMS"]),
    (encrypted("KMS"), ["--encryption", "AES256"], ["encryption is KMS, not AES256"]),
    (encrypted("KMS"), ["--encryption", "KMS_DSSE"], ["encryption is KMS, not KMS_DSSE"]),
    (encrypted("KMS", KEY), ["--kms", OTHER_KEY], [f"KMS key is {KEY}, not {OTHER_KEY}"]),
    ({}, ["--tag", "a=b"], ["tag a is not set, not b"]), (tagged(a="c"), ["--tag", "a=b"], ["tag a is c, not b"]),
    (tagged(A="b"), ["--tag", "a=b"], ["tag a is not set"]),
    (IMMUTABLE, ["--mutable", "--scan-on-push", "--kms", "--tag", "x=y"],
     ["mutability is", "; scan-on-push is", "; encryption is", "; the tag x is"])])
def test_create_what_is_there_and_different(lab, there, options, words):
    lab.create_repository("team/app", **there)
    before = made(lab)
    error_of(repo(lab, "create", *options, "team/app"), 5, "team/app", "it is there already", "ecr repo set", *words)
    assert [name for name, _ in asked(lab)] == ["CreateRepository", "DescribeRepositories", "ListTagsForResource"][
        :3 if "--tag" in options else 2]
    assert made(lab) == before


def test_must_not_exist(lab):
    lab.create_repository("team/app")
    result = repo(lab, "create", "--must-not-exist", "team/app")
    line = error_of(result, 5, "team/app", "RepositoryAlreadyExistsException", "'team/app'")
    assert line.endswith("; 'ecr repo show' shows it") and [name for name, _ in asked(lab)] == ["CreateRepository"]
    error_of(repo(lab, "create", "--must-not-exist", f"{HOST}/team/app"), 5, f"{HOST}/team/app", "'ecr repo show' shows it")


@pytest.mark.parametrize("allowed, options, action", [
    ([], [], "CreateRepository"), (["CreateRepository"], [], "DescribeRepositories"),
    (["CreateRepository"], ["--tag", "a=b"], "TagResource"),
    (["CreateRepository", "TagResource", "DescribeRepositories"], ["--tag", "a=b"], "ListTagsForResource")])
def test_create_denied(lab, allowed, options, action):
    """The action that is lacking is named, and no other."""
    lab.create_repository("team/app", **tagged(a="b"))
    lab.new_key("some", allow=allowed)
    line = error_of(repo(lab, "create", *options, "team/app", key="some"), 3, "team/app", "AccessDeniedException")
    assert line.endswith(f"lacks the IAM action ecr:{action}")


@pytest.mark.parametrize("code, status, advice", [
    ("LimitExceededException", 5, "Service Quotas"), ("KmsException", 3, "KMS key"), ("TooManyTagsException", 5, ""),
    ("InvalidTagParameterException", 5, ""), ("InvalidParameterException", 5, ""), ("ValidationException", 5, ""),
    ("UnsupportedUpstreamRegistryException", 5, ""), ("SomethingNew", 5, "")])
def test_create_refused(lab, code, status, advice):
    lab.fault("refuse", service="api", code=code, message="why it is so")
    for name in ("team/app", f"{HOST}/team/app"):
        error_of(repo(lab, "create", name), status, name, code, "why it is so", advice)
        assert [name for name, _ in asked(lab)] == ["CreateRepository"]


@pytest.mark.parametrize("text", ["{}", '{"repository": {}}', '{"repository": {"repositoryName": "team/app"}}',
                                  f'{{"repository": {{"repositoryName": "b", "repositoryUri": "{HOST}/b"}}}}'])
def test_create_answered_amiss(lab, text):
    lab.fault("body", service="api", text=text)
    error_of(repo(lab, "create", "team/app"), 5, API, "CreateRepository")
    assert repo(lab, "create", "--json", "team/app").code == 5


def test_create_answered_about_another_registry(lab):
    """It is compared with what was sent alone."""
    made_there = {"repositoryName": "team/app", "repositoryUri": f"{HOST}/team/app", "registryId": OTHER}
    lab.fault("body", service="api", text=json.dumps({"repository": made_there}))
    error_of(repo(lab, "create", f"{HOST}/team/app"), 5, API, "CreateRepository")
    done(repo(lab, "create", "team/app"), f"{HOST}/team/app\n")


RULES = [("", "empty"), ("a", "at least 2"), ("a" * 257, "at most 256"), ("Team/app", "capital"),
         ("team/é", "letters, digits"), ("a b", "letters, digits"), ("/app", "begins and ends"),
         ("app/", "begins and ends"), ("a//b", "begins and ends"),
         ("-a", "unknown option"), ("a/-b", "begins and ends"), ("a.", "begins and ends"), ("a..b", "stands"),
         ("a___b", "stands"), ("a._b", "stands"), ("app:v1", "without tag"), ("app@sha256:" + "0" * 64, "without tag"),
         ("https://example.com/a", "scheme"), (f"https://{HOST}/app", "scheme"), (HOST, "at least 2"),
         (f"{HOST}/", "at least 2"), (f"{HOST}/App", "capital"), (f"1{HOST}/app", "no registry"),
         (f"{HOST[1:]}/app", "no registry"),
         (f"{HOST[:-1]}/app", "no registry"), ("localhost:5000/app", "no registry")]


@pytest.mark.parametrize("name, rule", RULES)
def test_names_that_are_none(lab, name, rule):
    """Nothing is sent, and no credentials are looked for."""
    for verb, *options in (["create"], ["show"], ["set", "--immutable"], ["rm", "--yes"]):
        error_of(repo(lab, verb, *options, name, key=None), 2, name or "''", rule)
    assert lab.requests() == []


@pytest.mark.parametrize("options, subject, rule", [
    (["--kms=" + KEY.replace(ACCOUNT, "1234")], KEY.replace(ACCOUNT, "1234"), "KMS key is an ARN"),
    (["--kms", KEY.replace(":kms:", ":iam:")], KEY.replace(":kms:", ":iam:"), "KMS key is an ARN"),
    (["--kms", KEY[:-20]], KEY[:-20], "KMS key is an ARN"), (["--kms=mine"], "mine", "alias/NAME"),
    (["--kms=alias/"], "alias/", "alias/NAME"), (["--kms=alias/a b"], "alias/a b", "alias/NAME"),
    (["--kms", KEY, "--encryption", "AES256"], "--kms", "AES256"), (["--encryption", "RSA"], "--encryption", "AES256, KMS"),
    (["--immutable", "--mutable"], "--mutable", "opposite"), (["--except", "x"], "--except", "--immutable"),
    (["--immutable", "--except", ""], "--except", "empty"), (["--immutable", "--except", "a?"], "a?", "letters"),
    (["--immutable", "--except", "a*b*c*"], "a*b*c*", "two '*'"),
    (["--immutable", "--except", "a" * 129], "a" * 129, "1 to 128"),
    (["--immutable", *[f"--except=a{n}" for n in range(6)]], "--except", "at most 5"),
    (["--tag", "a"], "a", "KEY=VALUE"), (["--tag", "=a"], "=a", "KEY=VALUE"), (["--tag", "AWS:x=a"], "AWS:x=a", "aws:"),
    (["--tag", "a" * 129 + "=b"], "a" * 129 + "=b", "128"), (["--tag", "a=" + "b" * 257], "a=" + "b" * 257, "256"),
    ([f"--tag=a{n}=b" for n in range(51)], "--tag", "at most 50"),
    (["--scan-on-push", "--no-scan-on-push"], "--no-scan-on-push", "opposite"),
    (["more/names"], "team/app", "one operand too many"), (["--json=x"], "--json", "no value")])
def test_options_that_are_wrong(lab, options, subject, rule):
    result = repo(lab, "create", *options, "team/app", key=None)
    assert result.code == 2 and result.stdout == "" and len(result.stderr.splitlines()) == 1, result
    assert result.stderr.startswith(f"ecr: {subject}") and rule in result.stderr, result
    assert lab.requests() == []


def test_lengths_are_of_characters(lab):
    done(repo(lab, "create", "--tag", "é" * 128 + "=" + "ü" * 256, "team/app"), f"{HOST}/team/app\n")


@pytest.mark.parametrize("arguments, words", [
    ([], ["what is to be done", "ls, create, show, set, rm"]), (["create"], ["usage: ecr repo create"]),
    (["show"], ["usage: ecr repo show"]), (["rm", "--yes"], ["usage: ecr repo rm"]),
    (["set", "--mutable"], ["usage: ecr repo set"]), (["ls", "a", "b"], ["usage: ecr repo ls"]),
    (["crate", "team/app"], ["one of ls, create, show, set, rm"]),
    (["xxxxxxxx", "team/app"], ["does no such thing", "one of ls, create"])])
def test_verbs(lab, arguments, words):
    result = repo(lab, *arguments, key=None)
    assert result.code == 2 and result.stdout == "" and all(word in result.stderr for word in words), result
    assert lab.requests() == []
