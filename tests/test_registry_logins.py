"""Whose login the registry probe takes: files and their order, helpers, and a login that is in the way."""

import json

import pytest
from support_registry import (FOUND, IMAGE, Holds, Stage, asked, basic, bearer, challenge, error, head, token, unknown, wants)

NAME = "registry.test"
REF = f"{NAME}/team/app:v1"
REALM = f"https://{NAME}/token"
SECRET = "a-secret-word:with-a-colon"
ENTRY = {"auth": basic("user", SECRET)}
LOGIN = f"Basic {ENTRY['auth']}"
STRANGER, DENIED = unknown("no-credentials"), unknown("denied")
WANTS_BASIC = challenge('Basic realm="registry"')
TOKEN = "lab-token-0123456789abcdef"


@pytest.fixture
def stage(lab, tmp_path):
    stage = Stage(lab, tmp_path)
    stage.secrets += [SECRET, ENTRY["auth"]]
    yield stage
    stage.close()


def with_basic(stage, name=NAME, login=LOGIN):
    return stage.serve(name, Holds(allowed=wants(login, WANTS_BASIC)))


def with_bearer(stage, name=NAME, realm=REALM, token_reply=None, images=None):
    return stage.serve(name, Holds(images, wants(f"Bearer {TOKEN}", bearer(realm)), token_reply or token()))


# ---- where logins are kept

OTHER = {"auth": basic("other", "other-secret-word")}


@pytest.mark.parametrize("place", [".docker/config.json", ".config/containers/auth.json", "run/containers/auth.json", "docker/config.json",
                                   "file.json", "flag.json", "variable"])
def test_places(stage, place):
    with_basic(stage)
    text = json.dumps({"auths": {NAME: ENTRY, "other.test": OTHER}})
    env, arguments = {}, []
    if place == "variable":
        env["DOCKER_AUTH_CONFIG"] = text
    else:
        path = stage.config(text, place)
        env = {"docker/config.json": {"DOCKER_CONFIG": f"{stage.home}/docker"}, "file.json": {"REGISTRY_AUTH_FILE": path},
               "run/containers/auth.json": {"XDG_RUNTIME_DIR": f"{stage.home}/run"}}.get(place, {})
        arguments = ["--authfile", path] if place == "flag.json" else []
    assert stage.verdict(REF, *arguments, env=env) == FOUND
    assert stage.verdict(REF, home=stage.folder) == STRANGER


def test_the_order_of_places(stage):
    """What is named beats what is found; each of these alone would be denied but for the first."""
    with_basic(stage)
    right, wrong = json.dumps({"auths": {NAME: ENTRY}}), json.dumps({"auths": {NAME: OTHER}})
    flag, file = stage.config(right, "flag.json"), stage.config(wrong, "file.json")
    for place in (".docker/config.json", ".config/containers/auth.json"):
        stage.config(wrong, place)
    env = {"DOCKER_AUTH_CONFIG": wrong, "REGISTRY_AUTH_FILE": file}
    assert stage.verdict(REF, env=env) == DENIED
    assert stage.verdict(REF, "--authfile", flag, env=env) == FOUND
    assert stage.verdict(REF, env={**env, "DOCKER_AUTH_CONFIG": right}) == FOUND
    assert stage.verdict(REF, env={"REGISTRY_AUTH_FILE": flag}) == FOUND
    stage.config(right)
    assert stage.verdict(REF) == FOUND


def test_names_of_any_case(stage):
    with_basic(stage)
    stage.config({"auths": {NAME: ENTRY}})
    assert stage.verdict(REF.replace(NAME, NAME.title())) == FOUND


@pytest.mark.parametrize("key", [NAME, f"https://{NAME}", f"https://{NAME}/v1/", f"http://{NAME}/v2/", NAME.upper()])
def test_keys_of_old(stage, key):
    with_basic(stage)
    stage.config({"auths": {"a." + NAME: OTHER, NAME + ".example": OTHER, key: ENTRY}})
    assert stage.verdict(REF) == FOUND


@pytest.mark.parametrize("key, taken", [
    (f"{NAME}/team/app", True), (f"{NAME}/team", True), (f"{NAME}/te", False), (f"{NAME}/team/app/x", False), (f"{NAME}/other", False),
    (f"{NAME}/team/app:v1", False)])
def test_podmans_namespaces(stage, key, taken):
    """The longest key above the repository counts; the registry's own is for all others."""
    with_basic(stage)
    stage.config({"auths": {NAME: OTHER, key: ENTRY}}, ".config/containers/auth.json")
    assert stage.verdict(REF) == (FOUND if taken else DENIED)


