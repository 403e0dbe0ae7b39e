"""Names: what the C library's resolver would make of bad servers, and what is made of it here; and dialling."""

import concurrent.futures
import os

import pytest
from support_net import ECR, Server, answers, ask, assert_verdict, scripted, verdict

DNS = "nameserver 198.18.0.53\n"
DUAL = "dual.lab.test"          # has IPv4 and IPv6 addresses


@pytest.fixture
def image(lab):
    repository = lab.create_repository("team/app")
    lab.push_image(f"{repository}:v1")
    return f"{repository}:v1"


# The sanitizers' builds have another C library, which asks one name server after the other.
musl = pytest.mark.skipif(any(w in os.environ.get("ECR_BIN", "") for w in ("san/", "cov/")), reason="the resolver of another C library")


def check(lab, image, *arguments, **options):
    return lab.ecr("check", "--via", "ecr", "--max-attempts", "1", *arguments, image, **options)


def present(result, limit):
    assert verdict(result) == ("present", "ok", 0), result
    assert result.seconds < limit, result


# ---- bad answers for AAAA do no harm

@pytest.mark.parametrize("kind", ["nxdomain", "servfail", "refused", "notimp", "formerr", "empty", "drop", "garbage", "short",
                                  "wrong_id", "wrong_question", "truncated", "truncated_only", "cname_loop", "slow"])
def test_aaaa_spoiled(lab, image, kind):
    lab.dns_fault(lab.api_host, kind, type="AAAA", **({"milliseconds": 3000} if kind == "slow" else {}))
    present(check(lab, image), 1.5)


@pytest.mark.parametrize("kind, limit", [("truncated", 1.5), ("slow", 2.5), ("cname", 1.5)])
def test_a_recovers(lab, image, kind, limit):
    """Over TCP; late; by another name."""
    parameters = {"slow": {"milliseconds": 400}, "cname": {"target": lab.api_host}}.get(kind, {})
    lab.dns_fault(lab.api_host, kind, **parameters)
    present(check(lab, image), limit)
    if kind == "truncated":
        assert "tcp" in {q["transport"] for q in lab.dns_queries(name=lab.api_host)}


@pytest.mark.parametrize("kind, reason, words", [
    ("nxdomain", "unreachable", ["no host of this name", "region"]), ("empty", "unreachable", ["no host of this name"]),
    ("servfail", None, ["name lookup", "resolv.conf"]), ("refused", None, ["name lookup", "resolv.conf"]),
    ("drop", "timeout", ["name lookup", "resolv.conf"]), pytest.param("garbage", "unreachable", ["DNS"], marks=musl)])
def test_no_answer(lab, image, kind, reason, words):
    lab.dns_fault(lab.api_host, kind)
    result = check(lab, image, "--timeout", "1500ms")
    state, found, code = verdict(result)
    assert (state, code) == ("unknown", 4) and found == (reason or found), result
    for word in [lab.api_host, *words]:
        assert word in result.stderr, result


# ---- which queries are sent

def asked(lab):
    return sorted({(q["name"], q["type"]) for q in lab.dns_queries()})


@pytest.mark.parametrize("options", ["", "options ndots:5\n", "options ndots:15 timeout:1\n"])
def test_no_search_list_for_aws_names(lab, image, options):
    """Kubernetes gives its pods ndots:5 and three search domains: six queries for each AWS name would be wasted."""
    lab.clear_log()
    result = check(lab, image, resolv_conf=f"{DNS}search ns.svc.cluster.local svc.cluster.local cluster.local\n{options}")
    present(result, 1.5)
    assert asked(lab) == [(lab.api_host, "A"), (lab.api_host, "AAAA")]
    assert len(lab.dns_queries()) == 2


def test_no_search_list_for_aws_names_that_are_not_there(lab, image):
    lab.dns_fault("*", "nxdomain")
    lab.clear_log()
    check(lab, image, resolv_conf=f"{DNS}search cluster.local example.com\noptions ndots:5\n")
    assert asked(lab) == [(lab.api_host, "A"), (lab.api_host, "AAAA")]


