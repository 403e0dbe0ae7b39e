"""Operations of the ECR API that moto lacks and that need little: settings and repository creation templates."""

from .images import ApiError
from .operations import not_found, page, registrar, stored

TABLE, operation = registrar()

SETTINGS = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2", "BLOB_MOUNTING": "DISABLED"}


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
