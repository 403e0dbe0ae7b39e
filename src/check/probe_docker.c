#include <string.h>

#include "auth/stored.h"
#include "base/encode.h"
#include "check/daemon.h"

#define SOURCE "docker"

/* "AWS:password" out of ECR's token. */
static int split_token(const char *token, struct arena *arena, struct docker_auth *auth, struct error *error)
{
    struct buf plain = BUF_INIT;
    int status = decode_base64(&plain, slice_of(token));
    struct slice password = buf_view(&plain);
    struct slice user = slice_cut(&password, ':');
    if (status < 0 || !password.data)
        status =
            error_set(error, REASON_BAD_REPLY, "ECR", "the authorization token is not the base64 of user:password");
    else
        *auth = (struct docker_auth){.username = arena_copy(arena, user), .password = arena_copy(arena, password)};
    buf_free(&plain);
    return status;
}

static int ecr_auth(struct session *session, const struct item *item, struct arena *arena, struct docker_auth *auth,
                    struct error *error)
{
    struct ecr_api api;
    if (ecr_caller_api(&session->ecr, &item->ecr, item->deadline, &api, error) < 0)
        return -1;
    const struct ecr_token *token = ecr_token(&api, &session->tokens, &session->arena);
    if (token->status == 0)
        return split_token(token->value, arena, auth, error);
    *error = token->error;
    return -1;
}

/*
 * What the daemon is to log in with, as an X-Registry-Auth header: what is stored, else a token of ECR for its own
 * registries; NULL for anonymous. -1 when asking would only hide what is wrong: a stored place is broken, or the
 * caller has credentials and gets no token for them.
 */
static int auth_for(struct session *session, const struct docker *docker, const struct item *item, struct arena *arena,
                    const char **header, struct error *error)
{
    struct docker_auth auth;
    const char *registry = item->reference.registry;
    /* Passwords and tokens do not go to a daemon over a network that anybody may listen to. */
    bool private_link = docker->endpoint.local || docker->endpoint.url.https;
    int found = stored_auth_find(arena, session->options.authfile, registry, &auth, error);
    *header = NULL;
    if (found < 0 || !private_link)
        return found < 0 ? -1 : 0;
    if (found == 0 && item->is_ecr && !item->ecr.is_public)
        found = ecr_auth(session, item, arena, &auth, error) < 0 ? -1 : 1;
    if (found < 0)
        return error->reason == REASON_NO_CREDENTIALS ? 0 : -1;
    *header = found ? registry_auth_header(arena, &auth, registry) : NULL;
    return 0;
}

static int ask_daemon(struct docker *docker, const struct item *item, const char *auth, struct arena *scratch,
                      struct docker_image *image, struct error *error)
{
    const char *wanted = item->reference.digest;
    if (docker_distribution(docker, item->reference.normal, auth, item->deadline, scratch, image, error) < 0) {
        if (error->reason == REASON_NO_CREDENTIALS)
            error_hint(error, "log in to %s with docker login, or give --authfile", item->reference.registry);
        return -1;
    }
    if (!wanted || strcmp(wanted, image->digest) == 0)
        return 0;
    error_set(error, REASON_BAD_REPLY, docker->endpoint.name, "asked for one digest it described another, %s",
              image->digest);
    error->http_status = 200;
    return -1;
}

static void ask_one(struct session *session, struct docker *docker, struct item *item, struct arena *scratch)
{
    struct error error;
    struct docker_image image = {.size = -1};
    const char *auth;
    error_init(&error, scratch);
    if (auth_for(session, docker, item, scratch, &auth, &error) < 0) {
        item_step(item, &session->arena, SOURCE, true, &error);
        return;
    }
    int status = ask_daemon(docker, item, auth, scratch, &image, &error);
    struct outcome outcome = {
        .reason = REASON_OK,
        .size = -1,
        .digest = image.digest,
        .media_type = image.media_type,
        .platforms = image.platforms,
        .platform_count = image.platform_count,
        .detail = "the daemon asked the registry",
    };
    if (status < 0)
        outcome.digest = outcome.media_type = NULL;
    daemon_record(session, item, SOURCE, &outcome, status < 0 ? &error : NULL, scratch);
}

void probe_docker(struct session *session, struct todo todo)
{
    daemon_ask_each(session, todo, SOURCE, false, ask_one);
}
