"""The command line: options, errors, help, colours, what goes to which stream, and `ecr parse`."""

import fcntl
import io
import json
import os
import pty
import re
import subprocess
import time

import boto3
import botocore.awsrequest
import botocore.config
import pytest
import urllib3

from lab import synth
from lab.client import ROOT

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{HOST}/team/app:v1"
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
BLUE, GREEN, YELLOW, RED, PLAIN = "\033[34m", "\033[32m", "\033[33m", "\033[31m", "\033[0m"


@pytest.fixture
def pushed(lab):
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    lab.control("clear_log")
    return lab


def nothing_was_asked(lab):
    return lab.requests() == [] and lab.connections() == [] and lab.dns_queries() == []


def one_error(result, *words):
    """Exit 2, nothing on stdout, and one line on stderr that holds the words."""
    assert result.code == 2, result
    assert result.stdout == ""
    line, = result.stderr.splitlines()
    assert line.startswith("ecr: ")
    for word in words:
        assert word in line, line
    return line


# ---- options

PLACES = [
    lambda *option: [*option, "check", IMAGE],
    lambda *option: ["check", *option, IMAGE],
    lambda *option: ["check", IMAGE, *option],
]


@pytest.mark.parametrize("place", PLACES, ids=["before the command", "before the image", "at the end"])
@pytest.mark.parametrize("option", [["--json"], ["--timeout", "30s"], ["--timeout=30s"], ["--max-attempts", "2"],
                                    ["--max-attempts=2"], ["--color", "never"], ["--color=never"], ["-q"], ["--quiet"],
                                    ["-v"], ["--verbose"], ["-qv"], ["--region", "eu-west-1"]])
def test_global_options_stand_anywhere(pushed, place, option):
    result = pushed.ecr(*place(*option))
    assert result.code == 0, result
    if option == ["--json"]:
        assert result.json[0]["state"] == "present"
    if option in (["-q"], ["--quiet"]):
        assert result.stderr == ""


@pytest.mark.parametrize("arguments", [["--via=ecr", IMAGE], ["--via", "ecr", IMAGE], [IMAGE, "--via=ecr"],
                                       ["--via", "ecr", "--", IMAGE]])
def test_own_options(pushed, arguments):
    assert pushed.ecr("check", *arguments).code == 0


def test_the_last_of_repeated_options_counts(pushed):
    assert pushed.ecr("--via", "ecr", "check", IMAGE).code == 2  # --via is check's own
    assert pushed.ecr("check", "--via", "local", "--via", "ecr", IMAGE).code == 0
    assert pushed.ecr("--color", "always", "check", "--color", "never", IMAGE).stderr.count("\033") == 0


def test_double_dash_ends_the_options(lab):
    one_error(lab.ecr("check", "--", "--json"), "--json", "not an image reference")
    one_error(lab.ecr("check", "--", "-q"), "-q", "not an image reference")
    one_error(lab.ecr("check", "-"), "-", "not an image reference")
    assert nothing_was_asked(lab)


