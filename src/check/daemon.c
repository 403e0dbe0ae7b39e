#include "check/daemon.h"

#include "auth/stored.h"

void daemon_ask_each(struct session *session, struct todo todo, const char *source, bool for_local,
                     void (*ask)(struct session *, struct docker *, struct item *, struct arena *))
{
    struct arena scratch = {0};
    struct docker *docker;
    struct error error;
    error_init(&error, &session->arena);
    if (session_docker(session, for_local, todo.items[0]->deadline, &docker, &error) < 0) {
        todo_step(todo, session, source, !docker->dialled, &error);
        return;
    }
    for (size_t i = 0; i < todo.count; i++) {
        if (!todo.items[i]->decided)
            ask(session, docker, todo.items[i], &scratch);
        arena_reset(&scratch);
    }
    arena_free(&scratch);
}

void daemon_record(struct session *session, struct item *item, const char *source, struct outcome *outcome,
                   const struct error *failed, struct arena *scratch)
{
    if (failed && reason_state(failed->reason) == STATE_UNKNOWN) {
        item_step(item, &session->arena, source, false, failed);
        return;
    }
    if (failed) {
        outcome->reason = failed->reason;
        outcome->detail = error_text(failed, scratch);
    }
    item_decide(item, &session->arena, source, outcome);
}

const struct docker_login *daemon_login(struct arena *arena, const struct docker_auth *auth, const char *registry)
{
    struct docker_login *login = arena_alloc(arena, sizeof *login);
    login->header = registry_auth_header(arena, auth, registry);
    login->secrets[0] = login->header;
    login->secrets[1] = basic_authorization(arena, auth);
    login->secrets[2] = auth->password;
    login->secrets[3] = auth->identity_token;
    login->secrets[4] = auth->registry_token;
    return login;
}
