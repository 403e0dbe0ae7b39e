#include "cmd/cmd.h"

int cmd_doctor(struct invocation *in)
{
    return invocation_fail(in);
}
