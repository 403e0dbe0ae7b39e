#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "check/surroundings.h"
#include "cmd/cmd.h"
#include "ecr/identity.h"
#include "ecr/login.h"

/* A line of the answer; without a value it is left out. */
struct line {
    const char *title;  /* in text */
    const char *member; /* in JSON */
    const char *value;
};

static void write_answer(struct buf *out, bool json, const struct line *lines, size_t count)
{
    if (json)
        json_open(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (!lines[i].value)
            continue;
        if (json) {
            json_member_str(out, lines[i].member, lines[i].value);
            continue;
        }
        buf_printf(out, "%-8s  ", lines[i].title);
        term_safe(out, lines[i].value);
        buf_char(out, '\n');
    }
    if (json) {
        json_close(out, '}');
        buf_char(out, '\n');
    }
}

static int print_identity(struct invocation *in, struct session *session, const struct ecr_principal *principal,
                          const struct ecr_identity *identity)
{
    struct buf out = BUF_INIT;
    struct surroundings surroundings;
    char expires[TIME_TEXT];
    const struct credentials *credentials = &identity->credentials;
    surroundings_find(&surroundings, &in->arena);
    time_iso(credentials->expires, expires);
    const struct line lines[] = {
        {"account", "account", identity->confirmed ? identity->who.account : credentials->account_id},
        {"arn", "arn", identity->who.arn},
        {"user-id", "userId", identity->who.user_id},
        {"source", "source", credentials->kind},
        {"from", "from", credentials->source},
        {"profile", "profile", credentials->profile},
        {"key-id", "accessKeyId", credentials->access_key_id},
        {"region", "region", aws_config_region(&principal->config, &in->arena)},
        {"expires", "expiresAt", credentials->expires ? expires : NULL},
        {"whose", "whose", surroundings_whose(&surroundings, credentials->kind)},
    };
    (void)session;
    write_answer(&out, in->json, lines, sizeof lines / sizeof *lines);
    int status = invocation_print(in, buf_view(&out));
    buf_free(&out);
    return status;
}

/* The principal for the registry of the operand, or the usual one. */
static int find_principal(struct invocation *in, struct session *session, struct ecr_principal **principal)
{
    struct ecr_host host;
    const struct ecr_host *wanted = NULL;
    if (in->operand_count > 1)
        return error_set(&in->error, REASON_USAGE, in->operands[1], "'ecr whoami' takes one registry");
    if (in->operand_count) {
        wanted = &host;
        if (ecr_registry_parse(&session->ecr, in->operands[0], session->deadline, &in->arena, &host, &in->error) < 0)
            return -1;
    }
    return ecr_caller_principal(&session->ecr, wanted, principal, &in->error);
}

static int run(struct invocation *in, struct session *session)
{
    struct ecr_principal *principal = NULL;
    struct ecr_identity identity;
    if (find_principal(in, session, &principal) < 0)
        return invocation_fail(in);
    int64_t deadline = deadline_earlier(session->deadline, deadline_in(IMAGE_TIMEOUT_MS));
    int status = ecr_identity(principal, deadline, &session->arena, &identity, &in->error);
    if (identity.credentials.access_key_id && print_identity(in, session, principal, &identity) < 0)
        return EXIT_OTHER;
    return status < 0 ? invocation_fail(in) : EXIT_OK;
}

int cmd_whoami(struct invocation *in)
{
    struct session session;
    if (invocation_parse(in, NULL, 0) < 0)
        return invocation_fail(in);
    int status = invocation_open(in, &session) < 0 ? invocation_fail(in) : run(in, &session);
    session_close(&session);
    return status;
}
