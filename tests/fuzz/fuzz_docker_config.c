/* Docker's config.json: what is found is whole, and survives the way into a header. */
#include "auth/docker_config.h"
#include "auth/stored.h"
#include "base/encode.h"
#include "fuzz.h"

static void check(struct arena *arena, const struct docker_auth *auth, const char *registry)
{
    struct buf plain = BUF_INIT;
    struct json json;
    MUST(auth->identity_token || auth->registry_token || (auth->username && auth->password));
    MUST(!auth->username || !strchr(auth->username, ':') || auth->password || auth->identity_token ||
         auth->registry_token); /* a token needs no password, whatever the user is called */
    char *header = registry_auth_header(arena, auth, registry);
    MUST(!strpbrk(header, "+/\r\n ") && decode_base64(&plain, slice_of(header)) == 0);
    MUST(json_parse(arena, buf_view(&plain), &json) == 0 && json_is(json_root(&json), JSON_OBJECT));
    MUST(json_exists(json_get(json_root(&json), "username")) == (auth->username != NULL));
    buf_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const registries[] = {"docker.io", "r.test", "r.test:5000", "localhost:5000"};
    struct arena arena = {NULL};
    struct docker_config config;
    struct error error;
    error_init(&error, &arena);
    int status = docker_config_parse(&config, &arena, arena_copy(&arena, input(data, size)), "fuzz", &error);
    MUST(status == 0 || error.reason == REASON_NO_CREDENTIALS);
    for (size_t i = 0; status == 0 && i < sizeof registries / sizeof *registries; i++) {
        struct docker_auth auth;
        int found = docker_config_find(&config, &arena, registries[i], &auth, &error);
        MUST(found == 0 || !auth.helper); /* a registry that is left to a helper has nothing stored */
        MUST(!auth.helper || *auth.helper);
        MUST(found >= -1 && found <= 1 && (found >= 0 || error.reason == REASON_NO_CREDENTIALS));
        if (found == 1)
            check(&arena, &auth, registries[i]);
    }
    docker_config_free(&config);
    arena_free(&arena);
    return 0;
}
