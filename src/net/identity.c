#include "net/identity.h"

#include <string.h>

#include "base/file.h"
#include "net/pem.h"

#define IDENTITY_FILE_MAX (256 << 10)

static int load_chain(struct identity *identity, const char *path, struct slice pem, struct error *error)
{
    struct slice label;
    struct buf der = BUF_INIT;
    while (identity->count < IDENTITY_CHAIN && pem_next(&pem, &label, &der) == 1) {
        if (!slice_ends(label, "CERTIFICATE"))
            continue;
        struct buf *kept = &identity->ders[identity->count];
        buf_add(kept, der.data, der.len);
        identity->chain[identity->count++] = (br_x509_certificate){(unsigned char *)kept->data, kept->len};
    }
    buf_free(&der);
    return identity->count ? 0 : error_set(error, REASON_NO_CREDENTIALS, path, "holds no PEM certificate");
}

static int load_key(struct identity *identity, const char *path, struct slice pem, struct error *error)
{
    struct slice label;
    struct buf der = BUF_INIT;
    int status = -1;
    while (status < 0 && pem_next(&pem, &label, &der) == 1) {
        if (!slice_ends(label, "PRIVATE KEY"))
            continue;
        br_skey_decoder_init(&identity->key);
        br_skey_decoder_push(&identity->key, der.data, der.len);
        status = br_skey_decoder_last_error(&identity->key) == 0 ? 0 : -1;
    }
    buf_free(&der);
    return status == 0 ? 0
                       : error_set(error, REASON_NO_CREDENTIALS, path,
                                   "holds no private key that can be read (encrypted ones cannot)");
}

static int with_file(struct identity *identity, const char *path, struct error *error,
                     int (*load)(struct identity *, const char *, struct slice, struct error *))
{
    struct buf pem;
    int status = file_read(path, IDENTITY_FILE_MAX, &pem);
    if (status)
        return error_set(error, REASON_NO_CREDENTIALS, path, "cannot read it: %s", strerror(status));
    status = load(identity, path, buf_view(&pem), error);
    buf_free(&pem);
    return status;
}

int identity_load(struct identity *identity, const char *cert_path, const char *key_path, struct error *error)
{
    *identity = (struct identity){.count = 0};
    for (size_t i = 0; i < IDENTITY_CHAIN; i++)
        identity->ders[i] = BUF_INIT;
    if (with_file(identity, cert_path, error, load_chain) < 0 || with_file(identity, key_path, error, load_key) < 0) {
        identity_free(identity);
        return -1;
    }
    return 0;
}

void identity_free(struct identity *identity)
{
    for (size_t i = 0; i < IDENTITY_CHAIN; i++)
        buf_free(&identity->ders[i]);
    explicit_bzero(&identity->key, sizeof identity->key);
    identity->count = 0;
}
