"""The operations of the ECR API that the lab answers itself: those on images, and those moto lacks."""

import base64
import hashlib
import json

from . import distribution, images, links, upstream
from .images import ApiError
from .state import space


def registrar():
    """A table of operations, and the decorator that enters a function under the operation's name."""
    table = {}

    def enter(function):
        table["".join(word.capitalize() for word in function.__name__.split("_"))] = function
        return function

    return table, enter


TABLE, operation = registrar()


# ---- helpers

def repository(call):
    return images.repository(call.account, call.region, call["repositoryName"])


def image_of(call, repo):
    """The image of the member imageId."""
    image_id = call["imageId"]
    if not image_id:
        raise ApiError("InvalidParameterException", "Invalid parameter at 'imageId' failed to satisfy constraint: "
                       "'imageId must contain imageDigest or imageTag'")
    image = images.find(repo, image_id)
    if image is None:
        raise images.no_image(image_id, repo)
    return image


def stored(call, kind):
    """A dictionary of this account and region."""
    return call.state.documents.setdefault((call.account, call.region, kind), {})


def not_found(code, what):
    return ApiError(code, f"{what} does not exist")


def page(call, items, key, default=100):
    """One page of a listing. The token is opaque, and good for a call with the same parameters only."""
    frozen = {k: v for k, v in call.values.items() if k not in ("nextToken", "maxResults")}
    mark = hashlib.sha256(json.dumps([call.name, frozen], sort_keys=True).encode()).hexdigest()[:16]
    start, blank = 0, call.world.settings["empty_pages"]
    if call["nextToken"]:
        try:
            seen, start, blank = json.loads(base64.b64decode(call["nextToken"]))
        except (ValueError, TypeError):
            seen = None
        if seen != mark:
            raise ApiError("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: "
                           "'Invalid token'")
    limit = min(call["maxResults"] or default, call.world.settings["page_limit"] or 1000)
    token = lambda at, empty: base64.b64encode(json.dumps([mark, at, empty]).encode()).decode()
    if blank:
        return {key: [], "nextToken": token(start, False)}
    answer = {key: items[start:start + limit]}
    if start + limit < len(items):
        answer["nextToken"] = token(start + limit, call.world.settings["empty_pages"])
    return answer


def not_with_paging(call, member):
    if call[member] and (call["nextToken"] or call["maxResults"]):
        raise ApiError("InvalidParameterException", f"Invalid parameter at '{member}' failed to satisfy constraint: "
                       f"'nextToken and maxResults cannot be used with {member}'")


def shown_by(call, image, status):
    """Does a listing with filter.imageStatus (None: not given) show the image?"""
    if image.status == "ACTIVE":
        return status in (None, "ACTIVE", "ANY")
    return call.world.settings["archived_in_listing"] and status in ("ANY", image.status)


def tag_filter(image, status):
    return status in (None, "ANY") or (status == "TAGGED") == bool(image.image_tags)


# ---- images

@operation
def describe_images(call):
    repo = repository(call)
    not_with_paging(call, "imageIds")
    images.restore(repo, call.world.now())
    wanted = call["filter"] or {}
    settings = call.world.settings
    if not call["imageIds"]:
        found = [i for i in repo.images if shown_by(call, i, wanted.get("imageStatus"))
                 and tag_filter(i, wanted.get("tagStatus"))]
        answer = page(call, found, "imageDetails")
        answer["imageDetails"] = [images.detail(repo, i) for i in answer["imageDetails"]]
        return answer
    if wanted and settings["filter_with_ids"] == "reject":
        raise ApiError("InvalidParameterException", "Invalid parameter at 'filter' failed to satisfy constraint: "
                       "'filter cannot be used with imageIds'")
    found = {}
    for image_id in call["imageIds"]:
        if not image_id:
            raise ApiError("InvalidParameterException", "Invalid parameter at 'imageIds' failed to satisfy constraint: "
                           "'imageId must contain imageDigest or imageTag'")
        image = images.find(repo, image_id)
        visible = image and (image.status == "ACTIVE" or settings["archived_by_id"] == "shown"
                             or shown_by(call, image, wanted.get("imageStatus")))
        if not visible:
            raise images.no_image(image_id, repo)
        found[image.image_digest] = image
    # The service promises no order; by digest is an order nobody asked for.
    return {"imageDetails": [images.detail(repo, found[digest]) for digest in sorted(found)]}


@operation
def list_images(call):
    repo, wanted, ids = repository(call), call["filter"] or {}, []
    for image in repo.images:
        if shown_by(call, image, wanted.get("imageStatus")) and tag_filter(image, wanted.get("tagStatus")):
            ids += [{"imageDigest": image.image_digest, "imageTag": t} for t in image.image_tags] or \
                   [{"imageDigest": image.image_digest}]
    return page(call, ids, "imageIds")


@operation
def batch_get_image(call):
    bring = lambda tag: tag and upstream.fetch(call.world, call.state, call.key, call.account, call.region,
                                               call["repositoryName"], tag)
    try:
        repo = repository(call)
    except ApiError:
        if not any([bring(image_id.get("imageTag")) for image_id in call["imageIds"]]):
            raise
        repo = repository(call)
    answer = {"images": [], "failures": []}
    for image_id in call["imageIds"]:
        image = images.find(repo, image_id) or bring(image_id.get("imageTag")) and images.find(repo, image_id)
        tag = image_id.get("imageTag")
        failure = images.failure(repo, image_id, image if image and image.status == "ACTIVE" else None)
        if failure is None:
            shown = {"imageDigest": image.image_digest}
            if tag or image.image_tags:
                shown["imageTag"] = tag or image.image_tags[0]
            answer["images"].append({
                "registryId": repo.registry_id, "repositoryName": repo.name, "imageId": shown,
                "imageManifest": image.image_manifest, "imageManifestMediaType": image.image_manifest_media_type})
        else:
            answer["failures"].append(failure)
    return answer


