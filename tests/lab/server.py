"""The lab's own process: DNS, all fronts, moto, and the control socket. Started by inside.py with the lab's folder."""

import json
import logging
import socket
import sys
import threading

from moto.server import ThreadedMotoServer

from . import faults_data  # noqa: F401  (it adds to the faults)
from . import images, keys, names, network, public, sources, staged
from .dns import Dns
from .front_api import ApiFront
from .front_github import GithubFront
from .front_metadata import ContainerFront, ImdsFront
from .front_misc import BucketFront, WebsiteFront
from .front_plain import BasicRegistryFront, BearerRegistryFront, PlainRegistryFront, PublicRegistryFront, TokenFront, Tokens
from .front_public import PublicApiFront
from .front_registry import EcrRegistryFront
from .front_sso import OidcFront, SsoFront
from .front_sts import StsFront
from .httpd import Server
from .identity import Identity
from .images import ApiError
from .relay import Relay
from .state import State
from .world import World

CONTROL = {**sources.CONTROL, **staged.CONTROL}


def control(function):
    CONTROL[function.__name__] = function
    return function


class Lab:
    def __init__(self, folder):
        self.world = world = World(folder)
        self.keys = keys.Keys(world)
        self.state, self.identity = State(world), Identity()
        self.dns = Dns(world)
        self.relays, self.metadata = [], []
        bearer, hub, anonymous = Tokens(), Tokens(), Tokens()
        self.fronts = {front.name: front for front in (
            ApiFront(world, self.keys, self.state),
            EcrRegistryFront(world, self.keys, self.state),
            BucketFront(world, self.keys),
            PublicRegistryFront(world, self.keys, anonymous, self.state),
            PublicApiFront(world, self.keys, self.state),
            StsFront(world, self.keys, self.identity),
            SsoFront(world, self.keys, self.identity),
            OidcFront(world, self.keys, self.identity),
            GithubFront(world, self.keys, self.identity),
            ImdsFront(world, self.keys, self.identity),
            *(ContainerFront(world, self.keys, self.identity, name) for name in ("ecs", "eks", "container")),
            PlainRegistryFront(world, self.keys, "tls"),
            BasicRegistryFront(world, self.keys, "basic"),
            BearerRegistryFront(world, self.keys, "bearer", bearer, "https://auth.lab.test/token", "registry.lab.test"),
            TokenFront(world, self.keys, "auth", bearer),
            BearerRegistryFront(world, self.keys, "hub", hub, "https://auth.docker.io/token", "registry.docker.io"),
            TokenFront(world, self.keys, "hub-auth", hub),
            WebsiteFront(world, self.keys, "website"))}
        for name, front in self.fronts.items():
            for address in network.FRONTS.get(name, ()):  # metadata services have none, and open when told to
                Server(world, front, address, 443, True, "ec" if name == "tls" else "good")
        plain = PlainRegistryFront(world, self.keys, "plain")
        for address in ("127.0.0.1", "::1"):
            Server(world, plain, address, network.PLAIN_PORT, False)
        for name, port in network.PLAIN_FRONTS.items():
            Server(world, self.fronts[name], "127.0.0.1", port, False)
        ThreadedMotoServer("127.0.0.1", network.MOTO_PORT, verbose=False).start()

    # ---- control

    def serve(self, path):
        """Answers at the control socket; that it appears is the sign that all is ready."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(16)
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self.converse, args=(sock,), daemon=True).start()

    def converse(self, sock):
        """One JSON object a line in, one out: {"op", ...arguments} and {"value"} or {"error"}."""
        with sock, sock.makefile("rwb") as stream:
            for line in stream:
                try:
                    arguments = json.loads(line)
                    answer = {"value": CONTROL[arguments.pop("op")](self, **arguments)}
                except Exception as error:
                    answer = {"error": f"{type(error).__name__}: {error}"}
                stream.write(json.dumps(answer).encode() + b"\n")
                stream.flush()

    def repository(self, host, name):
        """The repository of a host and name: a private or a public one."""
        service, _, groups = names.match(host)
        if service == "public":
            _, _, repo = public.place(self.state, name)
            if repo is None:
                raise images.no_repository(name, host)
            return repo
        return images.repository(groups["account"], groups["region"], name)

    def image(self, ref):
        """(repository, image) of HOST/NAME:TAG or HOST/NAME@DIGEST."""
        host, _, rest = ref.partition("/")
        name, at, reference = rest.partition("@")
        if not at:
            name, _, reference = rest.partition(":")
        repo = self.repository(host, name)
        image = images.by_reference(repo, reference or "latest")
        if image is None:
            raise ApiError("ImageNotFoundException", ref)
        return repo, image


@control
def ping(lab):
    return "ok"


@control
def reset(lab):
    with lab.world.lock:
        lab.world.reset()
        lab.dns.clear()
        lab.keys.reset()
        lab.state.reset()
        sources.close_metadata(lab)
        lab.identity.reset()
        for server in lab.relays:
            server.close()
        lab.relays = []


@control
def clear_faults(lab):
    lab.world.rules.clear()
    lab.dns.clear()
    sources.close_metadata(lab)


@control
def clear_log(lab):
    lab.world.journal.clear()


@control
def fault(lab, fault_name, **rest):
    lab.world.rules.add(fault_name, **rest)


@control
def faults(lab):
    return lab.world.rules.listing()


@control
def dns_fault(lab, pattern, kind, **rest):
    lab.dns.add(pattern, kind, **rest)


@control
def setting(lab, **values):
    lab.world.set(**values)


@control
def requests(lab):
    return lab.world.journal.requests


@control
def connections(lab):
    return lab.world.journal.connections


@control
def dns_queries(lab):
    return lab.world.journal.dns


@control
def credentials(lab):
    return {role: key.public() for role, key in lab.keys.roles.items()}


@control
def new_key(lab, role, allow=("*",), account=keys.ACCOUNT, temporary=False, seconds=None):
    return lab.keys.add(role, account, allow, temporary, seconds).public()


@control
def expire_tokens(lab):
    """All registry tokens issued so far are over."""
    lab.keys.end_tokens()


@control
def end_links(lab):
    lab.world.links_ended += 1


@control
def archive(lab, ref, status="ARCHIVED"):
    _, image = lab.image(ref)
    image.status, image.archived_at = status, lab.world.now() if status != "ACTIVE" else None
    image.restore_polls = None


@control
def age(lab, ref, seconds):
    """The image was pushed so many seconds ago."""
    _, image = lab.image(ref)
    image.pushed_at = lab.world.now() - seconds


@control
def cache_rule(lab, prefix, upstream, account=keys.ACCOUNT, region="us-east-1", **more):
    return lab.state.add_rule(account, region, lab.world.now(), prefix, upstream, **more)


@control
def share(lab, owner, guest):
    lab.state.share(owner, guest)


@control
def relay(lab, target, delay, port=443):
    """Listens on an address of its own and passes on to HOST:PORT; returns the address."""
    address = network.RELAYS + str(len(lab.relays) + 1)
    host, _, target_port = target.rpartition(":")
    lab.relays.append(Relay(address, port, (host.strip("[]"), int(target_port)), delay))
    return address


def main(folder):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    lab = Lab(folder)
    lab.world.authority.write_docker_tls(f"{folder}/docker-tls", ["127.0.0.1", "localhost"])
    lab.serve(f"{folder}/control.sock")


if __name__ == "__main__":
    main(sys.argv[1])
