#include "net/http.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/redact.h"
#include "base/version.h"
#include "net/addr.h"
#include "net/http_stream.h"

#define SOURCE_PIECE    65536     /* bytes of a source that are read and sent at a time */
#define RETRY_AFTER_MAX (1 << 20) /* 12 days: what is longer is no wait any more */

void http_init(struct http *http, struct trust *trust)
{
    *http = (struct http){.trust = trust};
}

void http_init_like(struct http *http, const struct http *other)
{
    *http = (struct http){.trust = other->trust,
                          .identity = other->identity,
                          .unix_path = other->unix_path,
                          .proxy = other->proxy,
                          .events = other->events};
}

void http_free(struct http *http)
{
    for (size_t i = 0; i < HTTP_POOL; i++)
        http_connection_free(http->pool[i]);
    memset(http->pool, 0, sizeof http->pool);
}

void http_request_init(struct http_request *request, const char *method, const struct url *url)
{
    *request = (struct http_request){.method = method, .url = *url, .body_limit = 1 << 20, .deadline = DEADLINE_NONE};
}

void http_request_add(struct http_request *request, const char *name, const char *value, bool secret)
{
    if (request->field_count == HTTP_HEADERS_SENT) /* the callers' lists are fixed and shorter */
        abort();
    request->fields[request->field_count++] = (struct http_field){name, value, secret};
}

const char *http_redact(struct arena *arena, const struct http_request *request, const char *text)
{
    for (size_t i = 0; text && i < request->field_count; i++)
        if (request->fields[i].secret)
            text = redact(arena, text, request->fields[i].value);
    for (size_t i = 0; text && i < HTTP_BODY_SECRETS; i++)
        if (request->body_secrets[i])
            text = redact(arena, text, request->body_secrets[i]);
    return text;
}

static struct trust *trust_for(const struct http *http, const struct http_request *request)
{
    return request->trust ? request->trust : http->trust;
}

static const struct identity *identity_for(const struct http *http, const struct http_request *request)
{
    return request->identity ? request->identity : http->identity;
}

/* Whether a connection is one that would be opened for this request, too. */
static bool serves(const struct http_connection *connection, const struct http *http,
                   const struct http_request *request, enum addr_reach reach)
{
    bool reached = connection->proxied || !connection->peer.len || addr_in_reach(&connection->peer, reach);
    return reached && url_same_origin(&connection->origin, &request->url) &&
           connection->trust == trust_for(http, request) && connection->identity == identity_for(http, request);
}

static struct http_connection *pool_take(struct http *http, const struct http_request *request, enum addr_reach reach)
{
    for (size_t i = 0; i < HTTP_POOL; i++) {
        struct http_connection *connection = http->pool[i];
        if (!connection || !serves(connection, http, request, reach))
            continue;
        http->pool[i] = NULL;
        /* What stands in it already would be taken for the answer to the next request. */
        if (stream_is_quiet(&connection->stream))
            return connection;
        http_connection_free(connection);
    }
    return NULL;
}

void http_connection_keep(struct http *http, struct http_connection *connection)
{
    http_connection_free(http->pool[HTTP_POOL - 1]);
    memmove(http->pool + 1, http->pool, (HTTP_POOL - 1) * sizeof(struct http_connection *));
    http->pool[0] = connection;
    connection->used = true;
}

static bool has_field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (slice_is_nocase(slice_of(request->fields[i].name), name))
            return true;
    return false;
}

static void write_head(const struct http_request *request, const struct http_connection *connection, struct buf *text)
{
    struct arena scratch = {0};
    const struct url *url = &request->url;
    char *authority = url_authority(&scratch, url);
    buf_printf(text, "%s ", request->method);
    if (connection->via_proxy)
        buf_printf(text, "http://%s", authority);
    buf_printf(text, "%s%s%s HTTP/1.1\r\n", url->path, url->query ? "?" : "", url->query ? url->query : "");
    if (!has_field(request, "host"))
        buf_printf(text, "Host: %s\r\n", authority);
    for (size_t i = 0; i < request->field_count; i++)
        buf_printf(text, "%s: %s\r\n", request->fields[i].name, request->fields[i].value);
    if (!has_field(request, "user-agent"))
        buf_str(text, "User-Agent: ecr/" ECR_VERSION "\r\n");
    buf_str(text, "Accept-Encoding: identity\r\n");
    if (request->body.data)
        buf_printf(text, "Content-Length: %zu\r\n", request->body.len);
    else if (request->source)
        buf_printf(text, "Content-Length: %lld\r\n", (long long)request->source->length);
    if (connection->via_proxy && connection->proxy.userinfo)
        buf_printf(text, "Proxy-Authorization: %s\r\n", proxy_authorization(&scratch, &connection->proxy));
    buf_str(text, "\r\n");
    arena_free(&scratch);
}

