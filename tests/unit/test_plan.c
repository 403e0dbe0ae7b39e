/* How many images become units of work: groups, duplicates, order, sizes, and how many threads ask one registry. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "check/check.h"
#include "check/plan.h"

#define ECR "123456789012.dkr.ecr.us-east-1.amazonaws.com/"
#define PUBLIC "public.ecr.aws/"
#define SHA "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct item *new_items(size_t count)
{
    return arena_array(&arena, count, sizeof(struct item));
}

static void set_item(struct item *item, const char *text)
{
    struct reference reference;
    assert_null(reference_parse(&arena, text, &reference));
    item_init(item, &arena, &reference);
}

/* Units set apart by " | ", in each the numbers of its items; then "same as"s: "3=0". */
static const char *plan_text(const struct plan *plan, const struct item *items, size_t count)
{
    struct buf out = BUF_INIT;
    for (size_t u = 0; u < plan->count; u++)
        for (size_t i = 0; i < plan->units[u].count; i++)
            buf_printf(&out, "%s%zu", i ? " " : u ? " | " : "", (size_t)(plan->units[u].items[i] - items));
    for (size_t i = 0; i < count; i++)
        if (items[i].same_as)
            buf_printf(&out, "%s%zu=%zu", " ; ", i, (size_t)(items[i].same_as - items));
    return buf_detach(&out, &arena);
}

static void test_groups(void **state)
{
    (void)state;
    static const struct {
        const char *images[8];
        const char *plan;
    } rows[] = {
        {{"a"}, "0"}, {{"a:1", "a:2", "a:3"}, "0 1 2"}, {{"a:1", "b:1", "a:2", "b:2"}, "0 2 | 1 3"}, {{"b:1", "a:1"}, "0 | 1"}, {{"a:2", "a:1"}, "0 1"},
        {{"a", "a"}, "0 ; 1=0"}, {{"a", "b", "a", "a", "b"}, "0 | 1 ; 2=0 ; 3=0 ; 4=1"}, {{"a:2", "a:1", "a:2"}, "0 1 ; 2=0"}, {{"a:1", "a:1", "a:2", "a:2"}, "0 2 ; 1=0 ; 3=2"},
        /* The same image by another name. */
        {{"alpine", "docker.io/library/alpine:latest", "index.docker.io/alpine", "alpine:3"}, "0 3 ; 1=0 ; 2=0"}, {{"H.test/a", "h.test/a:latest"}, "0 ; 1=0"},
        {{"h.test/a@" SHA, "h.test/a:x@" SHA, "h.test/a:x"}, "0 2 ; 1=0"},
        /* Not the same. */
        {{"h.test/a", "h.test:443/a", "h.test/a/b"}, "0 | 1 | 2"}, {{"h.test/a:x", "i.test/a:x"}, "0 | 1"}, {{"h.test/a:x", "h.test/a:X"}, "0 1"}, {{"h.test/ab", "h.test/a"}, "0 | 1"},
        {{ECR "a", PUBLIC "r/a", "a", ECR "a:2"}, "0 3 | 1 | 2"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct plan plan;
        size_t count = 0;
        struct item *items = new_items(8);
        for (; count < 8 && rows[i].images[count]; count++)
            set_item(&items[count], rows[i].images[count]);
        plan_make(&plan, items, count, &arena);
        CHECK_TEXT(plan_text(&plan, items, count), rows[i].plan, "row %zu", i);
        size_t reached = 0; /* every item is asked about, or reached by the one that is */
        for (size_t u = 0; u < plan.count; u++)
            for (size_t k = 0; k < plan.units[u].count; k++)
                for (const struct item *item = plan.units[u].items[k]; item; item = item->next_same, reached++)
                    CHECK(!item->next_same || item < item->next_same, "row %zu", i);
        CHECK(reached == count, "row %zu: %zu of %zu", i, reached, count);
    }
}

/* The plan of `count` images of one repository. */
static struct plan many(const char *form, size_t count, struct item **items)
{
    struct plan plan;
    *items = new_items(count);
    for (size_t i = 0; i < count; i++)
        set_item(&(*items)[i], arena_printf(&arena, "%s%zu", form, i));
    plan_make(&plan, *items, count, &arena);
    return plan;
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        size_t unit;
    } rows[] = {{ECR "a:", PLAN_ECR_UNIT}, {"h.test/a:", PLAN_REGISTRY_UNIT}, {PUBLIC "r/a:", PLAN_REGISTRY_UNIT}, {"a:", PLAN_REGISTRY_UNIT},
                {"123456789012.dkr.ecr.us-east-1.amazonaws.com:443/a:", PLAN_REGISTRY_UNIT}};
    static const size_t counts[] = {1, 7, 8, 9, 99, 100, 101, 1000};
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t c = 0; c < COUNT(counts); c++) {
            struct item *items;
            struct plan plan = many(rows[i].form, counts[c], &items);
            size_t place = 0;
            CHECK(plan.count == (counts[c] + rows[i].unit - 1) / rows[i].unit, "%s %zu: %zu units", rows[i].form, counts[c], plan.count);
            for (size_t u = 0; u < plan.count; u++) {
                CHECK(u + 1 == plan.count || plan.units[u].count == rows[i].unit, "%s %zu", rows[i].form, counts[c]);
                for (size_t k = 0; k < plan.units[u].count; k++)
                    CHECK(plan.units[u].items[k] == &items[place++], "%s %zu", rows[i].form, counts[c]);
            }
            CHECK(place == counts[c], "%s", rows[i].form);
            size_t width = rows[i].unit == PLAN_ECR_UNIT ? 1 : plan.count; /* one connection is enough for ECR's API */
            CHECK(plan_workers(&plan) == (width < PLAN_WORKERS_MAX ? width : PLAN_WORKERS_MAX), "%s %zu", rows[i].form, counts[c]);
        }
    struct plan none;
    plan_make(&none, NULL, 0, &arena);
    assert_true(none.count == 0 && plan_workers(&none) == 1 && !plan_take(&none));
}

