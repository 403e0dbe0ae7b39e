#include "move/target.h"

static const struct target_kind *const kinds[] = {[PLACE_REGISTRY] = &target_registry,
                                                  [PLACE_LAYOUT] = &target_layout,
                                                  [PLACE_OCI_ARCHIVE] = &target_oci_archive,
                                                  [PLACE_DOCKER_ARCHIVE] = &target_docker_archive};

int target_open(struct move_target *target, struct move *move, struct mover *mover, struct error *error)
{
    *target = (struct move_target){.kind = kinds[move->to->kind], .move = move};
    return target->kind->open(target, mover, error);
}

bool target_is_in_order(const struct move_target *target)
{
    return target->archive.in_order;
}
