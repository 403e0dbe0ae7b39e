#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define PIPE_WAIT_MS 5000

/* A pipe ("<(command)") whose writer is not ready yet. */
static bool wait_readable(int fd)
{
    struct pollfd poll_fd = {fd, POLLIN, 0};
    return poll(&poll_fd, 1, PIPE_WAIT_MS) > 0;
}

static int read_fd(int fd, size_t limit, struct buf *out)
{
    while (out->len <= limit) {
        char *room = buf_reserve(out, 4096);
        ssize_t got = read(fd, room, 4096);
        if (got < 0 && (errno == EINTR || (errno == EAGAIN && wait_readable(fd))))
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return 0;
        buf_added(out, (size_t)got);
    }
    return EFBIG;
}

/* Leaves what was read in `out`, whatever is returned. */
static int read_path(const char *path, size_t limit, struct buf *out)
{
    *out = BUF_INIT;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno;
    int status = read_fd(fd, limit, out);
    close(fd);
    return status;
}

int stream_read(int fd, size_t limit, int64_t deadline, struct buf *out)
{
    *out = BUF_INIT;
    for (ssize_t got = 1; got != 0;) {
        struct pollfd poll_fd = {fd, POLLIN, 0};
        int ready = poll(&poll_fd, 1, deadline_poll(deadline));
        got = ready > 0 ? read(fd, buf_reserve(out, 4096), 4096) : 1;
        int status = ready == 0 ? ETIMEDOUT : got < 0 ? errno : 0;
        if (ready < 0 || status == EINTR || status == EAGAIN)
            continue;
        if (status == 0 && ready > 0)
            buf_added(out, (size_t)got);
        if (status == 0 && out->len > limit)
            status = EFBIG;
        if (status) {
            buf_free(out);
            return status;
        }
    }
    return 0;
}

int file_read(const char *path, size_t limit, struct buf *out)
{
    int status = read_path(path, limit, out);
    if (status)
        buf_free(out);
    return status;
}

int file_read_start(const char *path, size_t limit, struct buf *out)
{
    int status = read_path(path, limit, out);
    if (status && status != EFBIG)
        buf_free(out);
    return status == EFBIG ? 0 : status;
}

char *path_expand(struct arena *arena, const char *path)
{
    if (!slice_starts(slice_of(path), "~/"))
        return arena_strdup(arena, path);
    const char *home = env_get("HOME");
    return home ? arena_printf(arena, "%s%s", home, path + 1) : NULL;
}

const char *env_get(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}
