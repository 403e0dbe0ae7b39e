"""Proxies: which requests go through one, how, and what is said when they do not."""

import contextlib
import socket
import threading

import pytest
import support_daemon as fake
from support_net import (ECR, REF, HttpServer, Server, answers, ask, assert_no_secrets, assert_verdict, reply, scripted, verdict)

PASSWORD = "s3cret-of-the-proxy"


def check(lab, image, env, *arguments, **options):
    return lab.ecr("check", "--via", "ecr", "--max-attempts", "1", "--timeout", "5s", *arguments, image, env=env, **options)



# ---- squid

@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("form", ["{}", "{}/", "198.18.0.80:3128", "HTTP://proxy.lab.test:3128"])
def test_through_the_proxy(lab, image, variable, form):
    """The name of the API is looked up by the proxy alone: here it is not known."""
    result = check(lab, image, {variable: form.format(lab.proxy)}, resolv_conf="", hosts="198.18.0.80 proxy.lab.test\n")
    assert verdict(result) == ("present", "ok", 0), result
    connection, = lab.connections(service="api")
    assert connection["sni"] == lab.api_host and connection["tls"] == "TLSv1.2"


def test_without_a_proxy_it_would_not_work(lab, image):
    assert check(lab, image, {}, resolv_conf="").code == 4


def test_upper_case_is_first(lab, image):
    assert check(lab, image, {"HTTPS_PROXY": lab.proxy, "https_proxy": "http://198.18.0.98:1"}).code == 0
    assert check(lab, image, {"https_proxy": lab.proxy, "HTTPS_PROXY": "http://198.18.0.98:1"}).code == 4


def test_an_empty_variable_is_none(lab, image):
    assert check(lab, image, {"HTTPS_PROXY": "", "https_proxy": ""}).code == 0


def test_http_proxy_is_not_for_https(lab, image):
    assert check(lab, image, {"HTTP_PROXY": "http://198.18.0.98:1", "http_proxy": "http://198.18.0.98:1"}).code == 0


@pytest.mark.parametrize("user, right", [("user:password@", True), ("user:pass%77ord@", True), ("user:wrong@", False), ("user:@", False),
                                         ("user@", False), ("", False), ("user:%zz@", False)])
def test_basic_authentication(lab, image, user, right):
    proxy = lab.auth_proxy_without_password.replace("//", f"//{user}")
    for flags in ([], ["-v"], ["--json", "-v"]):
        result = check(lab, image, {"HTTPS_PROXY": proxy}, *flags)
        if right:
            assert verdict(result) == ("present", "ok", 0), result
        else:
            assert_verdict(result, "unreachable", 4, lab.api_host, "407", "user:password@host:port")
        if user.startswith("user:") and len(user) > 6:
            secret = user[5:-1]
            assert secret not in (result.stdout + result.stderr).replace("user:password@host:port", ""), result
        assert_no_secrets(result, [user[:-1]] if len(user) > 6 else [])


def test_a_forbidden_host(lab, image):
    """Squid lets nobody go to a port that is not for TLS."""
    with HttpServer(lambda r, p: reply(b"<html>forbidden</html>", 403, content_type="text/html")) as proxy:
        result = check(lab, image, {"HTTPS_PROXY": proxy.url})
        assert_verdict(result, "unreachable", 4, lab.api_host, "127.0.0.1", "403", "NO_PROXY")


# ---- NO_PROXY

@pytest.mark.parametrize("list_, exempt", [
    ("*", True), ("amazonaws.com", True), (".amazonaws.com", True), ("*.amazonaws.com", True), ("AMAZONAWS.com", True),
    ("api.ecr.us-east-1.amazonaws.com", True), ("api.ecr.us-east-1.amazonaws.com:443", True), ("amazonaws.com:443", True),
    ("localhost, 10.0.0.0/8 ,amazonaws.com", True), ("localhost amazonaws.com", True), (" amazonaws.com ", True),
    ("amazonaws.com:8443", False), ("zonaws.com", False), ("example.com", False), ("", False), (",", False), ("us-east-1", False),
    ("api.ecr.us-east-1.amazonaws.com.example.com", False), (".api.ecr.us-east-1.amazonaws.com", True), ("com.", False),
    ("198.18.0.0/15", False)])
def test_no_proxy_names(lab, image, list_, exempt):
    """An address is not what the name means: it is not looked up for this."""
    result = check(lab, image, {"HTTPS_PROXY": "http://198.18.0.98:1", "NO_PROXY": list_})
    assert result.code == (0 if exempt else 4), result


def test_no_proxy_in_lower_case(lab, image):
    assert check(lab, image, {"HTTPS_PROXY": "http://198.18.0.98:1", "no_proxy": "amazonaws.com"}).code == 0


