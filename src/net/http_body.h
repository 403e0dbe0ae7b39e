#ifndef ECR_NET_HTTP_BODY_H
#define ECR_NET_HTTP_BODY_H

#include "base/buf.h"
#include "net/http_head.h"

#define HTTP_CHUNK_LINE_MAX 4096 /* a chunk's size with its extensions, which nobody sends */
#define HTTP_TRAILER_MAX    (16 << 10)

/* Takes a body out of the bytes of a connection, whatever pieces they come in. */
struct http_body {
    enum http_framing framing;
    uint64_t left; /* of the body, or of the chunk */
    enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER } step;
    struct buf line; /* a size line or the trailers so far */
    bool done;
};

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t length);
void http_body_free(struct http_body *body);

/*
 * Feeds what was read and appends what belongs to the body to `out`, at most `limit` bytes in all. Sets *used to how
 * much of it was taken; what is behind the body's end stays. NULL, or what is wrong.
 */
const char *http_body_feed(struct http_body *body, struct slice in, size_t *used, struct buf *out, size_t limit);

/* The connection ended: NULL if the body may end there, else what is missing. */
const char *http_body_end(struct http_body *body, bool cut);

#endif
