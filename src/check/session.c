#include "check/session.h"

#include <stdlib.h>

#include "auth/stored.h"
#include "base/clock.h"
#include "base/file.h"

/* A CA file named in the environment or a profile. If it cannot be used, calls with credentials must not be made. */
static void trust_configured_file(struct session_shared *shared)
{
    struct error error;
    const char *file = ecr_settings_ca_bundle(&shared->ecr);
    if (!file)
        file = env_get("SSL_CERT_FILE");
    error_init(&error, &shared->ecr.arena);
    if (!file || trust_use_file(&shared->trust, file, &error) == 0)
        return;
    error.reason = REASON_NO_CREDENTIALS;
    shared->ca_broken = true;
    shared->ca_error = error;
    ecr_settings_break(&shared->ecr, &error);
}

static void init(struct session *session, struct session_shared *shared)
{
    *session = (struct session){.shared = shared, .deadline = shared->deadline};
    session->ecr = (struct ecr_caller){&shared->ecr, &session->arena, &session->http};
    error_init(&session->docker_error, &session->arena);
}

int session_open(struct session *session, const struct session_options *options, struct events events,
                 struct error *error)
{
    struct session_shared *shared = must_alloc(sizeof *shared);
    *shared = (struct session_shared){.options = *options};
    shared->deadline = options->timeout_ms ? deadline_in(options->timeout_ms) : DEADLINE_NONE;
    trust_init(&shared->trust);
    ecr_tokens_init(&shared->tokens);
    ecr_rule_books_init(&shared->rule_books);
    registries_init(&shared->registries);
    init(session, shared);
    http_init(&session->http, &shared->trust);
    session->http.events = events;
    proxy_from_environment(&session->http.proxy);
    if (ecr_settings_open(&shared->ecr, &options->ecr, error) < 0)
        return -1;
    if (options->authfile && stored_auth_check(&session->arena, options->authfile, error) < 0)
        return -1;
    if (options->ca_file)
        return trust_use_file(&shared->trust, options->ca_file, error);
    trust_configured_file(shared);
    return 0;
}

void session_join(struct session *session, const struct session *other)
{
    init(session, other->shared);
    http_init_like(&session->http, &other->http);
}

void session_leave(struct session *session)
{
    if (session->docker_state != DOCKER_NOT_TRIED)
        docker_close(&session->docker);
    http_free(&session->http);
    arena_free(&session->arena);
}

void session_adopt(struct session *session, struct session *other)
{
    struct arena memory = other->arena;
    other->arena = (struct arena){NULL};
    session_leave(other);
    arena_adopt(&session->arena, &memory);
}

void session_close(struct session *session)
{
    struct session_shared *shared = session->shared;
    session_leave(session);
    registries_free(&shared->registries);
    ecr_rule_books_free(&shared->rule_books);
    ecr_tokens_free(&shared->tokens);
    ecr_settings_close(&shared->ecr);
    trust_free(&shared->trust);
    free(shared);
}

/* A token of ECR as a login; the one that was given before is over when it is asked for `again`. */
static int ecr_login_of(struct session *session, const struct registry *registry, bool again, struct arena *arena,
                        struct docker_auth *auth, struct error *error)
{
    struct ecr_api api;
    struct ecr_host host;
    if (!ecr_host_parse(arena, registry->name, &host))
        return 0;
    int64_t deadline = deadline_earlier(session->deadline, deadline_in(IMAGE_TIMEOUT_MS));
    if (ecr_caller_api(&session->ecr, &host, deadline, &api, error) < 0)
        return -1;
    const struct ecr_token *token = ecr_token(&api, &session->shared->tokens, arena);
    if (again && token->status == 0) {
        ecr_token_forget(&session->shared->tokens, token->value);
        token = ecr_token(&api, &session->shared->tokens, arena);
    }
    if (token->status < 0) {
        error_copy(error, &token->error);
        return -1;
    }
    *auth = (struct docker_auth){.username = NULL};
    return ecr_token_split(token->value, arena, &auth->username, &auth->password, error) < 0 ? -1 : 1;
}

static int find_login(void *context, const struct registry *registry, bool again, struct arena *arena,
                      struct docker_auth *auth, struct error *error)
{
    struct session *session = context;
    struct ecr_host host;
    bool is_ecr = ecr_host_parse(arena, registry->name, &host);
    if (registry->login == LOGIN_ECR)
        return ecr_login_of(session, registry, again, arena, auth, error);
    int found = stored_auth_get(arena, session->shared->options.authfile, registry->stored_as, is_ecr,
                                session->deadline, auth, error);
    return found == 0 && auth->helper ? ecr_login_of(session, registry, again, arena, auth, error) : found;
}

struct registry_client session_registry(struct session *session, const char *registry, const char *repository,
                                        enum registry_login login, bool stranger, int64_t deadline)
{
    struct arena scratch = {0};
    struct registries *all = &session->shared->registries;
    const char *stored_as = registry;
    if (login == LOGIN_STORED)
        stored_as = stored_auth_name(&scratch, session->shared->options.authfile, registry, repository);
    struct registry_client client = {.registry = registries_find(all, registry, stored_as, login),
                                     .stranger =
                                         stranger ? registries_find(all, registry, registry, LOGIN_ANONYMOUS) : NULL,
                                     .http = &session->http,
                                     .retry = &session->shared->ecr.shared.retry,
                                     .find_login = find_login,
                                     .context = session,
                                     .plain_http = session->shared->options.plain_http,
                                     .deadline = deadline};
    arena_free(&scratch);
    return client;
}

static int open_docker(struct session *session, bool for_local, int64_t deadline, struct error *error)
{
    struct docker_endpoint endpoint;
    if (docker_endpoint_find(&session->arena, for_local, &endpoint, error) < 0)
        return -1;
    return docker_open(&session->docker, &endpoint, &session->shared->trust, &session->http.proxy, session->http.events,
                       deadline, &session->arena, error);
}

int session_docker(struct session *session, bool for_local, int64_t deadline, struct docker **docker,
                   struct error *error)
{
    if (session->docker_state == DOCKER_NOT_TRIED)
        session->docker_state =
            open_docker(session, for_local, deadline, &session->docker_error) < 0 ? DOCKER_FAILED : DOCKER_GOT;
    *docker = &session->docker;
    if (session->docker_state == DOCKER_GOT)
        return 0;
    if (session->docker_error.reason == REASON_TIMEOUT && deadline_passed(deadline)) {
        docker_close(&session->docker); /* the time of this image was over: that says nothing to the next one */
        session->docker_state = DOCKER_NOT_TRIED;
    }
    error_copy(error, &session->docker_error);
    return -1;
}
