#include "registry/registry.h"

#include <string.h>

#include "auth/stored.h"
#include "base/clock.h"
#include "registry/challenge.h"
#include "registry/token.h"

#define CHALLENGE_TEXT_MAX 4096      /* of a realm, a service, a scope */
#define LEARNT_MAX         (4 << 20) /* of all of them: they may name the repository, and differ for each */

/* Only what the request needs is asked for. */
static const char *scope_for(const struct registry *registry, const struct registry_request *what, struct arena *arena)
{
    if (registry->scope && *registry->scope && !strchr(registry->scope, ':'))
        return registry->scope; /* a word of the service's own, as ECR Public's "aws" */
    const char *own = arena_printf(arena, "repository:%s:pull%s", what->repository, what->writes ? ",push" : "");
    return what->mounts ? arena_printf(arena, "%s repository:%s:pull", own, what->mounts) : own;
}

/* Under the lock. The value of the Authorization header in *value, NULL for none. */
static int authorize(const struct registry_client *client, const struct registry_request *what, struct arena *arena,
                     const char **value, struct error *error)
{
    struct registry *registry = client->registry;
    *value = NULL;
    if (registry_open(client, error) < 0 || registry_find_login(client, false, error) < 0)
        return -1;
    const struct docker_auth *auth = &registry->auth;
    bool known = registry->login_status == 1;
    if (known && auth->registry_token) {
        *value = arena_printf(arena, "Bearer %s", auth->registry_token);
    } else if (registry->scheme == SCHEME_BEARER) {
        const char *token;
        if (registry_token_get(client, scope_for(registry, what, arena), &token, error) < 0)
            return -1;
        *value = arena_printf(arena, "Bearer %s", token);
    } else if (known && auth->username && (registry->scheme == SCHEME_BASIC || registry->login == LOGIN_ECR)) {
        *value = arena_printf(arena, "Basic %s", basic_authorization(arena, auth));
    }
    return 0;
}

/* Waits for this request's turn: requests to one registry do not begin all at once, and not while it wants a rest. */
static int take_turn(const struct registry_client *client, struct error *error)
{
    struct registry *registry = client->registry;
    pthread_mutex_lock(&registry->lock);
    int64_t now = clock_ms(), turn = registry->free_at > now ? registry->free_at : now;
    int64_t until = deadline_earlier(client->deadline, now + RETRY_PATIENCE_MS);
    bool wants_rest = registry->rests_until >= until;
    if (turn < until)
        registry->free_at = turn + REGISTRY_SPACING_MS;
    pthread_mutex_unlock(&registry->lock);
    if (turn >= until && turn > now) {
        if (wants_rest)
            error_set(error, REASON_THROTTLED, registry->name, "it asked us to wait longer than there is time");
        else
            error_set(error, REASON_TIMEOUT, registry->name, "the time was over before its turn came");
        error->final = true;
        return -1;
    }
    clock_sleep_until(turn);
    return 0;
}

static void pause_registry(struct registry *registry, long seconds)
{
    if (seconds <= 0)
        return;
    pthread_mutex_lock(&registry->lock);
    int64_t until = deadline_in(seconds * 1000LL);
    registry->rests_until = until > registry->rests_until ? until : registry->rests_until;
    registry->free_at = until > registry->free_at ? until : registry->free_at;
    pthread_mutex_unlock(&registry->lock);
}

static struct url url_of(const struct registry *registry, const struct registry_request *what, struct arena *arena)
{
    struct url url = what->url ? *what->url : registry->base;
    struct slice query = slice_of(what->path);
    struct slice path = slice_cut(&query, '?');
    if (what->url)
        return url;
    url.path = arena_printf(arena, "%s%s/%.*s", url.path, what->repository, SLICE_ARGS(path));
    url.query = query.data ? arena_copy(arena, query) : NULL;
    return url;
}

static void add_header(struct http_request *request, const char *name, const char *value)
{
    if (value)
        http_request_add(request, name, value, false);
}

static void prepare(const struct registry_client *client, const struct registry_request *what,
                    struct http_request *request)
{
    registry_prepare(client, request);
    add_header(request, "Accept", what->accept);
    add_header(request, "Range", what->first_byte ? "bytes=0-0" : what->range);
    add_header(request, "Content-Range", what->content_range);
    add_header(request, "Content-Type", what->content_type);
    request->body = what->body;
    request->source = what->source;
    request->stream = what->stream;
    request->first_byte = what->first_byte;
    if (url_same_origin(&request->url, &client->registry->base))
        return;
    pthread_mutex_lock(&client->registry->lock);
    request->reach = client->registry->grants; /* it is a peer's word */
    pthread_mutex_unlock(&client->registry->lock);
    request->identity = NULL;
}

