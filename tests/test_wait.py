"""`ecr wait`: looks again until all images are there, says what it waits for, and keeps the last verdict."""

import os
import re
import signal
import subprocess
import threading
import time

import pytest

from lab.client import ROOT
from support_net import file_of

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
WAITING = re.compile(r"waiting for (\S+)(?: and (\d+) more)? \(([a-z-]+)\); next look in (\d+) s")


@pytest.fixture
def repository(lab):
    made = lab.create_repository("app")
    lab.clear_log()
    return made


def looks(lab):
    """When it looked for the image; what it asks of the archive then is not counted."""
    return [r["time"] for r in lab.requests(operation="DescribeImages") if '"filter"' not in r["body"]]


def later(seconds, action, *arguments, **options):
    timer = threading.Timer(seconds, action, arguments, options)
    timer.start()
    return timer


def waited(result):
    return [WAITING.fullmatch(line).groups() for line in result.stderr.splitlines() if line.startswith("waiting")]


# ---- until they are there

def test_what_is_there_is_not_waited_for(lab, repository):
    made = lab.push_image(f"{repository}:v1")
    lab.clear_log()
    result = lab.ecr("wait", f"{repository}:v1")
    assert (result.code, result.stdout) == (0, f"present  {repository}:v1  {made.digest}\n") and result.seconds < 2
    assert len(lab.requests()) == 1 and waited(result) == []


def test_until_it_is_there(lab, repository):
    made = []
    timer = later(0.6, lambda: made.append(lab.push_image(f"{repository}:v1")))
    result = lab.ecr("wait", "--interval", "200ms", "--timeout", "20s", f"{repository}:v1")
    timer.join()
    assert (result.code, result.stdout) == (0, f"present  {repository}:v1  {made[0].digest}\n"), result
    assert 0.6 < result.seconds < 4
    said = waited(result)
    assert 2 <= len(said) <= 5 and {s[:3] for s in said} == {(f"{repository}:v1", None, "no-image")}


def test_only_what_lacks_is_asked_about_again(lab, repository):
    one = lab.push_image(f"{repository}:one")
    other = lab.create_repository("other")
    lab.clear_log()
    timer = later(0.8, lab.push_image, f"{other}:v1")
    result = lab.ecr("wait", "--interval", "300ms", "--timeout", "20s", f"{repository}:one", f"{other}:v1", f"{repository}:one")
    timer.join()
    assert result.code == 0
    assert [line.split("  ")[:2] for line in result.lines] == [
        ["present", f"{repository}:one"], ["present", f"{other}:v1"], ["present", f"{repository}:one"]]
    assert one.digest in result.lines[0]
    bodies = [r["body"] for r in lab.requests(operation="DescribeImages") if r["status"] == 200 and '"app"' in r["body"]]
    assert len(bodies) == 1


def test_how_many_it_waits_for(lab, repository):
    result = lab.ecr("wait", "--interval", "200ms", "--timeout", "500ms", *(f"{repository}:v{n}" for n in range(4)))
    assert result.code == 1 and [line.split("  ")[0] for line in result.lines] == ["absent"] * 4
    assert waited(result)[0][:3] == (f"{repository}:v0", "3", "no-image")


@pytest.mark.parametrize("fault, code, reason", [("throttle", 4, "throttled"), ("server_error", 4, "server-error"),
                                                 ("deny", 3, "denied"), ("html", 5, "bad-reply")])
def test_trouble_is_waited_out_too(lab, repository, fault, code, reason):
    lab.push_image(f"{repository}:v1")
    lab.fault(fault, service="api", count=2)
    options = ["wait", "--via", "ecr", "--max-attempts", "1", "--interval", "100ms"]
    result = lab.ecr(*options, "--timeout", "15s", f"{repository}:v1")
    assert result.code == 0 and waited(result)[0][2] == reason, result
    lab.fault(fault, service="api")
    result = lab.ecr(*options, "--timeout", "300ms", f"{repository}:v1")
    assert result.code == code and result.lines == [f"unknown  {repository}:v1  {reason}"]


def test_what_is_required_is_waited_for(lab, repository):
    """An image that is there, but not as required, does not end it."""
    lab.push_image(f"{repository}:v1", "linux/arm64")
    options = ["--platform", "linux/amd64", "--interval", "100ms"]
    result = lab.ecr("wait", *options, "--timeout", "300ms", f"{repository}:v1")
    assert (result.code, result.stdout) == (6, f"unfit  {repository}:v1  no-platform\n")
    timer = later(0.5, lab.push_image, f"{repository}:v1", ["linux/amd64", "linux/arm64"])
    result = lab.ecr("wait", *options, "--timeout", "20s", f"{repository}:v1")
    timer.join()
    assert result.code == 0, result


