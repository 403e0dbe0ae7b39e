/* Files that hold secrets: whole or not at all, for their owner alone, and through nobody else's symlink. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/file_write.h"

static char *at(const char *folder, const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static const char *content(const char *path)
{
    struct buf text;
    int status = file_read(path, 1 << 20, &text);
    return status ? NULL : buf_detach(&text, &arena);
}

static unsigned mode_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_mode & 07777 : 0;
}

/* How many files and folders a folder holds: nothing half done may be left. */
static int count_in(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static void test_replace(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 077};
    for (size_t i = 0; i < COUNT(masks); i++) {
        char *folder = new_folder(), *path = at(folder, "a/b/c/file");
        mode_t before = umask(masks[i]);
        CHECK(file_replace(path, SLICE("one")) == 0, "mask %o", masks[i]);
        CHECK_TEXT(content(path), "one", "mask %o", masks[i]);
        CHECK(mode_of(path) == 0600, "mask %o: %o", masks[i], mode_of(path));
        for (const char *name = "a/b/c"; *name; name = *name == 'a' && name[1] ? "a" : "")
            CHECK(mode_of(at(folder, name)) == 0700, "mask %o: %s", masks[i], name);
        assert_int_equal(chmod(path, 0644), 0);
        CHECK(file_replace(path, SLICE("two, longer")) == 0 && mode_of(path) == 0600, "mask %o", masks[i]);
        CHECK_TEXT(content(path), "two, longer", "mask %o", masks[i]);
        CHECK(file_replace(path, SLICE("")) == 0, "mask %o", masks[i]);
        CHECK_TEXT(content(path), "", "mask %o", masks[i]);
        CHECK(count_in(at(folder, "a/b/c")) == 1, "mask %o", masks[i]);
        umask(before);
        remove_folder(folder);
    }
    char *folder = new_folder(), *path = at(folder, "f"), *big = repeat("0123456789", 50000);
    assert_int_equal(file_replace(path, slice_of(big)), 0);
    assert_string_equal(content(path), big);
    assert_int_equal(file_replace(path, (struct slice){"a\0b", 3}), 0);
    struct buf text;
    assert_int_equal(file_read(path, 10, &text), 0);
    assert_true(slice_equal(buf_view(&text), (struct slice){"a\0b", 3}));
    buf_free(&text);
    remove_folder(folder);
}

/* Relative paths, too. */
static void test_relative(void **state)
{
    (void)state;
    char *folder = new_folder(), *before = getcwd(NULL, 0);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(file_replace("plain", SLICE("1")), 0);
    assert_int_equal(file_replace("x/y/plain", SLICE("2")), 0);
    struct file_lock lock;
    assert_int_equal(file_lock("plain", deadline_in(1000), &lock), 0);
    assert_true(lock.fd >= 0 && access("plain.lock", F_OK) == 0);
    file_unlock(&lock);
    assert_int_equal(access("plain.lock", F_OK), -1);
    assert_int_equal(chdir(before), 0);
    free(before);
    assert_string_equal(content(at(folder, "plain")), "1");
    assert_string_equal(content(at(folder, "x/y/plain")), "2");
    remove_folder(folder);
}

/* Whatever fails, the old file stays and nothing else does. */
static void test_failures(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = write_file(folder, "f", "old");
    assert_int_equal(file_replace(at(path, "below/a/file"), SLICE("new")), ENOTDIR);
    assert_int_equal(file_replace(folder, SLICE("new")), EINVAL);
    char *fifo = at(folder, "fifo"), *device = at(folder, "device"); /* what is no file is not replaced by one */
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink("/dev/null", device), 0);
    struct stat info;
    assert_int_equal(file_replace(fifo, SLICE("new")), EINVAL);
    assert_true(lstat(fifo, &info) == 0 && S_ISFIFO(info.st_mode));
    assert_int_equal(file_replace(device, SLICE("new")), EINVAL);
    assert_true(stat("/dev/null", &info) == 0 && S_ISCHR(info.st_mode));
    assert_true(unlink(fifo) == 0 && unlink(device) == 0);
    assert_int_equal(file_replace("/proc/ecr-unit/file", SLICE("new")), ENOENT);
    struct rlimit usual, small = {4096, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small.rlim_max = usual.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int status = file_replace(path, slice_of(repeat("x", 100000)));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, EFBIG);
    assert_string_equal(content(path), "old");
    assert_int_equal(count_in(folder), 1);
    struct file_lock lock = {7, path};
    assert_int_equal(file_lock(at(path, "below/file"), deadline_in(100), &lock), ENOTDIR);
    assert_true(lock.fd == -1 && !lock.path);
    file_unlock(&lock);
    remove_folder(folder);
}

