#include "base/sha256.h"

#include <string.h>

#include "base/sha256_blocks.h"

#define LENGTH_AT (SHA256_BLOCK - 8) /* of the last block: the number of bits */

static void add_blocks(struct sha256_state *state, const uint8_t *data, size_t count)
{
    sha256_blocks *fast = sha256_of_cpu();
    (fast ? fast : sha256_portable)(state->words, data, count);
}

void sha256_start(struct sha256_state *state)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(state->words, first, sizeof first);
    state->length = 0;
}

void sha256_add(struct sha256_state *state, struct slice data)
{
    size_t held = state->length % SHA256_BLOCK;
    state->length += data.len;
    if (held) {
        size_t taken = data.len < SHA256_BLOCK - held ? data.len : SHA256_BLOCK - held;
        memcpy(state->block + held, data.data, taken);
        data = slice_from(data, taken);
        if (held + taken < SHA256_BLOCK)
            return;
        add_blocks(state, state->block, 1);
    }
    add_blocks(state, (const uint8_t *)data.data, data.len / SHA256_BLOCK);
    data = slice_from(data, data.len - data.len % SHA256_BLOCK);
    if (data.len)
        memcpy(state->block, data.data, data.len);
}

static void write_word(uint8_t *out, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(word >> (24 - 8 * i));
}

void sha256_end(struct sha256_state *state, uint8_t out[static SHA256_SIZE])
{
    size_t held = state->length % SHA256_BLOCK;
    uint64_t bits = state->length * 8;
    state->block[held++] = 0x80;
    if (held > LENGTH_AT) {
        memset(state->block + held, 0, SHA256_BLOCK - held);
        add_blocks(state, state->block, 1);
        held = 0;
    }
    memset(state->block + held, 0, LENGTH_AT - held);
    write_word(state->block + LENGTH_AT, (uint32_t)(bits >> 32));
    write_word(state->block + LENGTH_AT + 4, (uint32_t)bits);
    add_blocks(state, state->block, 1);
    for (int i = 0; i < 8; i++)
        write_word(out + 4 * i, state->words[i]);
}
