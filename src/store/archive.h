#ifndef ECR_STORE_ARCHIVE_H
#define ECR_STORE_ARCHIVE_H

#include "base/reader.h"
#include "store/tar.h"

/* An archive that images are read from. */
struct archive {
    const char *name; /* for messages: the file, "standard input" */
    struct tar tar;
};

/*
 * Opens a file, or standard input for "-", which is kept in a file without a name meanwhile unless it is one. All that is
 * named lives in `arena`. -1 with an error of reason usage for what is no sound archive (tar_index), and for a compressed
 * one; archive_close in any case.
 */
int archive_open(struct arena *arena, const char *file, struct archive *archive, struct error *error);

/* The same for what stands in a descriptor, which archive_close closes. */
int archive_open_fd(struct arena *arena, int fd, const char *name, struct archive *archive, struct error *error);
void archive_close(struct archive *archive);

/* A descriptor of a file that has no name, for what has to be read twice. -1 with an error. */
int archive_scratch_file(struct error *error);

/* The error for one that cannot be written. Returns -1. */
int archive_scratch_full(int why, struct error *error);

/*
 * The file of that name in the archive, or the one that a soft link of that name leads to, as 'docker save' writes one for
 * a layer that is there already. NULL with an error of reason usage if it is not there, or is none.
 */
const struct tar_entry *archive_find(const struct archive *archive, const char *name, struct error *error);

/* Its content, of at most `limit` bytes, in `arena`. */
int archive_read(const struct archive *archive, const struct tar_entry *entry, size_t limit, struct arena *arena,
                 struct slice *content, struct error *error);

/* The same as a part of the archive's file, for what is read in pieces. */
struct file_part archive_part(const struct archive *archive, const struct tar_entry *entry);

#endif
