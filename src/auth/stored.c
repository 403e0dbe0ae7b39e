#include "auth/stored.h"

#include <string.h>
#include <unistd.h>

#include "auth/helper_call.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/json_write.h"

#define OWN_HELPER    "ecr-login"
#define AUTH_VARIABLE "DOCKER_AUTH_CONFIG"
#define FILE_VARIABLE "REGISTRY_AUTH_FILE" /* podman's and skopeo's */

int stored_auth_check(struct arena *arena, const char *authfile, struct error *error)
{
    struct docker_config config;
    int status = docker_config_read(&config, arena, authfile, true, error);
    docker_config_free(&config);
    if (status < 0)
        error->reason = REASON_USAGE;
    return status;
}

/* What a look into one place needs, and what it gives: other than 0 ends the search. */
struct search {
    struct arena *arena;
    const char *registry, *repository;
    struct docker_auth *auth;
    const char *namespace;
    struct error *error;
    int (*look)(struct search *search, const struct docker_config *config);
};

static int look_and_free(struct search *search, struct docker_config *config, int status)
{
    if (status == 0)
        status = search->look(search, config);
    docker_config_free(config);
    return status;
}

/* One file; that it is not there is an error only where it `must_exist`. */
static int look_into(struct search *search, const char *path, bool must_exist)
{
    struct docker_config config;
    int status = docker_config_read(&config, search->arena, path, must_exist, search->error);
    return look_and_free(search, &config, status);
}

/* podman's and skopeo's own places, in their order. */
static const char *podman_file(struct arena *arena, int number)
{
    const char *runtime = env_get("XDG_RUNTIME_DIR");
    if (number == 0)
        return runtime ? arena_printf(arena, "%s/containers/auth.json", runtime)
                       : arena_printf(arena, "/run/containers/%u/auth.json", (unsigned)geteuid());
    return path_expand(arena, "~/.config/containers/auth.json");
}

/* All places in their order, until one gives something. */
static int look_everywhere(struct search *search, const char *authfile)
{
    struct docker_config config;
    const char *text = env_get(AUTH_VARIABLE), *file = env_get(FILE_VARIABLE);
    int found = authfile ? look_into(search, authfile, true) : 0;
    if (found == 0 && text) {
        int status = docker_config_parse(&config, search->arena, text, AUTH_VARIABLE, search->error);
        found = look_and_free(search, &config, status);
    }
    if (authfile)
        return found;
    if (found == 0 && file)
        found = look_into(search, file, false);
    if (found == 0)
        found = look_into(search, docker_config_path(search->arena), false);
    for (int i = 0; i < 2 && found == 0; i++)
        found = look_into(search, podman_file(search->arena, i), false);
    return found;
}

/* A helper that an earlier place named is kept. */
static int look_for_auth(struct search *search, const struct docker_config *config)
{
    const char *helper = search->auth->helper;
    int found = docker_config_find(config, search->arena, search->registry, search->auth, search->error);
    if (!search->auth->helper)
        search->auth->helper = helper;
    return found;
}

int stored_auth_find(struct arena *arena, const char *authfile, const char *registry, struct docker_auth *auth,
                     struct error *error)
{
    struct search search = {.arena = arena, .registry = registry, .auth = auth, .error = error, .look = look_for_auth};
    *auth = (struct docker_auth){.username = NULL};
    return look_everywhere(&search, authfile);
}

static int look_for_namespace(struct search *search, const struct docker_config *config)
{
    search->namespace = docker_config_namespace(config, search->arena, search->registry, search->repository);
    return search->namespace != NULL;
}

const char *stored_auth_name(struct arena *arena, const char *authfile, const char *registry, const char *repository)
{
    struct error ignored;
    struct search search = {
        .arena = arena, .registry = registry, .repository = repository, .error = &ignored, .look = look_for_namespace};
    error_init(&ignored, arena);
    return look_everywhere(&search, authfile) == 1 ? search.namespace : registry;
}

int stored_auth_get(struct arena *arena, const char *authfile, const char *registry, bool is_ecr, int64_t deadline,
                    struct docker_auth *auth, struct error *error)
{
    int found = stored_auth_find(arena, authfile, registry, auth, error);
    if (found != 0 || !auth->helper || (is_ecr && strcmp(auth->helper, OWN_HELPER) == 0))
        return found;
    const char *helper = auth->helper;
    struct slice host = slice_of(registry);
    auth->helper = NULL;
    return helper_get(arena, helper, arena_copy(arena, slice_cut(&host, '/')), deadline, auth, error);
}

char *basic_authorization(struct arena *arena, const struct docker_auth *auth)
{
    struct buf plain = BUF_INIT, text = BUF_INIT;
    if (!auth->username || !auth->password)
        return NULL;
    buf_printf(&plain, "%s:%s", auth->username, auth->password);
    encode_base64(&text, buf_view(&plain), false);
    buf_free(&plain);
    return buf_detach(&text, arena);
}

char *registry_auth_header(struct arena *arena, const struct docker_auth *auth, const char *registry)
{
    struct buf json = BUF_INIT, text = BUF_INIT;
    bool hub = strcmp(registry, "docker.io") == 0;
    json_open(&json, '{');
    json_member_str(&json, "username", auth->username);
    json_member_str(&json, "password", auth->password);
    json_member_str(&json, "identitytoken", auth->identity_token);
    json_member_str(&json, "registrytoken", auth->registry_token);
    json_member_str(&json, "serveraddress", hub ? "https://index.docker.io/v1/" : registry);
    json_close(&json, '}');
    encode_base64(&text, buf_view(&json), true);
    buf_free(&json);
    return buf_detach(&text, arena);
}
