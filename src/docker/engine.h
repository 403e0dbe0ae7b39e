#ifndef ECR_DOCKER_ENGINE_H
#define ECR_DOCKER_ENGINE_H

#include "docker/endpoint.h"
#include "net/http.h"

/* A Docker (or podman) daemon that answered a ping. */
struct docker {
    struct docker_endpoint endpoint;
    struct http http;
    struct trust trust;
    struct identity identity;
    bool has_identity;
    const char *version; /* of the API, as the daemon says; NULL: paths without one */
    bool dialled;        /* something was connected to: an error after that is an answer, not a missing daemon */
};

/* What a daemon says about an image. */
struct docker_image {
    const char *digest;     /* of the registry's manifest; NULL: not known */
    const char *media_type; /* NULL: not said */
    int64_t size;           /* -1: not said */
    const char **platforms; /* "linux/arm64/v8" */
    size_t platform_count;
};

/*
 * Connects and pings (negotiation: the daemon's own API version is used, whose paths for the two calls below have not
 * changed since 1.30). -1 with an error; `docker` is to be closed in any case.
 */
int docker_open(struct docker *docker, const struct docker_endpoint *endpoint, struct trust *trust,
                const struct proxy_settings *proxy, struct events events, int64_t deadline, struct arena *arena,
                struct error *error);
void docker_close(struct docker *docker);

/* What a daemon logs in to a registry with. Secrets, in an arena of the caller's. */
#define DOCKER_SECRETS 5
struct docker_login {
    const char *header;                  /* the value of X-Registry-Auth */
    const char *secrets[DOCKER_SECRETS]; /* what must not come back in a message; unused ones are NULL */
};

/*
 * Has the daemon ask the registry (GET /distribution/NAME/json), anonymously with `login` NULL. -1 with an error:
 * no-image and no-repository only if the daemon hands on the registry's own word.
 */
int docker_distribution(struct docker *docker, const char *name, const struct docker_login *login, int64_t deadline,
                        struct arena *arena, struct docker_image *image, struct error *error);

/* Whether the daemon itself holds an image (GET /images/NAME/json); `repository` is "registry/repository" as docker
 * writes it in RepoDigests, `digest` the one that it was asked by, NULL for a tag. -1 with an error: no-image when it
 * does not, bad-reply when it describes another digest. */
int docker_local_image(struct docker *docker, const char *name, const char *repository, const char *digest,
                       int64_t deadline, struct arena *arena, struct docker_image *image, struct error *error);

/* For the files of this room: a call, its path below the API's version, with a query. */
struct docker_call {
    const char *method, *path;
    const struct docker_login *login; /* NULL: none */
    const struct reader *source;      /* the body; NULL: none, */
    const char *content_type;         /* of which type */
    bool stream;                      /* what it answers goes on (struct http_reply) */
};
int docker_send(struct docker *docker, const struct docker_call *call, int64_t deadline, struct arena *arena,
                struct http_reply *reply, struct error *error);

/* The error for a reply that is no success. Returns -1. */
int docker_refused(const struct docker *docker, const struct http_reply *reply, const struct docker_login *login,
                   struct arena *arena, struct error *error);

/* What a daemon says, without what it was told. In `arena`. */
const char *docker_cut_secrets(struct arena *arena, const char *text, const struct docker_login *login);

#endif
