#ifndef ECR_ECR_TOKEN_H
#define ECR_ECR_TOKEN_H

#include "ecr/api.h"

/* A registry token that was fetched in this run, or why there is none. */
struct ecr_token {
    const struct aws_provider *provider; /* whose it is, */
    const char *region;                  /* and where it is good */
    bool is_public;
    int status; /* 0, or -1 with `error` */
    struct error error;
    const char *value;    /* the base64 of "AWS:password", as a Basic authorization takes it: a secret */
    const char *endpoint; /* "https://ACCOUNT.dkr.ecr.REGION.amazonaws.com"; NULL: the service did not say */
    int64_t requested_at; /* unix seconds */
    int64_t expires_at;   /* unix seconds; 0: not said */
    struct ecr_token *next;
};

/*
 * The token for the registries of the API's region (GetAuthorizationToken): it belongs to the caller and is good for
 * 12 hours in every account there, so it is fetched once (a failure is kept too, unless the time of the image was over).
 * *known holds the tokens of this run and grows; what is in it lives in `arena`.
 */
const struct ecr_token *ecr_token(const struct ecr_api *api, struct ecr_token **known, struct arena *arena);

/* The user ("AWS") and the password in a token. -1 with an error of reason bad-reply. */
int ecr_token_split(const char *value, struct arena *arena, const char **user, const char **password,
                    struct error *error);

#endif
