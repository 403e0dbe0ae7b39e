"""What `ecr check` requires of an image that is there: platforms, that a pull would succeed, digest, age, size, a signature."""

import hashlib
import json
import platform

import pytest

from lab import synth
from support_net import assert_verdict, verdict

OPEN = "registry.lab.test"
NATIVE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}[platform.machine()]
FOREIGN = {"linux/amd64": "linux/arm64", "linux/arm64": "linux/amd64"}[NATIVE]
BOTH = ["linux/amd64", "linux/arm64/v8"]
SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"


@pytest.fixture(params=["ecr", "open"])
def repository(lab, request):
    """HOST/NAME in ECR, then in a registry that asks for nothing."""
    return lab.create_repository("team/app") if request.param == "ecr" else f"{OPEN}/team/app"


def pushed(lab, ref, *arguments, **options):
    made = lab.push_image(ref, *arguments, **options)
    lab.clear_log()
    return made


def data_plane(lab):
    """What was asked of the registry, and of the store that it led to."""
    return [(r["service"], r["operation"], r["path"].rpartition("/")[2]) for r in lab.requests()
            if r["operation"] not in ("DescribeImages", "GetAuthorizationToken")]


def descriptor_of(data, media_type, **more):
    return {"mediaType": media_type, "digest": synth.digest_of(data), "size": len(data), **more}


def index_of(children, **members):
    """An index of (image, platform text, {os, architecture} or None)."""
    entries = []
    for child, wanted in children:
        shown = synth.platform_of(wanted) if isinstance(wanted, str) else wanted
        entries.append({**child.descriptor(), **({"platform": shown} if shown else {})})
    text = {"schemaVersion": 2, "mediaType": synth.OCI["index"], "manifests": entries, **members}
    return synth.Image(json.dumps(text).encode(), synth.OCI["index"], (), [child for child, _ in children])


# ---- platforms

PLATFORMS = [
    # platforms in the index, options, reason
    (BOTH, ["linux/amd64"], "ok"), (BOTH, ["linux/arm64"], "ok"), (BOTH, ["linux/arm64/v8"], "ok"),
    (BOTH, ["linux/amd64", "linux/arm64"], "ok"), (BOTH, ["linux/amd64", "linux/s390x"], "no-platform"),
    (BOTH, ["linux/arm"], "no-platform"), (BOTH, ["windows/amd64"], "no-platform"), (BOTH, ["native"], "ok"),
    ([FOREIGN], ["native"], "no-platform"), (["linux/arm/v7"], ["linux/arm/v7"], "ok"),
    (["linux/arm/v7"], ["linux/arm/v6"], "no-platform"), (["linux/arm/v7", "linux/arm/v6"], ["linux/arm/v6"], "ok"),
    (["linux/arm64"], ["linux/arm64/v8"], "ok"), (["linux/amd64"], ["linux/x86_64"], "ok"),
    (["linux/arm64"], ["linux/aarch64"], "ok"),
]


@pytest.mark.parametrize("there, wanted, reason", PLATFORMS, ids=str)
def test_platforms_of_an_index(lab, there, wanted, reason):
    repository = f"{OPEN}/team/app"
    pushed(lab, f"{repository}:v1", there)
    result = lab.ecr("check", *(word for text in wanted for word in ("--platform", text)), f"{repository}:v1")
    assert_verdict(result, reason, 0 if reason == "ok" else 6)
    if reason != "ok":
        for text in there:
            assert text in result.stderr, result  # what it is for instead


@pytest.mark.parametrize("wanted, code, docker", [("linux/arm64", 0, True), ("linux/amd64", 6, False), ("linux/arm64/v8", 0, False)])
def test_a_single_manifest_is_judged_by_its_config(lab, repository, wanted, code, docker):
    made = pushed(lab, f"{repository}:v1", "linux/arm64", docker=docker)
    result = lab.ecr("check", "--json", "--platform", wanted, f"{repository}:v1")
    shown, = result.json
    assert (shown["reason"], result.code) == ("ok" if code == 0 else "no-platform", code), result
    assert shown["platforms"] == ["linux/arm64"] and shown["digest"] == made.digest
    config = json.loads(made.manifest)["config"]["digest"]
    asked = [r for r in lab.requests() if r["path"].endswith(config) and r["service"] != "api"]
    assert asked and "range" not in asked[0]["headers"]


