"""What tests use to set up where keys come from; a part of `Lab`."""

import hashlib
import json
import os
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from . import network

ACCOUNT = "123456789012"
LEGACY = ("startUrl", "region", "accessToken", "expiresAt")


def arn_of(name):
    """A role's name is short for its ARN."""
    return name if name.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{name}"


def write(path, text):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(text)
    return path


def changed(value, overrides):
    return {name: member for name, member in {**value, **overrides}.items() if member is not None}


class Sources:
    plain_sts, plain_sso, plain_oidc = (f"http://127.0.0.1:{network.PLAIN_FRONTS[name]}" for name in ("sts", "sso", "oidc"))

    # ---- STS

    def role(self, arn, external_id=None, trusts=None, allow=("*",), max_seconds=43200, seconds=3600, denied=False):
        """A role that can be taken on; returns its ARN.

        trusts: None for everybody, else ARNs, accounts, key ids, or names of keys; allow: operation patterns of its keys;
        seconds: life of its keys where none is asked for; denied: nobody may."""
        return self.control("role", arn=arn_of(arn), external_id=external_id, trusts=trusts, allow=list(allow),
                            max_seconds=max_seconds, seconds=seconds, denied=denied)

    def web_token(self, text=None, roles=(), expired=False, rejected=False, audience="sts.amazonaws.com"):
        """A web identity token that STS knows, good for these roles; returns it."""
        return self.control("web_token", text=text, roles=[arn_of(r) for r in roles], expired=expired, rejected=rejected,
                            audience=audience)

    def issued(self, **conditions):
        """The keys that services handed out, oldest first: {service, operation, role, arn, access_key_id, ...}."""
        return [i for i in self.control("issued") if all(i[k] == v for k, v in conditions.items())]

    def expire_key(self, access_key_id):
        """This key, of whatever origin, is over; metadata services hand out a new one from now on."""
        self.control("expire_key", identifier=access_key_id)

    # ---- IAM Identity Center, `aws login`

    def sso(self, roles, seconds=8 * 3600, refresh=True, rotate=False, region="us-east-1",
            start_url="https://lab.awsapps.com/start", client_seconds=90 * 86400, key_seconds=3600, refresh_seconds=3600):
        """A sign-in for [(account, role name[, operation patterns])]; returns what the CLI's cache file holds.

        rotate: a refresh gives a new refresh token, too; key_seconds, refresh_seconds: life of keys, of later tokens."""
        return self.control("sso", roles=[list(r) for r in roles], seconds=seconds, refresh=refresh, rotate=rotate,
                            region=region, start_url=start_url, client_seconds=client_seconds, key_seconds=key_seconds,
                            refresh_seconds=refresh_seconds)

    def sso_end(self, sso):
        """The sign-in is over: neither its access token nor its refresh token are good."""
        self.control("sso_end", client=sso["clientId"])

    def sso_cache(self, home, name, sso, **overrides):
        """The CLI's cache file of a session's name or (the legacy form) of a start URL; an override of None takes out."""
        value = {k: sso[k] for k in LEGACY} if "://" in name else sso
        path = os.path.join(str(home), ".aws", "sso", "cache", hashlib.sha1(name.encode()).hexdigest() + ".json")
        return write(path, json.dumps(changed(value, overrides)))

    def login_cache(self, home, login_session, role="session", seconds=900, **overrides):
        """The cache file of `aws login`, with the key of a role that is said to end in `seconds`."""
        key = self.keys[role]
        secret = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        value = {"accessToken": {"accessKeyId": key["access_key_id"], "secretAccessKey": key["secret_access_key"],
                                 "sessionToken": key["session_token"], "accountId": key["account"],
                                 "expiresAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))},
                 "tokenType": "aws_sigv4", "refreshToken": "lab-refresh-token", "idToken": "lab.id.token",
                 "clientId": "arn:aws:signin:::devtools/same-device", "dpopKey": secret.decode()}
        name = hashlib.sha256(login_session.encode()).hexdigest() + ".json"
        return write(os.path.join(str(home), ".aws", "login", "cache", name), json.dumps(changed(value, overrides)))

    # ---- GitHub

    def github(self, roles, host="pipelines.actions.githubusercontent.com"):
        """A job whose web tokens are good for these roles; returns its {url, token}."""
        return self.control("github", roles=[arn_of(r) for r in roles], host=host)

    # ---- metadata services

    def metadata(self, role="session", token=None, v1=False, put=None, expires=None, code="Success", names=None,
                 region="us-east-1", members=None, only=None):
        """Opens the metadata services for the key of a role (None: no role there), or changes what they say; returns URLs
        {imds, imds6, ecs, eks, eks6, local, local6, https}. `clear` closes them.

        token: the Authorization that container services want; v1: IMDS answers without a session token, too; put: status
        of the PUT for that token, or "hang"; expires: Expiration as text, or seconds from now; code: other than Success
        comes without keys; names: the list of roles; members: further or (None) fewer members of the JSON with the keys;
        only: the services to open, of imds, ecs, eks, container."""
        return self.control("metadata", role=role, token=token, v1=v1, put=put, expires=expires, code=code, names=names,
                            region=region, members=None if members is None else dict(members), only=only)

    def metadata_token(self, token):
        """From now on container services want another Authorization."""
        self.control("metadata_token", token=token)
