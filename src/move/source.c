#include "move/source.h"

static const struct source_kind *const kinds[] = {[PLACE_REGISTRY] = &source_registry,
                                                  [PLACE_LAYOUT] = &source_layout,
                                                  [PLACE_OCI_ARCHIVE] = &source_oci_archive,
                                                  [PLACE_DOCKER_ARCHIVE] = &source_docker_archive};

int source_open(struct move_source *source, const struct place *place, struct arena *arena, struct error *error)
{
    *source = (struct move_source){.kind = kinds[place->kind], .place = place, .archive = {.tar = {.fd = -1}}};
    return source->kind->open ? source->kind->open(source, arena, error) : 0;
}

void source_close(struct move_source *source)
{
    archive_close(&source->archive);
}

int source_lied(const struct move_source *source, const char *digest, struct error *error)
{
    bool remote = source->place->kind == PLACE_REGISTRY;
    const char *file = source->archive.name ? source->archive.name : source->place->path;
    const char *who = remote ? source->place->reference.registry : file;
    error_set(error, source->kind->blame, who, "what it has for %s does not have that digest", digest);
    error->http_status = remote ? 200 : 0;
    return -1;
}
