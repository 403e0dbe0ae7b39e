#include <string.h>

#include "aws/rest.h"
#include "aws/sts.h"
#include "base/file.h"

#define AUDIENCE "sts.amazonaws.com" /* what GitHub's documentation has roles trust */

static const struct rest_call call = {"GitHub's OIDC endpoint", 3, 0, 10000};

static int fetch_token(struct source_context *context, const char *text, const char *secret, const char **token,
                       struct error *error)
{
    struct url url;
    struct http_request request;
    struct json json;
    struct arena *arena = context->arena;
    const char *fault = url_parse(arena, slice_of(text), &url);
    if (fault || !url.https)
        return error_set(error, REASON_NO_CREDENTIALS, "ACTIONS_ID_TOKEN_REQUEST_URL", "is no https URL%s%s",
                         fault ? ": " : "", fault ? fault : "");
    url.query = arena_printf(arena, "%s%saudience=" AUDIENCE, url.query ? url.query : "", url.query ? "&" : "");
    http_request_init(&request, "GET", &url);
    http_request_add(&request, "Authorization", arena_printf(arena, "bearer %s", secret), true);
    http_request_add(&request, "Accept", "application/json", false);
    if (rest_send_json(context, &call, &request, &json, error) < 0) {
        if (error->reason == REASON_DENIED)
            error_hint(error, "does the job have 'permissions: id-token: write'?");
        return -1;
    }
    *token = json_cstr(arena, json_get(json_root(&json), "value"));
    if (*token && **token)
        return 0;
    error_set(error, REASON_BAD_REPLY, call.who, "it was answered, but with no token");
    error->http_status = 200;
    return -1;
}

static bool is_header_text(const char *text)
{
    for (; *text; text++)
        if (*text <= 0x20 || *text >= 0x7f)
            return false;
    return true;
}

enum source_end source_github(struct source_context *context, struct credentials *credentials, struct error *error)
{
    const char *url = env_get("ACTIONS_ID_TOKEN_REQUEST_URL"), *secret = env_get("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    const char *token = NULL;
    struct sts_role role = {.arn = env_get("AWS_ROLE_ARN"), .session_name = env_get("AWS_ROLE_SESSION_NAME")};
    if (!context->environment)
        return source_not_here(context, "a profile was named, which variables do not override");
    if (!url || !secret)
        return source_not_here(context, "no job of GitHub Actions with 'id-token: write'");
    if (!role.arn)
        return source_not_here(context, "a job of GitHub Actions, but AWS_ROLE_ARN names no role");
    if (!is_header_text(secret)) {
        error_set(error, REASON_NO_CREDENTIALS, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "is no token");
        return SOURCE_FAILED;
    }
    if (fetch_token(context, url, secret, &token, error) < 0 ||
        sts_assume_role_with_web_identity(context, token, &role, credentials, error) < 0)
        return SOURCE_FAILED;
    credentials->source = arena_printf(context->arena, "role %s, with the identity of this GitHub job", role.arn);
    return SOURCE_GAVE;
}
