#ifndef ECR_CMD_REPORT_H
#define ECR_CMD_REPORT_H

#include "check/check.h"
#include "cmd/cmd.h"

/* Appends the line of a verdict to `out`: "present  IMAGE  DIGEST", "absent  IMAGE  REASON" or a JSON object. */
void report_text(struct buf *out, const struct item *item);
void report_json(struct buf *out, const struct item *item);

#endif
