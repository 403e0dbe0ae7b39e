#ifndef ECR_BASE_LEFTOVER_H
#define ECR_BASE_LEFTOVER_H

#include "base/arena.h"

/*
 * Files that are being written under a name of their own, until they are whole. A signal that ends the program takes them
 * away (leftovers_remove); after a kill that leaves no time for that they stay, locked by nobody.
 */

/*
 * Makes one: "FRONT" with random letters behind, 0600, locked. Returns its descriptor with *path in `arena`, or -1 with
 * errno.
 */
int leftover_make(struct arena *arena, const char *front, char **path);

/* It has its final name, or is gone: it is nobody's leftover any more. */
void leftover_done(const char *path);

/* Removes all that there are. May be called by a signal's handler. */
void leftovers_remove(void);

/* Removes those in a folder whose name begins so, that whoever made them was killed over. */
void leftover_sweep(const char *folder, const char *front);

#endif
