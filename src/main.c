#include <signal.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/leftover.h"
#include "cmd/commands.h"

/* Ends the program at once. A handler is needed: as PID 1 the default action of a signal is to be ignored. */
static void on_signal(int number)
{
    leftovers_end();
    _exit(128 + number);
}

static void set_signals(void)
{
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGCHLD, &usual, NULL); /* ignored, as some parents hand it down, it would hide how our children end */
}

int main(int argc, char **argv)
{
    set_signals();
    process_guard();
    return run_program(command_table, role_table, argc, argv);
}
