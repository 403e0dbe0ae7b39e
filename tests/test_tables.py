"""Tables as people and machines get them: fitted to the terminal, or tab-separated; questions, and lines of progress."""

import concurrent.futures
import json
import re
import time

import pytest

from support_tables import (BASIC, BINARY, ENHANCED, FAULT, HOST, IMAGES, KEEP, REPLICATION, REPOSITORIES, RULES, STAGES,
                            STATUSES, enhanced, picture, repository, run, says, stage_cache, stage_everything, stage_preview,
                            stage_scan, width)

# The host's own C library, which the sanitizers' builds use, knows no wide characters without a locale.
OTHER_LIBC = any(word in BINARY for word in ("asan", "tsan", "cov"))
NOTES = {"lifecycle preview": "1 image of app would go\n1 would be archived\n",
         "scan show, basic": "app:v1: 1 CRITICAL, 1 HIGH, 1 LOW\n",
         "scan show, enhanced": "app:v1: 2 HIGH, 1 MEDIUM\n", "replication status": "ecr: app:v1: 1 of 3 copies failed\n"}

GOLDEN = [
    ("repo ls", (None,), """\
app→123456789012.dkr.ecr.us-east-1.amazonaws.com/app→MUTABLE→off→AES256→2026-01-01T00:00:00Z
team/long-long-long-long-long-long-long-long-long-long-long-long-name\
→123456789012.dkr.ecr.us-east-1.amazonaws.com/team/long-long-long-long-long-long-long-long-long-long-long-long-name\
→IMMUTABLE_WITH_EXCLUSION→on→KMS_DSSE→2026-01-01T00:00:59Z
team/app→123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app→IMMUTABLE→on→KMS→2026-01-01T23:59:59Z
"""),
    ("repo ls", (80,), """\
NAME            MUTABILITY                SCAN  ENCRYPTION  CREATED
app             MUTABLE                   off   AES256      2026-01-01T00:00:00Z
team/long-lon…  IMMUTABLE_WITH_EXCLUSION  on    KMS_DSSE    2026-01-01T00:00:59Z
team/app        IMMUTABLE                 on    KMS         2026-01-01T23:59:59Z
"""),
    ("repo ls", (200,), """\
NAME                URI                                                                                             \
                    MUTABILITY                SCAN  ENCRYPTION  CREATED
app                 123456789012.dkr.ecr.us-east-1.amazonaws.com/app\
                                                                    MUTABLE                   off   AES256\
      2026-01-01T00:00:00Z
team/long-long-lo…  123456789012.dkr.ecr.us-east-1.amazonaws.com/team/long-long-long-long-long-long-long-long-long-l\
ong-long-long-name  IMMUTABLE_WITH_EXCLUSION  on    KMS_DSSE    2026-01-01T00:00:59Z
team/app            123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app\
                                                               IMMUTABLE                 on    KMS\
         2026-01-01T23:59:59Z
"""),
    ("image ls", (None,), """\
old→sha256:0404040404040404040404040404040404040404040404040404040404040404→9876543210→2026-01-01T00:00:04Z→-\
→application/vnd.docker.distribution.manifest.v2+json→ARCHIVED
latest,v2,release-release-release-release-release-release-release-release-x\
→sha256:0303030303030303030303030303030303030303030303030303030303030303→45678901→2026-01-01T00:00:03Z→-\
→application/vnd.oci.image.manifest.v1+json→ACTIVE
v1→sha256:0202020202020202020202020202020202020202020202020202020202020202→1234→2026-01-01T00:00:02Z\
→2026-01-01T01:00:00Z→application/vnd.oci.image.manifest.v1+json→ACTIVE
-→sha256:0101010101010101010101010101010101010101010101010101010101010101→999→2026-01-01T00:00:01Z→-\
→application/vnd.oci.image.manifest.v1+json→ACTIVE
"""),
    ("image ls", (80,), """\
TAG                  DIGEST                 SIZE  PUSHED                STATUS
old                  sha256:04040404040…  9.8 GB  2026-01-01T00:00:04Z  ARCHIVED
latest,v2,release-…  sha256:03030303030…   45 MB  2026-01-01T00:00:03Z  ACTIVE
v1                   sha256:02020202020…  1.2 kB  2026-01-01T00:00:02Z  ACTIVE
-                    sha256:01010101010…   999 B  2026-01-01T00:00:01Z  ACTIVE
"""),
    ("image ls", (200,), """\
TAG                                           DIGEST                                           SIZE  PUSHED\
                PULLED                MEDIA TYPE                                     STATUS
old                                           sha256:0404040404040404040404040404040404040…  9.8 GB\
  2026-01-01T00:00:04Z  -                     application/vnd.docker.distribution.manifest…  ARCHIVED
latest,v2,release-release-release-release-r…  sha256:0303030303030303030303030303030303030…   45 MB\
  2026-01-01T00:00:03Z  -                     application/vnd.oci.image.manifest.v1+json     ACTIVE
v1                                            sha256:0202020202020202020202020202020202020…  1.2 kB\
  2026-01-01T00:00:02Z  2026-01-01T01:00:00Z  application/vnd.oci.image.manifest.v1+json     ACTIVE
-                                             sha256:0101010101010101010101010101010101010…   999 B\
  2026-01-01T00:00:01Z  -                     application/vnd.oci.image.manifest.v1+json     ACTIVE
"""),
    ("lifecycle preview", (None,), """\
v1,v1.0→sha256:0101010101010101010101010101010101010101010101010101010101010101→2026-01-01T00:00:00Z→EXPIRE→1
-→sha256:0202020202020202020202020202020202020202020202020202020202020202→2026-01-01T00:00:01Z→TRANSITION→200
"""),
    ("lifecycle preview", (80,), """\
TAG      DIGEST                           PUSHED                ACTION      RULE
v1,v1.0  sha256:01010101010101010101010…  2026-01-01T00:00:00Z  EXPIRE         1
-        sha256:02020202020202020202020…  2026-01-01T00:00:01Z  TRANSITION   200
"""),
    ("lifecycle preview", (200,), """\
TAG      DIGEST                                                                   PUSHED                ACTION      RULE
v1,v1.0  sha256:0101010101010101010101010101010101010101010101010101010101010101  2026-01-01T00:00:00Z  EXPIRE         1
-        sha256:0202020202020202020202020202020202020202020202020202020202020202  2026-01-01T00:00:01Z  TRANSITION   200
"""),
    ("cache ls", (None,), """\
docker-hub→registry-1.docker.io→ROOT→The upstream registry refused the login that the secret holds\
→arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf→-→2026-01-01T00:00:00Z
prod→210987654321.dkr.ecr.eu-west-1.amazonaws.com→base/images→ok→-→arn:aws:iam::123456789012:role/cache\
→2026-01-01T00:00:00Z
quay→quay.io→ROOT→ok→-→-→2026-01-01T00:00:00Z
"""),
    ("cache ls", (80,), """\
PREFIX      UPSTREAM       UPSTREAM PREFIX  STATE           CREATED
docker-hub  registry-1.d…  ROOT             The upstream …  2026-01-01T00:00:00Z
prod        210987654321…  base/images      ok              2026-01-01T00:00:00Z
quay        quay.io        ROOT             ok              2026-01-01T00:00:00Z
"""),
    ("cache ls", (200,), """\
PREFIX      UPSTREAM                             UPSTREAM PREFIX  STATE                                 CREDENTIALS\
                           ROLE                                  CREATED
docker-hub  registry-1.docker.io                 ROOT             The upstream registry refused the l…\
  arn:aws:secretsmanager:us-east-1:12…  -                                     2026-01-01T00:00:00Z
prod        210987654321.dkr.ecr.eu-west-1.ama…  base/images      ok                                    -\
                                     arn:aws:iam::123456789012:role/cache  2026-01-01T00:00:00Z
quay        quay.io                              ROOT             ok                                    -\
                                     -                                     2026-01-01T00:00:00Z
"""),
    ("replication show", (None,), """\
eu-west-1/123456789012,ap-southeast-2/210987654321→prod-,team/
us-west-2/123456789012→-
"""),
    ("replication show", (80, 200), """\
TO                                                  PREFIXES
eu-west-1/123456789012,ap-southeast-2/210987654321  prod-,team/
us-west-2/123456789012                              -
"""),
    ("replication status", (None,), """\
ap-southeast-2→210987654321→FAILED→REPOSITORY_CREATION_DENIED
eu-west-1→123456789012→COMPLETE→-
us-west-2→123456789012→IN_PROGRESS→-
"""),
    ("replication status", (80, 200), """\
REGION          ACCOUNT       STATUS       FAILURE
ap-southeast-2  210987654321  FAILED       REPOSITORY_CREATION_DENIED
eu-west-1       123456789012  COMPLETE     -
us-west-2       123456789012  IN_PROGRESS  -
"""),
    ("scan show, basic", (None,), """\
CRITICAL→CVE-2026-10002→openssl→3.0.1~deb12u1+security→-→https://nvd.nist.gov/vuln/detail/CVE-2026-10002
HIGH→CVE-2026-0003→-→-→-→-
LOW→CVE-2026-0001→zlib→1.3-r1→-→https://nvd.nist.gov/vuln/detail/CVE-2026-0001
"""),
    ("scan show, basic", (80,), """\
SEVERITY  NAME            PACKAGE  VERSION           FIXED IN  TITLE
CRITICAL  CVE-2026-10002  openssl  3.0.1~deb12u1+s…  -         https://nvd.nist…
HIGH      CVE-2026-0003   -        -                 -         -
LOW       CVE-2026-0001   zlib     1.3-r1            -         https://nvd.nist…
"""),
    ("scan show, basic", (200,), """\
SEVERITY  NAME            PACKAGE  VERSION                 FIXED IN  TITLE
CRITICAL  CVE-2026-10002  openssl  3.0.1~deb12u1+security  -         https://nvd.nist.gov/vuln/detail/CVE-2026-10002
HIGH      CVE-2026-0003   -        -                       -         -
LOW       CVE-2026-0001   zlib     1.3-r1                  -         https://nvd.nist.gov/vuln/detail/CVE-2026-0001
"""),
    ("scan show, enhanced", (None,), """\
HIGH→CVE-2026-1→liblait→2:3.4→-→cafe\u0301 au lait is re\u0301pe\u0301te\u0301 - liblait
HIGH→CVE-2026-3→evil→0→none→?[2J?tab and line # #[error] - evil
MEDIUM→CVE-2026-2→libwide→1.0→1.1→認証を回避できる欠陥が見つかった - libwide
"""),
    ("scan show, enhanced", (80,), """\
SEVERITY  NAME        PACKAGE  VERSION  FIXED IN  TITLE
HIGH      CVE-2026-1  liblait  2:3.4    -         cafe\u0301 au lait is re\u0301pe\u0301te\u0301 - libl…
HIGH      CVE-2026-3  evil     0        none      ?[2J?tab and line # #[error] …
MEDIUM    CVE-2026-2  libwide  1.0      1.1       認証を回避できる欠陥が見つか…
"""),
    ("scan show, enhanced", (200,), """\
SEVERITY  NAME        PACKAGE  VERSION  FIXED IN  TITLE
HIGH      CVE-2026-1  liblait  2:3.4    -         cafe\u0301 au lait is re\u0301pe\u0301te\u0301 - liblait
HIGH      CVE-2026-3  evil     0        none      ?[2J?tab and line # #[error] - evil
MEDIUM    CVE-2026-2  libwide  1.0      1.1       認証を回避できる欠陥が見つかった - libwide
"""),
]


