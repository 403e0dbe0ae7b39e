/* Certificates, PEM, trust anchors, and what TLS errors are called. */
#include "unit.h"

#include <bearssl_ssl.h>

#include "base/clock.h"
#include "base/encode.h"
#include "net/anchors.h"
#include "net/cert.h"
#include "net/pem.h"
#include "net/roots.h"
#include "net/tls_error.h"

#include "certificates.h"

#define DER(label) ((struct slice){(const char *)cert_##label, sizeof cert_##label})

static struct cert parse(struct slice der)
{
    struct cert cert;
    assert_int_equal(cert_parse(der, &cert), 0);
    return cert;
}

static void test_der(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len, content, whole; /* whole 0: refused */
    } rows[] = {
        {"\x30\x00", 2, 0, 2}, {"\x04\x02" "ab", 4, 2, 4}, {"\x04\x02" "abc", 5, 2, 4}, {"\x04\x81\x01" "a", 4, 1, 4},
        {"\x04\x84\0\0\0\1" "a", 7, 1, 7},
        {"", 0, 0, 0}, {"\x30", 1, 0, 0}, {"\x04\x03" "ab", 4, 0, 0}, {"\x30\x80\0\0", 4, 0, 0},
        {"\x04\x85\0\0\0\0\1" "a", 8, 0, 0}, {"\x04\x82\1", 3, 0, 0},
        {"\x04\xff", 2, 0, 0}, {"\x04\x84\xff\xff\xff\xff" "a", 7, 0, 0}, {"\x1f\x01\x00", 3, 0, 0},
        {"\xbf\x01\x00", 3, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice in = {rows[i].bytes, rows[i].len};
        struct der element;
        CHECK(der_next(&in, &element) == (rows[i].whole != 0), "row %zu", i);
        if (rows[i].whole)
            CHECK(element.content.len == rows[i].content && element.whole.len == rows[i].whole &&
                in.len == rows[i].len - rows[i].whole, "row %zu", i);
    }
    struct slice in = SLICE("\x02\x01\x05\x04\x00");
    struct der element;
    assert_false(der_expect(&in, DER_SEQUENCE, &element));
    assert_int_equal(in.len, 5);
    assert_true(der_expect(&in, DER_INTEGER, &element));
    assert_false(der_is_oid(&element, "\x05", 1));
    assert_int_equal(in.len, 2);
}

static void test_parse(void **state)
{
    (void)state;
    struct cert cert = parse(DER(plain));
    assert_int_equal(cert.not_before, time_from_utc(2020, 1, 2, 3, 4, 5));
    assert_int_equal(cert.not_after, time_from_utc(2040, 6, 7, 8, 9, 10));
    assert_int_equal(parse(DER(p384)).not_after, time_from_utc(2050, 6, 7, 8, 9, 10)); /* GeneralizedTime */
    assert_true(cert.has_alt_names && !cert.has_usages && !cert.is_ca && slice_equal(cert.subject, cert.issuer));
    assert_string_equal(cert_common_name(&arena, cert.subject), "leaf.test");
    cert = parse(DER(issued));
    assert_string_equal(cert_common_name(&arena, cert.issuer), "Lab Root");
    assert_true(!cert.is_ca && slice_equal(cert.issuer, parse(DER(root)).subject));
    assert_true(parse(DER(root)).is_ca);
    assert_true(parse(DER(server)).has_usages && parse(DER(server)).for_servers);
    assert_true(parse(DER(client)).has_usages && !parse(DER(client)).for_servers);
    assert_true(parse(DER(both)).for_servers && parse(DER(any_usage)).for_servers);
    assert_string_equal(cert_common_name(&arena, (struct slice){NULL, 0}), "");
}

/* A certificate that ends early is none; one with a byte changed does no harm. */
static void test_damaged(void **state)
{
    (void)state;
    struct slice whole = DER(many);
    for (size_t len = 0; len < whole.len; len++) {
        struct cert cert;
        char *copy = must_alloc(len); /* of its own, so that a byte too far is seen */
        memcpy(copy, whole.data, len);
        CHECK(cert_parse((struct slice){copy, len}, &cert) < 0, "%zu bytes", len);
        free(copy);
    }
    for (size_t at = 0; at < whole.len; at++) {
        struct cert cert;
        br_x509_pkey key;
        char *copy = arena_copy(&arena, whole);
        copy[at] = (char)(copy[at] ^ 0xff);
        if (cert_parse((struct slice){copy, whole.len}, &cert) == 0) {
            CHECK(!cert_matches(&cert, "evil.test", false), "byte %zu", at);
            cert_key(cert.key_info, &key);
            assert_non_null(cert_names(&arena, &cert));
        }
    }
}

