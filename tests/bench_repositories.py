"""The bench of a long listing, to be run inside the lab by tests/bench.sh [ROUNDS]: 5,000 repositories, all pages.

`ecr repo ls` and `aws ecr describe-repositories` ask the same lab in turns, for a table and for JSON. What the lab itself
takes to answer is in both; the time of our program alone, and of theirs, is the CPU time beside it."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time

from lab import Lab

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
AWS = os.path.join(ROOT, "build", "venv", "bin", "aws")
COUNT = 5000


class Tool:
    def __init__(self, name, command, env, count):
        self.name, self.command, self.env, self.count = name, command, env, count
        self.seconds, self.cpu, self.requests = [], [], 0

    def run(self, lab):
        lab.clear_log()
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(self.command, env=self.env, capture_output=True, text=True)
        self.seconds.append(time.monotonic() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        self.requests = len(lab.requests())
        if done.returncode or self.count(done.stdout) != COUNT:
            sys.exit(f"bench: {self.name} ended with {done.returncode}: {done.stderr}")


def tools(lab):
    env = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": lab.ca, "AWS_CA_BUNDLE": lab.ca, "AWS_REGION": "us-east-1",
           "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", **lab.key_environment("full")}
    aws = [AWS, "ecr", "describe-repositories", "--output"]
    lines = str.splitlines
    return [Tool("ecr repo ls", [BINARY, "repo", "ls"], env, lambda text: len(lines(text))),
            Tool("aws ecr describe-repositories, text", [*aws, "text"], env,
                 lambda text: sum(line.startswith("REPOSITORIES") for line in lines(text))),
            Tool("ecr repo ls --json", [BINARY, "repo", "ls", "--json"], env, lambda text: len(lines(text))),
            Tool("aws ecr describe-repositories, json", [*aws, "json"], env, lambda text: len(json.loads(text)["repositories"]))]


def report(found, rounds):
    print(f"\na listing of {COUNT} repositories: medians of {rounds} rounds, in turns")
    print(f"{'':38}{'ms':>8}{'CPU ms':>8}{'requests':>10}   times ecr's (of CPU)")
    for ours, theirs in zip(found[::2], found[1::2]):
        for tool in (ours, theirs):
            wall, cpu = statistics.median(tool.seconds), statistics.median(tool.cpu)
            ratio = "" if tool is ours else (f"   x {wall / statistics.median(ours.seconds):.1f}"
                                             f" (x {cpu / statistics.median(ours.cpu):.0f})")
            print(f"{tool.name:38}{wall * 1000:8.0f}{cpu * 1000:8.0f}{tool.requests:10}{ratio}")


def main(rounds):
    lab = Lab()
    lab.reset()
    lab.create_repositories([f"team/service-{n:04}" for n in range(COUNT)])
    found = tools(lab)
    for turn in range(rounds + 1):
        for tool in found if turn % 2 else found[::-1]:
            tool.run(lab)
            if turn == 0:
                tool.seconds.clear()
                tool.cpu.clear()
    report(found, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
