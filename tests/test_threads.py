"""Threads under ThreadSanitizer: those of the name lookup, waited for or left behind, and many that want credentials."""

import os
import subprocess

import pytest
from lab.client import ROOT
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


@pytest.mark.parametrize("name", ["test_provider"])
def test_unit(name):
    """Unit tests with threads of their own, built a second time."""
    program = os.path.join(ROOT, "build", "unit-tsan", name)
    subprocess.run(["make", "-s", "-C", ROOT, f"build/unit-tsan/{name}"], check=True)
    result = subprocess.run([*FIXED_ADDRESSES, program], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0 and "ThreadSanitizer" not in result.stderr, result.stdout + result.stderr