/* One after the other they come in the order of the images, but for what waits until its registry is free. */
static void test_order(void **state)
{
    (void)state;
    struct item *items = new_items(200);
    struct plan plan;
    for (size_t i = 0; i < 200; i++)
        set_item(&items[i], arena_printf(&arena, "%s.test/r%zu:x", i % 2 ? "b" : "a", i));
    plan_make(&plan, items, 200, &arena);
    assert_int_equal(plan.count, 200);
    for (size_t i = 0; i < 200; i++) {
        struct unit *unit = plan_take(&plan);
        assert_ptr_equal(unit->items[0], &items[i]);
        plan_give_back(&plan, unit);
    }
    assert_null(plan_take(&plan));

    plan_make(&plan, items, 200, &arena);
    struct unit *taken[2 * PLAN_REGISTRY_WORKERS];
    for (size_t i = 0; i < COUNT(taken); i++)
        taken[i] = plan_take(&plan);
    for (size_t i = 0; i < COUNT(taken); i++)
        assert_ptr_equal(taken[i]->items[0], &items[i]); /* eight of each, in turn */
    plan_give_back(&plan, taken[3]);                     /* one of b: it is b that goes on */
    assert_ptr_equal(plan_take(&plan)->items[0], &items[2 * PLAN_REGISTRY_WORKERS + 1]);
    plan_give_back(&plan, taken[0]);
    assert_ptr_equal(plan_take(&plan)->items[0], &items[2 * PLAN_REGISTRY_WORKERS]);
}

/* Of a repository that is asked by the hundred one thread has a part at a time; other repositories go on meanwhile. */
static void test_alone(void **state)
{
    (void)state;
    struct item *items = new_items(302);
    struct plan plan;
    for (size_t i = 0; i < 300; i++)
        set_item(&items[i], arena_printf(&arena, ECR "a:%zu", i));
    set_item(&items[300], ECR "b:1");
    set_item(&items[301], "h.test/c:1");
    plan_make(&plan, items, 302, &arena);
    assert_true(plan.count == 5 && plan_workers(&plan) == 3);
    struct unit *first = plan_take(&plan), *second = plan_take(&plan), *third = plan_take(&plan);
    assert_ptr_equal(first->items[0], &items[0]);
    assert_ptr_equal(second->items[0], &items[300]);
    assert_ptr_equal(third->items[0], &items[301]);
    plan_give_back(&plan, second); /* frees no place in the first one's repository */
    plan_give_back(&plan, first);
    first = plan_take(&plan);
    assert_ptr_equal(first->items[0], &items[100]);
    plan_give_back(&plan, first);
    assert_ptr_equal(plan_take(&plan)->items[0], &items[200]);
    assert_null(plan_take(&plan));
}

static struct crowd {
    struct plan plan;
    struct item *items;
    atomic_int active[3], most[3], asked[600];
} crowd;

static void *run(void *data)
{
    (void)data;
    for (struct unit *unit = plan_take(&crowd.plan); unit; unit = plan_take(&crowd.plan)) {
        int host = unit->items[0]->reference.registry[0] - 'a', now = ++crowd.active[host];
        for (int most = crowd.most[host]; now > most && !atomic_compare_exchange_weak(&crowd.most[host], &most, now);)
            ;
        for (size_t i = 0; i < unit->count; i++)
            crowd.asked[unit->items[i] - crowd.items]++;
        usleep(1000);
        crowd.active[host]--;
        plan_give_back(&crowd.plan, unit);
    }
    return NULL;
}

/* Many threads: each image is asked about once, never by more of them than a registry shall bear, and all of them end. */
static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[3 * PLAN_WORKERS_MAX];
    memset(&crowd, 0, sizeof crowd);
    crowd.items = new_items(COUNT(crowd.asked));
    for (size_t i = 0; i < COUNT(crowd.asked); i++) /* "a" has most of them */
        set_item(&crowd.items[i], arena_printf(&arena, "%c.test/r%zu:%zu", "aaaaaabc"[i % 8], i % 50, i));
    plan_make(&crowd.plan, crowd.items, COUNT(crowd.asked), &arena);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, NULL), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < COUNT(crowd.asked); i++)
        CHECK(crowd.asked[i] == 1, "%zu: %d times", i, crowd.asked[i]);
    for (int i = 0; i < 3; i++)
        CHECK(crowd.most[i] <= PLAN_REGISTRY_WORKERS && crowd.most[i] > 1, "registry %c: %d at a time", 'a' + i, crowd.most[i]);
}

RUN(TEST(test_groups), TEST(test_sizes), TEST(test_order), TEST(test_alone), TEST(test_threads))
