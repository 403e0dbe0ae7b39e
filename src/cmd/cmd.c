#include "cmd/cmd.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"

#define STDIN_WAIT_MS 60000 /* whoever calls us as a helper writes at once; people may type */

static const char *const colour_choices[] = {"auto", "always", "never", NULL};

struct option_set global_options(struct invocation *in, struct option list[static 16])
{
    const struct option all[] = {
        {"region", 0, OPTION_TEXT, &in->session.ecr.region, NULL},
        {"profile", 0, OPTION_TEXT, &in->session.ecr.profile, NULL},
        {"endpoint-url", 0, OPTION_TEXT, &in->session.ecr.endpoint_url, NULL},
        {"ca-file", 0, OPTION_TEXT, &in->session.ca_file, NULL},
        {"authfile", 0, OPTION_TEXT, &in->session.authfile, NULL},
        {"plain-http", 0, OPTION_TEXT, &in->session.plain_http, NULL},
        {"timeout", 0, OPTION_DURATION, &in->session.timeout_ms, NULL},
        {"max-attempts", 0, OPTION_COUNT, &in->session.ecr.max_attempts, NULL},
        {"json", 0, OPTION_FLAG, &in->json, NULL},
        {"quiet", 'q', OPTION_FLAG, &in->quiet, NULL},
        {"verbose", 'v', OPTION_FLAG, &in->verbose, NULL},
        {"color", 0, OPTION_CHOICE, &in->colour, colour_choices},
        {"help", 'h', OPTION_FLAG, &in->help, NULL},
    };
    _Static_assert(sizeof all / sizeof *all <= 16, "the callers have room for 16");
    memcpy(list, all, sizeof all);
    return (struct option_set){list, sizeof all / sizeof *all};
}

int invocation_parse(struct invocation *in, const struct option *own, size_t own_count)
{
    struct option list[16];
    struct option_set sets[] = {{own, own_count}, global_options(in, list)};
    in->operands = arena_array(&in->arena, (size_t)in->argc + 1, sizeof *in->operands);
    int taken = options_parse(sets, 2, in->argc, in->argv, false, in->operands, &in->operand_count, &in->error);
    term_init(&in->term, (enum term_when)in->colour, in->quiet, in->verbose);
    return taken < 0 ? -1 : 0;
}

int invocation_print(struct invocation *in, struct slice text)
{
    int why = term_write(text);
    if (why == 0)
        return 0;
    error_set(&in->error, REASON_REFUSED, "standard output", "cannot write the result: %s", strerror(why));
    term_error(&in->term, error_text(&in->error, &in->arena));
    return -1;
}

int invocation_finish(struct invocation *in, struct buf *text)
{
    int status = invocation_print(in, buf_view(text)) < 0 ? EXIT_OTHER : EXIT_OK;
    buf_free(text);
    return status;
}

int invocation_open(struct invocation *in, struct session *session)
{
    return session_open(session, &in->session, invocation_events(in), &in->error);
}

int invocation_read(struct invocation *in, size_t limit, struct slice *text)
{
    struct buf input;
    int64_t until = in->session.timeout_ms ? deadline_in(in->session.timeout_ms) : DEADLINE_NONE;
    int why = stream_read(0, limit, deadline_earlier(until, deadline_in(STDIN_WAIT_MS)), &input);
    if (why)
        return error_set(&in->error, REASON_USAGE, "standard input", "cannot read it: %s",
                         why == EFBIG       ? "it is too long"
                         : why == ETIMEDOUT ? "its end did not come in time"
                                            : strerror(why));
    size_t len = input.len;
    *text = (struct slice){buf_detach(&input, &in->arena), len};
    return 0;
}

void invocation_print_error(struct invocation *in)
{
    struct buf line = BUF_INIT;
    if (!in->json)
        return;
    json_open(&line, '{');
    json_member(&line, "error");
    json_open(&line, '{');
    json_member_str(&line, "reason", reason_name(in->error.reason));
    json_member_str(&line, "subject", in->error.subject);
    json_member_str(&line, "cause", in->error.cause);
    json_member_str(&line, "hint", in->error.hint);
    json_close(&line, '}');
    json_close(&line, '}');
    buf_char(&line, '\n');
    term_write(buf_view(&line));
    buf_free(&line);
}

int invocation_fail(struct invocation *in)
{
    int status = (int)reason_exit(in->error.reason);
    term_error(&in->term, error_text(&in->error, &in->arena));
    invocation_print_error(in);
    return status;
}

static void report_event(void *context, const char *line)
{
    const struct invocation *in = context;
    term_note(&in->term, TERM_PLAIN, line);
}

struct events invocation_events(struct invocation *in)
{
    return (struct events){in->verbose ? report_event : NULL, in};
}

