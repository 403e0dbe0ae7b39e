#ifndef ECR_BASE_FILE_H
#define ECR_BASE_FILE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/*
 * Reads a whole file of at most `limit` bytes; the caller frees `out`. Returns 0, or an errno value with `out` empty:
 * ENOENT when it is not there, EFBIG past the limit, EISDIR for a folder. Never blocks on a FIFO without a writer, and waits
 * five seconds for one with.
 */
int file_read(const char *path, size_t limit, struct buf *out);

/* The same for the first `limit` bytes of a file that may be larger. */
int file_read_start(const char *path, size_t limit, struct buf *out);

/* Reads a stream (our stdin) to its end, which must come before the deadline: else ETIMEDOUT. */
int stream_read(int fd, size_t limit, int64_t deadline, struct buf *out);

/* A path with a leading "~/" replaced by HOME; without HOME NULL. Other paths are copied. */
char *path_expand(struct arena *arena, const char *path);

/* The value of a variable, with an empty one counted as not set. */
const char *env_get(const char *name);

#endif
