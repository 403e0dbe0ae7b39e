#ifndef ECR_NET_ROOTS_H
#define ECR_NET_ROOTS_H

#include <stddef.h>

/*
 * The embedded trust anchors, made by vendor/roots.py from the pinned Mozilla bundle. For each root: eight bytes of
 * its end date (big-endian unix seconds), then twice a big-endian 16 bit length and that many bytes: its subject
 * (a DER Name) and its SubjectPublicKeyInfo. One constant block has no pointers that a static-PIE must relocate.
 */
extern const unsigned char net_roots[];
extern const size_t net_roots_len;

#endif
