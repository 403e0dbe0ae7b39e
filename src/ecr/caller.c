#include "ecr/caller.h"

#include "aws/imds.h"
#include "base/clock.h"
#include "base/file.h"
#include "ecr/call.h"

#define ATTEMPTS_MAX 100

static int check_endpoint_flag(const struct ecr_caller_options *options, struct arena *arena, struct error *error)
{
    struct url ignored;
    const char *fault = options->endpoint_url ? url_parse(arena, slice_of(options->endpoint_url), &ignored) : NULL;
    return fault ? error_set(error, REASON_USAGE, "--endpoint-url", "is no URL: %s", fault) : 0;
}

/* AWS_MAX_ATTEMPTS or the profile's max_attempts; -1 with an error for what is no such number. */
static int configured_attempts(const struct ecr_caller *caller, struct error *error)
{
    uint64_t number;
    const char *text = env_get("AWS_MAX_ATTEMPTS");
    if (!text)
        text = aws_config_get(&caller->config, caller->arena, caller->config.profile, "max_attempts");
    if (!text)
        return RETRY_ATTEMPTS;
    if (slice_number(slice_of(text), ATTEMPTS_MAX, &number) && number > 0)
        return (int)number;
    return error_set(error, REASON_NO_CREDENTIALS, "max_attempts", "'%s' is no number from 1 to 100", text);
}

static int read_settings(struct ecr_caller *caller, struct error *error)
{
    if (aws_config_load(&caller->config, caller->arena, caller->options.profile, error) < 0 ||
        registry_map_load(&caller->map, caller->arena, error) < 0)
        return -1;
    caller->config.region_flag = caller->options.region;
    int attempts = caller->options.max_attempts ? caller->options.max_attempts : configured_attempts(caller, error);
    if (attempts < 0)
        return -1;
    retry_init(&caller->shared.retry, attempts);
    return 0;
}

int ecr_caller_open(struct ecr_caller *caller, const struct ecr_caller_options *options, struct http *http,
                    struct arena *arena, struct error *error)
{
    *caller = (struct ecr_caller){.options = *options, .arena = arena, .http = http};
    error_init(&caller->error, arena);
    if (check_endpoint_flag(options, arena, error) < 0)
        return -1;
    caller->broken = read_settings(caller, &caller->error) < 0;
    if (!caller->broken || caller->error.reason != REASON_USAGE)
        return 0;
    return error_set(error, REASON_USAGE, caller->error.subject, "%s", caller->error.cause);
}

void ecr_caller_close(struct ecr_caller *caller)
{
    aws_config_free(&caller->config);
}

void ecr_caller_break(struct ecr_caller *caller, const struct error *error)
{
    if (caller->broken)
        return;
    caller->broken = true;
    caller->error = *error;
}

const char *ecr_caller_ca_bundle(const struct ecr_caller *caller)
{
    const char *file = env_get("AWS_CA_BUNDLE");
    if (!file && caller->config.profile)
        file = aws_config_get(&caller->config, caller->arena, caller->config.profile, "ca_bundle");
    return file ? path_expand(caller->arena, file) : NULL;
}

/* The settings as the rule wants them: its profile is named as if by the flag, and so has to exist. */
static int apply_rule(struct ecr_principal *principal, struct error *error)
{
    const struct registry_rule *rule = principal->rule;
    if (!rule || registry_rule_is_role(rule))
        return 0;
    principal->config.profile = rule->target;
    principal->config.profile_named = principal->config.profile_from_flag = true;
    if (aws_config_has_profile(&principal->config, rule->target))
        return 0;
    return error_set(error, REASON_NO_CREDENTIALS, rule->place, "there is no profile '%s' for the registry %s",
                     rule->target, rule->registry);
}

static struct source_context context_of(struct ecr_caller *caller, const struct aws_config *config, const char *region,
                                        int64_t deadline)
{
    return (struct source_context){.config = config,
                                   .profile = config->profile,
                                   .environment = !config->profile_from_flag,
                                   .region = region,
                                   .http = caller->http,
                                   .shared = &caller->shared,
                                   .deadline = deadline,
                                   .arena = caller->arena};
}

static int new_principal(struct ecr_caller *caller, const struct registry_rule *rule, const char *region,
                         struct ecr_principal **principal, struct error *error)
{
    struct ecr_principal *made = arena_alloc(caller->arena, sizeof *made);
    made->rule = rule;
    made->config = caller->config;
    if (apply_rule(made, error) < 0)
        return -1;
    struct source_context context = context_of(caller, &made->config, region, DEADLINE_NONE);
    provider_init(&made->provider, &context, caller->arena);
    made->provider.role_arn = rule && registry_rule_is_role(rule) ? rule->target : NULL;
    made->next = caller->principals;
    caller->principals = *principal = made;
    return 0;
}

int ecr_caller_principal(struct ecr_caller *caller, const struct ecr_host *host, struct ecr_principal **principal,
                         struct error *error)
{
    if (caller->broken) {
        error_copy(error, &caller->error);
        return -1;
    }
    const struct registry_rule *rule = host && !caller->options.profile ? registry_map_find(&caller->map, host) : NULL;
    for (*principal = caller->principals; *principal; *principal = (*principal)->next)
        if ((*principal)->rule == rule)
            return 0;
    return new_principal(caller, rule, host ? host->region : NULL, principal, error);
}

const char *ecr_caller_region(struct ecr_caller *caller, int64_t deadline)
{
    if (caller->broken)
        return caller->options.region;
    const char *region = aws_config_region(&caller->config, caller->arena);
    struct source_context context = context_of(caller, &caller->config, NULL, deadline);
    if (!region && !caller->region_tried)
        caller->instance_region = imds_region(&context);
    caller->region_tried = caller->region_tried || !region;
    return region ? region : caller->instance_region;
}

static int find_endpoint(struct ecr_caller *caller, const struct ecr_host *host, const struct aws_config *config,
                         struct url *url, struct error *error)
{
    struct endpoint_wish wish = {host->region, caller->options.endpoint_url, host->fips, host->dual_stack};
    return endpoint_url(host->is_public ? &ecr_public_endpoint_rule : &ecr_endpoint_rule, wish, config, caller->arena,
                        url, error);
}

int ecr_caller_endpoint(struct ecr_caller *caller, const struct ecr_host *host, struct url *url, struct error *error)
{
    struct ecr_principal *principal;
    return ecr_caller_principal(caller, host, &principal, error) < 0
               ? -1
               : find_endpoint(caller, host, &principal->config, url, error);
}

int ecr_caller_api_as(struct ecr_caller *caller, const struct ecr_host *host, struct aws_provider *provider,
                      int64_t deadline, struct ecr_api *api, struct error *error)
{
    *api = (struct ecr_api){
        .account = host->account, .partition = host->partition, .is_public = host->is_public, .deadline = deadline};
    api->client = (struct aws_client){.service = host->is_public ? &ecr_public_service : &ecr_service,
                                      .provider = provider,
                                      .region = host->region,
                                      .http = caller->http,
                                      .shared = &caller->shared};
    return find_endpoint(caller, host, provider->fixed ? &caller->config : provider->context.config,
                         &api->client.endpoint, error);
}

int ecr_caller_api(struct ecr_caller *caller, const struct ecr_host *host, int64_t deadline, struct ecr_api *api,
                   struct error *error)
{
    struct ecr_principal *principal;
    struct credentials ignored;
    if (ecr_caller_principal(caller, host, &principal, error) < 0 ||
        provider_get(&principal->provider, deadline, &ignored, error) < 0)
        return -1;
    return ecr_caller_api_as(caller, host, &principal->provider, deadline, api, error);
}