def test_nothing_is_assumed_without_the_option(lab, repository):
    """An image for another machine is there all the same, and no manifest is read."""
    pushed(lab, f"{repository}:v1", ["linux/s390x"])
    result = lab.ecr("check", "--json", f"{repository}:v1")
    assert result.code == 0 and "platforms" not in result.json[0]
    assert not [r for r in lab.requests() if r["operation"] in ("GetManifest", "GetBlob", "BatchGetImage")]


def attested(platforms=BOTH):
    """What a build with provenance pushes: each image has a companion of the platform unknown/unknown."""
    children = []
    for name in platforms:
        image = synth.image(name)
        companion = synth.image("unknown/unknown", content=f"provenance of {name}")
        children += [(image, name), (companion, "unknown/unknown")]
    return index_of(children)


def test_attestations_are_no_platforms(lab, repository):
    lab.push(f"{repository}:v1", attested())
    lab.clear_log()
    shown, = lab.ecr("check", "--json", *(w for p in BOTH for w in ("--platform", p)), f"{repository}:v1").json
    assert shown["state"] == "present" and shown["platforms"] == BOTH
    assert_verdict(lab.ecr("check", "--platform", "unknown/unknown", f"{repository}:v1"), "no-platform", 6)


def test_deep_leaves_attestations_alone(lab):
    repository = f"{OPEN}/team/app"
    made = attested(["linux/amd64"])
    lab.push(f"{repository}:v1", made)
    lab.clear_log()
    assert_verdict(lab.ecr("check", "--deep", f"{repository}:v1"), "ok", 0)
    companion = made.children[1]
    assert not [r for r in lab.requests() if companion.digest in r["path"] or companion.layers[0] in r["path"]]


def test_platforms_are_told(lab):
    repository = lab.create_repository("team/app")
    pushed(lab, f"{repository}:v1", BOTH)
    shown, = lab.ecr("check", "--json", "--platform", "linux/riscv64", f"{repository}:v1").json
    assert (shown["state"], shown["platforms"], shown["trail"][-1]["reason"]) == ("unfit", BOTH, "no-platform")


@pytest.mark.parametrize("wrong", ["linux", "linux/", "/amd64", "linux/arm/v7/x", "linux amd64", "all", ""])
def test_a_platform_that_is_none(lab, wrong):
    result = lab.ecr("check", "--platform", wrong, f"{OPEN}/a:1")
    assert result.code == 2 and result.stdout == "" and result.stderr.startswith("ecr: --platform: ")


# ---- what an index says, and what it does not

def test_a_child_without_a_platform_is_judged_by_its_config(lab, repository):
    """The platform of an index's entry may be left out: runtimes look into the configuration then."""
    lab.push(f"{repository}:v1", index_of([(synth.image("linux/arm64"), None)]))
    result = lab.ecr("check", "--json", "--platform", "linux/arm64", f"{repository}:v1")
    assert result.code == 0 and result.json[0]["platforms"] == ["linux/arm64"], result
    assert_verdict(lab.ecr("check", "--platform", "linux/amd64", f"{repository}:v1"), "no-platform", 6)


def test_deep_looks_at_children_without_a_platform(lab, repository):
    child = synth.image("linux/amd64")
    lab.push(f"{repository}:v1", index_of([(child, None)]))
    lab.clear_log()
    assert_verdict(lab.ecr("check", "--deep", f"{repository}:v1"), "ok", 0)
    assert any(child.layers[0] in r["path"] for r in lab.requests())


def test_an_index_in_an_index(lab):
    repository = f"{OPEN}/team/app"
    inner = index_of([(synth.image("linux/amd64"), "linux/amd64")])
    lab.push(f"{repository}:v1", index_of([(inner, "linux/amd64")]))
    lab.clear_log()
    assert_verdict(lab.ecr("check", "--deep", "--platform", "linux/amd64", f"{repository}:v1"), "ok", 0)
    assert any(inner.children[0].layers[0] in r["path"] for r in lab.requests())


# ---- a pull would succeed

