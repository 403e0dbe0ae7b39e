#ifndef ECR_REGISTRY_TOKEN_H
#define ECR_REGISTRY_TOKEN_H

#include "registry/registry.h"

/* A token of a registry's token service, for one scope. */
struct registry_token {
    const char *scope;
    const char *value;  /* a secret */
    int64_t expires_at; /* unix seconds */
    bool fetching;      /* a thread is about it, and has let go of the registry's lock */
    struct registry_token *next;
};

/*
 * The token for a scope: one that is still good, or a fresh one from the registry's realm, with its login or anonymously
 * (distribution, "Token Authentication" and "OAuth2"). Under the registry's lock, which is given up meanwhile: one thread
 * fetches it, the others that want it wait. *value stays while the registry is known. -1 with an error: denied when the
 * service refuses the login, no-credentials when it gives strangers none.
 */
int registry_token_get(const struct registry_client *client, const char *scope, const char **value,
                       struct error *error);

/* One that was fetched and is still good; NULL without. */
struct registry_token *registry_token_find(const struct registry *registry, const char *scope);

/* Forgets those of a scope. */
void registry_token_forget(struct registry *registry, const char *scope);

#endif
