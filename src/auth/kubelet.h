#ifndef ECR_AUTH_KUBELET_H
#define ECR_AUTH_KUBELET_H

#include "base/buf.h"
#include "base/error.h"

/* The kubelet's credential provider protocol (credentialprovider.kubelet.k8s.io: v1, v1beta1, v1alpha1). */
#define KUBELET_ROLE_ANNOTATION "eks.amazonaws.com/ecr-role-arn"
#define KUBELET_REQUEST_MAX     (1 << 20) /* a service account token has 2 KB */

struct kubelet_request {
    const char *api_version; /* answered with the same */
    const char *image;
    const char *token; /* of the pod's service account; NULL: not sent. A secret */
    const char *role;  /* annotation KUBELET_ROLE_ANNOTATION; NULL: not there */
};

/* Reads a request; its texts live in `arena`. -1 with an error of reason refused: none of it is repeated there. */
int kubelet_request_parse(struct arena *arena, struct slice text, struct kubelet_request *request, struct error *error);

/* The registry of an image as the kubelet names it: what stands before the first slash, without a port. */
const char *kubelet_registry(struct arena *arena, const char *image);

/* Credentials for a registry; user NULL: none. */
struct kubelet_credentials {
    const char *registry;
    const char *user;
    const char *password;
    int64_t cache_seconds; /* how long the kubelet may keep them; 0: not at all */
};

/* Appends the response. Without credentials its auth is empty, and the kubelet keeps that for its default time. */
void kubelet_response_write(struct buf *out, const struct kubelet_request *request,
                            const struct kubelet_credentials *credentials);

#endif
