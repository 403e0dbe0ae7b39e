"""Credentials of a role for a token of an identity provider: from a profile, a file or a variable. (Faults of STS that both
kinds of roles have in common are in test_source_roles.py.)"""

import re

import pytest
from support_credentials import HOST, OTHER_ROLE, ROLE, Place, keys, section, variables

ARN = {"AWS_ROLE_ARN": ROLE}
FILE = {**ARN, "AWS_WEB_IDENTITY_TOKEN_FILE": "{token_file}"}
VARIABLE = {**ARN, "AWS_WEB_IDENTITY_TOKEN": "{web_token}"}


@pytest.fixture
def place(lab, tmp_path):
    """{token_file} holds a token that is good for ROLE and OTHER_ROLE; {web_token} is another."""
    place = Place(lab, tmp_path)
    lab.role(ROLE)
    lab.role(OTHER_ROLE)
    in_file, in_variable = lab.web_token(roles=[ROLE, OTHER_ROLE]), lab.web_token(roles=[ROLE, OTHER_ROLE])
    place.hide(in_file)
    place.hide(in_variable)
    place.in_file, place.in_variable = in_file, in_variable
    place.words.update(web_token=in_variable, token_file=place.file("token", in_file))
    return place


def asked(place):
    """(role, which token, session name) of the calls of STS, which nothing signs."""
    tokens = {place.in_file: "file", place.in_variable: "variable"}
    calls = place.lab.requests(service="sts")
    assert all("authorization" not in r["headers"] and r["operation"] == "AssumeRoleWithWebIdentity" for r in calls)
    return [(r["form"]["RoleArn"], tokens[r["form"]["WebIdentityToken"]], r["form"]["RoleSessionName"]) for r in calls]


PROFILE = section(role_arn=OTHER_ROLE, web_identity_token_file="{token_file}")
# name: (config, credentials, environment, options, (role, where its token was))
GOOD = {
    "file": (None, None, FILE, [], (ROLE, "file")),
    "variable": (None, None, VARIABLE, [], (ROLE, "variable")),
    "file before variable": (None, None, {**FILE, **VARIABLE}, [], (ROLE, "file")),
    "profile": (PROFILE, None, {}, [], (OTHER_ROLE, "file")),
    "profile in the credentials file": (None, PROFILE, {}, [], (OTHER_ROLE, "file")),
    "profile of AWS_PROFILE": (PROFILE.replace("default", "profile x"), None, {"AWS_PROFILE": "x"}, [], (OTHER_ROLE, "file")),
    "profile of --profile": (PROFILE.replace("default", "profile x"), None, variables("full"), ["--profile", "x"],
                             (OTHER_ROLE, "file")),
    "--profile and variables": (PROFILE.replace("default", "profile x"), None, VARIABLE, ["--profile", "x"],
                                (OTHER_ROLE, "file")),
    "variables before the profile": (PROFILE, None, VARIABLE, [], (ROLE, "variable")),
    "role of the variable, file of the profile": (section(web_identity_token_file="{token_file}"), None, ARN, [],
                                                  (ROLE, "file")),
    "role of both, file of the profile": (PROFILE, None, ARN, [], (ROLE, "file")),
    "role of the profile, file of the variable": (
        section(role_arn=OTHER_ROLE, web_identity_token_file="/nowhere"), None,
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "{token_file}"}, [], (OTHER_ROLE, "file")),
    "before source_profile": (section(role_arn=OTHER_ROLE, web_identity_token_file="{token_file}", source_profile="y"),
                              keys("full", "y"), {}, [], (OTHER_ROLE, "file")),
    "before keys of the files": (keys("full"), keys("full"), FILE, [], (ROLE, "file")),
    "before single sign-on": (section(sso_account_id="1", sso_role_name="r"), None, FILE, [], (ROLE, "file")),
    "before the container": (None, None, {**FILE, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}, [], (ROLE, "file")),
    "empty variable beside the profile": (PROFILE, None, {"AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": ""}, [],
                                          (OTHER_ROLE, "file")),
}


@pytest.mark.parametrize("name", GOOD)
def test_good(place, name):
    config, credentials, env, options, wanted = GOOD[name]
    place.files(config, credentials)
    place.good(*options, env=env)
    (role, where, session), = asked(place)
    assert (role, where) == wanted and re.fullmatch(r"ecr-\d{10}", session)


def test_keys_of_the_environment_come_first(place):
    place.good(env={**FILE, **variables("full")}, wanted=place.words["full"])
    assert asked(place) == []


@pytest.mark.parametrize("config, env, session, seconds", [
    (None, {**FILE, "AWS_ROLE_SESSION_NAME": "me@pod"}, "me@pod", None),
    (section(role_arn=ROLE, web_identity_token_file="{token_file}", role_session_name="ci", duration_seconds="901"), {}, "ci",
     "901")], ids=str)
