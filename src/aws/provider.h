#ifndef ECR_AWS_PROVIDER_H
#define ECR_AWS_PROVIDER_H

#include <pthread.h>

#include "aws/chain.h"

/* Credentials with less left are renewed before they are used; a token that is fetched with them outlives them. */
#define PROVIDER_RENEW_BEFORE 300  /* seconds */
#define PROVIDER_RETRY_AFTER  30   /* seconds between renewals that bring nothing, or only others that end soon */
#define PROVIDER_EARLY_MS     5000 /* that a renewal may take while the old ones are still good */

/*
 * Credentials that are obtained once, when they are first needed, however many threads ask, and renewed near their end
 * or when a service says that they are over. A failure is kept as well, unless it was only that time was over.
 */
struct aws_provider {
    struct source_context context;         /* its arena is `arena`, its deadline that of the call in hand */
    const char *role_arn;                  /* a role to be assumed with what the chain finds; NULL: none */
    const struct chain_listener *listener; /* told while the chain runs; NULL: nobody */
    bool fixed;                            /* the credentials were given and cannot be renewed */
    struct arena *arena;                   /* of what is handed out; outlives the provider */
    pthread_mutex_t lock;
    enum { PROVIDER_NOT_TRIED, PROVIDER_GOT, PROVIDER_FAILED } state;
    struct credentials credentials;
    int64_t futile_until; /* unix seconds: until then a renewal would bring nothing, as one just showed */
    int64_t found_at;     /* when the credentials were fetched */
    int64_t renewed_at;   /* when it last brought others; 0: never */
    int64_t early_after;  /* until then credentials near their end are used as they are */
    struct error error;   /* of the first try, or of the last renewal that failed */
};

/* Finds its credentials by the chain, with what `context` says. */
void provider_init(struct aws_provider *provider, const struct source_context *context, struct arena *arena);

/* Has these credentials and no others. */
void provider_init_fixed(struct aws_provider *provider, const struct credentials *credentials, struct arena *arena);

/* What credentials there are. Their texts stay valid as long as the provider's arena. -1 with an error. */
int provider_get(struct aws_provider *provider, int64_t deadline, struct credentials *credentials, struct error *error);

/*
 * `used` were refused as being over: whether there are others now, because we or another thread fetched them. If not, and
 * only for a passing reason, `error` becomes that reason: to try again helps.
 */
bool provider_renew(struct aws_provider *provider, const struct credentials *used, int64_t deadline,
                    struct error *error);

#endif
