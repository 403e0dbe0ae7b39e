#ifndef ECR_AWS_STS_H
#define ECR_AWS_STS_H

#include "aws/source.h"

/* The AWS Security Token Service (query protocol, API version 2011-06-15). */

struct sts_role {
    const char *arn;
    const char *session_name; /* NULL: "ecr-" and the time */
    const char *external_id;  /* NULL: none */
    const char *duration;     /* seconds as text, NULL: the service's default of an hour */
};

/*
 * Credentials of a role, for the caller with those credentials. They live in the context's arena. -1 with an error:
 * its subject is the role. The region is the caller's own, else the context's, else us-east-1.
 */
int sts_assume_role(const struct source_context *context, const struct credentials *caller, const struct sts_role *role,
                    struct credentials *credentials, struct error *error);

/* The same for who holds a token of an identity provider that the role trusts; nothing is signed. */
int sts_assume_role_with_web_identity(const struct source_context *context, const char *token,
                                      const struct sts_role *role, struct credentials *credentials,
                                      struct error *error);

/* Who a caller is. */
struct sts_identity {
    const char *account;
    const char *arn;
    const char *user_id;
};

/* GetCallerIdentity, which needs no permission. `provider` signs. The texts live in the context's arena. */
struct aws_provider;
int sts_caller_identity(const struct source_context *context, struct aws_provider *provider,
                        struct sts_identity *identity, struct error *error);

/* The URL that STS is called at, for a diagnosis. */
int sts_endpoint(const struct source_context *context, struct url *url, struct error *error);

#endif
