/* Archives: what tar makes is read, what leads out of an archive or contradicts itself is refused. */
#include <fcntl.h>

#include "unit.h"

#include "store/tar.h"

static struct buf archive = {buf_empty, 0, 0};

static void add_padding(int64_t size)
{
    for (size_t i = tar_padding(size); i-- > 0;)
        buf_char(&archive, 0);
}

static void add_file(const char *name, const char *content)
{
    tar_write_head(&archive, name, (int64_t)strlen(content));
    buf_str(&archive, content);
    add_padding((int64_t)strlen(content));
}

/* Puts bytes over the last head, and its sum right again. */
static void change_head(size_t at, const void *bytes, size_t len)
{
    size_t start = archive.len - TAR_BLOCK;
    unsigned sum = 0;
    char digits[8];
    memcpy(archive.data + start + at, bytes, len);
    memset(archive.data + start + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)archive.data[start + i];
    snprintf(digits, sizeof digits, "%06o", sum);
    memcpy(archive.data + start + 148, digits, 7);
}

static void add_typed(const char *name, char type, const char *content)
{
    tar_write_head(&archive, name, (int64_t)strlen(content));
    change_head(156, &type, 1);
    buf_str(&archive, content);
    add_padding((int64_t)strlen(content));
}

static int open_archive(bool with_end)
{
    char path[] = "/tmp/ecr-unit-tar-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    for (int i = 0; with_end && i < 2 * TAR_BLOCK; i++)
        buf_char(&archive, 0);
    assert_int_equal(write(fd, archive.data, archive.len), archive.len);
    buf_free(&archive);
    return fd;
}

static int read_index(struct tar *tar, bool with_end)
{
    int fd = open_archive(with_end);
    int status = tar_index(&arena, fd, "a.tar", tar, &error);
    close(fd);
    return status;
}

static void test_files(void **state)
{
    (void)state;
    struct tar tar;
    char content[10] = {0};
    add_file("oci-layout", "{}");
    add_file("./blobs/sha256/x", "content");
    add_typed("blobs/", '5', "");
    add_file("empty", "");
    int fd = open_archive(true);
    assert_int_equal(tar_index(&arena, fd, "a.tar", &tar, &error), 0);
    assert_int_equal(tar.count, 4);
    const struct tar_entry *entry = tar_find(&tar, "blobs/sha256/x");
    assert_non_null(entry);
    assert_int_equal(entry->size, 7);
    assert_int_equal(pread(fd, content, 7, entry->offset), 7);
    assert_string_equal(content, "content");
    assert_int_equal(tar_find(&tar, "empty")->size, 0);
    assert_int_equal(tar_find(&tar, "blobs")->type, '5');
    assert_null(tar_find(&tar, "blobs/sha256"));
    close(fd);
}

/* Names of 300 bytes, in the two ways that there are, and a size that only a pax header can say. */
static void test_long_names(void **state)
{
    (void)state;
    struct tar tar;
    char name[301] = {0};
    memset(name, 'n', 300);
    add_typed("././@LongLink", 'L', name);
    add_file("cut", "one");
    memset(name, 'p', 300);
    const char *record = arena_printf(&arena, "310 path=%s\n", name);
    assert_int_equal(strlen(record), 310);
    add_typed("pax", 'x', arena_printf(&arena, "%s10 size=3\n", record));
    add_file("cut as well", "two");
    assert_int_equal(read_index(&tar, true), 0);
    assert_int_equal(tar.count, 2);
    assert_int_equal(tar_find(&tar, name)->size, 3);
    memset(name, 'n', 300);
    assert_non_null(tar_find(&tar, name));
}

static void test_bad_archives(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char type;
        const char *content, *part;
    } rows[] = {
        {"/etc/passwd", '0', "x", "leads out"}, {"../x", '0', "x", "leads out"}, {"a/../../x", '0', "x", "leads out"}, {"a/..", '5', "", "leads out"},
        {"sparse", 'S', "x", "sparse"}, {"pax", 'x', "20 GNU.sparse.map=0\n", "sparse"}, {"pax", 'x', "12 path=abc", "malformed"},
        {"pax", 'x', "x path=abc\n", "malformed"}, {"pax", 'x', "999 path=abc\n", "malformed"}, {"pax", 'x', "5 abc\n", "malformed"}, {"pax", 'x', "10 size=x\n", "no number"}, {"first", '0', "y", "twice"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tar tar;
        add_file("first", "x");
        add_typed(rows[i].name, rows[i].type, rows[i].content);
        CHECK(read_index(&tar, true) == -1, "%s", rows[i].name);
        CHECK(error.reason == REASON_USAGE && strcmp(error.subject, "a.tar") == 0, "%s", rows[i].name);
        CHECK(strstr(error.cause, rows[i].part), "%s %s: %s", rows[i].name, rows[i].content, error.cause);
    }
}

static void test_cut_archives(void **state)
{
    (void)state;
    for (size_t left = 1; left < 3 * TAR_BLOCK; left += 37) {
        struct tar tar;
        add_file("one", "content");
        add_file("two", "content");
        if (left < archive.len)
            archive.len = left;
        bool whole = left >= 2 * TAR_BLOCK && (left < 2 * TAR_BLOCK + 1 || left >= 3 * TAR_BLOCK);
        int status = read_index(&tar, false);
        CHECK(whole || status == -1 || tar.count == 1, "%zu bytes", left);
        CHECK(status == 0 || error.reason == REASON_USAGE, "%zu bytes", left);
    }
    struct tar tar;
    assert_int_equal(read_index(&tar, false), -1);
    add_file("no sum", "");
    archive.data[0] = 'x';
    assert_int_equal(read_index(&tar, true), -1);
    assert_non_null(strstr(error.cause, "no head"));
}

RUN(TEST(test_files), TEST(test_long_names), TEST(test_bad_archives), TEST(test_cut_archives))
