"""`ecr cache`: pull-through rules for every upstream, added once, tried by the service, listed with their state."""

import json

import pytest

from support_manage import API, HOST, asked, done, error_of, iso
from support_tables import run

CREATE, DESCRIBE, UPDATE = "CreatePullThroughCacheRule", "DescribePullThroughCacheRules", "UpdatePullThroughCacheRule"
DELETE, VALIDATE = "DeletePullThroughCacheRule", "ValidatePullThroughCacheRule"
ACCOUNT, OTHER = "123456789012", "210987654321"
UPSTREAM, HERE = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com", f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
ROLE, ROLE2 = f"arn:aws:iam::{ACCOUNT}:role/cache", f"arn:aws:iam::{ACCOUNT}:role/team/other"
HUB = ["--credential-arn", SECRET]


def cache(lab, *arguments, env=None, **options):
    return lab.ecr("cache", *arguments, env={"AWS_REGION": "us-east-1", **(env or {})}, **options)


def rules(lab, region="us-east-1"):
    """What is there: by prefix, without what is the same for all."""
    found = lab.api(region=region).describe_pull_through_cache_rules()["pullThroughCacheRules"]
    left_out = ("ecrRepositoryPrefix", "createdAt", "updatedAt", "registryId")
    return {r["ecrRepositoryPrefix"]: {k: v for k, v in r.items() if k not in left_out} for r in found}


def about(prefix):
    return {"ecrRepositoryPrefix": prefix}


def said(lab, valid, failure=None, **rest):
    """What the service says of each rule that it is to try."""
    text = {"isValid": valid, **({"failure": failure} if failure else {})}
    lab.fault("body", service="api", operation=VALIDATE, text=json.dumps(text), **rest)


# ---- add

@pytest.mark.parametrize("word, url, name, secret", [
    ("docker-hub", "registry-1.docker.io", "docker-hub", True), ("docker.io", "registry-1.docker.io", "docker-hub", True),
    ("ghcr", "ghcr.io", "github-container-registry", True), ("ghcr.io", "ghcr.io", "github-container-registry", True),
    ("quay", "quay.io", "quay", False), ("https://quay.io", "quay.io", "quay", False),
    ("k8s", "registry.k8s.io", "k8s", False),
    ("gitlab", "registry.gitlab.com", "gitlab-container-registry", True),
    ("Mine1.azurecr.io", "mine1.azurecr.io", "azure-container-registry", True),
    ("chainguard", "cgr.dev", "chainguard", True), ("ecr-public", "public.ecr.aws", "ecr-public", False),
    (UPSTREAM, UPSTREAM, "ecr", False)])
def test_every_upstream(lab, word, url, name, secret):
    more = {"credentialArn": SECRET} if secret else {}
    sent = {**about("team/x"), "upstreamRegistryUrl": url, "upstreamRegistry": name, **more}
    done(cache(lab, "add", "team/x", word, *(HUB if secret else [])), "", "Cache rule added: team/x")
    assert asked(lab) == [(CREATE, sent), (VALIDATE, about("team/x"))]
    made = {"upstreamRegistryUrl": url, "upstreamRegistry": name, "upstreamRepositoryPrefix": "ROOT", **more}
    assert rules(lab) == {"team/x": made}


@pytest.mark.parametrize("prefix, options, more", [
    ("ROOT", [], {}), ("ROOT", ["--upstream-prefix", "ROOT"], {"upstreamRepositoryPrefix": "ROOT"}),
    ("prod", ["--upstream-prefix", "team/prod"], {"upstreamRepositoryPrefix": "team/prod"}),
    ("prod", ["--role-arn", ROLE, "--upstream-prefix=prod"], {"customRoleArn": ROLE, "upstreamRepositoryPrefix": "prod"}),
    ("dev", ["--role-arn", ROLE], {"customRoleArn": ROLE})])
def test_from_ecr_to_ecr(lab, prefix, options, more):
    done(cache(lab, "add", prefix, UPSTREAM, *options), "", f"Cache rule added: {prefix}")
    created = {**about(prefix), "upstreamRegistryUrl": UPSTREAM, "upstreamRegistry": "ecr", **more}
    assert asked(lab) == [(CREATE, created), (VALIDATE, about(prefix))]


def test_add_prints_the_rule(lab):
    result = cache(lab, "--json", "add", "quay", "quay")
    rule, = result.json
    assert result.code == 0 and rule["createdAt"] > 1e9
    wanted = {**about("quay"), "upstreamRegistryUrl": "quay.io", "upstreamRegistry": "quay", "registryId": ACCOUNT}
    assert wanted.items() <= rule.items()
    again = cache(lab, "--json", "add", "quay", "quay")
    assert (again.code, again.stderr) == (0, "Cache rule exists already: quay\n") and rule.items() <= again.json[0].items()
    done(cache(lab, "-q", "add", "quay", "quay"))


