/* Archives of 'docker save': what is sound becomes an OCI manifest over the parts as they stand, all else is refused by name. */
#include "tarball.h"

#include "base/json.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "store/docker_archive.h"

#define ONE   "one layer"
#define OTHER "another layer"
#define GZIP  "\x1f\x8b\x08 compressed"
#define ZSTD  "\x28\xb5\x2f\xfd compressed"
#define LAYER "application/vnd.oci.image.layer.v1.tar"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* An archive is told as rows of names and contents; a content of NULL is a link. */
struct part {
    const char *name, *content;
};

static const char *hex_of(const char *content)
{
    return digest_of(&arena, slice_of(content)) + strlen("sha256:");
}

/* The configuration of an image with layers of these contents. */
static const char *config_of(const char *one, const char *other)
{
    return arena_printf(&arena, "{\"rootfs\":{\"diff_ids\":[\"sha256:%s\",\"sha256:%s\"]}}", hex_of(one),
                        hex_of(other));
}

static const char *list_of(const char *config, const char *one, const char *other)
{
    return arena_printf(&arena, "[{\"Config\":\"%s\",\"Layers\":[\"%s\",\"%s\"]}]", config, one, other);
}

static struct archive archive;

static int read_parts(const struct part *parts, size_t count, struct docker_archive *image)
{
    struct buf tar = BUF_INIT;
    for (size_t i = 0; i < count; i++)
        if (parts[i].content)
            tar_add(&tar, parts[i].name, parts[i].content);
        else
            tar_add_head(&tar, parts[i].name, '2', 0);
    assert_int_equal(archive_open_fd(&arena, tar_file(&tar), "a.tar", &archive, &error), 0);
    int status = docker_archive_read(&archive, &arena, image, &error);
    archive_close(&archive);
    return status;
}

static const char *in_blobs(const char *content)
{
    return arena_printf(&arena, "blobs/sha256/%s", hex_of(content));
}

