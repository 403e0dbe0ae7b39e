"""The bench of many images, to be run inside the lab by tests/bench.sh [ROUNDS]: references of 20 repositories of 3 registries,
each 50 ms away (there and back), beside a shell loop of skopeo over 100 of them in the same run."""

import os
import shutil
import sys
import tempfile

from bench_check import BINARY, Tool, starter
from lab import Lab

AWAY = 0.025  # seconds one way
COUNTS = (1000, 10000)
REPOSITORIES = 20
LOOP = 100


def repositories(lab):
    """Seven of ECR, seven of a registry with tokens, six of Docker Hub."""
    for number in range(REPOSITORIES):
        name = f"many/r{number:02}"
        if number % 3 == 0:
            yield lab.create_repository(name)
        else:
            yield f"{'bearer.lab.test' if number % 3 == 1 else 'registry-1.docker.io'}/{name}"


def typed(repository):
    return repository.replace("registry-1.docker.io/", "docker.io/")


def fill(lab):
    """All references, every repository's in turn."""
    tags = [f"t{n:03}" for n in range(max(COUNTS) // REPOSITORIES)]
    names = list(repositories(lab))
    for name in names:
        lab.push_tags(name, tags)
    return [f"{typed(name)}:{tag}" for tag in tags for name in names]


def main(_rounds):
    lab = Lab()
    lab.reset()
    references = fill(lab)
    for host in (f"api.ecr.{lab.region}.amazonaws.com", lab.host, "bearer.lab.test", "auth.lab.test", "registry-1.docker.io",
                 "auth.docker.io"):
        lab.distant(host, AWAY)
    print("\nmany images, 50 ms away; connections and requests are those to the lab's services")
    print(f"{'':34}{'wall s':>9}{'CPU s':>8}{'peak MB':>9}{'connections':>13}{'requests':>10}")
    with tempfile.TemporaryDirectory() as home:
        start = starter(home)
        lab.docker_login(home)
        env = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": lab.ca, "HOME": home, "AWS_EC2_METADATA_DISABLED": "true",
               "DOCKER_HOST": f"unix://{home}/none.sock", **lab.key_environment("full")}
        loop = [f"docker://{r}" for r in references[:LOOP]]
        runs = [(f"ecr check of {count}", [BINARY, "check", "-q", *references[:count]]) for count in (LOOP, *COUNTS)]
        if shutil.which("skopeo"):
            script = 'for i in "$@"; do skopeo inspect --no-tags "$i" || exit 1; done'
            runs.append((f"skopeo inspect, a loop over {LOOP}", ["sh", "-c", script, "sh", *loop]))
        for name, command in runs:
            tool = Tool(name, command, env)
            tool.run(lab, start)
            wall, cpu, peak = tool.runs[0]
            print(f"{name:34}{wall / 1000:9.2f}{cpu / 1000:8.2f}{peak:9.1f}{tool.connections:13}{tool.requests:10}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
