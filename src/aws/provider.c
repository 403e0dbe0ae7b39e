#include "aws/provider.h"

#include "aws/sts.h"
#include "base/clock.h"

void provider_init(struct aws_provider *provider, const struct source_context *context, struct arena *arena)
{
    *provider = (struct aws_provider){.context = *context, .arena = arena};
    pthread_mutex_init(&provider->lock, NULL);
    error_init(&provider->error, arena);
}

void provider_init_fixed(struct aws_provider *provider, const struct credentials *credentials, struct arena *arena)
{
    *provider = (struct aws_provider){
        .fixed = true, .arena = arena, .state = PROVIDER_GOT, .credentials = credentials_copy(arena, credentials)};
    pthread_mutex_init(&provider->lock, NULL);
    error_init(&provider->error, arena);
}

static int assume_mapped_role(struct aws_provider *provider, struct source_context *context,
                              struct credentials *credentials, struct error *error)
{
    struct sts_role role = {.arn = provider->role_arn};
    struct credentials caller = *credentials;
    if (sts_assume_role(context, &caller, &role, credentials, error) < 0)
        return -1;
    credentials->source = arena_printf(context->arena, "role %s of the registry map, with %s", role.arn, caller.source);
    credentials->kind = "assume-role";
    credentials->profile = caller.profile;
    return 0;
}

/* Runs the chain. The scratch memory of the search goes; what was found is copied. */
static int find(struct aws_provider *provider, int64_t deadline, struct credentials *found, struct error *error)
{
    struct arena scratch = {0};
    struct source_context context = provider->context;
    struct error failed;
    error_init(&failed, &scratch);
    context.arena = &scratch;
    context.deadline = deadline;
    int status = chain_find(&context, provider->listener, found, &failed);
    if (status == 0 && provider->role_arn)
        status = assume_mapped_role(provider, &context, found, &failed);
    if (status == 0)
        *found = credentials_copy(provider->arena, found);
    else
        error_copy(error, &failed);
    arena_free(&scratch);
    return status;
}

static void first_find(struct aws_provider *provider, int64_t deadline)
{
    int status = find(provider, deadline, &provider->credentials, &provider->error);
    provider->state = status < 0 ? PROVIDER_FAILED : PROVIDER_GOT;
    provider->found_at = clock_unix();
    provider->early_after = provider->found_at + PROVIDER_RETRY_AFTER;
}

/* Seconds of the services' clock, as far as it is known: their keys end by it. */
static int64_t service_time(const struct aws_provider *provider)
{
    return clock_unix() + (provider->context.shared ? provider->context.shared->skew : 0);
}

static bool ends_within(const struct aws_provider *provider, int64_t seconds)
{
    const struct credentials *credentials = &provider->credentials;
    return credentials->expires && credentials->expires - service_time(provider) <= seconds;
}

static bool over(struct aws_provider *provider, struct error *error)
{
    error_set(error, REASON_EXPIRED_CREDENTIALS, provider->credentials.source, "they are over");
    return false;
}

/* Under the lock. False, with everything as it was and `error` filled, when there are no others. */
static bool renew(struct aws_provider *provider, int64_t deadline, struct error *error)
{
    struct credentials fresh;
    int64_t now = clock_unix();
    if (provider->fixed)
        return over(provider, error);
    if (now < provider->futile_until) {
        error_copy(error, &provider->error);
        return false;
    }
    int status = find(provider, deadline, &fresh, error);
    if (status < 0 && error->reason == REASON_TIMEOUT && deadline_passed(deadline))
        return false; /* the time of this call was over: that says nothing to the next */
    if (status == 0 && credentials_same(&fresh, &provider->credentials))
        over(provider, error);
    if (error->reason != REASON_OK) {
        provider->futile_until = now + PROVIDER_RETRY_AFTER;
        error_copy(&provider->error, error);
        return false;
    }
    provider->credentials = fresh;
    provider->found_at = provider->renewed_at = now;
    provider->early_after = now + PROVIDER_RETRY_AFTER;
    return true;
}

/* Near their end a renewal is tried now and then, but needed only once they are over. */
static int keep_fresh(struct aws_provider *provider, int64_t deadline, struct error *error)
{
    struct error failed;
    int64_t now = clock_unix();
    bool fresh =
        !provider->fixed && now < provider->found_at + PROVIDER_RETRY_AFTER; /* good, whatever our clock says */
    bool ended = !fresh && ends_within(provider, 0);
    if (!ended && (!ends_within(provider, PROVIDER_RENEW_BEFORE) || now < provider->early_after))
        return 0;
    if (!ended) {
        provider->early_after = now + PROVIDER_RETRY_AFTER;
        deadline = deadline_earlier(deadline, deadline_in(PROVIDER_EARLY_MS));
    }
    error_init(&failed, provider->arena);
    if (renew(provider, deadline, &failed) || !ended)
        return 0;
    error_copy(error, &failed);
    return -1;
}

int provider_get(struct aws_provider *provider, int64_t deadline, struct credentials *credentials, struct error *error)
{
    pthread_mutex_lock(&provider->lock);
    int status = 0;
    if (provider->state == PROVIDER_NOT_TRIED)
        first_find(provider, deadline);
    else if (provider->state == PROVIDER_GOT)
        status = keep_fresh(provider, deadline, error);
    if (provider->state == PROVIDER_FAILED) {
        error_copy(error, &provider->error);
        status = -1;
        if (error->reason == REASON_TIMEOUT && deadline_passed(deadline))
            provider->state = PROVIDER_NOT_TRIED; /* the time of this call was over: that says nothing to the next */
    }
    *credentials = provider->credentials;
    pthread_mutex_unlock(&provider->lock);
    return status;
}

bool provider_renew(struct aws_provider *provider, const struct credentials *used, int64_t deadline,
                    struct error *error)
{
    struct error failed;
    pthread_mutex_lock(&provider->lock);
    error_init(&failed, provider->arena);
    bool others = !credentials_same(used, &provider->credentials);
    bool just_renewed = clock_unix() < provider->renewed_at + PROVIDER_RETRY_AFTER; /* and refused all the same */
    if (!others && !just_renewed)
        others = renew(provider, deadline, &failed);
    pthread_mutex_unlock(&provider->lock);
    if (!others && reason_exit(failed.reason) == EXIT_TRANSIENT)
        error_copy(error, &failed);
    return others;
}
