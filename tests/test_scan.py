"""`ecr scan`: basic and enhanced scans of images are started, awaited and shown; how the registry scans is shown and set."""

import json
import time

import pytest

from support_manage import asked
from support_tables import run

API = "api.ecr.us-east-1.amazonaws.com"
DAY = 86400
DESCRIBE = "DescribeImageScanFindings"
V1 = {"repositoryName": "app", "imageId": {"imageTag": "v1"}}
LOOK, READ, START = (DESCRIBE, {**V1, "maxResults": 1}), (DESCRIBE, {**V1, "maxResults": 1000}), ("StartImageScan", V1)
GET_CONFIGURATION, DIGEST = ("GetRegistryScanningConfiguration", {}), "sha256:" + "ab" * 32
SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]
OTHER_WORDS = ["NEGLIGIBLE", "high", "A_NEW_WORD"]  # that cannot be ranked, so they reach every --fail-on
SET = "Scanning of the registry set"
UNKNOWN = "of an unknown severity"
FINDINGS = [["CVE-1", "LOW"], ["CVE-2", "HIGH", "zlib", "1.2"], ["CVE-3", "UNTRIAGED"], ["CVE-4", "CRITICAL"],
            ["CVE-5", "HIGH"], ["CVE-6", "UNDEFINED"], ["CVE-7", "INFORMATIONAL"], ["CVE-8", "MEDIUM"]]
BY_SEVERITY = ["CVE-4", "CVE-2", "CVE-5", "CVE-8", "CVE-1", "CVE-7", "CVE-3", "CVE-6"]
COUNTS = "app:v1: 1 CRITICAL, 2 HIGH, 1 MEDIUM, 1 LOW, 1 INFORMATIONAL, 2 UNDEFINED"
ONE_HIGH = "HIGH\tCVE-1\topenssl\t3.0.1\t-\thttps://nvd.nist.gov/vuln/detail/CVE-1\n"


@pytest.fixture
def digest(lab):
    """Of app:v1."""
    lab.create_repositories(["app"])
    return lab.add_images(f"{lab.host}/app", [{"tags": ["v1"]}])[0]


@pytest.fixture
def app(lab, digest):
    return f"{lab.host}/app"


