#include "image/digest.h"
#include "move/source.h"
#include "registry/manifest.h"
#include "registry/referrer.h"

static int get_manifest(struct move_source *source, struct mover *mover, const char *digest, struct arena *arena,
                        struct move_manifest *manifest, struct error *error)
{
    struct registry_manifest got;
    const struct reference *reference = &source->place->reference;
    const char *target = digest ? digest : reference_target(reference);
    if (registry_get_manifest(&mover->from, reference->repository, target, arena, &got, error) < 0) {
        bool gone = reason_state(error->reason) == STATE_ABSENT;
        if (gone && !digest) /* the image itself: said of what was typed */
            error_set(error, error->reason, reference->text, "the registry says that it does not have it");
        else if (gone)
            error_set(error, REASON_INCOMPLETE, reference->text, "the registry does not have %s, which belongs to it",
                      digest);
        return -1;
    }
    if (!digest && !digest_is_sha256(got.digest)) /* a tag: the registry names it by another algorithm */
        got.digest = digest_of(arena, got.body);
    *manifest = (struct move_manifest){got.digest, got.media_type, got.body, got.size};
    return 0;
}

static int open_blob(struct move_source *source, struct mover *mover, const struct descriptor *what,
                     struct source_blob *blob, struct error *error)
{
    (void)error; /* nothing is asked before the first byte is wanted */
    registry_download_begin(&blob->download, &mover->from, source->place->reference.repository, what->digest,
                            what->size);
    blob->reader = registry_download_reader(&blob->download);
    return 0;
}

static void end_blob(struct source_blob *blob)
{
    registry_download_end(&blob->download);
}

static int list_referrers(struct move_source *source, struct mover *mover, const char *digest, struct arena *arena,
                          const char ***list, size_t *count, struct error *error)
{
    return registry_list_referrers(&mover->from, source->place->reference.repository, digest, arena, list, count,
                                   error);
}

const struct source_kind source_registry = {.manifest = get_manifest,
                                            .blob = open_blob,
                                            .blob_end = end_blob,
                                            .referrers = list_referrers,
                                            .blame = REASON_BAD_REPLY};
