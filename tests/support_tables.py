"""What tests of tables and questions use: terminals, and what the service says with times and digests that stay."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time
import unicodedata

from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
NEW_YEAR = 1767225600  # 2026-01-01T00:00:00Z
LONG = "team/" + "long-" * 12 + "name"


def digest(number):
    return "sha256:" + f"{number:02x}" * 32


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\nstdout:\n{self.out}\nstderr:\n{self.err}"


def new_terminal(columns):
    """(our end, the other end) of a terminal that shows what it gets, byte for byte, and repeats nothing of what is typed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = termios.tcgetattr(theirs)
    settings[1] &= ~termios.OPOST
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    return ours, theirs


def run(lab, *arguments, columns=None, console=None, typed=None, env=None):
    """Runs the binary: stdout is a terminal of so many columns, or a pipe without.

    Console says whether "stdin", "stderr" or "both" are one. What is typed is sent when the question is there."""
    place = {"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": lab.ca, "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1",
             **lab.key_environment("full"), **(env or {})}
    ends = {"out": new_terminal(columns) if columns is not None else os.pipe(),
            "err": new_terminal(100) if console in ("stderr", "both") else os.pipe()}
    keyboard = ends["err"] if console == "both" else new_terminal(100) if console == "stdin" else (None, None)
    process = subprocess.Popen([BINARY, *arguments], env=place, stdin=keyboard[1] or subprocess.DEVNULL,
                               stdout=ends["out"][1], stderr=ends["err"][1])
    for theirs in {end[1] for end in (*ends.values(), keyboard)} - {None}:
        os.close(theirs)
    got, until = {fd: b"" for fd, _ in ends.values()}, time.monotonic() + 20
    left = list(got)
    while left:
        if time.monotonic() > until:
            process.kill()
            raise AssertionError(f"ecr {' '.join(arguments)} does not end: {got}")
        for fd in select.select(left, [], [], 0.5)[0]:
            try:
                piece = os.read(fd, 65536)
            except OSError:  # a terminal whose other end is closed
                piece = b""
            got[fd] += piece
            if not piece:
                left.remove(fd)
        if typed is not None and b"[y/N] " in got[ends["err"][0]]:
            os.write(keyboard[0], typed)
            typed = None
    texts = [got[fd].decode() for fd, _ in ends.values()]
    for ours in {end[0] for end in (*ends.values(), keyboard)} - {None}:
        os.close(ours)
    return Ran(process.wait(20), *texts)


