"""`docker-credential-ecr-login`: word for word as the helper of the distribution, which it can share a cache with."""

import base64
import calendar
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import time

import pytest

from lab import synth
from lab.client import ROOT, SANITIZER
from support_net import assert_no_secrets

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
OTHER = "210987654321.dkr.ecr.eu-west-1.amazonaws.com"
PUBLIC = "public.ecr.aws"
BINARY = os.path.join(ROOT, os.environ.get("ECR_BIN") or "build/ecr")
THEIRS = "/usr/bin/docker-credential-ecr-login"
NOT_FOUND = b"credentials not found in native keychain\n"
NO_SERVER = b"no credentials server URL\n"
TOO_LONG = b"bufio.Scanner: token too long\n"
STRANGER = 12345


class Run:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def secret(self):
        assert self.code == 0, self
        return json.loads(self.out)["Secret"]

    @property
    def shape(self):
        """Exit status and stdout, but for the secret, which is another one each time."""
        return self.code, re.sub(rb'(?<="Secret":")[^"]{40,}(?=")', b"SECRET", self.out)

    def __repr__(self):
        return f"exit {self.code}, stdout {self.out!r}, stderr {self.err!r}"


class Place:
    """Both helpers, each with a home of its own."""

    def __init__(self, lab, path):
        self.lab, self.path, self.bin = lab, path, path / "bin"
        self.cache = path / "cache"
        self.bin.mkdir()
        self.link = self.bin / "docker-credential-ecr-login"
        self.link.symlink_to(BINARY)

    def environment(self, program, key="full", **env):
        home = self.path / ("their-home" if program == THEIRS else "our-home")
        given = {"PATH": "/usr/bin:/bin", "HOME": str(home), "SSL_CERT_FILE": self.lab.ca,
                 "AWS_EC2_METADATA_DISABLED": "true",
                 **self.lab.key_environment(key), **env}
        return {name: str(value) for name, value in given.items() if value is not None}

    def run(self, program, *words, stdin=b"", key="full", **env):
        program = program or self.link
        stdin = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run([program, *words], input=stdin, env=self.environment(program, key, **env),
                              capture_output=True,
                              timeout=60, cwd=self.path)
        assert program == THEIRS or not SANITIZER.search(done.stderr.decode(errors="replace")), done.stderr
        return Run(done)

    def ours(self, *words, **options):
        return self.run(None, *words, **options)

    def theirs(self, *words, **options):
        """Once more where it closed its connection before it had read the answer, which it does now and then."""
        env = self.environment(THEIRS, **{"key": "full", **{k: v for k, v in options.items() if k != "stdin"}})
        log = os.path.join(env.get("AWS_ECR_CACHE_DIR") or env["HOME"] + "/.ecr", "log", "ecr-login.log")
        for _ in range(5):
            size = os.path.getsize(log) if os.path.exists(log) else 0
            run = self.run(THEIRS, *words, **options)
            if not os.path.exists(log):
                break
            with open(log) as f:
                f.seek(size)
                if "use of closed network connection" not in f.read():
                    break
            self.lab.clear_log()
        return run

    def shared(self, program=None, host=HOST, **options):
        """A `get` with the cache that both share."""
        run = self.theirs if program == THEIRS else self.ours
        return run("get", stdin=host, AWS_ECR_CACHE_DIR=self.cache, **options)

    @property
    def entries(self):
        return json.loads((self.cache / "cache.json").read_text())["Registries"]

    def fill(self, text):
        self.cache.mkdir(exist_ok=True)
        (self.cache / "cache.json").write_text(text if isinstance(text, str) else json.dumps(text))

    def calls(self):
        """What ECR was asked since the last time."""
        found = [(r["service"], r["operation"]) for r in self.lab.requests() if r["service"].startswith("api")]
        self.lab.clear_log()
        return found


@pytest.fixture
def place(lab, tmp_path):
    if not os.path.exists(THEIRS):
        pytest.fail(f"{THEIRS} is missing; install amazon-ecr-credential-helper")
    return Place(lab, tmp_path)


def is_good(lab, host, password):
    try:
        synth.Pusher(host, synth.basic("AWS", password), lab.ca).ask("GET", "/v2/")
        return True
    except RuntimeError:
        return False


# ---- get: the same bytes as theirs

