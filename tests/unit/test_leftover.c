/* Files that are being written: a signal takes them away, what is done stays, and stale ones that nobody holds are swept. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "unit.h"

#include "base/leftover.h"

static bool is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static void test_make(void **state)
{
    (void)state;
    struct stat info;
    char *done, *open_one, *other;
    const char *folder = new_folder(), *front = arena_printf(&arena, "%s/.ecr-", folder);
    int fds[] = {leftover_make(&arena, front, &done), leftover_make(&arena, front, &open_one),
                 leftover_make(&arena, front, &other)};
    for (size_t i = 0; i < COUNT(fds); i++)
        assert_true(fds[i] >= 0);
    assert_true(slice_starts(slice_of(done), front) && strlen(done) > strlen(front));
    assert_string_not_equal(done, other);
    assert_true(fstat(fds[0], &info) == 0 && (info.st_mode & 0777) == 0600);
    assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    int again = open(open_one, O_RDWR);
    assert_int_equal(flock(again, LOCK_EX | LOCK_NB), -1); /* it is locked */
    close(again);
    leftover_done(done);
    leftovers_remove();
    assert_true(is_there(done) && !is_there(open_one) && !is_there(other));
    leftover_done(other); /* nobody's any more: no harm */
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    remove_folder(folder);
}

/* One that could not be made is no leftover: who makes a file of that name later keeps it. */
static void test_no_place(void **state)
{
    (void)state;
    char *path;
    const char *folder = new_folder(), *sub = arena_printf(&arena, "%s/sub", folder);
    errno = 0;
    assert_int_equal(leftover_make(&arena, arena_printf(&arena, "%s/.ecr-", sub), &path), -1);
    assert_int_equal(errno, ENOENT);
    write_file(sub, path + strlen(sub) + 1, "mine");
    leftovers_remove();
    assert_true(is_there(path));
    remove_folder(folder);
}

/* Many, one after another: a place that is given back is used again, and one too many is only not known to signals. */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 70, PLACES = 16 };
    char *paths[MANY];
    int left = 0;
    const char *folder = new_folder(), *front = arena_printf(&arena, "%s/x", folder);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            int fd = leftover_make(&arena, front, &paths[i]);
            assert_true(fd >= 0);
            close(fd);
        }
        if (round == 0)
            for (size_t i = 0; i < MANY; i++) {
                leftover_done(paths[i]);
                assert_int_equal(unlink(paths[i]), 0);
            }
    }
    leftovers_remove();
    for (size_t i = 0; i < MANY; i++)
        left += is_there(paths[i]);
    assert_int_equal(left, MANY - PLACES);
    remove_folder(folder);
}

enum kind { PLAIN, LOCKED, FOLDER, LINK, FIFO };

static int make_one(const char *path, enum kind kind, const char *target)
{
    int fd = -1;
    if (kind == FOLDER)
        assert_int_equal(mkdir(path, 0700), 0);
    else if (kind == LINK)
        assert_int_equal(symlink(target, path), 0);
    else if (kind == FIFO)
        assert_int_equal(mkfifo(path, 0600), 0);
    else
        assert_true((fd = open(path, O_RDWR | O_CREAT, 0600)) >= 0);
    if (kind == LOCKED)
        assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    return fd;
}

static void test_sweep(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum kind kind;
        int age;
        bool goes;
    } rows[] = {
        {".ecr-stale", PLAIN, 100, true},    {".ecr-", PLAIN, 100, true},         {".ecr-new", PLAIN, 10, false},
        {".ecr-future", PLAIN, -100, false}, {".ecr-locked", LOCKED, 100, false}, {"other", PLAIN, 100, false},
        {"x.ecr-stale", PLAIN, 100, false},  {".ecr-folder", FOLDER, 100, false}, {".ecr-link", LINK, 100, false},
        {".ecr-fifo", FIFO, 100, false},
    };
    int fds[COUNT(rows)];
    const char *folder = new_folder();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *path = arena_printf(&arena, "%s/%s", folder, rows[i].name);
        const struct timespec when[2] = {{time(NULL) - rows[i].age, 0}, {time(NULL) - rows[i].age, 0}};
        fds[i] = make_one(path, rows[i].kind, arena_printf(&arena, "%s/other", folder));
        assert_int_equal(utimensat(AT_FDCWD, path, when, AT_SYMLINK_NOFOLLOW), 0);
    }
    leftover_sweep(folder, ".ecr-");
    leftover_sweep("/nowhere", ".ecr-"); /* no harm */
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(is_there(arena_printf(&arena, "%s/%s", folder, rows[i].name)) == !rows[i].goes, "%s", rows[i].name);
        if (fds[i] >= 0)
            close(fds[i]);
    }
    remove_folder(folder);
}

RUN(TEST(test_make), TEST(test_no_place), TEST(test_many), TEST(test_sweep))
