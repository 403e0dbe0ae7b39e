#ifndef ECR_CHECK_PLAN_H
#define ECR_CHECK_PLAN_H

#include <pthread.h>

#include "check/item.h"

#define PLAN_WORKERS_MAX      16
#define PLAN_REGISTRY_WORKERS 8   /* that ask one registry at a time, each by a connection of its own */
#define PLAN_ECR_UNIT         100 /* images of a call of ECR's API */
#define PLAN_REGISTRY_UNIT    8   /* elsewhere each image is a request */

struct plan_registry;

/* Distinct images of one repository of one registry, for one thread to ask about. */
struct unit {
    struct item **items;
    size_t count;
    struct plan_registry *registry;
    bool *alone; /* a thread has a part of this repository, and one connection is enough; NULL: more may help */
    bool taken;
};

/* What is to be asked, in the order of the images, and how much of it at a time. */
struct plan {
    pthread_mutex_t lock;
    pthread_cond_t freed; /* a unit was given back */
    struct unit *units;
    size_t count;
    size_t width; /* units that could be taken at once */
};

/* Groups the items; of equal ones all but the first are linked to it (same_as, next_same). All lives in `arena`. */
void plan_make(struct plan *plan, struct item *items, size_t count, struct arena *arena);

/* How many threads are of use. At least 1. */
size_t plan_workers(const struct plan *plan);

/* The next unit that may be asked about, waiting while its registry is busy; NULL when none is left. */
struct unit *plan_take(struct plan *plan);
void plan_give_back(struct plan *plan, struct unit *unit);

#endif
