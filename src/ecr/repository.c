#include "ecr/repository.h"

#include "ecr/call.h"

int ecr_repository_describe(const struct ecr_api *api, const char *name, struct arena *arena,
                            struct ecr_repository *repository, struct error *error)
{
    struct buf body;
    struct json reply;
    ecr_request_open(api, &body);
    json_member(&body, "repositoryNames");
    json_open(&body, '[');
    json_write_str(&body, name);
    json_close(&body, ']');
    if (ecr_call(api, "DescribeRepositories", &body, ECR_REPLY_MAX, arena, &reply, error) < 0)
        return -1;
    struct json_node row = json_first(json_get(json_root(&reply), "repositories"));
    if (!json_equals(json_get(row, "repositoryName"), name))
        return ecr_not_what_was_asked(api, "DescribeRepositories", error);
    repository->uri = json_cstr(arena, json_get(row, "repositoryUri"));
    repository->mutability = json_cstr(arena, json_get(row, "imageTagMutability"));
    return 0;
}

int ecr_layer_url(const struct ecr_api *api, const char *repository, const char *digest, struct arena *arena,
                  struct url *url, struct error *error)
{
    struct buf body;
    struct json reply;
    ecr_request_open(api, &body);
    json_member_str(&body, "repositoryName", repository);
    json_member_str(&body, "layerDigest", digest);
    if (ecr_call(api, "GetDownloadUrlForLayer", &body, ECR_REPLY_MAX, arena, &reply, error) < 0)
        return -1;
    struct slice text = json_string(arena, json_get(json_root(&reply), "downloadUrl"));
    bool plain = !api->client.endpoint.https; /* an API in a lab, whose layers come so as well */
    return url_parse(arena, text, url) || (!url->https && !plain)
               ? ecr_not_what_was_asked(api, "GetDownloadUrlForLayer", error)
               : 0;
}

const char *ecr_layer_bucket(struct arena *arena, const char *region)
{
    const struct partition *partition = partition_of_region(region);
    return arena_printf(arena, "prod-%s-starport-layer-bucket.s3.%s.%s", region, region, partition->dns_suffix);
}
