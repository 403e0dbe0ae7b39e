"""The bench, to be run inside the lab by tests/bench.sh [ROUNDS]: what one check of an image costs, beside other tools.

Every tool asks the same lab about the same image in the same run, in turns, so that a busy machine is busy for all."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from lab import Lab

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
# wait4 counts the memory of the process that forked as well, so a very small one starts the tools.
STARTER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }
int main(int argc, char **argv)
{
    struct timespec began, ended;
    struct rusage used;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &began);
    pid_t pid = vfork();
    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY), 1);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    wait4(pid, &status, 0, &used);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%f %f %ld %d\n", (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9,
           seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return argc < 2;
}
"""


def starter(folder):
    source, program = os.path.join(folder, "start.c"), os.path.join(folder, "start")
    with open(source, "w") as f:
        f.write(STARTER)
    subprocess.run([os.environ.get("CC", "gcc"), "-Os", "-static", "-o", program, source], check=True)
    return program


class Tool:
    def __init__(self, name, command, env):
        self.name, self.command, self.env, self.runs = name, command, env, []
        self.connections = self.requests = None

    def run(self, lab, start):
        lab.control("clear_log")
        done = subprocess.run([start, *self.command], env=self.env, capture_output=True, text=True, check=True)
        wall, cpu, peak, status = done.stdout.split()
        if status != "0":
            sys.exit(f"bench: {self.name} ended with {status}: {done.stderr}")
        self.runs.append((float(wall) * 1000, float(cpu) * 1000, int(peak) / 1024))
        self.connections, self.requests = len(lab.connections()), len(lab.requests())

    @property
    def figures(self):
        """Medians: wall time and CPU time in ms, peak memory in MB."""
        return [statistics.median(run[which] for run in self.runs) for which in range(3)]


def tools(lab, image, home):
    repository, tag = image.split("/", 1)[1].split(":")
    plain = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": lab.ca, "HOME": home}
    keys = {**lab.key_environment("full"), "AWS_DEFAULT_REGION": lab.region, "AWS_CA_BUNDLE": lab.ca,
            "AWS_EC2_METADATA_DISABLED": "true"}
    yield Tool("ecr check", [BINARY, "check", "--via", "ecr", image], {**plain, **keys})
    if shutil.which("aws"):
        yield Tool("aws ecr describe-images", ["aws", "ecr", "describe-images", "--repository-name", repository, "--image-ids",
                                               f"imageTag={tag}"], {**plain, **keys})
    yield Tool("ecr check, by docker", [BINARY, "check", "--via", "docker", image],
               {**plain, "DOCKER_HOST": f"unix://{lab.docker_sock}"})
    if shutil.which("skopeo"):
        yield Tool("skopeo inspect", ["skopeo", "inspect", "--no-tags", "--authfile", f"{home}/.docker/config.json",
                                      f"docker://{image}"], plain)
    if shutil.which("docker"):
        yield Tool("docker manifest inspect", ["docker", "manifest", "inspect", image],
                   {**plain, "DOCKER_HOST": f"unix://{lab.docker_sock}"})


def report(tools, rounds):
    print(f"one image, medians of {rounds} rounds, all tools in turns; CPU and memory are the client's alone")
    print(f"{'':26}{'wall ms':>10}{'CPU ms':>10}{'peak MB':>10}{'connections':>13}{'requests':>10}"
          "   wall, CPU, memory: times ecr's")
    base = tools[0].figures
    for tool in tools:
        times = "" if tool is tools[0] else "   " + "  ".join(f"x {v / b:.1f}" for v, b in zip(tool.figures, base))
        wall, cpu, peak = tool.figures
        print(f"{tool.name:26}{wall:10.1f}{cpu:10.1f}{peak:10.1f}{tool.connections:13}{tool.requests:10}{times}")
    print("connections and requests are those to the lab's services; the daemon's, where a daemon asks, are among them")


def sizes():
    print(f"\n{'binary':26}{'bytes':>14}")
    for path in (BINARY, os.path.join(ROOT, "build", "aarch64", "ecr"), shutil.which("skopeo"), shutil.which("docker"),
                 shutil.which("dockerd")):
        if path and os.path.exists(path):
            name = os.path.relpath(path, ROOT) if path.startswith(ROOT) else os.path.basename(path)
            print(f"{name:26}{os.path.getsize(os.path.realpath(path)):14,}")


def main(rounds):
    lab = Lab()
    lab.reset()
    image = f"{lab.create_repository('team/app')}:v1"
    lab.push_image(image, docker=True)
    with tempfile.TemporaryDirectory() as home:
        start = starter(home)
        lab.docker_login(home)
        contestants = list(tools(lab, image, home))
        for turn in range(rounds + 1):
            for tool in contestants:
                tool.run(lab, start)
                if turn == 0:  # the first fills the caches of the machine
                    tool.runs.clear()
    report(contestants, rounds)
    sizes()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
