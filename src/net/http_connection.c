#include "net/http_connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/dial.h"
#include "net/http_body.h"

#define READ_SIZE 16384 /* one TLS record */

void http_connection_free(struct http_connection *connection)
{
    if (!connection)
        return;
    stream_close(&connection->stream);
    buf_free(&connection->input);
    arena_free(&connection->arena);
    free(connection);
}

static struct url copy_url(struct arena *arena, const struct url *url)
{
    struct url copy = *url;
    copy.host = arena_strdup(arena, url->host);
    copy.path = arena_strdup(arena, url->path);
    copy.query = NULL;
    copy.userinfo = url->userinfo ? arena_strdup(arena, url->userinfo) : NULL;
    return copy;
}

static int too_late(struct error *error, const char *name)
{
    error_set(error, REASON_TIMEOUT, name, "no answer in time");
    error_hint(error, "the service or the way to it is slow; --timeout allows for more");
    return -1;
}

/* Reads more into the input. Says what happened; errors are filled in for STREAM_ERROR and STREAM_TIMEOUT. */
static enum stream_event read_more(struct http_connection *connection, struct slice *out, int64_t deadline,
                                   struct error *error)
{
    size_t got = 0;
    char *room = buf_reserve(&connection->input, READ_SIZE);
    enum stream_event event = stream_transfer(&connection->stream, out, room, READ_SIZE, &got, deadline, error);
    buf_added(&connection->input, got);
    if (event == STREAM_TIMEOUT)
        too_late(error, connection->stream.name);
    return event;
}

int http_connection_read(struct http_connection *connection, char *out, size_t size, size_t *got, int64_t deadline,
                         struct error *error)
{
    struct slice nothing = {NULL, 0};
    int64_t until = deadline_earlier(deadline, deadline_in(HTTP_IDLE_MS));
    enum stream_event event = stream_transfer(&connection->stream, &nothing, out, size, got, until, error);
    if (event == STREAM_TIMEOUT)
        return too_late(error, connection->stream.name);
    if (event == STREAM_CUT)
        connection->stream.send_failed = true;
    return event == STREAM_ERROR ? -1 : 0;
}

/* Takes interim replies (1xx) away, which do not answer anything yet. True if nothing else came. */
static bool drop_interim(struct http_connection *connection)
{
    size_t length;
    while (slice_starts(buf_view(&connection->input), "HTTP/1.1 1") &&
           (length = http_head_length(buf_view(&connection->input))) > 0)
        buf_drop(&connection->input, length);
    return connection->input.len == 0;
}

int http_connection_write(struct http_connection *connection, struct slice *out, int64_t deadline, struct error *error)
{
    enum stream_event event;
    do
        event = read_more(connection, out, deadline_earlier(deadline, deadline_in(HTTP_IDLE_MS)), error);
    while (event == STREAM_DATA && drop_interim(connection) && out->len);
    if (event == STREAM_ERROR || event == STREAM_TIMEOUT)
        return -1;
    bool silent = event == STREAM_SENT || (event == STREAM_DATA && !connection->input.len);
    return silent && !connection->stream.send_failed ? 0 : 1;
}

static int bad_reply(struct error *error, const char *name, const char *fault)
{
    return error_set(error, REASON_BAD_REPLY, name, "its reply is not proper HTTP: %s", fault);
}

static int head_event_error(struct http_connection *connection, enum stream_event event, bool *no_byte,
                            struct error *error)
{
    if (event == STREAM_ERROR || event == STREAM_TIMEOUT)
        return -1;
    *no_byte = connection->input.len == 0;
    if (!*no_byte)
        return bad_reply(error, connection->stream.name, "the connection ended in the middle of the head");
    return error_set(error, REASON_UNREACHABLE, connection->stream.name, "the connection was closed without a reply");
}

static int read_one_head(struct http_connection *connection, struct slice *out, int64_t first_byte_ms, int64_t deadline,
                         struct arena *arena, struct http_head *head, bool *no_byte, struct error *error)
{
    size_t length;
    int64_t until = out->len ? deadline_in(HTTP_IDLE_MS) : deadline_in(first_byte_ms);
    *no_byte = false;
    while ((length = http_head_length(buf_view(&connection->input))) == 0) {
        if (connection->input.len > HTTP_HEAD_MAX)
            return bad_reply(error, connection->stream.name, "its head is larger than 64 KiB");
        if (!http_head_possible(buf_view(&connection->input)))
            return bad_reply(error, connection->stream.name, "it does not begin with a status line of HTTP/1.1");
        bool waiting = connection->input.len == 0;
        enum stream_event event = read_more(connection, out, deadline_earlier(deadline, until), error);
        if (event != STREAM_DATA && event != STREAM_SENT)
            return head_event_error(connection, event, no_byte, error);
        until = deadline_in(event == STREAM_SENT && waiting ? first_byte_ms : HTTP_IDLE_MS);
    }
    if (length > HTTP_HEAD_MAX)
        return bad_reply(error, connection->stream.name, "its head is larger than 64 KiB");
    struct slice text = arena_slice(arena, slice_head(buf_view(&connection->input), length));
    buf_drop(&connection->input, length);
    const char *fault = http_head_parse(arena, text, head);
    return fault ? bad_reply(error, connection->stream.name, fault) : 0;
}

int http_connection_read_head(struct http_connection *connection, struct slice *out, int64_t first_byte_ms,
                              int64_t deadline, struct arena *arena, struct http_head *head, bool *no_byte,
                              struct error *error)
{
    for (int interim = 0;; interim++) {
        if (read_one_head(connection, out, first_byte_ms, deadline, arena, head, no_byte, error) < 0)
            return -1;
        if (head->status >= 200)
            return 0;
        if (head->status == 101 || interim == HTTP_INTERIM_MAX)
            return error_set(error, REASON_BAD_REPLY, connection->stream.name,
                             "its interim replies (HTTP %d) do not end", head->status);
    }
}

