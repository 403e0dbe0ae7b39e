#ifndef ECR_TERM_TABLE_H
#define ECR_TERM_TABLE_H

#include <stdbool.h>

#include "base/buf.h"

#define TABLE_COLUMNS_MAX 16

struct table_column {
    const char *title;
    bool right;   /* numbers */
    bool shrinks; /* its texts may be cut where the terminal is narrow */
    int drop;     /* where that is not enough, columns go in the order of this number, the highest first; 0 stays */
};

/* Rows of text for people (aligned by display width, fitted to the terminal) and for machines (tab-separated). */
struct table {
    const struct table_column *columns;
    size_t column_count;
    struct arena arena;
    const char **cells; /* row by row */
    size_t cell_count, room;
};

/* The columns outlive the table. */
void table_open(struct table *table, const struct table_column *columns, size_t count);
void table_close(struct table *table);

/* The next cell, from left to right; the text is copied and made printable. NULL and "" are shown as "-". */
void table_add(struct table *table, const char *text);

/*
 * Appends the table: with a head line (if the first column has a title) for a terminal of `width` columns; without one
 * and tab-separated for width 0.
 */
void table_write(const struct table *table, size_t width, struct buf *out);

#endif
