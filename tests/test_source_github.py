"""Credentials of a job of GitHub Actions: its OIDC endpoint gives a web token, and STS keys for it."""

import pytest
from support_credentials import METADATA, ROLE, Place, keys, section, variables

URL, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
WHO = "GitHub's OIDC endpoint"
HOST = "pipelines.actions.githubusercontent.com"


@pytest.fixture
def place(lab, tmp_path):
    """{job_url} and {job_token} are what a job has in its environment."""
    place = Place(lab, tmp_path)
    lab.role(ROLE)
    job = lab.github(roles=[ROLE])
    place.hide(job["token"])
    place.words.update(job_url=job["url"], job_token=job["token"])
    return place


JOB = {URL: "{job_url}", TOKEN: "{job_token}", "AWS_ROLE_ARN": ROLE}


def operations(place):
    return [r["operation"] for r in place.lab.requests() if r["service"] in ("github", "sts")]


def test_good(place):
    place.good(env=JOB)
    ask, assume = [r for r in place.lab.requests() if r["service"] in ("github", "sts")]
    assert (ask["host"], ask["method"]) == (HOST, "GET") and ask["headers"]["authorization"].lower() == "bearer"
    assert ask["target"].endswith("idtoken?api-version=2.0&audience=sts.amazonaws.com")
    assert assume["operation"] == "AssumeRoleWithWebIdentity" and "authorization" not in assume["headers"]
    assert assume["form"]["RoleArn"] == ROLE and assume["form"]["WebIdentityToken"].count(".") == 2


def test_session_name_and_region(place):
    place.good(env={**JOB, "AWS_ROLE_SESSION_NAME": "ci", "AWS_REGION": "eu-west-1"})
    call, = place.lab.requests(service="sts")
    assert (call["host"], call["form"]["RoleSessionName"]) == ("sts.eu-west-1.amazonaws.com", "ci")


def test_other_host(place):
    job = place.lab.github(roles=[ROLE], host="run-actions-1-azure-eastus.actions.githubusercontent.com")
    place.hide(job["token"])
    place.good(env={URL: job["url"], TOKEN: job["token"], "AWS_ROLE_ARN": ROLE})


def test_url_without_query(place):
    place.good(env={**JOB, URL: place.words["job_url"].partition("?")[0]})
    assert place.lab.requests(service="github")[0]["target"].endswith("idtoken?audience=sts.amazonaws.com")


def test_by_a_proxy(place):
    place.good(env={**JOB, "HTTPS_PROXY": place.lab.proxy}, resolv_conf="")


def test_token_is_got_once(place):
    """However many images there are."""
    place.lab.push_image(f"{place.lab.create_repository('app')}:v1")
    ran = place.ecr("check", "--via", "ecr", *[f"{place.lab.host}/app:v{n}" for n in range(1, 20)], env=JOB)
    assert ran.code == 1 and operations(place) == ["GetToken", "AssumeRoleWithWebIdentity"]


# ---- when

@pytest.mark.parametrize("missing", [[URL], [TOKEN], ["AWS_ROLE_ARN"], [URL, TOKEN]], ids=str)
def test_not_a_job_with_a_role(place, missing):
    """Without a role nobody is asked; without permission for tokens it is no such job."""
    place.refused(3, "no credentials: none in the environment", env={k: v for k, v in JOB.items() if k not in missing})
    assert place.lab.requests() == []


@pytest.mark.parametrize("empty", [URL, TOKEN, "AWS_ROLE_ARN"])
def test_empty_variables(place, empty):
    place.refused(3, "no credentials: none in the environment", env={**JOB, empty: ""})
    assert place.lab.requests() == []


@pytest.mark.parametrize("config, env, wanted", [
    (None, variables("full"), "full"), (keys("full"), {}, "full"),
    (section(credential_process="/bin/cat {tmp}/out"), {}, "full"),
    (None, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}, "session"), (None, METADATA, "session")],
    ids=["environment", "keys", "process", "container", "instance"])
def test_everything_else_comes_first(place, config, env, wanted):
    place.lab.metadata()
    place.file("out", '{"Version": 1, "AccessKeyId": "{full}", "SecretAccessKey": "{full_secret}"}')
    place.files(config)
    place.good(env={**JOB, **env}, wanted=place.words[wanted])
    assert operations(place) == []


def test_a_token_in_a_file_comes_first(place):
    token = place.hide(place.lab.web_token(roles=[ROLE]))
    place.good(env={**JOB, "AWS_WEB_IDENTITY_TOKEN_FILE": place.file("token", token)})
    assert operations(place) == ["AssumeRoleWithWebIdentity"]


def test_a_named_profile_is_somebody_else(place):
    """With --profile the role of the environment does not count: the job's is another identity than what was meant."""
    place.files(section("x", region="us-east-1"))
    place.refused(3, "no credentials", "profile 'x'", env=JOB, options=("--profile", "x"))
    assert place.lab.requests() == []


# ---- failures

