#ifndef ECR_CMD_FINDINGS_H
#define ECR_CMD_FINDINGS_H

#include "cmd/rows.h"

/* What a scan of an image has found, in the basic and the enhanced shape (DescribeImageScanFindings). */

/* From the worst. Unranked is what the service calls by a word that is none of these. */
enum severity { CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED, UNRANKED, SEVERITIES };

/* The words of all but the last, NULL behind them. */
extern const char *const finding_severities[];

struct findings {
    struct finding *list; /* the worst first, once they are counted or printed */
    size_t count, room;
    struct json_node counts; /* by severity, as the service says on the first page */
};

/* Adds those of a reply, in `arena`. -1 if it does not say what was found: none may be overlooked. */
int findings_add(struct findings *findings, struct json_node reply, struct arena *arena);

/* How many there are of each: by the service's counts, and at least as many as were listed. */
void findings_count(const struct findings *findings, int64_t counts[static SEVERITIES]);

/* "1 CRITICAL, 2 LOW", in `arena`. */
const char *findings_summary(const int64_t counts[static SEVERITIES], struct arena *arena);

/* Prints them, the worst first, as a table or as the service's objects. Returns the exit status. */
int findings_print(struct invocation *in, struct findings *findings);

#endif
