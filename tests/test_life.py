"""How the program lives and ends: signals, PID 1, an empty file system, streams that are closed or full, time."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from lab.client import ROOT

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{HOST}/app:v1"
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
SANITIZED = any(word in BINARY for word in ("asan", "tsan", "cov"))  # these need libraries and files that a chroot lacks


@pytest.fixture
def pushed(lab):
    repository = lab.create_repository("app")
    lab.image = lab.push_image(f"{repository}:v1")
    lab.control("clear_log")
    return lab


def environment(lab, **more):
    return {"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere", **lab.key_environment("full"), **more}


def start(lab, *arguments, prefix=(), env=None, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*prefix, BINARY, *arguments], env=environment(lab, **(env or {})), **options)


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return value


# ---- signals

def hang_in_dns(lab):
    lab.dns_fault(lab.api_host, "drop")
    return lambda: lab.dns_queries(name=lab.api_host)


def hang_in_connect(lab):
    lab.dns_fault(lab.api_host, "addresses", type="A", addresses=[lab.blackhole])
    return syn_sent


def syn_sent():
    with open("/proc/net/tcp") as f:
        return any(line.split()[3] == "02" for line in f.read().splitlines()[1:])


def hang_in_tls(lab):
    lab.fault("tls_stall", host=lab.api_host)
    return lambda: [c for c in lab.connections(service="api") if c.get("fault")]


def hang_in_read(lab):
    lab.fault("stall", service="api")
    return lambda: lab.requests(service="api")


def hang_in_body(lab):
    lab.fault("stall_body", service="api")
    return lambda: lab.requests(service="api")


def hang_in_retry(lab):
    lab.fault("throttle", service="api", retry_after=15)
    return lambda: lab.requests(service="api")


HANGS = [hang_in_dns, hang_in_connect, hang_in_tls, hang_in_read, hang_in_body, hang_in_retry]
AS_PID_1 = ["unshare", "--pid", "--fork", "--kill-child"]


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


@pytest.mark.parametrize("hang", HANGS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("prefix", [[], AS_PID_1], ids=["a child", "PID 1"])
def test_signals_end_it_at_once(pushed, hang, number, prefix):
    hangs = hang(pushed)
    process = start(pushed, "check", "--via", "ecr", IMAGE, prefix=prefix)
    try:
        wait_for(hangs)
        time.sleep(0.05)
        victim = child_of(process.pid)[0] if prefix else process.pid
        began = time.monotonic()
        os.kill(victim, number)
        out, _ = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert time.monotonic() - began < 1 and out == b""


def test_ignored_signals_do_not_matter(pushed):
    """Even where the parent ignored them, which a shell does for jobs in the background."""
    hangs = hang_in_read(pushed)
    process = start(pushed, "check", IMAGE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    wait_for(hangs)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 143


@pytest.mark.parametrize("image, code", [(":v1", 0), (":v2", 1)])
def test_exit_status_as_pid_1(pushed, image, code):
    process = start(pushed, "check", f"{HOST}/app{image}", prefix=AS_PID_1)
    process.communicate(timeout=20)
    assert process.returncode == code


# ---- core dumps

@pytest.mark.skipif(SANITIZED, reason="a sanitizer's runtime has its own ways")
@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT])
def test_no_core_dumps(pushed, tmp_path, number):
    hangs = hang_in_read(pushed)

    def prepare():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        signal.signal(number, signal.SIG_DFL)  # shells ignore SIGQUIT for what they start in the background

    process = start(pushed, "check", IMAGE, cwd=tmp_path, preexec_fn=prepare)
    wait_for(hangs)
    with open(f"/proc/{process.pid}/limits") as f:
        limit, = [line for line in f if line.startswith("Max core file size")]
    assert limit.split()[4] == "0"  # the hard limit stays: a command that we start may have its own
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == -number
    assert os.listdir(tmp_path) == []


# ---- an empty file system

@pytest.fixture
def empty(tmp_path):
    """A root with nothing but the binary."""
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(BINARY, root / "ecr")
    return root


def inside(root, *arguments, env=None):
    """Runs the binary in the root; its environment is what is given and nothing else."""
    words = [f"{name}={value}" for name, value in (env or {}).items()]
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin")
    return subprocess.run(["/usr/bin/env", "-i", *words, chroot, root, "/ecr", *arguments], capture_output=True, text=True,
                          timeout=30)


@pytest.mark.skipif(SANITIZED, reason="needs shared libraries")
def test_nothing_is_needed(empty):
    done = inside(empty, "version")
    assert done.returncode == 0 and done.stdout.startswith("ecr ") and done.stderr == ""
    assert inside(empty, "parse", IMAGE).returncode == 0
    done = inside(empty, "check", IMAGE)
    assert done.returncode == 3 and done.stdout == f"unknown  {IMAGE}  no-credentials\n"
    assert sorted(os.listdir(empty)) == ["ecr"]  # and nothing was left behind


@pytest.mark.skipif(SANITIZED, reason="needs shared libraries")
@pytest.mark.parametrize("image, code", [(":v1", 0), (":v2", 1)])
@pytest.mark.parametrize("how", ["address", "plain", "name", "bundle"])
def test_a_whole_check_in_an_empty_root(pushed, empty, how, image, code):
    """Without /etc, /tmp, /proc, HOME: the API by its address, in plain HTTP, or by a name of the only file, /etc/hosts."""
    env, options = pushed.key_environment("full"), []
    (empty / "ca.pem").write_bytes(open(pushed.ca, "rb").read())
    if how == "plain":
        env["AWS_ENDPOINT_URL"] = pushed.plain_api
        (empty / "ca.pem").unlink()
    elif how == "address":
        env["AWS_ENDPOINT_URL"], options = "https://198.18.0.10", ["--ca-file", "/ca.pem"]
    else:
        (empty / "etc").mkdir()
        (empty / "etc" / "hosts").write_text(f"198.18.0.10 {pushed.api_host}\n")
        env["SSL_CERT_FILE" if how == "name" else "AWS_CA_BUNDLE"] = "/ca.pem"
    done = inside(empty, *options, "check", "--json", f"{HOST}/app{image}", env=env)
    assert done.returncode == code, done
    shown = json.loads(done.stdout)
    assert shown["source"] == "ecr" and shown.get("digest") == (pushed.image.digest if code == 0 else None)


@pytest.mark.skipif(SANITIZED, reason="needs shared libraries")
def test_without_a_resolver_file(empty, pushed):
    """No /etc/resolv.conf: a name server on loopback is the C library's guess, and nobody is there."""
    (empty / "ca.pem").write_bytes(open(pushed.ca, "rb").read())
    env = {**pushed.key_environment("full"), "DOCKER_HOST": "unix:///none"}
    done = inside(empty, "--ca-file", "/ca.pem", "--timeout", "3s", "check", "--via", "ecr", IMAGE, env=env)
    assert done.returncode == 4 and done.stdout.split("  ")[2] in ("unreachable\n", "timeout\n")