/* As it is now, with names that are digests, and as it was, with ids that are none; layers of three kinds, and a long one. */
static void test_good(void **state)
{
    (void)state;
    const char *config = config_of(ONE, OTHER), *id = repeat("ab", 32), *large = repeat("a long one", 20000);
    const char *config_large = config_of(ONE, large);
    const struct part rows[][4] = {
        {{"manifest.json", list_of(in_blobs(config_large), in_blobs(ONE), in_blobs(large))},
         {in_blobs(config_large), config_large},
         {in_blobs(ONE), ONE},
         {in_blobs(large), large}},
        {{"manifest.json", list_of(arena_printf(&arena, "%s.json", hex_of(config)), arena_printf(&arena, "%s.tar", id),
                                   arena_printf(&arena, "%s/layer.tar", id))},
         {arena_printf(&arena, "./%s.json", hex_of(config)), config},
         {arena_printf(&arena, "%s.tar", id), ONE},
         {arena_printf(&arena, "%s/layer.tar", id), OTHER}},
        {{"manifest.json", list_of("config", "gzip", "zstd")}, {"config", config}, {"gzip", GZIP}, {"zstd", ZSTD}},
    };
    static const char *const types[][2] = {{LAYER, LAYER}, {LAYER, LAYER}, {LAYER "+gzip", LAYER "+zstd"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct docker_archive image;
        struct manifest manifest;
        assert_int_equal(read_parts(rows[i], 4, &image), 0);
        assert_null(manifest_parse(&arena, image.manifest, &manifest));
        assert_int_equal(image.blob_count, 3);
        assert_int_equal(manifest.layer_count, 2);
        CHECK_TEXT(manifest.config.media_type, "application/vnd.oci.image.config.v1+json", "%zu", i);
        for (size_t k = 0; k < 3; k++) {
            const struct descriptor *said = k ? &manifest.layers[k - 1] : &manifest.config;
            const struct docker_archive_blob *blob = &image.blobs[k];
            CHECK_TEXT(said->digest, digest_of(&arena, slice_of(rows[i][k + 1].content)), "%zu, %zu", i, k);
            CHECK(said->size == (int64_t)strlen(rows[i][k + 1].content), "%zu, %zu", i, k);
            CHECK(strcmp(said->digest, blob->digest) == 0 && said->size == blob->entry->size, "%zu, %zu", i, k);
            CHECK(k == 0 || strcmp(said->media_type, types[i][k - 1]) == 0, "%zu, %zu: %s", i, k, said->media_type);
        }
    }
}

/* A layer that is named twice, as docker names empty ones, and an image without any. */
static void test_few_layers(void **state)
{
    (void)state;
    struct docker_archive image;
    const char *config = config_of(ONE, ONE);
    const struct part twice[] = {{"manifest.json", list_of("config", "one", "one")}, {"config", config}, {"one", ONE}};
    assert_int_equal(read_parts(twice, COUNT(twice), &image), 0);
    assert_int_equal(image.blob_count, 3);
    assert_ptr_equal(image.blobs[1].entry, image.blobs[2].entry);
    static const struct part none[] = {{"manifest.json", "[{\"Config\":\"config\",\"Layers\":null}]"},
                                       {"config", "{}"}};
    assert_int_equal(read_parts(none, COUNT(none), &image), 0);
    assert_int_equal(image.blob_count, 1);
    assert_true(slice_ends(image.manifest, "\"layers\":[]}"));
}

#define WRONG_NAME "does not have the digest that it is named by"

static void test_refusals(void **state)
{
    (void)state;
    const char *config = config_of(ONE, OTHER), *list = list_of("config", "one", "other");
    const char *wrong_json = ZEROS ".json", *wrong_blob = "blobs/sha256/" ZEROS;
    const struct {
        struct part parts[4];
        const char *cause;
    } rows[] = {
        {{{"other", ""}}, "there is no manifest.json in the archive"},
        {{{"manifest.json", NULL}}, "its entry manifest.json is a link that leads to no file in the archive"},
        {{{"manifest.json", "["}}, "its manifest.json is no list of images"},
        {{{"manifest.json", "{}"}}, "its manifest.json is no list of images"},
        {{{"manifest.json", "[]"}}, "it holds 0 images: an archive of one is wanted"},
        {{{"manifest.json", "[{},{},{}]"}}, "it holds 3 images: an archive of one is wanted"},
        {{{"manifest.json", "[{}]"}}, "its manifest.json names no configuration and layers"},
        {{{"manifest.json", "[7]"}}, "its manifest.json names no configuration and layers"},
        {{{"manifest.json", "[{\"Config\":7}]"}}, "its manifest.json names no configuration and layers"},
        {{{"manifest.json", "[{\"Config\":\"config\",\"Layers\":{}}]"}},
         "its manifest.json names no configuration and layers"},
        {{{"manifest.json", "[{\"Config\":\"config\",\"Layers\":[7]}]"}, {"config", config}},
         "its manifest.json names a layer by what is no text"},
        {{{"manifest.json", list}, {"one", ONE}, {"other", OTHER}}, "there is no config in the archive"},
        {{{"manifest.json", list}, {"config", config}, {"one", ONE}}, "there is no other in the archive"},
        {{{"manifest.json", list}, {"config", config}, {"one", ONE}, {"other", NULL}},
         "its entry other is a link that leads to no file in the archive"},
        {{{"manifest.json", list}, {"config", NULL}, {"one", ONE}, {"other", OTHER}},
         "its entry config is a link that leads to no file in the archive"},
        {{{"manifest.json", list}, {"config", "{"}, {"one", ONE}, {"other", OTHER}}, "its configuration is not JSON"},
        {{{"manifest.json", list}, {"config", "{}"}, {"one", ONE}, {"other", OTHER}},
         "its configuration speaks of another number of layers"},
        {{{"manifest.json", "[{\"Config\":\"config\",\"Layers\":[\"one\"]}]"}, {"config", config}, {"one", ONE}},
         "its configuration speaks of another number of layers"},
        {{{"manifest.json", list}, {"config", config}, {"one", ONE}, {"other", ONE}},
         "its layer other does not have the digest that its configuration says"},
        {{{"manifest.json", list}, {"config", config}, {"one", OTHER}, {"other", ONE}},
         "its layer one does not have the digest that its configuration says"},
        {{{"manifest.json", list_of(wrong_json, "one", "other")}, {wrong_json, config}, {"one", ONE}, {"other", OTHER}},
         "its entry " ZEROS ".json " WRONG_NAME},
        {{{"manifest.json", list_of("config", "one", wrong_blob)},
          {"config", config},
          {"one", ONE},
          {wrong_blob, OTHER}},
         "its entry blobs/sha256/" ZEROS " " WRONG_NAME},
        {{{"manifest.json", list_of("config", "one", wrong_blob)},
          {"config", config},
          {"one", ONE},
          {wrong_blob, GZIP}},
         "its entry blobs/sha256/" ZEROS " " WRONG_NAME},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct docker_archive image;
        size_t count = 0;
        while (count < 4 && rows[i].parts[count].name)
            count++;
        CHECK(read_parts(rows[i].parts, count, &image) == -1, "%s", rows[i].cause);
        CHECK(error.reason == REASON_USAGE && strcmp(error.subject, "a.tar") == 0, "%s", rows[i].cause);
        CHECK_TEXT(error.cause, rows[i].cause, "%zu", i);
        CHECK(!error.hint == (i != 0 && i != 1), "%s", rows[i].cause);
    }
}

/* Texts have a limit, however long the archive is; so have layers. */
static void test_limits(void **state)
{
    (void)state;
    struct docker_archive image;
    const char *long_text = arena_printf(&arena, "{%s}", repeat(" ", 4 << 20));
    const struct part texts[][2] = {{{"manifest.json", long_text}, {"x", ""}},
                                    {{"manifest.json", "[{\"Config\":\"config\"}]"}, {"config", long_text}}};
    for (size_t i = 0; i < COUNT(texts); i++) {
        CHECK(read_parts(texts[i], 2, &image) == -1, "%zu", i);
        CHECK(strstr(error.cause, "is larger than the 4194304 bytes it may have"), "%zu: %s", i, error.cause);
    }
    for (size_t count = 1000; count <= 1001; count++) {
        const char *ids = repeat(arena_printf(&arena, "\"sha256:%s\",", hex_of(ONE)), count - 1);
        const struct part parts[] = {
            {"manifest.json",
             arena_printf(&arena, "[{\"Config\":\"c\",\"Layers\":[%s\"one\"]}]", repeat("\"one\",", count - 1))},
            {"c", arena_printf(&arena, "{\"rootfs\":{\"diff_ids\":[%s\"sha256:%s\"]}}", ids, hex_of(ONE))},
            {"one", ONE}};
        CHECK((read_parts(parts, 3, &image) == 0) == (count == 1000), "%zu layers", count);
    }
}

/* What is written is read again, with and without a tag. */
static void test_write(void **state)
{
    (void)state;
    static const char *const layers[] = {"one", "two \"quoted\""};
    struct buf out = BUF_INIT;
    docker_archive_write_manifest(&out, "config", layers, 2, "app:v1");
    assert_string_equal(
        out.data, "[{\"Config\":\"config\",\"RepoTags\":[\"app:v1\"],\"Layers\":[\"one\",\"two \\\"quoted\\\"\"]}]");
    buf_clear(&out);
    docker_archive_write_manifest(&out, "config", NULL, 0, NULL);
    assert_string_equal(out.data, "[{\"Config\":\"config\",\"RepoTags\":[],\"Layers\":[]}]");
    buf_free(&out);
}

RUN(TEST(test_good), TEST(test_few_layers), TEST(test_refusals), TEST(test_limits), TEST(test_write))
