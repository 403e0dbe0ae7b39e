"""Registries that a test scripts, under names and addresses of their own, with TLS; and how the binary is asked about them."""

import base64
import json
import os
import re
import socket
import ssl
import stat
import threading

import support_certs as certs
from support_net import HttpServer, reply, tls_context, verdict

from lab import synth

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
ADDRESSES = "198.18.1."      # local, as all of the block; relays take the lower ones
ACCEPT = [INDEX, "application/vnd.docker.distribution.manifest.list.v2+json", MANIFEST, DOCKER_MANIFEST,
          "application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.docker.distribution.manifest.v1+json",
          "application/vnd.oci.artifact.manifest.v1+json"]
IMAGE = synth.image(content="scripted")
SPACE = 96 << 10             # KiB of address space of a run: nothing of what a peer sends is kept beyond its limit
FOUND, NO_IMAGE, NO_REPOSITORY = ("present", "ok", 0), ("absent", "no-image", 1), ("absent", "no-repository", 1)
EXITS = {"no-credentials": 3, "denied": 3, "expired-credentials": 3, "unreachable": 4, "timeout": 4, "throttled": 4,
         "server-error": 4, "tls": 5, "bad-reply": 5, "ambiguous": 5, "unsupported": 5, "refused": 5}


def unknown(reason):
    return "unknown", reason, EXITS[reason]


def json_reply(value, status=200, headers=(), content_type="application/json"):
    return reply(value, status, headers, content_type)


def error(code, message="", status=404, headers=(), **more):
    """A registry's error, in its own form and with nothing else to know it by."""
    return json_reply({"errors": [{"code": code, "message": message, **more}]}, status, headers)


def manifest(image=IMAGE, digest=True, headers=(), content_type=None, status=200):
    """A manifest as a registry sends it; `digest`: its header, other text in it, or (False) none."""
    said = [("Docker-Content-Digest", image.digest if digest is True else digest)] if digest else []
    return reply(image.manifest, status, [*said, *headers], content_type or image.media_type)


def head(data):
    """The head of a reply alone, which is what HEAD gets."""
    return data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def challenge(value, status=401, headers=(), **more):
    return error("UNAUTHORIZED", "authentication required", status, [("WWW-Authenticate", value), *headers], **more)


def bearer(realm, service="registry.test", scope="repository:team/app:pull"):
    return challenge(f'Bearer realm="{realm}",service="{service}",scope="{scope}"')


def token(text="lab-token-0123456789abcdef", **more):
    return json_reply({"token": text, "expires_in": 300, **more})


def redirect(location, status=307):
    return reply(b"", status, [("Location", location)], "text/plain")


