"""Pull-through cache rules: what `ecr check` says of an image that was not imported yet, and what --pull-through does about it."""

import json

import pytest

from support_net import assert_verdict, verdict

UPSTREAM = "registry.lab.test"
NEEDED = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")


@pytest.fixture
def cached(lab):
    """HOST/cache, which a rule fetches from a registry that anybody may read; lab.image is there as tools/app:v1."""
    lab.cache_rule("cache", UPSTREAM)
    lab.image = lab.push_image(f"{UPSTREAM}/tools/app:v1", ["linux/amd64", "linux/arm64"])
    lab.clear_log()
    return f"{lab.host}/cache/tools/app"


def kinds(lab):
    return [(r["service"], r["operation"]) for r in lab.requests()]


def imported(lab):
    """Repositories of the account."""
    return [r["repositoryName"] for r in lab.api().describe_repositories()["repositories"]]


# ---- without it

def test_without_it_nothing_is_imported(lab, cached):
    result = lab.ecr("check", f"{cached}:v1")
    assert_verdict(result, "not-cached", 5, "'cache'", UPSTREAM, "--pull-through", *NEEDED, "looks like a 404")
    # Neither the registry nor the daemon is asked: that would import it.
    assert kinds(lab) == [("api", "DescribeImages"), ("api", "DescribePullThroughCacheRules")]
    assert imported(lab) == []


def test_a_digest_is_not_imported_at_first(lab, cached):
    result = lab.ecr("check", f"{cached}@{lab.image.digest}")
    assert_verdict(result, "not-cached", 5, "a first pull by digest does not import", "by tag", *NEEDED)


def test_json_of_what_is_not_cached(lab, cached):
    shown, = lab.ecr("check", "--json", f"{cached}:v1").json
    assert (shown["state"], shown["reason"], shown["source"]) == ("unknown", "not-cached", "ecr")
    step, = shown["trail"]
    assert UPSTREAM in step["detail"] and "'cache'" in step["detail"]


def test_an_image_beside_the_rule_is_absent(lab, cached):
    for name in ("other/app:v1", "cached/app:v1"):
        assert verdict(lab.ecr("check", "--pull-through", f"{lab.host}/{name}"))[0] == "absent"


# ---- with it

def test_it_imports(lab, cached):
    result = lab.ecr("check", "--pull-through", "--json", f"{cached}:v1")
    shown, = result.json
    assert (result.code, shown["state"], shown["source"], shown["digest"]) == (0, "present", "registry", lab.image.digest)
    assert [(s["source"], s["reason"]) for s in shown["trail"]] == [("ecr", "not-cached"), ("registry", "ok")]
    assert "imported" in shown["trail"][-1]["detail"]
    assert kinds(lab)[-1] == ("registry", "GetManifest")  # HEAD would do, but a pull asks like this
    assert ("tls", "GetManifest") not in kinds(lab)       # ECR asks the upstream, not we
    assert imported(lab) == ["cache/tools/app"]
    # From now on it is ECR's.
    lab.clear_log()
    shown, = lab.ecr("check", "--json", f"{cached}:v1").json
    assert (shown["source"], shown["digest"]) == ("ecr", lab.image.digest) and kinds(lab) == [("api", "DescribeImages")]


def test_what_is_there_is_not_imported_again(lab, cached):
    assert lab.ecr("check", "--pull-through", f"{cached}:v1").code == 0
    lab.clear_log()
    assert_verdict(lab.ecr("check", "--pull-through", f"{cached}:v1"), "ok", 0)
    assert kinds(lab) == [("api", "DescribeImages")]


@pytest.mark.parametrize("name, reason", [("tools/app:none", "no-image"), ("none/app:v1", "no-repository")])
def test_the_verdict_is_that_of_the_upstream(lab, cached, name, reason):
    """ECR's 404 alone says nothing: permissions may lack. The upstream's own word decides."""
    result = lab.ecr("check", "--pull-through", "--json", f"{lab.host}/cache/{name}")
    shown, = result.json
    assert (result.code, shown["state"]) == (1, "absent") and shown["reason"] in (reason, "no-image"), result
    assert "upstream" in shown["trail"][-1]["detail"]
    asked = lab.requests(service="tls")
    assert asked and asked[0]["path"].startswith("/v2/" + name.partition(":")[0])
    assert all("authorization" not in r["headers"] for r in asked)  # ECR's token is none of its business


@pytest.mark.parametrize("lacking", NEEDED)
def test_a_permission_that_lacks(lab, cached, lacking):
    """ECR says 404 though the upstream has it."""
    operations = ["GetAuthorizationToken", "BatchGetImage", "DescribeImages", "DescribePullThroughCacheRules",
                  *(name[4:] for name in NEEDED if name != lacking)]
    lab.new_key("cacher", allow=operations)
    result = lab.ecr("check", "--pull-through", f"{cached}:v1", key="cacher")
    assert_verdict(result, "denied", 3, *NEEDED, "its upstream has it")
    assert imported(lab) == []


def test_a_first_pull_by_digest(lab, cached):
    """Nobody lacks a permission: the service does not import by digest."""
    result = lab.ecr("check", "--pull-through", f"{cached}@{lab.image.digest}")
    assert verdict(result)[0] == "unknown", result
    assert "a first pull by digest does not import" in result.stderr and "ask for the tag" in result.stderr
    assert_verdict(result, "not-cached", 5)


@pytest.mark.parametrize("fault, parameters, state", [
    ("server_error", {}, "unknown"), ("throttle", {}, "unknown"), ("not_a_registry", {}, "unknown"), ("html", {}, "unknown"),
    ("refuse", {"code": "DENIED", "status": 403}, "unknown"), ("cut", {}, "unknown")])