static void test_symlinks(void **state)
{
    (void)state;
    char *folder = new_folder(), *file = write_file(folder, "real/file", "old");
    const char *real;
    static const struct {
        const char *name, *target;
    } links[] = {
        {"absolute", NULL}, {"relative", "real/file"}, {"up", "real/../real/file"}, {"second", "relative"},
        {"real/sibling", "file"}, {"third", "real/sibling"},
    };
    for (size_t i = 0; i < COUNT(links); i++) {
        char *path = at(folder, links[i].name), *text = arena_printf(&arena, "through %zu", i);
        assert_int_equal(symlink(links[i].target ? links[i].target : file, path), 0);
        CHECK(file_replace(path, slice_of(text)) == 0, "%s", links[i].name);
        CHECK_TEXT(content(file), text, "%s", links[i].name);
        struct stat info;
        CHECK(lstat(path, &info) == 0 && S_ISLNK(info.st_mode), "%s: the link was replaced", links[i].name);
        CHECK(file_resolve(&arena, path, &real) == 0 && content(real) && strcmp(content(real), text) == 0, "%s",
            links[i].name);
    }
    assert_int_equal(count_in(at(folder, "real")), 2);
    assert_int_equal(file_resolve(&arena, file, &real), 0);
    assert_string_equal(real, file);
    assert_int_equal(file_resolve(&arena, at(folder, "nowhere"), &real), 0);
    assert_string_equal(real, at(folder, "nowhere"));
    /* Dangling: the file is made where the link points, folders and all. */
    assert_int_equal(symlink("made/by/link", at(folder, "dangling")), 0);
    assert_int_equal(file_replace(at(folder, "dangling"), SLICE("new")), 0);
    assert_string_equal(content(at(folder, "made/by/link")), "new");
    assert_int_equal(mode_of(at(folder, "made/by/link")), 0600);
    assert_int_equal(mode_of(at(folder, "made/by")), 0700);
    /* Without an end. */
    assert_int_equal(symlink("loop", at(folder, "loop")), 0);
    assert_int_equal(file_replace(at(folder, "loop"), SLICE("new")), ELOOP);
    assert_int_equal(symlink("b", at(folder, "a")), 0);
    assert_int_equal(symlink("a", at(folder, "b")), 0);
    assert_int_equal(file_resolve(&arena, at(folder, "a"), &real), ELOOP);
    remove_folder(folder);
}

/* Eight links are more than anybody has; nine are a trap. */
static void test_chain(void **state)
{
    (void)state;
    char *folder = new_folder();
    const char *real;
    write_file(folder, "0", "end");
    for (int i = 1; i <= 9; i++)
        assert_int_equal(symlink(arena_printf(&arena, "%d", i - 1), at(folder, arena_printf(&arena, "%d", i))), 0);
    assert_int_equal(file_resolve(&arena, at(folder, "8"), &real), 0);
    assert_string_equal(real, at(folder, "0"));
    assert_int_equal(file_resolve(&arena, at(folder, "9"), &real), ELOOP);
    remove_folder(folder);
}

/* A link that another user planted is not followed; one of root's is, and one's own. */
static void test_owners(void **state)
{
    (void)state;
    char *folder = new_folder(), *file = write_file(folder, "victim", "old"), *path = at(folder, "link");
    const char *real;
    struct stat info;
    struct file_lock lock;
    if (geteuid() != 0) {
        remove_folder(folder);
        skip();
    }
    assert_int_equal(symlink(file, path), 0);
    assert_int_equal(symlink(path, at(folder, "mine")), 0);
    assert_int_equal(file_resolve(&arena, path, &real), 0);
    assert_int_equal(lchown(path, 12345, 12345), 0);
    assert_int_equal(file_resolve(&arena, path, &real), EPERM);
    assert_int_equal(file_replace(path, SLICE("new")), EPERM);
    assert_int_equal(file_lock(path, deadline_in(100), &lock), EPERM);
    assert_true(lock.fd == -1 && !lock.path);
    assert_int_equal(file_replace(at(folder, "mine"), SLICE("new")), EPERM); /* one of two is enough */
    assert_string_equal(content(file), "old");
    /* The file's owner stays when root writes it. */
    assert_int_equal(chown(file, 12345, 23456), 0);
    assert_int_equal(file_replace(file, SLICE("new")), 0);
    assert_int_equal(stat(file, &info), 0);
    assert_true(info.st_uid == 12345 && info.st_gid == 23456 && (info.st_mode & 07777) == 0600);
    assert_int_equal(count_in(folder), 3);
    pid_t child = fork(); /* for that user the link is his own, and root's is good */
    if (child == 0)
        _exit(chmod(folder, 0777) || lchown(at(folder, "mine"), 0, 0) || setgid(12345) || setuid(12345) ||
              file_resolve(&arena, path, &real) || file_resolve(&arena, at(folder, "mine"), &real) ||
              file_replace(at(folder, "mine"), SLICE("his")));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(content(file), "his");
    remove_folder(folder);
}

