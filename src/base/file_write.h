#ifndef ECR_BASE_FILE_WRITE_H
#define ECR_BASE_FILE_WRITE_H

#include <stdint.h>

#include "base/arena.h"

/*
 * Files that hold secrets: mode 0600, replaced at once and whole, so that no reader ever sees half of one. A path may be
 * a symlink of the user's own (or root's), whose target is then the file; one of anybody else is refused.
 */

/* Where the file really is, in `arena`. Returns 0 or an errno value: EPERM for a symlink that somebody else planted. */
int file_resolve(struct arena *arena, const char *path, const char **real);

/*
 * Puts `text` in the place of a file's content, or makes the file, and its folders with mode 0700. Its owner stays.
 * Returns 0 or an errno value, and the file is then as it was: EINVAL for what is there but is no regular file, EPERM
 * for a file of somebody else's in a folder where anybody could have planted it.
 */
int file_replace(const char *path, struct slice text);

/* The lock of a file, held by a file of its own beside it, "PATH.lock", that goes with it. */
struct file_lock {
    int fd; /* -1: none is held */
    char *path;
};

#define FILE_LOCK_NONE ((struct file_lock){-1, NULL})

/*
 * Waits for the lock of a file, for reading it, changing it and putting it back as one step. A file system without
 * locks gives none: the replacing is whole there, too. Returns 0 or an errno value, with none held: ETIMEDOUT at the
 * deadline, EPERM where somebody else planted a file of the lock's name. file_unlock frees what is held.
 */
int file_lock(const char *path, int64_t deadline, struct file_lock *lock);
void file_unlock(struct file_lock *lock);

#endif
