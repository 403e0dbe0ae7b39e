"""The test certificate authority: a root, two intermediates (RSA as Amazon's, and elliptic curve), leafs on demand."""

import datetime
import ipaddress
import os
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import names

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _rsa():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _ec():
    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def _alternative(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def certificate_name(host):
    """Registries carry a wildcard certificate of their region, as the real ones do; all else carries its own name."""
    service, _, _ = names.match(host)
    if service in ("registry", "bucket"):
        return "*." + host.split(".", 1)[1]
    return host


class Authority:
    """Signs certificates and keeps TLS contexts ready. `kind` is what shall be wrong with a leaf: see KINDS."""

    KINDS = ("good", "ec", "wrong_host", "expired", "future", "self_signed", "untrusted", "no_intermediate", "tls13")

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.lock = threading.Lock()
        self.contexts = {}
        self.root_key = _rsa()
        self.root = self._ca("Lab Root CA", self.root_key, None, None)
        self.rsa_key, self.ec_key = _rsa(), _ec()
        self.rsa_ca = self._ca("Lab RSA Intermediate", self.rsa_key, self.root, self.root_key)
        self.ec_ca = self._ca("Lab EC Intermediate", self.ec_key, self.root, self.root_key)
        self.leaf_rsa, self.leaf_ec = _rsa(), _ec()
        self.stranger_key = _ec()
        self.stranger = self._ca("Strange Root CA", self.stranger_key, None, None)
        self.root_file = os.path.join(folder, "root.pem")
        with open(self.root_file, "wb") as f:
            f.write(_pem(self.root))

    def _ca(self, name, key, issuer, issuer_key):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder()
                .subject_name(_name(name)).issuer_name(issuer.subject if issuer else _name(name))
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - 30 * DAY).not_valid_after(now + 365 * DAY)
                .add_extension(x509.BasicConstraints(ca=True, path_length=1 if issuer is None else 0), critical=True)
                .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key()),
                               critical=False)
                .sign(issuer_key or key, hashes.SHA256()))

    def leaf(self, hosts, key, issuer, issuer_key, start=-10, end=90, usage=ExtendedKeyUsageOID.SERVER_AUTH):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder()
                .subject_name(_name(hosts[0][:64])).issuer_name(issuer.subject)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now + start * DAY).not_valid_after(now + end * DAY)
                .add_extension(x509.SubjectAlternativeName([_alternative(h) for h in hosts]), critical=False)
                .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
                .sign(issuer_key, hashes.SHA256()))

    def _chain(self, host, kind):
        """(private key, [certificates as they are sent])"""
        hosts = [certificate_name(host)]
        if kind == "ec":
            return self.leaf_ec, [self.leaf(hosts, self.leaf_ec, self.ec_ca, self.ec_key), self.ec_ca]
        if kind == "untrusted":
            return self.leaf_ec, [self.leaf(hosts, self.leaf_ec, self.stranger, self.stranger_key)]
        if kind == "self_signed":
            key = _ec()
            issuer = self._ca(hosts[0][:64], key, None, None)
            return key, [self.leaf(hosts, key, issuer, key)]
        if kind == "wrong_host":
            hosts = ["somewhere-else.lab.test"]
        start, end = {"expired": (-20, -1), "future": (1, 90)}.get(kind, (-10, 90))
        leaf = self.leaf(hosts, self.leaf_rsa, self.rsa_ca, self.rsa_key, start, end)
        return self.leaf_rsa, [leaf] if kind == "no_intermediate" else [leaf, self.rsa_ca]

    def context(self, host, kind="good"):
        """The server side TLS context for a host name; made once for each name and kind."""
        with self.lock:
            found = self.contexts.get((host, kind))
            if found is None:
                path = os.path.join(self.folder, f"{kind}-{len(self.contexts)}.pem")
                key, chain = self._chain(host, kind)
                with open(path, "wb") as f:
                    f.write(_key_pem(key) + b"".join(_pem(c) for c in chain))
                found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                found.minimum_version = ssl.TLSVersion.TLSv1_3 if kind == "tls13" else ssl.TLSVersion.TLSv1_2
                found.set_alpn_protocols(["http/1.1"])
                found.load_cert_chain(path)
                self.contexts[(host, kind)] = found
            return found

    def write_docker_tls(self, folder, hosts):
        """ca.pem, server and client pairs as dockerd and DOCKER_CERT_PATH want them."""
        os.makedirs(folder, exist_ok=True)
        parts = {"ca.pem": _pem(self.root)}
        for name, usage in (("server-", ExtendedKeyUsageOID.SERVER_AUTH), ("", ExtendedKeyUsageOID.CLIENT_AUTH)):
            key = _rsa()
            leaf = self.leaf(hosts if name else ["client"], key, self.rsa_ca, self.rsa_key, usage=usage)
            parts[name + "cert.pem"] = _pem(leaf) + _pem(self.rsa_ca)
            parts[name + "key.pem"] = _key_pem(key)
        for name, text in parts.items():
            with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
                f.write(text)
