#include "net/der.h"

#include <string.h>

/* Reads the length at `*at`; long forms up to four bytes, as no certificate needs more. */
static bool read_length(struct slice in, size_t *at, size_t *length)
{
    if (*at >= in.len)
        return false;
    uint8_t first = (uint8_t)in.data[(*at)++];
    if (first < 0x80) {
        *length = first;
        return true;
    }
    size_t bytes = first & 0x7f;
    if (bytes == 0 || bytes > 4 || in.len - *at < bytes)
        return false;
    size_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t)in.data[(*at)++];
    *length = value;
    return true;
}

bool der_next(struct slice *in, struct der *element)
{
    size_t at = 1, length;
    if (in->len < 2 || ((uint8_t)in->data[0] & 0x1f) == 0x1f || !read_length(*in, &at, &length) ||
        in->len - at < length)
        return false;
    element->tag = (uint8_t)in->data[0];
    element->content = slice_head(slice_from(*in, at), length);
    element->whole = slice_head(*in, at + length);
    *in = slice_from(*in, at + length);
    return true;
}

bool der_expect(struct slice *in, uint8_t tag, struct der *element)
{
    struct slice before = *in;
    if (der_next(in, element) && element->tag == tag)
        return true;
    *in = before;
    return false;
}

bool der_is_oid(const struct der *element, const char *oid, size_t len)
{
    return element->tag == DER_OID && element->content.len == len && memcmp(element->content.data, oid, len) == 0;
}
