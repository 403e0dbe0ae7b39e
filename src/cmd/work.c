#include "cmd/work.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_merge.h"
#include "ecr/login.h"

#define ANSWER_WAIT_MS 300000
#define PAUSE_FIRST_MS 500
#define PAUSE_LEAST_MS 300 /* with less time left another look makes no sense */
#define PAUSE_MAX_MS   5000

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
    for (; verbs->name; verbs++)
        if (strcmp(verbs->name, name) == 0)
            return verbs;
    return NULL;
}

/* None is guessed: the words are short and far from each other in what they do. */
static int no_verb(struct invocation *in, const struct verb *verbs, const char *name)
{
    struct buf all = BUF_INIT;
    for (size_t i = 0; verbs[i].name; i++)
        buf_printf(&all, "%s%s", i ? ", " : "", verbs[i].name);
    if (name)
        error_set(&in->error, REASON_USAGE, name, "'ecr %s' does no such thing", in->name);
    else
        error_set(&in->error, REASON_USAGE, in->name, "what is to be done with it?");
    error_hint(&in->error, "one of %s", all.data);
    buf_free(&all);
    return invocation_fail(in);
}

int work_run_one(struct invocation *in, int (*run)(struct work *work))
{
    struct work work = {.in = in};
    int status = run(&work);
    if (status < 0) {
        term_progress(&in->term, NULL);
        status = invocation_fail(in);
    }
    if (work.opened)
        session_close(&work.session);
    return status;
}

/* Global options may stand between the command and its verb. */
int work_run(struct invocation *in, const struct verb *verbs)
{
    struct option list[16];
    struct option_set sets[] = {global_options(in, list)};
    size_t none;
    int taken = options_parse(sets, 1, in->argc, in->argv, true, NULL, &none, &in->error);
    term_init(&in->term, (enum term_when)in->colour, in->quiet, in->verbose);
    if (taken < 0)
        return invocation_fail(in);
    const char *name = taken < in->argc ? in->argv[taken] : NULL;
    const struct verb *verb = name ? find_verb(verbs, name) : NULL;
    if (!verb)
        return no_verb(in, verbs, name);
    in->argc -= taken + 1;
    in->argv += taken + 1;
    return work_run_one(in, verb->run);
}

int work_parse(struct work *work, const struct option *own, size_t own_count, size_t least, size_t most,
               const char *usage)
{
    struct invocation *in = work->in;
    if (invocation_parse(in, own, own_count) < 0)
        return -1;
    for (size_t i = 0; i < own_count; i++)
        work->offers_public = work->offers_public || strcmp(own[i].name, "public") == 0;
    bool few = in->operand_count<least, many = in->operand_count> most;
    if (!few && !many)
        return 0;
    error_set(&in->error, REASON_USAGE, few ? in->name : in->operands[most],
              few ? "something is missing" : "one operand too many");
    error_hint(&in->error, "usage: ecr %s", usage);
    return -1;
}

int work_target(struct work *work, size_t operand, enum target_kind kind)
{
    struct invocation *in = work->in;
    work->target = (struct ecr_target){.text = "", .is_public = work->public_option, .repository = ""};
    if (operand >= in->operand_count)
        return 0;
    if (ecr_target_parse(&in->arena, in->operands[operand], kind, work->public_option, &work->target, &in->error) < 0)
        return -1;
    return work->target.is_public && !work->offers_public
               ? error_set(&in->error, REASON_USAGE, work->target.text, "ECR Public has nothing of this kind")
               : 0;
}

int work_refuse(struct work *work, const char *thing, const char *rule)
{
    return error_set(&work->in->error, REASON_USAGE, thing, "%s", rule);
}

int work_check_list(struct work *work, const struct text_list *list, const char *option, size_t most,
                    const char *too_many, const char *(*fault_of)(struct slice))
{
    if (list->count > most)
        return work_refuse(work, option, too_many);
    for (size_t i = 0; i < list->count; i++) {
        const char *fault = fault_of(slice_of(list->values[i]));
        if (fault)
            return work_refuse(work, list->values[i], fault);
    }
    return 0;
}

