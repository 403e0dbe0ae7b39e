"""Requests and responses as values, and how they look on the wire."""

import email.utils
import http.client
import json
import time
import urllib.parse

PIECE = 65536


class Close(Exception):
    """The connection ends now; `reset` sends an RST instead of an orderly end."""

    def __init__(self, reset=False, notify=True):
        super().__init__("close")
        self.reset, self.notify = reset, notify


class Body:
    """The body of a request, read from the connection as it is wanted: no layer is held in memory. `length` is None when it
    comes in chunks. `end_after` makes it end early, as a connection that breaks does; `broken` says that it did."""

    def __init__(self, reader, length):
        self.reader, self.length, self.left = reader, length, length or 0
        self.over, self.broken, self.received, self.handed_on = length == 0, False, 0, 0
        self.limit = self.kept = self.rate = None

    def end_after(self, limit, kept=None):
        """After `limit` bytes the peer is gone; of them `kept` are handed on (all when it is None)."""
        self.limit, self.kept = limit, limit if kept is None else kept

    def read(self, size=PIECE):
        """The next bytes; none at the end, whether it is the right one or not."""
        while True:
            if self.limit is not None and not self.over:
                size = min(size, self.limit - self.received)
                self.over = self.broken = size <= 0
            data = b"" if self.over else self.next_piece(size)
            self.received += len(data)
            if self.rate and data:
                time.sleep(len(data) / self.rate)
            if self.kept is not None and self.received > self.kept and not self.broken:
                data = data[:max(0, len(data) - (self.received - self.kept))]
                self.broken = self.over
                if not data and not self.over:
                    continue
            self.handed_on += len(data)
            return data

    def next_piece(self, size):
        try:
            if self.length is None and self.left == 0:
                self.left = int(self.reader.readline(1024).split(b";")[0], 16)
                if self.left == 0:
                    while self.reader.readline(65536).strip():
                        pass
                    self.over = True
                    return b""
            data = self.reader.read(min(size, self.left))
        except (OSError, ValueError):
            data = b""
        self.left -= len(data)
        if not data:
            self.over = self.broken = True
        elif self.left == 0 and self.length is not None:
            self.over = True
        elif self.left == 0:
            self.reader.readline(16)
        return data

    def drain_quietly(self):
        while self.read():
            pass

    def drain(self):
        self.drain_quietly()
        if self.broken:
            raise Close()


class Request:
    """`stream` is its body on the way; `body` the whole of it, for who wants that."""

    def __init__(self, method, target, headers, stream, secure, address):
        self.method, self.target, self.headers, self.stream, self.whole = method, target, headers, stream, None
        self.secure, self.address = secure, address
        parts = urllib.parse.urlsplit(target)
        self.path = urllib.parse.unquote(parts.path)
        self.raw_path, self.raw_query = parts.path, parts.query
        self.query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        self.host = (self.header("host") or "").lower()

    @property
    def body(self):
        if self.whole is None:
            self.whole = b"".join(iter(self.stream.read, b""))
            if self.stream.broken:
                raise Close()
        return self.whole

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None

    def pick(self, *names):
        """Those of the headers that are there, each as one line, however many it came in."""
        return {name: self.header(name) for name in names if self.header(name) is not None}

    def argument(self, name):
        return self.query.get(name, [None])[0]

    @property
    def host_name(self):
        return self.host.rsplit(":", 1)[0] if ":" in self.host and not self.host.endswith("]") else self.host

    @property
    def origin(self):
        return ("https://" if self.secure else "http://") + self.host


class Response:
    """`body` is bytes, or an iterator of bytes whose sum is `length`."""

    def __init__(self, status=200, headers=(), body=b"", length=None):
        self.status, self.headers, self.body = status, list(headers), body
        self.length = len(body) if length is None else length

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), None)

    def set(self, name, value):
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))

    def whole(self):
        """The body as bytes, so that it can be spoiled."""
        if not isinstance(self.body, bytes):
            self.body = b"".join(self.body)
        return self.body

    def first(self, size):
        """The body up to so many bytes."""
        for piece in self.pieces():
            yield piece[:size]
            size -= len(piece)
            if size <= 0:
                return

    def replace(self, body):
        self.body, self.length = body, len(body)
        return self

    def head(self, framing=True, version="HTTP/1.1"):
        lines = [f"{version} {self.status} {http.client.responses.get(self.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if framing and self.status not in (204, 304) and self.header("content-length") is None:
            lines.append(f"Content-Length: {self.length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def pieces(self):
        return [self.body] if isinstance(self.body, bytes) else self.body


def json_response(value, status=200, headers=(), content_type="application/json"):
    return Response(status, [("Content-Type", content_type), *headers], json.dumps(value).encode())


def text_response(text, status=200, headers=(), content_type="text/plain; charset=utf-8"):
    return Response(status, [("Content-Type", content_type), *headers], text.encode())


def date_header(moment):
    return email.utils.formatdate(moment, usegmt=True)
