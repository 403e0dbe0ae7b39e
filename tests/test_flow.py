"""The check of a build tool, end to end: whom it asks for which image, in which order, and when it stops asking."""

import pytest
from support_daemon import Daemon
from support_net import DIGEST

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
STATES = {0: "present", 1: "absent"}
SKIPPED = ("registry", "skipped", "no-credentials")


class Tool:
    """A machine that builds: the real services of the lab, and a daemon that holds v1 of everything.

    Both hold v1 and not v9; the daemon's v1 has a digest of its own, so that it shows who has answered."""

    def __init__(self, lab, folder):
        self.lab, self.home = lab, folder / "home"
        self.daemon = Daemon(str(folder / "docker.sock"))
        self.ecr = lab.create_repository("team/app")
        self.other = "registry.lab.test/team/app"
        self.public = "public.ecr.aws/team/app"
        self.digest = {r: lab.push_image(f"{r}:v1").digest for r in (self.ecr, self.other, self.public)}
        lab.clear_log()

    def check(self, image, key=None, **rest):
        result = self.lab.ecr("check", "--json", "--max-attempts", "1", image, key=key, home=self.home,
                              env={"DOCKER_HOST": self.daemon.host}, **rest)
        self.notes = [line.replace(image, "IMAGE") for line in result.stderr.splitlines()]
        self.shown, = result.json
        self.trail = [(step["source"], step["state"], step["reason"]) for step in self.shown["trail"]]
        return result.code

    def expect(self, repository, source, before=(), asked=(), key=None, **rest):
        """v1 is there and v9 is not, by the word of `source`, behind these steps of the trail; of the services only those
        `asked` got a request."""
        for tag, code in (("v1", 0), ("v9", 1)):
            self.lab.clear_log()
            self.daemon.server.requests.clear()
            assert self.check(f"{repository}:{tag}", key, **rest) == code, (self.shown, self.notes)
            state, reason = STATES[code], "no-image" if code else "ok"
            assert self.trail == [*before, (source, state, reason)], self.shown
            assert (self.shown["state"], self.shown["reason"], self.shown["source"]) == (state, reason, source)
            digest = DIGEST if source == "docker" else self.digest[repository]
            assert self.shown.get("digest") == (None if code else digest)
            assert {r["service"] for r in self.lab.requests()} == set(asked)
            assert bool(self.daemon.server.requests) == (source == "docker")
            titles = {"ecr": "ECR", "registry": "Registry"}
            names = {"registry": "the registry", "docker": "Docker"}
            following = [step[0] for step in self.trail[1:]]
            assert [line for line in self.notes if "falling back" in line] == [
                f"{titles[step]} check failed, falling back to {names[then]}: IMAGE ({why})"
                for (step, _, why), then in zip(self.trail, following)]


@pytest.fixture
def tool(lab, tmp_path):
    made = Tool(lab, tmp_path)
    with made.daemon:
        yield made


# ---- an image that is not ECR's: the registry, then the daemon

def test_not_ecr(tool):
    tool.expect(tool.other, "registry", asked=["tls"])


def test_ecr_public_is_a_registry(tool):
    """Without credentials and with: strangers are served, and AWS is not asked."""
    for key in (None, "full"):
        tool.expect(tool.public, "registry", asked=["public"], key=key)


REGISTRY_FAILS = {"server_error": "server-error", "throttle": "throttled", "cut": "unreachable", "html": "ambiguous",
                  "not_a_registry": "ambiguous", "deny": "no-credentials", "tls_untrusted": "tls"}


@pytest.mark.parametrize("fault", REGISTRY_FAILS)
def test_not_ecr_and_the_registry_fails(tool, fault):
    tool.lab.fault(fault, **({"host": "registry.lab.test"} if fault.startswith("tls_") else {"service": "tls"}))
    tool.expect(tool.other, "docker", [("registry", "unknown", REGISTRY_FAILS[fault])],
                asked=[] if fault.startswith("tls_") else ["tls"])


def test_not_ecr_and_the_registry_is_away(tool):
    tool.lab.dns_fault("registry.lab.test", "nxdomain")
    tool.expect(tool.other, "docker", [("registry", "unknown", "unreachable")])


# ---- ECR without credentials: the registry if a login is stored, else the daemon

