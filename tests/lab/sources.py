"""The part of the control socket that is about where keys come from."""

import secrets
import time
import uuid

from . import network
from .httpd import Server
from .identity import Metadata, Role, SignIn

CONTROL = {}
REFRESHABLE = 365 * 86400


def control(function):
    CONTROL[function.__name__] = function
    return function


def stamp(lab, moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment + lab.world.settings["clock"]))


@control
def role(lab, arn, external_id=None, trusts=None, allow=("*",), max_seconds=43200, seconds=3600, denied=False):
    lab.identity.roles[arn] = Role(arn, external_id, trusts, allow, max_seconds, seconds, denied)
    return arn


@control
def web_token(lab, text=None, roles=(), expired=False, rejected=False, audience="sts.amazonaws.com"):
    return lab.identity.add_web_token(roles, text, expired, rejected, audience)


@control
def issued(lab):
    return lab.keys.issued


@control
def expire_key(lab, identifier):
    lab.keys.expire(identifier)


@control
def sso(lab, roles, seconds, refresh, rotate, region, start_url, client_seconds, key_seconds, refresh_seconds):
    """A sign-in, as `aws sso login` leaves it."""
    made = SignIn(roles, region, key_seconds, refresh_seconds, rotate)
    made.ends, made.client_ends = time.time() + seconds, time.time() + client_seconds
    made.refresh = secrets.token_urlsafe(200) if refresh else None
    lab.identity.sign_ins.append(made)
    answer = {"startUrl": start_url, "region": region, "accessToken": made.access, "expiresAt": stamp(lab, made.ends),
              "clientId": made.client, "clientSecret": made.client_secret,
              "registrationExpiresAt": stamp(lab, made.client_ends)}
    return {**answer, "refreshToken": made.refresh} if refresh else answer


@control
def sso_end(lab, client):
    for sign_in in lab.identity.sign_ins:
        if sign_in.client == client:
            sign_in.ends, sign_in.refresh = 0, None


@control
def github(lab, roles, host):
    token = secrets.token_urlsafe(300)
    lab.identity.jobs[token] = list(roles)
    return {"url": f"https://{host}/lab/{uuid.uuid4()}/_apis/distributedtask/hubs/Actions/plans/{uuid.uuid4()}/jobs/"
                   f"{uuid.uuid4()}/idtoken?api-version=2.0", "token": token}


# ---- metadata

ADDRESSES = {"imds": (network.IMDS, network.IMDS6), "ecs": (network.ECS,), "eks": (network.EKS, network.EKS6),
             "container": ("127.0.0.1", "::1")}
URLS = {"imds": f"http://{network.IMDS}", "imds6": f"http://[{network.IMDS6}]", "ecs": f"http://{network.ECS}/creds",
        "eks": f"http://{network.EKS}/v1/credentials", "eks6": f"http://[{network.EKS6}]/v1/credentials",
        "local": f"http://127.0.0.1:{network.CONTAINER_PORT}/creds",
        "local6": f"http://[::1]:{network.CONTAINER_PORT}/creds", "https": "https://credentials.lab.test/creds"}


@control
def metadata(lab, role="session", token=None, v1=False, put=None, expires=None, code="Success", names=None,
             region="us-east-1", members=None, only=None):
    """Opens the metadata services, or changes what they say."""
    if role is not None and role not in lab.keys.roles:
        raise ValueError(f"there is no key of the role {role}")
    close_metadata(lab)
    lab.identity.metadata = Metadata(role, token, v1, put, expires, code, names, region, members)
    for name in only or ADDRESSES:
        port = network.CONTAINER_PORT if name == "container" else 80
        lab.metadata += [Server(lab.world, lab.fronts[name], address, port, False) for address in ADDRESSES[name]]
    return URLS


def close_metadata(lab):
    for server in lab.metadata:
        server.close()
    lab.metadata, lab.identity.metadata = [], None


@control
def metadata_token(lab, token):
    lab.identity.metadata.token = token
