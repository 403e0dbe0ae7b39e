#ifndef ECR_BASE_UTF8_H
#define ECR_BASE_UTF8_H

#include "base/arena.h"

#define EXCERPT_MAX 1000 /* bytes of a peer's text that a message takes over: enough for IAM's longest denials */

/* The length of the UTF-8 character at the start of `text` (1 to 4), or 0 if there is no valid one. RFC 3629. */
size_t utf8_length(struct slice text);

/* How many characters a text has; false if a part of it is not UTF-8. */
bool utf8_count(struct slice text, size_t *count);

/* The number of the valid character that `text` begins with. */
uint32_t utf8_code(struct slice text);

/*
 * Whether a character of two bytes or more can make a terminal or a reader believe something else than what is
 * written: the control characters U+0080 to U+009F, and the marks that turn the direction of text.
 */
bool utf8_is_harmful(struct slice character);

/* A copy of at most EXCERPT_MAX bytes, with "..." where more was cut off; NULL for NULL. */
const char *utf8_excerpt(struct arena *arena, const char *text);

#endif
