/* JSON, read and written, and UTF-8. */
#include "unit.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/utf8.h"

static bool parses(const char *text, size_t len)
{
    struct json json;
    return json_parse(&arena, (struct slice){text, len}, &json) == 0;
}

static struct json_node parse(struct json *json, const char *text)
{
    CHECK(json_parse(&arena, slice_of(text), json) == 0, "%s", text);
    return json_root(json);
}

static void test_accept(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null", "true", "false", "0", "-0", "-1", "12", "1.5", "-0.5", "1e5", "1E5", "1e+5", "1e-5", "0e0", "0.0",
        "1.5E+10",
        "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\\uFFFF\\uabcd\"", "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"\x7f\"", "\"\xc3\xa9\"", "[]", "[ ]", "[1]", "[1,2]", " [ 1 , 2 ] ", "[[]]", "[{}]", "{}", "{ }",
        "{\"a\":1}",
        "{\"a\":1,\"a\":2}", "{\"\":0}", "{\"a\":{\"b\":[null,true,false]}}", "\t\r\n null \t\r\n", "[\"]\"]",
        "{\"}\":\"{\"}",
        "123456789012345678901234567890", "[0,-0,0.0]",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK(parses(texts[i], strlen(texts[i])), "%s", texts[i]);
}

static void test_reject(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", " ", "nul", "nullx", "NULL", "True", "tru", "falsee", "n", "undefined", "NaN", "Infinity", "-Infinity", "-",
        "+1",
        "01", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e-", "1E", "0x10", "1_000", "1 2", "--1", "1-",
        "1e5.5", "e5",
        "\"", "\"a", "a\"", "'a'", "\"\\\"", "\"\\x41\"", "\"\\a\"", "\"\\'\"", "\"\\u\"", "\"\\u12\"", "\"\\u123g\"",
        "\"\\U0041\"",
        "\"\\u 123\"", "\"a\nb\"", "\"a\tb\"", "\"\x1f\"", "\"\x01\"", "\"\\", "\"\\u00", "[", "]", "[1", "[1,", "[1,]",
        "[,1]", "[,]",
        "[1 2]", "[1,,2]", "[1]]", "[1}", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}",
        "{\"a\"}",
        "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1]", "{null:1}", "[]{}", "{}{}",
        "null null",
        "// c\n1", "/* c */ 1", "[1] // c", "\xef\xbb\xbf{}", "\f1", "\v1", "\xc2\xa0" "1", "<html></html>",
        "HTTP/1.1 200 OK",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK(!parses(texts[i], strlen(texts[i])), "'%s'", texts[i]);
    assert_false(parses("1\0", 2));
    assert_false(parses("\0" "1", 2));
    assert_false(parses("\"a\0b\"", 5));
    assert_false(parses("[1\0]", 4));
    assert_false(parses("\"\\\0\"", 4));
}

static void test_depth(void **state)
{
    (void)state;
    char *deepest = arena_printf(&arena, "%s%s", repeat("[", JSON_MAX_DEPTH), repeat("]", JSON_MAX_DEPTH));
    char *deeper = arena_printf(&arena, "%s%s", repeat("[", JSON_MAX_DEPTH + 1), repeat("]", JSON_MAX_DEPTH + 1));
    char *object = arena_printf(&arena, "%s1%s", repeat("{\"a\":", JSON_MAX_DEPTH + 1),
        repeat("}", JSON_MAX_DEPTH + 1));
    assert_true(parses(deepest, strlen(deepest)));
    assert_false(parses(deeper, strlen(deeper)));
    assert_false(parses(object, strlen(object)));
    char *bomb = repeat("[", 5000000);
    assert_false(parses(bomb, strlen(bomb)));
}

static void test_tokens(void **state)
{
    (void)state;
    char *most = arena_printf(&arena, "[%s0]", repeat("0,", JSON_MAX_TOKENS - 2)); /* and the array itself */
    char *more = arena_printf(&arena, "[%s0]", repeat("0,", JSON_MAX_TOKENS - 1));
    assert_true(parses(most, strlen(most)));
    assert_false(parses(more, strlen(more)));
}

