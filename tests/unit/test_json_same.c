/* Whether two JSON values say the same: members in any order, elements in theirs, numbers as they are written. */
#include "unit.h"

#include "base/json_same.h"

/* JSON is written with ' for " here. */
static struct slice quoted(const char *text)
{
    char *copy = arena_strdup(&arena, text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return slice_of(copy);
}

/* Both ways round, and each with itself. */
static void check(const char *a, const char *b, bool same)
{
    struct slice x = quoted(a), y = quoted(b);
    CHECK(json_same_text(x, y) == same, "%s and %s", a, b);
    CHECK(json_same_text(y, x) == same, "%s and %s", b, a);
    CHECK(json_same_text(x, x), "%s", a);
    CHECK(json_same_text(y, y), "%s", b);
}

static void test_same(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
    } rows[] = {
        {"null", " null\n"}, {"true", "true "}, {"false", "false"}, {"12", " 12"}, {"-1.5e7", "-1.5e7"}, {"''", " ''"},
        {"'a'", "'\\u0061'"}, {"'\\/'", "'/'"}, {"'\\n'", "'\\u000a'"}, {"'\xc3\xa9'", "'\\u00E9'"},
        {"'\xf0\x9f\x98\x80'", "'\\ud83d\\ude00'"}, {"'a\\u0000b'", "'a\\u0000\\u0062'"},
        {"[]", "[ ]"}, {"[1,2]", "[ 1 , 2 ]"}, {"[[],{}]", "[ [], {} ]"}, {"[null]", "[null]"},
        {"{}", "{ }"}, {"{'a':1,'b':2}", "{'b':2,'a':1}"}, {"{'a':1}", "{'\\u0061':1}"}, {"{'':1}", "{ '' : 1 }"},
        {"{'a':{'b':[1,{'c':'x','d':[]}]},'e':0}", "{'e':0,'a':{'b':[1,{'d':[],'c':'x'}]}}"},
        {"{'a':null}", "{}"}, {"{'a':null}", "{'b':null}"}, {"{'a':null,'b':1}", "{'b':1}"},
        {"[{'a':[{'b':null}]}]", "[{'a':[{}]}]"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(rows[i].a, rows[i].b, true);
}

static void test_different(void **state)
{
    (void)state;
    static const char *const kinds[] = {"null", "true", "false", "0", "1", "''", "'x'", "[]", "[null]", "{}", "{'a':1}"};
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (size_t k = 0; k < i; k++)
            check(kinds[i], kinds[k], false);
    static const struct {
        const char *a, *b;
    } rows[] = {
        {"1", "1.0"}, {"1", "1e0"}, {"0", "-0"}, {"1e5", "1E5"}, {"12", "'12'"}, {"true", "'true'"}, {"null", "'null'"},
        {"'a'", "'A'"}, {"'a'", "'a '"}, {"'a'", "'ab'"}, {"'a\\u0000b'", "'a\\u0000c'"}, {"'a'", "'a\\u0000'"},
        {"'\xc3\xa9'", "'e\\u0301'"},
        {"[1,2]", "[2,1]"}, {"[1]", "[1,1]"}, {"[1,2]", "[1]"}, {"[null]", "[null,null]"}, {"[[1],2]", "[[1,2]]"},
        {"[null]", "[0]"}, {"['1']", "[1]"},
        {"{'a':1}", "{'a':2}"}, {"{'a':1}", "{'b':1}"}, {"{'a':1}", "{'A':1}"}, {"{'a':1}", "{'a':1,'b':2}"},
        {"{'a':1,'b':null}", "{'a':1,'b':0}"}, {"{'a':1,'b':2}", "{'a':2,'b':1}"}, {"{'a':{}}", "{}"}, {"{'a':[]}", "{}"},
        {"{'a':''}", "{}"}, {"{'a':false}", "{}"}, {"{'0':1}", "[1]"}, {"{'a':{'b':1}}", "{'a':{'b':1,'c':1}}"},
        {"[{'a':1},{'b':1}]", "[{'b':1},{'a':1}]"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(rows[i].a, rows[i].b, false);
}

static void test_texts_that_are_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "{", "[1,]", "nul", "1 1", "'", "{'a':1}x"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        CHECK(!json_same_text(quoted(texts[i]), quoted(texts[i])), "%s", texts[i]);
        CHECK(!json_same_text(quoted(texts[i]), quoted("{}")), "%s", texts[i]);
        CHECK(!json_same_text(quoted("null"), quoted(texts[i])), "%s", texts[i]);
    }
    assert_false(json_same_text((struct slice){NULL, 0}, (struct slice){NULL, 0}));
}

static void test_what_is_missing(void **state)
{
    (void)state;
    struct json json;
    assert_int_equal(json_parse(&arena, quoted("{'n':null,'f':false,'o':{}}"), &json), 0);
    struct json_node root = json_root(&json), none = json_get(root, "none");
    assert_true(json_same(none, none));
    assert_true(json_same(none, json_get(root, "n")));
    assert_true(json_same(json_get(root, "n"), none));
    assert_false(json_same(none, json_get(root, "f")));
    assert_false(json_same(json_get(root, "o"), none));
    assert_false(json_same(root, none));
}

static struct slice nested(size_t depth, const char *core)
{
    return quoted(arena_printf(&arena, "%s%s%s", repeat("{'a':", depth), core, repeat("}", depth)));
}

static void test_deep(void **state)
{
    (void)state;
    for (size_t depth = 1; depth <= 10; depth++) {
        CHECK(json_same_text(nested(depth, "1"), nested(depth, "1")), "depth %zu", depth);
        CHECK(!json_same_text(nested(depth, "1"), nested(depth, "2")), "depth %zu", depth);
        CHECK(!json_same_text(nested(depth, "1"), nested(depth + 1, "1")), "depth %zu", depth);
        CHECK(!json_same_text(nested(depth, "{'b':1}"), nested(depth, "{'b':1,'c':1}")), "depth %zu", depth);
        CHECK(json_same_text(nested(depth, "{}"), nested(depth, "{'b':null}")), "depth %zu", depth);
    }
}

RUN(TEST(test_same), TEST(test_different), TEST(test_texts_that_are_none), TEST(test_what_is_missing), TEST(test_deep))
