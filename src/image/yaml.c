#include "image/yaml.h"

#include <string.h>

#include "base/buf.h"

/* Where the walk is. Lines are taken one by one; flow collections and quoted scalars may take several. */
struct walk {
    struct arena *arena;
    struct slice rest; /* behind the current line */
    size_t line;
    yaml_visitor *visit;
    void *context;
    struct yaml_step way[YAML_DEPTH_MAX];
    size_t depth;
    const char *fault;
    const char *anchor; /* that stands before the value to come; NULL: none */
    struct anchor *anchors;
};

/* A scalar that "*name" stands for. */
struct anchor {
    const char *name, *text;
    struct anchor *next;
};

static bool fail(struct walk *walk, const char *fault)
{
    if (!walk->fault)
        walk->fault = fault;
    return false;
}

static bool next_line(struct walk *walk, struct slice *line)
{
    if (!walk->rest.data)
        return false;
    *line = slice_cut(&walk->rest, '\n');
    if (line->len && line->data[line->len - 1] == '\r')
        line->len--;
    walk->line++;
    return true;
}

static size_t indent_of(struct slice line)
{
    size_t indent = 0;
    while (indent < line.len && line.data[indent] == ' ')
        indent++;
    return indent;
}

static struct slice skip_blanks(struct slice text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = slice_from(text, 1);
    return text;
}

static bool is_blank(struct slice line)
{
    struct slice text = skip_blanks(line);
    return !text.len || text.data[0] == '#';
}

static bool push(struct walk *walk, const char *name, size_t indent)
{
    if (walk->depth == YAML_DEPTH_MAX)
        return fail(walk, "it is nested too deep");
    walk->way[walk->depth++] = (struct yaml_step){name, indent};
    return true;
}

/* Shows a scalar, and keeps it where it has an anchor. */
static void show(struct walk *walk, const char *text, size_t line)
{
    struct yaml_scalar scalar = {walk->way, walk->depth, text, line};
    if (walk->anchor) {
        struct anchor *anchor = arena_alloc(walk->arena, sizeof *anchor);
        *anchor = (struct anchor){walk->anchor, text, walk->anchors};
        walk->anchors = anchor;
        walk->anchor = NULL;
    }
    walk->visit(walk->context, &scalar);
}

/* A plain scalar, which may stand for another. One that names a collection stays as it is. */
static void show_plain(struct walk *walk, const char *text)
{
    if (*text == '*')
        for (const struct anchor *anchor = walk->anchors; anchor; anchor = anchor->next)
            if (strcmp(anchor->name, text + 1) == 0) {
                text = anchor->text;
                break;
            }
    show(walk, text, walk->line);
}

/* Without the comment that a blank and a '#' begin. */
static struct slice without_comment(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '#' && (i == 0 || text.data[i - 1] == ' ' || text.data[i - 1] == '\t'))
            return slice_trim(slice_head(text, i));
    return slice_trim(text);
}

/* The escapes that image references and keys can hold; others are kept as they stand. */
static char unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* A quoted scalar at the start of *text, which may go on in the next lines. NULL when its end is missing. */
static const char *take_quoted(struct walk *walk, struct slice *text)
{
    struct buf out = BUF_INIT;
    char quote = text->data[0];
    bool closed = false;
    *text = slice_from(*text, 1);
    while (!closed) {
        if (!text->len) {
            buf_char(&out, ' ');
            if (!next_line(walk, text))
                break;
            *text = skip_blanks(*text);
            continue;
        }
        char c = text->data[0];
        bool doubled = quote == '\'' && text->len > 1 && c == quote && text->data[1] == quote;
        bool escape = quote == '"' && c == '\\' && text->len > 1;
        closed = c == quote && !doubled;
        if (!closed)
            buf_char(&out, escape ? unescaped(text->data[1]) : c);
        *text = slice_from(*text, doubled || escape ? 2 : 1);
    }
    const char *value = closed && !memchr(out.data, 0, out.len) ? buf_detach(&out, walk->arena) : NULL;
    buf_free(&out);
    if (!value)
        fail(walk, "a quote is not closed");
    return value;
}

/* Takes "&anchor" and "!tag" off the front of a value. */
static struct slice skip_properties(struct walk *walk, struct slice text)
{
    walk->anchor = NULL;
    while (text.len && (text.data[0] == '&' || text.data[0] == '!')) {
        size_t len = 0;
        while (len < text.len && text.data[len] != ' ' && text.data[len] != '\t')
            len++;
        if (text.data[0] == '&')
            walk->anchor = arena_copy(walk->arena, slice_from(slice_head(text, len), 1));
        text = skip_blanks(slice_from(text, len));
    }
    return text;
}

