#ifndef ECR_CHECK_REQUIREMENT_H
#define ECR_CHECK_REQUIREMENT_H

#include "check/item.h"
#include "check/session.h"

/* What an image must be beyond being there. Nothing is required by zeros. */
struct requirements {
    const char **platforms; /* each must be in it */
    size_t platform_count;
    const char *digest; /* that it must have; NULL: any */
    int64_t max_age_ms;
    int64_t max_size; /* in bytes, of what a pull fetches */
    bool signature;   /* something must say that it signs it */
    bool deep;        /* a pull must succeed: every part of it must be there and be given to us */
};

/* Whether the image of an item that is present meets them: if not, its verdict becomes unfit or unknown. */
void requirements_judge(const struct requirements *required, struct session *session, struct item *item);

#endif
