#include "registry/registry.h"

#include "auth/stored.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "registry/token.h"

/* What replies of a registry say, and mean. */

/* Behind a redirect somebody else speaks, whose word is not the registry's. */
bool registry_is_own(const struct registry *registry, const struct http_reply *reply)
{
    return url_same_origin(&reply->url, &registry->base);
}

bool registry_has_mark(const struct http_reply *reply)
{
    return http_header_get(&reply->head, "docker-distribution-api-version").data != NULL;
}

const char *registry_error_code(struct arena *arena, const struct http_reply *reply, const char **message)
{
    struct json json;
    *message = NULL;
    if (json_parse(arena, reply->body, &json) < 0)
        return NULL;
    struct json_node first = json_first(json_get(json_root(&json), "errors"));
    *message = json_cstr(arena, json_get(first, "message"));
    return json_cstr(arena, json_get(first, "code"));
}

/* ECR's word for a token that is over, as JSON or plain text; its public registry says nothing but 400. */
bool registry_says_expired(const struct http_reply *reply)
{
    return (reply->head.status == 403 || reply->head.status == 400 || reply->head.status == 401) &&
           slice_has_nocase(reply->body, "authorization token has expired");
}

bool registry_is_shown(const struct registry_client *client, const struct http_reply *reply, struct arena *arena)
{
    const char *message;
    struct registry *registry = client->registry;
    bool shown = registry_error_code(arena, reply, &message) != NULL || registry_has_mark(reply);
    pthread_mutex_lock(&registry->lock);
    if (registry_is_own(registry, reply))
        registry->shown = registry->shown || shown;
    bool page = slice_starts_nocase(http_header_get(&reply->head, "content-type"), "text/html");
    shown = shown || (registry->shown && registry_is_own(registry, reply) && !page);
    pthread_mutex_unlock(&registry->lock);
    return shown;
}

static enum reason reason_of(int status, bool anonymous, const struct http_reply *reply)
{
    if (registry_says_expired(reply))
        return REASON_EXPIRED_CREDENTIALS;
    if (status == 401 || status == 403)
        return anonymous ? REASON_NO_CREDENTIALS : REASON_DENIED;
    if (status == 429)
        return REASON_THROTTLED;
    if (status >= 500)
        return REASON_SERVER_ERROR;
    if (status == 404)
        return REASON_AMBIGUOUS;
    return status >= 400 ? REASON_REFUSED : REASON_BAD_REPLY;
}

/* What a registry says, without what it was told. */
static const char *cut_secrets(const struct registry_client *client, struct arena *arena, const char *text)
{
    struct registry *registry = client->registry;
    if (!text)
        return NULL;
    pthread_mutex_lock(&registry->lock);
    const struct docker_auth *auth = &registry->auth;
    const char *secrets[] = {auth->password, auth->identity_token, auth->registry_token,
                             basic_authorization(arena, auth)};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (secrets[i])
            text = redact(arena, text, secrets[i]);
    for (struct registry_token *token = registry->tokens; token; token = token->next)
        text = token->value ? redact(arena, text, token->value) : text;
    pthread_mutex_unlock(&registry->lock);
    return utf8_excerpt(arena, text);
}

int registry_refused(const struct registry_client *client, const struct http_reply *reply, bool anonymous,
                     struct arena *arena, struct error *error)
{
    const char *message;
    const char *name = client->registry->name;
    int status = reply->head.status;
    const char *code = registry_error_code(arena, reply, &message);
    error_set(error, reason_of(status, anonymous, reply), name, "it answers HTTP %d%s%s%s%s", status, code ? " " : "",
              code ? cut_secrets(client, arena, code) : "", message ? ": " : "",
              message ? cut_secrets(client, arena, message) : "");
    if (error->reason == REASON_NO_CREDENTIALS)
        error_hint(error, "strangers are not told what it holds: log in with docker login %s, or give --authfile",
                   name);
    else if (error->reason == REASON_EXPIRED_CREDENTIALS)
        error_hint(error, "the stored login is over: log in again");
    error->http_status = status;
    error->retry_after = http_retry_after(&reply->head);
    return -1;
}
