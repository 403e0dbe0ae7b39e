"""ECR Public: repositories, policies and images through its own API, which is in one region, and what it does not have."""

import json
import re

import pytest

from support_manage import ACCOUNT, HOST, OTHER, asked, done, error_of, iso, on_terminal, tagged

API = "api.ecr-public.us-east-1.amazonaws.com"
REGISTRY = "public.ecr.aws/lab"
ALIAS = ("DescribeRegistries", {})
NONE_THERE = "'ecr repo ls --public' lists what there is"
LAST_TAG = "An image that had no other tag is gone with its last one"
NOT_LOOKED = "An image that an index refers to stays as long as the index: that was not looked at"
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr-public:PutImage"}]})
# Wherever the caller is, or if that is not known.
REGIONS = [{"AWS_REGION": "eu-west-1"}, {"AWS_REGION": "us-east-1"}, {"AWS_REGION": "cn-north-1"},
           {"AWS_DEFAULT_REGION": "eu-west-1"}, {}]


@pytest.fixture
def app(lab):
    """A public repository, and a private one of the same name with images that nothing may touch."""
    lab.create_repository("team/app", region="eu-west-1")
    lab.add_images(f"{private(lab)}/team/app", [{"tags": ["v1", "v2", "latest"]}])
    return lab.create_public_repository("team/app")


def private(lab):
    return lab.host.replace("us-east-1", "eu-west-1")


