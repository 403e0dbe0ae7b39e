/* image: the images of a repository. */
#include "cmd/image.h"

#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "image/digest.h"

#define PAGE_ROWS        1000
#define RESTORE_LIMIT_MS 1800000 /* it takes up to 20 minutes */

static const struct field fields[] = {
    {{"TAG", false, true, 0}, "imageTags", FIELD_TEXT},
    {{"DIGEST", false, true, 0}, "imageDigest", FIELD_TEXT},
    {{"SIZE", true, false, 2}, "imageSizeInBytes", FIELD_SIZE},
    {{"PUSHED", false, false, 1}, "imagePushedAt", FIELD_TIME},
    {{"PULLED", false, false, 4}, "lastRecordedPullTime", FIELD_TIME},
    {{"MEDIA TYPE", false, true, 5}, "imageManifestMediaType", FIELD_TEXT},
    {{"STATUS", false, false, 3}, "imageStatus", FIELD_TEXT},
};

/* An image of the listing and what it is sorted by. */
struct row {
    struct json_node node;
    int64_t pushed_at; /* milliseconds, as the service has them */
    struct slice digest;
};

static int64_t milliseconds(struct json_node node)
{
    int64_t seconds = 0;
    uint64_t fraction = 0;
    char digits[] = "000";
    struct slice rest = json_raw(node);
    json_seconds(node, &seconds);
    slice_cut(&rest, '.');
    for (size_t i = 0; i < 3 && i < rest.len && ascii_is_digit(rest.data[i]); i++)
        digits[i] = rest.data[i];
    bool plain =
        slice_number(slice_of(digits), 999, &fraction) && slice_find(rest, 'e') < 0 && slice_find(rest, 'E') < 0;
    return seconds * 1000 + (plain ? (int64_t)fraction : 0);
}

/* The newest first; those of one moment in the order of their digests, so that two runs agree. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *one = a, *other = b;
    if (one->pushed_at != other->pushed_at)
        return one->pushed_at < other->pushed_at ? 1 : -1;
    size_t len = one->digest.len < other->digest.len ? one->digest.len : other->digest.len;
    return len ? memcmp(one->digest.data, other->digest.data, len) : 0;
}

static void sort_rows(struct ecr_rows *rows, struct arena *arena)
{
    struct row *list = arena_array(arena, rows->count + 1, sizeof *list);
    for (size_t i = 0; i < rows->count; i++) {
        list[i] = (struct row){rows->list[i], milliseconds(json_get(rows->list[i], "imagePushedAt")),
                               json_raw(json_get(rows->list[i], "imageDigest"))};
    }
    qsort(list, rows->count, sizeof *list, compare_rows);
    for (size_t i = 0; i < rows->count; i++)
        rows->list[i] = list[i].node;
}

/* ECR Public has no filters: what the service cannot leave out is left out here. */
static void keep_untagged(struct ecr_rows *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (!json_exists(json_first(json_get(rows->list[i], "imageTags"))))
            rows->list[kept++] = rows->list[i];
    rows->count = kept;
}

static void write_filter(struct buf *body, bool untagged)
{
    json_member(body, "filter");
    json_open(body, '{');
    json_member_str(body, "tagStatus", untagged ? "UNTAGGED" : NULL);
    json_member_str(body, "imageStatus", "ANY"); /* archived ones too: else they would look deleted */
    json_close(body, '}');
}

