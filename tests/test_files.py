"""`-f FILE`: references from lists, Kubernetes manifests and Compose files, where each came from, and files that are broken."""

import json
import os
import resource
import subprocess

import pytest

from lab.client import ROOT
from support_net import file_of

# Nothing answers there, at once: what was read from a file shows in the verdicts.
NOBODY = "refusing.lab.test"
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
SANITIZED = any(word in BINARY for word in ("asan", "tsan", "cov"))

POD = f"""\
apiVersion: v1
kind: Pod
metadata:
  name: one
  annotations: {{image: {NOBODY}/no:annotation}}
spec:
  initContainers:
  - name: init
    image: {NOBODY}/init:1        # a comment
  containers:
    - image: "{NOBODY}/app:1"
      name: app
    - name: side
      image: '{NOBODY}/side:1'
  ephemeralContainers:
  - {{name: debug, image: {NOBODY}/debug:1}}
  imagePullSecrets: [{{name: image}}]
"""
POD_IMAGES = [("init:1", 9), ("app:1", 11), ("side:1", 14), ("debug:1", 16)]


def read(lab, text, name="images.yaml", env=None, code=4, arguments=()):
    """[(image without its host, line)] that a file names."""
    path = file_of(os.path.join(lab.folder, "tmp", name), text)
    result = lab.ecr("check", "--json", "--via", "registry", "--max-attempts", "1", "-q", *arguments, "-f", path, key=None,
                     env=env)
    assert result.code == code, result
    assert all(shown["file"] == path for shown in result.json)
    return [(shown["image"].removeprefix(NOBODY + "/"), shown["line"]) for shown in result.json]


def fault(lab, text, name="images.yaml", env=None):
    """(line number, message) of a file that is refused: one line on stderr, exit 2, nothing asked."""
    path = file_of(os.path.join(lab.folder, "tmp", name), text)
    result = lab.ecr("check", "-f", path, key=None, env=env)
    assert (result.code, result.stdout) == (2, ""), result
    line, = result.stderr.splitlines()
    assert line.startswith(f"ecr: {path}: line ") and lab.dns_queries() == []
    number, _, message = line.removeprefix(f"ecr: {path}: line ").partition(": ")
    assert len(line) < 1000
    return int(number), message


# ---- lists

def test_a_list(lab):
    text = f"# ours\n\n{NOBODY}/a:1\n   {NOBODY}/b:2  # with a comment\r\n\t{NOBODY}/c@sha256:{'1' * 64}\n\n{NOBODY}/a:1"
    assert read(lab, text, "list.txt") == [("a:1", 3), ("b:2", 4), (f"c@sha256:{'1' * 64}", 5), ("a:1", 7)]


@pytest.mark.parametrize("first", ["kind:v1", "name:1", "version:2", "items:3", "x-team/app:1", "spec:1", "services:1"])
def test_names_that_look_like_keys(lab, first):
    """A list whose images are called like the keys of a manifest."""
    assert read(lab, f"{NOBODY}/a:1\n{first}\n", "list.txt")[0] == ("a:1", 1)
    names = [name for name, _ in read(lab, f"{first}\n{NOBODY}/a:1\n", "list.txt")]
    assert names == [first, "a:1"]


@pytest.mark.parametrize("line, word", [("a/UPPER:1", "lower-case"), ("a b", "a b"), ("a:1 b:2", "a:1 b:2"), (":1", ":1"),
                                        ("a@sha256:1", "sha256:1"), ("\x1b[31mred", "?[31mred")])
def test_a_line_that_is_no_image(lab, line, word):
    number, message = fault(lab, f"{NOBODY}/a:1\n{line}\n", "list.txt")
    assert number == 2 and word in message and "is not an image reference" in message and "\x1b" not in message


# ---- Kubernetes

def test_a_pod(lab):
    assert read(lab, POD) == POD_IMAGES


def test_all_documents(lab):
    text = f"# none in here\n---\nkind: ConfigMap\ndata:\n  image: {NOBODY}/no:1\n---\n{POD}...\n---\n{POD}"
    assert read(lab, text) == [(i, n + 6) for i, n in POD_IMAGES] + [(i, n + 25) for i, n in POD_IMAGES]


def indented(text, columns):
    return "".join(" " * columns + line + "\n" for line in text.splitlines())


TEMPLATE = f"template:\n  spec:\n    containers:\n    - name: a\n      image: {NOBODY}/a:1\n"


