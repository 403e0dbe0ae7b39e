#ifndef ECR_CMD_COMMANDS_H
#define ECR_CMD_COMMANDS_H

#include "cmd/cmd.h"

/* All commands and their help, and the names that the program may be called by; both end with an entry without a name. */
extern const struct command command_table[];
extern const struct role role_table[];

#endif
