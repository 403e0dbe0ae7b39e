#ifndef ECR_NET_RETRY_H
#define ECR_NET_RETRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define RETRY_ATTEMPTS       3   /* of the SDKs' standard mode, the first one included */
#define RETRY_CAPACITY       500 /* the bucket of tokens that all retries of a run pay from */
#define RETRY_COST           5
#define RETRY_COST_TRANSPORT 10
#define RETRY_LONGEST_MS     20000
#define RETRY_PATIENCE_MS    300000 /* what asks us to wait longer is an answer, whatever time there is */

/* The retry rules of the AWS SDKs' standard mode, shared by all calls of a run, of all its threads. */
struct retry {
    int max_attempts;
    atomic_int tokens;
};

void retry_init(struct retry *retry, int max_attempts);

/* Whether trying again can help: for what passes (unreachable, timeout, throttled, server error, a broken reply). */
bool retry_helps(const struct error *error);

/*
 * Decides about another attempt after attempt number `attempt` (from 1) failed, and waits: full jitter over a range
 * that doubles, at least what Retry-After asked for. False, without waiting, when attempts or tokens are used up, when
 * it cannot help, or when the wait would pass the deadline. *cost is what was taken from the bucket.
 */
bool retry_wait(struct retry *retry, int attempt, const struct error *error, int64_t deadline, int *cost);

/* A call succeeded: gives back what its last retry took, or one token if there was none. */
void retry_succeeded(struct retry *retry, int cost);

/* A random number from 0 to `max`. */
uint32_t random_up_to(uint32_t max);

#endif
