#ifndef ECR_CHECK_DIAGNOSIS_H
#define ECR_CHECK_DIAGNOSIS_H

#include "check/item.h"
#include "check/session.h"

/* The diagnosis of 'ecr doctor': each step of a check as a finding, and at the end what to do. */

enum finding_verdict { FINDING_OK, FINDING_WARNING, FINDING_FAILED, FINDING_SKIPPED };

/* What a step found. The texts live in the session's arena. */
struct finding {
    const char *step;    /* "dns", "credentials" */
    const char *subject; /* a host, a source, an action */
    enum finding_verdict verdict;
    enum reason reason; /* of a failed one */
    int64_t ms;         /* that it took */
    const char *detail;
    const char *hint;       /* what to do, NULL: nothing */
    const char *request_id; /* of a call that was refused, for CloudTrail */
    struct finding *next;
};

struct diagnosis {
    struct session *session;
    struct item *item; /* NULL: no image was named */
    int64_t deadline;
    void (*report)(void *context, const struct finding *finding); /* each as it is found */
    void *context;
    struct finding *first, **last; /* all of them */
    enum exit_status exit;         /* of the first that failed */
    /* What later steps need of earlier ones. */
    const char *region;   /* the caller's own; NULL: not known */
    struct ecr_host host; /* the registry in question; `region` NULL: none */
    struct ecr_api api;   /* usable with `has_api` */
    bool has_api;
    bool proxy_broken;                 /* nothing can be asked */
    bool names_work;                   /* one was looked up */
    bool names_broken;                 /* none was, and the first one got no answer */
    const char *api_unreachable;       /* why ECR's API cannot be asked; NULL: it can */
    bool lacks_permission;             /* IAM denied a call that pulls or checks need */
    const struct ecr_cache_rule *rule; /* that covers the image, NULL */
    bool upstream_has;                 /* and its upstream has it, */
    bool upstream_lacks;               /* or says that it has not */
    bool is_there;
};

const char *finding_verdict_name(enum finding_verdict verdict); /* "ok", "warning", "failed", "skipped" */

/* Runs all steps. Returns the exit status: 0, or that of the first step that failed. */
enum exit_status diagnose(struct diagnosis *diagnosis, struct session *session, struct item *item);

/* The smallest IAM policy that would do, as JSON in `out`, if permissions lack; false if none do. */
bool diagnosis_policy(const struct diagnosis *diagnosis, struct buf *out);

/* For the steps, one file a group; each looks at what the ones before it left in the diagnosis. */
void diagnose_place(struct diagnosis *diagnosis);
void diagnose_network(struct diagnosis *diagnosis);
void diagnose_credentials(struct diagnosis *diagnosis);
void diagnose_permissions(struct diagnosis *diagnosis);
void diagnose_repository(struct diagnosis *diagnosis);
void diagnose_cache_rule(struct diagnosis *diagnosis);
void diagnose_image(struct diagnosis *diagnosis); /* with the two above between asking and telling */
void diagnose_daemon(struct diagnosis *diagnosis);

/* For the steps: records what was found, with the time since `since` (clock_ms). The texts are copied; hint may be NULL. */
void diagnosis_add(struct diagnosis *diagnosis, const char *step, const char *subject, enum finding_verdict verdict,
                   int64_t since, const char *hint, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* The same for an error; `verdict` is FINDING_FAILED or FINDING_WARNING. */
void diagnosis_add_error(struct diagnosis *diagnosis, const char *step, const char *subject,
                         enum finding_verdict verdict, int64_t since, const struct error *error);

/* Whether the time of the whole command is over; the step is then recorded as skipped. */
bool diagnosis_out_of_time(struct diagnosis *diagnosis, const char *step, const char *subject);

/* The time that one step may take. */
int64_t diagnosis_step_deadline(const struct diagnosis *diagnosis);

#endif
