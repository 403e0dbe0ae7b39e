"""`ecr repo`: the repositories of a private registry are changed, listed, shown and deleted."""

import json

import pytest

from support_manage import (ACCOUNT, API, ARN, EXCEPT, HOST, IMMUTABLE, NONE_THERE, OTHER, SCANNED, asked, done, encrypted,
                            error_of, filters, iso, made, on_terminal, tagged)

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def repo(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr("repo", *arguments, **{"env": {"AWS_REGION": "us-east-1"}, **options})


# ---- set

@pytest.mark.parametrize("options, calls, notes", [
    (["--immutable"], [("PutImageTagMutability", IMMUTABLE)], ["Tags of team/app: IMMUTABLE"]),
    (["--mutable"], [("PutImageTagMutability", {"imageTagMutability": "MUTABLE"})], ["Tags of team/app: MUTABLE"]),
    (["--immutable", "--except", "latest", "--except", "dev-*"],
     [("PutImageTagMutability", {**EXCEPT, **filters("latest", "dev-*")})], ["Tags of team/app: IMMUTABLE_WITH_EXCLUSION"]),
    (["--scan-on-push"], [("PutImageScanningConfiguration", SCANNED)], ["Scan on push of team/app: on"]),
    (["--no-scan-on-push", "--mutable"],
     [("PutImageTagMutability", {"imageTagMutability": "MUTABLE"}),
      ("PutImageScanningConfiguration", {"imageScanningConfiguration": {"scanOnPush": False}})],
     ["Tags of team/app: MUTABLE", "Scan on push of team/app: off"])])
def test_set(lab, options, calls, notes):
    before = {"scanOnPush": "--no-scan-on-push" in options}
    lab.create_repository("team/app", **EXCEPT, **filters("old"), imageScanningConfiguration=before)
    calls = [(name, {"repositoryName": "team/app", **body}) for name, body in calls]
    for _ in range(2):
        done(repo(lab, "set", *options, "team/app"), "", *notes)
        assert asked(lab) == calls
    for _, body in calls:
        assert {**made(lab), **body} == made(lab)
    assert repo(lab, "-q", "set", *options, "team/app").stderr == ""
    assert repo(lab, "set", "--json", *options, "team/app").json == [made(lab)]
    lab.share(ACCOUNT, OTHER)
    assert repo(lab, "set", *options, f"{HOST}/team/app", key="other", env={}).code == 0
    assert asked(lab) == [(name, {"registryId": ACCOUNT, **body}) for name, body in calls]


def test_set_what_is_not_there(lab):
    both = ["--mutable", "--scan-on-push"]
    for options, operation in ((both, "PutImageTagMutability"), (both[1:], "PutImageScanningConfiguration")):
        for name in ("team/app", f"{HOST}/team/app"):
            line = error_of(repo(lab, "set", *options, name), 1, name, "RepositoryNotFoundException")
            assert line.endswith(f"; {NONE_THERE}") and [name for name, _ in asked(lab)] == [operation]


@pytest.mark.parametrize("changes", [{"repositoryName": "team/b"}, {"registryId": OTHER}, {"registryId": 123456789012}])
def test_set_of_another(lab, changes):
    """A reply repeats what was sent of these."""
    lab.create_repository("team/app")
    good = {"registryId": ACCOUNT, "repositoryName": "team/app", **IMMUTABLE, **SCANNED}
    for option, operation in (("--immutable", "PutImageTagMutability"), ("--scan-on-push", "PutImageScanningConfiguration")):
        lab.fault("body", service="api", text=json.dumps(good), count=1)
        assert repo(lab, "set", option, f"{HOST}/team/app").code == 0
        lab.fault("body", service="api", text=json.dumps({**good, **changes}), count=1)
        error_of(repo(lab, "set", option, f"{HOST}/team/app"), 5, API, operation)


def test_set_denied(lab):
    lab.create_repository("team/app")
    lab.new_key("tags", allow=["PutImageTagMutability"])
    error_of(repo(lab, "set", "--immutable", "team/app", key="pull"), 3, "team/app", "IAM action ecr:PutImageTagMutability")
    result = repo(lab, "set", "--immutable", "--scan-on-push", "team/app", key="tags")
    assert (result.code, result.stdout) == (3, ""), result
    note, error = result.stderr.splitlines()
    assert note == "Tags of team/app: IMMUTABLE" and error.endswith("lacks the IAM action ecr:PutImageScanningConfiguration")


@pytest.mark.parametrize("options, subject, rule", [
    ([], "team/app", "nothing is to be set"), (["--immutable", "--mutable"], "--mutable", "opposite"),
    (["--scan-on-push", "--no-scan-on-push"], "--no-scan-on-push", "opposite"), (["--except", "x"], "--except", "--immutable"),
    (["--scan-on-push", "--except", "x"], "--except", "--immutable"), (["--mutable", "--except", "a?"], "a?", "letters"),
    (["--kms"], "--kms", "unknown option"), (["--tag", "a=b"], "--tag", "unknown option"),
    (["--public"], "--public", "unknown option")])
def test_set_wrongly(lab, options, subject, rule):
    error_of(repo(lab, "set", *options, "team/app", key=None), 2, subject, rule)
    assert lab.requests() == []


# ---- ls

@pytest.fixture
def three(lab):
    lab.create_repository("app", **EXCEPT, **filters("latest"), **SCANNED, **encrypted("KMS", KEY))
    lab.create_repository("team/app")
    lab.create_repository("team/base", **encrypted("KMS_DSSE"))
    return [made(lab, name) for name in ("app", "team/app", "team/base")]


def row(shown, *settings):
    return "\t".join((shown["repositoryName"], shown["repositoryUri"], *settings, iso(shown["createdAt"]))) + "\n"


def test_ls(lab, three):
    rows = [row(shown, *settings) for shown, settings in zip(three, (
        ("IMMUTABLE_WITH_EXCLUSION", "on", "KMS"), ("MUTABLE", "off", "AES256"), ("MUTABLE", "off", "KMS_DSSE")))]
    done(repo(lab, "ls"), "".join(rows))
    assert asked(lab) == [("DescribeRepositories", {"maxResults": 1000})]
    for prefix, number in (("team", 1), ("team/", 1), ("team/b", 2), ("app", 0)):
        done(repo(lab, "ls", prefix), "".join(rows[number:] if number else rows[:1]))
        assert repo(lab, "ls", prefix, "--json").json == (three[number:] if number else three[:1])
    for prefix in (HOST, f"{HOST}/"):
        done(repo(lab, "ls", prefix, env={}), "".join(rows))
        assert asked(lab) == [("DescribeRepositories", {"registryId": ACCOUNT, "maxResults": 1000})]
    done(repo(lab, "ls", f"{HOST}/team/b"), rows[2])


def test_ls_of_nothing(lab, three):
    done(repo(lab, "ls", "base"), "", "No repositories that begin with base")
    done(repo(lab, "ls", "--json", "base"), "", "No repositories that begin with base")
    done(repo(lab, "ls", "-q", "base"))
    done(repo(lab, "--region", "eu-west-1", "ls"), "", "No repositories")
    assert asked(lab, API.replace("us-east-1", "eu-west-1")) == [("DescribeRepositories", {"maxResults": 1000})]


@pytest.mark.parametrize("empty", [False, True])
def test_ls_of_many(lab, empty):
    names = [f"team/app{n:04}" for n in range(2001)] + ["zebra"]
    lab.create_repositories(names)
    lab.setting(empty_pages=empty)
    assert [line.partition("\t")[0] for line in repo(lab, "ls").lines] == names
    sent = asked(lab)
    assert {name for name, _ in sent} == {"DescribeRepositories"} and len(sent) == (6 if empty else 3)
    assert sent[0][1] == {"maxResults": 1000} and len({body.get("nextToken") for _, body in sent}) == len(sent)
    assert all(set(body) == {"maxResults", "nextToken"} and body["maxResults"] == 1000 for _, body in sent[1:])
    assert [r["repositoryName"] for r in repo(lab, "ls", "zeb", "--json").json] == ["zebra"]


@pytest.mark.parametrize("token", [5, {}, [], True])
def test_ls_with_a_token_that_is_none(lab, three, token):
    lab.fault("body", service="api", text=json.dumps({"repositories": three, "nextToken": token}))
    error_of(repo(lab, "ls"), 5, API, "DescribeRepositories")
    assert len(lab.requests()) == 1


def test_ls_on_a_terminal(lab, three):
    code, wide, said = on_terminal(lab, "repo", "ls", columns=200)
    head, *rows = wide.splitlines()
    assert (code, said, len(rows)) == (0, "", 3)
    assert head.split() == ["NAME", "URI", "MUTABILITY", "SCAN", "ENCRYPTION", "CREATED"]
    assert all(line[head.index("URI"):].startswith(shown["repositoryUri"]) for line, shown in zip(rows, three))
    assert rows[0].split()[2:] == ["IMMUTABLE_WITH_EXCLUSION", "on", "KMS", iso(three[0]["createdAt"])]
    narrow = on_terminal(lab, "repo", "ls", columns=50)[1].splitlines()
    assert max(map(len, narrow)) <= 50 and [line.split()[0] for line in narrow] == ["NAME", "app", "team/app", "team/base"]


@pytest.mark.parametrize("name, rule", [
    ("team/app:v1", "without tag"), ("app@sha256:0", "without tag"), ("https://team", "scheme"), ("", "empty"),
    ("1234.dkr.ecr.us-east-1.amazonaws.com/team", "no registry")])
def test_ls_of_what_is_no_prefix(lab, name, rule):
    error_of(repo(lab, "ls", name, key=None), 2, name or "''", rule)
    assert lab.requests() == []


def test_ls_denied(lab, three):
    error_of(repo(lab, "ls", key="pull"), 3, "the registry", "lacks the IAM action ecr:DescribeRepositories")
    result = repo(lab, "ls", "--json", key="pull")
    assert result.code == 3 and [set(o) for o in result.json] == [{"error"}] and result.json[0]["error"]["reason"] == "denied"
    error_of(repo(lab, "ls", f"{HOST.replace(ACCOUNT, OTHER)}/team"), 3, "the registry", "ecr:DescribeRepositories")
    assert asked(lab) == [("DescribeRepositories", {"registryId": OTHER, "maxResults": 1000})]
    lab.share(OTHER, ACCOUNT)
    done(repo(lab, "ls", HOST.replace(ACCOUNT, OTHER)), "", "No repositories")


# ---- show

def test_show(lab, three):
    lab.api().tag_resource(resourceArn=f"{ARN}/app", **tagged(team="blue", empty=""))
    lines = {"name": "app", "uri": f"{HOST}/app", "arn": f"{ARN}/app", "account": ACCOUNT,
             "created": iso(three[0]["createdAt"]), "tags": "team=blue, empty=",
             "mutability": "IMMUTABLE_WITH_EXCLUSION", "except": "latest", "scan-on-push": "on",
             "encryption": "KMS", "kms-key": KEY}
    done(repo(lab, "show", "app"), "".join(f"{name}\t{value}\n" for name, value in lines.items()))
    assert asked(lab) == [("DescribeRepositories", {"repositoryNames": ["app"]}),
                          ("ListTagsForResource", {"resourceArn": f"{ARN}/app"})]
    plain = dict(line.split("\t") for line in repo(lab, "show", f"{HOST}/team/app", env={"AWS_REGION": "eu-west-1"}).lines)
    assert asked(lab)[0] == ("DescribeRepositories", {"registryId": ACCOUNT, "repositoryNames": ["team/app"]})
    assert {**plain, "tags": "-", "except": "-", "kms-key": "-", "scan-on-push": "off", "mutability": "MUTABLE"} == plain
    assert repo(lab, "show", "--json", "app").json == three[:1]
    assert [name for name, _ in asked(lab)] == ["DescribeRepositories"]


def test_show_without_leave(lab, three):
    lab.new_key("some", allow=["DescribeRepositories"])
    result = repo(lab, "show", "app", key="some")
    note, = result.stderr.splitlines()
    assert result.code == 0 and "tags\t?" in result.lines, result
    assert note.endswith("lacks the IAM action ecr:ListTagsForResource")
    error_of(repo(lab, "show", "app", key="pull"), 3, "app", "lacks the IAM action ecr:DescribeRepositories")
    for name in ("none", f"{HOST}/none"):
        line = error_of(repo(lab, "show", name), 1, name, "RepositoryNotFoundException")
        assert line.endswith(f"; {NONE_THERE}")
    line = error_of(repo(lab, "show", "app", "--region", "eu-west-1"), 1, "app", "RepositoryNotFoundException")
    assert line.endswith(f"; {NONE_THERE.replace('us-east-1', 'eu-west-1')}")


def test_show_of_another(lab, three):
    lab.fault("body", service="api", text=json.dumps({"repositories": [three[0]]}))
    error_of(repo(lab, "show", "team/app"), 5, API, "DescribeRepositories")


# ---- rm

def names(lab):
    return [r["repositoryName"] for r in lab.api().describe_repositories()["repositories"]]


def test_rm(lab, three):
    done(repo(lab, "rm", "--yes", "team/app"), "", "Repository deleted: team/app")
    assert asked(lab) == [("DeleteRepository", {"repositoryName": "team/app"})]
    assert names(lab) == ["app", "team/base"]
    gone, = repo(lab, "rm", "-q", "--yes", "--json", f"{HOST}/app").json
    assert gone == {name: three[0][name] for name in gone} and gone["repositoryArn"] == f"{ARN}/app"
    assert asked(lab) == [("DeleteRepository", {"registryId": ACCOUNT, "repositoryName": "app"})]
    for options in ([], ["--force"], ["--json"]):
        for name in ("app", f"{HOST}/app"):
            done(repo(lab, "rm", "--yes", *options, name), "", f"There was no such repository: {name}")
            assert [name for name, _ in asked(lab)] == ["DeleteRepository"]
    done(repo(lab, "rm", "-q", "--yes", "app"))
    assert names(lab) == ["team/base"]


@pytest.mark.parametrize("changes", [{"repositoryName": "team/b"}, {"registryId": OTHER}])
def test_rm_of_another(lab, three, changes):
    for answer, code in ((three[1], 0), ({**three[1], **changes}, 5)):
        lab.fault("body", service="api", text=json.dumps({"repository": answer}), count=1)
        result = repo(lab, "rm", "--yes", f"{HOST}/team/app")
        assert result.code == code
    error_of(result, 5, API, "DeleteRepository")


def test_rm_with_images(lab, three):
    lab.add_images(f"{HOST}/app", 1)
    error_of(repo(lab, "rm", "--yes", "app"), 5, "app", "RepositoryNotEmptyException", "--force")
    assert names(lab)[0] == "app"
    done(repo(lab, "rm", "--yes", "--force", "app"), "", "Repository deleted: app")
    assert asked(lab) == [("DeleteRepository", {"repositoryName": "app", "force": True})]
    error_of(repo(lab, "rm", "--yes", "team/app", key="pull"), 3, "team/app", "lacks the IAM action ecr:DeleteRepository")
    assert names(lab) == ["team/app", "team/base"]


def test_rm_asks(lab, three):
    for force in ([], ["--force"], ["--force", "-q"]):
        error_of(repo(lab, "rm", *force, "app", stdin="y\n", key=None), 2, "repo", "delete the repository app", "--yes")
        assert lab.requests() == []
        code, _, said = on_terminal(lab, "repo", "rm", *force, "app", answer=None)
        assert code == 2 and "--yes" in said and "[y/N]" not in said
        images = " with all its images" if force else ""
        for no in ("n\n", "\n", "\x04", "yep\n", "no yes\n"):
            code, out, said = on_terminal(lab, "repo", "rm", *force, "app", answer=no)
            question, error = said.split("[y/N] ")
            assert (code, out, question) == (5, "", f"Do you want to delete the repository app{images}, in us-east-1? ")
            assert error.lstrip("\n") == "ecr: repo: nothing was done, as the answer was not yes\n"
    assert lab.requests() == []


@pytest.mark.parametrize("options, name, place", [
    ([], f"{HOST}/app", f"us-east-1 of {ACCOUNT}"), (["--region", "eu-west-1"], "app", "eu-west-1"),
    (["--region", "eu-west-1"], f"{HOST}/app", f"us-east-1 of {ACCOUNT}"),
    ([], f"{HOST.replace(ACCOUNT, OTHER).replace('us-east-1', 'eu-west-1')}/app", f"eu-west-1 of {OTHER}")])
def test_rm_asks_about_a_place(lab, three, options, name, place):
    """Where it would be; nothing is asked of the service until then."""
    lab.clear_log()
    code, out, said = on_terminal(lab, *options, "repo", "rm", name, answer="n\n")
    assert (code, out, said.partition("[y/N] ")[0]) == (5, "", f"Do you want to delete the repository {name}, in {place}? ")
    assert lab.requests() == []


def test_rm_asks_when_it_could(lab, three):
    """What keeps the command from it comes before the question."""
    lab.clear_log()
    code, out, said = on_terminal(lab, "repo", "rm", "--profile", "none", "app", answer="y\n")
    assert (code, out) == (2, "") and said.startswith("ecr: --profile: ") and len(said.splitlines()) == 1, said
    assert lab.requests() == []


@pytest.mark.parametrize("yes", ["y\n", "Y\n", " yes \n"])
def test_rm_is_told_to(lab, three, yes):
    code, out, said = on_terminal(lab, "repo", "rm", f"{HOST}/app", answer=yes)
    assert (code, out) == (0, "") and said.split("? ")[1].removeprefix("[y/N] ") == f"Repository deleted: {HOST}/app\n"
    assert names(lab) == ["team/app", "team/base"]


def test_nobody_answers(lab, three):
    code, _, said = on_terminal(lab, "repo", "rm", "--timeout", "200ms", "app")
    assert code == 5 and "nothing was done" in said and names(lab)[0] == "app"


# ---- trouble

@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("cut", 4), ("garble_json", 5), ("expire", 3)])
def test_faults(lab, three, fault, code):
    lab.fault(fault, service="api")
    for arguments in (["create", "new"], ["set", "--mutable", "app"], ["ls"], ["show", "app"], ["rm", "--yes", "app"]):
        result = repo(lab, "--max-attempts", "1", *arguments)
        assert (result.code, result.stdout, len(result.stderr.splitlines())) == (code, "", 1), result
        assert result.stderr.startswith("ecr: ") and len(lab.requests()) == 1
