#ifndef ECR_ECR_REPLICATION_H
#define ECR_ECR_REPLICATION_H

#include "base/json.h"
#include "ecr/document.h"

#define REPLICATION_RULES_MAX        10
#define REPLICATION_DESTINATIONS_MAX 25 /* over all rules */
#define REPLICATION_FILTERS_MAX      100

/*
 * The first fault of a registry's replication configuration (the shape ReplicationConfiguration of ECR's API), in `arena`.
 * With `strict` members that are not known are faults, and quotas count: these are slips in what somebody wrote, and news
 * in a reply.
 */
struct document_fault replication_check(struct arena *arena, struct json_node configuration, bool strict);

#endif
