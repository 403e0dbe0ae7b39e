#include <string.h>

#include "check/probe.h"
#include "ecr/cache_rule.h"

#define SOURCE "ecr"

/* One run of the probe over the images of one repository. */
struct ask {
    struct session *session;
    struct ecr_api api;
    const char *repository;
    bool describe_denied; /* DescribeImages is not allowed: BatchGetImage is asked */
    struct arena scratch; /* reset after each call */
};

/* Where an item stands while the probe runs: not there as far as is known, with the service's word for it. */
struct miss {
    struct item *item;
    enum reason reason;
    const char *detail;
};

struct misses {
    struct miss list[ECR_IDS_MAX];
    size_t count;
};

static struct ecr_image_id id_of(const struct item *item)
{
    return (struct ecr_image_id){item->reference.digest ? NULL : item->reference.tag, item->reference.digest};
}

static void fill_ids(struct item **items, size_t count, struct ecr_image_id *ids)
{
    for (size_t i = 0; i < count; i++)
        ids[i] = id_of(items[i]);
}

static void steps(struct ask *ask, struct item **items, size_t count, const struct error *error)
{
    todo_step((struct todo){items, count, false}, ask->session, SOURCE, false, error);
}

static bool is(const char *text, const char *value)
{
    return text && strcmp(text, value) == 0;
}

/* A status that did not exist when this was written must not pass for a pullable image. */
static void decide_by_status(struct ask *ask, struct item *item, const struct ecr_image *image, const char *detail)
{
    struct outcome outcome = {.reason = REASON_OK,
                              .digest = image->digest,
                              .media_type = image->media_type,
                              .size = image->size,
                              .pushed_at = image->pushed_at,
                              .detail = detail};
    struct error error;
    if (is(image->status, "ARCHIVED") || is(image->status, "ACTIVATING")) {
        outcome.reason = REASON_ARCHIVED;
        outcome.detail = is(image->status, "ARCHIVED") ? "ECR has it in the archive: it cannot be pulled"
                                                       : "ECR is bringing it back from the archive";
        outcome.hint = is(image->status, "ARCHIVED")
                           ? "restore it (aws ecr update-image-storage-class --target-storage-class STANDARD)"
                           : "wait up to 20 minutes and check again";
    } else if (image->status && !is(image->status, "ACTIVE")) {
        error_init(&error, &ask->session->arena);
        error_set(&error, REASON_UNSUPPORTED, ask->api.client.endpoint.host,
                  "ECR says that it is %s, which this version does not know", image->status);
        error.http_status = 200;
        item_step(item, &ask->session->arena, SOURCE, false, &error);
        return;
    }
    item_decide(item, &ask->session->arena, SOURCE, &outcome);
}

static void add_miss(struct ask *ask, struct misses *misses, struct item *item, enum reason reason, const char *detail)
{
    misses->list[misses->count++] = (struct miss){item, reason, arena_strdup(&ask->session->arena, detail)};
}

static void add_misses(struct ask *ask, struct misses *misses, struct item **items, size_t count,
                       const struct error *error)
{
    for (size_t i = 0; i < count; i++)
        add_miss(ask, misses, items[i], error->reason, error_text(error, &ask->scratch));
}

static void batch_failure(struct ask *ask, struct item *item, enum reason reason, const char *failure,
                          struct misses *misses)
{
    struct error error;
    error_init(&error, &ask->session->arena);
    error_set(&error, reason, ask->api.client.endpoint.host, "BatchGetImage says %s%s", failure,
              reason == REASON_NO_IMAGE ? " (of an archived image as well)" : "");
    error.http_status = 200;
    if (reason_state(reason) == STATE_ABSENT)
        add_miss(ask, misses, item, reason, error_text(&error, &ask->scratch));
    else
        item_step(item, &ask->session->arena, SOURCE, false, &error);
}

/* Both ways are denied: the error names what would do. */
static void name_both_actions(const struct ask *ask, struct error *error)
{
    if (error->reason == REASON_DENIED)
        error_hint(error,
                   "the caller lacks the IAM action ecr:DescribeImages (ecr:BatchGetImage would do) on "
                   "arn:%s:ecr:%s:%s:repository/%s",
                   ask->api.partition, ask->api.client.region, ask->api.account, ask->repository);
}

static bool has_code(const struct error *error, const char *code)
{
    return error->service_code && strcmp(error->service_code, code) == 0;
}

/* One id that the service does not take, and all that are asked with it are refused. */
static bool is_invalid_input(const struct error *error)
{
    return has_code(error, "InvalidParameterException") || has_code(error, "ValidationException");
}

static void ask_manifests(struct ask *ask, struct item **items, size_t count, struct misses *misses);

