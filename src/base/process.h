#ifndef ECR_BASE_PROCESS_H
#define ECR_BASE_PROCESS_H

#include "base/buf.h"
#include "base/error.h"

#define PROCESS_OUTPUT_MAX (64 << 10) /* what the programs that we run print has a few KB */

/* How a program that was run ended. process_free wipes what it printed. */
struct process_end {
    int status; /* its exit status; 128 and the signal's number when one ended it */
    struct buf out;
    struct buf err; /* empty when its stderr is ours */
};

/*
 * Runs a program without a shell: argv[0] is looked for in PATH unless it has a slash, `input` goes to its stdin. It is
 * killed when it prints more than PROCESS_OUTPUT_MAX or does not end before the deadline. Its stderr is read with
 * `keep_stderr` and otherwise ours. Returns 0 when it ended by itself, or -1 with an error of reason no-credentials or
 * timeout. `end` is to be freed in any case.
 */
int process_run(char *const argv[], struct slice input, bool keep_stderr, int64_t deadline, struct process_end *end,
                struct error *error);
void process_free(struct process_end *end);

#endif
