"""Images of every kind for pull, push and copy; the layouts and archives that hold them, sound and hostile; and judges."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

from lab import Lab, synth
from lab.client import split

EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": synth.digest_of(b"{}")}
TYPES = {"oci": synth.OCI, "docker": synth.DOCKER}
LAYERS = {"oci": {"none": "application/vnd.oci.image.layer.v1.tar", "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
                  "zstd": "application/vnd.oci.image.layer.v1.tar+zstd"},
          "docker": {"none": "application/vnd.docker.image.rootfs.diff.tar",
                     "gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                     "zstd": "application/vnd.docker.image.rootfs.diff.tar.zstd"}}
REF_NAME = "org.opencontainers.image.ref.name"
SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"


# ---- layers

class Layer:
    """`data` as it is stored, `plain` without its compression."""

    def __init__(self, plain, how="gzip", data=None, media_type=None):
        self.plain, self.how, self.media_type = plain, how, media_type
        self.data = compressed(plain, how) if data is None else data
        self.digest, self.diff = synth.digest_of(self.data), synth.digest_of(plain)


def compressed(data, how):
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout
    return gzip.compress(data, 1, mtime=0) if how == "gzip" else data


def noise(size, seed=""):
    """Bytes that no compression makes fewer; the same for the same seed."""
    return hashlib.shake_256(str(seed).encode()).digest(size)


def layer(size=100, how="gzip", seed="", media_type=None):
    """A tar of one file with so many bytes, as it is (none), by gzip or by zstd."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        entry = tarfile.TarInfo(f"file-{synth.digest_of(str(seed).encode())[7:15]}")
        entry.size, entry.mode = size, 0o644
        tar.addfile(entry, io.BytesIO(noise(size, seed)))
    return Layer(raw.getvalue(), how, media_type=media_type)


def raw_layer(data, how="gzip", media_type=None):
    """A layer of exactly these bytes (one, or none), which need be no archive."""
    return Layer(data, how, data, media_type)


# ---- manifests

def manifest_of(value, blobs=(), children=(), indent=3):
    return synth.Image(json.dumps(value, indent=indent).encode(), value["mediaType"], blobs, children)


def descriptor(data, media_type, **more):
    return {"mediaType": media_type, "size": len(data), "digest": synth.digest_of(data), **more}


