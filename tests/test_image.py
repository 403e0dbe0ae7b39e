"""`ecr image ls` and `ecr image show`: what a repository holds, and what an image is made of."""

import datetime
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios

import pytest

from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
ENV = {"AWS_REGION": "us-east-1"}
OTHER, WEST = "210987654321.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
PUBLIC_API = "api.ecr-public.us-east-1.amazonaws.com"
MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
DOCKER, CONFIG = "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ZEROS = "sha256:" + "0" * 64
ANY = {"repositoryName": "team/app", "filter": {"imageStatus": "ANY"}, "maxResults": 1000}
DAY = 86400


@pytest.fixture
def app(lab):
    lab.create_repositories(["team/app"])
    return f"{lab.host}/team/app"


def image(lab, *arguments, env=None, **options):
    lab.clear_log()
    return lab.ecr("image", *arguments, env={**ENV, **(env or {})}, **options)


def bodies(lab, **conditions):
    return [json.loads(r["body"]) for r in lab.requests(**conditions)]


def operations(lab):
    return [r["operation"] for r in lab.requests()]


def details(lab, name="team/app", service="ecr"):
    """What the service says, by tag (the first one) or digest."""
    more = {"filter": {"imageStatus": "ANY"}} if service == "ecr" else {}
    found = lab.api(service=service).describe_images(repositoryName=name, **more)["imageDetails"]
    return {i.get("imageTags", [i["imageDigest"]])[0]: i for i in found}


def iso(time):
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def error_of(result, code, start, *parts):
    assert result.code == code and result.stdout == "", result
    line, = result.stderr.splitlines()
    assert line.startswith("ecr: " + start) and all(part in line for part in parts), line


