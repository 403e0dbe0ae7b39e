"""`ecr replication`: where images are copied to is shown, set and removed; how far the copies of an image are."""

import json

import pytest

from support_manage import asked, done
from support_tables import run

ACCOUNT, OTHER = "123456789012", "210987654321"
API = "api.ecr.us-east-1.amazonaws.com"
STATUS = "DescribeImageReplicationStatus"
V1 = {"repositoryName": "app", "imageId": {"imageTag": "v1"}}
READ = ("DescribeRegistry", {})
SET = "Replication set: it is for what is pushed from now on"
NOWHERE = "it is copied nowhere; rules count for what is pushed after them: 'ecr replication show'"
LOST = "this would replace {} of the registry's replication rules, and there is nobody to be asked; --yes does it"
REMOVED, NOTHING_TO_REMOVE = "Replication rules removed (what was copied stays)", "There were no replication rules"


def to(region, account=ACCOUNT, **more):
    return {"region": region, "registryId": account, **more}


def rule(*destinations, prefixes=()):
    filters = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]
    return {"destinations": list(destinations), **({"repositoryFilters": filters} if filters else {})}


def put(*rules):
    return ("PutReplicationConfiguration", {"replicationConfiguration": {"rules": list(rules)}})


@pytest.fixture
def app(lab):
    lab.create_repositories(["app"])
    lab.add_images(f"{lab.host}/app", [{"tags": ["v1"]}])
    return f"{lab.host}/app"


@pytest.fixture
def replicated(lab):
    """The registry copies everything to eu-west-1."""
    lab.api().put_replication_configuration(replicationConfiguration={"rules": [rule(to("eu-west-1"))]})


def replication(lab, *arguments, **options):
    lab.clear_log()
    return lab.ecr("replication", *arguments, **{"env": {"AWS_REGION": "us-east-1"}, **options})


def question(what):
    return f"Do you want to {what}, in us-east-1? [y/N] "


def failed(result, code, thing, *parts, stdout=""):
    line, *more = result.stderr.splitlines() or [""]
    assert not more and (result.code, result.stdout) == (code, stdout), result
    assert line.startswith(f"ecr: {thing}: ") and all(part in line for part in parts), line


def rules_of(lab, **where):
    return lab.api(**where).describe_registry()["replicationConfiguration"]["rules"]


# ---- show

RULES = [rule(to("eu-west-1"), to("us-west-2", OTHER), prefixes=["team/", "prod"]), rule(to("us-east-1", OTHER)),
         *[rule(to("eu-west-1"), prefixes=[f"n{n}"]) for n in range(8)]]  # as many as a registry may have


def test_show(lab):
    lab.api().put_replication_configuration(replicationConfiguration={"rules": RULES})
    table = [f"eu-west-1/{ACCOUNT},us-west-2/{OTHER}\tteam/,prod", f"us-east-1/{OTHER}\t-",
             *[f"eu-west-1/{ACCOUNT}\tn{n}" for n in range(8)]]
    done(replication(lab, "show"), "".join(line + "\n" for line in table))
    assert asked(lab) == [READ]
    shown = replication(lab, "show", "--json")
    assert shown.code == 0 and shown.json == [{"rules": RULES}] and shown.stderr == ""


def test_show_is_of_one_region(lab, replicated):
    failed(replication(lab, "show", "--region", "eu-west-1"), 1, "the registry", "no replication rules")
    assert asked(lab, "api.ecr.eu-west-1.amazonaws.com") == [READ]


def test_nothing_to_show(lab):
    failed(replication(lab, "show"), 1, "the registry", "no replication rules")
    refused = replication(lab, "show", "--json")
    assert refused.code == 1 and [o["error"]["reason"] for o in refused.json] == ["not-set"]


@pytest.mark.parametrize("rules", [7, {}, [7], [None], [{}], [{"destinations": 7}], [{"destinations": [7]}], [rule({})],
                                   [rule(to("eu-west-1", 7))], [{**rule(to("eu-west-1")), "repositoryFilters": [7]}]])