def scan(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr("scan", *arguments, **{"env": {"AWS_REGION": "us-east-1"}, **options})


def done(result, stdout="", *notes, code=0):
    assert (result.code, result.stdout, result.stderr.splitlines()) == (code, stdout, list(notes)), result


def failed(result, code, thing, *parts):
    line, *more = result.stderr.splitlines() or [""]
    assert not more and (result.code, result.stdout) == (code, ""), result
    assert line.startswith(f"ecr: {thing}: ") and all(part in line for part in parts), line


def answer(status="COMPLETE", **findings):
    return json.dumps({"imageId": {"imageDigest": DIGEST, "imageTag": "v1"}, "imageScanStatus": {"status": status},
                       "imageScanFindings": findings})


def by_digest(digest, call):
    return call[0], {**call[1], "imageId": {"imageDigest": digest}}


# ---- what is shown

def test_findings_from_the_worst_to_the_least(lab, app, digest):
    lab.set_scan(app, "v1", findings=FINDINGS)
    package = {"CVE-2": ["zlib", "1.2"]}
    rows = {name: [severity, name, *package.get(name, ["openssl", "3.0.1"]), "-", f"https://nvd.nist.gov/vuln/detail/{name}"]
            for name, severity, *_ in FINDINGS}
    done(scan(lab, "show", "app:v1"), "".join("\t".join(rows[name]) + "\n" for name in BY_SEVERITY), COUNTS)
    assert asked(lab) == [LOOK, by_digest(digest, READ)]


def test_findings_as_json(lab, app):
    lab.set_scan(app, "v1", findings=FINDINGS)
    genuine = lab.api().describe_image_scan_findings(**V1)["imageScanFindings"]["findings"]
    result = scan(lab, "show", "--json", "app:v1")
    assert result.code == 0 and result.stderr == COUNTS + "\n"
    assert result.json == [next(f for f in genuine if f["name"] == name) for name in BY_SEVERITY]


@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_enhanced_findings(lab, app, status, digest):
    findings = [{"name": "CVE-1", "severity": "UNTRIAGED", "package": "zlib", "version": "1.2"},
                {"name": "CVE-2", "severity": "MEDIUM", "package": "curl", "version": "8.0", "fixed": "8.1"}]
    lab.set_scan(app, "v1", status=status, enhanced=True, findings=findings)
    done(scan(lab, "show", "app:v1"), "MEDIUM\tCVE-2\tcurl\t8.0\t8.1\tCVE-2 - curl\n"
         "UNTRIAGED\tCVE-1\tzlib\t1.2\t-\tCVE-1 - zlib\n", "app:v1: 1 MEDIUM, 1 UNDEFINED")
    assert asked(lab) == [LOOK, by_digest(digest, READ)]
    genuine = lab.api().describe_image_scan_findings(**V1)["imageScanFindings"]["enhancedFindings"]
    shown = scan(lab, "show", "--json", "app:v1").json
    assert [f["packageVulnerabilityDetails"]["vulnerabilityId"] for f in shown] == ["CVE-2", "CVE-1"]
    assert all(set(f) == set(genuine[0]) for f in shown)


def test_findings_with_little_in_them(lab, app):
    basic = {"severity": "LOW", "name": "CVE-1"}
    enhanced = {"severity": "HIGH", "type": "CODE_VULNERABILITY", "title": "eval of input"}
    lab.fault("body", service="api", text=answer(findings=[basic], enhancedFindings=[enhanced]))
    done(scan(lab, "show", "app:v1"), "HIGH\t-\t-\t-\t-\teval of input\nLOW\tCVE-1\t-\t-\t-\t-\n", "app:v1: 1 HIGH, 1 LOW")


@pytest.mark.parametrize("options, stdout", [([], ""), (["--json"], ""), (["--fail-on", "UNDEFINED"], "")])
@pytest.mark.parametrize("is_enhanced", [False, True])
def test_nothing_was_found(lab, app, options, stdout, is_enhanced):
    lab.set_scan(app, "v1", enhanced=is_enhanced)
    done(scan(lab, "show", *options, "app:v1"), stdout, "app:v1: nothing was found")


def test_one_image_under_its_names(lab):
    """By tag or digest, of the own registry or of a host, which says region and account."""
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    lab.create_repositories(["app"], region="eu-west-1")
    digest, = lab.add_images(f"{host}/app", [{"tags": ["v1"]}])
    lab.set_scan(f"{host}/app", "v1", findings=[["CVE-1", "HIGH"]])
    api = "api.ecr.eu-west-1.amazonaws.com"
    for image, image_id in ((f"{host}/app:v1", {"imageTag": "v1"}), (f"{host}/app@{digest}", {"imageDigest": digest})):
        done(scan(lab, "show", image), ONE_HIGH, f"{image}: 1 HIGH")
        members = {"registryId": "123456789012", "repositoryName": "app", "imageId": image_id}
        assert asked(lab, api) == [(DESCRIBE, {**members, "maxResults": 1}),
                                   (DESCRIBE, {**members, "maxResults": 1000, "imageId": {"imageDigest": digest}})]
    done(scan(lab, "show", f"app@{digest}", env={"AWS_REGION": "eu-west-1"}), ONE_HIGH, f"app@{digest}: 1 HIGH")
    assert [body["imageId"] for _, body in asked(lab, api)] == [{"imageDigest": digest}] * 2


@pytest.mark.parametrize("command, calls", [("show", [LOOK, READ]), ("start", [START, LOOK, READ])])
def test_by_tag_and_digest(lab, app, command, calls, digest):
    """The digest says which image; the tag may point elsewhere by now."""
    lab.add_images(app, [{"tags": ["v2"]}])
    for tag in "v1", "v2":
        lab.set_scan(app, "v1", findings=[["CVE-1", "HIGH"]], started=command == "show")
        done(scan(lab, command, f"app:{tag}@{digest}"), ONE_HIGH, f"app:{tag}@{digest}: 1 HIGH")
        assert asked(lab) == [by_digest(digest, call) for call in calls]


def about(text, **image_id):
    """The reply with another image's id."""
    return json.dumps({**json.loads(text), "imageId": image_id})


OTHER_IDS = [{}, {"imageTag": "v1"}, {"imageDigest": 7}, {"imageDigest": "sha256:12"},
             {"imageDigest": DIGEST, "imageTag": "v2"}, {"imageDigest": DIGEST, "imageTag": 7}]


@pytest.mark.parametrize("image_id", OTHER_IDS)
@pytest.mark.parametrize("command, operation", [("show", DESCRIBE), ("start", "StartImageScan")])
def test_first_replies_about_another_image(lab, app, command, operation, image_id):
    """Or about none that can be told: nothing more is asked then."""
    lab.fault("body", service="api", operation=operation, text=about(answer(findings=[]), **image_id))
    failed(scan(lab, command, "app:v1"), 5, API, operation)
    assert len(asked(lab)) == 1


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("image_id", [{"imageDigest": "sha256:" + "cd" * 32}, {"imageTag": "v1"}, {}])
def test_later_replies_about_another_image(lab, app, number, image_id):
    """The tag has moved since: the findings of two images do not mix."""
    page = json.dumps({**json.loads(answer(findings=[{"name": "CVE-1", "severity": "LOW"}])), "nextToken": "a"})
    for text in [answer(findings=[]), page][:number]:
        lab.fault("body", service="api", text=text, count=1)
    lab.fault("body", service="api", text=about(answer(findings=[]), **image_id))
    failed(scan(lab, "show", "app:v1"), 5, API, DESCRIBE)
    assert len(asked(lab)) == number + 1


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("members", [{"repositoryName": "other"}, {"repositoryName": 7}, {"registryId": "210987654321"}])
def test_replies_about_another_repository(lab, app, number, members):
    page = json.dumps({**json.loads(answer(findings=[{"name": "CVE-1", "severity": "LOW"}])), "nextToken": "a"})
    for text in [answer(findings=[]), page][:number]:
        lab.fault("body", service="api", text=text, count=1)
    lab.fault("body", service="api", text=json.dumps({**json.loads(answer(findings=[])), **members}))
    failed(scan(lab, "show", f"{lab.host}/app:v1"), 5, API, DESCRIBE)


def test_a_tag_that_moves(lab, app, digest):
    """What was asked about first is what is shown."""
    lab.set_scan(app, "v1", polls=1, findings=[["CVE-1", "HIGH"]])
    lab.add_images(app, [{"tags": ["v1"]}])
    pending = {**json.loads(answer("PENDING")), "imageId": {"imageDigest": digest, "imageTag": "v1"}}
    lab.fault("body", service="api", operation=DESCRIBE, text=json.dumps(pending), count=1)
    done(scan(lab, "show", "--wait", "app:v1"), ONE_HIGH, "app:v1: 1 HIGH")
    assert asked(lab) == [LOOK, *[by_digest(digest, call) for call in (LOOK, LOOK, READ)]]


@pytest.mark.parametrize("empty_pages", [False, True])
@pytest.mark.parametrize("is_enhanced", [False, True])
def test_pages_of_findings(lab, app, empty_pages, is_enhanced, digest):
    lab.set_scan(app, "v1", enhanced=is_enhanced, findings=FINDINGS)
    lab.setting(page_limit=3, empty_pages=empty_pages)
    result = scan(lab, "show", "app:v1")
    assert result.code == 0 and [line.split("\t")[1] for line in result.lines] == BY_SEVERITY
    assert result.stderr == COUNTS + "\n"
    first, *pages = asked(lab)
    read = by_digest(digest, READ)
    assert first == LOOK and len(pages) == (6 if empty_pages else 3) and pages[0] == read
    assert len({body.pop("nextToken") for _, body in pages[1:]}) == len(pages) - 1
    assert pages == [read] * len(pages)


# ---- states that are no result

@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE", "SCAN_ELIGIBILITY_EXPIRED",
                                    "LIMIT_EXCEEDED", "IMAGE_ARCHIVED", "A_NEW_WORD"])
