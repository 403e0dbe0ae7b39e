#include "ecr/token.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "ecr/call.h"

#define OPERATION "GetAuthorizationToken"

/* A list of one in the private API, the object itself in the public one. */
static int read_token(const struct ecr_api *api, struct arena *arena, const struct json *reply, struct ecr_token *token)
{
    struct json_node data = json_get(json_root(reply), "authorizationData");
    if (json_is(data, JSON_ARRAY))
        data = json_first(data);
    token->value = json_cstr(arena, json_get(data, "authorizationToken"));
    token->endpoint = json_cstr(arena, json_get(data, "proxyEndpoint"));
    if (!json_seconds(json_get(data, "expiresAt"), &token->expires_at))
        token->expires_at = 0;
    return token->value ? 0 : ecr_not_what_was_asked(api, OPERATION, &token->error);
}

static int fetch(const struct ecr_api *api, struct arena *arena, struct ecr_token *token)
{
    struct buf body = BUF_INIT;
    struct json reply;
    json_open(&body, '{'); /* registryIds is deprecated: the token is the caller's for every registry */
    token->requested_at = clock_unix();
    if (ecr_call(api, OPERATION, &body, ECR_REPLY_MAX, arena, &reply, &token->error) < 0)
        return -1;
    return read_token(api, arena, &reply, token);
}

const struct ecr_token *ecr_token(const struct ecr_api *api, struct ecr_token **known, struct arena *arena)
{
    for (struct ecr_token *token = *known; token; token = token->next)
        if (token->provider == api->client.provider && token->is_public == api->is_public &&
            strcmp(token->region, api->client.region) == 0)
            return token;
    struct ecr_token *token = arena_alloc(arena, sizeof *token);
    token->provider = api->client.provider;
    token->region = api->client.region;
    token->is_public = api->is_public;
    error_init(&token->error, arena);
    token->status = fetch(api, arena, token);
    if (token->status == 0 || !ecr_out_of_time(api, &token->error)) {
        token->next = *known;
        *known = token;
    }
    return token;
}

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

int ecr_token_split(const char *value, struct arena *arena, const char **user, const char **password,
                    struct error *error)
{
    struct buf plain = BUF_INIT;
    int status = decode_base64(&plain, slice_of(value));
    struct slice rest = buf_view(&plain);
    struct slice name = slice_cut(&rest, ':');
    if (status < 0 || !name.len || !rest.len || has_control(buf_view(&plain))) {
        status =
            error_set(error, REASON_BAD_REPLY, "ECR", "the authorization token is not the base64 of user:password");
    } else {
        *user = arena_copy(arena, name);
        *password = arena_copy(arena, rest);
    }
    buf_free(&plain);
    return status;
}
