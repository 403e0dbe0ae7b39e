"""pull, push and copy of what is broken or means harm: archives, layouts, registries that lie, disks that are full, and wrong
command lines. A definite exit status, one line that names the culprit, and nothing left behind."""

import json
import os
import subprocess

import pytest
import support_move as move
from support_move_faults import OPEN, downloads, error_line, files_below, puts, writes

from lab import synth

FORMS = {"oci": "oci-archive", "modern": "docker-archive", "legacy": "docker-archive"}
IMAGE = move.image((1000, 100))
# Only what is hashed on its way shows these: an upload may have begun.
SEEN_LATE = ("another byte in a layer",)
# Names out of the archive, and two contents for one name, are refused wherever they stand.
STRICT = ("strange neighbours", "the same twice", "a layer is a hard link")
NO_IMAGE = ("index.json names nothing",)


def cases(maker, without=()):
    return [pytest.param(form, name, id=f"{form}: {name[:60]}") for form in FORMS for name in maker(IMAGE, form)
            if name not in without]


def write(path, data):
    path.write_bytes(data)
    return str(path)


def fault_of_copy(folder, form):
    """What of IMAGE is not in a layout that it was copied to from an archive of that form; None if all is there."""
    fault = move.layout_fault(folder)
    if fault or form == "oci":
        return fault or (None if move.layout_tags(folder) == {"v1": IMAGE.digest} else move.layout_tags(folder))
    digest, = move.layout_tags(folder).values()
    with open(f"{folder}/blobs/sha256/{digest[7:]}") as f:
        found = json.load(f)
    wanted = [synth.digest_of(IMAGE.config), *(part.diff for part in IMAGE.parts)]
    return None if [found["config"]["digest"], *(layer["digest"] for layer in found["layers"])] == wanted else found


# ---- archives

@pytest.mark.parametrize("form, name", cases(move.hostile))
def test_hostile_archives(lab, tmp_path, form, name):
    """From a file to a registry, and from standard input to a layout."""
    data = move.hostile(IMAGE, form)[name]
    path, code = write(tmp_path / "in.tar", data), 1 if name in NO_IMAGE else 2
    result = lab.ecr("push", f"{FORMS[form]}:{path}", f"{OPEN}/app:v1")
    assert result.code == code and error_line(result).startswith(f"ecr: {path}: "), result
    assert puts(lab) == [] and (writes(lab) == [] or name in SEEN_LATE), [r["target"] for r in writes(lab)]
    result = lab.ecr("copy", f"{FORMS[form]}:-", f"oci:{tmp_path}/out:v1", stdin=data)
    assert result.code == code and error_line(result).startswith("ecr: standard input: "), result
    assert files_below(tmp_path / "out") == [] or name in SEEN_LATE and move.layout_fault(tmp_path / "out") is None
    assert result.seconds < 3


@pytest.mark.parametrize("form, name", cases(move.odd, STRICT))
def test_odd_archives(lab, tmp_path, form, name):
    path = write(tmp_path / "in.tar", move.odd(IMAGE, form)[name])
    result = lab.ecr("copy", f"{FORMS[form]}:{path}", f"oci:{tmp_path}/out:v1")
    assert result.code == 0 and fault_of_copy(tmp_path / "out", form) is None, result
    result = lab.ecr("push", f"{FORMS[form]}:{path}", f"{OPEN}/app:v1")
    assert result.code == 0 and result.stdout == f"{move.layout_tags(tmp_path / 'out')['v1']}\n", result


@pytest.mark.parametrize("form, name", cases(lambda made, form: set(STRICT) & set(move.odd(made, form))))
def test_odd_archives_that_are_refused(lab, tmp_path, form, name):
    path = write(tmp_path / "in.tar", move.odd(IMAGE, form)[name])
    result = lab.ecr("copy", f"{FORMS[form]}:{path}", f"oci:{tmp_path}/out:v1", cwd=tmp_path)
    assert result.code == 2 and error_line(result).startswith(f"ecr: {path}: its entry "), result
    assert files_below(tmp_path) == ["in.tar"] and not os.path.exists("/etc/ecr-was-here")


