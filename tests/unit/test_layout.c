/* OCI layouts: blobs stand there whole or not at all, tags are replaced at once, and what is no layout stays as it was. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "store/layout.h"

#define SOON (deadline_in(5000))

/* The digest of "content", and one of nothing that is here. */
#define CONTENT_DIGEST "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
#define OTHER_DIGEST   "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static const char *content(const char *dir, const char *name)
{
    struct buf text;
    int why = file_read(arena_printf(&arena, "%s/%s", dir, name), 1 << 20, &text);
    return why ? NULL : buf_detach(&text, &arena);
}

static int count_in(const char *dir, const char *name)
{
    int count = 0;
    DIR *folder = opendir(arena_printf(&arena, "%s/%s", dir, name));
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

static const char *new_layout(void)
{
    const char *dir = new_folder();
    assert_int_equal(layout_make(&arena, dir, SOON, &error), 0);
    return dir;
}

static void test_make(void **state)
{
    (void)state;
    const char *dir = new_layout();
    assert_string_equal(content(dir, "oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    assert_non_null(strstr(content(dir, "index.json"), "\"manifests\":[]"));
    assert_int_equal(layout_make(&arena, dir, SOON, &error), 0);
    assert_int_equal(count_in(dir, "."), 3);
    assert_int_equal(count_in(dir, "blobs"), 1);
    const char *other = new_folder();
    FILE *file = fopen(arena_printf(&arena, "%s/index.json", other), "w");
    fputs("mine", file);
    fclose(file);
    assert_int_equal(layout_make(&arena, other, SOON, &error), -1);
    assert_string_equal(content(other, "index.json"), "mine");
    assert_int_equal(count_in(other, "."), 1);
    remove_folder(dir);
    remove_folder(other);
}

/* What is written, and what came of it. */
static void test_blobs(void **state)
{
    (void)state;
    static const struct {
        const char *digest, *one, *other;
        int64_t size;
        int added, ended;
    } rows[] = {
        {CONTENT_DIGEST, "con", "tent", 7, 0, 0}, {CONTENT_DIGEST, "con", "tent", -1, 0, 0}, {CONTENT_DIGEST, "con", "tend", 7, 0, -1}, {CONTENT_DIGEST, "con", "", 7, 0, -1},
        {CONTENT_DIGEST, "con", "tents", 7, -1, -1}, {OTHER_DIGEST, "con", "tent", 7, 0, -1}, {CONTENT_DIGEST, "", "", -1, 0, -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct layout_blob blob;
        const char *dir = new_layout();
        assert_int_equal(layout_blob_begin(&arena, dir, rows[i].digest, rows[i].size, &blob, &error), 0);
        assert_int_equal(layout_blob_add(&blob, slice_of(rows[i].one), &error), 0);
        CHECK(layout_blob_add(&blob, slice_of(rows[i].other), &error) == rows[i].added, "%zu", i);
        CHECK(!layout_has_blob(dir, rows[i].digest, -1), "%zu: seen too early", i);
        int ended = rows[i].added < 0 ? (layout_blob_drop(&blob), -1) : layout_blob_end(&blob, &error);
        CHECK(ended == rows[i].ended, "%zu", i);
        CHECK(ended == 0 || error.reason == REASON_DIGEST_MISMATCH, "%zu", i);
        CHECK(layout_has_blob(dir, rows[i].digest, -1) == (ended == 0), "%zu", i);
        CHECK(layout_has_blob(dir, rows[i].digest, 7) == (ended == 0), "%zu", i);
        CHECK(!layout_has_blob(dir, rows[i].digest, 8), "%zu", i);
        CHECK(count_in(dir, "blobs") == 1, "%zu: something is left", i);
        CHECK(count_in(dir, "blobs/sha256") == (ended == 0), "%zu", i);
        remove_folder(dir);
    }
}

static const char *digest_at(const char *dir, const char *tag)
{
    struct layout_image image;
    return layout_find(&arena, dir, tag, &image, &error) < 0 ? NULL : image.digest;
}

static void test_tags(void **state)
{
    (void)state;
    const char *dir = new_layout();
    struct layout_image one = {CONTENT_DIGEST, "application/vnd.oci.image.manifest.v1+json", 7};
    struct layout_image other = {OTHER_DIGEST, "application/vnd.oci.image.manifest.v1+json", 9};
    int64_t soon = deadline_in(5000);
    CHECK(!digest_at(dir, NULL) && error.reason == REASON_NO_IMAGE, "an empty one");
    assert_int_equal(layout_enter(&arena, dir, "v1", &one, soon, &error), 0);
    CHECK_TEXT(digest_at(dir, "v1"), CONTENT_DIGEST, "v1");
    CHECK_TEXT(digest_at(dir, NULL), CONTENT_DIGEST, "the only one");
    CHECK(!digest_at(dir, "v2") && error.reason == REASON_NO_IMAGE, "v2");
    assert_int_equal(layout_enter(&arena, dir, "v2", &other, soon, &error), 0);
    CHECK(!digest_at(dir, NULL) && error.reason == REASON_USAGE, "two");
    assert_int_equal(layout_enter(&arena, dir, "v1", &other, soon, &error), 0);
    CHECK_TEXT(digest_at(dir, "v1"), OTHER_DIGEST, "v1 has moved");
    CHECK_TEXT(digest_at(dir, "v2"), OTHER_DIGEST, "v2 stays");
    assert_int_equal(count_in(dir, "."), 3);
    remove_folder(dir);
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "{", "[]", "{}", "{\"manifests\":{}}", "{\"manifests\":[{}]}", "{\"manifests\":[{\"digest\":\"sha256:../../etc/passwd\"}]}",
        "{\"manifests\":[{\"digest\":\"sha512:00\"}]}", "{\"manifests\":[{\"digest\":5}]}"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *dir = new_folder();
        FILE *file = fopen(arena_printf(&arena, "%s/index.json", dir), "w");
        fputs(rows[i], file);
        fclose(file);
        CHECK(!digest_at(dir, NULL) && error.reason == REASON_USAGE, "%s", rows[i]);
        remove_folder(dir);
    }
    CHECK(!digest_at("/nowhere", NULL) && error.reason == REASON_USAGE, "no folder");
}

#define ENTRY(digest, rest) "{\"digest\":\"" digest "\"" rest "}"
#define NAMED(digest, tag) ENTRY(digest, ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" tag "\"}")
#define SECOND_DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"

/* The text of an index.json that stands elsewhere: which image is meant, and all that there are. */
static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *list, *tag, *digest, *cause; /* of a digest or a cause one */
        const char *all;                         /* how each begins; NULL: they cannot be told */
    } rows[] = {
        {ENTRY(CONTENT_DIGEST, ",\"size\":7,\"mediaType\":\"a/b\""), NULL, CONTENT_DIGEST, NULL, "e"}, {NAMED(CONTENT_DIGEST, "v1"), NULL, CONTENT_DIGEST, NULL, "e"},
        {NAMED(CONTENT_DIGEST, "v1") "," NAMED(OTHER_DIGEST, "v2") "," ENTRY(SECOND_DIGEST, ""), "v2", OTHER_DIGEST, NULL, "e01"}, {NAMED(OTHER_DIGEST, "v1") "," ENTRY(CONTENT_DIGEST, ""), "v1", OTHER_DIGEST, NULL, "0e"},
        {ENTRY(CONTENT_DIGEST, ""), "v1", NULL, "it has no image with the tag v1", "e"}, {"", NULL, NULL, "it has no images", ""}, {"", "v1", NULL, "it has no image with the tag v1", ""},
        {ENTRY(CONTENT_DIGEST, "") "," ENTRY(OTHER_DIGEST, ""), NULL, NULL, "it has 2 images: name one by its tag, as in PLACE:TAG", "e0"},
        {NAMED(CONTENT_DIGEST, "v1") "," NAMED(OTHER_DIGEST, "v1"), "v1", NULL, "it has 2 images with this tag: name one by its tag, as in PLACE:TAG", "e0"},
        {NAMED(CONTENT_DIGEST, "v1") "," NAMED("a:b", "v2"), "v1", CONTENT_DIGEST, NULL, NULL}, {NAMED("sha256:../x", "v1"), "v1", NULL, "its index has an entry without a digest of sha256", NULL},
        {ENTRY("a:b", ""), NULL, NULL, "its index has an entry without a digest of sha256", NULL}, {"7", NULL, NULL, "its index has an entry without a digest of sha256", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t count;
        const char **digests;
        struct layout_image image;
        struct slice text = slice_of(arena_printf(&arena, "{\"manifests\":[%s]}", rows[i].list));
        CHECK((layout_find_in(&arena, "a.tar", text, rows[i].tag, &image, &error) == 0) == !!rows[i].digest, "%zu", i);
        if (rows[i].digest)
            CHECK_TEXT(image.digest, rows[i].digest, "%zu", i);
        else
            CHECK_TEXT(error.cause, rows[i].cause, "%zu", i);
        CHECK(i > 0 || (image.size == 7 && strcmp(image.media_type, "a/b") == 0), "%zu", i);
        CHECK(i != 1 || (image.size == -1 && !image.media_type), "%zu", i);
        CHECK((layout_list(&arena, "a.tar", &text, &digests, &count, &error) == 0) == !!rows[i].all, "%zu", i);
        for (size_t k = 0; rows[i].all && k <= strlen(rows[i].all); k++)
            CHECK(k < count ? digests[k][strlen("sha256:")] == rows[i].all[k] : !rows[i].all[k], "%zu, %zu", i, k);
    }
    struct layout_image image;
    assert_int_equal(layout_find_in(&arena, "a.tar", SLICE("{}"), NULL, &image, &error), -1);
    assert_string_equal(error_text(&error, &arena), "a.tar: it is no index of an OCI layout");
}

