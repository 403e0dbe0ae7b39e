#ifndef ECR_ECR_PERMISSION_H
#define ECR_ECR_PERMISSION_H

#include "ecr/api.h"

/* An IAM action that pulling or checking an image takes, and a call that shows whether it is allowed. */
struct ecr_permission {
    const char *operation; /* the action is "ecr:" and this */
    bool on_repository;    /* its resource is the repository; else "*" */
    bool for_pull;         /* a pull fails without it */
    bool for_check;        /* 'ecr check' needs it, or its substitute */
};

#define ECR_PERMISSIONS 6
extern const struct ecr_permission ecr_permissions[ECR_PERMISSIONS];

/*
 * Makes the call with an image and a layer that cannot be there, so that nothing is pulled, imported or counted. 0 when
 * it is allowed, whatever else the service says to it; -1 with the error: denied, or that it could not be asked.
 */
int ecr_permission_try(const struct ecr_api *api, const struct ecr_permission *permission, const char *repository,
                       struct arena *arena, struct error *error);

/* Appends the smallest policy with which an image of the repository can be checked and pulled, as JSON. */
void ecr_permission_policy(struct buf *out, const struct ecr_api *api, const char *repository, bool imports);

#endif
