#ifndef ECR_STORE_TAR_H
#define ECR_STORE_TAR_H

#include "base/buf.h"
#include "base/error.h"

#define TAR_BLOCK       512
#define TAR_ENTRIES_MAX 10000
#define TAR_NAME_MAX    4096

/* What an archive has under a name. */
struct tar_entry {
    const char *name; /* without "./" in front and '/' behind */
    char type;        /* '0': a file; '1', '2': links; '5': a folder; others as POSIX has them */
    int64_t offset;   /* of the content, in the archive */
    int64_t size;     /* bytes of content */
    const char *link; /* of a soft link: where it leads, as it stands there */
};

/* The entries of a tar archive (POSIX.1-2017, pax: ustar and pax headers; GNU's long names too). */
struct tar {
    int fd; /* seekable; the caller's */
    struct tar_entry *list;
    size_t count;
};

/*
 * Reads the heads of all entries. All lives in `arena`. -1 with an error of reason usage that names `file`: for what is no
 * archive or ends too early, names that lead out of it or stand there twice, and sparse files.
 */
int tar_index(struct arena *arena, int fd, const char *file, struct tar *tar, struct error *error);

/* The entry of that name; NULL: there is none. */
const struct tar_entry *tar_find(const struct tar *tar, const char *name);

/* Appends the head of a file with that name (shorter than 100 bytes) and size; the content and tar_padding follow. */
void tar_write_head(struct buf *out, const char *name, int64_t size);

/* Zeros that fill the last block of a content of that size. */
size_t tar_padding(int64_t size);

#endif
