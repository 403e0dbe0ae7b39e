#ifndef ECR_ECR_POD_ROLE_H
#define ECR_ECR_POD_ROLE_H

#include "ecr/caller.h"

/*
 * The credentials of a role for whoever holds the token of a pod's service account, from STS in the region of the
 * registry. `provider` holds them; its texts live in `arena`. -1 with an error.
 */
int ecr_pod_role(struct ecr_caller *caller, const struct ecr_host *host, const char *role, const char *token,
                 int64_t deadline, struct arena *arena, struct aws_provider *provider, struct error *error);

#endif
