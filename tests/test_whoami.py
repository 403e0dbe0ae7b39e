"""`ecr whoami`: who the caller is, where the credentials came from, and whose they are."""

import os
import re
import time

import pytest
from support_credentials import FAR, METADATA, ROLE, Place, keys, section, variables

TASK = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}
ACCOUNT, OTHER = "123456789012", "210987654321"
USER = f"arn:aws:iam::{ACCOUNT}:user/full"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/session/lab"
IN_A_CONTAINER = os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")


@pytest.fixture
def place(lab, tmp_path):
    place = Place(lab, tmp_path)
    lab.role(ROLE)
    return place


def whoami(place, *options, env=None, **rest):
    """The object, and the same by the lines of the text form: they agree."""
    ran = place.ecr("whoami", "--json", *options, env=env, **rest)
    assert ran.code == 0 and ran.stderr == "" and len(ran.lines) == 1, ran
    text = place.ecr("whoami", *options, env=env, **rest)
    assert text.code == 0 and text.stderr == "", text
    titles = {"userId": "user-id", "accessKeyId": "key-id", "expiresAt": "expires"}
    shown = dict(re.split(r" {2,}", line, maxsplit=1) for line in text.lines)
    assert set(shown) == {titles.get(name, name) for name in ran.json}
    for name, value in ran.json.items():
        if name not in ("arn", "userId", "accessKeyId", "expiresAt"):  # these are new each time for some sources
            assert shown[titles.get(name, name)] == value
    return ran.json


# ---- each kind of source

def write_process(place):
    place.file("out", '{"Version": 1, "AccessKeyId": "{full}", "SecretAccessKey": "{full_secret}", '
                      f'"Expiration": "{FAR}"}}')


def sso(place):
    place.files(section("x", sso_session="s", sso_account_id=ACCOUNT, sso_role_name="Puller")
                + section("sso-session s", sso_start_url="https://lab.awsapps.com/start", sso_region="us-east-1"))
    place.lab.sso_cache(place.path, "s", place.lab.sso([(ACCOUNT, "Puller")]))


def github(place):
    job = place.lab.github(roles=[ROLE])
    place.hide(job["token"])
    place.words.update(job_url=job["url"], job_token=job["token"])