@pytest.mark.parametrize("arguments", [
    ["hub", "docker-hub", *HUB], ["hub", "docker.io", *HUB, "--upstream-prefix", "ROOT"], ["hub/", "docker-hub", *HUB]])
def test_add_again(lab, arguments):
    cache(lab, "add", "hub", "docker-hub", *HUB)
    before = rules(lab)
    lab.clear_log()
    done(cache(lab, "add", *arguments), "", f"Cache rule exists already: {arguments[0]}")
    prefix = arguments[0].rstrip("/")
    assert [o for o, _ in asked(lab)] == [CREATE, DESCRIBE, VALIDATE] and rules(lab) == before
    assert asked(lab)[1:3] == [(DESCRIBE, {"ecrRepositoryPrefixes": [prefix]}), (VALIDATE, about(prefix))]


@pytest.mark.parametrize("there, arguments, parts", [
    ({}, ["k8s"], ["upstreamRegistryUrl is quay.io, not registry.k8s.io"]),
    ({}, ["quay", "--upstream-prefix", "team"], ["upstreamRepositoryPrefix is ROOT, not team"]),
    ({"upstreamRepositoryPrefix": "team"}, ["quay"], ["upstreamRepositoryPrefix is team, not ROOT"]),
    ({"upstreamRepositoryPrefix": "team"}, ["quay", "--upstream-prefix", "ROOT"],
    ["upstreamRepositoryPrefix is team, not ROOT"]),
    ({}, ["docker-hub", *HUB],
     ["upstreamRegistryUrl is quay.io, not registry-1.docker.io; ", "credentialArn is not set, not " + SECRET]),
    ({"credentialArn": SECRET}, ["quay"], [f"credentialArn is {SECRET}, not left out"]),
    ({"upstream": UPSTREAM, "customRoleArn": ROLE}, [UPSTREAM, "--role-arn", ROLE2],
     [f"customRoleArn is {ROLE}, not {ROLE2}"]),
    ({"upstream": UPSTREAM, "customRoleArn": ROLE}, [UPSTREAM], [f"customRoleArn is {ROLE}, not left out"])])
def test_add_another_under_the_same_prefix(lab, there, arguments, parts):
    lab.cache_rule("team", **{"upstream": "quay.io", **there})
    before = rules(lab)
    lab.clear_log()
    result = cache(lab, "add", "team", *arguments)
    error_of(result, 5, "team", "there is a rule already", *parts, "'ecr cache set'", "'ecr cache rm'")
    assert [o for o, _ in asked(lab)] == [CREATE, DESCRIBE] and rules(lab) == before


def test_a_rule_without_upstream_prefix_is_one_for_all(lab):
    lab.cache_rule("quay", "quay.io", upstreamRepositoryPrefix=None)
    for options in ([], ["--upstream-prefix", "ROOT"]):
        done(cache(lab, "add", "quay", "quay", *options), "", "Cache rule exists already: quay")


def test_add_what_does_not_work(lab):
    """The rule is there then, and the next try says the same."""
    said(lab, False, "the login was refused")
    for note in ("added", "exists already"):
        result = cache(lab, "add", "hub", "docker-hub", *HUB)
        first, error = result.stderr.splitlines()
        assert (result.code, result.stdout, first) == (5, "", f"Cache rule {note}: hub"), result
        assert error.startswith("ecr: hub: the rule does not work: the login was refused; ")
    assert list(rules(lab)) == ["hub"]


@pytest.mark.parametrize("code, status, parts", [
    ("LimitExceededException", 5, ["Service Quotas"]), ("SecretNotFoundException", 5, ["account and region"]),
    ("UnableToAccessSecretException", 3, ["secretsmanager:GetSecretValue"]),
    ("UnableToDecryptSecretValueException", 3, ["KMS key"]),
    ("UnsupportedUpstreamRegistryException", 5, []), ("InvalidParameterException", 5, []), ("ValidationException", 5, [])])
def test_add_is_refused(lab, code, status, parts):
    lab.fault("refuse", service="api", operation=CREATE, code=code, message="as it is")
    error_of(cache(lab, "add", "hub", "docker-hub", *HUB), status, "hub", code, "as it is", *parts)
    assert [o for o, _ in asked(lab)] == [CREATE]


@pytest.mark.parametrize("status, code, error", [
    ("missing", 5, "SecretNotFoundException"), ("unreadable", 3, "UnableToAccessSecretException"),
    ("undecryptable", 3, "UnableToDecryptSecretValueException")])