/* A file of another user's is written where only he and root could have put it, and its owner stays. */
static void test_planted(void **state)
{
    (void)state;
    enum { HE = 12345, SHE = 23456 };
    static const struct {
        uid_t folder, file;
        mode_t mode;
        int status;
    } rows[] = {
        {0, 0, 0700, 0},      {0, 0, 01777, 0},         {0, HE, 0700, 0},        {0, HE, 0755, 0},
        {0, HE, 0775, EPERM}, {0, HE, 0757, EPERM},     {0, HE, 0777, EPERM},    {0, HE, 01777, EPERM},
        {HE, HE, 0700, 0},    {HE, HE, 0755, 0},        {HE, HE, 0775, 0},       {HE, HE, 0757, EPERM},
        {HE, HE, 01777, EPERM}, {HE, 0, 0700, 0},       {HE, 0, 0777, 0},        {HE, SHE, 0700, EPERM},
        {HE, SHE, 0755, EPERM},
    };
    char *folder = new_folder();
    if (geteuid() != 0) {
        remove_folder(folder);
        skip();
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = write_file(folder, arena_printf(&arena, "%zu/file", i), "old"), *place = at(folder, arena_printf(&arena, "%zu", i));
        struct stat info;
        assert_true(chown(path, rows[i].file, rows[i].file) == 0 && chown(place, rows[i].folder, rows[i].folder) == 0);
        assert_int_equal(chmod(place, rows[i].mode), 0);
        CHECK(file_replace(path, SLICE("new")) == rows[i].status, "row %zu", i);
        CHECK_TEXT(content(path), rows[i].status ? "old" : "new", "row %zu", i);
        CHECK(stat(path, &info) == 0 && info.st_uid == rows[i].file && info.st_gid == rows[i].file, "row %zu: %d", i, (int)info.st_uid);
        CHECK(count_in(place) == 1, "row %zu: something stayed behind", i);
        CHECK(file_replace(at(place, "another"), SLICE("new")) == 0, "row %zu", i); /* a new file is one's own */
    }
    /* The same for somebody who is not root: the new file is her own. */
    static const struct {
        uid_t folder, file;
        mode_t mode;
        int status;
    } hers[] = {
        {0, HE, 0777, EPERM}, {0, 0, 0777, EPERM}, {0, 0, 01777, EPERM}, {SHE, 0, 0700, 0}, {SHE, 0, 0755, 0}, {SHE, 0, 0757, EPERM},
        {SHE, HE, 0777, EPERM}, {HE, HE, 0777, EPERM}, {SHE, SHE, 0777, 0}, {0, SHE, 0777, 0},
    };
    for (size_t i = 0; i < COUNT(hers); i++) {
        char *path = write_file(folder, arena_printf(&arena, "her%zu/file", i), "old"), *place = at(folder, arena_printf(&arena, "her%zu", i));
        struct stat info;
        int status;
        assert_true(chmod(folder, 0755) == 0 && chown(path, hers[i].file, hers[i].file) == 0 && chmod(path, 0644) == 0);
        assert_true(chown(place, hers[i].folder, hers[i].folder) == 0 && chmod(place, hers[i].mode) == 0);
        pid_t child = fork();
        if (child == 0)
            _exit(setgid(SHE) || setuid(SHE) ? 255 : file_replace(path, SLICE("hers")));
        assert_int_equal(waitpid(child, &status, 0), child);
        CHECK(WEXITSTATUS(status) == hers[i].status, "row %zu: %d", i, WEXITSTATUS(status));
        CHECK_TEXT(content(path), hers[i].status ? "old" : "hers", "row %zu", i);
        CHECK(stat(path, &info) == 0 && info.st_uid == (hers[i].status ? hers[i].file : SHE) && count_in(place) == 1, "row %zu", i);
    }
    remove_folder(folder);
}

