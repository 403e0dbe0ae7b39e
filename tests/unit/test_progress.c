/* How far something got: rates, bars that fit the terminal and are taken away again, lines for logs, and nothing with quiet. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>

#include "unit.h"

#include "base/clock.h"
#include "term/progress.h"

#define MB INT64_C(1000000)
#define GB (1000 * MB)

static void test_rates(void **state)
{
    (void)state;
    static const struct {
        int64_t done, total, elapsed;
        const char *want;
    } rows[] = {
        {0, 100, 5000, ""},
        {50, 100, 199, ""},
        {50, 100, 0, ""},
        {50, 100, -5, ""},
        {100 * MB, 200 * MB, 200, "500 MB/s, 1 s left"},
        {84 * MB, 336 * MB, 1000, "84 MB/s, 3 s left"},
        {84 * MB, 337 * MB, 1000, "84 MB/s, 4 s left"},
        {200 * MB, 200 * MB, 1000, "200 MB/s"},
        {201 * MB, 200 * MB, 1000, "201 MB/s"},
        {MB, 60 * MB, 1000, "1.0 MB/s, 59 s left"},
        {MB, 61 * MB, 1000, "1.0 MB/s, 1 min 00 s left"},
        {MB, 3600 * MB, 1000, "1.0 MB/s, 59 min 59 s left"},
        {MB, 3601 * MB, 1000, "1.0 MB/s, 1 h 00 min left"},
        {MB, 90001 * MB, 1000, "1.0 MB/s, 25 h 00 min left"},
        {1, 2, 100000, "0 B/s"},
        {1, 2, 1000, "1 B/s, 1 s left"},
        {1500, 3000, 1000, "1.5 kB/s, 1 s left"},
        {50, 0, 1000, "50 B/s"},
        {52000 * GB, 104000 * GB, 1000, "52 TB/s, 1 s left"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        struct progress_bar bar = {"x", rows[i].done, rows[i].total, 1000};
        progress_rate(&out, &bar, 1000 + rows[i].elapsed);
        CHECK_TEXT(out.data, rows[i].want, "%zu", i);
        buf_free(&out);
    }
}

/* A terminal or a pipe in the place of stderr: what is written there is read from the other side. */
static int other_side = -1, own_stderr = -1;

static void begin(int reading, int writing)
{
    own_stderr = fcntl(2, F_DUPFD_CLOEXEC, 3);
    dup2(writing, 2);
    close(writing);
    other_side = reading;
}

static void begin_terminal(unsigned short columns, unsigned short rows)
{
    int master, slave;
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    begin(master, slave);
}

static void begin_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    begin(ends[0], ends[1]);
}

/* Gives stderr back. */
static const char *end(void)
{
    char bytes[65536];
    struct buf got = BUF_INIT;
    struct pollfd input = {other_side, POLLIN, 0};
    while (poll(&input, 1, 50) > 0 && input.revents & POLLIN) {
        ssize_t len = read(other_side, bytes, sizeof bytes);
        if (len <= 0)
            break;
        buf_add(&got, bytes, (size_t)len);
    }
    dup2(own_stderr, 2);
    close(own_stderr);
    close(other_side);
    return buf_detach(&got, &arena);
}

static const struct progress_bar bars[] = {
    {"4f4fb700ef54", 12 * MB, 34 * MB, 0}, {"aaaaaaaaaaaa", 0, 0, 0}, {"bbbbbbbbbbbb", 7 * MB, 7 * MB, 0}};
static const struct progress_bar whole = {"whole", 19 * MB, 41 * MB, 0};

/* Shows the bars `times` times on a terminal of that size and takes them away. What went there. */
static const char *drawn(unsigned short columns, unsigned short rows, int times)
{
    struct progress progress;
    struct term term = {.terminal = true};
    begin_terminal(columns, rows);
    progress_open(&progress, &term);
    for (int i = 0; i < times; i++)
        progress_show(&progress, bars, COUNT(bars), &whole);
    progress_close(&progress);
    return end();
}

