/* The HTTP client against a server of the test's own on loopback, or on a unix socket: what no command does yet
 * (redirects by the caller's choice) and what only the bytes show (what was sent, over how many connections). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "net/dial.h"
#include "net/http.h"
#include "unit.h"

#define TURNS_MAX 12

/* One turn of the server: it reads a request, unless told to talk first, and writes this. */
struct turn {
    const char *reply;
    bool close;     /* behind the reply */
    bool deaf;      /* reads the head alone, never the body */
    bool new_one;   /* accepts a connection first */
};

static struct server {
    int listener;
    uint16_t port;
    pthread_t thread;
    const struct turn *turns;
    size_t count;
    struct buf seen[TURNS_MAX];
    size_t accepted;
} server;

static void read_request(int fd, struct buf *seen, bool deaf)
{
    size_t body = 0, end = 0;
    while (!end || (!deaf && seen->len < end + body)) {
        char bytes[4096];
        ssize_t got = recv(fd, bytes, deaf ? 64 : sizeof bytes, 0);
        if (got <= 0)
            return;
        buf_add(seen, bytes, (size_t)got);
        const char *stop = strstr(seen->data, "\r\n\r\n");
        const char *length = strstr(seen->data, "Content-Length: ");
        end = stop ? (size_t)(stop - seen->data) + 4 : 0;
        body = length ? strtoul(length + 16, NULL, 10) : 0;
    }
}