# ---- standard streams

def broken_pipe():
    ours, theirs = os.pipe()
    os.close(ours)
    return theirs


@pytest.mark.parametrize("stream", ["/dev/full", "closed", "pipe"])
@pytest.mark.parametrize("arguments", [["check", IMAGE], ["check", "--json", IMAGE], ["parse", IMAGE], ["version"], ["help"],
                                       ["check", IMAGE, f"{HOST}/app:v2"]], ids=str)
def test_output_that_cannot_be_written(pushed, stream, arguments):
    """A verdict that nobody can read is no success."""
    options = {"/dev/full": lambda: {"stdout": os.open("/dev/full", os.O_WRONLY)}, "pipe": lambda: {"stdout": broken_pipe()},
               "closed": lambda: {"preexec_fn": lambda: os.close(1)}}[stream]()
    process = start(pushed, *arguments, **options)
    if isinstance(options.get("stdout"), int):
        os.close(options["stdout"])
    _, err = process.communicate(timeout=20)
    assert process.returncode == 5
    errors = [line for line in err.decode().splitlines() if line.startswith("ecr: ")]
    assert len(errors) == 1 and "standard output" in errors[0]  # said once, however many lines there were


def test_a_wrong_command_line_is_still_2(pushed):
    process = start(pushed, "check", "", preexec_fn=lambda: os.close(1))
    assert process.wait(20) == 2
    process.communicate()


