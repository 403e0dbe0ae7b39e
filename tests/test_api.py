"""`ecr api`: any operation of ECR and ECR Public by its name, all pages merged."""

import json
import os
import subprocess

import pytest

from lab import model
from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
NAMES = [f"team/app{i}" for i in range(7)]


@pytest.fixture
def repositories(lab):
    for name in NAMES:
        lab.create_repository(name)
    lab.clear_log()
    return NAMES


def api(lab, *arguments, env=None, **options):
    return lab.ecr("api", *arguments, env={"AWS_REGION": "us-east-1", **(env or {})}, **options)


def bodies(lab, operation):
    return [json.loads(r["body"]) for r in lab.requests(operation=operation)]


def error_of(result, code, *parts):
    assert result.code == code and result.stdout == "", result
    line, = result.stderr.splitlines()
    assert line.startswith("ecr: ") and all(part in line for part in parts), line


# ---- names

@pytest.mark.parametrize("name", ["DescribeRepositories", "describe-repositories", "describerepositories", "DESCRIBE-REPOSITORIES"])
def test_names(lab, repositories, name):
    result = api(lab, name)
    assert result.code == 0 and result.stderr == ""
    assert [r["repositoryName"] for r in json.loads(result.stdout)["repositories"]] == NAMES
    assert bodies(lab, "DescribeRepositories") == [{}]


def test_every_operation_of_the_model(lab):
    """Each reaches its own API under its own name: the newer ones that the lab does not have are refused by it."""
    for service in ("ecr", "ecr-public"):
        for name in model.MODELS[service].operation_names:
            lab.clear_log()
            api(lab, *(["--public"] if service == "ecr-public" else []), "--max-attempts", "1", name)
            asked = lab.requests()
            assert len(asked) == 1 and asked[0]["headers"]["x-amz-target"].endswith("." + name), (service, name, asked)
            prefix = "SpencerFrontendService." if service == "ecr-public" else "AmazonEC2ContainerRegistry_V20150921."
            assert asked[0]["headers"]["x-amz-target"].startswith(prefix)


@pytest.mark.parametrize("name, near", [("DescribeImage", "DescribeImages"), ("list-image", "ListImages"), ("PutImages", "PutImage")])
def test_unknown_operations(lab, name, near):
    lab.clear_log()
    error_of(api(lab, name), 2, name, near)
    assert lab.requests() == []


@pytest.mark.parametrize("name", ["", "-", "describe_images", "Nothing at all", "x" * 5000])
def test_names_that_are_near_to_nothing(lab, name):
    result = api(lab, name)
    assert result.code == 2 and "is no operation" in result.stderr


# ---- pages

@pytest.mark.parametrize("size, calls", [(1, 7), (2, 4), (7, 1), (1000, 1)])
def test_pages_are_merged(lab, repositories, size, calls):
    asked = {"maxResults": size}
    result = api(lab, "--json", "describe-repositories", json.dumps(asked))
    answer, = result.json
    assert [r["repositoryName"] for r in answer["repositories"]] == NAMES and set(answer) == {"repositories"}
    sent = bodies(lab, "DescribeRepositories")
    assert len(sent) == calls and [dict(s, nextToken=None) for s in sent] == [dict(asked, nextToken=None)] * calls
    assert len({s.get("nextToken") for s in sent}) == calls and "nextToken" not in sent[0]
    everything = lab.api().describe_repositories()["repositories"]
    assert [r["repositoryUri"] for r in answer["repositories"]] == [r["repositoryUri"] for r in everything]


def test_one_page(lab, repositories):
    first, = api(lab, "--json", "--no-paginate", "describe-repositories", '{"maxResults":3}').json
    assert [r["repositoryName"] for r in first["repositories"]] == NAMES[:3] and first["nextToken"]
    rest, = api(lab, "--json", "describe-repositories", json.dumps({"maxResults": 3, "nextToken": first["nextToken"]})).json
    assert [r["repositoryName"] for r in rest["repositories"]] == NAMES[3:]
    assert len(bodies(lab, "DescribeRepositories")) == 3


