#include "auth/docker_config.h"

#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"

#define HUB_KEY "https://index.docker.io/v1/" /* what docker itself calls Docker Hub there */

static int broken(struct error *error, const char *path, const char *what)
{
    error_set(error, REASON_NO_CREDENTIALS, path, "%s", what);
    error_hint(error, "mend the file, or name another with --authfile or DOCKER_CONFIG");
    return -1;
}

static int parse(struct docker_config *config, struct arena *arena, struct error *error)
{
    bool parsed = json_parse(arena, buf_view(&config->text), &config->json) == 0;
    if (parsed && json_is(json_root(&config->json), JSON_OBJECT))
        return 0;
    docker_config_free(config);
    return broken(error, config->path, parsed ? "is no JSON object" : "is not JSON");
}

int docker_config_read(struct docker_config *config, struct arena *arena, const char *path, bool must_exist,
                       struct error *error)
{
    *config = (struct docker_config){.path = path, .text = BUF_INIT};
    int status = path ? file_read(path, DOCKER_CONFIG_MAX, &config->text) : ENOENT;
    if ((status == ENOENT || status == ENOTDIR) && !must_exist) {
        config->path = NULL;
        return 0;
    }
    if (status)
        return error_set(error, REASON_NO_CREDENTIALS, path, "cannot read it: %s", strerror(status));
    if (slice_trim(buf_view(&config->text)).len == 0 && !must_exist) { /* docker takes an empty file for none */
        config->path = NULL;
        return 0;
    }
    return parse(config, arena, error);
}

int docker_config_parse(struct docker_config *config, struct arena *arena, const char *text, const char *name,
                        struct error *error)
{
    *config = (struct docker_config){.path = name, .text = BUF_INIT};
    buf_str(&config->text, text);
    return parse(config, arena, error);
}

void docker_config_free(struct docker_config *config)
{
    buf_free(&config->text);
}

const char *docker_config_path(struct arena *arena)
{
    const char *folder = env_get("DOCKER_CONFIG");
    return folder ? arena_printf(arena, "%s/config.json", folder) : path_expand(arena, "~/.docker/config.json");
}

/* "https://host:port/v1/" to "host:port"; a key without a scheme but with a path is podman's and means less. */
struct slice docker_config_key_host(struct slice key)
{
    size_t scheme = slice_starts(key, "https://") ? 8 : slice_starts(key, "http://") ? 7 : 0;
    if (scheme == 0)
        return key;
    key = slice_from(key, scheme);
    return slice_cut(&key, '/');
}

static bool is_docker_hub(struct slice host)
{
    return slice_is(host, "docker.io") || slice_is(host, "index.docker.io") || slice_is(host, "registry-1.docker.io");
}

bool docker_config_key_fits(struct slice key, const char *registry)
{
    struct slice host = docker_config_key_host(key);
    return slice_is_nocase(host, registry) || (is_docker_hub(host) && is_docker_hub(slice_of(registry)));
}

/* The entry under the name itself, else the first that fits a registry. */
static struct json_node find_entry(const struct docker_config *config, struct arena *arena, const char *name)
{
    struct json_node auths = json_get(json_root(&config->json), "auths");
    struct json_node found = json_get(auths, name);
    for (struct json_node key = json_first(auths); json_exists(key) && !json_exists(found);) {
        struct json_node value = json_next(auths, key);
        if (docker_config_key_fits(json_string(arena, key), name))
            found = value;
        key = json_next(auths, value);
    }
    return found;
}

const char *docker_config_namespace(const struct docker_config *config, struct arena *arena, const char *registry,
                                    const char *repository)
{
    struct json_node auths = {NULL, 0};
    if (config->path)
        auths = json_get(json_root(&config->json), "auths");
    struct slice name = slice_of(arena_printf(arena, "%s/%s", registry, repository));
    for (ptrdiff_t slash = (ptrdiff_t)name.len; json_exists(auths) && slash > (ptrdiff_t)strlen(registry);
         slash = slice_rfind(name, '/')) {
        name = slice_head(name, (size_t)slash);
        const char *key = arena_copy(arena, name);
        if (json_exists(json_get(auths, key)))
            return key;
    }
    return NULL;
}

/* base64 of "user:password"; the password may hold colons, and old files have NULs at the end. */
static int decode_auth(struct slice text, struct arena *arena, struct docker_auth *auth)
{
    struct buf plain = BUF_INIT;
    int status = decode_base64(&plain, text);
    struct slice password = buf_view(&plain);
    while (password.len && password.data[password.len - 1] == 0)
        password.len--;
    struct slice user = slice_cut(&password, ':');
    if (!password.data || slice_find(user, 0) >= 0 || slice_find(password, 0) >= 0)
        status = -1;
    if (status == 0) {
        auth->username = arena_copy(arena, user);
        auth->password = arena_copy(arena, password);
    }
    buf_free(&plain);
    return status;
}

/*
 * The helper that the file leaves a registry to: its own, where an empty name means none, or the store, for those that
 * have an entry. What stands in the entry itself docker does not look at then.
 */
static const char *helper_of(const struct docker_config *config, struct arena *arena, struct json_node entry,
                             const char *registry)
{
    struct json_node root = json_root(&config->json);
    struct slice host = slice_of(registry);
    const char *own = arena_copy(arena, slice_cut(&host, '/'));
    const char *name = json_cstr(arena, json_get(json_get(root, "credHelpers"), own));
    if (!name && is_docker_hub(slice_of(own)))
        name = json_cstr(arena, json_get(json_get(root, "credHelpers"), HUB_KEY));
    if (!name && json_exists(entry))
        name = json_cstr(arena, json_get(root, "credsStore"));
    return name && *name ? name : NULL;
}

int docker_config_find(const struct docker_config *config, struct arena *arena, const char *registry,
                       struct docker_auth *auth, struct error *error)
{
    *auth = (struct docker_auth){.username = NULL};
    if (!config->path)
        return 0;
    struct json_node entry = find_entry(config, arena, registry);
    auth->helper = helper_of(config, arena, entry, registry);
    if (auth->helper)
        return 0;
    auth->identity_token = json_cstr(arena, json_get(entry, "identitytoken"));
    auth->registry_token = json_cstr(arena, json_get(entry, "registrytoken"));
    struct slice encoded = json_string(arena, json_get(entry, "auth"));
    if (encoded.len && decode_auth(encoded, arena, auth) < 0)
        return broken(error, config->path,
                      arena_printf(arena, "the entry of %s is not the base64 of user:password", registry));
    if (!encoded.len) {
        auth->username = json_cstr(arena, json_get(entry, "username"));
        auth->password = json_cstr(arena, json_get(entry, "password"));
    }
    return auth->identity_token || auth->registry_token || (auth->username && auth->password);
}
