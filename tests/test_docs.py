"""README.md says what the program does."""

import os
import re
import shlex

import pytest

from lab.client import ROOT

README = os.path.join(ROOT, "README.md")
STATUSES = range(7)


@pytest.fixture(scope="module")
def readme():
    with open(README) as f:
        return f.read()


def blocks(text):
    """The lines of code blocks, fenced or indented, with continued lines joined."""
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"(?:^(?:    |\t).*\n)+", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    for block in fenced + indented:
        yield from re.sub(r"\\\n\s*", " ", block).splitlines()


def words_of(line):
    """The commands of a shell line, each as its words; none for a line that is no shell's."""
    text = line.strip().removeprefix("$ ").replace("...", "").replace("[", " ").replace("]", " ")
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:
        return
    command = []
    for token in [*tokens, ";"]:
        if set(token) <= set("();<>|&"):
            yield command
            command = []
        else:
            command.append(token)


def examples(text):
    """[words] of each `ecr ...` command in the code blocks."""
    for line in blocks(text):
        for words in words_of(line):
            while words and re.fullmatch(r"[A-Z_]+=.*|if|then|sudo|!|\w+=", words[0]):
                words.pop(0)
            if words and os.path.basename(words[0]) == "ecr" and len(words) > 1:
                yield words[1:]


def help_of(lab, *command):
    return lab.ecr(*command, "--help").stdout


def test_length(readme):
    assert 70 <= readme.count("\n") <= 176


def test_examples(lab, readme):
    found = list(examples(readme))
    assert len(found) >= 3
    commands = set(re.findall(r"^  (\w[\w-]*) ", lab.ecr("help").stdout, re.MULTILINE))
    assert {"check", "parse", "version", "help"} <= commands
    for words in found:
        command = next((w for w in words if w in commands), None)
        assert command, f"ecr {' '.join(words)}: no command of this program"
        text = help_of(lab) + (help_of(lab, command) if command != "help" else "")
        for option in (w.partition("=")[0] for w in words[:words.index("--")] if w.startswith("-")) if "--" in words else (
                w.partition("=")[0] for w in words if w.startswith("-")):
            assert re.search(rf"{re.escape(option)}\b", text), f"ecr {' '.join(words)}: {option} is not an option"


def test_exit_statuses(lab, readme):
    """A table with a row for each of 0 to 6, whose words agree with those of --help."""
    rows = dict(re.findall(r"^\|\s*`?(\d)`?\s*\|\s*(.+?)\s*\|\s*$", readme, re.MULTILINE))
    assert {int(row) for row in rows} >= set(STATUSES)
    for status, word in ((0, "present"), (1, "absent"), (2, "usage|command line|option"), (3, "credential|permission|denied"),
                         (4, "network|service|unreachable|time"), (6, "unfit|pull|archiv")):
        assert re.search(word, rows[str(status)], re.IGNORECASE), (status, rows[str(status)])


def test_reasons_and_states_are_those_of_the_program(readme):
    with open(os.path.join(ROOT, "src", "base", "error.c")) as f:
        reasons = set(re.findall(r'= \{"([a-z-]+)"', f.read()))
    assert "no-image" in reasons
    for code in set(re.findall(r"`(?:absent|unfit|unknown)/([a-z-]+)`", readme)):
        assert code in reasons


def test_links_lead_somewhere(readme):
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", readme):
        assert os.path.exists(os.path.join(ROOT, target)), target
