"""`ecr doctor`: what it must not say, ask or print where somebody lies, fails in the midst, or left something behind."""

import base64
import os
import sys

import pytest
from support_credentials import ROLE, keys, section
from support_doctor import API, BUCKET, HOST, IMAGE, STS, WELL, Doctor, host_steps

LOGIN = ("docker login", HOST)
CREDENTIALS_PATH = "latest/meta-data/iam/security-credentials/session"
SANITIZED = any(word in os.environ.get("ECR_BIN", "") for word in ("asan", "tsan", "msan", "cov"))
STALE = base64.b64encode(b"AWS:of-last-week").decode()


@pytest.fixture
def doctor(lab, tmp_path, image):
    assert image == IMAGE
    return Doctor(lab, tmp_path)


def permissions(report, verdict):
    return {f["subject"].removeprefix("ecr:") for f in report.all("permission") if f["verdict"] == verdict}


def let_through(lab):
    """The operations of which one call was not refused (a reply in pieces has no status in the log)."""
    return {r["operation"] for r in lab.requests(service="api") if r["status"] in (200, None)}


# ---- permissions

@pytest.mark.parametrize("code", ["PackedPolicyTooLarge", "ValidationError", "MalformedPolicyDocument"])
def test_a_refusal_of_sts_shows_no_permission(doctor, code):
    """The keys end in the midst, and STS refuses others: no operation was looked at."""
    doctor.lab.role(ROLE, seconds=1)
    doctor.files(section(role_arn=ROLE, source_profile="x"), keys("full", "x"))
    doctor.lab.fault("delay_body", service="api", operation="GetAuthorizationToken", seconds=1.3, count=1)
    doctor.lab.fault("refuse", service="sts", operation="AssumeRole", skip=1, code=code)
    report = doctor.look("--max-attempts", "1", key=None, text=False)
    assert permissions(report, "ok") <= let_through(doctor.lab), report
    batch = report.one("permission", "ecr:BatchGetImage")
    assert batch["verdict"] in ("warning", "skipped", "failed") and "allowed" not in batch["detail"], report
    assert "BatchGetImage" not in let_through(doctor.lab) and report.one("image")["verdict"] != "ok"


@pytest.mark.parametrize("operation", ["BatchGetImage", "GetDownloadUrlForLayer"])
@pytest.mark.parametrize("status", [400, 403])
def test_a_code_that_is_not_known_shows_no_permission(doctor, operation, status):
    for code in ("SomethingNewException", "AccessDeniedByNewPolicyException"):
        doctor.lab.clear()
        doctor.lab.fault("refuse", service="api", operation=operation, code=code, status=status)
        report = doctor.look(text=False)
        report.says("permission", f"ecr:{operation}", "warning", code)
        assert operation not in permissions(report, "ok") | let_through(doctor.lab), report


@pytest.mark.parametrize("code", ["LayersNotFoundException", "LayerInaccessibleException", "InvalidParameterException",
                                  "RepositoryNotFoundException"])
def test_a_code_of_the_operation_shows_permission(doctor, code):
    """Who says that the layer is not there has let the call through."""
    doctor.lab.fault("refuse", service="api", operation="GetDownloadUrlForLayer", code=code, count=1)
    doctor.look(text=False).says("permission", "ecr:GetDownloadUrlForLayer", "ok", "allowed")


# ---- where a peer's word leads

@pytest.mark.parametrize("url", [f"http://169.254.169.254/{CREDENTIALS_PATH}", f"https://169.254.169.254/{CREDENTIALS_PATH}",
                                 "http://127.0.0.1:5170/creds", "http://[fd00:ec2::254]/" + CREDENTIALS_PATH,
                                 f"http://{BUCKET}/layer"])