static void test_strings(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"\"\"", ""}, {"\"abc\"", "abc"}, {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"}, {"\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf"},
        {"\"\\ud800\\udc00\"", "\xf0\x90\x80\x80"},
        {"\"\\ud83d\"", "\xef\xbf\xbd"}, {"\"\\ude00\"", "\xef\xbf\xbd"}, {"\"\\ud83dx\"", "\xef\xbf\xbdx"},
        {"\"\\ud83d\\n\"", "\xef\xbf\xbd\n"}, {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd" "A"},
        {"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd"}, {"\"\\u0001\\u001f\\u007f\"", "\x01\x1f\x7f"},
        {"\"\\uffff\"", "\xef\xbf\xbf"},
        {"\"\\u07ff\\u0800\"", "\xdf\xbf\xe0\xa0\x80"}, {"\"\\u0080\"", "\xc2\x80"}, {"\"\xff\"", "\xff"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json json;
        struct json_node node = parse(&json, rows[i].json);
        CHECK_TEXT(json_cstr(&arena, node), rows[i].text, "%s", rows[i].json);
        CHECK(slice_is(json_string(&arena, node), rows[i].text), "%s", rows[i].json);
        CHECK(json_equals(node, rows[i].text), "%s", rows[i].json);
        CHECK(!json_equals(node, arena_printf(&arena, "%s.", rows[i].text)), "%s", rows[i].json);
        CHECK(!*rows[i].text || !json_equals(node, ""), "%s", rows[i].json);
    }
    struct json json;
    struct json_node node = parse(&json, "\"a\\u0000b\"");
    assert_null(json_cstr(&arena, node));
    assert_int_equal(json_string(&arena, node).len, 3);
    assert_false(json_equals(node, "a"));
    assert_null(json_cstr(&arena, parse(&json, "1")));
    assert_null(json_string(&arena, parse(&json, "[\"a\"]")).data);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool is_int, is_seconds;
        int64_t integer, seconds;
    } rows[] = {
        {"0", true, true, 0, 0}, {"-0", true, true, 0, 0}, {"42", true, true, 42, 42}, {"-42", true, true, -42, -42},
        {"9223372036854775807", true, false, INT64_MAX, 0}, {"9223372036854775808", false, false, 0, 0},
        {"-9223372036854775807", true, false, -INT64_MAX, 0}, {"1.0", false, true, 0, 1}, {"1e3", false, true, 0, 1000},
        {"1.795132800E9", false, true, 0, 1795132800}, {"1795132800.0", false, true, 0, 1795132800},
        {"1795132750.999", false, true, 0, 1795132750}, {"-1.5", false, true, 0, -1}, {"1e400", false, false, 0, 0},
        /* Exponents move the point, either way and by more than there are digits; all is cut towards 0. */
        {"1E3", false, true, 0, 1000}, {"1e+3", false, true, 0, 1000}, {"1e0", false, true, 0, 1},
        {"1e-0", false, true, 0, 1}, {"1e003", false, true, 0, 1000}, {"1.5e1", false, true, 0, 15},
        {"1.5e3", false, true, 0, 1500}, {"1.2345e2", false, true, 0, 123}, {"1.999e0", false, true, 0, 1},
        {"12345e-2", false, true, 0, 123}, {"12345e-5", false, true, 0, 0}, {"12345e-6", false, true, 0, 0},
        {"0.5", false, true, 0, 0}, {"-0.5", false, true, 0, 0}, {"0.0017e6", false, true, 0, 1700},
        {"-1.795132800E9", false, true, 0, -1795132800}, {"-12345e-2", false, true, 0, -123},
        {"17951328000000e-4", false, true, 0, 1795132800}, {"1795132800.99999999999999999999", false, true, 0, 1795132800},
        {"1e-400", false, true, 0, 0}, {"1e-99999999999999999999", false, true, 0, 0},
        {"1e99999999999999999999", false, false, 0, 0}, {"-1e400", false, false, 0, 0}, {"0e400", false, true, 0, 0},
        {"0.0e99999999999999999999", false, true, 0, 0}, {"0.00000001e1000", false, false, 0, 0},
        {"1e14", false, true, 0, 100000000000000}, {"-1e14", false, true, 0, -100000000000000},
        {"1e15", false, true, 0, 1000000000000000}, {"1000000000000001", true, false, 1000000000000001, 0},
        {"1e16", false, false, 0, 0}, {"99999999999999999", true, false, 99999999999999999, 0},
        {"253402300799", true, true, 253402300799, 253402300799}, {"\"1\"", false, false, 0, 0},
        {"null", false, false, 0, 0}, {"\"1e3\"", false, false, 0, 0},
        {"[1]", false, false, 0, 0}, {"true", false, false, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json json;
        int64_t integer = 7, seconds = 7;
        struct json_node node = parse(&json, rows[i].json);
        CHECK(json_int64(node, &integer) == rows[i].is_int && integer == (rows[i].is_int ? rows[i].integer : 7), "%s",
            rows[i].json);
        CHECK(json_seconds(node, &seconds) == rows[i].is_seconds &&
            seconds == (rows[i].is_seconds ? rows[i].seconds : 7), "%s",
              rows[i].json);
    }
}

static void test_members(void **state)
{
    (void)state;
    struct json json;
    struct json_node root = parse(&json,
        "{\"a\":1,\"b\":{\"a\":2,\"c\":[3,{\"a\":4}]},\"n\":null,\"a\":5,\"\\u0064\":6,\"n\":7}");
    assert_true(slice_is(json_raw(json_get(root, "a")), "1"));
    assert_true(slice_is(json_raw(json_get(json_get(root, "b"), "a")), "2"));
    assert_true(slice_is(json_raw(json_get(root, "d")), "6"));
    assert_true(slice_is(json_raw(json_get(root, "b")), "{\"a\":2,\"c\":[3,{\"a\":4}]}"));
    assert_false(json_exists(json_get(root, "n")));
    assert_false(json_exists(json_get(root, "c")));
    assert_false(json_exists(json_get(root, "")));
    assert_false(json_exists(json_get(json_get(root, "a"), "a")));
    assert_false(json_exists(json_get(json_get(json_get(root, "x"), "y"), "z")));
    assert_false(json_is(json_get(root, "x"), JSON_NULL));
    assert_null(json_raw(json_get(root, "x")).data);
    assert_null(json_cstr(&arena, json_get(root, "x")));
    assert_false(json_exists(json_first(json_get(root, "x"))));
    assert_false(json_exists(json_next(root, json_get(root, "x"))));
    struct json_node none = {NULL, 0};
    assert_false(json_exists(none));
    assert_false(json_exists(json_get(none, "a")));
}

static void test_iteration(void **state)
{
    (void)state;
    static const struct {
        const char *json, *children;
    } rows[] = {
        {"[]", ""}, {"{}", ""}, {"[1]", "1 "}, {"[1,[2,3],{\"a\":[4]},5]", "1 [2,3] {\"a\":[4]} 5 "},
        {"[[],[],[]]", "[] [] [] "},
        {"{\"a\":1,\"b\":[2,{}],\"c\":{}}", "a 1 b [2,{}] c {} "}, {"\"x\"", ""}, {"7", ""}, {"[[[]]]", "[[]] "},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json json;
        struct buf seen = BUF_INIT;
        struct json_node root = parse(&json, rows[i].json);
        for (struct json_node child = json_first(root); json_exists(child); child = json_next(root, child)) {
            buf_slice(&seen, json_raw(child));
            buf_char(&seen, ' ');
        }
        CHECK_TEXT(seen.data, rows[i].children, "%s", rows[i].json);
        buf_free(&seen);
    }
    struct json json; /* an inner list ends where it ends */
    struct json_node root = parse(&json, "[[1,2],3]");
    struct json_node inner = json_first(root);
    struct json_node last = json_next(inner, json_first(inner));
    assert_true(slice_is(json_raw(last), "2"));
    assert_false(json_exists(json_next(inner, last)));
}

static void test_write(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    json_open(&b, '{');
    json_member_str(&b, "a", "x");
    json_member_str(&b, "left out", NULL);
    json_member_int(&b, "n", INT64_MIN);
    json_member(&b, "l");
    json_open(&b, '[');
    json_write_int(&b, 1);
    json_write_str(&b, ",");
    json_open(&b, '{');
    json_close(&b, '}');
    json_open(&b, '[');
    json_close(&b, ']');
    json_close(&b, ']');
    json_member_str(&b, "e", "");
    json_close(&b, '}');
    assert_string_equal(b.data, "{\"a\":\"x\",\"n\":-9223372036854775808,\"l\":[1,\",\",{},[]],\"e\":\"\"}");
    buf_char(&b, '\n'); /* one object a line */
    json_open(&b, '{');
    assert_string_equal(b.data + b.len - 2, "\n{");
    buf_free(&b);
}

static void test_write_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"", "\"\""}, {"plain", "\"plain\""}, {"\"\\/", "\"\\\"\\\\/\""}, {"a\nb", "\"a\\nb\""},
        {"\x01\t\r\x1f\x7f", "\"\\u0001\\u0009\\u000d\\u001f\\u007f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""}, {"\xff", "\"\\ufffd\""},
        {"a\xc3", "\"a\\ufffd\""}, {"\xc3(", "\"\\ufffd(\""}, {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},
        {"\x1b[31m", "\"\\u001b[31m\""}, {"\xc2\x9b" "31m", "\"\\u009b31m\""}, {"\xc2\x85", "\"\\u0085\""},
        /* What CI systems take for a command, and marks that turn text around. */
        {"##vso[x]", "\"#\\u0023vso[x]\""}, {"a ##[b", "\"a #\\u0023[b\""}, {"# #", "\"# #\""}, {"###", "\"#\\u0023#\""},
        {"\xe2\x80\xae" "x", "\"\\u202ex\""}, {"\xd8\x9c", "\"\\u061c\""}, {"\xe2\x80\xa6", "\"\xe2\x80\xa6\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = BUF_INIT;
        json_write_str(&b, rows[i].text);
        CHECK_TEXT(b.data, rows[i].json, "row %zu", i);
        buf_free(&b);
    }
    struct buf b = BUF_INIT;
    json_write_slice(&b, (struct slice){"a\0b", 3});
    assert_string_equal(b.data, "\"a\\u0000b\"");
    buf_free(&b);
}

