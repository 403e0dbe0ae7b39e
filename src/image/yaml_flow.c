#include "image/yaml_flow.h"

#include <string.h>

#include "base/buf.h"

#define ANCHORS_MAX 1000 /* a manifest has a dozen; aliases look through them all */

/* A scalar that "*name" stands for. */
struct yaml_anchor {
    const char *name, *text;
    struct yaml_anchor *next;
};

bool yaml_fail(struct yaml_walking *walk, const char *fault)
{
    if (!walk->fault)
        walk->fault = fault;
    return false;
}

bool yaml_next_line(struct yaml_walking *walk, struct slice *line)
{
    if (!walk->rest.data)
        return false;
    *line = slice_cut(&walk->rest, '\n');
    if (line->len && line->data[line->len - 1] == '\r')
        line->len--;
    walk->line++;
    return true;
}

struct slice yaml_skip_blanks(struct slice text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = slice_from(text, 1);
    return text;
}

bool yaml_is_mark(struct slice text, char mark)
{
    return text.len && text.data[0] == mark;
}

bool yaml_push(struct yaml_walking *walk, const char *name, size_t indent)
{
    if (walk->depth == YAML_DEPTH_MAX)
        return yaml_fail(walk, "it is nested too deep");
    walk->way[walk->depth++] = (struct yaml_step){name, NULL, indent};
    return true;
}

void yaml_anchor_step(struct yaml_walking *walk)
{
    if (walk->depth && walk->anchor)
        walk->way[walk->depth - 1].anchor = walk->anchor;
    walk->anchor = NULL;
}

/* Shows a scalar, and keeps it where it has an anchor. */
static void show(struct yaml_walking *walk, const char *text, size_t line, const char *collection)
{
    struct yaml_scalar scalar = {walk->way, walk->depth, text, line, collection};
    if (walk->anchor && ++walk->anchor_count > ANCHORS_MAX) {
        yaml_fail(walk, "it has more anchors than any manifest");
    } else if (walk->anchor) {
        struct yaml_anchor *anchor = arena_alloc(walk->arena, sizeof *anchor);
        *anchor = (struct yaml_anchor){walk->anchor, text, walk->anchors};
        walk->anchors = anchor;
        walk->anchor = NULL;
    }
    walk->visit(walk->context, &scalar);
}

void yaml_show(struct yaml_walking *walk, const char *text, size_t line)
{
    show(walk, text, line, NULL);
}

/* A plain scalar, which may stand for another. One that names a collection stays as it is. */
void yaml_show_plain(struct yaml_walking *walk, const char *text)
{
    const struct yaml_anchor *anchor = *text == '*' ? walk->anchors : NULL;
    while (anchor && strcmp(anchor->name, text + 1) != 0)
        anchor = anchor->next;
    show(walk, anchor ? anchor->text : text, walk->line, *text == '*' && !anchor ? text + 1 : NULL);
}

static int hex_value(char c)
{
    return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\\x41", "\\u0041": names of images are ASCII, so that others end as the '?' that no name has. Returns what it took. */
static size_t take_code(struct slice text, size_t digits, struct buf *out)
{
    unsigned code = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = i + 2 < text.len ? hex_value(text.data[i + 2]) : -1;
        if (value < 0)
            return 0;
        code = code << 4 | (unsigned)value;
    }
    buf_char(out, code && code < 0x80 ? (char)code : '?');
    return digits + 2;
}

/* An escape of a double-quoted scalar (YAML 1.2 section 5.7). Returns what it took. */
static size_t take_escape(struct slice text, struct buf *out)
{
    char c = text.data[1];
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0, taken = digits ? take_code(text, digits, out) : 0;
    if (taken)
        return taken;
    buf_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c);
    return 2;
}

/* A quoted scalar at the start of *text, which may go on in the next lines. NULL when its end is missing. */
const char *yaml_take_quoted(struct yaml_walking *walk, struct slice *text)
{
    struct buf out = BUF_INIT;
    char quote = text->data[0];
    bool closed = false;
    *text = slice_from(*text, 1);
    while (!closed) {
        if (!text->len) {
            buf_char(&out, ' ');
            if (!yaml_next_line(walk, text))
                break;
            *text = yaml_skip_blanks(*text);
            continue;
        }
        char c = text->data[0];
        bool doubled = quote == '\'' && text->len > 1 && c == quote && text->data[1] == quote;
        bool escape = quote == '"' && c == '\\' && text->len > 1;
        size_t taken = escape ? take_escape(*text, &out) : doubled ? 2 : 1;
        closed = c == quote && !doubled;
        if (!closed && !escape)
            buf_char(&out, c);
        *text = slice_from(*text, taken);
    }
    const char *value = closed && !memchr(out.data, 0, out.len) ? buf_detach(&out, walk->arena) : NULL;
    buf_free(&out);
    if (!value)
        yaml_fail(walk, "a quote is not closed");
    return value;
}

