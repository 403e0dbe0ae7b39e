#ifndef ECR_CMD_GITHUB_H
#define ECR_CMD_GITHUB_H

#include "check/item.h"
#include "cmd/cmd.h"

/* What a job of GitHub Actions reads beside the exit status ("Workflow commands for GitHub Actions"). */

/* Whether this is one (GITHUB_ACTIONS). */
bool github_is_here(void);

/* A verdict that is a problem, as an annotation of its file and line where there are. On stderr. */
void github_annotate(const struct item *item);

/* Has the job's log show "***" for a secret. On stderr, before anything else can print it. */
void github_mask(const char *secret);

/* Whether a result could be written under that name. -1 with a usage error: this is no job, or it is no name. */
int github_output_check(const char *name, struct error *error);

/*
 * Appends the result under a name to the file of GITHUB_OUTPUT: NAME (the state), NAME_REASON and NAME_DIGEST of one
 * image; of several NAME alone, the worst state. -1 with an error.
 */
int github_output(const char *name, const struct item *items, size_t count, struct error *error);

#endif