static int send_once(const struct registry_client *client, const struct registry_request *what, struct arena *arena,
                     struct http_reply *reply, const char **authorization, struct error *error)
{
    struct http_request request;
    struct url url;
    struct registry *registry = client->registry;
    pthread_mutex_lock(&registry->lock);
    int status = authorize(client, what, arena, authorization, error);
    pthread_mutex_unlock(&registry->lock);
    if (status < 0 || take_turn(client, error) < 0)
        return -1;
    url = url_of(registry, what, arena);
    http_request_init(&request, what->method, &url);
    prepare(client, what, &request);
    if (*authorization && url_same_origin(&url, &registry->base))
        http_request_add(&request, "Authorization", *authorization, true);
    request.body_limit = what->body_limit;
    request.max_redirects = HTTP_REDIRECTS_MAX;
    if (http_send(client->http, &request, arena, reply, error) < 0)
        return -1;
    pthread_mutex_lock(&registry->lock);
    if (url_same_origin(&url, &registry->base))
        registry->grants = reply->grants;
    registry->shown = registry->shown || (registry_is_own(registry, reply) && registry_has_mark(reply));
    pthread_mutex_unlock(&registry->lock);
    return 0;
}

/* Under the lock. What was refused goes; a token that another thread fetched meanwhile stays. */
static void forget_used(struct registry *registry, const char *scope, const char *authorization)
{
    const struct registry_token *token = registry_token_find(registry, scope);
    struct slice used = slice_of(authorization);
    if (token && slice_starts(used, "Bearer ") && slice_is(slice_from(used, 7), token->value))
        registry_token_forget(registry, scope);
}

static bool fits(const char *text)
{
    return !text || strlen(text) <= CHALLENGE_TEXT_MAX;
}

static bool is_bearable(const struct challenge *challenge)
{
    return fits(challenge->realm) && fits(challenge->service) && fits(challenge->scope);
}

/* A registry says the same each time: only what is new takes memory, and a few times alone. */
static void learn_text(struct registry *registry, const char **known, const char *text)
{
    bool same = text ? *known && strcmp(*known, text) == 0 : !*known;
    if (same || registry->learnt > LEARNT_MAX)
        return;
    registry->learnt += text ? strlen(text) : 0;
    *known = text ? arena_strdup(&registry->arena, text) : NULL;
}

/* Under 401: learns what is wanted. False when that has been given already, or cannot be. */
static bool learn_scheme(const struct registry_client *client, const struct registry_request *what,
                         const struct http_reply *reply, const char *authorization, struct arena *arena)
{
    struct challenge challenge;
    struct registry *registry = client->registry;
    challenge_parse(arena, slice_of(http_header_list(arena, &reply->head, "www-authenticate")), &challenge);
    pthread_mutex_lock(&registry->lock);
    bool was_basic = registry->scheme == SCHEME_BASIC || registry->login == LOGIN_ECR;
    bool helps = false;
    if (challenge.bearer && challenge.realm && is_bearable(&challenge)) {
        registry->scheme = SCHEME_BEARER;
        learn_text(registry, &registry->realm, challenge.realm);
        learn_text(registry, &registry->service, challenge.service);
        learn_text(registry, &registry->scope, challenge.scope);
        forget_used(registry, scope_for(registry, what, arena), authorization);
        helps = true;
    } else if (challenge.basic) {
        registry->scheme = SCHEME_BASIC;
        helps = registry->login_status == 1 && registry->auth.username && !(authorization && was_basic);
    }
    pthread_mutex_unlock(&registry->lock);
    return helps;
}

/* What of an ECR login is over is fetched anew. */
static bool renew(const struct registry_client *client, const struct registry_request *what,
                  const struct http_reply *reply, const char *authorization, struct arena *arena)
{
    struct registry *registry = client->registry;
    struct error ignored;
    bool renewed = false;
    error_init(&ignored, arena);
    pthread_mutex_lock(&registry->lock);
    if (registry->scheme == SCHEME_BEARER && (reply->head.status == 400 || registry_says_expired(reply))) {
        forget_used(registry, scope_for(registry, what, arena), authorization);
        renewed = true;
    } else if (registry->login == LOGIN_ECR && registry_says_expired(reply)) {
        /* Another thread may have renewed it since this request was sent. */
        const char *now = arena_printf(arena, "Basic %s", basic_authorization(arena, &registry->auth));
        bool is_last = authorization && strcmp(authorization, now) == 0;
        renewed = !is_last || registry_find_login(client, true, &ignored) == 1;
    }
    pthread_mutex_unlock(&registry->lock);
    return renewed;
}

