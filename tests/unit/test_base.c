/* The floor that everything stands on: slices, builder, arena, encodings, clock, reasons. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/redact.h"

static void test_slices(void **state)
{
    (void)state;
    struct slice s = SLICE("abc.def.");
    assert_true(slice_is(slice_from(s, 4), "def.") && slice_from(s, 99).len == 0 &&
        slice_from((struct slice){NULL, 0}, 1).data == NULL);
    assert_true(slice_is(slice_head(s, 3), "abc") && slice_is(slice_head(s, 99), "abc.def."));
    assert_true(slice_of(NULL).len == 0 && slice_is(slice_of(NULL), ""));
    assert_true(slice_is_nocase(s, "ABC.Def.") && !slice_is_nocase(s, "abc.def") &&
        !slice_is_nocase(SLICE("\xc3\x89"), "\xc3\xa9"));
    assert_true(slice_starts(s, "abc") && !slice_starts(s, "Abc") && slice_starts_nocase(s, "ABC") &&
        slice_starts(s, "") && !slice_starts(SLICE("ab"), "abc"));
    assert_true(slice_ends(s, "f.") && !slice_ends(s, "f") && slice_ends(s, "") && !slice_ends(SLICE("f"), "ff"));
    assert_true(slice_has(s, "c.d") && !slice_has(s, "C.D") && slice_has_nocase(s, "C.D") && slice_has(s, "") &&
        slice_has(s, "f.") && !slice_has(SLICE(""), "a"));
    assert_true(slice_find(s, '.') == 3 && slice_rfind(s, '.') == 7 && slice_find(s, 'x') == -1 &&
        slice_rfind((struct slice){NULL, 0}, 'x') == -1);
    assert_true(slice_is(slice_trim(SLICE(" \t\r\na b\n ")), "a b") && slice_trim(SLICE(" \n")).len == 0 &&
        slice_is(slice_trim(SLICE("\va")), "\va"));
    assert_true(slice_is(slice_cut(&s, '.'), "abc") && slice_is(s, "def.") && slice_is(slice_cut(&s, '.'), "def") &&
        s.len == 0 && s.data != NULL);
    assert_true(slice_cut(&s, '.').len == 0 && s.data == NULL && slice_cut(&s, '.').len == 0);
    assert_true(slice_equal((struct slice){"a\0b", 3}, (struct slice){"a\0b", 3}) &&
        !slice_equal((struct slice){"a\0b", 3}, (struct slice){"a\0c", 3}));
    assert_true(ascii_lower('Z') == 'z' && ascii_lower('[') == '[' && ascii_lower('\xc4') == '\xc4' && !ascii_is_alnum('\xc4') &&
        !ascii_is_alnum('_'));
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool valid;
        uint64_t value;
    } rows[] = {
        {"0", 9, true, 0}, {"9", 9, true, 9}, {"10", 9, false, 0}, {"7", 5, false, 0}, {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0}, {"007", 9, true, 7},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX}, {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0}, {"9223372036854775807", INT64_MAX, true, INT64_MAX},
        {"9223372036854775808", INT64_MAX, false, 0}, {"0", 0, true, 0}, {"1", 0, false, 0}, {"", 9, false, 0},
        {"+1", 9, false, 0}, {"-1", 9, false, 0}, {" 1", 9, false, 0}, {"1 ", 9, false, 0}, {"1a", 99, false, 0},
        {"0x1", 99, false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 77;
        CHECK(slice_number(slice_of(rows[i].text), rows[i].max, &value) == rows[i].valid, "%s up to %ju", rows[i].text,
            (uintmax_t)rows[i].max);
        CHECK(value == (rows[i].valid ? rows[i].value : 77), "%s", rows[i].text);
    }
}

static bool all_zero(const char *data, size_t len)
{
    while (len--)
        if (*data++)
            return false;
    return true;
}

static void test_buf(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    assert_true(b.data && !*b.data && b.len == 0);
    buf_free(&b);
    buf_add(&b, "", 0);
    assert_int_equal(b.size, 0);
    buf_str(&b, "abc");
    buf_char(&b, 'd');
    buf_slice(&b, SLICE("ef"));
    buf_printf(&b, "%d%s", 42, "x");
    assert_string_equal(b.data, "abcdef42x");
    buf_drop(&b, 3);
    assert_string_equal(b.data, "def42x");
    assert_true(all_zero(b.data + 6, 4)); /* what was dropped is wiped */
    buf_drop(&b, 99);
    assert_int_equal(b.len, 0);
    buf_str(&b, "secret");
    buf_clear(&b);
    assert_true(b.len == 0 && all_zero(b.data, 7) && b.size > 0);
    for (int i = 0; i < 100000; i++)
        buf_char(&b, (char)('a' + i % 26));
    assert_true(b.len == 100000 && b.data[99999] == 'a' + 99999 % 26 && b.data[100000] == 0);
    memcpy(buf_reserve(&b, 3), "xyz", 3);
    buf_added(&b, 3);
    assert_true(b.len == 100003 && slice_ends(buf_view(&b), "xyz"));
    buf_free(&b);
    assert_true(b.size == 0 && b.data == buf_empty);
    buf_printf(&b, "%s", repeat("p", 5000));
    assert_int_equal(b.len, 5000);
    const char *text = buf_detach(&b, &arena);
    assert_true(strlen(text) == 5000 && b.size == 0 && b.len == 0);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena own = {NULL};
    for (size_t size = 0; size < 20000; size += 97) {
        char *memory = arena_alloc(&own, size);
        assert_true((uintptr_t)memory % _Alignof(max_align_t) == 0 && all_zero(memory, size));
        memset(memory, 0xff, size);
    }
    assert_string_equal(arena_strdup(&own, "abc"), "abc");
    assert_string_equal(arena_copy(&own, (struct slice){NULL, 0}), "");
    assert_string_equal(arena_printf(&own, "%s-%d", repeat("y", 9000), 7) + 9000, "-7");
    struct slice copy = arena_slice(&own, (struct slice){"a\0b", 3});
    assert_true(copy.len == 3 && memcmp(copy.data, "a\0b", 4) == 0);
    assert_string_equal(arena_lower(&own, SLICE("AbC\xc3\x89")), "abc\xc3\x89");
    arena_free(&own);
    assert_null(own.newest);
    char *secret = arena_strdup(&own, "secret");
    arena_reset(&own); /* the first block is kept and wiped */
    assert_true(all_zero(secret, 6));
    assert_ptr_equal(arena_alloc(&own, 6), secret);
    arena_free(&own);
    uint64_t *numbers = arena_array(&own, 1000, sizeof *numbers);
    assert_true(numbers[0] == 0 && numbers[999] == 0);
    arena_free(&own);
}

