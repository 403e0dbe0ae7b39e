#ifndef ECR_AWS_IMDS_H
#define ECR_AWS_IMDS_H

#include "aws/source.h"

/* EC2's instance metadata service, version 2, and 1 where the instance still offers it. */
struct imds {
    struct source_context *context;
    struct url base;
    const char *token; /* NULL: version 1 */
};

/*
 * Looks for the service: one second, never by a proxy. SOURCE_NOT_HERE with the context's `why` where there is none, or
 * where it is switched off; *hint is then what may be done about it, or NULL. SOURCE_FAILED for settings that cannot be
 * used.
 */
enum source_end imds_open(struct imds *imds, struct source_context *context, const char **hint, struct error *error);

/*
 * Reads a path: SOURCE_GAVE for any answer but those that pass, such as HTTP 503. SOURCE_FAILED with an error when even
 * another attempt brings none.
 */
enum source_end imds_get(struct imds *imds, const char *path, int *status, struct slice *body, struct error *error);

/* The region that the instance is in; NULL if that cannot be found out. */
const char *imds_region(struct source_context *context);

#endif
