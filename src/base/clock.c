#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <stdio.h>
#include <time.h>

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

static struct tm utc(int64_t unix_seconds)
{
    time_t seconds = (time_t)unix_seconds;
    struct tm tm;
    if (unix_seconds > 253402300799 || !gmtime_r(&seconds, &tm)) /* the last second of the year 9999 */
        memset(&tm, 0, sizeof tm);
    return tm;
}

/* Not by strftime: with it come the time zones and languages of the C library. */
static void write_time(const struct tm *tm, const char *format, char out[static TIME_TEXT])
{
    char text[80]; /* room for what the compiler thinks an int may be */
    int year = tm->tm_year + 1900;
    snprintf(text, sizeof text, format, year, tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
    memcpy(out, text, TIME_TEXT - 1);
    out[TIME_TEXT - 1] = 0;
}

void time_iso(int64_t unix_seconds, char out[static TIME_TEXT])
{
    struct tm tm = utc(unix_seconds);
    write_time(&tm, "%04d-%02d-%02dT%02d:%02d:%02dZ", out);
}

void time_basic(int64_t unix_seconds, char out[static TIME_TEXT])
{
    struct tm tm = utc(unix_seconds);
    write_time(&tm, "%04d%02d%02dT%02d%02d%02dZ", out);
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
        int64_t factor;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const int64_t longest = 1000LL * 3600000;
    size_t digits = 0;
    while (digits < text.len && ascii_is_digit(text.data[digits]))
        digits++;
    uint64_t number;
    if (!slice_number(slice_head(text, digits), INT64_MAX, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!slice_is(slice_from(text, digits), units[i].unit) || number > (uint64_t)(longest / units[i].factor))
            continue;
        *milliseconds = (int64_t)number * units[i].factor;
        return true;
    }
    return false;
}
