#include "image/yaml.h"

#include <string.h>

#include "base/buf.h"
#include "image/yaml_flow.h"

static size_t indent_of(struct slice line)
{
    size_t indent = 0;
    while (indent < line.len && line.data[indent] == ' ')
        indent++;
    return indent;
}

static bool is_blank(struct slice line)
{
    struct slice text = yaml_skip_blanks(line);
    return !text.len || text.data[0] == '#';
}

/* Without the comment that a blank and a '#' begin. */
static struct slice without_comment(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '#' && (i == 0 || text.data[i - 1] == ' ' || text.data[i - 1] == '\t'))
            return slice_trim(slice_head(text, i));
    return slice_trim(text);
}

/* The value behind a key or a dash, when it stands on the same line. Block scalars end where the indentation does. */
static bool block_scalar_follows(struct slice value)
{
    return value.len && (value.data[0] == '|' || value.data[0] == '>');
}

static bool next_block_line(struct yaml_walking *walk, size_t indent, struct slice *line)
{
    struct slice before = walk->rest;
    size_t number = walk->line;
    if (!yaml_next_line(walk, line))
        return false;
    if (!slice_trim(*line).len || indent_of(*line) > indent)
        return true;
    walk->rest = before;
    walk->line = number;
    return false;
}

/* The lines below a '|' or '>' that are deeper than what they belong to, as one text. */
static void take_block_scalar(struct yaml_walking *walk, size_t indent, char style)
{
    struct slice line;
    struct buf text = BUF_INIT;
    size_t first = walk->line;
    while (next_block_line(walk, indent, &line)) {
        if (text.len)
            buf_char(&text, style == '>' ? ' ' : '\n');
        buf_slice(&text, slice_trim(line));
    }
    yaml_show(walk, arena_copy(walk->arena, slice_trim(buf_view(&text))), first);
    buf_free(&text);
}

static bool take_value(struct yaml_walking *walk, struct slice value, size_t indent)
{
    value = yaml_skip_properties(walk, yaml_skip_blanks(value));
    if (!value.len || value.data[0] == '#') {
        yaml_anchor_step(walk);
        return true; /* what follows is deeper, or it is null */
    }
    if (block_scalar_follows(value)) {
        take_block_scalar(walk, indent, value.data[0]);
        return true;
    }
    bool flow = value.data[0] == '{' || value.data[0] == '[', quoted = value.data[0] == '"' || value.data[0] == '\'';
    if (!flow && !quoted) {
        yaml_show_plain(walk, arena_copy(walk->arena, without_comment(value)));
        return true;
    }
    if (flow)
        yaml_anchor_step(walk);
    const char *text = quoted ? yaml_take_quoted(walk, &value) : NULL;
    if (flow ? !yaml_flow_collection(walk, &value) : !text)
        return false;
    if (quoted)
        yaml_show(walk, text, walk->line);
    return is_blank(value) || yaml_fail(walk, "something stands behind the end of a value");
}

static size_t quoted_key_length(struct slice text)
{
    char quote = text.data[0];
    size_t i = 1;
    while (i < text.len && (text.data[i] != quote || (quote == '\'' && i + 1 < text.len && text.data[i + 1] == quote)))
        i += text.data[i] == quote || (quote == '"' && text.data[i] == '\\') ? 2 : 1;
    bool ends = i + 1 < text.len && text.data[i + 1] == ':';
    return ends ? i + 1 : 0;
}

/* Length of a key at the start of the line, its colon not included; 0 when the line begins with none. */
static size_t key_length(struct slice text)
{
    if (yaml_is_mark(text, '{') || yaml_is_mark(text, '['))
        return 0;
    if (yaml_is_mark(text, '"') || yaml_is_mark(text, '\''))
        return quoted_key_length(text);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == ':' && (i + 1 == text.len || text.data[i + 1] == ' ' || text.data[i + 1] == '\t'))
            return i;
        if (text.data[i] == '#' && i && text.data[i - 1] == ' ')
            return 0;
    }
    return 0;
}

static const char *key_text(struct yaml_walking *walk, struct slice key)
{
    bool quoted = key.data[0] == '"' || key.data[0] == '\'';
    const char *text = quoted ? yaml_take_quoted(walk, &key) : NULL;
    if (quoted && text && key.len)
        yaml_fail(walk, "a key's quote ends before its colon");
    if (quoted)
        return walk->fault ? NULL : text;
    return arena_copy(walk->arena, slice_trim(key));
}

/* Leaves what is nested deeper than the line, and its left neighbour on the same level. */
static void leave(struct yaml_walking *walk, size_t indent, bool is_element)
{
    while (walk->depth) {
        const struct yaml_step *last = &walk->way[walk->depth - 1];
        /* "- " may stand at the indentation of the key that it belongs to. */
        bool parent = last->indent < indent || (is_element && last->indent == indent && last->name);
        if (parent)
            return;
        walk->depth--;
    }
}

static bool take_line(struct yaml_walking *walk, struct slice text, size_t indent)
{
    if (yaml_is_mark(text, '\t'))
        return yaml_fail(walk, "a tab stands in the indentation");
    while (yaml_is_mark(text, '-') && (text.len == 1 || text.data[1] == ' ' || text.data[1] == '\t')) {
        leave(walk, indent, true);
        if (!yaml_push(walk, NULL, indent))
            return false;
        struct slice inner = yaml_skip_blanks(slice_from(text, 1));
        if (!inner.len || inner.data[0] == '#')
            return true;
        indent += (size_t)(inner.data - text.data);
        text = inner;
    }
    struct slice bare = yaml_skip_properties(walk, text);
    if (key_length(bare))
        text = bare; /* an anchor of a whole mapping, which no scalar has */
    size_t key = key_length(text);
    if (!key && walk->depth && walk->way[walk->depth - 1].indent < indent)
        return take_value(walk, text,
                          walk->way[walk->depth - 1].indent); /* of the key or dash before it, on a line of its own */
    if (!key)
        return yaml_is_mark(text, '{') || yaml_is_mark(text, '[')
                   ? take_value(walk, text, indent)
                   : yaml_fail(walk, "it is neither 'key: value' nor '- element'");
    leave(walk, indent, false);
    yaml_anchor_step(walk);
    const char *name = key_text(walk, slice_head(text, key));
    return name && yaml_push(walk, name, indent) && take_value(walk, slice_from(text, key + 1), indent);
}

static bool is_document_mark(struct slice line, const char *mark)
{
    return slice_starts(line, mark) && (line.len == 3 || line.data[3] == ' ' || line.data[3] == '\t');
}

const char *yaml_walk(struct arena *arena, struct slice text, yaml_visitor *visit, void *context, size_t *line)
{
    struct yaml_walking *walk = arena_alloc(arena, sizeof *walk);
    struct slice current;
    *walk = (struct yaml_walking){.arena = arena, .rest = text, .visit = visit, .context = context};
    while (!walk->fault && yaml_next_line(walk, &current)) {
        *line = walk->line;
        bool begins = is_document_mark(current, "---");
        if (begins || is_document_mark(current, "...")) {
            walk->depth = 0;
            current = slice_from(current, 3);
        }
        size_t indent = begins ? 0 : indent_of(current);
        struct slice rest = begins ? yaml_skip_blanks(current) : slice_from(current, indent);
        if (!is_blank(current) && !slice_starts(rest, "%"))
            take_line(walk, rest, indent);
    }
    return walk->fault;
}
