#ifndef ECR_REGISTRY_MANIFEST_H
#define ECR_REGISTRY_MANIFEST_H

#include "net/http.h"

/*
 * Whether a registry has a manifest, asked anonymously (OCI distribution-spec, "Pulling manifests"). 0 when it has. -1
 * with an error: no-image or no-repository on the registry's own word alone, no-credentials when it wants a login, and
 * else why it could not be found out.
 */
int registry_has_manifest(struct http *http, const char *registry, const char *repository, const char *target,
                          int64_t deadline, struct arena *arena, struct error *error);

#endif
