#ifndef ECR_CMD_SELECT_H
#define ECR_CMD_SELECT_H

#include "base/buf.h"

/*
 * Prints one member of a JSON text: `path` is "digest", ".trail.0.reason" or "{{.digest}}". Texts go out without quotes,
 * all else as it stands, and nothing for what is not there. False for a path that is none.
 */
bool select_member(struct buf *out, struct slice json, const char *path);

/* Whether a path is one. */
bool select_is_path(const char *path);

#endif
