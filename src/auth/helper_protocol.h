#ifndef ECR_AUTH_HELPER_PROTOCOL_H
#define ECR_AUTH_HELPER_PROTOCOL_H

#include "base/buf.h"

/*
 * The side of Docker's credential helper protocol that answers, with the texts of amazon-ecr-credential-helper: those
 * that docker knows by heart go to stdout and are not to be changed.
 */
#define HELPER_INPUT_MAX (64 << 10) /* one line of a Go scanner */
#define HELPER_NOT_FOUND "credentials not found in native keychain"
#define HELPER_NO_SERVER "no credentials server URL"
#define HELPER_TOO_LONG  "bufio.Scanner: token too long"
#define HELPER_USAGE     "Usage: docker-credential-ecr-login <store|get|erase|list|version>"

/* The server URL out of what came on stdin: its lines put together, trimmed. Empty when there is none. */
struct slice helper_server_url(struct arena *arena, struct slice input);

/* The host that a server URL means, in `arena`: https or no scheme; port and path do not count. NULL for others. */
const char *helper_host(struct arena *arena, struct slice server_url);

/* Appends the answer to `get`, as Go's encoder writes it. */
void helper_write_credentials(struct buf *out, struct slice server_url, const char *user, const char *password);

/* A server that `list` tells of. */
struct helper_server {
    const char *url;
    const char *user;
};

/* Appends the answer to `list`: sorted, each URL once. */
void helper_write_list(struct buf *out, struct helper_server *servers, size_t count);

#endif