def test_download_url_that_leads_astray(doctor, url):
    """The layer's URL is AWS's word as long as it is https and leads out of here."""
    doctor.lab.metadata(v1=True)
    doctor.lab.fault("body", service="api", operation="GetDownloadUrlForLayer", content_type="application/x-amz-json-1.1",
                     text=f'{{"downloadUrl": "{url}", "layerDigest": "sha256:{"0" * 64}"}}')
    report = doctor.look(text=False)
    assert [r for name in ("imds", "container", "ecs", "eks") for r in doctor.lab.requests(service=name)] == []
    assert [r for r in doctor.lab.requests(host=BUCKET) if r["path"] == "/layer"] == []
    assert report.one("platform")["verdict"] in ("warning", "failed"), report


@pytest.mark.parametrize("url", [f"http://169.254.169.254/{CREDENTIALS_PATH}", "http://127.0.0.1:5170/creds"])
def test_redirect_of_the_bucket(doctor, url):
    doctor.lab.metadata(v1=True)
    doctor.lab.fault("redirect", service="bucket", path="^/.+", location=url)
    report = doctor.look(text=False)
    assert doctor.lab.requests(service="imds") == doctor.lab.requests(service="container") == []
    assert report.one("platform")["verdict"] in ("warning", "failed"), report


def test_a_challenge_without_end(doctor):
    """A header of 55 KB takes memory in proportion, not its square."""
    doctor.lab.cache_rule("hub", "registry-1.docker.io")
    doctor.lab.fault("challenge", value="Bearer " + 'a="",' * 11000, host="registry-1.docker.io")
    measure = ("import resource, subprocess, sys\ndone = subprocess.run(sys.argv[2:])\n"
               "with open(sys.argv[1], 'w') as f:\n    f.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))\n"
               "sys.exit(done.returncode)")
    told = str(doctor.path / "kilobytes")
    doctor.look(image=f"{HOST}/hub/library/nginx:v1", text=False, prefix=(sys.executable, "-c", measure, told))
    assert doctor.lab.requests(host="registry-1.docker.io") != []
    with open(told) as f:
        assert SANITIZED or int(f.read()) < 30000  # of which a good part is the measure's own


# ---- the network

def test_one_name_without_an_answer(doctor):
    """Names before it were looked up, so the others can be: the image is there."""
    doctor.lab.dns_fault(STS, "drop")
    with open("/etc/resolv.conf") as f:
        names = f.read() + "\noptions timeout:30 attempts:5\n"
    report = doctor.look(text=False, resolv_conf=names, timeout=60)
    report.says("dns", STS, "warning")
    assert all(host_steps(report, host) == WELL for host in (API, HOST, BUCKET)), report
    assert report.one("image")["verdict"] == "ok" and report.one("repository")["verdict"] == "ok", report
    assert not any("no name can be looked up" in f["detail"] for f in report.findings), report


@pytest.mark.parametrize("fault, parameters, reason, code, words", [
    ("server_error", {"status": 503}, "server-error", 4, ["HTTP 503"]), ("deny", {}, "denied", 3, ["HTTP 403"]),
    ("server_error", {"status": 500}, "server-error", 4, ["HTTP 500"])], ids=str)
def test_a_registry_that_refuses_everybody(doctor, fault, parameters, reason, code, words):
    """An image that the API knows is not there for a pull."""
    doctor.lab.fault(fault, host=HOST, **parameters)
    report = doctor.look()
    found = report.says("http", HOST, "failed", *words)
    assert found["reason"] == reason and found["hint"] and report.code == code, report


@pytest.mark.parametrize("host, verdict, code", [(API, "failed", 4), (STS, "warning", 0)])
def test_services_that_fail_everybody(doctor, host, verdict, code):
    doctor.lab.fault("server_error", host=host, path="^/$", method="GET", status=503)
    report = doctor.look(text=False)
    assert report.says("http", host, verdict, "HTTP 503")["hint"] and report.code == code, report