INPUTS = {
    "a host": HOST, "a newline": HOST + "\n", "CR LF": HOST + "\r\n", "white space": f" \t{HOST} \n\n",
    "a URL": f"https://{HOST}", "a path": f"https://{HOST}/v2/", "an image": f"{HOST}/team/app:v1",
    "a port": f"https://{HOST}:443", "a port alone": f"{HOST}:5000", "a query": f"https://{HOST}/a?b=1&c=<x>#f",
    "a user": f"https://me:pw@{HOST}/", "lines": f"{HOST}\n/v2\r\n/x", "quotes": f'{HOST}/"\\',
    "letters": f"{HOST}/é😀", "separators": f"{HOST}/\u2028\u2029x", "an at sign in the path": f"{HOST}/a@b",
    "of somebody else": OTHER, "in China": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "FIPS": HOST.replace("ecr.", "ecr-fips."), "public": PUBLIC, "public as a URL": f"https://{PUBLIC}/x",
    "nothing": "", "blank": " \r\n\t", "another registry": "docker.io", "Docker Hub": "https://index.docker.io/v1/",
    "http": f"http://{HOST}", "capitals": HOST.upper(), "a capital scheme": f"HTTPS://{HOST}",
    "a dot behind": HOST + ".", "a look-alike": HOST + ".evil.com", "a look-alike before": "evil.com/" + HOST,
    "something before": "x" + HOST, "ECR as the user": f"https://{HOST}@evil.com/", "a port of letters": f"{HOST}:abc",
    "twice a scheme": f"https://https://{HOST}", "white space in it": "1234 56789012.dkr.ecr.us-east-1.amazonaws.com",
    "a slash first": "/" + HOST, "JSON": json.dumps({"ServerURL": HOST}), "not UTF-8 elsewhere": b"\xff\xfe.example",
    "no account": "dkr.ecr.us-east-1.amazonaws.com",
    "a region that is none": HOST.replace("us-east-1", "xx-nowhere-9"), "a long line": "x" * 70000,
    "a line that is just not too long": "x" * 65535, "many lines": "x\n" * 20000,
}


@pytest.mark.parametrize("name", INPUTS)
def test_get(place, name):
    ours, theirs = place.ours("get", stdin=INPUTS[name]), place.theirs("get", stdin=INPUTS[name], AWS_MAX_ATTEMPTS="1")
    assert ours.shape == theirs.shape
    assert theirs.err == b"" and (ours.err == b"") == (ours.out not in (NOT_FOUND, TOO_LONG)), ours
    if ours.code == 0 and PUBLIC not in INPUTS[name]:
        host = re.search(r"\d{12}[a-z0-9.-]+", INPUTS[name])[0]
        assert is_good(place.lab, host, ours.secret)


# What is different on purpose: theirs of Debian is old, or asks where there is nothing to ask.
MORE_INPUTS = {
    "dual stack": ("123456789012.dkr-ecr.us-east-1.on.aws", 0), "public, dual stack": ("ecr-public.aws.com", 0),
    "a short account": ("12345.dkr.ecr.us-east-1.amazonaws.com", 1),
    "letters for an account": ("abc.dkr.ecr.us-east-1.amazonaws.com", 1),
    "the suffix of another partition": ("123456789012.dkr.ecr.cn-north-1.amazonaws.com", 1),
}


@pytest.mark.parametrize("name", MORE_INPUTS)
def test_get_elsewhere(place, name):
    host, code = MORE_INPUTS[name]
    run = place.ours("get", stdin=host)
    assert run.code == code and (run.out == NOT_FOUND) == bool(code)
    assert bool(place.calls()) == (code == 0)
    assert code or json.loads(run.out)["ServerURL"] == host


