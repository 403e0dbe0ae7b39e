#include "base/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/encode.h"

#define SLOTS        16 /* files written at a time; a thread has one */
#define RANDOM_BYTES 8
#define NAME_TRIES   10
#define STALE_S      60 /* whoever made a file locks it at once */

/* The paths are copies: a signal may come when whoever made them is gone. */
static struct {
    atomic_int state;
    char path[PATH_MAX];
} slots[SLOTS];
enum { SLOT_FREE, SLOT_BUSY, SLOT_USED };

static atomic_bool ending;

static void enter(const char *path)
{
    if (strlen(path) >= PATH_MAX) /* no file can be made under such a name */
        return;
    for (size_t i = 0; i < SLOTS; i++) {
        int state = SLOT_FREE;
        if (!atomic_compare_exchange_strong(&slots[i].state, &state, SLOT_BUSY))
            continue;
        memcpy(slots[i].path, path, strlen(path) + 1);
        atomic_store(&slots[i].state, SLOT_USED);
        return;
    }
}

void leftover_done(const char *path)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (atomic_load(&slots[i].state) == SLOT_USED && strcmp(slots[i].path, path) == 0)
            atomic_store(&slots[i].state, SLOT_FREE);
}

void leftovers_remove(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        int state = SLOT_USED;
        if (!atomic_compare_exchange_strong(&slots[i].state, &state, SLOT_BUSY))
            continue;
        unlink(slots[i].path);
        atomic_store(&slots[i].state, SLOT_FREE);
    }
}

void leftovers_end(void)
{
    atomic_store(&ending, true);
    leftovers_remove();
}

static void on_signal(int number)
{
    leftovers_end();
    signal(number, SIG_DFL);
    raise(number);
}

void leftovers_guard(void)
{
    static const int numbers[] = {SIGHUP, SIGQUIT};
    struct sigaction usual, ours = {.sa_handler = on_signal};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &usual) == 0 && usual.sa_handler == SIG_DFL)
            sigaction(numbers[i], &ours, NULL);
}

static char *random_name(struct arena *arena, const char *front)
{
    uint8_t bytes[RANDOM_BYTES];
    struct buf name = BUF_INIT;
    if (getentropy(bytes, sizeof bytes) < 0)
        return NULL;
    buf_str(&name, front);
    encode_hex(&name, bytes, sizeof bytes);
    return buf_detach(&name, arena);
}

/* A file that a signal's handler did not see any more. */
static void end_with(const char *path)
{
    unlink(path);
    for (;;)
        pause();
}

int leftover_make(struct arena *arena, const char *front, char **path)
{
    int fd = -1;
    for (int i = 0; i < NAME_TRIES && fd < 0; i++) {
        *path = random_name(arena, front);
        if (!*path)
            return -1;
        enter(*path); /* before it is there: a signal may come in between */
        fd = open(*path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0)
            break;
        int why = errno;
        leftover_done(*path);
        errno = why;
        if (why != EEXIST)
            return -1;
    }
    if (atomic_load(&ending))
        end_with(*path);
    if (fd >= 0)
        flock(fd, LOCK_EX | LOCK_NB);
    return fd;
}

static bool is_stale(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_mtime < time(NULL) - STALE_S &&
           flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void leftover_sweep(const char *folder, const char *front)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (!slice_starts(slice_of(entry->d_name), front))
            continue;
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 && is_stale(fd))
            unlinkat(dirfd(dir), entry->d_name, 0);
        if (fd >= 0)
            close(fd);
    }
    closedir(dir);
}

int leftover_finish(int fd, const char *path, const char *final, mode_t mode)
{
    int why = fchmod(fd, mode) < 0 ? errno : 0;
    if (close(fd) < 0 && !why) /* some file systems tell only here that there was no room */
        why = errno;
    if (!why && rename(path, final) < 0)
        why = errno;
    if (why)
        unlink(path);
    leftover_done(path);
    return why;
}

mode_t usual_mode(const char *path)
{
    struct stat info;
    mode_t mask = umask(0);
    umask(mask);
    return stat(path, &info) == 0 ? info.st_mode & 0777 : 0666 & ~mask;
}
