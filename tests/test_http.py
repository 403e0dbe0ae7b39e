"""HTTP/1.1 down to the byte: framing, limits, kept connections. The server is scripted, in plain HTTP."""

import concurrent.futures
import json
import os
import socket
import time

import pytest
import support_daemon as fake
from support_certs import leaf, root
from support_net import (DIGEST, ECR, REF, HttpServer, Server, answers, ask, assert_verdict, aws_error, described, file_of,
                         in_turn, missing, reply, scripted, tls_context, verdict)

BODY = json.dumps(described()).encode()


def chunked(*pieces, trailer=b"", extension=b"", head=b""):
    lines = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n" + lines + b"0\r\n" + trailer + b"\r\n"


def head(*lines, status="HTTP/1.1 200 OK"):
    return "\r\n".join([status, *lines]).encode("latin-1") + b"\r\n\r\n"


LENGTH = f"Content-Length: {len(BODY)}"


# ---- kept connections

def test_one_connection_for_all_calls(lab):
    with scripted(lambda request, peer: answers(request)) as server:
        result = ask(lab, server, ref=[REF, f"{ECR}/team/app:v9"])
        assert result.code == 1
        # Both at once, each alone, the archive twice, the rules.
        assert len(server.requests) >= 5 and server.connections == 1


@pytest.mark.parametrize("said", ["HTTP/1.1 200 OK\r\nConnection: close", "HTTP/1.0 200 OK",
                                  "HTTP/1.1 200 OK\r\nConnection: foo, Close"])
def test_a_connection_is_not_kept_when_the_server_says_so(lab, said):
    def answer(request, peer):
        data = answers(request)
        return data if data.startswith(b"HTTP/1.1 400") else data.replace(b"HTTP/1.1 200 Status", said.encode())
    with scripted(answer) as server:
        assert_verdict(ask(lab, server, ref=f"{ECR}/team/app:v9"), "no-image", 1)
        successes = sum("filter" in json.loads(r.body) or r.operation != "DescribeImages" for r in server.requests)
        assert server.connections == successes, "one that ended with Connection: close was used again"


def test_http10_keep_alive(lab):
    def answer(request, peer):
        return answers(request).replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"\r\n", b"\r\nConnection: keep-alive\r\n", 1)
    with scripted(answer) as server:
        assert_verdict(ask(lab, server, ref=f"{ECR}/team/app:v9"), "no-image", 1)
        assert server.connections == 1


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_stale_connection_is_replaced(lab, how):
    """The server closes after each reply without a word of it: --max-attempts 1 must do."""
    def handler(peer):
        request = peer.read_request()
        server.requests.append(request)
        peer.send(answers(request))
        if how == "reset":
            peer.read_request()
            peer.reset()
    with Server(handler) as server:
        assert_verdict(ask(lab, server, ref=f"{ECR}/team/app:v9"), "no-image", 1)
        assert server.connections >= 4


def test_a_stale_connection_is_replaced_once(lab):
    """The fresh one is closed as well: that is an error, and no loop."""
    def handler(peer):
        request = peer.read_request()
        server.requests.append(request)
        if peer.number == 1:
            peer.send(answers(request))
            peer.read_request()
    with Server(handler) as server:
        assert_verdict(ask(lab, server, ref=f"{ECR}/team/app:v9"), "unreachable", 4, "closed without a reply")
        assert server.connections == 2


def test_a_half_reply_on_a_kept_connection_is_not_asked_again(lab):
    def handler(peer):
        request = peer.read_request()
        peer.send(answers(request))
        peer.read_request()
        peer.send(b"HTTP/1.1 2")
    with Server(handler) as server:
        assert_verdict(ask(lab, server, ref=f"{ECR}/team/app:v9"), "bad-reply", 5, "middle of the head")
        assert server.connections == 1


def test_bytes_behind_a_reply_are_not_the_next_reply(lab):
    """A server that says more than it was asked must not answer the next question with it."""
    smuggled = reply(described("v9"))
    first = []

    def answer(request, peer):
        data = answers(request)
        if not first:
            first.append(1)
            data += smuggled * 3
        return data
    with scripted(answer) as server:
        assert_verdict(ask(lab, server, ref=f"{ECR}/team/app:v9"), "no-image", 1)
        assert server.connections >= 2