def test_two_namespaces_of_a_registry(stage):
    """In one run, each image with the login of its own."""
    seen = []

    def allowed(request):
        seen.append((request.target.split("/")[2], request.headers.get("authorization")))
        return None if request.headers.get("authorization") else WANTS_BASIC
    stage.serve(NAME, Holds({"a/app:v1": IMAGE, "b/app:v1": IMAGE}, allowed))
    stage.config({"auths": {f"{NAME}/a": ENTRY, f"{NAME}/b": OTHER}}, ".config/containers/auth.json")
    assert stage.check([f"{NAME}/a/app:v1", f"{NAME}/b/app:v1"]).code == 0
    assert {pair for pair in seen if pair[1]} == {("a", LOGIN), ("b", f"Basic {OTHER['auth']}")}


def test_a_namespace_of_ecr(lab, stage, image):
    """A login for a part of a registry of ECR is one, too, and another principal than the caller."""
    stage.config({"auths": {f"{lab.host}/team": {"auth": basic("AWS", lab.password())}}}, ".config/containers/auth.json")
    lab.clear_log()
    result = stage.check(image, via="auto")
    assert result.code == 0 and result.json[0]["source"] == "registry", result
    assert [r["key"] for r in lab.requests(service="registry")][-1] == "AWS"
    assert stage.check(image.replace("team/", "other/"), via="auto").code == 3


@pytest.mark.parametrize("text", ["{broken", "[]", json.dumps({"auths": {NAME: {"auth": "!!!"}}}),
                                  json.dumps({"auths": {NAME: {"auth": basic("user", "x")[:3]}}})])
def test_a_broken_file_is_told_and_nobody_is_asked(stage, text):
    """What is stored there might be needed: as a stranger, the answer might be a wrong one."""
    server = with_basic(stage)
    path = stage.config(text)
    assert stage.verdict(REF) == STRANGER
    assert path in stage.detail and stage.shown["trail"][0]["state"] == "skipped", stage.result
    assert stage.run("check", "--authfile", path, REF).code in (2, 3)
    assert stage.verdict(REF, env={"DOCKER_AUTH_CONFIG": text}, home=stage.folder) == STRANGER
    assert "DOCKER_AUTH_CONFIG" in stage.detail
    assert asked(server) == []


# ---- helpers

GIVES = f"""printf '{{"ServerURL":"x","Username":"user","Secret":"{SECRET}"}}'"""


@pytest.mark.parametrize("config", [{"credHelpers": {NAME: "corp"}}, {"credsStore": "corp", "auths": {NAME: {}}},
                                    {"credHelpers": {NAME: "corp"}, "credsStore": "no-such", "auths": {NAME: {}}}])
def test_helpers(stage, config):
    with_basic(stage)
    stage.helper("corp", GIVES)
    stage.config(config)
    assert stage.verdict(REF) == FOUND
    assert stage.called == [f"get {NAME}"]
    assert stage.check([REF, f"{NAME}/team/app:v9", f"{NAME}/other:v1"]).code == 1
    assert len(stage.called) == 2   # once a run


@pytest.mark.parametrize("config", [
    {"credsStore": "corp", "auths": {"https://index.docker.io/v1/": {}}}, {"credHelpers": {"docker.io": "corp"}},
    {"credHelpers": {"https://index.docker.io/v1/": "corp"}}])
def test_helpers_know_docker_hub_by_an_older_name(lab, stage, config):
    lab.push_image("registry-1.docker.io/private/app:v1")
    stage.helper("corp", """printf '{"Username":"user","Secret":"password"}'""")
    stage.config(config)
    assert stage.verdict("private/app:v1") == FOUND
    assert stage.called == ["get https://index.docker.io/v1/"]


@pytest.mark.parametrize("key", ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "https://registry-1.docker.io",
                                 "docker.io/private"])
def test_docker_hubs_keys(lab, stage, key):
    lab.push_image("registry-1.docker.io/private/app:v1")
    stage.config({"auths": {key: {"auth": basic("user", "password")}}}, ".config/containers/auth.json")
    assert stage.verdict("private/app:v1") == FOUND


def test_a_helper_that_gives_an_identity_token(stage):
    stage.helper("corp", """printf '{"Username":"<token>","Secret":"identity-token-of-mine"}'""")
    stage.secrets.append("identity-token-of-mine")
    stage.config({"credHelpers": {NAME: "corp"}})
    server = with_bearer(stage)
    assert stage.verdict(REF) == FOUND
    assert [r.method for r in server.requests if r.target.startswith("/token")] == ["POST"]


