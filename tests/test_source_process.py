"""Credentials that a program prints (credential_process): how it is started, what it may print, how it ends."""

import os
import subprocess
import time

import pytest
from support_credentials import FAR, PAST, ROLE, Place, keys, section, variables

NAME = "credential_process of profile 'default'"
HINT = "run it by hand"
OUTPUT = '{"Version": 1, "AccessKeyId": "{full}", "SecretAccessKey": "{full_secret}"}'


@pytest.fixture
def place(lab, tmp_path):
    """{tmp}/out holds what a good program prints."""
    place = Place(lab, tmp_path)
    place.file("out", OUTPUT)
    return place


def program(place, body, name="give"):
    """A program of the shell; its path."""
    return place.file(name, f"#!/bin/sh\n{body}\n", 0o700)


def use(place, command, **more):
    place.files(section(credential_process=command, **more))


def prints(place, text):
    use(place, f"/bin/cat {place.file('printed', text)}")


# ---- how it is started

# name: (command, what the program must have been given as its arguments)
QUOTING = {
    "plain": ("{tmp}/give a bc", ["a", "bc"]),
    "no arguments": ("{tmp}/give", []),
    "blanks and tabs": ("  {tmp}/give \t a \t  b  ", ["a", "b"]),
    "double quotes": ('"{tmp}/give" "a b" ""', ["a b", ""]),
    "single quotes": ("'{tmp}/give' 'a \"b\"' ''", ['a "b"', ""]),
    "quotes within a word": ("{tmp}/give a'b c'd\"e f\"", ["ab cde f"]),
    "escaped": (r'{tmp}/give a\ b \"c\" \\', ["a b", '"c"', "\\"]),
    "escaped within quotes": (r'{tmp}/give "a\"b\\c\d"' + r" 'e\f'", ['a"b\\c\\d', "e\\f"]),
    "nothing for a shell": ("{tmp}/give $HOME ~ * | > x < y & $(id) `id` !1 {a,b} [c]",
                            ["$HOME", "~", "*", "|", ">", "x", "<", "y", "&", "$(id)", "`id`", "!1", "{a,b}", "[c]"]),
    "semicolons": ("{tmp}/give a;b ';' c", ["a;b", ";", "c"]),
    "equals": ("{tmp}/give --a=b -c = d", ["--a=b", "-c", "=", "d"]),
    "not ASCII": ("{tmp}/give 'ä ö'", ["ä ö"]),
    "option end": ("{tmp}/give -- -v", ["--", "-v"]),
}


@pytest.mark.parametrize("name", QUOTING)
def test_words(place, name):
    """Quotes and backslashes as a shell has them, and nothing else of a shell."""
    command, arguments = QUOTING[name]
    program(place, 'for a in "$@"; do printf "%s\\n" "$a" >> {tmp}/seen; done; cat {tmp}/out')
    place.file("seen", "")
    use(place, command)
    place.good(wanted=place.words["full"])
    assert (place.path / "seen").read_text() == "".join(a + "\n" for a in arguments)


def test_found_in_path(place):
    (place.path / "bin").mkdir()
    program(place, "cat {tmp}/out", "bin/give-in-path")
    use(place, "give-in-path")
    place.good(env={"PATH": f"/nowhere:{place.path}/bin:/usr/bin:/bin"}, wanted=place.words["full"])


def test_environment_and_streams(place):
    """It has our environment, no input, and no descriptors of ours but the three."""
    program(place, 'echo "$AWS_PROFILE $EXTRA" > {tmp}/seen; cat >> {tmp}/seen; ls /proc/$$/fd | tr "\\n" " " >> {tmp}/seen; '
                   'cat {tmp}/out')
    place.files(section("x", credential_process="{tmp}/give"))
    place.good(env={"AWS_PROFILE": "x", "EXTRA": "1"}, stdin="typed", wanted=place.words["full"])
    first, fds = (place.path / "seen").read_text().splitlines()
    assert first == "x 1" and {"0", "1", "2"} <= set(fds.split()) <= {"0", "1", "2", "10", "255"}  # the last: the script


@pytest.mark.parametrize("command, words", [
    ("'{tmp}/give", ["is no command", "quote"]), ('{tmp}/give "a', ["is no command", "quote"]),
    ("{tmp}/give \\", ["is no command", "backslash"]), ("''", ["cannot run", "No such file"]),
    ("/nowhere/program", ["/nowhere/program", "cannot run", "No such file"]), ("no-such-program-anywhere", ["cannot run"]),
    ("{tmp}/out", ["{tmp}/out", "cannot run", "ermission denied"]), ("{tmp}", ["{tmp}", "cannot run"]),
    ("{tmp}/bad-interpreter", ["cannot run", "No such file"]), ("{tmp}/binary", ["cannot run"])])
