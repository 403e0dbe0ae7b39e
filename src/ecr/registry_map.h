#ifndef ECR_ECR_REGISTRY_MAP_H
#define ECR_ECR_REGISTRY_MAP_H

#include "base/buf.h"
#include "base/error.h"
#include "ecr/host.h"

/*
 * Which profile or role is used for which registry. ECR_REGISTRY_MAP holds pairs, parted by commas or spaces:
 *
 *     123456789012=prod,210987654321.dkr.ecr.eu-west-1.amazonaws.com=arn:aws:iam::210987654321:role/puller
 *
 * The same pairs stand, one a line, in the [registries] section of ECR_CONFIG_FILE, else ~/.config/ecr/config. On the
 * left is a registry's host or an account, on the right a profile of the AWS files, or the ARN of a role that is assumed
 * with the usual credentials. A host, in whichever of its forms, counts before an account, the variable before the file.
 */
struct registry_rule {
    const char *registry;
    const char *target;
    const char *place; /* where it is written, for messages */
};

struct registry_map {
    struct registry_rule *rules;
    size_t count;
};

/* -1 with an error of reason no-credentials for what cannot be read or is no such pair. All lives in `arena`. */
int registry_map_load(struct registry_map *map, struct arena *arena, struct error *error);

/* The rule for a registry, NULL without one. */
const struct registry_rule *registry_map_find(const struct registry_map *map, const struct ecr_host *host);

/* Whether the rule names a role. */
bool registry_rule_is_role(const struct registry_rule *rule);

#endif