/* Cut between characters, and only where it is too long. */
static void test_excerpt(void **state)
{
    (void)state;
    char *exact = repeat("x", EXCERPT_MAX), *longer = repeat("x", EXCERPT_MAX + 1), *umlauts = repeat("\xc3\xa9", EXCERPT_MAX);
    assert_string_equal(utf8_excerpt(&arena, exact), exact);
    assert_int_equal(strlen(utf8_excerpt(&arena, longer)), EXCERPT_MAX);
    assert_string_equal(utf8_excerpt(&arena, longer) + EXCERPT_MAX - 4, "x...");
    assert_string_equal(utf8_excerpt(&arena, umlauts) + EXCERPT_MAX - 6, "\xc3\xa9...");
    assert_null(utf8_excerpt(&arena, NULL));
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } rows[] = {
        {"a", 1}, {"\x7f", 1}, {"\x80", 0}, {"\xbf", 0}, {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xc2\x80", 2},
        {"\xdf\xbf", 2}, {"\xc2", 0},
        {"\xc2\x7f", 0}, {"\xc2\xc0", 0}, {"\xe0\x9f\xbf", 0}, {"\xe0\xa0\x80", 3}, {"\xe1\x80", 0},
        {"\xe1\x80\x80", 3},
        {"\xed\x9f\xbf", 3}, {"\xed\xa0\x80", 0}, {"\xed\xbf\xbf", 0}, {"\xee\x80\x80", 3}, {"\xef\xbf\xbf", 3},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4}, {"\xf1\x80\x80", 0}, {"\xf4\x8f\xbf\xbf", 4}, {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xf8\x88\x80\x80\x80", 0}, {"\xff", 0}, {"\xe2\x28\xa1", 0}, {"\xe2\x82\x28", 0}, {"\xf0\x9f\x98\x28", 0},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(utf8_length(slice_of(rows[i].text)) == rows[i].length, "row %zu", i);
}

static void test_utf8_count(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
    } good[] = {
        {"", 0}, {"a", 1}, {"abc", 3}, {"\xc3\xa9", 1}, {"caf\xc3\xa9s", 5}, {"\xe2\x82\xac" "1", 2},
        {"e\xcc\x81", 2},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 2}, {"a\n\x7f", 3},
    };
    static const char *const bad[] = {"\xff", "a\xc3", "\xa9", "a\xc0\xaf" "b", "\xed\xa0\x80", "\xc3\xa9\xa9",
                                      "\xf0\x9f\x98", "caf\xe9s"};
    size_t count;
    for (size_t i = 0; i < COUNT(good); i++)
        CHECK(utf8_count(slice_of(good[i].text), &count) && count == good[i].count, "row %zu", i);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!utf8_count(slice_of(bad[i]), &count), "row %zu", i);
    assert_true(utf8_count((struct slice){"\0\0\xc3\xa9", 4}, &count));
    assert_int_equal(count, 3);
    assert_true(utf8_count((struct slice){"\xc3\xa9\xc3", 2}, &count)); /* no byte behind its end */
    assert_int_equal(count, 1);
    assert_true(utf8_count((struct slice){NULL, 0}, &count));
    assert_int_equal(count, 0);
}

RUN(TEST(test_accept), TEST(test_reject), TEST(test_depth), TEST(test_tokens), TEST(test_strings), TEST(test_numbers),
    TEST(test_members), TEST(test_iteration), TEST(test_write), TEST(test_write_strings), TEST(test_utf8),
    TEST(test_utf8_count), TEST(test_excerpt))
