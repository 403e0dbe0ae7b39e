"""What real registries answer, replayed: each quirk, and the verdict that it comes to.

The law: nothing but a definite reply about that very image makes it present or absent."""

import hashlib
import json

import pytest
from support_net import in_turn, reply
from support_registry import (FOUND, IMAGE, INDEX, MANIFEST, NO_IMAGE, NO_REPOSITORY, VERSION, Holds, Script, Stage, asked, basic, bearer,
                              challenge, error, head, json_reply, manifest, redirect, sent, token, unknown)

NAME = "registry.test"
REF = f"{NAME}/team/app:v1"
REALM = f"https://{NAME}/token"
AMBIGUOUS, DENIED, STRANGER, OVER = (unknown(r) for r in ("ambiguous", "denied", "no-credentials", "expired-credentials"))
EXPIRED = error("DENIED", "Your authorization token has expired. Reauthenticate and try again.", 403, [VERSION])
EXPIRED_TEXT = reply("Your Authorization Token has expired. Please run 'aws ecr get-login' to fetch a new one.", 403,
                     [VERSION], "text/plain")
HTML = "<html><head><title>Sign in</title></head><body>Sign in</body></html>"
SCOPED = ('Bearer realm="{}",service="{}",scope="repository:team/app:pull",error="insufficient_scope"')


@pytest.fixture
def stage(lab, tmp_path):
    stage = Stage(lab, tmp_path)
    yield stage
    stage.close()


def text(body, status=404, headers=(), content_type="text/plain"):
    return reply(body, status, headers, content_type)


# ---- what is not there: (reply to GET, its head to HEAD) -> verdict

ABSENT = {
    "ECR, no tag": (error("MANIFEST_UNKNOWN", "Requested image not found", headers=[VERSION]), NO_IMAGE),
    "ECR, no repository": (error("NAME_UNKNOWN", "The repository with name 'team/app' does not exist in the registry with id "
                                 "'123456789012'", headers=[VERSION]), NO_REPOSITORY),
    "distribution": (error("MANIFEST_UNKNOWN", "manifest unknown", headers=[VERSION], detail={"Tag": "v1"}), NO_IMAGE),
    "Docker Hub": (error("MANIFEST_UNKNOWN", "manifest unknown", detail={"Tag": "v1"}), NO_IMAGE),
    "Harbor, artifact": (error("NOT_FOUND", "artifact team/app:v1 not found"), NO_IMAGE),
    "Harbor, repository": (error("NOT_FOUND", "repository team/app not found"), NO_REPOSITORY),
    "Harbor, project": (error("NOT_FOUND", "project team not found"), NO_REPOSITORY),
    "redhat, a code of its own": (text('{"errors": [{"code": "404", "message": "Not Found"}]}\r\n',
                                       content_type="application/json"), NO_IMAGE),
    "redhat, plain with the header": (text("Not found\r\n", headers=[VERSION, ("X-Docker-Size", "-1")]), NO_IMAGE),
    "nothing but the header": (text("", headers=[VERSION]), NO_IMAGE),
    "Quay": (error("MANIFEST_UNKNOWN", "manifest unknown", detail={}, headers=[("Server", "nginx/1.12.1")]), NO_IMAGE),
    "GHCR": (error("MANIFEST_UNKNOWN", "manifest unknown"), NO_IMAGE),
    "GitLab": (error("NAME_UNKNOWN", "repository name not known to registry", detail={"name": "team/app"}), NO_REPOSITORY),
    "Artifactory": (error("MANIFEST_UNKNOWN", "The named manifest is not known to the registry.",
                          detail={"manifest": "team/app/v1/manifest.json"}, headers=[("X-JFrog-Version", "Artifactory/7")]), NO_IMAGE),
    "Artifact Registry": (error("NAME_UNKNOWN", "Repository \"team\" not found"), NO_REPOSITORY),
}


@pytest.mark.parametrize("name", ABSENT)
def test_absent(stage, name):
    said, expected = ABSENT[name]
    server = stage.serve(NAME, Script(GET=said))
    assert stage.verdict(REF) == expected
    assert [line.split()[0] for line in asked(server)] == ["HEAD", "GET"]


# ---- what says nothing about the image