def test_scans_without_a_result(lab, app, status, digest):
    """Nothing that passes for a clean image: not to --fail-on either."""
    lab.set_scan(app, "v1", status=status, findings=[["CVE-1", "HIGH"]])
    why = lab.api().describe_image_scan_findings(**V1)["imageScanStatus"]["description"]
    for options in ([], ["--wait", "--fail-on", "LOW"]):
        failed(scan(lab, "show", *options, "app:v1"), 5, "app:v1", status, why)
        assert asked(lab) == [LOOK]
    lab.set_scan(app, "v1", status=status, started=False)
    failed(scan(lab, "start", "--fail-on", "HIGH", "app:v1"), 5, "app:v1", status)
    assert asked(lab) == [START, by_digest(digest, LOOK)]


@pytest.mark.parametrize("status", ["IN_PROGRESS", "PENDING"])
def test_a_scan_that_runs(lab, app, status):
    lab.set_scan(app, "v1", polls=9, pending=status)
    for options in ([], ["--fail-on", "LOW"]):
        failed(scan(lab, "show", *options, "app:v1"), 4, "app:v1", status, "--wait")
        assert asked(lab) == [LOOK]


@pytest.mark.parametrize("command, status", [(["show", "--wait"], "PENDING"), (["start"], "IN_PROGRESS")])
def test_time_is_over(lab, app, command, status, digest):
    lab.set_scan(app, "v1", polls=99, pending=status, started=command[0] == "show")
    result = scan(lab, "--timeout", "1s", *command, "app:v1")
    failed(result, 4, "the scan of app:v1", status, "--timeout")
    first, *looks = asked(lab)
    assert result.seconds < 6 and first == (LOOK if command[0] == "show" else START)
    assert len(looks) >= 2 and looks == [by_digest(digest, LOOK)] * len(looks)


@pytest.mark.parametrize("timeout, looks", [("700ms", 2), ("250ms", 1)])
def test_the_last_pause_is_shorter(lab, app, timeout, looks):
    """Half of the time that is left; none if another look makes no sense."""
    lab.set_scan(app, "v1", polls=99)
    result = scan(lab, "--timeout", timeout, "show", "--wait", "app:v1")
    failed(result, 4, "the scan of app:v1", "IN_PROGRESS", "--timeout")
    assert result.seconds < 6 and len(asked(lab)) in (looks, looks + 1)
    lab.set_scan(app, "v1", polls=1, findings=[["CVE-1", "HIGH"]])
    if looks > 1:
        done(scan(lab, "--timeout", "1s", "show", "--wait", "app:v1"), ONE_HIGH, "app:v1: 1 HIGH")


