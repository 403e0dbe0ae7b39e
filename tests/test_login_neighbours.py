"""What others do to the file of `ecr login`, and to the folder that it lies in, before and while it is written."""

import base64
import fcntl
import json
import os
import stat
import threading
import time

import pytest
from support_credentials import HOST, Place, variables

STRANGER = 12345  # a user id that nobody has
KEYS = variables("full")
IGNORED = ("env", "--ignore-signal=CHLD")


class Home(Place):
    """A home with Docker's config.json, and a folder of credential helpers."""

    def __init__(self, lab, path):
        super().__init__(lab, path)
        self.file_path = path / ".docker" / "config.json"
        self.file_path.parent.mkdir(mode=0o700)
        (path / "bin").mkdir()
        self.env = {**KEYS, "PATH": f"{path}/bin:/usr/bin:/bin"}

    def write(self, value):
        self.file_path.write_text(value if isinstance(value, str) else json.dumps(value))

    @property
    def config(self):
        return json.loads(self.file_path.read_text())

    def helper(self, name, action):
        """`docker-credential-NAME`: does this once it has read its input."""
        return self.file(f"bin/docker-credential-{name}", f"#!/bin/sh\ncat >/dev/null\n{action}\n", 0o755)

    def login(self, *options, command="login", env=None, **rest):
        return self.ecr(command, *options, HOST, env={**self.env, **(env or {})}, **rest)

    def public_folder(self, mode=0o1777):
        """One such as /tmp."""
        folder = self.path / "pub"
        folder.mkdir()
        folder.chmod(mode)
        return folder


@pytest.fixture
def home(lab, tmp_path):
    return Home(lab, tmp_path)


def password(entry):
    return base64.b64decode(entry["auth"]).decode().partition(":")[2]


def refused(ran, path, *words):
    assert ran.code == 5 and ran.stdout == "" and len(ran.errors) == 1 and str(path) in ran.errors[0], ran
    for word in words:
        assert word in ran.errors[0], (word, ran)


# ---- what changes while a store is asked

@pytest.mark.parametrize("command", ["login", "logout"])
def test_what_others_write_while_the_store_is_asked(home, command):
    """It may ask its user for half a minute, and docker knows no lock of ours."""
    theirs = {"credsStore": "slow", "auths": {HOST: {}, "ghcr.io": {}}, "x": [1]}
    home.helper("slow", f"printf '%s' '{json.dumps(theirs)}' > {{tmp}}/fresh && mv {{tmp}}/fresh {{tmp}}/.docker/config.json")
    home.write({"credsStore": "slow", "auths": {HOST: {}}})
    ran = home.login(command=command)
    assert ran.code == 0 and ran.errors == [], ran
    assert home.config == {**theirs, "auths": {"ghcr.io": {}, **({HOST: {}} if command == "login" else {})}}


def test_a_store_that_asks_its_user_holds_up_nobody(home):
    """While one waits, another writes the same file, and one beside it."""
    home.helper("ask", ": > {tmp}/asked; while [ ! -e {tmp}/answered ]; do sleep 0.05; done")
    home.write({"credHelpers": {HOST: "ask"}})
    waiting = threading.Thread(target=lambda: ended.append(home.lab.ecr("login", HOST, home=home.path, env=given, key="full")))
    given, ended = {"PATH": home.env["PATH"]}, []
    waiting.start()
    try:
        while not (home.path / "asked").exists():
            time.sleep(0.02)
        beside = home.path / ".docker" / "other.json"
        public = home.lab.ecr("login", "public", home=home.path, key="full")
        other = home.lab.ecr("login", "--authfile", beside, HOST, home=home.path, key="full")
    finally:
        home.file("answered", "")
        waiting.join()
    assert (public.code, other.code, ended[0].code) == (0, 0, 0) and max(public.seconds, other.seconds) < 2, (public, other, ended)
    assert home.config["auths"].keys() == {HOST, "public.ecr.aws"} and home.config["auths"][HOST] == {}
    assert sorted(os.listdir(beside.parent)) == ["config.json", "other.json"]