def test_secrets(lab, status, code, error):
    lab.set_secret("*hub-*", status)
    error_of(cache(lab, "add", "hub", "docker-hub", *HUB), code, "hub", error)
    assert rules(lab) == {}
    lab.cache_rule("hub", "registry-1.docker.io", credentialArn=SECRET.replace("hub", "old"))
    error_of(cache(lab, "set", "hub", *HUB), code, "hub", error)


def test_a_quota(lab):
    for n in range(50):
        lab.cache_rule(f"r{n}", "quay.io")
    error_of(cache(lab, "add", "one-more", "quay"), 5, "one-more", "LimitExceededException", "Service Quotas")
    done(cache(lab, "add", "r7", "quay"), "", "Cache rule exists already: r7")


# ---- wrong usage

@pytest.mark.parametrize("arguments, parts", [
    (["add"], ["cache", "something is missing", "usage: ecr cache add"]), (["add", "hub"], ["cache", "something is missing"]),
    (["add", "hub", "quay", "x"], ["x", "one operand too many"]), (["add", "hub", "gcr.io"],
    ["gcr.io", "no such registry", "docker-hub"]),
    (["add", "hub", ""], ["''", "no such registry"]), (["add", "hub", "azurecr.io"], ["azurecr.io", "no such registry"]),
    (["add", "hub", "a b.azurecr.io"], ["a b.azurecr.io", "no such registry"]),
    (["add", "hub", f"{UPSTREAM}/team"], [f"{UPSTREAM}/team", "no such"]),
    (["add", "hub", "docker-hub"], ["registry-1.docker.io", "login", "--credential-arn", "ecr-pullthroughcache/"]),
    (["add", "hub", "mine.azurecr.io"], ["mine.azurecr.io", "--credential-arn"]), (["add", "hub", "chainguard"],
    ["cgr.dev", "--credential-arn"]),
    (["add", "q", "quay"], ["q", "2 to 30"]), (["add", "a" * 31, "quay"], ["a" * 31, "2 to 30"]), (["add", "Quay", "quay"],
    ["Quay", "capital"]),
    (["add", "quay//x", "quay"], ["quay//x", "begins and ends"]), (["add", "quay:v1", "quay"], ["quay:v1", "without tag"]),
    (["add", "", "quay"], ["''", "empty"]), (["add", HERE, "quay"], [HERE, "2 to 30"]), (["add", "http://quay", "quay"],
    ["http://quay", "no scheme"]),
    (["add", "public.ecr.aws/me/quay", "quay"], ["public.ecr.aws/me/quay", "ECR Public has nothing of this kind"]),
    (["add", "quay", "quay", *HUB], ["--credential-arn", "takes no login"]),
    (["add", "x1", UPSTREAM, *HUB], ["--credential-arn", "takes no login"]),
    (["add", "quay", "quay", "--role-arn", ROLE], ["--role-arn", "ECR alone"]), (["add", "quay", "quay", "--print-role"],
    ["--print-role", "ECR alone"]),
    (["add", "hub", "docker-hub", *HUB, "--role-arn", ROLE], ["--role-arn", "ECR alone"]),
    (["add", "ROOT", UPSTREAM, "--upstream-prefix", "team"], ["--upstream-prefix", "ROOT"]),
    (["add", "x1", UPSTREAM, "--upstream-prefix", "Team"], ["Team", "capital"]),
    (["add", "x1", UPSTREAM, "--upstream-prefix", "t"], ["t", "2 to 30"]),
    (["add", "x1", UPSTREAM, "--upstream-prefix", ""], ["--upstream-prefix", "empty"]),
    (["set", "hub"], ["hub", "nothing is to be set"]), (["set", *HUB], ["cache", "something is missing"]),
    (["set", "h", *HUB], ["h", "2 to 30"]),
    (["rm", "--yes"], ["cache", "something is missing"]), (["rm", "--yes", "h"], ["h", "2 to 30"]), (["test"],
    ["cache", "something is missing"]),
    (["test", "Hub"], ["Hub", "capital"]), (["test", "a1", "b1"], ["b1", "one operand too many"]), (["ls", "--all"],
    ["--all", "unknown option"]),
    (["create", "hub"], ["create", "does no such thing"]), (["tset", "hub"], ["tset", "one of ls, add, set, rm, test"]),
    ([], ["cache", "what is to be done"])])
def test_wrong_usage(lab, arguments, parts):
    lab.clear_log()
    error_of(cache(lab, *arguments, key=None), 2, *parts)
    assert lab.requests() == []


