"""The law of the project: never a wrong answer.

Every fault at every layer, for every way of asking, with an image that is there and with one that is not. A run must say
what is true or `unknown` with the reason that fits, end with 0 to 6, keep its deadline, and print no secret. What came of
each cell is printed at the end of the run and written to build/law-matrix.txt.
"""

import concurrent.futures
import json
import os
import re
import socket

import pytest
import support_daemon as fake
from support_net import DIGEST, FAKE_KEY, OTHER_DIGEST, HttpServer, assert_no_secrets, described, reply, verdict

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SLOW = 2.0 if "asan" in os.environ.get("ECR_BIN", "") or "tsan" in os.environ.get("ECR_BIN", "") else 0.8
LONG, SHORT = 3.0, 0.7       # --timeout of runs that should not need it, and of those that must end by it

RIGHT = "right"              # the fault does no harm: the true verdict is demanded
SAFE = "safe"                # the true verdict, or unknown for whatever reason

EXITS = {"no-credentials": 3, "denied": 3, "expired-credentials": 3, "unreachable": 4, "timeout": 4, "throttled": 4,
         "server-error": 4, "upstream-error": 4, "not-cached": 5, "tls": 5, "bad-reply": 5, "ambiguous": 5,
         "unsupported": 5, "refused": 5}
CODES = {"present": 0, "absent": 1, "unfit": 6}

COLUMNS = ["describe", "batch", "archive", "rules", "token", "dockerd", "auto", "--via registry", "without AWS", "/distribution",
           "/images", "_ping (docker)", "_ping (local)"]
MATRIX = {}                  # (layer and fault, probe) -> {"there": word, "gone": word}


@pytest.fixture(scope="module", autouse=True)
def matrix(request):
    yield MATRIX
    lines = table()
    path = os.path.join(ROOT, "build", "law-matrix.txt")
    if not request.config.option.keyword and not any("::" in a for a in request.config.args):
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        for line in ["", *lines]:
            terminal.write_line(line)


def table():
    """A block for each layer (the first word of a fault's name), with the ways of asking that have to do with it."""
    lines = []
    for layer in dict.fromkeys(fault.split()[0] for fault, _ in MATRIX):
        cells = {key: " / ".join(words[which] for which in ("there", "gone") if which in words)
                 for key, words in MATRIX.items() if key[0].split()[0] == layer}
        probes, faults = sorted({p for _, p in cells}, key=COLUMNS.index), list(dict.fromkeys(f for f, _ in cells))
        widths = [max(len(text) for text in (p, *(cells[k] for k in cells if k[1] == p))) for p in probes]
        first = max(len(f) for f in faults)
        for name, row in [(layer, probes), *((f, [cells.get((f, p), "") for p in probes]) for f in faults)]:
            lines.append("  ".join([name.ljust(first), *(text.ljust(w) for text, w in zip(row, widths))]).rstrip())
        lines.append("")
    number, faults = sum(len(words) for words in MATRIX.values()), len({fault for fault, _ in MATRIX})
    return lines + [f"fault matrix: {number} cells ({faults} faults, {len({p for _, p in MATRIX})} ways of asking; "
                    "an image that is there / one that is not)"]


# ---- the judge

class Case:
    """One image of one cell: how to ask about it, and what is true of it."""

    def __init__(self, which, ref, truth, env, secrets, extra=(), hosts=None):
        self.which, self.ref, self.truth, self.env, self.secrets, self.extra = which, ref, truth, env, secrets, extra
        self.hosts = hosts


def judge(lab, fault, probe, case, expected, timeout, flags):
    result = lab.ecr("check", *case.extra, *flags, "--timeout", f"{int(timeout * 1000)}ms", "--max-attempts", "1", case.ref,
                     key=None, env=case.env, timeout=timeout + 10, hosts=case.hosts)
    state, reason, code = verdict(result)
    MATRIX.setdefault((fault, probe), {})[case.which] = state if state != "unknown" else reason
    assert_no_secrets(result, case.secrets)
    assert result.seconds < timeout + SLOW, f"it outlived its deadline of {timeout} s: {result!r}"
    assert code == (EXITS[reason] if state == "unknown" else CODES[state]), result
    wanted = expected if isinstance(expected, tuple) else (expected,)
    true = state in (case.truth if isinstance(case.truth, tuple) else (case.truth,)) if case.truth else False
    if state != "unknown":
        assert true, f"A WRONG ANSWER: {state} ({reason}), but the truth is {case.truth}: {result!r}"
        assert RIGHT in wanted or SAFE in wanted, f"a definite answer out of a reply that is none: {result!r}"
    elif SAFE not in wanted:
        assert RIGHT not in wanted or len(wanted) > 1 or case.truth == "unknown", f"it could have been found out: {result!r}"
        if case.truth != "unknown" or RIGHT not in wanted:
            assert reason in wanted, f"the reason should be {expected}: {result!r}"
    return result


def judge_all(lab, fault, probe, cases, expected, timeout=LONG):
    """Both images at the same time, with different ways of being told."""
    flags = [("-v",), ("--json", "-v")]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(judge, lab, fault, probe, case, expected_of(expected, case), timeout, flags[n % 2])
                for n, case in enumerate(cases)]
    for job in jobs:
        job.result()


def expected_of(expected, case):
    return expected[case.which] if isinstance(expected, dict) else expected


# ---- the world: repositories and keys, set up anew by each test (a few milliseconds)

def environment(lab, key, **more):
    env = {"AWS_ACCESS_KEY_ID": key["access_key_id"], "AWS_SECRET_ACCESS_KEY": key["secret_access_key"], **more}
    if key["session_token"]:
        env["AWS_SESSION_TOKEN"] = key["session_token"]
    return env, [key["secret_access_key"], *([key["session_token"]] if key["session_token"] else [])]


PULL = ["GetAuthorizationToken", "BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability"]