def test_deep_asks_for_every_part_as_a_pull_would(lab):
    """The registry gets the token, the store behind its redirect does not; of layers the first byte is enough."""
    repository = lab.create_repository("team/app")
    made = pushed(lab, f"{repository}:v1", layers=3)
    config = json.loads(made.manifest)["config"]["digest"]
    assert_verdict(lab.ecr("check", "--deep", f"{repository}:v1"), "ok", 0)
    expected = [("registry", "GetManifest", made.digest)]
    for digest in (config, *made.layers):
        expected += [("registry", "GetBlob", digest), ("bucket", "GetObject", digest)]
    assert data_plane(lab) == expected
    for r in lab.requests():
        assert ("authorization" in r["headers"]) == (r["service"] != "bucket"), r
        layer = r["path"].rpartition("/")[2] in made.layers
        assert r["headers"].get("range") == ("bytes=0-0" if layer else None), r
        assert r["status"] < 400
    assert [r["status"] for r in lab.requests(service="bucket")] == [200, 206, 206, 206]


def test_deep_reads_every_child_that_is_asked_for(lab, repository):
    made = pushed(lab, f"{repository}:v1", BOTH)
    assert_verdict(lab.ecr("check", "--deep", f"{repository}:v1"), "ok", 0)
    asked = {what for _, _, what in data_plane(lab)}
    for child in made.children:
        assert {child.digest, *child.layers} <= asked
    lab.clear_log()
    assert_verdict(lab.ecr("check", "--deep", "--platform", "linux/arm64", f"{repository}:v1"), "ok", 0)
    asked = {what for _, _, what in data_plane(lab)}
    amd, arm = made.children
    assert {arm.digest, *arm.layers} <= asked and not {amd.digest, *amd.layers} & asked


@pytest.mark.parametrize("kind", ["child", "config", "layer"])
def test_a_part_that_is_missing(lab, kind):
    """Taken out of a real registry: its index or manifest is still there."""
    made = lab.push_image(f"{OPEN}/team/app:v1", BOTH)
    child = made.children[0]
    gone = {"child": f"manifests/{child.digest}", "layer": f"blobs/{child.layers[0]}",
            "config": f"blobs/{json.loads(child.manifest)['config']['digest']}"}[kind]
    lab._pusher(OPEN, "team/app").ask("DELETE", f"/v2/team/app/{gone}")
    assert_verdict(lab.ecr("check", f"{OPEN}/team/app:v1"), "ok", 0)
    assert_verdict(lab.ecr("check", "--deep", f"{OPEN}/team/app:v1"), "incomplete", 6, gone.partition("/")[2])
    assert_verdict(lab.ecr("check", "--deep", "--platform", "linux/arm64", f"{OPEN}/team/app:v1"), "ok", 0)


BROKEN = [
    # service, operation, fault, parameters, reason, exit
    ("registry", "GetBlob", "refuse", {"code": "BLOB_UNKNOWN", "status": 404}, "incomplete", 6),
    ("bucket", "GetObject", "refuse", {"code": "NoSuchKey", "status": 404}, "incomplete", 6),
    ("bucket", "GetObject", "refuse", {"code": "AccessDenied", "status": 403}, "denied", 3),
    ("bucket", "GetObject", "throttle", {}, "throttled|server-error", 4),
    ("bucket", "GetObject", "server_error", {}, "server-error", 4),
    ("bucket", "GetObject", "cut", {}, "unreachable", 4),
    ("bucket", "GetObject", "html", {}, "bad-reply|ambiguous", 5),
    ("bucket", "GetObject", "not_a_registry", {}, "bad-reply|ambiguous", 5),
    ("registry", "GetBlob", "html", {}, "bad-reply|ambiguous", 5),
    ("registry", "GetBlob", "not_a_registry", {}, "bad-reply|ambiguous", 5),
    ("registry", "GetBlob", "deny", {}, "denied", 3),
    ("registry", "GetBlob", "redirect", {"location": "http://198.18.0.12/x"}, "refused", 5),
    ("registry", "GetManifest", "deny", {}, "denied", 3),
    ("registry", "GetManifest", "garble", {}, "bad-reply", 5),
    ("registry", "GetManifest", "refuse", {"code": "MANIFEST_UNKNOWN", "status": 404}, "incomplete", 6),
    ("registry", "GetManifest", "not_a_registry", {}, "ambiguous", 5),
    ("registry", "GetManifest", "html", {}, "ambiguous", 5),
]


