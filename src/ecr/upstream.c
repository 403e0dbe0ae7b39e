#include "ecr/upstream.h"

#include <string.h>

#include "ecr/host.h"

static const struct {
    struct ecr_upstream upstream;
    const char *words[3]; /* beside its name and its host */
} known[] = {
    {{"ecr-public", "public.ecr.aws", false, false}, {"public"}},
    {{"k8s", "registry.k8s.io", false, false}, {"kubernetes"}},
    {{"quay", "quay.io", false, false}, {NULL}},
    {{"docker-hub", "registry-1.docker.io", true, false}, {"docker.io", "docker", "index.docker.io"}},
    {{"github-container-registry", "ghcr.io", true, false}, {"ghcr", "github"}},
    {{"gitlab-container-registry", "registry.gitlab.com", true, false}, {"gitlab"}},
    {{"chainguard", "cgr.dev", true, false}, {NULL}},
};

static bool means(size_t index, const char *text)
{
    if (strcmp(known[index].upstream.name, text) == 0 || strcmp(known[index].upstream.url, text) == 0)
        return true;
    for (size_t i = 0; i < 3 && known[index].words[i]; i++)
        if (strcmp(known[index].words[i], text) == 0)
            return true;
    return false;
}

/* "NAME.azurecr.io", where the name has letters, digits and '-'. */
static bool is_azure(struct slice host)
{
    struct slice suffix = host;
    struct slice label = slice_cut(&suffix, '.');
    for (size_t i = 0; i < label.len; i++)
        if (!ascii_is_alnum(label.data[i]) && label.data[i] != '-')
            return false;
    return label.len && slice_is(suffix, "azurecr.io");
}

bool ecr_upstream_find(struct arena *arena, const char *text, struct ecr_upstream *upstream)
{
    struct ecr_host host;
    const char *name = arena_lower(arena, slice_of(text));
    if (slice_starts(slice_of(name), "https://"))
        name += strlen("https://");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (means(i, name)) {
            *upstream = known[i].upstream;
            return true;
        }
    if (is_azure(slice_of(name))) {
        *upstream = (struct ecr_upstream){"azure-container-registry", name, true, false};
        return true;
    }
    *upstream = (struct ecr_upstream){"ecr", name, false, true};
    return ecr_host_parse(arena, name, &host) && !host.is_public;
}
