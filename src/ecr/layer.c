#include "ecr/layer.h"

#include <string.h>

#include "ecr/call.h"

int ecr_layers_available(const struct ecr_api *api, const char *repository, const char *const *digests, size_t count,
                         bool *there, struct arena *arena, struct error *error)
{
    struct buf body;
    struct json reply;
    memset(there, 0, count * sizeof *there);
    ecr_request_open(api, &body);
    json_member_str(&body, "repositoryName", repository);
    json_member(&body, "layerDigests");
    json_open(&body, '[');
    for (size_t i = 0; i < count; i++)
        json_write_str(&body, digests[i]);
    json_close(&body, ']');
    if (ecr_call(api, "BatchCheckLayerAvailability", &body, ECR_REPLY_MAX, arena, &reply, error) < 0)
        return -1;
    struct json_node layers = json_get(json_root(&reply), "layers");
    for (struct json_node layer = json_first(layers); json_exists(layer); layer = json_next(layers, layer))
        for (size_t i = 0; i < count; i++)
            if (json_equals(json_get(layer, "layerDigest"), digests[i]))
                there[i] = json_equals(json_get(layer, "layerAvailability"), "AVAILABLE");
    return 0;
}