def test_a_scan_is_awaited(lab, app, digest):
    lab.set_scan(app, "v1", polls=1, findings=[["CVE-1", "HIGH"]])
    result = scan(lab, "show", "--wait", "--fail-on", "HIGH", "app:v1")
    done(result, ONE_HIGH, "app:v1: 1 HIGH", code=1)
    look, read = by_digest(digest, LOOK), by_digest(digest, READ)
    assert asked(lab) == [LOOK, look, read] and result.seconds > 0.4
    lab.set_scan(app, "v1", polls=1, status="FAILED")
    failed(scan(lab, "show", "--wait", "app:v1"), 5, "app:v1", "FAILED")
    assert asked(lab) == [LOOK, look]


# ---- --fail-on

@pytest.mark.parametrize("threshold, is_enhanced", [(s, False) for s in SEVERITIES] + [("MEDIUM", True), ("UNDEFINED", True)])
def test_fail_on(lab, app, threshold, is_enhanced):
    """A finding of the severity or of a worse one; the table is the same either way, and there is no error beside it."""
    reached = []
    for severity in [*SEVERITIES, "UNTRIAGED", *OTHER_WORDS]:
        lab.set_scan(app, "v1", findings=[["CVE-1", severity]], enhanced=is_enhanced)
        result = scan(lab, "show", "--fail-on", threshold, "app:v1")
        counted = severity if severity in SEVERITIES else "UNDEFINED" if severity == "UNTRIAGED" else UNKNOWN
        assert result.lines[0].startswith(f"{severity}\tCVE-1\t") and result.stderr == f"app:v1: 1 {counted}\n"
        assert result.code in (0, 1)
        reached += [severity] if result.code else []
    ranked = SEVERITIES[:SEVERITIES.index(threshold) + 1] + (["UNTRIAGED"] if threshold == "UNDEFINED" else [])
    assert reached == ranked + OTHER_WORDS


def test_unknown_severities_without_fail_on(lab, app):
    """They come last, and are no failure by themselves."""
    lab.set_scan(app, "v1", findings=[["CVE-1", "NEGLIGIBLE"], ["CVE-2", "UNDEFINED"], ["CVE-3", "odd"], ["CVE-4", "LOW"]])
    result = scan(lab, "show", "app:v1")
    assert result.code == 0 and [line.split("\t")[1] for line in result.lines] == ["CVE-4", "CVE-2", "CVE-1", "CVE-3"]
    assert result.stderr == f"app:v1: 1 LOW, 1 UNDEFINED, 2 {UNKNOWN}\n"


@pytest.mark.parametrize("findings, counts, code, note", [
    ([], {"HIGH": 2}, 1, "2 HIGH"), ([], {"MEDIUM": 2, "UNTRIAGED": 1, "UNDEFINED": 4}, 0, "2 MEDIUM, 5 UNDEFINED"),
    ([], {"NEGLIGIBLE": 3, "ODD": 1}, 1, f"4 {UNKNOWN}"), (["odd"], {"LOW": 1}, 1, f"1 LOW, 1 {UNKNOWN}"),
    (["HIGH"], {}, 1, "1 HIGH"), (["HIGH"], {"LOW": 3}, 1, "1 HIGH, 3 LOW"), (["HIGH"], {"HIGH": 7}, 1, "7 HIGH"),
    (["LOW"], {"HIGH": 0}, 0, "1 LOW")])
def test_counts_and_findings_that_differ(lab, app, findings, counts, code, note):
    """The larger number is believed: what is counted may be more than is listed."""
    found = [{"name": "CVE-1", "severity": severity} for severity in findings]
    lab.fault("body", service="api", text=answer(findings=found, findingSeverityCounts=counts))
    done(scan(lab, "show", "--fail-on", "HIGH", "app:v1"), "".join(f"{s}\tCVE-1\t-\t-\t-\t-\n" for s in findings),
         f"app:v1: {note}", code=code)


@pytest.mark.parametrize("findings", [
    {}, {"findings": None}, {"findings": 7}, {"findings": {}}, {"findings": [7]}, {"findings": [None]},
    {"findings": [{"name": "CVE-1"}]}, {"findings": [{"name": "CVE-1", "severity": 7}]}, {"enhancedFindings": "none"},
    {"findings": [], "enhancedFindings": 7}, {"findings": [], "findingSeverityCounts": []},
    {"findings": [], "findingSeverityCounts": {"HIGH": "2"}}, {"findings": [], "findingSeverityCounts": {"HIGH": 2.5}},
    {"findings": [], "findingSeverityCounts": {"HIGH": -1}}, {"findings": [], "findingSeverityCounts": {"HIGH": 10 ** 20}}])
