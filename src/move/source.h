#ifndef ECR_MOVE_SOURCE_H
#define ECR_MOVE_SOURCE_H

#include "move/move.h"
#include "registry/download.h"
#include "store/docker_archive.h"
#include "store/layout.h"

/* Where an image comes from. */
struct move_source {
    const struct source_kind *kind;
    const struct place *place;
    struct archive archive;
    struct docker_archive docker;
    struct layout_image image;
};

/* A blob that is being read. */
struct source_blob {
    struct reader reader;
    struct registry_download download;
    struct file_part part;
};

struct source_kind {
    /* -1 with an error; source_close in any case. */
    int (*open)(struct move_source *source, struct arena *arena, struct error *error);

    /* A manifest with its bytes, which have the digest; the image's own without one. */
    int (*manifest)(struct move_source *source, struct mover *mover, const char *digest, struct arena *arena,
                    struct move_manifest *manifest, struct error *error);

    /* Begins to read a blob. */
    int (*blob)(struct move_source *source, struct mover *mover, const struct descriptor *what,
                struct source_blob *blob, struct error *error);
    void (*blob_end)(struct source_blob *blob); /* NULL: nothing is to be done */

    /* The digests of what refers to a manifest, *count of them. NULL: it knows none. */
    int (*referrers)(struct move_source *source, struct mover *mover, const char *digest, struct arena *arena,
                     const char ***list, size_t *count, struct error *error);

    enum reason blame; /* for a content that is not what its digest says */
};

extern const struct source_kind source_registry, source_layout, source_oci_archive, source_docker_archive;

int source_open(struct move_source *source, const struct place *place, struct arena *arena, struct error *error);
void source_close(struct move_source *source);

/* The error for a blob or a manifest whose content is not what its digest says. Returns -1. */
int source_lied(const struct move_source *source, const char *digest, struct error *error);

#endif