OPEN = {
    "404 of a website": (text(HTML, content_type="text/html"), AMBIGUOUS),
    "404 of a load balancer": (text("default backend - 404"), AMBIGUOUS),
    "404 of Go": (text("404 page not found\n", content_type="text/plain; charset=utf-8"), AMBIGUOUS),
    "404, nothing": (text(""), AMBIGUOUS),
    "404 of a JSON service": (json_reply({"message": "Not Found", "status": 404}, 404), AMBIGUOUS),
    "404, errors of another kind": (json_reply({"errors": ["not found"]}, 404), AMBIGUOUS),
    "404, no errors": (json_reply({"errors": []}, 404), AMBIGUOUS),
    "404, errors that are none": (json_reply({"errors": {"code": "MANIFEST_UNKNOWN"}}, 404), AMBIGUOUS),
    "404, code is a number": (json_reply({"errors": [{"code": 404}]}, 404), AMBIGUOUS),
    "404, JSON cut": (text('{"errors":[{"code":"MANIFEST_UNK', content_type="application/json"), unknown("bad-reply")),
    "404, text that says it": (text("MANIFEST_UNKNOWN: manifest unknown"), AMBIGUOUS),
    "404 DENIED": (error("DENIED", "requested access to the resource is denied", headers=[VERSION]), ("unknown", None, None)),
    "404 UNAUTHORIZED": (error("UNAUTHORIZED", "authentication required", headers=[VERSION]), ("unknown", None, None)),
    "404 TOOMANYREQUESTS": (error("TOOMANYREQUESTS", "slow down", headers=[VERSION]), ("unknown", None, None)),
    "200 HTML": (text(HTML, 200, content_type="text/html; charset=utf-8"), AMBIGUOUS),
    "200 HTML under JSON's name": (text(HTML, 200, content_type="application/json"), AMBIGUOUS),
    "200 HTML under a manifest's name": (text(HTML, 200, content_type=MANIFEST), unknown("bad-reply")),
    "200, nothing": (text("", 200), AMBIGUOUS),
    "200, no type": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", AMBIGUOUS),
    "200 of a JSON service": (json_reply({"status": "ok"}), AMBIGUOUS),
    "200 of a JSON service under a manifest's name": (json_reply({"status": "ok"}, content_type=MANIFEST), unknown("bad-reply")),
    "200, a list under a manifest's name": (json_reply([], content_type=MANIFEST), unknown("bad-reply")),
    "200, null under a manifest's name": (text("null", 200, content_type=MANIFEST), unknown("bad-reply")),
    "200, a text under a manifest's name": (text('"schemaVersion"', 200, content_type=MANIFEST), unknown("bad-reply")),
    "200, errors in it": (json_reply({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 200), AMBIGUOUS),
    "204": (text("", 204), ("unknown", None, None)),
    "206": (manifest(status=206), ("unknown", None, None)),
    "203": (manifest(status=203), ("unknown", None, None)),
    "201": (manifest(status=201), ("unknown", None, None)),
    "304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", ("unknown", None, None)),
    "300": (text("", 300, [VERSION]), ("unknown", None, None)),
    "410": (text("", 410, [VERSION]), ("unknown", None, None)),
    "451": (error("UNAVAILABLE", "legal reasons", 451), unknown("refused")),
    "400, malformed": (error("TAG_INVALID", "manifest tag did not match URI", 400), unknown("refused")),
    "418": (text("", 418), unknown("refused")),
    "401 without a challenge": (error("UNAUTHORIZED", "authentication required", 401), STRANGER),
    "401 HTML": (text(HTML, 401, content_type="text/html"), STRANGER),
    "403 DENIED": (error("DENIED", "requested access to the resource is denied", 403), STRANGER),
    "403 HTML": (text(HTML, 403, content_type="text/html"), STRANGER),
    "407": (text("", 407), ("unknown", None, None)),
    "404 with 5xx's code": (error("UNKNOWN", "unknown error", headers=[VERSION]), ("unknown", None, None)),
    "500 MANIFEST_UNKNOWN": (error("MANIFEST_UNKNOWN", "manifest unknown", 500, [VERSION]), unknown("server-error")),
    "403 MANIFEST_UNKNOWN": (error("MANIFEST_UNKNOWN", "manifest unknown", 403, [VERSION]), STRANGER),
}


@pytest.mark.parametrize("name", OPEN)
def test_open(stage, name):
    said, expected = OPEN[name]
    stage.serve(NAME, Script(GET=said))
    found = stage.verdict(REF)
    assert found == expected or (expected[1] is None and found[0] == "unknown" and found[2] in (3, 4, 5)), stage.result
    assert stage.shown["trail"][0]["detail"] and "digest" not in stage.shown


