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
