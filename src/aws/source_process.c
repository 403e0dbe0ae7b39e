#include "aws/source.h"
#include "aws/words.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/redact.h"
#include "base/utf8.h"

#define PROCESS_MS 60000 /* it may ask a browser or a hardware key */

static const struct credentials_members members = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration",
                                                   "AccountId"};

/* What the program says on stderr belongs into the message; a key in it does not. */
static const char *complaint(struct arena *arena, const struct process_end *end)
{
    struct json json;
    const char *text = arena_copy(arena, slice_trim(buf_view(&end->err)));
    if (json_parse(arena, buf_view(&end->out), &json) == 0)
        for (size_t i = 0; i < 2; i++) {
            const char *secret = json_cstr(arena, json_get(json_root(&json), i ? members.token : members.secret));
            text = secret ? redact(arena, text, secret) : text;
        }
    return utf8_excerpt(arena, redact_keys(arena, text));
}

static int read_output(struct arena *arena, const char *name, const struct process_end *end,
                       struct credentials *credentials, struct error *error)
{
    struct json json;
    int64_t version;
    if (end->status) {
        const char *said = complaint(arena, end);
        return error_set(error, REASON_NO_CREDENTIALS, name, "the program failed with exit status %d%s%s", end->status,
                         *said ? ": " : "", said);
    }
    if (json_parse(arena, arena_slice(arena, buf_view(&end->out)), &json) < 0 ||
        !json_is(json_root(&json), JSON_OBJECT))
        return error_set(error, REASON_NO_CREDENTIALS, name, "the program printed something else than a JSON object");
    if (!json_int64(json_get(json_root(&json), "Version"), &version) || version != 1)
        return error_set(error, REASON_NO_CREDENTIALS, name, "the program's output is not of \"Version\": 1");
    return credentials_from_json(arena, json_root(&json), &members, false, false, name, credentials, error);
}

enum source_end source_process(struct source_context *context, struct credentials *credentials, struct error *error)
{
    char **words;
    struct process_end end;
    struct arena *arena = context->arena;
    const char *command = source_key(context, "credential_process");
    if (!command)
        return source_not_here(context, "no credential_process in profile '%s'", context->profile);
    const char *name = arena_printf(arena, "credential_process of profile '%s'", context->profile);
    const char *fault = split_words(arena, command, &words);
    if (fault || !words[0]) {
        error_set(error, REASON_NO_CREDENTIALS, name, "is no command: %s", fault ? fault : "it is empty");
        return SOURCE_FAILED;
    }
    int64_t deadline = deadline_earlier(context->deadline, deadline_in(PROCESS_MS));
    int status = process_run(words, (struct slice){NULL, 0}, true, deadline, &end, error);
    if (status < 0) {
        error->cause = arena_printf(error->arena, "%s: %s", error->subject, error->cause);
        error->subject = arena_strdup(error->arena, name);
    } else {
        status = read_output(arena, name, &end, credentials, error);
    }
    if (status < 0 && !error->hint)
        error_hint(error, "run it by hand to see what it says; it is started without a shell");
    process_free(&end);
    credentials->profile = context->profile;
    return status < 0 ? SOURCE_FAILED : SOURCE_GAVE;
}
