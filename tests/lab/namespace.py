"""Enters the namespaces. This process stays outside: it owns the temporary folder and hands on the exit status."""

import ctypes
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1


def die_with_parent():
    """The namespace must not outlive this process, even if this one is killed outright."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def remove(folder):
    """The folder, and the control groups of containers, which no namespace takes away."""
    name = os.path.basename(folder)
    for root in ["/sys/fs/cgroup", *glob.glob("/sys/fs/cgroup/*")]:
        for place, _, _ in os.walk(os.path.join(root, name), topdown=False):
            try:
                os.rmdir(place)
            except OSError:
                pass  # a mount this process does not see
    # The last process is gone a moment after the namespace's first one; until then a file may still appear.
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.1)


def main(argv):
    if not argv:
        print("usage: tests/lab/run COMMAND [ARG...]", file=sys.stderr)
        return 125
    if os.geteuid() != 0:
        print("lab: must be started by root (it makes network and mount namespaces)", file=sys.stderr)
        return 125
    folder = tempfile.mkdtemp(prefix="ecr-lab-")
    os.chmod(folder, 0o755)  # squid works in it as another user
    child = None

    def stop(number, _frame):
        if child:
            child.kill()
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    # ^C reaches the whole foreground group; what it means is COMMAND's decision, whose status is handed on.
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        child = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc",
             sys.executable, "-m", "lab.inside", folder, *argv],
            preexec_fn=die_with_parent)
        status = child.wait()
        return status if status >= 0 else 128 - status
    finally:
        remove(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
