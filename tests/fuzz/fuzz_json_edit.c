/* Editing JSON: the document stays one, the edited value is there, and all else is as it was. The input is a path, parted
 * by '|', a line feed, the new value (none: the member is taken out), a line feed, and the document. */
#include "base/json_edit.h"
#include "base/utf8.h"
#include "fuzz.h"

#define DEPTH 3

static bool is_utf8(struct slice text)
{
    for (; text.len; text = slice_from(text, utf8_length(text)))
        if (utf8_length(text) == 0)
            return false;
    return true;
}

static size_t brackets(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == '[' || text.data[i] == '{';
    return count;
}

static bool same(struct json_node a, struct json_node b)
{
    bool list = json_is(a, JSON_OBJECT) || json_is(a, JSON_ARRAY);
    if (json_is(a, JSON_OBJECT) != json_is(b, JSON_OBJECT) || json_is(a, JSON_ARRAY) != json_is(b, JSON_ARRAY) ||
        json_is(a, JSON_STRING) != json_is(b, JSON_STRING) || (!list && !slice_equal(json_raw(a), json_raw(b))))
        return false;
    struct json_node x = json_first(a), y = json_first(b);
    for (; list && json_exists(x) && json_exists(y); x = json_next(a, x), y = json_next(b, y))
        if (!same(x, y))
            return false;
    return !list || (!json_exists(x) && !json_exists(y));
}

/* The next name of an object that is not `skip`; missing at the end. */
static struct json_node next_other(struct json_node object, struct json_node name, const char *skip)
{
    while (json_exists(name) && json_equals(name, skip))
        name = json_next(object, json_next(object, name));
    return name;
}

static void check_others(struct json_node before, struct json_node after, const char *edited)
{
    bool object = json_is(before, JSON_OBJECT);
    struct json_node a = object ? json_first(before) : json_get(before, ""), b = json_first(after);
    for (;;) {
        a = next_other(before, a, edited);
        b = next_other(after, b, edited);
        MUST(json_exists(a) == json_exists(b));
        if (!json_exists(a))
            return;
        MUST(same(a, b));
        a = json_next(before, a);
        b = json_next(after, b);
        MUST(same(a, b));
        a = json_next(before, a);
        b = json_next(after, b);
    }
}

static void check_edit(struct arena *arena, struct slice document, const char *const *path, size_t depth, const char *value)
{
    struct json json, edited, again;
    struct buf out = BUF_INIT, twice = BUF_INIT;
    if (json_parse(arena, document, &json) < 0)
        return;
    json_edit(&out, json_root(&json), path, depth, value);
    MUST(json_parse(arena, buf_view(&out), &edited) == 0 && slice_ends(buf_view(&out), "}\n"));
    struct json_node before = json_root(&json), after = json_root(&edited);
    for (size_t i = 0; i < depth; i++) {
        MUST(json_is(after, JSON_OBJECT) || !value);
        if (json_is(after, JSON_OBJECT))
            check_others(before, after, path[i]);
        before = json_get(before, path[i]);
        after = json_get(after, path[i]);
    }
    MUST(value ? slice_is(json_raw(after), value) || strcmp(value, "null") == 0 || *value == '"' : !json_exists(after));
    if (value && *value == '"')
        MUST(slice_equal(json_raw(after), slice_head(slice_from(slice_of(value), 1), strlen(value) - 2)));
    json_edit(&twice, json_root(&edited), path, depth, value);
    MUST(json_parse(arena, buf_view(&twice), &again) == 0 && same(json_root(&edited), json_root(&again)));
    buf_free(&out);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice rest = input(data, size), names = slice_cut(&rest, '\n'), value = slice_trim(slice_cut(&rest, '\n'));
    const char *path[DEPTH];
    size_t depth = 0;
    struct json json;
    bool valid = is_utf8(names) && slice_find(names, 0) < 0 && brackets(value) < 60 - DEPTH;
    while (names.data && depth < DEPTH)
        path[depth++] = arena_copy(&arena, slice_cut(&names, '|'));
    if (valid && depth && rest.data && (!value.len || json_parse(&arena, value, &json) == 0))
        check_edit(&arena, rest, path, depth, value.len ? arena_copy(&arena, value) : NULL);
    arena_free(&arena);
    return 0;
}
