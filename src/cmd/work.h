#ifndef ECR_CMD_WORK_H
#define ECR_CMD_WORK_H

#include "cmd/cmd.h"
#include "cmd/rows.h"
#include "ecr/manage.h"
#include "ecr/target.h"

/* Commands with verbs ("ecr repo create"), which manage what a registry is made of. */

struct work {
    struct invocation *in;
    struct session session;
    bool opened;   /* the session */
    bool api_open; /* for the registry of the target */
    struct ecr_target target;
    struct ecr_api api;
    bool offers_public; /* the verb has --public */
    bool public_option, yes;
    bool many_places; /* the operands are of several registries: a question names none */
};

/* A verb returns the exit status, or -1 with the invocation's error. */
struct verb {
    const char *name;
    int (*run)(struct work *work);
};

/* Finds the verb that follows the command and runs it; the list ends without a name. Returns the exit status. */
int work_run(struct invocation *in, const struct verb *verbs);

/* A command that is its only verb. */
int work_run_one(struct invocation *in, int (*run)(struct work *work));

#define WORK_PUBLIC(work)                                                                                              \
    {                                                                                                                  \
        "public", 0, OPTION_FLAG, &(work)->public_option, NULL                                                         \
    }
#define WORK_YES(work)                                                                                                 \
    {                                                                                                                  \
        "yes", 0, OPTION_FLAG, &(work)->yes, NULL                                                                      \
    }
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Parses options and operands; `usage` is the line that the message about a wrong number of operands shows. */
int work_parse(struct work *work, const struct option *own, size_t own_count, size_t least, size_t most,
               const char *usage);

/* Takes an operand as the target. Without it (the verb allows that) the caller's own registry is meant. */
int work_target(struct work *work, size_t operand, enum target_kind kind);

/* What messages call an input: the path of a file, "standard input" for "-". */
const char *work_input_name(const char *path);

/* A usage error: what was typed, and the rule that it breaks. Returns -1. */
int work_refuse(struct work *work, const char *thing, const char *rule);

/* Checks what an option was given, `most` values at the most (`too_many` is the rule about that). -1 with an error. */
int work_check_list(struct work *work, const struct text_list *list, const char *option, size_t most,
                    const char *too_many, const char *(*fault_of)(struct slice));

/* A member with ECR's filters of repositories and tags, each with its kind; nothing without filters. */
void work_write_filters(struct buf *body, const char *member, const char *kind, const struct text_list *filters);

/* The text of a file or, for "-", of standard input, up to `limit` bytes. */
int work_read(struct work *work, const char *path, size_t limit, struct slice *text);

/*
 * Asks before something is destroyed, unless --yes; without a terminal --yes is needed. Opens the API, as the question
 * names the place. -1 with an error for anything but yes.
 */
int work_confirm(struct work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Opens the session alone: work_switch opens the API for each of several targets. */
int work_open_session(struct work *work);

/* Opens the API for the target's registry. All that can be wrong with the input must have been found before. */
int work_open(struct work *work);

/* The same for another target: the API of the last one stays if it is of the same registry. */
int work_switch(struct work *work, const struct ecr_target *target);

/* A line about what was done. */
void work_note(const struct work *work, enum term_colour colour, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints a line, or with --json an object of the service. Returns the exit status. */
int work_print(struct work *work, const char *line, struct json_node object);

/* After a change: nothing, or with --json the object of the service. Returns the exit status. */
int work_done(struct work *work, struct json_node object);

/* Prints a JSON text, a line a member or, with --json, in one line. -1 with an error if the operation gave none. */
int work_print_document(struct work *work, const char *operation, struct slice json);

/* Waiting for something that the service does: every try after a longer pause. */
struct waiting {
    struct work *work;
    const char *what;   /* "the scan of team/app:1" */
    int64_t began, end; /* milliseconds */
    int64_t pause;
    const char *state; /* of the last look */
};

void waiting_begin(struct waiting *waiting, struct work *work, const char *what, int64_t limit_ms);

/* Pauses before the next try. -1 with an error when the time is over. `state` is shown on a terminal. */
int waiting_pause(struct waiting *waiting, const char *state);

/* A look failed: if that is because the time is over, the error says what was waited for. Returns -1. */
int waiting_failed(struct waiting *waiting);

/* Takes the progress line away. */
void waiting_end(struct waiting *waiting);

#endif
