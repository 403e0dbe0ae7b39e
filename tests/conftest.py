"""Fixtures of all tests. They run inside the lab."""

import os
import signal

import pytest

if "LAB_CONTROL" not in os.environ:
    pytest.exit("the tests run inside the lab; run: tests/lab/run build/venv/bin/python -m pytest tests", returncode=4)

# A background job has these ignored, and what is ignored goes on to all children: the tested would have them so.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

from lab import Lab  # noqa: E402  (it needs what the lab installs)


@pytest.fixture(scope="session")
def the_lab():
    return Lab()


@pytest.fixture
def lab(the_lab):
    """The lab as at its start."""
    the_lab.reset()
    return the_lab


@pytest.fixture(scope="session")
def dockerd():
    """The address of the lab's Docker daemon; without one, what needs it fails and says why."""
    failure = os.path.join(os.environ["LAB_DIR"], "dockerd.failed")
    if os.path.exists(failure):
        with open(failure) as f:
            raise RuntimeError(f.read())
    return f"unix://{os.environ['LAB_DOCKER_SOCK']}"


@pytest.fixture
def image(lab):
    """An image that is there, with nothing in the logs yet."""
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    lab.clear_log()
    return f"{repository}:v1"
