"""`ecr doctor`: which source gave credentials and why not the others, whose they are, and what they may."""

import json

import pytest
from support_credentials import METADATA, ROLE, keys, section, variables
from support_doctor import (ACCOUNT, CALLS, HOST, IMAGE, OTHER_ACCOUNT, PERMISSIONS, PULL, REGION, SOURCES, STS, WELL, Doctor,
                            host_steps)

ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
NEEDED = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages"}
X = {"AWS_PROFILE": "x"}
SSO = section("x", sso_session="s", sso_account_id=ACCOUNT, sso_role_name="Puller") + section(
    "sso-session s", sso_start_url="https://lab.awsapps.com/start", sso_region=REGION)


@pytest.fixture
def doctor(lab, tmp_path, image):
    assert image == IMAGE
    lab.role(ROLE)
    return Doctor(lab, tmp_path)


def process(doctor, text):
    return doctor.file("process", f"#!/bin/sh\n{text}\n", 0o700)


def tokens(doctor):
    return {"TOKEN": doctor.hide(doctor.lab.web_token(roles=[ROLE]))}


def sign_in(doctor, **options):
    doctor.lab.sso_cache(doctor.path, "s", doctor.lab.sso([(ACCOUNT, "Puller")], **options))


def github(doctor):
    job = doctor.lab.github(roles=[ROLE])
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": job["url"], "ACTIONS_ID_TOKEN_REQUEST_TOKEN": doctor.hide(job["token"]),
            "AWS_ROLE_ARN": ROLE}


# ---- sources

