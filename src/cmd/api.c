#include <string.h>

#include "base/file.h"
#include "base/json_merge.h"
#include "cmd/cmd.h"
#include "cmd/github.h"
#include "cmd/select.h"
#include "ecr/login.h"
#include "ecr/operation.h"

/* A call of any operation. */
struct calling {
    struct invocation *in;
    const struct ecr_operation *operation;
    struct slice body;
    bool is_public, one_page;
    const char *format; /* a member of the answer to be printed alone; NULL: all of it */
};

static int no_operation(struct calling *calling, const char *name)
{
    size_t count;
    struct error *error = &calling->in->error;
    const char *const *names = ecr_operation_names(&calling->in->arena, &count);
    const char *near = nearest_name(name, names, count);
    error_set(error, REASON_USAGE, name, "is no operation of ECR or ECR Public");
    if (near)
        error_hint(error, "did you mean %s?", near);
    return -1;
}

static int find_operation(struct calling *calling)
{
    struct invocation *in = calling->in;
    if (!in->operand_count)
        return error_set(&in->error, REASON_USAGE, "api", "no operation given");
    if (in->operand_count > 2)
        return error_set(&in->error, REASON_USAGE, in->operands[2], "'ecr api' takes one operation and its input");
    calling->operation = ecr_operation_find(in->operands[0]);
    if (!calling->operation)
        return no_operation(calling, in->operands[0]);
    if (calling->is_public && !calling->operation->is_public)
        return error_set(&in->error, REASON_USAGE, "--public", "ECR Public has no operation %s",
                         calling->operation->name);
    calling->is_public = calling->is_public || !calling->operation->is_private;
    return 0;
}

static int read_input_file(struct calling *calling, const char *path)
{
    struct invocation *in = calling->in;
    struct buf text = BUF_INIT;
    int why = file_read(path, ECR_REQUEST_MAX, &text);
    if (why)
        return error_set(&in->error, REASON_USAGE, path, "cannot read it: %s", strerror(why));
    calling->body = arena_slice(&in->arena, buf_view(&text));
    buf_free(&text);
    return 0;
}

/* The input: a text, a file's or standard input's. It must be a JSON object. */
static int read_input(struct calling *calling)
{
    struct json json;
    struct invocation *in = calling->in;
    const char *given = in->operand_count > 1 ? in->operands[1] : "{}";
    const char *name = "the input";
    calling->body = slice_of(given);
    if (strcmp(given, "-") == 0) {
        name = "standard input";
        if (invocation_read(in, ECR_REQUEST_MAX, &calling->body) < 0)
            return -1;
    } else if (*given == '@') {
        name = given + 1;
        if (read_input_file(calling, name) < 0)
            return -1;
    }
    if (json_parse(&in->arena, calling->body, &json) < 0)
        return error_set(&in->error, REASON_USAGE, name, "it is not JSON");
    return json_is(json_root(&json), JSON_OBJECT) ? 0
                                                  : error_set(&in->error, REASON_USAGE, name, "it is no JSON object");
}

static int parse(struct calling *calling)
{
    struct invocation *in = calling->in;
    const struct option own[] = {{"no-paginate", 0, OPTION_FLAG, &calling->one_page, NULL},
                                 {"public", 0, OPTION_FLAG, &calling->is_public, NULL},
                                 {"format", 0, OPTION_TEXT, &calling->format, NULL}};
    if (invocation_parse(in, own, sizeof own / sizeof *own) < 0 || find_operation(calling) < 0)
        return -1;
    if (calling->format && !select_is_path(calling->format))
        return error_set(&in->error, REASON_USAGE, "--format", "'%s' names no member, as {{.nextToken}} does",
                         calling->format);
    return read_input(calling);
}

/* What is a secret in an answer is not to stand in the log of a CI job. */
static void mask(const struct calling *calling, const struct ecr_pages *pages)
{
    struct json_node data = json_get(json_root(&pages->list[0]), "authorizationData");
    struct json_node first = json_is(data, JSON_ARRAY) ? json_first(data) : data; /* ECR Public has no list of them */
    const char *token = json_cstr(&calling->in->arena, json_get(first, "authorizationToken"));
    if (token && github_is_here())
        github_mask(token);
}

static int print_answer(const struct calling *calling, const struct ecr_pages *pages)
{
    struct buf out = BUF_INIT, shown = BUF_INIT;
    mask(calling, pages);
    json_merge(&out, pages->list, pages->count, calling->one_page ? NULL : "nextToken");
    if (calling->format) {
        select_member(&shown, buf_view(&out), calling->format);
    } else {
        if (calling->in->json)
            buf_slice(&shown, buf_view(&out));
        else
            json_pretty(&shown, buf_view(&out));
        buf_char(&shown, '\n');
    }
    int status = invocation_print(calling->in, buf_view(&shown));
    buf_free(&out);
    buf_free(&shown);
    return status < 0 ? EXIT_OTHER : EXIT_OK;
}

static int open_api(const struct calling *calling, struct session *session, struct ecr_api *api)
{
    struct error *error = &calling->in->error;
    struct ecr_host host;
    if (calling->is_public) {
        if (ecr_registry_parse(&session->ecr, "public", session->deadline, &session->arena, &host, error) < 0)
            return -1;
    } else if (ecr_own_region(&session->ecr, session->deadline, &host, error) < 0) {
        return -1;
    }
    return ecr_caller_api(&session->ecr, &host, session->deadline, api, error);
}

static int run(struct calling *calling)
{
    struct ecr_api api;
    struct session session;
    struct ecr_pages pages;
    struct invocation *in = calling->in;
    int status = EXIT_OK;
    if (invocation_open(in, &session) < 0 || open_api(calling, &session, &api) < 0 ||
        ecr_operation_call(&api, calling->operation, calling->body, !calling->one_page, &session.arena, &pages,
                           &in->error) < 0)
        status = invocation_fail(in);
    else
        status = print_answer(calling, &pages);
    session_close(&session);
    return status;
}

int cmd_api(struct invocation *in)
{
    struct calling calling = {.in = in};
    return parse(&calling) < 0 ? invocation_fail(in) : run(&calling);
}
