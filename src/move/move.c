#include "move/move.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "move/flow.h"
#include "move/target.h"
#include "move/tree.h"

#define STACK_SIZE  (256 << 10) /* a thread's buffers have 64 KiB; TLS and name lookup need some 16 */
#define TICK_MS     100
#define PATIENCE_MS 2000

/* What all threads of a move work on. */
struct crew {
    struct move *move;
    struct move_source *source;
    struct move_target *target;
    const struct move_hands *hands;
    struct move_blob **todo; /* what is to be moved, the largest first */
    size_t count;
    atomic_size_t next;
    pthread_mutex_t lock; /* of what follows, and of telling */
    pthread_cond_t changed;
    size_t running;
    bool failed;
    struct error error; /* the first one; in the move's arena */
};

static void note_failure(struct crew *crew, const struct error *error)
{
    pthread_mutex_lock(&crew->lock);
    if (!crew->failed)
        error_copy(&crew->error, error);
    crew->failed = true;
    atomic_store(&crew->move->stop, true);
    pthread_mutex_unlock(&crew->lock);
}

static void tell_blob(struct crew *crew, const struct move_blob *blob)
{
    const struct move_events *events = &crew->move->events;
    pthread_mutex_lock(&crew->lock);
    if (events->blob)
        events->blob(events->context, crew->move, blob);
    pthread_mutex_unlock(&crew->lock);
}

/* With memory of its own: there may be thousands. */
static int move_blob(struct crew *crew, const struct mover *thread, struct move_blob *blob, struct error *error)
{
    struct flow flow;
    struct arena scratch = {0};
    struct mover own = *thread, *mover = &own;
    own.arena = &scratch;
    atomic_store(&blob->state, BLOB_MOVING);
    if (flow_begin(&flow, crew->move, crew->source, mover, blob, error) < 0) {
        arena_free(&scratch);
        return -1;
    }
    struct reader content = flow_reader(&flow);
    int status = crew->target->kind->blob(crew->target, mover, blob, &content, error);
    if (status < 0 && error->reason == REASON_DIGEST_MISMATCH) /* found by who took it */
        source_lied(crew->source, blob->what.digest, error);
    flow_end(&flow);
    arena_free(&scratch);
    return status;
}

/* One thread: blob after blob, until there are no more, or one failed. */
static void work(struct crew *crew, const struct mover *mover, struct error *error)
{
    for (;;) {
        size_t i = atomic_fetch_add(&crew->next, 1);
        if (i >= crew->count || atomic_load(&crew->move->stop))
            return;
        if (move_blob(crew, mover, crew->todo[i], error) < 0) {
            note_failure(crew, error);
            return;
        }
        tell_blob(crew, crew->todo[i]);
    }
}

static void *thread_main(void *context)
{
    struct crew *crew = context;
    struct arena arena = {0};
    struct mover mover = {.arena = &arena};
    struct error error;
    error_init(&error, &arena);
    if (crew->hands->join(crew->hands->context, &mover, &error) < 0) {
        note_failure(crew, &error);
    } else {
        work(crew, &mover, &error);
        crew->hands->leave(crew->hands->context, &mover);
    }
    arena_free(&arena);
    pthread_mutex_lock(&crew->lock);
    crew->running--;
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Until all threads are through, with a tick now and then. Who waits for a slow peer is not waited for after a failure. */
static void wait_for_all(struct crew *crew)
{
    const struct move_events *events = &crew->move->events;
    int64_t patience = DEADLINE_NONE;
    pthread_mutex_lock(&crew->lock);
    while (crew->running) {
        if (crew->failed && patience == DEADLINE_NONE)
            patience = deadline_in(PATIENCE_MS);
        if (deadline_passed(patience) && events->give_up)
            events->give_up(events->context, &crew->error);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&crew->changed, &crew->lock, &until);
        if (events->tick)
            events->tick(events->context, crew->move);
    }
    pthread_mutex_unlock(&crew->lock);
}

static size_t start_threads(struct crew *crew, pthread_t *threads)
{
    size_t wanted = target_is_in_order(crew->target) ? 1 : MOVE_WORKERS, started = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    wanted = crew->count < wanted ? crew->count : wanted;
    while (started < wanted) {
        pthread_mutex_lock(&crew->lock);
        crew->running++;
        pthread_mutex_unlock(&crew->lock);
        if (pthread_create(&threads[started], &attributes, thread_main, crew) != 0)
            break;
        started++;
    }
    pthread_attr_destroy(&attributes);
    pthread_mutex_lock(&crew->lock);
    crew->running -= started < wanted; /* the one that could not be started */
    pthread_mutex_unlock(&crew->lock);
    return started;
}

static int run_threads(struct crew *crew, struct error *error)
{
    pthread_t threads[MOVE_WORKERS];
    size_t started = start_threads(crew, threads);
    if (!started)
        return error_set(error, REASON_REFUSED, crew->move->from->text, "no thread can be started");
    wait_for_all(crew);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (crew->failed)
        error_copy(error, &crew->error);
    return crew->failed ? -1 : 0;
}

/* The largest first, so that none of them is left alone at the end. */
static int compare(const void *a, const void *b)
{
    const struct move_blob *one = *(struct move_blob *const *)a, *other = *(struct move_blob *const *)b;
    return (one->what.size < other->what.size) - (one->what.size > other->what.size);
}