def basic(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def auths(**entries):
    """The text of a file of logins; the names have _ for . and __ for /."""
    return json.dumps({"auths": {name.replace("__", "/").replace("_", "."): {"auth": basic(*login)}
                                 for name, login in entries.items()}})


class Script:
    """Answers out of a table: "HEAD", "GET" of manifests, "blob", "token", "ping"; each one reply, or several in turn."""

    def __init__(self, **table):
        self.table = {kind: list(steps) if isinstance(steps, (list, tuple)) else [steps] for kind, steps in table.items()}
        self.lock = threading.Lock()

    def kind(self, request):
        path = request.target.partition("?")[0]
        if "/manifests/" in path:
            return "HEAD" if request.method == "HEAD" and "HEAD" in self.table else "GET"
        return "blob" if "/blobs/" in path else "ping" if path == "/v2/" else "token"

    def __call__(self, request, peer):
        with self.lock:
            steps = self.table.get(self.kind(request), [error("UNSUPPORTED", "not in the script", 400)])
            step = steps.pop(0) if len(steps) > 1 else steps[0]
        data = step(request, peer) if callable(step) else step
        return head(data) if data and request.method == "HEAD" else data


class Holds:
    """A registry that holds {"REPOSITORY:TAG" or "REPOSITORY@DIGEST": image}; `allowed` decides by the Authorization header
    and gives None, or the reply that refuses."""

    def __init__(self, images=None, allowed=None, token_reply=None):
        self.images = {"team/app:v1": IMAGE} if images is None else images
        self.allowed, self.token_reply = allowed, token_reply

    def __call__(self, request, peer):
        data = self.genuine(request, peer)
        return head(data) if data and request.method == "HEAD" else data

    def genuine(self, request, peer):
        path = request.target.partition("?")[0]
        if not path.startswith("/v2/"):
            return self.token_reply(request, peer) if callable(self.token_reply) else self.token_reply
        refusal = self.allowed(request) if self.allowed else None
        if refusal:
            return refusal
        if path == "/v2/":
            return json_reply({}, headers=[VERSION])
        found = re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", path)
        name = f"{found[1]}{'@' if ':' in found[2] else ':'}{found[2]}" if found else ""
        if name in self.images:
            return manifest(self.images[name])
        known = found and any(re.split("[:@]", key)[0] == found[1] for key in self.images)
        return error("MANIFEST_UNKNOWN" if known else "NAME_UNKNOWN", "not known", headers=[VERSION])


def wants(value, refusal):
    """For Holds: an Authorization header must be this; a refusal otherwise."""
    return lambda request: None if request.headers.get("authorization") == value else refusal


class PlainServer(HttpServer):
    """Answers TLS as most servers of plain HTTP do."""

    def converse(self, peer):
        if peer.socket.recv(1, socket.MSG_PEEK) == b"\x16":
            peer.send(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent TLS to an HTTP server.\n")
        else:
            super().converse(peer)


class Stage:
    """Scripted registries within the lab, and runs of the binary that trust them."""

    root = certs.root("Registries' Root", number="registries")

    def __init__(self, lab, folder):
        self.lab, self.folder, self.servers, self.secrets = lab, folder, [], ["lab-token-0123456789abcdef"]
        self.trusted = folder / "trusted.pem"
        with open(lab.ca) as f:
            self.trusted.write_text(f.read() + self.root.pem)
        self.home = folder / "home"
        self.home.mkdir()

    def close(self):
        for server in self.servers:
            server.close()

    def context(self, name, issuer=None, **options):
        path = self.folder / f"{len(os.listdir(self.folder))}-{name.replace(':', '_')}.pem"
        leaf = certs.leaf(issuer or self.root, name, number="registries", **options)
        path.write_text(leaf.key_pem + leaf.pem)
        return tls_context(str(path))

    def serve(self, name, answer, context=None):
        """A registry of that name at port 443; returns its HttpServer, whose `requests` are what it was asked."""
        address = f"{ADDRESSES}{100 + len(self.servers)}"
        self.lab.dns_fault(name, "addresses", type="A", addresses=[address])
        self.lab.dns_fault(name, "empty", type="AAAA")
        return self.keep(HttpServer(answer, address=address, port=443, context=context or self.context(name)))

    def local(self, answer, secure=False, address="127.0.0.1", context=None, silent=False):
        """One on this machine, at a port of its own; its `name` is what images of it begin with.

        Without TLS it says 400 to who speaks TLS, or (silent) nothing."""
        context = context or (self.context(address) if secure else None)
        server = self.keep((HttpServer if context or silent else PlainServer)(answer, address=address, context=context))
        server.name = f"[{address}]:{server.port}" if ":" in address else f"{address}:{server.port}"
        return server

    def keep(self, server):
        self.servers.append(server)
        return server

    def config(self, text, place=".docker/config.json"):
        """A file of logins below HOME (or anywhere else)."""
        path = self.home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        path.chmod(0o600)
        return str(path)

    def helper(self, name, script):
        """docker-credential-NAME in PATH: the text of a shell script; $1 is the action, stdin the registry."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\nread server || true\necho \"$1 $server\" >> {self.folder}/called\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    @property
    def called(self):
        path = self.folder / "called"
        return path.read_text().splitlines() if path.exists() else []

    def run(self, *arguments, env=None, timeout="5s", attempts="1", key=None, small=False, **options):
        given = {"SSL_CERT_FILE": str(self.trusted), "PATH": f"{self.folder}/bin:/usr/bin:/bin", **(env or {})}
        options.setdefault("home", self.home)
        if small:  # KiB, or as much as most runs have
            options["prefix"] = ("sh", "-c", f'ulimit -v {SPACE if small is True else small}; exec "$@"', "sh")
        result = self.lab.ecr(*arguments, "--timeout", timeout, "--max-attempts", attempts, key=key, env=given, **options)
        said = result.stdout + result.stderr
        for secret in self.secrets:
            assert secret not in said, f"a secret was printed: {result!r}"
        assert not [c for c in said if ord(c) < 32 and c not in "\n\t"], f"a control character: {result!r}"
        return result

    def check(self, ref, *arguments, via="registry", **options):
        return self.run("check", "--via", via, "--json", *arguments, *([ref] if isinstance(ref, str) else ref), **options)

    def verdict(self, ref, *arguments, **options):
        """(state, reason, exit status) of one image, asked of its registry alone."""
        self.result = self.check(ref, *arguments, **options)
        return verdict(self.result)

    @property
    def shown(self):
        return self.result.json[0]

    @property
    def detail(self):
        """What the last step of the trail says."""
        return self.shown["trail"][-1]["detail"]


def sent(server, prefix=""):
    """["METHOD TARGET"] that a scripted server got, and of each the Authorization header."""
    return [(f"{r.method} {r.target}", r.headers.get("authorization")) for r in server.requests if r.target.startswith(prefix)]


def asked(server):
    return [line for line, _ in sent(server)]


def client_wanted(context, issuer, folder):
    """The server wants a certificate of its clients."""
    path = folder / "clients.pem"
    path.write_text(issuer.pem)
    context.load_verify_locations(str(path))
    context.verify_mode = ssl.CERT_REQUIRED
    return context
