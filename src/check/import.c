#include "check/import.h"

#include "registry/manifest.h"

#define SOURCE "registry"

/* `manifest` is NULL for what is not there. */
static void decide(struct session *session, struct item *item, enum reason reason,
                   const struct registry_manifest *manifest, const char *detail)
{
    struct outcome outcome = {.reason = reason,
                              .size = -1,
                              .digest = manifest ? manifest->digest : NULL,
                              .media_type = manifest ? manifest->media_type : NULL,
                              .detail = detail};
    item->login = LOGIN_ECR;
    item_decide(item, &session->arena, SOURCE, &outcome);
}

/* A rule is a service's word: it must name a repository, and REACH_OUTSIDE keeps it from what is on this machine. */
static bool names_registry(const char *registry, const char *repository, struct arena *arena)
{
    struct reference reference;
    const char *name = arena_printf(arena, "%s/%s", registry, repository);
    return !reference_parse(arena, name, &reference);
}

/* What ECR did not find: its upstream's word decides, where strangers get one. */
static void ask_upstream(struct session *session, struct item *item, struct arena *arena, const struct error *not_found)
{
    struct error error;
    struct registry_manifest manifest;
    const struct reference *reference = &item->reference;
    struct registry_client client =
        session_registry(session, ecr_upstream_registry(item->rule), "", LOGIN_ANONYMOUS, false, item->deadline);
    const char *name = ecr_upstream_name(item->rule, reference->repository, arena);
    error_init(&error, arena);
    client.reach = REACH_OUTSIDE;
    int status = -1;
    if (names_registry(client.registry->name, name, arena))
        status = registry_has_manifest(&client, name, reference_target(reference), arena, &manifest, &error);
    if (status < 0 && reason_state(error.reason) == STATE_ABSENT) {
        decide(session, item, error.reason, NULL,
               arena_printf(arena, "ECR did not import it, and its upstream says: %s", error_text(&error, arena)));
        return;
    }
    const char *said = arena_printf(arena, "asked to import it ECR says %s; %s", not_found->cause,
                                    status == 0 ? "but its upstream has it" : "what its upstream has is not known");
    bool denied = status == 0 && !reference->digest;
    error_set(&error, denied ? REASON_DENIED : REASON_NOT_CACHED, reference->registry, "%s", said);
    error_hint(&error, "%s",
               reference->digest ? "a first pull by digest does not import: ask for the tag"
                                 : "the caller needs ecr:BatchImportUpstreamImage, and ecr:CreateRepository where the "
                                   "repository is missing");
    error.http_status = 404;
    item->outcome.source = SOURCE;
    item_object(item, &session->arena, &error);
}

void import_image(struct session *session, struct item *item)
{
    struct arena scratch = {0};
    struct error error;
    struct registry_manifest manifest;
    const struct reference *reference = &item->reference;
    struct registry_client client =
        session_registry(session, reference->registry, reference->repository, LOGIN_ECR, false, item->deadline);
    error_init(&error, &scratch);
    int status =
        registry_get_manifest(&client, reference->repository, reference_target(reference), &scratch, &manifest, &error);
    if (status == 0) {
        decide(session, item, REASON_OK, &manifest, "ECR imported it from its upstream");
    } else if (reason_state(error.reason) == STATE_ABSENT) {
        ask_upstream(session, item, &scratch, &error);
    } else {
        item->outcome.source = SOURCE;
        item_object(item, &session->arena, &error);
    }
    arena_free(&scratch);
}
