"""`ecr doctor`: repository, pull-through cache rules, the image and its platform, the layer bucket, Docker, other registries."""

import json
import stat

import pytest
from support_daemon import Daemon, message, ping
from support_doctor import ACCOUNT, BUCKET, HOST, IMAGE, REGION, WELL, Doctor, host_steps

NATIVE, LOGIN = "linux/amd64", ("docker login", HOST)
QUICK = ("--max-attempts", "1")


@pytest.fixture
def doctor(lab, tmp_path, image):
    assert image == IMAGE
    return Doctor(lab, tmp_path)


def at(name):
    return f"{HOST}/{name}"


# ---- repository and image

def test_no_such_image(doctor):
    report = doctor.look(image=at("team/app:v9"))
    assert report.code == 1 and report.bad == {("image", at("team/app:v9")): "failed"}, report
    report.says("image", at("team/app:v9"), "failed", "no-image", "absent")
    assert report.one("repository")["verdict"] == "ok" and report.all("platform") == []


def test_no_such_repository(doctor):
    report = doctor.look(image=at("none/app:v1"))
    assert report.code == 1 and report.bad == {("repository", "none/app"): "failed", ("image", at("none/app:v1")): "failed"}, report
    assert report.says("repository", "none/app", "failed", "RepositoryNotFoundException")["requestId"]
    assert all(f["verdict"] == "ok" for f in report.all("permission")) and report.policy is None


@pytest.mark.parametrize("status", ["ARCHIVED", "ACTIVATING"])
def test_an_archived_image(doctor, status):
    doctor.lab.archive(IMAGE, status)
    report = doctor.look()
    assert report.code == 6 and report.bad == {("image", IMAGE): "failed"}, report
    report.says("image", IMAGE, "failed", "archive", hint=["restore" if status == "ARCHIVED" else ""])


def test_an_image_by_its_digest(doctor):
    digest = doctor.lab.push_image(IMAGE).digest
    report = doctor.look(image=at(f"team/app@{digest}"))
    assert report.code == 0 and report.bad == {}, report
    report.says("platform", NATIVE, "ok", NATIVE)


@pytest.mark.parametrize("fault, status, words", [("server_error", 4, "500"), ("throttle", 4, "Throttling"), ("html", 5, "JSON"),
                                                  ("deny", 3, "AccessDenied"), ("garble_json", 5, "JSON"), ("other_shape", 5, "")])
def test_an_image_that_cannot_be_asked_about(doctor, fault, status, words):
    """Nothing definite is said about it then, least of all that it is not there."""
    for operation in ("DescribeImages", "BatchGetImage"):
        doctor.lab.fault(fault, service="api", operation=operation)
    report = doctor.look(*QUICK)
    found = report.says("image", IMAGE, "failed", "unknown", words)
    assert report.code == status and report.all("platform") == [] and "absent" not in found["detail"], report
    assert report.one("repository")["verdict"] == "ok"
    assert {s for s, _ in report.bad} == {"image", "permission"}


@pytest.mark.parametrize("fault", ["server_error", "throttle", "html", "deny", "garble_json", "other_shape", "cut"])
def test_a_repository_that_cannot_be_asked_about(doctor, fault):
    """Neither there nor missing; a pull does not need it."""
    doctor.lab.fault(fault, service="api", operation="DescribeRepositories")
    report = doctor.look(*QUICK, text=fault == "deny")
    assert report.code == 0 and report.bad == {("repository", "team/app"): "warning"}, report
    assert "NotFound" not in report.one("repository")["detail"]


def test_what_is_said_of_a_repository(doctor):
    doctor.lab.create_repository("fixed", imageTagMutability="IMMUTABLE")
    doctor.lab.push_image(at("fixed:v1"))
    doctor.look(image=at("fixed:v1")).says("repository", "fixed", "ok", "IMMUTABLE")
    doctor.look().says("repository", "team/app", "ok", ", MUTABLE")


# ---- pull-through cache rules

def upstream(report):
    found = report.all("upstream")
    return (found[0]["subject"], found[0]["verdict"]) if found else None


@pytest.mark.parametrize("prefix, registry, name, there, subject", [
    ("hub", "registry-1.docker.io", "hub/library/nginx", "library/nginx", "registry-1.docker.io/library/nginx"),
    ("hub", "registry-1.docker.io", "hub/me/app", "me/app", "registry-1.docker.io/me/app"),
    ("pub", "public.ecr.aws", "pub/x/y", "x/y", "public.ecr.aws/x/y"), ("pub", "public.ecr.aws", "pub/y", "y", "public.ecr.aws/y"),
    ("a/b", "public.ecr.aws", "a/b/c", "c", "public.ecr.aws/c"),
    ("ROOT", "public.ecr.aws", "x/y", "x/y", "public.ecr.aws/x/y"),
    ("ROOT", "registry-1.docker.io", "library/nginx", "library/nginx", "registry-1.docker.io/library/nginx")])
