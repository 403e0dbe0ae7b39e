#include "net/hosts.h"

/* Takes the next word of a line; empty at its end. */
static struct slice next_word(struct slice *line)
{
    *line = slice_trim(*line);
    size_t len = 0;
    while (len < line->len && line->data[len] != ' ' && line->data[len] != '\t')
        len++;
    struct slice word = slice_head(*line, len);
    *line = slice_from(*line, len);
    return word;
}

static bool line_names(struct slice names, const char *name)
{
    for (struct slice word = next_word(&names); word.len; word = next_word(&names))
        if (slice_is_nocase(word, name))
            return true;
    return false;
}

size_t hosts_find(struct slice text, const char *name, struct addr *found, size_t max)
{
    size_t count = 0;
    while (text.data && count < max) {
        struct slice line = slice_cut(&text, '\n');
        struct slice body = slice_cut(&line, '#');
        struct slice address = next_word(&body);
        if (line_names(body, name) && addr_parse(address, 0, &found[count]))
            count++;
    }
    return count;
}

struct slice resolv_conf_server(struct slice *text)
{
    while (text->data) {
        struct slice line = slice_cut(text, '\n');
        if (slice_is(next_word(&line), "nameserver")) {
            struct slice server = next_word(&line);
            if (server.len)
                return server;
        }
    }
    return (struct slice){NULL, 0};
}
