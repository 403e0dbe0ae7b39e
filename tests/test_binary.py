"""The release binary as a file: how it is linked, what is in it, and what is not."""

import os
import re
import subprocess

import pytest

from lab.client import ROOT

BINARY = os.path.join(ROOT, "build", "ecr")
MAP = os.path.join(ROOT, "build", os.uname().machine, "ecr.map")
SIZE_MAX = 620 * 1024


def readelf(*options):
    return subprocess.run(["readelf", *options, BINARY], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def segments():
    """[(type, flags, address, size in memory)] of the program headers."""
    found = re.findall(r"^  (\w+)\s+0x\w+ 0x(\w+) 0x\w+ 0x\w+ 0x(\w+) ([RWE ]{3}) ", readelf("-lW"), re.MULTILINE)
    assert found
    return [(kind, flags.replace(" ", ""), int(address, 16), int(size, 16)) for kind, address, size, flags in found]


@pytest.fixture(scope="module")
def linked():
    """Names of the sections that the linker kept, one a function (-ffunction-sections)."""
    with open(MAP) as f:
        text = f.read()
    kept = text.split("Linker script and memory map", 1)[1]
    names = set(re.findall(r"^ \.text\.([A-Za-z_]\w*)", kept, re.MULTILINE))
    members = set(re.findall(r"\(([\w.-]+\.(?:o|lo))\)", kept))
    assert len(names) > 300 and len(members) > 50
    return names, members


def test_static_pie(segments):
    head = readelf("-hW")
    assert re.search(r"Type:\s+DYN", head)
    assert "INTERP" not in {kind for kind, *_ in segments}
    assert "NEEDED" not in readelf("-dW") and "PIE" in readelf("-dW")


def test_relro_and_bind_now(segments):
    dynamic = readelf("-dW")
    assert "BIND_NOW" in dynamic and "TEXTREL" not in dynamic
    (_, _, start, size), = [s for s in segments if s[0] == "GNU_RELRO"]
    assert size > 0
    got = re.search(r"\s\.got\s+\w+\s+(\w+)\s+\w+\s+(\w+)", readelf("-SW"))
    if got:  # full RELRO: the table of addresses lies within
        assert start <= int(got[1], 16) and int(got[1], 16) + int(got[2], 16) <= start + size


def test_no_segment_is_writable_and_executable(segments):
    assert not [s for s in segments if "W" in s[1] and "E" in s[1]]
    stack, = [s for s in segments if s[0] == "GNU_STACK"]
    assert stack[1] == "RW"


def test_stripped():
    sections = readelf("-SW")
    for name in (".symtab", ".debug", ".comment", ".note.gnu.build-id"):
        assert name not in sections or name == ".comment"
    assert " .symtab" not in sections


def test_size():
    assert os.path.getsize(BINARY) < SIZE_MAX


def test_nothing_of_the_machine_in_it():
    with open(BINARY, "rb") as f:
        data = f.read()
    for word in (ROOT.encode(), b"/home/", b"/root/", b"/build/", b"/work/", b"/tmp/", b"\0" + os.uname().nodename.encode() + b"\0",
                 b".c\0src/"):
        assert word not in data, word
    paths = {p.decode() for p in re.findall(rb"\0(/[a-z]+/[\w./-]+)(?=\0)", data)}
    allowed = ("/etc/", "/dev/", "/proc/", "/run/", "/var/run/", "/tmp", "/var/tmp", "/usr/share/zoneinfo", "/share/zoneinfo", "/var/lib/",
               "/usr/lib/", "/opt/", "/usr/local/share/", "/v1/", "/contexts/", "/images/", "/distribution/", "/podman/",
               "/bin/sh", "/docker", "/federation/", "/usr/share/ca-certificates", "/system/etc/")
    assert not [p for p in paths if not p.startswith(allowed)], paths


def test_only_the_suites_that_are_used(linked):
    """ECDHE with AES-GCM or ChaCha20-Poly1305: no CBC, no 3DES, no RC4, no RSA key exchange, no CCM."""
    names, members = linked
    unwanted = re.compile(r"cbc|3des|_des_|rc4|_ccm|md5|ssl_server|rsa_\w+_oaep|ssl_rec_cbc|eax")
    # The engine keeps its switches, which only point at what a profile brings along.
    assert not {n for n in names if n.startswith("br_") and unwanted.search(n) and "engine_switch" not in n}
    assert not {m for m in members if unwanted.search(m) and "sslio" not in m}
    assert {"br_sslrec_in_gcm_vtable", "br_chacha20_ct_run"} & names or any("chacha20" in m for m in members)
    assert any("ghash" in m for m in members)


def test_programs_are_started_in_one_way(linked):
    """By posix_spawnp with an argument list of ours, for credential_process and helpers: never by a shell."""
    names, members = linked
    assert "posix_spawnp" in names
    assert not names & {"system", "popen", "execl", "execlp", "execle", "fork", "vfork", "wordexp"}
    assert not members & {f"{n}.{o}" for n in ("system", "popen", "wordexp", "fork", "vfork") for o in ("o", "lo")}
    with open(BINARY, "rb") as f:
        assert b"/bin/sh\0" not in f.read()


def test_no_ballast_of_the_c_library(linked):
    """What a small program never needs must not creep in through the C library."""
    _, members = linked
    assert not {m for m in members if re.match(r"(iconv|regcomp|glob|dlopen|vfwprintf|vfscanf|wcsrtombs|setlocale)\.", m)}


def test_roots_are_embedded():
    with open(BINARY, "rb") as f:
        data = f.read()
    # Subjects of roots that AWS' own chains end in.
    for name in (b"Amazon Root CA 1", b"Starfield Services Root Certificate Authority - G2"):
        assert name in data
