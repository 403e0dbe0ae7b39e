/* The XML of the AWS query protocol: what is read, and what is refused because it is cut, foreign or hostile. */
#include "unit.h"

#include "aws/protocol.h"
#include "aws/xml.h"

/* A reply of STS as it comes over the wire. */
static const char assume_role[] =
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
    "  <AssumeRoleResult>\n"
    "    <AssumedRoleUser>\n"
    "      <AssumedRoleId>AROA3XFRBF535PLBIFPI4:ecr-1795240800</AssumedRoleId>\n"
    "      <Arn>arn:aws:sts::123456789012:assumed-role/puller/ecr-1795240800</Arn>\n"
    "    </AssumedRoleUser>\n"
    "    <Credentials>\n"
    "      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\n"
    "      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>\n"
    "      <SessionToken>\n"
    "       AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW==\n"
    "      </SessionToken>\n"
    "      <Expiration>2026-11-21T07:00:00Z</Expiration>\n"
    "    </Credentials>\n"
    "    <PackedPolicySize>6</PackedPolicySize>\n"
    "  </AssumeRoleResult>\n"
    "  <ResponseMetadata>\n"
    "    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n"
    "  </ResponseMetadata>\n"
    "</AssumeRoleResponse>\n";

static int parse(const char *text, struct xml *xml)
{
    return xml_parse(&arena, slice_of(text), xml);
}

static void test_reply(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text;
    } rows[] = {
        {"Credentials/AccessKeyId", "ASIAIOSFODNN7EXAMPLE"},
        {"AssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId", "ASIAIOSFODNN7EXAMPLE"},
        {"AccessKeyId", "ASIAIOSFODNN7EXAMPLE"},
        {"Credentials/SecretAccessKey", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"},
        {"Credentials/SessionToken", "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW=="},
        {"Credentials/Expiration", "2026-11-21T07:00:00Z"},
        {"AssumedRoleUser/Arn", "arn:aws:sts::123456789012:assumed-role/puller/ecr-1795240800"},
        {"RequestId", "c6104cbe-af31-11e0-8154-cbc7ccf896c7"},
        /* Whole names only, and only what holds text. */
        {"KeyId", NULL}, {"s/AccessKeyId", NULL}, {"AssumedRoleUser/AccessKeyId", NULL}, {"Credentials", NULL},
        {"xAssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId", NULL}, {"accesskeyid", NULL},
        {"/AccessKeyId", NULL}, {"AccessKeyId/", NULL}, {"Nothing", NULL},
    };
    struct xml xml;
    assert_int_equal(parse(assume_role, &xml), 0);
    assert_int_equal(xml.count, 8);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(xml_get(&xml, &arena, rows[i].path), rows[i].text, "%s", rows[i].path);
}

/* Half a reply says nothing, wherever it was cut; and nothing may follow the whole one. */
static void test_cut(void **state)
{
    (void)state;
    struct xml xml;
    size_t len = sizeof assume_role - 2; /* without the last line feed */
    for (size_t cut = 0; cut < len; cut++) {
        char *half = arena_copy(&arena, (struct slice){assume_role, cut}); /* to see reads behind the end */
        char *exact = malloc(cut ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, half, cut);
        CHECK(xml_parse(&arena, (struct slice){exact, cut}, &xml) == -1, "cut at %zu", cut);
        free(exact);
        arena_reset(&arena);
    }
    assert_int_equal(xml_parse(&arena, (struct slice){assume_role, len}, &xml), 0);
    for (size_t from = 1; from < len; from++) {
        CHECK(xml_parse(&arena, (struct slice){assume_role + from, len - from}, &xml) == -1, "from %zu", from);
        arena_reset(&arena);
    }
}

