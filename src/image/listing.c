#include "image/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "image/yaml.h"

#define LISTED_MAX      1000000
#define NAME_MAX_LENGTH 4096
#define NESTED_MAX      8 /* defaults within defaults */
#define HIDDEN_MAX      1000

/* NULL, or why no more can be taken: what is left out would pass for checked. */
static const char *add(struct listing *listing, struct arena *arena, const char *text, size_t line)
{
    if (listing->count == LISTED_MAX)
        return "it names more than a million images";
    if (strlen(text) > NAME_MAX_LENGTH)
        return "the name of an image is longer than 4096 characters";
    if (listing->count == listing->room) {
        listing->room = 2 * listing->room + 16;
        struct listed_image *more = arena_array(arena, listing->room, sizeof *more);
        if (listing->count)
            memcpy(more, listing->images, listing->count * sizeof *more);
        listing->images = more;
    }
    listing->images[listing->count++] = (struct listed_image){text, line};
    return NULL;
}

static const char *expand(struct arena *arena, struct slice text, struct buf *out, int depth);

static bool is_name_char(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* What stands behind a name in braces: an operator and its word. */
static const char *expand_operator(struct arena *arena, const char *value, struct slice rest, struct buf *out,
                                   int depth)
{
    bool colon = rest.data[0] == ':';
    if (colon)
        rest = slice_from(rest, 1);
    bool set = value && (!colon || *value);
    if (!rest.len || !strchr("-?+", rest.data[0]))
        return "a variable is followed by an operator that Compose does not have";
    char sign = rest.data[0];
    if (sign == '?' && !set)
        return arena_printf(arena, "a variable must be set: %.*s", SLICE_ARGS(slice_from(rest, 1)));
    if (sign == '+' ? set : sign == '-' && !set)
        return expand(arena, slice_from(rest, 1), out, depth + 1);
    if (sign != '+')
        buf_str(out, value);
    return NULL;
}

/* Length of what stands in braces, nested ones counted; -1 without an end. */
static ptrdiff_t braced(struct slice text)
{
    int open = 0;
    for (size_t i = 0; i < text.len; i++) {
        open += text.data[i] == '{';
        if (text.data[i] == '}' && open-- == 0)
            return (ptrdiff_t)i;
    }
    return -1;
}

/* A variable behind its '$', taken off *text. */
static const char *expand_variable(struct arena *arena, struct slice *text, struct buf *out, int depth)
{
    bool in_braces = text->len && text->data[0] == '{';
    struct slice body = in_braces ? slice_from(*text, 1) : *text;
    ptrdiff_t end = in_braces ? braced(body) : 0;
    size_t name = 0;
    while (name < body.len && is_name_char(body.data[name]))
        name++;
    if (end < 0 || name == 0 || ascii_is_digit(body.data[0]))
        return "a '$' begins no variable; a plain one is written $$";
    const char *value = getenv(arena_copy(arena, slice_head(body, name)));
    struct slice rest = in_braces ? slice_from(slice_head(body, (size_t)end), name) : (struct slice){NULL, 0};
    *text = slice_from(body, in_braces ? (size_t)end + 1 : name);
    if (rest.len)
        return expand_operator(arena, value, rest, out, depth);
    buf_str(out, value ? value : "");
    return NULL;
}

static const char *expand(struct arena *arena, struct slice text, struct buf *out, int depth)
{
    const char *fault = depth > NESTED_MAX ? "its variables are nested too deep" : NULL;
    while (text.len && !fault) {
        char c = text.data[0];
        text = slice_from(text, 1);
        if (c != '$') {
            buf_char(out, c);
        } else if (text.len && text.data[0] == '$') {
            buf_char(out, '$');
            text = slice_from(text, 1);
        } else {
            fault = expand_variable(arena, &text, out, depth);
        }
    }
    return fault;
}

const char *compose_value(struct arena *arena, const char *text, const char **value)
{
    struct buf out = BUF_INIT;
    const char *fault = expand(arena, slice_of(text), &out, 0);
    *value = buf_detach(&out, arena);
    return fault;
}

/* An anchor of a collection with such images in it. */
struct hidden {
    const char *anchor;
    struct hidden *next;
};

/* What the walk through YAML collects. */
struct collecting {
    struct arena *arena;
    struct listing *listing;
    const char *fault;
    size_t line;
    struct hidden *hidden;
    size_t hidden_count;
};

static bool step_is(const struct yaml_scalar *scalar, size_t from_end, const char *name)
{
    if (scalar->depth < from_end)
        return false;
    const char *step = scalar->way[scalar->depth - from_end].name;
    return step && strcmp(step, name) == 0;
}

static bool is_element(const struct yaml_scalar *scalar, size_t from_end)
{
    return scalar->depth >= from_end && !scalar->way[scalar->depth - from_end].name;
}

/* A container of a pod, wherever its spec stands. */
static bool is_of_pod(const struct yaml_scalar *scalar)
{
    return is_element(scalar, 2) && (step_is(scalar, 3, "containers") || step_is(scalar, 3, "initContainers") ||
                                     step_is(scalar, 3, "ephemeralContainers"));
}

/* An image as a volume of a pod. */
static bool is_of_volume(const struct yaml_scalar *scalar)
{
    return step_is(scalar, 1, "reference") && step_is(scalar, 2, "image") && is_element(scalar, 3) &&
           step_is(scalar, 4, "volumes");
}

/* A service of a Compose file, or a fragment that its services share (below "x-..."). */
static bool is_of_compose(const struct yaml_scalar *scalar)
{
    const char *top = scalar->depth ? scalar->way[0].name : NULL;
    bool fragment = scalar->depth >= 2 && top && strncmp(top, "x-", 2) == 0;
    return fragment || (scalar->depth == 3 && step_is(scalar, 3, "services") && !is_element(scalar, 2));
}

/* What is merged ("<<", or an element of its list) stands where it is merged. `way` takes the steps. */
static struct yaml_scalar merged(const struct yaml_scalar *scalar, struct yaml_step *way)
{
    struct yaml_scalar whole = *scalar;
    bool merges = false;
    whole.way = way;
    whole.depth = 0;
    for (size_t i = 0; i < scalar->depth; i++) {
        const char *name = scalar->way[i].name;
        merges = name ? strcmp(name, "<<") == 0 : merges;
        if (!merges)
            way[whole.depth++] = scalar->way[i];
        merges = merges && name;
    }
    return whole;
}

static bool is_hidden(const struct collecting *collecting, const char *anchor)
{
    for (const struct hidden *hidden = collecting->hidden; hidden; hidden = hidden->next)
        if (strcmp(hidden->anchor, anchor) == 0)
            return true;
    return false;
}

/* An image that is not read where it stands, but may be read where an alias of its collection stands. */
static void note_hidden(struct collecting *collecting, const struct yaml_scalar *scalar)
{
    for (size_t i = 0; i < scalar->depth; i++) {
        const char *anchor = scalar->way[i].anchor;
        if (!anchor || is_hidden(collecting, anchor))
            continue;
        if (collecting->hidden_count++ == HIDDEN_MAX) {
            collecting->fault = "it has more anchors than any manifest";
            return;
        }
        struct hidden *hidden = arena_alloc(collecting->arena, sizeof *hidden);
        *hidden = (struct hidden){anchor, collecting->hidden};
        collecting->hidden = hidden;
    }
}

/* In what images are read of: what comes in there unseen would pass for checked. */
static bool is_read_below(const struct yaml_scalar *scalar)
{
    static const char *const places[] = {"containers", "initContainers", "ephemeralContainers", "spec", "template",
                                         "volumes",    "services"};
    for (size_t i = 0; i < scalar->depth; i++)
        for (size_t k = 0; k < sizeof places / sizeof *places; k++)
            if (step_is(scalar, i + 1, places[k]))
                return true;
    return false;
}

static bool brings_hidden(const struct collecting *collecting, const struct yaml_scalar *scalar)
{
    return scalar->collection && is_read_below(scalar) && is_hidden(collecting, scalar->collection);
}

static void take_image(struct collecting *collecting, const struct yaml_scalar *scalar)
{
    const char *text = scalar->text;
    collecting->line = scalar->line;
    if (is_of_compose(scalar) && strlen(text) <= NAME_MAX_LENGTH)
        collecting->fault = compose_value(collecting->arena, text, &text);
    if (!collecting->fault)
        collecting->fault = add(collecting->listing, collecting->arena, text, scalar->line);
}

static void on_scalar(void *context, const struct yaml_scalar *scalar)
{
    struct collecting *collecting = context;
    struct yaml_step way[YAML_DEPTH_MAX] = {{0}};
    bool image = step_is(scalar, 1, "image"), volume = step_is(scalar, 1, "reference");
    if (collecting->fault)
        return;
    if (brings_hidden(collecting, scalar)) {
        collecting->fault = "an alias stands for images that are not read where they stand: write them out";
        collecting->line = scalar->line;
    }
    if (!image && !volume)
        return;
    struct yaml_scalar whole = merged(scalar, way);
    if ((image && (is_of_compose(&whole) || is_of_pod(&whole))) || (volume && is_of_volume(&whole)))
        take_image(collecting, &whole);
    else
        note_hidden(collecting, scalar);
}

static const char *read_yaml(struct arena *arena, struct slice text, struct listing *listing, size_t *line)
{
    struct collecting collecting = {.arena = arena, .listing = listing};
    const char *fault = yaml_walk(arena, text, on_scalar, &collecting, line);
    if (!fault && collecting.fault) {
        fault = collecting.fault;
        *line = collecting.line;
    }
    return fault;
}

static const char *read_lines(struct arena *arena, struct slice text, struct listing *listing, size_t *line)
{
    const char *fault = NULL;
    for (*line = 1; text.data && !fault; *line += !fault) {
        struct slice rest = slice_cut(&text, '\n');
        struct slice body = slice_trim(rest);
        for (size_t i = 0; i < body.len; i++)
            if (body.data[i] == '#' && (i == 0 || body.data[i - 1] == ' ' || body.data[i - 1] == '\t'))
                body = slice_trim(slice_head(body, i));
        if (body.len)
            fault = add(listing, arena, arena_copy(arena, body), *line);
    }
    return fault;
}

/* "kind:" with a blank or nothing behind it; "kind:v1" is an image. */
static bool begins_with_key(struct slice line)
{
    static const char *const keys[] = {"apiVersion", "kind", "services", "version",
                                       "name",       "spec", "metadata", "items"};
    struct slice rest = line;
    struct slice key = slice_cut(&rest, ':');
    bool is_key = rest.data && (!rest.len || rest.data[0] == ' ' || rest.data[0] == '\t' || rest.data[0] == '\r');
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (is_key && slice_is(key, keys[i]))
            return true;
    return is_key && slice_starts(key, "x-");
}

/* By its first line that is neither empty nor a comment. */
static bool looks_like_yaml(struct slice text)
{
    static const char *const starts[] = {"---", "{", "[", "%YAML", "- "};
    while (text.data) {
        struct slice line = slice_cut(&text, '\n');
        struct slice body = slice_trim(line);
        if (!body.len || body.data[0] == '#')
            continue;
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
            if (slice_starts(body, starts[i]))
                return true;
        return begins_with_key(line);
    }
    return false;
}

const char *listing_read(struct arena *arena, struct slice text, const char *name, struct listing *listing,
                         size_t *line)
{
    struct slice file = slice_of(name);
    if (slice_starts(text, "\xef\xbb\xbf")) /* a byte order mark */
        text = slice_from(text, 3);
    *listing = (struct listing){.images = NULL};
    *line = 0;
    if (slice_ends(file, ".yaml") || slice_ends(file, ".yml") || slice_ends(file, ".json") || looks_like_yaml(text))
        return read_yaml(arena, text, listing, line);
    return read_lines(arena, text, listing, line);
}