def test_a_helper_that_has_none(stage):
    stage.helper("corp", "echo 'credentials not found in native keychain'; exit 1")
    stage.config({"credHelpers": {NAME: "corp", "open.test": "corp"}})
    with_basic(stage)
    stage.serve("open.test", Holds())
    assert stage.verdict(REF) == STRANGER
    assert stage.verdict("open.test/team/app:v1") == FOUND


@pytest.mark.parametrize("script", ["echo the keychain is locked; exit 1", "exit 3", "echo '{'", "echo '{}'", "kill -9 $$",
                                    """printf '{"Username":"user","Secret":""}'""", "head -c 3000000 /dev/zero"])
def test_a_helper_that_fails(stage, script):
    server = with_basic(stage)
    stage.helper("corp", script)
    stage.config({"credHelpers": {NAME: "corp"}})
    assert stage.verdict(REF) == STRANGER
    assert "docker-credential-corp" in stage.detail and asked(server) == []


@pytest.mark.parametrize("name", ["none-such", "../corp", "a/b", "-x", "corp; touch pwned", ""])
def test_helpers_that_cannot_be(stage, name):
    with_basic(stage)
    stage.helper("corp", GIVES)
    stage.config({"credHelpers": {NAME: name}})
    assert stage.verdict(REF) == STRANGER
    assert stage.called == []


def test_a_helper_that_hangs(stage):
    with_basic(stage)
    stage.helper("corp", "exec sleep 20")
    stage.config({"credHelpers": {NAME: "corp"}})
    assert stage.verdict(REF, timeout="500ms")[0] == "unknown"
    assert stage.result.seconds < 2


def test_ecr_login_is_done_in_process(lab, stage, image):
    stage.helper("ecr-login", "exit 1")
    for config in ({"credHelpers": {lab.host: "ecr-login"}}, {"credsStore": "ecr-login"}):
        stage.config(config)
        lab.clear_log()
        assert stage.verdict(image, key="pull") == FOUND
        assert [r["operation"] for r in lab.requests(service="api")] == ["GetAuthorizationToken"]
    assert stage.called == []
    assert stage.verdict(image) == STRANGER


# ---- a login that is in the way

@pytest.mark.parametrize("refusal", [error("DENIED", "Your authorization token has expired. Reauthenticate and try again.", 403),
                                     challenge('Basic realm="x"'), error("X", "", 400), error("DENIED", "", 403)])
def test_a_stale_login_for_a_public_registry(stage, refusal):
    """It would be served without one: as a stranger it is asked again, and only a welcome counts."""
    def allowed(request):
        return refusal if request.headers.get("authorization") == LOGIN else None
    first = challenge(f'Bearer realm="{REALM}",service="s"')

    def by_token(request):
        return allowed(request) or (None if request.headers.get("authorization") == f"Bearer {TOKEN}" else first)
    server = stage.serve(NAME, Holds(allowed=by_token, token_reply=lambda request, peer: allowed(request) or token()))
    stage.config({"auths": {NAME: ENTRY}})
    found = stage.verdict(REF)
    if b" 400 " in refusal[:20]:
        assert found[0] in ("present", "unknown")   # 400 of a token service is not what a login is refused with
        return
    assert found == FOUND and "strangers" in stage.detail
    assert stage.verdict(f"{NAME}/team/app:v9")[0] == "unknown"   # that strangers do not see it says nothing
    server.requests.clear()
    result = stage.check([REF, f"{NAME}/team/app:v9", REF])
    assert [r["state"] for r in result.json] == ["present", "unknown", "present"] and len(server.requests) < 24, result


def test_strangers_404_is_not_taken_after_a_refusal(stage):
    """With the login: 403. Without: 404 with every sign of a registry."""
    count = []

    def answer(request, peer):
        count.append(request.headers.get("authorization"))
        data = (error("DENIED", "may not", 403) if request.headers.get("authorization") else WANTS_BASIC if count.count(None) == 1
                else error("NAME_UNKNOWN", "not known"))
        return head(data) if request.method == "HEAD" else data
    stage.serve(NAME, answer)
    stage.config({"auths": {NAME: ENTRY}})
    assert stage.verdict(REF) == DENIED
    assert LOGIN in count and count.count(None) >= 2


def test_a_helper_that_hangs_is_called_once(stage):
    """Its time is over for one image as for all: others do not wait for it anew."""
    with_basic(stage)
    stage.helper("corp", "exec sleep 100")
    stage.config({"credHelpers": {NAME: "corp"}})
    result = stage.check([f"{NAME}/team/app{i}:v1" for i in range(4)], timeout="60s")
    assert {(shown["state"], shown["reason"]) for shown in result.json} == {("unknown", "timeout")}
    assert len(stage.called) == 1 and result.seconds < 45
