"""`ecr-credential-provider`: what the kubelet sends, and whether it would take the answer."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import time

import pytest

from lab import synth
from lab.client import ROOT, SANITIZER
from support_net import assert_no_secrets

ACCOUNT, REGION = "123456789012", "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PUBLIC = "public.ecr.aws"
GROUP = "credentialprovider.kubelet.k8s.io"
VERSIONS = ["v1", "v1beta1", "v1alpha1"]
ANNOTATION = "eks.amazonaws.com/ecr-role-arn"
BINARY = os.path.join(ROOT, os.environ.get("ECR_BIN") or "build/ecr")


# ---- the kubelet's side: k8s.io/kubernetes/pkg/credentialprovider/plugin

class Rejected(Exception):
    """The kubelet would pull without these credentials."""


def once(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Rejected("a member twice")
    return dict(pairs)


def only(value, kinds):
    """An object that has no other members than these, each of its type."""
    if not isinstance(value, dict):
        raise Rejected(f"no object: {value!r}")
    for name, member in value.items():
        if name not in kinds:
            raise Rejected(f"unknown member {name}")
        if member is not None and not isinstance(member, kinds[name]):
            raise Rejected(f"{name} is of a wrong type")
    return value


def decode(text, version):
    """The response as {cacheKeyType, cacheDuration or None, auth}, by the rules of the strict codec."""
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except ValueError as error:
        raise Rejected(f"not one JSON value: {error}") from None
    if not isinstance(value, dict) or value.get("apiVersion") != f"{GROUP}/{version}":
        raise Rejected("another apiVersion than was asked for")
    only(value, {"kind": str, "apiVersion": str, "cacheKeyType": str, "cacheDuration": str, "auth": dict})
    if value.get("kind") != "CredentialProviderResponse":
        raise Rejected("another kind")
    if value.get("cacheKeyType") not in ("Image", "Registry", "Global"):
        raise Rejected("no valid cacheKeyType")
    duration = value.get("cacheDuration")
    if duration is not None and not re.fullmatch(r"0|[-+]?((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+", duration):
        raise Rejected("no duration of Go's")
    for entry in (value.get("auth") or {}).values():
        only(entry, {"username": str, "password": str})
    return value


GOOD = ('{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",'
        '"cacheKeyType":"Registry"%s}')


@pytest.mark.parametrize("text", [
    "", "x", GOOD % "" + "{}", "log\n" + GOOD % "", GOOD % ',"metadata":{}', GOOD % ',"cachekeytype":"Registry"',
    GOOD % ',"auth":[]', GOOD % ',"auth":{"h":{"username":"a","password":"b","x":1}}', GOOD % ',"cacheDuration":21600',
    GOOD % ',"cacheDuration":"1d"', GOOD % ',"cacheDuration":"21600"', (GOOD % "").replace("/v1", "/v1beta1"),
    (GOOD % "").replace("Response", "Request"), (GOOD % "").replace("Registry", "registry"),
    GOOD % ',"kind":"CredentialProviderResponse"', GOOD % ',"auth":{"h":{"Username":"a"}}'])
def test_this_kubelet_is_strict(text):
    with pytest.raises(Rejected):
        decode(text.encode(), "v1")
    decode((GOOD % ',"cacheDuration":"5h59m59.5s","auth":{"h":{"username":"a","password":"b"}}' + "\n").encode(), "v1")


# ---- driving it

class Run:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr.decode(errors="replace")
        self.stdout, self.stderr = "", self.err

    def answer(self, version="v1"):
        assert self.code == 0, self
        return decode(self.out, version)

    def __repr__(self):
        return f"exit {self.code}, stdout {self.out!r}, stderr {self.err!r}"


def request(image, version="v1", **more):
    """The bytes that the kubelet sends."""
    value = {"kind": "CredentialProviderRequest", "apiVersion": f"{GROUP}/{version}", "image": image, **more}
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").encode() + b"\n"


def pod(token, role=None, **annotations):
    """What a request has of a pod: its service account's token, and annotations with the role."""
    if role is not None:
        annotations[ANNOTATION] = role
    return {"serviceAccountToken": token, **({"serviceAccountAnnotations": annotations} if annotations else {})}


