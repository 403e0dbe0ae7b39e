/* cache: the pull-through cache rules of a registry. */
#include "cmd/cache.h"

#include <string.h>

#include "base/json_merge.h"
#include "ecr/cache_rule.h"
#include "ecr/name.h"

#define PAGE_ROWS 1000

int cache_prefix(struct work *work, size_t operand)
{
    if (work_target(work, operand, TARGET_PREFIX) < 0)
        return -1;
    struct slice prefix = slice_of(work->target.repository);
    const char *fault = ecr_cache_prefix_fault(prefix);
    if (slice_ends(prefix, "/")) /* which is there in any case */
        work->target.repository = arena_copy(&work->in->arena, slice_head(prefix, prefix.len - 1));
    return fault ? error_set(&work->in->error, REASON_USAGE, work->target.text, "%s", fault) : 0;
}

/* A secret in another region or account than the registry's cannot be read by its rules. */
static bool is_elsewhere(const struct work *work, const char *secret)
{
    struct arn arn;
    return work->target.has_host && arn_parse(slice_of(secret), &arn) &&
           (!slice_is(arn.region, work->target.host.region) || !slice_is(arn.account, work->target.host.account));
}

int cache_check_arns(struct work *work, const char *secret, const char *role)
{
    struct error *error = &work->in->error;
    const char *fault = secret ? ecr_secret_arn_fault(slice_of(secret)) : NULL;
    if (secret && !fault && is_elsewhere(work, secret))
        fault = "the secret must be in the account and the region of the registry";
    if (fault)
        return error_set(error, REASON_USAGE, secret, "%s", fault);
    fault = role ? ecr_role_arn_fault(slice_of(role)) : NULL;
    return fault ? error_set(error, REASON_USAGE, role, "%s", fault) : 0;
}

int cache_check_place(struct work *work, const char *secret)
{
    struct arn arn;
    bool elsewhere = secret && arn_parse(slice_of(secret), &arn) && !slice_is(arn.region, work->api.client.region);
    return elsewhere ? error_set(&work->in->error, REASON_USAGE, secret,
                                 "the secret must be in the registry's region, %s", work->api.client.region)
                     : 0;
}

/* Whether a change took, though the rule could not be tried: that is told, and is no failure of the change. */
static bool may_not_try(const struct work *work)
{
    return work->in->error.reason == REASON_DENIED;
}

int cache_try(struct work *work)
{
    if (cache_validate(work) == 0)
        return 0;
    if (!may_not_try(work))
        return -1;
    work_note(work, TERM_YELLOW, "Whether it works could not be asked: %s",
              error_text(&work->in->error, &work->in->arena));
    return 0;
}

/* A request about the rule. */
static void open_body(const struct work *work, struct buf *body)
{
    ecr_manage_open(&work->api, "", body);
    json_member_str(body, "ecrRepositoryPrefix", work->target.repository);
}

static int call(struct work *work, const char *operation, struct buf *body, struct json_node *reply)
{
    struct invocation *in = work->in;
    return ecr_manage(&work->api, operation, work->target.text, body, &in->arena, reply, &in->error);
}

int cache_describe(struct work *work, struct json_node *rule)
{
    struct buf body;
    struct json_node reply;
    ecr_manage_open(&work->api, "", &body);
    json_member(&body, "ecrRepositoryPrefixes");
    json_open(&body, '[');
    json_write_str(&body, work->target.repository);
    json_close(&body, ']');
    if (call(work, "DescribePullThroughCacheRules", &body, &reply) < 0)
        return -1;
    *rule = json_first(json_get(reply, "pullThroughCacheRules"));
    return json_exists(*rule) ? 0
                              : error_set(&work->in->error, REASON_NOT_SET, work->target.text, "there is no such rule");
}

/* *fault is what the service says against the rule, NULL when it works. */
static int validate(struct work *work, const char *thing, const char *prefix, const char **fault)
{
    struct invocation *in = work->in;
    if (ecr_cache_rule_validate(&work->api, prefix, &in->arena, fault, &in->error) == 0)
        return 0;
    return ecr_explain(&work->api, thing, &in->error);
}

