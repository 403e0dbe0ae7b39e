"""Credentials of a container: ECS, EKS Pod Identity, and whatever else serves them at an address."""

import threading
import time

import pytest
from lab import Lab
from support_credentials import FAR, NONE, PAST, ROLE, Place, keys, section, variables
from support_net import HttpServer, Server, reply

RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN, TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
TASK = {RELATIVE: "/creds"}
NAME = "the container's credentials"
SECRET = "eyJhbGciOiJSUzI1NiJ9.a-token-of-a-service-account.c2lnbmF0dXJl"


@pytest.fixture
def place(lab, tmp_path):
    """All metadata services are open: {ecs}, {eks}, {local}, ... are their URLs."""
    place = Place(lab, tmp_path)
    place.urls = lab.metadata()
    place.words.update(place.urls, https_host="https://credentials.lab.test")
    place.hide(SECRET)
    return place


def asked(place, *services):
    return [r for r in place.lab.requests() if r["service"] in (services or ("ecs", "eks", "container"))]


# ---- good

@pytest.mark.parametrize("env, service, host", [
    (TASK, "ecs", "169.254.170.2"), ({RELATIVE: "/v1/credentials"}, "ecs", "169.254.170.2"),
    ({RELATIVE: "/creds?id=1&x=%2F"}, "ecs", "169.254.170.2"),
    ({FULL: "{ecs}"}, "ecs", "169.254.170.2"), ({FULL: "{eks}"}, "eks", "169.254.170.23"),
    ({FULL: "{eks6}"}, "eks", "[fd00:ec2::23]"),
    ({FULL: "http://[fd00:0ec2:0:0::0023]/v1/credentials"}, "eks", "[fd00:0ec2:0:0::0023]"),
    ({FULL: "{local}"}, "container", "127.0.0.1:5170"), ({FULL: "{local6}"}, "container", "[::1]:5170"),
    ({FULL: "http://localhost:5170/creds"}, "container", "localhost:5170"),
    ({FULL: "HTTP://LOCALHOST:5170/creds"}, "container", "localhost:5170"),
    ({FULL: "{https}"}, "container", "credentials.lab.test"),
    ({RELATIVE: "/creds", FULL: "http://evil.test/"}, "ecs", "169.254.170.2"),
    ({RELATIVE: "", FULL: "{eks}"}, "eks", "169.254.170.23"),
    ({RELATIVE: "creds"}, "ecs", "169.254.170.2"),
], ids=str)
def test_good(place, env, service, host):
    place.good(env=env)
    call, = asked(place)
    assert (call["service"], call["host"], call["method"], call["headers"]["accept"]) == (service, host, "GET",
                                                                                          "application/json")
    assert "authorization" not in call["headers"] and place.lab.issued()[-1]["service"] == service


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("url", ["{ecs}", "{eks}", "{eks6}", "{local}", "http://localhost:5170/creds"])
def test_no_proxy(place, proxy, url):
    """A proxy would answer for another machine, and would see the keys."""
    seen = []
    with HttpServer(lambda request, _: seen.append(request.target) or reply(b"", 502)) as server:
        env = {FULL: url, proxy: f"http://127.0.0.1:{server.port}", "NO_PROXY": "api.ecr.us-east-1.amazonaws.com",
               TOKEN: SECRET}
        place.good(env=env)
    assert seen == []


def test_https_by_a_proxy(place):
    """Another machine by name is reached as all others are."""
    place.good(env={FULL: "{https}", "HTTPS_PROXY": place.lab.proxy}, resolv_conf="")


# ---- the token

def test_token(place):
    place.lab.metadata_token(SECRET)
    place.good(env={FULL: "{eks}", TOKEN: SECRET})
    place.good(env={RELATIVE: "/creds", TOKEN: SECRET})
    place.good(env={FULL: "{https}", TOKEN: SECRET})


@pytest.mark.parametrize("text", ["{}", "{}\n", "{}\r\n", " {}\n\n"], ids=repr)
def test_token_of_a_file(place, text):
    place.lab.metadata_token(SECRET)
    place.good(env={FULL: "{eks}", TOKEN_FILE: place.file("token", text.format(SECRET))})


def test_file_before_variable(place):
    place.lab.metadata_token(SECRET)
    place.good(env={FULL: "{eks}", TOKEN: "another", TOKEN_FILE: place.file("token", SECRET)})


def test_token_of_two_words(place):
    """Schemes are the service's business: the token goes as it is."""
    place.lab.metadata_token("Basic dXNlcjpwYXNzd29yZC1sb25nLWVub3VnaA==")
    place.hide("dXNlcjpwYXNzd29yZC1sb25nLWVub3VnaA==")
    place.good(env={FULL: "{local}", TOKEN: "Basic dXNlcjpwYXNzd29yZC1sb25nLWVub3VnaA=="})