@pytest.mark.parametrize("name", [name for name in OPEN if name.startswith("200")])
def test_open_to_get_after_a_head_that_says_little(stage, name):
    """HEAD is answered by what answers everything with 200."""
    stage.serve(NAME, Script(HEAD=text("", 200, content_type="text/html"), GET=OPEN[name][0]))
    assert stage.verdict(REF)[0] == "unknown", stage.result


# ---- what is there, though its headers are odd

PRESENT = {
    "JSON's type": manifest(content_type="application/json"), "a plain text's type": manifest(content_type="text/plain; charset=utf-8"),
    "bytes": manifest(content_type="application/octet-stream"),
    "with a parameter": manifest(content_type=f"{MANIFEST}; charset=utf-8"), "in capitals": manifest(content_type=MANIFEST.upper()),
    "no digest header": manifest(digest=False), "a digest header that is none": manifest(digest="sha256:xyz"),
    "an empty digest header": manifest(digest=" "),
    "a digest in capitals": manifest(digest=IMAGE.digest.upper()),
    "another algorithm's digest": manifest(digest="sha512:" + "0" * 128),
}


@pytest.mark.parametrize("name", PRESENT)
def test_present(stage, name):
    stage.serve(NAME, Script(GET=PRESENT[name]))
    assert stage.verdict(REF) == FOUND
    if "another algorithm" not in name:
        assert stage.shown["digest"] == IMAGE.digest
    assert stage.shown.get("mediaType") == MANIFEST


# ---- authentication: what hides what is not there

def hub(request, peer):
    """Docker Hub gives anybody a token, and says of a private repository, or of none, that it does not do."""
    if request.target.startswith("/token"):
        return token()
    return challenge(SCOPED.format(REALM, "registry.docker.io"), headers=()) if request.method != "HEAD" else head(
        challenge(SCOPED.format(REALM, "registry.docker.io")))


@pytest.mark.parametrize("login, expected", [(False, STRANGER), (True, DENIED)])
def test_docker_hubs_401_is_no_absence(stage, login, expected):
    if login:
        stage.config({"auths": {NAME: {"auth": basic("user", "secret-word")}}})
        stage.secrets.append("secret-word")
    server = stage.serve(NAME, hub)
    assert stage.verdict(REF) == expected
    assert len(sent(server, "/token")) <= 4 and len(server.requests) <= 12


def test_docker_hub_by_its_name(lab, stage):
    lab.push_image("registry-1.docker.io/library/busybox:v1")
    lab.clear_log()
    for ref in ("busybox:v1", "docker.io/busybox:v1", "docker.io/library/busybox:v1", "index.docker.io/library/busybox:v1"):
        assert stage.verdict(ref) == FOUND, ref
    assert stage.verdict("busybox:v9") == NO_IMAGE
    assert stage.verdict("private/app:v1") == STRANGER
    assert {r["host"] for r in lab.requests(service="hub")} == {"registry-1.docker.io"}
    stage.config({"auths": {"https://index.docker.io/v1/": {"auth": basic("user", "password")}}})
    lab.clear_log()
    assert stage.verdict("private/app:v1")[0] == "absent"
    assert "Basic user" in {r["headers"].get("authorization") for r in lab.requests(service="hub-auth")}


def test_ghcr_gives_strangers_no_token(stage):
    """Its token service says DENIED of what is private, and of what is not there."""
    stage.serve("ghcr.io", Script(GET=bearer("https://ghcr.io/token", "ghcr.io"),
                                  token=error("DENIED", "requested access to the resource is denied", 403)))
    assert stage.verdict("ghcr.io/team/app:v1") == STRANGER
    stage.config({"auths": {"ghcr.io": {"auth": basic("me", "ghp_secretsecret")}}})
    stage.secrets.append("ghp_secretsecret")
    assert stage.verdict("ghcr.io/team/app:v1") == DENIED


def test_ghcr_unauthorized(stage):
    stage.serve("ghcr.io", Script(GET=bearer("https://ghcr.io/token", "ghcr.io"),
                                  token=error("UNAUTHORIZED", "authentication required", 401)))
    assert stage.verdict("ghcr.io/team/app:v1") == STRANGER