def test_not_started(place, command, words):
    place.file("bad-interpreter", "#!/nowhere/interpreter\n", 0o700)
    place.file("binary", "\x7fELF nonsense", 0o700)
    use(place, command)
    place.refused(3, NAME, *words)
    assert place.lab.requests() == []


def test_empty_command(place):
    """A key without a value is none; what else there is decides."""
    use(place, "")
    place.refused(3, "no credentials", "profile 'default'")


# ---- what it prints

GOOD = {
    "two members": OUTPUT,
    "a token": OUTPUT.replace("}}", "}").replace('"Version"', '"SessionToken": "", "Version"'),
    "null members": OUTPUT.replace('"Version"', '"SessionToken": null, "Expiration": null, "AccountId": null, "Version"'),
    "further members": OUTPUT.replace('"Version"', '"Other": {"Version": 2}, "Version"'),
    "white space": "\n\t " + OUTPUT.replace(", ", ",\n  ") + "\r\n\n",
    "an end": OUTPUT.replace('"Version"', f'"Expiration": "{FAR}", "Version"'),
    "an end with a zone": OUTPUT.replace('"Version"', '"Expiration": "2099-01-01T00:00:00+05:30", "Version"'),
    "an end with a fraction": OUTPUT.replace('"Version"', '"Expiration": "2099-01-01T00:00:00.123456Z", "Version"'),
}


@pytest.mark.parametrize("name", GOOD)
def test_good(place, name):
    prints(place, GOOD[name])
    place.good(wanted=place.words["full"])


def test_with_token(place):
    prints(place, OUTPUT.replace("full", "session").replace('"Version"', '"SessionToken": "{session_token}", "Version"'))
    place.good(wanted=place.words["session"])


def without(member):
    return {"Version": '{"AccessKeyId": "{full}", "SecretAccessKey": "{full_secret}"}',
            "AccessKeyId": '{"Version": 1, "SecretAccessKey": "{full_secret}"}',
            "SecretAccessKey": '{"Version": 1, "AccessKeyId": "{full}"}'}[member]


