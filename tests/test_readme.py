"""The examples of README.md for pipelines and clusters: each is parsed, and what it would run is run."""

import os
import re
import subprocess

import pytest
import yaml

from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
WORKER = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/worker:v7"


@pytest.fixture(scope="module")
def blocks():
    """The indented blocks, without their indentation."""
    with open(os.path.join(ROOT, "README.md")) as f:
        found = re.findall(r"(?:^(?:    .*|)\n)+", f.read(), re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip("\n") for block in found if block.strip()]


def documents(blocks, word):
    """The YAML documents of the block that holds the word."""
    text, = [b for b in blocks if word in b]
    return [yaml.safe_load(part) for part in re.split(r"^---$|\n\n", text, flags=re.MULTILINE)]


@pytest.fixture
def worker(lab):
    lab.create_repository("team/worker")
    lab.push_image(WORKER, ["linux/amd64", "linux/arm64"])
    return WORKER


def test_the_init_container(lab, blocks):
    container, = documents(blocks, "initContainers:")[0]["initContainers"]
    assert set(container) == {"name", "image", "args"} and container["args"][-1] == WORKER
    lab.create_repository("team/worker")
    waiting = subprocess.Popen([BINARY, *container["args"], "--interval", "300ms"], stderr=subprocess.PIPE, text=True,
                               env={"SSL_CERT_FILE": lab.ca, **lab.key_environment("full")})
    assert "waiting for" in waiting.stderr.readline()
    lab.push_image(WORKER)
    assert waiting.wait(20) == 0
    waiting.stderr.close()


def test_the_job_and_hook(lab, blocks, worker):
    job = documents(blocks, "kind: Job")[1]
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert job["metadata"]["annotations"] == {"helm.sh/hook": "pre-upgrade"} and job["spec"]["backoffLimit"] == 0
    pod = job["spec"]["template"]["spec"]
    container, = pod["containers"]
    assert pod["restartPolicy"] == "Never" and set(container) == {"name", "image", "args"}
    assert lab.ecr(*container["args"]).code == 0
    lab.reset()
    lab.create_repository("team/worker")
    assert lab.ecr(*container["args"]).code == 1  # which ends the upgrade


def test_the_workflow(lab, blocks, tmp_path, worker):
    job = documents(blocks, "permissions:")[0]
    assert job["permissions"] == {"id-token": "write", "contents": "read"} and set(job["env"]) == {"AWS_ROLE_ARN", "AWS_REGION"}
    check, build = job["steps"]
    assert check["id"] == "image" and build["if"] == "steps.image.outputs.found == 'absent'"
    for image, state in ((worker, "present"), (worker + "x", "absent")):
        output = tmp_path / state
        env = {"PATH": f"{os.path.dirname(BINARY)}:/usr/bin:/bin", "SSL_CERT_FILE": lab.ca, "GITHUB_ACTIONS": "true",
               "GITHUB_OUTPUT": str(output), "IMAGE": image, **lab.key_environment("full")}
        done = subprocess.run(["bash", "-e", "-c", check["run"]], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done
        assert f"found={state}\n" in output.read_text()


def test_the_gitlab_job(lab, blocks, tmp_path, worker):
    job = documents(blocks, "id_tokens:")[-1]["build"]
    assert job["id_tokens"] == {"AWS_WEB_IDENTITY_TOKEN": {"aud": "sts.amazonaws.com"}}
    script, = job["script"]
    (tmp_path / "build-and-push.sh").write_text("#!/bin/sh\necho built >>trace\nexit 7\n")
    (tmp_path / "build-and-push.sh").chmod(0o755)
    role = lab.role("ci")
    env = {"PATH": f"{os.path.dirname(BINARY)}:/usr/bin:/bin", "SSL_CERT_FILE": lab.ca, "AWS_REGION": lab.region,
           "AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN": lab.web_token(roles=[role])}
    for image, status in ((worker, 0), (worker + "x", 7)):
        done = subprocess.run(["sh", "-e", "-c", script], env={**env, "IMAGE": image}, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == status, done
    assert (tmp_path / "trace").read_text() == "built\n"
