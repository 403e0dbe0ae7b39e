#include "ecr/permission.h"

#include <string.h>

#include "ecr/call.h"

/* A digest that nothing has. */
#define NO_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

const struct ecr_permission ecr_permissions[ECR_PERMISSIONS] = {
    {"GetAuthorizationToken", false, true, false},          {"BatchGetImage", true, true, false},
    {"GetDownloadUrlForLayer", true, true, false},          {"DescribeImages", true, false, true},
    {"BatchCheckLayerAvailability", true, false, false}, /* older clients ask it before they pull */
    {"DescribePullThroughCacheRules", false, false, false},
};

static void write_ids(struct buf *body)
{
    json_member(body, "imageIds");
    json_open(body, '[');
    json_open(body, '{');
    json_member_str(body, "imageDigest", NO_DIGEST);
    json_close(body, '}');
    json_close(body, ']');
}

static void write_arguments(struct buf *body, const char *operation, const char *repository)
{
    bool of_image = strcmp(operation, "BatchGetImage") == 0 || strcmp(operation, "DescribeImages") == 0;
    json_member_str(body, "repositoryName", repository);
    if (of_image) {
        write_ids(body);
    } else if (strcmp(operation, "GetDownloadUrlForLayer") == 0) {
        json_member_str(body, "layerDigest", NO_DIGEST);
    } else {
        json_member(body, "layerDigests");
        json_open(body, '[');
        json_write_str(body, NO_DIGEST);
        json_close(body, ']');
    }
}

/* The service looked at what was asked for, and so had let the call through. A code that is not known shows nothing. */
static bool is_let_through(const struct error *error)
{
    static const char *const codes[] = {"LayersNotFoundException", "LayerInaccessibleException",
                                        "InvalidParameterException", "InvalidLayerException"};
    if (!error->service_code || error->http_status != 400)
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(error->service_code, codes[i]) == 0)
            return true;
    return reason_state(error->reason) == STATE_ABSENT || error->reason == REASON_UPSTREAM_ERROR;
}

int ecr_permission_try(const struct ecr_api *api, const struct ecr_permission *permission, const char *repository,
                       struct arena *arena, struct error *error)
{
    struct buf body = BUF_INIT;
    struct json reply;
    bool token = strcmp(permission->operation, "GetAuthorizationToken") == 0;
    if (token)
        json_open(&body, '{');
    else
        ecr_request_open(api, &body);
    if (permission->on_repository)
        write_arguments(&body, permission->operation, repository);
    if (ecr_call(api, permission->operation, &body, ECR_REPLY_MAX, arena, &reply, error) == 0)
        return 0;
    return is_let_through(error) ? 0 : -1;
}

static void write_statement(struct buf *out, const char *const *actions, const char *resource)
{
    json_open(out, '{');
    json_member_str(out, "Effect", "Allow");
    json_member(out, "Action");
    json_open(out, '[');
    for (; *actions; actions++)
        json_write_str(out, *actions);
    json_close(out, ']');
    json_member_str(out, "Resource", resource);
    json_close(out, '}');
}

void ecr_permission_policy(struct buf *out, const struct ecr_api *api, const char *repository, bool imports)
{
    static const char *const everywhere[] = {"ecr:GetAuthorizationToken", NULL};
    static const char *const usual[] = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages", NULL};
    static const char *const importing[] = {"ecr:BatchGetImage",    "ecr:GetDownloadUrlForLayer",
                                            "ecr:DescribeImages",   "ecr:BatchImportUpstreamImage",
                                            "ecr:CreateRepository", NULL};
    struct buf resource = BUF_INIT;
    buf_printf(&resource, "arn:%s:ecr:%s:%s:repository/%s", api->partition, api->client.region,
               api->account ? api->account : "*", repository);
    json_open(out, '{');
    json_member_str(out, "Version", "2012-10-17");
    json_member(out, "Statement");
    json_open(out, '[');
    write_statement(out, everywhere, "*");
    write_statement(out, imports ? importing : usual, resource.data);
    json_close(out, ']');
    json_close(out, '}');
    buf_free(&resource);
}