def test_pages_within_a_member(lab):
    """Findings are a list within an object, beside what is the same on each page."""
    pages = [{"imageScanFindings": {"findings": [{"name": f"CVE-{i}"}], "findingSeverityCounts": {"HIGH": 2}},
              "repositoryName": "team/a", "nextToken": str(i)} for i in range(2)]
    del pages[1]["nextToken"]
    pages[1]["late"] = [1]
    lab.fault("body", service="api", text=json.dumps(pages[0]), count=1)
    lab.fault("body", service="api", text=json.dumps(pages[1]))
    answer, = api(lab, "--json", "DescribeImageScanFindings", '{"repositoryName":"team/a","imageId":{"imageTag":"x"}}').json
    assert answer == {"imageScanFindings": {"findings": [{"name": "CVE-0"}, {"name": "CVE-1"}], "findingSeverityCounts": {"HIGH": 2}},
                      "repositoryName": "team/a", "late": [1]}


def test_pages_without_an_end(lab):
    lab.fault("body", service="api", text='{"repositories": [], "nextToken": "again"}')
    error_of(api(lab, "DescribeRepositories"), 5, "the pages of DescribeRepositories do not end")
    assert len(lab.requests()) == 2


# ---- input

def test_input(lab, tmp_path):
    path = tmp_path / "input.json"
    for number, place in enumerate(["text", "file", "stdin"]):
        text = json.dumps({"repositoryName": f"made/{number}", "tags": [{"Key": "a b", "Value": "é"}]}, ensure_ascii=False)
        path.write_text(text)
        given = {"text": text, "file": f"@{path}", "stdin": "-"}[place]
        made, = api(lab, "--json", "create-repository", given, stdin=text if place == "stdin" else None).json
        assert made["repository"]["repositoryName"] == f"made/{number}"
        assert bodies(lab, "CreateRepository")[-1] == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "{}{}", "[]", "null", '"x"', "repositoryName=a", "{'a': 1}", '{"a": 1,}', "{" * 200])
def test_input_that_is_no_object(lab, tmp_path, text):
    lab.clear_log()
    path = tmp_path / "input.json"
    path.write_text(text)
    for given in (text, f"@{path}"):
        if given:
            error_of(api(lab, "DescribeRepositories", given), 2, "JSON")
    error_of(api(lab, "DescribeRepositories", "-", stdin=text), 2, "JSON")
    assert lab.requests() == []


def test_input_that_is_not_there(lab, tmp_path):
    error_of(api(lab, "DescribeRepositories", f"@{tmp_path}/none"), 2, "none", "No such file")
    error_of(api(lab, "DescribeRepositories", f"@{tmp_path}"), 2, "cannot read it")
    error_of(api(lab, "DescribeRepositories", "{}", "more"), 2, "more")
    error_of(api(lab), 2, "no operation given")
    error_of(api(lab, "--format", "a b", "DescribeRepositories"), 2, "--format")
    error_of(api(lab, "--public", "ListImages", "{}"), 2, "ECR Public has no operation ListImages")


# ---- what the service refuses

def test_denied(lab, repositories):
    error_of(api(lab, "delete-repository", '{"repositoryName":"team/app0"}', key="describe"), 3, "ecr:DeleteRepository")
    assert api(lab, "DescribeRepositories", key=None).code == 3


def test_not_found(lab):
    error_of(api(lab, "DescribeImages", '{"repositoryName":"none"}'), 1, "RepositoryNotFoundException")


def test_conflict(lab, repositories):
    error_of(api(lab, "CreateRepository", '{"repositoryName":"team/app0"}'), 5, "RepositoryAlreadyExistsException")


