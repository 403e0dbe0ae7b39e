"""What every front has in common, and the error forms of the kinds of service."""

import json
import uuid
from xml.sax.saxutils import escape

from . import message as http
from . import sigv4
from .images import ApiError


class Front:
    """A service behind one address. Subclasses give `handle`, `operation` and the error form."""

    FAILURE = "ServerException"   # its code of a 500

    def __init__(self, world, keys, name):
        self.world, self.keys, self.name = world, keys, name

    def operation(self, request):
        return None


class JsonFront(Front):
    """AWS JSON 1.1: the code is in the body and in a header, and every client error is a 400."""

    PREFIX = "ecr"                # of its actions in policies

    def error(self, code, message, status=400, **members):
        return http.json_response({"__type": code, "message": message, **members}, status,
                                  [("x-amzn-RequestId", str(uuid.uuid4())), ("x-amzn-ErrorType", code)],
                                  "application/x-amz-json-1.1")

    def success(self, value):
        return http.json_response(value, 200, [("x-amzn-RequestId", str(uuid.uuid4()))], "application/x-amz-json-1.1")

    def throttled(self, _request):
        return self.error("ThrottlingException", "Rate exceeded")

    def denied(self, request):
        action = f"{self.PREFIX}:{self.operation(request)}"
        return self.error("AccessDeniedException", "User: arn:aws:iam::123456789012:user/lab is not authorized to perform: "
                          f"{action} on resource: * because no identity-based policy allows the {action} action")

    def expired(self, _request):
        return self.error("ExpiredTokenException", "The security token included in the request is expired")


class OperationFront(JsonFront):
    """An API of operations that X-Amz-Target names; `call` of a subclass answers one, or raises what is wrong with it."""

    def operation(self, request):
        return (request.header("x-amz-target") or "").rpartition(".")[2] or None

    def handle(self, request):
        try:
            return self.success(self.call(request))
        except sigv4.SignatureError as error:
            return self.error(error.code, error.message)
        except ApiError as error:
            return self.error(error.code, error.message, error.status, **error.members)

    @staticmethod
    def values_of(request):
        try:
            return json.loads(request.body or b"{}")
        except ValueError:
            raise ApiError("SerializationException", "the body is not JSON") from None


class RestJsonFront(Front):
    """AWS REST JSON: the status means something, and the code is in a header."""

    FAILURE = "InternalServerException"

    def error(self, code, message, status=400, **members):
        return http.json_response({"message": message, **members}, status,
                                  [("x-amzn-RequestId", str(uuid.uuid4())), ("x-amzn-ErrorType", code)])

    def success(self, value):
        return http.json_response(value, 200, [("x-amzn-RequestId", str(uuid.uuid4()))])

    def throttled(self, _request):
        return self.error("TooManyRequestsException", "HTTP 429 Unknown Code", 429)

    def denied(self, _request):
        return self.error("ForbiddenException", "No access", 403)

    def expired(self, _request):
        return self.error("UnauthorizedException", "Session token not found or invalid", 401)


class RegistryFront(Front):
    """The distribution protocol. Its operations are named after what they do, not after their paths."""

    def error(self, code, message, status=400, detail=None):
        entry = {"code": code, "message": message}
        if detail is not None:
            entry["detail"] = detail
        return http.json_response({"errors": [entry]}, status, [("Docker-Distribution-Api-Version", "registry/2.0")],
                                  "application/json; charset=utf-8")

    def throttled(self, _request):
        return self.error("TOOMANYREQUESTS", "Rate exceeded", 429)

    def denied(self, request):
        return self.error("DENIED", "User: arn:aws:iam::123456789012:user/lab is not authorized to perform: "
                          f"ecr:BatchGetImage on resource: {request.path}", 403)

    def expired(self, _request):
        return self.error("DENIED", "Your authorization token has expired. Reauthenticate and try again.", 403)

    def operation(self, request):
        return operation(request.method, request.path)

    def end_tokens(self):
        """What was issued to be let in with is over."""
        self.keys.end_tokens()


class XmlFront(Front):
    """STS' query protocol."""

    NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
    FAILURE = "InternalFailure"

    def document(self, root, value, status=200):
        """Nested {element: value} below a root, indented as the service does it."""
        identifier = str(uuid.uuid4())
        value = {**value, **({"RequestId": identifier} if root == "ErrorResponse"
                             else {"ResponseMetadata": {"RequestId": identifier}})}
        lines = [f'<{root} xmlns="{self.NAMESPACE}">', *elements(value, 1), f"</{root}>", ""]
        return http.text_response("\n".join(lines), status, [("x-amzn-RequestId", identifier)], "text/xml")

    def error(self, code, message, status=400):
        kind = "Receiver" if status >= 500 else "Sender"
        return self.document("ErrorResponse", {"Error": {"Type": kind, "Code": code, "Message": message}}, status)

    def throttled(self, _request):
        return self.error("Throttling", "Rate exceeded")

    def denied(self, request):
        return self.error("AccessDenied", f"Not authorized to perform sts:{self.operation(request)}", 403)

    def expired(self, _request):
        return self.error("ExpiredToken", "The security token included in the request is expired", 403)


def elements(value, depth):
    """The lines of {name: text, number or dictionary}."""
    blank, lines = "  " * depth, []
    for name, member in value.items():
        if isinstance(member, dict):
            lines += [f"{blank}<{name}>", *elements(member, depth + 1), f"{blank}</{name}>"]
        else:
            lines.append(f"{blank}<{name}>{escape(str(member))}</{name}>")
    return lines


VERBS = {
    "manifests": {"GET": "GetManifest", "HEAD": "HeadManifest", "PUT": "PutManifest", "DELETE": "DeleteManifest"},
    "blobs": {"GET": "GetBlob", "HEAD": "HeadBlob", "DELETE": "DeleteBlob"},
    "uploads": {"POST": "StartUpload", "PATCH": "PatchUpload", "PUT": "PutUpload", "GET": "GetUpload",
                "DELETE": "CancelUpload"},
    "tags": {"GET": "ListTags"},
    "referrers": {"GET": "ListReferrers"},
}


def split(path):
    """(name, kind, rest) of /v2/NAME/KIND/REST; kinds are the keys of VERBS. (None, None, None) for anything else."""
    parts = path.strip("/").split("/")
    if parts[:1] != ["v2"] or len(parts) < 4:
        return None, None, None
    if path.endswith("/blobs/uploads/") or parts[-2:] == ["blobs", "uploads"]:
        return "/".join(parts[1:-2]), "uploads", ""
    if parts[-3:-1] == ["blobs", "uploads"]:
        return "/".join(parts[1:-3]), "uploads", parts[-1]
    if parts[-2] in VERBS:
        return "/".join(parts[1:-2]), parts[-2], parts[-1]
    return None, None, None


def operation(method, path):
    if path in ("/v2/", "/v2"):
        return "Ping"
    if path == "/v2/_catalog":
        return "Catalog"
    if path.rstrip("/").endswith("/token"):
        return "Token"
    _, kind, _ = split(path)
    return VERBS.get(kind, {}).get(method)
