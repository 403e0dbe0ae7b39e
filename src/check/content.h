#ifndef ECR_CHECK_CONTENT_H
#define ECR_CHECK_CONTENT_H

#include "image/platform.h"
#include "registry/registry.h"

/* What of an image is looked at. */
struct content_wish {
    const char **platforms; /* of an index: these alone; none: all that are platforms */
    size_t platform_count;
    bool configurations; /* they say a single image's platform, and when it was made */
    bool deep;           /* every part is fetched, of layers the first byte */
};

/* What was seen. All lives in the arena of the call. */
struct content {
    const char **platforms; /* all that it is for */
    size_t platform_count;
    int64_t size;    /* bytes that a pull of the largest wanted one fetches; -1: not known */
    int64_t created; /* unix seconds, of the oldest; 0: not known */
};

/*
 * Reads a manifest and what it points to, as far as the wish goes. A platform that lacks is left to the caller. -1 with
 * an error: incomplete when a part is not there, bad-reply for what cannot be, and else why it could not be had.
 */
int content_read(const struct registry_client *client, const char *repository, const char *digest,
                 const struct content_wish *wish, struct arena *arena, struct content *content, struct error *error);

#endif