@pytest.mark.parametrize("form, name", cases(move.either))
def test_unclear_archives(lab, tmp_path, form, name):
    """Refused, or understood in the one right way."""
    path = write(tmp_path / "in.tar", move.either(IMAGE, form)[name])
    result = lab.ecr("copy", f"{FORMS[form]}:{path}", f"oci:{tmp_path}/out:v1")
    if result.code == 0:
        assert fault_of_copy(tmp_path / "out", form) is None
    else:
        assert result.code == 2 and error_line(result).startswith(f"ecr: {path}: ") and files_below(tmp_path / "out") == []


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
def test_archives_that_are_no_files(lab, tmp_path, kind):
    os.mkfifo(tmp_path / "fifo")
    os.symlink("nowhere", tmp_path / "link")
    for name in ("fifo", "link", "missing", "", "../" * 3):
        path = f"{tmp_path}/{name}"
        result = lab.ecr("push", f"{kind}:{path}", f"{OPEN}/app:v1", timeout=10)
        assert result.code == 2 and error_line(result).startswith(f"ecr: {path}: ") and lab.requests() == [], result


def test_an_archive_of_the_other_kind_is_told(lab, tmp_path):
    """The line says which word would have been right."""
    files = {"docker-archive": write(tmp_path / "docker.tar", move.archive(move.docker_files({"app:v1": IMAGE}, "legacy"))),
             "oci-archive": write(tmp_path / "oci.tar", move.archive(move.layout_files({"v1": IMAGE})))}
    for said, other in (("oci-archive", "docker-archive"), ("docker-archive", "oci-archive")):
        result = lab.ecr("push", f"{said}:{files[other]}", f"{OPEN}/app:v1")
        assert result.code == 2 and f"{other}:{files[other]}" in error_line(result), result


def test_several_images_in_a_docker_archive(lab, tmp_path):
    path = move.write_docker_archive(tmp_path / "in.tar", {"app:v1": IMAGE, "app:v2": move.image(content="other")})
    result = lab.ecr("push", f"docker-archive:{path}", f"{OPEN}/app:v1")
    assert result.code == 2 and "2 images" in error_line(result) and writes(lab) == []


def test_errors_as_json(lab, tmp_path):
    path = write(tmp_path / "in.tar", move.hostile(IMAGE, "oci")["wrong checksum"])
    result = lab.ecr("push", "--json", f"oci-archive:{path}", f"{OPEN}/app:v1")
    told, = result.json
    assert result.code == 2 and len(result.stderr.splitlines()) == 1 and writes(lab) == []
    assert told["error"]["subject"] == path and told["error"]["reason"] == "usage" and "archive" in told["error"]["cause"]


# ---- layouts

def index_json(*entries, **members):
    return json.dumps({"schemaVersion": 2, "mediaType": synth.OCI["index"], "manifests": list(entries), **members})


def first(folder, made=IMAGE):
    """The file of the first layer."""
    return folder / "blobs" / "sha256" / made.parts[0].digest[7:]


def top(folder, made=IMAGE):
    return folder / "blobs" / "sha256" / made.digest[7:]


def instead(path, how):
    path.unlink()
    how(path)


