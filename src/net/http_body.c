#include "net/http_body.h"

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t length)
{
    *body = (struct http_body){.framing = framing, .left = length, .line = BUF_INIT};
    body->done = framing == HTTP_BODY_NONE || (framing == HTTP_BODY_LENGTH && length == 0);
}

void http_body_free(struct http_body *body)
{
    buf_free(&body->line);
}

static const char too_large[] = "its body is larger than what was asked for can be";

/* Copies at most `left` bytes; returns how many. */
static const char *copy_data(struct http_body *body, struct slice in, size_t *used, struct buf *out, size_t limit)
{
    size_t len = in.len < body->left ? in.len : (size_t)body->left;
    if (len > limit - out->len)
        return too_large;
    buf_add(out, in.data, len);
    body->left -= len;
    *used += len;
    return NULL;
}

/* Collects up to and with the next LF. Returns false while that has not come. */
static bool collect_line(struct http_body *body, struct slice in, size_t *used)
{
    ptrdiff_t end = slice_find(in, '\n');
    size_t len = end < 0 ? in.len : (size_t)end + 1;
    buf_add(&body->line, in.data, len);
    *used += len;
    return end >= 0;
}

/* The hexadecimal size at the start of a chunk's line (RFC 9112 section 7.1). */
static bool parse_size(struct slice line, uint64_t *size)
{
    size_t digits = 0;
    *size = 0;
    for (; digits < line.len && digits <= 15; digits++) {
        char c = ascii_lower(line.data[digits]);
        if (ascii_is_digit(c))
            *size = *size << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *size = *size << 4 | (uint64_t)(c - 'a' + 10);
        else
            break;
    }
    struct slice rest = slice_trim(slice_from(line, digits));
    return digits > 0 && digits <= 15 && (rest.len == 0 || rest.data[0] == ';');
}

static const char *feed_size(struct http_body *body, struct slice in, size_t *used)
{
    bool whole = collect_line(body, in, used);
    if (body->line.len > HTTP_CHUNK_LINE_MAX)
        return "a chunk's size line is too long";
    if (!whole)
        return NULL;
    if (!parse_size(buf_view(&body->line), &body->left))
        return "a chunk has no proper size";
    buf_clear(&body->line);
    body->step = body->left ? CHUNK_DATA : CHUNK_TRAILER;
    return NULL;
}

static const char *feed_data_end(struct http_body *body, struct slice in, size_t *used)
{
    if (!collect_line(body, in, used))
        return body->line.len > 1 ? "a chunk is longer than its size says" : NULL;
    if (slice_trim(buf_view(&body->line)).len || body->line.len > 2)
        return "a chunk is longer than its size says";
    buf_clear(&body->line);
    body->step = CHUNK_SIZE;
    return NULL;
}

/* Trailers are read to find the end and then dropped: nothing we need comes in them. */
static const char *feed_trailer(struct http_body *body, struct slice in, size_t *used)
{
    bool whole = collect_line(body, in, used);
    if (body->line.len > HTTP_TRAILER_MAX)
        return "its trailers are too long";
    if (!whole)
        return NULL;
    size_t start = 0;
    for (size_t i = 0; i + 1 < body->line.len; i++)
        if (body->line.data[i] == '\n')
            start = i + 1;
    body->done = slice_trim(slice_from(buf_view(&body->line), start)).len == 0;
    return NULL;
}

static const char *feed_chunked(struct http_body *body, struct slice in, size_t *used, struct buf *out, size_t limit)
{
    const char *fault;
    switch (body->step) {
    case CHUNK_SIZE:
        return feed_size(body, in, used);
    case CHUNK_DATA:
        fault = copy_data(body, in, used, out, limit);
        if (!fault && body->left == 0)
            body->step = CHUNK_DATA_END;
        return fault;
    case CHUNK_DATA_END:
        return feed_data_end(body, in, used);
    default:
        return feed_trailer(body, in, used);
    }
}

const char *http_body_feed(struct http_body *body, struct slice in, size_t *used, struct buf *out, size_t limit)
{
    const char *fault = NULL;
    *used = 0;
    if (body->framing == HTTP_BODY_UNTIL_CLOSE)
        body->left = UINT64_MAX;
    while (!fault && !body->done && *used < in.len) {
        struct slice rest = slice_from(in, *used);
        if (body->framing == HTTP_BODY_CHUNKED) {
            fault = feed_chunked(body, rest, used, out, limit);
        } else {
            fault = copy_data(body, rest, used, out, limit);
            body->done = body->left == 0;
        }
    }
    return fault;
}

const char *http_body_end(struct http_body *body, bool cut)
{
    if (body->framing == HTTP_BODY_UNTIL_CLOSE && !cut)
        body->done = true;
    return body->done ? NULL : "the connection ended in the middle of the body";
}
