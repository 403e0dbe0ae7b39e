#ifndef ECR_NET_STREAM_H
#define ECR_NET_STREAM_H

#include "base/error.h"
#include "net/identity.h"
#include "net/trust.h"

struct tls;

/* A connected byte stream: a non-blocking socket, with TLS on it or not. */
struct stream {
    int fd;           /* -1: closed */
    struct tls *tls;  /* NULL: plain */
    const char *name; /* the host or path, for messages; outlives the stream */
    bool send_failed; /* the peer takes nothing more, but may have answered */
};

enum stream_event {
    STREAM_ERROR = -1,
    STREAM_DATA, /* bytes were read */
    STREAM_SENT, /* all of `out` is written */
    STREAM_END,  /* the peer closed, TLS properly so */
    STREAM_CUT,  /* the connection was reset, or TLS ended without its closing alert */
    STREAM_TIMEOUT
};

/*
 * Writes from `*out` (which advances) and reads into `in` at the same time, until one of the events. What the peer
 * says while it is written to is never lost: a failed write only sets send_failed, empties `*out` and reads on.
 */
enum stream_event stream_transfer(struct stream *stream, struct slice *out, char *in, size_t size, size_t *got,
                                  int64_t deadline, struct error *error);

/* Whether the last send or recv failed only because the socket is not ready. */
bool stream_would_block(void);

/* Whether nothing came that nobody asked for, and the peer did not close: only then may another request be sent. */
bool stream_is_quiet(const struct stream *stream);

/* Starts TLS 1.2 on a connected stream: verifies the certificate for `host`. -1 with `error` and the stream unusable. */
int stream_start_tls(struct stream *stream, struct trust *trust, const struct identity *identity, const char *host,
                     bool ip, int64_t deadline, struct error *error);

/* Who issued the certificate that the peer showed, and when it ends (unix seconds). NULL and 0 without TLS. */
void stream_certificate(const struct stream *stream, struct arena *arena, const char **issuer, int64_t *not_after);

/* Says goodbye if that needs no waiting, wipes TLS' state and closes. */
void stream_close(struct stream *stream);

#endif
