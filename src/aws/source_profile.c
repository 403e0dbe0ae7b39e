#include "aws/source.h"

typedef const char *getter(const struct aws_config *, struct arena *, const char *, const char *);

/* Static keys of the profile out of one file. */
static enum source_end static_keys(struct source_context *context, getter *get, const char *path,
                                   struct credentials *credentials, struct error *error)
{
    const struct aws_config *config = context->config;
    struct arena *arena = context->arena;
    const char *profile = context->profile;
    const char *id = get(config, arena, profile, "aws_access_key_id");
    const char *secret = get(config, arena, profile, "aws_secret_access_key");
    if (!id && !secret)
        return source_not_here(context, "no keys for profile '%s' in %s", profile, path ? path : "~/.aws (no HOME)");
    if (!id || !secret) {
        error_set(error, REASON_NO_CREDENTIALS, path, "profile '%s' has aws_%s without aws_%s", profile,
                  id ? "access_key_id" : "secret_access_key", id ? "secret_access_key" : "access_key_id");
        return SOURCE_FAILED;
    }
    const char *token = get(config, arena, profile, "aws_security_token"); /* its old name counts first */
    *credentials = (struct credentials){
        .access_key_id = id,
        .secret_access_key = secret,
        .session_token = token ? token : get(config, arena, profile, "aws_session_token"),
        .account_id = get(config, arena, profile, "aws_account_id"),
        .source = arena_printf(arena, "profile '%s' in %s", profile, path),
        .profile = context->profile,
    };
    return SOURCE_GAVE;
}

enum source_end source_credentials_file(struct source_context *context, struct credentials *credentials,
                                        struct error *error)
{
    return static_keys(context, aws_config_get_in_credentials, context->config->credentials_path, credentials, error);
}

enum source_end source_config_file(struct source_context *context, struct credentials *credentials, struct error *error)
{
    return static_keys(context, aws_config_get_in_config, context->config->config_path, credentials, error);
}
