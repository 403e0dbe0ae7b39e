#ifndef ECR_AUTH_DOCKER_CONFIG_H
#define ECR_AUTH_DOCKER_CONFIG_H

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

#define DOCKER_CONFIG_MAX (4 << 20)

/* What is stored for a registry. Secrets, in the arena of the look-up. */
struct docker_auth {
    const char *username; /* NULL with a token */
    const char *password;
    const char *identity_token; /* an OAuth refresh token */
    const char *registry_token; /* a bearer token to be sent as it is */
    const char *helper;         /* nothing is stored here, but a credential helper of this name may have it */
};

/* One of Docker's configuration files (or podman's auth files), parsed. */
struct docker_config {
    const char *path; /* for messages; NULL: there is none */
    struct buf text;
    struct json json;
};

/*
 * Reads a file; one that is not there counts as empty (path NULL), unless it `must_exist`. -1 with an error of reason
 * no-credentials, and nothing to free. The tokens live in `arena`; docker_config_free frees the text.
 */
int docker_config_read(struct docker_config *config, struct arena *arena, const char *path, bool must_exist,
                       struct error *error);

/* The same from a text, as in DOCKER_AUTH_CONFIG; `name` is for messages. */
int docker_config_parse(struct docker_config *config, struct arena *arena, const char *text, const char *name,
                        struct error *error);
void docker_config_free(struct docker_config *config);

/* $DOCKER_CONFIG/config.json, else ~/.docker/config.json; NULL without HOME. */
const char *docker_config_path(struct arena *arena);

/* Whether a key of `auths` means a registry: its name, or an old form with scheme and path ("https://host/v1/"). */
bool docker_config_key_fits(struct slice key, const char *registry);

/* The registry that a key means: without scheme and path. */
struct slice docker_config_key_host(struct slice key);

/*
 * The longest "registry/namespace" above a repository that has an entry of its own, as podman's files may; NULL without.
 * docker_config_find finds it by that name. In `arena`.
 */
const char *docker_config_namespace(const struct docker_config *config, struct arena *arena, const char *registry,
                                    const char *repository);

/*
 * Looks up `auths` for a registry ("host[:port]"; Docker Hub's keys are known): the key itself, else an old one with
 * scheme and path ("https://host/v1/"). 1 with `auth`, 0 when nothing is stored (with
 * auth->helper if the file leaves this registry to a helper), -1 for a broken entry.
 */
int docker_config_find(const struct docker_config *config, struct arena *arena, const char *registry,
                       struct docker_auth *auth, struct error *error);

#endif
