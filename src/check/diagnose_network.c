#include <stdlib.h>

#include "base/clock.h"
#include "check/diagnosis.h"
#include "ecr/identity.h"
#include "ecr/repository.h"
#include "net/examine.h"

#define CLOCK_TOLERANCE 240 /* seconds; AWS refuses signatures that are five minutes off */
#define ENDS_SOON       (14 * 86400)

static const char *const step_names[] = {"dns", "tcp", "tls", "http"};

static void tell_clock(struct diagnosis *d, const char *host, const struct examined *seen, int64_t since)
{
    if (llabs(seen->clock_ahead) <= CLOCK_TOLERANCE)
        return;
    struct finding *finding =
        diagnosis_add(d, "clock", host, FINDING_WARNING, since, "its clock is %lld seconds %s ours",
                      llabs(seen->clock_ahead), seen->clock_ahead > 0 ? "ahead of" : "behind");
    finding->hint = "set the clock here (NTP): signatures are good for five minutes";
}

static void tell_tls(struct diagnosis *d, const char *host, const struct examined *seen)
{
    char ends[TIME_TEXT];
    time_iso(seen->not_after, ends);
    bool soon = seen->not_after - clock_unix() < ENDS_SOON;
    struct finding *finding =
        diagnosis_add(d, "tls", host, soon ? FINDING_WARNING : FINDING_OK, clock_ms() - seen->ms[EXAMINE_TLS],
                      "TLS 1.2, certificate by '%s', good until %s", seen->issuer ? seen->issuer : "?", ends);
    if (soon)
        finding->hint = "the server's certificate ends soon";
}

/* The steps that worked, one line each. */
static void tell_way(struct diagnosis *d, const struct url *url, const struct examined *seen)
{
    int64_t now = clock_ms();
    if (seen->proxy)
        diagnosis_add(d, "dns", url->host, FINDING_SKIPPED, now, "the proxy %s looks names up and connects",
                      seen->proxy);
    if (!seen->proxy && seen->done > EXAMINE_NAME)
        diagnosis_add(d, "dns", url->host, FINDING_OK, now - seen->ms[EXAMINE_NAME], "%s%s", seen->addresses,
                      seen->all_private ? ": private, as of a VPC endpoint" : ": public");
    if (!seen->proxy && seen->done > EXAMINE_CONNECT)
        diagnosis_add(d, "tcp", url->host, FINDING_OK, now - seen->ms[EXAMINE_CONNECT], "connected to %s", seen->peer);
    if (!seen->proxy && seen->done > EXAMINE_TLS && url->https)
        tell_tls(d, url->host, seen);
    if (seen->done > EXAMINE_ANSWER)
        diagnosis_add(d, "http", url->host, FINDING_OK, now - seen->ms[EXAMINE_ANSWER], "it answers (HTTP %d)",
                      seen->status);
}

static void examine(struct diagnosis *d, const struct url *url, bool needed, const char *hint)
{
    struct examined seen;
    struct error error;
    struct arena scratch = {0};
    error_init(&error, &d->session->arena);
    int status = net_examine(&d->session->http, url, diagnosis_step_deadline(d), &scratch, &seen, &error);
    tell_way(d, url, &seen);
    if (status < 0) {
        if (!error.hint)
            error_hint(&error, "%s", hint);
        const char *step = seen.proxy ? "proxy" : step_names[seen.done];
        diagnosis_add_error(d, step, url->host, needed ? FINDING_FAILED : FINDING_WARNING, clock_ms(), &error);
    } else {
        tell_clock(d, url->host, &seen, clock_ms());
    }
    arena_free(&scratch);
}

static void examine_host(struct diagnosis *d, const char *host, const char *path, bool needed, const char *hint)
{
    struct url url;
    struct arena *arena = &d->session->arena;
    char *text = arena_printf(arena, "https://%s%s", host, path);
    if (url_parse(arena, slice_of(text), &url))
        diagnosis_add(d, "dns", host, FINDING_WARNING, clock_ms(), "is no host name");
    else
        examine(d, &url, needed, hint);
}

static void examine_api(struct diagnosis *d)
{
    struct url url;
    struct error error;
    error_init(&error, &d->session->arena);
    if (ecr_caller_endpoint(&d->session->ecr, &d->host, &url, &error) < 0)
        diagnosis_add_error(d, "settings", "AWS", FINDING_FAILED, clock_ms(), &error);
    else
        examine(
            d, &url, true,
            "ECR's API must be reachable: a route to the internet, or the VPC endpoint com.amazonaws.REGION.ecr.api");
}

static void examine_sts(struct diagnosis *d)
{
    struct url url;
    struct error error;
    struct ecr_principal *principal;
    error_init(&error, &d->session->arena);
    if (ecr_caller_principal(&d->session->ecr, &d->host, &principal, &error) == 0 &&
        ecr_identity_endpoint(principal, &d->session->arena, &url, &error) == 0)
        examine(d, &url, false, "roles are assumed by STS; it has a VPC endpoint as well (com.amazonaws.REGION.sts)");
}

void diagnose_network(struct diagnosis *d)
{
    if (!d->host.region && !d->item) {
        diagnosis_add(d, "network", "ECR", FINDING_SKIPPED, clock_ms(),
                      "no registry is named, and the region is not known");
        return;
    }
    if (d->host.region) {
        examine_api(d);
        examine_sts(d);
    }
    if (d->item)
        examine_host(d, d->item->reference.registry, "/v2/", true,
                     "the registry must be reachable: a route to the internet, or for ECR the VPC endpoint "
                     "com.amazonaws.REGION.ecr.dkr");
    if (d->item && d->host.region && !d->host.is_public)
        examine_host(d, ecr_layer_bucket(&d->session->arena, d->host.region), "/", false,
                     "layers come from S3: a route to the internet, or the gateway endpoint com.amazonaws.REGION.s3");
}
