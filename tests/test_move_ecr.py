"""pull, push and copy with ECR and ECR Public: logins, repositories, immutable tags, what is asked and what is not."""

import json
import platform
import re

import pytest
import support_move as move

from lab import synth

HOST, WEST = "123456789012.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OTHER, TLS = "210987654321.dkr.ecr.us-east-1.amazonaws.com", "registry.lab.test"
APP = f"{HOST}/team/app"
NATIVE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}[platform.machine()]
ENV = {"AWS_REGION": "us-east-1"}
PUSH = ["GetAuthorizationToken", "BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload",
        "PutImage"]
LATEST = "'latest' alone does not say later what was run"


@pytest.fixture
def made(lab, tmp_path):
    """An index in a layout, oci:a:v1, and a repository for it."""
    image = move.index([NATIVE, "linux/arm/v7"])
    move.write_layout(tmp_path / "a", {"v1": image})
    lab.create_repositories(["team/app"])
    return image


@pytest.fixture
def there(lab, made):
    """The same image in the repository already."""
    return move.push_raw(f"{APP}:v1", made)


def ecr(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr(*arguments, env={**ENV, **options.pop("env", {})}, **options)


def done(result, digest):
    assert (result.code, result.stdout) == (0, f"{digest}\n"), result
    return result


def failed(result, code, *parts):
    assert result.code == code and result.stdout == "", result
    line = result.stderr.splitlines()[-1]
    assert line.startswith("ecr: ") and all(part in line for part in parts), result


def asked(lab, service):
    return [r["operation"] for r in lab.requests(service=service)]


def statuses(result):
    assert result.code == 0, result
    return {event["status"] for event in result.json if event["event"] == "blob"}


def uploads(lab):
    return [r for r in lab.requests() if r["operation"] in ("StartUpload", "PutUpload", "PatchUpload")]


# ---- logins

def test_keys_become_a_login(lab, made, tmp_path):
    done(ecr(lab, "push", "oci:a", f"{APP}:v1", cwd=tmp_path), made.digest)
    assert asked(lab, "api").count("GetAuthorizationToken") == 1  # of all threads together
    assert {r["headers"].get("authorization") for r in lab.requests(service="registry")} == {"Basic AWS"}
    assert move.registry_fault(lab, f"{APP}:v1", made) is None
    done(ecr(lab, "pull", "--all-platforms", f"{APP}:v1", "oci:b", cwd=tmp_path), made.digest)
    assert asked(lab, "api").count("GetAuthorizationToken") == 1 and move.layout_fault(tmp_path / "b") is None


def test_a_stored_login(lab, made, tmp_path):
    """Without AWS credentials: the API is not asked, the registry is for each blob."""
    lab.docker_login(tmp_path / "home")
    done(ecr(lab, "push", "oci:a", f"{APP}:v1", cwd=tmp_path, key=None, home=tmp_path / "home"), made.digest)
    assert asked(lab, "api") == [] and len(lab.requests(operation="HeadBlob", status=404)) == len(move.blobs_of(made))
    done(ecr(lab, "pull", f"{APP}:v1", "oci:b", cwd=tmp_path, key=None, home=tmp_path / "home"), made.of[NATIVE].digest)
    lab.expire_tokens()
    failed(ecr(lab, "push", "oci:a", f"{APP}:v2", cwd=tmp_path, key=None, home=tmp_path / "home"), 3, "expired")


@pytest.mark.parametrize("arguments", [["push", "oci:a", f"{APP}:v1"], ["pull", f"{APP}:v1"],
                                       ["copy", f"{TLS}/x:v1", f"{APP}:v1"]])
def test_no_login(lab, there, tmp_path, arguments):
    move.push_raw(f"{TLS}/x:v1", move.image())
    failed(ecr(lab, *arguments, key=None, cwd=tmp_path), 3)
    assert lab.requests() == [] and not (tmp_path / "app").exists()


def test_between_accounts_and_regions(lab, there, tmp_path):
    """Each has a token of its own, and there is no mounting."""
    lab.create_repositories(["team/app"], region="eu-west-1")
    lab.create_repositories(["team/app"], account="210987654321")
    lab.share(lab.other_account, lab.account)
    for target in (WEST, OTHER):
        result = ecr(lab, "copy", "--json", f"{APP}:v1", f"{target}/team/app:v1")
        assert statuses(result) == {"copied"} and asked(lab, "api").count("GetAuthorizationToken") in (1, 2)
        assert move.registry_fault(lab, f"{target}/team/app:v1", there) is None
        assert not [r for r in lab.requests() if "mount=" in r["target"]]


def test_ecr_public(lab, there, tmp_path):
    uri = lab.create_public_repository("tools/app")
    done(ecr(lab, "push", "oci:a", f"{uri}:v1", f"{uri}:v2", cwd=tmp_path), there.digest)
    for key in ("full", None):  # everybody may read
        done(ecr(lab, "copy", f"{uri}:v2", f"oci:{key}", cwd=tmp_path, key=key), there.digest)
        assert move.layout_fault(tmp_path / str(key)) is None
    assert statuses(ecr(lab, "push", "--json", "oci:a", f"{uri}:v3", cwd=tmp_path)) <= {"exists", "copied"}
    failed(ecr(lab, "push", "oci:a", f"{uri}:v4", cwd=tmp_path, key=None), 3)
    assert not uploads(lab)


def test_an_image_that_a_cache_fetches(lab, tmp_path):
    made = move.push_raw(f"{TLS}/up/app:v1", move.image(platform=NATIVE))
    lab.cache_rule("mirror", TLS)
    done(ecr(lab, "pull", f"{HOST}/mirror/up/app:v1", cwd=tmp_path), made.digest)
    assert move.layout_fault(tmp_path / "app") is None and move.layout_tags(tmp_path / "app") == {"v1": made.digest}


# ---- repositories

def test_create_repo(lab, made, tmp_path):
    for created in (True, False):
        result = done(ecr(lab, "push", "--create-repo", "oci:a", f"{HOST}/new/app:v1", cwd=tmp_path), made.digest)
        assert ("created the repository new/app\n" in result.stderr) == created == ("CreateRepository" in asked(lab, "api"))
    assert move.registry_fault(lab, f"{HOST}/new/app:v1", made) is None
    done(ecr(lab, "copy", "--create-repo", f"{HOST}/new/app:v1", f"{WEST}/newer/app:v1"), made.digest)
    assert move.registry_fault(lab, f"{WEST}/newer/app:v1", made) is None


def test_create_repo_in_several_places(lab, made, tmp_path):
    images = [f"{HOST}/new/a:v1", f"{HOST}/new/b:v1", f"{HOST}/new/a:v2"]
    done(ecr(lab, "push", "--create-repo", "oci:a", *images, cwd=tmp_path), made.digest)
    assert asked(lab, "api").count("CreateRepository") == 2
    assert all(move.registry_fault(lab, image, made) is None for image in images)


def test_create_repo_in_ecr_public(lab, made, tmp_path):
    alias = lab.create_public_repository("first").rpartition("/")[0]
    done(ecr(lab, "push", "--create-repo", "oci:a", f"{alias}/new/app:v1", cwd=tmp_path), made.digest)
    shown = lab.api(service="ecr-public").describe_repositories()["repositories"]
    assert sorted(r["repositoryName"] for r in shown) == ["first", "new/app"]


@pytest.mark.parametrize("allow, name, code", [
    ([*PUSH, "CreateRepository"], "new", 0), ([*PUSH, "CreateRepository"], "team/app", 0),
    ([*PUSH, "DescribeRepositories"], "team/app", 0),
    ([*PUSH, "DescribeRepositories"], "new", 3), (PUSH, "new", 3)])
def test_create_repo_with_less_permission(lab, made, tmp_path, allow, name, code):
    """Who may not look may create all the same; it being there already is no failure."""
    lab.new_key("half", allow=allow)
    result = ecr(lab, "push", "--create-repo", "oci:a", f"{HOST}/{name}:v1", cwd=tmp_path, key="half")
    if code == 0:
        done(result, made.digest)
    else:
        failed(result, 3, f"{HOST}/{name}:v1", "ecr:CreateRepository")
        assert not uploads(lab)


@pytest.mark.parametrize("target", [f"{TLS}/x:v1", "oci:x"])
def test_create_repo_is_for_ecr(lab, made, tmp_path, target):
    failed(ecr(lab, "copy", "--create-repo", "oci:a", target, cwd=tmp_path), 2, "--create-repo", target)
    assert lab.requests() == []


@pytest.mark.parametrize("key", ["full", None])
def test_no_repository(lab, made, tmp_path, key):
    """Nothing was sent, and the way out is told - with a stored login, too."""
    lab.docker_login(tmp_path / "home")
    failed(ecr(lab, "push", "oci:a", f"{HOST}/none:v1", cwd=tmp_path, key=key, home=tmp_path / "home"), 1, f"{HOST}/none:v1",
           "--create-repo")
    assert not lab.requests(method="PUT") and not lab.requests(method="PATCH")
    result = ecr(lab, "push", "--json", "oci:a", f"{HOST}/none:v1", cwd=tmp_path, key=key, home=tmp_path / "home")
    assert result.code == 1 and result.json[-1]["error"]["reason"] == "no-repository"


@pytest.mark.parametrize("key, arguments, action", [
    ("pull", ["push", "oci:a", f"{APP}:v2"], "InitiateLayerUpload"),
    ("nothing", ["push", "oci:a", f"{APP}:v2"], "GetAuthorizationToken"),
    ("describe", ["pull", f"{APP}:v1"], "GetAuthorizationToken")])
def test_denied(lab, made, tmp_path, key, arguments, action):
    """What the role lacks is named."""
    failed(ecr(lab, *arguments, key=key, cwd=tmp_path), 3, f"ecr:{action}")


@pytest.mark.parametrize("repository", ["IMMUTABLE", "MUTABLE"])
def test_a_role_that_may_push_alone(lab, made, tmp_path, repository):
    """It cannot read manifests; nor is it asked to, where the service answers by itself."""
    lab.api().put_image_tag_mutability(repositoryName="team/app", imageTagMutability=repository)
    lab.new_key("pusher", allow=PUSH)
    for tags in (["v1"], ["v1", "v2"]):
        done(ecr(lab, "push", "oci:a", *(f"{APP}:{tag}" for tag in tags), cwd=tmp_path, key="pusher"), made.digest)
    assert move.registry_fault(lab, f"{APP}:v2", made) is None


# ---- immutable tags

def test_immutable_tags(lab, made, tmp_path):
    other = move.image(platform=NATIVE, content="another")
    move.write_layout(tmp_path / "b", {"v1": other})
    lab.api().put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
    for _ in range(2):  # the same once more is as good
        done(ecr(lab, "push", "oci:a", f"{APP}:v1", cwd=tmp_path), made.digest)
    failed(ecr(lab, "push", "oci:b", f"{APP}:v1", cwd=tmp_path), 5, f"{APP}:v1", "immutable", made.digest, other.digest,
           "ecr repo set")
    assert move.registry_fault(lab, f"{APP}:v1", made) is None
    result = ecr(lab, "push", "--json", "oci:b", f"{APP}:v1", cwd=tmp_path)
    assert result.code == 5 and result.json[-1]["error"]["reason"] == "refused"
    done(ecr(lab, "push", "oci:b", f"{APP}:v2", cwd=tmp_path), other.digest)


def test_the_service_calls_the_same_a_conflict(lab, there, tmp_path):
    """The tag is looked up: it points to the image."""
    lab.fault("refuse", service="registry", operation="PutManifest", path="manifests/v1$", code="TAG_INVALID",
              message="The image tag 'v1' already exists and cannot be overwritten because the tag is immutable.")
    lab.fault("set_status", service="registry", operation="HeadManifest", path="manifests/v1$", status=500, count=1)
    done(ecr(lab, "push", "--max-attempts", "1", "oci:a", f"{APP}:v1", cwd=tmp_path), there.digest)
    assert asked(lab, "registry")[-3:] == ["HeadManifest", "PutManifest", "HeadManifest"]


# ---- what is asked of layers

def layered(count):
    return move.image([move.raw_layer(b"layer %d" % n, "none") for n in range(count)])


def test_a_hundred_layers_a_call(lab, made, tmp_path):
    image = layered(101)
    move.write_layout(tmp_path / "b", {"v1": image})
    for status in ("copied", "exists"):
        assert statuses(ecr(lab, "push", "--json", "oci:b", f"{APP}:v1", cwd=tmp_path)) == {status}
        calls = [json.loads(r["body"]) for r in lab.requests(operation="BatchCheckLayerAvailability")]
        assert [len(call["layerDigests"]) for call in calls] == [100, 2]
        assert {digest for call in calls for digest in call["layerDigests"]} == set(move.blobs_of(image))
        assert "HeadBlob" not in asked(lab, "registry") and bool(uploads(lab)) == (status == "copied")


@pytest.mark.parametrize("fault", ["deny", "throttle", "server_error"])
def test_where_the_api_does_not_say_the_registry_is_asked(lab, there, tmp_path, fault):
    """A second run sends no layers all the same."""
    lab.fault(fault, service="api", operation="BatchCheckLayerAvailability")
    result = ecr(lab, "push", "--json", "--max-attempts", "1", "oci:a", f"{APP}:v2", cwd=tmp_path)
    assert statuses(result) == {"exists"}, result
    assert asked(lab, "registry").count("HeadBlob") == len(move.blobs_of(there)) and not uploads(lab)
    assert asked(lab, "api").count("BatchCheckLayerAvailability") == 1


@pytest.mark.parametrize("setting, status", [("ENABLED", "mounted"), ("DISABLED", "copied")])
def test_mounting(lab, there, setting, status):
    lab.create_repositories(["new"])
    lab.api().put_account_setting(name="BLOB_MOUNTING", value=setting)
    assert statuses(ecr(lab, "copy", "--json", f"{APP}:v1", f"{HOST}/new:v1")) == {status}
    assert move.registry_fault(lab, f"{HOST}/new:v1", there) is None
    assert bool(lab.requests(service="bucket")) == (status == "copied")


def test_the_bucket_is_not_told_who_asks(lab, there, tmp_path):
    """It takes the signature of the link alone, and would refuse two."""
    done(ecr(lab, "pull", "--all-platforms", f"{APP}:v1", "oci:b", cwd=tmp_path), there.digest)
    found = lab.requests(service="bucket")
    assert len(found) == len(move.blobs_of(there)) and {r["status"] for r in found} <= {200, 206}
    assert not [r for r in found if "authorization" in r["headers"] or "cookie" in r["headers"]]


@pytest.mark.parametrize("target", ["private", "public"])
def test_a_layer_of_no_bytes(lab, made, tmp_path, target):
    """ECR would refuse it at the end of the upload."""
    image = move.image([100, move.raw_layer(b"")])
    move.write_layout(tmp_path / "b", {"v1": image})
    place = f"{APP}:v1" if target == "private" else lab.create_public_repository("tools/app") + ":v1"
    failed(ecr(lab, "push", "oci:b", place, cwd=tmp_path), 5, image.parts[1].digest, "0 bytes")
    assert not uploads(lab)
    done(ecr(lab, "push", "oci:b", f"{TLS}/x:v1", cwd=tmp_path), image.digest)  # others have nothing against it


def test_a_layer_that_is_too_large(lab, made):
    """Of 52,000 MiB in ECR, 10,000 in ECR Public: the manifest says so, and no byte is fetched."""
    public = lab.create_public_repository("tools/app")
    for limit, place in ((52000 << 20, APP), (10000 << 20, public)):
        for size, code in ((limit, 5), (limit + 1, 5)):
            image = move.image()
            value = json.loads(image.manifest)
            value["layers"][0]["size"] = size
            move.push_raw(f"{TLS}/x:v1", move.manifest_of(value, image.blobs))
            result = ecr(lab, "copy", f"{TLS}/x:v1", f"{place}:v1")
            failed(result, code, *(["MiB"] if size > limit else []))
            assert size > limit or "MiB" not in result.stderr, result
            assert size == limit or not (uploads(lab) or lab.requests(operation="GetBlob"))


# ---- what ends on the way

@pytest.mark.parametrize("operation, skip", [("StartUpload", 0), ("StartUpload", 1), ("PutUpload", 0), ("PutUpload", 1),
                                             ("PutManifest", 0),
                                             ("PutManifest", 2)])
def test_a_token_that_ends_during_a_push(lab, made, tmp_path, operation, skip):
    lab.fault("tokens_end", service="registry", operation=operation, skip=skip, count=1)
    done(ecr(lab, "push", "oci:a", f"{APP}:v1", cwd=tmp_path), made.digest)
    assert asked(lab, "api").count("GetAuthorizationToken") == 2 and move.registry_fault(lab, f"{APP}:v1", made) is None


@pytest.mark.parametrize("operation, skip", [("GetManifest", 0), ("GetManifest", 1), ("GetBlob", 0), ("GetBlob", 2)])
def test_a_token_that_ends_during_a_pull(lab, there, tmp_path, operation, skip):
    lab.fault("tokens_end", service="registry", operation=operation, skip=skip, count=1)
    done(ecr(lab, "pull", "--all-platforms", f"{APP}:v1", "oci:b", cwd=tmp_path), there.digest)
    assert asked(lab, "api").count("GetAuthorizationToken") == 2 and move.layout_fault(tmp_path / "b") is None


@pytest.mark.parametrize("after, first", [(50000, "bytes=[1-9]"), (0, "bytes=0-|None"), (None, "bytes=0-|None")])
def test_a_link_that_ends_during_a_pull(lab, made, tmp_path, after, first):
    """Or before it is used: the registry gives another one, and what came is kept."""
    image = move.push_raw(f"{APP}:big", move.image((200000,), platform=NATIVE))
    lab.fault("links_end", service="bucket", path=image.parts[0].digest[7:], count=1, after=after)
    done(ecr(lab, "pull", f"{APP}:big", "oci:b", cwd=tmp_path), image.digest)
    assert move.layout_fault(tmp_path / "b") is None
    ranges = [r["headers"].get("range") for r in lab.requests(service="bucket") if image.parts[0].digest[7:] in r["path"]]
    assert ranges[0] is None and re.match(first, str(ranges[1])) and len(ranges) == 2, ranges


# ---- refusals

@pytest.mark.parametrize("code, status, exit_status", [("UNSUPPORTED", 405, 5), ("MANIFEST_INVALID", 400, 5), ("DENIED", 403, 3),
                                                       ("TOOMANYREQUESTS", 429, 4), ("UNKNOWN", 500, 4)])
def test_a_manifest_that_is_refused(lab, made, tmp_path, code, status, exit_status):
    """The tag does not come to be; the service's own words are told."""
    lab.fault("refuse", service="registry", operation="PutManifest", code=code, status=status, message="its own reason")
    failed(ecr(lab, "push", "--max-attempts", "1", "oci:a", f"{APP}:v1", cwd=tmp_path), exit_status,
           *(["its own reason"] if exit_status in (3, 5) else []))
    assert lab.api().list_images(repositoryName="team/app")["imageIds"] == []


@pytest.mark.parametrize("reference, code, reason", [(":none", 1, "no-image"), ("@sha256:" + "0" * 64, 1, "no-image"),
                                                     ("/none:v1", 1, "no-repository")])
def test_not_there(lab, there, tmp_path, reference, code, reason):
    result = ecr(lab, "pull", "--json", f"{APP}{reference}", cwd=tmp_path)
    assert result.code == code and [event["error"]["reason"] for event in result.json] == [reason]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


# ---- latest

@pytest.mark.parametrize("arguments, told", [
    (["push", "oci:a", f"{APP}:latest"], True), (["push", "oci:a", f"{APP}"], True),
    (["push", "oci:a", f"{APP}:latest", f"{APP}:v1"], False),
    (["push", "oci:a", f"{APP}:v1"], False), (["push", "-q", "oci:a", f"{APP}:latest"], False)])
def test_latest_alone(lab, made, tmp_path, arguments, told):
    """Said in passing: all is done nevertheless."""
    result = done(ecr(lab, *arguments, cwd=tmp_path), made.digest)
    assert (LATEST in result.stderr) == told, result
    assert re.search(r":\$COMMIT", result.stderr) or not told


def test_what_ecr_knows_afterwards(lab, made, tmp_path):
    """All that docker would have left: tags, sizes, media types of each image."""
    done(ecr(lab, "push", "oci:a", f"{APP}:v1", f"{APP}:v2", cwd=tmp_path), made.digest)
    found = {i["imageDigest"]: i for i in lab.api().describe_images(repositoryName="team/app")["imageDetails"]}
    assert set(found) == {made.digest, *(child.digest for child in made.children)}
    assert found[made.digest]["imageTags"] == ["v1", "v2"] and found[made.digest]["imageManifestMediaType"] == synth.OCI["index"]