def test_the_file_is_read_anew(place):
    """EKS replaces the token, and with it what the service takes: the next renewal of the keys needs the new one."""
    lab, other = place.lab, Lab()
    lab.push_image(f"{lab.create_repository('app')}:v1")
    lab.metadata_token("first-token-of-the-service-account")
    path = place.file("token", "first-token-of-the-service-account")
    lab.fault("delay", service="api", seconds=0.5, count=1)

    def change():
        time.sleep(0.25)
        place.file("token", "second-token-of-the-service-account")
        other.metadata_token("second-token-of-the-service-account")
        other.expire_key(place.words["session"])
    thread = threading.Thread(target=change)
    thread.start()
    code, shown, _ = place.check(env={FULL: "{eks}", TOKEN_FILE: path})
    thread.join()
    assert code == 0 and [r["status"] for r in asked(place)] == [200, 200], shown
    assert len({i["access_key_id"] for i in lab.issued()}) == 2


@pytest.mark.parametrize("env, words", [
    ({TOKEN_FILE: "/nowhere/token"}, [TOKEN_FILE, "/nowhere/token", "No such file"]),
    ({TOKEN_FILE: "{tmp}"}, [TOKEN_FILE, "{tmp}", "directory"]),
    ({TOKEN_FILE: "/dev/zero"}, [TOKEN_FILE, "too large"]),
    ({TOKEN_FILE: "{tmp}/two"}, [TOKEN_FILE, "line break"]),
    ({TOKEN_FILE: "{tmp}/nul"}, [TOKEN_FILE]),
    ({TOKEN_FILE: "/nowhere/token", TOKEN: SECRET}, [TOKEN_FILE, "/nowhere/token"]),
    ({TOKEN: SECRET + "\nX-Evil: 1"}, [TOKEN, "line break"]),
    ({TOKEN: SECRET + "\r\nX-Evil: 1"}, [TOKEN, "line break"]),
    ({TOKEN: SECRET + "\x7f"}, [TOKEN, "control character"]),
], ids=str)
def test_token_that_cannot_be_used(place, env, words):
    place.file("two", f"{SECRET}\nX-Evil: 1\n")
    (place.path / "nul").write_bytes(SECRET.encode() + b"\x00x\n")
    place.refused(3, *words, env={FULL: "{eks}", **env})
    assert asked(place) == []


@pytest.mark.parametrize("env", [{}, {TOKEN: "wrong-token-of-a-service-account"}, {TOKEN: ""}], ids=str)
def test_token_that_is_not_taken(place, env):
    place.hide("wrong-token-of-a-service-account")
    place.lab.metadata_token(SECRET)
    place.refused(3, NAME, "HTTP 401", "token", env={FULL: "{eks}", **env})
    assert len(asked(place)) == 1


# ---- hosts

FOREIGN = ["http://evil.test/creds", "http://169.254.170.3/creds", "http://169.254.169.254/creds", "http://198.18.0.10/creds",
           "http://localhost.evil.test/creds", "http://evil.test#@localhost/creds", "http://evil.test?@127.0.0.1/creds",
           "http://127.0.0.1.evil.test/creds", "http://[fd00:ec2::24]/creds", "http://[fd00:ec2::254]/creds",
           "http://credentials.lab.test/creds", "http://0.0.0.0/creds", "http://2130706433/creds", "http://0x7f.1/creds",
           "http://127.1:5170/creds", "http://[::ffff:198.18.0.10]/creds", "http://10.0.0.1/creds"]


@pytest.mark.parametrize("url", FOREIGN)
def test_foreign_host(place, url):
    """The token is sent in the clear to this machine and its two services alone."""
    place.refused(3, FULL, env={FULL: url, TOKEN: SECRET})
    assert place.lab.requests() == [] and place.lab.dns_queries() == [] and place.lab.connections() == []


@pytest.mark.parametrize("value", ["@evil.test/x", ":8080/creds", ".evil.test/x", "http://evil.test/", "//evil.test/x", "/../x",
                                   "/nothing-here", "\\evil.test"])
def test_relative_stays_at_home(place, value):
    """It is a path at one host, whatever it looks like."""
    place.refused(5, NAME, "HTTP 404", RELATIVE, env={RELATIVE: value, TOKEN: SECRET})
    assert {r["host"] for r in asked(place)} == {"169.254.170.2"} and place.lab.dns_queries() == []


