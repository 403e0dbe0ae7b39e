"""Many checks, to be run inside the lab by tests/soak.sh [CHECKS]: every verdict right, memory and time flat."""

import json
import os
import re
import subprocess
import sys
import time

from lab import Lab

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")


def one_after_the_other(lab, repository, digest, env, count):
    """In ten parts: the last must not be slower than the first by much."""
    times, fds = [], len(os.listdir("/proc/self/fd"))
    for part in range(10):
        began = time.monotonic()
        for n in range(count // 10):
            tag, code, line = (("v1", 0, f"present  {repository}:v1  {digest}\n") if n % 2
                               else ("none", 1, f"absent  {repository}:none  no-image\n"))
            done = subprocess.run([BINARY, "check", "-q", f"{repository}:{tag}"], env=env, capture_output=True, text=True)
            assert (done.returncode, done.stdout) == (code, line), done
        times.append((time.monotonic() - began) / max(1, count // 10))
        lab.control("clear_log")
        print(f"  {(part + 1) * (count // 10)} checks, {times[-1] * 1000:.1f} ms each", flush=True)
    assert times[-1] < 3 * times[0], times
    assert len(os.listdir("/proc/self/fd")) == fds


def in_one_run(lab, repository, digest, env, count):
    """Peak memory while it runs, for one of each ten thousand images: it grows with the list of images, and by little."""
    described = {"registryId": lab.account, "repositoryName": "app", "imageDigest": digest, "imageTags":
                 [f"t{n}" for n in range(count)], "imageStatus": "ACTIVE"}
    lab.fault("body", operation="DescribeImages", text=json.dumps({"imageDetails": [described]}),
              content_type="application/x-amz-json-1.1")
    peaks = {}
    for size in (count // 10, count):
        process = subprocess.Popen([BINARY, "check", "-q", *(f"{repository}:t{n}" for n in range(size))], env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        lines, peak = 0, 0
        for line in process.stdout:
            assert line.startswith(b"present  ")
            lines += 1
            try:
                with open(f"/proc/{process.pid}/status") as f:
                    found = re.search(r"VmHWM:\s+(\d+)", f.read())
                    peak = max(peak, int(found[1]) if found else 0)
            except OSError:
                pass  # it has ended
        assert process.wait() == 0 and lines == size
        peaks[size] = peak
        print(f"  {size} images in one run: peak {peak} KB", flush=True)
    small, large = peaks.values()
    assert large - small < 4 * count, peaks  # KB: at most 4 KB an image


def main(count):
    lab = Lab()
    lab.reset()
    repository = lab.create_repository("app")
    digest = lab.push_image(f"{repository}:v1").digest
    env = {"SSL_CERT_FILE": lab.ca, "DOCKER_HOST": "unix:///nowhere", **lab.key_environment("full")}
    one_after_the_other(lab, repository, digest, env, count)
    in_one_run(lab, repository, digest, env, min(count, 5000))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10000)
