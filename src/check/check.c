#include "check/check.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "check/import.h"
#include "check/plan.h"

#define CHAIN_MAX  3
#define STACK_SIZE (512 << 10)

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
        return (struct chain){{&probe_table[PROBE_ECR], &probe_table[PROBE_REGISTRY], &probe_table[PROBE_DOCKER]}, 3};
    return (struct chain){{&probe_table[PROBE_REGISTRY], &probe_table[PROBE_DOCKER]}, 2};
}

void item_init(struct item *item, struct arena *arena, const struct reference *reference)
{
    *item = (struct item){.reference = *reference, .outcome = {.reason = REASON_UNSUPPORTED, .size = -1}};
    item->is_ecr = reference->port == 0 && ecr_host_parse(arena, reference->host, &item->ecr);
}

static size_t undecided(struct todo todo)
{
    size_t count = 0;
    for (size_t i = 0; i < todo.count; i++)
        count += !todo.items[i]->decided;
    return count;
}

/* One unit of work, with whom to tell. */
struct unit_of_work {
    struct session *session;
    struct todo todo;
    const struct check_options *options;
    const struct check_events *events;
    pthread_mutex_t *telling; /* events come one at a time */
};

static void tell_asking(const struct unit_of_work *work, const struct probe *probe)
{
    pthread_mutex_lock(work->telling);
    for (size_t i = 0; i < work->todo.count; i++)
        if (!work->todo.items[i]->decided && work->events->asking)
            work->events->asking(work->events->context, work->todo.items[i], probe);
    pthread_mutex_unlock(work->telling);
}

static void tell_failed(const struct unit_of_work *work, const struct probe *probe, const struct probe *next)
{
    pthread_mutex_lock(work->telling);
    for (size_t i = 0; i < work->todo.count; i++)
        if (!work->todo.items[i]->decided && work->events->failed)
            work->events->failed(work->events->context, work->todo.items[i], probe, next);
    pthread_mutex_unlock(work->telling);
}

static bool requires_something(const struct requirements *required)
{
    return required->platform_count || required->digest || required->max_age_ms || required->max_size ||
           required->signature || required->deep;
}

/* The verdict: what the probes found, imported where that is wanted, and whether it is as required. */
static void conclude(const struct unit_of_work *work, struct item *item)
{
    item_conclude(item);
    if (item->outcome.reason == REASON_NOT_CACHED && item->rule && work->options->pull_through)
        import_image(work->session, item);
    if (item->outcome.reason == REASON_OK && requires_something(&work->options->required))
        requirements_judge(&work->options->required, work->session, item);
}

static void tell_concluded(const struct unit_of_work *work)
{
    pthread_mutex_lock(work->telling);
    for (size_t i = 0; i < work->todo.count; i++)
        for (struct item *item = work->todo.items[i]; item; item = item->next_same) {
            if (item->same_as)
                item->outcome = item->same_as->outcome;
            if (work->events->concluded)
                work->events->concluded(work->events->context, item);
        }
    pthread_mutex_unlock(work->telling);
}

static void check_unit(const struct unit_of_work *work)
{
    struct todo todo = work->todo;
    struct session *session = work->session;
    struct chain chain = chain_for(todo.items[0], work->options->via);
    int64_t deadline = deadline_earlier(session->deadline, deadline_in(IMAGE_TIMEOUT_MS * (int64_t)todo.count));
    todo.only = chain.count == 1;
    for (size_t i = 0; i < todo.count; i++)
        todo.items[i]->deadline = deadline;
    for (size_t p = 0; p < chain.count && undecided(todo); p++) {
        tell_asking(work, chain.probes[p]);
        chain.probes[p]->ask(session, todo);
        tell_failed(work, chain.probes[p], p + 1 < chain.count ? chain.probes[p + 1] : NULL);
    }
    for (size_t i = 0; i < todo.count; i++)
        conclude(work, todo.items[i]);
    tell_concluded(work);
}

/* What all threads of a check work on. */
struct crew {
    struct plan plan;
    const struct check_options *options;
    const struct check_events *events;
    pthread_mutex_t telling;
};

/* One thread: unit after unit, until there are no more. */
static void work(struct crew *crew, struct session *session)
{
    struct unit_of_work work = {session, {NULL, 0, false}, crew->options, crew->events, &crew->telling};
    for (struct unit *unit = plan_take(&crew->plan); unit; unit = plan_take(&crew->plan)) {
        work.todo = (struct todo){unit->items, unit->count, false};
        check_unit(&work);
        plan_give_back(&crew->plan, unit);
    }
}

/* A thread with a session of its own, whose memory lives until the verdicts are told. */
struct worker {
    pthread_t thread;
    struct crew *crew;
    struct session session;
};

static void *run_worker(void *data)
{
    struct worker *worker = data;
    work(worker->crew, &worker->session);
    return NULL;
}

/* musl's usual stack of 128 KiB would do for most, not for a bad chain of certificates below a halved set of ids. */
static int start(struct worker *worker)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int status = pthread_create(&worker->thread, &attributes, run_worker, worker);
    pthread_attr_destroy(&attributes);
    return status;
}

void check_images(struct session *session, struct item *items, size_t count, const struct check_options *options,
                  const struct check_events *events)
{
    struct crew crew = {.options = options, .events = events};
    plan_make(&crew.plan, items, count, &session->arena);
    pthread_mutex_init(&crew.telling, NULL);
    size_t wanted = plan_workers(&crew.plan), started = 0;
    struct worker *workers = arena_array(&session->arena, wanted, sizeof *workers);
    for (; started + 1 < wanted; started++) {
        workers[started].crew = &crew;
        session_join(&workers[started].session, session);
        if (start(&workers[started]) != 0) {
            session_leave(&workers[started].session);
            break; /* fewer do it, too */
        }
    }
    work(&crew, session);
    for (size_t i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        session_adopt(session, &workers[i].session);
    }
}

int exit_worse(int a, int b)
{
    static const int order[] = {[EXIT_OK] = 0,        [EXIT_ABSENT] = 1, [EXIT_UNFIT] = 2, [EXIT_CREDENTIALS] = 3,
                                [EXIT_TRANSIENT] = 4, [EXIT_OTHER] = 5,  [EXIT_USAGE] = 6};
    return order[b] > order[a] ? b : a;
}

/* The verdict that counts most; there is one item at least. */
static const struct item *worst_of(const struct item *items, size_t count)
{
    const struct item *worst = items;
    for (size_t i = 1; i < count; i++) {
        int a = (int)reason_exit(worst->outcome.reason), b = (int)reason_exit(items[i].outcome.reason);
        worst = exit_worse(a, b) != a ? &items[i] : worst;
    }
    return worst;
}

enum exit_status check_exit(const struct item *items, size_t count)
{
    return reason_exit(worst_of(items, count)->outcome.reason);
}

enum state check_worst(const struct item *items, size_t count)
{
    return reason_state(worst_of(items, count)->outcome.reason);
}
