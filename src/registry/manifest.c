#include "registry/manifest.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/utf8.h"
#include "registry/challenge.h"

#define MANIFEST_MAX (4 << 20) /* OCI distribution-spec: registries must take that much */
#define REGISTRY_HUB "docker.io"
#define HUB_ENDPOINT "registry-1.docker.io"
#define MEDIA_TYPES                                                                                                    \
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "                            \
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

static int manifest_url(struct arena *arena, const char *registry, const char *repository, const char *target,
                        struct url *url, struct error *error)
{
    bool hub = slice_is(slice_of(registry), REGISTRY_HUB);
    char *text =
        arena_printf(arena, "https://%s/v2/%s/manifests/%s", hub ? HUB_ENDPOINT : registry, repository, target);
    const char *fault = url_parse(arena, slice_of(text), url);
    return fault ? error_set(error, REASON_BAD_REPLY, registry, "is no registry: %s", fault) : 0;
}

/* An anonymous token from where the registry says; that must not lead to this machine or its metadata. */
static int fetch_token(struct http *http, const struct challenge *challenge, const char *registry, int64_t deadline,
                       struct arena *arena, const char **token, struct error *error)
{
    struct url url;
    struct http_request request;
    struct http_reply reply;
    struct json json;
    struct buf query = BUF_INIT;
    const char *fault = challenge->realm ? url_parse(arena, slice_of(challenge->realm), &url) : "there is none";
    if (fault || !url.https)
        return error_set(error, REASON_BAD_REPLY, registry, "its realm is no https URL%s%s", fault ? ": " : "",
                         fault ? fault : "");
    buf_printf(&query, "%s%s", url.query ? url.query : "", url.query ? "&" : "");
    buf_str(&query, "service=");
    encode_percent(&query, slice_of(challenge->service), "");
    buf_str(&query, "&scope=");
    encode_percent(&query, slice_of(challenge->scope), "");
    url.query = buf_detach(&query, arena);
    http_request_init(&request, "GET", &url);
    request.deadline = deadline;
    request.refuse_internal = true;
    if (http_send(http, &request, arena, &reply, error) < 0)
        return -1;
    if (reply.head.status != 200 || json_parse(arena, reply.body, &json) < 0)
        return error_set(error, REASON_NO_CREDENTIALS, url.host, "gives no token without a login: HTTP %d",
                         reply.head.status);
    *token = json_cstr(arena, json_get(json_root(&json), "token"));
    if (!*token)
        *token = json_cstr(arena, json_get(json_root(&json), "access_token"));
    return *token ? 0 : error_set(error, REASON_BAD_REPLY, url.host, "its answer holds no token");
}

static int ask(struct http *http, const struct url *url, const char *token, int64_t deadline, struct arena *arena,
               struct http_reply *reply, struct error *error)
{
    struct http_request request;
    http_request_init(&request, "GET", url);
    http_request_add(&request, "Accept", MEDIA_TYPES, false);
    if (token)
        http_request_add(&request, "Authorization", arena_printf(arena, "Bearer %s", token), true);
    request.body_limit = MANIFEST_MAX;
    request.deadline = deadline;
    request.max_redirects = HTTP_REDIRECTS_MAX;
    return http_send(http, &request, arena, reply, error);
}

/* Only a registry's error body says that something is not there: anybody answers 404. */
static int judge(const struct http_reply *reply, const char *registry, struct arena *arena, struct error *error)
{
    struct json json;
    int status = reply->head.status;
    bool parsed = json_parse(arena, reply->body, &json) == 0;
    struct json_node root = parsed ? json_root(&json) : (struct json_node){NULL, 0};
    struct json_node code = json_get(json_first(json_get(root, "errors")), "code");
    enum reason reason = REASON_BAD_REPLY;
    if (status == 200 && (json_exists(json_get(root, "schemaVersion")) || json_exists(json_get(root, "manifests"))))
        return 0;
    if (status == 404 && json_equals(code, "MANIFEST_UNKNOWN"))
        reason = REASON_NO_IMAGE;
    else if (status == 404 && json_equals(code, "NAME_UNKNOWN"))
        reason = REASON_NO_REPOSITORY;
    else if (status == 404 || status == 200)
        reason = REASON_AMBIGUOUS;
    else if (status == 401 || status == 403)
        reason = REASON_NO_CREDENTIALS;
    else if (status == 429)
        reason = REASON_THROTTLED;
    else if (status >= 500)
        reason = REASON_SERVER_ERROR;
    const char *said = utf8_excerpt(arena, json_cstr(arena, code));
    error_set(error, reason, registry, "HTTP %d%s%s", status, said ? " " : "", said ? said : "");
    error->http_status = status;
    return -1;
}

int registry_has_manifest(struct http *http, const char *registry, const char *repository, const char *target,
                          int64_t deadline, struct arena *arena, struct error *error)
{
    struct url url;
    struct http_reply reply;
    struct challenge challenge;
    const char *token = NULL;
    if (manifest_url(arena, registry, repository, target, &url, error) < 0 ||
        ask(http, &url, NULL, deadline, arena, &reply, error) < 0)
        return -1;
    if (reply.head.status == 401 &&
        challenge_find_bearer(arena, http_header_get(&reply.head, "www-authenticate"), &challenge)) {
        if (fetch_token(http, &challenge, registry, deadline, arena, &token, error) < 0 ||
            ask(http, &url, token, deadline, arena, &reply, error) < 0)
            return -1;
    }
    return judge(&reply, registry, arena, error);
}
