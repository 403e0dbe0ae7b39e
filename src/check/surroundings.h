#ifndef ECR_CHECK_SURROUNDINGS_H
#define ECR_CHECK_SURROUNDINGS_H

#include "base/arena.h"

/* Where the program runs, as far as its environment and files tell; nothing is asked. */
struct surroundings {
    bool container;
    bool pod;            /* of Kubernetes */
    bool task;           /* of ECS */
    const char *ci;      /* name of a CI system, NULL outside of one */
    const char *summary; /* "a pod of Kubernetes, as PID 1" */
};

/* `summary` lives in `arena`. */
void surroundings_find(struct surroundings *surroundings, struct arena *arena);

/*
 * Whose identity credentials of a source are, for people: in a pod or task others pull the images than the process that
 * asks. `kind` is that of struct credentials.
 */
const char *surroundings_whose(const struct surroundings *surroundings, const char *kind);

#endif
