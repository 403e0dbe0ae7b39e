#include "registry/certificates.h"

#include <dirent.h>
#include <string.h>

#include "base/file.h"

#define FILE_MAX (1 << 20)

static void add_ca(const char *path, struct buf *pem)
{
    struct buf text;
    if (file_read(path, FILE_MAX, &text) != 0)
        return; /* the chain then fails, and says which issuer is not known */
    buf_slice(pem, buf_view(&text));
    buf_char(pem, '\n');
    buf_free(&text);
}

static int use_identity(struct arena *arena, const char *folder, struct slice name, struct identity **identity,
                        struct error *error)
{
    const char *cert = arena_printf(arena, "%s/%.*s", folder, SLICE_ARGS(name));
    struct slice stem = slice_head(name, name.len - strlen(".cert"));
    const char *key = arena_printf(arena, "%s/%.*s.key", folder, SLICE_ARGS(stem));
    *identity = arena_alloc(arena, sizeof **identity);
    if (identity_load(*identity, cert, key, error) == 0)
        return 0;
    *identity = NULL;
    return -1;
}

static int read_folder(struct arena *arena, const char *folder, struct buf *pem, struct identity **identity,
                       struct error *error)
{
    int status = 0;
    DIR *open = opendir(folder);
    if (!open)
        return 0;
    for (struct dirent *entry = readdir(open); entry && status == 0; entry = readdir(open)) {
        struct slice name = slice_of(entry->d_name);
        if (slice_ends(name, ".crt"))
            add_ca(arena_printf(arena, "%s/%s", folder, entry->d_name), pem);
        else if (slice_ends(name, ".cert") && !*identity)
            status = use_identity(arena, folder, name, identity, error);
    }
    closedir(open);
    return status;
}

int registry_certificates_read(struct arena *arena, const char *registry, struct buf *pem, struct identity **identity,
                               struct error *error)
{
    static const char *const places[] = {"~/.config/containers/certs.d", "~/.docker/certs.d", "/etc/containers/certs.d",
                                         "/etc/docker/certs.d"};
    *identity = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *place = path_expand(arena, places[i]);
        if (place && read_folder(arena, arena_printf(arena, "%s/%s", place, registry), pem, identity, error) < 0)
            return -1;
    }
    return 0;
}
