"""Pull-through cache: fetches what a rule covers from another registry of the lab, as the first pull of it does."""

import json

from moto.ecr.models import ecr_backends

from . import distribution, images, names
from .state import space

NEEDED = ("BatchImportUpstreamImage", "CreateRepository")


def covering(state, account, region, name):
    """(rule, name without the rule's prefix) of the longest prefix that covers a repository name."""
    best = (None, None)
    for prefix, rule in sorted(state.rules(account, region).items(), key=lambda item: len(item[0])):
        if prefix == "ROOT":
            best = (rule, name)
        elif name.startswith(prefix + "/"):
            best = (rule, name[len(prefix) + 1:])
    return best


def fetch(world, state, key, account, region, name, reference):
    """Imports NAME:TAG; None when nothing covers it, it is not there, or the key may not: the caller cannot tell which.

    A digest is never looked up: the service does not do so either until the image came in by its tag."""
    rule, rest = covering(state, account, region, name)
    if rule is None or ":" in reference or not all(key.allows(action) for action in NEEDED):
        return None
    root = rule["upstreamRepositoryPrefix"]
    upstream = rest if root == "ROOT" else f"{root}/{rest}"
    service, _, groups = names.match(rule["upstreamRegistryUrl"])
    area = (groups["account"], groups["region"]) if service == "registry" else (service,)
    source = space(world, *area, upstream)
    answer = ask_manifest(source, reference)
    if answer is None:
        return None
    with world.lock:
        backend = ecr_backends[account][region]
        if name not in backend.repositories:
            backend.create_repository(name, None, None, None, None, [])
        return copy(world, source, backend.repositories[name], space(world, account, region, name), *answer, reference)


def ask_manifest(source, reference):
    answer = distribution.ask("GET", f"/v2/{source}/manifests/{reference}", {"Accept": ", ".join(images.MANIFESTS)})
    return (answer.whole(), answer.header("content-type")) if answer.status == 200 else None


def copy(world, source, repo, target, manifest, media_type, tag):
    value = json.loads(manifest)
    for child in value.get("manifests", []):
        copy(world, source, repo, target, *ask_manifest(source, child["digest"]), None)
    for blob in [value["config"], *value["layers"]] if "config" in value else []:
        distribution.ask("POST", f"/v2/{target}/blobs/uploads/?mount={blob['digest']}&from={source}")
    distribution.put_manifest(target, images.digest_of(manifest), media_type, manifest)
    found = images.find(repo, {"imageDigest": images.digest_of(manifest)})
    return found if found and tag is None else images.put(repo, manifest, media_type, tag, world.now())
