#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"

#define WAIT_MAX    (1000LL * 3600000)
#define AGE_MAX     (3660LL * 86400000) /* days count ages, not waits */
#define LAST_SECOND 253402300799        /* of the year 9999 */

int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t deadline_in(int64_t milliseconds)
{
    return clock_ms() + milliseconds;
}

int64_t deadline_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

bool deadline_passed(int64_t deadline)
{
    return deadline != DEADLINE_NONE && clock_ms() >= deadline;
}

int deadline_poll(int64_t deadline)
{
    if (deadline == DEADLINE_NONE)
        return -1;
    int64_t left = deadline - clock_ms();
    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void clock_sleep_until(int64_t deadline)
{
    struct timespec until = {.tv_sec = (time_t)(deadline / 1000), .tv_nsec = (long)(deadline % 1000) * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

int64_t clock_unix(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

/* A date and a time of day, in UTC. */
struct utc {
    int year, month, day, hour, minute, second;
};

/* Not by gmtime and strftime: with them come the time zones and languages of the C library. */
static struct utc utc_of(int64_t unix_seconds)
{
    if (unix_seconds < 0 || unix_seconds > LAST_SECOND)
        return (struct utc){.year = 1900, .month = 1};
    int64_t days = unix_seconds / 86400 + 719468; /* since March of the year 0: a leap day is a year's last */
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = (int)(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
    int month = (5 * day_of_year + 2) / 153, second = (int)(unix_seconds % 86400);
    return (struct utc){.year = (int)(year_of_era + era * 400) + (month >= 10),
                        .month = month < 10 ? month + 3 : month - 9,
                        .day = day_of_year - (153 * month + 2) / 5 + 1,
                        .hour = second / 3600,
                        .minute = second / 60 % 60,
                        .second = second % 60};
}

static void write_time(int64_t unix_seconds, const char *between, const char *middle, char out[static TIME_TEXT])
{
    struct buf text = BUF_INIT;
    struct utc time = utc_of(unix_seconds);
    const char *colon = *between ? ":" : "";
    buf_printf(&text, "%04d%s%02d%s%02d%s%02d%s%02d%s%02dZ", time.year, between, time.month, between, time.day, middle,
               time.hour, colon, time.minute, colon, time.second);
    memcpy(out, text.data, text.len + 1);
    buf_free(&text);
}

void time_iso(int64_t unix_seconds, char out[static TIME_TEXT])
{
    write_time(unix_seconds, "-", "T", out);
}

void time_basic(int64_t unix_seconds, char out[static TIME_TEXT])
{
    write_time(unix_seconds, "", "T", out);
}

int64_t time_from_utc(int year, int month, int day, int hour, int minute, int second)
{
    /* Days by the civil calendar: years begin in March, so that a leap day is a year's last. */
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * 146097 + day_of_era - 719468;
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

/* Reads exactly `digits` digits at `*at`. */
static bool read_digits(struct slice text, size_t *at, size_t digits, int *value)
{
    uint64_t number;
    if (text.len - *at < digits || !slice_number(slice_head(slice_from(text, *at), digits), 99999, &number))
        return false;
    *at += digits;
    *value = (int)number;
    return true;
}

static bool read_char(struct slice text, size_t *at, const char *any)
{
    if (*at >= text.len || !text.data[*at] || !strchr(any, text.data[*at]))
        return false;
    (*at)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (leap && month == 2);
}

static bool in_range(int year, int month, int day, int hour, int minute, int second)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month) && hour <= 23 && minute <= 59 &&
           second <= 60;
}

static bool read_clock(struct slice text, size_t *at, int *hour, int *minute, int *second)
{
    return read_digits(text, at, 2, hour) && read_char(text, at, ":") && read_digits(text, at, 2, minute) &&
           read_char(text, at, ":") && read_digits(text, at, 2, second);
}

bool time_parse_http(struct slice text, int64_t *unix_seconds)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, month = 0, year, hour, minute, second;
    size_t at = 5;
    if (text.len != 29 || text.data[3] != ',' || text.data[4] != ' ' || text.data[7] != ' ' || text.data[11] != ' ' ||
        !read_digits(text, &at, 2, &day))
        return false;
    for (int i = 0; i < 12; i++)
        if (memcmp(text.data + 8, months + 3 * i, 3) == 0)
            month = i + 1;
    at = 12;
    if (!read_digits(text, &at, 4, &year) || !read_char(text, &at, " ") ||
        !read_clock(text, &at, &hour, &minute, &second) || !slice_is(slice_from(text, at), " GMT") ||
        !in_range(year, month, day, hour, minute, second))
        return false;
    *unix_seconds = time_from_utc(year, month, day, hour, minute, second);
    return true;
}

/* "Z" or "+01:00" and nothing behind it. */
static bool read_zone(struct slice text, size_t *at, int *minutes)
{
    int hour, minute;
    *minutes = 0;
    if (read_char(text, at, "Zz"))
        return *at == text.len;
    bool west = *at < text.len && text.data[*at] == '-';
    if (!read_char(text, at, "+-") || !read_digits(text, at, 2, &hour) || !read_char(text, at, ":") ||
        !read_digits(text, at, 2, &minute))
        return false;
    if (hour > 23 || minute > 59)
        return false;
    *minutes = (hour * 60 + minute) * (west ? -1 : 1);
    return *at == text.len;
}

bool time_parse_iso(struct slice text, int64_t *unix_seconds)
{
    int year, month, day, hour, minute, second, zone;
    size_t at = 0;
    if (!read_digits(text, &at, 4, &year) || !read_char(text, &at, "-") || !read_digits(text, &at, 2, &month) ||
        !read_char(text, &at, "-") || !read_digits(text, &at, 2, &day) || !read_char(text, &at, "Tt ") ||
        !read_clock(text, &at, &hour, &minute, &second) || !in_range(year, month, day, hour, minute, second))
        return false;
    int first;
    if (read_char(text, &at, ".") && !read_digits(text, &at, 1, &first))
        return false;
    while (at < text.len && ascii_is_digit(text.data[at]))
        at++;
    if (!read_zone(text, &at, &zone))
        return false;
    *unix_seconds = time_from_utc(year, month, day, hour, minute, second) - zone * 60;
    return true;
}

bool duration_parse(struct slice text, int64_t *milliseconds)
{
    static const struct {
        const char *unit;
        int64_t factor, longest;
    } units[] = {{"ms", 1, WAIT_MAX},
                 {"s", 1000, WAIT_MAX},
                 {"m", 60000, WAIT_MAX},
                 {"h", 3600000, WAIT_MAX},
                 {"d", 86400000, AGE_MAX}};
    size_t digits = 0;
    while (digits < text.len && ascii_is_digit(text.data[digits]))
        digits++;
    uint64_t number;
    if (!slice_number(slice_head(text, digits), INT64_MAX, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!slice_is(slice_from(text, digits), units[i].unit) ||
            number > (uint64_t)(units[i].longest / units[i].factor))
            continue;
        *milliseconds = (int64_t)number * units[i].factor;
        return true;
    }
    return false;
}