def ecr(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr(*arguments, **{"env": {"AWS_REGION": "eu-west-1"}, **options})


def sent(lab):
    return asked(lab, API)


def shown(lab, name="team/app"):
    found, = lab.api(service="ecr-public").describe_repositories(repositoryNames=[name])["repositories"]
    return {**found, "createdAt": found["createdAt"].timestamp()}


def names(lab):
    return [r["repositoryName"] for r in lab.api(service="ecr-public").describe_repositories()["repositories"]]


def tags(client, name="team/app"):
    images = client.describe_images(repositoryName=name)["imageDetails"]
    return sorted(tag for image in images for tag in image.get("imageTags", []))


def public_tags(lab):
    return tags(lab.api(service="ecr-public"))


# ---- repo create

@pytest.mark.parametrize("env", REGIONS)
@pytest.mark.parametrize("operand", [["--public", "team/app"], [f"{REGISTRY}/team/app"], ["--public", f"{REGISTRY}/team/app"]])
def test_create(lab, operand, env):
    aliases = [ALIAS] if operand[-1].startswith("public") else []
    body = {"repositoryName": "team/app"}
    done(ecr(lab, "repo", "create", *operand, env=env), f"{REGISTRY}/team/app\n")
    assert sent(lab) == [*aliases, ("CreateRepository", body)]
    done(ecr(lab, "repo", "create", *operand, env=env), f"{REGISTRY}/team/app\n",
         f"Repository exists already: {operand[-1]}")
    assert sent(lab) == [*aliases, ("CreateRepository", body), ("DescribeRepositories", {"repositoryNames": ["team/app"]})]
    assert ecr(lab, "--region", "us-west-2", "repo", "create", "--json", *operand, env=env).json == [shown(lab)]
    sent(lab)


def test_create_with_tags(lab):
    done(ecr(lab, "repo", "create", "--public", "--tag", "a=b", "--tag", "c=", "team/app"), f"{REGISTRY}/team/app\n")
    assert sent(lab) == [("CreateRepository", {"repositoryName": "team/app", **tagged(a="b", c="")})]
    again = ecr(lab, "repo", "create", "--public", "--tag", "c=", "team/app")
    done(again, f"{REGISTRY}/team/app\n", "Repository exists already: team/app")
    arn = f"arn:aws:ecr-public::{ACCOUNT}:repository/team/app"
    assert sent(lab)[2:] == [("ListTagsForResource", {"resourceArn": arn})]
    line = error_of(ecr(lab, "repo", "create", "--public", "--tag", "a=x", "team/app"), 5, "team/app", "the tag a is b, not x")
    assert "repo set" not in line  # which would not help


def test_create_what_must_not_exist(lab, app):
    result = ecr(lab, "repo", "create", "--public", "--must-not-exist", "team/app")
    error_of(result, 5, "team/app", "RepositoryAlreadyExistsException", "; 'ecr repo show' shows it")
    assert sent(lab) == [("CreateRepository", {"repositoryName": "team/app"})]


@pytest.mark.parametrize("options", [["--immutable"], ["--mutable"], ["--immutable", "--except", "x"], ["--scan-on-push"],
                                     ["--no-scan-on-push"], ["--kms"], ["--encryption", "AES256"]])
def test_create_with_what_it_does_not_have(lab, options):
    for operand in (["--public", "team/app"], [f"{REGISTRY}/team/app"]):
        error_of(ecr(lab, "repo", "create", *options, *operand, key=None), 2, "--public", "mutability, scanning")
    assert lab.requests() == []


@pytest.mark.parametrize("code, status", [
    ("LimitExceededException", 5), ("UnsupportedCommandException", 5), ("ServerException", 4),
    ("InvalidTagParameterException", 5), ("InvalidParameterException", 5), ("ThrottlingException", 4)])
def test_create_refused(lab, code, status):
    lab.fault("refuse", service="api-public", code=code, message="why it is so")
    error_of(ecr(lab, "--max-attempts", "1", "repo", "create", "--public", "team/app"), status, "team/app", "why it is so")


# ---- names

@pytest.mark.parametrize("name, rule", [
    ("", "empty"), ("a", "at least 2"), ("a" * 206, "at most 205"), ("a__b", "in ECR Public one"),
    ("a--b", "in ECR Public one"), ("Team/app", "capital"), ("a//b", "begins and ends"), ("a b", "letters, digits"),
    (f"{HOST}/team/app", "no registry of ECR Public"),
    ("public.ecr.aws", "at least 2"), (REGISTRY, "at least 2"), (f"{REGISTRY}/a--b", "in ECR Public one"),
    (f"{REGISTRY}/App", "capital"), ("public.ecr.awz/lab/app", "no registry of Amazon ECR"),
    (f"https://{REGISTRY}/app", "scheme")])
def test_names_that_are_none(lab, name, rule):
    for verb in (["repo", "create"], ["repo", "show"], ["repo", "rm", "--yes"], ["image", "ls"], ["policy", "show"]):
        error_of(ecr(lab, *verb, "--public", name, key=None), 2, name or "''", rule)
    assert lab.requests() == []


@pytest.mark.parametrize("name", ["ab", "a" * 205, "a.b/c_d/e-f"])
def test_names_that_are_good(lab, name):
    done(ecr(lab, "repo", "create", "--public", name), f"{REGISTRY}/{name}\n")


# ---- aliases

EVERY = [["repo", "create", "team/app"], ["repo", "show", "team/app"], ["repo", "ls", "team"],
         ["repo", "rm", "--yes", "team/app"],
         ["repo", "rm", "--yes", "--force", "team/app"], ["policy", "show", "team/app"], ["policy", "set", "team/app", "-"],
         ["policy", "rm", "--yes", "team/app"], ["image", "ls", "team/app"], ["image", "show", "team/app:v1"],
         ["image", "rm", "--yes", "team/app:v1"], ["image", "rm", "--dry-run", "team/app:v1"]]


def named(arguments, alias):
    return [f"{alias}/{word}" if word.startswith("team") else word for word in arguments]


def option(arguments):
    return [*arguments[:2], "--public", *arguments[2:]]


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
@pytest.mark.parametrize("alias", ["other", "z9y8x7w6", "nobody"])
def test_an_alias_of_others(lab, app, arguments, alias):
    """What the caller has under the same name is not shown, and not touched."""
    lab.add_images(app, [{"tags": ["v1"]}])
    result = ecr(lab, *named(arguments, f"public.ecr.aws/{alias}"), stdin=POLICY)
    assert result.code == 3 and set(result.stdout.split()) <= {"failed", *named(arguments, f"public.ecr.aws/{alias}")}, result
    line, *notes = result.stderr.splitlines()
    assert line.startswith(f"ecr: public.ecr.aws/{alias}/team") and f"alias {alias} is not that of the caller" in line
    assert notes == [NOT_LOOKED] * ("--dry-run" in arguments)
    assert sent(lab) == [ALIAS] and public_tags(lab) == ["v1"]


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
def test_each_alias_of_ones_own(lab, arguments):
    """The one it was given at first, the chosen one, and --public are the same registry; it is named as it was typed."""
    ends = []
    for form in (named(arguments, "public.ecr.aws/q1w2e3r4"), named(arguments, REGISTRY), option(arguments)):
        lab.reset()
        lab.add_images(lab.create_public_repository("team/app"), [{"tags": ["v1"]}])
        lab.api(service="ecr-public").set_repository_policy(repositoryName="team/app", policyText=POLICY)
        result = ecr(lab, *form, stdin=POLICY)
        calls = sent(lab)
        assert (calls[0] == ALIAS) == (form != option(arguments)) and all("registryId" not in body for _, body in calls)
        out, said = (re.sub(r"public.ecr.aws/\w+/(?=team)|sha256:\w+|[-\d]+T[:\d]+Z", "", text)
                     for text in (result.stdout, result.stderr))
        typed = next(word for word in form if "team" in word)
        assert arguments not in (EVERY[3], EVERY[6], EVERY[7]) or re.search(rf": {typed}$|^ecr: {typed}: ", result.stderr)
        ends.append((result.code, out, said, [call for call in calls if call != ALIAS]))
    assert ends[0] == ends[1] == ends[2] and ends[0][0] == (5 if arguments == EVERY[3] else 0), ends


def test_the_alias_is_asked_for_with_leave(lab, app):
    lab.new_key("some", allow=["ecr-public:DescribeRepositories"])
    result = ecr(lab, "repo", "ls", REGISTRY, key="some")
    assert error_of(result, 3, REGISTRY).endswith("lacks the IAM action ecr-public:DescribeRegistries")
    assert ecr(lab, "repo", "ls", "--public", key="some").code == 0


# ---- repo ls, show, rm

@pytest.mark.parametrize("env", REGIONS)
def test_ls(lab, app, env):
    lab.create_public_repository("zebra")
    rows = [f"{name}\t{REGISTRY}/{name}\t{iso(shown(lab, name)['createdAt'])}\n" for name in ("team/app", "zebra")]
    for operand in (["--public"], ["public.ecr.aws"], [REGISTRY], [f"{REGISTRY}/"]):
        done(ecr(lab, "repo", "ls", *operand, env=env), "".join(rows))
        assert sent(lab) == [*[ALIAS] * (REGISTRY in operand[0]), ("DescribeRepositories", {"maxResults": 1000})]
    for operand in (["--public", "z"], [f"{REGISTRY}/z"]):
        done(ecr(lab, "repo", "ls", *operand, env=env), rows[1])
    assert ecr(lab, "repo", "ls", "--json", "--public", env=env).json == [shown(lab), shown(lab, "zebra")]
    done(ecr(lab, "repo", "ls", "--public", "none", env=env), "", "No repositories that begin with none")


def test_ls_of_many(lab):
    for n in range(12):
        lab.create_public_repository(f"app{n:02}")
    lab.setting(page_limit=5, empty_pages=True)
    assert [line.split("\t")[0] for line in ecr(lab, "repo", "ls", "--public").lines] == [f"app{n:02}" for n in range(12)]
    assert len(sent(lab)) == 6


def test_ls_on_a_terminal(lab, app):
    code, out, said = on_terminal(lab, "repo", "ls", "--public", columns=100)
    head, row = out.splitlines()
    assert (code, said, head.split()) == (0, "", ["NAME", "URI", "CREATED"])
    assert row.split() == ["team/app", app, iso(shown(lab)["createdAt"])] and row.index(app) == head.index("URI")


def test_show(lab):
    lab.create_public_repository("team/app", **tagged(a="b"))
    created = iso(shown(lab)["createdAt"])
    arn = f"arn:aws:ecr-public::{ACCOUNT}:repository/team/app"
    for operand in (["--public", "team/app"], [f"{REGISTRY}/team/app"]):
        done(ecr(lab, "repo", "show", *operand), f"name\tteam/app\nuri\t{REGISTRY}/team/app\narn\t{arn}\naccount\t{ACCOUNT}\n"
             f"created\t{created}\ntags\ta=b\n")
        assert sent(lab) == [*[ALIAS] * ("lab" in operand[0]), ("DescribeRepositories", {"repositoryNames": ["team/app"]}),
                             ("ListTagsForResource", {"resourceArn": arn})]
        assert ecr(lab, "repo", "show", "--json", *operand).json == [shown(lab)]


def test_rm(lab, app):
    lab.add_images(app, 1)
    error_of(ecr(lab, "repo", "rm", "--public", "team/app", key=None), 2, "repo", "delete the repository team/app", "--yes")
    assert lab.requests() == []
    error_of(ecr(lab, "repo", "rm", "--yes", app), 5, app, "RepositoryNotEmptyException", "--force")
    assert names(lab) == ["team/app"]
    for operand, aliases in ((["--public", "team/app"], []), ([app], [ALIAS])):
        lab.clear_log()
        code, out, said = on_terminal(lab, "repo", "rm", "--force", *operand, answer="n\n")
        question = f"Do you want to delete the repository {operand[-1]} with all its images, in ECR Public? [y/N] "
        assert (code, out) == (5, "") and said.startswith(question) and sent(lab) == aliases, said
    assert names(lab) == ["team/app"]
    done(ecr(lab, "repo", "rm", "--yes", "--force", app), "", f"Repository deleted: {app}")
    assert sent(lab) == [ALIAS, ("DeleteRepository", {"repositoryName": "team/app", "force": True})] and names(lab) == []
    for operand in (["--public", "team/app"], [app], ["--json", app]):
        done(ecr(lab, "repo", "rm", "--yes", *operand), "", f"There was no such repository: {operand[-1]}")
    for operand in (["--public", "team/app"], [app]):
        line = error_of(ecr(lab, "repo", "show", *operand), 1, operand[-1], "RepositoryNotFoundException")
        assert line.endswith(f"; {NONE_THERE}")
    assert len(tags(lab.api(region="eu-west-1"))) == 3


@pytest.mark.parametrize("arguments", [["repo", "rm", "team/app"], ["policy", "rm", "team/app"],
                                       ["image", "rm", "team/app:v1"]], ids=" ".join)
def test_nothing_is_asked_about_an_alias_of_others(lab, app, arguments):
    lab.clear_log()
    code, out, said = on_terminal(lab, *named(arguments, "public.ecr.aws/other"), answer="y\n")
    assert code == 3 and "[y/N]" not in said and "alias other is not that of the caller" in said and sent(lab) == [ALIAS], said


# ---- policy

def test_policy(lab, app):
    members = {"repositoryName": "team/app"}
    for operand in (["--public", "team/app"], [app]):
        line = error_of(ecr(lab, "policy", "show", *operand), 1, operand[-1], "RepositoryPolicyNotFoundException")
        assert line.endswith("; 'ecr policy set' sets one")
    done(ecr(lab, "policy", "set", "--public", "team/app", "-", stdin=POLICY), "", "Policy set: team/app")
    assert sent(lab) == [("SetRepositoryPolicy", {**members, "policyText": POLICY})]
    done(ecr(lab, "policy", "set", "--force", app, "-", stdin=POLICY), "", f"Policy set: {app}")
    assert sent(lab) == [ALIAS, ("SetRepositoryPolicy", {**members, "policyText": POLICY, "force": True})]
    assert json.loads(ecr(lab, "policy", "show", app).stdout) == json.loads(POLICY)
    done(ecr(lab, "policy", "rm", "--yes", app), "", f"Policy removed: {app}")
    assert sent(lab) == [ALIAS, ("DeleteRepositoryPolicy", members)]
    done(ecr(lab, "policy", "rm", "--yes", "--public", "team/app"), "", "There was no policy: team/app")
    for verb in (["show"], ["rm", "--yes"]):
        error_of(ecr(lab, "policy", *verb, "--public", "none"), 1, "none", "RepositoryNotFoundException", f"; {NONE_THERE}")


# ---- image ls, show, rm

@pytest.mark.parametrize("env", REGIONS)
def test_image_ls(lab, app, env):
    digests = lab.add_images(app, [{"tags": ["v1", "latest"], "size": 12345, "age": 50},
                                   {"size": 700, "age": 100, "docker": True}, {"tags": ["new"], "size": 900}])
    details = lab.api(service="ecr-public").describe_images(repositoryName="team/app")["imageDetails"]
    pushed = {detail["imageDigest"]: iso(detail["imagePushedAt"].timestamp()) for detail in details}
    times = [pushed[digest] for digest in digests]
    oci, docker = "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"
    rows = [f"new\t{digests[2]}\t900\t{times[2]}\t-\t{oci}\t-\n", f"v1,latest\t{digests[0]}\t12345\t{times[0]}\t-\t{oci}\t-\n",
            f"-\t{digests[1]}\t700\t{times[1]}\t-\t{docker}\t-\n"]
    for operand in (["--public", "team/app"], [app]):
        for options, wanted in (([], rows), (["--untagged"], rows[2:]), (["--limit", "2"], rows[:2])):
            done(ecr(lab, "image", "ls", *options, *operand, env=env), "".join(wanted))
            assert sent(lab)[-1] == ("DescribeImages", {"repositoryName": "team/app", "maxResults": 1000})
    assert [o["imageDigest"] for o in ecr(lab, "image", "ls", "--json", app, env=env).json] == [digests[n] for n in (2, 0, 1)]


def test_image_ls_of_none_and_of_many(lab, app):
    done(ecr(lab, "image", "ls", app), "", f"No images in {app}")
    lab.add_images(app, [{"age": n} for n in range(1001)])
    assert len(ecr(lab, "image", "ls", "--public", "team/app").lines) == 1001 and len(sent(lab)) == 2
    error_of(ecr(lab, "image", "ls", "--public", "none"), 1, "none", "RepositoryNotFoundException")


def test_image_show(lab, app):
    image = lab.push_image(f"{app}:v1")
    detail, = lab.api(service="ecr-public").describe_images(repositoryName="team/app")["imageDetails"]
    lines = (f"digest\t{image.digest}\ntags\tv1\nsize\t{detail['imageSizeInBytes']}\npushed\t"
             f"{iso(detail['imagePushedAt'].timestamp())}\nmedia-type\t{image.media_type}\n"
             "artifact-type\tapplication/vnd.oci.image.config.v1+json\n")
    for reference, image_id in ((":v1", {"imageTag": "v1"}), (f"@{image.digest}", {"imageDigest": image.digest})):
        done(ecr(lab, "image", "show", f"{app}{reference}"), lines)
        assert sent(lab) == [ALIAS, ("DescribeImages", {"repositoryName": "team/app", "imageIds": [image_id]})]
    shown_one, = ecr(lab, "image", "show", "--public", "--json", "team/app:v1").json
    assert shown_one["imageDetail"] == {**detail, "imagePushedAt": detail["imagePushedAt"].timestamp()}
    error_of(ecr(lab, "image", "show", f"{app}:v9"), 1, f"{app}:v9", "ImageNotFoundException")
    error_of(ecr(lab, "image", "show", f"{REGISTRY}/none:v1"), 1, f"{REGISTRY}/none:v1", "RepositoryNotFoundException")


def test_image_rm(lab, app):
    one, two = lab.add_images(app, [{"tags": ["v1", "latest"]}, {"tags": ["v2"]}])
    dry = ecr(lab, "image", "rm", "--dry-run", f"{app}:v1", f"{app}@{two}", f"{app}:v9")
    done(dry, f"would-untag  {app}:v1  {one}\nwould-delete  {app}@{two}  {two}\ngone  {app}:v9\n", NOT_LOOKED)
    assert {name for name, _ in sent(lab)} == {"DescribeRegistries", "DescribeImages"}
    both = ecr(lab, "image", "rm", "--dry-run", f"{app}:v1", f"{app}:latest")  # all its tags, so the image
    done(both, f"would-delete  {app}:v1  {one}\nwould-delete  {app}:latest  {one}\n", NOT_LOOKED)
    assert public_tags(lab) == ["latest", "v1", "v2"]
    error_of(ecr(lab, "image", "rm", f"{app}:v1", key=None), 2, "image", f"remove {app}:v1", "--yes")
    said = on_terminal(lab, "image", "rm", f"{app}:v1", f"{app}@{two}", f"{app}:v9", answer="n\n")[2]
    what = f"remove {app}:v1, {app}@{two}, {app}:v9 (an image goes with its last tag)"
    assert said.startswith(f"Do you want to {what}, in ECR Public? [y/N] ")
    assert public_tags(lab) == ["latest", "v1", "v2"]
    result = ecr(lab, "image", "rm", "--yes", f"{app}:v1", f"{app}@{two}", f"{app}:v9")
    done(result, f"untagged  {app}:v1  {one}\ndeleted  {app}@{two}  {two}\ngone  {app}:v9\n", LAST_TAG)
    ids = [{"imageTag": "v1"}, {"imageDigest": two}, {"imageTag": "v9"}]
    assert sent(lab) == [ALIAS, ("BatchDeleteImage", {"repositoryName": "team/app", "imageIds": ids})]
    assert public_tags(lab) == ["latest"] and len(tags(lab.api(region="eu-west-1"))) == 3
    done(ecr(lab, "image", "rm", "--yes", "--public", "team/app:latest"), f"untagged  team/app:latest  {one}\n", LAST_TAG)
    assert public_tags(lab) == []


@pytest.mark.parametrize("turn", [False, True])
def test_image_rm_of_several_registries(lab, app, turn):
    """An alias belongs to its image alone: what stands beside it is removed where it is, the first one or not."""
    digest, _ = lab.add_images(app, [{"tags": ["v1"]}, {"tags": ["v2"]}])
    images = [f"{app}:v1", "public.ecr.aws/other/team/app:v2"]
    rows = [f"  {images[0]}  {digest}", f"failed  {images[1]}"]
    for options, word, note, left in ((["--dry-run"], "would-delete", NOT_LOOKED, ["v1", "v2"]),
                                      (["--yes"], "untagged", LAST_TAG, ["v2"])):
        result = ecr(lab, "image", "rm", *options, *(reversed(images) if turn else images))
        wanted = [word + rows[0], rows[1]]
        assert (result.code, result.lines) == (3, wanted[::-1] if turn else wanted), result
        error, *notes = result.stderr.splitlines()
        assert "alias other is not that of the caller" in error and notes == [note] and public_tags(lab) == left


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("host", [True, False])
def test_image_rm_of_public_and_private(lab, app, turn, host):
    """Without --public a name without a host is private, whatever it stands beside."""
    lab.add_images(app, [{"tags": ["v1"]}, {"tags": ["v2"]}])
    images = [f"{app}:v1", f"{private(lab) + '/' if host else ''}team/app:v2"]
    result = ecr(lab, "image", "rm", "--yes", *(reversed(images) if turn else images))
    assert (result.code, result.stderr) == (0, f"{LAST_TAG}\n"), result
    assert public_tags(lab) == ["v2"] and tags(lab.api(region="eu-west-1")) == ["latest", "v1"]


# ---- denial, not found, trouble

@pytest.mark.parametrize("arguments, operation", [
    (EVERY[0], "CreateRepository"), (EVERY[1], "DescribeRepositories"), (EVERY[2], "DescribeRepositories"),
    (EVERY[3], "DeleteRepository"), (EVERY[5], "GetRepositoryPolicy"), (EVERY[6], "SetRepositoryPolicy"),
    (EVERY[7], "DeleteRepositoryPolicy"), (EVERY[8], "DescribeImages"), (EVERY[9], "DescribeImages"),
    (EVERY[11], "DescribeImages")],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value)
def test_denied(lab, app, arguments, operation):
    """Leave for ECR itself is none for ECR Public."""
    lab.new_key("private", allow=["ecr:*", "ecr-public:DescribeRegistries"])
    for form in (option(arguments), named(arguments, REGISTRY)):
        result = ecr(lab, *form, stdin=POLICY, key="private")
        line, *notes = result.stderr.splitlines()
        assert result.code == 3 and line.endswith(f"lacks the IAM action ecr-public:{operation}"), result
        assert notes == [NOT_LOOKED] * ("--dry-run" in form)
        assert sent(lab)[-1][0] == operation


def test_image_rm_denied(lab, app):
    result = ecr(lab, "image", "rm", "--yes", "--public", "team/app:v1", key="pull")
    assert (result.code, result.stdout) == (3, "failed  team/app:v1\n"), result
    assert result.stderr.endswith("lacks the IAM action ecr-public:BatchDeleteImage\n")


@pytest.mark.parametrize("fault, code", [("throttle", 4), ("server_error", 4), ("cut", 4), ("garble_json", 5)])
def test_faults(lab, app, fault, code):
    lab.fault(fault, service="api-public")
    verbs = ["repo", "create"], ["repo", "show"], ["repo", "ls"], ["repo", "rm", "--yes"], ["image", "ls"], ["policy", "show"]
    for operand in (["--public", "team/app"], [app]):
        for verb in verbs:
            result = ecr(lab, "--max-attempts", "1", *verb, *operand)
            assert (result.code, result.stdout, len(result.stderr.splitlines())) == (code, "", 1), result


# ---- what ECR Public does not have

@pytest.mark.parametrize("arguments", [
    ["repo", "set", "--immutable", "REPO"], ["repo", "set", "--scan-on-push", "REPO"], ["tag", "REPO:v1", "v2"],
    ["lifecycle", "show", "REPO"], ["lifecycle", "set", "REPO", "--keep", "3"], ["lifecycle", "preview", "REPO"],
    ["lifecycle", "rm", "--yes", "REPO"], ["scan", "start", "REPO:v1"], ["scan", "show", "REPO:v1"],
    ["replication", "status", "REPO:v1"], ["image", "restore", "REPO:v1"], ["cache", "add", "REPO", "quay"],
    ["cache", "rm", "--yes", "REPO"], ["cache", "set", "REPO", "--role-arn", "arn:aws:iam::123456789012:role/a"],
    ["cache", "test", "REPO"]], ids=" ".join)
def test_what_it_does_not_have(lab, arguments):
    """By the name of the registry, and by an option that is none there."""
    words = [word.replace("REPO", f"{REGISTRY}/app") for word in arguments]
    result = ecr(lab, *words, key=None)
    assert result.code == 2 and "ECR Public" in result.stderr and f"{REGISTRY}/app" in result.stderr.split(": ")[1], result
    words = [word.replace("REPO", "app") for word in arguments]
    result = ecr(lab, *words[:2], "--public", *words[2:], key=None)
    assert result.code == 2 and result.stdout == "" and result.stderr.startswith("ecr: --public: unknown option"), result
    assert lab.requests() == []


@pytest.mark.parametrize("arguments", [
    ["scan", "config"], ["replication", "show"], ["replication", "rm", "--yes"], ["cache", "ls"],
    ["policy", "show", "--registry"], ["policy", "rm", "--yes", "--registry"]], ids=" ".join)
def test_registries_of_which_it_has_none(lab, arguments):
    result = ecr(lab, *arguments, "--public", key=None)
    assert result.code == 2 and result.stderr.startswith("ecr: ") and "--public" in result.stderr, result
    assert lab.requests() == []
