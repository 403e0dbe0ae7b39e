"""What tests use.

    lab.fault("throttle", service="api", count=2)      see faults.py for names, conditions and parameters
    lab.dns_fault("api.ecr.*", "servfail", type="AAAA") see dns.py
    lab.setting(clock=3600)                             see world.py
    lab.ecr("check", ref, key="pull")                   runs the binary and hands back a Result
"""

import base64
import json
import os
import re
import socket
import subprocess
import tempfile
import time

import boto3
import botocore.config

from . import names, network, synth
from .client_sources import Sources
from .client_staged import Staged

ACCOUNT, OTHER_ACCOUNT, REGION = "123456789012", "210987654321", "us-east-1"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STATUSES = range(7)
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|MemorySanitizer|runtime error:|Segmentation fault")


class LabError(Exception):
    """The lab was used wrongly, or cannot do what was asked."""


class Result:
    """How a run of the binary ended."""

    def __init__(self, arguments, stdout, stderr, code, seconds):
        self.arguments, self.stdout, self.stderr, self.code, self.seconds = arguments, stdout, stderr, code, seconds

    @property
    def lines(self):
        return self.stdout.splitlines()

    @property
    def json(self):
        """The objects of `--json`, one a line."""
        return [json.loads(line) for line in self.lines]

    def __repr__(self):
        return (f"ecr {' '.join(self.arguments)}\n-> exit {self.code} after {self.seconds:.2f} s\nstdout:\n{self.stdout}\n"
                f"stderr:\n{self.stderr}")