def test_ecr_without_credentials(tool):
    """The daemon's word for what is there counts; that something is not there ECR tells nobody without a login."""
    assert tool.check(f"{tool.ecr}:v1") == 0
    assert tool.trail == [("ecr", "skipped", "no-credentials"), SKIPPED, ("docker", "present", "ok")]
    assert (tool.shown["digest"], tool.shown["source"]) == (DIGEST, "docker") and tool.lab.requests() == []
    assert [line for line in tool.notes if "falling back" in line] == [
        "ECR check failed, falling back to the registry: IMAGE (no-credentials)",
        "Registry check failed, falling back to Docker: IMAGE (no-credentials)"]
    assert tool.check(f"{tool.ecr}:v9") == 3
    assert tool.trail == [("ecr", "skipped", "no-credentials"), SKIPPED, ("docker", "unknown", "no-credentials")]


KEYS = {None: ("ecr", "skipped", "no-credentials"), "expired": ("ecr", "unknown", "expired-credentials"),
        "unknown": ("ecr", "unknown", "denied"), "wrong-secret": ("ecr", "unknown", "denied"), "nothing": ("ecr", "unknown", "denied")}


@pytest.mark.parametrize("key", KEYS)
def test_ecr_without_credentials_and_with_a_login(tool, key):
    """None at all, and those that ECR does not take."""
    tool.lab.docker_login(tool.home)
    tool.expect(tool.ecr, "registry", [KEYS[key]], asked=["api", "registry"] if key else ["registry"], key=key)


@pytest.mark.parametrize("key", KEYS)
def test_ecr_without_credentials_and_the_registry_away(tool, key):
    tool.lab.docker_login(tool.home)
    tool.expect(tool.ecr, "docker", [KEYS[key], ("registry", "unknown", "unreachable")], asked=["api"] if key else [], key=key,
                hosts=f"{tool.lab.refusing} {HOST}\n")


def test_ecr_without_credentials_and_with_a_login_that_is_over(tool):
    tool.lab.docker_login(tool.home)
    tool.lab.expire_tokens()
    tool.expect(tool.ecr, "docker", [("ecr", "skipped", "no-credentials"), ("registry", "unknown", "expired-credentials")],
                asked=["registry"])


# ---- ECR fails: the same

ECR_FAILS = {"server_error": "server-error", "throttle": "throttled", "cut": "unreachable", "html": "bad-reply",
             "truncate_json": "bad-reply", "not_a_registry": "bad-reply"}


@pytest.mark.parametrize("fault", ECR_FAILS)
def test_ecr_fails(tool, fault):
    """Without a login the daemon is given a token of ECR, if that can still be had."""
    tool.lab.fault(fault, operation="DescribeImages")
    tool.expect(tool.ecr, "docker", [("ecr", "unknown", ECR_FAILS[fault]), SKIPPED], asked=["api"], key="full")
    assert {r["operation"] for r in tool.lab.requests()} == {"DescribeImages", "GetAuthorizationToken"}


@pytest.mark.parametrize("fault", ECR_FAILS)
def test_ecr_fails_and_gives_no_token(tool, fault):
    """Nobody else can be asked in one's name: it is not known."""
    tool.lab.fault(fault, service="api")
    for tag in ("v1", "v9"):
        assert tool.check(f"{tool.ecr}:{tag}", "full") == (5 if ECR_FAILS[fault] == "bad-reply" else 4)
        assert [(source, reason) for source, _, reason in tool.trail] == [
            ("ecr", ECR_FAILS[fault]), ("registry", "no-credentials"), ("docker", ECR_FAILS[fault])]
        assert tool.shown["source"] == "ecr"
    assert not [r for r in tool.daemon.server.requests if "/distribution/" in r.target]


@pytest.mark.parametrize("away", [False, True], ids=["the registry", "the daemon"])
@pytest.mark.parametrize("fault", ECR_FAILS)
def test_ecr_fails_and_a_login_is_stored(tool, fault, away):
    tool.lab.docker_login(tool.home)
    tool.lab.fault(fault, service="api")
    first = ("ecr", "unknown", ECR_FAILS[fault])
    if away:
        tool.expect(tool.ecr, "docker", [first, ("registry", "unknown", "unreachable")], asked=["api"], key="full",
                    hosts=f"{tool.lab.refusing} {HOST}\n")
    else:
        tool.expect(tool.ecr, "registry", [first], asked=["api", "registry"], key="full")


@pytest.mark.parametrize("kind, parameters, reason", [
    ("nxdomain", {}, "unreachable"), ("addresses", {"addresses": ["198.18.0.98"]}, "unreachable"),
    ("addresses", {"addresses": ["198.19.0.97"]}, "unreachable"), (None, {}, "tls")], ids=["no name", "refused", "no route", "tls"])
