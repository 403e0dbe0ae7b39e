"""Attempts: what is tried again, how often, after which wait, and what is not."""

import concurrent.futures
import json

import pytest
from support_net import (ECR, FAKE_KEY, REF, answers, ask, assert_verdict, aws_error, described, file_of, in_turn, missing,
                         reply, scripted, verdict)

PRESENT = reply(described())


def attempts(lab):
    return len(lab.requests(service="api"))


# ---- what is tried again

def cut(request, peer):
    return None


def reset(request, peer):
    peer.reset()


def half(request, peer):
    peer.send(PRESENT[:-5])


TRANSIENT = {
    "ThrottlingException": (aws_error("ThrottlingException"), "throttled"),
    "TooManyRequestsException": (aws_error("TooManyRequestsException"), "throttled"),
    "RequestLimitExceeded": (aws_error("RequestLimitExceeded", 503), "throttled"),
    "status 429": (reply(b"", 429), "throttled"),
    "status 500": (aws_error("ServerException", 500), "server-error"),
    "status 500 without a body": (reply(b"", 500), "server-error"),
    "status 502 as HTML": (reply("<html>", 502, content_type="text/html"), "server-error"),
    "status 503": (aws_error("ServiceUnavailable", 503), "server-error"),
    "status 504": (reply(b"", 504), "server-error"),
    "RequestTimeout": (aws_error("RequestTimeout", 400), "server-error"),
    "closed": (cut, "unreachable"),
    "reset": (reset, "unreachable"),
    "cut body": (half, "bad-reply"),
}
FINAL = {
    "AccessDeniedException": ("denied", 3), "UnrecognizedClientException": ("denied", 3),
    "ExpiredTokenException": ("expired-credentials", 3),
    "LimitExceededException": ("refused", 5), "InvalidParameterException": ("refused", 5), "ValidationException": ("refused", 5),
    "SerializationException": ("refused", 5), "UnknownOperationException": ("unsupported", 5), "KmsException": ("denied", 3),
    "OptInRequired": ("denied", 3), "MissingAuthenticationTokenException": ("denied", 3)}


@pytest.mark.parametrize("name", TRANSIENT)
def test_once_more_is_enough(lab, name):
    with scripted(in_turn(TRANSIENT[name][0], PRESENT)) as server:
        result = ask(lab, server, attempts="2", timeout="10s")
        assert verdict(result) == ("present", "ok", 0), result
        assert len(server.requests) == 2


@pytest.mark.parametrize("name", TRANSIENT)
def test_one_attempt_is_one(lab, name):
    step, reason = TRANSIENT[name]
    with scripted(step if callable(step) else lambda r, p: step) as server:
        assert_verdict(ask(lab, server, attempts="1"), reason, 5 if reason == "bad-reply" else 4)
        assert len(server.requests) == 1


@pytest.mark.parametrize("code", FINAL)
def test_final(lab, code):
    """Trying again cannot help: one request, one answer."""
    reason, exit_code = FINAL[code]
    with scripted(lambda r, p: aws_error(code)) as server:
        assert_verdict(ask(lab, server, attempts="5"), reason, exit_code, code)
        described_only = [r for r in server.requests if r.operation == "DescribeImages"]
        assert len(described_only) == 1
        assert len(server.requests) == (2 if code == "AccessDeniedException" else 1)  # BatchGetImage may be allowed


@pytest.mark.parametrize("body", ["<html>log in</html>", "{}", "[]", "{"])
def test_strange_replies_are_not_asked_for_again(lab, body):
    with scripted(lambda r, p: reply(body)) as server:
        assert_verdict(ask(lab, server, attempts="5"), "bad-reply", 5)
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["tls_expired", "tls_wrong_host", "tls_untrusted", "tls_self_signed", "tls_tls13", "tls_plain"])
def test_tls_errors_are_not_tried_again(lab, image, fault):
    lab.fault(fault, host=lab.api_host)
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "5", image)
    assert_verdict(result, "tls", 5)
    assert lab.faults()[0]["hits"] == 1


@pytest.mark.parametrize("fault, hits", [("tls_close", 2)])
def test_a_broken_handshake_is_tried_again(lab, image, fault, hits):
    lab.fault(fault, host=lab.api_host, count=1)
    assert lab.ecr("check", "--via", "ecr", "--max-attempts", "2", image).code == 0
    assert len(lab.connections(service="api")) == hits


def test_the_lab_throttles(lab, image):
    lab.fault("throttle", service="api", count=2)
    result = lab.ecr("check", "--via", "ecr", image)
    assert verdict(result) == ("present", "ok", 0), result
    assert attempts(lab) == 3


def test_every_call_has_its_own_attempts(lab):
    """A miss asks several times; each of the calls may be throttled once."""
    steps = [aws_error("ThrottlingException"), missing(), aws_error("ThrottlingException"), reply({"imageDetails": []}),
             reply({"imageDetails": []}), aws_error("ThrottlingException"), reply({"pullThroughCacheRules": []})]
    with scripted(in_turn(*steps)) as server:
        assert_verdict(ask(lab, server, attempts="2", timeout="20s"), "no-image", 1)
        assert len(server.requests) == 7


