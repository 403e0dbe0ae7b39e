"""How the registry probe logs in: what a challenge asks for, what is sent to whom, and how often a token is asked for."""

import json
import urllib.parse

import pytest
from support_net import assert_no_secrets, in_turn
from support_registry import (FOUND, NO_IMAGE, NO_REPOSITORY, Holds, Script, Stage, asked, basic, bearer, challenge, error, head,
                              json_reply, manifest, redirect, sent, token, unknown, wants)

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


def query(server, number=0):
    line = [line for line in asked(server) if line.partition(" ")[2].startswith("/token")][number]
    return urllib.parse.parse_qs(urllib.parse.urlsplit(line.split()[1]).query)


def with_basic(stage, name=NAME, login=LOGIN):
    return stage.serve(name, Holds(allowed=wants(login, WANTS_BASIC)))


def with_bearer(stage, name=NAME, realm=REALM, token_reply=None, images=None):
    return stage.serve(name, Holds(images, wants(f"Bearer {TOKEN}", bearer(realm)), token_reply or token()))


# ---- Basic

def test_basic(stage):
    server = with_basic(stage)
    assert stage.verdict(REF) == STRANGER and "docker login" in stage.result.stderr
    assert {a for _, a in sent(server)} == {None}
    stage.config({"auths": {NAME: ENTRY}})
    server.requests.clear()
    assert stage.verdict(REF) == FOUND
    assert [a for _, a in sent(server)] == [None, LOGIN]   # not before it is asked for
    assert stage.verdict(f"{NAME}/team/app:v9") == NO_IMAGE
    server.requests.clear()
    assert stage.check([REF, f"{NAME}/team/app:v9", f"{NAME}/team/app:v8"]).code == 1
    assert [a for _, a in sent(server)].count(None) <= 2   # learnt once a run


def test_a_wrong_password(stage):
    with_basic(stage, login="Basic " + basic("user", "another"))
    stage.config({"auths": {NAME: ENTRY}})
    assert stage.verdict(REF) == DENIED
    assert "401" in stage.detail


def test_the_labs_basic_registry(lab, stage):
    lab.push_image("basic.lab.test/team/app:v1")
    assert stage.verdict("basic.lab.test/team/app:v1") == STRANGER
    stage.config({"auths": {"basic.lab.test": {"auth": basic("user", "password")}}})
    assert stage.verdict("basic.lab.test/team/app:v1") == FOUND
    assert stage.verdict("basic.lab.test/team/app:v9") == NO_IMAGE


def test_a_head_that_hides_its_challenge(stage):
    stage.config({"auths": {NAME: ENTRY}})
    stage.serve(NAME, lambda request, peer: head(error("UNAUTHORIZED", "", 401)) if request.method == "HEAD" and
                request.headers.get("authorization") != LOGIN else Holds(allowed=wants(LOGIN, WANTS_BASIC))(request, peer))
    assert stage.verdict(REF) == FOUND


# ---- Bearer

def test_bearer_as_a_stranger(stage):
    server = with_bearer(stage)
    assert stage.verdict(REF) == FOUND
    assert asked(server)[0] == asked(server)[2] == "HEAD /v2/team/app/manifests/v1" and len(server.requests) == 3
    assert query(server)["scope"] == ["repository:team/app:pull"] and query(server)["service"] == ["registry.test"]
    assert sent(server, "/token")[0][1] is None
    assert "strangers" in stage.detail


@pytest.mark.parametrize("scope", ["repository:team/app:pull,push", "repository:team/app:*", "repository:other/app:pull", "",
                                   "registry:catalog:*", "repository(plugin):team/app:push,pull"])
def test_only_what_pulling_needs_is_asked_for(stage, scope):
    stage.config({"auths": {NAME: ENTRY}})
    server = stage.serve(NAME, Holds(allowed=wants(f"Bearer {TOKEN}", bearer(REALM, scope=scope)), token_reply=token()))
    assert stage.verdict(REF) == FOUND
    assert query(server)["scope"] == ["repository:team/app:pull"]
    assert sent(server, "/token")[0][1] == LOGIN
    assert [a for line, a in sent(server) if "/manifests/" in line] == [None, f"Bearer {TOKEN}"]


