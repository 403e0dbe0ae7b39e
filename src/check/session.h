#ifndef ECR_CHECK_SESSION_H
#define ECR_CHECK_SESSION_H

#include "aws/chain.h"
#include "aws/client.h"
#include "docker/engine.h"
#include "ecr/api.h"
#include "ecr/host.h"

#define IMAGE_TIMEOUT_MS 60000

/* What the user asked for on the command line; NULL and 0: not given. */
struct session_options {
    const char *region;
    const char *profile;
    const char *endpoint_url;
    const char *ca_file;
    const char *authfile;
    int64_t timeout_ms;
    int max_attempts;
};

/*
 * What all checks of a run share: settings, credentials, connections, the retry bucket and clock skew, tokens. Each is
 * obtained once, when it is first needed; a failure is kept as well, so that no image waits for it again.
 */
struct session {
    struct session_options options;
    struct arena arena;
    struct trust trust;
    struct http http;
    struct aws_config config;
    struct aws_shared shared;
    int64_t deadline;          /* of the whole command */
    bool settings_failed;      /* a broken file or variable: `settings_error` */
    struct error settings_error;
    enum { NOT_TRIED, GOT, FAILED } credentials_state, docker_state;
    struct credentials credentials;
    struct error credentials_error;
    struct docker docker;
    struct error docker_error;
};

/*
 * Reads the settings. -1 with an error of reason usage for a bad flag, before anything is asked. The same fault in
 * the environment or a file is kept and fails the steps that need it.
 */
int session_open(struct session *session, const struct session_options *options, struct events events, struct error *error);
void session_close(struct session *session);

/* The caller's credentials, or -1 with the error of finding them. */
int session_credentials(struct session *session, const struct credentials **credentials, struct error *error);

/* The API for the registry that an ECR host names. */
int session_ecr_api(struct session *session, const struct ecr_host *host, int64_t deadline, struct ecr_api *api,
                    struct error *error);

/* The daemon, for asking registries or for its own images (podman's too). */
int session_docker(struct session *session, bool for_local, int64_t deadline, struct docker **docker, struct error *error);

#endif
