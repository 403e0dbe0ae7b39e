#include <string.h>

#include "auth/stored.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json_write.h"
#include "cmd/cmd.h"
#include "cmd/github.h"
#include "ecr/login.h"

#define NAME_MAX_LENGTH 253 /* of an object in Kubernetes: a DNS subdomain */
#define LABEL_MAX       63 /* of a namespace, which is one label; in the names of other objects only the whole is limited */

/* The options of the command. */
struct wish {
    const char *secret_name; /* NULL: the password alone */
    const char *name_space;
};

/* RFC 1123 label: letters, digits, and dashes within. */
static bool is_label(struct slice label)
{
    for (size_t i = 0; i < label.len; i++) {
        bool inner_dash = label.data[i] == '-' && i > 0 && i + 1 < label.len;
        if (!ascii_is_lower(label.data[i]) && !ascii_is_digit(label.data[i]) && !inner_dash)
            return false;
    }
    return label.len > 0;
}

/* RFC 1123 subdomain: labels with dots between them. */
static bool is_object_name(const char *name)
{
    struct slice rest = slice_of(name);
    if (rest.len > NAME_MAX_LENGTH)
        return false;
    while (rest.data)
        if (!is_label(slice_cut(&rest, '.')))
            return false;
    return true;
}

static int check_wish(struct invocation *in, const struct wish *wish)
{
    if (wish->secret_name && !is_object_name(wish->secret_name))
        return error_set(&in->error, REASON_USAGE, "--k8s-secret", "'%s' cannot be the name of a Secret",
                         wish->secret_name);
    if (wish->name_space && (!is_label(slice_of(wish->name_space)) || strlen(wish->name_space) > LABEL_MAX))
        return error_set(&in->error, REASON_USAGE, "--namespace", "'%s' cannot be the name of one", wish->name_space);
    if (wish->name_space && !wish->secret_name)
        return error_set(&in->error, REASON_USAGE, "--namespace", "goes with --k8s-secret");
    if (!wish->secret_name && in->operand_count > 1)
        return error_set(&in->error, REASON_USAGE, in->operands[1], "one password is for one registry");
    return 0;
}

static void write_auth(struct buf *config, struct arena *arena, const struct ecr_login *login)
{
    struct docker_auth auth = {.username = login->user, .password = login->password};
    json_member(config, login->registry);
    json_open(config, '{');
    json_member_str(config, "username", login->user);
    json_member_str(config, "password", login->password);
    json_member_str(config, "auth", basic_authorization(arena, &auth));
    json_close(config, '}');
}

/* A Secret for imagePullSecrets; `config` is the text of its .dockerconfigjson. */
static void write_secret(struct buf *out, const struct wish *wish, struct slice config)
{
    struct buf data = BUF_INIT;
    encode_base64(&data, config, false);
    json_open(out, '{');
    json_member_str(out, "apiVersion", "v1");
    json_member_str(out, "kind", "Secret");
    json_member(out, "metadata");
    json_open(out, '{');
    json_member_str(out, "name", wish->secret_name);
    json_member_str(out, "namespace", wish->name_space);
    json_close(out, '}');
    json_member_str(out, "type", "kubernetes.io/dockerconfigjson");
    json_member(out, "data");
    json_open(out, '{');
    json_member_str(out, ".dockerconfigjson", data.data);
    json_close(out, '}');
    json_close(out, '}');
    buf_char(out, '\n');
    buf_free(&data);
}

/* The login for a host, or with NULL for the caller's own registry. */
static int fetch(struct invocation *in, struct session *session, const struct ecr_host *host, struct ecr_login *login)
{
    int64_t deadline = deadline_earlier(session->deadline, deadline_in(IMAGE_TIMEOUT_MS));
    int status =
        host ? ecr_login(&session->ecr, host, deadline, &session->shared->tokens, &session->arena, login, &in->error)
             : ecr_login_own(&session->ecr, deadline, &session->shared->tokens, &session->arena, login, &in->error);
    if (status == 0)
        github_mask(login->password); /* before it is printed */
    return status;
}

static void write_object(struct buf *out, const struct ecr_login *login)
{
    json_open(out, '{');
    json_member_str(out, "registry", login->registry);
    json_member_str(out, "username", login->user);
    json_member_str(out, "password", login->password);
    json_close(out, '}');
    buf_char(out, '\n');
}

/* The registries to log in to; no host stands for the caller's own. */
struct targets {
    struct ecr_host *hosts;
    size_t count;
};

static bool is_among(const struct targets *targets, const struct ecr_host *host)
{
    for (size_t i = 0; i < targets->count; i++)
        if (strcmp(targets->hosts[i].name, host->name) == 0)
            return true;
    return false;
}

/* All operands, each registry once, before anything is asked. */
static int parse_targets(struct invocation *in, struct session *session, struct targets *targets)
{
    *targets = (struct targets){arena_array(&in->arena, in->operand_count + 1, sizeof *targets->hosts), 0};
    for (size_t i = 0; i < in->operand_count; i++) {
        struct ecr_host host;
        if (ecr_registry_parse(&session->ecr, in->operands[i], session->deadline, &in->arena, &host, &in->error) < 0)
            return -1;
        if (!is_among(targets, &host))
            targets->hosts[targets->count++] = host;
    }
    return 0;
}

static int write_password(struct invocation *in, struct session *session, const struct targets *targets,
                          struct buf *out)
{
    struct ecr_login login;
    if (fetch(in, session, targets->count ? targets->hosts : NULL, &login) < 0)
        return -1;
    if (in->json)
        write_object(out, &login);
    else
        buf_printf(out, "%s\n", login.password);
    return 0;
}

static int write_logins(struct invocation *in, struct session *session, const struct targets *targets,
                        const struct wish *wish, struct buf *out)
{
    struct ecr_login login;
    struct buf config = BUF_INIT;
    size_t count = targets->count ? targets->count : 1;
    int status = 0;
    json_open(&config, '{');
    json_member(&config, "auths");
    json_open(&config, '{');
    for (size_t i = 0; i < count && status == 0; i++) {
        status = fetch(in, session, targets->count ? &targets->hosts[i] : NULL, &login);
        if (status == 0)
            write_auth(&config, &session->arena, &login);
    }
    json_close(&config, '}');
    json_close(&config, '}');
    if (status == 0)
        write_secret(out, wish, buf_view(&config));
    buf_free(&config);
    return status;
}

static int run(struct invocation *in, struct session *session, const struct wish *wish)
{
    struct buf out = BUF_INIT;
    struct targets targets;
    int status = parse_targets(in, session, &targets);
    if (status == 0)
        status = wish->secret_name ? write_logins(in, session, &targets, wish, &out)
                                   : write_password(in, session, &targets, &out);
    if (status < 0)
        status = invocation_fail(in);
    else if (invocation_print(in, buf_view(&out)) < 0)
        status = EXIT_OTHER;
    buf_free(&out);
    return status;
}

int cmd_get_login_password(struct invocation *in)
{
    struct wish wish = {NULL, NULL};
    struct session session;
    const struct option own[] = {{"k8s-secret", 0, OPTION_TEXT, &wish.secret_name, NULL},
                                 {"namespace", 0, OPTION_TEXT, &wish.name_space, NULL}};
    if (invocation_parse(in, own, 2) < 0 || check_wish(in, &wish) < 0)
        return invocation_fail(in);
    int status = invocation_open(in, &session) < 0 ? invocation_fail(in) : run(in, &session, &wish);
    session_close(&session);
    return status;
}
