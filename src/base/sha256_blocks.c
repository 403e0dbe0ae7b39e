#include "base/sha256_blocks.h"

#include <stdatomic.h>
#include <stdbool.h>

const uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static uint32_t read_word(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

/* The schedule of a block's 64 words (FIPS 180-4, 6.2.2, step 1). */
static void schedule(uint32_t w[static 64], const uint8_t *data)
{
    for (int i = 0; i < 16; i++)
        w[i] = read_word(data + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] =
            w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

void sha256_portable(uint32_t words[static 8], const uint8_t *data, size_t count)
{
    uint32_t w[64], v[8];
    for (; count; count--, data += 64) {
        schedule(w, data);
        for (int i = 0; i < 8; i++)
            v[i] = words[i];
        for (int i = 0; i < 64; i++) {
            uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]), majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            uint32_t one =
                v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + choice + sha256_constants[i] + w[i];
            uint32_t other = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + majority;
            for (int k = 7; k > 0; k--)
                v[k] = v[k - 1];
            v[4] += one;
            v[0] = one + other;
        }
        for (int i = 0; i < 8; i++)
            words[i] += v[i];
    }
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

static bool has_instructions(void)
{
    unsigned a, b, c, d;
    bool vectors = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1);
    return vectors && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* The four words of the schedule that follow the 16 in `m`, the oldest of which stand at `i`. */
__attribute__((target("sha,ssse3,sse4.1"))) static __m128i next_words(const __m128i m[static 4], int i)
{
    __m128i sum = _mm_sha256msg1_epu32(m[i], m[(i + 1) & 3]);
    sum = _mm_add_epi32(sum, _mm_alignr_epi8(m[(i + 3) & 3], m[(i + 2) & 3], 4));
    return _mm_sha256msg2_epu32(sum, m[(i + 3) & 3]);
}

/* The instructions keep the state as ABEF and CDGH, the first letter highest (Intel's manual, SHA256RNDS2). */
__attribute__((target("sha,ssse3,sse4.1"))) static void by_instructions(uint32_t words[static 8], const uint8_t *data,
                                                                        size_t count)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)words), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(words + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
    for (; count; count--, data += 64) {
        __m128i m[4], abef_before = abef, cdgh_before = cdgh;
        for (int i = 0; i < 16; i++) {
            m[i & 3] = i < 4 ? _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), big_endian)
                             : next_words(m, i & 3);
            __m128i sum = _mm_add_epi32(m[i & 3], _mm_loadu_si128((const __m128i *)(sha256_constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(words + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#elif defined(__aarch64__)

#include <arm_neon.h>
#include <sys/auxv.h>

#define HWCAP_HAS_SHA2 (1UL << 6) /* Linux, asm/hwcap.h */

static bool has_instructions(void)
{
    return getauxval(AT_HWCAP) & HWCAP_HAS_SHA2;
}

__attribute__((target("+crypto"))) static void by_instructions(uint32_t words[static 8], const uint8_t *data,
                                                               size_t count)
{
    uint32x4_t abcd = vld1q_u32(words), efgh = vld1q_u32(words + 4);
    for (; count; count--, data += 64) {
        uint32x4_t m[4], abcd_before = abcd, efgh_before = efgh;
        for (int i = 0; i < 16; i++) {
            m[i & 3] = i < 4
                           ? vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)))
                           : vsha256su1q_u32(vsha256su0q_u32(m[i & 3], m[(i + 1) & 3]), m[(i + 2) & 3], m[(i + 3) & 3]);
            uint32x4_t sum = vaddq_u32(m[i & 3], vld1q_u32(sha256_constants + 4 * i)), before = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, before, sum);
        }
        abcd = vaddq_u32(abcd, abcd_before);
        efgh = vaddq_u32(efgh, efgh_before);
    }
    vst1q_u32(words, abcd);
    vst1q_u32(words + 4, efgh);
}

#else

static bool has_instructions(void)
{
    return false;
}

#define by_instructions sha256_portable

#endif

sha256_blocks *sha256_of_cpu(void)
{
    static atomic_int known; /* 0: not looked at yet, 1: no, 2: yes */
    int found = atomic_load_explicit(&known, memory_order_relaxed);
    if (!found) {
        found = has_instructions() ? 2 : 1;
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return found == 2 ? by_instructions : NULL;
}
