#ifndef ECR_IMAGE_DIGEST_H
#define ECR_IMAGE_DIGEST_H

#include "base/arena.h"
#include "base/sha256.h"
#include "base/slice.h"

/*
 * NULL if the text is a digest of the OCI grammar ("algorithm:encoded"), with the right length and lower-case
 * hexadecimal where the algorithm is a registered one (sha256, sha512, blake3); else what is wrong with it.
 * Source: OCI image-spec, descriptor.md, "Digests".
 */
const char *digest_fault(struct slice digest);

/* The sha256 digest of a content, in `arena`. */
const char *digest_of(struct arena *arena, struct slice content);

/* Whether a content can be checked against a digest here: sha256 and sha512 are known. */
bool digest_is_known(const char *digest);

/* Whether `content` has the digest. False as well for an algorithm that is not known. */
bool digest_fits(const char *digest, struct slice content);

/* Whether what was hashed (the state is at its end then) has a digest of sha256. */
bool digest_is_hash(const char *digest, struct sha256_state *hash);

/* Whether it is one of sha256, which all that is stored by its digest must have here. */
bool digest_is_sha256(const char *digest);

/* The 64 hexadecimal digits of one. */
const char *digest_hex(const char *digest);

#endif
