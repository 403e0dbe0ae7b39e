#include "registry/token.h"

#include <string.h>

#include "auth/stored.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/utf8.h"

#define CLIENT_ID    "ecr"
#define REPLY_MAX    (256 << 10)
#define DEFAULT_LIFE 60 /* seconds, where the service does not say */
#define RENEW_BEFORE 10
#define LIFE_MAX     86400

struct registry_token *registry_token_find(const struct registry *registry, const char *scope)
{
    for (struct registry_token *token = registry->tokens; token; token = token->next)
        if (strcmp(token->scope, scope) == 0 && token->expires_at - clock_unix() > RENEW_BEFORE)
            return token;
    return NULL;
}

void registry_token_forget(struct registry *registry, const char *scope)
{
    for (struct registry_token *token = registry->tokens; token; token = token->next)
        if (strcmp(token->scope, scope) == 0)
            token->expires_at = 0;
}

/* What a token is asked for with, as it was when the registry's lock was let go. Texts stay while it is known. */
struct wish {
    const struct registry_client *client;
    const char *scope, *realm, *service;
    struct docker_auth auth;
    bool with_login;
    enum addr_reach grants;
};

/* A realm is a peer's word: https, unless the registry itself is spoken to without. */
static int realm_url(const struct wish *wish, struct arena *arena, struct url *url, struct error *error)
{
    const struct registry *registry = wish->client->registry;
    const char *fault = wish->realm ? url_parse(arena, slice_of(wish->realm), url) : "there is none";
    if (!fault && !url->https && registry->base.https)
        fault = "it is not https";
    if (!fault && url->userinfo)
        fault = "it holds a user name";
    return fault
               ? error_set(error, REASON_BAD_REPLY, registry->name, "its realm cannot be asked for a token: %s", fault)
               : 0;
}

static void add_parameter(struct buf *query, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(query, "%s%s=", query->len ? "&" : "", name);
    encode_percent(query, slice_of(value), "");
}

/* OAuth2: an identity token buys an access token. */
static void make_post(const struct wish *wish, struct arena *arena, struct http_request *request)
{
    struct buf form = BUF_INIT;
    add_parameter(&form, "grant_type", "refresh_token");
    add_parameter(&form, "service", wish->service);
    add_parameter(&form, "client_id", CLIENT_ID);
    add_parameter(&form, "scope", wish->scope);
    add_parameter(&form, "refresh_token", wish->auth.identity_token);
    request->method = "POST";
    request->body = slice_of(buf_detach(&form, arena));
    request->body_secrets[0] = wish->auth.identity_token;
    http_request_add(request, "Content-Type", "application/x-www-form-urlencoded", false);
}

static void make_get(const struct wish *wish, struct arena *arena, struct http_request *request)
{
    struct buf query = BUF_INIT;
    bool with_login = wish->with_login && wish->auth.username;
    buf_str(&query, request->url.query ? request->url.query : "");
    add_parameter(&query, "service", wish->service);
    add_parameter(&query, "scope", wish->scope);
    add_parameter(&query, "client_id", with_login ? CLIENT_ID : NULL);
    request->url.query = buf_detach(&query, arena);
    if (with_login)
        http_request_add(request, "Authorization",
                         arena_printf(arena, "Basic %s", basic_authorization(arena, &wish->auth)), true);
}

static bool buys(const struct wish *wish)
{
    return wish->with_login && wish->auth.identity_token;
}

static int ask(const struct wish *wish, struct arena *arena, struct http_reply *reply, struct error *error)
{
    struct url url;
    struct http_request request;
    struct registry *registry = wish->client->registry;
    if (realm_url(wish, arena, &url, error) < 0)
        return -1;
    http_request_init(&request, "GET", &url);
    if (buys(wish))
        make_post(wish, arena, &request);
    else
        make_get(wish, arena, &request);
    request.body_limit = REPLY_MAX;
    request.deadline = wish->client->deadline;
    request.max_redirects = wish->with_login ? 0 : HTTP_REDIRECTS_MAX;
    request.reach = wish->grants;
    request.trust = registry->has_trust ? &registry->trust : NULL;
    if (url_same_origin(&url, &registry->base))
        request.identity = registry->identity;
    return http_send(wish->client->http, &request, arena, reply, error);
}