def test_findings_that_cannot_be_read(lab, app, findings):
    """They must not pass for a clean image."""
    lab.fault("body", service="api", text=answer(**findings))
    failed(scan(lab, "show", "--fail-on", "HIGH", "app:v1"), 5, API, DESCRIBE)


@pytest.mark.parametrize("later", ["{}", answer("IN_PROGRESS", findings=[]), answer("FAILED", findings=[]),
                                   '{"imageScanFindings": 7}', '{"imageScanStatus": {"status": "COMPLETE"}}'])
def test_a_later_page_that_is_none(lab, app, later):
    first = json.dumps({**json.loads(answer(findings=[{"name": "CVE-1", "severity": "LOW"}])), "nextToken": "a"})
    later = json.dumps({"imageId": {"imageDigest": DIGEST}, **json.loads(later)})
    for number, texts in enumerate(([answer(findings=[]), later], [answer(findings=[]), first, later])):
        lab.clear()
        for text in texts[:-1]:
            lab.fault("body", service="api", text=text, count=1)
        lab.fault("body", service="api", text=later)
        result = scan(lab, "show", "--fail-on", "HIGH", "app:v1")
        assert result.code in (4, 5) and result.stdout == "" and result.stderr.startswith("ecr: "), result
        assert len(asked(lab)) == number + 2


# ---- start

def test_start_on_a_terminal(lab, app, digest):
    """It waits, and shows that it does."""
    lab.set_scan(app, "v1", started=False, polls=1, pending="PENDING", findings=[["CVE-1", "HIGH"]])
    lab.clear_log()
    shown = run(lab, "scan", "start", "app:v1", console="both")
    assert shown.code == 0 and shown.out == ONE_HIGH
    look, read = by_digest(digest, LOOK), by_digest(digest, READ)
    assert asked(lab)[:4] == [START, look, look, read] and len(asked(lab)) <= 6
    assert shown.err.startswith("\r\x1b[KWaiting for the scan of app:v1: PENDING, 0 s\r\x1b[K") and "1 HIGH" in shown.err


@pytest.mark.parametrize("severity, code", [("CRITICAL", 0), ("HIGH", 1)])
def test_start_with_fail_on(lab, app, severity, code):
    lab.set_scan(app, "v1", started=False, findings=[["CVE-1", "HIGH"]])
    done(scan(lab, "start", "--fail-on", severity, "app:v1"), ONE_HIGH, "app:v1: 1 HIGH", code=code)


@pytest.mark.parametrize("status", ["IN_PROGRESS", "PENDING"])
def test_start_without_waiting(lab, app, status):
    lab.set_scan(app, "v1", started=False, polls=9, pending=status)
    done(scan(lab, "start", "--no-wait", "app:v1"), f"{status}\n")
    assert asked(lab) == [START]
    lab.set_scan(app, "v1", started=False, polls=9, pending=status)
    shown, = scan(lab, "start", "--no-wait", "--json", "app:v1").json
    assert shown["imageScanStatus"] == {"status": status} and shown["imageId"]["imageTag"] == "v1"


def test_a_scan_that_is_not_known_yet(lab, app, digest):
    """Just after its start the service may not find it; but only then is that no end."""
    lab.set_scan(app, "v1", findings=[["CVE-1", "HIGH"]])
    lab.fault("refuse", service="api", operation=DESCRIBE, code="ScanNotFoundException", count=1)
    done(scan(lab, "start", "app:v1"), ONE_HIGH, "app:v1: 1 HIGH")
    assert asked(lab) == [START, *[by_digest(digest, call) for call in (LOOK, LOOK, READ)]]
    lab.fault("refuse", service="api", operation=DESCRIBE, code="ScanNotFoundException", message="no scan", count=1)
    failed(scan(lab, "show", "--wait", "app:v1"), 1, "app:v1", "ScanNotFoundException", "ecr scan start")
    assert asked(lab) == [LOOK]


def test_a_second_start_within_a_day(lab, app, digest):
    """ECR scans an image once in 24 hours: the scan of today is the answer."""
    lab.set_scan(app, "v1", findings=[["CVE-1", "HIGH"]], age=DAY - 60)
    today = "app:v1 was scanned within the last 24 hours: that scan counts"
    done(scan(lab, "start", "app:v1"), ONE_HIGH, today, "app:v1: 1 HIGH")
    assert asked(lab) == [START, LOOK, by_digest(digest, LOOK), by_digest(digest, READ)]
    done(scan(lab, "start", "--fail-on", "MEDIUM", "app:v1"), ONE_HIGH, today, "app:v1: 1 HIGH", code=1)
    done(scan(lab, "start", "--no-wait", "app:v1"), "COMPLETE\n", today)
    assert asked(lab) == [START, LOOK]
    lab.set_scan(app, "v1", polls=1, findings=[["CVE-1", "HIGH"]], age=60)  # it runs still
    done(scan(lab, "start", "app:v1"), ONE_HIGH, today, "app:v1: 1 HIGH")
    lab.set_scan(app, "v1", status="FAILED", age=60)
    failed(scan(lab, "start", "app:v1"), 5, "app:v1", "LimitExceededException", "The scan quota per image has been exceeded")
    assert asked(lab) == [START, LOOK]