def width(text):
    """Columns that a terminal gives to a text."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# ---- what the service says, with times and digests that stay

def says(lab, operation, **members):
    lab.fault("body", service="api", operation=operation, text=json.dumps(members, ensure_ascii=False))


def repository(name, number, mutability="MUTABLE", scan=False, encryption="AES256"):
    return {"repositoryArn": f"arn:aws:ecr:us-east-1:123456789012:repository/{name}", "registryId": "123456789012",
            "repositoryName": name, "repositoryUri": f"{HOST}/{name}", "createdAt": NEW_YEAR + number + 0.123,
            "imageTagMutability": mutability, "imageScanningConfiguration": {"scanOnPush": scan},
            "encryptionConfiguration": {"encryptionType": encryption}}


REPOSITORIES = [repository("app", 0), repository(LONG, 59, "IMMUTABLE_WITH_EXCLUSION", True, "KMS_DSSE"),
                repository("team/app", 86399, "IMMUTABLE", True, "KMS")]


def stage_repositories(lab):
    says(lab, "DescribeRepositories", repositories=REPOSITORIES)


def picture(number, size, tags=(), **more):
    return {"registryId": "123456789012", "repositoryName": "app", "imageDigest": digest(number), "imageSizeInBytes": size,
            "imagePushedAt": NEW_YEAR + number, "imageStatus": "ACTIVE",
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
            **({"imageTags": list(tags)} if tags else {}), **more}


IMAGES = [picture(1, 999), picture(2, 1234, ["v1"], lastRecordedPullTime=NEW_YEAR + 3600),
          picture(3, 45678901, ["latest", "v2", "release-" * 8 + "x"]),
          picture(4, 9876543210, ["old"], imageStatus="ARCHIVED",
                  imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json")]


def stage_images(lab):
    says(lab, "DescribeImages", imageDetails=IMAGES)


# The policy that "--keep 1" stands for: a preview tells of which it is.
KEEP_1 = json.dumps({"rules": [
    {"action": {"type": "expire"}, "rulePriority": 1, "description": "the newest images stay",
     "selection": {"countNumber": 1, "countType": "imageCountMoreThan", "tagStatus": "any"}}]}, indent=1)


def stage_preview(lab):
    lab.create_repositories(["app"])
    results = [{"imageDigest": digest(1), "imageTags": ["v1", "v1.0"], "imagePushedAt": NEW_YEAR, "action": {"type": "EXPIRE"},
                "appliedRulePriority": 1},
               {"imageDigest": digest(2), "imagePushedAt": NEW_YEAR + 1.5, "action": {"type": "TRANSITION"},
                "appliedRulePriority": 200}]
    says(lab, "GetLifecyclePolicyPreview", status="COMPLETE", previewResults=results, lifecyclePolicyText=KEEP_1, summary={})


def rule(prefix, url, **more):
    return {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": url, "createdAt": NEW_YEAR, "registryId": "123456789012",
            "updatedAt": NEW_YEAR, "upstreamRepositoryPrefix": "ROOT", **more}


SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
FAULT = "The upstream registry refused the login that the secret holds"
RULES = [rule("docker-hub", "registry-1.docker.io", upstreamRegistry="docker-hub", credentialArn=SECRET),
         rule("prod", "210987654321.dkr.ecr.eu-west-1.amazonaws.com", upstreamRepositoryPrefix="base/images",
              customRoleArn="arn:aws:iam::123456789012:role/cache"),
         rule("quay", "quay.io", upstreamRegistry="quay")]


def stage_cache(lab):
    for one in RULES:
        broken = {"valid": False, "failure": FAULT} if one["ecrRepositoryPrefix"] == "docker-hub" else {}
        lab.cache_rule(one["ecrRepositoryPrefix"], one["upstreamRegistryUrl"], **broken)
    says(lab, "DescribePullThroughCacheRules", pullThroughCacheRules=RULES)


def to(region, account="123456789012"):
    return {"region": region, "registryId": account}


REPLICATION = {"rules": [{"destinations": [to("eu-west-1"), to("ap-southeast-2", "210987654321")],
                          "repositoryFilters": [{"filter": "prod-", "filterType": "PREFIX_MATCH"},
                                                {"filter": "team/", "filterType": "PREFIX_MATCH"}]},
                         {"destinations": [to("us-west-2")]}]}


def stage_replication(lab):
    says(lab, "DescribeRegistry", registryId="123456789012", replicationConfiguration=REPLICATION)


STATUSES = [{**to("ap-southeast-2", "210987654321"), "status": "FAILED", "failureCode": "REPOSITORY_CREATION_DENIED"},
            {**to("eu-west-1"), "status": "COMPLETE"}, {**to("us-west-2"), "status": "IN_PROGRESS"}]


def stage_statuses(lab):
    says(lab, "DescribeImageReplicationStatus", repositoryName="app", imageId={"imageTag": "v1"}, replicationStatuses=STATUSES)


def basic(name, severity, package, version):
    attributes = [{"key": "package_version", "value": version}, {"key": "package_name", "value": package}]
    return {"name": name, "severity": severity, "attributes": attributes, "uri": f"https://nvd.nist.gov/vuln/detail/{name}"}


def enhanced(name, severity, title, package, version, fixed=None):
    packaged = {"name": package, "version": version, **({"fixedInVersion": fixed} if fixed else {})}
    return {"severity": severity, "title": title, "type": "PACKAGE_VULNERABILITY",
            "packageVulnerabilityDetails": {"vulnerabilityId": name, "vulnerablePackages": [packaged]}}


BASIC = [basic("CVE-2026-0001", "LOW", "zlib", "1.3-r1"),
         basic("CVE-2026-10002", "CRITICAL", "openssl", "3.0.1~deb12u1+security"),
         {"name": "CVE-2026-0003", "severity": "HIGH"}]
ENHANCED = [enhanced("CVE-2026-2", "MEDIUM", "認証を回避できる欠陥が見つかった - libwide", "libwide", "1.0", "1.1"),
            enhanced("CVE-2026-1", "HIGH", "cafe\u0301 au lait is re\u0301pe\u0301te\u0301 - liblait", "liblait", "2:3.4"),
            enhanced("CVE-2026-3", "HIGH", "\u001b[2J\u202etab\tand\nline ##[error] - evil", "evil", "0", "none")]


def stage_scan(lab, status="COMPLETE", **findings):
    counts = {}
    for finding in next(iter(findings.values())):
        counts[finding["severity"]] = counts.get(finding["severity"], 0) + 1
    says(lab, "DescribeImageScanFindings", imageScanStatus={"status": status}, repositoryName="app",
         imageId={"imageTag": "v1", "imageDigest": digest(2)}, imageScanFindings={**findings, "findingSeverityCounts": counts})


STAGES = {
    "repo ls": (stage_repositories, ["repo", "ls"], 0),
    "image ls": (stage_images, ["image", "ls", "app"], 0),
    "lifecycle preview": (stage_preview, ["lifecycle", "preview", "--keep", "1", "app"], 0),
    "cache ls": (stage_cache, ["cache", "ls"], 0),
    "replication show": (stage_replication, ["replication", "show"], 0),
    "replication status": (stage_statuses, ["replication", "status", "app:v1"], 5),
    "scan show, basic": (lambda lab: stage_scan(lab, findings=BASIC), ["scan", "show", "app:v1"], 0),
    "scan show, enhanced": (lambda lab: stage_scan(lab, "ACTIVE", enhancedFindings=ENHANCED), ["scan", "show", "app:v1"], 0),
}


# ---- a registry with something of everything

POLICY = json.dumps({"Version": "2012-10-17",
                     "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]})
REGISTRY_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "all", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": ["ecr:ReplicateImage"],
     "Resource": ["arn:aws:ecr:us-east-1:123456789012:repository/*"]}]})
KEEP = json.dumps({"rules": [{"rulePriority": 1, "action": {"type": "expire"},
                              "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}}]})

SCANNING = [{"scanFrequency": frequency, "repositoryFilters": [{"filter": name, "filterType": "WILDCARD"}]}
            for frequency, name in (("SCAN_ON_PUSH", "prod*"), ("CONTINUOUS_SCAN", "team/*"))]


def stage_everything(lab):
    lab.create_repositories(["app"])
    api = lab.api()
    api.set_repository_policy(repositoryName="app", policyText=POLICY)
    api.put_registry_policy(policyText=REGISTRY_POLICY)
    api.put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=KEEP)
    api.put_replication_configuration(replicationConfiguration=REPLICATION)
    api.put_registry_scanning_configuration(scanType="ENHANCED", rules=SCANNING)
    lab.cache_rule("quay", "quay.io")
    lab.clear_log()
