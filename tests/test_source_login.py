"""Credentials of a session of `aws login`: the file that it left behind, used until it is over."""

import json
import os
import threading
import time

import pytest
from lab import Lab
from support_credentials import PAST, ROLE, Place, keys, section, variables

SESSION = "arn:aws:sts::123456789012:assumed-role/me/lab"
CONFIG = section(login_session=SESSION)
NAME = "the 'aws login' session of profile 'default'"
SIGN_IN = "sign in again: aws login"


@pytest.fixture
def place(lab, tmp_path):
    return Place(lab, tmp_path)


def sign_in(place, name=SESSION, **overrides):
    """The file of a session; its path. Its secrets may not show."""
    path = place.lab.login_cache(place.path, name, **overrides)
    with open(path) as f:
        value = json.load(f)
    for member in ("refreshToken", "dpopKey", "idToken"):
        place.hide(value.get(member))
    return path


def change(path, **members):
    """Changes members of the keys in the file; None takes one out."""
    with open(path) as f:
        value = json.load(f)
    value["accessToken"] = {k: v for k, v in {**value["accessToken"], **members}.items() if v is not None}
    with open(path, "w") as f:
        json.dump(value, f)


@pytest.mark.parametrize("name", [SESSION, "me", "a b/../c", "é"])
def test_good(place, name):
    """The file is named after the session, as it is written."""
    place.files(section(login_session=name))
    path = sign_in(place, name)
    with open(path, "rb") as f:
        before = f.read()
    place.good(wanted=place.words["session"])
    assert {r["service"] for r in place.lab.requests()} == {"api"}
    with open(path, "rb") as f:
        assert f.read() == before


@pytest.mark.parametrize("text, env, options", [
    (section("x", login_session=SESSION), {"AWS_PROFILE": "x"}, []), (section("x", login_session=SESSION), {}, ["--profile", "x"]),
    (CONFIG + "aws_access_key_id = {full}\naws_secret_access_key = {full_secret}\n", {}, []),
    (CONFIG + "credential_process = /bin/false\n", {}, [])], ids=["AWS_PROFILE", "--profile", "before keys", "before a process"])
def test_profiles(place, text, env, options):
    place.files(text)
    sign_in(place)
    place.good(*options, env=env, wanted=place.words["session"])


def test_in_the_credentials_file(place):
    place.files(None, CONFIG)
    sign_in(place)
    place.good(wanted=place.words["session"])


@pytest.mark.parametrize("credentials, env", [(keys("full"), {}), (None, variables("full"))], ids=["file", "environment"])
def test_behind_keys(place, credentials, env):
    place.files(CONFIG, credentials)
    sign_in(place)
    place.good(env=env, wanted=place.words["full"])


def test_folder_of_ones_own(place):
    place.files(CONFIG)
    path = sign_in(place)
    os.rename(os.path.dirname(path), place.path / "mine")
    place.good(env={"AWS_LOGIN_CACHE_DIRECTORY": "{tmp}/mine"}, wanted=place.words["session"])
    place.good(env={"AWS_LOGIN_CACHE_DIRECTORY": "~/mine"}, wanted=place.words["session"])
    place.refused(3, NAME, SIGN_IN, "No such file")


def test_as_the_source_of_a_role(place):
    place.lab.role(ROLE)
    place.files(section("x", role_arn=ROLE, source_profile="default") + CONFIG)
    sign_in(place)
    place.good("--profile", "x")
    assert place.way()[0][1:4] == ("AssumeRole", "session", ROLE)


@pytest.mark.parametrize("seconds", [30, 290, 800])
def test_near_its_end(place, seconds):
    """It is good to its last second: this version cannot renew it."""
    place.files(CONFIG)
    sign_in(place, seconds=seconds)
    place.good(wanted=place.words["session"])


