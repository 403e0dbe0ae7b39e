#ifndef ECR_NET_ANCHORS_H
#define ECR_NET_ANCHORS_H

#include <bearssl_x509.h>

#include "base/buf.h"
#include "base/error.h"

#define ANCHORS_MAX     16        /* roots that one chain may fit: cross-signed ones share a name */
#define ANCHOR_FILE_MAX (4 << 20) /* the system's bundle has 220 KB; a company's may hold more */

/* The trust anchors that fit the names in one chain. Keys and names point into the arena or the embedded table. */
struct anchor_set {
    br_x509_trust_anchor list[ANCHORS_MAX];
    size_t count;
    bool expired; /* an anchor of a fitting name was left out because its end date is over */
};

/* Names (DER) that an anchor must have one of to be of use: the issuers and subjects of the chain. */
struct anchor_names {
    const struct slice *list;
    size_t count;
};

/* Adds the embedded roots that fit and are not over at `now`. */
void anchors_add_embedded(struct anchor_names names, int64_t now, struct anchor_set *set);

/* The same from PEM text; blocks that are no certificate are passed over. Returns how many certificates it holds. */
size_t anchors_add_pem(struct arena *arena, struct slice pem, struct anchor_names names, int64_t now,
                       struct anchor_set *set);

/* Reads the system's bundle at the first of the usual places; false when there is none. The caller frees `pem`. */
bool anchors_read_system(struct buf *pem);

#endif
