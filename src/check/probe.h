#ifndef ECR_CHECK_PROBE_H
#define ECR_CHECK_PROBE_H

#include "check/item.h"
#include "check/session.h"

/* The undecided images of one repository of one registry: what a probe is asked about at a time. */
struct todo {
    struct item **items;
    size_t count;
    bool only; /* no other probe is asked */
};

/*
 * A way to ask whether images are there. Its function answers what it can: it decides items, or records in their
 * trail why it could not. A new way to ask is a new file and a row in probe_table.
 */
struct probe {
    const char *name;  /* of --via, and of the trail */
    const char *title; /* "Registry", as in "Registry check failed" */
    const char *next;  /* "the registry", as in "falling back to the registry" */
    void (*ask)(struct session *session, struct todo todo);
};

enum probe_id { PROBE_ECR, PROBE_REGISTRY, PROBE_DOCKER, PROBE_LOCAL, PROBE_COUNT };
extern const struct probe probe_table[PROBE_COUNT];

void probe_ecr(struct session *session, struct todo todo);
void probe_registry(struct session *session, struct todo todo);
void probe_docker(struct session *session, struct todo todo);
void probe_local(struct session *session, struct todo todo);

/* Records the same failed step for all undecided items. */
void todo_step(struct todo todo, struct session *session, const char *source, bool skipped, const struct error *error);

#endif
