#ifndef ECR_NET_TRUST_H
#define ECR_NET_TRUST_H

#include <pthread.h>

#include "net/anchors.h"

/*
 * Whom TLS trusts. Without a file the embedded roots, and beside them the system's bundle when a chain needs it; a
 * file that was named replaces both.
 */
struct trust {
    const char *file;     /* NULL: embedded and system */
    struct buf pem;       /* the file's text */
    struct buf extra;     /* PEM certificates that are trusted besides, */
    struct trust *of;     /* and whom else: what is not here is looked for there; NULL: nobody */
    pthread_mutex_t lock; /* of what follows: */
    bool system_read;
    struct buf system; /* the system's bundle, read when it is first needed */
};

void trust_init(struct trust *trust);
void trust_free(struct trust *trust);

/* The text of the system's bundle. */
struct slice trust_system(struct trust *trust);

/* As another one, which outlives it, and besides it the certificates in `pem`, which is taken over. */
void trust_init_with(struct trust *trust, struct trust *other, struct buf *pem);

/* Trusts the certificates of this PEM file alone. -1 with a usage error if it cannot be read or holds none. */
int trust_use_file(struct trust *trust, const char *path, struct error *error);

#endif
