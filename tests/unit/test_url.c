/* URLs and host names, hostile ones among them. */
#include "unit.h"

#include "net/url.h"

static void test_valid(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
        bool https, ip;
        const char *userinfo, *path, *query, *authority;
    } rows[] = {
        {"http://a", "a", 80, false, false, NULL, "/", NULL, "a"},
        {"https://a", "a", 443, true, false, NULL, "/", NULL, "a"},
        {"HTTPS://A.Example.COM/P", "a.example.com", 443, true, false, NULL, "/P", NULL, "a.example.com"},
        {"https://a.example./x", "a.example", 443, true, false, NULL, "/x", NULL, "a.example"},
        {"http://a:8080/x/y?q=1&r=#f", "a", 8080, false, false, NULL, "/x/y", "q=1&r=", "a:8080"},
        {"http://a:80/", "a", 80, false, false, NULL, "/", NULL, "a"},
        {"https://a:80/", "a", 80, true, false, NULL, "/", NULL, "a:80"},
        {"https://a:00443/", "a", 443, true, false, NULL, "/", NULL, "a"},
        {"http://a?q", "a", 80, false, false, NULL, "/", "q", "a"},
        {"http://a#f", "a", 80, false, false, NULL, "/", NULL, "a"},
        {"http://a/?", "a", 80, false, false, NULL, "/", "", "a"},
        {"http://a/b?c?d/e", "a", 80, false, false, NULL, "/b", "c?d/e", "a"},
        {"http://u:p@a/", "a", 80, false, false, "u:p", "/", NULL, "a"},
        {"http://u%40x:p%3A@a:1/", "a", 1, false, false, "u%40x:p%3A", "/", NULL, "a:1"},
        {"http://good.test:80@evil.test/", "evil.test", 80, false, false, "good.test:80", "/", NULL, "evil.test"},
        {"http://a@b@c/", "c", 80, false, false, "a@b", "/", NULL, "c"},
        {"http://a/@b", "a", 80, false, false, NULL, "/@b", NULL, "a"},
        {"http://a?@b/", "a", 80, false, false, NULL, "/", "@b/", "a"},
        {"http://192.0.2.1/", "192.0.2.1", 80, false, true, NULL, "/", NULL, "192.0.2.1"},
        {"http://[::1]/", "::1", 80, false, true, NULL, "/", NULL, "[::1]"},
        {"https://[2001:DB8::A]:8443/", "2001:db8::a", 8443, true, true, NULL, "/", NULL, "[2001:db8::a]:8443"},
        {"http://[::ffff:192.0.2.1]/", "::ffff:192.0.2.1", 80, false, true, NULL, "/", NULL, "[::ffff:192.0.2.1]"},
        {"http://a_b.c-d.xn--bcher-kva/", "a_b.c-d.xn--bcher-kva", 80, false, false, NULL, "/", NULL,
         "a_b.c-d.xn--bcher-kva"},
        {"http://a:65535/", "a", 65535, false, false, NULL, "/", NULL, "a:65535"},
        {"http://1a/", "1a", 80, false, false, NULL, "/", NULL, "1a"},
        {"http://1.2.3.4.test/", "1.2.3.4.test", 80, false, false, NULL, "/", NULL, "1.2.3.4.test"},
        {"http://a//b/../c", "a", 80, false, false, NULL, "//b/../c", NULL, "a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url url;
        const char *text = rows[i].text, *fault = url_parse(&arena, slice_of(text), &url);
        CHECK_TEXT(fault, NULL, "%s", text);
        if (fault)
            continue;
        CHECK_TEXT(url.host, rows[i].host, "%s", text);
        CHECK_TEXT(url.userinfo, rows[i].userinfo, "%s", text);
        CHECK_TEXT(url.path, rows[i].path, "%s", text);
        CHECK_TEXT(url.query, rows[i].query, "%s", text);
        CHECK_TEXT(url_authority(&arena, &url), rows[i].authority, "%s", text);
        CHECK(url.port == rows[i].port && url.https == rows[i].https && url.ip == rows[i].ip, "%s", text);
        char *public = arena_printf(&arena, "%s://%s%s", url.https ? "https" : "http", rows[i].authority, rows[i].path);
        CHECK_TEXT(url_public(&arena, &url), public, "%s", text);
    }
}

