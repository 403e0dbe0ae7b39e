"""The lab is worth as much as it resembles what it stands for: the tools people use must work against it."""

import base64
import hashlib
import json
import os
import socket
import subprocess
import time

import botocore.exceptions
import dnslib
import pytest

from lab import synth
from lab.faults import FAULTS
from lab.faults_data import DATA

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


class Run:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        assert self.code == 0, self.err
        return json.loads(self.out)


def run(*command, env=None, stdin=None, timeout=60):
    return Run(subprocess.run(command, env={**os.environ, **(env or {})}, input=stdin, capture_output=True, text=True,
                              timeout=timeout))


@pytest.fixture
def aws(lab):
    """The aws CLI with the key of a role."""
    def call(*arguments, key="full", region="us-east-1", service="ecr"):
        env = {**lab.key_environment(key), "AWS_DEFAULT_REGION": region, "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}
        return run("aws", service, *arguments, "--output", "json", env=env)
    return call


@pytest.fixture
def docker(dockerd, tmp_path):
    def call(*arguments, stdin=None):
        return run("docker", *arguments, env={"DOCKER_HOST": dockerd, "DOCKER_CONFIG": str(tmp_path)}, stdin=stdin)
    yield call
    left = call("images", "--quiet").out.split()
    if left:
        call("rmi", "--force", *left)


def login(lab):
    return f"AWS:{lab.password()}"


# ---- the aws CLI

def test_describe_images(lab, aws):
    repository = lab.create_repository("team/app")
    image = lab.push_image(f"{repository}:v1", layers=2)
    shown = aws("describe-images", "--repository-name", "team/app", "--image-ids", "imageTag=v1").json["imageDetails"]
    assert len(shown) == 1
    assert shown[0]["imageDigest"] == image.digest
    assert shown[0]["imageTags"] == ["v1"]
    assert shown[0]["imageManifestMediaType"] == image.media_type
    manifest = json.loads(image.manifest)
    assert shown[0]["imageSizeInBytes"] == manifest["config"]["size"] + sum(l["size"] for l in manifest["layers"])
    assert shown[0]["imageStatus"] == "ACTIVE"


def test_describe_images_of_an_index_and_its_children(lab, aws):
    repository = lab.create_repository("team/app")
    index = lab.push_image(f"{repository}:v1", ["linux/amd64", "linux/arm64/v8"], docker=True)
    shown = {i["imageDigest"]: i for i in aws("describe-images", "--repository-name", "team/app").json["imageDetails"]}
    assert set(shown) == {index.digest, *(child.digest for child in index.children)}
    assert shown[index.digest]["imageSizeInBytes"] == max(shown[c.digest]["imageSizeInBytes"] for c in index.children)
    assert "imageTags" not in shown[index.children[0].digest]


def test_batch_get_image_has_the_exact_bytes(lab, aws):
    repository = lab.create_repository("team/app")
    image = lab.push_image(f"{repository}:v1", annotations={"text": "ünïcode \"quoted\" \\ / 𝄞"})
    answer = aws("batch-get-image", "--repository-name", "team/app", "--image-ids", "imageTag=v1", "imageTag=v9").json
    assert answer["images"][0]["imageManifest"].encode() == image.manifest
    assert answer["failures"] == [{"imageId": {"imageTag": "v9"}, "failureCode": "ImageNotFound",
                                   "failureReason": "Requested image not found"}]
    wrong = aws("batch-get-image", "--repository-name", "team/app", "--image-ids",
                f"imageTag=v1,imageDigest=sha256:{'0' * 64}").json
    assert wrong["failures"][0]["failureCode"] == "ImageTagDoesNotMatchDigest"


@pytest.mark.parametrize("arguments, code, text", [
    (["describe-images", "--repository-name", "none"], "RepositoryNotFoundException",
     "The repository with name 'none' does not exist in the registry with id '123456789012'"),
    (["describe-images", "--repository-name", "app", "--image-ids", "imageTag=v9"], "ImageNotFoundException",
     "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the repository with name 'app' in "
     "the registry with id '123456789012'"),
    (["describe-images", "--repository-name", "UPPER"], "InvalidParameterException", "repositoryName"),
    (["describe-pull-through-cache-rules", "--ecr-repository-prefixes", "none"], "PullThroughCacheRuleNotFoundException",
     "'none'"),
    (["create-repository", "--repository-name", "app"], "RepositoryAlreadyExistsException", "'app'"),
    (["describe-images", "--registry-id", "999999999999", "--repository-name", "app"], "AccessDeniedException",
     "no resource-based policy allows"),
])
def test_error_texts(lab, aws, arguments, code, text):
    lab.create_repository("app")
    answer = aws(*arguments)
    assert answer.code == 255
    assert f"({code})" in answer.err and text in answer.err


@pytest.mark.parametrize("key, code", [
    ("wrong-secret", "InvalidSignatureException"), ("unknown", "UnrecognizedClientException"),
    ("expired", "ExpiredTokenException"), ("nothing", "AccessDeniedException"), ("pull", "AccessDeniedException")])
def test_keys_that_may_not(lab, aws, key, code):
    lab.create_repository("app")
    answer = aws("describe-images", "--repository-name", "app", key=key)
    assert answer.code == 255 and f"({code})" in answer.err


@pytest.mark.parametrize("key", ["full", "session", "describe"])
def test_keys_that_may(lab, aws, key):
    lab.create_repository("app")
    assert aws("describe-images", "--repository-name", "app", key=key).json == {"imageDetails": []}


def test_denial_names_who_what_and_where(lab, aws):
    lab.create_repository("app")
    assert ("User: arn:aws:iam::123456789012:user/pull is not authorized to perform: ecr:DescribeImages on resource: "
            "arn:aws:ecr:us-east-1:123456789012:repository/app because no identity-based policy allows the "
            "ecr:DescribeImages action") in aws("describe-images", "--repository-name", "app", key="pull").err


@pytest.mark.parametrize("clock, text", [(600, "Signature expired"), (-600, "Signature not yet current"), (200, None)])
def test_clock_skew(lab, aws, clock, text):
    lab.setting(clock=clock)
    answer = aws("describe-repositories")
    assert (text in answer.err and "InvalidSignatureException" in answer.err) if text else answer.code == 0


def test_paging(lab, aws):
    repository = lab.create_repository("app")
    lab.push_tags(repository, [f"t{n}" for n in range(25)])
    for settings in ({}, {"empty_pages": True}, {"page_limit": 4}):
        lab.setting(**settings)
        ids = aws("list-images", "--repository-name", "app", "--page-size", "10").json["imageIds"]
        assert sorted(i["imageTag"] for i in ids) == sorted(f"t{n}" for n in range(25))
    client = lab.api()
    first = client.list_images(repositoryName="app", maxResults=3)
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.list_images(repositoryName="app", maxResults=3, nextToken="bm9uZQ==")
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.describe_images(repositoryName="app", imageIds=[{"imageTag": "t1"}], nextToken=first["nextToken"])
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.describe_images(repositoryName="app", imageIds=[{"imageTag": f"t{n}"} for n in range(101)])


def test_cache_rules(lab, aws):
    lab.cache_rule("hub", "registry-1.docker.io")
    made = aws("create-pull-through-cache-rule", "--ecr-repository-prefix", "quay", "--upstream-registry-url", "quay.io").json
    assert made["ecrRepositoryPrefix"] == "quay"
    rules = aws("describe-pull-through-cache-rules").json["pullThroughCacheRules"]
    assert [(r["ecrRepositoryPrefix"], r["upstreamRegistryUrl"]) for r in rules] == [("hub", "registry-1.docker.io"),
                                                                                     ("quay", "quay.io")]
    assert "(AccessDeniedException)" in aws("describe-pull-through-cache-rules", key="pull").err


def test_archived_images_hide(lab, aws):
    repository = lab.create_repository("app")
    image = lab.push_image(f"{repository}:v1")
    lab.archive(f"{repository}:v1")
    by_id = ["describe-images", "--repository-name", "app", "--image-ids", "imageTag=v1"]
    assert "(ImageNotFoundException)" in aws(*by_id).err
    assert aws("describe-images", "--repository-name", "app").json["imageDetails"] == []
    shown = aws("describe-images", "--repository-name", "app", "--filter", "imageStatus=ANY").json["imageDetails"]
    assert [(i["imageDigest"], i["imageStatus"]) for i in shown] == [(image.digest, "ARCHIVED")]
    lab.setting(archived_by_id="shown")
    assert aws(*by_id).json["imageDetails"][0]["imageStatus"] == "ARCHIVED"
    lab.archive(f"{repository}:v1", "ACTIVE")
    lab.setting(archived_by_id="hidden")
    assert aws(*by_id).json["imageDetails"][0]["imageStatus"] == "ACTIVE"


def test_overwritten_tag_leaves_the_old_image(lab, aws):
    repository = lab.create_repository("app")
    old = lab.push_image(f"{repository}:v1", content="old")
    new = lab.push_image(f"{repository}:v1", content="new")
    shown = {i["imageDigest"]: i.get("imageTags") for i in
             aws("describe-images", "--repository-name", "app").json["imageDetails"]}
    assert shown == {old.digest: None, new.digest: ["v1"]}
    deleted = aws("batch-delete-image", "--repository-name", "app", "--image-ids", f"imageDigest={old.digest}").json
    assert deleted == {"imageIds": [{"imageDigest": old.digest}], "failures": []}


def test_immutable_tags(lab):
    repository = lab.create_repository("app", imageTagMutability="IMMUTABLE")
    lab.push_image(f"{repository}:v1", content="one")
    with pytest.raises(RuntimeError, match="TAG_INVALID"):
        lab.push_image(f"{repository}:v1", content="two")


def test_throttling_and_refused_fault(lab, aws):
    lab.fault("throttle", service="api", operation="DescribeRepositories", count=1)
    assert "(ThrottlingException)" in aws("describe-repositories").err
    assert aws("describe-repositories").code == 0
    assert lab.faults() == [{"name": "throttle", "hits": 1, "left": 0}]


def test_other_partitions_and_forms_of_the_endpoint(lab):
    import boto3
    key = lab.keys["full"]
    secrets = {"aws_access_key_id": key["access_key_id"], "aws_secret_access_key": key["secret_access_key"]}
    for region, options in (("cn-north-1", {}), ("us-gov-west-1", {"use_fips_endpoint": True}),
                            ("eu-west-1", {"use_dualstack_endpoint": True})):
        config = botocore.config.Config(**options)
        client = boto3.client("ecr", region_name=region, verify=lab.ca, config=config, **secrets)
        assert client.describe_repositories()["repositories"] == []
    hosts = {r["host"] for r in lab.requests(service="api")}
    assert hosts == {"api.ecr.cn-north-1.amazonaws.com.cn", "api.ecr-fips.us-gov-west-1.amazonaws.com",
                     "ecr.eu-west-1.api.aws"}


def test_sts(lab, aws):
    who = aws("get-caller-identity", service="sts").json
    assert who["Arn"] == "arn:aws:iam::123456789012:user/full" and who["Account"] == "123456789012"
    role = aws("assume-role", "--role-arn", "arn:aws:iam::123456789012:role/pull", "--role-session-name", "test",
               service="sts").json["Credentials"]
    env = {"AWS_ACCESS_KEY_ID": role["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
           "AWS_SESSION_TOKEN": role["SessionToken"], "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
    assert "assumed-role/pull/test is not authorized" in run("aws", "ecr", "describe-repositories", env=env).err


# ---- the Docker daemon

def test_docker_login_pull_and_push(lab, aws, docker):
    repository = lab.create_repository("team/app")
    image = lab.push_image(f"{repository}:v1", docker=True, layers=2)
    assert "no basic auth credentials" in docker("pull", f"{repository}:v1").err
    password = run("aws", "ecr", "get-login-password", env={**lab.key_environment("full"), "AWS_DEFAULT_REGION": "us-east-1"})
    done = docker("login", "--username", "AWS", "--password-stdin", HOST, stdin=password.out)
    assert "Login Succeeded" in done.out, done.err
    pulled = docker("pull", f"{repository}:v1")
    assert pulled.code == 0, pulled.err
    assert f"Digest: {image.digest}" in pulled.out
    assert docker("tag", f"{repository}:v1", f"{repository}:v2").code == 0
    pushed = docker("push", f"{repository}:v2")
    assert pushed.code == 0, pushed.err
    shown = aws("describe-images", "--repository-name", "team/app", "--image-ids", "imageTag=v2").json["imageDetails"][0]
    assert shown["imageDigest"] in pushed.out
    missing = docker("push", f"{HOST}/none:v1")
    docker("tag", f"{repository}:v1", f"{HOST}/none:v1")
    missing = docker("push", f"{HOST}/none:v1")
    assert "The repository with name 'none' does not exist in the registry with id '123456789012'" in missing.err
    # Layers came from the bucket, and no registry credentials went there.
    assert all("authorization" not in r["headers"] for r in lab.requests(service="bucket"))
    assert lab.requests(service="bucket", status=200)


def test_docker_login_with_a_wrong_password(lab, docker):
    done = docker("login", "--username", "AWS", "--password-stdin", HOST, stdin="wrong")
    assert "400 Bad Request" in done.err


def test_expired_registry_token(lab, docker):
    repository = lab.create_repository("app")
    lab.push_image(f"{repository}:v1", docker=True)
    assert docker("login", "--username", "AWS", "--password-stdin", HOST, stdin=lab.password()).code == 0
    lab.expire_tokens()
    assert "Your authorization token has expired. Reauthenticate and try again." in docker("pull", f"{repository}:v1").err


def distribution(sock, name, user=None, password=None):
    """GET /distribution/NAME/json of the daemon: (status, JSON)"""
    auth = base64.urlsafe_b64encode(json.dumps({"username": user, "password": password} if user else {}).encode()).decode()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(sock)
        s.sendall(f"GET /v1.40/distribution/{name}/json HTTP/1.0\r\nHost: d\r\nX-Registry-Auth: {auth}\r\n\r\n".encode())
        data = b"".join(iter(lambda: s.recv(65536), b""))
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_docker_distribution(lab, dockerd):
    repository = lab.create_repository("app")
    image = lab.push_image(f"{repository}:v1", ["linux/amd64", "linux/arm64"])
    sock, password = lab.docker_sock, lab.password()
    status, value = distribution(sock, f"{repository}:v1", "AWS", password)
    assert status == 200, value
    assert value["Descriptor"]["digest"] == image.digest
    assert [p["architecture"] for p in value["Platforms"]] == ["amd64", "arm64"]
    assert distribution(sock, f"{repository}:v9", "AWS", password)[0] == 404
    assert distribution(sock, f"{HOST}/none:v1", "AWS", password)[0] in (403, 404)
    status, value = distribution(sock, f"{repository}:v1")
    assert "no basic auth credentials" in value["message"]
    plain = lab.push_image(f"{lab.plain_host}/app:v1")
    assert distribution(sock, f"{lab.plain_host}/app:v1")[1]["Descriptor"]["digest"] == plain.digest


def test_docker_over_tls(lab, docker):
    done = run("docker", "--host", lab.docker_tls_host, "--tlsverify", "version", "--format", "{{.Server.Version}}",
               env={"DOCKER_CERT_PATH": lab.docker_tls})
    assert done.code == 0, done.err


@pytest.mark.parametrize("host, user", [("registry.lab.test", None), ("basic.lab.test", "user"),
                                        ("bearer.lab.test", None), ("public.ecr.aws", None)])
def test_docker_pulls_from_other_registries(lab, docker, host, user):
    image = lab.push_image(f"{host}/lab/app:v1", docker=True)
    if user:
        assert docker("login", "--username", user, "--password-stdin", host, stdin="password").code == 0
    done = docker("pull", f"{host}/lab/app:v1")
    assert done.code == 0, done.err
    assert image.digest in done.out
    assert docker("pull", f"{host}/lab/app:v9").code != 0


def test_docker_hub(lab, docker):
    image = lab.push_image("registry-1.docker.io/library/tiny:v1", docker=True)
    done = docker("pull", "tiny:v1")
    assert done.code == 0 and image.digest in done.out, done.err
    lab.push_image("registry-1.docker.io/private/app:v1", docker=True)
    assert "pull access denied" in docker("pull", "private/app:v1").err


# ---- skopeo

def test_skopeo_push_is_described(lab, aws, tmp_path):
    lab.create_repository("team/app")
    lab.create_repository("team/copy")
    source = lab.push_image(f"{HOST}/team/app:v1", layers=3, size=100000)
    there = run("skopeo", "copy", "--dest-creds", login(lab), "--src-creds", login(lab), f"docker://{HOST}/team/app:v1",
                f"docker://{HOST}/team/copy:v2")
    assert there.code == 0, there.err
    shown = aws("describe-images", "--repository-name", "team/copy", "--image-ids", "imageTag=v2").json["imageDetails"][0]
    assert shown["imageDigest"] == source.digest
    assert abs(shown["imagePushedAt"] - time.time()) < 60 and shown["imageSizeInBytes"] > 100000
    back = run("skopeo", "copy", "--src-creds", login(lab), f"docker://{HOST}/team/copy:v2", f"oci:{tmp_path}/layout:v2")
    assert back.code == 0, back.err
    assert (tmp_path / "layout" / "blobs" / "sha256" / source.digest[7:]).read_bytes() == source.manifest


def test_skopeo_copies_an_index(lab, aws):
    lab.create_repository("app")
    lab.create_repository("copy")
    index = lab.push_image(f"{HOST}/app:v1", ["linux/amd64", "linux/arm64"])
    done = run("skopeo", "copy", "--all", "--dest-creds", login(lab), "--src-creds", login(lab), f"docker://{HOST}/app:v1",
               f"docker://{HOST}/copy:v1")
    assert done.code == 0, done.err
    assert aws("describe-images", "--repository-name", "copy", "--image-ids",
               f"imageDigest={index.digest}").json["imageDetails"][0]["imageTags"] == ["v1"]


def test_skopeo_inspect(lab):
    lab.create_repository("app")
    image = lab.push_image(f"{HOST}/app:v1", "linux/arm64")
    shown = run("skopeo", "inspect", "--creds", login(lab), f"docker://{HOST}/app:v1").json
    assert (shown["Digest"], shown["Architecture"], shown["RepoTags"]) == (image.digest, "arm64", ["v1"])
    assert "Requested image not found" in run("skopeo", "inspect", "--creds", login(lab), f"docker://{HOST}/app:v9").err
    assert "does not exist in the registry" in run("skopeo", "inspect", "--creds", login(lab), f"docker://{HOST}/no:v9").err
    lab.archive(f"{HOST}/app:v1")
    assert run("skopeo", "inspect", "--creds", login(lab), f"docker://{HOST}/app:v1").code != 0


def test_skopeo_with_a_pull_only_key(lab):
    lab.create_repository("app")
    lab.push_image(f"{HOST}/app:v1")
    creds = f"AWS:{lab.password('pull')}"
    assert run("skopeo", "inspect", "--raw", "--creds", creds, f"docker://{HOST}/app:v1").code == 0
    denied = run("skopeo", "copy", "--dest-creds", creds, "--src-creds", creds, f"docker://{HOST}/app:v1",
                 f"docker://{HOST}/app:v2")
    assert "is not authorized to perform: ecr:" in denied.err


# ---- the layer bucket

def test_bucket(lab):
    import http.client
    import ssl
    import urllib.parse
    repository = lab.create_repository("app")
    image = lab.push_image(f"{repository}:v1")
    url = lab.api().get_download_url_for_layer(repositoryName="app", layerDigest=image.layers[0])["downloadUrl"]
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname == "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com"

    def ask(method="GET", query=parts.query, **headers):
        connection = http.client.HTTPSConnection(parts.hostname, context=ssl.create_default_context(cafile=lab.ca))
        connection.request(method, f"{parts.path}?{query}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    status, data = ask()
    assert status == 200 and synth.digest_of(data) == image.layers[0]
    assert ask(Range="bytes=0-9") == (206, data[:10])
    status, text = ask(Authorization="Basic QVdTOng=")
    assert status == 400 and b"Only one auth mechanism allowed" in text
    assert ask("HEAD")[0] == 403
    assert ask(query=parts.query.replace("Signature=", "Signature=0"))[0] == 403
    lab.setting(clock=7200)
    assert ask()[0] == 403


# ---- where keys come from: botocore's own sources find them

BOTO = """
import boto3, json
session = boto3.Session()
found = session.get_credentials()
if found is None:
    raise SystemExit("there are no credentials")
kept = found.get_frozen_credentials()
repositories = session.client("ecr").describe_repositories()["repositories"]
print(json.dumps({"key": kept.access_key, "method": found.method, "repositories": len(repositories),
                  "who": session.client("sts").get_caller_identity()["Arn"]}))
"""


@pytest.fixture
def boto(lab, tmp_path):
    """Asks ECR and STS by botocore in an environment of its own: config and credentials are the texts of AWS' files."""
    def call(config="", credentials="", metadata=False, **env):
        for name, text in (("config", config), ("credentials", credentials)):
            path = tmp_path / ".aws" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_CA_BUNDLE": lab.ca,
                 "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": str(not metadata).lower(), **env}
        return Run(subprocess.run(["python", "-c", BOTO], env=given, capture_output=True, text=True, timeout=60))
    call.home = tmp_path
    return call


def keys_file(lab, **profiles):
    """The credentials file with the keys of roles: profile=role."""
    text = ""
    for profile, role in profiles.items():
        key = lab.keys[role]
        text += (f"[{profile}]\naws_access_key_id = {key['access_key_id']}\n"
                 f"aws_secret_access_key = {key['secret_access_key']}\n")
    return text


def assert_issued(lab, found, service, method):
    """The key that was used everywhere is the one that this service handed out last."""
    issued = lab.issued(service=service)[-1]
    assert (found["key"], found["method"]) == (issued["access_key_id"], method)
    assert {r["key"] for r in lab.requests(service="api")} == {found["key"]}
    assert found["who"] == issued["arn"]


def test_assume_role(lab, boto):
    arn = lab.role("deploy", external_id="lab/1", trusts=["full"], seconds=7200)
    config = f"[default]\nrole_arn = {arn}\nsource_profile = base\nrole_session_name = me\nexternal_id = "
    found = boto(config + "lab/1\n", keys_file(lab, base="full")).json
    assert_issued(lab, found, "sts", "assume-role")
    assert found["key"].startswith("ASIA") and found["who"] == "arn:aws:sts::123456789012:assumed-role/deploy/me"
    request = lab.requests(service="sts", operation="AssumeRole")[0]
    assert request["form"] == {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": arn, "RoleSessionName": "me",
                               "ExternalId": "lab/1"}
    assert request["key"] == lab.keys["full"]["access_key_id"] and request["host"] == "sts.us-east-1.amazonaws.com"
    assert lab.issued()[-1]["expires"] - time.time() == pytest.approx(7200, abs=60)
    for given, base in (("other\n", "full"), ("lab/1\n", "pull")):
        wrong = boto(config + given, keys_file(lab, base=base)).err
        assert "(AccessDenied)" in wrong and f"is not authorized to perform: sts:AssumeRole on resource: {arn}" in wrong


def test_role_chain(lab, boto):
    first = lab.role("first", trusts=[lab.keys["full"]["arn"]])
    second = lab.role("second", trusts=[first])
    text = (f"[default]\nrole_arn = {second}\nsource_profile = middle\n%s[profile middle]\nrole_arn = {first}\n"
            "source_profile = base\n")
    found = boto(text % "", keys_file(lab, base="full")).json
    assert_issued(lab, found, "sts", "assume-role")
    assert [i["role"] for i in lab.issued()] == ["first", "second"]
    late = boto(text % "duration_seconds = 3601\n", keys_file(lab, base="full"))
    assert "(ValidationError)" in late.err and "role chaining" in late.err


@pytest.mark.parametrize("options, code", [({"denied": True}, "AccessDenied"), ({"max_seconds": 900}, "ValidationError"),
                                           (None, "AccessDenied"), ({"allow": ["DescribeImages"]}, "AccessDeniedException")])
def test_roles_that_may_not(lab, boto, options, code):
    arn = "arn:aws:iam::123456789012:role/deploy" if options is None else lab.role("deploy", **options)
    answer = boto(f"[default]\nrole_arn = {arn}\nsource_profile = base\n", keys_file(lab, base="full"))
    assert f"({code})" in answer.err


@pytest.mark.parametrize("token, code, status", [
    ({}, None, 200), ({"expired": True}, "ExpiredTokenException", 400), ({"rejected": True}, "IDPRejectedClaim", 403),
    ({"roles": ["other"]}, "AccessDenied", 403), ({"audience": "elsewhere"}, "InvalidIdentityToken", 400),
    (None, "InvalidIdentityToken", 400)])
def test_web_identity(lab, boto, token, code, status):
    arn = lab.role("deploy")
    text = "not known" if token is None else lab.web_token(**{"roles": [arn], **token})
    (boto.home / "token").write_text(text)
    done = boto(AWS_ROLE_ARN=arn, AWS_WEB_IDENTITY_TOKEN_FILE=str(boto.home / "token"), AWS_ROLE_SESSION_NAME="pod")
    request = lab.requests(service="sts")[0]
    assert request["status"] == status and "authorization" not in request["headers"]
    assert request["form"]["WebIdentityToken"] == text
    if code:
        assert f"({code})" in done.err and lab.issued() == []
    else:
        assert_issued(lab, done.json, "sts", "assume-role-with-web-identity")


def ask_sts(lab, *curl, **form):
    data = [word for name, text in form.items() for word in ("--data-urlencode", f"{name}={text}")]
    return run("curl", "--silent", "--include", *data, *curl, "https://sts.eu-west-1.amazonaws.com/").out


def test_sts_on_the_wire(lab):
    arn = lab.role("deploy")
    form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": arn, "RoleSessionName": "xx",
            "WebIdentityToken": lab.web_token(roles=[arn])}
    head, _, body = ask_sts(lab, **form).partition("\n\n")
    issued = lab.issued()[-1]
    assert "HTTP/1.1 200" in head and "Content-Type: text/xml" in head
    identifier = [line.split(": ")[1] for line in head.splitlines() if line.lower().startswith("x-amzn-requestid")][0]
    assert body.startswith('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
                           "  <AssumeRoleWithWebIdentityResult>\n    <AssumedRoleUser>\n")
    assert (f"    <Credentials>\n      <AccessKeyId>{issued['access_key_id']}</AccessKeyId>\n"
            f"      <SecretAccessKey>{issued['secret_access_key']}</SecretAccessKey>\n"
            f"      <SessionToken>{issued['session_token']}</SessionToken>\n      <Expiration>20") in body
    assert f"  <ResponseMetadata>\n    <RequestId>{identifier}</RequestId>\n  </ResponseMetadata>\n" in body
    signed = ask_sts(lab, "--header", "Authorization: AWS4-HMAC-SHA256 Credential=x", **form)
    assert "HTTP/1.1 400" in signed and "<Code>ValidationError</Code>" in signed
    unsigned = ask_sts(lab, **{**form, "Action": "AssumeRole"})
    assert "HTTP/1.1 403" in unsigned and "<Code>MissingAuthenticationToken</Code>" in unsigned
    assert "<ErrorResponse xmlns=" in unsigned and "<Type>Sender</Type>" in unsigned
    assert "<Code>ValidationError</Code>" in ask_sts(lab, **{**form, "RoleSessionName": "a b"})
    assert "<Code>ValidationError</Code>" in ask_sts(lab, **{**form, "DurationSeconds": "60"})
    assert "<Code>InvalidAction</Code>" in ask_sts(lab, **{**form, "Version": "2020-01-01"})


@pytest.mark.parametrize("key, code", [("wrong-secret", "SignatureDoesNotMatch"), ("unknown", "InvalidClientTokenId"),
                                       ("expired", "ExpiredToken")])
def test_sts_refuses_keys(lab, aws, key, code):
    assert f"({code})" in aws("get-caller-identity", key=key, service="sts").err
    assert lab.requests(service="sts")[0]["status"] == 403


def test_sts_endpoints(lab):
    import boto3
    key = lab.keys["session"]
    keys = {"aws_access_key_id": key["access_key_id"], "aws_secret_access_key": key["secret_access_key"],
            "aws_session_token": key["session_token"]}
    for region, options in (("cn-north-1", {}), ("us-east-1", {"endpoint_url": "https://sts.amazonaws.com"}),
                            ("us-west-2", {"config": botocore.config.Config(use_fips_endpoint=True)}),
                            ("eu-west-1", {"config": botocore.config.Config(use_dualstack_endpoint=True)}),
                            ("eu-west-1", {"endpoint_url": lab.plain_sts})):
        who = boto3.client("sts", region_name=region, **{"verify": lab.ca, **options}, **keys).get_caller_identity()
        assert who["Arn"] == key["arn"] and who["Account"] == lab.account and who["UserId"].startswith("AROA")
    assert [r["host"] for r in lab.requests()] == ["sts.cn-north-1.amazonaws.com.cn", "sts.amazonaws.com",
                                                   "sts-fips.us-west-2.amazonaws.com", "sts.eu-west-1.api.aws",
                                                   "127.0.0.1:5081"]
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        boto3.client("sts", region_name="eu-west-1", endpoint_url="https://sts.amazonaws.com", **keys).get_caller_identity()


SSO_PROFILE = "[default]\nsso_account_id = 123456789012\nsso_role_name = Dev\n"
SSO_SESSION = (SSO_PROFILE + "sso_session = work\n[sso-session work]\nsso_region = eu-west-1\n"
               "sso_start_url = https://lab.awsapps.com/start\n")
SSO_LEGACY = SSO_PROFILE + "sso_region = eu-west-1\nsso_start_url = https://lab.awsapps.com/start\n"


@pytest.mark.parametrize("config, name", [(SSO_SESSION, "work"), (SSO_LEGACY, "https://lab.awsapps.com/start")])
def test_sso(lab, boto, config, name):
    sso = lab.sso([(lab.account, "Dev")], region="eu-west-1")
    with open(lab.sso_cache(boto.home, name, sso)) as f:
        assert ("refreshToken" in json.load(f)) == (name == "work")
    assert_issued(lab, boto(config).json, "sso", "sso")
    request, = lab.requests(service="sso")
    assert (request["host"], request["operation"]) == ("portal.sso.eu-west-1.amazonaws.com", "GetRoleCredentials")
    lab.sso_end(sso)
    assert "UnauthorizedException" in boto(config).err


@pytest.mark.parametrize("account, role, code", [("123456789012", "Ops", "ForbiddenException"),
                                                 ("210987654321", "Dev", "ResourceNotFoundException")])
def test_sso_of_others(lab, boto, account, role, code):
    lab.sso_cache(boto.home, "work", lab.sso([(account, role)], region="eu-west-1"))
    assert code in boto(SSO_SESSION).err


@pytest.mark.parametrize("rotate", [True, False])
def test_sso_refresh(lab, boto, rotate):
    sso = lab.sso([(lab.account, "Dev")], seconds=60, rotate=rotate, region="eu-west-1")
    path = lab.sso_cache(boto.home, "work", sso)
    assert_issued(lab, boto(SSO_SESSION).json, "sso", "sso")
    request, = lab.requests(service="oidc")
    assert json.loads(request["body"])["refreshToken"] == sso["refreshToken"] and request["status"] == 200
    with open(path) as f:
        new = json.load(f)
    assert new["accessToken"] != sso["accessToken"] and new.get("refreshToken") != sso["refreshToken"]
    assert ("refreshToken" in new) == rotate
    # What was replaced is worth nothing.
    lab.sso_cache(boto.home, "work", sso, expiresAt=new["expiresAt"])
    assert "UnauthorizedException" in boto(SSO_SESSION).err
    if rotate:
        lab.sso_cache(boto.home, "work", sso)
        boto(SSO_SESSION)
        assert lab.requests(service="oidc")[-1]["status"] == 400


@pytest.mark.parametrize("changes, code, oauth, status", [
    ({"clientSecret": "x"}, "InvalidClientException", "invalid_client", 401),
    ({"refreshToken": "x"}, "InvalidGrantException", "invalid_grant", 400),
    ({"grantType": "x"}, "UnsupportedGrantTypeException", "unsupported_grant_type", 400)])
def test_sso_refresh_refused(lab, changes, code, oauth, status):
    sso = lab.sso([(lab.account, "Dev")])
    body = {**{k: sso[k] for k in ("clientId", "clientSecret", "refreshToken")}, "grantType": "refresh_token", **changes}
    head, _, text = run("curl", "--silent", "--include", "--json", json.dumps(body),
                        "https://oidc.us-east-1.amazonaws.com/token").out.partition("\n\n")
    assert f"HTTP/1.1 {status}" in head and f"x-amzn-ErrorType: {code}" in head
    assert json.loads(text)["error"] == oauth


def test_login_cache(lab, tmp_path):
    from botocore import credentials, utils
    from cryptography.hazmat.primitives import serialization
    path = lab.login_cache(tmp_path, "arn:aws:iam::123456789012:user/me", "session", 600)
    assert os.path.basename(path) == hashlib.sha256(b"arn:aws:iam::123456789012:user/me").hexdigest() + ".json"
    assert os.stat(path).st_mode & 0o777 == 0o600
    loader = utils.LoginTokenLoader(utils.JSONFileCache(os.path.dirname(path)))
    fetcher = credentials.LoginCredentialFetcher("arn:aws:iam::123456789012:user/me", loader, None)
    found, key = fetcher.load_cached_credentials(), lab.keys["session"]
    assert (found["access_key"], found["token"]) == (key["access_key_id"], key["session_token"])
    with open(path) as f:
        pem = json.load(f)["dpopKey"]
    assert pem.startswith("-----BEGIN EC PRIVATE KEY-----")
    assert serialization.load_pem_private_key(pem.encode(), None).curve.name == "secp256r1"


@pytest.mark.parametrize("host", ["pipelines.actions.githubusercontent.com",
                                  "run-actions-1-azure-eastus.actions.githubusercontent.com"])
def test_github(lab, boto, host):
    arn = lab.role("deploy")
    job = lab.github([arn], host=host)

    def ask(token, audience="&audience=sts.amazonaws.com"):
        return json.loads(run("curl", "--silent", "--header", f"Authorization: bearer {token}", job["url"] + audience).out)

    tokens = [ask(job["token"])["value"], ask(job["token"])["value"], ask(job["token"], "")["value"]]
    assert len(set(tokens)) == 3
    (boto.home / "token").write_text(tokens[1])
    env = {"AWS_ROLE_ARN": arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(boto.home / "token")}
    assert_issued(lab, boto(**env).json, "sts", "assume-role-with-web-identity")
    (boto.home / "token").write_text(tokens[2])
    assert "Incorrect token audience" in boto(**env).err
    assert "value" not in ask("other") and lab.requests(service="github")[-1]["status"] == 401
    assert lab.requests(service="github")[0]["host"] == host


@pytest.mark.parametrize("where", ["ecs", "relative", "eks", "eks6", "local", "local6"])
def test_container(lab, boto, where):
    urls = lab.metadata(token="Bearer secret")
    place = ({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"} if where == "relative"
             else {"AWS_CONTAINER_CREDENTIALS_FULL_URI": urls[where]})
    (boto.home / "token").write_text("Bearer secret")
    place["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(boto.home / "token")
    service = {"relative": "ecs", "ecs": "ecs", "eks": "eks", "eks6": "eks"}.get(where, "container")
    assert_issued(lab, boto(**place).json, service, "container-role")
    assert "secret" not in json.dumps(lab.requests(service=service))
    if where == "local":
        lab.metadata_token("another")
        assert "401" in boto(**place).err
        (boto.home / "token").write_text("another")
        assert boto(**place).code == 0


def test_container_by_tls(lab):
    """By curl, since botocore has certificates of its own for this."""
    url = lab.metadata(token="secret", members={"AccountId": lab.account, "RoleArn": None})["https"]
    assert json.loads(run("curl", "--silent", url).out)["code"] == "InvalidTokenException"
    shown = json.loads(run("curl", "--silent", "--header", "Authorization: secret", url).out)
    key = lab.keys["session"]
    assert (shown["AccessKeyId"], shown["Token"]) == (key["access_key_id"], key["session_token"])
    assert shown["AccountId"] == lab.account and "RoleArn" not in shown


def test_instance_metadata(lab, boto):
    lab.metadata("session", region="eu-west-1")
    env = {"metadata": True, "AWS_METADATA_SERVICE_TIMEOUT": "1"}
    assert_issued(lab, boto(**env).json, "imds", "iam-role")
    assert [r["operation"] for r in lab.requests(service="imds")] == ["Token", "ListRoles", "GetCredentials"]
    assert all("x-aws-ec2-metadata-token" in r["headers"] for r in lab.requests(service="imds", method="GET"))
    assert boto(AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE="ipv6", **env).json["key"] == lab.keys["session"]["access_key_id"]
    assert lab.connections(address="fd00:ec2::254")
    token = run("curl", "--silent", "-X", "PUT", "-H", "x-aws-ec2-metadata-token-ttl-seconds: 60",
                "http://169.254.169.254/latest/api/token").out
    for path, text in (("region", "eu-west-1"), ("availability-zone/", "eu-west-1a")):
        assert run("curl", "--silent", "-H", f"x-aws-ec2-metadata-token: {token}",
                   f"http://169.254.169.254/latest/meta-data/placement/{path}").out == text


@pytest.mark.parametrize("options, works", [
    ({"put": 403, "v1": True}, True), ({"put": 404, "v1": True}, True), ({"put": 405, "v1": True}, True),
    ({"put": "hang", "v1": True}, True), ({"put": "hang"}, False), ({"put": 403}, False), ({"put": 400, "v1": True}, False),
    ({"code": "AssumeRoleUnauthorizedAccess"}, False), ({"names": []}, False), ({"role": None}, False),
    ({"expires": -3600}, True), ({"members": {"Token": None}}, False), ({"only": ["ecs"]}, False)])
def test_instance_metadata_otherwise(lab, boto, options, works):
    lab.metadata(**options)
    done = boto(metadata=True, AWS_METADATA_SERVICE_TIMEOUT="1")
    assert (done.code == 0) == works, done.err
    assert works or "there are no credentials" in done.err


def curl_status(*arguments):
    return run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "1", *arguments).out


def test_instance_metadata_on_the_wire(lab):
    put = ["-X", "PUT", "http://169.254.169.254/latest/api/token"]
    life = ["-H", "x-aws-ec2-metadata-token-ttl-seconds: 21600"]
    path = "http://169.254.169.254/latest/meta-data/placement/region"
    lab.metadata()
    assert [curl_status(*put), curl_status(*life, *put), curl_status(path)] == ["400", "200", "401"]
    assert curl_status("-H", "X-Forwarded-For: 10.0.0.1", *life, *put) == "403"
    lab.metadata(v1=True, put="hang", expires="tomorrow")
    assert [curl_status(*life, *put), curl_status(path)] == ["000", "200"]
    base = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
    assert run("curl", "--silent", base).out == "session"
    shown = json.loads(run("curl", "--silent", base + "session").out)
    assert (shown["Code"], shown["Expiration"]) == ("Success", "tomorrow")
    assert curl_status(base + "other") == "404"
    lab.clear()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 5170), 2)
    assert curl_status("https://credentials.lab.test/creds") == "404"


def test_keys_that_end_early(lab, aws, boto):
    assert aws("describe-repositories").code == 0
    lab.expire_key(lab.keys["full"]["access_key_id"])
    assert "(ExpiredTokenException)" in aws("describe-repositories").err
    urls = lab.metadata("session")
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": urls["local"]}
    first = boto(**env).json["key"]
    assert boto(**env).json["key"] == first
    lab.expire_key(first)
    second = boto(**env).json["key"]
    assert second != first and second == lab.keys["session"]["access_key_id"]
    lab.role("deploy")
    arn = "arn:aws:iam::123456789012:role/deploy"
    made = lab.api("session", service="sts").assume_role(RoleArn=arn, RoleSessionName="xx")["Credentials"]
    keys = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"]}
    assert boto(**keys).code == 0
    lab.expire_key(keys["AWS_ACCESS_KEY_ID"])
    assert "(ExpiredTokenException)" in boto(**keys).err


def test_keys_that_are_renewed(lab):
    """A key of short life is followed by a new one; the one that is over by name stays so."""
    lab.new_key("brief", temporary=True, seconds=1)
    url = lab.metadata("brief")["local"]
    ask = lambda: json.loads(run("curl", "--silent", url).out)["AccessKeyId"]
    first = ask()
    assert ask() == first
    time.sleep(1.1)
    assert ask() != first
    lab.metadata("expired")
    assert ask() == ask() == lab.keys["expired"]["access_key_id"]


def test_aws_cli_with_a_role(lab, boto, tmp_path):
    arn = lab.role("deploy", trusts=[lab.account])
    boto(f"[profile deploy]\nrole_arn = {arn}\nsource_profile = base\nrole_session_name = cli\n",
         keys_file(lab, base="full"))
    env = {"HOME": str(tmp_path), "AWS_PROFILE": "deploy", "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": ""}
    who = run("aws", "sts", "get-caller-identity", "--output", "json", env=env).json
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/deploy/cli"
    assert who["UserId"].startswith("AROA") and who["UserId"].endswith(":cli")


SIGNED = {"api": ("describe-repositories", "ecr"), "sts": ("get-caller-identity", "sts"),
           "api-public": ("describe-repositories", "ecr-public")}


@pytest.mark.parametrize("service, fault, parameters, code", [
    ("sts", "throttle", {}, "Throttling"), ("sts", "deny", {}, "AccessDenied"), ("sts", "expire", {}, "ExpiredToken"),
    ("sts", "refuse", {"code": "RegionDisabledException", "status": 403}, "RegionDisabledException"),
    ("sts", "server_error", {}, "InternalFailure"), ("sts", "server_error", {"status": 503}, "ServiceUnavailable"),
    ("api", "server_error", {}, "ServerException"), ("api-public", "throttle", {}, "ThrottlingException"),
    ("api-public", "deny", {}, "AccessDeniedException")])
def test_faults_in_the_service_s_words(lab, aws, service, fault, parameters, code):
    lab.fault(fault, service=service, **parameters)
    operation, name = SIGNED[service]
    assert f"({code})" in aws(operation, service=name).err


@pytest.mark.parametrize("fault, sso, oidc", [
    ("throttle", (429, "TooManyRequestsException"), (400, "SlowDownException")),
    ("deny", (403, "ForbiddenException"), (400, "AccessDeniedException")),
    ("expire", (401, "UnauthorizedException"), (400, "ExpiredTokenException")),
    ("server_error", (500, "InternalServerException"), (500, "InternalServerException"))])
def test_faults_of_identity_center(lab, fault, sso, oidc):
    for service, host, path, (status, code) in (("sso", "portal.sso.us-east-1.api.aws", "federation/credentials", sso),
                                                ("oidc", "oidc.us-east-1.amazonaws.com", "token", oidc)):
        lab.fault(fault, service=service, operation="CreateToken" if service == "oidc" else "GetRoleCredentials")
        answer = run("curl", "--silent", "--include", f"https://{host}/{path}").out
        assert f"HTTP/1.1 {status}" in answer and f"x-amzn-ErrorType: {code}" in answer


@pytest.mark.parametrize("service, url", [("imds", "imds"), ("ecs", "ecs"), ("eks", "eks"), ("container", "local")])
@pytest.mark.parametrize("fault, status", [("throttle", None), ("server_error", "500"), ("html", "200"), ("cut", "000"),
                                           ("stall", "000"), ("refuse", "400"), ("deny", "403"), ("expire", "401")])
def test_faults_of_metadata(lab, service, url, fault, status):
    url = lab.metadata(v1=True)[url] + ("/latest/meta-data/iam/security-credentials/session" if service == "imds" else "")
    assert curl_status(url) == "200"
    lab.fault(fault, service=service, operation="GetCredentials", **({"code": "Other"} if fault == "refuse" else {}))
    assert curl_status(url) == (status or ("503" if service == "imds" else "429"))


# ---- what each key may ask

CALLS = {"DescribeImages": ("describe-images", "--repository-name", "app"),
         "DescribeRepositories": ("describe-repositories",),
         "BatchGetImage": ("batch-get-image", "--repository-name", "app", "--image-ids", f"imageDigest=sha256:{'0' * 64}"),
         "BatchCheckLayerAvailability": ("batch-check-layer-availability", "--repository-name", "app", "--layer-digests",
                                         f"sha256:{'0' * 64}"),
         "GetDownloadUrlForLayer": ("get-download-url-for-layer", "--repository-name", "app", "--layer-digest",
                                    f"sha256:{'0' * 64}"),
         "DescribePullThroughCacheRules": ("describe-pull-through-cache-rules",),
         "ValidatePullThroughCacheRule": ("validate-pull-through-cache-rule", "--ecr-repository-prefix", "hub"),
         "GetAuthorizationToken": ("get-authorization-token",)}


@pytest.mark.parametrize("operation", CALLS)
def test_each_operation_has_its_permission(lab, aws, operation):
    lab.create_repository("app")
    lab.cache_rule("hub", "registry-1.docker.io", valid=False, failure="the secret is not there")
    lab.new_key("this", allow=[f"ecr:{operation}"])
    lab.new_key("others", allow=[name for name in CALLS if name != operation])
    denied = aws(*CALLS[operation], key="others")
    assert "(AccessDeniedException)" in denied.err and f"is not authorized to perform: ecr:{operation} on" in denied.err
    answer = aws(*CALLS[operation], key="this")
    if operation == "GetDownloadUrlForLayer":
        assert "(LayersNotFoundException)" in answer.err
    elif operation == "BatchGetImage":
        assert answer.json["failures"][0]["failureCode"] == "ImageNotFound"
    elif operation == "BatchCheckLayerAvailability":
        assert answer.json["layers"][0]["layerAvailability"] == "UNAVAILABLE"
    elif operation == "ValidatePullThroughCacheRule":
        assert (answer.json["isValid"], answer.json["failure"]) == (False, "the secret is not there")
    else:
        assert answer.code == 0, answer.err


def test_validation_of_cache_rules(lab, aws):
    lab.cache_rule("quay", "quay.io")
    lab.cache_rule("hub", "registry-1.docker.io", valid=False, failure="no")
    validated = aws("validate-pull-through-cache-rule", "--ecr-repository-prefix", "quay").json
    assert validated["isValid"] is True and "failure" not in validated
    shown = aws("describe-pull-through-cache-rules").json["pullThroughCacheRules"]
    assert all(not {"valid", "failure"} & set(rule) for rule in shown)
    assert "(PullThroughCacheRuleNotFoundException)" in aws("validate-pull-through-cache-rule", "--ecr-repository-prefix",
                                                            "none").err


@pytest.mark.parametrize("seconds", [None, 60])
def test_tokens_of_ecr_and_ecr_public(lab, seconds):
    if seconds:
        lab.setting(token_seconds=seconds)
    for role, allow in (("both", ["GetAuthorizationToken"]), ("one", ["ecr-public:GetAuthorizationToken"]),
                        ("private", ["ecr:*"])):
        lab.new_key(role, allow=allow)
    ends = [lab.api("both").get_authorization_token()["authorizationData"][0]["expiresAt"]]
    for role in ("both", "one", "full"):
        ends.append(lab.api(role, service="ecr-public").get_authorization_token()["authorizationData"]["expiresAt"])
    for end in ends:
        assert end.timestamp() - time.time() == pytest.approx(seconds or 12 * 3600, abs=30)
    for role in ("nothing", "private"):
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDeniedException.*ecr-public:GetAuthorizationToken"):
            lab.api(role, service="ecr-public").get_authorization_token()


# ---- the network

def test_metadata_is_off_until_opened(lab):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("169.254.169.254", 80), 2)
    urls = lab.metadata("session")
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_EC2")}
    env.update(AWS_DEFAULT_REGION="us-east-1")
    done = subprocess.run(["aws", "sts", "get-caller-identity"], env=env, capture_output=True, text=True)
    assert "assumed-role/session/lab" in done.stdout, done.stderr
    env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = urls["eks"]
    assert subprocess.run(["aws", "sts", "get-caller-identity"], env=env, capture_output=True).returncode == 0


