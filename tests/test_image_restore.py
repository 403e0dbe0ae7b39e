"""`ecr image restore`: images back from the archive, one call for each, awaited if that is wanted."""

import json
import os
import pty
import select
import subprocess

import pytest

from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
ENV = {"AWS_REGION": "us-east-1"}
OTHER = "210987654321.dkr.ecr.us-east-1.amazonaws.com"
ZEROS = "sha256:" + "0" * 64


def restore(lab, *arguments, env=None, **options):
    lab.clear_log()
    return lab.ecr("image", "restore", *arguments, env={**ENV, **(env or {})}, **options)


def bodies(lab, **conditions):
    return [json.loads(r["body"]) for r in lab.requests(**conditions)]


def error_of(result, code, start, *parts):
    assert result.code == code and result.stdout == "", result
    line, = result.stderr.splitlines()
    assert line.startswith("ecr: " + start) and all(part in line for part in parts), line


def statuses(lab):
    found = lab.api().describe_images(repositoryName="team/app", filter={"imageStatus": "ANY"})["imageDetails"]
    return {i["imageTags"][0]: i["imageStatus"] for i in found}


@pytest.fixture
def archive(lab):
    """Two archived images, v1 and v2; the digest of one that is active."""
    lab.create_repositories(["team/app"])
    images = [{"tags": ["v1"], "status": "ARCHIVED"}, {"tags": ["v2"], "status": "ARCHIVED"}, {"tags": ["active"]}]
    return lab.add_images(f"{lab.host}/team/app", images)[2]


def test_restore(lab, archive):
    result = restore(lab, "team/app:v1", f"{lab.host}/team/app:v2")
    assert result.code == 0 and result.stderr == ""
    assert result.stdout == f"ACTIVATING  team/app:v1\nACTIVATING  {lab.host}/team/app:v2\n"
    ask = {"repositoryName": "team/app", "targetStorageClass": "STANDARD"}
    assert bodies(lab) == [{**ask, "imageId": {"imageTag": "v1"}},
                           {"registryId": "123456789012", **ask, "imageId": {"imageTag": "v2"}}]
    assert {r["operation"] for r in lab.requests()} == {"UpdateImageStorageClass"}
    assert statuses(lab) == {"v1": "ACTIVATING", "v2": "ACTIVATING", "active": "ACTIVE"}


def test_restore_json(lab, archive):
    answer, = restore(lab, "--json", "team/app:v1").json
    assert answer == {"registryId": "123456789012", "repositoryName": "team/app", "imageId": {"imageTag": "v1"},
                      "imageStatus": "ACTIVATING"}


@pytest.mark.parametrize("by_id", ["hidden", "shown"])
def test_restore_is_repeated(lab, archive, by_id):
    """An image on its way back, and one that is back, are as it was wished."""
    lab.setting(archived_by_id=by_id, restore_polls=9)
    for name, status in (("v1", "ACTIVATING"), ("v1", "ACTIVATING"), ("active", "ACTIVE")):
        result = restore(lab, f"team/app:{name}")
        assert (result.code, result.stdout, result.stderr) == (0, f"{status}  team/app:{name}\n", ""), result


@pytest.mark.parametrize("by_id", ["hidden", "shown"])
def test_restore_and_wait(lab, archive, by_id):
    lab.setting(archived_by_id=by_id, restore_polls=1)
    result = restore(lab, "--wait", "team/app:v1", f"team/app@{archive}")
    assert (result.code, result.stdout, result.stderr) == (0, f"ACTIVE  team/app:v1\nACTIVE  team/app@{archive}\n", "")
    assert [b["imageIds"] for b in bodies(lab, operation="DescribeImages")][:2] == [[{"imageTag": "v1"}]] * 2
    assert 0.4 < result.seconds < 10


def test_wait_for_one_that_is_called_archived_still(lab, archive):
    """The reply to the order says where it goes; that the next one is behind ends nothing."""
    lab.setting(archived_by_id="shown", restore_polls=0)
    late = {"imageDetails": [{"imageDigest": ZEROS, "imageTags": ["v1"], "imageStatus": "ARCHIVED"}]}
    lab.fault("body", service="api", operation="DescribeImages", text=json.dumps(late), count=1)
    result = restore(lab, "--wait", "team/app:v1")
    assert (result.code, result.stdout, result.stderr) == (0, "ACTIVE  team/app:v1\n", ""), result
    assert len(lab.requests(operation="DescribeImages")) >= 2 and result.seconds > 0.4
    late["imageDetails"][0]["imageTags"] = ["v2"]
    lab.clear()
    lab.fault("body", service="api", operation="DescribeImages", text=json.dumps(late))
    result = restore(lab, "--timeout", "1s", "--wait", "team/app:v2")
    error_of(result, 4, "team/app:v2: ", "ARCHIVED", "--timeout")


