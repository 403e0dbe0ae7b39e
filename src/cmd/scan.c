/* scan: what is known to be wrong with the software in an image. */
#include "cmd/scan.h"

#include <string.h>

#include "base/clock.h"
#include "cmd/findings.h"
#include "image/digest.h"

#define PAGE_ROWS     1000
#define DAY           86400
#define SCAN_LIMIT_MS 900000

struct scan {
    struct work *work;
    int fail_on;        /* enum severity, SEVERITIES without one */
    const char *digest; /* of the image, once it is known: a tag may move while we wait */
    const char *status;
    struct json_node first; /* reply, with the status */
    struct findings findings;
};

static void open_body(const struct scan *scan, struct buf *body)
{
    const struct ecr_target *target = &scan->work->target;
    ecr_manage_open(&scan->work->api, target->repository, body);
    ecr_manage_image_id(body, "imageId", scan->digest ? NULL : target->tag, scan->digest);
}

/* Whether a reply is about the image; from the first one on its digest is known. */
static bool is_about(struct scan *scan, struct json_node reply)
{
    struct json_node id = json_get(reply, "imageId");
    const char *digest = json_cstr(&scan->work->in->arena, json_get(id, "imageDigest"));
    if (!digest || digest_fault(slice_of(digest)) || (scan->digest && strcmp(scan->digest, digest) != 0))
        return false;
    bool same_tag = scan->digest || !json_exists(json_get(id, "imageTag")) ||
                    json_equals(json_get(id, "imageTag"), scan->work->target.tag);
    scan->digest = digest;
    return same_tag;
}

/* One look at the state: *status is the service's word. */
static int read_status(struct scan *scan)
{
    struct buf body;
    struct work *work = scan->work;
    struct invocation *in = work->in;
    open_body(scan, &body);
    json_member_int(&body, "maxResults", 1);
    if (ecr_manage(&work->api, "DescribeImageScanFindings", work->target.text, &body, &in->arena, &scan->first,
                   &in->error) < 0)
        return -1;
    scan->status = json_cstr(&in->arena, field_node("imageScanStatus.status", scan->first));
    return scan->status && is_about(scan, scan->first)
               ? 0
               : ecr_not_what_was_asked(&work->api, "DescribeImageScanFindings", &in->error);
}

static bool is_running(const char *status)
{
    return strcmp(status, "IN_PROGRESS") == 0 || strcmp(status, "PENDING") == 0;
}

/* Findings are believed in these states alone: all others mean that there is no result. */
static bool is_good(const char *status)
{
    return strcmp(status, "COMPLETE") == 0 || strcmp(status, "ACTIVE") == 0;
}

/* Just after its start the service may not know of the scan yet: `started` waits for it as for one that runs. */
static int await(struct scan *scan, bool started)
{
    struct waiting waiting;
    struct work *work = scan->work;
    struct invocation *in = work->in;
    waiting_begin(&waiting, work, arena_printf(&in->arena, "the scan of %s", work->target.text), SCAN_LIMIT_MS);
    for (;;) {
        int status = read_status(scan);
        bool missing = status < 0 && started && in->error.reason == REASON_NOT_SET;
        if (status < 0 && !missing)
            return waiting_failed(&waiting);
        if (!missing && !is_running(scan->status))
            break;
        if (waiting_pause(&waiting, missing ? "begun" : scan->status) < 0)
            return -1;
    }
    waiting_end(&waiting);
    return 0;
}

static int not_good(struct scan *scan)
{
    struct work *work = scan->work;
    struct error *error = &work->in->error;
    const char *why = json_cstr(&work->in->arena, field_node("imageScanStatus.description", scan->first));
    bool running = is_running(scan->status);
    error_set(error, running ? REASON_TIMEOUT : REASON_REFUSED, work->target.text, "its scan has no result: %s%s%s",
              scan->status, why ? ": " : "", why ? why : "");
    if (running)
        error_hint(error, "--wait waits for it");
    else if (strcmp(scan->status, "IMAGE_ARCHIVED") == 0)
        error_hint(error, "'ecr image restore' first");
    return -1;
}

/* All pages, after the scan is over. */
static int read_findings(struct scan *scan)
{
    struct buf body;
    struct ecr_pages pages;
    struct work *work = scan->work;
    struct invocation *in = work->in;
    open_body(scan, &body);
    if (ecr_manage_pages(&work->api, "DescribeImageScanFindings", work->target.text, &body, PAGE_ROWS, &in->arena,
                         &pages, &in->error) < 0)
        return -1;
    scan->first = json_root(&pages.list[0]);
    for (size_t i = 0; i < pages.count; i++) {
        struct json_node page = json_root(&pages.list[i]);
        scan->status = json_cstr(&in->arena, field_node("imageScanStatus.status", page));
        if (scan->status && !is_good(scan->status))
            return not_good(scan); /* another scan has begun meanwhile */
        if (!scan->status || !is_about(scan, page) || findings_add(&scan->findings, page, &in->arena) < 0)
            return ecr_not_what_was_asked(&work->api, "DescribeImageScanFindings", &in->error);
    }
    return 0;
}