@pytest.mark.parametrize("service, operation, fault, parameters, reason, code, skip",
                         [(*row, 0) for row in BROKEN if row[2] in ("refuse", "html", "not_a_registry") or "Manifest" in row[1]]
                         + [(*row, 1) for row in BROKEN if "Manifest" not in row[1]])
def test_deep_when_something_goes_wrong(lab, service, operation, fault, parameters, reason, code, skip):
    """Only what a registry or its store says for certain is `unfit`; the first blob is the configuration, then a layer."""
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    lab.fault(fault, service=service, operation=operation, skip=skip, **parameters)
    result = lab.ecr("check", "--deep", "--max-attempts", "1", f"{repository}:v1")
    assert lab.faults()[0]["hits"] >= 1
    assert result.code == code and verdict(result)[1] in reason.split("|"), result


def test_a_configuration_that_lies(lab, repository):
    """It is hashed: another one than the manifest names is no answer."""
    pushed(lab, f"{repository}:v1")
    lab.fault("garble", service="bucket" if "dkr" in repository else "tls", method="GET", path="sha256:", skip=0)
    assert_verdict(lab.ecr("check", "--deep", "--max-attempts", "1", f"{repository}:v1"), "bad-reply", 5, "digest")


@pytest.mark.parametrize("key, code", [("pull", 0), ("describe", 3)])
def test_deep_needs_what_a_pull_needs(lab, key, code):
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    assert_verdict(lab.ecr("check", f"{repository}:v1", key=key), "ok", 0)
    assert_verdict(lab.ecr("check", "--deep", f"{repository}:v1", key=key), "ok" if code == 0 else "denied", code)


@pytest.mark.parametrize("depth, code", [(3, 0), (12, 5)])
def test_indexes_in_indexes_without_end(lab, depth, code):
    inner = synth.image("linux/amd64")
    for _ in range(depth):
        inner = index_of([(inner, "linux/amd64")])
    lab.push(f"{OPEN}/team/app:v1", inner)
    assert_verdict(lab.ecr("check", "--deep", f"{OPEN}/team/app:v1"), "ok" if code == 0 else "bad-reply", code)


def test_an_index_that_names_one_image_many_times(lab):
    """What was looked at once is not asked for again."""
    child = synth.image("linux/amd64")
    made = index_of([(child, "linux/amd64")] * 300)
    made.children = [child]
    lab.push(f"{OPEN}/team/app:v1", made)
    lab.clear_log()
    assert_verdict(lab.ecr("check", "--deep", f"{OPEN}/team/app:v1"), "ok", 0)
    assert len(lab.requests()) < 10


def test_layers_that_are_kept_elsewhere(lab):
    """Foreign layers of Windows' images are not the registry's: they are neither asked for nor counted."""
    made = synth.image("windows/amd64")
    value = json.loads(made.manifest)
    value["layers"].insert(0, {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 10**12,
                               "digest": "sha256:" + "5" * 64, "urls": ["https://mcr.lab.test/x"]})
    text = json.dumps(value).encode()
    repository = lab.create_repository("app")
    lab.push(f"{repository}:v1", synth.Image(text, made.media_type, made.blobs))
    lab.clear_log()
    assert_verdict(lab.ecr("check", "--deep", "--max-size", "1MB", f"{repository}:v1"), "ok", 0)
    assert not [r for r in lab.requests() if "5" * 64 in r["path"]]


# ---- digest

def test_digest(lab):
    repository = lab.create_repository("team/app")
    made = pushed(lab, f"{repository}:v1")
    other = "sha256:" + "a" * 64
    assert_verdict(lab.ecr("check", "--digest", made.digest, f"{repository}:v1"), "ok", 0)
    assert_verdict(lab.ecr("check", "--digest", other, f"{repository}:v1"), "digest-mismatch", 6, made.digest, other)
    assert_verdict(lab.ecr("check", "--digest", made.digest, f"{repository}:v2"), "no-image", 1)


@pytest.mark.parametrize("wrong", ["latest", "sha256:abc", "sha256:" + "A" * 64, "sha256:" + "g" * 64, "sha256"])
def test_a_digest_that_is_none(lab, wrong):
    result = lab.ecr("check", "--digest", wrong, f"{OPEN}/a:1")
    assert result.code == 2 and result.stderr.startswith("ecr: --digest: ") and lab.requests() == []