class Node:
    """A place where the kubelet runs the program by its name."""

    def __init__(self, lab, path):
        self.lab, self.path = lab, path
        self.program = path / "bin" / "ecr-credential-provider"
        self.program.parent.mkdir()
        self.program.symlink_to(BINARY)

    def run(self, text, *arguments, key="full", program=None, **env):
        given = {"SSL_CERT_FILE": self.lab.ca, "AWS_EC2_METADATA_DISABLED": "true", **self.lab.key_environment(key),
                 **env}
        given = {name: str(value) for name, value in given.items() if value is not None}
        words = program or [self.program]
        done = subprocess.run([*words, *arguments], input=text, env=given, cwd=self.path, capture_output=True,
                              timeout=60)
        run = Run(done)
        assert not SANITIZER.search(run.err), run.err
        return run

    def asked(self, service):
        return self.lab.requests(service=service)

    def fails(self, text, *words, code=None, **options):
        """No answer: an exit status that says so, nothing on stdout, one line with the words."""
        run = self.run(text, **options)
        assert run.code in ((3, 4, 5) if code is None else (code,)) and run.out == b"", run
        line, = run.err.splitlines()
        assert line.startswith("ecr: ") and [word for word in words if word not in line] == [], line
        return run


@pytest.fixture
def node(lab, tmp_path):
    return Node(lab, tmp_path)


def is_good(lab, host, password):
    try:
        synth.Pusher(host, synth.basic("AWS", password), lab.ca).ask("GET", "/v2/")
        return True
    except RuntimeError:
        return False


# ---- images

# image: (its registry, the host of the API that is asked)
IMAGES = {
    f"{HOST}/team/app": (HOST, "api.ecr.us-east-1.amazonaws.com"),
    f"{HOST}/a/b/c/d:v1": (HOST, "api.ecr.us-east-1.amazonaws.com"),
    f"{HOST}/app@sha256:{'1' * 64}": (HOST, "api.ecr.us-east-1.amazonaws.com"),
    f"{HOST}:443/app": (HOST, "api.ecr.us-east-1.amazonaws.com"),
    HOST: (HOST, "api.ecr.us-east-1.amazonaws.com"),
    "999999999999.dkr.ecr.eu-west-1.amazonaws.com/app": ("999999999999.dkr.ecr.eu-west-1.amazonaws.com",
                                                         "api.ecr.eu-west-1.amazonaws.com"),
    f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/app": (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn",
                                                           "api.ecr.cn-north-1.amazonaws.com.cn"),
    f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com/app": (f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                                                                "ecr-fips.us-gov-west-1.amazonaws.com"),
    f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws/app": (f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws", "ecr.us-east-1.api.aws"),
    f"{PUBLIC}/eks-distro/pause": (PUBLIC, "api.ecr-public.us-east-1.amazonaws.com"),
    "ecr-public.aws.com/x/y": ("ecr-public.aws.com", "ecr-public.us-east-1.api.aws"),
}


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("version", VERSIONS)
def test_images(node, image, version):
    host, api = IMAGES[image]
    run = node.run(request(image, version), AWS_REGION="ap-south-1")
    answer = run.answer(version)
    assert run.err == "" and answer["cacheKeyType"] == "Registry" and answer["auth"].keys() == {host}
    assert answer["auth"][host]["username"] == "AWS"
    asked, = node.asked("api") + node.asked("api-public")
    assert asked["host"] == api or "fips" in api and "fips" in asked["host"]
    assert asked["body"] == "{}"  # the token is the caller's own, for every registry
    if "public" not in host:
        assert is_good(node.lab, host, answer["auth"][host]["password"])


@pytest.mark.parametrize("version", VERSIONS)
def test_bytes(node, version):
    """In the order and notation of the cloud provider's own plugin."""
    run = node.run(request(f"{HOST}/app", version))
    pattern = (rb'\{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/%s",'
               rb'"cacheKeyType":"Registry","cacheDuration":"(6h0m0s|5h59m5\ds)",'
               rb'"auth":\{"%s":\{"username":"AWS","password":"[A-Za-z0-9+/=]+"\}\}\}\n')
    assert re.fullmatch(pattern % (version.encode(), HOST.encode()), run.out), run


