/* Archives: what is found lies within them, leads nowhere else and has a name of its own; each entry is found by it. */
#include "tarball.h"

static void check_name(const char *name)
{
    struct slice rest = slice_of(name);
    MUST(!slice_starts(rest, "/") && !slice_starts(rest, "./"));
    while (rest.data)
        MUST(!slice_is(slice_cut(&rest, '/'), ".."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tar tar;
    struct error error;
    struct arena arena = {NULL};
    int fd = input_file(data, size);
    error_init(&error, &arena);
    int status = tar_index(&arena, fd, "a.tar", &tar, &error);
    MUST(status == 0 ? tar.count > 0
                     : error.reason == REASON_USAGE && strcmp(error.subject, "a.tar") == 0 && *error.cause);
    for (size_t i = 0; status == 0 && i < tar.count; i++) {
        const struct tar_entry *entry = &tar.list[i];
        check_name(entry->name);
        MUST(entry->size >= 0 && entry->offset >= TAR_BLOCK && entry->offset + entry->size <= (int64_t)size);
        MUST(entry->type < '1' || entry->type > '6' || entry->size == 0); /* links, folders and devices */
        MUST(strcmp(tar_find(&tar, entry->name)->name, entry->name) == 0);
        MUST(i == 0 || strcmp(entry[-1].name, entry->name) < 0 || (entry[-1].type == '5' && entry->type == '5'));
    }
    close(fd);
    arena_free(&arena);
    return 0;
}
