"""`ecr doctor`: the place, the network and its faults, proxies, clocks, and the form of what is said."""

import contextlib
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time
from email.utils import formatdate

import pytest
from support_certs import leaf, root
from support_credentials import section
from support_doctor import (ACCOUNT, API, BUCKET, HOST, HOSTS, IMAGE, PERMISSIONS, QUICK, REGION, SOURCES, STS, WAY, WELL, Doctor,
                            host_steps)
from support_net import HttpServer, Server, answers, aws_error, file_of, reply, tls_context


@pytest.fixture
def doctor(lab, tmp_path, image):
    assert image == IMAGE
    return Doctor(lab, tmp_path)


# ---- all is well

def test_all_is_well(doctor):
    report = doctor.look()
    assert report.code == 0 and report.bad == {} and report.policy is None, report
    assert [(f["step"], f["subject"], f["verdict"]) for f in report.findings] == [
        ("place", "here", "ok"), ("clock", "here", "ok"), ("proxy", "HTTPS_PROXY", "ok"), ("region", "ours", "skipped"),
        *((step, host, "ok") for host in (API, STS, HOST, BUCKET) for step in WAY),
        ("source", "environment", "ok"), ("identity", ACCOUNT, "ok"), *(("permission", f"ecr:{p}", "ok") for p in PERMISSIONS),
        ("repository", "team/app", "ok"), ("cache rule", "all", "ok"), ("image", IMAGE, "ok"),
        ("platform", "linux/amd64", "ok"), ("docker", "daemon", "skipped"), ("docker login", HOST, "ok")]
    digest = doctor.lab.api().describe_images(repositoryName="team/app")["imageDetails"][0]["imageDigest"]
    report.says("image", IMAGE, "ok", digest)
    report.says("identity", ACCOUNT, "ok", f"arn:aws:iam::{ACCOUNT}:user/full")
    report.says("dns", API, "ok", "198.18.0.10")
    report.says("tcp", HOST, "ok", "198.18.0.11")
    report.says("tls", STS, "ok", "Lab RSA Intermediate", "good until 20")
    report.says("platform", "linux/amd64", "ok", "linux/amd64", "bucket")


