#ifndef ECR_BASE_CLOCK_H
#define ECR_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Deadlines are points in milliseconds on the monotonic clock; DEADLINE_NONE never comes. */
#define DEADLINE_NONE INT64_MAX

int64_t clock_ms(void); /* monotonic */
int64_t deadline_in(int64_t milliseconds);
int64_t deadline_earlier(int64_t a, int64_t b);
bool deadline_passed(int64_t deadline);
int deadline_poll(int64_t deadline); /* what is left, as poll() wants it */
void clock_sleep_until(int64_t deadline);

int64_t clock_unix(void); /* seconds since 1970 UTC */

/* "2026-01-02T03:04:05Z" and "20260102T030405Z"; both take a year of four digits. */
#define TIME_TEXT 24
void time_iso(int64_t unix_seconds, char out[static TIME_TEXT]);
void time_basic(int64_t unix_seconds, char out[static TIME_TEXT]);

/* Seconds since 1970 of a UTC date, days and months counted from 1 (proleptic Gregorian). */
int64_t time_from_utc(int year, int month, int day, int hour, int minute, int second);

/* "Sun, 06 Nov 1994 08:49:37 GMT", the form that RFC 9110 section 5.6.7 tells senders to use. False for others. */
bool time_parse_http(struct slice text, int64_t *unix_seconds);

/* RFC 3339: "2026-01-02T03:04:05[.123](Z|+01:00)". */
bool time_parse_iso(struct slice text, int64_t *unix_seconds);

/* "500ms", "30s", "5m", "1h", "90d" to milliseconds; a plain number is refused. At most 1000 hours, or ten years in days. */
bool duration_parse(struct slice text, int64_t *milliseconds);

#endif
