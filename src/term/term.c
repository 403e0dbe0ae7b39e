#include "term/term.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_write.h"

void term_init(struct term *term, enum term_when when, bool quiet, bool verbose)
{
    const char *no_color = getenv("NO_COLOR"), *type = getenv("TERM");
    bool wanted = isatty(2) && !(no_color && *no_color) && !(type && strcmp(type, "dumb") == 0);
    *term = (struct term){when == TERM_AUTO ? wanted : when == TERM_ALWAYS, quiet, verbose};
}

/* U+0080 to U+009F are control characters, and the marks that turn the direction of text can make it lie. */
static bool is_harmful(struct slice character)
{
    const char *c = character.data;
    if (character.len == 2)
        return (c[0] == '\xc2' && (unsigned char)c[1] < 0xa0) || (c[0] == '\xd8' && c[1] == '\x9c');
    if (character.len != 3 || c[0] != '\xe2')
        return false;
    unsigned char last = (unsigned char)c[2];
    return (c[1] == '\x80' && (last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae))) ||
           (c[1] == '\x81' && last >= 0xa6 && last <= 0xa9);
}

void term_safe(struct buf *out, const char *text)
{
    struct slice rest = slice_of(text);
    while (rest.len) {
        size_t len = utf8_length(rest);
        char c = rest.data[0];
        if (len == 1 && (c == '\n' || c == '\r' || c == '\t'))
            buf_char(out, ' ');
        else if (len == 0 || is_harmful(slice_head(rest, len)) || (len == 1 && ((unsigned char)c < 0x20 || c == 0x7f)))
            buf_char(out, '?');
        else
            buf_add(out, rest.data, len);
        if (slice_starts(rest, "##[") || slice_starts(rest, "##vso["))
            buf_char(out, ' ');
        rest = slice_from(rest, len ? len : 1);
    }
}

static int write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t written = write(fd, text.data, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        text = slice_from(text, (size_t)written);
    }
    return 0;
}

int term_write(struct slice text)
{
    return write_all(1, text);
}

static void write_line(const struct term *term, enum term_colour colour, const char *front, const char *text)
{
    static const char *const codes[] = {"", "\033[34m", "\033[32m", "\033[33m", "\033[31m"};
    bool coloured = term->colours && colour != TERM_PLAIN;
    struct buf line = BUF_INIT;
    buf_str(&line, coloured ? codes[colour] : "");
    buf_str(&line, front);
    term_safe(&line, text);
    buf_str(&line, coloured ? "\033[0m\n" : "\n");
    write_all(2, buf_view(&line)); /* where stderr cannot be written there is nobody to tell */
    buf_free(&line);
}

void term_note(const struct term *term, enum term_colour colour, const char *text)
{
    if (!term->quiet)
        write_line(term, colour, "", text);
}

void term_error(const struct term *term, const char *text)
{
    write_line(term, TERM_RED, "ecr: ", text);
}
