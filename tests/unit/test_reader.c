/* Parts of files: what is read lies within the part, in any order, and a file that became shorter is told. */
#include <sys/mman.h>

#include "unit.h"

#include "base/reader.h"

static int file_with(const char *text)
{
    int fd = memfd_create("ecr-unit", MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

/* "before", the part "0123456789", "behind". */
static void test_parts(void **state)
{
    (void)state;
    static const struct {
        int64_t offset;
        size_t size;
        const char *want;
    } rows[] = {{0, 10, "0123456789"}, {0, 3, "012"}, {7, 3, "789"},         {7, 5, "789"},
                {7, 100, "789"},       {9, 1, "9"},   {0, 100, "0123456789"}};
    int fd = file_with("before0123456789behind");
    struct file_part part = {fd, "a.tar", 6, 10};
    struct reader reader = file_part_reader(&part);
    assert_int_equal(reader.length, 10);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[32] = {0};
        ssize_t got = reader.read(reader.context, rows[i].offset, out, rows[i].size, &error);
        CHECK(got == (ssize_t)strlen(rows[i].want), "%zu", i);
        CHECK_TEXT(out, rows[i].want, "%zu", i);
    }
    close(fd);
}

static void test_faults(void **state)
{
    (void)state;
    char out[32];
    int fd = file_with("before012"), closed = dup(fd);
    close(closed);
    const struct {
        int fd;
        int64_t offset;
        const char *cause;
    } rows[] = {{fd, 3, "cannot read it: it became shorter meanwhile"},
                {closed, 0, "cannot read it: Bad file descriptor"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file_part part = {rows[i].fd, "a.tar", 6, 10};
        struct reader reader = file_part_reader(&part);
        CHECK(reader.read(reader.context, rows[i].offset, out, sizeof out, &error) == -1, "%zu", i);
        CHECK(error.reason == REASON_USAGE && strcmp(error.subject, "a.tar") == 0, "%zu", i);
        CHECK_TEXT(error.cause, rows[i].cause, "%zu", i);
    }
    /* What is there of it is given first. */
    struct file_part part = {fd, "a.tar", 6, 10};
    struct reader reader = file_part_reader(&part);
    assert_int_equal(reader.read(reader.context, 0, out, 10, &error), 3);
    close(fd);
}

RUN(TEST(test_parts), TEST(test_faults))