@pytest.mark.parametrize("list_, exempt", [
    ("198.18.0.90", True), ("198.18.0.0/15", True), ("198.18.0.0/23", True), ("0.0.0.0/0", True), ("198.18.0.90/32", True),
    ("198.18.0.90:{port}", True), ("198.18.0.90:1", False), ("198.18.0.9", False), ("198.18.0.91", False), ("198.20.0.0/15", False),
    ("198.18.0.90/33", False), ("10.0.0.0/8", False), ("fd00::/8", False), ("198.18.", False), ("*.0.90", False)])
def test_no_proxy_addresses(lab, list_, exempt):
    with scripted(lambda r, p: answers(r), address="198.18.0.90") as server:
        result = ask(lab, server, env={"HTTP_PROXY": "http://198.18.0.98:1", "NO_PROXY": list_.format(port=server.port)})
        assert result.code == (0 if exempt else 4), result


@pytest.mark.parametrize("list_, exempt", [("fd00:18::90", True), ("[fd00:18::90]", True), ("[fd00:18::90]:{port}", True),
                                           ("fd00::/8", True), ("fd00:18:0:0:0:0:0:90", True), ("[fd00:18::90]:1", False),
                                           ("fd00:18::91", False), ("198.18.0.0/15", False)])
def test_no_proxy_ipv6(lab, list_, exempt):
    with scripted(lambda r, p: answers(r), address="fd00:18::90") as server:
        result = ask(lab, server, env={"HTTP_PROXY": "http://198.18.0.98:1", "NO_PROXY": list_.format(port=server.port)})
        assert result.code == (0 if exempt else 4), result


# ---- plain HTTP

def test_plain_http_through_a_proxy(lab):
    """The whole URL is in the request's line, the password in its header, the Host is the service's."""
    with scripted(lambda r, p: answers(r)) as proxy:
        result = ask(lab, "http://ecr.example.com:8080", "-v",
                     env={"HTTP_PROXY": proxy.url.replace("//", f"//user:{PASSWORD}@")}, ref=[REF, f"{ECR}/team/app:v9"])
        assert result.code == 1, result
        assert {r.target for r in proxy.requests} == {"http://ecr.example.com:8080/"}
        assert {r.headers["host"] for r in proxy.requests} == {"ecr.example.com:8080"}
        assert all(r.headers["proxy-authorization"].startswith("Basic ") for r in proxy.requests)
        assert proxy.connections == 1
        assert_no_secrets(result, [PASSWORD, f"user:{PASSWORD}"])


def test_the_proxys_password_is_for_the_proxy_alone(lab, image):
    """It is in CONNECT, and not in what goes through the tunnel."""
    result = check(lab, image, {"HTTPS_PROXY": lab.auth_proxy})
    assert result.code == 0
    assert all("proxy-authorization" not in r["headers"] for r in lab.requests(service="api"))


def test_the_connect_request(lab, image):
    heads = []

    def handler(peer):
        heads.append(peer.read_head())
        peer.send(reply(b"", 502))
    with Server(handler) as proxy:
        result = check(lab, image, {"HTTPS_PROXY": f"http://us%65r:{PASSWORD}@127.0.0.1:{proxy.port}"}, "-v", key="session")
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == f"CONNECT {lab.api_host}:443 HTTP/1.1"
    assert f"Host: {lab.api_host}:443" in lines
    assert "Proxy-Authorization: Basic dXNlcjpzM2NyZXQtb2YtdGhlLXByb3h5" in lines
    assert "Credential" not in heads[0].decode() and "X-Amz" not in heads[0].decode()
    assert_no_secrets(result, [PASSWORD])
    assert_verdict(result, "unreachable", 4, "502")


# ---- never

@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.9.1", "x.localhost"])
def test_loopback_is_never_proxied(lab, host):
    with scripted(lambda r, p: answers(r), address={"[::1]": "::1", "127.8.9.1": "127.8.9.1"}.get(host, "127.0.0.1")) as server:
        with scripted(lambda r, p: reply(b"", 503)) as proxy:
            result = ask(lab, f"http://{host}:{server.port}", env={"HTTP_PROXY": proxy.url, "http_proxy": proxy.url})
            assert verdict(result) == ("present", "ok", 0), result
            assert proxy.connections == 0


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.170.2"])
def test_metadata_addresses_are_never_proxied(lab, address):
    with scripted(lambda r, p: reply(b"", 503)) as proxy:
        with scripted(lambda r, p: answers(r), address=address) as server:
            assert ask(lab, server, env={"HTTP_PROXY": proxy.url}).code == 0
        assert proxy.connections == 0


# ---- proxies that are none