@operation
def put_image(call):
    repo = repository(call)
    manifest = call["imageManifest"].encode()
    try:
        value = json.loads(manifest)
        said = value.get("mediaType")
        media_type = call["imageManifestMediaType"] or said
    except (ValueError, AttributeError):
        raise ApiError("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
                       "'Invalid JSON syntax'") from None
    digest = images.digest_of(manifest)
    if call["imageDigest"] and call["imageDigest"] != digest:
        raise ApiError("ImageDigestDoesNotMatchException", f"The calculated digest of the manifest is {digest}")
    if media_type not in images.MANIFESTS:
        raise ApiError("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
                       "'the media type of the manifest is not known'")
    if said not in (None, media_type):
        raise ApiError("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
                       f"'manifest media type should be {media_type} not {said}'")
    if call["imageTag"] and not images.TAG.fullmatch(call["imageTag"]):
        raise ApiError("InvalidParameterException", "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must "
                       f"satisfy regular expression {images.TAG.pattern}'")
    where = space(call.world, call.account, call.region, repo.name)
    known = images.find(repo, {"imageDigest": digest})  # another tag of it asks nothing of the storage
    if not known and distribution.put_manifest(where, digest, media_type, manifest).status >= 400:
        code = "ReferencedImagesNotFoundException" if media_type in images.INDEXES else "LayersNotFoundException"
        raise ApiError(code, f"The manifest refers to what the repository '{repo.name}' does not hold")
    image = images.put(repo, manifest, media_type, call["imageTag"], call.world.now())
    shown = {"imageDigest": image.image_digest}
    if call["imageTag"]:
        shown["imageTag"] = call["imageTag"]
    return {"image": {"registryId": repo.registry_id, "repositoryName": repo.name, "imageId": shown,
                      "imageManifest": call["imageManifest"], "imageManifestMediaType": media_type}}


@operation
def batch_delete_image(call):
    repo = repository(call)
    answer = {"imageIds": [], "failures": []}
    for image_id in call["imageIds"]:
        gone, failure = images.delete(repo, image_id)
        answer["imageIds"] += gone
        if failure:
            answer["failures"].append(failure)
    return answer


@operation
def update_image_storage_class(call):
    repo = repository(call)
    image = image_of(call, repo)
    archive = call["targetStorageClass"] == "ARCHIVE"
    if image.status != ("ACTIVE" if archive else "ARCHIVED"):
        raise ApiError("ImageStorageClassUpdateNotSupportedException", f"The image with digest '{image.image_digest}' is "
                       f"{image.status}: its storage class cannot become {call['targetStorageClass']}")
    if archive:
        image.status, image.archived_at = "ARCHIVED", call.world.now()
    else:
        image.status, image.restore_polls = "ACTIVATING", call.world.settings["restore_polls"]
    return {"registryId": repo.registry_id, "repositoryName": repo.name, "imageId": call["imageId"],
            "imageStatus": image.status}


@operation
def list_image_referrers(call):
    repo, found = repository(call), []
    wanted = (call["filter"] or {}).get("artifactTypes")
    for image in repo.images:
        value = json.loads(image.image_manifest)
        kind = value.get("artifactType") or value.get("config", {}).get("mediaType")
        if (value.get("subject") or {}).get("digest") == call["subjectId"]["imageDigest"] and (not wanted or kind in wanted):
            found.append({"digest": image.image_digest, "mediaType": image.image_manifest_media_type, "artifactType": kind,
                          "size": len(image.image_manifest.encode()), "annotations": value.get("annotations", {}),
                          "artifactStatus": image.status})
    return page(call, found, "referrers", 20)


# ---- layers

@operation
def batch_check_layer_availability(call):
    where = space(call.world, call.account, call.region, repository(call).name)
    answer = {"layers": [], "failures": []}
    for digest in call["layerDigests"]:
        size = distribution.has_blob(where, digest)
        layer = {"layerDigest": digest, "layerAvailability": "UNAVAILABLE" if size is None else "AVAILABLE"}
        if size is not None:
            layer.update(layerSize=size, mediaType="application/vnd.docker.image.rootfs.diff.tar.gzip")
        answer["layers"].append(layer)
    return answer


@operation
def get_download_url_for_layer(call):
    repo, digest = repository(call), call["layerDigest"]
    where = space(call.world, call.account, call.region, repo.name)
    if distribution.has_blob(where, digest) is None:
        raise ApiError("LayersNotFoundException", f"The layer with digest '{digest}' does not exist in the repository with "
                       f"name '{repo.name}' in the registry with id '{repo.registry_id}'")
    if not any(digest in image.image_manifest for image in repo.images):
        raise ApiError("LayerInaccessibleException", f"The layer with digest '{digest}' is not part of any image")
    return {"downloadUrl": links.make(call.world, call.region, where, digest), "layerDigest": digest}


# ---- registry

@operation
def get_authorization_token(call):
    answer = []
    for account in call["registryIds"] or [call.key.account]:
        token, ends = call.keys.issue(call.key, call.region)
        answer.append({"authorizationToken": token, "expiresAt": round(ends, 3),
                       "proxyEndpoint": f"https://{account}.dkr.ecr.{call.region}.{call.host_suffix}"})
    return {"authorizationData": answer}
