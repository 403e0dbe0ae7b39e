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
    const char *variant = arena_printf(
        arena, "%s%.*s", rest.data && rest.len && ascii_is_digit(rest.data[0]) ? "v" : "", SLICE_ARGS(rest));
    bool shown = *variant && !is_usual_variant(usual, slice_of(variant));
    return arena_printf(arena, "%.*s/%s%s%s", SLICE_ARGS(os), usual, shown ? "/" : "", shown ? variant : "");
}

const char *platform_of(struct arena *arena, struct json_node object)
{
    const char *os = json_cstr(arena, json_get(object, "os"));
    const char *architecture = json_cstr(arena, json_get(object, "architecture"));
    const char *variant = json_cstr(arena, json_get(object, "variant"));
    if (!is_word(slice_of(os)) || !is_word(slice_of(architecture)) || strcmp(os, "unknown") == 0)
        return NULL;
    bool shown = is_word(slice_of(variant));
    return arena_printf(arena, "%s/%s%s%s", os, architecture, shown ? "/" : "", shown ? variant : "");
}

const char *config_platform(struct arena *arena, struct slice config)
{
    struct json json;
    return json_parse(arena, config, &json) < 0 ? NULL : platform_of(arena, json_root(&json));
}

/* "os/architecture" of a platform, and the variant behind it. */
static struct slice take_variant(const char *platform, struct slice *variant)
{
    struct slice rest = slice_of(platform);
    slice_cut(&rest, '/');
    struct slice architecture = slice_cut(&rest, '/');
    *variant = rest;
    return slice_head(slice_of(platform), (size_t)(architecture.data + architecture.len - platform));
}

/* Without a variant it is the one that all machines of this kind are at least. */
static struct slice usual_variant(struct slice machine, struct slice variant)
{
    return variant.len                     ? variant
           : slice_ends(machine, "/arm64") ? SLICE("v8")
           : slice_ends(machine, "/amd64") ? SLICE("v1")
           : slice_ends(machine, "/arm")   ? SLICE("v7")
                                           : variant;
}

int platform_rank(const char *offered, const char *wanted)
{
    struct slice has, wants;
    struct slice machine = take_variant(offered, &has), wanted_machine = take_variant(wanted, &wants);
    if (strcmp(offered, wanted) == 0)
        return PLATFORM_EXACT;
    if (!slice_equal(machine, wanted_machine))
        return 0;
    if (slice_equal(usual_variant(machine, has), usual_variant(machine, wants)))
        return PLATFORM_EXACT - 1;
    if (slice_ends(machine, "/amd64") && !wants.len)
        return 0; /* made for newer processors than those that are wanted */
    return has.len && wants.len ? 0 : 1;
}

bool platform_fits(const char *offered, const char *wanted)
{
    return platform_rank(offered, wanted) > 0;
}
