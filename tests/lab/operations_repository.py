"""Repositories, their settings, policies and resource tags, and the policy of the registry."""

import datetime

from moto.ecr.models import Repository, ecr_backends

from . import documents, images, policies
from .documents import invalid
from .images import ApiError
from .operations import not_with_paging, page, registrar, repository, stored

TABLE, operation = registrar()

UTC = datetime.timezone.utc
STARS_MAX = 2


def all_of(call):
    """The repositories of this account and region: name -> repository."""
    return ecr_backends[call.account][call.region].repositories


def tags_of(repo):
    """The resource tags. A repository that came with a first pull has none."""
    return repo.__dict__.setdefault("resource_tags", {})


def shown(call, repo):
    """A repository as the API shows it."""
    mode = getattr(repo.image_tag_mutability, "value", repo.image_tag_mutability)
    value = {"repositoryArn": repo.arn, "registryId": repo.registry_id, "repositoryName": repo.name,
             # moto knows one partition's names only
             "repositoryUri": repo.uri.replace("amazonaws.com/", call.host_suffix + "/"),
             "createdAt": round(repo.created_at.replace(tzinfo=UTC).timestamp(), 3), "imageTagMutability": mode,
             "imageScanningConfiguration": repo.image_scanning_configuration,
             "encryptionConfiguration": repo.encryption_configuration}
    if repo.image_tag_mutability_exclusion_filters:
        value["imageTagMutabilityExclusionFilters"] = repo.image_tag_mutability_exclusion_filters
    return value


def named(repo, **more):
    return {"registryId": repo.registry_id, "repositoryName": repo.name, **more}


# ---- repositories

def add(account, region, name, now, mutability=None, filters=None, scanning=None, encryption=None, tags=None):
    """A new repository, without a check of anything."""
    repo = Repository(account, region, name, account, None, scanning, mutability or "MUTABLE", filters)
    repo.encryption_configuration = encryption or {"encryptionType": "AES256"}
    repo.created_at = datetime.datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    repo.resource_tags = tags or {}
    ecr_backends[account][region].repositories[name] = repo
    return repo


def check_mutability(call):
    mode, filters = call["imageTagMutability"] or "MUTABLE", call["imageTagMutabilityExclusionFilters"]
    if mode.endswith("WITH_EXCLUSION") != bool(filters):
        rule = "are needed" if not filters else "cannot be given"
        raise invalid("imageTagMutabilityExclusionFilters", f"filters {rule} when imageTagMutability is set as {mode}")
    for entry in filters or []:
        if entry["filter"].count("*") > STARS_MAX:
            raise invalid("imageTagMutabilityExclusionFilters", f"a filter may hold {STARS_MAX} wildcards")


def encryption(call):
    wanted = dict(call["encryptionConfiguration"] or {"encryptionType": "AES256"})
    if wanted["encryptionType"] == "AES256":
        if wanted.get("kmsKey"):
            raise invalid("encryptionConfiguration", "kmsKey cannot be given with the encryption type AES256")
        return wanted
    partition = "aws-cn" if call.region.startswith("cn-") else "aws"
    # Without a key it is the account's own of the service: one in each region.
    wanted.setdefault("kmsKey", f"arn:{partition}:kms:{call.region}:{call.account}:key/"
                      f"00000000-0000-4000-8000-{call.account}")
    return wanted


@operation
def create_repository(call):
    name = call["repositoryName"]
    if call["tags"]:
        call.permit("TagResource")
    check_mutability(call)
    tags, wanted = documents.add_tags({}, call["tags"]), encryption(call)
    if name in all_of(call):
        raise ApiError("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists in the registry "
                       f"with id '{call.account}'")
    scanning = {"scanOnPush": False, **(call["imageScanningConfiguration"] or {})}
    repo = add(call.account, call.region, name, call.world.now(), call["imageTagMutability"],
               call["imageTagMutabilityExclusionFilters"], scanning, wanted, tags)
    return {"repository": shown(call, repo)}


@operation
def describe_repositories(call):
    not_with_paging(call, "repositoryNames")
    there = all_of(call)
    for name in call["repositoryNames"] or []:
        if name not in there:
            raise images.no_repository(name, call.account)
    answer = page(call, [there[name] for name in dict.fromkeys(call["repositoryNames"] or there)], "repositories")
    answer["repositories"] = [shown(call, repo) for repo in answer["repositories"]]
    return answer


@operation
def delete_repository(call):
    repo = repository(call)
    if repo.images and not call["force"]:
        raise ApiError("RepositoryNotEmptyException", f"The repository with name '{repo.name}' in registry with id "
                       f"'{repo.registry_id}' cannot be deleted because it still contains images")
    del all_of(call)[repo.name]
    value = shown(call, repo)
    return {"repository": {name: value[name] for name in ("repositoryArn", "registryId", "repositoryName", "repositoryUri",
                                                          "createdAt", "imageTagMutability")}}


@operation
def put_image_tag_mutability(call):
    repo = repository(call)
    check_mutability(call)
    repo.image_tag_mutability = call["imageTagMutability"]
    repo.image_tag_mutability_exclusion_filters = call["imageTagMutabilityExclusionFilters"]
    more = {"imageTagMutability": call["imageTagMutability"]}
    if call["imageTagMutabilityExclusionFilters"]:
        more["imageTagMutabilityExclusionFilters"] = call["imageTagMutabilityExclusionFilters"]
    return named(repo, **more)


@operation
def put_image_scanning_configuration(call):
    repo = repository(call)
    repo.image_scanning_configuration = {"scanOnPush": False, **call["imageScanningConfiguration"]}
    return named(repo, imageScanningConfiguration=repo.image_scanning_configuration)


# ---- policies of repositories

policies.enter(operation, repository, named, "ecr")


# ---- the policy of the registry

def registry_policy(call):
    text = stored(call, "registry").get("policy")
    if text is None:
        raise ApiError("RegistryPolicyNotFoundException", "Registry policy does not exist in the registry with id "
                       f"'{call.account}'")
    return {"registryId": call.account, "policyText": text}


@operation
def put_registry_policy(call):
    documents.policy(call["policyText"], "ecr", "registry")
    stored(call, "registry")["policy"] = call["policyText"]
    return registry_policy(call)


@operation
def get_registry_policy(call):
    return registry_policy(call)


@operation
def delete_registry_policy(call):
    answer = registry_policy(call)
    del stored(call, "registry")["policy"]
    return answer


# ---- resource tags

def of_arn(call):
    """The repository of resourceArn; Call has seen to its account."""
    parts = call["resourceArn"].split(":", 5)
    if len(parts) < 6 or parts[2] != "ecr" or not parts[5].startswith("repository/"):
        raise invalid("resourceArn", "Invalid ARN")
    name = parts[5].partition("/")[2]
    if parts[3] != call.region:
        raise images.no_repository(name, call.account)
    return images.repository(call.account, call.region, name)


@operation
def list_tags_for_resource(call):
    return {"tags": documents.tag_list(tags_of(of_arn(call)))}


@operation
def tag_resource(call):
    repo = of_arn(call)
    repo.resource_tags = documents.add_tags(tags_of(repo), call["tags"])
    return {}


@operation
def untag_resource(call):
    repo = of_arn(call)
    repo.resource_tags = {key: value for key, value in tags_of(repo).items() if key not in call["tagKeys"]}
    return {}
