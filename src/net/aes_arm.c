#include "net/aes_arm.h"

#ifdef __aarch64__

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#define HWCAP_HAS_AES   (1UL << 3) /* Linux, asm/hwcap.h */
#define HWCAP_HAS_PMULL (1UL << 4)

#define BLOCK      16
#define WIDE       4 /* blocks at a time: the instructions' latency is that of several */
#define ROUNDS_MAX 14
#define BY_CRYPTO  __attribute__((target("+crypto")))

/* What BearSSL keeps a key in. */
struct ctr_keys {
    const br_block_ctr_class *vtable;
    uint8_t keys[ROUNDS_MAX + 1][BLOCK];
    uint32_t rounds;
};

_Static_assert(sizeof(struct ctr_keys) <= sizeof(br_aes_gen_ctr_keys), "BearSSL's room for the key of a record");

/* The S-box on each byte of a word: with four equal columns the shift of rows moves nothing. */
BY_CRYPTO static uint32_t sub_word(uint32_t word)
{
    uint8x16_t state = vaeseq_u8(vreinterpretq_u8_u32(vdupq_n_u32(word)), vdupq_n_u8(0));
    return vgetq_lane_u32(vreinterpretq_u32_u8(state), 0);
}

/* FIPS 197, section 5.2. Words are held as they lie in memory, the first byte lowest. */
BY_CRYPTO static void init(const br_block_ctr_class **context, const void *key, size_t len)
{
    struct ctr_keys *keys = (struct ctr_keys *)context;
    uint32_t words[4 * (ROUNDS_MAX + 1)], constant = 1;
    size_t own = len / 4;
    keys->rounds = (uint32_t)own + 6;
    memcpy(words, key, len);
    for (size_t i = own; i < 4 * ((size_t)keys->rounds + 1); i++) {
        uint32_t word = words[i - 1];
        if (i % own == 0) {
            word = sub_word(word >> 8 | word << 24) ^ constant;
            constant = constant << 1 ^ (constant & 0x80 ? 0x11b : 0);
        } else if (own > 6 && i % own == 4) {
            word = sub_word(word);
        }
        words[i] = words[i - own] ^ word;
    }
    memcpy(keys->keys, words, sizeof keys->keys);
    explicit_bzero(words, sizeof words);
    keys->vtable = aes_arm_ctr();
}

BY_CRYPTO static void encrypt(const struct ctr_keys *keys, uint8x16_t blocks[static WIDE])
{
    for (uint32_t round = 0; round + 1 < keys->rounds; round++) {
        uint8x16_t key = vld1q_u8(keys->keys[round]);
        for (int i = 0; i < WIDE; i++)
            blocks[i] = vaesmcq_u8(vaeseq_u8(blocks[i], key));
    }
    uint8x16_t key = vld1q_u8(keys->keys[keys->rounds - 1]), last = vld1q_u8(keys->keys[keys->rounds]);
    for (int i = 0; i < WIDE; i++)
        blocks[i] = veorq_u8(vaeseq_u8(blocks[i], key), last);
}

/* Encrypts the counters from `counter` on. */
BY_CRYPTO static void make_stream(const struct ctr_keys *keys, const uint8_t *iv, uint32_t counter,
                                  uint8_t stream[static WIDE * BLOCK])
{
    uint8x16_t blocks[WIDE];
    for (uint32_t i = 0; i < WIDE; i++) {
        uint8_t block[BLOCK];
        uint32_t big_endian = __builtin_bswap32(counter + i);
        memcpy(block, iv, 12);
        memcpy(block + 12, &big_endian, 4);
        blocks[i] = vld1q_u8(block);
    }
    encrypt(keys, blocks);
    for (size_t i = 0; i < WIDE; i++)
        vst1q_u8(stream + BLOCK * i, blocks[i]);
}

