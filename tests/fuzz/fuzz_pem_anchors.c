/* PEM bundles: an anchor has a key and the name that was asked for, and there are never too many. The name wanted is
 * the subject of the first certificate. */
#include "fuzz.h"
#include "net/anchors.h"
#include "net/cert.h"
#include "net/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice rest = input(data, size), label;
    struct slice subject = SLICE("\x30\x00");
    struct buf der = BUF_INIT;
    struct cert cert;
    size_t blocks = 0;
    while (pem_next(&rest, &label, &der) == 1) {
        MUST(within(label, input(data, size)) && within(rest, input(data, size)));
        if (blocks++ == 0 && cert_parse(buf_view(&der), &cert) == 0)
            subject = arena_slice(&arena, cert.subject);
    }
    buf_free(&der);
    struct anchor_set set = {.count = 0};
    struct anchor_names names = {&subject, 1};
    size_t certificates = anchors_add_pem(&arena, input(data, size), names, 1795219200, &set);
    MUST(set.count <= ANCHORS_MAX && set.count <= certificates);
    for (size_t i = 0; i < set.count; i++) {
        MUST(slice_equal(subject, (struct slice){(char *)set.list[i].dn.data, set.list[i].dn.len}));
        MUST(set.list[i].pkey.key_type == BR_KEYTYPE_RSA || set.list[i].pkey.key_type == BR_KEYTYPE_EC);
    }
    set = (struct anchor_set){.count = 0};
    anchors_add_pem(&arena, input(data, size), (struct anchor_names){NULL, 0}, 0, &set);
    MUST(set.count == 0 && !set.expired);
    arena_free(&arena);
    return 0;
}