static void test_documents(void **state)
{
    (void)state;
    static const struct {
        const char *text, *texts; /* "path=text;", NULL: refused */
    } rows[] = {
        {"<a>x</a>", "a=x;"}, {"<a/>", ""}, {"<a></a>", ""}, {"<a> \n </a>", ""}, {"<a><b>x</b></a>", "a/b=x;"},
        {"<a><b>x</b><b>y</b></a>", "a/b=x;a/b=y;"}, {"<a><b/><c>x</c></a>", "a/c=x;"}, {"<a >x</a >", "a=x;"},
        {"<a\n>x</a\t>", "a=x;"}, {"\xef\xbb\xbf<a>x</a>", "a=x;"}, {" \r\n<a>x</a>\n\t", "a=x;"},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>x</a>", "a=x;"}, {"<a>x</a><?p?>", "a=x;"},
        {"<a b=\"c\">x</a>", "a=x;"}, {"<a b='>' c=\"</a>\">x</a>", "a=x;"}, {"<a b='\"'>x</a>", "a=x;"},
        {"<a b=\"<\">x</a>", "a=x;"}, {"<a b='x'/>", ""}, {"<a b='/'>x</a>", "a=x;"},
        {"<n:a xmlns:n='u'><n:b>x</n:b></n:a>", "a/b=x;"}, {"<n:a>x</n:a>", "a=x;"}, {"<a-b.c_1>x</a-b.c_1>", "a-b.c_1=x;"},
        {"<a>\xc3\xa9</a>", "a=\xc3\xa9;"}, {"<a>x > y</a>", "a=x > y;"}, {"<a>]]</a>", "a=]];"},
        {"<!-- c --><a><!-- <b> -- > & --><b>x</b><!-- --></a><!---->", "a/b=x;"},
        {"<a><!-- </a> --><b>x</b></a>", "a/b=x;"}, {"<a>t<b>x</b>u</a>", "a/b=x;"}, /* what stands beside is no value */
        /* Not closed properly. */
        {"", NULL}, {" ", NULL}, {"\xef\xbb\xbf", NULL}, {"x", NULL}, {"<", NULL}, {"<a", NULL}, {"<a>", NULL},
        {"<a>x", NULL}, {"<a>x</a", NULL}, {"</a>", NULL}, {"<a></b>", NULL}, {"<a></A>", NULL}, {"<a><b></a></b>", NULL},
        {"<a><b></a>", NULL}, {"<a></a></a>", NULL}, {"<n:a></a>", NULL}, {"<a></n:a>", NULL}, {"<n:a></m:a>", NULL},
        {"<a></ a>", "" /* a space too many is harmless */}, {"<a></a b='c'>", NULL}, {"<a b='c>x</a>", NULL},
        {"<a b=\"c'>x</a>", NULL}, {"<a <b>x</b></a>", NULL},
        /* Two documents, or text around one. */
        {"<a/><b/>", NULL}, {"<a>x</a><a>y</a>", NULL}, {"x<a/>", NULL}, {"<a/>x", NULL}, {"<a>x</a>\n<", NULL},
        {"<!-- only -->", NULL}, {"<?xml version='1.0'?>", NULL}, {"<?xml version='1.0'", NULL}, {"<!-- a", NULL},
        {"<a><!-- ></a>", NULL}, {"<a>x</a><!--", NULL},
        /* Names that are none. */
        {"<>x</>", NULL}, {"<a><></></a>", NULL}, {"< a>x</a>", NULL}, {"<a$>x</a$>", NULL}, {"<\xc3\xa9>x</\xc3\xa9>", NULL},
        {"<a/b>x</a/b>", NULL}, {"</>", NULL}, {"<a//>", NULL}, {"<a><//a>", NULL}, {"</>x</>", NULL},
        /* What could define or hide things. */
        {"<!DOCTYPE a><a>x</a>", NULL}, {"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", NULL}, {"<!doctype a><a/>", NULL},
        {"<?xml version='1.0'?><!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a>x</a>", NULL},
        {"<a><![CDATA[x]]></a>", NULL}, {"<a><![CDATA[<b>x</b>]]></a>", NULL}, {"<a><!ELEMENT b></a>", NULL},
        /* No XML at all. */
        {"{\"Error\":{\"Code\":\"x\"}}", NULL}, {"<html><body><p>one<br>two</p></body></html>", NULL},
        {"HTTP/1.1 200 OK\r\n\r\n<a>x</a>", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct xml xml;
        struct buf seen = BUF_INIT;
        int status = parse(rows[i].text, &xml);
        CHECK(status == (rows[i].texts ? 0 : -1), "%s", rows[i].text);
        for (size_t k = 0; status == 0 && k < xml.count; k++)
            buf_printf(&seen, "%s=%.*s;", xml.texts[k].path, SLICE_ARGS(xml.texts[k].raw));
        if (rows[i].texts)
            CHECK_TEXT(seen.data, rows[i].texts, "%s", rows[i].text);
        buf_free(&seen);
    }
}

static void test_entities(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *text;
    } rows[] = {
        {"x", "x"}, {"&amp;", "&"}, {"&lt;&gt;&quot;&apos;", "<>\"'"}, {"a&amp;amp;b", "a&amp;b"}, {"&#65;&#x41;&#X41;", "AA&#X41;"},
        {"&#x3c;&#x3C;&#60;", "<<<"}, {"&#47;&#x2f;&#x2B;&#61;", "//+="}, {"&#0065;", "A"}, {"&#127;", "\x7f"},
        /* What is none stays as it stands: nothing is lost, nothing is expanded. */
        {"&", "&"}, {"&&amp;", "&&"}, {"&amp", "&amp"}, {"&;", "&;"}, {"&#;", "&#;"}, {"&#x;", "&#x;"}, {"&nbsp;", "&nbsp;"},
        {"&AMP;", "&AMP;"}, {"&#65", "&#65"}, {"&#6a;", "&#6a;"}, {"&#xg;", "&#xg;"}, {"&#-1;", "&#-1;"}, {"&#+65;", "&#+65;"},
        {"& amp;", "& amp;"}, {"&#128;", "&#128;"}, {"&#xe9;", "&#xe9;"}, {"&#256;", "&#256;"}, {"&#0;", "&#0;"},
        {"&#x00;", "&#x00;"}, {"&#x10041;", "&#x10041;"}, {"&#4294967361;", "&#4294967361;"}, {"&lol;&lol;", "&lol;&lol;"},
        {"x&", "x&"}, {"x&#", "x&#"}, {"x&#x", "x&#x"}, {"a &lt; b", "a < b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct xml xml;
        assert_int_equal(parse(arena_printf(&arena, "<a>%s</a>", rows[i].raw), &xml), 0);
        CHECK_TEXT(xml_get(&xml, &arena, "a"), rows[i].text, "%s", rows[i].raw);
    }
}

static char *nested(size_t depth)
{
    return arena_printf(&arena, "%sx%s", repeat("<a>", depth), repeat("</a>", depth));
}

static void test_limits(void **state)
{
    (void)state;
    struct xml xml;
    assert_int_equal(parse(nested(XML_DEPTH_MAX), &xml), 0);
    assert_int_equal(xml.count, 1);
    assert_int_equal(strlen(xml.texts[0].path), 2 * XML_DEPTH_MAX - 1);
    assert_int_equal(parse(nested(XML_DEPTH_MAX + 1), &xml), -1);
    assert_int_equal(parse(repeat("<a>", 1000000), &xml), -1);
    assert_int_equal(parse(arena_printf(&arena, "<r>%s</r>", repeat("<a>x</a>", XML_TEXTS_MAX)), &xml), 0);
    assert_int_equal(xml.count, XML_TEXTS_MAX);
    assert_int_equal(parse(arena_printf(&arena, "<r>%s</r>", repeat("<a>x</a>", XML_TEXTS_MAX + 1)), &xml), -1);
    assert_int_equal(parse(arena_printf(&arena, "<r>%s</r>", repeat("<a><b></b></a>", XML_TEXTS_MAX - 1)), &xml), 0);
    assert_int_equal(xml.count, 0);
    char *name = repeat("n", 100000);
    assert_int_equal(parse(arena_printf(&arena, "<%s>x</%s>", name, name), &xml), 0);
    assert_string_equal(xml.texts[0].path, name);
}

static void check_same(const char *text, size_t len, const char *want, const char *name)
{
    struct xml xml;
    if (xml_parse(&arena, (struct slice){text, len}, &xml) < 0)
        return; /* refused: as good */
    for (size_t i = 0; i < xml.count; i++)
        CHECK_TEXT(xml_get(&xml, &arena, xml.texts[i].path), want, "%s", name);
}

/* A value is read whole or not at all: half a key would be another key. */
static void test_no_half_values(void **state)
{
    (void)state;
    check_same("<a>AKIA<!-- c -->IOSF</a>", 25, "AKIAIOSF", "a comment within a text");
    check_same("<a>AKIA<?p?>IOSF</a>", 20, "AKIAIOSF", "a processing instruction within a text");
    check_same("<a>AKIA<!-- c --></a>", 21, "AKIA", "a comment behind a text");
    check_same("<a><!-- c -->AKIA</a>", 21, "AKIA", "a comment before a text");
    check_same("<a>ar\0n</a>", 11, "", "a NUL in a text");
    struct xml xml;
    assert_int_equal(xml_parse(&arena, (struct slice){"<a\0b>x</a\0b>", 12}, &xml), -1);
    assert_int_equal(xml_parse(&arena, (struct slice){"<a>x</a>\0", 9}, &xml), -1);
    assert_int_equal(xml_parse(&arena, (struct slice){"\0<a>x</a>", 9}, &xml), -1);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *header, *body, *code, *message, *id;
    } rows[] = {
        {"", "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
             "<Code>ExpiredToken</Code><Message>The security token is expired &amp; over</Message></Error>"
             "<RequestId>r-1</RequestId></ErrorResponse>", "ExpiredToken", "The security token is expired & over", "r-1"},
        {"x-amzn-RequestId: r-2\r\n", "<ErrorResponse><Error><Code>AccessDenied</Code></Error><RequestId>r-1</RequestId>"
             "</ErrorResponse>", "AccessDenied", NULL, "r-2"},
        {"", "<ErrorResponse><Error><Code>Access Denied</Code></Error></ErrorResponse>", NULL, NULL, NULL},
        {"", "<ErrorResponse><Error><Code>&lt;script&gt;</Code><Message>m</Message></Error></ErrorResponse>", NULL, "m", NULL},
        {"", "<ErrorResponse><Code>AccessDenied</Code></ErrorResponse>", NULL, NULL, NULL},
        {"", "<ErrorResponse><Error><Code>AccessDenied</Code></Error>", NULL, NULL, NULL},
        {"x-amzn-requestid: r-2\r\n", "<html>", NULL, NULL, "r-2"}, {"", "", NULL, NULL, NULL},
        {"", "{\"__type\":\"AccessDenied\"}", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head;
        struct aws_failure failure;
        assert_null(http_head_parse(&arena, slice_of(arena_printf(&arena, "HTTP/1.1 403 x\r\n%s\r\n", rows[i].header)), &head));
        aws_query_protocol.read_failure(&arena, &head, slice_of(rows[i].body), &failure);
        CHECK_TEXT(failure.code, rows[i].code, "row %zu", i);
        CHECK_TEXT(failure.message, rows[i].message, "row %zu", i);
        CHECK_TEXT(failure.request_id, rows[i].id, "row %zu", i);
    }
    struct http_head none = {0};
    struct aws_failure failure;
    char *body = arena_printf(&arena, "<E><Error><Code>A</Code></Error><RequestId>%s</RequestId></E>", repeat("i", 500));
    aws_query_protocol.read_failure(&arena, &none, slice_of(body), &failure);
    assert_int_equal(strlen(failure.request_id), 64);
}

RUN(TEST(test_reply), TEST(test_cut), TEST(test_documents), TEST(test_entities), TEST(test_limits),
    TEST(test_no_half_values), TEST(test_failures))
