"""pull, push and copy between all kinds of places; what arrives is looked at by hand, by skopeo and by umoci."""

import fcntl
import itertools
import json
import os
import platform
import pty
import re
import select
import struct
import subprocess
import tarfile
import termios

import pytest
import support_move as move
from support_tables import BINARY

from lab import synth
from lab.client import split

ECR, TLS, PLAIN = "123456789012.dkr.ecr.us-east-1.amazonaws.com", "registry.lab.test", "127.0.0.1:5001"
HOSTS = {"ecr": ECR, "tls": TLS, "plain": PLAIN}
ENV = {"AWS_REGION": "us-east-1"}
NATIVE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}[platform.machine()]
OTHER = "linux/arm64" if NATIVE == "linux/amd64" else "linux/amd64"
ZEROS = "sha256:" + "0" * 64
COUNT = r"(\d+) blobs? "
SUM = re.compile(rf"(?:{COUNT}copied, [^;\n]+)?(?:(?:; |^){COUNT}there already)?(?:(?:; |^){COUNT}taken over within the registry)?")
TO_FILE = ("bash", "-o", "pipefail", "-c", '"$@" | cat >stream', "sh")  # a pipe cannot go back to what it wrote


@pytest.fixture
def app(lab):
    lab.create_repositories(["team/app", "team/other"])
    return f"{TLS}/team/app"


def ecr(lab, *arguments, cwd=None, **options):
    lab.clear_log()
    return lab.ecr(*arguments, env=ENV, cwd=cwd, **options)


def moved(lab, *arguments, digest, **options):
    """It went well: the digest alone on stdout, one line on stderr."""
    result = ecr(lab, *arguments, **options)
    assert (result.code, result.stdout) == (0, f"{digest}\n") and counts(result.stderr), result
    return result


def counts(line):
    """(copied, there already, mounted) blobs, from the line that sums up."""
    line = line.removesuffix("\n")
    assert line, "it said nothing"
    found = (None,) * 3 if line == "no blobs to copy" else SUM.fullmatch(line).groups()
    return tuple(int(number or 0) for number in found)


def failed(result, code, *parts):
    assert result.code == code and result.stdout == "", result
    line = result.stderr.splitlines()[-1]
    assert line.startswith("ecr: ") and all(part in line for part in parts), result


def copies(lab, **conditions):
    """Requests that sent or fetched a blob's bytes."""
    return [r for r in lab.requests(**conditions) if r["operation"] in ("PatchUpload", "PutUpload") or
            (r["method"] == "GET" and "sha256:" in r["path"] and "/manifests/" not in r["path"])]


# ---- the kinds of places: how an image gets there without us, and what is wrong with what we brought

def place_of(kind, name, tag="v1"):
    """As it is typed; files are in the current folder."""
    if kind in HOSTS:
        return f"{HOSTS[kind]}/team/{name}:{tag}"
    form, _, stream = kind.partition(" ")
    path = "-" if stream else {"oci": name, "oci-archive": f"{name}.oci.tar", "docker-archive": f"{name}.tar"}[form]
    return f"{form}:{path}" + (f":{tag}" if form != "docker-archive" else "")


def put(folder, kind, name, made):
    """Puts an image there; (place, bytes for stdin)."""
    place = place_of(kind, name)
    if kind in HOSTS:
        move.push_raw(place, made)
    elif kind == "oci":
        move.write_layout(folder / name, {"v1": made})
    elif kind.startswith("oci"):
        move.write_oci_archive(folder / f"{name}.oci.tar", {"v1": made})
    else:
        move.write_docker_archive(folder / f"{name}.tar", {"some/app:v1": made})
    file = folder / (f"{name}.oci.tar" if kind.startswith("oci") else f"{name}.tar")
    return place, file.read_bytes() if kind.endswith(" -") else None


def unpacked(path, folder):
    with tarfile.open(path) as tar:
        assert len(tar.getnames()) == len(set(tar.getnames())), tar.getnames()
        tar.extractall(folder, filter="data")
    return folder


def fetched(lab, folder, kind, place, digest):
    """The manifest that stands in a target."""
    if kind in HOSTS:
        host, name, _ = split(place)
        return lab._pusher(host, name).ask("GET", f"/v2/{name}/manifests/{digest}", headers={"Accept": synth.OCI["manifest"]})[1]
    form, _, path = place.partition(":")
    path = folder / path.split(":")[0].replace("-", "stream")
    root = path if form == "oci" else unpacked(path, folder / "look")
    return (root / "blobs" / "sha256" / digest[7:]).read_bytes()


def made_of_archive(text, archived):
    """The image that came from an archive of Docker's: the layers as they lay there, under a manifest of OCI's."""
    value, bare = json.loads(text), move.plain(archived)
    assert (value["schemaVersion"], value["mediaType"]) == (2, synth.OCI["manifest"])
    assert value["config"] == move.descriptor(archived.config, synth.OCI["config"])
    assert value["layers"] == [move.descriptor(part.data, move.LAYERS["oci"]["none"]) for part in bare.parts]
    image = synth.Image(text, synth.OCI["manifest"], [archived.config, *(part.data for part in bare.parts)])
    image.parts, image.config = bare.parts, archived.config
    return image


def layout_holds(folder, tags, *images):
    assert move.layout_fault(folder) is None and move.layout_tags(folder) == tags
    for image in images:
        for data in [one.manifest for one in move.manifests_of(image)] + list(move.blobs_of(image).values()):
            with open(os.path.join(folder, "blobs", "sha256", synth.digest_of(data)[7:]), "rb") as f:
                assert f.read() == data


