/* YAML: what is shown stands in its line and order, whatever stands before or behind; and JSON means the same as YAML. */
#include "base/json.h"
#include "fuzz.h"
#include "image/yaml.h"

struct shown {
    struct buf text; /* the ways and texts */
    size_t count, last_line, longest;
    size_t shift; /* lines that were put in front */
};

static void visit(void *context, const struct yaml_scalar *scalar)
{
    struct shown *shown = context;
    MUST(scalar->depth <= YAML_DEPTH_MAX && scalar->line >= 1 + shown->shift && scalar->line >= shown->last_line);
    shown->last_line = scalar->line;
    shown->count++;
    if (strlen(scalar->text) > shown->longest)
        shown->longest = strlen(scalar->text);
    for (size_t i = 0; i < scalar->depth; i++)
        buf_printf(&shown->text, "/%s", scalar->way[i].name ? scalar->way[i].name : "-");
    buf_printf(&shown->text, " %u=", (unsigned)(scalar->line - shown->shift));
    buf_str(&shown->text, scalar->text);
    buf_char(&shown->text, '\n');
}

static const char *walk(struct arena *arena, struct slice text, size_t shift, struct shown *shown)
{
    size_t line = 0;
    *shown = (struct shown){.text = BUF_INIT, .shift = shift};
    const char *fault = yaml_walk(arena, text, visit, shown, &line);
    MUST(!fault || (*fault && line >= 1 + shift));
    return fault;
}

static struct slice join(struct arena *arena, const char *before, struct slice text, const char *behind)
{
    struct buf all = BUF_INIT;
    buf_str(&all, before);
    buf_slice(&all, text);
    buf_str(&all, behind);
    struct slice joined = arena_slice(arena, buf_view(&all));
    buf_free(&all);
    return joined;
}

static void collect(struct arena *arena, struct json_node node, struct buf *out, size_t *count)
{
    if (json_is(node, JSON_OBJECT)) {
        for (struct json_node key = json_first(node); json_exists(key);) {
            struct json_node value = json_next(node, key);
            collect(arena, value, out, count);
            key = json_next(node, value);
        }
    } else if (json_is(node, JSON_ARRAY)) {
        for (struct json_node element = json_first(node); json_exists(element); element = json_next(node, element))
            collect(arena, element, out, count);
    } else {
        buf_slice(out, json_raw(node));
        buf_char(out, '\n');
        (*count)++;
    }
}

static void visit_leaf(void *context, const struct yaml_scalar *scalar)
{
    buf_str(context, scalar->text);
    buf_char(context, '\n');
}

/* JSON without escapes: all its values, in their order. */
static void as_json(struct arena *arena, struct slice text)
{
    struct json json;
    size_t count = 0, line;
    if (!text.len || (text.data[0] != '{' && text.data[0] != '[') || memchr(text.data, '\\', text.len) || memchr(text.data, '\r', text.len) ||
        json_parse(arena, text, &json) < 0)
        return;
    struct buf leaves = BUF_INIT, shown = BUF_INIT;
    collect(arena, json_root(&json), &leaves, &count);
    MUST(!yaml_walk(arena, text, visit_leaf, &shown, &line));
    MUST(shown.len == leaves.len && memcmp(shown.data, leaves.data, leaves.len) == 0);
    buf_free(&leaves);
    buf_free(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice text = input(data, size);
    struct shown first, later, more;
    const char *fault = walk(&arena, text, 0, &first);
    MUST(first.longest <= size && first.count <= size);
    /* An empty line in front moves all lines by one. */
    const char *fault_later = walk(&arena, join(&arena, "\n", text, ""), 1, &later);
    MUST(!fault == !fault_later && first.text.len == later.text.len && memcmp(first.text.data, later.text.data, first.text.len) == 0);
    /* A document behind shows what it holds, and changes nothing before it. */
    const char *fault_more = walk(&arena, join(&arena, "", text, "\n---\nz: 1\n"), 0, &more);
    if (!fault) {
        MUST(!fault_more && more.count == first.count + 1 && memcmp(more.text.data, first.text.data, first.text.len) == 0);
        MUST(memcmp(more.text.data + first.text.len, "/z ", 3) == 0);
    }
    as_json(&arena, text);
    buf_free(&first.text);
    buf_free(&later.text);
    buf_free(&more.text);
    arena_free(&arena);
    return 0;
}
