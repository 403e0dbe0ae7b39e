#ifndef ECR_BASE_JSON_EDIT_H
#define ECR_BASE_JSON_EDIT_H

#include "base/buf.h"
#include "base/json.h"

/*
 * Writes a document anew with one member changed, tab-indented as docker writes its files. All else is taken over as
 * it stands, byte for byte, known or not.
 *
 * `path` holds `depth` (1 or more) names from the root object down; objects that are missing on the way are made, and
 * what stands there but is no object is replaced by one. `value` is the JSON text of the new value; with NULL the
 * member is left out.
 */
void json_edit(struct buf *out, struct json_node root, const char *const *path, size_t depth, const char *value);

#endif
