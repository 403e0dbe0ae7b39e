#ifndef ECR_REGISTRY_REFERRER_H
#define ECR_REGISTRY_REFERRER_H

#include "registry/registry.h"

/*
 * Whether something says that it signs a manifest: a referrer of a signature's type (OCI distribution-spec, "Listing
 * Referrers", with its fallback tag), or the tag that cosign keeps its signatures under. Nothing is verified. 0 with
 * *found set or not; -1 with an error when it could not be found out.
 */
int registry_find_signature(const struct registry_client *client, const char *repository, const char *digest,
                            struct arena *arena, bool *found, struct error *error);

#endif
