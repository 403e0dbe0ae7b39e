"""The lab's data path (layers on their way, faults there) and the images of support_move.py: other tools agree on them."""

import hashlib
import http.client
import io
import json
import os
import ssl
import tarfile
import urllib.parse

import pytest
import support_move as move

from lab import synth
from lab.faults_data import DATA

OPEN = "registry.lab.test"
SIZE = 3 << 20


@pytest.fixture(params=["ecr", "open"])
def peer(lab, request):
    """A connection to ECR, then to an open registry, with a repository `app` that holds a blob; the registry's service."""
    host = lab.create_repository("app").partition("/")[0] if request.param == "ecr" else OPEN
    peer = lab._pusher(host, "app")
    peer.data = move.noise(SIZE, "blob")
    peer.digest = synth.digest_of(peer.data)
    peer.blob("app", peer.data)
    peer.service, peer.store = ("registry", "bucket") if request.param == "ecr" else ("tls", "tls")
    lab.clear_log()
    return peer


def get(lab, peer, start=None):
    """(status, what came of the blob, whether all came), by following redirects."""
    headers = {"Range": f"bytes={start}-"} if start is not None else {}
    peer.connection.close()
    answer, _ = peer.ask("GET", f"/v2/app/blobs/{peer.digest}", headers=headers, wanted=None) if peer.store == "bucket" else (None, 0)
    place = urllib.parse.urlsplit(answer.getheader("Location") if answer else f"https://{OPEN}/v2/app/blobs/{peer.digest}")
    return fetch(lab, place, headers)


def fetch(lab, place, headers):
    connection = http.client.HTTPSConnection(place.hostname, context=ssl.create_default_context(cafile=lab.ca), timeout=20)
    connection.request("GET", f"{place.path}?{place.query}", headers=headers)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read(), True
    except http.client.IncompleteRead as error:
        return answer.status, error.partial, False
    finally:
        connection.close()


# ---- down

def test_a_download_that_is_cut_goes_on(lab, peer):
    lab.fault("cut_body", service=peer.store, method="GET", path=peer.digest[7:], after=1000000, count=1)
    status, data, whole = get(lab, peer)
    assert (status, data, whole) == (200, peer.data[:1000000], False)
    assert get(lab, peer, len(data)) == (206, peer.data[1000000:], True)
    assert len(lab.requests(service=peer.store, method="GET")) == 2


def test_ranges_that_are_not_what_was_asked_for(lab, peer):
    where = {"service": peer.store, "method": "GET", "count": 1}
    lab.fault("ignore_range", **where)
    assert get(lab, peer, 1000) == (200, peer.data, True)
    lab.fault("other_range", by=-10, **where)
    assert get(lab, peer, 1000) == (206, peer.data[990:], True)


def test_bodies_that_are_not_what_they_seem(lab, peer):
    where = {"service": peer.store, "method": "GET", "count": 1}
    lab.fault("garble", **where)
    status, data, whole = get(lab, peer)
    assert (status, len(data), whole) == (200, SIZE, True)
    assert sum(a != b for a, b in zip(data, peer.data)) == 1
    for by in (-1000, 1000):
        lab.fault("wrong_length", by=by, **where)
        status, data, whole = get(lab, peer)
        assert (data, whole) == ((peer.data[:by], True) if by < 0 else (peer.data, False))


def test_links_that_end(lab):
    lab.create_repository("app")
    peer = lab._pusher(lab.host, "app")
    peer.blob("app", b"layer" * 100000)
    link = lambda: urllib.parse.urlsplit(peer.ask("GET", f"/v2/app/blobs/{synth.digest_of(b'layer' * 100000)}", wanted=(307,))[0]
                                         .getheader("Location"))
    old = link()
    lab.fault("links_end", service="bucket", after=1000, count=1)
    assert fetch(lab, old, {}) == (200, (b"layer" * 100000)[:1000], False)
    status, text, _ = fetch(lab, old, {"Range": "bytes=1000-"})
    assert status == 403 and b"Request has expired" in text
    assert fetch(lab, link(), {"Range": "bytes=1000-"})[0] == 206
    lab.end_links()
    assert fetch(lab, old, {})[0] == 403 and fetch(lab, link(), {})[0] == 200


