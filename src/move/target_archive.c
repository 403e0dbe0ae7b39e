#include <string.h>

#include "move/target.h"
#include "store/docker_archive.h"
#include "store/layout.h"

static int open_file(struct move_target *target, struct mover *mover, struct error *error)
{
    const struct place *place = target->move->to;
    if (place->fd < 0)
        return archive_out_open(mover->arena, place->path, &target->archive, error);
    archive_out_open_fd(place->fd, place->text, &target->archive);
    return 0;
}

static int open_oci(struct move_target *target, struct mover *mover, struct error *error)
{
    if (open_file(target, mover, error) < 0)
        return -1;
    return archive_out_put(&target->archive, "oci-layout", slice_of(LAYOUT_MARK), error);
}

/* A layer that is not moved: the archive would name what is not in it. */
static const struct move_blob *find_elsewhere(const struct move *move)
{
    for (size_t i = 0; i < move->blob_count; i++)
        if (move->blobs[i].what.elsewhere)
            return &move->blobs[i];
    return NULL;
}

static int open_docker(struct move_target *target, struct mover *mover, struct error *error)
{
    const struct move *move = target->move;
    struct manifest parsed;
    const struct move_blob *elsewhere = find_elsewhere(move);
    if (elsewhere)
        return error_set(error, REASON_UNSUPPORTED, move->to->text,
                         "the layer %s is not to be had from a registry, and such an archive holds all layers",
                         elsewhere->what.digest);
    if (move->manifest_count == 1 && !manifest_parse(mover->arena, move->manifests[0].body, &parsed) &&
        parsed.config.digest)
        return open_file(target, mover, error);
    error_set(error, REASON_USAGE, move->to->text, "such an archive holds one image, and %s is none", move->from->text);
    error_hint(error, "choose one with --platform, or write to oci-archive:FILE");
    return -1;
}

/* A content on its way to its place in the archive. */
struct placing {
    struct archive_out *archive;
    int64_t at;
};

static int place_piece(void *context, int64_t offset, struct slice piece, struct error *error)
{
    const struct placing *placing = context;
    return archive_out_write(placing->archive, placing->at + offset, piece, error);
}

static int take_blob(struct move_target *target, struct mover *mover, struct move_blob *blob,
                     const struct reader *content, struct error *error)
{
    const char *name = layout_entry_name(mover->arena, blob->what.digest);
    struct placing placing = {&target->archive, archive_out_begin(&target->archive, name, content->length, error)};
    if (placing.at < 0 || reader_each(content, place_piece, &placing, error) < 0)
        return -1;
    atomic_store(&blob->state, BLOB_COPIED);
    return archive_out_pad(&target->archive, content->length, error);
}

/* A manifest may be the layer of another one, as strange as that is: it is there then. */
static bool is_blob(const struct move *move, const char *digest)
{
    for (size_t i = 0; i < move->blob_count; i++)
        if (strcmp(move->blobs[i].what.digest, digest) == 0)
            return true;
    return false;
}

static int take_oci_manifest(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                             const char *tag, struct error *error)
{
    (void)tag; /* it stands in the index, which comes last */
    if (is_blob(target->move, manifest->digest))
        return 0;
    return archive_out_put(&target->archive, layout_entry_name(mover->arena, manifest->digest), manifest->body, error);
}

/* The image, and behind it what refers to it. */
static int end_oci(struct move_target *target, struct error *error)
{
    struct buf index = BUF_INIT;
    const struct move *move = target->move;
    size_t count = move->manifest_count - move->root;
    struct layout_image *images = arena_array(move->arena, count, sizeof *images);
    for (size_t i = 0; i < count; i++) {
        const struct move_manifest *manifest = &move->manifests[move->root + i];
        images[i] = (struct layout_image){manifest->digest, manifest->media_type, manifest->size};
    }
    layout_write_index(&index, images, count, move->tag_count ? move->tags[0] : NULL);
    int status = archive_out_put(&target->archive, "index.json", buf_view(&index), error);
    buf_free(&index);
    return status < 0 ? -1 : archive_out_end(&target->archive, error);
}

static int take_docker_manifest(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                                const char *tag, struct error *error)
{
    (void)tag; /* an archive of docker's holds a whole name */
    struct manifest parsed;
    struct buf text = BUF_INIT;
    struct arena *arena = mover->arena;
    if (manifest_parse(arena, manifest->body, &parsed)) /* it was taken apart before */
        return -1;
    const char **layers = arena_array(arena, parsed.layer_count + 1, sizeof *layers);
    for (size_t i = 0; i < parsed.layer_count; i++)
        layers[i] = layout_entry_name(arena, parsed.layers[i].digest);
    docker_archive_write_manifest(&text, layout_entry_name(arena, parsed.config.digest), layers, parsed.layer_count,
                                  target->move->name);
    int status = archive_out_put(&target->archive, "manifest.json", buf_view(&text), error);
    buf_free(&text);
    return status;
}

static int end(struct move_target *target, struct error *error)
{
    return archive_out_end(&target->archive, error);
}

static void drop(struct move_target *target)
{
    archive_out_drop(&target->archive);
}

const struct target_kind target_oci_archive = {open_oci, take_blob, take_oci_manifest, end_oci, drop};
const struct target_kind target_docker_archive = {open_docker, take_blob, take_docker_manifest, end, drop};
