"""The `docker` and `local` probes: the real daemon, and fakes for what the real one cannot be made to do."""

import base64
import hashlib
import json
import os
import socket
import subprocess
import threading

import pytest
from support_daemon import Daemon
from support_net import assert_no_secrets, reply, scripted

from lab.fake import Fake

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "d" * 64
DESCRIPTOR = {"Descriptor": {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": DIGEST, "size": 7},
              "Platforms": [{"architecture": "amd64", "os": "linux"}, {"architecture": "arm64", "os": "linux", "variant": "v8"},
                            {"architecture": "unknown", "os": "unknown"}]}


def describes(value=None, status=200, headers=None):
    """A daemon that answers every look at a registry with this."""
    return lambda got: (status, DESCRIPTOR if value is None else value, headers or {}) if "/distribution/" in got.target else None


def ask(lab, *images, via="docker", daemon=None, key=None, options=(), env=None, **rest):
    """`ecr check --json`: (exit status, [object])."""
    env = {**({"DOCKER_HOST": daemon} if daemon else {}), **(env or {})}
    result = lab.ecr("check", "--via", via, "--json", "--max-attempts", "1", *options, *images, key=key, env=env, **rest)
    return result.code, result.json


def verdict(shown):
    return shown["state"], shown["reason"]


def basic(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def app(lab, dockerd):
    repository = lab.create_repository("team/app")
    lab.image = lab.push_image(f"{repository}:v1", ["linux/amd64", "linux/arm64"])
    return repository


# ---- the real daemon

def test_present_and_absent(lab, app, tmp_path):
    lab.docker_login(tmp_path)
    code, shown = ask(lab, f"{app}:v1", f"{app}:v2", f"{app}@{lab.image.digest}", f"{app}:x@{lab.image.digest}",
                      docker=True, home=tmp_path)
    assert code == 1
    assert [verdict(s) for s in shown] == [("present", "ok"), ("absent", "no-image"), ("present", "ok"), ("present", "ok")]
    assert [s.get("digest") for s in shown] == [lab.image.digest, None, lab.image.digest, lab.image.digest]
    assert shown[0]["platforms"] == ["linux/amd64", "linux/arm64"] and shown[0]["source"] == "docker"
    code, (shown,) = ask(lab, f"{HOST}/none:v1", docker=True, home=tmp_path)
    assert (code, verdict(shown)) == (1, ("absent", "no-repository"))


def test_as_fallback(lab, app, tmp_path):
    """The registry is the daemon's neighbour, and not to be reached from here."""
    lab.docker_login(tmp_path)
    for image, code, state in ((f"{app}:v1", 0, "present"), (f"{app}:v2", 1, "absent")):
        result = lab.ecr("check", "--json", image, key=None, docker=True, home=tmp_path, hosts=f"{lab.refusing} {HOST}\n")
        shown, = result.json
        assert (result.code, shown["state"], shown["source"]) == (code, state, "docker")
        assert [(step["source"], step["state"], step["reason"]) for step in shown["trail"]] == [
            ("ecr", "skipped", "no-credentials"), ("registry", "unknown", "unreachable"),
            ("docker", state, "ok" if code == 0 else "no-image")]
        assert result.stderr.splitlines()[1:3] == [
            f"ECR check failed, falling back to the registry: {image} (no-credentials)",
            f"Registry check failed, falling back to Docker: {image} (unreachable)"]


def test_docker_is_not_asked_when_the_registry_has_answered(lab, app, tmp_path):
    lab.docker_login(tmp_path)
    lab.push_image("registry.lab.test/team/app:v1")
    with Fake(describes()) as fake:
        for repository in (app, "registry.lab.test/team/app"):
            code, shown = ask(lab, f"{repository}:v1", f"{repository}:v2", via="auto", daemon=fake.url, home=tmp_path)
            assert code == 1 and [verdict(s) for s in shown] == [("present", "ok"), ("absent", "no-image")]
            assert {s["source"] for s in shown} == {"registry"}
        assert fake.requests == []


def test_docker_is_not_asked_when_ecr_has_answered(lab, app):
    with Fake(describes()) as fake:
        assert lab.ecr("check", f"{app}:v1", f"{app}:v2", env={"DOCKER_HOST": fake.url}).code == 1
        assert fake.requests == []


def test_without_a_login(lab, app):
    """The daemon answers 500 "no basic auth credentials", which is about credentials and not about the server."""
    code, (shown,) = ask(lab, f"{app}:v1", docker=True)
    assert (code, verdict(shown)) == (3, ("unknown", "no-credentials"))
    assert "docker login" in shown["trail"][-1]["detail"]


def test_with_an_expired_login(lab, app, tmp_path):
    lab.docker_login(tmp_path)
    lab.expire_tokens()
    code, (shown,) = ask(lab, f"{app}:v1", docker=True, home=tmp_path)
    assert code in (3, 4) and shown["state"] == "unknown" and "expired" in shown["trail"][-1]["detail"]


def test_with_a_wrong_login(lab, app, tmp_path):
    lab.docker_login(tmp_path, password="wrong")
    code, (shown,) = ask(lab, f"{app}:v1", docker=True, home=tmp_path)
    assert shown["state"] == "unknown" and code in (3, 4, 5)


def test_with_an_ecr_token(lab, app):
    """AWS credentials and no stored ones: a token is fetched for the daemon."""
    lab.control("clear_log")
    code, (shown,) = ask(lab, f"{app}:v1", key="full", docker=True)
    assert code == 0 and shown["digest"] == lab.image.digest
    assert [r["operation"] for r in lab.requests(service="api")] == ["GetAuthorizationToken"]
    code, (shown,) = ask(lab, f"{app}:v2", key="full", docker=True)
    assert (code, verdict(shown)) == (1, ("absent", "no-image"))


@pytest.mark.parametrize("fault, code, reason", [("throttle", 4, "throttled"), ("server_error", 4, "server-error"),
                                                 ("deny", 3, "denied"), ("html", 5, "bad-reply")])
def test_no_token_for_the_daemon(lab, app, fault, code, reason):
    """Who has AWS credentials and gets no token is told so; an anonymous look would hide it."""
    lab.fault(fault, operation="GetAuthorizationToken")
    with Fake(describes()) as fake:
        status, (shown,) = ask(lab, f"{app}:v1", key="full", daemon=fake.url)
        assert fake.of("/distribution/") == []
    assert (status, verdict(shown)) == (code, ("unknown", reason))


def test_one_token_for_many_images(lab, app):
    lab.control("clear_log")
    code, _ = ask(lab, *(f"{app}:v{n}" for n in range(4)), key="full", docker=True)
    assert code == 1
    assert len(lab.requests(operation="GetAuthorizationToken")) == 1


@pytest.mark.parametrize("config, asked", [
    ({"credHelpers": {HOST: "ecr-login"}}, 1), ({"credsStore": "ecr-login"}, 1), ({"credHelpers": {HOST: ""}}, 0), ({}, 0),
    ({"credHelpers": {"other.example": "ecr-login"}}, 0), ({"credHelpers": {HOST: ""}, "credsStore": "ecr-login"}, 0)], ids=str)
def test_login_beside_a_helper(lab, app, tmp_path, config, asked):
    """Docker asks the helper that the file names, not the entry that an earlier login left; an empty name is none."""
    password = lab.password() if asked == 0 else "of-last-week"
    env = write_config(tmp_path, {**config, "auths": {HOST: {"auth": basic("AWS", password)}}})
    lab.control("clear_log")
    code, (shown,) = ask(lab, f"{app}:v1", key="full" if asked else None, docker=True, env=env)
    assert code == 0 and shown["digest"] == lab.image.digest, shown
    assert len(lab.requests(operation="GetAuthorizationToken")) == asked


def test_over_tls(lab, app, tmp_path):
    lab.docker_login(tmp_path)
    tls = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": lab.docker_tls}
    code, (shown,) = ask(lab, f"{app}:v1", daemon=lab.docker_tls_host, env=tls, home=tmp_path)
    assert code == 0, shown
    # Without the client's certificate, with another's authority, or in plain text the daemon does not talk.
    code, (shown,) = ask(lab, f"{app}:v1", daemon=lab.docker_tls_host, home=tmp_path)
    assert code in (4, 5) and shown["state"] == "unknown"
    code, (shown,) = ask(lab, f"{app}:v1", daemon=lab.docker_tls_host, home=tmp_path,
                         env={**tls, "DOCKER_CERT_PATH": str(tmp_path)})
    assert (code, verdict(shown)) == (3, ("unknown", "no-credentials"))
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_bytes(open(os.path.join(lab.docker_tls, name), "rb").read())
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=another authority", "-keyout", "/dev/null", "-out", tmp_path / "ca.pem"], check=True, capture_output=True)
    code, (shown,) = ask(lab, f"{app}:v1", daemon=lab.docker_tls_host, home=tmp_path,
                         env={**tls, "DOCKER_CERT_PATH": str(tmp_path)})
    assert (code, verdict(shown)) == (5, ("unknown", "tls"))


@pytest.mark.parametrize("image, there", [("registry.lab.test/team/app", True), ("public.ecr.aws/lab/app", True),
                                          ("bearer.lab.test/public/app", True)])
def test_images_of_other_registries(lab, dockerd, image, there):
    made = lab.push_image(f"{image}:v1")
    for via, source in (("docker", "docker"), ("auto", "registry")):
        code, (shown,) = ask(lab, f"{image}:v1", via=via, docker=True)
        assert code == 0 and (shown["source"], shown["digest"]) == (source, made.digest)
        code, (shown,) = ask(lab, f"{image}:v2", via=via, docker=True)
        assert code == 1 and verdict(shown)[0] == "absent" and shown["source"] == source


def test_a_plain_loopback_registry(lab, dockerd):
    made = lab.push_image(f"{lab.plain_host}/app:v1")
    code, (shown,) = ask(lab, f"{lab.plain_host}/app:v1", via="auto", docker=True)
    assert code == 0 and shown["digest"] == made.digest


def test_a_registry_with_a_password(lab, dockerd, tmp_path):
    made = lab.push_image("basic.lab.test/app:v1")
    code, (shown,) = ask(lab, "basic.lab.test/app:v1", via="auto", docker=True)
    assert (code, verdict(shown)) == (3, ("unknown", "no-credentials"))
    lab.docker_login(tmp_path, "basic.lab.test", "user", "password")
    code, (shown,) = ask(lab, "basic.lab.test/app:v1", via="auto", docker=True, home=tmp_path)
    assert code == 0 and shown["digest"] == made.digest


# ---- via local

@pytest.fixture
def docker(dockerd, lab, tmp_path):
    env = {**os.environ, "DOCKER_HOST": dockerd, "DOCKER_CONFIG": str(tmp_path / "cli")}

    def call(*arguments, stdin=None):
        done = subprocess.run(["docker", *arguments], env=env, input=stdin, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout
    yield call
    left = call("images", "--quiet").split()
    if left:
        call("rmi", "--force", *left)


def test_local(lab, docker):
    made = lab.push_image("registry.lab.test/team/app:v1", docker=True)
    code, (shown,) = ask(lab, "registry.lab.test/team/app:v1", via="local", docker=True)
    assert (code, verdict(shown)) == (1, ("absent", "no-image"))
    docker("pull", "registry.lab.test/team/app:v1")
    code, (shown,) = ask(lab, "registry.lab.test/team/app:v1", via="local", docker=True)
    assert code == 0 and (shown["source"], shown["digest"], shown["platforms"]) == ("local", made.digest, ["linux/amd64"])
    assert shown["sizeBytes"] > 0
    # Only what is asked for: other tags and digests of the same repository are not there.
    code, shown = ask(lab, "registry.lab.test/team/app:v2", f"registry.lab.test/team/app@{made.digest}",
                      f"registry.lab.test/team/app@{DIGEST}", "registry.lab.test/team/app", via="local", docker=True)
    assert [s["state"] for s in shown] == ["absent", "present", "absent", "absent"]
    assert shown[1]["digest"] == made.digest


# ---- what the daemon is told: X-Registry-Auth

def login(tmp_path, host=HOST, entry=None, name="config.json"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": {host: entry or {"auth": basic("me", "se:cret")}}}))
    return path


def sent(lab, fake, image=f"{HOST}/app:v1", **rest):
    fake.requests.clear()
    code, shown = ask(lab, image, daemon=fake.url, **rest)
    assert code == 0, shown
    got, = fake.of("/distribution/")
    return got.auth


@pytest.fixture
def fake(tmp_path):
    with Fake(describes(), path=tmp_path / "fake.sock") as server:
        yield server


MINE = {"username": "me", "password": "se:cret", "serveraddress": HOST}


def test_nothing_stored(lab, fake, tmp_path):
    assert sent(lab, fake) is None
    assert sent(lab, fake, home=tmp_path) is None


def test_docker_auth_config(lab, fake, tmp_path):
    text = json.dumps({"auths": {HOST: {"auth": basic("me", "se:cret")}}})
    assert sent(lab, fake, env={"DOCKER_AUTH_CONFIG": text}) == MINE
    # It comes before the file, which is asked for what it does not hold.
    login(tmp_path / ".docker", entry={"auth": basic("file", "f")})
    assert sent(lab, fake, env={"DOCKER_AUTH_CONFIG": text}, home=tmp_path) == MINE
    other = json.dumps({"auths": {"other.test": {"auth": basic("x", "y")}}})
    assert sent(lab, fake, env={"DOCKER_AUTH_CONFIG": other}, home=tmp_path)["username"] == "file"


def test_authfile(lab, fake, tmp_path):
    login(tmp_path / ".docker", entry={"auth": basic("file", "f")})
    path = login(tmp_path, name="auth.json")
    assert sent(lab, fake, options=["--authfile", path], home=tmp_path) == MINE
    text = json.dumps({"auths": {HOST: {"auth": basic("env", "e")}}})
    assert sent(lab, fake, options=["--authfile", path], env={"DOCKER_AUTH_CONFIG": text}) == MINE


def test_config_of_home_and_docker_config(lab, fake, tmp_path):
    login(tmp_path / ".docker")
    assert sent(lab, fake, home=tmp_path) == MINE
    login(tmp_path / "elsewhere", entry={"auth": basic("elsewhere", "e")})
    assert sent(lab, fake, home=tmp_path, env={"DOCKER_CONFIG": tmp_path / "elsewhere"})["username"] == "elsewhere"
    assert sent(lab, fake, env={"DOCKER_CONFIG": tmp_path / "nowhere"}, home=tmp_path) is None


@pytest.mark.parametrize("host, entry, auth", [
    (HOST, {"auth": basic("me", "")}, {"username": "me", "password": ""}),
    (HOST, {"auth": basic("me", "a:b:c")}, {"username": "me", "password": "a:b:c"}),
    (HOST, {"auth": base64.b64encode(b"me:pw\0\0").decode()}, {"username": "me", "password": "pw"}),
    (HOST, {"username": "me", "password": "pw"}, {"username": "me", "password": "pw"}),
    (HOST, {"identitytoken": "it", "auth": basic("me", "")}, {"identitytoken": "it", "username": "me", "password": ""}),
    (HOST, {"registrytoken": "rt"}, {"registrytoken": "rt"}),
    (f"https://{HOST}", {"auth": basic("me", "pw")}, {"username": "me", "password": "pw"}),
    (f"https://{HOST}/v1/", {"auth": basic("me", "pw")}, {"username": "me", "password": "pw"}),
    (HOST, {}, None),
    ("evil." + HOST, {"auth": basic("me", "pw")}, None),
    (HOST + ":443", {"auth": basic("me", "pw")}, None),
    (HOST[1:], {"auth": basic("me", "pw")}, None),
    ("amazonaws.com", {"auth": basic("me", "pw")}, None),
])
def test_entries(lab, fake, tmp_path, host, entry, auth):
    (tmp_path / "config.json").write_text(json.dumps({"auths": {host: entry}}))
    got = sent(lab, fake, env={"DOCKER_CONFIG": tmp_path})
    assert got == (None if auth is None else {**auth, "serveraddress": HOST})


def test_docker_hub(lab, fake, tmp_path):
    login(tmp_path, host="https://index.docker.io/v1/", entry={"auth": basic("me", "pw")})
    auth = sent(lab, fake, image="alpine:3", env={"DOCKER_CONFIG": tmp_path})
    assert auth == {"username": "me", "password": "pw", "serveraddress": "https://index.docker.io/v1/"}


def test_an_ecr_token_for_the_daemon(lab, fake):
    auth = sent(lab, fake, key="full")
    assert auth["username"] == "AWS" and len(auth["password"]) > 1000 and auth["serveraddress"] == HOST
    assert sent(lab, fake, key="full", image="registry.lab.test/app:v1") is None
    assert sent(lab, fake, key="full", image="public.ecr.aws/a/b:v1") is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_loopback_tcp_is_trusted(lab, tmp_path, address):
    login(tmp_path)
    with Fake(describes(), address=address) as fake:
        assert sent(lab, fake, env={"DOCKER_CONFIG": tmp_path}) == MINE


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_no_secret_over_plain_tcp(lab, tmp_path, scheme):
    """What crosses a network in the open must hold neither a stored password nor a token."""
    login(tmp_path)
    with Fake(describes(), address="198.18.0.98") as fake:
        url = fake.url.replace("tcp", scheme)
        for rest in ({"env": {"DOCKER_CONFIG": tmp_path}}, {"key": "full"}, {"key": "session"},
                     {"env": {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {HOST: {"auth": basic("me", "se:cret")}}})}},
                     {"options": ["--authfile", tmp_path / "config.json"]}):
            lab.control("clear_log")
            ask(lab, f"{HOST}/app:v1", daemon=url, **rest)
            assert lab.requests(operation="GetAuthorizationToken") == []
        assert fake.of("/distribution/")
        for got in fake.requests:
            assert "x-registry-auth" not in got.headers and "authorization" not in got.headers
            assert "se:cret" not in str(vars(got)) and basic("me", "se:cret") not in str(vars(got))


# ---- which daemon

def test_api_version_in_the_path(lab, fake):
    assert sent(lab, fake, image="registry.lab.test/team/app:v1") is None
    assert fake.requests[-1].target == "/v1.41/distribution/registry.lab.test/team/app:v1/json"
    ask(lab, f"registry.lab.test/team/app@{DIGEST}", daemon=fake.url)
    assert fake.requests[-1].target == f"/v1.41/distribution/registry.lab.test/team/app@{DIGEST}/json"


def context(folder, name, host, current=False):
    place = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    if current:
        (folder / "config.json").write_text(json.dumps({"currentContext": name}))


@pytest.mark.parametrize("how", ["variable", "current", "home", "variable before current", "default", "host before context"])
def test_contexts(lab, tmp_path, how):
    folder = tmp_path / ".docker"
    with Fake(describes(), path=tmp_path / "a.sock") as wanted, Fake(describes(), path=tmp_path / "b.sock") as other:
        context(folder, "mine", wanted.url, current=how in ("current", "home", "host before context"))
        context(folder, "other", other.url, current=how in ("variable before current", "default"))
        env = {"DOCKER_CONFIG": folder}
        if how == "home":
            env = {"HOME": tmp_path}
        if how.startswith("variable"):
            env["DOCKER_CONTEXT"] = "mine"
        if how == "default":
            env.update(DOCKER_CONTEXT="default", XDG_RUNTIME_DIR=tmp_path / "run")
            (tmp_path / "run").mkdir()
            os.symlink(tmp_path / "a.sock", tmp_path / "run" / "docker.sock")
        if how == "host before context":
            env.update(DOCKER_CONTEXT="other", DOCKER_HOST=wanted.url)
        code, shown = ask(lab, "registry.lab.test/app:v1", env=env, docker=None)
        assert code == 0, shown
        assert len(wanted.of("/distribution/")) == 1 and other.requests == []


def test_a_context_that_is_not_there(lab, tmp_path):
    code, (shown,) = ask(lab, "registry.lab.test/app:v1", env={"DOCKER_CONTEXT": "none", "HOME": tmp_path}, docker=None)
    assert shown["state"] == "unknown" and code in (3, 4, 5) and "none" in shown["trail"][0]["detail"]


def test_rootless_socket(lab, tmp_path):
    with Fake(describes(), path=tmp_path / "docker.sock") as fake:
        assert ask(lab, "registry.lab.test/app:v1", env={"XDG_RUNTIME_DIR": tmp_path}, docker=None)[0] == 0
        assert fake.of("/distribution/")


def test_usual_socket(lab, app):
    """The lab's /var/run/docker.sock is its own daemon's."""
    made = lab.push_image("registry.lab.test/app:v1")
    code, (shown,) = ask(lab, "registry.lab.test/app:v1", docker=None)
    assert code == 0 and shown["digest"] == made.digest


def no_usual_socket(*command):
    """Runs a command where /run is empty."""
    return ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh", *command]


LOCAL = {"Id": "sha256:" + "1" * 64, "RepoDigests": [f"registry.lab.test/app@{DIGEST}"], "Size": 5, "Os": "linux",
         "Architecture": "amd64"}


def test_podman_serves_local_alone(lab, tmp_path):
    """Podman's own look at a registry differs; what it holds itself it knows as well as Docker."""
    (tmp_path / "podman").mkdir()
    answers = lambda got: (200, LOCAL) if "/images/" in got.target else None
    with Fake(answers, path=tmp_path / "podman" / "podman.sock") as fake:
        env = {"XDG_RUNTIME_DIR": tmp_path}
        code, (shown,) = ask(lab, "registry.lab.test/app:v1", via="local", env=env, docker=None, prefix=no_usual_socket())
        assert code == 0 and shown["digest"] == DIGEST
        fake.requests.clear()
        lab.dns_fault("registry.lab.test", "nxdomain")
        for via in ("docker", "auto"):
            code, (shown,) = ask(lab, "registry.lab.test/app:v1", via=via, env=env, docker=None, prefix=no_usual_socket())
            assert code == 4 and verdict(shown) == ("unknown", "unreachable")
        assert fake.requests == []


@pytest.mark.parametrize("host, code, reason", [
    ("unix:///nowhere/docker.sock", 4, "unreachable"), ("tcp://127.0.0.1:1", 4, "unreachable"),
    ("tcp://198.18.0.98:2375", 4, "unreachable"), ("tcp://nobody.example.com:2375", 4, "unreachable"),
    ("ssh://somewhere", 5, "unsupported"), ("fd://", 5, "unsupported"), ("npipe:////./pipe/docker_engine", 5, "unsupported"),
    ("nonsense", 5, "unsupported"), ("tcp://", 4, "unreachable"), ("tcp://host:99999", 4, "unreachable")])
@pytest.mark.parametrize("via", ["docker", "local"])
def test_no_daemon(lab, via, host, code, reason):
    status, (shown,) = ask(lab, "registry.lab.test/app:v1", via=via, daemon=host)
    assert (status, verdict(shown)) == (code, ("unknown", reason))
    assert host.split("://")[-1].split(":")[0] in shown["trail"][0]["detail"]


def test_a_socket_that_refuses(lab, tmp_path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(tmp_path / "s"))  # nobody listens
        code, (shown,) = ask(lab, "registry.lab.test/app:v1", daemon=f"unix://{tmp_path}/s")
    assert (code, verdict(shown)) == (4, ("unknown", "unreachable")) and "refused" in shown["trail"][0]["detail"].lower()


def test_no_permission(lab, tmp_path):
    """As a user who is not in the group of the socket: the most usual trouble with Docker."""
    with Fake(describes(), path=tmp_path / "s") as fake:
        for place in (tmp_path, *tmp_path.parents):
            if place != place.parent and place.stat().st_uid == 0 and str(place).startswith(os.environ["TMPDIR"]):
                place.chmod(0o755)
        os.chmod(tmp_path / "s", 0o600)
        code, (shown,) = ask(lab, "registry.lab.test/app:v1", daemon=fake.url, cwd="/",
                             prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        assert fake.requests == []
    assert shown["state"] == "unknown" and code in (3, 4)
    assert "ermission denied" in shown["trail"][0]["detail"]


# ---- what daemons answer

def said(message):
    return {"message": message}


ANSWERS = [
    # status, body, exit, reason
    (404, said("manifest unknown"), 1, "no-image"),
    (404, said("manifest unknown: Requested image not found"), 1, "no-image"),
    (404, said("errors:\nmanifest unknown: Requested image not found\n"), 1, "no-image"),
    (404, said("name unknown: The repository with name 'x' does not exist"), 1, "no-repository"),
    (404, said("errors:\nname unknown: no\n"), 1, "no-repository"),
    (404, said("errors:\nmanifest unknown: a\nname unknown: b\n"), 1, None),
    (404, said("errors:\nname unknown: a\ndenied: b\nunauthorized: c\n"), 5, "ambiguous"),
    (404, said("errors:\ndenied: a\nmanifest unknown: b\n"), 5, "ambiguous"),
    (404, said("errors:\nmanifest unknown: a\nsomething else\n"), 5, "ambiguous"),
    (404, said("errors:\n"), 5, "ambiguous"),
    (404, said("manifest unknownX"), 5, "ambiguous"), (404, said("name unknownX: y"), 5, "ambiguous"),
    (404, said("manifest unknown to nobody"), 5, "ambiguous"),
    (404, said("page not found"), 5, "ambiguous"),
    (404, said("no such host"), 5, "ambiguous"),
    (404, said("this says manifest unknown in passing"), 5, "ambiguous"),
    (404, "404 page not found", 5, "bad-reply"),
    (404, said(""), 5, "ambiguous"),
    (404, {}, 5, None), (404, [], 5, None), (404, said(7), 5, None),
    (401, said("unauthorized: authentication required"), 3, "no-credentials"),
    (403, said("denied: requested access to the resource is denied"), 3, "no-credentials"),
    (400, said("invalid reference format"), 5, "refused"),
    (429, said("toomanyrequests"), 4, "throttled"),
    (500, said("something broke"), 4, "server-error"),
    (500, said("manifest unknown"), 4, "server-error"),
    (500, said("no basic auth credentials"), 3, "no-credentials"),
    (503, said("unavailable"), 4, "server-error"),
    (500, "<html>", None, None), (302, said("elsewhere"), 5, "bad-reply"),
    (200, {}, 5, "bad-reply"), (200, [], 5, "bad-reply"), (200, "OK", 5, "bad-reply"), (200, "", 5, "bad-reply"),
    (200, {"Descriptor": {}}, 5, "bad-reply"), (200, {"Descriptor": {"digest": "nonsense"}}, 5, "bad-reply"),
    (200, {"Descriptor": {"digest": 7}}, 5, "bad-reply"), (200, {"Descriptor": [DIGEST]}, 5, "bad-reply"),
    (200, {"Descriptor": {"digest": DIGEST}}, 0, "ok"), (200, {**DESCRIPTOR, "Platforms": None}, 0, "ok"),
]


@pytest.mark.parametrize("status, body, code, reason", ANSWERS, ids=str)
def test_answers(lab, tmp_path, status, body, code, reason):
    with Fake(describes(body, status), path=tmp_path / "s") as fake:
        got, (shown,) = ask(lab, "registry.lab.test/app:v1", daemon=fake.url)
        assert fake.of("/distribution/")
    if code is None:
        assert shown["state"] == "unknown" and got in (4, 5)
    else:
        assert got == code
    assert reason is None or shown["reason"] == reason
    assert ("digest" in shown) == (code == 0)


def test_platforms(lab, fake):
    _, (shown,) = ask(lab, "registry.lab.test/app:v1", daemon=fake.url)
    assert shown["platforms"] == ["linux/amd64", "linux/arm64/v8"]  # an attestation's "unknown" is no platform


def test_another_digest_than_asked_for(lab, fake):
    code, (shown,) = ask(lab, "registry.lab.test/app@sha256:" + "0" * 64, daemon=fake.url)
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply"))
    assert ask(lab, f"registry.lab.test/app@{DIGEST}", daemon=fake.url)[0] == 0


@pytest.mark.parametrize("status, body, code, reason", [
    (404, said("No such image: registry.lab.test/app:v1"), 1, "no-image"),
    (404, said("no such image"), 1, "no-image"),
    (404, said("page not found"), 5, "ambiguous"), (404, "404 page not found", 5, "bad-reply"),
    (500, said("No such image: x"), 4, "server-error"), (200, {}, 5, "bad-reply"), (200, "OK", 5, "bad-reply"),
    (200, LOCAL, 0, "ok"), (200, {**LOCAL, "RepoDigests": None}, 0, "ok"), (200, {"Id": 7}, 5, "bad-reply")], ids=str)
def test_answers_about_local_images(lab, tmp_path, status, body, code, reason):
    answers = lambda got: (status, body) if "/images/" in got.target else None
    with Fake(answers, path=tmp_path / "s") as fake:
        got, (shown,) = ask(lab, "registry.lab.test/app:v1", via="local", daemon=fake.url)
    assert (got, shown["reason"]) == (code, reason)
    assert shown.get("digest") == (DIGEST if body is LOCAL else None)


@pytest.mark.parametrize("ping", [
    lambda got: (200, "OK"), lambda got: (200, "OK", {"Api-Version": "latest"}), lambda got: (404, "no"),
    lambda got: (500, said("broken")), lambda got: (200, "OK", {"Api-Version": "1.41/../../x"})],
    ids=["no version", "no number", "404", "500", "a path"])
def test_no_daemon_at_the_other_end(lab, tmp_path, ping):
    """Whatever it says afterwards."""
    with Fake(describes(), path=tmp_path / "s", ping=ping) as fake:
        code, (shown,) = ask(lab, "registry.lab.test/app:v1", daemon=fake.url)
        assert shown["state"] == "unknown" and code in (4, 5)
        assert fake.of("/distribution/") == []


def test_ping_by_get_where_head_is_refused(lab, tmp_path):
    ping = lambda got: (405, "no") if got.method == "HEAD" else (200, "OK", {"Api-Version": "1.40"})
    with Fake(describes(), path=tmp_path / "s", ping=ping) as fake:
        assert ask(lab, "registry.lab.test/app:v1", daemon=fake.url)[0] == 0
        assert fake.requests[-1].target.startswith("/v1.40/")


# ---- broken places

@pytest.mark.parametrize("text, words", [
    ("{", "JSON"), ("[]", "JSON object"), ('{"auths":{"%s":{"auth":"???"}}}' % HOST, "base64"),
    ('{"auths":{"%s":{"auth":"%s"}}}' % (HOST, base64.b64encode(b"nocolon").decode()), "base64")])
@pytest.mark.parametrize("where", ["file", "variable"])
def test_broken_config(lab, fake, tmp_path, text, words, where):
    """A stored login that cannot be read is told, and not passed over for an anonymous look."""
    (tmp_path / "config.json").write_text(text)
    env = {"DOCKER_CONFIG": tmp_path} if where == "file" else {"DOCKER_AUTH_CONFIG": text}
    code, (shown,) = ask(lab, f"{HOST}/app:v1", daemon=fake.url, env=env)
    assert (code, verdict(shown)) == (3, ("unknown", "no-credentials"))
    step, = shown["trail"]
    assert step["state"] == "skipped" and words in step["detail"]
    assert (str(tmp_path) if where == "file" else "DOCKER_AUTH_CONFIG") in step["detail"]
    assert fake.of("/distribution/") == []


def test_empty_config_is_none(lab, fake, tmp_path):
    (tmp_path / "config.json").write_text("")
    assert sent(lab, fake, env={"DOCKER_CONFIG": tmp_path}) is None
    assert sent(lab, fake, env={"DOCKER_CONFIG": tmp_path / "nowhere"}) is None


def test_no_home(lab, fake):
    assert sent(lab, fake, env={"HOME": None}) is None


# ---- absence, and who asked

PRIVATE = "artifactory.corp.example"


def hides(got):
    """A registry that shows strangers nothing, behind the daemon."""
    if "/distribution/" not in got.target:
        return None
    return (200, DESCRIPTOR) if "x-registry-auth" in got.headers else (404, said("manifest unknown: not known to the registry"))


def executable(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


def write_config(folder, value):
    (folder / "config.json").write_text(json.dumps(value))
    return {"DOCKER_CONFIG": folder}


@pytest.mark.parametrize("config, helper", [
    ({"credsStore": "pass", "auths": {PRIVATE: {}}}, "pass"),
    ({"credHelpers": {PRIVATE: "corp"}}, "corp"), ({"credHelpers": {PRIVATE: "corp"}, "credsStore": "pass"}, "corp")])
def test_credentials_of_a_helper(lab, tmp_path, config, helper):
    """The daemon is given what the helper holds. One that is not there, or fails, leaves it open what the daemon would find."""
    env = {**write_config(tmp_path, config), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    path = tmp_path / f"docker-credential-{helper}"
    broken = [None, "echo trouble; exit 1", "echo none"]
    with Fake(hides, path=tmp_path / "s") as fake:
        for script in broken:
            if script:
                executable(path, script)
            code, (shown,) = ask(lab, f"{PRIVATE}/app:v1", daemon=fake.url, env=env)
            step, = shown["trail"]
            assert (code, verdict(shown), step["state"]) == (3, ("unknown", "no-credentials"), "skipped"), shown
            assert f"docker-credential-{helper}" in step["detail"] and fake.of("/distribution/") == []
        executable(path, f"read registry; test \"$1 $registry\" = 'get {PRIVATE}' && "
                         """echo '{"Username": "me", "Secret": "pa55word-of-the-helper"}'""")
        for options in ([], ["-v"]):
            code, (shown,) = ask(lab, f"{PRIVATE}/app:v1", daemon=fake.url, env=env, options=options)
            assert code == 0 and shown["digest"] == DIGEST
            assert (fake.requests[-1].auth["username"], fake.requests[-1].auth["password"]) == ("me", "pa55word-of-the-helper")
        executable(path, "echo 'credentials not found in native keychain'; exit 1")
        fake.requests.clear()
        code, (shown,) = ask(lab, f"{PRIVATE}/app:v1", daemon=fake.url, env=env)
        assert (code, verdict(shown)) == (1, ("absent", "no-image")) and fake.requests[-1].auth in (None, {}), shown


def test_withheld_credentials_leave_absence_open(lab, tmp_path):
    env = write_config(tmp_path, {"auths": {PRIVATE: {"auth": basic("me", "se:cret")}}})
    with Fake(hides, address="198.18.0.98") as fake:
        code, (shown,) = ask(lab, f"{PRIVATE}/app:v1", daemon=fake.url, env=env)
        assert (code, verdict(shown)) == (3, ("unknown", "no-credentials")), shown
        assert "tcp://" in shown["trail"][-1]["detail"]
    with Fake(hides) as fake:
        assert ask(lab, f"{PRIVATE}/app:v1", daemon=fake.url, env=env)[0] == 0


def test_absence_for_who_has_no_credentials(lab, tmp_path):
    with Fake(hides, path=tmp_path / "s") as fake:
        for config in ({}, {"credHelpers": {"other.example": "corp"}}, {"credsStore": "pass"}):  # the store: with no entry left
            code, (shown,) = ask(lab, f"{PRIVATE}/app:v1", daemon=fake.url, env=write_config(tmp_path, config))
            assert (code, verdict(shown)) == (1, ("absent", "no-image")), shown


@pytest.mark.parametrize("env", [{}, {"AWS_PROFILE": "nobody"}])
def test_private_ecr_tells_strangers_nothing(lab, tmp_path, env):
    with Fake(describes(said("name unknown: x"), 404), path=tmp_path / "s") as fake:
        code, (shown,) = ask(lab, f"{HOST}/app:v1", daemon=fake.url, env=env)
        assert (code, verdict(shown)) == (3, ("unknown", "no-credentials")), shown
        code, (shown,) = ask(lab, "public.ecr.aws/lab/app:v1", daemon=fake.url, env=env)
        assert (code, verdict(shown)) == (1, ("absent", "no-repository")), shown


# ---- secrets

@pytest.mark.parametrize("form", ["{password}", "Basic {basic}", "{basic}", "{header}", "x{password}y {password}"])
@pytest.mark.parametrize("status", [403, 404, 500])
def test_what_the_daemon_quotes_holds_no_password(lab, tmp_path, form, status):
    password = "S3cr3t-Password-Of-The-User-0123456789"
    env = write_config(tmp_path, {"auths": {PRIVATE: {"auth": basic("user", password)}}})

    def quotes(got):
        if "/distribution/" not in got.target:
            return None
        words = {"password": password, "basic": basic("user", password), "header": got.headers["x-registry-auth"]}
        return status, said("denied: bad header " + form.format(**words))
    with Fake(quotes, path=tmp_path / "s") as fake:
        for options in ([], ["-v"], ["--json"], ["--json", "-v"]):
            result = lab.ecr("check", "--via", "docker", *options, f"{PRIVATE}/app:v1", key=None,
                             env={**env, "DOCKER_HOST": fake.url})
            assert result.code in (3, 4, 5) and "bad header" in result.stdout + result.stderr, result
            assert_no_secrets(result, [password, f"user:{password}"])


@pytest.mark.parametrize("scheme", ["http", "tcp"])
@pytest.mark.parametrize("body", ["<html>", said("something broke")], ids=["html", "said"])
def test_a_password_in_docker_host(lab, scheme, body):
    with Fake(describes(body, 500)) as fake:
        host = fake.url.replace("tcp://", f"{scheme}://user:pa55word-of-the-daemon@")
        for options in ([], ["-v"], ["--json"]):
            result = lab.ecr("check", "--via", "docker", *options, "x.io/a:1", key=None, env={"DOCKER_HOST": host})
            assert result.code in (4, 5)
            assert "pa55word" not in result.stdout + result.stderr, result


@pytest.mark.parametrize("form, code", [
    ("tcp://{}@box:99999", 4), ("tcp://{}@box:0x", 4), ("http://{}@box:99999", 4), ("ssh://{}@box", 5), ("npipe://{}@box", 5),
    ("{}@box", 5), ("tcp://{}@a@box:99999", 4)])
@pytest.mark.parametrize("where", ["DOCKER_HOST", "context"])
def test_a_password_in_an_address_that_is_refused(lab, tmp_path, form, code, where):
    """The host is said, whatever stands before it is not."""
    address, env = form.format("user:pa55word"), {"DOCKER_HOST": form.format("user:pa55word")}
    if where == "context":
        meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"other").hexdigest()
        meta.mkdir(parents=True)
        (meta / "meta.json").write_text(json.dumps({"Name": "other", "Endpoints": {"docker": {"Host": address}}}))
        env = {"DOCKER_HOST": None, "DOCKER_CONFIG": tmp_path, "DOCKER_CONTEXT": "other"}
    for options in ([], ["-v"], ["--json"]):
        result = lab.ecr("check", "--via", "docker", *options, "x.io/a:1", key=None, env=env)
        assert result.code == code and "box" in result.stdout + result.stderr, result
        assert "pa55word" not in result.stdout + result.stderr, result


@pytest.mark.parametrize("token", [b"AWS:", b":", b"", b"AWS", b"AWS:pw\0x", b"A\0:pw"])
def test_a_token_that_is_none(lab, tmp_path, token):
    value = {"authorizationData": [{"authorizationToken": base64.b64encode(token).decode()}]}
    with Fake(hides, path=tmp_path / "s") as fake, scripted(lambda r, p: reply(value)) as service:
        code, (shown,) = ask(lab, f"{HOST}/app:v1", daemon=fake.url, key="full", options=["--endpoint-url", service.url])
        assert fake.of("/distribution/") == []
    assert (code, verdict(shown)) == (5, ("unknown", "bad-reply")), shown


# ---- one image's trouble is not the next one's

def test_a_hung_service_does_not_spoil_the_daemon(lab, tmp_path):
    """ECR takes the 60 seconds of the first image; the daemon, healthy, is still asked for the others."""
    over = threading.Event()
    lab.dns_fault("registry-1.docker.io", "nxdomain")
    with Daemon(str(tmp_path / "s")) as daemon, scripted(lambda r, p: over.wait(90) and None) as hung:
        result = lab.ecr("check", "--json", "--endpoint-url", hung.url, f"{HOST}/app:v1", "alpine:v1", "ghcr.io/x/y:v1",
                         env={"DOCKER_HOST": daemon.host}, timeout=100)
        over.set()
    assert [verdict(s) for s in result.json] == [("unknown", "timeout"), ("present", "ok"), ("present", "ok")], result
    assert [s["source"] for s in result.json] == ["ecr", "docker", "docker"]
    assert 59 < result.seconds < 70
