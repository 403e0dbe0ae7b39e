/* Files of images, and the variables of Compose: what is listed stands in its line; values obey the laws of their operators. */
#include "fuzz.h"
#include "image/listing.h"

#define DEFAULTS_MAX 8 /* that may stand in each other */

static size_t times(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text++)
        count++;
    return count;
}

/* Whether braces are closed in their order: such a text can stand within braces. */
static int balanced(const char *text)
{
    size_t open = 0;
    for (; *text; text++) {
        if (*text == '}' && open-- == 0)
            return 0;
        open += *text == '{';
    }
    return open == 0;
}

static void same(struct arena *arena, const char *text, const char *want)
{
    const char *value;
    MUST(!compose_value(arena, text, &value) && strcmp(value, want) == 0);
}

static void values(struct arena *arena, const char *text)
{
    const char *value = NULL, *fault = compose_value(arena, text, &value), *other;
    struct buf escaped = BUF_INIT;
    for (const char *c = text; *c; c++)
        buf_printf(&escaped, "%s%c", *c == '$' ? "$" : "", *c);
    same(arena, escaped.data, text); /* each '$' doubled: the text itself */
    buf_free(&escaped);
    if (!strchr(text, '$'))
        MUST(!fault && strcmp(value, text) == 0);
    MUST(!fault || *fault);
    if (!fault)
        same(arena, arena_printf(arena, "a${FUZZ_SET}%s", text), arena_printf(arena, "ayes%s", value));
    if (!balanced(text))
        return;
    const char *nested = arena_printf(arena, "${FUZZ_NOT:-%s}", text);
    const char *nested_fault = compose_value(arena, nested, &other);
    MUST(!fault || nested_fault);
    if (!fault && times(text, "${") < DEFAULTS_MAX)
        MUST(!nested_fault && strcmp(other, value) == 0);
    same(arena, arena_printf(arena, "${FUZZ_SET:-%s}", text), "yes"); /* what is not used is not looked at */
    same(arena, arena_printf(arena, "${FUZZ_SET-%s}", text), "yes");
    same(arena, arena_printf(arena, "${FUZZ_SET:?%s}", text), "yes");
    same(arena, arena_printf(arena, "${FUZZ_NOT:+%s}", text), "");
    same(arena, arena_printf(arena, "${FUZZ_EMPTY:+%s}", text), "");
    same(arena, arena_printf(arena, "${FUZZ_EMPTY-%s}", text), "");
    MUST(compose_value(arena, arena_printf(arena, "${FUZZ_NOT?%s}", text), &other));
    MUST(compose_value(arena, arena_printf(arena, "${FUZZ_EMPTY:?%s}", text), &other));
}

static void check(const struct listing *listing, size_t lines, size_t size)
{
    MUST(listing->count <= size);
    for (size_t i = 0; i < listing->count; i++) {
        MUST(listing->images[i].line >= 1 && listing->images[i].line <= lines);
        MUST(i == 0 || listing->images[i].line >= listing->images[i - 1].line);
        MUST(strlen(listing->images[i].text) <= 4096);
    }
}

static void lists(struct arena *arena, struct slice text, const char *name, size_t lines)
{
    struct listing first, later;
    size_t line, line_later;
    const char *fault = listing_read(arena, text, name, &first, &line);
    check(&first, lines, text.len);
    MUST(!fault || (line >= 1 && line <= lines));
    if (slice_starts(text, "\xef\xbb\xbf"))
        return;
    /* An empty line in front moves all lines by one. */
    const char *moved = arena_printf(arena, "\n%s", arena_copy(arena, text));
    MUST(!fault == !listing_read(arena, slice_of(moved), name, &later, &line_later) && first.count == later.count);
    MUST(!fault || line_later == line + 1);
    for (size_t i = 0; i < first.count; i++)
        MUST(later.images[i].line == first.images[i].line + 1 && strcmp(later.images[i].text, first.images[i].text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"-", "images.txt", "a.yaml", "compose.yml", "a.json"};
    struct arena arena = {NULL};
    size_t lines = 1;
    setenv("FUZZ_SET", "yes", 1);
    setenv("FUZZ_EMPTY", "", 1);
    unsetenv("FUZZ_NOT");
    const char *text = arena_copy(&arena, input(data, size)); /* files with NULs do not come this far */
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        lists(&arena, slice_of(text), names[i], lines);
    values(&arena, text);
    arena_free(&arena);
    return 0;
}
