"""Threads under ThreadSanitizer: those of the name lookup, waited for or left behind, many that want credentials, and the pool
that checks many images of many registries. A report of the sanitizer fails the run that made it (lab.client)."""

import base64
import collections
import json
import os
import stat
import subprocess

import pytest
from lab import names
from lab.client import ROOT
from support_move import image, push_raw
from support_net import verdict

BINARY = os.path.join(ROOT, "build", "tsan", "ecr")

# Kernels that randomise addresses much leave no room for ThreadSanitizer's own: setarch -R turns that off.
FIXED_ADDRESSES = ("setarch", "-R")


@pytest.fixture(scope="module", autouse=True)
def binary():
    """Other tests must keep their own binary, whatever becomes of these."""
    if not os.path.exists(BINARY):
        subprocess.run(["make", "-s", "-C", ROOT, "tsan"], check=True)
    before = os.environ.get("ECR_BIN")
    os.environ["ECR_BIN"] = BINARY
    yield
    del os.environ["ECR_BIN"]
    if before:
        os.environ["ECR_BIN"] = before


@pytest.mark.parametrize("kind, family, want", [
    (None, None, ("present", "ok", 0)),
    ("slow", "AAAA", ("present", "ok", 0)),
    ("drop", "AAAA", ("present", "ok", 0)),
    ("nxdomain", None, ("unknown", "unreachable", 4)),
    ("drop", None, ("unknown", "timeout", 4)),
])
def test_lookup(lab, kind, family, want):
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    if kind:
        lab.dns_fault(lab.api_host, kind, type=family, **({"milliseconds": 700} if kind == "slow" else {}))
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "1", "--timeout", "4s", f"{repository}:v1",
                     prefix=FIXED_ADDRESSES)
    assert verdict(result) == want, result
    assert "ThreadSanitizer" not in result.stderr


@pytest.mark.parametrize("name", ["test_plan", "test_provider", "test_archive_out"])
def test_unit(name):
    """Unit tests with threads of their own, built a second time."""
    program = os.path.join(ROOT, "build", "unit-tsan", name)
    subprocess.run(["make", "-s", "-C", ROOT, f"build/unit-tsan/{name}"], check=True)
    result = subprocess.run([*FIXED_ADDRESSES, program], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0 and "ThreadSanitizer" not in result.stderr, result.stdout + result.stderr


# ---- the pool

LOGIN = base64.b64encode(f"{names.USER}:{names.PASSWORD}".encode()).decode()
TAGS = [f"v{n}" for n in range(12)]


class Crowd:
    """Images of five registries, six repositories of each, and what is known of them: {image: state}."""

    def __init__(self, lab, home):
        self.lab, self.home, self.want = lab, home, {}
        bases = [lab.host, "bearer.lab.test", "registry-1.docker.io", "basic.lab.test", "registry.lab.test"]
        for base in bases:
            for number in range(6):
                name = f"crowd/r{number}"
                if base == lab.host:
                    lab.create_repository(name)
                lab.push_tags(f"{base}/{name}", TAGS, content=name)
                shown = f"{base}/{name}".replace("registry-1.docker.io/", "docker.io/")
                self.want.update({f"{shown}:{tag}": "present" for tag in TAGS})
                self.want[f"{shown}:none"] = "absent"
        # In turn, so that as many registries as there are have a place in the pool; every fifth one twice.
        self.images = sorted(self.want, key=lambda image: (image.rpartition(":")[2], image.partition("/")[2], image))
        self.images += self.images[::5]
        lab.clear_log()

    def run(self, *options, images=None, env=None, **rest):
        images = self.images if images is None else images
        path = self.home / "images.txt"
        path.write_text("\n".join(images) + "\n")
        env = {"DOCKER_CONFIG": str(self.home), **(env or {})}
        result = self.lab.ecr("check", "--json", *options, "-f", str(path), env=env, prefix=FIXED_ADDRESSES, timeout=240, **rest)
        assert [v["image"] for v in result.json] == images, "each image has one verdict, in its place"
        return result

    def states(self, result):
        return {v["image"]: v["state"] for v in result.json}


@pytest.fixture
def crowd(lab, tmp_path):
    hub = {"https://index.docker.io/v1/": {"auth": LOGIN}}
    logins = {"bearer.lab.test": {"auth": LOGIN}, "basic.lab.test": {"auth": LOGIN}, **hub}
    (tmp_path / "config.json").write_text(json.dumps({"auths": logins}))
    return Crowd(lab, tmp_path)


def test_pool(lab, crowd):
    """What all threads share is obtained once."""
    result = crowd.run("-v")
    assert crowd.states(result) == crowd.want and result.code == 1
    tokens = collections.Counter(r["service"] for r in lab.requests() if r["service"] in ("auth", "hub-auth"))
    assert tokens == {"auth": 6, "hub-auth": 6}, "one a repository"
    assert len(lab.requests(operation="GetAuthorizationToken")) <= 1
    assert len(lab.connections(service="api")) <= 6


def test_pool_without_logins(lab, crowd):
    """Strangers, of whom some are let in; the daemon is asked about the rest."""
    (crowd.home / "config.json").unlink()
    result = crowd.run("-v", key=None)
    states = crowd.states(result)
    assert all(states[i] in (crowd.want[i], "unknown") for i in crowd.want), result
    assert all(states[i] == crowd.want[i] for i in crowd.want if i.startswith("registry.lab.test/"))
    assert result.code == 3


def test_pool_asks_for_much(lab, crowd):
    """Manifests, configurations, layers and signatures are looked at by all threads."""
    images = [i for i in crowd.images if i.endswith((":v1", ":v2", ":none"))]
    result = crowd.run("--deep", "--platform", "linux/amd64", "--max-age", "1000d", "--max-size", "1GB", images=images)
    states = crowd.states(result)
    assert states == {i: crowd.want[i] for i in images}, result
    result = crowd.run("--has-signature", images=images)
    assert {v["reason"] for v in result.json} == {"no-signature", "no-image"}


def test_pool_with_ecr_tokens(lab, crowd):
    """ECR by its registry: one token for all threads, also where it is over at once."""
    images = [i for i in crowd.images if i.startswith(lab.host)]
    result = crowd.run("--via", "registry", images=images)
    assert crowd.states(result) == {i: crowd.want[i] for i in images}
    assert len(lab.requests(operation="GetAuthorizationToken")) == 1
    lab.expire_tokens()
    result = crowd.run("--via", "registry", images=images)
    assert crowd.states(result) == {i: crowd.want[i] for i in images}


def test_pool_with_helpers(lab, crowd, tmp_path):
    """Helpers run beside other threads: each registry's once."""
    log = tmp_path / "asked"
    program = tmp_path / "bin" / "docker-credential-crowd"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nread host\necho $host >>{log}\nsleep 0.1\n"
                       f'echo "{{\\"Username\\":\\"{names.USER}\\",\\"Secret\\":\\"{names.PASSWORD}\\"}}"\n')
    program.chmod(stat.S_IRWXU)
    hosts = ["bearer.lab.test", "basic.lab.test", "docker.io"]
    (crowd.home / "config.json").write_text(json.dumps({"credHelpers": dict.fromkeys(hosts, "crowd")}))
    result = crowd.run(env={"PATH": f"{program.parent}:/usr/bin:/bin"})
    assert crowd.states(result) == crowd.want
    assert sorted(log.read_text().split()) == ["basic.lab.test", "bearer.lab.test", "https://index.docker.io/v1/"]