LIMIT = {"service": "api", "operation": "StartImageScan", "code": "LimitExceededException", "message": "100000 scans a day"}


@pytest.mark.parametrize("ago, counts", [(60, True), (DAY - 60, True), (DAY + 60, False), (90 * DAY, False), (None, False)])
@pytest.mark.parametrize("options", [[], ["--no-wait"], ["--fail-on", "HIGH"]])
def test_an_older_scan_at_the_limit(lab, app, options, ago, counts):
    """Only one that ended within a day counts; else the refusal is told, and no old result."""
    members = {} if ago is None else {"imageScanCompletedAt": time.time() - ago}
    lab.fault("refuse", **LIMIT)
    lab.fault("body", service="api", operation=DESCRIBE, text=answer(findings=[], **members))
    result = scan(lab, "start", *options, "app:v1")
    if not counts:
        failed(result, 5, "app:v1", "LimitExceededException", "100000 scans a day")
        assert asked(lab) == [START, LOOK]
        return
    notes = ["app:v1 was scanned within the last 24 hours: that scan counts", "app:v1: nothing was found"]
    done(result, *(["COMPLETE\n", notes[0]] if "--no-wait" in options else ["", *notes]))


@pytest.mark.parametrize("status", ["IN_PROGRESS", "PENDING"])
def test_a_scan_that_runs_at_the_limit(lab, app, digest, status):
    lab.set_scan(app, "v1", polls=2, pending=status, findings=[["CVE-1", "HIGH"]])
    lab.fault("refuse", **LIMIT)
    done(scan(lab, "start", "app:v1"), ONE_HIGH, "app:v1 was scanned within the last 24 hours: that scan counts",
         "app:v1: 1 HIGH")
    assert asked(lab) == [START, LOOK, *[by_digest(digest, call) for call in (LOOK, LOOK, READ)]]


def test_a_start_after_a_day(lab, app, digest):
    lab.set_scan(app, "v1", age=DAY + 60)
    done(scan(lab, "start", "app:v1"), "", "app:v1: nothing was found")
    assert asked(lab) == [START, by_digest(digest, LOOK), by_digest(digest, READ)]


def test_a_limit_without_a_scan(lab, app):
    """The registry's scans of today are used up: the refusal is told, not that there is no scan."""
    lab.set_scan(app, "v1", started=False)
    lab.fault("refuse", **LIMIT)
    failed(scan(lab, "start", "app:v1"), 5, "app:v1", "LimitExceededException", "100000 scans a day")
    assert asked(lab) == [START, LOOK]


# ---- what cannot be scanned

@pytest.fixture
def shelf(lab, app):
    """app:index, app:old (archived), app:v1."""
    child, _ = lab.add_images(app, [{"tags": ["child"]}, {"tags": ["old"], "status": "ARCHIVED"}])
    lab.add_images(app, [{"tags": ["index"], "children": [child]}])


@pytest.mark.parametrize("command, image, code, parts", [
    ("start", "app:index", 5, ["UnsupportedImageTypeException", "ecr image show"]),
    ("start", "app:old", 5, ["ImageArchivedException", "ecr image restore"]),
    ("start", "app:v9", 1, ["ImageNotFoundException", "ecr image ls"]),
    ("start", "none:v1", 1, ["RepositoryNotFoundException", "ecr repo ls"]),
    ("show", "app:v1", 1, ["ScanNotFoundException", "ecr scan start"]),
    ("show", "app:v9", 1, ["ImageNotFoundException", "ecr image ls"]),
    ("show", "none:v1", 1, ["RepositoryNotFoundException", "ecr repo ls"])])
def test_not_there_or_not_scannable(lab, shelf, command, image, code, parts):
    for options in ([], ["--fail-on", "HIGH"], ["--no-wait"] if command == "start" else ["--wait"]):
        failed(scan(lab, command, *options, image), code, image, *parts)
        assert len(asked(lab)) == 1


def test_an_archived_image_has_no_result(lab, app, shelf):
    lab.set_scan(app, "old", findings=[["CVE-1", "HIGH"]])
    failed(scan(lab, "show", "app:old"), 5, "app:old", "IMAGE_ARCHIVED")


def test_a_registry_with_enhanced_scanning(lab, app):
    lab.api().put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    failed(scan(lab, "start", "app:v1"), 5, "app:v1", "ValidationException", "enhanced scanning", "ecr scan show")
    assert asked(lab) == [START]


# ---- permissions

