/* Addresses, hosts files, and which requests go through a proxy. */
#include "unit.h"

#include "net/addr.h"
#include "net/hosts.h"
#include "net/proxy.h"

static struct addr address(const char *text)
{
    struct addr addr;
    CHECK(addr_parse(slice_of(text), 0, &addr), "%s", text);
    return addr;
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown; /* NULL: no address */
    } rows[] = {
        {"192.0.2.1", "192.0.2.1:443"}, {"0.0.0.0", "0.0.0.0:443"}, {"255.255.255.255", "255.255.255.255:443"},
        {"::", "[::]:443"},
        {"::1", "[::1]:443"}, {"2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:443"},
        {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:443"},
        {"fe80::1", "[fe80::1]:443"}, {"", NULL}, {"192.0.2", NULL}, {"192.0.2.256", NULL}, {"192.0.2.1.1", NULL},
        {"0x7f.0.0.1", NULL},
        {"127.1", NULL}, {"2130706433", NULL}, {"1.2.3.4 ", NULL}, {" 1.2.3.4", NULL}, {"1.2.3.4:80", NULL},
        {"[::1]", NULL},
        {"fe80::1%eth0", NULL}, {":::", NULL}, {"1::2::3", NULL}, {"12345::", NULL}, {"localhost", NULL},
        {"1.2.3.4/8", NULL},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:443"},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct addr addr;
        char text[ADDR_TEXT];
        bool parsed = addr_parse(slice_of(rows[i].text), 443, &addr);
        CHECK(parsed == (rows[i].shown != NULL), "%s", rows[i].text);
        if (!parsed || !rows[i].shown)
            continue;
        addr_text(&addr, text);
        CHECK_TEXT(text, rows[i].shown, "%s", rows[i].text);
        addr_set_port(&addr, 1);
        addr_text(&addr, text);
        CHECK(slice_ends(slice_of(text), ":1"), "%s", rows[i].text);
    }
    struct addr addr;
    assert_false(addr_parse((struct slice){"1.2.3.4\0x", 9}, 0, &addr));
    assert_true(addr_from_bytes((struct slice){"\x7f\0\0\1", 4}, &addr));
    assert_true(addr_is_loopback(&addr));
    assert_true(addr_from_bytes((struct slice){"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16}, &addr));
    assert_true(addr_is_loopback(&addr));
    assert_false(addr_from_bytes((struct slice){"12345", 5}, &addr));
    assert_false(addr_from_bytes((struct slice){"", 0}, &addr));
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *network;
        bool in;
    } rows[] = {
        {"10.1.2.3", "10.0.0.0/8", true}, {"11.0.0.0", "10.0.0.0/8", false}, {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.4", false},
        {"10.1.2.3", "10.1.2.3/32", true}, {"10.1.2.2", "10.1.2.3/32", false}, {"10.1.2.2", "10.1.2.3/31", true},
        {"1.2.3.4", "0.0.0.0/0", true},
        {"172.31.255.255", "172.16.0.0/12", true}, {"172.32.0.0", "172.16.0.0/12", false},
        {"10.0.0.127", "10.0.0.0/25", true}, {"10.0.0.128", "10.0.0.0/25", false},
        {"fd12::1", "fd00::/8", true}, {"fe80::1", "fd00::/8", false}, {"::1", "::/0", true},
        {"1.2.3.4", "::/0", false}, {"::1", "0.0.0.0/0", false},
        {"::ffff:10.1.2.3", "10.0.0.0/8", true}, {"10.1.2.3", "10.0.0.0/33", false}, {"10.1.2.3", "10.0.0.0/", false},
        {"10.1.2.3", "10.0.0.0/x", false},
        {"10.1.2.3", "10.0.0.0/-1", false}, {"::1", "::1/129", false}, {"::1", "::1/128", true},
        {"10.1.2.3", "10/8", false}, {"10.1.2.3", "", false},
        {"10.1.2.3", "/8", false}, {"10.1.2.3", "10.0.0.0/8/8", false}, {"2001:db8:8000::", "2001:db8::/33", false},
        {"2001:db8:7fff::", "2001:db8::/33", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct addr addr = address(rows[i].addr);
        CHECK(addr_in_network(&addr, slice_of(rows[i].network)) == rows[i].in, "%s in %s", rows[i].addr,
            rows[i].network);
    }
}

static void test_internal(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        bool internal, loopback;
    } rows[] = {
        {"127.0.0.1", true, true}, {"127.255.255.255", true, true}, {"::1", true, true},
        {"::ffff:127.0.0.1", true, true},
        {"169.254.169.254", true, false}, {"169.254.170.2", true, false}, {"169.254.170.23", true, false},
        {"::ffff:169.254.169.254", true, false},
        {"fe80::1", true, false}, {"febf::1", true, false}, {"fec0::1", false, false}, {"fd00:ec2::254", true, false},
        {"fd00:ec2::23", true, false},
        {"fd00:ec3::1", false, false}, {"0.0.0.0", true, false}, {"0.1.2.3", true, false}, {"::", true, false},
        {"::ffff:0.0.0.0", true, false},
        {"10.0.0.1", false, false}, {"172.16.0.1", false, false}, {"192.168.0.1", false, false},
        {"198.18.0.1", false, false}, {"128.0.0.1", false, false},
        {"126.255.255.255", false, false}, {"169.253.255.255", false, false}, {"169.255.0.0", false, false},
        {"::2", false, false}, {"2001:db8::1", false, false},
        {"fd12:3456::1", false, false}, {"1.0.0.0", false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct addr addr = address(rows[i].addr);
        CHECK(addr_is_internal(&addr) == rows[i].internal && addr_is_loopback(&addr) == rows[i].loopback, "%s",
            rows[i].addr);
    }
    struct addr a = address("::ffff:192.0.2.1"), b = address("192.0.2.1"), c = address("192.0.2.2"), d = address("::1");
    addr_set_port(&b, 99);
    assert_true(addr_equal(&a, &b) && addr_equal(&b, &a));
    assert_false(addr_equal(&b, &c) || addr_equal(&d, &b));
}

static void test_hosts(void **state)
{
    (void)state;
    static const char text[] = "# 192.0.2.99 a.test\n127.0.0.1\tlocalhost\r\n::1 localhost ip6-localhost\n192.0.2.1  a.test b.test # c.test\n"
                               "  192.0.2.2\tA.Test\n300.0.0.1 a.test\nnonsense a.test\n192.0.2.3\n\n2001:db8::1 a.test\n192.0.2.4 a.test.\n#\n192.0.2.5 last";
    static const struct {
        const char *name;
        const char *found[4];
    } rows[] = {
        {"a.test", {"192.0.2.1:0", "192.0.2.2:0", "[2001:db8::1]:0"}}, {"B.TEST", {"192.0.2.1:0"}},
        {"localhost", {"127.0.0.1:0", "[::1]:0"}},
        {"c.test", {NULL}}, {"192.0.2.3", {NULL}}, {"192.0.2.1", {NULL}}, {"last", {"192.0.2.5:0"}}, {"", {NULL}},
        {"test", {NULL}}, {"a.tes", {NULL}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct addr found[8];
        char shown[ADDR_TEXT];
        size_t count = hosts_find(slice_of(text), rows[i].name, found, 8), wanted = 0;
        while (rows[i].found[wanted])
            wanted++;
        CHECK(count == wanted, "%s: %zu", rows[i].name, count);
        for (size_t k = 0; k < count && k < wanted; k++) {
            addr_text(&found[k], shown);
            CHECK_TEXT(shown, rows[i].found[k], "%s", rows[i].name);
        }
    }
    struct addr one;
    assert_int_equal(hosts_find(slice_of(text), "a.test", &one, 1), 1);
    assert_int_equal(hosts_find(slice_of(text), "a.test", &one, 0), 0);
    assert_int_equal(hosts_find((struct slice){NULL, 0}, "a.test", &one, 1), 0);
}

static void test_resolv_conf(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has;
    } rows[] = {
        {"nameserver 192.0.2.1\n", true}, {"search x\noptions y\nnameserver\t::1", true},
        {"  nameserver 192.0.2.1", true}, {"", false}, {"search x\n", false},
        {"#nameserver 192.0.2.1", false}, {"# nameserver 192.0.2.1", false}, {"; nameserver 192.0.2.1", false},
        {"nameserver", false}, {"nameserver \n", false},
        {"nameservers 192.0.2.1", false}, {"x nameserver 192.0.2.1", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        {
            struct slice text = slice_of(rows[i].text);
            CHECK((resolv_conf_server(&text).len > 0) == rows[i].has, "%s", rows[i].text);
        }
}

static struct url target(const char *text)
{
    struct url url;
    CHECK_TEXT(url_parse(&arena, slice_of(text), &url), NULL, "%s", text);
    return url;
}

static void test_exempt(void **state)
{
    (void)state;
    static const struct {
        const char *list, *url;
        bool exempt;
    } rows[] = {
        {"*", "https://a.test/", true}, {"x,*", "https://a.test/", true}, {" * ", "https://a.test/", true},
        {"a.test", "https://a.test/", true},
        {"A.TEST", "https://a.test/", true}, {"a.test", "https://b.a.test/", true},
        {"a.test", "https://xa.test/", false}, {"a.test", "https://a.test.evil/", false},
        {".a.test", "https://b.a.test/", true}, {".a.test", "https://c.b.a.test/", true},
        {".a.test", "https://a.test/", true}, {".a.test", "https://xa.test/", false},
        {"*.a.test", "https://b.a.test/", true}, {"*.a.test", "https://xa.test/", false},
        {"x.test, a.test ,y", "https://a.test/", true},
        {"x.test a.test", "https://a.test/", true}, {"", "https://a.test/", false}, {",", "https://a.test/", false},
        {" , ,", "https://a.test/", false},
        {".", "https://a.test/", false}, {"test", "https://a.test/", true}, {"est", "https://a.test/", false},
        {"a.test:443", "https://a.test/", true},
        {"a.test:80", "https://a.test/", false}, {"a.test:8443", "https://a.test:8443/", true},
        {".a.test:443", "https://b.a.test/", true}, {"a.test:x", "https://a.test/", false},
        {"192.0.2.1", "https://192.0.2.1/", true}, {"192.0.2.1:443", "https://192.0.2.1/", true},
        {"192.0.2.1:80", "https://192.0.2.1/", false},
        {"192.0.2.0/24", "https://192.0.2.7/", true}, {"192.0.2.0/24", "https://192.0.3.7/", false},
        {"192.0.2.0/24:443", "https://192.0.2.7/", true},
        {"2.1", "https://192.0.2.1/", false}, {"192.0.2", "https://192.0.2.1/", false},
        {"0.2.1", "https://192.0.2.1/", false}, {"192.0.2.0/99", "https://192.0.2.7/", false},
        {"2001:db8::1", "https://[2001:db8::1]/", true}, {"[2001:db8::1]", "https://[2001:db8::1]/", true},
        {"[2001:db8::1]:443", "https://[2001:db8::1]/", true},
        {"[2001:db8::1]:80", "https://[2001:db8::1]/", false}, {"2001:db8::/32", "https://[2001:db8::7]/", true},
        {"2001:db8::2", "https://[2001:db8::1]/", false},
        {"192.0.2.1", "https://a.test/", false}, {"192.0.2.0/24", "https://a.test/", false},
        {":443", "https://a.test/", false}, {"amazonaws.com", "https://api.ecr.us-east-1.amazonaws.com/", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url url = target(rows[i].url);
        CHECK(proxy_exempt(slice_of(rows[i].list), &url) == rows[i].exempt, "'%s' for %s", rows[i].list, rows[i].url);
    }
}

static void test_proxy_for(void **state)
{
    (void)state;
    static const struct {
        const char *https, *http, *except, *url;
        int result;
        const char *authority;
    } rows[] = {
        {"http://p.test:3128", NULL, NULL, "https://a.test/", 1, "p.test:3128"},
        {"http://p.test:3128", NULL, NULL, "http://a.test/", 0, NULL},
        {NULL, "http://q.test", NULL, "http://a.test/", 1, "q.test"},
        {"p.test:3128", NULL, NULL, "https://a.test/", 1, "p.test:3128"},
        {"u:p@p.test:3128", NULL, NULL, "https://a.test/", 1, "p.test:3128"},
        {"HTTP://p.test", NULL, NULL, "https://a.test/", 1, "p.test"}, {NULL, NULL, NULL, "https://a.test/", 0, NULL},
        {"http://p.test", NULL, "a.test", "https://a.test/", 0, NULL},
        {"http://p.test", NULL, "b.test", "https://a.test/", 1, "p.test"},
        {"https://p.test", NULL, NULL, "https://a.test/", -1, NULL},
        {"socks5://p.test", NULL, NULL, "https://a.test/", -1, NULL},
        {"http://", NULL, NULL, "https://a.test/", -1, NULL},
        {"http://p.test:x", NULL, NULL, "https://a.test/", -1, NULL},
        {"http://p.test", NULL, NULL, "https://127.0.0.1/", 0, NULL},
        {"http://p.test", NULL, NULL, "https://127.9.9.9:8443/", 0, NULL},
        {"http://p.test", NULL, NULL, "https://[::1]/", 0, NULL},
        {"http://p.test", NULL, NULL, "https://localhost/", 0, NULL},
        {"http://p.test", NULL, NULL, "https://LOCALHOST./", 0, NULL},
        {"http://p.test", NULL, NULL, "https://x.localhost/", 0, NULL},
        {"http://p.test", NULL, NULL, "https://notlocalhost/", 1, "p.test"},
        {NULL, "http://p.test", NULL, "http://169.254.169.254/latest/", 0, NULL},
        {NULL, "http://p.test", NULL, "http://169.254.170.2/", 0, NULL},
        {NULL, "http://p.test", NULL, "http://169.254.170.23/", 0, NULL},
        {NULL, "http://p.test", NULL, "http://[fd00:ec2::254]/", 0, NULL},
        {NULL, "http://p.test", NULL, "http://[fe80::1]/", 0, NULL},
        {NULL, "http://p.test", NULL, "http://[::ffff:169.254.169.254]/", 0, NULL},
        {"socks5://p.test", NULL, NULL, "https://127.0.0.1/", 0, NULL},
        {NULL, "http://p.test", NULL, "http://10.0.0.1/", 1, "p.test"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proxy_settings settings = {rows[i].https, rows[i].http, rows[i].except};
        struct url url = target(rows[i].url), proxy;
        int result = proxy_for(&settings, &arena, &url, &proxy, &error);
        CHECK(result == rows[i].result, "row %zu: %s", i, rows[i].url);
        if (result == 1 && rows[i].authority)
            CHECK_TEXT(url_authority(&arena, &proxy), rows[i].authority, "row %zu", i);
        if (result < 0)
            CHECK_TEXT(error.subject, "HTTPS_PROXY", "row %zu", i);
    }
    struct proxy_settings secret = {"http://user:hunter2@p.test:x", NULL, NULL};
    struct url url = target("https://a.test/"), proxy;
    assert_int_equal(proxy_for(&secret, &arena, &url, &proxy, &error), -1);
    assert_null(strstr(error_text(&error, &arena), "hunter2"));
}

static void test_proxy_authorization(void **state)
{
    (void)state;
    static const struct {
        const char *url, *value;
    } rows[] = {
        {"http://p.test", NULL}, {"http://user:pass@p.test", "Basic dXNlcjpwYXNz"},
        {"http://user@p.test", "Basic dXNlcjo="}, {"http://user:@p.test", "Basic dXNlcjo="},
        {"http://u%40x:p%3Aq@p.test", "Basic dUB4OnA6cQ=="}, {"http://u:100%@p.test", "Basic dToxMDAl"},
        {"http://u:a:b@p.test", "Basic dTphOmI="},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url url = target(rows[i].url);
        CHECK_TEXT(proxy_authorization(&arena, &url), rows[i].value, "%s", rows[i].url);
    }
}

static void test_proxy_environment(void **state)
{
    (void)state;
    struct proxy_settings settings;
    env_clean();
    proxy_from_environment(&settings);
    assert_true(!settings.http && !settings.https && !settings.except);
    setenv("https_proxy", "a", 1);
    setenv("http_proxy", "b", 1);
    setenv("no_proxy", "c", 1);
    setenv("HTTP_PROXY", "", 1);
    setenv("NO_PROXY", "C", 1);
    proxy_from_environment(&settings);
    assert_string_equal(settings.https, "a");
    assert_string_equal(settings.http, "b");
    assert_string_equal(settings.except, "C");
    env_clean();
}

RUN(TEST(test_addresses), TEST(test_networks), TEST(test_internal), TEST(test_hosts), TEST(test_resolv_conf),
    TEST(test_exempt),
    TEST(test_proxy_for), TEST(test_proxy_authorization), TEST(test_proxy_environment))
