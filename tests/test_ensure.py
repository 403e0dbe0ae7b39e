"""`ecr ensure IMAGE... -- COMMAND`: the command runs only where an image is absent, its exit status counts, and a check follows."""

import os
import signal
import subprocess
import sys
import time

import pytest

from lab.client import ROOT
from support_net import file_of

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
AS_PID_1 = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
FOUND, MISSING = "Image found, skipping build: ", "Image not found, building: "


@pytest.fixture
def repository(lab):
    made = lab.create_repository("app")
    lab.clear_log()
    return made


def builder(lab, tmp_path, ref, code=0):
    """A command that pushes the image, leaves a trace, and ends like that."""
    trace = tmp_path / "trace"
    text = (f"import sys; sys.path.insert(0, {ROOT + '/tests'!r})\n"
            f"open({str(trace)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
            f"from lab import Lab\n"
            f"{f'Lab().push_image({ref!r})' if ref else ''}\n"
            f"sys.exit({code})\n")
    lab.trace = trace
    names = ("LAB_DIR", "LAB_CA", "LAB_CONTROL", "LAB_DOCKER_SOCK")
    lab.environment = {**{n: os.environ[n] for n in names}, "AWS_CA_BUNDLE": lab.ca}
    return [sys.executable, file_of(tmp_path / "build.py", text)]


def traces(lab):
    return lab.trace.read_text().splitlines() if lab.trace.exists() else []


def ensure(lab, *arguments, **options):
    return lab.ecr("ensure", *arguments, env=getattr(lab, "environment", {}), **options)


# ---- whether it runs

def test_it_runs_and_checks_again(lab, repository, tmp_path):
    command = builder(lab, tmp_path, f"{repository}:v1")
    result = ensure(lab, f"{repository}:v1", "--", *command, "--json", "-x", "a b")
    assert result.code == 0, result
    assert traces(lab) == ["--json -x a b"]  # what stands behind -- is the command's
    assert MISSING + f"{repository}:v1" in result.stderr
    assert [r["operation"] for r in lab.requests(service="api")].count("DescribeImages") >= 2
    # And a second time there is nothing to do.
    result = ensure(lab, f"{repository}:v1", "--", *command)
    assert result.code == 0 and len(traces(lab)) == 1 and FOUND + f"{repository}:v1" in result.stderr


def test_stdout_is_the_commands(lab, repository):
    lab.push_image(f"{repository}:v1")
    assert ensure(lab, f"{repository}:v1", "--", "echo", "built").stdout == ""
    result = ensure(lab, f"{repository}:v2", "--", "echo", "built")
    assert result.stdout == "built\n" and result.code == 1


def test_a_command_that_does_not_make_it(lab, repository, tmp_path):
    result = ensure(lab, f"{repository}:v1", "--", *builder(lab, tmp_path, None))
    assert result.code == 1 and traces(lab) == [""]
    assert "the command ended well, but did not make it" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("code", [1, 2, 6, 7, 42, 126, 127, 255])
def test_its_exit_status_passes_through(lab, repository, code):
    result = ensure_any(lab, f"{repository}:v1", "--", "sh", "-c", f"exit {code}")
    assert result.returncode == code
    assert len([r for r in lab.requests(operation="DescribeImages") if '"filter"' not in r["body"]]) == 1  # no second check


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_a_command_that_is_killed(lab, repository, number):
    assert ensure_any(lab, f"{repository}:v1", "--", "sh", "-c", f"kill -{number.value} $$").returncode == 128 + number


def environment(lab):
    return {"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere", "PATH": "/usr/bin:/bin", **lab.key_environment("full")}


def ensure_any(lab, *arguments, prefix=()):
    """Any exit status goes."""
    return subprocess.run([*prefix, BINARY, "ensure", *arguments], env=environment(lab), capture_output=True, text=True, timeout=30)


RUN_ON = [
    # what there is, --run-on, does it run, exit if not
    ("unknown", None, False, 4), ("unknown", "unfit", False, 4), ("unknown", "unknown", True, 0),
    ("unknown", "unfit,unknown", True, 0), ("unfit", None, False, 6), ("unfit", "unknown", False, 6),
    ("unfit", "unfit", True, 0), ("unfit", "unknown, unfit", True, 0), ("absent", "absent", True, 0), ("absent", "unfit", True, 0),
]


