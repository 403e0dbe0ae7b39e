"""The house: which room of src/ may use which, sizes of files and functions, and what stands at the top."""

import glob
import os
import re
import subprocess

import pytest

from lab.client import ROOT

SRC = os.path.join(ROOT, "src")

# room: the rooms it may include, as the design draws them; every room may use base as well.
ROOMS = {
    "cmd": {"term", "check", "move", "ecr", "registry", "docker", "store", "auth", "aws", "image", "net"},
    "term": set(),
    "check": {"ecr", "registry", "docker", "auth", "image", "net"},
    "move": {"ecr", "registry", "docker", "store", "auth", "image", "net"},
    "ecr": {"aws", "image"},
    "registry": {"auth", "net", "image"},
    "docker": {"net", "image"},
    "store": {"image"},
    "auth": {"image"},
    "aws": {"net"},
    "image": set(),
    "net": set(),
    "base": set(),
}
FILES_MAX, FUNCTION_MAX, MAIN_MAX = 400, 100, 100


def files(pattern="*/*.[ch]"):
    return sorted(os.path.relpath(path, SRC) for path in glob.glob(os.path.join(SRC, pattern)))


def text_of(path):
    with open(os.path.join(SRC, path)) as f:
        return f.read()


def includes(path):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', text_of(path), re.MULTILINE)


ALL = files() + files("*.c")


def test_the_rooms_are_those_of_the_design():
    there = {name for name in os.listdir(SRC) if os.path.isdir(os.path.join(SRC, name))}
    assert there <= set(ROOMS)
    assert [name for name in os.listdir(SRC) if name not in there] == ["main.c"]
    assert not [path for path in files("*/*/*")]  # no rooms within rooms


@pytest.mark.parametrize("path", ALL)
def test_arrows(path):
    room = os.path.dirname(path)
    allowed = (ROOMS[room] if room else {"cmd"}) | {room, "base"}
    for included in includes(path):
        assert os.path.exists(os.path.join(SRC, included)), f"{included} is not named from the root of src/"
        assert os.path.dirname(included) in allowed, f"src/{path} may not include {included}"


def test_no_room_uses_itself_over_others():
    """The arrows drawn above have no way back, and nor have those between the rooms as they are."""
    arrows = {}
    for path in files():
        arrows.setdefault(os.path.dirname(path), set()).update(
            os.path.dirname(i) for i in includes(path) if os.path.dirname(i) != os.path.dirname(path))
    for graph in (arrows, ROOMS):
        done, now = set(), []

        def visit(room):
            assert room not in now, " -> ".join([*now, room])
            if room not in done:
                now.append(room)
                for other in sorted(graph.get(room, ())):
                    visit(other)
                done.add(now.pop())

        for room in graph:
            visit(room)


def test_no_cycle_of_headers():
    done, now = set(), []

    def visit(path):
        assert path not in now, " -> ".join([*now, path])
        if path not in done:
            now.append(path)
            for other in includes(path):
                visit(other)
            done.add(now.pop())

    for path in ALL:
        visit(path)


@pytest.mark.parametrize("path", files("*/*.h"))
def test_headers(path):
    text = text_of(path)
    guard = "ECR_" + re.sub(r"[/.]", "_", path).upper()
    assert text.startswith(f"#ifndef {guard}\n#define {guard}\n") and text.rstrip().endswith("#endif")
    assert any(path in includes(other) for other in ALL), "nobody includes it"
    assert "/*" in text, "a header is the manual of its file"


@pytest.mark.parametrize("path", ALL)
def test_sizes_of_files(path):
    lines = text_of(path).count("\n")
    assert lines < (MAIN_MAX if path == "main.c" else FILES_MAX + 1)


def functions(text):
    """(first line, number of lines) of each function body: what begins with `{` and ends with `}` in the first column."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, number - start + 1
            start = None


@pytest.mark.parametrize("path", [path for path in ALL if path.endswith(".c")])
def test_sizes_of_functions(path):
    assert not [(line, size) for line, size in functions(text_of(path)) if size > FUNCTION_MAX]


def test_functions_are_small_as_a_rule():
    sizes = sorted(size for path in ALL for _, size in functions(text_of(path)))
    assert len(sizes) > 300  # the pattern finds them
    assert sizes[len(sizes) // 2] <= 16


@pytest.mark.parametrize("path", [path for path in ALL if os.path.dirname(path) not in ("", "cmd", "term")])
def test_only_the_top_exits_and_prints(path):
    """Nothing below cmd/ prints or ends the program, out of memory (arena.c) excepted."""
    text = re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", "", text_of(path), flags=re.DOTALL)
    found = re.findall(r"\b(printf|puts|putchar|fputs|perror|fprintf|vfprintf|exit|_exit)\s*\(", text)
    assert not found or path == "base/arena.c", found


@pytest.mark.parametrize("path", ALL)
def test_no_shell_and_nothing_unbounded(path):
    text = re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", "", text_of(path), flags=re.DOTALL)
    assert not re.findall(r"\b(system|popen|sprintf|vsprintf|gets|scanf|sscanf|atoi|alloca|tmpnam|mktemp|strtok)\s*\(", text)


def test_top_level():
    """Nothing else lies there, apart from dot files."""
    kept = subprocess.run(["git", "-c", "safe.directory=*", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    names = kept.stdout.split() if kept.returncode == 0 else []
    if not names:  # not a checkout: an archive of the sources
        names = [name for name in os.listdir(ROOT) if name != "build"]
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.startswith(".")} <= {"build.sh", "Makefile", "README.md", "LICENSE", "src", "vendor",
                                                                "tests"}
    assert {"build.sh", "Makefile", "LICENSE", "src", "vendor", "tests"} <= tops
