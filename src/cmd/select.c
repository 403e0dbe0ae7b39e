#include "cmd/select.h"

#include "base/json.h"
#include "term/term.h"

static struct slice names_of(const char *path)
{
    struct slice text = slice_trim(slice_of(path));
    if (slice_starts(text, "{{") && slice_ends(text, "}}") && text.len >= 4)
        text = slice_trim(slice_head(slice_from(text, 2), text.len - 4));
    return slice_starts(text, ".") ? slice_from(text, 1) : text;
}

bool select_is_path(const char *path)
{
    struct slice names = names_of(path);
    if (!names.len)
        return false;
    while (names.data) {
        struct slice name = slice_cut(&names, '.');
        for (size_t i = 0; i < name.len; i++)
            if (!ascii_is_alnum(name.data[i]) && name.data[i] != '_' && name.data[i] != '-')
                return false;
        if (!name.len)
            return false;
    }
    return true;
}

/* A member of an object, or the element of that number. */
static struct json_node step_into(struct arena *arena, struct json_node node, struct slice name)
{
    uint64_t number;
    if (!json_is(node, JSON_ARRAY) || !slice_number(name, UINT32_MAX, &number))
        return json_get(node, arena_copy(arena, name));
    struct json_node element = json_first(node);
    while (number-- > 0 && json_exists(element))
        element = json_next(node, element);
    return element;
}

bool select_member(struct buf *out, struct slice text, const char *path)
{
    struct arena scratch = {0};
    struct json json;
    struct slice names = names_of(path);
    bool good = select_is_path(path) && json_parse(&scratch, text, &json) == 0;
    if (good) {
        struct json_node node = json_root(&json);
        while (names.data)
            node = step_into(&scratch, node, slice_cut(&names, '.'));
        const char *value = json_cstr(&scratch, node);
        if (value && slice_starts(slice_trim(slice_of(value)), "::"))
            buf_char(out, '?'); /* a line that begins so is a command to a job of GitHub */
        if (value)
            term_safe(out, value);
        else
            buf_slice(out, json_raw(node));
        buf_char(out, '\n');
    }
    arena_free(&scratch);
    return good;
}