def test_an_image_that_a_pull_would_fetch(doctor, prefix, registry, name, there, subject):
    """The rule works and its upstream has the image: nothing has failed, and nothing was imported."""
    doctor.lab.cache_rule(prefix, registry)
    doctor.lab.push_image(f"{registry}/{there}:v1")
    report = doctor.look(image=at(f"{name}:v1"))
    report.says("cache rule", prefix, "ok", registry)
    assert upstream(report) == (subject, "ok"), report
    assert "failed" not in report.bad.values() and report.code == 0, report
    report.says("repository", name, "skipped", "not there yet", f"'{prefix}'")
    report.says("image", at(f"{name}:v1"), "warning", "the upstream has it", hint=["ecr:BatchImportUpstreamImage"])
    assert {s for s, _ in report.bad} <= {"image", "docker login"}
    assert [r["repositoryName"] for r in doctor.lab.api().describe_repositories()["repositories"]] == ["team/app"]


@pytest.mark.parametrize("prefix, registry, name, library", [
    ("hub", "registry-1.docker.io", "hub/library/nginx", None), ("hub", "registry-1.docker.io", "hub/nginx", "hub/library/nginx"),
    ("ROOT", "registry-1.docker.io", "nginx", "library/nginx"), ("pub", "public.ecr.aws", "pub/nginx", None)])
def test_an_image_that_the_upstream_lacks(doctor, prefix, registry, name, library):
    """Official images of Docker Hub lie below library/."""
    doctor.lab.cache_rule(prefix, registry)
    doctor.lab.push_image("registry-1.docker.io/library/other:v1")
    report = doctor.look(image=at(f"{name}:v1"))
    assert report.code == 1 and upstream(report)[1] == "failed", report
    assert report.one("upstream")["reason"] in ("no-image", "no-repository")
    rows = report.all("cache rule", prefix)
    assert [r["verdict"] for r in rows] == (["warning", "ok"] if library else ["ok"])
    if library:
        assert "library/" in rows[0]["detail"] and rows[0]["hint"].split()[-1] == library, rows
    report.says("repository", name, "skipped", "not there yet", f"'{prefix}'")
    for step in ("upstream", "image"):
        assert "the upstream does not have it" in report.one(step)["hint"], report
    assert not [h for h in report.hints if "a pull imports it" in h or "push" in h], report


@pytest.mark.parametrize("failure", ["the secret is gone", None])
def test_a_rule_that_does_not_work(doctor, failure):
    doctor.lab.cache_rule("pub", "public.ecr.aws", valid=False, failure=failure)
    doctor.lab.push_image("public.ecr.aws/x/y:v1")
    report = doctor.look(image=at("pub/x/y:v1"))
    assert report.code == 5, report
    report.says("cache rule", "pub", "failed", "public.ecr.aws", failure or "does not say why", hint=["credentials"])


@pytest.mark.parametrize("rule", [{"prefix": "team", "upstream": "public.ecr.aws"}, {"prefix": "ROOT", "upstream": "public.ecr.aws"},
                                  {"prefix": "team", "upstream": "public.ecr.aws", "valid": False, "failure": "gone"}])
def test_a_rule_over_an_image_that_is_there(doctor, rule):
    """What its upstream has, or whether the rule works, matters no more to this pull."""
    doctor.lab.cache_rule(**rule)
    report = doctor.look()
    assert report.code == 0 and "failed" not in report.bad.values(), report
    assert {s for s, _ in report.bad} <= {"cache rule", "upstream"}
    assert report.one("image")["verdict"] == report.one("repository")["verdict"] == "ok"
    assert ("cache rule", rule["prefix"]) in report.bad or rule.get("valid", True)


@pytest.mark.parametrize("rules, covering", [
    (["other"], None), (["team"], "team"), (["tea"], None), (["team/app"], None), (["ROOT"], "ROOT"), (["ROOT", "team"], "team"),
    (["other", "ROOT"], "ROOT"), ([], None)])
def test_which_rule_covers(doctor, rules, covering):
    for rule in rules:
        doctor.lab.cache_rule(rule, "public.ecr.aws")
    report = doctor.look(text=False)
    assert [f["subject"] for f in report.all("cache rule")] == [covering or "all"], report
    if not covering:
        report.says("cache rule", "all", "ok", f"none of {len(rules)}")
        assert report.all("upstream") == []
    asked = [json.loads(r["body"])["ecrRepositoryPrefix"] for r in doctor.lab.requests(operation="ValidatePullThroughCacheRule")]
    assert asked == ([covering] if covering else [])