@pytest.mark.parametrize("arguments, words", [
    # Unknown options are named with the nearest known one.
    (["check", "--jsn", IMAGE], ["--jsn", "unknown option", "--json"]),
    (["check", "--vai=ecr", IMAGE], ["--vai", "unknown option", "--via"]),
    (["--timeot", "1s", "check", IMAGE], ["--timeot", "unknown option", "--timeout"]),
    (["check", IMAGE, "--profil=x"], ["--profil", "unknown option", "--profile"]),
    (["check", "--max-attempt", "1", IMAGE], ["--max-attempt", "unknown option", "--max-attempts"]),
    (["check", "--something-else-entirely", IMAGE], ["--something-else-entirely", "unknown option"]),
    (["check", "-x", IMAGE], ["-x", "unknown option"]),
    (["check", "-qx", IMAGE], ["-qx", "unknown option"]),
    (["-x"], ["-x", "unknown option"]),
    (["version", "--via", "ecr"], ["--via", "unknown option"]),
    # Unknown commands too.
    (["chekc", IMAGE], ["chekc", "unknown command", "'ecr check'"]),
    (["prase"], ["prase", "unknown command", "'ecr parse'"]),
    (["xyzzyxyzzy"], ["xyzzyxyzzy", "unknown command", "ecr help"]),
    (["help", "chekc"], ["chekc", "unknown command", "'ecr check'"]),
    ([], ["no command given", "ecr help"]),
    ([""], ["unknown command"]),
    (["check"], ["no image given"]),
    (["check", "--"], ["no image given"]),
    (["parse"], ["no image given"]),
    # Values.
    (["check", "--timeout", "10", IMAGE], ["--timeout", "'10'", "500ms"]),
    (["check", "--timeout", "-1s", IMAGE], ["--timeout", "'-1s'"]),
    (["check", "--timeout", "1.5s", IMAGE], ["--timeout", "'1.5s'"]),
    (["check", "--timeout", "1 s", IMAGE], ["--timeout", "'1 s'"]),
    (["check", "--timeout", "0s", IMAGE], ["--timeout", "'0s'"]),
    (["check", "--timeout", "s", IMAGE], ["--timeout", "'s'"]),
    (["check", "--timeout", "1w", IMAGE], ["--timeout", "'1w'"]),
    (["check", "--timeout", "1D", IMAGE], ["--timeout", "'1D'"]),
    (["check", "--timeout", "3661d", IMAGE], ["--timeout", "'3661d'"]),
    (["check", "--timeout", "1001h", IMAGE], ["--timeout", "'1001h'"]),
    (["check", "--timeout=", IMAGE], ["--timeout", "''"]),
    (["check", "--timeout", "99999999999999999999s", IMAGE], ["--timeout", "99999999999999999999s"]),
    (["check", "--timeout", "9223372036854775807h", IMAGE], ["--timeout", "9223372036854775807h"]),
    (["check", "--max-attempts", "0", IMAGE], ["--max-attempts", "'0'", "1 to 100"]),
    (["check", "--max-attempts", "101", IMAGE], ["--max-attempts", "'101'"]),
    (["check", "--max-attempts", "-1", IMAGE], ["--max-attempts", "'-1'"]),
    (["check", "--max-attempts", "three", IMAGE], ["--max-attempts", "'three'"]),
    (["check", "--max-attempts", "18446744073709551617", IMAGE], ["--max-attempts", "18446744073709551617"]),
    (["check", "--via", "aws", IMAGE], ["--via", "'aws'", "auto, ecr, registry, docker, local"]),
    (["check", "--via=", IMAGE], ["--via", "''"]),
    (["check", "--color", "yes", IMAGE], ["--color", "'yes'", "auto, always, never"]),
    (["check", "--region=", IMAGE], ["--region", "empty"]),
    (["check", "--profile", "", IMAGE], ["--profile", "empty"]),
    (["check", "--ca-file=", IMAGE], ["--ca-file", "empty"]),
    (["check", "--authfile=", IMAGE], ["--authfile", "empty"]),
    (["check", "--endpoint-url=", IMAGE], ["--endpoint-url", "empty"]),
    (["check", IMAGE, "--timeout"], ["--timeout", "needs a value"]),
    (["check", IMAGE, "--via"], ["--via", "needs a value"]),
    (["--region"], ["--region", "needs a value"]),
    (["check", "--json=yes", IMAGE], ["--json", "takes no value"]),
    (["check", "--quiet=", IMAGE], ["--quiet", "takes no value"]),
    # What the options name must be usable before anything is asked.
    (["check", "--ca-file", "/nowhere/ca.pem", IMAGE], ["/nowhere/ca.pem"]),
    (["check", "--ca-file", "/etc/hosts", IMAGE], ["/etc/hosts"]),
    (["check", "--ca-file", "/", IMAGE], ["/"]),
    (["check", "--authfile", "/nowhere/auth.json", IMAGE], ["/nowhere/auth.json"]),
    (["check", "--profile", "nobody", IMAGE], ["--profile", "nobody"]),
    (["check", "--endpoint-url", "api.ecr.us-east-1.amazonaws.com", IMAGE], ["--endpoint-url", "URL"]),
    (["check", "--endpoint-url", "ftp://x", IMAGE], ["--endpoint-url", "URL"]),
    (["check", "--endpoint-url", "https://", IMAGE], ["--endpoint-url", "URL"]),
])
def test_wrong_usage(lab, arguments, words):
    one_error(lab.ecr(*arguments), *words)
    assert nothing_was_asked(lab)


