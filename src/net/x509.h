#ifndef ECR_NET_X509_H
#define ECR_NET_X509_H

#include <bearssl_x509.h>

#include "net/cert.h"
#include "net/trust.h"

#define X509_CHAIN_CERTS 16         /* a public chain has 2 to 4 */
#define X509_CHAIN_BYTES (64 << 10) /* and 3 to 8 KB */

/*
 * A certificate validator for BearSSL's engine that first collects the chain and then judges it: the signatures and
 * dates by BearSSL's minimal engine against the anchors that fit, then what that leaves out (bearssl.md): address
 * and name match, extended key usage, RSA keys of 2048 bits at least, end dates of the anchors.
 */
struct x509_judge {
    const br_x509_class *vtable; /* first, as BearSSL wants it */
    struct trust *trust;
    const char *host;
    bool ip;
    int64_t now;         /* unix seconds */
    struct error *error; /* filled when the chain is refused */
    struct arena arena;
    struct buf chain;
    size_t ends[X509_CHAIN_CERTS];
    size_t count;
    bool overflow;
    struct anchor_set anchors;
    br_x509_minimal_context minimal;
};

/* `host` is the name or address literal that was dialled; it and `trust` outlive the judge. */
void x509_judge_init(struct x509_judge *judge, struct trust *trust, const char *host, bool ip, struct error *error);

/* The server's own certificate, as it was sent; its slices point into the judge. False before there is one. */
bool x509_judge_leaf(const struct x509_judge *judge, struct cert *leaf);
void x509_judge_free(struct x509_judge *judge);

#endif
