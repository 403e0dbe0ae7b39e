"""Process 1 of the lab: makes network and mounts, starts everything, runs COMMAND, and takes all down by ending."""

import os
import signal
import subprocess
import sys
import time

from . import network, services

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
HOSTS = "127.0.0.1 localhost lab\n::1 localhost\n"
START_SECONDS = 30
STRANGE = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir", "registry_auth_file",
           "xdg_config_home", "xdg_runtime_dir")


def put(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise services.ServiceError(f"mount {' '.join(arguments)} failed: {done.stderr.strip()}")


def set_up_files(folder):
    """Own resolver files and an own /run, seen by this namespace alone."""
    mount("-t", "tmpfs", "tmpfs", "/run")
    mount("--bind", put(f"{folder}/resolv.conf", f"nameserver {network.DNS}\n"), os.path.realpath("/etc/resolv.conf"))
    mount("--bind", put(f"{folder}/hosts", HOSTS), "/etc/hosts")
    os.symlink(f"{folder}/docker.sock", "/run/docker.sock")
    subprocess.run(["hostname", "lab"], check=True)


def start(folder):
    """Starts all services. Only dockerd may fail: then only what needs it fails, for the reason kept in a file."""
    registry, registry_ready = services.start_registry(folder)
    squid, squid_ready = services.start_squid(folder)
    server = services.Program(folder, "server", [sys.executable, "-m", "lab.server", folder])
    server.wait(lambda: services.answers(f"{folder}/control.sock", b'{"op": "ping"}\n', b'"ok"'), START_SECONDS)
    mount("--bind", f"{folder}/ca/root.pem", os.path.realpath(SYSTEM_CA))
    try:
        dockerd, dockerd_ready = services.start_dockerd(folder)
        dockerd.wait(dockerd_ready, START_SECONDS)
    except services.ServiceError as error:
        put(f"{folder}/dockerd.failed", str(error))
        print(f"lab: {error}", file=sys.stderr)
    registry.wait(registry_ready, START_SECONDS)
    squid.wait(squid_ready, START_SECONDS)


def forget_the_caller():
    """Neither the services nor COMMAND shall use the caller's proxies, certificates, keys or daemons."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "DOCKER_", "LAB_")) or name.lower() in STRANGE:
            del os.environ[name]


def environment(folder):
    own = {"LAB_DIR": folder, "LAB_CA": f"{folder}/ca/root.pem", "LAB_CONTROL": f"{folder}/control.sock",
           "LAB_DOCKER_SOCK": f"{folder}/docker.sock", "PYTHONPATH": TESTS,
           # No tool in here shall see what the caller is logged in to; TMPDIR goes away with the folder.
           "HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp", "XDG_RUNTIME_DIR": f"{folder}/home/run",
           "PATH": f"{os.path.dirname(sys.executable)}:{os.environ.get('PATH', '/usr/sbin:/usr/bin:/sbin:/bin')}",
           # The aws CLI and boto3 bring their own bundle, and would look for metadata services.
           "AWS_CA_BUNDLE": f"{folder}/ca/root.pem", "AWS_EC2_METADATA_DISABLED": "true"}
    for name in ("home", "tmp", "home/run"):
        os.makedirs(f"{folder}/{name}")
    return {**os.environ, **own}


def reap_until(pid):
    """Waits for COMMAND; orphans are ours to reap as well."""
    while True:
        try:
            ended, status = os.wait()
        except InterruptedError:
            continue
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def main(folder, *command):
    # Process 1 must survive ^C, which is meant for COMMAND; a handler (unlike SIG_IGN) is not inherited by it.
    signal.signal(signal.SIGINT, lambda *_: None)
    began = time.monotonic()
    forget_the_caller()
    try:
        network.set_up()
        set_up_files(folder)
        start(folder)
    except (services.ServiceError, RuntimeError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 125
    put(f"{folder}/started", f"{time.monotonic() - began:.1f}\n")
    try:
        child = subprocess.Popen(command, env=environment(folder))
    except OSError as error:
        print(f"lab: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    status = reap_until(child.pid)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # everything else dies with process 1
