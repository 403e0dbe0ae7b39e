#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"

#define BUF_FIRST 256

char buf_empty[1];

void buf_free(struct buf *b)
{
    if (b->size)
        wipe_free(b->data, b->len + 1);
    *b = BUF_INIT;
}

void buf_clear(struct buf *b)
{
    if (b->size) {
        explicit_bzero(b->data, b->len);
        b->data[0] = 0;
    }
    b->len = 0;
}

char *buf_reserve(struct buf *b, size_t more)
{
    if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
        out_of_memory();
    size_t need = b->len + more + 1;
    if (need > b->size) {
        size_t size = b->size ? b->size : BUF_FIRST;
        while (size < need)
            size *= 2;
        char *data = must_alloc(size);
        memcpy(data, b->data, b->len + 1);
        if (b->size)
            wipe_free(b->data, b->len + 1);
        b->data = data;
        b->size = size;
    }
    return b->data + b->len;
}

void buf_added(struct buf *b, size_t len)
{
    b->len += len;
    b->data[b->len] = 0;
}

void buf_drop(struct buf *b, size_t len)
{
    if (len > b->len)
        len = b->len;
    if (len == 0)
        return;
    size_t old = b->len;
    memmove(b->data, b->data + len, b->len - len + 1);
    b->len -= len;
    explicit_bzero(b->data + b->len, old - b->len);
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(buf_reserve(b, len), data, len);
    buf_added(b, len);
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_str(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_slice(struct buf *b, struct slice text)
{
    buf_add(b, text.data, text.len);
}

static void add(void *context, const char *data, size_t len)
{
    buf_add(context, data, len);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    format_write(add, b, format, args);
}

char *buf_detach(struct buf *b, struct arena *arena)
{
    char *text = arena_copy(arena, buf_view(b));
    buf_free(b);
    return text;
}

struct slice buf_view(const struct buf *b)
{
    return (struct slice){b->data, b->len};
}
