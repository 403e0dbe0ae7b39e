#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/hosts.h"
#include "net/url.h"

#define DNS_PORT         53
#define RESOLV_FILE_MAX  65536        /* /etc/hosts of ad blockers is larger: its first part decides */
#define RESOLVE_DELAY_MS 50           /* RFC 8305 section 3: what IPv6 may still take once IPv4 is known */
#define RESOLVE_STACK    (256 * 1024) /* getaddrinfo needs 7 KB in musl, more elsewhere; untouched pages cost nothing */
#define SEARCH_MAX_DOTS  2            /* "registry.namespace.svc" may need the search list, longer names never do */

enum { V6, V4, FAMILIES };

/* Shared with the threads; the last one to let go frees it. */
struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int references;
    char name[HOST_MAX + 2];
    struct family {
        bool done;
        int status; /* of getaddrinfo */
        size_t count;
        struct addr found[RESOLVE_MAX];
    } families[FAMILIES];
};

struct lookup_job {
    struct lookup *lookup;
    int family;
};

static struct lookup *lookup_new(const char *name)
{
    struct lookup *lookup = must_alloc(sizeof *lookup);
    memset(lookup, 0, sizeof *lookup);
    strcpy(lookup->name, name);
    lookup->references = 1;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lookup->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&lookup->lock, NULL);
    return lookup;
}

static void lookup_release(struct lookup *lookup)
{
    pthread_mutex_lock(&lookup->lock);
    bool last = --lookup->references == 0;
    pthread_mutex_unlock(&lookup->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&lookup->lock);
    pthread_cond_destroy(&lookup->changed);
    free(lookup);
}

static size_t copy_addresses(const struct addrinfo *list, struct addr *found)
{
    size_t count = 0;
    for (; list && count < RESOLVE_MAX; list = list->ai_next) {
        memset(&found[count], 0, sizeof *found);
        memcpy(&found[count].storage, list->ai_addr, list->ai_addrlen);
        found[count++].len = list->ai_addrlen;
    }
    return count;
}

static void *run_job(void *argument)
{
    struct lookup_job job = *(struct lookup_job *)argument;
    free(argument);
    struct addrinfo hints = {.ai_family = job.family == V6 ? AF_INET6 : AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int status = getaddrinfo(job.lookup->name, NULL, &hints, &list);
    pthread_mutex_lock(&job.lookup->lock);
    struct family *family = &job.lookup->families[job.family];
    family->count = status == 0 ? copy_addresses(list, family->found) : 0;
    family->status = status;
    family->done = true;
    pthread_cond_signal(&job.lookup->changed);
    pthread_mutex_unlock(&job.lookup->lock);
    if (status == 0)
        freeaddrinfo(list);
    lookup_release(job.lookup);
    return NULL;
}

static void start_job(struct lookup *lookup, int family)
{
    struct lookup_job *job = must_alloc(sizeof *job);
    *job = (struct lookup_job){lookup, family};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, RESOLVE_STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&lookup->lock);
    lookup->references++;
    pthread_mutex_unlock(&lookup->lock);
    if (pthread_create(&thread, &attributes, run_job, job) != 0) {
        free(job);
        pthread_mutex_lock(&lookup->lock);
        lookup->families[family].done = true;
        lookup->families[family].status = EAI_SYSTEM;
        lookup->references--;
        pthread_mutex_unlock(&lookup->lock);
    }
    pthread_attr_destroy(&attributes);
}

static bool both_done(const struct lookup *lookup)
{
    return lookup->families[V6].done && lookup->families[V4].done;
}

/* Waits with the lock held until both families are done, or one has addresses and the other had its extra time. */
static void lookup_wait(struct lookup *lookup, int64_t deadline)
{
    bool one_known = false;
    while (!both_done(lookup) && !deadline_passed(deadline)) {
        if (!one_known && (lookup->families[V6].count || lookup->families[V4].count)) {
            one_known = true;
            deadline = deadline_earlier(deadline, deadline_in(RESOLVE_DELAY_MS));
        }
        struct timespec until = {(time_t)(deadline / 1000), (long)(deadline % 1000) * 1000000};
        if (deadline == DEADLINE_NONE)
            pthread_cond_wait(&lookup->changed, &lookup->lock);
        else
            pthread_cond_timedwait(&lookup->changed, &lookup->lock, &until);
    }
}

static size_t interleave(const struct family families[static FAMILIES], struct addr *found)
{
    size_t count = 0;
    for (size_t i = 0; i < RESOLVE_MAX; i++)
        for (int f = 0; f < FAMILIES; f++)
            if (i < families[f].count && count < RESOLVE_MAX)
                found[count++] = families[f].found[i];
    return count;
}

enum lookup_end { FOUND, NOT_FOUND, FAILED, TOO_LATE };

