#ifndef ECR_REGISTRY_CERTIFICATES_H
#define ECR_REGISTRY_CERTIFICATES_H

#include "net/identity.h"

/*
 * What stands in the folders for a registry's certificates ("/etc/docker/certs.d/HOST:PORT" and podman's, the user's
 * before the machine's): CA certificates (*.crt) appended to `pem`, and the first client certificate with its key
 * (NAME.cert, NAME.key) in *identity, which lives in `arena` and is NULL without one. -1 with an error of reason
 * no-credentials for a client certificate that cannot be used.
 */
int registry_certificates_read(struct arena *arena, const char *registry, struct buf *pem, struct identity **identity,
                               struct error *error);

#endif
