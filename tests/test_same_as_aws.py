"""What the aws CLI does with long options `ecr` does in the same words; and it does it against moto alone."""

import hashlib
import json
import subprocess
import sys

import boto3
import pytest

ACCOUNT = "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
ARN = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"
KMS = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
POLICY = """{"Version": "2012-10-17", "Statement": [{"Sid": "pull é", "Effect": "Allow", "Principal": "*",
    "Action": ["ecr:BatchGetImage"]}]}"""
LIFECYCLE = """{"rules": [{"rulePriority": 1, "description": "the newest five \\"v\\"", "action": {"type": "expire"},
    "selection": {"tagStatus": "tagged", "tagPrefixList": ["v"], "countType": "imageCountMoreThan", "countNumber": 5}}]}"""
REPLICATION = {"rules": [{"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT},
                                           {"region": "us-west-2", "registryId": "210987654321"}],
                          "repositoryFilters": [{"filter": "prod-", "filterType": "PREFIX_MATCH"}]}]}
TOKEN = {"registryId": ACCOUNT}  # what a host in front of a name says, and the CLI's --registry-id


# ---- the requests

def stage(lab):
    repository = lab.create_repository("app")
    image = lab.push_image(f"{repository}:v1")
    lab.clear_log()
    return image


def sent(lab):
    """What was asked of the API: all that makes a request what it is."""
    return [{"operation": r["operation"], "host": r["host"], "method": r["method"], "target": r["target"],
             "x-amz-target": r["headers"]["x-amz-target"], "content-type": r["headers"]["content-type"],
             "body": json.loads(r["body"])} for r in lab.requests(service="api")]


