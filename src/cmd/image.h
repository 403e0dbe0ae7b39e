#ifndef ECR_CMD_IMAGE_H
#define ECR_CMD_IMAGE_H

#include "cmd/work.h"

/* The verbs of 'ecr image' that have a file of their own, and what they share with the others. */
int image_show(struct work *work);
int image_rm(struct work *work);

/* What the service says about the target image (DescribeImages). -1 with an error, no-image if it is not there. */
int image_describe(struct work *work, struct json_node *detail);

/* Behind a description that failed: whether the image is archived, or being restored. The error stays. */
bool image_find_hidden(struct work *work, struct ecr_image *image);

/* Behind a failure, too: where the image is hidden the error says so. Returns -1. */
int image_explain_hidden(struct work *work);

#endif
