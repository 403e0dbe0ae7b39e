#ifndef ECR_AWS_CHAIN_H
#define ECR_AWS_CHAIN_H

#include "aws/source.h"

/* Who is told of each source that was tried, in order; `why` is NULL unless it does not apply. */
struct chain_listener {
    void (*tried)(void *context, const char *kind, enum source_end end, const char *why);
    void *context;
};

/*
 * Finds credentials: the first source that applies gives them or fails. -1 with an error; no-credentials if none does.
 * `listener` may be NULL.
 */
int chain_find(struct source_context *context, const struct chain_listener *listener, struct credentials *credentials,
               struct error *error);

/* The same among the sources that a profile itself can hold, for one that a role names as its source. */
int chain_find_in_profile(struct source_context *context, struct credentials *credentials, struct error *error);

#endif
