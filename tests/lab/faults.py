"""Everything that can be told to go wrong: one small function a fault, and the rules that say when it happens.

A rule is made by `lab.fault(NAME, service=..., host=..., operation=..., method=..., path=REGEX, key=..., skip=N, count=N,
**parameters)`. All given conditions must hold; the first `skip` matches pass unharmed, and after `count` hits the rule is
spent. Rules are tried in the order they were made. Parameters are those of the function.

Stage `tls` faults happen before a TLS handshake (conditions: service, host = the SNI name); they return the TLS context
to go on with. Stage `answer` faults happen once a request has been read. They return the response to send, or write to the
wire themselves and return None. `x.answer()` is the genuine response: a fault that calls it lets the service do its work.
"""

import json
import re
import threading
import time

from . import message as http

FAULTS = {}


def fault(stage):
    def register(function):
        FAULTS[function.__name__] = (stage, function)
        return function
    return register


class Rule:
    def __init__(self, name, parameters, conditions, skip, count):
        if name not in FAULTS:
            raise ValueError(f"there is no fault named {name}; there are: {', '.join(sorted(FAULTS))}")
        self.stage, self.function = FAULTS[name]
        self.name, self.parameters, self.conditions = name, parameters, conditions
        self.skip, self.count, self.hits = skip, count, 0

    def matches(self, facts):
        for name, wanted in self.conditions.items():
            value = facts.get(name) or ""
            if not (re.search(wanted, value) if name == "path" else wanted == value):
                return False
        return True

    def apply(self, subject):
        return self.function(subject, **self.parameters)


class Rules:
    CONDITIONS = ("service", "host", "operation", "method", "path", "key")

    def __init__(self):
        self.lock, self.rules = threading.Lock(), []

    def add(self, name, /, skip=0, count=None, **rest):
        conditions = {key: rest.pop(key) for key in list(rest) if key in self.CONDITIONS}
        with self.lock:
            self.rules.append(Rule(name, rest, conditions, skip, count))

    def clear(self):
        with self.lock:
            self.rules = []

    def pick(self, stage, **facts):
        with self.lock:
            for rule in self.rules:
                if rule.stage != stage or rule.count == 0 or not rule.matches(facts):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                if rule.count is not None:
                    rule.count -= 1
                rule.hits += 1
                return rule
        return None

    def listing(self):
        with self.lock:
            return [{"name": r.name, "hits": r.hits, "left": r.count} for r in self.rules]


# ---- answers in the service's own words: the service is not asked

@fault("answer")
def throttle(x, retry_after=None):
    """Too many requests, as the service says it."""
    return _retry(x.front.throttled(x.request), retry_after)


@fault("answer")
def deny(x):
    """The principal may not do this."""
    return x.front.denied(x.request)


@fault("answer")
def expire(x, plain=False):
    """The credentials or the token are over; `plain` says so in text instead of JSON."""
    response = x.front.expired(x.request)
    if plain:
        return http.text_response("Your Authorization Token has expired. Please run 'aws ecr get-login' to fetch a new one.",
                                  response.status)
    return response


@fault("answer")
def refuse(x, code, message="", status=400, members=None):
    """Any error code in the service's error form; `members` are further members of the error of a JSON service (kmsError)."""
    return x.front.error(code, message, status, **(members or {}))


@fault("answer")
def server_error(x, status=500, html=False, retry_after=None, code=None):
    """5xx in the service's error form or as a load balancer's page."""
    if html:
        return _retry(http.text_response(f"<html><body><h1>{status} Error</h1></body></html>", status,
                                         content_type="text/html"), retry_after)
    code = code or (x.front.FAILURE if status == 500 else "ServiceUnavailable")
    return _retry(x.front.error(code, "the service is not available", status), retry_after)


@fault("answer")
def html(x, status=200, text="<html><body>Please log in to the network</body></html>"):
    """A captive portal or a proxy answers."""
    return http.text_response(text, status, content_type="text/html; charset=utf-8")


@fault("answer")
def not_a_registry(x):
    """A 404 from something that has never heard of registries."""
    return http.text_response("<html><head><title>404 Not Found</title></head></html>", 404,
                              [("Server", "website")], content_type="text/html")


@fault("answer")
def empty(x, status=200, content_type=None):
    """Nothing but a status."""
    return http.Response(status, [("Content-Type", content_type)] if content_type else [])


@fault("answer")
def body(x, text, status=200, content_type="application/json", headers=None):
    """Any other answer, word for word."""
    return http.text_response(text, status, list((headers or {}).items()), content_type)


@fault("answer")
def redirect(x, location, status=307):
    """Somewhere else; {path} stands for the path and query asked for."""
    return http.Response(status, [("Location", location.replace("{path}", x.request.target))])


