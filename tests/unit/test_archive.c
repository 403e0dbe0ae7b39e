/* Archives that are read: a sound one is opened from a file or standard input, a compressed one is refused by its kind. */
#include <fcntl.h>

#include "tarball.h"

#include "store/archive.h"

/* Writes the bytes to a file below a folder. Returns its path. */
static const char *write_bytes(const char *folder, const char *name, struct slice bytes)
{
    const char *path = arena_printf(&arena, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *write_archive(const char *folder)
{
    struct buf tar = BUF_INIT;
    tar_add(&tar, "./index.json", "{}");
    tar_add_head(&tar, "blobs/", '5', 0);
    tar_add_head(&tar, "soft", '2', 0);
    tar_add_head(&tar, "hard", '1', 0);
    tar_add_head(&tar, "device", '3', 0);
    tar_end(&tar);
    const char *path = write_bytes(folder, "good.tar", buf_view(&tar));
    buf_free(&tar);
    return path;
}

static void test_open(void **state)
{
    (void)state;
    struct archive archive;
    const char *folder = new_folder(), *path = write_archive(folder);
    assert_int_equal(archive_open(&arena, path, &archive, &error), 0);
    assert_int_equal(archive.tar.count, 5);
    assert_string_equal(archive.name, path);
    int fd = archive.tar.fd;
    archive_close(&archive);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(archive.tar.fd, -1); /* once more does no harm */

    static const struct {
        const char *name, *bytes;
        size_t len;
        const char *cause, *hint;
    } rows[] = {
        {"a.gz", "\x1f\x8b\x08\0\0\0\0\0", 8, "the archive is compressed (gzip)", "unpack it first: gunzip FILE"},
        {"a.zst", "\x28\xb5\x2f\xfd", 4, "the archive is compressed (zstd)", "unpack it first: unzstd FILE"},
        {"a.xz",
         "\xfd"
         "7zXZ\0",
         6, "the archive is compressed (xz)", "unpack it first: unxz FILE"},
        {"a.bz2", "BZh9", 4, "the archive is compressed (bzip2)", "unpack it first: bunzip2 FILE"},
        {"empty", "", 0, "it is no sound archive: there is nothing in it", NULL},
        {"short", "BZ", 2, "it is no sound archive: it ends too early", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *file = write_bytes(folder, rows[i].name, (struct slice){rows[i].bytes, rows[i].len});
        CHECK(archive_open(&arena, file, &archive, &error) == -1, "%s", rows[i].name);
        archive_close(&archive);
        CHECK(error.reason == REASON_USAGE, "%s", rows[i].name);
        CHECK_TEXT(error.subject, file, "%s", rows[i].name);
        CHECK_TEXT(error.cause, rows[i].cause, "%s", rows[i].name);
        CHECK_TEXT(error.hint, rows[i].hint, "%s", rows[i].name);
    }
    remove_folder(folder);
}

/* What is no file is told at once: a FIFO without a writer as well. */
static void test_no_file(void **state)
{
    (void)state;
    struct archive archive;
    const char *folder = new_folder(), *fifo = arena_printf(&arena, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const char *const rows[][2] = {{"/nowhere/a.tar", "cannot read it: No such file or directory"},
                                   {folder, "it is no file"},
                                   {fifo, "it is no file"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(archive_open(&arena, rows[i][0], &archive, &error) == -1, "%s", rows[i][0]);
        archive_close(&archive);
        CHECK(error.reason == REASON_USAGE, "%s", rows[i][0]);
        CHECK_TEXT(error.subject, rows[i][0], "%s", rows[i][0]);
        CHECK_TEXT(error.cause, rows[i][1], "%s", rows[i][0]);
    }
    remove_folder(folder);
}

/* A file that begins where standard input stands is read in its place, all else is copied first. */
static void test_standard_input(void **state)
{
    (void)state;
    int before = dup(0);
    const char *folder = new_folder(), *path = write_archive(folder);
    for (int copied = 0; copied < 2; copied++) {
        struct archive archive;
        struct stat is, was;
        int fd = open(path, O_RDONLY), ends[2];
        if (copied) { /* the archive fits into a pipe */
            char bytes[16384];
            ssize_t len = read(fd, bytes, sizeof bytes);
            assert_int_equal(pipe(ends), 0);
            assert_int_equal(write(ends[1], bytes, (size_t)len), len);
            close(ends[1]);
            dup2(ends[0], 0);
            close(ends[0]);
        } else {
            dup2(fd, 0);
        }
        CHECK(archive_open(&arena, "-", &archive, &error) == 0, "copied %d", copied);
        CHECK_TEXT(archive.name, "standard input", "copied %d", copied);
        CHECK(archive.tar.count == 5, "copied %d", copied);
        assert_int_equal(fstat(archive.tar.fd, &is), 0);
        assert_int_equal(fstat(fd, &was), 0);
        CHECK((is.st_ino == was.st_ino) == !copied && is.st_nlink == !copied, "copied %d", copied);
        archive_close(&archive);
        close(fd);
    }
    dup2(before, 0);
    close(before);
    remove_folder(folder);
}

static void test_find(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"index.json", ""},
        {"none", "there is no none in the archive"},
        {"soft", "its entry soft is a link that leads to no file in the archive"},
        {"hard", "its entry hard is a hard link, which is not followed"},
        {"blobs", "its entry blobs is no file"},
        {"device", "its entry device is no file"},
    };
    struct archive archive;
    const char *folder = new_folder();
    assert_int_equal(archive_open(&arena, write_archive(folder), &archive, &error), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        error_clear(&error);
        const struct tar_entry *entry = archive_find(&archive, rows[i][0], &error);
        CHECK(!entry == !!rows[i][1][0], "%s", rows[i][0]);
        CHECK_TEXT(error.cause, rows[i][1], "%s", rows[i][0]);
        CHECK(entry || (error.reason == REASON_USAGE && strcmp(error.subject, archive.name) == 0), "%s", rows[i][0]);
    }
    archive_close(&archive);
    remove_folder(folder);
}

/* As much as is allowed, and not a byte more; and a file that becomes shorter meanwhile. */
static void test_read(void **state)
{
    (void)state;
    struct archive archive;
    struct slice content;
    struct buf tar = BUF_INIT;
    tar_add(&tar, "before", "x");
    tar_add(&tar, "seven", "content");
    tar_add(&tar, "empty", "");
    assert_int_equal(archive_open_fd(&arena, tar_file(&tar), "a.tar", &archive, &error), 0);
    const struct tar_entry *seven = archive_find(&archive, "seven", &error);
    assert_int_equal(archive_read(&archive, seven, 7, &arena, &content, &error), 0);
    assert_true(slice_is(content, "content") && !content.data[7]);
    assert_int_equal(archive_read(&archive, seven, 6, &arena, &content, &error), -1);
    assert_string_equal(error.cause, "its entry seven is larger than the 6 bytes it may have");
    assert_int_equal(archive_read(&archive, archive_find(&archive, "empty", &error), 0, &arena, &content, &error), 0);
    assert_int_equal(content.len, 0);
    struct file_part part = archive_part(&archive, seven);
    assert_true(part.first == seven->offset && part.length == 7 && part.fd == archive.tar.fd);
    assert_int_equal(ftruncate(archive.tar.fd, seven->offset + 3), 0);
    assert_int_equal(archive_read(&archive, seven, 7, &arena, &content, &error), -1);
    assert_string_equal(error.cause, "cannot read it: it became shorter meanwhile");
    archive_close(&archive);
}

/* A file without a name, in the folder that is asked for, or where there is one. */
static void test_scratch_file(void **state)
{
    (void)state;
    const char *folder = new_folder();
    const char *const folders[] = {folder, "/nowhere"};
    for (size_t i = 0; i < COUNT(folders); i++) {
        struct stat file;
        char where[256] = {0};
        setenv("TMPDIR", folders[i], 1);
        int fd = archive_scratch_file(&error);
        CHECK(fd >= 0 && fstat(fd, &file) == 0 && file.st_nlink == 0, "%s", folders[i]);
        CHECK(readlink(arena_printf(&arena, "/proc/self/fd/%d", fd), where, sizeof where - 1) > 0, "%s", folders[i]);
        CHECK((strncmp(where, folder, strlen(folder)) == 0) == (i == 0), "%s: %s", folders[i], where);
        CHECK(write(fd, "x", 1) == 1, "%s", folders[i]);
        close(fd);
    }
    unsetenv("TMPDIR");
    assert_int_equal(rmdir(folder), 0);
}

RUN(TEST(test_open), TEST(test_no_file), TEST(test_standard_input), TEST(test_find), TEST(test_read),
    TEST(test_scratch_file))