@pytest.mark.parametrize("command", ["login", "logout"])
def test_whose_parent_ignores_ends_of_children(home, command):
    """SIGCHLD ignored, as some daemons hand it down: the store's end is seen all the same."""
    home.helper("keep", "echo $1 >> {tmp}/calls")
    home.write({"credsStore": "keep", "auths": {HOST: {}}})
    ran = home.login(command=command, prefix=IGNORED)
    assert ran.code == 0 and ran.seconds < 2, ran
    assert (home.path / "calls").read_text() == ("store\n" if command == "login" else "erase\n")
    home.helper("keep", "echo no key ring; exit 1")
    home.write({"credsStore": "keep", "auths": {HOST: {}}})
    ran = home.login(command=command, prefix=IGNORED)
    assert ran.code == 3 and "no key ring" in ran.errors[0] and ran.seconds < 2, ran


# ---- whose file it is

@pytest.mark.parametrize("how", ["--authfile", "REGISTRY_AUTH_FILE"])
@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o775])
@pytest.mark.parametrize("command", ["login", "logout"])
def test_a_file_that_a_stranger_planted(home, how, mode, command):
    """In a folder where others may write, root's token must not go into another user's file."""
    path = home.public_folder(mode) / "auth.json"
    path.write_text(json.dumps({"auths": {HOST: {"auth": "eDp5"}}}))
    os.chown(path, STRANGER, STRANGER)
    before = path.stat()
    options, env = (["--authfile", path], {}) if how == "--authfile" else ([], {how: path})
    refused(home.login(*options, command=command, env=env), path, "another user")
    after = path.stat()
    assert (after.st_ino, after.st_uid, after.st_mtime_ns) == (before.st_ino, STRANGER, before.st_mtime_ns)
    assert os.listdir(path.parent) == ["auth.json"]


@pytest.mark.parametrize("mode, owner", [(0o755, 0), (0o755, STRANGER), (0o775, STRANGER)])
def test_a_file_that_is_a_user_s_own(home, mode, owner):
    """`sudo ecr login` where that user, or root, alone could have put it: it stays his."""
    path = home.public_folder(mode) / "auth.json"
    path.write_text("{}")
    for each in (path, path.parent):
        os.chown(each, STRANGER if each == path else owner, 0)
    ran = home.login("--authfile", path)
    assert ran.code == 0 and (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (STRANGER, 0o600), ran
    assert password(json.loads(path.read_text())["auths"][HOST])


def test_a_new_file_in_a_folder_of_all(home):
    """Nobody planted anything: it is ours, for our eyes alone."""
    path = home.public_folder() / "auth.json"
    assert home.login("--authfile", path).code == 0
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (os.geteuid(), 0o600)


def test_a_token_cache_that_a_stranger_planted(home):
    """The password is given, and not kept in his file."""
    path = home.public_folder() / "cache.json"
    path.write_text("{}")
    os.chown(path, STRANGER, STRANGER)
    ran = home.ecr("credential-helper", "get", stdin=HOST, env={**KEYS, "AWS_ECR_CACHE_DIR": path.parent})
    assert ran.code == 0 and ran.json["Username"] == "AWS"
    assert path.read_text() == "{}" and path.stat().st_uid == STRANGER


# ---- whose lock it is

@pytest.mark.parametrize("command", ["login", "logout"])
def test_a_folder_that_a_stranger_locks(home, command):
    """Whoever may read a folder can lock it."""
    path = home.public_folder() / "auth.json"
    path.write_text(json.dumps({"auths": {HOST: {"auth": "eDp5"}, "a.example": {"auth": "eDp5"}}}))
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)  # all that it takes
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        ran = home.login("--authfile", path, "--timeout", "5s", command=command)
    finally:
        os.close(fd)
    assert ran.code == 0 and ran.seconds < 2, ran
    assert json.loads(path.read_text())["auths"].keys() == {"a.example", *([HOST] if command == "login" else [])}