# ---- bodies that are whole

WHOLE = {
    "length": head(LENGTH) + BODY,
    "length twice the same": head(LENGTH, LENGTH) + BODY,
    "length and more bytes": head(LENGTH) + BODY + b"more",
    "bare LF": head(LENGTH).replace(b"\r\n", b"\n") + BODY,
    "no reason phrase": head(LENGTH, status="HTTP/1.1 200") + BODY,
    "header without value": head("X-Nothing:", LENGTH) + BODY,
    "header with spaces": head(f"content-LENGTH:  \t {len(BODY)} \t ") + BODY,
    "UTF-8 in a header": head("X-Name: Jos\xc3\xa9", LENGTH) + BODY,
    "199 headers": head(*[f"X-{n}: 1" for n in range(190)], LENGTH) + BODY,
    "60 KiB of head": head("X-Long: " + "a" * 60000, LENGTH) + BODY,
    "one chunk": chunked(BODY),
    "chunks of one byte": chunked(*[BODY[n:n + 1] for n in range(len(BODY))]),
    "chunk extensions": chunked(BODY[:50], BODY[50:], extension=b'; name="value"'),
    "trailers": chunked(BODY, trailer=b"X-Checksum: 7\r\nX-More: 8\r\n"),
    "trailer that lies": chunked(BODY, trailer=b"Content-Length: 3\r\n"),
    "chunk sizes with zeros": chunked(BODY).replace(b"\r\n%x\r\n" % len(BODY), b"\r\n00%X\r\n" % len(BODY)),
    "until the end": head() + BODY,
    "HTTP/1.0 until the end": head(status="HTTP/1.0 200 OK") + BODY,
    "100 before": head(status="HTTP/1.1 100 Continue") + head(LENGTH) + BODY,
    "102 and 103 before": head(status="HTTP/1.1 102 x") + head("Link: </x>", status="HTTP/1.1 103 x") * 2 + head(LENGTH) + BODY,
    "8 interim replies": head(status="HTTP/1.1 100 Continue") * 8 + head(LENGTH) + BODY,
}
PIECES = [None, 1]


@pytest.mark.parametrize("step", PIECES, ids=["at once", "byte by byte"])
@pytest.mark.parametrize("name", WHOLE)
def test_whole(lab, name, step):
    def handler(peer):
        peer.read_request()
        peer.send(WHOLE[name], step if len(WHOLE[name]) < 2000 else step and 97)
        if not name.endswith("until the end"):
            peer.drain()
    with Server(handler) as server:
        result = ask(lab, server)
        assert verdict(result) == ("present", "ok", 0), result
        assert result.lines[0].endswith(DIGEST)


# ---- bodies and heads that are not

