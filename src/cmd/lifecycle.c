/* lifecycle: which images of a repository go by themselves. */
#include <string.h>

#include "base/json_same.h"
#include "cmd/work.h"
#include "ecr/lifecycle.h"
#include "image/reference.h"

#define PREVIEW_ROWS     100
#define PREVIEW_LIMIT_MS 600000

/* A policy of the command line: a file, or what its options say; without both there is none. */
struct policy_wish {
    struct lifecycle_wish wish;
    struct text_list prefixes;
    struct slice text;
};

#define POLICY_OPTIONS(policy)                                                                                         \
    {"keep", 0, OPTION_NUMBER, &(policy)->wish.keep, NULL},                                                            \
        {"untagged-days", 0, OPTION_NUMBER, &(policy)->wish.untagged_days, NULL},                                      \
    {                                                                                                                  \
        "prefix", 0, OPTION_LIST, &(policy)->prefixes, NULL                                                            \
    }

static int check_text(struct work *work, const char *source, struct slice text)
{
    struct document_fault fault = lifecycle_check(&work->in->arena, text);
    if (!fault.rule)
        return 0;
    return error_set(&work->in->error, REASON_USAGE, source, "%s%s%s", fault.path, *fault.path ? ": " : "", fault.rule);
}

/* The policy as a text that has been checked; its data is NULL when none was given. */
static int read_policy(struct work *work, struct policy_wish *policy)
{
    struct invocation *in = work->in;
    struct buf text = BUF_INIT;
    bool options = policy->wish.keep || policy->wish.untagged_days || policy->prefixes.count;
    policy->wish.prefixes = policy->prefixes.values;
    policy->wish.prefix_count = policy->prefixes.count;
    if (options && in->operand_count > 1)
        return work_refuse(work, in->operands[1], "either a file, or --keep and --untagged-days");
    for (size_t i = 0; i < policy->prefixes.count; i++)
        if (reference_tag_fault(slice_of(policy->prefixes.values[i])))
            return work_refuse(work, policy->prefixes.values[i],
                               "no tag begins so: it has letters, digits, '_', '.' and '-'");
    if (policy->prefixes.count && !policy->wish.keep)
        return work_refuse(work, "--prefix", "it goes with --keep");
    if (in->operand_count > 1)
        return work_read(work, in->operands[1], 4 * LIFECYCLE_TEXT_MAX, &policy->text) < 0
                   ? -1
                   : check_text(work, work_input_name(in->operands[1]), policy->text);
    if (!options)
        return 0;
    lifecycle_write(&text, &policy->wish);
    policy->text = arena_slice(&in->arena, buf_view(&text));
    buf_free(&text);
    return check_text(work, "the policy of these options", policy->text);
}

static int call(struct work *work, const char *operation, struct slice policy, struct json_node *reply)
{
    struct buf body;
    struct invocation *in = work->in;
    ecr_manage_open(&work->api, work->target.repository, &body);
    if (policy.data) {
        json_member(&body, "lifecyclePolicyText");
        json_write_slice(&body, policy);
    }
    return ecr_manage(&work->api, operation, work->target.text, &body, &in->arena, reply, &in->error);
}

static int lifecycle_show(struct work *work)
{
    struct json_node reply;
    struct invocation *in = work->in;
    if (work_parse(work, NULL, 0, 1, 1, "lifecycle show REPO") < 0 || work_target(work, 0, TARGET_REPOSITORY) < 0 ||
        work_open(work) < 0 || call(work, "GetLifecyclePolicy", (struct slice){NULL, 0}, &reply) < 0)
        return -1;
    if (in->json)
        return work_print(work, "", reply);
    return work_print_document(work, "GetLifecyclePolicy",
                               json_string(&in->arena, json_get(reply, "lifecyclePolicyText")));
}

static int lifecycle_set(struct work *work)
{
    struct json_node reply;
    struct policy_wish policy = {.text = {NULL, 0}};
    const struct option own[] = {POLICY_OPTIONS(&policy)};
    static const char usage[] = "lifecycle set REPO FILE | REPO [--keep N [--prefix P]...] [--untagged-days N]";
    if (work_parse(work, own, COUNT_OF(own), 1, 2, usage) < 0 || work_target(work, 0, TARGET_REPOSITORY) < 0 ||
        read_policy(work, &policy) < 0)
        return -1;
    if (!policy.text.data)
        return work_refuse(work, work->target.text, "which policy? a file, '-', or --keep and --untagged-days");
    if (work_open(work) < 0 || call(work, "PutLifecyclePolicy", policy.text, &reply) < 0)
        return -1;
    work_note(work, TERM_PLAIN, "Lifecycle policy set: %s", work->target.text);
    return work_done(work, reply);
}

static int lifecycle_rm(struct work *work)
{
    struct json_node reply;
    struct invocation *in = work->in;
    const struct option own[] = {WORK_YES(work)};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "lifecycle rm [--yes] REPO") < 0 ||
        work_target(work, 0, TARGET_REPOSITORY) < 0 ||
        work_confirm(work, "remove the lifecycle policy of %s", work->target.text) < 0 || work_open(work) < 0)
        return -1;
    if (call(work, "DeleteLifecyclePolicy", (struct slice){NULL, 0}, &reply) == 0) {
        work_note(work, TERM_PLAIN, "Lifecycle policy removed: %s", work->target.text);
        return work_done(work, reply);
    }
    if (in->error.reason != REASON_NOT_SET)
        return -1;
    work_note(work, TERM_PLAIN, "There was no lifecycle policy: %s", work->target.text);
    return EXIT_OK;
}

