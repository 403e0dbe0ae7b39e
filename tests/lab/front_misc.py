"""Small services: the layer bucket, the ECR Public API, and a website that is no registry."""

import json
import secrets
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
        response = self.answer(request)
        response.set("x-amz-request-id", secrets.token_hex(8).upper())
        return response

    def answer(self, request):
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


class PublicApiFront(front.JsonFront):
    """The ECR Public API, as far as a token and one's own repositories go."""

    PREFIX = "ecr-public"

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
            if not key.allows(name, self.PREFIX):
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


class WebsiteFront(front.RegistryFront):
    """Answers 404 in HTML to everything."""

    def handle(self, _request):
        return message.text_response("<html><body>Not Found</body></html>", 404, content_type="text/html")
