"""Registries that mean harm, or are broken: no wrong verdict, no secret to strangers, and an end in bounded time and memory."""

import contextlib
import hashlib
import json
import re
import socket
import threading
import time

import pytest
import support_certs as certs
from support_net import Server, reply
from support_registry import (EXITS, FOUND, IMAGE, INDEX, MANIFEST, NO_IMAGE, VERSION, Holds, Script, Stage, asked, basic, bearer,
                              challenge, client_wanted, error, head, json_reply, manifest, redirect, sent, token, unknown, wants)

from lab import synth

NAME = "registry.test"
REF = f"{NAME}/team/app:v1"
REALM = f"https://{NAME}/token"
TOKEN = "lab-token-0123456789abcdef"
SECRET = "a-secret-word"
BAD = unknown("bad-reply")
OTHER = synth.image(content="another")


@pytest.fixture
def stage(lab, tmp_path):
    stage = Stage(lab, tmp_path)
    stage.secrets.append(SECRET)
    yield stage
    stage.close()


def logged_in(stage, name=NAME):
    stage.config({"auths": {name: {"auth": basic("user", SECRET)}}})
    stage.secrets.append(basic("user", SECRET))


def not_known(stage, ref=REF, *arguments, **options):
    """It could not be found out, whatever the reason; the run is small and quick."""
    found = stage.verdict(ref, *arguments, small=True, **options)
    assert found[0] == "unknown" and found[2] == EXITS[found[1]], stage.result
    assert stage.result.seconds < 3, stage.result
    return found[1]


# ---- too much

def endless(length):
    """A body that goes on for as long as it is read."""
    def answer(request, peer):
        size = f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
        first = f"HTTP/1.1 200 OK\r\nContent-Type: {MANIFEST}\r\n{size}\r\n\r\n"
        if request.method == "HEAD":
            return first.encode()
        peer.send(first.encode())
        piece = b" " * 65536
        with contextlib.suppress(OSError):
            for _ in range(1 << 14):
                peer.send(piece if length else b"10000\r\n" + piece + b"\r\n")
        return None
    return answer


@pytest.mark.parametrize("length", [1 << 30, 1 << 62, (4 << 20) + 1, 0])
def test_a_gigabyte_of_manifest(stage, length):
    server = stage.serve(NAME, endless(length))
    assert not_known(stage) == "bad-reply"
    assert len(server.requests) <= 3


def test_a_gigabyte_of_token(stage):
    stage.serve(NAME, Script(GET=bearer(REALM), token=endless(1 << 30)))
    assert not_known(stage) == "bad-reply"


def test_a_gigabyte_of_error(stage):
    def answer(request, peer):
        data = endless(0)(request, peer) if request.method != "HEAD" else reply(b"", 404, [VERSION], "text/plain")
        return data
    stage.serve(NAME, answer)
    not_known(stage)


@pytest.mark.parametrize("text", [
    "[" * 2_000_000, '{"a":' * 500_000, "[" * 5000 + "]" * 5000, '{"schemaVersion":2,"layers":' + "[" * 65 + "]" * 65 + "}",
    '{"schemaVersion":2,"manifests":[' + "{}," * 1_300_000 + "{}]}", '{"schemaVersion":2,"a":[' + "0," * 2_000_000 + "0]}",
    '{"schemaVersion":2,"x":"' + "\\u0000" * 600_000 + '"}', '{"schemaVersion":' + "9" * 3_000_000 + "}"], ids=range(8))
def test_json_that_is_deep_or_wide(stage, text):
    """Whether it is taken for a manifest or not: nothing breaks."""
    said = reply(text, 200, content_type=MANIFEST)
    server = stage.serve(NAME, Script(GET=said))
    state, reason, code = stage.verdict(REF, small=True)
    assert code in (0, 5) and (state, reason) in (("present", "ok"), ("unknown", "bad-reply")), stage.result
    assert stage.result.seconds < 3
    if text.startswith("[") or text.startswith('{"a"'):
        assert code == 5, stage.result
    server.answer = Script(GET=reply(text, 404, content_type="application/json"))
    assert not_known(stage) in ("ambiguous", "bad-reply")
    server.answer = Script(GET=bearer(REALM), token=json_reply({"token": text[:100_000]}))
    stage.verdict(REF, small=True)


