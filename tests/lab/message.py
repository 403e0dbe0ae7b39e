"""Requests and responses as values, and how they look on the wire."""

import email.utils
import http.client
import json
import urllib.parse


class Close(Exception):
    """The connection ends now; `reset` sends an RST instead of an orderly end."""

    def __init__(self, reset=False, notify=True):
        super().__init__("close")
        self.reset, self.notify = reset, notify


class Request:
    def __init__(self, method, target, headers, body, secure, address):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.secure, self.address = secure, address
        parts = urllib.parse.urlsplit(target)
        self.path = urllib.parse.unquote(parts.path)
        self.raw_path, self.raw_query = parts.path, parts.query
        self.query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        self.host = (self.header("host") or "").lower()

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
