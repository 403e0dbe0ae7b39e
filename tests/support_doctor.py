"""The doctor in a home where all is well, and what holds for every diagnosis."""

import base64
import json
import re

from support_credentials import Place

ACCOUNT, OTHER_ACCOUNT, REGION = "123456789012", "210987654321", "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
IMAGE = f"{HOST}/team/app:v1"
API, STS = f"api.ecr.{REGION}.amazonaws.com", f"sts.{REGION}.amazonaws.com"
BUCKET = f"prod-{REGION}-starport-layer-bucket.s3.{REGION}.amazonaws.com"
HOSTS = {"api": API, "sts": STS, "registry": HOST, "bucket": BUCKET}
WAY = ("dns", "tcp", "tls", "http")
SOURCES = ("environment", "assume-role", "web-identity", "sso", "credentials-file", "login", "process", "config-file",
           "container", "imds", "github")
PULL = ("GetAuthorizationToken", "BatchGetImage", "GetDownloadUrlForLayer")
PERMISSIONS = (*PULL, "DescribeImages", "BatchCheckLayerAvailability", "DescribePullThroughCacheRules")
CALLS = (*PERMISSIONS, "DescribeRepositories", "ValidatePullThroughCacheRule")
MEMBERS = {"step": str, "subject": str, "verdict": str, "reason": str, "ms": int, "detail": str, "hint": str, "requestId": str}
STEPS = ("place", "clock", "proxy", "region", "network", "dns", "tcp", "tls", "http", "settings", "registry map", "source",
         "credentials", "identity", "account", "permission", "repository", "cache rule", "upstream", "image", "platform",
         "docker", "docker login")
EXITS = {1: ("no-image", "no-repository"), 3: ("no-credentials", "denied", "expired-credentials"),
         4: ("unreachable", "timeout", "throttled", "server-error", "upstream-error"),
         5: ("not-cached", "tls", "bad-reply", "ambiguous", "unsupported", "refused"),
         6: ("archived", "no-platform", "digest-mismatch", "incomplete")}
EXIT = {reason: status for status, reasons in EXITS.items() for reason in reasons}
# What may be asked of each service: nothing of it changes anything.
ASKED = {"api": {None, *CALLS}, "sts": {None, "GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"},
         "bucket": {"GetObject"}, "imds": {"Token", "ListRoles", "GetCredentials", "GetRegion", None},
         "api-public": {None, "GetAuthorizationToken"}}
NO_KEYS, QUICK = {"key": None}, ("--max-attempts", "1")


class Report:
    """A diagnosis: its findings, and those of them that are no good news."""

    def __init__(self, ran):
        self.ran, self.code, self.seconds = ran, ran.code, ran.seconds
        rows = ran.result.json
        self.findings = [row for row in rows if row["step"] != "policy"]
        self.policy = rows[-1]["policy"] if rows and rows[-1]["step"] == "policy" else None
        assert len(self.findings) + (self.policy is not None) == len(rows), ran
        self.bad = {(f["step"], f["subject"]): f["verdict"] for f in self.findings if f["verdict"] in ("warning", "failed")}
        self.hints = list(dict.fromkeys(f["hint"] for f in self.findings if f["verdict"] in ("warning", "failed")
                                        and "hint" in f))

    def __repr__(self):
        return repr(self.ran)

    def all(self, step, subject=None):
        return [f for f in self.findings if f["step"] == step and subject in (None, f["subject"])]

    def one(self, step, subject=None):
        found = self.all(step, subject)
        assert len(found) == 1, (step, subject, self)
        return found[0]

    def says(self, step, subject, verdict, *words, hint=()):
        """The step ended so, with these words, and with these in its advice."""
        found = self.one(step, subject)
        assert found["verdict"] == verdict, (found, self)
        for word in words:
            assert word in found["detail"], (word, found, self)
        for word in hint:
            assert word in found.get("hint", ""), (word, found, self)
        return found


