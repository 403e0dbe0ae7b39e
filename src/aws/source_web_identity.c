#include <errno.h>
#include <string.h>

#include "aws/sts.h"
#include "base/file.h"

#define TOKEN_MAX 20000 /* the service's own limit */

/* A role and where the token for it is. */
struct web_identity {
    const char *place; /* for messages: a variable, or the profile */
    const char *file;  /* NULL: `token` */
    const char *token;
    struct sts_role role;
};

/* The file is read anew each time: whoever issues the tokens replaces it. */
static int read_token(struct source_context *context, struct web_identity *identity, struct error *error)
{
    struct buf text = BUF_INIT;
    const char *file = identity->file ? path_expand(context->arena, identity->file) : NULL;
    int status = file ? file_read(file, TOKEN_MAX, &text) : identity->file ? ENOENT : 0;
    if (status) {
        error_set(error, REASON_NO_CREDENTIALS, identity->place, "cannot read the web identity token %s: %s",
                  identity->file, strerror(status));
        error_hint(error, "is the service account's token mounted into this container?");
        return -1;
    }
    struct slice token = slice_trim(file ? buf_view(&text) : slice_of(identity->token));
    identity->token = arena_copy(context->arena, token);
    buf_free(&text);
    for (size_t i = 0; i < token.len; i++)
        if (identity->token[i] <= 0x20 || identity->token[i] >= 0x7f)
            return error_set(error, REASON_NO_CREDENTIALS, identity->place,
                             "the web identity token is not one word of ASCII");
    return token.len ? 0 : error_set(error, REASON_NO_CREDENTIALS, identity->place, "the web identity token is empty");
}

/* A variable, where the environment counts, else the profile's key of the same meaning. */
static const char *setting(struct source_context *context, const char *variable, const char *key)
{
    const char *value = context->environment ? env_get(variable) : NULL;
    return value ? value : source_key(context, key);
}

/*
 * Like the SDK for Python a variable wins over the profile's key of the same meaning, each by itself: EKS sets both
 * variables, and people set a role in the profile beside the mounted token.
 */
static enum source_end find_identity(struct source_context *context, struct web_identity *identity, struct error *error)
{
    const char *file = context->environment ? env_get("AWS_WEB_IDENTITY_TOKEN_FILE") : NULL;
    const char *token = context->environment ? env_get("AWS_WEB_IDENTITY_TOKEN") : NULL;
    *identity = (struct web_identity){.place = file    ? "AWS_WEB_IDENTITY_TOKEN_FILE"
                                               : token ? "AWS_WEB_IDENTITY_TOKEN"
                                                       : source_profile_name(context),
                                      .file = file    ? file
                                              : token ? NULL
                                                      : source_key(context, "web_identity_token_file"),
                                      .token = token};
    if (!identity->file && !identity->token)
        return source_not_here(context,
                               "no web_identity_token_file in profile '%s', and AWS_WEB_IDENTITY_TOKEN_FILE "
                               "is not set",
                               context->profile);
    identity->role = (struct sts_role){.arn = setting(context, "AWS_ROLE_ARN", "role_arn"),
                                       .session_name = setting(context, "AWS_ROLE_SESSION_NAME", "role_session_name")};
    if (!file && !token)
        identity->role.duration = source_key(context, "duration_seconds");
    if (identity->role.arn)
        return SOURCE_GAVE;
    error_set(error, REASON_NO_CREDENTIALS, identity->place, "names a web identity token, but no role is named for it");
    error_hint(error, "set AWS_ROLE_ARN, or role_arn in the profile");
    return SOURCE_FAILED;
}

enum source_end source_web_identity(struct source_context *context, struct credentials *credentials,
                                    struct error *error)
{
    struct web_identity identity = {0};
    enum source_end end = find_identity(context, &identity, error);
    if (end != SOURCE_GAVE)
        return end;
    if (read_token(context, &identity, error) < 0 ||
        sts_assume_role_with_web_identity(context, identity.token, &identity.role, credentials, error) < 0)
        return SOURCE_FAILED;
    bool from_profile = slice_starts(slice_of(identity.place), "profile ");
    credentials->profile = from_profile ? context->profile : NULL;
    credentials->source =
        arena_printf(context->arena, "role %s, with the web identity of %s", identity.role.arn, identity.place);
    return SOURCE_GAVE;
}
