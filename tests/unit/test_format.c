/* Our printf says what the C library's does, for all that this program's formats ask of it. */
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "unit.h"

#include "base/clock.h"
#include "base/format.h"

static struct buf ours = {buf_empty, 0, 0};

static void check(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void check(const char *format, ...)
{
    char theirs[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    vsnprintf(theirs, sizeof theirs, format, args);
    buf_clear(&ours);
    buf_vprintf(&ours, format, again);
    va_end(again);
    va_end(args);
    CHECK_TEXT(ours.data, theirs, "%s", format);
}

static void test_same(void **state)
{
    (void)state;
    static const int ints[] = {0, 1, -1, 7, 42, -42, 1000000, INT_MAX, INT_MIN};
    static const long long longs[] = {0, -1, 9999999999LL, LLONG_MAX, LLONG_MIN};
    static const char *const texts[] = {"", "a", "some text", "\xc3\xa9"};
    check("%s", "");
    check("100%% of %s, and nothing behind", "it");
    for (size_t i = 0; i < COUNT(ints); i++) {
        check("%d|%4d|%-8d|%02d|%04d|%08d", ints[i], ints[i], ints[i], ints[i], ints[i], ints[i]);
        check("%u|%x|%X|%02x|%04X|%5u", (unsigned)ints[i], (unsigned)ints[i], (unsigned)ints[i], (unsigned)ints[i],
              (unsigned)ints[i], (unsigned)ints[i]);
    }
    for (size_t i = 0; i < COUNT(longs); i++) {
        check("%lld|%20lld|%llu|%016llx|%ld", longs[i], longs[i], (unsigned long long)longs[i],
              (unsigned long long)longs[i], (long)longs[i]);
        check("%zu|%lu", (size_t)longs[i], (unsigned long)longs[i]);
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        check("%s|%5s|%-5s|%-20s|%.3s|%8.2s|", texts[i], texts[i], texts[i], texts[i], texts[i], texts[i]);
        check("%.*s|%.*s|%c", 0, texts[i], 4, texts[i], 'x');
    }
    char cut[3] = {'a', 'b', 'c'}; /* no NUL at its end: a precision is a promise */
    check("%.*s", 3, cut);
    buf_free(&ours);
}

/* The formats of src/ need nothing else; this is what the lint of formats may rely on. */
static void test_time(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 253402300800; t += 86400 * 13 + 4711) {
        char text[TIME_TEXT], theirs[64];
        struct tm tm;
        time_t seconds = (time_t)t;
        gmtime_r(&seconds, &tm);
        strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm);
        time_iso(t, text);
        CHECK_TEXT(text, theirs, "%lld", (long long)t);
    }
}

RUN(TEST(test_same), TEST(test_time))
