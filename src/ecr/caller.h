#ifndef ECR_ECR_CALLER_H
#define ECR_ECR_CALLER_H

#include <pthread.h>

#include "aws/chain.h"
#include "ecr/api.h"
#include "ecr/host.h"
#include "ecr/registry_map.h"

/* What a command line says about calls; NULL and 0: not given. */
struct ecr_caller_options {
    const char *profile;
    const char *region;
    const char *endpoint_url;
    int max_attempts;
};

/* Somebody to call as: the usual credentials, or those that the registry map names for some registries. */
struct ecr_principal {
    const struct registry_rule *rule; /* NULL: the usual ones */
    struct aws_config config;         /* with the rule's profile; the texts are those of the settings */
    struct http http;                 /* to look for the credentials with, under the provider's lock, */
    struct arena arena;               /* and to keep them */
    struct aws_provider provider;
    struct ecr_principal *next;
};

/*
 * What all callers of a run share: the AWS settings, the credentials, the retry bucket and the clock skew. The
 * credentials are looked for once, when they are first needed; a failure is kept as well.
 */
struct ecr_settings {
    struct ecr_caller_options options;
    struct arena arena;
    struct aws_config config;
    struct aws_shared shared;
    struct registry_map map;
    bool broken;          /* settings that cannot be used: every call fails with `error` */
    struct error error;   /* of the settings */
    pthread_mutex_t lock; /* of what follows */
    struct ecr_principal *principals;
    bool region_tried; /* the instance was asked for its region: */
    const char *instance_region;
};

/* Who calls ECR's API: one thread, with its own connections and memory. */
struct ecr_caller {
    struct ecr_settings *settings;
    struct arena *arena;
    struct http *http;
};

/*
 * Reads the settings. -1 with an error of reason usage for a bad option, before anything is asked. The same fault in the
 * environment or a file is kept and fails each call.
 */
int ecr_settings_open(struct ecr_settings *settings, const struct ecr_caller_options *options, struct error *error);
void ecr_settings_close(struct ecr_settings *settings);

/* Marks the settings as broken by a fault that was found elsewhere, unless they are broken already. */
void ecr_settings_break(struct ecr_settings *settings, const struct error *error);

/* The CA file of AWS_CA_BUNDLE or the profile's ca_bundle, NULL without one. */
const char *ecr_settings_ca_bundle(struct ecr_settings *settings);

/*
 * Who is called as for a registry: what the map says (unless --profile does), else the usual credentials, as with `host`
 * NULL. They are not looked for yet. -1 with an error for settings that cannot be used.
 */
int ecr_caller_principal(struct ecr_caller *caller, const struct ecr_host *host, struct ecr_principal **principal,
                         struct error *error);

/* The caller's own region: option, environment, profile, or that of the instance; NULL: not known. In `arena`. */
const char *ecr_caller_region(struct ecr_caller *caller, int64_t deadline);

/* The URL of the API for the registry that an ECR host names; nothing is asked for it. */
int ecr_caller_endpoint(struct ecr_caller *caller, const struct ecr_host *host, struct url *url, struct error *error);

/* The API for that registry. -1 without usable settings or credentials: nothing was asked. */
int ecr_caller_api(struct ecr_caller *caller, const struct ecr_host *host, int64_t deadline, struct ecr_api *api,
                   struct error *error);

/* The same with other credentials than the caller's. They outlive the API. */
int ecr_caller_api_as(struct ecr_caller *caller, const struct ecr_host *host, struct aws_provider *provider,
                      int64_t deadline, struct ecr_api *api, struct error *error);

#endif
