#include "base/error.h"

#include <stdarg.h>

static const struct {
    const char *name;
    enum state state;
    enum exit_status exit;
} reason_table[REASON_COUNT] = {
    [REASON_OK] = {"ok", STATE_PRESENT, EXIT_OK},
    [REASON_NO_IMAGE] = {"no-image", STATE_ABSENT, EXIT_ABSENT},
    [REASON_NO_REPOSITORY] = {"no-repository", STATE_ABSENT, EXIT_ABSENT},
    [REASON_ARCHIVED] = {"archived", STATE_UNFIT, EXIT_UNFIT},
    [REASON_NO_PLATFORM] = {"no-platform", STATE_UNFIT, EXIT_UNFIT},
    [REASON_DIGEST_MISMATCH] = {"digest-mismatch", STATE_UNFIT, EXIT_UNFIT},
    [REASON_INCOMPLETE] = {"incomplete", STATE_UNFIT, EXIT_UNFIT},
    [REASON_TOO_OLD] = {"too-old", STATE_UNFIT, EXIT_UNFIT},
    [REASON_TOO_LARGE] = {"too-large", STATE_UNFIT, EXIT_UNFIT},
    [REASON_NO_SIGNATURE] = {"no-signature", STATE_UNFIT, EXIT_UNFIT},
    [REASON_NO_CREDENTIALS] = {"no-credentials", STATE_UNKNOWN, EXIT_CREDENTIALS},
    [REASON_DENIED] = {"denied", STATE_UNKNOWN, EXIT_CREDENTIALS},
    [REASON_EXPIRED_CREDENTIALS] = {"expired-credentials", STATE_UNKNOWN, EXIT_CREDENTIALS},
    [REASON_UNREACHABLE] = {"unreachable", STATE_UNKNOWN, EXIT_TRANSIENT},
    [REASON_TIMEOUT] = {"timeout", STATE_UNKNOWN, EXIT_TRANSIENT},
    [REASON_THROTTLED] = {"throttled", STATE_UNKNOWN, EXIT_TRANSIENT},
    [REASON_SERVER_ERROR] = {"server-error", STATE_UNKNOWN, EXIT_TRANSIENT},
    [REASON_UPSTREAM_ERROR] = {"upstream-error", STATE_UNKNOWN, EXIT_TRANSIENT},
    [REASON_NOT_CACHED] = {"not-cached", STATE_UNKNOWN, EXIT_OTHER},
    [REASON_TLS] = {"tls", STATE_UNKNOWN, EXIT_OTHER},
    [REASON_BAD_REPLY] = {"bad-reply", STATE_UNKNOWN, EXIT_OTHER},
    [REASON_AMBIGUOUS] = {"ambiguous", STATE_UNKNOWN, EXIT_OTHER},
    [REASON_UNSUPPORTED] = {"unsupported", STATE_UNKNOWN, EXIT_OTHER},
    [REASON_REFUSED] = {"refused", STATE_UNKNOWN, EXIT_OTHER},
    [REASON_USAGE] = {"usage", STATE_UNKNOWN, EXIT_USAGE},
    [REASON_NOT_SET] = {"not-set", STATE_UNKNOWN, EXIT_ABSENT},
};

const char *reason_name(enum reason reason)
{
    return reason_table[reason].name;
}

enum state reason_state(enum reason reason)
{
    return reason_table[reason].state;
}

enum exit_status reason_exit(enum reason reason)
{
    return reason_table[reason].exit;
}

const char *state_name(enum state state)
{
    static const char *const names[] = {"present", "absent", "unfit", "unknown"};
    return names[state];
}

void error_init(struct error *error, struct arena *arena)
{
    error->arena = arena;
    error_clear(error);
}

void error_clear(struct error *error)
{
    *error = (struct error){.arena = error->arena, .subject = "", .cause = "", .retry_after = -1};
}

static const char *kept(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

void error_copy(struct error *error, const struct error *from)
{
    struct arena *arena = error->arena;
    *error = *from;
    error->arena = arena;
    error->subject = kept(arena, from->subject);
    error->cause = kept(arena, from->cause);
    error->hint = kept(arena, from->hint);
    error->service_code = kept(arena, from->service_code);
    error->request_id = kept(arena, from->request_id);
}

int error_set(struct error *error, enum reason reason, const char *subject, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *cause = arena_vprintf(error->arena, format, args);
    va_end(args);
    const char *copy = arena_strdup(error->arena, subject);
    error_clear(error);
    error->reason = reason;
    error->subject = copy;
    error->cause = cause;
    return -1;
}

void error_hint(struct error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error->hint = arena_vprintf(error->arena, format, args);
    va_end(args);
}

char *error_text(const struct error *error, struct arena *arena)
{
    return arena_printf(arena, "%s%s%s%s%s", error->subject, *error->subject ? ": " : "", error->cause,
                        error->hint ? "; " : "", error->hint ? error->hint : "");
}