@pytest.mark.parametrize("image, rule", [
    ("", "empty"),
    (f"https://{IMAGE}", "no scheme"),
    (f"{HOST}/Team/app:v1", "lower-case"),
    (f"{HOST}/team//app:v1", "lower-case"),
    (f"{HOST}/team/app/:v1", "lower-case"),
    (f"{HOST}/team/-app", "lower-case"),
    (f"{HOST}/team/app.", "lower-case"),
    (f"{HOST}/team/a___b", "lower-case"),
    (f"{HOST}/team/app:", "a tag has"),
    (f"{HOST}/team/app:-v1", "a tag has"),
    (f"{HOST}/team/app:v 1", "a tag has"),
    (f"{HOST}/team/app:{'v' * 129}", "a tag has"),
    (f"{HOST}/team/app:v1@sha256:1234", "digest"),
    (f"{HOST}/team/app@sha256:{'A' * 64}", "digest"),
    (f"{HOST}/team/app@sha256:{'0' * 63}", "digest"),
    (f"{HOST}/team/app@{'0' * 64}", "digest"),
    (f"{HOST}/team/app@", "digest"),
    (f"{HOST}/{'a' * 250}:v1", "255"),
    (f"{HOST}:70000/app", "port"),
    (f"{HOST}:0/app", "port"),
    (f"{HOST}:/app", "port"),
    ("-bad.example.com/app", None),  # read as options
    ("exa_mple.com/app", "host"),
    ("..com/app", "host"),
    ("[::1/app", "host"),
    (f"{HOST}/", "lower-case"),
    (f"{HOST}/:v1", "lower-case"),
    ("/app", "lower-case"),
    (":v1", "no repository"),
    ("@sha256:" + "0" * 64, "no repository"),
    ("team/app\n", "lower-case"),
    ("te am/app", "lower-case"),
])
def test_malformed_references(lab, image, rule):
    # A good one stands before it: it must not be asked either.
    line = one_error(lab.ecr("check", IMAGE, image), *([rule] if rule else []))
    shown = image.replace("\n", " ") or "''"
    assert shown in line
    assert nothing_was_asked(lab)


def test_json_errors(lab):
    result = lab.ecr("check", "--json", f"{HOST}/Team/app")
    assert result.code == 2
    error = result.json[0]["error"]
    assert set(error) == {"reason", "subject", "cause"}
    assert error["reason"] == "usage" and error["subject"] == f"{HOST}/Team/app" and "lower-case" in error["cause"]
    assert len(result.stderr.splitlines()) == 1
    result = lab.ecr("--json", "chekc")
    assert result.code == 2
    assert result.json == [{"error": {"reason": "usage", "subject": "chekc", "cause": "unknown command",
                                      "hint": "did you mean 'ecr check'?"}}]


# ---- help and version

COMMANDS = ["check", "wait", "ensure", "digest", "manifest", "config", "parse", "login", "logout", "get-login-password",
            "credential-helper", "kubelet-credentials", "whoami", "doctor", "repo", "policy", "image", "tag", "lifecycle", "cache",
            "replication", "scan", "pull", "push", "copy", "api", "version", "help"]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["--json", "--help"]])
def test_overview(lab, arguments):
    result = lab.ecr(*arguments)
    assert result.code == 0 and result.stderr == ""
    for word in ("--region", "--timeout", "--json", "exit status"):
        assert word in result.stdout
    assert re.findall(r"^  ([a-z][\w-]*)  ", result.stdout, re.MULTILINE) == COMMANDS


@pytest.mark.parametrize("arguments", [["help", "check"], ["check", "--help"], ["check", "-h"], ["--help", "check"],
                                       ["check", "--nonsense", "--help"], ["check", "--help", ""]])
def test_help_of_a_command(lab, arguments):
    result = lab.ecr(*arguments)
    assert result.code == 0 and result.stderr == ""
    assert result.stdout.startswith("ecr check: ") and "--via" in result.stdout and "usage: ecr check" in result.stdout
    assert nothing_was_asked(lab)


def test_help_is_an_operand_behind_a_double_dash(lab):
    one_error(lab.ecr("check", "--", "--help"), "--help", "not an image reference")


@pytest.mark.parametrize("arguments, shape", [(["version"], "ecr {}\n"), (["version", "--json"], '{{"version":"{}"}}\n')])
def test_version(lab, arguments, shape):
    with open(os.path.join(ROOT, "src", "base", "version.h")) as f:
        number = f.read().split('ECR_VERSION "')[1].split('"')[0]
    result = lab.ecr(*arguments)
    assert (result.code, result.stdout, result.stderr) == (0, shape.format(number), "")


# ---- what is written

def test_lines_of_a_present_image(lab):
    digest = lab.push(f"{lab.create_repository('team/app')}:v1", synth.image())
    result = lab.ecr("check", IMAGE)
    assert result.stdout == f"present  {IMAGE}  {digest}\n"
    assert result.stderr == f"Checking ECR for image... {IMAGE}\nImage found in ECR: {IMAGE}\n"


