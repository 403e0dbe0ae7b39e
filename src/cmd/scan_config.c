/* scan config: which repositories of the registry are scanned, how and when. */
#include "cmd/scan.h"
#include "ecr/name.h"

#define FILTERS_MAX 100
#define TOO_MANY    "a rule has 100 filters at most"

static const char *const types[] = {"basic", "enhanced", NULL};
enum { BASIC, ENHANCED, NOT_GIVEN };

/* What the command line asks for. */
struct wish {
    int type; /* index of types, or NOT_GIVEN */
    struct text_list on_push, continuous;
};

static int check(struct work *work, const struct wish *wish)
{
    if ((wish->on_push.count || wish->continuous.count) && wish->type == NOT_GIVEN)
        return work_refuse(work, "scan", "filters go with --type basic or --type enhanced");
    if (wish->continuous.count && wish->type == BASIC)
        return work_refuse(work, "--continuous", "basic scanning looks at images once: --on-push, or --type enhanced");
    if (work_check_list(work, &wish->on_push, "--on-push", FILTERS_MAX, TOO_MANY, ecr_scan_filter_fault) < 0)
        return -1;
    return work_check_list(work, &wish->continuous, "--continuous", FILTERS_MAX, TOO_MANY, ecr_scan_filter_fault);
}

static void write_rule(struct buf *body, const char *frequency, const struct text_list *filters)
{
    if (!filters->count)
        return;
    json_open(body, '{');
    json_member_str(body, "scanFrequency", frequency);
    work_write_filters(body, "repositoryFilters", "WILDCARD", filters);
    json_close(body, '}');
}

/* A configuration that can be shown: rules of a frequency and filters. */
static bool is_configuration(struct json_node configuration)
{
    struct json_node rules = json_get(configuration, "rules");
    for (struct json_node rule = json_first(rules); json_exists(rule); rule = json_next(rules, rule)) {
        struct json_node filters = json_get(rule, "repositoryFilters");
        if (!json_is(json_get(rule, "scanFrequency"), JSON_STRING) || !json_is(filters, JSON_ARRAY))
            return false;
        for (struct json_node filter = json_first(filters); json_exists(filter); filter = json_next(filters, filter))
            if (!json_is(json_get(filter, "filter"), JSON_STRING))
                return false;
    }
    return !json_exists(rules) || json_is(rules, JSON_ARRAY);
}

static int put(struct work *work, const struct wish *wish, struct json_node *configuration)
{
    struct json_node reply;
    struct buf body = BUF_INIT;
    struct invocation *in = work->in;
    json_open(&body, '{');
    json_member_str(&body, "scanType", wish->type == ENHANCED ? "ENHANCED" : "BASIC");
    json_member(&body, "rules");
    json_open(&body, '[');
    write_rule(&body, "SCAN_ON_PUSH", &wish->on_push);
    write_rule(&body, "CONTINUOUS_SCAN", &wish->continuous);
    json_close(&body, ']');
    if (ecr_manage(&work->api, "PutRegistryScanningConfiguration", "the registry", &body, &in->arena, &reply,
                   &in->error) < 0)
        return -1;
    *configuration = json_get(reply, "registryScanningConfiguration");
    if (!is_configuration(*configuration))
        return ecr_not_what_was_asked(&work->api, "PutRegistryScanningConfiguration", &in->error);
    work_note(work, TERM_PLAIN, "Scanning of the registry set");
    return 0;
}

static int get(struct work *work, struct json_node *configuration)
{
    struct json_node reply;
    struct buf body = BUF_INIT;
    struct invocation *in = work->in;
    json_open(&body, '{');
    if (ecr_manage(&work->api, "GetRegistryScanningConfiguration", "the registry", &body, &in->arena, &reply,
                   &in->error) < 0)
        return -1;
    *configuration = json_get(reply, "scanningConfiguration");
    return is_configuration(*configuration)
               ? 0
               : ecr_not_what_was_asked(&work->api, "GetRegistryScanningConfiguration", &in->error);
}

/* Whether a rule is among those that are asked for: of the frequency, with all the filters. */
static bool is_kept(struct json_node rule, const struct wish *wish)
{
    bool on_push = json_equals(json_get(rule, "scanFrequency"), "SCAN_ON_PUSH");
    const struct text_list *wanted = on_push ? &wish->on_push : &wish->continuous;
    struct json_node filters = json_get(rule, "repositoryFilters");
    for (struct json_node node = json_first(filters); json_exists(node); node = json_next(filters, node)) {
        size_t i = 0;
        while (i < wanted->count && !json_equals(json_get(node, "filter"), wanted->values[i]))
            i++;
        if (i == wanted->count)
            return false;
    }
    return true;
}

/* Asks before repositories are no longer scanned as they were: what is set takes the place of all rules. */
static int confirm_loss(struct work *work, const struct wish *wish, struct json_node configuration)
{
    size_t lost = 0;
    struct json_node rules = json_get(configuration, "rules");
    for (struct json_node rule = json_first(rules); json_exists(rule); rule = json_next(rules, rule))
        lost += !is_kept(rule, wish);
    return lost ? work_confirm(work, "replace %zu of the registry's scanning rules", lost) : 0;
}

static const char *fill_type(void *context, size_t row, size_t column)
{
    (void)row;
    (void)column;
    return context;
}

/* A line a rule, each with the type; one without a rule if there is none. */
static int print(struct work *work, struct json_node configuration)
{
    static const struct field fields[] = {
        {{"TYPE", false, false, 0}, NULL, FIELD_TEXT},
        {{"FREQUENCY", false, false, 0}, "scanFrequency", FIELD_TEXT},
        {{"REPOSITORIES", false, true, 0}, "repositoryFilters", FIELD_TEXT},
    };
    struct invocation *in = work->in;
    struct json_node rows[8] = {{NULL, 0}}, list = json_get(configuration, "rules");
    size_t count = 0;
    if (in->json)
        return work_print(work, "", configuration);
    for (struct json_node node = json_first(list); json_exists(node) && count < COUNT_OF(rows);
         node = json_next(list, node))
        rows[count++] = node;
    return rows_print(in, fields, COUNT_OF(fields), rows, count ? count : 1, fill_type,
                      json_cstr(&in->arena, json_get(configuration, "scanType")));
}

int scan_config(struct work *work)
{
    struct json_node configuration = {NULL, 0};
    struct wish wish = {.type = NOT_GIVEN};
    const struct option own[] = {{"type", 0, OPTION_CHOICE, &wish.type, types},
                                 {"on-push", 0, OPTION_LIST, &wish.on_push, NULL},
                                 {"continuous", 0, OPTION_LIST, &wish.continuous, NULL},
                                 WORK_YES(work)};
    static const char usage[] =
        "scan config [--yes] [--type basic|enhanced [--on-push FILTER]... [--continuous FILTER]...]";
    if (work_parse(work, own, COUNT_OF(own), 0, 0, usage) < 0 || check(work, &wish) < 0 || work_open(work) < 0)
        return -1;
    bool sets = wish.type != NOT_GIVEN, looks = !sets || !work->yes;
    if (looks && get(work, &configuration) < 0)
        return -1;
    if (sets && ((looks && confirm_loss(work, &wish, configuration) < 0) || put(work, &wish, &configuration) < 0))
        return -1;
    return print(work, configuration);
}
