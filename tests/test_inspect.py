"""`ecr digest`, `ecr manifest`, `ecr config`: what an image is, byte for byte, of one that is there."""

import json
import os
import subprocess

import pytest

from lab import synth
from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
OPEN = "registry.lab.test"
BOTH = ["linux/amd64", "linux/arm64/v8"]


@pytest.fixture(params=["ecr", "open"])
def repository(lab, request):
    return lab.create_repository("team/app") if request.param == "ecr" else f"{OPEN}/team/app"


def raw(lab, *arguments):
    """(exit status, bytes on stdout)."""
    env = {"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere", **lab.key_environment("full")}
    done = subprocess.run([BINARY, *arguments], env=env, capture_output=True, timeout=30)
    return done.returncode, done.stdout


def config_of(image):
    """The bytes of its configuration."""
    wanted = json.loads(image.manifest)["config"]["digest"]
    return next(blob for blob in image.blobs if synth.digest_of(blob) == wanted)


# ---- digest

def test_digest_of_a_tag(lab, repository):
    made = lab.push_image(f"{repository}:v1", BOTH)
    lab.clear_log()
    result = lab.ecr("digest", f"{repository}:v1")
    assert (result.code, result.stdout) == (0, made.digest + "\n")
    assert not [r for r in lab.requests() if r["operation"] in ("GetManifest", "GetBlob")]  # which would count as a pull


def test_digest_of_a_platform(lab, repository):
    made = lab.push_image(f"{repository}:v1", BOTH)
    for platform, child in zip(BOTH, made.children):
        assert lab.ecr("digest", "--platform", platform, f"{repository}:v1").stdout == child.digest + "\n"
    result = lab.ecr("digest", "--platform", "linux/s390x", f"{repository}:v1")
    assert (result.code, result.stdout) == (6, "-\n") and "linux/amd64, linux/arm64/v8" in result.stderr


def test_digest_of_an_image_with_a_platform(lab, repository):
    """A single image is its own; one for another platform is not taken for it."""
    made = lab.push_image(f"{repository}:v1", "linux/arm64")
    assert lab.ecr("digest", "--platform", "linux/arm64", f"{repository}:v1").stdout == made.digest + "\n"
    result = lab.ecr("digest", "--platform", "linux/amd64", f"{repository}:v1")
    assert (result.code, result.stdout) == (6, "-\n"), result


def test_digests_of_several(lab):
    """One line an image, in their order, so that a pipe keeps step."""
    here, there = lab.create_repository("app"), f"{OPEN}/app"
    one, two = lab.push_image(f"{here}:v1"), lab.push_image(f"{there}:v1")
    result = lab.ecr("digest", f"{there}:v1", f"{here}:none", f"{here}:v1", f"{there}:v1", "-q")
    assert result.code == 1
    assert result.lines == [two.digest, "-", one.digest, two.digest]
    shown = lab.ecr("digest", "--json", f"{there}:v1", f"{here}:v1").json
    good = {"state": "present", "reason": "ok"}
    assert shown == [{"image": f"{there}:v1", **good, "digest": two.digest}, {"image": f"{here}:v1", **good, "digest": one.digest}]


def test_exit_status_of_several(lab):
    """As of a check: 4 before 6 before 1."""
    here = lab.create_repository("app")
    lab.push_image(f"{here}:old")
    lab.archive(f"{here}:old")
    lab.fault("throttle", host="api.ecr.eu-west-1.amazonaws.com")
    busy = f"{lab.account}.dkr.ecr.eu-west-1.amazonaws.com/app:v1"
    options = ["digest", "--via", "ecr", "--max-attempts", "1"]
    assert lab.ecr(*options, f"{here}:none", f"{here}:old").code == 6
    result = lab.ecr(*options, f"{here}:none", busy, f"{here}:old")
    assert result.code == 4 and result.lines == ["-", "-", "-"]


def test_digests_in_json_keep_step(lab):
    """An object a line, errors included."""
    here = lab.create_repository("app")
    one = lab.push_image(f"{here}:v1")
    result = lab.ecr("digest", "--json", f"{here}:none", f"{here}:v1")
    assert result.code == 1 and len(result.json) == 2, result
    assert result.json[0] == {"image": f"{here}:none", "state": "absent", "reason": "no-image"}
    assert result.json[1]["digest"] == one.digest


def test_digest_of_a_digest(lab, repository):
    made = lab.push_image(f"{repository}:v1")
    assert lab.ecr("digest", f"{repository}@{made.digest}").stdout == made.digest + "\n"
    result = lab.ecr("digest", f"{repository}@sha256:{'0' * 64}")
    assert (result.code, result.stdout) == (1, "-\n")


