"""Many images at once: their order, what they cost, and that none gets lost when a registry fails."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time

import pytest

from lab.client import ROOT
from support_net import Server, file_of, reply

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
OPEN, BEARER, BASIC = "registry.lab.test", "bearer.lab.test", "basic.lab.test"
WORKERS = 8  # that ask one registry at a time
LOGIN = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {BASIC: {"auth": "dXNlcjpwYXNzd29yZA=="}}})}


def summary(result):
    return [line for line in result.stderr.splitlines() if re.fullmatch(r"\d+ images:.*", line)]


@pytest.fixture
def fleet(lab):
    """An image in each of four registries: {prefix of its references: digest}."""
    made = {}
    for host in (OPEN, BEARER, BASIC):
        for name in ("one", "two"):
            made[f"{host}/{name}"] = lab.push_image(f"{host}/{name}:v1").digest
    for name in ("one", "two"):
        repository = lab.create_repository(name)
        made[repository] = lab.push_image(f"{repository}:v1").digest
    lab.clear_log()
    return made


def thousand(fleet):
    """1,000 references and what is to be said of each: present, absent, and many twice."""
    wanted = []
    for n in range(125):
        for prefix, digest in fleet.items():
            if n % 5 == 4:
                wanted.append((f"{prefix}:none{n}", "absent", "no-image"))
            else:
                wanted.append((f"{prefix}:v1" if n % 5 == 0 else f"{prefix}@{digest}", "present", digest))
    return wanted


def test_a_thousand_references(lab, fleet, tmp_path):
    """In their order, duplicates too; each image is asked about once, over one connection a registry and worker."""
    wanted = thousand(fleet)
    path = file_of(tmp_path / "list", "".join(f"{ref}\n" for ref, _, _ in wanted))
    result = lab.ecr("check", "-f", path, env=LOGIN)
    assert result.code == 1
    assert [line.split("  ") for line in result.lines] == [[s, r, d, f"{path}:{n}"] for n, (r, s, d) in enumerate(wanted, 1)]
    assert summary(result) == ["1000 images: 800 present 200 absent"]
    # On stderr nothing else is said of so many.
    assert result.stderr.splitlines() == summary(result)
    targets = [(r["host"], r["method"], r["target"]) for r in lab.requests(status=200) if r["operation"] == "HeadManifest"]
    assert len(targets) == len(set(targets))
    per_service = {}
    for c in lab.connections():
        if c["requests"]:
            per_service[c["service"]] = per_service.get(c["service"], 0) + 1
    assert all(count <= WORKERS for count in per_service.values()), per_service
    assert {"tls", "bearer", "basic", "api"} <= set(per_service)
    # One token for each repository of the one registry that wants them.
    assert len(lab.requests(operation="Token")) == 2


def test_requests_are_paced(lab):
    """Two hundred a second of one registry at most, however many ask."""
    lab.push_image(f"{OPEN}/app:v1")
    lab.clear_log()
    images = [f"{OPEN}/app{n % 20}:none{n}" for n in range(100)]
    assert lab.ecr("check", *images).code == 1
    times = sorted(r["time"] for r in lab.requests(service="tls"))
    assert len(times) >= 100
    for n in range(len(times) - 40):
        assert times[n + 40] - times[n] > 0.15  # 40 of them take 0.2 s


def test_answers_come_as_soon_as_their_turn_does(lab):
    """The first of several registries is slow: what is behind waits; what is before a slow one does not."""
    for host in (OPEN, BEARER):
        lab.push_image(f"{host}/app:v1")
    lab.fault("delay", service="bearer", seconds=1.0)
    images = [f"{OPEN}/app:v1", f"{BEARER}/app:v1", f"{OPEN}/app:none"]
    process = subprocess.Popen([BINARY, "check", *images], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               env={"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere"})
    began, seen = time.monotonic(), []
    for line in process.stdout:
        seen.append((line.split("  ")[1], time.monotonic() - began))
    assert process.wait() == 1 and [image for image, _ in seen] == images
    assert seen[0][1] < 0.8 < seen[1][1] and seen[2][1] - seen[1][1] < 0.5, seen


@pytest.mark.parametrize("fault, parameters, reason", [
    ("server_error", {}, "server-error"), ("cut", {}, "unreachable"), ("html", {}, "ambiguous"),
    ("tls_close", {}, None), ("throttle", {}, "throttled")])
def test_nothing_is_lost_when_a_registry_fails(lab, fleet, fault, parameters, reason):
    """The others have their verdicts, and each image of the failing one its own line."""
    lab.fault(fault, **({"host": BEARER} if fault.startswith("tls") else {"service": "bearer"}), **parameters)
    images = [f"{prefix}:{tag}" for tag in ("v1", *(f"n{n}" for n in range(6))) for prefix in fleet]
    result = lab.ecr("check", "--max-attempts", "1", "--json", *images, env=LOGIN)
    assert [shown["image"] for shown in result.json] == images
    for shown in result.json:
        if shown["image"].startswith(BEARER):
            assert shown["state"] == "unknown" and reason in (None, shown["reason"]), shown
        else:
            assert shown["state"] == ("present" if shown["image"].endswith(":v1") else "absent"), shown
    of = {s: sum(shown["state"] == s for shown in result.json) for s in ("present", "absent", "unknown")}
    assert summary(result) == ["56 images: " + " ".join(f"{n} {s}" for s, n in of.items())]
    assert result.code in (4, 5)


def test_a_registry_that_is_not_there(lab, fleet):
    images = [f"{host}/a{n}:v1" for n in range(10) for host in ("refusing.lab.test", "none.lab.test", OPEN)]
    result = lab.ecr("check", "--max-attempts", "1", "--json", *images)
    assert [(s["image"], s["state"]) for s in result.json] == [(i, "absent" if OPEN in i else "unknown") for i in images]
    assert result.code == 4 and result.seconds < 10


def test_a_registry_that_says_nothing(lab, fleet):
    """One that hangs holds up its own images alone; --timeout ends it for all of them at once."""
    lab.fault("stall", service="bearer")
    images = [f"{host}/a{n}:v1" for n in range(12) for host in (BEARER, OPEN)]
    result = lab.ecr("check", "--timeout", "1500ms", "--json", *images)
    assert result.seconds < 3 and [s["image"] for s in result.json] == images
    assert {s["state"] for s in result.json if BEARER in s["image"]} == {"unknown"}
    assert {s["state"] for s in result.json if OPEN in s["image"]} == {"absent"}, result


def test_throttled_by_one_worker_and_another(lab):
    """A registry's word to wait is for all that ask it, and nothing is lost by it."""
    digest = lab.push_image(f"{OPEN}/app:v1").digest
    images = [f"{OPEN}/app{n}:none" for n in range(20)] + [f"{OPEN}/app:v1"]
    lab.clear_log()
    lab.fault("throttle", service="tls", count=3, retry_after=1, skip=5)
    result = lab.ecr("check", "--json", *images)
    assert [s["state"] for s in result.json] == ["absent"] * 20 + ["present"] and result.json[-1]["digest"] == digest
    assert 1.0 < result.seconds < 8
    refused = [r["time"] for r in lab.requests(status=429)]
    assert len(refused) == 3
    after = [r["time"] for r in lab.requests(service="tls") if r["time"] > max(refused) + 0.3]
    assert min(after) - max(refused) > 0.8  # nobody asked meanwhile


