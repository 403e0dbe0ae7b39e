/* scan: what is known to be wrong with the software in an image. */
#include "cmd/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "image/digest.h"

#define PAGE_ROWS     1000
#define COUNT_MOST    1000000000 /* of findings */
#define DAY           86400
#define SCAN_LIMIT_MS 900000

/* From the worst. */
static const char *const severities[] = {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", NULL};
enum { UNDEFINED = 5, UNRANKED, SEVERITIES, NO_SEVERITY }; /* unranked: by a word that is none of these */

/* A finding, of either shape. */
struct finding {
    struct json_node node;
    size_t severity; /* index of severities */
    size_t order;    /* among those of the service, so that the sorting keeps it */
};

struct scan {
    struct work *work;
    int fail_on; /* index of severities, NO_SEVERITY without one */
    bool wait;
    const char *digest; /* of the image, once it is known: a tag may move while we wait */
    const char *status;
    struct json_node first; /* reply, with status and counts */
    struct finding *findings;
    size_t count, room;
};

static size_t severity_of(struct json_node node)
{
    for (size_t i = 0; severities[i]; i++)
        if (json_equals(node, severities[i]))
            return i;
    return json_equals(node, "UNTRIAGED") ? UNDEFINED : UNRANKED;
}

static int compare(const void *a, const void *b)
{
    const struct finding *one = a, *other = b;
    if (one->severity != other->severity)
        return one->severity < other->severity ? -1 : 1;
    return one->order < other->order ? -1 : 1;
}

/* -1 if the list is none, or has what is no finding: none of them may be overlooked. */
static int add_findings(struct scan *scan, struct json_node list)
{
    struct arena *arena = &scan->work->in->arena;
    if (json_exists(list) && !json_is(list, JSON_ARRAY))
        return -1;
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node)) {
        if (!json_is(json_get(node, "severity"), JSON_STRING))
            return -1;
        if (scan->count == scan->room) {
            scan->room = 2 * scan->room + 100;
            struct finding *more = arena_array(arena, scan->room, sizeof *more);
            if (scan->count)
                memcpy(more, scan->findings, scan->count * sizeof *more);
            scan->findings = more;
        }
        scan->findings[scan->count] = (struct finding){node, severity_of(json_get(node, "severity")), scan->count};
        scan->count++;
    }
    return 0;
}

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
            return -1;
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

/* The counts by severity: an object of numbers. */
static bool are_counts(struct json_node map)
{
    int64_t number;
    for (struct json_node key = json_first(map), value; json_exists(key); key = json_next(map, value)) {
        value = json_next(map, key);
        if (!json_int64(value, &number) || number < 0)
            return false;
    }
    return json_is(map, JSON_OBJECT);
}

/* A page without a list, and without counts, does not say that nothing was found. */
static int add_page(struct scan *scan, struct json_node page)
{
    struct json_node all = json_get(page, "imageScanFindings"), counts = json_get(all, "findingSeverityCounts");
    struct json_node basic = json_get(all, "findings"), enhanced = json_get(all, "enhancedFindings");
    bool empty = !json_exists(counts) && !json_exists(basic) && !json_exists(enhanced);
    if (empty || (json_exists(counts) && !are_counts(counts)) || add_findings(scan, basic) < 0)
        return -1;
    return add_findings(scan, enhanced);
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
        if (!scan->status || !is_about(scan, page) || add_page(scan, page) < 0)
            return ecr_not_what_was_asked(&work->api, "DescribeImageScanFindings", &in->error);
    }
    if (scan->count)
        qsort(scan->findings, scan->count, sizeof *scan->findings, compare);
    return 0;
}

/* How many there are of each: by the service's counts, and at least as many as were listed. */
static void count_severities(const struct scan *scan, int64_t counts[static SEVERITIES])
{
    int64_t listed[SEVERITIES] = {0};
    struct json_node map = field_node("imageScanFindings.findingSeverityCounts", scan->first);
    for (size_t i = 0; i < scan->count; i++)
        listed[scan->findings[i].severity]++;
    for (struct json_node key = json_first(map), value; json_exists(key); key = json_next(map, value)) {
        int64_t number = 0, *count = &counts[severity_of(key)];
        value = json_next(map, key);
        json_int64(value, &number);
        *count = number > COUNT_MOST - *count ? COUNT_MOST : *count + number;
    }
    for (size_t i = 0; i < SEVERITIES; i++)
        counts[i] = listed[i] > counts[i] ? listed[i] : counts[i];
}