def test_tokens_that_end(lab):
    lab.create_repository("app")
    peer = lab._pusher(lab.host, "app")
    lab.fault("tokens_end", service="registry", operation="StartUpload", skip=1, count=1)
    peer.blob("app", b"one")
    answer, text = peer.ask("POST", "/v2/app/blobs/uploads/", b"", wanted=None)
    assert answer.status == 403 and b"expired" in text
    bearer = lab._pusher("bearer.lab.test", "app")
    lab.fault("tokens_end", service="bearer", operation="StartUpload", count=1)
    assert bearer.ask("POST", "/v2/app/blobs/uploads/", b"", wanted=None)[0].status == 401


def test_slow(lab, peer):
    lab.fault("slow", service=peer.store, method="GET", rate=6 << 20)
    assert get(lab, peer)[1:] == (peer.data, True)
    assert lab.requests(service=peer.store)[-1]["fault"] == "slow"


# ---- up

def started(peer):
    return peer.ask("POST", "/v2/app/blobs/uploads/", b"")[0].getheader("Location")


def closing(place, data):
    return f"{place}{'&' if '?' in place else '?'}digest={synth.digest_of(data)}"


@pytest.mark.parametrize("kept, told", [(None, 1999999), (1500000, 1499999)])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_upload_that_is_cut_goes_on_where_the_registry_says(lab, method, kept, told):
    peer, data = lab._pusher(OPEN, "app"), move.noise(SIZE, "up")
    place = started(peer)
    lab.fault("cut_upload", service="tls", method=method, after=2000000, kept=kept, count=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        peer.ask(method, closing(place, data) if method == "PUT" else place, data)
    peer.connection.close()
    answer, _ = peer.ask("GET", place, wanted=(204,))
    assert answer.getheader("Range") == f"0-{told}"
    place = answer.getheader("Location")
    wrong, _ = peer.ask("PATCH", place, data[:9], {"Content-Range": "0-8"}, wanted=None)
    assert (wrong.status, wrong.getheader("Range")) == (416, f"0-{told}")
    answer, _ = peer.ask("PATCH", place, data[told + 1:], {"Content-Range": f"{told + 1}-{SIZE - 1}"}, wanted=(202,))
    peer.ask("PUT", closing(answer.getheader("Location"), data), wanted=(201,))
    assert peer.ask("HEAD", f"/v2/app/blobs/{synth.digest_of(data)}")[0].getheader("Content-Length") == str(SIZE)


def test_ecr_keeps_nothing_of_a_part_that_was_cut(lab):
    lab.create_repository("app")
    peer, data = lab._pusher(lab.host, "app"), move.noise(SIZE, "up")
    place = started(peer)
    lab.fault("cut_upload", service="registry", method="PATCH", after=2000000, count=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        peer.ask("PATCH", place, data)
    peer.connection.close()
    assert peer.ask("GET", place, wanted=None)[0].status == 404
    peer.blob("app", data)


def test_parts_of_ecr(lab):
    """PATCH says 201 and the end of the first part for ever, and all parts but the last have 5 MiB."""
    lab.create_repository("app")
    peer, data = lab._pusher(lab.host, "app"), move.noise(11 << 20, "parts")
    for size, status in ((5 << 20, 201), (4 << 20, 400)):
        place = started(peer)
        for at in range(0, len(data), size):
            part = data[at:at + size]
            answer, _ = peer.ask("PATCH", place, part, {"Content-Range": f"{at}-{at + len(part) - 1}"}, wanted=(201,))
            assert answer.getheader("Range") == f"0-{size - 1}"
            place = answer.getheader("Location")
        answer, text = peer.ask("PUT", closing(place, data), wanted=None)
        assert answer.status == status and (status == 201 or b"at least 5MB" in text)
    assert peer.ask("PUT", closing(started(peer), b""), wanted=None)[0].status == 400


@pytest.mark.parametrize("status, early", [(405, False), (413, False), (413, True)])
def test_registries_that_want_chunks(lab, peer, status, early):
    data = move.noise(SIZE, "chunks")
    lab.fault("no_monolithic", service=peer.service, status=status, early=early)
    place = started(peer)
    assert peer.ask("PUT", closing(place, data), data, wanted=None)[0].status == status
    answer, _ = peer.ask("PATCH", place, data)
    peer.ask("PUT", closing(answer.getheader("Location"), data), wanted=(201,))
    assert lab.requests(method="PATCH")[-1]["body_bytes"] == SIZE


@pytest.mark.parametrize("form", ["absolute", "relative", "bare", "plain", "query"])
def test_locations(lab, peer, form):
    lab.setting(upload_location=form)
    url = f"https://{peer.host}/v2/app/blobs/uploads/"
    place = started(peer)
    assert place.startswith("https://") == (form in ("absolute", "plain", "query")) and ("?" in place) == (form != "plain")
    place = urllib.parse.urljoin(url, place)
    answer, _ = peer.ask("PATCH", place, b"abc")
    newest = urllib.parse.urljoin(place, answer.getheader("Location"))
    if form != "plain":
        assert peer.ask("PUT", closing(place, b"abc"), wanted=None)[0].status == 404  # the old one
    peer.ask("PUT", closing(newest, b"abc"), wanted=(201,))


@pytest.mark.parametrize("setting", ["ENABLED", "DISABLED"])
def test_mounts(lab, setting):
    """In ECR an account setting allows them; elsewhere they are had for the asking."""
    lab.create_repository("app")
    lab.create_repository("other")
    lab.api().put_account_setting(name="BLOB_MOUNTING", value=setting)
    for host in (lab.host, OPEN, "bearer.lab.test"):
        lab._pusher(host, "app").blob("app", b"layer")
        peer, digest = lab._pusher(host, "other"), synth.digest_of(b"layer")
        answer, _ = peer.ask("POST", f"/v2/other/blobs/uploads/?mount={digest}&from=app", b"", wanted=None)
        assert answer.status == {lab.host: 201 if setting == "ENABLED" else 202, OPEN: 201}.get(host, 401)
        if answer.status == 201:
            assert f"/v2/other/blobs/{digest}" in answer.getheader("Location")
        if answer.status == 401:
            assert 'scope="repository:other:pull,push repository:app:pull"' in answer.getheader("WWW-Authenticate")


def test_a_stalled_upload(lab, peer):
    lab.fault("stall_upload", service=peer.service, method="PUT", after=1000, seconds=0.1)
    with pytest.raises((OSError, http.client.HTTPException)):
        peer.ask("PUT", closing(started(peer), b"x" * 9999), b"x" * 9999)


def test_no_fault_of_the_data_path_is_without_a_test():
    with open(__file__) as f:
        text = f.read()
    assert [name for name in DATA if f'fault("{name}"' not in text] == []


def test_large_blobs_are_not_held_in_memory(lab, peer):
    pid = next(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and b"lab.server" in open(f"/proc/{pid}/cmdline", "rb").read())

    def peak():
        with open(f"/proc/{pid}/status") as f:
            return int(f.read().partition("VmHWM:")[2].split()[0])
    data, before = bytes(96 << 20), peak()
    lab.fault("garble", service=peer.store, method="GET", path=synth.digest_of(data)[7:])
    peer.blob("app", data)
    peer.digest = synth.digest_of(data)
    assert get(lab, peer)[1].count(0) == len(data) - 1
    assert peak() - before < 32 << 10


# ---- images, layouts, archives

IMAGES = {"one layer": lambda: move.image(), "docker": lambda: move.image((100, 200), "docker"), "none": lambda: move.image(()),
          "127 layers": lambda: move.image((0,) * 127), "one byte": lambda: move.image([move.raw_layer(b"x", "none")]),
          "each form": lambda: move.image([(100, how) for how in ("none", "gzip", "zstd")]),
          "index": lambda: move.index(attested=True), "docker index": lambda: move.index(kind="docker"),
          "artifact": lambda: move.artifact(), "signature": lambda: move.signature(move.image())}


@pytest.mark.parametrize("name", IMAGES)
def test_skopeo_takes_our_images(lab, tmp_path, name):
    """From a layout to a registry and back; nothing is lost."""
    made = IMAGES[name]()
    write = move.write_layout(tmp_path / "in", {"v1": made})
    assert move.layout_fault(write) is None and move.layout_tags(write) == {"v1": made.digest}
    if name not in ("artifact", "signature", "docker", "docker index", "127 layers"):  # the first four it does not know, the last takes long
        move.skopeo_copy(f"oci:{write}:v1", f"docker://{OPEN}/app:v1", "--all")
        assert move.registry_fault(lab, f"{OPEN}/app:v1", made) is None
    move.push_raw(f"{OPEN}/raw:v1", made)
    assert move.registry_fault(lab, f"{OPEN}/raw:v1", made) is None
    if name in ("one layer", "none", "127 layers", "index"):
        move.skopeo_copy(f"docker://{OPEN}/raw:v1", f"oci:{tmp_path}/out:v2", "--all")
        assert move.layout_fault(tmp_path / "out") is None and move.layout_tags(tmp_path / "out") == {"v2": made.digest}
    repository = lab.create_repository("app")
    move.push_raw(f"{repository}:v1", made)
    assert move.registry_fault(lab, f"{repository}:v1", made) is None


def test_what_a_registry_lacks_is_seen(lab):
    made = move.image()
    move.push_raw(f"{OPEN}/app:v1", made)
    assert "manifest" in move.registry_fault(lab, f"{OPEN}/app:v2", made)
    assert "manifest" in move.registry_fault(lab, f"{OPEN}/app:v1", move.image(content="other"))


@pytest.mark.parametrize("spoil, said", [
    (lambda folder, blob: blob.write_bytes(b"x"), "other bytes"), (lambda folder, blob: blob.unlink(), "missing"),
    (lambda folder, blob: (folder / ".ecr-1").write_bytes(b""), "left behind"),
    (lambda folder, blob: (folder / "index.json").write_text("{"), "JSONDecodeError"),
    (lambda folder, blob: (folder / "oci-layout").unlink(), "FileNotFoundError")])
def test_what_is_wrong_with_a_layout_is_seen(tmp_path, spoil, said):
    made = move.image()
    move.write_layout(tmp_path, {"v1": made})
    spoil(tmp_path, tmp_path / "blobs" / "sha256" / made.parts[0].digest[7:])
    assert said in move.layout_fault(tmp_path)


def test_umoci_unpacks_our_images(tmp_path):
    made = move.image([(100, "none"), (200, "gzip")])
    root = move.umoci_unpack(move.write_layout(tmp_path / "layout", {"v1": made}), "v1", tmp_path / "bundle")
    assert sorted(os.path.getsize(f"{root}/{name}") for name in os.listdir(root)) == [100, 200]


@pytest.mark.parametrize("form", ["modern", "legacy"])
def test_docker_archives(dockerd, tmp_path, form):
    """skopeo and the daemon read them; both find the image's own config."""
    made = move.image((100, 200), platform="linux/amd64")
    path = move.write_docker_archive(tmp_path / "a.tar", {"archived/app:v1": made}, form)
    assert move.skopeo_inspect(f"docker-archive:{path}", "--config", "--raw") == json.loads(made.config)
    env = {**os.environ, "DOCKER_HOST": dockerd}
    assert "Loaded image: archived/app:v1" in move.run("docker", "load", "--input", path, env=env).stdout
    move.run("docker", "rmi", "archived/app:v1", env=env)


@pytest.mark.parametrize("form", ["legacy", "modern", "oci"])
def test_odd_archives_hold_the_image(form):
    """Python's reader agrees; where an entry is there twice, both are the same."""
    made = move.image((1000, 100))
    files = dict(move.archive_files(made, form)[0])
    for name, data in move.odd(made, form).items():
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            there = {os.path.normpath(entry.name): entry for entry in tar}
            for path, wanted in files.items():
                entry = there.get(path) or there["d" * 150 + "/" + "f" * 149]
                got = tar.extractfile(entry).read() if not entry.issym() else wanted
                assert got == wanted or (name, path) == ("300 characters", "manifest.json"), (name, path)


@pytest.mark.parametrize("form", ["legacy", "modern", "oci"])
def test_hostile_archives_differ(form):
    made = move.image((1000, 100))
    whole = move.archive(move.archive_files(made, form)[0])
    bad = move.hostile(made, form)
    assert len(bad) > 60 and whole not in bad.values()
    assert len({hashlib.sha256(data).digest() for data in bad.values()}) == len(bad)
    assert len(move.either(made, form)) == 6