@pytest.mark.parametrize("drip", [False, True], ids=["silence", "a byte now and then"])
def test_input_without_end(place, drip):
    """--timeout is for the wait, too."""
    process = subprocess.Popen([place.link, "get", "--timeout", "800ms"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=place.environment(None))
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < 4:
        if drip:
            with contextlib.suppress(BrokenPipeError):
                os.write(process.stdin.fileno(), b"x")
        time.sleep(0.05)
    took = time.monotonic() - began
    process.kill()
    _, err = process.communicate()
    assert 0.7 < took < 2 and process.returncode == 1 and b"did not come in time" in err, (took, err)


def test_an_unknown_option(place):
    """Docker shows what is on stdout: that must not be nothing."""
    run = place.ours("get", "--nonsense", stdin=HOST)
    assert run.code == 1 and run.out.startswith(b"Usage: docker-credential-ecr-login"), run


def test_bytes_of_get(place):
    run = place.ours("get", stdin=f"https://{HOST}/v2/\n")
    text = b'{"ServerURL":"https://%s/v2/","Username":"AWS","Secret":"SECRET"}\n' % HOST.encode()
    assert run.shape == (0, text) and run.err == b""


@pytest.mark.parametrize("stdin", [f"{HOST}/\xff".encode("latin-1"), f"{HOST}/a\0b".encode(),
                                   f"{HOST}/\x01\x7f".encode()], ids=repr)
def test_bytes_that_are_no_text(place, stdin):
    """Go's parser of URLs refuses controls; bytes that are no UTF-8 are replaced."""
    assert place.ours("get", stdin=stdin).shape == place.theirs("get", stdin=stdin).shape


# (fault or None, parameters of it, key, words of the cause, further environment)
CAUSES = {
    "no credentials": (None, {}, None, ["no credentials"], {}),
    "half a key": (None, {}, None, ["AWS_SECRET_ACCESS_KEY"], {"AWS_ACCESS_KEY_ID": "AKID"}),
    "denied": (None, {}, "nothing", ["not authorized to perform: ecr:GetAuthorizationToken"], {}),
    "expired": (None, {}, "expired", ["expired"], {}),
    "an unknown key": (None, {}, "unknown", ["UnrecognizedClientException"], {}),
    "a wrong secret": (None, {}, "wrong-secret", ["InvalidSignatureException"], {}),
    "throttled": ("throttle", {}, "full", ["Throttling"], {}),
    "server error": ("server_error", {}, "full", ["500"], {}),
    "a portal": ("html", {}, "full", [], {}),
    "no JSON": ("garble_json", {}, "full", [], {}),
    "no token": ("body", {"text": '{"authorizationData":[]}'}, "full", [], {}),
    "no base64": ("body",
                  {"text": '{"authorizationData":[{"authorizationToken":"!","proxyEndpoint":"https://%s"}]}' % HOST},
                  "full", ["base64"], {}),
    "cut": ("cut", {}, "full", [], {}),
    "a profile that is not there": (None, {}, None, ["nope"], {"AWS_PROFILE": "nope"}),
    "a proxy that refuses": (None, {}, "full", ["127.0.0.1"], {"HTTPS_PROXY": "http://127.0.0.1:9"}),
}


@pytest.mark.parametrize("name", CAUSES)
def test_why_there_are_none(place, name):
    """Docker hears the one text that it knows, people the cause."""
    fault, more, key, words, env = CAUSES[name]
    if fault:
        place.lab.fault(fault, service="api", **more)
    ours = place.ours("get", stdin=HOST, key=key, AWS_MAX_ATTEMPTS="1", **env)
    assert ours.shape == place.theirs("get", stdin=HOST, key=key, AWS_MAX_ATTEMPTS="1", **env).shape == (1, NOT_FOUND)
    line, = ours.err.decode().splitlines()
    assert line.startswith("ecr: ") and [word for word in words if word not in line] == []
    for role in ("full", "expired", "wrong-secret"):
        for value in list(place.lab.key_environment(role).values())[1:]:
            assert value not in line


@pytest.mark.parametrize("how", ["refused", "no name", "untrusted"])
def test_what_cannot_be_reached(place, how):
    host = place.lab.api_host
    {"refused": lambda: place.lab.dns_fault(host, "addresses", type="A", addresses=[place.lab.refusing]),
     "no name": lambda: place.lab.dns_fault(host, "nxdomain"),
     "untrusted": lambda: place.lab.fault("tls_untrusted", host=host)}[how]()
    ours = place.ours("get", stdin=HOST, AWS_MAX_ATTEMPTS="1")
    assert ours.shape == place.theirs("get", stdin=HOST, AWS_MAX_ATTEMPTS="1").shape == (1, NOT_FOUND)
    assert host in ours.err.decode()


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_ca_file_that_is_not_there(place, name):
    """Theirs falls over it, or takes the system's."""
    run = place.ours("get", stdin=HOST, **{name: "/nowhere.pem"})
    assert (run.code, run.out) == (1, NOT_FOUND) and b"/nowhere.pem" in run.err and place.calls() == []


def test_a_service_that_hangs(place):
    place.lab.fault("stall", service="api", seconds=3)
    began = time.monotonic()
    run = place.ours("get", "--timeout", "500ms", stdin=HOST)
    assert (run.code, run.out) == (1, NOT_FOUND) and time.monotonic() - began < 2


# ---- list

BOTH = b'{"https://%s":"AWS","https://public.ecr.aws":"AWS"}\n' % HOST.encode()
LISTS = {
    "both": ({"AWS_REGION": "us-east-1"}, "full", None, BOTH),
    "by the old name of the region": ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "full", None,
                                      BOTH),
    "another region": ({"AWS_REGION": "eu-west-1"}, "full", None, BOTH.replace(b"us-east-1", b"eu-west-1")),
    "another account": ({"AWS_REGION": "us-east-1"}, "other", None, BOTH.replace(b"123456789012", b"210987654321")),
    "no region": ({}, "full", None, b'{"https://public.ecr.aws":"AWS"}\n'),
    "no credentials": ({"AWS_REGION": "us-east-1"}, None, None, b"{}\n"),
    "denied": ({"AWS_REGION": "us-east-1"}, "nothing", None, b"{}\n"),
    "only the private one": ({"AWS_REGION": "us-east-1"}, "full", "api-public",
                             b'{"https://%s":"AWS"}\n' % HOST.encode()),
    "only the public one": ({"AWS_REGION": "us-east-1"}, "full", "api", b'{"https://public.ecr.aws":"AWS"}\n'),
}


@pytest.mark.parametrize("name", LISTS)
def test_list(place, name):
    env, key, denied, expected = LISTS[name]
    if denied:
        place.lab.fault("deny", service=denied)
    options = {"stdin": "unused", "key": key, **env}
    ours, theirs = place.ours("list", **options), place.theirs("list", **options)
    assert (ours.code, ours.out) == (theirs.code, theirs.out) == (0, expected)
    assert (ours.err == b"") == (expected.count(b"AWS") == 2)