/* What one arena held lives on in another, in any mixture of full and empty ones, and is given back with it. */
static void test_adopt(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7000, 20000};
    for (size_t a = 0; a < COUNT(sizes); a++)
        for (size_t b = 0; b < COUNT(sizes); b++) {
            struct arena first = {NULL}, second = {NULL};
            char *mine = sizes[a] ? arena_printf(&first, "%s-mine", repeat("x", sizes[a])) : NULL;
            if (mine)
                arena_alloc(&first, 9000); /* more than a block */
            char *given = sizes[b] ? arena_printf(&second, "%s-given", repeat("y", sizes[b])) : NULL;
            if (given)
                arena_alloc(&second, 9000);
            arena_adopt(&first, &second);
            CHECK(!second.newest && !first.newest == (!mine && !given), "%zu and %zu", sizes[a], sizes[b]);
            char *fresh = arena_strdup(&second, "of its own again");
            arena_free(&second); /* touches nothing that was given away */
            (void)fresh;
            char *more = arena_strdup(&first, "more");
            CHECK(!mine || strcmp(mine + sizes[a], "-mine") == 0, "%zu and %zu", sizes[a], sizes[b]);
            CHECK(!given || strcmp(given + sizes[b], "-given") == 0, "%zu and %zu", sizes[a], sizes[b]);
            CHECK_TEXT(more, "more", "%zu and %zu", sizes[a], sizes[b]);
            arena_adopt(&first, &second); /* an empty one gives nothing */
            CHECK(!mine || strcmp(mine + sizes[a], "-mine") == 0, "%zu and %zu", sizes[a], sizes[b]);
            arena_free(&first); /* all of it: whatever is left, the leak checker finds */
            CHECK(!first.newest, "%zu and %zu", sizes[a], sizes[b]);
        }
    struct arena all = {NULL};
    char *texts[50];
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct arena one = {NULL};
        texts[i] = arena_printf(&one, "text %zu", i);
        arena_adopt(&all, &one);
    }
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK_TEXT(texts[i], arena_printf(&arena, "text %zu", i), "%zu", i);
    arena_reset(&all);
    assert_string_equal(arena_strdup(&all, "again"), "again");
    arena_free(&all);
}

