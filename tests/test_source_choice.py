"""Which source is taken: the same files, variables and services are given to us and to the SDK for Python, and both must sign
with the same key, come by in the same way, or both refuse. Where we differ on purpose, DIFFERENT says why.

What each place holds: the credentials file the key full, the config file pull, a process describe, the environment other, the
container and the instance session."""

import pytest
from support_credentials import FAR, METADATA, OTHER_ROLE, PAST, ROLE, Place, keys, section, variables

ACCOUNT = "123456789012"
URL = "https://lab.awsapps.com/start"
SSO_ROLE = "sso AWSReservedSSO_Puller_0123456789abcdef"
CREDENTIALS, CONFIG, ENV = keys("full"), keys("pull"), variables("other")
IN_CONFIG = {"aws_access_key_id": "{pull}", "aws_secret_access_key": "{pull_secret}"}
PROCESS = {"credential_process": "/bin/cat {tmp}/out"}
SSO = {"sso_session": "s", "sso_account_id": ACCOUNT, "sso_role_name": "Puller"}
LEGACY = {"sso_start_url": URL, "sso_region": "us-east-1", "sso_account_id": ACCOUNT, "sso_role_name": "Puller"}
SESSION = section("sso-session s", sso_start_url=URL, sso_region="us-east-1")
LOGIN = {"login_session": "me"}
WEB = {"role_arn": ROLE, "web_identity_token_file": "{tmp}/token"}
WEB_ENV = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/token"}
TASK = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}
SOURCE = {"role_arn": ROLE, "source_profile": "b"}
X = {"AWS_PROFILE": "x"}
ASSUMED, SECOND = "sts deploy", "sts second"


@pytest.fixture
def place(lab, tmp_path):
    place = Place(lab, tmp_path)
    lab.role(ROLE)
    lab.role(OTHER_ROLE)
    place.file("token", place.hide(lab.web_token(roles=[ROLE, OTHER_ROLE])))
    place.file("stranger", place.hide("eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJlLW9mLW5vYm9keQ"))
    place.file("out", '{"Version": 1, "AccessKeyId": "{describe}", "SecretAccessKey": "{describe_secret}"}')
    lab.metadata()
    lab.login_cache(tmp_path, "me")
    made = lab.sso([(ACCOUNT, "Puller")])
    for name in ("s", URL):
        lab.sso_cache(tmp_path, name, made)
    return place


def after_section(text):
    """The members of a section, to follow another's."""
    return text.partition("\n")[2]