SYMLINK = lambda target: lambda path: os.symlink(target, path)
HUGE = lambda path: (path.touch(), os.truncate(path, 1 << 40))
# {what is wrong: (how it is made so, exit status, a word of the line)}
LAYOUTS = {
    "no index.json": (lambda f: (f / "index.json").unlink(), 2, "index.json"),
    "no oci-layout": (lambda f: (f / "oci-layout").unlink(), 2, "oci-layout"),
    "oci-layout of another version": (lambda f: (f / "oci-layout").write_text('{"imageLayoutVersion":"9.0"}'), 2, "9.0"),
    "index.json is a folder": (lambda f: instead(f / "index.json", os.mkdir), 2, "index.json"),
    "index.json is a fifo": (lambda f: instead(f / "index.json", os.mkfifo), 2, "index.json"),
    "index.json is endless": (lambda f: instead(f / "index.json", SYMLINK("/dev/zero")), 2, "index.json"),
    "index.json is huge": (lambda f: instead(f / "index.json", HUGE), 2, "index.json"),
    "index.json is empty": (lambda f: (f / "index.json").write_text(""), 2, "index.json"),
    "index.json is no JSON": (lambda f: (f / "index.json").write_text(index_json()[:-1]), 2, "index.json"),
    "index.json is a list": (lambda f: (f / "index.json").write_text("[]"), 2, "index.json"),
    "index.json is deep": (lambda f: (f / "index.json").write_text("[" * 100000), 2, "index.json"),
    "index.json without manifests": (lambda f: (f / "index.json").write_text('{"schemaVersion":2}'), 2, "index.json"),
    "manifests are text": (lambda f: (f / "index.json").write_text('{"schemaVersion":2,"manifests":"x"}'), 2, "index.json"),
    "an entry is text": (lambda f: (f / "index.json").write_text(index_json("text")), 2, "digest"),
    "an entry without a digest": (lambda f: (f / "index.json").write_text(index_json({})), 2, "digest"),
    "no images": (lambda f: (f / "index.json").write_text(index_json()), 1, "no images"),
    "two images": (lambda f: move.write_layout(f, {"v1": IMAGE, "v2": move.image(content="2")}), 2, ":TAG"),
    "an entry says another size": (lambda f: (f / "index.json").write_text(
        index_json({**IMAGE.descriptor(), "size": 7})), 2, "bytes"),
    "a path as a digest": (lambda f: (f / "index.json").write_text(
        index_json({**IMAGE.descriptor(), "digest": "sha256:../../../../etc/passwd"})), 2, "digest"),
    "a layer is missing": (lambda f: first(f).unlink(), 2, IMAGE.parts[0].digest[7:]),
    "a layer is shorter": (lambda f: os.truncate(first(f), 100), 2, IMAGE.parts[0].digest[7:]),
    "a layer is longer": (lambda f: first(f).write_bytes(IMAGE.parts[0].data + b"x"), 2, IMAGE.parts[0].digest[7:]),
    "a layer is empty": (lambda f: first(f).write_bytes(b""), 2, IMAGE.parts[0].digest[7:]),
    "a layer is other bytes": (lambda f: first(f).write_bytes(move.spoiled(IMAGE.parts[0].data)), 2, IMAGE.parts[0].digest),
    "a layer is a folder": (lambda f: instead(first(f), os.mkdir), 2, IMAGE.parts[0].digest[7:]),
    "a layer is a fifo": (lambda f: instead(first(f), os.mkfifo), 2, IMAGE.parts[0].digest[7:]),
    "a layer is a link to nothing": (lambda f: instead(first(f), SYMLINK("nowhere")), 2, IMAGE.parts[0].digest[7:]),
    "a layer is a link to itself": (lambda f: instead(first(f), SYMLINK(first(f).name)), 2, IMAGE.parts[0].digest[7:]),
    "a layer is a link to other bytes": (lambda f: instead(first(f), SYMLINK("/etc/passwd")), 2, IMAGE.parts[0].digest[7:]),
    "a layer is endless": (lambda f: instead(first(f), SYMLINK("/dev/zero")), 2, IMAGE.parts[0].digest[7:]),
    "the manifest is missing": (lambda f: top(f).unlink(), 2, IMAGE.digest[7:]),
    "the manifest is other bytes": (lambda f: top(f).write_bytes(move.spoiled(IMAGE.manifest)), 2, IMAGE.digest),
    "the manifest is a folder": (lambda f: instead(top(f), os.mkdir), 2, IMAGE.digest[7:]),
    "the manifest is a fifo": (lambda f: instead(top(f), os.mkfifo), 2, IMAGE.digest[7:]),
    "the manifest is endless": (lambda f: instead(top(f), SYMLINK("/dev/zero")), 2, IMAGE.digest[7:]),
    "the manifest is huge": (lambda f: instead(top(f), HUGE), 2, IMAGE.digest[7:]),
    "no blobs": (lambda f: (f / "blobs").rename(f / "elsewhere"), 2, IMAGE.digest[7:]),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_that_are_not_sound(lab, tmp_path, name):
    spoil, code, word = LAYOUTS[name]
    folder = tmp_path / "in"
    spoil((move.write_layout(folder, {None if name == "two images" else "v1": IMAGE}), folder)[1])
    result = lab.ecr("push", f"oci:{folder}", f"{OPEN}/app:v1", timeout=10)
    line = error_line(result)
    assert result.code == code and line.startswith((f"ecr: {folder}", f"ecr: oci:{folder}")) and word in line, result
    assert puts(lab) == [] and (writes(lab) == [] or "other bytes" in name), [r["target"] for r in writes(lab)]
    result = lab.ecr("copy", f"oci:{folder}", f"oci-archive:{tmp_path}/out.tar", timeout=10)
    assert result.code == code and word in error_line(result) and os.listdir(tmp_path) == ["in"], result


def test_a_blob_that_is_a_link_to_its_bytes(lab, tmp_path):
    """As stores make them that keep each blob once."""
    folder = tmp_path / "in"
    move.write_layout(folder, {"v1": IMAGE})
    first(folder).rename(tmp_path / "kept")
    os.symlink(tmp_path / "kept", first(folder))
    assert lab.ecr("push", f"oci:{folder}", f"{OPEN}/app:v1").code == 0
    assert move.registry_fault(lab, f"{OPEN}/app:v1", IMAGE) is None


@pytest.mark.parametrize("place, code, word", [("in:v9", 1, "v9"), ("missing:v1", 2, "missing"), ("file:v1", 2, "file")])
def test_layouts_that_are_not_there(lab, tmp_path, place, code, word):
    move.write_layout(tmp_path / "in", {"v1": IMAGE})
    (tmp_path / "file").write_text("x")
    result = lab.ecr("push", f"oci:{place}", f"{OPEN}/app:v1", cwd=tmp_path)
    assert result.code == code and word in error_line(result) and lab.requests() == [], result


def hostile_manifest(**members):
    """A manifest with its right digest; `members` take the place of its own, and blobs that nobody has are none of it."""
    return synth.Image(json.dumps({**json.loads(IMAGE.manifest), **members}).encode(), IMAGE.media_type, IMAGE.blobs)


LAYER = move.descriptor(IMAGE.parts[0].data, move.LAYERS["oci"]["gzip"])
MANIFESTS = {
    "layers are text": {"layers": "x"}, "a layer is text": {"layers": ["x"]}, "a layer without a digest": {"layers": [{"size": 1}]},
    "a size below zero": {"layers": [{**LAYER, "size": -1}]}, "a size that is text": {"layers": [{**LAYER, "size": "7"}]},
    "no size": {"layers": [{**LAYER, "size": None}]}, "another size": {"layers": [{**LAYER, "size": LAYER["size"] + 1}]},
    "a size without bound": {"layers": [{**LAYER, "size": 1 << 62}]},
    "a size beyond numbers": {"layers": [{**LAYER, "size": 1 << 80}]},
    "two sizes": {"layers": [LAYER, {**LAYER, "size": 5}]},
    "a path as a digest": {"layers": [{**LAYER, "digest": "sha256:../../../../etc/passwd"}]},
    "another path as a digest": {"layers": [{**LAYER, "digest": "../../../../etc/passwd"}]},
    "capitals": {"layers": [{**LAYER, "digest": LAYER["digest"].upper()}]},
    "a digest of zeros": {"layers": [{**LAYER, "digest": "sha256:" + "0" * 64}]},
    "the config is text": {"config": "x"}, "no config digest": {"config": {"mediaType": synth.OCI["config"], "size": 1}},
    "the config is huge": {"config": {"mediaType": synth.OCI["config"], "size": 1 << 50, "digest": LAYER["digest"]}},
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_that_mean_harm(lab, tmp_path, name):
    """Out of a layout they are a fault of the layout; out of a registry, the registry's."""
    made = hostile_manifest(**MANIFESTS[name])
    move.write_layout(tmp_path / "in", {"v1": made})
    result = lab.ecr("push", f"oci:{tmp_path}/in", f"{OPEN}/app:v1", "--max-attempts", "1")
    assert result.code == 2 and error_line(result) and puts(lab) == [], result
    peer = lab._pusher(OPEN, "raw")
    for data in made.blobs:
        peer.blob("raw", data)
    lab.fault("body", service="tls", operation="GetManifest", path="/raw/", text=made.manifest.decode(),
              content_type=made.media_type, headers={"Docker-Content-Digest": made.digest})
    result = lab.ecr("pull", "--max-attempts", "1", f"{OPEN}/raw:v1", f"oci:{tmp_path}/out")
    assert result.code == (6 if name == "a digest of zeros" else 5) and error_line(result), result  # 6: it is incomplete
    assert move.layout_fault(tmp_path / "out", killed=True) is None
    assert not [path for path in files_below(tmp_path / "out") if "passwd" in path]


def test_an_index_that_is_too_deep(lab, tmp_path):
    made = IMAGE
    for _ in range(12):
        made = move.index_of([(made, None, {})])
    move.write_layout(tmp_path / "in", {"v1": made})
    result = lab.ecr("push", f"oci:{tmp_path}/in", f"{OPEN}/app:v1")
    assert result.code == 2 and "deep" in error_line(result) and writes(lab) == []


def test_an_index_whose_child_has_another_size(lab, tmp_path):
    made = move.index_of([(IMAGE, "linux/amd64", {"size": 5})])
    move.write_layout(tmp_path / "in", {"v1": made})
    result = lab.ecr("push", f"oci:{tmp_path}/in", f"{OPEN}/app:v1")
    assert result.code == 2 and IMAGE.digest in error_line(result) and writes(lab) == []


# ---- registries that lie

ECR = "ecr"
WHERE = {OPEN: ("tls", "tls"), ECR: ("registry", "bucket")}  # who has manifests, and who blobs
LIES = {
    "another byte": ("garble", {}), "a shorter one": ("truncate_json", {}), "a longer one": ("garble_json", {}),
    "cut": ("cut_body", {}), "less than it says": ("wrong_length", {"by": 500}),
    "more than it says": ("wrong_length", {"by": -500}),
    "a page": ("html", {}), "a page that is none": ("empty", {}), "other JSON": ("other_shape", {}),
    "too much": ("huge_body", {}), "too much, in chunks": ("huge_body", {"announce": False}),
    "chunks that are none": ("bad_chunk", {"kind": "not_hex"}),
    "two lengths": ("bad_length", {"value": "5"}), "a length below zero": ("bad_length", {"value": "-1"}),
}
TARGETS = ("oci:{}/out:v1", "oci-archive:{}/out.tar:v1", "docker-archive:{}/out.tar", "oci-archive:-", "dual.lab.test/target:v1")


@pytest.fixture(params=[OPEN, ECR])
def place(lab, request):
    """A registry that holds IMAGE as app:v1; of `.where` (who has manifests, and who blobs) the lies are told."""
    lab.where = WHERE[request.param]
    name = lab.create_repository("app") if request.param == ECR else f"{OPEN}/app"
    move.push_raw(f"{name}:v1", IMAGE)
    lab.clear_log()
    return f"{name}:v1"


def nothing_came(lab, tmp_path, *missing):
    """No archive, no manifest, no tag, and not those blobs; what is in a layout is consistent."""
    folder = tmp_path / "out"
    assert puts(lab) == [] and [path for path in files_below(tmp_path) if not path.startswith("out/")] == []
    if folder.exists():
        assert move.layout_fault(folder) is None and move.layout_tags(folder) == {}
        assert not [digest for digest in missing if (folder / "blobs" / "sha256" / digest[7:]).exists()]


@pytest.mark.parametrize("lie", LIES)
def test_registries_that_lie_about_a_blob(lab, place, tmp_path, lie):
    fault, parameters = LIES[lie]
    digest = IMAGE.parts[0].digest
    lab.fault(fault, service=lab.where[1], method="GET", path=digest[7:], **parameters)
    for target in TARGETS if lie in ("another byte", "a page") else TARGETS[:2]:
        result = lab.ecr("copy", "--max-attempts", "1", place, target.format(tmp_path), timeout=20)
        assert result.code == 5, result
        if not target.endswith("-"):
            assert error_line(result)
        nothing_came(lab, tmp_path, digest)
    assert len(downloads(lab, digest)) <= 5


MANIFEST_LIES = {**{name: LIES[name] for name in LIES if name not in ("cut",)},
                 "another digest": ("set_header", {"name": "Docker-Content-Digest", "value": "sha256:" + "0" * 64}),
                 "another type": ("wrong_content_type", {"content_type": synth.OCI["index"]}),
                 "not JSON": ("garble_json", {})}


@pytest.mark.parametrize("by", ["tag", "digest"])
@pytest.mark.parametrize("lie", MANIFEST_LIES)
def test_registries_that_lie_about_a_manifest(lab, place, tmp_path, lie, by):
    fault, parameters = MANIFEST_LIES[lie]
    lab.fault(fault, service=lab.where[0], operation="GetManifest", **parameters)
    image = place if by == "tag" else place.replace(":v1", f"@{IMAGE.digest}")
    result = lab.ecr("pull", "--max-attempts", "1", image, f"oci:{tmp_path}/out:v1", timeout=20)
    assert result.code == 5 and error_line(result), result
    nothing_came(lab, tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("lie", ["another byte", "a shorter one", "a page", "other JSON"])
def test_registries_that_lie_about_a_configuration(lab, place, tmp_path, lie):
    """It is read before all else where a platform is wanted."""
    fault, parameters = LIES[lie]
    lab.fault(fault, service=lab.where[1], method="GET", path=synth.digest_of(IMAGE.config)[7:], **parameters)
    result = lab.ecr("pull", "--max-attempts", "1", "--platform", "linux/amd64", place, f"docker-archive:{tmp_path}/out.tar")
    assert result.code == 5 and error_line(result), result
    nothing_came(lab, tmp_path)


@pytest.mark.parametrize("fault, conditions, parameters", [
    ("html", {"operation": "StartUpload"}, {}), ("html", {"operation": "StartUpload"}, {"status": 202}),
    ("set_header", {"operation": "StartUpload"}, {"name": "Location", "value": None}),
    ("set_header", {"operation": "StartUpload"}, {"name": "Location", "value": "file:///etc/passwd"}),
    ("set_header", {"operation": "StartUpload"}, {"name": "Location", "value": "http://127.0.0.1:5001/v2/"}),
    ("set_header", {"operation": "PutManifest"}, {"name": "Docker-Content-Digest", "value": "sha256:" + "0" * 64}),
    ("body", {"operation": "PutUpload"}, {"status": 201, "text": ""})], ids=range(7))
@pytest.mark.parametrize("place", [OPEN, ECR])
def test_registries_that_lie_about_what_they_take(lab, tmp_path, place, fault, conditions, parameters):
    """The last of these says that it has a blob that it threw away, and then refuses the manifest."""
    target = lab.create_repository("app") if place == ECR else f"{OPEN}/app"
    move.write_layout(tmp_path, {"v1": IMAGE})
    lab.fault(fault, service=WHERE[place][0], **conditions, **parameters)
    result = lab.ecr("push", "--max-attempts", "1", f"oci:{tmp_path}", f"{target}:v1", timeout=20)
    assert result.code == 5 and error_line(result), result
    assert puts(lab) == [] or fault == "set_header" and conditions["operation"] == "PutManifest"


def test_a_blob_that_is_there_with_other_bytes(lab, tmp_path):
    """Of the right length, in a layout that somebody else broke: it is not our doing, and pulling again does not hide it."""
    move.push_raw(f"{OPEN}/app:v1", IMAGE)
    move.write_layout(tmp_path / "out", {"v0": IMAGE})
    first(tmp_path / "out").write_bytes(move.spoiled(IMAGE.parts[0].data)[:-1])
    result = lab.ecr("pull", f"{OPEN}/app:v1", f"oci:{tmp_path}/out:v1")
    assert result.code == 0 and move.layout_fault(tmp_path / "out") is None, result


# ---- places that cannot be written to

def mounted(folder, options, *more):
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder), *more], check=True)


