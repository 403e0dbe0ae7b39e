#ifndef ECR_AWS_INI_H
#define ECR_AWS_INI_H

#include "base/arena.h"

/*
 * One line of an AWS config or credentials file. A section's own line has an empty key, so that an empty section is
 * known to be there; a line indented deeper than a key without a value has that key as its parent.
 */
struct ini_entry {
    struct slice section;
    struct slice parent;
    struct slice key;
    struct slice value;
};

struct ini {
    struct ini_entry *entries;
    size_t count;
};

/*
 * Parses a file's text, which must outlive the result. A comment begins with '#' or ';' at a line's start or behind a
 * space. Returns 0, or the number of the first line that is none of section, comment, key or indented line.
 */
size_t ini_parse(struct arena *arena, struct slice text, struct ini *ini);

#endif
