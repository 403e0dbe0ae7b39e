/* OCI layouts: blobs stand there whole or not at all, tags are replaced at once, and what is no layout stays as it was. */
#include <dirent.h>
#include <sys/stat.h>

#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "store/layout.h"

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
    assert_int_equal(layout_make(&arena, dir, &error), 0);
    return dir;
}

static void test_make(void **state)
{
    (void)state;
    const char *dir = new_layout();
    assert_string_equal(content(dir, "oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    assert_non_null(strstr(content(dir, "index.json"), "\"manifests\":[]"));
    assert_int_equal(layout_make(&arena, dir, &error), 0);
    assert_int_equal(count_in(dir, "."), 3);
    assert_int_equal(count_in(dir, "blobs"), 1);
    const char *other = new_folder();
    FILE *file = fopen(arena_printf(&arena, "%s/index.json", other), "w");
    fputs("mine", file);
    fclose(file);
    assert_int_equal(layout_make(&arena, other, &error), -1);
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

RUN(TEST(test_make), TEST(test_blobs), TEST(test_tags), TEST(test_what_is_none))
