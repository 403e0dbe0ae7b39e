"""In jobs of GitHub's and other CI: annotations, masks, outputs, and one member of the JSON."""

import json
import os
import re

import pytest

from support_net import file_of

ACTIONS = {"GITHUB_ACTIONS": "true"}


@pytest.fixture
def repository(lab):
    made = lab.create_repository("app")
    lab.image = lab.push_image(f"{made}:v1")
    lab.clear_log()
    return made


def commands(result):
    """The workflow commands among what was said, on whichever stream."""
    return [line for line in (result.stderr + result.stdout).splitlines() if line.startswith("::")]


# ---- annotations

def test_a_problem_becomes_an_annotation(lab, repository):
    result = lab.ecr("check", f"{repository}:v1", f"{repository}:none", env=ACTIONS)
    line, = commands(result)
    assert line.startswith(f"::error title=ecr check::{repository}:none is absent (no-image): ") and result.code == 1
    assert line in result.stderr.splitlines()  # stdout is for machines


@pytest.mark.parametrize("value", [None, "", "false", "0"])
def test_elsewhere_there_is_none(lab, value):
    assert commands(lab.ecr("check", f"{lab.host}/app:none", env={"GITHUB_ACTIONS": value})) == []


def test_it_points_to_the_line_of_a_file(lab, repository, tmp_path):
    path = file_of(tmp_path / "a,b:c%d.yaml", f"kind: Pod\nspec:\n  containers:\n  - image: {repository}:none\n")
    line, = commands(lab.ecr("check", "-q", "-f", path, env=ACTIONS))
    escaped = path.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    assert line.startswith(f"::error file={escaped},line=4,title=ecr check::{repository}:none is absent (no-image)")


def test_each_problem_has_its_own(lab, repository):
    lab.archive(f"{repository}:v1")
    lab.fault("throttle", host="api.ecr.eu-west-1.amazonaws.com")
    busy = f"{lab.account}.dkr.ecr.eu-west-1.amazonaws.com/app:v1"
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "1", f"{repository}:v1", f"{repository}:none", busy, env=ACTIONS)
    said = [re.match(r"::error title=ecr check::(\S+) is (\S+) \((\S+)\)", line).groups() for line in commands(result)]
    assert said == [(f"{repository}:v1", "unfit", "archived"), (f"{repository}:none", "absent", "no-image"),
                    (busy, "unknown", "throttled")]


@pytest.mark.parametrize("evil", ["x\n::set-output name=a::b", "a\r::add-mask::b", "::error::b", "100%0A::warning::x", "##[command]x",
                                  "\u2028::error::b", "\x1b[2J::stop-commands::x"])
def test_a_peer_cannot_give_commands(lab, evil):
    """Neither through the annotation nor beside it."""
    lab.fault("refuse", service="api", code="InvalidParameterException", message=evil)
    result = lab.ecr("check", "--via", "ecr", "--max-attempts", "1", f"{lab.host}/app:v1", env=ACTIONS)
    line, = commands(result)
    assert line.startswith("::error title=ecr check::") and "%0A::w" not in line and "##[" not in result.stderr
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028]", result.stderr)
    assert result.code == 5


@pytest.mark.parametrize("command", [["wait", "--timeout", "500ms", "--interval", "200ms"], ["digest"]], ids=lambda c: c[0])
def test_other_commands_annotate_their_last_word(lab, repository, command):
    line, = commands(lab.ecr(*command, f"{repository}:none", env=ACTIONS))
    assert line.startswith("::error ") and f"{repository}:none is absent (no-image)" in line


def test_a_wrong_command_line_is_an_annotation_as_well(lab, tmp_path):
    """A broken file points to itself."""
    path = file_of(tmp_path / "x.yaml", "a: 1\nb: [1\n")
    result = lab.ecr("check", "-f", path, env=ACTIONS)
    assert result.code == 2 and result.stderr.splitlines()[-1].startswith((f"ecr: {path}: line ", "::error "))


# ---- masks

@pytest.mark.parametrize("arguments", [["get-login-password"], ["--json", "get-login-password"]], ids=str)
def test_a_password_is_masked_before_it_is_printed(lab, arguments):
    result = lab.ecr(*arguments, "--region", "us-east-1", env=ACTIONS)
    assert result.code == 0
    password = result.stdout.strip() if len(arguments) == 1 else result.json[0]["password"]
    assert len(password) > 100 and f"::add-mask::{password}" in result.stderr.splitlines()
    assert "::" not in result.stdout
    assert "add-mask" not in lab.ecr(*arguments, "--region", "us-east-1").stderr


def test_a_check_prints_no_token(lab, repository):
    result = lab.ecr("check", "-v", "--deep", f"{repository}:v1", env=ACTIONS)
    assert result.code == 0
    said = result.stdout + result.stderr
    key = lab.keys["full"]
    assert key["secret_access_key"] not in said and "X-Amz-Signature" not in said and lab.password()[:40] not in said


# ---- outputs

def output(lab, tmp_path, *arguments, before="there=yes\n"):
    path = tmp_path / "output"
    path.write_text(before)
    result = lab.ecr("check", *arguments, env={"GITHUB_OUTPUT": path})
    text = path.read_text()
    assert text.startswith(before)  # it is appended to
    return result, dict(line.split("=", 1) for line in text[len(before):].splitlines())


