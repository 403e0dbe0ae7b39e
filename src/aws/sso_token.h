#ifndef ECR_AWS_SSO_TOKEN_H
#define ECR_AWS_SSO_TOKEN_H

#include "aws/source.h"

/* How a profile signs in to IAM Identity Center. */
struct sso_settings {
    const char *session; /* NULL: the old form without an [sso-session] */
    const char *start_url;
    const char *region;
    const char *account_id;
    const char *role_name;
};

/*
 * The access token that 'aws sso login' left in ~/.aws/sso/cache, renewed when it is near its end and can be, and
 * written back. It lives in the context's arena: a secret. -1 with an error.
 */
int sso_token(const struct source_context *context, const struct sso_settings *settings, const char **token,
              struct error *error);

/* Host names of IAM Identity Center's two services, and the URL of a path there. */
int sso_url(const struct source_context *context, bool portal, const char *region, const char *path, struct url *url,
            struct error *error);

#endif
