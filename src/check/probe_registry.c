#include <string.h>

#include "auth/stored.h"
#include "check/probe.h"
#include "registry/manifest.h"

#define SOURCE "registry"

/* An ECR registry does not tell an archived image from one that is not there. */
static const char *found_detail(const struct item *item, const struct registry_manifest *manifest, bool absent,
                                struct arena *arena, const struct error *error)
{
    if (!absent)
        return manifest->anonymous ? "the registry has it, and shows it to strangers" : "the registry has it";
    bool archive = item->is_ecr && !item->ecr.is_public && error->reason == REASON_NO_IMAGE;
    return arena_printf(arena, "%s%s", error_text(error, arena),
                        archive ? " (it says so of an archived image, too)" : "");
}

static void record(struct session *session, struct item *item, enum registry_login login,
                   const struct registry_manifest *manifest, int status, const struct error *error,
                   struct arena *scratch)
{
    bool absent = status < 0 && reason_state(error->reason) == STATE_ABSENT;
    if (status < 0 && !absent) {
        bool skipped = error->reason == REASON_NO_CREDENTIALS && error->http_status == 0;
        item_step(item, &session->arena, SOURCE, skipped, error);
        return;
    }
    struct outcome outcome = {.reason = absent ? error->reason : REASON_OK,
                              .size = -1,
                              .digest = absent ? NULL : manifest->digest,
                              .media_type = absent ? NULL : manifest->media_type,
                              .detail = found_detail(item, manifest, absent, scratch, error)};
    item->login = login;
    item_decide(item, &session->arena, SOURCE, &outcome);
}

static void ask(struct session *session, struct item *item, enum registry_login login, bool stranger)
{
    struct arena scratch = {0};
    struct error error;
    struct registry_manifest manifest;
    struct registry_client client = session_registry(session, item->reference.registry, item->reference.repository,
                                                     login, stranger, item->deadline);
    error_init(&error, &scratch);
    int status = registry_has_manifest(&client, item->reference.repository, reference_target(&item->reference),
                                       &scratch, &manifest, &error);
    record(session, item, login, &manifest, status, &error, &scratch);
    arena_free(&scratch);
}

/* Strangers are served, though few a second: the caller's own token is taken where they are not. */
static void ask_public(struct session *session, struct item *item)
{
    struct error ignored;
    struct ecr_principal *principal;
    struct credentials credentials;
    ask(session, item, LOGIN_ANONYMOUS, false);
    if (item->decided)
        return;
    error_init(&ignored, &session->arena);
    if (ecr_caller_principal(&session->ecr, &item->ecr, &principal, &ignored) == 0 &&
        provider_get(&principal->provider, item->deadline, &credentials, &ignored) == 0)
        ask(session, item, LOGIN_ECR, false);
}

/*
 * A private registry of ECR is asked with what the user has stored for it. A fresh token of ECR is the same principal
 * that its API was asked as: it is taken where nothing else is asked. -1 with an error when there is no login.
 */
static int private_login(struct session *session, struct todo todo, enum registry_login *login, struct error *error)
{
    struct arena scratch = {0};
    struct docker_auth auth;
    const char *registry = todo.items[0]->reference.registry, *file = session->shared->options.authfile;
    const char *name = stored_auth_name(&scratch, file, registry, todo.items[0]->reference.repository);
    int found = stored_auth_find(&scratch, file, name, &auth, error);
    bool own = found == 0 && (!auth.helper || strcmp(auth.helper, "ecr-login") == 0);
    arena_free(&scratch);
    *login = own ? LOGIN_ECR : LOGIN_STORED;
    if (found < 0)
        return -1;
    return !own || todo.only ? 0
                             : error_set(error, REASON_NO_CREDENTIALS, registry,
                                         "no login is stored for it, and the caller's own was tried");
}

void probe_registry(struct session *session, struct todo todo)
{
    struct error error;
    enum registry_login login = LOGIN_STORED;
    const struct item *first = todo.items[0];
    bool is_private = first->is_ecr && !first->ecr.is_public;
    error_init(&error, &session->arena);
    if (session->shared->ca_broken) {
        todo_step(todo, session, SOURCE, true, &session->shared->ca_error);
        return;
    }
    if (is_private && private_login(session, todo, &login, &error) < 0) {
        todo_step(todo, session, SOURCE, true, &error);
        return;
    }
    for (size_t i = 0; i < todo.count; i++) {
        if (todo.items[i]->decided)
            continue;
        if (first->is_ecr && first->ecr.is_public)
            ask_public(session, todo.items[i]);
        else
            ask(session, todo.items[i], login, !is_private);
    }
}