def test_the_result_of_one(lab, repository, tmp_path):
    result, written = output(lab, tmp_path, "--github-output", "image", f"{repository}:v1")
    assert result.code == 0 and written == {"image": "present", "image_REASON": "ok", "image_DIGEST": lab.image.digest}
    assert result.stdout == f"present  {repository}:v1  {lab.image.digest}\n"
    result, written = output(lab, tmp_path, "--github-output=image", f"{repository}:none")
    assert result.code == 1 and written == {"image": "absent", "image_REASON": "no-image"}


def test_the_result_of_several(lab, repository, tmp_path):
    """The state that decides the exit status."""
    result, written = output(lab, tmp_path, "--github-output", "all_of-them", f"{repository}:v1", f"{repository}:none")
    assert result.code == 1 and written == {"all_of-them": "absent"}
    lab.archive(f"{repository}:v1")
    result, written = output(lab, tmp_path, "--github-output", "all_of-them", f"{repository}:v1", f"{repository}:none")
    assert result.code == 6 and written == {"all_of-them": "unfit"}


@pytest.mark.parametrize("name", ["a=b", "a\nb", "a b", "ä", "<<EOF", "a<<b", ""])
def test_a_name_that_is_none(lab, tmp_path, name):
    """Before anything is asked, and nothing is written."""
    path = tmp_path / "output"
    result = lab.ecr("check", f"--github-output={name}", f"{lab.host}/app:v1", env={"GITHUB_OUTPUT": path})
    assert result.code == 2 and "--github-output" in result.stderr and not path.exists()
    assert lab.requests() == [] and result.stdout == ""


def test_no_place_for_the_output(lab, repository, tmp_path):
    result = lab.ecr("check", "--github-output", "image", f"{repository}:v1")
    assert result.code == 2 and "GITHUB_OUTPUT is not set" in result.stderr and result.stdout == "" and lab.requests() == []
    result = lab.ecr("check", "--github-output", "image", f"{repository}:v1", env={"GITHUB_OUTPUT": tmp_path / "none" / "x"})
    assert result.code == 5 and "cannot write the output" in result.stderr


def test_the_output_of_wait(lab, repository, tmp_path):
    path = tmp_path / "output"
    result = lab.ecr("wait", "--github-output", "image", f"{repository}:v1", env={"GITHUB_OUTPUT": path})
    assert result.code == 0 and path.read_text().splitlines()[0] == "image=present"


# ---- one member

@pytest.mark.parametrize("path, member", [
    ("digest", "digest"), ("{{.digest}}", "digest"), (".digest", "digest"), ("{{ .state }}", "state"), ("reason", "reason"),
    ("{{.image}}", "image"), ("reference", "reference"), ("mediaType", "mediaType"), ("pushedAt", "pushedAt")])
def test_a_member(lab, repository, path, member):
    shown = lab.ecr("check", "--json", f"{repository}:v1").json[0]
    result = lab.ecr("check", "--format", path, f"{repository}:v1")
    assert (result.code, result.stdout) == (0, shown[member] + "\n")


def test_members_within_members(lab, repository):
    made = lab.push_image(f"{repository}:both", ["linux/amd64", "linux/arm64"])
    assert made

    def said(path, *options):
        return lab.ecr("check", "--format", path, *options, f"{repository}:both").stdout
    assert said("trail.0.source") == "ecr\n" and said("{{.trail.0.reason}}") == "ok\n"
    assert said("platforms.1", "--platform", "linux/amd64") == "linux/arm64\n"
    assert json.loads(said("platforms", "--platform", "linux/amd64")) == ["linux/amd64", "linux/arm64"]
    assert json.loads(said("trail"))[0]["detail"] == "by DescribeImages"
    assert said("sizeBytes").strip().isdigit()


def test_a_member_that_is_not_there(lab, repository):
    """An empty line keeps step; the exit status is the verdict's."""
    for path in ("none", "digest.none", "trail.9", "trail.x", "trail.0.source.x", "platforms.0"):
        result = lab.ecr("check", "--format", path, f"{repository}:v1")
        assert (result.code, result.stdout) == (0, "\n"), path
    result = lab.ecr("check", "--format", "digest", f"{repository}:none", f"{repository}:v1")
    assert (result.code, result.stdout) == (1, f"\n{lab.image.digest}\n")


@pytest.mark.parametrize("path", ["", "{{}}", "{{.digest", "a b", "a..b", ".", "{{range .}}", "$x", "a[0]", "{{.a}}{{.b}}", "digest.",
                                  "{{.digest | upper}}", "\n"])
def test_a_member_that_is_none(lab, path):
    result = lab.ecr("check", f"--format={path}", f"{lab.host}/app:v1")
    assert result.code == 2 and result.stdout == "" and result.stderr.startswith("ecr: --format: ") and lab.requests() == []


def test_a_member_with_control_characters(lab, tmp_path, repository):
    """What a file's name brings along does not reach the terminal."""
    os.makedirs(tmp_path / "d")
    path = file_of(tmp_path / "d" / "a\x1b[31m\nb", f"{repository}:v1\n")
    result = lab.ecr("check", "--format", "file", "-f", path)
    assert result.code == 0 and len(result.lines) == 1 and "\x1b" not in result.stdout
