#ifndef ECR_DOCKER_IMAGES_H
#define ECR_DOCKER_IMAGES_H

#include "docker/engine.h"

/*
 * What a daemon does with images by itself (Docker Engine API). Such a call is answered with status 200 and a stream of
 * JSON objects, in which a failure may come as well; one that ends without saying that all went well is a failure.
 */

/* Who is told how far it is; the texts live during the call. */
struct docker_progress {
    void (*layer)(void *context, const char *id, const char *status, int64_t current, int64_t total);
    void *context;
};

/* One such call. */
struct docker_job {
    struct docker *docker;
    const struct docker_login *login; /* NULL: none */
    struct docker_progress progress;
    int (*save)(void *context, struct slice piece, struct error *error); /* with the context of `progress` */
    int64_t deadline;
    struct arena *arena; /* for what is returned */
};

/* Has it pull an image; `target` is a tag or a digest, `platform` NULL for its own. *digest as it says. */
int docker_pull(const struct docker_job *job, const char *repository, const char *target, const char *platform,
                const char **digest, struct error *error);

/* Has it push a tag. *digest as the registry took it. */
int docker_push(const struct docker_job *job, const char *repository, const char *tag, const char **digest,
                struct error *error);

/* Gives an image that it has another name. */
int docker_tag(const struct docker_job *job, const char *name, const char *repository, const char *tag,
               struct error *error);

/* Has it load an archive. *name is what it loaded: a name or an id. */
int docker_load(const struct docker_job *job, const struct reader *archive, const char **name, struct error *error);

/* Has it save an image as an archive, which the job's `save` takes. */
int docker_save(const struct docker_job *job, const char *name, struct error *error);

#endif
