#ifndef ECR_BASE_JSON_WRITE_H
#define ECR_BASE_JSON_WRITE_H

#include <stdint.h>

#include "base/buf.h"

/*
 * Writes JSON into a builder. Commas are put by looking at the last byte, so a writer needs no state:
 * json_open(b, '{'); json_member(b, "a"); json_write_str(b, "x"); json_close(b, '}').
 */
void json_open(struct buf *b, char bracket);
void json_close(struct buf *b, char bracket);
void json_member(struct buf *b, const char *name);

/*
 * Bytes that are not UTF-8 become U+FFFD; control characters, marks of text direction and the second of two '#' are
 * escaped: the line may be read on a terminal or in a CI log.
 */
void json_write_slice(struct buf *b, struct slice text);
void json_write_str(struct buf *b, const char *text);
void json_write_int(struct buf *b, int64_t number);
void json_write_raw(struct buf *b, struct slice json); /* a value as it stands */

/* A member with a string value, left out when `text` is NULL. */
void json_member_str(struct buf *b, const char *name, const char *text);
void json_member_int(struct buf *b, const char *name, int64_t number);

#endif
