"""The soak of pull and push, to be run inside the lab: tests/lab/run build/venv/bin/python tests/soak_move.py [--kills N]
[--size 4GiB] [--seed TEXT]. Runs that are killed at random moments and must leave what is consistent and can be gone on from;
then an image of that size, which must not need more memory than a small one."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import support_move as move
from bench_check import BINARY, starter
from bench_move import NAME, Registry, Runs, make_layout, number_of
from lab import Lab
from support_move_faults import OPEN, files_below

PEAK_MB = 16
LAYERS = (3 << 20, 1 << 20, 300000, 1000, 10)


def check(fault, what):
    if fault:
        sys.exit(f"soak: {what}: {fault}")


def start(lab, *words):
    env = {"SSL_CERT_FILE": lab.ca, "AWS_EC2_METADATA_DISABLED": "true", "DOCKER_HOST": "unix:///nowhere"}
    return subprocess.Popen([BINARY, *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE)


def kill_after(process, seconds):
    """Whether the kill came in time. A run that ended by itself must have ended well."""
    time.sleep(seconds)
    process.kill()
    _, said = process.communicate()
    check(None if process.returncode in (0, -signal.SIGKILL) else said.decode(), f"exit {process.returncode}")
    return process.returncode != 0


def duration(lab, *words):
    began = time.monotonic()
    _, said = (process := start(lab, *words)).communicate()
    check(said.decode() if process.returncode else None, " ".join(words))
    return time.monotonic() - began


class Kills:
    """Rounds of kills; each goes on from what the last one left, until a run gets through."""

    def __init__(self, lab, folder, image, number):
        self.lab, self.folder, self.image, self.number, self.done, self.killed = lab, folder, image, number, 0, 0

    def run(self, kills):
        whole = duration(self.lab, *self.words(0))
        self.forget(0)
        while self.killed < kills:
            killed = kill_after(start(self.lab, *self.words(self.done)), self.number.uniform(0, whole))
            check(self.fault(self.done, killed), f"{type(self).__name__} {self.killed} of kills")
            self.killed += killed
            if not killed or self.killed % 10 == 0:  # and what is left can be gone on from
                duration(self.lab, *self.words(self.done))
                check(self.fault(self.done, False), "the run after a kill")
                self.forget(self.done)
                self.done += 1
                self.lab.clear_log()
        print(f"  {type(self).__name__}: {self.killed} kills, {self.done} runs that got through", flush=True)

    def forget(self, turn):
        pass


class Pull(Kills):
    def words(self, turn):
        return "pull", f"{OPEN}/app:v1", f"oci:{self.folder}/{turn}:v1"

    def fault(self, turn, killed):
        place = f"{self.folder}/{turn}"
        if killed and not os.path.exists(f"{place}/oci-layout"):
            return None
        tags = move.layout_tags(place) if os.path.exists(f"{place}/index.json") else {}
        wanted = ({}, {"v1": self.image.digest}) if killed else ({"v1": self.image.digest},)
        return move.layout_fault(place, killed=True) or (None if tags in wanted else f"tags: {tags}")

    def forget(self, turn):
        """All but what is locked is swept away, once it is old."""
        place = f"{self.folder}/{turn}"
        for path in files_below(place):
            os.utime(f"{place}/{path}", (0, 0))
        duration(self.lab, *self.words(turn))
        check(move.layout_fault(place), "after the sweep")
        shutil.rmtree(place)


class Archive(Kills):
    def words(self, turn):
        return "pull", f"{OPEN}/app:v1", f"oci-archive:{self.folder}/{turn}.tar:v1"

    def fault(self, turn, killed):
        path = f"{self.folder}/{turn}.tar"
        if killed and not os.path.exists(path):
            return None
        move.skopeo_inspect(f"oci-archive:{path}:v1")
        return None

    def forget(self, turn):
        for name in os.listdir(self.folder):
            if f"{turn}.tar" in name:
                os.unlink(f"{self.folder}/{name}")


class Push(Kills):
    def words(self, turn):
        return "push", f"oci:{self.folder}/source:v1", f"{OPEN}/push{turn}:v1"

    def fault(self, turn, killed):
        named = [r for r in self.lab.requests(operation="PutManifest") if f"/push{turn}/" in r["path"] and r["status"] == 201]
        return None if killed and not named else move.registry_fault(self.lab, f"{OPEN}/push{turn}:v1", self.image)

    def run(self, kills):
        move.write_layout(f"{self.folder}/source", {"v1": self.image})
        self.done = 1  # nothing is taken out of the registry: the first, whole run has a repository of its own
        super().run(kills)


def kills(lab, count, seed):
    image = move.image(LAYERS, content="soak")
    move.push_raw(f"{OPEN}/app:v1", image)
    for kind in (Pull, Archive, Push):
        with tempfile.TemporaryDirectory() as folder:
            kind(lab, folder, image, random.Random(f"{seed} {kind.__name__}")).run(count)


def memory(lab, size):
    """The peak of a pull and a push, as the kernel counts it."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": f"{folder}/trusted.pem", "DOCKER_HOST": f"unix://{folder}/none.sock"}
        source, ref, program = f"{folder}/source", f"{NAME}/app:v1", starter(folder)
        digest = make_layout(source, size)
        runs = [Runs("push", "ecr", [BINARY, "push", "--quiet", f"oci:{source}:v1", ref]),
                Runs("pull", "ecr", [BINARY, "pull", "--quiet", ref, f"oci:{folder}/target:v1"])]
        with Registry(lab, folder):
            for run in runs:
                run.run(program, env)
                wall, cpu, peak = run.figures
                print(f"  {run.verb} of {size >> 20} MiB: {wall:.1f} s, CPU {cpu:.1f} s, peak {peak:.1f} MB", flush=True)
                check(f"{peak:.1f} MB" if peak >= PEAK_MB else None, f"the peak of {run.verb}")
        check(move.layout_fault(f"{folder}/target"), "the layout that was pulled")
        check(None if move.layout_tags(f"{folder}/target") == {"v1": digest} else "another image", "the layout that was pulled")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200, help="of pulls, of archives, and of pushes, each")
    parser.add_argument("--size", type=number_of, default="4GiB")
    parser.add_argument("--seed", default=str(time.time()))
    options = parser.parse_args()
    the_lab = Lab()
    the_lab.reset()
    print(f"  seed {options.seed}", flush=True)
    kills(the_lab, options.kills, options.seed)
    memory(the_lab, options.size)
