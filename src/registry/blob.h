#ifndef ECR_REGISTRY_BLOB_H
#define ECR_REGISTRY_BLOB_H

#include "registry/registry.h"

#define CONFIG_MAX (4 << 20)

/*
 * Whether a pull would get a blob: its first byte is fetched, through the redirects that a pull would follow. 0 when it
 * came. -1 with an error: incomplete when the registry or the place that it leads to says that it is not there.
 */
int registry_try_blob(const struct registry_client *client, const char *repository, const char *digest, int64_t size,
                      struct arena *arena, struct error *error);

/*
 * What a reply means that is not the blob that was asked for: incomplete when it is not there, on the registry's own
 * word or that of the store of layers that it leads to. Returns -1 with `error`.
 */
int registry_blob_refused(const struct registry_client *client, const char *digest, const struct http_reply *reply,
                          bool anonymous, struct arena *arena, struct error *error);

/* The size of a blob as a reply tells it: of the whole in Content-Range, else its own; -1: it does not. */
int64_t registry_blob_size(const struct http_reply *reply);

/* A small blob whole, such as a configuration; its bytes have the digest. */
int registry_get_blob(const struct registry_client *client, const char *repository, const char *digest,
                      struct arena *arena, struct slice *content, struct error *error);

#endif
