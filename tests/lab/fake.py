"""A small HTTP server of a test's own: on a unix socket or an address, it answers what it is told and keeps what it got."""

import base64
import json
import socket
import threading


class Got:
    """One request."""

    def __init__(self, method, target, headers):
        self.method, self.target, self.headers = method, target, headers

    @property
    def auth(self):
        """The decoded X-Registry-Auth, None without one."""
        value = self.headers.get("x-registry-auth")
        return None if value is None else json.loads(base64.urlsafe_b64decode(value))


def docker_ping(got):
    """What the Docker daemon answers to /_ping; None for anything else."""
    if got.target.endswith("/_ping"):
        return 200, "OK", {"Api-Version": "1.41", "Server": "Docker/20.10.0 (linux)", "Ostype": "linux"}
    return None


class Fake:
    """`answers` maps a request to (status, text or JSON value[, headers]); what it leaves (None) gets /_ping or a 404, and a
    ConnectionError ends the connection."""

    def __init__(self, answers=None, path=None, address="127.0.0.1", ping=docker_ping):
        self.answers, self.ping, self.requests = answers or (lambda got: None), ping, []
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.url = f"unix://{path}"
        else:
            self.listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            self.listener.bind((address, 0))
            port = self.listener.getsockname()[1]
            self.url = f"tcp://[{address}]:{port}" if ":" in address else f"tcp://{address}:{port}"
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Not closed under the thread's accept(): the next listener gets the same number, and one of its connections.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def of(self, part):
        """The requests whose target holds this."""
        return [got for got in self.requests if part in got.target]

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while True:
                line = stream.readline().decode("latin-1").split()
                if len(line) != 3:
                    return
                headers = {}
                while (text := stream.readline().decode("latin-1").rstrip("\r\n")):
                    name, _, value = text.partition(":")
                    headers[name.lower()] = value.strip()
                got = Got(line[0], line[1], headers)
                self.requests.append(got)
                try:
                    answer = self.answers(got) or self.ping(got) or (404, {"message": "page not found"})
                except ConnectionError:
                    return  # the connection ends without a word
                status, body, more = (*answer, {})[:3]
                kind = "text/plain" if isinstance(body, str) else "application/json"
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                head = {"Content-Type": kind, "Content-Length": len(data), **more}
                text = f"HTTP/1.1 {status} Status\r\n" + "".join(f"{n}: {v}\r\n" for n, v in head.items()) + "\r\n"
                connection.sendall(text.encode() + (b"" if got.method == "HEAD" else data))
