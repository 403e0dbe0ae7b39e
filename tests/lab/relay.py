"""Relays TCP with a delay in each direction, which stands for the distance to a service."""

import socket
import threading
import time


class Relay:
    def __init__(self, address, port, target, delay):
        self.target, self.delay, self.connections = target, delay, 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return  # closed
            self.connections += 1
            threading.Thread(target=self.connect, args=(sock,), daemon=True).start()

    def connect(self, sock):
        """The client's own kernel has answered its SYN at once, so the first round trip is spent here."""
        time.sleep(2 * self.delay)
        try:
            other = socket.create_connection(self.target, 10)
        except OSError:
            sock.close()
            return
        other.settimeout(None)
        for one, two in ((sock, other), (other, sock)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.pump, args=(one, two), daemon=True).start()

    def pump(self, source, sink):
        """Every piece arrives `delay` after it was sent; pieces under way at the same time do not add up."""
        pieces, ready = [], threading.Condition()

        def write():
            while True:
                with ready:
                    while not pieces:
                        ready.wait()
                    due, data = pieces.pop(0)
                time.sleep(max(0, due - time.monotonic()))
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        threading.Thread(target=write, daemon=True).start()
        data = b"."
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            with ready:
                pieces.append((time.monotonic() + self.delay, data))
                ready.notify()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