@pytest.mark.parametrize("host", [API, HOST])
@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "169.254.1.1", "::1"])
def test_addresses_of_this_machine(doctor, host, address):
    """A sinkhole, or a line of /etc/hosts that was forgotten: that is no public address."""
    report = doctor.look("--timeout", "5s", text=False, hosts=f"{address} {host}\n")
    found = report.says("dns", host, "warning", address, hint=["/etc/hosts"])
    assert "public" not in found["detail"] and report.code != 0, report


@pytest.mark.parametrize("addresses, kind", [
    (["198.18.0.10"], "public"), (["198.18.0.10", "10.255.255.1"], "private and public"),
    (["198.18.0.10", "127.0.0.1"], "this machine")], ids=str)
def test_addresses_of_several_kinds(doctor, addresses, kind):
    doctor.lab.dns_fault(API, "addresses", type="A", addresses=addresses)
    found = doctor.look(text=False).one("dns", API)
    assert found["detail"].split(": ", 1)[1].startswith(kind) and set(addresses) <= set(found["detail"].replace(":", ",").split(", "))
    assert found["verdict"] == ("warning" if kind == "this machine" else "ok")


# ---- docker

@pytest.mark.parametrize("form", ["tcp://{}:99999", "ssh://{}", "tcp://{}:0x", "http://{}:99999", "https://{}:-1", "npipe://{}"])
def test_password_of_the_daemon_s_address(doctor, form):
    """Some write it into DOCKER_HOST; an address that is refused is shown without it (assert_no_secrets)."""
    secret = doctor.hide("hunter2pw")
    report = doctor.look(docker=None, env={"DOCKER_HOST": form.format(f"user:{secret}@box")})
    assert report.one("docker", "daemon" if report.all("docker", "daemon") else None)["verdict"] in ("warning", "skipped"), report
    assert any("box" in f["subject"] + f["detail"] for f in report.all("docker")), report


@pytest.mark.parametrize("members", [{"credHelpers": {HOST: "ecr-login"}}, {"credsStore": "ecr-login"}], ids=str)
def test_login_beside_a_helper(doctor, members):
    """What `docker login` left behind is not looked at by docker once a helper is named."""
    doctor.hide("of-last-week")
    doctor.login({**members, "auths": {HOST: {"auth": STALE}}})
    report = doctor.look()
    found = report.says(*LOGIN, "ok", "left to the helper", "ecr-login")
    assert "is stored" not in found["detail"]


def test_helper_without_a_name(doctor):
    """An empty name in credHelpers means none, for docker as well."""
    doctor.login({"credHelpers": {HOST: ""}})
    found = doctor.look().says(*LOGIN, "warning", "none is stored")
    assert "helper" not in found["detail"]
    doctor.hide("of-last-week")
    doctor.login({"credHelpers": {HOST: ""}, "credsStore": "pass", "auths": {HOST: {"auth": STALE}}})
    doctor.look().says(*LOGIN, "ok")


def test_login_in_another_tool_s_file(doctor):
    """`ecr login` writes where REGISTRY_AUTH_FILE says: there it must be found again."""
    doctor.login({})
    doctor.look().says(*LOGIN, "warning", "none is stored", hint=["ecr login"])
    env = {"REGISTRY_AUTH_FILE": str(doctor.path / "auth.json"), **doctor.lab.key_environment("full")}
    assert doctor.ecr("login", HOST, env=env).code == 0 and (doctor.path / "auth.json").exists()
    doctor.look(env=env).says(*LOGIN, "ok", "stored")


# ---- pull-through cache

def test_repository_that_a_rule_makes(doctor):
    """Who makes it by hand takes it from the cache."""
    doctor.lab.cache_rule("hub", "registry-1.docker.io")
    doctor.lab.push_image("registry-1.docker.io/me/app:v1")
    report = doctor.look(image=f"{HOST}/hub/me/app:v1")
    report.says("repository", "hub/me/app", "skipped", "first pull", "'hub'")
    assert "hint" not in report.one("repository") and report.hints, report
    assert not any("create the repository" in f.get("hint", "") for f in report.findings), report
