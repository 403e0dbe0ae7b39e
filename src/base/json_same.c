#include "base/json_same.h"

static bool same_text(struct json_node a, struct json_node b)
{
    struct arena scratch = {0};
    bool same = json_is(b, JSON_STRING) && slice_equal(json_string(&scratch, a), json_string(&scratch, b));
    arena_free(&scratch);
    return same;
}

static bool same_elements(struct json_node a, struct json_node b)
{
    struct json_node x = json_first(a), y = json_first(b);
    while (json_exists(x) && json_exists(y) && json_same(x, y)) {
        x = json_next(a, x);
        y = json_next(b, y);
    }
    return !json_exists(x) && !json_exists(y);
}

/* Whether all members of `a` are in `b`, with the same values. */
static bool has_members_of(struct json_node b, struct json_node a)
{
    bool same = true;
    struct arena scratch = {0};
    for (struct json_node key = json_first(a), value; same && json_exists(key); key = json_next(a, value)) {
        const char *name = json_cstr(&scratch, key);
        value = json_next(a, key);
        same = name && json_same(json_get(a, name), json_get(b, name));
    }
    arena_free(&scratch);
    return same;
}

/* Whether all names in `b` that are not null are in `a`: their values were compared. */
static bool has_names_of(struct json_node a, struct json_node b)
{
    bool same = true;
    struct arena scratch = {0};
    for (struct json_node key = json_first(b), value; same && json_exists(key); key = json_next(b, value)) {
        const char *name = json_cstr(&scratch, key);
        value = json_next(b, key);
        same = name && (json_is(value, JSON_NULL) || json_exists(json_get(a, name)));
    }
    arena_free(&scratch);
    return same;
}

bool json_same(struct json_node a, struct json_node b)
{
    bool a_is = json_exists(a) && !json_is(a, JSON_NULL), b_is = json_exists(b) && !json_is(b, JSON_NULL);
    if (!a_is || !b_is)
        return a_is == b_is;
    if (json_is(a, JSON_STRING))
        return same_text(a, b);
    if (json_is(a, JSON_OBJECT))
        return json_is(b, JSON_OBJECT) && has_members_of(b, a) && has_names_of(a, b);
    if (json_is(a, JSON_ARRAY))
        return json_is(b, JSON_ARRAY) && same_elements(a, b);
    return slice_equal(json_raw(a), json_raw(b)) && !json_is(b, JSON_STRING);
}

bool json_same_text(struct slice a, struct slice b)
{
    struct json x, y;
    struct arena scratch = {0};
    bool same =
        json_parse(&scratch, a, &x) == 0 && json_parse(&scratch, b, &y) == 0 && json_same(json_root(&x), json_root(&y));
    arena_free(&scratch);
    return same;
}
