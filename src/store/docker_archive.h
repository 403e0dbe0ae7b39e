#ifndef ECR_STORE_DOCKER_ARCHIVE_H
#define ECR_STORE_DOCKER_ARCHIVE_H

#include "store/archive.h"

/* A configuration or a layer of an image in an archive of 'docker save'. */
struct docker_archive_blob {
    const char *digest;
    const char *media_type;
    const struct tar_entry *entry;
};

/* The one image of such an archive, as an OCI image: its layers as they stand there, compressed or not. */
struct docker_archive {
    struct slice manifest;
    struct docker_archive_blob *blobs; /* the configuration first */
    size_t blob_count;
};

/*
 * Reads manifest.json and what it names, and hashes all of it. All lives in `arena`. -1 with an error of reason usage for
 * an archive with several images, or whose parts are missing, links, or not what its configuration says.
 */
int docker_archive_read(const struct archive *archive, struct arena *arena, struct docker_archive *image,
                        struct error *error);

/* The text of a manifest.json: of an image's configuration and layers, by the names of their entries, and its tag (NULL). */
void docker_archive_write_manifest(struct buf *out, const char *config, const char *const *layers, size_t layer_count,
                                   const char *tag);

#endif