static void manifests_failed(struct ask *ask, struct item **items, size_t count, struct error *error,
                             struct misses *misses)
{
    if (count > 1 && is_invalid_input(error)) {
        ask_manifests(ask, items, count / 2, misses);
        ask_manifests(ask, items + count / 2, count - count / 2, misses);
    } else if (error->reason == REASON_NO_REPOSITORY) {
        add_misses(ask, misses, items, count, error);
    } else {
        name_both_actions(ask, error);
        steps(ask, items, count, error);
    }
}

static void ask_manifests(struct ask *ask, struct item **items, size_t count, struct misses *misses)
{
    struct ecr_image_id ids[ECR_MANIFEST_IDS_MAX];
    struct ecr_image images[ECR_MANIFEST_IDS_MAX];
    enum reason reasons[ECR_MANIFEST_IDS_MAX];
    const char *failures[ECR_MANIFEST_IDS_MAX];
    struct error error;
    error_init(&error, &ask->session->arena);
    fill_ids(items, count, ids);
    int status =
        ecr_batch_get_image(&ask->api, ask->repository, ids, count, images, reasons, failures, &ask->scratch, &error);
    for (size_t i = 0; status == 0 && i < count; i++) {
        if (reasons[i] == REASON_OK)
            decide_by_status(ask, items[i], &images[i],
                             "by BatchGetImage, which counts as a pull (ecr:DescribeImages is denied)");
        else
            batch_failure(ask, items[i], reasons[i], failures[i], misses);
    }
    arena_reset(&ask->scratch);
    if (status < 0)
        manifests_failed(ask, items, count, &error, misses);
}

static void ask_all_manifests(struct ask *ask, struct item **items, size_t count, struct misses *misses)
{
    for (size_t start = 0; start < count; start += ECR_MANIFEST_IDS_MAX) {
        size_t left = count - start;
        ask_manifests(ask, items + start, left < ECR_MANIFEST_IDS_MAX ? left : ECR_MANIFEST_IDS_MAX, misses);
    }
}

static bool is_access_denied(const struct error *error)
{
    return error->reason == REASON_DENIED && error->service_code &&
           slice_starts(slice_of(error->service_code), "AccessDenied");
}

static void ask_images(struct ask *ask, struct item **items, size_t count, struct misses *misses);

static void describe_failed(struct ask *ask, struct item **items, size_t count, struct error *error,
                            struct misses *misses)
{
    if (count > 1 && (error->reason == REASON_NO_IMAGE || is_invalid_input(error))) {
        /* The call fails as a whole and does not say for which id: halve until every id has its own answer. */
        ask_images(ask, items, count / 2, misses);
        ask_images(ask, items + count / 2, count - count / 2, misses);
    } else if (reason_state(error->reason) == STATE_ABSENT) {
        add_misses(ask, misses, items, count, error);
    } else if (is_access_denied(error)) {
        ask->describe_denied = true;
        ask_all_manifests(ask, items, count, misses);
    } else {
        steps(ask, items, count, error);
    }
}

static void ask_images(struct ask *ask, struct item **items, size_t count, struct misses *misses)
{
    struct ecr_image_id ids[ECR_IDS_MAX];
    struct ecr_image images[ECR_IDS_MAX];
    struct error error;
    if (ask->describe_denied) {
        ask_all_manifests(ask, items, count, misses);
        return;
    }
    error_init(&error, &ask->session->arena);
    fill_ids(items, count, ids);
    int status = ecr_describe_images(&ask->api, ask->repository, ids, count, images, &ask->scratch, &error);
    for (size_t i = 0; status == 0 && i < count; i++)
        decide_by_status(ask, items[i], &images[i], "by DescribeImages");
    arena_reset(&ask->scratch);
    if (status < 0)
        describe_failed(ask, items, count, &error, misses);
}

/* Leaves only the misses that are still open. */
static void keep_open(struct misses *misses)
{
    size_t kept = 0;
    for (size_t i = 0; i < misses->count; i++)
        if (!misses->list[i].item->decided && misses->list[i].reason != REASON_OK)
            misses->list[kept++] = misses->list[i];
    misses->count = kept;
}

/* A verdict of absence needs this look-up: its failure makes them unknown. */
static void fail_misses(struct ask *ask, struct misses *misses, enum reason only, const struct error *error)
{
    for (size_t i = 0; i < misses->count; i++) {
        if (only != REASON_OK && misses->list[i].reason != only)
            continue;
        item_step(misses->list[i].item, &ask->session->arena, SOURCE, false, error);
        misses->list[i].reason = REASON_OK;
    }
    keep_open(misses);
}

/* The service knows no archive: it refuses the filter. Any other failure leaves open what is in there. */
static bool lacks_archive(const struct error *error)
{
    return error->reason == REASON_UNSUPPORTED || is_invalid_input(error) || has_code(error, "SerializationException");
}

