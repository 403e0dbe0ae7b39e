#include "aws/words.h"

#include <string.h>

struct splitter {
    const char *at;
    char *to; /* where the next byte of the word goes */
};

/* Takes what stands between quotes; within double ones a backslash keeps a quote or itself. */
static const char *take_quoted(struct splitter *s)
{
    char quote = *s->at++;
    while (*s->at && *s->at != quote) {
        if (quote == '"' && *s->at == '\\' && (s->at[1] == '"' || s->at[1] == '\\'))
            s->at++;
        *s->to++ = *s->at++;
    }
    return *s->at++ ? NULL : "a quote is not closed";
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *take_word(struct splitter *s)
{
    const char *fault = NULL;
    while (*s->at && !is_space(*s->at) && !fault) {
        if (*s->at == '\'' || *s->at == '"') {
            fault = take_quoted(s);
            continue;
        }
        if (*s->at == '\\' && !*++s->at)
            return "nothing stands behind the last backslash";
        *s->to++ = *s->at++;
    }
    *s->to++ = 0;
    return fault;
}

const char *split_words(struct arena *arena, const char *text, char ***words)
{
    size_t len = strlen(text), count = 0;
    struct splitter s = {text, arena_alloc(arena, 2 * len + 1)}; /* a NUL behind every word */
    *words = arena_array(arena, len + 1, sizeof **words);
    for (;;) {
        while (is_space(*s.at))
            s.at++;
        if (!*s.at)
            return NULL;
        (*words)[count++] = s.to;
        const char *fault = take_word(&s);
        if (fault)
            return fault;
    }
}
