"""`ecr login`, `logout`, `get-login-password`: whose token, which file, what stays in it, stores, writers at once."""

import base64
import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from lab import synth
from lab.client import ROOT
from support_net import assert_no_secrets

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PUBLIC = "public.ecr.aws"
BINARY = os.path.join(ROOT, os.environ.get("ECR_BIN") or "build/ecr")
SANITIZED = any(word in BINARY for word in ("asan", "tsan", "cov"))
STRANGER = 12345  # a user id that nobody has


def raw(text):
    """JSON without the white space that means nothing: every other byte counts."""
    return "".join(re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]', text))


class Place:
    """A home, and the config.json in it."""

    def __init__(self, lab, path):
        self.lab, self.home = lab, path
        self.file = path / ".docker" / "config.json"

    def write(self, value, mode=0o600):
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        self.file.write_text(value if isinstance(value, str) else json.dumps(value))
        self.file.chmod(mode)

    def ecr(self, *arguments, **options):
        return self.lab.ecr(*arguments, home=self.home, **options)

    def login(self, *arguments, **options):
        return self.ecr("login", *(arguments or (HOST,)), **options)

    @property
    def config(self):
        return json.loads(self.file.read_text())

    @property
    def logins(self):
        """{registry: password} of the file."""
        return {host: password_of(entry) for host, entry in self.config["auths"].items()}

    def leftovers(self):
        return [name for name in os.listdir(self.file.parent) if name != self.file.name]


@pytest.fixture
def place(lab, tmp_path):
    return Place(lab, tmp_path)


def password_of(entry):
    user, _, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
    assert user == "AWS" and list(entry) == ["auth"]
    return password


def is_good(lab, host, password):
    """Whether the registry itself takes the password."""
    try:
        synth.Pusher(host, synth.basic("AWS", password), lab.ca).ask("GET", "/v2/")
        return True
    except RuntimeError:
        return False


def nothing_was_asked(lab):
    return lab.requests() == [] and lab.connections() == [] and lab.dns_queries() == []


def one_error(result, code, *words):
    """The exit status, nothing on stdout, and one line on stderr that holds the words."""
    assert (result.code, result.stdout) == (code, ""), result
    line, = result.stderr.splitlines()
    assert line.startswith("ecr: "), result
    for word in words:
        assert str(word) in line, (word, line)


# ---- which registries

OWN = "{}.dkr.ecr.{}.amazonaws.com"
# (operands and options, environment, the registries that are logged in to)
REGISTRIES = {
    "by --region": (["--region", "eu-west-1"], {}, [OWN.format(123456789012, "eu-west-1")]),
    "by AWS_REGION": ([], {"AWS_REGION": "eu-west-1"}, [OWN.format(123456789012, "eu-west-1")]),
    "by AWS_DEFAULT_REGION": ([], {"AWS_DEFAULT_REGION": "us-east-1"}, [HOST]),
    "in China": (["--region", "cn-north-1"], {}, [OWN.format(123456789012, "cn-north-1") + ".cn"]),
    "a host": ([HOST], {}, [HOST]),
    "a host, with another region set": ([HOST], {"AWS_REGION": "eu-west-1"}, [HOST]),
    "of somebody else": ([OWN.format(999999999999, "us-west-2")], {}, [OWN.format(999999999999, "us-west-2")]),
    "FIPS": ([HOST.replace("ecr.", "ecr-fips.")], {}, [HOST.replace("ecr.", "ecr-fips.")]),
    "dual stack": (["123456789012.dkr-ecr.us-east-1.on.aws"], {}, ["123456789012.dkr-ecr.us-east-1.on.aws"]),
    "an account": (["210987654321", "--region", "eu-west-1"], {}, [OWN.format(210987654321, "eu-west-1")]),
    "an account in China": (["210987654321"], {"AWS_REGION": "cn-north-1"},
                            [OWN.format(210987654321, "cn-north-1") + ".cn"]),
    "public": (["public"], {}, [PUBLIC]),
    "public by its host": ([PUBLIC], {}, [PUBLIC]),
    "public by its other host": (["ecr-public.aws.com"], {}, ["ecr-public.aws.com"]),
    "a URL": ([f"https://{HOST}"], {}, [HOST]),
    "a URL with a path": ([f"https://{HOST}/v2/"], {}, [HOST]),
    "an image": ([f"{HOST}/team/app:v1"], {}, [HOST]),
    "an image by digest": ([f"{PUBLIC}/team/app@sha256:{'1' * 64}"], {}, [PUBLIC]),
    "capitals": ([HOST.upper()], {}, [HOST]),
    "several": ([PUBLIC, HOST, OWN.format(210987654321, "eu-west-1")], {},
                [PUBLIC, HOST, OWN.format(210987654321, "eu-west-1")]),
    "one twice": ([HOST, f"{HOST}/team/app"], {}, [HOST, HOST]),
}