def show(lab, name, *options, **more):
    stage, arguments, code = STAGES[name]
    stage(lab)
    result = run(lab, *arguments, *options, **more)
    assert result.code == code, result
    return result


@pytest.mark.parametrize("name, columns, text", [(name, c, text) for name, all_columns, text in GOLDEN for c in all_columns])
def test_whole_tables(lab, name, columns, text):
    result = show(lab, name, columns=columns)
    if OTHER_LIBC and columns and name == "scan show, enhanced":  # all but the titles
        text, result.out = (re.sub("(?m)^(.{50}).*", r"\1", whole) for whole in (text, result.out))
    assert result.out == text.replace("→", "\t")
    assert result.err == NOTES.get(name, "")


def test_everything_has_its_table():
    assert {(name, c) for name, columns, _ in GOLDEN for c in columns} == {(n, c) for n in STAGES for c in (None, 80, 200)}


# ---- widths

# Per table: the columns that stay whatever happens, and how wide these are at least; then the head at each width.
HEADS = {
    "repo ls": (12, {20: "NAME", 40: "NAME, CREATED", 80: "NAME, MUTABILITY, SCAN, ENCRYPTION, CREATED",
                     200: "NAME, URI, MUTABILITY, SCAN, ENCRYPTION, CREATED"}),
    "image ls": (26, {20: "TAG, DIGEST", 40: "TAG, DIGEST", 80: "TAG, DIGEST, SIZE, PUSHED, STATUS",
                      200: "TAG, DIGEST, SIZE, PUSHED, PULLED, MEDIA TYPE, STATUS"}),
    "lifecycle preview": (33, {20: "TAG, DIGEST, ACTION", 40: "TAG, DIGEST, ACTION, RULE",
                               80: "TAG, DIGEST, PUSHED, ACTION, RULE"}),
    "cache ls": (38, {20: "PREFIX, UPSTREAM, STATE", 40: "PREFIX, UPSTREAM, STATE",
                      80: "PREFIX, UPSTREAM, UPSTREAM PREFIX, STATE, CREATED",
                      200: "PREFIX, UPSTREAM, UPSTREAM PREFIX, STATE, CREDENTIALS, ROLE, CREATED"}),
    "replication show": (25, {20: "TO, PREFIXES", 40: "TO, PREFIXES", 80: "TO, PREFIXES"}),
    "replication status": (55, {20: "REGION, ACCOUNT, STATUS, FAILURE", 80: "REGION, ACCOUNT, STATUS, FAILURE"}),
    "scan show, basic": (33, {20: "SEVERITY, NAME, PACKAGE", 40: "SEVERITY, NAME, PACKAGE",
                              80: "SEVERITY, NAME, PACKAGE, VERSION, FIXED IN, TITLE"}),
    "scan show, enhanced": (29, {20: "SEVERITY, NAME, PACKAGE", 40: "SEVERITY, NAME, PACKAGE, FIXED IN",
                                 80: "SEVERITY, NAME, PACKAGE, VERSION, FIXED IN, TITLE"})}


