#ifndef ECR_BASE_BUF_H
#define ECR_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * The one string builder. `data` is never NULL and always has a NUL at `data[len]`; the bytes before it may be any.
 * Memory that it leaves behind, when it grows and when it is freed, is wiped: request heads carry tokens.
 */
struct buf {
    char *data;
    size_t len;
    size_t size; /* 0: nothing allocated yet */
};

extern char buf_empty[1];
#define BUF_INIT ((struct buf){buf_empty, 0, 0})

void buf_free(struct buf *b);                  /* back to BUF_INIT */
void buf_clear(struct buf *b);                 /* wiped and empty, memory kept */
char *buf_reserve(struct buf *b, size_t more); /* room for `more` bytes and a NUL; returns where they go */
void buf_added(struct buf *b, size_t len);     /* that many of the reserved bytes were written */
void buf_drop(struct buf *b, size_t len);      /* forget the first `len` bytes */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_char(struct buf *b, char c);
void buf_str(struct buf *b, const char *text);
void buf_slice(struct buf *b, struct slice text);
/* By base/format.h. */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
char *buf_detach(struct buf *b, struct arena *arena); /* the text moves to the arena; back to BUF_INIT */
struct slice buf_view(const struct buf *b);           /* valid until the next change */

#endif
