#include "move/place.h"

#include <string.h>
#include <unistd.h>

static int bad(const char *text, const char *what, struct error *error)
{
    return error_set(error, REASON_USAGE, text, "%s", what);
}

static int parse_reference(struct arena *arena, const char *text, struct place *place, struct error *error)
{
    const char *fault = reference_parse(arena, text, &place->reference);
    return fault ? bad(text, fault, error) : 0;
}

/*
 * "PATH[:TAG]". What stands behind the last ':' is a tag if it can be one, unless the whole is the name of something that
 * is there.
 */
static int parse_path(struct arena *arena, const char *text, bool takes_tag, struct place *place, struct error *error)
{
    struct slice path = slice_of(text);
    ptrdiff_t colon = slice_rfind(path, ':');
    struct slice tag = slice_from(path, (size_t)(colon + 1));
    place->path = text;
    bool split = takes_tag && colon >= 0 && slice_find(tag, '/') < 0 && access(text, F_OK) != 0;
    if (split && reference_tag_fault(tag))
        return bad(place->text, reference_tag_fault(tag), error);
    if (split) {
        place->path = arena_copy(arena, slice_head(path, (size_t)colon));
        place->tag = arena_copy(arena, tag);
    }
    return *place->path ? 0 : bad(place->text, "the name of a file or a folder is missing", error);
}

int place_parse(struct arena *arena, const char *text, struct place *place, struct error *error)
{
    static const struct {
        const char *prefix;
        enum place_kind kind;
    } kinds[] = {{"oci:", PLACE_LAYOUT},
                 {"oci-archive:", PLACE_OCI_ARCHIVE},
                 {"docker-archive:", PLACE_DOCKER_ARCHIVE},
                 {"docker:", PLACE_DAEMON}};
    size_t i = 0, count = sizeof kinds / sizeof *kinds;
    while (i < count && !slice_starts(slice_of(text), kinds[i].prefix))
        i++;
    *place = (struct place){.kind = i < count ? kinds[i].kind : PLACE_REGISTRY, .text = text, .fd = -1};
    if (i == count)
        return parse_reference(arena, text, place, error);
    const char *rest = text + strlen(kinds[i].prefix);
    if (place->kind == PLACE_DAEMON)
        return *rest ? parse_reference(arena, rest, place, error) : 0;
    return parse_path(arena, rest, place->kind != PLACE_DOCKER_ARCHIVE, place, error);
}

bool place_is_stream(const struct place *place)
{
    bool archive = place->kind == PLACE_OCI_ARCHIVE || place->kind == PLACE_DOCKER_ARCHIVE;
    return archive && strcmp(place->path, "-") == 0;
}

bool place_same_repository(const struct reference *a, const struct reference *b)
{
    return strcmp(a->registry, b->registry) == 0 && strcmp(a->repository, b->repository) == 0;
}
