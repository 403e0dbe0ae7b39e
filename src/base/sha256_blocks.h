#ifndef ECR_BASE_SHA256_BLOCKS_H
#define ECR_BASE_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/* Adds whole blocks of 64 bytes to the eight words of a SHA-256 state. */
typedef void sha256_blocks(uint32_t words[static 8], const uint8_t *data, size_t count);

/* The constants of the rounds (FIPS 180-4, 4.2.2). */
extern const uint32_t sha256_constants[64];

/* In portable C; runs anywhere. */
sha256_blocks sha256_portable;

/* By this processor's instructions (SHA-NI, ARMv8's); NULL if it has none. Found out once. */
sha256_blocks *sha256_of_cpu(void);

#endif
