#include "check/fetch.h"

#include <string.h>

#include "image/manifest.h"
#include "image/platform.h"
#include "registry/blob.h"

struct registry_client item_registry(struct session *session, const struct item *item)
{
    bool by_api = strcmp(item->outcome.source, "ecr") == 0;
    enum registry_login login = by_api ? LOGIN_ECR : item->login;
    return session_registry(session, item->reference.registry, item->reference.repository, login, !by_api,
                            item->deadline);
}

static int no_choice(const struct item *item, const struct manifest *index, const char *platform, struct error *error)
{
    const char *platforms = manifest_platforms(error->arena, index);
    if (!*platforms) {
        error_set(error, REASON_NO_PLATFORM, item->reference.text, "its images do not say what platform they are for");
        error_hint(error, "name one of them by its digest: ecr manifest shows them");
    } else {
        error_set(error, REASON_NO_PLATFORM, item->reference.text, "%s%s it is for %s", platform ? platform : "",
                  platform ? " is not among its platforms:" : "it has more than one platform:", platforms);
        error_hint(error, "name one with --platform");
    }
    return -1;
}

/* A single image is for the platform that its configuration names. */
static int check_single(const struct registry_client *client, const struct item *item, const struct manifest *manifest,
                        const char *platform, struct arena *arena, struct error *error)
{
    struct slice config;
    if (!manifest->config.digest)
        return error_set(error, REASON_NO_PLATFORM, item->reference.text, "it does not say what platform it is for");
    if (registry_get_blob(client, item->reference.repository, manifest->config.digest, arena, &config, error) < 0)
        return -1;
    const char *offered = config_platform(arena, config);
    if (offered && platform_fits(offered, platform))
        return 0;
    return error_set(error, REASON_NO_PLATFORM, item->reference.text, "it is for %s, not for %s",
                     offered ? offered : "no platform that it names", platform);
}

/* The tag may stand for another image in the registry than the one of that name in the daemon's store. */
static int unknown_here(const struct item *item, struct error *error)
{
    return error_set(error, REASON_UNSUPPORTED, item->reference.text,
                     "the daemon's image was not pulled from a registry, or pushed to one: it has no digest there");
}

int fetch_manifest(struct session *session, const struct item *item, const char *platform, struct arena *arena,
                   struct registry_manifest *manifest, struct error *error)
{
    struct manifest parsed;
    struct registry_client client = item_registry(session, item);
    const char *target = item->outcome.digest ? item->outcome.digest : reference_target(&item->reference);
    if (!item->outcome.digest && strcmp(item->outcome.source, "local") == 0)
        return unknown_here(item, error);
    if (registry_get_manifest(&client, item->reference.repository, target, arena, manifest, error) < 0)
        return -1;
    if (!platform || manifest_parse(arena, manifest->body, &parsed))
        return 0;
    if (!parsed.is_index)
        return check_single(&client, item, &parsed, platform, arena, error);
    const struct descriptor *child = manifest_child(&parsed, platform);
    if (!child)
        return no_choice(item, &parsed, platform, error);
    return registry_get_manifest(&client, item->reference.repository, child->digest, arena, manifest, error);
}

int fetch_config(struct session *session, const struct item *item, const char *platform, struct arena *arena,
                 struct slice *config, struct error *error)
{
    struct registry_manifest manifest = {.size = -1};
    struct manifest parsed;
    struct registry_client client = item_registry(session, item);
    const char *repository = item->reference.repository;
    if (fetch_manifest(session, item, platform, arena, &manifest, error) < 0)
        return -1;
    const char *fault = manifest_parse(arena, manifest.body, &parsed);
    if (!fault && parsed.is_index) {
        const struct descriptor *child = manifest_child(&parsed, platform);
        if (!child)
            return no_choice(item, &parsed, platform, error);
        if (registry_get_manifest(&client, repository, child->digest, arena, &manifest, error) < 0)
            return -1;
        fault = manifest_parse(arena, manifest.body, &parsed);
    }
    if (!fault && !parsed.config.digest)
        fault = "it has no configuration";
    if (fault)
        return error_set(error, REASON_BAD_REPLY, item->reference.text, "%s", fault);
    return registry_get_blob(&client, repository, parsed.config.digest, arena, config, error);
}