def test_rules_that_cannot_be_read(lab, rules):
    lab.fault("body", service="api", text=json.dumps({"registryId": ACCOUNT, "replicationConfiguration": {"rules": rules}}))
    failed(replication(lab, "show"), 5, API, "DescribeRegistry")


# ---- set

@pytest.mark.parametrize("options, wanted", [
    (["--to", "eu-west-1"], rule(to("eu-west-1"))), (["--to=us-gov-west-1"], rule(to("us-gov-west-1"))),
    (["--to", f"us-east-1/{OTHER}"], rule(to("us-east-1", OTHER))),
    (["--prefix", "team/", "--to", "eu-west-1", "--to", f"us-west-2/{OTHER}", "--prefix=a-b.c_d", "--prefix", "-a"],
     rule(to("eu-west-1"), to("us-west-2", OTHER), prefixes=["team/", "a-b.c_d", "-a"])),
    ([f"--to=eu-west-1/{account:012}" for account in range(25)] + [f"--prefix=p{n}" for n in range(100)],
     rule(*[to("eu-west-1", f"{account:012}") for account in range(25)], prefixes=[f"p{n}" for n in range(100)]))])
def test_set_from_options(lab, options, wanted):
    done(replication(lab, "set", *options), "", SET)
    assert asked(lab) == [READ, put(wanted)] and rules_of(lab) == [wanted]
    assert rules_of(lab, region="eu-west-1") == [] == rules_of(lab, role="other")


def test_set_replaces(lab, replicated):
    done(replication(lab, "set", "--yes", "--to", "us-west-2"), "", SET)
    assert asked(lab) == [READ, put(rule(to("us-west-2")))] and rules_of(lab) == [rule(to("us-west-2"))]
    shown = replication(lab, "set", "--yes", "--json", "--to", "us-west-2", "--prefix", "team/")
    assert shown.code == 0 and shown.json == [{"rules": [rule(to("us-west-2"), prefixes=["team/"])]}]


@pytest.mark.parametrize("before, after, lost", [
    ([rule(to("eu-west-1"))], [rule(to("us-west-2"))], 1), (RULES, [rule(to("us-west-2"))], 10), (RULES, RULES[1:], 1),
    (RULES, [*RULES[2:], rule(to("us-west-2"))], 2), ([rule(to("eu-west-1"))], [rule(to("eu-west-1"), prefixes=["ab"])], 1),
    ([rule(to("eu-west-1"), to("us-west-2"))], [rule(to("eu-west-1"))], 1),
    ([rule(to("eu-west-1"))], [rule(to("eu-west-1", OTHER))], 1)])
def test_set_asks_before_rules_are_lost(lab, before, after, lost):
    """Without a terminal nothing is set then; --yes sets it, and does not look at what was before."""
    lab.api().put_replication_configuration(replicationConfiguration={"rules": before})
    text = json.dumps({"rules": after})
    failed(replication(lab, "set", "-", stdin=text), 2, "replication", LOST.format(lost))
    assert asked(lab) == [READ] and rules_of(lab) == before
    done(replication(lab, "set", "--yes", "-", stdin=text), "", SET)
    assert asked(lab) == [put(*after)] and rules_of(lab) == after


@pytest.mark.parametrize("after", [RULES[:2], RULES[1::-1], [*RULES[:2], rule(to("us-west-2"))]])
def test_set_does_not_ask_about_rules_that_stay(lab, after):
    """Nor about their order, and that of their members."""
    lab.api().put_replication_configuration(replicationConfiguration={"rules": RULES[:2]})
    turned = [dict(reversed(one.items())) for one in after]
    done(replication(lab, "set", "-", stdin=json.dumps({"rules": turned}, indent=1)), "", SET)
    assert asked(lab) == [READ, put(*after)] and rules_of(lab) == after