static int read_body(struct http_connection *connection, struct http_body *state, size_t limit, int64_t deadline,
                     struct buf *body, struct error *error)
{
    struct slice nothing = {NULL, 0};
    for (;;) {
        size_t used;
        const char *fault = http_body_feed(state, buf_view(&connection->input), &used, body, limit);
        buf_drop(&connection->input, used);
        if (fault)
            return bad_reply(error, connection->stream.name, fault);
        if (state->done)
            return 0;
        enum stream_event event =
            read_more(connection, &nothing, deadline_earlier(deadline, deadline_in(HTTP_IDLE_MS)), error);
        if (event == STREAM_ERROR || event == STREAM_TIMEOUT)
            return -1;
        if (event != STREAM_END && event != STREAM_CUT)
            continue;
        fault = http_body_end(state, event == STREAM_CUT);
        return fault ? bad_reply(error, connection->stream.name, fault) : 0;
    }
}

int http_connection_read_body(struct http_connection *connection, enum http_framing framing, uint64_t length,
                              size_t limit, int64_t deadline, struct buf *body, struct error *error)
{
    struct http_body state;
    http_body_init(&state, framing, length);
    int status = read_body(connection, &state, limit, deadline, body, error);
    http_body_free(&state);
    return status;
}

/* The request that makes a proxy pass bytes on to host:port (RFC 9110 section 9.3.6). */
static void connect_request(struct arena *arena, const struct url *url, const struct url *proxy, struct buf *text)
{
    bool v6 = strchr(url->host, ':') != NULL;
    char *target = arena_printf(arena, v6 ? "[%s]:%u" : "%s:%u", url->host, (unsigned)url->port);
    char *authorization = proxy_authorization(arena, proxy);
    buf_printf(text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
    if (authorization)
        buf_printf(text, "Proxy-Authorization: %s\r\n", authorization);
    buf_str(text, "\r\n");
}

int http_proxy_refused(struct error *error, const char *proxy, const char *host, int status)
{
    error_set(error, REASON_UNREACHABLE, host, "the proxy %s did not connect us: HTTP %d", proxy, status);
    error->final = status < 500; /* a wrong password sent three times locks accounts */
    if (status == 407)
        error_hint(error, "put the proxy's user and password into HTTPS_PROXY (http://user:password@host:port)");
    else
        error_hint(error, "ask who runs the proxy to allow this host, or exempt it with NO_PROXY");
    return -1;
}

static int open_tunnel(struct http_connection *connection, const struct url *url, int64_t deadline, struct error *error)
{
    struct arena arena = {0};
    struct buf text = BUF_INIT;
    struct http_head head = {0};
    bool no_byte;
    connect_request(&arena, url, &connection->proxy, &text);
    struct slice out = buf_view(&text);
    int status =
        http_connection_read_head(connection, &out, HTTP_FIRST_BYTE_MS, deadline, &arena, &head, &no_byte, error);
    if (status == 0 && (head.status < 200 || head.status > 299))
        status = http_proxy_refused(error, connection->proxy.host, url->host, head.status);
    if (status == 0 && connection->input.len)
        status = bad_reply(error, connection->proxy.host, "bytes came before the tunnel was used");
    buf_free(&text);
    arena_free(&arena);
    return status;
}

static int dial(struct http *http, struct http_connection *connection, const struct url *target, enum addr_reach reach,
                int64_t deadline, struct error *error)
{
    struct stream *stream = &connection->stream;
    stream->name = target->host;
    if (http->unix_path) {
        stream->name = http->unix_path;
        stream->fd = dial_unix(http->unix_path, error);
    } else {
        stream->fd = dial_tcp(target->host, target->port, reach, HTTP_CONNECT_MS, deadline, &connection->peer, error);
    }
    return stream->fd < 0 ? -1 : 0;
}

static int establish(struct http *http, struct http_connection *connection, enum addr_reach reach, int64_t deadline,
                     struct error *error)
{
    const struct url *url = &connection->origin;
    int proxied = http->unix_path ? 0 : proxy_for(&http->proxy, &connection->arena, url, &connection->proxy, error);
    if (proxied < 0)
        return -1;
    const struct url *first = proxied ? &connection->proxy : url;
    if (dial(http, connection, first, proxied ? REACH_ANY : reach, deadline, error) < 0)
        return -1;
    if (proxied && url->https && open_tunnel(connection, url, deadline, error) < 0)
        return -1;
    connection->proxied = proxied;
    connection->trust = http->trust;
    connection->identity = http->identity;
    connection->via_proxy = proxied && !url->https;
    connection->stream.name = http->unix_path ? http->unix_path : url->host;
    if (!url->https)
        return 0;
    int64_t until = deadline_earlier(deadline, deadline_in(HTTP_TLS_MS));
    return stream_start_tls(&connection->stream, http->trust, http->identity, url->host, url->ip, until, error);
}

struct http_connection *http_connection_open(struct http *http, const struct url *url, enum addr_reach reach,
                                             int64_t deadline, struct error *error)
{
    struct http_connection *connection = must_alloc(sizeof *connection);
    *connection = (struct http_connection){.stream = {.fd = -1}, .input = BUF_INIT};
    connection->origin = copy_url(&connection->arena, url);
    if (establish(http, connection, reach, deadline, error) < 0) {
        http_connection_free(connection);
        return NULL;
    }
    http->connections++;
    return connection;
}
