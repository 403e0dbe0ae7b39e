/* Archives that are written: threads write to places of their own, nothing half is left, and a stream comes in order. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tarball.h"

#include "base/leftover.h"
#include "store/archive.h"
#include "store/archive_out.h"

#define ENTRIES 20

/* Sizes where the last block is empty, nearly empty, nearly full and full. */
static const size_t sizes[] = {0, 1, 511, 512, 513, 1023, 1024, 1025, 5000};

static struct slice content_of(size_t number)
{
    size_t size = sizes[number % COUNT(sizes)];
    char letter[2] = {(char)('a' + number), 0};
    return (struct slice){repeat(letter, size), size};
}

static int count_in(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

struct writer {
    struct archive_out *out;
    struct slice contents[ENTRIES];
    size_t first; /* every other one from here on */
    int failures;
};

/* By pieces, so that those of both are written in between each other. */
static void *write_entries(void *context)
{
    struct writer *writer = context;
    struct arena own = {NULL};
    struct error why;
    error_init(&why, &own);
    for (size_t i = writer->first; i < ENTRIES; i += 2) {
        struct slice content = writer->contents[i];
        const char *name = arena_printf(&own, "entry-%zu", i);
        int64_t at = archive_out_begin(writer->out, name, (int64_t)content.len, &why);
        writer->failures += at < 0;
        for (size_t done = 0; done < content.len; done += 100) {
            size_t len = content.len - done < 100 ? content.len - done : 100;
            struct slice piece = {content.data + done, len};
            writer->failures += archive_out_write(writer->out, at + (int64_t)done, piece, &why) < 0;
        }
        writer->failures += archive_out_pad(writer->out, (int64_t)content.len, &why) < 0;
    }
    arena_free(&own);
    return NULL;
}

static void check_entries(int fd)
{
    struct archive archive;
    struct slice content;
    assert_int_equal(archive_open_fd(&arena, fd, "a.tar", &archive, &error), 0);
    assert_int_equal(archive.tar.count, ENTRIES);
    for (size_t i = 0; i < ENTRIES; i++) {
        const struct tar_entry *entry = archive_find(&archive, arena_printf(&arena, "entry-%zu", i), &error);
        assert_non_null(entry);
        assert_int_equal(archive_read(&archive, entry, 8192, &arena, &content, &error), 0);
        CHECK(slice_equal(content, content_of(i)), "entry %zu", i);
    }
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size % TAR_BLOCK, 0);
    archive_close(&archive);
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t thread;
    struct archive_out out;
    const char *folder = new_folder(), *path = arena_printf(&arena, "%s/a.tar", folder);
    mode_t before = umask(027);
    assert_int_equal(archive_out_open(&arena, path, &out, &error), 0);
    struct writer one = {.out = &out, .first = 0}, other = {.out = &out, .first = 1};
    for (size_t i = 0; i < ENTRIES; i++)
        one.contents[i] = other.contents[i] = content_of(i);
    assert_int_equal(pthread_create(&thread, NULL, write_entries, &other), 0);
    write_entries(&one);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(one.failures + other.failures, 0);
    assert_int_equal(access(path, F_OK), -1); /* it has its name only when it is whole */
    assert_int_equal(archive_out_end(&out, &error), 0);
    int written = open(path, O_RDONLY);
    archive_out_drop(&out); /* of what is whole nothing is taken, nor a descriptor closed that is another's by now */
    leftovers_remove();
    umask(before);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(count_in(folder), 1);
    check_entries(written);
    remove_folder(folder);
}

/* What was there stays until the new one is whole, which takes over who may read it. */
static void test_replace(void **state)
{
    (void)state;
    struct archive_out out;
    struct stat info;
    const char *folder = new_folder(), *path = write_file(folder, "a.tar", "old");
    chmod(path, 0604);
    assert_int_equal(archive_out_open(&arena, path, &out, &error), 0);
    assert_int_equal(archive_out_put(&out, "x", SLICE("content"), &error), 0);
    assert_true(stat(path, &info) == 0 && info.st_size == 3);
    assert_int_equal(archive_out_end(&out, &error), 0);
    assert_true(stat(path, &info) == 0 && info.st_size == 4 * TAR_BLOCK && (info.st_mode & 0777) == 0604);
    remove_folder(folder);
}

