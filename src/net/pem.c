#include "net/pem.h"

#include <string.h>

#include "base/encode.h"

static ptrdiff_t find_text(struct slice in, const char *what)
{
    const char *hit = in.len ? memmem(in.data, in.len, what, strlen(what)) : NULL;
    return hit ? hit - in.data : -1;
}

int pem_next(struct slice *text, struct slice *label, struct buf *der)
{
    ptrdiff_t begin = find_text(*text, "-----BEGIN ");
    buf_clear(der);
    if (begin < 0)
        return 0;
    struct slice whole = *text;
    *text = (struct slice){NULL, 0};
    struct slice rest = slice_from(whole, (size_t)begin + 11);
    ptrdiff_t label_end = find_text(rest, "-----");
    if (label_end < 0)
        return -1;
    *label = slice_head(rest, (size_t)label_end);
    rest = slice_from(rest, (size_t)label_end + 5);
    ptrdiff_t end = find_text(rest, "-----END ");
    if (end < 0)
        return -1;
    *text = slice_from(rest, (size_t)end + 9);
    return decode_base64(der, slice_head(rest, (size_t)end)) == 0 ? 1 : -1;
}
