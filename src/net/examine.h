#ifndef ECR_NET_EXAMINE_H
#define ECR_NET_EXAMINE_H

#include "net/http.h"
#include "net/resolve.h"

/* How far the way to a server could be gone. */
enum examine_step { EXAMINE_NAME, EXAMINE_CONNECT, EXAMINE_TLS, EXAMINE_ANSWER, EXAMINE_STEPS };

/* Private are those of RFC 1918, RFC 4193 and RFC 6598; internal those of net/addr.h: one such is enough. */
enum examine_kind { EXAMINE_PUBLIC, EXAMINE_PRIVATE, EXAMINE_MIXED, EXAMINE_INTERNAL };

/* What was seen at each step of the way; texts in the arena of net_examine. */
struct examined {
    enum examine_step done;    /* how many steps succeeded; the one after it failed */
    int64_t ms[EXAMINE_STEPS]; /* each took, the failed one too */
    const char *proxy;         /* "http://host:port": it looks the name up; NULL: none */
    const char *addresses;     /* "192.0.2.1, 2001:db8::1" */
    enum examine_kind kind;    /* what sort of addresses they are */
    const char *peer;          /* the address that was connected to */
    const char *issuer;        /* of the certificate; NULL without TLS */
    int64_t not_after;         /* its end, unix seconds */
    int status;                /* of the answer to a GET of the URL */
    bool marked;               /* which holds the header that was looked for */
    int64_t clock_ahead;       /* seconds that the server's clock is ahead of ours; 0 if it does not say */
};

/*
 * Goes the way to a server step by step, for a diagnosis: name, connection, TLS, an answer to a GET, whatever it is and
 * with or without the header `mark` (NULL: none is looked for). -1 with the error of the step that failed.
 */
int net_examine(struct http *http, const struct url *url, const char *mark, int64_t deadline, struct arena *arena,
                struct examined *examined, struct error *error);

#endif
