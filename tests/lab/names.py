"""Which DNS name belongs to which service, and which addresses it gets."""

import re

from . import network

# The one account at the registries with passwords and at the proxy.
USER, PASSWORD = "user", "password"

REGION = r"(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d+)"
SUFFIX = r"(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
DUAL = (r"(?:api\.aws|api\.amazonwebservices\.com\.cn|api\.amazonwebservices\.eu|api\.aws\.ic\.gov|api\.aws\.scloud"
        r"|api\.cloud-aws\.adc-e\.uk|api\.aws\.hci\.ic\.gov)")

# (pattern of the whole name, service, has it IPv6 addresses too)
TABLE = [(re.compile(pattern), service, dual) for pattern, service, dual in (
    (rf"api\.ecr(?:-fips)?\.{REGION}\.{SUFFIX}", "api", False),
    (rf"ecr-fips\.{REGION}\.{SUFFIX}", "api", False),
    (rf"ecr(?:-fips)?\.{REGION}\.{DUAL}", "api", True),
    (rf"vpce-[a-z0-9-]+\.api\.ecr\.{REGION}\.vpce\.amazonaws\.com", "api", False),
    (rf"(?P<account>\d{{12}})\.dkr\.ecr(?:-fips)?\.{REGION}\.{SUFFIX}", "registry", False),
    (rf"(?P<account>\d{{12}})\.dkr-ecr(?:-fips)?\.{REGION}\.on\.(?:aws|amazonwebservices\.com\.cn)", "registry", True),
    (rf"prod-{REGION}-starport-layer-bucket\.s3(?:\.dualstack)?\.[a-z0-9-]+\.{SUFFIX}", "bucket", False),
    (r"public\.ecr\.aws", "public", False),
    (r"ecr-public\.aws\.com", "public", True),
    (rf"(?:api\.)?ecr-public(?:-fips)?\.{REGION}\.{SUFFIX}", "api-public", False),
    (rf"(?:api\.)?ecr-public(?:-fips)?\.{REGION}\.{DUAL}", "api-public", True),
    (rf"sts(?:-fips)?\.{REGION}\.{SUFFIX}", "sts", False),
    (rf"sts(?:-fips)?\.{REGION}\.{DUAL}", "sts", True),
    (r"sts\.amazonaws\.com", "sts", False),
    (rf"portal\.sso(?:-fips)?\.{REGION}\.{SUFFIX}", "sso", False),
    (rf"portal\.sso(?:-fips)?\.{REGION}\.{DUAL}", "sso", True),
    (rf"oidc(?:-fips)?\.{REGION}\.{SUFFIX}", "oidc", False),
    (rf"oidc(?:-fips)?\.{REGION}\.{DUAL}", "oidc", True),
    (r"[a-z0-9-]+\.actions\.githubusercontent\.com", "github", False),
    (r"credentials\.lab\.test", "container", False),
    (r"registry\.lab\.test", "tls", False),
    (r"dual\.lab\.test", "tls", True),
    (r"basic\.lab\.test", "basic", False),
    (r"bearer\.lab\.test", "bearer", False),
    (r"auth\.lab\.test", "auth", False),
    (r"registry-1\.docker\.io|index\.docker\.io|docker\.io", "hub", False),
    (r"auth\.docker\.io", "hub-auth", False),
    (r"website\.lab\.test", "website", False),
)]

# Names of single addresses, to be used as proxies and targets of redirects.
FIXED = {
    "proxy.lab.test": network.PROXY,
    "refusing.lab.test": network.REFUSING,
    "blackhole.lab.test": network.BLACKHOLE,
    "unreachable.lab.test": network.UNREACHABLE,
    "loopback.lab.test": "127.0.0.1",
    "metadata.lab.test": network.IMDS,
}


def match(name):
    """(service, dual, groups) of a name, or (None, False, {})."""
    name = name.lower().rstrip(".")
    for pattern, service, dual in TABLE:
        found = pattern.fullmatch(name)
        if found:
            return service, dual, found.groupdict()
    return None, False, {}


def addresses(name, kind):
    """Addresses of a name for record type A or AAAA; None when there is no such name."""
    name = name.lower().rstrip(".")
    if name in FIXED:
        return [FIXED[name]] if kind == "A" else []
    service, dual, _ = match(name)
    if service is None:
        return None
    v4, v6 = network.FRONTS[service]
    return {"A": [v4], "AAAA": [v6] if dual else []}.get(kind, [])