def test_black_hole_and_refusing_address(lab):
    for address in (lab.blackhole, lab.blackhole6):
        with pytest.raises(TimeoutError):
            socket.create_connection((address, 443), 0.5)
    for address in (lab.refusing, lab.refusing6):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, 443), 2)


def test_names(lab):
    host = lab.api_host
    assert {a[4][0] for a in socket.getaddrinfo(host, 443)} == {"198.18.0.10"}
    assert {a[4][0] for a in socket.getaddrinfo("ecr.us-east-1.api.aws", 443)} == {"198.18.0.10", "fd00:18::10"}
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nobody.example.com", 443)
    assert {(q["name"], q["type"]) for q in lab.dns_queries()} >= {(host, "A"), (host, "AAAA")}


@pytest.mark.parametrize("kind, works", [("servfail", True), ("nxdomain", True), ("empty", True), ("slow", True),
                                         ("truncated", True)])
def test_name_faults(lab, kind, works):
    lab.dns_fault(lab.api_host, kind, type=None if kind in ("slow", "truncated") else "AAAA",
                  **({"milliseconds": 200} if kind == "slow" else {}))
    answer = subprocess.run(["getent", "ahostsv4", lab.api_host], capture_output=True, text=True)
    assert ("198.18.0.10" in answer.stdout) == works