/* The same of a layout in a folder. */
static void test_list(void **state)
{
    (void)state;
    size_t count;
    const char **digests, *dir = new_layout();
    struct layout_image one = {CONTENT_DIGEST, NULL, 7}, other = {OTHER_DIGEST, NULL, 9};
    assert_int_equal(layout_list(&arena, dir, NULL, &digests, &count, &error), 0);
    assert_int_equal(count, 0);
    assert_int_equal(layout_enter(&arena, dir, "v1", &one, deadline_in(5000), &error), 0);
    assert_int_equal(layout_enter(&arena, dir, NULL, &other, deadline_in(5000), &error), 0);
    assert_int_equal(layout_enter(&arena, dir, NULL, &other, deadline_in(5000), &error), 0); /* not twice */
    assert_int_equal(layout_list(&arena, dir, NULL, &digests, &count, &error), 0);
    assert_int_equal(count, 2);
    assert_string_equal(digests[0], CONTENT_DIGEST);
    assert_string_equal(digests[1], OTHER_DIGEST);
    remove_folder(dir);
    assert_int_equal(layout_list(&arena, dir, NULL, &digests, &count, &error), -1);
    assert_int_equal(error.reason, REASON_USAGE);
}

/* What is written is read again: the tag is that of the first. */
static void test_write_index(void **state)
{
    (void)state;
    static const struct layout_image images[] = {{CONTENT_DIGEST, "a/b", 7}, {OTHER_DIGEST, "c/d", 9}};
    struct buf out = BUF_INIT;
    struct layout_image image;
    layout_write_index(&out, images, 2, "v1");
    assert_int_equal(layout_find_in(&arena, "a.tar", buf_view(&out), "v1", &image, &error), 0);
    assert_true(strcmp(image.digest, CONTENT_DIGEST) == 0 && strcmp(image.media_type, "a/b") == 0 && image.size == 7);
    buf_clear(&out);
    layout_write_index(&out, images + 1, 1, NULL);
    assert_string_equal(out.data, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":["
                                  "{\"mediaType\":\"c/d\",\"digest\":\"" OTHER_DIGEST "\",\"size\":9}]}");
    buf_free(&out);
}

