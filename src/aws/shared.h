#ifndef ECR_AWS_SHARED_H
#define ECR_AWS_SHARED_H

#include "aws/retry.h"

/* What all calls of a run share. */
struct aws_shared {
    struct retry retry;
    int64_t skew; /* seconds that the services' clocks are ahead of ours */
};

#endif
