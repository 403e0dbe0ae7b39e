#include "cmd/rows.h"

#include "base/clock.h"
#include "base/json_merge.h"

const char *node_text(struct json_node node, struct arena *arena)
{
    const char *text = json_cstr(arena, node);
    return text ? text : "-";
}

struct json_node field_node(const char *path, struct json_node object)
{
    struct arena scratch = {0};
    struct slice names = slice_of(path);
    while (names.data)
        object = json_get(object, arena_copy(&scratch, slice_cut(&names, '.')));
    arena_free(&scratch);
    return object;
}

/* The elements of a list, joined by commas; of objects their members "filter", as all of ECR's filters have it. */
static const char *list_text(struct json_node list, struct arena *arena)
{
    struct buf text = BUF_INIT;
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node)) {
        const char *one = json_cstr(arena, json_is(node, JSON_OBJECT) ? json_get(node, "filter") : node);
        buf_printf(&text, "%s%s", text.len ? "," : "", one ? one : "?");
    }
    return buf_detach(&text, arena);
}

const char *size_text(int64_t bytes, bool for_people, struct arena *arena)
{
    struct buf text = BUF_INIT;
    if (for_people)
        term_size(&text, bytes);
    else
        buf_printf(&text, "%lld", (long long)bytes);
    return buf_detach(&text, arena);
}

const char *field_text(const struct field *field, struct json_node object, bool for_people, struct arena *arena)
{
    int64_t number;
    char time[TIME_TEXT];
    struct json_node node = field_node(field->path, object);
    if (!json_exists(node))
        return NULL;
    if (field->kind == FIELD_TIME && json_seconds(node, &number)) {
        time_iso(number, time);
        return arena_strdup(arena, time);
    }
    if (field->kind == FIELD_SIZE && json_int64(node, &number) && number >= 0)
        return size_text(number, for_people, arena);
    if (field->kind == FIELD_SWITCH)
        return json_is(node, JSON_TRUE) ? "on" : "off";
    if (json_is(node, JSON_ARRAY))
        return list_text(node, arena);
    return json_is(node, JSON_STRING) ? json_cstr(arena, node) : arena_copy(arena, json_raw(node));
}

static int print_json(struct invocation *in, const struct json_node *rows, size_t count)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < count; i++) {
        json_write_node(&out, rows[i]);
        buf_char(&out, '\n');
    }
    return invocation_finish(in, &out);
}

static int print_table(struct invocation *in, const struct table *table)
{
    struct buf out = BUF_INIT;
    table_write(table, term_width(), &out);
    return invocation_finish(in, &out);
}

int rows_print(struct invocation *in, const struct field *fields, size_t count, const struct json_node *rows,
               size_t row_count, rows_fill *fill, void *context)
{
    struct table table;
    struct table_column columns[TABLE_COLUMNS_MAX];
    bool for_people = term_width() > 0;
    if (in->json)
        return print_json(in, rows, row_count);
    for (size_t i = 0; i < count; i++)
        columns[i] = fields[i].column;
    table_open(&table, columns, count);
    for (size_t row = 0; row < row_count; row++)
        for (size_t i = 0; i < count; i++)
            table_add(&table, fields[i].path ? field_text(&fields[i], rows[row], for_people, &table.arena)
                                             : fill(context, row, i));
    int status = print_table(in, &table);
    table_close(&table);
    return status;
}

int rows_print_one(struct invocation *in, const struct field *fields, size_t count, struct json_node object,
                   rows_fill *fill, void *context)
{
    struct table table;
    static const struct table_column columns[] = {{"", false, false, 0}, {"", false, false, 0}};
    bool for_people = term_width() > 0;
    if (in->json)
        return print_json(in, &object, 1);
    table_open(&table, columns, 2);
    for (size_t i = 0; i < count; i++) {
        table_add(&table, fields[i].column.title);
        table_add(&table,
                  fields[i].path ? field_text(&fields[i], object, for_people, &table.arena) : fill(context, 0, i));
    }
    int status = print_table(in, &table);
    table_close(&table);
    return status;
}