class World:
    def __init__(self, lab):
        self.lab = lab
        self.repository = lab.create_repository("team/app")
        lab.push_image(f"{self.repository}:v1")
        keys = lab.keys
        self.keys = [keys["full"], keys["session"]]
        self.pull_keys = [lab.new_key("pull-a", allow=PULL), lab.new_key("pull-b", allow=PULL, temporary=True, seconds=3600)]

    def cases(self, via, keys=None, refs=None, truths=("present", "absent"), **env):
        refs = refs or [f"{self.repository}:v1", f"{self.repository}:v9"]
        made = []
        for which, ref, truth, key in zip(("there", "gone"), refs, truths, keys or self.keys):
            case_env, secrets = environment(self.lab, key, **env)
            made.append(Case(which, ref, truth, case_env, secrets, ("--via", via)))
        return made

    def describe(self):
        return self.cases("ecr")

    def batch(self):
        return self.cases("ecr", self.pull_keys)

    def archive(self):
        # The listing is what finds an archived image; for a verdict of absence it must have succeeded.
        self.lab.push_image(f"{self.repository}:old")
        self.lab.archive(f"{self.repository}:old")
        return self.cases("ecr", refs=[f"{self.repository}:old", f"{self.repository}:v9"], truths=("unfit", "absent"))

    def rules(self):
        # A rule covers the first: it is not cached, and neither present nor absent.
        covered = self.lab.create_repository("pub/lab/app")
        self.lab.cache_rule("pub", "public.ecr.aws")
        return self.cases("ecr", refs=[f"{covered}:v1", f"{self.repository}:v9"], truths=("unknown", "absent"))

    def token(self):
        return self.cases("docker", DOCKER_HOST=f"unix://{self.lab.docker_sock}")


PROBES = {  # name of the way of asking: (operation that is spoiled, calls before that are not)
    "describe": ("DescribeImages", 0), "batch": ("BatchGetImage", 0), "archive": ("DescribeImages", 1),
    "rules": ("DescribePullThroughCacheRules", 0), "token": ("GetAuthorizationToken", 0)}


@pytest.fixture
def world(lab):
    return World(lab)


# ---- faults of the ECR API, by operation

BODY = "body"
API_FAULTS = {
    # the service's own words
    "code: ThrottlingException": ("throttle", {}, "throttled"),
    "code: TooManyRequestsException 429": ("refuse", {"code": "TooManyRequestsException", "status": 429}, "throttled"),
    "code: ThrottlingException 503": ("refuse", {"code": "ThrottlingException", "status": 503}, "throttled"),
    "code: AccessDeniedException": ("deny", {}, "denied"),
    "code: ExpiredTokenException": ("expire", {}, "expired-credentials"),
    "code: InvalidSignatureException": ("refuse", {"code": "InvalidSignatureException"}, "denied"),
    "code: UnrecognizedClientException": ("refuse", {"code": "UnrecognizedClientException"}, "denied"),
    "code: KmsException": ("refuse", {"code": "KmsException"}, "denied"),
    "code: LimitExceededException": ("refuse", {"code": "LimitExceededException"}, "refused"),
    "code: NeverHeardOfException": ("refuse", {"code": "NeverHeardOfException"}, "refused"),
    "code: UnknownOperationException": ("refuse", {"code": "UnknownOperationException"}, "unsupported"),
    "code: InvalidParameterException": ("refuse", {"code": "InvalidParameterException"}, "refused"),
    "code: ServerException 500": ("server_error", {}, "server-error"),
    "code: ServiceUnavailable 503": ("server_error", {"status": 503}, "server-error"),
    "code: ImageNotFoundException 500": ("refuse", {"code": "ImageNotFoundException", "status": 500}, "server-error"),
    "code: RepositoryNotFoundException 503": ("refuse", {"code": "RepositoryNotFoundException", "status": 503},
                                              "server-error"),
    "code: ImageNotFoundException 200": ("refuse", {"code": "ImageNotFoundException", "status": 200}, "bad-reply"),
    "code: not-a-code!": ("refuse", {"code": "Image Not Found!"}, ("bad-reply", "refused")),
    # something that stands in between
    "page: 200 HTML": ("html", {}, "bad-reply"),
    "page: 403 HTML": ("html", {"status": 403}, "denied"),
    "page: 404 HTML": ("not_a_registry", {}, "bad-reply"),
    "page: 407 HTML": ("html", {"status": 407}, "bad-reply"),
    "page: 429 HTML": ("html", {"status": 429}, "throttled"),
    "page: 502 HTML": ("server_error", {"status": 502, "html": True}, "server-error"),
    "page: 504 empty": ("empty", {"status": 504}, "server-error"),
    "page: 401 empty": ("empty", {"status": 401}, "denied"),
    "page: 200 empty": ("empty", {}, "bad-reply"),
    "page: 204 empty": ("empty", {"status": 204}, "bad-reply"),
    "page: 400 empty": ("empty", {"status": 400}, "bad-reply"),
    "page: 404 empty": ("empty", {"status": 404}, "bad-reply"),
    "page: 404 says ImageNotFoundException": (BODY, {"status": 404, "content_type": "text/html",
                                                     "text": "<h1>ImageNotFoundException</h1>"}, "bad-reply"),
    "page: 307 elsewhere": ("redirect", {"location": "https://website.lab.test/{path}"}, "bad-reply"),
    "page: 302 without Location": ("empty", {"status": 302}, "bad-reply"),
    # bodies
    "json: {}": (BODY, {"text": "{}"}, "bad-reply"),
    "json: []": ("other_shape", {}, "bad-reply"),
    "json: null": (BODY, {"text": "null"}, "bad-reply"),
    "json: a text": (BODY, {"text": '"present"'}, "bad-reply"),
    "json: members of another kind": (BODY, {"text": '{"imageDetails":{},"images":3,"failures":null,"authorizationData":"x",'
                                             '"pullThroughCacheRules":"none"}'}, "bad-reply"),
    "json: garbled": ("garble_json", {}, "bad-reply"),
    "json: half of it": ("truncate_json", {}, "bad-reply"),
    "json: all but the end": ("truncate_json", {"keep": 0.98}, "bad-reply"),
    "json: two of them": (BODY, {"text": '{"imageDetails":[]}{"imageDetails":[]}'}, "bad-reply"),
    "json: too deep": (BODY, {"text": '{"imageDetails":' + "[" * 5000 + "]" * 5000 + "}"}, "bad-reply"),
    "json: bytes of UTF-16": (BODY, {"text": "{\x00}\x00"}, "bad-reply"),
    "json: an error in a 200": (BODY, {"text": '{"__type":"ImageNotFoundException","message":"no"}'}, "bad-reply"),
    "json: under text/html": ("wrong_content_type", {}, SAFE),
    # HTTP
    "head: one line of 1 MiB": ("huge_header", {}, "bad-reply"),
    "head: 300 lines": ("huge_header", {"size": 10, "lines": 300}, "bad-reply"),
    "head: cut": ("cut_head", {}, "bad-reply"),
    "head: cut by RST": ("cut_head", {"rst": True}, ("bad-reply", "unreachable")),
    "head: no status": ("bad_status_line", {}, "bad-reply"),
    "head: HTTP/9.9": ("bad_status_line", {"line": "HTTP/9.9 200 OK"}, "bad-reply"),
    "head: raw bytes": ("raw", {"text": "\x00\x01\x02\r\n\r\n"}, "bad-reply"),
    "head: nothing, closed": ("cut", {}, "unreachable"),
    "head: nothing, RST": ("cut", {"rst": True}, "unreachable"),
    "head: 100 and 103 before": ("interim", {"status": 103, "times": 3}, RIGHT),
    "head: 1xx without end": ("interim", {"times": 50}, "bad-reply"),
    "head: 101": ("interim", {"status": 101}, "bad-reply"),
    "head: both framings": ("length_and_chunked", {}, "bad-reply"),
    "head: Content-Length -1": ("bad_length", {}, "bad-reply"),
    "head: two lengths": ("bad_length", {"value": ["5", "6"]}, "bad-reply"),
    "head: length 10^30": ("bad_length", {"value": "1" + "0" * 30}, "bad-reply"),
    "body: cut": ("cut_body", {}, "bad-reply"),
    "body: cut by RST": ("cut_body", {"rst": True}, ("bad-reply", "unreachable")),
    "body: cut after 0": ("cut_body", {"after": 0}, "bad-reply"),
    "body: until the end": ("no_length", {}, RIGHT),
    "body: until the end, cut": ("no_length", {"cut_after": 15}, "bad-reply"),
    "body: until the end, no close_notify": ("no_length", {"notify": False}, "bad-reply"),
    "body: whole, no close_notify": ("no_close_notify", {}, RIGHT),
    "body: HTTP/1.0": ("http10", {}, RIGHT),
    "body: chunks": ("chunked", {"trailer": True, "extension": True}, RIGHT),
    **{f"body: chunks, {kind}": ("bad_chunk", {"kind": kind}, "bad-reply")
       for kind in ("not_hex", "negative", "too_big", "no_crlf", "no_end")},
    "body: 34 MiB": ("huge_body", {"size": 34 << 20}, "bad-reply"),  # beyond the largest limit, 32 MiB
    "body: 34 MiB of chunks": ("huge_body", {"size": 34 << 20, "announce": False}, "bad-reply"),
    # time
    "time: late": ("delay", {"seconds": 0.3}, RIGHT),
    "time: body late": ("delay_body", {"seconds": 0.3, "after": 7}, RIGHT),
    "time: in small pieces": ("trickle", {"seconds": 0.0, "step": 13}, RIGHT),
    "time: never": ("stall", {}, "timeout"),
    "time: body never": ("stall_body", {}, "timeout"),
    "time: a byte now and then": ("trickle", {"seconds": 0.3}, "timeout"),
}

