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
    if (seconds >= ECR_RELEASE_UNIX) {
        diagnosis_add(d, "clock", "here", FINDING_OK, since, "it is %s", now);
        return;
    }
    struct finding *finding =
        diagnosis_add(d, "clock", "here", FINDING_FAILED, since, "it says %s, before this program was made", now);
    finding->hint = "set the clock: neither certificates nor signatures are good with a wrong one";
}

static void look_at_proxy(struct diagnosis *d, int64_t since)
{
    const struct proxy_settings *proxy = &d->session->http.proxy;
    const char *text = proxy->https ? proxy->https : proxy->http;
    struct url url;
    if (!text) {
        diagnosis_add(d, "proxy", "environment", FINDING_OK, since, "none is set");
        return;
    }
    const char *fault = url_parse(&d->session->arena, slice_of(text), &url);
    if (fault)
        diagnosis_add(d, "proxy", "environment", FINDING_WARNING, since, "HTTPS_PROXY or HTTP_PROXY is no URL: %s",
                      fault);
    else
        diagnosis_add(d, "proxy", "environment", FINDING_OK, since, "%s%s%s", url_public(&d->session->arena, &url),
                      proxy->except ? ", but not for " : "", proxy->except ? proxy->except : "");
}

static void look_at_region(struct diagnosis *d, int64_t since)
{
    d->region = ecr_caller_region(&d->session->ecr, diagnosis_step_deadline(d));
    if (d->region && !region_is_valid(slice_of(d->region))) {
        diagnosis_add(d, "region", "ours", FINDING_WARNING, since, "'%s' is none", d->region);
        d->region = NULL;
    } else if (!d->region) {
        diagnosis_add(d, "region", "ours", FINDING_SKIPPED, since,
                      "not known: no --region, AWS_REGION, profile or instance says");
    } else if (d->item && d->item->is_ecr && !d->item->ecr.is_public &&
               !slice_is(slice_of(d->region), d->item->ecr.region)) {
        struct finding *finding = diagnosis_add(d, "region", "ours", FINDING_WARNING, since,
                                                "%s, while the image is in %s", d->region, d->item->ecr.region);
        finding->hint = "pulls from another region cost transfer and time: replicate the repository";
    } else {
        diagnosis_add(d, "region", "ours", FINDING_OK, since, "%s", d->region);
    }
}

void diagnose_place(struct diagnosis *d)
{
    struct surroundings surroundings;
    int64_t since = clock_ms();
    surroundings_find(&surroundings, &d->session->arena);
    diagnosis_add(d, "place", "here", FINDING_OK, since, "%s; %s", surroundings.summary,
                  platform_native(&d->session->arena));
    look_at_clock(d, clock_ms());
    look_at_proxy(d, clock_ms());
    look_at_region(d, clock_ms());
}