static void test_keys(void **state)
{
    (void)state;
    br_x509_pkey key;
    assert_int_equal(cert_key(parse(DER(rsa)).key_info, &key), 0);
    assert_true(key.key_type == BR_KEYTYPE_RSA && key.key.rsa.nlen == 256 && key.key.rsa.elen == 3 &&
        key.key.rsa.n[0] & 0x80);
    assert_int_equal(cert_key(parse(DER(plain)).key_info, &key), 0);
    assert_true(key.key_type == BR_KEYTYPE_EC && key.key.ec.curve == BR_EC_secp256r1 && key.key.ec.qlen == 65 &&
        key.key.ec.q[0] == 4);
    assert_int_equal(cert_key(parse(DER(p384)).key_info, &key), 0);
    assert_true(key.key.ec.curve == BR_EC_secp384r1 && key.key.ec.qlen == 97);
    assert_int_equal(cert_key(parse(DER(p521)).key_info, &key), 0);
    assert_true(key.key.ec.curve == BR_EC_secp521r1 && key.key.ec.qlen == 133);
    assert_int_equal(cert_key(parse(DER(ed25519)).key_info, &key), -1);
    assert_int_equal(cert_key(parse(DER(p224)).key_info, &key), -1);
    assert_int_equal(cert_key((struct slice){NULL, 0}, &key), -1);
    assert_int_equal(cert_key(SLICE("\x30\x00"), &key), -1);
}

