"""Servers that answer byte for byte what a test says, over TCP, TLS or a unix socket, and what tests say of their answers."""

import base64
import contextlib
import json
import os
import re
import socket
import ssl
import struct
import threading
import time

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
REF = f"{ECR}/team/app:v1"
DIGEST = "sha256:" + "1" * 64
OTHER_DIGEST = "sha256:" + "2" * 64
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


class Request:
    def __init__(self, method, target, headers, body, head):
        self.method, self.target, self.headers, self.body, self.head = method, target, headers, body, head

    @property
    def operation(self):
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


class Peer:
    """One connection, from the server's side."""

    def __init__(self, sock, number):
        self.socket, self.number, self.pending = sock, number, b""

    def fill(self):
        data = self.socket.recv(65536)
        self.pending += data
        return bool(data)

    def read_head(self):
        """The bytes of a request's head, or None when the client is gone."""
        while b"\r\n\r\n" not in self.pending:
            if not self.fill():
                return None
        head, _, self.pending = self.pending.partition(b"\r\n\r\n")
        return head

    def read_request(self, body=True):
        head = self.read_head()
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        wanted = int(headers.get("content-length", 0)) if body else 0
        while len(self.pending) < wanted:
            if not self.fill():
                return None
        data, self.pending = self.pending[:wanted], self.pending[wanted:]
        return Request(method, target, headers, data, head)

    def send(self, data, step=None, pause=0.0):
        for at in range(0, len(data), step or max(len(data), 1)):
            self.socket.sendall(data[at:at + (step or len(data))])
            if pause:
                time.sleep(pause)

    def reset(self):
        """Ends the connection with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def drain(self):
        """Waits until the client closes."""
        with contextlib.suppress(OSError):
            while self.socket.recv(65536):
                pass


class Server:
    """Calls `handler(peer)` in a thread for each connection; what it returns or raises ends the connection."""

    def __init__(self, handler, path=None, address="127.0.0.1", port=0, context=None):
        self.handler, self.context, self.path = handler, context, path
        self.connections, self.requests, self.failures = 0, [], []
        self.open, self.lock = set(), threading.Lock()
        family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        if not path:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(path or (address, port))
        self.listener.listen(64)
        self.address = None if path else self.listener.getsockname()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.address[1]

    @property
    def url(self):
        host = f"[{self.address[0]}]" if ":" in self.address[0] else self.address[0]
        return f"{'https' if self.context else 'http'}://{host}:{self.port}"

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self.serve, args=(sock, number), daemon=True).start()

    def serve(self, sock, number):
        try:
            sock.settimeout(30)
            if not self.path:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            with self.lock:
                self.open.add(sock)
            self.handler(Peer(sock, number))
        except (OSError, ValueError) as error:
            self.failures.append(error)
        finally:
            self.open.discard(sock)
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            sock.close()

    def close(self):
        # Not closed under the thread's accept(): the next listener gets the same number, and one of its connections.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        for sock in list(self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class HttpServer(Server):
    """Answers each request with `answer(request, peer)`: bytes to send and go on, None to end the connection."""

    def __init__(self, answer, **options):
        self.answer = answer
        super().__init__(self.converse, **options)

    def converse(self, peer):
        while True:
            request = peer.read_request()
            if request is None:
                return
            request.connection = peer.number
            self.requests.append(request)
            data = self.answer(request, peer)
            if data is None:
                return
            peer.send(data)


def reply(body=b"", status=200, headers=(), content_type="application/x-amz-json-1.1", length=True):
    """The bytes of a reply; `body` may be text, bytes, or a value for JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {content_type}", *(f"{n}: {v}" for n, v in headers)]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def described(*tags, digest=DIGEST, repository="team/app", **more):
    """What DescribeImages says of an image that is there."""
    return {"imageDetails": [{"registryId": "123456789012", "repositoryName": repository, "imageDigest": digest,
                              "imageTags": list(tags) or ["v1"], "imageSizeInBytes": 1024, "imagePushedAt": 1795132800.0,
                              "imageManifestMediaType": MEDIA_TYPE, **more}]}


def missing(status=400):
    """What DescribeImages says of one that is not."""
    return reply({"__type": "ImageNotFoundException", "message": "The image does not exist"}, status)


