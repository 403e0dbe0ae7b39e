#include "check/diagnosis.h"

#include <string.h>

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

static const char *kept(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

void diagnosis_add(struct diagnosis *d, const char *step, const char *subject, enum finding_verdict verdict,
                   int64_t since, const char *hint, const char *format, ...)
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
                                .detail = arena_vprintf(arena, format, args),
                                .hint = kept(arena, hint)};
    va_end(args);
    publish(d, finding);
}

/* What to do where nothing better is known: no failed step is to end without it. */
static const char *usual_hint(enum reason reason)
{
    switch (reason) {
    case REASON_NO_IMAGE:
        return "push the image, or correct its tag or digest";
    case REASON_NO_REPOSITORY:
        return "create the repository and push the image, or correct the name, the account or the region";
    case REASON_NO_CREDENTIALS:
        return "mend what the line names, or give other credentials";
    case REASON_DENIED:
        return "ask whoever runs the account to allow it";
    case REASON_EXPIRED_CREDENTIALS:
        return "fetch new credentials";
    case REASON_BAD_REPLY:
    case REASON_AMBIGUOUS:
        return "look for a proxy or a captive portal that answers in the service's place";
    default:
        return reason_exit(reason) == EXIT_TRANSIENT ? "look at the network steps above, or try again later"
                                                     : "the line says what is in the way";
    }
}

void diagnosis_add_error(struct diagnosis *d, const char *step, const char *subject, enum finding_verdict verdict,
                         int64_t since, const struct error *error)
{
    struct arena *arena = &d->session->arena;
    struct finding *finding = arena_alloc(arena, sizeof *finding);
    bool same = strcmp(error->subject, subject) == 0 || !*error->subject;
    *finding = (struct finding){
        .step = step,
        .subject = arena_strdup(arena, subject),
        .verdict = verdict,
        .reason = error->reason,
        .ms = clock_ms() - since,
        .detail = arena_printf(arena, "%s%s%s", same ? "" : error->subject, same ? "" : ": ", error->cause),
        .hint = kept(arena, error->hint ? error->hint : usual_hint(error->reason)),
        .request_id = kept(arena, error->request_id)};
    publish(d, finding);
}

bool diagnosis_out_of_time(struct diagnosis *d, const char *step, const char *subject)
{
    if (!deadline_passed(d->deadline))
        return false;
    diagnosis_add(d, step, subject, FINDING_SKIPPED, clock_ms(), NULL, "no time is left (--timeout)");
    return true;
}

/* The registry in question: the image's, else the caller's own. */
static void find_registry(struct diagnosis *d)
{
    if (d->item && d->item->is_ecr)
        d->host = d->item->ecr;
    else if (!d->item && d->region)
        d->host = (struct ecr_host){.region = d->region, .partition = partition_of_region(d->region)->id};
}

static void diagnose_ecr(struct diagnosis *d)
{
    if (d->api_unreachable)
        diagnosis_add(d, "permission", "ecr", FINDING_SKIPPED, clock_ms(), NULL, "%s", d->api_unreachable);
    else if (!d->has_api)
        diagnosis_add(d, "permission", "ecr", FINDING_SKIPPED, clock_ms(), NULL,
                      "there are no credentials that AWS takes");
    else
        diagnose_permissions(d);
}

enum exit_status diagnose(struct diagnosis *d, struct session *session, struct item *item)
{
    d->session = session;
    d->item = item;
    d->deadline = session->deadline;
    d->last = &d->first;
    if (!session->shared->options.ecr.max_attempts)
        session->shared->ecr.shared.retry.max_attempts = 1; /* it is to show what happens, not to get through */
    diagnose_place(d);
    find_registry(d);
    diagnose_network(d);
    if (!item || item->is_ecr)
        diagnose_credentials(d);
    if (d->host.region && !d->host.is_public)
        diagnose_ecr(d);
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
