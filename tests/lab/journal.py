"""What happened: requests, connections and DNS queries, kept for the tests to read. Of headers, secrets are left out."""

import base64
import binascii
import re
import threading
import time
import urllib.parse


def shown_authorization(value):
    """Scheme and user or key of an Authorization header, never its secret."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            return f"Basic {base64.b64decode(rest).split(b':')[0].decode('utf-8', 'replace')}"
        except (binascii.Error, ValueError):
            return "Basic (not base64)"
    if not rest:
        return "(present)"  # a token without a scheme, as container services want it
    found = re.search(r"Credential=([^/,]+)", rest)
    return f"{scheme} {found.group(1)}" if found else scheme


class Journal:
    def __init__(self):
        self.lock = threading.Lock()
        self.clear()

    def clear(self):
        with self.lock:
            self.requests, self.connections, self.dns = [], [], []

    def connection(self, **facts):
        entry = {"time": time.time(), "requests": 0, "tls": None, "sni": None, "closed": None, **facts}
        with self.lock:
            self.connections.append(entry)
        return entry

    def request(self, connection, service, request, operation):
        headers = {}
        for name, value in request.headers:
            name = name.lower()
            if name == "authorization":
                value = shown_authorization(value)
            elif name in ("x-registry-auth", "cookie", "x-amz-security-token", "proxy-authorization"):
                value = "(present)"
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        entry = {"time": time.time(), "connection": connection["id"], "tls": connection["tls"],
                 "service": service, "host": request.host, "method": request.method, "target": request.target,
                 "path": request.path, "operation": operation, "headers": headers,
                 "key": headers.get("authorization", "").rpartition(" ")[2] or None,
                 "body_bytes": request.stream.length, "body": None, "form": None, "status": None, "fault": None}
        kind = headers.get("content-type", "")
        if kind.startswith(("application/x-amz-json", "application/json")):
            entry["body"] = request.body.decode("utf-8", "replace")[:20000]
        elif kind.startswith("application/x-www-form-urlencoded"):
            pairs = urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
            entry["form"] = dict(pairs)
        with self.lock:
            connection["requests"] += 1
            self.requests.append(entry)
        return entry

    def query(self, name, kind, transport, answer):
        with self.lock:
            self.dns.append({"time": time.time(), "name": name, "type": kind, "transport": transport, "answer": answer})