@pytest.mark.parametrize("typed, code", [(b"y\n", 0), (b"yes\n", 0), (b"n\n", 5), (b"\n", 5)])
def test_set_asks_on_a_terminal(lab, replicated, typed, code):
    lab.clear_log()
    asked_at = run(lab, "replication", "set", "--to", "us-west-2", console="both", typed=typed)
    assert asked_at.code == code and asked_at.out == ""
    assert asked_at.err.startswith(question("replace 1 of the registry's replication rules"))
    assert (SET in asked_at.err) == (code == 0)
    assert asked(lab) == [READ] + ([] if code else [put(rule(to("us-west-2")))])


@pytest.mark.parametrize("options, looks", [
    (["--to", f"us-west-2/{OTHER}"], False), (["--to", f"us-west-2/{OTHER}", "--to", f"eu-west-1/{ACCOUNT}"], False),
    (["--to", "us-west-2"], True), (["--to", f"us-west-2/{OTHER}", "--to", "eu-west-1"], True)])
def test_set_with_yes_looks_for_the_account_alone(lab, replicated, options, looks):
    done(replication(lab, "set", "--yes", *options), "", SET)
    assert [operation for operation, _ in asked(lab)] == [READ[0]] * looks + ["PutReplicationConfiguration"]


def test_destinations_are_counted_once(lab):
    """25 over all rules, however often each of them is there."""
    places = [to("eu-west-1", f"{n:012}") for n in range(25)]
    rules = [rule(*places, prefixes=[f"p{n}"]) for n in range(10)]
    done(replication(lab, "set", "-", stdin=json.dumps({"rules": rules})), "", SET)
    assert rules_of(lab) == rules
    rules[9] = rule(*places[1:], to("eu-west-1", OTHER))
    failed(replication(lab, "set", "-", stdin=json.dumps({"rules": rules})), 2, "standard input",
           "rules[9].destinations[24]: there are 25 destinations at most, over all rules")
    assert lab.requests() == []


def test_quotas_are_not_those_of_replies(lab):
    """The service may have others by now."""
    rules = [rule(*[to("eu-west-1", f"{100 * n + k:012}") for k in range(30)], prefixes=["ab"] * 101) for n in range(12)]
    text = json.dumps({"registryId": ACCOUNT, "replicationConfiguration": {"rules": rules}})
    lab.fault("body", service="api", text=text)
    shown = replication(lab, "show", "--json")
    assert shown.code == 0 and shown.json == [{"rules": rules}] and len(replication(lab, "show").lines) == 12
    done(replication(lab, "set", "--yes", "--to", f"us-west-2/{OTHER}"), "", SET)


@pytest.mark.parametrize("place", ["file", "stdin"])
@pytest.mark.parametrize("around", [False, True])
def test_set_from_a_file(lab, tmp_path, place, around):
    """The configuration, or the answer of DescribeRegistry, that holds it."""
    value = {"rules": RULES}
    text = json.dumps({"registryId": ACCOUNT, "replicationConfiguration": value} if around else value, indent=2)
    path = tmp_path / "rules.json"
    path.write_text(text)
    done(replication(lab, "set", "-" if place == "stdin" else str(path), stdin=text if place == "stdin" else None), "", SET)
    assert asked(lab) == [READ, put(*RULES)] and rules_of(lab) == RULES


def test_what_is_shown_can_be_set(lab, replicated):
    before = rules_of(lab)
    text = replication(lab, "show", "--json").stdout
    replication(lab, "rm", "--yes")
    done(replication(lab, "set", "-", stdin=text), "", SET)
    assert rules_of(lab) == before


@pytest.mark.parametrize("code, status", [("ValidationException", 5), ("InvalidParameterException", 5),
                                          ("LimitExceededException", 5)])
def test_a_configuration_that_is_refused(lab, replicated, code, status):
    lab.fault("refuse", service="api", operation="PutReplicationConfiguration", code=code, message="the service's words")
    for arguments in (["set", "--yes", "--to", "us-west-2"], ["rm", "--yes"]):
        failed(replication(lab, *arguments), status, "the registry", code, "the service's words")
    assert rules_of(lab) == [rule(to("eu-west-1"))]


