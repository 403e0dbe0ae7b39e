/* Editing JSON: the one member changes, and every other byte that means something stays. */
#include "unit.h"

#include "base/json_edit.h"

static const char *edited(const char *text, const char *path, const char *value)
{
    struct json json = {NULL, NULL, 0};
    struct json_node root = {&json, 0};
    struct buf out = BUF_INIT;
    const char *names[8];
    size_t depth = 0;
    for (struct slice rest = slice_of(path); rest.data;)
        names[depth++] = arena_copy(&arena, slice_cut(&rest, '|'));
    if (text) {
        CHECK(json_parse(&arena, slice_of(text), &json) == 0, "%s", text);
        root = json_root(&json);
    }
    json_edit(&out, root, names, depth, value);
    struct json again;
    CHECK(json_parse(&arena, buf_view(&out), &again) == 0, "%s gave no JSON: %s", text ? text : "(none)", out.data);
    return buf_detach(&out, &arena);
}

static void test_edits(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path, *value, *result;
    } rows[] = {
        /* Made from nothing. */
        {NULL, "a", "1", "{\n\t\"a\": 1\n}\n"}, {NULL, "a", NULL, "{}\n"}, {"{}", "a", "1", "{\n\t\"a\": 1\n}\n"},
        {NULL, "a|b", "1", "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n"},
        {"{}", "a|b|c", "[]", "{\n\t\"a\": {\n\t\t\"b\": {\n\t\t\t\"c\": []\n\t\t}\n\t}\n}\n"},
        {NULL, "a|b", NULL, "{}\n"}, {"{}", "a|b|c", NULL, "{}\n"},
        /* Set, added, in its place. */
        {"{\"a\":1}", "a", "2", "{\n\t\"a\": 2\n}\n"}, {"{\"a\":1}", "b", "2", "{\n\t\"a\": 1,\n\t\"b\": 2\n}\n"},
        {"{\"a\":1,\"b\":2,\"c\":3}", "b", "{}", "{\n\t\"a\": 1,\n\t\"b\": {},\n\t\"c\": 3\n}\n"},
        {"{\"x\":{\"a\":1},\"y\":2}", "x|b", "2", "{\n\t\"x\": {\n\t\t\"a\": 1,\n\t\t\"b\": 2\n\t},\n\t\"y\": 2\n}\n"},
        /* Taken out. */
        {"{\"a\":1}", "a", NULL, "{}\n"}, {"{\"a\":1,\"b\":2}", "a", NULL, "{\n\t\"b\": 2\n}\n"},
        {"{\"a\":1,\"b\":2}", "b", NULL, "{\n\t\"a\": 1\n}\n"}, {"{\"a\":1}", "b", NULL, "{\n\t\"a\": 1\n}\n"},
        {"{\"x\":{\"a\":1}}", "x|a", NULL, "{\n\t\"x\": {}\n}\n"},
        {"{\"x\":{\"a\":1,\"b\":2}}", "x|a", NULL, "{\n\t\"x\": {\n\t\t\"b\": 2\n\t}\n}\n"},
        {"{\"y\":1}", "x|a", NULL, "{\n\t\"y\": 1\n}\n"},
        /* Equal names: one stays, where the first stood; those of others stay all. */
        {"{\"a\":1,\"b\":2,\"a\":3}", "a", "4", "{\n\t\"a\": 4,\n\t\"b\": 2\n}\n"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "a", NULL, "{\n\t\"b\": 2\n}\n"},
        {"{\"x\":{\"a\":1},\"x\":{\"b\":2}}", "x|c", "3", "{\n\t\"x\": {\n\t\t\"a\": 1,\n\t\t\"c\": 3\n\t}\n}\n"},
        {"{\"b\":1,\"b\":2}", "a", "3", "{\n\t\"b\": 1,\n\t\"b\": 2,\n\t\"a\": 3\n}\n"},
        {"{\"\\u0061\":1,\"a\":2}", "a", "3", "{\n\t\"a\": 3\n}\n"},
        /* What stands in the way and is no object. */
        {"{\"x\":1}", "x|a", "2", "{\n\t\"x\": {\n\t\t\"a\": 2\n\t}\n}\n"},
        {"{\"x\":null}", "x|a", "2", "{\n\t\"x\": {\n\t\t\"a\": 2\n\t}\n}\n"},
        {"{\"x\":[{\"a\":1}]}", "x|a", "2", "{\n\t\"x\": {\n\t\t\"a\": 2\n\t}\n}\n"},
        {"{\"x\":\"a\"}", "x|a", "2", "{\n\t\"x\": {\n\t\t\"a\": 2\n\t}\n}\n"},
        {"[1]", "a", "2", "{\n\t\"a\": 2\n}\n"}, {"null", "a", "2", "{\n\t\"a\": 2\n}\n"}, {"7", "a|b", NULL, "{}\n"},
        {"{\"a\":null}", "a", "2", "{\n\t\"a\": 2\n}\n"}, {"{\"a\":null}", "b", "2", "{\n\t\"a\": null,\n\t\"b\": 2\n}\n"},
        {"{\"a\":null}", "a", NULL, "{}\n"},
        /* Names that need escapes, or are none to be mixed up. */
        {"{}", "a\"\\\n", "1", "{\n\t\"a\\\"\\\\\\n\": 1\n}\n"}, {"{\"a\\n\":1}", "a\n", "2", "{\n\t\"a\\n\": 2\n}\n"},
        {"{\"\":1}", "", "2", "{\n\t\"\": 2\n}\n"}, {"{\"A\":1}", "a", "2", "{\n\t\"A\": 1,\n\t\"a\": 2\n}\n"},
        {"{\"aa\":1,\"a\":2}", "a", "3", "{\n\t\"aa\": 1,\n\t\"a\": 3\n}\n"},
        {"{\"x\":{\"a\":1},\"a\":2}", "a", "3", "{\n\t\"x\": {\n\t\t\"a\": 1\n\t},\n\t\"a\": 3\n}\n"},
        {"{\"v\":\"a\"}", "a", "1", "{\n\t\"v\": \"a\",\n\t\"a\": 1\n}\n"}, /* a value is no name */
        /* All else byte for byte: numbers, escapes, what is not UTF-8. */
        {"{ \"n\" : 1.50E+007 ,\"s\":\"\\u0041\\/\\ud83d\xff\",\"t\":true,\"f\":false,\"z\":-0.0}", "a", "1",
         "{\n\t\"n\": 1.50E+007,\n\t\"s\": \"\\u0041\\/\\ud83d\xff\",\n\t\"t\": true,\n\t\"f\": false,\n\t\"z\": -0.0,\n\t\"a\": 1\n}\n"},
        {"{\"\\u0062\":[1,[],{},[2,{\"c\":null}]]}", "a", "1",
         "{\n\t\"\\u0062\": [\n\t\t1,\n\t\t[],\n\t\t{},\n\t\t[\n\t\t\t2,\n\t\t\t{\n\t\t\t\t\"c\": null\n\t\t\t}\n\t\t]\n\t],\n\t\"a\": 1\n}\n"},
        {"{\"d\":\"\\u0000\"}", "a", "\"x\"", "{\n\t\"d\": \"\\u0000\",\n\t\"a\": \"x\"\n}\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(edited(rows[i].text, rows[i].path, rows[i].value), rows[i].result, "row %zu: %s", i, rows[i].text);
}

/* The file of a docker that knows more than we do. */
static const char config[] = "{\n"
                             "\t\"auths\": {\n"
                             "\t\t\"https://index.docker.io/v1/\": {\n"
                             "\t\t\t\"auth\": \"dTpw\",\n"
                             "\t\t\t\"email\": \"a@b\"\n"
                             "\t\t},\n"
                             "\t\t\"r.test\": {}\n"
                             "\t},\n"
                             "\t\"HttpHeaders\": {\n"
                             "\t\t\"User-Agent\": \"Docker-Client/19.03.8 (linux)\"\n"
                             "\t},\n"
                             "\t\"psFormat\": \"table {{.ID}}\\t{{.Image}}\",\n"
                             "\t\"detachKeys\": \"ctrl-e,e\",\n"
                             "\t\"plugins\": {\n"
                             "\t\t\"x\": {\n"
                             "\t\t\t\"hooks\": [\n"
                             "\t\t\t\t1e2,\n"
                             "\t\t\t\t\"\\u00e9\"\n"
                             "\t\t\t]\n"
                             "\t\t}\n"
                             "\t}\n"
                             "}\n";

/* A file in docker's own form comes out the same but for the change, and taking that back gives the old file. */
static void test_docker_form(void **state)
{
    (void)state;
    assert_string_equal(edited(config, "auths|nowhere", NULL), config);
    const char *with = edited(config, "auths|new.test", "{\n\t\t\t\"auth\": \"eDp5\"\n\t\t}");
    const char *at = strstr(with, ",\n\t\t\"new.test\": {\n\t\t\t\"auth\": \"eDp5\"\n\t\t}");
    assert_non_null(at);
    assert_int_equal(strlen(with), strlen(config) + strlen(",\n\t\t\"new.test\": {\n\t\t\t\"auth\": \"eDp5\"\n\t\t}"));
    assert_memory_equal(with, config, (size_t)(at - with));
    assert_string_equal(edited(with, "auths|new.test", NULL), config);
}

static void test_deep(void **state)
{
    (void)state;
    char *text = arena_printf(&arena, "{\"a\":%s%s}", repeat("[", JSON_MAX_DEPTH - 1), repeat("]", JSON_MAX_DEPTH - 1));
    const char *with = edited(text, "b", "1");
    struct buf plain = BUF_INIT;
    for (const char *c = with; *c; c++)
        if (*c != '\n' && *c != '\t' && *c != ' ')
            buf_char(&plain, *c);
    assert_string_equal(plain.data, arena_printf(&arena, "%.*s,\"b\":1}", (int)strlen(text) - 1, text));
    buf_free(&plain);
}

RUN(TEST(test_edits), TEST(test_docker_form), TEST(test_deep))