static void note_status(const struct http_reply *reply, struct error *error, const char *name)
{
    int status = reply->head.status;
    error_set(error, status == 429 ? REASON_THROTTLED : REASON_SERVER_ERROR, name, "HTTP %d", status);
    error->http_status = status;
    error->retry_after = http_retry_after(&reply->head);
}

static bool is_busy(const struct http_reply *reply)
{
    return reply->head.status == 429 || (reply->head.status >= 500 && reply->head.status != 501);
}

/* What was done once already for a request. */
struct remedies {
    bool challenged, renewed;
};

/* Whether another attempt was prepared that may be answered otherwise. */
static bool remedy(const struct registry_client *client, const struct registry_request *what, struct remedies *done,
                   const struct http_reply *reply, const char *authorization, struct arena *arena)
{
    int status = reply->head.status;
    if (!registry_is_own(client->registry, reply))
        return false; /* a challenge of somebody else's: the login is not for him */
    if (status == 401 && !done->challenged)
        return done->challenged = learn_scheme(client, what, reply, authorization, arena);
    if ((status == 400 || status == 401 || status == 403) && !done->renewed)
        return done->renewed = renew(client, what, reply, authorization, arena);
    return false;
}

static int send_as(const struct registry_client *client, const struct registry_request *what, struct arena *arena,
                   struct http_reply *reply, struct error *error)
{
    struct remedies done = {false, false};
    int cost = 0;
    for (int attempt = 1;;) {
        const char *authorization = NULL;
        error_clear(error);
        int status = send_once(client, what, arena, reply, &authorization, error);
        if (status == 0 && remedy(client, what, &done, reply, authorization, arena))
            continue;
        if (status == 0 && !is_busy(reply)) {
            retry_succeeded(client->retry, cost);
            return 0;
        }
        if (status == 0) {
            note_status(reply, error, client->registry->name);
            pause_registry(client->registry, error->retry_after);
        }
        if (what->once || !retry_wait(client->retry, attempt++, error, client->deadline, &cost))
            return status;
    }
}

static bool is_welcome(int status)
{
    return status >= 200 && status < 300;
}

static bool is_turned_away(int status)
{
    return status == 400 || status == 401 || status == 403;
}

/*
 * A login that is over keeps people out of what strangers may have: they are asked as such, and only a welcome counts.
 */
static bool try_stranger(const struct registry_client *client, const struct registry_request *what, struct arena *arena,
                         struct http_reply *reply)
{
    struct registry_client stranger = *client;
    struct http_reply other;
    struct error ignored;
    if (!client->stranger)
        return false;
    error_init(&ignored, arena);
    stranger.registry = client->stranger;
    stranger.stranger = NULL;
    if (send_as(&stranger, what, arena, &other, &ignored) < 0 || !is_welcome(other.head.status))
        return false;
    *reply = other;
    pthread_mutex_lock(&client->registry->lock);
    client->registry->refused = true;
    pthread_mutex_unlock(&client->registry->lock);
    return true;
}

int registry_send(const struct registry_client *client, const struct registry_request *request, struct arena *arena,
                  struct http_reply *reply, bool *anonymous, struct error *error)
{
    struct registry *registry = client->registry;
    pthread_mutex_lock(&registry->lock);
    bool refused = registry->refused && client->stranger;
    pthread_mutex_unlock(&registry->lock);
    if (refused && try_stranger(client, request, arena, reply)) {
        *anonymous = true;
        return 0;
    }
    int status = send_as(client, request, arena, reply, error);
    pthread_mutex_lock(&registry->lock);
    *anonymous = registry->login_status != 1;
    pthread_mutex_unlock(&registry->lock);
    bool turned_away = status < 0 ? error->reason == REASON_DENIED : is_turned_away(reply->head.status);
    if (!*anonymous && turned_away && try_stranger(client, request, arena, reply)) {
        *anonymous = true;
        return 0;
    }
    return status;
}