@pytest.fixture(scope="module")
def cli():
    """The aws CLI's own program, started once: its start takes longer than all that it does here."""
    program = """
import contextlib, io, json, os, sys
from awscli.clidriver import create_clidriver
for line in sys.stdin:
    folder, env, arguments = json.loads(line)
    os.chdir(folder)
    os.environ.update(env)
    with contextlib.redirect_stdout(io.StringIO()):
        code = create_clidriver().main(arguments)
    print(code, flush=True)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], text=True, **pipes) as process:
        yield process
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.fixture
def aws(lab, cli, tmp_path):
    def call(*arguments):
        env = {**lab.key_environment("full"), "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}
        cli.stdin.write(json.dumps([str(tmp_path), env, ["ecr", *arguments, "--output", "json"]]) + "\n")
        cli.stdin.flush()
        assert cli.stdout.readline() == "0\n", arguments
    return call


def ecr(lab, *arguments, **more):
    result = lab.ecr(*arguments, env={"AWS_REGION": "us-east-1"}, **more)
    assert result.code == 0, result
    return result


ACCEPTED = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "application/vnd.docker.distribution.manifest.v1+json", "application/vnd.oci.artifact.manifest.v1+json"]
# Members that `ecr` sends beside what the CLI does: pages as long as they can be; archived images are shown too; and the
# manifest comes as it is, whatever its type.
MORE = {"DescribeRepositories": {"maxResults": 1000}, "DescribeImages": {"maxResults": 1000, "filter": {"imageStatus": "ANY"}},
        "BatchGetImage": {"acceptedMediaTypes": ACCEPTED}}
WITHOUT_REGISTRY = ("ListTagsForResource", "DescribeRegistry", "PutReplicationConfiguration")

# By name: what `ecr` is told ({}: "" or HOST/), and the CLI's calls for the same. {image}: the image's digest.
NAME = "--repository-name"
SCANNING = ["put-registry-scanning-configuration", "--scan-type", "ENHANCED", "--rules",
            "scanFrequency=SCAN_ON_PUSH,repositoryFilters=[{filter=prod*,filterType=WILDCARD}]",
            "scanFrequency=CONTINUOUS_SCAN,repositoryFilters=[{filter=team/*,filterType=WILDCARD}]"]
JOBS = {
    "repo create": (["repo", "create", "{}new"], [["create-repository", NAME, "new"]]),
    "repo create, with everything": (
        ["repo", "create", "--immutable", "--except", "latest", "--except", "dev-*", "--scan-on-push", "--kms", KMS,
         "--tag", "team=a", "--tag", "cost center=", "{}new"],
        [["create-repository", NAME, "new", "--image-tag-mutability", "IMMUTABLE_WITH_EXCLUSION",
          "--image-tag-mutability-exclusion-filters", "filterType=WILDCARD,filter=latest", "filterType=WILDCARD,filter=dev-*",
          "--image-scanning-configuration", "scanOnPush=true",
          "--encryption-configuration", f"encryptionType=KMS,kmsKey={KMS}", "--tags",
          "Key=team,Value=a", "Key=cost center,Value="]]),
    "repo ls": (["repo", "ls", "{}"], [["describe-repositories"]]),
    "repo show": (["repo", "show", "{}app"], [["describe-repositories", "--repository-names", "app"],
                                              ["list-tags-for-resource", "--resource-arn", ARN]]),
    "repo rm": (["repo", "rm", "--force", "--yes", "{}app"], [["delete-repository", NAME, "app", "--force"]]),
    "repo set": (["repo", "set", "--immutable", "--scan-on-push", "{}app"],
                 [["put-image-tag-mutability", NAME, "app", "--image-tag-mutability", "IMMUTABLE"],
                  ["put-image-scanning-configuration", NAME, "app", "--image-scanning-configuration", "scanOnPush=true"]]),
    "policy set": (["policy", "set", "{}app", "policy.json"],
                   [["set-repository-policy", NAME, "app", "--policy-text", "file://policy.json"]]),
    "policy set, by force": (["policy", "set", "--force", "{}app", "policy.json"],
                             [["set-repository-policy", NAME, "app", "--policy-text", "file://policy.json", "--force"]]),
    "image ls": (["image", "ls", "{}app"], [["describe-images", NAME, "app"]]),
    "image rm": (["image", "rm", "--yes", "{}app:v1", "{}app@{image}"],
                 [["batch-delete-image", NAME, "app", "--image-ids", "imageTag=v1", "imageDigest={image}"]]),
    "tag": (["tag", "{}app:v1", "v2"],
            [["batch-get-image", NAME, "app", "--image-ids", "imageTag=v1"],
             ["put-image", NAME, "app", "--image-manifest", "file://manifest.json", "--image-manifest-media-type",
              "application/vnd.oci.image.manifest.v1+json", "--image-tag", "v2", "--image-digest", "{image}"]]),
    "lifecycle set": (["lifecycle", "set", "{}app", "lifecycle.json"],
                      [["put-lifecycle-policy", NAME, "app", "--lifecycle-policy-text", "file://lifecycle.json"]]),
    "scan start": (["scan", "start", "--no-wait", "{}app:v1"],
                   [["start-image-scan", NAME, "app", "--image-id", "imageTag=v1"]]),
    "replication set": (
        ["replication", "set", "--to", "eu-west-1", "--to", "us-west-2/210987654321", "--prefix", "prod-"],
        [["describe-registry"], ["put-replication-configuration", "--replication-configuration", "file://replication.json"]]),
    "replication set, unasked": (
        ["replication", "set", "--yes", "--to", f"eu-west-1/{ACCOUNT}", "--to", "us-west-2/210987654321", "--prefix", "prod-"],
        [["put-replication-configuration", "--replication-configuration", "file://replication.json"]]),
    "scan config": (
        ["scan", "config", "--type", "enhanced", "--on-push", "prod*", "--continuous", "team/*"],
        [["get-registry-scanning-configuration"], SCANNING]),
    "scan config, unasked": (
        ["scan", "config", "--yes", "--type", "enhanced", "--on-push", "prod*", "--continuous", "team/*"], [SCANNING]),
    "cache add": (
        ["cache", "add", "--credential-arn", SECRET, "{}hub", "docker-hub"],
        [["create-pull-through-cache-rule", "--ecr-repository-prefix", "hub",
          "--upstream-registry-url", "registry-1.docker.io", "--upstream-registry", "docker-hub", "--credential-arn", SECRET],
         ["validate-pull-through-cache-rule", "--ecr-repository-prefix", "hub"]]),
}


@pytest.mark.parametrize("job", JOBS)
def test_the_same_requests(lab, aws, tmp_path, job):
    """Member by member, with and without a host in front of the name."""
    ours, theirs = JOBS[job]
    image = stage(lab)
    for name, text in (("policy", POLICY), ("lifecycle", LIFECYCLE), ("replication", json.dumps(REPLICATION))):
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "manifest.json").write_bytes(image.manifest)
    for call in theirs:
        aws(*(word.replace("{image}", image.digest) for word in call))
    by_aws = sent(lab)
    assert len(by_aws) == len(theirs) and {call["content-type"] for call in by_aws} == {"application/x-amz-json-1.1"}
    for host in ("", f"{HOST}/"):
        lab.reset()
        assert stage(lab).digest == image.digest
        words = [word.replace("{}", host).replace("{image}", image.digest) for word in ours]
        ecr(lab, *(word for word in words if word), cwd=tmp_path)
        for call, wanted in zip(sent(lab), by_aws):
            in_registry = TOKEN if host and "{}" in "".join(ours) and wanted["operation"] not in WITHOUT_REGISTRY else {}
            more = {} if job == "repo show" else MORE.get(wanted["operation"], {})  # one repository is one page
            assert call == {**wanted, "body": {**wanted["body"], **more, **in_registry}}
        assert [call["operation"] for call in sent(lab)] == [call["operation"] for call in by_aws]


def test_texts_are_sent_byte_for_byte(lab, tmp_path):
    """What is within a request's text member is the file, with its blanks; a manifest is what its digest is of."""
    image = stage(lab)
    (tmp_path / "policy.json").write_text(POLICY + "\n\n")
    (tmp_path / "lifecycle.json").write_text("\n" + LIFECYCLE)
    ecr(lab, "policy", "set", "app", "policy.json", cwd=tmp_path)
    ecr(lab, "lifecycle", "set", "app", "-", cwd=tmp_path, stdin="\n" + LIFECYCLE)
    ecr(lab, "tag", "app:v1", "v2")
    bodies = {call["operation"]: call["body"] for call in sent(lab)}
    assert bodies["SetRepositoryPolicy"]["policyText"] == POLICY + "\n\n"
    assert bodies["PutLifecyclePolicy"]["lifecyclePolicyText"] == "\n" + LIFECYCLE
    assert bodies["PutImage"]["imageManifest"].encode() == image.manifest


