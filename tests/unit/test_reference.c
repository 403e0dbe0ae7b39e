/* Image references and digests. */
#include "unit.h"

#include "image/digest.h"
#include "image/reference.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define HEX64 HEX32 HEX32
#define SHA "sha256:" HEX64

static void test_valid(void **state)
{
    (void)state;
    static const struct {
        const char *text, *registry, *host;
        uint16_t port;
        const char *repository, *tag, *digest, *normal;
    } rows[] = {
        {"alpine", "docker.io", "docker.io", 0, "library/alpine", "latest", NULL, "docker.io/library/alpine:latest"},
        {"a", "docker.io", "docker.io", 0, "library/a", "latest", NULL, "docker.io/library/a:latest"},
        {"alpine:3.20", "docker.io", "docker.io", 0, "library/alpine", "3.20", NULL, "docker.io/library/alpine:3.20"},
        {"team/app", "docker.io", "docker.io", 0, "team/app", "latest", NULL, "docker.io/team/app:latest"},
        {"a/b/c/d:x", "docker.io", "docker.io", 0, "a/b/c/d", "x", NULL, "docker.io/a/b/c/d:x"},
        {"docker.io/alpine", "docker.io", "docker.io", 0, "library/alpine", "latest", NULL,
         "docker.io/library/alpine:latest"},
        {"index.docker.io/alpine", "docker.io", "docker.io", 0, "library/alpine", "latest", NULL,
         "docker.io/library/alpine:latest"},
        {"Docker.IO/alpine", "docker.io", "docker.io", 0, "library/alpine", "latest", NULL,
         "docker.io/library/alpine:latest"},
        {"localhost/app", "localhost", "localhost", 0, "app", "latest", NULL, "localhost/app:latest"},
        {"localhost:5000/app:v1", "localhost:5000", "localhost", 5000, "app", "v1", NULL, "localhost:5000/app:v1"},
        {"LOCALHOST/app", "localhost", "localhost", 0, "app", "latest", NULL, "localhost/app:latest"},
        {"Registry/app", "registry", "registry", 0, "app", "latest", NULL, NULL},
        {"host:5000/app", "host:5000", "host", 5000, "app", "latest", NULL, "host:5000/app:latest"},
        {"host.example/app", "host.example", "host.example", 0, "app", "latest", NULL, "host.example/app:latest"},
        {"HOST.Example:443/a/b", "host.example:443", "host.example", 443, "a/b", "latest", NULL,
         "host.example:443/a/b:latest"},
        {"192.0.2.1:5000/app", "192.0.2.1:5000", "192.0.2.1", 5000, "app", "latest", NULL, "192.0.2.1:5000/app:latest"},
        {"[::1]:5000/app", "[::1]:5000", "::1", 5000, "app", "latest", NULL, "[::1]:5000/app:latest"},
        {"[2001:DB8::1]/app:t", "[2001:db8::1]", "2001:db8::1", 0, "app", "t", NULL, "[2001:db8::1]/app:t"},
        {"xn--bcher-kva.example/app", "xn--bcher-kva.example", "xn--bcher-kva.example", 0, "app", "latest", NULL,
         "xn--bcher-kva.example/app:latest"},
        {"host.example:65535/app", "host.example:65535", "host.example", 65535, "app", "latest", NULL,
         "host.example:65535/app:latest"},
        {"app@" SHA, "docker.io", "docker.io", 0, "library/app", NULL, SHA, "docker.io/library/app@" SHA},
        {"app:v1@" SHA, "docker.io", "docker.io", 0, "library/app", "v1", SHA, "docker.io/library/app:v1@" SHA},
        {"h.example:1/app:v1@" SHA, "h.example:1", "h.example", 1, "app", "v1", SHA, "h.example:1/app:v1@" SHA},
        {"app@sha512:" HEX64 HEX64, "docker.io", "docker.io", 0, "library/app", NULL, "sha512:" HEX64 HEX64, NULL},
        {"app@blake3:" HEX64, "docker.io", "docker.io", 0, "library/app", NULL, "blake3:" HEX64, NULL},
        {"app@sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", "docker.io", "docker.io", 0, "library/app",
         NULL,
         "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", NULL},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1", "123456789012.dkr.ecr.us-east-1.amazonaws.com",
         "123456789012.dkr.ecr.us-east-1.amazonaws.com", 0, "team/app", "v1", NULL,
         "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1"},
        {"a.b/x_y/x__y/x-y/x--y/x---y/x.y:t", "a.b", "a.b", 0, "x_y/x__y/x-y/x--y/x---y/x.y", "t", NULL, NULL},
        {"h.example/0/00:0", "h.example", "h.example", 0, "0/00", "0", NULL, NULL},
        {"app:_", "docker.io", "docker.io", 0, "library/app", "_", NULL, NULL},
        {"app:A.b-C_d", "docker.io", "docker.io", 0, "library/app", "A.b-C_d", NULL, NULL},
        {"app:1.0.0-rc.1_build", "docker.io", "docker.io", 0, "library/app", "1.0.0-rc.1_build", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference r, again;
        CHECK_TEXT(reference_parse(&arena, rows[i].text, &r), NULL, "%s", rows[i].text);
        CHECK_TEXT(r.text, rows[i].text, "%s", rows[i].text);
        CHECK_TEXT(r.registry, rows[i].registry, "%s", rows[i].text);
        CHECK_TEXT(r.host, rows[i].host, "%s", rows[i].text);
        CHECK_TEXT(r.repository, rows[i].repository, "%s", rows[i].text);
        CHECK_TEXT(r.tag, rows[i].tag, "%s", rows[i].text);
        CHECK_TEXT(r.digest, rows[i].digest, "%s", rows[i].text);
        CHECK(r.port == rows[i].port, "%s", rows[i].text);
        CHECK_TEXT(reference_target(&r), rows[i].digest ? rows[i].digest : rows[i].tag, "%s", rows[i].text);
        if (rows[i].normal)
            CHECK_TEXT(r.normal, rows[i].normal, "%s", rows[i].text);
        if (strcmp(r.registry, "registry") != 0) /* a lone word would be a name the second time */
            assert_null(reference_parse(&arena, r.normal, &again)), assert_string_equal(again.normal, r.normal);
    }
}