@pytest.mark.parametrize("text, line", [
    ("kind: Deployment\nspec:\n" + indented(TEMPLATE, 2), 7),
    ("kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n" + indented(TEMPLATE, 6), 9),
    ("kind: PodTemplate\n" + TEMPLATE, 6),
    ("kind: List\nitems:\n- kind: Job\n  spec:\n" + indented(TEMPLATE, 4), 9),
    ("kind: List\nitems:\n  - kind: Job\n    spec:\n" + indented(TEMPLATE, 6), 9),
    ("kind: Rollout\nspec:\n  of:\n    a:\n      custom:\n        resource:\n" + indented(TEMPLATE, 10), 11),
])
def test_wherever_a_pod_stands(lab, text, line):
    assert read(lab, text) == [("a:1", line)]


@pytest.mark.parametrize("indent", [None, 2, 4], ids=str)
def test_json(lab, indent):
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {
        "containers": [{"name": "a", "image": f"{NOBODY}/a:1", "args": ["}", "\"image\": \"x\"", "\\"]},
                       {"image": f"{NOBODY}/b:1", "name": "b", "env": []}],
        "initContainers": [{"name": "c", "image": f"{NOBODY}/c:1"}]}}
    text = json.dumps({"kind": "List", "items": [pod]}, indent=indent)
    for name in ("list.json", "from-kubectl"):
        read_names = read(lab, text, name)
        assert [image for image, _ in read_names] == ["a:1", "b:1", "c:1"]
        lines = text.splitlines()
        assert all(f'{NOBODY}/{image}"' in lines[number - 1] for image, number in read_names)


def test_keys_of_other_kinds_are_no_images(lab):
    text = f"""\
kind: Deployment
image: {NOBODY}/no:1
spec:
  image: {NOBODY}/no:2
  containers:
    image: {NOBODY}/no:3
  template: {{spec: {{containers: [{{name: x, image: {NOBODY}/yes:1, env: [{{name: image, value: {NOBODY}/no:4}}]}}]}}}}
  values: {{image: {{repository: {NOBODY}/no, tag: "5"}}}}
"""
    assert read(lab, text) == [("yes:1", 7)]


