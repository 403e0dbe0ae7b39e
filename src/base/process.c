#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define CHECK_EVERY_MS  50 /* its pipes may stay open in a grandchild when the program itself has ended */
#define CLOSED_EVERY_MS 2  /* it closed its output and is about to end */

extern char **environ;

/* A program that runs: our ends of its pipes, -1 when closed. */
struct child {
    pid_t pid;
    int in, out, err;
    bool ended;
    int wait_status;
};

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The child gets `theirs` as its descriptor `number`; all others are closed in it. */
static int add_pipe(posix_spawn_file_actions_t *actions, int number, int *ours, int *theirs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    bool child_reads = number == 0;
    *ours = ends[child_reads ? 1 : 0];
    *theirs = ends[child_reads ? 0 : 1];
    fcntl(*ours, F_SETFL, O_NONBLOCK);
    return posix_spawn_file_actions_adddup2(actions, *theirs, number);
}

/* We ignore SIGPIPE, and handle what ends us: a program of somebody else's expects the usual. */
static int spawn_with(struct child *child, char *const argv[], posix_spawn_file_actions_t *actions)
{
    posix_spawnattr_t attributes;
    sigset_t usual;
    int status = posix_spawnattr_init(&attributes);
    if (status)
        return status;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    status = posix_spawnp(&child->pid, argv[0], actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    return status;
}

static int start(struct child *child, char *const argv[], bool keep_stderr)
{
    posix_spawn_file_actions_t actions;
    int in = -1, out = -1, err = -1;
    int status = posix_spawn_file_actions_init(&actions);
    if (status)
        return status;
    status = add_pipe(&actions, 0, &child->in, &in);
    if (status == 0)
        status = add_pipe(&actions, 1, &child->out, &out);
    if (status == 0 && keep_stderr)
        status = add_pipe(&actions, 2, &child->err, &err);
    if (status == 0)
        status = spawn_with(child, argv, &actions);
    posix_spawn_file_actions_destroy(&actions);
    shut(&in);
    shut(&out);
    shut(&err);
    return status;
}

static void feed(struct child *child, struct slice *input)
{
    ssize_t sent = input->len ? write(child->in, input->data, input->len) : 0;
    if (sent > 0)
        *input = slice_from(*input, (size_t)sent);
    if (input->len == 0 || (sent < 0 && errno != EAGAIN && errno != EINTR))
        shut(&child->in);
}

/* Reads what is there; false when there is nothing more for now. */
static bool drain(int *fd, struct buf *text)
{
    if (*fd < 0 || text->len > PROCESS_OUTPUT_MAX)
        return false;
    ssize_t got = read(*fd, buf_reserve(text, 4096), 4096);
    if (got > 0)
        buf_added(text, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        shut(fd);
    return got > 0;
}

static void reap(struct child *child, int flags)
{
    if (!child->ended && waitpid(child->pid, &child->wait_status, flags) == child->pid)
        child->ended = true;
}

/* One turn: waits for a pipe, or a moment. False when the program is over and all that it wrote is read. */
static bool turn(struct child *child, struct slice *input, struct process_end *end, int64_t deadline)
{
    struct pollfd fds[] = {{child->in, POLLOUT, 0}, {child->out, POLLIN, 0}, {child->err, POLLIN, 0}};
    int64_t until = deadline_in(child->out < 0 ? CLOSED_EVERY_MS : CHECK_EVERY_MS);
    poll(fds, 3, deadline_poll(deadline_earlier(deadline, until)));
    reap(child, WNOHANG);
    if (fds[0].revents)
        feed(child, input);
    while (drain(&child->out, &end->out))
        continue;
    while (drain(&child->err, &end->err))
        continue;
    return !child->ended; /* whoever else still holds its pipes */
}

static int attend(struct child *child, const char *name, struct slice input, int64_t deadline, struct process_end *end,
                  struct error *error)
{
    for (bool more = true; more;) {
        more = turn(child, &input, end, deadline);
        if (end->out.len > PROCESS_OUTPUT_MAX || end->err.len > PROCESS_OUTPUT_MAX)
            return error_set(error, REASON_NO_CREDENTIALS, name, "it prints more than %d bytes", PROCESS_OUTPUT_MAX);
        if (more && deadline_passed(deadline))
            return error_set(error, REASON_TIMEOUT, name, "it did not end in time and was stopped");
    }
    return 0;
}

int process_run(char *const argv[], struct slice input, bool keep_stderr, int64_t deadline, struct process_end *end,
                struct error *error)
{
    struct child child = {.in = -1, .out = -1, .err = -1};
    *end = (struct process_end){.out = BUF_INIT, .err = BUF_INIT};
    int status = start(&child, argv, keep_stderr);
    if (status == 0)
        status = attend(&child, argv[0], input, deadline, end, error);
    else
        status = error_set(error, REASON_NO_CREDENTIALS, argv[0], "cannot run it: %s", strerror(status));
    shut(&child.in);
    shut(&child.out);
    shut(&child.err);
    if (child.pid > 0 && !child.ended) {
        kill(child.pid, SIGKILL);
        reap(&child, 0);
    }
    end->status = WIFSIGNALED(child.wait_status) ? 128 + WTERMSIG(child.wait_status) : WEXITSTATUS(child.wait_status);
    return status;
}

void process_free(struct process_end *end)
{
    buf_free(&end->out);
    buf_free(&end->err);
}
