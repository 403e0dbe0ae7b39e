"""The registry probe: what is asked, of whom, over which connection, and what its answers come to."""

import json
import os
import time

import pytest
import support_certs as certs
from support_daemon import Daemon
from support_net import in_turn, reply
from support_registry import (ACCEPT, FOUND, IMAGE, MANIFEST, NO_IMAGE, NO_REPOSITORY, VERSION, Holds, Script, Stage, asked, bearer,
                              client_wanted, error, manifest, redirect, sent, token, unknown, wants)

from lab import synth

NAME = "registry.test"
REF = f"{NAME}/team/app:v1"


@pytest.fixture
def stage(lab, tmp_path):
    stage = Stage(lab, tmp_path)
    yield stage
    stage.close()


# ---- HEAD, GET

def test_one_head_says_all(stage):
    server = stage.serve(NAME, Holds())
    assert stage.verdict(REF) == FOUND
    assert asked(server) == ["HEAD /v2/team/app/manifests/v1"]
    assert server.requests[0].headers["accept"].split(", ") == ACCEPT
    assert server.requests[0].headers["user-agent"].startswith("ecr/")
    assert "authorization" not in server.requests[0].headers
    shown = stage.shown
    assert (shown["digest"], shown["mediaType"], shown["source"]) == (IMAGE.digest, MANIFEST, "registry"), shown
    assert shown["reference"] == REF


def test_by_digest(stage):
    server = stage.serve(NAME, Holds({f"team/app@{IMAGE.digest}": IMAGE}))
    assert stage.verdict(f"{NAME}/team/app:v7@{IMAGE.digest}") == FOUND   # the digest decides, the tag is for people
    assert asked(server) == [f"HEAD /v2/team/app/manifests/{IMAGE.digest}"]


def test_absence_is_named_by_a_get(stage):
    """A bodyless 404 does not say what it is that is not there."""
    server = stage.serve(NAME, Holds())
    assert stage.verdict(f"{NAME}/team/app:v9") == NO_IMAGE
    assert asked(server) == ["HEAD /v2/team/app/manifests/v9", "GET /v2/team/app/manifests/v9"]
    assert server.requests[1].headers["accept"].split(", ") == ACCEPT
    assert stage.verdict(f"{NAME}/nobody/none:v1") == NO_REPOSITORY
    assert server.connections == 2   # one a run


@pytest.mark.parametrize("status", [400, 405, 501, 404])
def test_registries_that_refuse_head(stage, status):
    server = stage.serve(NAME, Script(HEAD=error("UNSUPPORTED", "", status), GET=manifest()))
    # 501 is a server's failure: waiting for it to pass is right, too
    assert stage.verdict(REF) in ([FOUND] if status != 501 else [FOUND, unknown("server-error")])
    assert asked(server)[-1].startswith("GET") or status == 501


@pytest.mark.parametrize("status", [406, 415])
def test_a_picky_registry_is_asked_for_anything(stage, status):
    server = stage.serve(NAME, lambda request, peer: manifest() if request.headers.get("accept") == "*/*" and
                         request.method == "GET" else reply(b"", status, [VERSION], "text/plain"))
    assert stage.verdict(REF) == FOUND
    assert [r.headers["accept"] for r in server.requests][-1] == "*/*"
    assert stage.shown["digest"] == IMAGE.digest


def test_without_the_digest_header_the_bytes_are_hashed(stage):
    server = stage.serve(NAME, Script(GET=manifest(digest=False)))
    assert stage.verdict(REF) == FOUND
    assert stage.shown["digest"] == IMAGE.digest
    assert [line.split()[0] for line in asked(server)] == ["HEAD", "GET"]