int cache_validate(struct work *work)
{
    const char *fault;
    struct error *error = &work->in->error;
    if (validate(work, work->target.text, work->target.repository, &fault) < 0)
        return -1;
    if (!fault)
        return 0;
    error_set(error, REASON_REFUSED, work->target.text, "the rule does not work: %s", fault);
    error_hint(error, "is the secret right and not over, and does the upstream answer?");
    return -1;
}

/* The state of each rule, which is asked for one by one. */
struct states {
    struct work *work;
    const struct ecr_rows *rows;
    bool denied; /* told already */
};

/* What the service says of a rule. */
struct rule_state {
    bool known, valid;
    const char *failure; /* of one that is not valid */
};

static struct rule_state state_of(struct states *states, size_t row)
{
    struct rule_state state = {false, false, NULL};
    struct work *work = states->work;
    struct invocation *in = work->in;
    const char *prefix = json_cstr(&in->arena, json_get(states->rows->list[row], "ecrRepositoryPrefix"));
    if (states->denied || !prefix)
        return state;
    state.known = validate(work, prefix, prefix, &state.failure) == 0;
    state.valid = state.known && !state.failure;
    if (state.known)
        return state;
    states->denied = in->error.reason == REASON_DENIED;
    work_note(work, TERM_YELLOW, "The state is not known: %s", error_text(&in->error, &in->arena));
    return state;
}

static const char *fill_state(void *context, size_t row, size_t column)
{
    struct rule_state state = state_of(context, row);
    (void)column;
    return state.valid ? "ok" : state.known ? state.failure : "?";
}

/* The service's object of a rule, with what its validation says, as far as that is known. */
static int print_json(struct states *states)
{
    struct buf out = BUF_INIT;
    struct invocation *in = states->work->in;
    for (size_t i = 0; i < states->rows->count; i++) {
        struct rule_state state = state_of(states, i);
        json_write_node(&out, states->rows->list[i]);
        out.len--; /* its last bracket comes later */
        if (state.known) {
            json_member(&out, "isValid");
            json_write_raw(&out, state.valid ? SLICE("true") : SLICE("false"));
            json_member_str(&out, "failure", state.failure);
        }
        json_close(&out, '}');
        buf_char(&out, '\n');
    }
    return invocation_finish(in, &out);
}

/* The prefixes that are asked for; all are of the registry that the first names. */
static int take_prefixes(struct work *work, const char **prefixes)
{
    struct ecr_target other;
    struct invocation *in = work->in;
    if (work_target(work, 0, TARGET_PREFIX) < 0)
        return -1;
    prefixes[0] = work->target.repository;
    for (size_t i = 1; i < in->operand_count; i++) {
        if (ecr_target_parse(&in->arena, in->operands[i], TARGET_PREFIX, false, &other, &in->error) < 0)
            return -1;
        if (other.has_host)
            return error_set(&in->error, REASON_USAGE, in->operands[i], "the first prefix alone names the registry");
        prefixes[i] = other.repository;
    }
    return 0;
}

/* Rules whose prefix begins as one of those that are asked for. */
static void filter_rows(struct ecr_rows *rows, const char *const *prefixes, size_t count, struct arena *arena)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        bool wanted = count == 0;
        struct slice prefix = json_string(arena, json_get(rows->list[i], "ecrRepositoryPrefix"));
        for (size_t k = 0; k < count; k++)
            wanted = wanted || slice_starts(prefix, prefixes[k]);
        if (wanted)
            rows->list[kept++] = rows->list[i];
    }
    rows->count = kept;
}

