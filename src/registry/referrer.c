#include "registry/referrer.h"

#include "base/json.h"
#include "registry/manifest.h"

#define REFERRERS_MAX (4 << 20)

/* Those of cosign, Sigstore's bundles and Notary. */
static bool is_signature(struct slice type)
{
    return slice_has_nocase(type, "signature") || slice_has_nocase(type, "cosign") ||
           slice_has_nocase(type, "sigstore") || slice_has_nocase(type, "simplesigning");
}

static bool lists_signature(struct arena *arena, struct slice index)
{
    struct json json;
    if (json_parse(arena, index, &json) < 0)
        return false;
    struct json_node list = json_get(json_root(&json), "manifests");
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node))
        if (is_signature(json_string(arena, json_get(node, "artifactType"))) ||
            is_signature(json_string(arena, json_get(node, "mediaType"))))
            return true;
    return false;
}

/* The tag of an index or a signature; that there is none is an answer, too. */
static int look_at_tag(const struct registry_client *client, const char *repository, const char *tag, bool is_index,
                       struct arena *arena, bool *found, struct error *error)
{
    struct registry_manifest manifest;
    int status = registry_get_manifest(client, repository, tag, arena, &manifest, error);
    if (status < 0)
        return reason_state(error->reason) == STATE_ABSENT ? 0 : -1;
    *found = !is_index || lists_signature(arena, manifest.body);
    return 0;
}

int registry_find_signature(const struct registry_client *client, const char *repository, const char *digest,
                            struct arena *arena, bool *found, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    struct slice encoded = slice_of(digest);
    struct slice algorithm = slice_cut(&encoded, ':');
    const char *tag = arena_printf(arena, "%.*s-%.*s", SLICE_ARGS(algorithm), SLICE_ARGS(encoded));
    struct registry_request request = {.method = "GET",
                                       .repository = repository,
                                       .path = arena_printf(arena, "referrers/%s", digest),
                                       .accept = "application/vnd.oci.image.index.v1+json",
                                       .body_limit = REFERRERS_MAX};
    *found = false;
    if (registry_send(client, &request, arena, &reply, &anonymous, error) < 0)
        return -1;
    int status = reply.head.status;
    if (status == 200)
        *found = lists_signature(arena, reply.body);
    else if (status != 404 && status != 400 && status != 405)
        return registry_refused(client, &reply, anonymous, arena, error);
    else if (look_at_tag(client, repository, tag, true, arena, found, error) < 0)
        return -1;
    if (*found)
        return 0;
    return look_at_tag(client, repository, arena_printf(arena, "%s.sig", tag), false, arena, found, error);
}