static void test_invalid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", " ", "/", "//", ":", "@", ":tag", "@" SHA, "app:", "app@", "app:@" SHA, "/app", "app/", "a//b",
        "host.example/",
        "host.example//app", "App", "a/B", "team/App:v1", "app:-x", "app:.x", "app:a/b", "app:a:b", "app:t t",
        "app:t\n", " app", "app ", "ap p", "-app", "app-", "app-/x", "_app", "app_", ".app", "app.", "a..b", "a___b",
        "a._b",
        "a.-b", "a-_b", "a/./b", "a/../b", "../x", "a/_b", "app?x", "app#x", "app%20", "app*", "app\\x", "app$x",
        "app+x",
        "app~x", "b\xc3\xbc" "cher", "app:t\xc3\xa4g", "http://host.example/app", "https://host.example/app",
        "docker://alpine",
        "oci:/dir", "host.example:/app", "host.example:0/app", "host.example:65536/app", "host.example:x/app",
        "host.example:-1/app", "host.example:5000:5000/app", "-host.example/app", "host-.example/app",
        "host..example/app", ".host.example/app", "host.example./app", "ho_st.example/app", "ho st.example/app",
        "user@host.example/app", "user:pass@host.example/app", "[::1]", "[::1]:/app", "[::1]5000/app", "[::1/app",
        "::1/app",
        "[]/app", "[]:1/app", "[fe80::1%25eth0]/app", "[::1]]/app", "[g::1]/app", "b\xc3\xbc" "cher.example/app",
        "app@sha256", "app@sha256:", "app@sha256:abc", "app@sha256:" HEX64 "0", "app@sha256:" HEX32,
        "app@sha256:0123456789ABCDEF0123456789ABCDEF" HEX32, "app@sha256:g123456789abcdef0123456789abcdef" HEX32,
        "app@SHA256:" HEX64, "app@sha512:" HEX64, "app@blake3:" HEX32, "app@" SHA "@" SHA, "app@" SHA ":v1",
        "app@:" HEX64,
        "app@md5+:abc", "app@+md5:abc", "app@md5..x:abc", "app@md5:a b", "app@md5:", "app@md5:a/b",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct reference r;
        CHECK(reference_parse(&arena, texts[i], &r) != NULL, "'%s'", texts[i]);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    struct reference r;
    assert_null(reference_parse(&arena, arena_printf(&arena, "app:%s", repeat("t", 128)), &r));
    assert_non_null(reference_parse(&arena, arena_printf(&arena, "app:%s", repeat("t", 129)), &r));
    /* "h.example/" is ten of the 255 characters; "docker.io/library/" eighteen. */
    assert_null(reference_parse(&arena, arena_printf(&arena, "h.example/%s", repeat("r", 245)), &r));
    assert_non_null(reference_parse(&arena, arena_printf(&arena, "h.example/%s", repeat("r", 246)), &r));
    assert_null(reference_parse(&arena, repeat("r", 237), &r));
    assert_non_null(reference_parse(&arena, repeat("r", 238), &r));
    assert_null(reference_parse(&arena, arena_printf(&arena, "%s.example/r", repeat("h", 63)), &r));
    assert_non_null(reference_parse(&arena, arena_printf(&arena, "%s.example/r", repeat("h", 64)), &r));
}

