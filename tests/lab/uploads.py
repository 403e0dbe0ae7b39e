"""Uploads of blobs, as registries keep them: where the next byte goes, and what their Location looks like.

What came in of a request that was cut is kept, so that an upload can go on; the storage registry itself forgets where it
was. ECR keeps whole parts alone. The forms of a Location (setting upload_location):

    absolute    https://HOST/v2/NAME/blobs/uploads/ID?_state=N
    relative    /v2/NAME/blobs/uploads/ID?_state=N
    bare        ID?_state=N
    plain       https://HOST/v2/NAME/blobs/uploads/ID
    query       as absolute, after further parameters that must come back as they are
"""

import threading

from . import distribution, message
from .message import Close

PART_MIN = 5 << 20
FURTHER = "name=a%2Fb%20c&empty=&sign=%2B%3D&"
FORMS = {"absolute": "{origin}{path}?_state={state}", "relative": "{path}?_state={state}", "bare": "{id}?_state={state}",
         "plain": "{origin}{path}", "query": "{origin}{path}?" + FURTHER + "_state={state}"}


class Upload:
    def __init__(self, place):
        self.place, self.parts, self.lock = place, [], threading.Lock()  # place: the newest one in the storage registry

    @property
    def size(self):
        return sum(self.parts)


class Uploads:
    """Those of one front; with `parts` after the rules of ECR."""

    def __init__(self, front, parts=False):
        self.front, self.parts, self.open = front, parts, {}

    def start(self, request, inner, name, query):
        """A POST. `inner` is the place of the repository in the storage registry, `query` what it shall be asked with."""
        answer = distribution.ask("POST", f"{inner}blobs/uploads/" + (f"?{query}" if query else ""))
        if answer.status == 202:
            identifier = answer.header("docker-upload-uuid")
            self.open[identifier] = Upload(answer.header("location"))
            self.locate(request, answer, name, identifier)
        elif answer.header("location"):
            answer.set("Location", answer.header("location").replace(inner, f"/v2/{name}/", 1))
        return answer

    def locate(self, request, answer, name, identifier):
        form = self.front.world.settings["upload_location"] or ("absolute" if self.parts else "relative")
        answer.set("Location", FORMS[form].format(origin=request.origin, path=f"/v2/{name}/blobs/uploads/{identifier}",
                                                  id=identifier, state=len(self.open[identifier].parts)))
        answer.set("Docker-Upload-Uuid", identifier)

    def go_on(self, request, inner, name, identifier):
        """A GET, PATCH, PUT or DELETE of an upload."""
        upload = self.open.get(identifier)
        if upload is None:
            return self.front.error("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", 404)
        with upload.lock:
            wrong = self.wrong(request, upload)
            if wrong:
                return wrong
            answer = getattr(self, request.method.lower())(request, upload, identifier)
            if answer.status < 300 and request.method in ("GET", "PATCH"):
                # ECR has been seen to tell the end of the first part for ever.
                end = upload.parts[0] if self.parts and upload.parts else upload.size
                answer.set("Range", f"0-{max(end - 1, 0)}")
                self.locate(request, answer, name, identifier)
            elif answer.header("location"):
                answer.set("Location", answer.header("location").replace(inner, f"/v2/{name}/", 1))
            return answer

    def wrong(self, request, upload):
        form = self.front.world.settings["upload_location"]
        if form == "query" and not request.raw_query.startswith(FURTHER):
            return self.front.error("BLOB_UPLOAD_INVALID", "the query of the location was not kept", 404)
        if form != "plain" and request.method in ("PATCH", "PUT") and request.argument("_state") != str(len(upload.parts)):
            return self.front.error("BLOB_UPLOAD_INVALID", "this is not the newest location of the upload", 404)
        start = (request.header("content-range") or "").partition("-")[0]
        if start and start != str(upload.size):
            answer = self.front.error("BLOB_UPLOAD_INVALID", f"First byte of the layer part is {start} instead of {upload.size}", 416)
            answer.set("Range", f"0-{max(upload.size - 1, 0)}")
            return answer
        return None

    def take(self, request, upload, identifier):
        """Stores the body of a request; None, or the refusal."""
        body = request.stream
        before = body.handed_on
        answer = distribution.pour(upload.place, body)
        if answer.status >= 300:
            return answer
        upload.place = answer.header("location")
        upload.parts.append(body.handed_on - before)
        if body.broken:
            if self.parts:
                self.open.pop(identifier, None)
            raise Close()
        return None

    def patch(self, request, upload, identifier):
        return self.take(request, upload, identifier) or message.Response(201 if self.parts else 202)

    def put(self, request, upload, identifier):
        if request.stream.length != 0:
            refusal = self.take(request, upload, identifier)
            if refusal:
                return refusal
        if self.parts and any(part < PART_MIN for part in upload.parts[:-1]):
            return self.front.error("BLOB_UPLOAD_INVALID", "All layer parts except the last part should be at least 5MB", 400)
        if self.parts and upload.size == 0:
            return self.front.error("BLOB_UPLOAD_INVALID", "The layer upload does not contain any layer parts", 400)
        answer = distribution.ask("PUT", f"{upload.place}&digest={request.argument('digest')}")
        self.open.pop(identifier, None)
        return answer

    def get(self, _request, _upload, _identifier):
        return message.Response(204)

    def delete(self, _request, upload, identifier):
        self.open.pop(identifier, None)
        return distribution.ask("DELETE", upload.place)