@pytest.mark.parametrize("operation, step", [("DescribePullThroughCacheRules", "all"), ("ValidatePullThroughCacheRule", "team")])
@pytest.mark.parametrize("fault", ["server_error", "html", "deny", "other_shape"])
def test_rules_that_cannot_be_asked_about(doctor, operation, step, fault):
    doctor.lab.cache_rule("team", "public.ecr.aws")
    doctor.lab.push_image("public.ecr.aws/app:v1")
    doctor.lab.fault(fault, service="api", operation=operation)
    report = doctor.look(*QUICK, text=fault == "deny")
    assert report.code == 0 and report.bad.get(("cache rule", step)) == "warning", report
    assert {s for s, _ in report.bad} <= {"cache rule", "permission"}
    assert not [f for f in report.all("cache rule") if f["verdict"] == "ok"]


@pytest.mark.parametrize("registry, fault, verdict", [
    ("public.ecr.aws", "server_error", "warning"), ("public.ecr.aws", "throttle", "warning"), ("public.ecr.aws", "html", "warning"),
    ("public.ecr.aws", "deny", "warning"), ("public.ecr.aws", "cut", "warning"), ("nosuch.lab.test", None, "warning"),
    (f"210987654321.dkr.ecr.{REGION}.amazonaws.com", None, "skipped")])
def test_an_upstream_that_does_not_say(doctor, registry, fault, verdict):
    """Whether it has the image stays open."""
    doctor.lab.cache_rule("up", registry)
    if fault:
        doctor.lab.fault(fault, service="public")
    report = doctor.look(*QUICK, image=at("up/x/y:v1"), text=not fault)
    assert upstream(report) == (f"{registry}/x/y", verdict), report
    report.says("image", at("up/x/y:v1"), report.one("image")["verdict"], "not-cached")
    assert report.code in (0, 5) and report.one("image")["verdict"] != "ok"


# ---- platform and layers

@pytest.mark.parametrize("platform, verdict, words", [
    ("linux/amd64", "ok", ["linux/amd64", "bucket"]), ("linux/arm64", "warning", ["linux/arm64"]),
    ("windows/amd64", "warning", ["windows/amd64"]), (["linux/amd64", "linux/arm64"], "ok", ["linux/amd64, linux/arm64"]),
    (["linux/arm64", "linux/s390x"], "warning", ["linux/arm64, linux/s390x"]), (["linux/amd64/v2"], "warning", ["linux/amd64/v2"])],
    ids=str)
@pytest.mark.parametrize("docker", [False, True])
def test_platform(doctor, platform, verdict, words, docker):
    """Whether this machine can run it; the configuration of a single image comes from the bucket."""
    made = doctor.lab.push_image(at("team/app:p"), platform=platform, docker=docker)
    report = doctor.look(image=at("team/app:p"), text=not docker)
    assert report.code == 0 and report.bad == ({("platform", NATIVE): "warning"} if verdict == "warning" else {}), report
    found = report.says("platform", NATIVE, verdict, *words, hint=["--platform"] if verdict == "warning" else [])
    fetched = [r["path"] for r in doctor.lab.requests(service="bucket", operation="GetObject") if r["path"] != "/"]
    assert len(fetched) == isinstance(platform, str), fetched
    if fetched:
        assert json.loads(made.manifest)["config"]["digest"].split(":")[1] in fetched[0], found
    assert made.digest in report.one("image")["detail"]


@pytest.mark.parametrize("fault, options, words", [
    ("server_error", {}, "500"), ("throttle", {}, "503"), ("deny", {}, "403"), ("cut", {}, "closed"), ("cut_body", {}, ""),
    ("html", {}, "digest"),
    ("garble", {}, ""), ("truncate_json", {}, ""), ("empty", {}, ""), ("redirect", {"location": "https://website.lab.test/"}, "")])
def test_the_bucket_does_not_give_the_configuration(doctor, fault, options, words):
    """The bucket answers, but not with this: a pull would fail there."""
    doctor.lab.fault(fault, service="bucket", path="sha256", **options)
    report = doctor.look(*QUICK, text=fault == "deny")
    found = report.one("platform")
    assert found["verdict"] == "failed" and report.code in (4, 5, 6) and found["hint"] and words in found["detail"], report
    assert "does not name any" not in found["detail"] and set(report.bad) == {("platform", NATIVE)}, report
    assert host_steps(report, BUCKET) == WELL


