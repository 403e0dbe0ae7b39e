#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_fd(int fd, size_t limit, struct buf *out)
{
    for (;;) {
        char *room = buf_reserve(out, 4096);
        ssize_t got = read(fd, room, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return 0;
        buf_added(out, (size_t)got);
        if (out->len > limit)
            return EFBIG;
    }
}

int file_read(const char *path, size_t limit, struct buf *out)
{
    *out = BUF_INIT;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno;
    int status = read_fd(fd, limit, out);
    close(fd);
    if (status)
        buf_free(out);
    return status;
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
