/* Indexes of referrers, kept by hand: an old one in the first line, a manifest in the rest. The new one is JSON again. */
#include "base/json.h"
#include "fuzz.h"
#include "image/digest.h"
#include "registry/referrer.h"

#define TYPE "application/vnd.oci.image.manifest.v1+json"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct buf once = BUF_INIT, twice = BUF_INIT;
    struct json json, before;
    struct slice manifest = input(data, size), old = slice_cut(&manifest, '\n');
    const char *subject = registry_subject(&arena, manifest), *digest = digest_of(&arena, manifest);
    if (subject) {
        const char *tag = registry_referrers_tag(&arena, subject);
        MUST(!digest_fault(slice_of(subject)));
        MUST(strlen(tag) <= 97 && strchr(tag, '-') && !strpbrk(tag, ":/?#% \\"));
    }
    int entered = registry_referrers_index(&once, old, digest, manifest, TYPE);
    if (entered == 1) {
        struct json_node list = {NULL, 0};
        if (json_parse(&arena, old, &before) == 0)
            list = json_get(json_root(&before), "manifests");
        MUST(json_parse(&arena, buf_view(&once), &json) == 0);
        MUST(json_count(json_get(json_root(&json), "manifests")) == json_count(list) + 1);
        MUST(!registry_referrers_index(&twice, buf_view(&once), digest, manifest, TYPE)); /* it stands there */
    }
    buf_free(&once);
    buf_free(&twice);
    arena_free(&arena);
    return 0;
}
