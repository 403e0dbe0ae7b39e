"""Scans of images for vulnerabilities, and the registry's scanning configuration."""

import fnmatch

from . import images
from .images import ApiError
from .operations import image_of, page, registrar, repository, stored
from .operations_repository import all_of, named

TABLE, operation = registrar()

DAY = 86400
DESCRIPTIONS = {"COMPLETE": "The scan was completed successfully.", "ACTIVE": "Continuous scan is selected for image.",
                "FAILED": "The scan failed.", "UNSUPPORTED_IMAGE": "The operating system is not supported.",
                "FINDINGS_UNAVAILABLE": "The scan findings are not available.", "IMAGE_ARCHIVED": "The image is archived.",
                "SCAN_ELIGIBILITY_EXPIRED": "The image is no longer eligible for scanning."}
WITH_FINDINGS = ("COMPLETE", "ACTIVE")
FREQUENCIES = {"BASIC": ("SCAN_ON_PUSH", "MANUAL"), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}


def shown_id(call, image):
    tag = call["imageId"].get("imageTag")
    return {"imageDigest": image.image_digest, **({"imageTag": tag} if tag else {})}


# ---- scans. `image.scan` is what a test or StartImageScan made: status, findings, enhanced, polls (left), pending (the
# status until then), again (polls of the next scan), started (is there a scan?), at (of the last one, None: long ago).

def plan(status="COMPLETE", findings=(), enhanced=False, polls=0, pending="IN_PROGRESS", started=True, at=None):
    return {"status": status, "findings": list(findings), "enhanced": enhanced, "polls": polls, "again": polls,
            "pending": pending, "started": started, "at": at, "completed": at}


@operation
def start_image_scan(call):
    repo = repository(call)
    image, now = image_of(call, repo), call.world.now()
    if configuration(call)["scanType"] == "ENHANCED":
        raise ApiError("ValidationException", "This feature is disabled: the scan type of the registry is ENHANCED")
    if image.status != "ACTIVE":
        raise ApiError("ImageArchivedException", f"The image with digest '{image.image_digest}' is archived")
    if image.image_manifest_media_type in images.INDEXES:
        raise ApiError("UnsupportedImageTypeException", "The operation is not supported for images of the type "
                       f"'{image.image_manifest_media_type}'")
    scan = image.__dict__.setdefault("scan", plan(started=False))
    if scan["at"] is not None and now - scan["at"] < DAY:
        raise ApiError("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
    scan.update(started=True, at=now, polls=scan["again"], completed=now)
    return named(repo, imageId=shown_id(call, image), imageScanStatus={"status": scan["pending"]})


def counts(findings):
    found = {}
    for finding in findings:
        found[finding["severity"]] = found.get(finding["severity"], 0) + 1
    return found


@operation
def describe_image_scan_findings(call):
    repo = repository(call)
    image = image_of(call, repo)
    scan = getattr(image, "scan", None)
    if scan is None or not scan["started"]:
        raise ApiError("ScanNotFoundException", "Image scan does not exist for the image with "
                       f"'{images.spelled(call['imageId'])}' in the repository with name '{repo.name}' "
                       f"in the registry with id '{repo.registry_id}'")
    answer = named(repo, imageId=shown_id(call, image))
    status = "IMAGE_ARCHIVED" if image.status != "ACTIVE" else scan["status"]
    if status != "IMAGE_ARCHIVED" and scan["polls"] > 0:
        scan["polls"] -= 1
        return {**answer, "imageScanStatus": {"status": scan["pending"]}}
    answer["imageScanStatus"] = {"status": status, "description": DESCRIPTIONS.get(status, status)}
    if status not in WITH_FINDINGS:
        return answer
    kind = "enhancedFindings" if scan["enhanced"] else "findings"
    found = page(call, scan["findings"], kind)
    done = round(scan["completed"] or image.pushed_at, 3)
    answer["imageScanFindings"] = {kind: found.pop(kind), "findingSeverityCounts": counts(scan["findings"]),
                                   "imageScanCompletedAt": done, "vulnerabilitySourceUpdatedAt": done}
    return {**answer, **found}


# ---- the registry's configuration

def configuration(call):
    return stored(call, "registry").get("scanning", {"scanType": "BASIC", "rules": []})


@operation
def get_registry_scanning_configuration(call):
    return {"registryId": call.account, "scanningConfiguration": configuration(call)}


@operation
def put_registry_scanning_configuration(call):
    wanted = {"scanType": call["scanType"] or configuration(call)["scanType"], "rules": call["rules"] or []}
    frequencies = [rule["scanFrequency"] for rule in wanted["rules"]]
    for frequency in frequencies:
        if frequency not in FREQUENCIES[wanted["scanType"]]:
            raise ApiError("ValidationException", f"The scan type {wanted['scanType']} has no scan frequency {frequency}")
    if len(set(frequencies)) < len(frequencies):
        raise ApiError("ValidationException", "There may be one rule for a scan frequency")
    stored(call, "registry")["scanning"] = wanted
    return {"registryScanningConfiguration": wanted}


def matches(pattern, name):
    """A filter without a wildcard finds its text anywhere in the name."""
    return fnmatch.fnmatchcase(name, pattern if "*" in pattern else f"*{pattern}*")


def effective(call, repo):
    """How a repository is scanned: by the registry's rules, the more frequent first, or by its own old switch."""
    applied, frequency = [], "MANUAL"
    rules = configuration(call)["rules"]
    for rule in sorted(rules, key=lambda r: ("CONTINUOUS_SCAN", "SCAN_ON_PUSH", "MANUAL").index(r["scanFrequency"])):
        found = [entry for entry in rule["repositoryFilters"] if matches(entry["filter"], repo.name)]
        if found and not applied:
            applied, frequency = found, rule["scanFrequency"]
    if not rules and repo.image_scanning_configuration.get("scanOnPush"):
        frequency = "SCAN_ON_PUSH"
    return {"repositoryArn": repo.arn, "repositoryName": repo.name, "scanOnPush": frequency != "MANUAL",
            "scanFrequency": frequency, "appliedScanFilters": applied}


@operation
def batch_get_repository_scanning_configuration(call):
    there = all_of(call)
    failures = [{"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND",
                 "failureReason": f"The repository with name '{name}' does not exist"}
                for name in call["repositoryNames"] if name not in there]
    return {"scanningConfigurations": [effective(call, there[name]) for name in call["repositoryNames"] if name in there],
            "failures": failures}
