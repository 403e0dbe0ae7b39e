"""Lifecycle policies and their previews."""

import fnmatch

from . import documents, images
from .images import ApiError
from .operations import not_with_paging, page, registrar, repository, tag_filter
from .operations_repository import named

TABLE, operation = registrar()

DAY = 86400


def no_policy(repo):
    return ApiError("LifecyclePolicyNotFoundException", "Lifecycle policy does not exist for the repository with name "
                    f"'{repo.name}' in the registry with id '{repo.registry_id}'")


@operation
def put_lifecycle_policy(call):
    repo = repository(call)
    documents.lifecycle(call["lifecyclePolicyText"])
    repo.lifecycle_policy, repo.lifecycle_since = call["lifecyclePolicyText"], call.world.now()
    return named(repo, lifecyclePolicyText=repo.lifecycle_policy)


@operation
def get_lifecycle_policy(call):
    repo = repository(call)
    if repo.lifecycle_policy is None:
        raise no_policy(repo)
    return named(repo, lifecyclePolicyText=repo.lifecycle_policy, lastEvaluatedAt=round(repo.lifecycle_since, 3))


@operation
def delete_lifecycle_policy(call):
    answer = get_lifecycle_policy(call)
    repository(call).lifecycle_policy = None
    return answer


# ---- what a policy does

def fits(rule, image):
    """Does the rule's selection speak of the image, whatever it counts?"""
    selection = rule["selection"]
    if image.status != ("ARCHIVED" if selection.get("storageClass") == "archive" else "ACTIVE"):
        return False
    if not tag_filter(image, selection["tagStatus"].upper()):
        return False
    patterns = selection.get("tagPatternList") or [prefix + "*" for prefix in selection.get("tagPrefixList", [])]
    return all(any(fnmatch.fnmatchcase(tag, pattern) for tag in image.image_tags) for pattern in patterns)


def since(image, count):
    """The moment a count of days begins."""
    if count == "sinceImageTransitioned":
        return image.archived_at
    pulled = getattr(image, "pulled_at", None) if count == "sinceImagePulled" else None
    return pulled or image.pushed_at


def selected(rule, fitting, now):
    """Those of the fitting images that the rule acts upon, the newest first."""
    count, number = rule["selection"]["countType"], rule["selection"]["countNumber"]
    fitting = sorted(fitting, key=lambda image: -image.pushed_at)
    if count == "imageCountMoreThan":
        return fitting[number:]
    return [image for image in fitting if now - since(image, count) > number * DAY]


def preview_result(rule, image):
    kind = rule["action"]["type"].upper()
    value = {"imageDigest": image.image_digest, "imagePushedAt": round(image.pushed_at, 3), "action": {"type": kind},
             "appliedRulePriority": rule["rulePriority"],
             "storageClass": "ARCHIVE" if image.status == "ARCHIVED" else "STANDARD"}
    if kind == "TRANSITION":
        value["action"]["targetStorageClass"] = "ARCHIVE"
    if image.image_tags:
        value["imageTags"] = list(image.image_tags)
    return value


def evaluate(repo, rules, now):
    """What the rules would do. An image that one rule speaks of is none of the later rules' business, though they count it;
    what an index lists stays as long as the index."""
    held = {digest for image in repo.images if image.image_manifest_media_type in images.INDEXES
            for digest in images.children(image)}
    results, spoken_of = [], set()
    for rule in rules:
        fitting = [image for image in repo.images if image.image_digest not in held and fits(rule, image)]
        results += [preview_result(rule, image) for image in selected(rule, fitting, now)
                    if image.image_digest not in spoken_of]
        spoken_of |= {image.image_digest for image in fitting}
    return results


# ---- previews

@operation
def start_lifecycle_policy_preview(call):
    repo = repository(call)
    text = call["lifecyclePolicyText"] or repo.lifecycle_policy
    if not text:
        raise no_policy(repo)
    rules = documents.lifecycle(text)
    if getattr(repo, "preview", None) and repo.preview["polls"] > 0:
        raise ApiError("LifecyclePolicyPreviewInProgressException", "A lifecycle policy preview is in progress for the "
                       f"repository with name '{repo.name}' in the registry with id '{repo.registry_id}'")
    status = call.world.settings["preview_status"]
    results = evaluate(repo, rules, call.world.now()) if status == "COMPLETE" else []
    repo.preview = {"text": text, "polls": call.world.settings["preview_polls"], "status": status, "results": results}
    return named(repo, lifecyclePolicyText=text, status="IN_PROGRESS")


def summary(results):
    kinds = [result["action"]["type"] for result in results]
    value = {"expiringImageTotalCount": kinds.count("EXPIRE")}
    if "TRANSITION" in kinds:
        value["transitioningImageTotalCounts"] = [{"targetStorageClass": "ARCHIVE",
                                                   "imageTotalCount": kinds.count("TRANSITION")}]
    return value


def asked_for(call, result):
    """Is the result within imageIds and filter.tagStatus?"""
    status, tags = (call["filter"] or {}).get("tagStatus"), result.get("imageTags", [])
    if status in ("TAGGED", "UNTAGGED") and (status == "TAGGED") != bool(tags):
        return False
    return not call["imageIds"] or any(i.get("imageDigest", result["imageDigest"]) == result["imageDigest"]
                                       and (not i.get("imageTag") or i["imageTag"] in tags) for i in call["imageIds"])


@operation
def get_lifecycle_policy_preview(call):
    repo = repository(call)
    not_with_paging(call, "imageIds")
    preview = getattr(repo, "preview", None)
    if preview is None:
        raise ApiError("LifecyclePolicyPreviewNotFoundException", "Lifecycle policy preview does not exist for the repository "
                       f"with name '{repo.name}' in the registry with id '{repo.registry_id}'")
    answer = named(repo, lifecyclePolicyText=preview["text"])
    if preview["polls"] > 0:
        preview["polls"] -= 1
        return {**answer, "status": "IN_PROGRESS", "previewResults": [], "summary": {}}
    found = [result for result in preview["results"] if asked_for(call, result)]
    return {**answer, "status": preview["status"], "summary": summary(preview["results"]),
            **page(call, found, "previewResults")}
