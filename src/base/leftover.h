#ifndef ECR_BASE_LEFTOVER_H
#define ECR_BASE_LEFTOVER_H

#include <sys/types.h>

#include "base/arena.h"

/*
 * Files that are being written under a name of their own, until they are whole. SIGINT and SIGTERM (main.c), and those
 * of leftovers_guard, take them away; after a kill that leaves no time for that they stay, locked by nobody, until
 * somebody sweeps.
 */

/*
 * Makes one: "FRONT" with random letters behind, 0600, locked. Returns its descriptor with *path in `arena`, or -1 with
 * errno.
 */
int leftover_make(struct arena *arena, const char *front, char **path);

/* Closes it and gives it its final name, in the place of what is there. 0, or an errno value with nothing left of it. */
int leftover_finish(int fd, const char *path, const char *final, mode_t mode);

/* It is gone, or has another name: it is nobody's leftover any more. */
void leftover_done(const char *path);

/* The mode of a file that is to be replaced, or that which a new one gets. */
mode_t usual_mode(const char *path);

/* Removes all that there are. May be called by a signal's handler. */
void leftovers_remove(void);

/* The same for good, before the program ends: whoever makes one from now on does not come back. */
void leftovers_end(void);

/* Has SIGHUP and SIGQUIT remove them, too, where they end the program. */
void leftovers_guard(void);

/* Removes those in a folder whose name begins so, that whoever made them was killed over. */
void leftover_sweep(const char *folder, const char *front);

#endif
