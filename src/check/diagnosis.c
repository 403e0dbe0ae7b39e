#include "check/diagnosis.h"

#include "base/clock.h"
#include "ecr/permission.h"

#define STEP_MS 15000

const char *finding_verdict_name(enum finding_verdict verdict)
{
    static const char *const names[] = {"ok", "warning", "failed", "skipped"};
    return names[verdict];
}

int64_t diagnosis_step_deadline(const struct diagnosis *d)
{
    return deadline_earlier(d->deadline, deadline_in(STEP_MS));
}

static void publish(struct diagnosis *d, struct finding *finding)
{
    *d->last = finding;
    d->last = &finding->next;
    if (finding->verdict == FINDING_FAILED && d->exit == EXIT_OK)
        d->exit = reason_exit(finding->reason);
    d->report(d->context, finding);
}

struct finding *diagnosis_add(struct diagnosis *d, const char *step, const char *subject, enum finding_verdict verdict,
                              int64_t since, const char *format, ...)
{
    va_list args;
    struct arena *arena = &d->session->arena;
    struct finding *finding = arena_alloc(arena, sizeof *finding);
    va_start(args, format);
    *finding = (struct finding){.step = step,
                                .subject = arena_strdup(arena, subject),
                                .verdict = verdict,
                                .reason = REASON_REFUSED,
                                .ms = clock_ms() - since,
                                .detail = arena_vprintf(arena, format, args)};
    va_end(args);
    publish(d, finding);
    return finding;
}

static const char *kept(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

void diagnosis_add_error(struct diagnosis *d, const char *step, const char *subject, enum finding_verdict verdict,
                         int64_t since, const struct error *error)
{
    struct arena *arena = &d->session->arena;
    struct finding *finding = arena_alloc(arena, sizeof *finding);
    *finding = (struct finding){.step = step,
                                .subject = arena_strdup(arena, subject),
                                .verdict = verdict,
                                .reason = error->reason,
                                .ms = clock_ms() - since,
                                .detail = arena_printf(arena, "%s: %s", error->subject, error->cause),
                                .hint = kept(arena, error->hint),
                                .request_id = kept(arena, error->request_id)};
    publish(d, finding);
}

/* The registry in question: the image's, else the caller's own. */
static void find_registry(struct diagnosis *d)
{
    if (d->item && d->item->is_ecr)
        d->host = d->item->ecr;
    else if (!d->item && d->region)
        d->host = (struct ecr_host){.region = d->region, .partition = partition_of_region(d->region)->id};
}

enum exit_status diagnose(struct diagnosis *d, struct session *session, struct item *item)
{
    d->session = session;
    d->item = item;
    d->deadline = session->deadline;
    d->last = &d->first;
    diagnose_place(d);
    find_registry(d);
    diagnose_network(d);
    if (!item || item->is_ecr)
        diagnose_credentials(d);
    if (d->has_api && !d->host.is_public) {
        diagnose_permissions(d);
        diagnose_repository(d);
    }
    if (item)
        diagnose_image(d);
    diagnose_daemon(d);
    return d->exit;
}

bool diagnosis_policy(const struct diagnosis *d, struct buf *out)
{
    if (!d->lacks_permission)
        return false;
    ecr_permission_policy(out, &d->api, d->item ? d->item->reference.repository : "*", d->rule != NULL);
    return true;
}
