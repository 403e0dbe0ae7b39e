"""pull, push and copy while the network, the registries and their credentials fail: the right bytes in the end, or a definite
exit status with one clear line and a target that is consistent. Where a transfer goes on, the bytes are counted."""

import pytest
import support_move as move
from support_move_faults import OPEN, disorder, downloads, error_line, puts, starts

from lab import synth
from lab.names import PASSWORD, USER

ECR, BEARER = "ecr", "bearer.lab.test"
MB = 1 << 20
IMAGE = move.image((1600000, 100))  # what is up to 1 MiB the lab takes in one go: no upload of it is cut
LAYER = IMAGE.parts[0]
SIZE = len(LAYER.data)
SERVICES = {OPEN: ("tls", "tls"), ECR: ("registry", "bucket"), BEARER: ("bearer", "bearer")}


class Place:
    """A repository for IMAGE: who answers for its manifests, and who for its blobs."""

    def __init__(self, lab, kind):
        self.kind, (self.service, self.store) = kind, SERVICES[kind]
        self.repository = lab.create_repository("app") if kind == ECR else f"{kind}/app"
        self.ref = f"{self.repository}:v1"


@pytest.fixture(params=[OPEN, ECR])
def source(lab, request):
    """Holds IMAGE."""
    place = Place(lab, request.param)
    move.push_raw(place.ref, IMAGE)
    lab.clear_log()
    return place


@pytest.fixture(params=[OPEN, ECR])
def target(lab, request):
    """Holds nothing."""
    place = Place(lab, request.param)
    lab.clear_log()
    return place


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    return move.write_layout(tmp_path_factory.mktemp("in") / "layout", {"v1": IMAGE})


def pull(lab, source, folder, *options, **rest):
    return lab.ecr("pull", *options, source.ref, f"oci:{folder}/out:v1", **rest)


def push(lab, layout, target, *options, **rest):
    return lab.ecr("push", *options, f"oci:{layout}:v1", target.ref, **rest)


def pulled(result, folder):
    assert (result.code, result.stdout) == (0, f"{IMAGE.digest}\n"), result
    assert move.layout_fault(folder / "out") is None and move.layout_tags(folder / "out") == {"v1": IMAGE.digest}


def pushed(lab, result, target):
    order = disorder(lab, IMAGE)
    assert (result.code, result.stdout) == (0, f"{IMAGE.digest}\n"), result
    assert move.registry_fault(lab, target.ref, IMAGE) is None and order is None, order


def not_pulled(result, folder, codes):
    layout = folder / "out" if folder.name != "second" else folder
    assert result.code in codes and error_line(result), result
    if layout.exists():
        assert move.layout_fault(layout) is None and move.layout_tags(layout) == {}


def not_pushed(lab, result, codes):
    """Nothing was named that is not there: no manifest stands in the target."""
    assert result.code in codes and error_line(result) and puts(lab) == [], result


def fault_down(lab, source, name, **parameters):
    lab.fault(name, service=source.store, method="GET", path=LAYER.digest[7:], **parameters)


# ---- downloads that are cut