# Where a way of asking has good reason to end otherwise than the table says.
EXCEPTIONS = {
    # A key that may not describe asks in the other way, which is not spoiled here.
    ("describe", "code: AccessDeniedException"): RIGHT,
    # The rules are read "if allowed": what no known rule covers is absent, with a note; what a rule does cover is not known
    # to be covered then.
    ("rules", "code: AccessDeniedException"): SAFE,
    ("rules", "code: UnknownOperationException"): SAFE,
    # A service that does not know the filter has no archive.
    ("archive", "code: UnknownOperationException"): SAFE,
    ("archive", "code: InvalidParameterException"): SAFE,
}


def spoil(lab, probe, cases, name):
    fault, parameters, expected = API_FAULTS[name]
    operation, skip = PROBES[probe]
    for case in cases:
        lab.fault(fault, service="api", operation=operation, skip=skip, key=case.env["AWS_ACCESS_KEY_ID"], **parameters)
    return EXCEPTIONS.get((probe, name), expected)


@pytest.mark.parametrize("name", API_FAULTS)
@pytest.mark.parametrize("probe", ["describe", "batch", "archive", "rules"])
def test_api(lab, world, probe, name):
    cases = getattr(world, probe)()
    expected = spoil(lab, probe, cases, name)
    if expected == SAFE and "code:" in name:
        cases[0].truth = (cases[0].truth, "absent")  # as far as this service can tell
    judge_all(lab, f"api {name}", probe, cases, expected, SHORT if expected == "timeout" else LONG)
    assert all(f["hits"] for f in lab.faults()), "the fault was not met"


@pytest.mark.parametrize("name", API_FAULTS)
def test_api_token(lab, world, dockerd, name):
    """The daemon is asked for an image of ECR, and the token for it cannot be had: the token's reason is the reason."""
    cases = world.token()
    expected = spoil(lab, "token", cases, name)
    judge_all(lab, f"api {name}", "token", cases, expected, SHORT if expected == "timeout" else LONG)
    assert all(f["hits"] for f in lab.faults()), "the fault was not met"


# ---- replies that are proper but about something else

