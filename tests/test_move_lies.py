"""pull, push and copy with registries and daemons that lie or dawdle, and with layouts and archives as others leave them: no wrong
byte is taken for the right one, no success is told that is none, and no run waits without an end."""

import itertools
import json
import os
import re
import signal
import subprocess
import tarfile
import threading
import time

import pytest
import support_move as move
from support_move_faults import error_line, files_below
from support_net import reply
from support_registry import INDEX, MANIFEST, PlainServer, error, head, json_reply, redirect
from support_tables import BINARY
from test_life import wait_for
from test_move_docker import Fake, streamed, told
from test_move_places import NATIVE, on_terminal

from lab import synth

IMAGE = move.image((1000, 100), platform=NATIVE)
LAYER = IMAGE.parts[0]
MAX = (1 << 63) - 1
PAGE = reply(b"<html>Sign in</html>", content_type="text/html")
ON = object()  # what a lie says that is none
BLOB = "application/octet-stream"
TARGETS = ("oci:{}/out:v1", "oci-archive:{}/out.tar", "docker-archive:{}/out.tar")


class Registry(PlainServer):
    """Holds {tag: image} of one repository, and takes what is put. `lie(request)` is asked first: a reply, None, or ON.

    It believes what it is told: only the client sees to it that the bytes are the right ones."""

    def __init__(self, tagged=None, lie=None):
        self.lie, self.lock = lie or (lambda request: ON), threading.Lock()
        self.manifests, self.blobs, self.uploads = {}, {}, {}
        self.numbers = itertools.count()
        for tag, top in (tagged or {}).items():
            for one in move.manifests_of(top):
                self.manifests[one.digest] = self.manifests[tag if one is top else one.digest] = (one.manifest, one.media_type)
            self.blobs.update(move.blobs_of(top))
        super().__init__(self.hear)
        self.app = f"127.0.0.1:{self.port}/app"

    def hear(self, request, peer):
        said = self.lie(request)
        with self.lock:
            data = self.truth(request) if said is ON else said
        return head(data) if data and request.method == "HEAD" else data

    def truth(self, request):
        path, _, query = request.target.partition("?")
        kind, _, name = path.removeprefix("/v2/app/").partition("/")
        if path == "/v2/":
            return json_reply({})
        if kind == "manifests" and request.method == "PUT":
            digest = synth.digest_of(request.body)
            self.manifests[name] = self.manifests[digest] = (request.body, request.headers["content-type"])
            return reply(b"", 201, [("Docker-Content-Digest", digest)])
        if kind == "manifests" and name in self.manifests:
            text, media_type = self.manifests[name]
            return reply(text, headers=[("Docker-Content-Digest", synth.digest_of(text))], content_type=media_type)
        if name.startswith("uploads/"):
            return self.upload(request.method, path, query, request.body)
        if kind == "blobs" and name in self.blobs:
            return reply(self.blobs[name], content_type=BLOB)
        return error("BLOB_UNKNOWN" if kind == "blobs" else "MANIFEST_UNKNOWN", "not known")

    def upload(self, method, path, query, body):
        if method == "POST":
            path += str(next(self.numbers))
            self.uploads[path] = b""
        elif path not in self.uploads:
            return error("BLOB_UPLOAD_UNKNOWN", "not known")
        self.uploads[path] += body
        if method == "PUT":
            self.blobs[digest_in(query)] = self.uploads.pop(path)
            return reply(b"", 201)
        there = len(self.uploads[path])
        return reply(b"", 202 if method != "GET" else 204, [("Location", path), ("Range", f"0-{max(there - 1, 0)}")])

    def asked(self, method, part=""):
        return [request for request in self.requests if request.method == method and part in request.target]

    @property
    def opened(self):
        """The uploads that were begun."""
        return self.asked("POST", "/uploads/")

    @property
    def put(self):
        return self.asked("PUT", "/manifests/")

    def holds(self, made):
        return all(self.blobs.get(digest) == data for digest, data in move.blobs_of(made).items())


def digest_in(query):
    return re.search(r"digest=(sha256(?::|%3A)[0-9a-f]{64})", query)[1].replace("%3A", ":")


def closes(request, data=None):
    """Whether it is the PUT that ends an upload: of these bytes, or of any."""
    return request.method == "PUT" and "/uploads/" in request.target and (
        data is None or digest_in(request.target) == synth.digest_of(data))


