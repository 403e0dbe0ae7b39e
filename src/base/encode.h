#ifndef ECR_BASE_ENCODE_H
#define ECR_BASE_ENCODE_H

#include <stdbool.h>

#include "base/buf.h"

/* Lower-case hexadecimal. */
void encode_hex(struct buf *out, const void *data, size_t len);

/* Base64 with padding (RFC 4648 section 4); `url` chooses the alphabet of section 5, still padded. */
void encode_base64(struct buf *out, struct slice data, bool url);

/*
 * Appends the bytes that base64 text stands for. Either alphabet, with or without padding; white space (PEM's lines)
 * is skipped. Returns 0, or -1 for any other byte or a length that cannot be.
 */
int decode_base64(struct buf *out, struct slice text);

/* Percent-encodes every byte but A-Z a-z 0-9 - _ . ~ and those in `keep`. RFC 3986 section 2.1. */
void encode_percent(struct buf *out, struct slice text, const char *keep);

/* Appends the decoded bytes; -1 for a '%' without two hex digits behind it. */
int decode_percent(struct buf *out, struct slice text);

#endif
