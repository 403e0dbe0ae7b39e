#include "base/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/encode.h"

#define SLOTS        64 /* files written at a time; a thread has one or two */
#define RANDOM_BYTES 8
#define NAME_TRIES   10
#define STALE_S      60 /* whoever made a file locks it at once */

static _Atomic(const char *) slots[SLOTS];

static void enter(const char *path)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const char *none = NULL;
        if (atomic_compare_exchange_strong(&slots[i], &none, path))
            return;
    }
}

void leftover_done(const char *path)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const char *mine = path;
        if (atomic_compare_exchange_strong(&slots[i], &mine, NULL))
            return;
    }
}

void leftovers_remove(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const char *path = atomic_exchange(&slots[i], NULL);
        if (path)
            unlink(path);
    }
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