def docker_archive_holds(path, made, name):
    with tarfile.open(path) as tar:
        read = lambda member: tar.extractfile(member).read()
        shown, = json.loads(read("manifest.json"))
        assert (read(shown["Config"]), shown["RepoTags"] or None) == (made.config, [name] if name else None)
        assert [read(layer) for layer in shown["Layers"]] == [part.data for part in made.parts]
    assert move.skopeo_inspect(f"docker-archive:{path}", "--config", "--raw") == json.loads(made.config)


def holds(lab, folder, kind, place, made, name=None):
    """Asserts that the image is there, whole, byte for byte, and that other tools find it."""
    path = folder / place.partition(":")[2].split(":")[0].replace("-", "stream") if kind not in HOSTS else None
    if kind in HOSTS:
        assert move.registry_fault(lab, place, made) is None
    elif kind == "oci":
        layout_holds(path, {"v1": made.digest}, made)
    elif kind.startswith("oci"):
        layout_holds(unpacked(path, folder / "seen"), {"v1": made.digest}, made)
    else:
        docker_archive_holds(path, made, name)
    if kind.startswith("oci"):
        assert move.skopeo_inspect(f"{kind.split()[0]}:{path}:v1", "--raw") == json.loads(made.manifest)


STORES = ["tls", "ecr", "oci", "oci-archive", "docker-archive"]
STREAMS = ["oci-archive -", "docker-archive -"]
PAIRS = [*itertools.product(STORES + STREAMS, repeat=2), ("plain", "oci"), ("oci", "plain"), ("plain", "plain")]


@pytest.mark.parametrize("source, target", PAIRS)
def test_every_pair_of_places(lab, app, tmp_path, source, target):
    if source in STREAMS and target in STREAMS:  # one of the two must be a file, see below
        failed(ecr(lab, "copy", place_of(source, "app"), place_of(target, "other")), 2, "must be a file")
        return
    made = move.image((100, (200, "none"), 100), platform=NATIVE)
    place, stdin = put(tmp_path, source, "app", made)
    to, streams = place_of(target, "other"), target in STREAMS
    result = ecr(lab, "copy", place, to, cwd=tmp_path, stdin=stdin, prefix=TO_FILE if streams else ())
    lines = result.stderr.splitlines()
    digest = (lines.pop() if streams else result.stdout.removesuffix("\n"))
    assert result.code == 0 and result.stdout == ("" if streams else f"{digest}\n"), result
    neighbours = source == target and source in ("tls", "plain")
    assert [counts(line) for line in lines] == [(0, 0, 4) if neighbours else (4, 0, 0)], result
    if source.startswith("docker"):
        if not target.startswith("docker"):
            made = made_of_archive(fetched(lab, tmp_path, target, to, digest), made)
        else:
            made = move.plain(made)
            digest = made.digest
    assert digest == made.digest
    holds(lab, tmp_path, target, to, made, place if source in HOSTS else None)


# ---- images of every kind

def twice(part=None):
    part = part or move.layer(100, seed="twice")
    return move.image([part, part])


def bare():
    """A manifest that does not say its type."""
    made = move.image()
    value = {name: member for name, member in json.loads(made.manifest).items() if name != "mediaType"}
    image = synth.Image(json.dumps(value).encode(), made.media_type, made.blobs)
    image.parts, image.config = made.parts, made.config
    return image


def nested():
    inner = move.index(content="inner")
    return move.index_of([(move.image(content="outer"), "linux/amd64", {}), (inner, None, {}), (move.artifact(), None, {})])