def test_new_credentials_are_looked_for(lab, repository, tmp_path):
    """Each look begins anew: what is mended meanwhile is found."""
    lab.push_image(f"{repository}:v1")
    key = lab.keys["full"]
    path = file_of(tmp_path / "credentials", "")
    text = f"[default]\naws_access_key_id={key['access_key_id']}\naws_secret_access_key={key['secret_access_key']}\n"
    timer = later(0.6, file_of, path, text)
    result = lab.ecr("wait", "--via", "ecr", "--interval", "200ms", "--timeout", "15s", f"{repository}:v1", key=None,
                     env={"AWS_SHARED_CREDENTIALS_FILE": path})
    timer.join()
    assert result.code == 0 and waited(result)[0][2] == "no-credentials", result


# ---- how long between two looks

def test_backoff(lab, repository):
    """Each pause is between three quarters and the whole of a range that grows by half."""
    result = lab.ecr("wait", "--interval", "200ms", "--timeout", "1800ms", f"{repository}:v1")
    assert result.code == 1 and 1.6 < result.seconds < 3
    seen = looks(lab)
    pauses = [b - a for a, b in zip(seen, seen[1:])]
    assert 3 <= len(pauses) <= 5, pauses
    for number, pause in enumerate(pauses[:-1]):  # the last one ends with the time
        whole = 0.2 * 1.5 ** number
        assert 0.75 * whole - 0.01 <= pause <= whole + 0.3, pauses


def test_pauses_differ(lab, repository):
    """So that a thousand pods do not ask at once."""
    firsts = set()
    for _ in range(3):
        lab.clear_log()
        lab.ecr("wait", "--interval", "300ms", "--timeout", "450ms", f"{repository}:v1")
        seen = looks(lab)
        firsts.add(round(seen[1] - seen[0], 3))
    assert len(firsts) > 1


def test_the_pause_is_announced(lab, repository):
    """Five seconds at first, of which up to a quarter is chance; a look that the time does not allow is not promised."""
    result = lab.ecr("wait", "--timeout", "900ms", f"{repository}:v1")
    assert waited(result) == [(f"{repository}:v1", None, "no-image", "1")] and 0.8 < result.seconds < 1.6
    process = subprocess.Popen([BINARY, "wait", f"{repository}:v1"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                               env={"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere", **lab.key_environment("full")})
    line = process.stderr.readline()
    process.kill()
    process.communicate()
    assert WAITING.fullmatch(line.strip())[4] in ("4", "5")


@pytest.mark.parametrize("wrong", ["0", "0s", "fast", "-1s", "5"])
def test_an_interval_that_is_none(lab, wrong):
    result = lab.ecr("wait", f"--interval={wrong}", "a/b:1")
    assert result.code == 2 and result.stderr.startswith("ecr: --interval: ")


# ---- the end of the time

def test_the_last_verdict_stays(lab, repository):
    """A look that the end of the time cuts short says less than the one before it."""
    lab.fault("stall", service="api", skip=4)  # the first look passes: the image, two shelves of the archive, the rules
    result = lab.ecr("wait", "--interval", "200ms", "--timeout", "1200ms", f"{repository}:v1")
    assert lab.faults()[0]["hits"] >= 1
    assert (result.code, result.stdout) == (1, f"absent  {repository}:v1  no-image\n"), result
    assert 1.0 < result.seconds < 2.5
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"ecr: {repository}:v1: no-image: ")


def test_the_first_look_may_be_cut_short(lab, repository):
    lab.fault("stall", service="api")
    result = lab.ecr("wait", "--interval", "200ms", "--timeout", "600ms", f"{repository}:v1")
    assert (result.code, result.stdout) == (4, f"unknown  {repository}:v1  timeout\n")


def test_json_and_quiet(lab, repository):
    result = lab.ecr("wait", "--json", "-q", "--interval", "200ms", "--timeout", "500ms", f"{repository}:v1")
    shown, = result.json
    assert (shown["state"], shown["reason"], result.code) == ("absent", "no-image", 1)
    assert waited(result) == []
    assert lab.ecr("wait", "--format", "state", "--timeout", "400ms", f"{repository}:v1").stdout == "absent\n"