def on_terminal(lab, width, *arguments):
    """(exit status, lines of stdout, stderr) with both on terminals."""
    ends = [pty.openpty() for _ in range(2)]
    fcntl.ioctl(ends[0][1], termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    env = {"SSL_CERT_FILE": lab.ca, "AWS_EC2_METADATA_DISABLED": "true", "TERM": "xterm", **ENV, **lab.key_environment("full")}
    process = subprocess.Popen([BINARY, "image", *arguments], env=env, stdin=subprocess.DEVNULL, stdout=ends[0][1],
                               stderr=ends[1][1])
    for _, theirs in ends:
        os.close(theirs)
    said = {ours: b"" for ours, _ in ends}
    for ours in said:
        while select.select([ours], [], [], 20)[0]:
            try:
                said[ours] += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
        os.close(ours)
    out, err = (text.decode().replace("\r\n", "\n") for text in said.values())
    return process.wait(20), out.splitlines(), err


# ---- ls

@pytest.fixture
def shelf(lab, app):
    """Digests of images from old to new."""
    return lab.add_images(app, [
        {"tags": ["old"], "age": 9 * DAY, "size": 1000, "status": "ARCHIVED"}, {"age": 5 * DAY, "size": 2_345_678},
        {"tags": ["v2"], "age": 2 * DAY, "size": 98_765_432_101, "pulled": DAY, "docker": True},
        {"tags": ["v3", "latest"], "age": DAY, "size": 12_345}])


def test_ls(lab, shelf):
    result, there = image(lab, "ls", "team/app"), details(lab)
    old, none, v2, v3 = (there[name] for name in ("old", shelf[1], "v2", "v3"))
    assert result.code == 0 and result.stderr == "", result
    assert result.stdout == "".join("\t".join(row) + "\n" for row in [
        ("v3,latest", shelf[3], "12345", iso(v3["imagePushedAt"]), "-", MANIFEST, "ACTIVE"),
        ("v2", shelf[2], "98765432101", iso(v2["imagePushedAt"]), iso(v2["lastRecordedPullTime"]), DOCKER, "ACTIVE"),
        ("-", shelf[1], "2345678", iso(none["imagePushedAt"]), "-", MANIFEST, "ACTIVE"),
        ("old", shelf[0], "1000", iso(old["imagePushedAt"]), "-", MANIFEST, "ARCHIVED")])


def test_ls_asks_once(lab, shelf):
    image(lab, "ls", "team/app")
    assert bodies(lab) == [ANY] and operations(lab) == ["DescribeImages"]


@pytest.mark.parametrize("options, wanted", [(["--limit", "2"], [3, 2]), (["--limit=9"], [3, 2, 1, 0]), (["--untagged"], [1]),
                                             (["--untagged", "--limit", "1"], [1])])
def test_ls_options(lab, shelf, options, wanted):
    result = image(lab, "ls", *options, "team/app")
    assert result.code == 0 and [line.split("\t")[1] for line in result.lines] == [shelf[i] for i in wanted]
    untagged = {"tagStatus": "UNTAGGED"} if "--untagged" in options else {}
    assert bodies(lab) == [{**ANY, "filter": {**untagged, "imageStatus": "ANY"}}]


def test_ls_json(lab, shelf):
    """The service's own objects, all of their members."""
    result = image(lab, "ls", "--json", "team/app")
    whole = lab.ecr("api", "--json", "DescribeImages", json.dumps(ANY), env=ENV).json[0]["imageDetails"]
    assert result.code == 0 and result.json == [next(i for i in whole if i["imageDigest"] == d) for d in reversed(shelf)]


def test_newest_first_within_a_second(lab, app):
    digests = lab.add_images(app, [{"age": n / 10} for n in range(12)])
    assert [line.split("\t")[1] for line in image(lab, "ls", "team/app").lines] == digests


@pytest.mark.parametrize("empty_pages", [False, True])
def test_ls_of_all_pages(lab, app, empty_pages):
    """Newest first over all pages, whatever order the service has; --limit counts after that."""
    ages = [n * 7919 % 2500 for n in range(2500)]
    digests = dict(zip(ages, lab.add_images(app, [{"tags": [f"t{age}"], "age": age * 60} for age in ages])))
    lab.setting(empty_pages=empty_pages)
    result = image(lab, "ls", "team/app")
    assert [line.split("\t")[:2] for line in result.lines] == [[f"t{n}", digests[n]] for n in range(2500)]
    sent = bodies(lab)
    assert len(sent) == (6 if empty_pages else 3) and len({body.pop("nextToken", None) for body in sent}) == len(sent)
    assert all(body == ANY for body in sent)
    assert [line.split("\t")[0] for line in image(lab, "ls", "--limit", "3", "team/app").lines] == ["t0", "t1", "t2"]


@pytest.mark.parametrize("options, text", [([], "No images in team/app"), (["--untagged"], "No untagged images in team/app")])
def test_ls_of_nothing(lab, app, options, text):
    result = image(lab, "ls", *options, "team/app")
    assert (result.code, result.stdout, result.stderr) == (0, "", text + "\n")
    assert image(lab, "ls", *options, app).stderr == text.replace("team/app", app) + "\n"
    assert image(lab, "-q", "ls", *options, "team/app").stderr == image(lab, "ls", "--json", "team/app").stdout == ""


@pytest.mark.parametrize("place, host, account", [(WEST, "api.ecr.eu-west-1.amazonaws.com", "123456789012"),
                                                  (OTHER, "api.ecr.us-east-1.amazonaws.com", "210987654321")])
def test_ls_of_another_registry(lab, app, place, host, account):
    lab.share(lab.other_account, lab.account)
    lab.create_repositories(["team/app"], account=account, region=place.split(".")[3])
    digest, = lab.add_images(f"{place}/team/app", 1)
    result = image(lab, "ls", f"{place}/team/app")
    assert result.code == 0 and [line.split("\t")[1] for line in result.lines] == [digest]
    assert [r["host"] for r in lab.requests()] == [host] and bodies(lab) == [{"registryId": account, **ANY}]


def test_ls_region(lab, app):
    image(lab, "--region", "eu-west-1", "ls", "team/app")
    assert [r["host"] for r in lab.requests()] == ["api.ecr.eu-west-1.amazonaws.com"]


@pytest.fixture
def public(lab):
    uri = lab.create_public_repository("team/app")
    return lab.add_images(uri, [{"age": DAY, "size": 5000}, {"tags": ["v1", "latest"], "size": 1234}])


@pytest.mark.parametrize("arguments, before", [(["--public", "team/app"], []),
                                               (["public.ecr.aws/lab/team/app"], ["DescribeRegistries"]),
                                               (["--public", "public.ecr.aws/q1w2e3r4/team/app"], ["DescribeRegistries"])])
def test_ls_public(lab, public, arguments, before):
    """Its own endpoint, whatever the region; it knows neither filters nor the state of images."""
    result, there = image(lab, "ls", *arguments, env={"AWS_REGION": "eu-west-1"}), details(lab, service="ecr-public")
    assert result.code == 0 and result.stdout == (
        f"v1,latest\t{public[1]}\t1234\t{iso(there['v1']['imagePushedAt'])}\t-\t{MANIFEST}\t-\n"
        f"-\t{public[0]}\t5000\t{iso(there[public[0]]['imagePushedAt'])}\t-\t{MANIFEST}\t-\n"), result
    result = image(lab, "ls", "--untagged", *arguments, env={"AWS_REGION": "eu-west-1"})
    assert [line.split("\t")[1] for line in result.lines] == [public[0]]
    assert operations(lab) == [*before, "DescribeImages"] and {r["host"] for r in lab.requests()} == {PUBLIC_API}
    assert bodies(lab)[-1] == {"repositoryName": "team/app", "maxResults": 1000}


COLUMNS = ["TAG", "DIGEST", "SIZE", "PUSHED", "PULLED", "MEDIA TYPE", "STATUS"]
WIDTHS = {"TAG": 9, "DIGEST": 71, "SIZE": 6, "PUSHED": 20, "PULLED": 20, "MEDIA TYPE": 52, "STATUS": 8}


@pytest.mark.parametrize("width, dropped", [(300, 0), (198, 0), (197, 0), (99, 0), (98, 1), (85, 1), (84, 2), (63, 2),
                                            (62, 3), (53, 3), (52, 4), (45, 4), (44, 5), (23, 5), (10, 5)])
def test_ls_on_a_terminal(lab, shelf, width, dropped):
    """Once digest and media type are as short as can be, columns go: media type, pull, status, size, push."""
    code, lines, err = on_terminal(lab, width, "ls", "team/app")
    going = ["MEDIA TYPE", "PULLED", "STATUS", "SIZE", "PUSHED"]
    least = {**WIDTHS, "DIGEST": 12, "MEDIA TYPE": 12}
    gone = [n for n in range(6) if sum(least[c] + 2 for c in COLUMNS if c not in going[:n]) - 2 <= width] or [5]
    shown = [c for c in COLUMNS if c not in going[:gone[0]]]
    assert code == 0 and err == "" and len(lines) == 5 and not [line for line in lines if line.endswith(" ")]
    assert lines[0].replace("MEDIA TYPE", "MEDIA_TYPE").split() == [c.replace(" ", "_") for c in shown] and gone[0] == dropped
    assert all(len(line) <= max(width, 23) for line in lines) and len({line.find("sha256:") for line in lines[1:]}) == 1
    if width >= 198:
        assert lines[2].split() == ["v2", shelf[2], "98", "GB", *lines[2].split()[4:6], DOCKER, "ACTIVE"]
    else:
        assert all("…" in line for line in lines[1:])
    if "SIZE" in shown:
        assert [next(s for s in ("12 kB", "98 GB", "2.3 MB", "1.0 kB") if s in line) for line in lines[1:]] == [
            "12 kB", "98 GB", "2.3 MB", "1.0 kB"]


def test_ls_json_on_a_terminal(lab, shelf):
    code, lines, _ = on_terminal(lab, 40, "ls", "--json", "team/app")
    assert code == 0 and [json.loads(line)["imageSizeInBytes"] for line in lines][0] == 12345


def test_ls_of_text_that_would_harm(lab):
    evil = {"imageDigest": "\x1b[2J", "imageTags": ["a\tb\nc", "\u202e"], "imageSizeInBytes": 1, "imageStatus": "X\x7f"}
    lab.fault("body", service="api", text=json.dumps({"imageDetails": [evil]}))
    result = image(lab, "ls", "team/app")
    assert result.code == 0 and result.stdout == "a b c,?\t?[2J\t1\t-\t-\t-\tX?\n", result


@pytest.mark.parametrize("verb, bad, parts", [
    ("ls", "team/app:v1", ["without tag and digest"]), ("ls", f"team/app@{ZEROS}", ["without tag and digest"]),
    ("ls", "", ["empty"]), ("ls", "A/b", ["capital"]), ("ls", "a", ["2 characters"]), ("ls", "a" * 257, ["256"]),
    ("ls", "a//b", ["each part"]), ("ls", "https://x.example/app", ["scheme"]),
    ("ls", "registry.example.com:443/app", ["no registry"]), ("show", "team/app", ["a tag or a digest"]),
    ("show", "team/app:.a", ["tag"]), ("show", "team/app@md5:0", ["sha256"]), ("show", "team/app:a b", ["tag"]),
    ("restore", "team/app", ["a tag or a digest"]),
    ("restore", "team-/app:a", ["each part"]), ("restore", "public.ecr.aws/lab/app:v1", ["ECR Public"])])
def test_bad_names(lab, verb, bad, parts):
    error_of(image(lab, verb, bad, key=None), 2, bad or "''", *parts)
    assert lab.requests() == []


@pytest.mark.parametrize("arguments, parts", [
    (["ls"], ["image ls", "REPO"]), (["ls", "one", "two"], ["two"]), (["ls", "--limit", "0", "app"], ["--limit", "1000000"]),
    (["ls", "--limit", "-1", "app"], ["--limit"]), (["ls", "--limit=x", "app"], ["--limit"]),
    (["ls", "--untaged", "app"], ["--untagged"]), (["show"], ["IMAGE"]), (["show", "app:1", "app:2"], ["app:2"]),
    (["restore"], ["IMAGE"]), (["restore", "--public", "app:1"], ["--public"]),
    (["ls", "--public", "{host}/app"], ["ECR Public"]), ([], ["ls, show, rm, restore"]), (["list"], ["image", "ls"])])
def test_bad_usage(lab, arguments, parts):
    error_of(image(lab, *(a.format(host=lab.host) for a in arguments), key=None), 2, "", *parts)
    assert lab.requests() == []


@pytest.mark.parametrize("arguments, action, thing", [
    (["ls", "team/app"], "ecr:DescribeImages", "team/app: "), (["show", "team/app:v1"], "ecr:DescribeImages", "team/app:v1: "),
    (["restore", "team/app:v1"], "ecr:UpdateImageStorageClass", "team/app:v1: "),
    (["ls", "--public", "team/app"], "ecr-public:DescribeImages", "team/app: ")])
def test_denied(lab, app, arguments, action, thing):
    error_of(image(lab, *arguments, key="nothing"), 3, thing, f"IAM action {action}")
    assert len(lab.requests()) == 1


@pytest.mark.parametrize("arguments", [["ls", "team/app"], ["show", "team/app:v1"], ["restore", "team/app:v1"],
                                       ["ls", "--public", "team/app"]])
def test_no_repository(lab, arguments):
    hint = ("'ecr repo ls --public' lists what there is" if "--public" in arguments else
            "'ecr repo ls' lists what there is in us-east-1; is it the right account and region?")
    for host in ("", f"{lab.host}/")[:1 if "--public" in arguments else 2]:
        name = host + arguments[-1]
        result = image(lab, *arguments[:-1], name)
        error_of(result, 1, name + ": ", "RepositoryNotFoundException", f"; {hint}")
        assert result.stderr.endswith(hint + "\n")


@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("cut", 4), ("html", 5), ("garble_json", 5),
                                         ("other_shape", 5)])