def test_list_of_a_shared_cache(place):
    """All that is in it, sorted, each once: also of other keys, and what is over."""
    env = {"AWS_ECR_CACHE_DIR": place.cache, "AWS_REGION": "us-east-1"}
    assert place.shared(THEIRS, OTHER).code == 0 and place.shared(None, PUBLIC).code == 0
    value = json.loads((place.cache / "cache.json").read_text())
    value["Registries"]["eu-west-1-x-1"] = entry(-50000, -1000,
                                                 endpoint="https://000000000000.dkr.ecr.eu-west-1.amazonaws.com")
    value["Registries"]["eu-west-1-x-2"] = entry(0, 1000, endpoint="https://a.example/<&>\u2028\"")
    place.fill(value)
    ours, theirs = place.ours("list", **env), place.theirs("list", **env)
    assert (ours.code, ours.out) == (theirs.code, theirs.out) == (0, theirs.out)
    assert list(json.loads(ours.out)) == ["https://000000000000.dkr.ecr.eu-west-1.amazonaws.com", f"https://{HOST}",
                                          f"https://{OTHER}",
                                          'https://a.example/<&>\u2028"', f"https://{PUBLIC}"]


def test_list_without_a_cache(place):
    """Theirs lists its cache alone, so that without one it has nothing; ours still tells what it can give."""
    env = {"AWS_ECR_DISABLE_CACHE": "1", "AWS_REGION": "us-east-1"}
    assert (place.theirs("list", **env).out, place.ours("list", **env).out) == (b"{}\n", BOTH)


# ---- the other actions, and how it is called