static void *serve(void *unused)
{
    int fd = -1;
    for (size_t i = 0; i < server.count; i++) {
        const struct turn *turn = &server.turns[i];
        if (fd < 0 || turn->new_one) {
            if (fd >= 0)
                close(fd);
            fd = accept(server.listener, NULL, NULL);
            server.accepted++;
        }
        read_request(fd, &server.seen[i], turn->deaf);
        send(fd, turn->reply, strlen(turn->reply), MSG_NOSIGNAL);
        if (turn->close) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return unused;
}

static void start_on(int listener, const struct turn *turns, size_t count)
{
    server.listener = listener;
    server.turns = turns;
    server.count = count;
    server.accepted = 0;
    for (size_t i = 0; i < TURNS_MAX; i++)
        server.seen[i] = BUF_INIT;
    assert_true(count <= TURNS_MAX);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void start(const struct turn *turns, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    server.port = ntohs(address.sin_port);
    start_on(listener, turns, count);
}

/* Waits until the server has had all its turns. */
static void wait_for_server(void)
{
    pthread_join(server.thread, NULL);
    close(server.listener);
}

static void forget_requests(void)
{
    for (size_t i = 0; i < TURNS_MAX; i++)
        buf_free(&server.seen[i]);
}

static void stop(void)
{
    wait_for_server();
    forget_requests();
}

static struct trust trust;
static struct http http;
static struct http_reply reply;

static void client(void)
{
    trust_init(&trust);
    http_init(&http, &trust);
}

static struct http_request request_for(const char *method, const char *path)
{
    struct url url;
    struct http_request request;
    const char *text = arena_printf(&arena, "http://127.0.0.1:%u%s", (unsigned)server.port, path);
    assert_null(url_parse(&arena, slice_of(text), &url));
    http_request_init(&request, method, &url);
    request.deadline = deadline_in(5000);
    return request;
}

static int get(const char *path)
{
    struct http_request request = request_for("GET", path);
    return http_send(&http, &request, &arena, &reply, &error);
}

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void test_keep_alive(void **state)
{
    static const struct turn turns[] = {{.reply = OK_REPLY}, {.reply = OK_REPLY}, {.reply = OK_REPLY, .close = true}};
    (void)state;
    start(turns, COUNT(turns));
    client();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get("/x?y=1"), 0);
        assert_true(slice_is(reply.body, "ok"));
    }
    http_free(&http);
    assert_int_equal(server.accepted, 1);
    assert_int_equal(http.connections, 1);
    assert_int_equal(http.requests, 3);
    assert_non_null(strstr(server.seen[0].data, "GET /x?y=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(server.seen[0].data, arena_printf(&arena, "Host: 127.0.0.1:%u\r\n", (unsigned)server.port)));
    stop();
}

/* A kept connection that the server closed meanwhile is replaced, once and without a word. */
static void test_stale_connection(void **state)
{
    static const struct turn turns[] = {{.reply = OK_REPLY, .close = true}, {.reply = OK_REPLY, .close = true}};
    (void)state;
    start(turns, COUNT(turns));
    client();
    assert_int_equal(get("/1"), 0);
    usleep(50000);
    assert_int_equal(get("/2"), 0);
    assert_int_equal(http.connections, 2);
    http_free(&http);
    stop();
}

static void test_closed_without_reply(void **state)
{
    static const struct turn turns[] = {{.reply = "", .close = true}};
    (void)state;
    start(turns, COUNT(turns));
    client();
    assert_int_equal(get("/"), -1);
    assert_int_equal(error.reason, REASON_UNREACHABLE);
    assert_int_equal(http.connections, 1); /* a fresh connection that fails is not tried again here */
    http_free(&http);
    stop();
}

static void test_redirects_are_the_callers_choice(void **state)
{
    static const struct turn turns[] = {{.reply = "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n", .close = true}};
    (void)state;
    start(turns, COUNT(turns));
    client();
    assert_int_equal(get("/"), 0);
    assert_int_equal(reply.head.status, 302);
    http_free(&http);
    stop();
}

static void send_with_secret(const char *method, int redirects, int status)
{
    struct http_request request = request_for(method, "/first");
    request.max_redirects = redirects;
    request.body = slice_of(strcmp(method, "POST") == 0 ? "body" : NULL);
    http_request_add(&request, "Authorization", "Basic c2VjcmV0", true);
    http_request_add(&request, "Accept", "a/b", false);
    assert_int_equal(http_send(&http, &request, &arena, &reply, &error), status);
}

/* What was to be taken is not taken by being led elsewhere (a login page, say): that is the answer. */
static void test_redirects_that_take_nothing(void **state)
{
    static const char *const statuses[] = {"301 Moved", "302 Found", "303 Other"};
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        const struct turn turns[] = {{.reply = arena_printf(&arena, "HTTP/1.1 %s\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n", statuses[i]), .close = true}};
        start(turns, COUNT(turns));
        client();
        send_with_secret("POST", 2, 0);
        CHECK(reply.head.status == atoi(statuses[i]), "%s", statuses[i]);
        http_free(&http);
        stop();
    }
}

/* Secrets stay behind at every redirect. */
static void test_redirect_rules(void **state)
{
    static const struct {
        const char *status, *method, *want;
        bool body;
    } rows[] = {
        {"307 Again", "POST", "POST /next ", true},  {"308 Moved", "POST", "POST /next ", true},
        {"302 Found", "HEAD", "HEAD /next ", false}, {"301 Moved", "GET", "GET /next ", false},
        {"303 Other", "HEAD", "HEAD /next ", false}, {"302 Found", "GET", "GET /next ", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *moved = arena_printf(&arena, "HTTP/1.1 %s\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n", rows[i].status);
        bool head = strcmp(rows[i].method, "HEAD") == 0;
        const struct turn turns[] = {{.reply = moved}, {.reply = head ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : OK_REPLY, .close = true}};
        start(turns, COUNT(turns));
        client();
        send_with_secret(rows[i].method, 2, 0);
        http_free(&http);
        wait_for_server();
        const char *second = server.seen[1].data;
        CHECK(reply.head.status == 200, "%s %s", rows[i].method, rows[i].status);
        CHECK(strncmp(second, rows[i].want, strlen(rows[i].want)) == 0, "%s %s: %s", rows[i].method, rows[i].status, second);
        CHECK(strstr(server.seen[0].data, "c2VjcmV0"), "the first request carries it");
        CHECK(!strstr(second, "c2VjcmV0"), "%s %s", rows[i].method, rows[i].status);
        CHECK(strstr(second, "Accept: a/b\r\n"), "%s %s", rows[i].method, rows[i].status);
        CHECK((strstr(second, "\r\n\r\nbody") != NULL) == rows[i].body, "%s %s", rows[i].method, rows[i].status);
        forget_requests();
    }
}

static void test_redirects_end(void **state)
{
    static const struct turn again = {.reply = "HTTP/1.1 307 Again\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"};
    struct turn turns[4];
    (void)state;
    for (size_t i = 0; i < COUNT(turns); i++)
        turns[i] = again;
    start(turns, COUNT(turns));
    client();
    send_with_secret("GET", 3, -1);
    assert_int_equal(error.reason, REASON_BAD_REPLY);
    assert_int_equal(http.requests, 4);
    http_free(&http);
    stop();
}

static void test_redirect_to_nowhere(void **state)
{
    static const char *const targets[] = {"ftp://a.test/", "http://", "http://a b/", "javascript:x", "http://1.2.3/"};
    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        const char *moved = arena_printf(&arena, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", targets[i]);
        const struct turn turns[] = {{.reply = moved, .close = true}};
        start(turns, COUNT(turns));
        client();
        send_with_secret("GET", 3, -1);
        CHECK(error.reason == REASON_BAD_REPLY, "%s", targets[i]);
        http_free(&http);
        stop();
    }
}

/* A server that refuses a large upload unread and closes: its word is kept. */
static void test_early_reply_to_an_upload(void **state)
{
    static const struct turn turns[] = {
        {.reply = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig", .close = true, .deaf = true}};
    (void)state;
    start(turns, COUNT(turns));
    client();
    struct http_request request = request_for("POST", "/upload");
    size_t size = 8 << 20;
    request.body = (struct slice){arena_alloc(&arena, size), size};
    assert_int_equal(http_send(&http, &request, &arena, &reply, &error), 0);
    assert_int_equal(reply.head.status, 413);
    assert_true(slice_is(reply.body, "big"));
    assert_null(http.pool[0]); /* half a request was sent on it: not to be used again */
    http_free(&http);
    stop();
}

static void test_unix_socket(void **state)
{
    static const struct turn turns[] = {{.reply = OK_REPLY, .close = true}};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *folder = new_folder(), *path = arena_printf(&arena, "%s/s", folder);
    (void)state;
    strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    server.port = 80;
    start_on(listener, turns, COUNT(turns));
    client();
    http.unix_path = path;
    http.proxy.http = "http://192.0.2.1:1"; /* never for a socket */
    assert_int_equal(get("/_ping"), 0);
    http_free(&http);
    stop();
    remove_folder(folder);
}

static void test_unix_socket_path_too_long(void **state)
{
    (void)state;
    client();
    server.port = 80;
    http.unix_path = repeat("/long", 40);
    assert_int_equal(get("/"), -1);
    assert_non_null(strstr(error.cause, "at most 107 characters"));
}

/* Secrets that a server quotes are cut from what it said. */
static void test_redact(void **state)
{
    struct http_request request;
    struct url url;
    (void)state;
    url_parse(&arena, SLICE("http://a.test/"), &url);
    http_request_init(&request, "GET", &url);
    http_request_add(&request, "X-Amz-Security-Token", "tok+en/0123456789abcdef==", true);
    http_request_add(&request, "Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/r/ecr/aws4_request, Signature=0123456789abcdef0123", true);
    http_request_add(&request, "Accept", "application/json-and-more", false);
    const char *said = http_redact(&arena, &request,
                                   "you sent tok+en/0123456789abcdef== and 0123456789abcdef0123 with application/json-and-more");
    assert_string_equal(said, "you sent *** and *** with application/json-and-more");
    assert_null(http_redact(&arena, &request, NULL));
}

/* Where a reply sends us: its sender reaches through us what it reaches itself, and no metadata service ever. */
static void test_reach(void **state)
{
    static const struct {
        const char *host;
        bool loopback;
    } hosts[] = {{"127.0.0.1", true}, {"127.8.8.8", true}, {"::1", true}, {"localhost", true}, {"169.254.169.254", false}, {"169.254.170.2", false},
                 {"fd00:ec2::254", false}, {"fe80::1", false}, {"::ffff:169.254.169.254", false}};
    struct addr peer;
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        error_clear(&error);
        CHECK(dial_tcp(hosts[i].host, 1, REACH_OUTSIDE, 500, deadline_in(500), &peer, &error) < 0 && error.reason == REASON_REFUSED, "%s: %s", hosts[i].host, error.cause);
        CHECK(strstr(error.cause, "internal address"), "%s: %s", hosts[i].host, error.cause);
        error_clear(&error);
        CHECK(dial_tcp(hosts[i].host, 1, REACH_LOOPBACK, 500, deadline_in(500), &peer, &error) < 0, "%s", hosts[i].host);
        CHECK(error.reason == (hosts[i].loopback ? REASON_UNREACHABLE : REASON_REFUSED), "%s: %s", hosts[i].host, error.cause);
    }
    assert_true(dial_tcp("127.0.0.1", 1, REACH_ANY, 500, deadline_in(500), &peer, &error) < 0);
    assert_int_equal(error.reason, REASON_UNREACHABLE);
}

RUN(TEST(test_reach), TEST(test_keep_alive), TEST(test_stale_connection), TEST(test_closed_without_reply),
    TEST(test_redirects_are_the_callers_choice), TEST(test_redirects_that_take_nothing), TEST(test_redirect_rules), TEST(test_redirects_end),
    TEST(test_redirect_to_nowhere), TEST(test_early_reply_to_an_upload), TEST(test_unix_socket),
    TEST(test_unix_socket_path_too_long), TEST(test_redact))
