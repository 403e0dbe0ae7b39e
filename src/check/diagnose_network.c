#include <stdlib.h>

#include "base/clock.h"
#include "check/diagnosis.h"
#include "ecr/identity.h"
#include "ecr/repository.h"
#include "net/examine.h"

#define CLOCK_TOLERANCE 240 /* seconds; AWS refuses signatures that are five minutes off */
#define PROXY_HINT      "check HTTPS_PROXY (http://[USER:PASSWORD@]HOST:PORT), or exempt hosts with NO_PROXY"
#define ENDS_SOON       (14 * 86400)

/* A server that is to be reached. */
struct server {
    struct url url;
    bool needed;          /* nothing works without it */
    const char *mark;     /* a header that the real service sends with every answer; NULL: none is known */
    const char *endpoint; /* the service's name in a VPC endpoint; NULL: it has none */
    bool is_registry;
};

static const char *const step_names[] = {"dns", "tcp", "tls", "http"};

static void tell_clock(struct diagnosis *d, const char *host, const struct examined *seen, int64_t since)
{
    if (llabs(seen->clock_ahead) > CLOCK_TOLERANCE)
        diagnosis_add(d, "clock", host, FINDING_WARNING, since,
                      "set the clock here (NTP): signatures are good for five minutes",
                      "its clock is %lld seconds %s ours", llabs(seen->clock_ahead),
                      seen->clock_ahead > 0 ? "ahead of" : "behind");
}

static void tell_tls(struct diagnosis *d, const char *host, const struct examined *seen)
{
    char ends[TIME_TEXT];
    time_iso(seen->not_after, ends);
    bool soon = seen->not_after - clock_unix() < ENDS_SOON;
    diagnosis_add(d, "tls", host, soon ? FINDING_WARNING : FINDING_OK, clock_ms() - seen->ms[EXAMINE_TLS],
                  soon ? "the server needs a new certificate soon" : NULL,
                  "TLS 1.2, certificate by '%s', good until %s", seen->issuer ? seen->issuer : "?", ends);
}

/* A registry says 200 or 401 to a client without a login, and nothing else. */
static bool refuses_all(const struct server *server, int status)
{
    return server->is_registry && status != 200 && status != 401;
}

static void tell_refusal(struct diagnosis *d, const struct server *server, const struct examined *seen, int64_t since)
{
    struct error error;
    error_init(&error, &d->session->arena);
    if (seen->status >= 500) {
        error_set(&error, REASON_SERVER_ERROR, server->url.host, "it answers, but with HTTP %d", seen->status);
        error_hint(&error, "try again later; if it lasts, look for what stands in between, and at AWS's health page");
    } else {
        error_set(&error, REASON_DENIED, server->url.host, "it answers with HTTP %d whoever asks", seen->status);
        error_hint(&error, "look at the policy of the VPC endpoint, and for a proxy or firewall that refuses");
    }
    diagnosis_add_error(d, "http", server->url.host, server->needed ? FINDING_FAILED : FINDING_WARNING, since, &error);
}

static void tell_answer(struct diagnosis *d, const struct server *server, const struct examined *seen)
{
    int64_t since = clock_ms() - seen->ms[EXAMINE_ANSWER];
    if (seen->status >= 500 || (seen->marked && refuses_all(server, seen->status)))
        tell_refusal(d, server, seen, since);
    else if (server->mark && !seen->marked)
        diagnosis_add(d, "http", server->url.host, FINDING_WARNING, since,
                      "look for a proxy or a captive portal that answers in the service's place",
                      "it answers (HTTP %d), but not as the service does: there is no header %s", seen->status,
                      server->mark);
    else
        diagnosis_add(d, "http", server->url.host, FINDING_OK, since, NULL, "it answers (HTTP %d)", seen->status);
}

static void tell_addresses(struct diagnosis *d, const char *host, const struct examined *seen)
{
    static const char *const kinds[] = {[EXAMINE_PUBLIC] = "public",
                                        [EXAMINE_PRIVATE] = "private, as of a VPC endpoint",
                                        [EXAMINE_MIXED] = "private and public ones",
                                        [EXAMINE_INTERNAL] =
                                            "this machine or its own link, where no service of AWS is"};
    bool odd = seen->kind == EXAMINE_INTERNAL;
    diagnosis_add(d, "dns", host, odd ? FINDING_WARNING : FINDING_OK, clock_ms() - seen->ms[EXAMINE_NAME],
                  odd ? "look into /etc/hosts, and for a name server that hides names" : NULL, "%s: %s",
                  seen->addresses, kinds[seen->kind]);
}

/* The steps that worked, one line each. */
static void tell_way(struct diagnosis *d, const struct server *server, const struct examined *seen)
{
    int64_t now = clock_ms();
    const char *host = server->url.host;
    if (seen->proxy)
        diagnosis_add(d, "dns", host, FINDING_SKIPPED, now, NULL, "the proxy %s looks names up and connects",
                      seen->proxy);
    d->names_work = d->names_work || (!seen->proxy && seen->done > EXAMINE_NAME && !server->url.ip);
    if (!seen->proxy && seen->done > EXAMINE_NAME)
        tell_addresses(d, host, seen);
    if (!seen->proxy && seen->done > EXAMINE_CONNECT)
        diagnosis_add(d, "tcp", host, FINDING_OK, now - seen->ms[EXAMINE_CONNECT], NULL, "connected to %s", seen->peer);
    if (seen->done > EXAMINE_TLS && server->url.https)
        tell_tls(d, host, seen);
    if (seen->done > EXAMINE_ANSWER)
        tell_answer(d, server, seen);
}