USAGE = b"Usage: docker-credential-ecr-login <store|get|erase|list|version>\n"
CREDENTIALS = json.dumps({"ServerURL": HOST, "Username": "AWS", "Secret": "x"})
# (words, stdin, exit status, stdout); the texts are those of the helper's later releases
CALLS = {
    "store": (["store"], CREDENTIALS, 0, b""), "store nothing": (["store"], "", 0, b""),
    "store garbage": (["store"], "x", 0, b""), "store too much": (["store"], "x" * 200000, 0, b""),
    "erase": (["erase"], HOST, 0, b""), "erase nothing": (["erase"], "", 0, b""),
    "unknown": (["x"], "", 1, b"docker-credential-ecr-login: unknown action: x\n"),
    "capitals": (["GET"], HOST, 1, b"docker-credential-ecr-login: unknown action: GET\n"),
    "an escape": (["\x1b[31m"], HOST, 1, b"docker-credential-ecr-login: unknown action: ?[31m\n"),
    "nothing": ([], HOST, 1, USAGE), "too much": (["get", "get"], HOST, 1, USAGE),
    "three": (["list", "a", "b"], "", 1, USAGE),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("role", [True, False], ids=["by name", "as a command"])
def test_other_actions(place, name, role):
    words, stdin, code, out = CALLS[name]
    run = place.run(None, *words, stdin=stdin) if role else place.run(BINARY, "credential-helper", *words, stdin=stdin)
    assert (run.code, run.out, run.err) == (code, out, b"") and place.calls() == []


@pytest.mark.parametrize("words", [["version"], ["--version"], ["-v"]], ids=str)
def test_version(place, words):
    run = place.ours(*words)
    assert run.code == 0 and re.fullmatch(rb"docker-credential-ecr-login \(ecr\) \d+\.\d+\.\d+\S*\n", run.out), run


def test_where_theirs_agrees(place):
    """Where no word of Debian's old library is in it."""
    assert place.theirs().out.replace(THEIRS.encode(), b"docker-credential-ecr-login") == place.ours().out == USAGE
    for stdin in ("", "\n"):
        ours, theirs = place.ours("get", stdin=stdin), place.theirs("get", stdin=stdin)
        assert (ours.code, ours.out, ours.err) == (theirs.code, theirs.out, theirs.err) == (1, NO_SERVER, b"")


@pytest.mark.parametrize("how", ["link", "copy", "hard link", "chain of links", "by another name of argv", "command"])
def test_names_it_is_called_by(place, how):
    folder = place.path / "elsewhere"
    folder.mkdir()
    program, words = folder / "docker-credential-ecr-login", ["get"]
    if how == "link":
        program.symlink_to(BINARY)
    elif how == "chain of links":
        program.symlink_to(place.link)
    elif how == "copy":
        shutil.copy(BINARY, program)
    elif how == "hard link":
        shutil.copy(BINARY, folder / "ecr")
        os.link(folder / "ecr", program)
    elif how == "command":
        program, words = BINARY, ["credential-helper", "get"]
    else:
        program = BINARY
    name = "docker-credential-ecr-login" if how == "by another name of argv" else str(program)
    done = Run(subprocess.run([name, *words], executable=program, input=HOST.encode(), env=place.environment(None),
                              capture_output=True,
                              timeout=60))
    assert done.shape == (0, b'{"ServerURL":"%s","Username":"AWS","Secret":"SECRET"}\n' % HOST.encode()), done


@pytest.mark.parametrize("name", ["docker-credential-ecr", "docker-credential-ecr-login2",
                                  "xdocker-credential-ecr-login", "ecr"])
def test_other_names_are_the_program_itself(place, name):
    program = place.bin / name
    program.symlink_to(BINARY)
    assert place.run(program, "get", stdin=HOST).code == 2 and place.calls() == []


def test_nothing_but_the_key_in_the_environment(place):
    """As in `env -i`: no HOME, no PATH, and nothing is left behind."""
    env = place.lab.key_environment("session")
    done = Run(subprocess.run([place.link, "get"], input=HOST.encode(), env=env, capture_output=True, timeout=60,
                              cwd=place.path))
    assert is_good(place.lab, HOST, done.secret)
    assert sorted(os.listdir(place.path)) == ["bin"]
    done = Run(subprocess.run([place.link, "list"], env={}, capture_output=True, timeout=60, cwd=place.path))
    assert done.code == 0 and done.out == b"{}\n"


@pytest.mark.parametrize("words", [["get"], ["list"], ["get", "-v"], ["list", "-v"]], ids=str)
def test_no_secrets(place, words):
    run = place.ours(*words, stdin=HOST, key="session", AWS_REGION="us-east-1")
    assert run.code == 0
    secrets = list(place.lab.key_environment("session").values())[1:]
    assert not [value for value in secrets if value.encode() in run.out]
    if words[0] == "get":
        secrets.append(run.secret)
    run.stdout, run.stderr = "", run.err.decode()
    assert_no_secrets(run, secrets)


# ---- the cache that both share

def old_name(region, key_id, account):
    """The name of an entry up to release 0.6, where the key id stands in the open before the MD5 of nothing."""
    mark = base64.b64encode(key_id.encode() + hashlib.md5(b"").digest()).decode()
    return f"{region}-{mark}-{account}" if account else f"ecr-public-{mark}"


def new_name(region, key_id, account):
    mark = base64.b64encode(hashlib.sha256(key_id.encode()).digest()).decode()
    return f"{region}-{mark}-{account}" if account else f"ecr-public-{mark}"


def stamp(seconds, form="%Y-%m-%dT%H:%M:%SZ"):
    return time.strftime(form, time.gmtime(time.time() + seconds))


def entry(requested, expires, token="QVdTOnNlY3JldA==", endpoint=f"https://{HOST}", service="ecr"):
    """An entry whose password is `secret`, with its times in seconds from now."""
    times = [when if isinstance(when, str) else stamp(when) for when in (requested, expires)]
    return {"AuthorizationToken": token, "RequestedAt": times[0], "ExpiresAt": times[1], "ProxyEndpoint": endpoint,
            "Service": service}


def names(place, host=HOST, key="full"):
    """What an entry for a host may be called: today's name, then the old one."""
    key_id = place.lab.keys[key]["access_key_id"]
    account, _, _, region = host.split(".")[:4] if host != PUBLIC else (None, None, None, None)
    return [name(region, key_id, account) for name in (new_name, old_name)]


@pytest.mark.parametrize("host", [HOST, OTHER, PUBLIC, "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com"])
def test_theirs_is_read(place, host):
    first = place.shared(THEIRS, host)
    assert len(place.calls()) == 1
    text = (place.cache / "cache.json").read_text()
    second = place.shared(None, host)
    assert place.calls() == [] and second.out == first.out and second.err == b""
    assert (place.cache / "cache.json").read_text() == text  # and nothing written


@pytest.mark.parametrize("host", [HOST, OTHER, PUBLIC])
def test_ours_is_read(place, host):
    first = place.shared(None, host)
    assert len(place.calls()) == 1 and first.err == b""
    second = place.shared(THEIRS, host)
    assert place.calls() == [] and second.out == first.out
    assert place.shared(None, host).out == first.out and place.calls() == []


def test_what_ours_writes(place):
    """Below the names of old and of new releases, in their form; nobody else may read it."""
    secret = place.shared().secret
    value = json.loads((place.cache / "cache.json").read_text())
    assert list(value) == ["Registries", "Version"] and value["Version"] == "1.0"
    assert list(value["Registries"]) == names(place)
    for kept in value["Registries"].values():
        assert list(kept) == ["AuthorizationToken", "RequestedAt", "ExpiresAt", "ProxyEndpoint", "Service"]
        assert base64.b64decode(kept["AuthorizationToken"]).decode() == f"AWS:{secret}"
        assert (kept["ProxyEndpoint"], kept["Service"]) == (f"https://{HOST}", "ecr")
        begin, end = (calendar.timegm(time.strptime(kept[name], "%Y-%m-%dT%H:%M:%SZ")) for name in list(kept)[1:3])
        assert abs(begin - time.time()) < 30 and abs(end - begin - 12 * 3600) < 30
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (place.cache, place.cache / "cache.json")]
    assert modes == [0o700, 0o600] and os.listdir(place.cache) == ["cache.json"]