static enum lookup_end ask_dns(const char *name, int64_t deadline, struct addr *found, size_t *count)
{
    struct lookup *lookup = lookup_new(name);
    for (int family = 0; family < FAMILIES; family++)
        start_job(lookup, family);
    pthread_mutex_lock(&lookup->lock);
    lookup_wait(lookup, deadline);
    *count = interleave(lookup->families, found);
    enum lookup_end end = NOT_FOUND;
    for (int f = 0; f < FAMILIES; f++) {
        int status = lookup->families[f].status;
        if (lookup->families[f].done && status != 0 && status != EAI_NONAME && status != EAI_NODATA)
            end = FAILED;
    }
    if (!both_done(lookup))
        end = TOO_LATE;
    pthread_mutex_unlock(&lookup->lock);
    lookup_release(lookup);
    return *count ? FOUND : end;
}

static size_t dots_in(const char *name)
{
    size_t dots = 0;
    for (; *name; name++)
        dots += *name == '.';
    return dots;
}

/*
 * Names with a dot are asked as absolute names first: under Kubernetes' ndots:5 the C library would try every search
 * domain before. Only short names, which may mean a service of the cluster, are then tried with the search list.
 */
static enum lookup_end ask_names(const char *host, int64_t deadline, struct addr *found, size_t *count)
{
    char absolute[HOST_MAX + 2];
    size_t dots = dots_in(host);
    enum lookup_end end = NOT_FOUND;
    if (dots > 0) {
        strcpy(absolute, host);
        strcat(absolute, ".");
        end = ask_dns(absolute, deadline, found, count);
    }
    if (end == NOT_FOUND && dots <= SEARCH_MAX_DOTS)
        end = ask_dns(host, deadline, found, count);
    return end;
}

static bool is_localhost(const char *host)
{
    return strcmp(host, "localhost") == 0 || slice_ends(slice_of(host), ".localhost"); /* RFC 6761 section 6.3 */
}

static size_t from_hosts_file(const char *host, struct addr *found)
{
    struct buf text;
    if (file_read_start("/etc/hosts", RESOLV_FILE_MAX, &text) != 0)
        return 0;
    size_t count = hosts_find(buf_view(&text), host, found, RESOLVE_MAX);
    buf_free(&text);
    return count;
}

static size_t without_dns(const char *host, struct addr *found)
{
    if (addr_parse(slice_of(host), 0, &found[0]))
        return 1;
    size_t count = from_hosts_file(host, found);
    if (count == 0 && is_localhost(host)) {
        addr_parse(SLICE("127.0.0.1"), 0, &found[0]);
        addr_parse(SLICE("::1"), 0, &found[1]);
        count = 2;
    }
    return count;
}

/* Whether packets could go to a name server; nothing is sent. Without a network the C library would wait for seconds. */
static bool has_way_to(const struct addr *server)
{
    int fd = socket(server->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno != EAFNOSUPPORT;
    bool way = connect(fd, (const struct sockaddr *)&server->storage, server->len) == 0 ||
               (errno != ENETUNREACH && errno != EHOSTUNREACH && errno != EADDRNOTAVAIL);
    close(fd);
    return way;
}

/* NULL, or why DNS cannot be asked. */
static const char *dns_fault(void)
{
    struct buf text;
    struct addr server;
    const char *fault = "/etc/resolv.conf names no server";
    if (file_read_start("/etc/resolv.conf", RESOLV_FILE_MAX, &text) != 0)
        return fault;
    struct slice rest = buf_view(&text);
    for (struct slice name = resolv_conf_server(&rest); fault && name.len; name = resolv_conf_server(&rest)) {
        bool way = !addr_parse(name, DNS_PORT, &server) || has_way_to(&server);
        fault = way ? NULL : "no network here leads to a name server";
    }
    buf_free(&text);
    return fault;
}

static int lookup_error(struct error *error, const char *host, enum lookup_end end)
{
    if (end == TOO_LATE) {
        error_set(error, REASON_TIMEOUT, host, "the name lookup got no answer in time");
        error_hint(error, "check the name servers in /etc/resolv.conf");
    } else if (end == FAILED) {
        error_set(error, REASON_UNREACHABLE, host, "the name lookup failed: the name servers gave no usable answer");
        error_hint(error, "check the name servers in /etc/resolv.conf");
    } else {
        error_set(error, REASON_UNREACHABLE, host, "there is no host of this name, says DNS");
        error_hint(error, "check the name and its region, and that this network's DNS knows it");
    }
    return -1;
}

int resolve_host(const char *host, uint16_t port, int64_t deadline, struct addr found[static RESOLVE_MAX],
                 struct error *error)
{
    size_t count = strlen(host) > HOST_MAX ? 0 : without_dns(host, found);
    const char *fault = count ? NULL : dns_fault();
    if (fault) {
        error_set(error, REASON_UNREACHABLE, host, "cannot look it up: %s", fault);
        error_hint(error, "give this container a network and an /etc/resolv.conf, or the host's address in /etc/hosts");
        return -1;
    }
    enum lookup_end end = count ? FOUND : ask_names(host, deadline, found, &count);
    if (end != FOUND)
        return lookup_error(error, host, end);
    for (size_t i = 0; i < count; i++)
        addr_set_port(&found[i], port);
    return (int)count;
}