/* A name that is not found, or an address that does not answer: in a VPC that is most often an endpoint that lacks. */
static void add_endpoint_hint(const struct diagnosis *d, const struct server *server, const struct examined *seen,
                              struct error *error)
{
    if (seen->proxy && seen->done <= EXAMINE_CONNECT && !error->final)
        error_hint(error, PROXY_HINT);
    if (seen->proxy || !server->endpoint || !d->host.region || seen->done > EXAMINE_CONNECT)
        return;
    error_hint(error, "%s%sin a VPC without a way out it takes the endpoint com.amazonaws.%s.%s",
               error->hint ? error->hint : "", error->hint ? "; " : "", d->host.region, server->endpoint);
}

static void tell_failure(struct diagnosis *d, const struct server *server, const struct examined *seen,
                         struct error *error)
{
    bool at_proxy = seen->proxy && seen->done <= EXAMINE_CONNECT;
    add_endpoint_hint(d, server, seen, error);
    d->names_broken = d->names_broken ||
                      (!d->names_work && !seen->proxy && seen->done == EXAMINE_NAME && error->reason == REASON_TIMEOUT);
    diagnosis_add_error(d, at_proxy ? "proxy" : step_names[seen->done], at_proxy ? "HTTPS_PROXY" : server->url.host,
                        server->needed ? FINDING_FAILED : FINDING_WARNING, clock_ms() - seen->ms[seen->done], error);
}

/* False when it cannot be reached. */
static bool examine(struct diagnosis *d, const struct server *server)
{
    struct examined seen;
    struct error error;
    struct arena scratch = {0};
    if (diagnosis_out_of_time(d, "dns", server->url.host))
        return false;
    if (d->names_broken && !server->url.ip) {
        diagnosis_add(d, "dns", server->url.host, FINDING_SKIPPED, clock_ms(), NULL,
                      "no name can be looked up here, as the first one showed");
        return false;
    }
    error_init(&error, &d->session->arena);
    int status =
        net_examine(&d->session->http, &server->url, server->mark, diagnosis_step_deadline(d), &scratch, &seen, &error);
    tell_way(d, server, &seen);
    if (status < 0)
        tell_failure(d, server, &seen, &error);
    else
        tell_clock(d, server->url.host, &seen, clock_ms());
    arena_free(&scratch);
    return status == 0;
}

static void examine_api(struct diagnosis *d)
{
    struct server server = {
        .needed = true, .mark = "x-amzn-requestid", .endpoint = d->host.is_public ? NULL : "ecr.api"};
    struct error error;
    error_init(&error, &d->session->arena);
    if (ecr_caller_endpoint(&d->session->ecr, &d->host, &server.url, &error) < 0) {
        diagnosis_add_error(d, "settings", "AWS", FINDING_FAILED, clock_ms(), &error);
        d->api_unreachable = "the settings for ECR's API cannot be used";
    } else {
        d->api_unreachable = examine(d, &server) ? NULL : "ECR's API cannot be reached";
    }
}

static void examine_sts(struct diagnosis *d)
{
    struct server server = {.endpoint = "sts"};
    struct error error;
    struct ecr_principal *principal;
    error_init(&error, &d->session->arena);
    if (ecr_caller_principal(&d->session->ecr, &d->host, &principal, &error) == 0 &&
        ecr_identity_endpoint(principal, &d->session->arena, &server.url, &error) == 0)
        examine(d, &server);
}

static void examine_host(struct diagnosis *d, const char *host, const char *path, const char *mark,
                         const char *endpoint)
{
    struct server server = {
        .needed = true, .mark = mark, .endpoint = endpoint, .is_registry = slice_is(slice_of(path), "/v2/")};
    struct arena *arena = &d->session->arena;
    if (url_parse(arena, slice_of(arena_printf(arena, "https://%s%s", host, path)), &server.url))
        diagnosis_add(d, "dns", host, FINDING_WARNING, clock_ms(), "correct the name of the registry",
                      "is no host name");
    else
        examine(d, &server);
}

static void examine_registry(struct diagnosis *d)
{
    const char *host = d->item->reference.registry;
    bool hub = slice_is(slice_of(host), "docker.io"); /* the name of its images, not of a host that has them */
    examine_host(d, hub ? "registry-1.docker.io" : host, "/v2/", "docker-distribution-api-version",
                 d->host.account ? "ecr.dkr" : NULL);
}

void diagnose_network(struct diagnosis *d)
{
    if (d->proxy_broken || (!d->host.region && !d->item)) {
        d->api_unreachable = d->proxy_broken ? "the proxy's setting cannot be used" : NULL;
        diagnosis_add(d, "network", "ECR", FINDING_SKIPPED, clock_ms(), NULL, "%s",
                      d->proxy_broken ? "the proxy's setting cannot be used"
                                      : "no registry is named, and the region is not known");
        return;
    }
    if (d->host.region) {
        examine_api(d);
        examine_sts(d);
    }
    if (d->item)
        examine_registry(d);
    if (d->item && d->host.account)
        examine_host(d, ecr_layer_bucket(&d->session->arena, d->host.region), "/", "x-amz-request-id", "s3");
}