def test_session(place, config, env, session, seconds):
    place.files(config)
    place.good(env=env)
    form = place.lab.requests(service="sts")[0]["form"]
    assert (form["RoleSessionName"], form.get("DurationSeconds")) == (session, seconds)


TOKEN_FILE, NAME = {"web_identity_token_file": "{token_file}"}, {"role_session_name": "of-profile"}
NAME_ENV = {"AWS_ROLE_SESSION_NAME": "of-env"}


@pytest.mark.parametrize("members, env, name", [
    (NAME, FILE, "of-profile"), ({"role_arn": ROLE, **TOKEN_FILE}, NAME_ENV, "of-env"),
    (TOKEN_FILE, {**ARN, **NAME_ENV}, "of-env"), ({"role_arn": ROLE, **TOKEN_FILE, **NAME}, NAME_ENV, "of-env"),
    (NAME, {**FILE, **NAME_ENV}, "of-env"), ({"role_arn": ROLE, **TOKEN_FILE, **NAME}, {}, "of-profile"),
    ({"role_arn": ROLE, **TOKEN_FILE, **NAME}, {"AWS_ROLE_SESSION_NAME": ""}, "of-profile")], ids=str)
def test_session_name_of_either_place(place, monkeypatch, members, env, name):
    """Role, token file and session name each come from the variable, else from the profile, as in the SDK: trust policies
    may ask for the name."""
    place.files(section(region="us-east-1", **members))
    place.good(env=env)
    assert asked(place) == [(ROLE, "file", name)]
    if env.get("AWS_ROLE_SESSION_NAME") != "":  # the SDK takes an empty variable for a name
        assert place.sdk(monkeypatch, env) and asked(place) == [(ROLE, "file", name)]


def test_session_name_of_the_environment_and_another_profile(place):
    """--profile puts the environment's part aside."""
    place.files(section("x", role_arn=OTHER_ROLE, **TOKEN_FILE, **NAME))
    place.good("--profile", "x", env={**FILE, **NAME_ENV})
    assert asked(place) == [(OTHER_ROLE, "file", "of-profile")]


@pytest.mark.parametrize("text", ["{}", "{}\n", "\n  {}\r\n\r\n"], ids=repr)
def test_space_around_the_token(place, text):
    place.good(env={**ARN, "AWS_WEB_IDENTITY_TOKEN_FILE": place.file("spaced", text.format(place.in_file))})
    assert asked(place)[0][1] == "file"


def test_token_in_the_home(place):
    place.good(env={**ARN, "AWS_WEB_IDENTITY_TOKEN_FILE": "~/token"})


def test_token_by_links(place):
    """As Kubernetes mounts it."""
    (place.path / "..data").mkdir()
    (place.path / "..data" / "token").write_text(place.in_file)
    (place.path / "linked").symlink_to("..data/token")
    place.good(env={**ARN, "AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/linked"})


