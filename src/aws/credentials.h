#ifndef ECR_AWS_CREDENTIALS_H
#define ECR_AWS_CREDENTIALS_H

#include <stdint.h>

#include "base/arena.h"

/* AWS credentials. The texts live in an arena, which is wiped when it is freed. */
struct credentials {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL for long-term keys */
    const char *account_id;    /* NULL when the source did not say */
    int64_t expires;           /* unix seconds; 0: not known */
    const char *source;        /* where they come from, for people: "environment", "profile 'ci' in ..." */
};

#endif
