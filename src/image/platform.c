#include "image/platform.h"

#include <string.h>
#include <sys/utsname.h>

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

static const char *usual_architecture(struct arena *arena, struct slice name)
{
    static const struct {
        const char *other, *usual;
    } table[] = {{"x86_64", "amd64"}, {"x86-64", "amd64"}, {"aarch64", "arm64"},
                 {"armhf", "arm/v7"}, {"armel", "arm/v6"}, {"i386", "386"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (slice_is(name, table[i].other))
            return table[i].usual;
    return arena_copy(arena, name);
}

/* What every image of an architecture is anyway says nothing. */
static bool is_usual_variant(const char *architecture, struct slice variant)
{
    return (strcmp(architecture, "arm64") == 0 && slice_is(variant, "v8")) ||
           (strcmp(architecture, "amd64") == 0 && slice_is(variant, "v1"));
}

static bool is_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alnum(text.data[i]) && text.data[i] != '_' && text.data[i] != '-' && text.data[i] != '.')
            return false;
    return text.len > 0;
}

const char *platform_parse(struct arena *arena, const char *text)
{
    struct slice rest = slice_of(arena_lower(arena, slice_of(text)));
    if (slice_is(rest, "native"))
        return platform_native(arena);
    struct slice os = slice_cut(&rest, '/'), architecture = slice_cut(&rest, '/');
    if (!is_word(os) || !is_word(architecture) || (rest.data && !is_word(rest)))
        return NULL;
    const char *usual = usual_architecture(arena, architecture);
    if (rest.data && strchr(usual, '/'))
        return NULL; /* "armhf" says its variant itself */
    const char *variant =
        arena_printf(arena, "%s%.*s", rest.len && ascii_is_digit(rest.data[0]) ? "v" : "", SLICE_ARGS(rest));
    bool shown = *variant && !is_usual_variant(usual, slice_of(variant));
    return arena_printf(arena, "%.*s/%s%s%s", SLICE_ARGS(os), usual, shown ? "/" : "", shown ? variant : "");
}

const char *platform_of(struct arena *arena, struct json_node object)
{
    const char *os = json_cstr(arena, json_get(object, "os"));
    const char *architecture = json_cstr(arena, json_get(object, "architecture"));
    const char *variant = json_cstr(arena, json_get(object, "variant"));
    if (!os || !architecture || !*os || !*architecture || strcmp(os, "unknown") == 0)
        return NULL;
    return arena_printf(arena, "%s/%s%s%s", os, architecture, variant && *variant ? "/" : "", variant ? variant : "");
}

const char *config_platform(struct arena *arena, struct slice config)
{
    struct json json;
    return json_parse(arena, config, &json) < 0 ? NULL : platform_of(arena, json_root(&json));
}

bool platform_fits(const char *offered, const char *wanted)
{
    size_t a = strlen(offered), b = strlen(wanted);
    if (strncmp(offered, wanted, a < b ? a : b) != 0)
        return false;
    return a == b || (a < b ? wanted[a] : offered[b]) == '/';
}
