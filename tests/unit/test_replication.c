/* Replication configurations: what somebody writes is checked strictly, what the service says lets news pass. */
#include "unit.h"

#include "base/json.h"
#include "ecr/replication.h"

#define HERE "{'region':'eu-west-1','registryId':'123456789012'}"
#define TO "'destinations':[" HERE "]"
#define FILTER "{'filter':'prod/','filterType':'PREFIX_MATCH'}"
#define REGION "looks like us-east-1"
#define ACCOUNT "12 digits"

/* JSON is written with ' for " here. */
static struct slice quoted(const char *text)
{
    char *copy = arena_strdup(&arena, text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return slice_of(copy);
}

/* `rule` NULL: no fault. */
static void check(const char *text, bool strict, const char *path, const char *rule)
{
    struct json json;
    struct document_fault fault;
    assert_int_equal(json_parse(&arena, quoted(text), &json), 0);
    fault = replication_check(&arena, json_root(&json), strict);
    CHECK(!fault.rule == !rule, "%s, strict %d\n  fault: %s: %s", text, strict, fault.path ? fault.path : "(none)",
          fault.rule ? fault.rule : "(none)");
    if (!fault.rule || !rule)
        return;
    CHECK_TEXT(fault.path, path, "%s, strict %d", text, strict);
    CHECK(strstr(fault.rule, rule) != NULL, "%s, strict %d\n  fault: %s", text, strict, fault.rule);
}

static const char *one_rule(const char *members)
{
    return arena_printf(&arena, "{'rules':[{%s}]}", members);
}

static void test_good(void **state)
{
    (void)state;
    static const char *const rows[] = {
        TO, "'destinations':[" HERE "," HERE "]", "'repositoryFilters':[" FILTER "]," TO,
        TO ",'repositoryFilters':[" FILTER ",{'filterType':'PREFIX_MATCH','filter':'de'}]",
        "'destinations':[{'registryId':'000000000000','region':'us-gov-west-1'}]",
    };
    for (int strict = 0; strict < 2; strict++) {
        check("{'rules':[]}", strict, NULL, NULL);
        check("{'rules':[{" TO "},{" TO "}]}", strict, NULL, NULL);
        for (size_t i = 0; i < COUNT(rows); i++)
            check(one_rule(rows[i]), strict, NULL, NULL);
    }
}

/* What is wrong in a file and in a reply; "~" stands for the rule. */
static void test_wrong_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *members, *path, *rule;
    } rows[] = {
        {"", "~.destinations", "1 to 25"}, {"'destinations':[]", "~.destinations", "1 to 25"},
        {"'destinations':{}", "~.destinations", "1 to 25"}, {"'destinations':null", "~.destinations", "1 to 25"},
        {"'destinations':" HERE, "~.destinations", "1 to 25"},
        {"'destinations':[7]", "~.destinations[0]", "region and registryId"},
        {"'destinations':[" HERE ",[]]", "~.destinations[1]", "region and registryId"},
        {"'destinations':[{}]", "~.destinations[0].region", "a text"},
        {"'destinations':[{'registryId':'123456789012'}]", "~.destinations[0].region", "a text"},
        {"'destinations':[{'region':7,'registryId':'123456789012'}]", "~.destinations[0].region", "a text"},
        {"'destinations':[{'region':'','registryId':'123456789012'}]", "~.destinations[0].region", REGION},
        {"'destinations':[{'region':'EU-west-1','registryId':'123456789012'}]", "~.destinations[0].region", REGION},
        {"'destinations':[{'region':'eu-west-1'}]", "~.destinations[0].registryId", "a text"},
        {"'destinations':[{'region':'eu-west-1','registryId':123456789012}]", "~.destinations[0].registryId", "a text"},
        {"'destinations':[{'region':'eu-west-1','registryId':'12345678901'}]", "~.destinations[0].registryId", ACCOUNT},
        {"'destinations':[{'region':'eu-west-1','registryId':'1234567890123'}]", "~.destinations[0].registryId", ACCOUNT},
        {"'destinations':[{'region':'eu-west-1','registryId':'12345678901x'}]", "~.destinations[0].registryId", ACCOUNT},
        {TO ",'repositoryFilters':[]", "~.repositoryFilters", "1 to 100"},
        {TO ",'repositoryFilters':'prod'", "~.repositoryFilters", "1 to 100"},
        {TO ",'repositoryFilters':['prod']", "~.repositoryFilters[0]", "filter and filterType"},
        {TO ",'repositoryFilters':[{'filterType':'PREFIX_MATCH'}]", "~.repositoryFilters[0].filter", "a text"},
        {TO ",'repositoryFilters':[" FILTER ",{'filterType':'PREFIX_MATCH','filter':5}]", "~.repositoryFilters[1].filter",
         "a text"},
        {TO ",'repositoryFilters':[{'filterType':'PREFIX_MATCH','filter':'p'}]", "~.repositoryFilters[0].filter",
         "2 to 256"},
        {TO ",'repositoryFilters':[{'filterType':'PREFIX_MATCH','filter':'Prod'}]", "~.repositoryFilters[0].filter",
         "lower-case"},
    };
    for (int strict = 0; strict < 2; strict++)
        for (size_t i = 0; i < COUNT(rows); i++) {
            const char *path = rows[i].path + 1, *rule = rows[i].rule;
            check(one_rule(rows[i].members), strict, arena_printf(&arena, "rules[0]%s", path), rule);
            check(arena_printf(&arena, "{'rules':[{" TO "},{" TO "},{%s}]}", rows[i].members), strict,
                  arena_printf(&arena, "rules[2]%s", path), rule);
        }
}