OTHERS = {
    "another tag": described("v2", "v99"),
    "another repository": described("v1", "v9", repository="team/other"),
    "no tags": {"imageDetails": [{"registryId": "123456789012", "repositoryName": "team/app", "imageDigest": DIGEST}]},
    "no digest": {"imageDetails": [{"repositoryName": "team/app", "imageTags": ["v1", "v9"]}]},
    "a digest of another kind": described("v1", "v9", digest=7),
    "a digest that is none": described("v1", "v9", digest="sha256:xyz"),
    "nothing": {"imageDetails": []},
    "a status from the future": described("v1", "v9", imageStatus="EVAPORATED"),
    "images of another tag": {"images": [{"imageId": {"imageTag": "v2", "imageDigest": DIGEST}, "imageManifest": "{}"}],
                              "failures": []},
    "images and no manifest": {"images": [{"imageId": {"imageTag": "v1", "imageDigest": DIGEST}}], "failures": []},
    "failures of another tag": {"images": [], "failures": [{"imageId": {"imageTag": "v7"}, "failureCode": "ImageNotFound"}]},
    "failures from the future": {"images": [], "failures": [{"imageId": {"imageTag": t}, "failureCode": "Evaporated"}
                                                            for t in ("v1", "v9")]},
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("probe", ["describe", "batch"])
def test_api_answers_something_else(lab, world, probe, name):
    cases = getattr(world, probe)()
    for case in cases:
        lab.fault("body", service="api", operation=PROBES[probe][0], key=case.env["AWS_ACCESS_KEY_ID"],
                  text=json.dumps(OTHERS[name]))
    expected = {"a status from the future": "unsupported", "failures from the future": "refused"}.get(name, "bad-reply")
    if (probe, name) in (("batch", "a status from the future"), ("describe", "failures from the future")):
        expected = "bad-reply"
    judge_all(lab, f"reply {name}", probe, cases, expected)


# ---- names, connections and TLS, for whatever is asked at that host

NET_FAULTS = {
    "name: nxdomain": ("dns", "nxdomain", {}, "unreachable"),
    "name: servfail": ("dns", "servfail", {}, ("unreachable", "timeout")),
    "name: refused": ("dns", "refused", {}, ("unreachable", "timeout")),
    "name: no address": ("dns", "empty", {}, "unreachable"),
    "name: no answer": ("dns", "drop", {}, "timeout"),
    "name: garbage": ("dns", "garbage", {}, ("unreachable", "timeout")),
    "name: a short message": ("dns", "short", {}, ("unreachable", "timeout", RIGHT)),
    "name: another question": ("dns", "wrong_question", {}, SAFE),
    "name: another id": ("dns", "wrong_id", {}, ("unreachable", "timeout")),
    "name: a circle": ("dns", "cname_loop", {}, ("unreachable", "timeout")),
    "name: truncated": ("dns", "truncated", {}, RIGHT),
    "name: AAAA not answered": ("dns", "drop", {"type": "AAAA"}, RIGHT),
    "connect: refused": ("dns", "addresses", {"addresses": ["198.18.0.98", "fd00:18::98"]}, "unreachable"),
    "connect: black hole": ("dns", "bogus", {}, "timeout"),
    "connect: no route": ("dns", "addresses", {"addresses": ["198.19.0.97"]}, "unreachable"),
    **{f"tls: {name}": ("rule", f"tls_{name}", {}, "tls") for name in (
        "wrong_host", "expired", "future", "self_signed", "untrusted", "no_intermediate", "tls13", "plain", "garbage",
        "alert")},
    "tls: closed": ("rule", "tls_close", {}, "unreachable"),
    "tls: RST": ("rule", "tls_close", {"rst": True}, "unreachable"),
    "tls: never": ("rule", "tls_stall", {}, "timeout"),
    "tls: ec": ("rule", "tls_ec", {}, RIGHT),
}


def spoil_host(lab, host, name):
    kind, fault, parameters, _ = NET_FAULTS[name]
    if kind == "dns":
        lab.dns_fault(host, fault, **parameters)
    else:
        lab.fault(fault, host=host, **parameters)


def may_wait(expected):
    return "timeout" in (expected if isinstance(expected, tuple) else (expected,))


@pytest.mark.parametrize("name", NET_FAULTS)
def test_network_of_the_api(lab, world, dockerd, name):
    """All ways that ask the API at once: they share the fault."""
    expected = NET_FAULTS[name][3]
    asked = {"describe": world.describe(), "batch": world.batch(), "token": world.token()}
    spoil_host(lab, lab.api_host, name)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(judge_all, lab, name, probe, cases, expected, SHORT if may_wait(expected) else LONG)
                for probe, cases in asked.items()]
    for job in jobs:
        job.result()


# ---- the real daemon, with faults between it and the registry

def dockerd_cases(lab, world, tmp_path):
    """The daemon logs in with a stored password of ECR, so that the API has no part in it."""
    password = lab.password()
    folder = tmp_path / "home"
    lab.docker_login(folder, password=password)
    cases = world.cases("docker", DOCKER_HOST=f"unix://{lab.docker_sock}", HOME=str(folder))
    for case in cases:
        case.secrets.append(password)
    return cases


# The daemon hands on little of what it met, and says 500 of most. What counts is that nothing of it becomes a verdict.
DAEMON_FAULTS = {**{f"registry {name}": ("rule", fault, parameters) for name, (fault, parameters, _) in API_FAULTS.items()
                    if not name.startswith("time: a byte")},
                 "registry page: 404 of an unknown manifest as HTML": ("rule", "html", {"status": 404, "text": "manifest unknown"}),
                 "registry json: 404 {}": ("rule", "body", {"status": 404, "text": "{}"}),
                 "registry json: 404 errors []": ("rule", "body", {"status": 404, "text": '{"errors":[]}'}),
                 **{name: (kind, fault, parameters) for name, (kind, fault, parameters, _) in NET_FAULTS.items()}}
DAEMON_EXPECTED = {"registry code: ThrottlingException": "throttled", "registry code: AccessDeniedException": "denied",
                   "registry time: never": "timeout", "registry time: body never": SAFE, "tls: never": "timeout",
                   "connect: black hole": "timeout", "name: no answer": "timeout"}


@pytest.mark.parametrize("name", DAEMON_FAULTS)
def test_dockerd(lab, world, dockerd, tmp_path, name):
    cases = dockerd_cases(lab, world, tmp_path)
    kind, fault, parameters = DAEMON_FAULTS[name]
    if kind == "dns":
        lab.dns_fault(lab.host, fault, **parameters)
    elif fault.startswith("tls_"):
        lab.fault(fault, host=lab.host, **parameters)
    else:
        lab.fault(fault, service="registry", **parameters)
    expected = DAEMON_EXPECTED.get(name, SAFE)
    judge_all(lab, name, "dockerd", cases, expected, SHORT if kind == "dns" or "never" in name else LONG)


