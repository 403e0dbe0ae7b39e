#include "ecr/token.h"

#include <string.h>

#include "ecr/call.h"

#define OPERATION "GetAuthorizationToken"

static int fetch(const struct ecr_api *api, struct arena *arena, struct ecr_token *token)
{
    struct buf body = BUF_INIT;
    struct json reply;
    json_open(&body, '{'); /* registryIds is deprecated: the token is the caller's for every registry */
    if (ecr_call(api, OPERATION, &body, ECR_REPLY_MAX, arena, &reply, &token->error) < 0)
        return -1;
    struct json_node list = json_get(json_root(&reply), "authorizationData");
    token->value = json_cstr(arena, json_get(json_first(list), "authorizationToken"));
    return token->value ? 0 : ecr_not_what_was_asked(api, OPERATION, &token->error);
}

const struct ecr_token *ecr_token(const struct ecr_api *api, struct ecr_token **known, struct arena *arena)
{
    for (struct ecr_token *token = *known; token; token = token->next)
        if (strcmp(token->region, api->client.region) == 0)
            return token;
    struct ecr_token *token = arena_alloc(arena, sizeof *token);
    token->region = api->client.region;
    error_init(&token->error, arena);
    token->status = fetch(api, arena, token);
    if (token->status == 0 || !ecr_out_of_time(api, &token->error)) {
        token->next = *known;
        *known = token;
    }
    return token;
}
