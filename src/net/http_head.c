#include "net/http_head.h"

#include "base/buf.h"

#include <string.h>

size_t http_head_length(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\n')
            continue;
        if (i + 1 < text.len && text.data[i + 1] == '\n')
            return i + 2;
        if (i + 2 < text.len && text.data[i + 1] == '\r' && text.data[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

bool http_head_possible(struct slice text)
{
    struct slice front = slice_head(text, 5);
    return front.len == 0 || memcmp("HTTP/", front.data, front.len) == 0;
}

static struct slice next_line(struct slice *text)
{
    struct slice line = slice_cut(text, '\n');
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* "HTTP/1.1 200 OK"; the reason phrase may be missing, as may the space before it. */
static bool parse_status_line(struct slice line, struct http_head *head)
{
    uint64_t status;
    if (!slice_starts(line, "HTTP/1.") || line.len < 12 || line.data[8] != ' ')
        return false;
    char minor = line.data[7];
    if ((minor != '0' && minor != '1') || !slice_number(slice_head(slice_from(line, 9), 3), 999, &status) ||
        status < 100)
        return false;
    head->status = (int)status;
    head->http10 = minor == '0';
    return line.len == 12 || line.data[12] == ' ';
}

static bool is_token_char(char c)
{
    return ascii_is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_field_value(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

static bool parse_field(struct slice line, struct http_header *field)
{
    ptrdiff_t colon = slice_find(line, ':');
    if (colon <= 0)
        return false;
    field->name = slice_head(line, (size_t)colon);
    field->value = slice_trim(slice_from(line, (size_t)colon + 1));
    for (size_t i = 0; i < field->name.len; i++)
        if (!is_token_char(field->name.data[i]))
            return false;
    return is_field_value(field->value);
}

const char *http_fields_parse(struct arena *arena, struct slice text, struct http_header **fields, size_t *count)
{
    *count = 0;
    *fields = arena_array(arena, HTTP_HEADERS_MAX, sizeof **fields);
    while (text.data) {
        struct slice line = next_line(&text);
        if (line.len == 0)
            continue;
        if (*count == HTTP_HEADERS_MAX)
            return "it has more than 200 header lines";
        if (!parse_field(line, &(*fields)[*count]))
            return "it has a malformed header line";
        ++*count;
    }
    return NULL;
}

const char *http_head_parse(struct arena *arena, struct slice text, struct http_head *head)
{
    *head = (struct http_head){0};
    if (!parse_status_line(next_line(&text), head))
        return "it does not begin with a status line of HTTP/1.1";
    return http_fields_parse(arena, text, &head->headers, &head->count);
}

const char *http_header_list(struct arena *arena, const struct http_head *head, const char *name)
{
    struct buf list = BUF_INIT;
    bool any = false;
    for (size_t i = 0; i < head->count; i++) {
        if (!slice_is_nocase(head->headers[i].name, name))
            continue;
        buf_str(&list, any ? ", " : "");
        buf_slice(&list, head->headers[i].value);
        any = true;
    }
    const char *text = any ? buf_detach(&list, arena) : NULL;
    buf_free(&list);
    return text;
}

struct slice http_header_get(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++)
        if (slice_is_nocase(head->headers[i].name, name))
            return head->headers[i].value;
    return (struct slice){NULL, 0};
}

static const char *read_length(const struct http_head *head, bool *given, uint64_t *length)
{
    *given = false;
    for (size_t i = 0; i < head->count; i++) {
        uint64_t value;
        if (!slice_is_nocase(head->headers[i].name, "content-length"))
            continue;
        if (!slice_number(head->headers[i].value, INT64_MAX, &value) || (*given && value != *length))
            return "its Content-Length makes no sense";
        *given = true;
        *length = value;
    }
    return NULL;
}

static const char *read_coding(const struct http_head *head, bool *chunked)
{
    *chunked = false;
    for (size_t i = 0; i < head->count; i++) {
        if (!slice_is_nocase(head->headers[i].name, "transfer-encoding"))
            continue;
        if (*chunked || head->http10 || !slice_is_nocase(head->headers[i].value, "chunked"))
            return "its Transfer-Encoding is not chunked alone";
        *chunked = true;
    }
    return NULL;
}

const char *http_framing(const struct http_head *head, bool answers_head, enum http_framing *framing, uint64_t *length)
{
    bool given, chunked;
    *length = 0;
    const char *fault = read_length(head, &given, length);
    if (!fault)
        fault = read_coding(head, &chunked);
    if (fault)
        return fault;
    if (given && chunked)
        return "it has both Content-Length and Transfer-Encoding";
    if (answers_head || head->status < 200 || head->status == 204 || head->status == 304)
        *framing = HTTP_BODY_NONE;
    else
        *framing = chunked ? HTTP_BODY_CHUNKED : given ? HTTP_BODY_LENGTH : HTTP_BODY_UNTIL_CLOSE;
    return NULL;
}

bool http_keeps_alive(const struct http_head *head)
{
    bool keep = !head->http10;
    for (size_t i = 0; i < head->count; i++) {
        if (!slice_is_nocase(head->headers[i].name, "connection"))
            continue;
        for (struct slice rest = head->headers[i].value; rest.data;) {
            struct slice option = slice_trim(slice_cut(&rest, ','));
            if (slice_is_nocase(option, "close"))
                return false;
            keep = keep || slice_is_nocase(option, "keep-alive");
        }
    }
    return keep;
}