def test_tokens_are_shared_within_a_run(lab, stage):
    """One a repository, however many images and workers there are."""
    refs = []
    for name in ("team/app", "team/web", "team/api"):
        lab.push_image(f"bearer.lab.test/{name}:v1")
        refs += [f"bearer.lab.test/{name}:v{n}" for n in range(12)]
    lab.clear_log()
    result = stage.check(refs)
    assert result.code == 1 and [r["state"] for r in result.json].count("present") == 3, result
    scopes = [urllib.parse.parse_qs(r["target"].partition("?")[2])["scope"] for r in lab.requests(service="auth")]
    assert sorted(scopes) == [[f"repository:team/{n}:pull"] for n in ("api", "app", "web")]


def test_private_repositories_of_a_token_registry(lab, stage):
    lab.push_image("bearer.lab.test/private/app:v1")
    assert stage.verdict("bearer.lab.test/private/app:v1") == STRANGER
    assert stage.verdict("bearer.lab.test/private/none:v1") == STRANGER
    stage.config({"auths": {"bearer.lab.test": {"auth": basic("user", "password")}}})
    assert stage.verdict("bearer.lab.test/private/app:v1") == FOUND
    assert stage.verdict("bearer.lab.test/private/app:v9") == NO_IMAGE
    stage.config({"auths": {"bearer.lab.test": {"auth": basic("user", "wrong")}}})
    assert stage.verdict("bearer.lab.test/private/app:v1") == DENIED
    assert "auth.lab.test" in stage.detail


@pytest.mark.parametrize("value", [
    'Negotiate, Bearer realm="{}",service="s"', 'Basic realm="x, y", Bearer realm="{}",service="s"',
    'Bearer realm="{}",service="s", Basic realm="x"', 'bearer REALM="{}" , Service="s"', 'Negotiate abc==, Bearer realm="{}"',
    'Digest realm="a \\" b", nonce="x,y", Bearer realm="{}",service="s"', 'Bearer realm="{}",service=s,scope="a b",error=none'])
def test_challenges_of_several_kinds(stage, value):
    refusal = challenge(value.replace("{}", REALM))
    server = stage.serve(NAME, Holds(allowed=wants(f"Bearer {TOKEN}", refusal), token_reply=token()))
    assert stage.verdict(REF) == FOUND
    assert len(sent(server, "/token")) == 1


def test_challenges_in_several_lines(stage):
    refusal = challenge("Negotiate", headers=[("WWW-Authenticate", f'Bearer realm="{REALM}",service="s"')])
    stage.serve(NAME, Holds(allowed=wants(f"Bearer {TOKEN}", refusal), token_reply=token()))
    assert stage.verdict(REF) == FOUND


@pytest.mark.parametrize("value", ["", "Bearer", 'Bearer realm=""', 'Bearer realm="', "Negotiate", "=,=,", 'Basic realm="x',
                                   'Bearer realm="not a url"', 'Bearer realm="//x/"', 'Bearer service="s"', "\x7f\x7f", "Bearer " * 500])
def test_challenges_that_are_none(stage, value):
    stage.config({"auths": {NAME: ENTRY}})
    server = stage.serve(NAME, Script(GET=challenge(value)))
    state, _, code = stage.verdict(REF)
    assert state == "unknown" and code in (3, 5), stage.result
    assert len(server.requests) <= 8


def test_a_realm_with_a_query_of_its_own(stage):
    server = with_bearer(stage, realm=REALM + "?account=me&x=a%20b")
    assert stage.verdict(REF) == FOUND
    assert query(server)["account"] == ["me"] and query(server)["x"] == ["a b"] and "scope" in query(server)


@pytest.mark.parametrize("reply", [
    json_reply({"access_token": TOKEN}), json_reply({"token": TOKEN, "access_token": "x"}),
    json_reply({"token": "", "access_token": TOKEN}), json_reply({"token": TOKEN, "expires_in": -1}),
    json_reply({"token": TOKEN, "expires_in": "soon"}), json_reply({"token": TOKEN, "expires_in": 1e300}),
    json_reply({"token": TOKEN, "issued_at": "yesterday"}), json_reply({"token": TOKEN}, content_type="text/html")])