@pytest.mark.parametrize("fault", ["tls_wrong_host", "tls_expired", "tls_future", "tls_self_signed", "tls_untrusted",
                                   "tls_no_intermediate", "tls_plain", "tls_alert", "tls_close", "tls_garbage"])
def test_tls_faults_are_seen(lab, fault):
    lab.fault(fault, host=lab.api_host)
    with pytest.raises((botocore.exceptions.SSLError, botocore.exceptions.ConnectionError)):
        lab.api().describe_repositories()
    lab.clear()
    assert lab.api().describe_repositories()["repositories"] == []


@pytest.mark.parametrize("fault", sorted(name for name, (stage, _) in FAULTS.items()
                                         if stage == "answer" and name not in DATA))
def test_every_fault_happens(lab, fault):
    parameters = {"refuse": {"code": "OtherException"}, "body": {"text": "{}"}, "redirect": {"location": "https://x/{path}"},
                  "challenge": {"value": 'Basic realm="x"'}, "set_header": {"name": "X-Lab", "value": "1"},
                  "set_status": {"status": 418}, "delay": {"seconds": 0.3}, "delay_body": {"seconds": 0.3},
                  "trickle": {"seconds": 0.001}, "stall": {"seconds": 0.3}, "stall_body": {"seconds": 0.3},
                  "raw": {"text": "nothing"}, "huge_body": {"size": 1 << 20}}.get(fault, {})
    command = ["curl", "--silent", "--show-error", "--include", "--max-time", "10", f"https://{HOST}/v2/"]
    plain = run(*command)
    lab.fault(fault, service="registry", count=1, **parameters)
    began = time.monotonic()
    faulty = run(*command)
    assert lab.faults() == [{"name": fault, "hits": 1, "left": 0}]
    assert lab.requests()[-1]["fault"] == fault
    # `garble` cannot spoil what curl does not parse, but it must change the bytes; these two only change the ending.
    if fault not in ("no_close_notify", "idle_close", "garble_json"):
        assert (faulty.code, faulty.out) != (plain.code, plain.out) or time.monotonic() - began > 0.3
    assert lab.log("server") == ""