def test_the_registry_itself_is_no_destination(lab):
    for destination in ("us-east-1", f"us-east-1/{ACCOUNT}"):
        failed(replication(lab, "set", "--to", destination), 5, "the registry", "ValidationException", "cannot be the same")
        assert rules_of(lab) == []


# ---- rm

def test_rm(lab, replicated):
    done(replication(lab, "rm", "--yes"), "", REMOVED)
    assert asked(lab) == [READ, put()] and rules_of(lab) == []
    done(replication(lab, "rm", "--yes"), "", NOTHING_TO_REMOVE)
    assert asked(lab) == [READ]


def test_rm_as_json(lab, replicated):
    assert replication(lab, "rm", "--yes", "--json").json == [{"rules": []}]
    assert replication(lab, "rm", "--yes", "--json").stdout == ""


def test_rm_needs_a_yes(lab, replicated):
    failed(replication(lab, "rm"), 2, "replication", "remove all replication rules of the registry", "--yes")
    assert lab.requests() == []


@pytest.mark.parametrize("typed, code, left", [(b"y\n", 0, 0), (b"n\n", 5, 1), (b"\n", 5, 1)])
def test_rm_asks(lab, replicated, typed, code, left):
    lab.clear_log()
    asked_at = run(lab, "replication", "rm", console="both", typed=typed)
    assert asked_at.code == code and asked_at.out == ""
    assert asked_at.err.startswith(question("remove all replication rules of the registry"))
    assert len(lab.requests()) == (2 if code == 0 else 0) and len(rules_of(lab)) == left


# ---- status

def status_table(*rows):
    return "".join("\t".join(row) + "\n" for row in rows)


@pytest.mark.parametrize("image, image_id", [("app:v1", {"imageTag": "v1"}), ("app@{}", {"imageDigest": "{}"})])
def test_status(lab, replicated, image, image_id):
    lab.create_repositories(["app"])
    digest, = lab.add_images(f"{lab.host}/app", [{"tags": ["v1"]}])
    image, image_id = image.format(digest), {name: value.format(digest) for name, value in image_id.items()}
    done(replication(lab, "status", image), status_table(["eu-west-1", ACCOUNT, "COMPLETE", "-"]))
    assert asked(lab) == [(STATUS, {"repositoryName": "app", "imageId": image_id})]
    done(replication(lab, "status", "--wait", f"{lab.host}/{image}"), status_table(["eu-west-1", ACCOUNT, "COMPLETE", "-"]))
    assert asked(lab) == [(STATUS, {"registryId": ACCOUNT, "repositoryName": "app", "imageId": image_id})]


def test_status_elsewhere(lab):
    """The host says which region is asked."""
    host = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    lab.create_repositories(["team/app"], region="eu-west-1")
    lab.add_images(f"{host}/team/app", [{"tags": ["v1"]}])
    failed(replication(lab, "status", f"{host}/team/app:v1"), 1, f"{host}/team/app:v1", NOWHERE)
    assert asked(lab, "api.ecr.eu-west-1.amazonaws.com") == [
        (STATUS, {"registryId": ACCOUNT, "repositoryName": "team/app", "imageId": {"imageTag": "v1"}})]


def test_status_by_tag_and_digest(lab, replicated):
    """The digest says which image; the tag may point elsewhere by now."""
    lab.create_repositories(["app"])
    digest, _ = lab.add_images(f"{lab.host}/app", [{"tags": ["v1"]}, {"tags": ["v2"]}])
    for image in (f"app:v1@{digest}", f"app:v2@{digest}"):
        done(replication(lab, "status", image), status_table(["eu-west-1", ACCOUNT, "COMPLETE", "-"]))
        assert asked(lab) == [(STATUS, {"repositoryName": "app", "imageId": {"imageDigest": digest}})]


