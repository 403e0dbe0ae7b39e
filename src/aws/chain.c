#include "aws/chain.h"

#include <stddef.h>

/* In the order of the AWS SDKs (protocol facts, "Credential chain"). A new source is a file and a row. */
static const struct source {
    const char *kind; /* the word for it in output */
    source_function *find;
    bool in_profile; /* it may stand in a profile that a role takes its credentials from */
} sources[] = {
    {"environment", source_environment, false},
    {"assume-role", source_assume_role, false}, /* follows source profiles itself */
    {"web-identity", source_web_identity, true},
    {"sso", source_sso, true},
    {"credentials-file", source_credentials_file, true},
    {"login", source_login, true},
    {"process", source_process, true},
    {"config-file", source_config_file, true},
    {"container", source_container, false},
    {"imds", source_imds, false},
    {"github", source_github, false},
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

/* 1 with credentials, 0 when no source applies, -1 with an error. */
static int try_all(struct source_context *context, bool only_in_profile, const struct chain_listener *listener,
                   struct credentials *credentials, struct error *error)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (only_in_profile && !sources[i].in_profile)
            continue;
        context->why = NULL;
        enum source_end end = sources[i].find(context, credentials, error);
        if (end == SOURCE_GAVE && check_text(credentials, error) < 0)
            end = SOURCE_FAILED;
        if (listener)
            listener->tried(listener->context, sources[i].kind, end, context->why);
        if (end == SOURCE_FAILED)
            return -1;
        if (end == SOURCE_GAVE) {
            credentials->kind = sources[i].kind;
            return 1;
        }
    }
    return 0;
}

int chain_find(struct source_context *context, const struct chain_listener *listener, struct credentials *credentials,
               struct error *error)
{
    int found = try_all(context, false, listener, credentials, error);
    if (found)
        return found < 0 ? -1 : 0;
    const char *imds = error->hint; /* of the last source that looked for a service and had something to say */
    error_set(error, REASON_NO_CREDENTIALS, "AWS",
              "no credentials: none in the environment, for profile '%s', of a container or of an instance",
              context->config->profile);
    if (imds)
        error_hint(error, "%s", imds);
    else
        error_hint(error, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or give the pod, task or "
                          "instance a role");
    return -1;
}

int chain_find_in_profile(struct source_context *context, struct credentials *credentials, struct error *error)
{
    int found = try_all(context, true, NULL, credentials, error);
    if (found)
        return found < 0 ? -1 : 0;
    return error_set(error, REASON_NO_CREDENTIALS, source_profile_name(context), "it holds no credentials");
}
