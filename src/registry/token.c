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

/* A realm is a peer's word: https, unless the registry itself is spoken to without. */
static int realm_url(const struct registry *registry, struct arena *arena, struct url *url, struct error *error)
{
    const char *fault = registry->realm ? url_parse(arena, slice_of(registry->realm), url) : "there is none";
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
static void make_post(const struct registry *registry, const char *scope, struct arena *arena,
                      struct http_request *request)
{
    struct buf form = BUF_INIT;
    add_parameter(&form, "grant_type", "refresh_token");
    add_parameter(&form, "service", registry->service);
    add_parameter(&form, "client_id", CLIENT_ID);
    add_parameter(&form, "scope", scope);
    add_parameter(&form, "refresh_token", registry->auth.identity_token);
    request->method = "POST";
    request->body = slice_of(buf_detach(&form, arena));
    request->body_secrets[0] = registry->auth.identity_token;
    http_request_add(request, "Content-Type", "application/x-www-form-urlencoded", false);
}

static void make_get(const struct registry *registry, const char *scope, bool with_login, struct arena *arena,
                     struct http_request *request)
{
    struct buf query = BUF_INIT;
    buf_str(&query, request->url.query ? request->url.query : "");
    add_parameter(&query, "service", registry->service);
    add_parameter(&query, "scope", scope);
    add_parameter(&query, "client_id", with_login ? CLIENT_ID : NULL);
    request->url.query = buf_detach(&query, arena);
    if (with_login)
        http_request_add(request, "Authorization",
                         arena_printf(arena, "Basic %s", basic_authorization(arena, &registry->auth)), true);
}

static int ask(const struct registry_client *client, const char *scope, bool with_login, bool post, struct arena *arena,
               struct http_reply *reply, struct error *error)
{
    struct url url;
    struct http_request request;
    struct registry *registry = client->registry;
    if (realm_url(registry, arena, &url, error) < 0)
        return -1;
    http_request_init(&request, "GET", &url);
    if (post)
        make_post(registry, scope, arena, &request);
    else
        make_get(registry, scope, with_login, arena, &request);
    request.body_limit = REPLY_MAX;
    request.deadline = client->deadline;
    request.max_redirects = post || with_login ? 0 : HTTP_REDIRECTS_MAX;
    request.reach = registry->grants;
    request.trust = registry->has_trust ? &registry->trust : NULL;
    if (url_same_origin(&url, &registry->base))
        request.identity = registry->identity;
    return http_send(client->http, &request, arena, reply, error);
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

/* "token" and "access_token" mean the same; one of them is there. */
static int read_token(const struct registry_client *client, const char *scope, const struct http_reply *reply,
                      struct arena *arena, struct registry_token **token, struct error *error)
{
    struct json json;
    struct registry *registry = client->registry;
    bool parsed = json_parse(arena, reply->body, &json) == 0;
    const char *value = parsed ? json_cstr(arena, json_get(json_root(&json), "token")) : NULL;
    if (parsed && (!value || !*value))
        value = json_cstr(arena, json_get(json_root(&json), "access_token"));
    bool proper = value && *value;
    for (const char *c = value; proper && *c; c++)
        proper = (unsigned char)*c > 0x20 && (unsigned char)*c < 0x7f;
    if (!proper) {
        error_set(error, REASON_BAD_REPLY, registry->name, "the answer of its token service %s holds no token",
                  reply->url.host);
        error->http_status = 200;
        return -1;
    }
    int64_t life = DEFAULT_LIFE;
    if (json_int64(json_get(json_root(&json), "expires_in"), &life) && (life < DEFAULT_LIFE || life > LIFE_MAX))
        life = life < DEFAULT_LIFE ? DEFAULT_LIFE : LIFE_MAX;
    struct registry_token *made = arena_alloc(&registry->arena, sizeof *made);
    *made = (struct registry_token){arena_strdup(&registry->arena, scope), arena_strdup(&registry->arena, value),
                                    clock_unix() + life, registry->tokens};
    registry->tokens = *token = made;
    return 0;
}

int registry_token_fetch(const struct registry_client *client, const char *scope, struct registry_token **token,
                         struct error *error)
{
    struct arena scratch = {0};
    struct http_reply reply;
    struct registry *registry = client->registry;
    bool with_login = registry->login_status == 1;
    bool post = with_login && registry->auth.identity_token;
    int status = ask(client, scope, with_login && registry->auth.username, post, &scratch, &reply, error);
    if (status == 0 && post && (reply.head.status == 404 || reply.head.status == 405)) {
        error_set(error, REASON_UNSUPPORTED, registry->name, "its token service %s takes no identity tokens",
                  reply.url.host);
        error_hint(error, "log in with a user and a password");
        error->http_status = reply.head.status;
        status = -1;
    } else if (status == 0) {
        status = reply.head.status == 200 ? read_token(client, scope, &reply, &scratch, token, error)
                                          : refused(client, with_login, &reply, error);
    }
    arena_free(&scratch);
    return status;
}