def test_an_image_that_is_copied_nowhere(lab, app):
    failed(replication(lab, "status", "app:v1"), 1, "app:v1", NOWHERE)
    assert asked(lab) == [(STATUS, V1)]
    shown = replication(lab, "status", "--json", "app:v1")
    assert shown.code == 1 and [row["error"]["reason"] for row in shown.json] == ["not-set"]


def test_copies_that_are_not_listed_yet(lab, app, replicated):
    """Just after a push there may be no row; only with --wait is that no end."""
    lab.fault("body", service="api", operation=STATUS, text='{"replicationStatuses": []}', count=2)
    done(replication(lab, "status", "--wait", "app:v1"), status_table(["eu-west-1", ACCOUNT, "COMPLETE", "-"]))
    assert asked(lab) == [(STATUS, V1)] * 3


def test_copies_that_are_never_listed(lab, app):
    """They are waited for, but not for long; less if there is less time."""
    result = replication(lab, "--timeout", "600ms", "status", "--wait", "app:v1")
    failed(result, 4, "the copies of app:v1", "none is listed yet", "--timeout")
    assert result.seconds < 5 and len(asked(lab)) >= 2
    result = replication(lab, "status", "--wait", "app:v1")
    failed(result, 1, "app:v1", NOWHERE)
    assert 9 < result.seconds < 25 and asked(lab) == [(STATUS, V1)] * len(asked(lab))


STATUSES = [to("us-west-2", OTHER, status="FAILED", failureCode="REPOSITORY_CREATION_DENIED"),
            to("eu-west-1", status="COMPLETE"), to("eu-north-1", status="FAILED")]
ROWS = status_table(["us-west-2", OTHER, "FAILED", "REPOSITORY_CREATION_DENIED"], ["eu-west-1", ACCOUNT, "COMPLETE", "-"],
                    ["eu-north-1", ACCOUNT, "FAILED", "-"])


def test_copies_that_failed(lab, app):
    """The table is there, and no exit status 0."""
    lab.set_replication(f"{app}:v1", STATUSES)
    for options in ([], ["--wait"]):
        failed(replication(lab, "status", *options, "app:v1"), 5, "app:v1", "2 of 3 copies failed", stdout=ROWS)
        assert asked(lab) == [(STATUS, V1)]
    shown = replication(lab, "status", "--json", "app:v1")
    assert shown.code == 5 and shown.json[:3] == STATUSES and shown.json[3]["error"]["reason"] == "refused"


def test_copies_on_their_way(lab, app):
    lab.set_replication(f"{app}:v1", STATUSES[1:2], polls=9)
    done(replication(lab, "status", "app:v1"), status_table(["eu-west-1", ACCOUNT, "IN_PROGRESS", "-"]))
    assert asked(lab) == [(STATUS, V1)]


def test_copies_are_awaited_on_a_terminal(lab, app):
    lab.set_replication(f"{app}:v1", STATUSES[1:2], polls=1)
    lab.clear_log()
    shown = run(lab, "replication", "status", "--wait", "app:v1", console="both")
    assert shown.code == 0 and shown.out == status_table(["eu-west-1", ACCOUNT, "COMPLETE", "-"])
    assert shown.err == "\r\x1b[KWaiting for the copies of app:v1: 1 of 1 not there yet, 0 s\r\x1b[K"
    assert asked(lab) == [(STATUS, V1)] * 2


def test_awaited_copies_that_fail(lab, app):
    lab.set_replication(f"{app}:v1", STATUSES, polls=1)
    result = replication(lab, "status", "--wait", "app:v1")
    failed(result, 5, "app:v1", "2 of 3 copies failed", stdout=ROWS)
    assert asked(lab) == [(STATUS, V1)] * 2 and result.seconds > 0.4


def test_some_of_the_copies_are_late(lab, app):
    """A word that is not known is no end either."""
    lab.set_replication(f"{app}:v1", [STATUSES[1], *[to("us-west-2", status=s) for s in ("IN_PROGRESS", "A_NEW_WORD")]])
    result = replication(lab, "--timeout", "600ms", "status", "--wait", "app:v1")
    failed(result, 4, "the copies of app:v1", "2 of 3", "--timeout")
    assert result.seconds < 5


