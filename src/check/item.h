#ifndef ECR_CHECK_ITEM_H
#define ECR_CHECK_ITEM_H

#include "base/error.h"
#include "ecr/cache_rule.h"
#include "ecr/host.h"
#include "image/reference.h"
#include "registry/registry.h"

/* One step that a check took; the verdict's trail is a list of them. */
struct step {
    const char *source; /* "ecr", "registry", "docker", "local" */
    bool skipped;       /* it could not ask at all */
    bool reached;       /* a service answered */
    enum reason reason;
    const char *detail;     /* for people */
    const char *hint;       /* what to do, or NULL */
    const char *request_id; /* of a call that was refused, or NULL */
    struct step *next;
};

/* What is known about an image; it is the verdict once all probes are through. */
struct outcome {
    enum reason reason;
    const char *source; /* NULL while nobody answered */
    const char *digest; /* NULL: not known, as all that follow */
    const char *media_type;
    int64_t size;      /* -1 */
    int64_t pushed_at; /* 0 */
    const char **platforms;
    size_t platform_count;
    const char *detail;
    const char *hint;
    struct step *trail;
};

/* One image to be checked. */
struct item {
    struct reference reference;
    const char *file; /* that names it; NULL: the command line */
    size_t line;
    bool is_ecr; /* `ecr` says which */
    struct ecr_host ecr;
    const struct ecr_cache_rule *rule; /* that covers it, when it is not cached yet; NULL */
    enum registry_login login;         /* that its registry was asked with, by whoever found it */
    struct item *same_as;              /* an earlier item of the same image, which is asked in its place; NULL */
    struct item *next_same;            /* the next item of the same image; NULL */
    int64_t deadline;
    bool decided; /* no further probe is to ask */
    struct outcome outcome;
};

/* Records that a step ended without a verdict, with the facts of `error`; the texts are copied to `arena`. */
void item_step(struct item *item, struct arena *arena, const char *source, bool skipped, const struct error *error);

/* Records a definite verdict of a source. `outcome` holds what it said; its texts are copied to `arena`. */
void item_decide(struct item *item, struct arena *arena, const char *source, const struct outcome *outcome);

/*
 * What was found does not meet a requirement, or it could not be found out whether: the reason of `error` becomes that
 * of the verdict, and a further step of its source.
 */
void item_object(struct item *item, struct arena *arena, const struct error *error);

/* The platforms that the image turned out to be for; the texts are copied to `arena`. */
void item_set_platforms(struct item *item, struct arena *arena, const char *const *platforms, size_t count);

/* Makes an outcome one of `arena` alone. */
void outcome_copy(struct outcome *outcome, struct arena *arena);

/* Ends the chain for an item without a definite verdict. */
void item_stop(struct item *item);

/* When all probes are through: an undecided item takes the reason of its most telling step. */
void item_conclude(struct item *item);

#endif