/* Takes "&anchor" and "!tag" off the front of a value. */
struct slice yaml_skip_properties(struct yaml_walking *walk, struct slice text)
{
    walk->anchor = NULL;
    while (text.len && (text.data[0] == '&' || text.data[0] == '!')) {
        size_t len = 0;
        while (len < text.len && text.data[len] != ' ' && text.data[len] != '\t')
            len++;
        if (text.data[0] == '&')
            walk->anchor = arena_copy(walk->arena, slice_from(slice_head(text, len), 1));
        text = yaml_skip_blanks(slice_from(text, len));
    }
    return text;
}

/* White space, line ends and comments within a flow collection. False at the end of the text. */
static bool skip_flow_blanks(struct yaml_walking *walk, struct slice *text)
{
    for (;;) {
        *text = yaml_skip_blanks(*text);
        if (text->len && text->data[0] != '#')
            return true;
        if (!yaml_next_line(walk, text))
            return yaml_fail(walk, "a bracket is not closed");
    }
}

static bool flow_value(struct yaml_walking *walk, struct slice *text);

/* Up to one of the marks of flow collections, or the end of the line. */
static size_t flow_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && !strchr(",[]{}", text.data[len]) &&
           !(text.data[len] == ':' && (len + 1 == text.len || strchr(" \t,[]{}", text.data[len + 1]))) &&
           !(text.data[len] == '#' && len && text.data[len - 1] == ' '))
        len++;
    return len;
}

/* A key or a scalar in a flow collection. A plain one may go on in the next lines. */
static const char *flow_word(struct yaml_walking *walk, struct slice *text)
{
    struct buf word = BUF_INIT;
    if (text->data[0] == '"' || text->data[0] == '\'')
        return yaml_take_quoted(walk, text);
    for (;;) {
        size_t len = flow_length(*text);
        bool at_end = len == text->len;
        if (word.len && len)
            buf_char(&word, ' ');
        buf_slice(&word, slice_trim(slice_head(*text, len)));
        *text = slice_from(*text, len);
        if (!at_end || !yaml_next_line(walk, text))
            break;
        *text = yaml_skip_blanks(*text);
    }
    return buf_detach(&word, walk->arena);
}

/* One "key: value" of a flow mapping; a key alone has no value. */
static bool flow_member(struct yaml_walking *walk, struct slice *text)
{
    const char *key = flow_word(walk, text);
    if (!key || !skip_flow_blanks(walk, text))
        return false;
    if (!yaml_is_mark(*text, ':'))
        return yaml_is_mark(*text, ',') || yaml_is_mark(*text, '}') ||
               yaml_fail(walk, "a comma or a bracket is missing");
    *text = slice_from(*text, 1);
    if (!skip_flow_blanks(walk, text) || !yaml_push(walk, key, 0))
        return false;
    bool good = yaml_is_mark(*text, ',') || yaml_is_mark(*text, '}') || flow_value(walk, text);
    walk->depth--;
    return good;
}

static bool flow_element(struct yaml_walking *walk, struct slice *text)
{
    if (!yaml_push(walk, NULL, 0))
        return false;
    bool good = flow_value(walk, text);
    walk->depth--;
    return good;
}

bool yaml_flow_collection(struct yaml_walking *walk, struct slice *text)
{
    char end = text->data[0] == '{' ? '}' : ']';
    *text = slice_from(*text, 1);
    for (;;) {
        if (!skip_flow_blanks(walk, text))
            return false;
        if (yaml_is_mark(*text, end)) {
            *text = slice_from(*text, 1);
            return true;
        }
        if (yaml_is_mark(*text, ',')) {
            *text = slice_from(*text, 1);
            continue;
        }
        struct slice before = *text;
        if (!(end == '}' ? flow_member(walk, text) : flow_element(walk, text)) || !skip_flow_blanks(walk, text))
            return false;
        if ((text->data == before.data && text->len == before.len) ||
            (!yaml_is_mark(*text, ',') && !yaml_is_mark(*text, end)))
            return yaml_fail(walk, "a comma or a bracket is missing");
    }
}

static bool flow_value(struct yaml_walking *walk, struct slice *text)
{
    *text = yaml_skip_properties(walk, *text);
    if (!skip_flow_blanks(walk, text))
        return false;
    if (yaml_is_mark(*text, '{') || yaml_is_mark(*text, '[')) {
        yaml_anchor_step(walk);
        return yaml_flow_collection(walk, text);
    }
    bool quoted = yaml_is_mark(*text, '"') || yaml_is_mark(*text, '\'');
    const char *word = flow_word(walk, text);
    if (word && quoted)
        yaml_show(walk, word, walk->line);
    else if (word)
        yaml_show_plain(walk, word);
    return word != NULL;
}