@pytest.mark.parametrize("source, after", [(OPEN, 0), (OPEN, 1), (OPEN, 70000), (OPEN, SIZE * 9 // 10), (OPEN, SIZE - 1),
                                           (ECR, 0), (ECR, SIZE * 9 // 10)], indirect=["source"])
def test_a_download_that_is_cut_goes_on(lab, source, tmp_path, after):
    """At the very byte, so that nothing is fetched again."""
    fault_down(lab, source, "cut_body", after=after, count=1)
    pulled(pull(lab, source, tmp_path), tmp_path)
    assert starts(downloads(lab, LAYER.digest)) == [0, after]


def test_a_download_that_is_reset_goes_on(lab, source, tmp_path):
    """A reset may lose what was on its way."""
    fault_down(lab, source, "cut_body", after=SIZE * 9 // 10, rst=True, count=1)
    pulled(pull(lab, source, tmp_path), tmp_path)
    first, second = starts(downloads(lab, LAYER.digest))
    assert first == 0 and SIZE * 8 // 10 < second <= SIZE * 9 // 10


@pytest.mark.parametrize("source", [OPEN], indirect=True)
def test_a_download_that_is_cut_again_and_again(lab, source, tmp_path):
    """More often than attempts are made without any progress."""
    fault_down(lab, source, "cut_body", after=500000, count=3)
    pulled(pull(lab, source, tmp_path), tmp_path)
    assert starts(downloads(lab, LAYER.digest)) == [n * 500000 for n in range(4)]


@pytest.mark.parametrize("source", [OPEN], indirect=True)
def test_a_download_that_never_moves(lab, source, tmp_path):
    fault_down(lab, source, "cut_body", after=0)
    not_pulled(pull(lab, source, tmp_path), tmp_path, (4, 5))
    assert len(downloads(lab, LAYER.digest)) == 3


def test_one_attempt_is_one(lab, source, tmp_path):
    fault_down(lab, source, "cut_body", after=5000, count=1)
    not_pulled(pull(lab, source, tmp_path, "--max-attempts", "1"), tmp_path, (4, 5))
    assert len(downloads(lab, LAYER.digest)) == 1


@pytest.mark.parametrize("source", [OPEN], indirect=True)
@pytest.mark.parametrize("name", ["oci-archive:{}/out.tar:v1", "oci-archive:-", "docker-archive:-"])
def test_cuts_do_not_show_in_archives(lab, source, tmp_path, name):
    """Not even in a stream, which cannot be begun anew."""
    fault_down(lab, source, "cut_body", after=SIZE // 2, count=1)
    result = lab.ecr("pull", source.ref, name.format(tmp_path), prefix=("sh", "-c", f'exec "$@" >{tmp_path}/out.tar', "sh")
                     if name.endswith("-") else ())
    assert result.code == 0, result
    assert starts(downloads(lab, LAYER.digest)) == [0, SIZE // 2]
    again = lab.ecr("copy", f"{name.partition(':')[0]}:{tmp_path}/out.tar", f"oci:{tmp_path}/out:v1")
    assert again.code == 0 and move.layout_fault(tmp_path / "out") is None
    assert (tmp_path / "out" / "blobs" / "sha256" / LAYER.digest[7:]).exists()


@pytest.mark.parametrize("source", [OPEN], indirect=True)
@pytest.mark.parametrize("fault, parameters", [("ignore_range", {}), ("other_range", {"by": -10}), ("other_range", {"by": 10}),
                                               ("server_error", {"status": 416}), ("garble", {})])
def test_ranges_that_are_answered_wrongly_once(lab, source, tmp_path, fault, parameters):
    """Right in the end, or refused; wrong never."""
    fault_down(lab, source, "cut_body", after=MB, count=1)
    fault_down(lab, source, fault, count=1, **parameters)
    result = pull(lab, source, tmp_path)
    if result.code == 0:
        pulled(result, tmp_path)
    else:
        not_pulled(result, tmp_path, (5,))
    assert result.code == 0 or fault in ("garble", "server_error")


@pytest.mark.parametrize("source", [OPEN], indirect=True)
def test_ranges_that_are_answered_wrongly_for_ever(lab, source, tmp_path):
    fault_down(lab, source, "cut_body", after=MB, count=1)
    fault_down(lab, source, "other_range", by=-10)
    not_pulled(pull(lab, source, tmp_path), tmp_path, (5,))
    assert len(downloads(lab, LAYER.digest)) <= 5


@pytest.mark.parametrize("source", [OPEN], indirect=True)
def test_a_registry_that_ignores_every_range(lab, source, tmp_path):
    """The beginning is read over; cut twice, it gets there all the same."""
    fault_down(lab, source, "cut_body", after=MB, count=1)
    fault_down(lab, source, "ignore_range")
    pulled(pull(lab, source, tmp_path), tmp_path)


def test_slow_and_small_pieces(lab, source, tmp_path):
    lab.fault("chunked", service=source.store, method="GET", path=IMAGE.parts[1].digest[7:], size=3)
    fault_down(lab, source, "slow", rate=6 * MB)
    pulled(pull(lab, source, tmp_path), tmp_path)


# ---- what one is let in with comes to its end

@pytest.mark.parametrize("source", [ECR], indirect=True)
@pytest.mark.parametrize("after", [None, 0, MB])
def test_links_that_end(lab, source, tmp_path, after):
    """Before the first byte, or in the middle: the registry gives another, and the bytes that came are kept."""
    for data in (IMAGE.config, IMAGE.parts[1].data):  # nobody else holds a link meanwhile
        put_blob(tmp_path / "out", data)
    fault_down(lab, source, "links_end", after=after, count=1)
    pulled(pull(lab, source, tmp_path), tmp_path)
    assert starts(downloads(lab, LAYER.digest))[-1] == (after or 0) and len(downloads(lab, LAYER.digest)) == 2


def put_blob(folder, data):
    """Into a layout that is yet to be made."""
    place = folder / "blobs" / "sha256" / synth.digest_of(data)[7:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def log_in(lab, folder):
    lab.docker_login(folder, BEARER, USER, PASSWORD)
    return {"home": folder}


@pytest.mark.parametrize("source", [ECR, BEARER], indirect=True)
@pytest.mark.parametrize("when", ["GetManifest", "GetBlob"])
def test_tokens_that_end_in_a_pull(lab, source, tmp_path, when):
    lab.fault("tokens_end", service=source.service, operation=when, count=1)
    pulled(pull(lab, source, tmp_path, **log_in(lab, tmp_path)), tmp_path)
    assert lab.faults()[0]["hits"] == 1


@pytest.mark.parametrize("target", [ECR, BEARER], indirect=True)
@pytest.mark.parametrize("when", ["StartUpload", "PutUpload", "PutManifest"])
def test_tokens_that_end_in_a_push(lab, target, layout, tmp_path, when):
    lab.fault("tokens_end", service=target.service, operation=when, count=1)
    result = push(lab, layout, target, **log_in(lab, tmp_path))
    pushed(lab, result, target)
    assert lab.faults()[0]["hits"] == 1


def test_tokens_that_end_after_a_cut(lab, tmp_path):
    """The next part is asked for with a new one."""
    source = Place(lab, ECR)
    move.push_raw(source.ref, IMAGE)
    lab.clear_log()
    fault_down(lab, source, "cut_body", after=MB, count=1)
    lab.fault("tokens_end", service="registry", operation="GetBlob", skip=3, count=1)  # three blobs; the fourth is the rest
    pulled(pull(lab, source, tmp_path), tmp_path)
    assert starts(downloads(lab, LAYER.digest)) == [0, MB] and [f["hits"] for f in lab.faults()] == [1, 1]


# ---- uploads that are cut

def alone(lab, target):
    """All but the large layer is there: the next upload is that one's."""
    peer = lab._pusher(target.repository.partition("/")[0], "app")
    for data in (IMAGE.config, IMAGE.parts[1].data):
        peer.blob("app", data)
    lab.clear_log()


def uploaded(lab):
    """(method, Content-Range, bytes of the body) of what was sent of blobs."""
    return [(r["method"], r["headers"].get("content-range"), r["body_bytes"]) for r in lab.requests()
            if r["operation"] in ("PatchUpload", "PutUpload")]


def of_layer(requests):
    return [r for r in requests if LAYER.digest[7:] in r["target"]]


@pytest.mark.parametrize("target", [OPEN], indirect=True)
@pytest.mark.parametrize("after, kept", [(0, None), (1, None), (SIZE * 9 // 10, None), (SIZE - 1, None),
                                         (SIZE - 9, MB), (SIZE - 9, 0)])
def test_an_upload_that_is_cut_goes_on(lab, target, layout, after, kept):
    """From the first byte that the registry does not have, as it says itself."""
    alone(lab, target)
    there = after if kept is None else kept
    lab.fault("cut_upload", service="tls", method="PUT", path="uploads", after=after, kept=kept, count=1)
    pushed(lab, push(lab, layout, target), target)
    parts = uploaded(lab)
    first = there if there > 1 else 0  # "0-0" is said of one byte and of none
    assert parts[0] == ("PUT", None, after) and (there == 1 or sum(size for _, _, size in parts[1:]) == SIZE - first), parts
    assert not first or parts[1:] == [("PATCH", f"{first}-{SIZE - 1}", SIZE - first), ("PUT", None, 0)], parts


@pytest.mark.parametrize("target", [ECR], indirect=True)
@pytest.mark.parametrize("after", [1, MB, SIZE - 1])
def test_an_upload_to_ecr_that_is_cut_begins_anew(lab, target, layout, after):
    """It keeps nothing of a part that was cut, and what it tells of an upload is not to be relied on."""
    alone(lab, target)
    lab.fault("cut_upload", service="registry", method="PUT", path="uploads", after=after, count=1)
    pushed(lab, push(lab, layout, target), target)
    assert lab.requests(operation="GetUpload") == [] and len(lab.requests(operation="StartUpload")) == 2
    assert uploaded(lab) == [("PUT", None, after), ("PUT", None, SIZE)]


def test_an_upload_that_is_cut_for_ever(lab, target, layout):
    alone(lab, target)
    for method in ("PUT", "PATCH"):
        lab.fault("cut_upload", service=target.service, method=method, path="uploads", after=5000, kept=0, rst=target.kind == ECR)
    not_pushed(lab, push(lab, layout, target), (4, 5))
    assert len(uploaded(lab)) == 3


def test_one_attempt_of_an_upload(lab, target, layout):
    alone(lab, target)
    lab.fault("cut_upload", service=target.service, method="PUT", path="uploads", after=5000, kept=0, count=1)
    not_pushed(lab, push(lab, layout, target, "--max-attempts", "1"), (4, 5))


@pytest.mark.parametrize("operation", ["PutUpload", "PutManifest", "StartUpload"])
def test_answers_that_are_lost(lab, target, layout, operation):
    """The work was done: what is there is found there, and not sent again."""
    lab.fault("cut_head", service=target.service, operation=operation, count=1)
    pushed(lab, push(lab, layout, target), target)
    assert len(lab.requests(operation="PutUpload")) == 3 and len(lab.requests(operation="PutManifest")) <= 2


@pytest.mark.parametrize("target", [OPEN], indirect=True)
@pytest.mark.parametrize("status", [404, 405, 500])
def test_registries_that_do_not_tell_how_far_an_upload_came(lab, target, layout, status):
    """ECR Public says 404: the upload begins anew."""
    alone(lab, target)
    lab.fault("cut_upload", service="tls", method="PUT", path="uploads", after=MB, count=1)
    lab.fault("refuse", service="tls", operation="GetUpload", code="UNSUPPORTED", status=status)
    pushed(lab, push(lab, layout, target, "--max-attempts", "2"), target)
    assert len(lab.requests(operation="StartUpload")) == 2


@pytest.mark.parametrize("target", [OPEN], indirect=True)
@pytest.mark.parametrize("value", ["0-99999999", "5-7", "bytes=0-9", "0-", None])
def test_registries_that_tell_nonsense_about_an_upload(lab, target, layout, value):
    alone(lab, target)
    lab.fault("cut_upload", service="tls", method="PUT", path="uploads", after=MB, count=1)
    lab.fault("set_header", service="tls", operation="GetUpload", name="Range", value=value)
    pushed(lab, push(lab, layout, target), target)


# ---- uploads as registries want them

@pytest.mark.parametrize("form", ["absolute", "relative", "bare", "plain", "query"])
@pytest.mark.parametrize("chunks", [False, True])
def test_locations(lab, target, layout, form, chunks):
    lab.setting(upload_location=form)
    if chunks:
        lab.fault("no_monolithic", service=target.service)
    pushed(lab, push(lab, layout, target), target)


@pytest.mark.parametrize("status, early", [(405, False), (405, True), (413, False), (413, True), (411, False), (501, False)])
def test_registries_that_want_chunks(lab, target, layout, status, early):
    """The refusal may come while the body is still on its way."""
    lab.fault("no_monolithic", service=target.service, status=status, early=early)
    pushed(lab, push(lab, layout, target), target)
    assert [r["body_bytes"] for r in lab.requests(method="PATCH") if r["body_bytes"] > MB] == [SIZE]


@pytest.mark.parametrize("cut", [False, True])
def test_chunks_of_a_large_layer(lab, target, tmp_path, cut):
    """10 MiB each; ECR's Range stays at the end of the first one. A chunk that is cut goes on, or all begins anew."""
    made = move.image([move.raw_layer(move.noise(24 * MB), "none")])
    place = move.write_layout(tmp_path / "in", {"v1": made})
    lab.fault("no_monolithic", service=target.service)
    if cut:
        lab.fault("cut_upload", service=target.service, method="PATCH", after=7 * MB, skip=2, count=1)
    result = lab.ecr("push", f"oci:{place}:v1", target.ref)
    assert result.code == 0 and move.registry_fault(lab, target.ref, made) is None, result
    parts = [r["body_bytes"] for r in lab.requests(method="PATCH") if r["body_bytes"] > MB and r["fault"] != "cut_upload"]
    assert cut or parts == [10 * MB, 10 * MB, 4 * MB]


def test_a_registry_that_wants_larger_chunks(lab, tmp_path):
    made = move.image([move.raw_layer(move.noise(24 * MB), "none")])
    place = move.write_layout(tmp_path / "in", {"v1": made})
    lab.fault("set_header", service="tls", operation="StartUpload", name="OCI-Chunk-Min-Length", value=str(20 * MB))
    lab.fault("no_monolithic", service="tls")
    assert lab.ecr("push", f"oci:{place}:v1", f"{OPEN}/app:v1").code == 0
    assert max(r["body_bytes"] for r in lab.requests(method="PATCH")) == 20 * MB


# ---- hiccups: once they pass, for ever they are told

DOWN = ("GetManifest", "GetBlob")
UP = ("StartUpload", "PutUpload", "PutManifest")
HICCUPS = {"500": ("server_error", {}, (4,)), "page of 503": ("server_error", {"status": 503, "html": True}, (4,)),
           "throttled": ("throttle", {}, (4,)), "cut": ("cut", {}, (4, 5)), "reset": ("cut", {"rst": True}, (4, 5)),
           "no answer": ("cut_head", {}, (4, 5))}


PULLS = [(OPEN, "500"), (OPEN, "reset"), (OPEN, "no answer"), (ECR, "throttled"), (ECR, "page of 503")]
PUSHES = [(OPEN, "500"), (OPEN, "reset"), (OPEN, "throttled"), (ECR, "cut"), (ECR, "page of 503")]


@pytest.mark.parametrize("source, hiccup", PULLS, indirect=["source"])
@pytest.mark.parametrize("operation", DOWN)
def test_a_hiccup_in_a_pull(lab, source, tmp_path, operation, hiccup):
    name, parameters, codes = HICCUPS[hiccup]
    where = {"service": source.service, "operation": operation}
    lab.fault(name, **where, **parameters, count=1)
    pulled(pull(lab, source, tmp_path), tmp_path)
    assert lab.faults()[0]["hits"] == 1
    lab.clear()
    lab.fault(name, **where, **parameters)
    not_pulled(lab.ecr("pull", "--max-attempts", "1", source.ref, f"oci:{tmp_path}/second"), tmp_path / "second", codes)


@pytest.mark.parametrize("target, hiccup", PUSHES, indirect=["target"])
@pytest.mark.parametrize("operation", UP)
def test_a_hiccup_in_a_push(lab, target, layout, operation, hiccup):
    name, parameters, codes = HICCUPS[hiccup]
    where = {"service": target.service, "operation": operation}
    lab.fault(name, **where, **parameters)
    result = push(lab, layout, target, "--max-attempts", "1")
    not_pushed(lab, result, codes)
    lab.clear()
    lab.fault(name, **where, **parameters, count=1)
    pushed(lab, push(lab, layout, target), target)


@pytest.mark.parametrize("fault, parameters", [("cut", {}), ("throttle", {}), ("cut_head", {}), ("html", {"status": 502})])
def test_a_hiccup_of_the_bucket(lab, tmp_path, fault, parameters):
    source = Place(lab, ECR)
    move.push_raw(source.ref, IMAGE)
    fault_down(lab, source, fault, **parameters, count=1)
    pulled(pull(lab, source, tmp_path), tmp_path)
    lab.clear()
    fault_down(lab, source, fault, **parameters)
    result = lab.ecr("pull", "--max-attempts", "1", source.ref, f"oci:{tmp_path}/second")
    assert result.code in (4, 5) and error_line(result) and move.layout_tags(tmp_path / "second") == {}, result


@pytest.mark.parametrize("operation", ["GetAuthorizationToken", "BatchCheckLayerAvailability"])
@pytest.mark.parametrize("fault", ["throttle", "cut"])
def test_a_hiccup_of_the_api(lab, layout, operation, fault):
    target = Place(lab, ECR)
    lab.fault(fault, service="api", operation=operation, count=1)
    pushed(lab, push(lab, layout, target), target)
    lab.clear()
    lab.fault(fault, service="api", operation=operation)
    result = push(lab, layout, target, "--max-attempts", "1")
    if operation == "GetAuthorizationToken":
        assert result.code in (4, 5) and error_line(result), result
    else:  # the registry can be asked for each in its place
        assert result.code == 0, result


@pytest.mark.parametrize("operation", ["GetBlob", "PutUpload", "PutManifest"])
def test_to_wait_is_heeded(lab, layout, tmp_path, operation):
    """Retry-After: not before it is over."""
    place = Place(lab, OPEN)
    if operation in DOWN:
        move.push_raw(place.ref, IMAGE)
    lab.fault("throttle", service="tls", operation=operation, retry_after=1, count=1)
    result = pull(lab, place, tmp_path) if operation in DOWN else push(lab, layout, place)
    assert result.code == 0 and result.seconds >= 1, result
    times = [r["time"] for r in lab.requests(operation=operation)]
    refused = [r["time"] for r in lab.requests(operation=operation) if r["fault"]]
    assert refused and max(times) - refused[0] >= 0.95


@pytest.mark.parametrize("operation", DOWN)
def test_a_pull_that_is_denied(lab, source, tmp_path, operation):
    lab.fault("deny" if source.kind == ECR else "refuse", service=source.service, operation=operation,
              **({} if source.kind == ECR else {"code": "DENIED", "status": 403}))
    not_pulled(pull(lab, source, tmp_path), tmp_path, (3,))
    assert len(lab.requests(operation=operation)) <= 6  # each blob, as us and as a stranger


@pytest.mark.parametrize("operation", UP)
def test_a_push_that_is_denied(lab, target, layout, operation):
    lab.fault("deny" if target.kind == ECR else "refuse", service=target.service, operation=operation,
              **({} if target.kind == ECR else {"code": "DENIED", "status": 403}))
    not_pushed(lab, push(lab, layout, target), (3,))
    assert len(lab.requests(operation=operation)) <= 6


@pytest.mark.parametrize("operation", UP)
@pytest.mark.parametrize("target", [OPEN], indirect=True)
@pytest.mark.parametrize("fault, parameters, code", [
    ("html", {"status": 400}, 5), ("not_a_registry", {}, 5), ("empty", {"status": 304}, 5),
    ("redirect", {"location": "https://refusing.lab.test{path}"}, 4),
    ("refuse", {"code": "TOOMANYREQUESTS", "status": 429}, 4), ("refuse", {"code": "UNAUTHORIZED", "status": 401}, 3)])
def test_pushes_that_are_refused(lab, target, layout, operation, fault, parameters, code):
    lab.fault(fault, service="tls", operation=operation, **parameters)
    not_pushed(lab, push(lab, layout, target, "--max-attempts", "1"), (code, 5))


# ---- stalls

@pytest.mark.parametrize("source, operation, fault, parameters", [
    (OPEN, "GetManifest", "stall", {}), (OPEN, "GetManifest", "stall_body", {"after": 10}), (OPEN, "GetBlob", "stall", {}),
    (OPEN, "GetBlob", "stall_body", {"after": 100000}), (ECR, "GetBlob", "stall_body", {"after": 100000})], indirect=["source"])
def test_a_pull_that_stalls(lab, source, tmp_path, operation, fault, parameters):
    where = {"operation": operation} if operation == "GetManifest" else {"method": "GET", "path": LAYER.digest[7:]}
    service = source.store if operation == "GetBlob" else source.service
    lab.fault(fault, service=service, **where, **parameters)
    result = pull(lab, source, tmp_path, "--timeout", "400ms")
    not_pulled(result, tmp_path, (4,))
    assert result.seconds < 1.5


@pytest.mark.parametrize("operation", UP)
def test_a_push_that_stalls(lab, target, layout, operation):
    fault = "stall_upload" if operation == "PutUpload" else "stall"
    lab.fault(fault, service=target.service, operation=operation, **({"after": 50000} if fault == "stall_upload" else {}))
    result = push(lab, layout, target, "--timeout", "500ms")
    not_pushed(lab, result, (4,))
    assert result.seconds < 1.5


# ---- copies: two networks at once

@pytest.mark.parametrize("there", [OPEN, ECR])
def test_a_copy_whose_source_and_target_are_cut(lab, there):
    """The source goes on in the middle of the upload; then the upload is cut as well."""
    source, target = Place(lab, there), Place(lab, ECR if there == OPEN else OPEN)
    move.push_raw(source.ref, IMAGE)
    lab.clear_log()
    fault_down(lab, source, "cut_body", after=MB, count=1)
    lab.fault("cut_upload", service=target.service, method="PUT", path="uploads", after=MB, count=1)
    result = lab.ecr("copy", source.ref, target.ref)
    pushed(lab, result, target)
    assert starts(downloads(lab, LAYER.digest))[:2] == [0, MB]


@pytest.mark.parametrize("fault", ["cut_body", "garble", "deny", "stall_body"])
def test_a_copy_whose_source_fails(lab, fault):
    """The target gets no manifest; garbled bytes never end an upload."""
    source, target = Place(lab, OPEN), Place(lab, ECR)
    move.push_raw(source.ref, IMAGE)
    lab.clear_log()
    fault_down(lab, source, fault, **({"after": MB} if fault in ("cut_body", "stall_body") else {}))
    options = ["--max-attempts", "1", *(["--timeout", "500ms"] if fault == "stall_body" else [])]
    result = lab.ecr("copy", *options, source.ref, target.ref)
    not_pushed(lab, result, {"garble": (5,), "deny": (3,), "stall_body": (4,)}.get(fault, (4, 5)))
    assert not [r for r in of_layer(lab.requests(operation="PutUpload")) if r["status"] == 201]


def test_an_index_goes_up_after_its_children(lab, target, tmp_path):
    """With hiccups on the way."""
    made = move.index(attested=True)
    place = move.write_layout(tmp_path / "in", {"v1": made})
    lab.fault("cut", service=target.service, operation="PutManifest", skip=1, count=1)
    lab.fault("server_error", service=target.service, operation="PutUpload", skip=2, count=1)
    result = lab.ecr("push", f"oci:{place}:v1", target.ref)
    assert result.code == 0 and disorder(lab, made) is None and move.registry_fault(lab, target.ref, made) is None, result
    last = lab.requests(operation="PutManifest")
    assert max(r["time"] for r in last if r["path"].endswith("/v1")) == max(r["time"] for r in last)


def test_what_failed_stays_for_the_next_run(lab, source, tmp_path):
    """Blobs that came whole are not fetched again."""
    fault_down(lab, source, "cut_body", after=MB)
    lab.ecr("pull", "--max-attempts", "1", source.ref, f"oci:{tmp_path}/out:v1")
    lab.clear()
    lab.clear_log()
    whole = [path.name for path in (tmp_path / "out" / "blobs" / "sha256").iterdir()]
    result = lab.ecr("pull", "--json", source.ref, f"oci:{tmp_path}/out:v1")
    told = {event["digest"][7:]: event["status"] for event in result.json if event["event"] == "blob"}
    assert result.code == 0 and move.layout_fault(tmp_path / "out") is None
    assert [told[name] for name in whole] == ["exists"] * len(whole) and told[LAYER.digest[7:]] == "copied"
    assert not [name for name in whole if downloads(lab, f"sha256:{name}")]
