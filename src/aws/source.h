#ifndef ECR_AWS_SOURCE_H
#define ECR_AWS_SOURCE_H

#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/shared.h"
#include "net/http.h"

/*
 * A source of credentials either does not apply here, gives some, or applies and fails. As in the AWS SDKs a failure
 * ends the search: going on would answer with another identity than the one that was meant.
 */
enum source_end { SOURCE_NOT_HERE, SOURCE_GAVE, SOURCE_FAILED };

/* A profile whose role is being assumed, and the one that named it as its source: roles that lead to themselves. */
struct visited_profile {
    const char *name;
    const struct visited_profile *before;
};

struct source_context {
    const struct aws_config *config;
    const char *profile;                   /* whose keys are read: config->profile, or the source of its role */
    bool environment;                      /* variables with keys and roles count: no profile was named by a flag */
    const struct visited_profile *visited; /* NULL outside of roles */
    const char *region;                    /* of STS where none is configured; NULL: us-east-1 */
    struct http *http;
    struct aws_shared *shared;
    int64_t deadline;
    struct arena *arena; /* what is given lives here */
    const char *why;     /* set with SOURCE_NOT_HERE: why it does not apply, for people */
};

typedef enum source_end source_function(struct source_context *context, struct credentials *credentials,
                                        struct error *error);

/* One file a source; chain.c holds them in order. */
source_function source_environment;      /* AWS_ACCESS_KEY_ID and its companions */
source_function source_assume_role;      /* role_arn with source_profile or credential_source */
source_function source_web_identity;     /* role_arn and a token, of a profile or of the environment */
source_function source_sso;              /* IAM Identity Center: 'aws sso login' */
source_function source_credentials_file; /* keys in ~/.aws/credentials */
source_function source_login;            /* a session of 'aws login' */
source_function source_process;          /* credential_process */
source_function source_config_file;      /* keys in ~/.aws/config */
source_function source_container;        /* ECS, EKS Pod Identity */
source_function source_imds;             /* the role of an EC2 instance */
source_function source_github;           /* GitHub's OIDC endpoint */

/* For the sources: sets `why` as printf does. */
enum source_end source_not_here(struct source_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A key of the context's profile, either file; NULL when it is not set. */
const char *source_key(const struct source_context *context, const char *key);

/* "profile 'x'", for messages. */
const char *source_profile_name(const struct source_context *context);

#endif