@pytest.mark.parametrize("url, reason, code, words", [
    ("https://proxy.lab.test:3129", "unsupported", 5, ["HTTPS_PROXY", "http://"]),
    ("socks5://198.18.0.80:1080", "unsupported", 5, ["HTTPS_PROXY"]),
    ("http://", "unreachable", 4, ["HTTPS_PROXY"]), ("http://198.18.0.80:99999", "unreachable", 4, ["HTTPS_PROXY", "port"]),
    ("http://[::1", "unreachable", 4, ["HTTPS_PROXY"]),
    (f"http://user:{PASSWORD}@198.18.0.80:x", "unreachable", 4, ["HTTPS_PROXY", "port"]),
    (f"ftp://user:{PASSWORD}@198.18.0.80", "unsupported", 5, ["HTTPS_PROXY"]),
    ("http://198.18.0.98:3128", "unreachable", 4, ["198.18.0.98:3128", "refused"]),
    ("http://nosuchproxy.lab.test:3128", "unreachable", 4, ["nosuchproxy.lab.test", "no host of this name"])])
def test_a_proxy_that_cannot_be_used(lab, image, url, reason, code, words):
    for flags in ([], ["--json", "-v"]):
        result = check(lab, image, {"HTTPS_PROXY": url}, *flags)
        assert_verdict(result, reason, code, *words)
        assert_no_secrets(result, [PASSWORD])


def test_a_black_hole_for_a_proxy(lab, image):
    result = check(lab, image, {"HTTPS_PROXY": "http://198.19.0.99:3128"}, "--timeout", "700ms")
    assert_verdict(result, "timeout", 4, "198.19.0.99")
    assert result.seconds < 1.5


@pytest.mark.parametrize("data, reason, code, words", [
    (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>log in</html>", "bad-reply", 5, ["bytes came before the tunnel"]),
    (b"HTTP/1.1 200 Connection established\r\n\r\nextra", "bad-reply", 5, ["bytes came before the tunnel"]),
    (b"HTTP/1.1 302 Found\r\nLocation: http://portal.example.com/\r\n\r\n", "unreachable", 4, ["302"]),
    (b"HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n", "unreachable", 4, ["407", "HTTPS_PROXY"]),
    (b"HTTP/1.1 503 Busy\r\n\r\n", "unreachable", 4, ["503"]), (b"HTTP/1.1 404 Not Found\r\n\r\n", "unreachable", 4, ["404"]),
    (b"<html>\r\n\r\n", "bad-reply", 5, ["status line"]), (b"", "unreachable", 4, ["closed without a reply"]),
    (b"HTTP/1.1 200 OK\r\n", "bad-reply", 5, ["middle of the head"]),
    (b"HTTP/1.1 200 OK\r\n\r\n", "unreachable", 4, ["TLS handshake"])])
def test_what_a_proxy_may_say(lab, image, data, reason, code, words):
    """None of it is an answer about an image."""
    def handler(peer):
        peer.read_head()
        peer.send(data)
    with Server(handler) as proxy:
        assert_verdict(check(lab, image, {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}), reason, code, *words)


def test_an_interim_reply_before_the_tunnel(lab, image):
    """RFC 9110 section 15.2: a client must be able to take 1xx before any final reply, that to CONNECT too."""

    def handler(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
        inner = socket.create_connection(("198.18.0.10", 443))

        def back():
            with contextlib.suppress(OSError):
                for data in iter(lambda: inner.recv(65536), b""):
                    peer.socket.sendall(data)
        threading.Thread(target=back, daemon=True).start()
        for data in iter(lambda: peer.socket.recv(65536), b""):
            inner.sendall(data)
    with Server(handler) as proxy:
        result = check(lab, image, {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})
        assert verdict(result) == ("present", "ok", 0), result


def test_a_proxy_that_hangs(lab, image):
    with Server(lambda peer: peer.drain()) as proxy:
        result = check(lab, image, {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}, "--timeout", "600ms")
        assert_verdict(result, "timeout", 4)
        assert 0.5 < result.seconds < 1.4


def test_a_plain_proxy_that_answers_itself(lab):
    with scripted(lambda r, p: reply(b"<html>blocked</html>", 403, content_type="text/html")) as proxy:
        result = ask(lab, "http://ecr.example.com", env={"HTTP_PROXY": proxy.url})
        assert_verdict(result, "denied", 3, "403")


def test_the_daemons_socket_is_not_proxied(lab, tmp_path):
    with fake.Daemon(str(tmp_path / "d.sock")) as daemon, scripted(lambda r, p: reply(b"", 503)) as proxy:
        result = lab.ecr("check", "--via", "docker", "registry.lab.test/a:v1", key=None,
                         env={"DOCKER_HOST": daemon.host, "HTTP_PROXY": proxy.url, "HTTPS_PROXY": proxy.url})
        assert verdict(result) == ("present", "ok", 0), result
        assert proxy.connections == 0