/* Sends what a source holds. 0 when all is sent, 1 when the peer answers before that, -1 with an error. */
static int send_source(struct http_connection *connection, const struct reader *source, int64_t deadline,
                       struct error *error)
{
    struct buf piece = BUF_INIT;
    int64_t offset = 0;
    int status = 0;
    char *room = buf_reserve(&piece, SOURCE_PIECE);
    while (status == 0 && offset < source->length) {
        ssize_t got = source->read(source->context, offset, room, SOURCE_PIECE, error);
        if (got <= 0) {
            status = -1;
            break;
        }
        struct slice out = {room, (size_t)got};
        offset += got;
        status = http_connection_write(connection, &out, deadline, error);
        if (status == 1 && out.len == 0 && offset == source->length && !connection->stream.send_failed)
            status = 0; /* it answers as soon as it has the last byte */
    }
    buf_free(&piece);
    return status;
}

/* Sends head and body, and reads the head of the reply meanwhile. */
static int exchange_head(struct http_connection *connection, const struct http_request *request, struct arena *arena,
                         struct http_head *head, bool *no_byte, struct error *error)
{
    struct buf text = BUF_INIT;
    write_head(request, connection, &text);
    buf_slice(&text, request->body);
    struct slice out = buf_view(&text);
    int64_t wait = request->source ? HTTP_COMMIT_MS : HTTP_FIRST_BYTE_MS;
    int sent = 0;
    *no_byte = false;
    if (request->source)
        sent = http_connection_write(connection, &out, request->deadline, error);
    if (request->source && sent == 0)
        sent = send_source(connection, request->source, request->deadline, error);
    int status =
        sent < 0 ? -1
                 : http_connection_read_head(connection, &out, wait, request->deadline, arena, head, no_byte, error);
    /* A reply that came before everything was written leaves the connection in no state to carry another request. */
    if (out.len || sent == 1)
        connection->stream.send_failed = true;
    buf_free(&text);
    return status;
}

static int exchange(struct http *http, struct http_connection *connection, const struct http_request *request,
                    struct arena *arena, struct http_reply *reply, bool *keep, bool *no_byte, struct error *error)
{
    enum http_framing framing;
    uint64_t length;
    if (exchange_head(connection, request, arena, &reply->head, no_byte, error) < 0)
        return -1;
    if (connection->via_proxy && reply->head.status == 407) /* the proxy's word, not the server's */
        return http_proxy_refused(error, connection->proxy.host, request->url.host, reply->head.status);
    const char *fault = http_framing(&reply->head, strcmp(request->method, "HEAD") == 0, &framing, &length);
    if (fault)
        return error_set(error, REASON_BAD_REPLY, connection->stream.name, "its reply is not proper HTTP: %s", fault);
    bool unread = request->first_byte && framing != HTTP_BODY_NONE &&
                  (framing != HTTP_BODY_LENGTH || length > request->body_limit);
    if (unread)
        return 0; /* and the connection goes with it */
    if (request->stream && (reply->head.status == 200 || reply->head.status == 206)) {
        reply->stream =
            http_stream_open(http, connection, framing, length, http_keeps_alive(&reply->head), request->deadline);
        return 0;
    }
    struct buf body = BUF_INIT;
    int status =
        http_connection_read_body(connection, framing, length, request->body_limit, request->deadline, &body, error);
    if (status == 0)
        reply->body = arena_slice(arena, buf_view(&body));
    buf_free(&body);
    *keep = http_keeps_alive(&reply->head) && framing != HTTP_BODY_UNTIL_CLOSE && !connection->stream.send_failed &&
            connection->input.len == 0;
    return status;
}

static void report(struct http *http, const struct http_request *request, const struct http_reply *reply, int64_t since,
                   struct arena *arena, const struct error *failed)
{
    if (!http->events.report)
        return;
    char *what = arena_printf(arena, "%s %s", request->method, url_public(arena, &request->url));
    long took = (long)(clock_ms() - since);
    if (failed)
        http->events.report(http->events.context, arena_printf(arena, "%s: %s (%ld ms)", what, failed->cause, took));
    else
        http->events.report(http->events.context, arena_printf(arena, "%s: HTTP %d, %zu bytes (%ld ms)", what,
                                                               reply->head.status, reply->body.len, took));
}

/* A connection for a request that may bring its own trust. */
static struct http_connection *open_for(struct http *http, const struct http_request *request, enum addr_reach reach,
                                        struct error *error)
{
    struct trust *trust = http->trust;
    const struct identity *identity = http->identity;
    http->trust = trust_for(http, request);
    http->identity = identity_for(http, request);
    struct http_connection *connection = http_connection_open(http, &request->url, reach, request->deadline, error);
    http->trust = trust;
    http->identity = identity;
    return connection;
}