static void test_matches(void **state)
{
    (void)state;
    const struct {
        struct slice der;
        const char *host;
        bool ip, matches;
    } rows[] = {
        {DER(plain), "a.example.test", false, true}, {DER(plain), "A.EXAMPLE.test", false, true},
        {DER(plain), "b.example.test", false, false},
        {DER(plain), "example.test", false, false}, {DER(plain), "x.a.example.test", false, false},
        {DER(plain), "leaf.test", false, false}, {DER(plain), "", false, false},
        {DER(plain), "a.example.tes", false, false}, {DER(plain), "a.example.test.evil", false, false},
        {DER(plain), "192.0.2.1", true, false},
        {DER(many), "x.b.example.test", false, true}, {DER(many), "b.example.test", false, false},
        {DER(many), "upper.example.test", false, true},
        {DER(many), "dot.example.test", false, true}, {DER(many), "192.0.2.1", true, true},
        {DER(many), "192.0.2.1", false, false}, {DER(many), "192.0.2.2", true, false},
        {DER(many), "2001:db8::1", true, true}, {DER(many), "2001:DB8:0::1", true, true},
        {DER(many), "2001:db8::2", true, false}, {DER(many), "a.example.test", true, false},
        {DER(wildcard), "a.example.test", false, true}, {DER(wildcard), "A.Example.Test", false, true},
        {DER(wildcard), "a.b.example.test", false, false},
        {DER(wildcard), "example.test", false, false}, {DER(wildcard), ".example.test", false, false},
        {DER(wildcard), "aexample.test", false, false}, {DER(wildcard), "a.example.test.x", false, false},
        {DER(wildcard_tld), "a.test", false, false}, {DER(wildcard_tld), "test", false, false},
        {DER(wildcard_all), "a", false, false}, {DER(wildcard_all), "a.test", false, false},
        {DER(wildcard_all), "a.b.test", false, false},
        {DER(wildcard_odd), "ab.example.test", false, false}, {DER(wildcard_odd), "ba.example.test", false, false},
        {DER(wildcard_odd), "a.b.example.test", false, false},
        {DER(wildcard_odd), "x.example.test", false, false}, {DER(wildcard_odd), "x.y.example.test", false, false},
        {DER(address_as_name), "192.0.2.1", true, false}, {DER(address_as_name), "2001:db8::1", true, false},
        {DER(common_name_only), "a.example.test", false, false}, {DER(other_names), "a.example.test", false, false},
        {DER(network), "192.0.2.1", true, false}, {DER(network), "192.0.2.0", true, false},
        {DER(with_nul), "a.example.test", false, false}, {DER(with_nul), "a.example.test.evil.test", false, false},
        {DER(rsa), "rsa.test", false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cert cert = parse(rows[i].der);
        CHECK(cert_matches(&cert, rows[i].host, rows[i].ip) == rows[i].matches, "row %zu: %s", i, rows[i].host);
    }
}

static void test_names(void **state)
{
    (void)state;
    struct cert many = parse(DER(many)), six = parse(DER(six_names)), none = parse(DER(common_name_only)),
        other = parse(DER(other_names));
    assert_string_equal(cert_names(&arena, &many),
        "a.example.test, *.b.example.test, UPPER.Example.TEST, dot.example.test., 192.0.2.1");
    assert_string_equal(cert_names(&arena, &six), "a.test, b.test, c.test, d.test, e.test");
    assert_string_equal(cert_names(&arena, &none), "no name at all");
    assert_string_equal(cert_names(&arena, &other), "no name at all");
}

static void test_pem(void **state)
{
    (void)state;
    static const struct {
        const char *text, *seen; /* "LABEL=hex;" of each block, "!" for one that is refused */
    } rows[] = {
        {"", ""}, {"no block", ""}, {"-----BEGIN A-----\nQUJD\n-----END A-----\n", "A=414243;"},
        {"-----BEGIN A-----\r\nQU\r\nJD\r\n-----END A-----", "A=414243;"},
        {"text\n-----BEGIN A B-----\nQQ==\n-----END A B-----\nmore\n-----BEGIN C-----\nQg==\n-----END C-----\n",
         "A B=41;C=42;"},
        {"-----BEGIN A-----\n-----END A-----\n", "A=;"},
        {"-----BEGIN A-----\nQUJD\n", "!"}, {"-----BEGIN A", "!"}, {"-----BEGIN A-----\nQ!\n-----END A-----\n", "!"},
        {"-----BEGIN A-----\nQ\n-----END A-----\n", "!"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice text = slice_of(rows[i].text), label;
        struct buf der = BUF_INIT, seen = BUF_INIT;
        int got;
        while ((got = pem_next(&text, &label, &der)) == 1) {
            buf_printf(&seen, "%.*s=", SLICE_ARGS(label));
            encode_hex(&seen, der.data, der.len);
            buf_char(&seen, ';');
        }
        buf_str(&seen, got < 0 ? "!" : "");
        CHECK_TEXT(seen.data, rows[i].seen, "%s", rows[i].text);
        buf_free(&der);
        buf_free(&seen);
    }
}

static uint64_t number(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | *at++;
    return value;
}

static void test_embedded(void **state)
{
    (void)state;
    size_t roots = 0, at = 0;
    int64_t now = time_from_utc(2026, 11, 21, 0, 0, 0);
    while (at < net_roots_len) {
        int64_t end = (int64_t)number(net_roots + at, 8);
        size_t subject_len = (size_t)number(net_roots + at + 8, 2);
        struct slice subject = {(const char *)net_roots + at + 10, subject_len};
        size_t key_len = (size_t)number(net_roots + at + 10 + subject_len, 2);
        struct slice key_info = {subject.data + subject_len + 2, key_len}, in = subject;
        struct anchor_names names = {&subject, 1};
        struct anchor_set set = {.count = 0}, late = {.count = 0};
        struct der name;
        br_x509_pkey key;
        at += 12 + subject_len + key_len;
        assert_true(at <= net_roots_len);
        CHECK(der_expect(&in, DER_SEQUENCE, &name) && in.len == 0, "root %zu", roots);
        CHECK(cert_key(key_info, &key) == 0, "root %zu", roots);
        CHECK(end > now && end < time_from_utc(2070, 1, 1, 0, 0, 0), "root %zu", roots);
        anchors_add_embedded(names, now, &set);
        CHECK(set.count >= 1 && !set.expired && set.list[0].flags & BR_X509_TA_CA, "root %zu", roots);
        CHECK(slice_equal(subject, (struct slice){(char *)set.list[0].dn.data, set.list[0].dn.len}), "root %zu", roots);
        anchors_add_embedded(names, time_from_utc(2100, 1, 1, 0, 0, 0), &late);
        CHECK(late.count == 0 && late.expired, "root %zu", roots);
        roots++;
    }
    assert_int_equal(at, net_roots_len);
    assert_true(roots > 100);
    struct anchor_set set = {.count = 0};
    struct slice stranger = parse(DER(root)).subject;
    anchors_add_embedded((struct anchor_names){&stranger, 1}, now, &set);
    assert_true(set.count == 0 && !set.expired);
}

static void add_pem(struct buf *out, const char *label, struct slice der)
{
    buf_printf(out, "-----BEGIN %s-----\n", label);
    encode_base64(out, der, false);
    buf_printf(out, "\n-----END %s-----\n", label);
}

static void test_anchors_in_pem(void **state)
{
    (void)state;
    int64_t now = time_from_utc(2026, 11, 21, 0, 0, 0);
    struct slice wanted = parse(DER(root)).subject;
    struct anchor_names names = {&wanted, 1};
    struct anchor_set set = {.count = 0};
    struct buf pem = BUF_INIT;
    buf_str(&pem, "# a bundle\n");
    add_pem(&pem, "CERTIFICATE", DER(old_root));
    add_pem(&pem, "PRIVATE KEY", SLICE("not a certificate"));
    add_pem(&pem, "CERTIFICATE", SLICE("not a certificate either"));
    add_pem(&pem, "CERTIFICATE", DER(other_root));
    add_pem(&pem, "TRUSTED CERTIFICATE", DER(root)); /* what OpenSSL does not trust it for stands behind it: passed over */
    add_pem(&pem, "X509 CERTIFICATE", DER(root));
    assert_int_equal(anchors_add_pem(&arena, buf_view(&pem), names, now, &set), 3);
    assert_true(set.count == 1 && set.expired);
    assert_true(slice_equal(wanted, (struct slice){(char *)set.list[0].dn.data, set.list[0].dn.len}));
    assert_true(set.list[0].flags & BR_X509_TA_CA);
    for (int i = 0; i < ANCHORS_MAX + 3; i++)
        add_pem(&pem, "CERTIFICATE", DER(root));
    set = (struct anchor_set){.count = 0};
    assert_int_equal(anchors_add_pem(&arena, buf_view(&pem), names, now, &set), ANCHORS_MAX + 6);
    assert_int_equal(set.count, ANCHORS_MAX);
    buf_free(&pem);
    set = (struct anchor_set){.count = 0};
    assert_int_equal(anchors_add_pem(&arena, SLICE("no pem"), names, now, &set), 0);
}

/* Blocks that are no certificate are passed over, also those with headers inside (an encrypted key) and damaged ones. */
static void test_anchors_behind_other_blocks(void **state)
{
    (void)state;
    struct slice wanted = parse(DER(root)).subject;
    static const char *const blocks[] = {
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nQUJD\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    };
    for (size_t i = 0; i < COUNT(blocks); i++) {
        struct anchor_set set = {.count = 0};
        struct buf pem = BUF_INIT;
        buf_str(&pem, blocks[i]);
        add_pem(&pem, "CERTIFICATE", DER(root));
        CHECK(anchors_add_pem(&arena, buf_view(&pem), (struct anchor_names){&wanted, 1}, 0, &set) == 1 &&
            set.count == 1, "block %zu", i);
        buf_free(&pem);
    }
}

static void test_tls_errors(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *part;
    } rows[] = {
        {256 + 70, "1.2 alone"}, {256 + 40, "no cipher suite"}, {256 + 71, "no cipher suite"},
        {256 + 42, "client certificate"}, {256 + 46, "client certificate"}, {256 + 48, "client certificate"},
        {256 + 116, "client certificate"}, {256 + 112, "host name"}, {256 + 80, "alert 80"},
        {512 + 40, "alert 40 sent"}, {BR_ERR_UNSUPPORTED_VERSION, "does not speak TLS"},
        {BR_ERR_UNKNOWN_TYPE, "does not speak TLS"}, {BR_ERR_BAD_MAC, "damaged"},
        {BR_ERR_BAD_SIGNATURE, "could not prove"}, {BR_ERR_WRONG_KEY_USAGE, "may not be used"},
        {BR_ERR_BAD_PARAM, "error 1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(tls_error_set(&error, "h.test", rows[i].code), -1);
        CHECK(error.reason == REASON_TLS && strcmp(error.subject, "h.test") == 0 && strstr(error.cause, rows[i].part),
            "%d: %s", rows[i].code, error.cause);
    }
}

RUN(TEST(test_der), TEST(test_parse), TEST(test_damaged), TEST(test_keys), TEST(test_matches), TEST(test_names),
    TEST(test_pem),
    TEST(test_embedded), TEST(test_anchors_in_pem), TEST(test_anchors_behind_other_blocks), TEST(test_tls_errors))
