#!/usr/bin/env python3
"""roots.py WHEEL: the root certificates of a certifi wheel as the C table of src/net/roots.h, on standard output.

Of each root a TLS client needs its name, its public key and its last day; BearSSL has no use for the rest, and the
embedded table is half the size for it. Per root, in an order that depends on nothing but the bundle:

    notAfter as signed 64 bit big-endian seconds since 1970, 16 bit length and DER of the subject Name, 16 bit
    length and DER of the SubjectPublicKeyInfo

Roots that have expired stay in: the program looks at the date when it runs, and the build does not depend on today.
"""

import base64
import calendar
import re
import struct
import sys
import zipfile


def element(der, at):
    """Tag, start of the element, start and end of its content."""
    length, content = der[at + 1], at + 2
    if length & 0x80:
        content += length & 0x7F
        length = int.from_bytes(der[at + 2:content], "big")
    if content + length > len(der):
        raise ValueError("truncated DER")
    return der[at], at, content, content + length


def children(der, at):
    """The elements inside the constructed element at `at`."""
    _, _, here, end = element(der, at)
    while here < end:
        child = element(der, here)
        yield child
        here = child[3]


def seconds(tag, text):
    """UTCTime or GeneralizedTime, in the only form RFC 5280 allows."""
    text = text.decode("ascii")
    if tag == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != 0x18:
        raise ValueError("not a time")
    parts = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z", text)
    return calendar.timegm(tuple(int(p) for p in parts.groups()) + (0, 0, 0))


def root(der):
    fields = list(children(der, next(children(der, 0))[1]))
    if fields[0][0] == 0xA0:  # the version number, absent in version 1
        del fields[0]
    # serial number, signature algorithm, issuer, validity, subject, public key
    _, not_after = children(der, fields[3][1])
    subject = der[fields[4][1]:fields[4][3]]
    key = der[fields[5][1]:fields[5][3]]
    return subject, key, seconds(not_after[0], der[not_after[2]:not_after[3]])


def main():
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        bundle = wheel.read("certifi/cacert.pem").decode("utf-8")
    pem = re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", bundle, re.S)
    roots = sorted({root(base64.b64decode(text)) for text in pem})
    if len(roots) < 50:
        sys.exit("roots.py: only %d certificates: not the bundle that was meant" % len(roots))

    table = b"".join(
        struct.pack(">qH", end, len(subject)) + subject + struct.pack(">H", len(key)) + key
        for subject, key, end in roots)
    print('/* %d roots, made by vendor/roots.py */\n#include "net/roots.h"\n\nconst unsigned char net_roots[] = {'
          % len(roots))
    for i in range(0, len(table), 24):
        print("    %s," % ",".join(str(byte) for byte in table[i:i + 24]))
    print("};\nconst size_t net_roots_len = sizeof net_roots;")


main()
