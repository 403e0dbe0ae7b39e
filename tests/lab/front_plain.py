"""Registries that are not ECR: without authentication, with Basic, or with Bearer tokens - and ECR Public."""

import json
import re
import secrets

from urllib.parse import unquote

from . import distribution, front, images, message, public
from .names import PASSWORD, USER
from .front_registry import basic
from .state import space
from .uploads import Uploads

VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
READING = ("Ping", "GetManifest", "HeadManifest", "GetBlob", "HeadBlob", "ListTags", "ListReferrers")


class PlainRegistryFront(front.RegistryFront):
    """Open to all. Names are kept in a part of the storage registry of their own (`area`)."""

    def __init__(self, world, keys, name, area=None):
        super().__init__(world, keys, name)
        self.area = area or name
        self.uploads = Uploads(self)

    def handle(self, request):
        refusal = self.authorize(request)
        if refusal:
            return refusal
        if self.operation(request) == "Ping":
            return message.json_response({}, headers=[VERSION])
        if self.operation(request) == "Catalog":
            return self.catalog()
        name, _kind, _rest = front.split(request.path)
        if name is None:
            return message.text_response("404 page not found\n", 404)
        return self.passed_on(request, name)

    def authorize(self, _request):
        return None

    def passed_on(self, request, name):
        inner = f"/v2/{space(self.world, self.area, name)}/"
        _, kind, rest = front.split(request.path)
        if kind == "uploads" and request.method == "POST":
            query = re.sub("(?<=from=)[^&]+", lambda found: space(self.world, self.area, unquote(found[0])), request.raw_query)
            return self.uploads.start(request, inner, name, query)
        if kind == "uploads":
            return self.uploads.go_on(request, inner, name, rest)
        target = request.target.replace(f"/v2/{name}/", inner, 1)
        kept = request.pick("content-type", "content-range", "content-length", "range", "accept")
        response = distribution.ask(request.method, target, kept, request.body)
        for header in ("location", "link"):
            if response.header(header):
                response.set(header.title(), response.header(header).replace(inner, f"/v2/{name}/", 1))
        if response.status == 200 and self.operation(request) == "ListTags":
            value = json.loads(response.whole())
            response.replace(json.dumps({**value, "name": name}).encode())
        return response

    def catalog(self):
        prefix = space(self.world, self.area) + "/"
        everything = json.loads(distribution.ask("GET", "/v2/_catalog?n=10000").whole())["repositories"]
        mine = [name[len(prefix):] for name in everything if name.startswith(prefix)]
        return message.json_response({"repositories": mine}, headers=[VERSION])

    def unauthorized(self, challenge):
        response = self.error("UNAUTHORIZED", "authentication required", 401)
        response.set("WWW-Authenticate", challenge)
        return response


class BasicRegistryFront(PlainRegistryFront):
    def authorize(self, request):
        if basic(request) != (USER, PASSWORD):
            return self.unauthorized('Basic realm="lab"')
        return None


class Tokens:
    """Bearer tokens of one token service: token -> (subject, granted scopes)."""

    def __init__(self):
        self.issued = {}

    def issue(self, subject, scopes):
        token = secrets.token_urlsafe(60)
        self.issued[token] = (subject, set(scopes))
        return token


class BearerRegistryFront(PlainRegistryFront):
    """Docker's token authentication. Names below `private/` are for USER alone; anybody may read, USER may write."""

    def __init__(self, world, keys, name, tokens, realm, service):
        super().__init__(world, keys, name)
        self.tokens, self.realm, self.service = tokens, realm, service

    def end_tokens(self):
        self.tokens.issued.clear()

    def authorize(self, request):
        name, _kind, _rest = front.split(request.path)
        action = "pull" if self.operation(request) in READING else "push"
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        subject, scopes = self.tokens.issued.get(token, (None, set())) if scheme.lower() == "bearer" else (None, set())
        wanted = {name: action} if name else {}
        if name and request.argument("mount") and request.argument("from"):  # a mount reads there
            wanted.setdefault(request.argument("from"), "pull")
        if token in self.tokens.issued and all(f"{name}:{action}" in scopes for name, action in wanted.items()):
            return None
        asked = [f"repository:{name}:{'pull' if action == 'pull' else 'pull,push'}" for name, action in wanted.items()]
        scope = f',scope="{" ".join(asked)}"' if asked else ""
        # A good token for something else is told so; daemons make "access denied" of it.
        lacking = ',error="insufficient_scope"' if token in self.tokens.issued else ""
        return self.unauthorized(f'Bearer realm="{self.realm}",service="{self.service}"{scope}{lacking}')


