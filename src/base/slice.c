#include "base/slice.h"

#include <string.h>

char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ascii_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

bool ascii_is_alnum(char c)
{
    return ascii_is_digit(c) || ascii_is_lower(ascii_lower(c));
}

struct slice slice_of(const char *text)
{
    return (struct slice){text, text ? strlen(text) : 0};
}

struct slice slice_from(struct slice text, size_t start)
{
    if (start > text.len)
        start = text.len;
    return (struct slice){text.data ? text.data + start : NULL, text.len - start};
}

struct slice slice_head(struct slice text, size_t len)
{
    return (struct slice){text.data, len < text.len ? len : text.len};
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_of(text));
}

static bool equal_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

bool slice_is_nocase(struct slice a, const char *text)
{
    return a.len == strlen(text) && (a.len == 0 || equal_nocase(a.data, text, a.len));
}

bool slice_starts(struct slice a, const char *prefix)
{
    size_t len = strlen(prefix);
    return a.len >= len && (len == 0 || memcmp(a.data, prefix, len) == 0);
}

bool slice_starts_nocase(struct slice a, const char *prefix)
{
    size_t len = strlen(prefix);
    return a.len >= len && (len == 0 || equal_nocase(a.data, prefix, len));
}

bool slice_ends(struct slice a, const char *suffix)
{
    size_t len = strlen(suffix);
    return a.len >= len && (len == 0 || memcmp(a.data + a.len - len, suffix, len) == 0);
}

bool slice_has(struct slice a, const char *part)
{
    for (size_t i = 0; a.data && i <= a.len; i++)
        if (slice_starts(slice_from(a, i), part))
            return true;
    return false;
}

bool slice_has_nocase(struct slice a, const char *part)
{
    for (size_t i = 0; a.data && i <= a.len; i++)
        if (slice_starts_nocase(slice_from(a, i), part))
            return true;
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice a)
{
    while (a.len && is_space(a.data[0]))
        a = slice_from(a, 1);
    while (a.len && is_space(a.data[a.len - 1]))
        a.len--;
    return a;
}

ptrdiff_t slice_find(struct slice a, char byte)
{
    const char *hit = a.len ? memchr(a.data, byte, a.len) : NULL;
    return hit ? hit - a.data : -1;
}

ptrdiff_t slice_rfind(struct slice a, char byte)
{
    for (size_t i = a.len; i > 0; i--)
        if (a.data[i - 1] == byte)
            return (ptrdiff_t)i - 1;
    return -1;
}

struct slice slice_cut(struct slice *rest, char byte)
{
    struct slice whole = *rest;
    ptrdiff_t at = slice_find(whole, byte);
    if (at < 0) {
        *rest = (struct slice){NULL, 0};
        return whole;
    }
    *rest = slice_from(whole, (size_t)at + 1);
    return slice_head(whole, (size_t)at);
}

bool slice_number(struct slice a, uint64_t max, uint64_t *value)
{
    uint64_t n = 0;
    if (a.len == 0)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (!ascii_is_digit(a.data[i]))
            return false;
        uint64_t digit = (uint64_t)(a.data[i] - '0');
        if (n > (max - digit) / 10 || digit > max)
            return false;
        n = n * 10 + digit;
    }
    *value = n;
    return true;
}