void work_write_filters(struct buf *body, const char *member, const char *kind, const struct text_list *filters)
{
    if (!filters->count)
        return;
    json_member(body, member);
    json_open(body, '[');
    for (size_t i = 0; i < filters->count; i++) {
        json_open(body, '{');
        json_member_str(body, "filterType", kind);
        json_member_str(body, "filter", filters->values[i]);
        json_close(body, '}');
    }
    json_close(body, ']');
}

const char *work_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : *path ? path : "''";
}

int work_read(struct work *work, const char *path, size_t limit, struct slice *text)
{
    struct buf content = BUF_INIT;
    struct invocation *in = work->in;
    if (strcmp(path, "-") == 0)
        return invocation_read(in, limit, text);
    int why = file_read(path, limit, &content);
    if (why) {
        buf_free(&content);
        return error_set(&in->error, REASON_USAGE, work_input_name(path), "cannot read it: %s",
                         why == EFBIG ? "it is too long" : strerror(why));
    }
    *text = arena_slice(&in->arena, buf_view(&content));
    buf_free(&content);
    return 0;
}

/* A whole line of what somebody types; empty when it is too long, and when none comes in time. */
static void read_answer(const struct invocation *in, char *answer, size_t size)
{
    struct pollfd input = {0, POLLIN, 0};
    int64_t until = deadline_in(in->session.timeout_ms ? in->session.timeout_ms : ANSWER_WAIT_MS);
    ssize_t len = poll(&input, 1, deadline_poll(until)) > 0 ? read(0, answer, size - 1) : 0;
    answer[len > 0 && answer[len - 1] == '\n' ? len : 0] = 0;
    if (len <= 0)
        term_ask(&in->term, NULL); /* nobody ended the line */
}

/* ", in us-east-1 of 123456789012", as far as it is known. */
static const char *place_of(const struct work *work)
{
    const char *account = work->api.account;
    if (work->api.is_public)
        return ", in ECR Public";
    return arena_printf(&work->in->arena, ", in %s%s%s", work->api.client.region, account ? " of " : "",
                        account ? account : "");
}

int work_confirm(struct work *work, const char *format, ...)
{
    va_list args;
    char answer[16];
    struct invocation *in = work->in;
    if (work->yes)
        return 0;
    va_start(args, format);
    const char *what = arena_vprintf(&in->arena, format, args);
    va_end(args);
    if (!isatty(0) || !isatty(2)) {
        error_set(&in->error, REASON_USAGE, in->name, "this would %s, and there is nobody to be asked", what);
        error_hint(&in->error, "--yes does it without a question");
        return -1;
    }
    if (!work->many_places && work_open(work) < 0)
        return -1;
    term_ask(&in->term,
             arena_printf(&in->arena, "Do you want to %s%s? [y/N] ", what, work->many_places ? "" : place_of(work)));
    read_answer(in, answer, sizeof answer);
    struct slice said = slice_trim(slice_of(answer));
    if (slice_is_nocase(said, "y") || slice_is_nocase(said, "yes"))
        return 0;
    return error_set(&in->error, REASON_REFUSED, in->name, "nothing was done, as the answer was not yes");
}

/* ECR Public's API knows no alias: that of the target must be one of the caller's own registry. */
static int check_alias(struct work *work)
{
    struct buf body = BUF_INIT;
    struct ecr_rows rows;
    struct invocation *in = work->in;
    json_open(&body, '{');
    if (ecr_manage_list(&work->api, "DescribeRegistries", work->target.text, &body, 0, &in->arena, &rows, &in->error) <
        0)
        return -1;
    for (size_t i = 0; i < rows.count; i++) {
        struct json_node aliases = json_get(rows.list[i], "aliases");
        for (struct json_node alias = json_first(aliases); json_exists(alias); alias = json_next(aliases, alias))
            if (json_equals(json_get(alias, "name"), work->target.alias))
                return 0;
    }
    error_set(&in->error, REASON_DENIED, work->target.text,
              "the registry with the alias %s is not that of the caller, and ECR Public shows each only its own",
              work->target.alias);
    error_hint(&in->error, "'ecr check' asks about images of others");
    return -1;
}

