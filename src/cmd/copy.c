/* copy: an image from any place to any other. */
#include "cmd/moving.h"
#include "cmd/moving_daemon.h"

static int parse(struct moving *moving)
{
    struct option own[MOVING_OPTIONS_MAX];
    struct invocation *in = moving->in;
    if (invocation_parse(in, own, moving_options(moving, own, true)) < 0)
        return -1;
    if (in->operand_count != 2)
        return error_set(&in->error, REASON_USAGE, "copy", "usage: ecr copy [OPTION...] FROM TO");
    if (place_parse(&in->arena, in->operands[0], &moving->from, &in->error) < 0 ||
        place_parse(&in->arena, in->operands[1], &moving->to, &in->error) < 0)
        return -1;
    return moving_settle(moving, false);
}

static int run(struct moving *moving)
{
    if (parse(moving) < 0)
        return -1;
    moving->opened = true;
    if (invocation_open(moving->in, &moving->session) < 0)
        return -1;
    if (moving->from.kind == PLACE_DAEMON && moving->to.kind == PLACE_REGISTRY)
        return moving_push_by_daemon(moving, &moving->to, 1);
    if (moving->from.kind == PLACE_DAEMON || moving->to.kind == PLACE_DAEMON)
        return moving_by_daemon(moving);
    const char *tag = moving->to.kind == PLACE_REGISTRY ? moving->to.reference.tag : moving_tag(moving);
    return moving_run(moving, &tag, tag != NULL) < 0 ? -1 : moving_finish(moving);
}

int cmd_copy(struct invocation *in)
{
    return moving_command(in, run);
}