BAD_SECRETS = [
    ("hub", "no ARN of a secret"), (ROLE, "no ARN of a secret"), (SECRET.replace("us-east-1", ""), "no ARN of a secret"),
    (SECRET.replace(ACCOUNT, "1234"), "no ARN of a secret"), (SECRET.replace("secretsmanager", "ssm"), "no ARN of a secret"),
    (SECRET.replace("ecr-pullthroughcache/", ""), "begins with ecr-pullthroughcache/"), (SECRET + "$", "letters, digits"),
    (SECRET + "x" * 612, "50 to 612")]
BAD_ROLES = [("cache", "no ARN of a role"), (ROLE.replace("role/cache", "user/me"), "no ARN of a role"),
             (ROLE.replace(ACCOUNT, ""), "no ARN of a role"), (ROLE[:-5], "no ARN of a role"), (SECRET, "no ARN of a role")]


@pytest.mark.parametrize("option, arn, words", [("--credential-arn", *row) for row in BAD_SECRETS]
                         + [("--role-arn", *row) for row in BAD_ROLES])
def test_arns_that_are_none(lab, option, arn, words):
    lab.clear_log()
    for arguments in (["add", "x1", UPSTREAM if option == "--role-arn" else "docker-hub"], ["set", "x1"]):
        error_of(cache(lab, *arguments, option, arn, key=None), 2, arn, words)
    assert lab.requests() == []


@pytest.mark.parametrize("arguments", [["add", f"{HERE}/hub", "docker-hub"], ["set", f"{HERE}/hub"]])
@pytest.mark.parametrize("arn", [SECRET, SECRET.replace("us-east-1", "eu-west-1").replace(ACCOUNT, OTHER)])
def test_a_secret_elsewhere(lab, arguments, arn):
    lab.clear_log()
    error_of(cache(lab, *arguments, "--credential-arn", arn, key=None), 2, arn, "the account and the region of the registry")
    assert lab.requests() == []


@pytest.mark.parametrize("arguments", [["add", "hub", "docker-hub"], ["set", "hub"]])
@pytest.mark.parametrize("options, region", [
    ([], "us-east-1"), (["--region", "eu-central-1"], "eu-central-1")])
def test_a_secret_in_another_region(lab, arguments, options, region):
    """The region is known without a host, too, once the session is open."""
    lab.clear_log()
    arn = SECRET.replace("us-east-1", "eu-west-1")
    error_of(cache(lab, *options, *arguments, "--credential-arn", arn), 2, arn,
             f"the secret must be in the registry's region, {region}")
    assert lab.requests() == []


# ---- a change that cannot be tried

DENIED = "Whether it works could not be asked: "


def untried(result, code, name):
    """The change is done, and the only other note says what could not be asked."""
    notes = result.stderr.splitlines()
    note, = [n for n in notes if n.startswith(DENIED)]
    assert result.code == code and len(notes) == 2, result
    assert note.startswith(f"{DENIED}{name}: ") and f"lacks the IAM action ecr:{VALIDATE}" in note, result
    return [n for n in notes if n != note]


def test_a_change_that_may_not_be_tried(lab):
    lab.new_key("changer", allow=[CREATE, UPDATE, DESCRIBE])
    result = cache(lab, "add", "hub", "docker-hub", *HUB, key="changer")
    assert untried(result, 0, "hub") == ["Cache rule added: hub"] and result.stdout == ""
    assert [o for o, _ in asked(lab)] == [CREATE, VALIDATE] and list(rules(lab)) == ["hub"]
    assert untried(cache(lab, "add", "hub", "docker-hub", *HUB, key="changer"), 0, "hub") == ["Cache rule exists already: hub"]
    other = SECRET.replace("hub-", "hub2-")
    result = cache(lab, "--json", "set", "hub", "--credential-arn", other, key="changer")
    assert untried(result, 0, "hub") == ["Cache rule set: hub"]
    assert [rule["credentialArn"] for rule in result.json] == [other] == [rules(lab)["hub"]["credentialArn"]]
    done(cache(lab, "-q", "set", "hub", *HUB, key="changer"))


def test_a_trial_that_fails_otherwise(lab):
    """What is not denied is no lesser failure than before."""
    lab.fault("server_error", service="api", operation=VALIDATE)
    result = cache(lab, "--max-attempts", "1", "add", "quay", "quay")
    assert (result.code, result.stdout) == (4, "") and DENIED not in result.stderr, result
    assert list(rules(lab)) == ["quay"]
    lab.clear()
    lab.fault("deny", service="api", operation=VALIDATE)
    error_of(cache(lab, "test", "quay"), 3, "quay", f"lacks the IAM action ecr:{VALIDATE}")


# ---- the role of a rule from ECR to ECR

