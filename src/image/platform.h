#ifndef ECR_IMAGE_PLATFORM_H
#define ECR_IMAGE_PLATFORM_H

#include "base/json.h"

/* Platforms as "os/architecture[/variant]", in the words of Go and the OCI image-spec. */

/* This machine's: "linux/amd64", "linux/arm64". In `arena`. */
const char *platform_native(struct arena *arena);

/*
 * A platform as people write it, with the usual other names of architectures ("linux/x86_64", "native"), in the form of
 * this file. NULL for what is none.
 */
const char *platform_parse(struct arena *arena, const char *text);

/* The platform in an object with os, architecture and variant; NULL without, and for the "unknown" of attestations. */
const char *platform_of(struct arena *arena, struct json_node object);

/* The platform in an image's configuration; NULL when it names none. */
const char *config_platform(struct arena *arena, struct slice config);

/*
 * How well an image for `offered` is one for `wanted`: 0 for not at all, PLATFORM_EXACT for exactly. Without a variant on
 * either side any fits, but that images for newer x86-64 processors (amd64/v2 and later) are none for all of them.
 */
#define PLATFORM_EXACT 3
int platform_rank(const char *offered, const char *wanted);
bool platform_fits(const char *offered, const char *wanted);

#endif