@pytest.mark.parametrize("options, env, region", [(("--region", REGION), {}, REGION), ((), {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
                                                  ((), {}, None)])
def test_without_an_image(doctor, options, env, region):
    """The caller's region, and nothing about any repository."""
    report = doctor.look(*options, env=env, image=None)
    assert report.code == 0 and report.bad == {}, report
    ours, = report.all("region")
    assert (ours["verdict"], region or "not known") == ("ok" if region else "skipped", re.split("[:;]", ours["detail"])[0])
    hosts = {f["subject"] for f in report.findings if f["step"] == "dns"}
    assert hosts == ({f"api.ecr.{region}.amazonaws.com", f"sts.{region}.amazonaws.com"} if region else set())
    asked = {f["subject"] for f in report.all("permission")}
    assert asked == ({"ecr:GetAuthorizationToken", "ecr:DescribePullThroughCacheRules"} if region else set())
    assert not {"repository", "image", "platform", "docker login"} & {f["step"] for f in report.findings}
    assert bool(report.all("network")) == (region is None)
    assert "BatchGetImage" not in {r["operation"] for r in doctor.lab.requests()}


def test_no_credentials(doctor):
    """Every source says why it does not apply, in the order of the SDKs; there is nobody whose permissions could lack."""
    report = doctor.look(key=None)
    assert report.code == 3 and report.policy is None
    assert report.bad == {("credentials", "AWS"): "failed", ("image", IMAGE): "failed"}, report
    assert [(f["subject"], f["verdict"]) for f in report.all("source")] == [(s, "skipped") for s in SOURCES]
    why = {f["subject"]: f["detail"] for f in report.all("source")}
    words = {"environment": "AWS_ACCESS_KEY_ID", "assume-role": "role_arn", "web-identity": "AWS_WEB_IDENTITY_TOKEN_FILE",
             "sso": "sso_account_id", "credentials-file": str(doctor.path), "login": "login_session",
             "process": "credential_process", "config-file": str(doctor.path), "imds": "AWS_EC2_METADATA_DISABLED",
             "container": "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "github": "id-token"}
    assert all(words[s] in why[s] for s in SOURCES), why
    report.says("credentials", "AWS", "failed", "no credentials", hint=["AWS_ACCESS_KEY_ID"])
    assert "doctor" not in " ".join(report.hints)
    assert all(host_steps(report, h) == WELL for h in HOSTS.values())
    assert not {"identity", "permission", "repository", "platform"} & {f["step"] for f in report.findings if f["verdict"] == "ok"}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("key, bare", [(None, ()), ("full", ()), (None, ("env", "-i"))])
def test_no_network_at_all(doctor, named, key, bare):
    """An empty network namespace, and (bare) an empty environment."""
    image = IMAGE if named else None
    report = doctor.look("--timeout", "1s", key=key, image=image, prefix=("unshare", "--net", *bare))
    assert report.seconds < 1.6
    network = {("dns", API): "failed", ("dns", HOST): "failed", ("dns", STS): "warning", ("dns", BUCKET): "failed",
               ("image", IMAGE): "failed"} if image else {}
    assert {step: v for step, v in report.bad.items() if step[0] not in ("credentials", "identity", "docker login")} == network, report
    for f in report.all("dns"):
        assert "no network" in f["detail"] and f["hint"], f
    assert report.code == (4 if image else 3 if key is None else 0), report
    assert not {"tcp", "tls", "http", "repository"} & {f["step"] for f in report.findings if f["verdict"] == "ok"}
    assert report.all("identity") == [] or report.one("identity")["verdict"] != "ok"
    if not key:
        assert len(report.all("source")) == len(SOURCES) and ("credentials", "AWS") in report.bad


def test_no_network_ends_soon_by_itself(doctor):
    """Nothing can even be sent: nobody need wait for that."""
    report = doctor.look(prefix=("unshare", "--net"))
    assert report.code == 4 and report.seconds < 2, report


# ---- the way to the servers

def faulty(lab, service, fault):
    kind, _, name = fault.partition(":")
    if kind == "dns":
        lab.dns_fault(HOSTS[service], name)
    elif kind == "to":
        lab.dns_fault(HOSTS[service], "addresses", type="A", addresses=[getattr(lab, name)])
    else:
        lab.fault(f"tls_{name}", service=service)


def lost(service):
    """No pull works without the API, the registry or the bucket; without STS it does."""
    return "warning" if service == "sts" else "failed"


@pytest.mark.parametrize("service", HOSTS)
@pytest.mark.parametrize("fault, step, status, words", [
    ("dns:nxdomain", "dns", 4, ["no host of this name"]), ("dns:empty", "dns", 4, ["DNS"]),
    ("to:refusing", "tcp", 4, ["198.18.0.98", "refused"]), ("to:unreachable", "tcp", 4, ["198.19.0.97"]),
    ("tls:untrusted", "tls", 5, ["Strange Root CA"]), ("tls:expired", "tls", 5, ["ended on"]),
    ("tls:wrong_host", "tls", 5, ["somewhere-else.lab.test"]), ("tls:self_signed", "tls", 5, ["self-signed"]),
    ("tls:future", "tls", 5, ["begins only on"]), ("tls:tls13", "tls", 5, ["1.2 alone"]), ("tls:close", "tls", 4, ["TLS"])])
def test_a_host_out_of_reach(doctor, service, fault, step, status, words):
    """That step of that host is told, and what needs it; the steps before it and the other hosts are well."""
    faulty(doctor.lab, service, fault)
    report = doctor.look(*QUICK)
    host = HOSTS[service]
    found = report.says(step, host, lost(service), *words)
    assert found.get("hint") and not found["detail"].startswith(f"{host}: "), found
    assert {**host_steps(report, host), step: "ok"} == dict.fromkeys(WAY[:WAY.index(step) + 1], "ok"), report
    assert all(host_steps(report, h) == WELL for h in HOSTS.values() if h != host), report
    elsewhere = {s for s, _ in report.bad} - {step}
    if service == "api":
        assert report.one("image")["verdict"] == "failed" and report.policy is None
        assert not [f for f in report.findings if f["step"] in ("permission", "repository", "cache rule", "platform")
                    and f["verdict"] in ("ok", "failed")], report
        assert report.all("identity")[0]["verdict"] == "ok"
    else:
        assert elsewhere == {"sts": {"identity"}, "registry": set(), "bucket": {"platform"}}[service], report
    if service == "bucket":
        assert report.one("platform")["hint"] and BUCKET in report.one("platform")["detail"]
    assert report.code == (0 if service == "sts" else status), report


@pytest.mark.parametrize("fault", ["dns:nxdomain", "dns:servfail", "to:refusing"])
def test_without_the_api_it_ends_soon(doctor, fault):
    """One step is enough to know: the calls that cannot be made are not tried each with all its attempts."""
    faulty(doctor.lab, "api", fault)
    with open("/etc/resolv.conf") as f:
        names = f.read() + "\noptions timeout:1 attempts:1\n"
    report = doctor.look(text=False, resolv_conf=names)
    assert report.code == 4 and report.seconds < 4, report
    assert all(host_steps(report, h) == WELL for h in (STS, HOST, BUCKET)), report


@pytest.mark.parametrize("service", HOSTS)
@pytest.mark.parametrize("fault, step", [("dns:drop", "dns"), ("to:blackhole", "tcp"), ("tls:stall", "tls")])
def test_time_is_bounded(doctor, service, fault, step):
    """--timeout is for all steps; those that time was over for are not said to be broken."""
    faulty(doctor.lab, service, fault)
    report = doctor.look("--timeout", "400ms", text=False)
    assert report.seconds < 0.9 and report.code == (0 if service == "sts" else 4), report
    host = HOSTS[service]
    found = report.one(step, host)
    assert found["verdict"] == lost(service) and found["ms"] > 100, report
    blamed = {subject for (s, subject) in report.bad if s in (*WAY, "proxy")}
    assert blamed == {host}, report
    names = [f["hint"] for f in report.findings if "resolv.conf" in f.get("hint", "")]
    assert not names or step == "dns", report


def test_slow_steps_show_it(doctor):
    doctor.lab.dns_fault(API, "slow", type="A", milliseconds=250)
    doctor.lab.fault("delay", service="registry", seconds=0.3)
    doctor.lab.fault("delay", service="sts", operation="GetCallerIdentity", seconds=0.2)
    report = doctor.look(text=False)
    assert report.bad == {}
    assert 250 <= report.one("dns", API)["ms"] < 600 and 300 <= report.one("http", HOST)["ms"] < 600
    assert 200 <= report.one("identity")["ms"] < 500 and report.one("dns", HOST)["ms"] < 100


def test_the_time_of_a_failure(doctor):
    doctor.lab.fault("tls_stall", service="registry", seconds=0.4)
    assert 400 <= doctor.look(*QUICK, text=False).one("tls", HOST)["ms"] < 900


def test_the_time_of_a_source(doctor):
    doctor.file("slow", "#!/bin/sh\nsleep 0.3\necho '{\"Version\": 1, \"AccessKeyId\": \"{full}\", "
                        "\"SecretAccessKey\": \"{full_secret}\"}'\n", 0o700)
    doctor.files(section(credential_process="{tmp}/slow"))
    assert 300 <= doctor.look(key=None, text=False, image=None).one("source", "process")["ms"] < 900


# ---- private addresses

def tunnel(address):
    """Hands bytes on in both directions."""
    def copy(source, target):
        with contextlib.suppress(OSError):
            for data in iter(lambda: source.recv(65536), b""):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve(peer):
        with socket.create_connection((address, 443)) as inner:
            back = threading.Thread(target=copy, args=(inner, peer.socket), daemon=True)
            back.start()
            copy(peer.socket, inner)
            back.join(5)
    return serve


@contextlib.contextmanager
def local(address):
    """An address of a VPC, here."""
    where = [address + "/32", "dev", "lo"]
    subprocess.run(["ip", "addr", "add", *where], check=True)
    try:
        yield
    finally:
        subprocess.run(["ip", "addr", "del", *where], check=True)


def endpoint(lab, host, *addresses):
    for kind in ("A", "AAAA"):
        lab.dns_fault(host, "addresses", type=kind, addresses=[a for a in addresses if (":" in a) == (kind == "AAAA")])


@pytest.mark.parametrize("addresses, private", [
    (["10.77.0.1"], True), (["10.255.255.255", "10.0.0.0"], True), (["172.16.0.1"], True), (["172.31.255.255"], True),
    (["192.168.0.1"], True), (["100.64.0.1"], True), (["100.127.255.255"], True), (["fd00:77::1"], True), (["fc00::1"], True),
    (["10.77.0.1", "fd00:77::1"], True), (["9.255.255.255"], False), (["11.0.0.1"], False), (["172.15.255.255"], False),
    (["172.32.0.1"], False), (["192.167.0.1"], False), (["192.169.0.1"], False), (["100.63.255.255"], False),
    (["100.128.0.1"], False), (["2001:db8::1"], False), (["10.77.0.1", "198.18.0.98"], False),
    (["10.77.0.1", "2001:db8::1"], False)], ids=str)
def test_which_addresses_are_private(doctor, addresses, private):
    """Nobody is there: then that is said, too, and which endpoint a VPC needs for it."""
    endpoint(doctor.lab, HOST, *addresses)
    report = doctor.look(*QUICK, "--timeout", "2s", text=False)
    found = report.says("dns", HOST, "ok", *addresses)
    assert ("VPC endpoint" in found["detail"]) == private and ("public" in found["detail"]) == (not private), found
    report.says("tcp", HOST, "failed", hint=["security groups", f"in a VPC without a way out it takes the endpoint com.amazonaws.{REGION}"
                                             ".ecr.dkr"])
    assert report.code == 4, report


@pytest.mark.parametrize("service", ["api", "registry", "bucket"])
def test_a_vpc_endpoint(doctor, service):
    front = {"api": "198.18.0.10", "registry": "198.18.0.11", "bucket": "198.18.0.12"}[service]
    with local("10.77.0.1"), Server(tunnel(front), address="10.77.0.1", port=443):
        endpoint(doctor.lab, HOSTS[service], "10.77.0.1")
        report = doctor.look()
    assert report.code == 0 and report.bad == {}, report
    report.says("dns", HOSTS[service], "ok", "10.77.0.1: private", "VPC endpoint")
    report.says("tcp", HOSTS[service], "ok", "10.77.0.1")
    assert [f["subject"] for f in report.all("dns") if "private" in f["detail"]] == [HOSTS[service]]


# ---- proxies

PASSWORD = "s3cret-of-the-proxy"


def test_through_a_proxy(doctor):
    """Names and connections are its business; a region's services are asked through it all the same."""
    report = doctor.look(env={"HTTPS_PROXY": doctor.lab.proxy, "NO_PROXY": ".lab.test"}, resolv_conf="")
    assert report.code == 0 and report.bad == {}, report
    report.says("proxy", "HTTPS_PROXY", "ok", "198.18.0.80:3128", ".lab.test")
    for host in HOSTS.values():
        steps = host_steps(report, host)
        assert steps["dns"] == "skipped" and steps["http"] == "ok" and "tcp" not in steps, report
        report.says("dns", host, "skipped", "198.18.0.80:3128")


def test_a_proxy_that_is_not_for_these_hosts(doctor):
    report = doctor.look(env={"HTTPS_PROXY": "http://198.18.0.98:1", "NO_PROXY": "amazonaws.com"})
    assert report.bad == {} and all(host_steps(report, h) == WELL for h in HOSTS.values())


def test_a_proxy_for_plain_http_is_none_here(doctor):
    """HTTP_PROXY is not for https: no step may look as if it were."""
    report = doctor.look(env={"HTTP_PROXY": "http://198.18.0.98:1"})
    assert report.bad == {} and all(host_steps(report, h) == WELL for h in HOSTS.values())
    assert report.one("proxy")["detail"] != "http://198.18.0.98:1/"


def test_a_proxy_with_a_password(doctor):
    doctor.hide("user:password")
    report = doctor.look("-v", env={"HTTPS_PROXY": doctor.lab.auth_proxy}, text=False)
    assert report.code == 0 and report.bad == {}
    report.says("proxy", "HTTPS_PROXY", "ok", "http://198.18.0.80:3129")


@pytest.mark.parametrize("url, words", [
    ("http://user:{}@198.18.0.80:3129", ["407"]), ("http://198.18.0.80:3129", ["407"]),
    ("http://user:{}@198.18.0.98:1", ["198.18.0.98:1", "refused"]), ("http://user:{}@nosuchproxy.lab.test:1", ["nosuchproxy.lab.test"])])
@pytest.mark.parametrize("verbose", [False, True])
def test_a_proxy_that_does_not_work(doctor, url, words, verbose):
    """The proxy is blamed, its password is not shown; nothing behind it is, and no endpoint of a VPC is missed."""
    doctor.hide(PASSWORD)
    report = doctor.look(*QUICK, *(["-v"] if verbose else []), env={"HTTPS_PROXY": url.format(PASSWORD)}, text=not verbose)
    assert report.code == 4 and report.policy is None, report
    assert {f["subject"] for f in report.all("proxy")} == {"HTTPS_PROXY"}, report
    blamed = [f for f in report.all("proxy") if f["verdict"] != "ok"]
    assert "failed" in {f["verdict"] for f in blamed}, report
    for found in blamed:
        assert all(word in found["detail"] for word in words) and "HTTPS_PROXY" in found["hint"], found
    assert "user:password" in blamed[0]["hint"] or words != ["407"]
    assert {f["verdict"] for f in report.findings if f["step"] in WAY} <= {"skipped"}, report
    assert {s for s, _ in report.bad} <= {"proxy", "identity", "image"}
    assert {f["verdict"] for f in report.all("permission")} == {"skipped"} and "com.amazonaws" not in " ".join(report.hints), report


@pytest.mark.parametrize("url, status, words", [
    ("http://user:{}@198.18.0.98:99999", 4, ["port", "65535"]), ("socks5://user:{}@198.18.0.98:1080", 5, ["http://"]),
    ("https://user:{}@198.18.0.98:1080", 5, ["http://"])])
@pytest.mark.parametrize("verbose", [False, True])
def test_a_proxy_that_is_named_wrong(doctor, url, status, words, verbose):
    """That alone has failed, and its advice says how it is named; the credentials are told all the same."""
    doctor.hide(PASSWORD)
    report = doctor.look(*QUICK, *(["-v"] if verbose else []), env={"HTTPS_PROXY": url.format(PASSWORD)}, text=not verbose)
    assert report.code == status and report.bad == {("proxy", "HTTPS_PROXY"): "failed"} and report.policy is None, report
    report.says("proxy", "HTTPS_PROXY", "failed", *words, hint=["HTTPS_PROXY", "http://"])
    report.says("source", "environment", "ok")
    assert [(f["step"], f["verdict"]) for f in report.findings if f["step"] in ("network", "identity", "permission", "image", *WAY)] == [
        ("network", "skipped"), ("identity", "skipped"), ("permission", "skipped"), ("image", "skipped")], report


def test_a_black_hole_for_a_proxy(doctor):
    report = doctor.look("--timeout", "800ms", env={"HTTPS_PROXY": f"http://{doctor.lab.blackhole}:3128"}, text=False)
    assert report.code == 4 and report.seconds < 1.3 and report.bad[("proxy", "HTTPS_PROXY")] == "failed", report


# ---- what answers in place of a service

@pytest.mark.parametrize("service", HOSTS)
@pytest.mark.parametrize("fault, options", [("html", {}), ("redirect", {"location": "https://website.lab.test/login"}),
                                            ("not_a_registry", {})])
def test_a_captive_portal(doctor, service, fault, options):
    """A page is no answer of the service: that is said of this host, and of no other."""
    doctor.lab.fault(fault, service=service, **options)
    report = doctor.look(*QUICK)
    host, status = HOSTS[service], {"html": 200, "redirect": 307, "not_a_registry": 404}[fault]
    step, subject = ("identity", "STS") if service == "sts" else ("http", host)
    report.says("http", host, "ok" if service == "sts" else "warning", f"(HTTP {status})")
    report.says(step, subject, "warning", hint=["proxy", "portal"])
    assert all(host_steps(report, h) == WELL for h in HOSTS.values() if h != host), report
    assert report.policy is None
    if service in ("sts", "registry"):
        assert report.bad == {(step, subject): "warning"} and report.code == 0, report
    if service == "bucket":
        report.says("platform", "linux/amd64", "failed", BUCKET, hint=["bucket"])
        assert report.bad == {("http", host): "warning", ("platform", "linux/amd64"): "failed"} and report.code == 6, report
    if service == "api":
        assert report.one("image")["verdict"] == "failed" and report.code == 5, report


@pytest.mark.parametrize("service", HOSTS)
@pytest.mark.parametrize("fault, words", [("cut", ["closed"]), ("raw", ["HTTP"])])
def test_an_answer_that_is_none(doctor, service, fault, words):
    doctor.lab.fault(fault, service=service, **({"text": "220 smtp ready\r\n\r\n"} if fault == "raw" else {}))
    report = doctor.look(*QUICK)
    found = report.says("http", HOSTS[service], lost(service), *words)
    assert found["hint"] and all(host_steps(report, h) == WELL for h in HOSTS.values() if h != HOSTS[service]), report


@pytest.mark.parametrize("service, status, reason", [
    ("registry", 403, "denied"), ("registry", 404, "denied"), ("registry", 500, "server-error"), ("api", 503, "server-error"),
    ("bucket", 500, "server-error"), ("sts", 500, None)])
def test_a_service_that_refuses_all(doctor, service, status, reason):
    """It is the service that answers, and it lets nobody in."""
    at = {"registry": "/v2/"}.get(service, "/")
    doctor.lab.fault("set_status", service=service, path=at, status=status)
    report = doctor.look(*QUICK)
    found = report.says("http", HOSTS[service], lost(service), f"HTTP {status}")
    assert found["hint"] and found.get("reason") == reason, report
    assert all(host_steps(report, h) == WELL for h in HOSTS.values() if h != HOSTS[service]), report


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.1.1"])
def test_a_name_that_leads_nowhere(doctor, address):
    """As a name server that hides names, or /etc/hosts, has it."""
    endpoint(doctor.lab, HOST, address)
    report = doctor.look(*QUICK, "--timeout", "2s", text=False)
    report.says("dns", HOST, "warning", address, "no service of AWS", hint=["/etc/hosts"])
    assert report.one("tcp", HOST)["verdict"] == "failed" and report.code == 4, report


# ---- clocks and certificates

@pytest.mark.parametrize("seconds, words", [(3600, "ahead"), (-3600, "behind"), (200, None), (-200, None), (300, "ahead"),
                                            (-300, "behind")])
def test_clock_skew(doctor, seconds, words):
    """Signatures are made by the service's clock, so that all goes well, but it is told."""
    doctor.lab.setting(clock=seconds)
    report = doctor.look()
    assert report.code == 0
    assert report.bad == ({("clock", host): "warning" for host in HOSTS.values()} if words else {}), report
    for host in HOSTS.values() if words else ():
        found = report.says("clock", host, "warning", words, hint=["clock"])
        assert abs(int(re.search(r"\d+", found["detail"]).group()) - abs(seconds)) <= 2


@pytest.mark.parametrize("date, told", [(None, False), ("yesterday", False), ("Sat, 21 Nov 2020 15:32:34 GMT", True),
                                        (-120, False), (-290, True)])
def test_the_date_of_one_service(doctor, date, told):
    value = formatdate(time.time() + date, usegmt=True) if isinstance(date, int) else date
    doctor.lab.fault("set_header", service="registry", name="Date", value=value)
    report = doctor.look(text=False)
    assert report.bad == ({("clock", HOST): "warning"} if told else {}) and report.code == 0, report


@pytest.mark.parametrize("days, verdict", [(13, "warning"), (1, "warning"), (15, "ok"), (400, "ok")])
def test_a_certificate_that_ends_soon(doctor, days, verdict):
    authority = root()
    own = leaf(authority, "localhost", end=days)
    chain = file_of(doctor.path / "chain", own.pem + own.key_pem)
    with open(doctor.lab.ca) as f:
        trusted = file_of(doctor.path / "ca", authority.pem + f.read())

    def answer(request, _):
        return reply({"authorizationData": []}) if request.operation else aws_error("MissingAuthenticationTokenException")
    with HttpServer(answer, context=tls_context(chain)) as server:
        report = doctor.look("--endpoint-url", f"https://localhost:{server.port}", "--ca-file", trusted, "--region", REGION,
                             image=None, text=verdict == "warning")
    ends = own.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = report.says("tls", "localhost", verdict, "Test Root", ends)
    assert ("hint" in found) == (verdict == "warning") and ("tls", STS) not in report.bad


# ---- region

@pytest.mark.parametrize("options, env, ours", [
    (("--region", "eu-west-1"), {}, "eu-west-1"), ((), {"AWS_REGION": "us-west-2"}, "us-west-2"),
    ((), {"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"), (("--region", REGION), {"AWS_REGION": "us-west-2"}, REGION),
    ((), {"AWS_REGION": REGION}, REGION), ((), {}, None)])
def test_region(doctor, options, env, ours):
    """Whoever pulls from another region pays for it."""
    other = ours not in (None, REGION)
    report = doctor.look(*options, env=env, text=other)
    assert report.code == 0 and [s for s in report.bad if s[0] == "region"] == ([("region", "ours")] if other else [])
    if other:
        report.says("region", "ours", "warning", ours, REGION, hint=["cost"])


@pytest.mark.parametrize("region", ["not a region", "us-east-1/../x", "\x1b[31m"])
def test_a_region_that_is_none(doctor, region):
    report = doctor.look(env={"AWS_REGION": region}, image=None, text="\x1b" not in region)
    assert report.one("region")["verdict"] == "warning" and report.all("dns") == [], report


# ---- where it runs

@pytest.mark.parametrize("env, words", [
    ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "a pod of Kubernetes"), ({"ECS_CONTAINER_METADATA_URI_V4": "http://x"}, "a task of ECS"),
    ({"ECS_CONTAINER_METADATA_URI": "http://x"}, "a task of ECS"), ({"container": "podman"}, "a container"),
    ({"GITHUB_ACTIONS": "true", "CI": "true"}, "GitHub Actions"), ({"GITLAB_CI": "true"}, "GitLab CI"), ({"JENKINS_URL": "x"}, "Jenkins"),
    ({"CODEBUILD_BUILD_ID": "x"}, "CodeBuild"), ({"CI": "1"}, "a CI system"), ({"HOME": None}, "without HOME"),
    ({"KUBERNETES_SERVICE_HOST": "x", "GITLAB_CI": "1"}, "a pod of Kubernetes, a job of GitLab CI")])
def test_the_place(doctor, env, words):
    report = doctor.look(env=env, image=None, text=False)
    report.says("place", "here", "ok", words, "linux/amd64")
    for name in ("pod", "task", "CI", "without HOME"):
        assert (name in report.one("place")["detail"]) == (name in words) or name == "CI", report


def test_pid_1(doctor):
    report = doctor.look(image=None, prefix=("unshare", "--pid", "--fork"))
    report.says("place", "here", "ok", "as PID 1")


# ---- what is said, and to whom

@pytest.mark.parametrize("arguments, words", [((IMAGE, IMAGE), "one image"), (("host.test/UPPER:v1",), "reference"), (("",), "reference"),
                                              (("a b",), "reference"), (("--nonsense", IMAGE), "--nonsense"),
                                              (("--timeout", "soon", IMAGE), "soon"), (("--endpoint-url", "x y", IMAGE), "--endpoint-url")])
def test_wrong_usage(doctor, arguments, words):
    for more in ((), ("--json",)):
        ran = doctor.ecr("doctor", *more, *arguments)
        assert ran.code == 2 and words in ran.stderr and len(ran.lines) == len(more), ran
        assert not more or ran.json["error"]["reason"] == "usage", ran
    assert doctor.lab.requests() == [] and doctor.lab.dns_queries() == []


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@pytest.mark.parametrize("json_", [False, True])
@pytest.mark.parametrize("key", ["full", None])
def test_stdout_that_cannot_be_written(doctor, where, json_, key):
    prefix = ("sh", "-c", f'exec "$@" {where}', "sh")
    ran = doctor.ecr("doctor", *(["--json"] if json_ else []), IMAGE, prefix=prefix, env=doctor.lab.key_environment(key))
    assert ran.code == 5 and "standard output" in ran.stderr, ran
    assert ran.stderr.count("standard output") == 1, ran


HOSTILE = "\x1b[31mred\r\n::error::x\u202e##[error]y\n##vso[task.x]\x07\x9b"


@pytest.mark.parametrize("service", ["api", "sts", "bucket"])
def test_hostile_messages(doctor, service):
    """Nothing of what a service says may control a terminal or a CI system."""
    doctor.lab.fault("refuse", service=service, code="AccessDeniedException", message=HOSTILE)
    for more in ((), ("-v",), ("--json",), ("--color", "always")):
        ran = doctor.ecr("doctor", *QUICK, *more, IMAGE, env=doctor.lab.key_environment("full"))
        said = ran.stdout + ran.stderr
        assert not re.search("[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202e]", said), ran
        assert "##[" not in said and "##vso[" not in said and not re.search(r"^\s*::", said, re.M), ran
        assert "\x1b[31m" not in said
        assert "red" in said or service == "bucket"
        if "--json" in more:
            assert all(json.loads(line)["step"] for line in ran.lines)


def test_hostile_names(doctor):
    """Rules, repositories and identities are named by others, too."""
    lab = doctor.lab
    lab.fault("body", service="api", operation="DescribePullThroughCacheRules", text=json.dumps({"pullThroughCacheRules": [
        {"ecrRepositoryPrefix": "team", "upstreamRegistryUrl": "##[group]\x1b[2Jevil\n::error::x"}]}))
    lab.fault("body", service="api", operation="ValidatePullThroughCacheRule", text=json.dumps({
        "isValid": False, "failure": HOSTILE}))
    lab.fault("body", service="api", operation="DescribeRepositories", text=json.dumps({"repositories": [
        {"repositoryName": "team/app", "imageTagMutability": HOSTILE}]}))
    for more in ((), ("-v",), ("--json",)):
        ran = doctor.ecr("doctor", *QUICK, *more, IMAGE, env=lab.key_environment("full"))
        said = ran.stdout + ran.stderr
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said) and "##[" not in said, ran
        assert not re.search(r"^\s*::", said, re.M) and "evil" in said, ran


@pytest.mark.parametrize("options", [(), ("-v",), ("--json",), ("--json", "-v"), ("-q",)])
def test_secrets_are_not_shown(doctor, options):
    """Not the key's, not the registry token, not the signature of a layer's URL, and not what they are made of."""
    seen = []
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
                           "config": {"mediaType": "x", "size": 2, "digest": "sha256:" + "3" * 64}})
    digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()

    def answer(request, _):
        seen.append(request.operation or request.target)
        values = {
            "GetAuthorizationToken": {"authorizationData": [{"authorizationToken": "QVdTOnRva2VuLW9mLXRoZS1yZWdpc3RyeQ==",
                                                             "expiresAt": 2e9, "proxyEndpoint": f"https://{HOST}"}]},
            "GetDownloadUrlForLayer": {"downloadUrl": f"{server.url}/layer?X-Amz-Credential=AKIASIGNER&X-Amz-Signature=cafe0123cafe"
                                       "&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLETOKEN", "layerDigest": "sha256:" + "3" * 64},
            "BatchGetImage": {"images": [{"registryId": ACCOUNT, "repositoryName": "team/app", "imageManifest": manifest,
                                         "imageId": {"imageTag": "v1", "imageDigest": digest}, "imageManifestMediaType": MANIFEST}],
                              "failures": []},
            "DescribeRepositories": {"repositories": [{"repositoryName": "team/app", "imageTagMutability": "MUTABLE"}]}}
        if request.operation in values and b"0000000000" not in request.body:
            return reply(values[request.operation])
        return answers(request) if request.operation.startswith("Describe") else reply(b"no", 403)
    doctor.hide("token-of-the-registry")
    for secret in ("QVdTOnRva2VuLW9mLXRoZS1yZWdpc3RyeQ==", "cafe0123cafe", "FwoGZXIvYXdzEXAMPLETOKEN", "AKIASIGNER"):
        doctor.hide(secret)
    with local("10.77.0.1"), HttpServer(answer, address="10.77.0.1") as server:
        ran = doctor.ecr("doctor", *QUICK, *options, "--endpoint-url", server.url, IMAGE, env=doctor.lab.key_environment("session"))
    assert "GetAuthorizationToken" in seen and any(s.startswith("/layer?") for s in seen), (seen, ran)
    assert "Signature" not in ran.stdout + ran.stderr and "X-Amz-" not in ran.stdout + ran.stderr, ran
    assert "stored-password" not in ran.stdout + ran.stderr and "layer" in ran.stdout + ran.stderr


MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def test_only_errors_when_quiet(doctor):
    """The diagnosis is what was asked for: it is on standard output, quiet or not."""
    loud, quiet = (doctor.ecr("doctor", *more, IMAGE, env=doctor.lab.key_environment("full")) for more in ((), ("-q",)))
    assert len(loud.lines) == len(quiet.lines) > 20 and quiet.stderr == ""


def test_lines_come_as_they_are_found(doctor):
    """Whoever waits sees what for."""
    doctor.lab.fault("stall", service="sts", seconds=0.6)
    began = time.monotonic()
    command = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.environ.get("ECR_BIN") or "build/ecr"),
               "doctor", *QUICK, "--region", REGION]
    environment = {"SSL_CERT_FILE": doctor.lab.ca, "AWS_EC2_METADATA_DISABLED": "true", **doctor.lab.key_environment("full")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert "place" in running.stdout.readline() and time.monotonic() - began < 0.5
        assert "identity" in running.communicate()[0] and time.monotonic() - began > 0.6
