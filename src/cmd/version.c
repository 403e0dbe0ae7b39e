#include "base/version.h"

#include "cmd/cmd.h"

int cmd_version(struct invocation *in)
{
    if (invocation_parse(in, NULL, 0) < 0)
        return invocation_fail(in);
    struct slice line = in->json ? SLICE("{\"version\":\"" ECR_VERSION "\"}\n") : SLICE("ecr " ECR_VERSION "\n");
    return invocation_print(in, line) < 0 ? EXIT_OTHER : EXIT_OK;
}
