#ifndef ECR_CMD_SCAN_H
#define ECR_CMD_SCAN_H

#include "cmd/work.h"

/* The verb of 'ecr scan' that has a file of its own: the registry's scanning configuration. */
int scan_config(struct work *work);

#endif