static void test_invalid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "a", "a/b", "//a", "/a", "ftp://a", "file:///etc/passwd", "http:", "http:/", "http:/a", "http:a", "http//a",
        "htt p://a",
        " http://a", "javascript:alert(1)", "ws://a", "unix:///x", "http://", "http:///x", "http://?x", "http://#x",
        "http://:80/",
        "http://@/", "http://u@/", "http://u:p@:80/", "http://.", "http://..", "http://.a", "http://a..b", "http://a..",
        "http://a b/", "http://a\tb/", "http://a/b c", "http://a\n/", "http://a/\r\nHost: b", "http://a/\x7f",
        "http://a/\x01",
        "http://a/\xc3\xa9", "http://b\xc3\xbc" "cher.test/", "http://\xe2\x84\xab/", "http://a\xe3\x80\x82" "b/",
        "http://a%2eb/",
        "http://a%00b/", "http://a!b/", "http://a*b/", "http://a,b/", "http://a;b/", "http://a\\b/", "http://a|b/",
        "http://a<b>/",
        "http://a:/", "http://a:0/", "http://a:65536/", "http://a:-1/", "http://a:+1/", "http://a:8 0/",
        "http://a:http/",
        "http://a:80:80/", "http://a:99999999999999999999/", "http://[::1", "http://::1/", "http://::1]/", "http://[]/",
        "http://[::1]x/",
        "http://[::1]:/", "http://[127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::g]/",
        "http://[a]/",
        "http://[::1]]/", "http://[[::1]]/", "http://x[::1]/", "http://127.1/", "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/", "http://127.0.0.0x1/", "http://0177.0.0.1/", "http://127.0.0.01/", "http://127.0.0.1.5/",
        "http://256.0.0.1/", "http://1.2.3/", "http://127.0.0.1./", "http://a.1/", "http://a.0x1/",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct url url;
        CHECK(url_parse(&arena, slice_of(texts[i]), &url) != NULL, "'%s' -> host %s", texts[i],
            url.host ? url.host : "?");
    }
    struct url url;
    assert_non_null(url_parse(&arena, (struct slice){"http://a\0b/", 11}, &url));
    assert_non_null(url_parse(&arena, (struct slice){"http://a/\0b", 11}, &url));
}

static void test_host_lengths(void **state)
{
    (void)state;
    const char *host;
    bool ip;
    char *label = repeat("a", 63);
    char *longest = arena_printf(&arena, "%s.%s.%s.%s", label, label, label, repeat("b", 61));
    assert_int_equal(strlen(longest), HOST_MAX);
    assert_null(host_parse(&arena, slice_of(longest), &host, &ip));
    assert_null(host_parse(&arena, slice_of(arena_printf(&arena, "%s.", longest)), &host, &ip));
    assert_string_equal(host, longest);
    assert_non_null(host_parse(&arena, slice_of(arena_printf(&arena, "%sb", longest)), &host, &ip));
    assert_null(host_parse(&arena, slice_of(label), &host, &ip));
    assert_non_null(host_parse(&arena, slice_of(repeat("a", 64)), &host, &ip));
}

