#ifndef ECR_CMD_OPTIONS_H
#define ECR_CMD_OPTIONS_H

#include "base/error.h"

enum option_kind {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char *; an empty value is refused */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_COUNT,    /* int, 1 to 100 */
    OPTION_CHOICE,   /* int: index into `choices` */
    OPTION_SIZE,     /* int64_t, bytes: "500", "20MB" (1000), "20MiB" (1024) */
    OPTION_NUMBER,   /* int64_t, 1 to NUMBER_MAX */
    OPTION_MAYBE,    /* const char *: "--name=VALUE", or "" for "--name" alone */
    OPTION_LIST      /* struct text_list: each further value is added */
};

#define NUMBER_MAX 1000000

/* The values of an option that may be given several times. */
#define TEXT_LIST_MAX 256
struct text_list {
    const char *values[TEXT_LIST_MAX];
    size_t count;
};

/* An option of a command line, "--name VALUE" or "--name=VALUE", and where its value goes. */
struct option {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    void *target;
    const char *const *choices; /* NULL at the end */
};

struct option_set {
    const struct option *list;
    size_t count;
};

/*
 * Takes options off an argument list; `sets` are looked through in order. What is no option is kept in `operands`
 * (room for `argc`), in order; "--" ends the options. With `stop_at_operand` it stops before the first operand.
 * Returns how many arguments were taken, or -1 with an error of reason usage.
 */
int options_parse(const struct option_set *sets, size_t set_count, int argc, char **argv, bool stop_at_operand,
                  const char **operands, size_t *operand_count, struct error *error);

/* Of the names, the one that differs least from the text, NULL if none is near. */
const char *nearest_name(const char *text, const char *const *names, size_t count);

#endif
