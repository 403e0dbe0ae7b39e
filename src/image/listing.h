#ifndef ECR_IMAGE_LISTING_H
#define ECR_IMAGE_LISTING_H

#include "base/arena.h"

/* An image that a file names. */
struct listed_image {
    const char *text;
    size_t line; /* from 1 */
};

struct listing {
    struct listed_image *images;
    size_t count, room;
};

/*
 * The images that a text names: in YAML or JSON the containers of all pods (Kubernetes) and the services of Compose
 * files, whose variables are filled in as Compose does; else one a line, '#' beginning a comment. NULL, or what is wrong
 * with the text, with *line. All lives in `arena`.
 */
const char *listing_read(struct arena *arena, struct slice text, const char *name, struct listing *listing,
                         size_t *line);

/*
 * A value of a Compose file with its variables filled in from the environment: $NAME, ${NAME}, ${NAME:-default},
 * ${NAME-default}, ${NAME:?error}, ${NAME:+other}, "$$". NULL, or what is wrong with it.
 */
const char *compose_value(struct arena *arena, const char *text, const char **value);

#endif
