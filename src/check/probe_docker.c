#include <string.h>

#include "auth/stored.h"
#include "check/daemon.h"

#define SOURCE "docker"

static int ecr_auth(struct session *session, const struct item *item, struct arena *arena, struct docker_auth *auth,
                    struct error *error)
{
    struct ecr_api api;
    if (ecr_caller_api(&session->ecr, &item->ecr, item->deadline, &api, error) < 0)
        return -1;
    const struct ecr_token *token = ecr_token(&api, &session->shared->tokens, &session->arena);
    *auth = (struct docker_auth){.username = NULL};
    if (token->status == 0)
        return ecr_token_split(token->value, arena, &auth->username, &auth->password, error);
    *error = token->error;
    return -1;
}

/* How the daemon asks the registry. */
struct way {
    const struct docker_login *login; /* NULL: anonymously */
    enum registry_login kind;
    const char *not_sent; /* why anonymously although that may not show what is there; NULL */
};

static bool is_private_ecr(const struct item *item)
{
    return item->is_ecr && !item->ecr.is_public;
}

/*
 * What is stored for the registry, else a token of ECR for its own registries. -1 when asking would only hide what is
 * wrong: a stored place is broken, or the caller has AWS credentials and gets no token for them.
 */
static int choose_way(struct session *session, const struct docker *docker, const struct item *item,
                      struct arena *arena, struct way *way, struct error *error)
{
    struct docker_auth auth;
    const char *registry = item->reference.registry;
    bool overheard = !docker->endpoint.local && !docker->endpoint.url.https;
    *way = (struct way){NULL, LOGIN_STORED, NULL};
    struct registry_client client = session_registry(session, item->reference.registry, item->reference.repository,
                                                     LOGIN_STORED, false, item->deadline);
    int found = registry_take_login(&client, &auth, error);
    if (found < 0)
        return -1;
    if (overheard) {
        /* Passwords and tokens do not go to a daemon over a network that anybody may listen to. */
        way->not_sent = found || is_private_ecr(item) ? "credentials are not sent over plain tcp://" : way->not_sent;
        return 0;
    }
    if (found == 0 && is_private_ecr(item)) {
        way->not_sent = "ECR says nothing about its private repositories without a login";
        found = ecr_auth(session, item, arena, &auth, error) == 0;
        if (!found && error->reason != REASON_NO_CREDENTIALS)
            return -1;
        way->kind = found ? LOGIN_ECR : LOGIN_STORED;
    }
    way->login = found ? daemon_login(arena, &auth, registry) : NULL;
    return 0;
}

/* An anonymous "not there" says nothing where registries hide from strangers what they hold. */
static void doubt_absence(const struct item *item, const struct way *way, struct arena *scratch, struct error *error)
{
    if (way->login || !way->not_sent || reason_state(error->reason) != STATE_ABSENT)
        return;
    const char *said = arena_strdup(scratch, error->cause);
    error_set(error, REASON_NO_CREDENTIALS, item->reference.registry, "asked anonymously (%s); %s", way->not_sent,
              said);
    error->http_status = 404;
}

static int ask_daemon(struct docker *docker, const struct item *item, const struct way *way, struct arena *scratch,
                      struct docker_image *image, struct error *error)
{
    const char *wanted = item->reference.digest;
    if (docker_distribution(docker, item->reference.normal, way->login, item->deadline, scratch, image, error) < 0) {
        doubt_absence(item, way, scratch, error);
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
    struct way way;
    error_init(&error, scratch);
    if (choose_way(session, docker, item, scratch, &way, &error) < 0) {
        item_step(item, &session->arena, SOURCE, true, &error);
        return;
    }
    int status = ask_daemon(docker, item, &way, scratch, &image, &error);
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
    item->login = way.kind;
    daemon_record(session, item, SOURCE, &outcome, status < 0 ? &error : NULL, scratch);
}

void probe_docker(struct session *session, struct todo todo)
{
    daemon_ask_each(session, todo, SOURCE, false, ask_one);
}
