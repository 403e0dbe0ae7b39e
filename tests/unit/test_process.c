/* Programs that are run: how they end, what they say, and that none of them can hold us up. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"

static struct process_end end;

static int run(const char *script, struct slice in, bool keep_stderr, int64_t ms)
{
    char *argv[] = {arena_strdup(&arena, "sh"), arena_strdup(&arena, "-c"), arena_strdup(&arena, script), NULL};
    error_clear(&error);
    return process_run(argv, in, keep_stderr, ms < 0 ? DEADLINE_NONE : deadline_in(ms), &end, &error);
}

static int setup(void **state)
{
    signal(SIGPIPE, SIG_IGN); /* as main.c has it */
    return unit_setup(state);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        const char *input;
        int status;
        const char *out, *err;
    } rows[] = {
        {"true", NULL, 0, "", ""}, {"exit 7", NULL, 7, "", ""}, {"exit 255", NULL, 255, "", ""},
        {"echo out; echo err >&2; exit 3", NULL, 3, "out\n", "err\n"}, {"printf 'no line feed'", NULL, 0, "no line feed", ""},
        {"kill -9 $$", NULL, 137, "", ""}, {"echo before; kill -15 $$", NULL, 143, "before\n", ""},
        {"kill -PIPE $$; echo survived", NULL, 141, "", ""}, /* SIGPIPE means to others what it usually does */
        {"cat", NULL, 0, "", ""}, {"cat", "", 0, "", ""}, {"cat", "in\n", 0, "in\n", ""}, {"cat; cat >&2", "in", 0, "in", ""},
        {"exec >&-; sleep 0.1; exit 4", NULL, 4, "", ""}, {"exec 2>&-; echo x; exit 5", NULL, 5, "x\n", ""},
        {"exec >&- 2>&- <&-; sleep 0.1; exit 6", "unread", 6, "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(run(rows[i].script, slice_of(rows[i].input), true, 5000) == 0, "%s: %s", rows[i].script, error.cause);
        CHECK(end.status == rows[i].status, "%s: %d", rows[i].script, end.status);
        CHECK_TEXT(end.out.data, rows[i].out, "%s", rows[i].script);
        CHECK_TEXT(end.err.data, rows[i].err, "%s", rows[i].script);
        process_free(&end);
    }
    assert_int_equal(run("echo x", slice_of(NULL), true, -1), 0); /* without a deadline */
    assert_string_equal(end.out.data, "x\n");
    process_free(&end);
    assert_int_equal(end.out.size + end.err.size, 0);
}

/* No word of it is for a shell, and nothing of ours is open in it. */
static void test_arguments(void **state)
{
    (void)state;
    static const char *const words[] = {"printf", "[%s]", "a b", "$HOME", "*", "", "'"};
    char *argv[COUNT(words) + 1] = {NULL};
    for (size_t i = 0; i < COUNT(words); i++)
        argv[i] = arena_strdup(&arena, words[i]);
    for (int inherited = 3; inherited < 1024; inherited++)
        fcntl(inherited, F_SETFD, FD_CLOEXEC); /* by who started this test */
    int open_one = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(process_run(argv, (struct slice){NULL, 0}, true, deadline_in(5000), &end, &error), 0);
    assert_string_equal(end.out.data, "[a b][$HOME][*][][']");
    process_free(&end);
    assert_int_equal(run("ls /proc/self/fd | tr '\\n' ' '", slice_of(NULL), true, 5000), 0);
    assert_string_equal(end.out.data, "0 1 2 3 "); /* 3: what ls itself reads the folder by */
    process_free(&end);
    close(open_one);
}

static void test_missing(void **state)
{
    (void)state;
    char *folder = new_folder(), *plain = write_file(folder, "plain", "#!/bin/sh\nexit 0\n");
    const struct {
        const char *program, *cause;
    } rows[] = {
        {"ecr-unit-no-such-program", "No such file"}, {"/nowhere/at/all", "No such file"},
        {arena_printf(&arena, "%s/nothing", folder), "No such file"}, {plain, "denied"}, {folder, "denied"}, {"", "No such file"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[] = {arena_strdup(&arena, rows[i].program), NULL};
        error_clear(&error);
        CHECK(process_run(argv, SLICE("in"), true, deadline_in(5000), &end, &error) == -1, "%s", rows[i].program);
        CHECK(error.reason == REASON_NO_CREDENTIALS && strstr(error.cause, rows[i].cause), "%s: %s", rows[i].program,
            error.cause);
        CHECK_TEXT(error.subject, rows[i].program, "%s", rows[i].program);
        process_free(&end);
    }
    assert_int_equal(chmod(plain, 0700), 0);
    char *argv[] = {plain, NULL};
    assert_int_equal(process_run(argv, SLICE("in"), true, deadline_in(5000), &end, &error), 0);
    assert_int_equal(end.status, 0);
    process_free(&end);
    remove_folder(folder);
}

static void test_much_output(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        bool fits;
    } rows[] = {
        {"head -c 65536 /dev/zero", true}, {"head -c 65537 /dev/zero", false}, {"yes", false}, {"cat /dev/zero", false},
        {"yes >&2", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t before = clock_ms();
        int status = run(rows[i].script, slice_of(NULL), true, 10000);
        CHECK(status == (rows[i].fits ? 0 : -1), "%s", rows[i].script);
        CHECK(clock_ms() - before < 5000, "%s", rows[i].script);
        if (rows[i].fits)
            CHECK(end.out.len == PROCESS_OUTPUT_MAX, "%s: %zu", rows[i].script, end.out.len);
        else
            CHECK(error.reason == REASON_NO_CREDENTIALS && strstr(error.cause, "more than"), "%s: %s", rows[i].script,
                error.cause);
        process_free(&end);
    }
}

/* Whoever holds the pipes when the program itself has ended, and keeps writing, is not waited for. */
static void test_heir(void **state)
{
    (void)state;
    int64_t before = clock_ms();
    run("(while echo more; do :; done) & exit 3", slice_of(NULL), true, 10000);
    assert_int_equal(end.status, 3);
    assert_true(clock_ms() - before < 5000);
    process_free(&end);
}

static void test_deadline(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "exec sleep 30", "trap '' TERM INT HUP; exec sleep 30", "exec >&- 2>&-; exec sleep 30", "echo x; exec sleep 30",
        "while :; do echo x; sleep 0.01; done",
    };
    for (size_t i = 0; i < COUNT(scripts); i++) {
        int64_t before = clock_ms();
        CHECK(run(scripts[i], slice_of(NULL), true, 300) == -1, "%s", scripts[i]);
        CHECK(error.reason == REASON_TIMEOUT && strstr(error.cause, "stopped"), "%s: %s", scripts[i], error.cause);
        CHECK(clock_ms() - before >= 290 && clock_ms() - before < 2000, "%s", scripts[i]);
        process_free(&end);
    }
    /* What was stopped is gone: no zombie, no process. */
    char *folder = new_folder();
    assert_int_equal(run(arena_printf(&arena, "echo $$ >%s/pid; exec sleep 30", folder), slice_of(NULL), false, 300), -1);
    process_free(&end);
    struct buf text;
    assert_int_equal(file_read(arena_printf(&arena, "%s/pid", folder), 100, &text), 0);
    assert_int_equal(kill((pid_t)strtol(text.data, NULL, 10), 0), -1);
    buf_free(&text);
    /* One that was over before it began. */
    assert_int_equal(run("exec sleep 30", slice_of(NULL), true, 0), -1);
    assert_int_equal(error.reason, REASON_TIMEOUT);
    process_free(&end);
    remove_folder(folder);
}