def test_lines_of_an_absent_image(pushed):
    image = f"{HOST}/team/app:v2"
    result = pushed.ecr("check", image)
    assert result.stdout == f"absent  {image}  no-image\n"
    assert result.stderr == f"Checking ECR for image... {image}\nImage not found in ECR: {image}\n"


def test_lines_of_a_fallback(pushed):
    result = pushed.ecr("check", IMAGE, key=None)
    assert result.code == 3
    assert result.stdout == f"unknown  {IMAGE}  no-credentials\n"
    lines = result.stderr.splitlines()
    assert lines[:2] == [f"Checking ECR for image... {IMAGE}",
                         f"ECR check failed, falling back to the registry: {IMAGE} (no-credentials)"]
    assert lines[2] == f"Registry check failed, falling back to Docker: {IMAGE} (no-credentials)"
    assert lines[3].startswith(f"ecr: {IMAGE}: no-credentials: ") and len(lines) == 4


def test_no_fallback_is_announced_where_none_follows(pushed):
    result = pushed.ecr("check", "--via", "ecr", IMAGE, key=None)
    assert result.code == 3 and "falling back" not in result.stderr


def test_only_ecr_images_are_said_to_be_checked_in_ecr(lab):
    assert "ECR" not in lab.ecr("check", "registry.lab.test/app:v1").stderr


def test_the_reason_is_named_in_the_fallback(pushed):
    pushed.fault("throttle", service="api")
    result = pushed.ecr("check", "--max-attempts", "1", IMAGE)
    assert result.stderr.splitlines()[1:3] == [f"ECR check failed, falling back to the registry: {IMAGE} (throttled)",
                                               f"Registry check failed, falling back to Docker: {IMAGE} (no-credentials)"]


@pytest.mark.parametrize("count, verbose, noted", [(20, False, True), (21, False, False), (21, True, True)])
def test_notes_for_up_to_twenty_images(lab, count, verbose, noted):
    repository = lab.create_repository("team/app")
    tags = [f"t{n}" for n in range(count)]
    lab.push_tags(repository, tags)
    result = lab.ecr("check", *(["-v"] if verbose else []), *(f"{repository}:{t}" for t in tags))
    assert result.code == 0 and len(result.lines) == count
    assert [f"Image found in ECR: {repository}:{t}" in result.stderr.splitlines() for t in tags] == [noted] * count
    assert [f"Checking ECR for image... {repository}:{t}" in result.stderr.splitlines() for t in tags] == [noted] * count
    # From 21 on they are counted, so that nobody has to.
    summary = [f"{count} images: {count} present"] if count > 20 else []
    assert [line for line in result.stderr.splitlines() if line.endswith(" present")] == summary
    assert noted or result.stderr.splitlines() == summary


def test_quiet_leaves_errors(pushed):
    assert pushed.ecr("check", "-q", IMAGE).stderr == ""
    result = pushed.ecr("check", "-q", "--via", "ecr", IMAGE, key=None)
    line, = result.stderr.splitlines()
    assert line.startswith(f"ecr: {IMAGE}: no-credentials")


def test_verbose_shows_the_requests_without_secrets(pushed):
    result = pushed.ecr("check", "-v", IMAGE, key="session")
    key = pushed.keys["session"]
    assert pushed.api_host in result.stderr
    for secret in (key["secret_access_key"], key["session_token"]):
        assert secret not in result.stdout + result.stderr
    assert result.stdout.startswith("present  ")


def test_an_image_is_printed_as_typed(lab):
    lab.push_image(f"{lab.create_repository('team/app')}:latest")
    for typed in (f"{HOST}/team/app", f"{HOST.upper()}/team/app:latest"):
        result = lab.ecr("check", typed)
        assert result.lines[0].split("  ")[1] == typed
        assert lab.ecr("check", "--json", typed).json[0]["image"] == typed
        assert lab.ecr("check", "--json", typed).json[0]["reference"] == f"{HOST}/team/app:latest"


@pytest.mark.parametrize("text", [b"\x1b[31mred", b"bell\x07", b"\xff\xfe", b"caf\xc3\xa9", b"\xc2\x9b31m",
                                  "\u202etxt.exe".encode(), b"line\nbreak", b"##[error]x", b"##vso[task.x]",
                                  b"\r::error::x"])
