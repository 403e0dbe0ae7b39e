#ifndef ECR_NET_DER_H
#define ECR_NET_DER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* DER tags (X.690) as they occur in certificates. */
enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30
};

struct der {
    uint8_t tag;
    struct slice content;
    struct slice whole; /* with tag and length */
};

/* Takes the next element off `*in`. False at the end, and for a length that is not definite or passes the end. */
bool der_next(struct slice *in, struct der *element);

/* The same, but the element must have that tag. */
bool der_expect(struct slice *in, uint8_t tag, struct der *element);

bool der_is_oid(const struct der *element, const char *oid, size_t len);

#endif
