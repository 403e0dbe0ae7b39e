#include <string.h>

#include "auth/helper_cache.h"
#include "auth/helper_protocol.h"
#include "base/clock.h"
#include "base/version.h"
#include "cmd/cmd.h"
#include "ecr/login.h"

/*
 * What docker reads on stdout are the words of the existing helper; the true cause goes to stderr, for people. Exit
 * status 1 for every failure is part of the protocol.
 */
#define HELPER_FAILED 1

static int say(struct invocation *in, const char *text, int status)
{
    return invocation_print(in, slice_of(arena_printf(&in->arena, "%s\n", text))) < 0 ? EXIT_OTHER : status;
}

/* The run of one action. */
struct helper {
    struct invocation *in;
    struct session session;
    const char *cache; /* path; NULL: none is kept */
    int64_t deadline;
};

static int fetch(struct helper *helper, const struct ecr_host *host, struct ecr_login *login)
{
    return ecr_login(&helper->session.ecr, host, helper->deadline, &helper->session.shared->tokens,
                     &helper->session.arena, login, &helper->in->error);
}

/* A token that was kept, as a login; false when there is none that can be used. */
static bool find_kept(struct helper *helper, const struct ecr_host *host, const struct cache_subject *subject,
                      struct cached_token *kept, struct ecr_login *login)
{
    struct arena *arena = &helper->session.arena;
    *login = (struct ecr_login){.registry = host->name};
    return helper_cache_find(arena, helper->cache, subject, kept) && kept->expires_at > clock_unix() &&
           ecr_token_split(kept->value, arena, &login->user, &login->password, &helper->in->error) == 0;
}

static void keep(struct helper *helper, const struct ecr_host *host, const struct cache_subject *subject,
                 const struct ecr_login *login)
{
    struct cached_token token = {login->token, arena_printf(&helper->session.arena, "https://%s", host->name),
                                 login->requested_at, login->expires_at, host->is_public};
    if (token.expires_at)
        (void)helper_cache_store(&helper->session.arena, helper->cache, subject, &token, helper->deadline);
}

/* The login for a host: what is kept while it is fresh, else a new one, else what is kept and not over yet. */
static int cached_login(struct helper *helper, const struct ecr_host *host, struct ecr_login *login)
{
    struct error *error = &helper->in->error;
    struct cache_subject subject = {NULL, host->region, host->account};
    struct cached_token kept;
    struct ecr_principal *principal;
    struct credentials credentials;
    struct ecr_login asked;
    if (!helper->cache)
        return fetch(helper, host, login);
    if (ecr_caller_principal(&helper->session.ecr, host, &principal, error) < 0 ||
        provider_get(&principal->provider, helper->deadline, &credentials, error) < 0)
        return -1;
    subject.access_key_id = credentials.access_key_id;
    bool found = find_kept(helper, host, &subject, &kept, login);
    if (found && cached_token_is_fresh(&kept))
        return 0;
    if (fetch(helper, host, &asked) == 0) {
        *login = asked;
        keep(helper, host, &subject, &asked);
        return 0;
    }
    if (found)
        term_error(&helper->in->term, error_text(error, &helper->in->arena)); /* and go on with the old one */
    return found ? 0 : -1;
}

static int not_found(struct invocation *in)
{
    term_error(&in->term, error_text(&in->error, &in->arena));
    return say(in, HELPER_NOT_FOUND, HELPER_FAILED);
}

static int get(struct helper *helper)
{
    struct invocation *in = helper->in;
    struct slice input;
    struct ecr_host host;
    struct ecr_login login;
    struct buf out = BUF_INIT;
    if (invocation_read(in, HELPER_INPUT_MAX, &input) < 0) {
        term_error(&in->term, error_text(&in->error, &in->arena));
        return say(in, HELPER_TOO_LONG, HELPER_FAILED);
    }
    struct slice url = helper_server_url(&in->arena, input);
    if (!url.len)
        return say(in, HELPER_NO_SERVER, HELPER_FAILED);
    const char *name = helper_host(&in->arena, url);
    if (!name || !ecr_host_parse(&in->arena, name, &host)) {
        error_set(&in->error, REASON_UNSUPPORTED, arena_copy(&in->arena, slice_head(url, HOST_MAX)),
                  "is no registry of Amazon ECR");
        return not_found(in);
    }
    if (cached_login(helper, &host, &login) < 0)
        return not_found(in);
    helper_write_credentials(&out, url, login.user, login.password);
    return invocation_finish(in, &out);
}

