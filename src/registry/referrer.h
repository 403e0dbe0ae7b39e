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

/*
 * The digests of what refers to a manifest ("Listing Referrers", with its fallback tag), *count of them. All lives in
 * `arena`. -1 with an error.
 */
int registry_list_referrers(const struct registry_client *client, const char *repository, const char *digest,
                            struct arena *arena, const char ***digests, size_t *count, struct error *error);

/* The tag that holds them where the registry does not look after them ("Referrers Tag Schema"). */
const char *registry_referrers_tag(struct arena *arena, const char *digest);

/* The digest of the manifest that another one refers to (image-spec, "subject"), in `arena`; NULL: it refers to none. */
const char *registry_subject(struct arena *arena, struct slice manifest);

/*
 * Appends an index of referrers: the old one (data NULL: there is none) with a manifest entered. 1; 0 if it stands there
 * already; -1 for an old one that is no index.
 */
int registry_referrers_index(struct buf *out, struct slice old, const char *digest, struct slice manifest,
                             const char *media_type);

#endif
