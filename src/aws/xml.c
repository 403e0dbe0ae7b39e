#include "aws/xml.h"

#include <string.h>

#include "base/buf.h"

struct parser {
    struct arena *arena;
    struct slice rest;
    struct slice open[XML_DEPTH_MAX]; /* the names of the elements we are in */
    size_t depth;
    struct slice text; /* since the last tag */
    bool leaf;         /* the last tag opened an element */
    bool rooted;       /* the document's element was seen */
    struct xml *xml;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alnum(text.data[i]) && !strchr("_-.:", text.data[i]))
            return false;
    return text.len > 0;
}

static struct slice local_name(struct slice name)
{
    return slice_from(name, (size_t)(slice_rfind(name, ':') + 1));
}

static void record(struct parser *p)
{
    size_t size = 1;
    if (slice_trim(p->text).len == 0)
        return;
    for (size_t i = 0; i < p->depth; i++)
        size += local_name(p->open[i]).len + 1;
    char *path = arena_alloc(p->arena, size), *at = path;
    for (size_t i = 0; i < p->depth; i++) {
        struct slice name = local_name(p->open[i]);
        if (i)
            *at++ = '/';
        memcpy(at, name.data, name.len);
        at += name.len;
    }
    p->xml->texts[p->xml->count++] = (struct xml_text){path, slice_trim(p->text)};
}

static int close_element(struct parser *p, struct slice name)
{
    name = slice_trim(name);
    if (p->depth == 0 || !slice_equal(p->open[p->depth - 1], name))
        return -1;
    if (p->leaf && p->xml->count == XML_TEXTS_MAX)
        return -1;
    if (p->leaf)
        record(p);
    p->depth--;
    p->leaf = false;
    return 0;
}

static int open_element(struct parser *p, struct slice tag)
{
    size_t len = 0;
    bool empty = tag.len && tag.data[tag.len - 1] == '/';
    if (empty)
        tag.len--;
    while (len < tag.len && !is_space(tag.data[len]))
        len++;
    struct slice name = slice_head(tag, len);
    if (!is_name(name) || p->depth == XML_DEPTH_MAX || (p->depth == 0 && p->rooted))
        return -1;
    p->rooted = true;
    p->open[p->depth++] = name;
    p->leaf = true;
    p->text = (struct slice){NULL, 0};
    return empty ? close_element(p, name) : 0;
}

/* The end of a tag: the first '>' that stands in no attribute's value. */
static ptrdiff_t tag_end(struct slice text)
{
    char quote = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? 0 : c;
        else if (!quote && c == '>')
            return (ptrdiff_t)i;
        else if (!quote && c == '<')
            return -1;
    }
    return -1;
}

static int skip_until(struct parser *p, const char *end)
{
    size_t len = strlen(end);
    for (; p->rest.len >= len; p->rest = slice_from(p->rest, 1))
        if (memcmp(p->rest.data, end, len) == 0) {
            p->rest = slice_from(p->rest, len);
            return 0;
        }
    return -1;
}

/* What stands behind a '<'. */
static int parse_tag(struct parser *p)
{
    bool comment = slice_starts(p->rest, "!--");
    if (comment || slice_starts(p->rest, "?")) {
        p->leaf = false; /* an element with one in its midst has no text that would be whole */
        return skip_until(p, comment ? "-->" : "?>");
    }
    ptrdiff_t end = tag_end(p->rest);
    if (end <= 0)
        return -1;
    struct slice tag = slice_head(p->rest, (size_t)end);
    p->rest = slice_from(p->rest, (size_t)end + 1);
    return tag.data[0] == '/' ? close_element(p, slice_from(tag, 1)) : open_element(p, tag);
}

int xml_parse(struct arena *arena, struct slice text, struct xml *xml)
{
    struct parser p = {.arena = arena, .rest = text, .xml = xml};
    *xml = (struct xml){arena_array(arena, XML_TEXTS_MAX, sizeof *xml->texts), 0};
    if (slice_find(text, 0) >= 0)
        return -1;
    if (slice_starts(text, "\xef\xbb\xbf"))
        p.rest = slice_from(text, 3);
    while (p.rest.len) {
        struct slice before = p.rest;
        ptrdiff_t tag = slice_find(p.rest, '<');
        before = slice_head(before, tag < 0 ? before.len : (size_t)tag);
        if (p.depth == 0 && slice_trim(before).len)
            return -1;
        p.text = before;
        p.rest = slice_from(p.rest, before.len + 1);
        if (tag >= 0 && parse_tag(&p) < 0)
            return -1;
    }
    return p.rooted && p.depth == 0 ? 0 : -1;
}

/* "&amp;", "&#38;", "&#x26;": how long the entity is, and its byte; 0 for what is none that we know. */
static size_t entity(struct slice text, char *byte)
{
    static const struct {
        const char *name;
        char byte;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_starts(text, known[i].name)) {
            *byte = known[i].byte;
            return strlen(known[i].name);
        }
    ptrdiff_t end = slice_find(slice_head(text, 8), ';');
    if (!slice_starts(text, "&#") || end < 3)
        return 0;
    unsigned code = 0, base = text.data[2] == 'x' ? 16 : 10;
    for (ptrdiff_t i = base == 16 ? 3 : 2; i < end; i++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, ascii_lower(text.data[i]));
        if (!digit || digit - digits >= (ptrdiff_t)base)
            return 0;
        code = code * base + (unsigned)(digit - digits);
    }
    *byte = (char)code;
    return code > 0 && code < 0x80 ? (size_t)end + 1 : 0;
}

char *xml_get(const struct xml *xml, struct arena *arena, const char *path)
{
    for (size_t i = 0; i < xml->count; i++) {
        struct slice whole = slice_of(xml->texts[i].path), raw = xml->texts[i].raw;
        if (!slice_ends(whole, path) || (whole.len > strlen(path) && whole.data[whole.len - strlen(path) - 1] != '/'))
            continue;
        char *text = arena_alloc(arena, raw.len + 1);
        for (size_t at = 0, to = 0; at < raw.len; to++) {
            size_t len = raw.data[at] == '&' ? entity(slice_from(raw, at), &text[to]) : 0;
            if (!len)
                text[to] = raw.data[at];
            at += len ? len : 1;
        }
        return text;
    }
    return NULL;
}