@pytest.mark.parametrize("seconds", [0, -1, -86400])
def test_over(place, seconds):
    place.files(CONFIG)
    sign_in(place, seconds=seconds)
    place.refused(3, NAME, "over since", SIGN_IN)
    assert place.lab.requests() == []
    code, shown, _ = place.check()
    assert (code, shown["reason"]) == (3, "expired-credentials")


FILES = {
    "missing": (lambda path: os.unlink(path), ["No such file"]),
    "directory": (lambda path: (os.unlink(path), os.mkdir(path)), ["directory"]),
    "empty": (lambda path: open(path, "w").close(), ["is not JSON"]),
    "half": (lambda path: os.truncate(path, 150), ["is not JSON"]),
    "list": (lambda path: open(path, "w").write("[]"), ["is not JSON"]),
    "endless": (lambda path: (os.unlink(path), os.symlink("/dev/zero", path)), ["too large"]),
}


@pytest.mark.parametrize("name", FILES)
def test_file_that_cannot_be_used(place, name):
    place.files(CONFIG)
    path = sign_in(place)
    FILES[name][0](path)
    place.refused(3, NAME, path, SIGN_IN, *FILES[name][1])


@pytest.mark.parametrize("members, word", [
    ({"accessKeyId": None}, "accessKeyId"), ({"secretAccessKey": None}, "secretAccessKey"), ({"sessionToken": None}, "sessionToken"),
    ({"secretAccessKey": ""}, "secretAccessKey"), ({"sessionToken": 7}, "sessionToken"), ({"expiresAt": "soon"}, "expiresAt"),
    ({"expiresAt": 4070908800}, "expiresAt"), ({"expiresAt": PAST}, "over since")], ids=str)
def test_members(place, members, word):
    place.files(CONFIG)
    change(sign_in(place), **members)
    place.refused(3, NAME, word, SIGN_IN)


@pytest.mark.parametrize("overrides", [{"accessToken": None}, {"accessToken": "text"}, {"accessToken": []}], ids=str)
def test_no_keys_at_all(place, overrides):
    place.files(CONFIG)
    sign_in(place, **overrides)
    place.refused(3, NAME, "accessKeyId", SIGN_IN)


def test_header_in_the_token(place):
    place.files(CONFIG)
    change(sign_in(place), sessionToken="token-of-a-login-session\r\nX-Evil: 1")
    place.hide("token-of-a-login-session")
    place.refused(3, NAME, "line break")


def test_without_home(place):
    place.files(CONFIG)
    place.refused(3, NAME, "no HOME", SIGN_IN, env={"HOME": None, "AWS_CONFIG_FILE": "{tmp}/.aws/config"})


def test_the_command_names_the_profile(place):
    place.files(section("x", login_session=SESSION))
    place.refused(3, "profile 'x'", "aws login --profile x", env={"AWS_PROFILE": "x"})


def test_refused_by_the_service(place):
    """The file says that the keys are good; ECR knows better. The file is looked at once more, not for ever."""
    place.files(CONFIG)
    sign_in(place)
    place.lab.expire_key(place.words["session"])
    ran = place.password()
    assert ran.code == 3 and len(ran.errors) == 1 and "ExpiredTokenException" in ran.errors[0]
    assert len(place.lab.requests(service="api")) == 1


def test_renewed_by_another_process(place):
    """`aws` renewed the session while we ran: an expired answer makes us read the file again."""
    place.files(CONFIG)
    place.lab.new_key("fresh", temporary=True, seconds=900)
    sign_in(place)
    place.lab.expire_key(place.words["session"])
    place.lab.fault("delay", service="api", seconds=0.4, count=1)
    other = Lab()
    thread = threading.Thread(target=lambda: (time.sleep(0.15), other.login_cache(place.path, SESSION, role="fresh")))
    thread.start()
    ran = place.password()
    thread.join()
    assert ran.code == 0 and ran.stderr == ""
    assert [r["key"] for r in place.lab.requests(service="api")] == [place.words["session"],
                                                                    place.lab.keys["fresh"]["access_key_id"]]
