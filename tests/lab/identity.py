"""What the services that hand out keys know: roles, web tokens, sign-ins to IAM Identity Center, GitHub's jobs."""

import base64
import json
import secrets
import time
import uuid

AUDIENCE = "sts.amazonaws.com"


def encoded(value):
    """A part of a JSON web token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt(audience, subject, seconds):
    """Looks like a JSON web token; its signature is of nobody."""
    now = int(time.time())
    claims = {"iss": "https://issuer.lab.test", "sub": subject, "aud": audience, "iat": now, "exp": now + seconds,
              "jti": str(uuid.uuid4())}
    return f"{encoded({'typ': 'JWT', 'alg': 'RS256', 'kid': 'lab'})}.{encoded(claims)}.{secrets.token_urlsafe(256)}"


class Role:
    def __init__(self, arn, external_id, trusts, allow, max_seconds, seconds, denied):
        self.arn, self.external_id, self.trusts, self.allow = arn, external_id, trusts, tuple(allow)
        self.max_seconds, self.seconds, self.denied = max_seconds, seconds, denied

    def trusts_key(self, key):
        """`trusts` names accounts, principals (a role stands for all its sessions), key ids or names of keys."""
        if self.trusts is None:
            return True
        names = {key.id, key.role, key.arn, key.account, f"arn:aws:iam::{key.account}:root"}
        if ":assumed-role/" in key.arn:
            head, name = key.arn.split(":assumed-role/")
            names.add(f"{head.replace(':sts:', ':iam:')}:role/{name.split('/')[0]}")
        return bool(names & set(self.trusts))


class WebToken:
    def __init__(self, roles, expired, rejected, audience):
        self.roles, self.expired, self.rejected, self.audience = set(roles), expired, rejected, audience


class SignIn:
    """One person's sign-in; `roles` maps (account, role name) to what its keys may do."""

    def __init__(self, roles, region, key_seconds, refresh_seconds, rotate):
        self.roles = {(account, name): tuple(allow[0] if allow else ("*",)) for account, name, *allow in roles}
        self.region, self.key_seconds, self.refresh_seconds, self.rotate = region, key_seconds, refresh_seconds, rotate
        self.access, self.ends = secrets.token_urlsafe(200), 0
        self.refresh = None
        self.client, self.client_secret, self.client_ends = secrets.token_urlsafe(16), secrets.token_urlsafe(300), 0

    def renew(self):
        """A new access token, and with `rotate` a new refresh token; the old ones are worth nothing."""
        self.access, self.ends = secrets.token_urlsafe(200), time.time() + self.refresh_seconds
        if self.rotate:
            self.refresh = secrets.token_urlsafe(200)


class Metadata:
    """What the metadata services say; None as a whole while they are closed."""

    def __init__(self, role, token, v1, put, expires, code, names, region, members):
        self.role, self.token, self.v1, self.put, self.expires = role, token, v1, put, expires
        self.code, self.region, self.members = code, region, members or {}
        self.names = names if names is not None else [role] if role else None


class Identity:
    def __init__(self):
        self.reset()

    def reset(self):
        self.roles, self.web_tokens, self.sign_ins, self.jobs, self.metadata = {}, {}, [], {}, None

    def add_web_token(self, roles, text=None, expired=False, rejected=False, audience=AUDIENCE, subject="lab"):
        text = text or jwt(audience, subject, -60 if expired else 600)
        self.web_tokens[text] = WebToken(roles, expired, rejected, audience)
        return text