# ---- moto alone: another's reading of the API, with no part of the lab before it

MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "1" * 64, "size": 10},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + "2" * 64, "size": 20}]},
    indent=2)
DIGEST = "sha256:" + hashlib.sha256(MANIFEST.encode()).hexdigest()


@pytest.fixture
def moto(lab):
    """A client of it, with a repository that has an image; `moto.ecr` runs the binary against it."""
    client = boto3.client("ecr", endpoint_url=lab.moto_api, region_name="us-east-1", aws_access_key_id="any",
                          aws_secret_access_key="any")
    client.create_repository(repositoryName="img")
    client.put_image(repositoryName="img", imageManifest=MANIFEST, imageTag="v1", imageDigest=DIGEST)

    def call(*arguments, code=0, **more):
        env = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        result = lab.ecr("--endpoint-url", lab.moto_api, *arguments, env=env, key=None, **more)
        assert result.code == code, result
        return result
    client.ecr = call
    yield client
    assert lab.requests() == []  # nothing went anywhere else


def repository_of(moto, name):
    repository, = moto.describe_repositories(repositoryNames=[name])["repositories"]
    return repository


def test_moto_repositories(moto):
    options = ["--immutable", "--scan-on-push", "--kms", KMS, "--tag", "team=a"]
    assert moto.ecr("repo", "create", *options, "team/app").stdout == f"{HOST}/team/app\n"
    made = repository_of(moto, "team/app")
    assert (made["imageTagMutability"], made["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert made["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": KMS}
    assert moto.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "team", "Value": "a"}]
    assert moto.ecr("repo", "create", *options, "team/app").stdout == f"{HOST}/team/app\n"
    assert "mutability is IMMUTABLE, not MUTABLE" in moto.ecr("repo", "create", "--mutable", "team/app", code=5).stderr
    rows = [line.split("\t")[:5] for line in moto.ecr("repo", "ls").lines]
    assert rows == [["img", f"{HOST}/img", "MUTABLE", "off", "AES256"],
                    ["team/app", f"{HOST}/team/app", "IMMUTABLE", "on", "KMS"]]
    assert [line.split("\t")[0] for line in moto.ecr("repo", "ls", "team/").lines] == ["team/app"]
    shown = dict(line.split("\t") for line in moto.ecr("repo", "show", "team/app").lines)
    assert shown.pop("created").startswith("20") and shown == {
        "name": "team/app", "uri": f"{HOST}/team/app", "arn": made["repositoryArn"], "account": ACCOUNT, "tags": "team=a",
        "mutability": "IMMUTABLE", "except": "-", "scan-on-push": "on", "encryption": "KMS", "kms-key": KMS}
    moto.ecr("repo", "set", "--mutable", "--no-scan-on-push", "team/app")
    changed = repository_of(moto, "team/app")
    assert (changed["imageTagMutability"], changed["imageScanningConfiguration"]) == ("MUTABLE", {"scanOnPush": False})


