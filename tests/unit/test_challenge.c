/* What a registry asks for in a WWW-Authenticate header. */
#include "unit.h"

#include "registry/challenge.h"

#define NONE NULL, NULL, NULL

/* What stands in an exact copy, so that a byte too far is seen. */
static struct challenge parse(struct slice header)
{
    struct challenge challenge;
    char *exact = malloc(header.len ? header.len : 1);
    memcpy(exact, header.data, header.len);
    challenge_parse(&arena, (struct slice){exact, header.len}, &challenge);
    free(exact);
    return challenge;
}

static void test_challenges(void **state)
{
    (void)state;
    enum { NOTHING = 0, BASIC = 1, BEARER = 2, BOTH = 3 };
    static const struct {
        const char *header;
        int kinds;
        const char *realm, *service, *scope;
    } rows[] = {
        {"Bearer realm=\"https://a.test/token\",service=\"r.test\",scope=\"repository:x:pull\"", BEARER, "https://a.test/token", "r.test", "repository:x:pull"},
        {"bearer REALM=\"r\"", BEARER, "r", NULL, NULL}, {"BEARER ReAlM=\"r\"", BEARER, "r", NULL, NULL}, {"Bearer", BEARER, NONE}, {"Bearer realm=plain", BEARER, "plain", NULL, NULL},
        {"Bearer realm = \"r\" , service\t=\ts", BEARER, "r", "s", NULL}, {" ,, Bearer realm=\"r\",,scope=\"\"", BEARER, "r", NULL, ""},
        {"Bearer realm=\"a\\\"b\\\\c\\d\"", BEARER, "a\"b\\cd", NULL, NULL}, {"Bearer realm=\"a,b=c\",service=\"Basic x\"", BEARER, "a,b=c", "Basic x", NULL},
        {"Bearer x=\"y\",realm=\"r\"", BEARER, "r", NULL, NULL}, {"Bearer realm=\"r\",error=\"invalid_token\",error_description=\"a, Basic b\"", BEARER, "r", NULL, NULL},
        {"Basic", BASIC, NONE}, {"basic realm=\"r\"", BASIC, NONE}, {"Basic realm=\"Registry Realm\", charset=\"UTF-8\"", BASIC, NONE}, {"Basic realm=\"\"", BASIC, NONE},
        {"Basic realm=\"no\", Bearer realm=\"r\"", BOTH, "r", NULL, NULL}, {"Bearer realm=\"r\", Basic realm=\"no\"", BOTH, "r", NULL, NULL}, {"Bearer realm=\"r\",service=\"s\",Basic realm=\"no\"", BOTH, "r", "s", NULL},
        {"Basic, Bearer", BOTH, NONE}, {"Bearer, Basic realm=\"no\", service=\"no\"", BOTH, NONE}, {"Basic realm=\"Bearer realm=\\\"no\\\"\"", BASIC, NONE},
        /* Of several of one kind the first counts. */
        {"Bearer realm=\"1\", Bearer realm=\"2\",service=\"2\"", BEARER, "1", NULL, NULL}, {"Bearer service=\"1\", Bearer realm=\"2\"", BEARER, NULL, "1", NULL},
        /* Those that are not known are passed over, with all that is theirs. */
        {"Negotiate, Bearer realm=\"r\"", BEARER, "r", NULL, NULL}, {"Negotiate abc==, Bearer realm=\"r\"", BEARER, "r", NULL, NULL}, {"Negotiate abc=, Basic", BASIC, NONE},
        {"Digest realm=\"no\", nonce=\"x,y\", qop=\"auth\", Bearer realm=\"r\"", BEARER, "r", NULL, NULL}, {"NTLM, Negotiate, Basic realm=\"x\"", BASIC, NONE}, {"Bearer realm=\"r\", Digest service=\"no\"", BEARER, "r", NULL, NULL},
        {"Bearer abc==, Basic realm=\"no\"", BOTH, NONE}, {"BearerX realm=\"r\"", NOTHING, NONE}, {"X-Bearer realm=\"r\"", NOTHING, NONE}, {"realm=\"Bearer\"", NOTHING, NONE}, {"Newauth realm=\"r\", type=1", NOTHING, NONE},
        {"Negotiate YIIZ/abc+d==, Bearer realm=\"r\"", BEARER, "r", NULL, NULL}, {"Negotiate a/b, Basic realm=\"r\"", BASIC, NONE}, {"Negotiate +a, Bearer realm=\"r\"", BEARER, "r", NULL, NULL},
        /* What stands before a malformed part counts, and nothing behind it. */
        {"", NOTHING, NONE}, {",", NOTHING, NONE}, {" \t ", NOTHING, NONE}, {"@", NOTHING, NONE}, {"\"Bearer\"", NOTHING, NONE}, {"=", NOTHING, NONE},
        {"Bearer realm=\"r", BEARER, NONE}, {"Bearer realm=\"r\\\"", BEARER, NONE}, {"Bearer realm=\"r\\", BEARER, NONE}, {"Bearer realm=\"", BEARER, NONE}, {"Bearer realm=", BEARER, NONE},
        {"Bearer realm=\"r\",@,service=\"s\"", BEARER, "r", NULL, NULL}, {"Bearer realm=\"r\"\xff, Basic", BEARER, "r", NULL, NULL}, {"Bearer realm=\"r\", service=\"s", BEARER, "r", NULL, NULL},
        {"Basic realm=\"x, Bearer realm=\"r\"", BASIC, NONE}, {"@ Bearer realm=\"r\"", NOTHING, NONE}, {"<html>", NOTHING, NONE}, {"Bearer realm=\"r\";service=\"s\"", BEARER, "r", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct challenge challenge = parse(slice_of(rows[i].header));
        CHECK(challenge.bearer == (rows[i].kinds >= BEARER) && challenge.basic == (rows[i].kinds % 2 == 1), "%s: %d %d", rows[i].header, challenge.bearer, challenge.basic);
        CHECK_TEXT(challenge.realm, rows[i].realm, "%s", rows[i].header);
        CHECK_TEXT(challenge.service, rows[i].service, "%s", rows[i].header);
        CHECK_TEXT(challenge.scope, rows[i].scope, "%s", rows[i].header);
    }
    struct challenge none = parse((struct slice){"Bearer realm=\"a\0b\"", 18});
    assert_true(none.bearer && !none.realm);
    none = parse((struct slice){"Bearer realm=\"a\\\0b\"", 19});
    assert_true(none.bearer && !none.realm);
    none = parse((struct slice){"Bearer realm=\"a\0b\", service=\"s\", Basic", 38}); /* nothing behind it counts */
    assert_true(none.bearer && !none.basic && !none.realm && !none.service);
    none = parse((struct slice){"Basic\0Bearer", 12});
    assert_true(none.basic && !none.bearer);
    none = parse((struct slice){"\0Bearer", 7});
    assert_false(none.bearer || none.basic);
    challenge_parse(&arena, (struct slice){NULL, 0}, &none);
    assert_false(none.bearer || none.basic || none.realm);
    static const char long_one[] = "Bearer realm=\"a\\\"b\",service=\"s\\\\\",scope=\"x\", Basic realm=\"y\"";
    for (size_t len = 0; len < sizeof long_one; len++) { /* cut anywhere: whole values or none */
        struct challenge cut = parse((struct slice){long_one, len});
        CHECK(!cut.realm || strcmp(cut.realm, "a\"b") == 0, "%zu: %s", len, cut.realm);
        CHECK(!cut.service || strcmp(cut.service, "s\\") == 0, "%zu: %s", len, cut.service);
        CHECK(!cut.scope || strcmp(cut.scope, "x") == 0, "%zu: %s", len, cut.scope);
        CHECK(cut.bearer == (len >= 6), "%zu", len);
    }
}

size_t __sanitizer_get_current_allocated_bytes(void);

/* A header of many values takes memory by its own length, not by its square. */
static void test_memory(void **state)
{
    (void)state;
    static const char *const parts[] = {",a=\"\"", ",a=\"b\"", ",a=b", ",realm=\"\\\"\"", ",a=\"\\\\\\\\\"", ",Basic", " a= ,"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct challenge challenge;
        char *header = arena_printf(&arena, "Bearer realm=\"r\"%s", repeat(parts[i], 12000));
        size_t before = __sanitizer_get_current_allocated_bytes();
        challenge_parse(&arena, slice_of(header), &challenge);
        CHECK(challenge.bearer && challenge.realm, "%s", parts[i]);
        size_t taken = __sanitizer_get_current_allocated_bytes() - before;
        CHECK(taken < 2 << 20, "%s: %zu bytes for %zu", parts[i], taken, strlen(header));
    }
}

RUN(TEST(test_challenges), TEST(test_memory))
