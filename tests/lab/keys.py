"""Access keys and what they may do, and the registry tokens made from them."""

import base64
import fnmatch
import hashlib
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


def identifier(prefix, seed=None, length=16):
    """An id as AWS makes them: AKIA.., ASIA.., AROA.., AIDA..; the same seed gives the same one."""
    data = secrets.token_bytes(20) if seed is None else hashlib.sha256(seed.encode()).digest()
    return prefix + base64.b32encode(data).decode()[:length]


class Key:
    def __init__(self, role, account, allowed, temporary, seconds, arn=None):
        self.role, self.account, self.allowed = role, account, tuple(allowed)
        self.temporary, self.seconds = temporary, seconds
        self.id = f"LAB{role.upper()}{secrets.token_hex(4).upper()}".replace("-", "")
        self.secret = secrets.token_urlsafe(30)
        self.token = secrets.token_urlsafe(120) if temporary else None
        self.ends = None if seconds is None else time.time() + seconds
        self.user_id = None
        self.arn = arn or (f"arn:aws:sts::{account}:assumed-role/{role}/lab" if temporary
                           else f"arn:aws:iam::{account}:user/{role}")

    def allows(self, operation, service="ecr"):
        """Patterns are of operations of any service, or with the service before a colon."""
        return any(fnmatch.fnmatchcase(f"{service}:{operation}" if ":" in pattern else operation, pattern)
                   for pattern in self.allowed)

    @property
    def user(self):
        """The UserId that GetCallerIdentity shows."""
        return self.user_id or (identifier("AROA", self.role, 17) + ":lab" if self.temporary
                                else identifier("AIDA", self.role, 17))

    def over(self):
        return self.ends is not None and self.ends <= time.time()

    def public(self):
        return {"access_key_id": self.id, "secret_access_key": self.secret, "session_token": self.token,
                "account": self.account, "arn": self.arn, "expires": self.ends}


class Keys:
    def __init__(self, world):
        self.world = world
        self.reset()

    def reset(self):
        with self.world.lock:
            self.by_id, self.roles, self.tokens, self.issued = {}, {}, {}, []
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

    # ---- keys that services hand out

    def session(self, role_arn, session, allowed, seconds):
        """A new key of an assumed role."""
        _, partition, _, _, account, name = role_arn.split(":", 5)
        name = name.rpartition("/")[2]
        key = Key(name, account, allowed, True, seconds, f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
        key.id = identifier("ASIA")
        # Standard base64: its +, / and = are what programs forget to encode.
        key.secret = base64.b64encode(secrets.token_bytes(30)).decode()
        key.token = "IQoJb3JpZ2luX2VjE+/" + base64.b64encode(secrets.token_bytes(310)).decode()
        key.user_id = f"{identifier('AROA', role_arn, 17)}:{session}"
        with self.world.lock:
            self.by_id[key.id] = key
        return key

    def current(self, role):
        """The key of a role; a new one if it was good once and is over, as services that hand out keys renew them."""
        key = self.roles[role]
        if key.over() and (key.seconds is None or key.seconds > 0):
            return self.add(role, key.account, key.allowed, key.temporary, key.seconds, key.arn)
        return key

    def expire(self, identifier):
        self.by_id[identifier].ends = 0

    def note(self, key, service, operation):
        """Keeps what was handed out, for tests to compare with."""
        with self.world.lock:
            self.issued.append({"time": time.time(), "service": service, "operation": operation, "role": key.role,
                                **key.public()})

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

    def end_tokens(self):
        """All registry tokens issued so far are over."""
        with self.world.lock:
            for password, (key, region, service, _) in self.tokens.items():
                self.tokens[password] = (key, region, service, 0)

    def redeem(self, password, service="ecr"):
        """(key, region, over) of a token, or (None, None, False) when it was never issued here."""
        key, region, issued_for, ends = self.tokens.get(password, (None, None, None, 0))
        if key is None or issued_for != service:
            return None, None, False
        return key, region, ends <= self.world.now()