/* Prints the result; 1 if it has what --fail-on asks about. */
static int report(struct scan *scan)
{
    int64_t counts[SEVERITIES];
    struct work *work = scan->work;
    if (!is_good(scan->status))
        return not_good(scan);
    if (read_findings(scan) < 0)
        return -1;
    findings_count(&scan->findings, counts);
    work_note(work, counts[CRITICAL] || counts[HIGH] ? TERM_YELLOW : TERM_PLAIN, "%s: %s", work->target.text,
              findings_summary(counts, &work->in->arena));
    int status = findings_print(work->in, &scan->findings);
    if (status != EXIT_OK || scan->fail_on == SEVERITIES)
        return status;
    for (int i = 0; i <= scan->fail_on; i++)
        if (counts[i])
            return EXIT_ABSENT;
    return counts[UNRANKED] ? EXIT_ABSENT : EXIT_OK; /* what cannot be ranked is not let through */
}

static int parse(struct scan *scan, const char *wait_name, bool *wait, const char *usage)
{
    struct work *work = scan->work;
    const struct option own[] = {{"fail-on", 0, OPTION_CHOICE, &scan->fail_on, finding_severities},
                                 {wait_name, 0, OPTION_FLAG, wait, NULL}};
    scan->fail_on = SEVERITIES;
    if (work_parse(work, own, COUNT_OF(own), 1, 1, usage) < 0 || work_target(work, 0, TARGET_IMAGE) < 0)
        return -1;
    scan->digest = work->target.digest;
    return 0;
}

static int scan_show(struct work *work)
{
    bool wait = false;
    struct scan scan = {.work = work};
    if (parse(&scan, "wait", &wait, "scan show [--wait] [--fail-on SEVERITY] IMAGE") < 0 || work_open(work) < 0 ||
        (wait ? await(&scan, false) : read_status(&scan)) < 0)
        return -1;
    return report(&scan);
}

/* A scan that runs, or that ended within a day. */
static bool is_recent(const struct scan *scan)
{
    int64_t ended;
    if (is_running(scan->status))
        return true;
    bool known = json_seconds(field_node("imageScanFindings.imageScanCompletedAt", scan->first), &ended);
    return known && ended >= clock_unix() + scan->work->api.client.shared->skew - DAY;
}

/*
 * An image is scanned once a day: where the service refuses another scan, that of today is the answer. *begun tells whether
 * one was started now.
 */
static int start(struct scan *scan, struct json_node *reply, bool *begun)
{
    struct buf body;
    struct work *work = scan->work;
    struct invocation *in = work->in;
    open_body(scan, &body);
    *begun = ecr_manage(&work->api, "StartImageScan", work->target.text, &body, &in->arena, reply, &in->error) == 0;
    if (*begun)
        return is_about(scan, *reply) ? 0 : ecr_not_what_was_asked(&work->api, "StartImageScan", &in->error);
    if (ecr_error_is(&in->error, "ValidationException") && !in->error.hint)
        error_hint(&in->error, "with enhanced scanning ECR scans by itself: 'ecr scan show' has the result");
    if (!ecr_error_is(&in->error, "LimitExceededException"))
        return -1;
    struct error refusal = {.arena = &in->arena};
    error_copy(&refusal, &in->error);
    if (read_status(scan) == 0 && is_recent(scan)) {
        work_note(work, TERM_PLAIN, "%s was scanned within the last 24 hours: that scan counts", work->target.text);
        *reply = scan->first;
        return 0;
    }
    error_copy(&in->error, &refusal);
    return -1;
}

static int scan_start(struct work *work)
{
    bool no_wait = false, begun;
    struct json_node reply;
    struct scan scan = {.work = work};
    if (parse(&scan, "no-wait", &no_wait, "scan start [--no-wait] [--fail-on SEVERITY] IMAGE") < 0)
        return -1;
    if (no_wait && scan.fail_on != SEVERITIES)
        return error_set(&work->in->error, REASON_USAGE, "--fail-on", "the findings are not awaited with --no-wait");
    if (work_open(work) < 0 || start(&scan, &reply, &begun) < 0)
        return -1;
    if (no_wait)
        return work_print(work, node_text(field_node("imageScanStatus.status", reply), &work->in->arena), reply);
    return await(&scan, begun) < 0 ? -1 : report(&scan);
}

int cmd_scan(struct invocation *in)
{
    static const struct verb verbs[] = {
        {"start", scan_start}, {"show", scan_show}, {"config", scan_config}, {NULL, NULL}};
    return work_run(in, verbs);
}
