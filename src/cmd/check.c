#include "check/check.h"

#include <string.h>

#include "cmd/report.h"

#define NOTES_MAX 20 /* images up to which each is talked about on stderr without -v */

static const char *const via_choices[] = {"auto", "ecr", "registry", "docker", "local", NULL};

/* What the callbacks of a run need. */
struct run {
    struct invocation *in;
    struct item *items;
    size_t count;
    size_t printed; /* verdicts go out in the order of the images: the first that is still to come */
    bool *done;
    bool notes;
    bool output_failed;
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
    buf_printf(&text, "%s check failed, falling back to %s: ", probe->title, next->title);
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
        note(run, TERM_YELLOW, "Image found in ECR, but it cannot be pulled: ", item,
             reason_name(item->outcome.reason));
        break;
    default:
        break;
    }
}

/* Why it could not be found out, by the step that decided; --json has the others. */
static void explain_unknown(const struct run *run, const struct item *item)
{
    struct buf line = BUF_INIT;
    const struct outcome *outcome = &item->outcome;
    if (reason_state(outcome->reason) != STATE_UNKNOWN)
        return;
    buf_printf(&line, "%s: %s: %s%s%s", item->reference.text, reason_name(outcome->reason),
               outcome->detail ? outcome->detail : "nothing could be asked", outcome->hint ? "; " : "",
               outcome->hint ? outcome->hint : "");
    term_error(&run->in->term, line.data);
    buf_free(&line);
}

static void print_verdict(struct run *run, const struct item *item)
{
    struct buf line = BUF_INIT;
    note_ecr_verdict(run, item);
    explain_unknown(run, item);
    if (run->in->json)
        report_json(&line, item);
    else
        report_text(&line, item);
    if (!run->output_failed && invocation_print(run->in, buf_view(&line)) < 0)
        run->output_failed = true;
    buf_free(&line);
}

static void on_concluded(void *context, const struct item *item)
{
    struct run *run = context;
    run->done[item - run->items] = true;
    while (run->printed < run->count && run->done[run->printed])
        print_verdict(run, &run->items[run->printed++]);
}

static int parse_images(struct invocation *in, struct item *items)
{
    if (in->operand_count == 0) {
        error_set(&in->error, REASON_USAGE, "check", "no image given");
        error_hint(&in->error, "ecr check REGISTRY/REPOSITORY:TAG...");
        return -1;
    }
    for (size_t i = 0; i < in->operand_count; i++) {
        struct reference reference;
        const char *fault = reference_parse(&in->arena, in->operands[i], &reference);
        if (fault)
            return error_set(&in->error, REASON_USAGE, *in->operands[i] ? in->operands[i] : "''",
                             "not an image reference: %s", fault);
        item_init(&items[i], &in->arena, &reference);
    }
    return 0;
}

static int run_check(struct invocation *in, struct item *items, int via)
{
    struct session session;
    struct run run = {.in = in, .items = items, .count = in->operand_count};
    int status = EXIT_USAGE;
    run.done = arena_array(&in->arena, run.count, sizeof *run.done);
    run.notes = in->verbose || run.count <= NOTES_MAX;
    struct check_events events = {on_asking, on_failed, on_concluded, &run};
    if (session_open(&session, &in->session, invocation_events(in), &in->error) < 0) {
        status = invocation_fail(in);
    } else {
        check_images(&session, items, run.count, via, &events);
        status = run.output_failed ? EXIT_OTHER : (int)check_exit(items, run.count);
    }
    session_close(&session);
    return status;
}

int cmd_check(struct invocation *in)
{
    int via = 0;
    const struct option own[] = {{"via", 0, OPTION_CHOICE, &via, via_choices}};
    if (invocation_parse(in, own, 1) < 0)
        return invocation_fail(in);
    struct item *items = arena_array(&in->arena, in->operand_count + 1, sizeof *items);
    if (parse_images(in, items) < 0)
        return invocation_fail(in);
    return run_check(in, items, via == 0 ? VIA_AUTO : via - 1);
}
