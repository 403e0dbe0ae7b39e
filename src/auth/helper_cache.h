#ifndef ECR_AUTH_HELPER_CACHE_H
#define ECR_AUTH_HELPER_CACHE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"

/*
 * The token cache of amazon-ecr-credential-helper, cache.json of version "1.0", so that both can share one: used only
 * where AWS_ECR_CACHE_DIR names a folder and AWS_ECR_DISABLE_CACHE is not set.
 */

/* A token in it. */
struct cached_token {
    const char *value;                /* base64 of "AWS:password": a secret */
    const char *endpoint;             /* "https://host" */
    int64_t requested_at, expires_at; /* unix seconds */
    bool is_public;
};

/* Whose token for what. */
struct cache_subject {
    const char *access_key_id;
    const char *region;
    const char *account; /* NULL: ECR Public */
};

/* The path of the file; NULL when there is to be no cache. */
const char *helper_cache_path(struct arena *arena);

/* A token that was kept for the subject, whatever its age; false for none, and for a file that is no cache. */
bool helper_cache_find(struct arena *arena, const char *path, const struct cache_subject *subject,
                       struct cached_token *token);

/* Whether the first half of its life is not over: then that helper, too, uses it without asking. */
bool cached_token_is_fresh(const struct cached_token *token);

/* Keeps a token; all other entries stay. A cache that cannot be written is none: returns an errno value for -v. */
int helper_cache_store(struct arena *arena, const char *path, const struct cache_subject *subject,
                       const struct cached_token *token, int64_t deadline);

/* All tokens in the file, *count of them. */
struct cached_token *helper_cache_all(struct arena *arena, const char *path, size_t *count);

#endif