static void test_the_whole(void **state)
{
    (void)state;
    static const char *const texts[] = {"null", "[]", "7", "'rules'", "{}", "{'rules':{}}", "{'rules':null}", "{'Rules':[]}",
                                        "{'rules':'x'}"};
    for (int strict = 0; strict < 2; strict++) {
        for (size_t i = 0; i < COUNT(texts); i++)
            check(texts[i], strict, "rules", "a list of rules");
        check("{'rules':[7]}", strict, "rules[0]", "a rule is an object");
        check("{'rules':[{" TO "},null]}", strict, "rules[1]", "a rule is an object");
        check("{'rules':[[]]}", strict, "rules[0]", "a rule is an object");
    }
}

/* Slips in a file, and news in a reply. */
static void test_what_is_not_known(void **state)
{
    (void)state;
    static const struct {
        const char *members, *path, *rule;
    } rows[] = {
        {TO ",'repositoryFilter':[]", "rules[0].repositoryFilter", "no such member"},
        {"'ruleName':'x'," TO, "rules[0].ruleName", "no such member"},
        {"'destinations':[{'region':'eu-west-1','registryId':'123456789012','prefix':'x'}]",
         "rules[0].destinations[0].prefix", "no such member"},
        {TO ",'repositoryFilters':[{'filter':'prod','filterType':'PREFIX_MATCH','case':1}]",
         "rules[0].repositoryFilters[0].case", "no such member"},
        {TO ",'repositoryFilters':[{'filter':'prod','filterType':'SUFFIX_MATCH'}]",
         "rules[0].repositoryFilters[0].filterType", "PREFIX_MATCH"},
        {TO ",'repositoryFilters':[{'filter':'prod','filterType':'prefix_match'}]",
         "rules[0].repositoryFilters[0].filterType", "PREFIX_MATCH"},
        {TO ",'repositoryFilters':[{'filter':'prod'}]", "rules[0].repositoryFilters[0].filterType", "PREFIX_MATCH"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        check(one_rule(rows[i].members), true, rows[i].path, rows[i].rule);
        check(one_rule(rows[i].members), false, NULL, NULL);
    }
}

/* `count` times `text`, where %zu is the number from `first`, with commas. */
static char *list(const char *front, size_t first, size_t count, const char *back)
{
    struct buf text = BUF_INIT;
    for (size_t i = first; i < first + count; i++)
        buf_printf(&text, "%s%s%zu%s", i > first ? "," : "", front, 100000000000 + i, back);
    return buf_detach(&text, &arena);
}

static char *destinations(size_t first, size_t count)
{
    return list("{'region':'eu-west-1','registryId':'", first, count, "'}");
}

/* Several rules, each with `each` destinations of its own. */
static const char *rules(size_t count, size_t each)
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%s{'destinations':[%s]}", i ? "," : "", destinations(i * each, each));
    const char *all = buf_detach(&text, &arena);
    return arena_printf(&arena, "{'rules':[%s]}", all);
}

/* Quotas count where somebody writes; a reply may have more. */
static void test_quotas(void **state)
{
    (void)state;
    const char *same = repeat(",{" TO "}", 10), *filters = list("{'filterType':'PREFIX_MATCH','filter':'p", 0, 101, "'}");
    const char *few = list("{'filterType':'PREFIX_MATCH','filter':'p", 0, 100, "'}");
    const struct {
        const char *text, *path, *rule;
    } rows[] = {
        {rules(10, 1), NULL, NULL}, {arena_printf(&arena, "{'rules':[%s]}", same + 1), NULL, NULL},
        {arena_printf(&arena, "{'rules':[{" TO "}%s]}", same), "rules", "10 at most"},
        {rules(1, 25), NULL, NULL}, {rules(5, 5), NULL, NULL},
        {rules(1, 26), "rules[0].destinations", "1 to 25"},
        {rules(2, 13), "rules[1].destinations[12]", "25 destinations at most, over all rules"},
        {rules(9, 3), "rules[8].destinations[1]", "25 destinations at most, over all rules"},
        {one_rule(arena_printf(&arena, TO ",'repositoryFilters':[%s]", few)), NULL, NULL},
        {one_rule(arena_printf(&arena, TO ",'repositoryFilters':[%s]", filters)), "rules[0].repositoryFilters", "1 to 100"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        check(rows[i].text, true, rows[i].path, rows[i].rule);
        check(rows[i].text, false, NULL, NULL);
    }
}

/* The same destination in several rules counts once, in whatever order its members are. */
static void test_destinations_count_once(void **state)
{
    (void)state;
    const char *all = destinations(0, 25), *other = destinations(25, 1), *again = destinations(7, 1);
    const char *turned = "{ 'registryId' : '100000000024', 'region' : '\\u0065u-west-1' }";
    const char *region = "{'region':'eu-west-2','registryId':'100000000024'}";
    const struct {
        const char *second;
        bool good;
    } rows[] = {{all, true}, {again, true}, {turned, true}, {other, false}, {region, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *form = "{'rules':[{'destinations':[%s]},{'destinations':[%s]}]}";
        const char *text = arena_printf(&arena, form, all, rows[i].second);
        check(text, true, "rules[1].destinations[0]", rows[i].good ? NULL : "25 destinations at most");
        check(text, false, NULL, NULL);
    }
}

RUN(TEST(test_good), TEST(test_wrong_anywhere), TEST(test_the_whole), TEST(test_what_is_not_known), TEST(test_quotas),
    TEST(test_destinations_count_once))
