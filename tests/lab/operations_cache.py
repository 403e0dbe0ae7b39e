"""Pull-through cache rules."""

import fnmatch
import re

from .documents import invalid
from .images import ApiError
from .operations import not_with_paging, page, registrar

TABLE, operation = registrar()

RULES_MAX = 50
# (pattern of the upstream's host, its name in `upstreamRegistry`, does it need a secret?)
UPSTREAMS = [(re.compile(pattern), name, secret) for pattern, name, secret in (
    (r"public\.ecr\.aws", "ecr-public", False),
    (r"registry\.k8s\.io", "k8s", False),
    (r"quay\.io", "quay", False),
    (r"registry-1\.docker\.io", "docker-hub", True),
    (r"ghcr\.io", "github-container-registry", True),
    (r"registry\.gitlab\.com", "gitlab-container-registry", True),
    (r"[a-z0-9]+\.azurecr\.(?:io|us|cn)", "azure-container-registry", True),
    (r"cgr\.dev", "chainguard", True),
    (r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?", "ecr", False))]
# What was said of a secret by a test: the answer to a rule that names it.
SECRETS = {"missing": "SecretNotFoundException", "unreadable": "UnableToAccessSecretException",
           "undecryptable": "UnableToDecryptSecretValueException"}


def prefix_of(call):
    return call["ecrRepositoryPrefix"].rstrip("/")


def cache_rule(call, prefix=None):
    """(all rules, the rule) of a prefix."""
    rules, prefix = call.state.rules(call.account, call.region), prefix or prefix_of(call)
    if prefix not in rules:
        raise ApiError("PullThroughCacheRuleNotFoundException", "The pull through cache rule with prefix "
                       f"'{prefix}' does not exist in the registry with id '{call.account}'")
    return rules, rules[prefix]


def plain(rule, *without):
    """The rule as calls show it."""
    return {k: v for k, v in rule.items() if k not in ("valid", "failure", *without)}


def upstream_of(call):
    """(name, does it need a secret?) of the upstream."""
    url = re.sub(r"^https?://|/+$", "", call["upstreamRegistryUrl"])
    for pattern, name, secret in UPSTREAMS:
        if pattern.fullmatch(url) and call["upstreamRegistry"] in (None, name):
            return name, secret
    raise ApiError("UnsupportedUpstreamRegistryException", f"The upstream registry '{call['upstreamRegistryUrl']}' is not "
                   "supported")


def check_secret(call):
    """A secret that a test has said something of; all others are there and can be read."""
    for pattern, status in call.state.secrets.items():
        if call["credentialArn"] and fnmatch.fnmatchcase(call["credentialArn"], pattern) and status in SECRETS:
            raise ApiError(SECRETS[status], f"The secret '{call['credentialArn']}' is {status}")


@operation
def create_pull_through_cache_rule(call):
    rules, prefix = call.state.rules(call.account, call.region), prefix_of(call)
    name, secret = upstream_of(call)
    if secret and not call["credentialArn"]:
        raise ApiError("ValidationException", f"The upstream registry '{call['upstreamRegistryUrl']}' needs a credentialArn")
    if not secret and call["credentialArn"]:
        raise ApiError("ValidationException", f"The upstream registry '{call['upstreamRegistryUrl']}' takes no credentialArn")
    if call["customRoleArn"] and name != "ecr":
        raise ApiError("ValidationException", "customRoleArn is for upstream registries of ECR only")
    above = call["upstreamRepositoryPrefix"]
    if prefix == "ROOT" and above not in (None, "ROOT"):
        raise invalid("upstreamRepositoryPrefix", "a prefix other than ROOT needs an ecrRepositoryPrefix other than ROOT")
    if prefix in rules:
        raise ApiError("PullThroughCacheRuleAlreadyExistsException", f"A pull through cache rule with prefix '{prefix}' "
                       "already exists")
    if len(rules) >= RULES_MAX:
        raise ApiError("LimitExceededException", f"A registry can have {RULES_MAX} pull through cache rules")
    check_secret(call)
    given = {**call.values, "ecrRepositoryPrefix": prefix, "upstreamRegistry": name, "registryId": call.account}
    return call.state.add_rule(call.account, call.region, call.world.now(), **given)


@operation
def describe_pull_through_cache_rules(call):
    not_with_paging(call, "ecrRepositoryPrefixes")
    rules, wanted = call.state.rules(call.account, call.region), call["ecrRepositoryPrefixes"]
    found = [cache_rule(call, prefix.rstrip("/"))[1] for prefix in wanted] if wanted else list(rules.values())
    return page(call, [plain(rule) for rule in sorted(found, key=lambda r: r["ecrRepositoryPrefix"])], "pullThroughCacheRules")


@operation
def update_pull_through_cache_rule(call):
    _, rule = cache_rule(call)
    check_secret(call)
    if not call["credentialArn"] and not call["customRoleArn"]:
        raise ApiError("ValidationException", "There is neither a credentialArn nor a customRoleArn to change")
    rule.update({k: v for k, v in call.values.items() if k in ("credentialArn", "customRoleArn")})
    rule["updatedAt"] = call.world.now()
    return plain(rule, "createdAt", "upstreamRegistryUrl", "upstreamRegistry")


@operation
def delete_pull_through_cache_rule(call):
    rules, rule = cache_rule(call)
    del rules[prefix_of(call)]
    return plain(rule, "updatedAt", "upstreamRegistry")


@operation
def validate_pull_through_cache_rule(call):
    _, rule = cache_rule(call)
    answer = {**plain(rule, "createdAt", "updatedAt", "upstreamRegistry"), "isValid": rule.get("valid", True)}
    return {**answer, "failure": rule["failure"]} if rule.get("failure") else answer