ROLE_ACTIONS = ["GetDownloadUrlForLayer", "GetAuthorizationToken", "BatchImportUpstreamImage", "BatchGetImage",
                "GetImageCopyStatus", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"]
UPSTREAM_ACTIONS = ["GetDownloadUrlForLayer", "BatchGetImage", "BatchImportUpstreamImage", "GetImageCopyStatus"]


def statement(actions, service="ecr", **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **more, "Action": [f"{service}:{a}" for a in actions]}]}


@pytest.mark.parametrize("options, principal", [([], "arn:aws:iam::ACCOUNT:role/NAME-OF-THIS-ROLE"),
(["--role-arn", ROLE], ROLE)])
def test_print_role(lab, options, principal):
    lab.clear_log()
    plain = cache(lab, "add", "--print-role", "prod", UPSTREAM, *options, key=None)
    line = cache(lab, "--json", "add", "prod", UPSTREAM, "--print-role", *options, key=None)
    permissions = statement(ROLE_ACTIONS)
    permissions["Statement"][0]["Resource"] = "*"
    wanted = {"trustPolicy": statement(["AssumeRole"], "sts", Principal={"Service": "pullthroughcache.ecr.amazonaws.com"}),
              "permissionsPolicy": permissions,
              "upstreamRepositoryPolicy": statement(UPSTREAM_ACTIONS, Principal={"AWS": principal})}
    assert line.json == [wanted] and plain.stdout == json.dumps(wanted, indent=2) + "\n"
    for result in (plain, line):
        note, = result.stderr.splitlines()
        assert result.code == 0 and UPSTREAM in note and "--role-arn" in note
    assert lab.requests() == []


# ---- ls

@pytest.fixture
def some(lab):
    lab.cache_rule("dev/hub", "registry-1.docker.io", credentialArn=SECRET, valid=False, failure="the login\tis over")
    lab.cache_rule("dev/quay", "quay.io")
    lab.cache_rule("prod", UPSTREAM, upstreamRepositoryPrefix="base/images", customRoleArn=ROLE)
    lab.clear_log()
    return lab


def rows(lab, *prefixes):
    found = lab.api().describe_pull_through_cache_rules()["pullThroughCacheRules"]
    made = {r["ecrRepositoryPrefix"]: iso(r["createdAt"].timestamp()) for r in found}
    texts = {"dev/hub": f"dev/hub\tregistry-1.docker.io\tROOT\tthe login is over\t{SECRET}\t-\t",
             "dev/quay": "dev/quay\tquay.io\tROOT\tok\t-\t-\t",
             "prod": f"prod\t{UPSTREAM}\tbase/images\tok\t-\t{ROLE}\t"}
    return "".join(f"{texts[p]}{made[p]}\n" for p in prefixes)


@pytest.mark.parametrize("operands, shown", [
    ([], ["dev/hub", "dev/quay", "prod"]), (["dev"], ["dev/hub", "dev/quay"]), (["dev/"], ["dev/hub", "dev/quay"]),
    (["dev/q", "prod"], ["dev/quay", "prod"]), (["prod", "prod"], ["prod"])])
def test_ls(some, operands, shown):
    result = cache(some, "ls", *operands)
    assert asked(some) == [(DESCRIBE, {"maxResults": 1000})] + [(VALIDATE, about(p)) for p in shown]
    done(result, rows(some, *shown))


def test_ls_of_nothing(some):
    done(cache(some, "ls", "test"), "", "No pull-through cache rules that begin so")
    done(cache(some, "--json", "ls", "test", "x"), "", "No pull-through cache rules that begin so")
    assert {o for o, _ in asked(some)} == {DESCRIBE}
    done(cache(some, "--region", "eu-west-1", "ls"), "", "No pull-through cache rules")
    done(cache(some, "--region", "eu-west-1", "-q", "ls"))


def test_ls_json(some):
    found = cache(some, "--json", "ls", "dev")
    assert found.stderr == "" and [r["ecrRepositoryPrefix"] for r in found.json] == ["dev/hub", "dev/quay"]
    service = some.api().describe_pull_through_cache_rules()["pullThroughCacheRules"]
    timeless = lambda rules: [{**r, "createdAt": 0, "updatedAt": 0} for r in rules]
    states = [{"isValid": False, "failure": "the login\tis over"}, {"isValid": True}]
    assert timeless(found.json) == timeless([{**r, **state} for r, state in zip(service, states)])


@pytest.mark.parametrize("failure", ["ok", "?", "-"])
def test_ls_of_failures_that_look_like_states(lab, failure):
    """What the service says is no state of ours."""
    lab.cache_rule("quay", "quay.io", valid=False, failure=failure)
    rule, = cache(lab, "--json", "ls").json
    assert (rule.get("isValid"), rule.get("failure")) == (False, failure)


