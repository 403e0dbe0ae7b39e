#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/digest.h"
#include "move/source.h"
#include "registry/manifest.h"
#include "registry/referrer.h"

/* OCI layouts, in a folder or in an archive. */

static int open_layout(struct move_source *source, struct arena *arena, struct error *error)
{
    return layout_find(arena, source->place->path, source->place->tag, &source->image, error);
}

static int open_archive(struct move_source *source, struct arena *arena, struct error *error)
{
    struct slice text, mark;
    if (archive_open(arena, source->place->path, &source->archive, error) < 0)
        return -1;
    const struct tar_entry *marked = archive_find(&source->archive, "oci-layout", error);
    const struct tar_entry *entry = marked ? archive_find(&source->archive, "index.json", error) : NULL;
    if (!entry) {
        error_hint(error, "is it an archive of an OCI layout? That of 'docker save' is docker-archive:%s",
                   source->archive.name);
        return -1;
    }
    if (archive_read(&source->archive, marked, LAYOUT_INDEX_MAX, arena, &mark, error) < 0 ||
        layout_check_mark(arena, source->archive.name, mark, error) < 0 ||
        archive_read(&source->archive, entry, LAYOUT_INDEX_MAX, arena, &text, error) < 0)
        return -1;
    return layout_find_in(arena, source->archive.name, text, source->place->tag, &source->image, error);
}

static int cannot_read(const char *path, int why, struct error *error)
{
    return error_set(error, REASON_USAGE, path, "%s: %s",
                     why == ENOENT ? "the layout lacks this blob" : "cannot read it", strerror(why));
}

static int check_size(const char *path, int64_t is, int64_t said, struct error *error)
{
    return said < 0 || is == said ? 0
                                  : error_set(error, REASON_USAGE, path, "it has %lld bytes, and should have %lld",
                                              (long long)is, (long long)said);
}

static int open_file(struct move_source *source, struct mover *mover, const struct descriptor *what,
                     struct source_blob *blob, struct error *error)
{
    struct stat info;
    const char *path = layout_blob_path(mover->arena, source->place->path, what->digest);
    blob->part = (struct file_part){open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), path, 0, 0};
    if (blob->part.fd < 0)
        return cannot_read(path, errno, error);
    int status = fstat(blob->part.fd, &info) < 0 || !S_ISREG(info.st_mode)
                     ? error_set(error, REASON_USAGE, path, "it is no file")
                     : check_size(path, info.st_size, what->size, error);
    if (status < 0) {
        close(blob->part.fd);
        return -1;
    }
    blob->part.length = info.st_size;
    blob->reader = file_part_reader(&blob->part);
    return 0;
}

static void close_file(struct source_blob *blob)
{
    close(blob->part.fd);
}

static int open_entry(struct move_source *source, struct mover *mover, const struct descriptor *what,
                      struct source_blob *blob, struct error *error)
{
    const char *name = layout_entry_name(mover->arena, what->digest);
    const struct tar_entry *entry = archive_find(&source->archive, name, error);
    if (!entry || check_size(arena_printf(mover->arena, "%s: %s", source->archive.name, name), entry->size, what->size,
                             error) < 0)
        return -1;
    blob->part = archive_part(&source->archive, entry);
    blob->reader = file_part_reader(&blob->part);
    return 0;
}

static int read_blob_file(const char *path, struct arena *arena, struct slice *body, struct error *error)
{
    struct buf text;
    int why = file_read(path, MANIFEST_MAX, &text);
    if (why)
        return cannot_read(path, why, error);
    *body = arena_slice(arena, buf_view(&text));
    buf_free(&text);
    return 0;
}

static int read_body(struct move_source *source, const char *digest, struct arena *arena, struct slice *body,
                     struct error *error)
{
    if (source->place->kind == PLACE_LAYOUT)
        return read_blob_file(layout_blob_path(arena, source->place->path, digest), arena, body, error);
    const struct tar_entry *entry = archive_find(&source->archive, layout_entry_name(arena, digest), error);
    return entry ? archive_read(&source->archive, entry, MANIFEST_MAX, arena, body, error) : -1;
}

static int get_manifest(struct move_source *source, struct mover *mover, const char *digest, struct arena *arena,
                        struct move_manifest *manifest, struct error *error)
{
    (void)mover;
    bool named = !digest;
    if (named)
        digest = source->image.digest;
    *manifest = (struct move_manifest){.digest = digest, .media_type = named ? source->image.media_type : NULL};
    if (read_body(source, digest, arena, &manifest->body, error) < 0)
        return -1;
    manifest->size = (int64_t)manifest->body.len;
    if (!digest_fits(digest, manifest->body))
        return source_lied(source, digest, error);
    return named ? check_size(source->place->text, manifest->size, source->image.size, error) : 0;
}

static int list_referrers(struct move_source *source, struct mover *mover, const char *digest, struct arena *arena,
                          const char ***list, size_t *count, struct error *error)
{
    struct slice text = {NULL, 0};
    size_t all = 0;
    (void)mover;
    bool archive = source->place->kind == PLACE_OCI_ARCHIVE;
    const struct tar_entry *entry = archive ? archive_find(&source->archive, "index.json", error) : NULL;
    if (entry && archive_read(&source->archive, entry, LAYOUT_INDEX_MAX, arena, &text, error) < 0)
        return -1;
    if (layout_list(arena, source->place->path, entry ? &text : NULL, list, &all, error) < 0)
        return -1;
    for (size_t i = 0; i < all; i++) {
        struct arena scratch = {0};
        struct slice body = {NULL, 0};
        int status = read_body(source, (*list)[i], &scratch, &body, error);
        const char *subject = status == 0 ? registry_subject(&scratch, body) : NULL;
        if (subject && strcmp(subject, digest) == 0)
            (*list)[(*count)++] = (*list)[i];
        arena_free(&scratch);
        if (status < 0)
            return -1;
    }
    return 0;
}

const struct source_kind source_layout = {.open = open_layout,
                                          .manifest = get_manifest,
                                          .blob = open_file,
                                          .blob_end = close_file,
                                          .referrers = list_referrers,
                                          .blame = REASON_USAGE};

const struct source_kind source_oci_archive = {.open = open_archive,
                                               .manifest = get_manifest,
                                               .blob = open_entry,
                                               .referrers = list_referrers,
                                               .blame = REASON_USAGE};