BAD = {
    "nothing": ("", ["something else than a JSON object"]),
    "words": ("Please log in: {full_secret}\n", ["something else than a JSON object"]),
    "list": (f"[{OUTPUT}]", ["something else than a JSON object"]),
    "text": ('"{full_secret}"', ["something else than a JSON object"]),
    "half": (OUTPUT[:-3], ["something else than a JSON object"]),
    "two objects": (OUTPUT + OUTPUT, ["something else than a JSON object"]),
    "words before": ("hello\n" + OUTPUT, ["something else than a JSON object"]),
    "no version": (without("Version"), ['"Version": 1']),
    "version 2": (OUTPUT.replace("1", "2", 1), ['"Version": 1']),
    "version as text": (OUTPUT.replace("1", '"1"', 1), ['"Version": 1']),
    "version null": (OUTPUT.replace("1", "null", 1), ['"Version": 1']),
    "no key id": (without("AccessKeyId"), ["AccessKeyId"]),
    "no secret": (without("SecretAccessKey"), ["SecretAccessKey"]),
    "empty key id": (OUTPUT.replace("{full}", ""), ["AccessKeyId"]),
    "secret as number": (OUTPUT.replace('"{full_secret}"', "7"), ["SecretAccessKey"]),
    "names in small letters": (OUTPUT.replace("AccessKeyId", "accessKeyId"), ["AccessKeyId"]),
    "no time": (OUTPUT.replace('"Version"', '"Expiration": "soon", "Version"'), ["Expiration"]),
    "time as number": (OUTPUT.replace('"Version"', '"Expiration": 4070908800, "Version"'), ["Expiration"]),
    "time without zone": (OUTPUT.replace('"Version"', '"Expiration": "2099-01-01T00:00:00", "Version"'), ["Expiration"]),
    "over": (OUTPUT.replace('"Version"', f'"Expiration": "{PAST}", "Version"'), ["over since", PAST]),
    "line break in the key": (OUTPUT.replace("{full_secret}", "a\\nb"), ["line break"]),
    "NUL in the key": (OUTPUT.replace("{full_secret}", "a\\u0000b"), ["SecretAccessKey"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad(place, name):
    prints(place, BAD[name][0])
    place.refused(3, NAME, *BAD[name][1])
    assert place.lab.requests() == []


# ---- how it ends

@pytest.mark.parametrize("body, words", [
    ("exit 1", ["exit status 1", HINT]), ("exit 255", ["exit status 255"]), ("kill -9 $$", ["exit status 137"]),
    ("kill -15 $$", ["exit status 143"]), ("cat {tmp}/out; exit 3", ["exit status 3"]),
    ("echo 'the vault is locked' >&2; exit 2", ["exit status 2: the vault is locked", HINT]),
    ("printf 'first\\nsecond\\n' >&2; exit 2", ["exit status 2: ", "first", "second"]),
    ("printf '\\033[31mred\\007\\r\\n' >&2; exit 2", ["exit status 2: ", "red"]),
    ("printf '\\377\\376' >&2; exit 2", ["exit status 2"]),
    ("head -c 60000 /dev/zero | tr '\\0' x >&2; exit 2", ["exit status 2: xxx"]),
], ids=str)
def test_failure(place, body, words):
    """Its own words are in the line, which stays one; its output is not looked at."""
    use(place, program(place, body))
    ran = place.refused(3, NAME, *words)
    assert all(c not in ran.stderr for c in "\033\007\r") and len(ran.stderr) < 2000


def test_failure_that_shows_a_secret(place):
    """What the program says of its own keys is not handed on."""
    use(place, program(place, "cat {tmp}/out; echo 'I had {full_secret} for you' >&2; exit 2"))
    place.refused(3, NAME, "exit status 2", "for you")


EXAMPLE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"
LEAKS = {
    "words before its output": "echo hello; cat {tmp}/out; echo '+ echo' >&2; cat {tmp}/out >&2; exit 1",
    "output alone on stderr": "cat {tmp}/out >&2; exit 1",
    "a shell that traces": "set -x\nexport AWS_SECRET_ACCESS_KEY={full_secret}\nexit 3",
    "a shell that traces a token": "set -x\nAWS_SESSION_TOKEN={session_token}\nexit 3",
    "half its output": "head -c 90 {tmp}/out; echo 'could not write {full_secret}' >&2; exit 1",
    "escaped as in JSON": 'echo \'{"SecretAccessKey": "' + EXAMPLE.replace("/", "\\/") + "\"}' >&2; exit 1",
    "escaped on stderr alone": 'printf %s \'{"Version":1,"AccessKeyId":"a","SecretAccessKey":"' + EXAMPLE
                               + "\"}'; echo 'bad: " + EXAMPLE.replace("/", "\\/") + "' >&2; exit 1",
    "a small one with its name": "echo 'client_secret = \"hunter2pw\"' >&2; exit 1",
    "a small one as YAML": "echo 'SecretAccessKey: hunter2pw' >&2; exit 1",
    "in a query": "echo 'GET /?secret=hunter2pw&x=y failed' >&2; exit 1",
    "on several lines": "printf 'first\\nAWS_SECRET_ACCESS_KEY={full_secret}\\nlast\\n' >&2; exit 1",
}


@pytest.mark.parametrize("name", LEAKS)
def test_failure_that_shows_a_key(place, name):
    """Whatever stdout holds: CI systems keep what is printed (assert_no_secrets)."""
    for secret in ("hunter2pw", EXAMPLE, EXAMPLE.replace("/", "\\/")):
        place.hide(secret)
    use(place, program(place, LEAKS[name]))
    place.refused(3, NAME, "exit status", "***")


@pytest.mark.parametrize("words", ["the vault at https://vault.example.com/v1/aws/creds/deploy is sealed", "no such file: /a/b-c_d.e",
                                   "exit code 17 of AKIAIOSFODNN7EXAMPLE", "sha256 is wrong; version 1.22.333-beta+build.4567"])
def test_failure_whose_words_are_no_keys(place, words):
    """What helps stays."""
    use(place, program(place, f"echo '{words}' >&2; exit 1"))
    place.refused(3, NAME, words)


def test_words_on_success(place):
    """Its stderr is nobody's business then."""
    use(place, program(place, "echo 'a warning' >&2; cat {tmp}/out"))
    place.good(wanted=place.words["full"])


@pytest.mark.parametrize("body", ["exec sleep 600", "cat {tmp}/out; exec sleep 600", "trap '' TERM INT; exec sleep 600",
                                  "exec 1>&-; exec sleep 600", "while :; do :; done"])
def test_hangs(place, body):
    """--timeout is for it as well, and it does not outlive us."""
    use(place, program(place, "echo $$ > {tmp}/pid\n" + body))
    ran = place.refused(4, NAME, "did not end in time", options=("--timeout", "500ms"), twice=False)
    assert 0.4 < ran.seconds < 3
    pid = int((place.path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_ends_but_leaves_somebody_behind(place):
    """A child of it that keeps its output open is not waited for."""
    use(place, program(place, "cat {tmp}/out\nsleep 20 & echo $! > {tmp}/pid"))
    try:
        ran = place.good(wanted=place.words["full"])
        assert ran.seconds < 3
    finally:
        subprocess.run(["kill", (place.path / "pid").read_text().strip()], check=False)


@pytest.mark.parametrize("body", ["yes", "yes >&2", "cat /dev/zero", "head -c 200000 /dev/zero; exec sleep 600"])
def test_prints_too_much(place, body):
    use(place, program(place, body))
    ran = place.refused(3, NAME, "prints more than", twice=False)
    assert ran.seconds < 3


def test_prints_much_but_not_too_much(place):
    use(place, program(place, "head -c 30000 /dev/zero | tr '\\0' ' '; cat {tmp}/out"))
    place.good(wanted=place.words["full"])


def test_prints_slowly(place):
    use(place, program(place, "printf '{'; sleep 0.2; tail -c +2 {tmp}/out"))
    place.good(wanted=place.words["full"])


def test_does_not_read_its_input(place):
    use(place, program(place, "exec 0<&-; cat {tmp}/out"))
    place.good(wanted=place.words["full"])


def test_whose_parent_ignores_ends_of_children(place):
    """SIGCHLD ignored, as some daemons hand it down."""
    use(place, program(place, "cat {tmp}/out"))
    ran = place.good(wanted=place.words["full"], prefix=("env", "--ignore-signal=CHLD"))
    assert ran.seconds < 2
    use(place, program(place, "echo 'the vault is locked' >&2; exit 2"))
    ran = place.refused(3, NAME, "exit status 2: the vault is locked", prefix=("env", "--ignore-signal=CHLD"))
    assert ran.seconds < 2


# ---- when

@pytest.mark.parametrize("config, credentials, env, wanted", [
    (section(credential_process="/bin/false"), keys("full"), {}, "full"),
    (section(credential_process="/bin/false"), None, variables("full"), "full"),
    (section(credential_process="{tmp}/give", aws_access_key_id="{pull}", aws_secret_access_key="{pull_secret}"), None, {}, "full"),
    (None, section(credential_process="{tmp}/give"), {}, "full"),
    (section("x", credential_process="{tmp}/give"), keys("pull"), {"AWS_PROFILE": "x"}, "full"),
], ids=["behind keys of the credentials file", "behind the environment", "before keys of the config file",
        "in the credentials file", "of another profile"])
def test_order(place, config, credentials, env, wanted):
    program(place, "cat {tmp}/out")
    place.files(config, credentials)
    place.good(env=env, wanted=place.words[wanted])


def test_runs_once(place):
    """However many images there are."""
    place.lab.push_image(f"{place.lab.create_repository('app')}:v1")
    use(place, program(place, "echo run >> {tmp}/runs; cat {tmp}/out"))
    host = place.lab.host
    ran = place.ecr("check", "--via", "ecr", "--json", *[f"{host}/app:v{n}" for n in range(1, 30)])
    assert ran.code == 1 and len(ran.lines) == 29 and (place.path / "runs").read_text() == "run\n"


def test_not_run_when_nothing_needs_it(place):
    use(place, program(place, "echo run >> {tmp}/runs; cat {tmp}/out"))
    assert place.ecr("parse", place.lab.host + "/app:v1").code == 0
    assert not (place.path / "runs").exists()


def test_as_the_source_of_a_role(place):
    place.lab.role(ROLE, trusts=["full"])
    place.files(section("x", role_arn=ROLE, source_profile="default") + section(credential_process="/bin/cat {tmp}/out"))
    place.good("--profile", "x")


def test_end_is_known(place):
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    prints(place, OUTPUT.replace('"Version"', f'"Expiration": "{ends}", "AccountId": "123456789012", "Version"'))
    said = place.ecr("whoami", "--json").json
    assert (said["source"], said["from"], said["expiresAt"], said["profile"]) == ("process", NAME, ends, "default")
