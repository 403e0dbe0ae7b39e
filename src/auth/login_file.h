#ifndef ECR_AUTH_LOGIN_FILE_H
#define ECR_AUTH_LOGIN_FILE_H

#include "auth/docker_config.h"

/* The file that logins are kept in: Docker's config.json, or an auth file of podman and skopeo. */

/* `flag` (--authfile), else REGISTRY_AUTH_FILE, else Docker's config.json; NULL without HOME. */
const char *login_file_path(struct arena *arena, const char *flag);

/* What was done with a login. */
struct login_done {
    const char *helper; /* that keeps it; NULL: the file does */
    bool nothing;       /* there was nothing to do */
};

/*
 * Keeps a login for a registry: in the credential store that the file names for it (credHelpers, else credsStore), else
 * in the file, which is made if it is missing. All other members stay as they are; the file is replaced at once, under
 * a lock. Where the store is ecr-login, which fetches tokens itself, nothing is kept. -1 with an error; nothing is
 * changed then.
 */
int login_file_store(struct arena *arena, const char *path, const char *registry, const char *user,
                     const char *password, int64_t deadline, struct login_done *done, struct error *error);

/* Takes the login of a registry out again. */
int login_file_remove(struct arena *arena, const char *path, const char *registry, int64_t deadline,
                      struct login_done *done, struct error *error);

/* The registries that the file has entries for; *count of them, one may be there twice. */
int login_file_registries(struct arena *arena, const char *path, const char ***names, size_t *count,
                          struct error *error);

#endif
