#ifndef ECR_CHECK_CHECK_H
#define ECR_CHECK_CHECK_H

#include "check/probe.h"
#include "check/requirement.h"

/* --via: a probe_id, or this for the chain that fits the image. */
#define VIA_AUTO (-1)

/* What happens while images are checked, for whoever shows it. NULL functions are not called. */
struct check_events {
    void (*asking)(void *context, const struct item *item, const struct probe *probe);
    /* A probe did not find out; `next` is asked now, NULL when none is left. */
    void (*failed)(void *context, const struct item *item, const struct probe *probe, const struct probe *next);
    /* The verdict of an item is there; called once for each, duplicates too, but in no order. */
    void (*concluded)(void *context, const struct item *item);
    void *context;
};

/* Sets up an item for a reference that was parsed. */
void item_init(struct item *item, struct arena *arena, const struct reference *reference);

/* How images are checked. */
struct check_options {
    int via;           /* a probe_id or VIA_AUTO */
    bool pull_through; /* what a cache rule covers may be imported */
    struct requirements required;
};

/*
 * Checks the images: grouped by registry and repository, each distinct one asked once, by the chain of probes that
 * fits it or by the one of `via`; several groups at a time. Afterwards every item has its verdict in `outcome`, whose
 * texts live as long as the session. Events come one at a time, from any thread.
 */
void check_images(struct session *session, struct item *items, size_t count, const struct check_options *options,
                  const struct check_events *events);

/* The state of the verdict that decides the exit status of several. */
enum state check_worst(const struct item *items, size_t count);

/* Of two exit statuses the one that counts. */
int exit_worse(int a, int b);

/* The exit status of several verdicts: 5 before 4 before 3 before 6 before 1 before 0. */
enum exit_status check_exit(const struct item *items, size_t count);

#endif
