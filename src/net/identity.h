#ifndef ECR_NET_IDENTITY_H
#define ECR_NET_IDENTITY_H

#include <bearssl_x509.h>

#include "base/buf.h"
#include "base/error.h"

#define IDENTITY_CHAIN 8

/* A client certificate with its private key, as the Docker daemon wants one over TLS. */
struct identity {
    struct buf ders[IDENTITY_CHAIN]; /* a secret-free chain, leaf first */
    br_x509_certificate chain[IDENTITY_CHAIN];
    size_t count;
    br_skey_decoder_context key; /* the key's numbers live in here: wiped by identity_free */
};

/* Reads PEM files; keys in PKCS#1, PKCS#8 or SEC1 form, not encrypted. -1 with an error of reason no-credentials. */
int identity_load(struct identity *identity, const char *cert_path, const char *key_path, struct error *error);
void identity_free(struct identity *identity);

#endif
