#ifndef ECR_IMAGE_YAML_H
#define ECR_IMAGE_YAML_H

#include "base/arena.h"

/*
 * As much of YAML 1.2 as manifests of Kubernetes and Compose files use, JSON with it: block and flow collections, plain
 * and quoted scalars, comments, documents. Block scalars, tags and anchors are passed over, aliases are texts. Nothing is
 * built: each scalar is shown with the way that leads to it.
 */
#define YAML_DEPTH_MAX 64
#define YAML_TEXT_MAX  (16 << 20)

/* One step of the way: a key of a mapping, or (name NULL) an element of a sequence. */
struct yaml_step {
    const char *name;
    const char *anchor; /* of the collection that stands there; NULL: none */
    size_t indent;
};

struct yaml_scalar {
    const struct yaml_step *way;
    size_t depth;
    const char *text;
    size_t line;            /* from 1 */
    const char *collection; /* an alias of the collection with this anchor, shown where that stands alone; NULL: none */
};

typedef void yaml_visitor(void *context, const struct yaml_scalar *scalar);

/* Shows every scalar value in its order. NULL, or what is wrong, with *line. Texts live in `arena`. */
const char *yaml_walk(struct arena *arena, struct slice text, yaml_visitor *visit, void *context, size_t *line);

#endif
