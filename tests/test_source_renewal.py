"""Renewals that fail, hang or are needless: what they may cost, and what they must not be taken for."""

import contextlib
import fcntl
import os
import time

import pytest
from support_credentials import ROLE, Place, keys, section

ACCOUNT = "123456789012"
HUB = "registry-1.docker.io"
SSO = (section(sso_session="s", sso_account_id=ACCOUNT, sso_role_name="Puller")
       + section("sso-session s", sso_start_url="https://lab.awsapps.com/start", sso_region="us-east-1"))
OIDC_CALL, PORTAL_CALL = "CreateToken", "GetRoleCredentials"


@pytest.fixture
def place(lab, tmp_path):
    return Place(lab, tmp_path)


def assume(place, seconds=3600):
    """A role whose keys live so long."""
    place.lab.role(ROLE, seconds=seconds)
    place.files(section(role_arn=ROLE, source_profile="y"), keys("full", "y"))


def pushed(place, *names):
    images = [f"{place.lab.create_repository(name)}:v1" for name in names]
    for image in images:
        place.lab.push_image(image)
    return images


def check(place, *arguments, **rest):
    return place.ecr("check", "--via", "ecr", "--json", *arguments, **rest)


def verdicts(ran):
    return [(shown["state"], shown["reason"]) for shown in ran.result.json]


def details(ran):
    return [" | ".join(step.get("detail", "") for step in shown["trail"]) for shown in ran.result.json]


def steps(place):
    return [(r["service"], r["operation"]) for r in place.lab.requests() if r["service"] in ("sts", "sso", "oidc", "api")]


# ---- whose refusal it is

