/* Lifecycle policies: the grammar, rule by rule, and the policies that the program writes itself. */
#include "unit.h"

#include "base/json.h"
#include "ecr/lifecycle.h"

#define EXPIRE "'action':{'type':'expire'}"
#define MOVE "'action':{'type':'transition','targetStorageClass':'archive'}"
#define SELECT(text) "'selection':{" text "}"
#define FEW "'countType':'imageCountMoreThan','countNumber':1"
#define PUSHED "'countType':'sinceImagePushed','countUnit':'days','countNumber':1"
#define PULLED "'countType':'sinceImagePulled','countUnit':'days','countNumber':1"
#define MOVED(days) "'countType':'sinceImageTransitioned','countUnit':'days','countNumber':" days
#define ANY SELECT("'tagStatus':'any'," FEW)
#define TAGGED(list) SELECT("'tagStatus':'tagged'," list "," FEW) "," EXPIRE
#define KEEP ANY "," EXPIRE
#define COUNTED(text) SELECT("'tagStatus':'any'," text) "," EXPIRE
#define LONG "'description':'long enough for the least that the service takes'"

/* JSON is written with ' for " here. */
static struct slice quoted(const char *text)
{
    char *copy = arena_strdup(&arena, text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return slice_of(copy);
}

static struct slice one_rule(const char *members)
{
    return quoted(arena_printf(&arena, "{'rules':[{'rulePriority':1," LONG ",%s}]}", members));
}

/* The text of a policy with one rule, of exactly so many bytes. */
static struct slice padded(size_t len)
{
    const char *text = "{'rules':[{'rulePriority':1," KEEP "}]";
    return quoted(arena_printf(&arena, "%s%s}", text, repeat(" ", len - strlen(text) - 1)));
}

static void check(struct slice text, const char *path, const char *rule)
{
    struct document_fault fault = lifecycle_check(&arena, text);
    CHECK(!fault.rule == !rule, "%.*s\n  fault: %s: %s", SLICE_ARGS(text), fault.path, fault.rule ? fault.rule : "(none)");
    if (!fault.rule || !rule)
        return;
    CHECK_TEXT(fault.path, path, "%.*s", SLICE_ARGS(text));
    CHECK(strstr(fault.rule, rule) != NULL, "%.*s\n  fault: %s", SLICE_ARGS(text), fault.rule);
}

static void test_rules_that_are_good(void **state)
{
    (void)state;
    static const char *const rows[] = {
        KEEP, SELECT("'tagStatus':'untagged'," FEW) "," EXPIRE, TAGGED("'tagPrefixList':['a']"),
        TAGGED("'tagPrefixList':['a','*****']"), TAGGED("'tagPatternList':['*a*b*c*','x']"),
        COUNTED("'storageClass':'standard'," FEW), COUNTED("'storageClass':'archive'," FEW), COUNTED(PUSHED),
        SELECT("'tagStatus':'any'," PUSHED) "," MOVE, SELECT("'tagStatus':'any'," PULLED) "," MOVE, ANY "," MOVE,
        COUNTED("'storageClass':'archive'," MOVED("90")),
        COUNTED("'countType':'imageCountMoreThan','countNumber':2147483647"),
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(one_rule(rows[i]), "", NULL);
    check(quoted("{'rules':[{'rulePriority':9999," KEEP "}]}"), "", NULL); /* a description is not needed */
}

/* What is wrong with one rule, and where; "~" stands for "rules[0]". */
static const struct {
    const char *members, *path, *rule;
} wrong[] = {
    {KEEP ",'extra':1", "~.extra", "no such member"},
    {KEEP ",'Description':'x'", "~.Description", "no such member"},
    {ANY, "~.action", "every rule has one"},
    {SELECT("'tagStatus':'untagged','tagPrefixList':['a']," FEW) "," EXPIRE, "~.selection.tagPrefixList",
     "\"tagged\" alone"},
    {ANY ",'action':'expire'", "~.action", "an object"},
    {ANY ",'action':null", "~.action", "every rule has one"},
    {ANY ",'action':{}", "~.action.type", "\"expire\" or \"transition\""},
    {ANY ",'action':{'type':'EXPIRE'}", "~.action.type", "\"expire\""},
    {ANY ",'action':{'type':['expire']}", "~.action.type", "\"expire\""},
    {ANY ",'action':{'type':'expire','when':1}", "~.action.when", "no such member"},
    {ANY ",'action':{'type':'expire','targetStorageClass':'archive'}", "~.action.targetStorageClass", "\"transition\" alone"},
    {ANY ",'action':{'type':'transition'}", "~.action.targetStorageClass", "\"archive\""},
    {ANY ",'action':{'type':'transition','targetStorageClass':'standard'}", "~.action.targetStorageClass", "\"archive\""},
    {EXPIRE, "~.selection", "every rule has one"},
    {EXPIRE ",'selection':[]", "~.selection", "an object"},
    {COUNTED("'what':1," FEW), "~.selection.what", "no such member"},
    {SELECT(FEW) "," EXPIRE, "~.selection.tagStatus", "\"tagged\", \"untagged\" or \"any\""},
    {SELECT("'tagStatus':'ANY'," FEW) "," EXPIRE, "~.selection.tagStatus", "\"any\""},
    {SELECT("'tagStatus':true," FEW) "," EXPIRE, "~.selection.tagStatus", "\"any\""},
    {COUNTED("'storageClass':'ARCHIVE'," FEW), "~.selection.storageClass", "\"standard\" or \"archive\""},
    {COUNTED("'storageClass':1," FEW), "~.selection.storageClass", "\"standard\" or \"archive\""},
    {COUNTED("'tagPatternList':['a']," FEW), "~.selection.tagPatternList", "\"tagged\" alone"},
    {COUNTED("'tagPrefixList':['a']," FEW), "~.selection.tagPrefixList", "\"tagged\" alone"},
    {SELECT("'tagStatus':'untagged','tagPrefixList':['a']," FEW) "," EXPIRE, "~.selection.tagPrefixList", "\"tagged\" alone"},
    {SELECT("'tagStatus':'tagged'," FEW) "," EXPIRE, "~.selection", "tagPatternList or tagPrefixList"},
    {TAGGED("'tagPatternList':['a'],'tagPrefixList':['a']"), "~.selection.tagPrefixList", "not both"},
    {TAGGED("'tagPatternList':[]"), "~.selection.tagPatternList", "one text at least"},
    {TAGGED("'tagPrefixList':'a'"), "~.selection.tagPrefixList", "a list"},
    {TAGGED("'tagPrefixList':['a','']"), "~.selection.tagPrefixList[1]", "not empty"},
    {TAGGED("'tagPrefixList':[1]"), "~.selection.tagPrefixList[0]", "a text"},
    {TAGGED("'tagPrefixList':['a','b',null]"), "~.selection.tagPrefixList[2]", "a text"},
    {TAGGED("'tagPatternList':['****','*a*b*c*d*']"), "~.selection.tagPatternList[1]", "four"},
    {COUNTED("'countNumber':1"), "~.selection.countType", "imageCountMoreThan"},
    {COUNTED("'countType':'imageCountLessThan','countNumber':1"), "~.selection.countType", "sinceImageTransitioned"},
    {COUNTED("'countType':7,'countNumber':1"), "~.selection.countType", "sinceImagePushed"},
    {COUNTED("'countUnit':'days'," FEW), "~.selection.countUnit", "no unit"},
    {COUNTED("'countType':'sinceImagePushed','countNumber':1"), "~.selection.countUnit", "\"days\""},
    {COUNTED("'countType':'sinceImagePushed','countUnit':'hours','countNumber':1"), "~.selection.countUnit", "\"days\""},
    {SELECT("'tagStatus':'any','countType':'sinceImagePulled','countNumber':1") "," MOVE, "~.selection.countUnit", "\"days\""},
    {COUNTED("'countType':'imageCountMoreThan'"), "~.selection.countNumber", "from 1"},
    {COUNTED("'countType':'imageCountMoreThan','countNumber':0"), "~.selection.countNumber", "from 1"},
    {COUNTED("'countType':'imageCountMoreThan','countNumber':-1"), "~.selection.countNumber", "from 1"},
    {COUNTED("'countType':'imageCountMoreThan','countNumber':1.5"), "~.selection.countNumber", "whole"},
    {COUNTED("'countType':'imageCountMoreThan','countNumber':'1'"), "~.selection.countNumber", "number"},
    {COUNTED("'countType':'imageCountMoreThan','countNumber':99999999999999999999"), "~.selection.countNumber", "number"},
    {COUNTED(PULLED), "~.selection.countType", "\"transition\" alone"},
    {COUNTED(MOVED("90")), "~.selection.storageClass", "\"archive\""},
    {COUNTED("'storageClass':'standard'," MOVED("90")), "~.selection.storageClass", "\"archive\""},
    {COUNTED("'storageClass':'archive'," MOVED("89")), "~.selection.countNumber", "90 days"},
    {SELECT("'tagStatus':'any','storageClass':'archive'," MOVED("90")) "," MOVE, "~.action.type", "\"expire\" alone"},
};

/* Each as the only rule, and as the third: the path says so. */
static void test_rules_that_are_wrong(void **state)
{
    (void)state;
    static const char others[] = "{'rulePriority':1," TAGGED("'tagPrefixList':['a']") "},"
                                 "{'rulePriority':2," TAGGED("'tagPrefixList':['b']") "}";
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const char *rule = wrong[i].rule, *members = wrong[i].members, *path = wrong[i].path + 1;
        check(one_rule(members), arena_printf(&arena, "rules[0]%s", path), rule);
        check(quoted(arena_printf(&arena, "{'rules':[%s,{'rulePriority':3," LONG ",%s}]}", others, members)),
              arena_printf(&arena, "rules[2]%s", path), rule);
    }
}

static void test_members_of_a_rule_itself(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *path, *fault;
    } rows[] = {
        {"7", "rules[0]", "an object"},
        {"null", "rules[0]", "an object"},
        {"[]", "rules[0]", "an object"},
        {"{}", "rules[0].rulePriority", "from 1"},
        {"{" KEEP "}", "rules[0].rulePriority", "from 1"},
        {"{'rulePriority':0," KEEP "}", "rules[0].rulePriority", "from 1"},
        {"{'rulePriority':-3," KEEP "}", "rules[0].rulePriority", "from 1"},
        {"{'rulePriority':'1'," KEEP "}", "rules[0].rulePriority", "whole number"},
        {"{'rulePriority':1.5," KEEP "}", "rules[0].rulePriority", "whole number"},
        {"{'rulePriority':null," KEEP "}", "rules[0].rulePriority", "whole number"},
        {"{'rulePriority':1,'description':5," KEEP "}", "rules[0].description", "a text"},
        {"{'rulePriority':1,'description':['a']," KEEP "}", "rules[0].description", "a text"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(quoted(arena_printf(&arena, "{'rules':[%s]}", rows[i].rule)), rows[i].path, rows[i].fault);
}

#define RULE(priority, selection) "{'rulePriority':" priority "," SELECT(selection "," FEW) "," EXPIRE "}"
#define OLD "'storageClass':'archive'"
#define T "'tagStatus':'tagged','tagPrefixList':['a']"
#define U "'tagStatus':'untagged'"
#define A "'tagStatus':'any'"

static void test_rules_beside_each_other(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *path, *fault;
    } rows[] = {
        {RULE("1", T) "," RULE("2", T) "," RULE("5", U) "," RULE("9", A), NULL, NULL},
        {RULE("9", A) "," RULE("5", U) "," RULE("2", T) "," RULE("1", T), NULL, NULL}, /* the order of the list is nothing */
        {RULE("1", A) "," RULE("2", A "," OLD), NULL, NULL},
        {RULE("2", A) "," RULE("1", A "," OLD), NULL, NULL},
        {RULE("1", A) "," RULE("2", T "," OLD) "," RULE("3", A "," OLD), NULL, NULL},
        {RULE("1", U) "," RULE("2", U "," OLD), NULL, NULL},
        {RULE("1", T) "," RULE("1", T), "rules[0].rulePriority", "the same"},
        {RULE("1", A) "," RULE("1", A "," OLD), "rules[0].rulePriority", "the same"}, /* of another storage class too */
        {RULE("1", T) "," RULE("2", U) "," RULE("2", A), "rules[1].rulePriority", "the same"},
        {RULE("1", U) "," RULE("2", U), "rules[0].selection.tagStatus", "\"untagged\""},
        {RULE("1", T) "," RULE("2", U) "," RULE("3", U), "rules[1].selection.tagStatus", "\"untagged\""},
        {RULE("1", U "," OLD) "," RULE("2", U "," OLD), "rules[0].selection.tagStatus", "\"untagged\""},
        {RULE("1", U ",'storageClass':'standard'") "," RULE("2", U), "rules[0].selection.tagStatus", "\"untagged\""},
        {RULE("1", T) "," RULE("2", A) "," RULE("3", A), "rules[1].selection.tagStatus", "\"any\""},
        {RULE("1", A) "," RULE("2", T), "rules[0].rulePriority", "highest"},
        {RULE("3", U) "," RULE("2", A), "rules[1].rulePriority", "highest"},
        {RULE("1", A) "," RULE("2", A "," OLD) "," RULE("3", T "," OLD), "rules[1].rulePriority", "highest"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(quoted(arena_printf(&arena, "{'rules':[%s]}", rows[i].rules)), rows[i].path, rows[i].fault);
}

static void test_the_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path, *rule;
    } rows[] = {
        {"", "", "not JSON"}, {"{", "", "not JSON"}, {"{'rules':[,]}", "", "not JSON"}, {"rules: []", "", "not JSON"},
        {"{'rules':[]}{}", "", "not JSON"},
        {"[]", "rules", "a list of rules"}, {"null", "rules", "a list of rules"}, {"{}", "rules", "a list of rules"},
        {"{'rules':{}}", "rules", "a list of rules"}, {"{'rules':null}", "rules", "a list of rules"},
        {"{'Rules':[]}", "rules", "a list of rules"}, {"{'rules':[]}", "rules", "1 to 50"},
        {"{'version':1,'rules':[{'rulePriority':1," KEEP "}]}", "version", "no such member"},
        {"{'rules':[{'rulePriority':1," KEEP "}],'\\u0000':1}", "", "no such member"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct document_fault fault = lifecycle_check(&arena, quoted(rows[i].text));
        CHECK(fault.rule && strstr(fault.rule, rows[i].rule), "%s: %s", rows[i].text, fault.rule ? fault.rule : "(none)");
        if (i + 1 < COUNT(rows))
            CHECK_TEXT(fault.path, rows[i].path, "%s", rows[i].text);
        else
            CHECK(fault.path != NULL, "a path is always a text");
    }
}

static struct slice many_rules(int count)
{
    struct buf text = BUF_INIT;
    for (int i = 1; i <= count; i++)
        buf_printf(&text, "%s" RULE("%d", T), i > 1 ? "," : "", i);
    struct slice all = quoted(arena_printf(&arena, "{'rules':[%s]}", text.data));
    buf_free(&text);
    return all;
}

static void test_limits(void **state)
{
    (void)state;
    check(many_rules(50), "", NULL);
    check(many_rules(51), "rules", "1 to 50");
    check(many_rules(1000), "", "at most 30720");
    check(quoted("{'rules':[{'rulePriority':1," KEEP "}]}"), "", NULL); /* more than 100 as it is */
    check(padded(30720), "", NULL);
    check(padded(30721), "", "at most 30720");
}

/* Characters, and not bytes: the service's model has the length of a text. */
static void test_characters_are_counted(void **state)
{
    (void)state;
    const char *front = "{'rules':[{'rulePriority':1," KEEP ",'description':'", *back = "'}]}";
    size_t room = LIFECYCLE_TEXT_MAX - strlen(front) - strlen(back);
    check(quoted(arena_printf(&arena, "%s%s%s", front, repeat("\xc3\xa9", room), back)), "", NULL);
    check(quoted(arena_printf(&arena, "%s%s%s", front, repeat("\xc3\xa9", room + 1), back)), "", "at most 30720");
    check(quoted(arena_printf(&arena, "%s%s%s", front, repeat("\xf0\x9f\x98\x80", 5000), back)), "", NULL);
}

/* The service would get other characters than those of the file. */
static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    static const char *const rows[] = {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "caf\xe9"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = "{'rules':[{'rulePriority':1,'description':'%s'," KEEP "}]}";
        CHECK(lifecycle_check(&arena, quoted(arena_printf(&arena, text, rows[i]))).rule != NULL, "row %zu", i);
    }
}

static const char *written(struct lifecycle_wish wish)
{
    struct buf text = BUF_INIT;
    lifecycle_write(&text, &wish);
    return buf_detach(&text, &arena);
}

#define WRITTEN(priority, words, status, kind, number)                                                                 \
    "{'rulePriority':" priority ",'description':'" words "','selection':{'tagStatus':'" status ",'countType':'" kind   \
    ",'countNumber':" number "},'action':{'type':'expire'}}"
#define GO(days) WRITTEN("1", "untagged images go", "untagged'", "sinceImagePushed','countUnit':'days'", days)
#define STAY(priority, number)                                                                                         \
    WRITTEN(priority, "the newest images stay", "any'", "imageCountMoreThan'", number)
#define STAY_SO(priority, prefix, number)                                                                              \
    WRITTEN(priority, "the newest images stay", "tagged','tagPrefixList':['" prefix "']", "imageCountMoreThan'", number)

static void test_what_is_written(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"prod-", "dev"};
    const struct {
        struct lifecycle_wish wish;
        const char *rules;
    } rows[] = {
        {{10, 0, NULL, 0}, STAY("1", "10")},
        {{0, 7, NULL, 0}, GO("7")},
        {{10, 7, NULL, 0}, GO("7") "," STAY("2", "10")},
        {{3, 0, prefixes, 1}, STAY_SO("1", "prod-", "3")},
        {{3, 1, prefixes, 2}, GO("1") "," STAY_SO("2", "prod-", "3") "," STAY_SO("3", "dev", "3")},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = written(rows[i].wish);
        CHECK_TEXT(text, quoted(arena_printf(&arena, "{'rules':[%s]}", rows[i].rules)).data, "row %zu", i);
        check(slice_of(text), "", NULL);
    }
}