NOT_ECR = ["nginx", "docker.io/library/nginx:1", "registry.lab.test/app", "localhost:5000/app", "[::1]:5000/x",
           HOST.upper() + "/app",
           f"{HOST}.evil.com/app", f"evil.com/{HOST}/app", f"{HOST}@evil.com/app", f"x{HOST}/app", f"http://{HOST}/app",
           "12345.dkr.ecr.us-east-1.amazonaws.com/app", f"{ACCOUNT}.dkr.ecr.evil.amazonaws.com/app",
           "public.ecr.aws.evil.com/app", f"{HOST}\n/app", f"{HOST}\0/app", " ", "/", ":", "ümlaut.example/x"]


@pytest.mark.parametrize("image", NOT_ECR)
@pytest.mark.parametrize("version", VERSIONS)
def test_images_of_others(node, image, version):
    """No credentials, and none asked for: theirs hands ECR's token to docker.io."""
    run = node.run(request(image, version, **pod("a-token", "arn:aws:iam::123456789012:role/app")), key=None,
                   AWS_REGION=REGION)
    if run.code:  # a NUL, say, is no image at all
        assert run.out == b"" and "\0" in image
    else:
        assert run.answer(version) == {"kind": "CredentialProviderResponse", "apiVersion": f"{GROUP}/{version}",
                                       "cacheKeyType": "Registry",
                                       "auth": {}} and run.err == ""
    assert node.lab.requests() == [] and node.lab.connections() == [] and node.lab.dns_queries() == []


@pytest.mark.parametrize("seconds, shown", [(43200, ["6h0m0s", "5h59m59s"]), (7200, ["1h0m0s", "59m59s"]),
                                            (3602, ["30m1s", "30m0s", "29m59s"]),
                                            (120, ["1m0s", "59s"]), (119, ["59s", "58s"]), (10, ["5s", "4s"]),
                                            (2, ["1s", "0s"]), (1, ["0s"]), (0, ["0s"]), (-100, ["0s"])])
def test_how_long_it_may_be_kept(node, seconds, shown):
    """Half of its life; what is over is not kept at all, rather than for the kubelet's default time."""
    node.lab.setting(token_seconds=seconds)
    assert node.run(request(f"{HOST}/app")).answer()["cacheDuration"] in shown


def test_a_token_that_does_not_say_when_it_ends(node):
    node.lab.fault("body", service="api", text='{"authorizationData":[{"authorizationToken":"QVdTOnB3"}]}')
    assert node.run(request(f"{HOST}/app")).answer()["cacheDuration"] == "0s"


def test_passwords_are_escaped(node):
    node.lab.fault("body", service="api", text='{"authorizationData":[{"authorizationToken":"QVdTOjwiXD4mw6k="}]}')
    assert node.run(request(f"{HOST}/app")).answer()["auth"] == {HOST: {"username": "AWS", "password": '<"\\>&é'}}


# ---- how the kubelet calls it

@pytest.mark.parametrize("arguments", [[], ["get-credentials"], ["--region", "eu-west-1"],
                                       ["--region=eu-west-1", "get-credentials"],
                                       ["--max-attempts", "2"], ["--timeout", "20s"], ["-q"], ["--json"],
                                       ["--color", "always"]], ids=str)
def test_arguments(node, arguments):
    """`args` of the kubelet's configuration: EKS's own has the word get-credentials. The image says which region."""
    assert node.run(request(f"{HOST}/app"), *arguments).answer()["auth"].keys() == {HOST}
    assert node.asked("api")[0]["host"] == node.lab.api_host


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--timeout", "soon"], ["--region"]], ids=str)
def test_arguments_that_are_none(node, arguments):
    run = node.run(request(f"{HOST}/app"), *arguments)
    assert (run.code, run.out) == (2, b"") and run.err.startswith("ecr: ") and node.lab.requests() == []