@pytest.mark.parametrize("verb", [["ls", "team/app"], ["show", "team/app:v1"], ["restore", "team/app:v1"]])
def test_faults(lab, app, verb, fault, code):
    lab.fault(fault, service="api")
    error_of(image(lab, "--max-attempts", "1", *verb), code, "")
    assert len(lab.requests()) == 1


# ---- show

def size_of(made):
    value = json.loads(made.manifest)
    return sum(part["size"] for part in [value["config"], *value["layers"]])


def test_show(lab, app):
    made = lab.push_image(f"{app}:v1", layers=3, size=5000)
    lab.push(f"{app}:latest", made)
    sbom, = lab.add_images(app, [{"subject": made.digest, "artifact": "application/vnd.example.sbom"}])
    lab.set_scan(app, "v1", findings=[["CVE-1"], ["CVE-2", "LOW"], ["CVE-3", "LOW"]])
    result, pushed = image(lab, "show", "team/app:v1"), iso(details(lab)["v1"]["imagePushedAt"])
    layers = "".join(f"layer\t{d['digest']}  {d['size']}  {LAYER}\n" for d in json.loads(made.manifest)["layers"])
    assert result.code == 0 and result.stderr == "" and len(made.layers) == 3, result
    assert result.stdout == (
        f"digest\t{made.digest}\ntags\tv1,latest\nsize\t{size_of(made)}\npushed\t{pushed}\nmedia-type\t{MANIFEST}\n"
        f"artifact-type\t{CONFIG}\nstatus\tACTIVE\n{layers}referrer\t{sbom}  application/vnd.example.sbom\n"
        "scan\tCOMPLETE  HIGH 1  LOW 2\n")