static const struct command *find_command(const struct command *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static int unknown_command(struct invocation *in, const struct command *table, const char *name)
{
    size_t count = 0;
    while (table[count].name)
        count++;
    const char **names = arena_array(&in->arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = table[i].name;
    const char *near = nearest_name(name, names, count);
    error_set(&in->error, REASON_USAGE, name, "unknown command");
    if (near)
        error_hint(&in->error, "did you mean 'ecr %s'?", near);
    else
        error_hint(&in->error, "'ecr help' lists the commands");
    return invocation_fail(in);
}

static const char overview[] = "ecr: is this container image there, and would a pull get it?\n\nusage: ecr [OPTION...] "
                               "COMMAND [OPTION...] ARG...\n\n";

static const char global_help[] =
    "\noptions of every command:\n"
    "  --region R             the region, where the name of the registry does not say\n"
    "  --profile P            a profile of ~/.aws/config and ~/.aws/credentials\n"
    "  --endpoint-url URL     the URL of ECR's API\n"
    "  --ca-file FILE         trust the certificates in this PEM file alone\n"
    "  --authfile FILE        registry credentials, in the form of Docker's config.json\n"
    "  --plain-http HOST      a registry that is to be spoken to without TLS\n"
    "  --timeout DURATION     for the whole command: 500ms, 30s, 5m, 1h\n"
    "  --max-attempts N       attempts a call, the first included (3)\n"
    "  --json                 one JSON object a line on standard output\n"
    "  -q, --quiet            errors alone on standard error\n"
    "  -v, --verbose          every request on standard error\n"
    "  --color WHEN           auto, always or never\n"
    "  -h, --help             this text\n"
    "\nexit status: 0 present, or done; 1 absent, or not set; 2 wrong usage; 6 there but unfit; not found out, or\n"
    "not done: 3 credentials or permission, 4 network or service trouble, 5 anything else\n";

static int print_help(struct invocation *in, const struct command *table, const struct command *one)
{
    struct buf text = BUF_INIT;
    if (one) {
        buf_printf(&text, "ecr %s: %s\n\n%s", one->name, one->line, one->text);
    } else {
        buf_str(&text, overview);
        for (; table->name; table++)
            buf_printf(&text, "  %-20s %s\n", table->name, table->line);
        buf_printf(&text, "  %-20s %s\n", "help", "this text, or that of one command");
    }
    buf_str(&text, global_help);
    return invocation_finish(in, &text);
}

/* "ecr help [COMMAND]". */
static int run_help(struct invocation *in, const struct command *table)
{
    if (invocation_parse(in, NULL, 0) < 0)
        return invocation_fail(in);
    if (in->operand_count > 1) {
        error_set(&in->error, REASON_USAGE, in->operands[1], "'ecr help' takes one command");
        return invocation_fail(in);
    }
    const struct command *one = in->operand_count ? find_command(table, in->operands[0]) : NULL;
    if (in->operand_count && !one)
        return unknown_command(in, table, in->operands[0]);
    return print_help(in, table, one);
}

/* --help anywhere before a "--" wins over everything else that may be wrong. */
static bool asks_for_help(const struct invocation *in)
{
    for (int i = 0; i < in->argc && strcmp(in->argv[i], "--") != 0; i++)
        if (strcmp(in->argv[i], "--help") == 0 || strcmp(in->argv[i], "-h") == 0)
            return true;
    return in->help;
}

static int run_command(struct invocation *in, const struct command *table, int argc, char **argv)
{
    struct option list[16];
    struct option_set sets[] = {global_options(in, list)};
    size_t none;
    int taken = options_parse(sets, 1, argc, argv, true, NULL, &none, &in->error);
    term_init(&in->term, (enum term_when)in->colour, in->quiet, in->verbose);
    if (taken < 0)
        return invocation_fail(in);
    if (taken == argc && in->help)
        return print_help(in, table, NULL);
    if (taken == argc) {
        error_set(&in->error, REASON_USAGE, "", "no command given");
        error_hint(&in->error, "'ecr help' lists the commands");
        return invocation_fail(in);
    }
    in->name = argv[taken];
    in->argc = argc - taken - 1;
    in->argv = argv + taken + 1;
    if (strcmp(in->name, "help") == 0)
        return run_help(in, table);
    const struct command *command = find_command(table, in->name);
    if (!command)
        return unknown_command(in, table, in->name);
    return asks_for_help(in) ? print_help(in, table, command) : command->run(in);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Called by a name that stands for a command, the whole command line is that command's. */
static int run_role(struct invocation *in, const struct command *command, int argc, char **argv)
{
    in->name = command->name;
    in->argc = argc - 1;
    in->argv = argv + 1;
    in->role = true;
    term_init(&in->term, TERM_AUTO, false, false);
    return command->run(in);
}

int run_program(const struct command *table, const struct role *roles, int argc, char **argv)
{
    struct invocation in = {.name = ""};
    error_init(&in.error, &in.arena);
    const char *called = argc > 0 ? base_name(argv[0]) : "";
    while (roles->name && strcmp(roles->name, called) != 0)
        roles++;
    int status = roles->name ? run_role(&in, find_command(table, roles->command), argc, argv)
                             : run_command(&in, table, argc > 0 ? argc - 1 : 0, argv + 1);
    arena_free(&in.arena);
    return status;
}
