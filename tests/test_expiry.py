"""Credentials that end: they are renewed near their end and when a service says that they are over, once and not for ever."""

import threading
import time

import pytest
from lab import Lab
from support_credentials import METADATA, ROLE, Place, keys, section, variables

TASK = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}
COUNT = 8


@pytest.fixture
def place(lab, tmp_path):
    """Repositories without images: what is asked of each takes a call, and the answer is definite."""
    place = Place(lab, tmp_path)
    lab.role(ROLE)
    place.images = [f"{lab.create_repository(f'app{n}')}:v1" for n in range(COUNT)]
    lab.clear_log()
    return place


# kind: how it is set up; returns (environment, services whose calls hand out keys)
def assume_role(place):
    place.files(section(role_arn=ROLE, source_profile="y"), keys("full", "y"))
    return {}, "sts"


def chained(place):
    place.lab.role("second")
    place.files(section(role_arn=ROLE, source_profile="y")
                + section("y", role_arn="arn:aws:iam::123456789012:role/second", source_profile="z"), keys("full", "z"))
    return {}, "sts"


def web_identity(place):
    token = place.hide(place.lab.web_token(roles=[ROLE]))
    return {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": place.file("token", token)}, "sts"


def github(place):
    job = place.lab.github(roles=[ROLE])
    place.hide(job["token"])
    return {"AWS_ROLE_ARN": ROLE, "ACTIONS_ID_TOKEN_REQUEST_URL": job["url"], "ACTIONS_ID_TOKEN_REQUEST_TOKEN": job["token"]}, "sts"


def sso(place):
    place.files(section(sso_session="s", sso_account_id="123456789012", sso_role_name="Puller")
                + section("sso-session s", sso_start_url="https://lab.awsapps.com/start", sso_region="us-east-1"))
    place.lab.sso_cache(place.path, "s", place.lab.sso([("123456789012", "Puller")]))
    return {}, "sso"


def container(place):
    place.lab.metadata()
    return TASK, "ecs"


def instance(place):
    place.lab.metadata()
    return METADATA, "imds"


def mapped_role(place):
    return {"ECR_REGISTRY_MAP": f"123456789012={ROLE}", **variables("full")}, "sts"


KINDS = [assume_role, chained, web_identity, github, sso, container, instance, mapped_role]


def handed_out(place, service):
    return [i["access_key_id"] for i in place.lab.issued(service=service)]


def check(place, env, *options, images=None, **rest):
    return place.ecr("check", "--via", "ecr", "--json", *options, *(images or place.images), env=env, **rest)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in (container, instance)])  # their keys stay while they are good
@pytest.mark.parametrize("skip", [0, 3, COUNT - 1])
def test_over_in_mid_run(place, kind, skip):
    """The key that is refused as being over is replaced, once, and every image is answered."""
    env, service = kind(place)
    place.lab.fault("expire", service="api", skip=skip, count=1)
    ran = check(place, env)
    assert ran.code == 1 and {v["reason"] for v in ran.result.json} == {"no-image"} and ran.errors == [], ran
    used = [r["key"] for r in place.lab.requests(service="api")]
    given = handed_out(place, service)[1 if kind is chained else 0::2 if kind is chained else 1]
    assert len(given) == 2 and set(used) == set(given) and used[0] == given[0]  # threads send the old one until there is the new


@pytest.mark.parametrize("kind", [container, instance])
def test_the_same_key_again(place, kind):
    """A service that says "over" and one that hands out the same key: it is asked for once more, not once an image."""
    env, service = kind(place)
    place.lab.fault("expire", service="api", count=COUNT)
    ran = check(place, env)
    assert ran.code == 3 and {v["reason"] for v in ran.result.json} == {"expired-credentials"}
    assert len(handed_out(place, service)) == 2 and len(place.lab.requests(service="api")) == COUNT


@pytest.mark.parametrize("kind", KINDS)
def test_over_between_two_calls(place, kind):
    """Really over, for every service: the first calls go through, the last, which takes its time, does not."""
    lab = place.lab
    there = lab.create_repository("far", region="eu-west-1")
    env, service = kind(place)
    lab.fault("delay", service="api", host="api.ecr.eu-west-1.amazonaws.com", seconds=0.3, count=1)
    other = Lab()

    def over():
        end = time.monotonic() + 5
        while not (seen := other.requests(host="api.ecr.eu-west-1.amazonaws.com")) and time.monotonic() < end:
            time.sleep(0.01)
        other.expire_key(seen[0]["key"])
    place.lab.control("clear_log")
    thread = threading.Thread(target=over)
    thread.start()
    ran = check(place, env, images=[*place.images, f"{there}:v1"])
    thread.join()
    assert ran.code == 1 and {v["reason"] for v in ran.result.json} == {"no-image"}, ran
    near, far = ([r["key"] for r in lab.requests(host=f"api.ecr.{region}.amazonaws.com")] for region in ("us-east-1", "eu-west-1"))
    assert far[0] != far[-1] and {*near, *far} == {far[0], far[-1]}
    assert len(handed_out(place, service)) == (4 if kind is chained else 2)


@pytest.mark.parametrize("kind", [assume_role, sso, container, instance, web_identity])
def test_over_again_and_again(place, kind):
    """Keys that are always over are renewed once, not for ever."""
    env, service = kind(place)
    place.lab.fault("expire", service="api")
    ran = check(place, env, "--max-attempts", "3")
    assert ran.code == 3 and {v["reason"] for v in ran.result.json} == {"expired-credentials"} and ran.seconds < 5
    assert len(place.lab.requests(service="api")) <= 2 * COUNT and len(handed_out(place, service)) <= 3


