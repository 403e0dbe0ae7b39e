#ifndef ECR_CMD_REPO_H
#define ECR_CMD_REPO_H

#include "cmd/work.h"

/* The verbs of 'ecr repo' that have a file of their own, and what they share with the others. */
int repo_create(struct work *work);
int repo_set(struct work *work);

/* Whether what the service describes is the target, with its URI. */
bool repo_is_target(const struct work *work, struct json_node repository);

/* What the service says about the target. -1 with an error, no-repository if it is not there. */
int repo_describe(struct work *work, struct json_node *repository);

/* The tags of a described repository: rows of Key and Value. */
int repo_tags(struct work *work, struct json_node repository, struct ecr_rows *tags);

#endif
