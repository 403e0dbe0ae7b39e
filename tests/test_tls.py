"""Whom TLS believes, what it says when it does not, and what it sends.

A scripted ECR behind a certificate of the test's own, at `tls.lab.test` (an address of /etc/hosts of the run) or at an
address; --ca-file names the root.
"""

import contextlib
import os
import socket
import ssl
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from support_certs import ANY, CLIENT, CONSTRAINTS, SERVER, UNKNOWN, leaf, root, Issuer
from support_net import (DIGEST, HttpServer, Server, answers, ask, assert_verdict, file_of, parse_client_hello, verdict)

HOST = "tls.lab.test"
HOSTS = f"127.0.0.1 {HOST} deep.er.{HOST} one.{HOST}\n::1 six.lab.test\n"


class Chain:
    """What the server sends, and what the client trusts."""

    def __init__(self, first, *others, trusted):
        self.first, self.others, self.trusted = first, others, trusted

    def context(self, folder):
        path = file_of(folder / "chain.pem", self.first.key_pem + "".join(c.pem for c in (self.first, *self.others)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # The server's own opinion of weak keys and digests is not what is tested.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(path)
        return context

    def ca_file(self, folder):
        return file_of(folder / "trusted.pem", "".join(c.pem for c in self.trusted))


@contextlib.contextmanager
def served(chain, tmp_path, **changes):
    context = chain.context(tmp_path)
    for attribute, value in changes.items():
        setattr(context, attribute, value)
    with HttpServer(lambda request, peer: answers(request), context=context) as server:
        yield server


def ask_chain(lab, tmp_path, chain, host=HOST, *arguments, **changes):
    with served(chain, tmp_path, **changes) as server:
        return ask(lab, f"https://{host}:{server.port}", "--ca-file", chain.ca_file(tmp_path), *arguments, hosts=HOSTS)


def plain(**options):
    authority = root()
    return Chain(leaf(authority, *options.pop("names", [HOST]), **options), trusted=[authority])


def through(middle_options=None, leaf_options=None, root_options=None):
    authority = root(**(root_options or {}))
    middle = Issuer("Test Middle", authority, **{"ca": True, **(middle_options or {})})
    return Chain(leaf(middle, HOST, **(leaf_options or {})), middle, trusted=[authority])


def sha1_middle():
    authority = root()
    middle = Issuer("Test Middle", ca=True).signed_with_sha1(authority)
    return Chain(leaf(middle, HOST), middle, trusted=[authority])


def without_middle():
    chain = through()
    return Chain(chain.first, trusted=chain.trusted)


def two_middles(first_length=None, second_length=None):
    authority = root()
    upper = Issuer("Upper", authority, ca=True, path_length=first_length)
    lower = Issuer("Lower", upper, ca=True, path_length=second_length)
    return Chain(leaf(lower, HOST), lower, upper, trusted=[authority])


def middle_for_clients():
    authority = root()
    upper = Issuer("Upper", authority, ca=True, usage=CLIENT)
    lower = Issuer("Lower", upper, ca=True, usage=SERVER)
    return Chain(leaf(lower, HOST), lower, upper, trusted=[authority])


def cross_signed(end=365):
    """The known root's name and key, signed by an old root that nobody knows: the client stops at what it knows."""
    known = root("New Root")
    cross = Issuer("New Root", root("Old Root"), ca=True, end=end)
    return Chain(leaf(known, HOST), cross, trusted=[known])


def self_signed(trusted=False, ca=None):
    own = Issuer(HOST, names=[HOST], ca=ca, key_usage=False)  # one for issuing alone would be of no use in a handshake
    return Chain(own, trusted=[own] if trusted else [root("Someone Else")])


def impostor():
    """The issuer's name is right, its key is another."""
    return Chain(leaf(Issuer("Test Root", ca=True, number=1), HOST), trusted=[root(number=2)])


GOOD = {
    "P-256": lambda: plain(),
    "P-384": lambda: plain(kind="p384"),
    "P-521": lambda: plain(kind="p521"),
    "RSA-2048": lambda: plain(kind="rsa2048"),
    "RSA-4096": lambda: plain(kind="rsa4096"),
    "RSA-3072 under RSA-2048": lambda: through({"kind": "rsa2048"}, {"kind": "rsa3072"}),
    "roots of P-384": lambda: through(root_options={"kind": "p384"}),
    "roots of P-521": lambda: through(root_options={"kind": "p521"}),
    "SHA-384": lambda: plain(digest=hashes.SHA384),
    "SHA-512": lambda: plain(digest=hashes.SHA512),
    "EKU serverAuth": lambda: plain(usage=SERVER),
    "EKU both": lambda: plain(usage=CLIENT + SERVER),
    "EKU any": lambda: plain(usage=ANY),
    "EKU of both above": lambda: through({"usage": CLIENT + SERVER}),
    "EKU any above": lambda: through({"usage": ANY}),
    "EKU clientAuth of the root": lambda: through(root_options={"usage": CLIENT}),  # an anchor is a name and a key
    "EKU absent": lambda: plain(usage=None),
    "intermediate": lambda: through(),
    "intermediate with pathlen 0": lambda: through({"path_length": 0}),
    "two intermediates, pathlen 1": lambda: two_middles(1, 0),
    "unknown extension": lambda: plain(more=[(UNKNOWN, False)]),
    "several names": lambda: plain(names=["other.test", HOST]),
    "name in upper case": lambda: plain(names=[HOST.upper()]),
    "wildcard": lambda: plain(names=["*.lab.test"]),
    "cross-signed": lambda: cross_signed(),
    "cross-signed, the old one over": lambda: cross_signed(end=-1),
    "self-signed and trusted": lambda: self_signed(trusted=True),
    "self-signed, for an authority too, and trusted": lambda: self_signed(trusted=True, ca=True),
    "the root is sent too": lambda: (lambda r: Chain(leaf(r, HOST), r, trusted=[r]))(root()),
    "intermediate as anchor": lambda: (lambda c: Chain(c.first, trusted=[c.others[0]]))(through()),
    "a dead root of the same name beside it": lambda: (lambda c: Chain(c.first, trusted=[root(number=7, end=-1), *c.trusted]))(plain()),
}
BAD = {
    "wrong host": (lambda: plain(names=["other.lab.test"]), "other.lab.test"),
    "no name": (lambda: plain(names=[]), "no name at all"),
    "common name only": (lambda: plain(names=[], subject=HOST), "not for this host"),
    "address in a name": (lambda: plain(names=["127.0.0.1"]), "127.0.0.1"),
    "suffix of the name": (lambda: plain(names=["lab.test"]), "not for this host"),
    "wildcard of one level": (lambda: plain(names=["*.test"]), "not for this host"),
    "wildcard within a label": (lambda: plain(names=["t*.lab.test"]), "not for this host"),
    "wildcard not in front": (lambda: plain(names=["tls.*.test"]), "not for this host"),
    "wildcard alone": (lambda: plain(names=["*"]), "not for this host"),
    "wildcard below": (lambda: plain(names=[f"*.{HOST}"]), "not for this host"),
    "expired": (lambda: plain(start=-30, end=-1), "ended on"),
    "not yet valid": (lambda: plain(start=2), "begins only on"),
    "intermediate expired": (lambda: through({"end": -1}), "has ended"),
    "root expired": (lambda: (lambda r: Chain(leaf(r, HOST), trusted=[r]))(root(end=-1)), "root that has ended"),
    "self-signed": (lambda: self_signed(), "self-signed"),
    "unknown issuer": (lambda: (lambda c: Chain(c.first, trusted=[root("Someone Else")]))(plain()), "Test Root"),
    "issuer of the same name": (impostor, "Test Root"),
    "no intermediate": (without_middle, "Test Middle"),
    "EKU clientAuth only": (lambda: plain(usage=CLIENT), "not meant for servers"),
    "EKU clientAuth only above": (lambda: through({"usage": CLIENT}), "extended key usage"),
    "EKU clientAuth only of the upper one": (middle_for_clients, "extended key usage"),
    "RSA-1024": (lambda: plain(kind="rsa1024"), "2048"),
    "RSA-1024 above": (lambda: through({"kind": "rsa1024"}), "2048"),
    "signed with RSA-PSS": (lambda: (lambda r: Chain(leaf(r, HOST, pss=True), trusted=[r]))(root(kind="rsa2048")), "RSA-PSS"),
    "issued by Ed25519": (lambda: (lambda r: Chain(leaf(r, HOST), trusted=[r]))(root(kind="ed25519")), ""),
    "SHA-1": (lambda: (lambda r: Chain(Issuer("leaf", names=[HOST]).signed_with_sha1(r), trusted=[r]))(root()), "SHA-1"),
    "SHA-1 above": (sha1_middle, "SHA-1"),
    "SHA-224": (lambda: plain(digest=hashes.SHA224), ""),
    "no CA above": (lambda: through({"ca": False}), "may not issue"),
    "no constraints above": (lambda: through({"ca": None}), "may not issue"),
    "path too long": (lambda: two_middles(0, 0), "may not issue"),
    "critical unknown extension": (lambda: plain(more=[(UNKNOWN, True)]), "critical extension"),
    "critical unknown extension above": (lambda: through({"more": [(UNKNOWN, True)]}), "critical extension"),
    "critical name constraints": (lambda: through({"more": [(CONSTRAINTS, True)]}), "name constraints"),
    "order of the chain": (lambda: (lambda c: Chain(c.first, root("Stranger"), *c.others, trusted=c.trusted))(through()), "chain"),
    "chain of 20": (lambda: (lambda c: Chain(c.first, *[root(f"R{n}") for n in range(20)], trusted=c.trusted))(plain()), "too long"),
}


@pytest.mark.parametrize("case", GOOD)
def test_good(lab, tmp_path, case):
    result = ask_chain(lab, tmp_path, GOOD[case]())
    assert verdict(result) == ("present", "ok", 0), result
    assert result.lines[0].endswith(DIGEST)


@pytest.mark.parametrize("case", BAD)
def test_bad(lab, tmp_path, case):
    make, words = BAD[case]
    result = ask_chain(lab, tmp_path, make())
    assert_verdict(result, "tls", 5, HOST, words)


def test_ed25519_leaf(lab, tmp_path):
    """There is no suite for it: the handshake fails in clear words."""
    assert_verdict(ask_chain(lab, tmp_path, plain(kind="ed25519")), "tls", 5, HOST, "cipher suite")


@pytest.mark.parametrize("host, names, right", [
    (f"one.{HOST}", [f"*.{HOST}"], True), (f"deep.er.{HOST}", [f"*.{HOST}"], False), (HOST, [f"*.{HOST}"], False),
    (f"{HOST}.", [HOST], True), (HOST.upper(), [HOST], True),
    ("127.0.0.1", ["127.0.0.1"], True), ("127.0.0.1", ["127.0.0.2"], False), ("127.0.0.1", [HOST, "127.0.0.1"], True),
    ("127.0.0.1", ["::1"], False), ("[::1]", ["::1"], True), ("[::1]", ["127.0.0.1"], False), ("127.0.0.1", [], False),
    ("six.lab.test", ["six.lab.test"], True), ("six.lab.test", ["::1"], False)])
def test_names(lab, tmp_path, host, names, right):
    chain = plain(names=names)
    address = "::1" if "six" in host or "::" in host else "127.0.0.1"
    context = chain.context(tmp_path)
    with HttpServer(lambda request, peer: answers(request), context=context, address=address) as server:
        result = ask(lab, f"https://{host}:{server.port}", "--ca-file", chain.ca_file(tmp_path), hosts=HOSTS)
    if right:
        assert verdict(result) == ("present", "ok", 0), result
    else:
        assert_verdict(result, "tls", 5, "not for this host")


def test_an_address_in_a_name_is_no_address(lab, tmp_path):
    """A dNSName or common name that looks like the address must not do."""
    authority = root()
    chain = Chain(leaf(authority, subject="127.0.0.1", more=[(x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")]), False)]),
                  trusted=[authority])
    assert_verdict(ask_chain(lab, tmp_path, chain, "127.0.0.1"), "tls", 5, "not for this host")


# ---- the servers' ways

def test_tls13_only(lab, tmp_path):
    result = ask_chain(lab, tmp_path, plain(), minimum_version=ssl.TLSVersion.TLSv1_3)
    assert_verdict(result, "tls", 5, HOST, "version of TLS", "1.2")


@pytest.mark.parametrize("ciphers", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384"])
def test_no_common_suite(lab, tmp_path, ciphers):
    chain = plain()
    context = chain.context(tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with HttpServer(lambda request, peer: answers(request), context=context) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", "--ca-file", chain.ca_file(tmp_path), hosts=HOSTS)
    assert_verdict(result, "tls", 5, "cipher suite", "AES-GCM")


SUITES = {"ECDHE-ECDSA-AES128-GCM-SHA256": 0xC02B, "ECDHE-RSA-AES128-GCM-SHA256": 0xC02F, "ECDHE-ECDSA-AES256-GCM-SHA384": 0xC02C,
          "ECDHE-RSA-AES256-GCM-SHA384": 0xC030, "ECDHE-ECDSA-CHACHA20-POLY1305": 0xCCA9, "ECDHE-RSA-CHACHA20-POLY1305": 0xCCA8}


@pytest.mark.parametrize("ciphers", SUITES)
def test_each_suite(lab, tmp_path, ciphers):
    chain = plain(kind="rsa2048" if "RSA" in ciphers and "ECDSA" not in ciphers else "p256")
    context = chain.context(tmp_path)
    context.set_ciphers(ciphers)
    with HttpServer(lambda request, peer: answers(request), context=context) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", "--ca-file", chain.ca_file(tmp_path), hosts=HOSTS)
    assert verdict(result) == ("present", "ok", 0), result


def capture_hello(lab, url_host, address="127.0.0.1"):
    hello = []

    def handler(peer):
        while len(peer.pending) < 5 or len(peer.pending) < 5 + int.from_bytes(peer.pending[3:5], "big"):
            if not peer.fill():
                break
        hello.append(peer.pending)
    with Server(handler, address=address) as server:
        result = ask(lab, f"https://{url_host}:{server.port}", hosts=HOSTS)
        assert_verdict(result, "unreachable", 4, "TLS handshake")
    return parse_client_hello(hello[0])


def has_aes():
    with open("/proc/cpuinfo") as f:
        return " aes " in f.read().replace("\n", " ")


def test_client_hello(lab):
    hello = capture_hello(lab, HOST)
    assert hello["version"] == 0x0303
    suites = [s for s in hello["suites"] if s != 0x00FF]  # the signal of RFC 5746
    assert sorted(suites) == sorted(SUITES.values())
    if has_aes():
        assert suites == [0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8]
    else:
        assert suites[:2] == [0xCCA9, 0xCCA8]
    assert hello["extensions"][0][5:] == HOST.encode()
    algorithms = hello["extensions"][13][2:]
    pairs = {(algorithms[n], algorithms[n + 1]) for n in range(0, len(algorithms), 2)}
    assert pairs == {(h, s) for h in (4, 5, 6) for s in (1, 3)}, "SHA-256, SHA-384 and SHA-512 with RSA and ECDSA, no SHA-1"
    assert 35 not in hello["extensions"] and 1 not in hello["extensions"], "no tickets, no small records"


@pytest.mark.parametrize("host, address", [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")])
def test_no_server_name_for_addresses(lab, host, address):
    assert 0 not in capture_hello(lab, host, address)["extensions"]


def test_server_name_in_lower_case_without_dot(lab):
    assert capture_hello(lab, HOST.upper() + ".")["extensions"][0][5:] == HOST.encode()


@pytest.mark.parametrize("data, words", [
    (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "does not speak TLS"), (b"220 smtp ready\r\n", "does not speak TLS"),
    (b"\x15\x03\x03\x00\x02\x02\x28", "cipher suite"), (b"\x15\x03\x03\x00\x02\x02\x46", "version of TLS"),
    (b"\x15\x03\x03\x00\x02\x02\x70", "host name"), (b"\x15\x03\x03\x00\x02\x02\x50", "alert 80"),
    (b"\x15\x03\x03\x00\x02\x02\x2a", "client certificate"), (b"\x00" * 200, "TLS failed"),
    (b"\x16\x03\x03\x40\x01" + b"\x02" * 16385, "TLS failed"), (b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00", "TLS failed")])
def test_what_is_no_tls(lab, data, words):
    def handler(peer):
        peer.fill()
        peer.send(data)
        peer.drain()
    with Server(handler) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", hosts=HOSTS)
        assert_verdict(result, "tls", 5, HOST, words)
        assert result.seconds < 1


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x03"])
def test_a_handshake_that_stalls(lab, sent):
    def handler(peer):
        peer.fill()
        peer.send(sent)
        peer.drain()
    with Server(handler) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", timeout="600ms", hosts=HOSTS)
        assert_verdict(result, "timeout", 4, HOST, "TLS handshake")
        assert 0.5 < result.seconds < 1.5


@pytest.mark.parametrize("after", [0, 5, 60])
def test_a_handshake_that_is_cut(lab, tmp_path, after):
    """Cut at any place it is `unreachable`, which may pass."""
    chain = plain()
    context = chain.context(tmp_path)

    def handler(peer):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        peer.fill()
        incoming.write(peer.pending)
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        peer.send(outgoing.read()[:after])
    with Server(handler) as server:
        assert_verdict(ask(lab, f"https://{HOST}:{server.port}", "--ca-file", chain.ca_file(tmp_path), hosts=HOSTS),
                       "unreachable", 4, "closed during the TLS handshake")


def test_damaged_record(lab, tmp_path):
    """Someone changes a byte of what the server sends after the handshake."""
    chain = plain()
    with served(chain, tmp_path) as server:
        def handler(peer):
            inner = socket.create_connection(("127.0.0.1", server.port))

            def back():
                seen = 0
                with contextlib.suppress(OSError):
                    while data := inner.recv(65536):
                        seen += 1
                        if data[0] == 23:  # application data
                            data = data[:-1] + bytes([data[-1] ^ 1])
                        peer.socket.sendall(data)
            threading.Thread(target=back, daemon=True).start()
            with contextlib.suppress(OSError):
                while data := peer.socket.recv(65536):
                    inner.sendall(data)
            inner.close()
        with Server(handler) as middle:
            result = ask(lab, f"https://{HOST}:{middle.port}", "--ca-file", chain.ca_file(tmp_path), hosts=HOSTS)
    assert_verdict(result, "tls", 5, "damaged")


# ---- whom to trust

BUNDLE = os.path.realpath("/etc/ssl/certs/ca-certificates.crt")


def test_ca_file_replaces_the_others(lab, tmp_path):
    """SSL_CERT_FILE of the lab would do; the file that was named does not."""
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    other = file_of(tmp_path / "other.pem", root("Someone Else").pem)
    assert lab.ecr("check", "--via", "ecr", f"{repository}:v1").code == 0
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "1", "--ca-file", other, f"{repository}:v1")
    assert_verdict(result, "tls", 5, lab.api_host, other)
    assert lab.ecr("check", "--via", "ecr", "--ca-file", lab.ca, f"{repository}:v1", env={"SSL_CERT_FILE": other}).code == 0


PLACES = {
    "AWS_CA_BUNDLE": lambda path, home: {"AWS_CA_BUNDLE": path},
    "SSL_CERT_FILE": lambda path, home: {"SSL_CERT_FILE": path},
    "ca_bundle of the profile": lambda path, home: {
        "AWS_CONFIG_FILE": file_of(home / "config", f"[default]\nca_bundle = {path}\n"), "SSL_CERT_FILE": "/none"},
    "ca_bundle of a named profile": lambda path, home: {
        "AWS_CONFIG_FILE": file_of(home / "config", f"[profile ci]\nca_bundle = {path}\n"), "AWS_PROFILE": "ci"},
    "AWS_CA_BUNDLE before SSL_CERT_FILE": lambda path, home: {"AWS_CA_BUNDLE": path, "SSL_CERT_FILE": "/none"},
    "AWS_CA_BUNDLE before ca_bundle": lambda path, home: {
        "AWS_CA_BUNDLE": path, "AWS_CONFIG_FILE": file_of(home / "config", "[default]\nca_bundle = /none\n")},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("right", [True, False])
def test_places_of_the_bundle(lab, tmp_path, place, right):
    chain = plain()
    path = chain.ca_file(tmp_path) if right else file_of(tmp_path / "other.pem", root("Someone Else").pem)
    with served(chain, tmp_path) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", hosts=HOSTS, env=PLACES[place](path, tmp_path))
    if right:
        assert verdict(result) == ("present", "ok", 0), result
    else:
        assert_verdict(result, "tls", 5, path)


@pytest.mark.parametrize("text", [None, "", "no certificate\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_bad_ca_file_asks_nothing(lab, tmp_path, text):
    path = tmp_path / "ca.pem" if text is None else file_of(tmp_path / "ca.pem", text)
    with served(plain(), tmp_path) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", "--ca-file", str(path), hosts=HOSTS)
        assert result.code == 2 and result.stdout == "" and str(path) in result.stderr, result
        assert server.connections == 0


@pytest.mark.parametrize("reject", [[], ["-addreject", "serverAuth"], ["-addtrust", "serverAuth"]], ids=str)
def test_a_trusted_certificate_of_openssl_is_no_ca_file(lab, tmp_path, reject):
    """Behind it stands what it is not trusted for, which is not read here: RHEL keeps distrusted roots so."""
    chain = plain()
    path = tmp_path / "trusted-form.pem"
    subprocess.run(["openssl", "x509", "-in", chain.ca_file(tmp_path), *reject, "-trustout", "-out", path], check=True,
                   capture_output=True)
    assert "BEGIN TRUSTED CERTIFICATE" in path.read_text()
    with served(chain, tmp_path) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", "--ca-file", str(path), hosts=HOSTS)
        assert result.code == 2 and result.stdout == "" and str(path) in result.stderr, result
        # Beside a plain one it adds nothing.
        path.write_text(path.read_text() + root("Someone Else").pem)
        assert_verdict(ask(lab, f"https://{HOST}:{server.port}", "--ca-file", str(path), hosts=HOSTS), "tls", 5)
        assert server.requests == []


@pytest.mark.parametrize("system", [True, False], ids=["known to the system", "unknown"])
def test_a_daemon_with_a_bundle_that_cannot_be_read(lab, tmp_path, system):
    """Who restricts whom to trust does not want more than that: nothing is sent to the daemon, known or not."""
    chain = plain(names=["127.0.0.1"])
    prefix = ["unshare", "--mount", "sh", "-c", f'mount --bind {chain.ca_file(tmp_path)} {BUNDLE} && exec "$@"', "sh"]
    with served(chain, tmp_path) as server:
        def run(**env):
            return lab.ecr("check", "--via", "docker", "registry.lab.test/app:v1", key=None, home=tmp_path,
                           prefix=prefix if system else [],
                           env={"DOCKER_HOST": f"https://127.0.0.1:{server.port}", **env})
        if system:  # the way is there: without the variable the daemon is talked to
            run(SSL_CERT_FILE=None)
            assert server.requests
            server.requests.clear()
        result = run(SSL_CERT_FILE="/none/ca.pem")
        assert verdict(result)[0] == "unknown" and "/none/ca.pem" in result.stderr, result
        assert server.requests == []


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_bad_bundle_of_the_environment_skips_the_step(lab, tmp_path, dockerd, variable):
    """The chain goes on: the registry is not asked either, and the daemon has its own idea of whom to trust."""
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    lab.docker_login(tmp_path)
    env = {variable: "/none/ca.pem"}
    lab.clear_log()
    result = lab.ecr("check", "--json", f"{repository}:v1", env=env, home=tmp_path, docker=True)
    assert verdict(result) == ("present", "ok", 0), result
    assert [(s["source"], s["state"], s["reason"]) for s in result.json[0]["trail"]] == [
        ("ecr", "skipped", "no-credentials"), ("registry", "skipped", "no-credentials"), ("docker", "present", "ok")]
    assert lab.requests(service="api") == []
    assert "/none/ca.pem" in result.json[0]["trail"][0]["detail"] and "/none/ca.pem" in result.json[0]["trail"][1]["detail"]
    for via in ("ecr", "registry"):
        alone = lab.ecr("check", "--via", via, f"{repository}:v1", env=env)
        assert_verdict(alone, "no-credentials", 3, "/none/ca.pem")


def test_the_bundle_of_the_system(lab, tmp_path):
    """The lab's root is in the system's bundle, which is read where no file is named; embedded roots do not know it."""
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    assert lab.ecr("check", "--via", "ecr", f"{repository}:v1", env={"SSL_CERT_FILE": None}).code == 0
    with served(plain(), tmp_path) as server:
        result = ask(lab, f"https://{HOST}:{server.port}", hosts=HOSTS, env={"SSL_CERT_FILE": None})
    assert_verdict(result, "tls", 5, HOST, "--ca-file", "AWS_CA_BUNDLE")


def test_nothing_is_sent_to_a_server_that_is_not_believed(lab, tmp_path):
    chain = plain(names=["other.test"])
    with served(chain, tmp_path) as server:
        ask(lab, f"https://{HOST}:{server.port}", "--ca-file", chain.ca_file(tmp_path), hosts=HOSTS)
        assert server.connections == 1 and server.requests == []


def test_server_names_in_the_lab(lab):
    repository = lab.create_repository("team/app")
    lab.clear_log()
    lab.ecr("check", "--via", "ecr", f"{repository}:v1")
    assert {c["sni"] for c in lab.connections(service="api")} == {lab.api_host}
    assert {c["tls"] for c in lab.connections(service="api")} == {"TLSv1.2"}


def test_renegotiation_is_refused(lab, tmp_path):
    """A server that wants another handshake in the middle gets none."""
    chain = plain(kind="rsa2048")
    chain.context(tmp_path)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    process = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", str(tmp_path / "chain.pem"), "-tls1_2"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for line in process.stdout:
            if line.strip() == b"ACCEPT":
                break

        def renegotiate():
            said = b""
            while b"X-Amz-Target" not in said and len(said) < 100000:
                data = process.stdout.read1(4096)
                if not data:
                    return
                said += data
            process.stdin.write(b"r\n")
            process.stdin.flush()
        thread = threading.Thread(target=renegotiate, daemon=True)
        thread.start()
        result = ask(lab, f"https://{HOST}:{port}", "--ca-file", chain.ca_file(tmp_path), timeout="2s", hosts=HOSTS)
        thread.join(5)
    finally:
        process.kill()
        process.wait()
    state, reason, code = verdict(result)
    assert state == "unknown" and reason in ("tls", "unreachable", "bad-reply", "timeout"), result


