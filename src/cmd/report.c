#include "cmd/report.h"

#include "base/clock.h"
#include "base/json_write.h"

void report_text(struct buf *out, const struct item *item)
{
    const struct outcome *outcome = &item->outcome;
    bool present = reason_state(outcome->reason) == STATE_PRESENT;
    buf_printf(out, "%s  ", state_name(reason_state(outcome->reason)));
    term_safe(out, item->reference.text);
    buf_str(out, "  ");
    term_safe(out, present ? (outcome->digest ? outcome->digest : "-") : reason_name(outcome->reason));
    if (item->file) {
        buf_str(out, "  ");
        term_safe(out, item->file);
        buf_printf(out, ":%zu", item->line);
    }
    buf_char(out, '\n');
}

static void write_step(struct buf *out, const struct step *step, struct arena *scratch)
{
    json_open(out, '{');
    json_member_str(out, "source", step->source);
    json_member_str(out, "state", step->skipped ? "skipped" : state_name(reason_state(step->reason)));
    json_member_str(out, "reason", reason_name(step->reason));
    if (step->detail && step->hint)
        json_member_str(out, "detail", arena_printf(scratch, "%s; %s", step->detail, step->hint));
    else
        json_member_str(out, "detail", step->detail);
    json_close(out, '}');
}

static void write_platforms(struct buf *out, const struct outcome *outcome)
{
    if (outcome->platform_count == 0)
        return;
    json_member(out, "platforms");
    json_open(out, '[');
    for (size_t i = 0; i < outcome->platform_count; i++)
        json_write_str(out, outcome->platforms[i]);
    json_close(out, ']');
}

void report_json(struct buf *out, const struct item *item)
{
    const struct outcome *outcome = &item->outcome;
    struct arena scratch = {0};
    char pushed_at[TIME_TEXT];
    json_open(out, '{');
    json_member_str(out, "image", item->reference.text);
    json_member_str(out, "reference", item->reference.normal);
    json_member_str(out, "file", item->file);
    if (item->file)
        json_member_int(out, "line", (int64_t)item->line);
    json_member_str(out, "state", state_name(reason_state(outcome->reason)));
    json_member_str(out, "reason", reason_name(outcome->reason));
    json_member_str(out, "source", outcome->source);
    json_member_str(out, "digest", outcome->digest);
    json_member_str(out, "mediaType", outcome->media_type);
    if (outcome->size >= 0)
        json_member_int(out, "sizeBytes", outcome->size);
    if (outcome->pushed_at > 0) {
        time_iso(outcome->pushed_at, pushed_at);
        json_member_str(out, "pushedAt", pushed_at);
    }
    write_platforms(out, outcome);
    json_member(out, "trail");
    json_open(out, '[');
    for (const struct step *step = outcome->trail; step; step = step->next)
        write_step(out, step, &scratch);
    json_close(out, ']');
    json_close(out, '}');
    buf_char(out, '\n');
    arena_free(&scratch);
}