@pytest.mark.parametrize("operation", ["HeadManifest", "GetManifest"])
@pytest.mark.parametrize("name", ["page: 404 HTML", "page: 404 empty", "json: garbled", "body: cut", "code: ServerException 500"])
def test_dockerd_within_its_questions(lab, world, dockerd, tmp_path, operation, name):
    cases = dockerd_cases(lab, world, tmp_path)
    fault, parameters, _ = API_FAULTS[name]
    lab.fault(fault, service="registry", operation=operation, **parameters)
    judge_all(lab, f"registry {operation} {name}", "dockerd", cases, SAFE)


# ---- the chain as it is run without --via: whatever breaks in front, the answer stays true

CHAIN = ["code: ThrottlingException", "code: ServerException 500", "page: 200 HTML", "page: 404 HTML", "json: garbled",
         "body: cut", "head: nothing, RST", "code: ExpiredTokenException", "code: NeverHeardOfException", "json: {}"]


@pytest.mark.parametrize("name", CHAIN)
@pytest.mark.parametrize("behind", ["registry well", "daemon well", "all spoiled"])
def test_chain(lab, world, dockerd, tmp_path, name, behind):
    cases = dockerd_cases(lab, world, tmp_path)
    fault, parameters, expected = API_FAULTS[name]
    lab.fault(fault, service="api", **parameters)
    if behind == "all spoiled":
        lab.fault("not_a_registry", service="registry")
    for case in cases:
        case.extra = ("--via", "auto")
        case.hosts = f"{lab.refusing} {lab.host}\n" if behind == "daemon well" else None
    # Of those that know nothing the first that has answered decides, and a connection that ended is no answer.
    unknown = "ambiguous" if name in ("body: cut", "head: nothing, RST") else expected
    judge_all(lab, f"chain {name}, {behind}", "auto", cases, unknown if behind == "all spoiled" else RIGHT)


# ---- registries: all kinds of them share a fault, and one run asks them all

USER, PASSWORD = "user", "password"
HOSTS = {"registry": "123456789012.dkr.ecr.us-east-1.amazonaws.com", "tls": "registry.lab.test", "basic": "basic.lab.test",
         "bearer": "bearer.lab.test", "hub": "docker.io", "public": "public.ecr.aws"}
TOKENS = {"bearer": "auth", "hub": "hub-auth", "public": "public"}   # registry: its token service
ADDRESSED = {**HOSTS, "hub": "registry-1.docker.io"}
WAYS = ["--via registry", "without AWS"]

# HEAD is not answered for tags that begin with g; what begins with v is spoiled for both methods.
GET = "/manifests/g"
TAGS = ("v1", "v9", "g1", "g9")


class Registries:
    """Six registries that hold v1 and g1 of one repository each, and a login for those that want one."""

    def __init__(self, lab, folder):
        lab.reset()
        self.lab, self.home = lab, str(folder)
        lab.create_repository("lab/app")
        for host in HOSTS.values():
            lab.push_tags(f"{host}/lab/app", ["v1", "g1"], content=host)
        self.password = lab.password()
        lab.docker_login(folder, password=self.password)
        lab.docker_login(folder, host=HOSTS["basic"], user=USER, password=PASSWORD)
        self.full, self.secrets = environment(lab, lab.keys["full"])

    def challenge(self, shown=False):
        """Requests without a login are answered with the challenge; it shows nothing else of who answers, unless `shown`."""
        for service in [s for s in HOSTS if s != "tls"]:
            if shown:
                self.lab.fault("delay", service=service, path="/manifests/", key="", seconds=0)
            else:
                self.lab.fault("set_header", service=service, path="/manifests/", key="", name="Docker-Distribution-Api-Version")

    def ask(self, fault, services, expected, timeout=None, tags=TAGS):
        """Both ways at the same time. `expected` as for judge(), or {tag: of it, "others": of it}."""
        timeout = timeout or (SHORT if may_wait(expected) else LONG)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for job in [pool.submit(self.ask_one_way, fault, way, services, expected, timeout, tags) for way in WAYS]:
                job.result()

    def ask_one_way(self, fault, way, services, expected, timeout, tags):
        images = {f"{HOSTS[s]}/lab/app:{tag}": tag for s in services for tag in tags}
        via = ["--via", "registry"] if way == WAYS[0] else []
        result = self.lab.ecr("check", *via, "--json", "--max-attempts", "1", "--timeout", f"{int(timeout * 1000)}ms", *images,
                              key=None, env=self.full if via else {}, home=self.home, timeout=timeout + 10)
        assert_no_secrets(result, [*self.secrets, self.password])
        assert not re.search(r"Bearer [A-Za-z0-9_-]{40}", result.stdout + result.stderr), result
        assert result.seconds < timeout + SLOW, f"it outlived its deadline of {timeout} s: {result!r}"
        assert [shown["image"] for shown in result.json] == list(images)
        words = {"there": set(), "gone": set()}
        for shown in result.json:
            tag = images[shown["image"]]
            wanted = expected.get(tag, expected["others"]) if isinstance(expected, dict) else expected
            state, reason = self.judge(shown, "present" if tag.endswith("1") else "absent", wanted)
            words["there" if tag.endswith("1") else "gone"].add(state if state != "unknown" else reason)
        MATRIX[fault, way] = {which: "|".join(sorted(said)) for which, said in words.items()}
        statuses = {EXITS[s["reason"]] if s["state"] == "unknown" else CODES[s["state"]] for s in result.json}
        assert result.code == next(s for s in (5, 4, 3, 6, 1, 0) if s in statuses), result

    @staticmethod
    def judge(shown, truth, expected):
        state, reason = shown["state"], shown["reason"]
        wanted = set(expected if isinstance(expected, tuple) else (expected,))
        if state != "unknown":
            assert state == truth, f"A WRONG ANSWER: {state} ({reason}), but the truth is {truth}: {shown}"
            assert wanted & {RIGHT, SAFE}, f"a definite answer out of a reply that is none: {shown}"
        elif SAFE not in wanted:
            assert wanted != {RIGHT}, f"it could have been found out: {shown}"
            assert reason in wanted, f"the reason should be one of {wanted}: {shown}"
        return state, reason


@pytest.fixture(scope="class")
def registries(the_lab, tmp_path_factory):
    return Registries(the_lab, tmp_path_factory.mktemp("registries"))