def test_proxy(lab):
    answer = run("curl", "--silent", "--proxy", lab.proxy, f"https://{HOST}/v2/")
    assert answer.out == "Not Authorized", answer.err
    assert run("curl", "--silent", "--proxy", lab.auth_proxy, f"https://{HOST}/v2/").out == "Not Authorized"
    assert "407" in run("curl", "--verbose", "--proxy", lab.auth_proxy_without_password, f"https://{HOST}/v2/").err


def test_distance(lab):
    lab.distant(lab.api_host, 0.1)
    began = time.monotonic()
    lab.api().describe_repositories()
    assert 0.5 < time.monotonic() - began < 3  # TCP, TLS and one question are three round trips of 0.2 s


def test_journal(lab):
    lab.clear_log()
    lab.api().describe_repositories()
    request, = lab.requests()
    assert (request["service"], request["operation"], request["status"]) == ("api", "DescribeRepositories", 200)
    assert request["tls"] in ("TLSv1.2", "TLSv1.3") and request["key"] == lab.keys["full"]["access_key_id"]
    assert lab.keys["full"]["secret_access_key"] not in json.dumps(request)
    connection, = lab.connections()
    assert (connection["sni"], connection["requests"]) == (lab.api_host, 1)


def test_operations_moto_lacks(lab, aws):
    repository = lab.create_repository("app")
    for tag in ("v1", "v2", "v3"):
        lab.push_image(f"{repository}:{tag}")
    policy = {"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan",
                                                          "countNumber": 2}, "action": {"type": "expire"}}]}
    assert aws("start-lifecycle-policy-preview", "--repository-name", "app", "--lifecycle-policy-text",
               json.dumps(policy)).json["status"] == "IN_PROGRESS"
    preview = aws("get-lifecycle-policy-preview", "--repository-name", "app").json
    assert [i["imageTags"] for i in preview["previewResults"]] == [["v1"]]
    assert aws("put-account-setting", "--name", "BLOB_MOUNTING", "--value", "ENABLED").json["value"] == "ENABLED"
    assert aws("get-account-setting", "--name", "BLOB_MOUNTING").json["value"] == "ENABLED"
    aws("put-replication-configuration", "--replication-configuration",
        '{"rules": [{"destinations": [{"region": "eu-west-1", "registryId": "123456789012"}]}]}').json
    status = aws("describe-image-replication-status", "--repository-name", "app", "--image-id", "imageTag=v1").json
    assert status["replicationStatuses"][0]["status"] == "COMPLETE"
    assert aws("update-image-storage-class", "--repository-name", "app", "--image-id", "imageTag=v1",
               "--target-storage-class", "ARCHIVE").json["imageStatus"] == "ARCHIVED"
    assert "(UnknownOperationException)" in aws("get-signing-configuration").err
    assert lab.create_repository("app", region="cn-north-1").startswith("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/")


