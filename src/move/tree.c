#include "move/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "image/digest.h"
#include "image/platform.h"
#include "registry/blob.h"

#define DEPTH_MAX  4           /* indexes of indexes */
#define SIZE_LIMIT (1LL << 50) /* bytes: sums of such still fit */
#define KEPT_MAX   (4 << 20)   /* bytes of manifests that are held in memory until they are put */

#define OCI_INDEX    "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"

/* One walk over an image. */
struct tree {
    struct move *move;
    struct move_source *source;
    struct mover *mover;
    struct error *error;
};

static int refuse(const struct tree *tree, enum reason reason, const char *digest, const char *what)
{
    return error_set(tree->error, reason, tree->move->from->text, "%s: %s", digest, what);
}

/* A list in an arena with room for one more. */
static void *grown(struct arena *arena, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    *room = 2 * *room + 32;
    void *more = arena_array(arena, *room, size);
    if (count)
        memcpy(more, list, count * size);
    return more;
}

static bool has_manifest(const struct move *move, const char *digest)
{
    for (size_t i = 0; i < move->manifest_count; i++)
        if (strcmp(move->manifests[i].digest, digest) == 0)
            return true;
    return false;
}

static int add_manifest(const struct tree *tree, const struct move_manifest *manifest)
{
    struct move *move = tree->move;
    if (has_manifest(move, manifest->digest))
        return 0;
    if (move->manifest_count == MOVE_MANIFESTS_MAX)
        return refuse(tree, REASON_UNSUPPORTED, manifest->digest, "it has too many manifests");
    move->manifests =
        grown(move->arena, move->manifests, move->manifest_count, &move->manifest_room, sizeof *move->manifests);
    struct move_manifest *entry = &move->manifests[move->manifest_count++];
    *entry = (struct move_manifest){arena_strdup(move->arena, manifest->digest),
                                    manifest->media_type ? arena_strdup(move->arena, manifest->media_type) : NULL,
                                    {NULL, 0},
                                    manifest->size};
    if (move->kept + manifest->body.len > KEPT_MAX)
        return 0;
    move->kept += manifest->body.len;
    entry->body = arena_slice(move->arena, manifest->body);
    return 0;
}

static const struct move_blob *find_blob(const struct move *move, const char *digest)
{
    for (size_t i = 0; i < move->blob_count; i++)
        if (strcmp(move->blobs[i].what.digest, digest) == 0)
            return &move->blobs[i];
    return NULL;
}

static int add_blob(const struct tree *tree, const struct descriptor *what)
{
    struct move *move = tree->move;
    const struct move_blob *known = find_blob(move, what->digest);
    if (known)
        return known->what.size == what->size
                   ? 0
                   : refuse(tree, tree->source->kind->blame, what->digest, "it is said to have two lengths");
    if (!digest_is_sha256(what->digest))
        return refuse(tree, REASON_UNSUPPORTED, what->digest, "only blobs with digests of sha256 can be moved");
    if (what->size < 0 || what->size > SIZE_LIMIT || move->total > SIZE_LIMIT)
        return refuse(tree, tree->source->kind->blame, what->digest,
                      what->size < 0 ? "the manifest does not say how large it is" : "nothing is as large as it says");
    if (move->blob_count == MOVE_BLOBS_MAX)
        return refuse(tree, REASON_UNSUPPORTED, what->digest, "it has too many blobs");
    move->blobs = grown(move->arena, move->blobs, move->blob_count, &move->blob_room, sizeof *move->blobs);
    struct move_blob *blob = &move->blobs[move->blob_count++];
    *blob = (struct move_blob){
        .what = {.digest = arena_strdup(move->arena, what->digest), .size = what->size, .elsewhere = what->elsewhere}};
    blob->what.media_type = what->media_type ? arena_strdup(move->arena, what->media_type) : NULL;
    atomic_init(&blob->state, what->elsewhere ? BLOB_ELSEWHERE : BLOB_WAITING);
    move->total += what->elsewhere ? 0 : what->size;
    return 0;
}

