"""An image FROM scratch that holds the binary and nothing else, run by the real daemon: PID 1 in an empty container."""

import io
import json
import os
import subprocess
import tarfile
import time

import pytest

from lab.client import ROOT

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")

pytestmark = pytest.mark.skipif(any(word in BINARY for word in ("asan", "tsan", "cov")), reason="needs shared libraries")


def docker(*arguments, daemon, stdin=None, check=True):
    done = subprocess.run(["docker", *arguments], env={**os.environ, "DOCKER_HOST": daemon, "DOCKER_CONFIG": "/nowhere"},
                          input=stdin, capture_output=True, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def image(dockerd):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.add(BINARY, "ecr", filter=lambda entry: setattr(entry, "mode", 0o755) or entry)
    docker("import", "--change", 'ENTRYPOINT ["/ecr"]', "-", "scratch-ecr:test", daemon=dockerd, stdin=tar.getvalue())
    yield "scratch-ecr:test"
    docker("rmi", "--force", "scratch-ecr:test", daemon=dockerd)


@pytest.fixture
def run(lab, dockerd, image):
    """`docker run --rm` of the image with the lab's network, or none."""
    def call(*arguments, env=None, options=("--network", "host")):
        words = [word for name, value in (env or {}).items() for word in ("--env", f"{name}={value}")]
        done = docker("run", "--rm", *options, *words, image, *arguments, daemon=dockerd, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()
    return call


def credentials(lab):
    # The API in plain HTTP on loopback: the container has no file of trust anchors, and gets none.
    return {**lab.key_environment("full"), "AWS_ENDPOINT_URL": lab.plain_api}


def test_version(run):
    code, out, err = run("version", options=("--network", "none"))
    assert (code, err) == (0, "") and out.startswith("ecr ")


@pytest.mark.parametrize("tag, code, state", [("v1", 0, "present"), ("v2", 1, "absent")])
def test_check(lab, run, tag, code, state):
    repository = lab.create_repository("app")
    made = lab.push_image(f"{repository}:v1")
    got, out, err = run("check", "--json", f"{repository}:{tag}", env=credentials(lab))
    assert got == code, err
    shown = json.loads(out)
    assert shown["state"] == state and shown["source"] == "ecr"
    assert shown.get("digest") == (made.digest if code == 0 else None)


def test_check_over_tls(lab, run):
    """The daemon gives containers its resolver; the anchors come in as a file."""
    repository = lab.create_repository("app")
    made = lab.push_image(f"{repository}:v1")
    code, out, err = run("--ca-file", "/ca.pem", "check", f"{repository}:v1", env=lab.key_environment("full"),
                         options=("--network", "host", "--volume", f"{lab.ca}:/ca.pem:ro"))
    assert (code, out) == (0, f"present  {repository}:v1  {made.digest}\n"), err


def test_the_daemon_from_within(lab, run):
    """With the daemon's socket mounted, as build jobs do."""
    made = lab.push_image("registry.lab.test/app:v1")
    code, out, err = run("check", "registry.lab.test/app:v1",
                         options=("--network", "none", "--volume", f"{lab.docker_sock}:/var/run/docker.sock"))
    assert (code, out) == (0, f"present  registry.lab.test/app:v1  {made.digest}\n"), err


@pytest.mark.parametrize("arguments, env, code", [
    (["check", ""], {}, 2), (["nonsense"], {}, 2), (["check", f"{HOST}/app:v1"], {}, 3),
    (["check", "--via", "ecr", "--max-attempts", "1", f"{HOST}/app:v1"], {"AWS_ENDPOINT_URL": "http://127.0.0.1:1",
                                                                     "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}, 4),
    (["check", "--via", "registry", f"{HOST}/app:v1"], {}, 3), (["check", "--via", "registry", "registry.lab.test/app:v1"], {}, 4),
    (["check", "--via", "docker", "app:v1"], {"DOCKER_HOST": "ssh://somewhere"}, 5)], ids=str)
def test_exit_statuses(run, arguments, env, code):
    assert run(*arguments, env=env, options=("--network", "none"))[0] == code


def test_read_only_without_capabilities(lab, run):
    repository = lab.create_repository("app")
    lab.push_image(f"{repository}:v1")
    options = ("--network", "host", "--read-only", "--cap-drop", "ALL", "--user", "65534:65534", "--security-opt",
               "no-new-privileges")
    assert run("check", f"{repository}:v1", env=credentials(lab), options=options)[0] == 0


def test_stop_ends_it_at_once(lab, dockerd, image):
    lab.fault("stall", service="api")
    words = [word for name, value in credentials(lab).items() for word in ("--env", f"{name}={value}")]
    container = docker("run", "--detach", "--network", "host", *words, image, "check", f"{HOST}/app:v1",
                       daemon=dockerd).stdout.decode().strip()
    try:
        end = time.monotonic() + 15
        while not lab.requests(service="api"):
            assert time.monotonic() < end
            time.sleep(0.02)
        began = time.monotonic()
        docker("stop", "--time", "20", container, daemon=dockerd)
        assert time.monotonic() - began < 8  # not after the twenty seconds of grace
        state = docker("inspect", "--format", "{{.State.ExitCode}}", container, daemon=dockerd).stdout
        assert state.strip() == b"143"
    finally:
        docker("rm", "--force", container, daemon=dockerd)
