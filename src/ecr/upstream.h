#ifndef ECR_ECR_UPSTREAM_H
#define ECR_ECR_UPSTREAM_H

#include "base/arena.h"

/* A registry that a pull-through cache rule can fetch from (ECR User Guide, "Creating a pull through cache rule"). */
struct ecr_upstream {
    const char *name;  /* of the API's enum UpstreamRegistry */
    const char *url;   /* its host */
    bool needs_secret; /* it is asked with a login of the user's, kept in Secrets Manager */
    bool takes_role;   /* ECR to ECR, across accounts */
};

/* The one that a name ("docker-hub"), a usual word for it ("docker.io") or a host means. False: there is none. */
bool ecr_upstream_find(struct arena *arena, const char *text, struct ecr_upstream *upstream);

#endif