@pytest.mark.parametrize("rows", [[to("eu-west-1")], [to("eu-west-1", status=7)], [{"status": "COMPLETE"}],
                                  [to(7, status="COMPLETE")], [STATUSES[1], {}]])
def test_statuses_that_cannot_be_read(lab, rows):
    lab.fault("body", service="api", text=json.dumps({"replicationStatuses": rows}))
    failed(replication(lab, "--timeout", "600ms", "status", "app:v1"), 5, API, STATUS)


@pytest.mark.parametrize("image, code, hint", [("app:v9", "ImageNotFoundException", "ecr image ls"),
                                               ("none:v1", "RepositoryNotFoundException", "ecr repo ls")])
def test_status_of_what_is_not_there(lab, app, image, code, hint):
    for options in ([], ["--wait"]):
        failed(replication(lab, "status", *options, image), 1, image, code, hint)
        assert len(asked(lab)) == 1


# ---- permissions

def test_denied(lab, app, replicated):
    lab.new_key("reader", allow=["DescribeRegistry"])
    for arguments, key, thing, action in (
            (["show"], "describe", "the registry", "DescribeRegistry"), (["status", "app:v1"], "describe", "app:v1", STATUS),
            (["set", "--to", "us-west-2"], "describe", "the registry", "DescribeRegistry"),
            (["set", "--yes", "--to", "us-west-2"], "describe", "the registry", "DescribeRegistry"),
            (["set", "--yes", "--to", "us-west-2"], "reader", "the registry", "PutReplicationConfiguration"),
            (["set", "--yes", "--to", f"us-west-2/{OTHER}"], "describe", "the registry", "PutReplicationConfiguration"),
            (["rm", "--yes"], "describe", "the registry", "DescribeRegistry"),
            (["rm", "--yes"], "reader", "the registry", "PutReplicationConfiguration")):
        failed(replication(lab, *arguments, key=key), 3, thing, f"the caller lacks the IAM action ecr:{action}")
    assert rules_of(lab) == [rule(to("eu-west-1"))]


def test_the_denied_action_is_the_one_that_iam_names(lab):
    """The first configuration makes a role, which takes a permission of IAM."""
    lab.fault("refuse", service="api", operation="PutReplicationConfiguration", code="AccessDeniedException",
              message="User: u is not authorized to perform: iam:CreateServiceLinkedRole on resource: r")
    failed(replication(lab, "set", "--to", "us-west-2"), 3, "the registry",
           "the caller lacks the IAM action iam:CreateServiceLinkedRole")


# ---- wrong use: nothing is sent, and no credentials are looked for

