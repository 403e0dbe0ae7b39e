#ifndef ECR_AUTH_STORED_H
#define ECR_AUTH_STORED_H

#include "auth/docker_config.h"

/*
 * What the user has stored for a registry, in the order of --authfile (NULL without it), DOCKER_AUTH_CONFIG,
 * REGISTRY_AUTH_FILE, Docker's config.json and podman's auth.json. 1, 0 when nothing is stored (auth->helper then names
 * a helper that may have it), -1 with an error of reason no-credentials for a broken place.
 */
int stored_auth_find(struct arena *arena, const char *authfile, const char *registry, struct docker_auth *auth,
                     struct error *error);

/*
 * Under what name the login for a repository is stored: "registry/namespace" where podman's files have such an entry,
 * else the registry's own. In `arena`.
 */
const char *stored_auth_name(struct arena *arena, const char *authfile, const char *registry, const char *repository);

/*
 * The same as stored_auth_find, and where the place leaves the registry to a helper, that is asked: auth->helper is set only where it was
 * "ecr-login" for a registry of Amazon ECR, whose work this program does by itself (`is_ecr`).
 */
int stored_auth_get(struct arena *arena, const char *authfile, const char *registry, bool is_ecr, int64_t deadline,
                    struct docker_auth *auth, struct error *error);

/* Whether an authfile can be read and parsed; -1 with an error of reason usage, for a flag is checked before asking. */
int stored_auth_check(struct arena *arena, const char *authfile, struct error *error);

/* base64 of "user:password", as Basic authorization has it; NULL without both. A secret, in `arena`. */
char *basic_authorization(struct arena *arena, const struct docker_auth *auth);

/* The value of an X-Registry-Auth header (Docker Engine API): base64url of JSON. A secret, in `arena`. */
char *registry_auth_header(struct arena *arena, const struct docker_auth *auth, const char *registry);

#endif
