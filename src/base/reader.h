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

/* A part of a file. */
struct file_part {
    int fd; /* seekable; the caller's */
    const char *name;
    int64_t first, length; /* bytes */
};

/* Reads it; `part` outlives the reader. Errors are of reason usage: the file is the user's. */
struct reader file_part_reader(struct file_part *part);

#endif
