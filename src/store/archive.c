#include "store/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define STDIN_IDLE_MS 300000 /* a daemon that saves a large image takes its time before the first byte */
#define PIECE         65536

void archive_close(struct archive *archive)
{
    if (archive->tar.fd > 0)
        close(archive->tar.fd);
    archive->tar.fd = -1;
}

/* A file without a name in a folder; where the file system has none such, one that loses its name at once. */
static int make_nameless(const char *folder)
{
    struct arena scratch = {0};
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        char *path = arena_printf(&scratch, "%s/.ecr-XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    arena_free(&scratch);
    return fd;
}

int archive_scratch_file(struct error *error)
{
    const char *const folders[] = {env_get("TMPDIR"), "/tmp", "/var/tmp", "."};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        int fd = folders[i] ? make_nameless(folders[i]) : -1;
        if (fd >= 0)
            return fd;
    }
    error_set(error, REASON_REFUSED, "/tmp", "no file can be made there, nor in this folder: %s", strerror(errno));
    error_hint(error, "name a folder that can be written to in TMPDIR");
    return -1;
}

static int cannot_read(const char *name, int why, struct error *error)
{
    return error_set(error, REASON_USAGE, name, "cannot read it: %s", strerror(why));
}

static int write_all(int fd, const char *data, size_t len, struct error *error)
{
    while (len) {
        ssize_t done = write(fd, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return error_set(error, REASON_REFUSED, "standard input", "it cannot be kept: %s",
                             strerror(done < 0 ? errno : ENOSPC));
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

static int copy_stdin(int fd, struct error *error)
{
    char piece[PIECE];
    for (;;) {
        struct pollfd input = {0, POLLIN, 0};
        if (poll(&input, 1, STDIN_IDLE_MS) == 0)
            return error_set(error, REASON_USAGE, "standard input", "nothing came for a long time");
        ssize_t got = read(0, piece, sizeof piece);
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return cannot_read("standard input", errno, error);
        if (got == 0)
            return 0;
        if (got > 0 && write_all(fd, piece, (size_t)got, error) < 0)
            return -1;
    }
}

/* Standard input: as it is where it is a file that begins there, else a copy. */
static int open_stdin(struct error *error)
{
    struct stat info;
    if (fstat(0, &info) == 0 && S_ISREG(info.st_mode) && lseek(0, 0, SEEK_CUR) == 0)
        return fcntl(0, F_DUPFD_CLOEXEC, 3);
    int fd = archive_scratch_file(error);
    if (fd >= 0 && copy_stdin(fd, error) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int refuse_compressed(int fd, const char *name, struct error *error)
{
    static const struct {
        const char *bytes, *name, *tool;
    } kinds[] = {{"\x1f\x8b", "gzip", "gunzip"},
                 {"\x28\xb5\x2f\xfd", "zstd", "unzstd"},
                 {"\xfd"
                  "7zXZ",
                  "xz", "unxz"},
                 {"BZh", "bzip2", "bunzip2"}};
    char head[8] = {0};
    if (pread(fd, head, sizeof head, 0) < 0)
        return cannot_read(name, errno, error);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (memcmp(head, kinds[i].bytes, strlen(kinds[i].bytes)) == 0) {
            error_set(error, REASON_USAGE, name, "the archive is compressed (%s)", kinds[i].name);
            error_hint(error, "unpack it first: %s FILE", kinds[i].tool);
            return -1;
        }
    return 0;
}

int archive_open_fd(struct arena *arena, int fd, const char *name, struct archive *archive, struct error *error)
{
    *archive = (struct archive){.name = name, .tar = {.fd = fd}};
    if (refuse_compressed(fd, name, error) < 0)
        return -1;
    return tar_index(arena, fd, name, &archive->tar, error);
}

int archive_open(struct arena *arena, const char *file, struct archive *archive, struct error *error)
{
    struct stat info;
    bool is_stdin = strcmp(file, "-") == 0;
    const char *name = is_stdin ? "standard input" : file;
    *archive = (struct archive){.name = name, .tar = {.fd = -1}};
    int fd = is_stdin ? open_stdin(error) : open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return is_stdin ? -1 : cannot_read(name, errno, error);
    archive->tar.fd = fd;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return error_set(error, REASON_USAGE, name, "it is no file");
    return archive_open_fd(arena, fd, name, archive, error);
}

const struct tar_entry *archive_find(const struct archive *archive, const char *name, struct error *error)
{
    const struct tar_entry *entry = tar_find(&archive->tar, name);
    if (!entry)
        error_set(error, REASON_USAGE, archive->name, "there is no %s in the archive", name);
    else if (entry->type != '0')
        error_set(error, REASON_USAGE, archive->name, "its entry %s is %s", name,
                  entry->type == '1' || entry->type == '2' ? "a link, which is not followed" : "no file");
    return entry && entry->type == '0' ? entry : NULL;
}

struct file_part archive_part(const struct archive *archive, const struct tar_entry *entry)
{
    return (struct file_part){archive->tar.fd, archive->name, entry->offset, entry->size};
}

int archive_read(const struct archive *archive, const struct tar_entry *entry, size_t limit, struct arena *arena,
                 struct slice *content, struct error *error)
{
    struct file_part part = archive_part(archive, entry);
    struct reader reader = file_part_reader(&part);
    if (entry->size > (int64_t)limit)
        return error_set(error, REASON_USAGE, archive->name, "its entry %s is larger than the %zu bytes it may have",
                         entry->name, limit);
    char *data = arena_alloc(arena, (size_t)entry->size + 1);
    for (int64_t done = 0; done < entry->size;) {
        ssize_t got = reader.read(reader.context, done, data + done, (size_t)(entry->size - done), error);
        if (got < 0)
            return -1;
        done += got;
    }
    *content = (struct slice){data, (size_t)entry->size};
    return 0;
}
