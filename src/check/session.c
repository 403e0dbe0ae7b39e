#include "check/session.h"

#include "auth/stored.h"
#include "base/clock.h"
#include "base/file.h"

/* A CA file named in the environment or a profile. If it cannot be used, calls with credentials must not be made. */
static void trust_configured_file(struct session *session)
{
    struct error error;
    const char *file = ecr_caller_ca_bundle(&session->ecr);
    if (!file)
        file = env_get("SSL_CERT_FILE");
    error_init(&error, &session->arena);
    if (!file || trust_use_file(&session->trust, file, &error) == 0)
        return;
    error.reason = REASON_NO_CREDENTIALS;
    ecr_caller_break(&session->ecr, &error);
}

int session_open(struct session *session, const struct session_options *options, struct events events,
                 struct error *error)
{
    *session = (struct session){.options = *options};
    error_init(&session->docker_error, &session->arena);
    trust_init(&session->trust);
    http_init(&session->http, &session->trust);
    session->http.events = events;
    proxy_from_environment(&session->http.proxy);
    session->deadline = options->timeout_ms ? deadline_in(options->timeout_ms) : DEADLINE_NONE;
    if (ecr_caller_open(&session->ecr, &options->ecr, &session->http, &session->arena, error) < 0)
        return -1;
    if (options->authfile && stored_auth_check(&session->arena, options->authfile, error) < 0)
        return -1;
    if (options->ca_file)
        return trust_use_file(&session->trust, options->ca_file, error);
    trust_configured_file(session);
    return 0;
}

void session_close(struct session *session)
{
    if (session->docker_state != DOCKER_NOT_TRIED)
        docker_close(&session->docker);
    ecr_caller_close(&session->ecr);
    http_free(&session->http);
    trust_free(&session->trust);
    arena_free(&session->arena);
}

static int open_docker(struct session *session, bool for_local, int64_t deadline, struct error *error)
{
    struct docker_endpoint endpoint;
    if (docker_endpoint_find(&session->arena, for_local, &endpoint, error) < 0)
        return -1;
    return docker_open(&session->docker, &endpoint, &session->trust, &session->http.proxy, session->http.events,
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
    struct arena *arena = error->arena;
    *error = session->docker_error;
    error->arena = arena;
    return -1;
}
