/* index.json of layouts: nothing but digests of sha256 comes out, and what is found and listed agree. */
#include "fuzz.h"
#include "image/digest.h"
#include "store/layout.h"

static void check_digest(const char *digest)
{
    MUST(!digest_fault(slice_of(digest)) && slice_starts(slice_of(digest), "sha256:"));
}

/* What was found is found again in an index of it alone. */
static void check_again(struct arena *arena, const struct layout_image *image, const char *tag, struct error *error)
{
    struct buf text = BUF_INIT;
    struct layout_image again;
    layout_write_index(&text, image, 1, tag);
    MUST(layout_find_in(arena, "again", buf_view(&text), tag, &again, error) == 0);
    MUST(strcmp(again.digest, image->digest) == 0 && again.size == image->size &&
         !again.media_type == !image->media_type);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tags[] = {NULL, "v1", ""};
    struct slice text = input(data, size);
    struct error error;
    struct arena arena = {NULL};
    const char **digests;
    size_t count;
    error_init(&error, &arena);
    int listed = layout_list(&arena, "a.tar", &text, &digests, &count, &error);
    MUST(listed == 0 || (error.reason == REASON_USAGE && strcmp(error.subject, "a.tar") == 0));
    bool one = listed == 0 && count > 0; /* image, however often it is named */
    for (size_t i = 0; listed == 0 && i < count; i++) {
        check_digest(digests[i]);
        one = one && strcmp(digests[i], digests[0]) == 0;
    }
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        struct layout_image image;
        bool among = false;
        int found = layout_find_in(&arena, "a.tar", text, tags[i], &image, &error);
        MUST(found == 0 || error.reason == REASON_USAGE || error.reason == REASON_NO_IMAGE);
        MUST(found < 0 || tags[i] || listed < 0 || one);
        MUST(tags[i] || !one || found == 0);
        if (found < 0)
            continue;
        check_digest(image.digest);
        check_again(&arena, &image, tags[i], &error);
        for (size_t k = 0; listed == 0 && k < count; k++)
            among = among || strcmp(digests[k], image.digest) == 0;
        MUST(listed < 0 || among);
    }
    arena_free(&arena);
    return 0;
}
