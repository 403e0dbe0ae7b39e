#include "cmd/verdicts.h"

int cmd_check(struct invocation *in)
{
    struct session session;
    struct image_arguments arguments = {.via = 0};
    struct option own[IMAGE_OPTIONS];
    struct check_options options;
    struct item *items;
    size_t count;
    if (invocation_parse(in, own, image_options(&arguments, own)) < 0 ||
        images_check_options(in, &arguments, &options) < 0 || images_read(in, &arguments, &items, &count) < 0)
        return invocation_fail(in);
    int status = invocation_open(in, &session) < 0
                     ? invocation_fail(in)
                     : verdicts_run(in, &session, items, count, &options, &arguments, false);
    session_close(&session);
    return status;
}
