#ifndef ECR_ECR_NAME_H
#define ECR_ECR_NAME_H

#include "base/slice.h"

/*
 * The grammars of ECR's API for what a user types (protocol: the patterns of the service's model). Each returns NULL, or
 * the rule that the text breaks, to be read behind the text itself.
 */
const char *ecr_repository_fault(struct slice name, bool is_public);
const char *ecr_alias_fault(struct slice alias); /* of a public registry */
const char *ecr_account_fault(struct slice account);
const char *ecr_region_fault(struct slice region);
const char *ecr_kms_key_fault(struct slice key);              /* an ARN, an id or "alias/NAME" */
const char *ecr_mutability_filter_fault(struct slice filter); /* of the tags that are excepted */
const char *ecr_resource_tag_fault(struct slice tag);         /* "KEY=VALUE" */
const char *ecr_cache_prefix_fault(struct slice prefix);      /* of a pull-through cache rule; "ROOT" too */
const char *ecr_secret_arn_fault(struct slice arn);           /* of the credentials of such a rule */
const char *ecr_role_arn_fault(struct slice arn);
const char *ecr_replication_prefix_fault(struct slice prefix);
const char *ecr_scan_filter_fault(struct slice filter);

/* The parts of "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE". */
struct arn {
    struct slice partition, service, region, account, resource;
};

bool arn_parse(struct slice text, struct arn *arn);

#endif
