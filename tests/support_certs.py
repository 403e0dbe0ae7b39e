"""Certificates with one thing wrong, or right in an unusual way; kept small: a key of each kind is made once a run."""

import datetime
import functools
import ipaddress
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}


@functools.cache
def key(kind="p256", number=0):
    """The same key for the same arguments."""
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind]())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa")))


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Issuer:
    """A certificate with its key. `parent` None: self-signed."""

    def __init__(self, subject, parent=None, kind="p256", number=0, names=(), ca=None, path_length=None, start=-30, end=365,
                 usage=None, critical=(), digest=hashes.SHA256, pss=False, cn_only=False, key_usage=True, more=()):
        self.key, self.subject = key(kind, number or subject), name(subject)
        signer = parent or self
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(self.subject).issuer_name(signer.subject)
                   .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now + start * DAY).not_valid_after(now + end * DAY))
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        if parent:
            above = x509.AuthorityKeyIdentifier.from_issuer_public_key(parent.key.public_key())
            builder = builder.add_extension(above, critical=False)
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
            if ca and key_usage:
                builder = builder.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative(n) for n in names]), critical=False)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical="usage" in critical)
        for extension, is_critical in more:
            builder = builder.add_extension(extension, is_critical)
        algorithm = None if isinstance(signer.key, ed25519.Ed25519PrivateKey) else digest()
        options = {"rsa_padding": padding.PSS(padding.MGF1(digest()), digest().digest_size)} if pss else {}
        self.certificate = builder.sign(signer.key, algorithm, **options)

    def signed_with_sha1(self, parent):
        """The same out of a self-signed one, signed as nobody should any more: Python's library refuses to."""
        with tempfile.TemporaryDirectory() as folder:
            for file, text in (("own", self.pem), ("ca", parent.pem), ("key", parent.key_pem)):
                with open(f"{folder}/{file}", "w") as f:
                    f.write(text)
            done = subprocess.run(["openssl", "x509", "-in", "own", "-CA", "ca", "-CAkey", "key", "-sha1", "-days", "90",
                                   "-set_serial", "7"], cwd=folder, capture_output=True, check=True)
        self.certificate = x509.load_pem_x509_certificate(done.stdout)
        assert self.certificate.signature_algorithm_oid in (x509.SignatureAlgorithmOID.ECDSA_WITH_SHA1,
                                                             x509.SignatureAlgorithmOID.RSA_WITH_SHA1)
        return self

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()).decode()


def root(subject="Test Root", **options):
    return Issuer(subject, ca=True, **options)


def leaf(parent, *names, subject="leaf", **options):
    return Issuer(subject, parent, names=names, **options)


SERVER = [ExtendedKeyUsageOID.SERVER_AUTH]
CLIENT = [ExtendedKeyUsageOID.CLIENT_AUTH]
ANY = [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
CONSTRAINTS = x509.NameConstraints([x509.DNSName("example.com")], None)
