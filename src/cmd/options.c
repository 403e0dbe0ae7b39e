#include "cmd/options.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define NAMES_MAX    64
#define NAME_MAX_LEN 40
#define COUNT_MAX    100

/* Edit distance (Levenshtein) of two short names. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1], width = strlen(b);
    if (width > NAME_MAX_LEN)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[width];
}

const char *nearest_name(const char *text, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(text) / 2 + 2; /* two swapped letters count as two */
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(text, names[i]);
        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

struct parser {
    const struct option_set *sets;
    size_t set_count;
    int argc;
    char **argv;
    int at;
    struct error *error;
};

static const struct option *find(const struct parser *p, struct slice name, char letter)
{
    for (size_t s = 0; s < p->set_count; s++)
        for (size_t i = 0; i < p->sets[s].count; i++) {
            const struct option *option = &p->sets[s].list[i];
            if (letter ? option->letter == letter : slice_is(name, option->name))
                return option;
        }
    return NULL;
}

static int unknown(const struct parser *p, const char *argument, struct slice name)
{
    const char *names[NAMES_MAX] = {NULL};
    size_t count = 0;
    for (size_t s = 0; s < p->set_count; s++)
        for (size_t i = 0; i < p->sets[s].count && count < NAMES_MAX; i++)
            names[count++] = p->sets[s].list[i].name;
    const char *near = nearest_name(arena_copy(p->error->arena, name), names, count);
    error_set(p->error, REASON_USAGE, argument, "unknown option");
    if (near)
        error_hint(p->error, "did you mean --%s?", near);
    return -1;
}

static int bad_value(struct error *error, const struct option *option, const char *value, const char *rule)
{
    return error_set(error, REASON_USAGE, arena_printf(error->arena, "--%s", option->name), "'%s' is %s", value, rule);
}

static int set_choice(struct error *error, const struct option *option, const char *value)
{
    struct buf all = BUF_INIT;
    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            *(int *)option->target = i;
            buf_free(&all);
            return 0;
        }
        buf_printf(&all, "%s%s", i ? ", " : "", option->choices[i]);
    }
    bad_value(error, option, value, arena_printf(error->arena, "none of %s", all.data));
    buf_free(&all);
    return -1;
}

/* "20MB", "20MiB", "20M" (both of 1000), "500". */
static bool parse_size(struct slice text, int64_t *bytes)
{
    static const char units[] = "KMGT";
    uint64_t number, factor = 1;
    bool binary = slice_ends(text, "iB"), with_unit = binary || slice_ends(text, "B");
    if (with_unit)
        text.len -= binary ? 2 : 1;
    const char *unit = text.len ? strchr(units, text.data[text.len - 1]) : NULL;
    if (!unit && binary)
        return false;
    if (unit) {
        text.len--;
        for (const char *step = units; step <= unit; step++)
            factor *= binary ? 1024 : 1000;
    }
    if (!slice_number(text, INT64_MAX / factor, &number) || number == 0)
        return false;
    *bytes = (int64_t)(number * factor);
    return true;
}

static int add_value(struct error *error, const struct option *option, const char *value)
{
    struct text_list *list = option->target;
    if (!*value)
        return bad_value(error, option, value, "empty");
    if (list->count == TEXT_LIST_MAX)
        return bad_value(error, option, value, "one too many");
    list->values[list->count++] = value;
    return 0;
}

static int set_value(struct error *error, const struct option *option, const char *value)
{
    uint64_t count;
    switch (option->kind) {
    case OPTION_DURATION:
        if (!duration_parse(slice_of(value), option->target) || *(int64_t *)option->target == 0)
            return bad_value(error, option, value, "no duration like 500ms, 30s, 5m or 1h");
        return 0;
    case OPTION_COUNT:
        if (!slice_number(slice_of(value), COUNT_MAX, &count) || count == 0)
            return bad_value(error, option, value, "no number from 1 to 100");
        *(int *)option->target = (int)count;
        return 0;
    case OPTION_CHOICE:
        return set_choice(error, option, value);
    case OPTION_SIZE:
        if (!parse_size(slice_of(value), option->target))
            return bad_value(error, option, value, "no size like 500MB or 2GiB");
        return 0;
    case OPTION_NUMBER:
        if (!slice_number(slice_of(value), NUMBER_MAX, &count) || count == 0)
            return bad_value(error, option, value, "no number from 1 to 1000000");
        *(int64_t *)option->target = (int64_t)count;
        return 0;
    case OPTION_LIST:
        return add_value(error, option, value);
    default:
        if (!*value)
            return bad_value(error, option, value, "empty");
        *(const char **)option->target = value;
        return 0;
    }
}

/* Applies an option; `value` is what stood behind '=', or NULL. */
static int apply(struct parser *p, const struct option *option, const char *value)
{
    if (option->kind == OPTION_FLAG) {
        if (value)
            return error_set(p->error, REASON_USAGE, arena_printf(p->error->arena, "--%s", option->name),
                             "takes no value");
        *(bool *)option->target = true;
        return 0;
    }
    if (option->kind == OPTION_MAYBE && !value) {
        *(const char **)option->target = "";
        return 0;
    }
    if (!value && p->at < p->argc)
        value = p->argv[p->at++];
    if (!value)
        return error_set(p->error, REASON_USAGE, arena_printf(p->error->arena, "--%s", option->name), "needs a value");
    return set_value(p->error, option, value);
}

static int parse_long(struct parser *p, const char *argument)
{
    struct slice value = slice_of(argument + 2);
    struct slice name = slice_cut(&value, '=');
    const struct option *option = find(p, name, 0);
    return option ? apply(p, option, value.data) : unknown(p, argument, name);
}

/* "-q", "-qv", "-vVALUE". */
static int parse_short(struct parser *p, const char *argument)
{
    for (const char *letter = argument + 1; *letter; letter++) {
        const struct option *option = find(p, (struct slice){NULL, 0}, *letter);
        if (!option)
            return unknown(p, argument, slice_of(argument + 1));
        bool flag = option->kind == OPTION_FLAG;
        if (apply(p, option, !flag && letter[1] ? letter + 1 : NULL) < 0)
            return -1;
        if (!flag)
            break;
    }
    return 0;
}

int options_parse(const struct option_set *sets, size_t set_count, int argc, char **argv, bool stop_at_operand,
                  const char **operands, size_t *operand_count, struct error *error)
{
    struct parser p = {sets, set_count, argc, argv, 0, error};
    bool ended = false;
    *operand_count = 0;
    while (p.at < argc) {
        const char *argument = argv[p.at];
        bool is_option = !ended && argument[0] == '-' && argument[1];
        if (!is_option && stop_at_operand)
            break;
        p.at++;
        if (!is_option)
            operands[(*operand_count)++] = argument;
        else if (strcmp(argument, "--") == 0)
            ended = true;
        else if ((argument[1] == '-' ? parse_long(&p, argument) : parse_short(&p, argument)) < 0)
            return -1;
    }
    return p.at;
}
