#include "docker/engine.h"

#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "image/digest.h"

#define REPLY_MAX (4 << 20)

void docker_close(struct docker *docker)
{
    http_free(&docker->http);
    trust_free(&docker->trust);
    if (docker->has_identity)
        identity_free(&docker->identity);
}

static int load_tls(struct docker *docker, struct arena *arena, struct error *error)
{
    const char *dir = docker->endpoint.tls_dir;
    if (trust_use_file(&docker->trust, arena_printf(arena, "%s/ca.pem", dir), error) < 0 ||
        identity_load(&docker->identity, arena_printf(arena, "%s/cert.pem", dir),
                      arena_printf(arena, "%s/key.pem", dir), error) < 0) {
        error->reason = REASON_NO_CREDENTIALS;
        return -1;
    }
    docker->has_identity = true;
    docker->http.trust = &docker->trust;
    docker->http.identity = &docker->identity;
    return 0;
}

int docker_send(struct docker *docker, const struct docker_call *call, int64_t deadline, struct arena *arena,
                struct http_reply *reply, struct error *error)
{
    struct http_request request;
    struct url url = docker->endpoint.url;
    struct slice query = slice_of(call->path);
    const char *path = arena_copy(arena, slice_cut(&query, '?'));
    url.path = docker->version ? arena_printf(arena, "/v%s%s", docker->version, path) : path;
    url.query = query.data ? arena_copy(arena, query) : NULL;
    http_request_init(&request, call->method, &url);
    request.deadline = deadline;
    request.body_limit = REPLY_MAX;
    request.stream = call->stream;
    request.source = call->source;
    if (!call->source && strcmp(call->method, "POST") == 0)
        request.body = (struct slice){"", 0};
    if (call->content_type)
        http_request_add(&request, "Content-Type", call->content_type, false);
    if (call->login)
        http_request_add(&request, "X-Registry-Auth", call->login->header, true);
    int status = http_send(&docker->http, &request, arena, reply, error);
    docker->dialled = docker->dialled || docker->http.connections > 0;
    return status;
}

static int get(struct docker *docker, const char *method, const char *path, const struct docker_login *login,
               int64_t deadline, struct arena *arena, struct http_reply *reply, struct error *error)
{
    const struct docker_call call = {.method = method, .path = path, .login = login};
    return docker_send(docker, &call, deadline, arena, reply, error);
}

static int bad_reply(const struct docker *docker, const struct http_reply *reply, const char *what, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, docker->endpoint.name, "HTTP %d, but %s", reply->head.status, what);
    error->http_status = reply->head.status;
    return -1;
}

static bool is_version(struct slice text)
{
    uint64_t ignored;
    struct slice minor = text;
    struct slice major = slice_cut(&minor, '.');
    return slice_number(major, 99, &ignored) && slice_number(minor, 9999, &ignored);
}

static int ping(struct docker *docker, int64_t deadline, struct arena *arena, struct error *error)
{
    struct http_reply reply;
    if (get(docker, "HEAD", "/_ping", NULL, deadline, arena, &reply, error) < 0)
        return -1;
    if (reply.head.status != 200 && get(docker, "GET", "/_ping", NULL, deadline, arena, &reply, error) < 0)
        return -1;
    struct slice version = http_header_get(&reply.head, "api-version");
    if (reply.head.status != 200 || !is_version(version))
        return bad_reply(docker, &reply, "that is no answer of a container daemon to /_ping", error);
    docker->version = arena_copy(arena, version);
    return 0;
}

int docker_open(struct docker *docker, const struct docker_endpoint *endpoint, struct trust *trust,
                const struct proxy_settings *proxy, struct events events, int64_t deadline, struct arena *arena,
                struct error *error)
{
    *docker = (struct docker){.endpoint = *endpoint};
    trust_init(&docker->trust);
    http_init(&docker->http, trust);
    docker->http.unix_path = endpoint->unix_path;
    docker->http.proxy = *proxy;
    docker->http.events = events;
    if (endpoint->tls_dir && load_tls(docker, arena, error) < 0)
        return -1;
    return ping(docker, deadline, arena, error);
}