@pytest.mark.parametrize("name, found", [("dual", f"{DUAL}"), ("dual.lab", "dual.lab.test")])
def test_short_names_use_the_search_list(lab, name, found):
    """A registry of the cluster may be named by its service alone."""
    lab.clear_log()
    search = "lab.test" if name == "dual" else "test"
    result = ask(lab, f"https://{name}:443", resolv_conf=f"{DNS}search nowhere.test {search}\noptions ndots:5\n")
    assert (found, "A") in asked(lab), result
    assert [c["sni"] for c in lab.connections()] == [name], result  # reached, and the name is as it was given
    assert ("nowhere.test" in {n.partition(".")[2] for n, _ in asked(lab)}) == (name == "dual")


def test_short_names_without_a_list(lab):
    lab.clear_log()
    result = ask(lab, "https://nosuchhost:443", resolv_conf=DNS)
    assert_verdict(result, "unreachable", 4, "nosuchhost", "no host of this name")
    assert asked(lab) == [("nosuchhost", "A"), ("nosuchhost", "AAAA")]


def test_one_lookup_for_a_run(lab, image):
    """The connection is kept, so the name is asked once, however many calls there are."""
    lab.clear_log()
    assert check(lab, image.replace(":v1", ":v9")).code == 1
    assert len(lab.dns_queries(name=lab.api_host)) == 2


# ---- without a name server

@pytest.mark.parametrize("text", ["", "# nothing\n", "search example.com\noptions ndots:5\n", "nameserver\n"])
def test_no_name_server_is_said_at_once(lab, image, text):
    result = check(lab, image, resolv_conf=text)
    assert_verdict(result, "unreachable", 4, lab.api_host, "/etc/resolv.conf names no server", "/etc/hosts")
    assert result.seconds < 0.5


def test_no_resolv_conf(lab, image):
    result = check(lab, image, prefix=("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /etc && exec "$@"', "sh"))
    assert_verdict(result, "unreachable", 4, "/etc/resolv.conf names no server")
    assert result.seconds < 0.5


@pytest.mark.parametrize("server", ["198.19.0.99", "fd00:18::1:99"])
def test_a_dead_name_server_keeps_the_deadline(lab, image, server):
    result = check(lab, image, "--timeout", "800ms", resolv_conf=f"nameserver {server}\n")
    assert_verdict(result, "timeout", 4, lab.api_host, "resolv.conf")
    assert 0.7 < result.seconds < 1.6


def test_a_name_server_that_refuses_connections(lab, image):
    """Nobody listens there: it is unknown soon or by the deadline."""
    result = check(lab, image, "--timeout", "1s", resolv_conf="nameserver 198.18.0.98\n")
    assert verdict(result)[0] == "unknown" and result.code == 4 and result.seconds < 1.8, result


@musl
def test_a_dead_name_server_beside_a_good_one(lab, image):
    present(check(lab, image, resolv_conf=f"nameserver 198.19.0.99\n{DNS}"), 1.5)


def test_name_server_over_ipv6(lab, image):
    present(check(lab, image, resolv_conf="nameserver fd00:18::53\n"), 1.5)


# ---- /etc/hosts, localhost, literals: no DNS

@pytest.mark.parametrize("text", [
    "198.18.0.10 {host}\n", "fd00:18::10 {host}\n", "198.18.0.98 {host}\n198.18.0.10 {host}\n",
    "# comment\n198.18.0.10\tother.test {upper} # behind\n", "nonsense {host}\n198.18.0.10 {host}\n",
    "198.18.0.10 {host}", "198.18.0.10 {host}\r\n", "fe80::1%eth0 {host}\n198.18.0.10 {host}\n"])
def test_etc_hosts(lab, image, text):
    lab.clear_log()
    present(check(lab, image, hosts=text.format(host=lab.api_host, upper=lab.api_host.upper()), resolv_conf=""), 1.5)
    assert lab.dns_queries() == []


def test_etc_hosts_before_dns(lab, image):
    result = check(lab, image, hosts=f"{lab.refusing} {lab.api_host}\n")
    assert_verdict(result, "unreachable", 4, f"{lab.refusing}:443")


def test_etc_hosts_of_ad_blockers(lab, image):
    """Some of them have thousands of lines: the name stands in front of them."""
    filler = "".join(f"0.0.0.0 ad{n}.example.com\n" for n in range(5000))
    assert len(filler) > 65536
    present(check(lab, image, hosts=f"198.18.0.10 {lab.api_host}\n{filler}", resolv_conf=""), 1.5)


def test_a_large_etc_hosts_without_the_name(lab, image):
    filler = "".join(f"0.0.0.0 ad{n}.example.com\n" for n in range(5000))
    present(check(lab, image, hosts=filler), 1.5)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "registry.localhost", "127.0.0.1", "[::1]"])
