#ifndef ECR_ECR_TOKEN_H
#define ECR_ECR_TOKEN_H

#include "ecr/api.h"

/* A registry token that was fetched in this run, or why there is none. */
struct ecr_token {
    const char *region;
    int status; /* 0, or -1 with `error` */
    struct error error;
    const char *value; /* the base64 of "AWS:password", as a Basic authorization takes it: a secret */
    struct ecr_token *next;
};

/*
 * The token for the registries of the API's region (GetAuthorizationToken): it belongs to the caller and is good for
 * 12 hours in every account there, so it is fetched once (a failure is kept too, unless the
 * time of the image was over). *known holds the tokens of this run and grows; what is in it
 * lives in `arena`.
 */
const struct ecr_token *ecr_token(const struct ecr_api *api, struct ecr_token **known, struct arena *arena);

#endif