def test_denied(lab, app):
    lab.set_scan(app, "v1", started=False)
    lab.new_key("starter", allow=["StartImageScan"])
    for command, key, action in ((["show"], "describe", DESCRIBE), (["start"], "describe", "StartImageScan"),
                                 (["start"], "starter", DESCRIBE)):
        failed(scan(lab, *command, "app:v1", key=key), 3, "app:v1", f"the caller lacks the IAM action ecr:{action}")
    lab.new_key("looker", allow=["GetRegistryScanningConfiguration"])
    for options, key, verb in (([], "describe", "Get"), (["--type", "basic"], "describe", "Get"),
                               (["--type", "basic"], "looker", "Put"), (["--type", "basic", "--yes"], "describe", "Put")):
        failed(scan(lab, "config", *options, key=key), 3, "the registry",
               f"the caller lacks the IAM action ecr:{verb}RegistryScanningConfiguration")


def test_an_error_of_the_findings_is_about_the_image(lab, app):
    lab.set_scan(app, "v1")
    for code, exit_status in (("AccessDeniedException", 3), ("ImageNotFoundException", 1), ("ScanNotFoundException", 1)):
        lab.clear()
        lab.fault("refuse", service="api", code=code, message="no longer", skip=1)
        failed(scan(lab, "show", "app:v1"), exit_status, "app:v1", code)


# ---- the registry's configuration

def rule(frequency, *filters):
    return {"scanFrequency": frequency, "repositoryFilters": [{"filter": f, "filterType": "WILDCARD"} for f in filters]}


CONFIGURATIONS = [
    (["--type", "basic"], "BASIC", []), (["--type", "enhanced"], "ENHANCED", []),
    (["--type", "basic", "--on-push", "*"], "BASIC", [rule("SCAN_ON_PUSH", "*")]),
    (["--type=enhanced", "--continuous", "prod-*", "--continuous=a/b"], "ENHANCED",
     [rule("CONTINUOUS_SCAN", "prod-*", "a/b")]),
    (["--continuous", "prod", "--on-push", "dev", "--on-push", "x*", "--type", "enhanced"], "ENHANCED",
     [rule("SCAN_ON_PUSH", "dev", "x*"), rule("CONTINUOUS_SCAN", "prod")])]


@pytest.mark.parametrize("options, kind, rules", CONFIGURATIONS)
def test_configuration(lab, options, kind, rules):
    """It is set, and shown in the same form then; all that was before is replaced."""
    lab.api().put_registry_scanning_configuration(scanType="BASIC", rules=[rule("SCAN_ON_PUSH", "before")])
    table = "".join(f"{kind}\t{r['scanFrequency']}\t{','.join(f['filter'] for f in r['repositoryFilters'])}\n" for r in rules)
    wanted = {"scanType": kind, "rules": rules}
    done(scan(lab, "config", "--yes", *options), table or f"{kind}\t-\t-\n", SET)
    assert asked(lab) == [("PutRegistryScanningConfiguration", wanted)]
    done(scan(lab, "config"), table or f"{kind}\t-\t-\n")
    assert asked(lab) == [GET_CONFIGURATION]
    assert scan(lab, "config", "--json").json == scan(lab, "config", "--json", "--yes", *options).json == [wanted]
    assert lab.api(region="eu-west-1").get_registry_scanning_configuration()["scanningConfiguration"]["rules"] == []


ON_PUSH = rule("SCAN_ON_PUSH", "prod", "team/*")


@pytest.mark.parametrize("before, options, lost", [
    ([ON_PUSH], ["--type=basic"], 1), ([ON_PUSH], ["--type=basic", "--on-push=prod"], 1),
    ([ON_PUSH], ["--type=enhanced", "--continuous=prod", "--continuous=team/*"], 1),
    ([ON_PUSH, rule("CONTINUOUS_SCAN", "a")], ["--type=enhanced", "--continuous=a"], 1),
    ([ON_PUSH, rule("CONTINUOUS_SCAN", "a")], ["--type=basic"], 2),
    ([ON_PUSH], ["--type=basic", "--on-push=prod", "--on-push=team/*"], 0),
    ([ON_PUSH], ["--type=basic", "--on-push=new", "--on-push=team/*", "--on-push=prod"], 0),
    ([ON_PUSH], ["--type=enhanced", "--on-push=prod", "--on-push=team/*", "--continuous=a"], 0), ([], ["--type=enhanced"], 0)])
def test_configuration_asks_before_rules_are_lost(lab, before, options, lost):
    """A rule stays if all its filters are among the new ones of its frequency."""
    kind = "ENHANCED" if any(r["scanFrequency"] == "CONTINUOUS_SCAN" for r in before) else "BASIC"
    lab.api().put_registry_scanning_configuration(scanType=kind, rules=before)
    result = scan(lab, "config", *options)
    if lost:
        failed(result, 2, "scan", f"this would replace {lost} of the registry's scanning rules, and there is nobody", "--yes")
        assert asked(lab) == [GET_CONFIGURATION]
        return
    assert result.code == 0 and result.stderr == SET + "\n"
    assert [operation for operation, _ in asked(lab)] == [GET_CONFIGURATION[0], "PutRegistryScanningConfiguration"]