static void test_base64(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *text;
    } rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "+//+"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        encode_base64(&out, slice_of(rows[i].plain), false);
        CHECK_TEXT(out.data, rows[i].text, "%s", rows[i].text);
        buf_clear(&out);
        CHECK(decode_base64(&out, slice_of(rows[i].text)) == 0 && slice_is(buf_view(&out), rows[i].plain), "%s",
            rows[i].text);
        buf_free(&out);
    }
    static const struct {
        const char *text, *plain; /* NULL: refused */
    } more[] = {
        {"Zg", "f"}, {"Zm8", "fo"}, {"Z m\r\n9\tv", "foo"}, {"-__-", "\xfb\xff\xfe"}, {"Zg==\n", "f"}, {"Zg=\n=", "f"},
        {" ", ""}, {"Z", NULL}, {"Zm9vY", NULL}, {"Zg=", NULL}, {"Zg===", NULL}, {"Zm8==", NULL}, {"=", NULL},
        {"====", NULL}, {"Zm9v=", NULL}, {"Zm9v====", NULL}, {"Zg==Zg==", NULL}, {"Zg=v", NULL}, {"Zm9v!", NULL},
        {"Zm\xc3\xa9", NULL}, {"Zm9v,", NULL}, {"Z.g=", NULL},
    };
    for (size_t i = 0; i < COUNT(more); i++) {
        struct buf out = BUF_INIT;
        int status = decode_base64(&out, slice_of(more[i].text));
        CHECK(status == (more[i].plain ? 0 : -1), "%s", more[i].text);
        if (more[i].plain)
            CHECK(slice_is(buf_view(&out), more[i].plain), "%s", more[i].text);
        buf_free(&out);
    }
    struct buf out = BUF_INIT;
    encode_base64(&out, SLICE("\xfb\xff\xfe\xff"), true);
    assert_string_equal(out.data, "-__-_w==");
    buf_clear(&out);
    encode_hex(&out, "\x00\x0f\xa5\xff", 4);
    assert_string_equal(out.data, "000fa5ff");
    buf_free(&out);
}

static void test_percent(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *keep, *text;
    } rows[] = {{"", "", ""}, {"aZ09-_.~", "", "aZ09-_.~"}, {"a b", "", "a%20b"}, {"/a/b", "/", "/a/b"},
        {"/a/b", "", "%2Fa%2Fb"}, {"100%", "", "100%25"}, {"\xc3\xa9\x01", "", "%C3%A9%01"}, {"+&=", "=", "%2B%26="}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        encode_percent(&out, slice_of(rows[i].plain), rows[i].keep);
        CHECK_TEXT(out.data, rows[i].text, "%s", rows[i].plain);
        struct buf back = BUF_INIT;
        CHECK(decode_percent(&back, buf_view(&out)) == 0 && slice_is(buf_view(&back), rows[i].plain), "%s",
            rows[i].plain);
        buf_free(&back);
        buf_free(&out);
    }
    struct buf out = BUF_INIT;
    encode_percent(&out, (struct slice){"\0", 1}, "/");
    assert_string_equal(out.data, "%00");
    buf_clear(&out);
    assert_int_equal(decode_percent(&out, SLICE("%c3%A9+%00")), 0);
    assert_true(slice_equal(buf_view(&out), (struct slice){"\xc3\xa9+\0", 4}));
    static const char *const broken[] = {"%", "%4", "a%", "%g0", "%0g", "%%41", "% 1", "%-1"};
    for (size_t i = 0; i < COUNT(broken); i++)
        CHECK(decode_percent(&out, slice_of(broken[i])) == -1, "%s", broken[i]);
    buf_free(&out);
}

static void test_hashes(void **state)
{
    (void)state;
    uint8_t hash[SHA256_SIZE];
    struct buf hex = BUF_INIT;
    sha256(SLICE("abc"), hash);
    encode_hex(&hex, hash, sizeof hash);
    assert_string_equal(hex.data, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    buf_clear(&hex);
    hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), hash); /* RFC 4231, case 2 */
    encode_hex(&hex, hash, sizeof hash);
    assert_string_equal(hex.data, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    buf_free(&hex);
}

