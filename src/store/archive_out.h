#ifndef ECR_STORE_ARCHIVE_OUT_H
#define ECR_STORE_ARCHIVE_OUT_H

#include <pthread.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * An archive that is being written. A file has its name only once it is whole; its entries may be written by several
 * threads at once, each in its own place. Standard output is written in order.
 */
struct archive_out {
    const char *name; /* for messages */
    int fd;
    bool in_order;
    const char *path; /* the final one */
    char *meanwhile;
    int64_t at;           /* where the next entry goes, */
    pthread_mutex_t lock; /* which guards it */
};

/* Opens a file, or standard output for "-". -1 with an error. */
int archive_out_open(struct arena *arena, const char *file, struct archive_out *out, struct error *error);

/* The same in a file that is open, and stays so, and has no name. */
void archive_out_open_fd(int fd, const char *name, struct archive_out *out);

/*
 * Writes the head of an entry of that size, and what fills up its end. Returns where its content goes, or -1 with an
 * error. In order the content is to be written before the next entry begins.
 */
int64_t archive_out_begin(struct archive_out *out, const char *name, int64_t size, struct error *error);

/* Writes a piece of a content. -1 with an error. */
int archive_out_write(struct archive_out *out, int64_t at, struct slice data, struct error *error);

/* Ends an entry of that size in order. */
int archive_out_pad(struct archive_out *out, int64_t size, struct error *error);

/* A whole entry. */
int archive_out_put(struct archive_out *out, const char *name, struct slice content, struct error *error);

/* Ends the archive, and gives it its name. */
int archive_out_end(struct archive_out *out, struct error *error);

/* Leaves nothing of it; what went to standard output is lost. */
void archive_out_drop(struct archive_out *out);

#endif
