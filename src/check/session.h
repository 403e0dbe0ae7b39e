#ifndef ECR_CHECK_SESSION_H
#define ECR_CHECK_SESSION_H

#include "docker/engine.h"
#include "ecr/cache_rule.h"
#include "ecr/caller.h"
#include "ecr/token.h"

#define IMAGE_TIMEOUT_MS 60000

/* What the user asked for on the command line; NULL and 0: not given. */
struct session_options {
    struct ecr_caller_options ecr;
    const char *ca_file;
    const char *authfile;
    int64_t timeout_ms;
};

/*
 * What all checks of a run share: settings, credentials, connections, the retry bucket and clock skew, the daemon.
 * Each is obtained once, when it is first needed; a failure is kept as well, so that no image waits for it again.
 */
struct session {
    struct session_options options;
    struct arena arena;
    struct trust trust;
    struct http http;
    struct ecr_caller ecr;
    struct ecr_token *tokens;            /* of the regions asked so far */
    struct ecr_cache_rules *cache_rules; /* of the registries asked so far */
    int64_t deadline;                    /* of the whole command */
    enum { DOCKER_NOT_TRIED, DOCKER_GOT, DOCKER_FAILED } docker_state;
    struct docker docker;
    struct error docker_error;
};

/*
 * Reads the settings. -1 with an error of reason usage for a bad flag, before anything is asked. The same fault in
 * the environment or a file is kept and fails the steps that need it.
 */
int session_open(struct session *session, const struct session_options *options, struct events events,
                 struct error *error);
void session_close(struct session *session);

/* The daemon, for asking registries or for its own images (podman's too). */
int session_docker(struct session *session, bool for_local, int64_t deadline, struct docker **docker,
                   struct error *error);

#endif