def test_pool_with_cache_rules(lab, crowd):
    """The rules of a registry are read once, and imports go on beside each other."""
    lab.cache_rule("cache", "registry.lab.test")
    images = [f"{lab.host}/cache/crowd/r{n}:{tag}" for tag in ("v1", "v2", "none") for n in range(6)]
    result = crowd.run(images=images)
    assert {v["reason"] for v in result.json} == {"not-cached"}
    assert len(lab.requests(operation="DescribePullThroughCacheRules")) == 1
    result = crowd.run("--pull-through", images=images)
    assert {v["image"]: v["state"] for v in result.json} == {i: "absent" if i.endswith(":none") else "present" for i in images}


@pytest.mark.parametrize("kind", ["throttle", "server_error", "cut", "slow", "dns", "timeout", "refusing"])
def test_pool_in_trouble(lab, crowd, kind):
    """Whatever fails, no verdict is a wrong one."""
    options, rest = ["-v"], {}
    if kind == "throttle":
        lab.fault("throttle", service="bearer", count=20)
        lab.fault("throttle", service="api", count=3)
    elif kind == "server_error":
        lab.fault("server_error", service="hub", status=503, count=30)
        lab.fault("server_error", service="auth", count=2)
    elif kind == "cut":
        lab.fault("cut", service="bearer", rst=True, count=10)
        lab.fault("cut_body", service="tls", count=10)
    elif kind == "slow":
        lab.fault("delay", service="hub-auth", seconds=0.5)
        lab.fault("delay", service="tls", seconds=0.1)
    elif kind == "dns":
        lab.dns_fault("bearer.lab.test", "servfail")
        lab.dns_fault("registry-1.docker.io", "slow", milliseconds=500)
    elif kind == "timeout":
        lab.fault("delay", service="hub", seconds=30)
        options += ["--timeout", "6s"]
    else:
        lab.dns_fault("basic.lab.test", "addresses", type="A", addresses=[lab.refusing])
    result = crowd.run(*options, **rest)
    states = crowd.states(result)
    wrong = {i: (s, crowd.want[i]) for i, s in states.items() if s not in (crowd.want[i], "unknown")}
    assert not wrong, wrong


def test_an_image_is_moved(lab, tmp_path):
    """Layers by several threads, in and out, and one that fails while the others are at work."""
    repository = lab.create_repository("team/moved")
    made = push_raw(f"{repository}:v1", image([5000] * 12), lab=lab)
    layout = f"oci:{tmp_path}/layout:v1"
    for command in (("pull", f"{repository}:v1", layout), ("push", layout, "registry.lab.test/team/moved:v1"),
                    ("pull", f"{repository}:v1", f"docker-archive:{tmp_path}/app.tar")):
        result = lab.ecr(*command, prefix=FIXED_ADDRESSES)
        assert (result.code, result.stdout) == (0, made.digest + "\n"), result
        assert "ThreadSanitizer" not in result.stderr
    lab.fault("garble", service="bucket", skip=5)
    result = lab.ecr("pull", f"{repository}:v1", f"oci:{tmp_path}/other", prefix=FIXED_ADDRESSES)
    assert result.code == 5 and "ThreadSanitizer" not in result.stderr, result
