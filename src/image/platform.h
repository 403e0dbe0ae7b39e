#ifndef ECR_IMAGE_PLATFORM_H
#define ECR_IMAGE_PLATFORM_H

#include "base/arena.h"

/* Platforms as "os/architecture[/variant]", in the words of Go and the OCI image-spec. */

/* This machine's: "linux/amd64", "linux/arm64". In `arena`. */
const char *platform_native(struct arena *arena);

/* What a manifest says about platforms. */
struct manifest_platforms {
    bool is_index;
    const char **names; /* of an index; entries for "unknown" (attestations) are left out */
    size_t count;
    const char *config; /* digest of a single image's configuration, which names its platform; NULL for an index */
};

/* Reads a manifest or index. -1 when it is neither. All lives in `arena`. */
int manifest_platforms(struct arena *arena, struct slice manifest, struct manifest_platforms *platforms);

/* The platform in an image's configuration; NULL when it names none. */
const char *config_platform(struct arena *arena, struct slice config);

/* Whether an image for `offered` runs on `wanted`: without a variant on either side any does. */
bool platform_fits(const char *offered, const char *wanted);

#endif
