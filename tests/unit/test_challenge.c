/* What a registry asks for in a WWW-Authenticate header. */
#include "unit.h"

#include "registry/challenge.h"

#define NONE NULL, NULL, NULL

static void test_bearer(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool found;
        const char *realm, *service, *scope;
    } rows[] = {
        {"Bearer realm=\"https://a.test/token\",service=\"r.test\",scope=\"repository:x:pull\"", true, "https://a.test/token", "r.test", "repository:x:pull"},
        {"bearer REALM=\"r\"", true, "r", NULL, NULL}, {"Bearer", true, NONE}, {"Bearer realm=plain", true, "plain", NULL, NULL},
        {"Bearer realm = \"r\" , service\t=\ts", true, "r", "s", NULL}, {" ,, Bearer realm=\"r\",,scope=\"\"", true, "r", NULL, ""},
        {"Bearer realm=\"a\\\"b\\\\c\\d\"", true, "a\"b\\cd", NULL, NULL}, {"Bearer realm=\"a,b=c\",service=\"Basic x\"", true, "a,b=c", "Basic x", NULL},
        {"Bearer x=\"y\",realm=\"r\"", true, "r", NULL, NULL}, {"Bearer realm=\"1\",realm=\"2\"", true, "2", NULL, NULL},
        {"Basic realm=\"no\", Bearer realm=\"r\"", true, "r", NULL, NULL}, {"Bearer realm=\"r\", Basic realm=\"no\"", true, "r", NULL, NULL},
        {"Negotiate abc==, Bearer realm=\"r\"", true, "r", NULL, NULL}, {"Bearer abc==, Basic realm=\"no\"", true, NONE},
        {"", false, NONE}, {"Basic realm=\"r\"", false, NONE}, {"BearerX realm=\"r\"", false, NONE}, {"realm=\"Bearer\"", false, NONE},
        {"Bearer realm=\"r", false, NONE}, {"Bearer realm=\"r\\\"", false, NONE}, {"Bearer realm=\"r\\", false, NONE}, {"Bearer realm=\"", false, NONE},
        {"Bearer realm=\"r\",@", false, NONE}, {"Bearer realm=\"r\"\xff", false, NONE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct challenge challenge;
        struct slice header = arena_slice(&arena, slice_of(rows[i].header)); /* a byte too far would be seen */
        bool found = challenge_find_bearer(&arena, header, &challenge);
        CHECK(found == rows[i].found, "%s", rows[i].header);
        if (!found)
            continue;
        CHECK_TEXT(challenge.realm, rows[i].realm, "%s", rows[i].header);
        CHECK_TEXT(challenge.service, rows[i].service, "%s", rows[i].header);
        CHECK_TEXT(challenge.scope, rows[i].scope, "%s", rows[i].header);
    }
    struct challenge challenge;
    assert_false(challenge_find_bearer(&arena, (struct slice){"Bearer realm=\"a\0b\"", 18}, &challenge));
    assert_false(challenge_find_bearer(&arena, (struct slice){"Bearer realm=\"a\\\0b\"", 19}, &challenge));
    static const char long_one[] = "Bearer realm=\"a\\\"b\",service=\"s\\\\\",scope=\"x\"";
    for (size_t len = 0; len < sizeof long_one; len++) { /* cut anywhere, and nothing behind the cut is read */
        char *exact = malloc(len ? len : 1);
        memcpy(exact, long_one, len);
        challenge_find_bearer(&arena, (struct slice){exact, len}, &challenge);
        free(exact);
    }
}

size_t __sanitizer_get_current_allocated_bytes(void);

/* A header of many values takes memory by its own length, not by its square. */
static void test_memory(void **state)
{
    (void)state;
    static const char *const parts[] = {",a=\"\"", ",a=\"b\"", ",a=b", ",realm=\"\\\"\"", ",a=\"\\\\\\\\\""};
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct challenge challenge;
        char *header = arena_printf(&arena, "Bearer realm=\"r\"%s", repeat(parts[i], 12000));
        size_t before = __sanitizer_get_current_allocated_bytes();
        CHECK(challenge_find_bearer(&arena, slice_of(header), &challenge), "%s", parts[i]);
        size_t taken = __sanitizer_get_current_allocated_bytes() - before;
        CHECK(taken < 2 << 20, "%s: %zu bytes for %zu", parts[i], taken, strlen(header));
    }
}

RUN(TEST(test_bearer), TEST(test_memory))