/* Dropped, or ended by a signal: nothing is left, and what was there is as it was. */
static void test_drop(void **state)
{
    (void)state;
    for (int by_signal = 0; by_signal < 2; by_signal++) {
        struct archive_out out;
        struct stat info;
        const char *folder = new_folder(), *path = write_file(folder, "a.tar", "old");
        assert_int_equal(archive_out_open(&arena, path, &out, &error), 0);
        assert_int_equal(archive_out_put(&out, "x", SLICE("content"), &error), 0);
        assert_int_equal(count_in(folder), 2);
        CHECK(strncmp(out.meanwhile, arena_printf(&arena, "%s/.a.tar.ecr-", folder), strlen(folder) + 12) == 0, "%s",
              out.meanwhile);
        if (by_signal) {
            leftovers_remove();
            CHECK(count_in(folder) == 1, "by a signal");
        }
        archive_out_drop(&out);
        archive_out_drop(&out);
        CHECK(count_in(folder) == 1, "by a signal: %d", by_signal);
        CHECK(stat(path, &info) == 0 && info.st_size == 3, "by a signal: %d", by_signal);
        remove_folder(folder);
    }
}

/* Where no file can be made, and what is none. */
static void test_no_place(void **state)
{
    (void)state;
    struct archive_out out;
    const char *folder = new_folder();
    assert_int_equal(archive_out_open(&arena, "/nowhere/a.tar", &out, &error), -1);
    assert_true(error.reason == REASON_USAGE && strcmp(error.subject, "/nowhere/a.tar") == 0);
    assert_string_equal(error.cause, "cannot write it: No such file or directory");
    archive_out_drop(&out);
    assert_int_equal(archive_out_open(&arena, folder, &out, &error), -1);
    assert_true(error.reason == REASON_USAGE);
    assert_string_equal(error.cause, "it is there, and is no file");
    archive_out_drop(&out);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(fcntl(1, F_GETFD), 0); /* standard output is not closed for it */
}

/* A full disk is told, and the file goes. */
static void test_full(void **state)
{
    (void)state;
    struct archive_out out;
    int fd = open("/dev/full", O_WRONLY);
    archive_out_open_fd(fd, "the archive", &out);
    assert_int_equal(archive_out_begin(&out, "x", 1, &error), -1);
    assert_true(error.reason == REASON_REFUSED && strcmp(error.subject, "the archive") == 0);
    assert_string_equal(error.cause, "cannot write it: No space left on device");
    close(fd);
}

/* One after another, with their ends filled up: a pipe takes nothing back. */
static void test_in_order(void **state)
{
    (void)state;
    int ends[2], before = dup(1);
    struct archive_out out;
    struct writer all = {.out = &out};
    char bytes[65536];
    struct buf got = BUF_INIT;
    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], 1);
    close(ends[1]);
    int opened = archive_out_open(&arena, "-", &out, &error);
    for (size_t i = 0; i < ENTRIES; i++)
        all.contents[i] = content_of(i);
    for (all.first = 0; all.first < 2; all.first++)
        write_entries(&all);
    int ended = archive_out_end(&out, &error);
    archive_out_drop(&out);
    dup2(before, 1);
    close(before);
    for (ssize_t len; (len = read(ends[0], bytes, sizeof bytes)) > 0;)
        buf_add(&got, bytes, (size_t)len);
    close(ends[0]);
    assert_int_equal(opened, 0);
    assert_int_equal(all.failures, 0);
    assert_int_equal(ended, 0);
    check_entries(file_of(&got));
}

/* In a file that has no name there is nothing to rename, and it stays open. */
static void test_without_name(void **state)
{
    (void)state;
    struct buf nothing = BUF_INIT;
    struct archive_out out;
    int fd = file_of(&nothing);
    archive_out_open_fd(fd, "the archive", &out);
    for (size_t i = 0; i < ENTRIES; i++)
        assert_int_equal(archive_out_put(&out, arena_printf(&arena, "entry-%zu", i), content_of(i), &error), 0);
    assert_int_equal(archive_out_end(&out, &error), 0);
    archive_out_drop(&out);
    check_entries(fd);
}

RUN(TEST(test_threads), TEST(test_replace), TEST(test_drop), TEST(test_no_place), TEST(test_full), TEST(test_in_order),
    TEST(test_without_name))
