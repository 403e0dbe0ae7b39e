#include <string.h>

#include "base/json_write.h"
#include "check/check.h"
#include "check/diagnosis.h"
#include "cmd/cmd.h"

/* What the report callback needs. */
struct doctor {
    struct invocation *in;
    bool output_failed;
};

static void print(struct doctor *doctor, struct buf *line)
{
    if (!doctor->output_failed && invocation_print(doctor->in, buf_view(line)) < 0)
        doctor->output_failed = true;
    buf_free(line);
}

static void write_json(struct buf *out, const struct finding *finding)
{
    json_open(out, '{');
    json_member_str(out, "step", finding->step);
    json_member_str(out, "subject", finding->subject);
    json_member_str(out, "verdict", finding_verdict_name(finding->verdict));
    if (finding->verdict == FINDING_FAILED)
        json_member_str(out, "reason", reason_name(finding->reason));
    json_member_int(out, "ms", finding->ms);
    json_member_str(out, "detail", finding->detail);
    json_member_str(out, "hint", finding->hint);
    json_member_str(out, "requestId", finding->request_id);
    json_close(out, '}');
    buf_char(out, '\n');
}

static void write_text(struct buf *out, const struct finding *finding)
{
    buf_printf(out, "%-8s %-12s ", finding_verdict_name(finding->verdict), finding->step);
    term_safe(out, finding->subject);
    buf_str(out, ": ");
    term_safe(out, finding->detail);
    if (finding->request_id) {
        buf_str(out, " (request id ");
        term_safe(out, finding->request_id);
        buf_char(out, ')');
    }
    buf_printf(out, " [%lld ms]\n", (long long)finding->ms);
}

static void on_finding(void *context, const struct finding *finding)
{
    struct doctor *doctor = context;
    struct buf line = BUF_INIT;
    if (doctor->in->json)
        write_json(&line, finding);
    else
        write_text(&line, finding);
    print(doctor, &line);
}

static bool is_problem(const struct finding *finding)
{
    return finding->verdict == FINDING_FAILED || finding->verdict == FINDING_WARNING;
}

/* The same advice once. */
static bool was_said(const struct diagnosis *diagnosis, const struct finding *until)
{
    for (const struct finding *finding = diagnosis->first; finding != until; finding = finding->next)
        if (is_problem(finding) && finding->hint && strcmp(finding->hint, until->hint) == 0)
            return true;
    return false;
}

static void print_advice(struct doctor *doctor, const struct diagnosis *diagnosis)
{
    struct buf out = BUF_INIT;
    for (const struct finding *finding = diagnosis->first; finding; finding = finding->next) {
        if (!is_problem(finding) || !finding->hint || was_said(diagnosis, finding))
            continue;
        buf_str(&out, out.len ? "- " : "\nWhat to do:\n- ");
        term_safe(&out, finding->hint);
        buf_char(&out, '\n');
    }
    if (!out.len && diagnosis->exit == EXIT_OK)
        buf_str(&out, "\nNothing to do: no step failed.\n");
    print(doctor, &out);
}

static void print_policy(struct doctor *doctor, const struct diagnosis *diagnosis)
{
    struct buf policy = BUF_INIT, out = BUF_INIT;
    if (diagnosis_policy(diagnosis, &policy)) {
        if (doctor->in->json)
            buf_printf(&out, "{\"step\":\"policy\",\"policy\":%s}\n", policy.data);
        else
            buf_printf(&out, "\nThe smallest policy that would do:\n%s\n", policy.data);
        print(doctor, &out);
    }
    buf_free(&policy);
}

static int parse_image(struct invocation *in, struct item *item)
{
    struct reference reference;
    if (in->operand_count > 1)
        return error_set(&in->error, REASON_USAGE, in->operands[1], "'ecr doctor' takes one image");
    if (in->operand_count == 0)
        return 0;
    const char *fault = reference_parse(&in->arena, in->operands[0], &reference);
    if (fault)
        return error_set(&in->error, REASON_USAGE, *in->operands[0] ? in->operands[0] : "''",
                         "not an image reference: %s", fault);
    item_init(item, &in->arena, &reference);
    return 0;
}

static int run(struct invocation *in, struct session *session, struct item *item)
{
    struct doctor doctor = {.in = in};
    struct diagnosis diagnosis = {.report = on_finding, .context = &doctor};
    int status = (int)diagnose(&diagnosis, session, item);
    if (!in->json)
        print_advice(&doctor, &diagnosis);
    print_policy(&doctor, &diagnosis);
    return doctor.output_failed ? EXIT_OTHER : status;
}

int cmd_doctor(struct invocation *in)
{
    struct session session;
    struct item item;
    if (invocation_parse(in, NULL, 0) < 0 || parse_image(in, &item) < 0)
        return invocation_fail(in);
    int status =
        invocation_open(in, &session) < 0 ? invocation_fail(in) : run(in, &session, in->operand_count ? &item : NULL);
    session_close(&session);
    return status;
}
