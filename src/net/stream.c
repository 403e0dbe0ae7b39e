#include "net/stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/tls.h"

bool stream_would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void plain_send(struct stream *stream, struct slice *out)
{
    ssize_t sent = send(stream->fd, out->data, out->len, MSG_NOSIGNAL);
    if (sent >= 0) {
        *out = slice_from(*out, (size_t)sent);
    } else if (!stream_would_block()) {
        stream->send_failed = true;
        *out = (struct slice){NULL, 0};
    }
}

static enum stream_event plain_transfer(struct stream *stream, struct slice *out, char *in, size_t size, size_t *got,
                                        int64_t deadline)
{
    bool sending = out->len > 0;
    for (;;) {
        if (out->len)
            plain_send(stream, out);
        ssize_t len = recv(stream->fd, in, size, 0);
        if (len > 0) {
            *got = (size_t)len;
            return STREAM_DATA;
        }
        if (len == 0)
            return STREAM_END;
        if (!stream_would_block())
            return STREAM_CUT;
        if (sending && out->len == 0 && !stream->send_failed)
            return STREAM_SENT;
        struct pollfd poll_fd = {stream->fd, (short)(POLLIN | (out->len ? POLLOUT : 0)), 0};
        if (poll(&poll_fd, 1, deadline_poll(deadline)) == 0 && deadline_passed(deadline))
            return STREAM_TIMEOUT;
    }
}

enum stream_event stream_transfer(struct stream *stream, struct slice *out, char *in, size_t size, size_t *got,
                                  int64_t deadline, struct error *error)
{
    *got = 0;
    if (stream->tls)
        return tls_transfer(stream, out, in, size, got, deadline, error);
    return plain_transfer(stream, out, in, size, got, deadline);
}

bool stream_is_quiet(const struct stream *stream)
{
    struct pollfd poll_fd = {stream->fd, POLLIN, 0};
    return poll(&poll_fd, 1, 0) == 0 && (!stream->tls || tls_is_quiet(stream->tls));
}

int stream_start_tls(struct stream *stream, struct trust *trust, const struct identity *identity, const char *host,
                     bool ip, int64_t deadline, struct error *error)
{
    stream->tls = tls_new(trust, identity, host, ip, error);
    return stream->tls ? tls_handshake(stream, deadline, error) : -1;
}

void stream_close(struct stream *stream)
{
    if (stream->tls)
        tls_free(stream);
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

void stream_certificate(const struct stream *stream, struct arena *arena, const char **issuer, int64_t *not_after)
{
    *issuer = NULL;
    *not_after = 0;
    if (stream->tls)
        tls_certificate(stream->tls, arena, issuer, not_after);
}