static int image_ls(struct work *work)
{
    struct buf body;
    struct ecr_rows rows;
    bool untagged = false;
    int64_t limit = 0;
    struct invocation *in = work->in;
    const struct option own[] = {
        {"untagged", 0, OPTION_FLAG, &untagged, NULL}, {"limit", 0, OPTION_NUMBER, &limit, NULL}, WORK_PUBLIC(work)};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "image ls [--untagged] [--limit N] [--public] REPO") < 0 ||
        work_target(work, 0, TARGET_REPOSITORY) < 0 || work_open(work) < 0)
        return -1;
    ecr_manage_open(&work->api, work->target.repository, &body);
    if (!work->target.is_public)
        write_filter(&body, untagged);
    if (ecr_manage_list(&work->api, "DescribeImages", work->target.text, &body, PAGE_ROWS, &in->arena, &rows,
                        &in->error) < 0)
        return -1;
    if (untagged)
        keep_untagged(&rows);
    sort_rows(&rows, &in->arena);
    if (limit && rows.count > (size_t)limit)
        rows.count = (size_t)limit;
    if (!rows.count)
        work_note(work, TERM_PLAIN, "No %simages in %s", untagged ? "untagged " : "", work->target.text);
    return rows_print(in, fields, COUNT_OF(fields), rows.list, rows.count, NULL, NULL);
}

/* Whether a description is about the target: by its digest, and with the tag that was asked for. */
static bool is_target(const struct work *work, struct json_node detail)
{
    const struct ecr_target *target = &work->target;
    struct json_node tags = json_get(detail, "imageTags");
    const char *digest = json_cstr(&work->in->arena, json_get(detail, "imageDigest"));
    if (!digest || digest_fault(slice_of(digest)))
        return false;
    return target->digest ? strcmp(digest, target->digest) == 0 : json_has(tags, target->tag);
}

int image_describe(struct work *work, struct json_node *detail)
{
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    const struct ecr_target *target = &work->target;
    ecr_manage_open(&work->api, target->repository, &body);
    json_member(&body, "imageIds");
    json_open(&body, '[');
    ecr_manage_image_id(&body, NULL, target->digest ? NULL : target->tag, target->digest);
    json_close(&body, ']');
    if (ecr_manage(&work->api, "DescribeImages", target->text, &body, &in->arena, &reply, &in->error) < 0)
        return -1;
    *detail = json_first(json_get(reply, "imageDetails"));
    return is_target(work, *detail) ? 0 : ecr_not_what_was_asked(&work->api, "DescribeImages", &in->error);
}

bool image_find_hidden(struct work *work, struct ecr_image *image)
{
    size_t pages;
    struct invocation *in = work->in;
    struct error missing = {.arena = &in->arena};
    struct ecr_image_id id = {work->target.tag, work->target.digest};
    if (in->error.reason != REASON_NO_IMAGE || work->target.is_public)
        return false;
    error_copy(&missing, &in->error);
    bool found =
        ecr_find_archived(&work->api, work->target.repository, &id, 1, image, &pages, &in->arena, &in->error) == 0 &&
        image->digest;
    error_copy(&in->error, &missing);
    return found;
}

int image_explain_hidden(struct work *work)
{
    struct ecr_image image;
    struct error *error = &work->in->error;
    if (!image_find_hidden(work, &image))
        return -1;
    error_set(error, REASON_ARCHIVED, work->target.text, "it is there, but %s", image.status);
    error_hint(error, "'ecr image restore' makes it usable again");
    return -1;
}

/* Waits until an image that is being restored can be pulled. */
static int await_active(struct work *work, struct json_node *detail)
{
    struct waiting waiting;
    waiting_begin(&waiting, work, work->target.text, RESTORE_LIMIT_MS);
    for (;;) {
        int described = image_describe(work, detail);
        if (described < 0 && work->in->error.reason != REASON_NO_IMAGE) /* the service may hide it until it is back */
            return waiting_failed(&waiting);
        struct json_node status = json_get(*detail, "imageStatus");
        if (described == 0 && (!json_exists(status) || json_equals(status, "ACTIVE")))
            break;
        if (waiting_pause(&waiting, described == 0 ? node_text(status, &work->in->arena) : "ACTIVATING") < 0)
            return -1;
    }
    waiting_end(&waiting);
    return 0;
}

