"""What the suites about faulty moves of images share: what was asked of the lab, in which order, and what lies in a folder."""

import os
import re

from lab import synth
from support_move import blobs_of, manifests_of

OPEN = "registry.lab.test"


def files_below(folder):
    """The paths of all that is in a folder and is no folder itself; none of one that is not there."""
    return sorted(os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names)


def writes(lab):
    """The requests that would change a registry."""
    return [r for r in lab.requests() if r["service"] not in ("api", "auth") and r["method"] not in ("GET", "HEAD")]


def puts(lab):
    """The manifests that were put, and taken."""
    return [r for r in lab.requests(operation="PutManifest") if r["status"] == 201]


def downloads(lab, digest, service=None):
    """The GETs of a blob's bytes, behind redirects."""
    return [r for r in lab.requests(method="GET") if digest[7:] in r["path"] and r["service"] != "registry"
            and service in (None, r["service"])]


def starts(requests):
    """The first byte that each of them asked for."""
    return [int(re.fullmatch(r"bytes=(\d+)-", r["headers"].get("range", "bytes=0-"))[1]) for r in requests]


def disorder(lab, made):
    """What was put before that which it names, or None. What is there before the run must be cleared from the log."""
    there = set()
    log = lab.requests()
    digests = {one.digest: [synth.digest_of(data) for data in one.blobs] + [child.digest for child in one.children]
               for one in manifests_of(made)}
    uploaded = set(blobs_of(made)) & {digest for r in log if r["operation"] == "PutUpload" for digest in [closed(r)]}
    for request in log:
        if request["operation"] == "PutUpload" and request["status"] in (201, None):  # None: the answer was lost
            there.add(closed(request))
        if request["operation"] != "PutManifest":
            continue
        named = request["path"].rpartition("/")[2]
        digest = named if ":" in named else made.digest  # tags are the top's
        late = [below for below in digests[digest] if below not in there and (below in uploaded or below in digests)]
        if late:
            return f"{digest} was put before {late}"
        there.add(digest)
    return None


def closed(request):
    """The blob that a PUT ends the upload of."""
    return re.search(r"digest=(sha256(?::|%3A)[0-9a-f]{64})", request["target"])[1].replace("%3A", ":")


def error_line(result):
    """The one line of a failure; the notes before it are left out, and nothing else may have been said."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("ecr: ")]
    assert len(lines) == 1 and result.stdout == "", result
    return lines[0]