def test_headers_without_end(stage):
    for headers in ([("X-Filler", "a" * 2_000_000)], [("X-Filler", "a")] * 20_000, [("Www-Authenticate", "Bearer a=b, " * 20_000)]):
        server = stage.serve(f"h{len(headers)}{len(headers[0][1])}.test", Script(GET=error("X", "", 401, headers)))
        assert server.port == 443
        not_known(stage, f"h{len(headers)}{len(headers[0][1])}.test/app:v1")


@pytest.mark.parametrize("arguments", [(), ("--deep",)])
def test_replies_that_never_end(stage, arguments):
    def never(request, peer):
        peer.send(b"HTTP/1.1 200 OK\r\n")
        time.sleep(2)
    stage.serve(NAME, never)
    assert stage.verdict(REF, *arguments, timeout="400ms") == unknown("timeout")
    assert stage.result.seconds < 1.2


# ---- images that are not what they seem

def index(*entries, **more):
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries), **more}).encode()


def entry(digest, size=500, media_type=INDEX, platform="linux/amd64"):
    return {"mediaType": media_type, "digest": digest, "size": size, "platform": synth.platform_of(platform)}


@pytest.mark.parametrize("algorithm, size", [("sha512", 128), ("blake3", 64), ("other", 10)])
@pytest.mark.parametrize("width", [1, 60])
def test_an_index_that_contains_itself(stage, algorithm, size, width):
    """By digests whose algorithm nobody here computes: a walk without end otherwise."""
    digests = [f"{algorithm}:{n:0{size}x}" for n in range(width)]
    server = stage.serve(NAME, Script(GET=reply(index(*(entry(d) for d in digests)), 200, content_type=INDEX)))
    found = stage.verdict(REF, "--deep", small=True, timeout="20s")
    assert found[0] in ("unknown", "unfit"), stage.result
    assert len(server.requests) <= 1100 and stage.result.seconds < 12, len(server.requests)


@pytest.mark.parametrize("top", [index(), index(entry("blake3:" + "1" * 64, platform="unknown/unknown")),
                                 json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}).encode(),
                                 json.dumps({"schemaVersion": 2, "manifests": {}, "layers": {}}).encode()], ids=range(4))
def test_images_of_nothing(stage, top):
    """No pull gets anything out of them."""
    stage.serve(NAME, Script(GET=reply(top, 200, content_type=json.loads(top).get("mediaType", INDEX))))
    found = stage.verdict(REF, "--deep", small=True)
    assert found[0] in ("unknown", "unfit"), stage.result


def test_many_large_manifests(stage):
    """Each of the size that registries must take; they are looked at one after the other."""
    children = {}
    for n in range(11):
        data = index(number=n) + b" " * 3_900_000
        children[synth.digest_of(data)] = data
    top = index(*(entry(digest, len(data)) for digest, data in children.items()))

    def answer(request, peer):
        target = request.target.rpartition("/")[2]
        data = reply(children.get(target, top), 200, [("Docker-Content-Digest", target if target in children else synth.digest_of(top))],
                     INDEX)
        return head(data) if request.method == "HEAD" else data
    server = stage.serve(NAME, answer)
    assert stage.verdict(REF, "--deep", small=40 << 10, timeout="20s") == BAD   # all read, and none is of an image
    assert len(server.requests) == 2 + len(children)


@pytest.mark.parametrize("said", [
    manifest(OTHER), manifest(OTHER, digest=IMAGE.digest), manifest(OTHER, digest=False), manifest(IMAGE, digest=OTHER.digest),
    manifest(IMAGE, digest="sha256:" + "0" * 64), reply(IMAGE.manifest + b" ", 200, content_type=MANIFEST)])