@pytest.mark.parametrize("resolv_conf", ["", "nameserver 198.19.0.99\n"])
def test_localhost_and_literals(lab, host, resolv_conf):
    address = "::1" if host == "[::1]" else "127.0.0.1"
    lab.clear_log()
    with scripted(lambda request, peer: answers(request), address=address) as server:
        present(ask(lab, f"http://{host}:{server.port}", hosts="# nothing\n", resolv_conf=resolv_conf), 0.5)
    assert lab.dns_queries() == []


def test_localhost_over_ipv6_alone(lab):
    with scripted(lambda request, peer: answers(request), address="::1") as server:
        present(ask(lab, f"http://localhost:{server.port}", hosts="# nothing\n", resolv_conf=""), 0.5)


# ---- dialling

GOOD, HOLE, HOLE6, REFUSING, GOOD6 = "198.18.0.10", "198.19.0.99", "fd00:18::1:99", "198.18.0.98", "fd00:18::10"


@pytest.mark.parametrize("v4, v6, least, most", [
    ([HOLE, GOOD], [], 0.2, 0.8), ([HOLE, "198.19.0.98", GOOD], [], 0.45, 1.2), ([REFUSING, GOOD], [], 0, 0.2),
    ([REFUSING, "198.18.0.97", GOOD], [], 0, 0.2), (["198.19.0.97", GOOD], [], 0, 0.2),
    ([GOOD], [HOLE6], 0.2, 0.8), ([GOOD], [HOLE6, "fd00:18::1:98"], 0.2, 0.8), ([GOOD], ["fd00:18::98"], 0, 0.2),
    ([HOLE], [GOOD6], 0, 0.2), ([HOLE, HOLE], [HOLE6, GOOD6], 0.45, 1.2)],
    ids=["hole", "two holes", "refused", "two refused", "no route", "IPv6 hole", "two IPv6 holes", "IPv6 refused", "IPv6 first",
         "in turn"])
def test_addresses(lab, image, v4, v6, least, most):
    """The next address is tried beside a slow one after 250 ms, and at once after one that refuses; IPv6 and IPv4 in turn."""
    lab.dns_fault(lab.api_host, "addresses", type="A", addresses=v4)
    lab.dns_fault(lab.api_host, "addresses", type="AAAA", addresses=v6)
    result = check(lab, image)
    present(result, most)
    assert result.seconds > least, result


@pytest.mark.parametrize("addresses, reason, words", [
    ([REFUSING], "unreachable", [f"{REFUSING}:443", "refused"]), ([REFUSING, "198.18.0.97"], "unreachable", ["2 addresses tried"]),
    ([HOLE], "timeout", [f"{HOLE}:443", "no answer in time"]), ([HOLE, REFUSING], "timeout", [f"{HOLE}:443"]),
    (["198.19.0.97"], "unreachable", ["198.19.0.97:443"])])
def test_no_address_answers(lab, image, addresses, reason, words):
    lab.dns_fault(lab.api_host, "addresses", addresses=addresses)
    result = check(lab, image, "--timeout", "900ms")
    assert_verdict(result, reason, 4, lab.api_host, "HTTPS_PROXY", *words)
    assert result.seconds < 1.7


def test_forty_addresses(lab, image):
    """More than are kept: the first ones decide, and nothing breaks."""
    lab.dns_fault(lab.api_host, "addresses", type="A", addresses=[GOOD] + [f"198.18.0.{n}" for n in range(100, 139)])
    present(check(lab, image), 1.5)


def test_lookups_at_once(lab, image):
    lab.dns_fault(lab.api_host, "slow", type="AAAA", milliseconds=200)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        env = lab.key_environment("full")
        results = list(pool.map(lambda _: check(lab, image, key=None, env=env), range(16)))
    assert {r.code for r in results} == {0}


def test_silent_server_is_left_at_the_deadline(lab):
    """Connected, and then nothing: not a byte of a reply."""
    with Server(lambda peer: peer.drain()) as server:
        result = ask(lab, server, timeout="500ms", ref=f"{ECR}/team/app:v1")
        assert_verdict(result, "timeout", 4, "no answer in time")
        assert 0.4 < result.seconds < 1.2
