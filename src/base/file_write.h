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
 * Returns 0 or an errno value, and the file is then as it was: EINVAL for what is there but is no regular file.
 */
int file_replace(const char *path, struct slice text);

/*
 * Waits for the lock of the folder that a file lies in, for reading it, changing it and putting it back as one step. A
 * file system without locks gives none (*lock is -1): the replacing is whole there, too. Returns 0 or an errno value:
 * ETIMEDOUT at the deadline.
 */
int file_lock(const char *path, int64_t deadline, int *lock);
void file_unlock(int lock);

#endif
