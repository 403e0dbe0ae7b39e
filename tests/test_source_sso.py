"""Credentials by IAM Identity Center: the token that `aws sso login` left behind, its renewal, and the role's keys."""

import json
import os
import stat
import subprocess
import time

import pytest
from support_credentials import ROLE, Place, keys, section

URL, ACCOUNT, ROLE_NAME = "https://lab.awsapps.com/start", "123456789012", "Puller"
SSO = {"sso_account_id": ACCOUNT, "sso_role_name": ROLE_NAME}
PLAIN = {"sso_start_url": URL, "sso_region": "us-east-1"}
SESSION = section("sso-session s", **PLAIN)
NEW, OLD = section(sso_session="s", **SSO) + SESSION, section(**SSO, **PLAIN)
FORMS = {"session": (NEW, "s"), "legacy": (OLD, URL)}
PORTAL, OIDC = "portal.sso.us-east-1.amazonaws.com", "oidc.us-east-1.amazonaws.com"
SIGN_IN = ("SSO session of profile 'default'", "aws sso login")


@pytest.fixture
def place(lab, tmp_path):
    return Place(lab, tmp_path)


def sign_in(place, form="session", overrides=None, config=None, **facts):
    """A sign-in, its cache file and a profile that uses it; returns (sign-in, path of the file)."""
    text, name = FORMS[form]
    made = place.lab.sso([(ACCOUNT, ROLE_NAME)], **facts)
    for member in ("accessToken", "refreshToken", "clientSecret"):
        place.hide(made.get(member))
    place.files(text if config is None else config)
    return made, place.lab.sso_cache(place.path, name, made, **(overrides or {}))


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def read(path):
    with open(path) as f:
        return json.load(f)


def calls(place):
    return [r["operation"] for r in place.lab.requests() if r["service"] in ("sso", "oidc")]


# ---- good

@pytest.mark.parametrize("form", FORMS)
def test_good(place, form):
    made, _ = sign_in(place, form)
    place.good()
    call, = place.lab.requests(service="sso")
    assert call["host"] == PORTAL and call["method"] == "GET" and "authorization" not in call["headers"]
    assert call["target"] == f"/federation/credentials?role_name={ROLE_NAME}&account_id={ACCOUNT}"
    assert call["headers"]["x-amz-sso_bearer_token"] == made["accessToken"]
    assert place.lab.issued()[-1]["role"].startswith("AWSReservedSSO_Puller_")


# name: (config, file of: session "s" or the URL, options, environment)
PROFILES = {
    "by AWS_PROFILE": (NEW.replace("[default]", "[profile x]"), "s", [], {"AWS_PROFILE": "x"}),
    "by --profile": (NEW.replace("[default]", "[profile x]"), "s", ["--profile", "x"], {}),
    "equal in both places": (section(sso_session="s", sso_region="us-east-1", sso_start_url=URL, **SSO) + SESSION, "s", [], {}),
    "URL in the profile, region in the session": (section(sso_session="s", sso_start_url=URL, **SSO)
                                                  + section("sso-session s", sso_region="us-east-1"), "s", [], {}),
    "comments and spaces": (f"[default]\nsso_session=s # mine\n  \nsso_account_id =  {ACCOUNT}\nSSO_ROLE_NAME = {ROLE_NAME}\n"
                            + SESSION, "s", [], {}),
    "before keys of the config file": (NEW.replace("[default]\n", keys("full")), "s", [], {}),
    "before a process": (NEW.replace("[default]\n", "[default]\ncredential_process = /bin/false\n"), "s", [], {}),
    "before a login session": (NEW.replace("[default]\n", "[default]\nlogin_session = me\n"), "s", [], {}),
    **{f"header [sso-session{name}]": (NEW.replace("[sso-session s]", f"[sso-session{name}]"), "s", [], {})
       for name in ("  s", "\ts", " \t s  ", ' "s"', " 's'")},
    "other sessions": (section("sso-session t", sso_start_url="https://x.test", sso_region="xx-north-1") + NEW, "s", [], {}),
}


@pytest.mark.parametrize("name", PROFILES)
def test_profiles(place, name):
    config, file, options, env = PROFILES[name]
    made, _ = sign_in(place, config=config)
    place.lab.sso_cache(place.path, file, made)
    place.good(*options, env=env)
    assert calls(place) == ["GetRoleCredentials"]


