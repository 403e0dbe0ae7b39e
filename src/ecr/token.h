#ifndef ECR_ECR_TOKEN_H
#define ECR_ECR_TOKEN_H

#include <pthread.h>

#include "ecr/api.h"

/* A registry token, or why there is none. */
struct ecr_token {
    int status; /* 0, or -1 with `error` */
    struct error error;
    const char *value;    /* the base64 of "AWS:password", as a Basic authorization takes it: a secret */
    const char *endpoint; /* "https://ACCOUNT.dkr.ecr.REGION.amazonaws.com"; NULL: the service did not say */
    int64_t requested_at; /* unix seconds */
    int64_t expires_at;   /* unix seconds; 0: not said */
};

/* The tokens of a run, shared by its threads: each is fetched once, however many ask. */
struct ecr_tokens {
    pthread_mutex_t lock;
    struct ecr_known_token *first;
};

void ecr_tokens_init(struct ecr_tokens *tokens);
void ecr_tokens_free(struct ecr_tokens *tokens);

/*
 * The token for the registries of the API's region (GetAuthorizationToken): it belongs to the caller and is good for
 * 12 hours in every account there, so it is fetched once, and again near its end. A failure is kept too, unless the time
 * of the call was over. The answer lives in `arena`, its value as long as `tokens`.
 */
const struct ecr_token *ecr_token(const struct ecr_api *api, struct ecr_tokens *tokens, struct arena *arena);

/* A registry says that this token is over: the next one who asks gets a new one. */
void ecr_token_forget(struct ecr_tokens *tokens, const char *value);

/* The user ("AWS") and the password in a token. -1 with an error of reason bad-reply. */
int ecr_token_split(const char *value, struct arena *arena, const char **user, const char **password,
                    struct error *error);

#endif