static void choose_blobs(struct crew *crew)
{
    struct move *move = crew->move;
    crew->todo = arena_array(move->arena, move->blob_count, sizeof(struct move_blob *));
    for (size_t i = 0; i < move->blob_count; i++) {
        if (atomic_load(&move->blobs[i].state) == BLOB_WAITING)
            crew->todo[crew->count++] = &move->blobs[i];
        else
            tell_blob(crew, &move->blobs[i]);
    }
    if (crew->count)
        qsort(crew->todo, crew->count, sizeof(struct move_blob *), compare);
}

static int move_blobs(struct move *move, struct move_source *source, struct move_target *target,
                      const struct move_hands *hands, struct error *error)
{
    pthread_condattr_t monotonic;
    struct crew crew = {.move = move, .source = source, .target = target, .hands = hands};
    error_init(&crew.error, error->arena);
    pthread_mutex_init(&crew.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&crew.changed, &monotonic);
    choose_blobs(&crew);
    int status = crew.count ? run_threads(&crew, error) : 0;
    pthread_cond_destroy(&crew.changed);
    pthread_mutex_destroy(&crew.lock);
    return status;
}

/* One manifest, whose bytes are fetched anew if they were too many to keep. */
static int put_manifest(struct move *move, struct move_source *source, struct move_target *target, struct mover *mover,
                        size_t i, const char *tag, struct error *error)
{
    struct arena scratch = {0};
    struct move_manifest *manifest = &move->manifests[i], again;
    const struct move_events *events = &move->events;
    struct mover own = *mover;
    bool kept = manifest->body.data != NULL;
    own.arena = &scratch;
    int status = kept ? 0 : source->kind->manifest(source, &own, manifest->digest, &scratch, &again, error);
    if (!kept && status == 0)
        manifest->body = again.body;
    if (status == 0)
        status = target->kind->manifest(target, &own, manifest, tag, error);
    if (!kept)
        manifest->body = (struct slice){NULL, 0};
    arena_free(&scratch);
    if (status == 0 && events->manifest)
        events->manifest(events->context, move, manifest, tag);
    return status;
}

/* Children, then the image, then what refers to it; its tags last of all. */
static int put_manifests(struct move *move, struct move_source *source, struct move_target *target, struct mover *mover,
                         struct error *error)
{
    bool takes_tags = move->to->kind == PLACE_REGISTRY || move->to->kind == PLACE_LAYOUT;
    size_t tag_count = takes_tags ? move->tag_count : 0;
    bool later = tag_count > 0; /* the image itself is put with its tags */
    bool referred = move->manifest_count > move->root + 1;
    const char *noted = takes_tags || !move->tag_count ? NULL : move->tags[0]; /* an archive has it in its index */
    for (size_t i = 0; i < move->manifest_count; i++)
        if ((i != move->root || !later || referred) &&
            put_manifest(move, source, target, mover, i, i == move->root ? noted : NULL, error) < 0)
            return -1;
    for (size_t i = 0; i < tag_count; i++)
        if (put_manifest(move, source, target, mover, move->root, move->tags[i], error) < 0)
            return -1;
    return 0;
}

/* What a source does not have, or has in another size, is found before anything is written. */
static int check_blobs(struct move *move, struct move_source *source, struct mover *mover, struct error *error)
{
    for (size_t i = 0; i < move->blob_count; i++) {
        struct arena scratch = {0};
        struct mover own = *mover;
        struct source_blob blob;
        const struct move_blob *wanted = &move->blobs[i];
        own.arena = &scratch;
        int status = wanted->what.elsewhere ? 0 : source->kind->blob(source, &own, &wanted->what, &blob, error);
        if (status == 0 && !wanted->what.elsewhere && source->kind->blob_end)
            source->kind->blob_end(&blob);
        arena_free(&scratch);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int run(struct move *move, struct move_source *source, struct mover *mover, const struct move_hands *hands,
               struct error *error)
{
    struct move_target target;
    if (source_open(source, move->from, move->arena, error) < 0 || tree_collect(move, source, mover, error) < 0 ||
        check_blobs(move, source, mover, error) < 0)
        return -1;
    if (hands->prepare && hands->prepare(hands->context, error) < 0)
        return -1;
    int status = target_open(&target, move, mover, error);
    if (status == 0 && move->events.begun)
        move->events.begun(move->events.context, move);
    if (status == 0)
        status = move_blobs(move, source, &target, hands, error);
    if (status == 0)
        status = put_manifests(move, source, &target, mover, error);
    if (status == 0 && target.kind->end)
        status = target.kind->end(&target, error);
    if (status < 0 && target.kind->drop)
        target.kind->drop(&target);
    return status;
}

int move_run(struct move *move, const struct move_hands *hands, struct error *error)
{
    struct move_source source = {.archive = {.tar = {.fd = -1}}};
    struct mover mover = {.arena = move->arena};
    if (hands->join(hands->context, &mover, error) < 0)
        return -1;
    int status = run(move, &source, &mover, hands, error);
    source_close(&source);
    hands->leave(hands->context, &mover);
    return status;
}
