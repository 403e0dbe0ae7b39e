#ifndef ECR_ECR_LAYER_H
#define ECR_ECR_LAYER_H

#include "ecr/api.h"

#define ECR_LAYERS_MAX 100 /* digests a call */

/*
 * BatchCheckLayerAvailability for `count` digests (1 to ECR_LAYERS_MAX): whether the repository has each layer, so that
 * an image may be made of it. What was not said of a layer is false. -1 with an error, no-repository among others.
 */
int ecr_layers_available(const struct ecr_api *api, const char *repository, const char *const *digests, size_t count,
                         bool *there, struct arena *arena, struct error *error);

#endif
