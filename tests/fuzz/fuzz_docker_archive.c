/* Archives of 'docker save': an image that is taken has the parts whose digests its manifest names. */
#include "image/digest.h"
#include "image/manifest.h"
#include "store/docker_archive.h"
#include "tarball.h"

static void check_blob(const struct docker_archive_blob *blob, const struct descriptor *said, const uint8_t *data,
                       size_t size)
{
    const struct tar_entry *entry = blob->entry;
    MUST(entry->type == '0' && entry->offset >= 0 && entry->size >= 0 && entry->offset + entry->size <= (int64_t)size);
    struct slice content = {(const char *)data + entry->offset, (size_t)entry->size};
    MUST(digest_fits(blob->digest, content));
    MUST(strcmp(blob->digest, said->digest) == 0 && said->size == entry->size && !said->elsewhere);
    MUST(strcmp(blob->media_type, said->media_type) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct archive archive;
    struct docker_archive image;
    struct manifest manifest;
    struct error error;
    struct arena arena = {NULL};
    error_init(&error, &arena);
    int status = archive_open_fd(&arena, input_file(data, size), "a.tar", &archive, &error);
    if (status == 0)
        status = docker_archive_read(&archive, &arena, &image, &error);
    if (status == 0) {
        MUST(image.blob_count > 0 && !manifest_parse(&arena, image.manifest, &manifest));
        MUST(!manifest.is_index && manifest.layer_count == image.blob_count - 1);
        for (size_t i = 0; i < image.blob_count; i++)
            check_blob(&image.blobs[i], i ? &manifest.layers[i - 1] : &manifest.config, data, size);
    } else {
        MUST(error.reason == REASON_USAGE && strcmp(error.subject, "a.tar") == 0 && *error.cause);
    }
    archive_close(&archive);
    arena_free(&arena);
    return 0;
}
