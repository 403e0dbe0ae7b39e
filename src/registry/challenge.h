#ifndef ECR_REGISTRY_CHALLENGE_H
#define ECR_REGISTRY_CHALLENGE_H

#include "base/arena.h"

/* What a registry asks for with status 401 (RFC 9110 section 11.6.1; distribution, "Token Authentication"). */
struct challenge {
    bool basic;          /* a user and a password will do */
    bool bearer;         /* a token is wanted: */
    const char *realm;   /* URL of the token service; NULL: none is named */
    const char *service; /* NULL: none, as the scope */
    const char *scope;
};

/*
 * Reads the value of WWW-Authenticate, which may hold several challenges of any scheme; those that are not known are
 * passed over. What stands before a malformed part counts. Texts live in `arena`.
 */
void challenge_parse(struct arena *arena, struct slice header, struct challenge *challenge);

#endif