/* The value of an attribute of a basic finding. */
static const char *attribute(struct json_node finding, const char *key, struct arena *arena)
{
    struct json_node list = json_get(finding, "attributes");
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node))
        if (json_equals(json_get(node, "key"), key))
            return json_cstr(arena, json_get(node, "value"));
    return NULL;
}

/* The columns of a finding, whose members have other names in the two shapes. */
enum { SEVERITY, NAME, PACKAGE, VERSION, FIXED_IN, TITLE };

static const char *fill(void *context, size_t row, size_t column)
{
    struct scan *scan = context;
    struct arena *arena = &scan->work->in->arena;
    struct json_node node = scan->findings[row].node;
    struct json_node details = json_get(node, "packageVulnerabilityDetails");
    struct json_node package = json_first(json_get(details, "vulnerablePackages"));
    bool enhanced = json_exists(details);
    switch (column) {
    case SEVERITY:
        return json_cstr(arena, json_get(node, "severity"));
    case NAME:
        return json_cstr(arena, enhanced ? json_get(details, "vulnerabilityId") : json_get(node, "name"));
    case PACKAGE:
        return enhanced ? json_cstr(arena, json_get(package, "name")) : attribute(node, "package_name", arena);
    case VERSION:
        return enhanced ? json_cstr(arena, json_get(package, "version")) : attribute(node, "package_version", arena);
    case FIXED_IN:
        return json_cstr(arena, json_get(package, "fixedInVersion"));
    default:
        return json_cstr(arena, enhanced || json_exists(json_get(node, "title")) ? json_get(node, "title")
                                                                                 : json_get(node, "uri"));
    }
}

static int print_findings(struct scan *scan)
{
    static const struct field fields[] = {
        {{"SEVERITY", false, false, 0}, NULL, FIELD_TEXT}, {{"NAME", false, false, 0}, NULL, FIELD_TEXT},
        {{"PACKAGE", false, true, 0}, NULL, FIELD_TEXT},   {{"VERSION", false, true, 2}, NULL, FIELD_TEXT},
        {{"FIXED IN", false, true, 1}, NULL, FIELD_TEXT},  {{"TITLE", false, true, 3}, NULL, FIELD_TEXT},
    };
    struct invocation *in = scan->work->in;
    struct json_node *rows = arena_array(&in->arena, scan->count + 1, sizeof *rows);
    for (size_t i = 0; i < scan->count; i++)
        rows[i] = scan->findings[i].node;
    return rows_print(in, fields, COUNT_OF(fields), rows, scan->count, fill, scan);
}

static void note_counts(const struct scan *scan, const int64_t counts[static SEVERITIES])
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < SEVERITIES; i++)
        if (counts[i])
            buf_printf(&text, "%s%lld %s", text.len ? ", " : "", (long long)counts[i],
                       i == UNRANKED ? "of an unknown severity" : severities[i]);
    work_note(scan->work, counts[0] || counts[1] ? TERM_YELLOW : TERM_PLAIN, "%s: %s", scan->work->target.text,
              text.len ? text.data : "nothing was found");
    buf_free(&text);
}

/* Prints the result; 1 if it has what --fail-on asks about. */
static int report(struct scan *scan)
{
    int64_t counts[SEVERITIES] = {0};
    if (!is_good(scan->status))
        return not_good(scan);
    if (read_findings(scan) < 0)
        return -1;
    count_severities(scan, counts);
    note_counts(scan, counts);
    int status = print_findings(scan);
    if (status != EXIT_OK || scan->fail_on == NO_SEVERITY)
        return status;
    for (int i = 0; i <= scan->fail_on; i++)
        if (counts[i])
            return EXIT_ABSENT;
    return counts[UNRANKED] ? EXIT_ABSENT : EXIT_OK; /* what cannot be ranked is not let through */
}

static int parse(struct scan *scan, const char *wait_name, bool *wait, const char *usage)
{
    struct work *work = scan->work;
    const struct option own[] = {{"fail-on", 0, OPTION_CHOICE, &scan->fail_on, severities},
                                 {wait_name, 0, OPTION_FLAG, wait, NULL}};
    scan->fail_on = NO_SEVERITY;
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
    if (no_wait && scan.fail_on != NO_SEVERITY)
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