@pytest.mark.parametrize("value", [" /creds", "/a b", "/a\r\nX: 1", "/\x7f"], ids=repr)
def test_relative_that_is_no_path(place, value):
    place.refused(3, RELATIVE, "is no URL", env={RELATIVE: value, TOKEN: SECRET})
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


def test_user_in_the_url(place):
    """It is neither sent nor shown: the token is what counts."""
    place.hide("password-of-the-url")
    env = {FULL: "http://user:password-of-the-url@127.0.0.1:5170/creds"}
    place.good("-v", env=env)
    assert "authorization" not in asked(place)[0]["headers"]
    place.lab.fault("deny", service="container")
    place.refused(3, NAME, "HTTP 403", env=env)


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/x", "http://", "http:///creds", "/creds", "http://127.0.0.1:99999/",
                                 "http://[::1/creds"])
def test_no_url(place, url):
    place.refused(3, FULL, env={FULL: url})
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("service, url", [("eks", "{eks}"), ("container", "{https}")])
def test_redirects_are_not_followed(place, service, url, status):
    """Not even home: the token must not travel."""
    place.lab.fault("redirect", service=service, location="http://169.254.170.2/creds", status=status)
    place.refused(5, NAME, f"HTTP {status}", FULL, env={FULL: url, TOKEN: SECRET}, twice=False)
    assert len(asked(place)) == 1 and asked(place, "ecs") == []


# ---- answers

GIVEN = {"AccessKeyId": "ASIAX", "SecretAccessKey": "s", "Token": "t", "Expiration": FAR}
# name: (what metadata says, exit status, words)
LIES = {
    "no key id": ({"members": {"AccessKeyId": None}}, 3, ["AccessKeyId"]),
    "no secret": ({"members": {"SecretAccessKey": None}}, 3, ["SecretAccessKey"]),
    "no token": ({"members": {"Token": None}}, 3, ["Token"]),
    "empty secret": ({"members": {"SecretAccessKey": ""}}, 3, ["SecretAccessKey"]),
    "number as key id": ({"members": {"AccessKeyId": 7}}, 3, ["AccessKeyId"]),
    "end that is none": ({"expires": "soon"}, 3, ["Expiration"]),
    "over": ({"expires": PAST}, 3, ["over since", PAST]),
    "over a second ago": ({"expires": -1}, 3, ["over since"]),
    "error in a 200": ({"code": "Failed"}, 3, ["AccessKeyId"]),
    "no role": ({"role": None}, 3, ["HTTP 404"]),
    "header in the token": ({"members": {"Token": "t\r\nX-Evil: 1"}}, 3, ["line break"]),
}


@pytest.mark.parametrize("name", LIES)
def test_lies(place, name):
    said, code, words = LIES[name]
    place.lab.metadata(**said)
    place.refused(code, NAME, *words, env=TASK)


@pytest.mark.parametrize("said", [{"expires": 7200}, {"expires": "2099-01-01T00:00:00.5+00:00"}, {"members": {"Expiration": None}},
                                  {"members": {"Other": {"a": [1]}, "AccountId": None}}], ids=str)
def test_truths(place, said):
    place.lab.metadata(**said)
    place.good(env=TASK)


# name: (fault, its parameters, exit status, words): none of these can pass
ONCE = {
    "page": ("html", {}, 5, ["no JSON object"]),
    "page of a proxy": ("html", {"status": 403}, 3, ["HTTP 403"]),
    "not found": ("html", {"status": 404}, 5, ["HTTP 404"]),
    "bad request": ("refuse", {"code": "InvalidParameterException", "status": 400}, 5, ["HTTP 400", "InvalidParameterException"]),
    "denied": ("deny", {}, 3, ["HTTP 403", "AccessDeniedException", "association"]),
    "no content": ("empty", {"status": 204}, 5, ["HTTP 204"]),
    "nothing": ("empty", {}, 5, ["no JSON object"]),
    "list": ("other_shape", {}, 5, ["no JSON object"]),
    "half": ("truncate_json", {}, 5, ["no JSON object"]),
    "garbled": ("garble_json", {}, 5, ["no JSON object"]),
}


@pytest.mark.parametrize("name", ONCE)
def test_faults(place, name):
    fault, parameters, code, words = ONCE[name]
    place.lab.fault(fault, service="ecs", **parameters)
    place.refused(code, NAME, *words, env={**TASK, TOKEN: SECRET})
    assert len(asked(place)) == 1


# these may: three attempts, a second apart
THRICE = {
    "throttled": ("throttle", {}, 4, ["HTTP 429"]),
    "server error": ("server_error", {}, 4, ["HTTP 500"]),
    "page of a balancer": ("server_error", {"status": 503, "html": True}, 4, ["HTTP 503"]),
    "cut": ("cut", {}, 4, ["169.254.170.2"]),
}


