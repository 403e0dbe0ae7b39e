#ifndef ECR_BASE_READER_H
#define ECR_BASE_READER_H

#include <sys/types.h>

#include "base/error.h"

/* A content of a known length that is read in pieces, from any place, and from its beginning again. */
struct reader {
    /* Puts up to `size` bytes from `offset` on into `out`: how many, at least one before the end. -1 with an error. */
    ssize_t (*read)(void *context, int64_t offset, char *out, size_t size, struct error *error);
    void *context;
    int64_t length; /* bytes */
};

/* Takes a piece of a content. -1 with an error. */
typedef int reader_taker(void *context, int64_t offset, struct slice piece, struct error *error);

/* Reads all of it, in its order. -1 with an error, of the reader or of who takes it. */
int reader_each(const struct reader *reader, reader_taker *take, void *context, struct error *error);

/* The whole, which the caller knows to be small, in `arena`. */
int reader_whole(const struct reader *reader, struct arena *arena, struct slice *content, struct error *error);

/* A part of a file. */
struct file_part {
    int fd; /* seekable; the caller's */
    const char *name;
    int64_t first, length; /* bytes */
};

/* Reads it; `part` outlives the reader. Errors are of reason usage: the file is the user's. */
struct reader file_part_reader(struct file_part *part);

/* Writes all of it. 0 or an errno value. */
int write_whole(int fd, struct slice data);

#endif
