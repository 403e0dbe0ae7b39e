#ifndef ECR_CMD_CACHE_H
#define ECR_CMD_CACHE_H

#include "cmd/work.h"

/* The verbs of 'ecr cache' that have a file of their own, and what they share with the others. */
int cache_add(struct work *work);

/* Takes an operand as the rule's prefix, in its registry. -1 with a usage error. */
int cache_prefix(struct work *work, size_t operand);

/* What the service says about the rule of the target's prefix. -1 with an error, not-set if there is none. */
int cache_describe(struct work *work, struct json_node *rule);

/* Has the service try the rule: 0 if its upstream can be reached, -1 with an error that says why not. */
int cache_validate(struct work *work);

/* The same behind a change: that the caller may not try it is told, and no failure. */
int cache_try(struct work *work);

/* Whether a secret (NULL: none) is in the region of the registry, whose API is open. -1 with a usage error. */
int cache_check_place(struct work *work, const char *secret);

/* Whether options that name a secret and a role are well-formed; NULL is not given. */
int cache_check_arns(struct work *work, const char *secret, const char *role);

#endif