static int cache_ls(struct work *work)
{
    static const struct field fields[] = {
        {{"PREFIX", false, false, 0}, "ecrRepositoryPrefix", FIELD_TEXT},
        {{"UPSTREAM", false, true, 0}, "upstreamRegistryUrl", FIELD_TEXT},
        {{"UPSTREAM PREFIX", false, false, 3}, "upstreamRepositoryPrefix", FIELD_TEXT},
        {{"STATE", false, true, 0}, NULL, FIELD_TEXT},
        {{"CREDENTIALS", false, true, 4}, "credentialArn", FIELD_TEXT},
        {{"ROLE", false, true, 5}, "customRoleArn", FIELD_TEXT},
        {{"CREATED", false, false, 2}, "createdAt", FIELD_TIME},
    };
    struct buf body;
    struct ecr_rows rows;
    struct invocation *in = work->in;
    struct states states = {work, &rows, false};
    if (work_parse(work, NULL, 0, 0, SIZE_MAX, "cache ls [[HOST/]PREFIX]...") < 0)
        return -1;
    const char **prefixes = arena_array(&in->arena, in->operand_count + 1, sizeof *prefixes);
    if (take_prefixes(work, prefixes) < 0 || work_open(work) < 0)
        return -1;
    ecr_manage_open(&work->api, "", &body);
    if (ecr_manage_list(&work->api, "DescribePullThroughCacheRules", "the registry", &body, PAGE_ROWS, &in->arena,
                        &rows, &in->error) < 0)
        return -1;
    filter_rows(&rows, prefixes, in->operand_count, &in->arena);
    if (!rows.count)
        work_note(work, TERM_PLAIN, "No pull-through cache rules%s", in->operand_count ? " that begin so" : "");
    return in->json ? print_json(&states)
                    : rows_print(in, fields, COUNT_OF(fields), rows.list, rows.count, fill_state, &states);
}

static int cache_set(struct work *work)
{
    struct buf body;
    struct json_node reply;
    const char *secret = NULL, *role = NULL;
    struct invocation *in = work->in;
    const struct option own[] = {{"credential-arn", 0, OPTION_TEXT, &secret, NULL},
                                 {"role-arn", 0, OPTION_TEXT, &role, NULL}};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "cache set [--credential-arn ARN] [--role-arn ARN] PREFIX") < 0 ||
        cache_prefix(work, 0) < 0 || cache_check_arns(work, secret, role) < 0)
        return -1;
    if (!secret && !role)
        return error_set(&in->error, REASON_USAGE, in->operands[0],
                         "nothing is to be set: --credential-arn, --role-arn; the rest of a rule cannot be changed");
    if (work_open(work) < 0 || cache_check_place(work, secret) < 0)
        return -1;
    open_body(work, &body);
    json_member_str(&body, "credentialArn", secret);
    json_member_str(&body, "customRoleArn", role);
    if (call(work, "UpdatePullThroughCacheRule", &body, &reply) < 0 || cache_try(work) < 0)
        return -1;
    work_note(work, TERM_PLAIN, "Cache rule set: %s", work->target.text);
    return work_done(work, reply);
}

static int cache_rm(struct work *work)
{
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    const struct option own[] = {WORK_YES(work)};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "cache rm [--yes] PREFIX") < 0 || cache_prefix(work, 0) < 0 ||
        work_confirm(work, "remove the cache rule %s", work->target.text) < 0 || work_open(work) < 0)
        return -1;
    open_body(work, &body);
    if (call(work, "DeletePullThroughCacheRule", &body, &reply) == 0) {
        work_note(work, TERM_PLAIN, "Cache rule removed: %s (what it cached stays)", work->target.text);
        return work_done(work, reply);
    }
    if (in->error.reason != REASON_NOT_SET)
        return -1;
    work_note(work, TERM_PLAIN, "There was no such rule: %s", work->target.text);
    return EXIT_OK;
}

static int cache_test(struct work *work)
{
    if (work_parse(work, NULL, 0, 1, 1, "cache test PREFIX") < 0 || cache_prefix(work, 0) < 0 || work_open(work) < 0 ||
        cache_validate(work) < 0)
        return -1;
    work_note(work, TERM_GREEN, "Cache rule works: %s", work->target.text);
    if (!work->in->json)
        return EXIT_OK;
    struct json_node rule;
    return cache_describe(work, &rule) < 0 ? -1 : work_print(work, "", rule);
}

int cmd_cache(struct invocation *in)
{
    static const struct verb verbs[] = {{"ls", cache_ls}, {"add", cache_add},   {"set", cache_set},
                                        {"rm", cache_rm}, {"test", cache_test}, {NULL, NULL}};
    return work_run(in, verbs);
}
