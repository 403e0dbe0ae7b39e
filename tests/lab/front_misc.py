"""Small services: the layer bucket, STS, the ECR Public API, metadata endpoints, and a website that is no registry."""

import json
import time
import uuid
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from . import distribution, front, links, message, model, sigv4
from .images import ApiError


class BucketFront(front.XmlFront):
    """The S3 side of a layer: signed links, GET only, and no second kind of authentication."""

    def __init__(self, world, keys):
        super().__init__(world, keys, "bucket")

    def operation(self, request):
        return {"GET": "GetObject", "HEAD": "HeadObject"}.get(request.method)

    def error(self, code, message_text, status=400):
        return message.text_response(f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>'
                                     f"{escape(message_text)}</Message></Error>", status, content_type="application/xml")

    def throttled(self, _request):
        return self.error("SlowDown", "Please reduce your request rate.", 503)

    def handle(self, request):
        if request.header("authorization"):
            return self.error("InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                              "Signature query string parameter or the Authorization header should be specified")
        wrong = links.check(self.world, request)
        if wrong or request.method != "GET":  # the link was signed for GET
            code, text = wrong or ("SignatureDoesNotMatch", "The request signature we calculated does not match.")
            return self.error(code, text, 403)
        where, _, digest = request.path.strip("/").rpartition("/")
        response = distribution.ask("GET", f"/v2/{where}/blobs/{digest}", request.pick("range"))
        if response.status == 404:
            return self.error("NoSuchKey", "The specified key does not exist.", 404)
        response.headers = [(n, v) for n, v in response.headers if not n.lower().startswith("docker-")]
        response.set("Accept-Ranges", "bytes")
        return response


class StsFront(front.XmlFront):
    """GetCallerIdentity, AssumeRole and AssumeRoleWithWebIdentity. A role's name is the name of a key's role (see keys.py)."""

    def __init__(self, world, keys):
        super().__init__(world, keys, "sts")

    def arguments(self, request):
        return {k: v[0] for k, v in {**request.query, **parse_qs(request.body.decode())}.items()}

    def operation(self, request):
        return self.arguments(request).get("Action")

    def handle(self, request):
        arguments = self.arguments(request)
        action = arguments.get("Action")
        key = None
        if action != "AssumeRoleWithWebIdentity":
            try:
                key = sigv4.check(self.world, self.keys, request, "sts", None)
            except sigv4.SignatureError as error:
                code = {"UnrecognizedClientException": "InvalidClientTokenId", "ExpiredTokenException": "ExpiredToken",
                        "InvalidSignatureException": "SignatureDoesNotMatch"}.get(error.code, "MissingAuthenticationToken")
                return self.error(code, error.message, 403)
        if action == "GetCallerIdentity":
            return self.success(action, f"<Arn>{key.arn}</Arn><UserId>{key.id}</UserId><Account>{key.account}</Account>")
        if action in ("AssumeRole", "AssumeRoleWithWebIdentity"):
            return self.assume(action, arguments)
        return self.error("InvalidAction", f"Could not find operation {action}")

    def assume(self, action, arguments):
        arn = arguments.get("RoleArn", "")
        role = self.keys.roles.get(arn.rpartition("/")[2])
        if role is None or arguments.get("WebIdentityToken") == "":
            return self.error("AccessDenied", f"Not authorized to perform sts:{action} on resource: {arn}", 403)
        session = arguments.get("RoleSessionName", "lab")
        seconds = int(arguments.get("DurationSeconds", 3600))
        key = self.keys.add(f"assumed{len(self.keys.roles)}", role.account, role.allowed, True, seconds,
                            f"arn:aws:sts::{role.account}:assumed-role/{role.role}/{session}")
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(key.ends))
        return self.success(action, f"<AssumedRoleUser><AssumedRoleId>AROALAB:{session}</AssumedRoleId><Arn>{key.arn}</Arn>"
                            f"</AssumedRoleUser><Credentials><AccessKeyId>{key.id}</AccessKeyId><SecretAccessKey>{key.secret}"
                            f"</SecretAccessKey><SessionToken>{key.token}</SessionToken><Expiration>{ends}</Expiration>"
                            "</Credentials>")

    def success(self, action, inner):
        return message.text_response(
            f'<{action}Response xmlns="{self.NAMESPACE}"><{action}Result>{inner}</{action}Result><ResponseMetadata>'
            f"<RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{action}Response>", content_type="text/xml")


