#include "store/archive_out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_write.h"
#include "base/leftover.h"
#include "store/tar.h"

#define STDOUT_IDLE_MS 300000

static int fail(const struct archive_out *out, int why, struct error *error)
{
    return error_set(error, why == ENOENT ? REASON_USAGE : REASON_REFUSED, out->name, "cannot write it: %s",
                     strerror(why));
}

/* ".NAME.ecr-": beside the file, so that it can be renamed. What a killed run left there goes. */
static int make_beside(struct arena *arena, const char *file, char **meanwhile)
{
    struct slice path = slice_of(file);
    size_t start = (size_t)(slice_rfind(path, '/') + 1);
    const char *folder = start ? arena_copy(arena, slice_head(path, start)) : "./";
    const char *front = arena_printf(arena, ".%s.ecr-", file + start);
    leftover_sweep(folder, front);
    return leftover_make(arena, arena_printf(arena, "%s%s", start ? folder : "", front), meanwhile);
}

int archive_out_open(struct arena *arena, const char *file, struct archive_out *out, struct error *error)
{
    struct stat info;
    bool is_stdout = strcmp(file, "-") == 0;
    *out = (struct archive_out){.name = is_stdout ? "standard output" : file, .path = file, .in_order = is_stdout};
    pthread_mutex_init(&out->lock, NULL);
    out->fd = 1;
    if (is_stdout && isatty(1))
        return error_set(error, REASON_USAGE, out->name, "an archive is not for a terminal: redirect it");
    if (is_stdout)
        return 0;
    if (stat(file, &info) == 0 && !S_ISREG(info.st_mode))
        return error_set(error, REASON_USAGE, file, "it is there, and is no file");
    int why = file_resolve(arena, file, &out->path); /* a link stays one */
    if (why)
        return fail(out, why, error);
    out->fd = make_beside(arena, out->path, &out->meanwhile);
    return out->fd < 0 ? fail(out, errno, error) : 0;
}

void archive_out_open_fd(int fd, const char *name, struct archive_out *out)
{
    *out = (struct archive_out){.name = name, .fd = fd};
    pthread_mutex_init(&out->lock, NULL);
}

static bool wait_writable(int fd)
{
    struct pollfd output = {fd, POLLOUT, 0};
    return poll(&output, 1, STDOUT_IDLE_MS) > 0;
}

int archive_out_write(struct archive_out *out, int64_t at, struct slice data, struct error *error)
{
    while (data.len) {
        if (out->in_order && !wait_writable(out->fd))
            return fail(out, ETIMEDOUT, error);
        size_t piece = data.len > PIPE_BUF ? PIPE_BUF : data.len; /* as much as there is room for, for certain */
        ssize_t done =
            out->in_order ? write(out->fd, data.data, piece) : pwrite(out->fd, data.data, data.len, (off_t)at);
        if (done < 0 && (errno == EINTR || (out->in_order && errno == EAGAIN)))
            continue;
        if (done <= 0)
            return fail(out, done < 0 ? errno : ENOSPC, error);
        at += done;
        data = slice_from(data, (size_t)done);
    }
    return 0;
}

int64_t archive_out_begin(struct archive_out *out, const char *name, int64_t size, struct error *error)
{
    struct buf head = BUF_INIT;
    tar_write_head(&head, name, size);
    pthread_mutex_lock(&out->lock);
    int64_t at = out->at;
    out->at += TAR_BLOCK + size + (int64_t)tar_padding(size);
    pthread_mutex_unlock(&out->lock);
    int status = archive_out_write(out, at, buf_view(&head), error);
    buf_free(&head);
    return status < 0 ? -1 : at + TAR_BLOCK;
}

int archive_out_pad(struct archive_out *out, int64_t size, struct error *error)
{
    static const char zeros[TAR_BLOCK];
    /* A file is filled up by what stands behind: its holes are read as zeros. */
    return out->in_order ? archive_out_write(out, 0, (struct slice){zeros, tar_padding(size)}, error) : 0;
}

int archive_out_put(struct archive_out *out, const char *name, struct slice content, struct error *error)
{
    int64_t at = archive_out_begin(out, name, (int64_t)content.len, error);
    if (at < 0 || archive_out_write(out, at, content, error) < 0)
        return -1;
    return archive_out_pad(out, (int64_t)content.len, error);
}

int archive_out_end(struct archive_out *out, struct error *error)
{
    static const char end[2 * TAR_BLOCK];
    if (archive_out_write(out, out->at, (struct slice){end, sizeof end}, error) < 0)
        return -1;
    if (!out->meanwhile)
        return 0;
    int why = leftover_finish(out->fd, out->meanwhile, out->path, usual_mode(out->path));
    out->meanwhile = NULL;
    return why ? fail(out, why, error) : 0;
}

void archive_out_drop(struct archive_out *out)
{
    if (!out->meanwhile || out->in_order)
        return;
    if (out->fd >= 0) {
        close(out->fd);
        unlink(out->meanwhile);
        leftover_done(out->meanwhile);
    }
    out->meanwhile = NULL;
}
