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

static bool is_key_char(char c)
{
    return ascii_is_alnum(c) || (c && strchr("+/=_-.%\\", c));
}

static size_t key_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && is_key_char(text.data[len]))
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

/* "SECRET=abc" is one word of key characters: where its value begins, 0 when it has none. */
static size_t value_start(struct slice word)
{
    struct slice rest = word;
    struct slice name = slice_cut(&rest, '=');
    return rest.data && names_secret(name) ? name.len + 1 : 0;
}

char *redact_keys(struct arena *arena, const char *text)
{
    struct buf out = BUF_INIT;
    bool assigned = false; /* what comes next is the value of a name that means a secret */
    for (struct slice rest = slice_of(text); rest.len;) {
        size_t len = key_length(rest);
        struct slice word = slice_head(rest, len ? len : 1);
        size_t start = value_start(word);
        if (!len) {
            assigned = assigned && strchr(" \t:='\",", word.data[0]) != NULL;
            buf_slice(&out, word);
        } else if (assigned || looks_like_key(word)) {
            buf_str(&out, "***");
            assigned = false;
        } else {
            buf_slice(&out, start ? slice_head(word, start) : word);
            buf_str(&out, start && start < word.len ? "***" : "");
            assigned = names_secret(word) && (!start || start == word.len);
        }
        rest = slice_from(rest, word.len);
    }
    return buf_detach(&out, arena);
}