# ---- manifest

@pytest.mark.parametrize("docker", [False, True], ids=["OCI", "Docker"])
@pytest.mark.parametrize("platform", ["linux/amd64", BOTH], ids=["image", "index"])
def test_manifest_is_exact(lab, repository, docker, platform):
    made = lab.push_image(f"{repository}:v1", platform, docker=docker, annotations={"text": "ä\u2028\x7f \t"})\
        if platform == "linux/amd64" else lab.push_image(f"{repository}:v1", platform, docker=docker)
    assert raw(lab, "manifest", f"{repository}:v1") == (0, made.manifest)
    assert raw(lab, "manifest", f"{repository}@{made.digest}") == (0, made.manifest)


def test_manifest_of_a_platform(lab, repository):
    made = lab.push_image(f"{repository}:v1", BOTH)
    for platform, child in zip(["linux/amd64", "linux/arm64"], made.children):
        assert raw(lab, "manifest", "--platform", platform, f"{repository}:v1") == (0, child.manifest)
    result = lab.ecr("manifest", "--platform", "linux/s390x", f"{repository}:v1")
    assert (result.code, result.stdout) == (6, "") and "linux/s390x is not among its platforms" in result.stderr


def test_what_is_shown_is_what_was_checked(lab):
    """The tag may move between the check and the question: the digest is asked for."""
    repository = lab.create_repository("app")
    made = lab.push_image(f"{repository}:v1")
    lab.clear_log()
    assert raw(lab, "manifest", f"{repository}:v1") == (0, made.manifest)
    request, = lab.requests(operation="GetManifest")
    assert request["path"].endswith(f"/manifests/{made.digest}")


# ---- config

def test_config_is_exact(lab, repository):
    made = lab.push_image(f"{repository}:v1", "linux/arm64")
    assert raw(lab, "config", f"{repository}:v1") == (0, config_of(made))


def test_config_of_a_platform(lab, repository):
    made = lab.push_image(f"{repository}:v1", BOTH)
    for platform, child in zip(BOTH, made.children):
        assert raw(lab, "config", "--platform", platform, f"{repository}:v1") == (0, config_of(child))


def test_config_of_an_index_needs_a_platform(lab, repository):
    """Unless there is but one, beside attestations."""
    lab.push_image(f"{repository}:v1", BOTH)
    result = lab.ecr("config", f"{repository}:v1")
    assert (result.code, result.stdout) == (6, "") and "more than one platform" in result.stderr
    assert "--platform" in result.stderr and "linux/arm64/v8" in result.stderr
    made = lab.push_image(f"{repository}:one", ["linux/amd64"])
    assert raw(lab, "config", f"{repository}:one") == (0, config_of(made.children[0]))


# ---- what holds for all

COMMANDS = pytest.mark.parametrize("command", ["digest", "manifest", "config"])