/* FIPS 180-4's examples, and lengths about the block's. */
static void test_sha1(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hash;
    } rows[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"}, {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"The quick brown fox jumps over the lazy dog", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"},
        {"https://d-1234567890.awsapps.com/start", "7487b5b67d5fa1132cf33fa93ae51ef38cc37752"},
        {"63636363636363636363636363636363636363636363636363636363636363x", "c62aa87bc2040ed5392ba92d85e5d7b2e89bf1a9"},
        {"6464646464646464646464646464646464646464646464646464646464646464", "4b3557f9f18d771f1def9bf8927cdebcf3208e4f"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t hash[SHA1_SIZE];
        struct buf hex = BUF_INIT;
        sha1(slice_of(rows[i].text), hash);
        encode_hex(&hex, hash, sizeof hash);
        CHECK_TEXT(hex.data, rows[i].hash, "%s", rows[i].text);
        buf_free(&hex);
    }
    uint8_t hash[SHA1_SIZE];
    sha1(slice_of(repeat("a", 1000000)), hash);
    assert_memory_equal(hash, "\x34\xaa\x97\x3c\xd4\xc4\xda\xa4\xf6\x1e\xeb\x2b\xdb\xad\x27\x31\x65\x34\x01\x6f", SHA1_SIZE);
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t seconds;
    } iso[] = {
        {"1970-01-01T00:00:00Z", true, 0}, {"2026-11-21T06:00:00Z", true, 1795240800},
        {"2026-11-21T07:00:00+01:00", true, 1795240800}, {"2026-11-21T00:30:00-05:30", true, 1795240800},
        {"2026-11-21T06:00:00.123456789Z", true, 1795240800},
        {"2026-11-21t06:00:00z", true, 1795240800}, {"2028-02-29T23:59:59Z", true, 1835481599},
        {"2000-02-29T00:00:00Z", true, 951782400}, {"1969-12-31T23:59:59Z", true, -1},
        {"2106-02-07T06:28:16Z", true, 4294967296}, {"9999-12-31T23:59:59Z", true, 253402300799},
        {"", false, 0}, {"2026-11-21", false, 0}, {"2026-11-21T06:00:00", false, 0}, {"2026-11-21T06:00Z", false, 0},
        {"2026-13-01T00:00:00Z", false, 0}, {"2026-00-01T00:00:00Z", false, 0}, {"2026-01-00T00:00:00Z", false, 0},
        {"2026-01-32T00:00:00Z", false, 0},
        {"2026-01-01T24:00:00Z", false, 0}, {"2026-01-01T00:60:00Z", false, 0}, {"2026-01-01T00:00:61Z", false, 0},
        {"26-01-01T00:00:00Z", false, 0}, {"2026-1-01T00:00:00Z", false, 0}, {"2026-01-01T00:00:00ZZ", false, 0},
        {"2026-01-01T00:00:00+1", false, 0},
        {"2026-01-01T00:00:00+0100", false, 0}, {"2026-01-01T00:00:00 Z", false, 0},
        {" 2026-01-01T00:00:00Z", false, 0}, {"2026-01-01T00:00:00+01:00x", false, 0},
        {"+026-01-01T00:00:00Z", false, 0}, {"2026-02-30T00:00:00Z", false, 0}, {"2027-02-29T00:00:00Z", false, 0},
        {"2026-04-31T00:00:00Z", false, 0},
        {"2026-01-01T00:00:00+99:99", false, 0}, {"2026-01-01T00:00:00.Z", false, 0},
    };
    for (size_t i = 0; i < COUNT(iso); i++) {
        int64_t seconds = 7;
        CHECK(time_parse_iso(slice_of(iso[i].text), &seconds) == iso[i].valid &&
            seconds == (iso[i].valid ? iso[i].seconds : 7), "'%s'", iso[i].text);
    }
    static const struct {
        const char *text;
        bool valid;
        int64_t seconds;
    } http[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777}, {"Thu, 01 Jan 1970 00:00:00 GMT", true, 0},
        {"Tue, 29 Feb 2028 23:59:59 GMT", true, 1835481599}, {"", false, 0},
        {"Sunday, 06-Nov-94 08:49:37 GMT", false, 0}, {"Sun Nov  6 08:49:37 1994", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 UTC", false, 0}, {"Sun, 06 Nov 1994 08:49:37 GMT ", false, 0},
        {"Sun, 06 nov 1994 08:49:37 GMT", false, 0}, {"Sun, 06 Xxx 1994 08:49:37 GMT", false, 0},
        {"Sun, 00 Nov 1994 08:49:37 GMT", false, 0}, {"Sun, 06 Nov 1994 24:49:37 GMT", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 +00", false, 0}, {"Sun, 6  Nov 1994 08:49:37 GMT", false, 0},
        {"Sun, 06-Nov-1994 08:49:37 GMT", false, 0}, {"xxxxx06xNovx1994 08:49:37 GMT", false, 0},
        {"Sun, 06 aJa 1994 08:49:37 GMT", false, 0},
    };
    for (size_t i = 0; i < COUNT(http); i++) {
        int64_t seconds = 7;
        CHECK(time_parse_http(slice_of(http[i].text), &seconds) == http[i].valid &&
            seconds == (http[i].valid ? http[i].seconds : 7), "'%s'", http[i].text);
    }
    char text[TIME_TEXT];
    time_iso(1835481599, text);
    assert_string_equal(text, "2028-02-29T23:59:59Z");
    time_basic(1795240800, text);
    assert_string_equal(text, "20261121T060000Z");
    static const struct {
        int64_t seconds;
        const char *text;
    } shown[] = {
        {0, "1970-01-01T00:00:00Z"}, {951782400, "2000-02-29T00:00:00Z"},
        {4107542399, "2100-02-28T23:59:59Z"}, {4107542400, "2100-03-01T00:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"}, {68255999, "1972-02-29T23:59:59Z"},
    };
    for (size_t i = 0; i < COUNT(shown); i++) {
        time_iso(shown[i].seconds, text);
        CHECK_TEXT(text, shown[i].text, "%jd", (intmax_t)shown[i].seconds);
    }
    static const int64_t far[] = {-1, -62167219200, 253402300800, INT64_MAX, INT64_MIN, -99999999999999, 67767976233532799};
    for (size_t i = 0; i < COUNT(far); i++) { /* before 1970 or beyond 9999: anything that fits and is no other date */
        int64_t seconds;
        time_iso(far[i], text);
        CHECK(strlen(text) < TIME_TEXT && !time_parse_iso(slice_of(text), &seconds), "%jd: %s", (intmax_t)far[i], text);
        time_basic(far[i], text);
        CHECK(strlen(text) < TIME_TEXT, "%jd: %s", (intmax_t)far[i], text);
    }
    for (int64_t day = 0; day < 200 * 366; day++) { /* the calendar of the C library and ours */
        int64_t seconds;
        time_iso(day * 86400 + day % 86400, text);
        assert_true(time_parse_iso(slice_of(text), &seconds) && seconds == day * 86400 + day % 86400);
    }
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t milliseconds; /* -1: refused */
    } rows[] = {
        {"500ms", 500}, {"30s", 30000}, {"5m", 300000}, {"1h", 3600000}, {"0s", 0}, {"1000h", 3600000000},
        {"3600000000ms", 3600000000}, {"60000m", 3600000000}, {"007s", 7000}, {"1001h", -1}, {"3600000001ms", -1},
        {"60001m", -1}, {"", -1}, {"5", -1}, {"s", -1},
        {"-1s", -1}, {"+1s", -1}, {"1.5s", -1}, {"1 s", -1}, {" 1s", -1}, {"1s ", -1}, {"1S", -1}, {"1d", 86400000}, {"90d", 7776000000},
        {"3660d", 316224000000}, {"3661d", -1}, {"0d", 0}, {"1D", -1}, {"1w", -1}, {"1d12h", -1},
        {"1sec", -1}, {"1h30m", -1}, {"99999999999999999999s", -1}, {"9223372036854775807h", -1}, {"0x1s", -1},
        {"\xc2\xb5s", -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t milliseconds = -1;
        CHECK(duration_parse(slice_of(rows[i].text), &milliseconds) == (rows[i].milliseconds >= 0) &&
            milliseconds == rows[i].milliseconds, "'%s'", rows[i].text);
    }
    assert_true(deadline_earlier(1, 2) == 1 && deadline_earlier(DEADLINE_NONE, 2) == 2 &&
        !deadline_passed(DEADLINE_NONE) && deadline_passed(deadline_in(-1)));
    assert_true(deadline_poll(DEADLINE_NONE) == -1 && deadline_poll(deadline_in(-5)) == 0 &&
        deadline_poll(deadline_in(1000)) <= 1000 && deadline_poll(clock_ms() + (1LL << 40)) == INT_MAX);
}