SCRIPTS = {
    # what stands in a container beside its image; none of it may be taken for YAML
    "a block of a key": "command: |\n  [ -f x ] && echo \"y\n  image: no\n  - {",
    "folded, with marks": "command: >-\n  'open\n\n  containers:\n  - image: no",
    "a block in a sequence": "args:\n- |\n  [ -f x ] && echo \"y\n  \ttab: here\n  image: no\n- -c",
    "deeper in a sequence": "args:\n  - |\n    { image: no\n  - >\n    'x",
    "with an indentation": "args:\n- |2-\n   x\n   image: \"no\n",
    "a quoted text over lines": "args: [\"one\n  image: no\", 'it''s\n   two']",
    "plain texts": "args: [-c, 'a: b', http://x:1/#y, a#b]\nnote: it's a [plain] {text}, with: 'marks'",
    "flow over lines": "env: [\n  {name: a, value: \"]\"}, # a comment with ]\n  {name: b, value: '}'},\n]",
    "tags and anchors": "env: &env !!seq\n- &one {name: a}\n- !!map\n  name: b",
    "empty values": "env:\ncommand: ~\nargs: []\nresources: {}\nlifecycle: ''",
    "Windows' line ends": "env: []\r\nargs: [a,\r\n  b]\r",
    "keys in quotes": "\"na: me\": x\n'args': [\"a\"]",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_stands_beside_an_image(lab, name):
    text = (f"spec:\n  containers:\n  - name: a\n    image: {NOBODY}/a:1\n" + indented(SCRIPTS[name], 4)
            + f"  - name: b\n    image: {NOBODY}/b:1\n")
    assert [image for image, _ in read(lab, text)] == ["a:1", "b:1"]


@pytest.mark.parametrize("value", [
    "{}/a:1", "'{}/a:1'", '"{}/a:1"', "\n      {}/a:1", "&name {}/a:1", "!!str {}/a:1", ">-\n      {}/a:1", "|\n      {}/a:1",
    "   {}/a:1   ", '"{}/\\x61:1"', "*name", "{}/a:1 # it"])
def test_spellings_of_a_value(lab, value):
    """However an image's name is written, it is not passed over."""
    text = f"spec:\n  anchors: &name {NOBODY}/a:1\n  containers:\n  - name: a\n    image: {value.format(NOBODY)}\n    tty: true\n"
    assert [image for image, _ in read(lab, text)] == ["a:1"]


# ---- Compose

ENVIRONMENT = {"TAG": "7", "EMPTY": "", "HOST": NOBODY, "B": "b"}


@pytest.mark.parametrize("written, image", [
    ("$HOST/a:$TAG", "a:7"), ("${HOST}/a:${TAG}", "a:7"), ("$HOST/a:${NONE:-5}", "a:5"), ("$HOST/a:${EMPTY:-5}", "a:5"),
    ("$HOST/a:${NONE-5}", "a:5"), ("$HOST/a${EMPTY-5}", "a"), ("$HOST/a:${TAG:-5}", "a:7"), ("$HOST/a:${TAG:?it must}", "a:7"),
    ("$HOST/a${EMPTY?it must}", "a"), ("$HOST/a${TAG:+:6}", "a:6"), ("$HOST/a${NONE:+:6}", "a"), ("$HOST/a${EMPTY:+:6}", "a"),
    ("$HOST/a${EMPTY+:6}", "a:6"), ("$HOST/a:${NONE:-${B}${NONE:-x}}", "a:bx"), ("${NONE:-$HOST/a:1}", "a:1"),
    ("$HOST/a:${NONE:-}1", "a:1"), ("$HOST/a$NONE:1", "a:1"), ("$HOST/a-$B-c:1", "a-b-c:1"),
    ("${HOST}/a:${NONE:-v1.0-rc}", "a:v1.0-rc"),
])
def test_variables_of_compose(lab, written, image):
    text = f"services:\n  web:\n    image: \"{written}\"\n"
    assert read(lab, text, env=ENVIRONMENT) == [(image, 3)]


@pytest.mark.parametrize("written, word", [
    ("a:${NONE:?set the tag}", "set the tag"), ("a:${EMPTY:?set it}", "set it"), ("a:${NONE?}", "must be set"), ("a:${", "$$"),
    ("a:${TAG", "$$"), ("a:$", "$$"), ("a:${1}", "$$"), ("a:${TAG!x}", "operator"), ("a:$$TAG", "a:$TAG"),
    ("${NONE}", "not an image reference"), ("a:${X:-" * 40 + "1" + "}" * 40, "nested too deep")])
def test_variables_that_do_not_do(lab, written, word):
    number, message = fault(lab, f"services:\n  web:\n    build: .\n    image: \"{written}\"\n", env=ENVIRONMENT)
    assert number == 4 and word in message


def test_variables_are_of_compose_alone(lab):
    number, message = fault(lab, "kind: Pod\nspec:\n  containers:\n  - image: a:$TAG\n", env=ENVIRONMENT)
    assert number == 4 and "a:$TAG" in message


def test_a_compose_file(lab):
    text = f"""\
x-base: &base
  image: {NOBODY}/base:1
services:
  web:
    <<: *base
    environment:
      image: {NOBODY}/no:1
      X: "${{NOT_LOOKED_AT"
  db: {{image: {NOBODY}/db:1, ports: ["5432:5432"]}}
  built:
    build: {{context: ., args: [image=x]}}
volumes:
  image: {{}}
"""
    assert read(lab, text, "compose.yml") == [("base:1", 2), ("db:1", 9)]
    assert read(lab, text, "no-suffix") == [("base:1", 2), ("db:1", 9)]


# ---- stdin, several files, what is shown

def test_stdin(lab):
    for text, name in ((POD, "app:1"), (f"{NOBODY}/app:1\n", "app:1")):
        result = lab.ecr("check", "--via", "registry", "-q", "--max-attempts", "1", "-f", "-", stdin=text, key=None)
        assert result.code == 4 and any(f"{NOBODY}/{name}  unreachable  stdin:" in line for line in result.lines)


def test_several_files_and_operands(lab, tmp_path):
    """Operands first, then the files as they were named; each line says where it comes from."""
    repository = lab.create_repository("app")
    made = lab.push_image(f"{repository}:v1")
    one = file_of(tmp_path / "one.txt", f"{repository}:v1\n")
    two = file_of(tmp_path / "two.yaml", f"kind: Pod\nspec:\n  containers:\n  - image: {repository}:none\n")
    result = lab.ecr("check", "-f", two, f"{repository}:v1", "-f", one)
    assert result.code == 1 and result.lines == [
        f"present  {repository}:v1  {made.digest}", f"absent  {repository}:none  no-image  {two}:4",
        f"present  {repository}:v1  {made.digest}  {one}:1"]
    shown = lab.ecr("check", "--json", "--file", two, f"--file={one}").json
    assert [(s["file"], s["line"], s["state"]) for s in shown] == [(two, 4, "absent"), (one, 1, "present")]
    assert list(shown[0])[:4] == ["image", "reference", "file", "line"]
    plain = lab.ecr("check", "--json", f"{repository}:v1").json[0]
    assert "file" not in plain and "line" not in plain


@pytest.mark.parametrize("text, word", [("", "names no image"), ("# nothing\n", "names no image"),
                                        ("kind: Service\nspec: {}\n", "names no image"), ("a\0b", "NUL")])
def test_a_file_without_images(lab, tmp_path, text, word):
    path = file_of(tmp_path / "x.yaml", text)
    result = lab.ecr("check", "-f", path)
    assert (result.code, result.stdout) == (2, "") and result.stderr.startswith(f"ecr: {path}: ") and word in result.stderr


@pytest.mark.parametrize("path, word", [("/none/x", "No such file"), ("/", "directory"), ("/proc/self/mem", "cannot read")])
def test_a_file_that_cannot_be_read(lab, path, word):
    result = lab.ecr("check", "-f", path)
    assert result.code == 2 and result.stderr.startswith(f"ecr: {path}: ") and word in result.stderr


def test_errors_in_json(lab, tmp_path):
    path = file_of(tmp_path / "x.yaml", "a: [1, 2\n")
    shown, = lab.ecr("check", "--json", "-f", path).json
    assert shown["error"]["subject"] == path and shown["error"]["reason"] == "usage" and "line" in shown["error"]["cause"]


# ---- broken

BROKEN = {
    "an open bracket": ("a: 1\nb: [1,\n2\n", 2), "an open brace": ("a: {b: 1\n", 1), "an open quote": ("a: 1\nb: \"x\n", 2),
    "an open single quote": ("a: 'x\n\n\n", 1), "a tab": ("a:\n\tb: 1\n", 2), "text alone": ("a: 1\njust text\n", 2),
    "behind a quote": ("a: \"b\" c\n", 1), "behind a bracket": ("a: [b] c\n", 1), "a comma": ("a: {b: 1 c: [2] {}}\n", 1),
    "brackets crossed": ("a: [{]}\n", 1), "depth in flow": ("a: " + "[" * 1000 + "]" * 1000, 1),
    "depth of braces": ("a: " + "{a: " * 1000, 1), "depth of blocks": ("".join(" " * n + "a:\n" for n in range(200)), 65),
    "depth of dashes": ("- " * 1000 + "a\n", 1), "binary": ("\x01\x02\x03: {\x7f{{", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_yaml(lab, name):
    """One clear line with the file and the line, exit 2, and nothing is asked."""
    text, line = BROKEN[name]
    number, message = fault(lab, text)
    assert abs(number - line) <= 2 and message and "\x01" not in message


def lines_of(size):
    return f"- image: {NOBODY}/a:1\n" * (size // 32)


ENORMOUS = {
    "more than is read": lambda: "a: 1\n" * (4 << 20), "one line": lambda: "a: " + "x" * (15 << 20),
    "a quote without end": lambda: 'a: "' + "x" * (15 << 20), "brackets": lambda: "[" * (15 << 20),
    "braces with keys": lambda: "a: " + "{a: " * (3 << 20), "spaces": lambda: "a:\n" + " " * (15 << 20) + "b: 1\n",
    "empty lines in a quote": lambda: 'a: "' + "\n" * (15 << 20), "dashes": lambda: "- " * (7 << 20),
    "anchors": lambda: "a: " + "&a " * (5 << 20), "many keys": lambda: "kk: v\n" * (2 << 20),
    "many anchors": lambda: "".join(f"a{n}: &a{n} x\n" for n in range(250_000)) + "b: [" + "*a1, " * 250_000 + "]\n",
    "a flow of many": lambda: "a: [" + "x, " * (4 << 20) + "]\n", "colons": lambda: ": " * (7 << 20),
    "blocks": lambda: "a: |\n" + " b\n" * (4 << 20),
}


@pytest.mark.skipif(SANITIZED, reason="sanitizers have a price")
@pytest.mark.parametrize("name", ENORMOUS)
def test_enormous_yaml(tmp_path, name):
    """16 MiB at most are read, in time and memory that are bounded whatever is in them."""
    path = tmp_path / "x.yaml"
    path.write_text(ENORMOUS[name]())
    assert path.stat().st_size > 5 << 20
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([BINARY, "check", "-f", path], env={}, capture_output=True, timeout=10, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (192 << 20, 192 << 20)))
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 3
    assert done.returncode == 2 and done.stdout == "", done
    line, = done.stderr.splitlines()
    assert line.startswith(f"ecr: {path}: ") and len(line) < 1000
