#ifndef ECR_AUTH_HELPER_CALL_H
#define ECR_AUTH_HELPER_CALL_H

#include "auth/docker_config.h"
#include "base/buf.h"
#include "base/error.h"

#define HELPER_WAIT_MS 30000 /* a key chain may have to be unlocked by hand */

/*
 * Calls a credential helper of Docker's, "docker-credential-NAME" in PATH, without a shell. `input` goes to its stdin.
 * 0 with what it printed in `output` (the caller frees it). -1 with an error of reason no-credentials: for a name that
 * would be a path, a helper that is not there, or one that fails, with what it said without the `secrets` (up to NULL).
 */
int helper_call(struct arena *arena, const char *name, const char *action, struct slice input,
                const char *const *secrets, int64_t deadline, struct buf *output, struct error *error);

/*
 * Asks a helper for a login; `registry` may be "docker.io", which helpers know by an older name. 1 with `auth`, 0 when it
 * has none, -1 with an error.
 */
int helper_get(struct arena *arena, const char *name, const char *registry, int64_t deadline, struct docker_auth *auth,
               struct error *error);

/* Has a helper keep a login, or forget one. -1 with an error. */
int helper_store(struct arena *arena, const char *name, const char *registry, const char *user, const char *password,
                 int64_t deadline, struct error *error);
int helper_erase(struct arena *arena, const char *name, const char *registry, int64_t deadline, struct error *error);

#endif
