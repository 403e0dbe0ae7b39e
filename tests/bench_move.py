"""The bench of pull and push, to be run inside the lab: tests/lab/run build/venv/bin/python tests/bench_move.py
[--rounds N] [--size 512MiB]. An image of four layers that no compression makes smaller, to an OCI layout and from it, at a
distribution registry that speaks TLS itself; ecr and skopeo in turns, so that a busy machine is busy for both."""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

import support_move as move
from bench_check import BINARY, starter
from lab import Lab, synth
from lab.ca import Authority
from lab.services import listens

NAME, ADDRESS = "bench.test", "198.18.1.200"
LAYERS, PIECE = 4, 1 << 20
CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/registry}}, delete: {{enabled: true}}}}
http: {{addr: "{address}:443", tls: {{certificate: {folder}/cert.pem, key: {folder}/cert.pem}}}}
"""


class Registry:
    """docker-registry with TLS, trusted by what trusts `trusted`."""

    def __init__(self, lab, folder):
        self.folder, self.trusted = folder, f"{folder}/trusted.pem"
        authority = Authority(f"{folder}/ca")
        authority.context(NAME, "ec")
        shutil.copy(f"{folder}/ca/ec-0.pem", f"{folder}/cert.pem")
        shutil.copy(authority.root_file, self.trusted)
        with open(f"{folder}/registry.yml", "w") as f:
            f.write(CONFIG.format(folder=folder, address=ADDRESS))
        lab.dns_fault(NAME, "addresses", type="A", addresses=[ADDRESS])
        lab.dns_fault(NAME, "empty", type="AAAA")

    def __enter__(self):
        self.process = subprocess.Popen(["docker-registry", "serve", f"{self.folder}/registry.yml"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "OTEL_TRACES_EXPORTER": "none"})
        while not listens(ADDRESS, 443):
            if self.process.poll() is not None:
                sys.exit("bench: docker-registry did not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def forget(self):
        """Empties the registry, so that a push has everything to do. To be called before it runs."""
        shutil.rmtree(f"{self.folder}/registry", ignore_errors=True)


def number_of(text):
    found = re.fullmatch(r"(\d+)(KiB|MiB|GiB)", text)
    if not found:
        raise argparse.ArgumentTypeError("a size as 512MiB or 4GiB")
    return int(found[1]) << {"KiB": 10, "MiB": 20, "GiB": 30}[found[2]]


def random_blob(blobs, size):
    """(descriptor, digest of the bytes within) of a gzip stream of random bytes, which is written a piece at a time.

    skopeo would compress a layer that is not."""
    outer, inner, path, stream = hashlib.sha256(), hashlib.sha256(), os.path.join(blobs, "new"), zlib.compressobj(0, wbits=31)
    with open(path, "wb") as f:
        for at in range(0, size, PIECE):
            piece = os.urandom(min(PIECE, size - at))
            inner.update(piece)
            data = stream.compress(piece) + (stream.flush() if at + PIECE >= size else b"")
            outer.update(data)
            f.write(data)
        length = f.tell()
    os.rename(path, os.path.join(blobs, outer.hexdigest()))
    return ({"mediaType": synth.OCI["layer"], "size": length, "digest": f"sha256:{outer.hexdigest()}"},
            f"sha256:{inner.hexdigest()}")


def make_layout(folder, size):
    """A layout of one image, v1; returns the digest of its manifest."""
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs)
    layers = [random_blob(blobs, size // LAYERS) for _ in range(LAYERS)]
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [inner for _, inner in layers]}}).encode()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": synth.OCI["manifest"],
                           "config": move.descriptor(config, synth.OCI["config"]),
                           "layers": [layer for layer, _ in layers]}).encode()
    top = synth.Image(manifest, synth.OCI["manifest"], [config])
    move.write_layout(folder, {"v1": top})
    return top.digest


class Runs:
    """One command of one tool, measured: wall and CPU seconds, peak MB."""

    def __init__(self, verb, tool, command):
        self.verb, self.tool, self.command, self.runs = verb, tool, command, []

    def run(self, start, env):
        done = subprocess.run([start, *self.command], env=env, capture_output=True, text=True, check=True)
        wall, cpu, peak, status = done.stdout.split()
        if status != "0":
            sys.exit(f"bench: {self.tool} {self.verb} ended with {status}: {done.stderr}")
        self.runs.append((float(wall), float(cpu), int(peak) / 1024))

    @property
    def figures(self):
        return [statistics.median(run[which] for run in self.runs) for which in range(3)]


def report(tools, size, rounds):
    print(f"\nan image of {size / (1 << 20):.0f} MiB in {LAYERS} layers, medians of {rounds} rounds, in turns; "
          "the registry shares the machine")
    print(f"{'':18}{'wall s':>9}{'MB/s':>9}{'CPU s':>9}{'peak MB':>9}   wall, CPU, memory: times ecr's")
    for verb in dict.fromkeys(tool.verb for tool in tools):
        here = [tool for tool in tools if tool.verb == verb]
        for tool in here:
            wall, cpu, peak = tool.figures
            ratios = "  ".join(f"x {a / b:.2f}" for a, b in zip(tool.figures, here[0].figures)) if tool is not here[0] else ""
            print(f"{verb + ', ' + tool.tool:18}{wall:9.2f}{size / wall / 1e6:9.0f}{cpu:9.2f}{peak:9.1f}   {ratios}", flush=True)


def main(size, rounds, only):
    lab = Lab()
    lab.reset()
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": f"{folder}/trusted.pem", "HOME": folder, "TMPDIR": folder,
               "AWS_EC2_METADATA_DISABLED": "true", "DOCKER_HOST": f"unix://{folder}/none.sock"}
        source, target, ref = f"{folder}/source", f"{folder}/target", f"{NAME}/app:v1"
        start, digest = starter(folder), make_layout(source, size)
        commands = {"ecr": ([BINARY, "push", "--quiet", f"oci:{source}:v1", ref], [BINARY, "pull", "--quiet", ref,
                                                                                         f"oci:{target}:v1"]),
                    "skopeo": (["skopeo", "copy", "-q", f"oci:{source}:v1", f"docker://{ref}"],
                               ["skopeo", "copy", "-q", f"docker://{ref}", f"oci:{target}:v1"])}
        tools = [Runs(verb, tool, commands[tool][which]) for which, verb in ((0, "push"), (1, "pull"))
                 for tool in ("ecr", "skopeo") if only in (None, tool)]
        registry = Registry(lab, folder)
        for turn in range(rounds + (rounds > 1)):
            for tool in tools:
                if tool.verb == "push":
                    registry.forget()
                with registry:
                    tool.run(start, env)
                if tool.verb == "pull":
                    fault = move.layout_fault(target)
                    if fault or move.layout_tags(target) != {"v1": digest}:
                        sys.exit(f"bench: {tool.tool} left a layout that is not right: {fault}")
                    shutil.rmtree(target)
                if rounds > 1 and turn == 0:  # the first fills the caches of the machine
                    tool.runs.clear()
    report(tools, size, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=number_of, default="512MiB", help="of all layers together: 512MiB; 4GiB for the soak")
    parser.add_argument("--only", choices=("ecr", "skopeo"))
    options = parser.parse_args()
    main(options.size, options.rounds, options.only)
