#include <string.h>

#include "base/clock.h"
#include "move/target.h"
#include "store/layout.h"

#define LOCK_WAIT_MS 60000

static int open_layout(struct move_target *target, struct mover *mover, struct error *error)
{
    return layout_make(mover->arena, target->move->to->path, deadline_in(LOCK_WAIT_MS), error);
}

static int add_piece(void *context, int64_t offset, struct slice piece, struct error *error)
{
    (void)offset; /* they come in their order */
    return layout_blob_add(context, piece, error);
}

static int take_blob(struct move_target *target, struct mover *mover, struct move_blob *blob,
                     const struct reader *content, struct error *error)
{
    struct layout_blob file;
    const char *dir = target->move->to->path;
    if (layout_blob_is_sound(dir, blob->what.digest, blob->what.size)) {
        atomic_store(&blob->state, BLOB_EXISTS);
        return 0;
    }
    if (layout_blob_begin(mover->arena, dir, blob->what.digest, blob->what.size, &file, error) < 0)
        return -1;
    if (reader_each(content, add_piece, &file, error) < 0) {
        layout_blob_drop(&file);
        return -1;
    }
    atomic_store(&blob->state, BLOB_COPIED);
    return layout_blob_end(&file, error);
}

static int put_manifest(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                        struct error *error)
{
    struct layout_blob file;
    const char *dir = target->move->to->path;
    if (layout_blob_is_sound(dir, manifest->digest, manifest->size))
        return 0;
    if (layout_blob_begin(mover->arena, dir, manifest->digest, manifest->size, &file, error) < 0)
        return -1;
    if (layout_blob_add(&file, manifest->body, error) < 0) {
        layout_blob_drop(&file);
        return -1;
    }
    return layout_blob_end(&file, error);
}

static int take_manifest(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                         const char *tag, struct error *error)
{
    struct move *move = target->move;
    const struct move_manifest *root = &move->manifests[move->root];
    struct layout_image image = {manifest->digest, manifest->media_type, manifest->size};
    bool named = strcmp(root->digest, manifest->digest) == 0 || manifest > root; /* referrers stand behind the image */
    if (put_manifest(target, mover, manifest, error) < 0)
        return -1;
    return named ? layout_enter(mover->arena, move->to->path, tag, &image, deadline_in(LOCK_WAIT_MS), error) : 0;
}

const struct target_kind target_layout = {open_layout, take_blob, take_manifest, NULL, NULL};
