#ifndef ECR_IMAGE_YAML_FLOW_H
#define ECR_IMAGE_YAML_FLOW_H

#include "image/yaml.h"

/* For yaml.c: what may take several lines (quoted scalars, flow collections), and the walk itself. */

/* Where the walk is. Lines are taken one by one. */
struct yaml_walking {
    struct arena *arena;
    struct slice rest; /* behind the current line */
    size_t line;
    yaml_visitor *visit;
    void *context;
    struct yaml_step way[YAML_DEPTH_MAX];
    size_t depth;
    const char *fault;
    const char *anchor; /* that stands before the value to come; NULL: none */
    struct yaml_anchor *anchors;
    size_t anchor_count;
};

/* Notes what is wrong, if nothing was before. Returns false. */
bool yaml_fail(struct yaml_walking *walk, const char *fault);

bool yaml_next_line(struct yaml_walking *walk, struct slice *line); /* false at the end */
struct slice yaml_skip_blanks(struct slice text);
bool yaml_is_mark(struct slice text, char mark); /* it begins with that character */

/* An anchor before a collection belongs to the step that leads to it. */
void yaml_anchor_step(struct yaml_walking *walk);

/* Goes a step deeper; false at the limit. */
bool yaml_push(struct yaml_walking *walk, const char *name, size_t indent);

/* Shows a scalar to the visitor, and keeps it where it has an anchor. A plain one may be an alias. */
void yaml_show(struct yaml_walking *walk, const char *text, size_t line);
void yaml_show_plain(struct yaml_walking *walk, const char *text);

/* Takes "&anchor" and "!tag" off the front of a value. */
struct slice yaml_skip_properties(struct yaml_walking *walk, struct slice text);

/* Takes what begins at *text, with further lines where it goes on in them. NULL or false when its end is missing. */
const char *yaml_take_quoted(struct yaml_walking *walk, struct slice *text);
bool yaml_flow_collection(struct yaml_walking *walk, struct slice *text);

#endif
