#include "registry/referrer.h"

#include <string.h>

#include "base/json_merge.h"
#include "base/json_write.h"
#include "image/digest.h"
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

/* Who is shown each referrer, and says whether that was enough. */
struct visitor {
    bool (*take)(struct visitor *visitor, struct json_node referrer);
    struct arena *arena;
    bool enough;
    const char **digests; /* of a visitor that collects them */
    size_t count, room;
};

static bool take_signature(struct visitor *visitor, struct json_node referrer)
{
    return is_signature(json_string(visitor->arena, json_get(referrer, "artifactType"))) ||
           is_signature(json_string(visitor->arena, json_get(referrer, "mediaType")));
}

static bool take_digest(struct visitor *visitor, struct json_node referrer)
{
    const char *digest = json_cstr(visitor->arena, json_get(referrer, "digest"));
    if (!digest || digest_fault(slice_of(digest)))
        return false;
    if (visitor->count == visitor->room) {
        visitor->room = 2 * visitor->room + 16;
        const char **more = arena_array(visitor->arena, visitor->room, sizeof *more);
        for (size_t i = 0; i < visitor->count; i++)
            more[i] = visitor->digests[i];
        visitor->digests = more;
    }
    visitor->digests[visitor->count++] = digest;
    return false;
}

/* -1 for what is no list of referrers. */
static int visit_list(struct visitor *visitor, struct slice index)
{
    struct json *json = arena_alloc(visitor->arena, sizeof *json);
    bool parsed = json_parse(visitor->arena, index, json) == 0;
    struct json_node list = parsed ? json_get(json_root(json), "manifests") : (struct json_node){NULL, 0};
    if (!json_is(list, JSON_ARRAY))
        return -1;
    for (struct json_node node = json_first(list); json_exists(node) && !visitor->enough; node = json_next(list, node))
        visitor->enough = visitor->take(visitor, node);
    return 0;
}

static int no_list(const struct registry_client *client, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, client->registry->name, "what it sends for the referrers is no list of them");
    error->http_status = 200;
    return -1;
}

/* The tag of a signature, or an index; that there is none is an answer, too. 1: it is there. */
static int look_at_tag(const struct registry_client *client, const char *repository, const char *tag,
                       struct arena *arena, struct registry_manifest *manifest, struct error *error)
{
    if (registry_get_manifest(client, repository, tag, arena, manifest, error) == 0)
        return 1;
    return reason_state(error->reason) == STATE_ABSENT ? 0 : -1;
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

/* 0 with all shown, -1 with an error, 1 where the registry does not know the question. */
static int ask_referrers(const struct registry_client *client, const char *repository, const char *digest,
                         struct visitor *visitor, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    struct arena *arena = visitor->arena;
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
        if (visit_list(visitor, reply.body) < 0)
            return no_list(client, error);
        path = visitor->enough ? NULL : next_page(client, repository, &reply, arena);
    }
    return path ? error_set(error, REASON_BAD_REPLY, client->registry->name, "its list of referrers does not end") : 0;
}

const char *registry_referrers_tag(struct arena *arena, const char *digest)
{
    struct slice encoded = slice_of(digest);
    struct slice algorithm = slice_cut(&encoded, ':');
    return arena_printf(arena, "%.*s-%.*s", SLICE_ARGS(slice_head(algorithm, FALLBACK_ALGORITHM_MAX)),
                        SLICE_ARGS(slice_head(encoded, FALLBACK_ENCODED_MAX)));
}

/* All of them, whichever way the registry keeps them. */
static int visit_referrers(const struct registry_client *client, const char *repository, const char *digest,
                           struct visitor *visitor, struct error *error)
{
    struct registry_manifest manifest;
    int asked = ask_referrers(client, repository, digest, visitor, error);
    if (asked != 1)
        return asked;
    const char *tag = registry_referrers_tag(visitor->arena, digest);
    int there = look_at_tag(client, repository, tag, visitor->arena, &manifest, error);
    if (there != 1)
        return there;
    return visit_list(visitor, manifest.body) < 0 ? no_list(client, error) : 0;
}