@pytest.mark.parametrize("name", REGISTRIES)
def test_registries(place, name):
    arguments, env, hosts = REGISTRIES[name]
    result = place.ecr("login", *arguments, env=env)
    assert result.code == 0, result
    shown = [line.split("  ") for line in result.lines]
    assert [words[0] for words in shown] == hosts
    for _, expires in shown:
        ends = time.mktime(time.strptime(expires, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        assert abs(ends - time.time() - 12 * 3600) < 60
    assert place.logins.keys() == set(hosts)
    for host, password in place.logins.items():
        if host not in (PUBLIC, "ecr-public.aws.com"):
            assert is_good(place.lab, host, password)
    assert_no_secrets(result, place.logins.values())


def test_whose_registry_is_the_default(place):
    """The caller's own: the service says whose."""
    line, = place.ecr("login", "--region", "us-east-1", key="other").lines
    assert line.startswith("210987654321.dkr.ecr.us-east-1.")


def test_the_region_of_the_profile(place):
    path = place.home / "config"
    key = place.lab.keys["full"]
    path.write_text(f"[profile work]\nregion = eu-west-1\naws_access_key_id = {key['access_key_id']}\n"
                    f"aws_secret_access_key = {key['secret_access_key']}\n")
    result = place.ecr("login", "--profile", "work", key=None, env={"AWS_CONFIG_FILE": path})
    assert result.code == 0 and place.logins.keys() == {OWN.format(123456789012, "eu-west-1")}, result


def test_one_token_serves_all_registries_of_a_region(place):
    """The token is the caller's: asked for once, without naming a registry."""
    assert place.login(HOST, OWN.format(210987654321, "us-east-1"), PUBLIC).code == 0
    assert [(r["service"], r["operation"], r["body"]) for r in place.lab.requests()] == [
        ("api", "GetAuthorizationToken", "{}"), ("api-public", "GetAuthorizationToken", "{}")]


@pytest.mark.parametrize("command", ["login", "logout", "get-login-password"])
@pytest.mark.parametrize("operands, words", [
    (["docker.io"], "docker.io"), (["nginx"], "nginx"), ([""], "''"), ([f"{HOST}:443"], ":443"),
    ([f"http://{HOST}"], "http://"), (["12345678901"], "12345678901"), (["1234567890123"], "1234567890123"),
    ([HOST + "."], HOST), ([HOST + ".evil.com"], "evil"), (["x" + HOST], "x1"),
    ([HOST.replace("us-east-1", "evil")], "evil"), ([f"user@{HOST}"], "user@"), ([f"evil.com/{HOST}"], "evil"),
    ([f"https://https://{HOST}"], "https"), (["a\x1b[31mb"], "no registry"), ([HOST, "docker.io"], "docker.io"),
    (["123456789012"], "region"), (["123456789012", "--region", "no/such"], "no/such"),
    (["123456789012", "--region", "x.evil.com"], "evil"), ([HOST, "--nonsense"], "--nonsense"),
    ([HOST, "--authfile", ""], "--authfile"), ([HOST, "--timeout", "soon"], "soon")], ids=str)
def test_refused_before_anything_is_asked(place, command, operands, words):
    if command == "get-login-password" and len(operands) == 2 and "docker.io" in operands:
        operands = [*operands, "--k8s-secret", "pull"]
    place.write("{}")
    one_error(place.ecr(command, *operands), 2, words)
    assert nothing_was_asked(place.lab) and place.file.read_text() == "{}"


@pytest.mark.parametrize("command", ["login", "get-login-password"])
def test_without_a_region(place, command):
    one_error(place.ecr(command), 2, "region", "--region", "AWS_REGION")
    assert nothing_was_asked(place.lab) and not place.file.parent.exists()


def test_the_worst_counts_and_the_others_are_kept(place):
    """A denial in one region says nothing of the next one."""
    away = OWN.format(123456789012, "eu-west-1")
    place.lab.fault("deny", host="api.ecr.eu-west-1.amazonaws.com")
    result = place.ecr("login", "--json", HOST, away, PUBLIC)
    assert result.code == 3
    assert [line.get("registry") or line["error"]["reason"] for line in result.json] == [HOST, "denied", PUBLIC]
    assert place.logins.keys() == {HOST, PUBLIC}


# ---- which file

# (option, environment, the file below the test's folder)
FILES = {
    "HOME": ([], {"HOME": "home"}, "home/.docker/config.json"),
    "DOCKER_CONFIG": ([], {"HOME": "home", "DOCKER_CONFIG": "docker"}, "docker/config.json"),
    "DOCKER_CONFIG alone": ([], {"DOCKER_CONFIG": "docker"}, "docker/config.json"),
    "DOCKER_CONFIG with a slash": ([], {"DOCKER_CONFIG": "docker/"}, "docker/config.json"),
    "DOCKER_CONFIG is empty": ([], {"HOME": "home", "DOCKER_CONFIG": None}, "home/.docker/config.json"),
    "REGISTRY_AUTH_FILE": ([], {"HOME": "home", "DOCKER_CONFIG": "docker", "REGISTRY_AUTH_FILE": "auth.json"},
                           "auth.json"),
    "REGISTRY_AUTH_FILE is empty": ([], {"DOCKER_CONFIG": "docker", "REGISTRY_AUTH_FILE": None}, "docker/config.json"),
    "--authfile": (["own.json"], {"HOME": "home", "DOCKER_CONFIG": "docker", "REGISTRY_AUTH_FILE": "auth.json"},
                   "own.json"),
    "--authfile, alone": (["own.json"], {}, "own.json"),
    "--authfile in new folders": (["a/b/c/own.json"], {}, "a/b/c/own.json"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
def test_file(lab, tmp_path, name, relative):
    flag, env, file = FILES[name]

    def at(path):
        return "" if path is None else path if relative else f"{tmp_path}/{path}"
    options = ["--authfile", at(flag[0])] if flag else []
    where = {"env": {name: at(value) for name, value in env.items()}, "cwd": tmp_path}
    assert lab.ecr("login", HOST, *options, **where).code == 0
    found = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()]
    assert found == [file]
    assert list(json.loads((tmp_path / file).read_text())["auths"]) == [HOST]
    result = lab.ecr("logout", "--json", HOST, *options, **where)
    assert (result.code, result.json[0]["registry"]) == (0, HOST), result
    assert os.path.samefile(tmp_path / result.json[0]["file"], tmp_path / file)
    assert json.loads((tmp_path / file).read_text()) == {"auths": {}}


@pytest.mark.parametrize("env", [{}, {"HOME": ""}, {"HOME": "", "DOCKER_CONFIG": "", "REGISTRY_AUTH_FILE": ""}],
                         ids=str)
@pytest.mark.parametrize("command", [["login", HOST], ["logout", HOST], ["logout"]], ids=" ".join)
def test_no_place_for_a_file(lab, tmp_path, command, env):
    result = lab.ecr(*command, env=env, cwd=tmp_path)
    if command[0] == "logout" and result.code == 0:  # nothing is kept anywhere, which is what was wanted
        assert result.stdout == ""
    else:
        one_error(result, 5, "HOME", "--authfile", "DOCKER_CONFIG")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("command", ["get-login-password", "credential-helper"])
def test_nothing_else_needs_a_home(lab, tmp_path, command):
    words = [command, HOST] if command == "get-login-password" else [command, "get"]
    assert lab.ecr(*words, stdin=HOST, cwd=tmp_path).code == 0 and os.listdir(tmp_path) == []


# ---- what else is in the file stays

NEW = f'"{HOST}":{{"auth":"?"}}'
# What is in the file, with @ where the login comes to stand (with the comma that it brings).
DOCUMENTS = {
    "nothing": "{@}",
    "no logins": '{"a": 1@}',
    "empty auths": '{"auths": {@}, "credHelpers": {}}',
    "another login": '{"auths": {"a.example": {"auth": "eDp5", "email": "a@b", "more": [1]}@}}',
    "strange members": '{"z": null, "a": [[], {}, [1, {"b": [true, false]}]], "auths": {"q": {}@}, "": {"": ""}}',
    "numbers": '{"n": [0, -0, 1.0, 1e400, 1E+2, 123456789012345678901234567890, 0.1000, -1.5e-7]@}',
    "escapes": r'{"s": "\u0041\/\\\"\b\f\n\r\t\ud83d\ude00 é 😀 &<>", "\u006b\/": "\u0000"@}',
    "half a surrogate": r'{"s": "\ud83d"@}',
    "members of docker": '{"HttpHeaders": {"User-Agent": "x"}, "psFormat": "table {{.ID}}\\t", "plugins": {"p": {"o": 1}}, '
                         '"credHelpers": {"gcr.io": "gcr"}, "auths": {"https://index.docker.io/v1/": {"identitytoken": "t"}@}, '
                         '"currentContext": "c", "proxies": {"default": {"httpProxy": "http://p"}}}',
    "long": '{"l": [' + ", ".join(f'"{n:0500}"' for n in range(2000)) + "]@}",
    "deep": '{"d": ' + "[" * 60 + "]" * 60 + "@}",
    "another with the same beginning": f'{{"auths": {{"{HOST}:443": {{}}, "{HOST}/x": {{}}, "{HOST[:-1]}": {{}}@}}}}',
    "twice the same name elsewhere": '{"a": 1, "a": 2@}',
    "white space": ' \r\n\t{ "a"\r:\n[ 1 ,2 ] \n@}\r\n ',
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_members_are_kept(place, name):
    """Byte for byte, whatever they are; and after the logout all is as it was."""
    document = DOCUMENTS[name]
    place.write(document.replace("@}", "}"))
    before = raw(place.file.read_text())
    result = place.login()
    assert result.code == 0, result
    text = place.file.read_text()
    auth = place.config["auths"][HOST]["auth"]
    assert is_good(place.lab, HOST, password_of({"auth": auth}))
    start, _, end = raw(document.replace("@}", "\x01}")).partition("\x01")
    comma = "" if start.endswith("{") else ","
    new = NEW.replace("?", auth) if '"auths"' in document else f'"auths":{{{NEW.replace("?", auth)}}}'
    assert raw(text) == start + comma + new + end
    assert place.ecr("logout", HOST).code == 0
    left = raw(place.file.read_text())
    assert left == before if '"auths"' in document else left == start + comma + '"auths":{}' + end


@pytest.mark.parametrize("entry", [{"auth": "b2xkOm9sZA=="}, {"identitytoken": "old"},
                                   {"registrytoken": "old", "email": "x"}, {},
                                   {"username": "u", "password": "old"}, None, "old", [1]], ids=str)
def test_an_old_entry_is_replaced(place, entry):
    """All of it: an identity token left there would win over the password."""
    place.write({"auths": {"a": {"auth": "eDp5"}, HOST: entry, "b": {}}, "c": 1})
    assert place.login().code == 0
    value = place.config
    assert list(value["auths"]) == ["a", HOST, "b"] and value["c"] == 1
    assert is_good(place.lab, HOST, password_of(value["auths"][HOST]))


def test_the_form_is_docker_s(place):
    """Tabs, so that people and diffs see what they know."""
    assert place.login().code == 0
    auth = place.config["auths"][HOST]["auth"]
    assert place.file.read_text() == f'{{\n\t"auths": {{\n\t\t"{HOST}": {{\n\t\t\t"auth": "{auth}"\n\t\t}}\n\t}}\n}}\n'


@pytest.mark.parametrize("text", ["", "\n", " \t\r\n"], ids=repr)
def test_an_empty_file_is_fine(place, text):
    place.write(text)
    assert place.login().code == 0 and place.logins.keys() == {HOST}


BROKEN = {
    "cut": '{"auths": {"a": {"auth": "eDp5"}', "an array": "[]", "null": "null", "a number": "1", "a text": '"x"',
    "garbage": "x{}", "behind it": "{} x", "two of them": "{}{}", "a comment": '{"a": 1} // b', "a comma": '{"a": 1,}',
    "NUL": "{}\0", "byte order mark": "\ufeff{}", "single quotes": "{'a': 1}",
    "deep": '{"a":' * 10000 + "1" + "}" * 10000, "bad escape": r'{"a": "\x"}', "line in a text": '{"a": "b\nc"}',
    "auths is a list": '{"auths": ["a"], "b": 1}', "auths is a text": '{"auths": "a"}',
    "too large": '{"a": "' + "x" * (5 << 20) + '"}',
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("command", [["login", HOST], ["logout", HOST], ["logout"]], ids=" ".join)
def test_a_broken_file_is_left_alone(place, name, command):
    place.write(BROKEN[name], 0o644)
    before = place.file.stat()
    one_error(place.ecr(*command), 5, place.file)
    after = place.file.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, before.st_mtime_ns, before.st_mode)
    assert place.file.read_text() == BROKEN[name] and place.leftovers() == []


@pytest.mark.parametrize("kind", ["directory", "pipe", "socket", "device"])
@pytest.mark.parametrize("command", [["login", HOST], ["logout", HOST]], ids=" ".join)
def test_what_is_no_file_is_left_alone(place, kind, command):
    """/dev/null as --authfile must not become a file."""
    place.file.parent.mkdir()
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        {"directory": place.file.mkdir, "pipe": lambda: os.mkfifo(place.file),
         "socket": lambda: s.bind(str(place.file)),
         "device": lambda: os.mknod(place.file, 0o666 | stat.S_IFCHR, os.makedev(1, 3))}[kind]()
        before = place.file.lstat()
        result = place.ecr(*command)
        if command[0] == "logout" and result.code == 0:  # there is no login in it
            assert result.stdout == ""
        else:
            one_error(result, 5, place.file)
        after = place.file.lstat()
        assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode) and place.leftovers() == []


# ---- modes, owners, links

@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o400, 0o777], ids=oct)
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_nobody_else_may_read_it(place, mode, umask):
    place.write({"a": 1}, mode)
    old = os.umask(umask)
    try:
        assert place.login().code == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600 and place.leftovers() == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_new_folders_are_the_user_s_own(place, umask):
    old = os.umask(umask)
    try:
        assert place.login("--authfile", f"{place.home}/a/b/auth.json", HOST).code == 0
    finally:
        os.umask(old)
    modes = [stat.S_IMODE((place.home / path).stat().st_mode) for path in ("a", "a/b", "a/b/auth.json")]
    assert modes == [0o700, 0o700, 0o600]


def test_a_folder_that_is_there_keeps_its_mode(place):
    place.file.parent.mkdir()
    place.file.parent.chmod(0o755)
    assert place.login().code == 0 and stat.S_IMODE(place.file.parent.stat().st_mode) == 0o755


def test_root_leaves_the_owner(place):
    """`sudo ecr login` with the user's HOME must not take his file away."""
    place.write({"a": 1})
    os.chown(place.file, STRANGER, STRANGER)
    assert place.login().code == 0
    found = place.file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (STRANGER, STRANGER, 0o600)


# name: links from their names to their texts, and the file that is written at last (None: refused)
LINKS = {
    "relative": ({"config.json": "real.json"}, "real.json"),
    "absolute": ({"config.json": "{}/real.json"}, "real.json"),
    "up and down": ({"config.json": "../dot/x/real.json"}, "x/real.json"),
    "a chain": ({"config.json": "one", "one": "{}/x/two", "x/two": "../three", "three": "real.json"}, "real.json"),
    "into a new folder": ({"config.json": "new/folder/real.json"}, "new/folder/real.json"),
    "a folder": ({"x/deep": "../other", "config.json": "x/deep/real.json"}, "other/real.json"),
    "to itself": ({"config.json": "config.json"}, None),
    "in a circle": ({"config.json": "one", "one": "config.json"}, None),
    "without end": ({"config.json": "l0", **{f"l{n}": f"l{n + 1}" for n in range(60)}}, None),
}


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("content", [None, '{"kept": 1}'], ids=["dangling", "a file"])
def test_links_are_followed(place, name, content):
    links, real = LINKS[name]
    folder = place.home / "dot"
    for path in ("x", "other"):
        (folder / path).mkdir(parents=True, exist_ok=True)
    for link, text in links.items():
        (folder / link).symlink_to(text.format(folder))
    if content and real:
        (folder / real).parent.mkdir(parents=True, exist_ok=True)
        (folder / real).write_text(content)
    result = place.login(env={"DOCKER_CONFIG": folder})
    for link, text in links.items():
        assert os.readlink(folder / link) == text.format(folder)
    if real is None:
        one_error(result, 5, folder / "config.json", "ymbolic link")
        return
    assert result.code == 0, result
    assert not (folder / real).is_symlink() and stat.S_IMODE((folder / real).stat().st_mode) == 0o600
    value = json.loads((folder / real).read_text())
    assert list(value["auths"]) == [HOST] and ("kept" in value) == bool(content)
    assert place.ecr("logout", HOST, env={"DOCKER_CONFIG": folder}).code == 0
    assert json.loads((folder / real).read_text())["auths"] == {}


@pytest.mark.parametrize("which", ["config.json", "one"])
@pytest.mark.parametrize("command", ["login", "logout"])
def test_a_link_of_somebody_else_is_not_followed(place, which, command):
    """In a folder that others may write to it would lead the token, or root's hand, anywhere."""
    place.file.parent.mkdir()
    (place.file.parent / "config.json").symlink_to("one")
    (place.file.parent / "one").symlink_to("victim")
    (place.file.parent / "victim").write_text('{"auths": {"%s": {"auth": "eDp5"}}}' % HOST)
    os.lchown(place.file.parent / which, STRANGER, STRANGER)
    one_error(place.ecr(command, HOST), 5, place.file, "another user")
    assert (place.file.parent / "victim").read_text() == '{"auths": {"%s": {"auth": "eDp5"}}}' % HOST


# ---- whole or not at all

@contextlib.contextmanager
def mounted(path, *options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@pytest.mark.parametrize("content", [None, '{"kept": 1}'], ids=["no file", "a file"])
def test_a_full_disk(place, content):
    place.file.parent.mkdir()
    with mounted(place.file.parent, "-o", "size=12k"):
        if content:
            place.file.write_text(content)
        with open(place.file.parent / "filler", "wb", buffering=0) as f, contextlib.suppress(OSError):
            while f.write(b"x" * 4096):
                pass
        one_error(place.login(), 5, place.file, "No space left on device")
        assert place.leftovers() == ["filler"]
        assert place.file.read_text() == content if content else not place.file.exists()


@pytest.mark.parametrize("content", [None, '{"kept": 1}'], ids=["no file", "a file"])
def test_a_disk_that_cannot_be_written(place, content):
    """A mounted Secret or ConfigMap, say."""
    place.file.parent.mkdir()
    with mounted(place.file.parent):
        if content:
            place.file.write_text(content)
        subprocess.run(["mount", "-o", "remount,ro", place.file.parent], check=True)
        one_error(place.login(), 5, place.file, "Read-only file system", "--authfile")
        assert place.file.read_text() == content if content else not place.file.exists()


def test_a_mounted_file(place):
    """A single file that is bind-mounted cannot be replaced: said, not half done."""
    place.write({"kept": 1})
    (place.home / "other").write_text('{"kept": 2}')
    subprocess.run(["mount", "--bind", place.home / "other", place.file], check=True)
    try:
        one_error(place.login(), 5, place.file, "busy")
        assert place.config == {"kept": 2} and place.leftovers() == []
    finally:
        subprocess.run(["umount", place.file], check=True)


class Tracer:
    """Finds the system calls that replace the file, and lets one of them fail or be the last."""

    def __init__(self, place):
        self.place, self.log = place, place.home / "trace"

    def words(self, call, *more):
        return ["strace", "-f", "-y", "-o", str(self.log), "-e", f"trace={call}", *more]

    def number(self, call):
        """Which one of its thread's calls of that name is about the new file."""
        assert self.place.login(prefix=self.words(call)).code == 0
        lines = [line for line in self.log.read_text().splitlines() if f" {call}(" in line]
        ours, = [line for line in lines if re.search(r"config\.json\.[0-9a-f]+", line)]
        thread = [line for line in lines if line.split()[0] == ours.split()[0]]
        return 1 + thread.index(ours)

    def prefix(self, call, what):
        return self.words(call, "-e", f"inject={call}:{what}:when={self.number(call)}")


@pytest.fixture
def tracer(place):
    if SANITIZED:
        pytest.skip("a leak checker does not work under a tracer")
    place.write({"kept": 1})
    return Tracer(place)


@pytest.mark.parametrize("call, error, text", [
    ("open", "EMFILE", "No file descriptors available"), ("write", "ENOSPC", "No space left on device"),
    ("write", "EIO", "I/O error"), ("fsync", "EIO", "I/O error"), ("fsync", "EDQUOT", "Quota exceeded"),
    ("rename", "EACCES", "Permission denied")])
def test_calls_that_fail(place, tracer, call, error, text):
    prefix = tracer.prefix(call, f"error={error}")
    before = place.file.read_text()
    one_error(place.login(prefix=prefix), 5, place.file, text)
    assert place.file.read_text() == before and place.leftovers() == []


def run_to_the_death(place, *prefix):
    env = {"HOME": str(place.home), "SSL_CERT_FILE": place.lab.ca, "PATH": os.environ["PATH"],
           **place.lab.key_environment("full")}
    return subprocess.Popen([*prefix, BINARY, "login", "-q", HOST], env=env, stdout=subprocess.DEVNULL,
                            start_new_session=True)


@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
def test_killed_in_the_middle(place, tracer, call):
    prefix = tracer.prefix(call, "signal=SIGKILL")
    before = place.file.read_text()
    assert run_to_the_death(place, *prefix).wait(20) == -signal.SIGKILL
    assert place.file.read_text() == before
    for name in place.leftovers():
        assert stat.S_IMODE((place.file.parent / name).stat().st_mode) == 0o600
    assert place.login("--timeout", "5s", HOST).code == 0  # the lock went with its holder
    assert place.config["kept"] == 1


BULK = {f"member {n}": "x" * 1000 for n in range(1000)}  # it takes a while to write


def test_killed_at_any_time(place):
    place.write({**BULK, "auths": {}})
    began = time.monotonic()
    assert run_to_the_death(place).wait(20) == 0
    whole, killed = time.monotonic() - began, 0
    for _ in range(25):
        process = run_to_the_death(place)
        time.sleep(random.uniform(0.5, 1) * whole)
        process.kill()
        in_time = process.wait() == -signal.SIGKILL
        killed += in_time
        whole *= 1.05 if in_time else 0.8  # the first run may have been a slow one
        value = place.config
        assert is_good(place.lab, HOST, password_of(value["auths"].pop(HOST))) and value == {**BULK, "auths": {}}
    assert killed
    assert place.login("--timeout", "5s", HOST).code == 0


def test_readers_never_see_half_of_it(place):
    place.write({**BULK, "auths": {HOST: {"auth": "eDp5"}}})
    seen, over = set(), threading.Event()

    def read():
        while not over.is_set():
            value = place.config
            seen.add(value["auths"][HOST]["auth"])
            assert len(value) == len(BULK) + 1

    reader = Reader(read)
    try:
        for _ in range(15):
            assert place.login().code == 0
    finally:
        over.set()
        reader.finish()
    assert len(seen) > 3


class Reader(threading.Thread):
    """A thread whose failure is the test's."""

    def __init__(self, function):
        super().__init__(daemon=True)
        self.function, self.failure = function, None
        self.start()

    def run(self):
        try:
            self.function()
        except Exception as failure:
            self.failure = failure

    def finish(self):
        self.join()
        if self.failure:
            raise self.failure


# ---- others write, too

@contextlib.contextmanager
def locked(path):
    """The lock of a file, as the program takes it: a file beside it, that goes with the lock."""
    name, held = f"{path}.lock", False
    while not held:
        fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            held = os.stat(name).st_ino == os.fstat(fd).st_ino
        except FileNotFoundError:
            pass
        if not held:
            os.close(fd)
    try:
        yield
    finally:
        os.unlink(name)
        os.close(fd)


@pytest.mark.parametrize("command", ["login", "logout"])
def test_a_lock_that_is_held(place, command):
    place.write({"auths": {HOST: {"auth": "eDp5"}}})
    with locked(place.file):
        result = place.ecr(command, "--timeout", "1s", HOST)
        one_error(result, result.code, place.file, "lock")
        assert result.code in (4, 5) and 0.8 < result.seconds < 3
    assert place.config == {"auths": {HOST: {"auth": "eDp5"}}} and place.leftovers() == []


def test_a_lock_is_waited_for(place):
    """Also where a link leads: it is the real file that two would write."""
    place.write({"a": 1})
    (place.home / "link.json").symlink_to(".docker/config.json")
    with locked(place.file):
        env = {"HOME": str(place.home), "SSL_CERT_FILE": place.lab.ca, **place.lab.key_environment("full")}
        process = subprocess.Popen([BINARY, "login", "-q", "--authfile", place.home / "link.json", HOST], env=env,
                                   stdout=subprocess.DEVNULL)
        time.sleep(0.7)
        assert process.poll() is None
        place.write({"a": 2})
    assert process.wait(10) == 0
    assert place.config["a"] == 2 and place.config["auths"].keys() == {HOST}


def test_fifty_at_once_lose_nothing(place):
    """Fifty logins, ten logouts, and a program of somebody else that keeps to the lock."""
    hosts = [OWN.format(100000000000 + n, region) for n in range(10)
             for region in ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1")]
    old = [OWN.format(900000000000 + n, "us-east-1") for n in range(10)]
    place.write({**{f"kept {n}": n for n in range(50)},
                 "auths": {"a.example": {"auth": "eDp5"}, **{h: {"auth": "eDp5"} for h in old}},
                 "counter": 0})
    env = {"HOME": str(place.home), "SSL_CERT_FILE": place.lab.ca, **place.lab.key_environment("full")}
    over = threading.Event()

    def count():
        number = 0
        while not over.is_set():
            with locked(place.file):
                value = place.config
                assert value["counter"] == number
                number = value["counter"] = number + 1
                fresh = place.file.with_name("theirs")
                fresh.write_text(json.dumps(value))
                fresh.rename(place.file)
            time.sleep(0.005)

    other = Reader(count)
    commands = [["login", host] for host in hosts] + [["logout", host] for host in old]
    random.shuffle(commands)
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen([BINARY, *words], env=env, **pipes) for words in commands]
    said = [process.communicate(timeout=60)[1] for process in processes]
    over.set()
    other.finish()
    assert [(p.returncode, s) for p, s in zip(processes, said) if p.returncode] == []
    value = place.config
    assert value["auths"].keys() == {"a.example", *hosts}
    auths = value.pop("auths")
    assert value.pop("counter") > 3 and value == {f"kept {n}": n for n in range(50)}
    for host in hosts:
        password_of(auths[host])
    assert auths["a.example"] == {"auth": "eDp5"} and place.leftovers() == []


# ---- credential stores

class Store:
    """Helper programs that keep a record of their calls: `docker-credential-NAME`."""

    def __init__(self, path):
        self.folder, self.record = path / "bin", path / "record"
        self.folder.mkdir()
        self.record.mkdir()

    def add(self, name, action="exit 0"):
        program = self.folder / f"docker-credential-{name}"
        record = f"{self.record}/{name}.$1"
        program.write_text(f'#!/bin/sh\nprintf "%s" "$*" >"{record}.words"\ncat >"{record}.input"\n'
                           f'ls -l /proc/$$/fd >"{record}.fds"\n{action}\n')
        program.chmod(0o755)

    @property
    def env(self):
        return {"PATH": f"{self.folder}:/usr/bin:/bin"}

    @property
    def calls(self):
        """{"NAME ACTION": input}"""
        return {" ".join(path.name.split(".")[:2]): path.read_text() for path in sorted(self.record.iterdir())
                if path.name.endswith(".input")}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


# members of config.json: the store that is used, None for the file
CHOICES = {
    "credsStore": ({"credsStore": "keep"}, "keep"),
    "credHelpers": ({"credHelpers": {HOST: "keep"}}, "keep"),
    "credHelpers wins": ({"credsStore": "other", "credHelpers": {HOST: "keep"}}, "keep"),
    "credHelpers of another host": ({"credsStore": "keep", "credHelpers": {"a.example": "other"}}, "keep"),
    "credHelpers of another host alone": ({"credHelpers": {"a.example": "other", f"{HOST}:443": "other"}}, None),
    "an empty name means the file": ({"credsStore": "other", "credHelpers": {HOST: ""}}, None),
    "an empty credsStore": ({"credsStore": ""}, None),
    "a name with all that may be in one": ({"credsStore": "keep-It_1.0"}, "keep-It_1.0"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_store_is_used(place, store, name):
    members, used = CHOICES[name]
    for helper in ("other", "keep", "keep-It_1.0"):
        store.add(helper, "echo talk; echo more >&2")
    place.write({**members, "auths": {HOST: {"auth": "b2xkOm9sZA=="}, "a": {}}, "kept": [1]})
    result = place.login("--json", HOST, env=store.env)
    assert result.code == 0 and len(result.lines) == 1, result
    assert result.json[0].get("helper") == used
    value = place.config
    assert {k: v for k, v in value.items() if k != "auths"} == {**members, "kept": [1]} and value["auths"]["a"] == {}
    if used is None:
        assert store.calls == {} and password_of(value["auths"][HOST])
        return
    assert value["auths"][HOST] == {}
    key = used.split(".", maxsplit=1)[0]
    text, = (path.read_text() for path in store.record.iterdir() if path.name.endswith("store.input"))
    kept = json.loads(text)
    assert list(kept) == ["ServerURL", "Username", "Secret"] and (kept["ServerURL"], kept["Username"]) == (HOST, "AWS")
    assert is_good(place.lab, HOST, kept["Secret"])
    assert len([path for path in store.record.iterdir() if path.name.startswith(key)]) == 3
    assert_no_secrets(result, [kept["Secret"]])
    result = place.ecr("logout", "--json", HOST, env=store.env)
    assert result.code == 0 and result.json[0]["helper"] == used, result
    text, = (path.read_text() for path in store.record.iterdir() if path.name.endswith("erase.input"))
    assert text == HOST and place.config["auths"] == {"a": {}}


def test_the_store_gets_what_docker_gives(place, store, dockerd):
    """Byte for byte, but for the secret; and the file is what docker leaves."""
    store.add("keep")
    place.write({"credsStore": "keep"})
    assert place.login(env=store.env).code == 0
    ours, our_config = store.calls["keep store"], place.config
    place.write({"credsStore": "keep"})
    run_docker(place, dockerd, "login", "--username", "AWS", "--password-stdin", HOST, stdin=place.lab.password(),
               env=store.env)
    theirs = store.calls["keep store"]
    assert re.sub(r'"Secret":"[^"]+"', "S", ours) == re.sub(r'"Secret":"[^"]+"', "S", theirs)
    assert our_config == place.config == {"auths": {HOST: {}}, "credsStore": "keep"}
    assert place.ecr("logout", HOST, env=store.env).code == 0 and store.calls["keep erase"] == HOST


def test_a_store_gets_nothing_of_ours_but_its_input(place, store):
    """No descriptor of the lock or of a connection; the environment is the user's."""
    store.add("keep", f'env >"{store.record}/environment"')
    place.write({"credsStore": "keep"})
    assert place.login(env={**store.env, "KEYRING_SOCKET": "x y"}).code == 0
    lines = (store.record / "keep.store.fds").read_text().splitlines()
    assert not [line for line in lines if "socket:" in line or ".docker" in line], lines
    assert "KEYRING_SOCKET=x y" in (store.record / "environment").read_text()


# what a store does: (exit status, words of the line)
FAILING = {
    "fails": ("echo no key ring; exit 1", 3, ["docker-credential-keep", "no key ring", "exit status 1"]),
    "fails without a word": ("exit 9", 3, ["docker-credential-keep", "exit status 9"]),
    "dies": ("kill -SEGV $$", 3, ["docker-credential-keep", "139"]),
    "tells the secret": ("cat \"$0.in\"; exit 1", 3, ["docker-credential-keep"]),
    "is full of words": ("head -c 200000 /dev/zero; exit 1", 3, ["docker-credential-keep"]),
    "hangs": ("exec sleep 20", 4, ["docker-credential-keep", "time"]),
    "hangs in a child": ("sleep 20 2>&- & wait", 4, ["docker-credential-keep", "time"]),
    "is not to be run": (None, 3, ["docker-credential-keep", "Permission denied"]),
    "is not there": (..., 3, ["docker-credential-keep", "No such file"]),
}


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("command", ["login", "logout"])
def test_a_store_that_fails(place, store, name, command):
    """Then nothing is kept, and the file does not say that something was."""
    action, code, words = FAILING[name]
    program = store.folder / "docker-credential-keep"
    if action is not ...:
        store.add("keep", action or "")
        program.write_text(program.read_text().replace(f'cat >"{store.record}', f'tee "{program}.in" >"{store.record}'))
    if action is None:
        program.chmod(0o644)
    before = {"credsStore": "keep", "auths": {HOST: {}, "a": {}}}
    place.write(before)
    began = time.monotonic()
    result = place.ecr(command, "-v", "--timeout", "1s", HOST, env=store.env)
    assert time.monotonic() - began < 3
    assert (result.code, result.stdout) == (code, ""), result
    line, = [line for line in result.stderr.splitlines() if line.startswith("ecr: ")]
    for word in words:
        assert word in line, (word, line)
    assert place.config == before and place.leftovers() == []
    if action not in (None, ...):
        secret = json.loads(store.calls["keep store"])["Secret"] if command == "login" else "nothing was given"
        for at in range(0, len(secret) - 40, 20):  # nor a part of it
            assert secret[at:at + 40] not in result.stderr


@pytest.mark.parametrize("name", ["../keep", "a/keep", "/bin/keep", "..", ".", "-x", "a b", "a;b", "$(id)", "a\nb",
                                  "ä", "x" * 65])
@pytest.mark.parametrize("command", ["login", "logout"])
@pytest.mark.parametrize("where", ["credsStore", "credHelpers"])
def test_names_that_are_paths(place, store, name, command, where):
    """A file from somewhere else must not choose the program that gets the secret."""
    store.add("keep")
    (store.folder / "docker-credential-a").mkdir()
    shutil.copy(store.folder / "docker-credential-keep", store.folder / "docker-credential-a" / "keep")
    (store.folder / "docker-credential-..").mkdir()
    before = {where: name if where == "credsStore" else {HOST: name}, "auths": {HOST: {}}}
    place.write(before)
    one_error(place.ecr(command, HOST, env=store.env), 3, "cannot be the name")
    assert store.calls == {} and place.config == before


@pytest.mark.parametrize("value", [1, True, [], {}, ["keep"], "a\0b"], ids=repr)
@pytest.mark.parametrize("where", ["credsStore", "credHelpers"])
def test_names_that_are_no_text(place, store, value, where):
    """Docker does not start with such a file. The secret does not silently go somewhere else."""
    store.add("keep")
    before = {where: value if where == "credsStore" else {HOST: value}}
    place.write(before)
    one_error(place.login(env=store.env), 5, place.file, where if where == "credsStore" else HOST, "not what docker would write")
    assert store.calls == {} and place.config == before


@pytest.mark.parametrize("members", [{"credsStore": "ecr-login"}, {"credHelpers": {HOST: "ecr-login"}}], ids=str)
@pytest.mark.parametrize("auths", [{}, {HOST: {}}, {HOST: {"auth": "eDp5"}}, {"a": {"auth": "eDp5"}}], ids=str)
def test_the_store_that_is_ourselves(place, store, members, auths):
    """It fetches tokens when they are wanted: there is nothing to keep, and none of it is called."""
    store.add("ecr-login")
    before = {**members, "auths": auths}
    place.write(before)
    result = place.login(env=store.env)
    assert (result.code, len(result.lines)) == (0, 1) and "ecr-login" in result.stderr, result
    assert store.calls == {} and place.config == before
    result = place.ecr("logout", HOST, env=store.env)
    assert result.code == 0, result
    assert store.calls == {} and HOST not in place.config["auths"] and ("a" in auths) == ("a" in place.config["auths"])
    assert (result.stdout == "") == (HOST not in auths)


# ---- logout

OTHERS = {"a.example": {"auth": "eDp5"}, "https://index.docker.io/v1/": {"auth": "eDp5"},
          f"{HOST}:443": {"auth": "eDp5"},
          "123456789012.dkr.ecr.us-east-1.evil.com": {"auth": "eDp5"}}


@pytest.mark.parametrize("operands, gone", [
    ([], [HOST, PUBLIC, OWN.format(999999999999, "eu-west-1")]), ([HOST], [HOST]), ([f"{HOST}/team/app:v1"], [HOST]),
    (["public"], [PUBLIC]), ([PUBLIC, f"https://{HOST}/"], [PUBLIC, HOST]),
    (["123456789012", "--region", "us-east-1"], [HOST]), ([OWN.format(111111111111, "eu-west-1")], [])], ids=str)
def test_logout(place, operands, gone):
    mine = {HOST: {"auth": "eDp5"}, PUBLIC: {}, OWN.format(999999999999, "eu-west-1"): {"identitytoken": "x"}}
    place.write({"auths": {**OTHERS, **mine}, "kept": 1}, 0o644)
    result = place.ecr("logout", *operands, key=None)
    assert result.code == 0 and result.lines == gone, result
    assert place.config == {"auths": {**OTHERS, **{h: e for h, e in mine.items() if h not in gone}}, "kept": 1}
    assert nothing_was_asked(place.lab)
    assert stat.S_IMODE(place.file.stat().st_mode) == (0o600 if gone else 0o644)  # nothing to do, nothing done


@pytest.mark.parametrize("key", ["https://{}", "https://{}/", "https://{}/v1/", "http://{}"])
@pytest.mark.parametrize("operands", [[], [HOST]], ids=str)
def test_logout_of_old_keys(place, key, operands):
    """Docker finds a login by these, too, so that with one of them left there is still one."""
    place.write({"auths": {key.format(HOST): {"auth": "eDp5"}, "https://a.example/v1/": {"auth": "eDp5"}}})
    assert place.ecr("logout", *operands).code == 0
    assert place.config == {"auths": {"https://a.example/v1/": {"auth": "eDp5"}}}


@pytest.mark.parametrize("operands", [[], [HOST]], ids=str)
def test_logout_where_nothing_is(place, operands):
    result = place.ecr("logout", *operands, key=None)
    assert (result.code, result.stdout) == (0, "") and not place.file.exists()


def test_logout_of_a_store_with_all(place, store):
    """Without operands the store forgets what the file says that it has; of others it is not asked."""
    store.add("keep")
    place.write({"credsStore": "keep", "auths": {HOST: {}, "a.example": {}}})
    result = place.ecr("logout", env=store.env)
    assert result.code == 0 and result.lines == [HOST] and store.calls == {"keep erase": HOST}
    assert place.config == {"credsStore": "keep", "auths": {"a.example": {}}}


# ---- what goes wrong

# (fault or None, its parameters, key, environment, exit status, words)
FAULTS = {
    "denied": (None, {}, "nothing", {}, 3, ["ecr:GetAuthorizationToken"]),
    "may do other things": (None, {}, "describe", {}, 3, ["ecr:GetAuthorizationToken"]),
    "expired": (None, {}, "expired", {}, 3, ["expired"]),
    "unknown key": (None, {}, "unknown", {}, 3, ["UnrecognizedClientException"]),
    "wrong secret": (None, {}, "wrong-secret", {}, 3, []),
    "no credentials": (None, {}, None, {}, 3, ["no credentials"]),
    "half a key": (None, {}, None, {"AWS_ACCESS_KEY_ID": "AKID"}, 3, ["AWS_SECRET_ACCESS_KEY"]),
    "throttled": ("throttle", {}, "full", {}, 4, ["Throttling"]),
    "server error": ("server_error", {}, "full", {}, 4, ["500"]),
    "bad gateway": ("server_error", {"status": 502, "html": True}, "full", {}, 4, ["502"]),
    "cut": ("cut", {}, "full", {}, 4, []),
    "cut in the body": ("cut_body", {}, "full", {}, 5, []),
    "a stall": ("stall", {"seconds": 3}, "full", {}, 4, ["time"]),
    "a portal": ("html", {}, "full", {}, 5, []),
    "no JSON": ("garble_json", {}, "full", {}, 5, []),
    "something else": ("other_shape", {"value": {"authorizationData": []}}, "full", {}, 5, []),
    "null": ("body", {"text": '{"authorizationData":[{"authorizationToken":null}]}'}, "full", {}, 5, []),
    "no base64": ("body",
                  {"text": '{"authorizationData":[{"authorizationToken":"!!","proxyEndpoint":"https://%s"}]}' % HOST},
                  "full", {}, 5, ["base64"]),
    "no colon": ("body",
                 {"text": '{"authorizationData":[{"authorizationToken":"QVdT","proxyEndpoint":"https://%s"}]}' % HOST},
                 "full", {}, 5, ["base64"]),
    "an empty password": ("body", {"text": '{"authorizationData":[{"authorizationToken":"QVdTOg=="}]}'}, "full", {}, 5,
                          ["base64"]),
    "NUL in it": ("body", {"text": '{"authorizationData":[{"authorizationToken":"QVdTOgBh"}]}'}, "full", {}, 5,
                  ["base64"]),
    "a line in it": ("body", {"text": '{"authorizationData":[{"authorizationToken":"QVdTOmEKYg=="}]}'}, "full", {}, 5,
                     []),
    "another user": ("body", {"text": '{"authorizationData":[{"authorizationToken":"OmE="}]}'}, "full", {}, 5, []),
    "untrusted": ("tls_untrusted", {}, "full", {}, 5, []),
    "a wrong certificate": ("tls_wrong_host", {}, "full", {}, 5, []),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("command", ["login", "get-login-password", "get-login-password --k8s-secret x"])
def test_failures(place, name, command):
    fault, more, key, env, code, words = FAULTS[name]
    place.write({"auths": {HOST: {"auth": "eDp5"}}})
    if fault:
        place.lab.fault(fault, **({"host": place.lab.api_host} if fault.startswith("tls") else {"service": "api"}),
                        **more)
    result = place.ecr(*command.split(), "-v", "--max-attempts", "1", "--timeout", "1s", HOST, key=key, env=env)
    assert (result.code, result.stdout) == (code, ""), result
    for word in words:
        assert word in result.stderr, result
    assert len([line for line in result.stderr.splitlines() if line.startswith("ecr: ")]) == 1
    assert place.config == {"auths": {HOST: {"auth": "eDp5"}}} and place.leftovers() == []
    secrets = [value for role in ("full", "expired") for value in list(place.lab.key_environment(role).values())[1:]]
    assert_no_secrets(result, secrets)


@pytest.mark.parametrize("address", ["nothing listens", "no such name", "silence"])
def test_unreachable(place, address):
    if address == "no such name":
        place.lab.dns_fault(place.lab.api_host, "nxdomain")
    else:
        to = place.lab.refusing if address == "nothing listens" else place.lab.blackhole
        place.lab.dns_fault(place.lab.api_host, "addresses", type="A", addresses=[to])
    one_error(place.login("--timeout", "1s", "--max-attempts", "1", HOST), 4, place.lab.api_host)
    assert not place.file.exists()


@pytest.mark.parametrize("endpoint", ["https://evil.com", "https://evil.com/" + HOST, "", "x", None,
                                      f"https://{HOST}.evil.com"])
def test_the_service_names_another_registry(place, endpoint):
    """Only the default registry is taken from the answer, and only if it is one of ECR's."""
    text = json.dumps({"authorizationData": [{"authorizationToken": "QVdTOnB3", "expiresAt": 2e9,
                                              "proxyEndpoint": endpoint}]})
    place.lab.fault("body", service="api", text=text, content_type="application/x-amz-json-1.1")
    one_error(place.ecr("login", "--region", "us-east-1"), 5, place.lab.api_host)
    assert not place.file.exists()
    assert place.login().code == 0 and place.logins == {HOST: "pw"}


def test_a_token_that_does_not_say_when_it_ends(place):
    place.lab.fault("body", service="api", text='{"authorizationData":[{"authorizationToken":"QVdTOnB3"}]}')
    result = place.login()
    assert (result.code, result.stdout) == (0, f"{HOST}\n")
    assert "expiresAt" not in place.login("--json", HOST).json[0]


def test_a_throttled_call_is_tried_again(place):
    place.lab.fault("throttle", service="api", count=1)
    assert place.login().code == 0 and len(place.lab.requests()) == 2


# ---- output

def test_json(place):
    result = place.login("--json", HOST, "public")
    assert [set(line) for line in result.json] == [{"registry", "expiresAt", "file"}] * 2
    assert [(line["registry"], line["file"]) for line in result.json] == [(HOST, str(place.file)),
                                                                          (PUBLIC, str(place.file))]
    for line in result.json:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["expiresAt"])
    assert place.ecr("logout", "--json").json == [{"registry": HOST, "file": str(place.file)},
                                                  {"registry": PUBLIC, "file": str(place.file)}]
    failed = place.login("--json", HOST, key="nothing")
    assert failed.code == 3 and failed.json[0]["error"]["reason"] == "denied"


@pytest.mark.parametrize("key", ["full", "session"])
@pytest.mark.parametrize("command", [["login", HOST], ["login", "--json", HOST, "public"],
                                     ["login", "--region", "us-east-1"],
                                     ["logout", HOST], ["logout"]], ids=" ".join)
def test_no_secrets(place, command, key):
    """Not with -v either."""
    assert place.login(HOST, "public").code == 0
    secrets = list(place.logins.values()) + list(place.lab.key_environment(key).values())[1:]
    result = place.ecr(*command, "-v", key=key)
    assert result.code == 0 and len(result.stderr) > 20
    assert_no_secrets(result, secrets + list(place.logins.values()))


def test_quiet(place):
    assert place.login("-q", HOST).stderr == "" and place.ecr("logout", "-q", HOST).stderr == ""


# ---- the tools that read it

def run_docker(place, dockerd, *arguments, stdin=None, env=None, check=True):
    env = {"PATH": os.environ["PATH"], "HOME": str(place.home), "DOCKER_HOST": dockerd, **(env or {})}
    done = subprocess.run(["docker", *arguments], env=env, input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 or not check, done.stderr
    return done


def skopeo(place, image, *options, env=None):
    env = {"PATH": os.environ["PATH"], "HOME": str(place.home), **(env or {})}
    return subprocess.run(["skopeo", "inspect", "--no-tags", *options, f"docker://{image}"], env=env,
                          capture_output=True, text=True, timeout=60)


@pytest.fixture
def docker(place, dockerd):
    def call(*arguments, **options):
        return run_docker(place, dockerd, *arguments, **options)
    yield call
    left = call("images", "--quiet").stdout.split()
    if left:
        call("rmi", "--force", *left)


@pytest.fixture
def pushed(lab):
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1", docker=True)
    return f"{repository}:v1"


def test_docker_pulls_with_it(place, docker, pushed):
    assert "no basic auth credentials" in docker("pull", pushed, check=False).stderr
    place.write({"auths": {"a.example": {"auth": "eDp5"}}, "HttpHeaders": {"X-Kept": "1"}, "unknown": {"to": "docker"}})
    assert place.login().code == 0
    docker("pull", pushed)
    assert place.lab.requests(service="registry", status=200)[-1]["headers"]["authorization"] == "Basic AWS"
    assert place.ecr("logout").code == 0
    docker("rmi", pushed)
    assert "no basic auth credentials" in docker("pull", pushed, check=False).stderr


def test_docker_pulls_from_the_public_registry_with_it(place, docker):
    place.lab.push_image(f"{PUBLIC}/lab/app:v1", docker=True)
    assert place.login("public").code == 0
    place.lab.clear_log()
    docker("pull", f"{PUBLIC}/lab/app:v1")
    assert "Basic AWS" in {r["headers"].get("authorization") for r in place.lab.requests(service="public")}


@pytest.mark.parametrize("how", ["--authfile", "REGISTRY_AUTH_FILE", "HOME"])
def test_skopeo_reads_it(place, pushed, how):
    file = f"{place.home}/auth.json"
    options = ["--authfile", file] if how == "--authfile" else []
    env = {"REGISTRY_AUTH_FILE": file} if how == "REGISTRY_AUTH_FILE" else {}
    assert skopeo(place, pushed, env=env).returncode != 0
    assert place.login(*options, HOST, env=env).code == 0
    done = skopeo(place, pushed, *options, env=env)
    assert done.returncode == 0 and json.loads(done.stdout)["Digest"], done.stderr
    assert place.ecr("logout", *options, env=env).code == 0
    assert skopeo(place, pushed, *options, env=env).returncode != 0


def test_docker_logs_out_of_it_and_the_other_way(place, docker):
    assert place.login(HOST, "public").code == 0
    docker("logout", HOST)
    assert place.config["auths"].keys() == {PUBLIC}
    docker("login", "--username", "AWS", "--password-stdin", HOST, stdin=place.lab.password())
    assert place.logins.keys() == {HOST, PUBLIC}
    assert place.ecr("logout").lines == [HOST, PUBLIC] and place.config == {"auths": {}}


def test_skopeo_and_ecr_write_one_file(place):
    file = f"{place.home}/auth.json"
    plain = {"env": {"PATH": os.environ["PATH"]}, "capture_output": True, "text": True}
    subprocess.run(["skopeo", "login", "--authfile", file, "--username", "user", "--password", "password",
                    "basic.lab.test"], check=True, **plain)
    assert place.login("--authfile", file, HOST).code == 0
    with open(file) as f:
        assert json.load(f)["auths"].keys() == {"basic.lab.test", HOST}
    done = subprocess.run(["skopeo", "login", "--authfile", file, "--get-login", HOST], **plain)
    assert done.stdout == "AWS\n", done.stderr
    subprocess.run(["skopeo", "logout", "--authfile", file, HOST], check=True, **plain)
    assert place.ecr("logout", "--authfile", file).stdout == ""


# ---- get-login-password

def test_a_password_for_a_pipe(place, docker, pushed):
    result = place.ecr("get-login-password", HOST)
    assert (result.code, result.stderr) == (0, "") and re.fullmatch(r"[A-Za-z0-9+/=_-]{100,}\n", result.stdout)
    assert not place.file.exists()
    command = f"'{BINARY}' get-login-password --region us-east-1 | docker login --username AWS --password-stdin {HOST}"
    env = {"PATH": os.environ["PATH"], "HOME": str(place.home), "SSL_CERT_FILE": place.lab.ca,
           **place.lab.key_environment("full")}
    done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "Login Succeeded\n"), done.stderr
    docker("pull", pushed)


@pytest.mark.parametrize("operands, host", [([HOST], HOST), (["public"], PUBLIC), (["--region", "us-east-1"], HOST),
                                            ([f"{HOST}/a:b"], HOST),
                                            (["210987654321", "--region", "us-east-1"],
                                             HOST.replace("123456789012", "210987654321"))], ids=str)
def test_passwords(place, operands, host):
    result = place.ecr("get-login-password", "--json", *operands)
    value, = result.json
    assert list(value) == ["registry", "username", "password"]
    assert (value["registry"], value["username"]) == (host, "AWS")
    assert place.ecr("get-login-password", *operands).stdout.count("\n") == 1
    result = place.ecr("get-login-password", "-v", *operands)
    password, result.stdout = result.stdout.strip(), ""
    assert_no_secrets(result, [value["password"], password])


def secret_of(text):
    """A Secret as Kubernetes wants it for imagePullSecrets; returns (metadata, the config.json in it)."""
    value = json.loads(text)
    assert set(value) == {"apiVersion", "kind", "metadata", "type", "data"}
    assert (value["apiVersion"], value["kind"], value["type"]) == ("v1", "Secret", "kubernetes.io/dockerconfigjson")
    assert list(value["data"]) == [".dockerconfigjson"]

    def once(pairs):
        assert len(dict(pairs)) == len(pairs), f"a member is there twice: {pairs!r:.100}"
        return dict(pairs)
    config = json.loads(base64.b64decode(value["data"][".dockerconfigjson"], validate=True), object_pairs_hook=once)
    assert list(config) == ["auths"]
    for entry in config["auths"].values():
        assert set(entry) == {"username", "password", "auth"} and entry["username"] == "AWS"
        assert base64.b64decode(entry["auth"], validate=True).decode() == f"AWS:{entry['password']}"
    return value["metadata"], config


@pytest.mark.parametrize("operands, hosts", [
    ([HOST], [HOST]), (["--region", "us-east-1"], [HOST]), ([HOST, "public"], [HOST, PUBLIC]),
    ([HOST, OWN.format(999999999999, "eu-west-1"), "public"], [HOST, OWN.format(999999999999, "eu-west-1"), PUBLIC]),
    ([HOST, f"https://{HOST}"], [HOST])], ids=str)
@pytest.mark.parametrize("namespace", [None, "apps"])
def test_pull_secrets(place, pushed, operands, hosts, namespace):
    result = place.ecr("get-login-password", "-v", "--k8s-secret", "ecr.pull-1",
                       *(["--namespace", namespace] if namespace else []), *operands)
    assert result.code == 0, result
    metadata, config = secret_of(result.stdout)
    assert metadata == {"name": "ecr.pull-1", **({"namespace": namespace} if namespace else {})}
    assert list(config["auths"]) == hosts
    passwords = [entry["password"] for entry in config["auths"].values()]
    result.stdout = ""
    assert_no_secrets(result, passwords)
    place.write(config)
    assert skopeo(place, pushed).returncode == 0


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", ".a", "a.", "a..b", "a-.b", "a.-b", "a/b", "a b", "ä",
                                  "a\n", "x" * 254, "../x", "a\"b"])
@pytest.mark.parametrize("option", ["--k8s-secret", "--namespace"])
def test_names_that_kubernetes_refuses(place, name, option):
    more = ["--k8s-secret", "good"] if option == "--namespace" else []
    one_error(place.ecr("get-login-password", *more, option, name, HOST), 2, option)
    assert nothing_was_asked(place.lab)


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a.b", "1.2.3", "a-0.b-1", "x" * 253, "a--b"])
def test_names_that_kubernetes_takes(place, name):
    metadata, _ = secret_of(place.ecr("get-login-password", "--k8s-secret", name, HOST).stdout)
    assert metadata == {"name": name}


@pytest.mark.parametrize("options", [["--namespace", "x" * 64, "--k8s-secret", "a"],
                                     ["--namespace", "a.b", "--k8s-secret", "a"],
                                     ["--namespace", "apps"], ["public"]], ids=str)
def test_options_that_do_not_go(place, options):
    one_error(place.ecr("get-login-password", HOST, *options), 2)
    assert nothing_was_asked(place.lab)


def test_no_part_of_a_secret_when_one_is_refused(place):
    """kubectl apply must not get half of it."""
    place.lab.fault("deny", host="api.ecr.eu-west-1.amazonaws.com")
    one_error(place.ecr("get-login-password", "--k8s-secret", "x", HOST, OWN.format(123456789012, "eu-west-1")), 3,
              "eu-west-1")
