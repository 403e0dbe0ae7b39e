#include <fcntl.h>
#include <string.h>

#include "image/digest.h"
#include "move/source.h"

/* Archives of 'docker save': their image gets a manifest of ours. */

static int open_archive(struct move_source *source, struct arena *arena, struct error *error)
{
    const struct place *place = source->place;
    int fd = place->fd < 0 ? -1 : fcntl(place->fd, F_DUPFD_CLOEXEC, 3);
    int opened = fd < 0 ? archive_open(arena, place->path, &source->archive, error)
                        : archive_open_fd(arena, fd, place->text, &source->archive, error);
    if (opened < 0)
        return -1;
    return docker_archive_read(&source->archive, arena, &source->docker, error);
}

static int get_manifest(struct move_source *source, struct mover *mover, const char *digest, struct arena *arena,
                        struct move_manifest *manifest, struct error *error)
{
    (void)mover;
    (void)error;
    (void)digest; /* there is no other */
    *manifest = (struct move_manifest){digest_of(arena, source->docker.manifest), NULL, source->docker.manifest,
                                       (int64_t)source->docker.manifest.len};
    return 0;
}

static int open_blob(struct move_source *source, struct mover *mover, const struct descriptor *what,
                     struct source_blob *blob, struct error *error)
{
    (void)mover;
    (void)error;
    size_t i = 0; /* the manifest that names it was made of these */
    while (strcmp(source->docker.blobs[i].digest, what->digest) != 0)
        i++;
    blob->part = archive_part(&source->archive, source->docker.blobs[i].entry);
    blob->reader = file_part_reader(&blob->part);
    return 0;
}

const struct source_kind source_docker_archive = {
    .open = open_archive, .manifest = get_manifest, .blob = open_blob, .blame = REASON_USAGE};