int registry_list_referrers(const struct registry_client *client, const char *repository, const char *digest,
                            struct arena *arena, const char ***digests, size_t *count, struct error *error)
{
    struct visitor visitor = {.take = take_digest, .arena = arena};
    int status = visit_referrers(client, repository, digest, &visitor, error);
    *digests = visitor.digests;
    *count = visitor.count;
    return status;
}

int registry_find_signature(const struct registry_client *client, const char *repository, const char *digest,
                            struct arena *arena, bool *found, struct error *error)
{
    struct registry_manifest manifest;
    struct visitor visitor = {.take = take_signature, .arena = arena};
    *found = false;
    if (visit_referrers(client, repository, digest, &visitor, error) < 0)
        return -1;
    *found = visitor.enough;
    if (*found)
        return 0;
    const char *tag = arena_printf(arena, "%s.sig", registry_referrers_tag(arena, digest));
    int there = look_at_tag(client, repository, tag, arena, &manifest, error);
    *found = there == 1;
    return there < 0 ? -1 : 0;
}

const char *registry_subject(struct arena *arena, struct slice manifest)
{
    struct json json;
    if (json_parse(arena, manifest, &json) < 0)
        return NULL;
    const char *digest = json_cstr(arena, json_get(json_get(json_root(&json), "subject"), "digest"));
    return digest && !digest_fault(slice_of(digest)) ? digest : NULL;
}

/* Texts alone, as annotations are. */
static void write_annotations(struct buf *out, struct json_node annotations)
{
    json_member(out, "annotations");
    json_open(out, '{');
    for (struct json_node key = json_first(annotations); json_exists(key);) {
        struct json_node value = json_next(annotations, key);
        if (json_is(value, JSON_STRING)) {
            json_write_node(out, key);
            buf_char(out, ':');
            json_write_node(out, value);
        }
        key = json_next(annotations, value);
    }
    json_close(out, '}');
}

/* What a referrer's descriptor says besides: its artifact type, or that of its configuration, and its annotations. */
static void write_referrer(struct buf *out, struct json_node manifest, const char *digest, size_t size,
                           const char *media_type)
{
    struct json_node type = json_get(manifest, "artifactType"), annotations = json_get(manifest, "annotations");
    if (!json_exists(type))
        type = json_get(json_get(manifest, "config"), "mediaType");
    json_open(out, '{');
    json_member_str(out, "mediaType", media_type);
    json_member_str(out, "digest", digest);
    json_member_int(out, "size", (int64_t)size);
    if (json_is(type, JSON_STRING)) {
        json_member(out, "artifactType");
        json_write_node(out, type);
    }
    if (json_is(annotations, JSON_OBJECT))
        write_annotations(out, annotations);
    json_close(out, '}');
}

int registry_referrers_index(struct buf *out, struct slice old, const char *digest, struct slice manifest,
                             const char *media_type)
{
    struct arena scratch = {0};
    struct json index, json;
    struct json_node list = {NULL, 0};
    bool good = json_parse(&scratch, manifest, &json) == 0, there = false;
    if (old.data && json_parse(&scratch, old, &index) == 0)
        list = json_get(json_root(&index), "manifests");
    if (!good || (old.data && !json_is(list, JSON_ARRAY))) {
        arena_free(&scratch);
        return -1;
    }
    json_open(out, '{');
    json_member_int(out, "schemaVersion", 2);
    json_member_str(out, "mediaType", "application/vnd.oci.image.index.v1+json");
    json_member(out, "manifests");
    json_open(out, '[');
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node)) {
        there = there || json_equals(json_get(node, "digest"), digest);
        json_write_node(out, node);
    }
    write_referrer(out, json_root(&json), digest, manifest.len, media_type);
    json_close(out, ']');
    json_close(out, '}');
    arena_free(&scratch);
    return there ? 0 : 1;
}