# ---- how often

HOW_OFTEN = {
    "by default": ([], {}, None, 3), "--max-attempts 2": (["--max-attempts", "2"], {}, None, 2),
    "--max-attempts=1": (["--max-attempts=1"], {}, None, 1), "AWS_MAX_ATTEMPTS": ([], {"AWS_MAX_ATTEMPTS": "2"}, None, 2),
    "the profile": ([], {}, "[default]\nmax_attempts = 2\n", 2),
    "a named profile": ([], {"AWS_PROFILE": "ci"}, "[default]\nmax_attempts = 1\n[profile ci]\nmax_attempts = 2\n", 2),
    "the variable before the profile": ([], {"AWS_MAX_ATTEMPTS": "1"}, "[default]\nmax_attempts = 3\n", 1),
    "the flag before the variable": (["--max-attempts", "1"], {"AWS_MAX_ATTEMPTS": "3"}, None, 1),
}


@pytest.mark.parametrize("case", HOW_OFTEN)
def test_how_often(lab, tmp_path, case):
    arguments, env, config, count = HOW_OFTEN[case]
    env = {**FAKE_KEY, **env, **({"AWS_CONFIG_FILE": file_of(tmp_path / "config", config)} if config else {})}
    with scripted(lambda r, p: aws_error("ThrottlingException")) as server:
        result = lab.ecr("check", "--via", "ecr", "--endpoint-url", server.url, *arguments, REF, key=None, env=env)
        assert_verdict(result, "throttled", 4)
        assert len(server.requests) == count


@pytest.mark.parametrize("value", ["0", "-1", "x", "101", "1.5"])
def test_bad_counts(lab, value):
    with scripted(lambda r, p: PRESENT) as server:
        flag = lab.ecr("check", f"--max-attempts={value}", "--endpoint-url", server.url, REF, key=None, env=FAKE_KEY)
        assert flag.code == 2 and "--max-attempts" in flag.stderr and not server.requests
        variable = lab.ecr("check", "--via", "ecr", "--endpoint-url", server.url, REF, key=None,
                           env={**FAKE_KEY, "AWS_MAX_ATTEMPTS": value})
        assert_verdict(variable, "no-credentials", 3, "max_attempts")
        assert not server.requests


# ---- how long

def test_waits_grow_and_are_spread(lab):
    """Full jitter: below 1, 2 and 4 seconds; four attempts take less than seven, and never the same time."""
    with scripted(lambda r, p: aws_error("ThrottlingException")) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(lambda _: ask(lab, server, attempts="2", timeout="9s"), range(8)))
    times = sorted(r.seconds for r in runs)
    assert {r.code for r in runs} == {4}
    assert times[-1] < 1.5 and times[-1] - times[0] > 0.1, times


@pytest.mark.parametrize("steps", [[aws_error("ThrottlingException", 400, "", [("Retry-After", "1")]), PRESENT],
                                   [reply(b"", 503, [("Retry-After", "1")]), PRESENT]])
def test_retry_after_is_honoured(lab, steps):
    with scripted(in_turn(*steps)) as server:
        result = ask(lab, server, attempts="2", timeout="10s")
        assert result.code == 0 and 1.0 <= result.seconds < 1.6, result


@pytest.mark.parametrize("value", ["60", "Fri, 31 Dec 2999 23:59:59 GMT", "99999999"])
def test_retry_after_beyond_the_deadline(lab, value):
    """There is no use in waiting for what cannot come: the verdict is given at once."""
    with scripted(lambda r, p: aws_error("ThrottlingException", 400, "", [("Retry-After", value)])) as server:
        result = ask(lab, server, attempts="3", timeout="2s")
        assert_verdict(result, "throttled", 4)
        assert result.seconds < 2.2 and len(server.requests) == 1


@pytest.mark.parametrize("value", ["-5", "soon", "", "1e3", "Mon, 01 Jan 1990 00:00:00 GMT", "0"])
def test_retry_after_that_says_nothing(lab, value):
    with scripted(in_turn(aws_error("ThrottlingException", 400, "", [("Retry-After", value)]), PRESENT)) as server:
        result = ask(lab, server, attempts="2", timeout="9s")
        assert result.code == 0 and result.seconds < 1.5, result


def test_the_deadline_ends_the_attempts(lab):
    """Nothing outlives --timeout, however many attempts are left."""
    with scripted(lambda r, p: aws_error("ThrottlingException")) as server:
        result = ask(lab, server, attempts="100", timeout="1500ms")
        assert_verdict(result, "throttled", 4)
        assert result.seconds < 1.9 and len(server.requests) >= 2


# ---- clocks

@pytest.mark.parametrize("clock", [3600, -3600, 86400 * 400])
def test_a_wrong_clock_is_corrected_once(lab, image, clock):
    lab.setting(clock=clock)
    lab.clear_log()
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "1", image)
    assert verdict(result) == ("present", "ok", 0), result
    assert attempts(lab) == 2
    dates = [r["headers"]["x-amz-date"] for r in lab.requests(service="api")]
    assert dates[0] != dates[1]


