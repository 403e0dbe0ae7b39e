#ifndef ECR_NET_HTTP_CONNECTION_H
#define ECR_NET_HTTP_CONNECTION_H

#include "net/addr.h"
#include "net/http.h"

/* One connection of the client: for http.c, and for examine.c, which looks at the way to a server. */
struct http_connection {
    struct arena arena; /* holds the origin's texts */
    struct url origin;
    struct stream stream;
    struct buf input; /* read, not yet taken */
    bool via_proxy;   /* plain HTTP through a proxy: requests name the whole URL */
    bool proxied;     /* `peer` is the proxy */
    struct url proxy;
    struct trust *trust;             /* that its certificate was judged by */
    const struct identity *identity; /* that we showed ourselves as */
    bool used;                       /* carried a reply before */
    struct addr peer;
};

/* Opens a connection for a URL: dial, proxy, TLS. The caller frees it. NULL with `error`. */
struct http_connection *http_connection_open(struct http *http, const struct url *url, enum addr_reach reach,
                                             int64_t deadline, struct error *error);
void http_connection_free(struct http_connection *connection);

/* Keeps it for further requests. */
void http_connection_keep(struct http *http, struct http_connection *connection);

/*
 * Reads the next final head, passing over interim ones (1xx), and takes it off the input. 0, or -1 with `error`; *no_byte tells that the connection ended
 * before anything came. `out` is what is still to be written meanwhile.
 */
int http_connection_read_head(struct http_connection *connection, struct slice *out, int64_t first_byte_ms,
                              int64_t deadline, struct arena *arena, struct http_head *head, bool *no_byte,
                              struct error *error);

/* What comes next, up to `size` bytes: *got, 0 where the connection ended. -1 with an error. */
int http_connection_read(struct http_connection *connection, char *out, size_t size, size_t *got, int64_t deadline,
                         struct error *error);

/*
 * Writes from `*out`, which advances, as long as the peer says nothing. 0 when all is written, 1 when it answers before
 * that, or takes nothing more. -1 with an error.
 */
int http_connection_write(struct http_connection *connection, struct slice *out, int64_t deadline, struct error *error);

/* The error for a proxy that refuses us with this status. Returns -1. */
int http_proxy_refused(struct error *error, const char *proxy, const char *host, int status);

/* Reads the body behind a head, at most `limit` bytes, into `body`. */
int http_connection_read_body(struct http_connection *connection, enum http_framing framing, uint64_t length,
                              size_t limit, int64_t deadline, struct buf *body, struct error *error);

#endif
