"""Access keys and what they may do, and the registry tokens made from them."""

import base64
import fnmatch
import json
import secrets
import time

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"

PULL = ("GetAuthorizationToken", "BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability")

# role: (account, allowed operations as patterns, temporary, seconds until it ends)
ROLES = {
    "full": (ACCOUNT, ("*",), False, None),
    "session": (ACCOUNT, ("*",), True, 3600),
    "pull": (ACCOUNT, PULL, False, None),
    "describe": (ACCOUNT, ("DescribeImages",), False, None),
    "nothing": (ACCOUNT, (), False, None),
    "expired": (ACCOUNT, ("*",), True, -60),
    "other": (OTHER_ACCOUNT, ("*",), False, None),
}


class Key:
    def __init__(self, role, account, allowed, temporary, seconds, arn=None):
        self.role, self.account, self.allowed = role, account, tuple(allowed)
        self.id = f"LAB{role.upper()}{secrets.token_hex(4).upper()}".replace("-", "")
        self.secret = secrets.token_urlsafe(30)
        self.token = secrets.token_urlsafe(120) if temporary else None
        self.ends = None if seconds is None else time.time() + seconds
        self.arn = arn or (f"arn:aws:sts::{account}:assumed-role/{role}/lab" if temporary
                           else f"arn:aws:iam::{account}:user/{role}")

    def allows(self, operation):
        return any(fnmatch.fnmatchcase(operation, pattern) for pattern in self.allowed)

    def public(self):
        return {"access_key_id": self.id, "secret_access_key": self.secret, "session_token": self.token,
                "account": self.account, "arn": self.arn, "expires": self.ends}


class Keys:
    def __init__(self, world):
        self.world = world
        self.reset()

    def reset(self):
        with self.world.lock:
            self.by_id, self.roles, self.tokens = {}, {}, {}
            for role, facts in ROLES.items():
                self.add(role, *facts)
            # Two ways to be wrong that no table entry can express: a stranger's id, and a right id with a wrong secret.
            self.roles["unknown"] = Key("unknown", ACCOUNT, (), False, None)
            wrong = self.roles["wrong-secret"] = Key("wrongsecret", ACCOUNT, (), False, None)
            wrong.id = self.roles["full"].id

    def add(self, role, account=ACCOUNT, allowed=("*",), temporary=False, seconds=None, arn=None):
        key = Key(role, account, allowed, temporary, seconds, arn)
        with self.world.lock:
            self.roles[role] = self.by_id[key.id] = key
        return key

    # ---- registry tokens

    def issue(self, key, region, service="ecr"):
        """(base64 of AWS:PASSWORD, end) of a new registry token."""
        ends = self.world.now() + self.world.settings["token_seconds"]
        payload = {"payload": secrets.token_urlsafe(self.world.settings["token_bytes"]), "expiration": int(ends),
                   "datakey": secrets.token_urlsafe(120), "version": "2", "type": "DATA_KEY"}
        password = base64.b64encode(json.dumps(payload).encode()).decode()
        with self.world.lock:
            self.tokens[password] = (key, region, service, ends)
        return base64.b64encode(f"AWS:{password}".encode()).decode(), ends

    def redeem(self, password, service="ecr"):
        """(key, region, over) of a token, or (None, None, False) when it was never issued here."""
        key, region, issued_for, ends = self.tokens.get(password, (None, None, None, 0))
        if key is None or issued_for != service:
            return None, None, False
        return key, region, ends <= self.world.now()
