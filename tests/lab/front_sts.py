"""STS: who am I, and the two ways to take on a role."""

import time
from urllib.parse import parse_qsl

from . import front, keys, model, names, sigv4
from .identity import AUDIENCE, Role
from .images import ApiError

VERSION = "2011-06-15"
GLOBAL_REGION = "us-east-1"
CHAINED_SECONDS = 3600
CODES = {"UnrecognizedClientException": "InvalidClientTokenId", "ExpiredTokenException": "ExpiredToken",
         "InvalidSignatureException": "SignatureDoesNotMatch", "IncompleteSignatureException": "IncompleteSignature",
         "MissingAuthenticationTokenException": "MissingAuthenticationToken"}


def denied(key, action, arn):
    return ApiError("AccessDenied", f"User: {key.arn} is not authorized to perform: sts:{action} on resource: {arn}", 403)


class StsFront(front.XmlFront):
    def __init__(self, world, keys, identity):
        super().__init__(world, keys, "sts")
        self.identity = identity

    def arguments(self, request):
        return dict(parse_qsl(request.raw_query, True) + parse_qsl(request.body.decode("utf-8", "replace"), True))

    def operation(self, request):
        return self.arguments(request).get("Action")

    def expired(self, request):
        if self.operation(request) == "AssumeRoleWithWebIdentity":
            return self.error("ExpiredTokenException", "Token expired: current date/time must be before the expiration "
                              "date/time")
        return super().expired(request)

    def handle(self, request):
        arguments = self.arguments(request)
        action = arguments.get("Action")
        try:
            if action == "AssumeRoleWithWebIdentity":
                if request.header("authorization"):
                    raise ApiError("ValidationError", f"{action} is not signed: there must be no Authorization header")
                key = None
            else:
                key = self.signer(request)
            if arguments.get("Version") != VERSION or action not in ACTIONS:
                raise ApiError("InvalidAction", f"Could not find operation {action} for version "
                               f"{arguments.get('Version', 'NO_VERSION_SPECIFIED')}")
            check(action, arguments)
            return self.document(f"{action}Response", {f"{action}Result": ACTIONS[action](self, key, arguments)})
        except ApiError as error:
            return self.error(error.code, error.message, error.status)

    def signer(self, request):
        service, _, groups = names.match(request.host_name)
        try:
            return sigv4.check(self.world, self.keys, request, "sts",
                               groups.get("region") or (GLOBAL_REGION if service else None))
        except sigv4.SignatureError as error:
            raise ApiError(CODES[error.code], error.message, 403) from None

    def get_caller_identity(self, key, _arguments):
        return {"Arn": key.arn, "UserId": key.user, "Account": key.account}

    def assume_role(self, key, arguments):
        arn, seconds = arguments["RoleArn"], arguments.get("DurationSeconds")
        role = self.identity.roles.get(arn) or self.role_of_key(arn)
        if role is None or role.denied or not role.trusts_key(key) or role.external_id not in (
                None, arguments.get("ExternalId")):
            raise denied(key, "AssumeRole", arn)
        if ":assumed-role/" in key.arn and int(seconds or 0) > CHAINED_SECONDS:
            raise ApiError("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                           "assumed by role chaining")
        return self.hand_out("AssumeRole", role, arguments)

    def assume_role_with_web_identity(self, _key, arguments):
        token = self.identity.web_tokens.get(arguments["WebIdentityToken"])
        if token is None:
            raise ApiError("InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if "
                           "you sent an Access Token)")
        if token.expired:
            now = int(self.world.now())
            raise ApiError("ExpiredTokenException", f"Token expired: current date/time {now} must be before the expiration "
                           f"date/time {now - 60}")
        if token.audience != AUDIENCE:
            raise ApiError("InvalidIdentityToken", "Incorrect token audience")
        if token.rejected:
            raise ApiError("IDPRejectedClaim", "The identity provider (IdP) reported that authentication failed", 403)
        role = self.identity.roles.get(arguments["RoleArn"])
        if role is None or role.denied or arguments["RoleArn"] not in token.roles:
            raise ApiError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
        answer = self.hand_out("AssumeRoleWithWebIdentity", role, arguments)
        return {**answer, "SubjectFromWebIdentityToken": "lab", "Provider": "https://issuer.lab.test", "Audience": AUDIENCE}

    def role_of_key(self, arn):
        """The keys of keys.py are roles, too, unless a test makes roles of its own with their names."""
        account, _, name = arn.removeprefix("arn:aws:iam::").partition(":role/")
        known = keys.ROLES.get(name)
        return Role(arn, None, None, known[1], 43200, 3600, False) if known and known[0] == account else None

    def hand_out(self, action, role, arguments):
        seconds = int(arguments.get("DurationSeconds") or role.seconds)
        if seconds > role.max_seconds:
            raise ApiError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                           "role.")
        key = self.keys.session(role.arn, arguments["RoleSessionName"], role.allow, seconds)
        self.keys.note(key, "sts", action)
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(key.ends + self.world.settings["clock"]))
        return {"AssumedRoleUser": {"AssumedRoleId": key.user, "Arn": key.arn},
                "Credentials": {"AccessKeyId": key.id, "SecretAccessKey": key.secret, "SessionToken": key.token,
                                "Expiration": ends}}


def check(action, arguments):
    """The parameters that are plain values, against the service model."""
    members = model.operation("sts", action).input_shape.members
    values = {name: text for name, text in arguments.items() if name in members}
    try:
        for name, text in values.items():
            if members[name].type_name == "integer":
                values[name] = int(text)
        model.check("sts", action, values)
    except (ApiError, ValueError) as error:
        raise ApiError("ValidationError", f"1 validation error detected: {error}") from None


ACTIONS = {"GetCallerIdentity": StsFront.get_caller_identity, "AssumeRole": StsFront.assume_role,
           "AssumeRoleWithWebIdentity": StsFront.assume_role_with_web_identity}
