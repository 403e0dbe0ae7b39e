#include "ecr/identity.h"

#include "base/clock.h"

static struct source_context context_of(const struct ecr_principal *principal, int64_t deadline, struct arena *arena)
{
    struct source_context context = principal->provider.context;
    context.arena = arena;
    context.deadline = deadline;
    return context;
}

int ecr_identity(struct ecr_principal *principal, int64_t deadline, struct arena *arena, struct ecr_identity *identity,
                 struct error *error)
{
    struct source_context context = context_of(principal, deadline, arena);
    *identity = (struct ecr_identity){.confirmed = false};
    if (provider_get(&principal->provider, deadline, &identity->credentials, error) < 0) {
        identity->credentials = (struct credentials){.access_key_id = NULL};
        return -1;
    }
    int status = sts_caller_identity(&context, &principal->provider, &identity->who, error);
    identity->confirmed = status == 0;
    if (identity->confirmed) /* they may have been renewed for the call */
        (void)provider_get(&principal->provider, deadline, &identity->credentials, error);
    return status;
}

int ecr_identity_endpoint(const struct ecr_principal *principal, struct arena *arena, struct url *url,
                          struct error *error)
{
    struct source_context context = context_of(principal, DEADLINE_NONE, arena);
    return sts_endpoint(&context, url, error);
}