CUT = "the connection ended in the middle of the"
BROKEN = {
    "length, cut": (head(LENGTH) + BODY[:-1], CUT + " body"),
    "length, no body": (head(LENGTH), CUT + " body"),
    "chunk, cut": (chunked(BODY)[:-40], CUT + " body"),
    "chunks without end": (chunked(BODY)[:-5], CUT + " body"),
    "chunks without the last line": (chunked(BODY)[:-2], CUT + " body"),
    "chunk with no size": (head("Transfer-Encoding: chunked") + b"\r\n\r\n", "chunk"),
    "chunk size not hex": (head("Transfer-Encoding: chunked") + b"xyz\r\n" + BODY, "chunk"),
    "chunk size signed": (head("Transfer-Encoding: chunked") + b"+5\r\n" + BODY, "chunk"),
    "chunk size 0x": (head("Transfer-Encoding: chunked") + b"0x5\r\n" + BODY, "chunk"),
    "chunk size too big": (head("Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n" + BODY, "chunk"),
    "chunk longer than its size": (head("Transfer-Encoding: chunked") + b"5\r\n" + BODY + b"\r\n0\r\n\r\n", "chunk"),
    "chunk size line of 8 KiB": (head("Transfer-Encoding: chunked") + b"5;" + b"a" * 8192, "chunk"),
    "trailers of 20 KiB": (chunked(BODY, trailer=b"X: " + b"a" * 20000 + b"\r\n"), "trailers"),
    "both framings": (chunked(BODY, head=LENGTH.encode() + b"\r\n"), "both"),
    "gzip, chunked": (head("Transfer-Encoding: gzip, chunked") + BODY, "transfer-encoding"),
    "chunked twice": (head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + BODY, "transfer-encoding"),
    "chunked in HTTP/1.0": (chunked(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"), "transfer-encoding"),
    "two lengths": (head(LENGTH, f"Content-Length: {len(BODY) + 1}") + BODY, "content-length"),
    "length negative": (head("Content-Length: -1") + BODY, "content-length"),
    "length with a sign": (head(f"Content-Length: +{len(BODY)}") + BODY, "content-length"),
    "length hex": (head("Content-Length: 0x10") + BODY, "content-length"),
    "length a list": (head(f"Content-Length: {len(BODY)}, {len(BODY)}") + BODY, "content-length"),
    "length empty": (head("Content-Length:") + BODY, "content-length"),
    "length 2^64": (head("Content-Length: 18446744073709551616") + BODY, "content-length"),
    "length beyond the limit": (head("Content-Length: 99999999999") + BODY, ""),
    "folded header": (head("X-A: 1", " 2", LENGTH) + BODY, "malformed header"),
    "space before the colon": (head("Content-Length : 5") + BODY, "malformed header"),
    "header without colon": (head("nonsense", LENGTH) + BODY, "malformed header"),
    "header without name": (head(": x", LENGTH) + BODY, "malformed header"),
    "NUL in a header": (head("X-A: a\x00b", LENGTH) + BODY, "malformed header"),
    "CR in a header": (head("X-A: a\rb", LENGTH) + BODY, "malformed header"),
    "201 headers": (head(*[f"X-{n}: 1" for n in range(201)], LENGTH) + BODY, "200 header lines"),
    "head of 70 KiB": (head("X-Long: " + "a" * 70000, LENGTH) + BODY, "64 KiB"),
    "head without end": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000, "64 KiB"),
    "status line of HTTP/2": (head(LENGTH, status="HTTP/2 200") + BODY, "status line"),
    "status of two digits": (head(LENGTH, status="HTTP/1.1 20 OK") + BODY, "status line"),
    "status of four digits": (head(LENGTH, status="HTTP/1.1 2000 OK") + BODY, "status line"),
    "status 099": (head(LENGTH, status="HTTP/1.1 099 OK") + BODY, "status line"),
    "space before the status line": (b" " + head(LENGTH) + BODY, "status line"),
    "ICY": (head(LENGTH, status="ICY 200 OK") + BODY, "status line"),
    "TLS": (b"\x15\x03\x03\x00\x02\x02\x28", "status line"),
    "a cut head": (b"HTTP/1.1 200 OK\r\nContent-", CUT + " head"),
    "101": (head(status="HTTP/1.1 101 Switching"), "interim"),
    "9 interim replies": (head(status="HTTP/1.1 100 Continue") * 9 + head(LENGTH) + BODY, "interim"),
    "body beyond the limit": (head() + b" " * (9 << 20), "larger"),
    "chunks beyond the limit": (chunked(*[b" " * (1 << 20)] * 9), "larger"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken(lab, name):
    """Never a verdict, always the words."""
    data, words = BROKEN[name]

    def handler(peer):
        peer.read_request()
        peer.send(data)
    with Server(handler) as server:
        result = ask(lab, server)
        assert_verdict(result, "bad-reply", 5, words)
        assert result.seconds < 2


def test_a_reset_within_a_body_that_lasts_until_the_end(lab):
    """A RST is no end of a body, however whole its JSON looks."""

    def handler(peer):
        peer.read_request()
        peer.send(head() + BODY)
        time.sleep(0.1)
        peer.reset()
    with Server(handler) as server:
        assert_verdict(ask(lab, server), "bad-reply", 5, "middle of the body")


@pytest.mark.parametrize("status", [204, 304])
def test_replies_without_a_body(lab, status):
    """What follows them is not their body."""
    with scripted(lambda r, p: head("Content-Length: 5", status=f"HTTP/1.1 {status} x")) as server:
        result = ask(lab, server)
        assert_verdict(result, "bad-reply", 5, str(status))
        assert result.seconds < 1


# ---- a reply that comes before the request was read

def many():
    return [f"{ECR}/team/app:{n:03d}-{'x' * 120}" for n in range(100)]


@pytest.mark.parametrize("status, code, reason, exit_code", [
    (413, "RequestEntityTooLarge", "refused", 5), (400, "ThrottlingException", "throttled", 4),
    (503, "ServiceUnavailable", "server-error", 4), (400, "AccessDeniedException", "denied", 3)])
@pytest.mark.parametrize("ending", ["close", "reset", "keep"])
def test_an_early_error_reply_is_kept(lab, status, code, reason, exit_code, ending):
    """The server reads the head alone, answers and ends: its answer counts, not the failed upload."""

    def handler(peer):
        if peer.read_request(body=False) is None:
            return
        peer.send(reply({"__type": code, "message": "early"}, status, [("Connection", "close")]))
        if ending == "reset":
            time.sleep(0.1)  # what was sent shall arrive before the reset
            peer.reset()
        elif ending == "keep":
            peer.drain()
    with Server(handler) as server:
        result = ask(lab, server, "--json", ref=many())
        assert len(result.lines) == 100
        assert {(v["state"], v["reason"]) for v in result.json} == {("unknown", reason)}, result.stderr[:2000]
        assert result.code == exit_code


# ---- what is sent

def test_the_request(lab):
    with scripted(lambda request, peer: answers(request)) as server:
        ask(lab, server)
        request, = server.requests
        assert (request.method, request.target) == ("POST", "/")
        assert request.headers["host"] == f"127.0.0.1:{server.port}"
        assert request.headers["content-length"] == str(len(request.body))
        assert request.headers["content-type"] == "application/x-amz-json-1.1"
        assert request.headers["user-agent"].startswith("ecr/")
        assert "transfer-encoding" not in request.headers and "expect" not in request.headers
        names = [line.partition(b":")[0].lower() for line in request.head.split(b"\r\n")[1:]]
        assert len(names) == len(set(names)), "a header was sent twice"


def test_redirects_of_the_api_are_not_followed(lab):
    with scripted(lambda r, p: reply(described())) as other:
        with scripted(lambda r, p: reply(b"", 307, [("Location", other.url)])) as server:
            assert_verdict(ask(lab, server), "bad-reply", 5, "307")
        assert other.connections == 0


# ---- TLS below HTTP

@pytest.mark.parametrize("parameters, right", [({}, True), ({"notify": False}, False), ({"cut_after": 20}, False),
                                               ({"cut_after": 20, "notify": False}, False)])
def test_close_delimited_over_tls(lab, parameters, right):
    """A body without length is whole only if TLS says goodbye: anybody on the way can send a FIN."""
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    lab.fault("no_length", service="api", operation="DescribeImages", **parameters)
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "1", f"{repository}:v1")
    assert verdict(result) == (("present", "ok", 0) if right else ("unknown", "bad-reply", 5)), result


def test_keep_alive_over_tls(lab):
    repository = lab.create_repository("team/app")
    lab.clear_log()
    assert lab.ecr("check", "--via", "ecr", f"{repository}:v9").code == 1
    connection, = lab.connections(service="api")
    assert connection["requests"] >= 3


def test_stale_over_tls(lab):
    repository = lab.create_repository("team/app")
    lab.clear_log()
    lab.fault("idle_close", service="api")
    assert lab.ecr("check", "--via", "ecr", "--max-attempts", "1", f"{repository}:v9").code == 1
    assert {c["requests"] for c in lab.connections(service="api")} == {1}


# ---- unix sockets

@pytest.mark.parametrize("name", ["length", "one chunk", "trailers", "until the end", "102 and 103 before", "bare LF"])
def test_unix_socket(lab, tmp_path, name):
    inner = fake.distribution().partition(b"\r\n\r\n")[2]
    data = WHOLE[name].replace(LENGTH.encode(), b"Content-Length: %d" % len(inner))
    data = data.replace(b"%x\r\n" % len(BODY), b"%x\r\n" % len(inner)).replace(BODY, inner)

    def spoiled(kind, genuine, request, peer, daemon):
        if kind == "ping":
            return genuine
        peer.send(data)
        return None
    with fake.Daemon(str(tmp_path / "d.sock"), spoiled) as daemon:
        result = lab.ecr("check", "--via", "docker", "registry.lab.test/a:v1", env={"DOCKER_HOST": daemon.host}, key=None)
        assert verdict(result) == ("present", "ok", 0), result


def test_unix_socket_is_kept(lab, tmp_path):
    with fake.Daemon(str(tmp_path / "d.sock")) as daemon:
        refs = [f"registry.lab.test/a:v{n}" for n in range(1, 6)]
        result = lab.ecr("check", "--via", "docker", *refs, env={"DOCKER_HOST": daemon.host}, key=None)
        assert [line.split()[0] for line in result.lines] == ["present", *["absent"] * 4]
        assert daemon.server.connections == 1
        assert {r.headers["host"] for r in daemon.server.requests} == {"localhost"}


def test_unix_socket_path_too_long(lab, tmp_path):
    result = lab.ecr("check", "--via", "docker", "registry.lab.test/a:v1", key=None,
                     env={"DOCKER_HOST": f"unix://{tmp_path}/{'x' * 120}.sock"})
    assert_verdict(result, "unreachable", 4, "107")


def test_many_at_once(lab):
    """Runs beside each other do not disturb each other."""
    with HttpServer(lambda request, peer: answers(request)) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda n: ask(lab, server, ref=f"{ECR}/team/app:v{1 if n % 2 else 9}"), range(24)))
        assert [r.code for r in results] == [1, 0] * 12


def test_steps_of_a_script(lab):
    """The helper itself: one answer after the other."""
    with scripted(in_turn(missing(), reply({"imageDetails": []}), reply({"imageDetails": []}),
                          reply({"pullThroughCacheRules": []}))) as server:
        assert_verdict(ask(lab, server), "no-image", 1)
        assert len(server.requests) == 4


# ---- what stands in a kept connection before it is asked again

LEFT_OVER = {
    "another reply": aws_error("RepositoryNotFoundException", 400, "left over"),
    "half a reply": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "408 of a server that will not wait": b"HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n",
}


def leaves(left, ends=False):
    """Throttles first, which keeps the connection for a second without a question; meanwhile something comes."""
    def answer(request, peer):
        if peer.number > 1:
            return answers(request)
        peer.send(aws_error("ThrottlingException", 400, "", [("Retry-After", "1")]))
        time.sleep(0.2)
        left(peer) if callable(left) else peer.send(left)
        return None if ends else b""
    return answer


def assert_asked_anew(lab, server, url, *arguments):
    result = ask(lab, url, *arguments, attempts="2", timeout="9s")
    assert verdict(result) == ("present", "ok", 0), result
    assert server.connections == 2 and [r.connection for r in server.requests] == [1, 2]


@pytest.mark.parametrize("ends", [False, True], ids=["kept", "closed"])
@pytest.mark.parametrize("name", LEFT_OVER)
def test_what_came_before_the_question_is_not_its_answer(lab, name, ends):
    with scripted(leaves(LEFT_OVER[name], ends)) as server:
        assert_asked_anew(lab, server, server.url)


def plain_alert(peer):
    """A fatal alert outside of the encryption: no record can be read behind it."""
    with socket.socket(fileno=os.dup(peer.socket.fileno())) as bare:
        bare.sendall(b"\x15\x03\x03\x00\x02\x02\x50")


@pytest.mark.parametrize("name", [*LEFT_OVER, "an alert"])
def test_what_came_before_the_question_over_tls(lab, tmp_path, name):
    authority = root()
    own = leaf(authority, "127.0.0.1")
    context = tls_context(file_of(tmp_path / "chain.pem", own.key_pem + own.pem))
    with scripted(leaves(LEFT_OVER.get(name, plain_alert)), context=context) as server:
        assert_asked_anew(lab, server, server.url, "--ca-file", file_of(tmp_path / "ca.pem", authority.pem))


def test_what_came_before_the_question_to_a_daemon(lab, tmp_path):
    """A word about the first image must not become a verdict about the second, whenever it comes."""
    def spoiled(kind, data, request, peer, daemon):
        return data + fake.message("manifest unknown: x", 404) if "/one:" in request.target else data
    with fake.Daemon(str(tmp_path / "d.sock"), spoiled) as daemon:
        result = lab.ecr("check", "--json", "--via", "docker", "x.test/one:v1", "x.test/two:v1", key=None,
                         env={"DOCKER_HOST": daemon.host})
        assert [shown["state"] for shown in result.json] == ["present"] * 2, result
