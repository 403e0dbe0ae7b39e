#ifndef ECR_NET_CERT_H
#define ECR_NET_CERT_H

#include <bearssl_x509.h>

#include "base/arena.h"
#include "net/der.h"

/* What we need of an X.509 certificate (RFC 5280) besides what BearSSL checks. All slices point into its DER. */
struct cert {
    struct slice subject; /* the Name, whole */
    struct slice issuer;
    struct slice key_info; /* SubjectPublicKeyInfo, whole */
    int64_t not_before;
    int64_t not_after;
    bool is_ca; /* basicConstraints says so */
    bool has_alt_names;
    struct slice alt_names; /* content of the GeneralNames sequence */
    bool has_usages;        /* extKeyUsage is there */
    bool for_servers;       /* ... and names serverAuth or anyExtendedKeyUsage */
};

/* Returns 0, or -1 if this is no certificate. */
int cert_parse(struct slice der, struct cert *cert);

/* Reads a public key (RSA or EC on P-256, P-384, P-521) out of a SubjectPublicKeyInfo; its numbers point into it. */
int cert_key(struct slice key_info, br_x509_pkey *key);

/*
 * Whether the certificate is for this host (RFC 6125): an address must equal an iPAddress entry, a name must equal a
 * dNSName or match its one leading "*" label, which must stand before two labels at least. The subject's common name
 * counts for nothing.
 */
bool cert_matches(const struct cert *cert, const char *host, bool ip);

/* The names of a certificate for a message: "a.example, *.b.example, 192.0.2.1", the first five. */
char *cert_names(struct arena *arena, const struct cert *cert);

/* The last common name of the subject, "" without one. */
char *cert_common_name(struct arena *arena, struct slice name);

#endif