def test_an_upstream_that_does_not_tell(lab, cached, fault, parameters, state):
    lab.fault(fault, service="tls", **parameters)
    result = lab.ecr("check", "--pull-through", "--max-attempts", "1", f"{lab.host}/cache/tools/app:none")
    assert verdict(result)[:2] == (state, "not-cached"), result
    assert_verdict(result, "not-cached", 5, *NEEDED)


@pytest.mark.parametrize("fault, parameters, reason, code", [
    ("throttle", {}, "throttled", 4), ("server_error", {}, "server-error", 4), ("deny", {}, "denied", 3),
    ("html", {}, "ambiguous", 5), ("not_a_registry", {}, "ambiguous", 5), ("garble", {}, "bad-reply", 5),
    ("refuse", {"code": "UNKNOWN", "status": 400}, "refused", 5)])
def test_a_registry_that_fails_to_import(lab, cached, fault, parameters, reason, code):
    lab.fault(fault, service="registry", **parameters)
    result = lab.ecr("check", "--pull-through", "--max-attempts", "1", f"{cached}:v1")
    assert lab.faults()[0]["hits"] >= 1
    assert_verdict(result, reason, code)


def test_requirements_are_judged_afterwards(lab, cached):
    result = lab.ecr("check", "--pull-through", "--deep", "--platform", "linux/arm64", f"{cached}:v1")
    assert_verdict(result, "ok", 0)
    result = lab.ecr("check", "--pull-through", "--platform", "linux/s390x", f"{cached}:v1")
    assert_verdict(result, "no-platform", 6)


@pytest.mark.parametrize("prefix, root, asked", [("ROOT", None, "team/app"), ("cache", "library", "team/app")])
def test_names_at_the_upstream(lab, prefix, root, asked):
    """A rule for the whole registry, and one below a prefix at the upstream."""
    name = asked if prefix == "ROOT" else f"{prefix}/{asked}"
    lab.cache_rule(prefix, UPSTREAM, **({"upstreamRepositoryPrefix": root} if root else {}))
    there = lab.push_image(f"{UPSTREAM}/{root}/{asked}:v1" if root else f"{UPSTREAM}/{asked}:v1")
    lab.clear_log()
    shown, = lab.ecr("check", "--pull-through", "--json", f"{lab.host}/{name}:v1").json
    assert (shown["state"], shown["digest"]) == ("present", there.digest)
    lab.clear_log()
    assert verdict(lab.ecr("check", "--pull-through", f"{lab.host}/{name}:v2"))[0] == "absent"
    paths = {r["path"].partition("/manifests/")[0] for r in lab.requests(service="tls")}
    assert paths == {f"/v2/{root}/{asked}" if root else f"/v2/{asked}"}


def test_docker_hub_as_upstream(lab):
    """A rule names Docker Hub by the address of its registry; its library is no part of the names there."""
    lab.cache_rule("hub", "registry-1.docker.io")
    there = lab.push_image("registry-1.docker.io/library/alpine:3")
    lab.clear_log()
    shown, = lab.ecr("check", "--pull-through", "--json", f"{lab.host}/hub/library/alpine:3").json
    assert (shown["state"], shown["digest"]) == ("present", there.digest)
    result = lab.ecr("check", "--pull-through", f"{lab.host}/hub/library/alpine:none")
    assert_verdict(result, "no-image", 1)


def test_many_of_one_rule(lab, cached):
    """The rules are read once, and each image has its own verdict."""
    images = [f"{cached}:v1", f"{cached}:none", f"{lab.host}/cache/none:v1", f"{cached}:v1"]
    result = lab.ecr("check", "--pull-through", "--json", *images)
    assert [(s["image"], s["state"]) for s in result.json] == list(zip(images, ["present", "absent", "absent", "present"]))
    assert result.code == 1
    assert len([r for r in lab.requests() if r["operation"] == "DescribePullThroughCacheRules"]) == 1
    described = [json.loads(r["body"])["repositoryName"] for r in lab.requests(operation="DescribeImages")]
    assert set(described) == {"cache/tools/app", "cache/none"}


# ---- what a rule says is a service's word

@pytest.mark.parametrize("rule", [
    {"upstreamRegistryUrl": "registry.lab.test", "upstreamRepositoryPrefix": "x HTTP/1.1\r\nHost: other\r\nY: "},
    {"upstreamRegistryUrl": "registry.lab.test", "upstreamRepositoryPrefix": "../.."},
    {"upstreamRegistryUrl": "127.0.0.1:5001"}, {"upstreamRegistryUrl": "localhost:5001"}, {"upstreamRegistryUrl": "loopback.lab.test"},
    {"upstreamRegistryUrl": "169.254.169.254"}, {"upstreamRegistryUrl": "metadata.lab.test"}, {"upstreamRegistryUrl": "a b"}])
def test_a_rule_that_leads_astray(lab, rule):
    """It neither splits a request nor leads to what is on this machine; and what would be there decides nothing."""
    lab.metadata()
    lab.fault("body", service="api", operation="DescribePullThroughCacheRules",
              text=json.dumps({"pullThroughCacheRules": [{"ecrRepositoryPrefix": "cache", **rule}]}))
    result = lab.ecr("check", "--pull-through", "--max-attempts", "1", f"{lab.host}/cache/tools/app:none")
    assert lab.faults()[0]["hits"] == 1
    assert verdict(result)[:2] == ("unknown", "not-cached") and result.code == 5, result
    assert lab.requests(service="tls") == [] and len(lab.connections()) == 2  # ECR's API and its registry
