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
    wanted = call["filter"] or {}
    settings = call.world.settings
    if not call["imageIds"]:
        found = [i for i in repo.images if shown_by(call, i, wanted.get("imageStatus"))
                 and tag_filter(i, wanted.get("tagStatus"))]
        return page(call, [images.detail(repo, i) for i in found], "imageDetails")
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
        tag, digest = image_id.get("imageTag"), image_id.get("imageDigest")
        if not image_id:
            code, reason = "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
        elif image is None and tag and digest and images.find(repo, {"imageTag": tag}):
            code, reason = "ImageTagDoesNotMatchDigest", "Requested image tag does not match the digest"
        elif image is None or image.status != "ACTIVE":
            code, reason = "ImageNotFound", "Requested image not found"
        else:
            shown = {"imageDigest": image.image_digest}
            if tag or image.image_tags:
                shown["imageTag"] = tag or image.image_tags[0]
            answer["images"].append({
                "registryId": repo.registry_id, "repositoryName": repo.name, "imageId": shown,
                "imageManifest": image.image_manifest, "imageManifestMediaType": image.image_manifest_media_type})
            continue
        answer["failures"].append({"imageId": image_id, "failureCode": code, "failureReason": reason})
    return answer


@operation
def put_image(call):
    repo = repository(call)
    manifest = call["imageManifest"].encode()
    try:
        value = json.loads(manifest)
        media_type = call["imageManifestMediaType"] or value.get("mediaType")
    except (ValueError, AttributeError):
        raise ApiError("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
                       "'Invalid JSON syntax'") from None
    digest = images.digest_of(manifest)
    if call["imageDigest"] and call["imageDigest"] != digest:
        raise ApiError("ImageDigestDoesNotMatchException", f"The calculated digest of the manifest is {digest}")
    if media_type not in images.MANIFESTS:
        raise ApiError("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
                       "'the media type of the manifest is not known'")
    stored = distribution.put_manifest(space(call.world, call.account, call.region, repo.name), digest, media_type, manifest)
    if stored.status >= 400:
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
    image = images.find(repo, call["imageId"])
    if image is None:
        raise images.no_image(call["imageId"], repo)
    archived = call["targetStorageClass"] == "ARCHIVE"
    image.status = "ARCHIVED" if archived else "ACTIVATING"
    image.archived_at = call.world.now() if archived else image.archived_at
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


# ---- pull-through cache rules

def cache_rule(call):
    rules = call.state.rules(call.account, call.region)
    found = rules.get(call["ecrRepositoryPrefix"])
    if found is None:
        raise ApiError("PullThroughCacheRuleNotFoundException", "The pull through cache rule with prefix "
                       f"'{call['ecrRepositoryPrefix']}' does not exist in the registry with id '{call.account}'")
    return rules, found


def plain(rule, *without):
    """The rule as calls show it."""
    return {k: v for k, v in rule.items() if k not in ("valid", "failure", *without)}


@operation
def describe_pull_through_cache_rules(call):
    not_with_paging(call, "ecrRepositoryPrefixes")
    rules = call.state.rules(call.account, call.region)
    for prefix in call["ecrRepositoryPrefixes"] or []:
        if prefix not in rules:
            call.values["ecrRepositoryPrefix"] = prefix
            cache_rule(call)
    wanted = sorted(call["ecrRepositoryPrefixes"] or rules)
    return page(call, [plain(rules[p]) for p in wanted], "pullThroughCacheRules")


@operation
def create_pull_through_cache_rule(call):
    rules = call.state.rules(call.account, call.region)
    if call["ecrRepositoryPrefix"] in rules:
        raise ApiError("PullThroughCacheRuleAlreadyExistsException", "A pull through cache rule with prefix "
                       f"'{call['ecrRepositoryPrefix']}' already exists")
    return call.state.add_rule(call.account, call.region, call.world.now(), **call.values)


@operation
def update_pull_through_cache_rule(call):
    _, rule = cache_rule(call)
    rule.update({k: v for k, v in call.values.items() if k in ("credentialArn", "customRoleArn")})
    rule["updatedAt"] = call.world.now()
    return plain(rule, "createdAt")


@operation
def delete_pull_through_cache_rule(call):
    rules, rule = cache_rule(call)
    del rules[call["ecrRepositoryPrefix"]]
    return plain(rule, "updatedAt")


@operation
def validate_pull_through_cache_rule(call):
    _, rule = cache_rule(call)
    answer = {**plain(rule, "createdAt", "updatedAt"), "isValid": rule.get("valid", True)}
    return {**answer, "failure": rule["failure"]} if rule.get("failure") else answer


# ---- what moto answers, made more like the service

def after_moto(call, answer):
    if call.name == "DescribeRepositories":
        not_with_paging(call, "repositoryNames")
        answer = page(call, answer["repositories"], "repositories")
    for repo in answer.get("repositories", []) + [answer.get("repository", {})]:
        if "repositoryUri" in repo:  # moto knows one partition's names only
            repo["repositoryUri"] = repo["repositoryUri"].replace("amazonaws.com/", call.host_suffix + "/")
    return answer