def test_token_replies(stage, reply):
    server = with_bearer(stage, token_reply=reply)
    assert stage.verdict(REF) == FOUND
    assert len(sent(server, "/token")) == 1


@pytest.mark.parametrize("reply, expected", [
    (json_reply({}), "bad-reply"), (json_reply({"token": ""}), "bad-reply"), (json_reply({"token": 7}), "bad-reply"),
    (json_reply({"token": "a b\r\nX-Evil: 1"}), "bad-reply"), (json_reply([]), "bad-reply"), (json_reply("token"), "bad-reply"),
    (json_reply({"token": "x" * 300000}), "bad-reply"), (json_reply({}, 204), None), (error("DENIED", "", 400), "refused"),
    (error("UNSUPPORTED", "", 404), "refused"), (error("TOOMANYREQUESTS", "", 429), "throttled"), (error("X", "", 500), "server-error"),
    (error("UNAUTHORIZED", "", 401), "no-credentials"), (error("DENIED", "", 403), "no-credentials")])
def test_token_services_that_give_none(stage, reply, expected):
    with_bearer(stage, token_reply=reply)
    found = stage.verdict(REF)
    assert found == unknown(expected or found[1]) and found[0] == "unknown", stage.result


def test_a_token_service_that_is_busy_is_asked_again(stage):
    server = with_bearer(stage, token_reply=in_turn(error("TOOMANYREQUESTS", "", 429, [("Retry-After", "1")]), token()))
    assert stage.verdict(REF, attempts="2") == FOUND
    assert len(sent(server, "/token")) == 2 and stage.result.seconds >= 0.9


def test_a_bearer_that_is_over_is_fetched_anew(stage):
    """With 401 and error="invalid_token", in the middle of a run."""
    over = challenge(f'Bearer realm="{REALM}",service="s",error="invalid_token"')
    state = {"good": 0}

    def answer(request, peer):
        if request.target.startswith("/token"):
            state["good"] += 1
            return token(f"token-number-{state['good']}")
        good = request.headers.get("authorization") == f"Bearer token-number-{state['good']}" and "v2" not in request.target[4:]
        data = manifest() if good or state["good"] > 1 else over
        return head(data) if request.method == "HEAD" else data
    server = stage.serve(NAME, answer)
    result = stage.check([REF, f"{NAME}/team/app:v2"])
    assert result.code == 0 and len(sent(server, "/token")) == 2, result


# ---- tokens of other kinds

def test_an_identity_token_is_posted(stage):
    """An OAuth refresh token, for which there is no user (docker login at a registry with single sign-on)."""
    stage.secrets.append("identity-token-of-mine")
    server = with_bearer(stage, token_reply=json_reply({"access_token": TOKEN}))
    for entry in ({"identitytoken": "identity-token-of-mine"}, {"auth": basic("00000000-0000-0000-0000-000000000000", ""),
                                                                "identitytoken": "identity-token-of-mine"}):
        stage.config({"auths": {NAME: entry}})
        server.requests.clear()
        assert stage.verdict(REF) == FOUND, entry
        (post,) = [r for r in server.requests if r.target.startswith("/token")]
        form = {k: v for k, (v,) in urllib.parse.parse_qs(post.body.decode()).items()}
        assert post.method == "POST" and post.headers["content-type"] == "application/x-www-form-urlencoded"
        assert form == {"grant_type": "refresh_token", "service": "registry.test", "client_id": "ecr",
                        "scope": "repository:team/app:pull", "refresh_token": "identity-token-of-mine"}
        assert "authorization" not in post.headers and "identity" not in post.target


@pytest.mark.parametrize("status, expected", [(401, DENIED), (403, DENIED), (400, None), (404, None), (405, None)])
def test_an_identity_token_that_is_refused(stage, status, expected):
    stage.secrets.append("identity-token-of-mine")
    stage.config({"auths": {NAME: {"identitytoken": "identity-token-of-mine"}}})
    with_bearer(stage, token_reply=lambda request, peer: error("X", "for identity-token-of-mine", status)
                if request.method == "POST" else error("X", "", 401))
    found = stage.verdict(REF)
    assert found == (expected or unknown(found[1])) and found[0] == "unknown", stage.result


