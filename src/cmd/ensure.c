#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/github.h"
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

/* What a terminal sends goes to the whole foreground: the command, which is in our process group, has it already. */
static void hand_on(int number, siginfo_t *info, void *context)
{
    (void)context;
    bool from_terminal = info->si_code == SI_KERNEL && (number == SIGINT || number == SIGQUIT);
    if (child > 0 && !from_terminal)
        kill((pid_t)child, number);
}

static const int handed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
#define HANDED_ON (sizeof handed_on / sizeof *handed_on)

/* How signals were handled before the command, which alone decides what one ends while it runs. */
struct signals {
    struct sigaction actions[HANDED_ON];
    sigset_t mask;
};

/* They are held back until there is somebody to hand them on to. */
static void catch_signals(struct signals *before)
{
    struct sigaction action = {.sa_sigaction = hand_on, .sa_flags = SA_SIGINFO};
    sigset_t all;
    sigemptyset(&all);
    for (size_t i = 0; i < HANDED_ON; i++) {
        sigaddset(&all, handed_on[i]);
        sigaction(handed_on[i], NULL, &before->actions[i]);
        if (before->actions[i].sa_handler != SIG_IGN) /* as under nohup: then neither is the command to see it */
            sigaction(handed_on[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &all, &before->mask);
}

static void restore_signals(const struct signals *before)
{
    for (size_t i = 0; i < HANDED_ON; i++)
        sigaction(handed_on[i], &before->actions[i], NULL);
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

/* The command gets signals as we were given them. */
static int start(struct ensuring *ensuring, const struct signals *before, pid_t *pid)
{
    posix_spawnattr_t attributes;
    sigset_t usual;
    int why = posix_spawnattr_init(&attributes);
    if (why)
        return why;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setsigmask(&attributes, &before->mask);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    why = posix_spawnp(pid, ensuring->command[0], NULL, &attributes, ensuring->command, environ);
    posix_spawnattr_destroy(&attributes);
    return why;
}

static int cannot_run(struct ensuring *ensuring, int why)
{
    struct error *error = &ensuring->in->error;
    error_set(error, REASON_USAGE, ensuring->command[0], "cannot run it: %s", strerror(why));
    term_error(&ensuring->in->term, error_text(error, &ensuring->in->arena));
    return why == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

static int run_command(struct ensuring *ensuring)
{
    pid_t pid;
    struct signals before;
    catch_signals(&before);
    int why = start(ensuring, &before, &pid);
    child = why ? 0 : pid;
    if (why)
        restore_signals(&before);
    sigprocmask(SIG_SETMASK, &before.mask, NULL);
    if (why)
        return cannot_run(ensuring, why);
    int status = wait_for(pid);
    child = 0;
    restore_signals(&before);
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

static bool decide(const struct ensuring *ensuring)
{
    bool absent = false;
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
    struct image_arguments arguments = ensuring->arguments;
    arguments.github_output = NULL; /* what is found now may not be the result */
    arguments.unannounced = true;
    if (session_open(&session, &in->session, invocation_events(in), &in->error) < 0) {
        session_close(&session);
        return -1;
    }
    verdicts_run(in, &session, ensuring->items, ensuring->count, &ensuring->options, &arguments, true);
    for (size_t i = 0; i < ensuring->count; i++)
        outcome_copy(&ensuring->items[i].outcome, &in->arena);
    session_close(&session);
    return 0;
}

/* The result for CI, and the exit status. */
static int finish(struct ensuring *ensuring)
{
    struct invocation *in = ensuring->in;
    const char *output = ensuring->arguments.github_output;
    for (size_t i = 0; i < ensuring->count; i++)
        github_annotate(&ensuring->items[i]);
    if (output && github_output(output, ensuring->items, ensuring->count, &in->error) < 0)
        return invocation_fail(in);
    return (int)check_exit(ensuring->items, ensuring->count);
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
    if (check(ensuring) < 0)
        return invocation_fail(ensuring->in);
    bool runs = decide(ensuring);
    say(ensuring, TERM_GREEN, "Image found, skipping build: ", STATE_PRESENT);
    if (!runs)
        return finish(ensuring);
    say(ensuring, TERM_YELLOW, "Image not found, building: ", STATE_ABSENT);
    int status = run_command(ensuring);
    if (status != 0)
        return status;
    forget(ensuring);
    if (check(ensuring) < 0)
        return invocation_fail(ensuring->in);
    for (size_t i = 0; i < ensuring->count; i++)
        if (reason_state(ensuring->items[i].outcome.reason) == STATE_ABSENT)
            term_error(&ensuring->in->term,
                       arena_printf(&ensuring->in->arena, "%s; the command ended well, but did not make it",
                                    verdict_text(&ensuring->in->arena, &ensuring->items[i])));
    return finish(ensuring);
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
