#ifndef ECR_TERM_TERM_H
#define ECR_TERM_TERM_H

#include <stdbool.h>

#include "base/buf.h"

/* How stderr is written: colours, and how much. stdout carries results alone. */
enum term_colour { TERM_PLAIN, TERM_BLUE, TERM_GREEN, TERM_YELLOW, TERM_RED };
enum term_when { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };

struct term {
    bool colours;
    bool terminal; /* stderr is one */
    bool progress; /* a line of it stands there */
    bool quiet;    /* only errors */
    bool verbose;
};

/* Colours go to a terminal unless NO_COLOR (no-color.org) or TERM=dumb; `when` overrides. */
void term_init(struct term *term, enum term_when when, bool quiet, bool verbose);

/* A line about what goes on; nothing with `quiet`. The text is made printable. */
void term_note(const struct term *term, enum term_colour colour, const char *text);

/*
 * A line that is written over by the next one, and gone with any other: for a terminal alone, and not with `quiet`. NULL
 * takes it away.
 */
void term_progress(struct term *term, const char *text);

/* Writes to stderr as it stands: what term/progress.c draws. */
void term_put(struct slice text);

/* A question, without a line's end, always; NULL ends the line. */
void term_ask(const struct term *term, const char *text);

/* "ecr: TEXT" in red, always. */
void term_error(const struct term *term, const char *text);

/*
 * Appends text that may come from a peer so that it can do no harm on a terminal or in a CI log: control characters
 * and bytes that are not UTF-8 become '?', line breaks spaces, and what would begin a workflow command ("##[" of
 * GitHub, "##vso[" of Azure) is broken up.
 */
void term_safe(struct buf *out, const char *text);

/* The columns of the terminal that stdout is; 0: it is none. */
size_t term_width(void);

/*
 * Appends bytes as people read them: "999 B", "1.2 kB", "340 MB"; thousands, as docker and ECR's console count.
 */
void term_size(struct buf *out, int64_t bytes);

/* Writes to stdout at once and whole. Returns 0, or an errno value. */
int term_write(struct slice text);

#endif