def test_moto_removal_of_repositories(moto):
    assert "--force" in moto.ecr("repo", "rm", "--yes", "img", code=5).stderr
    moto.ecr("repo", "rm", "--yes", "--force", "img")
    assert moto.describe_repositories()["repositories"] == []
    assert moto.ecr("repo", "rm", "--yes", "img").stderr == "There was no such repository: img\n"
    moto.ecr("repo", "show", "img", code=1)


def test_moto_policies(moto, tmp_path):
    (tmp_path / "policy.json").write_text(POLICY)
    moto.ecr("policy", "show", "img", code=1)
    moto.ecr("policy", "set", "img", "policy.json", cwd=tmp_path)
    assert json.loads(moto.get_repository_policy(repositoryName="img")["policyText"]) == json.loads(POLICY)
    assert json.loads(moto.ecr("policy", "show", "img").stdout) == json.loads(POLICY)
    moto.ecr("policy", "rm", "--yes", "img")
    with pytest.raises(moto.exceptions.RepositoryPolicyNotFoundException):
        moto.get_repository_policy(repositoryName="img")
    assert moto.ecr("policy", "rm", "--yes", "img").stderr == "There was no policy: img\n"


def test_moto_images(moto):
    tags = lambda: [image["imageTags"] for image in moto.describe_images(repositoryName="img")["imageDetails"]]
    row, = moto.ecr("image", "ls", "img").lines
    assert row.split("\t")[:3] == ["v1", DIGEST, "10"] and row.split("\t")[5] == json.loads(MANIFEST)["mediaType"]
    assert moto.ecr("tag", "img:v1", "v2").stdout == f"v2  {DIGEST}\n"
    assert tags() == [["v1", "v2"]] and moto.ecr("image", "ls", "img").lines[0].split("\t")[0] == "v1,v2"
    assert moto.ecr("image", "rm", "--yes", "img:v1").stdout == f"untagged  img:v1  {DIGEST}\n"
    assert tags() == [["v2"]]
    assert moto.ecr("image", "rm", "--yes", "img:v1").stdout == "gone  img:v1\n"
    assert moto.ecr("image", "rm", "--yes", f"img@{DIGEST}").stdout == f"deleted  img@{DIGEST}  {DIGEST}\n"
    assert tags() == [] and moto.ecr("image", "ls", "img").stdout == ""
    moto.ecr("tag", "img:v2", "v3", code=1)