static int refused(const struct registry_client *client, bool with_login, const struct http_reply *reply,
                   struct error *error)
{
    int status = reply->head.status;
    const char *name = client->registry->name;
    enum reason reason = status == 429                    ? REASON_THROTTLED
                         : status >= 500                  ? REASON_SERVER_ERROR
                         : status != 401 && status != 403 ? REASON_REFUSED
                         : with_login                     ? REASON_DENIED
                                                          : REASON_NO_CREDENTIALS;
    error_set(error, reason, name, "%s gives no token%s: HTTP %d", reply->url.host,
              with_login ? " for the stored login" : " to strangers", status);
    if (reason == REASON_DENIED)
        error_hint(error, "log in again: docker login %s", name);
    else if (reason == REASON_NO_CREDENTIALS)
        error_hint(error, "log in to %s with docker login, or give --authfile", name);
    error->http_status = status;
    error->retry_after = http_retry_after(&reply->head);
    return -1;
}

/* "token" and "access_token" mean the same; one of them is there. Seconds that it is good for in *life. */
static const char *read_token(const struct http_reply *reply, struct arena *arena, int64_t *life)
{
    struct json json;
    bool parsed = json_parse(arena, reply->body, &json) == 0;
    const char *value = parsed ? json_cstr(arena, json_get(json_root(&json), "token")) : NULL;
    if (parsed && (!value || !*value))
        value = json_cstr(arena, json_get(json_root(&json), "access_token"));
    *life = DEFAULT_LIFE;
    if (parsed && json_int64(json_get(json_root(&json), "expires_in"), life))
        *life = *life < DEFAULT_LIFE ? DEFAULT_LIFE : *life > LIFE_MAX ? LIFE_MAX : *life;
    for (const char *c = value; c && *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            return NULL;
    return value && *value ? value : NULL;
}

/* Without the lock. */
static int fetch(const struct wish *wish, struct arena *arena, const char **value, int64_t *life, struct error *error)
{
    struct http_reply reply;
    const char *name = wish->client->registry->name;
    if (ask(wish, arena, &reply, error) < 0)
        return -1;
    int status = reply.head.status;
    if (buys(wish) && (status == 404 || status == 405) && wish->auth.username && wish->auth.password &&
        *wish->auth.password) {
        struct wish plain = *wish; /* a service of the older kind, which knows GET alone */
        plain.auth.identity_token = NULL;
        return fetch(&plain, arena, value, life, error);
    }
    if (buys(wish) && (status == 404 || status == 405)) {
        error_set(error, REASON_UNSUPPORTED, name, "its token service %s takes no identity tokens", reply.url.host);
        error_hint(error, "log in with a user and a password");
        error->http_status = status;
        return -1;
    }
    if (status != 200)
        return refused(wish->client, wish->with_login, &reply, error);
    *value = read_token(&reply, arena, life);
    if (*value)
        return 0;
    error_set(error, REASON_BAD_REPLY, name, "the answer of its token service %s holds no token", reply.url.host);
    error->http_status = 200;
    return -1;
}

static struct registry_token *find_entry(struct registry *registry, const char *scope)
{
    struct registry_token *token = registry->tokens;
    while (token && strcmp(token->scope, scope) != 0)
        token = token->next;
    if (token)
        return token;
    token = arena_alloc(&registry->arena, sizeof *token);
    *token = (struct registry_token){.scope = arena_strdup(&registry->arena, scope), .next = registry->tokens};
    return registry->tokens = token;
}

static int renew(const struct registry_client *client, struct registry_token *token, struct error *error)
{
    struct arena scratch = {0};
    struct registry *registry = client->registry;
    struct wish wish = {
        client,          token->scope, registry->realm, registry->service, registry->auth, registry->login_status == 1,
        registry->grants};
    const char *value = NULL;
    int64_t life = 0;
    token->fetching = true;
    pthread_mutex_unlock(&registry->lock);
    int status = fetch(&wish, &scratch, &value, &life, error);
    pthread_mutex_lock(&registry->lock);
    token->fetching = false;
    if (status == 0) {
        token->value = arena_strdup(&registry->arena, value);
        token->expires_at = clock_unix() + life;
    }
    pthread_cond_broadcast(&registry->fetched);
    arena_free(&scratch);
    return status;
}

int registry_token_get(const struct registry_client *client, const char *scope, const char **value, struct error *error)
{
    struct registry *registry = client->registry;
    struct registry_token *token = find_entry(registry, scope);
    while (token->fetching) /* which ends with the fetching thread's own deadline */
        pthread_cond_wait(&registry->fetched, &registry->lock);
    if (!registry_token_find(registry, scope) && renew(client, token, error) < 0)
        return -1;
    *value = token->value;
    return 0;
}