def test_neither_loses_the_other_s(place):
    runs = [place.shared(program, host, key=key) for program, host, key in (
        (THEIRS, HOST, "full"), (None, OTHER, "full"), (None, HOST, "session"), (THEIRS, PUBLIC, "full"),
        (THEIRS, OTHER, "session"), (None, PUBLIC, "session"))]
    assert [run.code for run in runs] == [0] * 6
    tokens = {base64.b64decode(kept["AuthorizationToken"]).decode() for kept in place.entries.values()}
    assert tokens == {f"AWS:{run.secret}" for run in runs}


def test_of_whom_a_token_is(place):
    """Of another key, region or account it is not taken."""
    first = place.shared().secret
    assert place.shared(key="session").secret != first and place.shared(host=OTHER).secret != first
    assert place.shared(host=HOST.replace("us-east-1", "us-west-2")).secret != first
    assert place.shared(host=HOST.replace("123456789012", "999999999999")).secret != first
    assert place.shared().secret == first


HOURS = 3600
# (requested, expires: seconds from now or text; used without asking)
AGES = {
    "new": (0, 12 * HOURS, True), "just below half": (-6 * HOURS + 60, 6 * HOURS + 60, True),
    "just above half": (-6 * HOURS - 60, 6 * HOURS - 60, False), "over": (-13 * HOURS, -HOURS, False),
    "long over": (-1e8, -9e7, False), "from the future": (HOURS, 13 * HOURS, True), "a short life": (-5, 60, True),
    "with a fraction": ("2020-01-01T00:00:00.123456789Z", "2099-01-01T00:00:00.1Z", True),
    "in a zone": ("2020-01-01T00:00:00+05:30", "2099-01-01T00:00:00.5-08:00", True),
    "a day without a time": ("2020-01-01", "2099-01-01", False), "no time": ("soon", "later", False),
    "empty": ("", "", False), "no zone": ("2020-01-01T00:00:00", "2099-01-01T00:00:00", False),
}


@pytest.mark.parametrize("name", AGES)
@pytest.mark.parametrize("which", [0, 1], ids=["new name", "old name"])
def test_ages(place, name, which):
    requested, expires, used = AGES[name]
    kept = {"Registries": {names(place)[which]: entry(requested, expires)}, "Version": "1.0"}
    place.fill(kept)
    run = place.shared()
    assert (run.secret == "secret", place.calls() == [], run.err) == (used, used, b"")
    if which == 1:  # the Debian package's helper knows no other name
        place.fill(kept)
        assert (place.shared(THEIRS).secret == "secret", place.calls() == []) == (used, used)


@pytest.mark.parametrize("requested, expires, code",
                         [(-7 * HOURS, 5 * HOURS, 0), (-11 * HOURS, 60, 0), (-13 * HOURS, -60, 1)])
@pytest.mark.parametrize("fault", ["deny", "throttle", "server_error", "cut"])
def test_an_old_token_where_there_is_no_new_one(place, requested, expires, code, fault):
    """While it is good it helps; theirs hands out one that is over, too."""
    kept = {"Registries": {names(place)[1]: entry(requested, expires)}, "Version": "1.0"}
    place.lab.fault(fault, service="api")
    place.fill(kept)
    run = place.shared(AWS_MAX_ATTEMPTS="1")
    assert run.code == code and run.err.startswith(b"ecr: ")
    assert run.secret == "secret" if code == 0 else run.out == NOT_FOUND
    assert place.shared(THEIRS, AWS_MAX_ATTEMPTS="1").secret == "secret"


def registries(place, **entries):
    """A cache with one entry (under the old name) that is changed."""
    return {"Registries": {names(place)[1]: {**entry(0, 12 * HOURS), **entries}}, "Version": "1.0"}