/* What the service would say of a hidden image, in the form of its own answers. */
static struct json_node describe_hidden(struct work *work, const struct ecr_image *image)
{
    struct buf text = BUF_INIT;
    struct arena *arena = &work->in->arena;
    struct json *json = arena_alloc(arena, sizeof *json);
    json_open(&text, '{');
    json_member_str(&text, "repositoryName", work->target.repository);
    ecr_manage_image_id(&text, "imageId", work->target.tag, image->digest);
    json_member_str(&text, "imageStatus", image->status);
    json_close(&text, '}');
    int parsed = json_parse(arena, arena_slice(arena, buf_view(&text)), json);
    buf_free(&text);
    return parsed < 0 ? (struct json_node){NULL, 0} : json_root(json);
}

/*
 * Whether the image is not archived, or no longer: as it was wished. The service may hide it until it is back, which it
 * may be while we look.
 */
static bool is_restored(struct work *work, struct json_node *reply)
{
    struct ecr_image image;
    for (int look = 0; look < 2; look++) {
        if (image_describe(work, reply) == 0)
            return !json_equals(json_get(*reply, "imageStatus"), "ARCHIVED");
        if (image_find_hidden(work, &image)) {
            *reply = describe_hidden(work, &image);
            return strcmp(image.status, "ACTIVATING") == 0;
        }
    }
    return false;
}

/* Moves one image to the standard storage class; *reply tells its state then. */
static int restore(struct work *work, struct json_node *reply)
{
    struct buf body;
    struct invocation *in = work->in;
    ecr_manage_open(&work->api, work->target.repository, &body);
    ecr_manage_image_id(&body, "imageId", work->target.digest ? NULL : work->target.tag, work->target.digest);
    json_member_str(&body, "targetStorageClass", "STANDARD");
    if (ecr_manage(&work->api, "UpdateImageStorageClass", work->target.text, &body, &in->arena, reply, &in->error) == 0)
        return 0;
    struct error refusal = {.arena = &in->arena};
    error_copy(&refusal, &in->error);
    if (!ecr_error_is(&refusal, "ImageStorageClassUpdateNotSupportedException"))
        return -1;
    if (is_restored(work, reply))
        return 0;
    error_copy(&in->error, &refusal);
    return -1;
}

static int restore_one(struct work *work, bool wait)
{
    struct json_node reply;
    struct invocation *in = work->in;
    if (restore(work, &reply) < 0 || (wait && await_active(work, &reply) < 0))
        return -1;
    const char *status = node_text(json_get(reply, "imageStatus"), &in->arena);
    return work_print(work, arena_printf(&in->arena, "%s  %s", status, work->target.text), reply);
}

static int image_restore(struct work *work)
{
    bool wait = false;
    int worst = EXIT_OK;
    struct invocation *in = work->in;
    const struct option own[] = {{"wait", 0, OPTION_FLAG, &wait, NULL}};
    if (work_parse(work, own, COUNT_OF(own), 1, SIZE_MAX, "image restore [--wait] IMAGE...") < 0)
        return -1;
    struct ecr_target *targets = arena_array(&in->arena, in->operand_count, sizeof *targets);
    for (size_t i = in->operand_count; i-- > 0;) {
        if (work_target(work, i, TARGET_IMAGE) < 0)
            return -1;
        targets[i] = work->target;
    }
    if (work_open_session(work) < 0)
        return -1;
    for (size_t i = 0; i < in->operand_count; i++) {
        int status = work_switch(work, &targets[i]) < 0 ? -1 : restore_one(work, wait);
        worst = exit_worse(worst, status < 0 ? invocation_fail(in) : status);
    }
    return worst;
}

int cmd_image(struct invocation *in)
{
    static const struct verb verbs[] = {
        {"ls", image_ls}, {"show", image_show}, {"rm", image_rm}, {"restore", image_restore}, {NULL, NULL}};
    return work_run(in, verbs);
}
