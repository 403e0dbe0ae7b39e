#include "aws/endpoint.h"

#include <string.h>

#include "base/file.h"

/* The first row whose prefix begins a region decides, so the narrower ones come first. */
static const struct {
    const char *prefix;
    struct partition partition;
} partitions[] = {
    {"cn-", {"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"}},
    {"eusc-", {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"}},
    {"us-gov-", {"aws-us-gov", "amazonaws.com", "api.aws", "us-gov-west-1"}},
    {"us-iso-", {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"}},
    {"us-isob-", {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"}},
    {"us-isof-", {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"}},
    {"eu-isoe-", {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"}},
    {"", {"aws", "amazonaws.com", "api.aws", "us-east-1"}},
};

const struct partition *partition_of_region(const char *region)
{
    size_t i = 0;
    while (!slice_starts(slice_of(region), partitions[i].prefix))
        i++;
    return &partitions[i].partition;
}

bool region_is_valid(struct slice region)
{
    for (size_t i = 0; i < region.len; i++)
        if (!ascii_is_lower(region.data[i]) && !ascii_is_digit(region.data[i]) && region.data[i] != '-')
            return false;
    return region.len > 0 && region.len <= 40 && region.data[0] != '-' && region.data[region.len - 1] != '-';
}

const char *account_of_arn(struct arena *arena, const char *arn)
{
    struct slice rest = slice_of(arn), field = {NULL, 0};
    for (int i = 0; i < 5; i++) /* arn, partition, service, region, account */
        field = slice_cut(&rest, ':');
    return field.len && rest.data ? arena_copy(arena, field) : NULL;
}

static char *upper(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; *c; c++)
        if (ascii_is_lower(*c))
            *c = (char)(*c - 'a' + 'A');
    return copy;
}

/* The URL that was configured, and what configured it; NULL without one. */
static const char *configured_url(const struct endpoint_rule *rule, const struct aws_config *config,
                                  struct arena *arena, const char **where)
{
    if (aws_config_flag(config, arena, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))
        return NULL;
    *where = arena_printf(arena, "AWS_ENDPOINT_URL_%s", upper(arena, rule->key));
    const char *value = env_get(*where);
    if (!value) {
        *where = "AWS_ENDPOINT_URL";
        value = env_get(*where);
    }
    if (!value) {
        *where = arena_printf(arena, "endpoint_url of profile '%s'", config->profile);
        value = aws_config_get_service(config, arena, config->profile, rule->key, "endpoint_url");
    }
    return value ? value : aws_config_get(config, arena, config->profile, "endpoint_url");
}

bool endpoint_is_configured(const struct endpoint_rule *rule, const struct aws_config *config, struct arena *arena)
{
    const char *where;
    return configured_url(rule, config, arena, &where) != NULL;
}

static int own_url(const char *text, const char *where, bool fips, struct arena *arena, struct url *url,
                   struct error *error)
{
    if (fips)
        return error_set(error, REASON_UNSUPPORTED, where,
                         "an endpoint of one's own and AWS_USE_FIPS_ENDPOINT exclude each other");
    const char *fault = url_parse(arena, slice_of(text), url);
    if (fault)
        return error_set(error, REASON_NO_CREDENTIALS, where, "is no URL: %s", fault);
    return 0;
}

int endpoint_url(const struct endpoint_rule *rule, struct endpoint_wish wish, const struct aws_config *config,
                 struct arena *arena, struct url *url, struct error *error)
{
    const char *where = "--endpoint-url";
    bool fips_demanded = aws_config_flag(config, arena, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    bool fips = wish.fips || fips_demanded;
    bool dual =
        wish.dual_stack || aws_config_flag(config, arena, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    const char *own = wish.flag_url ? wish.flag_url : configured_url(rule, config, arena, &where);
    if (own)
        return own_url(own, where, fips_demanded, arena, url, error);
    if (!region_is_valid(slice_of(wish.region)))
        return error_set(error, REASON_UNSUPPORTED, wish.region, "is no region");
    const struct partition *partition = partition_of_region(wish.region);
    if (rule->gov_is_fips && !dual && strcmp(partition->id, "aws-us-gov") == 0)
        fips = false;
    const char *front = fips ? (dual ? rule->fips_dual_stack : rule->fips) : dual ? rule->dual_stack : rule->standard;
    char *text = arena_printf(arena, "https://%s.%s.%s/", front, wish.region,
                              dual ? partition->dual_stack_suffix : partition->dns_suffix);
    const char *fault = url_parse(arena, slice_of(text), url);
    return fault ? error_set(error, REASON_UNSUPPORTED, wish.region, "makes no endpoint name: %s", fault) : 0;
}
