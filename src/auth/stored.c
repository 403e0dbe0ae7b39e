#include "auth/stored.h"

#include <string.h>

#include "auth/helper_call.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/json_write.h"

#define OWN_HELPER    "ecr-login"
#define AUTH_VARIABLE "DOCKER_AUTH_CONFIG"
#define FILE_VARIABLE "REGISTRY_AUTH_FILE" /* podman's and skopeo's */

/* Looks into one place and frees it. A helper that an earlier place named is kept. */
static int find_and_free(struct docker_config *config, int status, struct arena *arena, const char *registry,
                         struct docker_auth *auth, struct error *error)
{
    const char *helper = auth->helper;
    if (status == 0)
        status = docker_config_find(config, arena, registry, auth, error);
    if (!auth->helper)
        auth->helper = helper;
    docker_config_free(config);
    return status;
}

int stored_auth_check(struct arena *arena, const char *authfile, struct error *error)
{
    struct docker_config config;
    int status = docker_config_read(&config, arena, authfile, true, error);
    docker_config_free(&config);
    if (status < 0)
        error->reason = REASON_USAGE;
    return status;
}

/* podman's and skopeo's own places, in their order. */
static const char *podman_file(struct arena *arena, int number)
{
    const char *runtime = env_get("XDG_RUNTIME_DIR");
    if (number == 0)
        return runtime ? arena_printf(arena, "%s/containers/auth.json", runtime) : NULL;
    return path_expand(arena, "~/.config/containers/auth.json");
}

/* One file; that it is not there is an error only where it `must_exist`. */
static int find_in_file(struct arena *arena, const char *path, bool must_exist, const char *registry,
                        struct docker_auth *auth, struct error *error)
{
    struct docker_config config;
    int status = docker_config_read(&config, arena, path, must_exist, error);
    return find_and_free(&config, status, arena, registry, auth, error);
}

int stored_auth_find(struct arena *arena, const char *authfile, const char *registry, struct docker_auth *auth,
                     struct error *error)
{
    struct docker_config config;
    const char *text = env_get(AUTH_VARIABLE), *file = env_get(FILE_VARIABLE);
    int found = 0;
    *auth = (struct docker_auth){.username = NULL};
    if (authfile)
        found = find_in_file(arena, authfile, true, registry, auth, error);
    if (found == 0 && text) {
        int status = docker_config_parse(&config, arena, text, AUTH_VARIABLE, error);
        found = find_and_free(&config, status, arena, registry, auth, error);
    }
    if (authfile)
        return found;
    if (found == 0 && file)
        found = find_in_file(arena, file, false, registry, auth, error);
    if (found == 0)
        found = find_in_file(arena, docker_config_path(arena), false, registry, auth, error);
    for (int i = 0; i < 2 && found == 0; i++)
        found = find_in_file(arena, podman_file(arena, i), false, registry, auth, error);
    return found;
}

int stored_auth_get(struct arena *arena, const char *authfile, const char *registry, bool is_ecr, int64_t deadline,
                    struct docker_auth *auth, struct error *error)
{
    int found = stored_auth_find(arena, authfile, registry, auth, error);
    if (found != 0 || !auth->helper || (is_ecr && strcmp(auth->helper, OWN_HELPER) == 0))
        return found;
    const char *helper = auth->helper;
    auth->helper = NULL;
    return helper_get(arena, helper, registry, deadline, auth, error);
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
