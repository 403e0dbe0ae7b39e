#ifndef ECR_BASE_REDACT_H
#define ECR_BASE_REDACT_H

#include "base/arena.h"

/*
 * A copy of `text` with "***" wherever `secret` stood in it, or a part of the secret of REDACT_PART_MIN characters or
 * more as its spaces, commas and equal signs divide it: services quote what was sent to them, headers and all.
 */
#define REDACT_PART_MIN 17 /* longer than any scheme's or parameter's name */

char *redact(struct arena *arena, const char *text, const char *secret);

/*
 * A copy of a text of unknown origin with "***" for what looks like a key: what is assigned to a name with "secret" or
 * "token" in it, and words of REDACT_KEY_MIN characters or more that mix cases and digits, as keys and tokens do.
 */
#define REDACT_KEY_MIN 36 /* AWS's secret keys have 40 */

char *redact_keys(struct arena *arena, const char *text);

#endif
