#include "check/content.h"

#include <string.h>

#include "base/clock.h"
#include "image/manifest.h"
#include "registry/blob.h"
#include "registry/manifest.h"

#define DEPTH_MAX  4    /* indexes in indexes: one is usual for signed ones */
#define PARTS_MAX  1000 /* manifests of one image: an index of 4 MiB names more */
#define LAYERS_MAX 4096
#define BUCKETS    256

/* A digest that was looked at. */
struct looked_at {
    const char *digest;
    struct looked_at *next;
};

/* A walk through an image. */
struct walk {
    const struct registry_client *client;
    const char *repository;
    const struct content_wish *wish;
    struct arena *arena;
    struct content *content;
    size_t room; /* for platforms */
    int parts, images;
    const char *above[DEPTH_MAX + 2]; /* the indexes that the walk is in */
    struct error *error;
    struct looked_at *seen[BUCKETS]; /* platforms share layers, and may be one image */
};

/* Whether this is the first time that the walk comes by a digest. */
static bool is_new(struct walk *walk, const char *digest)
{
    size_t len = strlen(digest), hash = 0;
    for (size_t i = len > 4 ? len - 4 : 0; i < len; i++)
        hash = hash * 31 + (unsigned char)digest[i];
    struct looked_at **bucket = &walk->seen[hash % BUCKETS];
    for (const struct looked_at *seen = *bucket; seen; seen = seen->next)
        if (strcmp(seen->digest, digest) == 0)
            return false;
    struct looked_at *fresh = arena_alloc(walk->arena, sizeof *fresh);
    *fresh = (struct looked_at){arena_strdup(walk->arena, digest), *bucket};
    *bucket = fresh;
    return true;
}

static int bad(const struct walk *walk, const char *digest, const char *what)
{
    error_set(walk->error, REASON_BAD_REPLY, walk->client->registry->name, "%s: %s", digest, what);
    walk->error->http_status = 200;
    return -1;
}

static bool is_wanted(const struct walk *walk, const char *platform)
{
    for (size_t i = 0; i < walk->wish->platform_count; i++)
        if (platform_fits(platform, walk->wish->platforms[i]))
            return true;
    return walk->wish->platform_count == 0;
}

static void add_platform(struct walk *walk, const char *platform)
{
    struct content *content = walk->content;
    for (size_t i = 0; i < content->platform_count; i++)
        if (slice_is(slice_of(content->platforms[i]), platform))
            return;
    if (content->platform_count == walk->room) {
        const char **more = arena_array(walk->arena, 2 * walk->room + 8, sizeof *more);
        for (size_t i = 0; i < content->platform_count; i++)
            more[i] = content->platforms[i];
        content->platforms = more;
        walk->room = 2 * walk->room + 8;
    }
    content->platforms[content->platform_count++] = arena_strdup(walk->arena, platform);
}

static void note_created(struct walk *walk, struct slice config)
{
    struct json json;
    int64_t created;
    if (json_parse(walk->arena, config, &json) < 0 ||
        !time_parse_iso(json_string(walk->arena, json_get(json_root(&json), "created")), &created))
        return;
    if (!walk->content->created || created < walk->content->created)
        walk->content->created = created;
}

/* *wanted is left true where the configuration says nothing else. */
static int read_configuration(struct walk *walk, const struct manifest *manifest, bool names_platform, bool *wanted)
{
    struct slice config;
    struct arena scratch = {0};
    if (!manifest->config.digest || (!walk->wish->configurations && !walk->wish->deep))
        return 0;
    int status =
        registry_get_blob(walk->client, walk->repository, manifest->config.digest, &scratch, &config, walk->error);
    const char *platform = status == 0 && names_platform ? config_platform(&scratch, config) : NULL;
    if (status == 0)
        note_created(walk, config);
    if (platform) {
        add_platform(walk, platform);
        *wanted = is_wanted(walk, platform);
    }
    arena_free(&scratch);
    return status;
}

