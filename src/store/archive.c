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

int archive_scratch_full(int why, struct error *error)
{
    error_set(error, REASON_REFUSED, "the temporary file", "cannot write it: %s", strerror(why));
    error_hint(error, "name a folder with room for the whole image in TMPDIR");
    return -1;
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
        int why = got > 0 ? write_whole(fd, (struct slice){piece, (size_t)got}) : 0;
        if (why)
            return archive_scratch_full(why, error);
    }
}

/* Standard input: as it is where it is a file that begins there, else a copy. */
static int open_stdin(struct error *error)
{
    struct stat info;
    int fd = -1;
    if (fstat(0, &info) == 0 && S_ISREG(info.st_mode) && lseek(0, 0, SEEK_CUR) == 0)
        fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
    if (fd >= 0)
        return fd;
    fd = archive_scratch_file(error);
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

/* Appends the parts of a path. False if it leads out of the archive. */
static bool add_parts(struct buf *path, struct slice parts)
{
    while (parts.data) {
        struct slice part = slice_cut(&parts, '/');
        if (!part.len || slice_is(part, "."))
            continue;
        if (!slice_is(part, "..")) {
            buf_printf(path, "%s%.*s", path->len ? "/" : "", SLICE_ARGS(part));
            continue;
        }
        if (!path->len)
            return false;
        ptrdiff_t slash = slice_rfind(buf_view(path), '/');
        path->len = slash < 0 ? 0 : (size_t)slash;
        path->data[path->len] = 0;
    }
    return true;
}

/* One step, and within the archive: from the folder that the link stands in. */
static const struct tar_entry *follow(const struct archive *archive, const struct tar_entry *link)
{
    struct buf path = BUF_INIT;
    struct slice name = slice_of(link->name);
    ptrdiff_t slash = slice_rfind(name, '/');
    bool within = *link->link != '/' && add_parts(&path, slice_head(name, slash < 0 ? 0 : (size_t)slash)) &&
                  add_parts(&path, slice_of(link->link));
    const struct tar_entry *entry = within ? tar_find(&archive->tar, path.data) : NULL;
    buf_free(&path);
    return entry && entry->type == '0' ? entry : NULL;
}

const struct tar_entry *archive_find(const struct archive *archive, const char *name, struct error *error)
{
    const struct tar_entry *found = tar_find(&archive->tar, name);
    const struct tar_entry *entry = found && found->type == '2' ? follow(archive, found) : found;
    if (entry && entry->type == '0')
        return entry;
    if (!found)
        error_set(error, REASON_USAGE, archive->name, "there is no %s in the archive", name);
    else
        error_set(error, REASON_USAGE, archive->name, "its entry %s is %s", name,
                  found->type == '2'   ? "a link that leads to no file in the archive"
                  : found->type == '1' ? "a hard link, which is not followed"
                                       : "no file");
    return NULL;
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
    return reader_whole(&reader, arena, content, error);
}
