#include "aws/source.h"
#include "base/file.h"

/*
 * Recognises what stands in the SDKs' order and cannot be used by this version. To pass it over would answer as
 * somebody else: a profile's role_arn means the role, not the keys beside it.
 */
static enum source_end refuse_keys(struct source_context *context, const char *const *keys, size_t count,
                                   struct error *error)
{
    const struct aws_config *config = context->config;
    for (size_t i = 0; i < count; i++) {
        if (!aws_config_get(config, context->arena, config->profile, keys[i]))
            continue;
        error_set(error, REASON_NO_CREDENTIALS, arena_printf(context->arena, "profile '%s'", config->profile),
                  "takes its credentials by %s, which this version cannot do", keys[i]);
        error_hint(error,
                   "put keys into the environment, as 'aws configure export-credentials --format env' prints them");
        return SOURCE_FAILED;
    }
    return SOURCE_NOT_HERE;
}

enum source_end source_refused_roles(struct source_context *context, struct credentials *credentials,
                                     struct error *error)
{
    static const char *const keys[] = {"role_arn",      "web_identity_token_file", "sso_session",
                                       "sso_start_url", "sso_account_id",          "sso_role_name"};
    (void)credentials;
    enum source_end end = refuse_keys(context, keys, sizeof keys / sizeof *keys, error);
    if (end != SOURCE_NOT_HERE || context->config->profile_from_flag || !env_get("AWS_WEB_IDENTITY_TOKEN_FILE"))
        return end;
    error_set(error, REASON_NO_CREDENTIALS, "AWS_WEB_IDENTITY_TOKEN_FILE",
              "names a web identity, which this version cannot use");
    error_hint(error, "put keys into AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN");
    return SOURCE_FAILED;
}

enum source_end source_refused_processes(struct source_context *context, struct credentials *credentials,
                                         struct error *error)
{
    static const char *const keys[] = {"login_session", "credential_process"};
    (void)credentials;
    return refuse_keys(context, keys, sizeof keys / sizeof *keys, error);
}
