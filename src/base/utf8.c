#include "base/utf8.h"

#include <string.h>

static bool is_continuation(struct slice text, size_t i)
{
    return ((unsigned char)text.data[i] & 0xc0) == 0x80;
}

size_t utf8_length(struct slice text)
{
    if (text.len == 0)
        return 0;
    unsigned char first = (unsigned char)text.data[0];
    if (first < 0x80)
        return 1;
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.len < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_continuation(text, i))
            return 0;
    unsigned char second = (unsigned char)text.data[1];
    bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || outside ? 0 : len;
}

bool utf8_count(struct slice text, size_t *count)
{
    *count = 0;
    while (text.len) {
        size_t len = utf8_length(text);
        if (!len)
            return false;
        text = slice_from(text, len);
        (*count)++;
    }
    return true;
}

uint32_t utf8_code(struct slice text)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t len = utf8_length(text);
    uint32_t code = len ? (unsigned char)text.data[0] & masks[len] : 0;
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)text.data[i] & 0x3f);
    return code;
}

bool utf8_is_harmful(struct slice character)
{
    uint32_t code = utf8_code(character);
    return (code >= 0x80 && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

const char *utf8_excerpt(struct arena *arena, const char *text)
{
    struct slice whole = slice_of(text);
    if (whole.len <= EXCERPT_MAX)
        return text ? arena_copy(arena, whole) : NULL;
    size_t len = EXCERPT_MAX - 3;
    while (len > 0 && is_continuation(whole, len))
        len--;
    return arena_printf(arena, "%.*s...", (int)len, text);
}
