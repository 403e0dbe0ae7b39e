"""An HTTP/1.1 server with TLS in front, a thread a connection, that gives faults every byte into their hands."""

import io
import itertools
import socket
import ssl
import struct
import sys
import threading
import time
import traceback

from . import message as http
from .message import Close

IDLE_SECONDS = 120
HANDSHAKE_SECONDS = 30
SMALL = 1 << 20       # bodies up to here are there before anything is done about a request
TLS_RECORD = b"\x16"  # the first byte of a ClientHello
_ids = itertools.count(1)


def server_name(hello):
    """The SNI host name of a TLS ClientHello record, or None."""
    try:
        at = 5 + 4 + 2 + 32
        at += 1 + hello[at]
        at += 2 + struct.unpack_from(">H", hello, at)[0]
        at += 1 + hello[at]
        end = at + 2 + struct.unpack_from(">H", hello, at)[0]
        at += 2
        while at + 4 <= end:
            kind, size = struct.unpack_from(">HH", hello, at)
            if kind == 0:
                length = struct.unpack_from(">H", hello, at + 7)[0]
                return hello[at + 9:at + 9 + length].decode("ascii").lower()
            at += 4 + size
    except (IndexError, struct.error, UnicodeDecodeError):
        pass
    return None


class Handshake:
    """A TCP connection before TLS; what a fault of the stage `tls` gets."""

    def __init__(self, connection, hello):
        self.socket, self.authority, self.sni = connection.socket, connection.server.world.authority, server_name(hello)
        self.host = self.sni or connection.server.address
        self.kind = connection.server.certificate

    def context(self, kind=None):
        return self.authority.context(self.host, kind or self.kind)


class Exchange:
    """One request and its answer; what a fault of the stage `answer` gets."""

    def __init__(self, connection, request, front):
        self.connection, self.request, self.front = connection, request, front
        self.finished = None   # what to do with the connection afterwards: None keeps it

    def answer(self):
        """The genuine answer of the service."""
        try:
            return self.front.handle(self.request)
        except Close:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return http.text_response("the lab itself failed, see its log", 599)

    def write(self, data):
        self.connection.socket.sendall(data)

    def send(self, response, framing=True):
        self.write(response.head(framing))
        if self.request.method != "HEAD":
            for piece in response.pieces():
                self.write(piece)

    def close(self, reset=False, notify=True):
        raise Close(reset, notify)

    def close_after(self, notify=True):
        self.finished = Close(notify=notify)


class Connection:
    def __init__(self, server, sock, peer):
        self.server, self.socket, self.reader = server, sock, None
        self.facts = server.world.journal.connection(
            id=next(_ids), service=server.front.name, address=server.address, port=server.port, peer=peer[0])

    def run(self):
        ending = Close()
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.settimeout(HANDSHAKE_SECONDS)
            if self.server.tls:
                self.start_tls()
            elif self.socket.recv(1, socket.MSG_PEEK) == TLS_RECORD:
                self.facts["error"] = "TLS spoken to plain HTTP"
                self.socket.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent TLS to an HTTP server.\n")
                raise Close()
            self.socket.settimeout(IDLE_SECONDS)
            self.reader = self.socket.makefile("rb", buffering=http.PIECE)
            while self.one_request():
                pass
        except Close as close:
            ending = close
        except (OSError, ValueError) as error:
            self.facts["error"] = f"{type(error).__name__}: {error}"
        finally:
            self.end(ending)

    def start_tls(self):
        hello = self.socket.recv(16384, socket.MSG_PEEK)
        if not hello:
            raise Close()
        handshake = Handshake(self, hello)
        self.facts["sni"] = handshake.sni
        rule = self.server.world.rules.pick("tls", service=self.server.front.name, host=handshake.host)
        self.facts["fault"] = rule and rule.name
        context = rule.apply(handshake) if rule else handshake.context()
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.facts["tls"] = self.socket.version()

    def read_request(self):
        line = self.reader.readline(65536)
        if not line.strip():
            raise Close()
        method, target, _version = line.decode("latin-1").split()
        headers = []
        while True:
            line = self.reader.readline(1 << 20).decode("latin-1").rstrip("\r\n")
            if not line:
                break
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        lower = {name.lower(): value for name, value in headers}
        if "100-continue" in lower.get("expect", "").lower():
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        wanted = None if "chunked" in lower.get("transfer-encoding", "").lower() else int(lower.get("content-length", 0))
        body = http.Body(self.reader, wanted)
        if wanted is not None and wanted <= SMALL:
            data = self.reader.read(wanted)
            if len(data) < wanted:
                raise Close()
            body = http.Body(io.BytesIO(data), wanted)
        keep = "close" not in lower.get("connection", "").lower()
        return http.Request(method, target, headers, body, self.server.tls, self.server.address), keep

    def one_request(self):
        request, keep = self.read_request()
        world, front = self.server.world, self.server.front
        operation = front.operation(request)
        entry = world.journal.request(self.facts, front.name, request, operation)
        exchange = Exchange(self, request, front)
        rule = world.rules.pick("answer", service=front.name, host=request.host_name, operation=operation,
                                method=request.method, path=request.path, key=entry["key"])
        entry["fault"] = rule and rule.name
        try:
            response = rule.apply(exchange) if rule else exchange.answer()
            request.stream.drain()
        finally:
            entry["body_bytes"] = request.stream.received
        if response is not None:
            entry["status"] = response.status
            if not response.header("date"):
                response.set("Date", http.date_header(world.now()))
            if not keep:
                response.set("Connection", "close")
            exchange.send(response)
        if exchange.finished:
            raise exchange.finished
        return keep

    def end(self, how):
        try:
            if how.reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how.notify and isinstance(self.socket, ssl.SSLSocket):
                self.socket.settimeout(0)
                try:
                    self.socket = self.socket.unwrap()
                except (ssl.SSLError, OSError, ValueError):
                    pass  # the peer's own close_notify is not waited for
            if not how.reset:
                self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        if self.reader:
            self.reader.close()
        self.socket.close()
        self.facts["closed"] = time.time()


class Server:
    """Listens on one address for one front."""

    def __init__(self, world, front, address, port, tls, certificate="good"):
        self.world, self.front, self.address, self.port = world, front, address, port
        self.tls, self.certificate = tls, certificate
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(512)
        self.thread = threading.Thread(target=self.accept, daemon=True, name=f"{front.name} {address}")
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=Connection(self, sock, peer).run, daemon=True).start()

    def close(self):
        # Not closed under the thread's accept(): the next listener gets the same number, and one of its connections.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