def test_api_layers_and_scans(lab, aws):
    repository = lab.create_repository("app")
    image = lab.push_image(f"{repository}:v1")
    layers = aws("batch-check-layer-availability", "--repository-name", "app", "--layer-digests", image.layers[0],
                 f"sha256:{'0' * 64}").json["layers"]
    assert [l["layerAvailability"] for l in layers] == ["AVAILABLE", "UNAVAILABLE"]
    aws("start-image-scan", "--repository-name", "app", "--image-id", "imageTag=v1").json
    found = aws("describe-image-scan-findings", "--repository-name", "app", "--image-id", "imageTag=v1").json
    assert found["imageId"]["imageDigest"] == image.digest
    assert aws("put-image", "--repository-name", "app", "--image-manifest", image.manifest.decode(), "--image-tag",
               "v2").json["image"]["imageId"] == {"imageDigest": image.digest, "imageTag": "v2"}
    assert "(RepositoryNotEmptyException)" in aws("delete-repository", "--repository-name", "app").err
    assert aws("delete-repository", "--repository-name", "app", "--force").code == 0


def test_pull_through_cache(lab, aws):
    image = lab.push_image("public.ecr.aws/lab/app:v1", ["linux/amd64", "linux/arm64"])
    lab.cache_rule("pub", "public.ecr.aws")
    described = ["describe-images", "--repository-name", "pub/lab/app", "--image-ids", "imageTag=v1"]
    assert "(RepositoryNotFoundException)" in aws(*described).err
    # By digest, or by a key that may not import, it stays missing, and nothing is said of upstreams.
    by_digest = run("skopeo", "inspect", "--raw", "--creds", login(lab), f"docker://{HOST}/pub/lab/app@{image.digest}")
    assert "does not exist in the registry" in by_digest.err
    pull = f"AWS:{lab.password('pull')}"
    assert run("skopeo", "inspect", "--raw", "--creds", pull, f"docker://{HOST}/pub/lab/app:v1").code != 0
    assert run("skopeo", "inspect", "--raw", "--creds", login(lab), f"docker://{HOST}/pub/lab/app:v9").code != 0
    assert "(RepositoryNotFoundException)" in aws(*described).err
    assert run("skopeo", "inspect", "--raw", "--creds", login(lab), f"docker://{HOST}/pub/lab/app:v1").code == 0
    assert aws(*described).json["imageDetails"][0]["imageDigest"] == image.digest
    lab.push_image("public.ecr.aws/lab/app:v2")
    answer = aws("batch-get-image", "--repository-name", "pub/lab/app", "--image-ids", "imageTag=v2", "imageTag=v3").json
    assert [i["imageId"]["imageTag"] for i in answer["images"]] == ["v2"]
    assert [f["imageId"]["imageTag"] for f in answer["failures"]] == ["v3"]


