#ifndef ECR_NET_HTTP_STREAM_H
#define ECR_NET_HTTP_STREAM_H

#include "net/http_body.h"
#include "net/http_connection.h"

/* The body of a reply that is still to be read: what http_request asks for with `stream`. */
struct http_stream {
    struct http *http;
    struct http_connection *connection; /* owned */
    struct http_body body;
    struct buf piece; /* of a chunked body: taken out, not yet given */
    bool keeps_alive;
    int64_t deadline;
};

/* Takes over the connection whose reply has this framing. */
struct http_stream *http_stream_open(struct http *http, struct http_connection *connection, enum http_framing framing,
                                     uint64_t length, bool keeps_alive, int64_t deadline);

/* The next bytes of the body, up to `size`: *got, 0 at its end. -1 with an error: bad-reply for a body that is cut off. */
int http_stream_read(struct http_stream *stream, char *out, size_t size, size_t *got, struct error *error);

/* Gives it back; the connection is kept if the body was read to its end. NULL is allowed. */
void http_stream_close(struct http_stream *stream);

#endif