def ecr(lab, *arguments, attempts=1, timeout="5s", **options):
    return lab.ecr(*arguments, "--max-attempts", str(attempts), "--timeout", timeout, **{"timeout": 15, **options})


def failed(result, *codes):
    assert result.code in codes and error_line(result), result
    return error_line(result)


def nothing_half(folder):
    """No archive, no temporary file, no tag; a layout that was begun is consistent."""
    for path in files_below(folder):
        assert path.startswith("out/"), files_below(folder)
    if os.path.exists(folder / "out"):
        assert move.layout_fault(folder / "out") is None and move.layout_tags(folder / "out") == {}


@pytest.fixture
def layout(tmp_path):
    return f"oci:{move.write_layout(tmp_path / 'in', {'v1': IMAGE})}"


# ---- registries that are none

@pytest.mark.parametrize("said", [PAGE, redirect("/login", 302), redirect("https://registry.lab.test/login", 302)],
                         ids=["a page", "a login", "a login elsewhere"])
@pytest.mark.parametrize("lies_from", ["the start", "the manifest"])
def test_a_page_for_everything_is_no_push(the_lab, layout, said, lies_from):
    """200 is not enough: no digest is told of what nobody took."""
    with Registry(lie=lambda r: ON if lies_from == "the manifest" and "/manifests/" not in r.target else said) as registry:
        failed(ecr(the_lab, "push", layout, f"{registry.app}:v1"), 4, 5)


@pytest.mark.parametrize("said", [
    reply(b"x" * 7, content_type=BLOB), reply(LAYER.data + b"x", content_type=BLOB), PAGE,
    reply(LAYER.data, content_type="text/html; charset=utf-8"), reply(b"", content_type=BLOB)],
    ids=["shorter", "longer", "a page", "a page of that length", "nothing"])
def test_a_blob_that_is_there_in_another_shape_is_uploaded(the_lab, layout, said):
    with Registry(lie=lambda r: said if r.method == "HEAD" and LAYER.digest in r.target else ON) as registry:
        result = ecr(the_lab, "push", layout, f"{registry.app}:v1")
    assert result.code == 0 and registry.holds(IMAGE), result


@pytest.mark.parametrize("value", ["blake3:" + "0" * 64, "x:y", "text"])
def test_a_digest_header_of_another_algorithm(the_lab, tmp_path, value):
    """By a tag the bytes are what they are."""
    said = reply(IMAGE.manifest, headers=[("Docker-Content-Digest", value)], content_type=MANIFEST)
    with Registry({"v1": IMAGE}, lambda r: said if "/manifests/v1" in r.target else ON) as registry:
        result = ecr(the_lab, "pull", f"{registry.app}:v1", f"oci:{tmp_path}/out:v1")
    assert (result.code, result.stdout) == (0, f"{IMAGE.digest}\n") and move.layout_fault(tmp_path / "out") is None, result