static void test_what_is_written_passes(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 1, 5, 999999};
    const char *prefixes[51];
    for (size_t i = 0; i < 51; i++)
        prefixes[i] = arena_printf(&arena, "p\"\\\xc3\xa9%zu", i);
    for (size_t k = 0; k < COUNT(numbers); k++)
        for (size_t d = 0; d < COUNT(numbers); d++)
            for (size_t p = 0; p <= 51; p++)
                if ((numbers[k] || numbers[d]) && (numbers[k] || !p)) {
                    size_t rules = (numbers[d] > 0) + (p ? p : numbers[k] > 0);
                    struct lifecycle_wish wish = {numbers[k], numbers[d], prefixes, p};
                    check(slice_of(written(wish)), "rules", rules > 50 ? "1 to 50" : NULL);
                }
    static const char *const empty[] = {"a", ""};
    check(slice_of(written((struct lifecycle_wish){1, 1, empty, 2})), "rules[2].selection.tagPrefixList[0]", "not empty");
}

RUN(TEST(test_rules_that_are_good), TEST(test_rules_that_are_wrong), TEST(test_members_of_a_rule_itself),
    TEST(test_rules_beside_each_other), TEST(test_the_whole), TEST(test_limits), TEST(test_characters_are_counted),
    TEST(test_bytes_that_are_no_text), TEST(test_what_is_written), TEST(test_what_is_written_passes))
