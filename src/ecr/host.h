#ifndef ECR_ECR_HOST_H
#define ECR_ECR_HOST_H

#include "base/arena.h"

/* What the host name of a registry says, if it is Amazon ECR's. */
struct ecr_host {
    const char *name;    /* as it was parsed */
    bool is_public;      /* public.ecr.aws, ecr-public.aws.com */
    const char *account; /* 12 digits; NULL when public */
    const char *region;  /* "us-east-1" when public: its API lives there */
    const char *partition;
    bool fips;
    bool dual_stack;
};

/*
 * Whether `registry` ("host" in lower case, no port allowed) is a registry of Amazon ECR in any partition, in its
 * standard, FIPS, dual-stack or public form. No other host passes: these get AWS credentials. Source: the pattern of
 * amazon-ecr-credential-helper and the kubelet's plugin, narrowed to a suffix that fits the region's partition.
 */
bool ecr_host_parse(struct arena *arena, const char *registry, struct ecr_host *host);

#endif