WRONG = [
    ([], "replication", "show, set, rm, status"), (["sett"], "sett", "one of show, set, rm, status"),
    (["show", "app"], "app", "usage: ecr replication show"), (["rm", "app", "--yes"], "app", "usage: ecr replication rm"),
    (["status"], "replication", "usage: ecr replication status"), (["status", "app:v1", "app:v2"], "app:v2", "usage"),
    (["status", "app"], "app", "tag or a digest"), (["status", "App:v1"], "App:v1", "capital"),
    (["status", "app:-"], "app:-", "tag"), (["status", "app@sha256:12"], "app@sha256:12", "sha256"),
    (["status", "public.ecr.aws/lab/app:v1"], "public.ecr.aws/lab/app:v1", "ECR Public"),
    (["set"], "replication", "--to"), (["set", "--prefix", "team/"], "replication", "--to"),
    (["set", "--to="], "--to", "empty"),
    (["set", "--to", "Frankfurt"], "Frankfurt", "region"), (["set", "--to", "eu-west-1/12"], "eu-west-1/12", "12 digits"),
    (["set", "--to", f"eu-west-1/{ACCOUNT}/x"], f"eu-west-1/{ACCOUNT}/x", "12 digits"),
    (["set", "--to", "eu-west-1/"], "eu-west-1/", "12 digits"), (["set", "--to", f"/{ACCOUNT}"], f"/{ACCOUNT}", "region"),
    (["set", "--to", "eu-west-1", "--to", "nowhere"], "nowhere", "region"),
    (["set", "--to", "eu-west-1", "--prefix", "a"], "a", "2 to 256"),
    (["set", "--to", "eu-west-1", "--prefix", "ok", "--prefix", "b" * 257], "b" * 257, "2 to 256"),
    (["set", "--to", "eu-west-1", "--prefix", "Team/"], "Team/", "lower-case"),
    (["set", "--to", "eu-west-1", "--prefix", "team/*"], "team/*", "lower-case"),
    (["set", "--to", "eu-west-1", "--prefix", "ok/-a/b"], "ok/-a/b", "begins"),
    (["set", "--to", "eu-west-1", "--prefix", "a//b"], "a//b", "begins"),
    (["set", *[f"--to=eu-west-1/{n:012}" for n in range(26)]], "--to", "25"),
    (["set", "--to=eu-west-1", *[f"--prefix=p{n}" for n in range(101)]], "--prefix", "100"),
    (["set", "file", "--to", "eu-west-1"], "file", "either"), (["set", "file", "--prefix", "team/"], "file", "either"),
    (["set", "one", "two"], "two", "usage"), (["set", "/nowhere/file"], "/nowhere/file", "No such file"),
    (["set", "/"], "/", "cannot read it")]


@pytest.mark.parametrize("arguments, thing, part", WRONG)
def test_wrong_use(lab, arguments, thing, part):
    failed(replication(lab, *arguments, key=None, env={}), 2, thing, part)
    assert lab.requests() == []


@pytest.mark.parametrize("text, part", [
    ("", "JSON"), ("{", "JSON"), ('{"rules": [],}', "JSON"), ("[]", "rules"), ("null", "rules"), ("{}", "rules"),
    ('{"rules": {}}', "rules"), ('{"rules": null}', "rules"), ('{"replicationConfiguration": {}}', "rules"),
    ({"rules": [7]}, "rules[0]"), ({"rules": [rule(to("eu-west-1")), {}]}, "rules[1].destinations"),
    ({"rules": [{"destinations": {}}]}, "rules[0].destinations"), ({"rules": [rule()]}, "rules[0].destinations"),
    ({"rules": [rule(to("eu-west-1"))] * 11}, "10"), ({"rules": [rule(7)]}, "rules[0].destinations[0]"),
    ({"rules": [rule(to("eu-west-1"), to("nowhere"))]}, "rules[0].destinations[1].region"),
    ({"rules": [rule({"registryId": ACCOUNT})]}, "rules[0].destinations[0].region"),
    ({"rules": [rule(to("eu-west-1", "12"))]}, "rules[0].destinations[0].registryId"),
    ({"rules": [rule(to("eu-west-1", 123456789012))]}, "rules[0].destinations[0].registryId"),
    ({"rules": [rule(to("eu-west-1"), prefixes=["ok", "A"])]}, "rules[0].repositoryFilters[1].filter"),
    ({"rules": [{**rule(to("eu-west-1")), "repositoryFilters": "a"}]}, "rules[0].repositoryFilters"),
    ({"rules": [rule(*[to("eu-west-1", f"{n:012}") for n in range(26)])]}, "25"),
    ({"rules": [rule(*[to("eu-west-1", f"{n:012}") for n in range(first, first + 13)]) for first in (0, 13)]}, "25")])
def test_files_that_are_no_configuration(lab, tmp_path, text, part):
    path = tmp_path / "rules.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    failed(replication(lab, "set", str(path), key=None, env={}), 2, str(path), part)
    failed(replication(lab, "set", "-", stdin=path.read_text(), key=None, env={}), 2, "standard input", part)
    assert lab.requests() == []
