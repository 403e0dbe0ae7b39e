#ifndef ECR_CHECK_FETCH_H
#define ECR_CHECK_FETCH_H

#include "check/item.h"
#include "check/session.h"
#include "registry/manifest.h"

/* The way to an image's registry, as whoever said that it is there is asked by a pull. */
struct registry_client item_registry(struct session *session, const struct item *item);

/*
 * The manifest of an image that is present; with a platform that of the child for it, where it is an index. -1 with an
 * error: no-platform when it has none for it.
 */
int fetch_manifest(struct session *session, const struct item *item, const char *platform, struct arena *arena,
                   struct registry_manifest *manifest, struct error *error);

/* The configuration of an image that is present. An index needs a platform, if it has more than one. */
int fetch_config(struct session *session, const struct item *item, const char *platform, struct arena *arena,
                 struct slice *config, struct error *error);

#endif
