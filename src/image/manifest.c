#include "image/manifest.h"

#include "base/buf.h"
#include "base/json.h"
#include "image/digest.h"
#include "image/platform.h"

static size_t length(struct json_node array)
{
    size_t count = 0;
    for (struct json_node node = json_first(array); json_exists(node); node = json_next(array, node))
        count++;
    return count;
}

static bool is_elsewhere(struct slice media_type)
{
    return slice_has(media_type, ".nondistributable.") || slice_has(media_type, ".foreign.");
}

/* Digests become parts of paths: nothing but one may pass. */
static bool read_descriptor(struct arena *arena, struct json_node node, struct descriptor *descriptor)
{
    *descriptor = (struct descriptor){.digest = json_cstr(arena, json_get(node, "digest")), .size = -1};
    descriptor->media_type = json_cstr(arena, json_get(node, "mediaType"));
    bool sized = json_int64(json_get(node, "size"), &descriptor->size);
    if (!sized || descriptor->size < 0)
        descriptor->size = -1;
    descriptor->platform = platform_of(arena, json_get(node, "platform"));
    descriptor->for_none = !descriptor->platform && json_exists(json_get(node, "platform"));
    descriptor->elsewhere = is_elsewhere(slice_of(descriptor->media_type));
    return descriptor->digest && !digest_fault(slice_of(descriptor->digest));
}

static bool read_list(struct arena *arena, struct json_node array, struct descriptor **list, size_t *count)
{
    *count = 0;
    *list = arena_array(arena, length(array), sizeof **list);
    for (struct json_node node = json_first(array); json_exists(node); node = json_next(array, node))
        if (!read_descriptor(arena, node, &(*list)[(*count)++]))
            return false;
    return true;
}

/* Docker's schema 1 names its layers otherwise, and has no configuration. */
static bool read_schema1(struct arena *arena, struct json_node layers, struct manifest *manifest)
{
    manifest->layers = arena_array(arena, length(layers), sizeof *manifest->layers);
    for (struct json_node node = json_first(layers); json_exists(node); node = json_next(layers, node)) {
        const char *digest = json_cstr(arena, json_get(node, "blobSum"));
        if (!digest || digest_fault(slice_of(digest)))
            return false;
        manifest->layers[manifest->layer_count++] = (struct descriptor){.digest = digest, .size = -1};
    }
    return true;
}

const char *manifest_parse(struct arena *arena, struct slice text, struct manifest *manifest)
{
    struct json json;
    *manifest = (struct manifest){.is_index = false};
    if (json_parse(arena, text, &json) < 0)
        return "it is not JSON";
    struct json_node root = json_root(&json);
    struct json_node children = json_get(root, "manifests"), layers = json_get(root, "layers");
    struct json_node old_layers = json_get(root, "fsLayers"), config = json_get(root, "config");
    manifest->is_index = json_is(children, JSON_ARRAY);
    if (manifest->is_index && (json_exists(layers) || json_exists(old_layers) || json_exists(config)))
        return "it is both of an image and an index, which clients read differently"; /* CVE-2021-41190 */
    if (json_exists(layers) && !json_is(layers, JSON_ARRAY))
        return "its layers are no list";
    if (manifest->is_index)
        return read_list(arena, children, &manifest->children, &manifest->child_count)
                   ? NULL
                   : "one of its manifests has no proper digest";
    if (json_is(old_layers, JSON_ARRAY))
        return read_schema1(arena, old_layers, manifest) ? NULL : "one of its layers has no proper digest";
    struct json_node blobs = json_get(root, "blobs"); /* of the artifact manifests that image-spec 1.1 withdrew */
    bool artifact = json_is(blobs, JSON_ARRAY) && !json_exists(config) && !json_exists(layers);
    if (artifact)
        return read_list(arena, blobs, &manifest->layers, &manifest->layer_count)
                   ? NULL
                   : "one of its blobs has no proper digest";
    if (!json_is(config, JSON_OBJECT) && !json_is(layers, JSON_ARRAY))
        return "it is neither of an image nor an index";
    if (!json_is(config, JSON_OBJECT))
        return "it has no configuration";
    if (!read_descriptor(arena, config, &manifest->config))
        return "its configuration has no proper digest";
    return read_list(arena, layers, &manifest->layers, &manifest->layer_count)
               ? NULL
               : "one of its layers has no proper digest";
}

const struct descriptor *manifest_child(const struct manifest *index, const char *platform)
{
    const struct descriptor *found = NULL;
    size_t count = 0;
    int best = 0;
    for (size_t i = 0; i < index->child_count; i++) {
        const struct descriptor *child = &index->children[i];
        int rank = !platform ? 1 : child->platform ? platform_rank(child->platform, platform) : 0;
        count += !child->for_none;
        if (child->for_none || rank <= best)
            continue;
        found = child;
        best = rank;
    }
    return platform || count == 1 ? found : NULL;
}

const char *manifest_platforms(struct arena *arena, const struct manifest *index)
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < index->child_count; i++)
        if (index->children[i].platform)
            buf_printf(&text, "%s%s", text.len ? ", " : "", index->children[i].platform);
    return buf_detach(&text, arena);
}

bool manifest_is_type(struct slice type)
{
    static const char *const types[] = {"application/vnd.oci.image.index.v1+json",
                                        "application/vnd.oci.image.manifest.v1+json",
                                        "application/vnd.docker.distribution.manifest.list.v2+json",
                                        "application/vnd.docker.distribution.manifest.v2+json",
                                        "application/vnd.docker.distribution.manifest.v1+prettyjws",
                                        "application/vnd.docker.distribution.manifest.v1+json",
                                        "application/vnd.oci.artifact.manifest.v1+json"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_is_nocase(type, types[i]))
            return true;
    return false;
}
