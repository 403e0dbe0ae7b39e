#include "term/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_EVERY_MS 5000
#define BAR_WIDTH     24
#define USUAL_COLUMNS 80
#define USUAL_ROWS    24
#define RATE_AFTER_MS 200 /* before that it says nothing */

static struct winsize terminal_size(void)
{
    struct winsize size = {0};
    if (ioctl(2, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
        size = (struct winsize){.ws_row = USUAL_ROWS, .ws_col = USUAL_COLUMNS};
    return size;
}

void progress_open(struct progress *progress, struct term *term)
{
    *progress = (struct progress){.term = term, .next_at = deadline_in(LINE_EVERY_MS)};
}

static void write_seconds(struct buf *out, int64_t seconds)
{
    if (seconds >= 3600)
        buf_printf(out, "%lld h %02lld min", (long long)(seconds / 3600), (long long)(seconds / 60 % 60));
    else if (seconds >= 60)
        buf_printf(out, "%lld min %02lld s", (long long)(seconds / 60), (long long)(seconds % 60));
    else
        buf_printf(out, "%lld s", (long long)seconds);
}

void progress_rate(struct buf *out, const struct progress_bar *bar, int64_t now)
{
    int64_t elapsed = now - bar->since;
    if (elapsed < RATE_AFTER_MS || bar->done <= 0)
        return;
    int64_t rate = bar->done / elapsed * 1000 + bar->done % elapsed * 1000 / elapsed;
    term_size(out, rate);
    buf_str(out, "/s");
    if (bar->done >= bar->total || rate == 0)
        return;
    buf_str(out, ", ");
    write_seconds(out, (bar->total - bar->done + rate - 1) / rate);
    buf_str(out, " left");
}

static int64_t share(const struct progress_bar *bar, int64_t of)
{
    return bar->total <= 0 || bar->done >= bar->total ? of : bar->done * of / bar->total;
}

/* "4f4fb700ef54  [=====>      ]  12 MB of 34 MB  5.0 MB/s, 4 s left", cut to the width. */
static void write_bar(struct buf *out, const struct progress_bar *bar, size_t width, int64_t now)
{
    struct buf line = BUF_INIT;
    int64_t filled = share(bar, BAR_WIDTH);
    term_safe(&line, bar->label);
    buf_str(&line, "  [");
    for (int i = 0; i < BAR_WIDTH; i++)
        buf_char(&line, i < filled ? '=' : i == filled ? '>' : ' ');
    buf_str(&line, "]  ");
    term_size(&line, bar->done);
    buf_str(&line, " of ");
    term_size(&line, bar->total);
    buf_str(&line, "  ");
    progress_rate(&line, bar, now);
    buf_slice(out, slice_head(buf_view(&line), line.len < width ? line.len : width - 1));
    buf_free(&line);
}

/* Takes what stands there away: the cursor is behind the last bar. */
static void write_erase(struct progress *progress, struct buf *out)
{
    for (size_t i = 0; i < progress->drawn; i++)
        buf_str(out, i ? "\033[A\r\033[K" : "\r\033[K");
    progress->drawn = 0;
}

static void draw(struct progress *progress, const struct progress_bar *bars, size_t count,
                 const struct progress_bar *whole)
{
    struct buf out = BUF_INIT;
    struct winsize size = terminal_size();
    int64_t now = clock_ms();
    size_t room = size.ws_row > 2u ? size.ws_row - 2u : 1;
    write_erase(progress, &out);
    for (size_t i = 0; i < count && i + 1 < room; i++) {
        write_bar(&out, &bars[i], size.ws_col, now);
        buf_char(&out, '\n');
        progress->drawn++;
    }
    write_bar(&out, whole, size.ws_col, now);
    progress->drawn++;
    term_put(buf_view(&out));
    buf_free(&out);
}

/* For logs. */
static void tell(struct progress *progress, const struct progress_bar *whole)
{
    struct buf line = BUF_INIT, rate = BUF_INIT;
    int64_t now = clock_ms();
    if (now < progress->next_at)
        return;
    progress->next_at = now + LINE_EVERY_MS;
    term_size(&line, whole->done);
    buf_str(&line, " of ");
    term_size(&line, whole->total);
    buf_printf(&line, " (%lld %%)", (long long)share(whole, 100));
    progress_rate(&rate, whole, now);
    buf_printf(&line, "%s%s", rate.len ? "  " : "", rate.data);
    term_note(progress->term, TERM_PLAIN, line.data);
    buf_free(&rate);
    buf_free(&line);
}

void progress_show(struct progress *progress, const struct progress_bar *bars, size_t count,
                   const struct progress_bar *whole)
{
    if (progress->term->quiet)
        return;
    if (progress->term->terminal && !progress->term->verbose) /* whose lines come from all threads */
        draw(progress, bars, count, whole);
    else
        tell(progress, whole);
}

void progress_line(struct progress *progress, enum term_colour colour, const char *text)
{
    progress_close(progress);
    term_note(progress->term, colour, text);
}

void progress_close(struct progress *progress)
{
    struct buf out = BUF_INIT;
    write_erase(progress, &out);
    term_put(buf_view(&out));
    buf_free(&out);
}
