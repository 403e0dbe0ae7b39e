#include "docker/endpoint.h"

#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "net/addr.h"

#define DEFAULT_SOCKET "/var/run/docker.sock"
#define META_MAX       (1 << 20)
#define PORT_PLAIN     2375
#define PORT_TLS       2376

static void use_socket(struct arena *arena, const char *path, struct docker_endpoint *endpoint)
{
    *endpoint = (struct docker_endpoint){.unix_path = path, .local = true, .name = path};
    url_parse(arena, SLICE("http://localhost/"), &endpoint->url);
}

/* An address that cannot be parsed, for messages: without a user and password that may stand before the host. */
static const char *public_part(const char *host)
{
    const char *at = strrchr(host, '@');
    return at ? at + 1 : host;
}

/* tcp://, http:// and https:// hosts; tcp means TLS when certificates are configured for it. */
static int use_tcp(struct arena *arena, const char *host, struct slice address, bool tls, const char *tls_dir,
                   struct docker_endpoint *endpoint, struct error *error)
{
    *endpoint = (struct docker_endpoint){.name = host, .tls_dir = tls ? tls_dir : NULL};
    char *text = arena_printf(arena, "%s://%.*s", tls ? "https" : "http", SLICE_ARGS(address));
    const char *fault = url_parse(arena, slice_of(text), &endpoint->url);
    if (fault)
        return error_set(error, REASON_UNREACHABLE, public_part(host), "is no address of a daemon: %s", fault);
    struct slice authority = slice_cut(&address, '/');
    if (slice_rfind(authority, ':') <= slice_rfind(authority, ']'))
        endpoint->url.port = tls ? PORT_TLS : PORT_PLAIN;
    endpoint->local = host_is_loopback(endpoint->url.host);
    endpoint->name = url_public(arena, &endpoint->url); /* without a password that may stand in DOCKER_HOST */
    return 0;
}

static bool has_ca(struct arena *arena, const char *tls_dir)
{
    return tls_dir && access(arena_printf(arena, "%s/ca.pem", tls_dir), F_OK) == 0;
}

static int use_host(struct arena *arena, const char *host, bool tls, const char *tls_dir,
                    struct docker_endpoint *endpoint, struct error *error)
{
    struct slice text = slice_of(host);
    if (slice_starts(text, "unix://")) {
        use_socket(arena, host + 7, endpoint);
        return 0;
    }
    if (slice_starts(text, "tcp://"))
        return use_tcp(arena, host, slice_from(text, 6), tls, tls_dir, endpoint, error);
    if (slice_starts(text, "http://"))
        return use_tcp(arena, host, slice_from(text, 7), tls, tls_dir, endpoint, error);
    /* A daemon with a certificate that any client trusts may want none of ours. */
    if (slice_starts(text, "https://"))
        return use_tcp(arena, host, slice_from(text, 8), true, tls || has_ca(arena, tls_dir) ? tls_dir : NULL, endpoint,
                       error);
    return error_set(error, REASON_UNSUPPORTED, public_part(host), "only unix:// and tcp:// daemons can be asked");
}

static int from_variable(struct arena *arena, const char *host, struct docker_endpoint *endpoint, struct error *error)
{
    const char *dir = env_get("DOCKER_CERT_PATH");
    bool tls = env_get("DOCKER_TLS_VERIFY") || (dir && slice_starts(slice_of(host), "https://"));
    return use_host(arena, host, tls, dir ? dir : path_expand(arena, "~/.docker"), endpoint, error);
}

static const char *docker_folder(struct arena *arena)
{
    const char *folder = env_get("DOCKER_CONFIG");
    return folder ? folder : path_expand(arena, "~/.docker");
}

/* A JSON file's text stays in `text`, which the caller frees. */
static int read_json(struct arena *arena, const char *path, struct buf *text, struct json *json)
{
    if (file_read(path, META_MAX, text) != 0)
        return -1;
    return json_parse(arena, buf_view(text), json);
}

static const char *current_context(struct arena *arena, const char *folder)
{
    struct buf text = BUF_INIT;
    struct json json;
    const char *name = env_get("DOCKER_CONTEXT");
    if (!name && folder && read_json(arena, arena_printf(arena, "%s/config.json", folder), &text, &json) == 0)
        name = json_cstr(arena, json_get(json_root(&json), "currentContext"));
    buf_free(&text);
    return name && *name && strcmp(name, "default") != 0 ? name : NULL;
}

static char *context_hash(struct arena *arena, const char *name)
{
    uint8_t hash[SHA256_SIZE];
    struct buf hex = BUF_INIT;
    sha256(slice_of(name), hash);
    encode_hex(&hex, hash, sizeof hash);
    return buf_detach(&hex, arena);
}

static int from_context(struct arena *arena, const char *folder, const char *name, struct docker_endpoint *endpoint,
                        struct error *error)
{
    struct buf text = BUF_INIT;
    struct json json;
    const char *host = NULL;
    char *hash = context_hash(arena, name);
    char *meta = arena_printf(arena, "%s/contexts/meta/%s/meta.json", folder, hash);
    char *tls_dir = arena_printf(arena, "%s/contexts/tls/%s/docker", folder, hash);
    if (read_json(arena, meta, &text, &json) == 0)
        host = json_cstr(arena, json_get(json_get(json_get(json_root(&json), "Endpoints"), "docker"), "Host"));
    buf_free(&text);
    if (!host)
        return error_set(error, REASON_UNREACHABLE, name, "Docker's context of this name cannot be read");
    return use_host(arena, host, has_ca(arena, tls_dir), tls_dir, endpoint, error);
}

static const char *under_runtime_dir(struct arena *arena, const char *path)
{
    const char *folder = env_get("XDG_RUNTIME_DIR");
    return folder ? arena_printf(arena, "%s/%s", folder, path) : NULL;
}

static bool there(const char *path)
{
    return path && access(path, F_OK) == 0;
}

int docker_endpoint_find(struct arena *arena, bool or_podman, struct docker_endpoint *endpoint, struct error *error)
{
    const char *host = env_get("DOCKER_HOST");
    const char *folder = docker_folder(arena);
    const char *context = host ? NULL : current_context(arena, folder);
    if (host)
        return from_variable(arena, host, endpoint, error);
    if (context)
        return from_context(arena, folder, context, endpoint, error);
    const char *docker[] = {under_runtime_dir(arena, "docker.sock"), DEFAULT_SOCKET};
    const char *podman[] = {under_runtime_dir(arena, "podman/podman.sock"), "/run/podman/podman.sock"};
    use_socket(arena, there(docker[0]) ? docker[0] : docker[1], endpoint);
    for (size_t i = 0; or_podman && i < 2 && !there(endpoint->unix_path); i++) {
        if (there(podman[i])) {
            use_socket(arena, podman[i], endpoint);
            endpoint->podman = true;
        }
    }
    return 0;
}
