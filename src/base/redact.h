#ifndef ECR_BASE_REDACT_H
#define ECR_BASE_REDACT_H

#include "base/arena.h"

/*
 * A copy of `text` with "***" wherever `secret` stood in it, or a part of the secret of REDACT_PART_MIN characters or
 * more as its spaces, commas and equal signs divide it: services quote what was sent to them, headers and all.
 */
#define REDACT_PART_MIN 17 /* longer than any scheme's or parameter's name */

char *redact(struct arena *arena, const char *text, const char *secret);

#endif
