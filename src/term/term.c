#include "term/term.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

#define USUAL_WIDTH   80    /* of a terminal that does not tell */
#define WRITE_WAIT_MS 60000 /* for a reader of stdout that is slow */

void term_init(struct term *term, enum term_when when, bool quiet, bool verbose)
{
    const char *no_color = getenv("NO_COLOR"), *type = getenv("TERM");
    bool wanted = isatty(2) && !(no_color && *no_color) && !(type && strcmp(type, "dumb") == 0);
    *term = (struct term){.colours = when == TERM_AUTO ? wanted : when == TERM_ALWAYS,
                          .terminal = isatty(2) && !(type && strcmp(type, "dumb") == 0),
                          .quiet = quiet,
                          .verbose = verbose};
}

void term_safe(struct buf *out, const char *text)
{
    struct slice rest = slice_of(text);
    while (rest.len) {
        size_t len = utf8_length(rest);
        char c = rest.data[0];
        if (len == 1 && (c == '\n' || c == '\r' || c == '\t'))
            buf_char(out, ' ');
        else if (len == 0 || utf8_is_harmful(rest) || (len == 1 && ((unsigned char)c < 0x20 || c == 0x7f)))
            buf_char(out, '?');
        else
            buf_add(out, rest.data, len);
        if (slice_starts(rest, "##[") || slice_starts(rest, "##vso["))
            buf_char(out, ' ');
        rest = slice_from(rest, len ? len : 1);
    }
}

size_t term_width(void)
{
    struct winsize size = {0};
    uint64_t columns = 0;
    if (!isatty(1))
        return 0;
    if (ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    return slice_number(slice_of(getenv("COLUMNS")), 10000, &columns) && columns ? (size_t)columns : USUAL_WIDTH;
}

void term_size(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    int64_t whole = bytes, tenth = 0;
    while (whole >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        tenth = whole % 1000 / 100;
        whole /= 1000;
        unit++;
    }
    if (unit && whole < 10)
        buf_printf(out, "%d.%d %s", (int)whole, (int)tenth, units[unit]);
    else
        buf_printf(out, "%d %s", (int)whole, units[unit]);
}

static bool wait_writable(int fd)
{
    struct pollfd poll_fd = {fd, POLLOUT, 0};
    return poll(&poll_fd, 1, WRITE_WAIT_MS) > 0;
}

static int write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t written = write(fd, text.data, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN && wait_writable(fd)) /* whoever shares the pipe made it non-blocking */
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
    buf_str(&line, term->progress ? "\r\033[K" : "");
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

void term_progress(struct term *term, const char *text)
{
    struct buf line = BUF_INIT;
    if (!term->terminal || term->quiet || (!text && !term->progress))
        return;
    buf_str(&line, "\r\033[K");
    term_safe(&line, text ? text : "");
    write_all(2, buf_view(&line));
    buf_free(&line);
    term->progress = text != NULL;
}

void term_put(struct slice text)
{
    write_all(2, text);
}

void term_ask(const struct term *term, const char *text)
{
    struct buf line = BUF_INIT;
    buf_str(&line, term->progress ? "\r\033[K" : "");
    if (text)
        term_safe(&line, text);
    else
        buf_char(&line, '\n');
    write_all(2, buf_view(&line));
    buf_free(&line);
}

void term_error(const struct term *term, const char *text)
{
    write_line(term, TERM_RED, "ecr: ", text);
}