def test_ls_json_when_states_are_not_known(some):
    some.fault("server_error", service="api", operation=VALIDATE, skip=1, count=1)
    result = cache(some, "--json", "--max-attempts", "1", "ls")
    assert result.code == 0 and [rule.get("isValid") for rule in result.json] == [False, None, True]
    assert [rule.get("failure") for rule in result.json] == ["the login\tis over", None, None]
    assert "isValid" not in result.json[1] and len(result.stderr.splitlines()) == 1
    some.clear_log()
    some.fault("deny", service="api", operation=VALIDATE)
    result = cache(some, "--json", "ls")
    assert result.code == 0 and len(result.json) == 3 and not any("isValid" in r or "failure" in r for r in result.json)
    assert [o for o, _ in asked(some)] == [DESCRIBE, VALIDATE] and "The state is not known" in result.stderr


@pytest.mark.parametrize("first", ["dev", f"{HOST}/dev"])
def test_ls_of_further_prefixes_with_a_host(lab, first):
    lab.clear_log()
    for further in ([f"{HOST}/prod"], ["prod", f"{HOST}/"], [f"{HERE}/prod"]):
        error_of(cache(lab, "ls", first, *further, key=None), 2, further[-1], "the first prefix alone names the registry")
    assert lab.requests() == []


def test_ls_of_prefixes_of_another_registry(some):
    done(cache(some, "ls", f"{HOST}/dev/q", "prod"), rows(some, "dev/quay", "prod"))
    some.clear_log()
    assert cache(some, "ls", f"{HOST}/dev/q", "prod").code == 0
    named = {"registryId": ACCOUNT}
    assert asked(some) == [(DESCRIBE, {**named, "maxResults": 1000})] + [
        (VALIDATE, {**named, **about(p)}) for p in ("dev/quay", "prod")]
    some.cache_rule("test", "quay.io", region="eu-west-1")
    some.clear_log()
    assert [line.split("\t")[0] for line in cache(some, "ls", HERE, "t").lines] == ["test"]


@pytest.mark.parametrize("token", [5, True, ["t"], {}])
def test_ls_with_a_token_that_is_none(lab, token):
    text = json.dumps({"pullThroughCacheRules": [], "nextToken": token})
    lab.fault("body", service="api", operation=DESCRIBE, text=text)
    error_of(cache(lab, "ls"), 5, API, DESCRIBE)


def test_ls_of_many(lab):
    same = {"upstreamRegistryUrl": "quay.io", "createdAt": 1767225600}
    pages = [{"pullThroughCacheRules": [{**about(f"r{n}"), **same}]} for n in range(3)]
    for number, page in enumerate(pages):
        text = json.dumps({**page, **({"nextToken": f"t{number}"} if number < 2 else {})})
        lab.fault("body", service="api", operation=DESCRIBE, text=text, count=1)
    said(lab, True)
    done(cache(lab, "ls"), "".join(f"r{n}\tquay.io\t-\tok\t-\t-\t2026-01-01T00:00:00Z\n" for n in range(3)))
    assert [b.get("nextToken") for o, b in asked(lab) if o == DESCRIBE] == [None, "t0", "t1"]


def test_ls_when_states_are_denied(some):
    some.fault("deny", service="api", operation=VALIDATE)
    result = cache(some, "ls")
    note, = result.stderr.splitlines()
    assert result.code == 0 and [line.split("\t")[3] for line in result.lines] == ["?", "?", "?"]
    assert "The state is not known" in note and f"ecr:{VALIDATE}" in note
    assert [o for o, _ in asked(some)] == [DESCRIBE, VALIDATE]


def test_ls_when_one_state_is_not_known(some):
    some.fault("server_error", service="api", operation=VALIDATE, skip=1, count=1)
    result = cache(some, "--max-attempts", "1", "ls")
    assert result.code == 0 and [line.split("\t")[3] for line in result.lines] == ["the login is over", "?", "ok"]
    assert len(result.stderr.splitlines()) == 1 and "The state is not known" in result.stderr


def test_ls_on_a_terminal(some):
    ran = run(some, "cache", "ls", columns=250)
    head, *lines = ran.out.splitlines()
    assert head.split() == ["PREFIX", "UPSTREAM", "UPSTREAM", "PREFIX", "STATE", "CREDENTIALS", "ROLE", "CREATED"]
    assert len(lines) == 3
    assert {line.find(word) for line, word in zip(lines, ("registry-1", "quay.io", UPSTREAM))} == {head.find("UPSTREAM")}
    narrow = run(some, "cache", "ls", columns=60).out.splitlines()
    assert "STATE" in narrow[0] and "CREDENTIALS" not in narrow[0] and max(map(len, narrow)) <= 60


