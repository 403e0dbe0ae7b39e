#include <errno.h>
#include <string.h>

#include "aws/source.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"

#define CACHE_MAX (256 << 10)

static const struct credentials_members members = {"accessKeyId", "secretAccessKey", "sessionToken", "expiresAt",
                                                   "accountId"};

/* The file that 'aws login' leaves for a session; NULL without HOME. */
static const char *cache_path(struct arena *arena, const char *session)
{
    uint8_t digest[SHA256_SIZE];
    struct buf name = BUF_INIT;
    const char *folder = env_get("AWS_LOGIN_CACHE_DIRECTORY");
    folder = path_expand(arena, folder ? folder : "~/.aws/login/cache");
    sha256(slice_of(session), digest);
    encode_hex(&name, digest, sizeof digest);
    const char *path = folder ? arena_printf(arena, "%s/%s.json", folder, name.data) : NULL;
    buf_free(&name);
    return path;
}

static int read_session(struct arena *arena, const char *name, const char *path, struct credentials *credentials,
                        struct error *error)
{
    struct buf text = BUF_INIT;
    struct json json;
    int status = path ? file_read(path, CACHE_MAX, &text) : ENOENT;
    if (status)
        return error_set(error, REASON_NO_CREDENTIALS, name, "cannot read the session in %s: %s",
                         path ? path : "~/.aws/login/cache (no HOME)", strerror(status));
    status = json_parse(arena, arena_slice(arena, buf_view(&text)), &json);
    buf_free(&text);
    if (status < 0 || !json_is(json_root(&json), JSON_OBJECT))
        return error_set(error, REASON_NO_CREDENTIALS, name, "the session in %s is not JSON", path);
    return credentials_from_json(arena, json_get(json_root(&json), "accessToken"), &members, true, false, name,
                                 credentials, error);
}

enum source_end source_login(struct source_context *context, struct credentials *credentials, struct error *error)
{
    struct arena *arena = context->arena;
    const char *session = source_key(context, "login_session");
    if (!session)
        return source_not_here(context, "no login_session in profile '%s'", context->profile);
    const char *name = arena_printf(arena, "the 'aws login' session of profile '%s'", context->profile);
    if (read_session(arena, name, cache_path(arena, session), credentials, error) < 0) {
        error_hint(error, "sign in again: aws login%s%s", strcmp(context->profile, "default") ? " --profile " : "",
                   strcmp(context->profile, "default") ? context->profile : "");
        return SOURCE_FAILED;
    }
    credentials->profile = context->profile;
    return SOURCE_GAVE;
}