/* One request and its reply, with a fresh connection if a kept one had been closed meanwhile. */
static int send_once(struct http *http, const struct http_request *request, enum addr_reach reach, struct arena *arena,
                     struct http_reply *reply, enum addr_reach *grants, struct error *error)
{
    for (;;) {
        bool keep = false, no_byte = false;
        struct http_connection *connection = pool_take(http, request, reach);
        if (!connection)
            connection = open_for(http, request, reach, error);
        if (!connection)
            return -1;
        bool reused = connection->used;
        http->requests++;
        *grants = connection->peer.len && !connection->proxied ? addr_reach_of(&connection->peer) : REACH_OUTSIDE;
        int status = exchange(http, connection, request, arena, reply, &keep, &no_byte, error);
        if (status == 0 && keep)
            http_connection_keep(http, connection);
        else if (!reply->stream)
            http_connection_free(connection);
        bool half_sent = request->source != NULL; /* how much of it was taken is for who sends it to find out */
        if (status == 0 || !reused || !no_byte || half_sent || deadline_passed(request->deadline))
            return status;
    }
}

static bool is_visible(const char *text)
{
    for (const char *c = text; c && *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            return false;
    return true;
}

/* A line break in a value would begin a header of somebody else's, one in the path a whole request. */
static int check_fields(const struct http_request *request, struct error *error)
{
    if (!is_visible(request->url.path) || !is_visible(request->url.query))
        return error_set(error, REASON_REFUSED, request->url.host, "the path to ask for holds a blank or a line break");
    for (size_t i = 0; i < request->field_count; i++)
        for (const char *c = request->fields[i].value; *c; c++)
            if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
                return error_set(error, REASON_REFUSED, request->url.host,
                                 "the value for its header %s holds a line break or another control character",
                                 request->fields[i].name);
    return 0;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Whoever is asked to take something, and answers that the answer is elsewhere, did not take it. */
static bool loses_body(const struct http_request *request, int status)
{
    bool asks = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    return !asks && status != 307 && status != 308;
}

/* Makes the request that follows a redirect (RFC 9110 section 15.4): secrets stay behind. */
static int follow(struct http_request *request, struct http_reply *reply, struct arena *arena, struct error *error)
{
    struct url target;
    struct slice location = http_header_get(&reply->head, "location");
    const char *fault = location.len ? url_resolve(arena, &request->url, location, &target) : "there is none";
    if (fault)
        return error_set(error, REASON_BAD_REPLY, request->url.host, "it redirects to no proper URL: %s", fault);
    if (request->url.https && !target.https)
        return error_set(error, REASON_REFUSED, request->url.host, "it redirects from https to http: not followed");
    size_t kept = 0;
    for (size_t i = 0; i < request->field_count; i++)
        if (!request->fields[i].secret)
            request->fields[kept++] = request->fields[i];
    request->field_count = kept;
    if (!url_same_origin(&request->url, &target))
        request->identity = NULL;
    request->url = target;
    request->url.userinfo = NULL;
    return 0;
}

int http_send(struct http *http, const struct http_request *request, struct arena *arena, struct http_reply *reply,
              struct error *error)
{
    struct http_request current = *request;
    enum addr_reach granted = REACH_OUTSIDE;
    if (check_fields(request, error) < 0)
        return -1;
    for (int hops = 0;; hops++) {
        enum addr_reach grants = REACH_OUTSIDE;
        int64_t since = clock_ms();
        memset(reply, 0, sizeof *reply);
        int status = send_once(http, &current, hops > 0 ? granted : request->reach, arena, reply, &grants, error);
        report(http, &current, reply, since, arena, status < 0 ? error : NULL);
        if (status < 0)
            return -1;
        reply->url = current.url;
        granted = hops == 0 ? grants : granted;
        reply->grants = granted;
        if (current.max_redirects == 0 || !is_redirect(reply->head.status))
            return 0;
        if (loses_body(&current, reply->head.status))
            return 0;
        if (hops >= current.max_redirects)
            return error_set(error, REASON_BAD_REPLY, request->url.host, "it redirects more than %d times", hops);
        if (follow(&current, reply, arena, error) < 0)
            return -1;
    }
}

static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]))
            return false;
    return text.len > 0;
}

long http_retry_after(const struct http_head *head)
{
    struct slice value = http_header_get(head, "retry-after");
    uint64_t seconds;
    int64_t when;
    if (slice_number(value, UINT64_MAX, &seconds))
        return seconds > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : (long)seconds;
    if (is_digits(value))
        return RETRY_AFTER_MAX; /* RFC 9111 section 1.2.2: what is too large is very large */
    if (!time_parse_http(value, &when))
        return -1;
    int64_t left = when - clock_unix();
    return left < 0 ? 0 : left > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : (long)left;
}