@pytest.mark.parametrize("typed, code", [(b"y\n", 0), (b"n\n", 5), (b"\n", 5)])
def test_configuration_asks_on_a_terminal(lab, typed, code):
    lab.api().put_registry_scanning_configuration(scanType="BASIC", rules=[ON_PUSH])
    lab.clear_log()
    asked_at = run(lab, "scan", "config", "--type", "basic", console="both", typed=typed)
    assert asked_at.code == code and asked_at.out == ("" if code else "BASIC\t-\t-\n")
    assert asked_at.err.startswith("Do you want to replace 1 of the registry's scanning rules, in us-east-1? [y/N] ")
    put = [("PutRegistryScanningConfiguration", {"scanType": "BASIC", "rules": []})]
    assert (SET in asked_at.err) == (code == 0) and asked(lab) == [GET_CONFIGURATION] + ([] if code else put)


def test_a_registry_as_it_comes(lab):
    done(scan(lab, "config"), "BASIC\t-\t-\n")
    scan(lab, "config", "--region", "eu-west-1")
    assert asked(lab, "api.ecr.eu-west-1.amazonaws.com") == [GET_CONFIGURATION]


@pytest.mark.parametrize("code, status", [("ValidationException", 5), ("InvalidParameterException", 5),
                                          ("BlockedByOrganizationPolicyException", 3), ("LimitExceededException", 5)])
def test_a_configuration_that_is_refused(lab, code, status):
    for operation in "GetRegistryScanningConfiguration", "PutRegistryScanningConfiguration":
        lab.clear()
        lab.fault("refuse", service="api", operation=operation, code=code, message="the service's words")
        failed(scan(lab, "config", "--type", "basic"), status, "the registry", operation, code, "the service's words")


@pytest.mark.parametrize("rules", [7, {}, [7], [None], [{}], [{"scanFrequency": 7, "repositoryFilters": []}],
                                   [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [7]}]])
def test_a_configuration_that_cannot_be_read(lab, rules):
    configuration = {"scanType": "BASIC", "rules": rules}
    lab.fault("body", service="api", text=json.dumps({"scanningConfiguration": configuration,
                                                      "registryScanningConfiguration": configuration}))
    failed(scan(lab, "config"), 5, API, "GetRegistryScanningConfiguration")


# ---- wrong use: nothing is sent, and no credentials are looked for

WRONG = [
    ([], "scan", "start, show, config"), (["strat", "app:v1"], "strat", "one of start, show, config"),
    (["show"], "scan", "usage: ecr scan show"), (["start"], "scan", "usage: ecr scan start"),
    (["show", "app:v1", "app:v2"], "app:v2", "usage: ecr scan show"), (["config", "app"], "app", "usage: ecr scan config"),
    (["show", "app"], "app", "tag or a digest"), (["show", "APP:v1"], "APP:v1", "capital"),
    (["show", "app:-"], "app:-", "tag"),
    (["start", "app@sha256:12"], "app@sha256:12", "sha256"), (["start", "a:b:c"], "a:b:c", "repository's name"),
    (["show", "public.ecr.aws/lab/app:v1"], "public.ecr.aws/lab/app:v1", "ECR Public"),
    (["show", "--fail-on", "high", "app:v1"], "--fail-on", "CRITICAL, HIGH"),
    (["show", "--fail-on=", "app:v1"], "--fail-on", "CRITICAL, HIGH"),
    (["start", "--fail-on", "UNTRIAGED", "app:v1"], "--fail-on", "UNDEFINED"),
    (["start", "--no-wait", "--fail-on", "LOW", "app:v1"], "--fail-on", "--no-wait"),
    (["start", "--wait", "app:v1"], "--wait", ""), (["show", "--no-wait", "app:v1"], "--no-wait", ""),
    (["config", "--type", "BASIC"], "--type", "basic, enhanced"), (["config", "--on-push", "a"], "scan", "--type"),
    (["config", "--continuous", "a"], "scan", "--type"),
    (["config", "--type=basic", "--continuous=a"], "--continuous", "enhanced"),
    (["config", "--type=basic", "--on-push=A"], "A", "lower-case"),
    (["config", "--type=enhanced", "--continuous=a?"], "a?", "'*'"),
    (["config", "--type=enhanced", "--on-push=ok", "--on-push=-a"], "-a", "between them"),
    (["config", "--type=enhanced", "--on-push=a//b"], "a//b", "between them"),
    (["config", "--type=basic", "--on-push="], "--on-push", "empty"),
    (["config", "--type=basic", "--on-push=" + "a" * 256], "a" * 256, "filter"),
    (["config", "--type=basic"] + ["--on-push=a"] * 101, "--on-push", "100")]


@pytest.mark.parametrize("arguments, thing, part", WRONG)
def test_wrong_use(lab, arguments, thing, part):
    failed(scan(lab, *arguments, key=None, env={}), 2, thing, part)
    assert lab.requests() == []
