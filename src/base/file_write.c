#include "base/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define LINKS_MAX     8  /* one or two are usual: dotfile managers */
#define LOCK_RETRY_MS 20 /* flock cannot wait with a deadline */
#define LINK_TEXT_MAX 4096

static char *folder_of(struct arena *arena, const char *path)
{
    struct slice text = slice_of(path);
    ptrdiff_t slash = slice_rfind(text, '/');
    if (slash < 0)
        return arena_strdup(arena, ".");
    return arena_copy(arena, slice_head(text, slash ? (size_t)slash : 1));
}

/* The target of a symlink that may be followed; `path` itself when it is none. */
static int follow_link(struct arena *arena, const char **path, bool *was_link)
{
    struct stat info;
    char target[LINK_TEXT_MAX];
    *was_link = lstat(*path, &info) == 0 && S_ISLNK(info.st_mode);
    if (!*was_link)
        return 0;
    if (info.st_uid != geteuid() && info.st_uid != 0)
        return EPERM;
    ssize_t len = readlink(*path, target, sizeof target);
    if (len <= 0 || (size_t)len == sizeof target)
        return len < 0 ? errno : ENAMETOOLONG;
    char *text = arena_copy(arena, (struct slice){target, (size_t)len});
    *path = *text == '/' ? text : arena_printf(arena, "%s/%s", folder_of(arena, *path), text);
    return 0;
}

int file_resolve(struct arena *arena, const char *path, const char **real)
{
    bool was_link = true;
    *real = arena_strdup(arena, path);
    for (int links = 0; was_link; links++) {
        int status = links > LINKS_MAX ? ELOOP : follow_link(arena, real, &was_link);
        if (status)
            return status;
    }
    return 0;
}

/* Every folder of the path that is missing. */
static int make_folders(struct arena *arena, const char *folder)
{
    struct stat info;
    if (stat(folder, &info) == 0)
        return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    if (strchr(folder, '/')) {
        int status = make_folders(arena, folder_of(arena, folder));
        if (status)
            return status;
    }
    return mkdir(folder, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

static int write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t sent = write(fd, text.data, text.len);
        if (sent < 0 && errno != EINTR)
            return errno;
        text = slice_from(text, sent > 0 ? (size_t)sent : 0);
    }
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

/* Whether a file of that owner beside `path` can have been put there only by root, its owner or ourselves. */
static bool is_trustworthy(struct arena *arena, const char *path, uid_t owner)
{
    struct stat folder;
    if (owner == geteuid())
        return true;
    if (stat(folder_of(arena, path), &folder) < 0)
        return false;
    bool known = folder.st_uid == owner || folder.st_uid == geteuid() || folder.st_uid == 0;
    return known && !(folder.st_mode & (folder.st_uid == 0 ? S_IWOTH | S_IWGRP : S_IWOTH));
}

/*
 * Only root can keep the file another user's; for everybody else the new one is his own. A file that a stranger may have
 * planted would hand him what is written.
 */
static int keep_owner(struct arena *arena, int fd, const char *path)
{
    struct stat file;
    if (lstat(path, &file) < 0 || file.st_uid == geteuid())
        return 0;
    if (!is_trustworthy(arena, path, file.st_uid))
        return EPERM;
    if (geteuid() == 0)
        (void)!fchown(fd, file.st_uid, file.st_gid); /* a file system without owners has nothing to keep */
    return 0;
}

/* A device or a pipe is not replaced by a file: who named it wants the bytes to go there, and they would not. */
static bool is_other_than_file(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static int replace(struct arena *arena, const char *path, struct slice text)
{
    uint64_t number = 0;
    if (is_other_than_file(path))
        return EINVAL;
    if (getrandom(&number, sizeof number, 0) < 0)
        return errno;
    char *fresh = arena_printf(arena, "%s.%016llx", path, (unsigned long long)number);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int status = keep_owner(arena, fd, path);
    if (status == 0)
        status = write_all(fd, text);
    if (close(fd) < 0 && status == 0)
        status = errno;
    if (status == 0 && rename(fresh, path) < 0)
        status = errno;
    if (status)
        unlink(fresh);
    return status;
}

int file_replace(const char *path, struct slice text)
{
    struct arena arena = {0};
    const char *real;
    int status = file_resolve(&arena, path, &real);
    if (status == 0)
        status = make_folders(&arena, folder_of(&arena, real));
    if (status == 0)
        status = replace(&arena, real, text);
    arena_free(&arena);
    return status;
}

/*
 * Opens the lock's file and locks it. EAGAIN while somebody holds it, EPERM for a file that a stranger may have planted,
 * ENOLCK for a file system without locks.
 */
static int try_lock(struct arena *arena, const char *path, int *fd)
{
    struct stat held, there;
    *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (*fd < 0 && errno != EACCES)
        return errno == ELOOP ? EPERM : errno;
    if (lstat(path, &there) < 0)
        return *fd < 0 ? EACCES : EAGAIN;
    if (!S_ISREG(there.st_mode) || !is_trustworthy(arena, path, there.st_uid))
        return EPERM;
    if (*fd < 0)
        return EAGAIN; /* root's, who writes for us at this moment */
    if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : ENOLCK;
    /* Whoever held it before took its file away: then what was locked is no lock any more. */
    bool same = fstat(*fd, &held) == 0 && lstat(path, &there) == 0 && held.st_ino == there.st_ino &&
                held.st_dev == there.st_dev;
    return same ? 0 : EAGAIN;
}

static int wait_for_lock(struct arena *arena, const char *path, int64_t deadline, int *fd)
{
    for (;;) {
        int status = try_lock(arena, path, fd);
        if (status == 0)
            return 0;
        if (status == ENOLCK)
            unlink(path);
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        if (status != EAGAIN)
            return status == ENOLCK ? 0 : status;
        if (deadline_passed(deadline))
            return ETIMEDOUT;
        clock_sleep_until(deadline_earlier(deadline, deadline_in(LOCK_RETRY_MS)));
    }
}

int file_lock(const char *path, int64_t deadline, struct file_lock *lock)
{
    struct arena arena = {0};
    const char *real;
    *lock = FILE_LOCK_NONE;
    int status = file_resolve(&arena, path, &real);
    if (status == 0)
        status = make_folders(&arena, folder_of(&arena, real));
    if (status == 0) {
        struct buf name = BUF_INIT;
        buf_printf(&name, "%s.lock", real);
        lock->path = name.data;
        status = wait_for_lock(&arena, name.data, deadline, &lock->fd);
    }
    arena_free(&arena);
    if (lock->fd < 0) {
        free(lock->path);
        lock->path = NULL;
    }
    return status;
}

void file_unlock(struct file_lock *lock)
{
    if (lock->fd < 0)
        return;
    unlink(lock->path); /* while it is held: nobody else can have locked it */
    close(lock->fd);
    free(lock->path);
    *lock = FILE_LOCK_NONE;
}