@pytest.mark.parametrize("kind", ["file", "link", "pipe", "folder"])
def test_a_lock_that_a_stranger_planted(home, kind):
    """It is said at once, and nothing is written through it."""
    path = home.public_folder() / "auth.json"
    lock, victim = path.with_name("auth.json.lock"), home.path / "victim"
    {"file": lambda: lock.write_text(""), "link": lambda: lock.symlink_to(victim), "pipe": lambda: os.mkfifo(lock),
     "folder": lock.mkdir}[kind]()
    os.lchown(lock, STRANGER, STRANGER)
    ran = home.login("--authfile", path)
    refused(ran, path, "lock")
    assert ran.seconds < 2 and not victim.exists() and not path.exists() and os.path.lexists(lock)


def test_a_lock_that_was_left_behind(home):
    """By somebody who was killed: nobody holds it."""
    lock = home.file_path.with_name("config.json.lock")
    lock.write_text("")
    ran = home.login()
    assert ran.code == 0 and ran.seconds < 2 and os.listdir(lock.parent) == ["config.json"]


def test_a_lock_that_the_owner_of_the_home_left_behind(home):
    """`sudo ecr login` in the home of a user whose own login was killed."""
    lock = home.file_path.with_name("config.json.lock")
    home.write({"a": 1})
    lock.write_text("")
    for path in (home.file_path, lock, lock.parent):
        os.chown(path, STRANGER, STRANGER)
    ran = home.login()
    assert ran.code == 0 and ran.seconds < 2 and os.listdir(lock.parent) == ["config.json"], ran
    assert home.file_path.stat().st_uid == STRANGER and home.config["a"] == 1


def test_a_lock_that_is_held_and_let_go(home):
    """It is waited for, and then the file is read as it is by then."""
    home.write({"a": 1})
    name = f"{home.file_path}.lock"
    fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)

    def let_go():
        home.write({"a": 2})
        os.unlink(name)
        os.close(fd)
    timer = threading.Timer(0.5, let_go)
    timer.start()
    ran = home.login()
    timer.join()
    assert ran.code == 0 and ran.seconds > 0.3 and home.config["a"] == 2 and HOST in home.config["auths"]


# ---- what is in it

TWICE = {
    "auths": '{"auths": {"a.example": {"auth": "eDp5"}}, "auths": {"b.example": {"auth": "eDp5"}}, "x": 1}',
    "auths, once empty": '{"auths": {}, "x": 1, "auths": {"b.example": {"auth": "eDp5"}}}',
    "credHelpers": '{"credHelpers": {"a.example": "x"}, "credHelpers": {"b.example": "y"}}',
    "auths with an escape": '{"auths": {"a.example": {"auth": "eDp5"}}, "\\u0061uths": {"b.example": {"auth": "eDp5"}}}',
}


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("command", ["login", "logout"])
def test_members_that_are_there_twice(home, name, command):
    """Docker joins what is in them; to write one would lose the other's logins."""
    home.write(TWICE[name])
    refused(home.login(command=command), home.file_path, "more than one", "credHelpers" if "credHelpers" in name else "auths")
    assert home.file_path.read_text() == TWICE[name] and os.listdir(home.file_path.parent) == ["config.json"]


# ---- where it is found again

def test_a_login_in_another_tool_s_file_is_used(home, image, dockerd):
    """`check` looks where `login` wrote; Docker's own file comes behind."""
    home.write({"auths": {HOST: {"auth": base64.b64encode(b"AWS:stale").decode()}}})
    env = {"REGISTRY_AUTH_FILE": home.path / "auth.json"}
    assert home.login(env=env).code == 0 and HOST in json.loads((home.path / "auth.json").read_text())["auths"]
    ran = home.ecr("check", "--json", "--via", "docker", image, env={**env, "DOCKER_HOST": dockerd})
    assert ran.code == 0 and ran.json["state"] == "present", ran
    assert home.lab.requests(operation="GetAuthorizationToken") == []
    ran = home.ecr("check", "--json", "--via", "docker", image, env={"DOCKER_HOST": dockerd})
    assert ran.code in (3, 4) and ran.json["state"] == "unknown", ran
