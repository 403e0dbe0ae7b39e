#ifndef ECR_CHECK_SESSION_H
#define ECR_CHECK_SESSION_H

#include "docker/engine.h"
#include "ecr/cache_rule.h"
#include "ecr/caller.h"
#include "ecr/token.h"
#include "registry/registry.h"

#define IMAGE_TIMEOUT_MS 60000

/* What the user asked for on the command line; NULL and 0: not given. */
struct session_options {
    struct ecr_caller_options ecr;
    const char *ca_file;
    const char *authfile;
    const char *plain_http;
    int64_t timeout_ms;
};

/* What all threads of a run share. Each is obtained once, when it is first needed; a failure is kept as well. */
struct session_shared {
    struct session_options options;
    struct trust trust;
    struct ecr_settings ecr;
    struct ecr_tokens tokens;
    struct ecr_rule_books rule_books;
    struct registries registries;
    bool ca_broken; /* the environment names certificates that cannot be used: */
    struct error ca_error;
    int64_t deadline; /* of the whole command */
};

/* A thread's own part of a run: its memory and its connections. */
struct session {
    struct session_shared *shared;
    struct arena arena;
    struct http http;
    struct ecr_caller ecr;
    int64_t deadline; /* of the whole command */
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

/* Gives back everything, the shared part too. */
void session_close(struct session *session);

/* Another thread's part of the same run; session_leave gives it back, before the first one is closed. */
void session_join(struct session *session, const struct session *other);
void session_leave(struct session *session);

/* The same, but what the other's thread made lives on with this session. */
void session_adopt(struct session *session, struct session *other);

/* A way to a repository's registry under a login. `stranger`: where the login is refused it is asked without. */
struct registry_client session_registry(struct session *session, const char *registry, const char *repository,
                                        enum registry_login login, bool stranger, int64_t deadline);

/* The daemon, for asking registries or for its own images (podman's too). */
int session_docker(struct session *session, bool for_local, int64_t deadline, struct docker **docker,
                   struct error *error);

#endif
