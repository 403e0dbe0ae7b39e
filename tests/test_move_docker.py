"""pull, push and copy through the Docker daemon: the real one, and fakes for what it cannot be made to say."""

import base64
import io
import json
import os
import re
import tarfile
import threading

import pytest
import support_move as move
from support_daemon import head_only, ping
from support_net import HttpServer, reply
from test_move_places import NATIVE, OTHER, docker_archive_holds, failed, layout_holds, on_terminal

from lab import synth
from lab.client import ROOT, split

HOST, TLS = "123456789012.dkr.ecr.us-east-1.amazonaws.com", "registry.lab.test"
APP = f"{HOST}/team/app"
ENV = {"AWS_REGION": "us-east-1"}
DIGEST = "sha256:" + "d" * 64
NAMES = ("move/one:v1", "move/two:v1", "move/loaded:v1")


def ecr(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr(*arguments, env={**ENV, **options.pop("env", {})}, **{"docker": True, **options})


def done(result, digest):
    assert (result.code, result.stdout) == (0, f"{digest}\n"), result
    return result


@pytest.fixture
def docker(dockerd, lab, tmp_path):
    """The docker CLI; images of the tests are taken away again."""
    def call(*arguments, ok=True):
        return move.run("docker", *arguments, ok=ok, env={**os.environ, "DOCKER_HOST": dockerd,
                                                          "DOCKER_CONFIG": str(tmp_path)}).stdout
    lab.create_repositories(["team/app"])
    before = set(call("images", "--all", "--quiet", "--no-trunc").split())
    yield call
    after = set(call("images", "--all", "--quiet", "--no-trunc").split()) - before
    if after:
        call("rmi", "--force", *after)


def program():
    """An image that can be run. Of the builds the usual one is static, whichever is tested."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.add(os.path.join(ROOT, "build", "ecr"), "ecr", filter=lambda entry: setattr(entry, "mode", 0o755) or entry)
    return move.image([move.Layer(tar.getvalue())], platform=NATIVE)


def config_of(docker, name):
    shown, = json.loads(docker("image", "inspect", name))
    return shown["Id"], shown["Os"] + "/" + shown["Architecture"]


# ---- the real daemon

@pytest.mark.parametrize("reference, place, name", [(":v1", "docker:", f"{APP}:v1"), (":v1", "docker:move/two:v1", "move/two:v1"),
                                                    (":v1", f"docker:{TLS}/x/y:z", f"{TLS}/x/y:z"),
                                                    ("@", "docker:move/two:v1", "move/two:v1")])
def test_pull(lab, docker, reference, place, name):
    """With our login, which the daemon does not have."""
    made = move.push_raw(f"{APP}:v1", move.image(platform=NATIVE))
    done(ecr(lab, "pull", APP + (f"@{made.digest}" if reference == "@" else reference), place), made.digest)
    assert config_of(docker, name) == (synth.digest_of(made.config), NATIVE)


@pytest.mark.parametrize("platform", [NATIVE, OTHER])
def test_pull_for_a_platform(lab, docker, platform):
    made = move.push_raw(f"{APP}:v1", move.index([NATIVE, OTHER], content=platform))
    done(ecr(lab, "pull", "--platform", platform, f"{APP}:v1", "docker:move/one:v1"), made.digest)
    assert config_of(docker, "move/one:v1") == (synth.digest_of(made.of[platform].config), platform)


def test_a_pulled_image_runs(lab, docker):
    made = move.push_raw(f"{TLS}/run:v1", program())
    done(ecr(lab, "pull", f"{TLS}/run:v1", "docker:"), made.digest)
    assert docker("run", "--rm", "--network", "none", f"{TLS}/run:v1", "/ecr", "version").startswith("ecr ")


def test_a_loaded_image_runs(lab, docker, tmp_path):
    """From files, through a registry, never by a pull of the daemon."""
    made = program()
    move.write_layout(tmp_path / "a", {"v1": made})
    done(ecr(lab, "copy", "oci:a:v1", "docker:move/loaded:v1", cwd=tmp_path), made.digest)
    assert config_of(docker, "move/loaded:v1")[0] == synth.digest_of(made.config)
    assert docker("run", "--rm", "--network", "none", "move/loaded:v1", "/ecr", "version").startswith("ecr ")


@pytest.mark.parametrize("source", ["oci:a:v1", "oci-archive:a.tar:v1", "docker-archive:d.tar"])
def test_load(lab, docker, tmp_path, source):
    made = move.image((100, (200, "none")), platform=NATIVE)
    move.write_layout(tmp_path / "a", {"v1": made})
    move.write_oci_archive(tmp_path / "a.tar", {"v1": made})
    move.write_docker_archive(tmp_path / "d.tar", {"some/app:v1": made})
    result = ecr(lab, "copy", source, "docker:move/loaded:v1", cwd=tmp_path)
    assert result.code == 0 and (result.stdout == f"{made.digest}\n" or source.startswith("docker")), result
    assert config_of(docker, "move/loaded:v1")[0] == synth.digest_of(made.config)
    assert not os.path.exists(tmp_path / "-") and not lab.requests()


@pytest.mark.parametrize("target", ["oci:b", "oci:b:v9", "oci-archive:b.tar", "docker-archive:b.tar", f"{TLS}/new/app:v9"])
def test_save(lab, docker, tmp_path, target):
    """What the daemon holds, with its own config."""
    made = move.push_raw(f"{APP}:v1", move.image((100, 200), platform=NATIVE))
    ecr(lab, "pull", f"{APP}:v1", "docker:move/one:v1")
    result = ecr(lab, "copy", "docker:move/one:v1", target, cwd=tmp_path)
    digest = result.stdout.strip()
    assert result.code == 0 and re.fullmatch("sha256:[0-9a-f]{64}", digest), result
    if target.startswith("docker"):
        docker_archive_holds(tmp_path / "b.tar", move.plain(made), "move/one:v1")
    elif target.startswith("oci:"):
        layout_holds(tmp_path / "b", {"v9" if "v9" in target else "v1": digest})
        assert move.skopeo_inspect(f"oci:{tmp_path}/b", "--config", "--raw") == json.loads(made.config)
    else:
        place = f"oci-archive:{tmp_path}/b.tar" if target.startswith("oci") else f"docker://{target}"
        assert move.skopeo_inspect(place, "--config", "--raw") == json.loads(made.config)


def test_there_and_back(lab, docker, tmp_path):
    """Saved twice it is the same; what was loaded again is the same image to the daemon."""
    made = move.push_raw(f"{TLS}/app:v1", move.image((100, 200), platform=NATIVE))
    ecr(lab, "pull", f"{TLS}/app:v1", "docker:move/one:v1")
    first = ecr(lab, "copy", "docker:move/one:v1", "oci:b:v1", cwd=tmp_path).stdout
    done(ecr(lab, "copy", "oci:b:v1", "docker:move/two:v1", cwd=tmp_path), first.strip())
    assert ecr(lab, "copy", "docker:move/two:v1", "oci:c:v1", cwd=tmp_path).stdout == first
    assert config_of(docker, "move/two:v1") == config_of(docker, "move/one:v1") == (synth.digest_of(made.config), NATIVE)


@pytest.mark.parametrize("command", ["push", "copy"])
def test_push(lab, docker, command):
    made = move.push_raw(f"{TLS}/app:v1", move.image((100, 200), platform=NATIVE))
    ecr(lab, "pull", f"{TLS}/app:v1", "docker:move/one:v1")
    images = [f"{APP}:v1"] + ([f"{APP}:v2", f"{TLS}/new/app:v3"] if command == "push" else [])
    result = ecr(lab, command, "docker:move/one:v1", *images)
    for image in images:
        found = move.skopeo_inspect(f"docker://{image}", "--config", "--raw",
                                    *(["--creds", f"AWS:{lab.password()}"] if HOST in image else []))
        assert found == json.loads(made.config)
    host, name, tag = split(images[-1])  # the daemon may compress anew for each registry
    text = lab._pusher(host, name).ask("GET", f"/v2/{name}/manifests/{tag}", headers={"Accept": synth.DOCKER["manifest"]})[1]
    done(result, synth.digest_of(text))


def test_push_with_a_new_repository(lab, docker):
    move.push_raw(f"{TLS}/app:v1", move.image(platform=NATIVE))
    ecr(lab, "pull", f"{TLS}/app:v1", "docker:move/one:v1")
    failed(ecr(lab, "push", "docker:move/one:v1", f"{HOST}/new/app:v1"), 1, "--create-repo")
    result = ecr(lab, "push", "--create-repo", "docker:move/one:v1", f"{HOST}/new/app:v1")
    assert result.code == 0 and "created the repository new/app\n" in result.stderr, result


def test_another_name(lab, docker):
    """From the daemon to the daemon: a tag."""
    move.push_raw(f"{TLS}/app:v1", move.image(platform=NATIVE))
    ecr(lab, "pull", f"{TLS}/app:v1", "docker:move/one:v1")
    result = ecr(lab, "copy", "docker:move/one:v1", "docker:move/two:v1")
    assert result.code == 0 and "move/two:v1" in result.stderr and lab.requests() == [], result
    assert config_of(docker, "move/two:v1") == config_of(docker, "move/one:v1")


@pytest.mark.parametrize("arguments, code, parts", [
    (["pull", f"{APP}:none", "docker:"], 1, ["manifest unknown"]), (["pull", f"{HOST}/none:v1", "docker:"], 1, ["none"]),
    (["push", "docker:move/none:v1", f"{APP}:v1"], 1, ["move/none:v1"]), (["push", f"docker:{APP}:v1", f"{APP}:v1"], 1, []),
    (["copy", "docker:move/none:v1", "oci:b"], 1, ["move/none:v1"]),
    (["copy", "docker:move/none:v1", "docker:move/two:v1"], 1, [])])
def test_not_there(lab, docker, tmp_path, arguments, code, parts):
    before = docker("images", "--quiet")
    failed(ecr(lab, *arguments, cwd=tmp_path), code, *parts)
    assert list(tmp_path.iterdir()) == [] and docker("images", "--quiet") == before


@pytest.mark.parametrize("key, code", [("nothing", 3), (None, 3)])
def test_who_may_not(lab, docker, key, code):
    move.push_raw(f"{APP}:v1", move.image(platform=NATIVE))
    failed(ecr(lab, "pull", f"{APP}:v1", "docker:", key=key), code)
    assert "team/app" not in docker("images")


def test_a_role_that_may_pull_alone(lab, docker):
    """What the daemon says in its stream of status 200 is told, as a denial."""
    move.push_raw(f"{APP}:v1", move.image(platform=NATIVE))
    done(ecr(lab, "pull", f"{APP}:v1", "docker:move/one:v1", key="pull"), move.image(platform=NATIVE).digest)
    failed(ecr(lab, "push", "docker:move/one:v1", f"{APP}:v2", key="pull"), 3, "the daemon says")


@pytest.mark.parametrize("arguments", [["pull", f"{TLS}/a:v1", "docker:"], ["push", "docker:a:v1", f"{TLS}/a:v1"],
                                       ["copy", "docker:a:v1", "oci:b"], ["copy", "docker:a:v1", "docker:b:v1"],
                                       ["copy", "oci:a", "docker:b:v1"]])
def test_no_daemon(lab, tmp_path, arguments):
    """What cannot be reached may be there later."""
    move.write_layout(tmp_path / "a", {"v1": move.image()})
    failed(ecr(lab, *arguments, docker=False, cwd=tmp_path), 4, "no-docker.sock")
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("arguments, parts", [
    (["push", "docker:", f"{TLS}/a:v1"], ["docker:IMAGE"]), (["copy", "docker:", "oci:b"], ["docker:IMAGE"]),
    (["copy", "oci:a", "docker:"], ["docker:IMAGE"]), (["copy", "docker:", "docker:b"], ["docker:IMAGE"]),
    (["pull", f"{TLS}/a:v1", f"docker:b@{DIGEST}"], ["tag"]), (["push", "docker:a", f"{TLS}/a@{DIGEST}"], ["tag"]),
    (["pull", "--all-platforms", f"{TLS}/a:v1", "docker:"], ["one platform"]),
    (["pull", f"{TLS}/a:v1", "docker:A"], ["lower-case"])])
def test_bad_usage(lab, docker, tmp_path, arguments, parts):
    move.write_layout(tmp_path / "a", {"v1": move.image()})
    failed(ecr(lab, *arguments, cwd=tmp_path), 2, *parts)
    assert lab.requests() == []


# ---- what a daemon may say

class Fake(HttpServer):
    """A daemon that answers what is no ping with these bytes, or by a function of the request and its connection."""

    def __init__(self, said, **place):
        self.said = said
        super().__init__(self.reply, **place)
        self.host = f"unix://{self.path}" if self.path else f"tcp://{self.address[0]}:{self.port}"

    def reply(self, request, peer):
        if request.target.endswith("/_ping"):
            return head_only(ping()) if request.method == "HEAD" else ping()
        if "chunked" in request.headers.get("transfer-encoding", ""):
            while not peer.pending.endswith(b"0\r\n\r\n"):
                peer.fill()
            peer.pending = b""
        return self.said(request, peer) if callable(self.said) else self.said

    def asked(self, part):
        return [r for r in self.requests if part in r.target]


def streamed(*objects, end="\r\n", status=200):
    return reply("".join((o if isinstance(o, str) else json.dumps(o)) + end for o in objects), status,
                 content_type="application/json")


PULLED = [{"status": "Pulling from app", "id": "v1"}, {"status": "Pull complete", "progressDetail": {}, "id": "abc"},
          {"status": f"Digest: {DIGEST}"}, {"status": f"Status: Downloaded newer image for {TLS}/app:v1"}]
PUSHED = [{"status": f"The push refers to repository [{TLS}/app]"}, {"status": "Pushed", "id": "abc"},
          {"status": f"v1: digest: {DIGEST} size: 500"}, {"progressDetail": {},
                                                          "aux": {"Tag": "v1", "Digest": DIGEST, "Size": 500}}]
COMMANDS = {"pull": ["pull", f"{TLS}/app:v1", "docker:"], "push": ["push", f"docker:{TLS}/app:v1", f"{TLS}/app:v1"],
            "load": ["copy", "oci:a:v1", "docker:loaded:v1"], "save": ["copy", "docker:app:v1", "oci:b"]}


def told(lab, tmp_path, command, said, **options):
    """What comes of a command with a daemon that answers so."""
    if command == "load":
        move.write_layout(tmp_path / "a", {"v1": move.image(platform=NATIVE)})
    arguments = [*COMMANDS[command], *options.pop("more", [])]
    (tmp_path / "s").unlink(missing_ok=True)
    with Fake(said, path=str(tmp_path / "s")) as fake:
        result = ecr(lab, *arguments, cwd=tmp_path, env={"DOCKER_HOST": fake.host, **options.pop("env", {})}, **options)
    assert not os.path.exists(tmp_path / "b" / "index.json") or result.code == 0
    result.fake = fake
    return result


@pytest.mark.parametrize("end", ["\r\n", "", "\n\n  "])
@pytest.mark.parametrize("command, said", [("pull", PULLED), ("push", PUSHED),
                                           ("load", [{"stream": "Loaded image: loaded:v1\n"}]),
                                           ("load", [{"stream": f"Loaded image ID: {DIGEST}\n"}])])
def test_it_goes_well(the_lab, tmp_path, command, said, end):
    """Objects come one a line, or not."""
    result = told(the_lab, tmp_path, command, streamed(*said, end=end))
    done(result, move.image(platform=NATIVE).digest if command == "load" else DIGEST)


MESSAGES = [("denied: requested access to the resource is denied", 3), ("no basic auth credentials", 3),
            ("unauthorized: authentication required", 3), ("denied: Your authorization token has expired.", 3),
            ("toomanyrequests: Rate exceeded", 4), ("Get https://x/v2/: dial tcp: lookup x: no such host", 4),
            ("Get https://x/v2/: dial tcp 1.2.3.4:443: connect: connection refused", 4),
            ("net/http: request canceled while waiting for connection (Client.Timeout exceeded): timeout", 4),
            ("write: no space left on device", 5),
            ("manifest unknown: Requested image not found", 1), ("name unknown: The repository with name 'x' does not exist", 1),
            ("no matching manifest for linux/s390x in the manifest list entries", 6),
            ("tag invalid: The image tag 'v1' already exists and cannot be overwritten because the tag is immutable.", 5),
            ("x509: certificate signed by unknown authority", 5), ("something else", 5)]


@pytest.mark.parametrize("message, code", MESSAGES, ids=[m[:20] for m, _ in MESSAGES])
@pytest.mark.parametrize("form", ["errorDetail", "error"])
def test_an_error_in_a_stream_of_status_200(the_lab, tmp_path, message, code, form):
    """It is ours, and its words are told."""
    value = {"errorDetail": {"message": message}, "error": message} if form == "errorDetail" else {"error": message}
    command = "push" if "immutable" in message or form == "error" else "pull"
    said = (PULLED if command == "pull" else PUSHED)[:2]
    failed(told(the_lab, tmp_path, command, streamed(*said, value), more=["--max-attempts", "1"]), code, message[:30])


def test_an_error_after_success(the_lab, tmp_path):
    """Whatever came before."""
    failed(told(the_lab, tmp_path, "pull", streamed(*PULLED, {"errorDetail": {"message": "broken"}, "error": "broken"})),
           5, "broken")
    failed(told(the_lab, tmp_path, "pull", streamed(*PULLED, {"errorDetail": {}})), 5)


def cut(text):
    """A stream that ends within the body."""
    def answer(request, peer):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.send(b"%x\r\n%s\r\n" % (len(text), text))
        return None
    return answer


def lines(*objects):
    return "".join(json.dumps(o) + "\r\n" for o in objects).encode()


@pytest.mark.parametrize("command", ["pull", "push", "load"])
@pytest.mark.parametrize("said", [
    cut(lines(*PULLED[:2])), cut(lines(PULLED[0]) + b'{"status": "Pull'), streamed(*PULLED[:2]), streamed(),
    streamed({}, {"status": "x"}),
    cut(b""), streamed('{"status":'), streamed("<html>", "</html>"), streamed("OK"), reply("", 204),
    reply("<html>", content_type="text/html"),
    streamed("[1, 2]"), streamed('"text"'), streamed({"status": 7}, {"aux": 7}, {"errorDetail": None, "aux": {"Digest": "x"}}),
    streamed("{" * 9999), streamed('{"a": "' + "x" * 3000000 + '"}')],
    ids=["cut", "cut in an object", "no end", "nothing", "no sense", "cut at once", "half", "html", "ok", "204", "a page", "a list",
         "a text", "other types", "deep", "long"])
def test_a_stream_that_does_not_say_that_all_went_well(the_lab, tmp_path, command, said):
    """That is no success."""
    result = told(the_lab, tmp_path, command, said, more=["--max-attempts", "1"])
    assert result.code in (4, 5) and result.stdout == "" and result.stderr.splitlines()[-1].startswith("ecr: "), result


def test_a_stream_without_an_end(the_lab, tmp_path):
    """--timeout ends it."""
    over = threading.Event()

    def answer(request, peer):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        over.wait(10)
    result = told(the_lab, tmp_path, "pull", answer, more=["--timeout", "500ms", "--max-attempts", "1"])
    over.set()
    failed(result, 4)
    assert result.seconds < 3


@pytest.mark.parametrize("status, message, code", [
    (404, "manifest for x not found: manifest unknown: Requested image not found", 1), (404, "No such image: app:v1", 1),
    (404, "pull access denied for x, repository does not exist or may require 'docker login': denied", 3), (403, "denied: no", 3),
    (401, "unauthorized", 3), (500, "no basic auth credentials", 3), (500, "something broke", 4), (503, "busy", 4),
    (400, "invalid", 5),
    (429, "toomanyrequests", 4)])
def test_a_refusal_before_the_stream(the_lab, tmp_path, status, message, code):
    said = reply({"message": message}, status, content_type="application/json")
    command = "save" if message.startswith("No such") else "pull"
    failed(told(the_lab, tmp_path, command, said, more=["--max-attempts", "1"]), code, message[:20])


@pytest.mark.parametrize("said", [reply(b"text" * 300, content_type="application/x-tar"),
                                  reply(b"", content_type="application/x-tar"),
                                  cut(move.archive(move.docker_files({"app:v1": move.image()}))[:2000]), reply("", 204)],
                         ids=["no tar", "nothing", "cut", "204"])
def test_an_archive_that_is_none(the_lab, tmp_path, said):
    result = told(the_lab, tmp_path, "save", said, more=["--max-attempts", "1"])
    assert result.code in (2, 4, 5) and result.stdout == "" and not (tmp_path / "b").exists(), result


# ---- the login

def basic(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def sent(fake, part):
    """The login in the header of a request, None without one."""
    request, = fake.asked(part)
    value = request.headers.get("x-registry-auth")
    return None if value is None else json.loads(base64.urlsafe_b64decode(value))


@pytest.mark.parametrize("command, part", [("pull", "/images/create"), ("push", "/push")])
def test_the_login_that_goes_along(the_lab, tmp_path, command, part):
    (tmp_path / "config.json").write_text(json.dumps({"auths": {TLS: {"auth": basic("me", "se:cret")}}}))
    env = {"DOCKER_CONFIG": tmp_path}
    result = done(told(the_lab, tmp_path, command, streamed(*(PULLED if command == "pull" else PUSHED)), env=env), DIGEST)
    assert sent(result.fake, part) == {"username": "me", "password": "se:cret", "serveraddress": TLS}


def test_a_login_of_ecr(the_lab, tmp_path):
    with Fake(streamed(*PULLED), path=str(tmp_path / "s")) as fake:
        done(ecr(the_lab, "pull", f"{APP}:v1", "docker:", env={"DOCKER_HOST": fake.host}), DIGEST)
    login = sent(fake, "/images/create")
    assert (login["username"], login["serveraddress"]) == ("AWS", HOST) and len(login["password"]) > 1000


def test_no_login(the_lab, tmp_path):
    """A push has the header nevertheless: the daemon wants it."""
    assert sent(told(the_lab, tmp_path, "pull", streamed(*PULLED), key=None).fake, "/images/create") is None
    assert sent(told(the_lab, tmp_path, "push", streamed(*PUSHED), key=None).fake, "/push") == {}


@pytest.mark.parametrize("address, goes", [("127.0.0.1", True), ("198.18.0.98", False)])
@pytest.mark.parametrize("command", ["pull", "push"])
def test_a_login_does_not_go_over_plain_tcp(the_lab, tmp_path, command, address, goes):
    """Beyond loopback everybody could read it; without one there is nothing to hide."""
    (tmp_path / "config.json").write_text(json.dumps({"auths": {TLS: {"auth": basic("me", "se:cret")}}}))
    said = streamed(*(PULLED if command == "pull" else PUSHED))
    with Fake(said, address=address) as fake:
        result = ecr(the_lab, *COMMANDS[command], env={"DOCKER_HOST": fake.host, "DOCKER_CONFIG": tmp_path}, key=None)
        if goes:
            done(result, DIGEST)
        else:
            failed(result, 5, "tcp://", "TLS")
            assert not [r for r in fake.requests if "x-registry-auth" in r.headers or not r.target.endswith("/_ping")]
            done(ecr(the_lab, *COMMANDS[command], env={"DOCKER_HOST": fake.host}, key=None), DIGEST)


@pytest.mark.parametrize("form", ["{password}", "{basic}", "{header}"])
@pytest.mark.parametrize("stream", [True, False])
def test_what_the_daemon_quotes_holds_no_password(the_lab, tmp_path, form, stream):
    password = "S3cr3t-Password-Of-The-User-0123456789"
    (tmp_path / "config.json").write_text(json.dumps({"auths": {TLS: {"auth": basic("user", password)}}}))

    def answer(request, peer):
        text = "bad header " + form.format(password=password, basic=basic("user", password),
                                           header=request.headers["x-registry-auth"])
        return streamed({"error": text}) if stream else reply({"message": text}, 500, content_type="application/json")
    for more in ([], ["-v"], ["--json"]):
        result = told(the_lab, tmp_path, "pull", answer, more=[*more, "--max-attempts", "1"], env={"DOCKER_CONFIG": tmp_path})
        said = result.stdout + result.stderr
        assert "bad header" in said and password not in said and basic("user", password) not in said, result


# ---- what is asked of it, what is shown

def test_names_and_tags(the_lab, tmp_path):
    """Whole names; one tag, as without one the daemon would take them all."""
    pull = told(the_lab, tmp_path, "pull", streamed(*PULLED)).fake.asked("/images/create")[0]
    assert pull.method == "POST" and pull.target.endswith(f"/images/create?fromImage={TLS}%2Fapp&tag=v1"), pull.target
    push = told(the_lab, tmp_path, "push", streamed(*PUSHED)).fake.asked("/push")[0]
    assert push.method == "POST" and push.target.endswith(f"/images/{TLS}/app/push?tag=v1"), push.target


def test_events(the_lab, tmp_path):
    for command, said in (("pull", PULLED), ("push", PUSHED)):
        (tmp_path / command).mkdir()
        result = told(the_lab, tmp_path / command, command, streamed(*said), more=["--json"])
        assert result.code == 0 and result.json[-1]["event"] == "done" and result.json[-1]["digest"] == DIGEST, result
    (tmp_path / "bad").mkdir()
    result = told(the_lab, tmp_path / "bad", "pull", streamed({"errorDetail": {"message": "denied: no"}}), more=["--json"])
    assert result.code == 3 and result.json[-1]["error"]["reason"] == "denied", result


def test_bars(the_lab, tmp_path):
    """Of the layers that the daemon tells of; away in the end."""
    def answer(request, peer):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n in range(4):
            text = lines({"status": "Downloading", "id": "abcdef123456",
                          "progressDetail": {"current": n * 250000, "total": 1000000}})
            peer.send(b"%x\r\n%s\r\n" % (len(text), text))
            over.wait(0.1)
        text = lines(*PULLED)
        peer.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text))
        return None
    over = threading.Event()
    with Fake(answer, path=str(tmp_path / "s")):
        code, out, text = on_terminal(the_lab, tmp_path, 100, 24, *COMMANDS["pull"], env={"DOCKER_HOST": f"unix://{tmp_path}/s"})
    assert (code, out) == (0, f"{DIGEST}\n") and re.search(r"abcdef123456  \[=+> +\]  \d+ kB of 1\.0 MB", text), text
    assert text.endswith("\x1b[K"), text