@pytest.fixture
def small(tmp_path):
    """Mounts a file system of a size of its own as tmp_path/small."""
    folder = tmp_path / "small"
    made = []

    def make(options):
        if made:
            subprocess.run(["umount", str(folder)], check=True)
        made[:] = [mounted(folder, options)]
        return folder
    yield make
    if made:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("target", ["oci:{}/out:v1", "oci-archive:{}/out.tar:v1", "docker-archive:{}/out.tar"])
@pytest.mark.parametrize("what", ["size", "nr_inodes"])
def test_a_full_disk(lab, small, target, what):
    """Full at each point in turn, until there is room for all: never half of anything."""
    made = move.image((9000, 5000, 100))
    move.push_raw(f"{OPEN}/app:v1", made)
    failures = 0
    lab.clear_log()
    for room in range(1, 30):
        folder = small(f"size={4096 * room}" if what == "size" else f"size=1m,nr_inodes={room}")
        result = lab.ecr("pull", f"{OPEN}/app:v1", target.format(folder))
        assert not [path for path in files_below(folder) if os.path.basename(path).startswith(".")], files_below(folder)
        layout = folder / "out"
        fault = move.layout_fault(layout, killed=True) if layout.exists() else None
        assert fault is None or "oci-layout" in fault and result.code and not (layout / "oci-layout").exists(), fault
        if result.code == 0:
            break
        failures += 1
        assert result.code == 5 and "No space left on device" in error_line(result), result
        assert files_below(folder) == [] or layout.exists() and puts(lab) == []
        if (layout / "index.json").exists():
            assert move.layout_tags(layout) == {}
        subprocess.run(["mount", "-o", "remount,size=1m,nr_inodes=100", str(folder)], check=True)
        result = lab.ecr("pull", f"{OPEN}/app:v1", target.format(folder))
        assert result.code == 0 and result.stdout == f"{made.digest}\n", result  # with room it goes on
    else:
        raise AssertionError("there was never room for all")
    assert failures