/* White space, line ends and comments within a flow collection. False at the end of the text. */
static bool skip_flow_blanks(struct walk *walk, struct slice *text)
{
    for (;;) {
        *text = skip_blanks(*text);
        if (text->len && text->data[0] != '#')
            return true;
        if (!next_line(walk, text))
            return fail(walk, "a bracket is not closed");
    }
}

static bool flow_value(struct walk *walk, struct slice *text);

/* A key or a scalar in a flow collection: up to one of its marks. */
static const char *flow_word(struct walk *walk, struct slice *text)
{
    size_t len = 0;
    if (text->data[0] == '"' || text->data[0] == '\'')
        return take_quoted(walk, text);
    while (len < text->len && !strchr(",[]{}", text->data[len]) &&
           !(text->data[len] == ':' && (len + 1 == text->len || strchr(" \t,[]{}", text->data[len + 1]))) &&
           !(text->data[len] == '#' && len && text->data[len - 1] == ' '))
        len++;
    const char *word = arena_copy(walk->arena, slice_trim(slice_head(*text, len)));
    *text = slice_from(*text, len);
    return word;
}

static bool is_mark(struct slice text, char mark)
{
    return text.len && text.data[0] == mark;
}

/* One "key: value" of a flow mapping; a key alone has no value. */
static bool flow_member(struct walk *walk, struct slice *text)
{
    const char *key = flow_word(walk, text);
    if (!key || !skip_flow_blanks(walk, text))
        return false;
    if (!is_mark(*text, ':'))
        return is_mark(*text, ',') || is_mark(*text, '}') || fail(walk, "a comma or a bracket is missing");
    *text = slice_from(*text, 1);
    if (!skip_flow_blanks(walk, text) || !push(walk, key, 0))
        return false;
    bool good = is_mark(*text, ',') || is_mark(*text, '}') || flow_value(walk, text);
    walk->depth--;
    return good;
}

static bool flow_element(struct walk *walk, struct slice *text)
{
    if (!push(walk, NULL, 0))
        return false;
    bool good = flow_value(walk, text);
    walk->depth--;
    return good;
}

static bool flow_collection(struct walk *walk, struct slice *text)
{
    char end = text->data[0] == '{' ? '}' : ']';
    *text = slice_from(*text, 1);
    for (;;) {
        if (!skip_flow_blanks(walk, text))
            return false;
        if (is_mark(*text, end)) {
            *text = slice_from(*text, 1);
            return true;
        }
        if (is_mark(*text, ',')) {
            *text = slice_from(*text, 1);
            continue;
        }
        struct slice before = *text;
        if (!(end == '}' ? flow_member(walk, text) : flow_element(walk, text)) || !skip_flow_blanks(walk, text))
            return false;
        if ((text->data == before.data && text->len == before.len) || (!is_mark(*text, ',') && !is_mark(*text, end)))
            return fail(walk, "a comma or a bracket is missing");
    }
}

static bool flow_value(struct walk *walk, struct slice *text)
{
    *text = skip_properties(walk, *text);
    if (!skip_flow_blanks(walk, text))
        return false;
    if (is_mark(*text, '{') || is_mark(*text, '['))
        return flow_collection(walk, text);
    bool quoted = is_mark(*text, '"') || is_mark(*text, '\'');
    const char *word = flow_word(walk, text);
    if (word && quoted)
        show(walk, word, walk->line);
    else if (word)
        show_plain(walk, word);
    return word != NULL;
}

/* The value behind a key or a dash, when it stands on the same line. Block scalars end where the indentation does. */
static bool block_scalar_follows(struct slice value)
{
    return value.len && (value.data[0] == '|' || value.data[0] == '>');
}

static bool next_block_line(struct walk *walk, size_t indent, struct slice *line)
{
    struct slice before = walk->rest;
    size_t number = walk->line;
    if (!next_line(walk, line))
        return false;
    if (!slice_trim(*line).len || indent_of(*line) > indent)
        return true;
    walk->rest = before;
    walk->line = number;
    return false;
}

/* The lines below a '|' or '>' that are deeper than what they belong to, as one text. */
static void take_block_scalar(struct walk *walk, size_t indent, char style)
{
    struct slice line;
    struct buf text = BUF_INIT;
    size_t first = walk->line;
    while (next_block_line(walk, indent, &line)) {
        if (text.len)
            buf_char(&text, style == '>' ? ' ' : '\n');
        buf_slice(&text, slice_trim(line));
    }
    show(walk, arena_copy(walk->arena, slice_trim(buf_view(&text))), first);
    buf_free(&text);
}