# name: (config, credentials, environment, --profile, whose key; None: refused)
SAME = {
    # ---- places of keys
    "nothing": (None, None, {}, None, None),
    "environment": (CONFIG, CREDENTIALS, ENV, None, "other"),
    "environment before AWS_PROFILE": (None, keys("full", "x"), {**ENV, **X}, None, "other"),
    "environment behind --profile": (None, keys("full", "x"), ENV, "x", "full"),
    "both files": (CONFIG, CREDENTIALS, {}, None, "full"),
    "config file": (CONFIG, None, {}, None, "pull"),
    "id alone in the environment": (None, CREDENTIALS, {"AWS_ACCESS_KEY_ID": "{full}"}, None, None),
    "id alone in the credentials file": (CONFIG, "[default]\naws_access_key_id = {full}\n", {}, None, None),
    "id alone in the config file": (section(aws_access_key_id="{full}"), None, {}, None, None),
    "over in the environment": (None, None, {**ENV, "AWS_CREDENTIAL_EXPIRATION": PAST}, None, None),
    "good for long in the environment": (None, None, {**ENV, "AWS_CREDENTIAL_EXPIRATION": FAR}, None, "other"),
    "profile that is not there": (None, CREDENTIALS, {**ENV, "AWS_PROFILE": "nobody"}, None, None),
    # ---- processes
    "process": (section(**PROCESS), None, {}, None, "describe"),
    "process and config keys": (section(**PROCESS, **IN_CONFIG), None, {}, None, "describe"),
    "process in the credentials file and config keys": (CONFIG, section(**PROCESS), {}, None, "describe"),
    "process and credentials keys": (section(**PROCESS), CREDENTIALS, {}, None, "full"),
    "process that fails, and config keys": (section(credential_process="/bin/false", **IN_CONFIG), None, {}, None, None),
    "process that is not there": (section(credential_process="/nowhere/x"), None, {}, None, None),
    "process of an open quote": (section(credential_process="/bin/cat '"), None, {}, None, None),
    "process with quotes": (section(credential_process="'/bin/cat' \"{tmp}/out\""), None, {}, None, "describe"),
    "process without a shell": (section(credential_process="/bin/cat {tmp}/out | /bin/cat"), None, {}, None, None),
    "process of version 2": (section(credential_process="/bin/echo '{\"Version\": 2}'"), None, {}, None, None),
    "process that prints words": (section(credential_process="/bin/echo hello"), None, {}, None, None),
    "process whose keys are over": (section(credential_process='/bin/echo \'{"Version": 1, "AccessKeyId": "a", '
                                            f'"SecretAccessKey": "b", "Expiration": "{PAST}"}}\''), None, {}, None, None),
    # ---- single sign-on
    "sso": (section(**SSO) + SESSION, None, {}, None, SSO_ROLE),
    "sso session behind two blanks": (section(**SSO) + SESSION.replace("n s]", "n  s]"), None, {}, None, SSO_ROLE),
    "sso session behind a tab": (section(**SSO) + SESSION.replace("n s]", "n\ts]"), None, {}, None, SSO_ROLE),
    "sso session in quotes": (section(**SSO) + SESSION.replace("n s]", 'n "s"]'), None, {}, None, SSO_ROLE),
    "sso, legacy": (section(**LEGACY), None, {}, None, SSO_ROLE),
    "sso and credentials keys": (section(**SSO) + SESSION, CREDENTIALS, {}, None, SSO_ROLE),
    "sso and all else": (section(**SSO, **PROCESS, **LOGIN, **IN_CONFIG) + SESSION, None, {}, None, SSO_ROLE),
    "sso behind the environment": (section(**SSO) + SESSION, None, ENV, None, "other"),
    "sso_session alone, and process": (section(sso_session="s", **PROCESS) + SESSION, None, {}, None, "describe"),
    "start URL and region alone, and process": (section(sso_start_url=URL, sso_region="us-east-1", **PROCESS), None, {}, None,
                                                "describe"),
    "sso role name alone": (section(sso_role_name="r"), CREDENTIALS, {}, None, None),
    "sso account alone": (section(sso_account_id="1"), CREDENTIALS, {}, None, None),
    "sso session that is not there": (section(**SSO), CREDENTIALS, {}, None, None),
    "sso region of two minds": (section(**SSO, sso_region="eu-west-1") + SESSION, CREDENTIALS, {}, None, None),
    "sso role that is not assigned": (section(**{**SSO, "sso_role_name": "Admin"}) + SESSION, CREDENTIALS, {}, None, None),
    "sso without a sign-in": (section(**{**SSO, "sso_session": "t"}) + section("sso-session t", sso_start_url=URL,
                                                                               sso_region="us-east-1"), CREDENTIALS, {}, None, None),
    # ---- aws login, where it is not the choice
    "login session and credentials keys": (section(**LOGIN), CREDENTIALS, {}, None, "full"),
    "login session and sso": (section(**LOGIN, **SSO) + SESSION, None, {}, None, SSO_ROLE),
    "login session and role": (section(**LOGIN, **SOURCE), keys("full", "b"), {}, None, ASSUMED),
    # ---- roles
    "role": (section("x", **SOURCE), keys("full", "b"), X, None, ASSUMED),
    "role by --profile": (section("x", **SOURCE), keys("full", "b"), ENV, "x", ASSUMED),
    "role and environment": (section("x", **SOURCE), keys("full", "b"), {**X, **ENV}, None, "other"),
    "role with wishes": (section("x", **SOURCE, external_id="id", duration_seconds="1000"), keys("full", "b"), X, None, ASSUMED),
    "role without source, with keys": (section(role_arn=ROLE, **IN_CONFIG), None, {}, None, None),
    "role without source, with credentials keys": (section(role_arn=ROLE), CREDENTIALS, {}, None, None),
    "role without source, with the environment": (section(role_arn=ROLE, **IN_CONFIG), None, ENV, None, "other"),
    "role without source, with the environment, by --profile": (section("x", role_arn=ROLE, **IN_CONFIG), None, ENV, "x", None),
    "role of itself": (section("x", role_arn=ROLE, source_profile="x", **IN_CONFIG), None, X, None, ASSUMED),
    "role of itself in both files": (section("x", role_arn=ROLE, source_profile="x"), keys("full", "x"), X, None, ASSUMED),
    "role of itself without keys": (section("x", role_arn=ROLE, source_profile="x"), CREDENTIALS, X, None, None),
    "role and process": (section("x", **SOURCE, **PROCESS), keys("full", "b"), X, None, ASSUMED),
    "role and sso": (section("x", **SOURCE, **SSO) + SESSION, keys("full", "b"), X, None, ASSUMED),
    "role and keys": (section("x", **SOURCE, **IN_CONFIG), keys("full", "b"), X, None, ASSUMED),
    "source without role": (section("x", source_profile="b"), keys("full", "b"), X, None, None),
    "two sources": (section("x", **SOURCE, credential_source="Environment"), keys("full", "b"), {**ENV, **X}, "x", None),
    "source is a process": (section("x", **SOURCE) + section("b", **PROCESS), None, X, None, ASSUMED),
    "source is sso": (section("x", **SOURCE) + section("b", **SSO) + SESSION, None, X, None, ASSUMED),
    "source is legacy sso": (section("x", **SOURCE) + section("b", **LEGACY), None, X, None, ASSUMED),
    "source is a web identity": (section("x", **SOURCE) + section("b", **{**WEB, "role_arn": OTHER_ROLE}), None, X, None, ASSUMED),
    "source is keys of the config": (section("x", **SOURCE) + keys("pull", "profile b"), None, X, None, ASSUMED),
    "source is keys of both": (section("x", **SOURCE) + keys("pull", "profile b"), keys("full", "b"), X, None, ASSUMED),
    "source is a process beside keys": (section("x", **SOURCE) + section("b", **PROCESS, **IN_CONFIG), None, X, None, ASSUMED),
    "source is a role with keys": (section("x", **SOURCE) + section("b", role_arn=OTHER_ROLE, source_profile="c", **IN_CONFIG),
                                   keys("full", "c"), X, None, ASSUMED),
    "source is a role": (section("x", **SOURCE) + section("b", role_arn=OTHER_ROLE, source_profile="c"), keys("full", "c"), X, None,
                         ASSUMED),
    "source is a role of the container": (section("x", **SOURCE) + section("b", role_arn=OTHER_ROLE,
                                                                           credential_source="EcsContainer"), None, {**X, **TASK},
                                          None, ASSUMED),
    "source has half a key": (section("x", **SOURCE) + section("b", aws_access_key_id="{full}"), None, X, None, None),
    "source has nothing": (section("x", **SOURCE) + section("b", region="us-east-1"), None, {**ENV, **TASK, **METADATA, **WEB_ENV},
                           "x", None),
    "source that is not there": (section("x", **SOURCE), CREDENTIALS, X, None, None),
    "circle": (section("x", **SOURCE) + section("b", role_arn=OTHER_ROLE, source_profile="x"), CREDENTIALS, X, None, None),
    "role that is denied": (section("x", role_arn="arn:aws:iam::123456789012:role/nobody", source_profile="b"), keys("full", "b"), X,
                            None, None),
    # ---- credential_source
    "of the environment": (section("x", role_arn=ROLE, credential_source="Environment"), None, ENV, "x", ASSUMED),
    "of the environment, which comes first": (section("x", role_arn=ROLE, credential_source="Environment"), None, {**ENV, **X}, None,
                                              "other"),
    "of the environment, which is empty": (section("x", role_arn=ROLE, credential_source="Environment"), CREDENTIALS, {}, "x", None),
    "of the container": (section("x", role_arn=ROLE, credential_source="EcsContainer"), None, {**X, **TASK}, None, ASSUMED),
    "of no container": (section("x", role_arn=ROLE, credential_source="EcsContainer"), None, {**X, **METADATA}, None, None),
    "of the instance": (section("x", role_arn=ROLE, credential_source="Ec2InstanceMetadata"), None, {**X, **METADATA}, None, ASSUMED),
    "of no instance": (section("x", role_arn=ROLE, credential_source="Ec2InstanceMetadata"), CREDENTIALS, X, None, None),
    "of a place in small letters": (section("x", role_arn=ROLE, credential_source="environment"), CREDENTIALS, ENV, "x", None),
    # ---- web identity
    "web identity": (section(**WEB), None, {}, None, ASSUMED),
    "web identity of the environment": (None, None, WEB_ENV, None, ASSUMED),
    "web identity and credentials keys": (None, CREDENTIALS, WEB_ENV, None, ASSUMED),
    "web identity and keys of AWS_PROFILE": (None, keys("full", "x"), {**WEB_ENV, **X}, None, ASSUMED),
    "web identity and environment": (None, None, {**WEB_ENV, **ENV}, None, "other"),
    "web identity, and --profile with keys": (None, keys("full", "x"), WEB_ENV, "x", "full"),
    "web identity, and --profile without": (section("x", region="us-east-1"), None, WEB_ENV, "x", None),
    "web identity and source_profile": (section("x", **WEB, source_profile="b"), keys("full", "b"), X, None, ASSUMED),
    "web identity and sso": (section(**WEB, **SSO) + SESSION, None, {}, None, ASSUMED),
    "token file without role": (None, CREDENTIALS, {"AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/token"}, None, None),
    "token file of the profile, role of the environment": (section(web_identity_token_file="{tmp}/token"), None,
                                                           {"AWS_ROLE_ARN": ROLE}, None, ASSUMED),
    "token file of the environment, role without source": (section(role_arn=ROLE), None,
                                                           {"AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/token"}, None, None),
    "token file of the environment, role with source": (section("x", **SOURCE), keys("full", "b"), {
        **X, "AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/token"}, None, ASSUMED),
    "both roles": (section(**{**WEB, "role_arn": OTHER_ROLE}), None, WEB_ENV, None, ASSUMED),
    "role in the environment alone": (None, CREDENTIALS, {"AWS_ROLE_ARN": ROLE}, None, "full"),
    "token file that is missing": (None, CREDENTIALS, {**WEB_ENV, "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"}, None, None),
    "token that nobody knows": (None, CREDENTIALS, {**WEB_ENV, "AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/stranger"}, None, None),
    # ---- container and instance
    "container": (None, None, TASK, None, "session"),
    "container at EKS": (None, None, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}, None, "session"),
    "both addresses": (None, None, {**TASK, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}, None,
                       "session"),
    "container and instance": (None, None, {**TASK, **METADATA}, None, "session"),
    "container and credentials keys": (None, CREDENTIALS, TASK, None, "full"),
    "container, and --profile without keys": (section("x", region="us-east-1"), None, TASK, "x", "session"),
    "container at a stranger's": (None, None, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://198.18.0.26/creds", **METADATA}, None,
                                  None),
    "container without token file": (None, None, {**TASK, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere", **METADATA}, None,
                                     None),
    "container that has none": (None, None, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/nothing", **METADATA}, None, None),
    "instance": (None, None, METADATA, None, "session"),
    "instance by IPv6": (None, None, {**METADATA, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv6"}, None, "session"),
    "instance and config keys": (CONFIG, None, METADATA, None, "pull"),
    "instance, and --profile without keys": (section("x", region="us-east-1"), None, METADATA, "x", "session"),
    "instance disabled": (None, None, {"AWS_EC2_METADATA_DISABLED": "TRUE"}, None, None),
    "instance disabled by another word": (None, None, {"AWS_EC2_METADATA_DISABLED": "yes"}, None, "session"),
}

# What the metadata services say, for the rows that are named; all others have a good key.
SAID = {
    "instance": {}, "instance without a role": {"role": None}, "instance with an empty list": {"names": []},
    "instance with keys that are over": {"expires": PAST}, "instance that fails": {"code": "Failed"},
    "instance without a key id": {"members": {"AccessKeyId": None}}, "instance of version 1": {"put": 404, "v1": True},
    "instance that forbids tokens": {"put": 403, "v1": True}, "instance that finds requests bad": {"put": 400, "v1": True},
    "instance that answers with 401": {"put": 401, "v1": True}, "instance that hangs": {"put": "hang"},
    "container without a role": {"role": None}, "container without a token": {"members": {"Token": None}},
    "container with keys that are over": {"expires": PAST},
}
GIVES = {"instance", "instance with keys that are over", "instance of version 1", "instance that forbids tokens",
         "instance that answers with 401"}


def chosen_by_us(place, env, profile):
    """(whose key or None, how it was come by)"""
    ran = place.password(*(["--profile", profile] if profile else []), env=env)
    key = place.key()
    assert (ran.code in (0, 3) and key) or (ran.code in (2, 3, 4, 5) and len(ran.errors) == 1), ran
    return key and place.whose(key), place.way()


def chosen_by_sdk(place, env, profile, monkeypatch):
    key = place.sdk(monkeypatch, env, profile)
    return key and place.whose(key), place.way()


def calls_alone(way):
    """Without repetitions: how often a failure is tried again is not what is compared."""
    return list(dict.fromkeys(way))


@pytest.mark.parametrize("name", SAME)
def test_same_choice(place, monkeypatch, name):
    config, credentials, env, profile, wanted = SAME[name]
    place.files(config, credentials)
    who, way = chosen_by_us(place, env, profile)
    assert who == wanted
    theirs, their_way = chosen_by_sdk(place, env, profile, monkeypatch)
    assert theirs == wanted, place.refusal
    assert calls_alone(way) == calls_alone(their_way)


@pytest.mark.parametrize("name", SAID)
def test_same_choice_of_metadata(place, monkeypatch, name):
    place.lab.metadata(**SAID[name])
    env = TASK if name.startswith("container") else METADATA
    wanted = "session" if name in GIVES else None
    assert chosen_by_us(place, env, None)[0] == wanted
    assert chosen_by_sdk(place, env, None, monkeypatch)[0] == wanted


@pytest.mark.parametrize("seconds, operations", [(7200, ["GetRoleCredentials"]), (60, ["CreateToken", "GetRoleCredentials"]),
                                                 (-60, ["CreateToken", "GetRoleCredentials"])])
@pytest.mark.parametrize("rotate", [True, False])
def test_same_renewal(place, monkeypatch, seconds, operations, rotate):
    """Both renew a sign-in at the same time, and each can use what the other wrote."""
    place.files(section(**SSO) + SESSION)
    for first, second in ((chosen_by_us, chosen_by_sdk), (chosen_by_sdk, chosen_by_us)):
        made = place.lab.sso([(ACCOUNT, "Puller")], rotate=rotate)
        import time
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        path = place.lab.sso_cache(place.path, "s", made, expiresAt=ends)
        for choose, wanted in ((first, operations), (second, operations[-1:])):
            who, way = choose(place, {}, None, *([monkeypatch] if choose is chosen_by_sdk else []))
            assert who == SSO_ROLE and [step[1] for step in way] == wanted, choose
        assert path


def test_same_end_of_a_sign_in(place, monkeypatch):
    """The legacy form has no renewal."""
    place.files(section(**LEGACY))
    place.lab.sso_cache(place.path, URL, place.lab.sso([(ACCOUNT, "Puller")]), expiresAt=PAST)
    assert chosen_by_us(place, {}, None) == chosen_by_sdk(place, {}, None, monkeypatch) == (None, [])


# ---- where we differ on purpose

# name: (config, credentials, environment, --profile, ours, theirs, why)
NO_CRT = "the SDK here lacks awscrt, without which it cannot use sessions of aws login; with it, it takes them as we do"
OURS_ALONE = "the SDK has no such source"
EMPTY = "empty variables and values count as not set, as in the other SDKs: containers are given empty ones"
HALF = "half a pair was meant to be whole; the SDK alone passes over a secret without an id"
DIFFERENT = {
    "login session": (section(**LOGIN), None, {}, None, "session", None, NO_CRT),
    "login session and config keys": (section(**LOGIN, **IN_CONFIG), None, {}, None, "session", None, NO_CRT),
    "login session and process": (section(**LOGIN, **PROCESS), None, {}, None, "session", None, NO_CRT),
    "login session as a source": (section("x", **SOURCE) + section("b", **LOGIN), None, X, None, ASSUMED, None, NO_CRT),
    "token in a variable": (None, None, {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN": "{web}"}, None, ASSUMED, None, OURS_ALONE),
    "GitHub": (None, None, {"AWS_ROLE_ARN": ROLE, "ACTIONS_ID_TOKEN_REQUEST_URL": "{job_url}",
                            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "{job_token}"}, None, ASSUMED, None, OURS_ALONE),
    "secret alone in the environment": (None, CREDENTIALS, {"AWS_SECRET_ACCESS_KEY": "x"}, None, None, "full", HALF),
    "secret alone in the credentials file": (CONFIG, "[default]\naws_secret_access_key = x\n", {}, None, None, "pull", HALF),
    "secret alone in the config file": (section(aws_secret_access_key="x"), None, METADATA, None, None, "session", HALF),
    "empty AWS_PROFILE": (None, CREDENTIALS, {"AWS_PROFILE": ""}, None, "full", None, EMPTY),
    "empty keys in the config": (section(aws_access_key_id="", aws_secret_access_key=""), None, METADATA, None, "session", "", EMPTY),
    "empty role": (section(role_arn="", source_profile="b"), CREDENTIALS, {}, None, "full", None, EMPTY),
    "empty process": (section(credential_process="", **IN_CONFIG), None, {}, None, "pull", None, EMPTY),
    "empty token file": (section(**WEB), None, {"AWS_WEB_IDENTITY_TOKEN_FILE": ""}, None, ASSUMED, None, EMPTY),
    "empty address of a container": (None, None, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", **METADATA}, None, "session", None,
                                     EMPTY),
    "empty token file of a container": (None, None, {**TASK, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": ""}, None, "session", None,
                                        EMPTY),
    "line break behind the container's token": (None, None, {**TASK, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{tmp}/line"}, None,
                                                "session", None, "files end in line breaks; the other SDKs trim, too"),
    "path of a container without a slash": (None, None, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "creds"}, None, "session", None,
                                            "what is meant is clear, and it stays at the one host"),
    "comment behind a value": (None, CREDENTIALS.replace("{full}\n", "{full} # mine\n"), {}, None, "full", "{full} # mine",
                               "as the README says: no key has a blank and a # in it"),
    "section twice": (None, keys("pull") + CREDENTIALS, {}, None, "full", None, "the last counts, as in the other SDKs"),
    "duration that is no number": (section("x", **SOURCE, duration_seconds="an hour"), keys("full", "b"), X, None, None, ASSUMED,
                                   "a wish that cannot be granted is said, not passed over"),
    "unknown mode of the instance": (None, CREDENTIALS, {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "bogus"}, None, "full", None,
                                     "a setting of a source that is not reached breaks nothing"),
    "version 1.0 of a process": (section(credential_process="/bin/echo '" '{"Version": 1.0, "AccessKeyId": "{full}", '
                                         '"SecretAccessKey": "{full_secret}"}' "'"), None, {}, None, None, "full",
                                 "the documentation says that it is the integer 1"),
    "MFA": (section("x", **SOURCE, mfa_serial="arn:aws:iam::123456789012:mfa/me"), keys("full", "b"), X, None, None, None,
            "both fail here, but the SDK asks for a code first: there is nobody to ask"),
    "file that is a directory": (None, None, {"AWS_CONFIG_FILE": "{tmp}", **ENV}, None, None, "other",
                                 "a file that was named and cannot be read is said; a missing one is empty for both"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_on_purpose(place, monkeypatch, name):
    config, credentials, env, profile, ours, theirs, why = DIFFERENT[name]
    assert why and (ours != theirs or name == "MFA")
    job = place.lab.github(roles=[ROLE])
    token = place.hide(place.lab.web_token(roles=[ROLE]))
    place.hide(job["token"])
    place.words.update(web=token, job_url=job["url"], job_token=job["token"])
    place.file("line", "a-token\n")
    place.lab.metadata_token("a-token") if "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" in env and env[
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] else None
    place.files(config, credentials)
    assert chosen_by_us(place, env, profile)[0] == ours
    monkeypatch.setattr("getpass.getpass", lambda *_: "000000")
    assert chosen_by_sdk(place, env, profile, monkeypatch)[0] == (theirs and place.fill(theirs))