IMAGES = {
    "no layers": lambda: move.image(()), "127 layers": lambda: move.image((0,) * 127),
    "layers of one byte": lambda: move.image([move.raw_layer(b"x", "none"), move.raw_layer(b"y", "none")]),
    "the same layer twice": twice, "each form": lambda: move.image([(100, how) for how in ("none", "gzip", "zstd")]),
    "docker": lambda: move.image((100, 200), "docker"), "docker, zstd": lambda: move.image([(9, "zstd")], "docker"),
    "docker index": lambda: move.index(kind="docker"), "attested": lambda: move.index(attested=True), "nested": nested,
    "an empty index": lambda: move.index_of([]), "artifact": lambda: move.artifact(),
    "empty artifact": lambda: move.artifact(files=()),
    "helm": lambda: move.manifest_of({"schemaVersion": 2, "mediaType": synth.OCI["manifest"],
                                      "config": move.descriptor(b'{"name":"x"}', "application/vnd.cncf.helm.config.v1+json"),
                                      "layers": [move.descriptor(b"tgz", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")]},
                                     [b'{"name":"x"}', b"tgz"]),
    "no media type": bare, "compact": lambda: move.manifest_of(json.loads(move.image().manifest), move.image().blobs, indent=None),
    "annotations": lambda: move.image(annotations={"a": 'ünï "q" \\ \u2028', "b": "x" * 9999}),
}
SKOPEO_KNOWS = ("no layers", "layers of one byte", "the same layer twice", "each form", "attested", "compact", "annotations")


@pytest.mark.parametrize("name", IMAGES)
def test_every_kind_of_image(lab, app, tmp_path, name):
    """From a layout through registries and an archive into another layout: still the same bytes."""
    made = IMAGES[name]()
    move.write_layout(tmp_path / "first", {"v1": made})
    way = ["oci:first:v1", f"{TLS}/team/app:v1", "oci-archive:a.tar:v1", f"{ECR}/team/app:v1", "oci:last:v1"]
    if name == "127 layers":  # it takes its time
        way[2:4] = []
    for source, target in zip(way, way[1:]):
        moved(lab, "copy", source, target, digest=made.digest, cwd=tmp_path)
        if not target.startswith("oci"):
            assert move.registry_fault(lab, target, made) is None
    layout_holds(tmp_path / "last", {"v1": made.digest}, made)
    if name in SKOPEO_KNOWS:
        move.skopeo_copy(f"oci:{tmp_path}/last:v1", f"dir:{tmp_path}/dir", "--all")


@pytest.mark.parametrize("kind", ["oci", "docker"])
def test_umoci_unpacks_it(lab, app, tmp_path, kind):
    made = move.image([(100, "none"), (200, "gzip")])
    move.push_raw(f"{app}:v1", made)
    moved(lab, "pull", f"{app}:v1", digest=made.digest, cwd=tmp_path)
    root = move.umoci_unpack(tmp_path / "app", "v1", tmp_path / "bundle")
    assert sorted(os.path.getsize(f"{root}/{name}") for name in os.listdir(root)) == [100, 200]


def test_it_reads_what_skopeo_writes(lab, app, tmp_path):
    made = move.image((100, 200), platform=NATIVE)
    move.push_raw(f"{app}:v1", made)
    for place in ("oci:a:x", "oci-archive:a.tar:x"):
        move.skopeo_copy(f"docker://{app}:v1", place, cwd=tmp_path)
        moved(lab, "push", place, f"{ECR}/team/app:v1", digest=made.digest, cwd=tmp_path)
        assert move.registry_fault(lab, f"{ECR}/team/app:v1", made) is None
    move.run("skopeo", "copy", "-q", f"docker://{app}:v1", "docker-archive:d.tar:some/app:v2", cwd=tmp_path)
    digest = ecr(lab, "copy", "docker-archive:d.tar", "oci:d:v1", cwd=tmp_path).stdout.strip()
    layout_holds(tmp_path / "d", {"v1": digest}, made_of_archive(fetched(lab, tmp_path, "oci", "oci:d", digest), made))


@pytest.mark.parametrize("form", ["modern", "legacy"])
def test_archives_of_docker(lab, app, tmp_path, form):
    made = move.image((100, 200))
    move.write_docker_archive(tmp_path / "a.tar", {"some/app:v1": made}, form)
    result = ecr(lab, "push", "docker-archive:a.tar", f"{app}:v1", cwd=tmp_path)
    image = made_of_archive(fetched(lab, tmp_path, "tls", f"{app}:v1", result.stdout.strip()), made)
    assert move.registry_fault(lab, f"{app}:v1", image) is None
    move.run("skopeo", "copy", "-q", f"docker://{app}:v1", f"dir:{tmp_path}/dir")


def test_compressed_layers_in_an_archive_of_docker(lab, app, tmp_path):
    """They are known by their first bytes."""
    parts = [move.layer(100, how, how) for how in ("none", "gzip", "zstd")]
    files = [("c.json", move.image(parts).config), *((f"{n}/layer.tar", part.data) for n, part in enumerate(parts)),
             ("manifest.json", json.dumps([{"Config": "c.json", "RepoTags": None,
                                            "Layers": [f"{n}/layer.tar" for n in range(3)]}]).encode())]
    (tmp_path / "a.tar").write_bytes(move.archive(files))
    result = ecr(lab, "copy", "docker-archive:a.tar", "oci:x:v1", cwd=tmp_path)
    value = json.loads(fetched(lab, tmp_path, "oci", "oci:x", result.stdout.strip()))
    assert value["layers"] == [move.descriptor(part.data, move.LAYERS["oci"][part.how]) for part in parts]


def foreign():
    """An image whose first layer is to be fetched elsewhere; not there at all."""
    made = move.image([move.layer(50, "gzip", "foreign", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), 100])
    value = json.loads(made.manifest)
    value["layers"][0]["urls"] = ["https://registry.lab.test/never-asked"]
    image = move.manifest_of(value, [blob for blob in made.blobs if blob != made.parts[0].data])
    image.away = made.parts[0]
    return image


def test_foreign_layers_stay_where_they_are(lab, app, tmp_path):
    made = foreign()
    move.write_layout(tmp_path / "a", {"v1": made})
    for source, target in (("oci:a:v1", "oci:b:v1"), ("oci:b:v1", "oci-archive:c.tar:v1"),
                           ("oci-archive:c.tar", f"{ECR}/team/app:v1"),
                           (f"{ECR}/team/app:v1", "oci:d:v1")):
        result = ecr(lab, "copy", "--json", source, target, cwd=tmp_path)
        assert result.code == 0 and {b["digest"]: b["status"] for b in result.json if b["event"] == "blob"} == {
            **{digest: "copied" for digest in move.blobs_of(made)}, made.away.digest: "elsewhere"}, result
        start, done = result.json[0], result.json[-1]
        assert start["blobs"] == 3 and start["sizeBytes"] == done["copiedBytes"] == sum(map(len, made.blobs))
        assert not [r for r in lab.requests() if made.away.digest in r["target"] or "never-asked" in r["target"]]
    layout_holds(tmp_path / "d", {"v1": made.digest}, made)


# ---- platforms

@pytest.fixture
def several(lab, app):
    made = move.index([NATIVE, OTHER], attested=True)
    move.push_raw(f"{app}:v1", made)
    return made


@pytest.mark.parametrize("command", ["pull", "copy", "push"])
@pytest.mark.parametrize("options, chosen", [([], None), (["--all-platforms"], "all"), (["--platform", OTHER], OTHER),
                                             (["--platform", "native"], NATIVE)])
def test_platforms(lab, app, several, tmp_path, command, options, chosen):
    """pull takes this machine's, push and copy take all."""
    move.write_layout(tmp_path / "a", {"v1": several})
    made = several.of.get(chosen or (NATIVE if command == "pull" else "all"), several)
    places = {"pull": [f"{app}:v1", "oci:b:v1"], "copy": [f"{app}:v1", "oci:b:v1"], "push": ["oci:a:v1", f"{ECR}/team/app:v1"]}
    moved(lab, command, *options, *places[command], digest=made.digest, cwd=tmp_path)
    if command == "push":
        assert move.registry_fault(lab, f"{ECR}/team/app:v1", made) is None
    else:
        layout_holds(tmp_path / "b", {"v1": made.digest}, made)
        count = sum(len(names) for _, _, names in os.walk(tmp_path / "b" / "blobs"))
        assert count == len(move.manifests_of(made)) + len(move.blobs_of(made))  # and nothing of the others


@pytest.mark.parametrize("source", ["tls", "oci", "oci-archive", "docker-archive"])
@pytest.mark.parametrize("image", [lambda: move.index([OTHER, "windows/amd64"]), lambda: move.image(platform=OTHER)],
                         ids=["index", "image"])
def test_no_such_platform(lab, app, tmp_path, source, image):
    made = image()
    if source.startswith("docker") and made.children:
        made = move.image(platform="windows/amd64")
    place, _ = put(tmp_path, source, "app", made)
    for wanted in ("linux/s390x", NATIVE):
        result = ecr(lab, "copy", "--platform", wanted, place, "oci:new", cwd=tmp_path)
        failed(result, 6, wanted, OTHER if not source.startswith("docker") or not image().children else "windows/amd64")
        assert not os.path.exists(tmp_path / "new")
    shown = ecr(lab, "copy", "--json", "--platform", "linux/s390x", place, "oci:new", cwd=tmp_path)
    assert shown.code == 6 and shown.json[-1]["error"]["reason"] == "no-platform" and len(shown.json) == 1, shown


def test_pull_of_what_is_not_for_this_machine(lab, app, tmp_path):
    """An index has to have it; an image that is none of an index is taken as it is, as docker does."""
    move.push_raw(f"{app}:index", move.index([OTHER]))
    failed(ecr(lab, "pull", f"{app}:index", cwd=tmp_path), 6, NATIVE, OTHER, "--platform")
    assert os.listdir(tmp_path) == []
    made = move.push_raw(f"{app}:image", move.image(platform=OTHER))
    moved(lab, "pull", f"{app}:image", digest=made.digest, cwd=tmp_path)


def test_one_platform_for_an_archive_of_docker(lab, app, several, tmp_path):
    made = several.of[NATIVE]
    moved(lab, "copy", f"{app}:v1", "docker-archive:a.tar", digest=made.digest, cwd=tmp_path)
    docker_archive_holds(tmp_path / "a.tar", made, f"{app}:v1")
    moved(lab, "pull", "--platform", OTHER, f"{app}:v1", "docker-archive:b.tar", digest=several.of[OTHER].digest, cwd=tmp_path)
    docker_archive_holds(tmp_path / "b.tar", several.of[OTHER], f"{app}:v1")
    move.push_raw(f"{app}:thing", move.index_of([(move.image(), None, {})]))
    failed(ecr(lab, "copy", f"{app}:thing", "docker-archive:c.tar", cwd=tmp_path), 6)
    failed(ecr(lab, "copy", "--all-platforms", f"{app}:v1", "docker-archive:c.tar", cwd=tmp_path), 2, "one platform")
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "b.tar"]


# ---- referrers

def signed():
    """An image, what refers to it, and what refers to that."""
    made = move.image(platform=NATIVE)
    first, sbom = move.signature(made), move.artifact("application/vnd.example.sbom", [b"sbom"], made)
    return made, [first, sbom, move.signature(first, b"of the signature")]


def put_signed(folder, kind, made, referrers):
    if kind in HOSTS:
        place = place_of(kind, "app")
        move.push_raw(place, made)
        for each in referrers:
            move.push_raw(place.rpartition(":")[0], each)
        for subject, below in ((made, referrers[:2]), (referrers[0], referrers[2:])) if kind == "tls" else ():
            tag, index = move.fallback(subject, *below)
            move.push_raw(place.rpartition(":")[0] + f":{tag}", index)
        return place
    files = dict(move.layout_files({"v1": made}))
    top = json.loads(files["index.json"])
    for each in referrers:
        more = dict(move.layout_files({None: each}))
        top["manifests"] += json.loads(more.pop("index.json"))["manifests"]
        files.update(more)
    files["index.json"] = json.dumps(top).encode()
    if kind == "oci-archive":
        (folder / "app.oci.tar").write_bytes(move.archive(list(files.items())))
    else:
        for path, data in files.items():
            os.makedirs((folder / "app" / path).parent, exist_ok=True)
            (folder / "app" / path).write_bytes(data)
    return place_of(kind, "app")


def referrers_there(lab, folder, kind, place, subject):
    """{digest: artifact type} of what a target says refers to a manifest."""
    if kind in HOSTS:
        host, name, _ = split(place)
        path = f"referrers/{subject.digest}" if kind == "ecr" else "manifests/" + subject.digest.replace(":", "-")
        text = lab._pusher(host, name).ask("GET", f"/v2/{name}/{path}", headers={"Accept": synth.OCI["index"]})[1]
        return {entry["digest"]: entry["artifactType"] for entry in json.loads(text)["manifests"]}
    root = folder / "other" if kind == "oci" else folder / "seen"
    found = {}
    for entry in json.loads((root / "index.json").read_text())["manifests"]:
        value = json.loads((root / "blobs" / "sha256" / entry["digest"][7:]).read_text())
        if value.get("subject", {}).get("digest") == subject.digest:
            found[entry["digest"]] = value["artifactType"]
    return found


@pytest.mark.parametrize("source, target", [("tls", "ecr"), ("ecr", "tls"), ("tls", "tls"), ("tls", "oci"), ("oci", "ecr"),
                                            ("ecr", "oci-archive"), ("oci-archive", "oci")])
def test_referrers(lab, app, tmp_path, source, target):
    """ECR keeps a list of them; the open registry has a tag instead that clients look after."""
    made, referrers = signed()
    place, to = put_signed(tmp_path, source, made, referrers), place_of(target, "other")
    moved(lab, "copy", "--referrers", place, to, digest=made.digest, cwd=tmp_path)
    if target in HOSTS:
        assert move.registry_fault(lab, to, made) is None
        for each in referrers:
            assert move.registry_fault(lab, to.rpartition(":")[0], each) is None
    else:
        folder = tmp_path / "other" if target == "oci" else unpacked(tmp_path / "other.oci.tar", tmp_path / "seen")
        assert move.layout_fault(folder) is None and move.layout_tags(folder)["v1"] == made.digest
    for subject, below in ((made, referrers[:2]), (referrers[0], referrers[2:])):
        assert referrers_there(lab, tmp_path, target, to, subject) == {
            each.digest: json.loads(each.manifest)["artifactType"] for each in below}


def test_without_referrers_they_stay(lab, app, tmp_path):
    made, referrers = signed()
    put_signed(tmp_path, "ecr", made, referrers)
    moved(lab, "pull", f"{ECR}/team/app:v1", "oci:other", digest=made.digest, cwd=tmp_path)
    layout_holds(tmp_path / "other", {"v1": made.digest}, made)
    assert not lab.requests(operation="ListReferrers")


def test_referrers_of_the_platforms_of_an_index(lab, app, tmp_path):
    made = move.index()
    note = move.signature(made.children[1], b"of the second")
    put_signed(tmp_path, "ecr", made, [note])
    moved(lab, "copy", "--referrers", f"{ECR}/team/app:v1", "oci:other", digest=made.digest, cwd=tmp_path)
    assert referrers_there(lab, tmp_path, "oci", "oci:other", made.children[1]) == {note.digest: move.SIGNATURE}


def test_a_referrer_is_entered_beside_others(lab, app, tmp_path):
    """What stands under the fallback tag already stays; a second run changes nothing."""
    made, (first, sbom, _) = signed()
    tag, index = move.fallback(made, sbom)
    move.push_raw(f"{TLS}/team/other:v1", made)
    move.push_raw(f"{TLS}/team/other", sbom)
    move.push_raw(f"{TLS}/team/other:{tag}", index)
    move.write_layout(tmp_path / "a", {"sig": first})
    for turn in range(2):
        moved(lab, "push", "oci:a:sig", f"{TLS}/team/other:sig", digest=first.digest, cwd=tmp_path)
        there = referrers_there(lab, tmp_path, "tls", f"{TLS}/team/other:v1", made)
        assert there == {sbom.digest: "application/vnd.example.sbom", first.digest: move.SIGNATURE}
        assert bool(lab.requests(method="PUT", path=f"/v2/team/other/manifests/{tag}")) == (turn == 0)


@pytest.mark.parametrize("target", ["docker-archive:x.tar", "docker:x:v1"])
def test_no_room_for_referrers(lab, target):
    failed(ecr(lab, "copy", "--referrers", f"{TLS}/team/app:v1", target), 2, "refers to an image")
    assert lab.requests() == []


# ---- names, tags, digests

@pytest.mark.parametrize("image, folder, tag", [
    ("team/app:v1", "app", "v1"), ("team/app", "app", "latest"), ("app:v1", "app", "v1"), ("a/b/c.d_e:v1", "c.d_e", "v1"),
    ("team/app@{digest}", "app", None), ("team/app:v1@{digest}", "app", "v1"), ("team/app:x@{digest}", "app", "x")])
def test_the_usual_place(lab, tmp_path, image, folder, tag):
    made = move.image(platform=NATIVE)
    name = image.partition("@")[0].partition(":")[0]
    for reference in ("v1", "latest"):
        move.push_raw(f"{TLS}/{name}:{reference}", made)
    moved(lab, "pull", f"{TLS}/{image.format(digest=made.digest)}", digest=made.digest, cwd=tmp_path)
    assert os.listdir(tmp_path) == [folder]
    layout_holds(tmp_path / folder, {tag: made.digest}, made)


@pytest.mark.parametrize("command", ["pull", "copy"])
@pytest.mark.parametrize("image, place, tag", [
    ("v1", "oci:x", "v1"), ("v1", "oci:x:v2", "v2"), ("@", "oci:x", None), ("@", "oci:x:v2", "v2"), ("v1", "oci-archive:x", "v1"),
    ("v1", "oci-archive:x:v2", "v2"), ("@", "oci-archive:x", None), ("v1", "oci:./x", "v1"), ("v1", "oci:../{here}/x:v2", "v2")])
def test_the_tag_in_a_layout(lab, app, tmp_path, command, image, place, tag):
    made = move.push_raw(f"{app}:v1", move.image(platform=NATIVE))
    source = f"{app}@{made.digest}" if image == "@" else f"{app}:{image}"
    moved(lab, command, source, place.format(here=tmp_path.name), digest=made.digest, cwd=tmp_path)
    folder = tmp_path / "x" if place.startswith("oci:") else unpacked(tmp_path / "x", tmp_path / "seen")
    layout_holds(folder, {tag: made.digest}, made)


def test_tags_beside_one_another(lab, app, tmp_path):
    """A layout keeps what it has; a tag moves."""
    one, two = (move.push_raw(f"{app}:{name}", move.image(platform=NATIVE, content=name)) for name in ("one", "two"))
    moved(lab, "pull", f"{app}:one", "oci:x:a", digest=one.digest, cwd=tmp_path)
    moved(lab, "pull", f"{app}:two", "oci:x:b", digest=two.digest, cwd=tmp_path)
    moved(lab, "pull", f"{app}:one", "oci:x:c", digest=one.digest, cwd=tmp_path)
    layout_holds(tmp_path / "x", {"a": one.digest, "b": two.digest, "c": one.digest}, one, two)
    moved(lab, "pull", f"{app}:two", "oci:x:a", digest=two.digest, cwd=tmp_path)
    layout_holds(tmp_path / "x", {"a": two.digest, "b": two.digest, "c": one.digest}, one, two)
    failed(ecr(lab, "push", "oci:x", f"{app}:new", cwd=tmp_path), 2, "x: ", "3 images")  # which one?
    failed(ecr(lab, "push", "oci:x:d", f"{app}:new", cwd=tmp_path), 1, "x: ", "d")
    moved(lab, "push", "oci:x:c", f"{app}:new", digest=one.digest, cwd=tmp_path)
    assert move.registry_fault(lab, f"{app}:new", one) is None


def test_a_folder_with_a_colon(lab, app, tmp_path):
    """What is there under the whole name is meant."""
    made = move.image()
    move.write_layout(tmp_path / "x:v1", made)
    moved(lab, "push", "oci:x:v1", f"{app}:v1", digest=made.digest, cwd=tmp_path)


def test_digests_as_references(lab, app, tmp_path):
    made = move.push_raw(f"{app}:v1", move.index())
    for host in (ECR, TLS):
        moved(lab, "copy", f"{app}@{made.digest}", f"{host}/team/other@{made.digest}", digest=made.digest)
        assert move.registry_fault(lab, f"{host}/team/other", made) is None
        assert not [r for r in lab.requests(method="PUT") if "/manifests/" in r["path"] and "sha256:" not in r["path"]]
    failed(ecr(lab, "copy", f"{app}:v1", f"{ECR}/team/other@{ZEROS}"), 2, made.digest)
    assert not copies(lab)
    failed(ecr(lab, "pull", f"{app}@{ZEROS}", cwd=tmp_path), 1, ZEROS)
    assert os.listdir(tmp_path) == []


def test_several_tags_in_one_push(lab, app, tmp_path):
    """The blobs and the children go up once, the manifest once a tag, and after all else."""
    made = move.index()
    move.write_layout(tmp_path / "a", {"v1": made})
    names = ["v1", "v2", "latest"]
    moved(lab, "push", "oci:a", *(f"{app}:{name}" for name in names), digest=made.digest, cwd=tmp_path)
    puts = [r["path"].rpartition("/")[2] for r in lab.requests(operation="PutManifest")]
    assert sorted(puts[:-3]) == sorted(child.digest for child in made.children) and puts[-3:] == names
    ends = [r for r in lab.requests(operation="PutUpload")]
    assert len(ends) == len(move.blobs_of(made))
    assert max(r["time"] for r in ends) <= lab.requests(operation="PutManifest")[0]["time"]
    for name in names:
        assert move.registry_fault(lab, f"{app}:{name}", made) is None


def test_several_repositories_in_one_push(lab, app, tmp_path):
    made = move.image()
    move.write_layout(tmp_path / "a", {"v1": made})
    images = [f"{app}:v1", f"{ECR}/team/app:v1", f"{app}:v2", f"{PLAIN}/x:v1"]
    result = ecr(lab, "push", "oci:a", *images, cwd=tmp_path)
    assert (result.code, result.stdout) == (0, f"{made.digest}\n"), result
    assert all(move.registry_fault(lab, image, made) is None for image in images)
    assert len([r for r in lab.requests(operation="PutUpload") if r["service"] == "tls"]) == 2
    archive = move.archive(move.layout_files({"v1": made}))
    failed(ecr(lab, "push", "oci-archive:-", *images, stdin=archive), 2, "read once")
    moved(lab, "push", "oci-archive:-", f"{app}:v3", f"{app}:v4", digest=made.digest, stdin=archive)


# ---- what is there already

@pytest.mark.parametrize("target", ["tls", "plain", "ecr", "oci"])
def test_a_second_run_sends_no_blobs(lab, app, tmp_path, target):
    made, to = move.index(attested=True), place_of(target, "other")
    move.write_layout(tmp_path / "app", {"v1": made})
    moved(lab, "copy", "oci:app:v1", to, digest=made.digest, cwd=tmp_path)
    result = ecr(lab, "copy", "--json", "oci:app:v1", to, cwd=tmp_path)
    assert result.code == 0 and {e["status"] for e in result.json if e["event"] == "blob"} == {"exists"}, result
    assert result.json[-1]["copiedBytes"] == 0 and not copies(lab) and not lab.requests(operation="StartUpload")
    assert counts(result.stderr) == (0, 8, 0)


def test_what_is_shared_is_sent_once(lab, app, tmp_path):
    """Two images with a layer in common; the second brings what is its own."""
    shared = move.layer(500, seed="shared")
    for name in ("one", "two"):
        move.write_layout(tmp_path / name, {"v1": move.image([shared, 100], content=name)})
    for name, statuses in (("one", ["copied"] * 3), ("two", ["copied", "copied", "exists"])):
        result = ecr(lab, "push", "--json", f"oci:{name}:v1", f"{app}:{name}", cwd=tmp_path)
        assert sorted(e["status"] for e in result.json if e["event"] == "blob") == statuses, result


@pytest.mark.parametrize("host", ["registry.lab.test", "bearer.lab.test"])
def test_copying_within_a_registry_mounts(lab, tmp_path, host):
    """No byte of a layer moves; a token is for both repositories."""
    made = move.push_raw(f"{host}/team/app:v1", move.index())
    lab.docker_login(tmp_path, host, "user", "password")
    result = ecr(lab, "copy", "--json", f"{host}/team/app:v1", f"{host}/new/app:v2", home=tmp_path)
    assert result.code == 0 and {e["status"] for e in result.json if e["event"] == "blob"} == {"mounted"}, result
    assert result.json[-1]["copiedBytes"] == 0 and not copies(lab)
    assert move.registry_fault(lab, f"{host}/new/app:v2", made) is None


def test_another_tag_of_one_repository(lab, app):
    """There is nothing to mount."""
    made = move.push_raw(f"{app}:v1", move.image())
    result = moved(lab, "copy", f"{app}:v1", f"{app}:v2", digest=made.digest)
    assert counts(result.stderr) == (0, 2, 0) and not lab.requests(operation="StartUpload")


@pytest.mark.parametrize("refusal", [{"name": "refuse", "code": "UNSUPPORTED", "status": 405}, {"name": "deny"}])
def test_where_mounting_is_refused_it_is_uploaded(lab, app, refusal):
    made = move.push_raw(f"{app}:v1", move.image(()))
    lab.fault(refusal["name"], service="tls", operation="StartUpload", count=1, **{k: v for k, v in refusal.items() if k != "name"})
    result = lab.ecr("copy", "--json", f"{app}:v1", f"{TLS}/new/app:v1", env=ENV)
    assert result.code == 0 and {e["status"] for e in result.json if e["event"] == "blob"} == {"copied"}, result
    assert move.registry_fault(lab, f"{TLS}/new/app:v1", made) is None


# ---- events, bars, lines

DIGEST = re.compile("sha256:[0-9a-f]{64}")
MEMBERS = {"start": {"event", "from", "to", "digest", "mediaType", "manifests", "blobs", "sizeBytes"},
           "blob": {"event", "digest", "sizeBytes", "status"}, "progress": {"event", "doneBytes", "totalBytes"},
           "manifest": {"event", "digest", "mediaType", "tag"}, "done": {"event", "digest", "mediaType", "copiedBytes"}}


@pytest.mark.parametrize("target", ["plain", "oci", "oci-archive"])
def test_events(lab, app, tmp_path, target):
    made, to = move.push_raw(f"{app}:v1", move.index(attested=True)), place_of(target, "new", "v2")
    result = ecr(lab, "copy", "--json", f"{app}:v1", to, cwd=tmp_path)
    assert result.code == 0 and all(event["event"] in MEMBERS and set(event) <= MEMBERS[event["event"]] for event in result.json)
    of = {name: [event for event in result.json if event["event"] == name] for name in MEMBERS}
    blobs, size = move.blobs_of(made), sum(map(len, move.blobs_of(made).values()))
    assert of["start"] == [{"event": "start", "from": f"{app}:v1", "to": to, "digest": made.digest, "mediaType": made.media_type,
                            "manifests": 5, "blobs": 8, "sizeBytes": size}]
    assert result.json[0]["event"] == "start" and result.json[-1] == of["done"][0] == {
        "event": "done", "digest": made.digest, "mediaType": made.media_type, "copiedBytes": size}
    assert sorted((e["digest"], e["sizeBytes"]) for e in of["blob"]) == sorted((d, len(data)) for d, data in blobs.items())
    assert {e["status"] for e in of["blob"]} == {"copied"}
    told = [(e["digest"], e["mediaType"], e.get("tag")) for e in of["manifest"]]
    assert sorted(told[:-1]) == sorted((c.digest, c.media_type, None) for c in made.children)
    assert told[-1] == (made.digest, made.media_type, "v2")


@pytest.mark.parametrize("arguments, code, reason", [
    (["copy", f"{TLS}/team/none:v1", "oci:x"], 1, "no-image"), (["pull", f"{TLS}/team/app:none"], 1, "no-image"),
    (["copy", "oci:none", f"{TLS}/team/app:v1"], 2, "usage"), (["pull", f"{ECR}/none:v1"], 1, "no-repository")])
def test_an_error_is_an_object(lab, app, tmp_path, arguments, code, reason):
    move.push_raw(f"{app}:v1", move.image())
    result = ecr(lab, arguments[0], "--json", *arguments[1:], cwd=tmp_path)
    error, = result.json
    assert result.code == code and error["error"]["reason"] == reason
    assert set(error["error"]) <= {"reason", "subject", "cause", "hint"}
    assert os.listdir(tmp_path) == []


def test_quiet(lab, app, tmp_path):
    made = move.push_raw(f"{app}:v1", move.image(platform=NATIVE))
    result = ecr(lab, "pull", "--quiet", f"{app}:v1", cwd=tmp_path)
    assert (result.code, result.stdout, result.stderr) == (0, f"{made.digest}\n", "")
    result = ecr(lab, "pull", "-q", "--json", f"{app}:v1", cwd=tmp_path)
    assert result.code == 0 and result.stderr == "" and result.json[-1]["event"] == "done"


def test_lines_in_a_log(lab, app, tmp_path):
    """Every five seconds one on stderr, every three an event; without escapes, each a line."""
    made = move.push_raw(f"{app}:v1", move.image((600000,), platform=NATIVE))
    lab.fault("slow", service="tls", method="GET", path="blobs/", rate=100000)
    result = ecr(lab, "pull", "--json", f"{app}:v1", cwd=tmp_path)
    progress = [event for event in result.json if event["event"] == "progress"]
    total = sum(map(len, made.blobs))
    assert result.code == 0 and len(progress) in (1, 2), result
    assert all(0 < event["doneBytes"] <= event["totalBytes"] == total for event in progress)
    line, last = result.stderr.splitlines()
    assert re.fullmatch(r"\d+ kB of 600 kB \(\d+ %\)  \d+ kB/s(, \d s left)?", line), result
    assert re.fullmatch(r"2 blobs copied, 600 kB \(\d+ kB/s\)", last), result


def screen(text):
    """The lines that a terminal shows in the end, of text with what the bars use."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if piece == "\x1b[A":
            row -= 1
            assert row >= 0
        elif piece == "\x1b[K" or re.fullmatch(r"\x1b\[\d*m", piece):
            lines[row] = "" if piece == "\x1b[K" else lines[row]
        elif piece == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif piece != "\r":
            assert not piece.startswith("\x1b"), piece
            lines[row] += piece
    return lines


def on_terminal(lab, folder, columns, rows, *arguments, env=None):
    """(exit status, stdout, all that came to a terminal as stderr)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen([BINARY, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs,
                               env={"SSL_CERT_FILE": lab.ca, "TERM": "xterm", **ENV, **lab.key_environment("full"), **(env or {})})
    os.close(theirs)
    said = b""
    try:
        while select.select([ours], [], [], 20)[0]:
            said += os.read(ours, 65536)
    except OSError:  # its end
        pass
    finally:
        os.close(ours)
        out = process.communicate(timeout=20)[0].decode()
    return process.returncode, out, said.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns, rows", [(100, 24), (40, 24), (100, 4)])
def test_bars_on_a_terminal(lab, app, tmp_path, columns, rows):
    """One a layer and one for all, drawn over and over, and away in the end."""
    made = move.push_raw(f"{app}:v1", move.image((60000, 50000, 40000), platform=NATIVE))
    lab.fault("slow", service="tls", method="GET", path="blobs/", rate=60000)
    code, out, text = on_terminal(lab, tmp_path, columns, rows, "pull", f"{app}:v1")
    assert (code, out) == (0, f"{made.digest}\n")
    bars = [line for line in re.split(r"\x1b\[A|\x1b\[K|\r|\n", text) if "  [" in line]
    shown = {line.partition("  [")[0] for line in bars}
    wanted = {part.digest[7:19] for part in made.parts}
    assert "all" in shown and (shown - {"all"} >= wanted if rows > 4 else len(shown) > 1), text
    assert max(map(len, bars)) <= columns
    assert columns < 100 or any(re.search(r"\[=+> +\]  \d+ kB of 15\d kB  \d+ kB/s", bar) for bar in bars)
    last = [line for line in screen(text) if line]
    assert sorted(line.split()[0] for line in last[:-1]) == sorted(d[7:19] for d in move.blobs_of(made)), last
    assert re.match("4 blobs copied, 15. kB", last[-1]), last


def test_no_bars_when_quiet(lab, app, tmp_path):
    move.push_raw(f"{app}:v1", move.image((60000,), platform=NATIVE))
    lab.fault("slow", service="tls", method="GET", path="blobs/", rate=200000)
    assert on_terminal(lab, tmp_path, 80, 24, "pull", "-q", f"{app}:v1")[2] == ""


# ---- what is refused before anything is asked

@pytest.mark.parametrize("arguments, parts", [
    (["pull"], ["usage: ecr pull"]), (["pull", "a", "oci:b", "oci:c"], ["usage: ecr pull"]),
    (["push", "oci:a"], ["usage: ecr push"]),
    (["copy", "oci:a"], ["usage: ecr copy"]), (["pull", "oci:a", "oci:b"], ["registry", "ecr copy"]),
    (["pull", f"{TLS}/a:v1", f"{TLS}/b:v1"], ["ecr copy"]), (["push", f"{TLS}/a:v1", f"{TLS}/b:v1"], ["ecr copy"]),
    (["push", "oci:a", "oci:b"], ["ecr copy"]), (["copy", f"{TLS}/a:v1", "oci:"], ["missing"]),
    (["copy", f"{TLS}/a:v1", "oci:x:.y"], ["a tag has"]), (["copy", "--platform", "x", f"{TLS}/a:v1", "oci:x"],
                                                           ["OS/ARCHITECTURE"]),
    (["copy", "--platform", NATIVE, "--all-platforms", f"{TLS}/a:v1", "oci:x"], ["--platform"]),
    (["pull", "--create-repo", f"{TLS}/a:v1"], ["--create-repo"]), (["push", "oci:a", f"{TLS}/A:v1"], ["lower-case"]),
    (["copy", "--json", f"{TLS}/a:v1", "oci-archive:-"], ["--json", "standard output"]),
    (["pull", "--json", f"{TLS}/a:v1", "docker-archive:-"], ["--json"])])
def test_bad_usage(lab, arguments, parts):
    result = ecr(lab, *arguments, key=None)
    text = result.stderr if "--json" not in arguments else result.stdout + result.stderr
    assert result.code == 2 and all(part in text for part in parts), result
    assert lab.requests() == []


@pytest.mark.parametrize("place, there, parts", [
    ("oci:none", None, ["none"]), ("oci:file", b"text", ["file"]), ("oci-archive:none.tar", None, ["none.tar"]),
    ("oci-archive:a.tar", b"text" * 999, ["a.tar"]), ("docker-archive:none.tar", None, ["none.tar"]),
    ("docker-archive:a.tar", b"", ["a.tar"]), ("oci-archive:d.tar", move.archive([("manifest.json", b"[]")]),
                                               ["d.tar", "docker-archive:"]),
    ("docker-archive:o.tar", move.archive(move.layout_files({"v1": move.image()})), ["o.tar"])])
def test_no_such_source(lab, app, tmp_path, place, there, parts):
    """The line names the file, and nothing was sent."""
    if there is not None:
        (tmp_path / place.partition(":")[2]).write_bytes(there)
    failed(ecr(lab, "push", place, f"{app}:v1", cwd=tmp_path), 2, *parts)
    assert not copies(lab)


def test_a_folder_that_is_something_else(lab, app, tmp_path):
    """What has an index.json of another kind stays as it is."""
    move.push_raw(f"{app}:v1", move.image(platform=NATIVE))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.json").write_text("{}")
    failed(ecr(lab, "pull", f"{app}:v1", cwd=tmp_path), 2, "app")
    assert os.listdir(tmp_path / "app") == ["index.json"] and (tmp_path / "app" / "index.json").read_text() == "{}"