@pytest.mark.parametrize("env, words", [
    ({URL: "nonsense"}, [URL, "no https URL"]), ({URL: "http://pipelines.actions.githubusercontent.com/x"}, [URL, "no https URL"]),
    ({URL: "https:///x"}, [URL]), ({URL: "https://a b/x"}, [URL]), ({TOKEN: "a\nX-Evil: 1"}, [TOKEN]),
    ({TOKEN: "{job_token}\r\nX-Evil: 1"}, [TOKEN]), ({TOKEN: "two words"}, [TOKEN])], ids=str)
def test_settings_that_cannot_be_used(place, env, words):
    place.refused(3, *words, env={**JOB, **env})
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


def test_token_is_not_taken(place):
    place.hide("a-token-that-nobody-knows-at-all")
    place.refused(3, WHO, "HTTP 401", "id-token: write", env={**JOB, TOKEN: "a-token-that-nobody-knows-at-all"})
    assert operations(place) == ["GetToken"]


FAULTS = {
    "denied": ("deny", {}, 3, 1, ["HTTP 403", "id-token: write"]),
    "not found": ("html", {"status": 404}, 5, 1, ["HTTP 404"]),
    "throttled": ("throttle", {}, 4, 2, ["HTTP 429"]),
    "server error": ("server_error", {}, 4, 2, ["HTTP 500"]),
    "page of a balancer": ("server_error", {"status": 502, "html": True}, 4, 2, ["HTTP 502"]),
    "page": ("html", {}, 5, 1, ["no JSON object"]),
    "redirect": ("redirect", {"location": "https://elsewhere.test{path}"}, 5, 1, ["HTTP 307"]),
    "nothing": ("empty", {}, 5, 1, ["no JSON object"]),
    "no token": ("other_shape", {"value": {"count": 1}}, 5, 1, ["with no token"]),
    "empty token": ("other_shape", {"value": {"value": ""}}, 5, 1, ["with no token"]),
    "token as number": ("other_shape", {"value": {"value": 7}}, 5, 1, ["with no token"]),
    "half": ("truncate_json", {}, 5, 1, ["no JSON object"]),
    "cut": ("cut_body", {}, 5, 2, ["connection ended"]),
    "huge": ("huge_body", {"size": 1 << 20}, 5, 2, ["larger than"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(place, name):
    """One line that says who it was; what may pass is tried again, nothing else is; STS is not asked."""
    fault, parameters, code, attempts, words = FAULTS[name]
    place.lab.fault(fault, service="github", **parameters)
    ran = place.refused(code, *words, env=JOB, options=("--max-attempts", "2"), twice=attempts == 1)
    assert (WHO in ran.errors[0] or HOST in ran.errors[0]) and operations(place) == ["GetToken"] * attempts


def test_what_passes_is_tried_again(place):
    place.lab.fault("server_error", service="github", count=1)
    place.good(env=JOB)
    assert operations(place) == ["GetToken", "GetToken", "AssumeRoleWithWebIdentity"]


@pytest.mark.parametrize("fault", ["stall", "stall_body"])
def test_hangs(place, fault):
    place.lab.fault(fault, service="github")
    ran = place.refused(4, HOST, env=JOB, options=("--timeout", "400ms"), twice=False)
    assert ran.seconds < 2


@pytest.mark.parametrize("fault, code", [("tls_expired", 5), ("tls_untrusted", 5), ("tls_wrong_host", 5), ("tls_close", 4)])
def test_somebody_else(place, fault, code):
    """The job's token goes to GitHub alone."""
    place.lab.fault(fault, host=HOST)
    place.refused(code, HOST, env=JOB, options=("--max-attempts", "1"))
    assert place.lab.requests() == []


def test_the_role_does_not_trust_the_job(place):
    job = place.lab.github(roles=["arn:aws:iam::123456789012:role/another"])
    place.hide(job["token"])
    place.refused(3, ROLE, "AccessDenied", "trust policy", env={URL: job["url"], TOKEN: job["token"], "AWS_ROLE_ARN": ROLE})


def test_who_quotes_the_token(place):
    place.lab.fault("refuse", service="github", code="VssUnauthorizedException", message=f"no: {place.words['job_token']}",
                    status=401)
    place.refused(3, WHO, "HTTP 401", env=JOB)


def test_the_web_token_is_not_shown(place):
    """What GitHub gave is as good as keys for ten minutes; STS may quote it."""
    token = place.hide(place.lab.web_token(roles=[ROLE]))
    place.lab.fault("body", service="github", text='{"count": 1, "value": "' + token + '"}')
    place.lab.fault("refuse", service="sts", code="InvalidIdentityToken", message=f"no: {token}")
    place.refused(3, ROLE, "InvalidIdentityToken", env=JOB)


def test_web_token_with_a_line_break(place):
    """It goes into a form, where it harms nobody; STS does not know it."""
    place.lab.fault("body", service="github", text='{"value": "a.b.c\\r\\nX-Evil: 1"}')
    place.refused(3, ROLE, "InvalidIdentityToken", env=JOB)
    assert all("x-evil" not in r["headers"] for r in place.lab.requests())