def aws_error(code, status=400, message="", headers=()):
    return reply({"__type": code, "message": message}, status, headers)


def answers(request):
    """A small ECR that holds v1 alone."""
    if request.operation == "DescribePullThroughCacheRules":
        return reply({"pullThroughCacheRules": []})
    value = json.loads(request.body)
    if "filter" in value:
        return reply({"imageDetails": []})
    if all(i == {"imageTag": "v1"} for i in value["imageIds"]):
        return reply(described())
    return missing()


@contextlib.contextmanager
def scripted(answer, **options):
    with HttpServer(answer, **options) as server:
        yield server


def in_turn(*steps):
    """Answers the first request with the first step, and so on; the last one again and again."""
    counter = iter(range(1 << 30))
    lock = threading.Lock()

    def answer(request, peer):
        with lock:
            number = next(counter)
        step = steps[min(number, len(steps) - 1)]
        return step(request, peer) if callable(step) else step
    return answer


# ---- what was said

def verdict(result):
    """(state, reason, exit) of a run over one image; the digest stands for no reason."""
    assert len(result.lines) == 1, result
    line = result.lines[0]
    if line.startswith("{"):
        value = json.loads(line)
        return value["state"], value["reason"], result.code
    state, _, last = re.split(r"  +", line)
    return state, "ok" if state == "present" else last, result.code


def assert_verdict(result, reason, code, *words):
    """The one verdict of a run, and words that its explanation must hold (in any case)."""
    state = {0: "present", 1: "absent", 6: "unfit"}.get(code, "unknown")
    assert verdict(result) == (state, reason, code), result
    for word in words:
        assert word.lower() in result.stderr.lower(), f"{word!r} is missing in: {result!r}"


def assert_no_secrets(result, secrets):
    """None of the texts, and none of them in base64 or taken out of it, in what the run said."""
    said = result.stdout + result.stderr
    for secret in secrets:
        forms = {secret, base64.b64encode(secret.encode()).decode().rstrip("=")}
        for form in forms:
            assert len(form) < 8 or form not in said, f"a secret ({form[:6]}...) was printed: {result!r}"
    assert not re.search(r"Signature=[0-9a-f]{64}", said), f"a signature was printed: {result!r}"
    # What is decoded must not show them either: a daemon may quote its X-Registry-Auth header.
    for word in re.findall(r"[A-Za-z0-9+/_-]{24,}", said):
        with contextlib.suppress(ValueError):
            plain = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_" if re.search("[-_]", word) else None)
            for secret in secrets:
                assert secret.encode() not in plain, f"a secret was printed in base64: {result!r}"


def secrets_of(environment):
    return [value for name, value in environment.items()
            if name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]


FAKE_KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE00001", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


def ask(lab, server, *arguments, ref=REF, env=None, attempts="1", timeout="3s", **options):
    """Asks a scripted ECR about images."""
    images = [ref] if isinstance(ref, str) else ref
    return lab.ecr("check", "--via", "ecr", "--endpoint-url", server if isinstance(server, str) else server.url,
                   "--max-attempts", attempts, "--timeout", timeout, *arguments, *images, key=None,
                   env={**FAKE_KEY, **(env or {})}, **options)


# ---- TLS

def parse_client_hello(data):
    """{suites, extensions: {number: bytes}, version} of the ClientHello at the start of `data`."""
    assert data[0] == 22 and data[5] == 1, data[:8]
    at = 9
    version = struct.unpack_from(">H", data, at)[0]
    at += 2 + 32
    at += 1 + data[at]
    size = struct.unpack_from(">H", data, at)[0]
    suites = [n for (n,) in struct.iter_unpack(">H", data[at + 2:at + 2 + size])]
    at += 2 + size
    at += 1 + data[at]
    end = at + 2 + struct.unpack_from(">H", data, at)[0]
    at += 2
    extensions = {}
    while at < end:
        kind, size = struct.unpack_from(">HH", data, at)
        extensions[kind] = data[at + 4:at + 4 + size]
        at += 4 + size
    return {"version": version, "suites": suites, "extensions": extensions}


def tls_context(chain_file, key_file=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain_file, key_file)
    return context


def file_of(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as f:
        f.write(text)
    return str(path)