@pytest.mark.parametrize("kind", ["oci", "docker", "index"])
def test_what_the_distribution_registry_holds(lab, kind):
    image = (synth.image(types=synth.DOCKER) if kind == "docker" else synth.image() if kind == "oci"
             else synth.index(["linux/amd64", "linux/arm64"]))
    lab.push(f"{lab.plain_host}/team/app:v1", image)
    lab.clear_log()
    result = lab.ecr("check", "--via", "registry", "--json", f"{lab.plain_host}/team/app:v1", key=None)
    shown = result.json[0]
    assert (result.code, shown["digest"], shown["mediaType"]) == (0, image.digest, image.media_type), result
    assert [r["operation"] for r in lab.requests(service="plain")][-1] == "HeadManifest"


# ---- loopback, --plain-http

def test_loopback_registries_speak_either(lab, stage):
    lab.push_image(f"{lab.plain_host}/team/app:v1")
    for host in ("127.0.0.1:5001", "localhost:5001", "[::1]:5001"):
        assert stage.verdict(f"{host}/team/app:v1") == FOUND, host
        assert stage.verdict(f"{host}/team/app:v9") == NO_IMAGE, host
    secure = stage.local(Holds(), secure=True)
    assert stage.verdict(f"{secure.name}/team/app:v1") == FOUND
    assert not secure.failures and stage.verdict(f"{secure.name}/team/app:v9") == NO_IMAGE


def test_a_loopback_registry_with_a_bad_certificate_is_not_spoken_to_plainly(stage):
    secure = stage.local(Holds(), context=stage.context("127.0.0.1", issuer=certs.root("Nobody")))
    assert stage.verdict(f"{secure.name}/team/app:v1") == unknown("tls")
    assert asked(secure) == []


def test_others_are_never_spoken_to_plainly(stage):
    """Not even when they would answer: what is not asked for is not done."""
    server = stage.local(Holds(), address="198.18.1.90")
    ref = f"{server.name}/team/app:v1"
    assert stage.verdict(ref) == unknown("tls")
    assert stage.verdict(ref, "--plain-http", "other.test:1") == unknown("tls")
    assert asked(server) == []
    assert stage.verdict(ref, "--plain-http", server.name) == FOUND
    stage.serve(NAME, Holds())
    assert stage.verdict(REF, "--plain-http", server.name) == FOUND   # the others keep their TLS


# ---- certificates of a registry's own

def run_alone(stage, server, **options):
    """With the machine's and this program's roots alone."""
    return stage.verdict(f"{server.name}/team/app:v1", env={"SSL_CERT_FILE": None}, **options)


@pytest.mark.parametrize("place", [".docker/certs.d", ".config/containers/certs.d"])
def test_a_registrys_own_ca(stage, place):
    server = stage.local(Holds(), secure=True)
    assert run_alone(stage, server) == unknown("tls")
    stage.config(stage.root.pem, f"{place}/other.test/ca.crt")
    assert run_alone(stage, server) == unknown("tls")
    stage.config(stage.root.pem, f"{place}/{server.name}/ca.crt")
    assert run_alone(stage, server) == FOUND
    assert run_alone(stage, server, home=stage.folder) == unknown("tls")


@pytest.mark.parametrize("place", ["/etc/docker/certs.d", "/etc/containers/certs.d"])
def test_the_machines_folder(stage, place):
    server = stage.local(Holds(), secure=True)
    stage.config(stage.root.pem, f"etc/{server.name}/ca.crt")
    top = os.path.dirname(place)
    steps = (f"mount -t tmpfs none /mnt && mkdir -p /mnt/certs.d && mount --bind {stage.home}/etc /mnt/certs.d && "
             f"{{ test -d {top} || mount -t tmpfs none /etc && mkdir -p {top}; }} && mount --rbind /mnt {top}")
    prefix = ("unshare", "--mount", "sh", "-c", f'{steps} && exec "$@"', "sh")
    assert run_alone(stage, server, prefix=prefix) == FOUND


