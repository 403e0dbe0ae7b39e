#include "base/clock.h"
#include "base/version.h"
#include "check/diagnosis.h"
#include "check/surroundings.h"
#include "image/platform.h"

static void look_at_clock(struct diagnosis *d, int64_t since)
{
    char now[TIME_TEXT];
    int64_t seconds = clock_unix();
    time_iso(seconds, now);
    if (seconds >= ECR_RELEASE_UNIX)
        diagnosis_add(d, "clock", "here", FINDING_OK, since, NULL, "it is %s", now);
    else
        diagnosis_add(d, "clock", "here", FINDING_FAILED, since,
                      "set the clock: neither certificates nor signatures are good with a wrong one",
                      "it says %s, before this program was made", now);
}

/* What requests by https, and all are such, go through. */
static void look_at_proxy(struct diagnosis *d, int64_t since)
{
    const struct proxy_settings *settings = &d->session->http.proxy;
    struct url target, proxy;
    struct error error;
    struct arena *arena = &d->session->arena;
    error_init(&error, arena);
    (void)url_parse(arena, SLICE("https://registry.invalid/"), &target);
    struct proxy_settings unconditional = {settings->https, settings->http, NULL};
    int proxied = proxy_for(&unconditional, arena, &target, &proxy, &error);
    d->proxy_broken = proxied < 0;
    if (proxied < 0 && !error.hint)
        error_hint(&error, "set HTTPS_PROXY to http://[USER:PASSWORD@]HOST:PORT");
    if (proxied < 0)
        diagnosis_add_error(d, "proxy", "HTTPS_PROXY", FINDING_FAILED, since, &error);
    else if (proxied)
        diagnosis_add(d, "proxy", "HTTPS_PROXY", FINDING_OK, since, NULL, "%s%s%s", url_public(arena, &proxy),
                      settings->except ? ", but not for " : "", settings->except ? settings->except : "");
    else
        diagnosis_add(d, "proxy", "HTTPS_PROXY", FINDING_OK, since, NULL, "none is set%s",
                      settings->http ? " (HTTP_PROXY is, which is not for https)" : "");
}

static void look_at_region(struct diagnosis *d, int64_t since)
{
    d->region = ecr_caller_region(&d->session->ecr, diagnosis_step_deadline(d));
    bool private = d->item && d->item->is_ecr && !d->item->ecr.is_public;
    if (d->region && !region_is_valid(slice_of(d->region))) {
        diagnosis_add(d, "region", "ours", FINDING_WARNING, since, "set AWS_REGION to a region, as us-east-1",
                      "'%s' is none", d->region);
        d->region = NULL;
    } else if (!d->region) {
        diagnosis_add(d, "region", "ours", FINDING_SKIPPED, since, NULL,
                      "not known: no --region, AWS_REGION, profile or instance says");
    } else if (private && !slice_is(slice_of(d->region), d->item->ecr.region)) {
        diagnosis_add(d, "region", "ours", FINDING_WARNING, since,
                      "pulls from another region cost transfer and time: replicate the repository",
                      "%s, while the image is in %s", d->region, d->item->ecr.region);
    } else {
        diagnosis_add(d, "region", "ours", FINDING_OK, since, NULL, "%s", d->region);
    }
}

void diagnose_place(struct diagnosis *d)
{
    struct surroundings surroundings;
    int64_t since = clock_ms();
    surroundings_find(&surroundings, &d->session->arena);
    diagnosis_add(d, "place", "here", FINDING_OK, since, NULL, "%s; %s", surroundings.summary,
                  platform_native(&d->session->arena));
    look_at_clock(d, clock_ms());
    look_at_proxy(d, clock_ms());
    look_at_region(d, clock_ms());
}
