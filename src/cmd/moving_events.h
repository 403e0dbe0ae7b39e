#ifndef ECR_CMD_MOVING_EVENTS_H
#define ECR_CMD_MOVING_EVENTS_H

#include "cmd/moving.h"

/* What is told while an image moves: bars or lines on stderr, with --json events on stdout. */
void moving_watch(struct moving *moving);

/* The end of it. */
void moving_watched(struct moving *moving);

/* What was done in all, with --json as the last event. */
void moving_sum_up(struct moving *moving);

#endif