def test_quays_401_after_a_token(stage):
    refusal = challenge('Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:team/app:pull"')
    stage.serve("quay.io", lambda request, peer: token() if "/v2/auth" in request.target else
                refusal if request.method == "GET" else head(refusal))
    assert stage.verdict("quay.io/team/app:v1") == STRANGER


@pytest.mark.parametrize("status", [401, 403, 404])
def test_harbor_unauthorized(stage, status):
    said = error("UNAUTHORIZED", "unauthorized to access repository: team/app, action: pull", status)
    stage.serve(NAME, Script(GET=said))
    assert stage.verdict(REF)[0] == "unknown"


# ---- ECR

def test_ecrs_expired_token_is_fetched_anew_once(lab, stage, image):
    for plain in (False, True):
        lab.fault("expire", service="registry", plain=plain, count=2)   # HEAD, which has no words, and then GET
        lab.clear_log()
        assert stage.verdict(image, key="pull") == FOUND, plain
        assert [r["operation"] for r in lab.requests(service="api")] == ["GetAuthorizationToken"] * 2
        lab.clear()


@pytest.mark.parametrize("plain", [False, True])
def test_a_token_that_is_expired_again_and_again(lab, stage, image, plain):
    lab.fault("expire", service="registry", plain=plain)
    lab.clear_log()
    assert stage.verdict(image, key="pull") == OVER
    assert len(lab.requests(service="api")) == 2 and len(lab.requests(service="registry")) <= 4


@pytest.mark.parametrize("said", [EXPIRED, EXPIRED_TEXT], ids=["JSON", "text"])
def test_a_stored_login_that_is_over(stage, said):
    """Of a registry other than ECR, which nobody can fetch a token for."""
    stage.config({"auths": {NAME: {"auth": basic("AWS", "secret-word")}}})
    stage.secrets.append("secret-word")
    stage.serve(NAME, lambda request, peer: head(said) if request.method == "HEAD" and b"text/plain" not in said else said
                if request.method == "GET" else head(said) if request.headers.get("authorization") else
                head(challenge('Basic realm="x"')))
    assert stage.verdict(REF) == OVER
    assert "again" in stage.result.stderr


def test_ecrs_stored_login_that_is_over(lab, stage, image):
    lab.docker_login(stage.home)
    assert stage.verdict(image) == FOUND
    lab.expire_tokens()
    assert stage.verdict(image) == OVER
    assert stage.verdict(image[:-1] + "9") == OVER


