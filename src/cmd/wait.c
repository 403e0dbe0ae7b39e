#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/github.h"
#include "cmd/verdicts.h"
#include "net/retry.h"

#define INTERVAL_MS     5000
#define SHORTEST_MS     100 /* between two looks, and for a last one to be of use */
#define LONGEST_MS      60000
#define TERMINATION_LOG "/dev/termination-log" /* of a pod's container: kubectl describe shows what is left there */

/* A command that asks again and again. */
struct waiting {
    struct invocation *in;
    struct image_arguments arguments;
    struct check_options options;
    struct item *items;
    size_t count;
    size_t left; /* of them that are not there yet */
    bool looked;
    int64_t interval_ms;
    int64_t deadline;
    struct arena memory[2]; /* of the last look and of the one before it: what is older goes */
    int turn;
};

static bool is_missing(const struct item *item)
{
    return reason_state(item->outcome.reason) != STATE_PRESENT;
}

/* The items that are to be asked about. Returns how many. */
static size_t take_missing(const struct waiting *waiting, struct item *asked, struct arena *arena)
{
    size_t count = 0;
    for (size_t i = 0; i < waiting->count; i++)
        if (is_missing(&waiting->items[i]))
            item_init(&asked[count++], arena, &waiting->items[i].reference);
    return count;
}

/* A look that was cut short by the end of all time says less than the one before it. */
static void take_outcome(const struct waiting *waiting, struct item *item, const struct item *asked, bool first)
{
    bool cut_short =
        reason_state(asked->outcome.reason) == STATE_UNKNOWN && deadline_passed(waiting->deadline) && !first;
    if (!cut_short)
        item->outcome = asked->outcome;
}

/* The verdicts outlive the session that found them. */
static void keep(struct waiting *waiting, const struct item *asked, struct arena *arena)
{
    size_t left = 0;
    bool first = !waiting->looked;
    waiting->looked = true;
    for (size_t i = 0; i < waiting->count; i++) {
        struct item *item = &waiting->items[i];
        if (is_missing(item))
            take_outcome(waiting, item, asked++, first);
        outcome_copy(&item->outcome, arena);
        left += is_missing(item);
    }
    waiting->left = left;
}

/* One look at what lacks, with a session of its own: what failed last time is tried anew. */
static int look(struct waiting *waiting)
{
    struct session session;
    struct invocation *in = waiting->in;
    struct session_options options = in->session;
    struct arena *memory = &waiting->memory[waiting->turn];
    struct item *asked = arena_array(memory, waiting->count, sizeof *asked);
    size_t count = take_missing(waiting, asked, memory);
    if (waiting->deadline != DEADLINE_NONE) {
        int64_t rest = waiting->deadline - clock_ms();
        options.timeout_ms = rest > 0 ? rest : 1;
    }
    int status = session_open(&session, &options, invocation_events(in), &in->error);
    if (status == 0) {
        static const struct check_events nobody = {NULL, NULL, NULL, NULL};
        check_images(&session, asked, count, &waiting->options, &nobody);
        keep(waiting, asked, memory);
    }
    session_close(&session);
    waiting->turn ^= 1;
    arena_reset(&waiting->memory[waiting->turn]);
    return status;
}

/* The last line goes where a pod's owner looks for the reason. */
static void leave_termination_log(const char *line)
{
    int fd = open(TERMINATION_LOG, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return;
    struct buf text = BUF_INIT;
    term_safe(&text, line);
    buf_char(&text, '\n');
    (void)!write(fd, text.data, text.len); /* nobody to tell */
    close(fd);
    buf_free(&text);
}

static const struct item *first_missing(const struct waiting *waiting)
{
    for (size_t i = 0; i < waiting->count; i++)
        if (is_missing(&waiting->items[i]))
            return &waiting->items[i];
    return NULL;
}

static void say_waiting(struct waiting *waiting, int64_t pause_ms)
{
    struct arena scratch = {0};
    const struct item *item = first_missing(waiting);
    const char *more = waiting->left > 1 ? arena_printf(&scratch, " and %zu more", waiting->left - 1) : "";
    term_note(&waiting->in->term, TERM_YELLOW,
              arena_printf(&scratch, "waiting for %s%s (%s); next look in %lld s", item->reference.text, more,
                           reason_name(item->outcome.reason), (long long)(pause_ms + 999) / 1000));
    arena_free(&scratch);
}

/* Grows by half each time, up to a minute, and never beyond the end; a part of it is chance, so that many do not ask at
 * once. */
static int64_t next_pause(struct waiting *waiting, int64_t *range)
{
    int64_t pause = *range - (int64_t)random_up_to((uint32_t)(*range / 4));
    int64_t rest = waiting->deadline == DEADLINE_NONE ? pause : waiting->deadline - clock_ms();
    *range += *range / 2 + 1;
    if (*range > LONGEST_MS && *range > waiting->interval_ms)
        *range = LONGEST_MS > waiting->interval_ms ? LONGEST_MS : waiting->interval_ms;
    pause = pause < SHORTEST_MS ? SHORTEST_MS : pause;
    return pause + SHORTEST_MS <= rest || waiting->deadline == DEADLINE_NONE ? pause : rest - SHORTEST_MS;
}

static int finish(struct waiting *waiting)
{
    struct invocation *in = waiting->in;
    const struct item *item = first_missing(waiting);
    int status = (int)check_exit(waiting->items, waiting->count);
    if (item)
        term_error(&in->term, verdict_text(&in->arena, item));
    leave_termination_log(item ? arena_printf(&in->arena, "ecr wait: %s%s", verdict_text(&in->arena, item),
                                              waiting->left > 1 ? ", and others" : "")
                               : "ecr wait: all images are present");
    for (size_t i = 0; i < waiting->count; i++)
        github_annotate(&waiting->items[i]);
    const char *output = waiting->arguments.github_output;
    if (output && github_output(output, waiting->items, waiting->count, &in->error) < 0)
        return invocation_fail(in);
    return verdicts_print(in, waiting->items, waiting->count, &waiting->arguments) < 0 ? EXIT_OTHER : status;
}

static int wait_for_all(struct waiting *waiting)
{
    int64_t range = waiting->interval_ms;
    for (;;) {
        if (look(waiting) < 0)
            return invocation_fail(waiting->in);
        int64_t pause = waiting->left ? next_pause(waiting, &range) : 0;
        if (!waiting->left || pause <= 0)
            return finish(waiting);
        say_waiting(waiting, pause);
        clock_sleep_until(deadline_in(pause));
    }
}

int cmd_wait(struct invocation *in)
{
    struct waiting waiting = {.in = in, .interval_ms = INTERVAL_MS};
    struct option own[IMAGE_OPTIONS + 1];
    size_t options = image_options(&waiting.arguments, own);
    own[options++] = (struct option){"interval", 0, OPTION_DURATION, &waiting.interval_ms, NULL};
    if (invocation_parse(in, own, options) < 0 || images_check_options(in, &waiting.arguments, &waiting.options) < 0 ||
        images_read(in, &waiting.arguments, &waiting.items, &waiting.count) < 0)
        return invocation_fail(in);
    waiting.deadline = in->session.timeout_ms ? deadline_in(in->session.timeout_ms) : DEADLINE_NONE;
    int status = wait_for_all(&waiting);
    arena_free(&waiting.memory[0]);
    arena_free(&waiting.memory[1]);
    return status;
}
