#ifndef ECR_BASE_HASH_H
#define ECR_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

#define SHA256_SIZE 32

void sha256(struct slice data, uint8_t out[static SHA256_SIZE]);
#define SHA512_SIZE 64
void sha512(struct slice data, uint8_t out[static SHA512_SIZE]);

/* Not for security: files of other programs are named with it. */
#define SHA1_SIZE 20
void sha1(struct slice data, uint8_t out[static SHA1_SIZE]);

void hmac_sha256(struct slice key, struct slice data, uint8_t out[static SHA256_SIZE]); /* RFC 2104 */

#endif
