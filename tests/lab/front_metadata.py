"""The metadata services: of EC2 instances (IMDS), and of containers (ECS, EKS Pod Identity, any server of that kind)."""

import secrets
import time

from . import front, message

HANG_SECONDS = 600
CREDENTIALS = "/latest/meta-data/iam/security-credentials"
CONTAINER_PATHS = ("/creds", "/v1/credentials")


def stamp(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


class MetadataFront(front.Front):
    def __init__(self, world, keys, identity, name):
        super().__init__(world, keys, name)
        self.identity = identity

    def credentials(self, said, **more):
        """The JSON both kinds give out."""
        skew = self.world.settings["clock"]
        if said.code != "Success":
            return {"Code": said.code, "Message": "EC2 cannot assume the role. Please see documentation at "
                    "https://docs.aws.amazon.com/", "LastUpdated": stamp(self.world.now())}
        key = self.keys.current(said.role)
        self.keys.note(key, self.name, "GetCredentials")
        ends = said.expires
        if not isinstance(ends, str):
            ends = stamp((key.ends or time.time() + 3600 if ends is None else time.time() + ends) + skew)
        value = {**more, "AccessKeyId": key.id, "SecretAccessKey": key.secret, "Token": key.token, "Expiration": ends,
                 **said.members}
        return {name: member for name, member in value.items() if member is not None}


class ImdsFront(MetadataFront):
    """Version 2 asks for a session token first; version 1, where it is on, does not. Its errors are pages."""

    PAGE = ('<?xml version="1.0" encoding="iso-8859-1"?>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en">\n <head>\n'
            "  <title>{status} - {text}</title>\n </head>\n <body>\n  <h1>{status} - {text}</h1>\n </body>\n</html>\n")

    def __init__(self, world, keys, identity):
        super().__init__(world, keys, identity, "imds")
        self.sessions = {}

    def operation(self, request):
        if request.path == "/latest/api/token":
            return "Token"
        if request.path.startswith("/latest/meta-data/placement/"):
            return "GetRegion"
        if request.path.startswith(CREDENTIALS):
            return "GetCredentials" if request.path[len(CREDENTIALS):].strip("/") else "ListRoles"
        return None

    def error(self, code, _text, status=400):
        return message.text_response(self.PAGE.format(status=status, text=code), status, content_type="text/html")

    def throttled(self, _request):
        return self.error("Service Unavailable", "", 503)

    def denied(self, _request):
        return self.error("Forbidden", "", 403)

    def expired(self, _request):
        return self.error("Unauthorized", "", 401)

    def handle(self, request):
        said, path = self.identity.metadata, request.path.rstrip("/")
        if said is None:
            return self.error("Not Found", "", 404)
        if path == "/latest/api/token":
            return self.token(request, said.put)
        given = request.header("x-aws-ec2-metadata-token")
        if self.sessions.get(given, 0) < time.time() and not (given is None and said.v1):
            return self.expired(request)
        if request.method != "GET":
            return self.error("Method Not Allowed", "", 405)
        if path == CREDENTIALS and said.names is not None:
            return message.text_response("\n".join(said.names), content_type="text/plain")
        if path.startswith(CREDENTIALS + "/") and path[len(CREDENTIALS) + 1:] in (said.names or ()):
            more = {"Code": "Success", "LastUpdated": stamp(self.world.now()), "Type": "AWS-HMAC"}
            return message.json_response(self.credentials(said, **more), content_type="text/plain")
        if path == "/latest/meta-data":
            return message.text_response("iam/\nplacement/", content_type="text/plain")
        place = {"/latest/meta-data/placement/region": said.region,
                 "/latest/meta-data/placement/availability-zone": said.region and said.region + "a"}.get(path)
        return message.text_response(place, content_type="text/plain") if place else self.error("Not Found", "", 404)

    def token(self, request, put):
        if put == "hang":
            time.sleep(HANG_SECONDS)  # no packet gets through: the client's patience decides
            raise message.Close()
        if put:
            return self.error("Refused", "", put)
        life = request.header("x-aws-ec2-metadata-token-ttl-seconds") or ""
        if request.method != "PUT":
            return self.error("Method Not Allowed", "", 405)
        if request.header("x-forwarded-for"):
            return self.denied(request)
        if not life.isdigit() or not 1 <= int(life) <= 21600:
            return self.error("Bad Request", "", 400)
        token = secrets.token_urlsafe(40) + "=="
        self.sessions[token] = time.time() + int(life)
        return message.text_response(token, headers=[("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", life)],
                                     content_type="text/plain")


class ContainerFront(MetadataFront):
    """One GET, with the Authorization header that the container was given, word for word."""

    def operation(self, _request):
        return "GetCredentials"

    def error(self, code, text, status=400):
        return message.json_response({"code": code, "message": text}, status)

    def throttled(self, _request):
        return self.error("TooManyRequestsException", "Rate exceeded", 429)

    def denied(self, _request):
        return self.error("AccessDeniedException", "Access denied", 403)

    def expired(self, _request):
        return self.error("InvalidTokenException", "Service account token cannot be empty or is not valid", 401)

    def handle(self, request):
        said = self.identity.metadata
        if said is None or request.path not in CONTAINER_PATHS:
            return self.error("InvalidIdInRequest", "CredentialsV2Request: Credentials not found", 404)
        if request.method != "GET":
            return self.error("MethodNotAllowed", request.method, 405)
        if said.token is not None and request.header("authorization") != said.token:
            return self.expired(request)
        if said.role is None:
            return self.error("AccessDeniedException", "No role is associated with this container", 404)
        account = self.keys.roles[said.role].account
        return message.json_response(self.credentials(said, RoleArn=f"arn:aws:iam::{account}:role/{said.role}"))
