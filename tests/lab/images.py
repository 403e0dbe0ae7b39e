"""What ECR knows of images. The repositories are moto's own objects, so that everything moto does (scans, deletion of a
repository that is not empty) sees the same images; the rules for images are kept here, since moto's differ from the
service's: an image that loses its tag to another stays, sizes count the layers, manifests keep their exact bytes.
"""

import fnmatch
import hashlib
import json
import re

from moto.ecr.models import Image, ecr_backends

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = INDEXES + ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TAGS_MAX = 1000


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class ApiError(Exception):
    """An error of the control plane."""

    def __init__(self, code, message, status=400, **members):
        super().__init__(message)
        self.code, self.message, self.status, self.members = code, message, status, members


def no_repository(name, account):
    return ApiError("RepositoryNotFoundException",
                    f"The repository with name '{name}' does not exist in the registry with id '{account}'")


def spelled(image_id):
    """An id as messages have it."""
    return f"{{imageDigest:'{image_id.get('imageDigest', 'null')}', imageTag:'{image_id.get('imageTag', 'null')}'}}"


def no_image(image_id, repository):
    return ApiError("ImageNotFoundException", f"The image with imageId {spelled(image_id)} does not exist within the "
                    f"repository with name '{repository.name}' in the registry with id '{repository.registry_id}'")


def repository(account, region, name):
    found = ecr_backends[account][region].repositories.get(name)
    if found is None:
        raise no_repository(name, account)
    return found


def find(repo, image_id):
    """The image of {imageTag, imageDigest}; both must fit. None when there is none."""
    tag, digest = image_id.get("imageTag"), image_id.get("imageDigest")
    for image in repo.images:
        if (tag is None or tag in image.image_tags) and (digest is None or digest == image.image_digest):
            return image
    return None


def by_reference(repo, reference):
    """The image of the last path component of /v2/NAME/manifests/REFERENCE."""
    return find(repo, {"imageDigest" if ":" in reference else "imageTag": reference})


def size(repo, manifest):
    """Compressed size as DescribeImages gives it; of an index, that of its largest image."""
    value = json.loads(manifest)
    if "manifests" in value:
        children = [find(repo, {"imageDigest": entry["digest"]}) for entry in value["manifests"]]
        return max([child.size for child in children if child], default=0)
    parts = [value.get("config", {}), *value.get("layers", [])]
    return sum(part.get("size", 0) for part in parts)


def immutable(repo, tag):
    excluded = any(fnmatch.fnmatchcase(tag, entry["filter"])
                   for entry in repo.image_tag_mutability_exclusion_filters or [])
    mode = str(getattr(repo.image_tag_mutability, "value", repo.image_tag_mutability))
    return mode.startswith("IMMUTABLE") != (excluded and mode.endswith("WITH_EXCLUSION"))


def put(repo, manifest, media_type, tag, now):
    """Stores a manifest (bytes) and moves the tag to it; the caller has checked what the manifest refers to."""
    digest = digest_of(manifest)
    image = find(repo, {"imageDigest": digest})
    holder = find(repo, {"imageTag": tag}) if tag else None
    where = f"in the '{repo.name}' repository"
    if image and image.status == "ACTIVE" and (tag is None or holder is image):
        raise ApiError("ImageAlreadyExistsException",
                       f"Image with digest '{digest}' and tag '{tag}' already exists {where}")
    if holder and holder is not image and immutable(repo, tag):
        raise ApiError("ImageTagAlreadyExistsException", f"The image tag '{tag}' already exists {where} and cannot be "
                       "overwritten because the tag is immutable.")
    if tag and image and tag not in image.image_tags and len(image.image_tags) >= TAGS_MAX:
        raise ApiError("LimitExceededException", f"The image with digest '{digest}' has {TAGS_MAX} tags")
    if holder and holder is not image:
        holder.image_tags.remove(tag)
    if image is None:
        image = Image(repo.registry_id, None, manifest.decode("utf-8"), repo.name, media_type, digest)
        image.size, image.status, image.archived_at = size(repo, manifest), "ACTIVE", None
        repo.images.append(image)
    if image.status != "ACTIVE":  # pushing an archived image again restores it
        image.status, image.activated_at = "ACTIVE", now
    image.pushed_at = now
    if tag and tag not in image.image_tags:
        image.update_tag(tag)
    return image


