/* replication status: where the copies of an image are. */
#include "cmd/replication.h"

#include "base/clock.h"

#define STATUS_ROWS_MAX  1000
#define LISTED_WITHIN_MS 10000   /* after a push */
#define STATUS_LIMIT_MS  3600000 /* it usually takes less than half an hour */

/* The image's destinations; *running and *failed count those of such a state. */
static int read_status(struct work *work, struct ecr_rows *rows, size_t *running, size_t *failed)
{
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    ecr_manage_open(&work->api, work->target.repository, &body);
    ecr_manage_image_id(&body, "imageId", work->target.digest ? NULL : work->target.tag, work->target.digest);
    if (ecr_manage(&work->api, "DescribeImageReplicationStatus", work->target.text, &body, &in->arena, &reply,
                   &in->error) < 0)
        return -1;
    struct json_node list = json_get(reply, "replicationStatuses");
    *rows = (struct ecr_rows){arena_array(&in->arena, STATUS_ROWS_MAX, sizeof *rows->list), 0};
    *running = *failed = 0;
    for (struct json_node node = json_first(list); json_exists(node) && rows->count < STATUS_ROWS_MAX;
         node = json_next(list, node)) {
        if (!json_is(json_get(node, "region"), JSON_STRING) || !json_is(json_get(node, "registryId"), JSON_STRING) ||
            !json_is(json_get(node, "status"), JSON_STRING))
            return ecr_not_what_was_asked(&work->api, "DescribeImageReplicationStatus", &in->error);
        rows->list[rows->count++] = node;
        bool complete = json_equals(json_get(node, "status"), "COMPLETE");
        bool broken = json_equals(json_get(node, "status"), "FAILED");
        *running += !complete && !broken;
        *failed += broken;
    }
    return 0;
}

static int await_status(struct work *work, struct ecr_rows *rows, size_t *running, size_t *failed)
{
    struct waiting waiting;
    struct arena *arena = &work->in->arena;
    waiting_begin(&waiting, work, arena_printf(arena, "the copies of %s", work->target.text), STATUS_LIMIT_MS);
    int64_t listed_by = deadline_in(LISTED_WITHIN_MS);
    while (*running || (!rows->count && !deadline_passed(listed_by))) {
        const char *state =
            rows->count ? arena_printf(arena, "%zu of %zu not there yet", *running, rows->count) : "none is listed yet";
        if (waiting_pause(&waiting, state) < 0)
            return -1;
        if (read_status(work, rows, running, failed) < 0)
            return waiting_failed(&waiting);
    }
    waiting_end(&waiting);
    return 0;
}

int replication_status(struct work *work)
{
    static const struct field fields[] = {
        {{"REGION", false, false, 0}, "region", FIELD_TEXT},
        {{"ACCOUNT", false, false, 0}, "registryId", FIELD_TEXT},
        {{"STATUS", false, false, 0}, "status", FIELD_TEXT},
        {{"FAILURE", false, true, 0}, "failureCode", FIELD_TEXT},
    };
    bool wait = false;
    struct ecr_rows rows;
    size_t running, failed;
    struct invocation *in = work->in;
    const struct option own[] = {{"wait", 0, OPTION_FLAG, &wait, NULL}};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "replication status [--wait] IMAGE") < 0 ||
        work_target(work, 0, TARGET_IMAGE) < 0 || work_open(work) < 0 ||
        read_status(work, &rows, &running, &failed) < 0 || (wait && await_status(work, &rows, &running, &failed) < 0))
        return -1;
    if (!rows.count) {
        error_set(&in->error, REASON_NOT_SET, work->target.text, "it is copied nowhere");
        error_hint(&in->error, "rules count for what is pushed after them: 'ecr replication show'");
        return -1;
    }
    int status = rows_print(in, fields, COUNT_OF(fields), rows.list, rows.count, NULL, NULL);
    if (!failed)
        return status;
    return error_set(&in->error, REASON_REFUSED, work->target.text, "%zu of %zu copies failed", failed, rows.count);
}
