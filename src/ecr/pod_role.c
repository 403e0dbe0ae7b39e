#include "ecr/pod_role.h"

#include "aws/sts.h"

#define SESSION_NAME "ecr-credential-provider" /* as the cloud provider's own plugin: it is what CloudTrail shows */

int ecr_pod_role(struct ecr_caller *caller, const struct ecr_host *host, const char *role, const char *token,
                 int64_t deadline, struct arena *arena, struct aws_provider *provider, struct error *error)
{
    struct ecr_principal *principal;
    struct credentials credentials;
    struct sts_role wanted = {.arn = role, .session_name = SESSION_NAME};
    if (ecr_caller_principal(caller, NULL, &principal, error) < 0)
        return -1;
    struct aws_config in_region = principal->config;
    in_region.region_flag = host->region;
    struct source_context context = principal->provider.context;
    context.config = &in_region;
    context.deadline = deadline;
    context.arena = arena;
    if (sts_assume_role_with_web_identity(&context, token, &wanted, &credentials, error) < 0)
        return -1;
    credentials.source = arena_printf(arena, "role %s of the pod's service account", role);
    provider_init_fixed(provider, &credentials, arena);
    return 0;
}
