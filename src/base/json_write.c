#include "base/json_write.h"

#include <inttypes.h>

#include "base/utf8.h"

static void separate(struct buf *b)
{
    char last = b->len ? b->data[b->len - 1] : '{';
    if (last != '{' && last != '[' && last != ':' && last != '\n')
        buf_char(b, ',');
}

void json_open(struct buf *b, char bracket)
{
    separate(b);
    buf_char(b, bracket);
}

void json_close(struct buf *b, char bracket)
{
    buf_char(b, bracket);
}

static void write_ascii(struct buf *b, char c)
{
    if (c == '"' || c == '\\')
        buf_printf(b, "\\%c", c);
    else if (c == '\n')
        buf_str(b, "\\n");
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        buf_printf(b, "\\u%04x", (unsigned)(unsigned char)c);
    else
        buf_char(b, c);
}

/* "##[" and "##vso[" are workflow commands to some CI systems wherever they stand in a line, in JSON too. */
static bool continues_hashes(const struct buf *b, char c)
{
    return c == '#' && b->data[b->len - 1] == '#';
}

static void write_character(struct buf *b, struct slice text, size_t len)
{
    if (len == 0)
        buf_str(b, "\\ufffd");
    else if (len > 1 && !utf8_is_harmful(text))
        buf_add(b, text.data, len);
    else if (len > 1 || continues_hashes(b, text.data[0]))
        buf_printf(b, "\\u%04x", (unsigned)utf8_code(text));
    else
        write_ascii(b, text.data[0]);
}

static void write_quoted(struct buf *b, struct slice text)
{
    buf_char(b, '"');
    while (text.len) {
        size_t len = utf8_length(text);
        write_character(b, text, len);
        text = slice_from(text, len ? len : 1);
    }
    buf_char(b, '"');
}

void json_member(struct buf *b, const char *name)
{
    separate(b);
    write_quoted(b, slice_of(name));
    buf_char(b, ':');
}

void json_write_slice(struct buf *b, struct slice text)
{
    separate(b);
    write_quoted(b, text);
}

void json_write_str(struct buf *b, const char *text)
{
    json_write_slice(b, slice_of(text));
}

void json_write_raw(struct buf *b, struct slice json)
{
    separate(b);
    buf_slice(b, json);
}

void json_write_int(struct buf *b, int64_t number)
{
    separate(b);
    buf_printf(b, "%" PRId64, number);
}

void json_member_str(struct buf *b, const char *name, const char *text)
{
    if (!text)
        return;
    json_member(b, name);
    json_write_str(b, text);
}

void json_member_int(struct buf *b, const char *name, int64_t number)
{
    json_member(b, name);
    json_write_int(b, number);
}
