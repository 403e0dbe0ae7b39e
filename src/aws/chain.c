#include "aws/chain.h"

#include <stddef.h>

/* In the order of the AWS SDKs (protocol facts, "Credential chain"). A new source is a file and a row. */
static enum source_end (*const sources[])(struct source_context *, struct credentials *, struct error *) = {
    source_environment,       /* AWS_ACCESS_KEY_ID */
    source_refused_roles,     /* role_arn, web identity, SSO */
    source_credentials_file,  /* keys in ~/.aws/credentials */
    source_refused_processes, /* aws login, credential_process */
    source_config_file,       /* keys in ~/.aws/config */
};

/* A line break or a control character in a key would end up in a header. */
static bool is_printable(const char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

static int check_text(const struct credentials *credentials, struct error *error)
{
    if (is_printable(credentials->access_key_id) && is_printable(credentials->secret_access_key) &&
        is_printable(credentials->session_token))
        return 0;
    return error_set(error, REASON_NO_CREDENTIALS, credentials->source,
                     "a key or token holds a space, a line break or bytes that are not ASCII");
}

int chain_find(const struct aws_config *config, struct arena *arena, struct credentials *credentials,
               struct error *error)
{
    struct source_context context = {config, arena};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        enum source_end end = sources[i](&context, credentials, error);
        if (end == SOURCE_GAVE)
            return check_text(credentials, error);
        if (end == SOURCE_FAILED)
            return -1;
    }
    error_set(error, REASON_NO_CREDENTIALS, "AWS", "no credentials: none in the environment, none for profile '%s'",
              config->profile);
    error_hint(error, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws");
    return -1;
}