def test_a_manifest_that_is_not_the_one_asked_for(stage, said):
    little = reply(b"", 405, (), "text/plain")
    ref = f"{NAME}/team/app@{IMAGE.digest}"
    server = stage.serve(NAME, Script(HEAD=little, GET=said))
    assert stage.verdict(ref) == BAD
    server.answer = Script(GET=said)
    found = stage.verdict(ref)
    # HEAD shows no bytes: there, what is said is believed
    assert found == (FOUND if IMAGE.digest.encode() in head(said) else BAD)
    assert stage.verdict(ref, "--deep")[0] != "present"


@pytest.mark.parametrize("said", [manifest(OTHER, digest=IMAGE.digest), manifest(IMAGE, digest="sha256:" + "0" * 64)])
def test_bytes_that_do_not_have_the_digest_that_is_said(stage, said):
    stage.serve(NAME, Script(HEAD=reply(b"", 405, (), "text/plain"), GET=said))
    assert stage.verdict(REF) == BAD
    stage.serve("deep.test", Script(GET=said))
    assert stage.verdict("deep.test/team/app:v1", "--deep") == BAD


def test_sha512_is_checked_too(stage):
    digest = "sha512:" + hashlib.sha512(IMAGE.manifest).hexdigest()
    server = stage.serve(NAME, Script(GET=manifest(digest=False)))
    assert stage.verdict(f"{NAME}/team/app@{digest}") == FOUND
    server.answer = Script(GET=manifest(OTHER, digest=False))
    assert stage.verdict(f"{NAME}/team/app@{digest}") == BAD


@pytest.mark.parametrize("said", [
    reply(IMAGE.manifest, 200, [("Content-Encoding", "gzip")], MANIFEST), manifest(content_type=INDEX),
    reply(IMAGE.manifest.replace(b'"schemaVersion": 2', b'"schemaVersion": 2,,'), 200, content_type=MANIFEST),
    reply(IMAGE.manifest[:-20], 200, content_type=MANIFEST), reply(b"", 200, content_type=MANIFEST),
    reply(IMAGE.manifest.decode().encode("utf-16"), 200, content_type=MANIFEST)])
def test_manifests_that_are_broken(stage, said):
    stage.serve(NAME, Script(HEAD=reply(b"", 405, (), "text/plain"), GET=said))
    found = stage.verdict(REF)
    assert found == BAD or (b"gzip" in said and found == FOUND), stage.result


@pytest.mark.parametrize("said", [manifest(), error("MANIFEST_UNKNOWN", "manifest unknown", headers=[VERSION])])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
def test_replies_that_are_cut(stage, said, keep):
    top, _, body = said.partition(b"\r\n\r\n")

    def cut(request, peer):
        if request.method == "HEAD":
            return reply(b"", 405, (), "text/plain")
        peer.send(top + b"\r\n\r\n" + body[:int(len(body) * keep)])
        return None
    stage.serve(NAME, cut)
    assert not_known(stage) == "bad-reply"


@pytest.mark.parametrize("body", ['{"errors":[{"code":"MANIFEST_UNK', '{"errors"=[]}', "{", '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}}'])
def test_garbled_errors_of_a_registry_are_no_absence(stage, body):
    stage.serve(NAME, Script(GET=reply(body, 404, [VERSION], "application/json")))
    not_known(stage)


def test_a_body_after_head(stage):
    """Which HTTP forbids: what follows on that connection is not the answer to the next request."""
    there = manifest().replace(b"HTTP/1.1", b"HTTP/1.1", 1)
    stage.serve(NAME, lambda request, peer: reply(there, 404, [VERSION]) if request.method == "HEAD" else
                error("MANIFEST_UNKNOWN", "manifest unknown", headers=[VERSION]))
    found = stage.verdict(REF)
    assert found == NO_IMAGE or found[0] == "unknown", stage.result


# ---- endless talk

def test_a_token_service_that_redirects_without_end(stage):
    server = stage.serve(NAME, Script(GET=bearer(REALM), token=lambda r, peer: redirect(f"{REALM}?{len(server.requests)}")))
    assert not_known(stage) in ("bad-reply", "refused")
    assert len(server.requests) <= 8
    logged_in(stage)
    server.requests.clear()
    not_known(stage)
    assert len(server.requests) <= 20


