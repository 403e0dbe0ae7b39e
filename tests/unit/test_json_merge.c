/* The pages of a listing as one document, and JSON for people. */
#include "unit.h"

#include "base/json_merge.h"

static const char *merge(const char *const *texts, size_t count)
{
    struct json pages[4];
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(json_parse(&arena, slice_of(texts[i]), &pages[i]), 0);
    json_merge(&out, pages, count, "nextToken");
    const char *text = arena_copy(&arena, buf_view(&out));
    buf_free(&out);
    return text;
}

static void test_merge(void **state)
{
    (void)state;
    static const struct {
        const char *pages[4], *whole;
    } rows[] = {
        {{"{}"}, "{}"}, {{"[]"}, "[]"}, {{"1"}, "1"}, {{"\"a\""}, "\"a\""}, {{"null"}, "null"},
        {{" { \"a\" : [ 1 , { } ] } "}, "{\"a\":[1,{}]}"},
        {{"{\"a\":[1],\"nextToken\":\"x\"}", "{\"a\":[2,3]}"}, "{\"a\":[1,2,3]}"},
        {{"{\"a\":[],\"b\":1}", "{\"a\":[2],\"b\":2}", "{\"a\":[],\"c\":true}"}, "{\"a\":[2],\"b\":1,\"c\":true}"},
        {{"{\"o\":{\"a\":[1],\"n\":5},\"nextToken\":\"x\"}", "{\"o\":{\"a\":[2],\"n\":6}}"}, "{\"o\":{\"a\":[1,2],\"n\":5}}"},
        /* What is of another shape on a further page is none of the list's. */
        {{"{\"a\":[1]}", "{\"a\":2}", "{\"a\":[3]}"}, "{\"a\":[1,3]}"}, {{"{\"a\":{\"b\":1}}", "[]", "{\"a\":null}"}, "{\"a\":{\"b\":1}}"},
        {{"{\"a\":null}", "{\"a\":[1]}"}, "{\"a\":null}"},
        /* The token of an inner object is not the page's. */
        {{"{\"a\":[{\"nextToken\":\"y\"}]}"}, "{\"a\":[{\"nextToken\":\"y\"}]}"},
        {{"[1]", "[2]"}, "[1,2]"},
        {{"{\"a\":\"\\u001b[0m\\u202e\"}"}, "{\"a\":\"\\u001b[0m\\u202e\"}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t count = 0;
        while (count < 4 && rows[i].pages[count])
            count++;
        CHECK_TEXT(merge(rows[i].pages, count), rows[i].whole, "%s", rows[i].pages[0]);
    }
}

static void test_pretty(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pretty;
    } rows[] = {
        {"{}", "{}"}, {"[]", "[]"}, {"1", "1"}, {"\"a{b\"", "\"a{b\""}, {"{\"a\":{}}", "{\n  \"a\": {}\n}"}, {"[[],[1]]", "[\n  [],\n  [\n    1\n  ]\n]"},
        {"{\"a\":[1,2],\"b\":\"x,y:\\\"]\"}", "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": \"x,y:\\\"]\"\n}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        json_pretty(&out, slice_of(rows[i].text));
        CHECK_TEXT(arena_copy(&arena, buf_view(&out)), rows[i].pretty, "%s", rows[i].text);
        buf_free(&out);
    }
}

/* One value among others, written anew; what is missing is null. */
static void test_node(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name, *out;
    } rows[] = {
        {"{\"a\" : [ 1 , {\"b\":null} ]}", "a", "[1,{\"b\":null}]"}, {"{\"a\":1.50E1}", "a", "1.50E1"}, {"{\"a\":\"\\u0041##[\\u001b\"}", "a", "\"A#\\u0023[\\u001b\""},
        {"{\"a\":{}}", "a", "{}"}, {"{\"a\":null}", "a", "null"}, {"{}", "a", "null"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json json;
        struct buf out = BUF_INIT;
        assert_int_equal(json_parse(&arena, slice_of(rows[i].text), &json), 0);
        json_write_node(&out, json_get(json_root(&json), rows[i].name));
        CHECK_TEXT(arena_copy(&arena, buf_view(&out)), rows[i].out, "%s", rows[i].text);
        buf_free(&out);
    }
}

RUN(TEST(test_merge), TEST(test_pretty), TEST(test_node))
