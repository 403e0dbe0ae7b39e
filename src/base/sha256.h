#ifndef ECR_BASE_SHA256_H
#define ECR_BASE_SHA256_H

#include "base/hash.h"

#define SHA256_BLOCK 64

/* SHA-256 (FIPS 180-4) of what comes in pieces: by the processor's instructions where it has them. */
struct sha256_state {
    uint32_t words[8];
    uint64_t length; /* bytes so far */
    uint8_t block[SHA256_BLOCK];
};

void sha256_start(struct sha256_state *state);
void sha256_add(struct sha256_state *state, struct slice data);
void sha256_end(struct sha256_state *state, uint8_t out[static SHA256_SIZE]);

#endif
