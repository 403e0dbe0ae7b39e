#include "registry/referrer.h"

#include <string.h>

#include "base/json.h"
#include "registry/manifest.h"

#define REFERRERS_MAX (4 << 20)
#define PAGES_MAX     20

/* The parts of a digest in the tag that stands for its referrers (OCI distribution-spec, "Referrers Tag Schema"). */
#define FALLBACK_ALGORITHM_MAX 32
#define FALLBACK_ENCODED_MAX   64

/* Those of cosign, Sigstore's bundles and Notary. */
static bool is_signature(struct slice type)
{
    return slice_has_nocase(type, "signature") || slice_has_nocase(type, "cosign") ||
           slice_has_nocase(type, "sigstore") || slice_has_nocase(type, "simplesigning");
}

/* 1 or 0; -1 for what is no list of referrers. */
static int lists_signature(struct arena *arena, struct slice index)
{
    struct json json;
    bool parsed = json_parse(arena, index, &json) == 0;
    struct json_node list = parsed ? json_get(json_root(&json), "manifests") : (struct json_node){NULL, 0};
    if (!json_is(list, JSON_ARRAY))
        return -1;
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node))
        if (is_signature(json_string(arena, json_get(node, "artifactType"))) ||
            is_signature(json_string(arena, json_get(node, "mediaType"))))
            return 1;
    return 0;
}

static int no_list(const struct registry_client *client, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, client->registry->name, "what it sends for the referrers is no list of them");
    error->http_status = 200;
    return -1;
}

/* The tag of an index or a signature; that there is none is an answer, too. */
static int look_at_tag(const struct registry_client *client, const char *repository, const char *tag, bool is_index,
                       struct arena *arena, bool *found, struct error *error)
{
    struct registry_manifest manifest;
    int status = registry_get_manifest(client, repository, tag, arena, &manifest, error);
    if (status < 0)
        return reason_state(error->reason) == STATE_ABSENT ? 0 : -1;
    int lists = is_index ? lists_signature(arena, manifest.body) : 1;
    *found = lists == 1;
    return lists < 0 ? no_list(client, error) : 0;
}

/* The path of the next page, behind the repository's: "referrers/...?..." of the same registry; NULL: there is none. */
static const char *next_page(const struct registry_client *client, const char *repository,
                             const struct http_reply *reply, struct arena *arena)
{
    struct url url;
    struct slice link = slice_of(http_header_list(arena, &reply->head, "link"));
    struct slice target = slice_cut(&link, '>');
    if (!slice_starts(target, "<") || !slice_has(link, "next") ||
        url_resolve(arena, &reply->url, slice_from(target, 1), &url))
        return NULL;
    const char *front = arena_printf(arena, "%s%s/", client->registry->base.path, repository);
    if (!url_same_origin(&url, &client->registry->base) || !slice_starts(slice_of(url.path), front))
        return NULL;
    return arena_printf(arena, "%s%s%s", url.path + strlen(front), url.query ? "?" : "", url.query ? url.query : "");
}

/* 0 with *found, -1 with an error, 1 where the registry does not know the question. */
static int ask_referrers(const struct registry_client *client, const char *repository, const char *digest,
                         struct arena *arena, bool *found, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    const char *path = arena_printf(arena, "referrers/%s", digest);
    for (int page = 0; path && page < PAGES_MAX; page++) {
        struct registry_request request = {.method = "GET",
                                           .repository = repository,
                                           .path = path,
                                           .accept = "application/vnd.oci.image.index.v1+json",
                                           .body_limit = REFERRERS_MAX};
        if (registry_send(client, &request, arena, &reply, &anonymous, error) < 0)
            return -1;
        int status = reply.head.status;
        if (status == 404 || status == 400 || status == 405)
            return 1;
        if (status != 200)
            return registry_refused(client, &reply, anonymous, arena, error);
        int lists = lists_signature(arena, reply.body);
        *found = lists == 1;
        if (lists != 0)
            return lists < 0 ? no_list(client, error) : 0;
        path = next_page(client, repository, &reply, arena);
    }
    return path ? error_set(error, REASON_BAD_REPLY, client->registry->name, "its list of referrers does not end") : 0;
}

int registry_find_signature(const struct registry_client *client, const char *repository, const char *digest,
                            struct arena *arena, bool *found, struct error *error)
{
    struct slice encoded = slice_of(digest);
    struct slice algorithm = slice_cut(&encoded, ':');
    const char *tag = arena_printf(arena, "%.*s-%.*s", SLICE_ARGS(slice_head(algorithm, FALLBACK_ALGORITHM_MAX)),
                                   SLICE_ARGS(slice_head(encoded, FALLBACK_ENCODED_MAX)));
    *found = false;
    int asked = ask_referrers(client, repository, digest, arena, found, error);
    if (asked < 0 || *found)
        return asked;
    if (asked == 1 && (look_at_tag(client, repository, tag, true, arena, found, error) < 0 || *found))
        return *found ? 0 : -1;
    return look_at_tag(client, repository, arena_printf(arena, "%s.sig", tag), false, arena, found, error);
}