@pytest.mark.parametrize("columns", [1, 20, 40, 80, 200, 1000])
@pytest.mark.parametrize("name", HEADS)
def test_tables_fit(lab, name, columns):
    least, heads = HEADS[name]
    lines = show(lab, name, columns=columns).out.splitlines()
    head = heads[max((c for c in heads if c <= columns), default=20)]
    assert ", ".join(re.split("  +", lines[0])) == head
    assert not [line for line in lines if line.endswith(" ") or line.startswith(" ")]
    widest = max(map(len if OTHER_LIBC else width, lines))
    assert widest <= max(columns, least)
    assert ("…" not in "".join(lines)) or widest >= max(columns, least) - 1  # cut no more than it must be
    if columns == 1000:
        assert "…" not in "".join(lines) and head == list(heads.values())[-1]


@pytest.mark.parametrize("columns, env, like", [
    (0, {}, 80), (0, {"COLUMNS": "200"}, 200), (0, {"COLUMNS": "wide"}, 80), (0, {"COLUMNS": "0"}, 80),
    (80, {"COLUMNS": "200"}, 80), (None, {"COLUMNS": "80"}, None)])
def test_terminals_that_do_not_tell_their_width(lab, columns, env, like):
    text, = (text for name, all_columns, text in GOLDEN if name == "repo ls" and like in all_columns)
    assert show(lab, "repo ls", columns=columns, env=env).out == text.replace("→", "\t")