def test_an_image_that_names_no_platform(doctor):
    """An artifact is none the worse for it."""
    doctor.lab.push_image(at("team/app:n"), platform=["unknown/unknown"])
    report = doctor.look(image=at("team/app:n"))
    assert report.code == 0 and report.bad == {} and report.one("platform")["verdict"] == "skipped", report


# ---- Docker

def test_the_daemon_is_there(doctor, dockerd):
    report = doctor.look(docker=True)
    assert report.code == 0 and report.bad == {}, report
    assert report.one("docker")["verdict"] == "ok" and "API 1." in report.one("docker")["detail"]


@pytest.mark.parametrize("said, words", [(None, ["API 1.47"]), (ping(status=500), ["500"]), (message("no", 403), ["403"])])
def test_what_the_daemon_says(doctor, said, words):
    with Daemon(str(doctor.path / "d.sock"), lambda kind, data, *_: said or data) as daemon:
        report = doctor.look(docker=None, env={"DOCKER_HOST": daemon.host})
    found = report.one("docker")
    assert found["verdict"] == ("skipped" if said else "ok") and all(w in found["detail"] for w in words), report
    assert report.code == 0 and report.bad == {}


def test_a_daemon_that_hangs(doctor):
    with Daemon(str(doctor.path / "d.sock"), lambda kind, data, request, peer, daemon: daemon.hang()) as daemon:
        report = doctor.look("--timeout", "1s", docker=None, env={"DOCKER_HOST": daemon.host}, text=False)
    assert report.seconds < 1.5 and report.one("docker")["verdict"] != "ok" and report.one("image")["verdict"] == "ok"


@pytest.mark.parametrize("env", [{"DOCKER_HOST": "nonsense"}, {"DOCKER_CONTEXT": "nosuch"}])
def test_a_daemon_that_is_not_named_right(doctor, env):
    report = doctor.look(docker=None, env=env)
    assert report.one("docker")["verdict"] in ("skipped", "warning") and report.one("image")["verdict"] == "ok" and report.code == 0


STORED = {"auth": "QVdTOnN0b3JlZC1wYXNzd29yZA=="}


@pytest.mark.parametrize("config, verdict, words", [
    ({"auths": {HOST: STORED}}, "ok", "stored"), ({"auths": {f"https://{HOST}": STORED}}, "ok", "stored"),
    ({"auths": {"other.test": STORED}}, "warning", "none"), ({}, "warning", "none"), ({"auths": {HOST: {}}}, "warning", "none"),
    ({"credHelpers": {HOST: "ecr-login"}}, "ok", "ecr-login"), ({"credHelpers": {"other.test": "ecr-login"}}, "warning", "none"),
    ({"credsStore": "pass", "auths": {HOST: {}}}, "ok", "pass"), ({"credsStore": "pass"}, "warning", "none"),
    ({"credsStore": "pass", "credHelpers": {HOST: "ecr-login"}}, "ok", "ecr-login"), ("{broken", "warning", "config.json"),
    ("", "warning", ""),
    ({"auths": {HOST: {"auth": "!!"}}}, "warning", "base64"), ({"auths": []}, "warning", "")], ids=str)
def test_docker_login(doctor, config, verdict, words):
    """It is not used here, but by docker: what is stored is told, and nothing of it is shown."""
    doctor.login(config)
    report = doctor.look()
    assert report.code == 0 and report.bad == ({LOGIN: "warning"} if verdict == "warning" else {}), report
    found = report.says(*LOGIN, verdict, words)
    assert verdict == "ok" or found["hint"]
    assert words != "none" or f"ecr login {HOST}" in found["hint"]


def test_docker_login_elsewhere(doctor):
    doctor.login({})
    assert doctor.look(env={"DOCKER_AUTH_CONFIG": json.dumps({"auths": {HOST: STORED}})}).bad == {}
    path = doctor.file("auth.json", json.dumps({"auths": {HOST: STORED}}))
    assert doctor.look("--authfile", path).bad == {}
    assert doctor.look().bad == {LOGIN: "warning"} and stat.S_IMODE((doctor.path / "auth.json").stat().st_mode) == 0o600


def test_the_home_is_left_alone(doctor):
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in doctor.path.rglob("*") if p.is_file()}
    doctor.look()
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in doctor.path.rglob("*") if p.is_file()}


# ---- registries that are not ECR's, and ECR Public

