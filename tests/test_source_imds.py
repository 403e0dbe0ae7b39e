"""Credentials of an EC2 instance's role: the metadata service, version 2 and 1, and what may be there in its place."""

import pytest
from support_credentials import FAR, METADATA, PAST, ROLE, Place, keys, section, variables
from support_net import HttpServer, Server, reply

ENDPOINT, MODE = "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
V1_OFF = {"AWS_EC2_METADATA_V1_DISABLED": "true"}
NO_CREDENTIALS = "no credentials: none in the environment"
ALL = ["Token", "ListRoles", "GetCredentials"]


@pytest.fixture
def place(lab, tmp_path):
    place = Place(lab, tmp_path)
    lab.metadata(only=["imds"])
    return place


def steps(place):
    """The operations asked for, of which those with a session token are marked."""
    return [("+" if "x-aws-ec2-metadata-token" in r["headers"] else "") + (r["operation"] or "?")
            for r in place.lab.requests(service="imds")]


V2, V1 = ["Token", "+ListRoles", "+GetCredentials"], ["Token", "ListRoles", "GetCredentials"]


# ---- good

# name: (environment, host)
GOOD = {
    "plain": ({}, "169.254.169.254"),
    "IPv6": ({MODE: "IPv6"}, "[fd00:ec2::254]"), "IPv6 in small letters": ({MODE: "ipv6"}, "[fd00:ec2::254]"),
    "IPv4": ({MODE: "IPv4"}, "169.254.169.254"),
    "endpoint": ({ENDPOINT: "http://[fd00:ec2::254]"}, "[fd00:ec2::254]"),
    "endpoint with a slash": ({ENDPOINT: "http://[fd00:ec2::254]/"}, "[fd00:ec2::254]"),
    "endpoint before mode": ({ENDPOINT: "http://169.254.169.254", MODE: "IPv6"}, "169.254.169.254"),
    "empty variables": ({ENDPOINT: "", MODE: ""}, "169.254.169.254"),
    "version 1 switched off": (V1_OFF, "169.254.169.254"),
    "not quite disabled": ({"AWS_EC2_METADATA_DISABLED": "1"}, "169.254.169.254"),
    "explicitly not disabled": ({"AWS_EC2_METADATA_DISABLED": "false"}, "169.254.169.254"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good(place, name):
    env, host = GOOD[name]
    place.good(env={**METADATA, **env})
    calls = place.lab.requests(service="imds")
    assert steps(place) == V2 and {r["host"] for r in calls} == {host}
    assert calls[0]["method"] == "PUT" and calls[0]["headers"]["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
    assert calls[0]["headers"]["content-length"] == "0" and all(r["headers"]["user-agent"] for r in calls)
    assert place.key() == place.words["session"]


@pytest.mark.parametrize("config, host", [
    (section(ec2_metadata_service_endpoint_mode="ipv6"), "[fd00:ec2::254]"), (section(imds_use_ipv6="true"), "[fd00:ec2::254]"),
    (section(ec2_metadata_service_endpoint="http://[fd00:ec2::254]/"), "[fd00:ec2::254]")], ids=str)
def test_settings_of_the_profile(place, config, host):
    place.files(config)
    place.good(env=METADATA)
    assert place.lab.requests(service="imds")[0]["host"] == host


@pytest.mark.parametrize("value", ["true", "TRUE", "True"])
def test_disabled(place, value):
    place.refused(3, NO_CREDENTIALS, env={"AWS_EC2_METADATA_DISABLED": value})
    assert place.lab.requests() == [] and place.lab.connections() == []


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("env", [{}, {MODE: "IPv6"}, {ENDPOINT: "http://imds.lab.test"}], ids=str)
def test_no_proxy(place, proxy, env):
    """A proxy would answer for its own machine."""
    seen = []
    with HttpServer(lambda request, _: seen.append(request.target) or reply(b"", 502)) as server:
        place.good(env={**METADATA, **env, proxy: f"http://127.0.0.1:{server.port}",
                        "NO_PROXY": "api.ecr.us-east-1.amazonaws.com"}, hosts="169.254.169.254 imds.lab.test\n")
    assert seen == []


def test_over_keys_are_used(place):
    """An instance whose keys were not replaced in time goes on with them, as the SDKs do."""
    for expires in (PAST, -1, 30):
        place.lab.metadata(only=["imds"], expires=expires)
        place.good(env=METADATA)
        assert steps(place) == V2


@pytest.mark.parametrize("names", [["session", "other"], ["session", ""]], ids=str)
def test_first_of_the_list(place, names):
    place.lab.metadata(only=["imds"], names=names)
    place.good(env=METADATA)


# ---- version 1

@pytest.mark.parametrize("status", [401, 403, 404, 405, 429, 500, 503])
def test_version_1(place, status):
    """No token is given, but none is needed."""
    place.lab.metadata(only=["imds"], v1=True, put=status)
    place.good(env=METADATA)
    assert steps(place) == V1


@pytest.mark.parametrize("status", [403, 404, 405, 500])
def test_version_1_switched_off(place, status):
    place.lab.metadata(only=["imds"], v1=True, put=status)
    place.refused(3, NO_CREDENTIALS, env={**METADATA, **V1_OFF})
    assert steps(place) == ["Token"]


def test_version_1_switched_off_by_the_profile(place):
    place.files(section(ec2_metadata_v1_disabled="true"))
    place.lab.metadata(only=["imds"], v1=True, put=404)
    place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert steps(place) == ["Token"]


@pytest.mark.parametrize("status", [400, 301, 302, 307])
def test_answers_that_are_no_metadata_service(place, status):
    """A redirect or a bad request: nothing more is asked there, and nothing is followed."""
    if status < 400:
        place.lab.fault("redirect", service="imds", operation="Token", status=status, location="http://169.254.170.2/creds")
    else:
        place.lab.metadata(only=["imds"], v1=True, put=status)
    place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert steps(place) == ["Token"]


@pytest.mark.parametrize("fault, parameters", [
    ("html", {}), ("empty", {}), ("body", {"text": "a b"}), ("body", {"text": "a\r\nX-Evil: 1"}), ("body", {"text": "\x00"}),
    ("body", {"text": "x" * 5000})], ids=lambda v: str(v)[:30])
def test_token_that_is_none(place, fault, parameters):
    """A page in place of a token, as a portal sends it, ends the search there."""
    place.lab.metadata(only=["imds"], v1=True)
    place.lab.fault(fault, service="imds", operation="Token", **parameters)
    place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert steps(place) == ["Token"]


# ---- the hop limit

def test_hop_limit(place):
    """The PUT is lost on its way while a GET is answered: in a container, the hop limit."""
    place.lab.metadata(only=["imds"], put="hang")
    ran = place.refused(3, NO_CREDENTIALS, "hop limit", "--http-put-response-hop-limit 2", env=METADATA, twice=False)
    assert 0.9 < ran.seconds < 2.2 and "GetCredentials" not in steps(place)


def test_hop_limit_with_version_1(place):
    """As all SDKs do it: version 1 answers, so its keys are used."""
    place.lab.metadata(only=["imds"], put="hang", v1=True)
    place.lab.fault("body", service="imds", path="^/latest/meta-data/$", text="ami-id\niam/\n", content_type="text/plain")
    ran = place.good(env=METADATA)
    assert ran.seconds < 2.2 and steps(place)[-2:] == ["ListRoles", "GetCredentials"]


def test_hop_limit_with_version_1_off(place):
    place.lab.metadata(only=["imds"], put="hang", v1=True)
    place.refused(3, NO_CREDENTIALS, "hop limit", env={**METADATA, **V1_OFF}, twice=False)
    assert "GetCredentials" not in steps(place)


def test_hop_limit_as_the_source_of_a_role(place):
    place.lab.metadata(only=["imds"], put="hang")
    place.files(section(role_arn=ROLE, credential_source="Ec2InstanceMetadata"))
    place.refused(3, "profile 'default'", "Ec2InstanceMetadata", "hop limit", env=METADATA, twice=False)


# ---- nobody, or somebody slow

def test_nobody_there(place):
    place.lab.clear()
    ran = place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert ran.seconds < 0.5


@pytest.mark.parametrize("address", ["{blackhole}", "[{blackhole6}]", "{unreachable}", "{refusing}"])
def test_no_such_machine(place, address):
    """A laptop: a second, no more."""
    lab = place.lab
    where = address.format(blackhole=lab.blackhole, blackhole6=lab.blackhole6, unreachable=lab.unreachable, refusing=lab.refusing)
    ran = place.refused(3, NO_CREDENTIALS, env={**METADATA, ENDPOINT: f"http://{where}"}, twice=False)
    assert ran.seconds < 1.5


def test_deadline_before_the_second(place):
    """Nobody knows then whether somebody is there: that is no lack of credentials."""
    ran = place.refused(4, "in time", env={**METADATA, ENDPOINT: f"http://{place.lab.blackhole}"}, twice=False,
                        options=("--timeout", "300ms"))
    assert ran.seconds < 0.8


@pytest.mark.parametrize("operation", ALL)
def test_deadline_within_a_slow_answer(place, operation):
    """The service is there and slow, and the time of the run is over first."""
    place.lab.push_image(f"{place.lab.create_repository('app')}:v1")
    place.lab.fault("delay", service="imds", operation=operation, seconds=0.9)
    code, verdict, key = place.check("--timeout", "500ms", env=METADATA)
    assert (code, verdict["state"], verdict["reason"], key) == (4, "unknown", "timeout", None)


def test_more_patience(place):
    place.lab.fault("delay", service="imds", operation="Token", seconds=1.3)
    place.good(env={**METADATA, "AWS_METADATA_SERVICE_TIMEOUT": "3"})


@pytest.mark.parametrize("fault", ["stall", "cut", "cut_body"])
def test_no_session_token(place, fault):
    """Whoever gives none may be no metadata service at all."""
    place.lab.fault(fault, service="imds", operation="Token")
    ran = place.refused(3, NO_CREDENTIALS, env=METADATA, twice=False)
    assert ran.seconds < 2.3


def attempts(place, operation):
    return [r["operation"] for r in place.lab.requests(service="imds")].count(operation)


@pytest.mark.parametrize("operation, fault", [(o, f) for o in ALL[1:] for f in ("stall", "cut", "cut_body")]
                         + [("GetCredentials", "stall_body")])
def test_each_step_may_fail(place, operation, fault):
    """It gave a token, so it is there: it is asked once more, and then that is said. No other source is taken for it."""
    place.lab.fault(fault, service="imds", operation=operation)
    words = ["in time"] if fault.startswith("stall") else ["EC2 metadata service", "stopped answering"]
    ran = place.refused(4, "169.254.169.254", *words, env=METADATA, twice=False)
    stale = fault == "cut"  # a kept connection that ends without a byte may have been so before: a new one is no attempt
    assert ran.seconds < 2.6 and attempts(place, operation) == 2 + stale


@pytest.mark.parametrize("operation", ALL[1:])
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_each_step_may_be_refused(place, operation, status):
    """There is no role, or none of its keys."""
    place.lab.fault("refuse", service="imds", operation=operation, code="Refused", status=status)
    place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert attempts(place, operation) == 1 and attempts(place, "GetCredentials") == (operation == "GetCredentials")


@pytest.mark.parametrize("operation", ALL[1:])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_each_step_may_be_busy(place, operation, status):
    """That passes: it is tried once more, and then it is no lack of credentials."""
    place.lab.fault("refuse", service="imds", operation=operation, code="Busy", status=status)
    place.refused(4, "169.254.169.254", "EC2 metadata service", f"HTTP {status}", env=METADATA)
    assert attempts(place, operation) == 2
    code, verdict, _ = place.check(env=METADATA)
    assert (code, verdict["reason"]) == (4, "throttled" if status == 429 else "server-error")
    place.lab.clear()
    place.lab.metadata(only=["imds"])
    place.lab.fault("refuse", service="imds", operation=operation, code="Busy", status=status, count=1)
    place.good(env=METADATA, wanted=place.words["session"])
    assert attempts(place, operation) == 2


@pytest.mark.parametrize("times, code", [(1, 0), (2, 4)])
def test_busy_while_another_source_waits(place, times, code):
    """A moment's 503 must not make us somebody else: here the role of a GitHub job."""
    lab = place.lab
    role = lab.role(ROLE)
    job = lab.github(roles=[role])
    place.hide(job["token"])
    lab.fault("server_error", service="imds", operation="GetCredentials", status=503, count=times)
    ran = place.ecr("whoami", "--json", env={**METADATA, "AWS_ROLE_ARN": role, "ACTIONS_ID_TOKEN_REQUEST_URL": job["url"],
                                             "ACTIONS_ID_TOKEN_REQUEST_TOKEN": job["token"]})
    assert ran.code == code and lab.requests(service="github") == [] and lab.issued(service="sts") == [], ran
    if code == 0:
        assert ran.json["arn"] == "arn:aws:sts::123456789012:assumed-role/session/lab" and ran.json["source"] == "imds"
    else:
        assert "HTTP 503" in ran.errors[0]


@pytest.mark.parametrize("operation", ALL[1:])
def test_redirects_are_not_followed(place, operation):
    place.lab.fault("redirect", service="imds", operation=operation, location="http://198.18.0.26/{path}")
    place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert place.lab.requests(service="website") == []


# ---- lies

@pytest.mark.parametrize("names", [[], [""], ["<html>"], ["a b"], ["a/b"], ["x" * 200]], ids=lambda v: str(v)[:20])
def test_lists_without_a_role(place, names):
    place.lab.metadata(only=["imds"], names=names)
    place.refused(3, NO_CREDENTIALS, env=METADATA)


def test_no_role(place):
    place.lab.metadata(only=["imds"], role=None)
    place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert steps(place) == V2[:2]


def test_page_in_place_of_the_list(place):
    place.lab.fault("html", service="imds", operation="ListRoles")
    place.refused(3, NO_CREDENTIALS, env=METADATA)
    assert steps(place) == V2[:2]


LIES = {
    "Code": ({"code": "AssumeRoleUnauthorizedAccess"}, 3, ["AssumeRoleUnauthorizedAccess", "ec2.amazonaws.com"]),
    "other Code": ({"members": {"Code": "Failed"}}, 3, ["Failed"]),
    "Code as number": ({"members": {"Code": 7}}, 3, ["no keys"]),
    "no key id": ({"members": {"AccessKeyId": None}}, 3, ["AccessKeyId"]),
    "no secret": ({"members": {"SecretAccessKey": None}}, 3, ["SecretAccessKey"]),
    "no token": ({"members": {"Token": None}}, 3, ["Token"]),
    "no time": ({"expires": "soon"}, 3, ["Expiration"]),
    "header in the token": ({"members": {"Token": "t\r\nX-Evil: 1"}}, 3, ["line break"]),
}


@pytest.mark.parametrize("name", LIES)
def test_lies(place, name):
    said, code, words = LIES[name]
    place.lab.metadata(only=["imds"], **said)
    place.refused(code, "the instance's role session", *words, env=METADATA)
    assert steps(place) == V2


@pytest.mark.parametrize("fault, parameters", [("html", {}), ("empty", {}), ("body", {"text": "[]"}), ("truncate_json", {}),
                                               ("garble_json", {})], ids=str)
def test_keys_that_are_no_json(place, fault, parameters):
    place.lab.fault(fault, service="imds", operation="GetCredentials", **parameters)
    place.refused(5, "the instance's role session", "JSON", env=METADATA)


def test_no_code_is_success(place):
    place.lab.metadata(only=["imds"], members={"Code": None, "Expiration": FAR})
    place.good(env=METADATA)


@pytest.mark.parametrize("env", [{ENDPOINT: "nonsense"}, {ENDPOINT: "ftp://169.254.169.254"}, {ENDPOINT: "http://"}], ids=str)
def test_endpoint_that_is_no_url(place, env):
    place.refused(3, ENDPOINT, "no URL", env={**METADATA, **env})
    assert place.lab.requests() == []


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\xff" * 100, b""], ids=["ssh", "bytes", "silence"])
def test_something_else_listens(place, data):
    def handler(peer):
        peer.read_head()
        peer.send(data)
    with Server(handler) as server:
        place.refused(3, NO_CREDENTIALS, env={**METADATA, ENDPOINT: f"http://127.0.0.1:{server.port}"}, twice=False)


# ---- when

@pytest.mark.parametrize("config, credentials, env, wanted", [
    (None, None, variables("full"), "full"), (None, keys("full"), {}, "full"), (keys("full"), None, {}, "full"),
    (section("x", region="eu-west-1"), None, {"AWS_PROFILE": "x"}, "session"),
    (section(region="eu-west-1"), None, {}, "session")], ids=str)
def test_order(place, config, credentials, env, wanted):
    """The last of all: whatever else there is comes first, without asking it."""
    place.files(config, credentials)
    place.good(env={**METADATA, **env}, wanted=place.words[wanted])
    assert (steps(place) == []) == (wanted == "full")


def test_as_the_source_of_a_role(place):
    place.lab.role(ROLE)
    place.files(section(role_arn=ROLE, credential_source="Ec2InstanceMetadata"))
    place.good(env=METADATA)
    assert steps(place) == V2 and place.way()[0][1:4] == ("AssumeRole", "session", ROLE)


def test_session_token_is_not_shown(place):
    """The token that the service gives for its own sake is a secret, too."""
    token = "AQAEAJ-a-token-of-the-metadata-service=="
    place.hide(token)
    place.lab.fault("body", service="imds", operation="Token", text=token, content_type="text/plain")
    place.lab.fault("body", service="imds", operation="ListRoles", text=f"your token {token} is not good", status=401)
    place.refused(3, NO_CREDENTIALS, env=METADATA)
