/* JSON: every token lies in the text, and a string that is written and read again is the same. */
#include "base/json.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "fuzz.h"

static size_t walk(struct arena *arena, struct json_node node, struct slice text);

static bool is_utf8(struct slice text)
{
    while (text.len) {
        size_t len = utf8_length(text);
        if (len == 0)
            return false;
        text = slice_from(text, len);
    }
    return true;
}

static void write_and_read(struct arena *arena, struct json_node node)
{
    struct buf out = BUF_INIT;
    struct json again;
    struct slice text = json_string(arena, node);
    json_write_slice(&out, text);
    MUST(json_parse(arena, buf_view(&out), &again) == 0 && is_utf8(buf_view(&out)));
    struct slice read = json_string(arena, json_root(&again));
    MUST(!is_utf8(text) || slice_equal(read, text));
    char *plain = json_cstr(arena, node);
    MUST(!plain == (slice_find(text, 0) >= 0) && (!plain || json_equals(node, plain)));
    buf_free(&out);
}

static size_t walk(struct arena *arena, struct json_node node, struct slice text)
{
    size_t count = 1;
    int64_t number;
    MUST(json_exists(node) && within(json_raw(node), text));
    if (json_is(node, JSON_STRING))
        write_and_read(arena, node);
    json_int64(node, &number);
    if (json_seconds(node, &number))
        MUST(number > -1000000000000001 && number < 1000000000000001);
    for (struct json_node child = json_first(node); json_exists(child); child = json_next(node, child))
        count += walk(arena, child, text);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct json json;
    if (json_parse(&arena, input(data, size), &json) == 0)
        MUST(walk(&arena, json_root(&json), input(data, size)) == json.count);
    arena_free(&arena);
    return 0;
}