@pytest.mark.parametrize("digest", ["sha512:" + "0" * 128, "a:b", "sha256:" + "0" * 63 + "/"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_child_with_a_name_that_cannot_be_checked(the_lab, tmp_path, digest, target):
    top = move.manifest_of({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {**IMAGE.descriptor(), "digest": digest, "platform": synth.platform_of(NATIVE)}]})
    options = [] if target.startswith("docker") else ["--all-platforms"]
    with Registry({"v1": top}) as registry:
        registry.manifests[digest] = IMAGE.manifest, MANIFEST
        registry.blobs.update(move.blobs_of(IMAGE))
        failed(ecr(the_lab, "pull", *options, f"{registry.app}:v1", target.format(tmp_path)), 5)
    nothing_half(tmp_path)


def with_layers(*layers):
    """A manifest that names these layers, be they what they will."""
    value = {**json.loads(IMAGE.manifest), "layers": layers}
    return synth.Image(json.dumps(value).encode(), MANIFEST, [IMAGE.config])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", ["a registry", "a layout"])
def test_a_layer_of_no_bytes_with_the_name_of_another(the_lab, tmp_path, tmp_path_factory, source, target):
    """Nothing is read of it, and what is not read must be looked at all the same."""
    named = {"mediaType": move.LAYERS["oci"]["gzip"], "digest": LAYER.digest, "size": 0}
    made = with_layers(named, *json.loads(IMAGE.manifest)["layers"][1:])
    folder = tmp_path_factory.mktemp("in")
    move.write_layout(folder, {"v1": made})
    for digest, data in {**move.blobs_of(IMAGE), LAYER.digest: b""}.items():
        (folder / "blobs" / "sha256" / digest[7:]).write_bytes(data)
    with Registry({"v1": made}) as registry:
        registry.blobs.update({**move.blobs_of(IMAGE), LAYER.digest: b""})
        place = f"{registry.app}:v1" if source == "a registry" else f"oci:{folder}:v1"
        failed(ecr(the_lab, "copy", place, target.format(tmp_path)), 5 if source == "a registry" else 2)
    nothing_half(tmp_path)
    assert not (tmp_path / "out" / "blobs" / "sha256" / LAYER.digest[7:]).exists()


@pytest.mark.parametrize("target", [*TARGETS, "registry"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_sizes_whose_sum_is_beyond_numbers(the_lab, tmp_path, target, count):
    layers = [{"mediaType": move.LAYERS["oci"]["gzip"], "digest": f"sha256:{n}" + "0" * 63, "size": MAX} for n in range(count)]
    with Registry({"v1": with_layers(*layers)}) as registry, Registry() as other:
        target = f"{other.app}:v1" if target == "registry" else target.format(tmp_path)
        failed(ecr(the_lab, "copy", f"{registry.app}:v1", target), 5)
        assert not registry.asked("GET", "0" * 63) and not other.put
    nothing_half(tmp_path)


def test_a_source_that_gives_other_bytes_the_second_time(the_lab):
    """A target that fails makes it be read anew; the target here believes everything."""
    fetched, refused = [], []

    def lie(request):
        if request.method != "GET" or LAYER.digest not in request.target:
            return ON
        fetched.append(1)
        return ON if len(fetched) == 1 else reply(move.spoiled(LAYER.data), content_type=BLOB)

    def busy(request):
        if not closes(request, LAYER.data) or refused:
            return ON
        refused.append(1)
        return error("UNKNOWN", "busy", 500)
    with Registry({"v1": IMAGE}, lie) as source, Registry(lie=busy) as target:
        result = ecr(the_lab, "copy", f"{source.app}:v1", f"{target.app}:v1", attempts=2)
        failed(result, 5)
        assert len(fetched) > 1 and refused and not target.put


def test_a_blob_that_the_source_lost_begins_one_upload(the_lab):
    """An error of the source is none of the target, where no further attempt helps."""
    lost = lambda r: error("BLOB_UNKNOWN", "not known") if r.method == "GET" and LAYER.digest in r.target else ON
    with Registry({"v1": IMAGE}, lost) as source, Registry() as target:
        failed(ecr(the_lab, "copy", f"{source.app}:v1", f"{target.app}:v1", attempts=4), 1, 5, 6)
        assert not target.put and len(target.opened) <= len(IMAGE.blobs), [r.target for r in target.requests]


# ---- uploads

def test_a_registry_that_takes_pieces_and_never_the_end(the_lab, layout):
    def lie(request):
        if not closes(request):
            return ON
        return error("SIZE_INVALID", "too large", 413) if request.body else error("UNKNOWN", "broken", 500)
    with Registry(lie=lie) as registry:
        failed(ecr(the_lab, "push", layout, f"{registry.app}:v1", attempts=2), 4)
        assert 1 <= len(registry.asked("PATCH")) <= 2 * len(IMAGE.blobs) and not registry.put
        assert len([r for r in registry.requests if closes(r)]) <= 4 * len(IMAGE.blobs)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("command, method, part", [("push", "POST", "/uploads/"), ("push", "PUT", "/uploads/"),
                                                   ("push", "PUT", "/manifests/"), ("push", "HEAD", "/blobs/"),
                                                   ("pull", "GET", "/manifests/"), ("pull", "GET", "/blobs/"),
                                                   ("pull", "GET", "/v2/")])
def test_a_wait_of_ten_days_is_not_waited_for(the_lab, layout, tmp_path, status, command, method, part):
    """With attempts left."""
    busy = error("TOOMANYREQUESTS", "slow down", status, [("Retry-After", "900000")])
    lie = lambda request: busy if request.method == method and part in request.target else ON
    with Registry({} if command == "push" else {"v1": IMAGE}, lie) as registry:
        places = [layout, f"{registry.app}:v1"] if command == "push" else [f"{registry.app}:v1", f"oci:{tmp_path}/out"]
        result = ecr(the_lab, command, *places, attempts=5)
    failed(result, 4)
    assert result.seconds < 4


class Interim(Registry):
    """Says 100 Continue in the middle of what it is sent, several times."""

    def converse(self, peer):
        fill, said = peer.fill, []

        def filled():
            more = fill()
            if len(said) < 3 and len(peer.pending) > (len(said) + 1) << 18:
                said.append(1)
                self.said = True
                peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            return more
        peer.fill = filled
        super().converse(peer)


def test_a_word_in_between_is_no_answer(the_lab, tmp_path):
    made = move.image([move.raw_layer(move.noise(4 << 20))])
    with Interim() as registry:
        result = ecr(the_lab, "push", f"oci:{move.write_layout(tmp_path, {'v1': made})}", f"{registry.app}:v1")
        assert result.code == 0 and registry.said and registry.holds(made) and len(registry.opened) == 2, result


def test_a_failure_does_not_wait_for_what_hangs(the_lab, layout):
    """The default of --timeout is longer."""
    hangs, over = threading.Event(), threading.Event()

    def lie(request):
        if closes(request, LAYER.data):
            hangs.set()
            over.wait(12)
            return None
        if closes(request, IMAGE.parts[1].data):
            hangs.wait(5)
            return error("DENIED", "not you", 403)
        return ON
    with Registry(lie=lie) as registry:
        result = the_lab.ecr("push", "--max-attempts", "1", layout, f"{registry.app}:v1")
        over.set()
    failed(result, 3)
    assert hangs.is_set() and result.seconds < 6, result


class Cut(Registry):
    """Ends the first upload of a large layer after a part of it, as often as it is tried, and says that it has `claimed` bytes."""

    def __init__(self, claimed):
        self.claimed, self.cut = claimed, None
        super().__init__()

    def hear(self, request, peer):
        if request.method == "GET" and self.cut and request.target.startswith(self.cut):
            return reply(b"", 204, [("Location", self.cut), ("Range", f"0-{self.claimed - 1}")])
        return super().hear(request, peer)

    def converse(self, peer):
        fill = peer.fill

        def filled():
            more = fill()
            if len(peer.pending) > 1 << 18:  # nothing else is as large
                target = peer.heads[-1].split()[1].decode().partition("?")[0]
                self.cut = self.cut or target
                if self.cut == target:
                    peer.reset()
                    raise ConnectionResetError
            return more
        read_head, peer.heads, peer.fill = peer.read_head, [], filled
        peer.read_head = lambda: (peer.heads.append(read_head()), peer.heads[-1])[1]
        super().converse(peer)


@pytest.mark.parametrize("claimed", [-1000, 0, 1, 1 << 30, MAX])
def test_an_upload_that_came_further_than_it_was_sent(the_lab, tmp_path, claimed):
    """Begun anew, or the registry's fault: the user's files are sound. `claimed` counts from the end of the layer."""
    data = move.noise(16 << 20)
    made = move.image([move.raw_layer(data)])
    place = f"oci:{move.write_layout(tmp_path, {'v1': made})}"
    with Cut(min(MAX, len(data) + claimed)) as registry:
        result = ecr(the_lab, "push", place, f"{registry.app}:v1", attempts=3)
        assert registry.cut
        if result.code == 0:
            assert registry.holds(made) and len(registry.put) == 1, result
        else:
            line = failed(result, 4, 5)
            assert "127.0.0.1" in line and str(tmp_path) not in line and not registry.put, result


# ---- daemons

ESCAPES = "\x1b]0;me\x07\u009b2J"  # no longer than a layer's id is shown


def test_a_layer_that_is_named_by_escape_sequences(the_lab, tmp_path):
    """They would be the terminal's to obey."""
    def answer(request, peer):
        objects = [{"status": "Downloading", "id": ESCAPES, "progressDetail": {"current": n * 1000, "total": 9000}}
                   for n in range(1, 4)]
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for one in [*objects, {"errorDetail": {"message": f"broken{ESCAPES}"}}]:
            text = json.dumps(one).encode()
            peer.send(b"%x\r\n%s\r\n" % (len(text), text))
            time.sleep(0.15)
        peer.send(b"0\r\n\r\n")
    with Fake(answer, path=str(tmp_path / "s")) as fake:
        code, out, text = on_terminal(the_lab, tmp_path, 100, 24, "pull", "registry.lab.test/app:v1", "docker:", "--max-attempts",
                                      "1", env={"DOCKER_HOST": fake.host})
    assert code == 5 and out == "" and "of 9.0 kB" in text and "broken" in text, text
    assert not re.search("\x1b\\]|\x07|\u009b", text), text


@pytest.mark.parametrize("said", [streamed({"errorDetail": {"message": "broken"}, "error": "broken"}), streamed(),
                                  reply({"message": "broken"}, 500, content_type="application/json")],
                         ids=["in the stream", "nothing", "status 500"])
def test_a_load_that_failed_is_not_done(the_lab, tmp_path, said):
    result = told(the_lab, tmp_path, "load", said, more=["--json", "--max-attempts", "1"])
    assert result.code in (4, 5) and "error" in result.json[-1], result
    assert "done" not in [event.get("event") for event in result.json]


@pytest.mark.parametrize("options", [["--platform", NATIVE], ["--all-platforms"], ["--referrers"]])
@pytest.mark.parametrize("words", [["push", "docker:app:v1", "registry.lab.test/app:v1"], ["copy", "docker:app:v1", "oci:out"],
                                   ["copy", "docker:app:v1", "docker:b:v1"]])
def test_what_a_daemon_cannot_be_asked_for(the_lab, tmp_path, options, words):
    """It holds one platform of an image, and nothing that refers to it."""
    with Fake(streamed(), path=str(tmp_path / "s")) as fake:
        result = ecr(the_lab, words[0], *options, *words[1:], cwd=tmp_path, env={"DOCKER_HOST": fake.host})
    assert "docker:app:v1" in failed(result, 2) and not fake.requests and os.listdir(tmp_path) == ["s"]


# ---- command lines, and who listens

@pytest.mark.parametrize("command", ["push", "pull"])
def test_events_that_cannot_be_told(the_lab, tmp_path, layout, command):
    full = ("sh", "-c", 'exec "$@" >/dev/full', "sh")
    with Registry({"v1": IMAGE}) as registry:
        places = [layout, f"{registry.app}:v2"] if command == "push" else [f"{registry.app}:v1", f"oci:{tmp_path}/out"]
        for options in ([], ["--json"]):
            result = ecr(the_lab, command, *options, *places, prefix=full)
            assert len([line for line in result.stderr.splitlines() if line.startswith("ecr: ")]) == 1, result
            assert failed(result, 5) and "No space left on device" in result.stderr, result


def test_one_image_is_not_two(the_lab, layout):
    with Registry() as registry:
        result = ecr(the_lab, "push", layout, f"{registry.app}@{IMAGE.digest}", f"{registry.app}@sha256:{'1' * 64}")
        assert "1" * 64 in failed(result, 2) and not registry.requests


# ---- layouts

@pytest.mark.parametrize("said", [synth.DOCKER["manifest"], INDEX, "application/json", "text/html\\r\\nX: y"])
def test_the_type_is_the_manifests_own(the_lab, tmp_path, said):
    """Whatever index.json says of it."""
    index = tmp_path / "in" / "index.json"
    move.write_layout(tmp_path / "in", {"v1": IMAGE})
    index.write_text(index.read_text().replace(f'"mediaType": "{MANIFEST}"', f'"mediaType": "{said}"'))
    assert said in index.read_text()
    with Registry() as registry:
        result = ecr(the_lab, "push", f"oci:{tmp_path}/in", f"{registry.app}:v1")
        assert result.code == 0 and [r.headers["content-type"] for r in registry.put] == [MANIFEST], result
    result = ecr(the_lab, "copy", f"oci:{tmp_path}/in", f"oci:{tmp_path}/out:v1")
    entry, = json.loads((tmp_path / "out" / "index.json").read_text())["manifests"]
    assert (result.code, entry["mediaType"]) == (0, MANIFEST), result


@pytest.fixture
def there():
    with Registry({"v1": IMAGE, "v2": move.image((300,), platform=NATIVE, content="2")}) as registry:
        yield registry


def pulled(lab, there, folder, tag="v1"):
    result = ecr(lab, "pull", f"{there.app}:{tag}", f"oci:{folder}:{tag}")
    assert result.code == 0 and move.layout_fault(folder) is None and tag in move.layout_tags(folder), result


@pytest.mark.parametrize("blobs", [[], ["blobs"], ["blobs", "blobs/sha256"]], ids=len)
@pytest.mark.parametrize("mark", [True, False])
def test_a_layout_that_was_begun(the_lab, there, tmp_path, blobs, mark):
    """As a kill leaves it, before index.json."""
    for name in blobs:
        (tmp_path / name).mkdir()
    if mark:
        (tmp_path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    pulled(the_lab, there, tmp_path)


def test_a_folder_with_other_things_is_no_target(the_lab, there, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("mine")
    failed(ecr(the_lab, "pull", f"{there.app}:v1", f"oci:{tmp_path}/mine:v1"), 2)
    assert os.listdir(tmp_path / "mine") == ["letter"] and (tmp_path / "mine" / "letter").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    pulled(the_lab, there, tmp_path / "empty")


@pytest.mark.parametrize("which", ["layer", "config", "manifest"])
def test_blobs_of_the_right_size_are_fetched_again_if_they_are_wrong(the_lab, there, tmp_path, which):
    data = {"layer": LAYER.data, "config": IMAGE.config, "manifest": IMAGE.manifest}[which]
    move.write_layout(tmp_path, {"v1": IMAGE})
    path = tmp_path / "blobs" / "sha256" / synth.digest_of(data)[7:]
    path.write_bytes(move.spoiled(data))
    pulled(the_lab, there, tmp_path)
    assert path.read_bytes() == data


def test_what_else_an_index_says_survives(the_lab, there, tmp_path):
    index = tmp_path / "index.json"
    move.write_layout(tmp_path, {"v0": IMAGE})
    value = json.loads(index.read_text())
    value.update(annotations={"who": "me \u00fc \"x\""}, artifactType="application/x", other=[1, 2.5, None, {"a": False}])
    value["manifests"][0].update(platform={"os": "linux", "architecture": "amd64"}, data="e30=")
    value["manifests"][0]["annotations"]["note"] = "kept"
    index.write_text(json.dumps(value))
    pulled(the_lab, there, tmp_path, "v2")
    after = json.loads(index.read_text())
    assert after.pop("manifests")[0] == value.pop("manifests")[0] and after == value


# ---- archives

FORMS = {"oci": "oci-archive", "modern": "docker-archive", "legacy": "docker-archive"}


@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_a_target_that_is_a_link_stays_one(the_lab, there, tmp_path, form):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "real.tar").write_text("old")
    os.symlink("kept/real.tar", tmp_path / "out.tar")
    result = ecr(the_lab, "pull", f"{there.app}:v1", f"{form}:{tmp_path}/out.tar")
    assert result.code == 0 and os.readlink(tmp_path / "out.tar") == "kept/real.tar", result
    assert tarfile.is_tarfile(tmp_path / "kept" / "real.tar") and os.listdir(tmp_path / "kept") == ["real.tar"]


@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_leftovers_of_an_archive_are_swept(the_lab, there, tmp_path, form):
    """Those of that name that are an hour old."""
    for name in (".out.tar.ecr-old", ".out.tar.ecr-new", ".other.tar.ecr-old", "out.tar.ecr-old"):
        (tmp_path / name).write_text("x")
        if name.endswith("old"):
            os.utime(tmp_path / name, (time.time() - 3700,) * 2)
    assert ecr(the_lab, "pull", f"{there.app}:v1", f"{form}:{tmp_path}/out.tar").code == 0
    assert sorted(os.listdir(tmp_path)) == [".other.tar.ecr-old", ".out.tar.ecr-new", "out.tar", "out.tar.ecr-old"]


@pytest.mark.parametrize("target", ["oci:out:v1", "oci-archive:out.tar", "docker-archive:out.tar"])
def test_a_terminal_that_goes_away_leaves_no_files(the_lab, tmp_path, target):
    """SIGHUP in the middle of a layer."""
    over, half = threading.Event(), []

    class Halting(Registry):
        def hear(self, request, peer):
            if request.method == "GET" and LAYER.digest in request.target:
                data = reply(LAYER.data, content_type=BLOB)
                peer.send(data[:-100])
                half.append(1)
                over.wait(10)
                return None
            return super().hear(request, peer)
    hidden = lambda: [path for path in files_below(tmp_path) if ".ecr-" in path]
    with Halting({"v1": IMAGE}) as registry:
        process = subprocess.Popen([BINARY, "pull", f"{registry.app}:v1", target], cwd=tmp_path, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})
        try:
            wait_for(lambda: half and hidden())
            process.send_signal(signal.SIGHUP)
            process.communicate(timeout=5)
        finally:
            process.kill()
            process.wait()
            over.set()
    assert process.returncode in (-signal.SIGHUP, 129) and hidden() == [] and not (tmp_path / "out.tar").exists()


@pytest.mark.parametrize("kind", ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                                  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"])
@pytest.mark.parametrize("source", ["a registry", "a layout"])
def test_a_foreign_layer_has_no_place_in_an_archive_of_docker(the_lab, tmp_path, tmp_path_factory, kind, source):
    """The archive would lack it."""
    far = {**move.descriptor(move.noise(50, "foreign"), kind), "urls": ["https://example.com/layer"]}
    made = with_layers(json.loads(IMAGE.manifest)["layers"][0], far)
    made.blobs.append(LAYER.data)
    folder = move.write_layout(tmp_path_factory.mktemp("in"), {"v1": made})
    with Registry({"v1": made}) as registry:
        place = f"{registry.app}:v1" if source == "a registry" else f"oci:{folder}:v1"
        failed(ecr(the_lab, "copy", place, f"docker-archive:{tmp_path}/out.tar"), 5)
        assert os.listdir(tmp_path) == []
        result = ecr(the_lab, "copy", place, f"oci:{tmp_path}/out:v1")
        assert result.code == 0 and move.layout_fault(tmp_path / "out") is None, result


def test_a_layer_that_is_a_manifest_beside_it(the_lab, tmp_path):
    """One entry of that name, which can be read back."""
    odd = move.image([move.raw_layer(IMAGE.manifest)], content="odd")
    top = move.index_of([(IMAGE, NATIVE, {}), (odd, "linux/s390x", {})])
    with Registry({"v1": top}) as registry:
        result = ecr(the_lab, "pull", "--all-platforms", f"{registry.app}:v1", f"oci-archive:{tmp_path}/out.tar:v1")
    assert (result.code, result.stdout) == (0, f"{top.digest}\n"), result
    with tarfile.open(tmp_path / "out.tar") as tar:
        assert len(tar.getnames()) == len(set(tar.getnames()))
    result = ecr(the_lab, "copy", f"oci-archive:{tmp_path}/out.tar:v1", f"oci:{tmp_path}/out:v1")
    assert result.code == 0 and move.layout_fault(tmp_path / "out") is None, result


NAMES = {"a root behind a dot": lambda t: t.add(".//etc/passwd", b"x"),
         "a root behind dots": lambda t: t.add("././/etc/passwd", b"x"),
         "a file, then a folder": lambda t: t.add("x", b"x").add("x/", kind=b"5"),
         "a folder, then a file": lambda t: t.add("x/", kind=b"5").add("x", b"x")}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_names_that_lead_elsewhere(the_lab, tmp_path, form, name):
    files, _, _ = move.archive_files(IMAGE, form)
    (tmp_path / "in.tar").write_bytes(NAMES[name](move.Tape()).data + move.archive(files))
    result = ecr(the_lab, "copy", f"{FORMS[form]}:{tmp_path}/in.tar", f"oci:{tmp_path}/out:v1")
    assert failed(result, 2).startswith(f"ecr: {tmp_path}/in.tar: ") and files_below(tmp_path) == ["in.tar"]


@pytest.mark.parametrize("form", ["modern", "legacy"])
def test_a_layer_that_is_named_by_a_root_behind_a_dot(the_lab, tmp_path, form):
    files, first, top = move.archive_files(IMAGE, form)
    there = [(".//etc/passwd" if n == first else n, d.replace(first.encode(), b".//etc/passwd") if n == top else d)
             for n, d in files]
    (tmp_path / "in.tar").write_bytes(move.archive(there))
    failed(ecr(the_lab, "copy", f"docker-archive:{tmp_path}/in.tar", f"oci:{tmp_path}/out:v1"), 2)
    assert files_below(tmp_path) == ["in.tar"]
