#ifndef ECR_ECR_REPOSITORY_H
#define ECR_ECR_REPOSITORY_H

#include "ecr/api.h"

/* A repository, as far as a diagnosis speaks of it. */
struct ecr_repository {
    const char *uri;
    const char *mutability; /* "MUTABLE", "IMMUTABLE", ... */
};

/* DescribeRepositories for one name. -1 with an error, no-repository if there is none. */
int ecr_repository_describe(const struct ecr_api *api, const char *name, struct arena *arena,
                            struct ecr_repository *repository, struct error *error);

/* A URL that the layer can be fetched from for about an hour (GetDownloadUrlForLayer): a secret, as it is signed. */
int ecr_layer_url(const struct ecr_api *api, const char *repository, const char *digest, struct arena *arena,
                  struct url *url, struct error *error);

/* A host of the bucket that the layers of a region's images come from; NULL where its name is not known. */
const char *ecr_layer_bucket(struct arena *arena, const char *region);

#endif
