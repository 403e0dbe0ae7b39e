"""The lab's name server: answers for every name of names.py, keeps a log, and can be told to misbehave per name.

    lab.dns_fault(NAME_PATTERN, KIND, type=None, **parameters)

with KIND out of KINDS; `type` "A" or "AAAA" restricts it. Parameters: `addresses` for `addresses`, `milliseconds` for
`slow`, `target` for `cname`, `count` (spent after so many queries).
"""

import fnmatch
import socket
import struct
import threading
import time

from dnslib import AAAA, CNAME, QTYPE, RCODE, RR, A, DNSRecord

from . import names, network

CODES = {"nxdomain": RCODE.NXDOMAIN, "servfail": RCODE.SERVFAIL, "refused": RCODE.REFUSED, "notimp": RCODE.NOTIMP,
         "formerr": RCODE.FORMERR}
KINDS = (*CODES, "drop", "empty", "addresses", "bogus", "slow", "garbage", "truncated", "truncated_only", "wrong_id",
         "wrong_question", "cname", "cname_loop", "short")


class Rule:
    def __init__(self, pattern, kind, type=None, count=None, **parameters):
        if kind not in KINDS:
            raise ValueError(f"there is no DNS fault named {kind}; there are: {', '.join(KINDS)}")
        self.pattern, self.kind, self.type, self.count, self.parameters = pattern, kind, type, count, parameters

    def matches(self, name, kind):
        return self.count != 0 and fnmatch.fnmatchcase(name, self.pattern) and self.type in (None, kind)


class Dns:
    def __init__(self, world):
        self.world, self.rules = world, []
        for address, family in ((network.DNS, socket.AF_INET), (network.DNS6, socket.AF_INET6)):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.bind((address, 53))
            tcp = socket.socket(family, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((address, 53))
            tcp.listen(64)
            threading.Thread(target=self.serve_udp, args=(udp,), daemon=True).start()
            threading.Thread(target=self.serve_tcp, args=(tcp,), daemon=True).start()

    def add(self, *args, **kwargs):
        self.rules.append(Rule(*args, **kwargs))

    def clear(self):
        self.rules = []

    def serve_udp(self, sock):
        while True:
            data, peer = sock.recvfrom(4096)
            # A thread a query: a slow answer must not hold up the others.
            threading.Thread(target=self.answer_udp, args=(sock, data, peer), daemon=True).start()

    def answer_udp(self, sock, data, peer):
        reply = self.reply(data, "udp")
        if reply is not None:
            sock.sendto(reply, peer)

    def serve_tcp(self, listener):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self.answer_tcp, args=(sock,), daemon=True).start()

    def answer_tcp(self, sock):
        with sock:
            sock.settimeout(10)
            try:
                while True:
                    head = sock.recv(2, socket.MSG_WAITALL)
                    if len(head) < 2:
                        return
                    reply = self.reply(sock.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL), "tcp")
                    if reply is None:
                        return
                    sock.sendall(struct.pack(">H", len(reply)) + reply)
            except OSError:
                return

    def pick(self, name, kind):
        for rule in self.rules:
            if rule.matches(name, kind):
                if rule.count:
                    rule.count -= 1
                return rule
        return None

    def reply(self, data, transport):
        """The bytes to answer with, or None for silence."""
        try:
            query = DNSRecord.parse(data)
        except Exception:  # dnslib raises many kinds for what is no DNS message
            return None
        name, kind = str(query.q.qname).rstrip(".").lower(), QTYPE.get(query.q.qtype)
        rule = self.pick(name, kind)
        self.world.journal.query(name, kind, transport, rule.kind if rule else "normal")
        reply = query.reply()
        if rule is None:
            self.fill(reply, name, kind)
            return reply.pack()
        return self.spoiled(rule, query, reply, name, kind, transport)

    def fill(self, reply, name, kind, found=None):
        found = names.addresses(name, kind) if found is None else found
        if found is None:
            reply.header.rcode = RCODE.NXDOMAIN
            return
        for address in found:
            if (":" in address) == (kind == "AAAA") and kind in ("A", "AAAA"):
                record = AAAA(address) if kind == "AAAA" else A(address)
                reply.add_answer(RR(reply.q.qname, QTYPE.reverse[kind], ttl=30, rdata=record))

    def spoiled(self, rule, query, reply, name, kind, transport):
        fault, parameters = rule.kind, rule.parameters
        if fault in CODES:
            reply.header.rcode = CODES[fault]
            return reply.pack()
        if fault == "drop":
            return None
        if fault == "garbage":
            return data_with_id(query.header.id, b"\xc0\x0c" * 20)
        if fault == "short":
            self.fill(reply, name, kind)
            return reply.pack()[:-3]
        if fault == "wrong_id":
            self.fill(reply, name, kind)
            reply.header.id ^= 0x5555
        elif fault == "wrong_question":
            self.fill(reply, name, kind)
            reply.questions[0].qname = "elsewhere.lab.test"
        elif fault == "bogus":
            self.fill(reply, name, kind, [network.BLACKHOLE if kind == "A" else network.BLACKHOLE6])
        elif fault == "addresses":
            self.fill(reply, name, kind, parameters["addresses"])
        elif fault == "slow":
            time.sleep(parameters["milliseconds"] / 1000)
            self.fill(reply, name, kind)
        elif fault in ("truncated", "truncated_only"):
            if transport == "udp" or fault == "truncated_only":
                reply.header.tc = 1
            else:
                self.fill(reply, name, kind)
        elif fault in ("cname", "cname_loop"):
            target = parameters.get("target", name)
            reply.add_answer(RR(query.q.qname, QTYPE.CNAME, ttl=30, rdata=CNAME(target)))
            for address in (names.addresses(target, kind) or []) if fault == "cname" else []:
                record = AAAA(address) if kind == "AAAA" else A(address)
                reply.add_answer(RR(target, QTYPE.reverse[kind], ttl=30, rdata=record))
        return reply.pack()  # `empty`: no error and no answer


def data_with_id(identifier, rest):
    return struct.pack(">H", identifier) + b"\x81\x80" + rest
