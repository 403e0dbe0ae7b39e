#ifndef ECR_CMD_REPLICATION_H
#define ECR_CMD_REPLICATION_H

#include "cmd/work.h"

/* The verb of 'ecr replication' that has a file of its own: the copies of an image. */
int replication_status(struct work *work);

#endif
