#!/usr/bin/env python3
"""Computes known answers of Signature Version 4 with botocore and writes sigv4_vectors.h beside this file.

    build/venv/bin/python tests/unit/make_sigv4_vectors.py
"""

import datetime
import pathlib
import sys
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
JSON = ("Content-Type", "application/x-amz-json-1.1")
DESCRIBE = ("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeImages")
API = "https://api.ecr.us-east-1.amazonaws.com/"
BODY = b'{"registryId":"123456789012","repositoryName":"team/app","imageIds":[{"imageTag":"v1"}]}'
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+/=="

# name, method, url, headers, body, then what differs from the usual: region, service, time, token, key
CASES = [
    ("describe images", "POST", API, [JSON, DESCRIBE], BODY, {}),
    ("a session token", "POST", API, [JSON, DESCRIBE], BODY, {"token": TOKEN}),
    ("no header of its own", "GET", API, [], b"", {}),
    ("empty body of a POST", "POST", API, [JSON], b"", {}),
    ("braces alone", "POST", API, [JSON, DESCRIBE], b"{}", {}),
    ("UTF-8 in the body", "POST", API, [JSON], "{\"description\":\"Größe 画像 🐳\"}".encode(), {}),
    ("NUL in the body", "POST", API, [JSON], b"a\0b", {}),
    ("one byte less than a block", "POST", API, [JSON], b"x" * 63, {}),
    ("one mebibyte", "POST", API, [JSON], b"a" * (1 << 20), {}),
    ("an odd port", "POST", "http://127.0.0.1:5000/", [JSON], BODY, {}),
    ("an odd port of https", "POST", "https://ecr.corp.example:8443/", [JSON], BODY, {}),
    ("443 written out", "POST", "https://api.ecr.us-east-1.amazonaws.com:443/", [JSON], BODY, {}),
    ("80 written out", "POST", "http://ecr.corp.example:80/", [JSON], BODY, {}),
    ("80 of https", "POST", "https://ecr.corp.example:80/", [JSON], BODY, {}),
    ("443 of http", "POST", "http://ecr.corp.example:443/", [JSON], BODY, {}),
    ("an IPv6 host", "POST", "https://[2001:db8::1]/", [JSON], BODY, {}),
    ("an IPv6 host with a port", "POST", "http://[::1]:4566/", [JSON], BODY, {}),
    ("mixed case in the host", "POST", "https://API.Ecr.US-east-1.AmazonAWS.com/", [JSON], BODY, {}),
    ("a Host header", "POST", "http://127.0.0.1:4566/", [("Host", "api.ecr.us-east-1.amazonaws.com"), JSON], BODY, {}),
    ("a Host header in small letters", "GET", API, [("host", "other.example:9999")], b"", {}),
    ("query to be sorted", "GET", API + "?b=2&a=1&c=3", [], b"", {}),
    ("query sorted by pairs, not strings", "GET", API + "?a1=1&a-b=2&a=3", [], b"", {}),
    ("query sorted by value", "GET", API + "?a=2&a=10&a=1&a=", [], b"", {}),
    ("query without values", "GET", API + "?z&a&m=", [], b"", {}),
    ("query with = in a value", "GET", API + "?token=a=b==&next=x", [], b"", {}),
    ("query encoded", "GET", API + "?q=%20%2F%C3%A9&A=~-_.", [], b"", {}),
    ("query with capitals", "GET", API + "?b=1&B=2&a=3&A=4", [], b"", {}),
    ("path of a base", "POST", "https://gateway.example/aws/ecr", [JSON], BODY, {}),
    ("path with a slash behind", "POST", "https://gateway.example/aws/ecr/", [JSON], BODY, {}),
    ("path with dot segments", "GET", "https://gateway.example/a/./b/../c", [], b"", {}),
    ("path with dots at the end", "GET", "https://gateway.example/a/b/..", [], b"", {}),
    ("path with a dot at the end", "GET", "https://gateway.example/a/b/.", [], b"", {}),
    ("path that climbs out", "GET", "https://gateway.example/../../x", [], b"", {}),
    ("path with empty parts", "GET", "https://gateway.example//a///b//", [], b"", {}),
    ("path with a percent", "GET", "https://gateway.example/a%20b/%2F", [], b"", {}),
    ("path with signs", "GET", "https://gateway.example/a:b@c,d;e=f+g~h_i-j.k", [], b"", {}),
    ("path with three dots", "GET", "https://gateway.example/.../a./.b", [], b"", {}),
    ("white space in a value", "GET", API, [("X-Amz-Meta", "  a   b\t\tc  ")], b"", {}),
    ("an empty value", "GET", API, [("X-Amz-Meta", "")], b"", {}),
    ("a header twice", "GET", API, [("X-Amz-Meta", "b"), ("X-Amz-Meta", "a")], b"", {}),
    ("names by bytes", "GET", API, [("X-Amz-b", "1"), ("X-Amz-A", "2"), ("x-amz-1", "3"), ("X-Amz-", "4")], b"", {}),
    ("headers that are never signed", "GET", API,
     [("User-Agent", "ecr"), ("Expect", "100-continue"), ("X-Amzn-Trace-Id", "Root=1"), ("Connection", "close"),
      ("Transfer-Encoding", "chunked"), ("TE", "trailers"), ("Trailer", "x"), ("Upgrade", "h2c"),
      ("Keep-Alive", "5"), ("Proxy-Authorization", "Basic eDp5")], b"", {}),
    ("headers that are signed", "POST", API,
     [("Accept", "*/*"), ("Content-Length", "2"), ("Cache-Control", "no-cache"), JSON], b"{}", {}),
    ("a hash of its own", "PUT", API, [("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")], b"anything", {}),
    ("the last second of a leap day", "POST", API, [JSON], b"{}", {"time": (2028, 2, 29, 23, 59, 59)}),
    ("the first second of a year", "POST", API, [JSON], b"{}", {"time": (2027, 1, 1, 0, 0, 0)}),
    ("the epoch", "POST", API, [JSON], b"{}", {"time": (1970, 1, 1, 0, 0, 0)}),
    ("beyond 32 bits", "POST", API, [JSON], b"{}", {"time": (2106, 2, 7, 6, 28, 16)}),
    ("a secret of 128 characters", "POST", API, [JSON], b"{}", {"key": ("AKIDLONG", "s/+=" * 32)}),
    ("STS", "POST", "https://sts.eu-central-1.amazonaws.com/",
     [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
     b"Action=GetCallerIdentity&Version=2011-06-15", {"region": "eu-central-1", "service": "sts"}),
    ("STS as a GET", "GET", "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", [], b"",
     {"service": "sts", "token": TOKEN}),
    ("ECR Public", "POST", "https://api.ecr-public.us-east-1.amazonaws.com/",
     [JSON, ("X-Amz-Target", "SpencerFrontendService.GetAuthorizationToken")], b"{}", {"service": "ecr-public"}),
] + [
    ("region " + region, "POST", f"https://api.ecr.{region}.{suffix}/", [JSON, DESCRIBE], BODY, {"region": region})
    for region, suffix in [
        ("eu-west-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn"), ("us-gov-west-1", "amazonaws.com"),
        ("eusc-de-east-1", "amazonaws.eu"), ("us-iso-east-1", "c2s.ic.gov"), ("us-isob-east-1", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "cloud.adc-e.uk"), ("us-isof-south-1", "csp.hci.ic.gov"),
    ]
]


class Signer(botocore.auth.SigV4Auth):
    """Remembers the canonical request and the string to sign."""

    def canonical_request(self, request):
        self.canonical = super().canonical_request(request)
        return self.canonical

    def string_to_sign(self, request, canonical_request):
        self.to_sign = super().string_to_sign(request, canonical_request)
        return self.to_sign


def sign(method, url, headers, body, options):
    when = datetime.datetime(*options.get("time", (2026, 11, 21, 6, 0, 0)), tzinfo=datetime.timezone.utc)
    request = AWSRequest(method=method, url=url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    key, secret = options.get("key", KEY)
    signer = Signer(Credentials(key, secret, options.get("token")), options.get("service", "ecr"),
                    options.get("region", "us-east-1"))
    with mock.patch("botocore.auth.get_current_datetime", return_value=when.replace(tzinfo=None)):
        signer.add_auth(request)
    return int(when.timestamp()), key, secret, signer, request.headers["Authorization"]


def text(value):
    """A C string literal. An octal escape has three digits, so that what follows cannot lengthen it."""
    if value is None:
        return "NULL"
    data = value if isinstance(value, bytes) else value.encode()
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in data) + '"'


def row(name, method, url, headers, body, options):
    when, key, secret, signer, authorization = sign(method, url, headers, body, options)
    fields = "".join(f"{{{text(n)}, {text(v)}}}, " for n, v in headers)
    repeated = len(body) > 1000
    given = f"{text(body[:1] if repeated else body)}, {1 if repeated else len(body)}, {len(body) if repeated else 1}"
    return "\n".join([
        f"    {{{text(name)}, {text(method)}, {text(url)},",
        f"     {{{fields}{{NULL, NULL}}}},",
        f"     {given},",
        f"     {text(key)}, {text(secret)}, {text(options.get('token'))},",
        f"     {text(options.get('region', 'us-east-1'))}, {text(options.get('service', 'ecr'))}, {when},",
        f"     {text(signer.canonical)},", f"     {text(signer.to_sign)},", f"     {text(authorization)}}},",
    ])


def main():
    assert len({case[0] for case in CASES}) == len(CASES)
    lines = ["/* Made by make_sigv4_vectors.py with botocore: do not edit. */", ""]
    lines += ["static const struct vector vectors[] = {"] + [row(*case) for case in CASES] + ["};", ""]
    place = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("sigv4_vectors.h"))
    place.write_text("\n".join(lines))


main()