def test_a_disk_that_is_full_for_the_new_index_keeps_the_old_one(lab, small):
    """The image that was there stays."""
    old, new = move.image(content="old"), move.image((80000,), content="new")
    move.push_raw(f"{OPEN}/app:v2", new)
    folder = small("size=200k")
    move.write_layout(folder / "out", {"v1": old})
    (folder / "filler").write_bytes(bytes(130000))
    result = lab.ecr("pull", f"{OPEN}/app:v2", f"oci:{folder}/out:v2")
    assert result.code == 5 and "No space left" in error_line(result), result
    assert move.layout_fault(folder / "out") is None and move.layout_tags(folder / "out") == {"v1": old.digest}


def test_a_copy_of_standard_input_that_finds_no_room(lab, small):
    folder = small("size=8k")
    data = move.archive(move.layout_files({"v1": move.image((60000,))}))
    result = lab.ecr("push", "oci-archive:-", f"{OPEN}/app:v1", stdin=data, env={"TMPDIR": folder})
    assert result.code == 5 and "No space left" in error_line(result) and "TMPDIR" in result.stderr, result
    assert writes(lab) == [] and files_below(folder) == []


@pytest.mark.parametrize("target", ["oci:{}/out:v1", "oci:{}:v1", "oci-archive:{}/out.tar", "docker-archive:{}/out.tar"])
def test_a_disk_that_cannot_be_written_to(lab, small, target):
    move.push_raw(f"{OPEN}/app:v1", IMAGE)
    folder = small("size=1m,ro")
    result = lab.ecr("pull", f"{OPEN}/app:v1", target.format(folder))
    assert result.code == 5 and str(folder) in error_line(result) and "Read-only" in result.stderr, result