class PublicApiFront(front.JsonFront):
    """The ECR Public API, as far as a token and one's own repositories go."""

    def __init__(self, world, keys, state):
        super().__init__(world, keys, "api-public")
        self.state = state

    def operation(self, request):
        return (request.header("x-amz-target") or "").rpartition(".")[2] or None

    def handle(self, request):
        name = self.operation(request)
        try:
            key = sigv4.check(self.world, self.keys, request, "ecr-public", "us-east-1")
            values = json.loads(request.body or b"{}")
            model.check("ecr-public", name, values)
            if not key.allows(name):
                raise ApiError("AccessDeniedException", f"User: {key.arn} is not authorized to perform: ecr-public:{name} on "
                               f"resource: * because no identity-based policy allows the ecr-public:{name} action")
            if name == "GetAuthorizationToken":
                token, ends = self.keys.issue(key, "us-east-1", "ecr-public")
                return self.success({"authorizationData": {"authorizationToken": token, "expiresAt": round(ends, 3)}})
            if name == "CreateRepository":
                return self.success({"repository": self.create(key, values["repositoryName"])})
            if name == "DescribeRepositories":
                return self.success({"repositories": self.describe(key, values)})
            raise ApiError("UnknownOperationException", f"the lab does not offer {name}")
        except (sigv4.SignatureError, ApiError) as error:
            return self.error(error.code, error.message)

    def create(self, key, name):
        if name in self.state.public:
            raise ApiError("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists")
        self.state.public[name] = {
            "repositoryArn": f"arn:aws:ecr-public::{key.account}:repository/{name}", "registryId": key.account,
            "repositoryName": name, "repositoryUri": f"public.ecr.aws/lab/{name}", "createdAt": self.world.now()}
        return self.state.public[name]

    def describe(self, key, values):
        wanted = values.get("repositoryNames") or sorted(self.state.public)
        for name in wanted:
            if name not in self.state.public:
                raise ApiError("RepositoryNotFoundException",
                               f"The repository with name '{name}' does not exist in the registry with id '{key.account}'")
        return [self.state.public[name] for name in wanted]


class MetadataFront(front.Front):
    """The instance metadata service (version 2) and the container credential endpoints, for one key."""

    def __init__(self, world, keys, role, token=None):
        super().__init__(world, keys, "metadata")
        self.role, self.token, self.session = role, token, uuid.uuid4().hex

    def error(self, code, text, status=400):
        return message.json_response({"code": code, "message": text}, status)

    def throttled(self, _request):
        return self.error("TooManyRequests", "Rate exceeded", 429)

    def denied(self, _request):
        return self.error("AccessDenied", "denied", 403)

    expired = denied

    def credentials(self):
        key = self.keys.roles[self.role]
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(key.ends or time.time() + 3600))
        return {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": key.id, "SecretAccessKey": key.secret,
                "Token": key.token, "Expiration": ends, "LastUpdated": "2026-01-01T00:00:00Z"}

    def handle(self, request):
        if request.method == "PUT" and request.path == "/latest/api/token":
            return message.text_response(self.session, headers=[("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")])
        if request.path.startswith("/latest/"):
            if request.header("x-aws-ec2-metadata-token") != self.session:
                return message.text_response("", 401)
            base = "/latest/meta-data/iam/security-credentials/"
            if request.path == base:
                return message.text_response(self.role)
            if request.path == base + self.role:
                return message.json_response(self.credentials())
            if request.path == "/latest/meta-data/placement/region":
                return message.text_response("us-east-1")
            return message.text_response("", 404)
        if self.token and request.header("authorization") != self.token:
            return message.text_response("", 401)
        return message.json_response(self.credentials())


class WebsiteFront(front.RegistryFront):
    """Answers 404 in HTML to everything."""

    def handle(self, _request):
        return message.text_response("<html><body>Not Found</body></html>", 404, content_type="text/html")
