/* References: the normal form is read as the same reference again, and its parts keep the grammar. */
#include "fuzz.h"
#include "image/digest.h"
#include "image/reference.h"

static void same(const char *a, const char *b)
{
    MUST(!a == !b && (!a || strcmp(a, b) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct reference first, second;
    if (reference_parse(&arena, arena_copy(&arena, input(data, size)), &first) == NULL) {
        MUST(first.tag || first.digest);
        MUST(!first.digest || digest_fault(slice_of(first.digest)) == NULL);
        MUST(!first.tag || (strlen(first.tag) >= 1 && strlen(first.tag) <= REFERENCE_TAG_MAX));
        MUST(strlen(first.registry) + 1 + strlen(first.repository) <= REFERENCE_NAME_MAX);
        MUST(!strstr(first.repository, "//") && !strstr(first.repository, "..") && first.repository[0] != '/');
        for (const char *c = first.normal; *c; c++)
            MUST(*c > 0x20 && *c < 0x7f && *c != '%' && *c != '?' && *c != '#' && *c != '\\');
        same(reference_target(&first), first.digest ? first.digest : first.tag);
        /* A single upper-case word is a host to docker and, in lower case, is not. */
        if (strpbrk(first.registry, ".:") || strcmp(first.registry, "localhost") == 0) {
            MUST(reference_parse(&arena, first.normal, &second) == NULL);
            same(first.normal, second.normal);
            same(first.registry, second.registry);
            same(first.repository, second.repository);
            same(first.tag, second.tag);
            same(first.digest, second.digest);
            MUST(first.port == second.port);
        }
    }
    arena_free(&arena);
    return 0;
}
