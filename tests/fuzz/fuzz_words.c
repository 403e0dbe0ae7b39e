/* Command lines: words that are quoted and split again are the same. */
#include "aws/words.h"
#include "fuzz.h"

static void quote(struct buf *line, const char *word)
{
    buf_str(line, line->len ? " '" : "'");
    for (; *word; word++)
        if (*word == '\'')
            buf_str(line, "'\\''");
        else
            buf_char(line, *word);
    buf_char(line, '\'');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    char **words, **again;
    const char *text = arena_copy(&arena, input(data, size)), *fault = split_words(&arena, text, &words);
    if (fault) {
        MUST(*fault && strpbrk(text, "'\"\\"));
    } else {
        struct buf line = BUF_INIT;
        size_t bytes = 0;
        for (size_t i = 0; words[i]; i++) {
            bytes += strlen(words[i]);
            MUST(i < size);
            quote(&line, words[i]);
        }
        MUST(bytes <= strlen(text) && !words[0] == !text[strspn(text, " \t\r\n")]);
        MUST(!split_words(&arena, line.data, &again));
        size_t i = 0;
        for (; words[i] && again[i]; i++)
            MUST(strcmp(words[i], again[i]) == 0);
        MUST(!words[i] && !again[i]);
        buf_free(&line);
    }
    arena_free(&arena);
    return 0;
}