/* DescribeImages leaves archived images out: what it does not find may be there, only not to be pulled. */
static void look_in_archive(struct ask *ask, struct misses *misses)
{
    struct ecr_image_id ids[ECR_IDS_MAX];
    struct ecr_image images[ECR_IDS_MAX];
    struct miss *open[ECR_IDS_MAX];
    struct error error;
    size_t count = 0, pages = 0;
    for (size_t i = 0; i < misses->count; i++) {
        if (misses->list[i].reason != REASON_NO_IMAGE)
            continue;
        ids[count] = id_of(misses->list[i].item);
        open[count++] = &misses->list[i];
    }
    if (count == 0 || ask->describe_denied)
        return;
    error_init(&error, &ask->session->arena);
    int status = ecr_find_archived(&ask->api, ask->repository, ids, count, images, &pages, &ask->scratch, &error);
    for (size_t i = 0; i < count; i++) {
        if (!images[i].digest || images[i].contradicted)
            continue;
        decide_by_status(ask, open[i]->item, &images[i], "by a listing of the archived images");
        open[i]->reason = REASON_OK; /* it is there, even if its status says nothing to us */
    }
    arena_reset(&ask->scratch);
    keep_open(misses);
    if (status < 0 && error.reason != REASON_NO_REPOSITORY && !(pages == 0 && lacks_archive(&error)))
        fail_misses(ask, misses, REASON_NO_IMAGE, &error);
}

static void say_not_cached(struct ask *ask, struct item *item, const struct ecr_cache_rule *rule)
{
    struct error error;
    error_init(&error, &ask->session->arena);
    error_set(&error, REASON_NOT_CACHED, ask->api.client.endpoint.host,
              "not in ECR yet, but the pull-through cache rule '%s' covers it and would fetch it from %s", rule->prefix,
              rule->upstream);
    error_hint(&error, "%s; without ecr:BatchImportUpstreamImage and ecr:CreateRepository that looks like a 404",
               item->reference.digest ? "a first pull by digest does not import it: pull it once by tag"
                                      : "a pull by tag (or --pull-through) imports it, if the upstream has it");
    error.http_status = 200;
    item_step(item, &ask->session->arena, SOURCE, false, &error);
    item->rule = rule;
    item_stop(item); /* the other probes would import it */
}

static void decide_absent(struct ask *ask, const struct miss *miss, const char *note)
{
    const char *detail = arena_printf(&ask->session->arena, "%s%s%s", miss->detail, note ? "; " : "", note ? note : "");
    struct outcome outcome = {.reason = miss->reason, .size = -1, .detail = detail};
    item_decide(miss->item, &ask->session->arena, SOURCE, &outcome);
}

/* What a cache rule covers is not absent: a pull might succeed. */
static void look_for_rules(struct ask *ask, struct misses *misses)
{
    const char *note = NULL;
    if (misses->count == 0)
        return;
    const struct ecr_cache_rules *rules =
        ecr_cache_rules(&ask->api, &ask->session->shared->rule_books, &ask->session->arena);
    bool not_to_be_known = is_access_denied(&rules->error) || rules->error.reason == REASON_UNSUPPORTED;
    if (rules->status < 0 && !not_to_be_known) {
        fail_misses(ask, misses, REASON_OK, &rules->error);
        return;
    }
    if (rules->status < 0)
        note = arena_printf(
            &ask->scratch,
            "whether a pull-through cache rule covers it is not known (ecr:DescribePullThroughCacheRules: %s)",
            rules->error.service_code);
    const struct ecr_cache_rule *rule = ecr_covering_rule(rules->list, rules->count, ask->repository);
    for (size_t i = 0; i < misses->count; i++) {
        if (rule)
            say_not_cached(ask, misses->list[i].item, rule);
        else
            decide_absent(ask, &misses->list[i], note);
    }
    arena_reset(&ask->scratch);
}

static void skip(struct session *session, struct todo todo, const struct error *error)
{
    todo_step(todo, session, SOURCE, true, error);
}

void probe_ecr(struct session *session, struct todo todo)
{
    struct error error;
    const struct item *first = todo.items[0];
    struct ask ask = {.session = session, .repository = first->reference.repository};
    error_init(&error, &session->arena);
    if (!first->is_ecr || first->ecr.is_public) {
        error_set(&error, REASON_UNSUPPORTED, first->reference.registry,
                  "is no private registry of Amazon ECR, so ECR's API does not know it");
        skip(session, todo, &error);
        return;
    }
    if (ecr_caller_api(&session->ecr, &first->ecr, first->deadline, &ask.api, &error) < 0) {
        skip(session, todo, &error);
        return;
    }
    for (size_t start = 0; start < todo.count; start += ECR_IDS_MAX) {
        struct misses misses = {.count = 0};
        size_t left = todo.count - start;
        ask_images(&ask, todo.items + start, left < ECR_IDS_MAX ? left : ECR_IDS_MAX, &misses);
        look_in_archive(&ask, &misses);
        look_for_rules(&ask, &misses);
    }
    arena_free(&ask.scratch);
}
