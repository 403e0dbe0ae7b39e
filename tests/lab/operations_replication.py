"""Replication: the registry's configuration, and how far it is with an image."""

from .images import ApiError
from .operations import image_of, registrar, repository, stored

TABLE, operation = registrar()

RULES_MAX, DESTINATIONS_MAX = 10, 25


def configuration(call):
    return stored(call, "registry").get("replication", {"rules": []})


def refuse(text):
    raise ApiError("ValidationException", f"Invalid replication configuration: {text}")


@operation
def put_replication_configuration(call):
    wanted = call["replicationConfiguration"]
    places = {(d["region"], d["registryId"]) for rule in wanted["rules"] for d in rule["destinations"]}
    if len(wanted["rules"]) > RULES_MAX:
        refuse(f"there can be {RULES_MAX} rules")
    if len(places) > DESTINATIONS_MAX:
        refuse(f"there can be {DESTINATIONS_MAX} destinations")
    if (call.region, call.account) in places:
        refuse("Replication destination cannot be the same as the source registry")
    if any(not rule["destinations"] for rule in wanted["rules"]):
        refuse("a rule needs a destination")
    stored(call, "registry")["replication"] = wanted
    return {"replicationConfiguration": wanted}


@operation
def describe_registry(call):
    return {"registryId": call.account, "replicationConfiguration": configuration(call)}


def destinations(call, name):
    """Where the rules send images of a repository: once each, in the order of the rules."""
    found = {}
    for rule in configuration(call)["rules"]:
        filters = [entry["filter"] for entry in rule.get("repositoryFilters", [])]
        if not filters or any(name.startswith(prefix) for prefix in filters):
            found.update({(d["region"], d["registryId"]): d for d in rule["destinations"]})
    return list(found.values())


@operation
def describe_image_replication_status(call):
    repo = repository(call)
    image, statuses = image_of(call, repo), []
    told = getattr(image, "replication", None)
    for place in told["statuses"] if told else destinations(call, repo.name):
        status = {"status": "COMPLETE", "registryId": call.account, **place}
        if told and told["polls"] > 0:
            status = {"region": status["region"], "registryId": status["registryId"], "status": "IN_PROGRESS"}
        statuses.append(status)
    if told:
        told["polls"] -= 1
    return {"repositoryName": repo.name, "imageId": call["imageId"], "replicationStatuses": statuses}