def test_files_of_one_run(lab, monkeypatch):
    monkeypatch.setenv("ECR_BIN", "/bin/cat")
    shown = lab.ecr("/etc/hosts", "/etc/resolv.conf", hosts="198.18.0.10 here.lab.test\n", resolv_conf="# nothing\n")
    assert shown.stdout == "198.18.0.10 here.lab.test\n# nothing\n"
    assert lab.ecr("/etc/resolv.conf").stdout == "nameserver 198.18.0.53\n"
    monkeypatch.setenv("ECR_BIN", "/usr/bin/env")
    assert set(line.partition("=")[0] for line in lab.ecr(key="session").lines) == {
        "PATH", "SSL_CERT_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "DOCKER_HOST"}
    monkeypatch.setenv("ECR_BIN", "/bin/sh")
    with pytest.raises(AssertionError, match="not a proper end"):
        lab.ecr("-c", "kill -SEGV $$")
    with pytest.raises(AssertionError, match="did not end"):
        lab.ecr("-c", "sleep 5", timeout=0.2)


def ask_dns(name, kind="A", transport="udp", seconds=1.0):
    query = dnslib.DNSRecord.question(name, kind)
    try:
        return query, dnslib.DNSRecord.parse(query.send("198.18.0.53", 53, tcp=transport == "tcp", timeout=seconds))
    except TimeoutError:
        return query, None


@pytest.mark.parametrize("fault, parameters, expected", [
    ("nxdomain", {}, "NXDOMAIN"), ("servfail", {}, "SERVFAIL"), ("refused", {}, "REFUSED"), ("notimp", {}, "NOTIMP"),
    ("formerr", {}, "FORMERR"), ("empty", {}, []), ("bogus", {}, ["198.19.0.99"]), ("drop", {}, None),
    ("addresses", {"addresses": ["198.19.0.99", "198.18.0.10"]}, ["198.19.0.99", "198.18.0.10"]),
    ("slow", {"milliseconds": 100}, ["198.18.0.10"]), ("slow", {"milliseconds": 1500}, None),
    ("cname", {"target": "public.ecr.aws"}, ["public.ecr.aws.", "198.18.0.13"]), ("cname_loop", {}, ["{name}."])])
def test_dns_faults(lab, fault, parameters, expected):
    lab.dns_fault("api.ecr.*", fault, **parameters)
    query, answer = ask_dns(lab.api_host)
    if expected is None:
        assert answer is None
    elif isinstance(expected, str):
        assert dnslib.RCODE.get(answer.header.rcode) == expected
    else:
        assert answer.header.rcode == 0 and answer.header.id == query.header.id
        assert [str(r.rdata) for r in answer.rr] == [e.format(name=lab.api_host) for e in expected]
    assert ask_dns(lab.host)[1].header.rcode == 0
    assert lab.dns_queries(name=lab.api_host)[0]["answer"] == fault


def test_dns_faults_of_the_message(lab):
    name = lab.api_host
    lab.dns_fault(name, "truncated", count=2)
    assert ask_dns(name)[1].header.tc == 1
    assert [str(r.rdata) for r in ask_dns(name, transport="tcp")[1].rr] == ["198.18.0.10"]
    lab.dns_fault(name, "wrong_id", count=1)
    query, answer = ask_dns(name)
    assert answer.header.id != query.header.id
    lab.dns_fault(name, "wrong_question", count=1)
    assert str(ask_dns(name)[1].q.qname) == "elsewhere.lab.test."
    for fault in ("garbage", "short"):
        lab.dns_fault(name, fault, count=1)
        with pytest.raises(dnslib.DNSError):
            ask_dns(name)
    assert [str(r.rdata) for r in ask_dns(name)[1].rr] == ["198.18.0.10"]


def test_tls_to_a_plain_registry_is_told_so(lab):
    began = time.monotonic()
    assert run("curl", "--silent", f"https://{lab.plain_host}/v2/").code == 35
    assert run("curl", "--silent", f"http://{lab.plain_host}/v2/").out == "{}"
    assert time.monotonic() - began < 2
