#include "cmd/findings.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_MOST 1000000000 /* of findings */

const char *const finding_severities[] = {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", NULL};

/* A finding, of either shape. */
struct finding {
    struct json_node node;
    size_t severity; /* enum severity */
    size_t order;    /* among those of the service, so that the sorting keeps it */
};

static size_t severity_of(struct json_node node)
{
    for (size_t i = 0; finding_severities[i]; i++)
        if (json_equals(node, finding_severities[i]))
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
static int add_list(struct findings *findings, struct json_node list, struct arena *arena)
{
    if (json_exists(list) && !json_is(list, JSON_ARRAY))
        return -1;
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node)) {
        if (!json_is(json_get(node, "severity"), JSON_STRING))
            return -1;
        if (findings->count == findings->room) {
            findings->room = 2 * findings->room + 100;
            struct finding *more = arena_array(arena, findings->room, sizeof *more);
            if (findings->count)
                memcpy(more, findings->list, findings->count * sizeof *more);
            findings->list = more;
        }
        findings->list[findings->count] =
            (struct finding){node, severity_of(json_get(node, "severity")), findings->count};
        findings->count++;
    }
    return 0;
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

/* A reply without a list, and without counts, does not say that nothing was found. */
int findings_add(struct findings *findings, struct json_node reply, struct arena *arena)
{
    struct json_node all = json_get(reply, "imageScanFindings"), counts = json_get(all, "findingSeverityCounts");
    struct json_node basic = json_get(all, "findings"), enhanced = json_get(all, "enhancedFindings");
    bool empty = !json_exists(counts) && !json_exists(basic) && !json_exists(enhanced);
    if (empty || (json_exists(counts) && !are_counts(counts)) || add_list(findings, basic, arena) < 0)
        return -1;
    if (!json_exists(findings->counts))
        findings->counts = counts;
    return add_list(findings, enhanced, arena);
}

void findings_count(const struct findings *findings, int64_t counts[static SEVERITIES])
{
    int64_t listed[SEVERITIES] = {0};
    struct json_node map = findings->counts;
    memset(counts, 0, SEVERITIES * sizeof *counts);
    for (size_t i = 0; i < findings->count; i++)
        listed[findings->list[i].severity]++;
    for (struct json_node key = json_first(map), value; json_exists(key); key = json_next(map, value)) {
        int64_t number = 0, *count = &counts[severity_of(key)];
        value = json_next(map, key);
        json_int64(value, &number);
        *count = number > COUNT_MOST - *count ? COUNT_MOST : *count + number;
    }
    for (size_t i = 0; i < SEVERITIES; i++)
        counts[i] = listed[i] > counts[i] ? listed[i] : counts[i];
}

const char *findings_summary(const int64_t counts[static SEVERITIES], struct arena *arena)
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < SEVERITIES; i++)
        if (counts[i])
            buf_printf(&text, "%s%lld %s", text.len ? ", " : "", (long long)counts[i],
                       i == UNRANKED ? "of an unknown severity" : finding_severities[i]);
    return text.len ? buf_detach(&text, arena) : "nothing was found";
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
enum { COLUMN_SEVERITY, COLUMN_NAME, COLUMN_PACKAGE, COLUMN_VERSION, COLUMN_FIXED_IN, COLUMN_TITLE };

struct filling {
    const struct findings *findings;
    struct arena *arena;
};

static const char *fill(void *context, size_t row, size_t column)
{
    const struct filling *filling = context;
    struct arena *arena = filling->arena;
    struct json_node node = filling->findings->list[row].node;
    struct json_node details = json_get(node, "packageVulnerabilityDetails");
    struct json_node package = json_first(json_get(details, "vulnerablePackages"));
    bool enhanced = json_exists(details);
    switch (column) {
    case COLUMN_SEVERITY:
        return json_cstr(arena, json_get(node, "severity"));
    case COLUMN_NAME:
        return json_cstr(arena, enhanced ? json_get(details, "vulnerabilityId") : json_get(node, "name"));
    case COLUMN_PACKAGE:
        return enhanced ? json_cstr(arena, json_get(package, "name")) : attribute(node, "package_name", arena);
    case COLUMN_VERSION:
        return enhanced ? json_cstr(arena, json_get(package, "version")) : attribute(node, "package_version", arena);
    case COLUMN_FIXED_IN:
        return json_cstr(arena, json_get(package, "fixedInVersion"));
    default:
        return json_cstr(arena, enhanced || json_exists(json_get(node, "title")) ? json_get(node, "title")
                                                                                 : json_get(node, "uri"));
    }
}

int findings_print(struct invocation *in, struct findings *findings)
{
    static const struct field fields[] = {
        {{"SEVERITY", false, false, 0}, NULL, FIELD_TEXT}, {{"NAME", false, false, 0}, NULL, FIELD_TEXT},
        {{"PACKAGE", false, true, 0}, NULL, FIELD_TEXT},   {{"VERSION", false, true, 2}, NULL, FIELD_TEXT},
        {{"FIXED IN", false, true, 1}, NULL, FIELD_TEXT},  {{"TITLE", false, true, 3}, NULL, FIELD_TEXT},
    };
    struct filling filling = {findings, &in->arena};
    struct json_node *rows = arena_array(&in->arena, findings->count + 1, sizeof *rows);
    if (findings->count)
        qsort(findings->list, findings->count, sizeof *findings->list, compare);
    for (size_t i = 0; i < findings->count; i++)
        rows[i] = findings->list[i].node;
    return rows_print(in, fields, sizeof fields / sizeof *fields, rows, findings->count, fill, &filling);
}