def test_hostile_bytes_in_arguments(lab, text):
    for arguments in (["check", text], [text], ["check", b"--" + text, IMAGE], ["check", b"--via=" + text, IMAGE]):
        done = subprocess.run([BINARY, *arguments], capture_output=True, env={"PATH": "/usr/bin"}, timeout=20)
        assert done.returncode == 2
        out = done.stdout + done.stderr
        out.decode("utf-8")  # whatever came in, what goes out is text
        assert out.count(b"\n") == 1 and out.endswith(b"\n")
        for harmful in (b"\x1b", b"\x07", b"\r", b"\xc2\x9b", "\u202e".encode(), b"##[", b"##vso["):
            assert harmful not in out
    assert nothing_was_asked(lab)


def test_hostile_bytes_are_json_safe(lab):
    done = subprocess.run([BINARY, "check", "--json", b"\x1b[31m\"\\\n\xff/x"], capture_output=True, env={}, timeout=20)
    assert done.returncode == 2
    assert b"\x1b" not in done.stdout and done.stdout.count(b"\n") == 1
    assert json.loads(done.stdout)["error"]["reason"] == "usage"


# ---- colours

COLOURED = [f"{BLUE}Checking ECR for image... {IMAGE}{PLAIN}", f"{GREEN}Image found in ECR: {IMAGE}{PLAIN}"]


