#ifndef ECR_TESTS_FUZZ_H
#define ECR_TESTS_FUZZ_H

/* What the fuzz targets share: an arena for one input, and a check that holds with NDEBUG too. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a slice, and as a C string that ends at its first NUL. */
static inline struct slice input(const uint8_t *data, size_t size)
{
    return (struct slice){(const char *)data, size};
}

/* Whether `part` lies within `whole` (or is missing), as parsers promise that hand out slices. */
static inline int within(struct slice part, struct slice whole)
{
    return !part.data || part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

#endif
