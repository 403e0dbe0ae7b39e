#ifndef ECR_ECR_IDENTITY_H
#define ECR_ECR_IDENTITY_H

#include "aws/sts.h"
#include "ecr/caller.h"

/* Who somebody is to AWS, and how that is known. */
struct ecr_identity {
    struct credentials credentials;
    bool confirmed; /* `who` holds what STS says */
    struct sts_identity who;
};

/*
 * The identity of a principal. -1 without credentials, with nothing in it; else asks STS, and -1 with `confirmed` false
 * if that fails: the credentials are then known all the same. Texts live in `arena`.
 */
int ecr_identity(struct ecr_principal *principal, int64_t deadline, struct arena *arena, struct ecr_identity *identity,
                 struct error *error);

/* The URL of the STS that would be asked. */
int ecr_identity_endpoint(const struct ecr_principal *principal, struct arena *arena, struct url *url,
                          struct error *error);

#endif
