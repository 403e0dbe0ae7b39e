#ifndef ECR_AWS_CREDENTIALS_H
#define ECR_AWS_CREDENTIALS_H

#include "base/error.h"
#include "base/json.h"

/* AWS credentials. The texts live in an arena, which is wiped when it is freed. */
struct credentials {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL for long-term keys */
    const char *account_id;    /* NULL when the source did not say */
    int64_t expires;           /* unix seconds; 0: not known */
    const char *source;        /* where they come from, for people: "environment", "profile 'ci' in ..." */
    const char *kind;          /* the same as a word of the chain's table: "environment", "assume-role" */
    const char *profile;       /* that named them, NULL if none did */
};

/* How the members of a JSON object with credentials are called; it differs. */
struct credentials_members {
    const char *id, *secret, *token, *expiry, *account;
};

/*
 * Reads credentials out of an object: key id and secret must be there, and the token if `needs_token`. `source` is for
 * messages and is kept. -1 with an error of reason no-credentials, or expired-credentials unless `may_be_over`.
 */
int credentials_from_json(struct arena *arena, struct json_node object, const struct credentials_members *members,
                          bool needs_token, bool may_be_over, const char *source, struct credentials *credentials,
                          struct error *error);

/* The same keys, whatever else. */
bool credentials_same(const struct credentials *a, const struct credentials *b);

/* A copy whose texts live in `arena`. */
struct credentials credentials_copy(struct arena *arena, const struct credentials *credentials);

/* Whether they end within `seconds`. */
bool credentials_end_within(const struct credentials *credentials, int64_t seconds);

#endif
