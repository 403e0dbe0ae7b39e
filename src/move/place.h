#ifndef ECR_MOVE_PLACE_H
#define ECR_MOVE_PLACE_H

#include "base/error.h"
#include "image/reference.h"

/* Where an image is taken from, or goes to. */
enum place_kind { PLACE_REGISTRY, PLACE_LAYOUT, PLACE_OCI_ARCHIVE, PLACE_DOCKER_ARCHIVE, PLACE_DAEMON };

struct place {
    enum place_kind kind;
    const char *text;           /* as it was typed */
    struct reference reference; /* of a registry's or the daemon's image; `text` NULL for "docker:" alone */
    const char *path;           /* of a layout's folder, an archive; "-": a standard stream */
    const char *tag;            /* in a layout or an OCI archive; NULL: none was given */
    int fd;                     /* of an archive that has no name, kept between two steps; -1: it has one */
};

/*
 * Reads "REGISTRY/REPO:TAG", "oci:DIR[:TAG]", "oci-archive:FILE[:TAG]", "docker-archive:FILE" or "docker:IMAGE". All lives
 * in `arena`. -1 with an error of reason usage.
 */
int place_parse(struct arena *arena, const char *text, struct place *place, struct error *error);

/* Whether it is in a file that is written or read as a stream. */
bool place_is_stream(const struct place *place);

/* Whether two references are to one repository of one registry. */
bool place_same_repository(const struct reference *a, const struct reference *b);

#endif
