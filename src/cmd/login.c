#include "auth/login_file.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "cmd/cmd.h"
#include "ecr/login.h"

/* "HOST  EXPIRES" or an object; what was logged out has no end. */
static int print_result(struct invocation *in, const char *registry, int64_t expires_at, const char *file,
                        const struct login_done *done)
{
    struct buf out = BUF_INIT;
    char expires[TIME_TEXT];
    time_iso(expires_at, expires);
    if (in->json) {
        json_open(&out, '{');
        json_member_str(&out, "registry", registry);
        json_member_str(&out, "expiresAt", expires_at ? expires : NULL);
        json_member_str(&out, "file", file);
        json_member_str(&out, "helper", done->helper);
        json_close(&out, '}');
        buf_char(&out, '\n');
    } else {
        term_safe(&out, registry);
        buf_printf(&out, "%s%s\n", expires_at ? "  " : "", expires_at ? expires : "");
    }
    int status = invocation_print(in, buf_view(&out));
    buf_free(&out);
    return status;
}

static void note(struct invocation *in, enum term_colour colour, const char *what, const char *registry,
                 const char *file, const struct login_done *done)
{
    struct buf text = BUF_INIT;
    if (done->helper && done->nothing)
        buf_printf(&text, "Nothing to keep for %s: docker gets its logins from the helper %s itself", registry,
                   done->helper);
    else if (done->nothing)
        buf_printf(&text, "Not logged in to %s (%s)", registry, file);
    else if (done->helper)
        buf_printf(&text, "%s %s (helper %s)", what, registry, done->helper);
    else
        buf_printf(&text, "%s %s (%s)", what, registry, file);
    term_note(&in->term, colour, text.data);
    buf_free(&text);
}

/* One registry; NULL is the caller's own. */
static int log_in(struct invocation *in, struct session *session, const char *file, const struct ecr_host *host)
{
    struct ecr_login login;
    struct login_done done;
    int64_t deadline = deadline_earlier(session->deadline, deadline_in(IMAGE_TIMEOUT_MS));
    int status =
        host ? ecr_login(&session->ecr, host, deadline, &session->shared->tokens, &session->arena, &login, &in->error)
             : ecr_login_own(&session->ecr, deadline, &session->shared->tokens, &session->arena, &login, &in->error);
    if (status < 0 || login_file_store(&session->arena, file, login.registry, login.user, login.password,
                                       session->deadline, &done, &in->error) < 0)
        return invocation_fail(in);
    note(in, TERM_GREEN, "Logged in to", login.registry, file, &done);
    return print_result(in, login.registry, login.expires_at, file, &done) < 0 ? EXIT_OTHER : EXIT_OK;
}

/* All operands are looked at before anything is asked. */
static int parse_registries(struct invocation *in, struct session *session, struct ecr_host *hosts)
{
    for (size_t i = 0; i < in->operand_count; i++)
        if (ecr_registry_parse(&session->ecr, in->operands[i], session->deadline, &in->arena, &hosts[i], &in->error) <
            0)
            return -1;
    return 0;
}

static int run_login(struct invocation *in, struct session *session, const char *file)
{
    struct ecr_host *hosts = arena_array(&in->arena, in->operand_count + 1, sizeof *hosts);
    if (parse_registries(in, session, hosts) < 0)
        return invocation_fail(in);
    if (in->operand_count == 0)
        return log_in(in, session, file, NULL);
    int worst = EXIT_OK;
    for (size_t i = 0; i < in->operand_count; i++) {
        int status = log_in(in, session, file, &hosts[i]);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int log_out(struct invocation *in, struct session *session, const char *file, const char *registry)
{
    struct login_done done;
    if (login_file_remove(&session->arena, file, registry, session->deadline, &done, &in->error) < 0)
        return invocation_fail(in);
    note(in, TERM_PLAIN, "Logged out of", registry, file, &done);
    if (done.nothing)
        return EXIT_OK;
    return print_result(in, registry, 0, file, &done) < 0 ? EXIT_OTHER : EXIT_OK;
}

/* Without operands: every registry of ECR that the file has. */
static int log_out_of_all(struct invocation *in, struct session *session, const char *file)
{
    const char **names;
    size_t count;
    struct ecr_host host;
    int worst = EXIT_OK;
    if (login_file_registries(&session->arena, file, &names, &count, &in->error) < 0)
        return invocation_fail(in);
    for (size_t i = 0; i < count; i++) {
        if (!ecr_host_parse(&session->arena, names[i], &host))
            continue;
        int status = log_out(in, session, file, names[i]);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int run_logout(struct invocation *in, struct session *session, const char *file)
{
    struct ecr_host *hosts = arena_array(&in->arena, in->operand_count + 1, sizeof *hosts);
    if (parse_registries(in, session, hosts) < 0)
        return invocation_fail(in);
    if (in->operand_count == 0)
        return log_out_of_all(in, session, file);
    int worst = EXIT_OK;
    for (size_t i = 0; i < in->operand_count; i++) {
        int status = log_out(in, session, file, hosts[i].name);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int with_file(struct invocation *in, int (*run)(struct invocation *, struct session *, const char *))
{
    struct session session;
    if (invocation_parse(in, NULL, 0) < 0)
        return invocation_fail(in);
    const char *file = login_file_path(&in->arena, in->session.authfile);
    in->session.authfile = NULL; /* here it is what is written, and need not be there */
    int status = invocation_open(in, &session) < 0 ? invocation_fail(in) : run(in, &session, file);
    session_close(&session);
    return status;
}

int cmd_login(struct invocation *in)
{
    return with_file(in, run_login);
}

int cmd_logout(struct invocation *in)
{
    return with_file(in, run_logout);
}
