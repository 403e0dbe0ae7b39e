"""ECR's registry endpoint, ACCOUNT.dkr.ecr.REGION...: its own authentication, errors and quirks over the storage registry."""

import base64
import binascii
import json

from . import distribution, front, images, links, message, names, upstream
from .images import ApiError
from .state import space
from .uploads import Uploads

PERMISSIONS = {
    "GetManifest": "BatchGetImage", "HeadManifest": "BatchGetImage", "PutManifest": "PutImage",
    "DeleteManifest": "BatchDeleteImage", "GetBlob": "GetDownloadUrlForLayer", "HeadBlob": "BatchCheckLayerAvailability",
    "StartUpload": "InitiateLayerUpload", "PatchUpload": "UploadLayerPart", "PutUpload": "CompleteLayerUpload",
    "GetUpload": "UploadLayerPart", "CancelUpload": "UploadLayerPart", "ListTags": "ListImages",
    "ListReferrers": "BatchGetImage",
}
READING = ("GetManifest", "HeadManifest")
VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")


def basic(request):
    """(user, password) of a Basic Authorization header; None without one, (None, None) when it is garbled."""
    scheme, _, rest = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        return user, password
    except (binascii.Error, UnicodeDecodeError):
        return None, None


class EcrRegistryFront(front.RegistryFront):
    def __init__(self, world, keys, state):
        super().__init__(world, keys, "registry")
        self.state = state
        self.uploads = Uploads(self, parts=True)

    def handle(self, request):
        _, _, host = names.match(request.host_name)
        account, region = host.get("account"), host.get("region")
        if not account:
            return message.text_response("", 404)
        key, refusal = self.authenticate(request, region)
        if refusal:
            return refusal
        operation = self.operation(request)
        if operation == "Ping":
            return message.Response(200, [VERSION])
        name, _kind, rest = front.split(request.path)
        if operation not in PERMISSIONS:
            return self.error("UNSUPPORTED", "The operation is unsupported.", 405)
        action = PERMISSIONS[operation]
        if not key.allows(action) or (account != key.account and not self.state.shares(account, key.account)):
            return self.error("DENIED", f"User: {key.arn} is not authorized to perform: ecr:{action} on resource: "
                              f"arn:aws:ecr:{region}:{account}:repository/{name} because no identity-based policy allows "
                              f"the ecr:{action} action", 403)
        try:
            repo = images.repository(account, region, name)
        except ApiError as error:
            if operation not in READING or not upstream.fetch(self.world, self.state, key, account, region, name, rest):
                return self.error("NAME_UNKNOWN", error.message, 404)
            repo = images.repository(account, region, name)
        if operation in READING and images.by_reference(repo, rest) is None:
            upstream.fetch(self.world, self.state, key, account, region, name, rest)
        where = space(self.world, account, region, name)
        return getattr(self, "do_" + operation)(request, repo, where, rest)

    def authenticate(self, request, region):
        found = basic(request)
        if found is None:
            return None, message.text_response("Not Authorized", 401, [
                VERSION, ("Www-Authenticate", f'Basic realm="https://{request.host}/",service="ecr.amazonaws.com"')])
        user, password = found
        key, issued_in, over = self.keys.redeem(password or "")
        if user != "AWS" or key is None or issued_in != region:
            return None, message.text_response("Bad Request", 400)  # what ECR says to a password it cannot decode
        return (None, self.expired(request)) if over else (key, None)

    # ---- manifests

    def do_GetManifest(self, request, repo, _where, reference):
        if ":" not in reference and not images.TAG.fullmatch(reference):
            return self.error("TAG_INVALID", "Invalid parameter at 'imageTag' failed to satisfy constraint", 400)
        image = images.by_reference(repo, reference)
        if image is None or image.status != "ACTIVE":
            return self.error("MANIFEST_UNKNOWN", "Requested image not found", 404)
        return message.Response(200, [VERSION, ("Docker-Content-Digest", image.image_digest),
                                      ("Content-Type", image.image_manifest_media_type)], image.image_manifest.encode())

    do_HeadManifest = do_GetManifest  # the server leaves the body out

    def do_PutManifest(self, request, repo, where, reference):
        media_type = (request.header("content-type") or "").partition(";")[0].strip()
        if media_type not in images.MANIFESTS or not self.is_manifest(request.body):
            return self.error("UNSUPPORTED", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid "
                              "JSON syntax or media type'", 405)
        digest = images.digest_of(request.body)
        if ":" in reference and reference != digest:
            return self.error("DIGEST_INVALID", "provided digest did not match uploaded content", 400)
        stored = distribution.put_manifest(where, digest, media_type, request.body)
        if stored.status >= 400:
            return stored
        tag = None if ":" in reference else reference
        try:
            with self.world.lock:
                images.put(repo, request.body, media_type, tag, self.world.now())
        except ApiError as error:
            if error.code != "ImageAlreadyExistsException":
                return self.error("TAG_INVALID", error.message, 400)
        response = message.Response(201, [VERSION, ("Docker-Content-Digest", digest),
                                          ("Location", f"{request.origin}/v2/{repo.name}/manifests/{digest}")])
        subject = json.loads(request.body).get("subject")
        if subject:
            response.set("OCI-Subject", subject["digest"])
        return response

    @staticmethod
    def is_manifest(data):
        try:
            return isinstance(json.loads(data), dict)
        except ValueError:
            return False

    def do_DeleteManifest(self, _request, repo, _where, reference):
        with self.world.lock:
            gone, _ = images.delete(repo, {"imageDigest" if ":" in reference else "imageTag": reference})
        return message.Response(202, [VERSION]) if gone else self.error("MANIFEST_UNKNOWN", "Requested image not found", 404)

    # ---- blobs

    def do_HeadBlob(self, request, _repo, where, digest):
        return distribution.ask("HEAD", f"/v2/{where}/blobs/{digest}")

    def do_GetBlob(self, request, repo, where, digest):
        if distribution.has_blob(where, digest) is None:
            return self.error("BLOB_UNKNOWN", "blob unknown to registry", 404)
        _, _, host = names.match(request.host_name)
        return message.Response(307, [VERSION, ("Location", links.make(self.world, host["region"], where, digest))])

    # ---- uploads

    def do_StartUpload(self, request, repo, where, _rest):
        """Blob mounting is an account setting that is off by default: then the answer is an upload session."""
        query, source = "", request.argument("from")
        settings = self.state.documents.get((repo.registry_id, repo.region_name, "settings"), {})
        if settings.get("BLOB_MOUNTING") == "ENABLED" and request.argument("mount") and source:
            inner = space(self.world, repo.registry_id, repo.region_name, source)
            query = f"mount={request.argument('mount')}&from={inner}"
        return self.uploads.start(request, f"/v2/{where}/", repo.name, query)

    def do_PutUpload(self, request, repo, where, rest):
        return self.uploads.go_on(request, f"/v2/{where}/", repo.name, rest)

    do_PatchUpload = do_GetUpload = do_CancelUpload = do_PutUpload

    # ---- listings

    def do_ListTags(self, request, repo, _where, _rest):
        size = int(request.argument("n") or 100)
        if size > 1000:
            return self.error("UNSUPPORTED", "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must "
                              "have value less than or equal to 1000'", 405)
        start = int(request.argument("last") or 0)  # opaque to clients: a position, not a tag
        tags = [tag for image in repo.images if image.status == "ACTIVE" for tag in image.image_tags]
        response = message.text_response(json.dumps({"name": repo.name, "tags": tags[start:start + size]}))
        if start + size < len(tags):
            response.set("Link", f'<{request.origin}/v2/{repo.name}/tags/list?last={start + size}&n={size}>; rel="next"')
        return response

    def do_ListReferrers(self, request, repo, _where, digest):
        entries = []
        for image in repo.images:
            value = json.loads(image.image_manifest)
            kind = value.get("artifactType") or value.get("config", {}).get("mediaType")
            if (value.get("subject") or {}).get("digest") == digest:
                entries.append({"mediaType": image.image_manifest_media_type, "digest": image.image_digest,
                                "size": len(image.image_manifest.encode()), "artifactType": kind})
        return message.json_response({"schemaVersion": 2, "mediaType": images.INDEXES[0], "manifests": entries},
                                     headers=[VERSION], content_type=images.INDEXES[0])
