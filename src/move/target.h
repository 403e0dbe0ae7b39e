#ifndef ECR_MOVE_TARGET_H
#define ECR_MOVE_TARGET_H

#include "base/reader.h"
#include "move/move.h"
#include "store/archive_out.h"

/* Where an image goes. */
struct move_target {
    const struct target_kind *kind;
    struct move *move;
    struct archive_out archive;
    bool knows_blobs; /* of each blob it is known whether it has it */
};

struct target_kind {
    /* Before anything is moved: what cannot go there is refused, and the blobs that it has are marked so. */
    int (*open)(struct move_target *target, struct mover *mover, struct error *error);

    /* Takes a blob. Its state becomes the one that it ends in. */
    int (*blob)(struct move_target *target, struct mover *mover, struct move_blob *blob, const struct reader *content,
                struct error *error);

    /* Takes a manifest; under a tag, if that is not NULL. */
    int (*manifest)(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                    const char *tag, struct error *error);

    int (*end)(struct move_target *target, struct error *error); /* all is there; NULL: nothing is to be done */
    void (*drop)(struct move_target *target);                    /* it failed; NULL: the same */
};

extern const struct target_kind target_registry, target_layout, target_oci_archive, target_docker_archive;

int target_open(struct move_target *target, struct move *move, struct mover *mover, struct error *error);

/* Whether its blobs must come one after the other. */
bool target_is_in_order(const struct move_target *target);

#endif