def test_two_token_services_that_send_us_to_one_another(stage):
    stage.serve("a.test", Script(token=redirect("https://b.test/token")))
    stage.serve("b.test", Script(token=redirect("https://a.test/token")))
    stage.serve(NAME, Script(GET=bearer("https://a.test/token")))
    assert not_known(stage) == "bad-reply"


def test_challenges_without_end(stage):
    """Each token is refused, and each refusal names a new realm."""
    def answer(request, peer):
        if request.target.startswith("/token"):
            return token(f"token-number-{len(server.requests)}")
        data = challenge(f'Bearer realm="{REALM}/{len(server.requests)}",service="s",error="invalid_token"')
        return head(data) if request.method == "HEAD" else data
    server = stage.serve(NAME, answer)
    assert not_known(stage) == "no-credentials"
    assert len(server.requests) <= 10, asked(server)
    logged_in(stage)
    server.requests.clear()
    assert not_known(stage) == "denied"
    assert len(server.requests) <= 24, asked(server)


# ---- where a realm may be

INSIDE = ["https://169.254.169.254/latest/api/token", "https://metadata.lab.test/x", "https://127.0.0.1:{port}/token",
          "https://loopback.lab.test/token", "https://[::1]/token", "https://169.254.170.2/creds",
          "https://169.254.170.23/v1/credentials", "https://[fd00:ec2::254]/x", "https://[fe80::1]/x", "https://0.0.0.0/",
          "https://[::]/", "https://[::ffff:127.0.0.1]:{port}/token", "https://localhost:{port}/token", "https://2130706433/",
          "https://0x7f.1/", "http://169.254.169.254/latest/meta-data/", "http://registry.test/token",
          "http://127.0.0.1:5001/v2/", "file:///etc/passwd", "unix:///var/run/docker.sock",
          "https://user:pass@registry.test/token", "/token", "gopher://registry.test/"]


@pytest.mark.parametrize("realm", INSIDE)
@pytest.mark.parametrize("login", [False, True])
def test_realms_that_are_not_asked(lab, stage, realm, login):
    lab.metadata()
    trap = stage.local(Script(token=token()), secure=True)
    if login:
        logged_in(stage)
    stage.serve(NAME, Script(GET=bearer(realm.replace("{port}", str(trap.port)))))
    assert not_known(stage, timeout="2s") in ("refused", "bad-reply", "unreachable")
    assert trap.connections == 0 and lab.connections() == []


def test_a_registry_on_this_machine_that_is_silent_to_tls(stage):
    """As small servers are, which wait for the end of a line."""
    server = stage.local(Holds(), silent=True)
    assert stage.verdict(f"{server.name}/team/app:v1") == FOUND
    assert stage.result.seconds < 4


def test_a_realm_on_this_machine_for_a_registry_on_this_machine(stage):
    server = stage.local(None)
    server.answer = Holds(allowed=wants(f"Bearer {TOKEN}", bearer(f"{server.url}/token")), token_reply=token())
    assert stage.verdict(f"{server.name}/team/app:v1") == FOUND


def test_a_registry_on_this_machine_is_no_reason_to_ask_for_metadata(lab, stage):
    """It may be the end of a tunnel: that it is on loopback lets it point there, not to other places."""
    lab.metadata()
    server = stage.local(Script(ping=json_reply({}), GET=bearer("http://169.254.169.254/latest/api/token")))
    logged_in(stage, server.name)
    assert not_known(stage, f"{server.name}/team/app:v1") in ("refused", "bad-reply")
    assert lab.connections() == []
    server.answer = Script(ping=json_reply({}), GET=redirect("http://169.254.169.254/latest/meta-data/"))
    assert not_known(stage, f"{server.name}/team/app:v1") == "refused"
    assert lab.connections() == []


