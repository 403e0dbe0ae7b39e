#ifndef ECR_CMD_MOVING_H
#define ECR_CMD_MOVING_H

#include "cmd/cmd.h"
#include "move/move.h"
#include "term/progress.h"

/* What pull, push and copy have in common. */
struct moving {
    struct invocation *in;
    struct session session;
    bool opened; /* the session */
    struct place from, to;
    const char *platform_text;
    bool all_platforms, referrers, create_repository;
    enum registry_login from_login, to_login;
    struct move move;
    struct progress progress;
    int64_t began;  /* milliseconds */
    int64_t *since; /* when each blob began to move, by its number; 0: it did not */
    int64_t next_event;
    size_t copied, there, mounted; /* blobs */
    int64_t copied_bytes;
    bool mute; /* standard output failed, which was said */
};

/* The options of these commands, beside the global ones. */
#define MOVING_OPTIONS_MAX 4
size_t moving_options(struct moving *moving, struct option list[static MOVING_OPTIONS_MAX], bool to_registry);

/* Checks what options say together. `native`: of an index the image for this machine is meant, unless they say more. */
int moving_settle(struct moving *moving, bool native);

/* Moves the image, under these tags. -1 with an error. */
int moving_run(struct moving *moving, const char *const *tags, size_t tag_count);

/* Says what was moved, and prints its digest. Returns the exit status. */
int moving_finish(struct moving *moving);

/* Makes the repository of the target, if --create-repo asks for that and it is not there. -1 with an error. */
int moving_create_repository(struct moving *moving);

/* Runs a command with its session: the exit status, after an error too. */
int moving_command(struct invocation *in, int (*run)(struct moving *moving));

/* The tag that an image gets in a layout, where none is typed for it: that of the source. NULL: it has none. */
const char *moving_tag(const struct moving *moving);

/* Which login is for a place: decided once, before anything is moved. -1 with an error. */
int moving_login(struct moving *moving, const struct place *place, bool pushes, enum registry_login *login);

/* Whether a place is a registry of ECR's, *host. */
bool moving_is_ecr(struct moving *moving, const struct place *place, struct ecr_host *host);

/* The last line: the digest alone. It goes to stderr where stdout has the archive. */
int moving_print_digest(struct moving *moving, const char *digest);

#endif
