#include "net/examine.h"

#include "base/clock.h"
#include "net/dial.h"
#include "net/http_connection.h"

static bool is_private(const struct addr *addr)
{
    static const char *const networks[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                           "fc00::/7"};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (addr_in_network(addr, slice_of(networks[i])))
            return true;
    return false;
}

/* The time since the last call, for the step that just ended. */
static void took(struct examined *examined, enum examine_step step, int64_t *since)
{
    int64_t now = clock_ms();
    examined->ms[step] = now - *since;
    *since = now;
    examined->done = step + 1;
}

static const char *address_text(struct arena *arena, struct addr addr)
{
    char text[ADDR_TEXT];
    addr_set_port(&addr, 0);
    addr_text(&addr, text);
    struct slice whole = slice_of(text);
    return arena_copy(arena, slice_head(whole, (size_t)slice_rfind(whole, ':')));
}

static int look_up(const struct url *url, int64_t deadline, struct arena *arena, struct examined *examined,
                   struct error *error)
{
    struct addr found[RESOLVE_MAX];
    struct buf text = BUF_INIT;
    int count = resolve_host(url->host, url->port, deadline, found, error);
    if (count < 0)
        return -1;
    int private = 0;
    bool internal = false;
    for (int i = 0; i < count; i++) {
        private += is_private(&found[i]);
        internal = internal || addr_is_internal(&found[i]);
        buf_printf(&text, "%s%s", i ? ", " : "", address_text(arena, found[i]));
    }
    examined->addresses = buf_detach(&text, arena);
    examined->kind = internal           ? EXAMINE_INTERNAL
                     : private == count ? EXAMINE_PRIVATE
                     : private          ? EXAMINE_MIXED
                                        : EXAMINE_PUBLIC;
    return 0;
}

/* The certificate of an open connection; the peer shows it behind a proxy, too. */
static void note_certificate(const struct stream *stream, struct arena *arena, struct examined *examined)
{
    stream_certificate(stream, arena, &examined->issuer, &examined->not_after);
}

static int connect_and_shake(struct http *http, const struct url *url, int64_t deadline, struct arena *arena,
                             struct examined *examined, int64_t *since, struct error *error)
{
    struct addr peer;
    struct stream stream = {.name = url->host};
    stream.fd = dial_tcp(url->host, url->port, false, HTTP_CONNECT_MS, deadline, &peer, error);
    if (stream.fd < 0)
        return -1;
    examined->peer = address_text(arena, peer);
    took(examined, EXAMINE_CONNECT, since);
    int64_t until = deadline_earlier(deadline, deadline_in(HTTP_TLS_MS));
    int status =
        url->https ? stream_start_tls(&stream, http->trust, http->identity, url->host, url->ip, until, error) : 0;
    if (status == 0) {
        note_certificate(&stream, arena, examined);
        took(examined, EXAMINE_TLS, since);
    }
    stream_close(&stream);
    return status;
}

static int connect_by_proxy(struct http *http, const struct url *url, int64_t deadline, struct arena *arena,
                            struct examined *examined, int64_t *since, struct error *error)
{
    struct http_connection *connection = http_connection_open(http, url, false, deadline, error);
    if (!connection) {
        examined->done = error->reason == REASON_TLS ? EXAMINE_TLS : EXAMINE_CONNECT;
        return -1;
    }
    note_certificate(&connection->stream, arena, examined);
    took(examined, EXAMINE_TLS, since);
    http_connection_free(connection);
    return 0;
}

static int get_answer(struct http *http, const struct url *url, const char *mark, int64_t deadline, struct arena *arena,
                      struct examined *examined, struct error *error)
{
    struct http_request request;
    struct http_reply reply;
    int64_t server;
    http_request_init(&request, "GET", url);
    request.deadline = deadline;
    if (http_send(http, &request, arena, &reply, error) < 0)
        return -1;
    examined->status = reply.head.status;
    examined->marked = mark && http_header_get(&reply.head, mark).data;
    if (time_parse_http(http_header_get(&reply.head, "date"), &server))
        examined->clock_ahead = server - clock_unix();
    return 0;
}

static int go(struct http *http, const struct url *url, const char *mark, int64_t deadline, struct arena *arena,
              struct examined *examined, int64_t *since, struct error *error)
{
    struct url proxy;
    int proxied = proxy_for(&http->proxy, arena, url, &proxy, error);
    if (proxied < 0)
        return -1;
    if (proxied) {
        examined->proxy = url_public(arena, &proxy);
        if (connect_by_proxy(http, url, deadline, arena, examined, since, error) < 0)
            return -1;
    } else {
        if (look_up(url, deadline, arena, examined, error) < 0)
            return -1;
        took(examined, EXAMINE_NAME, since);
        if (connect_and_shake(http, url, deadline, arena, examined, since, error) < 0)
            return -1;
    }
    if (get_answer(http, url, mark, deadline, arena, examined, error) < 0)
        return -1;
    took(examined, EXAMINE_ANSWER, since);
    return 0;
}

int net_examine(struct http *http, const struct url *url, const char *mark, int64_t deadline, struct arena *arena,
                struct examined *examined, struct error *error)
{
    int64_t since = clock_ms();
    *examined = (struct examined){.done = EXAMINE_NAME};
    int status = go(http, url, mark, deadline, arena, examined, &since, error);
    if (status < 0)
        examined->ms[examined->done] = clock_ms() - since;
    return status;
}
