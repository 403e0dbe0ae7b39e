/* What an image is without a network: manifests and indexes, platforms, digests. */
#include "unit.h"

#include <sys/utsname.h>

#include "image/digest.h"
#include "image/manifest.h"
#include "image/platform.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A "sha256:" HEX
#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const char *descriptor_text(const struct descriptor *d)
{
    return arena_printf(&arena, "%s,%s,%lld,%s%s", d->digest ? strncmp(d->digest, A, sizeof A) == 0 ? "A" : d->digest : "-",
                        d->media_type ? d->media_type : "-", (long long)d->size, d->platform ? d->platform : "-", d->elsewhere ? ",elsewhere" : "");
}

/* "index: CHILD; ..." or "image: CONFIG; LAYER; ..."; of what is none "!fault". */
static const char *parts_of(const char *text)
{
    struct manifest m;
    struct buf out = BUF_INIT;
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1); /* texts of a manifest must not point into it, nor a byte behind it be read */
    memcpy(exact, text, len);
    const char *fault = manifest_parse(&arena, (struct slice){exact, len}, &m);
    free(exact);
    if (fault)
        return arena_printf(&arena, "!%s", fault);
    buf_str(&out, m.is_index ? "index:" : "image:");
    if (!m.is_index)
        buf_printf(&out, " %s", descriptor_text(&m.config));
    for (size_t i = 0; i < (m.is_index ? m.child_count : m.layer_count); i++)
        buf_printf(&out, "; %s", descriptor_text(m.is_index ? &m.children[i] : &m.layers[i]));
    CHECK(m.is_index ? m.layer_count == 0 && !m.config.digest : m.child_count == 0, "%s", text);
    return buf_detach(&out, &arena);
}

#define D "{\"digest\":\"" A "\"}"
#define NOT_BOTH "!it is neither of an image nor an index"
#define NO_CHILD "!one of its manifests has no proper digest"
#define NO_LAYER "!one of its layers has no proper digest"
#define NO_CONFIG "!its configuration has no proper digest"