@pytest.mark.parametrize("host, account", [("", {}), ("{host}/", {"registryId": "123456789012"})])
def test_what_show_asks(lab, app, host, account):
    made = lab.push_image(f"{app}:v1")
    for reference, wanted in ((":v1", {"imageTag": "v1"}), (f"@{made.digest}", {"imageDigest": made.digest}),
                              (f":v1@{made.digest}", {"imageDigest": made.digest})):
        assert image(lab, "show", host.format(host=lab.host) + "team/app" + reference).code == 0
        sent = bodies(lab)
        assert sent[1].pop("acceptedMediaTypes")[:3] == [INDEX, DOCKER.replace("manifest.v2", "manifest.list.v2"), MANIFEST]
        assert operations(lab) == ["DescribeImages", "BatchGetImage", "ListImageReferrers", "DescribeImages",
                                   "DescribeImageScanFindings"]
        digest, where = {"imageDigest": made.digest}, {**account, "repositoryName": "team/app"}
        assert sent == [{**where, "imageIds": [wanted]}, {**where, "imageIds": [digest]},
                        {**where, "subjectId": digest, "maxResults": 50},
                        {**where, "imageIds": [{"imageTag": made.digest.replace(":", "-") + ".sig"}]},
                        {**where, "imageId": digest, "maxResults": 1}]


