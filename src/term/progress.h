#ifndef ECR_TERM_PROGRESS_H
#define ECR_TERM_PROGRESS_H

#include "term/term.h"

#define PROGRESS_LABEL_MAX 16

/* Something that goes on. */
struct progress_bar {
    char label[PROGRESS_LABEL_MAX]; /* "4f4fb700ef54" */
    int64_t done, total;            /* bytes, up to 2^50 */
    int64_t since;                  /* when it began: milliseconds on the monotonic clock */
};

/* How far something got: on a terminal a bar for each part, else a line every few seconds; nothing with `quiet`. */
struct progress {
    struct term *term;
    size_t drawn;    /* lines of bars that stand there */
    int64_t next_at; /* when the next line is due */
};

void progress_open(struct progress *progress, struct term *term);

/* Shows the parts that go on now, and the whole; what stood there before is written over. */
void progress_show(struct progress *progress, const struct progress_bar *bars, size_t count,
                   const struct progress_bar *whole);

/* A line that stays, above the bars. */
void progress_line(struct progress *progress, enum term_colour colour, const char *text);

/* Takes the bars away. */
void progress_close(struct progress *progress);

/* "84 MB/s, 3 s left": of what began and got so far by now. "" where nothing can be said yet. */
void progress_rate(struct buf *out, const struct progress_bar *bar, int64_t now);

#endif
