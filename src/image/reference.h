#ifndef ECR_IMAGE_REFERENCE_H
#define ECR_IMAGE_REFERENCE_H

#include <stdint.h>

#include "base/arena.h"

#define REFERENCE_NAME_MAX 255 /* registry and repository together, as docker and containerd limit it */
#define REFERENCE_TAG_MAX  128 /* OCI distribution-spec, "Pulling manifests" */

/*
 * An image reference, `[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]`, taken apart and normalised as docker does: without
 * a host it is Docker Hub's, with "library/" before a single word; without tag and digest the tag is "latest".
 */
struct reference {
    const char *text;     /* as it was typed */
    const char *registry; /* "host" or "host:port", lower case */
    const char *host;     /* without the port and brackets */
    uint16_t port;        /* 0: none given */
    const char *repository;
    const char *tag;    /* NULL when only a digest was given */
    const char *digest; /* NULL when none was given */
    const char *normal; /* the whole of it, normalised */
};

/* NULL, or the rule that the text breaks. All texts live in `arena`. */
const char *reference_parse(struct arena *arena, const char *text, struct reference *reference);

/* NULL, or the rule of the grammar that the name of a repository, or a tag, breaks. */
const char *reference_repository_fault(struct slice repository);
const char *reference_tag_fault(struct slice tag);

/* What is asked for: the digest if there is one, else the tag, as docker and the kubelet do. */
const char *reference_target(const struct reference *reference);

#endif
