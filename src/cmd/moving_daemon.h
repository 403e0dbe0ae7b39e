#ifndef ECR_CMD_MOVING_DAEMON_H
#define ECR_CMD_MOVING_DAEMON_H

#include "cmd/moving.h"

/* Moves with the daemon on one side, which pulls, pushes, tags, loads and saves by itself, with our login. */

/* From a place to another, the target being no registry. Returns the exit status, or -1 with an error. */
int moving_by_daemon(struct moving *moving);

/* An image of the daemon to registries, under the names of these places. */
int moving_push_by_daemon(struct moving *moving, const struct place *places, size_t count);

#endif