def test_region_of_the_pod(place):
    """The variables that EKS sets."""
    place.good(env={**FILE, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_STS_REGIONAL_ENDPOINTS": "regional"})
    assert [r["host"] for r in place.lab.requests(service="sts")] == ["sts.eu-west-1.amazonaws.com"]


def test_token_of_another_partition(place):
    arn = place.lab.role("arn:aws-cn:iam::123456789012:role/deploy")
    token = place.hide(place.lab.web_token(roles=[arn]))
    place.good(env={"AWS_ROLE_ARN": arn, "AWS_WEB_IDENTITY_TOKEN_FILE": place.file("cn", token)},
               registry=HOST.replace("us-east-1", "cn-north-1") + ".cn")
    assert place.lab.requests(service="sts")[0]["host"] == "sts.cn-north-1.amazonaws.com.cn"


# ---- refused before anything is asked

PLACE_FILE, PLACE_VARIABLE = "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN"
REFUSED = {
    "no file": (None, {**ARN, PLACE_FILE: "/nowhere/token"}, [PLACE_FILE, "/nowhere/token", "No such file", "mounted"]),
    "directory": (None, {**ARN, PLACE_FILE: "{tmp}"}, [PLACE_FILE, "{tmp}", "directory", "mounted"]),
    "below a file": (None, {**ARN, PLACE_FILE: "{token_file}/x"}, [PLACE_FILE, "{token_file}/x", "directory"]),
    "link to itself": (None, {**ARN, PLACE_FILE: "{tmp}/loop"}, [PLACE_FILE, "{tmp}/loop", "ymbolic link"]),
    "endless": (None, {**ARN, PLACE_FILE: "/dev/zero"}, [PLACE_FILE, "/dev/zero", "too large"]),
    "too long": (None, {**ARN, PLACE_FILE: "{tmp}/long"}, [PLACE_FILE, "{tmp}/long", "too large"]),
    "empty": (None, {**ARN, PLACE_FILE: "{tmp}/empty"}, [PLACE_FILE, "is empty"]),
    "blank": (None, {**ARN, PLACE_FILE: "{tmp}/blank"}, [PLACE_FILE, "is empty"]),
    "two words": (None, {**ARN, PLACE_FILE: "{tmp}/two"}, [PLACE_FILE, "one word"]),
    "two lines": (None, {**ARN, PLACE_FILE: "{tmp}/lines"}, [PLACE_FILE, "one word"]),
    "binary": (None, {**ARN, PLACE_FILE: "{tmp}/binary"}, [PLACE_FILE, "one word"]),
    "variable of two words": (None, {**ARN, PLACE_VARIABLE: "{web_token} x"}, [PLACE_VARIABLE, "one word"]),
    "variable of two lines": (None, {**ARN, PLACE_VARIABLE: "{web_token}\nx"}, [PLACE_VARIABLE, "one word"]),
    "variable that is blank": (None, {**ARN, PLACE_VARIABLE: "  "}, [PLACE_VARIABLE, "is empty"]),
    "no role": (None, {PLACE_FILE: "{token_file}"}, [PLACE_FILE, "no role", "AWS_ROLE_ARN"]),
    "no role for the variable": (None, {PLACE_VARIABLE: "{web_token}"}, [PLACE_VARIABLE, "no role", "AWS_ROLE_ARN"]),
    "no role in the profile": (section(web_identity_token_file="{token_file}"), {}, ["profile 'default'", "no role", "role_arn"]),
    "no role beside keys": (keys("full"), {PLACE_FILE: "{token_file}"}, [PLACE_FILE, "no role"]),
    "role without token": (section(role_arn=ROLE), {}, ["profile 'default'", "source_profile"]),
    "file of the profile": (section(role_arn=ROLE, web_identity_token_file="/nowhere"), {},
                            ["profile 'default'", "/nowhere", "No such file"]),
    "file in a home that is not known": (None, {**ARN, PLACE_FILE: "~/token", "HOME": None}, [PLACE_FILE, "~/token"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(place, name):
    config, env, words = REFUSED[name]
    place.files(config, keys("full", "y"))
    (place.path / "loop").symlink_to("loop")
    place.file("long", place.in_file + "x" * 20000)
    place.file("empty", "")
    place.file("blank", " \n\t\n")
    place.file("two", f"{place.in_file} x")
    place.file("lines", f"{place.in_file}\nX-Evil:1\n")
    (place.path / "binary").write_bytes(place.in_file.encode() + b"\x00\xff\x07")
    place.refused(3, *words, env=env)
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


# ---- refused by STS

@pytest.mark.parametrize("env, facts, code, words", [
    ({}, {"expired": True}, 3, ["ExpiredTokenException", "must write a new one"]),
    ({}, {"rejected": True}, 3, ["IDPRejectedClaim", "trust policy"]),
    ({}, {"audience": "https://github.com/lab"}, 3, ["InvalidIdentityToken", "audience"]),
    ({}, {"roles": [OTHER_ROLE]}, 3, ["AccessDenied", "trust policy"]),
    ({"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/nobody"}, {}, 3, ["AccessDenied", "role/nobody"]),
    ({"AWS_ROLE_ARN": "deploy"}, {}, 5, ["ValidationError", "deploy"]),
    ({"AWS_ROLE_SESSION_NAME": "a b"}, {}, 5, ["ValidationError"]),
], ids=str)
@pytest.mark.parametrize("where", ["file", "variable"])
def test_refused_by_sts(place, where, env, facts, code, words):
    token = place.hide(place.lab.web_token(**{"roles": [ROLE], **facts}))
    given = {"AWS_WEB_IDENTITY_TOKEN": token} if where == "variable" else {
        "AWS_WEB_IDENTITY_TOKEN_FILE": place.file("mine", token)}
    place.refused(code, *words, env={**ARN, **given, **env})
    assert len(place.lab.requests(service="sts")) == 1


def test_stranger(place):
    token = place.hide("eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJlLW9mLW5vYm9keQ")
    place.refused(3, ROLE, "InvalidIdentityToken", env={**ARN, "AWS_WEB_IDENTITY_TOKEN": token})


def test_token_in_the_answer(place):
    """Who answers may quote what it was sent, as it was or as a form has it."""
    for text in (f"not valid: {place.in_file}", f"bad form: WebIdentityToken={place.in_file}&x=y"):
        place.lab.clear()
        place.lab.fault("refuse", service="sts", code="InvalidIdentityToken", message=text)
        place.refused(3, "InvalidIdentityToken", env=FILE)


def test_no_region_no_network(place):
    """Without any DNS it is unreachable, and the token is nowhere."""
    ran = place.refused(4, ROLE, "sts.us-east-1.amazonaws.com", env=FILE, resolv_conf="",
                        options=("--timeout", "1s", "--max-attempts", "1"), twice=False)
    assert ran.seconds < 3