def test_wait_for_one_without_a_status(lab, archive):
    there = {"imageDetails": [{"imageDigest": ZEROS, "imageTags": ["v1"]}]}
    lab.fault("body", service="api", operation="DescribeImages", text=json.dumps(there))
    result = restore(lab, "--wait", "team/app:v1")
    assert (result.code, result.stdout, result.stderr) == (0, "-  team/app:v1\n", ""), result


def test_restore_by_digest_whatever_the_tag(lab, archive):
    """The digest counts, in the order as in the looks after it."""
    for name in (f"team/app:active@{archive}", f"team/app:v1@{archive}"):
        result = restore(lab, "--wait", name)
        assert (result.code, result.stdout, result.stderr) == (0, f"ACTIVE  {name}\n", ""), result
        assert bodies(lab, operation="UpdateImageStorageClass")[0]["imageId"] == {"imageDigest": archive}
        looks = [b["imageIds"] for b in bodies(lab, operation="DescribeImages")]
        assert looks and all(ids == [{"imageDigest": archive}] for ids in looks)


def test_progress_of_a_restore(lab, archive):
    lab.setting(restore_polls=1)
    ours, theirs = pty.openpty()
    env = {"SSL_CERT_FILE": lab.ca, "AWS_EC2_METADATA_DISABLED": "true", "TERM": "xterm", **ENV, **lab.key_environment("full")}
    command = [BINARY, "image", "restore", "--wait", "team/app:v1"]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, timeout=20)
    os.close(theirs)
    err = ""
    while select.select([ours], [], [], 20)[0]:  # it need not come at once
        try:
            err += os.read(ours, 65536).decode()
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert (done.returncode, done.stdout) == (0, b"ACTIVE  team/app:v1\n")
    assert err == "\r\x1b[KWaiting for team/app:v1: ACTIVATING, 0 s\r\x1b[K"


def test_restore_that_takes_too_long(lab, archive):
    lab.setting(restore_polls=99)
    result = restore(lab, "--timeout", "300ms", "--wait", "team/app:v1")
    error_of(result, 4, "team/app:v1: ", "ACTIVATING", "--timeout")


def test_restores_that_fail(lab, archive):
    """Each image is tried."""
    result = restore(lab, "team/app:none", "team/app:v1", f"team/app@{ZEROS}", "none:v1")
    assert result.code == 1 and result.stdout == "ACTIVATING  team/app:v1\n"
    first, second, third = result.stderr.splitlines()
    assert first.startswith("ecr: team/app:none: ") and "ImageNotFoundException" in first and "'ecr image ls'" in first
    assert second.startswith(f"ecr: team/app@{ZEROS}: ") and third.startswith("ecr: none:v1: ")


@pytest.mark.parametrize("by_id", ["hidden", "shown"])
def test_restore_that_is_refused(lab, archive, by_id):
    lab.setting(archived_by_id=by_id)
    lab.fault("refuse", service="api", operation="UpdateImageStorageClass", message="not now",
              code="ImageStorageClassUpdateNotSupportedException")
    result = restore(lab, "team/app:v1")
    error_of(result, 5, "team/app:v1: ", "ImageStorageClassUpdateNotSupportedException", "not now")


def test_restore_in_a_registry_that_cannot_be_opened(lab, archive):
    """What is meant for it is sent to no other."""
    names = [f"{OTHER}/first:v1", f"{OTHER}/team/app:v2", "team/app:v1"]
    result = restore(lab, "team/app:active", *names, env={"ECR_REGISTRY_MAP": f"{lab.other_account}=nobody"})
    assert result.code == 3 and result.stdout == "ACTIVE  team/app:active\nACTIVATING  team/app:v1\n", result
    assert statuses(lab)["v2"] == "ARCHIVED"


def test_wait_for_a_restore_that_was_begun_before(lab, archive):
    lab.setting(restore_polls=2)
    assert restore(lab, "team/app:v1").code == 0
    result = restore(lab, "--wait", "team/app:v1")
    assert (result.code, result.stdout, result.stderr) == (0, "ACTIVE  team/app:v1\n", ""), result
