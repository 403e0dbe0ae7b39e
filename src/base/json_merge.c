#include "base/json_merge.h"

#include "base/json_write.h"

#define INDENT 2

static void write_value(struct buf *out, struct arena *scratch, const struct json_node *nodes, size_t count,
                        const char *without);

static void write_elements(struct buf *out, struct arena *scratch, const struct json_node *nodes, size_t count)
{
    json_open(out, '[');
    for (size_t i = 0; i < count; i++)
        for (struct json_node e = json_first(nodes[i]); json_is(nodes[i], JSON_ARRAY) && json_exists(e);
             e = json_next(nodes[i], e))
            write_value(out, scratch, &e, 1, NULL);
    json_close(out, ']');
}

/* One that is null, too. */
static bool has_member(struct json_node node, const char *name)
{
    for (struct json_node key = json_first(node); json_is(node, JSON_OBJECT) && json_exists(key);
         key = json_next(node, json_next(node, key)))
        if (json_equals(key, name))
            return true;
    return false;
}

static bool is_in_any(const struct json_node *nodes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (has_member(nodes[i], name))
            return true;
    return false;
}

/* A member of nodes[0], with what the others have under its name. */
static void write_member(struct buf *out, struct arena *scratch, const char *name, struct json_node value,
                         const struct json_node *nodes, size_t count)
{
    size_t found = 1;
    struct json_node *values = arena_array(scratch, count, sizeof *values);
    values[0] = value;
    for (size_t i = 1; i < count; i++) {
        struct json_node other = json_get(nodes[i], name);
        if (json_exists(other))
            values[found++] = other;
    }
    json_member(out, name);
    write_value(out, scratch, values, found, NULL);
}

static void write_members(struct buf *out, struct arena *scratch, const struct json_node *nodes, size_t count,
                          const char *without)
{
    json_open(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (!json_is(nodes[i], JSON_OBJECT))
            continue;
        for (struct json_node key = json_first(nodes[i]), value; json_exists(key); key = json_next(nodes[i], value)) {
            value = json_next(nodes[i], key);
            const char *name = json_cstr(scratch, key);
            bool left_out = !name || (without && json_equals(key, without));
            if (!left_out && !is_in_any(nodes, i, name))
                write_member(out, scratch, name, value, nodes + i, count - i);
        }
    }
    json_close(out, '}');
}

static void write_value(struct buf *out, struct arena *scratch, const struct json_node *nodes, size_t count,
                        const char *without)
{
    if (json_is(nodes[0], JSON_ARRAY)) {
        write_elements(out, scratch, nodes, count);
    } else if (json_is(nodes[0], JSON_OBJECT)) {
        write_members(out, scratch, nodes, count, without);
    } else if (json_is(nodes[0], JSON_STRING)) {
        json_write_slice(out, json_string(scratch, nodes[0]));
    } else {
        json_write_raw(out, json_raw(nodes[0]));
    }
}

void json_merge(struct buf *out, const struct json *pages, size_t count, const char *without)
{
    struct arena scratch = {0};
    struct json_node *roots = arena_array(&scratch, count, sizeof *roots);
    for (size_t i = 0; i < count; i++)
        roots[i] = json_root(&pages[i]);
    if (count)
        write_value(out, &scratch, roots, count, without);
    arena_free(&scratch);
}

void json_write_node(struct buf *out, struct json_node node)
{
    struct arena scratch = {0};
    if (json_exists(node))
        write_value(out, &scratch, &node, 1, NULL);
    else
        json_write_raw(out, SLICE("null"));
    arena_free(&scratch);
}

static void begin_line(struct buf *out, size_t level)
{
    buf_char(out, '\n');
    for (size_t i = 0; i < level * INDENT; i++)
        buf_char(out, ' ');
}

/* Length of a string with its quotes. */
static size_t string_length(struct slice text)
{
    size_t i = 1;
    while (i < text.len && text.data[i] != '"')
        i += text.data[i] == '\\' ? 2 : 1;
    return i < text.len ? i + 1 : text.len;
}

void json_pretty(struct buf *out, struct slice json)
{
    size_t level = 0;
    while (json.len) {
        char c = json.data[0];
        char next = json.len > 1 ? json.data[1] : 0;
        size_t taken = c == '"' ? string_length(json) : 1;
        bool opens = c == '{' || c == '[', closes = c == '}' || c == ']', empty = opens && (next == '}' || next == ']');
        if (closes)
            begin_line(out, --level);
        buf_slice(out, slice_head(json, taken));
        if (empty) {
            buf_char(out, next);
            taken = 2;
        } else if (opens) {
            begin_line(out, ++level);
        } else if (c == ',') {
            begin_line(out, level);
        } else if (c == ':') {
            buf_char(out, ' ');
        }
        json = slice_from(json, taken);
    }
}
