"""The lab's network: every address in one place, and how the interfaces are made.

Whole blocks are local, so each service can take an address without further set-up, and an address of such a block
nobody listens on refuses. What lies on the interface lab0 but is not local is a black hole: the other end, which asks no
neighbour and forwards nothing, drops it silently, as a firewall does. (A dummy interface would do; not every kernel has one.)
"""

import subprocess

DNS = "198.18.0.53"
DNS6 = "fd00:18::53"
PROXY = "198.18.0.80"
PROXY_PORT = 3128
PROXY_AUTH_PORT = 3129

REFUSING = "198.18.0.98"
REFUSING6 = "fd00:18::98"
BLACKHOLE = "198.19.0.99"
BLACKHOLE6 = "fd00:18::1:99"
UNREACHABLE = "198.19.0.97"

IMDS = "169.254.169.254"
ECS = "169.254.170.2"
EKS = "169.254.170.23"
IMDS6 = "fd00:ec2::254"
EKS6 = "fd00:ec2::23"

RELAYS = "198.18.1."          # relays take 198.18.1.1, .2, ...

PLAIN_PORT = 5001             # registry in plain HTTP, loopback only
DISTRIBUTION_PORT = 5000      # the storage behind all registry fronts
MOTO_PORT = 5500              # moto as it is: no signature check
API_PORT = 5080               # the ECR API front in plain HTTP, for --endpoint-url
CONTAINER_PORT = 5170         # container credentials in plain HTTP, loopback only
DOCKER_TLS_PORT = 2376

# service: port of its front in plain HTTP, loopback only, for endpoint URLs
PLAIN_FRONTS = {"api": API_PORT, "sts": 5081, "sso": 5082, "oidc": 5083}

# service: (IPv4, IPv6) of its front on port 443
FRONTS = {
    "api": ("198.18.0.10", "fd00:18::10"),
    "registry": ("198.18.0.11", "fd00:18::11"),
    "bucket": ("198.18.0.12", "fd00:18::12"),
    "public": ("198.18.0.13", "fd00:18::13"),
    "api-public": ("198.18.0.14", "fd00:18::14"),
    "sts": ("198.18.0.15", "fd00:18::15"),
    "sso": ("198.18.0.16", "fd00:18::16"),
    "oidc": ("198.18.0.17", "fd00:18::17"),
    "github": ("198.18.0.18", "fd00:18::18"),
    "container": ("198.18.0.19", "fd00:18::19"),
    "tls": ("198.18.0.20", "fd00:18::20"),
    "basic": ("198.18.0.21", "fd00:18::21"),
    "bearer": ("198.18.0.22", "fd00:18::22"),
    "auth": ("198.18.0.23", "fd00:18::23"),
    "hub": ("198.18.0.24", "fd00:18::24"),
    "hub-auth": ("198.18.0.25", "fd00:18::25"),
    "website": ("198.18.0.26", "fd00:18::26"),
}

COMMANDS = f"""
link set lo up
link add lab0 type veth peer name lab1
addr add 198.19.0.1/16 dev lab0
addr add fd00:18::1:1/64 dev lab0 nodad
link set lab0 arp off up
link set lab1 arp off up
addr add {IMDS}/32 dev lo
addr add {ECS}/32 dev lo
addr add {EKS}/32 dev lo
addr add {EKS6}/128 dev lo nodad
addr add {IMDS6}/128 dev lo nodad
route add local 198.18.0.0/23 dev lo
-6 route add local fd00:18::/112 dev lo
route add unreachable {UNREACHABLE}/32
"""


def set_up():
    # Addresses of a local block can be bound in IPv4; IPv6 wants to be told.
    for name, value in (("conf/all/disable_ipv6", "0"), ("conf/default/disable_ipv6", "0"), ("ip_nonlocal_bind", "1")):
        try:
            with open(f"/proc/sys/net/ipv6/{name}", "w") as f:
                f.write(value)
        except OSError:
            pass  # a kernel without IPv6 shows below, where the first address is added
    for line in COMMANDS.strip().splitlines():
        done = subprocess.run(["ip", *line.split()], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"network could not be set up: ip {line}: {done.stderr.strip()}")