static bool take_value(struct walk *walk, struct slice value, size_t indent)
{
    value = skip_properties(walk, skip_blanks(value));
    if (!value.len || value.data[0] == '#') {
        walk->anchor = NULL; /* of a collection, if there is any */
        return true;         /* what follows is deeper, or it is null */
    }
    if (block_scalar_follows(value)) {
        take_block_scalar(walk, indent, value.data[0]);
        return true;
    }
    bool flow = value.data[0] == '{' || value.data[0] == '[', quoted = value.data[0] == '"' || value.data[0] == '\'';
    if (!flow && !quoted) {
        show_plain(walk, arena_copy(walk->arena, without_comment(value)));
        return true;
    }
    const char *text = quoted ? take_quoted(walk, &value) : NULL;
    if (flow ? !flow_collection(walk, &value) : !text)
        return false;
    if (quoted)
        show(walk, text, walk->line);
    return is_blank(value) || fail(walk, "something stands behind the end of a value");
}

/* Length of a key at the start of the line, its colon not included; 0 when the line begins with none. */
static size_t key_length(struct slice text)
{
    if (is_mark(text, '{') || is_mark(text, '['))
        return 0;
    char quote = text.len && (text.data[0] == '"' || text.data[0] == '\'') ? text.data[0] : 0;
    for (size_t i = quote ? 1 : 0; i < text.len; i++) {
        if (quote && text.data[i] == quote)
            return i + 1 < text.len && text.data[i + 1] == ':' ? i + 1 : 0;
        if (!quote && text.data[i] == ':' && (i + 1 == text.len || text.data[i + 1] == ' ' || text.data[i + 1] == '\t'))
            return i;
        if (!quote && text.data[i] == '#' && i && text.data[i - 1] == ' ')
            return 0;
    }
    return 0;
}

static const char *key_text(struct walk *walk, struct slice key)
{
    if (key.data[0] == '"' || key.data[0] == '\'')
        return take_quoted(walk, &key);
    return arena_copy(walk->arena, slice_trim(key));
}

/* Leaves what is nested deeper than the line, and its left neighbour on the same level. */
static void leave(struct walk *walk, size_t indent, bool is_element)
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

static bool take_line(struct walk *walk, struct slice text, size_t indent)
{
    if (is_mark(text, '\t'))
        return fail(walk, "a tab stands in the indentation");
    size_t parent = indent; /* what a block scalar must be deeper than */
    while (is_mark(text, '-') && (text.len == 1 || text.data[1] == ' ' || text.data[1] == '\t')) {
        leave(walk, indent, true);
        if (!push(walk, NULL, indent))
            return false;
        struct slice inner = skip_blanks(slice_from(text, 1));
        if (!inner.len || inner.data[0] == '#')
            return true;
        parent = indent;
        indent += (size_t)(inner.data - text.data);
        text = inner;
    }
    struct slice bare = skip_properties(walk, text);
    if (key_length(bare))
        text = bare; /* an anchor of a whole mapping, which no scalar has */
    size_t key = key_length(text);
    if (!key && walk->depth && walk->way[walk->depth - 1].indent < indent)
        return take_value(walk, text, parent); /* of the key or dash before it, on a line of its own */
    if (!key)
        return is_mark(text, '{') || is_mark(text, '[') ? take_value(walk, text, indent)
                                                        : fail(walk, "it is neither 'key: value' nor '- element'");
    walk->anchor = NULL;
    leave(walk, indent, false);
    const char *name = key_text(walk, slice_head(text, key));
    return name && push(walk, name, indent) && take_value(walk, slice_from(text, key + 1), indent);
}

static bool is_document_mark(struct slice line, const char *mark)
{
    return slice_starts(line, mark) && (line.len == 3 || line.data[3] == ' ' || line.data[3] == '\t');
}

const char *yaml_walk(struct arena *arena, struct slice text, yaml_visitor *visit, void *context, size_t *line)
{
    struct walk *walk = arena_alloc(arena, sizeof *walk);
    struct slice current;
    if (slice_starts(text, "\xef\xbb\xbf"))
        text = slice_from(text, 3);
    *walk = (struct walk){.arena = arena, .rest = text, .visit = visit, .context = context};
    while (!walk->fault && next_line(walk, &current)) {
        *line = walk->line;
        bool begins = is_document_mark(current, "---");
        if (begins || is_document_mark(current, "...")) {
            walk->depth = 0;
            current = slice_from(current, 3);
        }
        size_t indent = begins ? 0 : indent_of(current);
        struct slice rest = begins ? skip_blanks(current) : slice_from(current, indent);
        if (!is_blank(current) && !slice_starts(rest, "%"))
            take_line(walk, rest, indent);
    }
    return walk->fault;
}
