#include "image/platform.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/json.h"

const char *platform_native(struct arena *arena)
{
    static const struct {
        const char *machine, *name;
    } table[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"},   {"armv7l", "arm/v7"},   {"armv6l", "arm/v6"},
                 {"i686", "386"},     {"ppc64le", "ppc64le"}, {"riscv64", "riscv64"}, {"s390x", "s390x"}};
    struct utsname system;
    const char *name = uname(&system) == 0 ? system.machine : "unknown";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(name, table[i].machine) == 0)
            return arena_printf(arena, "linux/%s", table[i].name);
    return arena_printf(arena, "linux/%s", name);
}

/* "os/architecture[/variant]" of an object; NULL without the first two. */
static const char *read_platform(struct arena *arena, struct json_node object)
{
    const char *os = json_cstr(arena, json_get(object, "os"));
    const char *architecture = json_cstr(arena, json_get(object, "architecture"));
    const char *variant = json_cstr(arena, json_get(object, "variant"));
    if (!os || !architecture || !*os || !*architecture)
        return NULL;
    return arena_printf(arena, "%s/%s%s%s", os, architecture, variant && *variant ? "/" : "", variant ? variant : "");
}

int manifest_platforms(struct arena *arena, struct slice manifest, struct manifest_platforms *platforms)
{
    struct json json;
    *platforms = (struct manifest_platforms){.is_index = false};
    if (json_parse(arena, manifest, &json) < 0)
        return -1;
    struct json_node children = json_get(json_root(&json), "manifests");
    platforms->is_index = json_is(children, JSON_ARRAY);
    platforms->config = json_cstr(arena, json_get(json_get(json_root(&json), "config"), "digest"));
    if (!platforms->is_index)
        return platforms->config ? 0 : -1;
    platforms->names = arena_array(arena, json.count, sizeof *platforms->names);
    for (struct json_node node = json_first(children); json_exists(node); node = json_next(children, node)) {
        const char *name = read_platform(arena, json_get(node, "platform"));
        if (name && strcmp(name, "unknown/unknown") != 0)
            platforms->names[platforms->count++] = name;
    }
    return 0;
}

const char *config_platform(struct arena *arena, struct slice config)
{
    struct json json;
    return json_parse(arena, config, &json) < 0 ? NULL : read_platform(arena, json_root(&json));
}

bool platform_fits(const char *offered, const char *wanted)
{
    size_t a = strlen(offered), b = strlen(wanted);
    if (strncmp(offered, wanted, a < b ? a : b) != 0)
        return false;
    return a == b || (a < b ? wanted[a] : offered[b]) == '/';
}