static struct slice error_message(const struct http_reply *reply, struct arena *arena)
{
    struct json *json = arena_alloc(arena, sizeof *json);
    if (json_parse(arena, reply->body, json) < 0)
        return (struct slice){NULL, 0};
    return slice_trim(json_string(arena, json_get(json_root(json), "message")));
}

/* Whether a line begins with these words, as the daemon writes a registry's error code: in lower case with spaces. */
static bool has_words(struct slice line, const char *words)
{
    size_t len = strlen(words);
    return slice_starts(line, words) && (line.len == len || line.data[len] == ':');
}

static enum reason reason_of_line(struct slice line)
{
    if (has_words(line, "manifest unknown"))
        return REASON_NO_IMAGE;
    return has_words(line, "name unknown") ? REASON_NO_REPOSITORY : REASON_AMBIGUOUS;
}

/*
 * Only these two codes are the registry's definite word; a 404 with any other text may be the daemon's own. Of several
 * ("errors:" and a line each) all must say so: a denial among them leaves it open.
 */
static enum reason reason_of_not_found(struct slice message)
{
    enum reason reason = REASON_OK;
    if (!slice_starts(message, "errors:"))
        return reason_of_line(message);
    message = slice_from(message, 7);
    while (message.data) {
        struct slice line = slice_trim(slice_cut(&message, '\n'));
        if (line.len && (reason == REASON_OK || reason_of_line(line) == REASON_AMBIGUOUS))
            reason = reason_of_line(line);
        if (reason == REASON_AMBIGUOUS)
            break;
    }
    return reason == REASON_OK ? REASON_AMBIGUOUS : reason;
}

/* The daemon gives 500 for these refusals of a registry; all of them leave the image unknown. */
static enum reason reason_of_server_error(struct slice message)
{
    if (slice_ends(message, "no basic auth credentials"))
        return REASON_NO_CREDENTIALS;
    return slice_has(message, "authorization token has expired") ? REASON_EXPIRED_CREDENTIALS : REASON_SERVER_ERROR;
}

static enum reason reason_of_status(int status, struct slice message, bool with_auth)
{
    switch (status) {
    case 404:
        return reason_of_not_found(message);
    case 401:
    case 403:
        return with_auth ? REASON_DENIED : REASON_NO_CREDENTIALS;
    case 429:
        return REASON_THROTTLED;
    case 400:
        return REASON_REFUSED;
    default:
        return status >= 500 ? reason_of_server_error(message) : REASON_BAD_REPLY;
    }
}

const char *docker_cut_secrets(struct arena *arena, const char *text, const struct docker_login *login)
{
    for (size_t i = 0; login && i < DOCKER_SECRETS; i++)
        if (login->secrets[i])
            text = redact(arena, text, login->secrets[i]);
    return utf8_excerpt(arena, text);
}

int docker_refused(const struct docker *docker, const struct http_reply *reply, const struct docker_login *login,
                   struct arena *arena, struct error *error)
{
    struct slice message = error_message(reply, arena);
    int status = reply->head.status;
    if (!message.data)
        return bad_reply(docker, reply, "no message of a Docker daemon", error);
    error_set(error, reason_of_status(status, message, login != NULL), docker->endpoint.name,
              "the daemon says HTTP %d: %s", status, docker_cut_secrets(arena, arena_copy(arena, message), login));
    error->http_status = status;
    error->retry_after = http_retry_after(&reply->head);
    return -1;
}

