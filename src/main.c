#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/cmd.h"

static const struct command commands[] = {
    {"check", cmd_check, "is the image there, and would a pull get it?",
     "usage: ecr check [--via auto|ecr|registry|docker|local] IMAGE...\n\n"
     "One line an image: present, absent, unfit or unknown, then the digest or the reason. What is in Amazon ECR is\n"
     "asked of ECR's API, which does not count as a pull; then, and for every other image, the Docker daemon asks.\n"},
    {"parse", cmd_parse, "the parts of an image reference; exit status 1 if it is not ECR's",
     "usage: ecr parse IMAGE...\n\nPrints registry, repository, tag, digest, and for ECR's images account, region,\n"
     "partition and API endpoint. Asks nothing of the network.\n"},
    {"version", cmd_version, "the version of this program", "usage: ecr version\n"},
};

/* Ends the program at once. A handler is needed: as PID 1 the default action of a signal is to be ignored. */
static void on_signal(int number)
{
    _exit(128 + number);
}

static void set_signals(void)
{
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* A dump would hold keys and tokens. */
static void forbid_core_dumps(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

/*
 * Where stdin, stdout or stderr are closed, a socket would take their number and get our output. "/" is there always,
 * and cannot be written, so that a closed stdout is still an error.
 */
static void occupy_standard_streams(void)
{
    int fd;
    do
        fd = open("/", O_RDONLY | O_DIRECTORY);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

int main(int argc, char **argv)
{
    set_signals();
    forbid_core_dumps();
    occupy_standard_streams();
    return run_program(commands, sizeof commands / sizeof *commands, argc, argv);
}
