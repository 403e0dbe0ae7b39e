"""Where the AWS credentials come from. What the SDK for Python selects from the same files and variables is the measure."""

import time

import pytest
from support_credentials import FAR, IMAGE, PAST, Place, keys, section, variables


@pytest.fixture
def place(lab, tmp_path):
    lab.push_image(f"{lab.create_repository('app')}:v1")
    return Place(lab, tmp_path)


def indented(role, by="  "):
    head, *lines = keys(role).splitlines()
    return "\n".join([head, *(by + line for line in lines)]) + "\n"


# name: (config, credentials, environment, --profile, what is selected: a role, or None for a refusal)
TABLE = {
    "nothing": (None, None, {}, None, None),
    "environment": (None, None, variables("full"), None, "full"),
    "environment with token": (None, None, variables("session", True), None, "session"),
    "environment, old name of the token": (None, None, {**variables("session"), "AWS_SECURITY_TOKEN": "{session_token}"}, None,
                                           "session"),
    "id without secret": (None, keys("describe"), {"AWS_ACCESS_KEY_ID": "{full}"}, None, None),
    "empty variables": (None, keys("describe"), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, None, "describe"),
    "credentials file": (None, keys("full"), {}, None, "full"),
    "config file": (keys("full"), None, {}, None, "full"),
    "credentials before config": (keys("describe"), keys("full"), {}, None, "full"),
    "environment before files": (None, keys("describe"), variables("full"), None, "full"),
    "with token": (None, keys("session", token=True), {}, None, "session"),
    "with token, old name": (None, keys("session") + "aws_security_token = {session_token}\n", {}, None, "session"),
    "AWS_PROFILE": (None, keys("describe") + keys("full", "x"), {"AWS_PROFILE": "x"}, None, "full"),
    "AWS_DEFAULT_PROFILE": (None, keys("describe") + keys("full", "x"), {"AWS_DEFAULT_PROFILE": "x"}, None, "full"),
    "AWS_PROFILE in config": (keys("full", "profile x"), keys("describe"), {"AWS_PROFILE": "x"}, None, "full"),
    "config without the word": (keys("full", "x"), None, {"AWS_PROFILE": "x"}, None, None),
    "credentials with the word": (None, keys("full", "profile x"), {"AWS_PROFILE": "x"}, None, None),
    "quoted profile": (keys("full", 'profile "a b"'), None, {"AWS_PROFILE": "a b"}, None, "full"),
    "environment wins over AWS_PROFILE": (None, keys("describe", "x"), {**variables("full"), "AWS_PROFILE": "x"}, None, "full"),
    "--profile wins over the environment": (None, keys("full", "x"), variables("describe"), "x", "full"),
    "--profile wins over AWS_PROFILE": (None, keys("full", "x") + keys("describe", "y"), {"AWS_PROFILE": "y"}, "x", "full"),
    "--profile default": (None, keys("full"), variables("describe"), "default", "full"),
    "--profile without keys": ("[profile x]\nregion = us-east-1\n", keys("describe"), {}, "x", None),
    "AWS_PROFILE that is missing": (None, keys("describe"), {"AWS_PROFILE": "nobody"}, None, None),
    "AWS_PROFILE that is missing, with keys": (None, None, {**variables("full"), "AWS_PROFILE": "nobody"}, None, None),
    "id without secret in the file": (None, "[default]\naws_access_key_id = {full}\n", {}, None, None),
    "half in each file": ("[default]\naws_secret_access_key = {full_secret}\n", "[default]\naws_access_key_id = {full}\n",
                          {}, None, None),
    "half a profile, whole default": (None, keys("describe") + "[x]\naws_access_key_id = {full}\n", {"AWS_PROFILE": "x"},
                                      None, None),
    "AWS_CONFIG_FILE": (keys("describe"), None, {"AWS_CONFIG_FILE": "{tmp}/other"}, None, "full"),
    "AWS_SHARED_CREDENTIALS_FILE": (None, keys("describe"), {"AWS_SHARED_CREDENTIALS_FILE": "~/other"}, None, "full"),
    "file that is not there": (None, keys("describe"), {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere/x"}, None, None),
    "comments and spaces": (None, "# a comment\n; another\n\n[default]  \n  # in between\naws_access_key_id={full}\n"
                                  "aws_secret_access_key   =   {full_secret}   \n", {}, None, "full"),
    "keys in capitals": (None, "[default]\nAWS_ACCESS_KEY_ID = {full}\nAws_Secret_Access_Key = {full_secret}\n", {}, None,
                         "full"),
    "lines that end in CR": (None, keys("full").replace("\n", "\r\n"), {}, None, "full"),
    "nested block": ("[default]\ns3 =\n  aws_access_key_id = {describe}\n  addressing_style = path\n", keys("full"), {}, None,
                     "full"),
    "other sections": ("[sso-session default]\naws_access_key_id = {describe}\n[services default]\necr =\n"
                       "  endpoint_url = https://x.test\n[plugins]\na = b\n" + keys("full"), None, {}, None, "full"),
    "indented keys": (keys("describe"), indented("full"), {}, None, "full"),
    "keys behind tabs": (keys("describe"), indented("full", by="\t"), {}, None, "full"),
    "indented section": (None, keys("describe") + "\n  [x]\n" + indented("full", by="  ")[len("[default]\n"):],
                         {"AWS_PROFILE": "x"}, None, None),  # it goes on with the secret above it
    "indented role": ("[default]\n  role_arn = arn:aws:iam::1:role/x\n  credential_source = Environment\n", keys("full"), {},
                      None, None),
    "indented single sign-on": ("[default]\n  sso_session = x\n  sso_account_id = 1\n  sso_role_name = r\n"
                                "[sso-session x]\n  sso_region = us-east-1\n  sso_start_url = https://x.test\n", keys("full"),
                                {}, None, None),
    "a key less indented": (None, "[default]\n    aws_access_key_id = {full}\n  aws_secret_access_key = {full_secret}\n", {},
                            None, "full"),
    "indented keys behind a block": ("[default]\n  s3 =\n    aws_access_key_id = {describe}\n" + indented("full")[10:], None, {},
                                     None, "full"),
    "profile default beside default": (keys("describe") + keys("full", "profile default"), None, {}, None, "full"),
    "profile default without keys": (keys("full") + "[profile default]\nregion = us-east-1\n", None, {}, None, None),
    "profile default beside a role": ("[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n"
                                      + keys("full", "profile default"), None, {}, None, "full"),
    "no section": (None, "aws_access_key_id = {full}\n", {}, None, None),
    "no pair": (None, "[default]\nnonsense\n", {}, None, None),
    "open section": (None, "[default\naws_access_key_id = {full}\n", {}, None, None),
    "broken config beside good credentials": ("[default]\nnonsense\n", keys("full"), {}, None, None),
    "expired in the environment": (None, None, {**variables("full"), "AWS_CREDENTIAL_EXPIRATION": PAST}, None, None),
    "valid in the environment": (None, None, {**variables("full"), "AWS_CREDENTIAL_EXPIRATION": FAR}, None, "full"),
    # What cannot be used must not be passed over: the keys beside it are somebody else's. More in test_source_choice.py.
    "role beside keys in the environment": ("[profile x]\nrole_arn = arn:aws:iam::123456789012:role/pull\n"
                                            "source_profile = x\n", keys("describe", "x"),
                                            {**variables("full"), "AWS_PROFILE": "x"}, None, "full"),
    "web identity": ("[default]\nrole_arn = arn:aws:iam::123456789012:role/pull\nweb_identity_token_file = /nowhere\n",
                     keys("full"), {}, None, None),
    "web identity in the environment": (None, keys("full"), {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/pull",
                                                             "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"}, None, None),
    "web identity in the environment, without role": (None, keys("full"), {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"}, None,
                                                      None),
    "web identity in the environment and --profile": (None, keys("full", "x"), {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/pull", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"}, "x", "full"),
    "sso": ("[default]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n[sso-session s]\n"
            "sso_start_url = https://x.test\nsso_region = us-east-1\n", keys("full"), {}, None, None),
    "sso of the old form": ("[default]\nsso_start_url = https://x.test\nsso_region = us-east-1\n"
                            "sso_account_id = 123456789012\nsso_role_name = r\n", keys("full"), {}, None, None),
    "sso without a session": ("[default]\nsso_account_id = 123456789012\nsso_role_name = r\n", keys("full"), {}, None, None),
    "process": ("[default]\ncredential_process = /bin/false\n", None, {}, None, None),
    "process before keys of the config": ("[default]\ncredential_process = /bin/false\n" + keys("full")[10:], None, {}, None,
                                          None),
    "process behind keys of the credentials": ("[default]\ncredential_process = /bin/false\n", keys("full"), {}, None, "full"),
    "login": ("[default]\nlogin_session = arn:aws:iam::123456789012:user/x\n" + keys("full")[10:], None, {}, None, None),
}
@pytest.mark.parametrize("name", TABLE)
def test_the_same_key_as_the_sdk(place, monkeypatch, name):
    config, credentials, env, profile, role = TABLE[name]
    place.files(config, credentials)
    (place.path / "other").write_text(place.fill(keys("full")))
    wanted = role and place.words[role]
    code, shown, key = place.check(*(["--profile", profile] if profile else []), env=env)
    assert key == wanted, shown
    if role:
        assert code == 0, shown
    else:
        assert code == 3 and shown["reason"] in ("no-credentials", "expired-credentials")
        assert place.lab.dns_queries() == []
    assert place.sdk(monkeypatch, env, profile) == wanted


def test_profile_default_counts_in_any_order(place):
    """The SDK for Python alone takes the later section; the others take this one."""
    place.files(config=keys("full", "profile default") + keys("describe"))
    code, _, key = place.check()
    assert (code, key) == (0, place.words["full"])


def test_secret_without_id_is_refused(place):
    """The SDK for Python alone passes this over; it is half a pair as well, and the other half was meant to be there."""
    place.files(credentials=keys("full"))
    code, shown, key = place.check(env={"AWS_SECRET_ACCESS_KEY": "x"})
    assert (code, shown["reason"], key) == (3, "no-credentials", None)
    assert "AWS_ACCESS_KEY_ID" in shown["trail"][0]["detail"]


@pytest.mark.parametrize("env, config, credentials, words", [
    ({"AWS_ACCESS_KEY_ID": "x"}, None, None, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
    ({**variables("full"), "AWS_CREDENTIAL_EXPIRATION": PAST}, None, None, ["AWS_CREDENTIAL_EXPIRATION", PAST]),
    ({**variables("full"), "AWS_CREDENTIAL_EXPIRATION": "soon"}, None, None, ["AWS_CREDENTIAL_EXPIRATION"]),
    ({}, None, "[default]\n\n# x\naws_access_key_id = x\nnonsense\n", ["/.aws/credentials", "line 5"]),
    ({}, "[default]\nregion = x\n[profile\n", None, ["/.aws/config", "line 3"]),
    ({}, None, "[default]\naws_access_key_id = x\n", ["/.aws/credentials", "aws_secret_access_key"]),
    ({}, None, None, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
    ({"AWS_PROFILE": "nobody"}, None, None, ["AWS_PROFILE", "'nobody'"]),
    ({}, section(role_arn="arn:aws:iam::1:role/x"), None, ["'default'", "role_arn", "source_profile", "credential_source"]),
    ({}, section(web_identity_token_file="/x"), None, ["'default'", "web identity", "role_arn"]),
    ({}, section(sso_session="x", sso_account_id=1, sso_role_name="r"), None, ["'default'", "[sso-session x]"]),
    ({}, section(credential_process="/bin/x"), None, ["'default'", "credential_process"]),
    ({}, section(login_session="x"), None, ["'default'", "aws login"]),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "AWS_ROLE_ARN": "arn:x"}, None, None, ["AWS_WEB_IDENTITY_TOKEN_FILE"]),
    ({"AWS_ACCESS_KEY_ID": "a b", "AWS_SECRET_ACCESS_KEY": "c"}, None, None, ["space"]),
    ({"AWS_ACCESS_KEY_ID": "a\r\nX-Evil: 1", "AWS_SECRET_ACCESS_KEY": "c"}, None, None, ["line break"]),
    ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "c", "AWS_SESSION_TOKEN": "\x7f"}, None, None, ["the environment"]),
], ids=str)
def test_what_is_said(place, env, config, credentials, words):
    place.files(config, credentials)
    code, shown, key = place.check(env=env)
    step, = shown["trail"]
    assert code == 3 and key is None and step["state"] == "skipped"
    assert shown["reason"] == step["reason"] == ("expired-credentials" if PAST in env.values() else "no-credentials")
    for word in words:
        assert word in step["detail"], step
    for secret in (place.words["full_secret"], "\r\n"):
        assert secret not in step["detail"]


def test_unreadable_file(place):
    (place.path / ".aws").mkdir()
    (place.path / ".aws" / "credentials").mkdir()  # a directory in its place
    code, shown, _ = place.check(env=variables("full"))
    assert (code, shown["reason"]) == (3, "no-credentials") and "/.aws/credentials" in shown["trail"][0]["detail"]


def test_endless_file(place):
    code, shown, _ = place.check(env={"AWS_CONFIG_FILE": "/dev/zero"})
    assert (code, shown["reason"]) == (3, "no-credentials") and "/dev/zero" in shown["trail"][0]["detail"]


# ---- which faults are the command line's

def test_profile_of_the_command_line_that_is_missing(place):
    place.files(credentials=keys("full"))
    result = place.ecr("check", "--profile", "nobody", IMAGE)
    assert result.code == 2 and "--profile" in result.stderr and "nobody" in result.stderr
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


@pytest.mark.parametrize("env, config", [({"AWS_PROFILE": "nobody"}, None), ({}, "[default\n"), ({}, None),
                                         ({"AWS_CA_BUNDLE": "/nowhere/ca.pem"}, None),
                                         ({"AWS_MAX_ATTEMPTS": "many"}, None), ({"AWS_ENDPOINT_URL": "nonsense"}, None)], ids=str)
def test_faults_of_the_surroundings_skip_the_step(place, dockerd, env, config):
    """The chain goes on to the registry, with the stored login, and to the daemon, which has it too; --via ecr ends with 3."""
    place.files(config)
    place.lab.docker_login(place.path)
    given = {**env, **(variables("full") if "AWS_CA_BUNDLE" in env or "AWS_MAX_ATTEMPTS" in env or "AWS_ENDPOINT_URL" in env
                       else {})}
    code, shown, _ = place.check(env=given, via="auto", docker=True)
    # A bundle that cannot be read is trusted by no connection of ours.
    then = [("registry", "skipped"), ("docker", "present")] if "AWS_CA_BUNDLE" in env else [("registry", "present")]
    assert [(step["source"], step["state"]) for step in shown["trail"]] == [("ecr", "skipped"), *then]
    assert code == 0 and {step["reason"] for step in shown["trail"] if step["state"] != "present"} == {"no-credentials"}
    code, shown, _ = place.check(env=given)
    assert (code, shown["reason"]) == (3, "no-credentials")


# ---- other settings of the files

@pytest.mark.parametrize("config, env, options, works", [
    ("[default]\nendpoint_url = {api}\n", {}, [], True),
    ("[default]\nservices = s\n[services s]\necr =\n  endpoint_url = {api}\n", {}, [], True),
    ("[default]\nservices = s\nendpoint_url = https://refusing.lab.test\n[services s]\necr =\n  endpoint_url = {api}\n", {}, [],
     True),
    ("[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = {api}\n", {}, [], False),
    ("[default]\nservices = s\n[services  s]\necr =\n  endpoint_url = {api}\n", {}, [], True),
    ("[default]\nservices = s\n[services\ts]\necr =\n  endpoint_url = {api}\n", {}, [], True),
    ("[default]\nservices = s\n[services \"s\"]\necr =\n  endpoint_url = {api}\n", {}, [], True),
    ("[default]\nendpoint_url = https://refusing.lab.test\n", {"AWS_ENDPOINT_URL": "{api}"}, [], True),
    ("[default]\nendpoint_url = https://refusing.lab.test\n", {"AWS_ENDPOINT_URL_ECR": "{api}"}, [], True),
    ("[default]\nendpoint_url = {api}\nignore_configured_endpoint_urls = true\n", {}, [], False),
    ("[default]\nendpoint_url = {api}\n", {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, [], False),
    ("[default]\nendpoint_url = https://refusing.lab.test\n", {}, ["--endpoint-url", "{api}"], True),
    ("[profile x]\nendpoint_url = {api}\n[default]\n", {}, [], False),
    ("[profile x]\nendpoint_url = {api}\n[default]\n", {"AWS_PROFILE": "x"}, [], True),
])
def test_endpoint_settings(place, config, env, options, works):
    """The lab's API in plain HTTP on loopback is asked if, and only if, the setting counts."""
    place.words["api"] = place.lab.plain_api
    place.files(config)
    code, shown, key = place.check(*(place.fill(o) for o in options), env={**variables("full"), **env})
    assert code == 0 and key == place.words["full"], shown
    assert ({r["host"] for r in place.lab.requests()} == {"127.0.0.1:5080"}) == works


@pytest.mark.parametrize("env, config, attempts", [
    ({}, None, 3), ({"AWS_MAX_ATTEMPTS": "2"}, None, 2), ({}, "[default]\nmax_attempts = 1\n", 1),
    ({"AWS_MAX_ATTEMPTS": "1"}, "[default]\nmax_attempts = 5\n", 1)], ids=str)
def test_attempts(place, env, config, attempts):
    place.files(config)
    place.lab.fault("refuse", service="api", code="InternalFailure", status=500)
    code, shown, _ = place.check(env={**variables("full"), **env})
    assert (code, shown["reason"]) == (4, "server-error") and len(place.lab.requests()) == attempts


def test_ca_bundle_of_the_profile(place):
    place.files(f"[default]\nca_bundle = {place.lab.ca}\n")
    code, _, _ = place.check(env={**variables("full"), "SSL_CERT_FILE": "/nowhere"})
    assert code == 0


def test_session_token_goes_with_its_key(place):
    """A token of the environment belongs to the keys of the environment."""
    place.files(credentials=keys("full"))
    code, shown, key = place.check(env={"AWS_SESSION_TOKEN": "stray"})
    assert code == 0 and key == place.words["full"]
    assert "x-amz-security-token" not in place.lab.requests()[0]["headers"]


def test_expired_keys_are_told_apart(place):
    code, shown, _ = place.check(env=variables("expired", True))
    assert (code, shown["reason"]) == (3, "expired-credentials")
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    assert place.check(env={**variables("full"), "AWS_CREDENTIAL_EXPIRATION": soon})[0] == 0