/* The terminal puts a CR before each line's end. */
static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void test_bars(void **state)
{
    (void)state;
    const char *text = drawn(200, 24, 1);
    assert_non_null(strstr(text, "4f4fb700ef54  [========>               ]  12 MB of 34 MB  "));
    assert_non_null(strstr(text, "aaaaaaaaaaaa  [========================]  0 B of 0 B  "));
    assert_non_null(strstr(text, "bbbbbbbbbbbb  [========================]  7.0 MB of 7.0 MB  "));
    assert_non_null(strstr(text, "whole  ["));
    assert_true(strncmp(text, "4f4fb700ef54", 12) == 0); /* nothing stands there that had to be taken away */
    /* Each of the four lines goes: the one the cursor is in, and three above. */
    assert_true(slice_ends(slice_of(text), "\r\033[K\033[A\r\033[K\033[A\r\033[K\033[A\r\033[K"));
    assert_int_equal(count_of(text, "\033[A"), 3);
    text = drawn(200, 24, 3);
    assert_int_equal(count_of(text, "whole  ["), 3);
    assert_int_equal(count_of(text, "\033[A"), 9); /* the second and the third stand where the first stood */
}

/* No line is as wide as the terminal, or it would go on in the next one; nor are there more than have room. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        unsigned short columns, rows;
        size_t lines; /* with that of the whole */
    } rows[] = {{200, 24, 4}, {80, 24, 4}, {40, 24, 4}, {20, 24, 4}, {2, 24, 4}, {1, 24, 4}, {80, 6, 4}, {80, 5, 3},
                {80, 4, 2},   {80, 3, 1},  {80, 2, 1},  {80, 1, 1},  {0, 0, 4},  {0, 24, 4}, {80, 0, 4}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice rest = slice_of(drawn(rows[i].columns, rows[i].rows, 1));
        size_t width = rows[i].columns ? rows[i].columns : 80, lines = 0;
        rest.len = strcspn(rest.data, "\033"); /* up to where they are taken away */
        while (rest.data) {
            struct slice line = slice_trim(slice_cut(&rest, '\n'));
            CHECK(line.len < width, "%u columns, %u rows: %.*s", rows[i].columns, rows[i].rows, SLICE_ARGS(line));
            lines++;
        }
        CHECK(lines == rows[i].lines, "%u columns, %u rows: %zu lines", rows[i].columns, rows[i].rows, lines);
    }
}

/* A line that stays comes in the place of the bars, and they below it. */
static void test_line(void **state)
{
    (void)state;
    struct progress progress;
    struct term term = {.terminal = true};
    begin_terminal(80, 24);
    progress_open(&progress, &term);
    progress_show(&progress, bars, 1, &whole);
    progress_line(&progress, TERM_PLAIN, "a line");
    progress_show(&progress, NULL, 0, &whole);
    progress_close(&progress);
    progress_close(&progress); /* nothing stands there any more */
    const char *text = end();
    assert_non_null(strstr(text, "\r\033[K\033[A\r\033[Ka line\r\nwhole  ["));
    assert_int_equal(count_of(text, "\033[K"), 3);
}

/* For logs: a line when it is due, and none before. */
static void test_log(void **state)
{
    (void)state;
    struct progress progress;
    struct term term = {.terminal = false};
    struct progress_bar all = whole;
    begin_pipe();
    progress_open(&progress, &term);
    all.since = clock_ms() - 2000;
    progress_show(&progress, bars, COUNT(bars), &all);
    progress.next_at = clock_ms();
    progress_show(&progress, bars, COUNT(bars), &all);
    progress_show(&progress, bars, COUNT(bars), &all);
    progress_close(&progress);
    const char *text = end();
    assert_true(strncmp(text, "19 MB of 41 MB (46 %)  9.", 25) == 0);
    assert_true(slice_ends(slice_of(text), " MB/s, 3 s left\n"));
    assert_int_equal(count_of(text, "\n"), 1);
    assert_true(progress.next_at > clock_ms());
}

static void test_quiet(void **state)
{
    (void)state;
    for (int terminal = 0; terminal < 2; terminal++) {
        struct progress progress;
        struct term term = {.terminal = terminal, .quiet = true};
        if (terminal)
            begin_terminal(80, 24);
        else
            begin_pipe();
        progress_open(&progress, &term);
        progress.next_at = 0;
        progress_show(&progress, bars, COUNT(bars), &whole);
        progress_line(&progress, TERM_PLAIN, "a line");
        progress_close(&progress);
        CHECK_TEXT(end(), "", "a terminal: %d", terminal);
    }
}

RUN(TEST(test_rates), TEST(test_bars), TEST(test_sizes), TEST(test_line), TEST(test_log), TEST(test_quiet))