# ---- set

@pytest.mark.parametrize("options, body", [(HUB, {"credentialArn": SECRET}), (["--role-arn", ROLE2], {"customRoleArn": ROLE2}),
                                           ([*HUB, "--role-arn", ROLE2], {"credentialArn": SECRET, "customRoleArn": ROLE2})])
def test_set(some, options, body):
    done(cache(some, "set", "prod", *options), "", "Cache rule set: prod")
    assert asked(some) == [(UPDATE, {**about("prod"), **body}), (VALIDATE, about("prod"))]
    assert body.items() <= rules(some)["prod"].items() and rules(some)["prod"]["upstreamRegistryUrl"] == UPSTREAM
    shown, = cache(some, "--json", "set", "prod", *options).json
    assert {**about("prod"), "registryId": ACCOUNT, **body}.items() <= shown.items()


def test_set_what_does_not_work(some):
    some.set_validity("prod", False, "the role cannot be taken")
    error_of(cache(some, "set", "prod", "--role-arn", ROLE2), 5, "prod", "the rule does not work: the role cannot be taken")
    assert rules(some)["prod"]["customRoleArn"] == ROLE2


# ---- rm

def test_rm(some):
    done(cache(some, "rm", "--yes", "prod"), "", "Cache rule removed: prod (what it cached stays)")
    assert asked(some) == [(DELETE, about("prod"))] and list(rules(some)) == ["dev/hub", "dev/quay"]
    done(cache(some, "rm", "--yes", "prod"), "", "There was no such rule: prod")
    removed, = cache(some, "--json", "rm", "--yes", "dev/quay").json
    assert {**about("dev/quay"), "upstreamRegistryUrl": "quay.io"}.items() <= removed.items()
    assert list(rules(some)) == ["dev/hub"]


def test_rm_asks(some):
    error_of(cache(some, "rm", "prod", stdin="y\n"), 2, "cache", "remove the cache rule prod", "--yes")
    for typed, code in ((b"n\n", 5), (b"\n", 5), (b"YES\n", 0)):
        assert some.requests() == []
        ran = run(some, "cache", "rm", "prod", console="both", typed=typed)
        assert (ran.code, ran.out) == (code, ""), ran
        assert ran.err.startswith("Do you want to remove the cache rule prod, in us-east-1? [y/N] "), ran
    assert asked(some) == [(DELETE, about("prod"))]
    some.clear_log()
    ran = run(some, "cache", "rm", f"{HOST}/prod", console="both", typed=b"n\n")
    assert ran.err.startswith(f"Do you want to remove the cache rule {HOST}/prod, in us-east-1 of {ACCOUNT}? [y/N] "), ran
    assert (ran.code, ran.out) == (5, "") and some.requests() == []


# ---- test

def test_test(some):
    done(cache(some, "test", "prod"), "", "Cache rule works: prod")
    assert asked(some) == [(VALIDATE, about("prod"))]
    result = cache(some, "--json", "test", "prod")
    assert (result.code, result.stderr) == (0, "Cache rule works: prod\n")
    assert {**about("prod"), "upstreamRegistryUrl": UPSTREAM, "customRoleArn": ROLE}.items() <= result.json[0].items()
    error_of(cache(some, "test", "dev/hub"), 5, "dev/hub", "the rule does not work: the login is over", "secret")


@pytest.mark.parametrize("reply, words", [("{}", VALIDATE), ('{"isValid": "true"}', VALIDATE),
('{"isValid": null}', VALIDATE), ("[]", "no JSON object"),
('{"isValid": true, "ecrRepositoryPrefix": "other"}', VALIDATE), ('{"isValid": true, "ecrRepositoryPrefix": 5}', VALIDATE)])
def test_a_trial_that_says_nothing(some, reply, words):
    some.fault("body", service="api", operation=VALIDATE, text=reply)
    error_of(cache(some, "test", "prod"), 5, API, words)


def test_a_fault_without_a_text(some):
    said(some, False)
    error_of(cache(some, "test", "prod"), 5, "prod", "does not say why")


# ---- for every verb

EACH = [(["add", "prod", "quay"], CREATE), (["set", "prod", *HUB], UPDATE), (["rm", "--yes", "prod"], DELETE),
(["test", "prod"], VALIDATE)]


@pytest.mark.parametrize("arguments, operation", EACH + [(["ls"], DESCRIBE)])
def test_denied(some, arguments, operation):
    before = rules(some)
    some.clear_log()
    thing = "the registry" if arguments == ["ls"] else "prod"
    error_of(cache(some, *arguments, key="nothing"), 3, thing, f"lacks the IAM action ecr:{operation}")
    assert [o for o, _ in asked(some)] == [operation] and rules(some) == before


