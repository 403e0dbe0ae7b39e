#include <string.h>

#include "aws/rest.h"
#include "aws/sso_token.h"
#include "base/clock.h"
#include "base/encode.h"

static const struct rest_call call = {"IAM Identity Center", 3, 0, 15000};

static int refuse(const struct source_context *context, struct error *error, const char *cause)
{
    return error_set(error, REASON_NO_CREDENTIALS, source_profile_name(context), "%s", cause);
}

/* A key that may stand in the profile and in its [sso-session]: equal where it is in both. */
static int shared_key(const struct source_context *context, const char *session, const char *key, const char **value,
                      struct error *error)
{
    const char *here = source_key(context, key);
    const char *there = session ? aws_config_get_sso_session(context->config, context->arena, session, key) : NULL;
    *value = there ? there : here;
    if (here && there && strcmp(here, there) != 0)
        return refuse(context, error,
                      arena_printf(context->arena, "%s differs from that of its sso-session '%s'", key, session));
    return 0;
}

static int check_missing(const struct source_context *context, const struct sso_settings *settings, struct error *error)
{
    const struct {
        const char *key, *value;
    } needed[] = {{"sso_start_url", settings->start_url},
                  {"sso_region", settings->region},
                  {"sso_account_id", settings->account_id},
                  {"sso_role_name", settings->role_name}};
    struct buf missing = BUF_INIT;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!needed[i].value)
            buf_printf(&missing, "%s%s", missing.len ? ", " : "", needed[i].key);
    const char *names = missing.len ? buf_detach(&missing, context->arena) : NULL;
    return names ? refuse(context, error, arena_printf(context->arena, "it signs in by SSO, but lacks %s", names)) : 0;
}

static int read_settings(const struct source_context *context, struct sso_settings *settings, struct error *error)
{
    struct arena *arena = context->arena;
    settings->session = source_key(context, "sso_session");
    settings->account_id = source_key(context, "sso_account_id");
    settings->role_name = source_key(context, "sso_role_name");
    if (settings->session && !aws_config_has_sso_session(context->config, settings->session))
        return refuse(context, error,
                      arena_printf(arena, "there is no [sso-session %s] in %s", settings->session,
                                   context->config->config_path ? context->config->config_path : "~/.aws/config"));
    if (shared_key(context, settings->session, "sso_start_url", &settings->start_url, error) < 0 ||
        shared_key(context, settings->session, "sso_region", &settings->region, error) < 0)
        return -1;
    return check_missing(context, settings, error);
}

static int fetch(const struct source_context *context, const struct sso_settings *settings, const char *token,
                 struct json *json, struct error *error)
{
    struct url url;
    struct http_request request;
    struct buf query = BUF_INIT;
    if (sso_url(context, true, settings->region, "/federation/credentials", &url, error) < 0)
        return -1;
    buf_str(&query, "role_name=");
    encode_percent(&query, slice_of(settings->role_name), "");
    buf_str(&query, "&account_id=");
    encode_percent(&query, slice_of(settings->account_id), "");
    url.query = buf_detach(&query, context->arena);
    http_request_init(&request, "GET", &url);
    http_request_add(&request, "x-amz-sso_bearer_token", token, true);
    if (rest_send_json(context, &call, &request, json, error) == 0)
        return 0;
    if (error->http_status >= 400 && error->http_status < 500 && !error->service_code) {
        error->reason = REASON_BAD_REPLY; /* a page of whoever stands in between */
        error_hint(error, "that is not AWS's word: does a proxy or a captive portal answer in its place?");
    } else if (error->http_status == 401) {
        error->reason = REASON_EXPIRED_CREDENTIALS;
        error_hint(error, "the session is over: aws sso login --profile %s", context->profile);
    } else if (error->http_status == 403 || error->http_status == 404) {
        error->reason = REASON_DENIED;
        error_hint(error, "is the role %s of account %s assigned to you in IAM Identity Center?", settings->role_name,
                   settings->account_id);
    }
    return -1;
}

/* Here, and here alone, the time is a number of milliseconds. */
static int read_reply(const struct source_context *context, const struct sso_settings *settings,
                      const struct json *json, struct credentials *credentials, struct error *error)
{
    static const struct credentials_members members = {"accessKeyId", "secretAccessKey", "sessionToken", NULL, NULL};
    int64_t milliseconds;
    struct arena *arena = context->arena;
    struct json_node object = json_get(json_root(json), "roleCredentials");
    const char *name = arena_printf(arena, "role %s of account %s by SSO (profile '%s')", settings->role_name,
                                    settings->account_id, context->profile);
    if (credentials_from_json(arena, object, &members, true, false, name, credentials, error) < 0)
        return -1;
    if (!json_int64(json_get(object, "expiration"), &milliseconds))
        return error_set(error, REASON_BAD_REPLY, call.who, "the keys that it gave have no expiration");
    credentials->expires = milliseconds / 1000;
    credentials->account_id = settings->account_id;
    credentials->profile = context->profile;
    if (credentials_end_within(credentials, 0))
        return error_set(error, REASON_EXPIRED_CREDENTIALS, call.who, "the keys that it gave are over");
    return 0;
}

enum source_end source_sso(struct source_context *context, struct credentials *credentials, struct error *error)
{
    struct sso_settings settings = {.session = NULL};
    struct json json;
    const char *token = NULL;
    if (!source_key(context, "sso_account_id") && !source_key(context, "sso_role_name"))
        return source_not_here(context, "no sso_account_id and sso_role_name in profile '%s'", context->profile);
    if (read_settings(context, &settings, error) < 0 || sso_token(context, &settings, &token, error) < 0 ||
        fetch(context, &settings, token, &json, error) < 0 ||
        read_reply(context, &settings, &json, credentials, error) < 0)
        return SOURCE_FAILED;
    return SOURCE_GAVE;
}