static void note_size(struct walk *walk, const struct manifest *manifest)
{
    int64_t size = manifest->config.digest && manifest->config.size > 0 ? manifest->config.size : 0;
    for (size_t i = 0; i < manifest->layer_count; i++) {
        int64_t layer = manifest->layers[i].size;
        if (layer < 0 || size > INT64_MAX - layer)
            return;
        size += manifest->layers[i].elsewhere ? 0 : layer;
    }
    if (size > walk->content->size)
        walk->content->size = size;
}

static int try_layers(struct walk *walk, const char *digest, const struct manifest *manifest)
{
    if (manifest->layer_count > LAYERS_MAX)
        return bad(walk, digest, "it has more layers than any image");
    for (size_t i = 0; i < manifest->layer_count; i++) {
        const struct descriptor *layer = &manifest->layers[i];
        struct arena scratch = {0};
        bool passed_over = layer->elsewhere || !is_new(walk, layer->digest);
        int status = passed_over ? 0
                                 : registry_try_blob(walk->client, walk->repository, layer->digest, layer->size,
                                                     &scratch, walk->error);
        arena_free(&scratch);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int look(struct walk *walk, const char *digest, bool names_platform, int depth);

static int look_at_index(struct walk *walk, const struct manifest *manifest, int depth)
{
    for (size_t i = 0; i < manifest->child_count; i++)
        if (manifest->children[i].platform)
            add_platform(walk, manifest->children[i].platform);
    for (size_t i = 0; i < manifest->child_count; i++) {
        const struct descriptor *child = &manifest->children[i];
        bool wanted = child->platform ? is_wanted(walk, child->platform) : !child->for_none;
        for (int level = 0; wanted && level <= depth; level++)
            if (strcmp(walk->above[level], child->digest) == 0)
                return bad(walk, child->digest, "it contains itself");
        if (wanted && is_new(walk, child->digest) && look(walk, child->digest, !child->platform, depth + 1) < 0)
            return -1;
    }
    return 0;
}

static int read_manifest(struct walk *walk, const char *digest, struct arena *scratch, struct manifest *manifest)
{
    struct registry_manifest got;
    if (registry_get_manifest(walk->client, walk->repository, digest, scratch, &got, walk->error) < 0) {
        if (reason_state(walk->error->reason) == STATE_ABSENT)
            walk->error->reason = REASON_INCOMPLETE;
        walk->error->cause = arena_printf(walk->error->arena, "%s: %s", digest, walk->error->cause);
        return -1;
    }
    const char *fault = manifest_parse(scratch, got.body, manifest);
    return fault ? bad(walk, digest, fault) : 0;
}

static int look_at_image(struct walk *walk, const char *digest, const struct manifest *manifest, bool names_platform)
{
    bool wanted = true;
    walk->images++;
    if (read_configuration(walk, manifest, names_platform, &wanted) < 0)
        return -1;
    if (wanted)
        note_size(walk, manifest);
    return wanted && walk->wish->deep ? try_layers(walk, digest, manifest) : 0;
}

/* Each manifest has memory of its own, and only those above it are kept meanwhile. */
static int look(struct walk *walk, const char *digest, bool names_platform, int depth)
{
    struct manifest manifest;
    struct arena scratch = {0};
    walk->above[depth] = digest;
    if (depth > DEPTH_MAX || ++walk->parts > PARTS_MAX)
        return bad(walk, digest,
                   depth > DEPTH_MAX ? "its indexes point to further ones without end"
                                     : "it names more manifests than any image has");
    int status = read_manifest(walk, digest, &scratch, &manifest);
    if (status == 0)
        status = manifest.is_index ? look_at_index(walk, &manifest, depth)
                                   : look_at_image(walk, digest, &manifest, names_platform);
    arena_free(&scratch);
    return status;
}

int content_read(const struct registry_client *client, const char *repository, const char *digest,
                 const struct content_wish *wish, struct arena *arena, struct content *content, struct error *error)
{
    struct walk *walk = arena_alloc(arena, sizeof *walk);
    *walk = (struct walk){
        .client = client, .repository = repository, .wish = wish, .arena = arena, .content = content, .error = error};
    *content = (struct content){.size = -1};
    if (look(walk, digest, true, 0) < 0)
        return -1;
    bool nothing = wish->deep && !walk->images && !wish->platform_count;
    return nothing ? bad(walk, digest, "it names no image that could be pulled") : 0;
}