static int find_host(struct work *work, struct ecr_host *host)
{
    struct invocation *in = work->in;
    struct session *session = &work->session;
    if (work->target.has_host) {
        *host = work->target.host;
        return 0;
    }
    if (work->target.is_public)
        return ecr_registry_parse(&session->ecr, "public", session->deadline, &session->arena, host, &in->error);
    return ecr_own_region(&session->ecr, session->deadline, host, &in->error);
}

static int open_api(struct work *work)
{
    struct ecr_host host;
    struct session *session = &work->session;
    if (find_host(work, &host) < 0 ||
        ecr_caller_api(&session->ecr, &host, session->deadline, &work->api, &work->in->error) < 0)
        return -1;
    if (work->target.alias && check_alias(work) < 0)
        return -1;
    work->api_open = true;
    return 0;
}

int work_open_session(struct work *work)
{
    if (work->opened)
        return 0;
    work->opened = true;
    return invocation_open(work->in, &work->session);
}

int work_open(struct work *work)
{
    if (work->api_open)
        return 0;
    return work_open_session(work) < 0 ? -1 : open_api(work);
}

int work_switch(struct work *work, const struct ecr_target *target)
{
    bool same = work->api_open && ecr_same_registry(&work->target, target);
    work->target = *target;
    work->api_open = same;
    return same ? 0 : open_api(work);
}

void work_note(const struct work *work, enum term_colour colour, const char *format, ...)
{
    va_list args;
    struct buf text = BUF_INIT;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    term_note(&work->in->term, colour, text.data);
    buf_free(&text);
}

int work_print(struct work *work, const char *line, struct json_node object)
{
    struct buf out = BUF_INIT;
    if (work->in->json)
        json_write_node(&out, object);
    else
        term_safe(&out, line);
    buf_char(&out, '\n');
    return invocation_finish(work->in, &out);
}

int work_done(struct work *work, struct json_node object)
{
    return work->in->json ? work_print(work, "", object) : EXIT_OK;
}

int work_print_document(struct work *work, const char *operation, struct slice text)
{
    struct json json;
    struct invocation *in = work->in;
    struct buf line = BUF_INIT, out = BUF_INIT;
    if (json_parse(&in->arena, text, &json) < 0)
        return ecr_not_what_was_asked(&work->api, operation, &in->error);
    json_write_node(&line, json_root(&json));
    if (in->json)
        buf_slice(&out, buf_view(&line));
    else
        json_pretty(&out, buf_view(&line));
    buf_char(&out, '\n');
    buf_free(&line);
    return invocation_finish(in, &out);
}

void waiting_begin(struct waiting *waiting, struct work *work, const char *what, int64_t limit_ms)
{
    int64_t end = work->in->session.timeout_ms ? work->session.deadline : deadline_in(limit_ms);
    *waiting = (struct waiting){work, what, clock_ms(), end, PAUSE_FIRST_MS, NULL};
}

/* The error of what is not over in time. Returns -1. */
static int is_late(const struct waiting *waiting)
{
    struct error *error = &waiting->work->in->error;
    error_set(error, REASON_TIMEOUT, waiting->what, "it is not over after %d s, but %s",
              (int)((clock_ms() - waiting->began) / 1000), waiting->state);
    error_hint(error, "it goes on without us; --timeout waits longer");
    return -1;
}

int waiting_failed(struct waiting *waiting)
{
    bool over = waiting->work->in->error.reason == REASON_TIMEOUT && deadline_passed(waiting->end) && waiting->state;
    return over ? is_late(waiting) : -1;
}

int waiting_pause(struct waiting *waiting, const char *state)
{
    struct invocation *in = waiting->work->in;
    int64_t now = clock_ms(), left = waiting->end - now;
    waiting->state = state;
    if (left < PAUSE_LEAST_MS)
        return is_late(waiting);
    term_progress(&in->term, arena_printf(&in->arena, "Waiting for %s: %s, %d s", waiting->what, state,
                                          (int)((now - waiting->began) / 1000)));
    clock_sleep_until(now + (waiting->pause < left / 2 ? waiting->pause : left / 2)); /* time for a last look */
    waiting->pause = waiting->pause * 3 / 2 < PAUSE_MAX_MS ? waiting->pause * 3 / 2 : PAUSE_MAX_MS;
    return 0;
}

void waiting_end(struct waiting *waiting)
{
    term_progress(&waiting->work->in->term, NULL);
}
