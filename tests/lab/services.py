"""The foreign programs of the lab: the storage registry, squid, dockerd."""

import os
import shutil
import socket
import subprocess
import time

from . import network
from .names import PASSWORD, USER

REGISTRY_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {folder}/registry}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}", relativeurls: true}}
"""

SQUID_CONFIG = """\
http_port {address}:{port}
http_port {address}:{auth_port} name=authenticated
dns_nameservers {dns}
auth_param basic program {helper} {folder}/squid/users
auth_param basic realm lab
acl user proxy_auth REQUIRED
acl needs_user myportname authenticated
http_access deny needs_user !user
http_access allow all
cache deny all
access_log stdio:{folder}/squid/access.log
cache_log {folder}/squid/cache.log
pid_filename none
coredump_dir {folder}/squid
shutdown_lifetime 0 seconds
via off
"""
SQUID_HELPER = "/usr/lib/squid/basic_ncsa_auth"


class ServiceError(Exception):
    """A program that could not be started, with the end of what it said."""


class Program:
    """A program started in the background, with its output in a log file."""

    def __init__(self, folder, name, command, environment=None):
        self.name, self.log = name, os.path.join(folder, f"{name}.log")
        if shutil.which(command[0]) is None:
            raise ServiceError(f"{name} could not start: {command[0]} is not installed")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **(environment or {})}, start_new_session=True)

    def wait(self, ready, seconds):
        """Returns once `ready()` is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise ServiceError(f"{self.name} could not start (status {self.process.returncode}): {self.tail()}")
            if ready():
                return
            time.sleep(0.02)
        raise ServiceError(f"{self.name} could not start within {seconds} seconds: {self.tail()}")

    def tail(self, lines=15):
        with open(self.log, errors="replace") as f:
            return "\n".join(f.read().splitlines()[-lines:]) or "(it said nothing)"


def listens(address, port):
    try:
        socket.create_connection((address, port), 1).close()
        return True
    except OSError:
        return False


def answers(path, question, wanted):
    """Does the unix socket answer the question with something that holds `wanted`?"""
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(path)
            s.sendall(question)
            return wanted in s.recv(64)
    except OSError:
        return False


def start_registry(folder):
    path = os.path.join(folder, "registry.yml")
    with open(path, "w") as f:
        f.write(REGISTRY_CONFIG.format(folder=folder, port=network.DISTRIBUTION_PORT))
    program = Program(folder, "docker-registry", ["docker-registry", "serve", path], {"OTEL_TRACES_EXPORTER": "none"})
    return program, lambda: listens("127.0.0.1", network.DISTRIBUTION_PORT)


def start_squid(folder):
    place = os.path.join(folder, "squid")
    os.makedirs(place)
    hashed = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=PASSWORD, capture_output=True, text=True,
                            check=True).stdout.strip()
    with open(os.path.join(place, "users"), "w") as f:
        f.write(f"{USER}:{hashed}\n")
    path = os.path.join(place, "squid.conf")
    with open(path, "w") as f:
        f.write(SQUID_CONFIG.format(folder=folder, address=network.PROXY, port=network.PROXY_PORT, dns=network.DNS,
                                    auth_port=network.PROXY_AUTH_PORT, helper=SQUID_HELPER))
    shutil.chown(place, "proxy", "proxy")
    program = Program(folder, "squid", ["squid", "-N", "-f", path])
    return program, lambda: listens(network.PROXY, network.PROXY_PORT)


def start_dockerd(folder):
    place, tls = os.path.join(folder, "docker"), os.path.join(folder, "docker-tls")
    os.makedirs(place)
    sock = os.path.join(folder, "docker.sock")
    program = Program(folder, "dockerd", [
        "dockerd", "--data-root", f"{place}/data", "--exec-root", f"{place}/exec", "--pidfile", f"{place}/pid",
        "--host", f"unix://{sock}", "--host", f"tcp://127.0.0.1:{network.DOCKER_TLS_PORT}",
        "--tlsverify", "--tlscacert", f"{tls}/ca.pem", "--tlscert", f"{tls}/server-cert.pem",
        "--tlskey", f"{tls}/server-key.pem",
        "--cgroup-parent", f"/{os.path.basename(folder)}", "--iptables=false", "--ip6tables=false", "--bridge=none"],
        {"SSL_CERT_FILE": f"{folder}/ca/root.pem"})

    return program, lambda: answers(sock, b"GET /_ping HTTP/1.0\r\n\r\n", b" 200 ")
