"""The law for the registry probe: with every fault of the wire, at the registry and at its token service, what is there is
never absent, and what is not there never present."""

import pytest
from support_registry import EXITS
from test_law import API_FAULTS, RIGHT, SAFE

HOST = "bearer.lab.test"
# The repositories whose manifests are spoiled, by method; the token service is spoiled for all.
SPOILED = {"head": ["HeadManifest"], "both": ["HeadManifest", "GetManifest"]}
THERE = [f"{HOST}/{name}/app:v1" for name in SPOILED]
GONE = [f"{HOST}/{name}/web:v9" for name in SPOILED]


@pytest.fixture(scope="module")
def world(the_lab):
    the_lab.reset()
    for ref in THERE:
        the_lab.push_image(ref)
        the_lab.push_image(ref.replace("app", "web"))
    return the_lab


def spoil(lab, place, name):
    fault, parameters, _ = API_FAULTS[name]
    lab.clear()
    if place == "token":
        return lab.fault(fault, service="auth", **parameters)
    for repository, operations in SPOILED.items():
        for operation in operations:
            lab.fault(fault, service="bearer", operation=operation, path=f"^/v2/{repository}/", **parameters)


@pytest.mark.parametrize("name", API_FAULTS)
@pytest.mark.parametrize("place", ["manifest", "token"])
def test_faults(world, place, name):
    expected = API_FAULTS[name][2]
    spoil(world, place, name)
    refs = THERE + GONE if place == "manifest" else [THERE[0], GONE[0]]
    result = world.ecr("check", "--via", "registry", "--json", "-v", "--max-attempts", "1", "--timeout",
                       "400ms" if expected == "timeout" else "4s", *refs, key=None)
    assert result.seconds < 4.5 and any(fault["hits"] for fault in world.faults()), result
    for shown in result.json:
        state, truth = shown["state"], "present" if shown["image"] in THERE else "absent"
        # A registry that has shown itself is believed when it says 404, with whatever words.
        believed = name.startswith("page: 404") and "/both/" in shown["image"]
        assert state in (truth, "unknown") or believed, f"A WRONG ANSWER: {shown} of {result!r}"
        assert state != "unknown" or shown["reason"] in EXITS, result
        if expected == RIGHT:
            assert state == truth, f"it could have been found out: {shown} of {result!r}"
        elif expected != SAFE and place == "token":
            assert state == "unknown", f"a token out of a reply that holds none: {shown} of {result!r}"
