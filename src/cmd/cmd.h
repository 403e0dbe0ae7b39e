#ifndef ECR_CMD_CMD_H
#define ECR_CMD_CMD_H

#include "check/session.h"
#include "cmd/options.h"
#include "term/term.h"

/* What every command gets: the global options, the rest of its arguments, where to write. */
struct invocation {
    struct arena arena;
    struct error error;
    struct term term;
    struct session_options session;
    bool json;
    bool help;
    bool quiet;
    bool verbose;
    bool role;        /* called by another name than our own (struct role) */
    int colour;       /* enum term_when */
    const char *name; /* of the command */
    int argc;         /* behind the command's name */
    char **argv;
    const char **operands; /* filled by invocation_parse */
    size_t operand_count;
};

/* A verb: its function returns the exit status. */
struct command {
    const char *name;
    int (*run)(struct invocation *invocation);
    const char *line; /* of help */
    const char *text; /* of its own help, behind the line */
};

int cmd_check(struct invocation *invocation);
int cmd_wait(struct invocation *invocation);
int cmd_ensure(struct invocation *invocation);
int cmd_digest(struct invocation *invocation);
int cmd_manifest(struct invocation *invocation);
int cmd_config(struct invocation *invocation);
int cmd_parse(struct invocation *invocation);
int cmd_version(struct invocation *invocation);
int cmd_whoami(struct invocation *invocation);
int cmd_login(struct invocation *invocation);
int cmd_logout(struct invocation *invocation);
int cmd_get_login_password(struct invocation *invocation);
int cmd_credential_helper(struct invocation *invocation);
int cmd_kubelet_credentials(struct invocation *invocation);
int cmd_doctor(struct invocation *invocation);
int cmd_repo(struct invocation *invocation);
int cmd_policy(struct invocation *invocation);
int cmd_image(struct invocation *invocation);
int cmd_tag(struct invocation *invocation);
int cmd_lifecycle(struct invocation *invocation);
int cmd_cache(struct invocation *invocation);
int cmd_replication(struct invocation *invocation);
int cmd_scan(struct invocation *invocation);
int cmd_pull(struct invocation *invocation);
int cmd_push(struct invocation *invocation);
int cmd_copy(struct invocation *invocation);
int cmd_api(struct invocation *invocation);

/* A name that the program may be called by, and the command that this stands for. */
struct role {
    const char *name;
    const char *command;
};

/* The options that every command takes. */
struct option_set global_options(struct invocation *invocation, struct option list[static 16]);

/* Parses the rest of the command line with the command's own options beside the global ones. -1: usage error. */
int invocation_parse(struct invocation *invocation, const struct option *own, size_t own_count);

/* Opens a session with the global options; it is to be closed in any case. -1: usage error. */
int invocation_open(struct invocation *invocation, struct session *session);

/* Reads standard input whole, up to `limit` bytes, into the arena. -1 with the invocation's error. */
int invocation_read(struct invocation *invocation, size_t limit, struct slice *text);

/* Prints the invocation's error on stdout with --json alone. */
void invocation_print_error(struct invocation *invocation);

/* Prints the invocation's error: on stderr, with --json on stdout too. Returns its exit status. */
int invocation_fail(struct invocation *invocation);

/* Writes a result to stdout. A stdout that cannot be written is an error and never silence: -1 after saying so. */
int invocation_print(struct invocation *invocation, struct slice text);

/* The same for all that a command prints: frees the text, and returns the exit status. */
int invocation_finish(struct invocation *invocation, struct buf *text);

/* Sends the events of the lower rooms to stderr with -v. */
struct events invocation_events(struct invocation *invocation);

/*
 * Runs the program: finds the command in the table, or the one that the name it was called by stands for, and calls it.
 * Both tables end with an entry without a name. Returns the exit status.
 */
int run_program(const struct command *table, const struct role *roles, int argc, char **argv);

#endif
