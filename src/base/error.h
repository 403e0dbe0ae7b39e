#ifndef ECR_BASE_ERROR_H
#define ECR_BASE_ERROR_H

#include "base/arena.h"

/* What an image check can end with (design: never a wrong answer). */
enum state { STATE_PRESENT, STATE_ABSENT, STATE_UNFIT, STATE_UNKNOWN };

/* Why. One enum serves errors and verdicts; reason_table in error.c says what each one means for both. */
enum reason {
    REASON_OK,
    REASON_NO_IMAGE,
    REASON_NO_REPOSITORY,
    REASON_ARCHIVED,
    REASON_NO_PLATFORM,
    REASON_DIGEST_MISMATCH,
    REASON_INCOMPLETE,
    REASON_TOO_OLD,
    REASON_TOO_LARGE,
    REASON_NO_SIGNATURE,
    REASON_NO_CREDENTIALS,
    REASON_DENIED,
    REASON_EXPIRED_CREDENTIALS,
    REASON_UNREACHABLE,
    REASON_TIMEOUT,
    REASON_THROTTLED,
    REASON_SERVER_ERROR,
    REASON_UPSTREAM_ERROR,
    REASON_NOT_CACHED,
    REASON_TLS,
    REASON_BAD_REPLY,
    REASON_AMBIGUOUS,
    REASON_UNSUPPORTED,
    REASON_REFUSED,
    REASON_USAGE,   /* of a command line, never of a verdict */
    REASON_NOT_SET, /* of a setting that was to be shown, never of a verdict */
    REASON_COUNT
};

/* The exit statuses, an API that never changes. */
enum exit_status {
    EXIT_OK = 0,
    EXIT_ABSENT = 1,
    EXIT_USAGE = 2,
    EXIT_CREDENTIALS = 3,
    EXIT_TRANSIENT = 4,
    EXIT_OTHER = 5,
    EXIT_UNFIT = 6
};

const char *reason_name(enum reason reason); /* "no-image" */
enum state reason_state(enum reason reason);
enum exit_status reason_exit(enum reason reason);
const char *state_name(enum state state); /* "present" */

/*
 * What went wrong, filled where the facts are known, handed up unchanged and printed once. The texts live in `arena`,
 * which is set once by error_init and outlives the error. They may hold what a peer sent: whoever prints them makes
 * them printable first.
 */
struct error {
    struct arena *arena;
    enum reason reason;
    const char *subject;      /* the thing: an image, a host, a file, an option */
    const char *cause;        /* what was tried and what came of it */
    const char *hint;         /* what to do next, or NULL */
    const char *service_code; /* the service's own word, or NULL */
    const char *request_id;   /* for the service's support and logs, or NULL */
    int http_status;          /* 0: no reply was read */
    long retry_after;         /* seconds that the service asked for; -1: none */
    bool final;               /* another attempt would end the same, whatever the reason says */
};

void error_init(struct error *error, struct arena *arena);

/* Forgets the last error but keeps the arena. */
void error_clear(struct error *error);

/* Takes over another error; its texts are copied to the arena of `error`. */
void error_copy(struct error *error, const struct error *from);

/* Fills reason, subject and cause, forgets the rest, and returns -1. */
int error_set(struct error *error, enum reason reason, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds what to do next. */
void error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "subject: cause (hint)" in `arena`, without a newline. */
char *error_text(const struct error *error, struct arena *arena);

#endif
