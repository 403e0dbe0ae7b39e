#ifndef ECR_REGISTRY_MANIFEST_H
#define ECR_REGISTRY_MANIFEST_H

#include "registry/registry.h"

#define MANIFEST_MAX (4 << 20) /* OCI distribution-spec: registries must take that much */

/* A manifest as a registry describes it. Texts and bytes live in the arena of the call. */
struct registry_manifest {
    const char *digest;     /* as the registry says, or of the bytes where it does not */
    const char *media_type; /* without parameters */
    int64_t size;           /* of the manifest itself; -1: not said */
    struct slice body;      /* its bytes, which have the digest; data NULL when only its head was asked for */
    bool anonymous;         /* it was asked for as a stranger */
};

/*
 * Whether a registry has a manifest, by its head, and where that says too little by the manifest itself (OCI
 * distribution-spec, "Pulling manifests"). 0 when it has. -1 with an error: no-image or no-repository on the word of
 * what has shown itself to be a registry, ambiguous for a reply that may be anybody's, and else why it could not be
 * found out.
 */
int registry_has_manifest(const struct registry_client *client, const char *repository, const char *target,
                          struct arena *arena, struct registry_manifest *manifest, struct error *error);

/* The manifest with its bytes, which are checked against the digest that was asked for or is said. */
int registry_get_manifest(const struct registry_client *client, const char *repository, const char *target,
                          struct arena *arena, struct registry_manifest *manifest, struct error *error);

#endif