# ---- age

@pytest.mark.parametrize("limit, code", [("1h", 6), ("2h", 6), ("3h", 0), ("150m", 0), ("5000s", 6)])
def test_age_by_the_push(lab, limit, code):
    repository = lab.create_repository("team/app")
    pushed(lab, f"{repository}:v1")
    lab.age(f"{repository}:v1", 2 * 3600 + 60)
    result = lab.ecr("check", "--max-age", limit, f"{repository}:v1")
    assert_verdict(result, "ok" if code == 0 else "too-old", code)
    assert {r["operation"] for r in lab.requests()} == {"DescribeImages"}  # which says when it was pushed


def test_age_by_the_configuration(lab):
    """A registry does not tell when an image was pushed: the image says when it was made."""
    pushed(lab, f"{OPEN}/team/app:v1")
    assert_verdict(lab.ecr("check", "--max-age", "1h", f"{OPEN}/team/app:v1"), "too-old", 6, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize("limit", ["90d", "365d"])
def test_age_in_days(lab, limit):
    repository = lab.create_repository("team/app")
    pushed(lab, f"{repository}:v1")
    assert_verdict(lab.ecr("check", "--max-age", limit, f"{repository}:v1"), "ok", 0)
    lab.age(f"{repository}:v1", 400 * 86400)
    assert_verdict(lab.ecr("check", "--max-age", limit, f"{repository}:v1"), "too-old", 6)


# ---- size

SIZE = 50_000


@pytest.mark.parametrize("limit, code", [("20KB", 6), ("48K", 6), ("49KiB", 0), ("49000", 6), ("55000", 0), ("1MB", 0),
                                         ("1MiB", 0), ("1GB", 0), ("1TiB", 0)])
def test_size(lab, limit, code):
    repository = f"{OPEN}/team/app"
    made = pushed(lab, f"{repository}:v1", size=SIZE - 1000)
    total = sum(part["size"] for part in (json.loads(made.manifest)["config"], *json.loads(made.manifest)["layers"]))
    assert 49_000 < total < 49 * 1024  # as the rows above need it
    result = lab.ecr("check", "--max-size", limit, f"{repository}:v1")
    assert_verdict(result, "ok" if code == 0 else "too-large", code)
    assert code == 0 or str(total) in result.stderr


def test_size_is_of_the_platform_asked_for(lab):
    repository = f"{OPEN}/team/app"
    small, large = synth.image("linux/amd64"), synth.image("linux/arm64", size=200_000)
    lab.push(f"{repository}:v1", index_of([(small, "linux/amd64"), (large, "linux/arm64")]))
    assert_verdict(lab.ecr("check", "--max-size", "100KB", f"{repository}:v1"), "too-large", 6)
    assert_verdict(lab.ecr("check", "--max-size", "100KB", "--platform", "linux/amd64", f"{repository}:v1"), "ok", 0)


@pytest.mark.parametrize("wrong", ["0", "big", "-1", "1 GB", "1iB", "99999999999TB", "1.5GB"])
def test_a_size_that_is_none(lab, wrong):
    result = lab.ecr("check", f"--max-size={wrong}", f"{OPEN}/a:1")
    assert result.code == 2 and result.stderr.startswith("ecr: --max-size: ") and lab.requests() == []


# ---- signatures

def attach(lab, repository, made, artifact_type, tag=None):
    """Something that refers to the image."""
    lab.push(f"{repository}:{tag}" if tag else repository,
             synth.image(content=artifact_type, artifactType=artifact_type, subject=made.descriptor()))


@pytest.mark.parametrize("kind, code", [
    (SIGNATURE, 0), ("application/vnd.dev.sigstore.bundle.v0.3+json", 0), ("application/vnd.cncf.notary.signature", 0),
    ("application/spdx+json", 6), ("application/vnd.in-toto+json", 6)])
def test_a_referrer(lab, kind, code):
    repository = lab.create_repository("team/app")  # its registry has the referrers API
    made = lab.push_image(f"{repository}:v1")
    attach(lab, repository, made, kind)
    lab.clear_log()
    result = lab.ecr("check", "--has-signature", f"{repository}:v1")
    assert_verdict(result, "ok" if code == 0 else "no-signature", code)
    assert ("registry", "ListReferrers", made.digest) in data_plane(lab)


@pytest.mark.parametrize("kind, code", [(SIGNATURE, 0), ("application/spdx+json", 6)])
def test_the_fallback_tag(lab, kind, code):
    """Without the referrers API its list is below a tag made of the digest."""
    made = lab.push_image(f"{OPEN}/team/app:v1")
    companion = synth.image(content=kind, artifactType=kind, subject=made.descriptor())
    entry = {**companion.descriptor(), "artifactType": kind}
    text = {"schemaVersion": 2, "mediaType": synth.OCI["index"], "manifests": [entry]}
    lab.push(f"{OPEN}/team/app:{made.digest.replace(':', '-')}",
             synth.Image(json.dumps(text).encode(), synth.OCI["index"], (), [companion]))
    assert_verdict(lab.ecr("check", "--has-signature", f"{OPEN}/team/app:v1"), "ok" if code == 0 else "no-signature", code)


def test_the_tag_of_cosign(lab):
    repository = lab.create_repository("team/app")
    made = lab.push_image(f"{repository}:v1")
    assert_verdict(lab.ecr("check", "--has-signature", f"{repository}:v1"), "no-signature", 6)
    lab.push_image(f"{repository}:{made.digest.replace(':', '-')}.sig", content="signature")
    assert_verdict(lab.ecr("check", "--has-signature", f"{repository}:v1"), "ok", 0)


@pytest.mark.parametrize("fault, parameters, reason, code", [
    ("deny", {}, "denied", 3), ("server_error", {}, "server-error", 4), ("throttle", {}, "throttled", 4),
    ("html", {}, "bad-reply", 5), ("garble_json", {}, "bad-reply", 5), ("other_shape", {}, "bad-reply", 5)])
def test_signatures_that_cannot_be_looked_for(lab, fault, parameters, reason, code):
    """Only a registry's own list says that there is none."""
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    lab.fault(fault, service="registry", operation="ListReferrers", **parameters)
    result = lab.ecr("check", "--has-signature", "--max-attempts", "1", f"{repository}:v1")
    assert lab.faults()[0]["hits"] == 1
    assert_verdict(result, reason, code)


def test_referrers_on_further_pages(lab):
    repository = lab.create_repository("team/app")
    made = lab.push_image(f"{repository}:v1")
    empty = {"schemaVersion": 2, "mediaType": synth.OCI["index"], "manifests": []}
    lab.fault("body", service="registry", operation="ListReferrers", count=1, text=json.dumps(empty),
              content_type=synth.OCI["index"],
              headers={"Link": f'</v2/team/app/referrers/{made.digest}?last=x>; rel="next"'})
    attach(lab, repository, made, SIGNATURE)
    assert_verdict(lab.ecr("check", "--has-signature", f"{repository}:v1"), "ok", 0)


# ---- several at once

def test_all_of_them_at_once(lab, repository):
    made = pushed(lab, f"{repository}:v1", BOTH)
    options = ["--deep", "--platform", "linux/amd64", "--digest", made.digest, "--max-size", "1MB"]
    assert_verdict(lab.ecr("check", *options, f"{repository}:v1"), "ok", 0)


def test_what_is_not_there_is_absent_whatever_is_required(lab):
    repository = lab.create_repository("team/app")
    options = ["--deep", "--platform", "native", "--max-age", "1h", "--max-size", "1", "--has-signature"]
    assert_verdict(lab.ecr("check", *options, f"{repository}:none"), "no-image", 1)


@pytest.mark.parametrize("option", [["--deep"], ["--has-signature"], ["--max-age", "1h"], ["--max-size", "1GB"]], ids=str)
def test_the_local_daemon_cannot_tell(lab, dockerd, option):
    result = lab.ecr("check", "--via", "local", *option, "none/none:1", docker=True)
    assert verdict(result)[0] != "present" and result.code != 0


def test_a_digest_of_another_kind_is_compared_with_the_manifest(lab, repository):
    made = pushed(lab, f"{repository}:v1")
    right = "sha512:" + hashlib.sha512(made.manifest).hexdigest()
    assert_verdict(lab.ecr("check", "--digest", right, f"{repository}:v1"), "ok", 0)
    assert_verdict(lab.ecr("check", "--digest", "sha512:" + "0" * 128, f"{repository}:v1"), "digest-mismatch", 6)
