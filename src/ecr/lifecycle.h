#ifndef ECR_ECR_LIFECYCLE_H
#define ECR_ECR_LIFECYCLE_H

#include "base/buf.h"
#include "ecr/document.h"

/* Lifecycle policies (ECR User Guide, "Lifecycle policy properties"). */

#define LIFECYCLE_TEXT_MAX  30720 /* characters, of up to 4 bytes */
#define LIFECYCLE_RULES_MAX 50

/* The first fault of a policy, all in `arena`. */
struct document_fault lifecycle_check(struct arena *arena, struct slice text);

/* The policies that most people want. */
struct lifecycle_wish {
    int64_t keep;                /* the newest so many images stay; 0: not asked for */
    int64_t untagged_days;       /* untagged ones go so many days after their push; 0: not asked for */
    const char *const *prefixes; /* `keep` counts images with tags that begin so, each prefix by itself; without */
    size_t prefix_count;         /* one it counts all */
};

/* Writes the policy of a wish: one rule for the untagged images, then one a prefix, or one for all. */
void lifecycle_write(struct buf *out, const struct lifecycle_wish *wish);

#endif
