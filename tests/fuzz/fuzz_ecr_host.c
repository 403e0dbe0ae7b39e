/* ECR's hosts: whatever passes ends in a suffix of Amazon's and begins with twelve digits. */
#include "aws/endpoint.h"
#include "ecr/host.h"
#include "fuzz.h"

static const char *const suffixes[] = {
    ".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".on.aws", ".on.amazonwebservices.com.cn",
    ".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct ecr_host host;
    char *name = arena_copy(&arena, input(data, size));
    if (ecr_host_parse(&arena, name, &host) && !host.is_public) {
        int dots = 0, known = 0;
        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
            known += slice_ends(slice_of(name), suffixes[i]);
        MUST(known > 0 && strlen(host.account) == 12 && strspn(host.account, "0123456789") == 12);
        MUST(strncmp(name, host.account, 12) == 0 && name[12] == '.');
        MUST(region_is_valid(slice_of(host.region)) &&
            strcmp(partition_of_region(host.region)->id, host.partition) == 0);
        MUST(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(name));
        for (const char *c = name; *c; c++)
            dots += *c == '.';
        MUST(dots >= 4 && dots <= 8 && !strstr(name, ".."));
        MUST(host.fips == (strstr(name, "-fips.") != NULL));
    } else if (host.is_public) {
        MUST(strcmp(name, "public.ecr.aws") == 0 || strcmp(name, "ecr-public.aws.com") == 0);
    }
    arena_free(&arena);
    return 0;
}