@COMMANDS
def test_absent(lab, repository, command):
    result = lab.ecr(command, f"{repository}:none")
    assert result.code == 1 and result.stdout == ("-\n" if command == "digest" else "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"ecr: {repository}:none: no-")


@COMMANDS
def test_absent_in_json(lab, command):
    """The error is an object, too."""
    result = lab.ecr(command, "--json", f"{OPEN}/app:none")
    shown, = result.json
    told = shown if command == "digest" else {**shown["error"], "image": shown["error"]["subject"]}
    assert result.code == 1 and told["image"] == f"{OPEN}/app:none" and told["reason"] == "no-image", result


@COMMANDS
@pytest.mark.parametrize("fault, code, reason", [("throttle", 4, "throttled"), ("deny", 3, "denied"), ("html", 5, "bad-reply")])
def test_unknown(lab, command, fault, code, reason):
    lab.fault(fault, service="api")
    result = lab.ecr(command, "--via", "ecr", "--max-attempts", "1", f"{lab.host}/app:v1")
    assert result.code == code and reason in result.stderr and result.stdout in ("", "-\n")
    assert sum(line.startswith("ecr: ") for line in result.stderr.splitlines()) == 1  # said once


@pytest.mark.parametrize("command", ["manifest", "config"])
def test_one_image_alone(lab, command):
    result = lab.ecr(command, "a/b:1", "a/b:2")
    assert result.code == 2 and "takes one image" in result.stderr and lab.requests() == []
    result = lab.ecr(command, "--platform", "linux/amd64", "--platform", "linux/arm64", "a/b:1")
    assert result.code == 2 and "takes one" in result.stderr


@COMMANDS
def test_no_image(lab, command):
    assert lab.ecr(command).code == 2


@pytest.mark.parametrize("command, fault, operation, reason, code", [
    ("manifest", "garble", "GetManifest", "bad-reply", 5), ("manifest", "deny", "GetManifest", "denied", 3),
    ("config", "garble", "GetManifest", "bad-reply", 5), ("config", "deny", "GetBlob", "denied", 3),
    ("config", "server_error", "GetBlob", "server-error", 4), ("manifest", "truncate_json", "GetManifest", "bad-reply", 5)])
def test_parts_that_cannot_be_read(lab, command, fault, operation, reason, code):
    """What does not have its digest is never printed."""
    repository = lab.create_repository("app")
    lab.push_image(f"{repository}:v1")
    lab.fault(fault, service="registry", operation=operation)
    result = lab.ecr(command, "--max-attempts", "1", "--json", f"{repository}:v1")
    assert (result.code, result.json[0]["error"]["reason"]) == (code, reason), result


def test_a_configuration_with_another_digest(lab):
    repository = lab.create_repository("app")
    lab.push_image(f"{repository}:v1")
    lab.fault("garble", service="bucket")
    result = lab.ecr("config", "--max-attempts", "1", f"{repository}:v1")
    assert (result.code, result.stdout) == (5, "") and "does not have that digest" in result.stderr


def test_by_the_daemon(lab, dockerd):
    """The daemon says that it is there; the manifest comes from the registry."""
    made = lab.push_image(f"{lab.plain_host}/app:v1")
    result = lab.ecr("digest", "--via", "docker", f"{lab.plain_host}/app:v1", docker=True)
    assert (result.code, result.stdout) == (0, made.digest + "\n")


def test_the_help_says_that_it_counts_as_a_pull(lab):
    for command in ("manifest", "config", "check"):
        assert "in ECR that counts as a pull" in " ".join(lab.ecr("help", command).stdout.split())
    assert "nothing is verified" in lab.ecr("help", "check").stdout  # of --has-signature


# ---- of several that would do

def index_for(lab, ref, platforms):
    made = lab.push_image(ref, platforms)
    lab.clear_log()
    return dict(zip(platforms, made.children))


@pytest.mark.parametrize("offered, wanted, taken", [
    (["linux/arm/v5", "linux/arm/v7"], "linux/arm", "linux/arm/v7"), (["linux/arm", "linux/arm/v7"], "linux/arm/v7", "linux/arm/v7"),
    (["linux/amd64/v3", "linux/amd64"], "linux/amd64", "linux/amd64"),
    (["linux/arm64/v9", "linux/arm64/v8"], "linux/arm64", "linux/arm64/v8"),
    (["linux/amd64", "linux/amd64/v3"], "linux/amd64/v3", "linux/amd64/v3"), (["linux/amd64/v3"], "linux/amd64", None)])
def test_the_one_that_a_pull_takes(lab, offered, wanted, taken):
    children = index_for(lab, f"{OPEN}/team/app:v1", offered)
    result = lab.ecr("digest", "--platform", wanted, f"{OPEN}/team/app:v1")
    assert result.stdout == (children[taken].digest if taken else "-") + "\n", result
    assert result.code == (0 if taken else 6)


# ---- of what the daemon has

def test_what_was_built_here_has_no_digest_of_a_registry(lab, dockerd, tmp_path):
    """Its tag may stand for another image in the registry."""
    ref = f"{OPEN}/team/app:v1"
    lab.push_image(ref)
    (tmp_path / "file").write_text("x")
    packed = subprocess.run(["tar", "-C", tmp_path, "-c", "file"], capture_output=True, check=True).stdout
    env = {**os.environ, "DOCKER_HOST": dockerd}
    subprocess.run(["docker", "import", "-", ref], env=env, input=packed, capture_output=True, check=True)
    try:
        assert lab.ecr("check", "--via", "local", ref, docker=True).stdout == f"present  {ref}  -\n"
        lab.clear_log()
        for command in ("digest", "manifest", "config"):
            result = lab.ecr(command, "--via", "local", ref, docker=True)
            assert result.code == 5 and result.stdout.strip() in ("", "-") and "no digest" in result.stderr, result
        assert [r for r in lab.requests() if r["service"] != "docker"] == []
    finally:
        subprocess.run(["docker", "rmi", "--force", ref], env=env, capture_output=True, check=True)


def test_what_the_daemon_found_is_asked_for_as_it_asked(lab, dockerd):
    """With a token of ECR, where no login is stored."""
    repository = lab.create_repository("team/app")
    made = lab.push_image(f"{repository}:v1", docker=True)
    result = lab.ecr("check", "--via", "docker", "--deep", f"{repository}:v1", docker=True)
    assert (result.code, result.stdout) == (0, f"present  {repository}:v1  {made.digest}\n"), result
