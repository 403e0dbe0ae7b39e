#include "term/table.h"

#include <string.h>
#include <wchar.h>

#include "base/utf8.h"
#include "term/term.h"

#define GAP        2  /* spaces between columns */
#define SHRUNK_MIN 12 /* a text that is cut keeps that many columns */
#define ELLIPSIS   "\xe2\x80\xa6"

void table_open(struct table *table, const struct table_column *columns, size_t count)
{
    *table = (struct table){.columns = columns, .column_count = count};
}

void table_close(struct table *table)
{
    arena_free(&table->arena);
}

void table_add(struct table *table, const char *text)
{
    struct buf safe = BUF_INIT;
    if (table->cell_count == table->room) {
        table->room = 2 * table->room + 64;
        const char **more = arena_array(&table->arena, table->room, sizeof *more);
        if (table->cell_count)
            memcpy(more, table->cells, table->cell_count * sizeof *more);
        table->cells = more;
    }
    term_safe(&safe, text && *text ? text : "-");
    table->cells[table->cell_count++] = buf_detach(&safe, &table->arena);
}

/* Columns that a character takes: none for marks that stand over the one before, two for wide ones. */
static size_t character_width(struct slice text)
{
    int width = wcwidth((wchar_t)utf8_code(text));
    return width < 0 ? 1 : (size_t)width;
}

static size_t display_width(const char *text)
{
    size_t width = 0;
    struct slice rest = slice_of(text);
    while (rest.len) {
        width += character_width(rest);
        rest = slice_from(rest, utf8_length(rest));
    }
    return width;
}

/* Appends a text cut to so many columns; returns how many it takes. */
static size_t write_cut(struct buf *out, const char *text, size_t width)
{
    size_t taken = 0;
    struct slice rest = slice_of(text);
    size_t whole = display_width(text);
    while (rest.len && taken + character_width(rest) <= (whole > width ? width - 1 : width)) {
        size_t len = utf8_length(rest);
        taken += character_width(rest);
        buf_add(out, rest.data, len);
        rest = slice_from(rest, len);
    }
    if (whole <= width)
        return taken;
    buf_str(out, ELLIPSIS);
    return taken + 1;
}

/* How wide each column is shown; 0: not at all. */
struct layout {
    size_t widths[TABLE_COLUMNS_MAX];
    size_t count;
};

static size_t least_width(const struct table_column *column, size_t width)
{
    size_t least = display_width(column->title) > SHRUNK_MIN ? display_width(column->title) : SHRUNK_MIN;
    return column->shrinks && least < width ? least : width;
}

/* The width of a row; `shrunk` as far as it goes. */
static size_t row_width(const struct table *table, const struct layout *layout, bool shrunk)
{
    size_t all = 0;
    for (size_t i = 0; i < layout->count; i++)
        if (layout->widths[i])
            all += GAP + (shrunk ? least_width(&table->columns[i], layout->widths[i]) : layout->widths[i]);
    return all ? all - GAP : 0;
}

/* Takes away the column that is to go first; false when all others are to stay. */
static bool drop_one(const struct table *table, struct layout *layout)
{
    size_t goes = layout->count;
    for (size_t i = 0; i < layout->count; i++)
        if (layout->widths[i] && table->columns[i].drop &&
            (goes == layout->count || table->columns[i].drop > table->columns[goes].drop))
            goes = i;
    if (goes == layout->count)
        return false;
    layout->widths[goes] = 0;
    return true;
}

/* Makes the widest column that can be narrower so by one; false when there is none. */
static bool shrink_one(const struct table *table, struct layout *layout)
{
    size_t widest = layout->count;
    for (size_t i = 0; i < layout->count; i++)
        if (layout->widths[i] > least_width(&table->columns[i], layout->widths[i]) &&
            (widest == layout->count || layout->widths[i] > layout->widths[widest]))
            widest = i;
    if (widest == layout->count)
        return false;
    layout->widths[widest]--;
    return true;
}

static struct layout lay_out(const struct table *table, size_t width)
{
    struct layout layout = {.count = table->column_count};
    for (size_t i = 0; i < layout.count; i++)
        layout.widths[i] = display_width(table->columns[i].title);
    for (size_t row = 0; row + layout.count <= table->cell_count; row += layout.count)
        for (size_t i = 0; i < layout.count; i++) {
            size_t cell = display_width(table->cells[row + i]);
            layout.widths[i] = cell > layout.widths[i] ? cell : layout.widths[i];
        }
    for (size_t i = 0; i < layout.count; i++) {
        size_t most = width + least_width(&table->columns[i], layout.widths[i]); /* beyond, it is cut in any case */
        if (table->columns[i].shrinks && layout.widths[i] > most)
            layout.widths[i] = most;
    }
    while (row_width(table, &layout, true) > width && drop_one(table, &layout)) {
    }
    while (row_width(table, &layout, false) > width && shrink_one(table, &layout)) {
    }
    return layout;
}

static void write_spaces(struct buf *out, size_t count)
{
    while (count-- > 0)
        buf_char(out, ' ');
}

/* Spaces are owed until something follows, so that no line ends with them. */
static void write_row(const struct table *table, const struct layout *layout, const char *const *cells, struct buf *out)
{
    size_t owed = 0;
    bool first = true;
    for (size_t i = 0; i < layout->count; i++) {
        if (!layout->widths[i])
            continue;
        write_spaces(out, owed + (first ? 0 : GAP));
        struct buf cell = BUF_INIT;
        size_t width = write_cut(&cell, cells[i], layout->widths[i]);
        owed = layout->widths[i] > width ? layout->widths[i] - width : 0;
        if (table->columns[i].right) {
            write_spaces(out, owed);
            owed = 0;
        }
        buf_slice(out, buf_view(&cell));
        first = false;
        buf_free(&cell);
    }
    buf_char(out, '\n');
}

static void write_head(const struct table *table, const struct layout *layout, struct buf *out)
{
    const char *titles[TABLE_COLUMNS_MAX] = {NULL};
    for (size_t i = 0; i < table->column_count; i++)
        titles[i] = table->columns[i].title;
    write_row(table, layout, titles, out);
}

void table_write(const struct table *table, size_t width, struct buf *out)
{
    struct layout layout;
    if (width) {
        layout = lay_out(table, width);
        if (*table->columns[0].title)
            write_head(table, &layout, out);
    }
    for (size_t i = 0; i < table->cell_count; i += table->column_count) {
        if (width) {
            write_row(table, &layout, &table->cells[i], out);
            continue;
        }
        for (size_t c = 0; c < table->column_count; c++)
            buf_printf(out, "%s%s", table->cells[i + c], c + 1 < table->column_count ? "\t" : "\n");
    }
}