def check_rows(report):
    """Known members alone, in the order of steps; the exit status is that of the first failure, and failures have advice."""
    for f in report.findings:
        assert set(f) <= set(MEMBERS) and {"step", "subject", "verdict", "ms", "detail"} <= set(f), f
        assert all(type(f[name]) is MEMBERS[name] for name in f) and 0 <= f["ms"] <= report.seconds * 1000 + 50, f
        assert f["verdict"] in ("ok", "warning", "failed", "skipped") and ("reason" in f) == (f["verdict"] == "failed"), f
        assert f["step"] in (*STEPS, *WAY) and f["subject"] and f["detail"], f
        assert not re.search(r"\bREGION\b", f.get("hint", "")), f
    failed = [f for f in report.findings if f["verdict"] == "failed"]
    assert report.code == (EXIT[failed[0]["reason"]] if failed else 0), report
    assert not failed or any("hint" in f for f in failed), ("no advice", report)


def digitless(text):
    return re.sub(r"\d+", "0", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text))


def unlike(lines):
    """Those that differ in more than digits, in their order."""
    return list(dict.fromkeys(digitless(line) for line in lines))


def check_text(report, text):
    """The text says the same as the JSON, line by line, the same advice once, and the same policy."""
    assert text.code == report.code, (text, report)
    lines, _, policy = text.stdout.partition("\nThe smallest policy that would do:\n")
    lines, _, advice = lines.partition("\nWhat to do:\n")
    lines, nothing, _ = lines.partition("\nNothing to do: no step failed.\n")
    rows = [f"{f['verdict']:8} {f['step']:12} {f['subject']}: {f['detail']}"
            + (f" (request id {f['requestId']})" if "requestId" in f else "") for f in report.findings]
    assert [digitless(re.sub(r" \[\d+ ms\]$", "", line)) for line in lines.splitlines()] == [digitless(r) for r in rows], text
    # Two steps may name the time of day, and a second pass between them.
    assert unlike(advice.splitlines()) == unlike(f"- {h}" for h in report.hints), text
    assert bool(nothing) == (not report.hints and report.code == 0), text
    assert (json.loads(policy) if policy else None) == report.policy, text


def check_calls(lab, image):
    """Nothing was changed, and the image was got once at most, for its platform (twice where it cannot be described)."""
    got, refused = 0, False
    for r in lab.requests():
        assert r["operation"] in ASKED.get(r["service"], {r["operation"]}), r
        assert r["method"] in ("GET", "HEAD") or r["service"] in ("api", "api-public", "sts", "imds", "sso", "oidc"), r
        got += r["operation"] == "BatchGetImage" and "imageTag" in (r["body"] or "")
        refused |= r["operation"] == "DescribeImages" and r["status"] == 400
    assert got <= (1 + refused if image else 0), lab.requests()


class Doctor(Place):
    """A home with a stored Docker login, where all is well but for what a test changes."""

    def __init__(self, lab, path):
        super().__init__(lab, path)
        (path / ".docker").mkdir()
        self.login({"auths": {HOST: {"auth": base64.b64encode(b"AWS:" + self.hide("stored-password").encode()).decode()}}})

    def login(self, value):
        (self.path / ".docker" / "config.json").write_text(value if isinstance(value, str) else json.dumps(value))

    def look(self, *arguments, key="full", env=None, text=True, image=IMAGE, timeout=30, **rest):
        """Runs the doctor for text and for JSON, and checks what holds for every run."""
        arguments = ["doctor", *arguments, *([image] if image else [])]
        env = {**self.lab.key_environment(key), **(env or {})}
        said = self.ecr(*arguments, env=env, timeout=timeout, **rest) if text else None
        report = Report(self.ecr(*arguments, "--json", env=env, timeout=timeout, **rest))
        assert report.ran.stderr == "" or "-v" in arguments, report
        check_rows(report)
        check_calls(self.lab, image)
        if text:
            check_text(report, said)
        return report


def host_steps(report, host):
    return {f["step"]: f["verdict"] for f in report.findings if f["subject"] == host and f["step"] in (*WAY, "proxy")}


WELL = dict.fromkeys(WAY, "ok")