static int add_parts(const struct tree *tree, const struct manifest *parsed)
{
    if (parsed->config.digest && add_blob(tree, &parsed->config) < 0)
        return -1;
    for (size_t i = 0; i < parsed->layer_count; i++)
        if (add_blob(tree, &parsed->layers[i]) < 0)
            return -1;
    return 0;
}

/* The type that a manifest says itself, else the one that it is said to have, else that which its members make it. */
static const char *media_type_of(struct arena *arena, const struct move_manifest *manifest,
                                 const struct manifest *parsed)
{
    struct json json;
    const char *own = json_parse(arena, manifest->body, &json) == 0
                          ? json_cstr(arena, json_get(json_root(&json), "mediaType"))
                          : NULL;
    for (const char *c = own; c && *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            own = NULL;
    if (own || manifest->media_type)
        return own ? own : manifest->media_type;
    return parsed->is_index ? OCI_INDEX : OCI_MANIFEST;
}

/* What an index names may be something else than a manifest (image-spec, "Image Index"): it is moved as it is. */
static bool is_strange(const struct move_manifest *manifest, int depth)
{
    return depth > 0 && manifest->media_type && !manifest_is_type(slice_of(manifest->media_type));
}

static int take_apart(const struct tree *tree, struct arena *arena, struct move_manifest *manifest, int depth,
                      struct manifest *parsed)
{
    if (!digest_is_sha256(manifest->digest) || !digest_fits(manifest->digest, manifest->body))
        return refuse(tree, REASON_UNSUPPORTED, manifest->digest, "only manifests with digests of sha256 can be moved");
    const char *fault = manifest_parse(arena, manifest->body, parsed);
    if (fault && is_strange(manifest, depth)) {
        *parsed = (struct manifest){.is_index = false};
        return 0;
    }
    if (fault)
        return refuse(tree, tree->source->kind->blame, manifest->digest, fault);
    if (!parsed->is_index && !parsed->config.digest && parsed->layer_count && parsed->layers[0].size < 0)
        return refuse(tree, REASON_UNSUPPORTED, manifest->digest, "Docker's old schema 1 cannot be moved");
    manifest->media_type = media_type_of(arena, manifest, parsed);
    return 0;
}

static int fetch_child(const struct tree *tree, const struct descriptor *child, struct arena *arena,
                       struct move_manifest *manifest)
{
    struct move_source *source = tree->source;
    if (!digest_is_sha256(child->digest))
        return refuse(tree, REASON_UNSUPPORTED, child->digest, "only manifests with digests of sha256 can be moved");
    if (source->kind->manifest(source, tree->mover, child->digest, arena, manifest, tree->error) < 0)
        return -1;
    if (!manifest->media_type)
        manifest->media_type = child->media_type;
    return child->size < 0 || child->size == manifest->size
               ? 0
               : refuse(tree, source->kind->blame, child->digest, "its index says that it has another length");
}

static int visit(const struct tree *tree, struct move_manifest *manifest, int depth);

static int visit_child(const struct tree *tree, const struct descriptor *child, int depth)
{
    struct arena scratch = {0};
    struct move_manifest manifest = {.digest = NULL};
    if (has_manifest(tree->move, child->digest))
        return 0;
    int status = fetch_child(tree, child, &scratch, &manifest);
    if (status == 0)
        status = visit(tree, &manifest, depth + 1);
    arena_free(&scratch);
    return status;
}

static int visit(const struct tree *tree, struct move_manifest *manifest, int depth)
{
    struct arena scratch = {0};
    struct manifest parsed = {.is_index = false};
    int status = depth > DEPTH_MAX ? refuse(tree, tree->source->kind->blame, manifest->digest,
                                            "its indexes lie too deep in one another")
                                   : take_apart(tree, &scratch, manifest, depth, &parsed);
    for (size_t i = 0; status == 0 && i < parsed.child_count; i++)
        status = visit_child(tree, &parsed.children[i], depth);
    if (status == 0)
        status = add_parts(tree, &parsed);
    if (status == 0)
        status = add_manifest(tree, manifest);
    arena_free(&scratch);
    return status;
}

static int read_config(const struct tree *tree, const struct descriptor *what, struct arena *arena, struct slice *text)
{
    struct source_blob blob;
    struct move_source *source = tree->source;
    if (!digest_is_sha256(what->digest) || what->size < 0 || what->size > CONFIG_MAX)
        return refuse(tree, source->kind->blame, what->digest, "its configuration cannot be read by that");
    if (source->kind->blob(source, tree->mover, what, &blob, tree->error) < 0)
        return -1;
    int status = reader_whole(&blob.reader, arena, text, tree->error);
    if (source->kind->blob_end)
        source->kind->blob_end(&blob);
    if (status < 0)
        return -1;
    return digest_fits(what->digest, *text) ? 0 : source_lied(source, what->digest, tree->error);
}

/* An image that is none of an index is for the platform that its configuration names. */
static int check_single(const struct tree *tree, const struct manifest *parsed, struct arena *arena)
{
    struct slice config = {NULL, 0};
    const char *wanted = tree->move->options.platform, *offered = NULL, *name = tree->move->from->text;
    if (parsed->config.digest) {
        if (read_config(tree, &parsed->config, arena, &config) < 0)
            return -1;
        offered = config_platform(arena, config);
    }
    if (offered && platform_fits(offered, wanted))
        return 0;
    return error_set(tree->error, REASON_NO_PLATFORM, name, "it is for %s, not for %s",
                     offered ? offered : "no platform that it names", wanted);
}

static int no_child(const struct tree *tree, const struct manifest *index, struct arena *arena)
{
    const char *platforms = manifest_platforms(arena, index);
    error_set(tree->error, REASON_NO_PLATFORM, tree->move->from->text, "%s is not among its platforms%s%s",
              tree->move->options.platform, *platforms ? ": " : ", as it names none", platforms);
    error_hint(tree->error, "name one with --platform, or take --all-platforms");
    return -1;
}

/* In the place of an index stands its child for the platform. */
static int choose_platform(const struct tree *tree, struct move_manifest *manifest, struct arena *arena)
{
    struct manifest parsed = {.is_index = false};
    const struct move_options *options = &tree->move->options;
    if (!options->platform)
        return 0;
    for (int depth = 0; depth <= DEPTH_MAX; depth++) {
        if (take_apart(tree, arena, manifest, depth, &parsed) < 0)
            return -1;
        if (!parsed.is_index)
            return options->platform_must_fit && depth == 0 ? check_single(tree, &parsed, arena) : 0;
        const struct descriptor *child = manifest_child(&parsed, options->platform);
        if (!child)
            return no_child(tree, &parsed, arena);
        if (fetch_child(tree, child, arena, manifest) < 0)
            return -1;
    }
    return refuse(tree, tree->source->kind->blame, manifest->digest, "its indexes lie too deep in one another");
}

/* What refers to the manifests so far; and what refers to that, as signatures of attestations do. */
static int collect_referrers(const struct tree *tree)
{
    const struct source_kind *kind = tree->source->kind;
    if (!kind->referrers)
        return error_set(tree->error, REASON_USAGE, "--referrers", "an archive of 'docker save' knows of none");
    for (size_t i = 0; i < tree->move->manifest_count; i++) {
        struct arena scratch = {0};
        const char **list = NULL;
        size_t count = 0;
        int status = kind->referrers(tree->source, tree->mover, tree->move->manifests[i].digest, &scratch, &list,
                                     &count, tree->error);
        for (size_t j = 0; status == 0 && j < count; j++) {
            struct descriptor what = {.digest = list[j], .size = -1};
            status = visit_child(tree, &what, 0);
        }
        arena_free(&scratch);
        if (status < 0)
            return -1;
    }
    return 0;
}

int tree_collect(struct move *move, struct move_source *source, struct mover *mover, struct error *error)
{
    struct arena scratch = {0};
    struct tree tree = {move, source, mover, error};
    struct move_manifest manifest = {.digest = NULL};
    int status = source->kind->manifest(source, mover, NULL, &scratch, &manifest, error);
    if (status == 0)
        status = choose_platform(&tree, &manifest, &scratch);
    if (status == 0)
        status = visit(&tree, &manifest, 0);
    move->root = move->manifest_count - 1;
    if (status == 0 && move->options.referrers)
        status = collect_referrers(&tree);
    arena_free(&scratch);
    return status;
}
