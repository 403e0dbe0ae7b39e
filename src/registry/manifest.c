#include "registry/manifest.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "image/digest.h"
#include "image/manifest.h"

#define ACCEPT                                                                                                         \
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "             \
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "               \
    "application/vnd.docker.distribution.manifest.v1+prettyjws, "                                                      \
    "application/vnd.docker.distribution.manifest.v1+json, "                                                           \
    "application/vnd.oci.artifact.manifest.v1+json"

static struct slice content_type(const struct http_reply *reply)
{
    struct slice rest = http_header_get(&reply->head, "content-type");
    return slice_trim(slice_cut(&rest, ';'));
}

/* One question about a manifest. */
struct asking {
    const struct registry_client *client;
    const char *repository, *target;
    bool by_digest;
    struct arena *arena;
    struct registry_manifest *manifest;
    struct error *error;
};

static int ask(const struct asking *asking, const char *method, const char *accept, struct http_reply *reply)
{
    const char *path = arena_printf(asking->arena, "manifests/%s", asking->target);
    struct registry_request request = {
        .method = method, .repository = asking->repository, .path = path, .accept = accept, .body_limit = MANIFEST_MAX};
    return registry_send(asking->client, &request, asking->arena, reply, &asking->manifest->anonymous, asking->error);
}

static int bad(const struct asking *asking, enum reason reason, const char *what)
{
    error_set(asking->error, reason, asking->client->registry->name, "%s", what);
    asking->error->http_status = 200;
    return -1;
}

static const char *said_digest(const struct asking *asking, const struct http_reply *reply)
{
    struct slice digest = http_header_get(&reply->head, "docker-content-digest");
    return digest.len && !digest_fault(digest) ? arena_copy(asking->arena, digest) : NULL;
}

/* Another digest than the one that was asked for, of the same kind. */
static bool contradicts(const struct asking *asking, const char *digest)
{
    struct slice a = slice_of(digest), b = slice_of(asking->target);
    return asking->by_digest && strcmp(digest, asking->target) != 0 &&
           slice_equal(slice_cut(&a, ':'), slice_cut(&b, ':'));
}

/* Status 200 to HEAD: 1 when it says all, 0 when the manifest itself must be looked at, -1 when it cannot be true. */
static int take_head(const struct asking *asking, const struct http_reply *reply)
{
    uint64_t size;
    const char *digest = said_digest(asking, reply);
    if (!digest || !manifest_is_type(content_type(reply)))
        return 0;
    if (contradicts(asking, digest))
        return bad(asking, REASON_BAD_REPLY, "asked for one digest it answers with another");
    asking->manifest->digest = digest;
    asking->manifest->media_type = arena_lower(asking->arena, content_type(reply));
    bool sized = slice_number(http_header_get(&reply->head, "content-length"), INT64_MAX, &size);
    asking->manifest->size = sized ? (int64_t)size : -1;
    return 1;
}

static bool has_parts(struct json_node root)
{
    return json_is(json_get(root, "manifests"), JSON_ARRAY) || json_is(json_get(root, "layers"), JSON_ARRAY) ||
           json_is(json_get(root, "fsLayers"), JSON_ARRAY) || json_is(json_get(root, "config"), JSON_OBJECT);
}

/* By its members: JSON of anybody's may have one of these names, too. */
static bool looks_like_manifest(struct json_node root)
{
    return json_is(root, JSON_OBJECT) && (has_parts(root) || json_is(json_get(root, "schemaVersion"), JSON_NUMBER));
}

/* Without a manifest's media type in the header it must say by itself that it is one. */
static bool says_manifest(struct arena *arena, struct json_node root)
{
    int64_t version;
    const char *inner = json_cstr(arena, json_get(root, "mediaType"));
    bool versioned = json_int64(json_get(root, "schemaVersion"), &version) && (version == 1 || version == 2);
    bool named = inner && manifest_is_type(slice_of(inner));
    return looks_like_manifest(root) && (named || (versioned && has_parts(root)));
}

/* The bytes decide: what is no manifest is not one because a header says so. */
static int take_body(const struct asking *asking, const struct http_reply *reply)
{
    struct json json;
    struct registry_manifest *manifest = asking->manifest;
    struct slice type = content_type(reply);
    bool parsed = json_parse(asking->arena, reply->body, &json) == 0;
    struct json_node root = parsed ? json_root(&json) : (struct json_node){NULL, 0};
    if (!manifest_is_type(type) && !says_manifest(asking->arena, root))
        return bad(asking, REASON_AMBIGUOUS,
                   arena_printf(asking->arena, "HTTP 200, but what it sends is no manifest (Content-Type %s)",
                                type.len ? utf8_excerpt(asking->arena, arena_copy(asking->arena, type)) : "none"));
    if (!parsed || !looks_like_manifest(root))
        return bad(asking, REASON_BAD_REPLY,
                   parsed ? "the JSON that it sends is no manifest" : "the manifest that it sends is not JSON");
    const char *inner = json_cstr(asking->arena, json_get(root, "mediaType"));
    if (inner && !manifest_is_type(slice_of(inner)))
        inner = NULL; /* any text: it goes to terminals and into logs */
    const char *digest = said_digest(asking, reply);
    bool one_type = inner && manifest_is_type(type);
    if (one_type && !slice_is_nocase(type, inner))
        return bad(asking, REASON_BAD_REPLY, "the manifest's own media type is another than its header's");
    if (asking->by_digest && digest_is_known(asking->target) && !digest_fits(asking->target, reply->body))
        return bad(asking, REASON_BAD_REPLY, "the manifest that it sends does not have the digest that was asked for");
    if (digest && digest_is_known(digest) && !digest_fits(digest, reply->body))
        return bad(asking, REASON_BAD_REPLY, "the manifest that it sends does not have the digest that it says");
    manifest->digest = asking->by_digest                   ? arena_strdup(asking->arena, asking->target)
                       : digest && digest_is_known(digest) ? digest
                                                           : digest_of(asking->arena, reply->body);
    manifest->media_type = manifest_is_type(type) ? arena_lower(asking->arena, type) : inner;
    manifest->size = (int64_t)reply->body.len;
    manifest->body = reply->body;
    return 0;
}