@pytest.mark.parametrize("name", THRICE)
def test_what_passes_is_tried_again(place, name):
    fault, parameters, _, _ = THRICE[name]
    place.lab.fault(fault, service="ecs", count=1, **parameters)
    ran = place.good(env=TASK)
    assert len(asked(place)) == 2 and 0.9 < ran.seconds < 2.5


def test_three_attempts(place):
    fault, parameters, code, words = THRICE["server error"]
    place.lab.fault(fault, service="ecs", **parameters)
    ran = place.refused(code, *words, env=TASK, twice=False)
    assert len(asked(place)) == 3 and 1.9 < ran.seconds < 3.5


@pytest.mark.parametrize("name", THRICE)
def test_no_second_attempt_behind_the_deadline(place, name):
    fault, parameters, code, words = THRICE[name]
    place.lab.fault(fault, service="ecs", **parameters)
    ran = place.refused(code, *words, env={**TASK, TOKEN: SECRET}, options=("--timeout", "500ms"), twice=False)
    assert len(asked(place)) == 1 and ran.seconds < 1


@pytest.mark.parametrize("fault", ["stall", "stall_body", "trickle"])
def test_hangs(place, fault):
    place.lab.fault(fault, service="ecs")
    ran = place.refused(4, "169.254.170.2", env=TASK, options=("--timeout", "600ms"), twice=False)
    assert ran.seconds < 2


def test_an_attempt_has_two_seconds(place):
    place.lab.fault("stall", service="ecs", count=1)
    ran = place.good(env=TASK)
    assert 2.5 < ran.seconds < 5 and len(asked(place)) == 2


def test_nobody_there(place):
    """Not IMDS in its place, nor anything else: this container was meant to have credentials."""
    place.lab.metadata(only=["imds"])
    place.refused(4, "169.254.170.2", env={**TASK, "AWS_EC2_METADATA_DISABLED": None}, options=("--timeout", "500ms"))
    assert place.lab.requests(service="imds") == []


def test_endless_answer(place):
    place.lab.fault("huge_body", service="ecs", size=8 << 20)
    ran = place.refused(5, "169.254.170.2", env=TASK, options=("--timeout", "900ms"), twice=False)
    assert ran.seconds < 2


def test_service_that_quotes_the_token(place):
    place.lab.fault("body", service="eks", text='{"code":"InvalidTokenException","message":"not valid: ' + SECRET + '"}',
                    status=400)
    place.refused(5, NAME, "InvalidTokenException", env={FULL: "{eks}", TOKEN: SECRET})


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\xff" * 100, b""], ids=["ssh", "bytes", "silence"])
def test_something_else_listens(place, data):
    def handler(peer):
        peer.read_head()
        peer.send(data)
    with Server(handler) as server:
        ran = place.password("--timeout", "800ms", env={FULL: f"http://127.0.0.1:{server.port}/creds", TOKEN: SECRET})
    assert ran.code in (4, 5) and len(ran.errors) == 1 and "127.0.0.1" in ran.errors[0]


# ---- when

@pytest.mark.parametrize("config, credentials, env, wanted", [
    (None, None, variables("full"), "full"), (None, keys("full"), {}, "full"), (keys("full"), None, {}, "full"),
    (section("x", region="eu-west-1"), None, {"AWS_PROFILE": "x"}, "session"),
    (section(region="eu-west-1"), None, {}, "session")], ids=str)
def test_order(place, config, credentials, env, wanted):
    place.files(config, credentials)
    place.good(env={**TASK, **env}, wanted=place.words[wanted])


def test_before_the_instance(place):
    place.good(env={**TASK, "AWS_EC2_METADATA_DISABLED": None})
    assert place.lab.requests(service="imds") == []


def test_unset_and_empty(place):
    """Empty variables are as unset as missing ones."""
    place.refused(3, "no credentials", env={RELATIVE: "", FULL: ""})
    assert asked(place) == []


def test_as_the_source_of_a_role(place):
    place.lab.role(ROLE)
    place.files(section(role_arn=ROLE, credential_source="EcsContainer"))
    place.good(env=TASK)
    place.lab.fault("deny", service="ecs")
    place.refused(3, NAME, "HTTP 403", env=TASK)


def test_reason_in_json(place):
    place.lab.fault("deny", service="ecs")
    code, shown, _ = place.check(env=TASK)
    assert (code, shown["reason"], shown["trail"][0]["state"]) == (3, "denied", "skipped") and NONE not in str(shown)
