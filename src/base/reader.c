#include "base/reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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