/* Begins a preview; one that is running, maybe of another policy, is waited for. */
static int start_preview(struct work *work, struct waiting *waiting, struct slice policy)
{
    struct json_node reply;
    while (call(work, "StartLifecyclePolicyPreview", policy, &reply) < 0) {
        if (!ecr_error_is(&work->in->error, "LifecyclePolicyPreviewInProgressException"))
            return waiting_failed(waiting);
        if (waiting_pause(waiting, "another one is running") < 0)
            return -1;
    }
    return 0;
}

/* The state of a preview: COMPLETE only if that is said on every page. */
static const char *state_of(const struct ecr_pages *pages, struct arena *arena)
{
    const char *state = NULL;
    for (size_t i = 0; i < pages->count; i++) {
        state = json_cstr(arena, json_get(json_root(&pages->list[i]), "status"));
        if (!state || strcmp(state, "COMPLETE") != 0)
            break;
    }
    return state;
}

/* Another preview may have taken the place of ours: each tells of which policy it is. */
static int check_policy(struct work *work, struct slice policy, const struct ecr_pages *pages)
{
    struct invocation *in = work->in;
    for (size_t i = 0; policy.data && i < pages->count; i++) {
        struct slice text = json_string(&in->arena, json_get(json_root(&pages->list[i]), "lifecyclePolicyText"));
        if (!text.data || json_same_text(policy, text))
            continue;
        error_set(&in->error, REASON_REFUSED, work->target.text,
                  "another policy was tried meanwhile, in place of this one");
        error_hint(&in->error, "begin again");
        return -1;
    }
    return 0;
}

/* Reads a preview until it is complete. */
static int await_preview(struct work *work, struct waiting *waiting, struct slice policy, struct ecr_pages *pages)
{
    struct buf body;
    struct invocation *in = work->in;
    const char *repository = work->target.repository;
    for (;;) {
        ecr_manage_open(&work->api, repository, &body);
        if (ecr_manage_pages(&work->api, "GetLifecyclePolicyPreview", work->target.text, &body, PREVIEW_ROWS,
                             &in->arena, pages, &in->error) < 0)
            return waiting_failed(waiting);
        const char *state = state_of(pages, &in->arena);
        if (!state)
            return ecr_not_what_was_asked(&work->api, "GetLifecyclePolicyPreview", &in->error);
        if (strcmp(state, "COMPLETE") == 0)
            return check_policy(work, policy, pages);
        if (strcmp(state, "IN_PROGRESS") != 0)
            return error_set(&in->error, REASON_REFUSED, work->target.text, "the preview ended as %s", state);
        if (waiting_pause(waiting, state) < 0)
            return -1;
    }
}

/* Images of one kind of action. */
static size_t count_actions(const struct ecr_rows *rows, const char *action)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        count += json_equals(field_node("action.type", rows->list[i]), action);
    return count;
}

static int print_preview(struct work *work, const struct ecr_pages *pages)
{
    static const struct field fields[] = {
        {{"TAG", false, true, 0}, "imageTags", FIELD_TEXT},
        {{"DIGEST", false, true, 0}, "imageDigest", FIELD_TEXT},
        {{"PUSHED", false, false, 2}, "imagePushedAt", FIELD_TIME},
        {{"ACTION", false, false, 0}, "action.type", FIELD_TEXT},
        {{"RULE", true, false, 1}, "appliedRulePriority", FIELD_TEXT},
    };
    struct ecr_rows rows;
    struct invocation *in = work->in;
    if (ecr_rows_of(&work->api, "GetLifecyclePolicyPreview", pages, &in->arena, &rows, &in->error) < 0)
        return -1;
    size_t moved = count_actions(&rows, "TRANSITION"), gone = count_actions(&rows, "EXPIRE");
    work_note(work, TERM_PLAIN, gone == 1 ? "%zu image of %s would go" : "%zu images of %s would go", gone,
              work->target.text);
    if (moved)
        work_note(work, TERM_PLAIN, "%zu would be archived", moved);
    return rows_print(in, fields, COUNT_OF(fields), rows.list, rows.count, NULL, NULL);
}

static int lifecycle_preview(struct work *work)
{
    struct waiting waiting;
    struct ecr_pages pages;
    struct policy_wish policy = {.text = {NULL, 0}};
    const struct option own[] = {POLICY_OPTIONS(&policy)};
    static const char usage[] = "lifecycle preview REPO [FILE] | REPO [--keep N [--prefix P]...] [--untagged-days N]";
    if (work_parse(work, own, COUNT_OF(own), 1, 2, usage) < 0 || work_target(work, 0, TARGET_REPOSITORY) < 0 ||
        read_policy(work, &policy) < 0 || work_open(work) < 0)
        return -1;
    waiting_begin(&waiting, work, arena_printf(&work->in->arena, "the preview of %s", work->target.text),
                  PREVIEW_LIMIT_MS);
    if (start_preview(work, &waiting, policy.text) < 0 || await_preview(work, &waiting, policy.text, &pages) < 0)
        return -1;
    waiting_end(&waiting);
    return print_preview(work, &pages);
}

int cmd_lifecycle(struct invocation *in)
{
    static const struct verb verbs[] = {{"show", lifecycle_show},
                                        {"set", lifecycle_set},
                                        {"rm", lifecycle_rm},
                                        {"preview", lifecycle_preview},
                                        {NULL, NULL}};
    return work_run(in, verbs);
}
