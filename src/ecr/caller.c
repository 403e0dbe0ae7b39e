#include "ecr/caller.h"

#include "base/file.h"

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
    if (aws_config_load(&caller->config, caller->arena, caller->options.profile, error) < 0)
        return -1;
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

static int fail_again(const struct ecr_caller *caller, struct error *error)
{
    struct arena *arena = error->arena;
    *error = caller->error;
    error->arena = arena;
    return -1;
}

int ecr_caller_api(struct ecr_caller *caller, const struct ecr_host *host, int64_t deadline, struct ecr_api *api,
                   struct error *error)
{
    if (!caller->broken && caller->state == CREDENTIALS_NOT_TRIED)
        caller->state = chain_find(&caller->config, caller->arena, &caller->credentials, &caller->error) < 0
                            ? CREDENTIALS_FAILED
                            : CREDENTIALS_GOT;
    if (caller->broken || caller->state != CREDENTIALS_GOT)
        return fail_again(caller, error);
    struct endpoint_wish wish = {host->region, caller->options.endpoint_url, host->fips, host->dual_stack};
    *api = (struct ecr_api){.account = host->account, .partition = host->partition, .deadline = deadline};
    api->client = (struct aws_client){.service = &ecr_service,
                                      .credentials = &caller->credentials,
                                      .region = host->region,
                                      .http = caller->http,
                                      .shared = &caller->shared};
    return endpoint_url(&ecr_endpoint_rule, wish, &caller->config, caller->arena, &api->client.endpoint, error);
}
