"""pull and push that are stopped: nothing half done has a name, nothing is left behind by who had time to tidy up, and the next
run goes on from what is whole."""

import os
import random
import signal
import time

import pytest
import support_move as move
from support_move_faults import OPEN, downloads, files_below, puts
from test_life import AS_PID_1, child_of, start, wait_for

MB = 1 << 20
IMAGE = move.image((2 * MB, MB // 2, 100))
SLOW = 3 * MB  # bytes a second: a run takes about a second, and a signal meets it where it is to
ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143}
RANDOM = random.Random("kills")
CALLS = "mkdir,mkdirat,open,openat,rename,renameat,renameat2,unlink,unlinkat,fchmod"
MOMENTS = [RANDOM.uniform(0.02, 0.5) for _ in range(2)]


@pytest.fixture
def registry(lab):
    """Holds IMAGE, and hands its layers out and takes them slowly."""
    move.push_raw(f"{OPEN}/app:v1", IMAGE)
    lab.clear_log()
    lab.fault("slow", service="tls", operation="GetBlob", rate=SLOW)
    lab.fault("slow", service="tls", operation="PutUpload", rate=SLOW)
    return lab


@pytest.fixture
def layout(tmp_path):
    return move.write_layout(tmp_path / "in", {"v1": IMAGE})


def stop(process, number, prefix=()):
    """Sends a signal to the binary itself; (exit status, what it said, seconds that it took to end)."""
    began = time.monotonic()
    try:
        os.kill(child_of(process.pid)[0] if prefix else process.pid, number)
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
    return process.returncode, out + err, time.monotonic() - began


def on_its_way(lab, digest):
    return lambda: downloads(lab, digest)


def finish(lab, *arguments):
    """The next run, with nothing in its way; the digests that it moved."""
    lab.clear()
    lab.clear_log()
    result = lab.ecr(arguments[0], "--json", *arguments[1:])
    assert result.code == 0, result
    return {event["digest"] for event in result.json if event["event"] == "blob" and event["status"] == "copied"}


def whole_blobs(folder):
    place = folder / "blobs" / "sha256"
    return {f"sha256:{path.name}" for path in place.iterdir()} if place.exists() else set()


def test_the_lab_is_slow_enough(registry, tmp_path):
    """Otherwise nothing here would meet a transfer."""
    result = registry.ecr("pull", f"{OPEN}/app:v1", f"oci:{tmp_path}/out")
    assert result.code == 0 and result.seconds > 0.6, result


# ---- signals that leave time

@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("prefix", [[], AS_PID_1], ids=["a child", "PID 1"])
@pytest.mark.parametrize("target", ["oci:{}/out:v1", "oci-archive:{}/out.tar:v1", "docker-archive:{}/out.tar"])
def test_a_pull_that_is_stopped(registry, tmp_path, target, prefix, number):
    place = target.format(tmp_path)
    process = start(registry, "pull", f"{OPEN}/app:v1", place, prefix=prefix)
    wait_for(on_its_way(registry, IMAGE.parts[0].digest))
    time.sleep(0.15)
    code, said, seconds = stop(process, number, prefix)
    assert code == ENDS[number] and seconds < 1 and b"sha256:" not in said, said
    left = [path for path in files_below(tmp_path) if ".ecr-" in path]
    assert left == [] and (tmp_path / "out.tar").exists() is False
    if "oci:" in target:
        whole = whole_blobs(tmp_path / "out")
        assert move.layout_fault(tmp_path / "out") is None and move.layout_tags(tmp_path / "out") == {}
        assert not finish(registry, "pull", f"{OPEN}/app:v1", place) & whole
        assert move.layout_fault(tmp_path / "out") is None and move.layout_tags(tmp_path / "out") == {"v1": IMAGE.digest}


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("prefix", [[], AS_PID_1], ids=["a child", "PID 1"])
def test_a_push_that_is_stopped(registry, layout, prefix, number):
    process = start(registry, "push", f"oci:{layout}", f"{OPEN}/new:v1", prefix=prefix)
    wait_for(lambda: len(registry.requests(operation="PutUpload")) == 4)
    time.sleep(0.35)
    code, said, seconds = stop(process, number, prefix)
    assert code == ENDS[number] and seconds < 1 and b"sha256:" not in said and puts(registry) == []
    whole = {digest for digest in move.blobs_of(IMAGE) if there(registry, digest)}
    assert whole and IMAGE.parts[0].digest not in whole
    assert not finish(registry, "push", f"oci:{layout}", f"{OPEN}/new:v1") & whole
    assert move.registry_fault(registry, f"{OPEN}/new:v1", IMAGE) is None


def there(lab, digest):
    return lab._pusher(OPEN, "new").ask("HEAD", f"/v2/new/blobs/{digest}", wanted=None)[0].status == 200


@pytest.mark.parametrize("number", ENDS)
def test_a_stream_that_is_stopped(registry, tmp_path, number):
    """What came out of it is no archive."""
    with open(tmp_path / "out.tar", "wb") as out:
        process = start(registry, "pull", f"{OPEN}/app:v1", "oci-archive:-", stdout=out)
    wait_for(lambda: os.path.getsize(tmp_path / "out.tar") > 100000)
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == ENDS[number]
    assert registry.ecr("push", f"oci-archive:{tmp_path}/out.tar", f"{OPEN}/new:v1").code == 2 and puts(registry) == []


def test_a_reader_that_goes_away(registry):
    """The other end of the pipe is closed: an error, not a signal."""
    ours, theirs = os.pipe()
    process = start(registry, "pull", f"{OPEN}/app:v1", "oci-archive:-", stdout=theirs)
    os.close(theirs)
    os.read(ours, 512)
    os.close(ours)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 5 and b"standard output" in err and len(err.splitlines()) == 1, err


def test_an_archive_that_is_there_stays_until_the_new_one_is_whole(registry, tmp_path):
    path = tmp_path / "out.tar"
    path.write_bytes(b"the old one")
    process = start(registry, "pull", f"{OPEN}/app:v1", f"oci-archive:{path}:v1")
    wait_for(on_its_way(registry, IMAGE.parts[0].digest))
    assert stop(process, signal.SIGTERM)[0] == 143 and path.read_bytes() == b"the old one"
    finish(registry, "pull", f"{OPEN}/app:v1", f"oci-archive:{path}:v1")
    assert registry.ecr("push", f"oci-archive:{path}:v1", f"{OPEN}/new:v1").code == 0


def test_a_second_signal_does_no_harm(registry, tmp_path):
    process = start(registry, "pull", f"{OPEN}/app:v1", f"oci:{tmp_path}/out:v1")
    wait_for(on_its_way(registry, IMAGE.parts[0].digest))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode in ENDS.values() and move.layout_fault(tmp_path / "out") is None


# ---- kill -9

@pytest.mark.parametrize("moment", MOMENTS)
def test_a_pull_that_is_killed(registry, tmp_path, moment):
    process = start(registry, "pull", f"{OPEN}/app:v1", f"oci:{tmp_path}/out:v1")
    time.sleep(moment)
    assert stop(process, signal.SIGKILL)[0] == -signal.SIGKILL
    whole = whole_blobs(tmp_path / "out")
    assert not (tmp_path / "out").exists() or move.layout_fault(tmp_path / "out", killed=True) is None
    assert not finish(registry, "pull", f"{OPEN}/app:v1", f"oci:{tmp_path}/out:v1") & whole
    assert move.layout_fault(tmp_path / "out", killed=True) is None and move.layout_tags(tmp_path / "out") == {"v1": IMAGE.digest}


@pytest.mark.parametrize("moment", MOMENTS[:1])
def test_a_pull_of_an_archive_that_is_killed(registry, tmp_path, moment):
    """Half of it has no name that anybody would take for it."""
    process = start(registry, "pull", f"{OPEN}/app:v1", f"oci-archive:{tmp_path}/out.tar:v1")
    time.sleep(moment)
    assert stop(process, signal.SIGKILL)[0] == -signal.SIGKILL
    assert [name for name in os.listdir(tmp_path) if not name.startswith(".out.tar.ecr-")] == []
    finish(registry, "pull", f"{OPEN}/app:v1", f"oci-archive:{tmp_path}/out.tar:v1")
    assert registry.ecr("copy", f"oci-archive:{tmp_path}/out.tar:v1", f"oci:{tmp_path}/out").code == 0
    assert move.layout_fault(tmp_path / "out") is None


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_push_that_is_killed(registry, layout, moment):
    process = start(registry, "push", f"oci:{layout}", f"{OPEN}/new:v1")
    time.sleep(moment)
    assert stop(process, signal.SIGKILL)[0] == -signal.SIGKILL
    assert puts(registry) == []
    whole = {digest for digest in move.blobs_of(IMAGE) if there(registry, digest)}
    assert not finish(registry, "push", f"oci:{layout}", f"{OPEN}/new:v1") & whole
    assert move.registry_fault(registry, f"{OPEN}/new:v1", IMAGE) is None


def test_a_kill_between_any_two_steps(lab, tmp_path):
    """Before each call that makes, renames or removes a file: whatever stood there then is a layout that the next run takes."""
    made = move.image((100,))
    move.push_raw(f"{OPEN}/app:v1", made)
    killed = 0
    for step in range(1, 60):
        folder = tmp_path / str(step)
        tracer = ("strace", "-f", "-o", "/dev/null", "-e", f"inject={CALLS}:signal=KILL:when={step}")
        process = start(lab, "pull", f"{OPEN}/app:v1", f"oci:{folder}:v1", prefix=tracer)
        process.communicate(timeout=20)
        if process.returncode == 0:
            break
        killed += 1
        assert not folder.exists() or not (folder / "oci-layout").exists() or move.layout_fault(folder, killed=True) is None, step
        finish(lab, "pull", f"{OPEN}/app:v1", f"oci:{folder}:v1")
        assert move.layout_fault(folder, killed=True) is None and move.layout_tags(folder) == {"v1": made.digest}, step
    assert killed > 10


# ---- what kills leave behind

def test_what_was_left_is_swept_away(lab, tmp_path):
    """When it is old and nobody holds it; what another run is writing stays."""
    move.push_raw(f"{OPEN}/app:v1", IMAGE)
    blobs = tmp_path / "out" / "blobs"
    blobs.mkdir(parents=True)
    for name in (".ecr-old", ".ecr-new", "mine"):
        (blobs / name).write_bytes(b"x")
    os.utime(blobs / ".ecr-old", (0, 0))
    os.utime(blobs / "mine", (0, 0))
    finish(lab, "pull", f"{OPEN}/app:v1", f"oci:{tmp_path}/out:v1")
    assert sorted(os.listdir(blobs)) == [".ecr-new", "mine", "sha256"]


@pytest.mark.parametrize("same", [True, False])
def test_two_pulls_into_one_layout(registry, tmp_path, same):
    """At the same time: both images are there in the end."""
    other = move.image((MB // 2,), content="other")
    move.push_raw(f"{OPEN}/app:v2", other)
    tags = {"v1": IMAGE.digest} if same else {"v1": IMAGE.digest, "v2": other.digest}
    processes = [start(registry, "pull", f"{OPEN}/app:{tag}", f"oci:{tmp_path}/out:{tag}") for tag in (*tags, *tags)]
    for process in processes:
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
    assert move.layout_fault(tmp_path / "out") is None and move.layout_tags(tmp_path / "out") == tags
