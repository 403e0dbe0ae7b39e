#ifndef ECR_DOCKER_ENDPOINT_H
#define ECR_DOCKER_ENDPOINT_H

#include "base/error.h"
#include "net/url.h"

/* Where a container daemon listens. Texts live in the arena of docker_endpoint_find. */
struct docker_endpoint {
    const char *unix_path; /* NULL: `url` */
    struct url url;        /* of requests; "http://localhost" on a unix socket */
    const char *tls_dir;   /* holds ca.pem, cert.pem, key.pem; NULL: no client certificate */
    bool local;            /* a unix socket or loopback: what is sent stays on this machine */
    bool podman;
    const char *name; /* for messages */
};

/*
 * The daemon that is meant: DOCKER_HOST (unix, tcp, http, https), the context of DOCKER_CONTEXT or of Docker's
 * config.json, the rootless socket, /var/run/docker.sock; with `or_podman` podman's sockets behind them. -1 with an
 * error of reason unreachable or unsupported. A socket that is not there is found out when it is dialled.
 */
int docker_endpoint_find(struct arena *arena, bool or_podman, struct docker_endpoint *endpoint, struct error *error);

#endif
