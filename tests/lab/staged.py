"""The part of the control socket that sets the scene for operations on repositories and images."""

import hashlib
import itertools
import json

from moto.ecr.models import Image

from . import images, operations_repository, operations_scan
from .synth import DOCKER, OCI

CONTROL = {}
NUMBERS = itertools.count()   # no two images made up are the same


def control(function):
    CONTROL[function.__name__] = function
    return function


# ---- many at once

@control
def create_repositories(lab, names, account, region):
    with lab.world.lock:
        for name in names:
            operations_repository.add(account, region, name, lab.world.now())


def manifest_of(where, number, size, docker=False, children=(), subject=None, artifact=None):
    """(text, media type) of a made-up manifest; nothing of what it refers to is stored anywhere."""
    types = DOCKER if docker else OCI
    if children:
        entries = [{"mediaType": types["manifest"], "size": 500, "digest": digest} for digest in children]
        value = {"schemaVersion": 2, "mediaType": types["index"], "manifests": entries,
                 "annotations": {"number": str(number)}}
    else:
        blob = lambda name, length: {"size": length, "digest": "sha256:" + hashlib.sha256(
            f"{where} {number} {name}".encode()).hexdigest()}
        value = {"schemaVersion": 2, "mediaType": types["manifest"],
                 "config": {"mediaType": types["config"], **blob("config", 100)},
                 "layers": [{"mediaType": types["layer"], **blob("layer", max(size - 100, 1))}]}
    value.update({"artifactType": artifact} if artifact else {})
    value.update({"subject": {"mediaType": types["manifest"], "size": 500, "digest": subject}} if subject else {})
    return json.dumps(value, indent=3), value["mediaType"]


@control
def add_images(lab, host, name, entries):
    """Images without content, straight into what the control plane knows; returns the digests."""
    digests, now = [], lab.world.now()
    with lab.world.lock:
        repo = lab.repository(host, name)
        for entry in entries:
            wanted = {key: entry[key] for key in ("docker", "children", "subject", "artifact") if key in entry}
            text, media_type = manifest_of(f"{host}/{name}", next(NUMBERS), entry.get("size", 1000), **wanted)
            image = Image(repo.registry_id, None, text, repo.name, media_type, images.digest_of(text.encode()))
            image.size, image.image_tags = images.size(repo, text), list(entry.get("tags", ()))
            image.pushed_at, image.status = now - entry.get("age", 0), entry.get("status", "ACTIVE")
            image.archived_at = now - entry.get("archived", 0) if image.status != "ACTIVE" else None
            image.pulled_at = now - entry["pulled"] if "pulled" in entry else None
            repo.images.append(image)
            digests.append(image.image_digest)
    return digests


# ---- scans

def basic_finding(name, severity="HIGH", package="openssl", version="3.0.1", **more):
    attributes = [{"key": "package_version", "value": version}, {"key": "package_name", "value": package},
                  {"key": "CVSS3_SCORE", "value": "7.5"}]
    return {"name": name, "severity": severity, "attributes": attributes, "description": f"{name} in {package}",
            "uri": f"https://nvd.nist.gov/vuln/detail/{name}", **more}


def enhanced_finding(lab, repo, image, name, severity="HIGH", package="openssl", version="3.0.1", fixed=None, **more):
    now = round(lab.world.now(), 3)
    packaged = {"name": package, "version": version, "arch": "X86_64", "epoch": 0, "packageManager": "OS", "release": "1",
                "sourceLayerHash": "sha256:" + "0" * 64, **({"fixedInVersion": fixed} if fixed else {})}
    where = {"registry": repo.registry_id, "repositoryName": repo.name, "imageHash": image.image_digest,
             "imageTags": list(image.image_tags), "architecture": "amd64", "platform": "ALPINE_LINUX_3_20",
             "pushedAt": round(image.pushed_at, 3)}
    return {"awsAccountId": repo.registry_id, "description": f"{name} in {package}", "severity": severity,
            "findingArn": f"arn:aws:inspector2:us-east-1:{repo.registry_id}:finding/{hashlib.md5(name.encode()).hexdigest()}",
            "firstObservedAt": now, "lastObservedAt": now, "updatedAt": now, "score": 7.5, "status": "ACTIVE",
            "title": f"{name} - {package}", "type": "PACKAGE_VULNERABILITY", "fixAvailable": "YES" if fixed else "NO",
            "exploitAvailable": "NO", "remediation": {"recommendation": {"text": "None Provided"}},
            "scoreDetails": {"cvss": {"score": 7.5, "scoreSource": "NVD", "version": "3.1", "adjustments": [],
                                      "scoringVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}},
            "packageVulnerabilityDetails": {"vulnerabilityId": name, "source": "NVD", "vulnerablePackages": [packaged],
                                            "sourceUrl": f"https://nvd.nist.gov/vuln/detail/{name}", "cvss": [],
                                            "vendorSeverity": severity, "referenceUrls": [], "relatedVulnerabilities": []},
            "resources": [{"type": "AWS_ECR_CONTAINER_IMAGE", "id": f"{repo.arn}/{image.image_digest}", "tags": {},
                           "details": {"awsEcrContainerImage": where}}], **more}


@control
def set_scan(lab, ref, findings=(), enhanced=False, age=None, **rest):
    """Findings are whole ones, or the arguments of a finding as a list or a dictionary that has no member `type` or `uri`."""
    repo, image = lab.image(ref)
    made = []
    for finding in findings:
        if isinstance(finding, dict) and ("uri" in finding or "type" in finding):
            made.append(finding)
            continue
        given, more = ([], finding) if isinstance(finding, dict) else (finding, {})
        made.append(enhanced_finding(lab, repo, image, *given, **more) if enhanced else basic_finding(*given, **more))
    at = None if age is None else lab.world.now() - age
    image.scan = operations_scan.plan(findings=made, enhanced=enhanced, at=at, **rest)


# ---- what happens elsewhere

@control
def set_replication(lab, ref, statuses, polls=0):
    _, image = lab.image(ref)
    image.replication = {"statuses": statuses, "polls": polls}


@control
def set_secret(lab, pattern, status):
    if status not in ("there", "missing", "unreadable", "undecryptable"):
        raise ValueError(f"a secret can be there, missing, unreadable or undecryptable, not {status}")
    lab.state.secrets[pattern] = status


@control
def set_validity(lab, prefix, valid, failure, account, region):
    lab.state.rules(account, region)[prefix].update(valid=valid, failure=failure)