static void test_resolve(void **state)
{
    (void)state;
    static const struct {
        const char *base, *reference, *result; /* public part and query; NULL: refused */
    } rows[] = {
        {"https://a.test/x/y?q", "https://b.test/z", "https://b.test/z"},
        {"https://a.test/x/y", "http://b.test/z?w", "http://b.test/z?w"},
        {"https://a.test/x/y?q", "HTTPS://B.test/z", "https://b.test/z"},
        {"https://a.test/x/y", "//b.test/z", "https://b.test/z"},
        {"http://a.test/x/y", "//b.test:5000/z", "http://b.test:5000/z"},
        {"https://a.test/x/y?q", "/z", "https://a.test/z"},
        {"https://a.test/x/y?q", "z", "https://a.test/x/z"}, {"https://a.test/x/y?q", "z?w", "https://a.test/x/z?w"},
        {"https://a.test/x/y?q", "?w", "https://a.test/x/y?w"},
        {"https://a.test:8443/x", "/z", "https://a.test:8443/z"},
        {"https://[::1]:5/x", "/z", "https://[::1]:5/z"}, {"http://u:p@a.test/x", "/z", "http://a.test/z"},
        {"https://a.test/x/y", "./z", "https://a.test/x/./z"},
        {"https://a.test", "z", "https://a.test/z"}, {"https://a.test/x/", "z/w:1", "https://a.test/x/z/w:1"},
        {"https://a.test/x", "/z:1", "https://a.test/z:1"},
        {"https://a.test/x/y?q", "", "https://a.test/x/y?q"}, {"https://a.test/x/y?q", "#f", "https://a.test/x/y?q"},
        {"https://a.test/x", "ftp://b.test/", NULL}, {"https://a.test/x", "file:///etc/passwd", NULL},
        {"https://a.test/x", "javascript:1", NULL},
        {"https://a.test/x", "https:z", NULL}, {"https://a.test/x", "https:/z", NULL}, {"https://a.test/x", "//", NULL},
        {"https://a.test/x", "///z", NULL},
        {"https://a.test/x", "/z y", NULL}, {"https://a.test/x", "/\xc3\xa9", NULL},
        {"https://a.test/x", "//b c/", NULL}, {"https://a.test/x", "a:b", NULL},
        {"https://a.test/x", "http://127.1/", NULL}, {"https://a.test/x", "//169.254.43518/", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url base, url;
        assert_null(url_parse(&arena, slice_of(rows[i].base), &base));
        const char *fault = url_resolve(&arena, &base, slice_of(rows[i].reference), &url);
        CHECK(!fault == (rows[i].result != NULL), "%s + '%s'", rows[i].base, rows[i].reference);
        if (fault || !rows[i].result)
            continue;
        char *text = arena_printf(&arena, "%s%s%s", url_public(&arena, &url), url.query ? "?" : "",
            url.query ? url.query : "");
        CHECK_TEXT(text, rows[i].result, "%s + '%s'", rows[i].base, rows[i].reference);
        CHECK(!url.userinfo, "%s + '%s'", rows[i].base, rows[i].reference);
    }
    struct url base, url;
    assert_null(url_parse(&arena, SLICE("https://a.test/x"), &base));
    assert_non_null(url_resolve(&arena, &base, (struct slice){"/z\0//evil", 9}, &url));
}

static void test_same_origin(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"https://a/x", "https://A:443/y?z", true}, {"https://a/", "http://a/", false},
        {"https://a/", "http://a:443/", false},
        {"https://a/", "https://a:444/", false}, {"https://a/", "https://b/", false},
        {"https://a./", "https://a/", true},
        {"https://a/", "https://a.b/", false}, {"http://[::1]/", "http://[::1]:80/", true},
        {"https://u@a/", "https://a/", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url a, b;
        assert_null(url_parse(&arena, slice_of(rows[i].a), &a));
        assert_null(url_parse(&arena, slice_of(rows[i].b), &b));
        CHECK(url_same_origin(&a, &b) == rows[i].same && url_same_origin(&b, &a) == rows[i].same, "%s %s", rows[i].a,
            rows[i].b);
    }
}

RUN(TEST(test_valid), TEST(test_invalid), TEST(test_host_lengths), TEST(test_resolve), TEST(test_same_origin))
