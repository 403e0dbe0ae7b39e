/* The map of registries: every rule of it can be found. The input is the variable, an empty line, and the file. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ecr/registry_map.h"
#include "fuzz.h"

static char variable[4096];
static int file = -1;

static void provide(struct slice text)
{
    static char place[64];
    size_t len = 0;
    while (len < text.len && !slice_starts(slice_from(text, len), "\n\n"))
        len++;
    struct slice content = slice_from(text, len + 2);
    if (file < 0) {
        file = memfd_create("map", 0);
        snprintf(place, sizeof place, "ECR_CONFIG_FILE=/proc/self/fd/%d", file);
        MUST(file >= 0 && putenv(place) == 0 && putenv(variable) == 0);
    }
    snprintf(variable, sizeof variable, "ECR_REGISTRY_MAP=%.*s", SLICE_ARGS(slice_head(text, len)));
    MUST(ftruncate(file, 0) == 0 && pwrite(file, content.data ? content.data : "", content.len, 0) == (ssize_t)content.len);
}

static void check_rule(struct arena *arena, const struct registry_map *map, const struct registry_rule *rule)
{
    struct ecr_host host, named;
    MUST(*rule->target && *rule->place && (!registry_rule_is_role(rule) || strstr(rule->target, ":role/")));
    if (strlen(rule->registry) == 12) {
        MUST(strspn(rule->registry, "0123456789") == 12);
        MUST(ecr_host_parse(arena, arena_printf(arena, "%s.dkr.ecr.us-east-1.amazonaws.com", rule->registry), &host));
    } else {
        MUST(ecr_host_parse(arena, rule->registry, &host));
    }
    const struct registry_rule *found = registry_map_find(map, &host);
    MUST(found && found < map->rules + map->count);
    bool same = ecr_host_parse(arena, found->registry, &named) && named.is_public == host.is_public &&
                strcmp(named.region, host.region) == 0 && (host.is_public || strcmp(named.account, host.account) == 0);
    MUST(same || (host.account && strcmp(found->registry, host.account) == 0));
    MUST(same || strlen(rule->registry) == 12); /* a host's rule is not passed over for an account's */
    MUST(strcmp(found->registry, rule->registry) != 0 || found <= rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct error error;
    struct registry_map map;
    if (size > 3000)
        return 0;
    error_init(&error, &arena);
    provide(input(data, size));
    if (registry_map_load(&map, &arena, &error) < 0)
        MUST(error.reason == REASON_NO_CREDENTIALS && *error.subject && *error.cause);
    else
        for (size_t i = 0; i < map.count; i++)
            check_rule(&arena, &map, &map.rules[i]);
    arena_free(&arena);
    return 0;
}