class TokenFront(front.RegistryFront):
    """The token service of a BearerRegistryFront."""

    def __init__(self, world, keys, name, tokens):
        super().__init__(world, keys, name)
        self.tokens = tokens

    def handle(self, request):
        if self.operation(request) != "Token":
            return message.text_response("not found", 404)
        found = basic(request)
        if found not in (None, (USER, PASSWORD)):
            return message.json_response({"details": "incorrect username or password"}, 401)
        granted = []
        for scope in " ".join(request.query.get("scope", [])).split():
            _, name, actions = scope.split(":") if scope.count(":") == 2 else (None, "", "")
            for action in actions.split(","):
                if found or (action == "pull" and not name.startswith("private/")):
                    granted.append(f"{name}:{action}")
        token = self.tokens.issue(USER if found else None, granted)
        return message.json_response({"token": token, "access_token": token, "expires_in": 300})


class PublicRegistryFront(PlainRegistryFront):
    """public.ecr.aws: one literal scope, a token for everybody, and its own habits. What the API knows of a repository
    holds here too: pushed images are entered there, and what was deleted there is gone."""

    def __init__(self, world, keys, tokens, state):
        super().__init__(world, keys, "public")
        self.tokens, self.state = tokens, state

    def handle(self, request):
        if self.operation(request) == "Token":
            return self.token(request)
        return super().handle(request)

    def token(self, request):
        found, subject = basic(request), None
        if found:
            key, _, over = self.keys.redeem(found[1] or "", "ecr-public")
            if key is None or over:
                return self.error("DENIED", "Your authorization token has expired. Reauthenticate and try again.", 403)
            subject = key.arn
        return message.json_response({"token": self.tokens.issue(subject, ["aws"])})

    def authorize(self, request):
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme.lower() == "bearer" and token not in self.tokens.issued:
            return self.error("DENIED", "Your Authorization Token is invalid.", 400)
        subject, _ = self.tokens.issued.get(token, (None, None))
        operation = self.operation(request)
        if token not in self.tokens.issued or operation == "HeadBlob" or (operation not in READING and not subject):
            return self.unauthorized('Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"')
        return None

    def end_tokens(self):
        self.tokens.issued.clear()

    def passed_on(self, request, name):
        if self.operation(request) == "GetUpload":
            return self.error("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", 404)
        registry, inner, repo = public.place(self.state, name)
        operation, (_, _, reference) = self.operation(request), front.split(request.path)
        if registry and repo is None and inner in registry.gone:
            return self.error("NAME_UNKNOWN", f"The repository with name '{inner}' does not exist", 404)
        if repo and operation in ("GetManifest", "HeadManifest") and images.by_reference(repo, reference) is None:
            return self.error("MANIFEST_UNKNOWN", "Requested image not found", 404)
        if repo and operation == "ListTags":
            return message.json_response({"name": name, "tags": [t for image in repo.images for t in image.image_tags]},
                                         headers=[VERSION])
        response = super().passed_on(request, name)
        if repo and operation == "PutManifest" and response.status == 201:
            self.enter(repo, request, reference)
        return response

    def enter(self, repo, request, reference):
        """A manifest that was pushed becomes an image of the repository."""
        media_type = (request.header("content-type") or "").partition(";")[0].strip()
        tag = None if ":" in reference else reference
        try:
            with self.world.lock:
                images.put(repo, request.body, media_type, tag, self.world.now())
        except images.ApiError as error:
            if error.code != "ImageAlreadyExistsException":
                raise