def test_a_client_certificate(stage, tmp_path):
    issuer = certs.root("Clients' Root")
    client = certs.Issuer("client", issuer, names=["client"], usage=certs.CLIENT)
    server = stage.local(Holds(), context=client_wanted(stage.context("127.0.0.1"), issuer, tmp_path))
    stage.config(stage.root.pem, f".docker/certs.d/{server.name}/ca.crt")
    assert run_alone(stage, server)[0] == "unknown"
    assert asked(server) == []
    stage.config(client.pem, f".docker/certs.d/{server.name}/client.cert")
    assert run_alone(stage, server) == unknown("no-credentials")   # its key is not there, and the trail says so
    assert "client.key" in stage.detail or "client.cert" in stage.detail
    stage.config(client.key_pem, f".docker/certs.d/{server.name}/client.key")
    assert run_alone(stage, server) == FOUND
    assert client.key_pem[30:60] not in stage.result.stdout + stage.result.stderr


def test_a_registrys_ca_counts_for_where_it_sends_us(stage):
    """Its token service and its store are of the same house, and other clients use one set of certificates for all."""
    secret = "lab-token-0123456789abcdef"
    stage.serve("auth.test", Script(token=token(secret)))
    stage.serve("store.test", Holds())
    server = stage.serve(NAME, Holds(allowed=wants(f"Bearer {secret}", bearer("https://auth.test/token"))))
    stage.config(stage.root.pem, f".docker/certs.d/{NAME}/ca.crt")
    plain = {"SSL_CERT_FILE": None}
    assert stage.verdict(REF, env=plain) == FOUND
    server.answer = lambda request, peer: redirect("https://store.test" + request.target)
    assert stage.verdict(REF, env=plain) == FOUND
    assert stage.verdict("store.test/team/app:v1", env=plain) == unknown("tls")


# ---- busy registries

def busy(value=None, status=429):
    return error("TOOMANYREQUESTS", "Rate exceeded", status, [("Retry-After", value)] if value else [])


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for(stage, form):
    def later(request, peer):
        when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2)) if form == "date" else "1"
        return busy(when)
    stage.serve(NAME, Script(GET=[later, manifest()]))
    assert stage.verdict(REF, attempts="2") == FOUND
    assert 0.9 <= stage.result.seconds < 4, stage.result


@pytest.mark.parametrize("value", ["3600", "99999999999999999999", "Thu, 01 Jan 2099 00:00:00 GMT"])
def test_nobody_waits_longer_than_there_is_time(stage, value):
    server = stage.serve(NAME, Script(GET=busy(value)))
    result = stage.check([REF, f"{NAME}/team/app:v2"], attempts="3", timeout="4s")
    assert result.code == 4 and [r["reason"] for r in result.json] == ["throttled"] * 2, result
    assert result.seconds < 1 and len(server.requests) <= 2, result


@pytest.mark.parametrize("value", ["-5", "soon", "", "1e9", "Thu, 32 Foo 2026"])
def test_a_retry_after_that_is_none(stage, value):
    stage.serve(NAME, Script(GET=busy(value)))
    assert stage.verdict(REF) == unknown("throttled")


@pytest.mark.parametrize("status, reason", [(429, "throttled"), (500, "server-error"), (503, "server-error")])
def test_trouble_that_passes_is_asked_again(stage, status, reason):
    server = stage.serve(NAME, Script(GET=[busy(status=status), manifest()]))
    assert stage.verdict(REF, attempts="2") == FOUND
    assert len(server.requests) == 2
    stage.serve("other.test", Script(GET=busy(status=status)))
    assert stage.verdict("other.test/team/app:v1") == unknown(reason)
    assert str(status) in stage.detail


# ---- redirects

