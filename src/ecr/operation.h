#ifndef ECR_ECR_OPERATION_H
#define ECR_ECR_OPERATION_H

#include "base/json.h"
#include "ecr/api.h"

/* The operations of ECR's two APIs (Amazon ECR and ECR Public API references, 2026), and calls of any of them. */
struct ecr_operation {
    const char *name;           /* "DescribeImages" */
    bool is_private, is_public; /* which of the APIs have it */
};

/* That of the API's name or the aws CLI's ("describe-images"), whatever its case; NULL: there is none. */
const struct ecr_operation *ecr_operation_find(const char *name);

/* The names of all, *count of them. In `arena`. */
const char *const *ecr_operation_names(struct arena *arena, size_t *count);

#define ECR_REQUEST_MAX (32 << 20) /* a layer's part has up to 20 MiB, and a third more as base64 */

/* The pages of an answer, in their order; without a listing it is one. */
struct ecr_pages {
    struct json *list;
    size_t count;
};

/*
 * Calls an operation with a JSON object, with `all` as long as there is a further page. What was read lives in `arena`. -1
 * with an error of the service, and bad-reply for pages without an end.
 */
int ecr_operation_call(const struct ecr_api *api, const struct ecr_operation *operation, struct slice body, bool all,
                       struct arena *arena, struct ecr_pages *pages, struct error *error);

#endif
