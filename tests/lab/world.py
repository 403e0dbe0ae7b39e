"""What all services of one lab share."""

import threading
import time

from .ca import Authority
from .faults import Rules
from .journal import Journal

DEFAULTS = {
    "clock": 0,                    # seconds by which the services' clock is ahead of the machine's
    "archived_by_id": "hidden",    # DescribeImages of an archived image by its id: hidden (not found) or shown
    "archived_in_listing": True,   # filter.imageStatus ARCHIVED, ACTIVATING, ANY shows archived images in listings
    "filter_with_ids": "honour",   # filter together with imageIds: honour or reject (InvalidParameterException)
    "page_limit": None,            # pages are never longer, whatever maxResults says
    "empty_pages": False,          # every page is preceded by an empty one that carries a token
    "upload_location": None,       # Location of uploads: a form of uploads.py; None: absolute in ECR, relative elsewhere
    "link_seconds": 3600,          # life of a signed link to a layer
    "restore_polls": 1,            # looks (DescribeImages) at a restored image that still find it ACTIVATING
    "preview_polls": 0,            # looks at a lifecycle preview that still find it IN_PROGRESS
    "preview_status": "COMPLETE",  # what it is after that: COMPLETE, FAILED or EXPIRED
    "token_seconds": 12 * 3600,    # life of a registry token
    "token_bytes": 1800,           # raw bytes within a registry password
}


class World:
    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(f"{folder}/ca")
        self.journal, self.rules = Journal(), Rules()
        self.lock = threading.RLock()   # guards the state of the services (images, keys, tokens, cache rules)
        self.epoch = 0                  # grows at each reset, so that storage of earlier tests is not seen
        self.settings = dict(DEFAULTS)
        self.links_ended = 0            # grows whenever all links to layers that are out come to their end

    def now(self):
        return time.time() + self.settings["clock"]

    def set(self, **values):
        for name, value in values.items():
            if name not in DEFAULTS:
                raise ValueError(f"there is no setting named {name}; there are: {', '.join(DEFAULTS)}")
            self.settings[name] = value

    def reset(self):
        self.rules.clear()
        self.journal.clear()
        self.settings = dict(DEFAULTS)
        self.epoch += 1
