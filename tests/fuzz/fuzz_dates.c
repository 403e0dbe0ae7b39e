/* Dates and durations: what is read and written is read the same again. */
#include <time.h>

#include "base/clock.h"
#include "fuzz.h"

/* The calendar is the C library's. */
static void as_the_c_library(int64_t seconds)
{
    char shown[TIME_TEXT], want[64];
    time_t time = (time_t)seconds;
    struct tm tm;
    if (seconds < 0 || seconds >= 253402300800)
        return;
    time_iso(seconds, shown);
    MUST(gmtime_r(&time, &tm) && strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm) && strcmp(shown, want) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = input(data, size);
    int64_t seconds, again, milliseconds;
    char shown[TIME_TEXT];
    if (time_parse_iso(text, &seconds)) {
        MUST(seconds > -70000000000 && seconds < 260000000000);
        if (seconds >= 0 && seconds < 253402300800) {
            time_iso(seconds, shown);
            MUST(strlen(shown) == 20 && time_parse_iso(slice_of(shown), &again) && again == seconds);
            time_basic(seconds, shown);
            MUST(strlen(shown) == 16);
        }
    }
    if (time_parse_http(text, &seconds))
        MUST(size == 29 && slice_ends(text, " GMT") && seconds < 253402300861);
    if (duration_parse(text, &milliseconds))
        MUST(milliseconds >= 0 && milliseconds <= (text.data[size - 1] == 'd' ? 3660 * 86400000LL : 1000LL * 3600000) && size >= 2 && ascii_is_digit(text.data[0]));
    if (size >= 8) {
        int64_t any;
        memcpy(&any, data, 8);
        time_iso(any, shown); /* any number has a text that fits */
        MUST(strlen(shown) < TIME_TEXT);
        as_the_c_library(any);
        as_the_c_library((int64_t)((uint64_t)any % 253402300800));
    }
    return 0;
}
