#include "base/hash.h"

#include <bearssl_hash.h>
#include <bearssl_hmac.h>
#include <string.h>

void sha256(struct slice data, uint8_t out[static SHA256_SIZE])
{
    br_sha256_context context;
    br_sha256_init(&context);
    br_sha256_update(&context, data.data, data.len);
    br_sha256_out(&context, out);
}

void sha512(struct slice data, uint8_t out[static SHA512_SIZE])
{
    br_sha512_context context;
    br_sha512_init(&context);
    br_sha512_update(&context, data.data, data.len);
    br_sha512_out(&context, out);
}

void sha1(struct slice data, uint8_t out[static SHA1_SIZE])
{
    br_sha1_context context;
    br_sha1_init(&context);
    br_sha1_update(&context, data.data, data.len);
    br_sha1_out(&context, out);
}

void hmac_sha256(struct slice key, struct slice data, uint8_t out[static SHA256_SIZE])
{
    br_hmac_key_context key_context;
    br_hmac_context context;
    br_hmac_key_init(&key_context, &br_sha256_vtable, key.data, key.len);
    br_hmac_init(&context, &key_context, 0);
    br_hmac_update(&context, data.data, data.len);
    br_hmac_out(&context, out);
    explicit_bzero(&key_context, sizeof key_context);
    explicit_bzero(&context, sizeof context);
}
