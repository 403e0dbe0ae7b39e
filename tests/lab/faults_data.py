"""What can be told to go wrong with the bytes of layers, on their way down and up. As the others, see faults.py."""

import time

from . import faults
from . import message as http

DATA = []


def fault(function):
    DATA.append(function.__name__)
    return faults.fault("answer")(function)


# ---- down; `cut_body`, `stall_body`, `garble` and `set_header` of faults.py serve here as well

@fault
def ignore_range(x):
    """The whole of what a part was asked of."""
    x.request.headers = [(name, value) for name, value in x.request.headers if name.lower() != "range"]
    return x.answer()


@fault
def other_range(x, by):
    """Another part than the one asked for, and its Content-Range says so."""
    shifted = []
    for name, value in x.request.headers:
        if name.lower() == "range":
            start = int(value.partition("=")[2].partition("-")[0])
            value = f"bytes={max(0, start + by)}-"
        shifted.append((name, value))
    x.request.headers = shifted
    return x.answer()


@fault
def wrong_length(x, by):
    """The whole body under a Content-Length that is larger or smaller by so much, then the end."""
    response = x.answer()
    response.length += by
    x.write(response.head())
    for piece in response.pieces() if x.request.method != "HEAD" else ():
        x.write(piece)
    x.close()


@fault
def links_end(x, after=None):
    """All signed links that are out come to their end: before this answer, or after so many bytes of it, and it is cut there."""
    if after is None:
        x.front.world.links_ended += 1
        return x.answer()
    response = x.answer()
    faults.begin(x, response, after)
    x.front.world.links_ended += 1
    return x.close()


@fault
def tokens_end(x):
    """All that was issued to be let in with comes to its end: this request is the first that meets it."""
    x.front.end_tokens()
    return x.answer()


@fault
def slow(x, rate):
    """So many bytes a second, in either direction."""
    x.request.stream.rate = rate
    response = x.answer()

    def pace(pieces):
        for piece in pieces:
            for at in range(0, len(piece), step):
                yield piece[at:at + step]
                time.sleep(step / rate)
    step = max(1, min(http.PIECE, rate // 10))
    if x.request.method != "HEAD":
        response.body = pace(response.pieces())
    return response


# ---- up

@fault
def cut_upload(x, after, kept=None, rst=False):
    """The connection ends after so many bytes of the request's body, of which the registry has all, or the first `kept`."""
    x.request.stream.end_after(after, kept)
    try:
        return x.answer()
    except http.Close:
        return x.close(reset=rst)


@fault
def stall_upload(x, after, seconds=600):
    """So many bytes of the request's body are read, and no more."""
    x.request.stream.end_after(after)
    x.request.stream.drain_quietly()
    time.sleep(seconds)
    x.close()


@fault
def no_monolithic(x, status=405, early=False):
    """A closing PUT must be empty; `early` says so before the body was read, as proxies do that limit its size."""
    if x.front.operation(x.request) != "PutUpload" or x.request.stream.length == 0:
        return x.answer()
    response = x.front.error("SIZE_INVALID" if status == 413 else "UNSUPPORTED", "the upload was refused", status)
    if not early:
        return response
    response.set("Connection", "close")
    x.send(response)
    x.request.stream.drain_quietly()
    return x.close()