@pytest.mark.parametrize("setup", [
    lambda place: variables("session", True), lambda place: place.files(None, keys("session", token=True)) or {},
    lambda place: place.files(keys("session", token=True)) or {},
    lambda place: place.files(section(credential_process="/bin/cat {tmp}/out")) or {}],
    ids=["environment", "credentials file", "config file", "process"])
def test_static_keys_that_are_over(place, setup):
    """Nothing can be renewed: one call an image, no loop, and one line that says so."""
    place.file("out", '{"Version": 1, "AccessKeyId": "{session}", "SecretAccessKey": "{session_secret}", '
                      '"SessionToken": "{session_token}"}')
    env = setup(place)
    place.lab.expire_key(place.words["session"])
    ran = place.ecr("get-login-password", place.lab.host, env=env)
    assert ran.code == 3 and len(ran.errors) == 1 and "ExpiredTokenException" in ran.errors[0]
    assert len(place.lab.requests(service="api")) == 1
    ran = check(place, env)
    assert ran.code == 3 and {v["reason"] for v in ran.result.json} == {"expired-credentials"}
    assert len(place.lab.requests(service="api")) <= COUNT and ran.seconds < 3


def test_files_that_were_renewed(place):
    """Somebody wrote new keys into the file while we ran: they are read once the old ones are refused."""
    place.lab.new_key("fresh", temporary=True, seconds=900)
    place.words.update({f"fresh{end}": value for end, value in zip(("", "_secret", "_token"), [
        place.lab.keys["fresh"][m] for m in ("access_key_id", "secret_access_key", "session_token")])})
    place.files(section(credential_process="/bin/cat {tmp}/out"))
    text = '{"Version": 1, "AccessKeyId": "{K}", "SecretAccessKey": "{K_secret}", "SessionToken": "{K_token}"}'
    place.file("out", text.replace("{K", "{session"))
    place.lab.expire_key(place.words["session"])
    place.lab.fault("delay", service="api", seconds=0.3)
    timer = threading.Timer(0.1, place.file, ("out", text.replace("{K", "{fresh")))
    timer.start()
    ran = check(place, {})
    timer.join()
    assert ran.code == 1, ran
    used = [r["key"] for r in place.lab.requests(service="api")]
    assert (used[0], used[-1], len(set(used))) == (place.words["session"], place.words["fresh"], 2)


# ---- near their end

def process(place, seconds, steady=True):
    """A program whose keys end in `seconds`; each run is a line in {tmp}/runs."""
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    place.file("out", '{"Version": 1, "AccessKeyId": "{session}", "SecretAccessKey": "{session_secret}", '
                      f'"SessionToken": "{{session_token}}", "Expiration": "{end}"}}')
    place.files(section(credential_process=place.file("run", "#!/bin/sh\necho run >> {tmp}/runs\ncat {tmp}/out\n", 0o700)))


@pytest.mark.parametrize("seconds", [20, 200, 290])
def test_near_their_end_when_found(place, seconds):
    """There is nothing better: they are used, and not asked for again at once."""
    process(place, seconds)
    ran = check(place, {})
    assert ran.code == 1 and (place.path / "runs").read_text() == "run\n"


def test_far_from_their_end(place):
    process(place, 3600)
    assert check(place, {}).code == 1 and (place.path / "runs").read_text() == "run\n"


def test_end_within_the_run(place):
    """Keys of a role that end while a slow call is under way: the next call has new ones."""
    place.lab.role(ROLE, seconds=2)
    place.files(section(role_arn=ROLE, source_profile="y"), keys("full", "y"))
    place.lab.fault("delay", service="api", seconds=2.2, count=1)
    ran = check(place, {}, images=place.images[:2])
    assert ran.code == 1, ran
    used = [r["key"] for r in place.lab.requests(service="api")]
    assert used[0] != used[-1] and len(set(used)) == 2


def test_over_in_sts_itself(place):
    """The caller's keys are over when the role is to be assumed: they were found a moment ago, and there are no others."""
    place.lab.metadata()
    place.files(section(role_arn=ROLE, credential_source="EcsContainer"))
    place.lab.fault("expire", service="sts")
    place.refused(3, ROLE, "ExpiredToken", env=TASK)
    assert len(place.lab.requests(service="sts")) == 1


def test_whoami_renews(place):
    """STS says so as well as ECR."""
    place.lab.metadata()
    place.lab.fault("delay", service="sts", seconds=0.4, count=1)
    timer = threading.Timer(0.2, Lab().expire_key, (place.words["session"],))
    timer.start()
    ran = place.ecr("whoami", "--json", env=TASK)
    timer.join()
    assert ran.code == 0 and ran.json["accessKeyId"] == place.lab.keys["session"]["access_key_id"] != place.words["session"]


def test_passwords_need_good_keys_too(place):
    env, _ = assume_role(place)
    place.lab.fault("expire", service="api", operation="GetAuthorizationToken", count=1)
    ran = place.password(env=env)
    assert ran.code == 0 and ran.stderr == ""
    assert [r["key"] for r in place.lab.requests(service="api")] == handed_out(place, "sts")
