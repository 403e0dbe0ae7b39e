#include "base/clock.h"
#include "check/diagnosis.h"
#include "ecr/permission.h"
#include "ecr/repository.h"
#include "registry/manifest.h"

static void tell_denial(struct diagnosis *d, const struct ecr_permission *permission, const char *action, int64_t since,
                        const struct error *error)
{
    bool denied = error->reason == REASON_DENIED && error->service_code &&
                  slice_starts(slice_of(error->service_code), "AccessDenied");
    d->lacks_permission = d->lacks_permission || (denied && (permission->for_pull || permission->for_check));
    diagnosis_add_error(d, "permission", action, denied && permission->for_pull ? FINDING_FAILED : FINDING_WARNING,
                        since, error);
}

static void try_permission(struct diagnosis *d, const struct ecr_permission *permission)
{
    struct arena scratch = {0};
    struct error error;
    int64_t since = clock_ms();
    const char *action = arena_printf(&d->session->arena, "ecr:%s", permission->operation);
    const char *use = permission->for_pull    ? "pulls need it"
                      : permission->for_check ? "'ecr check' uses it"
                                              : "not needed for a pull";
    error_init(&error, &d->session->arena);
    if (diagnosis_out_of_time(d, "permission", action))
        return;
    d->api.deadline = diagnosis_step_deadline(d);
    if (ecr_permission_try(&d->api, permission, d->item ? d->item->reference.repository : "", &scratch, &error) == 0)
        diagnosis_add(d, "permission", action, FINDING_OK, since, NULL, "allowed (%s)", use);
    else
        tell_denial(d, permission, action, since, &error);
    arena_free(&scratch);
}

void diagnose_permissions(struct diagnosis *d)
{
    for (size_t i = 0; i < ECR_PERMISSIONS; i++)
        if (d->item || !ecr_permissions[i].on_repository)
            try_permission(d, &ecr_permissions[i]);
}

static void find_rule(struct diagnosis *d)
{
    int64_t since = clock_ms();
    d->api.deadline = diagnosis_step_deadline(d);
    const struct ecr_cache_rules *rules = ecr_cache_rules(&d->api, &d->session->shared->rule_books, &d->session->arena);
    if (rules->status < 0) {
        diagnosis_add_error(d, "cache rule", "all", FINDING_WARNING, since, &rules->error);
        return;
    }
    d->rule = ecr_covering_rule(rules->list, rules->count, d->item->reference.repository);
    if (!d->rule)
        diagnosis_add(d, "cache rule", "all", FINDING_OK, since, NULL, "none of %zu covers the repository",
                      rules->count);
}

void diagnose_repository(struct diagnosis *d)
{
    struct arena scratch = {0};
    struct ecr_repository repository;
    struct error error;
    error_init(&error, &d->session->arena);
    int64_t since = clock_ms();
    const char *name = d->item->reference.repository;
    if (diagnosis_out_of_time(d, "repository", name))
        return;
    d->api.deadline = diagnosis_step_deadline(d);
    int status = ecr_repository_describe(&d->api, name, &scratch, &repository, &error);
    int64_t took = clock_ms() - since;
    if (status == 0)
        diagnosis_add(d, "repository", name, FINDING_OK, since, NULL, "it is there%s%s",
                      repository.mutability ? ", " : "", repository.mutability ? repository.mutability : "");
    find_rule(d);
    bool missing = status < 0 && error.reason == REASON_NO_REPOSITORY;
    if (missing && d->rule)
        diagnosis_add(d, "repository", name, FINDING_SKIPPED, clock_ms() - took, NULL,
                      "not there yet: the first pull by the cache rule '%s' makes it", d->rule->prefix);
    else if (status < 0)
        diagnosis_add_error(d, "repository", name, missing ? FINDING_FAILED : FINDING_WARNING, clock_ms() - took,
                            &error);
    arena_free(&scratch);
}

/* Docker Hub's official images lie below "library/", which docker adds by itself and a cache does not. */
static void look_for_library(struct diagnosis *d, const char *name)
{
    bool root = slice_is(slice_of(d->rule->prefix), "ROOT");
    if (!slice_has(slice_of(d->rule->upstream), "docker.io") || slice_find(slice_of(name), '/') >= 0)
        return;
    diagnosis_add(
        d, "cache rule", d->rule->prefix, FINDING_WARNING, clock_ms(),
        arena_printf(&d->session->arena, "ask for %s%slibrary/%s", root ? "" : d->rule->prefix, root ? "" : "/", name),
        "its upstream is Docker Hub, where official images lie below library/, and the name lacks it");
}

static void look_at_rule(struct diagnosis *d)
{
    const char *fault = NULL;
    struct error error;
    int64_t since = clock_ms();
    const struct ecr_cache_rule *rule = d->rule;
    error_init(&error, &d->session->arena);
    d->api.deadline = diagnosis_step_deadline(d);
    if (ecr_cache_rule_validate(&d->api, rule->prefix, &d->session->arena, &fault, &error) < 0)
        diagnosis_add_error(d, "cache rule", rule->prefix, FINDING_WARNING, since, &error);
    else if (fault)
        diagnosis_add(d, "cache rule", rule->prefix, d->is_there ? FINDING_WARNING : FINDING_FAILED, since,
                      "check the rule's credentials in Secrets Manager and the upstream's account",
                      "it does not work with %s: %s", rule->upstream, fault);
    else
        diagnosis_add(d, "cache rule", rule->prefix, FINDING_OK, since, NULL,
                      "covers the repository and works; its upstream is %s", rule->upstream);
}

/* Whether a first pull would find the image; asked of the upstream itself, so that nothing is imported. */
static void look_upstream(struct diagnosis *d, const char *name)
{
    struct arena scratch = {0};
    struct error error;
    struct ecr_host host;
    int64_t since = clock_ms();
    const char *target = reference_target(&d->item->reference);
    const char *image = arena_printf(&d->session->arena, "%s/%s", d->rule->upstream, name);
    struct registry_manifest manifest;
    struct registry_client client = session_registry(d->session, ecr_upstream_registry(d->rule), "", LOGIN_ANONYMOUS,
                                                     false, diagnosis_step_deadline(d));
    error_init(&error, &d->session->arena);
    if (ecr_host_parse(&scratch, d->rule->upstream, &host) && !host.is_public) {
        diagnosis_add(d, "upstream", image, FINDING_SKIPPED, since, NULL,
                      "the rule's own role asks there, not the caller");
    } else if (registry_has_manifest(&client, name, target, &scratch, &manifest, &error) == 0) {
        d->upstream_has = true;
        diagnosis_add(d, "upstream", image, FINDING_OK, since, NULL, "it has the image");
    } else {
        d->upstream_lacks = reason_state(error.reason) == STATE_ABSENT;
        if (d->upstream_lacks)
            error_hint(&error, "correct the name or the tag: the upstream does not have it");
        diagnosis_add_error(d, "upstream", image, d->upstream_lacks ? FINDING_FAILED : FINDING_WARNING, since, &error);
    }
    arena_free(&scratch);
}

void diagnose_cache_rule(struct diagnosis *d)
{
    if (!d->rule || diagnosis_out_of_time(d, "cache rule", d->rule->prefix))
        return;
    const char *name = ecr_upstream_name(d->rule, d->item->reference.repository, &d->session->arena);
    if (!d->is_there)
        look_for_library(d, name);
    look_at_rule(d);
    if (!d->is_there) /* what is imported is served whatever became of the upstream */
        look_upstream(d, name);
}