@pytest.mark.parametrize("state, option, runs, code", RUN_ON)
def test_run_on(lab, repository, tmp_path, state, option, runs, code):
    command = builder(lab, tmp_path, f"{repository}:v1")
    if state == "unknown":
        lab.fault("throttle", service="api", count=1)
    elif state == "unfit":
        lab.push_image(f"{repository}:v1", content="an older one")
        lab.archive(f"{repository}:v1")
    options = ["--via", "ecr", "--max-attempts", "1", *(["--run-on", option] if option else [])]
    result = ensure(lab, *options, f"{repository}:v1", "--", *command)
    assert (result.code, len(traces(lab))) == (0 if runs else code, int(runs)), result


def test_one_of_several_is_enough(lab, repository, tmp_path):
    lab.push_image(f"{repository}:v1")
    command = builder(lab, tmp_path, f"{repository}:v2")
    result = ensure(lab, f"{repository}:v1", f"{repository}:v2", "--", *command)
    assert result.code == 0 and traces(lab) == [""]
    assert FOUND + f"{repository}:v1" in result.stderr and MISSING + f"{repository}:v2" in result.stderr
    assert MISSING + f"{repository}:v1" not in result.stderr


def test_nothing_runs_while_one_is_unknown(lab, repository, tmp_path):
    """One is absent, but nobody knows what the command would do to the other."""
    lab.fault("deny", host="api.ecr.eu-west-1.amazonaws.com")
    other = f"{lab.account}.dkr.ecr.eu-west-1.amazonaws.com/app:v1"
    result = ensure(lab, "--via", "ecr", f"{repository}:v1", other, "--", *builder(lab, tmp_path, f"{repository}:v1"))
    assert result.code == 3 and traces(lab) == []


def test_requirements_are_checked_before_and_after(lab, repository, tmp_path):
    lab.push_image(f"{repository}:v1", "linux/s390x", content="an older one")
    command = builder(lab, tmp_path, f"{repository}:v1")
    options = ["--platform", "linux/amd64", "--run-on", "unfit"]
    assert ensure(lab, *options, f"{repository}:v1", "--", *command).code == 0 and len(traces(lab)) == 1
    result = ensure(lab, "--platform", "linux/arm64", "--run-on", "unfit", f"{repository}:v1", "--", "true")
    assert result.code == 6 and "no-platform" in result.stderr


# ---- commands that cannot be run

@pytest.mark.parametrize("command, code, word", [
    ("no-such-command", 127, "No such file"), ("/none/x", 127, "No such file"), ("/etc/passwd", 126, "ermission denied"),
    ("/usr", 126, "ermission denied"), ("", 127, "No such file")])
def test_commands_that_cannot_be_run(lab, repository, command, code, word):
    result = ensure_any(lab, f"{repository}:v1", "--", command)
    assert result.returncode == code and word in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith(f"ecr: {command}")


@pytest.mark.parametrize("arguments, word", [
    (["a/b:1"], "no command given"), (["a/b:1", "--"], "no command given"), (["--", "true"], "no image given"),
    (["--run-on", "present", "a/b:1", "--", "true"], "--run-on"), (["--run-on", "all", "a/b:1", "--", "true"], "'all'"),
    (["a/UPPER:1", "--", "true"], "not an image reference"), (["--nope", "a/b:1", "--", "true"], "unknown option")])
def test_wrong_usage(lab, arguments, word):
    result = lab.ecr("ensure", *arguments)
    assert result.code == 2 and word in result.stderr and lab.requests() == [] and lab.dns_queries() == []


def test_the_command_sees_its_own_world(lab, repository):
    """Its environment, its streams; and a pipe that ends kills it as it kills others."""
    script = "cat; echo $HERE; (exec yes | head -1); ls /proc/self/fd"
    done = subprocess.run([BINARY, "ensure", f"{repository}:v1", "--", "sh", "-c", script],
                          env={**environment(lab), "HERE": "yes"}, capture_output=True, text=True, input="in\n", timeout=30)
    assert done.stdout.split() == ["in", "yes", "y", "0", "1", "2", "3"]  # 3 is the listing's own
    assert "Broken pipe" not in done.stderr


# ---- signals, and the life of PID 1

def start(lab, *arguments, prefix=(), **options):
    return subprocess.Popen([*prefix, BINARY, "ensure", *arguments], env=environment(lab), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **options)


def binary_of(process, prefix):
    if not prefix:
        return process.pid
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
        return int(f.read().split()[0])


PREFIXES = pytest.mark.parametrize("prefix", [[], AS_PID_1], ids=["a child", "PID 1"])


