#include "check/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"

static int check_endpoint_flag(const struct session_options *options, struct arena *arena, struct error *error)
{
    struct url ignored;
    const char *fault = options->endpoint_url ? url_parse(arena, slice_of(options->endpoint_url), &ignored) : NULL;
    return fault ? error_set(error, REASON_USAGE, "--endpoint-url", "is no URL: %s", fault) : 0;
}

static const char *ca_file_of_settings(struct session *session)
{
    const char *file = env_get("AWS_CA_BUNDLE");
    if (!file)
        file = aws_config_get(&session->config, &session->arena, session->config.profile, "ca_bundle");
    return file ? path_expand(&session->arena, file) : env_get("SSL_CERT_FILE");
}

static int max_attempts(struct session *session, struct error *error)
{
    uint64_t number;
    if (session->options.max_attempts)
        return session->options.max_attempts;
    const char *text = env_get("AWS_MAX_ATTEMPTS");
    if (!text)
        text = aws_config_get(&session->config, &session->arena, session->config.profile, "max_attempts");
    if (!text)
        return RETRY_ATTEMPTS;
    if (slice_number(slice_of(text), 100, &number) && number > 0)
        return (int)number;
    return error_set(error, REASON_NO_CREDENTIALS, "max_attempts", "is no number from 1 to 100");
}

/* Settings from the environment and the files. Their faults fail only the steps that need them. */
static int read_settings(struct session *session, struct error *error)
{
    if (aws_config_load(&session->config, &session->arena, session->options.profile, error) < 0)
        return -1;
    const char *file = session->options.ca_file ? NULL : ca_file_of_settings(session);
    if (file && trust_use_file(&session->trust, file, error) < 0) {
        error->reason = REASON_NO_CREDENTIALS;
        return -1;
    }
    int attempts = max_attempts(session, error);
    retry_init(&session->shared.retry, attempts < 0 ? RETRY_ATTEMPTS : attempts);
    return attempts < 0 ? -1 : 0;
}

int session_open(struct session *session, const struct session_options *options, struct events events, struct error *error)
{
    *session = (struct session){.options = *options};
    error_init(&session->settings_error, &session->arena);
    error_init(&session->credentials_error, &session->arena);
    error_init(&session->docker_error, &session->arena);
    trust_init(&session->trust);
    http_init(&session->http, &session->trust);
    session->http.events = events;
    proxy_from_environment(&session->http.proxy);
    retry_init(&session->shared.retry, RETRY_ATTEMPTS);
    session->deadline = options->timeout_ms ? deadline_in(options->timeout_ms) : DEADLINE_NONE;
    if (check_endpoint_flag(options, &session->arena, error) < 0)
        return -1;
    if (options->ca_file && trust_use_file(&session->trust, options->ca_file, error) < 0)
        return -1;
    session->settings_failed = read_settings(session, &session->settings_error) < 0;
    if (!session->settings_failed || session->settings_error.reason != REASON_USAGE)
        return 0;
    return error_set(error, REASON_USAGE, session->settings_error.subject, "%s", session->settings_error.cause);
}

void session_close(struct session *session)
{
    if (session->docker_state != NOT_TRIED)
        docker_close(&session->docker);
    http_free(&session->http);
    trust_free(&session->trust);
    aws_config_free(&session->config);
    arena_free(&session->arena);
}

static int fail_again(const struct error *kept, struct error *error)
{
    struct arena *arena = error->arena;
    *error = *kept;
    error->arena = arena;
    return -1;
}

int session_credentials(struct session *session, const struct credentials **credentials, struct error *error)
{
    if (session->settings_failed)
        return fail_again(&session->settings_error, error);
    if (session->credentials_state == NOT_TRIED)
        session->credentials_state =
            chain_find(&session->config, &session->arena, &session->credentials, &session->credentials_error) < 0 ? FAILED : GOT;
    *credentials = &session->credentials;
    return session->credentials_state == GOT ? 0 : fail_again(&session->credentials_error, error);
}

int session_ecr_api(struct session *session, const struct ecr_host *host, int64_t deadline, struct ecr_api *api,
                    struct error *error)
{
    const struct credentials *credentials;
    if (session_credentials(session, &credentials, error) < 0)
        return -1;
    struct endpoint_wish wish = {host->region, session->options.endpoint_url, host->fips, host->dual_stack};
    *api = (struct ecr_api){.account = host->account, .deadline = deadline};
    api->client = (struct aws_client){.service = &ecr_service,
                                      .credentials = credentials,
                                      .region = host->region,
                                      .http = &session->http,
                                      .shared = &session->shared};
    return endpoint_url(&ecr_endpoint_rule, wish, &session->config, &session->arena, &api->client.endpoint, error);
}

static int open_docker(struct session *session, bool for_local, int64_t deadline, struct error *error)
{
    struct docker_endpoint endpoint;
    if (docker_endpoint_find(&session->arena, for_local, &endpoint, error) < 0)
        return -1;
    return docker_open(&session->docker, &endpoint, &session->trust, &session->http.proxy, session->http.events, deadline,
                       &session->arena, error);
}

int session_docker(struct session *session, bool for_local, int64_t deadline, struct docker **docker, struct error *error)
{
    if (session->docker_state == NOT_TRIED)
        session->docker_state = open_docker(session, for_local, deadline, &session->docker_error) < 0 ? FAILED : GOT;
    *docker = &session->docker;
    return session->docker_state == GOT ? 0 : fail_again(&session->docker_error, error);
}
