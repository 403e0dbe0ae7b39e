"""The bench of the credential helper, to be run inside the lab by tests/bench.sh [ROUNDS]: from start to answer.

Ours and the distribution's `docker-credential-ecr-login` ask the same lab for the same token, in turns, both without a
cache, and both with one that is filled."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from lab import Lab

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
THEIRS = "docker-credential-ecr-login"


class Helper:
    def __init__(self, name, command, env):
        self.name, self.command, self.env, self.seconds, self.requests = name, command, env, [], 0

    def get(self, lab):
        """A `get`, from the start of the program to the last byte of its answer.

        Theirs now and then closes its connection before it has read the answer; that round is then run again."""
        for _ in range(5):
            lab.control("clear_log")
            began = time.monotonic()
            done = subprocess.run(self.command, env=self.env, input=lab.host.encode(), capture_output=True)
            seconds = time.monotonic() - began
            if done.returncode == 0 and b'"Secret":' in done.stdout:
                self.seconds.append(seconds)
                self.requests = len(lab.requests())
                return
        sys.exit(f"bench: {self.name} ended with {done.returncode}: {done.stdout!r} {done.stderr!r}")

    @property
    def median(self):
        return statistics.median(self.seconds) * 1000


def helpers(lab, folder):
    """Pairs of ours and theirs."""
    plain = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": lab.ca, "HOME": folder, "AWS_EC2_METADATA_DISABLED": "true",
             **lab.key_environment("full")}
    for kind, env in (("", {"AWS_ECR_DISABLE_CACHE": "1"}), (", cached", {"AWS_ECR_CACHE_DIR": f"{folder}/cache"})):
        yield (Helper(f"ecr credential-helper{kind}", [BINARY, "credential-helper", "get"], {**plain, **env}),
               Helper(f"{THEIRS}{kind}", [THEIRS, "get"], {**plain, **env}))


def report(pairs, rounds):
    print(f"\ncredential helper, get: medians of {rounds} rounds, in turns")
    print(f"{'':36}{'ms':>8}{'best':>8}{'requests':>10}   times ecr's")
    for pair in pairs:
        for helper in pair:
            times = "" if helper is pair[0] else f"   x {helper.median / pair[0].median:.1f}"
            print(f"{helper.name:36}{helper.median:8.1f}{min(helper.seconds) * 1000:8.1f}{helper.requests:10}{times}")


def main(rounds):
    lab = Lab()
    lab.reset()
    if not shutil.which(THEIRS):
        sys.exit(f"bench: there is no {THEIRS}; install amazon-ecr-credential-helper")
    with tempfile.TemporaryDirectory() as folder:
        pairs = list(helpers(lab, folder))
        for turn in range(rounds + 1):
            for pair in pairs:
                for helper in pair if turn % 2 else pair[::-1]:
                    helper.get(lab)
                    if turn == 0:  # the first fills the caches, of the machine and of the helpers
                        helper.seconds.clear()
    report(pairs, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
