"""What the tests of commands that manage repositories share: what was asked, how it ended, and terminals."""

import datetime
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios

from lab.client import ROOT

BINARY = os.environ.get("ECR_BIN") or os.path.join(ROOT, "build", "ecr")
ACCOUNT, OTHER = "123456789012", "210987654321"
HOST, API = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com"
ARN = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository"
NONE_THERE = "'ecr repo ls' lists what there is in us-east-1; is it the right account and region?"


def asked(lab, host=API):
    """Operation and body of each request, all of them to one host."""
    requests = lab.requests()
    assert {r["host"] for r in requests} <= {host}, requests
    return [(r["operation"], json.loads(r["body"])) for r in requests]


def done(result, stdout="", *notes):
    assert (result.code, result.stdout, result.stderr.splitlines()) == (0, stdout, list(notes)), result


def error_of(result, code, *parts):
    assert result.code == code and result.stdout == "", result
    line, = result.stderr.splitlines()
    assert line.startswith(f"ecr: {parts[0]}: ") and all(part in line for part in parts), (line, parts)
    return line


def on_terminal(lab, *arguments, answer="", columns=0):
    """(exit status, stdout, stderr) with a terminal as stdin and stderr, and with `columns` another as stdout.

    Without an answer (None) stdin is none."""
    ours, theirs = pty.openpty()
    mode = termios.tcgetattr(theirs)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, mode)
    out, out_theirs = pty.openpty() if columns else os.pipe()
    if columns:
        fcntl.ioctl(out_theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.write(ours, (answer or "").encode())
    stdin = subprocess.DEVNULL if answer is None else theirs
    process = subprocess.Popen([BINARY, *arguments], stdin=stdin, stdout=out_theirs, stderr=theirs, env={
        "SSL_CERT_FILE": lab.ca, "AWS_REGION": "us-east-1", "TERM": "dumb", **lab.key_environment("full")})
    os.close(theirs)
    os.close(out_theirs)
    said, printed = all_of(ours), all_of(out)
    return process.wait(20), printed, said


def all_of(end):
    """All that comes until the other end is closed."""
    text = b""
    while True:
        assert select.select([end], [], [], 20)[0], f"it does not end, after: {text!r}"
        try:
            piece = os.read(end, 65536)
        except OSError:  # a terminal ends so
            piece = b""
        if not piece:
            os.close(end)
            return text.decode().replace("\r\n", "\n")
        text += piece


def iso(seconds):
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- repositories

def filters(*texts):
    return {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": text} for text in texts]}


def encrypted(kind, key=None):
    return {"encryptionConfiguration": {"encryptionType": kind, **({"kmsKey": key} if key else {})}}


def tagged(**tags):
    return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


SCANNED = {"imageScanningConfiguration": {"scanOnPush": True}}
IMMUTABLE = {"imageTagMutability": "IMMUTABLE"}
EXCEPT = {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}


def made(lab, name="team/app"):
    found, = lab.api().describe_repositories(repositoryNames=[name])["repositories"]
    return {**found, "createdAt": found["createdAt"].timestamp()}