@pytest.mark.parametrize("closed", [[0], [2], [0, 2]], ids=str)
def test_closed_stdin_and_stderr_do_no_harm(pushed, closed):
    def close():
        for fd in closed:
            os.close(fd)
    process = start(pushed, "check", IMAGE, preexec_fn=close)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.decode() == f"present  {IMAGE}  {pushed.image.digest}\n" and (err == b"") == (2 in closed)


def test_all_closed(pushed):
    """The first socket must not become somebody's stdout."""
    process = start(pushed, "check", IMAGE, preexec_fn=lambda: os.closerange(0, 3))
    process.communicate(timeout=20)
    assert process.returncode == 5
    request, = pushed.requests()
    assert request["status"] == 200 and "present" not in request["body"]


def test_a_full_stderr_does_no_harm(pushed):
    full = os.open("/dev/full", os.O_WRONLY)
    process = start(pushed, "check", "-v", IMAGE, stderr=full)
    os.close(full)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and out.startswith(b"present  ")


# ---- time

@pytest.mark.parametrize("hang", HANGS, ids=lambda f: f.__name__)
def test_timeout_bounds_everything(pushed, hang):
    hang(pushed)
    result = pushed.ecr("check", "--via", "ecr", "--json", "--timeout", "400ms", IMAGE)
    assert 0.2 < result.seconds < 2 or hang is hang_in_retry and result.seconds < 2  # a wait past the end is not begun
    assert result.code == 4
    assert result.json[0]["reason"] in (("timeout", "unreachable", "throttled") if hang is not hang_in_read else ("timeout",))


def test_timeout_is_for_the_whole_command(pushed):
    """Not for each image, repository, probe or attempt."""
    pushed.fault("stall", service="api")
    with socket.socket(socket.AF_UNIX) as s:
        path = os.path.join(pushed.folder, "tmp", "silent.sock")
        if os.path.exists(path):
            os.unlink(path)
        s.bind(path)
        s.listen(8)
        result = pushed.ecr("check", "--json", "--timeout", "500ms", *(f"{HOST}/app{n}:v1" for n in range(8)),
                            env={"DOCKER_HOST": f"unix://{path}"})
    assert result.code == 4 and 0.4 < result.seconds < 2
    assert len(result.lines) == 8 and {shown["state"] for shown in result.json} == {"unknown"}


def test_trickle_is_bounded(pushed):
    pushed.fault("trickle", service="api", seconds=0.2)
    result = pushed.ecr("check", "--via", "ecr", "--timeout", "700ms", IMAGE)
    assert result.code == 4 and result.seconds < 2


def test_a_daemon_that_says_nothing(pushed):
    with socket.socket(socket.AF_UNIX) as s:
        path = os.path.join(pushed.folder, "tmp", "mute.sock")
        if os.path.exists(path):
            os.unlink(path)
        s.bind(path)
        s.listen(8)
        kept = []  # accepted, and never answered
        threading.Thread(target=lambda: kept.append(s.accept()), daemon=True).start()
        result = pushed.ecr("check", "--via", "docker", "--timeout", "400ms", IMAGE, env={"DOCKER_HOST": f"unix://{path}"})
    assert result.code == 4 and 0.3 < result.seconds < 2