@pytest.mark.parametrize("target, codes", [
    ("oci:{}/file:v1", (5,)), ("oci:{}/none/out:v1", (2,)), ("oci-archive:{}/none/out.tar", (2, 5)),
    ("docker-archive:{}/file/out.tar", (5,)), ("oci-archive:{}/folder", (2,)), ("oci-archive:{}/fifo", (2,)),
    ("docker-archive:/dev/null", (2,)), ("oci:{}/mine:v1", (2,))])
def test_targets_that_are_something_else(lab, tmp_path, target, codes):
    """Files where a folder belongs, folders where a file belongs, and folders that are somebody's own."""
    move.push_raw(f"{OPEN}/app:v1", IMAGE)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.json").write_text("{}")
    os.mkfifo(tmp_path / "fifo")
    before = files_below(tmp_path)
    result = lab.ecr("pull", f"{OPEN}/app:v1", target.format(tmp_path), timeout=10)
    assert result.code in codes and error_line(result).startswith(f"ecr: {target.partition(':')[2].format(tmp_path)[:9]}"), result
    assert files_below(tmp_path) == before and (tmp_path / "file").read_text() == "mine"


# ---- command lines

A, B = f"{OPEN}/app:v1", f"{OPEN}/app:v2"
WRONG = {
    ("pull",): "usage: ecr pull", ("push",): "usage: ecr push", ("copy",): "usage: ecr copy", ("push", "oci:in"): "usage: ecr push",
    ("pull", A, "oci:x", "oci:y"): "usage: ecr pull", ("copy", A): "usage: ecr copy", ("copy", A, B, B): "usage: ecr copy",
    ("pull", "oci:in"): "ecr copy", ("pull", "oci:in", "oci:out"): "ecr copy", ("pull", A, B): "ecr copy",
    ("push", A, B): "ecr copy", ("push", "oci:in", "oci:out"): "ecr copy", ("push", "oci:in", A, "oci:out"): "ecr copy",
    ("pull", A, "oci:"): "missing", ("pull", A, "oci-archive:"): "missing", ("pull", A, "docker-archive:"): "missing",
    ("pull", A, "oci::v1"): "missing", ("pull", A, "oci:out:"): "tag", ("pull", A, "oci:out:a b"): "tag",
    ("pull", A, "oci:out:" + "v" * 129): "tag", ("pull", A, "oci:out:-x"): "tag",
    ("pull", ""): "", ("pull", f"{OPEN}/App:v1"): "", ("pull", f"{OPEN}/app:v 1"): "", ("pull", f"{OPEN}/app@sha256:123"): "",
    ("pull", "--platform", "linux", A): "OS/ARCH", ("pull", "--platform", "", A): "empty",
    ("pull", "--platform", "a/b/c/d", A): "OS/ARCH",
    ("pull", "--platform"): "--platform", ("pull", "--platform", "linux/amd64", "--all-platforms", A): "--platform",
    ("pull", "--all-platforms", A, "docker-archive:x.tar"): "one platform",
    ("pull", "--all-platforms", A, "docker:"): "one platform",
    ("pull", "--referrers", A, "docker-archive:x.tar"): "refers", ("pull", "--create-repo", A): "--create-repo",
    ("copy", "oci-archive:-", "docker-archive:-"): "must be a file", ("pull", "--no-such-thing", A): "--no-such-thing",
    ("push", "oci-archive:-", A, "bearer.lab.test/other:v1"): "once",
    ("push", "oci:in", f"{OPEN}/app@sha256:{'0' * 64}"): "another",
    ("push", "--create-repo", "oci:in", A): "--create-repo", ("copy", "docker-archive:missing.tar", A): "missing.tar",
}


@pytest.mark.parametrize("words", [("pull", A, "oci-archive:-"), ("copy", A, "docker-archive:-"),
                                   ("copy", "oci:in", "oci-archive:-:v1")])
def test_events_have_no_place_beside_an_archive(lab, tmp_path, words):
    move.write_layout(tmp_path / "in", {"v1": IMAGE})
    result = lab.ecr(words[0], "--json", *words[1:], cwd=tmp_path)
    told, = result.json
    assert result.code == 2 and told["error"]["subject"] == "--json" and "standard output" in result.stderr and lab.requests() == []


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words)[:60])
def test_wrong_command_lines(lab, tmp_path, words):
    """Exit status 2, a word of what is wrong, and nobody was asked for anything."""
    move.write_layout(tmp_path / "in", {"v1": IMAGE})
    result = lab.ecr(*words, cwd=tmp_path, timeout=10)
    assert result.code == 2 and WRONG[words] in error_line(result), result
    assert lab.requests() == [] and os.listdir(tmp_path) == ["in"]
