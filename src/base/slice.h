#ifndef ECR_BASE_SLICE_H
#define ECR_BASE_SLICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of somebody else's text: not owned, not NUL-terminated, may hold any byte. Parsers hand these out. */
struct slice {
    const char *data;
    size_t len;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

/* For printf's "%.*s". */
#define SLICE_ARGS(s) (int)((s).len > INT_MAX ? INT_MAX : (s).len), (s).data ? (s).data : ""

struct slice slice_of(const char *text); /* NULL gives an empty slice */
struct slice slice_from(struct slice text, size_t start);
struct slice slice_head(struct slice text, size_t len);

bool slice_equal(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);
bool slice_is_nocase(struct slice a, const char *text); /* ASCII only, whatever the locale */
bool slice_starts(struct slice a, const char *prefix);
bool slice_ends(struct slice a, const char *suffix);
bool slice_starts_nocase(struct slice a, const char *prefix);
bool slice_has(struct slice a, const char *part);
bool slice_has_nocase(struct slice a, const char *part);

/* Without the spaces, tabs, CRs and LFs at both ends. */
struct slice slice_trim(struct slice a);

/* Position of the first / last `byte`, or -1. */
ptrdiff_t slice_find(struct slice a, char byte);
ptrdiff_t slice_rfind(struct slice a, char byte);

/*
 * Cuts `*rest` at the first `byte`: returns what stands before it and leaves what stands behind it in `*rest`.
 * Without that byte everything is returned and `*rest` becomes empty with data NULL.
 */
struct slice slice_cut(struct slice *rest, char byte);

/* Decimal digits alone, no sign, up to `max`. False for anything else. */
bool slice_number(struct slice a, uint64_t max, uint64_t *value);

char ascii_lower(char c);
bool ascii_is_digit(char c);
bool ascii_is_lower(char c);
bool ascii_is_alnum(char c);

#endif
