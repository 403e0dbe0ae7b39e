"""The binary for aarch64, run by an emulator in the lab."""

import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading

import pytest

from lab.client import ROOT
from support_certs import leaf, root
from support_move import blobs_of, image, layout_fault
from support_net import HttpServer, file_of, reply

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PATH = os.path.join(ROOT, "build", "aarch64", "ecr")
QEMU = "qemu-aarch64-static"
CHACHA, AES = {0xcca8, 0xcca9}, {0xc02b, 0xc02c, 0xc02f, 0xc030}


@pytest.fixture(scope="module")
def binary():
    if not os.path.exists(PATH):
        subprocess.run(["make", "-s", "aarch64"], cwd=ROOT, check=True, capture_output=True, timeout=300)
    return PATH


@pytest.fixture
def ecr(lab, binary, monkeypatch):
    monkeypatch.setenv("ECR_BIN", binary)
    return lambda *arguments, **rest: lab.ecr(*arguments, prefix=[shutil.which(QEMU)], **rest)


def test_it_is_static_and_for_aarch64(binary):
    head = subprocess.run(["readelf", "-hlW", binary], capture_output=True, text=True, check=True).stdout
    assert "AArch64" in head and "DYN" in head  # static-pie
    assert "INTERP" not in head
    assert "NEEDED" not in subprocess.run(["readelf", "-dW", binary], capture_output=True, text=True, check=True).stdout


def test_version_and_parse(ecr, lab):
    assert ecr("version").stdout.startswith("ecr ")
    assert ecr("parse", "--json", f"{HOST}/app:v1").json[0]["region"] == "us-east-1"


def test_present_absent_unfit_unknown(ecr, lab):
    repository = lab.create_repository("app")
    made = lab.push_image(f"{repository}:v1")
    lab.push_image(f"{repository}:old", content="old")
    lab.archive(f"{repository}:old")
    result = ecr("check", f"{repository}:v1")
    assert (result.code, result.stdout) == (0, f"present  {repository}:v1  {made.digest}\n"), result
    assert ecr("check", f"{repository}:v2").stdout == f"absent  {repository}:v2  no-image\n"
    assert ecr("check", f"{repository}:old").code == 6
    assert ecr("check", f"{repository}:v1", key="wrong-secret").code == 3
    lab.fault("tls_untrusted", host=lab.api_host)
    result = ecr("check", "--via", "ecr", f"{repository}:v1")
    assert result.code == 5 and result.stdout == f"unknown  {repository}:v1  tls\n"


def suites_of_hello(run):
    """The cipher suites of a ClientHello that a run sends to 127.0.0.1:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def serve():
            connection, _ = server.accept()
            with connection:
                kept.append(connection.recv(16384))

        thread = threading.Thread(target=serve)
        thread.start()
        run(f"https://127.0.0.1:{server.getsockname()[1]}")
        thread.join(10)
    hello = kept[0]
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    size, = struct.unpack_from(">H", hello, at)
    return [s for s in struct.unpack_from(f">{size // 2}H", hello, at + 2) if s not in (0x00ff, 0x5600)]


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_an_image_through_each_suite(ecr, lab, tmp_path, suite):
    """Records of every length, so that each end of AES-GCM's loops is met."""
    made = image([n * 777 + 1 for n in range(1, 40)] + [300_000])
    authority = root()
    chain = leaf(authority, "reg.lab.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file_of(tmp_path / "chain.pem", chain.key_pem + chain.pem))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    contents = {f"/v2/app/blobs/{digest}": data for digest, data in blobs_of(made).items()} | {"/v2/app/manifests/v1": made.manifest}

    def answer(request, peer):
        return reply(contents[request.target], content_type=made.media_type if "manifests" in request.target else "x/y")
    with HttpServer(answer, context=context) as server:
        result = ecr("pull", "--ca-file", file_of(tmp_path / "ca.pem", authority.pem), f"reg.lab.test:{server.port}/app:v1",
                     f"oci:{tmp_path}/layout", hosts="127.0.0.1 reg.lab.test\n")
    assert (result.code, result.stdout) == (0, made.digest + "\n"), result
    assert layout_fault(tmp_path / "layout") is None


def test_order_of_the_suites(ecr, lab):
    """AES-GCM first where the CPU has instructions for it, as the emulator's has."""
    check = ["check", "--via", "ecr", "--timeout", "5s", "--max-attempts", "1", "--endpoint-url"]
    here = suites_of_hello(lambda url: ecr(*check, url, f"{HOST}/app:v1"))
    assert set(here) == CHACHA | AES and set(here[:4]) == AES
    os.environ.pop("ECR_BIN", None)  # the machine's own
    there = suites_of_hello(lambda url: lab.ecr(*check, url, f"{HOST}/app:v1"))
    assert set(there) == CHACHA | AES
    with open("/proc/cpuinfo") as f:
        assert (there[0] in AES) == (" aes " in f.read())
