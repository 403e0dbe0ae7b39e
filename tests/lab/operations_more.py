"""Operations of the ECR API that moto lacks and that need little: previews, replication, settings, templates."""

import json

from . import images
from .images import ApiError
from .operations import page, registrar, repository, tag_filter

TABLE, operation = registrar()

SETTINGS = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2", "BLOB_MOUNTING": "DISABLED"}


def stored(call, kind):
    """A dictionary of this account and region."""
    return call.state.documents.setdefault((call.account, call.region, kind), {})


def not_found(code, what):
    return ApiError(code, f"{what} does not exist")


# ---- lifecycle previews: done at once, by the two rules that need no calendar

@operation
def start_lifecycle_policy_preview(call):
    repo = repository(call)
    text = call["lifecyclePolicyText"] or repo.lifecycle_policy
    if not text:
        raise not_found("LifecyclePolicyNotFoundException", f"Lifecycle policy of the repository '{repo.name}'")
    stored(call, "previews")[repo.name] = text
    return {"registryId": repo.registry_id, "repositoryName": repo.name, "lifecyclePolicyText": text, "status": "IN_PROGRESS"}


@operation
def get_lifecycle_policy_preview(call):
    repo = repository(call)
    text = stored(call, "previews").get(repo.name)
    if text is None:
        raise not_found("LifecyclePolicyPreviewNotFoundException", f"Lifecycle policy preview of '{repo.name}'")
    expired = []
    for rule in sorted(json.loads(text)["rules"], key=lambda r: r["rulePriority"]):
        selection = rule["selection"]
        fitting = [i for i in sorted(repo.images, key=lambda i: -i.pushed_at)
                   if tag_filter(i, selection["tagStatus"].upper())]
        if selection["countType"] == "imageCountMoreThan":
            fitting = fitting[selection["countNumber"]:]
        else:
            fitting = [i for i in fitting if call.world.now() - i.pushed_at > selection["countNumber"] * 86400]
        expired += [{"imageTags": list(i.image_tags), "imageDigest": i.image_digest, "imagePushedAt": i.pushed_at,
                     "action": {"type": "EXPIRE"}, "appliedRulePriority": rule["rulePriority"]} for i in fitting]
    return {"registryId": repo.registry_id, "repositoryName": repo.name, "lifecyclePolicyText": text, "status": "COMPLETE",
            "summary": {"expiringImageTotalCount": len(expired)}, **page(call, expired, "previewResults")}


# ---- replication

@operation
def describe_image_replication_status(call):
    repo = repository(call)
    if images.find(repo, call["imageId"]) is None:
        raise images.no_image(call["imageId"], repo)
    statuses = [{"region": "eu-west-1", "registryId": call.account, "status": "COMPLETE"}]
    return {"repositoryName": repo.name, "imageId": call["imageId"], "replicationStatuses": statuses}


# ---- account settings

@operation
def get_account_setting(call):
    return {"name": call["name"], "value": stored(call, "settings").get(call["name"], SETTINGS.get(call["name"], ""))}


@operation
def put_account_setting(call):
    stored(call, "settings")[call["name"]] = call["value"]
    return {"name": call["name"], "value": call["value"]}


# ---- repository creation templates

@operation
def create_repository_creation_template(call):
    templates = stored(call, "templates")
    if call["prefix"] in templates:
        raise ApiError("TemplateAlreadyExistsException", f"A template with prefix '{call['prefix']}' already exists")
    templates[call["prefix"]] = {**call.values, "createdAt": call.world.now(), "updatedAt": call.world.now()}
    return {"registryId": call.account, "repositoryCreationTemplate": templates[call["prefix"]]}


@operation
def describe_repository_creation_templates(call):
    templates = stored(call, "templates")
    for prefix in call["prefixes"] or []:
        if prefix not in templates:
            raise not_found("TemplateNotFoundException", f"The template with prefix '{prefix}'")
    found = [templates[p] for p in sorted(call["prefixes"] or templates)]
    return {"registryId": call.account, **page(call, found, "repositoryCreationTemplates")}


@operation
def delete_repository_creation_template(call):
    template = stored(call, "templates").pop(call["prefix"], None)
    if template is None:
        raise not_found("TemplateNotFoundException", f"The template with prefix '{call['prefix']}'")
    return {"registryId": call.account, "repositoryCreationTemplate": template}