BY_CRYPTO static uint32_t run(const br_block_ctr_class *const *context, const void *iv, uint32_t counter, void *data,
                              size_t len)
{
    const struct ctr_keys *keys = (const struct ctr_keys *)context;
    uint8_t stream[WIDE * BLOCK], *bytes = data;
    for (; len >= sizeof stream; len -= sizeof stream, bytes += sizeof stream, counter += WIDE) {
        make_stream(keys, iv, counter, stream);
        for (size_t i = 0; i < WIDE; i++)
            vst1q_u8(bytes + BLOCK * i, veorq_u8(vld1q_u8(bytes + BLOCK * i), vld1q_u8(stream + BLOCK * i)));
    }
    if (len) {
        make_stream(keys, iv, counter, stream);
        for (size_t i = 0; i < len; i++)
            bytes[i] ^= stream[i];
        counter += (uint32_t)((len + BLOCK - 1) / BLOCK);
    }
    explicit_bzero(stream, sizeof stream);
    return counter;
}

BY_CRYPTO static uint64x2_t multiply(uint64_t a, uint64_t b)
{
    return vreinterpretq_u64_p128(vmull_p64(a, b));
}

/*
 * a * b in GF(2^128) (SP 800-38D, 6.3). With the bits of each byte turned round, bit i is the coefficient of x^i; what
 * lies above x^127 comes back as x^7 + x^2 + x + 1.
 */
BY_CRYPTO static uint64x2_t multiply_field(uint64x2_t a, uint64x2_t b)
{
    const uint64_t fold = 0x87;
    uint64_t a0 = vgetq_lane_u64(a, 0), a1 = vgetq_lane_u64(a, 1);
    uint64_t b0 = vgetq_lane_u64(b, 0), b1 = vgetq_lane_u64(b, 1);
    uint64x2_t low = multiply(a0, b0), high = multiply(a1, b1);
    uint64x2_t middle = veorq_u64(multiply(a0, b1), multiply(a1, b0));
    uint64_t w0 = vgetq_lane_u64(low, 0), w1 = vgetq_lane_u64(low, 1) ^ vgetq_lane_u64(middle, 0);
    uint64_t w2 = vgetq_lane_u64(high, 0) ^ vgetq_lane_u64(middle, 1), w3 = vgetq_lane_u64(high, 1);
    uint64x2_t upper = multiply(w3, fold);
    w1 ^= vgetq_lane_u64(upper, 0);
    w2 ^= vgetq_lane_u64(upper, 1);
    uint64x2_t lower = multiply(w2, fold), rest = {w0, w1};
    return veorq_u64(rest, lower);
}

BY_CRYPTO static uint64x2_t load(const uint8_t *block)
{
    return vreinterpretq_u64_u8(vrbitq_u8(vld1q_u8(block)));
}

BY_CRYPTO static void ghash(void *y, const void *h, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint64x2_t sum = load(y), key = load(h);
    for (; len; bytes += BLOCK) {
        uint8_t block[BLOCK] = {0};
        size_t size = len < BLOCK ? len : BLOCK;
        memcpy(block, bytes, size);
        sum = multiply_field(veorq_u64(sum, load(block)), key);
        len -= size;
    }
    vst1q_u8(y, vrbitq_u8(vreinterpretq_u8_u64(sum)));
}

static bool has(unsigned long what)
{
    return (getauxval(AT_HWCAP) & what) == what;
}

const br_block_ctr_class *aes_arm_ctr(void)
{
    static const br_block_ctr_class vtable = {sizeof(struct ctr_keys), BLOCK, 4, init, run};
    return has(HWCAP_HAS_AES) ? &vtable : NULL;
}

br_ghash aes_arm_ghash(void)
{
    return has(HWCAP_HAS_PMULL) ? ghash : NULL;
}

#else

#include <stddef.h>

const br_block_ctr_class *aes_arm_ctr(void)
{
    return NULL;
}

br_ghash aes_arm_ghash(void)
{
    return NULL;
}

#endif
