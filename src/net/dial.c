#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/resolve.h"

/* The C library gives up on name servers after five seconds and then says whether they answered: that is waited for. */
#define LOOKUP_EXTRA_MS 1000

struct race {
    const struct addr *list;
    size_t count;
    size_t started;
    int failed_errno; /* of the last address that failed */
    size_t failed;    /* index of that address */
    struct pollfd polls[RESOLVE_MAX];
};

static void race_fail(struct race *race, size_t i, int why)
{
    if (race->polls[i].fd >= 0)
        close(race->polls[i].fd);
    race->polls[i].fd = -1;
    race->failed_errno = why;
    race->failed = i;
}

static void race_start_next(struct race *race)
{
    size_t i = race->started++;
    const struct addr *addr = &race->list[i];
    int fd = socket(addr->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    race->polls[i] = (struct pollfd){fd, POLLOUT, 0};
    if (fd < 0 || (connect(fd, (const struct sockaddr *)&addr->storage, addr->len) < 0 && errno != EINPROGRESS))
        race_fail(race, i, errno);
}

static size_t race_running(const struct race *race)
{
    size_t running = 0;
    for (size_t i = 0; i < race->started; i++)
        running += race->polls[i].fd >= 0;
    return running;
}

/* Index of an address that is connected now, or -1; those that failed leave the race. */
static int race_winner(struct race *race)
{
    for (size_t i = 0; i < race->started; i++) {
        if (race->polls[i].fd < 0 || !race->polls[i].revents)
            continue;
        int why = 0;
        socklen_t len = sizeof why;
        if (getsockopt(race->polls[i].fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
            why = errno;
        if (why == 0)
            return (int)i;
        race_fail(race, i, why);
    }
    return -1;
}

static int race_run(struct race *race, int64_t deadline)
{
    int64_t next_start = 0;
    for (;;) {
        bool idle = race_running(race) == 0;
        if (race->started < race->count && (idle || deadline_passed(next_start))) {
            race_start_next(race);
            next_start = deadline_in(DIAL_STAGGER_MS);
            continue;
        }
        if (idle || deadline_passed(deadline))
            return -1;
        int64_t until = race->started < race->count ? deadline_earlier(deadline, next_start) : deadline;
        poll(race->polls, race->started, deadline_poll(until));
        int winner = race_winner(race);
        if (winner >= 0)
            return winner;
    }
}

static int race_error(const struct race *race, const char *host, struct error *error)
{
    char text[ADDR_TEXT];
    bool slow = race_running(race) > 0;
    size_t shown = race->failed;
    for (size_t i = 0; slow && i < race->started; i++)
        if (race->polls[i].fd >= 0)
            shown = i;
    addr_text(&race->list[shown], text);
    const char *what = slow ? "no answer in time" : strerror(race->failed_errno);
    if (race->count > 1)
        error_set(error, slow ? REASON_TIMEOUT : REASON_UNREACHABLE, host,
                  "cannot connect to %s: %s (%zu addresses tried)", text, what, race->started);
    else
        error_set(error, slow ? REASON_TIMEOUT : REASON_UNREACHABLE, host, "cannot connect to %s: %s", text, what);
    error_hint(error, "check routes, security groups and proxy settings (HTTPS_PROXY)");
    return -1;
}

static int check_reach(const struct addr *list, size_t count, enum addr_reach reach, const char *host,
                       struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        char text[ADDR_TEXT];
        if (addr_in_reach(&list[i], reach))
            continue;
        addr_text(&list[i], text);
        return error_set(error, REASON_REFUSED, host, "a reply sent us to the internal address %s: not followed", text);
    }
    return 0;
}

int dial_tcp(const char *host, uint16_t port, enum addr_reach reach, int64_t timeout_ms, int64_t deadline,
             struct addr *peer, struct error *error)
{
    struct addr list[RESOLVE_MAX];
    int count =
        resolve_host(host, port, deadline_earlier(deadline, deadline_in(timeout_ms + LOOKUP_EXTRA_MS)), list, error);
    if (count < 0)
        return -1;
    if (check_reach(list, (size_t)count, reach, host, error) < 0)
        return -1;
    struct race race = {.list = list, .count = (size_t)count};
    int winner = race_run(&race, deadline_earlier(deadline, deadline_in(timeout_ms)));
    if (winner < 0)
        race_error(&race, host, error);
    for (size_t i = 0; i < race.started; i++)
        if (race.polls[i].fd >= 0 && (int)i != winner)
            close(race.polls[i].fd);
    if (winner < 0)
        return -1;
    /* Small TLS records and delayed acknowledgements together cost 40 ms a handshake otherwise. */
    int on = 1, fd = race.polls[winner].fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *peer = list[winner];
    return fd;
}

int dial_unix(const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(error, REASON_UNREACHABLE, path, "the path of a unix socket has at most %zu characters",
                         sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    error_set(error, why == EAGAIN ? REASON_TIMEOUT : REASON_UNREACHABLE, path, "cannot connect: %s",
              why == EAGAIN ? "its queue of connections is full" : strerror(why));
    if (why == EACCES)
        error_hint(error, "run as a user who may use this socket (often the group docker)");
    return -1;
}