class Lab(Sources, Staged):
    account, other_account, region = ACCOUNT, OTHER_ACCOUNT, REGION
    host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    api_host = f"api.ecr.{REGION}.amazonaws.com"
    plain_host = f"127.0.0.1:{network.PLAIN_PORT}"
    plain_api = f"http://127.0.0.1:{network.API_PORT}"
    moto_api = f"http://127.0.0.1:{network.MOTO_PORT}"
    proxy = f"http://{network.PROXY}:{network.PROXY_PORT}"
    auth_proxy = f"http://{names.USER}:{names.PASSWORD}@{network.PROXY}:{network.PROXY_AUTH_PORT}"
    auth_proxy_without_password = f"http://{network.PROXY}:{network.PROXY_AUTH_PORT}"
    blackhole, blackhole6, refusing, refusing6 = (network.BLACKHOLE, network.BLACKHOLE6, network.REFUSING,
                                                  network.REFUSING6)
    unreachable = network.UNREACHABLE

    def __init__(self):
        try:
            self.folder, self.ca = os.environ["LAB_DIR"], os.environ["LAB_CA"]
            path = os.environ["LAB_CONTROL"]
        except KeyError:
            raise LabError("this runs inside the lab only; run: tests/lab/run COMMAND") from None
        self.docker_sock = os.environ["LAB_DOCKER_SOCK"]
        self.docker_tls = os.path.join(self.folder, "docker-tls")
        self.docker_tls_host = f"tcp://127.0.0.1:{network.DOCKER_TLS_PORT}"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._stream = self._socket.makefile("rwb")
        self._clients = {}

    # ---- control

    def control(self, op, **arguments):
        self._stream.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
        self._stream.flush()
        answer = json.loads(self._stream.readline())
        if "error" in answer:
            raise LabError(f"{op}: {answer['error']}")
        return answer["value"]

    def reset(self):
        """As at the start: no repositories, faults, rules, log entries; new keys and tokens."""
        self._clients = {}
        self.control("reset")

    def fault(self, name, /, **rest):
        self.control("fault", fault_name=name, **rest)

    def faults(self):
        """[{name, hits, left}] of the rules in force, so that a test can see that its fault was met."""
        return self.control("faults")

    def clear(self):
        """Ends all faults, of DNS too, and closes the metadata services; everything else stays."""
        self.control("clear_faults")

    def clear_log(self):
        self.control("clear_log")

    def dns_fault(self, pattern, kind, **rest):
        self.control("dns_fault", pattern=pattern, kind=kind, **rest)

    def setting(self, **values):
        self.control("setting", **values)

    def requests(self, **conditions):
        """The log of requests, oldest first, of those whose entries equal the conditions."""
        return [r for r in self.control("requests") if all(r[k] == v for k, v in conditions.items())]

    def connections(self, **conditions):
        return [c for c in self.control("connections") if all(c[k] == v for k, v in conditions.items())]

    def dns_queries(self, **conditions):
        return [q for q in self.control("dns_queries") if all(q[k] == v for k, v in conditions.items())]

    def log(self, program):
        """What a program of the lab wrote: server, docker-registry, squid, dockerd. The server writes only when it fails."""
        with open(os.path.join(self.folder, f"{program}.log"), errors="replace") as f:
            return f.read()

    # ---- keys

    @property
    def keys(self):
        """Credentials by role: full, session, pull, describe, nothing, expired, other, unknown, wrong-secret."""
        return self.control("credentials")

    def new_key(self, role, **rest):
        """A further key: allow=[operation patterns], account=, temporary=, seconds= until it ends.

        A pattern is of operations of any service ("Batch*"), or of one ("ecr-public:GetAuthorizationToken")."""
        return self.control("new_key", role=role, **rest)

    def key_environment(self, role):
        """Environment variables of a key; none for None."""
        if role is None:
            return {}
        key = self.keys[role]
        found = {"AWS_ACCESS_KEY_ID": key["access_key_id"], "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
        if key["session_token"]:
            found["AWS_SESSION_TOKEN"] = key["session_token"]
        return found

    def expire_tokens(self):
        self.control("expire_tokens")

    def share(self, owner, guest):
        """The repository policies of one account let another in."""
        self.control("share", owner=owner, guest=guest)

    def end_links(self):
        """The signed links to layers that are out are over: only the registry gives a new one."""
        self.control("end_links")

    # ---- repositories and images

    def api(self, role="full", region=REGION, service="ecr"):
        """A boto3 client of the API."""
        if (role, region, service) not in self._clients:
            key = self.keys[role]
            self._clients[role, region, service] = boto3.client(
                service, region_name=region, verify=self.ca, aws_access_key_id=key["access_key_id"],
                aws_secret_access_key=key["secret_access_key"], aws_session_token=key["session_token"],
                config=botocore.config.Config(retries={"total_max_attempts": 1}))
        return self._clients[role, region, service]

    def role_of(self, account):
        return "other" if account == OTHER_ACCOUNT else "full"

    def create_repository(self, name, region=REGION, role="full", **rest):
        """A repository; returns HOST/NAME."""
        made = self.api(role, region).create_repository(repositoryName=name, **rest)["repository"]
        suffix = ".cn" if region.startswith("cn-") else ""
        return f"{made['registryId']}.dkr.ecr.{region}.amazonaws.com{suffix}/{name}"

    def password(self, role="full", region=REGION):
        """A registry password."""
        token = self.api(role, region).get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]

    def docker_login(self, home, host=host, user="AWS", password=None):
        """What `docker login` writes, below HOME; without a password a fresh registry password."""
        path = os.path.join(str(home), ".docker", "config.json")
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        value = {"auths": {}}
        if os.path.exists(path):
            with open(path) as f:
                value = json.load(f)
        text = f"{user}:{password or self.password()}".encode()
        value["auths"][host] = {"auth": base64.b64encode(text).decode()}
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            json.dump(value, f, indent="\t")
        return path

    def push(self, ref, image):
        """Pushes a synth.Image to HOST/NAME:TAG, or below its digest to HOST/NAME."""
        host, name, tag = split(ref)
        self._pusher(host, name).push(name, image, *([tag] if tag else []))
        return image.digest

    def _pusher(self, host, name):
        service, _, groups = names.match(host)
        if service == "registry":
            password = self.password(self.role_of(groups["account"]), groups["region"])
            return synth.Pusher(host, synth.basic("AWS", password), self.ca)
        if service == "basic":
            return synth.Pusher(host, synth.basic(names.USER, names.PASSWORD), self.ca)
        if service in ("bearer", "hub"):
            where, issuer = {"bearer": ("auth.lab.test", "registry.lab.test"),
                             "hub": ("auth.docker.io", "registry.docker.io")}[service]
            asker = synth.Pusher(where, synth.basic(names.USER, names.PASSWORD), self.ca)
            _, text = asker.ask("GET", f"/token?service={issuer}&scope=repository:{name}:pull,push")
            return synth.Pusher(host, "Bearer " + json.loads(text)["token"], self.ca)
        if service == "public":
            token = self.api(service="ecr-public").get_authorization_token()["authorizationData"]["authorizationToken"]
            _, text = synth.Pusher(host, "Basic " + token, self.ca).ask("GET", "/token/?service=public.ecr.aws&scope=aws")
            return synth.Pusher(host, "Bearer " + json.loads(text)["token"], self.ca)
        return synth.Pusher(host, None, self.ca, secure=service is not None)

    def push_image(self, ref, platform="linux/amd64", docker=False, **options):
        """Makes and pushes a small image: HOST/NAME:TAG, with one platform (an image) or a list (an index).

        `docker` takes Docker's media types in place of OCI's; options: layers, content, size, and members of the manifest.
        Returns the synth.Image (digest, manifest, layers, children)."""
        types = synth.DOCKER if docker else synth.OCI
        options.setdefault("content", ref)
        made = (synth.image(platform, types, **options) if isinstance(platform, str)
                else synth.index(platform, types, **options))
        self.push(ref, made)
        return made

    def push_tags(self, repository, tags, **options):
        """One image under many tags; returns it."""
        made = synth.image(**options)
        host, name, _ = split(repository)
        self._pusher(host, name).push(name, made, *tags)
        return made

    def archive(self, ref, status="ARCHIVED"):
        """ARCHIVED, ACTIVATING or ACTIVE again."""
        self.control("archive", ref=ref, status=status)

    def age(self, ref, seconds):
        self.control("age", ref=ref, seconds=seconds)

    def cache_rule(self, prefix, upstream, **rest):
        """A pull-through cache rule; valid=False and failure= are what its validation says."""
        self.control("cache_rule", prefix=prefix, upstream=upstream, **rest)

    # ---- the network

    def relay(self, target, delay, port=443):
        """The address of a new relay to HOST:PORT (addresses, not names) with `delay` seconds in each direction."""
        return self.control("relay", target=target, delay=delay, port=port)

    def distant(self, host, delay):
        """The service of a name moves `delay` seconds away, one way."""
        address = self.relay(f"{names.addresses(host, 'A')[0]}:443", delay)
        self.dns_fault(host, "addresses", type="A", addresses=[address])
        return address

    # ---- the binary

    def ecr(self, *arguments, env=None, timeout=60, stdin=None, key="full", docker=False, resolv_conf=None, hosts=None,
            home=None, cwd=None, prefix=()):
        """Runs the binary in an environment that holds nothing but what is said here.

        key: role of the credentials in the environment, None for none; docker: False for a daemon that is not there, True
        for the lab's, None to leave DOCKER_HOST unset; resolv_conf, hosts: text of these files for this run; prefix: words
        before the binary's name (a tracer). A signal, a sanitizer's report or an exit status that is none raises."""
        given = {"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": self.ca, "AWS_EC2_METADATA_DISABLED": "true",
                 **self.key_environment(key)}
        if docker is not None:
            given["DOCKER_HOST"] = f"unix://{self.docker_sock if docker else self.folder + '/no-docker.sock'}"
        if home:
            given["HOME"] = str(home)
        given.update({k: str(v) for k, v in (env or {}).items() if v is not None})
        for name in [k for k, v in (env or {}).items() if v is None]:
            given.pop(name, None)
        command = [*prefix, os.path.join(ROOT, os.environ.get("ECR_BIN") or "build/ecr"), *arguments]
        with tempfile.TemporaryDirectory() as place:
            command = mounted(command, place, {"/etc/resolv.conf": resolv_conf, "/etc/hosts": hosts})
            began = time.monotonic()
            try:
                done = subprocess.run(command, env=given, timeout=timeout, cwd=cwd or place, capture_output=True,
                                      input=stdin.encode() if isinstance(stdin, str) else stdin or b"")
            except subprocess.TimeoutExpired as late:
                raise AssertionError(f"ecr {' '.join(arguments)} did not end within {timeout} seconds; it said: "
                                     f"{(late.stdout or b'')!r} {(late.stderr or b'')!r}") from None
            seconds = time.monotonic() - began
        result = Result([str(a) for a in arguments], done.stdout.decode("utf-8", "backslashreplace"),
                        done.stderr.decode("utf-8", "backslashreplace"), done.returncode, seconds)
        if done.returncode not in STATUSES or SANITIZER.search(result.stderr):
            raise AssertionError(f"not a proper end: {result!r}")
        return result


def split(ref):
    """(host, name, tag or None) of HOST/NAME[:TAG]"""
    host, _, rest = ref.partition("/")
    name, _, tag = rest.partition(":")
    return host, name, tag or None


def mounted(command, place, files):
    """The command, in a mount namespace of its own if it is to see other files."""
    wanted = {path: text for path, text in files.items() if text is not None}
    if not wanted:
        return command
    steps = []
    for number, (path, text) in enumerate(wanted.items()):
        own = os.path.join(place, f"file{number}")
        with open(own, "w") as f:
            f.write(text)
        steps.append(f"mount --bind {own} {os.path.realpath(path)}")
    return ["unshare", "--mount", "sh", "-c", " && ".join(steps) + ' && exec "$@"', "sh", *command]