def test_very_long_names(lab):
    name = "n/" + "x" * 254
    says(lab, "DescribeRepositories", repositories=[repository(name, 0), repository("b", 1)])
    assert run(lab, "repo", "ls").out.splitlines()[0].split("\t")[:2] == [name, f"{HOST}/{name}"]
    assert run(lab, "repo", "ls", columns=1000).out.splitlines()[1].split()[:2] == [name, f"{HOST}/{name}"]
    head, long, short = run(lab, "repo", "ls", columns=80).out.splitlines()
    assert long == "n/" + "x" * 25 + "…  MUTABLE     off   AES256      2026-01-01T00:00:00Z" and width(long) == 80
    assert short == "b" + " " * 29 + "MUTABLE     off   AES256      2026-01-01T00:00:01Z"


def test_wide_and_combining_characters(lab):
    """A cut never takes half of a character, and what stands behind one is where it stands behind others."""
    packages = ["a" * 30, "漢" * 15, "a" + "漢" * 14, "é" * 30, "e\u0301" * 30, "\U0001f6a8" * 15, "한" * 15]
    stage_scan(lab, enhancedFindings=[enhanced("CVE-2026-1", "LOW", "title", package, "1") for package in packages])
    for columns, cut in ((200, 30), (60, 12), (61, 13), (65, 17), (66, 18)):
        lines = run(lab, "scan", "show", "app:v1", columns=columns).out.splitlines()[1:]
        shown = [re.sub("^LOW +CVE-2026-1  | +1 .*", "", line) for line in lines]
        assert all(text.rstrip("…") == package[:len(text.rstrip("…"))] for text, package in zip(shown, packages)), shown
        if OTHER_LIBC:
            continue
        assert {width(line.partition("  1 ")[0].rstrip()) for line in lines} <= {22 + cut, 22 + cut - 1}
        assert len({width(re.match("(.*?) +1 +-", line).group(0)) for line in lines}) == 1, (columns, lines)
        assert [text.count("\u0301") for text in shown] == [0, 0, 0, 0, 30 if cut == 30 else cut - 1, 0, 0]


def test_texts_that_would_break_a_line(lab):
    """No cell makes a column or a line of its own, for machines neither."""
    says(lab, "DescribePullThroughCacheRules", pullThroughCacheRules=[
        {**RULES[2], "upstreamRegistryUrl": "a\tb\nc\r\x1b[31md\x7f\x9b\u202e"}, RULES[2]])
    lab.cache_rule("quay", "quay.io", valid=False, failure="first\nsecond\tthird")
    for columns in (None, 200):
        lines = run(lab, "cache", "ls", columns=columns).out.splitlines()[1 if columns else 0:]
        assert [re.split("\t|  +", line)[:4] for line in lines] == [["quay", "a b c ?[31md???", "ROOT", "first second third"],
                                                                    ["quay", "quay.io", "ROOT", "first second third"]]


