#ifndef ECR_CMD_ROWS_H
#define ECR_CMD_ROWS_H

#include "base/json.h"
#include "cmd/cmd.h"
#include "term/table.h"

/* Objects of the service as a table: what each column shows of them. */
enum field_kind {
    FIELD_TEXT,  /* numbers too; lists joined by commas */
    FIELD_TIME,  /* seconds, shown as ISO 8601 */
    FIELD_SIZE,  /* bytes; on a terminal in a readable unit */
    FIELD_SWITCH /* true and false, shown as on and off */
};

struct field {
    struct table_column column;
    const char *path; /* "encryptionConfiguration.encryptionType"; NULL: what the command itself fills in */
    enum field_kind kind;
};

/* What is shown of an object under a path. In `arena`; NULL for what is not there. */
const char *field_text(const struct field *field, struct json_node object, bool for_people, struct arena *arena);

/* A number of bytes, for people in a readable unit. In `arena`. */
const char *size_text(int64_t bytes, bool for_people, struct arena *arena);

/* The text of a string in `arena`, "-" for what is none. */
const char *node_text(struct json_node node, struct arena *arena);

/* The member of a path of names set apart by dots. */
struct json_node field_node(const char *path, struct json_node object);

/*
 * Prints the objects as a table, fitted to the terminal, or with --json one a line. `fill` gives the texts of the fields
 * without a path (may be NULL). Returns the exit status.
 */
typedef const char *rows_fill(void *context, size_t row, size_t column);
int rows_print(struct invocation *in, const struct field *fields, size_t count, const struct json_node *rows,
               size_t row_count, rows_fill *fill, void *context);

/* Prints one object, a field a line: its title, and what it shows. */
int rows_print_one(struct invocation *in, const struct field *fields, size_t count, struct json_node object,
                   rows_fill *fill, void *context);

#endif