static atomic_bool written;

static void *write_often(void *path)
{
    static char a[70001], b[50001];
    memset(a, 'a', sizeof a - 1);
    memset(b, 'b', sizeof b - 1);
    for (int i = 0; i < 200; i++)
        assert_int_equal(file_replace(path, i % 2 ? slice_of(a) : slice_of(b)), 0);
    written = true;
    return NULL;
}

/* Who reads meanwhile sees the old text or the new one. */
static void test_atomic(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = write_file(folder, "f", repeat("a", 70000));
    pthread_t writer;
    int reads = 0;
    written = false;
    pthread_create(&writer, NULL, write_often, path);
    while (!written) {
        struct buf text;
        assert_int_equal(file_read(path, 1 << 20, &text), 0);
        size_t same = strspn(text.data, text.data[0] == 'a' ? "a" : "b");
        assert_true(same == text.len && text.len == (text.data[0] == 'a' ? 70000 : 50000));
        buf_free(&text);
        reads++;
    }
    pthread_join(writer, NULL);
    assert_true(reads > 10);
    assert_int_equal(count_in(folder), 1);
    remove_folder(folder);
}

/* A file system that knows no locks, where a test wants one. */
static int flock_fails;

/* What happens just before somebody locks a file that is open already: it goes away, once. */
static const char *goes_away;

int flock(int fd, int operation)
{
    if (flock_fails) {
        errno = flock_fails;
        return -1;
    }
    const char *path = goes_away;
    goes_away = NULL;
    if (path && unlink(path) < 0)
        abort();
    return (int)syscall(SYS_flock, fd, operation);
}

static int count_open(void)
{
    return count_in("/proc/self/fd");
}

