#!/usr/bin/env python3
"""Makes the certificates that test_cert.c reads and writes certificates.h beside this file (new keys every time).

    build/venv/bin/python tests/unit/make_certificates.py
"""

import datetime
import ipaddress
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage, NameOID

P256 = ec.generate_private_key(ec.SECP256R1())
UTC = datetime.timezone.utc


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab"), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def make(common="leaf.test", sans=(), usages=None, ca=None, key=P256, after=2040, issuer=None, critical_usage=False):
    builder = (x509.CertificateBuilder().subject_name(name(common)).issuer_name(name(issuer or common)).serial_number(7)
               .public_key(key.public_key()).not_valid_before(datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
               .not_valid_after(datetime.datetime(after, 6, 7, 8, 9, 10, tzinfo=UTC)))
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(sans)), critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical_usage)
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest)


def dns(*names):
    return [x509.DNSName(n) for n in names]


def ips(*addresses):
    return [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]


CASES = {
    "plain": make(sans=dns("a.example.test")),
    "many": make(sans=dns("a.example.test", "*.b.example.test", "UPPER.Example.TEST", "dot.example.test.") +
                 ips("192.0.2.1", "2001:db8::1")),
    "wildcard": make(sans=dns("*.example.test")),
    "wildcard_tld": make(sans=dns("*.test")),
    "wildcard_all": make(sans=dns("*", "*.", "*..test")),
    "wildcard_odd": make(sans=dns("a*.example.test", "*a.example.test", "a.*.example.test", "**.example.test", "*.*.example.test")),
    "address_as_name": make(common="192.0.2.1", sans=dns("192.0.2.1", "2001:db8::1")),
    "common_name_only": make(common="a.example.test"),
    "other_names": make(common="a.example.test",
                        sans=[x509.RFC822Name("x@a.example.test"), x509.UniformResourceIdentifier("https://a.example.test/"),
                              x509.DirectoryName(name("a.example.test"))]),
    "network": make(sans=[x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))]),
    "with_nul": make(sans=dns("a.example.test\0.evil.test")),
    "six_names": make(sans=dns(*(f"{c}.test" for c in "abcdef"))),
    "server": make(usages=[Usage.SERVER_AUTH], ca=False),
    "client": make(usages=[Usage.CLIENT_AUTH], ca=False),
    "both": make(usages=[Usage.CLIENT_AUTH, Usage.SERVER_AUTH], critical_usage=True),
    "any_usage": make(usages=[Usage.ANY_EXTENDED_KEY_USAGE]),
    "rsa": make(key=rsa.generate_private_key(65537, 2048), sans=dns("rsa.test")),
    "p384": make(key=ec.generate_private_key(ec.SECP384R1()), after=2050),
    "p521": make(key=ec.generate_private_key(ec.SECP521R1())),
    "ed25519": make(key=ed25519.Ed25519PrivateKey.generate()),
    "p224": make(key=ec.generate_private_key(ec.SECP224R1())),
    "root": make(common="Lab Root", ca=True),
    "old_root": make(common="Lab Root", ca=True, after=2021),
    "other_root": make(common="Other Root", ca=True),
    "issued": make(issuer="Lab Root", sans=dns("a.example.test"), ca=False),
}


def main():
    lines = ["/* Made by make_certificates.py: do not edit. */"]
    for label, certificate in CASES.items():
        data = certificate.public_bytes(serialization.Encoding.DER)
        lines += ["", f"static const unsigned char cert_{label}[] = {{"]
        lines += ["    " + " ".join(f"0x{b:02x}," for b in data[i:i + 18]) for i in range(0, len(data), 18)] + ["};"]
    place = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("certificates.h"))
    place.write_text("\n".join(lines + [""]))


main()
