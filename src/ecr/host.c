#include "ecr/host.h"

#include <string.h>

#include "aws/endpoint.h"
#include "ecr/name.h"

/* What stands between account and region, and the suffixes that may follow the region there. */
static const struct {
    const char *label;
    bool fips, dual_stack;
} labels[] = {
    {"dkr.ecr.", false, false},
    {"dkr.ecr-fips.", true, false},
    {"dkr-ecr.", false, true},
    {"dkr-ecr-fips.", true, true},
};

static const struct {
    const char *partition;
    const char *suffix;
    bool dual_stack;
} suffixes[] = {
    {"aws", "amazonaws.com", false},        {"aws", "on.aws", true},
    {"aws-us-gov", "amazonaws.com", false}, {"aws-us-gov", "on.aws", true},
    {"aws-cn", "amazonaws.com.cn", false},  {"aws-cn", "on.amazonwebservices.com.cn", true},
    {"aws-eusc", "amazonaws.eu", false},    {"aws-iso", "c2s.ic.gov", false},
    {"aws-iso-b", "sc2s.sgov.gov", false},  {"aws-iso-e", "cloud.adc-e.uk", false},
    {"aws-iso-f", "csp.hci.ic.gov", false},
};

static bool suffix_fits(const char *partition, struct slice suffix, bool dual_stack)
{
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (strcmp(suffixes[i].partition, partition) == 0 && suffixes[i].dual_stack == dual_stack &&
            slice_is(suffix, suffixes[i].suffix))
            return true;
    return false;
}

/* "us-east-1": at least three parts, the last a number; so that no look-alike label passes for a region. */
static bool looks_like_region(struct slice region)
{
    uint64_t ignored;
    struct slice tail = slice_from(region, (size_t)(slice_rfind(region, '-') + 1));
    return region_is_valid(region) && slice_number(tail, 99, &ignored) &&
           slice_find(region, '-') < slice_rfind(region, '-');
}

static bool parse_private(struct arena *arena, struct slice name, struct ecr_host *host)
{
    struct slice account = slice_cut(&name, '.');
    if (ecr_account_fault(account))
        return false;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (!slice_starts(name, labels[i].label))
            continue;
        struct slice suffix = slice_from(name, strlen(labels[i].label));
        struct slice region = slice_cut(&suffix, '.');
        if (!looks_like_region(region))
            return false;
        host->account = arena_copy(arena, account);
        host->region = arena_copy(arena, region);
        host->partition = partition_of_region(host->region)->id;
        host->fips = labels[i].fips;
        host->dual_stack = labels[i].dual_stack;
        return suffix_fits(host->partition, suffix, host->dual_stack);
    }
    return false;
}

bool ecr_host_parse(struct arena *arena, const char *registry, struct ecr_host *host)
{
    struct slice name = slice_of(registry);
    *host = (struct ecr_host){.is_public = slice_is(name, "public.ecr.aws") || slice_is(name, "ecr-public.aws.com")};
    if (!host->is_public) {
        bool is_private = parse_private(arena, name, host);
        if (!is_private)
            *host = (struct ecr_host){.is_public = false};
        host->name = is_private ? arena_strdup(arena, registry) : NULL;
        return is_private;
    }
    host->name = arena_strdup(arena, registry);
    host->region = "us-east-1";
    host->partition = "aws";
    host->dual_stack = slice_is(name, "ecr-public.aws.com");
    return true;
}