/* Harbor (and Red Hat's "404") has one code for both kinds; only the message tells them apart. */
static enum reason absence(const char *code, const char *message)
{
    if (code && strcmp(code, "MANIFEST_UNKNOWN") == 0)
        return REASON_NO_IMAGE;
    if (code && strcmp(code, "NAME_UNKNOWN") == 0)
        return REASON_NO_REPOSITORY;
    if (code && (strcmp(code, "NOT_FOUND") == 0 || strcmp(code, "404") == 0)) {
        struct slice text = slice_of(message);
        return slice_starts_nocase(text, "repository") || slice_starts_nocase(text, "project") ? REASON_NO_REPOSITORY
                                                                                               : REASON_NO_IMAGE;
    }
    return REASON_OK;
}

/* JSON by its own account that is none, as what was cut short. */
static bool is_garbled(const struct http_reply *reply)
{
    struct arena scratch = {0};
    struct json json;
    bool claims = slice_has_nocase(content_type(reply), "json") || slice_starts(slice_trim(reply->body), "{");
    bool broken = slice_trim(reply->body).len && claims && json_parse(&scratch, reply->body, &json) < 0;
    arena_free(&scratch);
    return broken;
}

/* Only a registry says that something is not there: anybody answers 404. */
static int judge_not_found(const struct asking *asking, const struct http_reply *reply)
{
    const char *message, *name = asking->client->registry->name;
    const char *code = registry_error_code(asking->arena, reply, &message);
    enum reason reason = absence(code, message);
    if (!code && is_garbled(reply))
        return bad(asking, REASON_BAD_REPLY, "HTTP 404, with a broken error body");
    if (reason == REASON_OK && !code && registry_is_shown(asking->client, reply, asking->arena))
        reason = REASON_NO_IMAGE;
    registry_refused(asking->client, reply, asking->manifest->anonymous, asking->arena, asking->error);
    if (reason != REASON_OK) {
        asking->error->reason = reason;
        return -1;
    }
    const char *said = arena_strdup(asking->arena, asking->error->cause);
    error_set(asking->error, REASON_AMBIGUOUS, name, "%s; %s", said,
              code ? "that code says nothing about the image" : "nothing shows that a registry answers there");
    error_hint(asking->error, "check the registry's name, and what stands in between");
    asking->error->http_status = 404;
    return -1;
}

static int judge(const struct asking *asking, const struct http_reply *reply)
{
    if (reply->head.status == 200)
        return take_body(asking, reply);
    if (reply->head.status == 404)
        return judge_not_found(asking, reply);
    return registry_refused(asking->client, reply, asking->manifest->anonymous, asking->arena, asking->error);
}

static struct asking begin(const struct registry_client *client, const char *repository, const char *target,
                           struct arena *arena, struct registry_manifest *manifest, struct error *error)
{
    *manifest = (struct registry_manifest){.size = -1};
    return (struct asking){client, repository, target, slice_find(slice_of(target), ':') >= 0, arena, manifest, error};
}

int registry_get_manifest(const struct registry_client *client, const char *repository, const char *target,
                          struct arena *arena, struct registry_manifest *manifest, struct error *error)
{
    struct http_reply reply;
    struct asking asking = begin(client, repository, target, arena, manifest, error);
    if (ask(&asking, "GET", ACCEPT, &reply) < 0)
        return -1;
    bool picky = reply.head.status == 406 || reply.head.status == 415;
    if (picky && ask(&asking, "GET", "*/*", &reply) < 0)
        return -1;
    return judge(&asking, &reply);
}

/* What a bodyless reply to HEAD leaves open: which of two things is not there, and who says so. */
int registry_has_manifest(const struct registry_client *client, const char *repository, const char *target,
                          struct arena *arena, struct registry_manifest *manifest, struct error *error)
{
    struct http_reply reply;
    struct asking asking = begin(client, repository, target, arena, manifest, error);
    if (ask(&asking, "HEAD", ACCEPT, &reply) < 0)
        return -1;
    int status = reply.head.status;
    int taken = status == 200 ? take_head(&asking, &reply) : 0;
    if (taken != 0)
        return taken < 0 ? -1 : 0;
    if (status == 429 || (status >= 500 && status != 501)) /* 501: that it knows no HEAD */
        return registry_refused(client, &reply, manifest->anonymous, arena, error);
    return registry_get_manifest(client, repository, target, arena, manifest, error);
}
