#include "ecr/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "ecr/call.h"

#define OPERATION    "GetAuthorizationToken"
#define RENEW_BEFORE 300 /* seconds */

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
    error_init(&token->error, arena);
    json_open(&body, '{'); /* registryIds is deprecated: the token is the caller's for every registry */
    token->requested_at = clock_unix();
    if (ecr_call(api, OPERATION, &body, ECR_REPLY_MAX, arena, &reply, &token->error) < 0)
        return -1;
    return read_token(api, arena, &reply, token);
}

/* A token under the key that it is found by. Its texts stay while the list does: others may hold them. */
struct ecr_known_token {
    const struct aws_provider *provider;
    char *region;
    bool is_public;
    struct ecr_known_token *next;
    pthread_mutex_t lock; /* of what follows */
    struct arena arena;
    bool known;
    struct ecr_token token;
};

void ecr_tokens_init(struct ecr_tokens *tokens)
{
    tokens->first = NULL;
    pthread_mutex_init(&tokens->lock, NULL);
}

void ecr_tokens_free(struct ecr_tokens *tokens)
{
    for (struct ecr_known_token *entry = tokens->first, *next; entry; entry = next) {
        next = entry->next;
        arena_free(&entry->arena);
        free(entry);
    }
    tokens->first = NULL;
}

static struct ecr_known_token *find_entry(const struct ecr_api *api, struct ecr_tokens *tokens)
{
    pthread_mutex_lock(&tokens->lock);
    struct ecr_known_token *entry = tokens->first;
    while (entry && !(entry->provider == api->client.provider && entry->is_public == api->is_public &&
                      strcmp(entry->region, api->client.region) == 0))
        entry = entry->next;
    if (!entry) {
        entry = must_alloc(sizeof *entry);
        *entry = (struct ecr_known_token){
            .provider = api->client.provider, .is_public = api->is_public, .next = tokens->first};
        entry->region = arena_strdup(&entry->arena, api->client.region);
        pthread_mutex_init(&entry->lock, NULL);
        tokens->first = entry;
    }
    pthread_mutex_unlock(&tokens->lock);
    return entry;
}

static bool is_near_end(const struct ecr_token *token)
{
    return token->status == 0 && token->expires_at && token->expires_at - clock_unix() < RENEW_BEFORE;
}

const struct ecr_token *ecr_token(const struct ecr_api *api, struct ecr_tokens *tokens, struct arena *arena)
{
    struct ecr_known_token *entry = find_entry(api, tokens);
    struct ecr_token *answer = arena_alloc(arena, sizeof *answer);
    pthread_mutex_lock(&entry->lock);
    if (!entry->known || is_near_end(&entry->token)) {
        entry->token = (struct ecr_token){.status = 0};
        entry->token.status = fetch(api, &entry->arena, &entry->token);
        entry->known = entry->token.status == 0 || !ecr_out_of_time(api, &entry->token.error);
    }
    *answer = entry->token;
    error_init(&answer->error, arena);
    if (answer->status < 0)
        error_copy(&answer->error, &entry->token.error);
    pthread_mutex_unlock(&entry->lock);
    return answer;
}

void ecr_token_forget(struct ecr_tokens *tokens, const char *value)
{
    pthread_mutex_lock(&tokens->lock);
    for (struct ecr_known_token *entry = tokens->first; entry; entry = entry->next) {
        pthread_mutex_lock(&entry->lock);
        if (entry->token.value && strcmp(entry->token.value, value) == 0)
            entry->known = false;
        pthread_mutex_unlock(&entry->lock);
    }
    pthread_mutex_unlock(&tokens->lock);
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