def test_sizes_that_are_none(lab):
    """A table has them as they are."""
    says(lab, "DescribeImages", imageDetails=[picture(1, -1, ["a"]), picture(2, -9876543210, ["b"]), picture(3, 0, ["c"])])
    assert [line.split("\t")[2] for line in run(lab, "image", "ls", "app").out.splitlines()] == ["0", "-9876543210", "-1"]
    lines = run(lab, "image", "ls", "app", columns=200).out.splitlines()
    assert [re.split("  +", line)[2] for line in lines] == ["SIZE", "0 B", "-9876543210", "-1"]


def test_json_of_rules_whose_state_is_not_known(lab):
    """Then it is left out, and not made up."""
    stage_cache(lab)
    lab.fault("deny", service="api", operation="ValidatePullThroughCacheRule")
    result = run(lab, "cache", "ls", "--json")
    assert result.code == 0 and [json.loads(line) for line in result.out.splitlines()] == RULES
    assert result.err.startswith("The state is not known: ") and len(result.err.splitlines()) == 1


def test_a_preview_of_another_policy(lab):
    """It is not shown as that of ours, whatever the table would look like."""
    stage_preview(lab)
    for columns in (None, 80):
        result = run(lab, "lifecycle", "preview", "--keep", "2", "app", columns=columns)
        assert (result.code, result.out) == (5, "")
        assert result.err == "ecr: app: another policy was tried meanwhile, in place of this one; begin again\n"


def test_nothing_to_show(lab):
    lab.create_repository("app")
    lab.api().delete_repository(repositoryName="app")
    for columns, out in ((None, ""), (80, "NAME  URI  MUTABILITY  SCAN  ENCRYPTION  CREATED\n")):
        result = run(lab, "repo", "ls", columns=columns)
        assert (result.code, result.out, result.err) == (0, out, "No repositories\n")


# ---- machines

NEWEST = IMAGES[::-1]
OBJECTS = {
    "repo ls": REPOSITORIES, "image ls": NEWEST, "replication show": [REPLICATION],
    "cache ls": [{**RULES[0], "isValid": False, "failure": FAULT}, *({**rule, "isValid": True} for rule in RULES[1:])],
    "scan show, basic": [BASIC[1], BASIC[2], BASIC[0]], "scan show, enhanced": [ENHANCED[1], ENHANCED[2], ENHANCED[0]],
    "replication status": [*STATUSES, {"error": {"reason": "refused", "subject": "app:v1", "cause": "1 of 3 copies failed"}}],
}


@pytest.mark.parametrize("columns", [None, 40])
@pytest.mark.parametrize("name", OBJECTS)
def test_json_has_the_objects_of_the_service(lab, name, columns):
    result = show(lab, name, "--json", columns=columns)
    assert [json.loads(line) for line in result.out.splitlines()] == OBJECTS[name]
    assert result.err == NOTES.get(name, "") and result.out.endswith("}\n")


@pytest.mark.parametrize("name", STAGES)
def test_quiet(lab, name):
    """The result comes all the same, and errors."""
    loud, quiet = show(lab, name), show(lab, name, "-q")
    assert quiet.out == loud.out != ""
    assert quiet.err == (NOTES[name] if name == "replication status" else "")


# ---- questions

