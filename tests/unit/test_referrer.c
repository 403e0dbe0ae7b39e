/* What refers to an image: the tag that stands for it, the subject of a manifest, and the index that is kept by hand. */
#include "unit.h"

#include "base/json.h"
#include "registry/referrer.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A   "sha256:" HEX
#define B                                                                                                              \
    "sha256:"                                                                                                          \
    "ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MANIFEST "application/vnd.oci.image.manifest.v1+json"

/* The tag has at most 32 letters of the algorithm and 64 of the rest (distribution-spec, "Referrers Tag Schema"). */
static void test_tags(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {A, "sha256-" HEX},
        {"sha512:" HEX HEX, "sha512-" HEX},
        {"a:b", "a-b"},
        {"a123456789b123456789c123456789d123:x", "a123456789b123456789c123456789d1-x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(registry_referrers_tag(&arena, rows[i][0]), rows[i][1], "%s", rows[i][0]);
}

static void test_subjects(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"subject\":{\"digest\":\"" A "\"}}", A},
        {"{\"subject\":{\"digest\":\"a:b\"}}", "a:b"},
        {"{}", NULL},
        {"", NULL},
        {"[]", NULL},
        {"{\"subject\":null}", NULL},
        {"{\"subject\":\"" A "\"}", NULL},
        {"{\"subject\":{}}", NULL},
        {"{\"subject\":{\"digest\":7}}", NULL},
        {"{\"subject\":{\"digest\":\"\"}}", NULL},
        {"{\"subject\":{\"digest\":\"../x\"}}", NULL},
        {"{\"subject\":{\"digest\":\"" A "\"}", NULL},
        {"{\"config\":{\"subject\":{\"digest\":\"" A "\"}}}", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(registry_subject(&arena, slice_of(rows[i][0])), rows[i][1], "%s", rows[i][0]);
}

#define FRONT       "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":["
#define ENTRY(size) "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"" A "\",\"size\":" size
#define OLD         "{\"digest\":\"" B "\",\"size\":7,\"annotations\":{\"k\":\"v\"},\"own\":[1,2]}"

static void test_indexes(void **state)
{
    (void)state;
    static const struct {
        const char *old, *manifest, *want; /* NULL: it stands there, or cannot be entered */
        int entered;
    } rows[] = {
        {NULL, "{}", FRONT ENTRY("2") "}]}", 1},
        {"", "{}", NULL, -1},
        {"{\"manifests\":{\"a\":1}}", "{}", NULL, -1},
        {"{\"manifests\":[]}", "{}", FRONT ENTRY("2") "}]}", 1},
        {"{\"manifests\":[" OLD "]}", "{}", FRONT OLD "," ENTRY("2") "}]}", 1},
        {NULL, "{\"artifactType\":\"a/b\",\"config\":{\"mediaType\":\"c/d\"}}",
         FRONT ENTRY("51") ",\"artifactType\":\"a/b\"}]}", 1},
        {NULL, "{\"config\":{\"mediaType\":\"c/d\"}}", FRONT ENTRY("30") ",\"artifactType\":\"c/d\"}]}", 1},
        {NULL, "{\"annotations\":{\"k\":\"v\"},\"artifactType\":7}",
         FRONT ENTRY("42") ",\"annotations\":{\"k\":\"v\"}}]}", 1},
        {NULL, "{\"annotations\":\"x\"}", FRONT ENTRY("19") "}]}", 1},
        {"{\"manifests\":[{\"digest\":\"" A "\"}]}", "{}", NULL, 0},
        {"{\"manifests\":[" OLD ",{\"digest\":\"" A "\"}]}", "{}", NULL, 0},
        {NULL, "{\"annotations\":{\"k\":\"v\",\"deep\":[[[]]],\"n\":1}}", FRONT ENTRY("45") ",\"annotations\":{\"k\":\"v\"}}]}", 1},
        {NULL, "{", NULL, -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        struct slice old = rows[i].old ? slice_of(rows[i].old) : (struct slice){NULL, 0};
        int entered = registry_referrers_index(&out, old, A, slice_of(rows[i].manifest), MANIFEST);
        CHECK(entered == rows[i].entered, "%zu", i);
        if (rows[i].want)
            CHECK_TEXT(out.data, rows[i].want, "%zu", i);
        /* Once more, and it stands there. */
        struct buf again = BUF_INIT;
        CHECK(entered < 1 || !registry_referrers_index(&again, buf_view(&out), A, SLICE("{}"), MANIFEST), "%zu", i);
        buf_free(&again);
        buf_free(&out);
    }
}

RUN(TEST(test_tags), TEST(test_subjects), TEST(test_indexes))