static void test_reasons(void **state)
{
    (void)state;
    static const struct {
        enum reason reason;
        const char *name, *state;
        int exit;
    } rows[] = {
        {REASON_OK, "ok", "present", 0}, {REASON_NO_IMAGE, "no-image", "absent", 1},
        {REASON_NO_REPOSITORY, "no-repository", "absent", 1}, {REASON_ARCHIVED, "archived", "unfit", 6},
        {REASON_NO_PLATFORM, "no-platform", "unfit", 6},
        {REASON_DIGEST_MISMATCH, "digest-mismatch", "unfit", 6}, {REASON_INCOMPLETE, "incomplete", "unfit", 6},
        {REASON_TOO_OLD, "too-old", "unfit", 6}, {REASON_TOO_LARGE, "too-large", "unfit", 6}, {REASON_NO_SIGNATURE, "no-signature", "unfit", 6},
        {REASON_NO_CREDENTIALS, "no-credentials", "unknown", 3}, {REASON_DENIED, "denied", "unknown", 3},
        {REASON_EXPIRED_CREDENTIALS, "expired-credentials", "unknown", 3},
        {REASON_UNREACHABLE, "unreachable", "unknown", 4}, {REASON_TIMEOUT, "timeout", "unknown", 4},
        {REASON_THROTTLED, "throttled", "unknown", 4}, {REASON_SERVER_ERROR, "server-error", "unknown", 4},
        {REASON_UPSTREAM_ERROR, "upstream-error", "unknown", 4},
        {REASON_NOT_CACHED, "not-cached", "unknown", 5}, {REASON_TLS, "tls", "unknown", 5},
        {REASON_BAD_REPLY, "bad-reply", "unknown", 5}, {REASON_AMBIGUOUS, "ambiguous", "unknown", 5},
        {REASON_UNSUPPORTED, "unsupported", "unknown", 5}, {REASON_REFUSED, "refused", "unknown", 5},
        {REASON_USAGE, "usage", "unknown", 2}, {REASON_NOT_SET, "not-set", "unknown", 1},
    };
    assert_int_equal(COUNT(rows), REASON_COUNT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_TEXT(reason_name(rows[i].reason), rows[i].name, "%s", rows[i].name);
        CHECK_TEXT(state_name(reason_state(rows[i].reason)), rows[i].state, "%s", rows[i].name);
        CHECK((int)reason_exit(rows[i].reason) == rows[i].exit, "%s", rows[i].name);
    }
}

