#include "check/check.h"

#include <string.h>

#include "base/clock.h"

#define CHAIN_MAX 3

/* Which probes are asked for a kind of image, in order (design, "Order of the probes"). */
struct chain {
    const struct probe *probes[CHAIN_MAX];
    size_t count;
};

static struct chain chain_for(const struct item *item, int via)
{
    if (via != VIA_AUTO)
        return (struct chain){{&probe_table[via]}, 1};
    if (item->is_ecr && !item->ecr.is_public)
        return (struct chain){{&probe_table[PROBE_ECR], &probe_table[PROBE_DOCKER]}, 2};
    return (struct chain){{&probe_table[PROBE_DOCKER]}, 1};
}

void item_init(struct item *item, struct arena *arena, const struct reference *reference)
{
    *item = (struct item){.reference = *reference, .outcome = {.reason = REASON_UNSUPPORTED, .size = -1}};
    item->is_ecr = reference->port == 0 && ecr_host_parse(arena, reference->host, &item->ecr);
}

static bool same_repository(const struct item *a, const struct item *b)
{
    return strcmp(a->reference.registry, b->reference.registry) == 0 &&
           strcmp(a->reference.repository, b->reference.repository) == 0;
}

static bool same_image(const struct item *a, const struct item *b)
{
    return same_repository(a, b) && strcmp(reference_target(&a->reference), reference_target(&b->reference)) == 0;
}

/* What the run keeps beside the items. */
struct plan {
    struct item *items;
    size_t count;
    struct item **group; /* room for the largest */
    bool *planned;
};

/* The first item that nobody took yet, with all distinct ones of its repository. */
static struct todo next_group(struct plan *plan)
{
    struct todo todo = {plan->group, 0};
    for (size_t i = 0; i < plan->count; i++) {
        struct item *item = &plan->items[i];
        if (plan->planned[i] || (todo.count && !same_repository(item, todo.items[0])))
            continue;
        plan->planned[i] = true;
        for (size_t k = 0; k < todo.count && !item->same_as; k++)
            if (same_image(item, todo.items[k]))
                item->same_as = todo.items[k];
        if (!item->same_as)
            todo.items[todo.count++] = item;
    }
    return todo;
}

static size_t undecided(struct todo todo)
{
    size_t count = 0;
    for (size_t i = 0; i < todo.count; i++)
        count += !todo.items[i]->decided;
    return count;
}

static void tell_asking(const struct check_events *events, struct todo todo, const struct probe *probe)
{
    for (size_t i = 0; i < todo.count; i++)
        if (!todo.items[i]->decided && events->asking)
            events->asking(events->context, todo.items[i], probe);
}

static void tell_failed(const struct check_events *events, struct todo todo, const struct probe *probe,
                        const struct probe *next)
{
    for (size_t i = 0; i < todo.count; i++)
        if (!todo.items[i]->decided && events->failed)
            events->failed(events->context, todo.items[i], probe, next);
}

static void check_group(struct session *session, struct todo todo, int via, const struct check_events *events)
{
    struct chain chain = chain_for(todo.items[0], via);
    int64_t deadline = deadline_earlier(session->deadline, deadline_in(IMAGE_TIMEOUT_MS * (int64_t)todo.count));
    for (size_t i = 0; i < todo.count; i++)
        todo.items[i]->deadline = deadline;
    for (size_t p = 0; p < chain.count && undecided(todo); p++) {
        tell_asking(events, todo, chain.probes[p]);
        chain.probes[p]->ask(session, todo);
        tell_failed(events, todo, chain.probes[p], p + 1 < chain.count ? chain.probes[p + 1] : NULL);
    }
    for (size_t i = 0; i < todo.count; i++)
        item_conclude(todo.items[i]);
}

static void conclude_group(struct plan *plan, struct todo todo, const struct check_events *events)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct item *item = &plan->items[i];
        if (!plan->planned[i] || !same_repository(item, todo.items[0]))
            continue;
        if (item->same_as)
            item->outcome = item->same_as->outcome;
        if (events->concluded)
            events->concluded(events->context, item);
    }
}

void check_images(struct session *session, struct item *items, size_t count, int via, const struct check_events *events)
{
    struct plan plan = {items, count, arena_array(&session->arena, count, sizeof(struct item *)),
                        arena_array(&session->arena, count, sizeof(bool))};
    for (struct todo todo = next_group(&plan); todo.count; todo = next_group(&plan)) {
        check_group(session, todo, via, events);
        conclude_group(&plan, todo, events);
    }
}

enum exit_status check_exit(const struct item *items, size_t count)
{
    static const int order[] = {[EXIT_OK] = 0,        [EXIT_ABSENT] = 1, [EXIT_UNFIT] = 2, [EXIT_CREDENTIALS] = 3,
                                [EXIT_TRANSIENT] = 4, [EXIT_OTHER] = 5,  [EXIT_USAGE] = 6};
    enum exit_status worst = EXIT_OK;
    for (size_t i = 0; i < count; i++)
        if (order[reason_exit(items[i].outcome.reason)] > order[worst])
            worst = reason_exit(items[i].outcome.reason);
    return worst;
}
