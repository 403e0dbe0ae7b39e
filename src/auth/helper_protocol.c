#include "auth/helper_protocol.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct slice helper_server_url(struct arena *arena, struct slice input)
{
    struct buf joined = BUF_INIT;
    while (input.len) {
        struct slice line = slice_cut(&input, '\n');
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        buf_slice(&joined, line);
    }
    size_t len = joined.len;
    const char *text = buf_detach(&joined, arena);
    return slice_trim((struct slice){text, len});
}

const char *helper_host(struct arena *arena, struct slice server_url)
{
    struct slice host = server_url;
    for (size_t i = 0; i < host.len; i++)
        if ((unsigned char)host.data[i] < 0x20 || host.data[i] == 0x7f)
            return NULL;
    if (slice_starts(host, "https://"))
        host = slice_from(host, 8);
    if (slice_has(host, "://"))
        return NULL;
    for (size_t i = 0; i < host.len; i++)
        if (strchr("/?#", host.data[i]) && host.data[i]) {
            host.len = i;
            break;
        }
    host = slice_from(host, (size_t)(slice_rfind(host, '@') + 1));
    struct slice port = host;
    host = slice_cut(&port, ':');
    uint64_t number;
    if (port.data && port.len && !slice_number(port, 65535, &number))
        return NULL;
    return host.len && slice_find(host, 0) < 0 ? arena_copy(arena, host) : NULL;
}

/* The escapes of Go's encoding/json, which also keeps HTML from reading the text. */
static void write_character(struct buf *out, struct slice text, size_t len)
{
    unsigned char c = (unsigned char)text.data[0];
    if (len == 0)
        buf_str(out, "\\ufffd");
    else if (len > 1 && (utf8_code(text) == 0x2028 || utf8_code(text) == 0x2029))
        buf_printf(out, "\\u%04x", (unsigned)utf8_code(text));
    else if (len > 1)
        buf_add(out, text.data, len);
    else if (c == '"' || c == '\\')
        buf_printf(out, "\\%c", c);
    else if (c == '\n' || c == '\r' || c == '\t')
        buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c < 0x20 || c == '<' || c == '>' || c == '&')
        buf_printf(out, "\\u%04x", c);
    else
        buf_char(out, (char)c);
}

static void write_quoted(struct buf *out, struct slice text)
{
    buf_char(out, '"');
    while (text.len) {
        size_t len = utf8_length(text);
        write_character(out, text, len);
        text = slice_from(text, len ? len : 1);
    }
    buf_char(out, '"');
}

void helper_write_credentials(struct buf *out, struct slice server_url, const char *user, const char *password)
{
    buf_str(out, "{\"ServerURL\":");
    write_quoted(out, server_url);
    buf_str(out, ",\"Username\":");
    write_quoted(out, slice_of(user));
    buf_str(out, ",\"Secret\":");
    write_quoted(out, slice_of(password));
    buf_str(out, "}\n");
}

static int by_url(const void *a, const void *b)
{
    return strcmp(((const struct helper_server *)a)->url, ((const struct helper_server *)b)->url);
}

void helper_write_list(struct buf *out, struct helper_server *servers, size_t count)
{
    qsort(servers, count, sizeof *servers, by_url);
    buf_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i && strcmp(servers[i].url, servers[i - 1].url) == 0)
            continue;
        if (i)
            buf_char(out, ',');
        write_quoted(out, slice_of(servers[i].url));
        buf_char(out, ':');
        write_quoted(out, slice_of(servers[i].user));
    }
    buf_str(out, "}\n");
}
