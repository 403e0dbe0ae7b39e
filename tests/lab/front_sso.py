"""IAM Identity Center: the portal that hands out keys for a sign-in, and the token service that renews the sign-in."""

import json
import time

from . import front, names
from .images import ApiError


class SsoFront(front.RestJsonFront):
    """portal.sso: unsigned, with the access token in a header of its own."""

    def __init__(self, world, keys, identity):
        super().__init__(world, keys, "sso")
        self.identity = identity

    def error(self, code, message, status=400, **members):
        return super().error(code, message, status, __type=f"com.amazonaws.switchboard.portal#{code}", **members)

    def operation(self, request):
        return "GetRoleCredentials" if request.path == "/federation/credentials" else None

    def handle(self, request):
        if request.method != "GET" or self.operation(request) is None:
            return self.error("UnknownOperationException", "", 404)
        if request.header("authorization"):
            return self.error("InvalidRequestException", "this operation is not signed")
        account, name = request.argument("account_id"), request.argument("role_name")
        token = request.header("x-amz-sso_bearer_token")
        if not (account and name and token):
            return self.error("InvalidRequestException", "role_name, account_id and x-amz-sso_bearer_token are required")
        sign_in = next((s for s in self.identity.sign_ins if s.access == token), None)
        if sign_in is None or sign_in.ends <= time.time() or not at_home(request, sign_in):
            return self.expired(request)
        if account not in {of for of, _ in sign_in.roles}:
            return self.error("ResourceNotFoundException", "The account is not assigned to this user", 404)
        if (account, name) not in sign_in.roles:
            return self.denied(request)
        arn = f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_{name}_0123456789abcdef"
        key = self.keys.session(arn, "me@lab.test", sign_in.roles[account, name], sign_in.key_seconds)
        self.keys.note(key, "sso", "GetRoleCredentials")
        ends = key.ends + self.world.settings["clock"]
        return self.success({"roleCredentials": {"accessKeyId": key.id, "secretAccessKey": key.secret,
                                                 "sessionToken": key.token, "expiration": int(ends) * 1000}})


class OidcFront(front.RestJsonFront):
    """oidc: the refresh of a sign-in. Its errors carry OAuth's own code beside AWS'."""

    OAUTH = {"InvalidClientException": "invalid_client", "InvalidGrantException": "invalid_grant",
             "InvalidRequestException": "invalid_request", "UnsupportedGrantTypeException": "unsupported_grant_type",
             "ExpiredTokenException": "expired_token", "SlowDownException": "slow_down",
             "AccessDeniedException": "access_denied", "InternalServerException": "server_error",
             "UnauthorizedClientException": "unauthorized_client"}

    def __init__(self, world, keys, identity):
        super().__init__(world, keys, "oidc")
        self.identity = identity

    def error(self, code, message, status=400, **members):
        return super().error(code, message, status, error=self.OAUTH.get(code, "invalid_request"),
                             error_description=message, **members)

    def throttled(self, _request):
        return self.error("SlowDownException", "Slow down")

    def denied(self, _request):
        return self.error("AccessDeniedException", "Access denied")

    def expired(self, _request):
        return self.error("ExpiredTokenException", "Token has expired")

    def operation(self, request):
        return "CreateToken" if request.path == "/token" else None

    def handle(self, request):
        if request.method != "POST" or self.operation(request) is None:
            return self.error("UnknownOperationException", "", 404)
        try:
            return self.success(self.renew(request))
        except ApiError as error:
            return self.error(error.code, error.message, error.status)

    def renew(self, request):
        try:
            values = json.loads(request.body)
            client, grant, token = values["clientId"], values["grantType"], values["refreshToken"]
            secret = values["clientSecret"]
        except (ValueError, KeyError, TypeError):
            raise ApiError("InvalidRequestException", "Invalid request") from None
        if request.header("authorization") or not (request.header("content-type") or "").startswith("application/json"):
            raise ApiError("InvalidRequestException", "this operation is not signed, and its body is application/json")
        if grant != "refresh_token":
            raise ApiError("UnsupportedGrantTypeException", "Grant type is not supported")
        sign_in = next((s for s in self.identity.sign_ins if s.client == client), None)
        if sign_in is None or sign_in.client_secret != secret or sign_in.client_ends <= time.time():
            raise ApiError("InvalidClientException", "Invalid client", 401)
        with self.world.lock:
            if sign_in.refresh is None or sign_in.refresh != token or not at_home(request, sign_in):
                raise ApiError("InvalidGrantException", "Invalid refresh token provided")
            sign_in.renew()
            answer = {"accessToken": sign_in.access, "expiresIn": sign_in.refresh_seconds, "tokenType": "Bearer"}
            return {**answer, "refreshToken": sign_in.refresh} if sign_in.rotate else answer


def at_home(request, sign_in):
    """A sign-in is known in its own region alone."""
    return names.match(request.host_name)[2].get("region", sign_in.region) == sign_in.region