static void test_errors(void **state)
{
    (void)state;
    error.service_code = "Old";
    error.http_status = 400;
    assert_int_equal(error_set(&error, REASON_DENIED, "thing", "no %s", "way"), -1);
    assert_true(error.reason == REASON_DENIED && !error.service_code && error.http_status == 0 &&
        error.retry_after == -1 && !error.hint);
    assert_string_equal(error_text(&error, &arena), "thing: no way");
    error_hint(&error, "try %d", 7);
    assert_string_equal(error_text(&error, &arena), "thing: no way; try 7");
    error_set(&error, REASON_DENIED, error.subject, "again: %s", error.cause); /* out of its own texts */
    assert_string_equal(error_text(&error, &arena), "thing: again: no way");
    error_set(&error, REASON_DENIED, "", "alone");
    assert_string_equal(error_text(&error, &arena), "alone");
}

/* A copy outlives what it was made of. */
static void test_error_copy(void **state)
{
    (void)state;
    struct arena other = {NULL};
    struct error from;
    error_init(&from, &other);
    error_set(&from, REASON_THROTTLED, "subject", "cause");
    error_hint(&from, "hint");
    from.service_code = arena_strdup(&other, "Code");
    from.request_id = arena_strdup(&other, "id");
    from.http_status = 429;
    from.retry_after = 7;
    from.final = true;
    error_copy(&error, &from);
    arena_free(&other);
    assert_ptr_equal(error.arena, &arena);
    assert_string_equal(error_text(&error, &arena), "subject: cause; hint");
    assert_string_equal(error.service_code, "Code");
    assert_string_equal(error.request_id, "id");
    assert_true(error.reason == REASON_THROTTLED && error.http_status == 429 && error.retry_after == 7 && error.final);
    error_init(&from, &other);
    error_set(&from, REASON_DENIED, "s", "c");
    error_copy(&error, &from);
    assert_true(!error.hint && !error.service_code && !error.request_id && error.retry_after == -1 && !error.final);
    arena_free(&other);
}

