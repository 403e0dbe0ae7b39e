"""Signed links to layers, as the registry hands them out and the bucket checks them."""

import hashlib
import hmac
import secrets
import time
import urllib.parse

SECRET = secrets.token_bytes(32)  # of this lab alone


def _sign(path, until, generation):
    return hmac.new(SECRET, f"{path} {until} {generation}".encode(), hashlib.sha256).hexdigest()


def make(world, region, space, digest):
    path = f"/{space}/{digest}"
    until, generation = int(world.now()) + world.settings["link_seconds"], str(world.links_ended)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"LAB/{region}/s3/aws4_request",
             "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(world.now())), "X-Amz-Expires": str(until),
             "X-Amz-Security-Token": generation, "X-Amz-SignedHeaders": "host",
             "X-Amz-Signature": _sign(path, until, generation)}
    return (f"https://prod-{region}-starport-layer-bucket.s3.{region}.{suffix}{urllib.parse.quote(path)}"
            f"?{urllib.parse.urlencode(query)}")


def check(world, request):
    """None when the link is good, else (code, message)."""
    until, generation = request.argument("X-Amz-Expires") or "0", request.argument("X-Amz-Security-Token") or ""
    if not hmac.compare_digest(request.argument("X-Amz-Signature") or "", _sign(request.path, until, generation)):
        return "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."
    if int(until) < world.now() or generation != str(world.links_ended):
        return "AccessDenied", "Request has expired"
    return None
