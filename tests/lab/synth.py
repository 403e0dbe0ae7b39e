"""Small synthetic images, and how they are pushed: over the registry's own protocol."""

import base64
import gzip
import hashlib
import http.client
import io
import json
import socket
import ssl
import tarfile
import urllib.parse

OCI = {"manifest": "application/vnd.oci.image.manifest.v1+json", "index": "application/vnd.oci.image.index.v1+json",
       "config": "application/vnd.oci.image.config.v1+json", "layer": "application/vnd.oci.image.layer.v1.tar+gzip"}
DOCKER = {"manifest": "application/vnd.docker.distribution.manifest.v2+json",
          "index": "application/vnd.docker.distribution.manifest.list.v2+json",
          "config": "application/vnd.docker.container.image.v1+json",
          "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip"}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files):
    """(gzip-ed tar, digest of the tar) of {path: bytes}; the same files give the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0), digest_of(raw.getvalue())


def platform_of(text):
    parts = text.split("/")
    return {"os": parts[0], "architecture": parts[1], **({"variant": parts[2]} if len(parts) > 2 else {})}


class Image:
    """A manifest and everything below it."""

    def __init__(self, manifest, media_type, blobs=(), children=()):
        self.manifest, self.media_type, self.blobs, self.children = manifest, media_type, list(blobs), list(children)
        self.digest = digest_of(manifest)

    @property
    def layers(self):
        return [entry["digest"] for entry in json.loads(self.manifest).get("layers", [])]

    def descriptor(self):
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest)}


def image(platform="linux/amd64", types=OCI, layers=1, content="lab", size=0, **members):
    """One image; `size` adds so many incompressible bytes to the first layer, `members` go into the manifest."""
    blobs, descriptors, diffs = [], [], []
    for number in range(layers):
        files = {f"file{number}": f"{content} {platform} {number}\n".encode()}
        if size and number == 0:
            seed = hashlib.shake_256(f"{content} {platform}".encode())
            files["filler"] = seed.digest(size)
        data, diff = layer(files)
        blobs.append(data)
        diffs.append(diff)
        descriptors.append({"mediaType": types["layer"], "size": len(data), "digest": digest_of(data)})
    config = json.dumps({**platform_of(platform), "created": "2026-01-01T00:00:00Z",
                         "config": {"Cmd": ["/file0"], "Labels": {"content": content}},
                         "rootfs": {"type": "layers", "diff_ids": diffs},
                         "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "lab"}] * layers}).encode()
    manifest = {"schemaVersion": 2, "mediaType": types["manifest"],
                "config": {"mediaType": types["config"], "size": len(config), "digest": digest_of(config)},
                "layers": descriptors, **members}
    return Image(json.dumps(manifest, indent=3).encode(), types["manifest"], [config, *blobs])


def index(platforms, types=OCI, **options):
    """An image index with one image for each platform."""
    children = [image(platform, types, **options) for platform in platforms]
    entries = [{**child.descriptor(), "platform": platform_of(platform)} for child, platform in zip(children, platforms)]
    manifest = {"schemaVersion": 2, "mediaType": types["index"], "manifests": entries}
    return Image(json.dumps(manifest, indent=3).encode(), types["index"], (), children)


class Pusher:
    """Pushes over one connection."""

    def __init__(self, host, authorization, ca_file, secure=True):
        self.host, self.authorization = host, authorization
        name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
        if secure:
            context = ssl.create_default_context(cafile=ca_file)
            context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python does by itself from 3.13 on
            self.connection = http.client.HTTPSConnection(name, int(port or 443), context=context, timeout=60)
        else:
            self.connection = http.client.HTTPConnection(name, int(port or 80), timeout=60)

    def ask(self, method, target, body=None, headers=None, wanted=(200, 201, 202)):
        if "://" in target:
            parts = urllib.parse.urlsplit(target)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = dict(headers or {})
        if self.authorization:
            headers["Authorization"] = self.authorization
        if self.connection.sock is None:
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.request(method, target, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if wanted and answer.status not in wanted:
            raise RuntimeError(f"{method} https://{self.host}{target}: {answer.status} {text[:500]!r}")
        return answer, text

    def blob(self, name, data):
        digest = digest_of(data)
        answer, _ = self.ask("HEAD", f"/v2/{name}/blobs/{digest}", wanted=None)
        if answer.status == 200:
            return
        answer, _ = self.ask("POST", f"/v2/{name}/blobs/uploads/", b"")
        place = answer.getheader("Location")
        joint = "&" if "?" in place else "?"
        self.ask("PUT", f"{place}{joint}digest={urllib.parse.quote(digest)}", data,
                 {"Content-Type": "application/octet-stream"})

    def push(self, name, image, *references):
        """The image below its digest, and each of the tags."""
        for child in image.children:
            self.push(name, child)
        for data in image.blobs:
            self.blob(name, data)
        for reference in references or (image.digest,):
            self.ask("PUT", f"/v2/{name}/manifests/{reference}", image.manifest, {"Content-Type": image.media_type})


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
