#ifndef ECR_BASE_JSON_MERGE_H
#define ECR_BASE_JSON_MERGE_H

#include "base/buf.h"
#include "base/json.h"

/*
 * Writes several documents of one shape, the pages of a listing, as one: arrays are joined, objects merged member by
 * member, and of all else the first counts. The member `without` (NULL: none) of the roots is left out. Strings are
 * written anew, so that they can do no harm on a terminal (base/json_write.h).
 */
void json_merge(struct buf *out, const struct json *pages, size_t count, const char *without);

/* Writes one value in the same way. */
void json_write_node(struct buf *out, struct json_node node);

/* Writes a JSON text for people: a member or an element a line, two spaces a level. */
void json_pretty(struct buf *out, struct slice json);

#endif
