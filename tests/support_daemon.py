"""A Docker daemon that says what a test wants, on a unix socket."""

import json
import threading

from support_net import DIGEST, MEDIA_TYPE, HttpServer, reply

HOLD = 8.0  # seconds that a hanging answer lasts: longer than any --timeout of these tests


def ping(version="1.47", status=200, body=b"OK"):
    headers = [("Api-Version", version)] if version is not None else []
    return reply(body, status, [*headers, ("Ostype", "linux")], "text/plain")


def head_only(data):
    """What answers HEAD: the head of a reply."""
    return data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def message(text, status):
    return reply({"message": text}, status, content_type="application/json")


def distribution(digest=DIGEST, **more):
    """What /distribution/NAME/json says of an image that is there."""
    return reply({"Descriptor": {"mediaType": MEDIA_TYPE, "digest": digest, "size": 500},
                  "Platforms": [{"architecture": "amd64", "os": "linux"}], **more}, content_type="application/json")


def inspected(repository, digest=DIGEST, **more):
    """What /images/NAME/json says of one."""
    return reply({"Id": "sha256:" + "3" * 64, "RepoTags": [f"{repository}:v1"], "RepoDigests": [f"{repository}@{digest}"],
                  "Size": 1234, "Os": "linux", "Architecture": "amd64", **more}, content_type="application/json")


class Daemon:
    """`spoiled`: a function of (kind, genuine reply, request, peer) that gives what is sent instead; kinds: ping, image.

    Holds v1 of whatever repository it is asked about; says 404 of anything else."""

    def __init__(self, path, spoiled=None):
        self.spoiled, self.released = spoiled, threading.Event()
        self.server = HttpServer(self.answer, path=path)
        self.host = f"unix://{path}"

    def genuine(self, request):
        name = request.target.partition("/distribution/")[2] or request.target.partition("/images/")[2]
        name = name.removesuffix("/json")
        there = name.endswith(":v1") or name.endswith(DIGEST)
        repository = name.rpartition("@")[0] or name.rpartition(":")[0]
        if "/distribution/" in request.target:
            return distribution() if there else message("manifest unknown: manifest unknown", 404)
        return inspected(repository) if there else message(f"No such image: {name}", 404)

    def answer(self, request, peer):
        kind = "ping" if request.target.endswith("/_ping") else "image"
        data = ping() if kind == "ping" else self.genuine(request)
        if self.spoiled:
            data = self.spoiled(kind, data, request, peer, self)
        return head_only(data) if data and request.method == "HEAD" else data

    def hang(self):
        self.released.wait(HOLD)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.close()


def json_of(data):
    return json.loads(data.partition(b"\r\n\r\n")[2])
