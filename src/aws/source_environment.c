#include "aws/source.h"
#include "base/clock.h"
#include "base/file.h"

static enum source_end half(struct error *error, const char *there, const char *missing)
{
    error_set(error, REASON_NO_CREDENTIALS, there, "is set without %s", missing);
    error_hint(error, "set both or neither");
    return SOURCE_FAILED;
}

static enum source_end read_expiry(struct credentials *credentials, struct error *error)
{
    const char *text = env_get("AWS_CREDENTIAL_EXPIRATION");
    if (!text)
        return SOURCE_GAVE;
    if (!time_parse_iso(slice_of(text), &credentials->expires)) {
        error_set(error, REASON_NO_CREDENTIALS, "AWS_CREDENTIAL_EXPIRATION",
                  "is no time of the form 2026-01-02T03:04:05Z");
        return SOURCE_FAILED;
    }
    if (credentials->expires > clock_unix())
        return SOURCE_GAVE;
    error_set(error, REASON_EXPIRED_CREDENTIALS, "AWS_CREDENTIAL_EXPIRATION",
              "the credentials in the environment ended at %s", text);
    error_hint(error, "fetch new ones into the environment");
    return SOURCE_FAILED;
}

enum source_end source_environment(struct source_context *context, struct credentials *credentials, struct error *error)
{
    const char *id = env_get("AWS_ACCESS_KEY_ID");
    const char *secret = env_get("AWS_SECRET_ACCESS_KEY");
    if (!context->environment)
        return source_not_here(context, "a profile was named, which keys in the environment do not override");
    if (!id && !secret)
        return source_not_here(context, "AWS_ACCESS_KEY_ID is not set");
    if (!secret)
        return half(error, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
    if (!id)
        return half(error, "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
    const char *token = env_get("AWS_SECURITY_TOKEN"); /* its old name, which counts first as in the SDK for Python */
    *credentials = (struct credentials){
        .access_key_id = id,
        .secret_access_key = secret,
        .session_token = token ? token : env_get("AWS_SESSION_TOKEN"),
        .account_id = env_get("AWS_ACCOUNT_ID"),
        .source = "the environment",
    };
    return read_expiry(credentials, error);
}