static void *write_slowly(void *fd)
{
    for (int i = 0; i < 3; i++) {
        usleep(30000);
        assert_int_equal(write(*(int *)fd, "part", 4), 4);
    }
    close(*(int *)fd);
    return NULL;
}

static atomic_bool enough;

/* A writer that never is silent for long, and never ends. */
static void *drip(void *fd)
{
    while (!enough) {
        assert_int_equal(write(*(int *)fd, ".", 1), 1);
        usleep(20000);
    }
    return NULL;
}

/* Our stdin: its end must come before the deadline, however it is waited for. */
static void test_streams(void **state)
{
    (void)state;
    struct buf out;
    pthread_t writer;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pthread_create(&writer, NULL, write_slowly, &ends[1]);
    assert_int_equal(stream_read(ends[0], 100, deadline_in(2000), &out), 0);
    pthread_join(writer, NULL);
    assert_string_equal(out.data, "partpartpart");
    buf_free(&out);
    close(ends[0]);
    assert_int_equal(stream_read(ends[0], 100, deadline_in(2000), &out), EBADF);
    for (size_t limit = 11; limit <= 12; limit++) {
        assert_int_equal(pipe(ends), 0);
        pthread_create(&writer, NULL, write_slowly, &ends[1]);
        assert_int_equal(stream_read(ends[0], limit, deadline_in(2000), &out), limit < 12 ? EFBIG : 0);
        pthread_join(writer, NULL);
        assert_int_equal(out.len, limit < 12 ? 0 : 12);
        buf_free(&out);
        close(ends[0]);
    }
    int64_t before = clock_ms();
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "half", 4), 4);
    assert_int_equal(stream_read(ends[0], 100, deadline_in(100), &out), ETIMEDOUT);
    assert_true(out.len == 0 && clock_ms() - before >= 100 && clock_ms() - before < 1500);
    close(ends[1]);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(stream_read(ends[0], 100, deadline_in(100), &out), 0);
    buf_free(&out);
    close(ends[0]);
    assert_int_equal(pipe(ends), 0);
    enough = false;
    pthread_create(&writer, NULL, drip, &ends[1]);
    before = clock_ms();
    assert_int_equal(stream_read(ends[0], 60, deadline_in(300), &out), ETIMEDOUT);
    assert_true(out.len == 0 && clock_ms() - before >= 290 && clock_ms() - before < 2000);
    enough = true;
    pthread_join(writer, NULL);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "all", 3), 3);
    close(ends[1]);
    assert_int_equal(stream_read(ends[0], 100, deadline_in(-1), &out), 0); /* what is there needs no time */
    assert_string_equal(out.data, "all");
    buf_free(&out);
    close(ends[0]);
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    assert_int_equal(stream_read(ends[0], 0, deadline_in(100), &out), 0); /* at once at its end */
    assert_int_equal(out.len, 0);
    buf_free(&out);
    close(ends[0]);
}

static void test_files(void **state)
{
    (void)state;
    struct buf out;
    char *folder = new_folder(), *path = write_file(folder, "f", "0123456789");
    assert_int_equal(file_read(path, 10, &out), 0);
    assert_string_equal(out.data, "0123456789");
    buf_free(&out);
    assert_int_equal(file_read(path, 9, &out), 27 /* EFBIG */);
    assert_int_equal(out.len, 0);
    assert_int_equal(file_read(folder, 9, &out), 21 /* EISDIR */);
    assert_int_equal(file_read("/nowhere/at/all", 9, &out), 2 /* ENOENT */);
    env_clean();
    assert_null(path_expand(&arena, "~/x"));
    assert_string_equal(path_expand(&arena, "/a/~/x"), "/a/~/x");
    setenv("HOME", "/h", 1);
    assert_string_equal(path_expand(&arena, "~/x"), "/h/x");
    setenv("HOME", "", 1);
    assert_null(path_expand(&arena, "~/x"));
    env_clean();
    remove_folder(folder);
}