APP = {"repositoryName": "app"}
HERE, THERE = "in us-east-1", "in us-east-1 of 123456789012"  # without a host in the operand, and with one
LAST_TAG = "(an image goes with its last tag)"
FILTERS = [{"filter": name, "filterType": "WILDCARD"} for name in ("prod*", "dev*")]
# What is asked and where; what is read before the question (and not at all with --yes), and what is done then:
# [(operation, body)].
QUESTIONS = {
    ("repo", "rm", "app"): ("delete the repository app", HERE, [], [("DeleteRepository", APP)]),
    ("repo", "rm", "--force", f"{HOST}/app"): (
        f"delete the repository {HOST}/app with all its images", THERE, [],
        [("DeleteRepository", {"registryId": "123456789012", **APP, "force": True})]),
    ("policy", "rm", "app"): ("remove the policy of app", HERE, [], [("DeleteRepositoryPolicy", APP)]),
    ("policy", "rm", "--registry"): ("remove the policy of the registry", HERE, [], [("DeleteRegistryPolicy", {})]),
    ("image", "rm", "app:v1"): (f"remove app:v1 {LAST_TAG}", HERE, [],
                                [("BatchDeleteImage", {**APP, "imageIds": [{"imageTag": "v1"}]})]),
    ("image", "rm", "app:v1", "app:v2", "app:v3"): (
        f"remove app:v1, app:v2, app:v3 {LAST_TAG}", HERE, [],
        [("BatchDeleteImage", {**APP, "imageIds": [{"imageTag": "v1"}, {"imageTag": "v2"}, {"imageTag": "v3"}]})]),
    ("lifecycle", "rm", "app"): ("remove the lifecycle policy of app", HERE, [], [("DeleteLifecyclePolicy", APP)]),
    ("cache", "rm", "quay"): ("remove the cache rule quay", HERE, [],
                              [("DeletePullThroughCacheRule", {"ecrRepositoryPrefix": "quay"})]),
    ("replication", "rm"): ("remove all replication rules of the registry", HERE, [],
                            [("DescribeRegistry", {}),
                             ("PutReplicationConfiguration", {"replicationConfiguration": {"rules": []}})]),
    ("replication", "set", "--to", "us-west-2/123456789012"): (
        "replace 1 of the registry's replication rules", HERE, [("DescribeRegistry", {})],
        [("PutReplicationConfiguration", {"replicationConfiguration": {"rules": REPLICATION["rules"][1:]}})]),
    ("scan", "config", "--type", "enhanced", "--on-push", "prod*", "--on-push", "dev*"): (
        "replace 1 of the registry's scanning rules", HERE, [("GetRegistryScanningConfiguration", {})],
        [("PutRegistryScanningConfiguration", {"scanType": "ENHANCED", "rules": [
            {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": FILTERS}]})])}


@pytest.fixture
def full(lab):
    stage_everything(lab)
    return lab


def calls(lab):
    return [(r["operation"], json.loads(r["body"])) for r in lab.requests()]


def pairs(usual, rare):
    """Every command with the usual answers; one with the rare ones too."""
    return ([pytest.param(command, typed, id=f"{' '.join(command)}: {typed!r}") for command in QUESTIONS for typed in usual]
            + [pytest.param(("repo", "rm", "app"), typed, id=f"rare: {typed[:20]!r}") for typed in rare])


@pytest.mark.parametrize("command, typed", pairs(["y\n", "yes\n"], ["Y\n", "YES\n", " y \n", "\tyes\n"]))
def test_yes(full, command, typed):
    if command[0] == "image" or "--force" in command:
        full.add_images(f"{HOST}/app", [{"tags": [f"v{n}"]} for n in (1, 2, 3)])
    question, place, read, done = QUESTIONS[command]
    result = run(full, *command, console="both", typed=typed.encode())
    assert result.code == 0 and result.err.startswith(f"Do you want to {question}, {place}? [y/N] "), result
    assert "ecr: " not in result.err and calls(full) == read + done


@pytest.mark.parametrize("command, typed", pairs(["n\n", "\n", "\x04"], [
    "no\n", "yess\n", "y y\n", "ye\n", "0\n", "nyes\n", "yes" + " " * 40 + "no\n", "n" * 3000 + "\n", "ja\n", "ｙ\n"]))
def test_anything_but_yes(full, command, typed):
    """Then nothing more is asked of anybody, and the answer's line has ended where the error begins."""
    question, place, read, _ = QUESTIONS[command]
    result = run(full, *command, console="both", typed=typed.encode(), env={"NO_COLOR": "1"})
    end = "" if typed.endswith("\n") else "\n"  # the terminal shows what is typed, which ends the line
    assert result.err == (f"Do you want to {question}, {place}? [y/N] {end}"
                          f"ecr: {command[0]}: nothing was done, as the answer was not yes\n")
    assert (result.code, result.out, calls(full)) == (5, "", read)


@pytest.mark.parametrize("console", [None, "stdin", "stderr"])
@pytest.mark.parametrize("command", QUESTIONS, ids=" ".join)
def test_nobody_to_ask(full, command, console):
    result = run(full, *command, columns=80, console=console, env={"NO_COLOR": "1"})
    assert result.err == (f"ecr: {command[0]}: this would {QUESTIONS[command][0]}, and there is nobody to be asked; --yes "
                          "does it without a question\n")
    assert (result.code, result.out, calls(full)) == (2, "", QUESTIONS[command][2])


@pytest.mark.parametrize("console", [None, "both"])
@pytest.mark.parametrize("command", QUESTIONS, ids=" ".join)
def test_no_question_with_yes(full, command, console):
    result = run(full, *command, "--yes", console=console)
    assert result.code == 0 and "?" not in result.err and calls(full) == QUESTIONS[command][3]


@pytest.mark.parametrize("command", [
    ("replication", "set", "--to", "eu-central-1/123456789012"),
    ("scan", "config", "--type", "enhanced", "--on-push", "prod*", "--continuous", "team/*", "--continuous", "new*")],
    ids=" ".join)
def test_no_question_where_nothing_is_lost(full, command):
    """There is nothing yet, or it stays."""
    full.api().put_replication_configuration(replicationConfiguration={"rules": []})
    full.clear_log()
    result = run(full, *command)
    assert (result.code, "?" in result.err, len(calls(full))) == (0, False, 2), result


OUR_HOST = {  # with a host; what is told then names it, too
    ("repo", "rm", "app"): "Repository deleted: {}/app\n", ("policy", "rm", "app"): "Policy removed: {}/app\n",
    ("lifecycle", "rm", "app"): "Lifecycle policy removed: {}/app\n",
    ("cache", "rm", "quay"): "Cache rule removed: {}/quay (what it cached stays)\n"}


@pytest.mark.parametrize("command", OUR_HOST, ids=" ".join)
def test_questions_and_notes_name_the_operand_as_typed(full, command):
    result = run(full, *command[:-1], f"{HOST}/{command[-1]}", console="both", typed=b"y\n")
    question = f"{QUESTIONS[command][0].removesuffix(command[-1])}{HOST}/{command[-1]}"
    note = OUR_HOST[command].format(HOST)
    assert (result.code, result.err) == (0, f"Do you want to {question}, {THERE}? [y/N] {note}"), result


def test_questions_about_other_places(full):
    """The place is that of the host, whatever the region, and ECR Public has none."""
    away = HOST.replace("us-east-1", "eu-west-1")
    far = run(full, "lifecycle", "rm", f"{away}/app", console="both", typed=b"n\n")
    what = "Do you want to remove the lifecycle policy of"
    assert far.err.startswith(f"{what} {away}/app, in eu-west-1 of 123456789012? [y/N] ")
    region = run(full, "--region", "eu-west-1", "lifecycle", "rm", "app", console="both", typed=b"n\n")
    assert region.err.startswith(f"{what} app, in eu-west-1? [y/N] ")
    public = run(full, "repo", "rm", "--public", "app", console="both", typed=b"n\n")
    assert public.err.startswith("Do you want to delete the repository app, in ECR Public? [y/N] ")
    assert [r.code for r in (far, region, public)] == [5, 5, 5] and calls(full) == []


def test_a_public_alias_is_looked_up_before_the_question(full):
    """It may be another's: then there is nothing to ask about."""
    strange = run(full, "repo", "rm", "public.ecr.aws/nobody/app", console="both", typed=b"y\n")
    assert strange.code != 0 and "[y/N]" not in strange.err
    assert [operation for operation, _ in calls(full)] == ["DescribeRegistries"]


@pytest.mark.parametrize("env, code", [({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 3), ({"AWS_REGION": ""}, 2)])
def test_no_question_without_a_session(full, env, code):
    """Nobody is asked about what could not be done at all."""
    result = run(full, "repo", "rm", "app", console="both", typed=b"y\n", env=env)
    assert (result.code, "[y/N]" in result.err, calls(full)) == (code, False, []), result


def test_a_repository_that_is_gone(full):
    """It is no failure, and there is nothing to show."""
    full.api().delete_repository(repositoryName="app")
    for options in ([], ["--json"]):
        result = run(full, "repo", "rm", "--yes", *options, f"{HOST}/app")
        assert (result.code, result.out, result.err) == (0, "", f"There was no such repository: {HOST}/app\n")


def test_a_question_waits_no_longer_than_the_timeout(lab):
    began = time.monotonic()
    result = run(lab, "--timeout", "200ms", "repo", "rm", "app", console="both", env={"NO_COLOR": "1"})
    assert 0.2 <= time.monotonic() - began < 5 and result.code == 5 and lab.requests() == []
    assert result.err == ("Do you want to delete the repository app, in us-east-1? [y/N] \n"
                          "ecr: repo: nothing was done, as the answer was not yes\n")


def test_questions_with_other_options(full):
    quiet = run(full, "-q", "lifecycle", "rm", "app", console="both", typed=b"y\n")
    assert (quiet.code, quiet.err) == (0, "Do you want to remove the lifecycle policy of app, in us-east-1? [y/N] ")
    refused = run(full, "--json", "policy", "rm", "app", console="both", typed=b"n\n")
    assert json.loads(refused.out) == {"error": {"reason": "refused", "subject": "policy",
                                                 "cause": "nothing was done, as the answer was not yes"}}
    dry = run(full, "image", "rm", "--dry-run", "app:v1", console="both")
    assert dry.code == 0 and dry.out.split() == ["gone", "app:v1"]
    assert dry.err == "An image that an index refers to stays as long as the index: that was not looked at\n"
    evil = run(full, "repo", "rm", "\x1b[2Japp", console="both", typed=b"y\n")
    assert evil.code == 2 and "[y/N]" not in evil.err and "\x1b[2J" not in evil.err


# ---- colours and progress

COLOURED = "\x1b[33mapp:v1: 1 CRITICAL, 1 HIGH, 1 LOW\x1b[0m\n"


@pytest.mark.parametrize("env, options, console, coloured", [
    ({}, [], "both", True), ({"TERM": "xterm"}, [], "stderr", True), ({"NO_COLOR": ""}, [], "both", True),
    ({"NO_COLOR": "1"}, [], "both", False), ({"TERM": "dumb"}, [], "both", False), ({}, ["--color=never"], "both", False),
    ({"NO_COLOR": "1"}, ["--color=always"], "both", True), ({}, [], None, False), ({}, [], "stdin", False),
    ({}, ["--color=always"], None, True)])
def test_colours(lab, env, options, console, coloured):
    result = show(lab, "scan show, basic", *options, columns=200, console=console, env=env)
    assert result.err == (COLOURED if coloured else COLOURED[5:-5] + "\n") and "\x1b" not in result.out


def test_colours_by_what_is_said(lab):
    assert show(lab, "replication status", console="stderr").err == "\x1b[31mecr: app:v1: 1 of 3 copies failed\x1b[0m\n"
    lab.cache_rule("quay", "quay.io")
    assert run(lab, "cache", "test", "quay", console="stderr").err == "\x1b[32mCache rule works: quay\x1b[0m\n"
    stage_scan(lab, findings=[BASIC[0]])
    assert run(lab, "scan", "show", "app:v1", console="stderr").err == "app:v1: 1 LOW\n"


def stage_waiting(lab):
    """Whatever is waited for is there at the second look."""
    lab.setting(preview_polls=1, restore_polls=1)
    app = f"{HOST}/app"
    lab.create_repositories(["app"])
    lab.add_images(app, [{"tags": ["v1"]}, {"tags": ["v2"]}, {"tags": ["v3"], "status": "ARCHIVED", "archived": 60}])
    lab.set_scan(app, "v1", polls=1)
    lab.set_scan(app, "v2", polls=1)
    lab.set_replication(f"{app}:v1", [{"region": "eu-west-1", "status": "COMPLETE"}], polls=1)
    lab.api().put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=KEEP)


WAITS = {
    ("lifecycle", "preview", "app"): ("the preview of app: IN_PROGRESS", "0 images of app would go\n"),
    ("scan", "start", "app:v1"): ("the scan of app:v1: IN_PROGRESS", "app:v1: nothing was found\n"),
    ("scan", "show", "--wait", "app:v2"): ("the scan of app:v2: IN_PROGRESS", "app:v2: nothing was found\n"),
    ("replication", "status", "--wait", "app:v1"): ("the copies of app:v1: 1 of 1 not there yet", ""),
    ("image", "restore", "--wait", "app:v3"): ("app:v3: ACTIVATING", "")}


@pytest.mark.parametrize("console", ["stderr", None])
def test_progress(lab, console):
    """On a terminal one line, which goes when it is over; elsewhere none. All wait at once."""
    stage_waiting(lab)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = dict(zip(WAITS, pool.map(lambda command: run(lab, *command, console=console), WAITS)))
    for command, (waiting, note) in WAITS.items():
        line = f"\r\x1b[KWaiting for {waiting}, 0 s\r\x1b[K" if console else ""
        assert results[command].code == 0 and results[command].err == line + note, (command, results[command])


@pytest.mark.parametrize("options, env, note", [(["-q"], {}, ""), ([], {"TERM": "dumb"}, "0 images of app would go\n")])
def test_no_progress_where_it_is_not_wanted(lab, options, env, note):
    stage_waiting(lab)
    assert run(lab, "lifecycle", "preview", *options, "app", console="stderr", env=env).err == note


def test_what_is_waited_for_is_named_as_typed(lab):
    stage_waiting(lab)
    lab.setting(preview_status="FAILED")
    result = run(lab, "lifecycle", "preview", f"{HOST}/app", console="stderr", env={"NO_COLOR": "1"})
    assert result.code == 5 and result.err == (
        f"\r\x1b[KWaiting for the preview of {HOST}/app: IN_PROGRESS, 0 s\r\x1b[K"
        f"ecr: {HOST}/app: the preview ended as FAILED\n")


def test_progress_ends_before_an_error(lab):
    stage_waiting(lab)
    lab.setting(preview_status="FAILED")
    result = run(lab, "lifecycle", "preview", "app", console="stderr", env={"NO_COLOR": "1"})
    assert result.code == 5 and result.err == ("\r\x1b[KWaiting for the preview of app: IN_PROGRESS, 0 s\r\x1b[K"
                                               "ecr: app: the preview ended as FAILED\n")