/* docker takes 64 hexadecimal digits for an image's id, never for a repository of Docker Hub. */
static void test_image_id(void **state)
{
    (void)state;
    struct reference r;
    assert_non_null(reference_parse(&arena, HEX64, &r));
    assert_null(reference_parse(&arena, "h.example/" HEX64, &r));
}

static void test_digests(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {SHA, true}, {"sha512:" HEX64 HEX64, true}, {"blake3:" HEX64, true}, {"md5:abc", true}, {"a:B", true},
        {"a+b.c_d-e:x=_-", true}, {"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", true},
        {"", false}, {":", false}, {"sha256", false}, {":" HEX64, false}, {"sha256:" HEX32, false},
        {"sha512:" HEX64, false},
        {"blake3:" HEX64 "00", false}, {"Sha256:" HEX64, false}, {"a++b:x", false}, {"a+:x", false}, {"+a:x", false},
        {"a:", false}, {"a:x:y", false}, {"a:x y", false}, {"a/b:x", false}, {"sha256:" HEX64 "\n", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK((digest_fault(slice_of(rows[i].text)) == NULL) == rows[i].valid, "'%s'", rows[i].text);
    assert_non_null(digest_fault((struct slice){"a:x\0y", 5}));
    assert_non_null(digest_fault((struct slice){"a\0:xy", 5}));
}

static void test_digest_fits(void **state)
{
    (void)state;
    static const struct {
        const char *digest, *content;
        bool fits;
    } rows[] = {
        {"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", true},
        {"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc", true},
        {"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abd", false},
        {"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "", false},
        {"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a", "abc", false},
        {"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0", "abc", false},
        {"sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "abc", false},
        {"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc", false},
        {"sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc", false},
        {"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
         "454d4423643ce80e2a9ac94fa54ca49f", "abc", true}, /* FIPS 180-4's own example */
        {"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
         "454d4423643ce80e2a9ac94fa54ca49f", "abd", false},
        {"sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e", "", true},
        {"", "", false}, {"sha256:", "", false}, {"sha512:", "", false},
        {"blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85", "abc", false}, /* it has, but that is not known here */
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(digest_fits(rows[i].digest, slice_of(rows[i].content)) == rows[i].fits, "%s of '%s'", rows[i].digest, rows[i].content);
    for (size_t len = 0; len < 300; len++) { /* around every border of a block */
        char *text = repeat("a", len);
        CHECK(digest_fits(digest_of(&arena, slice_of(text)), slice_of(text)), "%zu", len);
    }
    assert_true(digest_is_known("sha256:" HEX64) && digest_is_known("sha512:" HEX64 HEX64));
    assert_false(digest_is_known("blake3:" HEX64) || digest_is_known("a:b") || digest_is_known("sha256+b64u:x") || digest_is_known("sha5123:x"));
    assert_true(digest_fits("sha512:e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b", slice_of(repeat("a", 1000000))));
    assert_true(digest_fits("sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", (struct slice){"\0", 1}));
    assert_true(digest_fits("sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", slice_of(repeat("a", 1000000))));
}

RUN(TEST(test_valid), TEST(test_invalid), TEST(test_lengths), TEST(test_image_id), TEST(test_digests), TEST(test_digest_fits))