def test_ecrs_denial_names_the_action(lab, stage, image):
    lab.new_key("blind", allow=["GetAuthorizationToken"])
    key = lab.keys["blind"]
    env = {"AWS_ACCESS_KEY_ID": key["access_key_id"], "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
    assert stage.verdict(image, env=env) == DENIED
    assert "ecr:BatchGetImage" in stage.result.stderr


def test_an_archived_image_looks_as_if_it_were_not_there(lab, stage, image):
    lab.archive(image)
    assert stage.verdict(image, key="pull") == NO_IMAGE
    assert "archived" in stage.detail


def test_a_malformed_tag_is_told_so_by_400(lab, stage, image):
    lab.fault("refuse", service="registry", code="TAG_INVALID", message="tag", status=400)
    assert stage.verdict(image, key="pull") == unknown("refused")


# ---- ECR Public

INVALID = error("DENIED", "Your Authorization Token is invalid.", 400, [VERSION])
PUBLIC = f"{NAME}/lab/app:v1"


def public(*manifests):
    realm = f'Bearer realm="https://{NAME}/token/",service="public.ecr.aws",scope="aws"'
    answer = in_turn(*manifests)

    def reply_to(request, peer):
        if request.target.startswith("/token"):
            return json_reply({"token": "lab-token-0123456789abcdef"})
        data = challenge(realm) if not request.headers.get("authorization") else answer(request, peer)
        return head(data) if request.method == "HEAD" else data
    return reply_to


def test_ecr_publics_scope_and_slash(stage):
    server = stage.serve(NAME, public(manifest()))
    assert stage.verdict(PUBLIC) == FOUND
    (line,) = [line for line in asked(server) if "token" in line]
    assert line.startswith("GET /token/?") and "scope=aws" in line and "service=public.ecr.aws" in line, line


def test_ecr_publics_400_for_a_bearer_that_is_over(stage):
    server = stage.serve(NAME, public(INVALID, manifest()))
    assert stage.verdict(PUBLIC) == FOUND
    assert len(sent(server, "/token")) == 2
    server.answer = public(INVALID)
    server.requests.clear()
    assert stage.verdict(PUBLIC)[0] == "unknown"
    assert len(sent(server, "/token")) <= 3 and len(server.requests) < 12


def test_ecr_publics_401_of_a_blobs_head_does_no_harm(lab, stage):
    lab.push_image("public.ecr.aws/lab/app:v1")
    lab.clear_log()
    assert stage.verdict("public.ecr.aws/lab/app:v1", "--deep") == FOUND, stage.result
    assert "HeadBlob" not in {r["operation"] for r in lab.requests(service="public")}
    assert {r["operation"] for r in lab.requests(service="public")} >= {"GetBlob", "GetManifest"}


def test_ecr_public_as_a_whole(lab, stage):
    lab.push_image("public.ecr.aws/lab/app:v1")
    for host in ("public.ecr.aws", "ecr-public.aws.com"):
        assert stage.verdict(f"{host}/lab/app:v1") == FOUND
        assert stage.verdict(f"{host}/lab/app:v9") == NO_IMAGE
    lab.docker_login(stage.home, "public.ecr.aws", "AWS", "a-login-of-long-ago")   # not needed, and so not in the way
    assert stage.verdict("public.ecr.aws/lab/app:v1") == FOUND


# ---- one registry among others

def test_what_one_registry_is_says_nothing_of_another(stage):
    """A website stays one, though a registry was met in the same run."""
    stage.serve(NAME, Holds())
    stage.serve("site.test", Script(GET=text(HTML, content_type="text/html")))
    result = stage.check([REF, f"{NAME}/team/app:v9", "site.test/team/app:v1"])
    assert [(r["state"], r["reason"]) for r in result.json] == [FOUND[:2], NO_IMAGE[:2], AMBIGUOUS[:2]], result
    assert result.code == 5


def test_a_registry_that_was_seen_in_this_run(stage):
    """A plain 404 counts when the registry has shown itself before, in its challenge as redhat's does."""
    said = text("Not found\r\n", headers=[("Server", "AkamaiNetStorage")])

    def answer(request, peer):
        if request.target.startswith("/token"):
            return token()
        data = said if request.headers.get("authorization") else challenge(f'Bearer realm="{REALM}"', headers=())
        data = data.replace(b"\r\n", b"\r\nDocker-Distribution-Api-Version: registry/2.0\r\n", 1) if data is not said else data
        return head(data) if request.method == "HEAD" else data
    stage.serve(NAME, answer)
    assert stage.verdict(REF) == NO_IMAGE


def test_manifests_that_live_in_a_store(stage):
    """Some registries redirect even manifests; the store's 404 is not the registry's word."""
    store = stage.serve("store.test", Holds())
    stage.serve(NAME, lambda request, peer: redirect(f"https://store.test{request.target}"))
    assert stage.verdict(REF) == FOUND
    store.answer = Script(GET=text("<Error><Code>NoSuchKey</Code></Error>", content_type="application/xml"))
    assert stage.verdict(REF) == AMBIGUOUS


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_registry_without_head(stage, status):
    server = stage.serve(NAME, Script(HEAD=error("UNSUPPORTED", "no HEAD", status), GET=manifest()))
    assert stage.verdict(REF) == FOUND
    assert [line.split()[0] for line in asked(server)] == ["HEAD", "GET"]


def test_the_tag_of_referrers_is_cut(stage):
    """As the specification has it: 64 characters of the encoded part, however long it is."""
    digest = "sha512:" + hashlib.sha512(IMAGE.manifest).hexdigest()
    tag = digest.replace(":", "-")[:7 + 64]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": MANIFEST, "digest": IMAGE.digest, "size": 1, "artifactType": "application/vnd.dev.cosign.artifact.sig.v1+json"}]})

    def answer(request, peer):
        if request.target.endswith(f"/manifests/{tag}"):
            data = reply(index, 200, [], INDEX)
        elif f"/manifests/{digest}" in request.target:
            data = reply(IMAGE.manifest, 200, [("Docker-Content-Digest", digest)], IMAGE.media_type)
        else:
            data = error("MANIFEST_UNKNOWN", "x", headers=[VERSION])
        return head(data) if request.method == "HEAD" else data
    stage.serve(NAME, answer)
    assert stage.verdict(f"{NAME}/team/app@{digest}", "--has-signature") == FOUND
