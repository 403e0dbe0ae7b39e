"""How the lab starts and ends. A lab can be started within a lab, and that is what these tests do."""

import glob
import os
import signal
import subprocess
import time

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab", "run")


def run(*command, path=None, **options):
    env = {**os.environ, **({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})}
    return subprocess.run([RUN, *command], capture_output=True, text=True, env=env, timeout=60, **options)


def folders():
    return glob.glob(os.path.join(os.environ["TMPDIR"], "ecr-lab-*"))


def test_status_and_streams_are_handed_on(lab):
    done = run("sh", "-c", "cat; echo problem >&2; exit 7", input="text")
    assert (done.returncode, done.stdout, done.stderr) == (7, "text", "problem\n")
    assert run("sh", "-c", "kill -KILL $$").returncode == 137
    assert folders() == []


def test_a_lab_of_its_own(lab):
    done = run("sh", "-c", "ps -e -o comm= | sort -u; cat /etc/resolv.conf; ls $LAB_DIR")
    assert "dockerd" in done.stdout and "nameserver 198.18.0.53" in done.stdout
    assert not [name for name in ("pytest", "ecr-lab") if name in done.stdout]


def test_terminated(lab):
    process = subprocess.Popen([RUN, "sleep", "1000"])
    end = time.monotonic() + 20
    while not any(os.path.exists(f"{place}/started") for place in folders()) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert folders() == []


def test_a_daemon_that_does_not_start(lab, tmp_path):
    broken = tmp_path / "dockerd"
    broken.write_text("#!/bin/sh\necho a reason\nexit 3\n")
    broken.chmod(0o755)
    done = run("sh", "-c", "cat $LAB_DIR/dockerd.failed; curl -s https://registry.lab.test/v2/", path=tmp_path)
    assert done.stdout == "dockerd could not start (status 3): a reason{}"
    assert done.stderr == "lab: dockerd could not start (status 3): a reason\n"


def test_another_program_that_does_not_start(lab, tmp_path):
    broken = tmp_path / "docker-registry"
    broken.write_text("#!/bin/sh\necho another reason\nexit 3\n")
    broken.chmod(0o755)
    done = run("echo", "never", path=tmp_path)
    assert (done.returncode, done.stdout) == (125, "")
    assert "docker-registry could not start (status 3): another reason" in done.stderr