class Tunnel(Server):
    """A proxy on this machine: CONNECT, and bytes to and fro. `lines` are what it was asked for."""

    def __init__(self, **names):
        self.lines, self.names = [], names
        super().__init__(self.tunnel)

    def tunnel(self, peer):
        line = peer.read_head().split(b"\r\n")[0].decode()
        self.lines.append(line)
        host, _, port = line.split()[1].rpartition(":")
        with socket.create_connection((self.names.get(host, host.strip("[]")), int(port))) as other:
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self.pump, args=(other, peer.socket), daemon=True)
            back.start()
            self.pump(peer.socket, other)
            back.join()

    @staticmethod
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("way", ["realm", "redirect"])
@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1", "[::1]"])
def test_a_proxy_on_this_machine_is_not_the_registry(lab, stage, way, host):
    """What counts is where the registry is, and behind a proxy nobody knows: it has no claim on this machine's services."""
    lab.metadata()
    trap = stage.local(Script(token=token(), GET=manifest()), secure=True)
    target = f"https://{host}:{trap.port}/token"
    logged_in(stage)
    registry = stage.serve(NAME, Script(GET=bearer(target) if way == "realm" else redirect(target)))
    proxy = stage.keep(Tunnel(**{NAME: registry.address[0]}))
    env = {"HTTPS_PROXY": proxy.url, "NO_PROXY": "169.254.0.0/16,127.0.0.0/8,::1"}
    assert not_known(stage, env=env) in ("refused", "bad-reply")
    assert proxy.lines and {line.split()[1] for line in proxy.lines} == {f"{NAME}:443"}
    assert trap.connections == 0


# ---- what a registry says, printed

NASTY = ("\x1b[2J\x1b]0;title\x07", "\r\n::error::forged\r\n", "\n::set-output name=x::y", "\u202etxet", "\x00", "\x7f\x08\x08",
         "\u009b31m",
         "%0A::warning::x", "a" * 100_000, "\ud800", "\\u001b[31m", "##[error]x")


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("actions", [False, True])
def test_what_it_says_is_made_printable(stage, text, actions):
    env = {"GITHUB_ACTIONS": "true"} if actions else {}
    said = [error("MANIFEST_UNKNOWN" + text[:50], "message " + text, headers=[VERSION]), error("DENIED", text, 403),
            error(text[:200], text, 400), reply(json.dumps({"errors": [{"code": "UNKNOWN", "message": text}]}), 404, (), "text/html"),
            reply(b"{}", 200, (), "text/" + re.sub("[\r\n]", "", text[:200]).encode("utf-8", "replace").decode("latin-1")),
            manifest(digest="sha256:" + re.sub("[\r\n]", "", text[:64]).encode("utf-8", "replace").decode("latin-1"))]
    server = stage.serve(NAME, None)
    for data in said:
        server.answer = Script(GET=data)
        for arguments in (["check", "--via", "registry"], ["check", "--via", "registry", "--json", "-v"]):
            result = stage.run(*arguments, REF, env=env)
            assert result.code in (0, 3, 5) or (data is said[0] and result.code == 1), result
            assert not re.search("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]", result.stdout + result.stderr), result
            for line in (result.stdout + result.stderr).splitlines():
                assert len(line) < 4000, result
                assert "forged" not in line or not line.startswith("::error::forged"), result
                assert not re.match(r"\s*(::(set-output|warning::x|error::forged)|##\[error\]x)", line), result


def test_a_tag_of_control_characters_is_no_tag(stage):
    for tag in ("v1\x1b[31m", "v1\n::error::x", "v1 ", "v1/../x", "v1?x=y", "v1%2e", "-v1", "v" * 129, "v1#x"):
        result = stage.check(f"{NAME}/team/app:{tag}")
        assert result.code == 2 and "\x1b" not in result.stdout + result.stderr, result


def test_everything_at_once(stage):
    """One hostile registry among good ones does not change what is said of them."""
    stage.serve(NAME, Holds())
    stage.serve("evil.test", endless(0))
    stage.serve("other.test", Holds({}))
    result = stage.check(["evil.test/team/app:v1", REF, "other.test/team/app:v1"], small=True)
    assert [r["state"] for r in result.json] == ["unknown", "present", "absent"] and result.code == 5, result
    assert sent(stage.servers[0])


# ---- what is kept of one registry for another

# Runs a command and says how many KiB it took at most.
PEAK = ("/usr/bin/python3", "-c", "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)")


