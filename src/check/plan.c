#include "check/plan.h"

#include <stdlib.h>
#include <string.h>

struct plan_registry {
    const char *name;
    size_t active; /* threads that ask it */
    struct plan_registry *next;
};

static int by_repository(const struct item *a, const struct item *b)
{
    int order = strcmp(a->reference.registry, b->reference.registry);
    return order ? order : strcmp(a->reference.repository, b->reference.repository);
}

/* Equal ones in the order that they were given. */
static int by_image(const void *left, const void *right)
{
    const struct item *a = *(struct item *const *)left, *b = *(struct item *const *)right;
    int order = by_repository(a, b);
    if (order == 0)
        order = strcmp(reference_target(&a->reference), reference_target(&b->reference));
    return order ? order : (a > b) - (a < b);
}

static int by_place(const void *left, const void *right)
{
    const struct item *a = *(struct item *const *)left, *b = *(struct item *const *)right;
    return (a > b) - (a < b);
}

static int by_first_item(const void *left, const void *right)
{
    const struct unit *a = left, *b = right;
    return by_place(&a->items[0], &b->items[0]);
}

static bool same_image(const struct item *a, const struct item *b)
{
    return by_repository(a, b) == 0 && strcmp(reference_target(&a->reference), reference_target(&b->reference)) == 0;
}

static struct plan_registry *registry_of(struct plan_registry **all, const char *name, struct arena *arena)
{
    struct plan_registry *registry = *all;
    while (registry && strcmp(registry->name, name) != 0)
        registry = registry->next;
    if (registry)
        return registry;
    registry = arena_alloc(arena, sizeof *registry);
    *registry = (struct plan_registry){name, 0, *all};
    return *all = registry;
}

/* Links equal items, and leaves the distinct ones in front. Returns how many these are. */
static size_t link_same(struct item **sorted, size_t count)
{
    size_t distinct = 0;
    struct item *last = NULL;
    for (size_t i = 0; i < count; i++) {
        if (last && same_image(sorted[i], sorted[distinct - 1])) {
            sorted[i]->same_as = sorted[distinct - 1];
            last->next_same = sorted[i];
        } else {
            sorted[distinct++] = sorted[i];
        }
        last = sorted[i];
    }
    return distinct;
}

static bool is_asked_by_the_hundred(const struct item *item)
{
    return item->is_ecr && !item->ecr.is_public;
}

/* The images of one repository, in pieces. */
static void add_units(struct plan *plan, struct item **items, size_t count, struct plan_registry *registry,
                      struct arena *arena)
{
    bool hundreds = is_asked_by_the_hundred(items[0]);
    bool *alone = hundreds ? arena_alloc(arena, sizeof *alone) : NULL;
    size_t size = hundreds ? PLAN_ECR_UNIT : PLAN_REGISTRY_UNIT;
    qsort(items, count, sizeof(struct item *), by_place);
    for (size_t start = 0; start < count; start += size) {
        size_t left = count - start;
        plan->width += !hundreds || start == 0;
        plan->units[plan->count++] = (struct unit){items + start, left < size ? left : size, registry, alone, false};
    }
}

void plan_make(struct plan *plan, struct item *items, size_t count, struct arena *arena)
{
    struct item **sorted = arena_array(arena, count, sizeof(struct item *));
    struct plan_registry *registries = NULL;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &items[i];
    qsort(sorted, count, sizeof(struct item *), by_image);
    size_t distinct = link_same(sorted, count);
    *plan = (struct plan){.units = arena_array(arena, distinct, sizeof *plan->units)};
    pthread_mutex_init(&plan->lock, NULL);
    pthread_cond_init(&plan->freed, NULL);
    for (size_t start = 0, end; start < distinct; start = end) {
        for (end = start + 1; end < distinct && by_repository(sorted[start], sorted[end]) == 0;)
            end++;
        add_units(plan, sorted + start, end - start, registry_of(&registries, sorted[start]->reference.registry, arena),
                  arena);
    }
    qsort(plan->units, plan->count, sizeof *plan->units, by_first_item);
}

size_t plan_workers(const struct plan *plan)
{
    return plan->width < PLAN_WORKERS_MAX ? plan->width ? plan->width : 1 : PLAN_WORKERS_MAX;
}

/* Under the lock. *left tells whether any was not taken yet. */
static struct unit *find_free(struct plan *plan, bool *left)
{
    *left = false;
    for (size_t i = 0; i < plan->count; i++) {
        struct unit *unit = &plan->units[i];
        if (unit->taken)
            continue;
        *left = true;
        if (unit->registry->active < PLAN_REGISTRY_WORKERS && !(unit->alone && *unit->alone))
            return unit;
    }
    return NULL;
}

struct unit *plan_take(struct plan *plan)
{
    bool left;
    pthread_mutex_lock(&plan->lock);
    struct unit *unit = find_free(plan, &left);
    while (!unit && left) {
        pthread_cond_wait(&plan->freed, &plan->lock);
        unit = find_free(plan, &left);
    }
    if (unit) {
        unit->taken = true;
        if (unit->alone)
            *unit->alone = true;
        unit->registry->active++;
    }
    pthread_mutex_unlock(&plan->lock);
    return unit;
}

void plan_give_back(struct plan *plan, struct unit *unit)
{
    pthread_mutex_lock(&plan->lock);
    unit->registry->active--;
    if (unit->alone)
        *unit->alone = false;
    pthread_cond_broadcast(&plan->freed);
    pthread_mutex_unlock(&plan->lock);
}
