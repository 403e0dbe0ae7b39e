#include "ecr/login.h"

#include <string.h>

#include "ecr/name.h"

static int from_token(const struct ecr_token *token, const char *registry, struct arena *arena, struct ecr_login *login,
                      struct error *error)
{
    if (token->status < 0) {
        error_copy(error, &token->error);
        return -1;
    }
    *login = (struct ecr_login){.registry = registry,
                                .token = token->value,
                                .requested_at = token->requested_at,
                                .expires_at = token->expires_at};
    return ecr_token_split(token->value, arena, &login->user, &login->password, error);
}

int ecr_login_as(struct ecr_caller *caller, const struct ecr_host *host, struct aws_provider *provider,
                 int64_t deadline, struct ecr_tokens *tokens, struct arena *arena, struct ecr_login *login,
                 struct error *error)
{
    struct ecr_api api;
    if (ecr_caller_api_as(caller, host, provider, deadline, &api, error) < 0)
        return -1;
    return from_token(ecr_token(&api, tokens, arena), host->name, arena, login, error);
}

int ecr_login(struct ecr_caller *caller, const struct ecr_host *host, int64_t deadline, struct ecr_tokens *tokens,
              struct arena *arena, struct ecr_login *login, struct error *error)
{
    struct ecr_api api;
    if (ecr_caller_api(caller, host, deadline, &api, error) < 0)
        return -1;
    return from_token(ecr_token(&api, tokens, arena), host->name, arena, login, error);
}

int ecr_own_region(struct ecr_caller *caller, int64_t deadline, struct ecr_host *host, struct error *error)
{
    const char *region = ecr_caller_region(caller, deadline);
    if (!region) {
        error_set(error, REASON_USAGE, "region", "it is not known which one is meant");
        error_hint(error, "give --region, set AWS_REGION, or name the registry");
        return -1;
    }
    if (!region_is_valid(slice_of(region)))
        return error_set(error, REASON_USAGE, "region", "'%s' is none", region);
    *host = (struct ecr_host){.region = region, .partition = partition_of_region(region)->id};
    return 0;
}

int ecr_login_own(struct ecr_caller *caller, int64_t deadline, struct ecr_tokens *tokens, struct arena *arena,
                  struct ecr_login *login, struct error *error)
{
    struct ecr_api api;
    struct ecr_host host, own;
    if (ecr_own_region(caller, deadline, &host, error) < 0 || ecr_caller_api(caller, &host, deadline, &api, error) < 0)
        return -1;
    const struct ecr_token *token = ecr_token(&api, tokens, arena);
    const char *endpoint = token->endpoint ? token->endpoint : "";
    if (slice_starts(slice_of(endpoint), "https://"))
        endpoint += strlen("https://");
    if (token->status == 0 && !ecr_host_parse(arena, endpoint, &own))
        return error_set(error, REASON_BAD_REPLY, api.client.endpoint.host,
                         "the token that it gave is for no registry of ECR");
    return from_token(token, endpoint, arena, login, error);
}

int ecr_own_host(struct ecr_caller *caller, const char *account, int64_t deadline, struct arena *arena,
                 struct ecr_host *host, struct error *error)
{
    struct ecr_host known = {.region = NULL};
    if (ecr_own_region(caller, deadline, &known, error) < 0)
        return -1;
    const char *name =
        arena_printf(arena, "%s.dkr.ecr.%s.%s", account, known.region, partition_of_region(known.region)->dns_suffix);
    if (ecr_host_parse(arena, name, host))
        return 0;
    return error_set(error, REASON_USAGE, account, "makes no registry of ECR in the region %s", known.region);
}

int ecr_registry_parse(struct ecr_caller *caller, const char *text, int64_t deadline, struct arena *arena,
                       struct ecr_host *host, struct error *error)
{
    struct slice name = slice_of(text);
    if (slice_is(name, "public"))
        name = SLICE("public.ecr.aws");
    if (!ecr_account_fault(name))
        return ecr_own_host(caller, text, deadline, arena, host, error);
    if (slice_starts_nocase(name, "https://"))
        name = slice_from(name, strlen("https://"));
    if (ecr_host_parse(arena, arena_lower(arena, slice_cut(&name, '/')), host))
        return 0;
    error_set(error, REASON_USAGE, *text ? text : "''", "is no registry of Amazon ECR");
    error_hint(error, "ACCOUNT.dkr.ecr.REGION.amazonaws.com, an account number, or public.ecr.aws");
    return -1;
}
