"""Speaks to the distribution registry that stores the bytes behind all registry fronts."""

import contextlib
import http.client
import threading

from . import message as http_message
from . import network

_local = threading.local()
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "content-length", "x-content-type-options"}


def _connection():
    if getattr(_local, "connection", None) is None:
        _local.connection = http.client.HTTPConnection("127.0.0.1", network.DISTRIBUTION_PORT, timeout=60)
    return _local.connection


def pour(target, body):
    """A PATCH with a body (message.Body) that is passed on while it comes in; in chunks, as it may end early."""
    connection = http.client.HTTPConnection("127.0.0.1", network.DISTRIBUTION_PORT, timeout=120, blocksize=http_message.PIECE)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may refuse before it has read all
            connection.request("PATCH", target, body, {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP]
        return http_message.Response(answer.status, kept, answer.read())
    finally:
        connection.close()


def ask(method, target, headers=None, body=b""):
    """The answer of the registry, with a body that is read while it is passed on."""
    for last in (False, True):
        connection = _connection()
        try:
            connection.request(method, target, body or None, headers or {})
            answer = connection.getresponse()
            break
        except (http.client.HTTPException, OSError):
            _local.connection = None  # the registry had closed an idle connection
            if last:
                raise
    kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP]
    length = answer.getheader("Content-Length")
    if method == "HEAD" or answer.status in (204, 304):
        answer.read()
        return http_message.Response(answer.status, kept, b"", int(length or 0))
    if length is None or int(length) < 1 << 20:
        return http_message.Response(answer.status, kept, answer.read())
    _local.connection = None  # a body under way owns its connection
    return http_message.Response(answer.status, kept, iter(lambda: answer.read(65536), b""), int(length))


def has_blob(space, digest):
    """The size of a stored blob, or None. `space` is the storage name of a repository."""
    answer = ask("HEAD", f"/v2/{space}/blobs/{digest}")
    return answer.length if answer.status == 200 else None


def put_manifest(space, digest, media_type, manifest):
    return ask("PUT", f"/v2/{space}/manifests/{digest}", {"Content-Type": media_type}, manifest)
