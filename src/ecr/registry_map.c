#include "ecr/registry_map.h"

#include <errno.h>
#include <string.h>

#include "aws/ini.h"
#include "base/file.h"

#define VARIABLE "ECR_REGISTRY_MAP"
#define FILE_MAX (1 << 20)
#define SECTION  "registries"

static int refuse(struct error *error, const char *place, const char *what)
{
    error_set(error, REASON_NO_CREDENTIALS, place, "%s", what);
    error_hint(error, "it takes REGISTRY=PROFILE or ACCOUNT=arn:aws:iam::ACCOUNT:role/NAME");
    return -1;
}

/* A host of ECR, or an account; anything else on the left would never be looked up. */
static bool is_registry(struct arena *arena, const char *text)
{
    uint64_t ignored;
    struct ecr_host host;
    return (strlen(text) == 12 && slice_number(slice_of(text), UINT64_MAX, &ignored)) ||
           ecr_host_parse(arena, text, &host);
}

static int add(struct registry_map *map, struct arena *arena, struct slice registry, struct slice target,
               const char *place, struct error *error)
{
    struct registry_rule rule = {arena_lower(arena, registry), arena_copy(arena, target), place};
    if (!is_registry(arena, rule.registry))
        return refuse(error, place,
                      arena_printf(arena, "'%s' is neither a registry of ECR nor an account", rule.registry));
    if (strlen(rule.registry) != registry.len || strlen(rule.target) != target.len)
        return refuse(error, place, "a rule holds a NUL byte");
    if (!target.len)
        return refuse(error, place, arena_printf(arena, "nothing stands behind '%s='", rule.registry));
    if (registry_rule_is_role(&rule) && !slice_has(target, ":role/"))
        return refuse(error, place, arena_printf(arena, "'%s' is no role", rule.target));
    map->rules[map->count++] = rule;
    return 0;
}

static int read_variable(struct registry_map *map, struct arena *arena, struct slice text, struct error *error)
{
    while (text.len) {
        size_t len = 0;
        while (len < text.len && !strchr(", \t\n", text.data[len]))
            len++;
        struct slice target = slice_head(text, len);
        text = slice_from(text, len + 1);
        if (!target.len)
            continue;
        struct slice registry = slice_cut(&target, '=');
        if (!target.data)
            return refuse(error, VARIABLE, arena_printf(arena, "'%.*s' has no '='", SLICE_ARGS(registry)));
        if (add(map, arena, registry, target, VARIABLE, error) < 0)
            return -1;
    }
    return 0;
}

/* The text lives in `arena`: the rules of the file are slices of it while they are read. */
static int read_file(struct arena *arena, const char *path, bool must_exist, struct ini *ini, struct error *error)
{
    struct buf text = BUF_INIT;
    int status = file_read(path, FILE_MAX, &text);
    if ((status == ENOENT || status == ENOTDIR) && !must_exist)
        return 0;
    if (status)
        return error_set(error, REASON_NO_CREDENTIALS, path, "cannot read it: %s", strerror(status));
    size_t line = ini_parse(arena, arena_slice(arena, buf_view(&text)), ini);
    buf_free(&text);
    return line ? refuse(error, path, arena_printf(arena, "line %zu is neither [section] nor key = value", line)) : 0;
}

int registry_map_load(struct registry_map *map, struct arena *arena, struct error *error)
{
    struct slice variable = slice_of(env_get(VARIABLE));
    const char *named = env_get("ECR_CONFIG_FILE");
    const char *path = path_expand(arena, named ? named : "~/.config/ecr/config");
    struct ini ini = {NULL, 0};
    *map = (struct registry_map){NULL, 0};
    if (path && read_file(arena, path, named != NULL, &ini, error) < 0)
        return -1;
    map->rules = arena_array(arena, variable.len / 2 + ini.count + 1, sizeof *map->rules);
    if (read_variable(map, arena, variable, error) < 0)
        return -1;
    for (size_t i = 0; i < ini.count; i++) {
        const struct ini_entry *entry = &ini.entries[i];
        if (slice_is(entry->section, SECTION) && entry->key.len && !entry->parent.len &&
            add(map, arena, entry->key, entry->value, path, error) < 0)
            return -1;
    }
    return 0;
}

static const struct registry_rule *find_name(const struct registry_map *map, const char *name)
{
    for (size_t i = 0; name && i < map->count; i++)
        if (strcmp(map->rules[i].registry, name) == 0)
            return &map->rules[i];
    return NULL;
}

/* Another name of the same registry: its FIPS or dual-stack form. */
static bool is_same_registry(const struct registry_rule *rule, const struct ecr_host *host)
{
    struct arena scratch = {0};
    struct ecr_host named;
    bool same = ecr_host_parse(&scratch, rule->registry, &named) && named.is_public == host->is_public &&
                strcmp(named.region, host->region) == 0 &&
                (host->is_public || strcmp(named.account, host->account) == 0);
    arena_free(&scratch);
    return same;
}

const struct registry_rule *registry_map_find(const struct registry_map *map, const struct ecr_host *host)
{
    const struct registry_rule *rule = find_name(map, host->name);
    for (size_t i = 0; i < map->count && !rule; i++)
        if (is_same_registry(&map->rules[i], host))
            rule = &map->rules[i];
    return rule ? rule : find_name(map, host->account);
}

bool registry_rule_is_role(const struct registry_rule *rule)
{
    return slice_starts(slice_of(rule->target), "arn:");
}
