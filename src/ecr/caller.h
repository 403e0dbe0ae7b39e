#ifndef ECR_ECR_CALLER_H
#define ECR_ECR_CALLER_H

#include "aws/chain.h"
#include "ecr/api.h"
#include "ecr/host.h"

/* What a command line says about calls; NULL and 0: not given. */
struct ecr_caller_options {
    const char *profile;
    const char *endpoint_url;
    int max_attempts;
};

/*
 * Who calls ECR's API: the shared AWS settings, the credentials, the retry bucket and the clock skew of a run. The
 * credentials are looked for once, when they are first needed; a failure is kept as well.
 */
struct ecr_caller {
    struct ecr_caller_options options;
    struct arena *arena;
    struct http *http;
    struct aws_config config;
    struct aws_shared shared;
    enum { CREDENTIALS_NOT_TRIED, CREDENTIALS_GOT, CREDENTIALS_FAILED } state;
    struct credentials credentials;
    bool broken;        /* settings that cannot be used: every call fails with `error` */
    struct error error; /* of the settings or the credentials */
};

/*
 * Reads the settings; `arena` and `http` outlive the caller. -1 with an error of reason usage for a bad option, before
 * anything is asked. The same fault in the environment or a file is kept and fails each call.
 */
int ecr_caller_open(struct ecr_caller *caller, const struct ecr_caller_options *options, struct http *http,
                    struct arena *arena, struct error *error);
void ecr_caller_close(struct ecr_caller *caller);

/* Marks the settings as broken by a fault that was found elsewhere, unless they are broken already. */
void ecr_caller_break(struct ecr_caller *caller, const struct error *error);

/* The CA file of AWS_CA_BUNDLE or the profile's ca_bundle, NULL without one. */
const char *ecr_caller_ca_bundle(const struct ecr_caller *caller);

/* The API for the registry that an ECR host names. -1 without usable settings or credentials: nothing was asked. */
int ecr_caller_api(struct ecr_caller *caller, const struct ecr_host *host, int64_t deadline, struct ecr_api *api,
                   struct error *error);

#endif
