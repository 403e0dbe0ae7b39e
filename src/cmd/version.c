#include "base/version.h"

#include "cmd/cmd.h"

int cmd_version(struct invocation *in)
{
    if (invocation_parse(in, NULL, 0) < 0)
        return invocation_fail(in);
    if (in->operand_count) {
        error_set(&in->error, REASON_USAGE, in->operands[0], "'ecr version' takes no argument");
        return invocation_fail(in);
    }
    struct slice line = in->json ? SLICE("{\"version\":\"" ECR_VERSION "\"}\n") : SLICE("ecr " ECR_VERSION "\n");
    return invocation_print(in, line) < 0 ? EXIT_OTHER : EXIT_OK;
}
