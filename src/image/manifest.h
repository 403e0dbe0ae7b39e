#ifndef ECR_IMAGE_MANIFEST_H
#define ECR_IMAGE_MANIFEST_H

#include <stdint.h>

#include "base/arena.h"

/* What a manifest points to (OCI image-spec, "Descriptor"). */
struct descriptor {
    const char *digest; /* of the grammar */
    const char *media_type;
    int64_t size;         /* -1: not said */
    const char *platform; /* of a child of an index: "linux/arm64/v8"; NULL: it says none, */
    bool for_none;        /* or that it is for no machine, as attestations do ("unknown") */
    bool elsewhere;       /* a layer that registries need not have (nondistributable, foreign) */
};

/* A manifest (image-spec, "Image Manifest", "Image Index", and Docker's schema 2) taken apart. */
struct manifest {
    bool is_index;
    struct descriptor *children; /* of an index */
    size_t child_count;
    struct descriptor config; /* of an image; digest NULL in Docker's schema 1, which has none */
    struct descriptor *layers;
    size_t layer_count;
};

/* NULL, or what is wrong with it. All lives in `arena`. */
const char *manifest_parse(struct arena *arena, struct slice text, struct manifest *manifest);

/* The child for a platform, of several the one that fits best, as a pull takes it; without one, the only child. */
const struct descriptor *manifest_child(const struct manifest *index, const char *platform);

/* The platforms of its children, "linux/amd64, linux/arm64"; "": none is said. */
const char *manifest_platforms(struct arena *arena, const struct manifest *index);

/* Whether a media type is one of manifests: of OCI's and Docker's images and indexes, of artifacts. */
bool manifest_is_type(struct slice media_type);

#endif
