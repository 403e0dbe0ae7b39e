#ifndef ECR_NET_HTTP_H
#define ECR_NET_HTTP_H

#include "base/buf.h"
#include "base/error.h"
#include "base/reader.h"
#include "net/addr.h"
#include "net/http_head.h"
#include "net/proxy.h"
#include "net/stream.h"

/* Defaults of the waits, in milliseconds. */
#define HTTP_CONNECT_MS    5000
#define HTTP_TLS_MS        10000
#define HTTP_FIRST_BYTE_MS 30000
#define HTTP_IDLE_MS       60000
#define HTTP_COMMIT_MS     300000 /* for the reply to a large body, which is looked at first */

#define HTTP_POOL          8 /* connections kept open: the API, two registries, their token services and stores of blobs */
#define HTTP_REDIRECTS_MAX 5
#define HTTP_INTERIM_MAX   8 /* 1xx replies before the real one */
#define HTTP_HEADERS_SENT  16
#define HTTP_BODY_SECRETS  3

/* A header to send. A secret one is made for one origin and is never sent across a redirect. */
struct http_field {
    const char *name;
    const char *value;
    bool secret;
};

struct http_request {
    const char *method;
    struct url url;
    struct http_field fields[HTTP_HEADERS_SENT];
    size_t field_count;
    struct slice body;                           /* not sent when data is NULL */
    const struct reader *source;                 /* a body that is read while it is sent; NULL: none */
    const char *body_secrets[HTTP_BODY_SECRETS]; /* what in it must not come back in a message; NULL: unused */
    size_t body_limit;                           /* of the reply's body, in bytes */
    bool first_byte;                             /* that one will do: a longer body is left unread */
    bool stream;                                 /* the body of status 200 or 206 is left to be read */
    struct trust *trust;                         /* for the URL and where it redirects to; NULL: the client's */
    const struct identity *identity;             /* for the URL's own host; NULL: the client's */
    enum addr_reach reach;                       /* where the URL, which may be a peer's, may lead */
    int max_redirects;                           /* 0: a redirect is a reply like any other */
    int64_t deadline;                            /* for all of it */
};

struct http_reply {
    struct http_head head;
    struct slice body;          /* in the arena, as are the header texts */
    struct http_stream *stream; /* the body, which the caller reads and closes; NULL: it is in `body` */
    struct url url;             /* that answered, after redirects */
    enum addr_reach grants;     /* where the first host that was asked may lead us */
};

/* What the lower rooms tell whoever listens (-v): one line without secrets. */
struct events {
    void (*report)(void *context, const char *line);
    void *context;
};

/* An HTTP/1.1 client (RFC 9110, 9112) with a few kept connections. Not for use by two threads at once. */
struct http {
    struct trust *trust;
    const struct identity *identity; /* NULL: no client certificate */
    const char *unix_path;           /* every connection goes to this socket; NULL: to the URL's host */
    struct proxy_settings proxy;
    struct events events;
    unsigned connections; /* opened so far */
    unsigned requests;    /* sent so far */
    struct http_connection *pool[HTTP_POOL];
};

void http_init(struct http *http, struct trust *trust);

/* A client with the same settings as another, and connections of its own. */
void http_init_like(struct http *http, const struct http *other);
void http_free(struct http *http);

void http_request_init(struct http_request *request, const char *method, const struct url *url);
void http_request_add(struct http_request *request, const char *name, const char *value, bool secret);

/* What a peer said, without the secrets that this request carried to it. Messages are made of this alone. */
const char *http_redact(struct arena *arena, const struct http_request *request, const char *text);

/*
 * Sends a request and reads the whole reply into `arena`. 0 for any reply that was read to its end, whatever its
 * status; -1 with an error of reason unreachable, timeout, tls, bad-reply, refused or unsupported. A kept connection
 * that turns out to be closed before a byte of the reply came is replaced by a fresh one once.
 */
int http_send(struct http *http, const struct http_request *request, struct arena *arena, struct http_reply *reply,
              struct error *error);

/* The seconds that a reply's Retry-After asks for (a number or a date), -1 without one. */
long http_retry_after(const struct http_head *head);

#endif