static void test_manifests(void **state)
{
    (void)state;
    static const struct {
        const char *text, *parts;
    } rows[] = {
        {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"size\":7,\"digest\":\"" A "\"},\"layers\":[{\"mediaType\":\"" OCI "layer.v1.tar+gzip\",\"size\":9,\"digest\":\"" A "\"}]}",
         "image: A," OCI "config.v1+json,7,-; A," OCI "layer.v1.tar+gzip,9,-"},
        {"{\"config\":" D ",\"layers\":[]}", "image: A,-,-1,-"}, {"{\"config\":" D "}", "image: A,-,-1,-"}, 
        {"{\"config\":{\"digest\":\"" A "\",\"size\":-5},\"layers\":[]}", "image: A,-,-1,-"}, {"{\"config\":{\"digest\":\"" A "\",\"size\":1.5},\"layers\":[]}", "image: A,-,-1,-"},
        {"{\"config\":{\"digest\":\"" A "\",\"size\":\"7\"},\"layers\":[]}", "image: A,-,-1,-"}, {"{\"config\":{\"digest\":\"" A "\",\"size\":0},\"layers\":[]}", "image: A,-,0,-"},
        {"{\"config\":{\"digest\":\"" A "\",\"size\":99999999999999999999},\"layers\":[]}", "image: A,-,-1,-"}, {"{\"config\":{\"digest\":\"" A "\",\"size\":9223372036854775807},\"layers\":[]}", "image: A,-,9223372036854775807,-"},
        {"{\"config\":" D ",\"layers\":[{\"digest\":\"" A "\",\"mediaType\":\"" OCI "layer.nondistributable.v1.tar+gzip\"}]}", "image: A,-,-1,-; A," OCI "layer.nondistributable.v1.tar+gzip,-1,-,elsewhere"},
        {"{\"config\":" D ",\"layers\":[{\"digest\":\"" A "\",\"mediaType\":\"" DOCKER "image.rootfs.foreign.diff.tar.gzip\"}]}", "image: A,-,-1,-; A," DOCKER "image.rootfs.foreign.diff.tar.gzip,-1,-,elsewhere"},
        {"{\"manifests\":[]}", "index:"}, {"{\"manifests\":[" D "]}", "index:; A,-,-1,-"},
        {"{\"manifests\":[{\"digest\":\"" A "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},{\"digest\":\"" A "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}}]}",
         "index:; A,-,-1,linux/amd64; A,-,-1,linux/arm/v7"},
        {"{\"manifests\":[{\"digest\":\"" A "\",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}},{\"digest\":\"" A "\",\"platform\":{\"os\":\"linux\"}}]}", "index:; A,-,-1,-; A,-,-1,-"},
        {"{\"fsLayers\":[{\"blobSum\":\"" A "\"},{\"blobSum\":\"" A "\"}],\"history\":[]}", "image: -,-,0,-; A,-,-1,-; A,-,-1,-"}, {"{\"fsLayers\":[]}", "image: -,-,0,-"},
        /* Artifact manifests, which image-spec 1.1 withdrew: their blobs are layers. */
        {"{\"blobs\":[]}", "image: -,-,0,-"}, {"{\"blobs\":[{\"mediaType\":\"a/b\",\"size\":7,\"digest\":\"" A "\"}," D "]}", "image: -,-,0,-; A,a/b,7,-; A,-,-1,-"}, {"{\"blobs\":[{}]}", "!one of its blobs has no proper digest"},
        {"{\"blobs\":{}}", NOT_BOTH}, {"{\"blobs\":[" D "],\"config\":" D "}", "image: A,-,-1,-"}, {"{\"blobs\":[" D "],\"layers\":[]}", "!it has no configuration"}, {"{\"blobs\":[" D "],\"manifests\":[]}", "index:"},
        /* What is none. */
        {"", "!it is not JSON"}, {"{", "!it is not JSON"}, {"<html></html>", "!it is not JSON"}, {"{\"config\":" D "} x", "!it is not JSON"}, {"{}", NOT_BOTH}, {"[]", NOT_BOTH},
        {"\"x\"", NOT_BOTH}, {"null", NOT_BOTH}, {"[" D "]", NOT_BOTH}, {"{\"manifests\":{}}", NOT_BOTH}, {"{\"manifests\":\"x\"}", NOT_BOTH}, {"{\"config\":\"x\"}", NOT_BOTH},
        {"{\"errors\":[{\"code\":\"DENIED\"}]}", NOT_BOTH}, {"{\"config\":{}}", NO_CONFIG}, {"{\"config\":[],\"layers\":[]}", "!it has no configuration"},
        {"{\"config\":{\"digest\":7}}", NO_CONFIG}, {"{\"config\":{\"digest\":\"\"}}", NO_CONFIG}, {"{\"config\":{\"digest\":\"sha256:../../x\"}}", NO_CONFIG}, {"{\"config\":{\"digest\":\"sha256:abc\"}}", NO_CONFIG},
        {"{\"config\":{\"digest\":\"" A "\\u0000\"}}", NO_CONFIG}, {"{\"config\":{\"digest\":\"" A "/x\"}}", NO_CONFIG}, {"{\"config\":" D ",\"layers\":[{}]}", NO_LAYER}, {"{\"config\":" D ",\"layers\":[" D ",1]}", NO_LAYER},
        {"{\"config\":" D ",\"layers\":[null]}", NO_LAYER}, {"{\"config\":" D ",\"layers\":[\"" A "\"]}", NO_LAYER}, {"{\"config\":" D ",\"layers\":[" D ",{\"digest\":\"" A "?x\"}]}", NO_LAYER},
        {"{\"manifests\":[{}]}", NO_CHILD}, {"{\"manifests\":[" D ",{\"digest\":\"latest\"}]}", NO_CHILD}, {"{\"manifests\":[[" D "]]}", NO_CHILD}, {"{\"manifests\":[null]}", NO_CHILD},
        {"{\"fsLayers\":[{}]}", NO_LAYER}, {"{\"fsLayers\":[" D "]}", NO_LAYER}, {"{\"fsLayers\":[{\"blobSum\":\"x\"}]}", NO_LAYER},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(parts_of(rows[i].text), rows[i].parts, "%s", rows[i].text);
    /* Who says two things is read by others as the other one (image-spec, after CVE-2021-41190); half an image cannot be pulled. */
    static const char *const both[] = {
        "{\"manifests\":[" D "],\"config\":" D ",\"layers\":[" D "]}", "{\"manifests\":[],\"layers\":[" D "]}", "{\"config\":" D ",\"manifests\":[" D "]}", "{\"manifests\":[" D "],\"fsLayers\":[]}",
        "{\"config\":" D ",\"layers\":\"x\"}", "{\"config\":" D ",\"layers\":{}}", "{\"layers\":[" D "]}", "{\"config\":null,\"layers\":[" D "]}",
    };
    for (size_t i = 0; i < COUNT(both); i++)
        CHECK(parts_of(both[i])[0] == '!', "%s: %s", both[i], parts_of(both[i]));
}

/* A child is told by its place in "amd64 arm/v7 ...": linux/ stands before each, '-' is none, '!' one for no machine. */
static const char *index_of(const char *platforms)
{
    struct buf out = BUF_INIT;
    struct slice rest = slice_of(platforms);
    buf_str(&out, "{\"manifests\":[");
    for (int i = 0; rest.len; i++) {
        struct slice one = slice_cut(&rest, ' ');
        struct slice variant = one, architecture = slice_cut(&variant, '/');
        buf_printf(&out, "%s{\"digest\":\"a:%d\"", i ? "," : "", i);
        if (slice_is(one, "!"))
            buf_str(&out, ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}");
        else if (!slice_is(one, "-"))
            buf_printf(&out, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"%.*s\",\"variant\":\"%.*s\"}", SLICE_ARGS(architecture), SLICE_ARGS(variant));
        buf_char(&out, '}');
    }
    buf_str(&out, "]}");
    return buf_detach(&out, &arena);
}

static void test_children(void **state)
{
    (void)state;
    static const struct {
        const char *children, *platform;
        int chosen; /* -1: none */
        const char *platforms;
    } rows[] = {
        {"amd64 arm64", "linux/arm64", 1, "linux/amd64, linux/arm64"}, {"amd64 arm64", "linux/386", -1, "linux/amd64, linux/arm64"}, {"amd64 arm64", "windows/amd64", -1, "linux/amd64, linux/arm64"},
        {"arm/v5 arm/v7 arm/v6", "linux/arm", 1, "linux/arm/v5, linux/arm/v7, linux/arm/v6"}, {"arm arm/v7", "linux/arm/v7", 1, "linux/arm, linux/arm/v7"}, {"arm arm/v7", "linux/arm/v6", 0, "linux/arm, linux/arm/v7"},
        {"amd64 amd64", "linux/amd64", 0, "linux/amd64, linux/amd64"}, /* of equals the first */
        {"amd64/v3 amd64", "linux/amd64", 1, "linux/amd64/v3, linux/amd64"}, {"- !", "linux/amd64", -1, ""}, {"! - amd64", "linux/amd64", 2, "linux/amd64"}, {"", "linux/amd64", -1, ""},
        /* Without a platform the only one: attestations do not count. */
        {"amd64", NULL, 0, "linux/amd64"}, {"-", NULL, 0, ""}, {"amd64 !", NULL, 0, "linux/amd64"}, {"! amd64", NULL, 1, "linux/amd64"}, {"amd64 arm64", NULL, -1, "linux/amd64, linux/arm64"}, {"amd64 -", NULL, -1, "linux/amd64"},
        {"!", NULL, -1, ""}, {"", NULL, -1, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct manifest m;
        assert_null(manifest_parse(&arena, slice_of(index_of(rows[i].children)), &m));
        const struct descriptor *child = manifest_child(&m, rows[i].platform);
        CHECK((child ? (int)(child - m.children) : -1) == rows[i].chosen, "%s: %s", rows[i].children, rows[i].platform ? rows[i].platform : "-");
        CHECK_TEXT(manifest_platforms(&arena, &m), rows[i].platforms, "%s", rows[i].children);
    }
}

/* As large as a registry may send: all children, with memory by the text's length. */
static void test_large(void **state)
{
    (void)state;
    struct manifest m;
    size_t count = 40000;
    char *text = arena_printf(&arena, "{\"manifests\":[%s" D "]}", repeat(D ",", count - 1));
    assert_null(manifest_parse(&arena, slice_of(text), &m));
    assert_true(m.is_index && m.child_count == count && strcmp(m.children[count - 1].digest, A) == 0);
    assert_non_null(manifest_parse(&arena, slice_of(repeat("{\"manifests\":[", 100000)), &m));
    assert_true(!m.is_index && m.child_count == 0);
}

static void test_platforms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *platform;
    } rows[] = {
        {"linux/amd64", "linux/amd64"}, {"linux/x86_64", "linux/amd64"}, {"linux/x86-64", "linux/amd64"}, {"linux/aarch64", "linux/arm64"}, {"linux/arm64", "linux/arm64"},
        {"linux/arm64/v8", "linux/arm64"}, {"linux/aarch64/v8", "linux/arm64"}, {"linux/amd64/v1", "linux/amd64"}, {"linux/amd64/v3", "linux/amd64/v3"}, {"linux/arm/v7", "linux/arm/v7"},
        {"linux/arm/v6", "linux/arm/v6"}, {"linux/arm", "linux/arm"}, {"linux/armhf", "linux/arm/v7"}, {"linux/armel", "linux/arm/v6"}, {"linux/i386", "linux/386"}, {"linux/386", "linux/386"},
        {"windows/amd64", "windows/amd64"}, {"linux/ppc64le", "linux/ppc64le"}, {"linux/s390x", "linux/s390x"}, {"linux/arm64/v9", "linux/arm64/v9"},
        {"", NULL}, {"linux", NULL}, {"linux/", NULL}, {"/amd64", NULL}, {"/", NULL}, {"//", NULL}, {"linux/amd64/", NULL}, {"linux//v7", NULL}, {"linux/arm/v7/x", NULL}, {"linux/arm/v7/", NULL},
        {"linux amd64", NULL}, {"linux/amd 64", NULL}, {" linux/amd64", NULL}, {"linux/amd64\n", NULL}, {"linux/\x1b[1m", NULL}, {"linux/amd64,linux/arm64", NULL}, {"linux/*", NULL}, {"native/x/y/z", NULL},
        {"Linux/AMD64", "linux/amd64"}, {"LINUX/X86_64", "linux/amd64"}, {"linux/arm64/8", "linux/arm64"}, {"linux/arm/7", "linux/arm/v7"}, {"linux/amd64/2", "linux/amd64/v2"},
        {"linux/armhf/v7", NULL}, {"linux/armel/v6", NULL}, {"NATIVE/x", "native/x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(platform_parse(&arena, rows[i].text), rows[i].platform, "%s", rows[i].text);
    struct utsname machine;
    assert_int_equal(uname(&machine), 0);
    const char *native = platform_parse(&arena, "native");
    assert_string_equal(native, platform_native(&arena));
    assert_true(strncmp(native, "linux/", 6) == 0 && native[6]);
    assert_string_equal(platform_parse(&arena, native), native);
    if (strcmp(machine.machine, "x86_64") == 0)
        assert_string_equal(native, "linux/amd64");

    static const struct {
        const char *offered, *wanted;
        bool fits;
    } fits[] = {
        {"linux/amd64", "linux/amd64", true}, {"linux/arm64/v8", "linux/arm64", true}, {"linux/arm64", "linux/arm64/v8", true}, {"linux/arm/v7", "linux/arm/v7", true},
        {"linux/arm/v7", "linux/arm/v6", false}, {"linux/arm/v7", "linux/arm", true}, {"linux/arm", "linux/arm64", false}, {"linux/arm64", "linux/arm", false}, {"linux/amd64", "linux/arm64", false},
        {"linux/amd64", "windows/amd64", false}, {"linux/amd64/v3", "linux/amd64/v3", true}, {"linux/amd64/v2", "linux/amd64/v3", false}, {"linux/arm/v7", "linux/arm/v71", false},
        {"linux/amd64/v3", "linux/amd64", false}, {"linux/amd64", "linux/amd64/v3", true}, {"linux/amd64/v1", "linux/amd64", true}, {"linux/arm/v6", "linux/arm", true},
        {"linux/arm64/v9", "linux/arm64/v8", false},
    };
    for (size_t i = 0; i < COUNT(fits); i++)
        CHECK(platform_fits(fits[i].offered, fits[i].wanted) == fits[i].fits, "%s for %s", fits[i].offered, fits[i].wanted);

    /* Of several that would do the one that a pull takes. */
    assert_true(platform_rank("linux/arm/v7", "linux/arm") > platform_rank("linux/arm/v5", "linux/arm"));
    assert_true(platform_rank("linux/arm/v7", "linux/arm/v7") > platform_rank("linux/arm", "linux/arm/v7"));
    assert_true(platform_rank("linux/arm", "linux/arm/v7") > platform_rank("linux/arm", "linux/arm/v6"));

    static const struct {
        const char *text, *platform;
    } configs[] = {
        {"{\"os\":\"linux\",\"architecture\":\"amd64\"}", "linux/amd64"}, {"{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v7\",\"config\":{\"os\":\"x\"}}", "linux/arm/v7"},
        {"{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"\"}", "linux/amd64"}, {"{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":7}", "linux/amd64"},
        {"{}", NULL}, {"", NULL}, {"[]", NULL}, {"{\"os\":\"linux\"}", NULL}, {"{\"architecture\":\"amd64\"}", NULL}, {"{\"os\":\"\",\"architecture\":\"amd64\"}", NULL}, {"{\"os\":\"linux\",\"architecture\":\"\"}", NULL},
        {"{\"os\":\"unknown\",\"architecture\":\"unknown\"}", NULL}, {"{\"os\":1,\"architecture\":\"amd64\"}", NULL}, {"{\"os\":\"linux\",\"architecture\":\"amd64\"", NULL}, {"null", NULL},
    };
    for (size_t i = 0; i < COUNT(configs); i++)
        CHECK_TEXT(config_platform(&arena, slice_of(configs[i].text)), configs[i].platform, "%s", configs[i].text);
}

static void test_digests(void **state)
{
    (void)state;
    /* FIPS 180-4's own examples. */
    static const struct {
        const char *content, *digest;
    } rows[] = {
        {"", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice content = slice_of(rows[i].content);
        const char *digest = digest_of(&arena, content);
        CHECK_TEXT(digest, rows[i].digest, "%s", rows[i].content);
        CHECK(!digest_fault(slice_of(digest)) && digest_fits(digest, content), "%s", rows[i].content);
        for (size_t k = 0; digest[k]; k++) { /* any other byte, and it is another's */
            char *other = arena_strdup(&arena, digest);
            other[k] = other[k] == 'b' ? 'c' : 'b';
            CHECK(!digest_fits(other, content), "%s", other);
        }
        CHECK(!digest_fits(rows[(i + 1) % COUNT(rows)].digest, content), "%s", rows[i].content);
    }
    assert_true(digest_fits(digest_of(&arena, (struct slice){"a\0b", 3}), (struct slice){"a\0b", 3}));
    assert_false(digest_fits(digest_of(&arena, (struct slice){"a\0b", 3}), SLICE("a")));
    static const char *const never[] = {"", "sha256:", "sha512:" HEX HEX, "blake3:" HEX, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "};
    for (size_t i = 0; i < COUNT(never); i++)
        CHECK(!digest_fits(never[i], SLICE("abc")), "%s", never[i]);
    static const struct {
        const char *text;
        bool good;
    } texts[] = {
        {A, true}, {"sha512:" HEX HEX, true}, {"blake3:" HEX, true}, {"a:b", true}, {"a+b.c_d-e:x=_-Y", true}, {"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", true},
        {"", false}, {":", false}, {"sha256", false}, {"sha256:", false}, {":" HEX, false}, {"sha256:" HEX "0", false}, {"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", false},
        {"sha512:" HEX, false}, {"blake3:abc", false}, {"SHA256:" HEX, false}, {"+a:b", false}, {"a+:b", false}, {"a++b:c", false}, {"a:b/c", false}, {"a:b:c", false}, {"a:b c", false},
        {A "\n", false}, {" " A, false}, {"sha256:../../../etc/passwd", false}, {"a:%2e", false},
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK(!digest_fault(slice_of(texts[i].text)) == texts[i].good, "%s", texts[i].text);
    assert_non_null(digest_fault((struct slice){"a:b\0c", 5}));
    assert_non_null(digest_fault((struct slice){"a\0:b", 4}));
    assert_non_null(digest_fault((struct slice){NULL, 0}));
}

RUN(TEST(test_manifests), TEST(test_children), TEST(test_large), TEST(test_platforms), TEST(test_digests))