STRANGER = ("denied", "no-credentials")       # with a login, and without
BY_HEAD = {"g1": "bad-reply", "others": RIGHT}  # a head says all of what is there, and that a registry says 404
WHOLE = {"v1": RIGHT, "others": "bad-reply"}  # the same, but the reason of the 404 is in a body that is spoiled

# Where a registry is judged otherwise than the API.
REGISTRY_EXPECTED = {
    "code: AccessDeniedException": STRANGER, "page: 403 HTML": STRANGER, "page: 401 empty": STRANGER,
    **{f"code: {code}": "refused" for code in ("InvalidSignatureException", "UnrecognizedClientException", "KmsException",
                                               "UnknownOperationException", "not-a-code!")},
    "code: ThrottlingException 503": "server-error", "page: 407 HTML": "refused", "page: 400 empty": "refused",
    **{name: "ambiguous" for name in (
        "code: ImageNotFoundException 200", "page: 200 HTML", "page: 404 HTML", "page: 200 empty", "page: 404 empty",
        "page: 404 says ImageNotFoundException", "page: 307 elsewhere", "json: {}", "json: null", "json: a text",
        "json: members of another kind", "json: two of them", "json: too deep", "json: bytes of UTF-16", "json: an error in a 200")},
    "json: []": BY_HEAD, **{name: WHOLE for name in ("json: garbled", "json: half of it", "json: all but the end")},
    "json: under text/html": RIGHT, "head: cut by RST": ("bad-reply", "unreachable"),
    **{name: WHOLE for name in API_FAULTS if API_FAULTS[name][2] != RIGHT and name.startswith("body: ")},
    "body: cut by RST": {"v1": RIGHT, "others": ("bad-reply", "unreachable")},
    "time: body never": {"v1": (RIGHT, "timeout"), "others": "timeout"},
}
TOKENS_EXPECTED = {
    **{f"code: {code}": "no-credentials" for code in ("AccessDeniedException", "ExpiredTokenException")},
    **{f"code: {code}": "refused" for code in ("InvalidSignatureException", "UnrecognizedClientException", "KmsException",
                                               "UnknownOperationException", "not-a-code!")},
    "code: ThrottlingException 503": "server-error", "json: under text/html": RIGHT, "page: 403 HTML": "no-credentials",
    "page: 401 empty": "no-credentials",
    **{f"page: {page}": "refused" for page in ("404 HTML", "407 HTML", "204 empty", "400 empty", "404 empty",
                                               "404 says ImageNotFoundException", "307 elsewhere")},
    "page: 302 without Location": ("bad-reply", "refused"),
}
REDIRECTS = {  # name: (where to, what comes of it); no login goes with a redirect, nor with a token service's to elsewhere
    "in a circle": ("{path}", ("bad-reply", *STRANGER)),
    "without TLS": ("http://registry.lab.test{path}", "refused"),
    "to the metadata service": ("https://metadata.lab.test{path}", "refused"),
    "to this machine": ("https://loopback.lab.test{path}", "refused"),
    "to who wants a login": ("https://basic.lab.test{path}", STRANGER),
    "to nobody": ("https://nobody.lab.test{path}", "unreachable"),
    "to a closed port": ("https://refusing.lab.test{path}", "unreachable"),
    "with a password": ("https://user:pa55word@website.lab.test{path}", "ambiguous"),
    "to no URL": ("https://[::/", "bad-reply"),
    "to another scheme": ("ftp://registry.lab.test{path}", "bad-reply"),
    "far": ("https://website.lab.test/" + "a" * 70000, "bad-reply"),
}


class TestRegistries:
    """The lab is set up once for all of them: each ends its own faults."""

    @pytest.fixture(autouse=True)
    def well(self, registries):
        registries.lab.clear()
        yield
        registries.lab.clear()

    @staticmethod
    def spoil(registries, fault, parameters):
        for service in HOSTS:
            registries.lab.fault("empty", service=service, operation="HeadManifest", path=GET, status=405)
            registries.lab.fault(fault, service=service, path="/manifests/", **parameters)

    @staticmethod
    def all_met(registries, fault, number):
        met = [f for f in registries.lab.faults() if f["name"] == fault and f["hits"]]
        assert len(met) >= number, f"the fault was not met by all: {registries.lab.faults()}"

    def test_well(self, registries):
        registries.ask("registry well", HOSTS, RIGHT)

    @pytest.mark.parametrize("name", API_FAULTS)
    def test_fault(self, registries, name):
        fault, parameters, expected = API_FAULTS[name]
        registries.challenge()
        self.spoil(registries, fault, parameters)
        registries.ask(f"registry {name}", HOSTS, REGISTRY_EXPECTED.get(name, expected),
                       SHORT if expected == "timeout" else LONG)
        self.all_met(registries, fault, len(HOSTS))

    @pytest.mark.parametrize("name", ["page: 404 HTML", "page: 404 says ImageNotFoundException", "page: 307 elsewhere",
                                      "page: 200 HTML", "page: 200 empty"])
    def test_fault_behind_a_genuine_challenge(self, registries, name):
        """A registry has shown itself, and then something else answers in its place."""
        fault, parameters, _ = API_FAULTS[name]
        registries.challenge(shown=True)
        self.spoil(registries, fault, parameters)
        registries.ask(f"registry shown, {name}", HOSTS, "ambiguous")
        self.all_met(registries, fault, len(HOSTS))

    @pytest.mark.parametrize("name", API_FAULTS)
    def test_token_service(self, registries, name):
        fault, parameters, expected = API_FAULTS[name]
        for service in TOKENS.values():
            registries.lab.fault(fault, service=service, operation="Token", **parameters)
        registries.ask(f"tokens {name}", TOKENS, TOKENS_EXPECTED.get(name, expected), tags=("v1", "v9"))
        self.all_met(registries, fault, len(TOKENS))

    @pytest.mark.parametrize("name", REDIRECTS)
    @pytest.mark.parametrize("what", ["registry", "tokens"])
    def test_redirect(self, registries, what, name):
        location, expected = REDIRECTS[name]
        if what == "registry":
            registries.challenge()
            self.spoil(registries, "redirect", {"location": location})
            registries.ask(f"{what} redirect {name}", HOSTS, expected)
            self.all_met(registries, "redirect", len(HOSTS))
            return
        for service in TOKENS.values():
            registries.lab.fault("redirect", service=service, operation="Token", location=location)
        # A question with a login for a token is not taken elsewhere at all.
        wanted = (expected,) if isinstance(expected, str) else expected
        registries.ask(f"{what} redirect {name}", TOKENS, (*wanted, "refused"), tags=("v1", "v9"))
        self.all_met(registries, "redirect", len(TOKENS))

    @pytest.mark.parametrize("name", NET_FAULTS)
    @pytest.mark.parametrize("what", ["registry", "tokens"])
    def test_network(self, registries, what, name):
        for host in ADDRESSED.values() if what == "registry" else ("auth.lab.test", "auth.docker.io"):
            spoil_host(registries.lab, host, name)
        registries.ask(f"{what} {name}", HOSTS if what == "registry" else ("bearer", "hub"), NET_FAULTS[name][3],
                       tags=("v1", "v9"))