def test_many_registries(lab):
    """Two dozen at once, each by its own address; as many connections as registries."""
    text = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
                       "config": {"mediaType": "x", "digest": "sha256:" + "1" * 64, "size": 1}})
    lock, hosts = threading.Lock(), {}

    whole = reply(text, headers=[("Docker-Distribution-Api-Version", "registry/2.0")],
                  content_type="application/vnd.oci.image.manifest.v1+json")

    def serve(peer):
        if not peer.fill() or peer.pending[:1] == b"\x16":  # it speaks no TLS
            return
        while request := peer.read_request():
            with lock:
                hosts.setdefault(request.headers["host"], set()).add(peer.number)
            peer.send(whole.partition(text.encode())[0] if request.method == "HEAD" else whole)

    with Server(serve, address="0.0.0.0") as server:
        images = [f"127.0.0.{n}:{server.port}/app:v{tag}" for tag in range(3) for n in range(1, 25)]
        result = lab.ecr("check", "--json", "--max-attempts", "1", *images)
    assert result.code == 0 and [s["image"] for s in result.json] == images
    assert len(hosts) == 24 and all(len(numbers) == 1 for numbers in hosts.values()), hosts


def test_up_to_twenty_are_talked_about(lab):
    repository = lab.create_repository("app")
    lab.push_image(f"{repository}:v1")
    for count, notes in ((20, 1), (21, 0)):
        result = lab.ecr("check", *([f"{repository}:v1"] * count))
        assert ("Image found in ECR" in result.stderr) == bool(notes)
        assert summary(result) == ([] if notes else ["21 images: 21 present"])
    result = lab.ecr("check", "-q", *([f"{repository}:v1"] * 21))
    assert result.stderr == "" and len(result.lines) == 21
    result = lab.ecr("check", "-v", *([f"{repository}:v1"] * 21))
    assert result.stderr.count("Image found in ECR: ") == 21