@pytest.mark.parametrize("how", ["link", "copy", "command", "by argv alone"])
def test_names_it_is_called_by(node, how):
    text, env = request(f"{HOST}/app"), {"SSL_CERT_FILE": node.lab.ca, **node.lab.key_environment("full")}
    words, program = [str(node.program)], node.program
    if how == "copy":
        program = node.path / "ecr-credential-provider"
        shutil.copy(BINARY, program)
    elif how == "command":
        words, program = ["ecr", "kubelet-credentials"], BINARY
    elif how == "by argv alone":
        words, program = ["ecr-credential-provider"], BINARY
    run = Run(subprocess.run(words, executable=program, input=text, env=env, capture_output=True, timeout=60))
    assert run.answer()["auth"].keys() == {HOST}


def test_a_node_s_own_role(node):
    """Without a word in the environment, as the kubelet runs it on EC2."""
    node.lab.metadata(role="session")
    run = node.run(request(f"{HOST}/app"), key=None, AWS_EC2_METADATA_DISABLED=None)
    assert is_good(node.lab, HOST, run.answer()["auth"][HOST]["password"])
    assert node.asked("api")[0]["key"] == node.lab.issued(service="imds")[-1]["access_key_id"]
    assert sorted(os.listdir(node.path)) == ["bin"]


