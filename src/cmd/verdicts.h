#ifndef ECR_CMD_VERDICTS_H
#define ECR_CMD_VERDICTS_H

#include "cmd/images.h"

/*
 * Checks images and tells of it: notes on stderr as it goes, a line of progress on a terminal, the verdicts on stdout in
 * the order of the images as soon as their turn comes (not with `silent`), and a summary of many. Returns the exit status
 * of the verdicts, or 5 when they could not be written.
 */
int verdicts_run(struct invocation *in, struct session *session, struct item *items, size_t count,
                 const struct check_options *options, const struct image_arguments *arguments, bool silent);

/* Prints the verdicts of a check that ran silently. -1 when they could not be written. */
int verdicts_print(struct invocation *in, const struct item *items, size_t count,
                   const struct image_arguments *arguments);

/* "IMAGE: REASON: DETAIL" of what is not present: for messages. In `arena`. */
const char *verdict_text(struct arena *arena, const struct item *item);

#endif
