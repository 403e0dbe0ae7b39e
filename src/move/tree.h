#ifndef ECR_MOVE_TREE_H
#define ECR_MOVE_TREE_H

#include "move/source.h"

/*
 * Finds out what belongs to the image: its manifests in the order that they are put, with what refers to them where that
 * is wanted, and its blobs, each once. -1 with an error: no-platform where the image is for none of those that are wanted.
 */
int tree_collect(struct move *move, struct move_source *source, struct mover *mover, struct error *error);

#endif
