#ifndef ECR_TESTS_TARBALL_H
#define ECR_TESTS_TARBALL_H

/* Archives of a test's own. */

#include <sys/mman.h>
#include <sys/stat.h>

#include "unit.h"

#include "store/tar.h"

/* A head of any type; a link's content would follow it as that of a file does. */
static inline void tar_add_head(struct buf *tar, const char *name, char type, size_t size)
{
    unsigned sum = 0;
    tar_write_head(tar, name, (int64_t)size);
    char *head = tar->data + tar->len - TAR_BLOCK;
    head[156] = type;
    memset(head + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)head[i];
    snprintf(head + 148, 8, "%06o", sum);
}

static inline void tar_add_slice(struct buf *tar, const char *name, struct slice content)
{
    tar_add_head(tar, name, '0', content.len);
    buf_slice(tar, content);
    for (size_t i = tar_padding((int64_t)content.len); i-- > 0;)
        buf_char(tar, 0);
}

static inline void tar_add(struct buf *tar, const char *name, const char *content)
{
    tar_add_slice(tar, name, slice_of(content));
}

static inline void tar_end(struct buf *tar)
{
    for (int i = 0; i < 2 * TAR_BLOCK; i++)
        buf_char(tar, 0);
}

/* A file without a name that holds this; the text is given back. */
static inline int file_of(struct buf *content)
{
    int fd = memfd_create("ecr-unit", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content->data, content->len), content->len);
    buf_free(content);
    return fd;
}

/* The archive with its end, as such a file. */
static inline int tar_file(struct buf *tar)
{
    tar_end(tar);
    return file_of(tar);
}

#endif