def test_authorization_crosses_no_redirect(stage):
    stage.config({"auths": {NAME: {"auth": "dXNlcjpzZWNyZXQtd29yZA=="}}})
    stage.secrets += ["secret-word", "dXNlcjpzZWNyZXQtd29yZA"]
    want = wants("Basic dXNlcjpzZWNyZXQtd29yZA==", error("UNAUTHORIZED", "", 401, [("WWW-Authenticate", 'Basic realm="x"')]))

    def answer(request, peer):
        return want(request) or redirect("https://store.test" + request.target)
    server, store = stage.serve(NAME, answer), stage.serve("store.test", Holds())
    assert stage.verdict(REF) == FOUND
    assert sent(server)[-1][1] and [a for _, a in sent(store)] == [None] * len(store.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_keeps_the_method_and_the_accept_list(stage, status):
    store = stage.serve("store.test", Holds())
    stage.serve(NAME, lambda request, peer: redirect("https://store.test" + request.target, status))
    assert stage.verdict(REF) == FOUND
    assert asked(store) == ["HEAD /v2/team/app/manifests/v1"] and store.requests[0].headers["accept"].split(", ") == ACCEPT


@pytest.mark.parametrize("place, reason", [
    ("http://registry.test/", "refused"), ("http://127.0.0.1:5001/v2/team/app/manifests/v1", "refused"),
    ("https://127.0.0.1/", "refused"), ("https://loopback.lab.test/", "refused"), ("https://[::1]/", "refused"),
    ("https://169.254.169.254/latest/meta-data/", "refused"), ("https://metadata.lab.test/", "refused"),
    ("https://[fd00:ec2::254]/", "refused"), ("https://[::ffff:169.254.169.254]/", "refused"), ("https://0.0.0.0/", "refused"),
    ("https://169.254.170.2/", "refused"), ("file:///etc/passwd", "bad-reply"), ("ftp://store.test/", "bad-reply"),
    ("https://", "bad-reply"), ("", "bad-reply")])
def test_redirects_that_are_not_followed(lab, stage, place, reason):
    lab.metadata()
    lab.push_image(f"{lab.plain_host}/team/app:v1")
    lab.clear_log()
    stage.serve(NAME, lambda request, peer: redirect(place))
    assert stage.verdict(REF) == unknown(reason)
    assert lab.requests() == [] and not [c for c in lab.connections() if c["service"] != "dns"]


def test_a_redirect_without_end(stage):
    server = stage.serve(NAME, lambda request, peer: redirect(f"https://{NAME}/v2/team/app/manifests/{len(server.requests)}"))
    assert stage.verdict(REF) == unknown("bad-reply")
    assert len(server.requests) <= 7


def test_a_404_behind_a_redirect_is_not_the_registrys(stage):
    """The registry has shown itself; the website that it leads to has not."""
    site = stage.serve("site.test", Script(token=reply("<html>Not Found</html>", 404, (), "text/html")))
    away = reply(b"", 307, [VERSION, ("Location", "https://site.test/x")], "text/plain")
    stage.serve(NAME, Script(HEAD=error("UNSUPPORTED", "", 405, [VERSION]), GET=away))
    assert stage.verdict(REF) == unknown("ambiguous")
    assert asked(site) == ["GET /x"]
    site.answer = Script(token=error("MANIFEST_UNKNOWN", "of another registry, perhaps", headers=[VERSION]))
    assert stage.verdict(REF)[0] in ("unknown", "absent")


# ---- the order of the probes

def steps(result):
    return [(step["source"], step["state"], step["reason"]) for step in result.json[0]["trail"]]


def test_any_other_registry_then_docker(stage, tmp_path):
    stage.serve(NAME, in_turn(busy(), Holds()))
    with Daemon(str(tmp_path / "sock")) as daemon:
        env = {"DOCKER_HOST": daemon.host}
        result = stage.check(REF, via="auto", env=env)
        assert result.code == 0 and steps(result) == [("registry", "unknown", "throttled"), ("docker", "present", "ok")], result
        result = stage.check(REF, via="auto", env=env)
        assert result.code == 0 and steps(result) == [("registry", "present", "ok")], result
        result = stage.check(f"{NAME}/team/app:v9", via="auto", env=env)
        assert result.code == 1 and steps(result) == [("registry", "absent", "no-image")], result
        result = stage.check(REF, via="docker", env=env)
        assert result.code == 0 and steps(result) == [("docker", "present", "ok")], result
    result = stage.check(f"{NAME}/team/app:v1", via="ecr")
    assert result.code in (3, 5) and result.json[0]["state"] == "unknown", result


def test_ecr_then_its_registry_then_docker(lab, stage, image, tmp_path):
    """With a stored login; without one the registry is not asked, for its token would be the same principal."""
    nothing = lab.new_key("nothing-much", allow=["GetAuthorizationToken"])
    env = {"AWS_ACCESS_KEY_ID": nothing["access_key_id"], "AWS_SECRET_ACCESS_KEY": nothing["secret_access_key"]}
    with Daemon(str(tmp_path / "sock")) as daemon:
        env["DOCKER_HOST"] = daemon.host
        result = stage.check(image, via="auto", env=env)
        assert steps(result) == [("ecr", "unknown", "denied"), ("registry", "skipped", "no-credentials"),
                                 ("docker", "present", "ok")], result
        assert lab.requests(service="registry") == []
        lab.docker_login(stage.home)
        result = stage.check(image, via="auto", env=env)
        assert steps(result) == [("ecr", "unknown", "denied"), ("registry", "present", "ok")], result
    assert [(r["operation"], r["key"]) for r in lab.requests(service="registry")][-1] == ("HeadManifest", "AWS")


def test_ecrs_registry_with_a_fresh_token(lab, stage, image):
    lab.clear_log()
    assert stage.verdict(image, key="pull") == FOUND
    assert [r["operation"] for r in lab.requests(service="api")] == ["GetAuthorizationToken"]
    assert [(r["operation"], r["key"]) for r in lab.requests(service="registry")] == [("HeadManifest", "AWS")]
    assert stage.verdict(image[:-1] + "9", key="pull") == NO_IMAGE
    assert "archived" in stage.detail
    assert stage.verdict(image.replace("team/app", "team/none"), key="pull") == NO_REPOSITORY


def test_ecr_public_strangers_first(lab, stage):
    lab.push_image("public.ecr.aws/lab/app:v1")
    lab.clear_log()
    assert stage.verdict("public.ecr.aws/lab/app:v1", via="auto", key="full") == FOUND
    assert lab.requests(service="api-public") == []
    assert {r["key"] for r in lab.requests(service="public", operation="Token")} == {None}
    lab.fault("throttle", service="public", operation="HeadManifest", count=1)
    assert stage.verdict("public.ecr.aws/lab/app:v1", via="auto", key="full") == FOUND
    assert [r["operation"] for r in lab.requests(service="api-public")] == ["GetAuthorizationToken"]
    assert stage.verdict("public.ecr.aws/lab/app:v9", via="auto") == NO_IMAGE
    assert stage.verdict("public.ecr.aws/lab/none:v1", via="auto") in (NO_IMAGE, NO_REPOSITORY)


def test_json_of_a_file_of_images(stage, tmp_path):
    """Many at a time: each as it was typed, in the order given, duplicates too, over few connections."""
    server = stage.serve(NAME, Holds())
    names = [f"{NAME}/team/app:v{n % 3}" for n in range(30)]
    path = tmp_path / "images"
    path.write_text("\n".join(names) + "\n")
    result = stage.run("check", "--via", "registry", "--json", "-f", str(path))
    assert result.code == 1 and [r["image"] for r in result.json] == names, result
    assert {(r["image"], r["state"]) for r in result.json} == {(f"{NAME}/team/app:v{n}", "present" if n == 1 else "absent")
                                                               for n in range(3)}
    assert len(server.requests) == 5 and json.loads(result.lines[1])["digest"] == IMAGE.digest