def test_a_request_in_pieces(node):
    process = subprocess.Popen([node.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env={"SSL_CERT_FILE": node.lab.ca, **node.lab.key_environment("full")})
    text = request(f"{HOST}/app")
    for at in range(0, len(text), 40):
        process.stdin.write(text[at:at + 40])
        process.stdin.flush()
        time.sleep(0.02)
    out, _ = process.communicate(timeout=20)
    assert decode(out, "v1")["auth"].keys() == {HOST}


@pytest.mark.parametrize("drip", [False, True], ids=["silence", "a byte now and then"])
def test_a_request_without_end(node, drip):
    """--timeout is for the wait, too."""
    process = subprocess.Popen([node.program, "--timeout", "800ms"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={"SSL_CERT_FILE": node.lab.ca, **node.lab.key_environment("full")})
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < 4:
        if drip:
            with contextlib.suppress(BrokenPipeError):
                os.write(process.stdin.fileno(), b" ")
        time.sleep(0.05)
    took = time.monotonic() - began
    process.kill()
    out, err = process.communicate()
    assert 0.7 < took < 2 and out == b"" and process.returncode > 0 and b"did not come in time" in err, (took, out, err)


@pytest.mark.parametrize("where", ["/dev/full", "closed"])
def test_an_answer_that_cannot_be_written(node, where):
    env = {"SSL_CERT_FILE": node.lab.ca, **node.lab.key_environment("full")}
    with open("/dev/full", "wb") as out:
        done = subprocess.run([node.program], input=request(f"{HOST}/app"), env=env, stdout=out,
                              stderr=subprocess.PIPE, timeout=20,
                              preexec_fn=None if where == "/dev/full" else lambda: os.close(1))
    assert done.returncode == 5 and b"standard output" in done.stderr


# ---- whose credentials

A, B = "arn:aws:iam::123456789012:role/by-annotation", "arn:aws:iam::123456789012:role/by-environment"
NODE, NOBODY = "the node's own", "refused"
# (role by annotation, role by environment, further members over the pod's, the role that is taken on). A kubelet that sends a
# token is to pull as the pod: a role that nobody named must not make it the node.
ROLES = {
    "annotation": (A, None, {}, A), "environment": (None, B, {}, B), "both": (A, B, {}, A),
    "an empty annotation": ("", None, {}, NOBODY), "an empty annotation, and environment": ("", B, {}, NOBODY),
    "neither": (None, None, {}, NOBODY), "an empty variable": (None, "", {}, NOBODY),
    "no token": (A, B, {"serviceAccountToken": None}, NODE),
    "an empty token": (A, B, {"serviceAccountToken": ""}, NODE),
    "null for annotations": (None, B, {"serviceAccountAnnotations": None}, B),
    "others": (None, None, {"serviceAccountAnnotations": {"eks.amazonaws.com/role-arn": A, ANNOTATION.upper(): A}}, NOBODY),
}


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("key", ["full", None], ids=["a node with a key", "a node without"])
def test_roles(node, name, key):
    annotation, variable, more, role = ROLES[name]
    for arn in (A, B):
        node.lab.role(arn)
    token = node.lab.web_token(roles=[A, B])
    text = request(f"{HOST}/app", **{**pod(token, annotation, **{"other/annotation": "x"}), **more})
    if role is NOBODY:
        run = node.fails(text, "service account", "role", ANNOTATION, "AWS_ECR_ROLE_ARN", key=key, code=3, AWS_ECR_ROLE_ARN=variable)
        assert token not in run.err and node.lab.requests() == [] and node.lab.connections() == []
        return
    if key is None and role is NODE:
        assert node.fails(text, "no credentials", key=None, code=3, AWS_ECR_ROLE_ARN=variable)
        return
    run = node.run(text, key=key, AWS_ECR_ROLE_ARN=variable)
    assert is_good(node.lab, HOST, run.answer()["auth"][HOST]["password"]) and run.err == ""
    if role is NODE:
        assert node.asked("sts") == [] and node.asked("api")[0]["key"] == node.lab.keys["full"]["access_key_id"]
        return
    asked, = node.asked("sts")
    assert asked["form"] == {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": role,
                             "RoleSessionName": "ecr-credential-provider", "WebIdentityToken": token}
    assert asked["host"] == "sts.us-east-1.amazonaws.com" and "authorization" not in asked["headers"]
    assert node.asked("api")[0]["key"] == node.lab.issued(service="sts")[-1]["access_key_id"]


@pytest.mark.parametrize("image, host", [
    (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/x", "sts.eu-west-1.amazonaws.com"),
    (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/x", "sts.cn-north-1.amazonaws.com.cn"),
    (f"{PUBLIC}/x", "sts.us-east-1.amazonaws.com")])
def test_sts_is_asked_where_the_image_is(node, image, host):
    partition = "aws-cn" if ".cn" in image else "aws"
    role = node.lab.role(f"arn:{partition}:iam::{ACCOUNT}:role/app")
    text = request(image, **pod(node.lab.web_token(roles=[role]), role))
    assert node.run(text, key=None, AWS_REGION="ap-south-1").answer()["auth"].keys() == {image.partition("/")[0]}
    assert [r["host"] for r in node.asked("sts")] == [host]


def test_a_pod_s_role_may_less_than_the_node_s(node):
    """Then it is the pod that is refused; the node's credentials do not step in."""
    role = node.lab.role("app", allow=["DescribeImages"])
    text = request(f"{HOST}/app", **pod(node.lab.web_token(roles=[role]), role))
    node.fails(text, "assumed-role/app", "not authorized", code=3)
    assert {r["key"] for r in node.asked("api")} == {node.lab.issued(service="sts")[-1]["access_key_id"]}


# (what the token is like, what the role is like, fault of STS, exit status, words)
REFUSED = {
    "expired": ({"expired": True}, {}, None, 3, ["expired"]), "rejected": ({"rejected": True}, {}, None, 3, []),
    "for another audience": ({"audience": "x"}, {}, None, 3, []),
    "denied": ({}, {"denied": True}, None, 3, ["AccessDenied"]),
    "a role of others": ({"roles": []}, {}, None, 3, ["AccessDenied"]), "throttled": ({}, {}, ("throttle", {}), 4, []),
    "server error": ({}, {}, ("server_error", {}), 4, []), "a page": ({}, {}, ("html", {}), None, []),
    "cut": ({}, {}, ("cut", {}), 4, []),
    "no XML": ({}, {}, ("body", {"text": "<", "content_type": "text/xml"}), None, []),
    "an empty error": ({}, {}, ("body", {"text": "<ErrorResponse/>", "status": 400}), None, []),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tokens_that_do_not_do(node, name):
    token, role, fault, code, words = REFUSED[name]
    arn = node.lab.role("app", **role)
    text = node.lab.web_token(**{"roles": [arn], **token})
    if fault:
        node.lab.fault(fault[0], service="sts", **fault[1])
    run = node.fails(request(f"{HOST}/app", **pod(text, arn)), *words, code=code, AWS_MAX_ATTEMPTS="1")
    assert text not in run.err and text.split(".")[2] not in run.err
    assert node.asked("api") == [] and node.lab.issued(service="sts") == []  # the node's own are not used in its place


def test_a_token_that_sts_repeats(node):
    """Whoever reads the kubelet's log must not become the pod."""
    token = node.lab.web_token(roles=[])
    node.lab.fault("refuse", service="sts", code="InvalidIdentityToken", message=f"the token {token} is not good")
    run = node.fails(request(f"{HOST}/app", **pod(token, A)), "InvalidIdentityToken", code=3)
    assert not [part for part in token.split(".") if part in run.err]


# ---- requests that are none

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
WHOLE = {"kind": "CredentialProviderRequest", "apiVersion": f"{GROUP}/v1", "image": f"{HOST}/app", **pod(TOKEN, A)}


def without(*names):
    return {name: value for name, value in WHOLE.items() if name not in names}


MALFORMED = {
    "nothing": "", "white space": " \n", "a word": TOKEN, "null": "null", "a number": "1", "a text": json.dumps(TOKEN),
    "a list": [WHOLE], "cut": json.dumps(WHOLE)[:-1],
    "cut in the token": json.dumps(without("serviceAccountAnnotations"))[:-20], "two": json.dumps(WHOLE) * 2,
    "garbage behind": json.dumps(WHOLE) + TOKEN,
    "YAML": f"kind: CredentialProviderRequest\nimage: {HOST}/app\nserviceAccountToken: {TOKEN}\n",
    "single quotes": str(WHOLE), "a comment": json.dumps(WHOLE) + "// x", "no kind": without("kind"),
    "no version": without("apiVersion"), "no image": without("image"), "an empty image": {**WHOLE, "image": ""},
    "an image that is a number": {**WHOLE, "image": 1}, "an image that is a list": {**WHOLE, "image": [f"{HOST}/app"]},
    "another kind": {**WHOLE, "kind": TOKEN}, "the answer's kind": {**WHOLE, "kind": "CredentialProviderResponse"},
    "kind is null": {**WHOLE, "kind": None}, "another version": {**WHOLE, "apiVersion": f"{GROUP}/v2"},
    "another group": {**WHOLE, "apiVersion": "v1"}, "a version that is a number": {**WHOLE, "apiVersion": 1},
    "a version with more": {**WHOLE, "apiVersion": f"{GROUP}/v1 "},
    "the token as a version": {**WHOLE, "apiVersion": TOKEN},
    "names in capitals": {name.upper(): value for name, value in WHOLE.items()}, "deep": '{"a":' * 100000,
    "NUL": b"\0" * 100, "a bad escape": json.dumps(WHOLE)[:-1] + r',"x":"\q"}',
    "too long": {**WHOLE, "x": "x" * (1 << 20)}, "a token that is a number": {**WHOLE, "serviceAccountToken": 12345},
    "a token that is a list": {**WHOLE, "serviceAccountToken": [TOKEN]},
    "a token with a NUL": {**WHOLE, "serviceAccountToken": f"{TOKEN}\0"},
    "annotations are a list": {**WHOLE, "serviceAccountAnnotations": [A]},
    "annotations are a text": {**WHOLE, "serviceAccountAnnotations": A},
    "a role that is a number": {**WHOLE, **pod(TOKEN, 1)}, "a role that is a list": {**WHOLE, **pod(TOKEN, [A])},
    "a role with a NUL": {**WHOLE, **pod(TOKEN, A + "\0x")},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests(node, name):
    """Refused with a word of why; nothing is asked, and nothing of the request repeated."""
    text = MALFORMED[name]
    text = text if isinstance(text, bytes) else (text if isinstance(text, str) else json.dumps(text)).encode()
    run = node.run(text)
    assert run.code != 0 and run.out == b"", run
    line, = run.err.splitlines()
    assert line.startswith("ecr: ") and not [part for part in TOKEN.split(".") if part in line], line
    assert node.lab.requests() == [] and node.lab.connections() == []


@pytest.mark.parametrize("change", [{"future": {"x": [1, None]}}, {"image": f"{HOST}/ä"},
                                    {"serviceAccountUid": "t" * 100000}], ids=lambda c: list(c)[0])
def test_requests_with_more_than_we_know(node, change):
    """A later kubelet may send more."""
    text = json.dumps({**without("serviceAccountToken", "serviceAccountAnnotations"), **change}, indent=2).encode()
    assert node.run(b"\n " + text + b" \r\n").answer()["auth"].keys() == {HOST}


# ---- what goes wrong at ECR

# (fault and its parameters, or None; key; exit status; words; further environment)
FAULTS = {
    "denied": (None, "nothing", 3, ["ecr:GetAuthorizationToken"], {}), "expired": (None, "expired", 3, ["expired"], {}),
    "no credentials": (None, None, 3, ["no credentials"], {}), "an unknown key": (None, "unknown", 3, [], {}),
    "a wrong secret": (None, "wrong-secret", 3, [], {}), "throttled": (("throttle", {}), "full", 4, ["Throttling"], {}),
    "server error": (("server_error", {}), "full", 4, ["500"], {}),
    "a gateway's page": (("server_error", {"status": 503, "html": True}), "full", 4, ["503"], {}),
    "a portal": (("html", {}), "full", 5, [], {}), "cut": (("cut", {}), "full", 4, [], {}),
    "half": (("cut_body", {}), "full", 5, [], {}), "no JSON": (("garble_json", {}), "full", 5, [], {}),
    "another shape": (("other_shape", {}), "full", 5, [], {}),
    "no token": (("body", {"text": '{"authorizationData":[{}]}'}), "full", 5, [], {}),
    "no base64": (("body", {"text": '{"authorizationData":[{"authorizationToken":"!"}]}'}), "full", 5, ["base64"], {}),
    "a stall": (("stall", {"seconds": 3}), "full", 4, ["time"], {}),
    "a profile that is not there": (None, None, 3, ["nope"], {"AWS_PROFILE": "nope"}),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("image, service", [(f"{HOST}/app", "api"), (f"{PUBLIC}/app", "api-public")],
                         ids=["private", "public"])
def test_faults(node, name, image, service):
    fault, key, code, words, env = FAULTS[name]
    if fault:
        node.lab.fault(fault[0], service=service, **fault[1])
    run = node.run(request(image), "--timeout", "700ms", key=key, AWS_MAX_ATTEMPTS="1", **env)
    assert (run.code, run.out) == (code, b""), run
    line, = run.err.splitlines()
    assert [word for word in words if word.replace("ecr:", "") not in line] == [], line


@pytest.mark.parametrize("how", ["refused", "no name", "untrusted", "another host's", "silence"])
def test_unreachable(node, how):
    host = node.lab.api_host
    {"refused": lambda: node.lab.dns_fault(host, "addresses", type="A", addresses=[node.lab.refusing]),
     "no name": lambda: node.lab.dns_fault(host, "nxdomain"),
     "untrusted": lambda: node.lab.fault("tls_untrusted", host=host),
     "another host's": lambda: node.lab.fault("tls_wrong_host", host=host),
     "silence": lambda: node.lab.dns_fault(host, "addresses", type="A", addresses=[node.lab.blackhole])}[how]()
    run = node.run(request(f"{HOST}/app"), "--timeout", "700ms", AWS_MAX_ATTEMPTS="1")
    assert run.code == (5 if how in ("untrusted", "another host's") else 4) and run.out == b"" and host in run.err


@pytest.mark.parametrize("options", [["--json"], ["-v"], ["--json", "-v"]], ids=str)
def test_an_error_never_stands_in_place_of_the_answer(node, options):
    run = node.run(request(f"{HOST}/app"), *options, key="nothing")
    assert run.code == 3 and run.out == b""


@pytest.mark.parametrize("good", [True, False])
def test_no_secrets(node, good):
    """The kubelet's log is read by many."""
    role = node.lab.role("app", denied=not good)
    token = node.lab.web_token(roles=[role])
    run = node.run(request(f"{HOST}/app", **pod(token, role)), "-v", key="session")
    assert (run.code == 0) == good and "sts." in run.err
    secrets = [token, *list(node.lab.key_environment("session").values())[1:]]
    if good:
        secrets.append(run.answer()["auth"][HOST]["password"])
        secrets += [node.lab.issued()[-1][name] for name in ("secret_access_key", "session_token")]
    assert_no_secrets(run, secrets)
