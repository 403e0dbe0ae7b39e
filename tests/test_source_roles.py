"""Credentials of a role that a profile names (role_arn), and what STS may answer."""

import re

import pytest
from support_credentials import FAR, HOST, METADATA, OTHER_ROLE, ROLE, Place, keys, section, variables

X = {"AWS_PROFILE": "x"}
HERE = section("x", role_arn=ROLE, source_profile="default")


@pytest.fixture
def place(lab, tmp_path):
    lab.role(ROLE)
    lab.role(OTHER_ROLE)
    return Place(lab, tmp_path)


def process(place, role="describe", **more):
    """A program that prints a key of the lab."""
    members = {"Version": 1, "AccessKeyId": f"{{{role}}}", "SecretAccessKey": f"{{{role}_secret}}", **more}
    text = ", ".join(f'"{name}": {value if isinstance(value, int) else chr(34) + value + chr(34)}'
                     for name, value in members.items())
    return place.file("process", f"#!/bin/sh\necho '{{{text}}}'\n", 0o700)


# ---- whose credentials assume the role

# name: (config, credentials, environment, options, the keys that signed AssumeRole and the roles that were assumed)
CALLERS = {
    "keys of another profile": (HERE, keys("full"), X, [], [("full", ROLE)]),
    "keys of another profile, in the config file": (HERE + keys("full"), None, X, [], [("full", ROLE)]),
    "keys of another profile, by --profile": (HERE, keys("full"), variables("describe"), ["--profile", "x"], [("full", ROLE)]),
    "one's own keys": (section("x", role_arn=ROLE, source_profile="x"), keys("full", "x"), X, [], [("full", ROLE)]),
    "role of the default profile": (section(role_arn=ROLE, source_profile="b"), keys("full", "b"), {}, [], [("full", ROLE)]),
    "role in the credentials file": (None, keys("full", "b") + f"[default]\nrole_arn = {ROLE}\nsource_profile = b\n", {}, [],
                                     [("full", ROLE)]),
    "keys in both files": (HERE + keys("describe"), keys("full"), X, [], [("full", ROLE)]),
    "temporary keys": (HERE, keys("session", token=True), X, [], [("session", ROLE)]),
    "one role after another": (section("x", role_arn=ROLE, source_profile="y")
                               + section("y", role_arn=OTHER_ROLE, source_profile="default"), keys("full"), X, [],
                               [("full", OTHER_ROLE), ("sts second", ROLE)]),
    "three roles": (section("x", role_arn=ROLE, source_profile="y") + section("y", role_arn=OTHER_ROLE, source_profile="z")
                    + section("z", role_arn="arn:aws:iam::123456789012:role/pull", source_profile="default"), keys("full"), X,
                    [], [("full", "arn:aws:iam::123456789012:role/pull"), ("sts pull", OTHER_ROLE), ("sts second", ROLE)]),
    "keys before the source's own role": (HERE + section(role_arn=OTHER_ROLE, source_profile="y"), keys("full"), X, [],
                                          [("full", ROLE)]),
    "the environment": (section("x", role_arn=ROLE, credential_source="Environment"), None, variables("session", True),
                        ["--profile", "x"], [("session", ROLE)]),
    "keys of the environment come first": (HERE, keys("full"), {**X, **variables("pull")}, [], []),
    "the instance": (section("x", role_arn=ROLE, credential_source="Ec2InstanceMetadata"), None, {**X, **METADATA}, [],
                     [("session", ROLE)]),
    "the container": (section("x", role_arn=ROLE, credential_source="EcsContainer"), None,
                      {**X, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}, [], [("session", ROLE)]),
    "a process": (HERE + section(credential_process="{tmp}/process"), None, X, [], [("describe", ROLE)]),
    "a process of one's own": (section("x", role_arn=ROLE, source_profile="y", credential_process="/bin/false"),
                               keys("full", "y"), X, [], [("full", ROLE)]),
    "an aws login session": (HERE + section(login_session="me"), None, X, [], [("session", ROLE)]),
    "single sign-on": (HERE + section(sso_session="s", sso_account_id="123456789012", sso_role_name="Puller")
                       + section("sso-session s", sso_start_url="https://lab.awsapps.com/start", sso_region="us-east-1"), None, X,
                       [], [("sso AWSReservedSSO_Puller_0123456789abcdef", ROLE)]),
    "a web identity": (HERE + section(role_arn=OTHER_ROLE, web_identity_token_file="{tmp}/token"), None, X, [],
                       [(None, OTHER_ROLE), ("sts second", ROLE)]),
    "a web identity that the variables do not name": (HERE, keys("full"), {
        **X, "AWS_ROLE_ARN": OTHER_ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/token"}, [], [("full", ROLE)]),
}


@pytest.mark.parametrize("name", CALLERS)
def test_callers(place, name):
    config, credentials, env, options, steps = CALLERS[name]
    place.lab.metadata()
    place.hide(place.file("token", place.lab.web_token(roles=[OTHER_ROLE])))
    place.lab.login_cache(place.path, "me")
    place.lab.sso_cache(place.path, "s", place.lab.sso([("123456789012", "Puller")]))
    process(place)
    place.files(config, credentials)
    place.good(*options, env=env, wanted=None if steps else place.words["pull"])
    assert [(step[2], step[3]) for step in place.way() if step[0] == "sts"] == steps


def test_what_is_asked_for(place):
    place.lab.role(ROLE, external_id="a+b/c=d:e,f@g-h")
    place.files(section("x", role_arn=ROLE, source_profile="default", external_id="a+b/c=d:e,f@g-h", role_session_name="me@ci.test",
                        duration_seconds="1234"), keys("full"))
    place.good(env=X)
    call, = place.lab.requests(service="sts")
    assert call["form"] == {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "me@ci.test",
                            "ExternalId": "a+b/c=d:e,f@g-h", "DurationSeconds": "1234"}
    assert place.lab.issued()[-1]["arn"].endswith("assumed-role/deploy/me@ci.test")


def test_what_is_asked_for_without_wishes(place):
    place.files(HERE, keys("full"))
    place.good(env=X)
    form = place.lab.requests(service="sts")[0]["form"]
    assert re.fullmatch(r"ecr-\d{10}", form.pop("RoleSessionName"))
    assert form == {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE}


# ---- where STS is

@pytest.mark.parametrize("env, more, registry, host", [
    ({}, {}, HOST, "sts.us-east-1.amazonaws.com"),
    ({}, {}, HOST.replace("us-east-1", "eu-west-1"), "sts.eu-west-1.amazonaws.com"),
    ({"AWS_REGION": "eu-central-1"}, {}, HOST, "sts.eu-central-1.amazonaws.com"),
    ({"AWS_DEFAULT_REGION": "eu-central-1"}, {}, HOST, "sts.eu-central-1.amazonaws.com"),
    ({}, {"region": "eu-north-1"}, HOST, "sts.eu-north-1.amazonaws.com"),
    ({"AWS_REGION": "eu-central-1"}, {"region": "eu-north-1"}, HOST, "sts.eu-central-1.amazonaws.com"),
    ({"AWS_REGION": "eu-central-1", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"}, {}, HOST, "sts.amazonaws.com"),
    ({"AWS_REGION": "eu-south-1", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"}, {}, HOST, "sts.eu-south-1.amazonaws.com"),
    ({"AWS_REGION": "eu-central-1"}, {"sts_regional_endpoints": "legacy"}, HOST, "sts.amazonaws.com"),
    ({"AWS_REGION": "aws-global"}, {}, HOST, "sts.amazonaws.com"),
    ({"AWS_REGION": "cn-north-1"}, {}, HOST, "sts.cn-north-1.amazonaws.com.cn"),
    ({"AWS_REGION": "us-west-2", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, {}, HOST, "sts.us-west-2.api.aws"),
    ({"AWS_REGION": "us-west-2", "AWS_USE_FIPS_ENDPOINT": "true"}, {}, HOST, "sts-fips.us-west-2.amazonaws.com"),
    ({"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"}, {}, HOST, "sts.us-gov-west-1.amazonaws.com"),
    ({"AWS_ENDPOINT_URL_STS": "{sts}"}, {}, HOST, "127.0.0.1:5081"),
    ({"AWS_ENDPOINT_URL_STS": "{sts}", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"}, {}, HOST, "127.0.0.1:5081"),
    ({"AWS_ENDPOINT_URL_ECR": "{api}"}, {}, HOST, "sts.us-east-1.amazonaws.com"),
    ({}, {"services": "s"}, HOST, "127.0.0.1:5081"),
    ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, {"services": "s"}, HOST, "sts.us-east-1.amazonaws.com"),
], ids=str)
def test_endpoint(place, env, more, registry, host):
    place.words.update(sts=place.lab.plain_sts, api=place.lab.plain_api)
    place.files(section("x", role_arn=ROLE, source_profile="default", **more)
                + "[services s]\nsts =\n  endpoint_url = {sts}\n", keys("full"))
    place.good(env={**X, **env}, registry=registry)
    assert [r["host"] for r in place.lab.requests(service="sts")] == [host]


def test_sts_by_a_proxy(place):
    """STS is a service like ECR: it is called through the proxy that the variables name, which alone knows its address."""
    place.files(HERE, keys("full"))
    place.good(env={**X, "HTTPS_PROXY": place.lab.proxy}, resolv_conf="")


# ---- profiles that cannot be used: nothing is asked

KEYS = keys("full")
# name: (section x and others, credentials, environment, words of the line)
REFUSED = {
    "no source": (section("x", role_arn=ROLE), KEYS, {}, ["source_profile", "credential_source"]),
    "no source, with keys": (section("x", role_arn=ROLE), keys("full", "x"), {}, ["source_profile", "credential_source"]),
    "two sources": (section("x", role_arn=ROLE, source_profile="default", credential_source="Environment"), KEYS, {},
                    ["both source_profile and credential_source", "take one"]),
    "source that is not there": (section("x", role_arn=ROLE, source_profile="nobody"), KEYS, {}, ["source_profile 'nobody'"]),
    "source without credentials": (HERE + section(region="us-east-1"), None, {}, ["profile 'default'", "no credentials"]),
    "source with half a key": (HERE, "[default]\naws_access_key_id = {full}\n", {},
                               ["profile 'default'", "aws_secret_access_key", "/.aws/credentials"]),
    "source with half a key in the config": (HERE + section(aws_access_key_id="{full}"), None, {},
                                             ["profile 'default'", "aws_secret_access_key", "/.aws/config"]),
    "source is the environment alone": (HERE + section(region="us-east-1"), None, {
        "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"}, ["profile 'default'", "no credentials"]),
    "itself without keys": (section("x", role_arn=ROLE, source_profile="x"), KEYS, {}, ["source_profile 'x'", "leads back"]),
    "loop of two": (section("x", role_arn=ROLE, source_profile="y") + section("y", role_arn=ROLE, source_profile="x"), KEYS, {},
                    ["source_profile 'x'", "leads back", "credentials of its own"]),
    "loop of three": (section("x", role_arn=ROLE, source_profile="y") + section("y", role_arn=ROLE, source_profile="z")
                      + section("z", role_arn=ROLE, source_profile="y"), KEYS, {}, ["source_profile 'y'", "leads back"]),
    "unknown place": (section("x", role_arn=ROLE, credential_source="environment"), KEYS, {},
                      ["'environment'", "Environment, EcsContainer and Ec2InstanceMetadata"]),
    "half a key in the environment": (section("x", role_arn=ROLE, credential_source="Environment"), KEYS,
                                      {"AWS_ACCESS_KEY_ID": "x"}, ["AWS_SECRET_ACCESS_KEY", "set both"]),
    "nothing in the environment": (section("x", role_arn=ROLE, credential_source="Environment"), KEYS, {},
                                   ["credential_source Environment", "AWS_ACCESS_KEY_ID is not set"]),
    "no container": (section("x", role_arn=ROLE, credential_source="EcsContainer"), KEYS, {},
                     ["credential_source EcsContainer", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]),
    "no instance": (section("x", role_arn=ROLE, credential_source="Ec2InstanceMetadata"), KEYS, METADATA,
                    ["credential_source Ec2InstanceMetadata", "no EC2 metadata service"]),
    "instance switched off": (section("x", role_arn=ROLE, credential_source="Ec2InstanceMetadata"), KEYS, {},
                              ["credential_source Ec2InstanceMetadata", "AWS_EC2_METADATA_DISABLED"]),
    "MFA": (section("x", role_arn=ROLE, source_profile="default", mfa_serial="arn:aws:iam::123456789012:mfa/me"), KEYS, {},
            ["mfa_serial", "profile 'x'", "export-credentials"]),
    "MFA of the source": (section("x", role_arn=ROLE, source_profile="y")
                          + section("y", role_arn=OTHER_ROLE, source_profile="default", mfa_serial="m"), KEYS, {},
                          ["mfa_serial", "profile 'y'"]),
    "duration in words": (section("x", role_arn=ROLE, source_profile="default", duration_seconds="an hour"), KEYS, {},
                          ["duration_seconds", "43200", "profile 'x'"]),
    "duration too long": (section("x", role_arn=ROLE, source_profile="default", duration_seconds="43201"), KEYS, {},
                          ["duration_seconds"]),
    "role without ARN": (section("x", role_arn="deploy", source_profile="default"), KEYS, {}, ["role_arn is no ARN"]),
    "process of the source fails": (HERE + section(credential_process="/bin/false"), None, {},
                                    ["credential_process of profile 'default'", "exit status 1"]),
    "session of the source is over": (HERE + section(login_session="nobody"), None, {},
                                      ["'aws login' session of profile 'default'", "aws login"]),
    "sign-on of the source is missing": (HERE + section(sso_session="s", sso_account_id="1", sso_role_name="r")
                                         + section("sso-session s", sso_start_url="https://x.test", sso_region="us-east-1"),
                                         None, {}, ["SSO session of profile 'default'", "aws sso login"]),
    "token of the source is missing": (HERE + section(role_arn=ROLE, web_identity_token_file="/nowhere/token"), None, {},
                                       ["profile 'default'", "/nowhere/token", "No such file"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_profiles_that_cannot_be_used(place, name):
    config, credentials, env, words = REFUSED[name]
    place.files(config, credentials)
    place.refused(3, *words, env={**X, **env})
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


# ---- what STS answers

def web_identity(place):
    token = place.hide(place.lab.web_token(roles=[ROLE]))
    place.files()
    return {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": place.file("token", token)}


def assume_role(place):
    place.hide(place.words["session_token"])
    place.files(HERE, keys("session", token=True))
    return X


KINDS = {"role": assume_role, "web identity": web_identity}
XML = {"content_type": "text/xml"}
GIVEN = ("<AssumeRoleResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleResult><Credentials>%s</Credentials>"
         "</AssumeRoleResult></AssumeRoleResponse>")
ID, SECRET, TOKEN, ENDS = ("<AccessKeyId>ASIAX</AccessKeyId>", "<SecretAccessKey>s</SecretAccessKey>",
                           "<SessionToken>t</SessionToken>", f"<Expiration>{FAR}</Expiration>")
# name: (fault, its parameters, exit status, attempts of two, words)
FAULTS = {
    "denied": ("deny", {}, 3, 1, ["HTTP 403 AccessDenied", "trust policy"]),
    "throttled": ("throttle", {}, 4, 2, ["HTTP 400 Throttling"]),
    "server error": ("server_error", {}, 4, 2, ["HTTP 500 InternalFailure"]),
    "page of a balancer": ("server_error", {"status": 503, "html": True}, 4, 2, ["HTTP 503"]),
    "expired": ("expire", {}, 3, 1, ["HTTP 40", "ExpiredToken"]),
    "no region": ("refuse", {"code": "RegionDisabledException", "status": 403}, 3, 1, ["RegionDisabledException"]),
    "no contact": ("refuse", {"code": "IDPCommunicationError"}, 4, 2, ["IDPCommunicationError"]),
    "claim rejected": ("refuse", {"code": "IDPRejectedClaim", "status": 403}, 3, 1, ["IDPRejectedClaim"]),
    "unknown key": ("refuse", {"code": "InvalidClientTokenId", "status": 403}, 3, 1, ["InvalidClientTokenId"]),
    "unknown code": ("refuse", {"code": "Nonsense"}, 5, 1, ["HTTP 400 Nonsense"]),
    "portal": ("html", {}, 5, 1, ["sts.us-east-1.amazonaws.com", "proxy"]),
    "portal, not well formed": ("html", {"text": "<html><br><p>Log in</html>"}, 5, 1, ["HTTP 200", "no XML document", "proxy"]),
    "proxy's denial": ("html", {"status": 403}, 3, 1, ["HTTP 403"]),
    "proxy wants a login": ("html", {"status": 407}, 5, 1, ["HTTP 407"]),
    "empty": ("empty", {}, 5, 1, ["HTTP 200", "no XML document"]),
    "JSON": ("body", {"text": "{}"}, 5, 1, ["HTTP 200", "no XML document"]),
    "XML that is cut": ("truncate_json", {}, 5, 1, ["HTTP 200", "no XML document"]),
    "connection that is cut": ("cut_body", {}, 5, 2, ["the connection ended"]),
    "connection that is reset": ("cut", {"rst": True}, 4, 2, ["closed without a reply"]),
    "redirect": ("redirect", {"location": "https://elsewhere.test/"}, 5, 1, ["HTTP 307"]),
    "other document": ("body", {"text": "<a/>", **XML}, 5, 1, ["not with what was asked for"]),
    "doctype": ("body", {"text": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", **XML}, 5, 1, []),
    "no key id": ("body", {"text": GIVEN % (SECRET + TOKEN + ENDS), **XML}, 5, 1, ["not with what was asked for"]),
    "no secret": ("body", {"text": GIVEN % (ID + TOKEN + ENDS), **XML}, 5, 1, ["not with what was asked for"]),
    "no token": ("body", {"text": GIVEN % (ID + SECRET + ENDS), **XML}, 5, 1, ["not with what was asked for"]),
    "no end": ("body", {"text": GIVEN % (ID + SECRET + TOKEN), **XML}, 5, 1, ["not with what was asked for"]),
    "end that is none": ("body", {"text": GIVEN % (ID + SECRET + TOKEN + "<Expiration>soon</Expiration>"), **XML}, 5, 1,
                         ["not with what was asked for"]),
    "key with a line break": ("body", {"text": GIVEN % ("<AccessKeyId>AS&#10;IA</AccessKeyId>" + SECRET + TOKEN + ENDS), **XML},
                              3, 1, ["line break"]),
    "huge": ("huge_body", {"size": 1 << 20}, 5, 2, ["larger than"]),
    "denial with the token in it": ("refuse", {"code": "AccessDenied", "status": 403, "message": "{said}"}, 3, 1,
                                     ["AccessDenied"]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_sts(place, name, kind):
    """Each is one line that names the role; what may pass is tried again, nothing else is."""
    fault, parameters, code, attempts, words = FAULTS[name]
    env = KINDS[kind](place)
    most = 2 if kind == "role" or attempts == 1 else 1  # the pauses between attempts take their time
    attempts = min(attempts, most)
    if "{said}" in parameters.get("message", ""):
        parameters = {**parameters, "message": f"you said {next(iter(place.secrets))}"}
    place.lab.fault(fault, service="sts", **parameters)
    place.refused(code, ROLE, *words, env=env, options=("--max-attempts", f"{most}"), twice=attempts == 1)
    assert len(place.lab.requests(service="sts")) == attempts


@pytest.mark.parametrize("kind, fault, parameters", [
    ("role", "throttle", {}), ("role", "server_error", {}), ("role", "refuse", {"code": "IDPCommunicationError"}),
    ("role", "cut", {}), ("role", "cut_body", {}), ("role", "server_error", {"status": 503, "html": True}),
    ("web identity", "throttle", {}), ("web identity", "refuse", {"code": "IDPCommunicationError"})], ids=str)
def test_faults_of_sts_that_pass(place, kind, fault, parameters):
    env = KINDS[kind](place)
    place.lab.fault(fault, service="sts", count=1, **parameters)
    place.good(env=env)
    assert len(place.lab.requests(service="sts")) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_answers_in_other_clothes(place, kind):
    """Chunks, and a wrong name of the content, are as good."""
    env = KINDS[kind](place)
    place.lab.fault("chunked", service="sts", count=1, trailer=True)
    place.good(env=env)
    place.lab.fault("wrong_content_type", service="sts", count=1)
    place.good(env=env)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["stall", "stall_body"])
def test_sts_hangs(place, kind, fault):
    env = KINDS[kind](place)
    place.lab.fault(fault, service="sts")
    ran = place.refused(4, ROLE, "in time", env=env, options=("--timeout", "400ms"), twice=False)
    assert ran.seconds < 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault, code, words", [
    ("tls_expired", 5, []), ("tls_untrusted", 5, []), ("tls_wrong_host", 5, []), ("tls_plain", 5, []), ("tls_close", 4, [])])
def test_sts_is_somebody_else(place, kind, fault, code, words):
    """Keys and tokens go to STS alone."""
    env = KINDS[kind](place)
    place.lab.fault(fault, host="sts.us-east-1.amazonaws.com")
    place.refused(code, ROLE, "sts.us-east-1.amazonaws.com", *words, env=env, options=("--max-attempts", "1"))
    assert place.lab.requests() == []


@pytest.mark.parametrize("kind", KINDS)
def test_sts_has_no_address(place, kind):
    env = KINDS[kind](place)
    place.lab.dns_fault("sts.us-east-1.amazonaws.com", "nxdomain")
    place.refused(4, ROLE, "sts.us-east-1.amazonaws.com", env=env, options=("--max-attempts", "1"))


# ---- what the role says

@pytest.mark.parametrize("role, members, words", [
    ({"denied": True}, {}, ["AccessDenied", "trust policy"]),
    ({"trusts": ["210987654321"]}, {}, ["AccessDenied", "trust policy"]),
    ({"external_id": "right"}, {}, ["AccessDenied", "external_id"]),
    ({"external_id": "right"}, {"external_id": "wrong"}, ["AccessDenied", "external_id"]),
    ({"max_seconds": 3600}, {"duration_seconds": "7200"}, ["ValidationError", "MaxSessionDuration"]),
    ({}, {"duration_seconds": "60"}, ["ValidationError"]),
    ({}, {"role_session_name": "a b"}, ["ValidationError"]),
], ids=str)
def test_what_the_role_does_not_let_in(place, role, members, words):
    place.lab.role(ROLE, **role)
    place.files(section("x", role_arn=ROLE, source_profile="default", **members), keys("full"))
    code = 3 if "AccessDenied" in words else 5
    place.refused(code, ROLE, *words, env=X)
    assert len(place.lab.requests(service="sts")) == 1


def test_long_chains_are_refused_by_sts(place):
    place.files(section("x", role_arn=ROLE, source_profile="y", duration_seconds="7200")
                + section("y", role_arn=OTHER_ROLE, source_profile="default"), keys("full"))
    place.refused(5, ROLE, "role chaining", env=X)


@pytest.mark.parametrize("role, code, words", [
    ("expired", 3, ["ExpiredToken"]), ("unknown", 3, ["InvalidClientTokenId"]), ("wrong-secret", 3, ["SignatureDoesNotMatch"])])
def test_keys_that_sts_does_not_take(place, role, code, words):
    """It is not the role that is at fault: the line says whose keys they are."""
    place.files(HERE, keys(role.replace("-", "_"), token=role == "expired"))
    ran = place.refused(code, ROLE, "profile 'default'", *words, env=X)
    assert "trust policy" not in ran.errors[0]


def test_the_first_role_of_a_chain_fails(place):
    place.lab.role(OTHER_ROLE, denied=True)
    place.files(section("x", role_arn=ROLE, source_profile="y") + section("y", role_arn=OTHER_ROLE, source_profile="default"),
                keys("full"))
    place.refused(3, OTHER_ROLE, "AccessDenied", env=X)
    assert [step[3] for step in place.way()] == [OTHER_ROLE]


def test_the_clock_is_wrong(place):
    """STS says what time it is: the signature follows."""
    place.lab.setting(clock=3600)
    place.files(HERE, keys("full"))
    place.good(env=X)


def test_role_without_permission(place):
    """The role is assumed; what it may not do is ECR's to say."""
    place.lab.role(ROLE, allow=["DescribeImages"])
    place.files(HERE, keys("full"))
    ran = place.password(env=X)
    assert ran.code == 3 and "ecr:GetAuthorizationToken" in ran.errors[0] and len(ran.errors) == 1
    assert place.whose(place.key()) == "sts deploy"