def test_a_registry_token_is_sent_as_it_is(stage):
    stage.secrets.append("registry-token-of-mine")
    stage.config({"auths": {NAME: {"registrytoken": "registry-token-of-mine"}}})
    server = stage.serve(NAME, Holds(allowed=wants("Bearer registry-token-of-mine", bearer(REALM)), token_reply=token()))
    assert stage.verdict(REF) == FOUND
    assert sent(server, "/token") == []


# ---- what is sent to whom

def test_a_realm_at_another_host_gets_the_login_and_nobody_else(stage):
    """As docker does it: a token service has a name of its own. What that redirects to gets nothing."""
    thief = stage.serve("thief.test", Script(token=token()))
    service = stage.serve("auth.test", Script(token=redirect("https://thief.test/token")))
    server = with_bearer(stage, realm="https://auth.test/token")
    assert stage.verdict(REF)[0] in ("unknown", "present")
    stage.config({"auths": {NAME: ENTRY}})
    thief.requests.clear()
    assert stage.verdict(REF)[0] == "unknown"
    assert sent(service)[-1][1] == LOGIN or LOGIN in [a for _, a in sent(service)]
    assert LOGIN not in [a for _, a in sent(thief)] and LOGIN not in [a for _, a in sent(server)]


def test_a_challenge_from_behind_a_redirect_gets_no_login(stage):
    """The registry sends us to a store, which asks for a login: it is not the registry's, nor is its realm."""
    store = stage.serve("store.test", Script(GET=challenge('Bearer realm="https://store.test/token",service="s"'), token=token()))
    stage.serve(NAME, lambda request, peer: redirect("https://store.test" + request.target))
    stage.config({"auths": {NAME: ENTRY}})
    assert stage.verdict(REF)[0] == "unknown"
    assert LOGIN not in [a for _, a in sent(store)]
    store.answer = Script(GET=WANTS_BASIC)
    assert stage.verdict(REF)[0] == "unknown"
    assert LOGIN not in [a for _, a in sent(store)]


def test_logins_go_to_their_registry_alone(stage):
    mine, other = with_basic(stage), with_basic(stage, "other.test", "Basic " + basic("nobody", "x"))
    stage.config({"auths": {NAME: ENTRY}})
    result = stage.check([REF, "other.test/team/app:v1"], "-v")
    assert [r["state"] for r in result.json] == ["present", "unknown"], result
    assert [a for _, a in sent(other)] == [None] * len(other.requests) and LOGIN in [a for _, a in sent(mine)]
    assert_no_secrets(result, [SECRET, TOKEN])


def test_what_a_registry_repeats_is_not_printed(stage):
    """Its error quotes the login and the token that it got."""
    stage.config({"auths": {NAME: ENTRY}})
    said = error("DENIED", f"you sent {LOGIN}, that is user:{SECRET}, or {TOKEN}", 403)
    stage.serve(NAME, Holds(allowed=lambda r: said if r.headers.get("authorization") else bearer(REALM), token_reply=token()))
    for arguments in ([], ["-v"]):
        assert stage.verdict(REF, *arguments) == DENIED
        assert_no_secrets(stage.result, [SECRET, TOKEN])
    assert stage.verdict(f"{NAME}/none:v1", "-v")[0] in ("unknown", NO_REPOSITORY[0])


@pytest.mark.parametrize("status", [404, 405])
def test_a_token_service_without_post(stage, status):
    """One of the older kind takes the password, where there is one beside the identity token."""
    def answer(request, peer):
        if not request.target.startswith("/token"):
            return wants_token(request, peer)
        right = request.method == "GET" and request.headers.get("authorization") == "Basic " + basic("user", "pass-word-1")
        return token() if right else error("UNSUPPORTED", "no POST", status)
    wants_token = Holds(allowed=wants("Bearer lab-token-0123456789abcdef", bearer(REALM)))
    stage.serve(NAME, answer)
    stage.config({"auths": {NAME: {"auth": basic("user", "pass-word-1"), "identitytoken": "identity-token-of-mine"}}})
    stage.secrets += ["pass-word-1", "identity-token-of-mine"]
    assert stage.verdict(REF) == FOUND