# name: (set up, environment, source, beginning of the ARN, profile, from, whether its end is known)
ROLE_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ecr-"
KINDS = {
    "environment": (None, variables("full"), "environment", USER, None, "the environment", False),
    "environment with token": (None, variables("session", True), "environment", SESSION, None, "the environment", False),
    "environment with an end": (None, {**variables("full"), "AWS_CREDENTIAL_EXPIRATION": FAR}, "environment", USER, None,
                                "the environment", True),
    "credentials file": (lambda place: place.files(None, keys("full")), {}, "credentials-file", USER, "default",
                         "profile 'default' in {tmp}/.aws/credentials", False),
    "config file": (lambda place: place.files(keys("full", "profile x")), {"AWS_PROFILE": "x"}, "config-file", USER, "x",
                    "profile 'x' in {tmp}/.aws/config", False),
    "role": (lambda place: place.files(section("x", role_arn=ROLE, source_profile="default"), keys("full")),
             {"AWS_PROFILE": "x"}, "assume-role", ROLE_ARN, "x",
             f"role {ROLE} of profile 'x', with profile 'default' in {{tmp}}/.aws/credentials", True),
    "role of the instance": (lambda place: place.files(section(role_arn=ROLE, credential_source="Ec2InstanceMetadata")), METADATA,
                             "assume-role", ROLE_ARN, "default", f"role {ROLE} of profile 'default', with the instance's role "
                             "session (EC2 metadata)", True),
    "web identity": (lambda place: place.file("token", place.hide(place.lab.web_token(roles=[ROLE]))),
                     {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/token"}, "web-identity", ROLE_ARN, None,
                     f"role {ROLE}, with the web identity of AWS_WEB_IDENTITY_TOKEN_FILE", True),
    "web identity of a profile": (lambda place: (place.file("token", place.hide(place.lab.web_token(roles=[ROLE]))), place.files(
        section("x", role_arn=ROLE, web_identity_token_file="{tmp}/token"))), {"AWS_PROFILE": "x"}, "web-identity", ROLE_ARN, "x",
        f"role {ROLE}, with the web identity of profile 'x'", True),
    "single sign-on": (sso, {"AWS_PROFILE": "x"}, "sso", f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Puller_", "x",
                       f"role Puller of account {ACCOUNT} by SSO (profile 'x')", True),
    "login": (lambda place: (place.files(section(login_session="me")), place.lab.login_cache(place.path, "me")), {}, "login",
              SESSION, "default", "the 'aws login' session of profile 'default'", True),
    "process": (lambda place: (write_process(place), place.files(section(credential_process="/bin/cat {tmp}/out"))), {}, "process",
                USER, "default", "credential_process of profile 'default'", True),
    "container": (None, TASK, "container", SESSION, None, "the container's credentials (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)",
                  True),
    "instance": (None, METADATA, "imds", SESSION, None, "the instance's role session (EC2 metadata)", True),
    "GitHub": (github, {"AWS_ROLE_ARN": ROLE, "ACTIONS_ID_TOKEN_REQUEST_URL": "{job_url}",
                        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "{job_token}"}, "github", ROLE_ARN, None,
               f"role {ROLE}, with the identity of this GitHub job", True),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds(place, name):
    set_up, env, source, arn, profile, where, ends = KINDS[name]
    place.lab.metadata()
    if set_up:
        set_up(place)
    said = whoami(place, env=env)
    assert (said["account"], said["source"], said.get("profile"), said["from"]) == (ACCOUNT, source, profile, place.fill(where))
    assert said["arn"].startswith(arn) and said["userId"][:4] in ("AIDA", "AROA") and said["whose"]
    known = {k["access_key_id"] for k in [*place.lab.keys.values(), *place.lab.issued()]}
    assert said["accessKeyId"] in known and ("expiresAt" in said) == ends and "region" not in said
    if ends:
        assert time.strptime(said["expiresAt"], "%Y-%m-%dT%H:%M:%SZ") > time.gmtime()
    assert {r["operation"] for r in place.lab.requests() if r["service"] in ("sts", "api")} <= {
        "GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"}


def test_order_of_members(place):
    """An API: names and order stay."""
    place.lab.metadata()
    place.files(section("x", role_arn=ROLE, credential_source="EcsContainer", region="eu-west-1"))
    said = whoami(place, "--profile", "x", env=TASK)
    assert list(said) == ["account", "arn", "userId", "source", "from", "profile", "accessKeyId", "region", "expiresAt", "whose"]


def test_whose_account(place):
    assert whoami(place, env=variables("other"))["account"] == OTHER


@pytest.mark.parametrize("env, config, options, region", [
    ({"AWS_REGION": "eu-west-1"}, None, [], "eu-west-1"), ({"AWS_DEFAULT_REGION": "eu-west-2"}, None, [], "eu-west-2"),
    ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, None, [], "eu-west-1"),
    ({}, section(region="eu-north-1"), [], "eu-north-1"), ({"AWS_REGION": "eu-west-1"}, section(region="eu-north-1"), [], "eu-west-1"),
    ({"AWS_REGION": "eu-west-1"}, None, ["--region", "us-west-2"], "us-west-2"), ({"AWS_REGION": ""}, None, [], None)], ids=str)
def test_region(place, env, config, options, region):
    """What is configured; STS is asked there."""
    place.files(config)
    said = whoami(place, *options, env={**variables("full"), **env})
    assert said.get("region") == region
    assert place.lab.requests(service="sts")[0]["host"] == f"sts.{region or 'us-east-1'}.amazonaws.com"


# ---- whose identity it is

POD, ECS = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/x"}
KEYS = variables("full")


@pytest.mark.parametrize("env, words", [
    ({**POD, **KEYS}, ["this pod's own", "kubelet"]),
    ({**POD, **TASK}, ["this pod's own", "kubelet"]),
    ({**POD, **METADATA}, ["the node's", "kubelet", "no identity of its own"]),
    ({**ECS, **TASK}, ["this task's own", "task execution role"]),
    ({"ECS_CONTAINER_METADATA_URI": "http://169.254.170.2/v3/x", **TASK}, ["this task's own", "task execution role"]),
    ({**ECS, **METADATA}, ["the instance's", "task execution role"]),
    ({**POD, **ECS, **KEYS}, ["this pod's own"]),
    (METADATA, ["this instance's", "shared"]),
    ({"container": "podman", **KEYS}, ["this container's own", "daemon"]),
    ({"GITHUB_ACTIONS": "true", **KEYS}, ["this container's own"] if IN_A_CONTAINER else ["this job's"]),
    (KEYS, ["this container's own"] if IN_A_CONTAINER else ["this process'"]),
    ({"KUBERNETES_SERVICE_HOST": "", **KEYS}, ["this container's own"] if IN_A_CONTAINER else ["this process'"]),
], ids=str)
def test_whose(place, env, words):
    place.lab.metadata()
    whose = whoami(place, env=env)["whose"]
    for word in words:
        assert word in whose


# ---- a registry, and the map

HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
MAP = {"ECR_REGISTRY_MAP": f"{OTHER}={ROLE},{HOST}=a"}


@pytest.mark.parametrize("operand, source, arn, more", [
    ([], "environment", SESSION, {}), ([HOST], "credentials-file", USER, {}),
    ([f"{HOST}/team/app:v1"], "credentials-file", USER, {}), ([f"https://{HOST}"], "credentials-file", USER, {}),
    ([HOST.upper()], "credentials-file", USER, {}),
    ([HOST.replace("us-east-1", "eu-west-1")], "environment", SESSION, {}),
    ([HOST.replace(ACCOUNT, OTHER)], "assume-role", ROLE_ARN, {}),
    ([OTHER], "assume-role", ROLE_ARN, {"AWS_REGION": "us-east-1"}), ([ACCOUNT], "credentials-file", USER, {"AWS_REGION": "us-east-1"}),
    (["public"], "environment", SESSION, {}), (["public.ecr.aws"], "environment", SESSION, {}),
    (["--profile", "b", HOST], "credentials-file", f"arn:aws:iam::{ACCOUNT}:user/pull", {})], ids=str)
def test_for_a_registry(place, operand, source, arn, more):
    """Whom the map says for it."""
    place.files(None, keys("full", "a") + keys("pull", "b"))
    said = whoami(place, *operand, env={**MAP, **variables("session", True), **more})
    assert said["source"] == source and said["arn"].startswith(arn)


def test_role_of_the_map_is_named(place):
    said = whoami(place, HOST, env={"ECR_REGISTRY_MAP": f"{HOST}={ROLE}", **variables("full")})
    assert said["from"] == f"role {ROLE} of the registry map, with the environment"


@pytest.mark.parametrize("operands, words", [
    (["docker.io"], ["docker.io", "no registry of Amazon ECR"]), (["a", "b"], ["b", "one registry"]), ([""], ["no registry"]),
    (["12345"], ["12345", "no registry"]), ([ACCOUNT], ["region", "AWS_REGION"])])
def test_operands_that_are_wrong(place, operands, words):
    ran = place.ecr("whoami", *operands, env=variables("full"))
    assert ran.code == 2 and ran.stdout == "" and len(ran.errors) == 1
    for word in words:
        assert word in ran.errors[0]
    assert place.lab.requests() == []


def test_map_without_that_profile(place):
    ran = place.ecr("whoami", HOST, env={**MAP, **variables("full")})
    assert ran.code == 3 and ran.stdout == "" and len(ran.errors) == 1 and "'a'" in ran.errors[0]


# ---- without credentials, without STS

@pytest.mark.parametrize("options", [(), ("--json",), ("-v",), ("-q",)])
def test_without_credentials(place, options):
    """Three, and what to do; with --json an object says the same."""
    ran = place.ecr("whoami", *options)
    assert ran.code == 3 and len(ran.errors) == 1 and "no credentials" in ran.errors[0] and "AWS_ACCESS_KEY_ID" in ran.errors[0]
    if options == ("--json",):
        assert ran.json["error"]["reason"] == "no-credentials" and ran.json["error"]["hint"] and len(ran.lines) == 1
    else:
        assert ran.stdout == ""
    assert place.lab.requests() == []


@pytest.mark.parametrize("env, words", [
    ({"AWS_PROFILE": "nobody"}, ["'nobody'"]), ({"AWS_ACCESS_KEY_ID": "x"}, ["AWS_SECRET_ACCESS_KEY"]),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": ROLE}, ["AWS_WEB_IDENTITY_TOKEN_FILE"])], ids=str)
def test_credentials_that_cannot_be_used(place, env, words):
    ran = place.ecr("whoami", env=env)
    assert ran.code == 3 and ran.stdout == "" and len(ran.errors) == 1
    for word in words:
        assert word in ran.errors[0]


def test_profile_option_that_is_wrong(place):
    assert place.ecr("whoami", "--profile", "nobody").code == 2


LOCAL = {"source": "environment", "from": "the environment", "accessKeyId": "{full}", "region": "eu-west-1", "whose": None}
STS = "sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("trouble, code", [
    (lambda lab: lab.fault("stall", service="sts"), 4), (lambda lab: lab.fault("cut", service="sts"), 4),
    (lambda lab: lab.fault("server_error", service="sts"), 4), (lambda lab: lab.fault("throttle", service="sts"), 4),
    (lambda lab: lab.fault("tls_close", host=STS), 4), (lambda lab: lab.dns_fault(STS, "nxdomain"), 4),
    (lambda lab: lab.dns_fault(STS, "addresses", type="A", addresses=[lab.blackhole]), 4),
    (lambda lab: lab.fault("tls_untrusted", host=STS), 5), (lambda lab: lab.fault("html", service="sts"), 5),
    (lambda lab: lab.fault("body", service="sts", text="{}"), 5), (lambda lab: lab.fault("deny", service="sts"), 3),
    (lambda lab: lab.fault("expire", service="sts"), 3)],
    ids=["stalls", "closes", "fails", "throttles", "no TLS", "no name", "black hole", "untrusted", "page", "JSON", "denies", "expired"])
def test_without_sts(place, trouble, code):
    """What is known here is still said; what only STS knows is left out, and one line says why."""
    trouble(place.lab)
    env = {**variables("full"), "AWS_REGION": "eu-west-1"}
    ran = place.ecr("whoami", "--json", "--timeout", "700ms", "--max-attempts", "1", env=env)
    assert ran.code == code and len(ran.errors) == 1 and STS in ran.errors[0] and ran.seconds < 3
    facts, failure = ran.result.json
    assert set(facts) == set(LOCAL) and failure["error"]["cause"]
    assert all(facts[name] == place.fill(value) for name, value in LOCAL.items() if value)
    text = place.ecr("whoami", "--timeout", "700ms", "--max-attempts", "1", env=env)
    assert text.code == code and {line.split()[0] for line in text.lines} == {"source", "from", "key-id", "region", "whose"}
    assert text.stderr == text.errors[0] + "\n"


def test_account_that_is_known_here(place):
    """Some sources say whose account it is."""
    sso(place)
    place.lab.fault("stall", service="sts")
    ran = place.ecr("whoami", "--json", "--timeout", "500ms", env={"AWS_PROFILE": "x"})
    assert ran.code == 4 and ran.json["account"] == ACCOUNT and "arn" not in ran.json and ran.json["expiresAt"]


@pytest.mark.parametrize("role, code", [("unknown", 3), ("wrong-secret", 3), ("expired", 3)])
def test_keys_that_are_not_taken(place, role, code):
    name = role.replace("-", "_")
    ran = place.ecr("whoami", env=variables(name, role == "expired"))
    assert ran.code == code and len(ran.errors) == 1 and "account" not in ran.stdout and "key-id" in ran.stdout


def test_no_permission_is_needed(place):
    assert whoami(place, env=variables("nothing"))["arn"].endswith("user/nothing")


LEGACY = {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}  # the old endpoint has neither a FIPS nor a dual-stack form


@pytest.mark.parametrize("env, host", [
    ({"AWS_ENDPOINT_URL_STS": "{sts}"}, "127.0.0.1:5081"), ({"AWS_REGION": "cn-north-1"}, "sts.cn-north-1.amazonaws.com.cn"),
    ({"AWS_REGION": "us-gov-west-1"}, "sts.us-gov-west-1.amazonaws.com"),
    ({"AWS_REGION": "us-east-1", **LEGACY}, "sts.amazonaws.com"),
    ({"AWS_REGION": "us-east-1", **LEGACY, "AWS_USE_FIPS_ENDPOINT": "true"}, "sts-fips.us-east-1.amazonaws.com"),
    ({"AWS_REGION": "us-east-1", **LEGACY, "AWS_USE_DUALSTACK_ENDPOINT": "true"}, "sts.us-east-1.api.aws"),
    ({"AWS_REGION": "us-east-1", **LEGACY, "AWS_USE_FIPS_ENDPOINT": "false"}, "sts.amazonaws.com")], ids=str)
def test_where_sts_is(place, env, host):
    place.words["sts"] = place.lab.plain_sts
    whoami(place, env={**variables("full"), **env})
    assert place.lab.requests(service="sts")[0]["host"] == host


@pytest.mark.parametrize("more, host", [({}, "sts.amazonaws.com"),
                                        ({"use_fips_endpoint": "true"}, "sts-fips.us-east-1.amazonaws.com"),
                                        ({"use_dualstack_endpoint": "true"}, "sts.us-east-1.api.aws")], ids=str)
def test_where_sts_is_for_a_role(place, more, host):
    """The same by the profile's own settings, for the call that gets its keys."""
    place.files(section(role_arn=ROLE, source_profile="y", region="us-east-1", sts_regional_endpoints="legacy", **more),
                keys("full", "y"))
    whoami(place)
    assert {r["host"] for r in place.lab.requests(service="sts")} == {host}


def test_strange_names_do_not_reach_the_terminal(place):
    """A profile's name may hold what a terminal obeys."""
    place.files(None, keys("full", "a\033[31mb"))
    ran = place.ecr("whoami", env={"AWS_PROFILE": "a\033[31mb"})
    assert ran.code == 0 and "\033" not in ran.stdout + ran.stderr


def test_verbose(place):
    """Requests on stderr, no secret among them (assert_no_secrets), the answer on stdout."""
    place.lab.metadata()
    place.files(section("x", role_arn=ROLE, credential_source="Ec2InstanceMetadata"))
    ran = place.ecr("whoami", "-v", env={**METADATA, "AWS_PROFILE": "x"})
    assert ran.code == 0 and len(re.findall(r"^(?:PUT|GET|POST) http", ran.stderr, re.MULTILINE)) == 5