def test_images_of_a_file(lab, repository, tmp_path):
    lab.push_image(f"{repository}:v1")
    path = file_of(tmp_path / "list", f"{repository}:v1\n{repository}:v2\n")
    timer = later(0.5, lab.push_image, f"{repository}:v2")
    result = lab.ecr("wait", "--interval", "200ms", "--timeout", "15s", "-f", path)
    timer.join()
    assert result.code == 0 and [line.rpartition("  ")[2] for line in result.lines] == [f"{path}:1", f"{path}:2"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("prefix", [[], ["unshare", "--pid", "--fork", "--kill-child"]], ids=["a child", "PID 1"])
def test_signals_end_the_pause(lab, repository, number, prefix):
    process = subprocess.Popen([*prefix, BINARY, "wait", f"{repository}:v1"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                               env={"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere",
                                    "PATH": "/usr/bin:/bin", **lab.key_environment("full")})
    while not process.stderr.readline().startswith(b"waiting"):
        pass
    victim = process.pid
    if prefix:
        with open(f"/proc/{victim}/task/{victim}/children") as f:
            victim = int(f.read().split()[0])
    began = time.monotonic()
    os.kill(victim, number)
    process.communicate(timeout=10)
    assert process.returncode == 128 + number and time.monotonic() - began < 1


# ---- the log that a pod's owner reads

def with_log(lab, tmp_path, *arguments, text="before\n" * 100):
    """The run's result, and what it left in /dev/termination-log of its own mount namespace."""
    log = tmp_path / "log"
    log.write_text(text)
    script = 'mount --bind "$0" /dev/termination-log && exec "$@"'
    if not os.path.exists("/dev/termination-log"):  # a place to mount it on, in a /dev of this namespace alone
        script = ('mkdir -p "$0.d/dev" && mount -t tmpfs none "$0.d/dev" && cd "$0.d/dev" && '
                  'for n in null zero random urandom; do : >$n; mount --bind /dev/$n $n; done; : >termination-log; '
                  'mount --bind "$0" termination-log && mount --rbind "$0.d/dev" /dev && cd / && exec "$@"')
    result = lab.ecr(*arguments, prefix=["unshare", "--mount", "sh", "-c", script, str(log)])
    return result, log.read_text()


def test_termination_log_of_a_success(lab, repository, tmp_path):
    lab.push_image(f"{repository}:v1")
    result, log = with_log(lab, tmp_path, "wait", f"{repository}:v1")
    assert result.code == 0 and log == "ecr wait: all images are present\n", result


def test_termination_log_of_a_failure(lab, repository, tmp_path):
    result, log = with_log(lab, tmp_path, "wait", "--interval", "200ms", "--timeout", "400ms", f"{repository}:v1",
                           f"{repository}:v2")
    assert result.code == 1
    assert log.startswith(f"ecr wait: {repository}:v1: no-image: ") and log.endswith(", and others\n") and log.count("\n") == 1


def test_without_a_termination_log(lab, repository):
    """None is made."""
    lab.push_image(f"{repository}:v1")
    before = os.path.exists("/dev/termination-log")
    assert lab.ecr("wait", f"{repository}:v1").code == 0
    assert os.path.exists("/dev/termination-log") == before


def test_nothing_to_wait_for(lab):
    result = lab.ecr("wait")
    assert result.code == 2 and result.stderr.startswith("ecr: wait: no image given")


# ---- the end of its time

@pytest.mark.parametrize("count", [2, 8])
def test_the_last_verdict_decides_though_many_wait_for_their_turn(lab, count):
    """What our own spacing of requests leaves no time for is not the registry's word."""
    images = [f"registry.lab.test/team/app{i}:v1" for i in range(count)]
    result = lab.ecr("wait", "--via", "registry", "--interval", "300ms", "--timeout", "1500ms", *images)
    assert result.code == 1, result
    assert result.lines == [f"absent  {image}  no-image" for image in images]


def test_a_short_interval_grows_too(lab):
    result = lab.ecr("wait", "--via", "registry", "--interval", "1ms", "--timeout", "2s", "registry.lab.test/team/app:v1")
    assert result.code == 1 and 2 <= len(waited(result)) <= 20, len(waited(result))


def test_json_keeps_the_trail(lab, repository):
    result = lab.ecr("wait", "--interval", "100ms", "--timeout", "600ms", "--json", f"{repository}:v1")
    assert [(s["source"], s["reason"]) for s in result.json[0]["trail"]] == [("ecr", "no-image")]
