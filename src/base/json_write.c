#include "base/json_write.h"

#include <inttypes.h>

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

static bool is_continuation(struct slice text, size_t i)
{
    return ((unsigned char)text.data[i] & 0xc0) == 0x80;
}

size_t utf8_length(struct slice text)
{
    if (text.len == 0)
        return 0;
    unsigned char first = (unsigned char)text.data[0];
    if (first < 0x80)
        return 1;
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.len < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_continuation(text, i))
            return 0;
    unsigned char second = (unsigned char)text.data[1];
    bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || outside ? 0 : len;
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

static void write_quoted(struct buf *b, struct slice text)
{
    buf_char(b, '"');
    while (text.len) {
        size_t len = utf8_length(text);
        if (len == 0)
            buf_str(b, "\\ufffd");
        else if (len == 2 && text.data[0] == '\xc2' && (unsigned char)text.data[1] < 0xa0)
            buf_printf(b, "\\u%04x",
                       (unsigned)(unsigned char)text.data[1]); /* U+0080 to U+009F: terminals obey them too */
        else if (len == 1)
            write_ascii(b, text.data[0]);
        else
            buf_add(b, text.data, len);
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