static void test_redact(void **state)
{
    (void)state;
    static const struct {
        const char *text, *secret, *result;
    } rows[] = {
        {"nothing here", "topsecret", "nothing here"}, {"a topsecret b topsecret", "topsecret", "a *** b ***"},
        {"", "topsecret", ""}, {"topsecre", "topsecret", "topsecre"},
        {"'AWS4 Signature=0123456789abcdef0123' is wrong", "AWS4 Signature=0123456789abcdef0123", "'***' is wrong"},
        {"Sig 0123456789abcdef0123!", "AWS4 Signature=0123456789abcdef0123", "Sig ***!"},
        {"Signature AWS4", "AWS4 Signature=0123456789abcdef0123", "Signature AWS4"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(redact(&arena, rows[i].text, rows[i].secret), rows[i].result, "%s", rows[i].text);
}

/* What a program prints that was to give credentials: its keys do not go on. */
static void test_redact_keys(void **state)
{
    (void)state;
#define KEY40 "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define ID20  "AKIAIOSFODNN7EXAMPLE"
    static const struct {
        const char *text, *result;
    } rows[] = {
        {"", ""}, {"no such session: aws sso login", "no such session: aws sso login"}, {KEY40, "***"},
        {"key " KEY40 " is over", "key *** is over"}, {"'" KEY40 "'", "'***'"}, {KEY40 "\n" KEY40, "***\n***"},
        {"(" KEY40 ")", "(***)"}, {ID20, ID20}, {"x=" KEY40, "***"}, {"\xc3\xa9" KEY40 "\xff", "\xc3\xa9***\xff"},
        /* As long as a key, but no mixture of both cases and digits, or one character short. */
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnop", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890123", "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890123"},
        {"da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"AbcdefghijklmnopqrstuvwxyzAbcdefghijklmn", "AbcdefghijklmnopqrstuvwxyzAbcdefghijklmn"},
        {"Ab1defghijklmnopqrstuvwxyzabcdefghi", "Ab1defghijklmnopqrstuvwxyzabcdefghi"},
        {"Ab1defghijklmnopqrstuvwxyzabcdefghij", "***"}, {"arn:aws:iam::123456789012:role/Puller", "arn:aws:iam::123456789012:role/Puller"},
        /* What is assigned to a name that means a secret, of any length. */
        {"SECRET=abc", "SECRET=***"}, {"secret=abc def", "secret=*** def"}, {"AWS_SECRET_ACCESS_KEY=a1 b", "AWS_SECRET_ACCESS_KEY=*** b"},
        {"SECRET= abc", "SECRET= ***"}, {"SECRET = abc, d", "SECRET = ***, d"}, {"SECRET =abc", "SECRET =***"}, {"aws_secret_access_key = a/b c", "aws_secret_access_key = *** c"},
        {"secret == abc", "secret == ***"}, {"secret: abc", "secret: ***"}, {"Token:\t'abc'", "Token:\t'***'"},
        {"{\"SecretAccessKey\": \"abc\", \"Version\": 1}", "{\"SecretAccessKey\": \"***\", \"Version\": 1}"},
        {"{\"SessionToken\":\"abc\",\"x\":\"y\"}", "{\"SessionToken\":\"***\",\"x\":\"y\"}"},
        {"aws_session_token=a=b==", "aws_session_token=***"}, {"SECRET=a/b+c%2F", "SECRET=***"}, {"SECRET=\"abc\"", "SECRET=\"***\""},
        {"TOKEN=one TOKEN=two", "TOKEN=*** TOKEN=***"}, {"id=" ID20 " secret=x", "id=" ID20 " secret=***"}, {"SECRET=", "SECRET="},
        {"no secret", "no secret"}, {"the token; it is over", "the token; it is over"}, {"the token\nit is over", "the token\nit is over"},
        {"=abc", "=abc"}, {"key=abc", "key=abc"}, {"a secret, b = c", "a secret, b = c"},
        /* Words that only follow such a name are not assigned to it. */
        {"Error when retrieving token from sso: Token has expired and refresh failed",
         "Error when retrieving token from sso: Token has expired and refresh failed"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(redact_keys(&arena, rows[i].text), rows[i].result, "%s", rows[i].text);
    /* Where it stands does not matter. */
    for (size_t len = 0; len < 300; len++) {
        const char *text = arena_printf(&arena, "%s " KEY40 "\n%s", repeat("-", len), repeat("x ", len));
        CHECK(!strstr(redact_keys(&arena, text), "bPxRfi"), "%zu", len);
    }
}

RUN(TEST(test_slices), TEST(test_numbers), TEST(test_buf), TEST(test_arena), TEST(test_adopt), TEST(test_base64), TEST(test_percent),
    TEST(test_hashes), TEST(test_sha1), TEST(test_times),
    TEST(test_durations), TEST(test_reasons), TEST(test_errors), TEST(test_error_copy), TEST(test_streams), TEST(test_files), TEST(test_redact), TEST(test_redact_keys))