def test_before_keys_of_the_credentials_file(place):
    sign_in(place)
    place.files(credentials=keys("full"))
    place.good()


@pytest.mark.parametrize("region, env, host", [
    ("eu-west-1", {}, "portal.sso.eu-west-1.amazonaws.com"),
    ("cn-north-1", {}, "portal.sso.cn-north-1.amazonaws.com.cn"),
    ("us-east-1", {"AWS_REGION": "eu-central-1"}, PORTAL),
    ("us-east-1", {"AWS_ENDPOINT_URL_SSO": "{sso}"}, "127.0.0.1:5082"),
    ("us-east-1", {"AWS_ENDPOINT_URL_SSO": "{sso}/"}, "127.0.0.1:5082"),
    ("us-gov-west-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "portal.sso.us-gov-west-1.amazonaws.com"),
], ids=str)
def test_where_it_is(place, region, env, host):
    place.words["sso"] = place.lab.plain_sso
    config = section(sso_session="s", **SSO) + section("sso-session s", sso_start_url=URL, sso_region=region)
    sign_in(place, region=region, config=config)
    place.good(env=env)
    assert [r["host"] for r in place.lab.requests(service="sso")] == [host]


def test_names_are_encoded(place):
    """A role's name goes into a query."""
    made = place.lab.sso([(ACCOUNT, "a+b=c,d.e@f-g")])
    place.files(NEW.replace(ROLE_NAME, "a+b=c,d.e@f-g"))
    place.lab.sso_cache(place.path, "s", made)
    place.good()


def test_by_a_proxy(place):
    sign_in(place)
    place.good(env={"HTTPS_PROXY": place.lab.proxy}, resolv_conf="")


@pytest.mark.parametrize("ends", ["2099-01-01T00:00:00UTC", "2099-01-01T00:00:00Z", "2099-01-01T00:00:00.123Z",
                                  "2099-01-01T00:00:00+02:00"])
@pytest.mark.parametrize("form", FORMS)
def test_ways_to_write_the_end(place, form, ends):
    sign_in(place, form, {"expiresAt": ends})
    place.good()
    assert calls(place) == ["GetRoleCredentials"]


# ---- settings that lack something

REGION, ROLE_LINE = "sso_region = us-east-1\n", f"sso_role_name = {ROLE_NAME}\n"
LACKING = {
    "no such session": (section(sso_session="other", **SSO) + SESSION, ["[sso-session other]", "/.aws/config"]),
    "session under another word": (section(sso_session="s", **SSO) + section("s", **PLAIN), ["[sso-session s]"]),
    "no start URL": (section(sso_session="s", **SSO) + section("sso-session s", sso_region="us-east-1"), ["sso_start_url"]),
    "no region": (section(sso_session="s", **SSO) + section("sso-session s", sso_start_url=URL), ["sso_region"]),
    "no account": (section(sso_session="s", sso_role_name=ROLE_NAME) + SESSION, ["sso_account_id"]),
    "no role": (section(sso_session="s", sso_account_id=ACCOUNT) + SESSION, ["sso_role_name"]),
    "legacy, no start URL": (section(sso_region="us-east-1", **SSO), ["sso_start_url"]),
    "legacy, no region": (section(sso_start_url=URL, **SSO), ["sso_region"]),
    "legacy, no account": (section(sso_role_name=ROLE_NAME, **PLAIN), ["sso_account_id"]),
    "legacy, no role": (section(sso_account_id=ACCOUNT, **PLAIN), ["sso_role_name"]),
    "role alone": (section(sso_role_name=ROLE_NAME), ["sso_start_url", "sso_region", "sso_account_id"]),
    "empty": (NEW.replace(ROLE_LINE, "sso_role_name =\n"), ["sso_role_name"]),
    "other region than the session's": (section(sso_session="s", sso_region="eu-west-1", **SSO) + SESSION,
                                        ["sso_region", "differs", "'s'"]),
    "other URL than the session's": (section(sso_session="s", sso_start_url="https://x.test", **SSO) + SESSION,
                                     ["sso_start_url", "differs", "'s'"]),
}


@pytest.mark.parametrize("name", LACKING)
def test_settings_that_lack_something(place, name):
    config, words = LACKING[name]
    sign_in(place, config=config)
    place.files(credentials=keys("full", "y"))
    place.refused(3, "profile 'default'", *words)
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


def test_region_that_is_none(place):
    sign_in(place, config=NEW.replace("us-east-1", "us east/1"))
    place.refused(5, "us east/1", "no region")
    assert place.lab.dns_queries() == []


# ---- the file with the token

# name: what becomes of the file; words
FILES = {
    "missing": (lambda path: os.unlink(path), ["No such file"]),
    "directory": (lambda path: (os.unlink(path), os.mkdir(path)), ["directory"]),
    "empty": (lambda path: open(path, "w").close(), ["is not JSON"]),
    "half": (lambda path: os.truncate(path, 100), ["is not JSON"]),
    "list": (lambda path: open(path, "w").write("[]"), ["is not JSON"]),
    "endless": (lambda path: (os.unlink(path), os.symlink("/dev/zero", path)), ["too large"]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", FILES)
def test_file_that_cannot_be_used(place, name, form):
    _, path = sign_in(place, form)
    FILES[name][0](path)
    place.refused(3, *SIGN_IN, path, *FILES[name][1])
    assert place.lab.requests() == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("overrides, words", [
    ({"accessToken": None}, ["accessToken"]), ({"accessToken": ""}, ["accessToken"]), ({"accessToken": 7}, ["accessToken"]),
    ({"expiresAt": None}, ["expiresAt"]), ({"expiresAt": "soon"}, ["expiresAt"]), ({"expiresAt": 2000000000}, ["expiresAt"]),
], ids=str)
def test_members_that_lack(place, form, overrides, words):
    _, path = sign_in(place, form, overrides)
    place.refused(3, *SIGN_IN, path, *words)
    assert place.lab.requests() == []


def test_without_home(place):
    """Nowhere to look: that is said."""
    _, _ = sign_in(place)
    config = str(place.path / ".aws" / "config")
    place.refused(3, *SIGN_IN, "no HOME", env={"HOME": None, "AWS_CONFIG_FILE": config})


def test_token_with_a_line_break(place):
    """It would end up in a header."""
    sign_in(place, overrides={"accessToken": "abcdefghijklmnopqrstuvwxyz0123456789\r\nX-Evil: 1"})
    place.hide("abcdefghijklmnopqrstuvwxyz0123456789")
    place.refused(3, *SIGN_IN)
    assert place.lab.requests() == []


def test_command_names_the_profile(place):
    place.files(NEW.replace("[default]", "[profile a b]"))
    place.refused(3, "SSO session of profile 'a b'", "aws sso login --profile", env={"AWS_PROFILE": "a b"})


# ---- a token that is over, or nearly

def test_over_and_no_renewal(place):
    """The legacy form has none; nor has a session without what it takes."""
    sign_in(place, "legacy", {"expiresAt": stamp(-5)})
    place.refused(3, *SIGN_IN, "it is over")
    assert place.lab.requests() == []


@pytest.mark.parametrize("missing", [{"refreshToken": None}, {"clientId": None}, {"clientSecret": None}, {"refreshToken": ""},
                                     {"registrationExpiresAt": "2020-01-01T00:00:00Z"}], ids=str)
def test_over_and_nothing_to_renew_it_with(place, missing):
    sign_in(place, overrides={"expiresAt": stamp(-5), **missing})
    place.refused(3, *SIGN_IN, "it is over")
    assert place.lab.requests() == []


@pytest.mark.parametrize("form", FORMS)
def test_near_its_end_and_no_renewal(place, form):
    """It is good to its last second."""
    sign_in(place, form, {"expiresAt": stamp(20), "refreshToken": None})
    place.good()
    assert calls(place) == ["GetRoleCredentials"]


def renewed(place, made, path, seconds=3600):
    """What was asked of the token service, and what the file holds now."""
    call, = place.lab.requests(service="oidc")
    assert (call["host"], call["method"], call["path"]) == (OIDC, "POST", "/token")
    assert "authorization" not in call["headers"] and call["headers"]["content-type"] == "application/json"
    assert json.loads(call["body"]) == {"clientId": made["clientId"], "clientSecret": made["clientSecret"],
                                        "grantType": "refresh_token", "refreshToken": made["refreshToken"]}
    now = read(path)
    token = place.lab.requests(service="sso")[0]["headers"]["x-amz-sso_bearer_token"]
    assert now["accessToken"] == token != made["accessToken"]
    ends = time.mktime(time.strptime(now["expiresAt"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert abs(ends - time.time() - seconds) < 10
    return now


@pytest.mark.parametrize("left", [-86400, -1, 60, 890])
def test_renewal(place, left):
    made, path = sign_in(place, overrides={"expiresAt": stamp(left)})
    place.good()
    assert calls(place) == ["CreateToken", "GetRoleCredentials"]
    now = renewed(place, made, path)
    assert now["refreshToken"] == made["refreshToken"]  # the answer has none: the old one stays
    place.good()
    assert calls(place) == ["GetRoleCredentials"]


def test_no_renewal_in_time(place):
    sign_in(place, overrides={"expiresAt": stamp(930)})
    place.good()
    assert calls(place) == ["GetRoleCredentials"]


def test_rotation(place):
    """A new refresh token replaces the old, which is worth nothing from then on."""
    made, path = sign_in(place, rotate=True, overrides={"expiresAt": stamp(-1)})
    place.good()
    now = renewed(place, made, path)
    assert now["refreshToken"] != made["refreshToken"]
    place.hide(now["refreshToken"])
    place.lab.sso_cache(place.path, "s", now, expiresAt=stamp(-1))
    place.good()
    assert calls(place) == ["CreateToken", "GetRoleCredentials"]


def test_what_the_file_keeps(place):
    """Members that are not ours, their order and their mode; nobody ever sees half a file."""
    more = {"x-unknown": {"a": [1, 2.50, None, "\u00e9\n"]}, "startUrl": URL, "zz": "\\/"}
    made, path = sign_in(place, rotate=True, overrides={"expiresAt": stamp(-1), **more})
    before, node = read(path), os.stat(path).st_ino
    os.chmod(path, 0o600)
    place.good()
    after = renewed(place, made, path)
    assert list(after) == list(before)
    assert {k: v for k, v in after.items() if k not in ("accessToken", "refreshToken", "expiresAt")} == \
        {k: v for k, v in before.items() if k not in ("accessToken", "refreshToken", "expiresAt")}
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and os.stat(path).st_ino != node
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)] or \
        all(".json" not in name or name == os.path.basename(path) for name in os.listdir(os.path.dirname(path)))


def test_mode_becomes_private(place):
    made, path = sign_in(place, overrides={"expiresAt": stamp(-1)})
    os.chmod(path, 0o644)
    place.good()
    renewed(place, made, path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_link_to_the_file(place):
    """A link of the user's own stays one."""
    made, path = sign_in(place, overrides={"expiresAt": stamp(-1)})
    real = str(place.path / "elsewhere.json")
    os.rename(path, real)
    os.symlink(real, path)
    place.good()
    renewed(place, made, path)
    assert os.path.islink(path) and read(real)["accessToken"] != made["accessToken"]


def test_file_that_cannot_be_written(place):
    """The new token is good for this run, though it cannot be kept."""
    made, path = sign_in(place, overrides={"expiresAt": stamp(-1)})
    folder = os.path.dirname(path)
    before = read(path)
    place.good(prefix=("unshare", "--mount", "sh", "-c", f'mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && '
                       'exec "$0" "$@"'))
    assert calls(place) == ["CreateToken", "GetRoleCredentials"] and read(path) == before


def test_many_at_once(place):
    """One renews, the others find what it wrote: a refresh token that rotates can be used once only."""
    made, path = sign_in(place, rotate=True, overrides={"expiresAt": stamp(-1)})
    place.lab.fault("delay", service="oidc", seconds=0.3)
    place.lab.clear_log()
    from lab.client import ROOT
    binary = os.path.join(ROOT, os.environ.get("ECR_BIN") or "build/ecr")
    environment = {"HOME": str(place.path), "SSL_CERT_FILE": place.lab.ca, "AWS_EC2_METADATA_DISABLED": "true"}
    running = [subprocess.Popen([binary, "get-login-password", "--json", "123456789012.dkr.ecr.us-east-1.amazonaws.com"],
                                env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    ended = [(p.wait(), *p.communicate()) for p in running]
    assert {(code, err) for code, _, err in ended} == {(0, b"")}
    assert calls(place).count("CreateToken") == 1 and calls(place).count("GetRoleCredentials") == 8
    assert read(path)["refreshToken"] != made["refreshToken"]


# name: (fault of the token service, its parameters, exit status once the token is over: what passes is no reason to sign in)
BAD_RENEWALS = {
    "refused": ("refuse", {"code": "InvalidGrantException"}, 3),
    "client unknown": ("refuse", {"code": "InvalidClientException", "status": 401}, 3),
    "throttled": ("throttle", {}, 4),
    "server error": ("server_error", {}, 4),
    "page of a balancer": ("server_error", {"status": 503, "html": True}, 4),
    "page": ("html", {}, 3),
    "page of a proxy": ("html", {"status": 403}, 3),
    "no text": ("body", {"text": '{"accessToken": 7, "expiresIn": 60}'}, 3),
    "no token": ("body", {"text": "{}"}, 3),
    "empty token": ("body", {"text": '{"accessToken": "", "expiresIn": 60}'}, 3),
    "token with a header": ("body", {"text": '{"accessToken": "a\\r\\nX-Evil: 1", "expiresIn": 60}'}, 3),
    "list": ("body", {"text": "[]"}, 3),
    "reset": ("cut", {}, 4),
    "redirect": ("redirect", {"location": "https://elsewhere.test/token"}, 3),
}


@pytest.mark.parametrize("name", BAD_RENEWALS)
def test_renewal_that_fails(place, name):
    """The old token is used while it is good, and the file stays as it was; then one line says what is to be done."""
    fault, parameters, code = BAD_RENEWALS[name]
    _, path = sign_in(place, overrides={"expiresAt": stamp(300)})
    before = read(path)
    place.lab.fault(fault, service="oidc", **parameters)
    place.good("--max-attempts", "1")
    assert calls(place) == ["CreateToken", "GetRoleCredentials"] and read(path) == before
    place.lab.sso_cache(place.path, "s", before, expiresAt=stamp(-1))
    place.refused(code, "SSO session of profile 'default'", "cannot be renewed", options=("--max-attempts", "1"))
    assert calls(place) == ["CreateToken"] and read(path)["accessToken"] == before["accessToken"]


def test_renewal_that_hangs(place):
    sign_in(place, overrides={"expiresAt": stamp(-1)})
    place.lab.fault("stall", service="oidc")
    ran = place.refused(4, "SSO session of profile 'default'", "in time", options=("--timeout", "400ms"), twice=False)
    assert ran.seconds < 2


def test_secrets_in_a_refusal(place):
    """Who answers may quote what it was sent."""
    made, _ = sign_in(place, overrides={"expiresAt": stamp(-1)})
    text = f"client {made['clientSecret']} sent {made['refreshToken']}"
    place.lab.fault("refuse", service="oidc", code="InvalidGrantException", message=text)
    place.refused(3, *SIGN_IN)
    place.lab.fault("refuse", service="sso", code="InvalidRequestException", message=f"bad {made['accessToken']}")
    place.lab.sso_cache(place.path, "s", made)
    place.refused(5, "InvalidRequestException")


def test_a_throttled_renewal_is_tried_again(place):
    sign_in(place, overrides={"expiresAt": stamp(-1)})
    place.lab.fault("throttle", service="oidc", count=1)
    place.lab.fault("throttle", service="sso", count=1)
    place.good()
    assert calls(place) == ["CreateToken", "CreateToken", "GetRoleCredentials", "GetRoleCredentials"]


# ---- the portal

@pytest.mark.parametrize("form", FORMS)
def test_signed_out(place, form):
    """The file says that the token is good; the portal knows better."""
    made, _ = sign_in(place, form)
    place.lab.sso_end(made)
    place.refused(3, "IAM Identity Center", "HTTP 401", "UnauthorizedException", "aws sso login")


@pytest.mark.parametrize("members, words", [
    ({"sso_account_id": "999999999999"}, ["HTTP 404", "ResourceNotFoundException", "999999999999", "assigned"]),
    ({"sso_role_name": "Admin"}, ["HTTP 403", "ForbiddenException", "Admin", "assigned"])], ids=str)
def test_not_assigned(place, members, words):
    sign_in(place, config=section(sso_session="s", **{**SSO, **members}) + SESSION)
    place.refused(3, "IAM Identity Center", *words)


def test_in_another_region(place):
    sign_in(place, region="eu-west-1")
    place.refused(3, "IAM Identity Center", "HTTP 401", "aws sso login")


GIVEN = {"accessKeyId": "ASIAX", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4070908800000}
FAULTS = {
    "throttled": ("throttle", {}, 4, 2, ["HTTP 429"]),
    "server error": ("server_error", {}, 4, 2, ["HTTP 500"]),
    "page of a balancer": ("server_error", {"status": 503, "html": True}, 4, 2, ["HTTP 503"]),
    "portal of a hotel": ("html", {}, 5, 1, ["no JSON object"]),
    **{f"proxy's {status}": ("html", {"status": status}, 5, 1, [f"HTTP {status}", "proxy"]) for status in (400, 401, 403, 404)},
    "a code in no text": ("body", {"text": '{"message": "no"}', "status": 403}, 5, 1, ["HTTP 403", "proxy"]),
    "proxy wants a login": ("html", {"status": 407}, 5, 1, ["HTTP 407"]),
    "redirect": ("redirect", {"location": "https://elsewhere.test{path}"}, 5, 1, ["HTTP 307"]),
    "empty": ("empty", {}, 5, 1, ["no JSON object"]),
    "list": ("other_shape", {}, 5, 1, ["no JSON object"]),
    "cut": ("cut_body", {}, 5, 2, ["connection ended"]),
    "half": ("truncate_json", {}, 5, 1, ["no JSON object"]),
    "nothing in it": ("other_shape", {"value": {}}, 3, 1, ["accessKeyId"]),
    "no key id": ("other_shape", {"value": {"roleCredentials": {**GIVEN, "accessKeyId": None}}}, 3, 1, ["accessKeyId"]),
    "no secret": ("other_shape", {"value": {"roleCredentials": {**GIVEN, "secretAccessKey": ""}}}, 3, 1, ["secretAccessKey"]),
    "no token": ("other_shape", {"value": {"roleCredentials": {**GIVEN, "sessionToken": 7}}}, 3, 1, ["sessionToken"]),
    "no end": ("other_shape", {"value": {"roleCredentials": {**GIVEN, "expiration": None}}}, 5, 1, ["no expiration"]),
    "end as text": ("other_shape", {"value": {"roleCredentials": {**GIVEN, "expiration": "2099"}}}, 5, 1, ["no expiration"]),
    "over": ("other_shape", {"value": {"roleCredentials": {**GIVEN, "expiration": 1000}}}, 3, 1, ["are over"]),
    "header in the key": ("other_shape", {"value": {"roleCredentials": {**GIVEN, "sessionToken": "t\r\nX: 1"}}}, 3, 1,
                          ["line break"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_the_portal(place, name):
    """One line that says who it was; what may pass is tried again, nothing else is. A page is nobody's word about a sign-in."""
    fault, parameters, code, attempts, words = FAULTS[name]
    sign_in(place)
    place.lab.fault(fault, service="sso", **parameters)
    ran = place.refused(code, *words, options=("--max-attempts", "2"), twice=attempts == 1)
    assert any(who in ran.errors[0] for who in ("IAM Identity Center", PORTAL, "by SSO (profile 'default')"))
    assert calls(place) == ["GetRoleCredentials"] * attempts


def test_the_portal_hangs(place):
    sign_in(place)
    place.lab.fault("stall", service="sso")
    ran = place.refused(4, PORTAL, options=("--timeout", "400ms"), twice=False)
    assert ran.seconds < 2


@pytest.mark.parametrize("fault, code", [("tls_expired", 5), ("tls_untrusted", 5), ("tls_wrong_host", 5), ("tls_close", 4)])
def test_the_portal_is_somebody_else(place, fault, code):
    """The token goes to the portal alone."""
    sign_in(place)
    place.lab.fault(fault, host=PORTAL)
    place.refused(code, PORTAL, options=("--max-attempts", "1"))
    assert place.lab.requests() == []


def test_as_the_source_of_a_role(place):
    place.lab.role(ROLE, trusts=[f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_Puller_0123456789abcdef"])
    sign_in(place, config=section("x", role_arn=ROLE, source_profile="default") + NEW)
    place.good("--profile", "x")
    assert place.way()[-1][1:4] == ("AssumeRole", "sso AWSReservedSSO_Puller_0123456789abcdef", ROLE)