# What is in the file: a function of the place, or a text.
HOSTILE = {
    "empty": "", "null": "null", "no entries": '{"Registries":null,"Version":"1.0"}', "a list": "[]", "a text": '"x"',
    "a number": "1", "cut": '{"Registries":{"a":{"Author', "garbage": "\x00\x01\x7f", "deep": '{"Registries":' * 50000,
    "byte order mark": "\ufeff{}", "entries are a list": '{"Registries":[1,2],"Version":"1.0"}',
    "another version": lambda p: {**registries(p), "Version": "2.0"},
    "a version that is no text": lambda p: {**registries(p), "Version": 1},
    "an entry is null": lambda p: {"Registries": {n: None for n in names(p)}, "Version": "1.0"},
    "an entry is a list": lambda p: {"Registries": {n: [1] for n in names(p)}, "Version": "1.0"},
    "no token": lambda p: registries(p, AuthorizationToken=None),
    "an empty token": lambda p: registries(p, AuthorizationToken=""),
    "a token that is a number": lambda p: registries(p, AuthorizationToken=7),
    "no base64": lambda p: registries(p, AuthorizationToken="!!"),
    "no colon": lambda p: registries(p, AuthorizationToken="QVdT"),
    "an empty password": lambda p: registries(p, AuthorizationToken="QVdTOg=="),
    "NUL in it": lambda p: registries(p, AuthorizationToken="QVdTOgBh"),
    "times are numbers": lambda p: registries(p, ExpiresAt=9e9, RequestedAt=1),
    "a year beyond": lambda p: registries(p, ExpiresAt="99999999999-01-01T00:00:00Z"),
    "too large": '{"Registries":{"a":"' + "x" * (17 << 20) + '"},"Version":"1.0"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_contents(place, name):
    """Never more than a request in vain; it is mended on the way. (Theirs dies of some of them.)"""
    content = HOSTILE[name]
    place.fill(content(place) if callable(content) else content)
    run = place.shared(host=HOST)
    assert is_good(place.lab, HOST, run.secret) and len(place.calls()) == 1
    assert place.shared().out == run.out and place.calls() == []
    assert place.ours("list", AWS_ECR_CACHE_DIR=place.cache, AWS_REGION="us-east-1").code == 0


def test_entries_of_others_stay(place):
    """Whatever they are, and members that nobody knows."""
    others = {"a": entry(-1e6, -1e5), "b": {**entry(0, 100), "New": [1, {"x": None}]}, "": {"y": 1e400}}
    text = json.dumps({"Future": {"z": 1}, "Registries": others, "Version": "1.0"}).replace("Infinity", "1e400")
    place.fill(text)
    assert place.shared().code == 0
    value = json.loads((place.cache / "cache.json").read_text())
    before = json.loads(text)
    assert value["Future"] == before["Future"] and set(value["Registries"]) == {*others, *names(place)}
    assert {name: value["Registries"][name] for name in others} == before["Registries"]


def not_a_directory(place):
    place.cache.write_text("x")


def a_directory_for_the_file(place):
    (place.cache / "cache.json").mkdir(parents=True)


def a_pipe(place):
    place.cache.mkdir()
    os.mkfifo(place.cache / "cache.json")


def read_only(place):
    place.cache.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place.cache], check=True)


def full(place):
    place.cache.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", place.cache], check=True)
    (place.cache / "filler").write_bytes(b"x" * 4096)


def a_link_of_somebody_else(place):
    place.cache.mkdir()
    (place.path / "victim").write_text("untouched")
    (place.cache / "cache.json").symlink_to(place.path / "victim")
    os.lchown(place.cache / "cache.json", STRANGER, STRANGER)


@pytest.mark.parametrize("trouble", [not_a_directory, a_directory_for_the_file, a_pipe, read_only, full,
                                     a_link_of_somebody_else],
                         ids=lambda f: f.__name__)
def test_a_cache_that_cannot_be_written(place, trouble):
    """Then there is none, and the answer is the same."""
    trouble(place)
    file = place.cache / "cache.json"
    kind = stat.S_IFMT(file.lstat().st_mode) if os.path.lexists(file) else None
    try:
        for _ in range(2):
            assert is_good(place.lab, HOST, place.shared().secret) and len(place.calls()) == 1
        if kind:
            assert stat.S_IFMT(file.lstat().st_mode) == kind
        assert not (place.path / "victim").exists() or (place.path / "victim").read_text() == "untouched"
    finally:
        if trouble in (read_only, full):
            subprocess.run(["umount", "--lazy", place.cache], check=True)


def test_a_folder_that_cannot_be_made(place):
    assert place.ours("get", stdin=HOST, AWS_ECR_CACHE_DIR="/proc/nope/x").code == 0


@pytest.mark.parametrize("env, kept", [
    ({}, False), ({"AWS_ECR_CACHE_DIR": ""}, False), ({"AWS_ECR_CACHE_DIR": "{}"}, True),
    ({"AWS_ECR_CACHE_DIR": "{}/new/er"}, True), ({"AWS_ECR_CACHE_DIR": "{}", "AWS_ECR_DISABLE_CACHE": "1"}, False),
    ({"AWS_ECR_CACHE_DIR": "{}", "AWS_ECR_DISABLE_CACHE": "false"}, False),
    ({"AWS_ECR_CACHE_DIR": "{}", "AWS_ECR_DISABLE_CACHE": ""}, True),
    ({"AWS_ECR_CACHE_DIR": "~/x", "HOME": "{}"}, True), ({"AWS_ECR_CACHE_DIR": "~/x", "HOME": ""}, False)], ids=str)
