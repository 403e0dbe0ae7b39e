#include <string.h>

#include "aws/chain.h"
#include "aws/sts.h"

static enum source_end refuse(struct source_context *context, struct error *error, const char *cause, const char *hint)
{
    error_set(error, REASON_NO_CREDENTIALS, source_profile_name(context), "%s", cause);
    if (hint)
        error_hint(error, "%s", hint);
    return SOURCE_FAILED;
}

static bool was_visited(const struct source_context *context, const char *profile)
{
    for (const struct visited_profile *visited = context->visited; visited; visited = visited->before)
        if (strcmp(visited->name, profile) == 0)
            return true;
    return false;
}

static bool has_keys(const struct source_context *context)
{
    return source_key(context, "aws_access_key_id") || source_key(context, "aws_secret_access_key");
}

static bool has_role(const struct source_context *context)
{
    return source_key(context, "role_arn") && !source_key(context, "web_identity_token_file");
}

/* The profile whose credentials may assume the role: its keys, its own role first, or what else it holds. */
static enum source_end from_profile(struct source_context *context, const char *profile,
                                    struct credentials *credentials, struct error *error)
{
    struct visited_profile here = {context->profile, context->visited};
    struct source_context source = *context;
    struct arena *arena = context->arena;
    source.profile = profile;
    source.environment = false;
    source.visited = &here;
    if (!aws_config_has_profile(context->config, profile))
        return refuse(context, error, arena_printf(arena, "its source_profile '%s' does not exist", profile), NULL);
    bool own_keys = has_keys(&source);
    if (was_visited(&source, profile) && !(own_keys && strcmp(profile, context->profile) == 0))
        return refuse(context, error, arena_printf(arena, "its source_profile '%s' leads back to it", profile),
                      "one profile of the circle needs credentials of its own");
    if (has_role(&source) && !own_keys)
        return source_assume_role(&source, credentials, error);
    return chain_find_in_profile(&source, credentials, error) < 0 ? SOURCE_FAILED : SOURCE_GAVE;
}

static enum source_end from_place(struct source_context *context, const char *place, struct credentials *credentials,
                                  struct error *error)
{
    static const struct {
        const char *name;
        source_function *find;
    } places[] = {
        {"Environment", source_environment}, {"EcsContainer", source_container}, {"Ec2InstanceMetadata", source_imds}};
    struct source_context source = *context;
    source.environment = true;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(place, places[i].name) != 0)
            continue;
        enum source_end end = places[i].find(&source, credentials, error);
        if (end != SOURCE_NOT_HERE)
            return end;
        const char *hint = error->hint;
        return refuse(context, error,
                      arena_printf(context->arena, "its credential_source %s has nothing: %s", place, source.why),
                      hint);
    }
    return refuse(context, error, arena_printf(context->arena, "credential_source '%s' is not known", place),
                  "Environment, EcsContainer and Ec2InstanceMetadata are");
}

static enum source_end find_caller(struct source_context *context, struct credentials *caller, struct error *error)
{
    const char *profile = source_key(context, "source_profile");
    const char *place = source_key(context, "credential_source");
    if (profile && place)
        return refuse(context, error, "it has both source_profile and credential_source", "take one of them out");
    if (!profile && !place)
        return refuse(context, error, "it has role_arn without source_profile or credential_source",
                      "say whose credentials may assume the role");
    return profile ? from_profile(context, profile, caller, error) : from_place(context, place, caller, error);
}

static int check_role(const struct source_context *context, const struct sts_role *role, struct error *error)
{
    uint64_t seconds;
    const char *profile = source_profile_name(context);
    if (role->duration && !slice_number(slice_of(role->duration), 43200, &seconds))
        return error_set(error, REASON_NO_CREDENTIALS, profile, "duration_seconds is no number up to 43200");
    if (strlen(role->arn) < 20 || !slice_starts(slice_of(role->arn), "arn:"))
        return error_set(error, REASON_NO_CREDENTIALS, profile, "role_arn is no ARN");
    return 0;
}

enum source_end source_assume_role(struct source_context *context, struct credentials *credentials, struct error *error)
{
    struct credentials caller = {.access_key_id = NULL};
    if (!has_role(context))
        return source_not_here(context, "no role_arn in profile '%s'", context->profile);
    struct sts_role role = {
        .arn = source_key(context, "role_arn"),
        .session_name = source_key(context, "role_session_name"),
        .external_id = source_key(context, "external_id"),
        .duration = source_key(context, "duration_seconds"),
    };
    if (source_key(context, "mfa_serial"))
        return refuse(context, error, "its role asks for an MFA code (mfa_serial), and there is nobody to type one",
                      "put keys into the environment: aws configure export-credentials --format env --profile NAME");
    if (check_role(context, &role, error) < 0)
        return SOURCE_FAILED;
    enum source_end end = find_caller(context, &caller, error);
    if (end != SOURCE_GAVE)
        return end;
    if (sts_assume_role(context, &caller, &role, credentials, error) < 0)
        return SOURCE_FAILED;
    credentials->profile = context->profile;
    credentials->source =
        arena_printf(context->arena, "role %s of profile '%s', with %s", role.arn, context->profile, caller.source);
    return SOURCE_GAVE;
}
