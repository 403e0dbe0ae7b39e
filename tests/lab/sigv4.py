"""Checks Signature Version 4 by computing it again with botocore."""

import calendar
import re
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TOLERANCE = 300
INVALID = "InvalidSignatureException"


class SignatureError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def check(world, keys, request, service, region):
    """The key that signed the request. `region` None takes the one of the credential scope."""
    authorization = request.header("authorization")
    if not authorization:
        raise SignatureError("MissingAuthenticationTokenException", "Missing Authentication Token")
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})",
                         authorization)
    scope = found.group(1).split("/") if found else []
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise SignatureError("IncompleteSignatureException", "Authorization header requires 'Credential', 'Signature', "
                             "'SignedHeaders' and a scope of five parts. Authorization=(hidden)")
    identifier, date, scope_region, scope_service, _ = scope
    if scope_service != service:
        raise SignatureError(INVALID, f"Credential should be scoped to correct service: '{service}'. ")
    if region and scope_region != region:
        raise SignatureError(INVALID, f"Credential should be scoped to a valid region, not '{scope_region}'. ")
    key = keys.by_id.get(identifier)
    if key is None or key.token != request.header("x-amz-security-token"):
        raise SignatureError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if key.over():
        raise SignatureError("ExpiredTokenException", "The security token included in the request is expired")

    signed = found.group(2).split(";")
    for name in sorted({n.lower() for n, _ in request.headers}):
        if (name in ("host", "content-type") or name.startswith("x-amz-")) and name not in signed:
            raise SignatureError(INVALID, f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    if signed != sorted(signed):
        raise SignatureError("IncompleteSignatureException", "SignedHeaders are not sorted")
    stamp = request.header("x-amz-date") or ""
    check_time(world, stamp, date)
    if signature(request, key, scope_region, service, signed, stamp) != found.group(3):
        raise SignatureError(INVALID, "The request signature we calculated does not match the signature you provided. Check "
                             "your AWS Secret Access Key and signing method. Consult the service documentation for details.")
    return key


def check_time(world, stamp, date):
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or stamp[:8] != date:
        raise SignatureError("IncompleteSignatureException", "Date in Credential scope does not match YYYYMMDD from "
                             "ISO-8601 version of date from HTTP")
    moment, now = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")), world.now()
    show = lambda t: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(t))
    if moment < now - TOLERANCE:
        raise SignatureError(INVALID, f"Signature expired: {stamp} is now earlier than {show(now - TOLERANCE)} "
                             f"({show(now)} - 5 min.)")
    if moment > now + TOLERANCE:
        raise SignatureError(INVALID, f"Signature not yet current: {stamp} is still later than {show(now + TOLERANCE)} "
                             f"({show(now)} + 5 min.)")


def signature(request, key, region, service, signed, stamp):
    auth = SigV4Auth(Credentials(key.id, key.secret, key.token), service, region)
    again = AWSRequest(method=request.method, url=request.origin + request.target, data=request.body)
    again.context["timestamp"] = stamp
    for name, value in request.headers:
        if name.lower() in signed:
            again.headers.add_header(name, value)
    return auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
