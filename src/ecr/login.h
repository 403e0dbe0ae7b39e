#ifndef ECR_ECR_LOGIN_H
#define ECR_ECR_LOGIN_H

#include "ecr/caller.h"
#include "ecr/token.h"

/* What a docker client logs in to a registry of ECR with. */
struct ecr_login {
    const char *registry; /* its host */
    const char *user;     /* "AWS" */
    const char *password; /* a secret */
    const char *token;    /* base64 of both: a secret */
    int64_t requested_at; /* unix seconds */
    int64_t expires_at;   /* unix seconds; 0: not said */
};

/* A login for a registry. `known` as for ecr_token; all lives in `arena`. -1 with an error. */
int ecr_login(struct ecr_caller *caller, const struct ecr_host *host, int64_t deadline, struct ecr_tokens *tokens,
              struct arena *arena, struct ecr_login *login, struct error *error);

/* The same with other credentials than the caller's. */
int ecr_login_as(struct ecr_caller *caller, const struct ecr_host *host, struct aws_provider *provider,
                 int64_t deadline, struct ecr_tokens *tokens, struct arena *arena, struct ecr_login *login,
                 struct error *error);

/* For the caller's own registry in its region, whose host the service tells. */
int ecr_login_own(struct ecr_caller *caller, int64_t deadline, struct ecr_tokens *tokens, struct arena *arena,
                  struct ecr_login *login, struct error *error);

/* The caller's own registry, of which the region alone is known. */
int ecr_own_region(struct ecr_caller *caller, int64_t deadline, struct ecr_host *host, struct error *error);

/* The host of an account's registry in a region, in its usual form. */
int ecr_own_host(struct ecr_caller *caller, const char *account, int64_t deadline, struct arena *arena,
                 struct ecr_host *host, struct error *error);

/*
 * The registry that a text means: a host, a URL, an image of it, an account (its registry in the caller's region) or
 * "public". -1 with an error of reason usage.
 */
int ecr_registry_parse(struct ecr_caller *caller, const char *text, int64_t deadline, struct arena *arena,
                       struct ecr_host *host, struct error *error);

#endif