/* A registry that cannot be had is no failure of the list. */
static void add_server(struct helper *helper, int got, const struct ecr_login *login, struct helper_server *servers,
                       size_t *count)
{
    if (got < 0)
        term_error(&helper->in->term, error_text(&helper->in->error, &helper->in->arena));
    else
        servers[(*count)++] =
            (struct helper_server){arena_printf(&helper->in->arena, "https://%s", login->registry), login->user};
}

static int list(struct helper *helper)
{
    struct invocation *in = helper->in;
    struct arena *arena = &helper->session.arena;
    size_t kept_count = 0, count = 0;
    struct cached_token *kept = helper->cache ? helper_cache_all(arena, helper->cache, &kept_count) : NULL;
    struct helper_server *servers = arena_array(arena, kept_count + 2, sizeof *servers);
    struct ecr_host public_host;
    struct ecr_login login;
    struct buf out = BUF_INIT;
    int got = ecr_login_own(&helper->session.ecr, helper->deadline, &helper->session.shared->tokens, arena, &login,
                            &in->error);
    add_server(helper, got, &login, servers, &count);
    ecr_host_parse(arena, "public.ecr.aws", &public_host);
    got = cached_login(helper, &public_host, &login);
    add_server(helper, got, &login, servers, &count);
    for (size_t i = 0; i < kept_count; i++)
        servers[count++] = (struct helper_server){kept[i].endpoint, "AWS"};
    helper_write_list(&out, servers, count);
    return invocation_finish(in, &out);
}

/* docker login wants to store what it got from here, and logout to erase it: both succeed, and change nothing. */
static int ignore(struct helper *helper)
{
    struct slice ignored;
    (void)invocation_read(helper->in, HELPER_INPUT_MAX, &ignored);
    return EXIT_OK;
}

static int version(struct helper *helper)
{
    return say(helper->in, "docker-credential-ecr-login (ecr) " ECR_VERSION, EXIT_OK);
}

static int run(struct invocation *in, int (*action)(struct helper *))
{
    struct helper helper = {.in = in, .cache = helper_cache_path(&in->arena)};
    int status;
    if (invocation_open(in, &helper.session) < 0) {
        status = not_found(in);
    } else {
        helper.deadline = deadline_earlier(helper.session.deadline, deadline_in(IMAGE_TIMEOUT_MS));
        status = action(&helper);
    }
    session_close(&helper.session);
    return status;
}

int cmd_credential_helper(struct invocation *in)
{
    static const struct {
        const char *name;
        int (*run)(struct helper *);
    } actions[] = {{"get", get}, {"list", list}, {"store", ignore}, {"erase", ignore}, {"version", version}};
    bool asks_version =
        in->role && in->argc == 1 && (strcmp(in->argv[0], "-v") == 0 || strcmp(in->argv[0], "--version") == 0);
    if (!asks_version && invocation_parse(in, NULL, 0) < 0)
        return in->role ? say(in, HELPER_USAGE, HELPER_FAILED) : invocation_fail(in);
    if (asks_version)
        return run(in, version);
    if (in->operand_count != 1)
        return say(in, HELPER_USAGE, HELPER_FAILED);
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, in->operands[0]) == 0)
            return run(in, actions[i].run);
    struct buf text = BUF_INIT;
    buf_str(&text, "docker-credential-ecr-login: unknown action: ");
    term_safe(&text, in->operands[0]);
    int status = say(in, text.data, HELPER_FAILED);
    buf_free(&text);
    return status;
}
