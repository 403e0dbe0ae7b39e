#include <string.h>

#include "ecr/layer.h"
#include "image/digest.h"
#include "move/target.h"
#include "registry/blob.h"
#include "registry/manifest.h"
#include "registry/referrer.h"
#include "registry/upload.h"

#define LAYER_MAX_ECR        (52000LL << 20) /* protocol facts 8.7: bytes of a layer */
#define LAYER_MAX_ECR_PUBLIC (10000LL << 20)

static const char *repository_of(const struct move_target *target)
{
    return target->move->to->reference.repository;
}

/* What ECR would refuse at the end of the upload. */
static int check_limits(const struct move *move, struct error *error)
{
    int64_t most = move->options.to_ecr_public ? LAYER_MAX_ECR_PUBLIC : LAYER_MAX_ECR;
    for (size_t i = 0; move->options.to_ecr && i < move->blob_count; i++) {
        const struct move_blob *blob = &move->blobs[i];
        int state = atomic_load(&move->blobs[i].state);
        if (state == BLOB_WAITING && (blob->what.size == 0 || blob->what.size > most))
            return error_set(error, REASON_REFUSED, blob->what.digest,
                             "a layer of %lld bytes: ECR takes from 1 byte to %lld MiB", (long long)blob->what.size,
                             (long long)(most >> 20));
    }
    return 0;
}

/* ECR says of a hundred layers a call whether it has them. Where it does not the registry is asked for each. */
static void ask_ecr(struct move_target *target, struct mover *mover)
{
    struct error ignored;
    struct move *move = target->move;
    const char *digests[ECR_LAYERS_MAX];
    bool there[ECR_LAYERS_MAX];
    error_init(&ignored, mover->arena);
    for (size_t first = 0; first < move->blob_count; first += ECR_LAYERS_MAX) {
        size_t count = move->blob_count - first < ECR_LAYERS_MAX ? move->blob_count - first : ECR_LAYERS_MAX;
        for (size_t i = 0; i < count; i++)
            digests[i] = move->blobs[first + i].what.digest;
        if (ecr_layers_available(&mover->api, repository_of(target), digests, count, there, mover->arena, &ignored) < 0)
            return;
        for (size_t i = 0; i < count; i++)
            if (there[i] && atomic_load(&move->blobs[first + i].state) == BLOB_WAITING)
                atomic_store(&move->blobs[first + i].state, BLOB_EXISTS);
    }
    target->knows_blobs = true;
}

/* What to do about a repository that is not there. Returns -1. */
static int no_repository(const struct move *move, struct error *error)
{
    if (error->reason != REASON_NO_REPOSITORY || !move->options.to_ecr)
        return -1;
    error_set(error, REASON_NO_REPOSITORY, move->to->text, "the repository is not there");
    error_hint(error, "--create-repo makes it");
    return -1;
}

static int open_registry(struct move_target *target, struct mover *mover, struct error *error)
{
    struct move *move = target->move;
    const char *digest = move->to->reference.digest;
    const char *root = move->manifests[move->root].digest;
    if (digest && strcmp(digest, root) != 0)
        return error_set(error, REASON_USAGE, move->to->text, "the image is another: %s", root);
    if (mover->has_api)
        ask_ecr(target, mover);
    return check_limits(move, error);
}

/* ECR Public answers GET alone. Where nothing definite is said the blob is uploaded; -1 where nobody answers at all. */
static int look_for_blob(struct move_target *target, struct mover *mover, const struct descriptor *what, bool *has,
                         struct error *error)
{
    const char *repository = repository_of(target);
    *has = false;
    if (target->knows_blobs)
        return 0;
    int status = target->move->options.to_ecr_public
                     ? registry_try_blob(&mover->to, repository, what->digest, what->size, mover->arena, error)
                     : registry_has_blob(&mover->to, repository, what->digest, what->size, mover->arena, has, error);
    *has = *has || (status == 0 && target->move->options.to_ecr_public);
    bool silent = status < 0 && error->http_status == 0 && retry_helps(error);
    if (!silent)
        error_clear(error);
    return silent ? -1 : 0;
}

