#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/verdicts.h"

#define CANNOT_RUN   126 /* what shells say for a command that cannot be run */
#define NOT_FOUND    127
#define SIGNAL_FIRST 128

extern char **environ;

/* A command that makes images which are not there. */
struct ensuring {
    struct invocation *in;
    struct image_arguments arguments;
    struct check_options options;
    struct item *items;
    size_t count;
    char **command;     /* behind "--", NULL at its end */
    const char *run_on; /* further states to run it on */
};

static volatile sig_atomic_t child; /* that signals are handed on to */

static void hand_on(int number)
{
    if (child > 0)
        kill((pid_t)child, number);
}

/* While the command runs it alone decides what a signal ends. */
static void catch_signals(void (*handler)(int))
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    struct sigaction action = {.sa_handler = handler};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

/* As PID 1 we inherit the children of others: all are reaped, one decides. */
static int wait_for(pid_t pid)
{
    int status = 0;
    for (;;) {
        pid_t ended = waitpid(-1, &status, 0);
        if (ended == pid)
            return WIFSIGNALED(status) ? SIGNAL_FIRST + WTERMSIG(status) : WEXITSTATUS(status);
        if (ended < 0 && errno != EINTR)
            return CANNOT_RUN;
    }
}

static int run_command(struct ensuring *ensuring)
{
    pid_t pid;
    posix_spawnattr_t attributes;
    sigset_t usual;
    int why = posix_spawnattr_init(&attributes);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    catch_signals(hand_on);
    why = why ? why : posix_spawnp(&pid, ensuring->command[0], NULL, &attributes, ensuring->command, environ);
    posix_spawnattr_destroy(&attributes);
    if (why) {
        struct error *error = &ensuring->in->error;
        error_set(error, REASON_USAGE, ensuring->command[0], "cannot run it: %s", strerror(why));
        term_error(&ensuring->in->term, error_text(error, &ensuring->in->arena));
        return why == ENOENT ? NOT_FOUND : CANNOT_RUN;
    }
    child = pid;
    int status = wait_for(pid);
    child = 0;
    return status;
}

static bool is_listed(const char *list, const char *name)
{
    struct slice rest = slice_of(list);
    while (rest.data)
        if (slice_is(slice_trim(slice_cut(&rest, ',')), name))
            return true;
    return false;
}

static void say(const struct ensuring *ensuring, enum term_colour colour, const char *text, enum state state)
{
    struct arena scratch = {0};
    for (size_t i = 0; i < ensuring->count; i++)
        if (reason_state(ensuring->items[i].outcome.reason) == state)
            term_note(&ensuring->in->term, colour,
                      arena_printf(&scratch, "%s%s", text, ensuring->items[i].reference.text));
    arena_free(&scratch);
}

/* Whether the command is to run; else *status is how to end. */
static bool decide(const struct ensuring *ensuring, int *status)
{
    bool absent = false;
    *status = (int)check_exit(ensuring->items, ensuring->count);
    for (size_t i = 0; i < ensuring->count; i++) {
        enum state state = reason_state(ensuring->items[i].outcome.reason);
        if (state == STATE_PRESENT)
            continue;
        if (state != STATE_ABSENT && !is_listed(ensuring->run_on, state_name(state)))
            return false; /* nobody knows what the command would do to it */
        absent = true;
    }
    return absent;
}

static int check(struct ensuring *ensuring)
{
    struct session session;
    struct invocation *in = ensuring->in;
    if (session_open(&session, &in->session, invocation_events(in), &in->error) < 0) {
        session_close(&session);
        return -1;
    }
    verdicts_run(in, &session, ensuring->items, ensuring->count, &ensuring->options, &ensuring->arguments, true);
    for (size_t i = 0; i < ensuring->count; i++)
        outcome_copy(&ensuring->items[i].outcome, &in->arena);
    session_close(&session);
    return 0;
}

/* What was checked once is checked anew. */
static void forget(struct ensuring *ensuring)
{
    for (size_t i = 0; i < ensuring->count; i++) {
        struct item *item = &ensuring->items[i];
        struct item old = *item;
        item_init(item, &ensuring->in->arena, &old.reference);
        item->file = old.file;
        item->line = old.line;
    }
}

static int ensure(struct ensuring *ensuring)
{
    int status;
    if (check(ensuring) < 0)
        return invocation_fail(ensuring->in);
    bool runs = decide(ensuring, &status);
    say(ensuring, TERM_GREEN, "Image found, skipping build: ", STATE_PRESENT);
    if (!runs)
        return status;
    say(ensuring, TERM_YELLOW, "Image not found, building: ", STATE_ABSENT);
    status = run_command(ensuring);
    if (status != 0)
        return status;
    forget(ensuring);
    if (check(ensuring) < 0)
        return invocation_fail(ensuring->in);
    status = (int)check_exit(ensuring->items, ensuring->count);
    for (size_t i = 0; i < ensuring->count; i++)
        if (reason_state(ensuring->items[i].outcome.reason) == STATE_ABSENT)
            term_error(&ensuring->in->term,
                       arena_printf(&ensuring->in->arena, "%s; the command ended well, but did not make it",
                                    verdict_text(&ensuring->in->arena, &ensuring->items[i])));
    return status;
}

/* The command begins behind the first "--". */
static int split(struct ensuring *ensuring)
{
    struct invocation *in = ensuring->in;
    for (int i = 0; i < in->argc; i++)
        if (strcmp(in->argv[i], "--") == 0) {
            ensuring->command = in->argv + i + 1;
            in->argc = i;
            break;
        }
    if (ensuring->command && *ensuring->command)
        return 0;
    error_set(&in->error, REASON_USAGE, "ensure", "no command given");
    error_hint(&in->error, "ecr ensure IMAGE... -- COMMAND [ARG...]");
    return -1;
}

static int check_states(struct ensuring *ensuring)
{
    struct slice rest = slice_of(ensuring->run_on);
    while (rest.data) {
        struct slice name = slice_trim(slice_cut(&rest, ','));
        if (name.len && !slice_is(name, "absent") && !slice_is(name, "unfit") && !slice_is(name, "unknown"))
            return error_set(&ensuring->in->error, REASON_USAGE, "--run-on", "'%.*s' is none of absent, unfit, unknown",
                             SLICE_ARGS(name));
    }
    return 0;
}

int cmd_ensure(struct invocation *in)
{
    struct ensuring ensuring = {.in = in, .run_on = ""};
    struct option own[IMAGE_OPTIONS + 1];
    size_t options = image_options(&ensuring.arguments, own);
    own[options++] = (struct option){"run-on", 0, OPTION_TEXT, &ensuring.run_on, NULL};
    int command = split(&ensuring);
    if (invocation_parse(in, own, options) < 0 || command < 0 || check_states(&ensuring) < 0 ||
        images_check_options(in, &ensuring.arguments, &ensuring.options) < 0 ||
        images_read(in, &ensuring.arguments, &ensuring.items, &ensuring.count) < 0)
        return invocation_fail(in);
    return ensure(&ensuring);
}