def test_moto_lifecycle(moto):
    moto.ecr("lifecycle", "show", "img", code=1)
    moto.ecr("lifecycle", "set", "img", "--keep", "5", "--prefix", "v", "--untagged-days", "3")
    policy = json.loads(moto.get_lifecycle_policy(repositoryName="img")["lifecyclePolicyText"])
    assert [(rule["rulePriority"], rule["selection"], rule["action"]) for rule in policy["rules"]] == [
        (1, {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 3},
         {"type": "expire"}),
        (2, {"tagStatus": "tagged", "tagPrefixList": ["v"], "countType": "imageCountMoreThan", "countNumber": 5},
         {"type": "expire"})]
    assert json.loads(moto.ecr("lifecycle", "show", "img").stdout) == policy
    moto.ecr("lifecycle", "set", "img", "-", stdin=LIFECYCLE)
    assert moto.get_lifecycle_policy(repositoryName="img")["lifecyclePolicyText"] == LIFECYCLE
    moto.ecr("lifecycle", "rm", "--yes", "img")
    with pytest.raises(moto.exceptions.LifecyclePolicyNotFoundException):
        moto.get_lifecycle_policy(repositoryName="img")
    assert moto.ecr("lifecycle", "rm", "--yes", "img").stderr == "There was no lifecycle policy: img\n"


def test_moto_replication(moto):
    rules = lambda: moto.describe_registry()["replicationConfiguration"]["rules"]
    moto.ecr("replication", "show", code=1)
    moto.ecr("replication", "set", "--to", "eu-west-1", "--to", "us-west-2/210987654321", "--prefix", "prod-")
    assert rules() == REPLICATION["rules"]
    assert moto.ecr("replication", "show").stdout == f"eu-west-1/{ACCOUNT},us-west-2/210987654321\tprod-\n"
    assert "--yes" in moto.ecr("replication", "set", "--to", "eu-west-1", code=2).stderr and rules() == REPLICATION["rules"]
    moto.ecr("replication", "set", "--yes", "--to", "eu-west-1")
    assert rules() == [{"destinations": REPLICATION["rules"][0]["destinations"][:1]}]
    moto.ecr("replication", "rm", "--yes")
    assert rules() == []
    assert moto.ecr("replication", "rm", "--yes").stderr == "There were no replication rules\n"


def test_moto_scans(moto):
    moto.ecr("scan", "show", "img:v1", code=1)
    row = ("HIGH\tCVE-9999-9999\tmoto_fake\t9.9.9\t-\t"
           "https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-9999-9999\n")
    assert moto.ecr("scan", "start", "img:v1").stdout == row
    found = moto.describe_image_scan_findings(repositoryName="img", imageId={"imageTag": "v1"})
    assert found["imageScanStatus"]["status"] == "COMPLETE"
    assert moto.ecr("scan", "start", "--fail-on", "CRITICAL", "img:v1").stdout == row  # that of today counts
    assert moto.ecr("scan", "show", "--fail-on", "HIGH", "img:v1", code=1).stdout == row


def test_moto_scanning_configuration(moto):
    assert moto.ecr("scan", "config").stdout == "BASIC\t-\t-\n"
    moto.ecr("scan", "config", "--type", "enhanced", "--on-push", "prod*", "--continuous", "team/*")
    found = moto.get_registry_scanning_configuration()["scanningConfiguration"]
    rules = [(rule["scanFrequency"], rule["repositoryFilters"]) for rule in found["rules"]]
    assert found["scanType"] == "ENHANCED" and rules == [
        ("SCAN_ON_PUSH", [{"filter": "prod*", "filterType": "WILDCARD"}]),
        ("CONTINUOUS_SCAN", [{"filter": "team/*", "filterType": "WILDCARD"}])]
    assert moto.ecr("scan", "config").stdout == "ENHANCED\tSCAN_ON_PUSH\tprod*\nENHANCED\tCONTINUOUS_SCAN\tteam/*\n"
    assert "--yes" in moto.ecr("scan", "config", "--type", "basic", code=2).stderr
    assert moto.get_registry_scanning_configuration()["scanningConfiguration"] == found
    assert moto.ecr("scan", "config", "--yes", "--type", "basic").stdout == "BASIC\t-\t-\n"
