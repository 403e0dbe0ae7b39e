#ifndef ECR_AWS_ENDPOINT_H
#define ECR_AWS_ENDPOINT_H

#include "aws/config.h"
#include "net/url.h"

/* A group of regions with names of its own. Source: the partitions and endpoint rules of the AWS SDKs. */
struct partition {
    const char *id;         /* as in an ARN: "aws-cn" */
    const char *dns_suffix; /* "amazonaws.com.cn" */
    const char *dual_stack_suffix;
    const char *default_region;
};

/* The partition of a region; "aws" for regions that fit no other. */
const struct partition *partition_of_region(const char *region);

/* Letters, digits and dashes, as every region: what may become part of a host name. */
bool region_is_valid(struct slice region);

/* The account in an ARN ("arn:aws:sts::123456789012:..."), NULL for a text that has none. */
const char *account_of_arn(struct arena *arena, const char *arn);

/* How a service's API hosts are named. */
struct endpoint_rule {
    const char *key;      /* of AWS_ENDPOINT_URL_<KEY> and of a [services] block: "ecr" */
    const char *standard; /* in front of ".region.suffix": "api.ecr" */
    const char *fips;
    const char *dual_stack;
    const char *fips_dual_stack;
    bool gov_is_fips; /* in the GovCloud partition the standard hosts are the FIPS ones */
};

struct endpoint_wish {
    const char *region;
    const char *flag_url; /* --endpoint-url, NULL without one */
    bool fips;            /* the name of the image's registry asks for it */
    bool dual_stack;
};

/* Whether a variable or the profile names a URL for the service. */
bool endpoint_is_configured(const struct endpoint_rule *rule, const struct aws_config *config, struct arena *arena);

/*
 * The URL to call: the flag; AWS_ENDPOINT_URL_<KEY>, AWS_ENDPOINT_URL, the profile's services block and endpoint_url
 * (all of these unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS); else by the rule. AWS_USE_FIPS_ENDPOINT and
 * AWS_USE_DUALSTACK_ENDPOINT count beside the wish. -1 with an error for a URL that is none, and for a URL of one's
 * own together with a demand for FIPS, which only the rule's hosts can meet.
 */
int endpoint_url(const struct endpoint_rule *rule, struct endpoint_wish wish, const struct aws_config *config,
                 struct arena *arena, struct url *url, struct error *error);

#endif
