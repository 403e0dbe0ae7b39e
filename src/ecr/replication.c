#include "ecr/replication.h"

#include "base/json_same.h"
#include "ecr/name.h"

struct checker {
    struct arena *arena;
    bool strict;
    struct json_node seen[REPLICATION_DESTINATIONS_MAX]; /* destinations, each once */
    size_t seen_count;
    struct document_fault fault;
};

/* Notes the first fault. */
static bool fail(struct checker *checker, const char *path, const char *rule)
{
    if (!checker->fault.rule)
        checker->fault = (struct document_fault){path, rule};
    return false;
}

/* One that is known, or any where news are welcome. */
static bool has_only(struct checker *checker, struct json_node object, const char *path, const char *one,
                     const char *other)
{
    for (struct json_node key = json_first(object); checker->strict && json_exists(key);
         key = json_next(object, json_next(object, key)))
        if (!json_equals(key, one) && !json_equals(key, other))
            return fail(checker, arena_printf(checker->arena, "%s.%.*s", path, SLICE_ARGS(json_raw(key))),
                        "there is no such member");
    return true;
}

static bool check_text(struct checker *checker, struct json_node node, const char *path,
                       const char *(*fault_of)(struct slice))
{
    struct slice text = json_string(checker->arena, node);
    const char *fault = text.data ? fault_of(text) : "it is a text";
    return !fault || fail(checker, path, fault);
}

/* Counts a destination, unless it was; false when there is no room for it. */
static bool is_counted(struct checker *checker, struct json_node node)
{
    for (size_t i = 0; i < checker->seen_count; i++)
        if (json_same(checker->seen[i], node))
            return true;
    if (checker->seen_count == REPLICATION_DESTINATIONS_MAX)
        return false;
    checker->seen[checker->seen_count++] = node;
    return true;
}

static bool check_destination(struct checker *checker, struct json_node node, const char *path)
{
    struct arena *arena = checker->arena;
    if (!json_is(node, JSON_OBJECT))
        return fail(checker, path, "it is an object with region and registryId");
    if (checker->strict && !is_counted(checker, node))
        return fail(checker, path, "there are 25 destinations at most, over all rules");
    return has_only(checker, node, path, "region", "registryId") &&
           check_text(checker, json_get(node, "region"), arena_printf(arena, "%s.region", path), ecr_region_fault) &&
           check_text(checker, json_get(node, "registryId"), arena_printf(arena, "%s.registryId", path),
                      ecr_account_fault);
}

static bool check_filter(struct checker *checker, struct json_node node, const char *path)
{
    struct arena *arena = checker->arena;
    if (!json_is(node, JSON_OBJECT))
        return fail(checker, path, "it is an object with filter and filterType");
    if (checker->strict && !json_equals(json_get(node, "filterType"), "PREFIX_MATCH"))
        return fail(checker, arena_printf(arena, "%s.filterType", path), "it is \"PREFIX_MATCH\"");
    if (!json_equals(json_get(node, "filterType"), "PREFIX_MATCH"))
        return true; /* one that came later */
    return has_only(checker, node, path, "filter", "filterType") &&
           check_text(checker, json_get(node, "filter"), arena_printf(arena, "%s.filter", path),
                      ecr_replication_prefix_fault);
}

/* A list of 1 to `most` elements. */
static bool check_list(struct checker *checker, struct json_node list, const char *path, size_t most, const char *rule,
                       bool (*check)(struct checker *, struct json_node, const char *))
{
    size_t count = 0;
    if (!json_is(list, JSON_ARRAY) || !json_exists(json_first(list)))
        return fail(checker, path, rule);
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node), count++)
        if ((checker->strict && count == most) ||
            !check(checker, node, arena_printf(checker->arena, "%s[%zu]", path, count)))
            return fail(checker, path, rule);
    return true;
}

static bool check_rule(struct checker *checker, struct json_node rule, const char *path)
{
    struct arena *arena = checker->arena;
    struct json_node filters = json_get(rule, "repositoryFilters");
    if (!json_is(rule, JSON_OBJECT))
        return fail(checker, path, "a rule is an object");
    if (!has_only(checker, rule, path, "destinations", "repositoryFilters") ||
        !check_list(checker, json_get(rule, "destinations"), arena_printf(arena, "%s.destinations", path),
                    REPLICATION_DESTINATIONS_MAX, "it is a list of 1 to 25 destinations", check_destination))
        return false;
    return !json_exists(filters) ||
           check_list(checker, filters, arena_printf(arena, "%s.repositoryFilters", path), REPLICATION_FILTERS_MAX,
                      "it is a list of 1 to 100 filters", check_filter);
}

struct document_fault replication_check(struct arena *arena, struct json_node configuration, bool strict)
{
    struct checker checker = {.arena = arena, .strict = strict};
    struct json_node rules = json_get(configuration, "rules");
    size_t count = 0;
    if (!json_is(rules, JSON_ARRAY))
        return (struct document_fault){"rules", "a replication configuration is an object with a list of rules"};
    for (struct json_node rule = json_first(rules); json_exists(rule); rule = json_next(rules, rule), count++)
        if ((strict && count == REPLICATION_RULES_MAX) ||
            !check_rule(&checker, rule, arena_printf(arena, "rules[%zu]", count)))
            return checker.fault.rule ? checker.fault : (struct document_fault){"rules", "there are 10 at most"};
    return checker.fault;
}
