"""The operations of ECR Public: its own repositories, images, texts and registry."""

import base64

from . import documents, images, policies
from .documents import invalid
from .images import ApiError
from .operations import not_with_paging, page, registrar

TABLE, operation = registrar()

LOGO_MAX = 512000


def repository(call):
    return call.registry.repository(call["repositoryName"])


def named(repo, **more):
    return {"registryId": repo.registry_id, "repositoryName": repo.name, **more}


@operation
def get_authorization_token(call):
    token, ends = call.keys.issue(call.key, "us-east-1", "ecr-public")
    return {"authorizationData": {"authorizationToken": token, "expiresAt": round(ends, 3)}}


# ---- repositories

@operation
def create_repository(call):
    if call["tags"]:
        call.permit("TagResource")
    tags, texts = documents.add_tags({}, call["tags"]), catalog(call) if call["catalogData"] else None
    repo = call.registry.add(call["repositoryName"], call.world.now())
    repo.resource_tags, repo.catalog = tags, texts
    return {"repository": repo.shown(), "catalogData": texts or {}}


@operation
def describe_repositories(call):
    not_with_paging(call, "repositoryNames")
    names = dict.fromkeys(call["repositoryNames"] or sorted(call.registry.repositories))
    answer = page(call, [call.registry.repository(name) for name in names], "repositories")
    answer["repositories"] = [repo.shown() for repo in answer["repositories"]]
    return answer


@operation
def delete_repository(call):
    repo = repository(call)
    if repo.images and not call["force"]:
        raise ApiError("RepositoryNotEmptyException", f"The repository with name '{repo.name}' in registry with id "
                       f"'{repo.registry_id}' cannot be deleted because it still contains images")
    call.registry.delete(repo.name)
    return {"repository": repo.shown()}


# ---- images

@operation
def describe_images(call):
    repo = repository(call)
    not_with_paging(call, "imageIds")
    if not call["imageIds"]:
        answer = page(call, repo.images, "imageDetails")
        return {**answer, "imageDetails": [repo.detail(image) for image in answer["imageDetails"]]}
    found = {}
    for image_id in call["imageIds"]:
        if not image_id:
            raise invalid("imageIds", "imageId must contain imageDigest or imageTag")
        image = images.find(repo, image_id)
        if image is None:
            raise images.no_image(image_id, repo)
        found[image.image_digest] = image
    return {"imageDetails": [repo.detail(found[digest]) for digest in sorted(found)]}


@operation
def describe_image_tags(call):
    repo = repository(call)
    answer = page(call, [(tag, image) for image in repo.images for tag in image.image_tags], "imageTagDetails")
    shown = []
    for tag, image in answer["imageTagDetails"]:
        detail = repo.detail(image)
        for name in ("registryId", "repositoryName", "imageTags"):
            del detail[name]
        shown.append({"imageTag": tag, "createdAt": round(image.pushed_at, 3), "imageDetail": detail})
    return {**answer, "imageTagDetails": shown}


@operation
def batch_delete_image(call):
    repo, answer = repository(call), {"imageIds": [], "failures": []}
    for image_id in call["imageIds"]:
        gone, failure = images.delete(repo, image_id)
        answer["imageIds"] += gone
        answer["failures"] += [failure] if failure else []
    return answer


# ---- policies

policies.enter(operation, repository, named, "ecr-public")


# ---- texts of the gallery

def catalog(call):
    """The texts as they are kept and shown: the picture has become a link to it."""
    texts = dict(call["catalogData"])
    logo = texts.pop("logoImageBlob", None)
    if logo is not None:
        try:
            size = len(base64.b64decode(logo, validate=True))
        except ValueError:
            raise ApiError("SerializationException", "logoImageBlob is not base64") from None
        if size > LOGO_MAX:
            raise invalid("logoImageBlob", f"Member must have length less than or equal to {LOGO_MAX}")
        texts["logoUrl"] = f"https://d3g9o9u8re44ak.cloudfront.net/logo/{call.account}/{call['repositoryName']}.png"
    return {**texts, "marketplaceCertified": False}


@operation
def get_repository_catalog_data(call):
    repo = repository(call)
    if repo.catalog is None:
        raise ApiError("RepositoryCatalogDataNotFoundException", "Catalog data does not exist for the repository with name "
                       f"'{repo.name}' in the registry with id '{repo.registry_id}'")
    return {"catalogData": repo.catalog}


@operation
def put_repository_catalog_data(call):
    repo = repository(call)
    repo.catalog = catalog(call)
    return {"catalogData": repo.catalog}


# ---- the registry

@operation
def describe_registries(call):
    return page(call, [call.registry.shown()], "registries")


def registry_texts(call):
    name = call.registry.display_name
    return {"registryCatalogData": {} if name is None else {"displayName": name}}


@operation
def get_registry_catalog_data(call):
    return registry_texts(call)


@operation
def put_registry_catalog_data(call):
    if call["displayName"] is not None:
        call.registry.display_name = call["displayName"]
    return registry_texts(call)


# ---- resource tags

def of_arn(call):
    """The repository of resourceArn."""
    parts = call["resourceArn"].split(":", 5)
    if len(parts) < 6 or parts[2] != "ecr-public" or not parts[5].startswith("repository/"):
        raise invalid("resourceArn", "Invalid ARN")
    return call.registry.repository(parts[5].partition("/")[2])


@operation
def list_tags_for_resource(call):
    return {"tags": documents.tag_list(of_arn(call).resource_tags)}


@operation
def tag_resource(call):
    repo = of_arn(call)
    repo.resource_tags = documents.add_tags(repo.resource_tags, call["tags"])
    return {}


@operation
def untag_resource(call):
    repo = of_arn(call)
    repo.resource_tags = {key: value for key, value in repo.resource_tags.items() if key not in call["tagKeys"]}
    return {}
