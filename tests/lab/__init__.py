"""The lab: a world in which `ecr` meets the real names and addresses, inside namespaces of its own.

    tests/lab/run COMMAND [ARG...]      runs COMMAND in a fresh lab
    tests/lab/run bash                  a shell to look around
    tests/lab/run build/venv/bin/python -m pytest tests

From the outside in:

    run, namespace.py   enter the namespaces, own the temporary folder
    inside.py           process 1 of the lab: network, mounts, programs, COMMAND
    network.py          addresses and the two interfaces;  names.py  which name belongs to which service
    server.py           one process with DNS, all fronts and the control socket
    httpd.py            HTTP/1.1 and TLS down to the byte;  faults.py  everything that can be told to go wrong
    faults_data.py      the same for the bytes of layers;  uploads.py  uploads, and where their next byte goes
    front_*.py          one service each;  operations_*.py  the operations of the two APIs, by theme
    images.py, public.py    what the control planes know of images;  documents.py  what they demand of texts and tags
    identity.py         what the services that hand out keys know;  sources.py  how they are told
    services.py         the foreign programs: registry, squid, dockerd
    client.py           what tests use: `from lab import Lab`;  client_sources.py  its part on where keys come from
    client_staged.py    its part that sets the scene for operations (scans, many images, ...);  staged.py  the other end
    synth.py            small synthetic images
"""

from .client import Lab, LabError, Result

__all__ = ["Lab", "LabError", "Result"]