def many(host, count, repository="team/app"):
    return [f"{host}/{repository}{i}:v1" for i in range(count)]


def anything(request, peer):
    data = manifest() if "/manifests/" in request.target else json_reply({}, headers=[VERSION])
    return head(data) if request.method == "HEAD" else data


def slowly(request, peer):
    time.sleep(0.7)
    return anything(request, peer)


def test_a_kept_connection_leads_nowhere_else(stage):
    """A connection to this machine, opened for the user's own registry, carries no request that another one leads to."""
    own = stage.local(anything, secure=True)
    stage.serve("slow.test", slowly)  # so that threads of all registries mix
    stage.serve(NAME, lambda r, peer: redirect(f"https://127.0.0.1:{own.port}/v2/inner/secret/manifests/v1"))
    result = stage.check([*many("slow.test", 8), *many(own.name, 16, "own"), *many(NAME, 4)], timeout="20s")
    found = {shown["image"]: (shown["state"], shown["reason"]) for shown in result.json}
    assert [found[ref] for ref in many(own.name, 16, "own")] == [("present", "ok")] * 16
    assert [found[ref] for ref in many(NAME, 4)] == [("unknown", "refused")] * 4
    assert not [r for r in own.requests if "inner" in r.target]


def test_a_client_certificate_is_shown_for_its_registry_alone(stage, tmp_path):
    issuer = certs.root("Clients' Root", number="registries")
    corp = stage.serve("corp.test", anything, context=client_wanted(stage.context("corp.test"), issuer, tmp_path))
    client = certs.Issuer("client", issuer, names=["client"], usage=certs.CLIENT)
    stage.config(client.pem, ".docker/certs.d/corp.test/client.cert")
    stage.config(client.key_pem, ".docker/certs.d/corp.test/client.key")
    stage.serve("slow.test", slowly)
    stage.serve(NAME, lambda r, peer: redirect("https://corp.test/v2/inner/secret/manifests/v1"))
    result = stage.check([*many("slow.test", 8), *many("corp.test", 16, "own"), *many(NAME, 4)], timeout="20s")
    found = {shown["image"]: shown["state"] for shown in result.json}
    assert [found[ref] for ref in many("corp.test", 16, "own")] == ["present"] * 16
    assert [found[ref] for ref in many(NAME, 4)] == ["unknown"] * 4
    assert not [r for r in corp.requests if "inner" in r.target]


def test_a_challenge_takes_no_memory_again_and_again(stage):
    """50 KB of realm with each of 400 refusals: nothing of them is kept."""
    stage.serve(NAME, Script(GET=bearer(REALM + "?" + "x" * 50000), token=token()))
    peaks = []
    for count in (50, 400):
        result = stage.run("check", "--via", "registry", "-q", *many(NAME, count), timeout="60s", prefix=PEAK)
        peaks.append(int(result.stderr))
    assert peaks[1] < peaks[0] + 4096, peaks


# ---- what any server may send

@pytest.mark.parametrize("value", [{"config": {"apiUrl": "/api"}}, {"layers": []}, {"blobs": 0}, {"manifests": {"v": 1}},
                                   {"manifests": []}, {"schemaVersion": 3, "layers": []}, {"schemaVersion": 2}])
def test_json_of_anybody_is_no_manifest(stage, value):
    stage.serve(NAME, Script(GET=json_reply(value)))
    assert stage.verdict(REF) == unknown("ambiguous")


@pytest.mark.parametrize("asked_for", ["mediaType", "platforms.0"])
def test_what_a_peer_names_forms_no_workflow_command(stage, asked_for):
    evil = json.dumps({"schemaVersion": 2, "mediaType": "::add-mask::present", "config": {}, "layers": [], "manifests": [
        {"mediaType": MANIFEST, "digest": IMAGE.digest, "size": 5, "platform": {"os": "::stop-commands::x", "architecture": "y"}}]})
    stage.serve(NAME, Script(GET=json_reply(json.loads(evil))))
    result = stage.run("check", "--via", "registry", "--format", asked_for, REF)
    assert not [line for line in result.stdout.splitlines() if line.lstrip().startswith("::")], result
