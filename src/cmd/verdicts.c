#include "cmd/verdicts.h"

#include <string.h>

#include "base/clock.h"
#include "cmd/github.h"
#include "cmd/report.h"
#include "cmd/select.h"

#define NOTES_MAX   20  /* images up to which each is talked about on stderr without -v */
#define PROGRESS_MS 100 /* between two lines of progress */

/* What the callbacks of a run need. */
struct run {
    struct invocation *in;
    const struct image_arguments *arguments;
    struct item *items;
    size_t count;
    size_t printed; /* verdicts go out in the order of the images: the first that is still to come */
    size_t concluded;
    bool *done;
    bool notes;
    bool silent;
    bool output_failed;
    int64_t shown_at; /* the last line of progress */
};

static void note(const struct run *run, enum term_colour colour, const char *text, const struct item *item,
                 const char *reason)
{
    struct buf line = BUF_INIT;
    if (!run->notes)
        return;
    buf_printf(&line, "%s%s", text, item->reference.text);
    if (reason)
        buf_printf(&line, " (%s)", reason);
    term_note(&run->in->term, colour, line.data);
    buf_free(&line);
}

static void on_asking(void *context, const struct item *item, const struct probe *probe)
{
    if (probe == &probe_table[PROBE_ECR])
        note(context, TERM_BLUE, "Checking ECR for image... ", item, NULL);
}

static const struct step *last_step(const struct item *item)
{
    const struct step *step = item->outcome.trail;
    while (step && step->next)
        step = step->next;
    return step;
}

static void on_failed(void *context, const struct item *item, const struct probe *probe, const struct probe *next)
{
    const struct step *step = last_step(item);
    struct buf text = BUF_INIT;
    if (!next || !step)
        return;
    buf_printf(&text, "%s check failed, falling back to %s: ", probe->title, next->next);
    note(context, TERM_YELLOW, text.data, item, reason_name(step->reason));
    buf_free(&text);
}

static void note_ecr_verdict(const struct run *run, const struct item *item)
{
    const char *source = item->outcome.source;
    if (!source || strcmp(source, probe_table[PROBE_ECR].name) != 0)
        return;
    switch (reason_state(item->outcome.reason)) {
    case STATE_PRESENT:
        note(run, TERM_GREEN, "Image found in ECR: ", item, NULL);
        break;
    case STATE_ABSENT:
        note(run, TERM_YELLOW, "Image not found in ECR: ", item, NULL);
        break;
    case STATE_UNFIT:
        note(run, TERM_YELLOW,
             item->outcome.reason == REASON_ARCHIVED ? "Image found in ECR, but it cannot be pulled: "
                                                     : "Image found in ECR, but it is not as required: ",
             item, reason_name(item->outcome.reason));
        break;
    default:
        break;
    }
}

/* Why it could not be found out, or does not do, by the step that decided; --json has the others. */
static void explain(const struct run *run, const struct item *item)
{
    struct arena scratch = {0};
    enum state state = reason_state(item->outcome.reason);
    bool archived = item->outcome.reason == REASON_ARCHIVED; /* which a note has told */
    if (state == STATE_UNKNOWN && !item->outcome.detail)
        term_error(&run->in->term, arena_printf(&scratch, "%s: %s: nothing could be asked", item->reference.text,
                                                reason_name(item->outcome.reason)));
    else if (state == STATE_UNKNOWN || (state == STATE_UNFIT && !archived))
        term_error(&run->in->term, verdict_text(&scratch, item));
    arena_free(&scratch);
}

static int print_line(struct invocation *in, const struct item *item, const char *format)
{
    struct buf line = BUF_INIT, selected = BUF_INIT;
    if (in->json || format)
        report_json(&line, item);
    else
        report_text(&line, item);
    if (format)
        select_member(&selected, buf_view(&line), format);
    int status = invocation_print(in, buf_view(format ? &selected : &line));
    buf_free(&selected);
    buf_free(&line);
    return status;
}

static void show_verdict(struct run *run, const struct item *item)
{
    note_ecr_verdict(run, item);
    explain(run, item);
    if (!run->arguments->unannounced)
        github_annotate(item);
    if (!run->silent && !run->output_failed && print_line(run->in, item, run->arguments->format) < 0)
        run->output_failed = true;
}

static void show_progress(struct run *run)
{
    int64_t now = clock_ms();
    if (run->count <= NOTES_MAX || now - run->shown_at < PROGRESS_MS)
        return;
    struct buf line = BUF_INIT;
    buf_printf(&line, "%zu of %zu images checked", run->concluded, run->count);
    term_progress(&run->in->term, line.data);
    buf_free(&line);
    run->shown_at = now;
}

static void on_concluded(void *context, const struct item *item)
{
    struct run *run = context;
    run->done[item - run->items] = true;
    run->concluded++;
    if (run->printed < run->count && run->done[run->printed])
        term_progress(&run->in->term, NULL);
    while (run->printed < run->count && run->done[run->printed])
        show_verdict(run, &run->items[run->printed++]);
    show_progress(run);
}

/* How many of each state, for whoever does not read a thousand lines. */
static void summarise(struct run *run)
{
    size_t of[STATE_UNKNOWN + 1] = {0};
    struct buf line = BUF_INIT;
    term_progress(&run->in->term, NULL);
    if (run->count <= NOTES_MAX)
        return;
    for (size_t i = 0; i < run->count; i++)
        of[reason_state(run->items[i].outcome.reason)]++;
    buf_printf(&line, "%zu images:", run->count);
    for (int state = STATE_PRESENT; state <= STATE_UNKNOWN; state++)
        if (of[state])
            buf_printf(&line, " %zu %s", of[state], state_name((enum state)state));
    term_note(&run->in->term, of[STATE_PRESENT] == run->count ? TERM_GREEN : TERM_YELLOW, line.data);
    buf_free(&line);
}

int verdicts_print(struct invocation *in, const struct item *items, size_t count,
                   const struct image_arguments *arguments)
{
    for (size_t i = 0; i < count; i++)
        if (print_line(in, &items[i], arguments->format) < 0)
            return -1;
    return 0;
}

const char *verdict_text(struct arena *arena, const struct item *item)
{
    const struct outcome *outcome = &item->outcome;
    return arena_printf(arena, "%s: %s%s%s%s%s", item->reference.text, reason_name(outcome->reason),
                        outcome->detail ? ": " : "", outcome->detail ? outcome->detail : "", outcome->hint ? "; " : "",
                        outcome->hint ? outcome->hint : "");
}

int verdicts_run(struct invocation *in, struct session *session, struct item *items, size_t count,
                 const struct check_options *options, const struct image_arguments *arguments, bool silent)
{
    struct run run = {.in = in, .arguments = arguments, .items = items, .count = count, .silent = silent};
    run.done = arena_array(&in->arena, count, sizeof *run.done);
    run.notes = in->verbose || count <= NOTES_MAX;
    struct check_events events = {on_asking, on_failed, on_concluded, &run};
    check_images(session, items, count, options, &events);
    summarise(&run);
    if (!run.output_failed && arguments->github_output &&
        github_output(arguments->github_output, items, count, &in->error) < 0)
        return invocation_fail(in);
    return run.output_failed ? EXIT_OTHER : (int)check_exit(items, count);
}
