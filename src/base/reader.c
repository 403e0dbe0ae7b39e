#include "base/reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

int reader_each(const struct reader *reader, reader_taker *take, void *context, struct error *error)
{
    char piece[PIECE];
    for (int64_t done = 0; done < reader->length;) {
        ssize_t got = reader->read(reader->context, done, piece, sizeof piece, error);
        if (got < 0 || take(context, done, (struct slice){piece, (size_t)got}, error) < 0)
            return -1;
        done += got;
    }
    return 0;
}

static int keep(void *context, int64_t offset, struct slice piece, struct error *error)
{
    char *data = context;
    (void)error;
    memcpy(data + offset, piece.data, piece.len);
    return 0;
}

int reader_whole(const struct reader *reader, struct arena *arena, struct slice *content, struct error *error)
{
    char *data = arena_alloc(arena, (size_t)reader->length + 1);
    *content = (struct slice){data, (size_t)reader->length};
    return reader_each(reader, keep, data, error);
}

static ssize_t read_part(void *context, int64_t offset, char *out, size_t size, struct error *error)
{
    const struct file_part *part = context;
    if ((int64_t)size > part->length - offset)
        size = (size_t)(part->length - offset);
    for (;;) {
        ssize_t got = pread(part->fd, out, size, (off_t)(part->first + offset));
        if (got > 0)
            return got;
        if (got < 0 && errno == EINTR)
            continue;
        return error_set(error, REASON_USAGE, part->name, "cannot read it: %s",
                         got < 0 ? strerror(errno) : "it became shorter meanwhile");
    }
}

struct reader file_part_reader(struct file_part *part)
{
    return (struct reader){read_part, part, part->length};
}

int write_whole(int fd, struct slice data)
{
    while (data.len) {
        ssize_t done = write(fd, data.data, data.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : ENOSPC;
        data = slice_from(data, (size_t)done);
    }
    return 0;
}
