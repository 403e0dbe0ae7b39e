#include "auth/helper_call.h"

#include <string.h>

#include "auth/stored.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/process.h"
#include "base/redact.h"
#include "base/utf8.h"

#define NAME_MAX_LENGTH 64
#define HUB_KEY         "https://index.docker.io/v1/"
#define NOT_FOUND       "credentials not found in native keychain" /* the protocol's word for "none" */

/* What may become part of a program's name: a slash would make a path of it. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_alnum(name[i]) && !strchr("-_.", name[i]))
            return false;
    return len > 0 && len <= NAME_MAX_LENGTH && name[0] != '.' && name[0] != '-';
}

/* What it says may repeat what it was told: that is taken out before the text is cut, or half of it would stay. */
static int failed(struct arena *arena, const char *program, const char *action, const char *const *secrets,
                  const struct process_end *end, struct error *error)
{
    const char *said = arena_copy(arena, slice_trim(buf_view(&end->out)));
    for (; *secrets; secrets++)
        said = redact(arena, said, *secrets);
    said = utf8_excerpt(arena, said);
    return error_set(error, REASON_NO_CREDENTIALS, program, "its '%s' failed with exit status %d%s%s", action,
                     end->status, *said ? ": " : "", said);
}

int helper_call(struct arena *arena, const char *name, const char *action, struct slice input,
                const char *const *secrets, int64_t deadline, struct buf *output, struct error *error)
{
    struct process_end end;
    *output = BUF_INIT;
    if (!is_name(name))
        return error_set(error, REASON_NO_CREDENTIALS, "credential helper", "'%s' cannot be the name of one", name);
    char *program = arena_printf(arena, "docker-credential-%s", name);
    char *argv[] = {program, arena_strdup(arena, action), NULL};
    deadline = deadline_earlier(deadline, deadline_in(HELPER_WAIT_MS));
    int status = process_run(argv, input, false, deadline, &end, error);
    if (status == 0 && end.status)
        status = failed(arena, program, action, secrets, &end, error);
    if (status == 0)
        buf_slice(output, buf_view(&end.out));
    process_free(&end);
    return status;
}

/* The user "<token>" means that the secret is an identity token (docker-credential-helpers, "Development"). */
static int read_login(struct arena *arena, const char *program, struct slice output, struct docker_auth *auth,
                      struct error *error)
{
    struct json json;
    bool parsed = json_parse(arena, arena_slice(arena, output), &json) == 0;
    const char *user = parsed ? json_cstr(arena, json_get(json_root(&json), "Username")) : NULL;
    const char *secret = parsed ? json_cstr(arena, json_get(json_root(&json), "Secret")) : NULL;
    if (!user || !secret || !*secret)
        return error_set(error, REASON_NO_CREDENTIALS, program, "its answer is no login");
    *auth = (struct docker_auth){.username = user, .password = secret};
    if (strcmp(user, "<token>") == 0)
        *auth = (struct docker_auth){.identity_token = secret};
    return 1;
}

int helper_get(struct arena *arena, const char *name, const char *registry, int64_t deadline, struct docker_auth *auth,
               struct error *error)
{
    struct buf output;
    const char *const none[] = {NULL};
    bool hub = strcmp(registry, "docker.io") == 0;
    *auth = (struct docker_auth){.username = NULL};
    int status = helper_call(arena, name, "get", slice_of(hub ? HUB_KEY : registry), none, deadline, &output, error);
    if (status == 0)
        status = read_login(arena, arena_printf(arena, "docker-credential-%s", name), buf_view(&output), auth, error);
    else if (slice_has(slice_of(error->cause), NOT_FOUND))
        status = 0;
    buf_free(&output);
    return status;
}

int helper_store(struct arena *arena, const char *name, const char *registry, const char *user, const char *password,
                 int64_t deadline, struct error *error)
{
    struct buf input = BUF_INIT, output;
    json_open(&input, '{');
    json_member_str(&input, "ServerURL", registry);
    json_member_str(&input, "Username", user);
    json_member_str(&input, "Secret", password);
    json_close(&input, '}');
    buf_char(&input, '\n');
    struct docker_auth auth = {.username = user, .password = password};
    const char *const secrets[] = {password, basic_authorization(arena, &auth), NULL};
    int status = helper_call(arena, name, "store", buf_view(&input), secrets, deadline, &output, error);
    buf_free(&input);
    buf_free(&output);
    return status;
}

int helper_erase(struct arena *arena, const char *name, const char *registry, int64_t deadline, struct error *error)
{
    struct buf output;
    const char *const none[] = {NULL};
    int status = helper_call(arena, name, "erase", slice_of(registry), none, deadline, &output, error);
    buf_free(&output);
    return status;
}