def test_ecr_is_unreachable_and_a_login_is_stored(tool, kind, parameters, reason):
    tool.lab.docker_login(tool.home)
    if kind:
        tool.lab.dns_fault(tool.lab.api_host, kind, **parameters)
    else:
        tool.lab.fault("tls_untrusted", host=tool.lab.api_host)
    tool.expect(tool.ecr, "registry", [("ecr", "unknown", reason)], asked=["registry"], key="full")
    tool.expect(tool.ecr, "docker", [("ecr", "unknown", reason), ("registry", "unknown", "unreachable")], key="full",
                hosts=f"{tool.lab.refusing} {HOST}\n")


def test_all_of_them_fail(tool):
    """The first that answered decides, and the exit status is that of its reason."""
    tool.lab.docker_login(tool.home)
    tool.lab.fault("throttle", service="api")
    tool.lab.fault("server_error", service="registry")
    tool.daemon.spoiled = lambda question, genuine, request, peer, daemon: None
    assert tool.check(f"{tool.ecr}:v1", "full") == 4
    assert (tool.shown["reason"], tool.shown["source"]) == ("throttled", "ecr")
    assert tool.trail == [("ecr", "unknown", "throttled"), ("registry", "unknown", "server-error"),
                          ("docker", "unknown", "unreachable")]


# ---- ECR answers: its answer, and nothing else is asked

def test_ecr_answers(tool):
    tool.lab.docker_login(tool.home)
    tool.expect(tool.ecr, "ecr", asked=["api"], key="full")
    assert {q["name"] for q in tool.lab.dns_queries()} == {tool.lab.api_host}
    assert tool.lab.connections() == tool.lab.connections(service="api") != []


def test_ecr_answers_that_it_is_archived(tool):
    tool.lab.docker_login(tool.home)
    tool.lab.archive(f"{tool.ecr}:v1")
    assert tool.check(f"{tool.ecr}:v1", "full") == 6
    assert tool.trail == [("ecr", "unfit", "archived")]
    nothing_else_was_asked(tool)


def test_ecr_answers_that_there_is_no_repository(tool):
    tool.lab.docker_login(tool.home)
    assert tool.check(f"{HOST}/none:v1", "full") == 1
    assert tool.trail == [("ecr", "absent", "no-repository")]
    nothing_else_was_asked(tool)


def test_ecr_answers_that_a_cache_rule_covers_it(tool):
    """Whoever else asks would have it imported."""
    tool.lab.docker_login(tool.home)
    tool.lab.cache_rule("pub", "public.ecr.aws")
    assert tool.check(f"{HOST}/pub/team/app:v1", "full") == 5
    assert tool.trail == [("ecr", "unknown", "not-cached")]
    nothing_else_was_asked(tool)


def nothing_else_was_asked(tool):
    assert {r["service"] for r in tool.lab.requests()} == {"api"} and tool.daemon.server.requests == []


# ---- the same with the real daemon, and all kinds of images in one run

def test_with_the_real_daemon(lab, dockerd, tmp_path):
    """An image for each way to an answer; what each is asked for shows who was asked, and by whom."""
    images = {name: f"{host}/team/{name}:v1" for name, host in (
        ("by-api", HOST), ("by-registry", "registry.lab.test"), ("by-daemon", "bearer.lab.test"), ("by-strangers", "public.ecr.aws"))}
    digests = {}
    for name, image in images.items():
        if image.startswith(HOST):
            lab.create_repository(f"team/{name}")
        digests[name] = lab.push_image(image).digest
    lab.clear_log()
    result = lab.ecr("check", "--json", *images.values(), docker=True, home=tmp_path,
                     hosts=f"{lab.refusing} bearer.lab.test\n")  # the daemon reads the lab's DNS
    assert result.code == 0, result
    assert {s["image"].partition("team/")[2].partition(":")[0]: (s["source"], s["digest"]) for s in result.json} == {
        "by-api": ("ecr", digests["by-api"]), "by-registry": ("registry", digests["by-registry"]),
        "by-daemon": ("docker", digests["by-daemon"]), "by-strangers": ("registry", digests["by-strangers"])}
    by = {}
    for request in lab.requests():
        by.setdefault(request["headers"]["user-agent"].partition("/")[0], set()).add(request["service"])
    assert by == {"ecr": {"api", "tls", "public"}, "docker": {"bearer", "auth"}}
    shown, = [s for s in result.json if s["source"] == "docker"]
    assert shown["trail"][0]["reason"] == "unreachable"