@pytest.mark.parametrize("docker", [False, True])
def test_show_an_index(lab, app, docker):
    made = lab.push_image(f"{app}:v1", ["linux/amd64", "linux/arm/v7", "unknown/unknown"], docker=docker)
    result = image(lab, "show", "team/app:v1")
    assert result.code == 0 and [line for line in result.lines if line.startswith("platform")] == [
        f"platform\t{name}  {child.digest}  {size_of(child)}"
        for name, child in zip(("linux/amd64", "linux/arm/v7", "attestation"), made.children)]
    assert result.lines[-4] == "status\tACTIVE" and f"media-type\t{made.media_type}" in result.lines
    assert "DescribeImageScanFindings" not in operations(lab)
    answer, = image(lab, "show", "--json", "team/app:v1").json
    assert [(i.get("platform"), i["imageDigest"], i["sizeBytes"], [d["digest"] for d in i["layers"]])
            for i in answer["images"]] == [(name, child.digest, size_of(child), child.layers) for name, child in
                                           zip(("linux/amd64", "linux/arm/v7", "attestation"), made.children)]


def test_show_an_index_of_many(lab, app):
    children = lab.add_images(app, [{"size": 1000 + n} for n in range(23)])
    index, = lab.add_images(app, [{"children": children}])
    result = image(lab, "show", f"team/app@{index}")
    assert [len(body["imageIds"]) for body in bodies(lab, operation="BatchGetImage")] == [1, 10, 10, 3]
    assert [line for line in result.lines if line.startswith("platform")] == [
        f"platform\tnot said  {d}  {1000 + n}" for n, d in enumerate(children)]


