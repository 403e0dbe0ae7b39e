/* The judge of certificate chains, whose clock a test can set and a program cannot. */
#include "base/clock.h"
#include "base/encode.h"
#include "base/version.h"
#include "certificates.h"
#include "net/x509.h"
#include "unit.h"

static struct trust trust;
static struct x509_judge judge;

static void trust_only(const unsigned char *der, size_t len)
{
    struct buf text = BUF_INIT;
    char *folder = new_folder();
    buf_str(&text, "-----BEGIN CERTIFICATE-----\n");
    encode_base64(&text, (struct slice){(const char *)der, len}, false);
    buf_str(&text, "\n-----END CERTIFICATE-----\n");
    trust_init(&trust);
    assert_int_equal(trust_use_file(&trust, write_file(folder, "ca.pem", text.data), &error), 0);
    buf_free(&text);
    remove_folder(folder);
}

/* Feeds a chain of one certificate, in two pieces, as the engine does. */
static unsigned judge_one(const unsigned char *der, size_t len, const char *host, int64_t now)
{
    error_clear(&error);
    x509_judge_init(&judge, &trust, host, false, &error);
    judge.now = now;
    const br_x509_class **context = &judge.vtable;
    judge.vtable->start_chain(context, host);
    judge.vtable->start_cert(context, (uint32_t)len);
    judge.vtable->append(context, der, len / 2);
    judge.vtable->append(context, der + len / 2, len - len / 2);
    judge.vtable->end_cert(context);
    unsigned status = judge.vtable->end_chain(context);
    x509_judge_free(&judge);
    return status;
}

#define NOW (ECR_RELEASE_UNIX + 86400)

static void test_time(void **state)
{
    static const struct {
        int64_t now;
        const char *cause, *hint; /* NULL: trusted */
    } rows[] = {
        {NOW, NULL, NULL},
        {0, "cannot be checked", "the clock here is wrong: it says 1970-01-01T00:00:00Z"},
        {ECR_RELEASE_UNIX - 400 * 86400 * 8LL, "cannot be checked", "before this program was made; set it"},
        {2300000000, "ended on 2040-06-07T08:09:10Z", "or the clock here (2042-11-19T08:53:20Z) is wrong"},
    };
    (void)state;
    trust_only(cert_plain, sizeof cert_plain);
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned status = judge_one(cert_plain, sizeof cert_plain, "a.example.test", rows[i].now);
        CHECK((status == 0) == !rows[i].cause, "row %zu: %u %s", i, status, error.cause);
        if (!rows[i].cause)
            continue;
        CHECK(error.reason == REASON_TLS, "row %zu", i);
        CHECK_TEXT(error.subject, "a.example.test", "row %zu", i);
        CHECK(strstr(error.cause, rows[i].cause), "row %zu: %s", i, error.cause);
        CHECK(error.hint && strstr(error.hint, rows[i].hint), "row %zu: %s", i, error.hint ? error.hint : "no hint");
    }
    trust_free(&trust);
}

static void test_names(void **state)
{
    static const struct {
        const unsigned char *der;
        size_t len;
        const char *host, *cause;
    } rows[] = {
        {cert_plain, sizeof cert_plain, "b.example.test", "is for a.example.test, not for this host"},
        {cert_common_name_only, sizeof cert_common_name_only, "a.example.test", "is for no name at all"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        trust_only(rows[i].der, rows[i].len);
        CHECK(judge_one(rows[i].der, rows[i].len, rows[i].host, NOW) != 0, "row %zu", i);
        CHECK(strstr(error.cause, rows[i].cause), "row %zu: %s", i, error.cause);
        trust_free(&trust);
    }
}

/* A certificate that nobody of the trusted ones stands behind, and chains that are none. */
static void test_untrusted(void **state)
{
    (void)state;
    trust_only(cert_other_root, sizeof cert_other_root);
    assert_int_not_equal(judge_one(cert_plain, sizeof cert_plain, "a.example.test", NOW), 0);
    assert_non_null(strstr(error.cause, "self-signed and not among the trusted ones"));
    assert_non_null(strstr(error.hint, "are trusted in this run"));
    assert_int_not_equal(judge_one((const unsigned char *)"nonsense", 8, "a.example.test", NOW), 0);
    assert_non_null(strstr(error.cause, "is malformed"));
    trust_free(&trust);
}

static void test_limits(void **state)
{
    (void)state;
    size_t size = X509_CHAIN_BYTES + 1;
    trust_only(cert_plain, sizeof cert_plain);
    assert_int_not_equal(judge_one(arena_alloc(&arena, size), size, "a.example.test", NOW), 0);
    assert_non_null(strstr(error.cause, "too long"));
    x509_judge_init(&judge, &trust, "a.example.test", false, &error);
    judge.vtable->start_chain(&judge.vtable, NULL);
    assert_int_not_equal(judge.vtable->end_chain(&judge.vtable), 0);
    x509_judge_free(&judge);
    trust_free(&trust);
}

RUN(TEST(test_time), TEST(test_names), TEST(test_untrusted), TEST(test_limits))