def test_a_registry_that_is_not_ecrs(doctor, dockerd):
    """No AWS step is run for it; the daemon says whether the image is there."""
    doctor.lab.push_image("registry.lab.test/team/app:v1")
    doctor.login({"auths": {"registry.lab.test": STORED}})
    report = doctor.look(image="registry.lab.test/team/app:v1", docker=True, key=None)
    assert report.code == 0 and report.bad == {}, report
    assert host_steps(report, "registry.lab.test") == WELL and report.one("image")["verdict"] == "ok"
    assert not {"source", "credentials", "identity", "permission", "repository", "cache rule"} & {f["step"] for f in report.findings}
    assert {f["subject"] for f in report.all("dns")} == {"registry.lab.test"}
    assert doctor.lab.requests(service="api") == doctor.lab.requests(service="sts") == []


def test_a_registry_that_is_not_ecrs_without_a_daemon(doctor):
    """The registry itself says whether the image is there."""
    image = "registry.lab.test/team/app:v1"
    report = doctor.look(image=image)
    assert report.code == 1 and report.bad.get(("image", image)) == "failed", report
    report.says("image", image, "failed", "absent", "no-image")
    assert report.one("docker")["verdict"] == "skipped" and "ecr login" not in " ".join(report.hints)
    doctor.lab.push_image(image)
    report = doctor.look(image=image)
    assert report.code == 0 and report.one("image")["verdict"] == "ok", report
    doctor.lab.dns_fault("registry.lab.test", "nxdomain")
    assert doctor.look(image=image).code == 4


@pytest.mark.parametrize("name", ["nginx:v1", "docker.io/library/nginx:v1", "me/app:v1"])
def test_docker_hub(doctor, dockerd, name):
    """The way is that to the host that docker asks."""
    doctor.lab.push_image(f"registry-1.docker.io/{'me/app' if 'me' in name else 'library/nginx'}:v1")
    doctor.login({"auths": {"https://index.docker.io/v1/": STORED}})
    report = doctor.look(image=name, docker=True)
    assert host_steps(report, "registry-1.docker.io") == WELL, report
    assert "docker.io" not in {f["subject"] for f in report.all("dns")}


@pytest.mark.parametrize("key", ["full", None])
def test_ecr_public(doctor, dockerd, key):
    """It can be pulled from without credentials: their lack is no failure."""
    doctor.lab.push_image("public.ecr.aws/x/y:v1")
    assert doctor.ecr("login", "public.ecr.aws", env=doctor.lab.key_environment("full")).code == 0
    report = doctor.look(image="public.ecr.aws/x/y:v1", docker=True, key=key)
    assert report.code == 0 and report.one("image")["verdict"] == "ok", report
    assert report.bad == ({} if key else {("credentials", "AWS"): "warning"})
    assert host_steps(report, "public.ecr.aws") == WELL and host_steps(report, BUCKET) == {}
    assert not {"permission", "repository", "cache rule"} & {f["step"] for f in report.findings} and report.policy is None


def test_ecr_public_with_a_login_that_is_over(doctor, dockerd):
    """Docker's login is at fault, not the credentials."""
    doctor.lab.push_image("public.ecr.aws/x/y:v1")
    doctor.login({"auths": {"public.ecr.aws": STORED}})
    report = doctor.look(image="public.ecr.aws/x/y:v1", docker=True)
    assert report.code == 3 and report.bad == {("image", "public.ecr.aws/x/y:v1"): "failed"}, report
    report.says("image", "public.ecr.aws/x/y:v1", "failed", "expired-credentials", hint=["ecr login public.ecr.aws"])


def test_ecr_public_without_a_daemon(doctor):
    """The registry says it, to strangers."""
    image = "public.ecr.aws/x/y:v1"
    report = doctor.look(image=image)
    assert report.code == 1 and report.one("image")["verdict"] == "failed", report
    doctor.lab.push_image(image)
    report = doctor.look(image=image)
    assert report.code == 0 and report.one("image")["verdict"] == "ok", report


@pytest.mark.parametrize("host, api", [
    (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn"),
    (f"{ACCOUNT}.dkr.ecr-fips.us-east-2.amazonaws.com", "api.ecr-fips.us-east-2.amazonaws.com"),
    (f"{ACCOUNT}.dkr-ecr.us-east-2.on.aws", "ecr.us-east-2.api.aws")])
def test_other_endpoints(doctor, host, api):
    """The hosts of that partition and kind are looked at, no others."""
    report = doctor.look(image=f"{host}/team/app:v1")
    assert host_steps(report, api) == WELL and host_steps(report, host) == WELL, report
    assert len({f["subject"] for f in report.all("dns")}) == 4 and report.code == 1
    region = "cn-north-1" if ".cn" in host else "us-east-2"
    assert [f["subject"] for f in report.all("dns")][-1].startswith(f"prod-{region}-starport-layer-bucket.s3")