def image(layers=(100,), kind="oci", platform="linux/amd64", content="move", **members):
    """An image; each layer a Layer, a size, or (size, how). `members` go into the manifest.

    Besides what a synth.Image has: `.parts`, the Layers, and `.config`, its bytes."""
    parts = []
    for number, wanted in enumerate(layers):
        size, how = wanted if isinstance(wanted, tuple) else (wanted, "gzip")
        parts.append(wanted if isinstance(wanted, Layer) else layer(size, how, f"{content} {platform} {number}"))
    config = json.dumps({**synth.platform_of(platform), "created": "2026-01-01T00:00:00Z",
                         "config": {"Cmd": ["/file"], "Labels": {"content": content}},
                         "rootfs": {"type": "layers", "diff_ids": [part.diff for part in parts]},
                         "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "lab"}] * len(parts)}).encode()
    made = manifest_of({"schemaVersion": 2, "mediaType": TYPES[kind]["manifest"],
                        "config": descriptor(config, TYPES[kind]["config"]),
                        "layers": [descriptor(part.data, part.media_type or LAYERS[kind][part.how]) for part in parts], **members},
                       [config, *(part.data for part in parts)])
    made.parts, made.config = parts, config
    return made


def index_of(children, kind="oci", **members):
    """An index of (manifest, platform text or None, further members of its entry)."""
    entries = [{**child.descriptor(), **({"platform": synth.platform_of(platform)} if platform else {}), **more}
               for child, platform, more in children]
    return manifest_of({"schemaVersion": 2, "mediaType": TYPES[kind]["index"], "manifests": entries, **members},
                       children=[child for child, _, _ in children])


def index(platforms=("linux/amd64", "linux/arm64"), kind="oci", attested=False, content="move", layers=(100,)):
    """One image a platform; `attested` adds to each what a build with provenance does. `.of` is {platform: image}."""
    images = {platform: image(layers, kind, platform, content) for platform in platforms}
    children = [(made, platform, {}) for platform, made in images.items()]
    for platform, made in images.items() if attested else ():
        statement = raw_layer(json.dumps({"subject": made.digest}).encode(), media_type="application/vnd.in-toto+json")
        note = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": made.digest}
        children.append((image([statement], kind, "unknown/unknown", f"{content} provenance of {platform}"), "unknown/unknown",
                         {"annotations": note}))
    made = index_of(children, kind)
    made.of = images
    return made


def artifact(kind="application/vnd.example.thing", files=(b"a thing\n",), subject=None, **members):
    """What is no image: an empty config, a type of its own, files as they are; with `subject` a referrer of that manifest."""
    layers = [descriptor(data, "application/octet-stream") for data in files] or [EMPTY]
    value = {"schemaVersion": 2, "mediaType": synth.OCI["manifest"], "artifactType": kind, "config": EMPTY, "layers": layers}
    return manifest_of({**value, **({"subject": subject.descriptor()} if subject else {}), **members}, [b"{}", *files])


def signature(subject, text=b"a signature\n"):
    return artifact(SIGNATURE, [text], subject)


def fallback(subject, *referrers):
    """(tag, index) by which a registry without the referrers API tells of them."""
    children = [(each, None, {"artifactType": json.loads(each.manifest).get("artifactType")}) for each in referrers]
    return subject.digest.replace(":", "-"), index_of(children)


def manifests_of(top):
    """A manifest and all below it, the top first."""
    return [top] + [one for child in top.children for one in manifests_of(child)]


def blobs_of(top):
    """{digest: bytes} of all blobs of a manifest and of those below it."""
    return {synth.digest_of(data): data for one in manifests_of(top) for data in one.blobs}


# ---- layouts and archives

def layout_files(tagged):
    """[(path, bytes)] of an OCI layout that holds {tag or None: manifest}."""
    files, entries = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}, []
    for tag, top in tagged.items():
        entries.append({**top.descriptor(), **({"annotations": {REF_NAME: tag}} if tag else {})})
        for data in [one.manifest for one in manifests_of(top)] + list(blobs_of(top).values()):
            files[f"blobs/sha256/{synth.digest_of(data)[7:]}"] = data
    files["index.json"] = json.dumps({"schemaVersion": 2, "mediaType": synth.OCI["index"], "manifests": entries}).encode()
    return list(files.items())


def write_layout(folder, tagged):
    """An OCI layout; `tagged` is {tag or None: manifest}, or one manifest, without a tag."""
    for path, data in layout_files(tagged if isinstance(tagged, dict) else {None: tagged}):
        place = os.path.join(str(folder), path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as f:
            f.write(data)
    return str(folder)


class Tape:
    """A tar archive written by hand, so that anything in it can be wrong."""

    def __init__(self):
        self.data = b""

    def add(self, name, data=b"", kind=b"0", link="", size=None, checksum=None, field=None):
        """An entry; `size` is what it says, or `field` its 12 bytes."""
        head = bytearray(512)
        field = b"%011o\0" % (len(data) if size is None else size) if field is None else field
        for at, value in ((0, name.encode()[:100]), (100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0"), (124, field),
                          (136, b"00000000000\0"), (148, b" " * 8), (156, kind), (157, link.encode()[:100]), (257, b"ustar\00000")):
            head[at:at + len(value)] = value
        head[148:156] = b"%06o\0 " % (sum(head) if checksum is None else checksum)
        self.data += bytes(head) + data + b"\0" * (-len(data) % 512)
        return self

    def pax(self, text, kind=b"x", **records):
        """A PAX header: of {name: value}, or of any bytes."""
        for name, value in records.items():
            body = f" {name}={value}\n".encode()
            size = len(body) + 1
            while len(str(size)) + len(body) != size:
                size = len(str(size)) + len(body)
            text += str(size).encode() + body
        return self.add("PaxHeaders/x", text, kind)

    def end(self):
        return self.data + b"\0" * 1024


def archive(files):
    """A tar of [(path, bytes)]."""
    tape = Tape()
    for path, data in files:
        tape.add(path, data)
    return tape.end()


def docker_files(images, form="modern"):
    """[(path, bytes)] of `docker save` of {name:tag or None: image}: modern (a layout as well) or legacy (before Docker 25)."""
    files, told, names = {}, [], {}
    for ref, made in images.items():
        config, layers = synth.digest_of(made.config)[7:], []
        for number, part in enumerate(made.parts):
            own = hashlib.sha256(f"{config} {number}".encode()).hexdigest()
            layers.append(f"blobs/sha256/{part.diff[7:]}" if form == "modern" else f"{own}/layer.tar")
            if form == "legacy":
                files[f"{own}/VERSION"], files[f"{own}/json"] = b"1.0", json.dumps({"id": own}).encode()
            files[layers[-1]] = part.plain
        place = f"blobs/sha256/{config}" if form == "modern" else f"{config}.json"
        files[place] = made.config
        told.append({"Config": place, "RepoTags": [ref] if ref else None, "Layers": layers})
        if ref:
            names.setdefault(ref.rpartition(":")[0], {})[ref.rpartition(":")[2]] = config
    if form == "modern":
        # The layout beside it names the plain layers, as the daemon does.
        bare = {ref: plain(made) for ref, made in images.items()}
        files = {**dict(layout_files(bare)), **files}
    return [*files.items(), ("manifest.json", json.dumps(told).encode()), ("repositories", json.dumps(names).encode())]


def plain(made):
    """The same image, its layers without compression: what an archive of Docker's makes of it."""
    shown = json.loads(made.config)
    return image([Layer(part.plain, "none") for part in made.parts], "oci", f"{shown['os']}/{shown['architecture']}",
                 shown["config"]["Labels"]["content"])


def write_docker_archive(path, images, form="modern"):
    """`images` is {name:tag or None: image}, or one image."""
    with open(path, "wb") as f:
        f.write(archive(docker_files(images if isinstance(images, dict) else {None: images}, form)))
    return str(path)


def write_oci_archive(path, tagged):
    with open(path, "wb") as f:
        f.write(archive(layout_files(tagged if isinstance(tagged, dict) else {None: tagged})))
    return str(path)


# ---- archives that are odd, or mean harm

def archive_files(made, form):
    """[(path, bytes)] of an archive of one image, and of it the paths of its first layer and of what leads to all else."""
    if form != "oci":
        files = docker_files({"app:v1": made}, form)
        return files, json.loads(dict(files)["manifest.json"])[0]["Layers"][0], "manifest.json"
    return layout_files({"v1": made}), f"blobs/sha256/{made.parts[0].digest[7:]}", "index.json"


def rebuilt(files, path, change):
    """The archive, with `change(tape, path, data)` in place of one entry."""
    tape = Tape()
    for name, data in files:
        if name == path:
            change(tape, name, data)
        else:
            tape.add(name, data)
    return tape.end()


def odd(made, form):
    """{what is odd: archive} of archives that are sound all the same: each holds the image, and writes nothing elsewhere.

    `form`, here and below: oci, or modern or legacy of Docker's."""
    files, first, top = archive_files(made, form)
    strange = Tape().add("/etc/ecr-was-here", b"x").add("../../ecr-was-here", b"x").add("link", kind=b"2", link="/etc/passwd")
    strange.add("fifo", kind=b"6").add("device", kind=b"3").add("folder/", kind=b"5")
    found = {"other order": archive(reversed(files)), "dot slash": archive([(f"./{name}", data) for name, data in files]),
             "strange neighbours": strange.data + archive(files), "the same twice": archive([*files, *files]),
             "bytes after the end": archive(files) + noise(5000),
             "pax path": rebuilt(files, first, lambda t, name, data: t.pax(b"", path=name, mtime="1.5").add("x", data)),
             "pax size": rebuilt(files, first, lambda t, name, data: t.pax(b"", size=len(data)).add(name, data, size=0)),
             "gnu long name": rebuilt(files, first, lambda t, name, data: t.add("././@LongLink", name.encode() + b"\0", b"L")
                                      .add("x", data)),
             "size in binary": rebuilt(files, first, lambda t, name, data: t.add(name, data, field=b"\x80" +
                                                                                 len(data).to_bytes(11, "big"))),
             "pax for all": Tape().pax(b"", b"g", comment="x" * 300).data + archive(files),
             "old kind of file": rebuilt(files, first, lambda t, name, data: t.add(name, data, b"\0"))}
    if form != "oci":
        long = "d" * 150 + "/" + "f" * 149
        there = [(top, data.replace(first.encode(), long.encode())) if name == top else (name, data) for name, data in files]
        found["300 characters"] = rebuilt(there, first, lambda t, name, data: t.pax(b"", path=long).add("x", data))
        found["a layer is a link to another entry"] = rebuilt(
            files, first, lambda t, name, data: t.add("other/layer.tar", data).add(name, kind=b"2", link=os.path.relpath("other/layer.tar", os.path.dirname(name))))
        found["a layer is a hard link"] = rebuilt(
            files, first, lambda t, name, data: t.add("other/layer.tar", data).add(name, kind=b"1", link="other/layer.tar"))
    return found


def either(made, form):
    """{what is unclear: archive} of archives that may be refused; what is taken must be the right image."""
    files, first, top = archive_files(made, form)
    other = spoiled(dict(files)[first])
    return {"gzip of it all": gzip.compress(archive(files), 1, mtime=0),
            "another layer of that name after it": archive([*files, (first, other)]),
            "another layer of that name before it": archive([(first, other), *files]),
            f"another {top} after it": archive([*files, (top, b"[]")]),
            "no end": archive(files)[:-1024],
            "pax before nothing": archive(files)[:-1024] + Tape().pax(b"", path="x").end()}


def hostile(made, form):
    """{what is wrong: archive}, none of which holds the image whole and right."""
    files, first, top = archive_files(made, form)
    whole, content = archive(files), dict(files)
    instead = lambda change, path=first: rebuilt(files, path, change)
    without = lambda path: archive([(name, data) for name, data in files if name != path])
    said = lambda text: archive([(name, text if name == top else data) for name, data in files])
    header = lambda text=b"", **records: instead(lambda t, name, data: t.pax(text, **records).add(name, data))
    sparse = {"GNU.sparse.name": first, "GNU.sparse.realsize": 99999, "GNU.sparse.numblocks": 1, "GNU.sparse.map": "0,100"}
    found = {
        "nothing": b"", "zeros": b"\0" * 10240, "noise": noise(10240), "text": b"this is no archive\n" * 100,
        "gzip of nothing": gzip.compress(b"", mtime=0),
        "a layer is missing": without(first), f"{top} is missing": without(top),
        f"{top} is empty": said(b""), f"{top} is no JSON": said(content[top][:-5]), f"{top} is text": said(b'"text"'),
        f"{top} is deep": said(b"[" * 100000), f"{top} names nothing": said(b"[]" if form != "oci" else b'{"manifests":[]}'),
        f"{top} names what is not there": said(content[top].replace(top_name(made, form), b"0" * 64)),
        "a layer is a link outside": instead(lambda t, name, data: t.add(name, kind=b"2", link="/etc/passwd")),
        "a layer is a link upwards": instead(lambda t, name, data: t.add(name, kind=b"2", link="../../../../etc/passwd")),
        "a layer is a link to itself": instead(lambda t, name, data: t.add(name, kind=b"2", link=name.rpartition("/")[2])),
        "a layer is a hard link outside": instead(lambda t, name, data: t.add(name, kind=b"1", link="/etc/passwd")),
        "a layer is a folder": instead(lambda t, name, data: t.add(name, kind=b"5")),
        "a layer is a fifo": instead(lambda t, name, data: t.add(name, kind=b"6")),
        "a layer is a device": instead(lambda t, name, data: t.add(name, kind=b"3")),
        f"{top} is a link outside": instead(lambda t, name, data: t.add(name, kind=b"2", link="/etc/passwd"), top),
        "size too small": instead(lambda t, name, data: t.add(name, data, size=1)),
        "size too large": instead(lambda t, name, data: t.add(name, data, size=len(data) + 1000)),
        "size beyond the file": instead(lambda t, name, data: t.add(name, data, size=1 << 32)),
        "size without bound": instead(lambda t, name, data: t.add(name, data, field=b"\x80" + b"\xff" * 11)),
        "size below zero": instead(lambda t, name, data: t.add(name, data, field=b"\xff" * 12)),
        "size is text": instead(lambda t, name, data: t.add(name, data, field=b"many bytes\0\0")),
        "wrong checksum": instead(lambda t, name, data: t.add(name, data, checksum=1)),
        "pax without a length": header(b"path=x\n"), "pax of a length that is none": header(b"0x10 path=abc\n"),
        "pax beyond its header": header(b"9999 path=x\n"), "pax of length nothing": header(b"0 path=x\n"),
        "pax without an end": header(b"10 path=xyzzz"), "pax without a value": header(b"7 path\n"),
        "pax of a length without bound": header(b"9" * 30 + b" path=x\n"),
        "pax size is text": header(size="abc"), "pax size below zero": header(size=-5),
        "pax size beyond the file": header(size=1 << 40), "pax size without bound": header(size="9" * 31),
        "pax that is huge": instead(lambda t, name, data: t.add("PaxHeaders/x", b"", b"x", size=1 << 40).add(name, data)),
        "gnu long name that is huge": instead(lambda t, name, data: t.add("././@LongLink", b"", b"L", size=1 << 40)
                                              .add(name, data)),
        "sparse, gnu": instead(lambda t, name, data: t.add(name, data, b"S")),
        "sparse, pax 0.1": header(**sparse, **{"GNU.sparse.major": 0, "GNU.sparse.minor": 1}),
        "sparse, pax 1.0": header(**sparse, **{"GNU.sparse.major": 1, "GNU.sparse.minor": 0}),
        "another byte in a layer": instead(lambda t, name, data: t.add(name, spoiled(data))),
    }
    for keep in (1, 511, 512, 513, 1024, len(whole) // 3, len(whole) // 2, whole.index(content[first]) + 7,
                 whole.index(content[first]), whole.index(content[first]) + len(content[first]) - 1,
                 whole.index(content[top]) - 1, whole.index(content[top]) + 3):
        found[f"cut after {keep} of {len(whole)}"] = whole[:keep]
    if form != "oci":
        config = json.loads(content[top])[0]["Config"]
        found["the config is missing"] = without(config)
        found["the config is a folder"] = rebuilt(files, config, lambda t, name, data: t.add(name, kind=b"5"))
        found["the config is no JSON"] = archive([(n, d[:-3] if n == config else d) for n, d in files])
        found["a layer more in the config"] = archive([(n, more_layers(d) if n == config else d) for n, d in files])
        for path in ("/etc/passwd", "../../../../etc/passwd", f"x/../../{first}"):
            told = content[top].replace(first.encode(), path.encode())
            found[f"a layer is {path}"] = archive([(n, told if n == top else d) for n, d in files])
    else:
        blob = f"blobs/sha256/{made.digest[7:]}"
        found["oci-layout is missing"] = without("oci-layout")
        found["oci-layout is of another version"] = archive([(n, b'{"imageLayoutVersion":"9.0"}' if n == "oci-layout" else d)
                                                             for n, d in files])
        found["the manifest is missing"] = without(blob)
        found["another byte in the manifest"] = archive([(n, d.replace(b"schemaVersion", b"schemaversion") if n == blob else d)
                                                         for n, d in files])
        for digest in ("sha256:../../../../../etc/passwd", "sha256:" + "A" * 64, "sha256:", "md5:" + "0" * 32, "/etc/passwd"):
            found[f"a digest is {digest}"] = said(content[top].replace(made.digest.encode(), digest.encode()))
    return found


def top_name(made, form):
    return (synth.digest_of(made.config) if form != "oci" else made.digest)[7:].encode()


def spoiled(data):
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def more_layers(config):
    value = json.loads(config)
    value["rootfs"]["diff_ids"].append("sha256:" + "1" * 64)
    return json.dumps(value).encode()


# ---- registries

def push_raw(ref, made, *tags, lab=None):
    """Puts a manifest and all below it straight into a registry of the lab: HOST/NAME[:TAG], and further tags of NAME."""
    host, name, tag = split(ref)
    (lab or Lab())._pusher(host, name).push(name, made, *([tag] if tag else []), *tags)
    return made


def registry_fault(lab, ref, made):
    """What of an image HOST/NAME:TAG lacks, or has wrong, in a registry of the lab; None when all is there, byte for byte."""
    host, name, tag = split(ref)
    peer, accept = lab._pusher(host, name), {"Accept": ", ".join({one.media_type for one in manifests_of(made)})}
    for one, reference in [(made, tag or made.digest)] + [(one, one.digest) for one in manifests_of(made)]:
        answer, text = peer.ask("GET", f"/v2/{name}/manifests/{reference}", headers=accept, wanted=None)
        if (answer.status, text) != (200, one.manifest):
            return f"manifest {reference}: {answer.status}, {len(text)} bytes"
        if answer.getheader("Content-Type") != one.media_type:
            return f"manifest {reference}: {answer.getheader('Content-Type')}"
    for digest, data in blobs_of(made).items():
        answer, _ = peer.ask("HEAD", f"/v2/{name}/blobs/{digest}", wanted=None)
        if (answer.status, answer.getheader("Content-Length")) != (200, str(len(data))):
            return f"blob {digest}: {answer.status}, {answer.getheader('Content-Length')} bytes"
    return None


# ---- judges

def run(*command, ok=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    assert not ok or done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done


def skopeo_copy(source, target, *options, **rest):
    """Places as skopeo writes them: docker://REF, oci:DIR:TAG, docker-archive:FILE, ..."""
    return run("skopeo", "copy", "--quiet", "--preserve-digests", *options, source, target, **rest)


def skopeo_inspect(place, *options):
    """What skopeo finds there; the manifest itself with --raw."""
    return json.loads(run("skopeo", "inspect", *options, place).stdout)


def umoci_unpack(layout, tag, folder):
    """The root of the image's files. umoci knows OCI's media types alone, and no zstd."""
    run("umoci", "unpack", *([] if os.getuid() == 0 else ["--rootless"]), "--image", f"{layout}:{tag}", str(folder))
    return os.path.join(str(folder), "rootfs")


def layout_tags(folder):
    """{tag or None: digest} of a layout's index."""
    with open(os.path.join(str(folder), "index.json")) as f:
        return {(entry.get("annotations") or {}).get(REF_NAME): entry["digest"] for entry in json.load(f)["manifests"]}


def layout_fault(folder, killed=False):
    """What is not consistent in an OCI layout, or None. After a kill -9 temporary files may lie about, and there may be no index."""
    folder = str(folder)
    left = [name for _, folders, names in os.walk(folder) for name in folders + names if name.startswith(".")]
    if left and not killed:
        return f"left behind: {left}"
    for place, _, names in os.walk(os.path.join(folder, "blobs")):
        for name in names:
            with open(os.path.join(place, name), "rb") as f:
                if not name.startswith(".") and hashlib.file_digest(f, os.path.basename(place)).hexdigest() != name:
                    return f"{name} has other bytes"
    if killed and not os.path.exists(os.path.join(folder, "index.json")):
        return None
    try:
        with open(os.path.join(folder, "oci-layout")) as f:
            if json.load(f)["imageLayoutVersion"] != "1.0.0":
                return "oci-layout is of another version"
        with open(os.path.join(folder, "index.json")) as f:
            top = json.load(f)
        if top["schemaVersion"] != 2:
            return "index.json has no schemaVersion 2"
    except (OSError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    tags = [(entry.get("annotations") or {}).get(REF_NAME) for entry in top["manifests"]]
    twice = {tag for tag in tags if tag and tags.count(tag) > 1}
    return f"tags that are there twice: {twice}" if twice else missing(folder, top)


def missing(folder, value):
    """The first descriptor of a manifest or index whose bytes are not there."""
    for entry in [*value.get("manifests", []), *([value["config"]] if "config" in value else []), *value.get("layers", [])]:
        path = os.path.join(folder, "blobs", *entry["digest"].split(":"))
        if not os.path.exists(path):
            if entry.get("urls") and ("nondistributable" in entry["mediaType"] or "foreign" in entry["mediaType"]):
                continue
            return f"{entry['digest']} ({entry['mediaType']}) is missing"
        if os.path.getsize(path) != entry["size"]:
            return f"{entry['digest']} has {os.path.getsize(path)} bytes, not {entry['size']}"
        if ".manifest." in entry["mediaType"] or ".index." in entry["mediaType"]:
            with open(path, "rb") as f:
                below = missing(folder, json.load(f))
            if below:
                return below
    return None
