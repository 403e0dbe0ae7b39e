#ifndef ECR_NET_HTTP_HEAD_H
#define ECR_NET_HTTP_HEAD_H

#include "base/arena.h"
#include "base/slice.h"

#define HTTP_HEAD_MAX    (64 << 10) /* signed URLs in a Location and challenges with tokens stay far below */
#define HTTP_HEADERS_MAX 200

struct http_header {
    struct slice name;
    struct slice value; /* without the white space around it */
};

/* A status line with its header fields (RFC 9112 sections 4 and 5). The slices point into the text that was parsed. */
struct http_head {
    int status;
    bool http10;
    struct http_header *headers;
    size_t count;
};

/*
 * How the body behind a head is framed (RFC 9112 section 6.3), for a reply to a request that was not HEAD.
 */
enum http_framing { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE };

/*
 * The length of the head at the start of `text`, its empty line included; 0 while that has not come. Lines may end in
 * a bare LF.
 */
size_t http_head_length(struct slice text);

/* Whether these bytes can be the beginning of a reply at all, so that nobody waits for the rest of what cannot. */
bool http_head_possible(struct slice text);

/* Parses a whole head. NULL, or what is wrong with it. The header array lives in `arena`. */
const char *http_head_parse(struct arena *arena, struct slice text, struct http_head *head);

/* The first field of that name (any case), empty with data NULL without one. */
struct slice http_header_get(const struct http_head *head, const char *name);

/* All fields of that name as one list, ", " between them (RFC 9110 section 5.3); NULL without one. In `arena`. */
const char *http_header_list(struct arena *arena, const struct http_head *head, const char *name);

/* Parses "Name: value" lines up to the end of `text`: heads and trailers. */
const char *http_fields_parse(struct arena *arena, struct slice text, struct http_header **fields, size_t *count);

/*
 * NULL, or why the framing cannot be trusted: lengths that differ, Content-Length together with Transfer-Encoding,
 * a coding other than chunked.
 */
const char *http_framing(const struct http_head *head, bool answers_head, enum http_framing *framing, uint64_t *length);

/* Whether the connection may be used again after this reply. */
bool http_keeps_alive(const struct http_head *head);

#endif
