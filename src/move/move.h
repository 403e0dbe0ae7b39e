#ifndef ECR_MOVE_MOVE_H
#define ECR_MOVE_MOVE_H

#include <stdatomic.h>

#include "ecr/api.h"
#include "image/manifest.h"
#include "move/place.h"
#include "registry/registry.h"

/*
 * Moves an image from one place to another, byte for byte: blobs by several threads, then the manifests, children before
 * their index, the tag last. Each blob is hashed on its way; one that is not what its digest says goes nowhere.
 */

#define MOVE_WORKERS       6    /* threads, each with connections of its own */
#define MOVE_MANIFESTS_MAX 5000 /* of one index, with its referrers */
#define MOVE_BLOBS_MAX     20000

enum blob_state {
    BLOB_WAITING,
    BLOB_MOVING,
    BLOB_COPIED,
    BLOB_EXISTS,   /* the target has it already */
    BLOB_MOUNTED,  /* the registry took it from another repository of its own */
    BLOB_ELSEWHERE /* a layer that is fetched from where it is, and never moved (foreign, nondistributable) */
};

/* A configuration or a layer. */
struct move_blob {
    struct descriptor what;
    atomic_int state;   /* enum blob_state */
    atomic_llong moved; /* bytes */
};

/* A manifest; its body is read anew where it is not kept (data NULL). */
struct move_manifest {
    const char *digest;
    const char *media_type;
    struct slice body;
    int64_t size;
};

struct move;

/* What whoever waits is told, one thing at a time; NULL for what is of no interest. */
struct move_events {
    void (*begun)(void *context, const struct move *move); /* all that is to be moved is known */
    void (*blob)(void *context, const struct move *move, const struct move_blob *blob); /* it is in its final state */
    void (*manifest)(void *context, const struct move *move, const struct move_manifest *manifest, const char *tag);
    void (*tick)(void *context, const struct move *move); /* ten times a second */
    void (*give_up)(void *context,
                    const struct error *error); /* threads are not to be waited for: it ends the program */
    void *context;
};

/* What a thread works with. */
struct mover {
    struct registry_client from, to; /* where a side is a registry */
    struct ecr_api api;              /* of the target's registry, with `has_api` */
    bool has_api;
    struct arena *arena; /* the thread's own */
    void *session;       /* of whoever gave it */
};

/* Whoever has the logins: gives a thread what it works with, and takes it back. */
struct move_hands {
    int (*join)(void *context, struct mover *mover, struct error *error);
    void (*leave)(void *context, struct mover *mover);
    int (*prepare)(void *context, struct error *error); /* the image is known, its target not looked at yet; NULL */
    void *context;
};

struct move_options {
    const char *platform;       /* of an index the child for it alone; NULL: all */
    bool platform_must_fit;     /* it was asked for: a single image must be for it, too */
    bool referrers;             /* what refers to it as well: signatures, attestations */
    bool to_ecr, to_ecr_public; /* the target's limits */
};

struct move {
    const struct place *from, *to;
    const char *const *tags; /* in a registry or a layout; those of the target's reference */
    size_t tag_count;
    const char *name; /* of the image in a docker archive; NULL: none */
    struct move_options options;
    struct move_events events;
    struct arena *arena;
    struct move_manifest *manifests; /* in the order that they are put, the image's own at `root` */
    size_t manifest_count, root, manifest_room;
    struct move_blob *blobs;
    size_t blob_count, blob_room;
    int64_t total;    /* bytes of all blobs */
    size_t kept;      /* bytes of the manifests that are kept */
    atomic_bool stop; /* a thread failed: the others need not go on */
};

/*
 * Moves the image. `move` has its places, tags, options, events and arena. -1 with an error: what is whole by then stays,
 * but no tag is moved before all that it stands for is there.
 */
int move_run(struct move *move, const struct move_hands *hands, struct error *error);

#endif
