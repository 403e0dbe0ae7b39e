/* HTTP/1.1 heads and bodies: what is accepted, every limit, and that the pieces bytes come in make no difference. */
#include "unit.h"

#include "net/http_body.h"
#include "net/http_head.h"

static void test_head_length(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } rows[] = {
        {"", 0}, {"HTTP/1.1 200 OK", 0}, {"HTTP/1.1 200 OK\r\n", 0}, {"HTTP/1.1 200 OK\r\n\r", 0},
        {"HTTP/1.1 200 OK\r\n\r\n", 19}, {"HTTP/1.1 200 OK\r\n\r\nbody", 19}, {"HTTP/1.1 200 OK\n\nbody", 17},
        {"HTTP/1.1 200 OK\r\n\nbody", 18}, {"HTTP/1.1 200 OK\n\r\nbody", 18},
        {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n\r\n", 25},
        {"HTTP/1.1 200 OK\r\nA: b\r\n \r\n", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(http_head_length(slice_of(rows[i].text)) == rows[i].length, "%s", rows[i].text);
}

static void test_status_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status; /* 0: refused */
        bool http10;
    } rows[] = {
        {"HTTP/1.1 200 OK", 200, false}, {"HTTP/1.1 200", 200, false}, {"HTTP/1.1 200 ", 200, false},
        {"HTTP/1.0 404 Not Found", 404, true}, {"HTTP/1.1 599 x", 599, false}, {"HTTP/1.1 100 Continue", 100, false},
        {"HTTP/1.1 200 \xe9t\xe9", 200, false}, {"HTTP/1.1 999 x", 999, false}, {"HTTP/1.1 200 OK  fine", 200, false},
        {"", 0, false}, {"HTTP/1.1", 0, false}, {"HTTP/1.1 ", 0, false}, {"HTTP/1.1 20", 0, false},
        {"HTTP/1.1 2000", 0, false},
        {"HTTP/1.1 200OK", 0, false}, {"HTTP/1.1  200 OK", 0, false}, {"HTTP/1.1\t200 OK", 0, false},
        {"HTTP/2 200", 0, false},
        {"HTTP/2.0 200 OK", 0, false}, {"HTTP/1.2 200 OK", 0, false}, {"HTTP/1.x 200 OK", 0, false},
        {"http/1.1 200 OK", 0, false},
        {"HTTP/1.1 +20 OK", 0, false}, {"HTTP/1.1 0x1 OK", 0, false}, {"HTTP/1.1 099 OK", 0, false},
        {" HTTP/1.1 200 OK", 0, false},
        {"SSH-2.0-OpenSSH_9.2", 0, false}, {"<html>", 0, false}, {"ICY 200 OK", 0, false},
        {"HTTP/0.9 200 OK", 0, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head;
        char *text = arena_printf(&arena, "%s\r\n\r\n", rows[i].line);
        const char *fault = http_head_parse(&arena, slice_of(text), &head);
        CHECK(!fault == (rows[i].status != 0), "%s", rows[i].line);
        if (!fault)
            CHECK(head.status == rows[i].status && head.http10 == rows[i].http10 && head.count == 0, "%s",
                rows[i].line);
    }
}

static void test_fields(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *value; /* of the header "a"; NULL: the head is refused */
    } rows[] = {
        {"A: b", "b"}, {"a:b", "b"}, {"a:", ""}, {"a: ", ""}, {"a:  b  ", "b"}, {"a:\tb\t", "b"},
        {"a: b c\td", "b c\td"},
        {"a: b: c", "b: c"}, {"a: \xc3\xa9\xff", "\xc3\xa9\xff"}, {"a: 1\r\na: 2", "1"}, {"x: 1\nA: 2", "2"},
        {"!#$%&'*+-.^_`|~0: x\r\na: y", "y"}, {"a: \"q\"", "\"q\""},
        {"a", NULL}, {": b", NULL}, {"a : b", NULL}, {" a: b", NULL}, {"\ta: b", NULL}, {"a: b\r\n c", NULL},
        {"a: b\r\n c: d", NULL}, {"a b: c", NULL}, {"a(: c", NULL}, {"a/b: c", NULL}, {"a: b\x01", NULL},
        {"a: b\x7f", NULL},
        {"a: b\rc", NULL}, {"a: \x1b[31m", NULL}, {"\xc3\xa9: b", NULL}, {"a\t: b", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head;
        char *text = arena_printf(&arena, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", rows[i].field);
        const char *fault = http_head_parse(&arena, slice_of(text), &head);
        CHECK(!fault == (rows[i].value != NULL), "%s", rows[i].field);
        if (!fault && rows[i].value)
            CHECK(slice_is(http_header_get(&head, "A"), rows[i].value), "%s", rows[i].field);
    }
    struct http_head head;
    char with_nul[] = "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n";
    assert_non_null(http_head_parse(&arena, (struct slice){with_nul, sizeof with_nul - 1}, &head));
    assert_null(http_head_parse(&arena, SLICE("HTTP/1.1 200 OK\r\n\r\n"), &head));
    assert_null(http_header_get(&head, "a").data);
}

/* All fields of a name as one list (RFC 9110 section 5.3), in their order. */
static void test_header_list(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *list;
    } rows[] = {
        {"", NULL}, {"B: x\r\n", NULL}, {"A: x\r\n", "x"}, {"A:\r\n", ""}, {"A: x\r\nA: y\r\n", "x, y"}, {"A: x\r\nB: z\r\na: y\r\n", "x, y"},
        {"A: x, y\r\nA: z\r\n", "x, y, z"}, {"A:\r\nA: y\r\n", ", y"}, {"A: y\r\nA:\r\n", "y, "}, {"AA: x\r\n", NULL}, {"A: \"a, b\"\r\nA: c\r\n", "\"a, b\", c"},
        {"A:   x  \r\nA:\ty\t\r\n", "x, y"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head;
        char *text = arena_printf(&arena, "HTTP/1.1 401 x\r\n%s\r\n", rows[i].fields);
        CHECK_TEXT(http_head_parse(&arena, slice_of(text), &head), NULL, "%s", rows[i].fields);
        const char *list = http_header_list(&arena, &head, "A");
        CHECK_TEXT(list, rows[i].list, "%s", rows[i].fields);
        CHECK_TEXT(http_header_list(&arena, &head, "a"), rows[i].list, "%s", rows[i].fields);
        CHECK(!list == !http_header_get(&head, "A").data, "%s", rows[i].fields);
        memset(text, '#', strlen(text)); /* it is a text of its own */
        CHECK_TEXT(list, rows[i].list, "%s", rows[i].fields);
    }
    struct http_head head;
    char *many = arena_printf(&arena, "HTTP/1.1 401 x\r\n%s\r\n", repeat("A: b\r\n", HTTP_HEADERS_MAX));
    assert_null(http_head_parse(&arena, slice_of(many), &head));
    assert_int_equal(strlen(http_header_list(&arena, &head, "A")), 3 * HTTP_HEADERS_MAX - 2);
}

static void test_header_count(void **state)
{
    (void)state;
    struct http_head head;
    char *most = arena_printf(&arena, "HTTP/1.1 200 OK\r\n%s\r\n", repeat("a: b\r\n", HTTP_HEADERS_MAX));
    char *more = arena_printf(&arena, "HTTP/1.1 200 OK\r\n%s\r\n", repeat("a: b\r\n", HTTP_HEADERS_MAX + 1));
    CHECK_TEXT(http_head_parse(&arena, slice_of(most), &head), NULL, "%d header lines", HTTP_HEADERS_MAX);
    assert_int_equal(head.count, HTTP_HEADERS_MAX);
    assert_non_null(http_head_parse(&arena, slice_of(more), &head));
}

static void test_framing(void **state)
{
    (void)state;
    enum { REFUSED = -1 };
    static const struct {
        const char *status, *fields;
        bool answers_head;
        int framing;
        uint64_t length;
    } rows[] = {
        {"1.1 200", "", false, HTTP_BODY_UNTIL_CLOSE, 0},
        {"1.1 200", "Content-Length: 0", false, HTTP_BODY_LENGTH, 0},
        {"1.1 200", "content-length: 12", false, HTTP_BODY_LENGTH, 12},
        {"1.1 200", "Content-Length: 5\r\nContent-Length: 5", false, HTTP_BODY_LENGTH, 5},
        {"1.1 200", "Content-Length: 9223372036854775807", false, HTTP_BODY_LENGTH, INT64_MAX},
        {"1.1 200", "Transfer-Encoding: chunked", false, HTTP_BODY_CHUNKED, 0},
        {"1.1 200", "transfer-encoding: CHUNKED", false, HTTP_BODY_CHUNKED, 0},
        {"1.1 200", "Content-Length: 5", true, HTTP_BODY_NONE, 5},
        {"1.1 200", "Transfer-Encoding: chunked", true, HTTP_BODY_NONE, 0},
        {"1.1 204", "", false, HTTP_BODY_NONE, 0},
        {"1.1 304", "Content-Length: 7", false, HTTP_BODY_NONE, 7},
        {"1.1 100", "", false, HTTP_BODY_NONE, 0},
        {"1.1 404", "", false, HTTP_BODY_UNTIL_CLOSE, 0},
        {"1.0 200", "Content-Length: 3", false, HTTP_BODY_LENGTH, 3},
        {"1.1 200", "Content-Length: 5\r\nContent-Length: 6", false, REFUSED, 0},
        {"1.1 200", "Content-Length: 5, 6", false, REFUSED, 0},
        {"1.1 200", "Content-Length: -1", false, REFUSED, 0},
        {"1.1 200", "Content-Length: +1", false, REFUSED, 0},
        {"1.1 200", "Content-Length: 0x10", false, REFUSED, 0},
        {"1.1 200", "Content-Length: 1 2", false, REFUSED, 0},
        {"1.1 200", "Content-Length:", false, REFUSED, 0},
        {"1.1 200", "Content-Length: 9223372036854775808", false, REFUSED, 0},
        {"1.1 200", "Content-Length: 18446744073709551616", false, REFUSED, 0},
        {"1.1 200", "Content-Length: 5\r\nTransfer-Encoding: chunked", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: chunked\r\nContent-Length: 5", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: chunked\r\nContent-Length: 5", true, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: gzip", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: gzip, chunked", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: chunked, chunked", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: identity", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding: xchunked", false, REFUSED, 0},
        {"1.1 200", "Transfer-Encoding:", false, REFUSED, 0},
        {"1.0 200", "Transfer-Encoding: chunked", false, REFUSED, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head;
        enum http_framing framing;
        uint64_t length;
        char *text = arena_printf(&arena, "HTTP/%s x\r\n%s%s\r\n", rows[i].status, rows[i].fields,
            *rows[i].fields ? "\r\n" : "");
        assert_null(http_head_parse(&arena, slice_of(text), &head));
        const char *fault = http_framing(&head, rows[i].answers_head, &framing, &length);
        CHECK(!fault == (rows[i].framing != REFUSED), "%s | %s", rows[i].status, rows[i].fields);
        if (!fault && rows[i].framing != REFUSED)
            CHECK((int)framing == rows[i].framing && length == rows[i].length, "%s | %s", rows[i].status,
                rows[i].fields);
    }
}

static void test_keeps_alive(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool keeps;
    } rows[] = {
        {"HTTP/1.1 200 x\r\n\r\n", true}, {"HTTP/1.0 200 x\r\n\r\n", false},
        {"HTTP/1.1 200 x\r\nConnection: close\r\n\r\n", false},
        {"HTTP/1.1 200 x\r\nCONNECTION: x, Close ,y\r\n\r\n", false},
        {"HTTP/1.1 200 x\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
        {"HTTP/1.0 200 x\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"HTTP/1.1 200 x\r\nConnection: closed\r\n\r\n", true},
        {"HTTP/1.0 200 x\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head;
        assert_null(http_head_parse(&arena, slice_of(rows[i].head), &head));
        CHECK(http_keeps_alive(&head) == rows[i].keeps, "%s", rows[i].head);
    }
}

/* What came of a body. */
struct outcome {
    bool fault, whole;
    struct slice text;
    size_t used;
};

/* Feeds `in` in pieces that end at `cut` (0: one piece) or, with `single`, byte by byte. */
static struct outcome feed(enum http_framing framing, uint64_t length, struct slice in, size_t cut, bool single,
    size_t limit)
{
    struct http_body body;
    struct buf out = BUF_INIT;
    struct outcome outcome = {.used = 0};
    http_body_init(&body, framing, length);
    for (size_t at = 0; at < in.len && !outcome.fault && !body.done;) {
        size_t used, len = single ? 1 : at < cut ? cut - at : in.len - at;
        outcome.fault = http_body_feed(&body, slice_head(slice_from(in, at), len), &used, &out, limit) != NULL;
        assert_true(used <= len);
        assert_true(outcome.fault || body.done || used == len);
        at += used;
        outcome.used = at;
    }
    if (!outcome.fault)
        outcome.whole = http_body_end(&body, false) == NULL;
    outcome.text = arena_slice(&arena, buf_view(&out));
    http_body_free(&body);
    buf_free(&out);
    return outcome;
}

static void test_chunked(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *text; /* NULL: a fault */
        size_t behind;    /* bytes left behind the body */
        bool cut;         /* the end is missing */
    } rows[] = {
        {"0\r\n\r\n", "", 0, false}, {"5\r\nhello\r\n0\r\n\r\n", "hello", 0, false},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nHTTP/1.1", "hello world", 8, false},
        {"5\nhello\n0\n\n", "hello", 0, false}, {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0, false},
        {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0, false}, {"005\r\nhello\r\n000\r\n\r\n", "hello", 0, false},
        {"5;name=value\r\nhello\r\n0;last\r\n\r\n", "hello", 0, false},
        {"5 ; a=\"b\"\r\nhello\r\n0\r\n\r\n", "hello", 0, false},
        {"5;\r\nhello\r\n0\r\n\r\n", "hello", 0, false}, {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0, false},
        {"0\r\nTrailer: x\r\nOther: y\r\n\r\nZ", "", 1, false}, {"1\r\nx\r\n0\r\nA: b\n\n", "x", 0, false},
        {"", "", 0, true}, {"5", "", 0, true}, {"5\r\n", "", 0, true}, {"5\r\nhel", "hel", 0, true},
        {"5\r\nhello", "hello", 0, true},
        {"5\r\nhello\r", "hello", 0, true}, {"5\r\nhello\r\n", "hello", 0, true}, {"5\r\nhello\r\n0", "hello", 0, true},
        {"5\r\nhello\r\n0\r\n", "hello", 0, true}, {"0\r\n\r", "", 0, true}, {"0\r\nA: b\r\n", "", 0, true},
        {"\r\n", NULL, 0, false}, {"x\r\n", NULL, 0, false}, {"-1\r\n", NULL, 0, false},
        {"+5\r\nhello\r\n", NULL, 0, false},
        {"0x5\r\nhello\r\n", NULL, 0, false}, {" 5\r\nhello\r\n", NULL, 0, false}, {"5 5\r\nhello\r\n", NULL, 0, false},
        {"5x\r\nhello\r\n", NULL, 0, false}, {"5\r\nhelloX\r\n0\r\n\r\n", NULL, 0, false},
        {"5\r\nhello world\r\n", NULL, 0, false},
        {"5\r\nhello0\r\n\r\n", NULL, 0, false}, {"ffffffffffffffff\r\n", NULL, 0, false},
        {"10000000000000000\r\n", NULL, 0, false}, {"fffffffffffffff\r\nx", "x", 0, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice in = slice_of(rows[i].in);
        for (size_t cut = 0; cut <= in.len + 1; cut++) { /* the last time byte by byte */
            struct outcome o = feed(HTTP_BODY_CHUNKED, 0, in, cut, cut == in.len + 1, 1000);
            CHECK(o.fault == !rows[i].text, "%s cut at %zu", rows[i].in, cut);
            if (o.fault || !rows[i].text)
                continue;
            CHECK(slice_is(o.text, rows[i].text), "%s cut at %zu", rows[i].in, cut);
            CHECK(o.whole == !rows[i].cut && in.len - o.used == rows[i].behind, "%s cut at %zu", rows[i].in, cut);
        }
    }
}

static void test_chunk_limits(void **state)
{
    (void)state;
    /* The size line, its line break included, has HTTP_CHUNK_LINE_MAX bytes at most; so have the trailers theirs. */
    char *line = arena_printf(&arena, "1;%s\r\nx\r\n0\r\n\r\n", repeat("e", HTTP_CHUNK_LINE_MAX - 4));
    char *long_line = arena_printf(&arena, "1;%s\r\nx\r\n0\r\n\r\n", repeat("e", HTTP_CHUNK_LINE_MAX - 3));
    char *trailer = arena_printf(&arena, "0\r\na: %s\r\n\r\n", repeat("t", HTTP_TRAILER_MAX - 7));
    char *long_trailer = arena_printf(&arena, "0\r\na: %s\r\n\r\n", repeat("t", HTTP_TRAILER_MAX - 6));
    char *many = arena_printf(&arena, "0\r\n%s\r\n", repeat("a: b\r\n", HTTP_TRAILER_MAX / 6 + 1));
    for (int single = 0; single < 2; single++) {
        assert_true(feed(HTTP_BODY_CHUNKED, 0, slice_of(line), 0, single, 10).whole);
        assert_true(feed(HTTP_BODY_CHUNKED, 0, slice_of(long_line), 0, single, 10).fault);
        assert_true(feed(HTTP_BODY_CHUNKED, 0, slice_of(trailer), 0, single, 10).whole);
        assert_true(feed(HTTP_BODY_CHUNKED, 0, slice_of(long_trailer), 0, single, 10).fault);
        assert_true(feed(HTTP_BODY_CHUNKED, 0, slice_of(many), 0, single, 10).fault);
        assert_true(feed(HTTP_BODY_CHUNKED, 0, slice_of(repeat("0", HTTP_CHUNK_LINE_MAX + 1)), 0, single, 10).fault);
    }
}

static void test_body_limit(void **state)
{
    (void)state;
    static const struct {
        enum http_framing framing;
        const char *in;
    } rows[] = {{HTTP_BODY_LENGTH, "0123456789"}, {HTTP_BODY_UNTIL_CLOSE, "0123456789"},
                {HTTP_BODY_CHUNKED, "4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"}};
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 0; cut < strlen(rows[i].in); cut++) {
            struct outcome fits = feed(rows[i].framing, 10, slice_of(rows[i].in), cut, false, 10);
            CHECK(fits.whole && slice_is(fits.text, "0123456789"), "%s cut at %zu", rows[i].in, cut);
            struct outcome over = feed(rows[i].framing, 10, slice_of(rows[i].in), cut, false, 9);
            CHECK(over.fault && over.text.len <= 9, "%s cut at %zu", rows[i].in, cut);
        }
}

static void test_length_and_close(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= 8; cut++) {
        struct outcome o = feed(HTTP_BODY_LENGTH, 5, SLICE("hello wor"), cut, false, 100);
        CHECK(o.whole && o.used == 5 && slice_is(o.text, "hello"), "cut at %zu", cut);
        o = feed(HTTP_BODY_LENGTH, 10, SLICE("hello wor"), cut, false, 100);
        CHECK(!o.fault && !o.whole && o.text.len == 9, "cut at %zu", cut);
        o = feed(HTTP_BODY_UNTIL_CLOSE, 0, SLICE("hello wor"), cut, false, 100);
        CHECK(o.whole && o.text.len == 9, "cut at %zu", cut);
    }
    struct http_body body;
    http_body_init(&body, HTTP_BODY_NONE, 5);
    assert_true(body.done);
    assert_null(http_body_end(&body, true));
    http_body_init(&body, HTTP_BODY_LENGTH, 0);
    assert_true(body.done);
    http_body_init(&body, HTTP_BODY_UNTIL_CLOSE, 0);
    assert_non_null(http_body_end(&body, true)); /* a reset is no end */
    assert_null(http_body_end(&body, false));
}

RUN(TEST(test_head_length), TEST(test_status_lines), TEST(test_fields), TEST(test_header_list), TEST(test_header_count), TEST(test_framing),
    TEST(test_keeps_alive), TEST(test_chunked), TEST(test_chunk_limits), TEST(test_body_limit),
        TEST(test_length_and_close))