def test_requirements_of_many(lab, fleet):
    """Each is judged by its own manifest."""
    result = lab.ecr("check", "--platform", "linux/amd64", "--json", *(f"{p}:v1" for p in fleet), env=LOGIN)
    assert result.code == 0 and [s["digest"] for s in result.json] == list(fleet.values())
    assert all(s["platforms"] == ["linux/amd64"] for s in result.json)
    result = lab.ecr("check", "--platform", "linux/s390x", *(f"{p}:v1" for p in fleet), env=LOGIN)
    assert result.code == 6 and len([line for line in result.lines if line.endswith("  no-platform")]) == len(fleet)


def test_worst_of_many_decides(lab, fleet):
    lab.fault("deny", service="bearer")
    result = lab.ecr("check", *(f"{p}:{t}" for p in fleet for t in ("v1", "none")), env=LOGIN)
    assert result.code == 3


# ---- on a terminal

def on_terminal(lab, *arguments, seconds=20):
    """(exit status, all that a terminal as stderr got, stdout)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
    process = subprocess.Popen([BINARY, *arguments], stderr=theirs, stdout=subprocess.PIPE, text=True,
                               env={"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere", "TERM": "xterm", **LOGIN})
    os.close(theirs)
    reader = []
    thread = threading.Thread(target=lambda: reader.append(process.stdout.read()))
    thread.start()
    said, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            said += data
    thread.join()
    os.close(ours)
    return process.wait(), said.decode(), reader[0]


def test_progress_on_a_terminal(lab):
    images = [f"{OPEN}/app{n}:none" for n in range(120)]
    code, said, out = on_terminal(lab, "check", *images)
    assert code == 1 and len(out.splitlines()) == 120
    numbers = [int(n) for n in re.findall(r"\r\x1b\[K(\d+) of 120 images checked", said)]
    assert len(numbers) >= 2 and numbers == sorted(numbers)
    assert said.endswith("120 images: 120 absent\x1b[0m\r\n")
    last = said.rpartition("images checked")[2]
    assert last.startswith("\r\x1b[K")  # the line of progress is wiped before the summary


def test_no_progress_elsewhere(lab):
    images = [f"{OPEN}/app{n}:none" for n in range(60)]
    assert "checked" not in lab.ecr("check", *images).stderr
    code, said, _ = on_terminal(lab, "check", "-q", *images)
    assert code == 1 and said == ""
