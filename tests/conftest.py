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


def claim(folder, name):
    """Whether no other run of the tests has taken the file."""
    try:
        os.close(os.open(os.path.join(folder, name), os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def share(items, folder):
    """The tests of the files that this run gets: each goes to the run that comes for it first, those with most tests first."""
    files = {}
    for item in items:
        files.setdefault(item.path.name, []).append(item)
    for name in sorted(files, key=lambda name: -len(files[name])):
        if claim(folder, name):
            yield from files[name]


def pytest_addoption(parser):
    parser.addoption("--share", metavar="FOLDER", help="take part of the test files alone; FOLDER says which others took")


def pytest_runtestloop(session):
    """With --share several runs share the files among them (build.sh); without it all are run."""
    if not session.config.option.share or session.config.option.collectonly or session.testsfailed:
        return None
    mine = share(session.items, session.config.option.share)
    item = next(mine, None)
    while item:
        following = next(mine, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail or session.shouldstop:
            raise session.Failed(session.shouldfail or session.shouldstop)
        item = following
    return True


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