static void test_lock(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = at(folder, "made/for/it/f"), *beside = at(folder, "made/for/it/f.lock");
    char *place = at(folder, "made/for/it");
    struct file_lock lock, second = {7, path}, other;
    int ready[2], before_open = count_open();
    assert_int_equal(file_lock(path, deadline_in(1000), &lock), 0);
    assert_true(lock.fd >= 0 && fcntl(lock.fd, F_GETFD) & FD_CLOEXEC);
    assert_string_equal(lock.path, beside);
    assert_int_equal(mode_of(place), 0700);
    assert_int_equal(mode_of(beside), 0600);
    assert_int_equal(count_in(place), 1); /* the lock's file and nothing else */
    int64_t before = clock_ms();
    assert_int_equal(file_lock(path, deadline_in(150), &second), ETIMEDOUT);
    assert_true(second.fd == -1 && !second.path && clock_ms() - before >= 140 && clock_ms() - before < 2000);
    assert_int_equal(file_lock(path, deadline_in(-1), &second), ETIMEDOUT);
    file_unlock(&second); /* none is held */
    assert_int_equal(access(beside, F_OK), 0);
    /* Other files of the folder have locks of their own. */
    assert_int_equal(file_lock(at(place, "another"), deadline_in(-1), &other), 0);
    assert_int_equal(count_in(place), 2);
    file_unlock(&other);
    assert_true(other.fd == -1 && !other.path);
    file_unlock(&other); /* twice is once */
    assert_int_equal(count_in(place), 1);
    file_unlock(&lock);
    assert_true(lock.fd == -1 && !lock.path);
    assert_int_equal(count_in(place), 0); /* it goes with the lock */
    assert_int_equal(file_lock(path, deadline_in(-1), &lock), 0); /* a free one is had at once */
    file_unlock(&lock);
    /* What is locked is the file, by whichever of its names. */
    char *link = at(folder, "link");
    assert_int_equal(symlink("made/for/it/f", link), 0);
    assert_int_equal(file_lock(link, deadline_in(-1), &lock), 0);
    assert_true(access(beside, F_OK) == 0 && access(at(folder, "link.lock"), F_OK) != 0);
    assert_int_equal(file_lock(path, deadline_in(50), &second), ETIMEDOUT);
    file_unlock(&lock);
    assert_int_equal(count_open(), before_open);

    assert_int_equal(pipe(ready), 0);
    pid_t child = fork(); /* one process holds it for a while, then unlocks and goes on to live */
    if (child == 0) {
        int status = file_lock(path, deadline_in(1000), &lock);
        if (write(ready[1], "x", 1) != 1)
            _exit(9);
        usleep(400000);
        file_unlock(&lock);
        usleep(300000);
        _exit(status);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(file_lock(path, deadline_in(100), &second), ETIMEDOUT);
    before = clock_ms();
    assert_int_equal(file_lock(path, deadline_in(5000), &second), 0);
    int status;
    assert_int_equal(waitpid(child, &status, WNOHANG), 0); /* it is still there: the lock was given back */
    assert_true(clock_ms() - before < 3000);
    file_unlock(&second);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    child = fork(); /* one that is killed with it: its file stays, but is no lock */
    if (child == 0) {
        file_lock(path, deadline_in(1000), &lock);
        if (write(ready[1], "x", 1) != 1)
            _exit(9);
        pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(file_lock(path, deadline_in(50), &second), ETIMEDOUT);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(access(beside, F_OK), 0);
    assert_int_equal(file_lock(path, deadline_in(1000), &second), 0);
    file_unlock(&second);
    assert_int_equal(count_in(place), 0);
    close(ready[0]);
    close(ready[1]);
    remove_folder(folder);
}

/* Nobody loses what he wrote, however many come and go: the lock's file does so as well. */
static void test_turns(void **state)
{
    (void)state;
    enum { WRITERS = 8, TURNS = 60 };
    char *folder = new_folder(), *path = write_file(folder, "count", "0");
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        for (int turn = 0; children[i] == 0 && turn < TURNS; turn++) {
            struct file_lock lock;
            if (file_lock(path, deadline_in(60000), &lock) != 0)
                _exit(1);
            int count = atoi(content(path));
            if (file_replace(path, slice_of(arena_printf(&arena, "%d", count + 1))) != 0)
                _exit(2);
            file_unlock(&lock);
        }
        if (children[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        CHECK(status == 0, "writer %d: %d", i, status);
    }
    assert_int_equal(atoi(content(path)), WRITERS * TURNS);
    assert_int_equal(count_in(folder), 1);
    remove_folder(folder);
}

/* The lock's file went away between its opening and its locking, as its holder gave it back: it is no lock any more. */
static void test_lock_replaced(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = at(folder, "f"), *beside = write_file(folder, "f.lock", "");
    struct file_lock lock, second;
    struct stat held, there;
    goes_away = beside;
    assert_int_equal(file_lock(path, deadline_in(1000), &lock), 0);
    assert_null(goes_away);
    assert_true(fstat(lock.fd, &held) == 0 && held.st_nlink == 1);
    assert_true(stat(beside, &there) == 0 && held.st_ino == there.st_ino);
    assert_int_equal(file_lock(path, deadline_in(50), &second), ETIMEDOUT);
    file_unlock(&lock);
    assert_int_equal(count_in(folder), 0);
    remove_folder(folder);
}

/* What a stranger plants or holds does not keep us waiting, and is not touched. */
static void test_strangers(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = write_file(folder, "f", "old"), *beside = at(folder, "f.lock");
    char *victim = write_file(folder, "victim", "his");
    struct file_lock lock;
    struct stat info;
    int before_open = count_open(), hold = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(hold, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(file_lock(path, deadline_in(-1), &lock), 0); /* the folder's own lock is no matter */
    file_unlock(&lock);
    close(hold);
    assert_int_equal(symlink("victim", beside), 0);
    assert_int_equal(file_lock(path, deadline_in(5000), &lock), EPERM);
    assert_true(lstat(beside, &info) == 0 && S_ISLNK(info.st_mode));
    assert_true(unlink(beside) == 0 && symlink("not-there", beside) == 0);
    assert_int_equal(file_lock(path, deadline_in(5000), &lock), EPERM);
    assert_int_equal(access(at(folder, "not-there"), F_OK), -1); /* nothing is made by it */
    assert_true(unlink(beside) == 0 && mkfifo(beside, 0600) == 0);
    assert_int_equal(file_lock(path, deadline_in(5000), &lock), EPERM);
    assert_true(lock.fd == -1 && !lock.path);
    assert_true(unlink(beside) == 0 && mkdir(beside, 0700) == 0);
    int status = file_lock(path, deadline_in(5000), &lock);
    assert_true(status == EISDIR || status == EPERM);
    assert_int_equal(rmdir(beside), 0);
    if (geteuid() == 0) {
        enum { HE = 12345, SHE = 23456 };
        static const struct {
            uid_t folder, owner; /* of the lock's file */
            mode_t mode, lock_mode;
            uid_t asks;
            int status;
        } rows[] = {
            /* Where anybody could have planted it it is not waited for. */
            {0, HE, 0777, 0600, 0, EPERM}, {0, HE, 0777, 0666, 0, EPERM}, {0, HE, 0777, 0, 0, EPERM}, {0, HE, 01777, 0600, 0, EPERM},
            {0, HE, 0775, 0600, 0, EPERM}, {SHE, HE, 0700, 0600, 0, EPERM}, {SHE, HE, 0777, 0600, SHE, EPERM},
            {SHE, 0, 0777, 0600, SHE, EPERM}, {0, HE, 0777, 0666, SHE, EPERM}, {HE, HE, 0777, 0600, SHE, EPERM},
            /* Where only root, his own or the folder's owner could it is a lock, held or not. */
            {0, HE, 0755, 0600, 0, 0}, {HE, HE, 0755, 0600, 0, 0}, {HE, 0, 0777, 0600, 0, 0}, {SHE, SHE, 0777, 0600, SHE, 0},
            {0, SHE, 01777, 0600, SHE, 0}, {SHE, 0, 0700, 0666, SHE, 0}, {SHE, 0, 0700, 0600, SHE, ETIMEDOUT},
            {SHE, 0, 0755, 0600, SHE, ETIMEDOUT},
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
            char *name = arena_printf(&arena, "%zu/f.lock", i), *own = write_file(folder, name, "planted");
            char *place = at(folder, arena_printf(&arena, "%zu", i)), *file = at(place, "f");
            assert_true(chmod(folder, 0755) == 0 && chown(place, rows[i].folder, rows[i].folder) == 0 && chmod(place, rows[i].mode) == 0);
            assert_true(chown(own, rows[i].owner, rows[i].owner) == 0 && chmod(own, rows[i].lock_mode) == 0);
            pid_t child = fork();
            if (child == 0) {
                if (rows[i].asks && (setgid(rows[i].asks) || setuid(rows[i].asks)))
                    _exit(255);
                int64_t before = clock_ms();
                int got = file_lock(file, deadline_in(rows[i].status == ETIMEDOUT ? 100 : 5000), &lock);
                if ((got == 0) != (lock.fd >= 0) || clock_ms() - before > 3000)
                    _exit(254);
                file_unlock(&lock);
                _exit(got);
            }
            assert_int_equal(waitpid(child, &status, 0), child);
            CHECK(WEXITSTATUS(status) == rows[i].status, "row %zu: %d", i, WEXITSTATUS(status));
            CHECK((access(own, F_OK) == 0) == (rows[i].status != 0), "row %zu", i);
            if (rows[i].status)
                CHECK_TEXT(content(own), "planted", "row %zu", i);
        }
        pid_t child;
        child = fork(); /* a folder that one may not write in has no lock, and is not waited for */
        if (child == 0) {
            write_file(folder, "shut/f", "");
            chmod(at(folder, "shut"), 0555);
            _exit(setgid(23456) || setuid(23456) || file_lock(at(folder, "shut/f"), deadline_in(60000), &lock) != EACCES);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    assert_string_equal(content(victim), "his");
    assert_string_equal(content(path), "old");
    assert_int_equal(count_open(), before_open);
    remove_folder(folder);
}

/* A file system without locks gives none, and nobody waits for it. */
static void test_no_locks(void **state)
{
    (void)state;
    static const int faults[] = {ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL};
    char *folder = new_folder(), *path = at(folder, "f");
    int before_open = count_open();
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct file_lock lock;
        flock_fails = faults[i];
        CHECK(file_lock(path, deadline_in(2000), &lock) == 0 && lock.fd == -1 && !lock.path, "errno %d", faults[i]);
        file_unlock(&lock);
        CHECK(file_replace(path, SLICE("whole")) == 0, "errno %d", faults[i]);
        CHECK(count_in(folder) == 1, "errno %d: something stayed behind", faults[i]);
    }
    struct file_lock lock;
    flock_fails = EINTR;
    assert_int_equal(file_lock(path, deadline_in(100), &lock), ETIMEDOUT);
    flock_fails = 0;
    assert_int_equal(count_open(), before_open);
    remove_folder(folder);
}

RUN(TEST(test_replace), TEST(test_relative), TEST(test_failures), TEST(test_symlinks), TEST(test_chain), TEST(test_owners),
    TEST(test_planted), TEST(test_atomic), TEST(test_lock), TEST(test_turns), TEST(test_lock_replaced),
    TEST(test_strangers), TEST(test_no_locks))
