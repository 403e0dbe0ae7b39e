#ifndef ECR_REGISTRY_CHALLENGE_H
#define ECR_REGISTRY_CHALLENGE_H

#include "base/arena.h"

/* What a registry asks for with status 401 (RFC 9110 section 11.6.1; distribution, "Token Authentication"). */
struct challenge {
    const char *realm;   /* URL of the token service; NULL: none is named */
    const char *service; /* NULL: none, as the scope */
    const char *scope;
};

/*
 * Finds the Bearer challenge in the value of a WWW-Authenticate header, which may hold several of any scheme. False
 * when there is none, or the value is malformed. Texts live in `arena`.
 */
bool challenge_find_bearer(struct arena *arena, struct slice header, struct challenge *challenge);

#endif