/* More than a pipe holds: read, half read, and not read at all. */
static void test_much_input(void **state)
{
    (void)state;
    struct slice million = slice_of(repeat("x", 1000000));
    static const struct {
        const char *script, *out;
    } rows[] = {
        {"wc -c | tr -d ' '", "1000000\n"}, {"head -c 10", "xxxxxxxxxx"}, {"true", ""}, {"exec <&-; sleep 0.1; echo x", "x\n"},
        {"head -c 70000 | wc -c | tr -d ' '", "70000\n"}, {"sleep 0.2; wc -c | tr -d ' '", "1000000\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(run(rows[i].script, million, true, 10000) == 0 && end.status == 0, "%s: %s", rows[i].script, error.cause);
        CHECK_TEXT(end.out.data, rows[i].out, "%s", rows[i].script);
        process_free(&end);
    }
    assert_int_equal(run("exec sleep 30", million, true, 300), -1); /* one that never reads */
    assert_int_equal(error.reason, REASON_TIMEOUT);
    process_free(&end);
    assert_int_equal(run("head -c 60000; head -c 1000000 >/dev/null; exit 2", million, true, 5000), 0);
    assert_true(end.out.len == 60000 && end.status == 2);
    process_free(&end);
}

/* Its output stays open in a process of its own making: the program itself has ended, and that counts. */
static void test_grandchild(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int status;
        const char *out;
    } rows[] = {
        {"sleep 4 & echo x", 0, "x\n"}, {"sleep 4 & exit 3", 3, ""}, {"sleep 4 >&2 & echo x", 0, "x\n"},
        {"(sleep 4; echo late) & echo x; exit 1", 1, "x\n"}, {"sleep 4 2>&- & echo x", 0, "x\n"},
        {"sleep 4 </dev/null & kill -9 $$", 137, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t before = clock_ms();
        CHECK(run(rows[i].script, SLICE("in"), true, 10000) == 0, "%s: %s", rows[i].script, error.cause);
        CHECK(end.status == rows[i].status && clock_ms() - before < 2000, "%s: %d", rows[i].script, end.status);
        CHECK_TEXT(end.out.data, rows[i].out, "%s", rows[i].script);
        process_free(&end);
    }
}

/* Its stderr is ours unless we keep it. */
static void test_stderr(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = arena_printf(&arena, "%s/err", folder);
    struct buf text;
    for (int keep = 0; keep < 2; keep++) {
        int usual = dup(2), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(file, 2);
        int status = run("echo said >&2", slice_of(NULL), keep, 5000);
        dup2(usual, 2);
        close(usual);
        close(file);
        assert_int_equal(status, 0);
        assert_string_equal(end.err.data, keep ? "said\n" : "");
        process_free(&end);
        assert_int_equal(file_read(path, 100, &text), 0);
        assert_string_equal(text.data, keep ? "" : "said\n");
        buf_free(&text);
    }
    remove_folder(folder);
}

/* The last words of a program are read to their end. */
static void test_last_words(void **state)
{
    (void)state;
    assert_int_equal(run("head -c 60000 /dev/zero | tr '\\0' e >&2; exit 1", slice_of(NULL), true, 5000), 0);
    assert_int_equal(end.err.len, 60000);
    process_free(&end);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(run("exec >&-; echo oops >&2; exit 1", slice_of(NULL), true, 5000), 0);
        assert_string_equal(end.err.data, "oops\n");
        process_free(&end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_ends),       CASE(test_arguments), CASE(test_missing), CASE(test_much_output), CASE(test_heir), CASE(test_deadline),
        CASE(test_much_input), CASE(test_grandchild), CASE(test_stderr), CASE(test_last_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