static int take_blob(struct move_target *target, struct mover *mover, struct move_blob *blob,
                     const struct reader *content, struct error *error)
{
    bool mounted = false, has;
    const struct move *move = target->move;
    const struct reference *from = &move->from->reference, *to = &move->to->reference;
    bool neighbours = move->from->kind == PLACE_REGISTRY && strcmp(from->registry, to->registry) == 0 &&
                      strcmp(from->repository, to->repository) != 0;
    struct registry_upload upload = {.repository = to->repository,
                                     .digest = blob->what.digest,
                                     .content = content,
                                     .mount_from = neighbours ? from->repository : NULL,
                                     .starts_over = move->options.to_ecr};
    if (look_for_blob(target, mover, &blob->what, &has, error) < 0)
        return -1;
    if (has) {
        atomic_store(&blob->state, BLOB_EXISTS);
        return 0;
    }
    if (registry_put_blob(&mover->to, &upload, &mounted, error) < 0)
        return no_repository(move, error);
    atomic_store(&blob->state, mounted ? BLOB_MOUNTED : BLOB_COPIED);
    return 0;
}

/* The digest that a tag (or a digest) of the target stands for; NULL where that is not told. */
static const char *digest_there(struct move_target *target, struct mover *mover, const char *tag)
{
    struct registry_manifest there;
    struct error ignored;
    error_init(&ignored, mover->arena);
    return registry_has_manifest(&mover->to, repository_of(target), tag, mover->arena, &there, &ignored) == 0
               ? there.digest
               : NULL;
}

/* An index of a manifest's referrers, where the registry does not keep one: this one is entered. */
static int enter_referrer(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                          const char *subject, struct error *error)
{
    struct buf index = BUF_INIT;
    struct registry_manifest old = {.size = -1};
    const char *repository = repository_of(target), *tag = registry_referrers_tag(mover->arena, subject);
    bool kept;
    int asked = registry_get_manifest(&mover->to, repository, tag, mover->arena, &old, error);
    if (asked < 0 && reason_state(error->reason) != STATE_ABSENT)
        return -1;
    int entered = registry_referrers_index(&index, asked == 0 ? old.body : (struct slice){NULL, 0}, manifest->digest,
                                           manifest->body, manifest->media_type);
    if (entered <= 0) {
        buf_free(&index);
        return entered == 0
                   ? 0
                   : error_set(error, REASON_REFUSED, target->move->to->text,
                               "its tag %s should list what refers to %s, and is something else", tag, subject);
    }
    struct slice body = arena_slice(mover->arena, buf_view(&index));
    buf_free(&index);
    struct registry_manifest_upload upload = {.repository = repository,
                                              .target = tag,
                                              .digest = digest_of(mover->arena, body),
                                              .media_type = "application/vnd.oci.image.index.v1+json",
                                              .body = body};
    return registry_put_manifest(&mover->to, &upload, mover->arena, &kept, error);
}

/* A tag that cannot be moved is right as it is, if it points to this image already. */
static int judge_refusal(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                         const char *tag, struct error *error)
{
    static const char *const codes[] = {"TAG_INVALID", "ImageTagAlreadyExistsException"};
    bool immutable = false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        immutable = immutable || (error->service_code && strcmp(error->service_code, codes[i]) == 0);
    const char *there = immutable && tag ? digest_there(target, mover, tag) : NULL;
    if (!there)
        return no_repository(target->move, error);
    if (strcmp(there, manifest->digest) == 0)
        return 0;
    error_set(error, REASON_REFUSED, target->move->to->text, "the tag %s is immutable and points to %s, not to %s", tag,
              there, manifest->digest);
    error_hint(error, "choose another tag, or 'ecr repo set --immutable --except FILTER' for tags that move");
    return -1;
}

static int take_manifest(struct move_target *target, struct mover *mover, const struct move_manifest *manifest,
                         const char *tag, struct error *error)
{
    bool kept = false;
    const char *subject = registry_subject(mover->arena, manifest->body);
    const char *there = digest_there(target, mover, tag ? tag : manifest->digest);
    if (there && strcmp(there, manifest->digest) == 0 && (tag || !subject)) /* else its index may lack it */
        return 0;
    struct registry_manifest_upload upload = {.repository = repository_of(target),
                                              .target = tag ? tag : manifest->digest,
                                              .digest = manifest->digest,
                                              .media_type = manifest->media_type,
                                              .body = manifest->body};
    if (registry_put_manifest(&mover->to, &upload, mover->arena, &kept, error) < 0)
        return judge_refusal(target, mover, manifest, tag, error);
    return subject && !kept && !target->move->options.to_ecr ? enter_referrer(target, mover, manifest, subject, error)
                                                             : 0;
}

const struct target_kind target_registry = {open_registry, take_blob, take_manifest, NULL, NULL};
