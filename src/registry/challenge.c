#include "registry/challenge.h"

#include <string.h>

static bool is_token_char(char c)
{
    return ascii_is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip(struct slice *text, const char *bytes)
{
    while (text->len && text->data[0] && strchr(bytes, text->data[0]))
        *text = slice_from(*text, 1);
}

static struct slice take_token(struct slice *text)
{
    size_t len = 0;
    while (len < text->len && is_token_char(text->data[len]))
        len++;
    struct slice token = slice_head(*text, len);
    *text = slice_from(*text, len);
    return token;
}

/* A token or a quoted string, escapes resolved; NULL when the quote is not closed. */
static const char *take_value(struct arena *arena, struct slice *text)
{
    if (!slice_starts(*text, "\""))
        return arena_copy(arena, take_token(text));
    size_t len = 0, at = 1, end = 1;
    while (end < text->len && text->data[end] != '"')
        end += text->data[end] == '\\' ? 2 : 1;
    char *value = arena_alloc(arena, end);
    while (at < text->len && text->data[at] != '"') {
        if (text->data[at] == '\\' && at + 1 < text->len)
            at++;
        value[len++] = text->data[at++];
    }
    bool closed = at < text->len && !memchr(value, 0, len);
    *text = slice_from(*text, at + 1);
    return closed ? value : NULL;
}

static void keep(struct challenge *challenge, struct slice name, const char *value)
{
    if (slice_is_nocase(name, "realm"))
        challenge->realm = value;
    else if (slice_is_nocase(name, "service"))
        challenge->service = value;
    else if (slice_is_nocase(name, "scope"))
        challenge->scope = value;
}

/* A word is a parameter's name if '=' and a value stand behind it, and a scheme's otherwise. */
static bool is_parameter(struct slice behind)
{
    skip(&behind, " \t");
    if (!slice_starts(behind, "="))
        return false;
    behind = slice_from(behind, 1);
    skip(&behind, " \t");
    return behind.len && (behind.data[0] == '"' || is_token_char(behind.data[0]));
}

/* Of several Bearer challenges the first counts. */
static void begin_scheme(struct challenge *challenge, struct slice scheme, bool *in_bearer)
{
    *in_bearer = slice_is_nocase(scheme, "bearer") && !challenge->bearer;
    challenge->bearer = challenge->bearer || *in_bearer;
    challenge->basic = challenge->basic || slice_is_nocase(scheme, "basic");
}

void challenge_parse(struct arena *arena, struct slice header, struct challenge *challenge)
{
    bool in_bearer = false;
    *challenge = (struct challenge){.realm = NULL};
    for (skip(&header, " \t,"); header.len; skip(&header, " \t,")) {
        struct slice word = take_token(&header);
        if (!word.len)
            return;
        if (!is_parameter(header)) {
            begin_scheme(challenge, word, &in_bearer);
            while (header.len && header.data[0] &&
                   strchr("/=", header.data[0])) { /* of a token68, as Negotiate has it */
                skip(&header, "/=");
                take_token(&header);
            }
            continue;
        }
        skip(&header, " \t=");
        const char *value = take_value(arena, &header);
        if (!value)
            return;
        if (in_bearer)
            keep(challenge, word, value);
    }
}