# ---- a daemon that answers anything

def instead(data):
    return lambda genuine, request, peer, daemon: data


def endless(data):
    """Sends it and keeps the connection open: no end of a reply is to be waited for that never began."""
    def act(genuine, request, peer, daemon):
        peer.send(data)
        daemon.hang()
    return act


def cut_to(length):
    def act(genuine, request, peer, daemon):
        peer.send(genuine[:length])
    return act


def hang_after(length):
    def act(genuine, request, peer, daemon):
        peer.send(genuine[:length])
        daemon.hang()
    return act


def drip(genuine, request, peer, daemon):
    for at in range(len(genuine)):
        peer.send(genuine[at:at + 1])
        if daemon.released.wait(0.3):
            break


def echo(status):
    """The daemon quotes what it was sent, secrets and all."""
    def act(genuine, request, peer, daemon):
        return fake.message(request.head.decode("latin-1"), status)
    return act


def with_body(change):
    return lambda genuine, request, peer, daemon: reply(change(genuine.partition(b"\r\n\r\n")[2]),
                                                        content_type="application/json")


def huge(genuine, request, peer, daemon):
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        peer.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


def huge_head(genuine, request, peer, daemon):
    peer.send(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"a" * (1 << 20) + b"\r\n\r\n")


HTML = reply("<html>404 page not found</html>", 404, content_type="text/html")
BROKEN = {  # for every kind of question: (what is sent, expected)
    "200 HTML": (instead(reply("<html>log in</html>", content_type="text/html")), "bad-reply"),
    "404 HTML": (instead(HTML), ("bad-reply", "ambiguous")),
    "404 empty": (instead(reply(b"", 404)), ("bad-reply", "ambiguous")),
    "404 page not found": (instead(fake.message("page not found", 404)), ("ambiguous", "bad-reply", "unsupported")),
    "500 message": (instead(fake.message("driver failed", 500)), "server-error"),
    "500 HTML": (instead(reply("<html>", 500, content_type="text/html")), ("server-error", "bad-reply")),
    "503 empty": (instead(reply(b"", 503)), ("server-error", "bad-reply")),
    "403 message": (instead(fake.message("authorization plugin denied", 403)), ("denied", "no-credentials")),
    "429 message": (instead(fake.message("toomanyrequests", 429)), "throttled"),
    "400 message": (instead(fake.message("client version 1.20 is too old", 400)), ("refused", "unsupported", "bad-reply")),
    "301": (instead(reply(b"", 301, [("Location", "/elsewhere")])), "bad-reply"),
    "204": (instead(b"HTTP/1.1 204 No Content\r\n\r\n"), "bad-reply"),
    "garbage": (endless(b"\x00\xff" * 500), "bad-reply"),
    "TLS alert": (endless(b"\x15\x03\x03\x00\x02\x02\x28"), "bad-reply"),
    "closed": (cut_to(0), "unreachable"),
    "head cut": (cut_to(20), "bad-reply"),
    "hang": (hang_after(0), "timeout"),
    "hang in the head": (hang_after(30), "timeout"),
    "drip": (drip, "timeout"),
    "huge head": (huge_head, "bad-reply"),
    "echo 500": (echo(500), "server-error"),
    "echo 403": (echo(403), ("denied", "no-credentials")),
}
IMAGE = {  # for the question about the image alone
    "body cut": (cut_to(-20), "bad-reply"),
    "hang in the body": (hang_after(-20), "timeout"),
    "huge": (huge, "bad-reply"),
    "json {}": (with_body(lambda b: b"{}"), "bad-reply"),
    "json []": (with_body(lambda b: b"[]"), "bad-reply"),
    "json garbled": (with_body(lambda b: b[:-3] + b"}"), "bad-reply"),
    "json half": (with_body(lambda b: b[:len(b) // 2]), "bad-reply"),
    "no Descriptor, no Id": (with_body(lambda b: b'{"Platforms":[],"RepoDigests":[]}'), "bad-reply"),
    "a digest that is none": (with_body(lambda b: b'{"Descriptor":{"digest":"sha256:12"},"Id":7}'), "bad-reply"),
    "404 no such image": (instead(fake.message("no such image", 404)), {"distribution": "ambiguous", "local": "definite"}),
    "404 manifest unknown": (instead(fake.message("manifest unknown: manifest unknown", 404)),
                             {"distribution": "definite", "local": SAFE}),
    "404 message of another kind": (instead(reply({"message": 404}, 404)), ("bad-reply", "ambiguous")),
    "200 manifest unknown": (with_body(lambda b: b'{"message":"manifest unknown: manifest unknown"}'), "bad-reply"),
    "500 manifest unknown": (instead(fake.message("manifest unknown: manifest unknown", 500)), "server-error"),
    "401 message": (instead(fake.message("unauthorized", 401)), ("denied", "no-credentials")),
    "echo 404": (echo(404), "ambiguous"),
    "echo 200": (echo(200), "bad-reply"),
}
PING = {  # for the ping alone
    "no Api-Version": (instead(fake.ping(None)), "bad-reply"),
    "Api-Version nonsense": (instead(fake.ping("../../x")), "bad-reply"),
    "Api-Version empty": (instead(fake.ping("")), "bad-reply"),
    "old Api-Version 1.30": (instead(fake.ping("1.30")), RIGHT),
    "new Api-Version 1.99": (instead(fake.ping("1.99")), RIGHT),
}
DAEMON_CELLS = ([("ping", via, name, *BROKEN[name]) for via in ("docker", "local") for name in BROKEN] +
                [("ping", via, name, *PING[name]) for via in ("docker", "local") for name in PING] +
                [("image", via, name, *{**BROKEN, **IMAGE}[name]) for via in ("docker", "local") for name in {**BROKEN, **IMAGE}])


@pytest.mark.parametrize("kind, via, name, act, expected", DAEMON_CELLS, ids=[f"{k}-{v}-{n}" for k, v, n, *_ in DAEMON_CELLS])
def test_fake_daemon(lab, tmp_path, kind, via, name, act, expected):
    probe = {"ping": f"_ping ({via})", "image": "/distribution" if via == "docker" else "/images"}[kind]
    password = "Zm9yLXRoZS1yZWdpc3RyeQ-pass-of-the-daemon"
    lab.docker_login(tmp_path, host="registry.lab.test", user="lab-user", password=password)
    if isinstance(expected, dict):
        expected = expected["distribution" if via == "docker" else "local"]
    truths = ("present", "absent")
    if expected == "definite":  # what the daemon says there is the registry's own word: believed of both
        expected, truths = RIGHT, ("absent", "absent")
    if name == "404 manifest unknown" and via == "local":
        truths = ("absent", "absent")
    if kind == "ping" and name == "500 message":
        expected = ("server-error", "bad-reply")

    def spoiled(question, genuine, request, peer, daemon):
        return act(genuine, request, peer, daemon) if question == kind else genuine

    with fake.Daemon(str(tmp_path / "d.sock"), spoiled) as daemon:
        env = {"DOCKER_HOST": daemon.host, "HOME": str(tmp_path)}
        cases = [Case(which, f"registry.lab.test/team/app:{tag}", truth, env, [password], ("--via", via))
                 for which, tag, truth in zip(("there", "gone"), ("v1", "v9"), truths)]
        if kind == "ping" and expected != RIGHT:
            expected = (expected,) if isinstance(expected, str) else expected
            # A ping that fails in whatever way the daemon's kind of answer is not told by: bad-reply will do.
            expected = (*expected, "bad-reply") if not set(expected) & {"timeout", "unreachable"} else expected
        judge_all(lab, f"daemon {name}", probe, cases, expected, SHORT if expected in ("timeout", ("timeout",)) else LONG)


@pytest.mark.parametrize("via", ["docker", "local"])
def test_fake_daemon_when_all_is_well(lab, tmp_path, via):
    """The control of the cells above: the fake daemon itself is no fault."""
    with fake.Daemon(str(tmp_path / "d.sock")) as daemon:
        env = {"DOCKER_HOST": daemon.host}
        cases = [Case(w, f"registry.lab.test/team/app:{t}", truth, env, [], ("--via", via))
                 for w, t, truth in (("there", "v1", "present"), ("gone", "v9", "absent"))]
        judge_all(lab, "daemon well", "/distribution" if via == "docker" else "/images", cases, RIGHT)


@pytest.mark.parametrize("via", ["docker", "local"])
def test_fake_daemon_describes_another_digest(lab, tmp_path, via):
    """Asked for one digest it describes another: that says nothing of the one."""
    def spoiled(question, genuine, request, peer, daemon):
        if question == "ping":
            return genuine
        return fake.distribution(OTHER_DIGEST) if via == "docker" else fake.inspected("registry.lab.test/team/app", OTHER_DIGEST)
    with fake.Daemon(str(tmp_path / "d.sock"), spoiled) as daemon:
        case = Case("there", f"registry.lab.test/team/app@{DIGEST}", None, {"DOCKER_HOST": daemon.host}, [], ("--via", via))
        judge_all(lab, "daemon another digest", "/distribution" if via == "docker" else "/images", [case], "bad-reply")


def test_no_daemon(lab, tmp_path):
    """Nothing at the socket's path, a file that is none, and one that nobody listens on."""
    plain = tmp_path / "file"
    plain.write_text("")
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(dead))
    for number, path in enumerate((tmp_path / "none.sock", plain, dead)):
        for via, probe in (("docker", "/distribution"), ("local", "/images")):
            cases = [Case(w, f"registry.lab.test/team/app:{t}", None, {"DOCKER_HOST": f"unix://{path}"}, [], ("--via", via))
                     for w, t in (("there", "v1"), ("gone", "v9"))]
            judge_all(lab, f"daemon socket {('missing', 'a file', 'dead')[number]}", probe, cases, "unreachable")


# ---- secrets

@pytest.mark.parametrize("status, code", [(400, "IncompleteSignatureException"), (403, "InvalidSignatureException"),
                                          (400, "ThrottlingException"), (500, "InternalFailure"), (400, "ImageNotFoundException"),
                                          (400, "AccessDeniedException"), (400, "ValidationException")])
def test_a_service_that_quotes_the_request(lab, status, code):
    """Services do quote Authorization headers in their refusals, and proxies quote everything."""
    token = "FwoGZXIvYXdzEBYaD-session-token-of-the-test//////////" + "x" * 60

    def answer(request, peer):
        return reply({"__type": code, "message": f"refused: {request.head.decode('latin-1')}"}, status)
    with HttpServer(answer) as server:
        env = {**FAKE_KEY, "AWS_SESSION_TOKEN": token}
        secrets = [FAKE_KEY["AWS_SECRET_ACCESS_KEY"], token]
        case = Case("there", f"{lab.host}/team/app:v1", None, env, secrets, ("--via", "ecr", "--endpoint-url", server.url))
        for flags in (["-v"], ["--json", "-v"]):
            result = lab.ecr("check", *case.extra, *flags, "--max-attempts", "1", "--timeout", "3s", case.ref, key=None, env=env)
            assert server.requests, result
            assert_no_secrets(result, secrets)


def test_matrix_is_large(request):
    """The suite cannot shrink unnoticed."""
    if request.config.option.keyword or len(MATRIX) < 100:
        pytest.skip("only a part of the matrix was asked for")
    assert sum(len(words) for words in MATRIX.values()) >= 2000
    assert {probe for _, probe in MATRIX} == set(COLUMNS)
