#ifndef ECR_REGISTRY_TOKEN_H
#define ECR_REGISTRY_TOKEN_H

#include "registry/registry.h"

/* A token of a registry's token service, for one scope. */
struct registry_token {
    const char *scope;
    const char *value;  /* a secret */
    int64_t expires_at; /* unix seconds */
    struct registry_token *next;
};

/*
 * Fetches a token for a scope from the registry's realm, with its login or (without one, or after it was refused)
 * anonymously (distribution, "Token Authentication" and "OAuth2"). Under the registry's lock. -1 with an error:
 * denied when the service refuses the login, no-credentials when it gives strangers none.
 */
int registry_token_fetch(const struct registry_client *client, const char *scope, struct registry_token **token,
                         struct error *error);

/* One that was fetched and is still good; NULL without. */
struct registry_token *registry_token_find(const struct registry *registry, const char *scope);

/* Forgets those of a scope. */
void registry_token_forget(struct registry *registry, const char *scope);

#endif