def on_a_terminal(lab, *arguments, **env):
    """stderr as a terminal sees it; stdout apart."""
    ours, theirs = pty.openpty()
    environment = {"PATH": "/usr/bin", "SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere", **lab.key_environment("full"),
                   **env}
    process = subprocess.Popen([BINARY, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break  # the other end is closed
        if not piece:
            break
        text += piece
    os.close(ours)
    out = process.stdout.read().decode()
    process.stdout.close()
    return process.wait(20), out, text.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("env, options, coloured", [
    ({}, [], True), ({"TERM": "xterm"}, [], True), ({"TERM": "dumb"}, [], False), ({"NO_COLOR": "1"}, [], False),
    ({"NO_COLOR": ""}, [], True),  # no-color.org: present and not empty
    ({}, ["--color", "never"], False), ({"NO_COLOR": "1"}, ["--color", "always"], True),
    ({"TERM": "dumb"}, ["--color=always"], True), ({}, ["--color", "auto"], True)])
def test_colours_on_a_terminal(pushed, env, options, coloured):
    code, out, lines = on_a_terminal(pushed, *options, "check", IMAGE, **env)
    assert code == 0
    assert "\033" not in out
    assert lines == (COLOURED if coloured else [line[5:-4] for line in COLOURED])


@pytest.mark.parametrize("options, coloured", [([], False), (["--color=auto"], False), (["--color=never"], False),
                                               (["--color=always"], True)])
def test_colours_in_a_pipe(pushed, options, coloured):
    result = pushed.ecr(*options, "check", IMAGE)
    assert result.stderr.splitlines() == (COLOURED if coloured else [line[5:-4] for line in COLOURED])
    assert "\033" not in result.stdout


def test_colours_of_absence_fallback_and_errors(pushed):
    result = pushed.ecr("--color=always", "check", f"{HOST}/team/app:v2")
    assert f"{YELLOW}Image not found in ECR: {HOST}/team/app:v2{PLAIN}" in result.stderr.splitlines()
    result = pushed.ecr("--color=always", "check", IMAGE, key=None)
    assert result.stderr.splitlines()[1:3] == [
        f"{YELLOW}ECR check failed, falling back to the registry: {IMAGE} (no-credentials){PLAIN}",
        f"{YELLOW}Registry check failed, falling back to Docker: {IMAGE} (no-credentials){PLAIN}"]
    result = pushed.ecr("--color=always", "chekc")
    assert result.stderr.startswith(f"{RED}ecr: ") and result.stderr.endswith(f"{PLAIN}\n")


# ---- ecr parse

PRIVATE = [
    # host, partition, region, API endpoint
    ("{a}.dkr.ecr.us-east-1.amazonaws.com", "aws", "us-east-1", "https://api.ecr.us-east-1.amazonaws.com/"),
    ("{a}.dkr.ecr.ap-southeast-5.amazonaws.com", "aws", "ap-southeast-5", "https://api.ecr.ap-southeast-5.amazonaws.com/"),
    ("{a}.dkr.ecr-fips.us-east-1.amazonaws.com", "aws", "us-east-1", "https://api.ecr-fips.us-east-1.amazonaws.com/"),
    ("{a}.dkr-ecr.eu-west-1.on.aws", "aws", "eu-west-1", "https://ecr.eu-west-1.api.aws/"),
    ("{a}.dkr-ecr-fips.us-east-1.on.aws", "aws", "us-east-1", "https://ecr-fips.us-east-1.api.aws/"),
    ("{a}.dkr.ecr.us-gov-west-1.amazonaws.com", "aws-us-gov", "us-gov-west-1", "https://api.ecr.us-gov-west-1.amazonaws.com/"),
    ("{a}.dkr.ecr-fips.us-gov-east-1.amazonaws.com", "aws-us-gov", "us-gov-east-1",
     "https://api.ecr-fips.us-gov-east-1.amazonaws.com/"),
    ("{a}.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn", "cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn/"),
    ("{a}.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn", "aws-cn", "cn-northwest-1",
     "https://ecr.cn-northwest-1.api.amazonwebservices.com.cn/"),
    ("{a}.dkr.ecr.eusc-de-east-1.amazonaws.eu", "aws-eusc", "eusc-de-east-1", "https://api.ecr.eusc-de-east-1.amazonaws.eu/"),
    ("{a}.dkr.ecr.us-iso-east-1.c2s.ic.gov", "aws-iso", "us-iso-east-1", "https://api.ecr.us-iso-east-1.c2s.ic.gov/"),
    ("{a}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "aws-iso-b", "us-isob-east-1",
     "https://api.ecr.us-isob-east-1.sc2s.sgov.gov/"),
    ("{a}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "aws-iso-e", "eu-isoe-west-1",
     "https://api.ecr.eu-isoe-west-1.cloud.adc-e.uk/"),
    ("{a}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "aws-iso-f", "us-isof-south-1",
     "https://api.ecr.us-isof-south-1.csp.hci.ic.gov/"),
]


@pytest.mark.parametrize("host, partition, region, endpoint", PRIVATE, ids=[row[0] for row in PRIVATE])
def test_parse_hosts_of_all_partitions(lab, host, partition, region, endpoint):
    host = host.format(a=lab.account)
    result = lab.ecr("parse", "--json", f"{host}/team/app:v1")
    assert result.code == 0 and result.stderr == ""
    shown = result.json[0]
    assert shown == {"endpoint": endpoint, "image": f"{host}/team/app:v1", "reference": f"{host}/team/app:v1", "registry": host,
                     "repository": "team/app", "tag": "v1", "account": lab.account, "region": region, "partition": partition,
                     "isEcr": True, "isPublic": False}
    assert nothing_was_asked(lab)


@pytest.mark.parametrize("host", ["public.ecr.aws", "ecr-public.aws.com"])
def test_parse_public(lab, host):
    result = lab.ecr("parse", "--json", f"{host}/lab/app")
    assert result.code == 0
    shown = result.json[0]
    assert (shown["isEcr"], shown["isPublic"], shown["region"], shown["partition"]) == (True, True, "us-east-1", "aws")
    assert "account" not in shown and "ecr-public" in shown["endpoint"] and shown["tag"] == "latest"


A = "123456789012"


@pytest.mark.parametrize("host", [
    "12345678901.dkr.ecr.us-east-1.amazonaws.com", "1234567890123.dkr.ecr.us-east-1.amazonaws.com",
    f"x{A[1:]}.dkr.ecr.us-east-1.amazonaws.com", f"{A}.dkr.ecr.us-east-1.amazonaws.com.evil.com",
    f"{A}.dkr.ecr.us-east-1.amazonaws.org", f"{A}.dkr.ecr.us-east-1.amazonaws.com.cn",
    f"{A}.dkr.ecr.cn-north-1.amazonaws.com", f"{A}.dkr.ecr.amazonaws.com", f"{A}.dkr.ecr..amazonaws.com",
    f"{A}.dkr.ecr.us-east-1.on.aws", f"{A}.dkr-ecr.us-east-1.amazonaws.com", f"{A}.dkr.ecr.useast1.amazonaws.com",
    f"{A}.dkr.ecr.us-east-x.amazonaws.com", f"{A}.dkr.ecr.evil.us-east-1.amazonaws.com",
    f"{A}.dkr.ecr.us-east-1.c2s.ic.gov", f"evil.{A}.dkr.ecr.us-east-1.amazonaws.com",
    f"{A}-dkr.ecr.us-east-1.amazonaws.com", f"{A}.dkr.ecr.us-east-1.amazonaws.com:443", "api.ecr.us-east-1.amazonaws.com",
    "public.ecr.aws.evil.com", "xpublic.ecr.aws", "ecr.aws", "docker.io", "localhost:5000", "registry.lab.test",
    "localhost.localstack.cloud:4566", "[::1]:5000"])
def test_parse_look_alikes(lab, host):
    result = lab.ecr("parse", "--json", f"{host}/team/app:v1")
    if ".." in host:
        assert result.code == 2  # no host at all
        return
    assert result.code == 1
    shown = result.json[0]
    assert shown["isEcr"] is False and shown["isPublic"] is False
    assert not {"account", "region", "partition", "endpoint"} & set(shown)
    assert "ecr         no\n" in lab.ecr("parse", f"{host}/team/app:v1").stdout


@pytest.mark.parametrize("typed, reference, repository, tag, digest", [
    ("alpine", "docker.io/library/alpine:latest", "library/alpine", "latest", None),
    ("a/b", "docker.io/a/b:latest", "a/b", "latest", None),
    ("index.docker.io/a:1", "docker.io/library/a:1", "library/a", "1", None),
    ("localhost/a", "localhost/a:latest", "a", "latest", None),
    ("Upper/a", "upper/a:latest", "a", "latest", None),
    (f"{HOST}/a/b/c@sha256:{'0' * 64}", f"{HOST}/a/b/c@sha256:{'0' * 64}", "a/b/c", None, "sha256:" + "0" * 64),
    (f"{HOST}/a:v@sha256:{'0' * 64}", f"{HOST}/a:v@sha256:{'0' * 64}", "a", "v", "sha256:" + "0" * 64),
    (f"{HOST}/a__b.c--d", f"{HOST}/a__b.c--d:latest", "a__b.c--d", "latest", None),
    (f"{HOST}/a:{'v' * 128}", f"{HOST}/a:{'v' * 128}", "a", "v" * 128, None),
])
def test_parse_references(lab, typed, reference, repository, tag, digest):
    shown = lab.ecr("parse", "--json", typed).json[0]
    assert (shown["reference"], shown["repository"], shown.get("tag"), shown.get("digest")) == (reference, repository, tag, digest)


def test_parse_text(lab):
    assert lab.ecr("parse", IMAGE).stdout == (
        f"image       {IMAGE}\nreference   {IMAGE}\nregistry    {HOST}\nrepository  team/app\ntag         v1\n"
        "account     123456789012\nregion      us-east-1\npartition   aws\n"
        "endpoint    https://api.ecr.us-east-1.amazonaws.com/\necr         yes\n")


def test_parse_several(lab):
    result = lab.ecr("parse", "--json", IMAGE, "alpine", IMAGE)
    assert result.code == 1 and [shown["isEcr"] for shown in result.json] == [True, False, True]
    assert lab.ecr("parse", IMAGE, IMAGE).code == 0


@pytest.mark.parametrize("env, options, endpoint", [
    ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, [], "http://127.0.0.1:4566/"),
    ({"AWS_ENDPOINT_URL_ECR": "https://one.test", "AWS_ENDPOINT_URL": "https://two.test"}, [], "https://one.test/"),
    ({"AWS_ENDPOINT_URL_STS": "https://one.test"}, [], "https://api.ecr.us-east-1.amazonaws.com/"),
    ({"AWS_ENDPOINT_URL": "https://two.test"}, ["--endpoint-url", "https://three.test:8443/x"], "https://three.test:8443/x"),
    ({"AWS_ENDPOINT_URL": "https://user:secret@two.test"}, [], "https://two.test/"),
    ({"AWS_ENDPOINT_URL": "https://two.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}, [],
     "https://api.ecr.us-east-1.amazonaws.com/"),
    ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, [], "https://ecr.us-east-1.api.aws/"),
    ({"AWS_ENDPOINT_URL": ""}, [], "https://api.ecr.us-east-1.amazonaws.com/"),
])
def test_parse_endpoint_settings(lab, env, options, endpoint):
    shown = lab.ecr("parse", "--json", *options, IMAGE, env=env)
    assert shown.code == 0 and shown.json[0]["endpoint"] == endpoint
    assert "secret" not in shown.stdout


def test_parse_with_fips_demanded(lab):
    shown = lab.ecr("parse", "--json", IMAGE, env={"AWS_USE_FIPS_ENDPOINT": "true"}).json[0]["endpoint"]
    assert "ecr-fips.us-east-1.amazonaws.com" in shown
    # A URL of one's own cannot promise FIPS.
    refused = lab.ecr("parse", IMAGE, env={"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL": "https://two.test"})
    assert refused.code != 0 and "AWS_USE_FIPS_ENDPOINT" in refused.stderr and refused.stdout == ""


def test_parse_endpoints_are_those_of_the_sdk(lab):
    """botocore sends its requests to the same hosts."""
    asked = []

    def keep(request, **_):
        asked.append(request.url)
        body = urllib3.HTTPResponse(io.BytesIO(b"{}"), preload_content=False)
        return botocore.awsrequest.AWSResponse(request.url, 200, {}, body)

    for host, _, region, endpoint in PRIVATE:
        config = botocore.config.Config(use_fips_endpoint="-fips." in host, use_dualstack_endpoint="dkr-ecr" in host)
        client = boto3.client("ecr", region_name=region, config=config, aws_access_key_id="x", aws_secret_access_key="x")
        client.meta.events.register("before-send.*", keep)
        client.describe_repositories()
        assert asked[-1] == endpoint, host


# ---- what a peer says, in what others read

@pytest.mark.parametrize("text", ["##vso[task.setvariable variable=PATH]/evil", "##[add-path]/evil", "###[error]x", "#" * 9,
                                  "a\u202eb\u200f\u2066c", "\u0085\u009b31m"])
def test_json_holds_no_commands_of_a_peer(pushed, text):
    """CI systems look for them anywhere in a line, in what a reader of JSON would understand as mere text too."""
    pushed.fault("body", service="api", status=400,
                 text=json.dumps({"__type": "InvalidParameterException", "message": f"no: {text}"}))
    result = pushed.ecr("check", "--via", "ecr", "--json", IMAGE)
    assert result.code == 5 and text in result.json[0]["trail"][-1]["detail"], result
    assert "##" not in result.stdout, result
    for said in (result.stdout, result.stderr):
        assert not re.search(r"##\w*\[|[\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]", said), result


@pytest.mark.parametrize("options", [[], ["--json"], ["-v"]], ids=str)
def test_a_huge_message_of_a_peer_is_cut(pushed, options):
    """Printed once for each of many images it would fill memory and log."""
    pushed.fault("body", service="api", status=400, headers={"x-amzn-requestid": "r" * 9000},
                 text=json.dumps({"__type": "InvalidParameterException", "message": "h\u00e4" * 100_000}))
    result = pushed.ecr("check", "--via", "ecr", *options, *(f"{HOST}/team/app:v{n}" for n in range(20)))
    assert result.code == 5 and "h\u00e4h\u00e4" in result.stdout + result.stderr, result.code
    assert len(result.stdout + result.stderr) < 20 * 8000


# ---- pipes

def in_bash(lab, script, home, **env):
    """The binary is "$ECR"."""
    lab.clear_log()
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, env={
        "PATH": "/usr/bin:/bin", "ECR": os.path.join(ROOT, BINARY), "SSL_CERT_FILE": lab.ca, "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true", "DOCKER_HOST": "unix:///none/docker.sock", "CA": lab.ca, **env})


