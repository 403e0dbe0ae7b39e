#include "base/redact.h"

#include <string.h>

#include "base/buf.h"

static char *cut_out(struct arena *arena, const char *text, struct slice secret)
{
    struct buf out = BUF_INIT;
    struct slice rest = slice_of(text);
    while (rest.len) {
        const char *hit = secret.len ? memmem(rest.data, rest.len, secret.data, secret.len) : NULL;
        size_t before = hit ? (size_t)(hit - rest.data) : rest.len;
        buf_add(&out, rest.data, before);
        if (hit)
            buf_str(&out, "***");
        rest = slice_from(rest, before + (hit ? secret.len : 0));
    }
    return buf_detach(&out, arena);
}

/* Length of the part at the start of `text`: up to the next character that divides. */
static size_t part_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && !strchr(" ,=", text.data[len]))
        len++;
    return len;
}

char *redact(struct arena *arena, const char *text, const char *secret)
{
    struct slice rest = slice_of(secret);
    char *clean = cut_out(arena, text, rest);
    while (rest.len) {
        size_t len = part_length(rest);
        if (len >= REDACT_PART_MIN)
            clean = cut_out(arena, clean, slice_head(rest, len));
        rest = slice_from(rest, len + 1);
    }
    return clean;
}

static size_t span(struct slice text, const char *more)
{
    size_t len = 0;
    while (len < text.len && (ascii_is_alnum(text.data[len]) || (text.data[len] && strchr(more, text.data[len]))))
        len++;
    return len;
}

static size_t span_of(struct slice text, const char *bytes)
{
    size_t len = 0;
    while (len < text.len && text.data[len] && strchr(bytes, text.data[len]))
        len++;
    return len;
}

static bool looks_like_key(struct slice word)
{
    bool lower = false, upper = false, digit = false;
    for (size_t i = 0; i < word.len; i++) {
        lower = lower || ascii_is_lower(word.data[i]);
        upper = upper || (ascii_is_alnum(word.data[i]) && word.data[i] != ascii_lower(word.data[i]));
        digit = digit || ascii_is_digit(word.data[i]);
    }
    return word.len >= REDACT_KEY_MIN && lower && upper && digit;
}

static bool names_secret(struct slice word)
{
    return slice_has_nocase(word, "secret") || slice_has_nocase(word, "token");
}

/* Where the value begins that is assigned to the name at the start of the text, as in 'NAME = "VALUE"'; 0: none is. */
static size_t value_start(struct slice text, size_t name)
{
    size_t at = name + span_of(slice_from(text, name), "\"' \t");
    if (at == text.len || (text.data[at] != ':' && text.data[at] != '='))
        return 0;
    return at + span_of(slice_from(text, at), ":=\"' \t\\");
}

static size_t value_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && !strchr(" \t\r\n\"',;}", text.data[len]))
        len++;
    return len;
}

char *redact_keys(struct arena *arena, const char *text)
{
    struct buf out = BUF_INIT;
    for (struct slice rest = slice_of(text); rest.len;) {
        size_t name = span(rest, "_-."), key = span(rest, "+/=_-.%\\"), taken = name ? name : 1;
        size_t value = names_secret(slice_head(rest, name)) ? value_start(rest, name) : 0;
        if (value) {
            taken = value + value_length(slice_from(rest, value));
            buf_slice(&out, slice_head(rest, value));
            buf_str(&out, taken > value ? "***" : "");
        } else if (looks_like_key(slice_head(rest, key))) {
            taken = key;
            buf_str(&out, "***");
        } else {
            buf_slice(&out, slice_head(rest, taken));
        }
        rest = slice_from(rest, taken);
    }
    return buf_detach(&out, arena);
}