def test_the_correction_holds_for_the_run(lab, image):
    lab.setting(clock=3600)
    lab.clear_log()
    assert lab.ecr("check", "--via", "ecr", image.replace(":v1", ":v9")).code == 1
    statuses = [r["status"] for r in lab.requests(service="api")]
    assert len(statuses) == 5 and statuses[2:] == [200] * 3  # once refused for the clock, once not found, then the rest


def test_a_small_difference_is_none(lab, image):
    lab.setting(clock=120)
    lab.clear_log()
    assert lab.ecr("check", "--via", "ecr", image).code == 0
    assert attempts(lab) == 1


@pytest.mark.parametrize("key", ["wrong-secret", "unknown", "nothing"])
def test_a_refusal_is_not_the_clock(lab, image, key):
    """They carry a Date header as well, and it agrees with ours."""
    result = lab.ecr("check", "--via", "ecr", image, key=key)
    assert_verdict(result, "denied", 3)
    assert len(lab.requests(service="api", operation="DescribeImages")) == 1


def test_a_clock_that_cannot_be_corrected(lab):
    """The service says InvalidSignatureException whatever we send: one correction, then its word."""
    late = [("Date", "Fri, 31 Dec 2038 23:59:59 GMT")]
    with scripted(lambda r, p: aws_error("InvalidSignatureException", 400, "Signature expired", late)) as server:
        assert_verdict(ask(lab, server, attempts="3"), "denied", 3, "InvalidSignatureException")
        assert len(server.requests) == 2


def test_the_clock_of_a_genuine_denial_is_not_kept(lab):
    """The service denies with a wild date, and denies as well what is signed with it: the next call has our own."""
    def answer(request, peer):
        if json.loads(request.body).get("repositoryName") == "a/one":
            return aws_error("AccessDeniedException", 400, "no", [("Date", "Sun, 06 Nov 1994 08:49:37 GMT")])
        return reply(described(repository="a/two"))
    with scripted(answer) as server:
        result = ask(lab, server, "--json", ref=[f"{ECR}/a/one:v1", f"{ECR}/a/two:v1"])
        assert [(s["state"], s["reason"]) for s in result.json] == [("unknown", "denied"), ("present", "ok")], result
        assert server.requests[-1].headers["x-amz-date"][:4] == server.requests[0].headers["x-amz-date"][:4] != "1994"


# ---- what a proxy refuses

@pytest.mark.parametrize("status", [403, 407])
def test_a_refusal_of_the_proxy_is_final(lab, status):
    """A wrong password that is sent three times may lock an account."""
    with scripted(lambda r, p: reply(b"", status)) as proxy:
        result = lab.ecr("check", "--via", "ecr", "--max-attempts", "3", "--timeout", "9s", REF,
                         env={"HTTPS_PROXY": proxy.url.replace("//", "//u:wrong@")})
        assert_verdict(result, "unreachable", 4, str(status))
        assert [r.method for r in proxy.requests] == ["CONNECT"]


def test_a_plain_proxy_that_wants_a_password(lab):
    with scripted(lambda r, p: reply(b"", 407)) as proxy:
        result = ask(lab, "http://ecr.example.com", attempts="3", timeout="9s",
                     env={"HTTP_PROXY": proxy.url.replace("//", "//u:wrong@")})
        assert_verdict(result, "unreachable", 4, "407", "127.0.0.1", "user:password@host:port")
        assert len(proxy.requests) == 1


def test_the_url_of_a_proxy_that_is_none_is_final(lab):
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "3", REF, env={"HTTPS_PROXY": "http://u:wr#ong@127.0.0.1:1"})
    assert_verdict(result, "unreachable", 4, "URL of a proxy")
    assert result.seconds < 0.9 and "wr#ong" not in result.stderr


# ---- signatures

def test_each_attempt_is_signed_anew(lab):
    """A retry of a later second has its own date and signature; the lab's front would refuse an old one."""
    with scripted(in_turn(aws_error("ThrottlingException", 400, "", [("Retry-After", "1")]), PRESENT)) as server:
        assert ask(lab, server, attempts="2", timeout="9s").code == 0
        first, second = server.requests
        assert first.headers["x-amz-date"] != second.headers["x-amz-date"]
        assert first.headers["authorization"] != second.headers["authorization"]
        assert first.body == second.body and json.loads(first.body)["repositoryName"] == "team/app"


@pytest.mark.parametrize("key, reason", [("expired", "expired-credentials"), ("wrong-secret", "denied"), ("unknown", "denied")])
def test_keys_that_do_not_work(lab, image, key, reason):
    result = lab.ecr("check", "--via", "ecr", image, key=key)
    assert_verdict(result, reason, 3)
    assert attempts(lab) == 1


def test_answers_of_the_helper(lab):
    """What the other tests take for an ECR that is well."""
    with scripted(lambda r, p: answers(r)) as server:
        assert ask(lab, server).code == 0
        assert_verdict(ask(lab, server, ref=f"{ECR}/team/app:v9"), "no-image", 1)