@PREFIXES
@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1", "USR2", "QUIT"])
def test_signals_are_handed_on(lab, repository, prefix, name):
    script = f"trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
    process = start(lab, f"{repository}:v1", "--", "sh", "-c", script, prefix=prefix)
    assert process.stdout.readline() == "ready\n"
    os.kill(binary_of(process, prefix), getattr(signal, f"SIG{name}"))
    out, _ = process.communicate(timeout=10)
    assert out.strip() == f"got {name}" and process.returncode == 9


@PREFIXES
def test_a_command_that_a_signal_ends(lab, repository, prefix):
    process = start(lab, f"{repository}:v1", "--", "sh", "-c", "echo ready; exec sleep 30", prefix=prefix)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.05)
    os.kill(binary_of(process, prefix), signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 143


@PREFIXES
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("when", ["before", "after"])
def test_signals_end_a_check(lab, repository, tmp_path, prefix, number, when):
    """The first one, and the one behind the command: then it is ours again to end."""
    lab.fault("stall", service="api", skip=0 if when == "before" else 4)
    process = start(lab, f"{repository}:v1", "--", "true", prefix=prefix)
    end = time.monotonic() + 10
    while not lab.faults()[0]["hits"]:
        assert time.monotonic() < end
        time.sleep(0.02)
    began = time.monotonic()
    os.kill(binary_of(process, prefix), number)
    try:
        process.communicate(timeout=2)
    finally:
        process.kill()
    assert process.returncode == 128 + number and time.monotonic() - began < 2


def test_zombies_are_reaped(lab, repository):
    """As PID 1 we inherit what the command left behind; and only its own status counts."""
    script = ("for n in 1 2 3; do (sh -c 'sleep 0.1; exit 5' &) ; done; sleep 0.6; "
              "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l; exit 7")
    process = start(lab, f"{repository}:v1", "--", "sh", "-c", script, prefix=AS_PID_1)
    out, _ = process.communicate(timeout=20)
    assert out.strip() == "0" and process.returncode == 7


@PREFIXES
def test_it_ends_though_a_grandchild_stays(lab, repository, prefix):
    process = start(lab, f"{repository}:v1", "--", "sh", "-c", "sleep 20 >/dev/null 2>&1 & exit 3", prefix=prefix)
    process.communicate(timeout=10)
    assert process.returncode == 3


# ---- output

def test_quiet(lab, repository, tmp_path):
    result = ensure(lab, "-q", f"{repository}:v1", "--", *builder(lab, tmp_path, f"{repository}:v1"))
    assert result.code == 0 and result.stderr == "" and result.stdout == ""


def test_github_output_is_of_the_last_check(lab, repository, tmp_path):
    command = builder(lab, tmp_path, f"{repository}:v1")
    lab.environment["GITHUB_OUTPUT"] = str(tmp_path / "out")
    assert ensure(lab, "--github-output", "image", f"{repository}:v1", "--", *command).code == 0
    written = (tmp_path / "out").read_text().splitlines()
    assert "image=present" in written and "image=absent" not in written


def test_an_image_that_is_to_be_built_is_no_error(lab, repository, tmp_path):
    """In a job of GitHub's: what is absent before the command is what the command is for."""
    command = builder(lab, tmp_path, f"{repository}:v1")
    lab.environment["GITHUB_ACTIONS"] = "true"
    result = ensure(lab, f"{repository}:v1", "--", *command)
    assert result.code == 0 and "::error" not in result.stderr, result
    result = ensure(lab, f"{repository}:v2", "--", "true")
    assert result.code == 1 and result.stderr.count("::error") == 1


# ---- what the command inherits

@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2])
def test_ignored_signals_stay_ignored(lab, repository, number):
    """As under nohup: neither ends it, nor is it handed on. SIGINT and SIGTERM end whatever runs, as the contract has it."""
    script = "echo ready; sleep 0.6; echo survived"
    name = number.name.removeprefix("SIG")
    process = start(lab, f"{repository}:v1", "--", "sh", "-c", script, prefix=("sh", "-c", f"trap '' {name}; exec \"$@\"", "sh"))
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, number)
    out, _ = process.communicate(timeout=10)
    assert out.splitlines()[0] == "survived" and process.returncode == 1, out


def test_the_command_may_dump_core(lab, repository):
    hard = subprocess.run(["sh", "-c", "ulimit -Hc"], capture_output=True, text=True).stdout
    result = ensure(lab, f"{repository}:v1", "--", "sh", "-c", "echo hard $(ulimit -Hc) soft $(ulimit -Sc)")
    assert f"hard {hard.strip()} soft 0\n" in result.stdout and hard.strip() != "0"
