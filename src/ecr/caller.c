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
static int configured_attempts(struct ecr_settings *settings, struct error *error)
{
    uint64_t number;
    const char *text = env_get("AWS_MAX_ATTEMPTS");
    if (!text)
        text = aws_config_get(&settings->config, &settings->arena, settings->config.profile, "max_attempts");
    if (!text)
        return RETRY_ATTEMPTS;
    if (slice_number(slice_of(text), ATTEMPTS_MAX, &number) && number > 0)
        return (int)number;
    return error_set(error, REASON_NO_CREDENTIALS, "max_attempts", "'%s' is no number from 1 to 100", text);
}

static int read_settings(struct ecr_settings *settings, struct error *error)
{
    const struct ecr_caller_options *options = &settings->options;
    if (aws_config_load(&settings->config, &settings->arena, options->profile, error) < 0 ||
        registry_map_load(&settings->map, &settings->arena, error) < 0)
        return -1;
    settings->config.region_flag = options->region;
    int attempts = options->max_attempts ? options->max_attempts : configured_attempts(settings, error);
    if (attempts < 0)
        return -1;
    settings->shared.retry.max_attempts = attempts;
    return 0;
}

int ecr_settings_open(struct ecr_settings *settings, const struct ecr_caller_options *options, struct error *error)
{
    *settings = (struct ecr_settings){.options = *options};
    pthread_mutex_init(&settings->lock, NULL);
    retry_init(&settings->shared.retry, RETRY_ATTEMPTS);
    error_init(&settings->error, &settings->arena);
    if (check_endpoint_flag(options, &settings->arena, error) < 0)
        return -1;
    settings->broken = read_settings(settings, &settings->error) < 0;
    if (!settings->broken || settings->error.reason != REASON_USAGE)
        return 0;
    return error_set(error, REASON_USAGE, settings->error.subject, "%s", settings->error.cause);
}

void ecr_settings_close(struct ecr_settings *settings)
{
    for (struct ecr_principal *principal = settings->principals; principal; principal = principal->next) {
        http_free(&principal->http);
        arena_free(&principal->arena);
    }
    aws_config_free(&settings->config);
    arena_free(&settings->arena);
}

void ecr_settings_break(struct ecr_settings *settings, const struct error *error)
{
    if (settings->broken)
        return;
    settings->broken = true;
    error_copy(&settings->error, error);
}

const char *ecr_settings_ca_bundle(struct ecr_settings *settings)
{
    const char *file = env_get("AWS_CA_BUNDLE");
    if (!file && settings->config.profile)
        file = aws_config_get(&settings->config, &settings->arena, settings->config.profile, "ca_bundle");
    return file ? path_expand(&settings->arena, file) : NULL;
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

static struct source_context context_of(struct ecr_settings *settings, const struct aws_config *config,
                                        const char *region, struct http *http, int64_t deadline, struct arena *arena)
{
    return (struct source_context){.config = config,
                                   .profile = config->profile,
                                   .environment = !config->profile_from_flag,
                                   .region = region,
                                   .http = http,
                                   .shared = &settings->shared,
                                   .deadline = deadline,
                                   .arena = arena};
}

/* Under the lock. */
static int new_principal(struct ecr_caller *caller, const struct registry_rule *rule, const char *region,
                         struct ecr_principal **principal, struct error *error)
{
    struct ecr_settings *settings = caller->settings;
    struct ecr_principal *made = arena_alloc(&settings->arena, sizeof *made);
    made->rule = rule;
    made->config = settings->config;
    if (apply_rule(made, error) < 0)
        return -1;
    http_init_like(&made->http, caller->http);
    region = region ? arena_strdup(&settings->arena, region) : NULL;
    struct source_context context =
        context_of(settings, &made->config, region, &made->http, DEADLINE_NONE, &made->arena);
    provider_init(&made->provider, &context, &made->arena);
    made->provider.role_arn = rule && registry_rule_is_role(rule) ? rule->target : NULL;
    made->next = settings->principals;
    settings->principals = *principal = made;
    return 0;
}

int ecr_caller_principal(struct ecr_caller *caller, const struct ecr_host *host, struct ecr_principal **principal,
                         struct error *error)
{
    struct ecr_settings *settings = caller->settings;
    if (settings->broken) {
        error_copy(error, &settings->error);
        return -1;
    }
    const struct registry_rule *rule =
        host && !settings->options.profile ? registry_map_find(&settings->map, host) : NULL;
    pthread_mutex_lock(&settings->lock);
    *principal = settings->principals;
    while (*principal && (*principal)->rule != rule)
        *principal = (*principal)->next;
    int status = *principal ? 0 : new_principal(caller, rule, host ? host->region : NULL, principal, error);
    pthread_mutex_unlock(&settings->lock);
    return status;
}

const char *ecr_caller_region(struct ecr_caller *caller, int64_t deadline)
{
    struct ecr_settings *settings = caller->settings;
    if (settings->broken)
        return settings->options.region;
    pthread_mutex_lock(&settings->lock);
    const char *region = aws_config_region(&settings->config, &settings->arena);
    struct source_context context =
        context_of(settings, &settings->config, NULL, caller->http, deadline, &settings->arena);
    if (!region && !settings->region_tried)
        settings->instance_region = imds_region(&context);
    settings->region_tried = settings->region_tried || !region;
    region = region ? region : settings->instance_region;
    pthread_mutex_unlock(&settings->lock);
    return region;
}

static int find_endpoint(struct ecr_caller *caller, const struct ecr_host *host, const struct aws_config *config,
                         struct url *url, struct error *error)
{
    struct endpoint_wish wish = {host->region, caller->settings->options.endpoint_url, host->fips, host->dual_stack};
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
                                      .shared = &caller->settings->shared};
    return find_endpoint(caller, host, provider->fixed ? &caller->settings->config : provider->context.config,
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
