#ifndef ECR_AWS_SHARED_H
#define ECR_AWS_SHARED_H

#include "net/retry.h"

/* What all calls of a run share, of all its threads. */
struct aws_shared {
    struct retry retry;
    _Atomic int64_t skew; /* seconds that the services' clocks are ahead of ours */
};

#endif