@pytest.mark.parametrize("arguments, operation", [EACH[1], EACH[3]])
def test_no_rule(lab, arguments, operation):
    lab.clear_log()
    error_of(cache(lab, *arguments), 1, "prod", "'ecr cache ls'")
    assert asked(lab)[0][0] == operation and len(lab.requests()) == 1


def named(arguments):
    """The same with the host before the prefix."""
    return [f"{HOST}/prod" if argument == "prod" else argument for argument in arguments]


@pytest.mark.parametrize("arguments, operation", EACH)
@pytest.mark.parametrize("wrong", [{"ecrRepositoryPrefix": "other"}, {"ecrRepositoryPrefix": 5}, {"registryId": OTHER}])
def test_replies_about_something_else(some, arguments, operation, wrong):
    same = {**about("prod"), "registryId": ACCOUNT, "upstreamRegistryUrl": "quay.io", "isValid": True}
    some.fault("body", service="api", operation=operation, text=json.dumps({**same, **wrong}))
    error_of(cache(some, *named(arguments)), 5, API, operation)


@pytest.mark.parametrize("arguments, operation", EACH)
def test_errors_name_the_operand_as_it_was_typed(some, arguments, operation):
    result = cache(some, *named(arguments), key="nothing")
    error_of(result, 3, f"{HOST}/prod", f"lacks the IAM action ecr:{operation}")


def test_faults_of_a_rule_name_the_operand_as_it_was_typed(some):
    error_of(cache(some, "test", f"{HOST}/dev/hub"), 5, f"{HOST}/dev/hub", "the rule does not work")
    error_of(cache(some, "add", f"{HOST}/prod", "quay"), 5, f"{HOST}/prod", "there is a rule already")
    error_of(cache(some, "test", f"{HOST}/none"), 1, f"{HOST}/none", "'ecr cache ls'")


@pytest.mark.parametrize("arguments, note", [
    (["add", "new", "quay"], "Cache rule added: {}/new"),
    (["add", "dev/quay", "quay"], "Cache rule exists already: {}/dev/quay"),
    (["set", "prod", *HUB], "Cache rule set: {}/prod"), (["test", "prod"], "Cache rule works: {}/prod"),
    (["rm", "--yes", "prod"], "Cache rule removed: {}/prod (what it cached stays)"),
    (["rm", "--yes", "none"], "There was no such rule: {}/none")])
def test_notes_name_the_operand_as_it_was_typed(some, arguments, note):
    prefixes = ("new", "dev/quay", "prod", "none")
    done(cache(some, *[f"{HOST}/{a}" if a in prefixes else a for a in arguments]), "", note.format(HOST))


@pytest.mark.parametrize("host, api_host, more", [
    (HERE, "api.ecr.eu-west-1.amazonaws.com", {"registryId": ACCOUNT}), (UPSTREAM, API, {"registryId": OTHER})])
def test_another_registry(lab, host, api_host, more):
    lab.share(OTHER, ACCOUNT)
    secret = SECRET.replace("us-east-1", host.split(".")[3]).replace(ACCOUNT, host[:12])
    given = ["--credential-arn", secret]
    for arguments, calls in ((["add", f"{host}/hub", "docker-hub", *given], 2), (["set", f"{host}/hub", *given], 2),
                             (["test", f"{host}/hub"], 1), (["rm", "--yes", f"{host}/hub"], 1)):
        lab.clear_log()
        assert cache(lab, *arguments).code == 0
        sent = asked(lab, api_host)
        assert len(sent) == calls and all({**more, **about("hub")}.items() <= body.items() for _, body in sent), sent
    assert rules(lab) == {} == rules(lab, "eu-west-1")


@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("html", 5), ("cut", 4)])
def test_faults(some, fault, code):
    some.fault(fault, service="api")
    for arguments, _ in EACH + [(["ls"], DESCRIBE)]:
        result = cache(some, "--max-attempts", "1", *arguments)
        assert (result.code, result.stdout) == (code, "") and result.stderr.startswith("ecr: "), result


def test_replies_that_are_lost(lab):
    """The service did it, but its answer is cut off: the next attempt finds it done."""
    for operation in (CREATE, DELETE):
        lab.fault("cut_head", service="api", operation=operation, count=1)
    done(cache(lab, "add", "quay", "quay"), "", "Cache rule exists already: quay")
    assert list(rules(lab)) == ["quay"]
    done(cache(lab, "rm", "--yes", "quay"), "", "There was no such rule: quay")
    assert rules(lab) == {} and [fault["hits"] for fault in lab.faults()] == [1, 1]
