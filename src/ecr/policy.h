#ifndef ECR_ECR_POLICY_H
#define ECR_ECR_POLICY_H

#include "base/arena.h"

#define ECR_POLICY_MAX 10240 /* characters, of up to 4 bytes; of a repository's policy and of the registry's */

/*
 * NULL if a text is a policy as far as can be told here: a JSON object with statements, each with its effect, principal and
 * actions (IAM's grammar of resource policies). Else what is wrong, with the JSON path. In `arena`.
 */
const char *ecr_policy_fault(struct arena *arena, struct slice text);

#endif
