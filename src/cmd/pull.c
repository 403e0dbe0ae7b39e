/* pull: an image from a registry to a place on this machine. */
#include <string.h>

#include "cmd/moving.h"
#include "cmd/moving_daemon.h"

/* "oci:" and the last component of the repository's name. */
static const char *usual_place(struct moving *moving)
{
    const char *repository = moving->from.reference.repository;
    const char *last = strrchr(repository, '/');
    return arena_printf(&moving->in->arena, "oci:%s", last ? last + 1 : repository);
}

static int parse(struct moving *moving)
{
    struct option own[MOVING_OPTIONS_MAX];
    struct invocation *in = moving->in;
    if (invocation_parse(in, own, moving_options(moving, own, false)) < 0)
        return -1;
    if (in->operand_count < 1 || in->operand_count > 2)
        return error_set(&in->error, REASON_USAGE, "pull", "usage: ecr pull [OPTION...] IMAGE [PLACE]");
    if (place_parse(&in->arena, in->operands[0], &moving->from, &in->error) < 0)
        return -1;
    if (moving->from.kind != PLACE_REGISTRY)
        return error_set(&in->error, REASON_USAGE, in->operands[0],
                         "an image is pulled from a registry: 'ecr copy' takes other places");
    const char *place = in->operand_count == 2 ? in->operands[1] : usual_place(moving);
    if (place_parse(&in->arena, place, &moving->to, &in->error) < 0)
        return -1;
    if (moving->to.kind == PLACE_REGISTRY) {
        error_set(&in->error, REASON_USAGE, place, "that is a registry's image: 'ecr copy' copies from one to another");
        error_hint(&in->error, "a place is oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or docker:IMAGE");
        return -1;
    }
    return moving_settle(moving, true);
}

static int run(struct moving *moving)
{
    struct invocation *in = moving->in;
    if (parse(moving) < 0)
        return -1;
    moving->opened = true;
    if (invocation_open(in, &moving->session) < 0)
        return -1;
    if (moving->to.kind == PLACE_DAEMON)
        return moving_by_daemon(moving);
    const char *tag = moving_tag(moving);
    return moving_run(moving, &tag, tag != NULL) < 0 ? -1 : moving_finish(moving);
}

int cmd_pull(struct invocation *in)
{
    return moving_command(in, run);
}