# what STS does with the renewal: (fault, its parameters, exit status, reason)
REFUSED = {
    "denied": ("deny", {}, 3, "expired-credentials"), "over itself": ("expire", {}, 3, "expired-credentials"),
    "fails": ("server_error", {}, 4, "server-error"), "throttles": ("throttle", {}, 4, "throttled"),
    "refuses the policy": ("refuse", {"code": "PackedPolicyTooLarge"}, 3, "expired-credentials"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_of_sts_is_none_of_ecr(place, name):
    """The keys end before the cache rules are read. STS refuses others: nobody could be asked, which is no absence."""
    fault, parameters, code, reason = REFUSED[name]
    place.lab.cache_rule("hub", HUB)
    assume(place, seconds=1)
    place.lab.fault("delay_body", service="api", operation="DescribeImages", seconds=1.2, count=1)
    place.lab.fault(fault, service="sts", operation="AssumeRole", skip=1, **parameters)
    ran = check(place, "--max-attempts", "1", f"{place.lab.host}/hub/library/nginx:1")
    assert (ran.code, verdicts(ran)) == (code, [("unknown", reason)]), ran
    assert [step for step in steps(place) if step[0] == "sts"] == [("sts", "AssumeRole")] * 2
    assert "not allowed" not in details(ran)[0] and "ecr:DescribePullThroughCacheRules" not in details(ran)[0], ran


def test_the_same_without_trouble(place):
    """What would have been said: the rule covers the name."""
    place.lab.cache_rule("hub", HUB)
    assume(place)
    ran = check(place, f"{place.lab.host}/hub/library/nginx:1")
    assert (ran.code, verdicts(ran)[0][1]) == (5, "not-cached")


# ---- a renewal that fails for a reason that passes

@pytest.mark.parametrize("fault, reason, word", [("server_error", "server-error", "HTTP 500"), ("throttle", "throttled", "Throttling")])
def test_passing_cause_is_every_image_s(place, fault, reason, word):
    """To try again helps: all that need the keys say why there are none, not that they are over."""
    repository, tags = place.lab.create_repository("app"), [f"t{n}" for n in range(201)]  # three calls, one after the other
    place.lab.push_tags(repository, tags)
    assume(place, seconds=1)
    place.lab.fault("delay", service="api", operation="DescribeImages", seconds=1.2, count=1)
    place.lab.fault(fault, service="sts", operation="AssumeRole", skip=1)
    ran = check(place, "--max-attempts", "1", *(f"{repository}:{tag}" for tag in tags))
    assert ran.code == 4 and verdicts(ran)[100:] == [("unknown", reason)] * 101, ran
    assert verdicts(ran)[0] in (("present", "ok"), ("unknown", reason))
    assert all("AssumeRole" in text and word in text for text in details(ran)[100:]), ran
    assert steps(place).count(("sts", "AssumeRole")) == 2  # nor is it tried again for each


def test_refused_as_over_and_sts_fails(place):
    """ECR says that the keys are over, and STS has a bad moment: that is no end of credentials."""
    image, = pushed(place, "r/a")
    assume(place)
    place.lab.fault("expire", service="api")
    place.lab.fault("server_error", service="sts", operation="AssumeRole", skip=1)
    ran = check(place, "--max-attempts", "1", image)
    assert (ran.code, verdicts(ran)) == (4, [("unknown", "server-error")]), ran
    assert "AssumeRole" in details(ran)[0] and "HTTP 500" in details(ran)[0]


# ---- clocks

@pytest.mark.parametrize("clock", [0, -7200, 7200])
def test_clock_of_another_time(place, clock):
    """Keys end by the services' clock: ours, hours ahead, must not make each call fetch new ones."""
    images = pushed(place, *(f"r/{c}" for c in "abcdef"))
    place.lab.setting(clock=clock)
    assume(place)
    ran = check(place, *images)
    assert ran.code == 0 and verdicts(ran) == [("present", "ok")] * 6, ran
    served = [r for r in place.lab.requests() if r["status"] == 200]
    assert [r["service"] for r in served].count("sts") == 1 == len(place.lab.issued(service="sts"))
    assert [r["service"] for r in served].count("api") == 6


# ---- IAM Identity Center: a token that is good for minutes, and a renewal that hangs

@contextlib.contextmanager
def locked(*paths):
    """Somebody holds the locks of these."""
    held = [os.open(path, os.O_RDONLY if os.path.isdir(path) else os.O_RDWR | os.O_CREAT, 0o600) for path in paths]
    for fd in held:
        fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        for fd in held:
            os.close(fd)


def sign_in(place, seconds):
    made = place.lab.sso([(ACCOUNT, "Puller")])
    place.files(SSO)
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    return made, place.lab.sso_cache(place.path, "s", made, expiresAt=ends)


@pytest.mark.parametrize("trouble", ["lock", "service"])
def test_early_renewal_of_a_sign_in_hangs(place, trouble):
    """The old token is used: three seconds are all that a better one is worth."""
    image, = pushed(place, "app")
    made, path = sign_in(place, 600)
    place.lab.fault("stall", service="oidc")
    with locked(f"{path}.lock", os.path.dirname(path)) if trouble == "lock" else contextlib.nullcontext():
        ran = check(place, "--timeout", "8s", image)
    assert ran.code == 0 and verdicts(ran) == [("present", "ok")] and ran.seconds < 4.5, ran
    assert [step[1] for step in steps(place)] == [*([OIDC_CALL] if trouble == "service" else []), PORTAL_CALL, "DescribeImages"]
    assert place.lab.requests(service="sso")[0]["headers"]["x-amz-sso_bearer_token"] == made["accessToken"]


def test_renewal_of_a_sign_in_that_is_over_waits(place):
    """There is no other token then; what it waits for is said, which is no name server."""
    image, = pushed(place, "app")
    _, path = sign_in(place, -5)
    with locked(f"{path}.lock"):
        ran = check(place, "--timeout", "800ms", image)
    assert (ran.code, verdicts(ran)) == (4, [("unknown", "timeout")]) and 0.7 < ran.seconds < 2, ran
    assert "lock" in details(ran)[0] and "name server" not in ran.stdout + ran.stderr, ran
    assert steps(place) == []
