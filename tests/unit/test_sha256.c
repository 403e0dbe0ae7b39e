/* SHA-256 in pieces: known answers, the same for every way to cut a text, and the same by instructions as in C. */
#include "unit.h"

#include "base/encode.h"
#include "base/sha256.h"
#include "base/sha256_blocks.h"

static char *hash_of(struct slice text, size_t piece)
{
    struct sha256_state hash;
    uint8_t out[SHA256_SIZE];
    struct buf hex = BUF_INIT;
    sha256_start(&hash);
    for (struct slice rest = text; rest.len; rest = slice_from(rest, piece < rest.len ? piece : rest.len))
        sha256_add(&hash, slice_head(rest, piece < rest.len ? piece : rest.len));
    sha256_end(&hash, out);
    encode_hex(&hex, out, sizeof out);
    return buf_detach(&hex, &arena);
}

static struct slice sample(size_t len)
{
    char *text = arena_alloc(&arena, len + 1);
    uint32_t seed = 1;
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)(seed >> 24);
    }
    return (struct slice){text, len};
}

/* FIPS 180-4's examples (NIST, "SHA256.pdf" and the long message test). */
static void test_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hash;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(hash_of(slice_of(rows[i].text), 1), rows[i].hash, "%s", rows[i].text);
    char *million = arena_alloc(&arena, 1000001);
    memset(million, 'a', 1000000);
    CHECK_TEXT(hash_of((struct slice){million, 1000000}, 8191),
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "a million a");
}

/* Every length around a block's, in every size of pieces, as BearSSL has it. */
static void test_pieces(void **state)
{
    (void)state;
    for (size_t len = 0; len < 200; len++) {
        uint8_t out[SHA256_SIZE];
        struct buf hex = BUF_INIT;
        struct slice text = sample(len);
        sha256(text, out);
        encode_hex(&hex, out, sizeof out);
        for (size_t piece = 1; piece < 130; piece += piece < 4 ? 1 : 9)
            CHECK_TEXT(hash_of(text, piece), hex.data, "%zu bytes, %zu a piece", len, piece);
        buf_free(&hex);
    }
}

static void test_instructions(void **state)
{
    (void)state;
    sha256_blocks *fast = sha256_of_cpu();
    struct slice text = sample(64 * 50);
    if (!fast)
        print_message("this processor has no instructions for SHA-256: C alone is tested\n");
    for (size_t count = 0; fast && count <= 50; count++) {
        uint32_t one[8] = {1, 2, 3, 4, 5, 6, 7, 0xffffffff}, other[8] = {1, 2, 3, 4, 5, 6, 7, 0xffffffff};
        fast(one, (const uint8_t *)text.data, count);
        sha256_portable(other, (const uint8_t *)text.data, count);
        CHECK(memcmp(one, other, sizeof one) == 0, "%zu blocks", count);
    }
    assert_ptr_equal(sha256_of_cpu(), fast);
}

RUN(TEST(test_known_answers), TEST(test_pieces), TEST(test_instructions))