# source: (config, credentials, environment or what makes it, words of its line, of the identity)
GIVING = {
    "environment": (None, None, variables("full"), ["environment"], "user/full"),
    "assume-role": (section("x", role_arn=ROLE, source_profile="default"), keys("full"), X, [ROLE, "good until"], "deploy"),
    "web-identity": (None, None, lambda d: {"AWS_WEB_IDENTITY_TOKEN": tokens(d)["TOKEN"], "AWS_ROLE_ARN": ROLE},
                     [ROLE, "AWS_WEB_IDENTITY_TOKEN", "good until"], "deploy"),
    "sso": (SSO, None, lambda d: sign_in(d) or X, ["good until"], "AWSReservedSSO_Puller"),
    "credentials-file": (None, keys("full"), {}, [".aws/credentials", "default"], "user/full"),
    "login": (section(login_session="me"), None, lambda d: d.lab.login_cache(d.path, "me") and {}, ["good until"],
              "assumed-role/session"),
    "process": (section(credential_process="{tmp}/process"), None,
                lambda d: process(d, "echo '{\"Version\": 1, \"AccessKeyId\": \"{full}\", \"SecretAccessKey\": \"{full_secret}\"}'")
                and {}, ["credential_process"], "user/full"),
    "config-file": (keys("full"), None, {}, [".aws/config", "default"], "user/full"),
    "container": (None, None, lambda d: d.lab.metadata() and {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"},
                  ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "good until"], "assumed-role/session"),
    "imds": (None, None, lambda d: d.lab.metadata() and METADATA, ["instance", "good until"], "assumed-role/session"),
    "github": (None, None, github, [ROLE, "GitHub", "good until"], "deploy"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_source_that_gives(doctor, source):
    """The ones before it say why not, it says what it is, the ones after it are not asked."""
    config, credentials, env, words, who = GIVING[source]
    doctor.files(config, credentials)
    report = doctor.look(key=None, env=env(doctor) if callable(env) else env)
    assert report.code == 0 and report.bad == {}, report
    upto = SOURCES[:SOURCES.index(source) + 1]
    assert [(f["subject"], f["verdict"]) for f in report.all("source")] == [(s, "ok" if s == source else "skipped") for s in upto]
    report.says("source", source, "ok", *words)
    report.says("identity", ACCOUNT, "ok", who)


# what: (source, config, credentials, environment or what makes it, words of the line, of the advice)
FAILING = {
    "half a key": ("environment", None, None, {"AWS_ACCESS_KEY_ID": "AKIA"}, ["AWS_SECRET_ACCESS_KEY"], "both"),
    "a role that may not be assumed": ("assume-role", section("x", role_arn=ROLE + "x", source_profile="default"), keys("full"), X,
                                       [ROLE + "x", "AccessDenied"], "trust policy"),
    "a role without a source": ("assume-role", section("x", role_arn=ROLE, source_profile="nobody"), None, X, ["nobody"], ""),
    "a role with MFA": ("assume-role", section("x", role_arn=ROLE, source_profile="default", mfa_serial="arn:aws:iam::1:mfa/me"),
                        keys("full"), X, ["MFA"], ""),
    "a token file that is not there": ("web-identity", None, None, {
        "AWS_WEB_IDENTITY_TOKEN_FILE": "{tmp}/nothing", "AWS_ROLE_ARN": ROLE}, ["nothing", "No such file"], "mounted"),
    "a token that STS refuses": ("web-identity", None, None, lambda d: {
        "AWS_WEB_IDENTITY_TOKEN": d.hide(d.lab.web_token(roles=[ROLE], expired=True)), "AWS_ROLE_ARN": ROLE}, ["expired"], ""),
    "no sign-in": ("sso", SSO, None, X, ["sso/cache"], "aws sso login"),
    "a sign-in that is over": ("sso", SSO, None, lambda d: sign_in(d, seconds=-10, refresh=False) or X, [], "aws sso login"),
    "no aws login": ("login", section(login_session="me"), None, {}, ["login/cache"], "aws login"),
    "an aws login that is over": ("login", section(login_session="me"), None,
                                  lambda d: d.lab.login_cache(d.path, "me", seconds=-10) and {}, [], "aws login"),
    "a process that fails": ("process", section(credential_process="/bin/false"), None, {}, ["exit status 1"], "by hand"),
    "a process that is not there": ("process", section(credential_process="/nonexistent"), None, {}, ["/nonexistent"], ""),
    "a process that prints no JSON": ("process", section(credential_process="/bin/echo hello"), None, {}, [], ""),
    "a container's host that is not asked": ("container", None, None, {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"}, ["example.com"], "https"),
    "a container service that is not there": ("container", None, None, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"},
                                              ["169.254.170.2"], ""),
    "a container service that wants another token": ("container", None, None, lambda d: d.lab.metadata(token="x") and {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}, [], ""),
    "an instance's role that may not be used": ("imds", None, None, lambda d: d.lab.metadata(
        code="AssumeRoleUnauthorizedAccess") and METADATA, ["AssumeRoleUnauthorizedAccess"], ""),
    "a GitHub job that may not": ("github", None, None, lambda d: {**github(d), "AWS_ROLE_ARN": ROLE + "x"}, [ROLE + "x"], ""),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_source_that_fails(doctor, what):
    """It ends the search; nothing is signed, and the network is well."""
    source, config, credentials, env, words, hint = FAILING[what]
    doctor.files(config, credentials)
    report = doctor.look(*(["--max-attempts", "1"]), key=None, env=env(doctor) if callable(env) else env,
                         text="that is not there" not in what)
    assert report.code in (3, 4), report
    upto = SOURCES[:SOURCES.index(source) + 1]
    assert [(f["subject"], f["verdict"]) for f in report.all("source")] == [(s, "failed" if s == source else "skipped") for s in upto]
    report.says("source", source, "failed", *words, hint=[hint])
    assert report.bad.get(("image", IMAGE)) == "failed" and {s for s, _ in report.bad} <= {"source", "credentials", "image"}
    assert all(host_steps(report, h) == WELL for h in (STS, HOST)) and report.policy is None
    assert not [r for r in doctor.lab.requests(service="api") if r["key"]]


@pytest.mark.parametrize("options, words", [
    ({"put": "hang"}, "hop limit"), ({"role": None}, "no role (HTTP 404)"), ({"put": 404}, "names no role: HTTP 401"),
    ({"names": []}, "no role (HTTP 200)")])
@pytest.mark.parametrize("region", [None, REGION])
def test_why_the_instance_gives_nothing(doctor, options, words, region):
    doctor.lab.metadata(**options)
    report = doctor.look(key=None, env={**METADATA, "AWS_REGION": region}, text=False, image=None)
    found = report.says("source", "imds", "skipped", words)
    assert ("has no role" in found["detail"]) == words.startswith("no role"), found
    assert report.code == 3 and ("hop limit" in " ".join(report.hints)) == (words == "hop limit"), report


@pytest.mark.parametrize("env, config, words", [
    ({"AWS_PROFILE": "nope"}, None, ["nope"]), ({"ECR_REGISTRY_MAP": f"{ACCOUNT}=nope"}, None, ["nope"]),
    ({"ECR_REGISTRY_MAP": "nonsense"}, None, ["nonsense"]), ({"AWS_ENDPOINT_URL_ECR": "x y"}, None, ["AWS_ENDPOINT_URL_ECR"])])
def test_settings_that_cannot_be_used(doctor, env, config, words):
    doctor.files(config)
    report = doctor.look(env=env)
    assert report.code == 3 and report.policy is None, report
    assert report.bad == {("settings", "AWS"): "failed", ("image", IMAGE): "failed"}, report
    report.says("settings", "AWS", "failed", *words)
    assert host_steps(report, HOST) == WELL and not doctor.lab.requests(service="api")
    report.says("permission", "ecr", "skipped", "settings", "cannot be used")


@pytest.mark.parametrize("left, target, who", [(ACCOUNT, "second", "user/describe"), (HOST, ROLE, "assumed-role/deploy")])
def test_the_registry_map(doctor, left, target, who):
    """Which profile or role is used for this registry, and who says so."""
    doctor.files(section("second"), keys("describe", "second"))
    report = doctor.look(env={"ECR_REGISTRY_MAP": f"{left}={target}"})
    report.says("registry map", left, "ok", "ECR_REGISTRY_MAP", target)
    report.says("identity", ACCOUNT, "ok", who)


# ---- identity

@pytest.mark.parametrize("env, imds, words", [
    ({"KUBERNETES_SERVICE_HOST": "x"}, False, ["this pod's own", "kubelet"]), ({"KUBERNETES_SERVICE_HOST": "x"}, True, ["node's"]),
    ({"ECS_CONTAINER_METADATA_URI_V4": "x"}, False, ["this task's own", "execution role"]),
    ({"ECS_CONTAINER_METADATA_URI_V4": "x"}, True, ["the instance's", "execution role"]),
    ({"container": "x"}, True, ["this instance's"]), ({"container": "x"}, False, ["this container's own"])])
def test_whose_identity(doctor, env, imds, words):
    """In a pod or a task others pull than the one who asks."""
    if imds:
        doctor.lab.metadata()
    report = doctor.look(key=None if imds else "full", env={**env, **(METADATA if imds else {})}, text=imds)
    assert report.code == 0 and report.bad == {}, report
    report.says("identity", ACCOUNT, "ok", *words)


@pytest.mark.parametrize("key, words", [("expired", "expired"), ("unknown", "invalid"), ("wrong-secret", "signature")])
@pytest.mark.parametrize("named", [False, True])
def test_keys_that_are_no_good(doctor, key, words, named):
    """The key is at fault, not its permissions: no policy would help."""
    report = doctor.look("--region", REGION, key=key, image=IMAGE if named else None)
    assert report.code == 3 and report.policy is None, report
    found = report.says("identity", report.one("identity")["subject"], "failed", words)
    assert found["requestId"] and found["hint"], found
    assert not [f for f in report.all("permission") if f["verdict"] in ("ok", "failed")], report
    assert "IAM action" not in " ".join(report.hints)


@pytest.mark.parametrize("fault, options", [("server_error", {}), ("throttle", {}), ("html", {}), ("cut", {}), ("deny", {})])
def test_sts_fails(doctor, fault, options):
    """Who one is is not known then; ECR is asked all the same."""
    doctor.lab.fault(fault, service="sts", operation="GetCallerIdentity", **options)
    report = doctor.look("--max-attempts", "1")
    assert report.code == (3 if fault == "deny" else 0), report
    assert set(report.bad) == {("identity", "STS")} and report.one("identity")["hint"]
    assert report.one("image")["verdict"] == "ok"


def test_the_registry_of_another_account(doctor):
    """Not let in by the repository's policy; then let in."""
    report = doctor.look(key="other")
    assert report.code == 3 and report.bad[("image", IMAGE)] == "failed", report
    report.says("account", ACCOUNT, "warning", OTHER_ACCOUNT, hint=["policy"])
    assert report.one("permission", "ecr:GetAuthorizationToken")["verdict"] == "ok"
    for permission in ("BatchGetImage", "GetDownloadUrlForLayer"):
        report.says("permission", f"ecr:{permission}", "failed", OTHER_ACCOUNT, "resource-based policy")
    doctor.lab.share(ACCOUNT, OTHER_ACCOUNT)
    report = doctor.look(key="other")
    assert report.code == 0 and report.bad == {("account", ACCOUNT): "warning"}, report
    report.says("identity", OTHER_ACCOUNT, "ok")


# ---- permissions

def policy(*actions, arn=ARN):
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
        {"Effect": "Allow", "Action": list(actions), "Resource": arn}]}


def same_policy(found, wanted):
    """The order of actions means nothing."""
    ordered = [json.loads(json.dumps(p)) for p in (found, wanted)]
    for p in ordered:
        for statement in p["Statement"]:
            statement["Action"].sort()
    return ordered[0] == ordered[1]


def only(doctor, *operations):
    doctor.lab.new_key("k", allow=list(operations))
    for operation in CALLS:
        doctor.lab.fault("set_header", service="api", operation=operation, name="x-amzn-RequestId", value=f"id-of-{operation}")


STEP_OF = {"DescribeRepositories": [("repository", "team/app")], "DescribePullThroughCacheRules": [("cache rule", "all")],
           "BatchGetImage": [("platform", "linux/amd64")], "GetDownloadUrlForLayer": [("platform", "linux/amd64")]}


@pytest.mark.parametrize("missing", [c for c in CALLS if c != "ValidatePullThroughCacheRule"])
def test_one_permission_lacks(doctor, missing):
    """Its line with the id of the refused call; all else is well; the policy only where checks or pulls need it."""
    only(doctor, *(c for c in CALLS if c != missing))
    report = doctor.look(key="k")
    lines = {("permission", f"ecr:{missing}"): "failed" if missing in PULL else "warning"} if missing in PERMISSIONS else {}
    assert report.bad == {**lines, **dict.fromkeys(STEP_OF.get(missing, []), "warning")}, report
    assert report.code == (3 if missing in PULL else 0)
    for step, subject in report.bad:
        found = report.says(step, subject, report.bad[step, subject], "AccessDenied", f"ecr:{missing}", hint=[f"ecr:{missing}"])
        assert found["requestId"] == f"id-of-{missing}", found
    needed = missing in (*PULL, "DescribeImages")
    assert (report.policy is not None) == needed, report
    assert not needed or same_policy(report.policy, policy(*NEEDED))


def test_all_permissions_lack(doctor):
    only(doctor)
    report = doctor.look(key="k")
    assert report.code == 3 and same_policy(report.policy, policy(*NEEDED))
    assert [f["verdict"] for f in report.all("permission")] == ["failed"] * 3 + ["warning"] * 3
    for f in report.all("permission"):
        assert f["requestId"] == "id-of-" + f["subject"].removeprefix("ecr:"), f
    assert report.one("image")["requestId"] in ("id-of-DescribeImages", "id-of-BatchGetImage")
    assert [f"ecr:{p}" for p in PERMISSIONS] == [f["subject"] for f in report.all("permission")]


def test_the_policy_would_do(doctor):
    """A key that may what the policy says, and no more, can check and pull; with one action less it cannot."""
    only(doctor)
    said = doctor.look(key="k", text=False).policy
    actions = [a.removeprefix("ecr:") for statement in said["Statement"] for a in statement["Action"]]
    only(doctor, *actions)
    report = doctor.look(key="k")
    assert report.code == 0 and report.policy is None and "failed" not in report.bad.values()
    assert report.one("image")["verdict"] == report.one("platform")["verdict"] == "ok"
    for action in actions:
        only(doctor, *(a for a in actions if a != action))
        assert doctor.look(key="k", text=False).policy, action


@pytest.mark.parametrize("region, partition", [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
@pytest.mark.parametrize("name", ["app", "a/b/c.d_e-f"])
def test_the_resource_of_the_policy(doctor, region, partition, name):
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    report = doctor.look(key="nothing", image=f"{ACCOUNT}.dkr.ecr.{region}.{suffix}/{name}:v1", text=False)
    assert same_policy(report.policy, policy(*NEEDED, arn=f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/{name}")), report


def test_the_policy_without_an_image(doctor):
    report = doctor.look("--region", REGION, key="nothing", image=None)
    assert report.code == 3 and same_policy(report.policy, policy(*NEEDED, arn=f"arn:aws:ecr:{REGION}:*:repository/*")), report


@pytest.mark.parametrize("rule, more", [("team", {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"}), ("other", set())])
def test_the_policy_where_a_rule_imports(doctor, rule, more):
    doctor.lab.cache_rule(rule, "public.ecr.aws")
    only(doctor, "DescribePullThroughCacheRules", "ValidatePullThroughCacheRule")
    report = doctor.look(key="k")
    assert report.code == 3 and same_policy(report.policy, policy(*NEEDED, *more)), report


@pytest.mark.parametrize("fault", ["server_error", "throttle", "html", "garble_json", "cut"])
def test_permissions_that_cannot_be_asked(doctor, fault):
    """Neither allowed nor lacking."""
    for operation in PERMISSIONS:
        doctor.lab.fault(fault, service="api", operation=operation)
    report = doctor.look("--max-attempts", "1")
    assert report.policy is None and report.code in (4, 5), report
    assert {f["verdict"] for f in report.all("permission")} == {"warning"}, report
    assert report.one("repository")["verdict"] == "ok" and report.one("image")["verdict"] == "failed"


def test_a_permission_is_tried_without_effect(doctor):
    """With an image and a layer that cannot be there: nothing counts as a pull, nothing is imported."""
    doctor.lab.cache_rule("team", "public.ecr.aws")
    doctor.lab.push_image("public.ecr.aws/app:v2")
    before = doctor.lab.api().describe_images(repositoryName="team/app")["imageDetails"]
    report = doctor.look(image=IMAGE.replace("v1", "v2"), text=False)
    assert report.all("platform") == [], report
    got = [json.loads(r["body"]) for r in doctor.lab.requests(operation="BatchGetImage")]
    assert len(got) == 1 and got[0]["imageIds"] == [{"imageDigest": "sha256:" + "0" * 64}], got
    assert doctor.lab.api().describe_images(repositoryName="team/app")["imageDetails"] == before