@fault("answer")
def challenge(x, value, status=401):
    """A WWW-Authenticate header of the test's own; several when `value` is a list."""
    values = value if isinstance(value, list) else [value]
    return http.json_response({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}, status,
                              [("WWW-Authenticate", v) for v in values])


# ---- the genuine answer, changed

@fault("answer")
def set_header(x, name, value=None):
    """Another value of a header, or none at all."""
    response = x.answer()
    response.set(name, value)
    return response


@fault("answer")
def set_status(x, status):
    """The genuine answer under another status."""
    response = x.answer()
    response.status = status
    return response


@fault("answer")
def garble(x):
    """One byte in the middle of the body is another, with the length unchanged."""
    response = x.answer()
    response.body = _spoiled(response.pieces(), response.length // 2)
    return response


@fault("answer")
def garble_json(x):
    """The body is no JSON any more."""
    response = x.answer()
    return response.replace(response.whole().replace(b":", b"=", 1) + b"}")


@fault("answer")
def truncate_json(x, keep=0.5):
    """A part of the body, with a Content-Length that agrees with the part."""
    response = x.answer()
    data = response.whole()
    return response.replace(data[:int(len(data) * keep)])


@fault("answer")
def other_shape(x, value=None):
    """Well formed JSON that is not what was asked for."""
    response = x.answer()
    return response.replace(json.dumps([] if value is None else value).encode())


@fault("answer")
def wrong_content_type(x, content_type="text/html"):
    """The genuine body under a wrong name."""
    return set_header(x, "Content-Type", content_type)


@fault("answer")
def huge_header(x, size=1 << 20, lines=1):
    """Header lines without end."""
    response = x.answer()
    response.headers += [(f"X-Filler-{n}", "a" * size) for n in range(lines)]
    return response


@fault("answer")
def huge_body(x, size=64 << 20, announce=True):
    """More than anybody wants; without `announce` in chunks of unknown sum."""
    response = x.answer()
    piece = b" " * 65536
    if announce:
        response.body, response.length = (piece for _ in range(size // len(piece))), size // len(piece) * len(piece)
        return response
    response.set("Transfer-Encoding", "chunked")
    x.write(response.head(framing=False))
    for _ in range(size // len(piece)):
        x.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    x.write(b"0\r\n\r\n")
    return None


# ---- slow

@fault("answer")
def delay(x, seconds):
    """The answer comes late, in one go."""
    time.sleep(seconds)
    return x.answer()


@fault("answer")
def delay_body(x, seconds, after=0):
    """The head at once, then `after` bytes of the body, a pause, the rest."""
    response = x.answer()
    data = response.whole()
    x.write(response.head() + data[:after])
    time.sleep(seconds)
    x.write(data[after:])


@fault("answer")
def trickle(x, seconds=0.2, step=1):
    """Head and body, `step` bytes at a time."""
    response = x.answer()
    data = response.head() + (b"" if x.request.method == "HEAD" else response.whole())
    for at in range(0, len(data), step):
        x.write(data[at:at + step])
        time.sleep(seconds)


@fault("answer")
def stall(x, seconds=600):
    """Nothing, with the connection open."""
    time.sleep(seconds)
    x.close()


@fault("answer")
def stall_body(x, after=10, seconds=600):
    """The head and the beginning of the body, then nothing."""
    response = x.answer()
    begin(x, response, after)
    time.sleep(seconds)
    x.close()


# ---- cut

@fault("answer")
def cut(x, rst=False):
    """The connection ends before a byte of the answer; the service is not asked."""
    x.close(reset=rst)


@fault("answer")
def cut_head(x, rst=False):
    """The connection ends within the head."""
    x.write(x.answer().head()[:20])
    x.close(reset=rst)


@fault("answer")
def cut_body(x, rst=False, after=None):
    """The connection ends within the body (in the middle of it, or after so many bytes)."""
    response = x.answer()
    begin(x, response, response.length // 2 if after is None else after)
    if rst:
        time.sleep(0.05)  # what was sent shall arrive before the reset
    x.close(reset=rst)


@fault("answer")
def no_length(x, cut_after=None, notify=True):
    """A body that lasts until the connection ends, whole or cut, with or without TLS close_notify."""
    response = x.answer()
    x.write(response.head(framing=False).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + response.whole()[:cut_after])
    x.close(notify=notify)


@fault("answer")
def no_close_notify(x):
    """A whole answer with its length, then TCP ends without the TLS end."""
    x.close_after(notify=False)
    response = x.answer()
    response.set("Connection", "close")
    return response


@fault("answer")
def idle_close(x):
    """A whole answer, then the connection is closed although nobody said so: it is stale for the next request."""
    x.close_after()
    return x.answer()


# ---- HTTP that is wrong or rare

@fault("answer")
def length_and_chunked(x):
    """Both framings at once."""
    response = x.answer()
    data = response.whole()
    response.set("Transfer-Encoding", "chunked")
    x.write(response.head() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
    x.close()


@fault("answer")
def chunked(x, size=7, trailer=False, extension=False):
    """A right answer in small chunks."""
    response = x.answer()
    response.set("Transfer-Encoding", "chunked")
    x.write(response.head(framing=False))
    if x.request.method != "HEAD":
        data = response.whole()
        for at in range(0, len(data), size):
            part = data[at:at + size]
            x.write(b"%x%s\r\n%s\r\n" % (len(part), b";name=value" if extension else b"", part))
        x.write(b"0\r\n" + (b"X-Trailer: yes\r\n" if trailer else b"") + b"\r\n")


@fault("answer")
def bad_chunk(x, kind="not_hex"):
    """not_hex, negative, too_big, no_crlf or no_end."""
    response = x.answer()
    data = response.whole()
    response.set("Transfer-Encoding", "chunked")
    wire = {"not_hex": b"zz\r\n%s\r\n0\r\n\r\n" % data,
            "negative": b"-5\r\n%s\r\n0\r\n\r\n" % data,
            "too_big": b"ffffffffffffffffff\r\n%s\r\n0\r\n\r\n" % data,
            "no_crlf": b"%x\r\n%sxx0\r\n\r\n" % (len(data), data),
            "no_end": b"%x\r\n%s\r\n" % (len(data), data)}[kind]
    x.write(response.head(framing=False) + wire)
    x.close()


@fault("answer")
def bad_length(x, value="-1"):
    """A Content-Length that is none, or (a list) several."""
    response = x.answer()
    values = value if isinstance(value, list) else [value]
    response.headers += [("Content-Length", v) for v in values]
    return response


@fault("answer")
def interim(x, status=100, times=1):
    """Interim responses before the real one."""
    x.write(f"HTTP/1.1 {status} Interim\r\n\r\n".encode() * times)
    return x.answer()


@fault("answer")
def bad_status_line(x, line="HTTP/1.1 OK"):
    """A first line that is none."""
    x.write(line.encode() + b"\r\n" + x.answer().head().split(b"\r\n", 1)[1])
    x.close()


@fault("answer")
def http10(x):
    """A right answer of HTTP/1.0, which ends with the connection."""
    response = x.answer()
    x.write(response.head(version="HTTP/1.0") + (b"" if x.request.method == "HEAD" else response.whole()))
    x.close()


@fault("answer")
def raw(x, text):
    """Any bytes (latin-1) in place of an answer, then the end."""
    x.write(text.encode("latin-1"))
    x.close()


# ---- TLS

def _certificate(kind, meaning):
    def function(h):
        return h.context(kind)
    function.__name__, function.__doc__ = f"tls_{kind}", meaning
    fault("tls")(function)


_certificate("wrong_host", "The certificate is another host's.")
_certificate("expired", "The certificate ended yesterday.")
_certificate("future", "The certificate begins tomorrow.")
_certificate("self_signed", "The certificate's issuer is nobody.")
_certificate("untrusted", "The certificate is of an authority nobody knows.")
_certificate("no_intermediate", "The chain lacks its middle.")
_certificate("ec", "A right certificate with an elliptic curve key.")
_certificate("tls13", "The server speaks TLS 1.3 only.")


@fault("tls")
def tls_plain(h):
    """The server speaks plain HTTP."""
    h.socket.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    _close()


@fault("tls")
def tls_alert(h, description=40):
    """A fatal alert in place of the server's hello (40 handshake_failure, 112 unrecognized_name, 70 protocol_version)."""
    h.socket.recv(16384)
    h.socket.sendall(bytes([21, 3, 3, 0, 2, 2, description]))
    _close()


@fault("tls")
def tls_stall(h, seconds=600):
    """The handshake never begins."""
    time.sleep(seconds)
    _close()


@fault("tls")
def tls_close(h, rst=False):
    """The connection ends before the handshake."""
    h.socket.recv(16384)
    _close(rst)


@fault("tls")
def tls_garbage(h):
    """Bytes that are no TLS."""
    h.socket.sendall(b"\x00\xff" * 64)
    _close()


def _close(reset=False):
    raise http.Close(reset)


def begin(x, response, size):
    """Sends the head and so many bytes of the body."""
    x.write(response.head())
    for piece in response.first(size):
        x.write(piece)


def _spoiled(pieces, at):
    """The same bytes but for one."""
    for piece in pieces:
        yield piece[:at] + bytes([piece[at] ^ 0x15]) + piece[at + 1:] if 0 <= at < len(piece) else piece
        at -= len(piece)


def _retry(response, seconds):
    if seconds is not None:
        response.set("Retry-After", str(seconds))
    return response