def failure(repo, image_id, image):
    """What BatchGetImage and BatchDeleteImage say of an id, None when there is the image."""
    tag, digest = image_id.get("imageTag"), image_id.get("imageDigest")
    if not tag and not digest:
        code, reason = "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
    elif digest and not DIGEST.fullmatch(digest):
        code, reason = "InvalidImageDigest", "Invalid request parameters: image digest should satisfy the regex"
    elif tag and not TAG.fullmatch(tag):
        code, reason = "InvalidImageTag", "Invalid request parameters: image tag should satisfy the regex"
    elif image is not None:
        return None
    elif tag and digest and find(repo, {"imageTag": tag}) and not find(repo, image_id):
        code, reason = "ImageTagDoesNotMatchDigest", "Requested image tag does not match the digest"
    else:
        code, reason = "ImageNotFound", "Requested image not found"
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def parents(repo, image):
    """The indexes that list an image."""
    return [other for other in repo.images if other.image_manifest_media_type in INDEXES
            and image.image_digest in other.image_manifest and image.image_digest in children(other)]


def children(image):
    """The digests an index lists."""
    return [entry["digest"] for entry in json.loads(image.image_manifest).get("manifests", [])]


def delete(repo, image_id):
    """One id of BatchDeleteImage: ([ids deleted], None) or ([], failure). With a tag the tag goes, and the image with its
    last one; by its digest alone the image goes with all its tags; what an index lists stays as long as the index does."""
    image = find(repo, image_id)
    wrong = failure(repo, image_id, image)
    if wrong:
        return [], wrong
    tag = image_id.get("imageTag")
    if tag and len(image.image_tags) > 1:
        image.image_tags.remove(tag)
        return [{"imageTag": tag, "imageDigest": image.image_digest}], None
    above = parents(repo, image)
    if above and not tag:
        return [], {"imageId": image_id, "failureCode": "ImageReferencedByManifestList",
                    "failureReason": f"Requested image referenced by manifest list: [{above[0].image_digest}]"}
    gone = [{"imageTag": t, "imageDigest": image.image_digest} for t in image.image_tags]
    if above:
        image.image_tags.clear()
    else:
        repo.images.remove(image)
    return gone or [{"imageDigest": image.image_digest}], None


def restore(repo, now):
    """A look at a repository brings its ACTIVATING images, if UpdateImageStorageClass made them so, one step on."""
    for image in repo.images:
        if image.status == "ACTIVATING" and getattr(image, "restore_polls", None) is not None:
            image.restore_polls -= 1
            if image.restore_polls < 0:
                image.status, image.restore_polls, image.activated_at = "ACTIVE", None, now


def detail(repo, image):
    """An image as DescribeImages shows it."""
    shown = {"registryId": repo.registry_id, "repositoryName": repo.name, "imageDigest": image.image_digest,
             "imageSizeInBytes": image.size, "imagePushedAt": round(image.pushed_at, 3),
             "imageManifestMediaType": image.image_manifest_media_type, "imageStatus": image.status}
    value = json.loads(image.image_manifest)
    if image.image_tags:
        shown["imageTags"] = list(image.image_tags)
    artifact = value.get("artifactType") or value.get("config", {}).get("mediaType")
    if artifact:
        shown["artifactMediaType"] = artifact
    if value.get("subject"):
        shown["subjectManifestDigest"] = value["subject"]["digest"]
    for name, member in (("archived_at", "lastArchivedAt"), ("activated_at", "lastActivatedAt"),
                         ("pulled_at", "lastRecordedPullTime")):
        if getattr(image, name, None):
            shown[member] = round(getattr(image, name), 3)
    return shown
