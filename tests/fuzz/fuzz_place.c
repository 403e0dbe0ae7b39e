/* Places: what is taken has a path or an image, and a tag that is one; all of it stands in the text. */
#include "fuzz.h"
#include "move/place.h"

static void check_path(const struct place *place)
{
    MUST(place->path && *place->path && strstr(place->text, place->path));
    MUST(!place->tag || !reference_tag_fault(slice_of(place->tag)));
    MUST(!place->tag || place->kind != PLACE_DOCKER_ARCHIVE);
    size_t rest = strlen(place->path) + (place->tag ? 1 + strlen(place->tag) : 0);
    MUST(strlen(strchr(place->text, ':') + 1) == rest);
    MUST(!place_is_stream(place) || strcmp(place->path, "-") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct place place;
    struct error error;
    struct arena arena = {NULL};
    error_init(&error, &arena);
    const char *text = arena_copy(&arena, input(data, size));
    int status = place_parse(&arena, text, &place, &error);
    MUST(status == 0 || (error.reason == REASON_USAGE && strstr(text, error.subject) && *error.cause));
    if (status == 0) {
        MUST(place.text == text && place.fd == -1);
        bool daemon = strcmp(text, "docker:") == 0;
        if (place.kind == PLACE_REGISTRY || place.kind == PLACE_DAEMON)
            MUST(!place.path && !place_is_stream(&place) && !place.reference.text == daemon);
        else
            check_path(&place);
        if (place.reference.text)
            MUST(place_same_repository(&place.reference, &place.reference) && *reference_target(&place.reference));
    }
    arena_free(&arena);
    return 0;
}