@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("html", 5), ("garble_json", 5), ("cut", 4)])
def test_faults(lab, repositories, fault, code):
    lab.fault(fault, service="api")
    result = api(lab, "--max-attempts", "1", "DescribeRepositories")
    assert result.code == code and result.stdout == "", result


# ---- output

def test_format(lab, repositories):
    assert api(lab, "--format", "repositories.1.repositoryName", "DescribeRepositories").stdout == "team/app1\n"
    assert api(lab, "--format", "{{.repositories.0.repositoryArn}}", "DescribeRepositories").stdout.startswith("arn:aws:ecr:")
    assert api(lab, "--format", "none", "DescribeRepositories").stdout == "\n"


def test_for_people_and_for_machines(lab, repositories):
    plain, line = api(lab, "DescribeRepositories"), api(lab, "--json", "DescribeRepositories")
    assert len(line.lines) == 1 and json.loads(plain.stdout) == line.json[0]
    assert plain.lines[:3] == ["{", '  "repositories": [', "    {"]
    empty = api(lab, "DescribeRepositories", '{"repositoryNames":["team/app0"]}')
    assert json.loads(empty.stdout)["repositories"][0]["repositoryName"] == "team/app0"


def test_text_that_would_harm(lab):
    """What a service sends is shown, and obeyed by nobody."""
    evil = {"repositories": [{"repositoryName": "\x1b[2J\u202e##[error]\n::error::x\x7f\x9b"}], "\x1bkey": ["a\\\"b", 1.5, -0.0, True, None, {}, []]}
    lab.fault("body", service="api", text=json.dumps(evil, ensure_ascii=False).replace("\x1b", "\\u001b"))
    for options in ((), ("--json",)):
        result = api(lab, *options, "DescribeRepositories")
        assert json.loads(result.stdout) == evil, result
        assert not [c for c in result.stdout if (ord(c) < 32 and c != "\n") or c in "\x7f\x9b\u202e"] and "##[" not in result.stdout


def test_a_token_is_masked_in_a_job(lab):
    token = api(lab, "--format", "authorizationData.0.authorizationToken", "GetAuthorizationToken", env={"GITHUB_ACTIONS": "true"})
    assert token.code == 0 and f"::add-mask::{token.stdout.strip()}" in token.stderr
    public = api(lab, "--public", "--format", "authorizationData.authorizationToken", "GetAuthorizationToken", env={"GITHUB_ACTIONS": "true"})
    assert public.code == 0 and f"::add-mask::{public.stdout.strip()}" in public.stderr


def test_public(lab):
    """Its API is in one region, wherever the caller is; what it alone has needs no option."""
    for arguments in (("--public", "GetAuthorizationToken"), ("DescribeRegistries",)):
        lab.clear_log()
        api(lab, "--region", "eu-west-1", "--max-attempts", "1", *arguments)
        assert [r["host"] for r in lab.requests()] in (["api.ecr-public.us-east-1.amazonaws.com"], ["ecr-public.us-east-1.api.aws"])


def test_a_region_is_needed(lab):
    result = api(lab, "DescribeRepositories", env={"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_EC2_METADATA_DISABLED": "true"})
    assert result.code == 2 and "--region" in result.stderr, result


def test_a_closed_stdout(lab, repositories):
    env = {"SSL_CERT_FILE": lab.ca, "AWS_REGION": "us-east-1", **lab.key_environment("full")}
    done = subprocess.run(["sh", "-c", f"{BINARY} api DescribeRepositories >&-"], env=env, capture_output=True, text=True, timeout=20)
    assert done.returncode == 5 and "standard output" in done.stderr, done


def test_many_pages(lab):
    """One row a page, over one connection."""
    for i in range(60):
        lab.create_repository(f"wide/{i:03}")
    lab.clear_log()
    answer, = api(lab, "--json", "DescribeRepositories", '{"maxResults":1}').json
    assert len(answer["repositories"]) == 60 and len(lab.connections()) == 1
