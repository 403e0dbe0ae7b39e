#include "base/json_edit.h"

#include "base/json_write.h"

static void line(struct buf *out, size_t indent)
{
    buf_char(out, '\n');
    for (size_t i = 0; i < indent; i++)
        buf_char(out, '\t');
}

/* What comes before a member or an element: a comma behind the one before it. */
static void begin(struct buf *out, bool *first, size_t indent)
{
    if (!*first)
        buf_char(out, ',');
    *first = false;
    line(out, indent);
}

static void quote(struct buf *out, struct json_node string)
{
    buf_char(out, '"');
    buf_slice(out, json_raw(string));
    buf_char(out, '"');
}

static void copy(struct buf *out, struct json_node node, size_t indent)
{
    bool first = true, object = json_is(node, JSON_OBJECT);
    if (json_is(node, JSON_STRING)) {
        quote(out, node);
        return;
    }
    if (!object && !json_is(node, JSON_ARRAY)) {
        buf_slice(out, json_raw(node));
        return;
    }
    buf_char(out, object ? '{' : '[');
    for (struct json_node child = json_first(node); json_exists(child); child = json_next(node, child)) {
        begin(out, &first, indent + 1);
        if (object) {
            quote(out, child);
            buf_str(out, ": ");
            child = json_next(node, child);
        }
        copy(out, child, indent + 1);
    }
    if (!first)
        line(out, indent);
    buf_char(out, object ? '}' : ']');
}

/* The change that is to be made, with what is left of its path. */
struct change {
    const char *const *path;
    size_t depth;
    const char *value;
};

static void edit(struct buf *out, struct json_node node, struct change change, size_t indent);

/* The value under the changed name: the new one, or the object there with the rest of the path changed in it. */
static void changed_value(struct buf *out, struct json_node old, struct change change, size_t indent)
{
    if (change.depth == 1)
        buf_str(out, change.value);
    else
        edit(out, old, (struct change){change.path + 1, change.depth - 1, change.value}, indent);
}

static void changed_member(struct buf *out, struct json_node old, struct change change, bool *first, size_t indent)
{
    struct buf name = BUF_INIT;
    json_write_str(&name, change.path[0]);
    begin(out, first, indent);
    buf_printf(out, "%s: ", name.data);
    buf_free(&name);
    changed_value(out, old, change, indent);
}

/* Of members with the same name only one stays, in the place of the first. */
static void edit(struct buf *out, struct json_node node, struct change change, size_t indent)
{
    bool first = true, done = false, removes = change.depth == 1 && !change.value;
    struct json_node missing = json_get(node, change.path[0]), value; /* used only where there is none */
    struct json_node name = json_is(node, JSON_OBJECT) ? json_first(node) : missing;
    buf_char(out, '{');
    for (; json_exists(name); name = json_next(node, value)) {
        value = json_next(node, name);
        if (!json_equals(name, change.path[0])) {
            begin(out, &first, indent + 1);
            quote(out, name);
            buf_str(out, ": ");
            copy(out, value, indent + 1);
        } else if (!done) {
            done = true;
            if (!removes)
                changed_member(out, value, change, &first, indent + 1);
        }
    }
    if (!done && change.value)
        changed_member(out, missing, change, &first, indent + 1);
    if (!first)
        line(out, indent);
    buf_char(out, '}');
}

void json_edit(struct buf *out, struct json_node root, const char *const *path, size_t depth, const char *value)
{
    edit(out, root, (struct change){path, depth, value}, 0);
    buf_char(out, '\n');
}