@pytest.mark.parametrize("wait", ["", "sleep 0.4; "], ids=["at once", "late"])
def test_files_may_be_pipes(pushed, tmp_path, wait):
    keys = pushed.key_environment("full")
    (tmp_path / "keys").write_text(f"[default]\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
                                   f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n")
    check = f'"$ECR" check --via ecr {IMAGE}'
    for script, env in ((f"{check} --authfile <({wait}echo '{{}}')", keys), (f'{check} --ca-file <({wait}cat "$CA")', keys),
                        (f'AWS_SHARED_CREDENTIALS_FILE=<({wait}cat "$HOME/keys") {check}', {})):
        done = in_bash(pushed, script, tmp_path, **env)
        assert done.returncode == 0, (script, done)


def test_a_stdout_that_does_not_block(lab):
    """A parent that shares the pipe may have made it so; all lines must come, however slowly they are read."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    images = [f"{HOST}/a:v{n}" for n in range(300)]
    with subprocess.Popen([os.path.join(ROOT, BINARY), "parse", "--json", *images], env={}, stdout=writing,
                          stderr=subprocess.PIPE) as run:
        os.close(writing)
        time.sleep(0.3)
        with open(reading) as stream:
            lines = stream.read().splitlines()
        assert (run.wait(), run.stderr.read()) == (0, b"") and len(lines) == len(images)


@pytest.mark.parametrize("arguments", [["version", "extra"], ["version", "--json", "extra"], ["help", "check", "extra"],
                                       ["version", ""]])
def test_operands_too_many(lab, arguments):
    result = lab.ecr(*arguments)
    assert result.code == 2 and nothing_was_asked(lab), result
    assert "extra" in result.stdout + result.stderr or arguments[-1] == ""