@pytest.mark.parametrize("action", ["get", "list"])
def test_where_tokens_are_kept(place, env, kept, action):
    """On disk only where one asked for it, though theirs has a cache at home."""
    assert place.theirs("get", stdin=HOST, HOME=place.path / "our-home").code == 0
    place.calls()
    before = sorted(str(path) for path in place.path.rglob("*"))
    env = {name: value.replace("{}", str(place.cache)) for name, value in env.items()}
    for _ in range(2):
        assert place.ours(action, stdin=HOST, AWS_REGION="us-east-1", **env).code == 0
    more = sorted(str(path) for path in place.path.rglob("*") if str(path) not in before)
    assert bool(more) == kept and (not kept or more[-1].endswith("cache.json"))
    if action == "get":
        assert len(place.calls()) == (1 if kept else 2)


def test_many_at_once(place):
    """None waits for another's request, and no entry is lost."""
    hosts = [f"{100000000000 + n}.dkr.ecr.us-east-1.amazonaws.com" for n in range(20)]
    env = place.environment(None, AWS_ECR_CACHE_DIR=place.cache)
    processes = []
    for host in hosts:
        process = subprocess.Popen([place.link, "get"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdin.write(host.encode())
        process.stdin.close()
        process.stdin = None
        processes.append(process)
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert ends == [(b"", 0)] * 20
    assert {kept["ProxyEndpoint"] for kept in place.entries.values()} == {f"https://{host}" for host in hosts}


def test_a_lock_that_is_held(place):
    """The answer is worth more than the cache."""
    place.cache.mkdir()
    fd = os.open(place.cache / "cache.json.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        began = time.monotonic()
        assert place.shared().code == 0 and time.monotonic() - began < 4
        assert os.listdir(place.cache) == ["cache.json.lock"]
    finally:
        os.close(fd)


# ---- docker and skopeo

@pytest.fixture
def docker(place, dockerd):
    folder = place.path / "docker"
    folder.mkdir()

    def call(*arguments, stdin=None, check=True, config=None, **env):
        if config is not None:
            (folder / "config.json").write_text(json.dumps(config))
        given = {**place.environment(None), "PATH": f"{place.bin}:{os.environ['PATH']}", "DOCKER_HOST": dockerd,
                 "DOCKER_CONFIG": str(folder), **env}
        done = subprocess.run(["docker", *arguments], env=given, input=stdin, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0 or not check, done.stderr
        return done
    call.file = folder / "config.json"
    yield call
    left = call("images", "--quiet").stdout.split()
    if left:
        call("rmi", "--force", *left)


@pytest.fixture
def pushed(lab):
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1", docker=True)
    return f"{repository}:v1"


@pytest.mark.parametrize("config", [{"credHelpers": {HOST: "ecr-login"}}, {"credsStore": "ecr-login"}], ids=str)
def test_docker_pulls_and_pushes(place, docker, pushed, config):
    docker("pull", pushed, config=config)
    docker("tag", pushed, pushed.replace("v1", "v2"))
    docker("push", pushed.replace("v1", "v2"))
    refused = docker("pull", pushed, check=False, AWS_SECRET_ACCESS_KEY="x" * 40)
    assert "no basic auth credentials" in refused.stderr and "ecr: " in refused.stderr  # docker hands the cause on


def test_docker_pulls_from_other_registries(place, docker):
    """Where it has no credentials docker goes on without."""
    for host in ("registry.lab.test", PUBLIC):
        place.lab.push_image(f"{host}/lab/app:v1", docker=True)
        docker("pull", f"{host}/lab/app:v1", config={"credsStore": "ecr-login"})
    assert "Basic AWS" in {r["headers"].get("authorization") for r in place.lab.requests(service="public")}


def test_docker_login_and_logout(place, docker, pushed):
    """Store and erase are accepted, where theirs fails the login."""
    password = place.lab.password()
    done = docker("login", "--username", "AWS", "--password-stdin", HOST, stdin=password,
                  config={"credsStore": "ecr-login"})
    assert "Login Succeeded" in done.stdout
    assert json.loads(docker.file.read_text()) == {"auths": {HOST: {}}, "credsStore": "ecr-login"}
    docker("pull", pushed)
    done = docker("logout", HOST)
    assert "WARNING" not in done.stderr and json.loads(docker.file.read_text())["auths"] == {}


def test_docker_asks_ours(place, docker, pushed):
    """And not the distribution's: that one calls itself something else."""
    place.calls()
    docker("pull", pushed, config={"credsStore": "ecr-login"})
    agents = {r["headers"]["user-agent"].split("/")[0] for r in place.lab.requests(service="api")}
    assert agents == {"ecr"}


@pytest.mark.parametrize("key, code", [("full", 0), ("nothing", 1)])
def test_skopeo(place, pushed, key, code):
    (place.path / "auth.json").write_text(json.dumps({"credHelpers": {HOST: "ecr-login"}}))
    env = {**place.environment(None, key), "PATH": f"{place.bin}:{os.environ['PATH']}"}
    done = subprocess.run(["skopeo", "inspect", "--no-tags", "--authfile", place.path / "auth.json",
                           f"docker://{pushed}"], env=env,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == code and bool(done.stdout) == (code == 0), done.stderr
