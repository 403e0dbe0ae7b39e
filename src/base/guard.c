#include "base/guard.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A dump would hold keys and tokens. */
static void forbid_core_dumps(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0; /* a command that we start may raise it again */
        setrlimit(RLIMIT_CORE, &limit);
    }
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

void process_guard(void)
{
    forbid_core_dumps();
    occupy_standard_streams();
}