static void read_platforms(struct json_node list, struct arena *arena, struct docker_image *image)
{
    size_t count = 0;
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node))
        count++;
    image->platforms = arena_array(arena, count, sizeof *image->platforms);
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node)) {
        const char *os = json_cstr(arena, json_get(node, "os"));
        const char *architecture = json_cstr(arena, json_get(node, "architecture"));
        const char *variant = json_cstr(arena, json_get(node, "variant"));
        if (!os || !architecture || strcmp(os, "unknown") == 0)
            continue; /* an attestation, which is no platform */
        image->platforms[image->platform_count++] =
            arena_printf(arena, "%s/%s%s%s", os, architecture, variant && *variant ? "/" : "", variant ? variant : "");
    }
}

static char *image_path(struct arena *arena, const char *front, const char *name)
{
    struct buf path = BUF_INIT;
    buf_str(&path, front);
    encode_percent(&path, slice_of(name), "/:@");
    buf_str(&path, "/json");
    return buf_detach(&path, arena);
}

int docker_distribution(struct docker *docker, const char *name, const struct docker_login *login, int64_t deadline,
                        struct arena *arena, struct docker_image *image, struct error *error)
{
    struct http_reply reply;
    struct json json;
    *image = (struct docker_image){.size = -1};
    if (get(docker, "GET", image_path(arena, "/distribution/", name), login, deadline, arena, &reply, error) < 0)
        return -1;
    if (reply.head.status != 200)
        return docker_refused(docker, &reply, login, arena, error);
    if (json_parse(arena, reply.body, &json) < 0)
        return bad_reply(docker, &reply, "its body is not JSON", error);
    struct json_node descriptor = json_get(json_root(&json), "Descriptor");
    image->digest = json_cstr(arena, json_get(descriptor, "digest"));
    image->media_type = json_cstr(arena, json_get(descriptor, "mediaType"));
    if (!image->digest || digest_fault(slice_of(image->digest)))
        return bad_reply(docker, &reply, "it describes no image", error);
    read_platforms(json_get(json_root(&json), "Platforms"), arena, image);
    return 0;
}

/* The registry's digest of a local image: the first of its RepoDigests of this repository, or the one that is wanted. */
static const char *repo_digest(struct json_node list, const char *repository, const char *wanted, struct arena *arena)
{
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node)) {
        struct slice digest = json_string(arena, node);
        if (slice_is(slice_cut(&digest, '@'), repository) && digest.data && !digest_fault(digest) &&
            (!wanted || slice_is(digest, wanted)))
            return arena_copy(arena, digest);
    }
    return NULL;
}

int docker_local_image(struct docker *docker, const char *name, const char *repository, const char *digest,
                       int64_t deadline, struct arena *arena, struct docker_image *image, struct error *error)
{
    struct http_reply reply;
    struct json json;
    *image = (struct docker_image){.size = -1};
    if (get(docker, "GET", image_path(arena, "/images/", name), NULL, deadline, arena, &reply, error) < 0)
        return -1;
    if (reply.head.status != 200) {
        docker_refused(docker, &reply, NULL, arena, error);
        if (reply.head.status == 404 && slice_has_nocase(error_message(&reply, arena), "no such image"))
            error->reason = REASON_NO_IMAGE;
        return -1;
    }
    if (json_parse(arena, reply.body, &json) < 0 || !json_is(json_get(json_root(&json), "Id"), JSON_STRING))
        return bad_reply(docker, &reply, "it describes no image", error);
    struct json_node root = json_root(&json);
    image->digest = repo_digest(json_get(root, "RepoDigests"), repository, digest, arena);
    if (digest && !image->digest)
        return bad_reply(docker, &reply, "it describes an image of another digest", error);
    json_int64(json_get(root, "Size"), &image->size);
    const char *os = json_cstr(arena, json_get(root, "Os")), *cpu = json_cstr(arena, json_get(root, "Architecture"));
    if (os && cpu) {
        image->platforms = arena_array(arena, 1, sizeof *image->platforms);
        image->platforms[image->platform_count++] = arena_printf(arena, "%s/%s", os, cpu);
    }
    return 0;
}
