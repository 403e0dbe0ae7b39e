#include "base/clock.h"
#include "check/diagnosis.h"
#include "ecr/permission.h"
#include "ecr/repository.h"
#include "registry/manifest.h"

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
    d->api.deadline = diagnosis_step_deadline(d);
    if (ecr_permission_try(&d->api, permission, d->item ? d->item->reference.repository : "", &scratch, &error) == 0) {
        diagnosis_add(d, "permission", action, FINDING_OK, since, "allowed (%s)", use);
    } else if (error.reason == REASON_DENIED) {
        d->lacks_permission = d->lacks_permission || permission->for_pull || permission->for_check;
        diagnosis_add_error(d, "permission", action, permission->for_pull ? FINDING_FAILED : FINDING_WARNING, since,
                            &error);
    } else {
        diagnosis_add_error(d, "permission", action, FINDING_WARNING, since, &error);
    }
    arena_free(&scratch);
}

void diagnose_permissions(struct diagnosis *d)
{
    for (size_t i = 0; i < ECR_PERMISSIONS; i++)
        if (d->item || !ecr_permissions[i].on_repository)
            try_permission(d, &ecr_permissions[i]);
}

/* Docker Hub's official images lie below "library/", which docker adds by itself and a cache does not. */
static bool lacks_library(const struct ecr_cache_rule *rule, const char *name)
{
    return slice_has(slice_of(rule->upstream), "docker.io") && slice_find(slice_of(name), '/') < 0;
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
    error_init(&error, &d->session->arena);
    if (ecr_host_parse(&scratch, d->rule->upstream, &host) && !host.is_public)
        diagnosis_add(d, "upstream", image, FINDING_SKIPPED, since, "the rule's own role asks there, not the caller");
    else if (registry_has_manifest(&d->session->http, d->rule->upstream, name, target, diagnosis_step_deadline(d),
                                   &scratch, &error) == 0)
        diagnosis_add(d, "upstream", image, FINDING_OK, since, "it has the image");
    else
        diagnosis_add_error(d, "upstream", image,
                            reason_state(error.reason) == STATE_ABSENT ? FINDING_FAILED : FINDING_WARNING, since,
                            &error);
    arena_free(&scratch);
}

static void look_at_rule(struct diagnosis *d)
{
    const char *fault = NULL;
    struct error error;
    int64_t since = clock_ms();
    const struct ecr_cache_rule *rule = d->rule;
    const char *name = ecr_upstream_name(rule, d->item->reference.repository, &d->session->arena);
    error_init(&error, &d->session->arena);
    if (lacks_library(rule, name)) {
        struct finding *finding = diagnosis_add(
            d, "cache rule", rule->prefix, FINDING_WARNING, since,
            "its upstream is Docker Hub, where official images lie below library/, and the name lacks it");
        finding->hint = arena_printf(&d->session->arena, "ask for %s/library/%s", rule->prefix, name);
    }
    since = clock_ms();
    d->api.deadline = diagnosis_step_deadline(d);
    if (ecr_cache_rule_validate(&d->api, rule->prefix, &d->session->arena, &fault, &error) < 0) {
        diagnosis_add_error(d, "cache rule", rule->prefix, FINDING_WARNING, since, &error);
    } else if (fault) {
        struct finding *finding = diagnosis_add(d, "cache rule", rule->prefix, FINDING_FAILED, since,
                                                "it does not work with %s: %s", rule->upstream, fault);
        finding->hint = "check the rule's credentials in Secrets Manager and the upstream's account";
    } else {
        diagnosis_add(d, "cache rule", rule->prefix, FINDING_OK, since,
                      "covers the repository and works; its upstream is %s", rule->upstream);
    }
    look_upstream(d, name);
}

static void find_rule(struct diagnosis *d)
{
    int64_t since = clock_ms();
    d->api.deadline = diagnosis_step_deadline(d);
    const struct ecr_cache_rules *rules = ecr_cache_rules(&d->api, &d->session->cache_rules, &d->session->arena);
    if (rules->status < 0) {
        diagnosis_add_error(d, "cache rule", "all", FINDING_WARNING, since, &rules->error);
        return;
    }
    d->rule = ecr_covering_rule(rules->list, rules->count, d->item->reference.repository);
    if (d->rule)
        look_at_rule(d);
    else
        diagnosis_add(d, "cache rule", "all", FINDING_OK, since, "none of %zu covers the repository", rules->count);
}

void diagnose_repository(struct diagnosis *d)
{
    struct arena scratch = {0};
    struct ecr_repository repository;
    struct error error;
    if (!d->item)
        return;
    error_init(&error, &d->session->arena);
    int64_t since = clock_ms();
    const char *name = d->item->reference.repository;
    d->api.deadline = diagnosis_step_deadline(d);
    int status = ecr_repository_describe(&d->api, name, &scratch, &repository, &error);
    d->has_repository = status == 0;
    if (status == 0)
        diagnosis_add(d, "repository", name, FINDING_OK, since, "it is there%s%s", repository.mutability ? ", " : "",
                      repository.mutability ? repository.mutability : "");
    find_rule(d);
    if (status < 0) {
        bool known = error.reason == REASON_NO_REPOSITORY && !d->rule;
        diagnosis_add_error(d, "repository", name, known ? FINDING_FAILED : FINDING_WARNING, since, &error);
    }
    arena_free(&scratch);
}
