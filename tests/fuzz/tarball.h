#ifndef ECR_TESTS_FUZZ_TARBALL_H
#define ECR_TESTS_FUZZ_TARBALL_H

/* Archives as inputs: the sums of their heads are put right, as hardly a change would get behind them else. */

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "store/tar.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static void repair_sums(uint8_t *data, size_t size)
{
    for (; size >= TAR_BLOCK; data += TAR_BLOCK, size -= TAR_BLOCK) {
        unsigned sum = 0;
        char digits[8];
        if (memcmp(data + 257, "ustar", 5) != 0)
            continue;
        memset(data + 148, ' ', 8);
        for (size_t i = 0; i < TAR_BLOCK; i++)
            sum += data[i];
        snprintf(digits, sizeof digits, "%06o", sum);
        memcpy(data + 148, digits, 7);
    }
}

/* One in eight is left as it is. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8)
        repair_sums(data, size);
    return size;
}

/* A file without a name that holds the input. */
static int input_file(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    return fd;
}

#endif