/* What stands under a blob's name may be anything: it is told from the blob by its bytes. */
static void test_sound(void **state)
{
    (void)state;
    static const struct {
        const char *content; /* NULL: a folder */
        int64_t size;
        bool sound;
    } rows[] = {{"content", 7, true}, {"content", -1, true}, {"content", 8, false}, {"contend", 7, false}, {"contend", -1, false}, {"", -1, false}, {NULL, -1, false}};
    const char *dir = new_layout(), *path = layout_blob_path(&arena, dir, CONTENT_DIGEST);
    assert_false(layout_blob_is_sound(dir, CONTENT_DIGEST, -1));
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].content)
            write_file(dir, path + strlen(dir) + 1, rows[i].content);
        else
            assert_true(unlink(path) == 0 && mkdir(path, 0700) == 0);
        CHECK(layout_blob_is_sound(dir, CONTENT_DIGEST, rows[i].size) == rows[i].sound, "%zu", i);
    }
    remove_folder(dir);
}

/* Who was killed over a blob leaves a file behind: the next one takes it away, but not one that is being written. */
static void test_leftovers(void **state)
{
    (void)state;
    struct layout_blob held;
    const char *dir = new_layout();
    assert_int_equal(layout_blob_begin(&arena, dir, CONTENT_DIGEST, 7, &held, &error), 0);
    const char *stale = write_file(dir, "blobs/.ecr-stale", "con");
    const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, stale, long_ago, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, held.path, long_ago, 0), 0);
    assert_int_equal(layout_make(&arena, dir, SOON, &error), 0);
    assert_int_equal(access(stale, F_OK), -1);
    assert_int_equal(layout_blob_add(&held, SLICE("content"), &error), 0);
    assert_int_equal(layout_blob_end(&held, &error), 0);
    assert_true(layout_has_blob(dir, CONTENT_DIGEST, 7));
    remove_folder(dir);
}

RUN(TEST(test_make), TEST(test_blobs), TEST(test_tags), TEST(test_what_is_none), TEST(test_texts), TEST(test_list), TEST(test_write_index), TEST(test_sound), TEST(test_leftovers))
