/* Credentials as JSON: what is taken is whole and good for a while, and an error does not tell the secret. */
#include "aws/credentials.h"
#include "base/clock.h"
#include "fuzz.h"

static const struct credentials_members members[] = {
    {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"},
    {"accessKeyId", "secretAccessKey", "Token", NULL, NULL},
};

static void check(struct arena *arena, struct json_node object, const struct credentials_members *names, bool token, bool over)
{
    struct error error;
    struct credentials got;
    error_init(&error, arena);
    if (credentials_from_json(arena, object, names, token, over, "source", &got, &error) == 0) {
        MUST(*got.access_key_id && *got.secret_access_key && (!token || got.session_token));
        MUST(!got.session_token || *got.session_token);
        MUST(got.expires >= 0 && (over || !got.expires || got.expires > clock_unix() - 5));
        struct credentials copy = credentials_copy(arena, &got);
        MUST(credentials_same(&got, &copy) && copy.expires == got.expires && !copy.account_id == !got.account_id);
        return;
    }
    MUST(error.reason == REASON_NO_CREDENTIALS || (error.reason == REASON_EXPIRED_CREDENTIALS && !over));
    const char *secret = json_cstr(arena, json_get(object, names->secret)), *text = error_text(&error, arena);
    const char *expiry = names->expiry ? json_cstr(arena, json_get(object, names->expiry)) : NULL;
    if (secret && strlen(secret) > 16 && !(expiry && strstr(expiry, secret)))
        MUST(!strstr(text, secret) || strstr("it gave no proper credentials: is missing or no text form", secret));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct json json;
    if (json_parse(&arena, input(data, size), &json) == 0)
        for (size_t i = 0; i < 8; i++)
            check(&arena, json_root(&json), &members[i & 1], i & 2, i & 4);
    arena_free(&arena);
    return 0;
}