def test_show_an_index_whose_child_is_gone(lab, app):
    """It is listed all the same: an index with fewer platforms would be another one."""
    child, = lab.add_images(app, [{"size": 4321}])
    lab.add_images(app, [{"tags": ["v1"], "children": [ZEROS, child]}])
    result = image(lab, "show", "team/app:v1")
    assert result.lines[-2:] == [f"platform\tnot said  {ZEROS}  size not known", f"platform\tnot said  {child}  4321"]
    answer, = image(lab, "show", "--json", "team/app:v1").json
    assert [(i["imageDigest"], i.get("sizeBytes")) for i in answer["images"]] == [(ZEROS, None), (child, 4321)]


def test_show_json(lab, app):
    made = lab.push_image(f"{app}:v1", layers=2)
    lab.add_images(app, [{"subject": made.digest, "artifact": "a/b"}, {"tags": [made.digest.replace(":", "-") + ".sig"]}])
    lab.set_scan(app, "v1", findings=[["CVE-1"]])
    detail, = lab.ecr("api", "--json", "DescribeImages", json.dumps({"repositoryName": "team/app", "imageIds": [
        {"imageTag": "v1"}]}), env=ENV).json[0]["imageDetails"]
    referrers = lab.ecr("api", "--json", "ListImageReferrers", json.dumps({"repositoryName": "team/app", "subjectId": {
        "imageDigest": made.digest}}), env=ENV).json[0]["referrers"]
    answer, = image(lab, "show", "--json", "team/app:v1").json
    scan = answer.pop("imageScan")
    assert scan["imageScanStatus"]["status"] == "COMPLETE"
    assert scan["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 1}
    layers = [{key: d[key] for key in ("digest", "mediaType", "size")} for d in json.loads(made.manifest)["layers"]]
    assert answer == {"imageDetail": detail, "referrers": referrers, "cosignTag": True, "images": [
        {"imageDigest": made.digest, "sizeBytes": size_of(made), "layers": layers}]}


def test_referrers_of_all_pages(lab, app):
    digest, = lab.add_images(app, [{"tags": ["v1"]}])
    made = lab.add_images(app, [{"subject": digest, "artifact": "a/b"}] * 120)
    lab.add_images(app, [{"tags": [digest.replace(":", "-") + ".sig"]}])
    result = image(lab, "show", "team/app:v1")
    assert [line for line in result.lines if line.startswith("referrer")] == [
        *(f"referrer\t{d}  a/b" for d in made), "referrer\ta tag in cosign's form  signature (not verified)"]
    assert len(lab.requests(operation="ListImageReferrers")) == 3


@pytest.mark.parametrize("scan, text", [
    (dict(status="FAILED"), "FAILED"), (dict(polls=1), "IN_PROGRESS"), (dict(started=False), None),
    (dict(status="ACTIVE", enhanced=True, findings=[["CVE-1", "CRITICAL"]]), "ACTIVE  CRITICAL 1"), (dict(), "COMPLETE")])
def test_scans_of_all_kinds(lab, app, scan, text):
    lab.add_images(app, [{"tags": ["v1"]}])
    lab.set_scan(app, "v1", **scan)
    result = image(lab, "show", "team/app:v1")
    assert result.code == 0 and result.stderr == ""
    assert [line for line in result.lines if line.startswith("scan")] == ([f"scan\t{text}"] if text else [])


@pytest.mark.parametrize("operation, action, member, word", [
    ("BatchGetImage", "BatchGetImage", "images", "layer"),
    ("DescribeImageScanFindings", "DescribeImageScanFindings", "imageScan", "scan"),
    ("ListImageReferrers", "BatchGetImage", "referrers", "referrer")])  # that has no action of its own
def test_what_show_may_not_know(lab, app, operation, action, member, word):
    """It is told, and left out: that nothing is there would be another answer."""
    made = lab.push_image(f"{app}:v1")
    lab.add_images(app, [{"subject": made.digest, "artifact": "a/b"}])
    lab.set_scan(app, "v1")
    words = f"User: arn:aws:iam::123456789012:user/a is not authorized to perform: ecr:{action} on resource: *"
    lab.fault("refuse", service="api", operation=operation, code="AccessDeniedException", message=words)
    for options in ([], ["--json"]):
        result = image(lab, "show", *options, "team/app:v1")
        line, = result.stderr.splitlines()
        assert result.code == 0 and "not known" in line and f"IAM action ecr:{action}" in line, result
        assert member not in result.json[0] if options else not [x for x in result.lines if x.startswith(word)]


@pytest.mark.parametrize("reference", [":v2", f"@{ZEROS}", f":v1@{ZEROS}", f":v2@{ZEROS}"])
def test_show_what_is_not_there(lab, app, reference):
    lab.add_images(app, [{"tags": ["v1"]}, {}])
    name = "team/app" + reference
    error_of(image(lab, "show", name), 1, name + ": ", "ImageNotFoundException", "'ecr image ls'")


@pytest.mark.parametrize("tag", ["v1", "v9"])
def test_show_by_digest_whatever_the_tag(lab, app, tag):
    """The digest counts, as it does for those who pull."""
    _, other = lab.add_images(app, [{"tags": ["v1"]}, {"tags": ["v2"]}])
    result = image(lab, "show", f"team/app:{tag}@{other}")
    assert result.code == 0 and result.lines[:2] == [f"digest\t{other}", "tags\tv2"] and result.stderr == "", result


@pytest.mark.parametrize("name, value", [("registryId", "210987654321"), ("repositoryName", "team/other")])
@pytest.mark.parametrize("verb", ["show", "restore"])
def test_a_reply_about_another_repository(lab, app, verb, name, value):
    digest, = lab.add_images(app, [{"tags": ["v1"]}])
    where = {"registryId": "123456789012", "repositoryName": "team/app", name: value}
    answer = {"show": {"imageDetails": [{"imageDigest": digest, "imageTags": ["v1"]}]},
              "restore": {"imageId": {"imageTag": "v1"}, "imageStatus": "ACTIVATING"}}[verb]
    lab.fault("body", service="api", text=json.dumps({**where, **answer}))
    error_of(image(lab, verb, f"{app}:v1"), 5, "")
    assert len(lab.requests()) == 1


@pytest.mark.parametrize("token", ["7", "[]", "{}", "true"])
def test_a_next_token_of_a_wrong_type(lab, app, token):
    lab.fault("body", service="api", text='{"imageDetails": [], "nextToken": ' + token + "}")
    error_of(image(lab, "ls", "team/app"), 5, "", "DescribeImages")
    assert len(lab.requests()) == 1


def test_negative_sizes(lab, app):
    """A table shows what the service said."""
    lab.fault("body", service="api", text=json.dumps({"imageDetails": [{"imageDigest": ZEROS, "imageSizeInBytes": -5}]}))
    result = image(lab, "ls", "team/app")
    assert (result.code, result.stdout) == (0, f"-\t{ZEROS}\t-5\t-\t-\t-\t-\n"), result


@pytest.mark.parametrize("status", ["ARCHIVED", "ACTIVATING"])
def test_show_an_archived_image(lab, app, status):
    digest, = lab.add_images(app, [{"tags": ["v1"], "status": status}])
    for name in ("team/app:v1", f"team/app@{digest}", f"team/app:v1@{digest}", f"{app}:v1"):
        error_of(image(lab, "show", name), 6, name + ": ", status, "'ecr image restore'")


def test_show_public(lab, public):
    there, result = details(lab, service="ecr-public"), image(lab, "show", "--public", "team/app:v1")
    assert result.code == 0 and result.stdout == (
        f"digest\t{public[1]}\ntags\tv1,latest\nsize\t1234\npushed\t{iso(there['v1']['imagePushedAt'])}\n"
        f"media-type\t{MANIFEST}\nartifact-type\t{CONFIG}\n"), result
    assert [(r["host"], r["operation"]) for r in lab.requests()] == [(PUBLIC_API, "DescribeImages")]
    name = "public.ecr.aws/lab/team/app:v2"
    error_of(image(lab, "show", name), 1, name + ": ", "ImageNotFoundException")
